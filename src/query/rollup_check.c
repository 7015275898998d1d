/* Whether a query may be planned over a rollup at all: what could go wrong without the compiler noticing. */
#include "model/expression.h"
#include "model/rolled.h"
#include "model/visible.h"
#include "query/compiler.h"
#include <string.h>

typedef struct {
  const RollupView *view;
  const SemanticQuery *query;
  RollupReason reason; /* the first that speaks against it; USED so far */
} Check;

static gboolean refuse(Check *check, RollupReason reason) {
  if (check->reason == ROLLUP_USED) check->reason = reason;
  return FALSE;
}

static const Dataset *rows_of(const Check *check) {
  return model_find_dataset(check->view->raw, check->view->definition->dataset);
}

/* ---- time ---- */
static gboolean starts_period(Day day, TimeUnit grain) {
  if (day == DAY_NONE || grain == TIME_UNIT_HOUR || grain == TIME_UNIT_DAY) return TRUE;
  int year, month, day_of_month;
  day_to_ymd(day, &year, &month, &day_of_month);
  return day_of_month == 1 && (grain == TIME_UNIT_MONTH || month == 1);
}

static gboolean check_range(Check *check, const TimeRange *range) {
  if (range->kind != TIME_ABSOLUTE) return TRUE;
  TimeUnit grain = check->view->definition->grain;
  return (starts_period(range->from, grain) && starts_period(range->to, grain)) ||
         refuse(check, ROLLUP_RANGE_NOT_ALIGNED);
}

/* Whether periods of the unit are made of whole periods of the rollup. */
static gboolean check_unit(Check *check, TimeUnit unit) {
  TimeUnit grain = check->view->definition->grain;
  gboolean fits = TRUE;
  if (unit == TIME_UNIT_HOUR)
    fits = grain == TIME_UNIT_HOUR;
  else if (unit == TIME_UNIT_DAY || unit == TIME_UNIT_WEEK)
    fits = grain == TIME_UNIT_HOUR || grain == TIME_UNIT_DAY;
  else if (unit != TIME_UNIT_NONE && grain == TIME_UNIT_YEAR)
    fits =
        unit == TIME_UNIT_YEAR || (unit == TIME_UNIT_FISCAL_YEAR && check->view->raw->calendar.fiscal_start_month == 1);
  return fits || refuse(check, ROLLUP_GRAIN_TOO_COARSE);
}

static gboolean check_cyclic(Check *check, Cyclic cyclic) {
  if (cyclic == CYCLIC_HOUR_OF_DAY) return check_unit(check, TIME_UNIT_HOUR);
  return check_unit(check, cyclic == CYCLIC_MONTH_OF_YEAR || cyclic == CYCLIC_QUARTER_OF_YEAR ? TIME_UNIT_MONTH
                                                                                              : TIME_UNIT_DAY);
}

static gboolean check_date(Check *check, const char *name) {
  if (!name) return TRUE;
  const Field *field = model_find_field(check->view->raw, name);
  const Dataset *rows = rows_of(check);
  const Field *reached = field ? reach_field(check->view->raw, rows, field) : NULL;
  const RollupKey *date = check->view->keys->pdata[0];
  g_autofree char *origin = reached ? g_strconcat(reached->dataset, ".", reached->name, NULL) : NULL;
  return g_strcmp0(origin, date->origin) == 0 || refuse(check, ROLLUP_OTHER_DATE);
}

/* ---- fields ---- */
/* The rollup's field for one over the rows: its own key or, in `joined`, one of a dataset it leads to. */
static const Field *kept_field(const Check *check, const char *name) {
  const Field *field = name ? model_find_field(check->view->raw, name) : NULL;
  return field ? rollup_reach_field(check->view->model, rollup_view_dataset(check->view), field) : NULL;
}

