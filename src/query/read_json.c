/* Reading the JSON form. Unknown keys and wrong types are refused with the path of what is wrong: "/filters/0/op". */
#include "query/form.h"
#include <math.h>

#define QUERY_MAX_DEPTH 12
#define QUERY_MAX_LIST 1000

/* Where reading is; the first mistake ends it. */
typedef struct {
  GString *path;
  GError **error;
  int depth;
  gboolean failed;
} Reader;

static gboolean fail(Reader *reader, const char *what) {
  if (!reader->failed)
    g_set_error(reader->error, AISLE_ERROR, AISLE_ERROR_BAD_QUERY, "%s: %s", reader->path->len ? reader->path->str : "/", what);
  reader->failed = TRUE;
  return FALSE;
}

static gsize enter(Reader *reader, const char *key) {
  gsize before = reader->path->len;
  g_string_append_printf(reader->path, "/%s", key);
  return before;
}

static gsize enter_index(Reader *reader, size_t index) {
  gsize before = reader->path->len;
  g_string_append_printf(reader->path, "/%zu", index);
  return before;
}

static void leave(Reader *reader, gsize before) {
  g_string_truncate(reader->path, before);
}

/* ---- checked access ---- */
static gboolean only_keys(Reader *reader, const json_t *object, const char *const *allowed) {
  if (!json_is_object(object))
    return fail(reader, "must be an object");
  const char *key;
  json_t *value;
  json_object_foreach((json_t *)object, key, value) {
    if (!g_strv_contains(allowed, key)) {
      gsize before = enter(reader, key);
      fail(reader, "unknown key");
      leave(reader, before);
      return FALSE;
    }
  }
  return TRUE;
}

static void read_text(Reader *reader, const json_t *object, const char *key, char **out) {
  const json_t *value = json_object_get(object, key);
  if (!value || reader->failed)
    return;
  gsize before = enter(reader, key);
  if (!json_is_string(value))
    fail(reader, "must be a text");
  else
    *out = g_strdup(json_string_value(value));
  leave(reader, before);
}

static void read_flag(Reader *reader, const json_t *object, const char *key, gboolean *out) {
  const json_t *value = json_object_get(object, key);
  if (!value || reader->failed)
    return;
  gsize before = enter(reader, key);
  if (!json_is_boolean(value))
    fail(reader, "must be true or false");
  else
    *out = json_is_true(value);
  leave(reader, before);
}

static void read_integer(Reader *reader, const json_t *object, const char *key, int least, int most, int *out) {
  const json_t *value = json_object_get(object, key);
  if (!value || reader->failed)
    return;
  gsize before = enter(reader, key);
  if (!json_is_integer(value) || json_integer_value(value) < least || json_integer_value(value) > most) {
    g_autofree char *what = g_strdup_printf("must be a whole number from %d to %d", least, most);
    fail(reader, what);
  } else {
    *out = (int)json_integer_value(value);
  }
  leave(reader, before);
}

static void read_number(Reader *reader, const json_t *object, const char *key, double *out) {
  const json_t *value = json_object_get(object, key);
  if (!value || reader->failed)
    return;
  gsize before = enter(reader, key);
  if (!json_is_number(value))
    fail(reader, "must be a number");
  else
    *out = json_number_value(value);
  leave(reader, before);
}

/* A text that must be one of the words that `parse` knows. */
typedef gboolean (*ParseWord)(const char *name, int *out);
static gboolean read_word(Reader *reader, const json_t *object, const char *key, ParseWord parse, int *out) {
  const json_t *value = json_object_get(object, key);
  if (!value || reader->failed)
    return FALSE;
  gsize before = enter(reader, key);
  gboolean known = json_is_string(value) && parse(json_string_value(value), out);
  if (!known)
    fail(reader, "is not one of the known words");
  leave(reader, before);
  return known;
}

