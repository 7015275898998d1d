/* Listing a folder the way S3 lists a bucket: keys in the order of bytes, by prefix, a page at a time. */
#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "object/local.h"

#define MAX_DEPTH 64
#define MAX_FOLDER_ENTRIES 2000000

typedef struct {
  const char *root;
  const ObjectListing *listing;
  Deadline deadline;
  GPtrArray *page;
  gboolean more;
} Walk;

static gint compare_names(gconstpointer a, gconstpointer b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

static gboolean is_folder(const char *folder, const struct dirent *entry) {
  if (entry->d_type != DT_UNKNOWN && entry->d_type != DT_LNK) return entry->d_type == DT_DIR;
  g_autofree char *path = g_build_filename(folder, entry->d_name, NULL);
  return g_file_test(path, G_FILE_TEST_IS_DIR);
}

/* Names in a folder as they stand in keys: folders with their slash, so that sorting gives the order of keys. NULL with
 * an error; a folder that is not there is empty. (transfer full) */
static GPtrArray *read_folder(const char *path, Deadline deadline, GError **error) {
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
  DIR *folder = opendir(path);
  if (folder == NULL) {
    if (errno == ENOENT || errno == ENOTDIR) return g_steal_pointer(&names);
    aisle_error_set_errno(error, errno, "list %s", path);
    return NULL;
  }
  const struct dirent *entry;
  gboolean good = TRUE;
  while (good && (entry = readdir(folder)) != NULL) {
    const char *name = entry->d_name;
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || g_str_has_prefix(name, ".tmp-")) continue;
    if (!g_utf8_validate(name, -1, NULL)) continue; /* no key can name it */
    g_ptr_array_add(names, is_folder(path, entry) ? g_strconcat(name, "/", NULL) : g_strdup(name));
    if (names->len % 4096 == 0) good = deadline_check(deadline, error);
    if (names->len > MAX_FOLDER_ENTRIES) {
      g_set_error(error, AISLE_ERROR, AISLE_ERROR_TOO_LARGE, "%s has more than %d entries", path, MAX_FOLDER_ENTRIES);
      good = FALSE;
    }
  }
  closedir(folder);
  if (!good) return NULL;
  g_ptr_array_sort(names, compare_names);
  return g_steal_pointer(&names);
}

/* Whether keys that begin with `folder` ("a/b/") may be asked for. */
static gboolean is_wanted_folder(const ObjectListing *listing, const char *folder) {
  gsize length = strlen(folder), prefix = strlen(listing->prefix);
  if (strncmp(folder, listing->prefix, MIN(length, prefix)) != 0) return FALSE;
  if (listing->start_after == NULL) return TRUE;
  /* All of its keys come before, unless it holds the mark itself. */
  return strcmp(folder, listing->start_after) > 0 || strncmp(listing->start_after, folder, length) == 0;
}

static void add(Walk *walk, const char *key, const ObjectInfo *info) {
  if (walk->page->len == walk->listing->max)
    walk->more = TRUE;
  else
    g_ptr_array_add(walk->page, object_entry_new(key, info));
}

static void add_file(Walk *walk, const char *key) {
  const ObjectListing *listing = walk->listing;
  if (!g_str_has_prefix(key, listing->prefix) ||
      (listing->start_after != NULL && strcmp(key, listing->start_after) <= 0))
    return;
  g_autofree char *path = g_build_filename(walk->root, key, NULL);
  struct stat status;
  ObjectInfo info;
  if (stat(path, &status) != 0 || !S_ISREG(status.st_mode)) return; /* gone meanwhile, or a pipe */
  object_local_describe(&status, &info);
  add(walk, key, &info);
}

static gboolean walk_folder(Walk *walk, const char *folder, int depth, GError **error) {
  const ObjectListing *listing = walk->listing;
  g_autofree char *path = g_build_filename(walk->root, folder, NULL);
  g_autoptr(GPtrArray) names = deadline_check(walk->deadline, error) ? read_folder(path, walk->deadline, error) : NULL;
  if (names == NULL) return FALSE;
  for (guint i = 0; i < names->len && !walk->more; i++) {
    const char *name = names->pdata[i];
    g_autofree char *key = g_strconcat(folder, name, NULL);
    if (!g_str_has_suffix(name, "/")) {
      add_file(walk, key);
    } else if (is_wanted_folder(listing, key)) {
      if (listing->shallow && strlen(key) > strlen(listing->prefix)) {
        if (listing->start_after == NULL || strcmp(key, listing->start_after) > 0)
          add(walk, key, &(ObjectInfo){.size = -1});
      } else if (depth < MAX_DEPTH && !walk_folder(walk, key, depth + 1, error)) {
        return FALSE;
      }
    }
  }
  return TRUE;
}

GPtrArray *object_local_list(void *self, const ObjectListing *listing, gboolean *more, Deadline deadline,
                             GError **error) {
  LocalStore *store = self;
  g_autoptr(GPtrArray) page = g_ptr_array_new_with_free_func((GDestroyNotify)object_entry_free);
  Walk walk = {store->folder, listing, deadline, page, FALSE};
  if (!walk_folder(&walk, "", 0, error)) return NULL;
  *more = walk.more;
  return g_steal_pointer(&page);
}
