/*
 * Rows by what their entity did: customers with more than ten orders, customers who bought this but never that, new and
 * repeat customers; and the columns with a value per entity that groupings need. Rows without a key belong to no
 * entity.
 */
#include "query/compiler.h"

static const Field *need_key(Compiler *compiler, const char *name, GError **error) {
  const Entity *entity = name ? model_find_entity(compiler->model, name) : NULL;
  const Field *key = entity ? reach_entity_key(compiler->model, entity) : NULL;
  if (!entity)
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_QUERY, "there is no entity \"%s\"", name ? name : "");
  else if (!key)
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_QUERY, "\"%s\" has no key to group by", name);
  return key;
}

/* What a filter on groups groups by: the entity's key, or the field. */
static const Field *need_group(Compiler *compiler, const Filter *filter, GError **error) {
  if (!filter->field) return need_key(compiler, filter->entity, error);
  const Field *field = model_find_field(compiler->model, filter->field);
  if (!field) g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_QUERY, "there is no field \"%s\"", filter->field);
  return field;
}

/* A grouping by the entity's key alone. (transfer full) */
static Grouping *entity_grouping(const Field *key) {
  Grouping *grouping = grouping_new();
  g_autoptr(Dimension) dimension = dimension_new(DIMENSION_FIELD);
  dimension->field = g_strdup_printf("%s.%s", key->dataset, key->name);
  grouping_add_key(grouping, key->name, dimension);
  return grouping;
}

/* ---- measure per entity ---- */
static gboolean passes(double value, Operator op, double first, double second) {
  switch (op) {
  case OP_LESS: return value < first;
  case OP_LESS_EQUAL: return value <= first;
  case OP_GREATER: return value > first;
  case OP_GREATER_EQUAL: return value >= first;
  case OP_NOT_EQUAL: return value < first || value > first;
  case OP_BETWEEN: return value >= first && value <= second;
  default: return value >= first && value <= first;
  }
}

char *measure_test(Compiler *compiler, Operator op, const double *numbers, gboolean opposite) {
  static const Operator opposites[] = {
      [OP_EQUAL] = OP_NOT_EQUAL,    [OP_NOT_EQUAL] = OP_EQUAL,    [OP_LESS] = OP_GREATER_EQUAL,
      [OP_LESS_EQUAL] = OP_GREATER, [OP_GREATER] = OP_LESS_EQUAL, [OP_GREATER_EQUAL] = OP_LESS};
  g_autofree char *first = sql_number_value(compiler->pool, numbers[0]);
  if (op == OP_BETWEEN) {
    g_autofree char *second = sql_number_value(compiler->pool, numbers[1]);
    return g_strdup_printf(" %sBETWEEN %s AND %s", opposite ? "NOT " : "", first, second);
  }
  return g_strdup_printf(" %s %s", operator_sql(opposite ? opposites[op] : op), first);
}

static gboolean test_numbers(const Filter *filter, double *numbers, GError **error) {
  guint needed = filter->op == OP_BETWEEN ? 2 : 1;
  gboolean fits = filter->op <= OP_BETWEEN && filter->values->len == needed;
  for (guint i = 0; fits && i < needed; i++) {
    char *end = NULL;
    numbers[i] = g_ascii_strtod(filter->values->pdata[i], &end);
    fits = end != (char *)filter->values->pdata[i] && !*end;
  }
  if (!fits)
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_QUERY, "the test of a \"%s\" needs %s", filter->field ? filter->field : filter->entity,
                needed == 2 ? "two numbers" : "one number");
  return fits;
}