static gboolean parse_operator(const char *name, int *out) {
  Operator op;
  return operator_parse(name, &op) ? (*out = (int)op, TRUE) : FALSE;
}
static gboolean parse_cyclic(const char *name, int *out) {
  Cyclic cyclic;
  return cyclic_parse(name, &cyclic) ? (*out = (int)cyclic, TRUE) : FALSE;
}
static gboolean parse_unit(const char *name, int *out) {
  TimeUnit unit;
  return time_unit_parse(name, &unit) && unit != TIME_UNIT_NONE ? (*out = (int)unit, TRUE) : FALSE;
}
static gboolean parse_aggregate(const char *name, int *out) {
  Aggregate aggregate;
  return aggregate_parse(name, &aggregate) && aggregate != AGGREGATE_NONE ? (*out = (int)aggregate, TRUE) : FALSE;
}
static gboolean parse_compare(const char *name, int *out) {
  CompareKind kind;
  return compare_parse(name, &kind) ? (*out = (int)kind, TRUE) : FALSE;
}
static gboolean parse_on(const char *name, int *out) {
  On on;
  return on_parse(name, &on) ? (*out = (int)on, TRUE) : FALSE;
}
static gboolean parse_window(const char *name, int *out) {
  WindowKind kind;
  return window_parse(name, &kind) ? (*out = (int)kind, TRUE) : FALSE;
}

/* An array; calls `element` with the path inside. */
typedef void (*ReadElement)(Reader *reader, const json_t *element, gpointer out);
static void read_list(Reader *reader, const json_t *object, const char *key, ReadElement element, gpointer out) {
  const json_t *list = json_object_get(object, key);
  if (!list || reader->failed)
    return;
  gsize before = enter(reader, key);
  if (!json_is_array(list))
    fail(reader, "must be a list");
  else if (json_array_size(list) > QUERY_MAX_LIST)
    fail(reader, "has too many elements");
  for (size_t i = 0; !reader->failed && i < json_array_size(list); i++) {
    gsize inside = enter_index(reader, i);
    element(reader, json_array_get(list, i), out);
    leave(reader, inside);
  }
  leave(reader, before);
}

/* ---- time ---- */
static void read_day(Reader *reader, const json_t *object, const char *key, Day *out) {
  const json_t *value = json_object_get(object, key);
  if (!value || reader->failed)
    return;
  gsize before = enter(reader, key);
  if (!json_is_string(value) || !day_parse_iso(json_string_value(value), out))
    fail(reader, "must be a date YYYY-MM-DD");
  leave(reader, before);
}

static void read_relative(Reader *reader, const json_t *json, TimeRange *range) {
  int unit = 0;
  if (json_object_get(json, "to_date")) {
    range->kind = TIME_TO_DATE;
    read_word(reader, json, "to_date", parse_unit, &unit);
  } else if (read_word(reader, json, "unit", parse_unit, &unit)) {
    range->kind = json_object_get(json, "rolling") ? TIME_ROLLING : TIME_UNITS;
    range->count = 1;
    read_integer(reader, json, "rolling", 1, 100000, &range->count);
    read_integer(reader, json, "count", 1, 100000, &range->count);
  } else {
    fail(reader, "needs from and to, unit, or to_date");
  }
  range->unit = (TimeUnit)unit;
  read_integer(reader, json, "offset", -100000, 100000, &range->offset);
}

static void read_time(Reader *reader, const json_t *object, const char *key, TimeRange *out) {
  static const char *const keys[] = {"from", "to", "unit", "offset", "count", "rolling", "to_date", NULL};
  const json_t *json = json_object_get(object, key);
  if (!json || reader->failed)
    return;
  gsize before = enter(reader, key);
  TimeRange range = time_range_all();
  if (only_keys(reader, json, keys)) {
    gboolean absolute = json_object_get(json, "from") || json_object_get(json, "to");
    if (absolute && json_object_size(json) > (size_t)(json_object_get(json, "from") != NULL) + (json_object_get(json, "to") != NULL))
      fail(reader, "is either from and to, or relative");
    if (absolute) {
      range.kind = TIME_ABSOLUTE;
      read_day(reader, json, "from", &range.from);
      read_day(reader, json, "to", &range.to);
      if (!reader->failed && range.from != DAY_NONE && range.to != DAY_NONE && range.to <= range.from)
        fail(reader, "ends before it begins (to is the first day after)");
    } else if (json_object_size(json)) {
      read_relative(reader, json, &range);
    }
  }
  leave(reader, before);
  if (!reader->failed)
    *out = range;
}

/* ---- filters ---- */
static void read_measure_value(Reader *reader, const json_t *json, Measure **out);
static void read_filters(Reader *reader, const json_t *object, const char *key, GPtrArray *out);

