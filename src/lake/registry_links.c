/* Files elsewhere under names of the workspace: links, to the file itself or to a copy of an object. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/disk.h"
#include "lake/registry_private.h"

#define LINKS "files"

char *external_table_location(const char *workspace, const char *table) {
  g_autofree char *root = g_canonicalize_filename(workspace, NULL);
  g_autofree char *folder = g_build_filename(root, "external", table, NULL),
                  *log = g_build_filename(folder, "_delta_log", NULL);
  return g_file_test(log, G_FILE_TEST_IS_DIR) ? g_steal_pointer(&folder) : NULL;
}

static gint compare_names(gconstpointer a, gconstpointer b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

void external_table_names(const char *workspace, GPtrArray *names) {
  g_autofree char *folder = g_build_filename(workspace, "external", NULL);
  g_autoptr(GDir) listing = g_dir_open(folder, 0, NULL);
  const char *name;
  while (listing != NULL && (name = g_dir_read_name(listing)) != NULL) {
    g_autofree char *location = external_table_location(workspace, name);
    if (location != NULL && delta_newest_version(location, NULL) >= 0) g_ptr_array_add(names, g_strdup(name));
  }
  g_ptr_array_sort(names, compare_names);
}

ObjectStore *external_store(const char *workspace, const char *url, GError **error) {
  g_autoptr(Settings) settings = settings_load(workspace, NULL, error);
  if (settings == NULL) return NULL;
  ObjectOptions options = object_options_of(settings);
  g_autofree char *copies = g_build_filename(workspace, "cache", "objects", NULL);
  options.cache_folder = copies;
  return object_store_open(url, &options, error);
}

/* Points `link` at `target` in one step. */
static gboolean place_link(const char *target, const char *link, GError **error) {
  g_autofree char *id = g_uuid_string_random(), *aside = g_strdup_printf("%s.tmp-%s", link, id);
  g_autofree char *folder = g_path_get_dirname(link);
  if (!disk_make_folder(folder, error)) return FALSE;
  if (symlink(target, aside) == 0 && rename(aside, link) == 0) return TRUE;
  aisle_error_set_errno(error, errno, "make the link %s", link);
  unlink(aside);
  return FALSE;
}

/* "_<name>.json" beside a link says where its copy comes from. */
static char *origin_path(const char *location, const char *name) {
  g_autofree char *file = g_strconcat("_", name, ".json", NULL);
  return g_build_filename(location, LINKS, file, NULL);
}

static gboolean link_copy(ObjectStore *store, const json_t *origin, const char *link, GPtrArray *held,
                          Deadline deadline, GError **error) {
  const char *key = json_get_string(origin, "key"), *etag = json_get_string(origin, "etag");
  if (key == NULL) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_CORRUPT,
                "%s: it is not known where this file comes from; run aisle refresh", link);
    return FALSE;
  }
  ObjectCopy *copy = object_store_local_copy(store, key, json_get_int(origin, "size", -1), etag, deadline, error);
  if (copy == NULL) return FALSE;
  g_ptr_array_add(held, copy);
  g_autofree char *target = g_file_read_link(link, NULL);
  return g_strcmp0(target, object_copy_path(copy)) == 0 || place_link(object_copy_path(copy), link, error);
}

char *external_link(const char *workspace, const char *location, const FoundTable *table, const FoundFile *file,
                    GPtrArray *held, Deadline deadline, GError **error) {
  (void)workspace;
  const char *url = object_store_url(table->store), *folder = object_store_folder(table->store);
  g_autofree char *identity =
      g_strdup_printf("%s\n%s\n%" G_GINT64_FORMAT "\n%s%s%s", url, file->key, file->info.size, file->info.etag,
                      file->vector != NULL ? "\n" : "", file->vector != NULL ? file->vector->key : "");
  g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, identity, -1), *name = g_strndup(hash, 24);
  g_autofree char *path = g_strconcat(LINKS "/", name, ".parquet", NULL),
                  *link = g_build_filename(location, path, NULL);
  if (folder != NULL) {
    g_autofree char *target = g_build_filename(folder, file->key, NULL);
    return place_link(target, link, error) ? g_steal_pointer(&path) : NULL;
  }
  const char *etag = *file->info.etag != '\0' ? file->info.etag : NULL;
  g_autoptr(json_t) origin = json_pack("{s:s, s:s, s:I, s:s*}", "url", url, "key", file->key, "size",
                                       (json_int_t)file->info.size, "etag", etag);
  g_autofree char *text = json_to_text(origin, JSON_PLAIN), *beside = origin_path(location, name),
                  *parent = g_path_get_dirname(beside);
  gboolean good = disk_make_folder(parent, error) && disk_replace(beside, text, strlen(text), error) &&
                  link_copy(table->store, origin, link, held, deadline, error);
  return good ? g_steal_pointer(&path) : NULL;
}

/* "files/<name>.parquet" -> "<name>"; NULL for other paths. (transfer full) */
static char *link_name(const char *path) {
  if (!g_str_has_prefix(path, LINKS "/") || !g_str_has_suffix(path, ".parquet")) return NULL;
  const char *name = path + strlen(LINKS "/");
  return strchr(name, '/') == NULL ? g_strndup(name, strlen(name) - strlen(".parquet")) : NULL;
}

GPtrArray *external_table_hold(const char *workspace, const DeltaTable *table, Deadline deadline, GError **error) {
  g_autoptr(GPtrArray) held = g_ptr_array_new_with_free_func((GDestroyNotify)object_copy_free);
  g_autoptr(GHashTable) stores =
      g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)object_store_unref);
  for (guint i = 0; i < table->files->len; i++) {
    const DeltaFile *file = table->files->pdata[i];
    g_autofree char *name = link_name(file->path), *beside = name != NULL ? origin_path(table->location, name) : NULL;
    if (beside == NULL || !g_file_test(beside, G_FILE_TEST_EXISTS)) continue; /* a file of this machine */
    g_autoptr(json_t) origin = json_parse_file(beside, error);
    const char *url = origin != NULL ? json_get_string(origin, "url") : NULL;
    if (origin == NULL) return NULL;
    ObjectStore *store = url != NULL ? g_hash_table_lookup(stores, url) : NULL;
    if (store == NULL && url != NULL) {
      store = external_store(workspace, url, error);
      if (store == NULL) return NULL;
      g_hash_table_insert(stores, g_strdup(url), store);
    }
    g_autofree char *link = g_build_filename(table->location, file->path, NULL);
    if (store == NULL || !link_copy(store, origin, link, held, deadline, error)) {
      if (store == NULL)
        g_set_error(error, AISLE_ERROR, AISLE_ERROR_CORRUPT,
                    "%s: it is not known where this file comes from; run aisle refresh", link);
      return NULL;
    }
  }
  return g_steal_pointer(&held);
}
