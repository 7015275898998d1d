#include "shape.h"
#include "model/build.h"
#include <string.h>

static void column_free(AnswerColumn *column) {
  g_free(column->name);
  g_free(column->label);
  g_free(column->type);
  g_free(column->unit);
  g_free(column->format);
  g_free(column->kind);
  g_free(column);
}

static const char *text_of(const json_t *object, const char *key, const char *fallback) {
  const char *text = json_get_string(object, key);
  return text != NULL ? text : fallback;
}

/* ---- model ---- */
static Model *model_of(const json_t *json) {
  ModelBuilder *builder = model_builder_new("shop");
  Dataset *dataset = model_builder_add_dataset(builder, "lines", "lines");
  dataset->is_fact = TRUE;
  model_set_text(&dataset->label, "order lines");
  model_builder_add_field(builder, dataset, "id", NULL, FIELD_TEXT, FIELD_ROLE_IDENTIFIER);
  size_t i;
  json_t *item;
  json_array_foreach (json_object_get(json, "dimensions"), i, item) {
    g_autofree char *name = text_slug(text_of(item, "label", "group"));
    if (dataset_find_field(dataset, name) != NULL) continue;
    Field *field = model_builder_add_field(builder, dataset, name, NULL, FIELD_TEXT, FIELD_ROLE_DIMENSION);
    model_set_text(&field->label, text_of(item, "label", "group"));
    const char *code;
    json_t *label;
    json_object_foreach (json_object_get(item, "codes"), code, label) {
      const char *labels[] = {json_string_value(label), NULL};
      model_add_code(field, code, labels);
    }
    if (json_get_string(item, "entity") != NULL) {
      model_builder_add_entity(builder, json_get_string(item, "entity"), "lines", name);
      model_set_text(&field->entity, json_get_string(item, "entity"));
    }
  }
  json_array_foreach (json_object_get(json, "measures"), i, item) {
    g_autofree char *name = text_slug(text_of(item, "label", "value"));
    gboolean additive = json_get_bool(item, "additive", TRUE);
    Metric *metric =
        model_builder_add_metric(builder, name, additive ? AGGREGATE_SUM : AGGREGATE_AVERAGE, "lines", "id");
    metric->additivity = additive ? ADDITIVITY_SUM : ADDITIVITY_RATIO;
    metric->lower_is_better = json_get_bool(item, "lower_is_better", FALSE);
    model_set_text(&metric->label, text_of(item, "label", "value"));
    model_set_text(&metric->unit, text_of(item, "unit", ""));
  }
  model_set_text(&model_builder_draft(builder)->default_dataset, "lines");
  return model_builder_seal(builder);
}

/* ---- query ---- */
static TimeRange range_of(const json_t *pair) {
  Day from = DAY_NONE, to = DAY_NONE;
  if (!json_is_array(pair)) return time_range_all();
  day_parse_iso(json_string_value(json_array_get(pair, 0)), &from);
  day_parse_iso(json_string_value(json_array_get(pair, 1)), &to);
  return time_range_absolute(from, to);
}

static int index_of(const char *word, const char *const *words) {
  for (int i = 0; words[i] != NULL; i++)
    if (g_strcmp0(words[i], word) == 0) return i;
  return -1;
}

static Operator operator_of(const char *sign) {
  static const char *const SIGNS[] = {"=", "!=", "<", "<=", ">", ">=", "between", "null", "not null", "contains", NULL};
  int index = index_of(sign, SIGNS);
  return index < 0 ? OP_EQUAL : (Operator)index;
}

static On on_of(const char *word) {
  static const char *const WORDS[] = {"value", "previous", "change", "growth", "share", "window", "dimension", NULL};
  int index = index_of(word, WORDS);
  return index < 0 ? ON_VALUE : (On)index;
}

static void add_dimension(SemanticQuery *query, const json_t *item) {
  static const char *const CYCLES[] = {
      "",        "hour_of_day", "weekday", "day_of_month", "week_of_year", "month_of_year", "quarter_of_year",
      "weekend", NULL};
  Dimension *dimension = dimension_new(DIMENSION_FIELD);
  const char *unit = json_get_string(item, "time"), *cyclic = json_get_string(item, "cyclic");
  g_autofree char *slug = text_slug(text_of(item, "label", "group"));
  if (unit != NULL) {
    dimension->kind = DIMENSION_TIME;
    time_unit_parse(unit, &dimension->unit);
  } else if (cyclic != NULL) {
    dimension->kind = DIMENSION_CYCLIC;
    dimension->cyclic = (Cyclic)index_of(cyclic, CYCLES);
  } else {
    dimension->kind = json_get_bool(item, "bucket", FALSE) ? DIMENSION_BUCKET : DIMENSION_FIELD;
    dimension->field = g_strconcat("lines.", slug, NULL);
  }
  g_ptr_array_add(query->dimensions, dimension);
}