static void read_value(Reader *reader, const json_t *json, gpointer out) {
  if (json_is_string(json)) {
    g_ptr_array_add(out, g_strdup(json_string_value(json)));
  } else if (json_is_number(json) || json_is_boolean(json)) {
    g_ptr_array_add(out, json_to_text(json, JSON_PLAIN));
  } else {
    fail(reader, "must be a text, a number, true or false");
  }
}

static void read_test(Reader *reader, const json_t *json, Filter *filter) {
  int op = (int)filter->op;
  read_word(reader, json, "op", parse_operator, &op);
  filter->op = (Operator)op;
  read_list(reader, json, "values", read_value, filter->values);
  read_flag(reader, json, "negated", &filter->negated);
}

static FilterKind filter_kind(const json_t *json) {
  if (json_object_get(json, "any"))
    return FILTER_ANY;
  if (json_object_get(json, "did"))
    return FILTER_DID;
  if (json_object_get(json, "entity"))
    return FILTER_ENTITY;
  if (json_object_get(json, "condition"))
    return FILTER_CONDITION;
  return json_object_get(json, "cyclic") ? FILTER_CYCLIC : FILTER_FIELD;
}

static void read_entity_filter(Reader *reader, const json_t *json, Filter *filter) {
  read_text(reader, json, "entity", &filter->entity);
  read_flag(reader, json, "within", &filter->within);
  if (filter->kind == FILTER_DID) {
    read_filters(reader, json, "did", filter->did);
    read_time(reader, json, "time", &filter->did_time);
    read_flag(reader, json, "negated", &filter->negated);
    return;
  }
  gsize before = enter(reader, "metric");
  if (json_object_get(json, "metric"))
    read_measure_value(reader, json_object_get(json, "metric"), &filter->measure);
  else
    fail(reader, "is missing");
  leave(reader, before);
  read_test(reader, json, filter);
}

static void read_filter(Reader *reader, const json_t *json, gpointer out) {
  static const char *const keys[][8] = {
      [FILTER_FIELD] = {"field", "op", "values", "negated", NULL},
      [FILTER_CONDITION] = {"condition", "negated", NULL},
      [FILTER_CYCLIC] = {"cyclic", "field", "op", "values", "negated", NULL},
      [FILTER_ENTITY] = {"entity", "metric", "op", "values", "negated", "within", NULL},
      [FILTER_DID] = {"entity", "did", "time", "negated", "within", NULL},
      [FILTER_ANY] = {"any", "negated", NULL}};
  if (reader->depth >= QUERY_MAX_DEPTH) {
    fail(reader, "is nested too deep");
    return;
  }
  FilterKind kind = filter_kind(json);
  if (!only_keys(reader, json, keys[kind]))
    return;
  g_autoptr(Filter) filter = filter_new(kind);
  reader->depth++;
  int cyclic = 0;
  switch (kind) {
  case FILTER_FIELD:
    read_text(reader, json, "field", &filter->field);
    read_test(reader, json, filter);
    if (!reader->failed && !filter->field)
      fail(reader, "needs field, condition, cyclic, entity or any");
    break;
  case FILTER_CONDITION:
    read_text(reader, json, "condition", &filter->condition);
    read_flag(reader, json, "negated", &filter->negated);
    break;
  case FILTER_CYCLIC:
    read_word(reader, json, "cyclic", parse_cyclic, &cyclic);
    filter->cyclic = (Cyclic)cyclic;
    read_text(reader, json, "field", &filter->field);
    read_test(reader, json, filter);
    break;
  case FILTER_ENTITY:
  case FILTER_DID:
    read_entity_filter(reader, json, filter);
    break;
  case FILTER_ANY:
    read_filters(reader, json, "any", filter->did);
    read_flag(reader, json, "negated", &filter->negated);
    break;
  }
  reader->depth--;
  if (!reader->failed)
    g_ptr_array_add(out, g_steal_pointer(&filter));
}

static void read_filters(Reader *reader, const json_t *object, const char *key, GPtrArray *out) {
  read_list(reader, object, key, read_filter, out);
}