static gboolean check_field(Check *check, const char *name, RollupReason missing) {
  const Field *kept = kept_field(check, name);
  if (!kept) return refuse(check, missing);
  const RollupKey *date = check->view->keys->pdata[0];
  gboolean is_date =
      g_strcmp0(kept->dataset, check->view->definition->dataset) == 0 && g_str_equal(kept->name, date->name);
  gboolean is_whole = check->view->definition->grain == TIME_UNIT_DAY && kept->type == FIELD_DATE;
  return !is_date || is_whole || refuse(check, ROLLUP_GRAIN_TOO_COARSE);
}

/* ---- filters ---- */
static gboolean check_filters(Check *check, const GPtrArray *filters);

static gboolean check_condition(Check *check, const char *name) {
  return (name && model_find_condition(check->view->model, name)) || refuse(check, ROLLUP_FILTER_MISSING);
}

static gboolean check_filter(Check *check, const Filter *filter) {
  switch (filter->kind) {
  case FILTER_FIELD: return check_field(check, filter->field, ROLLUP_FILTER_MISSING);
  case FILTER_CONDITION: return check_condition(check, filter->condition);
  case FILTER_CYCLIC: return check_date(check, filter->field) && check_cyclic(check, filter->cyclic);
  case FILTER_ANY: return check_filters(check, filter->did);
  case FILTER_ENTITY:
  case FILTER_DID: break;
  }
  return refuse(check, ROLLUP_NEEDS_ROWS);
}

static gboolean check_filters(Check *check, const GPtrArray *filters) {
  for (guint i = 0; filters && i < filters->len; i++)
    if (!check_filter(check, filters->pdata[i])) return FALSE;
  return TRUE;
}

/* ---- measures ---- */
static gboolean holds_measure(const RollupView *view, const char *expression) {
  for (guint i = 0; i < view->measures->len; i++)
    if (g_str_equal(((const RollupMeasure *)view->measures->pdata[i])->expression, expression)) return TRUE;
  return FALSE;
}

static gboolean check_sum(Check *check, const char *expression) {
  if (holds_measure(check->view, expression)) return TRUE;
  gboolean is_inexact = g_ptr_array_find_with_equal_func(check->view->inexact, expression, g_str_equal, NULL);
  return refuse(check, is_inexact ? ROLLUP_INEXACT_SUM : ROLLUP_MEASURE_MISSING);
}

/* Kept as keys, or as sketches. */
static gboolean check_counted(Check *check, const char *name) {
  if (kept_field(check, name)) return check_field(check, name, ROLLUP_DISTINCT_KEY_MISSING);
  const Field *field = name ? model_find_field(check->view->raw, name) : NULL;
  const Field *reached = field ? reach_field(check->view->raw, rows_of(check), field) : NULL;
  return (reached && rollup_find_sketch(check->view, reached->dataset, reached->name)) ||
         refuse(check, ROLLUP_DISTINCT_KEY_MISSING);
}

static gboolean check_distinct(Check *check, const char *dataset, const char *expression) {
  g_autofree char *column = NULL;
  if (!expression || !expression_is_column(expression, &column)) return refuse(check, ROLLUP_NOT_ADDITIVE);
  g_autofree char *name = g_strconcat(dataset, ".", column, NULL);
  return kept_field(check, name) ? TRUE : check_counted(check, name);
}

/* What is divided by the number of customers is of rows with a customer: the rollup must tell those apart. */
static gboolean check_ratio(Check *check, const char *numerator, const char *denominator) {
  g_autoptr(Filter) keyed = per_entity_filter(check->view->raw, numerator, denominator);
  return !keyed || kept_field(check, keyed->field) || refuse(check, ROLLUP_FILTER_MISSING);
}

