/* Averages, medians, extremes; per order, per customer, per day; one total for each of another. */
#include <string.h>

#include "ask/measures.h"

static Aggregate aggregate_of(const Item *item) {
  if (item_is_word(item, WORD_AVERAGE)) return AGGREGATE_AVERAGE;
  if (item_is_word(item, WORD_MEDIAN)) return AGGREGATE_MEDIAN;
  if (item_is_word(item, WORD_PERCENTILE)) return AGGREGATE_PERCENTILE;
  if (item_is_word(item, WORD_MAXIMUM) || item_is_word(item, WORD_RANK_HIGH) || item_is_word(item, WORD_DEAREST)) return AGGREGATE_MAX;
  if (item_is_word(item, WORD_MINIMUM) || item_is_word(item, WORD_RANK_LOW) || item_is_word(item, WORD_CHEAPEST)) return AGGREGATE_MIN;
  return AGGREGATE_NONE;
}

/* "per order", "of an invoice", "by customer", "on a single order line" after an aggregate or metric. */
int parse_per_noun(const Parse *parse, guint after, ItemKind *kind) {
  for (guint i = after; i < parse_n(parse) && i < after + 7; i++) {
    const Item *item = parse_item(parse, i);
    if (item->claimed) continue;
    gboolean links = item_is_word(item, WORD_BY) || item_is_word(item, WORD_EACH) || item_is_word(item, WORD_SINGLE) ||
                     item->kind == ITEM_STOP || item_is_word(item, WORD_VALUE_WORD) || item_is_word(item, WORD_DISTINCT) ||
                     item_is_word(item, WORD_HAVING) || item->kind == ITEM_METRIC || item->kind == ITEM_VALUE ||
                     item_is_word(item, WORD_SPENT) || item_is_word(item, WORD_SOLD) || item_is_word(item, WORD_BOUGHT) ||
                     item_is_word(item, WORD_WITHIN) || item_is_word(item, WORD_EARNED) || item_is_word(item, WORD_YES_NO);
    if (item->kind == ITEM_ENTITY || item->kind == ITEM_ROWS || (item->kind == ITEM_GRAIN && !item->meaning.unit_adverb && !item->plural)) {
      *kind = item->kind;
      return (int)i;
    }
    if (!links) return -1;
  }
  return -1;
}

gboolean parse_linked_by(const Parse *parse, guint noun, const char *const *words) {
  for (int at = (int)noun - 1; at >= 0 && at >= (int)noun - 4; at--) {
    const Item *item = parse_item(parse, (guint)at);
    if (g_strcmp0(item->claimed_as, "flag") == 0) continue; /* "per open day" */
    for (guint t = item->first; t < item->first + item->count; t++)
      for (const char *const *word = words; *word; word++)
        if (strcmp(token_at(parse->items->tokens, t)->fold, *word) == 0) return TRUE;
    if (item->kind != ITEM_STOP && !item_is_word(item, WORD_SINGLE) && !item_is_word(item, WORD_EACH) && !item_is_word(item, WORD_BY)) return FALSE;
  }
  return FALSE;
}

void parse_claim_between(Parse *parse, guint first, guint last) {
  static const WordClass LINKS[] = {WORD_BY, WORD_EACH, WORD_SINGLE, WORD_VALUE_WORD, WORD_WITHIN, WORD_DISTINCT};
  for (guint i = first; i <= last && i < parse_n(parse); i++)
    for (guint k = 0; k < G_N_ELEMENTS(LINKS); k++)
      if (parse_free_word(parse, i, LINKS[k])) parse_claim(parse, i, "per");
}

static gboolean one_row_per_order(const Parse *parse, const Dataset *dataset) {
  const Entity *order = model_find_entity(parse->model, "order");
  if (order == NULL || dataset == NULL) return TRUE;
  if (order->key == NULL) return strcmp(order->dataset, dataset->name) == 0;
  const Field *key = dataset_find_field(dataset, order->key);
  return key == NULL || key->distinct_count < 0 ? FALSE : key->distinct_count >= dataset->row_count;
}

/* "average refund": each row of that table is one. */
static gboolean is_side_fact(const Parse *parse, const Metric *metric) {
  const Dataset *dataset = measure_fact(parse, metric);
  return dataset != NULL && parse->model->default_dataset != NULL && strcmp(dataset->name, parse->model->default_dataset) != 0;
}

