/* Planning: measures are taken apart into leaf aggregates over the rows of one dataset each. */
#include "model/expression.h"
#include "model/relation.h"
#include "query/compiler.h"
#include "query/joined_expression.h"
#include <string.h>

#define MEASURE_MAX_DEPTH 16
#define QUERY_MAX_LEAVES 2000 /* planned in all, tries included */

/* What one leaf aggregates. */
typedef struct {
  const char *name;
  const Dataset *dataset;
  Aggregate aggregate;
  double percentile;
  const char *expression;        /* of the model; or */
  const Field *field, *field_to; /* field_to: days between; all NULL: rows */
  char **conditions;             /* "!x": must not hold; may be NULL */
  gboolean is_snapshot;
  const char *type; /* of a sum */
} LeafSpec;

static Term *term_of_leaf(Block *block, Leaf *leaf) {
  Term *term = g_new0(Term, 1);
  *term = (Term){.kind = TERM_LEAF, .block = block, .leaf = leaf};
  return term;
}

/* Takes both; NULL when one is. */
static Term *term_of(TermKind kind, Term *left, Term *right, gboolean needs_right) {
  if (!left || (needs_right && !right)) {
    term_free(left);
    term_free(right);
    return NULL;
  }
  Term *term = g_new0(Term, 1);
  *term = (Term){.kind = kind, .left = left, .right = right};
  return term;
}

static const char *leaf_type(const LeafSpec *spec) {
  switch (spec->aggregate) {
  case AGGREGATE_COUNT:
  case AGGREGATE_COUNT_DISTINCT: return "integer";
  case AGGREGATE_SUM: return spec->type;
  case AGGREGATE_MIN:
  case AGGREGATE_MAX:
  case AGGREGATE_FIRST:
  case AGGREGATE_LAST:
    return spec->field_to ? "integer" : spec->field ? field_type_word(spec->field->type) : spec->type;
  default: return "number";
  }
}

static char *aggregate_sql(Aggregate aggregate, double percentile, const char *value, const char *date) {
  switch (aggregate) {
  case AGGREGATE_COUNT: return g_strdup_printf("COUNT(%s)", value ? value : "*");
  case AGGREGATE_COUNT_DISTINCT: return g_strdup_printf("COUNT(DISTINCT %s)", value);
  case AGGREGATE_AVERAGE: return g_strdup_printf("AVG(%s)", value);
  case AGGREGATE_MEDIAN: return g_strdup_printf("MEDIAN(%s)", value);
  case AGGREGATE_MIN: return g_strdup_printf("MIN(%s)", value);
  case AGGREGATE_MAX: return g_strdup_printf("MAX(%s)", value);
  case AGGREGATE_PERCENTILE: {
    GString *sql = g_string_new(NULL);
    g_string_append_printf(sql, "quantile_cont(%s, ", value);
    json_append_double(sql, percentile);
    return g_string_free(g_string_append_c(sql, ')'), FALSE);
  }
  case AGGREGATE_FIRST: return g_strdup_printf("arg_min(%s, %s)", value, date);
  case AGGREGATE_LAST: return g_strdup_printf("arg_max(%s, %s)", value, date);
  case AGGREGATE_STDDEV: return g_strdup_printf("stddev_samp(%s)", value);
  default: return g_strdup_printf("SUM(%s)", value);
  }
}

/* ---- where a leaf is aggregated ---- */
/* Tries a dataset without leaving anything behind but joins it would need anyway. */
static gboolean dataset_fits(Compiler *compiler, const Grouping *grouping, const Dataset *dataset,
                             const RowContext *context) {
  RowSource *source = row_source_get(compiler, dataset, NULL);
  if (!source) return FALSE;
  guint columns = source->columns->len, relationships = source->relationships->len;
  g_autoptr(GPtrArray) predicates = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GPtrArray) keys = NULL;
  gboolean fits = context_predicates(compiler, source, context, predicates, NULL) &&
                  (keys = grouping_keys_sql(compiler, grouping, source, context, predicates, NULL)) != NULL;
  if (!fits && source->relationships->len == relationships && source->columns->len > columns)
    g_ptr_array_set_size(source->columns, (int)columns);
  return fits;
}