static void add_filter(SemanticQuery *query, const json_t *item) {
  Filter *filter = filter_new(FILTER_FIELD);
  size_t i;
  json_t *value;
  filter->field = g_strdup(text_of(item, "field", "lines.id"));
  filter->op = operator_of(text_of(item, "op", "="));
  json_array_foreach (json_object_get(item, "values"), i, value)
    g_ptr_array_add(filter->values, g_strdup(json_string_value(value)));
  g_ptr_array_add(query->filters, filter);
}

static SemanticQuery *query_of(const json_t *json) {
  static const char *const COMPARES[] = {"none", "periods", "previous", "year_earlier", "members", "rest", NULL};
  SemanticQuery *query = semantic_query_new();
  size_t i;
  json_t *item;
  json_array_foreach (json_object_get(json, "measures"), i, item) {
    g_autofree char *name = text_slug(text_of(item, "label", "value"));
    g_ptr_array_add(query->measures, measure_new_metric(name));
  }
  json_array_foreach (json_object_get(json, "dimensions"), i, item) add_dimension(query, item);
  json_array_foreach (json_object_get(json, "filters"), i, item) add_filter(query, item);
  json_array_foreach (json_object_get(json, "detail"), i, item)
    g_ptr_array_add(query->detail, g_strdup(json_string_value(item)));
  query->time = range_of(json_object_get(json, "time"));
  query->compare.kind = (CompareKind)MAX(0, index_of(text_of(json, "compare", "none"), COMPARES));
  query->compare.baseline = range_of(json_object_get(json, "baseline"));
  query->compare.field = g_strdup(json_get_string(json, "compare_field"));
  query->compare.member = g_strdup(json_get_string(json, "member"));
  query->compare.other = g_strdup(json_get_string(json, "other"));
  if (g_strcmp0(json_get_string(json, "analysis"), "drivers") == 0) query->analysis = ANALYSIS_DRIVERS;
  if (json_get_int(json, "share_within", 0) > 0) {
    query->share = SHARE_WITHIN;
    query->share_dimensions = (int)json_get_int(json, "share_within", 0);
  }
  query->limit = (int)json_get_int(json, "limit", 0);
  query->limit_within = (int)json_get_int(json, "limit_within", 0);
  item = json_object_get(json, "order");
  if (item != NULL) {
    Order order = {(int)json_get_int(item, "measure", 0), on_of(text_of(item, "on", "value")),
                   json_get_bool(item, "descending", TRUE), FALSE};
    g_array_append_val(query->order, order);
  }
  item = json_object_get(json, "having");
  if (item != NULL) {
    Having having = {0, on_of(text_of(item, "on", "value")), operator_of(text_of(item, "op", ">")),
                     json_get_double(item, "value", 0), 0};
    g_array_append_val(query->having, having);
  }
  return query;
}

/* ---- result ---- */
static AnswerColumn *add_column(Shape *shape, ColumnRole role, const char *label, const char *unit, const char *kind,
                                int measure) {
  AnswerColumn *column = g_new0(AnswerColumn, 1);
  g_autofree char *slug = text_slug(label);
  column->name = g_strcmp0(kind, "value") == 0 || kind == NULL ? g_strdup(slug) : g_strconcat(slug, "_", kind, NULL);
  column->label = g_strdup(label);
  column->role = role;
  column->unit = g_strdup(unit);
  column->kind = g_strdup(kind);
  column->measure = measure;
  g_ptr_array_add(shape->columns, column);
  return column;
}

static void add_measure_columns(Shape *shape, const json_t *item, int measure) {
  const char *label = text_of(item, "label", "value"), *unit = text_of(item, "unit", "");
  json_t *kinds = json_object_get(item, "columns");
  gsize count = kinds != NULL ? json_array_size(kinds) : 1;
  for (gsize i = 0; i < count; i++) {
    const char *kind = kinds != NULL ? json_string_value(json_array_get(kinds, i)) : "value";
    gboolean is_ratio = strcmp(kind, "growth") == 0 || strcmp(kind, "share") == 0;
    gboolean is_points = strcmp(kind, "change") == 0 && strcmp(unit, "fraction") == 0;
    g_autofree char *shown = strcmp(kind, "value") == 0 ? g_strdup(label) : g_strdup_printf("%s %s", label, kind);
    g_autofree char *bare = strcmp(kind, "cumulative") == 0 ? g_strconcat("Cumulative ", label, NULL) : NULL;
    AnswerColumn *column = add_column(shape, COLUMN_MEASURE, bare != NULL ? bare : shown,
                                      is_ratio    ? "fraction"
                                      : is_points ? "pp"
                                                  : unit,
                                      kind, measure);
    column->type = g_strdup(text_of(item, "type", "number"));
  }
}

