/* Resolving: relative time becomes absolute half-open ranges; "before" becomes the period it means; names get
 * qualified. */
#include "query/compiler.h"

#define RANGE_MAX_UNITS 100000

/* The range of whole units, or up to today. */
static TimeRange resolve_range(const TimeRange *range, const ResolveContext *context) {
  const Calendar *calendar = &context->calendar;
  TimeUnit unit = range->unit;
  Day tomorrow = context->as_of + 1, this_start = day_unit_start(context->as_of, unit, calendar);
  int count = CLAMP(range->count, 1, RANGE_MAX_UNITS), offset = CLAMP(range->offset, -RANGE_MAX_UNITS, RANGE_MAX_UNITS);
  int months = time_unit_months(unit);
  switch (range->kind) {
  case TIME_UNITS: {
    Day from = day_unit_add(this_start, unit, offset, calendar);
    return time_range_absolute(from, day_unit_add(from, unit, count, calendar));
  }
  case TIME_ROLLING:
    if (months) return time_range_absolute(day_add_months(tomorrow, -months * count), tomorrow);
    return time_range_absolute(tomorrow - count * (unit == TIME_UNIT_WEEK ? 7 : 1), tomorrow);
  case TIME_TO_DATE: {
    Day from = day_unit_add(this_start, unit, offset, calendar);
    Day to = months ? day_add_months(context->as_of, months * offset) + 1
                    : tomorrow + offset * (unit == TIME_UNIT_WEEK ? 7 : 1);
    return time_range_absolute(from, to);
  }
  default: return *range;
  }
}

gboolean time_range_resolve(const TimeRange *range, const ResolveContext *context, Day *from, Day *to_exclusive) {
  TimeRange resolved = resolve_range(range, context);
  if (resolved.kind != TIME_ABSOLUTE || (resolved.from == DAY_NONE && resolved.to == DAY_NONE)) return FALSE;
  *from = resolved.from;
  *to_exclusive = resolved.to;
  return TRUE;
}

static void resolve_in_place(TimeRange *range, const ResolveContext *context) {
  Day from, to;
  *range = time_range_resolve(range, context, &from, &to) ? time_range_absolute(from, to) : time_range_all();
}

/* ---- the period a period is compared with ---- */
/* A day moved by whole units of a kind; months are clipped to their ends. */
static Day move(Day day, TimeUnit unit, int units) {
  int months = time_unit_months(unit);
  return months ? day_add_months(day, months * units) : day + units * (unit == TIME_UNIT_WEEK ? 7 : 1);
}

/* The exclusive end moved: the last day of a month stays the last day. */
static Day move_end(Day to_exclusive, TimeUnit unit, int units) {
  int year, month, day;
  day_to_ymd(to_exclusive, &year, &month, &day);
  return time_unit_months(unit) && day != 1 ? move(to_exclusive - 1, unit, units) + 1 : move(to_exclusive, unit, units);
}

/* What kind of units an absolute range is made of: whole months (also quarters, years), else days. */
static TimeUnit unit_of(const TimeRange *range, int *count) {
  int year, month, day, to_year, to_month, to_day;
  day_to_ymd(range->from, &year, &month, &day);
  day_to_ymd(range->to, &to_year, &to_month, &to_day);
  if (day == 1 && to_day == 1) {
    *count = (to_year - year) * 12 + to_month - month;
    return TIME_UNIT_MONTH;
  }
  *count = range->to - range->from;
  return TIME_UNIT_DAY;
}

/* A unit that today cuts short: it and what it is compared with count up to the same day. */
static gboolean is_cut(const TimeRange *range, const TimeRange *resolved, const ResolveContext *context) {
  if (range->kind == TIME_TO_DATE) return TRUE;
  return range->kind == TIME_UNITS && resolved->from <= context->as_of && context->as_of < resolved->to - 1;
}

