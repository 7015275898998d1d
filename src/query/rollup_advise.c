#include "query/rollup_advise.h"
#include "model/build.h"
#include "model/expression.h"
#include <string.h>

void rollup_advice_free(RollupAdvice *advice) {
  if (!advice) return;
  if (!advice->definition) {
    g_free(advice);
    return;
  }
  g_free(advice->definition->name);
  g_free(advice->definition->dataset);
  g_strfreev(advice->definition->dimensions);
  g_strfreev(advice->definition->metrics);
  g_free(advice->definition);
  g_free(advice);
}

/* ---- what one query needs ---- */
typedef struct {
  const Model *model;
  const char *dataset; /* the first fact that it measures */
  GPtrArray *fields;   /* of char*, "dataset.field" */
  TimeUnit grain;
} Need;

static void add_field(Need *need, const char *name) {
  const Field *field = name ? model_find_field(need->model, name) : NULL;
  if (!field || field->role == FIELD_ROLE_TIME) return;
  char *qualified = g_strconcat(field->dataset, ".", field->name, NULL);
  if (g_ptr_array_find_with_equal_func(need->fields, qualified, g_str_equal, NULL))
    g_free(qualified);
  else
    g_ptr_array_add(need->fields, qualified);
}

static int fineness(TimeUnit unit) {
  return unit == TIME_UNIT_HOUR ? 3 : unit == TIME_UNIT_DAY || unit == TIME_UNIT_WEEK ? 2 : 1;
}

static void need_grain(Need *need, TimeUnit unit) {
  static const TimeUnit grains[] = {[1] = TIME_UNIT_MONTH, [2] = TIME_UNIT_DAY, [3] = TIME_UNIT_HOUR};
  if (unit != TIME_UNIT_NONE && fineness(unit) > fineness(need->grain)) need->grain = grains[fineness(unit)];
}

static void need_range(Need *need, const TimeRange *range) {
  const Day ends[] = {range->from, range->to};
  for (guint i = 0; range->kind == TIME_ABSOLUTE && i < G_N_ELEMENTS(ends); i++)
    if (ends[i] != DAY_NONE && day_unit_start(ends[i], TIME_UNIT_MONTH, &CALENDAR_DEFAULT) != ends[i])
      need_grain(need, TIME_UNIT_DAY);
}

static void need_cyclic(Need *need, Cyclic cyclic) {
  gboolean of_months = cyclic == CYCLIC_MONTH_OF_YEAR || cyclic == CYCLIC_QUARTER_OF_YEAR;
  need_grain(need, cyclic == CYCLIC_HOUR_OF_DAY ? TIME_UNIT_HOUR : of_months ? TIME_UNIT_MONTH : TIME_UNIT_DAY);
}

static void need_filters(Need *need, const GPtrArray *filters) {
  for (guint i = 0; i < filters->len; i++) {
    const Filter *filter = filters->pdata[i];
    if (filter->kind == FILTER_FIELD) add_field(need, filter->field);
    if (filter->kind == FILTER_CYCLIC) need_cyclic(need, filter->cyclic);
    if (filter->kind == FILTER_ANY) need_filters(need, filter->did);
  }
}

static void need_metric(Need *need, const char *name, int depth) {
  const Metric *metric = name && depth < 16 ? model_find_metric(need->model, name) : NULL;
  if (!metric) return;
  if (metric->kind != METRIC_AGGREGATE) {
    need_metric(need, metric->numerator, depth + 1);
    need_metric(need, metric->denominator, depth + 1);
    return;
  }
  if (!need->dataset && metric->aggregate != AGGREGATE_COUNT_DISTINCT) need->dataset = metric->dataset;
  g_autofree char *column = NULL;
  if (metric->aggregate != AGGREGATE_COUNT_DISTINCT || !expression_is_column(metric->expression, &column)) return;
  g_autofree char *key = g_strconcat(metric->dataset, ".", column, NULL);
  add_field(need, key);
  for (guint i = 0; metric->conditions[i]; i++) { /* conditions are looked up where the key is counted */
    const Condition *condition =
        model_find_condition(need->model, metric->conditions[i] + (metric->conditions[i][0] == '!'));
    g_autoptr(GPtrArray) columns = condition ? expression_references(condition->expression, NULL) : NULL;
    for (guint c = 0; columns && c < columns->len; c++) {
      g_autofree char *field =
          g_strconcat(condition->dataset, ".", ((const ColumnReference *)columns->pdata[c])->name, NULL);
      add_field(need, field);
    }
  }
}

