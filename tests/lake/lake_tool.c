/*
 * One change of a Delta table or workspace, for tests that kill it, race it, or look at the result with other readers:
 *   lake_tool append|overwrite|overwrite-partitions LOCATION SQL [IDENTITY]
 *   lake_tool create LOCATION SQL "name:type,..." "partition,..."
 *   lake_tool merge LOCATION SQL KEYS [IDENTITY]    delete LOCATION CONDITION    constraint LOCATION NAME CONDITION
 *   lake_tool add-column LOCATION NAME TYPE         compact|checkpoint|count|sum LOCATION
 *   lake_tool vacuum LOCATION RETENTION_MS          restore LOCATION VERSION
 *   lake_tool load WORKSPACE IDENTITY SQL TABLE...  (the same rows into every table, published at once)
 * Prints the version; exit status as the program's.
 */
#include "lake/load.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TARGET_FILE_BYTES (1 << 20)

typedef struct {
  Engine *engine;
  int argc;
  char **argv;
} Call;

static const char *argument(const Call *call, int index) {
  return index < call->argc ? call->argv[index] : "";
}

static GPtrArray *columns_of(const char *text) {
  static const char *const names[] = {"text", "integer", "decimal", "double", "boolean", "date", "timestamp", "time"};
  GPtrArray *columns = g_ptr_array_new_with_free_func((GDestroyNotify)delta_column_free);
  g_auto(GStrv) parts = g_strsplit(text, ",", -1);
  for (char **part = parts; *part && **part; part++) {
    g_auto(GStrv) pair = g_strsplit(*part, ":", 2);
    FieldType type = FIELD_TEXT;
    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
      if (pair[1] && !strcmp(pair[1], names[i])) type = (FieldType)i;
    g_ptr_array_add(columns, delta_column_new(pair[0], NULL, type));
  }
  return columns;
}

static gboolean create(const Call *call, DeltaOutcome *out, GError **error) {
  g_autoptr(GPtrArray) columns = columns_of(argument(call, 4));
  g_auto(GStrv) partitions = *argument(call, 5) ? g_strsplit(argument(call, 5), ",", -1) : NULL;
  g_autoptr(DeltaTable) draft = delta_table_draft(argument(call, 2), columns, (const char *const *)partitions, NULL, error);
  return draft && delta_append(draft, call->engine, argument(call, 3), NULL, NULL, out, error);
}

static gboolean evolve(const Call *call, DeltaTable *table, DeltaOutcome *out, GError **error) {
  g_autofree char *spec = g_strdup_printf("%s:%s", argument(call, 3), argument(call, 4));
  g_autoptr(GPtrArray) columns = columns_of(spec);
  return delta_evolve(table, call->engine, columns, out, error);
}

static gboolean vacuum(const Call *call, DeltaTable *table, DeltaOutcome *out, GError **error) {
  DeltaVacuumOptions options = {.retention_ms = g_ascii_strtoll(argument(call, 3), NULL, 10)};
  g_autoptr(GPtrArray) removed = delta_vacuum(table, call->engine, &options, NULL, error);
  out->files_removed = removed ? removed->len : 0;
  return removed != NULL;
}

static gboolean show(const Call *call, DeltaTable *table, const char *expression, GError **error) {
  if (!delta_table_fetch(table, NULL, DEADLINE_NEVER, error)) return FALSE;
  g_autofree char *relation = delta_relation_sql(table, NULL);
  g_autofree char *sql = g_strdup_printf("SELECT %s FROM (%s)", expression, relation);
  g_autoptr(ResultTable) rows = engine_query(call->engine, sql, NULL, 0, DEADLINE_NEVER, error);
  if (!rows) return FALSE;
  for (guint i = 0; i < result_table_n_columns(rows); i++) {
    g_autofree char *text = value_to_text(result_table_at(rows, 0, i));
    printf("%s%s", i ? " " : "", text);
  }
  printf("\n");
  return TRUE;
}