/* ---- measures ---- */
static void read_pair(Reader *reader, const json_t *json, const char *key, Measure *measure) {
  const json_t *pair = json_object_get(json, key);
  gsize before = enter(reader, key);
  if (!json_is_array(pair) || json_array_size(pair) != 2)
    fail(reader, "must be a list of two");
  Measure **sides[] = {&measure->left, &measure->right};
  for (size_t i = 0; !reader->failed && i < 2; i++) {
    gsize inside = enter_index(reader, i);
    read_measure_value(reader, json_array_get(pair, i), sides[i]);
    leave(reader, inside);
  }
  leave(reader, before);
}

static void read_per(Reader *reader, const json_t *json, Measure *measure) {
  static const char *const keys[] = {"entity", "unit", NULL};
  const json_t *per = json_object_get(json, "per");
  gsize before = enter(reader, "per");
  int unit = 0;
  if (only_keys(reader, per, keys)) {
    read_text(reader, per, "entity", &measure->per_entity);
    if (read_word(reader, per, "unit", parse_unit, &unit))
      measure->per_unit = (TimeUnit)unit;
    if (!reader->failed && (measure->per_entity != NULL) == (unit != 0))
      fail(reader, "needs an entity or a unit");
  }
  leave(reader, before);
  before = enter(reader, "of");
  read_measure_value(reader, json_object_get(json, "of"), &measure->left);
  leave(reader, before);
}

static void read_aggregate(Reader *reader, const json_t *json, Measure *measure) {
  int aggregate = 0;
  if (!read_word(reader, json, "aggregate", parse_aggregate, &aggregate))
    fail(reader, "needs an aggregate");
  measure->aggregate = (Aggregate)aggregate;
  read_number(reader, json, "percentile", &measure->percentile);
  if (!reader->failed && measure->aggregate == AGGREGATE_PERCENTILE && !(measure->percentile >= 0 && measure->percentile <= 1))
    fail(reader, "the percentile must lie between 0 and 1");
}

static MeasureKind measure_kind(const json_t *json) {
  static const struct {
    const char *key;
    MeasureKind kind;
  } kinds[] = {{"ratio", MEASURE_RATIO}, {"difference", MEASURE_DIFFERENCE}, {"sum", MEASURE_SUM}, {"per", MEASURE_PER},
               {"field_to", MEASURE_DATE_DIFFERENCE}, {"aggregate", MEASURE_AGGREGATE}};
  for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
    if (json_object_get(json, kinds[i].key))
      return kinds[i].kind;
  return MEASURE_METRIC;
}

#define MEASURE_KEYS "name", "label", "filters", "time", "ignore_query_filters"
static void read_measure_object(Reader *reader, const json_t *json, Measure *measure) {
  static const char *const keys[][12] = {
      [MEASURE_METRIC] = {MEASURE_KEYS, "metric", NULL},
      [MEASURE_AGGREGATE] = {MEASURE_KEYS, "aggregate", "percentile", "metric", "field", "dataset", NULL},
      [MEASURE_DATE_DIFFERENCE] = {MEASURE_KEYS, "aggregate", "percentile", "field", "field_to", NULL},
      [MEASURE_PER] = {MEASURE_KEYS, "aggregate", "percentile", "per", "of", NULL},
      [MEASURE_RATIO] = {MEASURE_KEYS, "ratio", NULL},
      [MEASURE_DIFFERENCE] = {MEASURE_KEYS, "difference", NULL},
      [MEASURE_SUM] = {MEASURE_KEYS, "sum", NULL}};
  if (!only_keys(reader, json, keys[measure->kind]))
    return;
  read_text(reader, json, "name", &measure->name);
  read_text(reader, json, "label", &measure->label);
  read_text(reader, json, "metric", &measure->metric);
  read_text(reader, json, "field", &measure->field);
  read_text(reader, json, "field_to", &measure->field_to);
  read_text(reader, json, "dataset", &measure->dataset);
  if (measure->kind == MEASURE_AGGREGATE || measure->kind == MEASURE_DATE_DIFFERENCE || measure->kind == MEASURE_PER)
    read_aggregate(reader, json, measure);
  if (measure->kind == MEASURE_PER)
    read_per(reader, json, measure);
  if (measure->kind == MEASURE_RATIO)
    read_pair(reader, json, "ratio", measure);
  if (measure->kind == MEASURE_DIFFERENCE)
    read_pair(reader, json, "difference", measure);
  if (measure->kind == MEASURE_SUM)
    read_pair(reader, json, "sum", measure);
  if (!reader->failed && measure->kind == MEASURE_METRIC && !measure->metric)
    fail(reader, "needs a metric");
  read_filters(reader, json, "filters", measure->filters);
  read_time(reader, json, "time", &measure->time);
  read_flag(reader, json, "ignore_query_filters", &measure->ignore_query_filters);
}