/*
 * Seats of stores, limits of customers: beside facts that lead to it, what a table only lists stands for the whole
 * time. Its own dates (opened, joined) say when it was listed, not when something happened.
 */
static gboolean is_standing(const Compiler *compiler, const Dataset *dataset, const RowContext *context) {
  if (context->time_field || reach_holds_events(compiler->model, dataset)) return FALSE;
  for (guint i = 0; i < compiler->measured->len; i++) {
    const Dataset *other = compiler->measured->pdata[i];
    g_autoptr(GPtrArray) path = other != dataset ? model_join_path(compiler->model, other->name, dataset->name) : NULL;
    if (path && path->len) return TRUE;
  }
  return FALSE;
}

static gboolean has_time_key(const Grouping *grouping) {
  for (guint i = 0; i < grouping->keys->len; i++) {
    const Dimension *dimension = ((const GroupKey *)grouping->keys->pdata[i])->dimension;
    if ((dimension->kind == DIMENSION_TIME || dimension->kind == DIMENSION_CYCLIC) && !dimension->field) return TRUE;
  }
  return FALSE;
}

static gboolean asks_time(const Grouping *grouping, const RowContext *context) {
  return context->time.kind != TIME_ALL || has_time_key(grouping);
}

/* "Orders that came back", counted in a table of returns: the other tables know the orders, but not which came back. */
static gboolean counts_part_of(const Compiler *compiler, const Dataset *dataset, const Field *counted) {
  const gboolean is_key = dataset->primary_key[0] && !dataset->primary_key[1] && g_str_equal(dataset->primary_key[0], counted->name);
  return dataset->is_fact && !is_key && g_strcmp0(counted->dataset, dataset->name) == 0 && g_strcmp0(compiler->model->default_dataset, dataset->name) != 0;
}

/* Distinct keys can be counted wherever they are referred to: customers live in one table, what they bought in another.
 */
static const Dataset *leaf_dataset(Compiler *compiler, const Grouping *grouping, const LeafSpec *spec,
                                   const Field *counted, const RowContext *context) {
  gboolean timed = is_standing(compiler, spec->dataset, context) && asks_time(grouping, context);
  if (!counted || counts_part_of(compiler, spec->dataset, counted) || (!timed && dataset_fits(compiler, grouping, spec->dataset, context))) return spec->dataset;
  const Dataset *main_fact =
      compiler->model->default_dataset ? model_find_dataset(compiler->model, compiler->model->default_dataset) : NULL;
  if (main_fact && reach_field(compiler->model, main_fact, counted) && reach_conditions(compiler->model, main_fact, spec->conditions) &&
      dataset_fits(compiler, grouping, main_fact, context))
    return main_fact;
  for (guint i = 0; i < compiler->model->datasets->len; i++) {
    const Dataset *dataset = compiler->model->datasets->pdata[i];
    if (reach_field(compiler->model, dataset, counted) && reach_conditions(compiler->model, dataset, spec->conditions) && dataset_fits(compiler, grouping, dataset, context))
      return dataset;
  }
  return spec->dataset;
}

/* The field whose distinct values a leaf counts, when it is no more than that. */
static const Field *counted_field(const LeafSpec *spec) {
  if (spec->aggregate != AGGREGATE_COUNT_DISTINCT) return NULL;
  if (spec->field) return spec->field;
  g_autofree char *column = NULL;
  return spec->expression && expression_is_column(spec->expression, &column) ? dataset_find_field(spec->dataset, column)
                                                                             : NULL;
}

/* ---- predicates of a leaf beyond its context ---- */
static gboolean append_conditions(Compiler *compiler, RowSource *source, char **names, GPtrArray *out, GError **error) {
  for (guint i = 0; names && names[i]; i++) {
    g_autoptr(Filter) filter = filter_new(FILTER_CONDITION);
    filter->negated = names[i][0] == '!';
    filter->condition = g_strdup(names[i] + (filter->negated ? 1 : 0));
    char *sql = filter_sql(compiler, source, filter, NULL, error);
    if (!sql) return FALSE;
    g_ptr_array_add(out, sql);
  }
  return TRUE;
}

