/* aisle export -w DIR TABLE: a stored table as typed CSV, in the version of the current snapshot. */
#include "cli/lake.h"
#include <stdio.h>

#define EXPORT_BATCH_ROWS 50000

static void append_cell(GString *out, const Value *value) {
  g_autofree char *text = value_to_text(value);
  gboolean quote = value->type == VALUE_TEXT && !*text;
  for (const char *p = text; *p && !quote; p++) quote = *p == ',' || *p == '"' || *p == '\n' || *p == '\r';
  if (!quote) {
    g_string_append(out, text);
    return;
  }
  g_string_append_c(out, '"');
  for (const char *p = text; *p; p++) {
    if (*p == '"') g_string_append_c(out, '"');
    g_string_append_c(out, *p);
  }
  g_string_append_c(out, '"');
}

static gboolean write_table(const ResultTable *rows, gboolean with_header, GError **error) {
  g_autoptr(GString) text = g_string_new(NULL);
  guint columns = result_table_n_columns(rows);
  for (guint j = 0; j < columns && with_header; j++)
    g_string_append_printf(text, "%s%s", j ? "," : "", ((const ResultColumn *)rows->columns->pdata[j])->name);
  if (with_header) g_string_append(text, "\r\n");
  for (gsize i = 0; i < rows->n_rows; i++) {
    for (guint j = 0; j < columns; j++) {
      if (j) g_string_append_c(text, ',');
      append_cell(text, result_table_at(rows, i, j));
    }
    g_string_append(text, "\r\n");
  }
  if (fwrite(text->str, 1, text->len, stdout) == text->len && fflush(stdout) == 0) return TRUE;
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_IO, "cannot write the output");
  return FALSE;
}

/* In batches by row number within each file, so that a table larger than memory can be exported. */
static gboolean export_file(Engine *engine, const char *path, gboolean *with_header, GError **error) {
  g_autofree char *quoted = text_sql_quote(path);
  for (gint64 from = 0;; from += EXPORT_BATCH_ROWS) {
    g_autofree char *sql = g_strdup_printf(
        "SELECT * EXCLUDE (file_row_number) FROM read_parquet(%s, file_row_number=true, hive_partitioning=false) WHERE "
        "file_row_number >= %" G_GINT64_FORMAT " AND file_row_number < %" G_GINT64_FORMAT " ORDER BY file_row_number",
        quoted, from, from + EXPORT_BATCH_ROWS);
    g_autoptr(ResultTable) rows = engine_query(engine, sql, NULL, 0, DEADLINE_NEVER, error);
    if (!rows || !write_table(rows, *with_header, error)) return FALSE;
    *with_header = FALSE;
    if (rows->n_rows < EXPORT_BATCH_ROWS) return TRUE;
  }
}

/* A file of another writer, or from before a column was added: the columns of the table are not those of the file. */
static gboolean export_other(Engine *engine, const DeltaTable *table, const DeltaFile *file, gboolean *with_header, GError **error) {
  g_autoptr(GPtrArray) one = g_ptr_array_new();
  g_ptr_array_add(one, (gpointer)file);
  g_autofree char *relation = delta_relation_sql(table, one);
  g_autoptr(ResultTable) rows = engine_query(engine, relation, NULL, 0, DEADLINE_NEVER, error);
  if (!rows || !write_table(rows, *with_header, error)) return FALSE;
  *with_header = FALSE;
  return TRUE;
}

static gboolean export_table(const char *workspace, const char *name, GError **error) {
  g_autoptr(LakeSnapshot) snapshot = lake_snapshot_open(workspace, NULL, error);
  if (!snapshot) return FALSE;
  const SnapshotTable *table = lake_snapshot_find(snapshot, name);
  if (!table) {
    if (cli_lake_knows(workspace, name, error))
      g_set_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND, "table %s was not published yet; a load may be in progress", name);
    return FALSE;
  }
  EngineOptions options = {.threads = 1, .max_connections = 1};
  g_autoptr(Engine) engine = engine_open_duckdb(&options, error);
  gboolean with_header = TRUE;
  for (guint i = 0; engine && i < table->delta->files->len; i++) {
    const DeltaFile *file = table->delta->files->pdata[i];
    gboolean ok = delta_file_is_plain(table->delta, file) ? export_file(engine, table->files[i], &with_header, error)
                                                          : export_other(engine, table->delta, file, &with_header, error);
    if (!ok) return FALSE;
  }
  return engine != NULL;
}

int cli_export(int argc, char **argv) {
  g_autofree char *workspace = NULL;
  const GOptionEntry entries[] = {
      CLI_WORKSPACE(&workspace),
      G_OPTION_ENTRY_NULL,
  };
  int status = 0;
  if (!cli_lake_parse("export", "TABLE - print a stored table as CSV", entries, &argc, &argv, 1, 1, &status)) return status;
  g_autoptr(GError) error = NULL;
  if (cli_find_workspace(&workspace, &error) && export_table(workspace, argv[1], &error)) return 0;
  return cli_fail("export", g_steal_pointer(&error));
}
