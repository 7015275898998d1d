/* Snapshots: which version of every table belongs together. One JSON file, replaced in one step. */
#include "lake/delta.h"
#include "base/disk.h"
#include "lake/lake.h"
#include <string.h>

struct LakeSnapshotCount {
  gint references;
  LakeSnapshot snapshot;
};

static void snapshot_table_free(SnapshotTable *table) {
  if (!table) return;
  g_free(table->name);
  g_free(table->location);
  g_strfreev(table->files);
  g_free(table);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SnapshotTable, snapshot_table_free)

static LakeSnapshot *snapshot_new(void) {
  struct LakeSnapshotCount *counted = g_new0(struct LakeSnapshotCount, 1);
  counted->references = 1;
  counted->snapshot.tables = g_ptr_array_new_with_free_func((GDestroyNotify)snapshot_table_free);
  return &counted->snapshot;
}

static struct LakeSnapshotCount *snapshot_count(LakeSnapshot *snapshot) {
  return (struct LakeSnapshotCount *)(gpointer)((char *)snapshot - offsetof(struct LakeSnapshotCount, snapshot));
}

LakeSnapshot *lake_snapshot_ref(LakeSnapshot *snapshot) {
  g_atomic_int_inc(&snapshot_count(snapshot)->references);
  return snapshot;
}

void lake_snapshot_unref(LakeSnapshot *snapshot) {
  if (!snapshot || !g_atomic_int_dec_and_test(&snapshot_count(snapshot)->references)) return;
  g_free(snapshot->id);
  g_free(snapshot->model_hash);
  g_ptr_array_unref(snapshot->tables);
  g_free(snapshot_count(snapshot));
}

const SnapshotTable *lake_snapshot_find(const LakeSnapshot *snapshot, const char *table) {
  for (guint i = 0; i < snapshot->tables->len; i++) {
    const SnapshotTable *candidate = snapshot->tables->pdata[i];
    if (!strcmp(candidate->name, table)) return candidate;
  }
  return NULL;
}

/* ---- publishing ---- */

static gint compare_names(gconstpointer a, gconstpointer b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names of the table folders, sorted. Folders that start with "_" are our own. */
static GPtrArray *list_tables(const char *lake, GError **error) {
  g_autoptr(GDir) listing = g_dir_open(lake, 0, NULL);
  if (!listing) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND, "%s: there is no lake folder; is this a workspace?", lake);
    return NULL;
  }
  GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
  const char *name;
  while ((name = g_dir_read_name(listing))) {
    g_autofree char *log = g_build_filename(lake, name, "_delta_log", NULL);
    if (name[0] != '_' && name[0] != '.' && g_file_test(log, G_FILE_TEST_IS_DIR))
      g_ptr_array_add(names, g_strdup(name));
  }
  g_ptr_array_sort(names, compare_names);
  return names;
}

/* A table whose first commit never came about does not exist. */
static json_t *describe_table(const char *lake, const char *name, GError **error) {
  g_autofree char *folder = g_build_filename(lake, name, NULL);
  g_autoptr(DeltaTable) table = delta_table_open(folder, -1, NULL, error);
  if (!table) return NULL;
  json_t *files = json_array();
  gint64 rows = 0, bytes = 0;
  for (guint i = 0; i < table->files->len; i++) {
    const DeltaFile *file = table->files->pdata[i];
    json_array_append_new(files, json_string(file->path));
    rows += MAX(file->rows, 0);
    bytes += file->bytes;
  }
  json_t *columns = json_array();
  for (guint i = 0; i < table->columns->len; i++)
    json_array_append_new(columns, json_string(((const DeltaColumn *)table->columns->pdata[i])->name));
  return json_pack("{s:s, s:I, s:I, s:I, s:o, s:o}", "name", name, "version", (json_int_t)table->version, "rows",
                   (json_int_t)rows, "bytes", (json_int_t)bytes, "files", files, "columns", columns);
}

gboolean lake_snapshot_publish(const char *workspace, const char *model_hash, GError **error) {
  g_autofree char *lake = g_build_filename(workspace, "lake", NULL);
  g_autofree char *folder = g_build_filename(workspace, "snapshots", NULL);
  g_autofree char *path = g_build_filename(folder, "current.json", NULL);
  g_autoptr(GPtrArray) names = list_tables(lake, error);
  if (!names) return FALSE;
  g_autoptr(json_t) tables = json_array();
  for (guint i = 0; i < names->len; i++) {
    g_autoptr(GError) failing = NULL;
    json_t *table = describe_table(lake, names->pdata[i], &failing);
    if (!table && g_error_matches(failing, AISLE_ERROR, AISLE_ERROR_NOT_FOUND)) continue;
    if (!table) {
      g_propagate_error(error, g_steal_pointer(&failing));
      return FALSE;
    }
    json_array_append_new(tables, table);
  }
  g_autofree char *id = g_uuid_string_random();
  g_autoptr(json_t) snapshot = json_pack("{s:i, s:s, s:I, s:o*, s:O}", "schema_version", 1, "id", id, "created_ms",
                                         (json_int_t)(g_get_real_time() / 1000), "model_hash",
                                         model_hash ? json_string(model_hash) : NULL, "tables", tables);
  g_autofree char *text = json_to_text(snapshot, JSON_PRETTY);
  return disk_make_folder(folder, error) && disk_replace(path, text, strlen(text), error);
}