/* "average sales" of a total, with nothing to average over: orders, lines or months? */
static void clarify_average(Parse *parse, const Metric *metric, Aggregate aggregate) {
  g_autofree char *question = g_strdup_printf("%s %s of what: of each order, of each line, or of each month?",
                                              aggregate == AGGREGATE_MEDIAN ? "Median" : "Average", metric->label);
  const Entity *order = model_find_entity(parse->model, "order");
  g_autoptr(SemanticQuery) base = semantic_query_copy(parse->query);
  parse_clarify(parse, question);
  Measure *measures[3] = {NULL, measure_of_rows(parse, metric, aggregate),
                          measure_per(measure_new_metric(metric->name), aggregate, NULL, TIME_UNIT_MONTH)};
  if (order != NULL)
    measures[0] = aggregate == AGGREGATE_AVERAGE ? measure_ratio_per(parse, metric, order)
                                                 : measure_per(measure_new_metric(metric->name), aggregate, order, TIME_UNIT_NONE);
  const char *names[3] = {"per order", "per line", "per month"};
  for (guint i = 0; i < 3; i++) {
    if (measures[i] == NULL) continue;
    SemanticQuery *option = semantic_query_copy(base);
    g_ptr_array_add(option->measures, measures[i]);
    g_autofree char *label = g_strdup_printf("%s %s %s", aggregate == AGGREGATE_MEDIAN ? "median" : "average", metric->label, names[i]);
    parse_add_option(parse, label, option);
  }
}

/* The event that a ratio is "per": order value is revenue per order. */
static const Entity *ratio_entity(const Parse *parse, const Metric *ratio) {
  const Metric *below = model_find_metric(parse->model, ratio->denominator);
  for (guint i = 0; below != NULL && i < parse->model->entities->len; i++) {
    const Entity *entity = g_ptr_array_index(parse->model->entities, i);
    const Metric *count = entity->key != NULL ? parse_entity_metric(parse, entity) : NULL;
    if (count == NULL) continue;
    if (parse_metric_counts(parse, below, entity)) return entity;
    /* "completed orders": those of the entity that meet some condition */
    gboolean some = below->conditions[0] != NULL && below->kind == METRIC_AGGREGATE && count->kind == METRIC_AGGREGATE && below->aggregate == count->aggregate &&
                    g_strcmp0(below->expression, count->expression) == 0;
    if (some) return entity;
  }
  return NULL;
}

/* Aggregate `aggregate` (at item `index`) of `metric`, whose per-noun stands at `noun` (-1: none). */
void parse_add_aggregate(Parse *parse, guint index, Aggregate aggregate, const Metric *metric, int noun) {
  parse->metric_named = TRUE;
  parse_claim(parse, index, "aggregate");
  Measure *measure = NULL;
  if (noun >= 0) {
    Item *item = parse_item(parse, (guint)noun);
    const Entity *entity = item->meaning.entity;
    if (item->kind == ITEM_ROWS || (entity != NULL && entity->key == NULL)) measure = measure_of_rows(parse, metric, aggregate);
    else if (item->kind == ITEM_GRAIN) measure = measure_per(measure_new_metric(metric->name), aggregate, NULL, item->meaning.unit);
    else if (aggregate == AGGREGATE_AVERAGE && metric_is_total(metric)) measure = measure_ratio_per(parse, metric, entity);
    else measure = measure_per(measure_new_metric(metric->name), aggregate, entity, TIME_UNIT_NONE);
    parse_claim(parse, (guint)noun, "per");
    parse_claim_between(parse, MIN(index, (guint)noun), MAX(index, (guint)noun));
    parse_describe(parse, (guint)noun, "per %s", entity != NULL ? entity->name : item->kind == ITEM_ROWS ? "line" : time_unit_name(item->meaning.unit));
  } else if (metric->kind == METRIC_RATIO && aggregate != AGGREGATE_AVERAGE && ratio_entity(parse, metric) != NULL) {
    measure = measure_per(measure_new_metric(metric->numerator), aggregate, ratio_entity(parse, metric), TIME_UNIT_NONE); /* median order value */
  } else if (metric->kind == METRIC_RATIO && aggregate == AGGREGATE_MEDIAN) {
    parse_refuse(parse, "no_such_data", metric->label, "%s is one ratio over all rows: there are no single values to take a median of.", metric->label);
    return;
  } else if (!metric_is_total(metric)) {
    measure = aggregate == AGGREGATE_AVERAGE || metric->kind != METRIC_AGGREGATE ? measure_new_metric(metric->name)
                                                                                 : measure_of_rows(parse, metric, aggregate);
  } else if (one_row_per_order(parse, measure_fact(parse, metric)) || is_side_fact(parse, metric)) {
    measure = measure_of_rows(parse, metric, aggregate);
  } else if (aggregate == AGGREGATE_MAX || aggregate == AGGREGATE_MIN) {
    measure = measure_of_rows(parse, metric, aggregate);
    parse_assume(parse, "default_row", "the %s single line", aggregate == AGGREGATE_MAX ? "largest" : "smallest");
  } else {
    clarify_average(parse, metric, aggregate);
    return;
  }
  if (measure != NULL) parse_add_measure(parse, measure);
  if (aggregate == AGGREGATE_AVERAGE) parse_claim_word(parse, WORD_AVERAGE, "average"); /* "a typical order ... on average" */
}

static gboolean is_adverb_grain(const Item *item) {
  return item->kind == ITEM_GRAIN && item->meaning.unit_adverb && !item->claimed;
}

