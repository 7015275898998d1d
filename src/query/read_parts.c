/* Reading times, filters, measures and dimensions. */
#include "query/read.h"

/* ---- time ---- */
static void read_day(Reader *reader, const json_t *object, const char *key, Day *out) {
  const json_t *value = json_object_get(object, key);
  if (!value || reader->failed) return;
  gsize before = reader_enter(reader, key);
  if (!json_is_string(value) || !day_parse_iso(json_string_value(value), out))
    reader_fail(reader, "must be a date YYYY-MM-DD");
  reader_leave(reader, before);
}

static void read_relative(Reader *reader, const json_t *json, TimeRange *range) {
  int unit = 0;
  if (json_object_get(json, "to_date")) {
    range->kind = TIME_TO_DATE;
    reader_word(reader, json, "to_date", parse_unit_word, &unit);
  } else if (reader_word(reader, json, "unit", parse_unit_word, &unit)) {
    range->kind = json_object_get(json, "rolling") ? TIME_ROLLING : TIME_UNITS;
    range->count = 1;
    reader_integer(reader, json, "rolling", 1, 100000, &range->count);
    reader_integer(reader, json, "count", 1, 100000, &range->count);
  } else {
    reader_fail(reader, "needs from and to, unit, or to_date");
  }
  range->unit = (TimeUnit)unit;
  reader_integer(reader, json, "offset", -100000, 100000, &range->offset);
}

void reader_time(Reader *reader, const json_t *object, const char *key, TimeRange *out) {
  static const char *const keys[] = {"from", "to", "unit", "offset", "count", "rolling", "to_date", NULL};
  const json_t *json = json_object_get(object, key);
  if (!json || reader->failed) return;
  gsize before = reader_enter(reader, key);
  TimeRange range = time_range_all();
  if (reader_only_keys(reader, json, keys)) {
    gboolean absolute = json_object_get(json, "from") || json_object_get(json, "to");
    if (absolute && json_object_size(json) >
                        (size_t)(json_object_get(json, "from") != NULL) + (json_object_get(json, "to") != NULL))
      reader_fail(reader, "is either from and to, or relative");
    if (absolute) {
      range.kind = TIME_ABSOLUTE;
      read_day(reader, json, "from", &range.from);
      read_day(reader, json, "to", &range.to);
      if (!reader->failed && range.from != DAY_NONE && range.to != DAY_NONE && range.to <= range.from)
        reader_fail(reader, "ends before it begins (to is the first day after)");
    } else if (json_object_size(json)) {
      read_relative(reader, json, &range);
    }
  }
  reader_leave(reader, before);
  if (!reader->failed) *out = range;
}

/* ---- which data ---- */
void reader_data(Reader *reader, const json_t *object, const char *key, DataRef *out) {
  static const char *const keys[] = {"snapshot", "taken", "at", "which", NULL};
  const json_t *json = json_object_get(object, key);
  if (!json || reader->failed) return;
  gsize before = reader_enter(reader, key);
  DataRef ref = {.kind = DATA_NOW};
  if (reader_only_keys(reader, json, keys)) {
    int which = DATA_NOW;
    if (json_object_size(json) > 1) reader_fail(reader, "is one of snapshot, taken, at and which");
    reader_text(reader, json, "snapshot", &ref.name);
    reader_time(reader, json, "taken", &ref.time);
    reader_time(reader, json, "at", &ref.time);
    reader_word(reader, json, "which", parse_data_word, &which);
    ref.kind = ref.name                        ? DATA_SNAPSHOT
               : json_object_get(json, "taken") ? DATA_TAKEN
               : json_object_get(json, "at")    ? DATA_AT
                                                : (DataKind)which;
    if ((ref.kind == DATA_TAKEN || ref.kind == DATA_AT) && ref.time.kind == TIME_ALL)
      reader_fail(reader, "needs a time");
  }
  reader_leave(reader, before);
  data_ref_clear(out);
  *out = ref;
}

/* ---- filters ---- */
static void read_measure_value(Reader *reader, const json_t *json, Measure **out);

static void read_value(Reader *reader, const json_t *json, gpointer out) {
  if (json_is_string(json)) {
    g_ptr_array_add(out, g_strdup(json_string_value(json)));
  } else if (json_is_number(json) || json_is_boolean(json)) {
    g_ptr_array_add(out, json_to_text(json, JSON_PLAIN));
  } else {
    reader_fail(reader, "must be a text, a number, true or false");
  }
}

