/* Objects as files of a folder. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/disk.h"
#include "object/local.h"

#define BLOCK_BYTES ((gsize)4 << 20) /* the deadline is looked at after each */

G_DEFINE_AUTOPTR_CLEANUP_FUNC(LocalStore, object_local_free)

void *object_local_open(const char *folder) {
  LocalStore *store = g_new0(LocalStore, 1);
  store->folder = g_strdup(folder);
  return store;
}

void object_local_free(LocalStore *store) {
  if (store == NULL) return;
  g_free(store->folder);
  g_free(store);
}

static void free_store(void *self) {
  object_local_free(self);
}

void object_local_describe(const struct stat *status, ObjectInfo *info) {
  info->size = status->st_size;
  info->modified_ms = (gint64)status->st_mtim.tv_sec * 1000 + status->st_mtim.tv_nsec / 1000000;
  g_snprintf(info->etag, sizeof info->etag,
             "%" G_GINT64_MODIFIER "x-%" G_GINT64_MODIFIER "x-%lx-%" G_GINT64_MODIFIER "x", (guint64)status->st_size,
             (guint64)status->st_mtim.tv_sec, status->st_mtim.tv_nsec, (guint64)status->st_ino);
}

static gboolean no_object(const char *path, GError **error) {
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND, "there is no file %s", path);
  return FALSE;
}

/* A part of the path that is a file, or a folder in the object's place: no such object. */
static gboolean fail_to_open(const char *path, int errno_value, GError **error) {
  if (errno_value == ENOTDIR || errno_value == ENOENT) return no_object(path, error);
  if (errno_value == EACCES || errno_value == EPERM) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_FORBIDDEN, "%s may not be read by this user: change its permissions",
                path);
    return FALSE;
  }
  aisle_error_set_errno(error, errno_value, "read %s", path);
  return FALSE;
}

static gboolean stat_object(void *self, const char *key, ObjectInfo *info, Deadline deadline, GError **error) {
  (void)deadline; /* looked at before; a local stat does not wait */
  LocalStore *store = self;
  g_autofree char *path = g_build_filename(store->folder, key, NULL);
  struct stat status;
  if (stat(path, &status) != 0) return fail_to_open(path, errno, error);
  if (!S_ISREG(status.st_mode)) return no_object(path, error);
  object_local_describe(&status, info);
  return TRUE;
}

static gboolean read_block(int fd, char *out, gint64 offset, gsize length, gsize *got) {
  *got = 0;
  while (*got < length) {
    ssize_t n = pread(fd, out + *got, length - *got, offset + (gint64)*got);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return FALSE;
    if (n == 0) break;
    *got += (gsize)n;
  }
  return TRUE;
}

static GBytes *read_range(int fd, const char *path, gint64 offset, gsize length, Deadline deadline, GError **error) {
  g_autofree char *out = g_try_malloc(MAX(length, 1));
  if (out == NULL) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_TOO_LARGE, "there is no memory for %" G_GSIZE_FORMAT " bytes of %s",
                length, path);
    return NULL;
  }
  gsize got = 0;
  while (got < length) {
    gsize n;
    if (!deadline_check(deadline, error)) return NULL;
    if (!read_block(fd, out + got, offset + (gint64)got, MIN(length - got, BLOCK_BYTES), &n)) {
      aisle_error_set_errno(error, errno, "read %s", path);
      return NULL;
    }
    if (n == 0) break;
    got += n;
  }
  return g_bytes_new_take(g_steal_pointer(&out), got);
}

static GBytes *get_object(void *self, const char *key, gint64 offset, gint64 length, gsize max_bytes, const char *etag,
                          ObjectInfo *info, Deadline deadline, GError **error) {
  LocalStore *store = self;
  g_autofree char *path = g_build_filename(store->folder, key, NULL);
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat status;
  ObjectInfo found;
  GBytes *bytes = NULL;
  if (fd < 0 || fstat(fd, &status) != 0) {
    fail_to_open(path, errno, error);
  } else if (!S_ISREG(status.st_mode)) {
    no_object(path, error);
  } else if (object_local_describe(&status, &found), etag != NULL && strcmp(etag, found.etag) != 0) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_CONFLICT, "%s changed while it was read: start again", path);
  } else if (length < 0 && (guint64)found.size > max_bytes) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_TOO_LARGE, "%s has more than %" G_GSIZE_FORMAT " bytes", path,
                max_bytes);
  } else {
    gint64 left = MAX(found.size - offset, 0);
    bytes = read_range(fd, path, offset, (gsize)(length < 0 ? left : MIN(length, left)), deadline, error);
    *info = found;
  }
  if (fd >= 0) close(fd);
  return bytes;
}

