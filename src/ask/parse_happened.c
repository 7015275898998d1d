/*
 * What else happened to the things asked about, told by a table of its own: "orders with a return", "customers who sent
 * something back", "orders without a payment". And when: "by month of order" of what came back later.
 */
#include <string.h>

#include "ask/parse.h"
#include "query/compiler.h"

static const Dataset *event_rows(const Parse *parse, const Item *item) {
  if (item->kind == ITEM_ROWS) return item->meaning.rows;
  const Entity *entity = item->kind == ITEM_ENTITY && item->meaning.entity->is_event ? item->meaning.entity : NULL;
  return entity != NULL && entity->dataset != NULL ? model_find_dataset(parse->model, entity->dataset) : NULL;
}

static gboolean leads_to(const Parse *parse, const char *from, const char *to) {
  g_autoptr(GPtrArray) path = model_join_path(parse->model, from, to);
  return path != NULL && path->len > 0;
}

/* The rows say something more of `holder`: they lead to it, and what was sold does not go through them. */
static gboolean tells_of(const Parse *parse, const Dataset *rows, const Entity *holder) {
  const Metric *counted = parse_entity_metric(parse, holder);
  const Dataset *home = holder->dataset != NULL ? model_find_dataset(parse->model, holder->dataset) : NULL;
  const Field *key = home != NULL && holder->key != NULL ? dataset_find_field(home, holder->key) : NULL;
  if (key == NULL || counted == NULL || home == rows || g_strcmp0(parse->model->default_dataset, rows->name) == 0) return FALSE;
  gboolean passed = parse->model->default_dataset != NULL && leads_to(parse, parse->model->default_dataset, rows->name);
  gboolean of_event = holder->is_event && leads_to(parse, rows->name, home->name);
  return reach_field(parse->model, rows, key) != NULL && (of_event || (rows->is_fact && !passed));
}

typedef enum { LINK_NONE, LINK_HAS, LINK_HAS_NOT } Link;

/* Whether all words between the two nouns only say that the one has (or lacks) the other. */
static Link link_between(const Parse *parse, guint holder, guint event) {
  static const char *const HAS[] = {"with", "had", "have", "having", "has", "who", "that", "which", "were", "was", "been", "got", "made", "a", "an",
                                    "any", "some", "one", "at", "least", "ever", "containing", "contained", "contain", "contains", "including",
                                    "included", "include", "something", "anything", "sent", "brought", NULL};
  static const char *const HAS_NOT[] = {"without", "no", "never", "not", "nothing", "lacking", NULL};
  Link link = LINK_NONE;
  for (guint i = holder + 1; i < event; i++) {
    const Item *item = parse_item(parse, i);
    for (guint t = item->first; t < item->first + item->count; t++) {
      const char *word = token_at(parse->items->tokens, t)->fold;
      if (g_strv_contains(HAS_NOT, word)) link = LINK_HAS_NOT;
      else if (!g_strv_contains(HAS, word)) return LINK_NONE;
      else if (link == LINK_NONE) link = LINK_HAS;
    }
  }
  const Item *said = parse_item(parse, event);
  gboolean verb = g_str_has_suffix(token_at(parse->items->tokens, said->first)->fold, "ed");
  return event == holder + 1 && verb ? LINK_HAS : link;
}

/* The nearest noun before the event that is counted or listed; -1. */
static int holder_before(const Parse *parse, guint event) {
  for (int i = (int)event - 1; i >= 0; i--) {
    const Item *item = parse_item(parse, (guint)i);
    if (item->kind == ITEM_METRIC || item->kind == ITEM_VALUE || item->kind == ITEM_NUMBER) return -1;
    if (item->kind == ITEM_ENTITY) return item->plural && !item->claimed ? i : -1;
  }
  return -1;
}

/* "by order month" speaks of months; whose, is known later. */
static void claim_event_of_grain(Parse *parse) {
  for (guint i = 1; i + 1 < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i), *next = parse_item(parse, i + 1);
    gboolean event = item->kind == ITEM_ENTITY && !item->claimed && !item->plural && item->meaning.entity->is_event && next->kind == ITEM_GRAIN;
    const Item *grouped = parse_item(parse, i - 1), *after = i + 2 < parse_n(parse) ? parse_item(parse, i + 2) : NULL;
    gboolean by = item_is_word(grouped, WORD_BY) || item_is_word(grouped, WORD_EACH);
    gboolean steady = after != NULL && after->kind == ITEM_GRAIN; /* "per order month over month" */
    if (event && by && !steady) parse_claim(parse, i, "whose date");
  }
}

void parse_happened(Parse *parse) {
  claim_event_of_grain(parse);
  for (guint i = 1; i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    const Dataset *rows = item->claimed ? NULL : event_rows(parse, item);
    int holder = rows != NULL ? holder_before(parse, i) : -1;
    const Entity *entity = holder >= 0 ? parse_item(parse, (guint)holder)->meaning.entity : NULL;
    const Metric *count = rows != NULL ? parse_rows_metric(parse, rows) : NULL;
    Link link = entity != NULL && count != NULL && tells_of(parse, rows, entity) ? link_between(parse, (guint)holder, i) : LINK_NONE;
    if (link == LINK_NONE) continue;
    Filter *filter = parse_add_group_filter(parse, entity, NULL, measure_new_metric(count->name));
    filter->op = OP_GREATER;
    filter->within = FALSE; /* an order of March may come back in April */
    filter->negated = link == LINK_HAS_NOT;
    g_ptr_array_add(filter->values, g_strdup("0"));
    for (guint k = (guint)holder + 1; k <= i; k++) parse_claim(parse, k, "condition");
    parse_describe(parse, i, link == LINK_HAS ? "%s with %s" : "%s without %s", entity->name, rows->label);
    return;
  }
}