/* After "average": [daily] [customer|order] METRIC|value [per|of NOUN]. FALSE: nothing to aggregate here. */
static gboolean read_aggregate(Parse *parse, guint index, Aggregate aggregate) {
  int metric_at = -1, entity_at = -1, grain_at = -1, value_at = -1;
  for (guint i = index + 1; i < parse_n(parse) && i < index + 7; i++) {
    const Item *item = parse_item(parse, i);
    if (item->claimed && item->kind != ITEM_VALUE) {
      if (item->kind == ITEM_ENTITY && entity_at < 0 && item->claimed_as != NULL && strcmp(item->claimed_as, "part of the name") == 0) entity_at = (int)i;
      continue;
    }
    if (item->kind == ITEM_METRIC && metric_at < 0) metric_at = (int)i;
    else if (is_adverb_grain(item)) grain_at = (int)i;
    else if (item->kind == ITEM_ENTITY && metric_at < 0 && entity_at < 0) entity_at = (int)i;
    else if (item->kind == ITEM_ROWS && metric_at < 0 && entity_at < 0) entity_at = (int)i;
    else if (item_is_word(item, WORD_VALUE_WORD) || item_is_word(item, WORD_SPENT)) value_at = value_at < 0 ? (int)i : value_at;
    else if (item_is_word(item, WORD_HOW_MANY) || item_is_word(item, WORD_SINGLE) || item->kind == ITEM_STOP || item_is_word(item, WORD_SUM) ||
             item->kind == ITEM_VALUE || item_is_word(item, WORD_BY) || item_is_word(item, WORD_EACH) || item_is_word(item, WORD_HOW_MUCH) ||
             item_is_word(item, WORD_DISTINCT) || (item->kind == ITEM_WORD && item->is_stop) || item->kind == ITEM_TIME)
      continue;
    else break;
    if (metric_at >= 0) break;
  }
  gboolean picks = aggregate == AGGREGATE_MAX || aggregate == AGGREGATE_MIN;
  if (metric_at >= 0) {
    const Metric *metric = parse_item(parse, (guint)metric_at)->meaning.metric;
    ItemKind kind = ITEM_STOP;
    int noun = -1;
    static const char *const LINKS[] = {"per", "each", "single", "every", "one", "of", "an", "individual", "by", NULL};
    int after = parse_per_noun(parse, (guint)metric_at + 1, &kind);
    if (after >= 0 && parse_linked_by(parse, (guint)after, LINKS)) noun = after;
    if (noun >= 0 && kind == ITEM_ENTITY && !parse_item(parse, (guint)noun)->meaning.entity->is_event &&
        strcmp(token_at(parse->items->tokens, parse_item(parse, (guint)noun)->first)->fold, "customer") == 0 && !metric_is_total(metric))
      noun = -1;
    if (noun < 0 && grain_at >= 0) noun = grain_at;
    if (noun < 0 && entity_at >= 0 && entity_at < metric_at) noun = entity_at;
    if (!metric_is_total(metric) && noun >= 0 && metric->kind == METRIC_RATIO) noun = -1;
    if (!metric_is_total(metric) && aggregate == AGGREGATE_AVERAGE) noun = -1;
    if (picks && noun < 0 && metric_is_total(metric) && parse->listing) return FALSE;
    if (picks && noun < 0 && parse->listing) return FALSE;
    parse_claim(parse, (guint)metric_at, "metric");
    parse_describe(parse, (guint)metric_at, "%s", metric->label);
    parse_add_aggregate(parse, index, aggregate, metric, noun);
    return TRUE;
  }
  for (guint i = 0; i < index && entity_at >= 0 && aggregate == AGGREGATE_AVERAGE; i++) { /* "how many units are in an average order" */
    const Item *earlier = parse_item(parse, i);
    const Entity *entity = parse_item(parse, (guint)entity_at)->meaning.entity;
    if (earlier->claimed || earlier->kind != ITEM_METRIC || !metric_is_total(earlier->meaning.metric) || entity == NULL || !entity->is_event) continue;
    parse_claim(parse, i, "metric");
    for (guint k = 0; k < i; k++)
      if (parse_free_word(parse, k, WORD_HOW_MANY)) parse_claim(parse, k, "count");
    parse_add_aggregate(parse, index, aggregate, earlier->meaning.metric, entity_at);
    return TRUE;
  }
  const Metric *money = parse_default_metric(parse);
  if (entity_at < 0 && value_at >= 0) {
    ItemKind kind = ITEM_STOP;
    entity_at = parse_per_noun(parse, (guint)value_at + 1, &kind);
  }
  if (entity_at >= 0 && money != NULL && !(picks && parse->listing)) {
    const Item *item = parse_item(parse, (guint)entity_at);
    gboolean count_per = FALSE; /* "average number of orders per customer" */
    ItemKind kind = ITEM_STOP;
    int outer = parse_per_noun(parse, (guint)entity_at + 1, &kind);
    static const char *const LINKS[] = {"per", "each", "every", "by", "a", NULL};
    if (outer >= 0 && parse_linked_by(parse, (guint)outer, LINKS) && value_at < 0) count_per = TRUE;
    if (!count_per && grain_at >= 0 && value_at < 0) {
      outer = grain_at;
      count_per = TRUE; /* "average daily orders" */
    }
    if (count_per) {
      const Metric *count = item->kind == ITEM_ROWS ? parse_rows_metric(parse, item->meaning.rows) : parse_entity_metric(parse, item->meaning.entity);
      if (count == NULL) return FALSE;
      parse_claim(parse, (guint)entity_at, "count");
      for (guint i = index; i < (guint)entity_at; i++)
        if (parse_free_word(parse, i, WORD_HOW_MANY)) parse_claim(parse, i, "count");
      parse_add_aggregate(parse, index, aggregate, count, outer);
      return TRUE;
    }
    if (value_at < 0 && !picks && !item_is_word(parse_item(parse, index), WORD_AVERAGE) && item->kind == ITEM_ENTITY && !item->meaning.entity->is_event) return FALSE;
    if (value_at >= 0) parse_claim(parse, (guint)value_at, "value");
    parse_assume(parse, "default_metric", "measured by %s", money->label);
    parse_add_aggregate(parse, index, aggregate, money, entity_at);
    return TRUE;
  }
  if (value_at >= 0 && money != NULL && grain_at >= 0) {
    parse_claim(parse, (guint)value_at, "value");
    parse_add_aggregate(parse, index, aggregate, money, grain_at);
    return TRUE;
  }
  return FALSE;
}