static void append_cell(ResultTable *table, const json_t *cell, ValueType column_type) {
  Value value = {.type = VALUE_NULL};
  if (json_is_integer(cell)) {
    value.type = column_type == VALUE_DOUBLE ? VALUE_DOUBLE : VALUE_INT;
    value.integer = json_integer_value(cell);
    value.number = (double)value.integer;
  } else if (json_is_real(cell)) {
    value.type = VALUE_DOUBLE;
    value.number = json_real_value(cell);
  } else if (json_is_string(cell)) {
    Day day;
    if (column_type == VALUE_DATE && day_parse_iso(json_string_value(cell), &day)) {
      value.type = VALUE_DATE;
      value.integer = day;
    } else {
      value.type = VALUE_TEXT;
      value.text = g_string_chunk_insert(table->strings, json_string_value(cell));
    }
  }
  g_array_append_val(table->cells, value);
}

static void fill_result(Shape *shape, const json_t *rows) {
  for (guint i = 0; i < shape->columns->len; i++) {
    const AnswerColumn *column = g_ptr_array_index(shape->columns, i);
    gboolean is_date = g_strcmp0(column->type, "date") == 0;
    ValueType type = is_date ? VALUE_DATE : column->role == COLUMN_DIMENSION ? VALUE_TEXT : VALUE_DOUBLE;
    result_table_add_column(shape->result, column->name, type, "");
  }
  size_t i, k;
  json_t *row, *cell;
  json_array_foreach (rows, i, row) {
    g_assert_cmpuint(json_array_size(row), ==, shape->columns->len);
    json_array_foreach (row, k, cell)
      append_cell(shape->result, cell, ((ResultColumn *)g_ptr_array_index(shape->result->columns, k))->type);
    shape->result->n_rows++;
  }
}

Shape *shape_new(const json_t *json) {
  Shape *shape = g_new0(Shape, 1);
  shape->json = json_deep_copy(json);
  shape->name = g_strdup(text_of(json, "name", "unnamed"));
  shape->model = model_of(json);
  shape->query = query_of(json);
  shape->columns = g_ptr_array_new_with_free_func((GDestroyNotify)column_free);
  shape->result = result_table_new();
  size_t i;
  json_t *item;
  json_array_foreach (json_object_get(json, "dimensions"), i, item) {
    const char *fallback = text_of(item, "time", text_of(item, "cyclic", "group"));
    AnswerColumn *column = add_column(shape, COLUMN_DIMENSION, text_of(item, "label", fallback), "", NULL, -1);
    column->type = g_strdup(json_get_string(item, "time") != NULL ? "period" : "text");
  }
  json_array_foreach (json_object_get(json, "detail"), i, item)
    add_column(shape, COLUMN_DIMENSION, json_string_value(item), "", NULL, -1)->type = g_strdup("text");
  json_array_foreach (json_object_get(json, "measures"), i, item) add_measure_columns(shape, item, (int)i);
  fill_result(shape, json_object_get(json, "rows"));
  shape->input = (InsightInput){shape->query, shape->model, shape->columns, shape->result, 0};
  Day through;
  if (day_parse_iso(text_of(json, "data_through", ""), &through)) shape->input.data_through = through;
  return shape;
}

void shape_free(Shape *shape) {
  if (shape == NULL) return;
  g_free(shape->name);
  model_unref(shape->model);
  semantic_query_free(shape->query);
  g_ptr_array_unref(shape->columns);
  result_table_free(shape->result);
  json_decref(shape->json);
  g_free(shape);
}

GPtrArray *shapes_load(const char *file_name) {
  g_autofree char *path = g_build_filename("tests", "data", "insight", file_name, NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) json = json_parse_file(path, &error);
  g_assert_no_error(error);
  GPtrArray *shapes = g_ptr_array_new_with_free_func((GDestroyNotify)shape_free);
  size_t i;
  json_t *item;
  json_array_foreach (json, i, item) g_ptr_array_add(shapes, shape_new(item));
  return shapes;
}