/* Rows of the n groups with the largest (or smallest) measure; of equal ones the first by name. (transfer full) */
static char *top_filter_sql(Compiler *compiler, const Filter *filter, const Field *key, const char *own_key, Grouping *grouping,
                            const Term *term, const char *name) {
  g_autofree char *all = g_strdelimit(grouping_select(compiler, grouping, term, name, NULL), "\n", ' ');
  g_autofree char *key_name = sql_name(key->name), *value = sql_name(name);
  g_autofree char *select =
      g_strdup_printf("SELECT %s FROM (%s) AS ranked WHERE %s IS NOT NULL AND %s IS NOT NULL ORDER BY %s%s, %s LIMIT %d", key_name, all,
                      key_name, value, value, filter->top > 0 ? " DESC" : "", key_name, ABS(filter->top));
  return g_strdup_printf("%s %sIN (%s)", own_key, filter->negated ? "NOT " : "", select);
}

char *entity_filter_sql(Compiler *compiler, RowSource *source, const Filter *filter, const RowContext *context,
                        GError **error) {
  double numbers[2] = {0, 0};
  const Field *key = need_group(compiler, filter, error);
  if (!key || (!filter->top && !test_numbers(filter, numbers, error))) return NULL;
  g_autofree char *own_key = row_source_field_of(compiler, source, key, error);
  if (!own_key) return NULL;
  g_auto(RowContext) inner = row_context_plain(context, filter->within, filter->within);
  g_autoptr(Grouping) grouping = entity_grouping(key);
  g_autofree char *name = measure_name(compiler->model, filter->measure);
  g_autoptr(Term) term = plan_measure(compiler, grouping, filter->measure, name, &inner, error);
  if (!term) return NULL;
  if (filter->top) return top_filter_sql(compiler, filter, key, own_key, grouping, term, name);
  /* Entities without any row of the measure have 0 of it: where 0 passes, those that fail are taken out instead. */
  gboolean missing_passes = filter->measure->filters->len > 0 && term_zero_when_missing(term) &&
                            passes(0, filter->op, numbers[0], numbers[1]);
  g_autofree char *test = measure_test(compiler, filter->op, numbers, missing_passes);
  g_autofree char *select = g_strdelimit(grouping_select(compiler, grouping, term, name, test), "\n", ' ');
  if (missing_passes != (filter->negated != 0))
    return g_strdup_printf("(%s IS NOT NULL AND %s NOT IN (%s))", own_key, own_key, select);
  return g_strdup_printf("%s IN (%s)", own_key, select);
}

Filter *per_entity_filter(const Model *model, const char *numerator, const char *denominator) {
  const Metric *above = numerator ? model_find_metric(model, numerator) : NULL;
  const Metric *below = denominator ? model_find_metric(model, denominator) : NULL;
  const Entity *entity = below && below->entity ? model_find_entity(model, below->entity) : NULL;
  const Field *key = entity && !entity->is_event ? reach_entity_key(model, entity) : NULL;
  const Dataset *rows = above && above->dataset ? model_find_dataset(model, above->dataset) : NULL;
  const Field *link = key && rows ? reach_field(model, rows, key) : NULL;
  if (!link || link->null_count == 0 || strcmp(link->dataset, rows->name) != 0) return NULL;
  Filter *filter = filter_new(FILTER_FIELD);
  filter->field = g_strdup_printf("%s.%s", link->dataset, link->name);
  filter->op = OP_IS_NOT_NULL;
  return filter;
}

/* ---- did, did not ---- */
static gboolean filters_reach(const Model *model, const Dataset *dataset, const GPtrArray *filters) {
  for (guint i = 0; i < filters->len; i++) {
    const Filter *filter = filters->pdata[i];
    const Field *field = filter->field ? model_find_field(model, filter->field) : NULL;
    if (filter->field && (!field || !reach_field(model, dataset, field))) return FALSE;
    const Condition *condition = filter->condition ? model_find_condition(model, filter->condition) : NULL;
    g_autoptr(GPtrArray) path = condition ? model_join_path(model, dataset->name, condition->dataset) : NULL;
    if (filter->condition && !path) return FALSE;
    if (!filters_reach(model, dataset, filter->did)) return FALSE;
  }
  return TRUE;
}

