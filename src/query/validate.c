/*
 * Validation: every name exists and fits its place; the error names the JSON path ("/filters/0/values/1"). What
 * remains, whether the datasets reach what is asked of them, is found by compiling, and blamed on the part without
 * which it works.
 */
#include "query/compiler.h"
#include "query/form.h"
#include <math.h>

#define VALIDATE_MAX_DEPTH 16

typedef struct {
  const Model *model;
  GString *path;
  GError **error;
  int depth;
} Check;

static gboolean wrong(const Check *check, const char *format, ...) G_GNUC_PRINTF(2, 3);
static gboolean wrong(const Check *check, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *what = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  g_set_error(check->error, AISLE_ERROR, AISLE_ERROR_BAD_QUERY, "%s: %s", check->path->len ? check->path->str : "/",
              what);
  return FALSE;
}

static gsize enter(const Check *check, const char *key) {
  gsize before = check->path->len;
  g_string_append_printf(check->path, "/%s", key);
  return before;
}

static gsize enter_index(const Check *check, const char *key, guint index) {
  gsize before = check->path->len;
  g_string_append_printf(check->path, "/%s/%u", key, index);
  return before;
}

static gboolean leave(const Check *check, gsize before, gboolean good) {
  if (good) g_string_truncate(check->path, before);
  return good;
}

/* ---- names ---- */
static const Field *check_field(const Check *check, const char *key, const char *name) {
  const Field *field = name ? model_find_field(check->model, name) : NULL;
  if (field) return field;
  gsize before = enter(check, key);
  wrong(check, name ? "there is no field \"%s\"" : "is missing%s", name ? name : "");
  g_string_truncate(check->path, before);
  return NULL;
}

static const Entity *check_entity(const Check *check, const char *key, const char *name) {
  const Entity *entity = name ? model_find_entity(check->model, name) : NULL;
  if (entity) return entity;
  gsize before = enter(check, key);
  wrong(check, name ? "there is no entity \"%s\"" : "is missing%s", name ? name : "");
  g_string_truncate(check->path, before);
  return NULL;
}

static gboolean is_number(const Field *field) {
  return field->type == FIELD_INTEGER || field->type == FIELD_DECIMAL || field->type == FIELD_DOUBLE;
}

static gboolean is_date(const Field *field) {
  return field->type == FIELD_DATE || field->type == FIELD_TIMESTAMP;
}

static gboolean check_date_field(const Check *check, const char *key, const char *name) {
  if (!name) return TRUE;
  const Field *field = check_field(check, key, name);
  if (!field) return FALSE;
  gsize before = enter(check, key);
  return leave(check, before, is_date(field) || wrong(check, "\"%s\" is no date", name));
}

/* ---- time ---- */
static gboolean check_time(const Check *check, const char *key, const TimeRange *range) {
  gsize before = enter(check, key);
  gboolean good = TRUE;
  if (range->kind == TIME_ABSOLUTE && range->from != DAY_NONE && range->to != DAY_NONE && range->to <= range->from)
    good = wrong(check, "ends before it begins");
  else if ((range->kind == TIME_UNITS || range->kind == TIME_ROLLING) && range->count < 1)
    good = wrong(check, "needs a count of at least 1");
  else if (range->kind != TIME_ALL && range->kind != TIME_ABSOLUTE &&
           (range->unit == TIME_UNIT_NONE || range->unit == TIME_UNIT_HOUR))
    good = wrong(check, "needs a unit of days or longer");
  return leave(check, before, good);
}

/* ---- filters ---- */
static gboolean check_measure(Check *check, const Measure *measure);
static gboolean check_filters(Check *check, const char *key, const GPtrArray *filters);

