/* External tables as the rest of the program meets them: among a snapshot's tables. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "lake/registry_private.h"
#include "lake/snapshot.h"

static ImportedColumn *column_of(const DeltaColumn *from) {
  ImportedColumn *column = g_new0(ImportedColumn, 1);
  column->name = g_strdup(from->name);
  column->label = g_strdup(from->label != NULL ? from->label : from->name);
  column->type = from->type;
  return column;
}

static ImportedTable *table_of(const SnapshotTable *from) {
  ImportedTable *table = g_new0(ImportedTable, 1);
  const char *label = g_hash_table_lookup(from->delta->configuration, "aisle.label");
  table->table = g_strdup(from->name);
  table->label = g_strdup(label != NULL ? label : from->name);
  table->source = g_strdup(from->name);
  table->rows = from->rows;
  table->files = g_new0(char *, 1);
  table->columns = g_ptr_array_new_with_free_func((GDestroyNotify)imported_column_free);
  for (guint i = 0; i < from->delta->columns->len; i++)
    g_ptr_array_add(table->columns, column_of(from->delta->columns->pdata[i]));
  return table;
}

GPtrArray *external_tables_of(const LakeSnapshot *snapshot) {
  GPtrArray *tables = g_ptr_array_new_with_free_func((GDestroyNotify)imported_table_free);
  for (guint i = 0; i < snapshot->tables->len; i++) {
    const SnapshotTable *table = snapshot->tables->pdata[i];
    if (g_hash_table_contains(table->delta->configuration, EXTERNAL_SETTING)) g_ptr_array_add(tables, table_of(table));
  }
  return tables;
}

#define AWAY_TEXT "cannot be reached where it lies"

char *external_away_sql(const DeltaTable *table, const char *name) {
  g_autofree char *message = g_strdup_printf("the table %s " AWAY_TEXT ": see aisle refresh", name),
                  *quoted = text_sql_quote(message);
  GString *sql = g_string_new("SELECT ");
  for (guint i = 0; i < table->columns->len; i++) {
    const DeltaColumn *column = table->columns->pdata[i];
    g_autofree char *type = delta_column_sql_type(column), *identifier = text_sql_identifier(column->name);
    g_string_append_printf(sql, "%sCAST(NULL AS %s) AS %s", i > 0 ? ", " : "", type, identifier);
  }
  /* The row number keeps the failure from happening before the relation is read. */
  g_string_append_printf(sql, " FROM range(1) r(n) WHERE CASE WHEN n >= 0 THEN error(%s) END IS NULL", quoted);
  return g_string_free(sql, FALSE);
}

gboolean external_is_away(const GError *error) {
  return error != NULL && strstr(error->message, AWAY_TEXT) != NULL;
}

static gint compare_texts(gconstpointer a, gconstpointer b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

char **external_table_folders(const char *workspace, const LakeSnapshot *snapshot) {
  g_autoptr(GHashTable) folders = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  g_autofree char *root = g_canonicalize_filename(workspace, NULL);
  g_hash_table_add(folders, g_build_filename(root, "external", NULL));
  for (guint i = 0; i < snapshot->tables->len; i++) {
    const SnapshotTable *table = snapshot->tables->pdata[i];
    if (!g_hash_table_contains(table->delta->configuration, EXTERNAL_SETTING)) continue;
    for (guint f = 0; table->files[f] != NULL; f++) {
      char real[PATH_MAX];
      if (realpath(table->files[f], real) != NULL) g_hash_table_add(folders, g_path_get_dirname(real));
    }
  }
  g_autoptr(GPtrArray) sorted = g_ptr_array_new();
  GHashTableIter iter;
  gpointer key;
  g_hash_table_iter_init(&iter, folders);
  while (g_hash_table_iter_next(&iter, &key, NULL)) g_ptr_array_add(sorted, g_strdup(key));
  g_ptr_array_sort(sorted, compare_texts);
  g_ptr_array_add(sorted, NULL);
  return (char **)g_ptr_array_free(g_steal_pointer(&sorted), FALSE);
}

gboolean registry_publish_model(const char *workspace, const char *model_hash, GError **error) {
  g_autoptr(GPtrArray) none = g_ptr_array_new();
  return snapshot_publish_changes(workspace, none, FALSE, model_hash, NULL, error);
}