static TimeRange period_before(const TimeRange *range, const TimeRange *resolved, gboolean year) {
  TimeUnit unit;
  int units;
  if (year) {
    unit = range->unit == TIME_UNIT_WEEK && range->kind != TIME_ABSOLUTE ? TIME_UNIT_WEEK : TIME_UNIT_YEAR;
    units = unit == TIME_UNIT_WEEK ? -52 : -1;
  } else if (range->kind == TIME_TO_DATE || range->kind == TIME_UNITS || range->kind == TIME_ROLLING) {
    unit = range->unit;
    units = range->kind == TIME_TO_DATE ? -1 : -MAX(range->count, 1);
  } else {
    unit = unit_of(resolved, &units);
    units = -units;
  }
  return time_range_absolute(move(resolved->from, unit, units), move_end(resolved->to, unit, units));
}

/* This month against last month, today being the 12th: both up to the 12th. */
static void cut_both(SemanticQuery *query, const TimeRange *baseline, const ResolveContext *context) {
  const TimeRange *time = &query->time;
  if (baseline->kind != TIME_UNITS || baseline->unit != time->unit || baseline->count != time->count) return;
  TimeRange now = resolve_range(time, context), then = resolve_range(baseline, context);
  if (!is_cut(time, &now, context)) return;
  then.to = MIN(then.to, move(context->as_of, time->unit, baseline->offset - time->offset) + 1);
  now.to = context->as_of + 1;
  query->time = now;
  query->compare.baseline = then;
}

/* A day of a range that is still going on is as_of's. */
static void resolve_data(DataRef *ref, const ResolveContext *context) {
  if (ref->kind == DATA_TAKEN || ref->kind == DATA_AT) resolve_in_place(&ref->time, context);
}

static gboolean resolve_compare(SemanticQuery *query, const ResolveContext *context, GError **error) {
  Compare *compare = &query->compare;
  if (compare->kind == COMPARE_PERIODS) {
    TimeRange baseline = compare->baseline;
    if (query->time.kind == TIME_UNITS) cut_both(query, &baseline, context);
    resolve_in_place(&compare->baseline, context);
    return TRUE;
  }
  if (compare->kind != COMPARE_PREVIOUS && compare->kind != COMPARE_YEAR_EARLIER) return TRUE;
  TimeRange resolved = resolve_range(&query->time, context);
  if (query_series(query) >= 0) { /* the last bucket is compared over as many days as it has */
    if (resolved.kind == TIME_ABSOLUTE && is_cut(&query->time, &resolved, context))
      query->time = time_range_absolute(resolved.from, MIN(resolved.to, context->as_of + 1));
    return TRUE;
  }
  if (resolved.kind != TIME_ABSOLUTE || resolved.from == DAY_NONE || resolved.to == DAY_NONE) {
    g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_BAD_QUERY,
                        "/compare: comparing with the period before needs a period with a beginning and an end");
    return FALSE;
  }
  if (is_cut(&query->time, &resolved, context)) resolved.to = MIN(resolved.to, context->as_of + 1);
  compare->baseline = period_before(&query->time, &resolved, compare->kind == COMPARE_YEAR_EARLIER);
  compare->kind = COMPARE_PERIODS;
  query->time = resolved;
  return TRUE;
}

/* ---- names ---- */
static void qualify(char **name, const Model *model) {
  const Field *field = *name ? model_find_field(model, *name) : NULL;
  if (!field) return;
  g_free(*name);
  *name = g_strdup_printf("%s.%s", field->dataset, field->name);
}

/* ---- fields that mean the same ---- */
static gboolean add_dataset(const char **only, const char *name) {
  if (!name || (*only && !g_str_equal(*only, name))) return FALSE;
  *only = name;
  return TRUE;
}

/* The one dataset that a measure stands on; FALSE when there are several, or none is known. */
static gboolean measured_dataset(const Measure *measure, const Model *model, const char **only) {
  if (!measure) return TRUE;
  const Metric *metric = measure->metric ? model_find_metric(model, measure->metric) : NULL;
  if (measure->metric && !metric) return FALSE;
  g_autoptr(GPtrArray) datasets = metric ? model_metric_datasets(model, metric) : NULL;
  for (guint i = 0; datasets && i < datasets->len; i++)
    if (!add_dataset(only, ((const Dataset *)datasets->pdata[i])->name)) return FALSE;
  const Field *field = measure->field ? model_find_field(model, measure->field) : NULL;
  if (field && !add_dataset(only, field->dataset)) return FALSE;
  if (measure->dataset && !add_dataset(only, measure->dataset)) return FALSE;
  return measured_dataset(measure->left, model, only) && measured_dataset(measure->right, model, only);
}