static const Metric *counting_metric(const Parse *parse, const Measure *measure) {
  const Metric *metric = measure->metric != NULL ? model_find_metric(parse->model, measure->metric) : NULL;
  return metric != NULL && metric->entity != NULL ? metric : NULL;
}

/* "customers with a return in May": nothing else is measured, so the period is that of the returns. */
void parse_finish_happened(Parse *parse) {
  SemanticQuery *query = parse->query;
  gboolean timed = query->time.kind != TIME_ALL && query->time_field == NULL && parse_time_dimension(parse) < 0 && query->measures->len == 1;
  const Metric *counting = timed ? counting_metric(parse, g_ptr_array_index(query->measures, 0)) : NULL;
  for (guint i = 0; counting != NULL && i < query->filters->len; i++) {
    Filter *filter = g_ptr_array_index(query->filters, i);
    const Entity *entity = filter->kind == FILTER_ENTITY && filter->entity != NULL ? model_find_entity(parse->model, filter->entity) : NULL;
    const Metric *metric = entity != NULL && filter->measure != NULL && filter->measure->metric != NULL ? model_find_metric(parse->model, filter->measure->metric) : NULL;
    const Dataset *rows = metric != NULL && metric->dataset != NULL ? model_find_dataset(parse->model, metric->dataset) : NULL;
    gboolean other = rows != NULL && metric->aggregate == AGGREGATE_COUNT && metric->expression == NULL && rows->default_date != NULL &&
                     g_strcmp0(rows->name, parse->model->default_dataset) != 0;
    if (!other || entity->is_event || g_strcmp0(counting->entity, entity->name) != 0 || filter->within || filter->op != OP_GREATER || filter->measure->time.kind != TIME_ALL) continue;
    filter->measure->time = query->time;
    query->time = time_range_all();
    return;
  }
}

/* ---- the date of the order ---- */

static gboolean is_of(const Parse *parse, guint index) {
  static const char *const WORDS[] = {"of", "the", "their", "its", NULL};
  const Item *item = parse_item(parse, index);
  for (guint t = item->first; t < item->first + item->count; t++)
    if (!g_strv_contains(WORDS, token_at(parse->items->tokens, t)->fold)) return FALSE;
  return TRUE;
}

/* "month of order", "order month": the index of the event beside the grain; -1. */
static int event_of_grain(const Parse *parse, guint grain) {
  if (grain > 0 && parse_item(parse, grain - 1)->kind == ITEM_ENTITY && !parse_item(parse, grain - 1)->plural) return (int)grain - 1;
  guint at = grain + 1;
  while (at < parse_n(parse) && is_of(parse, at)) at++;
  return at > grain + 1 && at < parse_n(parse) && parse_item(parse, at)->kind == ITEM_ENTITY ? (int)at : -1;
}

/* The measures stand on rows with a date of their own, and lead to those of the date. */
gboolean parse_has_other_date(const Parse *parse, const Field *date) {
  for (guint i = 0; i < parse->query->measures->len; i++) {
    const Measure *measure = g_ptr_array_index(parse->query->measures, i);
    const Metric *metric = measure->metric != NULL ? model_find_metric(parse->model, measure->metric) : NULL;
    g_autoptr(GPtrArray) datasets = metric != NULL ? model_metric_datasets(parse->model, metric) : NULL;
    for (guint d = 0; datasets != NULL && d < datasets->len; d++) {
      const Dataset *dataset = g_ptr_array_index(datasets, d);
      if (reach_default_date(parse->model, dataset) != date && leads_to(parse, dataset->name, date->dataset)) return TRUE;
    }
  }
  return FALSE;
}

void parse_happened_dates(Parse *parse) {
  for (guint i = 0; i < parse_n(parse) && parse->query->time_field == NULL; i++) {
    int event = parse_item(parse, i)->kind == ITEM_GRAIN ? event_of_grain(parse, i) : -1;
    const Entity *entity = event >= 0 ? parse_item(parse, (guint)event)->meaning.entity : NULL;
    const Dataset *rows = entity != NULL && entity->is_event && entity->dataset != NULL ? model_find_dataset(parse->model, entity->dataset) : NULL;
    const Field *date = rows != NULL ? reach_default_date(parse->model, rows) : NULL;
    if (date == NULL || !parse_has_other_date(parse, date)) continue;
    parse->query->time_field = lexicon_field_path(date);
    parse_claim(parse, (guint)event, "date");
    parse_describe(parse, (guint)event, "by %s", date->label);
  }
}

/* Rows of another event than what is measured: no mere word for it. Without a rule that used it, the question is not understood. */
gboolean parse_is_other_event(const Parse *parse, const Item *item) {
  const Dataset *rows = event_rows(parse, item);
  if (rows == NULL || !rows->is_fact || parse->query->measures->len == 0) return FALSE;
  for (guint i = 0; i < parse->query->measures->len; i++) {
    const Measure *measure = g_ptr_array_index(parse->query->measures, i);
    const Metric *metric = measure->metric != NULL ? model_find_metric(parse->model, measure->metric) : NULL;
    g_autoptr(GPtrArray) datasets = metric != NULL ? model_metric_datasets(parse->model, metric) : NULL;
    if (datasets == NULL || datasets->len == 0) return FALSE;
    for (guint d = 0; d < datasets->len; d++) {
      const Dataset *measured = g_ptr_array_index(datasets, d);
      if (measured == rows || leads_to(parse, measured->name, rows->name) || !leads_to(parse, rows->name, measured->name)) return FALSE;
    }
  }
  return TRUE;
}
