/* Life cycle of the parts of a semantic query: time ranges, filters, measures, dimensions. */
#include "query/semantic_query.h"

TimeRange time_range_all(void) {
  return (TimeRange){TIME_ALL, DAY_NONE, DAY_NONE, TIME_UNIT_NONE, 0, 0};
}

TimeRange time_range_absolute(Day from, Day to_exclusive) {
  return (TimeRange){TIME_ABSOLUTE, from, to_exclusive, TIME_UNIT_NONE, 0, 0};
}

TimeRange time_range_units(TimeUnit unit, int offset, int count) {
  return (TimeRange){TIME_UNITS, DAY_NONE, DAY_NONE, unit, offset, count};
}

gboolean time_range_equal(const TimeRange *a, const TimeRange *b) {
  if (a->kind != b->kind) return FALSE;
  switch (a->kind) {
  case TIME_ALL: return TRUE;
  case TIME_ABSOLUTE: return a->from == b->from && a->to == b->to;
  case TIME_UNITS: return a->unit == b->unit && a->offset == b->offset && a->count == b->count;
  case TIME_ROLLING: return a->unit == b->unit && a->count == b->count;
  case TIME_TO_DATE: return a->unit == b->unit && a->offset == b->offset;
  }
  return FALSE;
}

static GPtrArray *copy_strings(const GPtrArray *strings) {
  GPtrArray *copy = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; strings && i < strings->len; i++) g_ptr_array_add(copy, g_strdup(strings->pdata[i]));
  return copy;
}

static GPtrArray *copy_filters(const GPtrArray *filters) {
  GPtrArray *copy = g_ptr_array_new_with_free_func((GDestroyNotify)filter_free);
  for (guint i = 0; filters && i < filters->len; i++) g_ptr_array_add(copy, filter_copy(filters->pdata[i]));
  return copy;
}

Filter *filter_new(FilterKind kind) {
  Filter *filter = g_new0(Filter, 1);
  filter->kind = kind;
  filter->op = OP_EQUAL;
  filter->values = g_ptr_array_new_with_free_func(g_free);
  filter->did = g_ptr_array_new_with_free_func((GDestroyNotify)filter_free);
  filter->did_time = time_range_all();
  return filter;
}

Filter *filter_new_values(const char *field, Operator op, const char *first_value, ...) {
  Filter *filter = filter_new(FILTER_FIELD);
  filter->field = g_strdup(field);
  filter->op = op;
  va_list values;
  va_start(values, first_value);
  for (const char *value = first_value; value; value = va_arg(values, const char *))
    g_ptr_array_add(filter->values, g_strdup(value));
  va_end(values);
  return filter;
}

Filter *filter_copy(const Filter *filter) {
  if (!filter) return NULL;
  Filter *copy = g_memdup2(filter, sizeof *filter);
  copy->field = g_strdup(filter->field);
  copy->values = copy_strings(filter->values);
  copy->condition = g_strdup(filter->condition);
  copy->entity = g_strdup(filter->entity);
  copy->measure = measure_copy(filter->measure);
  copy->did = copy_filters(filter->did);
  return copy;
}

void filter_free(Filter *filter) {
  if (!filter) return;
  g_free(filter->field);
  g_clear_pointer(&filter->values, g_ptr_array_unref);
  g_free(filter->condition);
  g_free(filter->entity);
  measure_free(filter->measure);
  g_clear_pointer(&filter->did, g_ptr_array_unref);
  g_free(filter);
}

Measure *measure_new(MeasureKind kind) {
  Measure *measure = g_new0(Measure, 1);
  measure->kind = kind;
  measure->filters = g_ptr_array_new_with_free_func((GDestroyNotify)filter_free);
  measure->time = time_range_all();
  return measure;
}

Measure *measure_new_metric(const char *metric) {
  Measure *measure = measure_new(MEASURE_METRIC);
  measure->metric = g_strdup(metric);
  return measure;
}

Measure *measure_copy(const Measure *measure) {
  if (!measure) return NULL;
  Measure *copy = g_memdup2(measure, sizeof *measure);
  copy->name = g_strdup(measure->name);
  copy->label = g_strdup(measure->label);
  copy->metric = g_strdup(measure->metric);
  copy->field = g_strdup(measure->field);
  copy->field_to = g_strdup(measure->field_to);
  copy->dataset = g_strdup(measure->dataset);
  copy->per_entity = g_strdup(measure->per_entity);
  copy->left = measure_copy(measure->left);
  copy->right = measure_copy(measure->right);
  copy->filters = copy_filters(measure->filters);
  return copy;
}

void measure_free(Measure *measure) {
  if (!measure) return;
  g_free(measure->name);
  g_free(measure->label);
  g_free(measure->metric);
  g_free(measure->field);
  g_free(measure->field_to);
  g_free(measure->dataset);
  g_free(measure->per_entity);
  measure_free(measure->left);
  measure_free(measure->right);
  g_clear_pointer(&measure->filters, g_ptr_array_unref);
  g_free(measure);
}

Dimension *dimension_new(DimensionKind kind) {
  Dimension *dimension = g_new0(Dimension, 1);
  dimension->kind = kind;
  dimension->edges = g_array_new(FALSE, TRUE, sizeof(double));
  return dimension;
}

Dimension *dimension_copy(const Dimension *dimension) {
  if (!dimension) return NULL;
  Dimension *copy = g_memdup2(dimension, sizeof *dimension);
  copy->field = g_strdup(dimension->field);
  copy->entity = g_strdup(dimension->entity);
  copy->measure = measure_copy(dimension->measure);
  copy->edges = dimension->edges ? g_array_copy(dimension->edges) : g_array_new(FALSE, TRUE, sizeof(double));
  return copy;
}

void dimension_free(Dimension *dimension) {
  if (!dimension) return;
  g_free(dimension->field);
  g_free(dimension->entity);
  measure_free(dimension->measure);
  g_clear_pointer(&dimension->edges, g_array_unref);
  g_free(dimension);
}