/* "The channel of orders", asked of visits, is the channel of visits: one spelling for one meaning. */
static void conform(char **name, const Model *model, const Dataset *dataset) {
  const Field *field = *name ? model_find_field(model, *name) : NULL;
  if (!field || g_str_equal(field->dataset, dataset->name)) return;
  g_autoptr(GPtrArray) path = model_join_path(model, dataset->name, field->dataset);
  const Field *reached = path ? NULL : reach_field(model, dataset, field);
  if (!reached) return;
  g_free(*name);
  *name = g_strdup_printf("%s.%s", reached->dataset, reached->name);
}

static void conform_filters(GPtrArray *filters, const Model *model, const Dataset *dataset) {
  for (guint i = 0; i < filters->len; i++) {
    Filter *filter = filters->pdata[i];
    if (filter->kind == FILTER_FIELD) conform(&filter->field, model, dataset);
    if (filter->kind == FILTER_ANY) conform_filters(filter->did, model, dataset);
  }
}

static void conform_query(SemanticQuery *query, const Model *model) {
  const char *only = NULL;
  for (guint i = 0; i < query->measures->len; i++)
    if (!measured_dataset(query->measures->pdata[i], model, &only)) return;
  const Dataset *dataset = only ? model_find_dataset(model, only) : NULL;
  if (!dataset) return;
  conform_filters(query->filters, model, dataset);
  conform(&query->compare.field, model, dataset);
  for (guint i = 0; i < query->measures->len; i++)
    conform_filters(((Measure *)query->measures->pdata[i])->filters, model, dataset);
  for (guint i = 0; i < query->dimensions->len; i++) {
    Dimension *dimension = query->dimensions->pdata[i];
    if (dimension->kind == DIMENSION_FIELD) conform(&dimension->field, model, dataset);
  }
}

static void resolve_measure(Measure *measure, const Model *model, const ResolveContext *context);

static void resolve_filters(GPtrArray *filters, const Model *model, const ResolveContext *context) {
  for (guint i = 0; i < filters->len; i++) {
    Filter *filter = filters->pdata[i];
    qualify(&filter->field, model);
    resolve_in_place(&filter->did_time, context);
    resolve_filters(filter->did, model, context);
    resolve_measure(filter->measure, model, context);
  }
}

static void resolve_measure(Measure *measure, const Model *model, const ResolveContext *context) {
  if (!measure) return;
  qualify(&measure->field, model);
  qualify(&measure->field_to, model);
  resolve_in_place(&measure->time, context);
  resolve_filters(measure->filters, model, context);
  resolve_measure(measure->left, model, context);
  resolve_measure(measure->right, model, context);
}

static void resolve_names(SemanticQuery *query, const Model *model, const ResolveContext *context) {
  qualify(&query->time_field, model);
  qualify(&query->compare.field, model);
  resolve_filters(query->filters, model, context);
  for (guint i = 0; i < query->measures->len; i++) resolve_measure(query->measures->pdata[i], model, context);
  for (guint i = 0; i < query->dimensions->len; i++) {
    Dimension *dimension = query->dimensions->pdata[i];
    qualify(&dimension->field, model);
    resolve_measure(dimension->measure, model, context);
  }
  for (guint i = 0; i < query->detail->len; i++) {
    char *name = query->detail->pdata[i];
    qualify(&name, model);
    query->detail->pdata[i] = name;
  }
}

SemanticQuery *semantic_query_resolve(const SemanticQuery *query, const Model *model, const ResolveContext *context,
                                      GError **error) {
  g_autoptr(SemanticQuery) resolved = semantic_query_copy(query);
  resolve_names(resolved, model, context);
  conform_query(resolved, model);
  resolve_data(&resolved->data, context);
  resolve_data(&resolved->compare.data, context);
  if (!resolve_compare(resolved, context, error)) return NULL;
  resolve_in_place(&resolved->time, context);
  return g_steal_pointer(&resolved);
}