static gboolean check_metric(Check *check, const char *name, Aggregate aggregate, int depth) {
  const Metric *metric = name ? model_find_metric(check->view->raw, name) : NULL;
  if (!metric || depth > 16) return refuse(check, ROLLUP_MEASURE_MISSING);
  if (metric->kind == METRIC_RATIO && !check_ratio(check, metric->numerator, metric->denominator)) return FALSE;
  if (metric->kind != METRIC_AGGREGATE)
    return check_metric(check, metric->numerator, AGGREGATE_NONE, depth + 1) &&
           check_metric(check, metric->denominator, AGGREGATE_NONE, depth + 1);
  if (aggregate == AGGREGATE_NONE) aggregate = metric->aggregate;
  for (guint i = 0; metric->conditions[i]; i++)
    if (!check_condition(check, metric->conditions[i] + (metric->conditions[i][0] == '!'))) return FALSE;
  if (aggregate == AGGREGATE_COUNT_DISTINCT) return check_distinct(check, metric->dataset, metric->expression);
  if (g_strcmp0(metric->dataset, check->view->definition->dataset) != 0) return TRUE; /* another fact's rows */
  if (metric->additivity == ADDITIVITY_SNAPSHOT) return refuse(check, ROLLUP_SNAPSHOT_MEASURE);
  if (aggregate == AGGREGATE_COUNT && !metric->expression) return TRUE;
  if (aggregate != AGGREGATE_SUM || !metric->expression) return refuse(check, ROLLUP_NOT_ADDITIVE);
  return check_sum(check, metric->expression);
}

static gboolean check_aggregate(Check *check, const Measure *measure) {
  if (measure->metric) return check_metric(check, measure->metric, measure->aggregate, 0);
  if (!measure->field && measure->aggregate == AGGREGATE_COUNT) return TRUE;
  if (measure->aggregate == AGGREGATE_COUNT_DISTINCT)
    return check_counted(check, measure->field);
  const Field *field = measure->field ? model_find_field(check->view->raw, measure->field) : NULL;
  if (field && g_strcmp0(field->dataset, check->view->definition->dataset) != 0 && field->role == FIELD_ROLE_MEASURE)
    return TRUE; /* another fact's rows; what rows lead to is refused by the compiler */
  return refuse(check, measure->aggregate == AGGREGATE_SUM ? ROLLUP_MEASURE_MISSING : ROLLUP_NOT_ADDITIVE);
}

static gboolean check_per(Check *check, const Measure *measure);

static gboolean check_measure(Check *check, const Measure *measure) {
  if (!measure) return TRUE;
  if (!check_range(check, &measure->time) || !check_filters(check, measure->filters)) return FALSE;
  switch (measure->kind) {
  case MEASURE_METRIC: return check_metric(check, measure->metric, AGGREGATE_NONE, 0);
  case MEASURE_AGGREGATE: return check_aggregate(check, measure);
  case MEASURE_DATE_DIFFERENCE: return refuse(check, ROLLUP_NOT_ADDITIVE);
  case MEASURE_PER: return check_per(check, measure);
  case MEASURE_RATIO:
    return check_measure(check, measure->left) && check_measure(check, measure->right) &&
           check_ratio(check, measure->left ? measure->left->metric : NULL, measure->right ? measure->right->metric : NULL);
  default: return check_measure(check, measure->left) && check_measure(check, measure->right);
  }
}

/* An aggregate over periods is exact where the rollup has them; one over things needs their rows. */
static gboolean check_per(Check *check, const Measure *measure) {
  if (measure->per_entity || measure->tested) return refuse(check, ROLLUP_NEEDS_ROWS);
  return check_unit(check, measure->per_unit) && check_measure(check, measure->left);
}

/* ---- dimensions ---- */
static gboolean check_dimension(Check *check, const Dimension *dimension) {
  switch (dimension->kind) {
  case DIMENSION_FIELD:
  case DIMENSION_BUCKET: return check_field(check, dimension->field, ROLLUP_DIMENSION_MISSING);
  case DIMENSION_TIME: return check_date(check, dimension->field) && check_unit(check, dimension->unit);
  case DIMENSION_CYCLIC: return check_date(check, dimension->field) && check_cyclic(check, dimension->cyclic);
  case DIMENSION_ENTITY_BUCKET:
  case DIMENSION_FIRST_TIME: break;
  }
  return refuse(check, ROLLUP_NEEDS_ROWS);
}

/* ---- the scope ---- */
static guint matches(const Dataset *dataset, const char *entry, const Field **field) {
  guint found = 0;
  for (guint i = 0; i < dataset->fields->len; i++)
    if (scope_entry_means_field(entry, dataset, dataset->fields->pdata[i])) {
      *field = dataset->fields->pdata[i];
      found++;
    }
  return found;
}

