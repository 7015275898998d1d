/* What is measured: metrics, counts, aggregates, averages per order, customer or day. */
#include <string.h>

#include "ask/parse.h"

static const Dataset *metric_dataset(const Parse *parse, const Metric *metric) {
  if (metric->dataset != NULL) return model_find_dataset(parse->model, metric->dataset);
  const Metric *top = metric->numerator != NULL ? model_find_metric(parse->model, metric->numerator) : NULL;
  return top != NULL && top->dataset != NULL ? model_find_dataset(parse->model, top->dataset) : NULL;
}

static gboolean is_total(const Metric *metric) {
  return metric->kind == METRIC_AGGREGATE && (metric->aggregate == AGGREGATE_SUM || metric->aggregate == AGGREGATE_COUNT ||
                                              metric->aggregate == AGGREGATE_COUNT_DISTINCT);
}

/* Existing ratio of the model, else one made here. */
static Measure *ratio_per_entity(const Parse *parse, const Metric *top, const Entity *entity) {
  const Metric *count = parse_entity_metric(parse, entity);
  if (count == NULL) return NULL;
  for (guint i = 0; i < parse->model->metrics->len; i++) {
    const Metric *metric = g_ptr_array_index(parse->model->metrics, i);
    if (metric->kind == METRIC_RATIO && strcmp(metric->numerator, top->name) == 0 && strcmp(metric->denominator, count->name) == 0)
      return measure_new_metric(metric->name);
  }
  Measure *measure = measure_new(MEASURE_RATIO);
  measure->left = measure_new_metric(top->name);
  measure->right = measure_new_metric(count->name);
  measure->name = g_strdup_printf("%s_per_%s", top->name, entity->name);
  measure->label = g_strdup_printf("%s per %s", top->label, entity->name);
  return measure;
}

static Measure *per_measure(Measure *inner, Aggregate aggregate, const Entity *entity, TimeUnit unit) {
  Measure *measure = measure_new(MEASURE_PER);
  measure->aggregate = aggregate;
  measure->per_entity = entity != NULL ? g_strdup(entity->name) : NULL;
  measure->per_unit = unit;
  measure->left = inner;
  return measure;
}

/* Aggregate over single rows: the metric's own row expression. */
static Measure *row_measure(const Parse *parse, const Metric *metric, Aggregate aggregate) {
  Measure *measure = measure_new(MEASURE_AGGREGATE);
  measure->aggregate = aggregate;
  const Dataset *dataset = metric_dataset(parse, metric);
  const Field *field = dataset != NULL && metric->expression != NULL ? dataset_find_field(dataset, metric->expression) : NULL;
  if (field != NULL) measure->field = lexicon_field_path(field);
  else measure->metric = g_strdup(metric->name); /* over the metric's row expression */
  return measure;
}

static Aggregate aggregate_of(const Item *item) {
  if (item_is_word(item, WORD_AVERAGE)) return AGGREGATE_AVERAGE;
  if (item_is_word(item, WORD_MEDIAN)) return AGGREGATE_MEDIAN;
  if (item_is_word(item, WORD_MAXIMUM) || item_is_word(item, WORD_RANK_HIGH)) return AGGREGATE_MAX;
  if (item_is_word(item, WORD_MINIMUM) || item_is_word(item, WORD_RANK_LOW)) return AGGREGATE_MIN;
  return AGGREGATE_NONE;
}

/* ---- counting ---- */
static gboolean stands_between_count(const Item *item) {
  return item->kind == ITEM_VALUE || item->kind == ITEM_STOP || item_is_word(item, WORD_DISTINCT) || item->kind == ITEM_CONDITION ||
         item_is_word(item, WORD_MORE) || item_is_word(item, WORD_LESS) || item->claimed || item_is_word(item, WORD_NEW) ||
         item_is_word(item, WORD_REPEAT) || item_is_word(item, WORD_OTHER) || item->kind == ITEM_TIME ||
         (item->kind == ITEM_WORD && item->is_stop);
}

/* "how many items were sold": pieces, not different products. */
static gboolean is_pieces(const Parse *parse, guint index) {
  static const char *const WORDS[] = {"item", "items", "article", "articles", "piece", "pieces", "goods", "unit", "units", NULL};
  const Item *item = parse_item(parse, index);
  if (!g_strv_contains(WORDS, token_at(parse->items->tokens, item->first)->fold) || parse_has_word(parse, WORD_DISTINCT)) return FALSE;
  return model_find_metric(parse->model, "units") != NULL && (parse_has_word(parse, WORD_SOLD) || parse_has_word(parse, WORD_BOUGHT));
}

/* "how many members bought something": those that the facts speak of, not all that are listed. */
static gboolean count_in_fact(Parse *parse, guint index) {
  const Entity *entity = parse_item(parse, index)->meaning.entity;
  const Field *reference = parse_entity_reference(parse, entity);
  gboolean active = parse_has_word(parse, WORD_BOUGHT) || parse_has_word(parse, WORD_SOLD) || parse_has_word(parse, WORD_SPENT) ||
                    parse->query->cohort != COHORT_NONE;
  for (guint i = 0; i < parse->query->filters->len; i++) {
    const Filter *filter = g_ptr_array_index(parse->query->filters, i);
    active = active || filter->kind == FILTER_DID || filter->kind == FILTER_ENTITY;
  }
  for (guint i = index + 1; i < parse_n(parse); i++) { /* "members with more than 10 tickets" */
    const Item *item = parse_item(parse, i);
    active = active || (item->kind == ITEM_ENTITY && item->meaning.entity->is_event) || item_is_word(item, WORD_MORE_THAN_ONCE) ||
             item_is_word(item, WORD_ONCE) || item_is_word(item, WORD_TWICE);
  }
  if (reference == NULL || !active) return FALSE;
  Measure *measure = measure_new(MEASURE_AGGREGATE);
  measure->aggregate = AGGREGATE_COUNT_DISTINCT;
  measure->field = lexicon_field_path(reference);
  measure->name = text_plural(entity->name);
  parse_add_measure(parse, measure);
  parse->counted = entity;
  parse->metric_named = TRUE;
  if (!parse->listing) parse->subject = (int)index;
  parse_claim(parse, index, "count");
  parse_describe(parse, index, "number of %s in the facts", measure->name);
  return TRUE;
}

