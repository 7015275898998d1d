/* The JSON form of a semantic query; what is as by default is left out. */
#include "query/form.h"
#include <string.h>

static void set(json_t *object, const char *key, json_t *value) {
  json_object_set_new(object, key, value);
}

static void set_text(json_t *object, const char *key, const char *text) {
  if (text) set(object, key, json_string(text));
}

static void set_true(json_t *object, const char *key, gboolean flag) {
  if (flag) set(object, key, json_true());
}

static void set_day(json_t *object, const char *key, Day day) {
  if (day == DAY_NONE) return;
  g_autofree char *iso = day_format_iso(day);
  set(object, key, json_string(iso));
}

json_t *time_range_to_json(const TimeRange *range) {
  json_t *json = json_object();
  switch (range->kind) {
  case TIME_ALL: break;
  case TIME_ABSOLUTE:
    set_day(json, "from", range->from);
    set_day(json, "to", range->to);
    break;
  case TIME_UNITS:
    set_text(json, "unit", time_unit_name(range->unit));
    set(json, "offset", json_integer(range->offset));
    set(json, "count", json_integer(range->count));
    break;
  case TIME_ROLLING:
    set_text(json, "unit", time_unit_name(range->unit));
    set(json, "rolling", json_integer(range->count));
    break;
  case TIME_TO_DATE:
    set_text(json, "to_date", time_unit_name(range->unit));
    if (range->offset) set(json, "offset", json_integer(range->offset));
    break;
  }
  return json;
}

static gboolean is_unrestricted(const TimeRange *range) {
  return range->kind == TIME_ALL || (range->kind == TIME_ABSOLUTE && range->from == DAY_NONE && range->to == DAY_NONE);
}

static void set_time(json_t *object, const char *key, const TimeRange *range) {
  if (!is_unrestricted(range)) set(object, key, time_range_to_json(range));
}

static void set_data(json_t *object, const char *key, const DataRef *ref) {
  if (ref->kind == DATA_NOW) return;
  json_t *json = json_object();
  set_text(json, "snapshot", ref->name);
  if (ref->kind == DATA_TAKEN || ref->kind == DATA_AT) set_time(json, ref->kind == DATA_AT ? "at" : "taken", &ref->time);
  set_text(json, "which", data_name(ref->kind));
  set(object, key, json);
}

/* ---- lists whose order means nothing ---- */
static int compare_texts(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorts by the bytes of the elements and drops repetitions. Takes `list`. */
static json_t *sorted_set(json_t *list) {
  g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GHashTable) elements = g_hash_table_new(g_str_hash, g_str_equal);
  for (size_t i = 0; i < json_array_size(list); i++) {
    char *text = json_to_text(json_array_get(list, i), JSON_SORTED);
    if (g_hash_table_contains(elements, text)) {
      g_free(text);
      continue;
    }
    g_hash_table_insert(elements, text, json_array_get(list, i));
    g_ptr_array_add(texts, text);
  }
  if (texts->len) qsort(texts->pdata, texts->len, sizeof(gpointer), compare_texts);
  json_t *sorted = json_array();
  for (guint i = 0; i < texts->len; i++) json_array_append(sorted, g_hash_table_lookup(elements, texts->pdata[i]));
  json_decref(list);
  return sorted;
}

static json_t *filters_to_json(const GPtrArray *filters, gboolean canonical) {
  json_t *list = json_array();
  for (guint i = 0; i < filters->len; i++) json_array_append_new(list, filter_to_json(filters->pdata[i], canonical));
  return canonical ? sorted_set(list) : list;
}

static void set_filters(json_t *object, const char *key, const GPtrArray *filters, gboolean canonical) {
  if (filters && filters->len) set(object, key, filters_to_json(filters, canonical));
}