static gboolean keeps_field(const RollupView *view, const Field *field) {
  g_autofree char *origin = g_strconcat(field->dataset, ".", field->name, NULL);
  for (guint i = 1; i < view->keys->len; i++)
    if (g_str_equal(((const RollupKey *)view->keys->pdata[i])->origin, origin)) return TRUE;
  return FALSE;
}

/* The filter over the rollup's rows keeps exactly the rollups of what it keeps over the rows. */
static gboolean check_row_filter(Check *check, const ScopeRowFilter *filter) {
  const RollupView *view = check->view;
  const Model *raw = model_full(view->raw), *rolled = model_full(view->model);
  const char *name = view->definition->dataset;
  const Dataset *rows = model_find_dataset(raw, name), *sums = model_find_dataset(rolled, name);
  const Field *field = NULL, *kept = NULL;
  guint own = matches(rows, filter->field, &field), in_rollup = matches(sums, filter->field, &kept);
  if (own) return (own == 1 && in_rollup == 1 && keeps_field(view, field)) || refuse(check, ROLLUP_SCOPE_NOT_COVERED);
  guint targets = 0, reachable = 0, as_key = 0;
  for (guint i = 0; i < raw->datasets->len; i++) {
    const Dataset *target = raw->datasets->pdata[i];
    guint meant = target == rows ? 0 : matches(target, filter->field, &field);
    g_autoptr(GPtrArray) path = meant ? model_join_path(raw, name, target->name) : NULL;
    if (!path) continue;
    g_autoptr(GPtrArray) still = model_join_path(rolled, name, target->name);
    targets += meant;
    as_key += meant == 1 && keeps_field(view, field);
    reachable += still && still->len == path->len ? meant : 0;
  }
  if (!targets) return !in_rollup || refuse(check, ROLLUP_SCOPE_NOT_COVERED);
  if (in_rollup) return (targets == 1 && in_rollup == 1 && as_key == 1) || refuse(check, ROLLUP_SCOPE_NOT_COVERED);
  return reachable == targets || refuse(check, ROLLUP_SCOPE_NOT_COVERED);
}

static gboolean check_scope(Check *check, const AccessScope *scope) {
  for (guint i = 0; scope && scope->row_filters && i < scope->row_filters->len; i++)
    if (!check_row_filter(check, scope->row_filters->pdata[i])) return FALSE;
  return TRUE;
}

/* ---- the whole ---- */
static gboolean check_compare(Check *check) {
  const Compare *compare = &check->query->compare;
  if (compare->kind == COMPARE_PERIODS && !check_range(check, &compare->baseline)) return FALSE;
  if (compare->kind == COMPARE_SNAPSHOTS) return refuse(check, ROLLUP_STALE); /* it is of one state of the rows */
  gboolean of_members = compare->kind == COMPARE_MEMBERS || compare->kind == COMPARE_REST;
  return !of_members || check_field(check, compare->field, ROLLUP_FILTER_MISSING);
}

static gboolean check_query(Check *check) {
  const SemanticQuery *query = check->query;
  if (query->detail->len) return refuse(check, ROLLUP_ROW_LIST);
  if (query->cohort != COHORT_NONE) return refuse(check, ROLLUP_NEEDS_ROWS);
  for (guint i = 0; i < query->measures->len; i++)
    if (!check_measure(check, query->measures->pdata[i])) return FALSE;
  for (guint i = 0; i < query->dimensions->len; i++)
    if (!check_dimension(check, query->dimensions->pdata[i])) return FALSE;
  return check_filters(check, query->filters) && check_date(check, query->time_field) &&
         check_range(check, &query->time) && check_compare(check);
}

RollupReason rollup_check(const RollupView *view, const SemanticQuery *resolved, const AccessScope *scope) {
  Check check = {view, resolved, ROLLUP_USED};
  if (check_query(&check)) check_scope(&check, scope);
  return check.reason;
}
