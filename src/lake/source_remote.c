#include "lake/source_remote.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "base/disk.h"

#define MAX_FILES 10000
#define FETCHING_THREADS 4

struct RemoteFiles {
  char *folder;
  GPtrArray *paths;  /* of char*; NULL at the end once complete */
  GHashTable *shown; /* path -> address */
  GPtrArray *copies; /* of ObjectCopy* */
  pthread_mutex_t lock;
};

static gboolean is_web(const char *path) {
  return g_str_has_prefix(path, "https://") || g_str_has_prefix(path, "http://");
}

gboolean source_is_remote(const char *path) {
  return object_url_is_remote(path) || is_web(path);
}

void remote_files_free(RemoteFiles *files) {
  if (files == NULL) return;
  g_ptr_array_unref(files->paths);
  g_hash_table_unref(files->shown);
  g_ptr_array_unref(files->copies);
  disk_remove_tree(files->folder);
  g_free(files->folder);
  pthread_mutex_destroy(&files->lock);
  g_free(files);
}

const char *const *remote_files_paths(const RemoteFiles *files) {
  return (const char *const *)files->paths->pdata;
}

const char *remote_files_shown(const RemoteFiles *files, const char *path) {
  const char *shown = g_hash_table_lookup(files->shown, path);
  return shown != NULL ? shown : path;
}

void remote_files_show_in(const RemoteFiles *files, GError *error) {
  if (files == NULL || error == NULL) return;
  g_autoptr(GString) text = g_string_new(error->message);
  GHashTableIter iterator;
  gpointer path, address;
  g_hash_table_iter_init(&iterator, files->shown);
  while (g_hash_table_iter_next(&iterator, &path, &address)) g_string_replace(text, path, address, 0);
  g_free(error->message);
  error->message = g_strdup(text->str);
}

/* A folder of its own for each pattern, and in it the names as they are in the bucket. */
static char *place_for(const RemoteFiles *files, guint index, const char *name, GError **error) {
  g_autofree char *number = g_strdup_printf("%u", index);
  g_autofree char *path = g_build_filename(files->folder, number, name, NULL), *parent = g_path_get_dirname(path);
  return disk_make_folder(parent, error) ? g_steal_pointer(&path) : NULL;
}

static void add_path(RemoteFiles *files, char *path, char *address) {
  g_hash_table_replace(files->shown, g_strdup(path), address);
  g_ptr_array_add(files->paths, path);
}

/* ---- the web ---- */

static gboolean fetch_web(RemoteFiles *files, const char *url, guint index, gint64 max_bytes, Deadline deadline,
                          GError **error) {
  g_autofree char *name = object_url_file_name(url);
  char *path = place_for(files, index, name, error);
  if (path == NULL) return FALSE;
  /* What stands behind "?" may be a secret. */
  char *address = g_strndup(url, strcspn(url, "?#"));
  if (!object_fetch_url(url, path, max_bytes, deadline, error)) {
    g_prefix_error(error, "%s: ", address);
    g_free(address);
    g_free(path);
    return FALSE;
  }
  add_path(files, path, address);
  return TRUE;
}

/* ---- S3 ---- */

typedef struct {
  RemoteFiles *files;
  ObjectStore *store;
  GPtrArray *entries; /* of ObjectEntry* */
  GPtrArray *places;  /* of char*, one for each */
  Deadline deadline;
  gint next, failed; /* atomic */
  GError *error;     /* with the lock */
} Fetching;

static gboolean fetch_one(Fetching *fetching, guint i, GError **error) {
  const ObjectEntry *entry = fetching->entries->pdata[i];
  const char *etag = *entry->info.etag != '\0' ? entry->info.etag : NULL;
  ObjectCopy *copy =
      object_store_local_copy(fetching->store, entry->key, entry->info.size, etag, fetching->deadline, error);
  if (copy == NULL) return FALSE;
  pthread_mutex_lock(&fetching->files->lock);
  g_ptr_array_add(fetching->files->copies, copy);
  pthread_mutex_unlock(&fetching->files->lock);
  if (symlink(object_copy_path(copy), fetching->places->pdata[i]) == 0) return TRUE;
  aisle_error_set_errno(error, errno, "name the copy of %s", entry->key);
  return FALSE;
}

static void *fetch_some(void *user_data) {
  Fetching *fetching = user_data;
  for (;;) {
    guint i = (guint)g_atomic_int_add(&fetching->next, 1);
    if (i >= fetching->entries->len || g_atomic_int_get(&fetching->failed)) return NULL;
    g_autoptr(GError) error = NULL;
    if (fetch_one(fetching, i, &error)) continue;
    g_atomic_int_set(&fetching->failed, 1);
    pthread_mutex_lock(&fetching->files->lock);
    if (fetching->error == NULL) fetching->error = g_steal_pointer(&error);
    pthread_mutex_unlock(&fetching->files->lock);
  }
}

/* Several at once: most of the time is waiting. */
static gboolean fetch_entries(Fetching *fetching, GError **error) {
  pthread_t threads[FETCHING_THREADS];
  guint started = 0, wanted = MIN(FETCHING_THREADS, fetching->entries->len);
  while (started + 1 < wanted && pthread_create(&threads[started], NULL, fetch_some, fetching) == 0) started++;
  fetch_some(fetching);
  for (guint i = 0; i < started; i++) pthread_join(threads[i], NULL);
  if (fetching->error == NULL) return TRUE;
  g_propagate_error(error, fetching->error);
  return FALSE;
}