static void read_test(Reader *reader, const json_t *json, Filter *filter) {
  int op = (int)filter->op;
  reader_word(reader, json, "op", parse_operator_word, &op);
  filter->op = (Operator)op;
  reader_list(reader, json, "values", read_value, filter->values);
  reader_flag(reader, json, "negated", &filter->negated);
}

static FilterKind filter_kind(const json_t *json) {
  if (json_object_get(json, "any")) return FILTER_ANY;
  if (json_object_get(json, "did")) return FILTER_DID;
  if (json_object_get(json, "entity") || json_object_get(json, "metric")) return FILTER_ENTITY;
  if (json_object_get(json, "condition")) return FILTER_CONDITION;
  return json_object_get(json, "cyclic") ? FILTER_CYCLIC : FILTER_FIELD;
}

static void read_entity_filter(Reader *reader, const json_t *json, Filter *filter) {
  reader_text(reader, json, "entity", &filter->entity);
  reader_flag(reader, json, "within", &filter->within);
  if (filter->kind == FILTER_DID) {
    reader_filters(reader, json, "did", filter->did);
    reader_time(reader, json, "time", &filter->did_time);
    reader_flag(reader, json, "negated", &filter->negated);
    return;
  }
  gsize before = reader_enter(reader, "metric");
  if (json_object_get(json, "metric"))
    read_measure_value(reader, json_object_get(json, "metric"), &filter->measure);
  else
    reader_fail(reader, "is missing");
  reader_leave(reader, before);
  reader_text(reader, json, "field", &filter->field);
  reader_integer(reader, json, "top", -100000, 100000, &filter->top);
  read_test(reader, json, filter);
}

static void reader_filter(Reader *reader, const json_t *json, gpointer out) {
  static const char *const keys[][9] = {
      [FILTER_FIELD] = {"field", "op", "values", "negated", NULL},
      [FILTER_CONDITION] = {"condition", "negated", NULL},
      [FILTER_CYCLIC] = {"cyclic", "field", "op", "values", "negated", NULL},
      [FILTER_ENTITY] = {"entity", "field", "metric", "op", "values", "top", "negated", "within", NULL},
      [FILTER_DID] = {"entity", "did", "time", "negated", "within", NULL},
      [FILTER_ANY] = {"any", "negated", NULL}};
  if (reader->depth >= QUERY_MAX_DEPTH) {
    reader_fail(reader, "is nested too deep");
    return;
  }
  FilterKind kind = filter_kind(json);
  if (!reader_only_keys(reader, json, keys[kind])) return;
  g_autoptr(Filter) filter = filter_new(kind);
  reader->depth++;
  int cyclic = 0;
  switch (kind) {
  case FILTER_FIELD:
    reader_text(reader, json, "field", &filter->field);
    read_test(reader, json, filter);
    if (!reader->failed && !filter->field) reader_fail(reader, "needs field, condition, cyclic, entity or any");
    break;
  case FILTER_CONDITION:
    reader_text(reader, json, "condition", &filter->condition);
    reader_flag(reader, json, "negated", &filter->negated);
    break;
  case FILTER_CYCLIC:
    reader_word(reader, json, "cyclic", parse_cyclic_word, &cyclic);
    filter->cyclic = (Cyclic)cyclic;
    reader_text(reader, json, "field", &filter->field);
    read_test(reader, json, filter);
    break;
  case FILTER_ENTITY:
  case FILTER_DID: read_entity_filter(reader, json, filter); break;
  case FILTER_ANY:
    reader_filters(reader, json, "any", filter->did);
    reader_flag(reader, json, "negated", &filter->negated);
    break;
  }
  reader->depth--;
  if (!reader->failed) g_ptr_array_add(out, g_steal_pointer(&filter));
}

void reader_filters(Reader *reader, const json_t *object, const char *key, GPtrArray *out) {
  reader_list(reader, object, key, reader_filter, out);
}

/* ---- measures ---- */
static void read_pair(Reader *reader, const json_t *json, const char *key, Measure *measure) {
  const json_t *pair = json_object_get(json, key);
  gsize before = reader_enter(reader, key);
  if (!json_is_array(pair) || json_array_size(pair) != 2) reader_fail(reader, "must be a list of two");
  Measure **sides[] = {&measure->left, &measure->right};
  for (size_t i = 0; !reader->failed && i < 2; i++) {
    gsize inside = reader_enter_index(reader, i);
    read_measure_value(reader, json_array_get(pair, i), sides[i]);
    reader_leave(reader, inside);
  }
  reader_leave(reader, before);
}

