/* Group keys: what a dimension is over the rows of one dataset, and how it is shown. */
#include "query/compiler.h"
#include <math.h>

/* Rows without a key are no customer, no order: they do not count, nor rank. Plain categories keep their NULL. */
static gboolean names_entity(const Model *model, const Field *field) {
  const Entity *entity = field->entity ? model_find_entity(model, field->entity) : NULL;
  return entity && (field->role == FIELD_ROLE_IDENTIFIER || g_strcmp0(entity->name_field, field->name) == 0);
}

static char *field_key(Compiler *compiler, RowSource *source, const Dimension *dimension, GPtrArray *predicates,
                       GError **error) {
  char *column = row_source_field(compiler, source, dimension->field ? dimension->field : "", error);
  if (column && names_entity(compiler->model, model_find_field(compiler->model, dimension->field)))
    g_ptr_array_add(predicates, g_strdup_printf("%s IS NOT NULL", column));
  return column;
}

static char *time_key(Compiler *compiler, RowSource *source, const Dimension *dimension, const RowContext *context,
                      gboolean shifts, GError **error) {
  FieldType type;
  const char *field = dimension->field ? dimension->field : context->time_field;
  g_autofree char *date = dimension->unit == TIME_UNIT_HOUR ? row_source_moment(compiler, source, field, &type, error)
                                                            : row_source_date(compiler, source, field, &type, error);
  if (!date) return NULL;
  if (type == FIELD_TIME) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_QUERY, "\"%s\" has no hours of its days", source->dataset->name);
    return NULL;
  }
  return time_bucket_sql(date, dimension->unit, type, shifts ? context->shift : 0, context->shift_unit,
                         &compiler->model->calendar);
}

static char *first_time_key(Compiler *compiler, RowSource *source, const Dimension *dimension,
                            const RowContext *context, gboolean shifts, GPtrArray *predicates, GError **error) {
  g_autofree char *first = row_source_first_date(compiler, source, dimension->entity, context, error);
  if (!first) return NULL;
  g_ptr_array_add(predicates, g_strdup_printf("%s IS NOT NULL", first));
  return time_bucket_sql(first, dimension->unit, FIELD_TIMESTAMP, shifts ? context->shift : 0, context->shift_unit,
                         &compiler->model->calendar);
}

static char *cyclic_key(Compiler *compiler, RowSource *source, const Dimension *dimension, const RowContext *context,
                        GError **error) {
  FieldType type;
  const char *field = dimension->field ? dimension->field : context->time_field;
  g_autofree char *date = dimension->cyclic == CYCLIC_HOUR_OF_DAY
                              ? row_source_moment(compiler, source, field, &type, error)
                              : row_source_date(compiler, source, field, &type, error);
  return date ? cyclic_sql(date, dimension->cyclic, type) : NULL;
}

/* ---- buckets of numbers ---- */
static char *bucket_number(const char *value, const GArray *edges) {
  GString *sql = g_string_new("CASE");
  for (guint i = 0; i < edges->len; i++) {
    g_string_append_printf(sql, " WHEN %s < ", value);
    json_append_double(sql, g_array_index(edges, double, i));
    g_string_append_printf(sql, " THEN %u", i);
  }
  g_string_append_printf(sql, " WHEN %s IS NOT NULL THEN %u END", value, edges->len);
  return g_string_free(sql, FALSE);
}

static gboolean whole_edges(const GArray *edges) {
  for (guint i = 0; i < edges->len; i++) {
    double edge = g_array_index(edges, double, i);
    if (floor(edge) < edge) return FALSE;
  }
  return TRUE;
}

/* Counts and whole numbers read "2-4", others "2 to under 5". */
static gboolean counts_whole(const Compiler *compiler, const Dimension *dimension) {
  if (!whole_edges(dimension->edges)) return FALSE;
  if (dimension->kind == DIMENSION_BUCKET) {
    const Field *field = dimension->field ? model_find_field(compiler->model, dimension->field) : NULL;
    return field && field->type == FIELD_INTEGER;
  }
  const Metric *metric = dimension->measure && dimension->measure->metric
                             ? model_find_metric(compiler->model, dimension->measure->metric)
                             : NULL;
  Aggregate aggregate = metric               ? metric->aggregate
                        : dimension->measure ? dimension->measure->aggregate
                                             : AGGREGATE_NONE;
  return aggregate == AGGREGATE_COUNT || aggregate == AGGREGATE_COUNT_DISTINCT;
}

static void append_number(GString *text, double value) {
  json_append_double(text, value);
}

static void append_label(GString *out, const GArray *edges, guint bucket, gboolean whole, gboolean from_one) {
  double low = bucket ? g_array_index(edges, double, bucket - 1) : 1;
  double high = bucket < edges->len ? g_array_index(edges, double, bucket) : 0;
  if (bucket == edges->len) {
    append_number(out, low);
    g_string_append(out, " or more");
  } else if (!bucket && !(from_one && high > 1)) {
    g_string_append(out, "under ");
    append_number(out, high);
  } else if (whole) {
    append_number(out, low);
    if (high - low > 1) {
      g_string_append_c(out, '-');
      append_number(out, high - 1);
    }
  } else {
    append_number(out, low);
    g_string_append(out, " to under ");
    append_number(out, high);
  }
}