/* "median instead", as a follow-up: of what was measured before. */
static gboolean read_aggregate_again(Parse *parse, guint index, Aggregate aggregate) {
  const GPtrArray *before = parse->fragment ? parse->context->previous->measures : NULL;
  const Measure *measure = before != NULL && before->len == 1 ? g_ptr_array_index(before, 0) : NULL;
  if (measure == NULL || aggregate == AGGREGATE_PERCENTILE) return FALSE;
  for (guint i = 0; i < parse_n(parse); i++) {
    ItemKind kind = parse_item(parse, i)->kind;
    if (kind == ITEM_METRIC || kind == ITEM_ENTITY || kind == ITEM_ROWS) return FALSE;
  }
  const Metric *metric = measure->kind == MEASURE_METRIC ? model_find_metric(parse->model, measure->metric) : NULL;
  if (metric != NULL) {
    parse_add_aggregate(parse, index, aggregate, metric, -1);
    return TRUE;
  }
  if (measure->kind != MEASURE_PER && measure->kind != MEASURE_AGGREGATE && measure->kind != MEASURE_DATE_DIFFERENCE) return FALSE;
  Measure *copy = measure_copy(measure);
  copy->aggregate = aggregate;
  g_clear_pointer(&copy->name, g_free);
  g_clear_pointer(&copy->label, g_free);
  parse_add_measure(parse, copy);
  parse_claim(parse, index, "aggregate");
  return TRUE;
}

/* "give better ratings on average": the measure stands before. */
static void read_aggregate_after(Parse *parse, guint index, Aggregate aggregate) {
  for (int at = (int)index - 1; at >= 0; at--) {
    Item *item = parse_item(parse, (guint)at);
    if (item->claimed || item->kind != ITEM_METRIC) continue;
    ItemKind kind = ITEM_STOP;
    static const char *const LINKS[] = {"per", "each", "every", "an", "a", "by", NULL};
    int noun = parse_per_noun(parse, index + 1, &kind);
    if (noun >= 0 && !parse_linked_by(parse, (guint)noun, LINKS)) noun = -1;
    if (noun < 0) noun = parse_per_noun(parse, (guint)at + 1, &kind); /* "units per ticket on average" */
    if (noun >= 0 && !parse_linked_by(parse, (guint)noun, LINKS)) noun = -1;
    parse_claim(parse, (guint)at, "metric");
    parse_describe(parse, (guint)at, "%s", item->meaning.metric->label);
    parse_add_aggregate(parse, index, aggregate, item->meaning.metric, noun);
    return;
  }
  for (guint i = 1; i < index; i++) { /* "how many tickets per day on average" */
    const Item *item = parse_item(parse, i);
    if (item->claimed || (item->kind != ITEM_ENTITY && item->kind != ITEM_ROWS) || !item_is_word(parse_item(parse, i - 1), WORD_HOW_MANY)) continue;
    const Metric *count = item->kind == ITEM_ROWS ? parse_rows_metric(parse, item->meaning.rows) : parse_entity_metric(parse, item->meaning.entity);
    static const char *const LINKS[] = {"per", "each", "every", "a", "an", "by", NULL};
    ItemKind kind = ITEM_STOP;
    int noun = parse_per_noun(parse, i + 1, &kind);
    if (count == NULL || noun < 0 || !parse_linked_by(parse, (guint)noun, LINKS)) continue;
    parse_claim(parse, i, "count");
    parse_claim(parse, i - 1, "count");
    parse_add_aggregate(parse, index, aggregate, count, noun);
    return;
  }
  const Metric *money = parse_default_metric(parse); /* "what is an order worth on average" */
  int entity = -1, value = -1;
  for (guint i = 0; i < index; i++) {
    const Item *item = parse_item(parse, i);
    if (!item->claimed && item->kind == ITEM_ENTITY && item->meaning.entity->is_event) entity = (int)i;
    if (!item->claimed && item_is_word(item, WORD_VALUE_WORD)) value = (int)i;
  }
  if (entity < 0 || value < 0 || money == NULL) return;
  parse_claim(parse, (guint)value, "value");
  parse_assume(parse, "default_metric", "measured by %s", money->label);
  parse_add_aggregate(parse, index, aggregate, money, entity);
}

