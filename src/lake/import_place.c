/* Imported tables where the workspace keeps its tables: made in lake/ of the workspace, then brought there. */
#include "lake/import.h"
#include "lake/delta_replay.h"
#include "lake/load.h"
#include <string.h>

#define MOST_FILES 100000
#define LOG_MAX_BYTES (64u << 20)

static gboolean is_log(const ObjectEntry *entry) {
  return g_str_has_prefix(entry->key, "_delta_log/");
}

/* The log last, by a commit that nobody else may have made: before it there is no table. */
static gboolean bring(ObjectStore *from, ObjectStore *to, Deadline deadline, GError **error) {
  g_autoptr(GPtrArray) entries = object_list_all(from, "", MOST_FILES, deadline, error);
  for (guint i = 0; entries && i < entries->len; i++) {
    const ObjectEntry *entry = entries->pdata[i];
    g_autofree char *path = g_build_filename(object_store_folder(from), entry->key, NULL);
    if (!is_log(entry) && !object_put_file(to, entry->key, path, deadline, error)) return FALSE;
  }
  for (guint i = 0; entries && i < entries->len; i++) {
    const ObjectEntry *entry = entries->pdata[i];
    if (!is_log(entry)) continue;
    g_autoptr(GBytes) bytes = object_get(from, entry->key, LOG_MAX_BYTES, NULL, deadline, error);
    gsize length = 0;
    const void *data = bytes ? g_bytes_get_data(bytes, &length) : NULL;
    if (!data || !object_put_if_absent(to, entry->key, data, length, deadline, error)) return FALSE;
  }
  return entries != NULL;
}

static gboolean place(ImportedTable *table, const char *own, const char *location, Deadline deadline, GError **error) {
  g_autoptr(GError) failing = NULL;
  gint64 version = delta_newest_version(location, &failing);
  if (version >= 0) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_EXISTS,
                "there is a table %s at the place that lake.location names; give another place, or take the table away",
                table->table);
    return FALSE;
  }
  if (failing && !g_error_matches(failing, AISLE_ERROR, AISLE_ERROR_NOT_FOUND)) {
    g_propagate_error(error, g_steal_pointer(&failing));
    return FALSE;
  }
  g_clear_error(&failing);
  g_autoptr(ObjectStore) from = object_store_open(own, NULL, error), to = from ? delta_store_open(location, error) : NULL;
  if (!to) return FALSE;
  table->placed = g_strdup(location);
  if (!bring(from, to, deadline, &failing)) {
    if (g_error_matches(failing, AISLE_ERROR, AISLE_ERROR_EXISTS)) g_clear_pointer(&table->placed, g_free); /* another's */
    g_propagate_error(error, g_steal_pointer(&failing));
    return FALSE;
  }
  disk_remove_tree(own);
  return TRUE;
}

gboolean lake_import_place(const char *workspace, GPtrArray *tables, Deadline deadline, GError **error) {
  g_autofree char *root = g_canonicalize_filename(workspace, NULL);
  for (guint i = 0; i < tables->len; i++) {
    ImportedTable *table = tables->pdata[i];
    g_autofree char *own = g_build_filename(root, "lake", table->table, NULL);
    g_autofree char *location = lake_table_location(workspace, table->table, error);
    if (!location) return FALSE;
    if (strcmp(own, location) != 0 && !place(table, own, location, deadline, error)) return FALSE;
  }
  return TRUE;
}

void lake_import_undo(const char *workspace, const GPtrArray *tables) {
  for (guint i = 0; tables && i < tables->len; i++) {
    const ImportedTable *table = tables->pdata[i];
    g_autofree char *own = g_build_filename(workspace, "lake", table->table, NULL);
    g_autoptr(GError) ignored = NULL; /* the import's own error is the one to tell */
    disk_remove_tree(own);
    if (table->placed) lake_remove_table(table->placed, &ignored);
  }
}
