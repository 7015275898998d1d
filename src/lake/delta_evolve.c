/* Columns that change: added ones, wider types. What would lose or reinterpret values is refused. */
#include "lake/delta_change.h"
#include "lake/delta_rows.h"
#include "lake/delta_schema.h"
#include <string.h>

/* Whole numbers by width; 0 for other types. */
static int integer_digits(const DeltaColumn *column) {
  static const struct {
    const char *type;
    int digits;
  } types[] = {{"byte", 3}, {"short", 5}, {"integer", 10}, {"long", 19}};
  for (gsize i = 0; i < G_N_ELEMENTS(types); i++)
    if (!strcmp(column->delta_type, types[i].type)) return types[i].digits;
  return 0;
}

/* Every value of `from` is one of `to`, with the same meaning. */
static gboolean widens(const DeltaColumn *from, const DeltaColumn *to) {
  int digits = integer_digits(from);
  if (digits && integer_digits(to)) return integer_digits(to) >= digits;
  if (digits && to->type == FIELD_DECIMAL) return to->precision - to->scale >= digits;
  if (digits && !strcmp(to->delta_type, "double")) return digits <= 10;
  if (from->type == FIELD_DECIMAL && to->type == FIELD_DECIMAL)
    return to->scale >= from->scale && to->precision - to->scale >= from->precision - from->scale;
  if (!strcmp(from->delta_type, "float")) return !strcmp(to->delta_type, "double");
  return from->type == FIELD_DATE && !strcmp(to->delta_type, "timestamp_ntz");
}

static gboolean fits_already(const DeltaColumn *have, const DeltaColumn *come) {
  return !strcmp(have->delta_type, come->delta_type) || (widens(come, have) && have->type == come->type) ||
         (have->type == FIELD_TIMESTAMP && come->type == FIELD_TIMESTAMP);
}

static gboolean refuse(const DeltaTable *table, const DeltaColumn *have, const DeltaColumn *come, GError **error) {
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_UNSUPPORTED,
              "%s: the column %s is %s and cannot become %s without changing values; load it under another name, or convert it",
              table->location, have->name, have->delta_type, come->delta_type);
  return FALSE;
}

/* One column that comes against the columns so far. */
static gboolean evolve_column(const DeltaTable *table, GPtrArray *columns, const DeltaColumn *come, gboolean *changed,
                              gboolean *rewrite, GError **error) {
  for (guint i = 0; i < columns->len; i++) {
    DeltaColumn *have = columns->pdata[i];
    if (g_ascii_strcasecmp(have->name, come->name)) continue;
    if (fits_already(have, come)) return TRUE;
    gboolean is_partition = g_strv_contains((const char *const *)table->partition_columns, have->name);
    if (!widens(have, come) || is_partition) return refuse(table, have, come, error);
    DeltaColumn *wider = delta_column_copy(have);
    g_free(wider->delta_type);
    wider->delta_type = g_strdup(come->delta_type);
    wider->type = come->type;
    wider->precision = come->precision;
    wider->scale = come->scale;
    columns->pdata[i] = wider;
    delta_column_free(have);
    *changed = *rewrite = TRUE;
    return TRUE;
  }
  DeltaColumn *added = delta_column_copy(come);
  added->required = FALSE; /* rows of before have no value */
  g_ptr_array_add(columns, added);
  *changed = TRUE;
  return TRUE;
}

GPtrArray *delta_schema_evolve(const DeltaTable *table, const GPtrArray *columns, gboolean *changed, gboolean *rewrite,
                               GError **error) {
  g_autoptr(GPtrArray) evolved = delta_columns_copy(table->columns);
  gboolean any = FALSE, again = FALSE;
  for (guint i = 0; i < columns->len; i++)
    if (!evolve_column(table, evolved, columns->pdata[i], &any, &again, error)) return NULL;
  *changed = any;
  *rewrite = again;
  return g_steal_pointer(&evolved);
}

/* The same table with other columns, to write rows for. (transfer full) */
static DeltaTable *with_columns(const DeltaTable *table, const GPtrArray *columns, GError **error) {
  return delta_table_draft(table->location, columns, (const char *const *)table->partition_columns, table->configuration, error);
}

static gboolean evolve_once(DeltaTable *table, Engine *engine, gpointer data, DeltaOutcome *out, GError **error) {
  gboolean changed = FALSE, rewrite = FALSE;
  g_autoptr(GPtrArray) columns = delta_schema_evolve(table, data, &changed, &rewrite, error);
  if (!columns) return FALSE;
  if (!changed) return TRUE;
  DeltaCommit *commit = delta_commit_new(table, rewrite ? "CHANGE COLUMN" : "ADD COLUMNS");
  delta_commit_set_columns(commit, columns);
  g_autoptr(GPtrArray) added = NULL;
  if (!rewrite) return delta_finish(commit, table, engine, NULL, NULL, out, error);
  if (!delta_table_fetch(table, NULL, DEADLINE_NEVER, error)) {
    delta_commit_free(commit);
    return FALSE;
  }
  g_autoptr(DeltaTable) wider = with_columns(table, columns, error);
  g_autofree char *rows = delta_relation_sql_with(table, NULL, DELTA_RELATION_STORED);
  added = wider ? delta_write_rows(wider, engine, rows, NULL, error) : NULL;
  if (!added) {
    delta_commit_free(commit);
    return FALSE;
  }
  delta_commit_set_read(commit, NULL, 0);
  for (guint i = 0; i < table->files->len; i++) delta_commit_remove(commit, table->files->pdata[i], TRUE);
  for (guint i = 0; i < added->len; i++) delta_commit_add(commit, added->pdata[i], TRUE);
  out->rows_copied = delta_files_rows(added);
  return delta_finish(commit, table, engine, added, table->files, out, error);
}

gboolean delta_evolve(DeltaTable *table, Engine *engine, const GPtrArray *columns, DeltaOutcome *out, GError **error) {
  return delta_try(table, engine, evolve_once, (gpointer)columns, out, error);
}
