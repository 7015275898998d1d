/* An open workspace: the newest picture of its data, pictures of the past that were asked for, and who watches for newer. */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "answer/answer_private.h"

/* Pictures of the past that are kept open; each has an engine of its own. */
#define MAX_PAST 3
#define WATCH_SECONDS 1

typedef struct {
  char *key;
  AnswerData *data;
} PastData;

/* Changes whenever a file is replaced. */
typedef struct {
  gint64 seconds, nanoseconds;
  guint64 inode;
} FileMark;

struct AnswerService {
  AnswerServiceOptions options; /* `workspace` is our own */
  Store *store;
  Cache *cache;
  pthread_mutex_t lock; /* of what follows */
  pthread_cond_t wake;
  AnswerData *current;
  GQueue past; /* of PastData*, newest use first */
  gboolean stopping;
  pthread_t watcher;
  gboolean watching;
  FileMark rollups; /* of the promotions that the first picture saw */
  pthread_mutex_t building; /* one picture of the past at a time */
};

static void past_free(gpointer pointer) {
  PastData *past = pointer;
  answer_data_unref(past->data);
  g_free(past->key);
  g_free(past);
}

/* ---- newer data ---- */

static FileMark mark_of(const char *path) {
  struct stat status;
  if (stat(path, &status) != 0) return (FileMark){0, 0, 0};
  return (FileMark){status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ino};
}

static gboolean same_mark(FileMark a, FileMark b) {
  return a.seconds == b.seconds && a.nanoseconds == b.nanoseconds && a.inode == b.inode;
}

/* Makes the newest snapshot the current picture; questions in flight keep theirs. `anyway`: also when it is the one we have. */
static gboolean reload(AnswerService *service, gboolean anyway, GError **error) {
  g_autofree char *id = lake_snapshot_current_id(service->options.workspace, error);
  if (id == NULL) return FALSE;
  pthread_mutex_lock(&service->lock);
  gboolean same = strcmp(answer_data_snapshot(service->current)->id, id) == 0;
  pthread_mutex_unlock(&service->lock);
  if (same && !anyway) return TRUE;
  const DataChoice now = {0};
  AnswerData *newer = answer_data_open(&service->options, &now, error);
  if (newer == NULL) return FALSE;
  /* Most callers are of one scope: it is there before they come. */
  g_autoptr(AccessScope) everything = access_scope_new_local();
  g_auto(DataView) view = {0};
  g_autoptr(GError) ignored = NULL;
  answer_data_view(newer, everything, &view, &ignored);
  pthread_mutex_lock(&service->lock);
  AnswerData *older = service->current;
  service->current = newer;
  pthread_mutex_unlock(&service->lock);
  answer_data_unref(older);
  return TRUE;
}

static void *watch(void *pointer) {
  AnswerService *service = pointer;
  FileMark seen = {0, 0, 0}, rollups_seen = service->rollups;
  g_autofree char *current = g_build_filename(service->options.workspace, "snapshots", "current.json", NULL);
  g_autofree char *rollups = rollup_stamp_path(service->options.workspace);
  pthread_mutex_lock(&service->lock);
  while (!service->stopping) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += WATCH_SECONDS;
    pthread_cond_timedwait(&service->wake, &service->lock, &until);
    if (service->stopping) break;
    pthread_mutex_unlock(&service->lock);
    FileMark now = mark_of(current), rollups_now = mark_of(rollups);
    gboolean promoted = !same_mark(rollups_now, rollups_seen);
    if (promoted || !same_mark(now, seen)) {
      g_autoptr(GError) problem = NULL;
      if (reload(service, promoted, &problem)) {
        seen = now;
        rollups_seen = rollups_now;
      } else {
        g_warning("the newest data cannot be used yet: %s", problem->message);
      }
    }
    pthread_mutex_lock(&service->lock);
  }
  pthread_mutex_unlock(&service->lock);
  return NULL;
}

/* ---- life ---- */

AnswerService *answer_service_open(const AnswerServiceOptions *options, GError **error) {
  g_autofree char *settings = g_build_filename(options->workspace, "aisle.yaml", NULL);
  if (!g_file_test(settings, G_FILE_TEST_EXISTS)) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND, "'%s' is not a workspace; make one with: aisle init %s FILE...",
                options->workspace, options->workspace);
    return NULL;
  }
  g_autoptr(AnswerService) service = g_new0(AnswerService, 1);
  pthread_mutex_init(&service->lock, NULL);
  pthread_mutex_init(&service->building, NULL);
  pthread_cond_init(&service->wake, NULL);
  g_queue_init(&service->past);
  service->options = *options;
  service->options.workspace = g_canonicalize_filename(options->workspace, NULL);
  service->cache = cache_new(options->cache_bytes);
  g_autofree char *stamp = rollup_stamp_path(service->options.workspace);
  service->rollups = mark_of(stamp); /* before what it speaks of is opened */
  service->current = answer_data_open(&service->options, &options->data, error);
  service->options.data = (DataChoice){0}; /* its texts are the caller's */
  if (service->current == NULL) return NULL;
  g_autofree char *state = g_build_filename(service->options.workspace, "state", NULL);
  g_mkdir_with_parents(state, 0700);
  g_autofree char *database = g_build_filename(state, "aisle.db", NULL);
  service->store = store_open_sqlite(database, error);
  if (service->store == NULL) return NULL;
  if (options->follow) {
    service->watching = pthread_create(&service->watcher, NULL, watch, service) == 0;
    if (!service->watching) g_warning("new data will not be seen before a restart: the system gives no further thread");
  }
  return g_steal_pointer(&service);
}

