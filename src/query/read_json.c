/* Reading the JSON form. Unknown keys and wrong types are refused with the path of what is wrong. */
#include "query/read.h"

static void read_show(Reader *reader, const json_t *json, gpointer out) {
  int on = 0;
  if (!json_is_string(json) || !parse_on_word(json_string_value(json), &on) || on > ON_GROWTH)
    reader_fail(reader, "is value, previous, change or growth");
  else
    *(guint *)out |= 1u << on;
}

static void read_compare(Reader *reader, const json_t *object, Compare *compare) {
  static const char *const keys[] = {"kind", "baseline", "field", "member", "other", "data", "show", "toward", NULL};
  const json_t *json = json_object_get(object, "compare");
  if (!json || reader->failed) return;
  gsize before = reader_enter(reader, "compare");
  int kind = 0, toward = TOWARD_NONE;
  if (reader_only_keys(reader, json, keys)) {
    if (!reader_word(reader, json, "kind", parse_compare_word, &kind)) reader_fail(reader, "needs a kind");
    compare->kind = (CompareKind)kind;
    reader_time(reader, json, "baseline", &compare->baseline);
    reader_text(reader, json, "field", &compare->field);
    reader_text(reader, json, "member", &compare->member);
    reader_text(reader, json, "other", &compare->other);
    reader_data(reader, json, "data", &compare->data);
    if (json_object_get(json, "show")) compare->show = 0;
    reader_list(reader, json, "show", read_show, &compare->show);
    reader_word(reader, json, "toward", parse_toward_word, &toward);
    compare->toward = (Toward)toward;
  }
  reader_leave(reader, before);
}

static void read_having(Reader *reader, const json_t *json, gpointer out) {
  static const char *const keys[] = {"metric", "on", "op", "value", "value_to", NULL};
  Having having = {0};
  int on = ON_VALUE, op = OP_EQUAL;
  if (!reader_only_keys(reader, json, keys)) return;
  reader_integer(reader, json, "metric", 0, QUERY_MAX_LIST, &having.measure);
  reader_word(reader, json, "on", parse_on_word, &on);
  reader_word(reader, json, "op", parse_operator_word, &op);
  reader_number(reader, json, "value", &having.value);
  reader_number(reader, json, "value_to", &having.value_to);
  having.on = (On)on;
  having.op = (Operator)op;
  if (!reader->failed && (op > OP_IS_NOT_NULL || on == ON_DIMENSION))
    reader_fail(reader, "compares a measure with a number");
  if (!reader->failed) g_array_append_val((GArray *)out, having);
}

static void read_order(Reader *reader, const json_t *json, gpointer out) {
  static const char *const keys[] = {"metric", "dimension", "on", "descending", "absolute", NULL};
  Order order = {0};
  int on = ON_VALUE;
  if (!reader_only_keys(reader, json, keys)) return;
  if ((json_object_get(json, "metric") != NULL) == (json_object_get(json, "dimension") != NULL)) {
    reader_fail(reader, "needs a metric or a dimension");
    return;
  }
  reader_integer(reader, json, "metric", 0, QUERY_MAX_LIST, &order.index);
  reader_integer(reader, json, "dimension", 0, QUERY_MAX_LIST, &order.index);
  reader_word(reader, json, "on", parse_on_word, &on);
  reader_flag(reader, json, "descending", &order.descending);
  reader_flag(reader, json, "absolute", &order.absolute);
  order.on = json_object_get(json, "dimension") ? ON_DIMENSION : (On)on;
  if (!reader->failed) g_array_append_val((GArray *)out, order);
}

static void read_detail(Reader *reader, const json_t *json, gpointer out) {
  if (json_is_string(json))
    g_ptr_array_add(out, g_strdup(json_string_value(json)));
  else
    reader_fail(reader, "must be a field");
}