/* Where it can be seen whether somebody did: these rows, else those of the main fact, else any. */
static const Dataset *did_dataset(const Model *model, const Dataset *preferred, const Filter *filter,
                                  const Field *key) {
  gboolean lists_them = !preferred->is_fact && g_strcmp0(preferred->name, key->dataset) == 0; /* being listed is no deed */
  if (!lists_them && filters_reach(model, preferred, filter->did)) return preferred;
  const Dataset *main_fact = model->default_dataset ? model_find_dataset(model, model->default_dataset) : NULL;
  if (main_fact && reach_field(model, main_fact, key) && filters_reach(model, main_fact, filter->did)) return main_fact;
  for (guint i = 0; i < model->datasets->len; i++)
    if (reach_field(model, model->datasets->pdata[i], key) &&
        filters_reach(model, model->datasets->pdata[i], filter->did))
      return model->datasets->pdata[i];
  return preferred; /* whose error names what is out of reach */
}

char *did_filter_sql(Compiler *compiler, RowSource *source, const Filter *filter, const RowContext *context,
                     GError **error) {
  const Field *key = need_key(compiler, filter->entity, error);
  g_autofree char *own_key = key ? row_source_field_of(compiler, source, key, error) : NULL;
  if (!own_key) return NULL;
  const Dataset *dataset = did_dataset(compiler->model, source->dataset, filter, key);
  RowSource *rows = row_source_get(compiler, dataset, error);
  g_auto(RowContext) inner = row_context_plain(context, filter->within, filter->within);
  if (filter->did_time.kind != TIME_ALL) inner.time = filter->did_time;
  for (guint i = 0; i < filter->did->len; i++) g_ptr_array_add(inner.own, filter->did->pdata[i]);
  g_autofree char *inner_key = rows ? row_source_field_of(compiler, rows, key, error) : NULL;
  if (!inner_key) return NULL;
  g_autoptr(GPtrArray) predicates = g_ptr_array_new_with_free_func(g_free);
  g_ptr_array_add(predicates, g_strdup_printf("%s IS NOT NULL", inner_key));
  if (!context_predicates(compiler, rows, &inner, predicates, error)) return NULL;
  row_source_add_read(compiler, rows, &inner);
  g_autofree char *where = sql_join(predicates, " AND "), *marker = compiler_cte(rows->joined);
  g_autofree char *select = g_strdup_printf("SELECT %s FROM %s WHERE %s", inner_key, marker, where);
  return filter->negated ? g_strdup_printf("(%s IS NOT NULL AND %s NOT IN (%s))", own_key, own_key, select)
                         : g_strdup_printf("%s IN (%s)", own_key, select);
}

/* ---- cohorts ---- */
static const Dimension *first_time_dimension(const SemanticQuery *query) {
  for (guint i = 0; i < query->dimensions->len; i++) {
    const Dimension *dimension = query->dimensions->pdata[i];
    if (dimension->kind == DIMENSION_TIME) return dimension;
  }
  return NULL;
}

/*
 * New: the entity's first row under the filters falls in the time asked about; repeat: before it. In a series each
 * bucket is such a time of its own.
 */