/* Stock is not added up over time: the last day of the range, or of each bucket, stands for it. */
static gboolean append_last_day(Compiler *compiler, RowSource *source, const Grouping *grouping,
                                const RowContext *context, GPtrArray *out, GError **error) {
  FieldType type;
  g_autofree char *date = row_source_date(compiler, source, context->time_field, &type, error);
  if (!date) return FALSE;
  g_autofree char *day = time_bucket_sql(date, TIME_UNIT_DAY, type, 0, TIME_UNIT_NONE, &compiler->model->calendar);
  g_autofree char *within = time_range_sql(compiler, &context->time, date), *rows = compiler_cte(source->joined);
  g_autofree char *where = within ? g_strdup_printf(" WHERE %s", within) : g_strdup("");
  RowContext in_range = {.time = context->time, .time_field = context->time_field};
  row_source_add_read(compiler, source, &in_range);
  const Dimension *finest = NULL;
  for (guint i = 0; i < grouping->keys->len; i++) {
    const Dimension *dimension = ((const GroupKey *)grouping->keys->pdata[i])->dimension;
    if (dimension->kind == DIMENSION_TIME && (!finest || dimension->unit < finest->unit)) finest = dimension;
  }
  if (!finest) {
    g_ptr_array_add(out, g_strdup_printf("%s = (SELECT MAX(%s) FROM %s%s)", day, day, rows, where));
    return TRUE;
  }
  g_autofree char *bucket = time_bucket_sql(date, finest->unit, type, 0, TIME_UNIT_NONE, &compiler->model->calendar);
  g_ptr_array_add(out, g_strdup_printf("%s IN (SELECT MAX(%s) FROM %s%s GROUP BY %s)", day, day, rows, where, bucket));
  return TRUE;
}

/* "quantity" of a field, days between two, the model's expression; NULL for rows. */
static gboolean leaf_value(Compiler *compiler, RowSource *source, const LeafSpec *spec, const Field *counted,
                           char **value, GError **error) {
  const Field *field = spec->field ? spec->field : source->dataset != spec->dataset ? counted : NULL;
  *value = field              ? row_source_field_of(compiler, source, field, error)
           : spec->expression ? joined_expression_sql(compiler, source, spec->expression, error)
                              : NULL;
  if ((field || spec->expression) && !*value) return FALSE;
  if (!spec->field_to) return TRUE;
  g_autofree char *from = g_steal_pointer(value), *to = row_source_field_of(compiler, source, spec->field_to, error);
  *value = to ? g_strdup_printf("date_diff('day', %s, %s)", from, to) : NULL;
  return to != NULL;
}

/* Buckets of earlier rows are known from the first date of the data on, whatever is filtered. (transfer full) */
static char *earliest_bucket(Compiler *compiler, const Grouping *grouping, RowSource *source,
                             const RowContext *context) {
  if (!context->shift) return NULL;
  for (guint i = 0; i < grouping->keys->len; i++) {
    const Dimension *dimension = ((const GroupKey *)grouping->keys->pdata[i])->dimension;
    if (dimension->kind != DIMENSION_TIME && dimension->kind != DIMENSION_FIRST_TIME) continue;
    FieldType type;
    g_autofree char *date =
        row_source_date(compiler, source, dimension->field ? dimension->field : context->time_field, &type, NULL);
    if (!date) return NULL;
    row_source_add_read(compiler, source, NULL);
    g_autofree char *first = g_strdup_printf("MIN(%s)", date), *rows = compiler_cte(source->joined);
    g_autofree char *bucket =
        time_bucket_sql(first, dimension->unit, type, context->shift, context->shift_unit, &compiler->model->calendar);
    return g_strdup_printf("SELECT %s FROM %s", bucket, rows);
  }
  return NULL;
}

/*
 * Distinct things up to a bucket are those first seen in it or before: each is counted once, in the first bucket that
 * has it. Takes `marker`.
 */
