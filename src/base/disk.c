#include "base/disk.h"
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define WRITER_BUFFER_BYTES (1u << 20)

static const DiskCalls real_calls = {write, fsync, rename, link};
static const DiskCalls *current_calls = &real_calls;

void disk_set_calls(const DiskCalls *calls) {
  g_atomic_pointer_set(&current_calls, calls ? calls : &real_calls);
}
static const DiskCalls *disk_calls(void) {
  return g_atomic_pointer_get(&current_calls);
}

static gboolean write_all(int fd, const char *bytes, gsize length) {
  while (length > 0) {
    ssize_t n = disk_calls()->write(fd, bytes, length);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return FALSE;
    bytes += n;
    length -= (gsize)n;
  }
  return TRUE;
}

/* Writes (and flushes) a file beside `path`. (transfer full) */
static char *write_aside(const char *path, const char *bytes, gsize length, gboolean flush, GError **error) {
  g_autofree char *folder = g_path_get_dirname(path);
  g_autofree char *id = g_uuid_string_random();
  g_autofree char *aside = g_strdup_printf("%s/.tmp-%s", folder, id);
  int fd = open(aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd < 0) {
    aisle_error_set_errno(error, errno, "create a file in %s", folder);
    return NULL;
  }
  gboolean ok = write_all(fd, bytes, length) && (!flush || disk_calls()->fsync(fd) == 0);
  int saved = errno;
  if (close(fd) != 0 && ok) {
    ok = FALSE;
    saved = errno;
  }
  if (ok) return g_steal_pointer(&aside);
  unlink(aside);
  aisle_error_set_errno(error, saved, "write %s", path);
  return NULL;
}

static gboolean flush_parent(const char *path, GError **error) {
  g_autofree char *folder = g_path_get_dirname(path);
  return disk_flush_folder(folder, error);
}

gboolean disk_create(const char *path, const char *bytes, gsize length, GError **error) {
  g_autofree char *aside = write_aside(path, bytes, length, TRUE, error);
  if (!aside) return FALSE;
  int code = disk_calls()->link(aside, path), saved = errno;
  unlink(aside);
  if (code != 0) {
    aisle_error_set_errno(error, saved, "create %s", path);
    return FALSE;
  }
  return flush_parent(path, error);
}

static gboolean replace(const char *path, const char *bytes, gsize length, gboolean flush, GError **error) {
  g_autofree char *aside = write_aside(path, bytes, length, flush, error);
  if (!aside) return FALSE;
  if (disk_calls()->rename(aside, path) != 0) {
    int saved = errno;
    unlink(aside);
    aisle_error_set_errno(error, saved, "replace %s", path);
    return FALSE;
  }
  return !flush || flush_parent(path, error);
}

gboolean disk_replace(const char *path, const char *bytes, gsize length, GError **error) {
  return replace(path, bytes, length, TRUE, error);
}

gboolean disk_replace_unflushed(const char *path, const char *bytes, gsize length, GError **error) {
  return replace(path, bytes, length, FALSE, error);
}

static gboolean flush_path(const char *path, int flags, GError **error) {
  int fd = open(path, flags | O_CLOEXEC);
  if (fd < 0) {
    aisle_error_set_errno(error, errno, "open %s", path);
    return FALSE;
  }
  int code = disk_calls()->fsync(fd), saved = errno;
  close(fd);
  if (code != 0) aisle_error_set_errno(error, saved, "flush %s", path);
  return code == 0;
}

gboolean disk_flush_folder(const char *path, GError **error) {
  return flush_path(path, O_RDONLY | O_DIRECTORY, error);
}

gboolean disk_flush_file_alone(const char *path, GError **error) {
  return flush_path(path, O_RDONLY, error);
}

gboolean disk_flush_file(const char *path, GError **error) {
  return flush_path(path, O_RDONLY, error) && flush_parent(path, error);
}

gboolean disk_make_folder(const char *path, GError **error) {
  if (g_mkdir_with_parents(path, 0755) == 0) return TRUE;
  aisle_error_set_errno(error, errno, "make the folder %s", path);
  return FALSE;
}

void disk_remove_tree(const char *path) {
  if (g_file_test(path, G_FILE_TEST_IS_DIR) && !g_file_test(path, G_FILE_TEST_IS_SYMLINK)) {
    g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
    const char *name;
    while (folder && (name = g_dir_read_name(folder))) {
      g_autofree char *child = g_build_filename(path, name, NULL);
      disk_remove_tree(child);
    }
    g_rmdir(path);
  } else {
    g_unlink(path);
  }
}

/* ---- buffered output ---- */

struct DiskWriter {
  char *path;
  int fd;
  gboolean append;
  GString *buffer;
  int failure; /* errno */
};

DiskWriter *disk_writer_new(const char *path, gboolean append, GError **error) {
  int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (append ? O_APPEND : O_TRUNC), 0644);
  if (fd < 0) {
    aisle_error_set_errno(error, errno, "create %s", path);
    return NULL;
  }
  DiskWriter *writer = g_new0(DiskWriter, 1);
  writer->path = g_strdup(path);
  writer->fd = fd;
  writer->append = append;
  writer->buffer = g_string_sized_new(WRITER_BUFFER_BYTES);
  return writer;
}

static void disk_writer_drain(DiskWriter *writer) {
  if (!writer->failure && !write_all(writer->fd, writer->buffer->str, writer->buffer->len)) writer->failure = errno;
  g_string_truncate(writer->buffer, 0);
}

void disk_writer_add(DiskWriter *writer, const char *bytes, gsize length) {
  if (writer->failure) return;
  g_string_append_len(writer->buffer, bytes, (gssize)length);
  if (writer->buffer->len >= WRITER_BUFFER_BYTES) disk_writer_drain(writer);
}

static void disk_writer_free(DiskWriter *writer) {
  g_string_free(writer->buffer, TRUE);
  g_free(writer->path);
  g_free(writer);
}

gboolean disk_writer_close(DiskWriter *writer, GError **error) {
  disk_writer_drain(writer);
  if (close(writer->fd) != 0 && !writer->failure) writer->failure = errno;
  gboolean ok = writer->failure == 0;
  if (!ok) aisle_error_set_errno(error, writer->failure, "write %s", writer->path);
  disk_writer_free(writer);
  return ok;
}

void disk_writer_abandon(DiskWriter *writer) {
  if (!writer) return;
  close(writer->fd);
  if (!writer->append) unlink(writer->path);
  disk_writer_free(writer);
}