static gboolean all_in_reach(const Parse *parse, const Dataset *dataset) {
  for (guint i = 0; i < parse->query->dimensions->len; i++) {
    const Dimension *dimension = g_ptr_array_index(parse->query->dimensions, i);
    const Field *field = dimension->field != NULL ? model_find_field(parse->model, dimension->field) : NULL;
    if (field == NULL || reach_field(parse->model, dataset, field) == NULL) return FALSE;
  }
  for (guint i = 0; i < parse->query->filters->len; i++) {
    const Filter *filter = g_ptr_array_index(parse->query->filters, i);
    const Field *field = filter->field != NULL ? model_find_field(parse->model, filter->field) : NULL;
    if (field == NULL || reach_field(parse->model, dataset, field) == NULL) return FALSE;
  }
  return TRUE;
}

/* "members by tier", "members who joined in 2023": those of the table of members, whether they bought or not. */
static gboolean count_listed(Parse *parse, guint index) {
  const Entity *entity = parse_item(parse, index)->meaning.entity;
  const Dataset *dataset = model_find_dataset(parse->model, entity->dataset);
  const Field *key = dataset != NULL && entity->key != NULL ? dataset_find_field(dataset, entity->key) : NULL;
  if (key == NULL || dataset->is_fact || !all_in_reach(parse, dataset)) return FALSE;
  gboolean own_date = FALSE, any_time = FALSE;
  for (guint i = 0; i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    any_time = any_time || item->kind == ITEM_TIME;
    own_date = own_date || (item->meaning.field != NULL && item->meaning.field->role == FIELD_ROLE_TIME &&
                            strcmp(item->meaning.field->dataset, dataset->name) == 0);
  }
  if (any_time && !own_date) return FALSE;
  Measure *measure = measure_new(MEASURE_AGGREGATE);
  measure->aggregate = AGGREGATE_COUNT_DISTINCT;
  measure->field = lexicon_field_path(key);
  measure->name = text_plural(entity->name);
  parse_add_measure(parse, measure);
  parse->counted = entity;
  parse->metric_named = TRUE;
  if (!parse->listing) parse->subject = (int)index;
  parse_claim(parse, index, "count");
  parse_describe(parse, index, "number of %s", measure->name);
  return TRUE;
}

static gboolean count_item(Parse *parse, guint index) {
  Item *item = parse_item(parse, index);
  gboolean distinct_field = item->kind == ITEM_FIELD && !item->claimed && parse_group_field(parse, item) != NULL;
  const Item *next = index + 1 < parse_n(parse) ? parse_item(parse, index + 1) : NULL;
  if (item->kind == ITEM_METRIC && next != NULL && !next->claimed && !next->comma_before &&
      (next->kind == ITEM_ENTITY || next->kind == ITEM_ROWS)) {
    parse_claim(parse, index, "part of the name"); /* "sales transactions" */
    return count_item(parse, index + 1);
  }
  if (item->kind == ITEM_ENTITY) {
    const Metric *metric = parse_entity_metric(parse, item->meaning.entity);
    if (metric == NULL) return FALSE;
    if (is_pieces(parse, index)) metric = model_find_metric(parse->model, "units");
    else if (count_in_fact(parse, index) || count_listed(parse, index)) return TRUE;
    parse->counted = item->meaning.entity;
    parse_add_metric(parse, metric);
    parse_describe(parse, index, "number of %s", metric->label);
  } else if (item->kind == ITEM_ROWS) {
    const Metric *metric = parse_rows_metric(parse, item->meaning.rows);
    if (metric == NULL) return FALSE;
    parse_add_metric(parse, metric);
    parse_describe(parse, index, "number of %s", item->meaning.rows->label);
  } else if (item->kind == ITEM_METRIC) {
    parse_add_metric(parse, item->meaning.metric);
    parse_describe(parse, index, "%s", item->meaning.metric->label);
  } else if (distinct_field) {
    const Field *field = parse_group_field(parse, item);
    Measure *measure = measure_new(MEASURE_AGGREGATE);
    measure->aggregate = AGGREGATE_COUNT_DISTINCT;
    measure->field = lexicon_field_path(field);
    g_autofree char *plural = text_plural(field->name);
    measure->name = g_strdup(plural);
    parse_add_measure(parse, measure);
    parse_describe(parse, index, "number of different %s", field->label);
  } else if (item->kind == ITEM_CONDITION || item->meaning.condition != NULL) {
    return FALSE;
  } else {
    return FALSE;
  }
  parse->metric_named = TRUE;
  if (!parse->listing) parse->subject = (int)index;
  parse_claim(parse, index, "count");
  return TRUE;
}

static void count_default(Parse *parse) {
  /* "how many were cancelled", "how many did we sell": orders, or units where something was sold */
  const Metric *units = model_find_metric(parse->model, "units");
  gboolean sold = parse_has_word(parse, WORD_SOLD) || parse_has_word(parse, WORD_BOUGHT);
  for (guint i = 0; i < parse_n(parse); i++) { /* "how many jigsaws": pieces of a product */
    const Item *item = parse_item(parse, i);
    const ValueHit *hit = item->kind == ITEM_VALUE ? item_hit(item, NULL) : NULL;
    sold = sold || (hit != NULL && g_strcmp0(hit->field->entity, "product") == 0);
  }
  const Entity *order = model_find_entity(parse->model, "order");
  const Metric *orders = order != NULL ? parse_entity_metric(parse, order) : NULL;
  const Metric *metric = sold && units != NULL ? units : orders;
  gboolean anything = FALSE;
  for (guint i = 0; i < parse_n(parse); i++)
    anything = anything || parse_item(parse, i)->kind == ITEM_VALUE || parse_item(parse, i)->kind == ITEM_CONDITION;
  if (metric == NULL || !anything) return;
  parse_add_metric(parse, metric);
  parse->metric_named = TRUE;
  parse_assume(parse, "default_metric", "counted in %s", metric->label);
}