static void read_window(Reader *reader, const json_t *object, SemanticQuery *query) {
  static const char *const keys[] = {"kind", "size", NULL};
  const json_t *json = json_object_get(object, "window");
  if (!json || reader->failed) return;
  gsize before = reader_enter(reader, "window");
  int kind = WINDOW_NONE;
  if (reader_only_keys(reader, json, keys)) {
    if (!reader_word(reader, json, "kind", parse_window_word, &kind)) reader_fail(reader, "needs a kind");
    query->window = (WindowKind)kind;
    reader_integer(reader, json, "size", 1, 100000, &query->window_size);
    if (!reader->failed && query->window == WINDOW_MOVING_AVERAGE && query->window_size < 1)
      reader_fail(reader, "a moving average needs a size");
    if (!reader->failed && query->window == WINDOW_RUN_RATE && query->window_size < 1)
      reader_fail(reader, "a run rate needs a size in days");
  }
  reader_leave(reader, before);
}

static void read_share(Reader *reader, const json_t *object, SemanticQuery *query) {
  static const char *const keys[] = {"within", NULL};
  const json_t *json = json_object_get(object, "share_of");
  if (!json || reader->failed) return;
  gsize before = reader_enter(reader, "share_of");
  if (json_is_string(json) && g_str_equal(json_string_value(json), "total")) {
    query->share = SHARE_TOTAL;
  } else if (json_is_object(json) && reader_only_keys(reader, json, keys)) {
    query->share = SHARE_WITHIN;
    reader_integer(reader, json, "within", 1, QUERY_MAX_LIST, &query->share_dimensions);
  } else {
    reader_fail(reader, "is \"total\" or {\"within\": dimensions}");
  }
  reader_leave(reader, before);
}

static void read_cohort(Reader *reader, const json_t *object, SemanticQuery *query) {
  static const char *const keys[] = {"kind", "entity", NULL};
  const json_t *json = json_object_get(object, "cohort");
  if (!json || reader->failed) return;
  gsize before = reader_enter(reader, "cohort");
  if (reader_only_keys(reader, json, keys)) {
    const char *kind = json_get_string(json, "kind");
    query->cohort = g_strcmp0(kind, "new") == 0      ? COHORT_NEW
                    : g_strcmp0(kind, "repeat") == 0 ? COHORT_REPEAT
                                                     : COHORT_NONE;
    reader_text(reader, json, "entity", &query->cohort_entity);
    if (!reader->failed && (query->cohort == COHORT_NONE || !query->cohort_entity))
      reader_fail(reader, "needs the kind new or repeat, and an entity");
  }
  reader_leave(reader, before);
}

/* A text that is one of two words. */
static int read_choice(Reader *reader, const json_t *object, const char *key, const char *first, const char *second) {
  const json_t *json = json_object_get(object, key);
  if (!json || reader->failed) return 0;
  const char *text = json_string_value(json);
  if (g_strcmp0(text, first) == 0) return 1;
  if (g_strcmp0(text, second) == 0) return 2;
  gsize before = reader_enter(reader, key);
  g_autofree char *what = g_strdup_printf("is \"%s\" or \"%s\"", first, second);
  reader_fail(reader, what);
  reader_leave(reader, before);
  return 0;
}

static void read_query(Reader *reader, const json_t *json, SemanticQuery *query) {
  static const char *const keys[] = {"data",     "metrics",    "dimensions", "time",   "time_field", "filters",      "having",
                                     "compare",  "order",      "limit",  "offset",     "limit_within", "window",
                                     "share_of", "cohort",     "detail", "analysis",   "missing_rows", NULL};
  if (!reader_only_keys(reader, json, keys)) return;
  reader_data(reader, json, "data", &query->data);
  reader_list(reader, json, "metrics", reader_measure, query->measures);
  reader_list(reader, json, "dimensions", reader_dimension, query->dimensions);
  reader_time(reader, json, "time", &query->time);
  reader_text(reader, json, "time_field", &query->time_field);
  reader_filters(reader, json, "filters", query->filters);
  reader_list(reader, json, "having", read_having, query->having);
  read_compare(reader, json, &query->compare);
  reader_list(reader, json, "order", read_order, query->order);
  reader_integer(reader, json, "limit", 1, 1000000, &query->limit);
  reader_integer(reader, json, "offset", 1, 1000000, &query->offset);
  reader_integer(reader, json, "limit_within", 1, QUERY_MAX_LIST, &query->limit_within);
  read_window(reader, json, query);
  read_share(reader, json, query);
  read_cohort(reader, json, query);
  reader_list(reader, json, "detail", read_detail, query->detail);
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