/* "revenue" stands for {"metric": "revenue"}. */
static void read_measure_value(Reader *reader, const json_t *json, Measure **out) {
  if (reader->failed)
    return;
  if (json_is_string(json)) {
    *out = measure_new_metric(json_string_value(json));
    return;
  }
  if (reader->depth >= QUERY_MAX_DEPTH) {
    fail(reader, "is nested too deep");
    return;
  }
  g_autoptr(Measure) measure = measure_new(measure_kind(json));
  reader->depth++;
  read_measure_object(reader, json, measure);
  reader->depth--;
  if (!reader->failed)
    *out = g_steal_pointer(&measure);
}

static void read_measure(Reader *reader, const json_t *json, gpointer out) {
  Measure *measure = NULL;
  read_measure_value(reader, json, &measure);
  if (measure)
    g_ptr_array_add(out, measure);
}

/* ---- dimensions ---- */
static void read_edge(Reader *reader, const json_t *json, gpointer out) {
  GArray *edges = out;
  double edge = json_number_value(json);
  if (!json_is_number(json) || (edges->len && edge <= g_array_index(edges, double, edges->len - 1)))
    fail(reader, "must be a number above the one before");
  else
    g_array_append_val(edges, edge);
}

static DimensionKind dimension_kind(const json_t *json) {
  if (json_object_get(json, "time"))
    return DIMENSION_TIME;
  if (json_object_get(json, "cyclic"))
    return DIMENSION_CYCLIC;
  if (json_object_get(json, "first"))
    return DIMENSION_FIRST_TIME;
  if (json_object_get(json, "entity"))
    return DIMENSION_ENTITY_BUCKET;
  return json_object_get(json, "edges") ? DIMENSION_BUCKET : DIMENSION_FIELD;
}

static void read_dimension_object(Reader *reader, const json_t *json, Dimension *dimension) {
  static const char *const keys[][4] = {
      [DIMENSION_FIELD] = {"field", NULL},           [DIMENSION_TIME] = {"time", "field", NULL},
      [DIMENSION_CYCLIC] = {"cyclic", "field", NULL}, [DIMENSION_BUCKET] = {"field", "edges", NULL},
      [DIMENSION_ENTITY_BUCKET] = {"entity", "metric", "edges", NULL}, [DIMENSION_FIRST_TIME] = {"entity", "first", NULL}};
  if (!only_keys(reader, json, keys[dimension->kind]))
    return;
  int unit = 0, cyclic = 0;
  read_text(reader, json, "field", &dimension->field);
  read_text(reader, json, "entity", &dimension->entity);
  read_word(reader, json, dimension->kind == DIMENSION_TIME ? "time" : "first", parse_unit, &unit);
  read_word(reader, json, "cyclic", parse_cyclic, &cyclic);
  dimension->unit = (TimeUnit)unit;
  dimension->cyclic = (Cyclic)cyclic;
  read_list(reader, json, "edges", read_edge, dimension->edges);
  if (json_object_get(json, "metric")) {
    gsize before = enter(reader, "metric");
    read_measure_value(reader, json_object_get(json, "metric"), &dimension->measure);
    leave(reader, before);
  }
  if (!reader->failed && !dimension->field && (dimension->kind == DIMENSION_FIELD || dimension->kind == DIMENSION_BUCKET))
    fail(reader, "needs field, time, cyclic or entity");
}

static void read_dimension(Reader *reader, const json_t *json, gpointer out) {
  if (json_is_string(json)) {
    Dimension *dimension = dimension_new(DIMENSION_FIELD);
    dimension->field = g_strdup(json_string_value(json));
    g_ptr_array_add(out, dimension);
    return;
  }
  g_autoptr(Dimension) dimension = dimension_new(dimension_kind(json));
  read_dimension_object(reader, json, dimension);
  if (!reader->failed)
    g_ptr_array_add(out, g_steal_pointer(&dimension));
}