static Term *plan_first_seen(Compiler *compiler, Grouping *grouping, const LeafSpec *spec, const RowContext *context,
                             char *marker, const GPtrArray *keys, const char *value, const GPtrArray *predicates) {
  g_autoptr(GPtrArray) columns = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GPtrArray) groups = g_ptr_array_new_with_free_func(g_free);
  GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < keys->len; i++) {
    char *name = sql_name(((const GroupKey *)grouping->keys->pdata[i])->name), *key = keys->pdata[i];
    gboolean is_series = i + 1 == context->first_seen;
    g_ptr_array_add(columns, g_strdup_printf(is_series ? "MIN(%s) AS %s" : "%s AS %s", key, name));
    if (!is_series) g_ptr_array_add(groups, g_strdup(key));
    g_ptr_array_add(names, name);
  }
  g_ptr_array_add(groups, g_strdup(value));
  g_autofree char *from = marker, *list = sql_join(columns, ", "), *group = sql_join(groups, ", "),
                  *where = sql_join(predicates, "\n  AND ");
  char *select = g_strdup_printf("SELECT %s\nFROM %s\nWHERE %s IS NOT NULL%s%s\nGROUP BY %s", list, from, value,
                                 predicates->len ? "\n  AND " : "", where, group);
  g_autofree char *cte_name = g_strconcat(spec->name, "_first_seen", NULL);
  Block *block = grouping_block(grouping, compiler_cte(compiler_add_cte(compiler, cte_name, select)), names, cte_name,
                                context->suffix);
  Leaf *leaf = block_leaf(grouping, block, cte_name, g_strdup("COUNT(*)"), g_ptr_array_new_with_free_func(g_free));
  leaf->type = "integer";
  leaf->is_additive = leaf->zero_when_missing = TRUE;
  return term_of_leaf(block, leaf);
}

static Term *plan_leaf_over(Compiler *compiler, Grouping *grouping, const LeafSpec *spec, const Field *counted,
                            const Dataset *dataset, const RowContext *context, GError **error) {
  if (spec->expression && !compiler_sees(compiler, spec->dataset, spec->expression)) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_QUERY, "there is no metric \"%s\"", spec->name);
    return NULL;
  }
  RowSource *source = row_source_get(compiler, dataset, error);
  if (!source) return NULL;
  g_autoptr(GPtrArray) predicates = g_ptr_array_new_with_free_func(g_free);
  if (!context_predicates(compiler, source, context, predicates, error) ||
      !append_conditions(compiler, source, spec->conditions, predicates, error))
    return NULL;
  g_autoptr(GPtrArray) keys = grouping_keys_sql(compiler, grouping, source, context, predicates, error);
  if (!keys || (spec->is_snapshot && !append_last_day(compiler, source, grouping, context, predicates, error)))
    return NULL;
  g_autofree char *value = NULL, *date = NULL;
  FieldType date_type;
  RolledKind kind = ROLLED_SUM;
  g_autofree char *rolled = NULL;
  if (source->dataset->rollup) {
    const Field *field = spec->field ? spec->field : counted;
    gboolean is_plain = !spec->field_to && !spec->is_snapshot && source->dataset == spec->dataset;
    rolled = rollup_aggregate_sql(source->dataset->rollup, spec->aggregate, spec->expression, field, is_plain, &kind, error);
    if (!rolled) return NULL;
    if (kind == ROLLED_ESTIMATE) {
      if (context->first_seen) { /* sketches do not tell which things were there before */
        g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_BAD_QUERY, "the rollup does not hold what is counted");
        return NULL;
      }
      if (!g_ptr_array_find_with_equal_func(compiler->estimated, spec->name, g_str_equal, NULL))
        g_ptr_array_add(compiler->estimated, g_strdup(spec->name));
    } else if (context->first_seen && spec->aggregate == AGGREGATE_COUNT_DISTINCT) /* the key within COUNT(DISTINCT key) */
      value = g_strndup(rolled + strlen("COUNT(DISTINCT "), strlen(rolled) - strlen("COUNT(DISTINCT )"));
  }
  if (!rolled && !leaf_value(compiler, source, spec, counted, &value, error)) return NULL;
  if (spec->aggregate == AGGREGATE_FIRST || spec->aggregate == AGGREGATE_LAST) {
    date = row_source_date(compiler, source, context->time_field, &date_type, error);
    if (!date) return NULL;
  }
  row_source_add_read(compiler, source, context);
  char *marker = compiler_cte(context->plain ? source->joined : source->widened);
  if (context->first_seen && spec->aggregate == AGGREGATE_COUNT_DISTINCT)
    return plan_first_seen(compiler, grouping, spec, context, marker, keys, value, predicates);
  Block *block = grouping_block(grouping, marker, g_steal_pointer(&keys), source->dataset->name, context->suffix);
  if (!block->earliest) block->earliest = earliest_bucket(compiler, grouping, source, context);
  g_autofree char *name = g_strconcat(spec->name, context->suffix, NULL);
  char *sql = rolled ? g_steal_pointer(&rolled) : aggregate_sql(spec->aggregate, spec->percentile, value, date);
  Leaf *leaf = block_leaf(grouping, block, name, sql, g_steal_pointer(&predicates));
  leaf->counts_rows = kind == ROLLED_ROW_COUNT;
  leaf->type = leaf_type(spec);
  leaf->is_additive = (spec->aggregate == AGGREGATE_SUM || spec->aggregate == AGGREGATE_COUNT);
  leaf->zero_when_missing = leaf->is_additive || spec->aggregate == AGGREGATE_COUNT_DISTINCT;
  return term_of_leaf(block, leaf);
}