static gboolean check_value(const Check *check, const Field *field, Operator op, const char *value) {
  if (op == OP_CONTAINS || op == OP_STARTS_WITH) return TRUE;
  SemanticQuery *none = semantic_query_new();
  g_autoptr(AccessScope) scope = access_scope_new_local();
  Compiler *compiler = compiler_new(none, check->model, scope);
  g_autofree char *sql = filter_value_sql(compiler, field, value, NULL);
  compiler_free(compiler);
  semantic_query_free(none);
  return sql || wrong(check, "\"%s\" is no value of \"%s\"", value, field->name);
}

static gboolean check_count(const Check *check, const Filter *filter) {
  guint count = filter->values->len;
  switch (filter->op) {
  case OP_IS_NULL:
  case OP_IS_NOT_NULL: return count == 0 || wrong(check, "%s takes no values", operator_name(filter->op));
  case OP_BETWEEN: return count == 2 || wrong(check, "between takes two values");
  case OP_EQUAL:
  case OP_NOT_EQUAL: return count >= 1 || wrong(check, "needs a value");
  default: return count == 1 || wrong(check, "%s takes one value", operator_name(filter->op));
  }
}

static gboolean check_field_filter(const Check *check, const Filter *filter) {
  const Field *field = check_field(check, "field", filter->field);
  if (!field) return FALSE;
  gsize before = enter(check, "values");
  if (!check_count(check, filter)) return FALSE;
  g_string_truncate(check->path, before);
  for (guint i = 0; i < filter->values->len; i++) {
    gsize inside = enter_index(check, "values", i);
    if (!leave(check, inside, check_value(check, field, filter->op, filter->values->pdata[i]))) return FALSE;
  }
  return TRUE;
}

static gboolean check_cyclic_filter(const Check *check, const Filter *filter) {
  if (filter->cyclic == CYCLIC_NONE || !check_count(check, filter))
    return filter->cyclic != CYCLIC_NONE ? FALSE : wrong(check, "needs the part of the date");
  if (filter->op > OP_BETWEEN) return wrong(check, "%s does not fit a part of the date", operator_name(filter->op));
  for (guint i = 0; i < filter->values->len; i++) {
    int number;
    gsize inside = enter_index(check, "values", i);
    if (!cyclic_value(filter->cyclic, filter->values->pdata[i], &number))
      return wrong(check, "\"%s\" is no %s", (char *)filter->values->pdata[i], cyclic_name(filter->cyclic));
    g_string_truncate(check->path, inside);
  }
  return check_date_field(check, "field", filter->field);
}

static gboolean check_entity_filter(Check *check, const Filter *filter) {
  if (filter->entity && filter->field) return wrong(check, "groups by an entity or by a field, not by both");
  if (filter->field ? !check_field(check, "field", filter->field) : !check_entity(check, "entity", filter->entity)) return FALSE;
  if (filter->top) {
    if (filter->values->len || filter->op != OP_EQUAL) return wrong(check, "takes a test or the top, not both");
    gsize inside = enter(check, "metric");
    return leave(check, inside, check_measure(check, filter->measure));
  }
  if (filter->op > OP_BETWEEN || filter->values->len != (filter->op == OP_BETWEEN ? 2 : 1))
    return wrong(check, "compares a measure with %s", filter->op == OP_BETWEEN ? "two numbers" : "a number");
  for (guint i = 0; i < filter->values->len; i++) {
    char *end = NULL;
    g_ascii_strtod(filter->values->pdata[i], &end);
    gsize inside = enter_index(check, "values", i);
    if (end == (char *)filter->values->pdata[i] || *end)
      return wrong(check, "\"%s\" is no number", (char *)filter->values->pdata[i]);
    g_string_truncate(check->path, inside);
  }
  gsize before = enter(check, "metric");
  return leave(check, before, check_measure(check, filter->measure));
}