/* "which customer had the largest single order": of each the largest, by which they are ranked. */
static gboolean read_largest_single(Parse *parse) {
  const Metric *money = parse_default_metric(parse);
  for (guint i = 0; i + 1 < parse_n(parse) && money != NULL && parse->listing; i++) {
    const Item *rank = parse_item(parse, i), *single = parse_item(parse, i + 1);
    int noun = i + 2 < parse_n(parse) ? parse_next(parse, i + 2) : -1;
    gboolean largest = item_is_word(rank, WORD_RANK_HIGH) || item_is_word(rank, WORD_RANK_LOW);
    if (rank->claimed || !largest || !item_is_word(single, WORD_SINGLE) || noun < 0) continue;
    const Item *item = parse_item(parse, (guint)noun);
    if (item->kind != ITEM_ENTITY || !item->meaning.entity->is_event || item->meaning.entity->key == NULL || item->plural) continue;
    Aggregate aggregate = item_is_word(rank, WORD_RANK_HIGH) ? AGGREGATE_MAX : AGGREGATE_MIN;
    Measure *measure = measure_per(measure_new_metric(money->name), aggregate, item->meaning.entity, TIME_UNIT_NONE);
    measure->label = g_strdup_printf("%s of a single %s", money->label, item->meaning.entity->name);
    parse_add_measure(parse, measure);
    parse->metric_named = TRUE;
    parse_claim(parse, i + 1, "single");
    parse_claim(parse, (guint)noun, "each");
    parse_assume(parse, "default_metric", "measured by %s", money->label);
    return TRUE;
  }
  return FALSE;
}

/* "90th percentile": the number before it. FALSE: none that makes sense. */
static gboolean read_percentile_rank(Parse *parse, guint index, double *rank) {
  int before = index > 0 ? (int)index - 1 : -1;
  Item *number = before >= 0 ? parse_item(parse, (guint)before) : NULL;
  if (number == NULL || number->kind != ITEM_NUMBER || number->claimed || number->number <= 0 || number->number >= 100) return FALSE;
  *rank = number->number / 100;
  parse_claim(parse, (guint)before, "percentile");
  return TRUE;
}

static void set_percentile(Parse *parse, guint from, double rank) {
  for (guint i = from; i < parse->query->measures->len; i++) {
    Measure *measure = g_ptr_array_index(parse->query->measures, i);
    if (measure->aggregate == AGGREGATE_PERCENTILE) measure->percentile = rank;
  }
}

/* "min and max price by category": the same measure twice. TRUE: both were read. */
static gboolean read_pair(Parse *parse, guint index) {
  if (index + 2 >= parse_n(parse) || !item_is_word(parse_item(parse, index + 1), WORD_AND)) return FALSE;
  Aggregate first = aggregate_of(parse_item(parse, index)), second = aggregate_of(parse_item(parse, index + 2));
  if (first == AGGREGATE_NONE || second == AGGREGATE_NONE || first == second || first == AGGREGATE_PERCENTILE || second == AGGREGATE_PERCENTILE) return FALSE;
  g_autofree gboolean *claimed = g_new(gboolean, parse_n(parse));
  for (guint i = 0; i < parse_n(parse); i++) claimed[i] = parse_item(parse, i)->claimed;
  guint before = parse->query->measures->len;
  if (!read_aggregate(parse, index + 2, first) || parse->query->measures->len != before + 1 || parse->verdict != NULL) return FALSE;
  for (guint i = 0; i < parse_n(parse); i++) parse_item(parse, i)->claimed = claimed[i];
  if (!read_aggregate(parse, index + 2, second) || parse->query->measures->len != before + 2) return FALSE;
  parse_claim(parse, index, "aggregate");
  parse_claim(parse, index + 1, "and");
  return TRUE;
}

/* "highest discount per category": of what is a number of each row, the extreme in each group. */
static gboolean read_extreme_of_group(Parse *parse, guint index, Aggregate aggregate) {
  const Item *next = index + 1 < parse_n(parse) ? parse_item(parse, index + 1) : NULL;
  const Metric *metric = next != NULL && !next->claimed && next->kind == ITEM_METRIC ? next->meaning.metric : NULL;
  gboolean of_rows = metric != NULL && metric->kind == METRIC_AGGREGATE && metric->aggregate == AGGREGATE_AVERAGE;
  if (!of_rows || parse->listing || parse->change_asked || parse->query->dimensions->len == 0 || !parse->group_named) return FALSE;
  parse_claim(parse, index + 1, "metric");
  parse_add_aggregate(parse, index, aggregate, metric, -1);
  return TRUE;
}