/* Decides where to aggregate and writes it down, or does as was decided before. */
static gboolean choose_leaf(Compiler *compiler, const Grouping *grouping, const LeafSpec *spec, const Field *counted,
                            const RowContext *context, const Dataset **dataset, GError **error) {
  LeafChoice choice = {NULL, FALSE};
  if (!compiler->replay) {
    *dataset = leaf_dataset(compiler, grouping, spec, counted, context);
    choice = (LeafChoice){(*dataset)->name, is_standing(compiler, *dataset, context)};
  } else if (compiler->choices->len < compiler->replay->len) {
    choice = g_array_index(compiler->replay, LeafChoice, compiler->choices->len);
    *dataset = model_find_dataset(compiler->model, choice.dataset);
  }
  g_array_append_val(compiler->choices, choice);
  if (!*dataset) g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_BAD_QUERY, "the rollup is planned otherwise");
  return *dataset != NULL;
}

static Term *plan_leaf(Compiler *compiler, Grouping *grouping, const LeafSpec *spec, const RowContext *context,
                       GError **error) {
  if (++compiler->leaves > QUERY_MAX_LEAVES) {
    g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_BAD_QUERY, "the query is too complex");
    return NULL;
  }
  const Field *counted = counted_field(spec);
  const Dataset *dataset = NULL;
  if (!choose_leaf(compiler, grouping, spec, counted, context, &dataset, error)) return NULL;
  if (!g_array_index(compiler->choices, LeafChoice, compiler->choices->len - 1).is_standing)
    return plan_leaf_over(compiler, grouping, spec, counted, dataset, context, error);
  if (has_time_key(grouping)) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_QUERY, "\"%s\" has no date beside which it could be counted",
                dataset->name);
    return NULL;
  }
  g_auto(RowContext) timeless = row_context_copy(context);
  timeless.time = time_range_all();
  return plan_leaf_over(compiler, grouping, spec, counted, dataset, &timeless, error);
}

/* ---- kinds of measures ---- */
static void append_own(RowContext *context, const Measure *measure) {
  if (measure->ignore_query_filters) g_ptr_array_set_size(context->filters, 0);
  for (guint i = 0; i < measure->filters->len; i++) g_ptr_array_add(context->own, measure->filters->pdata[i]);
  if (measure->time.kind != TIME_ALL) context->time = measure->time;
}

static const Dataset *need_dataset(Compiler *compiler, const char *name, GError **error) {
  const Dataset *dataset = name ? model_find_dataset(compiler->model, name) : NULL;
  if (!dataset) g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_QUERY, "there is no dataset \"%s\"", name ? name : "");
  return dataset;
}

/* What a metric of the aggregate kind aggregates; `aggregate` NONE: its own. */
static gboolean metric_spec(Compiler *compiler, const Metric *metric, const char *name, Aggregate aggregate,
                            LeafSpec *spec, GError **error) {
  const Dataset *dataset = need_dataset(compiler, metric->dataset, error);
  if (!dataset) return FALSE;
  const Dataset *rows = dataset->rollup ? model_find_dataset(dataset->rollup->raw, dataset->name) : dataset;
  const Field *column = metric->expression ? dataset_find_field(rows, metric->expression) : NULL;
  *spec = (LeafSpec){.name = name,
                     .dataset = dataset,
                     .percentile = metric->percentile,
                     .expression = metric->expression,
                     .conditions = metric->conditions};
  spec->aggregate = aggregate ? aggregate : metric->aggregate;
  spec->is_snapshot = metric->additivity == ADDITIVITY_SNAPSHOT && spec->aggregate == AGGREGATE_SUM;
  if (column && !dataset->rollup) {
    spec->field = column;
    spec->expression = NULL;
  }
  spec->type = column ? field_type_word(column->type) : metric->is_money ? "decimal" : "number";
  return TRUE;
}

