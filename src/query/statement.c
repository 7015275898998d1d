/* Planning the query's own grouping: keys, measures, the other side of a comparison, totals of shares. */
#include "query/compiler.h"

int query_series(const SemanticQuery *query) {
  for (guint i = 0; i < query->dimensions->len; i++) {
    const Dimension *dimension = query->dimensions->pdata[i];
    if (dimension->kind == DIMENSION_TIME || dimension->kind == DIMENSION_FIRST_TIME) return (int)i;
  }
  return -1;
}

static void planned_measure_free(PlannedMeasure *planned) {
  g_free(planned->name);
  term_free(planned->value);
  term_free(planned->previous);
  term_free(planned->running);
  g_free(planned->value_name);
  g_free(planned->previous_name);
  g_free(planned->change_name);
  g_free(planned->growth_name);
  g_free(planned->share_name);
  g_free(planned->window_name);
  g_free(planned);
}

void statement_clear(Statement *statement) {
  g_clear_pointer(&statement->grouping, grouping_free);
  g_clear_pointer(&statement->measures, g_ptr_array_unref);
  g_clear_pointer(&statement->from, g_free);
  g_clear_pointer(&statement->keys, g_ptr_array_unref);
}

/* ---- contexts: this side and the other ---- */
static RowContext current_context(const SemanticQuery *query) {
  RowContext context = {.filters = g_ptr_array_new(),
                        .own = g_ptr_array_new(),
                        .time = query->time,
                        .time_field = query->time_field,
                        .cohort = query->cohort != COHORT_NONE,
                        .suffix = ""};
  for (guint i = 0; i < query->filters->len; i++) g_ptr_array_add(context.filters, query->filters->pdata[i]);
  if (query->compare.kind == COMPARE_MEMBERS || query->compare.kind == COMPARE_REST) {
    context.member_field = query->compare.field;
    context.member = query->compare.member;
  }
  return context;
}

static gboolean has_both_ends(const TimeRange *range) {
  return range->kind == TIME_ABSOLUTE && range->from != DAY_NONE && range->to != DAY_NONE;
}

/* Periods: the baseline, or what lies one unit or a year before; buckets of a series move on to meet the later ones. */
static gboolean set_earlier_time(const Statement *statement, RowContext *context, GError **error) {
  const SemanticQuery *query = statement->query;
  const Calendar *calendar = &statement->compiler->model->calendar;
  const Dimension *series = statement->series < 0 ? NULL : query->dimensions->pdata[statement->series];
  if (query->compare.kind == COMPARE_PERIODS) {
    context->time = query->compare.baseline;
    if (series && (!has_both_ends(&query->time) || !has_both_ends(&context->time))) {
      g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_BAD_QUERY,
                          "comparing series needs two periods with a beginning and an end");
      return FALSE;
    }
    if (series)
      context->shift = time_range_distance(&query->time, &context->time, series->unit, &context->shift_unit, calendar);
    return TRUE;
  }
  if (!series) {
    g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_BAD_QUERY, "comparing with the period before needs a period");
    return FALSE;
  }
  gboolean year = query->compare.kind == COMPARE_YEAR_EARLIER;
  context->time = time_range_earlier(&query->time, series->unit, year, calendar);
  context->shift = !year ? 1 : series->unit == TIME_UNIT_WEEK ? 52 : 1;
  context->shift_unit = !year || series->unit == TIME_UNIT_WEEK ? series->unit : TIME_UNIT_YEAR;
  return TRUE;
}

static gboolean other_context(const Statement *statement, RowContext *context, GError **error) {
  const Compare *compare = &statement->query->compare;
  *context = current_context(statement->query);
  context->suffix = "_previous";
  if (compare->kind == COMPARE_MEMBERS) {
    context->member = compare->other;
  } else if (compare->kind == COMPARE_REST) {
    context->member_rest = TRUE;
  } else if (compare->kind != COMPARE_SNAPSHOTS) {
    return set_earlier_time(statement, context, error);
  }
  return TRUE;
}

