/* Measures made from metrics: ratios per entity, aggregates over entities, days or rows. */
#include "ask/measures.h"

#include <string.h>

const Dataset *measure_fact(const Parse *parse, const Metric *metric) {
  if (metric->dataset != NULL) return model_find_dataset(parse->model, metric->dataset);
  const Metric *top = metric->numerator != NULL ? model_find_metric(parse->model, metric->numerator) : NULL;
  return top != NULL && top->dataset != NULL ? model_find_dataset(parse->model, top->dataset) : NULL;
}

const Field *measure_row_field(const Parse *parse, const Metric *metric) {
  const Dataset *dataset = metric->expression != NULL ? measure_fact(parse, metric) : NULL;
  return dataset != NULL ? dataset_find_field(dataset, metric->expression) : NULL;
}

const Metric *measure_known_ratio(const Parse *parse, const Metric *top, const Metric *below) {
  for (guint i = 0; i < parse->model->metrics->len; i++) {
    const Metric *metric = g_ptr_array_index(parse->model->metrics, i);
    if (metric->kind == METRIC_RATIO && strcmp(metric->numerator, top->name) == 0 && strcmp(metric->denominator, below->name) == 0) return metric;
  }
  for (guint i = 0; i < parse->model->metrics->len; i++) { /* over the completed orders, where what is cancelled is no revenue either */
    const Metric *metric = g_ptr_array_index(parse->model->metrics, i);
    const Metric *counts = metric->kind == METRIC_RATIO && strcmp(metric->numerator, top->name) == 0 ? model_find_metric(parse->model, metric->denominator) : NULL;
    gboolean same = counts != NULL && counts->kind == METRIC_AGGREGATE && below->kind == METRIC_AGGREGATE && counts->aggregate == below->aggregate &&
                    below->conditions[0] == NULL && counts->conditions[0] != NULL && counts->conditions[0][0] == '!' &&
                    g_strcmp0(counts->dataset, below->dataset) == 0 && g_strcmp0(counts->expression, below->expression) == 0;
    if (same) return metric;
  }
  return NULL;
}

gboolean metric_is_total(const Metric *metric) {
  return metric->kind == METRIC_AGGREGATE && (metric->aggregate == AGGREGATE_SUM || metric->aggregate == AGGREGATE_COUNT ||
                                              metric->aggregate == AGGREGATE_COUNT_DISTINCT);
}

void measure_leave_out_alike(const Parse *parse, Measure *measure, const Metric *metric, const Metric *other) {
  const Dataset *dataset = measure_fact(parse, metric);
  for (char **condition = other->conditions; dataset != NULL && *condition != NULL; condition++) {
    if (**condition != '!' || g_strv_contains((const char *const *)metric->conditions, *condition) ||
        g_strv_contains((const char *const *)metric->conditions, *condition + 1))
      continue;
    const Condition *known = model_find_condition(parse->model, *condition + 1);
    g_autoptr(GPtrArray) path = known != NULL && strcmp(known->dataset, dataset->name) != 0
                                    ? model_join_path(parse->model, dataset->name, known->dataset) : NULL;
    if (known == NULL || (strcmp(known->dataset, dataset->name) != 0 && (path == NULL || path->len == 0))) continue;
    Filter *filter = filter_new(FILTER_CONDITION);
    filter->condition = g_strdup(known->name);
    filter->negated = TRUE;
    g_ptr_array_add(measure->filters, filter);
  }
}

gboolean measure_is_shared(const Parse *parse, const Metric *top, const Entity *entity) {
  const gboolean distinct = top->kind == METRIC_AGGREGATE && top->aggregate == AGGREGATE_COUNT_DISTINCT && top->entity != NULL;
  const Entity *counted = distinct ? model_find_entity(parse->model, top->entity) : NULL;
  return counted != NULL && !counted->is_event && entity != NULL && counted != entity;
}