static Term *plan_metric(Compiler *compiler, Grouping *grouping, const char *metric_name, const char *name,
                         const RowContext *context, int depth, GError **error) {
  const Metric *metric = metric_name ? model_find_metric(compiler->model, metric_name) : NULL;
  if (!metric || depth > MEASURE_MAX_DEPTH) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_QUERY,
                metric ? "the metric \"%s\" is built in a circle" : "there is no metric \"%s\"",
                metric_name ? metric_name : "");
    return NULL;
  }
  Term *term;
  if (metric->kind == METRIC_AGGREGATE) {
    LeafSpec spec;
    term = metric_spec(compiler, metric, name, AGGREGATE_NONE, &spec, error)
               ? plan_leaf(compiler, grouping, &spec, context, error)
               : NULL;
  } else {
    g_auto(RowContext) known = row_context_copy(context);
    g_autoptr(Filter) keyed =
        metric->kind == METRIC_RATIO ? per_entity_filter(compiler->model, metric->numerator, metric->denominator) : NULL;
    if (keyed) g_ptr_array_add(known.own, keyed);
    Term *left = plan_metric(compiler, grouping, metric->numerator, metric->numerator, &known, depth + 1, error);
    Term *right =
        left ? plan_metric(compiler, grouping, metric->denominator, metric->denominator, context, depth + 1, error)
             : NULL;
    term = term_of(metric->kind == METRIC_RATIO ? TERM_RATIO : TERM_DIFFERENCE, left, right, TRUE);
  }
  return term && metric->negate ? term_of(TERM_NEGATE, term, NULL, FALSE) : term;
}

static Term *plan_aggregate(Compiler *compiler, Grouping *grouping, const Measure *measure, const char *name,
                            const RowContext *context, GError **error) {
  LeafSpec spec = {.name = name, .aggregate = measure->aggregate, .percentile = measure->percentile, .type = "number"};
  if (measure->metric) { /* another aggregate of what the metric takes from each row: the largest sale */
    const Metric *metric = model_find_metric(compiler->model, measure->metric);
    if (!metric || metric->kind != METRIC_AGGREGATE) {
      g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_QUERY, "\"%s\" is no metric with a value per row",
                  measure->metric);
      return NULL;
    }
    if (!metric_spec(compiler, metric, name, measure->aggregate, &spec, error)) return NULL;
    spec.percentile = measure->percentile;
    return plan_leaf(compiler, grouping, &spec, context, error);
  }
  spec.field = measure->field ? model_find_field(compiler->model, measure->field) : NULL;
  spec.field_to = measure->field_to ? model_find_field(compiler->model, measure->field_to) : NULL;
  if ((measure->field && !spec.field) || (measure->field_to && !spec.field_to) ||
      (!measure->field && measure->aggregate != AGGREGATE_COUNT)) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_QUERY, "there is no field \"%s\"",
                measure->field && !spec.field ? measure->field
                : measure->field_to           ? measure->field_to
                                              : "");
    return NULL;
  }
  spec.dataset = need_dataset(compiler, spec.field ? spec.field->dataset : measure->dataset, error);
  if (spec.field && spec.field_to) { /* from the dataset that sees both */
    g_autoptr(GPtrArray) both = g_ptr_array_new();
    g_ptr_array_add(both, (gpointer)spec.field);
    g_ptr_array_add(both, (gpointer)spec.field_to);
    const Dataset *common = reach_common_dataset(compiler->model, both);
    spec.dataset = common ? common : spec.dataset;
  }
  if (spec.field) spec.type = field_type_word(spec.field->type);
  return spec.dataset ? plan_leaf(compiler, grouping, &spec, context, error) : NULL;
}