/* {"op": ">", "value": 5000}: which of the inner values count. */
static void read_per_test(Reader *reader, const json_t *json, Measure *measure) {
  static const char *const keys[] = {"op", "value", "value_to", NULL};
  if (!json) return;
  gsize before = reader_enter(reader, "where");
  int op = 0;
  if (reader_only_keys(reader, json, keys) && reader_word(reader, json, "op", parse_operator_word, &op)) {
    measure->tested = TRUE;
    measure->test = (Operator)op;
    reader_number(reader, json, "value", &measure->test_value);
    reader_number(reader, json, "value_to", &measure->test_value_to);
  }
  if (!reader->failed && (!measure->tested || measure->test > OP_BETWEEN || !json_object_get(json, "value")))
    reader_fail(reader, "needs an op that compares numbers, and a value");
  reader_leave(reader, before);
}

static void read_per(Reader *reader, const json_t *json, Measure *measure) {
  static const char *const keys[] = {"entity", "unit", NULL};
  const json_t *per = json_object_get(json, "per");
  gsize before = reader_enter(reader, "per");
  int unit = 0;
  if (reader_only_keys(reader, per, keys)) {
    reader_text(reader, per, "entity", &measure->per_entity);
    if (reader_word(reader, per, "unit", parse_unit_word, &unit)) measure->per_unit = (TimeUnit)unit;
    if (!reader->failed && (measure->per_entity != NULL) == (unit != 0))
      reader_fail(reader, "needs an entity or a unit");
  }
  reader_leave(reader, before);
  before = reader_enter(reader, "of");
  read_measure_value(reader, json_object_get(json, "of"), &measure->left);
  reader_leave(reader, before);
  read_per_test(reader, json_object_get(json, "where"), measure);
}

static void read_aggregate(Reader *reader, const json_t *json, Measure *measure) {
  int aggregate = 0;
  if (!reader_word(reader, json, "aggregate", parse_aggregate_word, &aggregate))
    reader_fail(reader, "needs an aggregate");
  measure->aggregate = (Aggregate)aggregate;
  reader_number(reader, json, "percentile", &measure->percentile);
  if (!reader->failed && measure->aggregate == AGGREGATE_PERCENTILE &&
      !(measure->percentile >= 0 && measure->percentile <= 1))
    reader_fail(reader, "the percentile must lie between 0 and 1");
}

static MeasureKind measure_kind(const json_t *json) {
  static const struct {
    const char *key;
    MeasureKind kind;
  } kinds[] = {{"ratio", MEASURE_RATIO}, {"difference", MEASURE_DIFFERENCE},    {"sum", MEASURE_SUM},
               {"per", MEASURE_PER},     {"field_to", MEASURE_DATE_DIFFERENCE}, {"aggregate", MEASURE_AGGREGATE}};
  for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
    if (json_object_get(json, kinds[i].key)) return kinds[i].kind;
  return MEASURE_METRIC;
}

#define MEASURE_KEYS "name", "label", "filters", "time", "ignore_query_filters"
static void read_measure_object(Reader *reader, const json_t *json, Measure *measure) {
  static const char *const keys[][12] = {
      [MEASURE_METRIC] = {MEASURE_KEYS, "metric", NULL},
      [MEASURE_AGGREGATE] = {MEASURE_KEYS, "aggregate", "percentile", "metric", "field", "dataset", NULL},
      [MEASURE_DATE_DIFFERENCE] = {MEASURE_KEYS, "aggregate", "percentile", "field", "field_to", NULL},
      [MEASURE_PER] = {MEASURE_KEYS, "aggregate", "percentile", "per", "of", "where", NULL},
      [MEASURE_RATIO] = {MEASURE_KEYS, "ratio", NULL},
      [MEASURE_DIFFERENCE] = {MEASURE_KEYS, "difference", NULL},
      [MEASURE_SUM] = {MEASURE_KEYS, "sum", NULL}};
  if (!reader_only_keys(reader, json, keys[measure->kind])) return;
  reader_text(reader, json, "name", &measure->name);
  reader_text(reader, json, "label", &measure->label);
  reader_text(reader, json, "metric", &measure->metric);
  reader_text(reader, json, "field", &measure->field);
  reader_text(reader, json, "field_to", &measure->field_to);
  reader_text(reader, json, "dataset", &measure->dataset);
  if (measure->kind == MEASURE_AGGREGATE || measure->kind == MEASURE_DATE_DIFFERENCE || measure->kind == MEASURE_PER)
    read_aggregate(reader, json, measure);
  if (measure->kind == MEASURE_PER) read_per(reader, json, measure);
  if (measure->kind == MEASURE_RATIO) read_pair(reader, json, "ratio", measure);
  if (measure->kind == MEASURE_DIFFERENCE) read_pair(reader, json, "difference", measure);
  if (measure->kind == MEASURE_SUM) read_pair(reader, json, "sum", measure);
  if (!reader->failed && measure->kind == MEASURE_METRIC && !measure->metric) reader_fail(reader, "needs a metric");
  reader_filters(reader, json, "filters", measure->filters);
  reader_time(reader, json, "time", &measure->time);
  reader_flag(reader, json, "ignore_query_filters", &measure->ignore_query_filters);
}

