#include "object/copies.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/condition.h"
#include "base/disk.h"
#include "object/copies_evict.h"

#define WAIT_SLICE_MS 20
/* In "fetching", beyond the places of names: held while room is made. */
#define PLACE_OF_ROOM (G_GUINT64_CONSTANT(1) << 61)

struct Copies {
  char *folder;
  gint64 max_bytes;
  int held_fd;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  GHashTable *held;    /* place -> count in this process */
  GHashTable *flights; /* names being fetched by a thread of this process */
  gint64 known_bytes;  /* kept or being fetched, when the folder's mark was `known_mark` */
  gint64 known_mark;   /* who begins to fetch moves it, so that the others count again; 0: not counted yet */
};

static int open_lock_file(const char *folder, const char *name, GError **error) {
  g_autofree char *path = g_build_filename(folder, name, NULL);
  int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) aisle_error_set_errno(error, errno, "open %s", path);
  return fd;
}

Copies *copies_open(const char *folder, gint64 max_bytes, GError **error) {
  g_autofree char *tmp = g_build_filename(folder, "tmp", NULL);
  if (!disk_make_folder(tmp, error)) return NULL;
  int fd = open_lock_file(folder, "held", error);
  if (fd < 0) return NULL;
  Copies *copies = g_new0(Copies, 1);
  copies->folder = g_canonicalize_filename(folder, NULL);
  copies->max_bytes = max_bytes;
  copies->held_fd = fd;
  pthread_mutex_init(&copies->lock, NULL);
  condition_init(&copies->changed);
  copies->held = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
  copies->flights = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  copies_remove_leftovers(copies->folder);
  return copies;
}

void copies_free(Copies *copies) {
  if (copies == NULL) return;
  close(copies->held_fd);
  g_hash_table_unref(copies->held);
  g_hash_table_unref(copies->flights);
  pthread_cond_destroy(&copies->changed);
  pthread_mutex_destroy(&copies->lock);
  g_free(copies->folder);
  g_free(copies);
}

gboolean copies_lock_place(int fd, guint64 place, int type) {
  struct flock lock = {.l_type = (short)type, .l_whence = SEEK_SET, .l_start = (off_t)place, .l_len = 1};
  return fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

guint64 copies_place_of(const char *name) {
  g_autofree char *digits = g_strndup(name, 15); /* 60 bits: a place in a file is a positive 63-bit number */
  return g_ascii_strtoull(digits, NULL, 16);
}

/* ---- holding ---- */

/* With the lock. An evicting process has the place for a moment only. */
static gboolean hold(Copies *copies, guint64 place, Deadline deadline, GError **error) {
  gpointer count = g_hash_table_lookup(copies->held, &place);
  while (count == NULL && !copies_lock_place(copies->held_fd, place, F_RDLCK)) {
    if (errno != EAGAIN && errno != EACCES) {
      aisle_error_set_errno(error, errno, "lock %s/held", copies->folder);
      return FALSE;
    }
    if (!deadline_check(deadline, error)) return FALSE;
    g_usleep(1000);
  }
  g_hash_table_replace(copies->held, g_memdup2(&place, sizeof place), GINT_TO_POINTER(GPOINTER_TO_INT(count) + 1));
  return TRUE;
}

static void let_go(Copies *copies, guint64 place) {
  int count = GPOINTER_TO_INT(g_hash_table_lookup(copies->held, &place));
  if (count > 1) {
    g_hash_table_replace(copies->held, g_memdup2(&place, sizeof place), GINT_TO_POINTER(count - 1));
  } else if (count == 1) {
    g_hash_table_remove(copies->held, &place);
    copies_lock_place(copies->held_fd, place, F_UNLCK);
  }
}

void copies_give_back(Copies *copies, guint64 place) {
  pthread_mutex_lock(&copies->lock);
  let_go(copies, place);
  pthread_mutex_unlock(&copies->lock);
}

/* ---- finding ---- */

typedef struct {
  Copies *copies;
  const ObjectBackend *backend;
  void *self;
  const char *key;
  char *shard, *stem; /* folder, and the name up to "-<size>-" */
  char *extension;
  gint64 size;
  char *etag_hash; /* NULL: any */
  const char *etag;
  guint64 place;
} Wanted;

static void wanted_clear(Wanted *wanted) {
  g_free(wanted->shard);
  g_free(wanted->stem);
  g_free(wanted->extension);
  g_free(wanted->etag_hash);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Wanted, wanted_clear)

static char *hash_of_etag(const char *etag) {
  g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, etag, -1);
  return g_strndup(hash, 16);
}