void answer_service_free(AnswerService *service) {
  if (service == NULL) return;
  pthread_mutex_lock(&service->lock);
  service->stopping = TRUE;
  pthread_cond_signal(&service->wake);
  pthread_mutex_unlock(&service->lock);
  if (service->watching) pthread_join(service->watcher, NULL);
  g_queue_clear_full(&service->past, past_free);
  answer_data_unref(service->current);
  store_free(service->store);
  cache_free(service->cache);
  pthread_cond_destroy(&service->wake);
  pthread_mutex_destroy(&service->lock);
  pthread_mutex_destroy(&service->building);
  g_free((char *)service->options.workspace);
  g_free(service);
}

/* ---- which picture ---- */

static char *choice_key(const DataChoice *choice) {
  return g_strdup_printf("%s\x1f%" G_GINT64_FORMAT "\x1f%d\x1f%s\x1f%" G_GINT64_FORMAT, choice->snapshot != NULL ? choice->snapshot : "",
                         choice->at_ms, choice->by_version, choice->table != NULL ? choice->table : "", choice->version);
}

static AnswerData *find_past(AnswerService *service, const char *key) {
  AnswerData *found = NULL;
  pthread_mutex_lock(&service->lock);
  for (GList *link = service->past.head; link != NULL && found == NULL; link = link->next) {
    PastData *past = link->data;
    if (strcmp(past->key, key) != 0) continue;
    found = answer_data_ref(past->data);
    g_queue_unlink(&service->past, link);
    g_queue_push_head_link(&service->past, link);
    break;
  }
  pthread_mutex_unlock(&service->lock);
  return found;
}

static void keep_past(AnswerService *service, const char *key, AnswerData *data) {
  PastData *past = g_new0(PastData, 1), *oldest = NULL;
  past->key = g_strdup(key);
  past->data = answer_data_ref(data);
  pthread_mutex_lock(&service->lock);
  g_queue_push_head(&service->past, past);
  if (g_queue_get_length(&service->past) > MAX_PAST) oldest = g_queue_pop_tail(&service->past);
  pthread_mutex_unlock(&service->lock);
  if (oldest != NULL) past_free(oldest);
}

AnswerData *answer_service_data(AnswerService *service, const DataChoice *choice, GError **error) {
  if (choice == NULL || data_choice_is_none(choice)) {
    pthread_mutex_lock(&service->lock);
    AnswerData *data = answer_data_ref(service->current);
    pthread_mutex_unlock(&service->lock);
    return data;
  }
  g_autofree char *key = choice_key(choice);
  AnswerData *data = find_past(service, key);
  if (data != NULL) return data;
  pthread_mutex_lock(&service->building);
  data = find_past(service, key); /* built while we waited */
  if (data == NULL) {
    data = answer_data_open(&service->options, choice, error);
    if (data != NULL) keep_past(service, key, data);
  }
  pthread_mutex_unlock(&service->building);
  return data;
}

/* ---- looking ---- */

Model *answer_service_model_ref(AnswerService *service) {
  g_autoptr(AnswerData) data = answer_service_data(service, NULL, NULL);
  return model_ref(answer_data_model(data));
}

LakeSnapshot *answer_service_snapshot_ref(AnswerService *service) {
  g_autoptr(AnswerData) data = answer_service_data(service, NULL, NULL);
  return lake_snapshot_ref(answer_data_snapshot(data));
}

const char *answer_service_workspace(const AnswerService *service) { return service->options.workspace; }
Store *answer_service_store(AnswerService *service) { return service->store; }
Cache *answer_service_cache(AnswerService *service) { return service->cache; }
void answer_service_cache_statistics(AnswerService *service, CacheStatistics *out) { cache_statistics(service->cache, out); }

Lexicon *answer_service_lexicon(AnswerService *service, AccessScope *scope, GError **error) {
  g_autoptr(AnswerData) data = answer_service_data(service, NULL, error);
  g_auto(DataView) view = {0};
  return answer_data_view(data, scope, &view, error) ? g_steal_pointer(&view.lexicon) : NULL;
}

ValueIndex *answer_service_values(AnswerService *service, AccessScope *scope, GError **error) {
  g_autoptr(AnswerData) data = answer_service_data(service, NULL, error);
  g_auto(DataView) view = {0};
  return answer_data_view(data, scope, &view, error) ? g_steal_pointer(&view.values) : NULL;
}

gboolean answer_service_visible(AnswerService *service, AccessScope *scope, Model **model, ValueIndex **values, GError **error) {
  g_autoptr(AnswerData) data = answer_service_data(service, NULL, error);
  g_auto(DataView) view = {0};
  if (!answer_data_view(data, scope, &view, error)) return FALSE;
  *model = model_ref(view.model);
  *values = g_steal_pointer(&view.values);
  return TRUE;
}