static void read_counts(Parse *parse) {
  for (guint i = 0; i < parse_n(parse); i++) {
    if (!parse_free_word(parse, i, WORD_HOW_MANY) || parse_item(parse, i)->kind != ITEM_WORD) continue;
    gboolean counted = FALSE;
    guint at = i + 1;
    for (; at < parse_n(parse) && !counted && at < i + 7; at++) {
      const Item *item = parse_item(parse, at);
      if (!item->claimed && count_item(parse, at)) counted = TRUE;
      else if (!stands_between_count(item)) break;
    }
    const char *how = token_at(parse->items->tokens, parse_item(parse, i)->first)->fold;
    if (!counted && i > 0 && strcmp(how, "how") != 0) { /* "order count" */
      int before = parse_before(parse, i);
      gboolean follows = before >= 0 && !parse_item(parse, (guint)before)->claimed;
      if (follows) counted = count_item(parse, (guint)before);
    }
    for (guint k = 0; k < i && !counted; k++) { /* "members who bought X, how many" */
      const Item *earlier = parse_item(parse, k);
      if (!earlier->claimed && (earlier->kind == ITEM_ENTITY || earlier->kind == ITEM_ROWS)) counted = count_item(parse, k);
    }
    if (!counted) count_default(parse);
    parse_claim(parse, i, "count");
    while (counted && at + 1 < parse_n(parse) && item_is_word(parse_item(parse, at), WORD_AND)) { /* "orders and customers" */
      int next = parse_next(parse, at + 1);
      const Item *item = next >= 0 ? parse_item(parse, (guint)next) : NULL;
      if (item == NULL || item->claimed || (item->kind != ITEM_ENTITY && item->kind != ITEM_ROWS && item->kind != ITEM_METRIC)) break;
      if (!count_item(parse, (guint)next)) break;
      parse_claim(parse, at, "and");
      at = (guint)next + 1;
    }
  }
}

/* ---- per entity ---- */
/* "per order", "of an invoice", "by customer", "on a single order line" after an aggregate or metric. */
static int per_noun(const Parse *parse, guint after, ItemKind *kind) {
  for (guint i = after; i < parse_n(parse) && i < after + 7; i++) {
    const Item *item = parse_item(parse, i);
    if (item->claimed) continue;
    gboolean links = item_is_word(item, WORD_BY) || item_is_word(item, WORD_EACH) || item_is_word(item, WORD_SINGLE) ||
                     item->kind == ITEM_STOP || item_is_word(item, WORD_VALUE_WORD) || item_is_word(item, WORD_DISTINCT) ||
                     item_is_word(item, WORD_HAVING) || item->kind == ITEM_METRIC || item->kind == ITEM_VALUE ||
                     item_is_word(item, WORD_SPENT) || item_is_word(item, WORD_SOLD) || item_is_word(item, WORD_BOUGHT) ||
                     item_is_word(item, WORD_WITHIN) || item_is_word(item, WORD_EARNED);
    if (item->kind == ITEM_ENTITY || item->kind == ITEM_ROWS || (item->kind == ITEM_GRAIN && !item->meaning.unit_adverb && !item->plural)) {
      *kind = item->kind;
      return (int)i;
    }
    if (!links) return -1;
  }
  return -1;
}

static gboolean linked_by(const Parse *parse, guint noun, const char *const *words) {
  for (int at = (int)noun - 1; at >= 0 && at >= (int)noun - 4; at--) {
    const Item *item = parse_item(parse, (guint)at);
    for (guint t = item->first; t < item->first + item->count; t++)
      for (const char *const *word = words; *word; word++)
        if (strcmp(token_at(parse->items->tokens, t)->fold, *word) == 0) return TRUE;
    if (item->kind != ITEM_STOP && !item_is_word(item, WORD_SINGLE) && !item_is_word(item, WORD_EACH) && !item_is_word(item, WORD_BY)) return FALSE;
  }
  return FALSE;
}

