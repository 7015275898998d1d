/* Filters, measures and dimensions in words. */
#include "query/form.h"
#include "query/restate.h"
#include <string.h>

/* Headers like "ItemNo" are no words. */
static gboolean is_camel_case(const char *label) {
  for (const char *c = label; c[0] && c[1]; c++)
    if (g_ascii_islower(c[0]) && g_ascii_isupper(c[1])) return TRUE;
  return FALSE;
}

char *restate_field(const Model *model, const char *name) {
  const Field *field = name ? model_find_field(model, name) : NULL;
  if (!field) return g_strdup(name ? name : "value");
  if (field->label && !is_camel_case(field->label) && !strchr(field->label, '_')) return g_strdup(field->label);
  return g_strdelimit(g_strdup(field->name), "_", ' ');
}

char *restate_number(double value) {
  GString *text = g_string_new(NULL);
  json_append_double(text, value);
  if (g_str_has_suffix(text->str, ".0")) g_string_truncate(text, text->len - 2);
  return g_string_free(text, FALSE);
}

static const char *test_words(Operator op) {
  switch (op) {
  case OP_NOT_EQUAL: return "other than";
  case OP_LESS: return "less than";
  case OP_LESS_EQUAL: return "at most";
  case OP_GREATER: return "more than";
  case OP_GREATER_EQUAL: return "at least";
  case OP_CONTAINS: return "containing";
  case OP_STARTS_WITH: return "starting with";
  default: return "exactly";
  }
}

char *restate_test(Operator op, double value, double value_to) {
  g_autofree char *first = restate_number(value);
  if (op == OP_BETWEEN) {
    g_autofree char *second = restate_number(value_to);
    return g_strdup_printf("between %s and %s", first, second);
  }
  return g_strdup_printf("%s %s", test_words(op), first);
}

char *restate_list(const GPtrArray *words, const char *last_joint) {
  GString *list = g_string_new(NULL);
  for (guint i = 0; i < words->len; i++)
    g_string_append_printf(list, "%s%s", !i ? "" : i + 1 == words->len ? last_joint : ", ", (char *)words->pdata[i]);
  return g_string_free(list, FALSE);
}

/* What people call many of them: the label of the metric that counts them ("tickets"), else the entity's name. */
static char *entity_plural(const Model *model, const char *name) {
  const Entity *entity = name ? model_find_entity(model, name) : NULL;
  const Metric *metric = entity && entity->metric ? model_find_metric(model, entity->metric) : NULL;
  if (metric && metric->label) return g_utf8_strdown(metric->label, -1);
  g_autofree char *spaced = g_strdelimit(g_strdup(entity ? entity->name : "row"), "_", ' ');
  return text_plural(spaced);
}

static char *entity_singular(const Model *model, const char *name) {
  g_autofree char *plural = entity_plural(model, name);
  return text_singular(plural);
}

/* ---- filters ---- */
static char *value_filter(const Model *model, const Filter *filter) {
  g_autofree char *label = restate_field(model, filter->field), *values = restate_list(filter->values, " or ");
  gboolean excluded = (filter->op == OP_NOT_EQUAL) != (filter->negated != 0);
  return g_strdup_printf(excluded ? "excluding %s %s" : "for %s %s", label, values);
}

static char *field_filter(const Model *model, const Filter *filter) {
  g_autofree char *label = restate_field(model, filter->field);
  gboolean absent = (filter->op == OP_IS_NULL) != (filter->negated != 0);
  switch (filter->op) {
  case OP_EQUAL:
  case OP_NOT_EQUAL: return value_filter(model, filter);
  case OP_IS_NULL:
  case OP_IS_NOT_NULL: return g_strdup_printf(absent ? "with missing %s" : "with known %s", label);
  case OP_BETWEEN: {
    g_autofree char *values = restate_list(filter->values, " and ");
    return g_strdup_printf(filter->negated ? "with %s not between %s" : "with %s between %s", label, values);
  }
  default: {
    g_autofree char *value = restate_list(filter->values, " ");
    return g_strdup_printf("with %s %s%s %s", label, filter->negated ? "not " : "", test_words(filter->op), value);
  }
  }
}