/* "orders per day on average": the average stands last. */
static gboolean read_per_period_on_average(Parse *parse, guint index) {
  for (guint i = 0; i + 2 < index; i++) {
    const Item *top = parse_item(parse, i), *per = parse_item(parse, i + 1), *grain = parse_item(parse, i + 2);
    const Metric *metric = measure_countable(parse, top);
    gboolean by = strcmp(token_at(parse->items->tokens, per->first)->fold, "per") == 0 || item_is_word(per, WORD_EACH);
    if (metric == NULL || !by || per->claimed || grain->kind != ITEM_GRAIN || grain->claimed || grain->meaning.unit_adverb) continue;
    parse_claim(parse, i, "total");
    parse_claim(parse, i + 1, "per");
    parse_add_aggregate(parse, index, AGGREGATE_AVERAGE, metric, (int)i + 2);
    return TRUE;
  }
  return FALSE;
}

void parse_aggregates(Parse *parse) {
  if (read_largest_single(parse)) return;
  for (guint i = 0; i < parse_n(parse) && parse->verdict == NULL; i++) {
    Item *item = parse_item(parse, i);
    if (item->claimed || item->kind != ITEM_WORD) continue;
    Aggregate aggregate = aggregate_of(item);
    if (aggregate == AGGREGATE_NONE || read_pair(parse, i)) continue;
    double rank = 0;
    guint before = parse->query->measures->len;
    if (aggregate == AGGREGATE_PERCENTILE && !read_percentile_rank(parse, i, &rank)) continue;
    gboolean picks = aggregate == AGGREGATE_MAX || aggregate == AGGREGATE_MIN;
    if (!picks && read_aggregate_again(parse, i, aggregate)) continue;
    if (picks && read_extreme_of_group(parse, i, aggregate)) continue;
    if (picks && (parse->listing || parse->query->dimensions->len > 0 || parse->change_asked)) continue;
    if (aggregate == AGGREGATE_AVERAGE && read_per_period_on_average(parse, i)) continue;
    if (!read_aggregate(parse, i, aggregate) && !picks) read_aggregate_after(parse, i, aggregate);
    set_percentile(parse, before, rank);
  }
}

/* "how many items does an average order contain": the model's "average order" is a value; pieces are asked for. */
static gboolean read_pieces_of_average(Parse *parse) {
  const Metric *units = model_find_metric(parse->model, "units");
  const Entity *order = model_find_entity(parse->model, "order");
  if (units == NULL || order == NULL || !parse_has_word(parse, WORD_HOW_MANY)) return FALSE;
  int pieces = -1, average = -1;
  for (guint i = 0; i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    const char *fold = token_at(parse->items->tokens, item->first)->fold;
    gboolean counted = item->kind == ITEM_METRIC ? item->meaning.metric == units
                                                 : item->kind == ITEM_ENTITY && !item->meaning.entity->is_event && item->plural &&
                                                       (g_str_has_prefix(fold, "item") || g_str_has_prefix(fold, "article") || g_str_has_prefix(fold, "product"));
    if (counted && !item->claimed && pieces < 0) pieces = (int)i;
    gboolean typical = item->kind == ITEM_METRIC && item->count == 2 && item->meaning.metric->kind == METRIC_RATIO &&
                       (strcmp(fold, "average") == 0 || strcmp(fold, "typical") == 0);
    if (typical && g_strcmp0(item->meaning.metric->name, "average_order_value") == 0) average = (int)i;
  }
  Measure *measure = pieces >= 0 && average > pieces ? measure_ratio_per(parse, units, order) : NULL;
  if (measure == NULL) return FALSE;
  parse_add_measure(parse, measure);
  parse->metric_named = TRUE;
  parse_claim(parse, (guint)pieces, "pieces");
  parse_claim(parse, (guint)average, "per order");
  parse_claim_word(parse, WORD_HOW_MANY, "count");
  return TRUE;
}

/* "items per ticket": pieces for each order. */
void parse_pieces_per(Parse *parse) {
  static const char *const LINKS[] = {"per", "each", "every", "an", "a", "by", "in", NULL};
  if (read_pieces_of_average(parse)) return;
  const Metric *units = model_find_metric(parse->model, "units");
  for (guint i = 0; i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    gboolean pieces = item->kind == ITEM_ENTITY && !item->claimed && !item->meaning.entity->is_event && item->plural;
    if (!pieces || units == NULL) continue;
    ItemKind kind = ITEM_STOP;
    int noun = parse_per_noun(parse, i + 1, &kind);
    while (noun >= 0 && kind == ITEM_ENTITY && !parse_item(parse, (guint)noun)->meaning.entity->is_event && (guint)noun + 1 < parse_n(parse))
      noun = parse_per_noun(parse, (guint)noun + 1, &kind);
    if (noun < 0 || kind != ITEM_ENTITY || !parse_item(parse, (guint)noun)->meaning.entity->is_event || !parse_linked_by(parse, (guint)noun, LINKS)) continue;
    const char *fold = token_at(parse->items->tokens, item->first)->fold;
    const gboolean goods = item->count == 1 && strcmp(item->meaning.entity->name, "product") == 0 && !parse_names_kind(parse, item); /* "pizzas per order" */
    if (!goods && !g_str_has_prefix(fold, "item") && !g_str_has_prefix(fold, "article") && !g_str_has_prefix(fold, "product") && !g_str_has_prefix(fold, "piece")) continue;
    Measure *measure = measure_ratio_per(parse, units, parse_item(parse, (guint)noun)->meaning.entity);
    if (measure == NULL) continue;
    parse_add_measure(parse, measure);
    parse->metric_named = TRUE;
    parse_claim_between(parse, i, (guint)noun);
    parse_claim(parse, i, "pieces");
    parse_claim(parse, (guint)noun, "per");
    parse_claim_word(parse, WORD_AVERAGE, "average");
    for (guint k = 0; k < i; k++)
      if (parse_free_word(parse, k, WORD_HOW_MANY)) parse_claim(parse, k, "count");
    return;
  }
}

