/* aisle tables -w DIR: the tables of the current snapshot, their versions and sizes. */
#include "cli/lake.h"
#include <stdio.h>

static json_t *describe(const SnapshotTable *table) {
  json_t *partitions = json_array(), *columns = json_array();
  for (char **name = table->delta->partition_columns; *name; name++) json_array_append_new(partitions, json_string(*name));
  for (guint i = 0; i < table->delta->columns->len; i++) {
    const DeltaColumn *column = table->delta->columns->pdata[i];
    json_array_append_new(columns, json_pack("{s:s, s:s}", "name", column->name, "type", column->delta_type));
  }
  return json_pack("{s:s, s:I, s:I, s:I, s:I, s:o, s:o, s:s}", "name", table->name, "version", (json_int_t)table->version,
                   "rows", (json_int_t)table->rows, "bytes", (json_int_t)table->bytes, "files",
                   (json_int_t)table->delta->files->len, "partitioned_by", partitions, "columns", columns, "location",
                   table->location);
}

static void print_table(const SnapshotTable *table) {
  g_autofree char *partitions = g_strjoinv(", ", table->delta->partition_columns);
  g_autofree char *rows = text_count(table->rows, "row"), *size = g_format_size((guint64)table->bytes),
                  *files = text_count(table->delta->files->len, "file");
  printf("%-28s version %-6" G_GINT64_FORMAT " %19s %10s %12s%s%s\n", table->name, table->version, rows, size, files,
         *partitions ? "  by " : "", partitions);
}

int cli_tables(int argc, char **argv) {
  g_autofree char *workspace = NULL, *snapshot_name = NULL;
  gboolean as_json = FALSE;
  const GOptionEntry entries[] = {
      CLI_WORKSPACE(&workspace),
      {"snapshot", 0, 0, G_OPTION_ARG_STRING, &snapshot_name, "Those of a named snapshot", "NAME"},
      {"json", 0, 0, G_OPTION_ARG_NONE, &as_json, "Print JSON", NULL},
      G_OPTION_ENTRY_NULL,
  };
  int status = 0;
  if (!cli_lake_parse("tables", "- the tables, their versions and sizes", entries, &argc, &argv, 0, 0, &status)) return status;
  g_autoptr(GError) error = NULL;
  g_autoptr(LakeSnapshot) snapshot = cli_find_workspace(&workspace, &error) ? lake_snapshot_open(workspace, snapshot_name, &error) : NULL;
  if (!snapshot) return cli_fail("tables", g_steal_pointer(&error));
  json_t *list = json_array();
  for (guint i = 0; i < snapshot->tables->len; i++) {
    if (as_json) json_array_append_new(list, describe(snapshot->tables->pdata[i]));
    else print_table(snapshot->tables->pdata[i]);
  }
  if (as_json) cli_lake_print_json(json_pack("{s:s, s:I, s:o}", "snapshot", snapshot->id, "created_ms",
                                             (json_int_t)snapshot->created_ms, "tables", list));
  else json_decref(list);
  return 0;
}