/* ---- filters ---- */
static void set_test(json_t *json, const Filter *filter, gboolean canonical) {
  Operator op = filter->op;
  gboolean negated = filter->negated;
  /* "Not one of" has two spellings; the canonical one is the operator. */
  if (canonical && negated && filter->kind != FILTER_ENTITY &&
      (op == OP_EQUAL || op == OP_NOT_EQUAL || op == OP_IS_NULL || op == OP_IS_NOT_NULL)) {
    op = op == OP_EQUAL ? OP_NOT_EQUAL : op == OP_NOT_EQUAL ? OP_EQUAL : op == OP_IS_NULL ? OP_IS_NOT_NULL : OP_IS_NULL;
    negated = FALSE;
  }
  if (op != OP_EQUAL) set_text(json, "op", operator_name(op));
  set_true(json, "negated", negated);
  if (!filter->values->len) return;
  json_t *values = json_array();
  for (guint i = 0; i < filter->values->len; i++) json_array_append_new(values, json_string(filter->values->pdata[i]));
  set(json, "values", canonical && op != OP_BETWEEN ? sorted_set(values) : values);
}

json_t *filter_to_json(const Filter *filter, gboolean canonical) {
  json_t *json = json_object();
  switch (filter->kind) {
  case FILTER_FIELD:
    set_text(json, "field", filter->field);
    set_test(json, filter, canonical);
    break;
  case FILTER_CONDITION:
    set_text(json, "condition", filter->condition);
    set_true(json, "negated", filter->negated);
    break;
  case FILTER_CYCLIC:
    set_text(json, "cyclic", cyclic_name(filter->cyclic));
    set_text(json, "field", filter->field);
    set_test(json, filter, canonical);
    break;
  case FILTER_ENTITY:
    set_text(json, "entity", filter->entity);
    set_text(json, "field", filter->field);
    if (filter->measure) set(json, "metric", measure_to_json(filter->measure, canonical));
    if (filter->top) set(json, "top", json_integer(filter->top));
    set_test(json, filter, canonical);
    set_true(json, "within", filter->within);
    break;
  case FILTER_DID:
    set_text(json, "entity", filter->entity);
    set(json, "did", filters_to_json(filter->did, canonical));
    set_time(json, "time", &filter->did_time);
    set_true(json, "negated", filter->negated);
    set_true(json, "within", filter->within);
    break;
  case FILTER_ANY:
    set(json, "any", filters_to_json(filter->did, canonical));
    set_true(json, "negated", filter->negated);
    break;
  }
  return json;
}

/* ---- measures ---- */
static void set_pair(json_t *json, const char *key, const Measure *measure, gboolean canonical) {
  json_t *pair = json_array();
  if (measure->left) json_array_append_new(pair, measure_to_json(measure->left, canonical));
  if (measure->right) json_array_append_new(pair, measure_to_json(measure->right, canonical));
  set(json, key, pair);
}

static void set_aggregate(json_t *json, const Measure *measure) {
  set_text(json, "aggregate", aggregate_name(measure->aggregate));
  if (measure->aggregate == AGGREGATE_PERCENTILE) set(json, "percentile", json_real(measure->percentile));
}

json_t *measure_to_json(const Measure *measure, gboolean canonical) {
  json_t *json = json_object();
  set_text(json, "name", measure->name);
  set_text(json, "label", measure->label);
  switch (measure->kind) {
  case MEASURE_METRIC: set_text(json, "metric", measure->metric); break;
  case MEASURE_AGGREGATE:
  case MEASURE_DATE_DIFFERENCE:
    set_aggregate(json, measure);
    set_text(json, "metric", measure->metric);
    set_text(json, "field", measure->field);
    set_text(json, "field_to", measure->field_to);
    set_text(json, "dataset", measure->dataset);
    break;
  case MEASURE_PER: {
    json_t *per = json_object();
    set_aggregate(json, measure);
    if (measure->per_entity)
      set_text(per, "entity", measure->per_entity);
    else
      set_text(per, "unit", time_unit_name(measure->per_unit));
    set(json, "per", per);
    if (measure->left) set(json, "of", measure_to_json(measure->left, canonical));
    if (measure->tested) {
      json_t *test = json_object();
      set_text(test, "op", operator_name(measure->test));
      set(test, "value", json_real(measure->test_value));
      if (measure->test == OP_BETWEEN) set(test, "value_to", json_real(measure->test_value_to));
      set(json, "where", test);
    }
    break;
  }
  case MEASURE_RATIO: set_pair(json, "ratio", measure, canonical); break;
  case MEASURE_DIFFERENCE: set_pair(json, "difference", measure, canonical); break;
  case MEASURE_SUM: set_pair(json, "sum", measure, canonical); break;
  }
  set_filters(json, "filters", measure->filters, canonical);
  set_time(json, "time", &measure->time);
  set_true(json, "ignore_query_filters", measure->ignore_query_filters);
  return json;
}