gboolean append_cohort(Compiler *compiler, RowSource *source, const RowContext *context, GPtrArray *out,
                       GError **error) {
  const SemanticQuery *query = compiler->query;
  gboolean is_new = query->cohort == COHORT_NEW;
  g_autofree char *first = row_source_first_date(compiler, source, query->cohort_entity, context, error);
  if (!first) return FALSE;
  const Dimension *series = first_time_dimension(query);
  if (series) {
    FieldType type;
    g_autofree char *date =
        row_source_date(compiler, source, series->field ? series->field : context->time_field, &type, error);
    if (!date) return FALSE;
    g_autofree char *bucket = time_bucket_sql(date, series->unit, type, 0, TIME_UNIT_NONE, &compiler->model->calendar);
    g_autofree char *first_bucket =
        time_bucket_sql(first, series->unit, type, 0, TIME_UNIT_NONE, &compiler->model->calendar);
    g_ptr_array_add(out, g_strdup_printf("%s %s %s", first_bucket, is_new ? "=" : "<", bucket));
    return TRUE;
  }
  if (!is_new && (context->time.kind != TIME_ABSOLUTE || context->time.from == DAY_NONE)) {
    g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_BAD_QUERY,
                        "repeat needs a period with a beginning, or a series over time");
    return FALSE;
  }
  TimeRange range = is_new ? context->time : time_range_absolute(DAY_NONE, context->time.from);
  char *sql = time_range_sql(compiler, &range, first);
  g_ptr_array_add(out, sql ? sql : g_strdup_printf("%s IS NOT NULL", first));
  return TRUE;
}

/* ---- a value per entity, joined to its rows ---- */
static char *find_or_join(Compiler *compiler, RowSource *source, const Field *key, const char *identity,
                          const char *cte_name, const char *column, const char *select, GError **error) {
  const char *known = row_source_entity_column(source, identity);
  return known ? sql_name(known)
               : row_source_join_entity(compiler, source, key, identity, cte_name, column, select, error);
}

char *row_source_first_date(Compiler *compiler, RowSource *source, const char *entity, const RowContext *context,
                            GError **error) {
  const Field *key = need_key(compiler, entity, error);
  g_auto(RowContext) ever = row_context_plain(context, TRUE, FALSE);
  FieldType type;
  g_autofree char *date = key ? row_source_date(compiler, source, ever.time_field, &type, error) : NULL;
  g_autofree char *own_key = date ? row_source_field_of(compiler, source, key, error) : NULL;
  if (!own_key) return NULL;
  g_autoptr(GPtrArray) predicates = g_ptr_array_new_with_free_func(g_free);
  g_ptr_array_add(predicates, g_strdup_printf("%s IS NOT NULL", own_key));
  if (!context_predicates(compiler, source, &ever, predicates, error)) return NULL;
  row_source_add_read(compiler, source, &ever);
  g_autofree char *where = sql_join(predicates, " AND "),
                  *identity = g_strdup_printf("first:%s:%s:%s", entity, date, where);
  g_autofree char *name = g_strdup_printf("%s_first", entity), *column = g_strdup_printf("%s_first_date", entity);
  g_autofree char *rows = compiler_cte(source->joined), *key_name = sql_name(key->name), *value = sql_name(column);
  g_autofree char *alias = g_str_equal(own_key, key_name) ? g_strdup("") : g_strconcat(" AS ", key_name, NULL);
  g_autofree char *select = g_strdup_printf("SELECT %s%s, MIN(%s) AS %s\nFROM %s\nWHERE %s\nGROUP BY 1", own_key, alias,
                                            date, value, rows, where);
  return find_or_join(compiler, source, key, identity, name, column, select, error);
}

char *row_source_entity_value(Compiler *compiler, RowSource *source, const char *entity, const Measure *measure,
                              const RowContext *context, GError **error) {
  const Field *key = need_key(compiler, entity, error);
  if (!key) return NULL;
  g_auto(RowContext) plain = row_context_plain(context, TRUE, TRUE);
  g_autoptr(Grouping) grouping = entity_grouping(key);
  g_autofree char *wanted = measure_name(compiler->model, measure), *column = g_strdup_printf("%s_%s", entity, wanted);
  g_autoptr(Term) term = plan_measure(compiler, grouping, measure, column, &plain, error);
  if (!term) return NULL;
  g_autofree char *select = grouping_select(compiler, grouping, term, column, NULL);
  g_autofree char *identity = g_strdup_printf("value:%s", select);
  return find_or_join(compiler, source, key, identity, column, column, select, error);
}
