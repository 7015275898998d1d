/*
 * Writing files so that a crash at any moment leaves either nothing or the whole file: written under another name,
 * flushed, given its name in one step, folder flushed. Every system call goes through one table, so that tests can make
 * the nth one fail.
 */
#pragma once
#include "base/deadline.h"
#include "base/error.h"
#include <sys/types.h>

typedef struct {
  ssize_t (*write)(int fd, const void *bytes, size_t length);
  int (*fsync)(int fd);
  int (*rename)(const char *from, const char *to);
  int (*link)(const char *from, const char *to);
} DiskCalls;
/* For tests only: NULL restores the real calls. */
void disk_set_calls(const DiskCalls *calls);

/* A new file. EXISTS when another was first: then nothing was changed. */
gboolean disk_create(const char *path, const char *bytes, gsize length, GError **error);
/* A new file or a replaced one. */
gboolean disk_replace(const char *path, const char *bytes, gsize length, GError **error);
/* The same without flushing: whole or not for every process, but it may be lost when the machine stops. For what only saves time. */
gboolean disk_replace_unflushed(const char *path, const char *bytes, gsize length, GError **error);
/* Flushes a file that someone else wrote, and its folder. */
gboolean disk_flush_file(const char *path, GError **error);
gboolean disk_flush_file_alone(const char *path, GError **error); /* its folder is flushed by the caller */
gboolean disk_flush_folder(const char *path, GError **error);
gboolean disk_make_folder(const char *path, GError **error); /* with parents */
void disk_remove_tree(const char *path);                     /* as far as possible */

/* A buffered output file that remembers its first failure. */
typedef struct DiskWriter DiskWriter;
DiskWriter *disk_writer_new(const char *path, gboolean append, GError **error);
void disk_writer_add(DiskWriter *writer, const char *bytes, gsize length);
/* Writes what is left and closes; FALSE when anything failed. Frees the writer. */
gboolean disk_writer_close(DiskWriter *writer, GError **error);
void disk_writer_abandon(DiskWriter *writer); /* NULL is fine; removes the file unless it was appended to */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DiskWriter, disk_writer_abandon)