static gboolean is_wanted(const char *pattern, gboolean is_pattern, const char *key) {
  if (is_pattern) return object_glob_match(pattern, key);
  /* Below a prefix: what a folder of this machine would give. */
  g_auto(GStrv) parts = g_strsplit(key, "/", -1);
  for (char **part = parts; *part != NULL; part++)
    if (**part == '.' || **part == '_') return FALSE;
  return source_is_data_name(key);
}

/* The objects that `key` means: itself, a pattern's, or all below it. (transfer full) */
static GPtrArray *find_objects(ObjectStore *store, const char *key, Deadline deadline, GError **error) {
  gboolean is_pattern = strpbrk(key, "*?[") != NULL;
  g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func((GDestroyNotify)object_entry_free);
  if (!is_pattern && *key != '\0') {
    g_autoptr(ObjectEntry) entry = g_new0(ObjectEntry, 1);
    g_autoptr(GError) missing = NULL;
    if (object_stat(store, key, &entry->info, deadline, &missing)) {
      entry->key = g_strdup(key);
      g_ptr_array_add(found, g_steal_pointer(&entry));
      return g_steal_pointer(&found);
    }
    if (!g_error_matches(missing, AISLE_ERROR, AISLE_ERROR_NOT_FOUND)) {
      g_propagate_error(error, g_steal_pointer(&missing));
      return NULL;
    }
  }
  g_autofree char *prefix = is_pattern     ? object_glob_prefix(key)
                            : *key != '\0' ? g_strconcat(key, "/", NULL)
                                           : g_strdup("");
  g_autoptr(GPtrArray) all = object_list_all(store, prefix, 100 * MAX_FILES, deadline, error);
  if (all == NULL) return NULL;
  for (guint i = 0; i < all->len; i++) {
    const ObjectEntry *entry = all->pdata[i];
    if (!is_wanted(key, is_pattern, is_pattern ? entry->key : entry->key + strlen(prefix))) continue;
    ObjectEntry *copy = g_new0(ObjectEntry, 1);
    *copy = (ObjectEntry){g_strdup(entry->key), entry->info};
    g_ptr_array_add(found, copy);
  }
  return g_steal_pointer(&found);
}

static gboolean fetch_s3(RemoteFiles *files, const char *url, guint index, const ObjectOptions *options,
                         Deadline deadline, GError **error) {
  const char *bucket = url + strlen("s3://");
  gsize bucket_length = strcspn(bucket, "/");
  g_autofree char *root = g_strndup(url, strlen("s3://") + bucket_length);
  g_autofree char *key = g_strdup(bucket[bucket_length] == '/' ? bucket + bucket_length + 1 : "");
  while (g_str_has_suffix(key, "/")) key[strlen(key) - 1] = '\0';
  g_autoptr(ObjectStore) store = object_store_open(root, options, error);
  g_autoptr(GPtrArray) entries = store != NULL ? find_objects(store, key, deadline, error) : NULL;
  if (entries == NULL) return FALSE;
  if (entries->len == 0 || files->paths->len + entries->len > MAX_FILES) {
    g_set_error(error, AISLE_ERROR, entries->len == 0 ? AISLE_ERROR_NOT_FOUND : AISLE_ERROR_TOO_LARGE,
                entries->len == 0 ? "%s: there are no data files" : "%s: there are too many files", url);
    return FALSE;
  }
  g_autoptr(GPtrArray) places = g_ptr_array_new();
  Fetching fetching = {.files = files, .store = store, .entries = entries, .places = places, .deadline = deadline};
  for (guint i = 0; i < entries->len; i++) {
    const ObjectEntry *entry = entries->pdata[i];
    char *place = place_for(files, index, entry->key, error);
    if (place == NULL) return FALSE;
    g_ptr_array_add(places, place);
    add_path(files, place, g_strconcat(root, "/", entry->key, NULL));
  }
  return fetch_entries(&fetching, error);
}

RemoteFiles *remote_files_fetch(const char *const *paths, const char *folder, const ObjectOptions *options,
                                Deadline deadline, GError **error) {
  g_autoptr(RemoteFiles) files = g_new0(RemoteFiles, 1);
  pthread_mutex_init(&files->lock, NULL);
  files->folder = g_canonicalize_filename(folder, NULL);
  files->paths = g_ptr_array_new_with_free_func(g_free);
  files->shown = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  files->copies = g_ptr_array_new_with_free_func((GDestroyNotify)object_copy_free);
  g_autofree char *own = g_build_filename(files->folder, "copies", NULL);
  ObjectOptions whole = *options;
  if (whole.cache_folder == NULL) whole.cache_folder = own;
  for (guint i = 0; paths[i] != NULL; i++) {
    gboolean good = TRUE;
    if (is_web(paths[i]))
      good = fetch_web(files, paths[i], i, whole.cache_bytes, deadline, error);
    else if (source_is_remote(paths[i]))
      good = fetch_s3(files, paths[i], i, &whole, deadline, error);
    else
      g_ptr_array_add(files->paths, g_strdup(paths[i]));
    if (!good) return NULL;
  }
  g_ptr_array_add(files->paths, NULL);
  return g_steal_pointer(&files);
}