static gboolean check_filter(Check *check, const Filter *filter) {
  switch (filter->kind) {
  case FILTER_FIELD: return check_field_filter(check, filter);
  case FILTER_CONDITION:
    return (filter->condition && model_find_condition(check->model, filter->condition)) ||
           wrong(check, "there is no condition \"%s\"", filter->condition ? filter->condition : "");
  case FILTER_CYCLIC: return check_cyclic_filter(check, filter);
  case FILTER_ENTITY: return check_entity_filter(check, filter);
  case FILTER_DID:
    return check_entity(check, "entity", filter->entity) && check_time(check, "time", &filter->did_time) &&
           check_filters(check, "did", filter->did);
  case FILTER_ANY:
    return (filter->did->len || wrong(check, "needs at least one filter")) && check_filters(check, "any", filter->did);
  }
  return wrong(check, "is of no known kind");
}

static gboolean check_filters(Check *check, const char *key, const GPtrArray *filters) {
  if (check->depth >= VALIDATE_MAX_DEPTH) return wrong(check, "is nested too deep");
  check->depth++;
  for (guint i = 0; i < filters->len; i++) {
    gsize before = enter_index(check, key, i);
    if (!leave(check, before, check_filter(check, filters->pdata[i]))) return FALSE;
  }
  check->depth--;
  return TRUE;
}

/* ---- measures ---- */
static gboolean needs_number(Aggregate aggregate) {
  return aggregate == AGGREGATE_SUM || aggregate == AGGREGATE_AVERAGE || aggregate == AGGREGATE_MEDIAN ||
         aggregate == AGGREGATE_PERCENTILE || aggregate == AGGREGATE_STDDEV;
}

static gboolean check_aggregate(const Check *check, const Measure *measure) {
  if (measure->aggregate == AGGREGATE_NONE) return wrong(check, "needs an aggregate");
  if (measure->aggregate == AGGREGATE_PERCENTILE && !(measure->percentile >= 0 && measure->percentile <= 1))
    return wrong(check, "the percentile must lie between 0 and 1");
  return TRUE;
}

static gboolean check_aggregate_measure(const Check *check, const Measure *measure) {
  if (!check_aggregate(check, measure)) return FALSE;
  if (measure->metric) {
    const Metric *metric = model_find_metric(check->model, measure->metric);
    return (metric && metric->kind == METRIC_AGGREGATE) ||
           wrong(check, "\"%s\" is no metric with a value per row", measure->metric);
  }
  if (!measure->field) {
    if (measure->aggregate != AGGREGATE_COUNT) return wrong(check, "needs a field or a metric");
    return (measure->dataset && model_find_dataset(check->model, measure->dataset)) ||
           wrong(check, "there is no dataset \"%s\"", measure->dataset ? measure->dataset : "");
  }
  const Field *field = check_field(check, "field", measure->field);
  if (!field) return FALSE;
  if (measure->kind == MEASURE_DATE_DIFFERENCE)
    return check_date_field(check, "field", measure->field) &&
           (check_field(check, "field_to", measure->field_to) != NULL) &&
           check_date_field(check, "field_to", measure->field_to);
  return !needs_number(measure->aggregate) || is_number(field) ||
         wrong(check, "\"%s\" holds no numbers", measure->field);
}

static gboolean check_inner(Check *check, const char *key, const Measure *measure) {
  gsize before = enter(check, key);
  return leave(check, before, check_measure(check, measure));
}

static gboolean check_per(Check *check, const Measure *measure) {
  if (!check_aggregate(check, measure)) return FALSE;
  gsize before = enter(check, "per");
  if (measure->per_entity && !check_entity(check, "entity", measure->per_entity)) return FALSE;
  if (!measure->per_entity && measure->per_unit == TIME_UNIT_NONE) return wrong(check, "needs an entity or a unit");
  g_string_truncate(check->path, before);
  return check_inner(check, "of", measure->left);
}

static gboolean check_pair(Check *check, const char *key, const Measure *measure) {
  g_autofree char *left = g_strconcat(key, "/0", NULL), *right = g_strconcat(key, "/1", NULL);
  return check_inner(check, left, measure->left) && check_inner(check, right, measure->right);
}