/* The engine goes by the ends of names. */
static char *extension_of(const char *key) {
  const char *name = strrchr(key, '/'), *dot = strchr(name != NULL ? name : key, '.');
  gboolean plain = dot != NULL && strlen(dot) <= 24;
  for (const char *p = dot; plain && *p != '\0'; p++) plain = g_ascii_isalnum(*p) || *p == '.' || *p == '_';
  const char *last = !plain && dot != NULL ? strrchr(dot, '.') : NULL;
  if (last != NULL && strlen(last) <= 12 && last[1] != '\0' &&
      strspn(last + 1, "abcdefghijklmnopqrstuvwxyz0123456789") == strlen(last + 1))
    return g_strdup(last);
  return g_strdup(plain ? dot : "");
}

static void describe(Wanted *wanted, const char *url, const char *etag) {
  g_autofree char *name = g_strconcat(url, "\n", wanted->key, NULL);
  g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, name, -1);
  g_autofree char *short_hash = g_strndup(hash, 40), *two = g_strndup(hash, 2);
  wanted->shard = g_build_filename(wanted->copies->folder, two, NULL);
  wanted->stem = g_steal_pointer(&short_hash);
  wanted->extension = extension_of(wanted->key);
  wanted->place = copies_place_of(wanted->stem);
  wanted->etag = etag;
  wanted->etag_hash = etag != NULL ? hash_of_etag(etag) : NULL;
}

/* A whole copy that fits, now used again. (transfer full) */
static char *find(const Wanted *wanted) {
  g_autofree char *start =
      wanted->etag_hash != NULL
          ? g_strdup_printf("%s-%" G_GINT64_FORMAT "-%s.", wanted->stem, wanted->size, wanted->etag_hash)
          : g_strdup_printf("%s-%" G_GINT64_FORMAT "-", wanted->stem, wanted->size);
  g_autoptr(GDir) folder = g_dir_open(wanted->shard, 0, NULL);
  const char *name;
  while (folder != NULL && (name = g_dir_read_name(folder)) != NULL) {
    if (!g_str_has_prefix(name, start)) continue;
    g_autofree char *path = g_build_filename(wanted->shard, name, NULL);
    struct stat status;
    if (stat(path, &status) != 0) continue;
    if (status.st_size == wanted->size) {
      (void)utimensat(AT_FDCWD, path, NULL, 0); /* a read-only folder still serves */
      return g_steal_pointer(&path);
    }
    unlink(path); /* cut short by a crash of the machine */
  }
  return NULL;
}

/* ---- fetching ---- */

static gboolean check_fetched(const Wanted *wanted, const ObjectInfo *info, int fd, GError **error) {
  struct stat status;
  gboolean same = fstat(fd, &status) == 0 && status.st_size == wanted->size && info->size == wanted->size &&
                  (wanted->etag == NULL || strcmp(wanted->etag, info->etag) == 0);
  if (!same)
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_CONFLICT,
                "%s is not the file that was meant: its size or content changed", wanted->key);
  return same;
}