/* Makes the folder of `path`; each new folder is flushed into its parent, or a crash could take the object with it. */
static gboolean make_parents(const char *path, GError **error) {
  g_autofree char *folder = g_path_get_dirname(path);
  g_autoptr(GPtrArray) missing = g_ptr_array_new_with_free_func(g_free);
  for (char *p = g_strdup(folder);;) {
    if (g_file_test(p, G_FILE_TEST_EXISTS)) {
      g_ptr_array_add(missing, p); /* the first that is there gets a new entry */
      break;
    }
    g_ptr_array_add(missing, p);
    p = g_path_get_dirname(p);
  }
  if (!disk_make_folder(folder, error)) return FALSE;
  for (guint i = 1; i < missing->len; i++)
    if (!disk_flush_folder(missing->pdata[i], error)) return FALSE;
  return TRUE;
}

static gboolean put_object(void *self, const char *key, const void *bytes, gsize length, gboolean only_absent,
                           Deadline deadline, GError **error) {
  (void)deadline;
  LocalStore *store = self;
  g_autofree char *path = g_build_filename(store->folder, key, NULL);
  g_autofree char *folder = g_path_get_dirname(path);
  if (!g_file_test(folder, G_FILE_TEST_IS_DIR) && !make_parents(path, error)) return FALSE;
  if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_EXISTS, "%s is a folder, so no object can have this name", path);
    return FALSE;
  }
  return only_absent ? disk_create(path, bytes, length, error) : disk_replace(path, bytes, length, error);
}

static gboolean copy_bytes(int from, int to, const char *path, Deadline deadline, GError **error) {
  for (;;) {
    if (!deadline_check(deadline, error)) return FALSE;
    ssize_t n = copy_file_range(from, NULL, to, NULL, BLOCK_BYTES, 0);
    if (n == 0) break;
    if (n < 0 && errno != EINTR) {
      aisle_error_set_errno(error, errno, "write %s", path);
      return FALSE;
    }
  }
  if (fsync(to) == 0) return TRUE;
  aisle_error_set_errno(error, errno, "flush %s", path);
  return FALSE;
}

static gboolean copy_aside(const char *path, const char *aside, Deadline deadline, GError **error) {
  int from = open(path, O_RDONLY | O_CLOEXEC);
  if (from < 0) return fail_to_open(path, errno, error);
  int to = open(aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  gboolean good = FALSE;
  if (to < 0)
    aisle_error_set_errno(error, errno, "create %s", aside);
  else
    good = copy_bytes(from, to, aside, deadline, error);
  close(from);
  if (to >= 0) close(to);
  return good;
}

static gboolean put_file(void *self, const char *key, const char *path, Deadline deadline, GError **error) {
  LocalStore *store = self;
  g_autofree char *target = g_build_filename(store->folder, key, NULL);
  g_autofree char *folder = g_path_get_dirname(target);
  g_autofree char *id = g_uuid_string_random();
  g_autofree char *aside = g_strdup_printf("%s/.tmp-%s", folder, id);
  struct stat from, to;
  if (stat(path, &from) != 0) return fail_to_open(path, errno, error);
  if (!S_ISREG(from.st_mode)) return no_object(path, error);
  /* The file is there already, under its final name: it only has to last. */
  if (stat(target, &to) == 0 && from.st_dev == to.st_dev && from.st_ino == to.st_ino)
    return disk_flush_file(target, error);
  if (!g_file_test(folder, G_FILE_TEST_IS_DIR) && !make_parents(target, error)) return FALSE;
  gboolean linked = link(path, aside) == 0;
  if (linked ? !disk_flush_file(aside, error) : !copy_aside(path, aside, deadline, error)) {
    unlink(aside);
    return FALSE;
  }
  if (rename(aside, target) != 0) {
    aisle_error_set_errno(error, errno, "replace %s", target);
    unlink(aside);
    return FALSE;
  }
  return disk_flush_folder(folder, error);
}

static gboolean remove_object(void *self, const char *key, Deadline deadline, GError **error) {
  (void)deadline;
  LocalStore *store = self;
  g_autofree char *path = g_build_filename(store->folder, key, NULL);
  if (unlink(path) == 0) {
    g_autofree char *folder = g_path_get_dirname(path);
    return disk_flush_folder(folder, error);
  }
  /* A folder is no object, so there was none. */
  if (errno == ENOENT || errno == ENOTDIR || errno == EISDIR) return TRUE;
  aisle_error_set_errno(error, errno, "remove %s", path);
  return FALSE;
}

const ObjectBackend object_local_backend = {get_object,    stat_object,       put_object, put_file,
                                            remove_object, object_local_list, NULL,       free_store};