/* Every row is one of the entity: the inner value is the row's own. */
static Term *plan_per_row(Compiler *compiler, Grouping *grouping, const Measure *measure, const char *name,
                          const RowContext *context, GError **error) {
  const Measure *inner = measure->left;
  gboolean is_sum =
      inner->kind == MEASURE_METRIC || (inner->kind == MEASURE_AGGREGATE && inner->aggregate == AGGREGATE_SUM);
  g_autoptr(Measure) row = measure_copy(inner);
  row->kind = MEASURE_AGGREGATE;
  row->aggregate = measure->aggregate;
  row->percentile = measure->percentile;
  if (is_sum) return plan_aggregate(compiler, grouping, row, name, context, error);
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_QUERY, "\"%s\" has no key to group by", measure->per_entity);
  return NULL;
}

/* The dimension by which the inner measure of a PER is grouped. (transfer full) */
static Dimension *per_dimension(Compiler *compiler, const Measure *measure, gboolean *is_row, GError **error) {
  if (!measure->per_entity) {
    Dimension *dimension = dimension_new(DIMENSION_TIME);
    dimension->unit = measure->per_unit;
    return dimension;
  }
  const Entity *entity = model_find_entity(compiler->model, measure->per_entity);
  const Field *key = entity ? reach_entity_key(compiler->model, entity) : NULL;
  *is_row = entity && !key;
  if (!key) {
    if (!entity)
      g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_QUERY, "there is no entity \"%s\"", measure->per_entity);
    return NULL;
  }
  Dimension *dimension = dimension_new(DIMENSION_FIELD);
  dimension->field = g_strdup_printf("%s.%s", key->dataset, key->name);
  return dimension;
}

static Term *plan_per(Compiler *compiler, Grouping *grouping, const Measure *measure, const char *name,
                      const RowContext *context, GError **error) {
  gboolean is_row = FALSE;
  g_autoptr(Dimension) per = per_dimension(compiler, measure, &is_row, error);
  if (is_row) return plan_per_row(compiler, grouping, measure, name, context, error);
  if (!per) return NULL;
  g_autoptr(Grouping) inner = grouping_new();
  g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < grouping->keys->len; i++) {
    const GroupKey *key = grouping->keys->pdata[i];
    grouping_add_key(inner, key->name, key->dimension);
    g_ptr_array_add(keys, sql_name(key->name));
  }
  g_autofree char *per_name = dimension_name(compiler, per);
  grouping_add_key(inner, per_name, per);
  g_autofree char *wanted = measure_name(compiler->model, measure->left),
                  *inner_name = grouping_unique_name(inner, wanted);
  g_autoptr(Term) term = plan_measure(compiler, inner, measure->left, inner_name, context, error);
  if (!term) return NULL;
  g_autofree char *cte_name =
      g_strdup_printf("%s_per_%s%s", wanted,
                      measure->per_entity ? measure->per_entity : time_unit_name(measure->per_unit), context->suffix);
  char *select = grouping_select(compiler, inner, term, inner_name, NULL);
  char *from = compiler_cte(compiler_add_cte(compiler, cte_name, select));
  Block *block = grouping_block(grouping, from, g_steal_pointer(&keys), cte_name, context->suffix);
  g_autofree char *value = sql_name(inner_name), *leaf_name = g_strconcat(name, context->suffix, NULL);
  g_autofree char *date = per->kind == DIMENSION_TIME ? sql_name(per_name) : g_strdup(value);
  char *sql = aggregate_sql(measure->aggregate, measure->percentile, value, date);
  GPtrArray *passing = g_ptr_array_new_with_free_func(g_free);
  if (measure->tested) {
    const double bounds[] = {measure->test_value, measure->test_value_to};
    g_autofree char *test = measure_test(compiler, measure->test, bounds, FALSE);
    g_ptr_array_add(passing, g_strconcat(value, test, NULL));
  }
  Leaf *leaf = block_leaf(grouping, block, leaf_name, sql, passing);
  gboolean counts = measure->aggregate == AGGREGATE_COUNT || measure->aggregate == AGGREGATE_COUNT_DISTINCT;
  gboolean keeps_type =
      measure->aggregate == AGGREGATE_SUM || measure->aggregate == AGGREGATE_MIN || measure->aggregate == AGGREGATE_MAX;
  leaf->type = counts ? "integer" : keeps_type ? term_type(term) : "number";
  leaf->is_additive = measure->aggregate == AGGREGATE_SUM || measure->aggregate == AGGREGATE_COUNT;
  leaf->zero_when_missing = leaf->is_additive;
  return term_of_leaf(block, leaf);
}