static void claim_between(Parse *parse, guint first, guint last) {
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

/* "average sales" of a total, with nothing to average over: orders, lines or months? */
static void clarify_average(Parse *parse, const Metric *metric, Aggregate aggregate) {
  g_autofree char *question = g_strdup_printf("%s %s of what: of each order, of each line, or of each month?",
                                              aggregate == AGGREGATE_MEDIAN ? "Median" : "Average", metric->label);
  const Entity *order = model_find_entity(parse->model, "order");
  g_autoptr(SemanticQuery) base = semantic_query_copy(parse->query);
  parse_clarify(parse, question);
  Measure *measures[3] = {NULL, row_measure(parse, metric, aggregate),
                          per_measure(measure_new_metric(metric->name), aggregate, NULL, TIME_UNIT_MONTH)};
  if (order != NULL)
    measures[0] = aggregate == AGGREGATE_AVERAGE ? ratio_per_entity(parse, metric, order)
                                                 : per_measure(measure_new_metric(metric->name), aggregate, order, TIME_UNIT_NONE);
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
  const Entity *entity = below != NULL && below->entity != NULL ? model_find_entity(parse->model, below->entity) : NULL;
  return entity != NULL && entity->key != NULL ? entity : NULL;
}

/* Aggregate `aggregate` (at item `index`) of `metric`, whose per-noun stands at `noun` (-1: none). */
static void add_aggregate(Parse *parse, guint index, Aggregate aggregate, const Metric *metric, int noun) {
  parse->metric_named = TRUE;
  parse_claim(parse, index, "aggregate");
  Measure *measure = NULL;
  if (noun >= 0) {
    Item *item = parse_item(parse, (guint)noun);
    const Entity *entity = item->meaning.entity;
    if (item->kind == ITEM_ROWS || (entity != NULL && entity->key == NULL)) measure = row_measure(parse, metric, aggregate);
    else if (item->kind == ITEM_GRAIN) measure = per_measure(measure_new_metric(metric->name), aggregate, NULL, item->meaning.unit);
    else if (aggregate == AGGREGATE_AVERAGE && is_total(metric)) measure = ratio_per_entity(parse, metric, entity);
    else measure = per_measure(measure_new_metric(metric->name), aggregate, entity, TIME_UNIT_NONE);
    parse_claim(parse, (guint)noun, "per");
    claim_between(parse, MIN(index, (guint)noun), MAX(index, (guint)noun));
    parse_describe(parse, (guint)noun, "per %s", entity != NULL ? entity->name : item->kind == ITEM_ROWS ? "line" : time_unit_name(item->meaning.unit));
  } else if (metric->kind == METRIC_RATIO && aggregate != AGGREGATE_AVERAGE && ratio_entity(parse, metric) != NULL) {
    measure = per_measure(measure_new_metric(metric->numerator), aggregate, ratio_entity(parse, metric), TIME_UNIT_NONE); /* median order value */
  } else if (!is_total(metric)) {
    measure = aggregate == AGGREGATE_AVERAGE || metric->kind != METRIC_AGGREGATE ? measure_new_metric(metric->name)
                                                                                 : row_measure(parse, metric, aggregate);
  } else if (one_row_per_order(parse, metric_dataset(parse, metric))) {
    measure = row_measure(parse, metric, aggregate);
  } else if (aggregate == AGGREGATE_MAX || aggregate == AGGREGATE_MIN) {
    measure = row_measure(parse, metric, aggregate);
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
    int after = per_noun(parse, (guint)metric_at + 1, &kind);
    if (after >= 0 && linked_by(parse, (guint)after, LINKS)) noun = after;
    if (noun >= 0 && kind == ITEM_ENTITY && !parse_item(parse, (guint)noun)->meaning.entity->is_event &&
        strcmp(token_at(parse->items->tokens, parse_item(parse, (guint)noun)->first)->fold, "customer") == 0 && !is_total(metric))
      noun = -1;
    if (noun < 0 && grain_at >= 0) noun = grain_at;
    if (noun < 0 && entity_at >= 0 && entity_at < metric_at) noun = entity_at;
    if (!is_total(metric) && noun >= 0 && metric->kind == METRIC_RATIO) noun = -1;
    if (!is_total(metric) && aggregate == AGGREGATE_AVERAGE) noun = -1;
    if (picks && noun < 0 && is_total(metric) && parse->listing) return FALSE;
    if (picks && noun < 0 && parse->listing) return FALSE;
    parse_claim(parse, (guint)metric_at, "metric");
    parse_describe(parse, (guint)metric_at, "%s", metric->label);
    add_aggregate(parse, index, aggregate, metric, noun);
    return TRUE;
  }
  for (guint i = 0; i < index && entity_at >= 0 && aggregate == AGGREGATE_AVERAGE; i++) { /* "how many units are in an average order" */
    const Item *earlier = parse_item(parse, i);
    const Entity *entity = parse_item(parse, (guint)entity_at)->meaning.entity;
    if (earlier->claimed || earlier->kind != ITEM_METRIC || !is_total(earlier->meaning.metric) || entity == NULL || !entity->is_event) continue;
    parse_claim(parse, i, "metric");
    for (guint k = 0; k < i; k++)
      if (parse_free_word(parse, k, WORD_HOW_MANY)) parse_claim(parse, k, "count");
    add_aggregate(parse, index, aggregate, earlier->meaning.metric, entity_at);
    return TRUE;
  }
  const Metric *money = parse_default_metric(parse);
  if (entity_at < 0 && value_at >= 0) {
    ItemKind kind = ITEM_STOP;
    entity_at = per_noun(parse, (guint)value_at + 1, &kind);
  }
  if (entity_at >= 0 && money != NULL && !(picks && parse->listing)) {
    const Item *item = parse_item(parse, (guint)entity_at);
    gboolean count_per = FALSE; /* "average number of orders per customer" */
    ItemKind kind = ITEM_STOP;
    int outer = per_noun(parse, (guint)entity_at + 1, &kind);
    static const char *const LINKS[] = {"per", "each", "every", "by", "a", NULL};
    if (outer >= 0 && linked_by(parse, (guint)outer, LINKS) && value_at < 0) count_per = TRUE;
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
      add_aggregate(parse, index, aggregate, count, outer);
      return TRUE;
    }
    if (value_at < 0 && !picks && !item_is_word(parse_item(parse, index), WORD_AVERAGE) && item->kind == ITEM_ENTITY && !item->meaning.entity->is_event) return FALSE;
    if (value_at >= 0) parse_claim(parse, (guint)value_at, "value");
    parse_assume(parse, "default_metric", "measured by %s", money->label);
    add_aggregate(parse, index, aggregate, money, entity_at);
    return TRUE;
  }
  if (value_at >= 0 && money != NULL && grain_at >= 0) {
    parse_claim(parse, (guint)value_at, "value");
    add_aggregate(parse, index, aggregate, money, grain_at);
    return TRUE;
  }
  return FALSE;
}