/* "revenue" stands for {"metric": "revenue"}. */
static void read_measure_value(Reader *reader, const json_t *json, Measure **out) {
  if (reader->failed) return;
  if (json_is_string(json)) {
    *out = measure_new_metric(json_string_value(json));
    return;
  }
  if (reader->depth >= QUERY_MAX_DEPTH) {
    reader_fail(reader, "is nested too deep");
    return;
  }
  g_autoptr(Measure) measure = measure_new(measure_kind(json));
  reader->depth++;
  read_measure_object(reader, json, measure);
  reader->depth--;
  if (!reader->failed) *out = g_steal_pointer(&measure);
}

void reader_measure(Reader *reader, const json_t *json, gpointer out) {
  Measure *measure = NULL;
  read_measure_value(reader, json, &measure);
  if (measure) g_ptr_array_add(out, measure);
}

/* ---- dimensions ---- */
static void read_edge(Reader *reader, const json_t *json, gpointer out) {
  GArray *edges = out;
  double edge = json_number_value(json);
  if (!json_is_number(json) || (edges->len && edge <= g_array_index(edges, double, edges->len - 1)))
    reader_fail(reader, "must be a number above the one before");
  else
    g_array_append_val(edges, edge);
}

static DimensionKind dimension_kind(const json_t *json) {
  if (json_object_get(json, "time")) return DIMENSION_TIME;
  if (json_object_get(json, "cyclic")) return DIMENSION_CYCLIC;
  if (json_object_get(json, "first")) return DIMENSION_FIRST_TIME;
  if (json_object_get(json, "entity")) return DIMENSION_ENTITY_BUCKET;
  return json_object_get(json, "edges") ? DIMENSION_BUCKET : DIMENSION_FIELD;
}

static void read_dimension_object(Reader *reader, const json_t *json, Dimension *dimension) {
  static const char *const keys[][4] = {[DIMENSION_FIELD] = {"field", NULL},
                                        [DIMENSION_TIME] = {"time", "field", NULL},
                                        [DIMENSION_CYCLIC] = {"cyclic", "field", NULL},
                                        [DIMENSION_BUCKET] = {"field", "edges", NULL},
                                        [DIMENSION_ENTITY_BUCKET] = {"entity", "metric", "edges", NULL},
                                        [DIMENSION_FIRST_TIME] = {"entity", "first", NULL}};
  if (!reader_only_keys(reader, json, keys[dimension->kind])) return;
  int unit = 0, cyclic = 0;
  reader_text(reader, json, "field", &dimension->field);
  reader_text(reader, json, "entity", &dimension->entity);
  reader_word(reader, json, dimension->kind == DIMENSION_TIME ? "time" : "first", parse_unit_word, &unit);
  reader_word(reader, json, "cyclic", parse_cyclic_word, &cyclic);
  dimension->unit = (TimeUnit)unit;
  dimension->cyclic = (Cyclic)cyclic;
  reader_list(reader, json, "edges", read_edge, dimension->edges);
  if (json_object_get(json, "metric")) {
    gsize before = reader_enter(reader, "metric");
    read_measure_value(reader, json_object_get(json, "metric"), &dimension->measure);
    reader_leave(reader, before);
  }
  if (!reader->failed && !dimension->field &&
      (dimension->kind == DIMENSION_FIELD || dimension->kind == DIMENSION_BUCKET))
    reader_fail(reader, "needs field, time, cyclic or entity");
}

void reader_dimension(Reader *reader, const json_t *json, gpointer out) {
  if (json_is_string(json)) {
    Dimension *dimension = dimension_new(DIMENSION_FIELD);
    dimension->field = g_strdup(json_string_value(json));
    g_ptr_array_add(out, dimension);
    return;
  }
  g_autoptr(Dimension) dimension = dimension_new(dimension_kind(json));
  read_dimension_object(reader, json, dimension);
  if (!reader->failed) g_ptr_array_add(out, g_steal_pointer(&dimension));
}