static Term *plan_kind(Compiler *compiler, Grouping *grouping, const Measure *measure, const char *name,
                       const RowContext *context, GError **error) {
  switch (measure->kind) {
  case MEASURE_METRIC: return plan_metric(compiler, grouping, measure->metric, name, context, 0, error);
  case MEASURE_AGGREGATE:
  case MEASURE_DATE_DIFFERENCE: return plan_aggregate(compiler, grouping, measure, name, context, error);
  case MEASURE_PER: return measure->left ? plan_per(compiler, grouping, measure, name, context, error) : NULL;
  default: break;
  }
  g_autofree char *left_name = measure->left ? measure_name(compiler->model, measure->left) : NULL;
  g_autofree char *right_name = measure->right ? measure_name(compiler->model, measure->right) : NULL;
  if (!left_name || !right_name) {
    g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_BAD_QUERY, "a ratio, sum or difference needs two measures");
    return NULL;
  }
  g_auto(RowContext) known = row_context_copy(context);
  g_autoptr(Filter) keyed =
      measure->kind == MEASURE_RATIO ? per_entity_filter(compiler->model, measure->left->metric, measure->right->metric) : NULL;
  if (keyed) g_ptr_array_add(known.own, keyed);
  Term *left = plan_measure(compiler, grouping, measure->left, left_name, &known, error);
  Term *right = left ? plan_measure(compiler, grouping, measure->right, right_name, context, error) : NULL;
  TermKind kind = measure->kind == MEASURE_RATIO ? TERM_RATIO
                  : measure->kind == MEASURE_SUM ? TERM_SUM
                                                 : TERM_DIFFERENCE;
  return term_of(kind, left, right, TRUE);
}

Term *plan_measure(Compiler *compiler, Grouping *grouping, const Measure *measure, const char *name,
                   const RowContext *context, GError **error) {
  if (!measure || compiler->depth >= MEASURE_MAX_DEPTH) {
    g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_BAD_QUERY,
                        measure ? "measures are nested too deep" : "a measure is missing");
    return NULL;
  }
  g_auto(RowContext) own = row_context_copy(context);
  append_own(&own, measure);
  compiler->depth++;
  Term *term = plan_kind(compiler, grouping, measure, name, &own, error);
  compiler->depth--;
  if (!term && error && !*error)
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_QUERY, "the measure \"%s\" is not complete", name);
  return term;
}

gboolean plan_members(Compiler *compiler, Grouping *grouping, const Dataset *dataset, const RowContext *context,
                      GError **error) {
  RowSource *source = row_source_get(compiler, dataset, error);
  g_autoptr(GPtrArray) predicates = g_ptr_array_new_with_free_func(g_free);
  if (!source || !context_predicates(compiler, source, context, predicates, error)) return FALSE;
  GPtrArray *keys = grouping_keys_sql(compiler, grouping, source, context, predicates, error);
  if (!keys) return FALSE;
  row_source_add_read(compiler, source, context);
  Block *block = grouping_block(grouping, compiler_cte(source->widened), keys, dataset->name, context->suffix);
  block_leaf(grouping, block, NULL, NULL, g_steal_pointer(&predicates));
  return TRUE;
}

void measure_add_datasets(const Model *model, const Measure *measure, GPtrArray *out) {
  if (!measure) return;
  const Metric *metric = measure->metric ? model_find_metric(model, measure->metric) : NULL;
  g_autoptr(GPtrArray) datasets = metric ? model_metric_datasets(model, metric) : NULL;
  for (guint i = 0; datasets && i < datasets->len; i++) g_ptr_array_add(out, datasets->pdata[i]);
  const Field *field = measure->field ? model_find_field(model, measure->field) : NULL;
  const char *name = field ? field->dataset : measure->dataset;
  const Dataset *dataset = name ? model_find_dataset(model, name) : NULL;
  if (dataset) g_ptr_array_add(out, (gpointer)dataset);
  measure_add_datasets(model, measure->left, out);
  measure_add_datasets(model, measure->right, out);
}