/* "give better ratings on average": the measure stands before. */
static void read_aggregate_after(Parse *parse, guint index, Aggregate aggregate) {
  for (int at = (int)index - 1; at >= 0; at--) {
    Item *item = parse_item(parse, (guint)at);
    if (item->claimed || item->kind != ITEM_METRIC) continue;
    ItemKind kind = ITEM_STOP;
    static const char *const LINKS[] = {"per", "each", "every", "an", "a", "by", NULL};
    int noun = per_noun(parse, index + 1, &kind);
    if (noun >= 0 && !linked_by(parse, (guint)noun, LINKS)) noun = -1;
    if (noun < 0) noun = per_noun(parse, (guint)at + 1, &kind); /* "units per ticket on average" */
    if (noun >= 0 && !linked_by(parse, (guint)noun, LINKS)) noun = -1;
    parse_claim(parse, (guint)at, "metric");
    parse_describe(parse, (guint)at, "%s", item->meaning.metric->label);
    add_aggregate(parse, index, aggregate, item->meaning.metric, noun);
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
  add_aggregate(parse, index, aggregate, money, entity);
}

static void read_aggregates(Parse *parse) {
  for (guint i = 0; i < parse_n(parse) && parse->verdict == NULL; i++) {
    Item *item = parse_item(parse, i);
    if (item->claimed || item->kind != ITEM_WORD) continue;
    Aggregate aggregate = aggregate_of(item);
    if (aggregate == AGGREGATE_NONE) continue;
    gboolean picks = aggregate == AGGREGATE_MAX || aggregate == AGGREGATE_MIN;
    if (picks && (parse->listing || parse->query->dimensions->len > 0 || parse->change_asked)) continue;
    if (!read_aggregate(parse, i, aggregate) && !picks) read_aggregate_after(parse, i, aggregate);
  }
}

/* "items per ticket": pieces for each order. */
static void read_pieces_per(Parse *parse) {
  static const char *const LINKS[] = {"per", "each", "every", "an", "a", "by", "in", NULL};
  const Metric *units = model_find_metric(parse->model, "units");
  for (guint i = 0; i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    gboolean pieces = item->kind == ITEM_ENTITY && !item->claimed && !item->meaning.entity->is_event && item->plural;
    if (!pieces || units == NULL) continue;
    ItemKind kind = ITEM_STOP;
    int noun = per_noun(parse, i + 1, &kind);
    if (noun < 0 || kind != ITEM_ENTITY || !parse_item(parse, (guint)noun)->meaning.entity->is_event || !linked_by(parse, (guint)noun, LINKS)) continue;
    const char *fold = token_at(parse->items->tokens, item->first)->fold;
    if (!g_str_has_prefix(fold, "item") && !g_str_has_prefix(fold, "article") && !g_str_has_prefix(fold, "product") && !g_str_has_prefix(fold, "piece")) continue;
    Measure *measure = ratio_per_entity(parse, units, parse_item(parse, (guint)noun)->meaning.entity);
    if (measure == NULL) continue;
    parse_add_measure(parse, measure);
    parse->metric_named = TRUE;
    claim_between(parse, i, (guint)noun);
    parse_claim(parse, i, "pieces");
    parse_claim(parse, (guint)noun, "per");
    parse_claim_word(parse, WORD_AVERAGE, "average");
    for (guint k = 0; k < i; k++)
      if (parse_free_word(parse, k, WORD_HOW_MANY)) parse_claim(parse, k, "count");
    return;
  }
}

static const Metric *countable(const Parse *parse, const Item *item) {
  if (item->claimed) return NULL;
  if (item->kind == ITEM_METRIC) return is_total(item->meaning.metric) ? item->meaning.metric : NULL;
  if (item->kind == ITEM_ENTITY) return parse_entity_metric(parse, item->meaning.entity);
  return item->kind == ITEM_ROWS ? parse_rows_metric(parse, item->meaning.rows) : NULL;
}

/* "orders per visit", "net amount divided by spend": one total for each unit of another. */
static void read_quotients(Parse *parse) {
  for (guint i = 1; i + 1 < parse_n(parse); i++) {
    const Item *link = parse_item(parse, i);
    gboolean per = strcmp(token_at(parse->items->tokens, link->first)->fold, "per") == 0 && link->count == 1;
    if (link->claimed || (!item_is_word(link, WORD_DIVIDED) && !per)) continue;
    int before = parse_before(parse, i), after = parse_next(parse, i + 1);
    if (before < 0 || after < 0) continue;
    const Item *top_item = parse_item(parse, (guint)before), *below_item = parse_item(parse, (guint)after);
    const Metric *top = countable(parse, top_item), *below = countable(parse, below_item);
    gboolean event_per_metric = below_item->kind == ITEM_METRIC || (below_item->kind == ITEM_ENTITY && below_item->meaning.entity->is_event);
    if (top == NULL || below == NULL || top == below || (per && (!event_per_metric || (below_item->kind == ITEM_ENTITY && top_item->kind != ITEM_ENTITY)))) continue;
    Measure *measure = NULL;
    for (guint m = 0; m < parse->model->metrics->len; m++) {
      const Metric *known = g_ptr_array_index(parse->model->metrics, m);
      if (known->kind == METRIC_RATIO && strcmp(known->numerator, top->name) == 0 && strcmp(known->denominator, below->name) == 0)
        measure = measure_new_metric(known->name);
    }
    if (measure == NULL) {
      measure = measure_new(MEASURE_RATIO);
      measure->left = measure_new_metric(top->name);
      measure->right = measure_new_metric(below->name);
      measure->name = g_strdup_printf("%s_per_%s", top->name, below->name);
      measure->label = g_strdup_printf("%s per %s", top->label, below->label);
    }
    parse_add_measure(parse, measure);
    parse->metric_named = TRUE;
    parse_claim(parse, i, "per");
    parse_claim(parse, (guint)before, "total");
    parse_claim(parse, (guint)after, "divided by");
    parse_claim_word(parse, WORD_AVERAGE, "average");
    return;
  }
}

/* ---- metrics ---- */
/* "percent of orders ... per customer": METRIC per ENTITY without "average" reads as a ratio for events. */
static gboolean read_metric_per(Parse *parse, guint index) {
  const Metric *metric = parse_item(parse, index)->meaning.metric;
  if (!is_total(metric)) return FALSE;
  ItemKind kind = ITEM_STOP;
  int noun = per_noun(parse, index + 1, &kind);
  static const char *const LINKS[] = {"per", NULL};
  if (noun < 0 || !linked_by(parse, (guint)noun, LINKS)) return FALSE;
  const Item *item = parse_item(parse, (guint)noun);
  if (kind == ITEM_ROWS) {
    add_aggregate(parse, index, AGGREGATE_AVERAGE, metric, noun);
    return TRUE;
  }
  if (kind != ITEM_ENTITY) return FALSE;
  (void)item;
  add_aggregate(parse, index, AGGREGATE_AVERAGE, metric, noun);
  return TRUE;
}

/* A metric over just the condition that is filtered on, shown with its natural sign: value of cancellations. */
static const Metric *metric_of_condition(const Parse *parse, const Metric *metric) {
  for (guint f = 0; f < parse->query->filters->len; f++) {
    const Filter *filter = g_ptr_array_index(parse->query->filters, f);
    if (filter->kind != FILTER_CONDITION || filter->negated) continue;
    for (guint i = 0; i < parse->model->metrics->len; i++) {
      const Metric *other = g_ptr_array_index(parse->model->metrics, i);
      gboolean same = other->negate && other->kind == METRIC_AGGREGATE && metric->kind == METRIC_AGGREGATE &&
                      g_strcmp0(other->expression, metric->expression) == 0 && other->conditions[0] != NULL &&
                      strcmp(other->conditions[0], filter->condition) == 0;
      if (same) return other;
    }
  }
  return metric;
}

/* A filter that the measure's own definition already holds (or contradicts) belongs to the metric alone. */
static void drop_implied_conditions(Parse *parse) {
  for (guint f = 0; f < parse->query->filters->len;) {
    const Filter *filter = g_ptr_array_index(parse->query->filters, f);
    gboolean implied = filter->kind == FILTER_CONDITION && parse->query->measures->len > 0;
    for (guint i = 0; implied && i < parse->query->measures->len; i++) {
      const Measure *measure = g_ptr_array_index(parse->query->measures, i);
      const Metric *metric = measure->metric != NULL ? model_find_metric(parse->model, measure->metric) : NULL;
      gboolean holds = FALSE;
      for (char **condition = metric != NULL ? metric->conditions : NULL; condition != NULL && *condition; condition++) {
        gboolean negated = **condition == '!';
        holds = holds || (strcmp(*condition + negated, filter->condition) == 0 && negated == filter->negated);
      }
      implied = holds;
    }
    if (implied) g_ptr_array_remove_index(parse->query->filters, f);
    else f++;
  }
}

static gboolean same_expression(const Metric *a, const Metric *b) {
  return a->kind == METRIC_AGGREGATE && b->kind == METRIC_AGGREGATE && g_strcmp0(a->expression, b->expression) == 0 &&
         a->aggregate == b->aggregate;
}

/* "value of cancelled invoices": a count of something conditional, but its value is asked for. */
static gboolean read_value_of(Parse *parse, guint index) {
  const Metric *count = parse_item(parse, index)->meaning.metric, *money = parse_default_metric(parse);
  gboolean counts = count->kind == METRIC_AGGREGATE && (count->aggregate == AGGREGATE_COUNT || count->aggregate == AGGREGATE_COUNT_DISTINCT);
  if (!counts || money == NULL || count->conditions[0] == NULL || *count->conditions[0] == '!') return FALSE;
  for (int at = parse_before(parse, index); at >= 0 && at >= (int)index - 4; at = parse_before(parse, (guint)at)) {
    if (parse_item(parse, (guint)at)->kind == ITEM_METRIC && parse->query->measures->len > 0) { /* "net amount of returned orders" */
      static const char *const LINKS[] = {"of", "from", "for", "on", "in", "with", NULL};
      if (!g_strv_contains(LINKS, token_at(parse->items->tokens, parse_item(parse, index)->first - 1)->fold)) return FALSE;
      Filter *filter = filter_new(FILTER_CONDITION);
      filter->condition = g_strdup(count->conditions[0]);
      g_ptr_array_add(parse->query->filters, filter);
      parse_describe(parse, index, "only %s", count->label);
      return TRUE;
    }
    if (!parse_free_word(parse, (guint)at, WORD_VALUE_WORD)) continue;
    parse_claim(parse, (guint)at, "value");
    Filter *filter = filter_new(FILTER_CONDITION);
    filter->condition = g_strdup(count->conditions[0]);
    g_ptr_array_add(parse->query->filters, filter);
    const Metric *metric = metric_of_condition(parse, money);
    parse_add_metric(parse, metric);
    parse_describe(parse, index, "%s", metric->label);
    return TRUE;
  }
  return FALSE;
}

/* "sold most including tax": what the default measure includes anyway. */
static gboolean is_inclusion(Parse *parse, guint index) {
  int before = parse_before(parse, index);
  const Metric *money = parse_default_metric(parse);
  if (before < 0 || money == NULL || !item_is_word(parse_item(parse, (guint)before), WORD_INCLUDE)) return FALSE;
  g_autofree char *word = item_source(parse->items, parse_item(parse, index));
  g_autofree char *phrase = phrase_normalise(word);
  g_autofree char *wanted = g_strdup_printf("including %s", phrase);
  for (char **synonym = money->synonyms; *synonym; synonym++) {
    g_autofree char *known = phrase_normalise(*synonym);
    if (strstr(known, wanted) == NULL) continue;
    parse_claim(parse, (guint)before, "included");
    return TRUE;
  }
  return FALSE;
}

static void read_metrics(Parse *parse) {
  for (guint i = 0; i < parse_n(parse) && parse->verdict == NULL; i++) {
    Item *item = parse_item(parse, i);
    if (item->claimed || item->kind != ITEM_METRIC) continue;
    parse->metric_named = TRUE;
    if (is_inclusion(parse, i)) {
      parse_claim(parse, i, "included");
      continue;
    }
    if (read_value_of(parse, i)) {
      parse_claim(parse, i, "metric");
      continue;
    }
    if (read_metric_per(parse, i)) {
      parse_claim(parse, i, "metric");
      continue;
    }
    const Metric *metric = metric_of_condition(parse, item->meaning.metric);
    parse_add_metric(parse, metric);
    parse_claim(parse, i, "metric");
    parse_describe(parse, i, "%s", metric->label);
  }
}

static gboolean metric_names(const Metric *metric, const char *condition) {
  for (char **own = metric->conditions; *own; own++)
    if (strcmp(*own + (**own == '!'), condition) == 0) return TRUE;
  return FALSE;
}

/* Whether the filter speaks of what the metric leaves out by default: its condition, or the column behind it. */
static gboolean overrides(const Parse *parse, const Metric *metric, const Filter *filter) {
  guint n_own = g_strv_length(metric->conditions);
  if (filter->kind == FILTER_CONDITION) {
    gboolean same = n_own == 1 && metric_names(metric, filter->condition) && (*metric->conditions[0] == '!') == filter->negated;
    return !same && metric_names(metric, filter->condition);
  }
  if (filter->kind != FILTER_FIELD) return FALSE;
  const Field *field = model_find_field(parse->model, filter->field);
  for (char **own = metric->conditions; field != NULL && *own; own++) {
    const Condition *condition = model_find_condition(parse->model, *own + (**own == '!'));
    if (condition != NULL && strcmp(condition->dataset, field->dataset) == 0 && strstr(condition->expression, field->name) != NULL) return TRUE;
  }
  return FALSE;
}

/* Net by default; but who names returned or cancelled rows decides alone which rows count. */
static void release_conditions(Parse *parse) {
  for (guint i = 0; i < parse->query->measures->len; i++) {
    const Measure *measure = g_ptr_array_index(parse->query->measures, i);
    const Metric *metric = measure->kind == MEASURE_METRIC ? model_find_metric(parse->model, measure->metric) : NULL;
    if (metric == NULL || metric->kind != METRIC_AGGREGATE || metric->aggregate != AGGREGATE_SUM || metric->conditions[0] == NULL ||
        *metric->conditions[0] != '!' || metric->negate)
      continue;
    gboolean overridden = FALSE;
    for (guint f = 0; f < parse->query->filters->len; f++)
      overridden = overridden || overrides(parse, metric, g_ptr_array_index(parse->query->filters, f));
    const Dataset *dataset = metric_dataset(parse, metric);
    const Field *field = dataset != NULL && metric->expression != NULL ? dataset_find_field(dataset, metric->expression) : NULL;
    if (!overridden || field == NULL) continue;
    Measure *plain = measure_new(MEASURE_AGGREGATE);
    plain->aggregate = AGGREGATE_SUM;
    plain->field = lexicon_field_path(field);
    plain->name = g_strdup(metric->name);
    plain->label = g_strdup(metric->label);
    measure_free(g_ptr_array_index(parse->query->measures, i));
    parse->query->measures->pdata[i] = plain;
    parse_assume(parse, "named_rows", "%s counts just the rows you name", metric->label);
  }
}

/* Gross beside cancelled: conditions that only one of two measures is about must not filter both. */
static void split_conditions(Parse *parse) {
  if (parse->query->measures->len < 2) return;
  for (guint f = 0; f < parse->query->filters->len;) {
    const Filter *filter = g_ptr_array_index(parse->query->filters, f);
    gboolean someone = FALSE, other_side = FALSE;
    for (guint i = 0; filter->kind == FILTER_CONDITION && i < parse->query->measures->len; i++) {
      const Measure *measure = g_ptr_array_index(parse->query->measures, i);
      const Metric *metric = measure->metric != NULL ? model_find_metric(parse->model, measure->metric) : NULL;
      for (char **condition = metric != NULL ? metric->conditions : NULL; condition != NULL && *condition; condition++) {
        gboolean negated = **condition == '!';
        if (strcmp(*condition + negated, filter->condition) != 0) continue;
        if (negated == filter->negated) someone = TRUE;
        else other_side = TRUE;
      }
    }
    if (someone && other_side) g_ptr_array_remove_index(parse->query->filters, f);
    else f++;
  }
}

/* "how much did we spend", "put into each campaign": what the company itself spends, where the data knows it. */
static void read_own_spend(Parse *parse) {
  static const char *const WE[] = {"we", "us", "our", "company", NULL};
  const Metric *spend = model_find_metric(parse->model, "spend");
  int at = parse_find_word(parse, WORD_SPENT, 0);
  if (spend == NULL || at < 0 || parse->query->measures->len > 0) return;
  gboolean own = FALSE;
  for (guint t = 0; t < parse->items->tokens->len; t++) own = own || g_strv_contains(WE, token_at(parse->items->tokens, t)->fold);
  if (!own) return;
  parse_add_metric(parse, spend);
  parse->metric_named = TRUE;
  parse_claim(parse, (guint)at, "spend");
}

/* ---- nothing named ---- */
/* "actual against budget", "did it reach its target": the plan beside what became of it. */
static void add_actual(Parse *parse) {
  int check = parse_find_word(parse, WORD_PLAN_CHECK, 0);
  const Metric *money = parse_default_metric(parse);
  if (check < 0 || money == NULL || parse->query->measures->len != 1) return;
  const Measure *measure = g_ptr_array_index(parse->query->measures, 0);
  if (measure->metric == NULL || (strstr(measure->metric, "budget") == NULL && strstr(measure->metric, "target") == NULL)) return;
  g_ptr_array_insert(parse->query->measures, 0, measure_new_metric(money->name));
  parse_claim_word(parse, WORD_PLAN_CHECK, "against the plan");
}

/* "visits and orders by month": the noun beside a measure is one too. */
static void count_joined_entities(Parse *parse) {
  for (guint i = 1; i + 1 < parse_n(parse); i++) {
    if (!item_is_word(parse_item(parse, i), WORD_AND) && !item_is_word(parse_item(parse, i), WORD_COMPARE)) continue;
    int before = parse_before(parse, i), after = parse_next(parse, i + 1);
    if (before < 0 || after < 0) continue;
    Item *left = parse_item(parse, (guint)before), *right = parse_item(parse, (guint)after);
    gboolean left_counts = left->kind == ITEM_ENTITY && !left->claimed && right->kind == ITEM_METRIC;
    gboolean right_counts = right->kind == ITEM_ENTITY && !right->claimed && left->kind == ITEM_METRIC;
    if (!left_counts && !right_counts) continue;
    count_item(parse, (guint)(left_counts ? before : after));
    if (left_counts && parse->query->measures->len > 1) { /* in the order they are named */
      gpointer last = g_ptr_array_steal_index(parse->query->measures, parse->query->measures->len - 1);
      g_ptr_array_insert(parse->query->measures, 0, last);
    }
  }
}

static void count_bare_entities(Parse *parse) {
  for (guint i = 0; i + 1 < parse_n(parse); i++) /* "value of delivered orders" */
    if (parse_free_word(parse, i, WORD_VALUE_WORD) && !parse_has_word(parse, WORD_HOW_MANY)) return;
  if (parse_has_word(parse, WORD_HOW_MUCH)) return; /* "how much did customers in X buy": an amount */
  for (guint i = 0; i < parse_n(parse); i++) {
    Item *item = parse_item(parse, i);
    if (item->claimed || (item->kind != ITEM_ENTITY && item->kind != ITEM_ROWS)) continue;
    if (parse->query->measures->len > 0) continue;
    int before = parse_before(parse, i);
    gboolean ranked = before >= 0 && !parse->listing && (item_is_word(parse_item(parse, (guint)before), WORD_BEST) ||
                                                         item_is_word(parse_item(parse, (guint)before), WORD_WORST));
    if (!ranked) count_item(parse, i);
  }
}

static void read_verbs(Parse *parse) {
  int lost = parse_find_word(parse, WORD_LOST, 0);
  const Metric *profit = model_find_metric(parse->model, "profit");
  if (lost >= 0 && profit != NULL) {
    parse_claim(parse, (guint)lost, "loss");
    parse->metric_named = TRUE;
    int index = parse_add_metric(parse, profit);
    gboolean most = parse_has_word(parse, WORD_RANK_HIGH) || parse_has_word(parse, WORD_RANK_LOW);
    if (parse->listing && !most && !parse->singular) {
      Having having = {index, ON_VALUE, OP_LESS, 0, 0};
      g_array_append_val(parse->query->having, having);
    } else if (parse->listing) {
      Order order = {index, ON_VALUE, FALSE, FALSE};
      g_array_append_val(parse->query->order, order);
      parse->order_named = TRUE;
      parse_claim_word(parse, WORD_RANK_HIGH, "most");
    }
    parse_claim_word(parse, WORD_VALUE_WORD, "money");
  }
}

static void add_default_metric(Parse *parse) {
  const Metric *metric = parse_default_metric(parse);
  if (metric == NULL || parse->query->measures->len > 0 || parse->fragment) return;
  int spent = parse_find_word(parse, WORD_SPENT, 0);
  gboolean own_spend = spent >= 0 && model_find_metric(parse->model, "spend") == NULL;
  for (guint i = 0; own_spend && i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    if (item->meaning.entity != NULL || item_is_word(item, WORD_WHO)) own_spend = FALSE; /* customers spend with us */
  }
  const char *spent_word = spent >= 0 ? token_at(parse->items->tokens, parse_item(parse, (guint)spent)->first)->fold : "";
  if (!g_str_has_prefix(spent_word, "spen")) own_spend = FALSE; /* "paid in cash" */
  if (own_spend) {
    g_autofree char *word = item_source(parse->items, parse_item(parse, (guint)spent));
    parse_refuse(parse, "no_such_data", word, "The data has no record of what the company itself spends.");
    return;
  }
  gboolean money = FALSE;
  static const WordClass MONEY[] = {WORD_HOW_MUCH, WORD_VALUE_WORD, WORD_SOLD, WORD_BOUGHT, WORD_SPENT, WORD_EARNED};
  for (guint i = 0; i < G_N_ELEMENTS(MONEY); i++) money = money || parse_has_word(parse, MONEY[i]);
  gboolean best_only = (parse_has_word(parse, WORD_BEST) || parse_has_word(parse, WORD_WORST) || parse_has_word(parse, WORD_JUDGE)) && !money;
  gboolean grounded = parse->query->dimensions->len > 0 || parse->query->filters->len > 0 || money;
  if (best_only || (!grounded && !money)) return;
  if (parse->change_asked && parse->query->filters->len == 0 && !parse->group_named && !money) return;
  gboolean several = parse_has_word(parse, WORD_COMPARE) && !money && parse->query->filters->len == 0;
  if (several) return;
  metric = metric_of_condition(parse, metric);
  parse_add_metric(parse, metric);
  parse_claim_word(parse, WORD_HOW_MUCH, "amount");
  parse_assume(parse, "default_metric", "measured by %s", metric->label);
}

void parse_measures(Parse *parse) {
  if (parse->verdict != NULL) return;
  read_pieces_per(parse);
  read_quotients(parse);
  read_aggregates(parse);
  read_counts(parse);
  read_verbs(parse);
  read_metrics(parse);
  if (parse->verdict != NULL) return;
  read_own_spend(parse);
  add_actual(parse);
  count_joined_entities(parse);
  count_bare_entities(parse);
  add_default_metric(parse);
  if (parse->query->measures->len < 2) release_conditions(parse);
  drop_implied_conditions(parse);
  split_conditions(parse);
  for (guint i = 0; i + 1 < parse->query->measures->len; i++) { /* "net sales ... by sales": one thing said twice */
    const Measure *a = g_ptr_array_index(parse->query->measures, i), *b = g_ptr_array_index(parse->query->measures, i + 1);
    const Metric *first = a->metric != NULL ? model_find_metric(parse->model, a->metric) : NULL;
    const Metric *second = b->metric != NULL ? model_find_metric(parse->model, b->metric) : NULL;
    if (first != NULL && second != NULL && first != second && same_expression(first, second) && first->conditions[0] == NULL &&
        second->conditions[0] == NULL && !first->negate && !second->negate)
      g_ptr_array_remove_index(parse->query->measures, i + 1);
  }
}