static char *publish(const Wanted *wanted, const char *aside, int fd, const ObjectInfo *info, GError **error) {
  g_autofree char *etag_hash = hash_of_etag(info->etag);
  g_autofree char *name = g_strdup_printf("%s-%" G_GINT64_FORMAT "-%s.%s", wanted->stem, wanted->size, etag_hash,
                                          *wanted->extension == '.' ? wanted->extension + 1 : wanted->extension);
  g_autofree char *path = g_build_filename(wanted->shard, name, NULL);
  if (fdatasync(fd) != 0) {
    aisle_error_set_errno(error, errno, "flush the copy of %s", wanted->key);
    return NULL;
  }
  if (!disk_make_folder(wanted->shard, error)) return NULL;
  if (rename(aside, path) == 0) return g_steal_pointer(&path);
  aisle_error_set_errno(error, errno, "keep the copy of %s", wanted->key);
  return NULL;
}

#define ASIDE_TRIES 20

/* A new file under a lock of ours, -1 on failure. Whoever clears away what was left may come between making and locking it. */
static int open_aside(const Wanted *wanted, char **path, GError **error) {
  for (guint i = 0; i < ASIDE_TRIES; i++) {
    g_autofree char *id = g_uuid_string_random();
    g_autofree char *aside = g_build_filename(wanted->copies->folder, "tmp", id, NULL);
    int fd = open(aside, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0) {
      aisle_error_set_errno(error, errno, "create a file in %s/tmp", wanted->copies->folder);
      return -1;
    }
    struct stat status;
    if (flock(fd, LOCK_EX) == 0 && fstat(fd, &status) == 0 && status.st_nlink > 0) {
      *path = g_steal_pointer(&aside);
      return fd;
    }
    unlink(aside);
    close(fd);
  }
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_IO, "files in %s/tmp vanish while they are made", wanted->copies->folder);
  return -1;
}

/* Fills the file set aside for it, which is closed. */
static char *fetch_aside(const Wanted *wanted, const char *aside, int fd, Deadline deadline, GError **error) {
  ObjectInfo info;
  char *path = NULL;
  if (wanted->backend->fetch(wanted->self, wanted->key, fd, &info, deadline, error) && check_fetched(wanted, &info, fd, error))
    path = publish(wanted, aside, fd, &info, error);
  if (path == NULL) unlink(aside);
  close(fd);
  return path;
}

/* ---- room ---- */

/* Time of last change of the file, in ns; 0 when it cannot be told. */
static gint64 mark_of(int fd) {
  struct stat status;
  return fstat(fd, &status) == 0 ? (gint64)status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec : 0;
}

/* With the lock: that so many bytes more fit, once those used longest ago went. */
static gboolean make_room(Copies *copies, gint64 size, int fd, GError **error) {
  gint64 mark = mark_of(fd), room = copies->max_bytes - size;
  if (mark == 0 || mark != copies->known_mark || copies->known_bytes > room) {
    copies->known_bytes = copies_evict(copies->folder, room);
    copies->known_mark = mark;
  }
  if (copies->known_bytes <= room) return TRUE;
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_NO_SPACE,
              "the %.1f MB for copies of remote files are all in use: raise cache.disk, or ask for fewer at once",
              (double)copies->max_bytes / 1e6);
  return FALSE;
}

/* With the lock: so many bytes more are there, or being fetched. */
static void count_added(Copies *copies, gint64 size, int fd) {
  gboolean alone = mark_of(fd) == copies->known_mark;
  (void)futimens(fd, NULL);
  copies->known_bytes += size;
  copies->known_mark = alone ? mark_of(fd) : 0;
}

/*
 * With the lock: a file aside that has the size it will have, so that every process counts it, -1 on failure. One process
 * at a time makes room, or two would both take the last of it.
 */
static int reserve(const Wanted *wanted, int fd, char **aside, Deadline deadline, GError **error) {
  Copies *copies = wanted->copies;
  if (wanted->size > copies->max_bytes) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_TOO_LARGE,
                "a file of %.1f MB does not fit the %.1f MB for copies of remote files: raise cache.disk",
                (double)wanted->size / 1e6, (double)copies->max_bytes / 1e6);
    return -1;
  }
  while (!copies_lock_place(fd, PLACE_OF_ROOM, F_WRLCK)) {
    if (!deadline_check(deadline, error)) return -1;
    g_usleep(1000);
  }
  int made = make_room(copies, wanted->size, fd, error) ? open_aside(wanted, aside, error) : -1;
  if (made >= 0 && ftruncate(made, (off_t)wanted->size) != 0) {
    aisle_error_set_errno(error, errno, "make room for the copy of %s", wanted->key);
    unlink(*aside);
    close(made);
    made = -1;
  }
  if (made >= 0) count_added(copies, wanted->size, fd);
  copies_lock_place(fd, PLACE_OF_ROOM, F_UNLCK);
  return made;
}