/* ---- the rest ---- */
static void read_show(Reader *reader, const json_t *json, gpointer out) {
  int on = 0;
  if (!json_is_string(json) || !parse_on(json_string_value(json), &on) || on > ON_GROWTH)
    fail(reader, "is value, previous, change or growth");
  else
    *(guint *)out |= 1u << on;
}

static void read_compare(Reader *reader, const json_t *object, Compare *compare) {
  static const char *const keys[] = {"kind", "baseline", "field", "member", "other", "show", NULL};
  const json_t *json = json_object_get(object, "compare");
  if (!json || reader->failed)
    return;
  gsize before = enter(reader, "compare");
  int kind = 0;
  if (only_keys(reader, json, keys)) {
    if (!read_word(reader, json, "kind", parse_compare, &kind))
      fail(reader, "needs a kind");
    compare->kind = (CompareKind)kind;
    read_time(reader, json, "baseline", &compare->baseline);
    read_text(reader, json, "field", &compare->field);
    read_text(reader, json, "member", &compare->member);
    read_text(reader, json, "other", &compare->other);
    if (json_object_get(json, "show"))
      compare->show = 0;
    read_list(reader, json, "show", read_show, &compare->show);
  }
  leave(reader, before);
}

static void read_having(Reader *reader, const json_t *json, gpointer out) {
  static const char *const keys[] = {"metric", "on", "op", "value", "value_to", NULL};
  Having having = {0};
  int on = ON_VALUE, op = OP_EQUAL;
  if (!only_keys(reader, json, keys))
    return;
  read_integer(reader, json, "metric", 0, QUERY_MAX_LIST, &having.measure);
  read_word(reader, json, "on", parse_on, &on);
  read_word(reader, json, "op", parse_operator, &op);
  read_number(reader, json, "value", &having.value);
  read_number(reader, json, "value_to", &having.value_to);
  having.on = (On)on;
  having.op = (Operator)op;
  if (!reader->failed && (op > OP_IS_NOT_NULL || on == ON_DIMENSION))
    fail(reader, "compares a measure with a number");
  if (!reader->failed)
    g_array_append_val((GArray *)out, having);
}

static void read_order(Reader *reader, const json_t *json, gpointer out) {
  static const char *const keys[] = {"metric", "dimension", "on", "descending", "absolute", NULL};
  Order order = {0};
  int on = ON_VALUE;
  if (!only_keys(reader, json, keys))
    return;
  if ((json_object_get(json, "metric") != NULL) == (json_object_get(json, "dimension") != NULL)) {
    fail(reader, "needs a metric or a dimension");
    return;
  }
  read_integer(reader, json, "metric", 0, QUERY_MAX_LIST, &order.index);
  read_integer(reader, json, "dimension", 0, QUERY_MAX_LIST, &order.index);
  read_word(reader, json, "on", parse_on, &on);
  read_flag(reader, json, "descending", &order.descending);
  read_flag(reader, json, "absolute", &order.absolute);
  order.on = json_object_get(json, "dimension") ? ON_DIMENSION : (On)on;
  if (!reader->failed)
    g_array_append_val((GArray *)out, order);
}

static void read_detail(Reader *reader, const json_t *json, gpointer out) {
  if (json_is_string(json))
    g_ptr_array_add(out, g_strdup(json_string_value(json)));
  else
    fail(reader, "must be a field");
}

static void read_window(Reader *reader, const json_t *object, SemanticQuery *query) {
  static const char *const keys[] = {"kind", "size", NULL};
  const json_t *json = json_object_get(object, "window");
  if (!json || reader->failed)
    return;
  gsize before = enter(reader, "window");
  int kind = WINDOW_NONE;
  if (only_keys(reader, json, keys)) {
    if (!read_word(reader, json, "kind", parse_window, &kind))
      fail(reader, "needs a kind");
    query->window = (WindowKind)kind;
    read_integer(reader, json, "size", 1, 100000, &query->window_size);
    if (!reader->failed && query->window == WINDOW_MOVING_AVERAGE && query->window_size < 1)
      fail(reader, "a moving average needs a size");
  }
  leave(reader, before);
}