/* ---- dimensions ---- */
static void set_edges(json_t *json, const GArray *edges) {
  json_t *list = json_array();
  for (guint i = 0; edges && i < edges->len; i++)
    json_array_append_new(list, json_real(g_array_index(edges, double, i)));
  set(json, "edges", list);
}

json_t *dimension_to_json(const Dimension *dimension, gboolean canonical) {
  json_t *json = json_object();
  switch (dimension->kind) {
  case DIMENSION_FIELD: set_text(json, "field", dimension->field); break;
  case DIMENSION_TIME:
    set_text(json, "time", time_unit_name(dimension->unit));
    set_text(json, "field", dimension->field);
    break;
  case DIMENSION_CYCLIC:
    set_text(json, "cyclic", cyclic_name(dimension->cyclic));
    set_text(json, "field", dimension->field);
    break;
  case DIMENSION_BUCKET:
    set_text(json, "field", dimension->field);
    set_edges(json, dimension->edges);
    break;
  case DIMENSION_ENTITY_BUCKET:
    set_text(json, "entity", dimension->entity);
    if (dimension->measure) set(json, "metric", measure_to_json(dimension->measure, canonical));
    set_edges(json, dimension->edges);
    break;
  case DIMENSION_FIRST_TIME:
    set_text(json, "entity", dimension->entity);
    set_text(json, "first", time_unit_name(dimension->unit));
    break;
  }
  return json;
}

/* ---- the rest ---- */
static json_t *compare_to_json(const Compare *compare) {
  json_t *json = json_object();
  set_text(json, "kind", compare_name(compare->kind));
  set_time(json, "baseline", &compare->baseline);
  set_text(json, "field", compare->field);
  set_text(json, "member", compare->member);
  set_text(json, "other", compare->other);
  set_data(json, "data", &compare->data);
  guint show = compare->show & COMPARE_SHOW_ALL;
  if (show != COMPARE_SHOW_ALL) {
    static const On columns[] = {ON_VALUE, ON_PREVIOUS, ON_CHANGE, ON_GROWTH};
    json_t *shown = json_array();
    for (guint i = 0; i < G_N_ELEMENTS(columns); i++)
      if (show & (1u << i)) json_array_append_new(shown, json_string(on_name(columns[i])));
    set(json, "show", shown);
  }
  set_text(json, "toward", toward_name(compare->toward));
  return json;
}

static json_t *having_to_json(const GArray *conditions, gboolean canonical) {
  json_t *list = json_array();
  for (guint i = 0; i < conditions->len; i++) {
    const Having *having = &g_array_index(conditions, Having, i);
    json_t *json = json_object();
    set(json, "metric", json_integer(having->measure));
    if (having->on != ON_VALUE) set_text(json, "on", on_name(having->on));
    set_text(json, "op", operator_name(having->op));
    if (having->op != OP_IS_NULL && having->op != OP_IS_NOT_NULL) set(json, "value", json_real(having->value));
    if (having->op == OP_BETWEEN) set(json, "value_to", json_real(having->value_to));
    json_array_append_new(list, json);
  }
  return canonical ? sorted_set(list) : list;
}