static char *condition_filter(const Filter *filter) {
  /* The label is a noun ("cancelled invoices"), which would name a metric as well; the name is the bare quality. */
  g_autofree char *quality = g_strdelimit(g_strdup(filter->condition ? filter->condition : ""), "_", ' ');
  return g_strdup_printf(filter->negated ? "without %s" : "only %s", quality);
}

/* Numbers become the names that people use. */
static char *cyclic_value_words(Cyclic cyclic, const char *text) {
  static const char *const weekdays[] = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};
  static const char *const months[] = {"January", "February", "March",     "April",   "May",      "June",
                                       "July",    "August",   "September", "October", "November", "December"};
  int number;
  if (!cyclic_value(cyclic, text, &number)) return g_strdup(text);
  switch (cyclic) {
  case CYCLIC_WEEKDAY: return g_strdup(weekdays[number - 1]);
  case CYCLIC_MONTH_OF_YEAR: return g_strdup(months[number - 1]);
  case CYCLIC_QUARTER_OF_YEAR: return g_strdup_printf("Q%d", number);
  case CYCLIC_HOUR_OF_DAY: return g_strdup_printf("%d:00", number);
  case CYCLIC_WEEKEND: return g_strdup(number ? "weekends" : "weekdays");
  case CYCLIC_DAY_OF_MONTH: return g_strdup_printf("day %d", number);
  default: return g_strdup_printf("week %d", number);
  }
}

/* The hours from midnight on: "before 9:00". 0: something else. */
static int hours_before(const Filter *filter) {
  if (filter->cyclic != CYCLIC_HOUR_OF_DAY || filter->op != OP_EQUAL || filter->negated) return 0;
  for (guint i = 0; i < filter->values->len; i++) {
    int hour;
    if (!cyclic_value(CYCLIC_HOUR_OF_DAY, filter->values->pdata[i], &hour) || hour != (int)i) return 0;
  }
  return filter->values->len > 1 ? (int)filter->values->len : 0;
}

static char *cyclic_filter(const Filter *filter) {
  if (hours_before(filter)) return g_strdup_printf("before %d:00", hours_before(filter));
  g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < filter->values->len; i++)
    g_ptr_array_add(words, cyclic_value_words(filter->cyclic, filter->values->pdata[i]));
  gboolean excluded = (filter->op == OP_NOT_EQUAL) != (filter->negated != 0);
  if (filter->op == OP_BETWEEN) {
    g_autofree char *range = restate_list(words, " and ");
    return g_strdup_printf(filter->negated ? "not between %s" : "between %s", range);
  }
  g_autofree char *list = restate_list(words, " or ");
  if (filter->op != OP_EQUAL && filter->op != OP_NOT_EQUAL)
    return g_strdup_printf("%s%s %s", filter->negated ? "not " : "", test_words(filter->op), list);
  gboolean is_day =
      filter->cyclic == CYCLIC_WEEKDAY || filter->cyclic == CYCLIC_WEEKEND || filter->cyclic == CYCLIC_DAY_OF_MONTH;
  const char *place = is_day ? "on" : filter->cyclic == CYCLIC_HOUR_OF_DAY ? "at" : "in";
  gboolean any_year = filter->cyclic == CYCLIC_MONTH_OF_YEAR || filter->cyclic == CYCLIC_QUARTER_OF_YEAR ||
                      filter->cyclic == CYCLIC_WEEK_OF_YEAR;
  return excluded ? g_strdup_printf("excluding %s", list)
                  : g_strdup_printf("%s %s%s", place, list, any_year ? " of any year" : "");
}

static double number_of(const GPtrArray *values, guint index) {
  return index < values->len ? g_ascii_strtod(values->pdata[index], NULL) : 0;
}

static char *group_plural(const Model *model, const Filter *filter) {
  const Field *field = filter->field ? model_find_field(model, filter->field) : NULL;
  return field ? text_plural(field->label) : entity_plural(model, filter->entity);
}

