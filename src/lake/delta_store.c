/* Where tables lie: folders, or buckets whose immutable files are copied to this machine while they are read. */
#include <pthread.h>

#include "lake/delta_replay.h"

struct DeltaCopies {
  pthread_mutex_t lock;
  GHashTable *held; /* path within the table -> ObjectCopy* */
};

ObjectStore *delta_store_open(const char *location, GError **error) {
  if (!object_url_is_remote(location)) return object_store_open(location, NULL, error);
  /* Of the environment: a location alone says nothing of a workspace. */
  g_autoptr(Settings) settings = settings_load(NULL, NULL, error);
  if (!settings) return NULL;
  ObjectOptions options = object_options_of(settings);
  g_autofree char *folder = g_build_filename(g_get_user_cache_dir(), "aisle", "objects", NULL);
  options.cache_folder = folder;
  options.cache_bytes = settings_integer(settings, SETTING_CACHE_DISK);
  return object_store_open(location, &options, error);
}

struct DeltaCopies *delta_copies_new(void) {
  struct DeltaCopies *copies = g_new0(struct DeltaCopies, 1);
  pthread_mutex_init(&copies->lock, NULL);
  copies->held = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)object_copy_free);
  return copies;
}

void delta_copies_free(struct DeltaCopies *copies) {
  if (!copies) return;
  g_hash_table_unref(copies->held);
  pthread_mutex_destroy(&copies->lock);
  g_free(copies);
}

static gboolean is_held(const DeltaTable *table, const char *path) {
  pthread_mutex_lock(&table->copies->lock);
  gboolean held = g_hash_table_contains(table->copies->held, path);
  pthread_mutex_unlock(&table->copies->lock);
  return held;
}

gboolean delta_table_fetch(const DeltaTable *table, const GPtrArray *files, Deadline deadline, GError **error) {
  const GPtrArray *wanted = files ? files : table->files;
  if (object_store_folder(table->store)) return TRUE;
  for (guint i = 0; i < wanted->len; i++) {
    const DeltaFile *file = wanted->pdata[i];
    if (is_held(table, file->path)) continue;
    ObjectCopy *copy = object_store_local_copy(table->store, file->path, file->bytes, NULL, deadline, error);
    if (!copy) return FALSE;
    pthread_mutex_lock(&table->copies->lock);
    if (g_hash_table_contains(table->copies->held, file->path)) object_copy_free(copy);
    else g_hash_table_insert(table->copies->held, g_strdup(file->path), copy);
    pthread_mutex_unlock(&table->copies->lock);
  }
  return TRUE;
}

char *delta_file_location(const DeltaTable *table, const DeltaFile *file) {
  const char *folder = object_store_folder(table->store);
  if (folder) return g_strdup_printf("%s/%s", folder, file->path);
  pthread_mutex_lock(&table->copies->lock);
  const ObjectCopy *copy = g_hash_table_lookup(table->copies->held, file->path);
  char *path = copy ? g_strdup(object_copy_path(copy)) : g_strdup_printf("%s/%s", object_store_url(table->store), file->path);
  pthread_mutex_unlock(&table->copies->lock);
  return path;
}