static json_t *order_to_json(const GArray *orders) {
  json_t *list = json_array();
  for (guint i = 0; i < orders->len; i++) {
    const Order *order = &g_array_index(orders, Order, i);
    json_t *json = json_object();
    set(json, order->on == ON_DIMENSION ? "dimension" : "metric", json_integer(order->index));
    if (order->on != ON_DIMENSION && order->on != ON_VALUE) set_text(json, "on", on_name(order->on));
    set_true(json, "descending", order->descending);
    set_true(json, "absolute", order->absolute);
    json_array_append_new(list, json);
  }
  return list;
}

static void set_lists(json_t *json, const SemanticQuery *query, gboolean canonical) {
  json_t *metrics = json_array(), *dimensions = json_array(), *detail = json_array();
  for (guint i = 0; i < query->measures->len; i++)
    json_array_append_new(metrics, measure_to_json(query->measures->pdata[i], canonical));
  for (guint i = 0; i < query->dimensions->len; i++)
    json_array_append_new(dimensions, dimension_to_json(query->dimensions->pdata[i], canonical));
  for (guint i = 0; i < query->detail->len; i++) json_array_append_new(detail, json_string(query->detail->pdata[i]));
  const struct {
    const char *key;
    json_t *list;
  } lists[] = {{"metrics", metrics}, {"dimensions", dimensions}, {"detail", detail}};
  for (guint i = 0; i < G_N_ELEMENTS(lists); i++)
    if (json_array_size(lists[i].list))
      set(json, lists[i].key, lists[i].list);
    else
      json_decref(lists[i].list);
}

static void set_positive(json_t *json, const char *key, int value) {
  if (value > 0) set(json, key, json_integer(value));
}

static void set_extras(json_t *json, const SemanticQuery *query) {
  if (query->window != WINDOW_NONE) {
    json_t *window = json_object();
    set_text(window, "kind", window_name(query->window));
    if (query->window == WINDOW_MOVING_AVERAGE || query->window == WINDOW_RUN_RATE) set_positive(window, "size", query->window_size);
    set(json, "window", window);
  }
  if (query->share == SHARE_TOTAL) set_text(json, "share_of", "total");
  if (query->share == SHARE_WITHIN) set(json, "share_of", json_pack("{s:i}", "within", query->share_dimensions));
  if (query->cohort != COHORT_NONE)
    set(json, "cohort",
        json_pack("{s:s, s:s*}", "kind", query->cohort == COHORT_NEW ? "new" : "repeat", "entity",
                  query->cohort_entity));
  if (query->analysis != ANALYSIS_NONE)
    set_text(json, "analysis", query->analysis == ANALYSIS_DRIVERS ? "drivers" : "summary");
  if (query->missing_rows == MISSING_ZERO) set_text(json, "missing_rows", "zero");
}

json_t *query_to_json(const SemanticQuery *query, gboolean canonical) {
  json_t *json = json_object();
  set_data(json, "data", &query->data);
  set_lists(json, query, canonical);
  set_time(json, "time", &query->time);
  set_text(json, "time_field", query->time_field);
  set_filters(json, "filters", query->filters, canonical);
  if (query->having->len) set(json, "having", having_to_json(query->having, canonical));
  if (query->compare.kind != COMPARE_NONE) set(json, "compare", compare_to_json(&query->compare));
  if (query->order->len) set(json, "order", order_to_json(query->order));
  set_positive(json, "limit", query->limit);
  set_positive(json, "offset", query->offset);
  set_positive(json, "limit_within", !canonical || query->limit > 0 ? query->limit_within : 0);
  set_extras(json, query);
  return json;
}

json_t *semantic_query_to_json(const SemanticQuery *query) {
  return query_to_json(query, FALSE);
}

char *semantic_query_canonical(const SemanticQuery *query) {
  g_autoptr(json_t) json = query_to_json(query, TRUE);
  return json_to_text(json, JSON_SORTED);
}