static void read_share(Reader *reader, const json_t *object, SemanticQuery *query) {
  static const char *const keys[] = {"within", NULL};
  const json_t *json = json_object_get(object, "share_of");
  if (!json || reader->failed)
    return;
  gsize before = enter(reader, "share_of");
  if (json_is_string(json) && g_str_equal(json_string_value(json), "total")) {
    query->share = SHARE_TOTAL;
  } else if (json_is_object(json) && only_keys(reader, json, keys)) {
    query->share = SHARE_WITHIN;
    read_integer(reader, json, "within", 1, QUERY_MAX_LIST, &query->share_dimensions);
  } else {
    fail(reader, "is \"total\" or {\"within\": dimensions}");
  }
  leave(reader, before);
}

static void read_cohort(Reader *reader, const json_t *object, SemanticQuery *query) {
  static const char *const keys[] = {"kind", "entity", NULL};
  const json_t *json = json_object_get(object, "cohort");
  if (!json || reader->failed)
    return;
  gsize before = enter(reader, "cohort");
  if (only_keys(reader, json, keys)) {
    const char *kind = json_get_string(json, "kind");
    query->cohort = g_strcmp0(kind, "new") == 0 ? COHORT_NEW : g_strcmp0(kind, "repeat") == 0 ? COHORT_REPEAT : COHORT_NONE;
    read_text(reader, json, "entity", &query->cohort_entity);
    if (!reader->failed && (query->cohort == COHORT_NONE || !query->cohort_entity))
      fail(reader, "needs the kind new or repeat, and an entity");
  }
  leave(reader, before);
}

/* A text that is one of two words. */
static int read_choice(Reader *reader, const json_t *object, const char *key, const char *first, const char *second) {
  const json_t *json = json_object_get(object, key);
  if (!json || reader->failed)
    return 0;
  const char *text = json_string_value(json);
  if (g_strcmp0(text, first) == 0)
    return 1;
  if (g_strcmp0(text, second) == 0)
    return 2;
  gsize before = enter(reader, key);
  g_autofree char *what = g_strdup_printf("is \"%s\" or \"%s\"", first, second);
  fail(reader, what);
  leave(reader, before);
  return 0;
}

static void read_query(Reader *reader, const json_t *json, SemanticQuery *query) {
  static const char *const keys[] = {"metrics", "dimensions", "time", "time_field", "filters", "having", "compare", "order", "limit",
                                     "offset", "limit_within", "window", "share_of", "cohort", "detail", "analysis", "missing_rows", NULL};
  if (!only_keys(reader, json, keys))
    return;
  read_list(reader, json, "metrics", read_measure, query->measures);
  read_list(reader, json, "dimensions", read_dimension, query->dimensions);
  read_time(reader, json, "time", &query->time);
  read_text(reader, json, "time_field", &query->time_field);
  read_filters(reader, json, "filters", query->filters);
  read_list(reader, json, "having", read_having, query->having);
  read_compare(reader, json, &query->compare);
  read_list(reader, json, "order", read_order, query->order);
  read_integer(reader, json, "limit", 1, 1000000, &query->limit);
  read_integer(reader, json, "offset", 1, 1000000, &query->offset);
  read_integer(reader, json, "limit_within", 1, QUERY_MAX_LIST, &query->limit_within);
  read_window(reader, json, query);
  read_share(reader, json, query);
  read_cohort(reader, json, query);
  read_list(reader, json, "detail", read_detail, query->detail);
  int analysis = read_choice(reader, json, "analysis", "drivers", "summary");
  query->analysis = analysis == 1 ? ANALYSIS_DRIVERS : analysis == 2 ? ANALYSIS_SUMMARY : ANALYSIS_NONE;
  query->missing_rows = read_choice(reader, json, "missing_rows", "zero", "omit") == 1 ? MISSING_ZERO : MISSING_OMIT;
}

SemanticQuery *semantic_query_from_json(const json_t *json, GError **error) {
  g_autoptr(SemanticQuery) query = semantic_query_new();
  g_autoptr(GString) path = g_string_new(NULL);
  Reader reader = {.path = path, .error = error};
  read_query(&reader, json, query);
  return reader.failed ? NULL : g_steal_pointer(&query);
}