/* "for orders with returns": rows of another table that lead to it, however many. NULL: it is another test. */
static char *happened_filter(const Model *model, const Filter *filter, const char *entities) {
  const Measure *by = filter->measure;
  const Metric *metric = by && by->kind == MEASURE_METRIC && by->metric && !by->filters->len ? model_find_metric(model, by->metric) : NULL;
  gboolean rows = metric && metric->kind == METRIC_AGGREGATE && metric->aggregate == AGGREGATE_COUNT && !metric->expression &&
                  !metric->conditions[0] && g_strcmp0(metric->dataset, model->default_dataset) != 0;
  const Dataset *dataset = rows ? model_find_dataset(model, metric->dataset) : NULL;
  if (!dataset || filter->top || filter->within || filter->op != OP_GREATER || number_of(filter->values, 0) > 0) return NULL;
  g_autofree char *when = restate_time(&by->time, model);
  return g_strdup_printf("for %s %s %s%s%s", entities, filter->negated ? "without" : "with", dataset->label, when ? " " : "", when ? when : "");
}

static char *entity_filter(const Model *model, const Filter *filter) {
  g_autofree char *entities = group_plural(model, filter),
                  *measure = filter->measure ? restate_measure(model, filter->measure) : g_strdup("");
  g_autofree char *test = restate_test(filter->op, number_of(filter->values, 0), number_of(filter->values, 1));
  const Measure *by = filter->measure;
  char *happened = happened_filter(model, filter, entities);
  if (happened) return happened;
  if (filter->top)
    return g_strdup_printf("%s the %s %d %s by %s", filter->negated ? "excluding" : "for", filter->top > 0 ? "top" : "bottom",
                           ABS(filter->top), entities, measure);
  gboolean worth =
      by && by->kind == MEASURE_METRIC && !by->filters->len && g_strcmp0(by->metric, model->default_metric) == 0;
  if (worth) /* "orders worth more than 500" */
    return g_strdup_printf("%s %s worth %s%s", filter->negated ? "excluding" : "for", entities, test,
                           filter->within ? "" : " ever");
  const char *counted = g_str_has_prefix(measure, "number of ") ? measure + strlen("number of ") : measure;
  return g_strdup_printf("%s %s with %s %s%s", filter->negated ? "excluding" : "for", entities, test, counted,
                         filter->within ? "" : " ever");
}

/* Customers buy, orders have, products are sold. */
static const char *did_verb(const Model *model, const Filter *filter) {
  const Entity *entity = filter->entity ? model_find_entity(model, filter->entity) : NULL;
  if (entity && entity->is_event) return filter->negated ? "without" : "with";
  if (entity && !g_str_equal(entity->name, "customer")) return filter->negated ? "never sold" : "sold";
  return filter->negated ? "never bought" : "bought";
}

/* "bought Category Garden in 2019": what the entity did or never did. */
static char *did_words(const Model *model, const Filter *filter) {
  g_autofree char *what = restate_filters(model, filter->did), *when = restate_time(&filter->did_time, model);
  const char *thing = what && g_str_has_prefix(what, "for ") ? what + strlen("for ") : what;
  return g_strdup_printf("%s%s%s%s%s", did_verb(model, filter), thing ? " " : "", thing ? thing : "", when ? " " : "",
                         when ? when : "");
}

static char *did_filter(const Model *model, const Filter *filter) {
  g_autofree char *entities = entity_plural(model, filter->entity), *did = did_words(model, filter);
  gboolean is_person = g_str_has_suffix(did_verb(model, filter), "bought");
  return g_strdup_printf(is_person ? "for %s who %s" : "for %s %s", entities, did);
}

static char *any_filter(const Model *model, const Filter *filter) {
  g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < filter->did->len; i++) g_ptr_array_add(words, restate_filter(model, filter->did->pdata[i]));
  g_autofree char *list = restate_list(words, " or ");
  return g_strdup_printf(filter->negated ? "neither %s" : "either %s", list);
}

char *restate_filter(const Model *model, const Filter *filter) {
  switch (filter->kind) {
  case FILTER_CONDITION: return condition_filter(filter);
  case FILTER_CYCLIC: return cyclic_filter(filter);
  case FILTER_ENTITY: return entity_filter(model, filter);
  case FILTER_DID: return did_filter(model, filter);
  case FILTER_ANY: return any_filter(model, filter);
  default: return field_filter(model, filter);
  }
}

char *restate_filters(const Model *model, const GPtrArray *filters) {
  g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
  const Filter *before = NULL;
  for (guint i = 0; filters && i < filters->len; i++) {
    const Filter *filter = filters->pdata[i];
    gboolean goes_on = before && before->kind == FILTER_DID && filter->kind == FILTER_DID &&
                       g_strcmp0(before->entity, filter->entity) == 0;
    g_autofree char *piece = goes_on ? did_words(model, filter) : restate_filter(model, filter);
    if (!g_ptr_array_find_with_equal_func(words, piece, g_str_equal, NULL))
      g_ptr_array_add(words, g_steal_pointer(&piece));
    before = filter;
  }
  return words->len ? sql_join(words, " and ") : NULL;
}

