#include "lake/registry_watch.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/disk.h"

#define MAX_FOLDERS 2000
#define MAX_DEPTH 6
/* Files come in groups: one look for all that come within this time. */
#define SETTLE_MS 400
#define LOOK_MS 600000
/* After a failure, and where the time to live is shorter than is sensible. */
#define MIN_WAIT_MS 1000
#define ENGINE_BYTES (G_GINT64_CONSTANT(1) << 30)
#define CHANGES (IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CREATE)

struct RegistryWatch {
  char *workspace;
  int wake_fd;
  gint stopping; /* atomic; also the flag that cancels */
  pthread_t thread;
  pthread_mutex_t lock;
  Registry *registry;   /* NULL: registry.yaml has mistakes */
  struct timespec mark; /* of registry.yaml, when it was read */
};

/* ---- the registry, read again when its file changed ---- */

static struct timespec mark_of(const RegistryWatch *watch) {
  g_autofree char *path = g_build_filename(watch->workspace, "registry.yaml", NULL);
  struct stat status;
  return stat(path, &status) == 0 ? status.st_mtim : (struct timespec){0, 0};
}

/* With the lock. */
static gboolean use_newest(RegistryWatch *watch, GError **error) {
  struct timespec mark = mark_of(watch);
  if (watch->registry != NULL && mark.tv_sec == watch->mark.tv_sec && mark.tv_nsec == watch->mark.tv_nsec) return TRUE;
  Registry *newer = registry_open(watch->workspace, error);
  if (newer == NULL) return FALSE;
  registry_free(watch->registry);
  watch->registry = newer;
  watch->mark = mark;
  return TRUE;
}

static Engine *open_engine(const RegistryWatch *watch, GError **error) {
  g_autofree char *spill = g_build_filename(watch->workspace, "cache", "spill", NULL);
  EngineOptions options = {
      .threads = 1, .memory_limit_bytes = ENGINE_BYTES, .spill_directory = spill, .max_connections = 1};
  return disk_make_folder(spill, error) ? engine_open_duckdb(&options, error) : NULL;
}

static json_t *look(RegistryWatch *watch, gboolean force, const char *const *accept, Deadline deadline,
                    GError **error) {
  pthread_mutex_lock(&watch->lock);
  json_t *report = NULL;
  if (use_newest(watch, error)) {
    gboolean nothing = registry_sources(watch->registry)->len == 0;
    g_autoptr(Engine) engine = nothing ? NULL : open_engine(watch, error);
    RegistryOptions options = {.force = force && !nothing, .accept = accept, .engine = engine, .deadline = deadline};
    if (nothing || engine != NULL) report = registry_refresh(watch->registry, &options, error);
  }
  pthread_mutex_unlock(&watch->lock);
  return report;
}

json_t *registry_watch_refresh(RegistryWatch *watch, const char *const *accept, Deadline deadline, GError **error) {
  return look(watch, TRUE, accept, deadline, error);
}

void registry_watch_poke(RegistryWatch *watch) {
  guint64 one = 1;
  if (write(watch->wake_fd, &one, sizeof one) < 0) return; /* full: it is awake already */
}

/* ---- folders of this machine ---- */

static void watch_folder(int fd, const char *path, int depth, guint *count) {
  if (depth > MAX_DEPTH || *count >= MAX_FOLDERS || inotify_add_watch(fd, path, CHANGES) < 0) return;
  (*count)++;
  g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
  const char *name;
  while (folder != NULL && (name = g_dir_read_name(folder)) != NULL) {
    if (name[0] == '.') continue;
    g_autofree char *child = g_build_filename(path, name, NULL);
    if (g_file_test(child, G_FILE_TEST_IS_DIR) && !g_file_test(child, G_FILE_TEST_IS_SYMLINK))
      watch_folder(fd, child, depth + 1, count);
  }
}

