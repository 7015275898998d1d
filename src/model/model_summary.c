/* One line about a workspace, for the end of aisle init. */
#include <string.h>

#include "model/expression.h"
#include "model/model_private.h"

static void append_part(GString *out, const char *separator, char *part) {
  if (out->len > 0) g_string_append(out, separator);
  g_string_append(out, part);
  g_free(part);
}

/* "9,994 order lines" */
static char *counted(gint64 count, const char *plural_noun) {
  g_autofree char *number = text_format_number((double)count, 0);
  g_autofree char *noun = g_utf8_strdown(plural_noun, -1);
  if (count != 1) return g_strdup_printf("%s %s", number, noun);
  g_autofree char *singular = text_singular(noun);
  return g_strdup_printf("%s %s", number, singular);
}

/* Events (orders, visits) of the dataset: how many there are is the first thing people check. */
static void append_events(GString *out, const Model *model, const Dataset *dataset) {
  for (guint i = 0; i < model->entities->len; i++) {
    const Entity *entity = g_ptr_array_index(model->entities, i);
    const Field *key = dataset_find_field(dataset, entity->key);
    if (!entity->is_event || g_strcmp0(entity->dataset, dataset->name) != 0 || key == NULL || key->distinct_count < 0)
      continue;
    if (key->distinct_count == dataset->row_count) continue; /* each row is one: said already */
    /* Called as its metric is: invoices, receipts, orders. */
    const Metric *metric = model_find_metric(model, entity->metric);
    g_autofree char *spaced = g_strdelimit(g_strdup(entity->name), "_", ' ');
    g_autofree char *plural = metric != NULL ? g_strdup(metric->label) : text_plural(spaced);
    append_part(out, ", ", counted(key->distinct_count, plural));
  }
}

static void append_dates(GString *out, const Dataset *dataset) {
  const Field *date = dataset_find_field(dataset, dataset->default_date);
  if (date == NULL || date->minimum == NULL || date->maximum == NULL) return;
  /* Timestamps are shown as their days. */
  append_part(out, ", ", g_strdup_printf("%.10s to %.10s", date->minimum, date->maximum));
}

static char *describe_fact(const Model *model, const Dataset *dataset) {
  GString *out = g_string_new(NULL);
  if (dataset->row_count >= 0)
    append_part(out, ", ", counted(dataset->row_count, dataset->label));
  else
    g_string_append(out, dataset->label);
  append_events(out, model, dataset);
  append_dates(out, dataset);
  return g_string_free(out, FALSE);
}

/* What a metric is computed from, with the labels people know: "Quantity × Price". */
static char *describe_expression(const Model *model, const Dataset *dataset, const char *expression) {
  g_autoptr(GPtrArray) references = expression_references(expression, NULL);
  if (references == NULL) return g_strdup(expression);
  GString *out = g_string_new(NULL);
  gsize copied = 0;
  for (guint i = 0; i < references->len; i++) {
    const ColumnReference *reference = g_ptr_array_index(references, i);
    const Dataset *other = reference->qualifier != NULL ? model_find_dataset(model, reference->qualifier) : NULL;
    const Field *field = dataset_find_field(other != NULL ? other : dataset, reference->name);
    g_string_append_len(out, expression + copied, (gssize)(reference->start - copied));
    g_string_append(out, field != NULL ? field->label : reference->name);
    copied = reference->end;
  }
  g_string_append(out, expression + copied);
  return g_string_free(out, FALSE);
}

static char *describe_default_metric(const Model *model) {
  const Metric *metric = model_find_metric(model, model->default_metric);
  const Dataset *dataset = metric != NULL ? model_find_dataset(model, metric->dataset) : NULL;
  if (metric == NULL || metric->kind != METRIC_AGGREGATE || metric->expression == NULL) return NULL;
  g_autofree char *name = g_strdelimit(g_strdup(metric->name), "_", ' ');
  g_autofree char *source =
      dataset != NULL ? describe_expression(model, dataset, metric->expression) : g_strdup(metric->expression);
  GString *out = g_string_new(NULL);
  if (metric->aggregate == AGGREGATE_COUNT || metric->aggregate == AGGREGATE_COUNT_DISTINCT)
    g_string_append_printf(out, "%s are counted by %s", name, source);
  else
    g_string_append_printf(out, "%s is %s", name, source);
  for (guint i = 0; metric->conditions[i] != NULL; i++) {
    const char *condition_name = metric->conditions[i] + (metric->conditions[i][0] == '!');
    const Condition *condition = model_find_condition(model, condition_name);
    g_string_append_printf(out, "%s %s", metric->conditions[i][0] == '!' ? " without" : " of only",
                           condition != NULL ? condition->label : condition_name);
  }
  if (metric->is_money && model->currency == NULL) g_string_append(out, " (currency not stated)");
  if (metric->is_money && model->currency != NULL) g_string_append_printf(out, " in %s", model->currency);
  return g_string_free(out, FALSE);
}

char *model_summarise(const Model *model) {
  GString *out = g_string_new(NULL);
  const Dataset *main_fact = model_find_dataset(model, model->default_dataset);
  if (main_fact != NULL) append_part(out, "; ", describe_fact(model, main_fact));
  for (guint i = 0; i < model->datasets->len; i++) {
    const Dataset *dataset = g_ptr_array_index(model->datasets, i);
    if (dataset == main_fact) continue;
    append_part(out, "; ",
                dataset->is_fact          ? describe_fact(model, dataset)
                : dataset->row_count >= 0 ? counted(dataset->row_count, dataset->label)
                                          : g_strdup(dataset->label));
  }
  char *metric = describe_default_metric(model);
  if (metric != NULL) append_part(out, "; ", metric);
  return g_string_free(out, FALSE);
}