/* ---- measures ---- */
static gboolean is_compound(const Statement *statement, const Measure *measure) {
  if (measure->kind == MEASURE_METRIC) {
    const Metric *metric = measure->metric ? model_find_metric(statement->compiler->model, measure->metric) : NULL;
    return metric && (metric->kind != METRIC_AGGREGATE || metric->negate);
  }
  return measure->kind == MEASURE_RATIO || measure->kind == MEASURE_DIFFERENCE || measure->kind == MEASURE_SUM;
}

/* Simple measures are planned first, so that they keep their names and what is computed from them finds them. */
static gboolean plan_side(Statement *statement, const RowContext *context, gboolean previous, GError **error) {
  for (int compound = 0; compound < 2; compound++)
    for (guint i = 0; i < statement->measures->len; i++) {
      PlannedMeasure *planned = statement->measures->pdata[i];
      if (is_compound(statement, planned->measure) != compound) continue;
      Term *term =
          plan_measure(statement->compiler, statement->grouping, planned->measure, planned->name, context, error);
      if (!term) return FALSE;
      *(previous ? &planned->previous : &planned->value) = term;
    }
  return TRUE;
}

/* The total that a share is of where adding the groups up would count things twice. */
static gboolean plan_total(Statement *statement, PlannedMeasure *planned, const RowContext *context, GError **error) {
  const SemanticQuery *query = statement->query;
  if (query->share == SHARE_NONE || term_is_additive(planned->value)) return TRUE;
  guint n_keys = query->share == SHARE_WITHIN ? (guint)query->share_dimensions : 0;
  g_autoptr(Grouping) totals = grouping_new();
  for (guint i = 0; i < n_keys && i < statement->grouping->keys->len; i++) {
    const GroupKey *key = statement->grouping->keys->pdata[i];
    grouping_add_key(totals, key->name, key->dimension);
  }
  g_autofree char *name = g_strconcat(planned->name, "_total", NULL);
  g_autoptr(Term) term = plan_measure(statement->compiler, totals, planned->measure, name, context, error);
  if (!term) return FALSE;
  planned->total =
      compiler_add_cte(statement->compiler, name, grouping_select(statement->compiler, totals, term, name, NULL));
  planned->has_total = statement->grouping->is_joined = TRUE;
  return TRUE;
}

/* Distinct counts do not add up over time: what is accumulated instead is what each bucket shows for the first time. */
static gboolean plan_running(Statement *statement, PlannedMeasure *planned, const RowContext *context, GError **error) {
  if (statement->query->window != WINDOW_CUMULATIVE || statement->series < 0 || term_accumulates(planned->value))
    return TRUE;
  g_auto(RowContext) first_seen = row_context_copy(context);
  first_seen.first_seen = (guint)statement->series + 1;
  planned->running =
      plan_measure(statement->compiler, statement->grouping, planned->measure, planned->name, &first_seen, error);
  if (planned->running && term_accumulates(planned->running)) return TRUE;
  g_clear_error(error);
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_QUERY, "\"%s\" cannot be accumulated", planned->name);
  return FALSE;
}

/* ---- names of columns ---- */
static char *value_column(Statement *statement, const Term *term, const char *name, GHashTable *used) {
  const char *own = term_is_leaf(term) ? term->leaf->name : NULL;
  char *chosen =
      own && !g_hash_table_contains(used, own) ? g_strdup(own) : grouping_unique_name(statement->grouping, name);
  g_hash_table_add(used, g_strdup(chosen));
  return chosen;
}

static char *extra_column(Statement *statement, const PlannedMeasure *planned, const char *suffix) {
  g_autofree char *wanted = g_strconcat(planned->value_name, suffix, NULL);
  return grouping_unique_name(statement->grouping, wanted);
}

static void name_columns(Statement *statement) {
  g_autoptr(GHashTable) used = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < statement->measures->len; i++) {
    PlannedMeasure *planned = statement->measures->pdata[i];
    g_autofree char *previous = g_strconcat(planned->name, "_previous", NULL);
    planned->value_name = value_column(statement, planned->value, planned->name, used);
    if (planned->previous) planned->previous_name = value_column(statement, planned->previous, previous, used);
    planned->change_name = extra_column(statement, planned, "_change");
    planned->growth_name = extra_column(statement, planned, "_growth");
    planned->share_name = extra_column(statement, planned, "_share");
    WindowKind window = statement->query->window;
    planned->window_name = extra_column(statement, planned,
                                        window == WINDOW_RANK         ? "_rank"
                                        : window == WINDOW_RUN_RATE   ? "_run_rate"
                                        : window == WINDOW_CUMULATIVE ? "_cumulative"
                                                                      : "_moving_average");
  }
}