/* Where nothing is watched (too many folders, no inotify) the time to live still holds. */
static int watch_folders(RegistryWatch *watch) {
  int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (fd < 0) return -1;
  guint count = 0;
  pthread_mutex_lock(&watch->lock);
  const GPtrArray *sources = watch->registry != NULL ? registry_sources(watch->registry) : NULL;
  for (guint i = 0; sources != NULL && i < sources->len; i++) {
    const RegistrySource *source = sources->pdata[i];
    if (object_url_is_remote(source->path)) continue;
    const char *plain = g_str_has_prefix(source->path, "file://") ? source->path + strlen("file://") : source->path;
    g_autofree char *path = g_canonicalize_filename(plain, watch->workspace), *prefix = object_glob_prefix(path);
    g_autofree char *root = g_path_get_dirname(prefix);
    watch_folder(fd, root, 0, &count);
  }
  pthread_mutex_unlock(&watch->lock);
  /* The file that names the sources is replaced by a rename as a rule, so its folder is watched. */
  inotify_add_watch(fd, watch->workspace, IN_CLOSE_WRITE | IN_MOVED_TO | IN_DELETE);
  return fd;
}

/* TRUE when an event is about more than the workspace's own files. */
static gboolean drain_events(int fd) {
  union {
    struct inotify_event event;
    char bytes[16384];
  } buffer;
  gboolean any = FALSE;
  ssize_t n;
  while ((n = read(fd, &buffer, sizeof buffer)) > 0)
    for (ssize_t at = 0; at < n;) {
      const struct inotify_event *event = (const struct inotify_event *)(const void *)(buffer.bytes + at);
      gboolean own = event->len > 0 && (g_str_has_prefix(event->name, ".") || g_str_has_suffix(event->name, ".json"));
      /* A Delta table changes by a new file of its log, which ends with .json too: its folder is named by digits. */
      any |= !own || (event->len > 0 && g_ascii_isdigit(event->name[0]));
      at += (ssize_t)(sizeof *event + event->len);
    }
  return any;
}

/* ---- the thread ---- */

static gboolean is_stopping(const RegistryWatch *watch) {
  return g_atomic_int_get(&watch->stopping) != 0;
}

/* Until something changed, a poke came or the time passed. TRUE: something changed. */
static gboolean wait_for_change(RegistryWatch *watch, int fd, gint64 milliseconds) {
  Deadline deadline = deadline_in_ms(milliseconds, &watch->stopping);
  gboolean changed = FALSE;
  while (!changed && deadline_left_ms(deadline) > 0) {
    struct pollfd waiting[] = {{.fd = watch->wake_fd, .events = POLLIN}, {.fd = fd, .events = POLLIN}};
    int ready = poll(waiting, fd >= 0 ? 2 : 1, (int)MIN(deadline_left_ms(deadline), G_MAXINT32));
    if (ready < 0 && errno != EINTR) break;
    guint64 pokes;
    if (waiting[0].revents != 0) changed |= read(watch->wake_fd, &pokes, sizeof pokes) > 0;
    if (fd >= 0 && waiting[1].revents != 0) changed |= drain_events(fd);
  }
  return changed;
}

static gint64 time_to_live_ms(const RegistryWatch *watch) {
  g_autoptr(Settings) settings = settings_load(watch->workspace, NULL, NULL);
  gint64 ms = settings != NULL ? settings_integer(settings, SETTING_LAKE_REGISTRY_TTL) : 0;
  return CLAMP(ms, MIN_WAIT_MS, G_GINT64_CONSTANT(86400000));
}

static void look_and_tell(RegistryWatch *watch, gboolean force) {
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) report = look(watch, force, NULL, deadline_in_ms(LOOK_MS, &watch->stopping), &error);
  if (report == NULL && !is_stopping(watch))
    g_warning("tables that lie elsewhere were not looked at: %s", error->message);
  size_t i;
  const json_t *problem;
  json_array_foreach (json_object_get(report, "problems"), i, problem) g_warning("%s", json_string_value(problem));
}