/* ---- measures ---- */
static const char *aggregate_words(Aggregate aggregate) {
  switch (aggregate) {
  case AGGREGATE_SUM: return "total";
  case AGGREGATE_AVERAGE: return "average";
  case AGGREGATE_MIN: return "lowest";
  case AGGREGATE_MAX: return "highest";
  case AGGREGATE_STDDEV: return "standard deviation of";
  case AGGREGATE_COUNT: return "number of";
  case AGGREGATE_COUNT_DISTINCT: return "number of different";
  default: return aggregate_name(aggregate);
  }
}

static gboolean is_date(const Model *model, const Measure *measure) {
  const Field *field = measure->field ? model_find_field(model, measure->field) : NULL;
  return field && (field->type == FIELD_DATE || field->type == FIELD_TIMESTAMP);
}

/* Keys of the table that lists the entity: its things, as people say. */
static gboolean counts_listed(const Model *model, const Measure *measure) {
  const Field *field = measure->field ? model_find_field(model, measure->field) : NULL;
  const Entity *entity = field && field->entity ? model_find_entity(model, field->entity) : NULL;
  return entity && g_strcmp0(entity->dataset, field->dataset) == 0 && g_strcmp0(entity->key, field->name) == 0;
}

static char *aggregate_measure(const Model *model, const Measure *measure) {
  const Metric *metric = measure->metric ? model_find_metric(model, measure->metric) : NULL;
  const Dataset *dataset = measure->dataset ? model_find_dataset(model, measure->dataset) : NULL;
  g_autofree char *what = metric           ? g_strdup(metric->label)
                          : measure->field ? restate_field(model, measure->field)
                                           : g_strdup(dataset && dataset->label ? dataset->label : "rows");
  if (measure->kind == MEASURE_DATE_DIFFERENCE) {
    g_autofree char *to = restate_field(model, measure->field_to);
    return g_strdup_printf("%s days between %s and %s", aggregate_words(measure->aggregate), what, to);
  }
  if (measure->aggregate == AGGREGATE_PERCENTILE) {
    g_autofree char *number = restate_number(measure->percentile * 100);
    return g_strdup_printf("%sth percentile of %s", number, what);
  }
  if (is_date(model, measure) && (measure->aggregate == AGGREGATE_MIN || measure->aggregate == AGGREGATE_MAX))
    return g_strdup_printf("%s %s", measure->aggregate == AGGREGATE_MIN ? "first" : "last", what);
  if (measure->aggregate == AGGREGATE_COUNT_DISTINCT && counts_listed(model, measure)) {
    const Field *field = model_find_field(model, measure->field);
    g_autofree char *entities = entity_plural(model, field->entity);
    return g_strdup_printf("number of %s", entities);
  }
  return g_strdup_printf("%s %s", aggregate_words(measure->aggregate), what);
}

static char *pair_measure(const Model *model, const Measure *measure) {
  g_autofree char *left = measure->left ? restate_measure(model, measure->left) : g_strdup("");
  g_autofree char *right = measure->right ? restate_measure(model, measure->right) : g_strdup("");
  gboolean is_share = measure->left && measure->right && measure->left->metric &&
                      g_strcmp0(measure->left->metric, measure->right->metric) == 0;
  if (measure->kind == MEASURE_RATIO) return g_strdup_printf(is_share ? "%s as share of %s" : "%s per %s", left, right);
  return g_strdup_printf(measure->kind == MEASURE_SUM ? "%s plus %s" : "%s minus %s", left, right);
}

