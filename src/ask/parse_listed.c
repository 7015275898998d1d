/*
 * What is known of things as they are listed: the price of a product in the list of products, before the average of what
 * its order lines say; promotions that are one, before the rows that have none.
 */
#include <string.h>

#include "ask/measures.h"

static gboolean has_time(const Parse *parse) {
  for (guint i = 0; i < parse_n(parse); i++)
    if (parse_item(parse, i)->kind == ITEM_TIME) return TRUE;
  return parse->query->time.kind != TIME_ALL;
}

/* The table of products, where the question is about single ones and about nothing beyond that table; NULL. */
static const Dataset *products_asked(const Parse *parse) {
  const Entity *product = model_find_entity(parse->model, "product");
  const Dataset *list = product != NULL ? parse_listing_dataset(parse, product) : NULL;
  gboolean single = FALSE;
  if (list == NULL || has_time(parse)) return NULL;
  for (guint i = 0; i < parse->query->dimensions->len; i++) {
    const Dimension *dimension = g_ptr_array_index(parse->query->dimensions, i);
    const Field *field = dimension->kind == DIMENSION_FIELD ? model_find_field(parse->model, dimension->field) : NULL;
    if (field == NULL || strcmp(field->dataset, list->name) != 0) return NULL;
    single = single || g_strcmp0(field->entity, product->name) == 0;
  }
  for (guint i = 0; i < parse->query->filters->len; i++) {
    const Filter *filter = g_ptr_array_index(parse->query->filters, i);
    const Field *field = filter->kind == FILTER_FIELD ? model_find_field(parse->model, filter->field) : NULL;
    if (field == NULL || strcmp(field->dataset, list->name) != 0) return NULL;
    single = single || (g_strcmp0(field->entity, product->name) == 0 && filter->op == OP_EQUAL);
  }
  return single ? list : NULL;
}

/* The number of the list that is called as the metric's column is; NULL. */
static const Field *listed_namesake(const Parse *parse, const Metric *metric, const Dataset *list) {
  const Field *column = metric->kind == METRIC_AGGREGATE && metric->aggregate == AGGREGATE_AVERAGE ? measure_row_field(parse, metric) : NULL;
  if (column == NULL || strcmp(column->dataset, list->name) == 0 || !g_str_has_prefix(column->unit != NULL ? column->unit : "", "currency")) return NULL;
  g_autofree char *label = phrase_normalise(column->label);
  for (guint f = 0; f < list->fields->len; f++) {
    const Field *field = g_ptr_array_index(list->fields, f);
    g_autofree char *other = phrase_normalise(field->label);
    if (field->role == FIELD_ROLE_MEASURE && strcmp(label, other) == 0) return field;
  }
  return NULL;
}

void parse_listed_prices(Parse *parse) {
  const Dataset *list = parse->query->measures->len == 1 ? products_asked(parse) : NULL;
  Measure *measure = list != NULL ? g_ptr_array_index(parse->query->measures, 0) : NULL;
  const Metric *metric = measure != NULL && measure->kind == MEASURE_METRIC ? model_find_metric(parse->model, measure->metric) : NULL;
  const Field *listed = metric != NULL ? listed_namesake(parse, metric, list) : NULL;
  if (listed == NULL || measure->filters->len > 0) return;
  g_clear_pointer(&measure->metric, g_free);
  measure->kind = MEASURE_AGGREGATE;
  measure->aggregate = AGGREGATE_AVERAGE;
  measure->field = lexicon_field_path(listed);
  measure->name = g_strdup(listed->name);
  measure->label = g_strdup(listed->label);
  parse_assume(parse, "default_metric", "%s as the list of %s has it", listed->label, list->label);
}

/* The main fact's column that leads to the field's table, where not every row has one; NULL. */
static const Field *loose_reference(const Parse *parse, const Field *field) {
  for (guint i = 0; i < parse->model->relationships->len; i++) {
    const Relationship *link = g_ptr_array_index(parse->model->relationships, i);
    if (g_strcmp0(link->from_dataset, parse->model->default_dataset) != 0 || strcmp(link->to_dataset, field->dataset) != 0) continue;
    const Field *reference = dataset_find_field(model_find_dataset(parse->model, link->from_dataset), link->from_fields[0]);
    return reference != NULL && reference->null_count > 0 ? reference : NULL;
  }
  return NULL;
}

void parse_known_groups(Parse *parse) {
  if (!parse->listing || parse->query->limit == 0 || parse->fragment) return;
  for (guint i = 0; i < parse->query->dimensions->len; i++) {
    const Dimension *dimension = g_ptr_array_index(parse->query->dimensions, i);
    const Field *field = dimension->kind == DIMENSION_FIELD ? model_find_field(parse->model, dimension->field) : NULL;
    const Field *reference = field != NULL && field->entity == NULL ? loose_reference(parse, field) : NULL;
    if (reference == NULL) continue;
    Filter *filter = filter_new(FILTER_FIELD);
    filter->field = lexicon_field_path(reference);
    filter->op = OP_IS_NOT_NULL;
    g_ptr_array_add(parse->query->filters, filter);
    parse_assume(parse, "present", "only where %s is known", reference->label);
    return;
  }
}
