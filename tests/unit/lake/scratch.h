/* A folder for one test, and files in it. */
#pragma once
#include "base/disk.h"
#include <string.h>

typedef struct {
  char *path;
} Scratch;

static inline Scratch scratch_new(void) {
  g_autoptr(GError) error = NULL;
  Scratch scratch = {g_dir_make_tmp("aisle-lake-XXXXXX", &error)};
  g_assert_no_error(error);
  return scratch;
}

static inline void scratch_clear(Scratch *scratch) {
  disk_remove_tree(scratch->path);
  g_clear_pointer(&scratch->path, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Scratch, scratch_clear)

/* (transfer full) */
static inline char *scratch_file(const Scratch *scratch, const char *name, const char *content, gssize length) {
  g_autoptr(GError) error = NULL;
  char *path = g_build_filename(scratch->path, name, NULL);
  g_file_set_contents(path, content, length, &error);
  g_assert_no_error(error);
  return path;
}