static char *bucket_labels(const Compiler *compiler, const Dimension *dimension) {
  gboolean whole = counts_whole(compiler, dimension);
  gboolean from_one = whole && dimension->kind == DIMENSION_ENTITY_BUCKET; /* an entity is seen by its first row */
  GString *list = g_string_new("[");
  for (guint i = 0; i <= dimension->edges->len; i++) {
    g_string_append(list, i ? ", '" : "'");
    append_label(list, dimension->edges, i, whole, from_one);
    g_string_append_c(list, '\'');
  }
  return g_string_free(g_string_append_c(list, ']'), FALSE);
}

/* ---- any key ---- */
static char *key_sql(Compiler *compiler, RowSource *source, const Dimension *dimension, const RowContext *context,
                     gboolean shifts, GPtrArray *predicates, GError **error) {
  g_autofree char *value = NULL;
  switch (dimension->kind) {
  case DIMENSION_FIELD: return field_key(compiler, source, dimension, predicates, error);
  case DIMENSION_TIME: return time_key(compiler, source, dimension, context, shifts, error);
  case DIMENSION_CYCLIC: return cyclic_key(compiler, source, dimension, context, error);
  case DIMENSION_FIRST_TIME: return first_time_key(compiler, source, dimension, context, shifts, predicates, error);
  case DIMENSION_BUCKET:
    value = row_source_field(compiler, source, dimension->field ? dimension->field : "", error);
    return value ? bucket_number(value, dimension->edges) : NULL;
  case DIMENSION_ENTITY_BUCKET:
    value = row_source_entity_value(compiler, source, dimension->entity, dimension->measure, context, error);
    if (value) g_ptr_array_add(predicates, g_strdup_printf("%s IS NOT NULL", value));
    if (value && !dimension->edges->len) return g_steal_pointer(&value);
    return value ? bucket_number(value, dimension->edges) : NULL;
  }
  return NULL;
}

GPtrArray *grouping_keys_sql(Compiler *compiler, const Grouping *grouping, RowSource *source, const RowContext *context,
                             GPtrArray *predicates, GError **error) {
  g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func(g_free);
  gboolean shifted = context->shift == 0;
  for (guint i = 0; i < grouping->keys->len; i++) {
    const Dimension *dimension = ((const GroupKey *)grouping->keys->pdata[i])->dimension;
    gboolean is_time = dimension->kind == DIMENSION_TIME || dimension->kind == DIMENSION_FIRST_TIME;
    char *sql = key_sql(compiler, source, dimension, context, is_time && !shifted, predicates, error);
    if (!sql) return NULL;
    shifted = shifted || is_time;
    g_ptr_array_add(keys, sql);
  }
  return g_steal_pointer(&keys);
}

gboolean group_key_sorts(const Dimension *dimension) {
  if (dimension->kind == DIMENSION_BUCKET || dimension->kind == DIMENSION_ENTITY_BUCKET) return !dimension->edges->len;
  return dimension->kind != DIMENSION_CYCLIC ||
         (dimension->cyclic != CYCLIC_WEEKDAY && dimension->cyclic != CYCLIC_MONTH_OF_YEAR &&
          dimension->cyclic != CYCLIC_WEEKEND);
}

char *field_display(Compiler *compiler, const Field *field, const char *sql) {
  if (field == NULL || field_flag_word(field, TRUE) == NULL) return g_strdup(sql);
  g_autofree char *yes = sql_text_value(compiler->pool, field_flag_word(field, TRUE));
  g_autofree char *no = sql_text_value(compiler->pool, field_flag_word(field, FALSE));
  return g_strdup_printf("CASE WHEN %s THEN %s WHEN NOT %s THEN %s END", sql, yes, sql, no);
}

char *group_key_display(Compiler *compiler, const Dimension *dimension, const char *sql) {
  switch (dimension->kind) {
  case DIMENSION_FIELD: return field_display(compiler, dimension->field ? model_find_field(compiler->model, dimension->field) : NULL, sql);
  case DIMENSION_TIME:
  case DIMENSION_FIRST_TIME: return time_bucket_display(sql, dimension->unit, &compiler->model->calendar);
  case DIMENSION_CYCLIC: return cyclic_display(sql, dimension->cyclic);
  case DIMENSION_BUCKET:
  case DIMENSION_ENTITY_BUCKET: {
    if (!dimension->edges->len) return g_strdup(sql);
    g_autofree char *labels = bucket_labels(compiler, dimension);
    return g_strdup_printf("%s[%s + 1]", labels, sql);
  }
  default: return g_strdup(sql);
  }
}