const Metric *measure_countable(const Parse *parse, const Item *item) {
  if (item->claimed) return NULL;
  if (item->kind == ITEM_METRIC) return metric_is_total(item->meaning.metric) ? item->meaning.metric : NULL;
  if (item->kind == ITEM_ENTITY) return parse_entity_metric(parse, item->meaning.entity);
  return item->kind == ITEM_ROWS ? parse_rows_metric(parse, item->meaning.rows) : NULL;
}

Measure *measure_quotient(const Parse *parse, const Metric *top, const Metric *below) {
  const Metric *known = measure_known_ratio(parse, top, below);
  if (known != NULL) return measure_new_metric(known->name);
  const Entity *event = below->entity != NULL ? model_find_entity(parse->model, below->entity) : NULL;
  if (event != NULL && event->is_event && parse_entity_metric(parse, event) == below) return measure_ratio_per(parse, top, event);
  Measure *measure = measure_new(MEASURE_RATIO);
  measure->left = measure_new_metric(top->name);
  measure->right = measure_new_metric(below->name);
  measure_leave_out_alike(parse, measure->left, top, below);
  measure_leave_out_alike(parse, measure->right, below, top);
  measure->name = g_strdup_printf("%s_per_%s", top->name, below->name);
  g_autofree char *one = text_singular(below->label);
  measure->label = g_strdup_printf("%s per %s", top->label, one);
  return measure;
}

/* "ratio of profit to sales". */
static gboolean read_ratio_of(Parse *parse) {
  int ratio = parse_find_word(parse, WORD_DIVIDED, 0);
  if (ratio < 0 || !g_str_has_prefix(token_at(parse->items->tokens, parse_item(parse, (guint)ratio)->first + parse_item(parse, (guint)ratio)->count - 1)->fold, "of")) return FALSE;
  int items[2], found = 0;
  for (guint i = (guint)ratio + 1; i < parse_n(parse) && found < 2 && i < (guint)ratio + 7; i++)
    if (measure_countable(parse, parse_item(parse, i)) != NULL) items[found++] = (int)i;
  const Metric *top = found == 2 ? measure_countable(parse, parse_item(parse, (guint)items[0])) : NULL;
  const Metric *below = found == 2 ? measure_countable(parse, parse_item(parse, (guint)items[1])) : NULL;
  if (top == NULL || below == NULL || top == below) return FALSE;
  parse_add_measure(parse, measure_quotient(parse, top, below));
  parse->metric_named = TRUE;
  for (int i = ratio; i <= items[1]; i++) parse_claim(parse, (guint)i, "ratio");
  return TRUE;
}

/* "how much does a member spend on average": the money of each. */
static gboolean read_average_spender(Parse *parse) {
  static const char *const ONE[] = {"a", "an", "each", "every", "one", "single", "average", "typical", NULL};
  const Metric *money = parse_default_metric(parse);
  int spent = -1, average = parse_find_word(parse, WORD_AVERAGE, 0);
  for (guint i = 0; i < parse_n(parse) && spent < 0; i++) /* though the company spends on advertising too */
    if (g_str_has_prefix(token_at(parse->items->tokens, parse_item(parse, i)->first)->fold, "spen") && !parse_item(parse, i)->claimed) spent = (int)i;
  int person = spent > 0 ? parse_before(parse, (guint)spent) : -1;
  const Item *item = person > 0 ? parse_item(parse, (guint)person) : NULL;
  gboolean each = item != NULL && g_strv_contains(ONE, token_at(parse->items->tokens, item->first - 1)->fold);
  if (money == NULL || average < 0 || !each || item->claimed || item->kind != ITEM_ENTITY || item->plural) return FALSE;
  Measure *measure = measure_ratio_per(parse, money, item->meaning.entity);
  if (measure == NULL) return FALSE;
  parse_add_measure(parse, measure);
  parse->metric_named = TRUE;
  parse_claim(parse, (guint)person, "per");
  parse_claim(parse, (guint)spent, "spend");
  parse_claim(parse, (guint)average, "average");
  parse_claim_word(parse, WORD_HOW_MUCH, "amount");
  return TRUE;
}