/* ---- the whole ---- */
static void add_dimensions(Statement *statement) {
  for (guint i = 0; i < statement->query->dimensions->len; i++) {
    const Dimension *dimension = statement->query->dimensions->pdata[i];
    g_autofree char *name = dimension_name(statement->compiler, dimension);
    grouping_add_key(statement->grouping, name, dimension);
  }
}

static void add_measures(Statement *statement) {
  g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < statement->grouping->keys->len; i++)
    g_hash_table_add(names, g_strdup(((const GroupKey *)statement->grouping->keys->pdata[i])->name));
  for (guint i = 0; i < statement->query->measures->len; i++) {
    PlannedMeasure *planned = g_new0(PlannedMeasure, 1);
    planned->measure = statement->query->measures->pdata[i];
    g_autofree char *name = measure_name(statement->compiler->model, planned->measure);
    planned->name = text_slug_unique(name, names);
    g_ptr_array_add(statement->measures, planned);
  }
}

/* Without a measure the members of the dimensions are listed, from the rows in which all of them can be seen. */
static gboolean plan_list(Statement *statement, const RowContext *context, GError **error) {
  const Model *model = statement->compiler->model;
  g_autoptr(GPtrArray) fields = g_ptr_array_new();
  for (guint i = 0; i < statement->query->dimensions->len; i++) {
    const Dimension *dimension = statement->query->dimensions->pdata[i];
    const Field *field = dimension->field ? model_find_field(model, dimension->field) : NULL;
    if (field) g_ptr_array_add(fields, (gpointer)field);
  }
  for (guint i = 0; i < statement->query->filters->len; i++) {
    const Filter *filter = statement->query->filters->pdata[i];
    const Field *field = filter->kind == FILTER_FIELD && filter->field ? model_find_field(model, filter->field) : NULL;
    if (field) g_ptr_array_add(fields, (gpointer)field);
  }
  const Dataset *dataset = fields->len              ? reach_common_dataset(model, fields)
                           : model->default_dataset ? model_find_dataset(model, model->default_dataset)
                                                    : NULL;
  if (dataset) return plan_members(statement->compiler, statement->grouping, dataset, context, error);
  g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_BAD_QUERY, "no dataset holds all of the dimensions and filters");
  return FALSE;
}

static gboolean plan_comparison(Statement *statement, GError **error) {
  const Compare *compare = &statement->query->compare;
  if (compare->kind == COMPARE_NONE) return TRUE;
  g_auto(RowContext) other = {0};
  statement->by_bucket =
      statement->series >= 0 && (compare->kind == COMPARE_PREVIOUS || compare->kind == COMPARE_YEAR_EARLIER);
  if (!other_context(statement, &other, error)) return FALSE;
  statement->compiler->edition = compare->kind == COMPARE_SNAPSHOTS;
  gboolean planned = plan_side(statement, &other, TRUE, error);
  statement->compiler->edition = 0;
  return planned;
}

gboolean statement_plan(Statement *statement, GError **error) {
  statement->grouping = grouping_new();
  statement->measures = g_ptr_array_new_with_free_func((GDestroyNotify)planned_measure_free);
  statement->keys = g_ptr_array_new_with_free_func(g_free);
  statement->series = query_series(statement->query);
  add_dimensions(statement);
  add_measures(statement);
  g_auto(RowContext) current = current_context(statement->query);
  if (!statement->measures->len) return plan_list(statement, &current, error);
  if (!plan_side(statement, &current, FALSE, error) || !plan_comparison(statement, error)) return FALSE;
  for (guint i = 0; i < statement->measures->len; i++)
    if (!plan_total(statement, statement->measures->pdata[i], &current, error) ||
        !plan_running(statement, statement->measures->pdata[i], &current, error))
      return FALSE;
  name_columns(statement);
  return TRUE;
}