static void *run(void *data) {
  RegistryWatch *watch = data;
  gboolean force = FALSE; /* at the start what is known may still be fresh */
  while (!is_stopping(watch)) {
    pthread_mutex_lock(&watch->lock);
    use_newest(watch, NULL);
    pthread_mutex_unlock(&watch->lock);
    /* Watched before it is looked at, so that nothing comes in between. */
    int fd = watch_folders(watch);
    look_and_tell(watch, force);
    force = wait_for_change(watch, fd, time_to_live_ms(watch));
    if (force && !is_stopping(watch)) wait_for_change(watch, -1, SETTLE_MS);
    if (fd >= 0) close(fd);
  }
  return NULL;
}

RegistryWatch *registry_watch_start(const char *workspace) {
  RegistryWatch *watch = g_new0(RegistryWatch, 1);
  watch->workspace = g_canonicalize_filename(workspace, NULL);
  watch->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  pthread_mutex_init(&watch->lock, NULL);
  if (watch->wake_fd >= 0 && pthread_create(&watch->thread, NULL, run, watch) == 0) return watch;
  if (watch->wake_fd >= 0) close(watch->wake_fd);
  pthread_mutex_destroy(&watch->lock);
  g_free(watch->workspace);
  g_free(watch);
  return NULL;
}

void registry_watch_free(RegistryWatch *watch) {
  if (watch == NULL) return;
  g_atomic_int_set(&watch->stopping, 1);
  registry_watch_poke(watch);
  pthread_join(watch->thread, NULL);
  registry_free(watch->registry);
  close(watch->wake_fd);
  pthread_mutex_destroy(&watch->lock);
  g_free(watch->workspace);
  g_free(watch);
}

/* ---- events of S3 ---- */

gboolean registry_watch_concerns(RegistryWatch *watch, const char *bucket, const char *key) {
  gboolean concerned = FALSE;
  g_autofree char *url = g_strconcat("s3://", bucket, "/", key, NULL);
  pthread_mutex_lock(&watch->lock);
  use_newest(watch, NULL);
  const GPtrArray *sources = watch->registry != NULL ? registry_sources(watch->registry) : NULL;
  for (guint i = 0; sources != NULL && !concerned && i < sources->len; i++) {
    const RegistrySource *source = sources->pdata[i];
    g_autofree char *prefix = object_glob_prefix(source->path);
    concerned = object_url_is_remote(source->path) && g_str_has_prefix(url, prefix);
  }
  pthread_mutex_unlock(&watch->lock);
  return concerned;
}

static void count_object(RegistryWatch *watch, const json_t *s3, gboolean encoded, guint *objects, guint *concerned) {
  const char *bucket = json_get_string(json_object_get(s3, "bucket"), "name"),
             *key = json_get_string(json_object_get(s3, "object"), "key");
  if (bucket == NULL || key == NULL) return;
  g_autofree char *spaced = g_strdup(key);
  if (encoded) g_strdelimit(spaced, "+", ' ');
  g_autofree char *plain = encoded ? g_uri_unescape_string(spaced, NULL) : g_strdup(spaced);
  (*objects)++;
  if (plain != NULL && registry_watch_concerns(watch, bucket, plain)) (*concerned)++;
}

gboolean registry_watch_event(RegistryWatch *watch, const json_t *event, guint *objects, guint *concerned,
                              GError **error) {
  const json_t *records = json_object_get(event, "Records"), *detail = json_object_get(event, "detail");
  size_t i;
  const json_t *record;
  *objects = *concerned = 0;
  json_array_foreach (records, i, record) count_object(watch, json_object_get(record, "s3"), TRUE, objects, concerned);
  if (json_is_object(detail)) count_object(watch, detail, FALSE, objects, concerned);
  gboolean is_test =
      g_strcmp0(json_get_string(event, "Event"), "s3:TestEvent") == 0; /* sent when a notification is set up */
  if (!json_is_array(records) && !json_is_object(detail) && !is_test) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_INPUT,
                "this is no event notification of S3: it has neither Records nor detail");
    return FALSE;
  }
  if (*concerned > 0) registry_watch_poke(watch);
  return TRUE;
}