/* ---- opening ---- */

static gboolean is_plain_name(const char *name) {
  if (!name || !*name || name[0] == '.' || strlen(name) > 200) return FALSE;
  for (const char *p = name; *p; p++)
    if (*p == '/' || *p == '\\' || (guchar)*p < 0x20) return FALSE;
  return TRUE;
}

static gboolean add_table(LakeSnapshot *snapshot, const char *workspace, const json_t *json, const char *path,
                          GError **error) {
  const char *name = json_get_string(json, "name");
  const json_t *files = json_object_get(json, "files");
  if (!is_plain_name(name) || !json_is_array(files)) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_CORRUPT, "%s: a table has no name or no files", path);
    return FALSE;
  }
  g_autoptr(SnapshotTable) table = g_new0(SnapshotTable, 1);
  table->name = g_strdup(name);
  table->version = json_get_int(json, "version", 0);
  table->rows = json_get_int(json, "rows", 0);
  table->bytes = json_get_int(json, "bytes", 0);
  g_autofree char *root = g_canonicalize_filename(workspace, NULL);
  table->location = g_build_filename(root, "lake", name, NULL);
  size_t count = json_array_size(files);
  table->files = g_new0(char *, count + 1);
  for (size_t i = 0; i < count; i++) {
    const char *file = json_string_value(json_array_get(files, i));
    if (!file || g_path_is_absolute(file) || strstr(file, "..")) {
      g_set_error(error, AISLE_ERROR, AISLE_ERROR_CORRUPT, "%s: the table %s names a file outside its folder", path,
                  name);
      return FALSE;
    }
    table->files[i] = g_build_filename(table->location, file, NULL);
  }
  g_ptr_array_add(snapshot->tables, g_steal_pointer(&table));
  return TRUE;
}

LakeSnapshot *lake_snapshot_open(const char *workspace, const char *name, GError **error) {
  if (name && !is_plain_name(name)) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "\"%s\" is not the name of a snapshot", name);
    return NULL;
  }
  g_autofree char *file = g_strconcat(name ? name : "current", ".json", NULL);
  g_autofree char *path = g_build_filename(workspace, "snapshots", file, NULL);
  if (!g_file_test(path, G_FILE_TEST_EXISTS)) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND,
                name ? "there is no snapshot \"%s\"" : "%s has no data yet: run aisle init", name ? name : workspace);
    return NULL;
  }
  g_autoptr(json_t) json = json_parse_file(path, error);
  if (!json) return NULL;
  g_autoptr(LakeSnapshot) snapshot = snapshot_new();
  snapshot->id = g_strdup(json_get_string(json, "id"));
  snapshot->model_hash = g_strdup(json_get_string(json, "model_hash"));
  snapshot->created_ms = json_get_int(json, "created_ms", 0);
  if (!snapshot->id) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_CORRUPT, "%s has no id", path);
    return NULL;
  }
  size_t i;
  json_t *table;
  json_array_foreach (json_object_get(json, "tables"), i, table)
    if (!add_table(snapshot, workspace, table, path, error)) return NULL;
  return g_steal_pointer(&snapshot);
}

/* ---- in the engine ---- */

/* No file: a relation of the right columns without rows. */
static gboolean append_empty_relation(GString *sql, const SnapshotTable *table, GError **error) {
  g_autoptr(DeltaTable) delta = delta_table_open(table->location, table->version, NULL, error);
  if (!delta) return FALSE;
  g_string_append(sql, "SELECT ");
  for (guint i = 0; i < delta->columns->len; i++) {
    const DeltaColumn *column = delta->columns->pdata[i];
    static const char *const types[] = {"VARCHAR", "BIGINT", "DECIMAL(18,4)", "DOUBLE",
                                        "BOOLEAN", "DATE",   "TIMESTAMP",     "VARCHAR"};
    g_autofree char *name = text_sql_identifier(column->name);
    g_string_append_printf(sql, "%sCAST(NULL AS %s) AS %s", i ? ", " : "", types[column->type], name);
  }
  g_string_append(sql, " WHERE false");
  return TRUE;
}

gboolean lake_snapshot_attach(const LakeSnapshot *snapshot, Engine *engine, Deadline deadline, GError **error) {
  if (!engine_execute(engine, "CREATE SCHEMA IF NOT EXISTS lake", deadline, error)) return FALSE;
  for (guint i = 0; i < snapshot->tables->len; i++) {
    const SnapshotTable *table = snapshot->tables->pdata[i];
    g_autofree char *name = text_sql_identifier(table->name);
    g_autoptr(GString) sql = g_string_new(NULL);
    g_string_append_printf(sql, "CREATE OR REPLACE VIEW lake.%s AS ", name);
    if (!table->files[0]) {
      if (!append_empty_relation(sql, table, error)) return FALSE;
    } else {
      g_string_append(sql, "SELECT * FROM read_parquet([");
      for (guint f = 0; table->files[f]; f++) {
        g_autofree char *quoted = text_sql_quote(table->files[f]);
        g_string_append_printf(sql, "%s%s", f ? ", " : "", quoted);
      }
      g_string_append(sql, "], hive_partitioning=false, union_by_name=false)");
    }
    if (!engine_execute(engine, sql->str, deadline, error)) {
      g_prefix_error(error, "table %s: ", table->name);
      return FALSE;
    }
  }
  return TRUE;
}