/* "freight per order" of lines, where orders have a table of their own: the orders that have lines. NULL: as the model counts them. */
static const Field *event_of_lines(const Parse *parse, const Metric *top, const Metric *count, const Entity *entity) {
  const Dataset *lines = top->kind == METRIC_AGGREGATE ? measure_fact(parse, top) : NULL;
  const gboolean main_fact = lines != NULL && g_strcmp0(parse->model->default_dataset, lines->name) == 0;
  if (!entity->is_event || !main_fact || count->kind != METRIC_AGGREGATE || g_strcmp0(count->dataset, lines->name) == 0) return NULL;
  for (guint i = 0; i < parse->model->relationships->len; i++) {
    const Relationship *link = g_ptr_array_index(parse->model->relationships, i);
    if (strcmp(link->from_dataset, lines->name) == 0 && g_strcmp0(link->to_dataset, count->dataset) == 0 && link->from_fields[1] == NULL)
      return dataset_find_field(lines, link->from_fields[0]);
  }
  return NULL;
}

/* Existing ratio of the model, else one made here. */
Measure *measure_ratio_per(const Parse *parse, const Metric *top, const Entity *entity) {
  const Metric *count = parse_entity_metric(parse, entity);
  if (count == NULL) return NULL;
  const Metric *known = measure_known_ratio(parse, top, count);
  if (known != NULL) return measure_new_metric(known->name);
  const Dataset *own = measure_row_field(parse, top) != NULL && top->aggregate == AGGREGATE_SUM && top->conditions[0] == NULL ? measure_fact(parse, top) : NULL;
  if (own != NULL && !entity->is_event && parse_listing_dataset(parse, entity) == own) return measure_of_rows(parse, top, AGGREGATE_AVERAGE); /* the income of customers */
  if (measure_is_shared(parse, top, entity)) return measure_per(measure_new_metric(top->name), AGGREGATE_AVERAGE, entity, TIME_UNIT_NONE);
  Measure *measure = measure_new(MEASURE_RATIO);
  measure->left = measure_new_metric(top->name);
  const Field *reference = event_of_lines(parse, top, count, entity);
  if (reference != NULL) {
    measure->right = measure_new(MEASURE_AGGREGATE);
    measure->right->aggregate = AGGREGATE_COUNT_DISTINCT;
    measure->right->field = lexicon_field_path(reference);
    measure->right->name = text_plural(entity->name);
  } else {
    measure->right = measure_new_metric(count->name);
  }
  measure_leave_out_alike(parse, measure->right, count, top);
  measure->name = g_strdup_printf("%s_per_%s", top->name, entity->name);
  measure->label = g_strdup_printf("%s per %s", top->label, entity->name);
  return measure;
}

Measure *measure_per(Measure *inner, Aggregate aggregate, const Entity *entity, TimeUnit unit) {
  Measure *measure = measure_new(MEASURE_PER);
  measure->aggregate = aggregate;
  measure->per_entity = entity != NULL ? g_strdup(entity->name) : NULL;
  measure->per_unit = unit;
  measure->left = inner;
  return measure;
}

Measure *measure_of_date(const Field *date) {
  Measure *measure = measure_new(MEASURE_AGGREGATE);
  measure->aggregate = AGGREGATE_MIN;
  measure->field = lexicon_field_path(date);
  measure->name = g_strdup(date->name);
  measure->label = g_strdup(date->label);
  return measure;
}

/* Aggregate over single rows: the metric's own row expression. */
Measure *measure_of_rows(const Parse *parse, const Metric *metric, Aggregate aggregate) {
  Measure *measure = measure_new(MEASURE_AGGREGATE);
  measure->aggregate = aggregate;
  const Field *field = measure_row_field(parse, metric);
  if (field != NULL) measure->field = lexicon_field_path(field);
  else measure->metric = g_strdup(metric->name); /* over the metric's row expression */
  return measure;
}

const Metric *measure_noun_metric(const Parse *parse, const Item *item) {
  if (item->kind == ITEM_METRIC) return item->meaning.metric;
  if (item->kind == ITEM_ENTITY) return parse_entity_metric(parse, item->meaning.entity);
  if (item->kind == ITEM_ROWS) return parse_rows_metric(parse, item->meaning.rows);
  return NULL;
}

const Metric *measure_total_of_average(const Parse *parse, guint index) {
  static const char *const AVERAGES[] = {"average", "avg", "mean", "typical", NULL};
  const Item *item = parse_item(parse, index);
  const Metric *metric = item->meaning.metric;
  if (metric->kind != METRIC_RATIO || strcmp(metric->name, "average_order_value") != 0) return NULL;
  for (guint i = item->first; i < item->first + item->count; i++)
    if (g_strv_contains(AVERAGES, token_at(parse->items->tokens, i)->fold)) return NULL;
  return model_find_metric(parse->model, metric->numerator);
}
