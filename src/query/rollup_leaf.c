/* The pieces of planning that differ over a rollup: what an aggregate becomes, and which fields can be seen. */
#include "query/compiler.h"
#include <string.h>

static char *missing(const RollupView *view, GError **error) {
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_QUERY, "the rollup \"%s\" does not hold this measure",
              view->definition->name);
  return NULL;
}

static const RollupKey *find_key(const RollupView *view, const char *dataset, const char *field) {
  g_autofree char *origin = g_strconcat(dataset, ".", field, NULL);
  for (guint i = 0; i < view->keys->len; i++) {
    const RollupKey *key = view->keys->pdata[i];
    if (g_str_equal(key->origin, origin)) return key;
  }
  return NULL;
}

/* Distinct values of a kept key; the date only where its periods are the days that the rows have. */
static char *count_keys(const RollupView *view, const char *expression, const Field *field, GError **error) {
  const Dataset *dataset = rollup_view_dataset(view);
  const Field *kept = field ? rollup_reach_field(view->model, dataset, field) : NULL;
  if (!kept && expression) kept = dataset_find_field(dataset, expression);
  const RollupKey *date = view->keys->pdata[0];
  if (!kept || g_strcmp0(kept->dataset, dataset->name) != 0 || g_str_equal(kept->name, date->name) ||
      kept->role == FIELD_ROLE_MEASURE)
    return missing(view, error);
  g_autofree char *name = sql_name(kept->name);
  return g_strdup_printf("COUNT(DISTINCT %s)", name);
}

const RollupMeasure *rollup_find_sketch(const RollupView *view, const char *dataset, const char *field) {
  g_autofree char *origin = g_strconcat(dataset, ".", field, NULL);
  for (guint i = 0; i < view->sketches->len; i++) {
    const RollupMeasure *sketch = view->sketches->pdata[i];
    if (g_str_equal(sketch->expression, origin)) return sketch;
  }
  return NULL;
}

/* The sketches of what is counted: of a field, or of a column of the rolled dataset itself. */
static const RollupMeasure *sketch_of(const RollupView *view, const char *expression, const Field *field) {
  const Dataset *rows = model_find_dataset(view->raw, view->definition->dataset);
  const Dataset *home = field ? model_find_dataset(view->raw, field->dataset) : rows;
  const Field *raw = home && (field || expression) ? dataset_find_field(home, field ? field->name : expression) : NULL;
  const Field *reached = rows && raw ? reach_field(view->raw, rows, raw) : NULL;
  return reached ? rollup_find_sketch(view, reached->dataset, reached->name) : NULL;
}

static char *count_distinct(const RollupView *view, const char *expression, const Field *field, RolledKind *kind,
                            GError **error) {
  *kind = ROLLED_KEY_COUNT;
  char *exact = count_keys(view, expression, field, NULL);
  if (exact) return exact;
  const RollupMeasure *sketch = sketch_of(view, expression, field);
  if (!sketch) return missing(view, error);
  *kind = ROLLED_ESTIMATE;
  g_autofree char *name = sql_name(sketch->column);
  return g_strdup_printf("aisle_sketch_count(%s)", name);
}

char *rollup_aggregate_sql(const RollupView *view, Aggregate aggregate, const char *expression, const Field *field,
                           gboolean is_plain, RolledKind *kind, GError **error) {
  *kind = ROLLED_SUM;
  if (aggregate == AGGREGATE_COUNT_DISTINCT) return count_distinct(view, expression, field, kind, error);
  if (!is_plain) return missing(view, error);
  if (aggregate == AGGREGATE_COUNT && !expression && !field) {
    *kind = ROLLED_ROW_COUNT;
    return g_strdup("SUM(" ROLLUP_ROWS_COLUMN ")");
  }
  if (aggregate != AGGREGATE_SUM) return missing(view, error);
  const char *wanted = expression ? expression : field ? field->expression : NULL;
  for (guint i = 0; wanted && i < view->measures->len; i++) {
    const RollupMeasure *measure = view->measures->pdata[i];
    if (g_str_equal(measure->expression, wanted)) return g_strdup_printf("SUM(%s)", measure->column);
  }
  return missing(view, error);
}

/* ---- reach ---- */
static gboolean same_path(const RollupView *view, const Model *model, const char *from, const char *to) {
  g_autoptr(GPtrArray) kept = model_join_path(model, from, to), raw = model_join_path(view->raw, from, to);
  if (!kept || !raw || kept->len != raw->len) return FALSE;
  for (guint i = 0; i < kept->len; i++)
    if (g_strcmp0(((const Relationship *)kept->pdata[i])->name, ((const Relationship *)raw->pdata[i])->name) != 0)
      return FALSE;
  return TRUE;
}

const Field *rollup_reach_field(const Model *model, const Dataset *dataset, const Field *field) {
  const RollupView *view = dataset->rollup;
  if (g_strcmp0(field->dataset, dataset->name) == 0 && dataset_find_field(dataset, field->name) == field) return field;
  const Dataset *rows = model_find_dataset(view->raw, dataset->name),
                *home = model_find_dataset(view->raw, field->dataset);
  const Field *raw = home ? dataset_find_field(home, field->name) : NULL;
  const Field *reached = rows && raw ? reach_field(view->raw, rows, raw) : NULL;
  if (!reached) return NULL;
  const RollupKey *key = find_key(view, reached->dataset, reached->name);
  if (key) return dataset_find_field(dataset, key->name);
  if (g_strcmp0(reached->dataset, dataset->name) == 0 || !same_path(view, model, dataset->name, reached->dataset))
    return NULL;
  const Dataset *joined = model_find_dataset(model, reached->dataset);
  return joined ? dataset_find_field(joined, reached->name) : NULL;
}