static char *bare_measure(const Model *model, const Measure *measure) {
  switch (measure->kind) {
  case MEASURE_METRIC: {
    const Metric *metric = measure->metric ? model_find_metric(model, measure->metric) : NULL;
    const char *label = metric && metric->label ? metric->label : measure->metric ? measure->metric : "";
    return metric && metric->entity && metric->kind == METRIC_AGGREGATE ? g_strdup_printf("number of %s", label)
                                                                        : g_strdup(label);
  }
  case MEASURE_AGGREGATE:
  case MEASURE_DATE_DIFFERENCE: return aggregate_measure(model, measure);
  case MEASURE_PER: {
    g_autofree char *inner = measure->left ? restate_measure(model, measure->left) : g_strdup("");
    g_autofree char *per =
        measure->per_entity ? entity_singular(model, measure->per_entity) : g_strdup(time_unit_name(measure->per_unit));
    if (measure->tested && measure->aggregate == AGGREGATE_COUNT) {
      g_autofree char *pers = text_plural(per), *test = restate_test(measure->test, measure->test_value, measure->test_value_to);
      return g_strdup_printf("number of %s with %s %s", pers, inner, test);
    }
    if (measure->aggregate == AGGREGATE_PERCENTILE) {
      g_autofree char *number = restate_number(measure->percentile * 100);
      return g_strdup_printf("%sth percentile of %s per %s", number, inner, per);
    }
    return g_strdup_printf("%s %s per %s", aggregate_words(measure->aggregate), inner, per);
  }
  default: return pair_measure(model, measure);
  }
}

char *restate_measure(const Model *model, const Measure *measure) {
  g_autofree char *bare = bare_measure(model, measure), *filters = restate_filters(model, measure->filters);
  g_autofree char *when = restate_time(&measure->time, model);
  return g_strdup_printf("%s%s%s%s%s%s", measure->ignore_query_filters ? "all " : "", bare, filters ? " " : "",
                         filters ? filters : "", when ? " " : "", when ? when : "");
}

/* ---- dimensions ---- */
static const char *cyclic_words(Cyclic cyclic) {
  switch (cyclic) {
  case CYCLIC_HOUR_OF_DAY: return "hour of the day";
  case CYCLIC_WEEKDAY: return "day of the week";
  case CYCLIC_DAY_OF_MONTH: return "day of the month";
  case CYCLIC_WEEK_OF_YEAR: return "week of the year";
  case CYCLIC_MONTH_OF_YEAR: return "month of the year";
  case CYCLIC_QUARTER_OF_YEAR: return "quarter of the year";
  default: return "weekend and weekday";
  }
}

static char *edges_words(const GArray *edges) {
  g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; edges && i < edges->len; i++)
    g_ptr_array_add(words, restate_number(g_array_index(edges, double, i)));
  return restate_list(words, " and ");
}

char *restate_dimension(const Model *model, const Dimension *dimension) {
  g_autofree char *field = dimension->field ? restate_field(model, dimension->field) : NULL;
  g_autofree char *unit = g_strdelimit(g_strdup(time_unit_name(dimension->unit)), "_", ' ');
  g_autofree char *edges = edges_words(dimension->edges);
  switch (dimension->kind) {
  case DIMENSION_TIME: return field ? g_strdup_printf("%s of %s", unit, field) : g_steal_pointer(&unit);
  case DIMENSION_CYCLIC:
    return field ? g_strdup_printf("%s of %s", cyclic_words(dimension->cyclic), field)
                 : g_strdup(cyclic_words(dimension->cyclic));
  case DIMENSION_BUCKET: return g_strdup_printf("%s in steps at %s", field ? field : "value", edges);
  case DIMENSION_ENTITY_BUCKET: {
    g_autofree char *measure = dimension->measure ? restate_measure(model, dimension->measure) : g_strdup("");
    g_autofree char *entity = entity_singular(model, dimension->entity);
    if (!dimension->edges->len) return g_strdup_printf("%s per %s", measure, entity);
    return g_strdup_printf("%s per %s in steps at %s", measure, entity, edges);
  }
  case DIMENSION_FIRST_TIME: return g_strdup_printf("%s of first purchase", unit);
  default: return g_strdup(field ? field : "");
  }
}

char *restate_listed(const SemanticQuery *query, const Model *model) {
  const Dimension *dimension = query->dimensions->len == 1 ? query->dimensions->pdata[0] : NULL;
  const Field *field = dimension && dimension->kind == DIMENSION_FIELD ? model_find_field(model, dimension->field) : NULL;
  const Entity *entity = field && field->entity ? model_find_entity(model, field->entity) : NULL;
  return entity && !entity->is_event && g_strcmp0(entity->dataset, field->dataset) == 0 ? entity_plural(model, entity->name) : NULL;
}