/* "spend per transaction": the money of each. */
static gboolean read_spend_per(Parse *parse) {
  const Metric *money = parse_default_metric(parse);
  int spent = parse_find_word(parse, WORD_SPENT, 0);
  for (guint i = spent >= 0 ? (guint)spent + 1 : parse_n(parse); i + 1 < parse_n(parse); i++) {
    if (strcmp(token_at(parse->items->tokens, parse_item(parse, i)->first)->fold, "per") != 0) continue;
    int noun = parse_next(parse, i + 1);
    const Item *item = noun >= 0 ? parse_item(parse, (guint)noun) : NULL;
    if (money == NULL || item == NULL || item->claimed || (item->kind == ITEM_ENTITY && item->plural)) return FALSE;
    gboolean marketing = model_find_metric(parse->model, "spend") != NULL; /* what is spent is the company's own */
    const Metric *below = item->kind == ITEM_METRIC && !marketing ? measure_countable(parse, item) : NULL; /* "spend per cover" */
    if (item->kind != ITEM_ENTITY && (below == NULL || below == money)) return FALSE;
    gboolean median = parse_has_word(parse, WORD_MEDIAN) && below == NULL && item->meaning.entity->key != NULL;
    Measure *measure = below != NULL ? measure_quotient(parse, money, below)
                       : median      ? measure_per(measure_new_metric(money->name), AGGREGATE_MEDIAN, item->meaning.entity, TIME_UNIT_NONE)
                                     : measure_ratio_per(parse, money, item->meaning.entity);
    parse_claim_word(parse, WORD_MEDIAN, "median");
    if (measure == NULL) return FALSE;
    parse_add_measure(parse, measure);
    parse->metric_named = TRUE;
    parse_claim(parse, (guint)spent, "spend");
    parse_claim(parse, i, "per");
    parse_claim(parse, (guint)noun, "per");
    parse_claim_word(parse, WORD_AVERAGE, "average");
    return TRUE;
  }
  return FALSE;
}

/* "net amount per euro spent": for each unit of the money that the company spends. */
static gboolean read_per_spent(Parse *parse) {
  static const char *const MONEY[] = {"euro", "dollar", "pound", "franc", "eur", "usd", "gbp", NULL};
  const Metric *spend = model_find_metric(parse->model, "spend");
  for (guint i = 1; spend != NULL && i + 2 < parse_n(parse); i++) {
    if (strcmp(token_at(parse->items->tokens, parse_item(parse, i)->first)->fold, "per") != 0) continue;
    const char *money = token_at(parse->items->tokens, parse_item(parse, i + 1)->first)->fold;
    int before = parse_before(parse, i);
    const Metric *top = before >= 0 ? measure_countable(parse, parse_item(parse, (guint)before)) : NULL;
    if (!g_strv_contains(MONEY, money) || !item_is_word(parse_item(parse, i + 2), WORD_SPENT) || top == NULL || top == spend) continue;
    parse_add_measure(parse, measure_quotient(parse, top, spend));
    parse->metric_named = TRUE;
    for (guint k = (guint)before; k <= i + 2; k++) parse_claim(parse, k, "per");
    return TRUE;
  }
  return FALSE;
}

/* "orders per visit", "net amount divided by spend": one total for each unit of another. */
void parse_quotients(Parse *parse) {
  if (read_per_spent(parse)) return;
  if (read_ratio_of(parse) || read_average_spender(parse) || read_spend_per(parse)) return;
  for (guint i = 1; i + 1 < parse_n(parse); i++) {
    const Item *link = parse_item(parse, i);
    gboolean per = strcmp(token_at(parse->items->tokens, link->first)->fold, "per") == 0 && link->count == 1;
    if (link->claimed || (!item_is_word(link, WORD_DIVIDED) && !per)) continue;
    int before = parse_before(parse, i), after = parse_next(parse, i + 1);
    if (before < 0 || after < 0) continue;
    const Item *top_item = parse_item(parse, (guint)before), *below_item = parse_item(parse, (guint)after);
    const Metric *top = measure_countable(parse, top_item), *below = measure_countable(parse, below_item);
    gboolean event_per_metric = below_item->kind == ITEM_METRIC || (below_item->kind == ITEM_ENTITY && below_item->meaning.entity->is_event);
    if (top == NULL || below == NULL || top == below) continue;
    gboolean averages = below_item->kind == ITEM_ENTITY && top_item->kind != ITEM_ENTITY; /* "sales per order": read with the averages */
    gboolean of_other_fact = averages && measure_fact(parse, top) != measure_fact(parse, below);
    if (per && (!event_per_metric || (averages && !of_other_fact))) continue;
    Measure *measure = measure_quotient(parse, top, below);
    parse_add_measure(parse, measure);
    parse->metric_named = TRUE;
    parse_claim(parse, i, "per");
    parse_claim(parse, (guint)before, "total");
    parse_claim(parse, (guint)after, "divided by");
    parse_claim_word(parse, WORD_AVERAGE, "average");
    return;
  }
}