static gboolean change(const Call *call, DeltaTable *table, DeltaOutcome *out, GError **error) {
  const char *verb = argument(call, 1), *third = argument(call, 3);
  gboolean merge = !strcmp(verb, "merge");
  DeltaIdentity identity = {argument(call, merge ? 5 : 4), 1};
  const DeltaIdentity *load = *identity.application ? &identity : NULL;
  DeltaWriteOptions options = {.target_file_bytes = TARGET_FILE_BYTES, .deadline = DEADLINE_NEVER};
  if (!strcmp(verb, "append")) return delta_append(table, call->engine, third, load, &options, out, error);
  if (!strcmp(verb, "overwrite"))
    return delta_overwrite(table, call->engine, third, DELTA_OVERWRITE_TABLE, load, &options, out, error);
  if (!strcmp(verb, "overwrite-partitions"))
    return delta_overwrite(table, call->engine, third, DELTA_OVERWRITE_PARTITIONS, load, &options, out, error);
  if (merge) {
    g_auto(GStrv) keys = g_strsplit(argument(call, 4), ",", -1);
    return delta_merge(table, call->engine, third, (const char *const *)keys, load, &options, out, error);
  }
  if (!strcmp(verb, "delete")) return delta_delete(table, call->engine, third, NULL, 0, &options, out, error);
  if (!strcmp(verb, "constraint")) return delta_set_constraint(table, call->engine, third, argument(call, 4), error);
  if (!strcmp(verb, "add-column")) return evolve(call, table, out, error);
  if (!strcmp(verb, "compact")) return delta_compact(table, call->engine, &options, out, error);
  if (!strcmp(verb, "checkpoint")) return delta_checkpoint_write(table, call->engine, error);
  if (!strcmp(verb, "vacuum")) return vacuum(call, table, out, error);
  if (!strcmp(verb, "restore")) return delta_restore(table, call->engine, g_ascii_strtoll(third, NULL, 10), out, error);
  if (!strcmp(verb, "count")) return show(call, table, "count(*)", error);
  if (!strcmp(verb, "sum")) return show(call, table, third, error);
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "there is no verb %s", verb);
  return FALSE;
}

static gboolean load_table(const Call *call, const char *table, GError **error) {
  g_autofree char *location = lake_table_location(argument(call, 2), table, error);
  g_autoptr(DeltaTable) opened = location ? delta_table_open(location, -1, call->engine, error) : NULL;
  DeltaIdentity identity = {argument(call, 3), 1};
  return opened && delta_append(opened, call->engine, argument(call, 4), &identity, NULL, NULL, error);
}

static gboolean load(const Call *call, GError **error) {
  g_autoptr(LakeLoad) load = lake_load_begin(argument(call, 2), argument(call, 3), (const char *const *)call->argv + 5, call->engine,
                                             deadline_in_ms(60000, NULL), error);
  for (int i = 5; load && i < call->argc; i++)
    if (!load_table(call, call->argv[i], error)) return FALSE;
  return load && lake_load_publish(load, NULL, NULL, error);
}

static gboolean run(const Call *call, GError **error) {
  DeltaOutcome done = {.version = -1};
  if (!strcmp(argument(call, 1), "load")) return load(call, error);
  if (!strcmp(argument(call, 1), "create")) return create(call, &done, error);
  g_autoptr(DeltaTable) table = delta_table_open(argument(call, 2), -1, call->engine, error);
  done.version = table ? table->version : -1;
  if (!table || !change(call, table, &done, error)) return FALSE;
  if (strcmp(argument(call, 1), "count") && strcmp(argument(call, 1), "sum")) printf("%" G_GINT64_FORMAT "\n", done.version);
  return TRUE;
}

int main(int argc, char **argv) {
  g_autoptr(GError) error = NULL;
  EngineOptions options = {.threads = 1, .max_connections = 2};
  g_autoptr(Engine) engine = engine_open_duckdb(&options, &error);
  Call call = {engine, argc, argv};
  if (engine && run(&call, &error)) return 0;
  fprintf(stderr, "lake_tool: %s\n", error->message);
  return aisle_error_info_of(error)->exit_status;
}
