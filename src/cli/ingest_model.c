/* After a load: tables that nobody described yet become part of the model. */
#include "cli/ingest_guard.h"
#include "base/disk.h"
#include "lake/delta.h"
#include "model/infer_add.h"
#include <string.h>

static gboolean knows_table(const Model *model, const char *table) {
  for (guint i = 0; model != NULL && i < model->datasets->len; i++)
    if (strcmp(((Dataset *)model->datasets->pdata[i])->table, table) == 0) return TRUE;
  return FALSE;
}

static ImportedColumn *copied_column(const ImportedColumn *from) {
  ImportedColumn *column = g_new0(ImportedColumn, 1);
  *column = *from;
  column->name = g_strdup(from->name);
  column->label = g_strdup(from->label);
  column->yes = g_strdup(from->yes);
  column->no = g_strdup(from->no);
  column->currency = g_strdup(from->currency);
  column->note = g_strdup(from->note);
  return column;
}

/* The load that made the table may have been killed before this point; then the table itself tells its columns. */
static GPtrArray *columns_of(const IngestReport *report, const SnapshotTable *stored) {
  GPtrArray *columns = g_ptr_array_new_with_free_func((GDestroyNotify)imported_column_free);
  for (guint i = 0; report->columns != NULL && i < report->columns->len; i++) g_ptr_array_add(columns, copied_column(report->columns->pdata[i]));
  for (guint i = 0; report->columns == NULL && i < stored->delta->columns->len; i++) {
    const DeltaColumn *from = stored->delta->columns->pdata[i];
    const ImportedColumn column = {.name = from->name, .label = from->label != NULL ? from->label : from->name, .type = from->type};
    g_ptr_array_add(columns, copied_column(&column));
  }
  return columns;
}

static ImportedTable *imported_of(const IngestReport *report, const LakeSnapshot *snapshot) {
  const SnapshotTable *stored = lake_snapshot_find(snapshot, report->target);
  if (stored == NULL) return NULL;
  ImportedTable *table = g_new0(ImportedTable, 1);
  table->table = g_strdup(report->target);
  table->label = g_strdup(report->target);
  table->source = g_strdup(report->definition);
  table->rows = stored->rows;
  table->files = g_strdupv(stored->files);
  table->columns = columns_of(report, stored);
  return table;
}

static GPtrArray *unknown_tables(const Model *model, const GPtrArray *reports, const LakeSnapshot *snapshot) {
  GPtrArray *tables = g_ptr_array_new_with_free_func((GDestroyNotify)imported_table_free);
  for (guint i = 0; i < reports->len; i++) {
    const IngestReport *report = reports->pdata[i];
    ImportedTable *table = knows_table(model, report->target) ? NULL : imported_of(report, snapshot);
    if (table != NULL) g_ptr_array_add(tables, table);
  }
  return tables;
}

/* Old and new tables are looked at together: a new one may lead to an old one. */
static Model *infer(Engine *engine, const char *workspace, const Model *existing, const GPtrArray *added, GHashTable *notes, GError **error) {
  g_autofree char *folder = g_canonicalize_filename(workspace, NULL), *base = g_path_get_basename(folder);
  g_autoptr(GPtrArray) all = existing != NULL ? model_imported_tables(existing) : g_ptr_array_new();
  guint old = all->len;
  for (guint i = 0; i < added->len; i++) g_ptr_array_add(all, added->pdata[i]);
  Model *inferred = model_infer(engine, existing != NULL ? existing->name : base, all, notes, DEADLINE_NEVER, error);
  while (all->len > old) (void)g_ptr_array_steal_index(all, all->len - 1); /* these belong to `added` */
  if (inferred == NULL || existing == NULL) return inferred;
  Model *extended = model_add_inferred(existing, inferred, error);
  model_unref(inferred);
  return extended;
}

static gboolean has_model(const char *workspace) {
  g_autofree char *path = g_build_filename(workspace, "model", "core.yaml", NULL);
  return g_file_test(path, G_FILE_TEST_EXISTS);
}

gboolean ingest_extend_model(const char *workspace, const GPtrArray *reports, char **summary, GError **error) {
  *summary = NULL;
  g_autoptr(Model) existing = has_model(workspace) ? model_load(workspace, error) : NULL;
  if (existing == NULL && has_model(workspace)) return FALSE;
  gboolean all_known = existing != NULL;
  for (guint i = 0; i < reports->len && all_known; i++) all_known = knows_table(existing, ((IngestReport *)reports->pdata[i])->target);
  if (all_known) return TRUE;
  g_autoptr(GError) nothing = NULL;
  g_autoptr(LakeSnapshot) snapshot = lake_snapshot_open(workspace, NULL, &nothing);
  if (snapshot == NULL) return TRUE; /* nothing was ever loaded */
  g_autoptr(GPtrArray) added = unknown_tables(existing, reports, snapshot);
  if (added->len == 0) return TRUE;
  g_autofree char *spill = g_build_filename(workspace, "cache", "spill", NULL), *folder = g_build_filename(workspace, "model", NULL);
  EngineOptions options = {.memory_limit_bytes = engine_memory_within(ENGINE_WORK_BYTES), .spill_directory = spill, .max_connections = 2};
  g_autoptr(Engine) engine = disk_make_folder(spill, error) && disk_make_folder(folder, error) ? engine_open_duckdb(&options, error) : NULL;
  if (engine == NULL || !lake_snapshot_attach(snapshot, engine, DEADLINE_NEVER, error)) return FALSE;
  g_autoptr(GHashTable) notes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr(Model) model = infer(engine, workspace, existing, added, notes, error);
  if (model == NULL || !model_save(model, notes, workspace, error) || !lake_snapshot_publish(workspace, model->hash, error)) return FALSE;
  *summary = model_summarise(model);
  return TRUE;
}