static void need_measure(Need *need, const Measure *measure) {
  if (!measure) return;
  need_metric(need, measure->metric, 0);
  need_filters(need, measure->filters);
  need_range(need, &measure->time);
  need_grain(need, measure->per_unit);
  need_measure(need, measure->left);
  need_measure(need, measure->right);
}

static int compare_texts(gconstpointer a, gconstpointer b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The smallest rollup that could answer the query; NULL: none could. (transfer full) */
static Rollup *rollup_for(const Model *model, const SemanticQuery *query) {
  g_autoptr(GPtrArray) fields = g_ptr_array_new_with_free_func(g_free);
  Need need = {model, NULL, fields, TIME_UNIT_MONTH};
  for (guint i = 0; i < query->measures->len; i++) need_measure(&need, query->measures->pdata[i]);
  for (guint i = 0; i < query->dimensions->len; i++) {
    const Dimension *dimension = query->dimensions->pdata[i];
    if (dimension->kind == DIMENSION_FIELD || dimension->kind == DIMENSION_BUCKET) add_field(&need, dimension->field);
    need_grain(&need, dimension->unit);
    if (dimension->kind == DIMENSION_CYCLIC) need_cyclic(&need, dimension->cyclic);
  }
  need_filters(&need, query->filters);
  need_range(&need, &query->time);
  need_range(&need, &query->compare.baseline);
  add_field(&need, query->compare.field);
  const char *name = need.dataset ? need.dataset : model->default_dataset;
  const Dataset *dataset = name ? model_find_dataset(model, name) : NULL;
  if (!dataset || !dataset->default_date) return NULL;
  g_ptr_array_sort(fields, compare_texts);
  g_ptr_array_add(fields, NULL);
  Rollup *rollup = g_new0(Rollup, 1);
  rollup->dataset = g_strdup(dataset->name);
  rollup->grain = need.grain;
  rollup->dimensions = g_strdupv((char **)fields->pdata);
  rollup->metrics = g_new0(char *, 1);
  g_autofree char *joined = g_strjoinv("_", rollup->dimensions);
  rollup->name = g_strdup_printf("%s_by_%s%s%s", dataset->name, time_unit_name(need.grain), *joined ? "_" : "", joined);
  g_strdelimit(rollup->name, ".", '_');
  if (strlen(rollup->name) > 60) rollup->name[60] = '\0';
  return rollup;
}

/* ---- choosing ---- */
typedef struct {
  RollupAdvice *advice;
  RollupView *view;
  char *identity;
  gboolean *can; /* answer each query */
} Candidate;

static void candidate_free(gpointer pointer) {
  Candidate *candidate = pointer;
  rollup_advice_free(candidate->advice);
  rollup_view_free(candidate->view);
  g_free(candidate->identity);
  g_free(candidate->can);
  g_free(candidate);
}

static void add_candidate(GPtrArray *candidates, Model *model, const SemanticQuery *query, const AccessScope *scope) {
  Rollup *definition = candidates->len < ROLLUP_ADVICE_CANDIDATES ? rollup_for(model, query) : NULL;
  if (!definition) return;
  Candidate *candidate = g_new0(Candidate, 1);
  candidate->advice = g_new0(RollupAdvice, 1);
  candidate->advice->definition = definition;
  g_autofree char *dimensions = g_strjoinv(",", definition->dimensions);
  candidate->identity = g_strdup_printf("%s|%d|%s", definition->dataset, (int)definition->grain, dimensions);
  gboolean is_new = TRUE;
  for (guint i = 0; i < candidates->len && is_new; i++)
    is_new = strcmp(((const Candidate *)candidates->pdata[i])->identity, candidate->identity) != 0;
  candidate->view = is_new ? rollup_view_new(model, model, scope, definition, NULL) : NULL;
  if (candidate->view)
    g_ptr_array_add(candidates, candidate);
  else
    candidate_free(candidate);
}

/* Over the query's own rows a query may be planned; whether it is held there shows only when it is. */
static gboolean answers(const RollupView *view, const SemanticQuery *query, const AccessScope *scope) {
  if (rollup_check(view, query, scope) != ROLLUP_USED) return FALSE;
  g_autoptr(CompiledQuery) over_rows = semantic_query_compile(query, view->raw, scope, NULL);
  if (!over_rows) return FALSE;
  gboolean reads_it = FALSE;
  for (guint i = 0; i < over_rows->tables->len; i++)
    reads_it = reads_it || strcmp(((const Dataset *)over_rows->tables->pdata[i])->name, view->definition->dataset) == 0;
  g_autoptr(CompiledQuery) rolled = reads_it ? rollup_compile(view, query, scope, over_rows, NULL) : NULL;
  return rolled != NULL;
}

static gboolean *answered_by(const RollupView *view, const AskedQuery *asked, guint n_asked, const AccessScope *scope) {
  gboolean *can = g_new0(gboolean, n_asked + 1);
  for (guint i = 0; i < n_asked; i++) can[i] = answers(view, asked[i].query, scope);
  return can;
}

static void mark(gboolean *answered, const gboolean *can, guint n_asked) {
  for (guint i = 0; i < n_asked; i++) answered[i] = answered[i] || can[i];
}

/* The one that saves most time beyond what is answered, and of equals the smallest; NULL: none saves any. */
static Candidate *best_candidate(const GPtrArray *candidates, const AskedQuery *asked, guint n_asked,
                                 const gboolean *answered) {
  Candidate *best = NULL;
  for (guint i = 0; i < candidates->len; i++) {
    Candidate *candidate = candidates->pdata[i];
    RollupAdvice *advice = candidate->advice;
    advice->answered = 0;
    advice->latency_us = 0;
    for (guint q = 0; q < n_asked; q++) {
      if (answered[q] || !candidate->can[q]) continue;
      advice->answered++;
      advice->latency_us += MAX(asked[q].latency_us, 1);
    }
    gint64 gain = advice->latency_us, best_gain = best ? best->advice->latency_us : 0;
    guint size = g_strv_length(advice->definition->dimensions);
    if (gain > best_gain || (best && gain == best_gain && size < g_strv_length(best->advice->definition->dimensions)))
      best = candidate;
  }
  return best;
}

GPtrArray *rollup_advise(Model *model, const AskedQuery *asked, guint n_asked) {
  g_autoptr(AccessScope) scope = access_scope_new_local();
  g_autoptr(GPtrArray) candidates = g_ptr_array_new_with_free_func(candidate_free);
  g_autofree gboolean *answered = g_new0(gboolean, n_asked + 1);
  for (guint i = 0; i < model->rollups->len; i++) {
    g_autoptr(RollupView) known = rollup_view_new(model, model, scope, model->rollups->pdata[i], NULL);
    g_autofree gboolean *can = known ? answered_by(known, asked, n_asked, scope) : NULL;
    if (can) mark(answered, can, n_asked);
  }
  for (guint i = 0; i < n_asked; i++)
    if (!answered[i]) add_candidate(candidates, model, asked[i].query, scope);
  for (guint i = 0; i < candidates->len; i++) {
    Candidate *candidate = candidates->pdata[i];
    candidate->can = answered_by(candidate->view, asked, n_asked, scope);
  }
  GPtrArray *advice = g_ptr_array_new_with_free_func((GDestroyNotify)rollup_advice_free);
  for (Candidate *best;
       advice->len < ROLLUP_ADVICE_MAX && (best = best_candidate(candidates, asked, n_asked, answered)) != NULL;) {
    mark(answered, best->can, n_asked);
    g_ptr_array_add(advice, g_steal_pointer(&best->advice));
    g_ptr_array_remove(candidates, best);
  }
  return advice;
}