static gboolean check_measure_kind(Check *check, const Measure *measure) {
  switch (measure->kind) {
  case MEASURE_METRIC:
    return (measure->metric && model_find_metric(check->model, measure->metric)) ||
           wrong(check, "there is no metric \"%s\"", measure->metric ? measure->metric : "");
  case MEASURE_AGGREGATE:
  case MEASURE_DATE_DIFFERENCE: return check_aggregate_measure(check, measure);
  case MEASURE_PER: return check_per(check, measure);
  case MEASURE_RATIO: return check_pair(check, "ratio", measure);
  case MEASURE_DIFFERENCE: return check_pair(check, "difference", measure);
  case MEASURE_SUM: return check_pair(check, "sum", measure);
  }
  return wrong(check, "is of no known kind");
}

static gboolean check_measure(Check *check, const Measure *measure) {
  if (!measure) return wrong(check, "is missing");
  if (check->depth >= VALIDATE_MAX_DEPTH) return wrong(check, "is nested too deep");
  check->depth++;
  gboolean good = check_measure_kind(check, measure) && check_filters(check, "filters", measure->filters) &&
                  check_time(check, "time", &measure->time);
  check->depth--;
  return good;
}

/* ---- dimensions ---- */
static gboolean check_edges(const Check *check, const Dimension *dimension) {
  gboolean each_value = dimension->kind == DIMENSION_ENTITY_BUCKET;
  if (!dimension->edges || (!dimension->edges->len && !each_value)) return wrong(check, "needs edges");
  for (guint i = 0; i < dimension->edges->len; i++) {
    double edge = g_array_index(dimension->edges, double, i);
    if (!isfinite(edge) || (i && edge <= g_array_index(dimension->edges, double, i - 1)))
      return wrong(check, "edges must ascend");
  }
  return TRUE;
}

static gboolean check_dimension(Check *check, const Dimension *dimension) {
  const Field *field;
  switch (dimension->kind) {
  case DIMENSION_FIELD: return check_field(check, "field", dimension->field) != NULL;
  case DIMENSION_TIME:
    return (dimension->unit != TIME_UNIT_NONE || wrong(check, "needs a unit of time")) &&
           check_date_field(check, "field", dimension->field);
  case DIMENSION_CYCLIC:
    return (dimension->cyclic != CYCLIC_NONE || wrong(check, "needs a part of the date")) &&
           check_date_field(check, "field", dimension->field);
  case DIMENSION_BUCKET:
    field = check_field(check, "field", dimension->field);
    return field && (is_number(field) || wrong(check, "\"%s\" holds no numbers", dimension->field)) &&
           check_edges(check, dimension);
  case DIMENSION_ENTITY_BUCKET:
    return check_entity(check, "entity", dimension->entity) && check_inner(check, "metric", dimension->measure) &&
           check_edges(check, dimension);
  case DIMENSION_FIRST_TIME:
    return check_entity(check, "entity", dimension->entity) &&
           (dimension->unit != TIME_UNIT_NONE || wrong(check, "needs a unit of time"));
  }
  return wrong(check, "is of no known kind");
}

/* ---- what refers to measures and dimensions ---- */
static gboolean check_on(const Check *check, const SemanticQuery *query, int index, On on) {
  guint count = on == ON_DIMENSION ? MAX(query->dimensions->len, query->detail->len) : query->measures->len;
  if (index < 0 || (guint)index >= count)
    return wrong(check, "there is no %s %d", on == ON_DIMENSION ? "dimension" : "metric", index);
  gboolean compared = query->compare.kind != COMPARE_NONE;
  gboolean there = on == ON_VALUE || on == ON_DIMENSION || (on == ON_SHARE && query->share != SHARE_NONE) ||
                   (on == ON_WINDOW && query->window != WINDOW_NONE) ||
                   ((on == ON_PREVIOUS || on == ON_CHANGE || on == ON_GROWTH) && compared);
  return there || wrong(check, "the query has no column \"%s\"", on_name(on));
}