/* Only one process fetches a file; the others find it afterwards. The descriptor, or -1. */
static int lock_fetching(const Wanted *wanted, Deadline deadline, GError **error) {
  int fd = open_lock_file(wanted->copies->folder, "fetching", error);
  while (fd >= 0 && !copies_lock_place(fd, wanted->place, F_WRLCK)) {
    if (!deadline_check(deadline, error)) {
      close(fd);
      return -1;
    }
    g_usleep(WAIT_SLICE_MS * 1000);
  }
  return fd;
}

/* The leader of this process. */
static char *fetch(const Wanted *wanted, Deadline deadline, GError **error) {
  Copies *copies = wanted->copies;
  int fd = lock_fetching(wanted, deadline, error);
  if (fd < 0) return NULL;
  char *path = find(wanted);
  if (path == NULL) {
    g_autofree char *aside = NULL;
    pthread_mutex_lock(&copies->lock);
    int into = reserve(wanted, fd, &aside, deadline, error);
    pthread_mutex_unlock(&copies->lock);
    if (into >= 0) path = fetch_aside(wanted, aside, into, deadline, error);
    if (into >= 0 && path == NULL) {
      pthread_mutex_lock(&copies->lock);
      copies->known_bytes -= wanted->size;
      pthread_mutex_unlock(&copies->lock);
    }
  }
  close(fd);
  return path;
}

/* With the lock: until nobody of this process fetches it. */
static gboolean wait_for_flight(Copies *copies, const char *name, Deadline deadline, GError **error) {
  while (g_hash_table_contains(copies->flights, name)) {
    if (!deadline_check(deadline, error)) return FALSE;
    condition_wait_ms(&copies->changed, &copies->lock, WAIT_SLICE_MS);
  }
  return TRUE;
}

static char *find_or_fetch(const Wanted *wanted, Deadline deadline, GError **error) {
  Copies *copies = wanted->copies;
  pthread_mutex_lock(&copies->lock);
  char *path = NULL;
  if (hold(copies, wanted->place, deadline, error)) {
    if (wait_for_flight(copies, wanted->stem, deadline, error)) {
      path = find(wanted);
      if (path == NULL) {
        g_hash_table_add(copies->flights, g_strdup(wanted->stem));
        pthread_mutex_unlock(&copies->lock);
        path = fetch(wanted, deadline, error);
        pthread_mutex_lock(&copies->lock);
        g_hash_table_remove(copies->flights, wanted->stem);
        pthread_cond_broadcast(&copies->changed);
      }
    }
    if (path == NULL) let_go(copies, wanted->place);
  }
  pthread_mutex_unlock(&copies->lock);
  return path;
}

char *copies_take(Copies *copies, const ObjectBackend *backend, void *self, const char *url, const char *key,
                  gint64 size, const char *etag, guint64 *place, Deadline deadline, GError **error) {
  ObjectInfo info;
  g_auto(Wanted) wanted = {.copies = copies, .backend = backend, .self = self, .key = key, .size = size};
  if (size < 0) {
    if (!backend->stat(self, key, &info, deadline, error)) return NULL;
    if (etag != NULL && strcmp(etag, info.etag) != 0) {
      g_set_error(error, AISLE_ERROR, AISLE_ERROR_CONFLICT, "%s is not the file that was meant: its content changed",
                  key);
      return NULL;
    }
    wanted.size = info.size;
    etag = info.etag;
  }
  describe(&wanted, url, etag);
  *place = wanted.place;
  return find_or_fetch(&wanted, deadline, error);
}