static gboolean check_references(const Check *check, const SemanticQuery *query) {
  for (guint i = 0; i < query->having->len; i++) {
    const Having *having = &g_array_index(query->having, Having, i);
    gsize before = enter_index(check, "having", i);
    if (!check_on(check, query, having->measure, having->on)) return FALSE;
    if (having->on == ON_DIMENSION || having->op > OP_IS_NOT_NULL || !isfinite(having->value) ||
        !isfinite(having->value_to))
      return wrong(check, "compares a metric with a number");
    g_string_truncate(check->path, before);
  }
  for (guint i = 0; i < query->order->len; i++) {
    const Order *order = &g_array_index(query->order, Order, i);
    gsize before = enter_index(check, "order", i);
    if (!check_on(check, query, order->index, order->on)) return FALSE;
    g_string_truncate(check->path, before);
  }
  return TRUE;
}

static gboolean check_compare(const Check *check, const SemanticQuery *query) {
  const Compare *compare = &query->compare;
  gsize before = enter(check, "compare");
  gboolean has_series = query_series(query) >= 0;
  switch (compare->kind) {
  case COMPARE_NONE: break;
  case COMPARE_PERIODS:
    if (compare->baseline.kind == TIME_ALL || query->time.kind == TIME_ALL)
      return wrong(check, "comparing periods needs a time and a baseline");
    if (!check_time(check, "baseline", &compare->baseline)) return FALSE;
    break;
  case COMPARE_PREVIOUS:
  case COMPARE_YEAR_EARLIER:
    if (query->time.kind == TIME_ALL && !has_series)
      return wrong(check, "comparing with an earlier period needs a time, or a dimension over time");
    break;
  case COMPARE_SNAPSHOTS:
    if (data_ref_equal(&compare->data, &query->data)) return wrong(check, "both sides are of the same data");
    if (query->analysis != ANALYSIS_NONE) return wrong(check, "two snapshots are compared by their numbers alone: no analysis");
    break;
  case COMPARE_MEMBERS:
  case COMPARE_REST:
    if (!check_field(check, "field", compare->field)) return FALSE;
    if (!compare->member || (compare->kind == COMPARE_MEMBERS && !compare->other))
      return wrong(check, "needs the %s to compare", compare->kind == COMPARE_MEMBERS ? "two members" : "member");
    break;
  }
  if (compare->kind != COMPARE_NONE && !query->measures->len) return wrong(check, "needs a metric");
  return leave(check, before, TRUE);
}

static gboolean check_extent(const Check *check, const SemanticQuery *query) {
  guint dimensions = query->dimensions->len;
  if (query->limit < 0 || query->offset < 0) return wrong(check, "limit and offset are not negative");
  if (query->limit_within < 0 || (guint)query->limit_within > dimensions)
    return wrong(check, "limit_within is a number of dimensions");
  if (query->share == SHARE_WITHIN && (query->share_dimensions < 1 || (guint)query->share_dimensions > dimensions))
    return wrong(check, "share_of within needs a number of dimensions");
  if ((query->share != SHARE_NONE || query->window != WINDOW_NONE) && !query->measures->len)
    return wrong(check, "shares and windows need a metric");
  if (query->window == WINDOW_MOVING_AVERAGE && (query->window_size < 1 || query_series(query) < 0))
    return wrong(check, "a moving average needs a size and a dimension over time");
  gboolean bounded = query->time.kind != TIME_ALL;
  if (query->window == WINDOW_RUN_RATE && (query->window_size < 1 || query_series(query) >= 0 || !bounded))
    return wrong(check, "a run rate needs a size in days, a period, and no dimension over time");
  if (query->cohort != COHORT_NONE && !check_entity(check, "cohort/entity", query->cohort_entity)) return FALSE;
  if (!query->measures->len && !dimensions && !query->detail->len)
    return wrong(check, "the query asks for nothing: it needs a metric, a dimension or detail");
  if (query->detail->len && (query->measures->len || dimensions))
    return wrong(check, "a list of rows has no metrics or dimensions");
  return TRUE;
}

static gboolean check_names(Check *check, const SemanticQuery *query) {
  for (guint i = 0; i < query->measures->len; i++) {
    gsize before = enter_index(check, "metrics", i);
    if (!leave(check, before, check_measure(check, query->measures->pdata[i]))) return FALSE;
  }
  for (guint i = 0; i < query->dimensions->len; i++) {
    gsize before = enter_index(check, "dimensions", i);
    if (!leave(check, before, check_dimension(check, query->dimensions->pdata[i]))) return FALSE;
  }
  for (guint i = 0; i < query->detail->len; i++) {
    g_autofree char *key = g_strdup_printf("detail/%u", i);
    if (!check_field(check, key, query->detail->pdata[i])) return FALSE;
  }
  return check_time(check, "time", &query->time) && check_date_field(check, "time_field", query->time_field) &&
         check_filters(check, "filters", query->filters);
}

/* ---- what the datasets reach ---- */
static gboolean compiles(const SemanticQuery *query, const Model *model, GError **error) {
  /* Any day serves: whether something is in reach does not depend on the calendar. */
  ResolveContext context = {.as_of = day_from_ymd(2020, 1, 1), .calendar = model->calendar};
  g_autoptr(SemanticQuery) resolved = semantic_query_resolve(query, model, &context, error);
  g_autoptr(AccessScope) scope = access_scope_new_local();
  g_autoptr(CompiledQuery) compiled = resolved ? semantic_query_compile(resolved, model, scope, error) : NULL;
  return compiled != NULL;
}

/* The path of the one filter or dimension without which the query would compile. (transfer full); NULL: no single one
 */
static char *find_culprit(const SemanticQuery *query, const Model *model) {
  for (guint i = 0; i < query->filters->len; i++) {
    g_autoptr(SemanticQuery) without = semantic_query_copy(query);
    g_ptr_array_remove_index(without->filters, i);
    if (compiles(without, model, NULL)) return g_strdup_printf("/filters/%u", i);
  }
  for (guint i = 0; i < query->dimensions->len; i++) {
    g_autoptr(SemanticQuery) without = semantic_query_copy(query);
    g_ptr_array_remove_index(without->dimensions, i);
    g_array_set_size(without->order, 0);
    without->limit_within = without->share_dimensions = 0;
    if (compiles(without, model, NULL)) return g_strdup_printf("/dimensions/%u", i);
  }
  for (guint i = 0; i < query->measures->len && query->measures->len > 1; i++) {
    g_autoptr(SemanticQuery) without = semantic_query_copy(query);
    g_ptr_array_remove_index(without->measures, i);
    g_array_set_size(without->order, 0);
    g_array_set_size(without->having, 0);
    if (compiles(without, model, NULL)) return g_strdup_printf("/metrics/%u", i);
  }
  return NULL;
}

gboolean semantic_query_validate(const SemanticQuery *query, const Model *model, GError **error) {
  g_autoptr(GString) path = g_string_new(NULL);
  Check check = {.model = model, .path = path, .error = error};
  if (!check_extent(&check, query) || !check_names(&check, query) || !check_compare(&check, query) ||
      !check_references(&check, query))
    return FALSE;
  g_autoptr(GError) unreachable = NULL;
  if (compiles(query, model, &unreachable)) return TRUE;
  g_autofree char *culprit = find_culprit(query, model);
  gboolean has_path = g_str_has_prefix(unreachable->message, "/");
  g_set_error(error, AISLE_ERROR, unreachable->code, "%s%s%s",
              has_path  ? ""
              : culprit ? culprit
                        : "/metrics/0",
              has_path ? "" : ": ", unreachable->message);
  return FALSE;
}
