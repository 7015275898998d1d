/* How many: customers, orders, lines, different values of a column. */
#include <string.h>

#include "ask/measures.h"

static gboolean stands_between_count(const Item *item) {
  return item->kind == ITEM_VALUE || item->kind == ITEM_STOP || item_is_word(item, WORD_DISTINCT) || item->kind == ITEM_CONDITION ||
         item_is_word(item, WORD_MORE) || item_is_word(item, WORD_LESS) || item->claimed || item_is_word(item, WORD_NEW) ||
         item_is_word(item, WORD_REPEAT) || item_is_word(item, WORD_OTHER) || item->kind == ITEM_TIME ||
         (item->kind == ITEM_WORD && item->is_stop);
}

/* "different", also inside "how many different". */
static gboolean asks_distinct(const Parse *parse) {
  static const char *const WORDS[] = {"different", "distinct", "unique", NULL};
  for (guint t = 0; t < parse->items->tokens->len; t++)
    if (g_strv_contains(WORDS, token_at(parse->items->tokens, t)->fold)) return TRUE;
  return FALSE;
}

gboolean parse_names_kind(const Parse *parse, const Item *item) {
  static const char *const KINDS[] = {"product", "sku", "style", "model", "variety", "title", "range", NULL};
  return g_strv_contains(KINDS, token_at(parse->items->tokens, item->first)->singular);
}

/* "how many items were sold": pieces, not different products. */
static gboolean is_pieces(const Parse *parse, guint index) {
  static const char *const WORDS[] = {"item", "items", "article", "articles", "piece", "pieces", "goods", "unit", "units", NULL};
  const Item *item = parse_item(parse, index);
  const Token *token = token_at(parse->items->tokens, item->first);
  const gboolean goods = item->count == 1 && item->plural && g_strcmp0(item->meaning.entity != NULL ? item->meaning.entity->name : NULL, "product") == 0 &&
                         !parse_names_kind(parse, item) && parse_has_word(parse, WORD_SOLD); /* "pizzas sold" */
  if ((!goods && !g_strv_contains(WORDS, token->fold)) || asks_distinct(parse)) return FALSE;
  return model_find_metric(parse->model, "units") != NULL && (parse_has_word(parse, WORD_SOLD) || parse_has_word(parse, WORD_BOUGHT));
}

/* Counts the different keys of an entity in one field: that of its own table, or the one by which facts refer to it. */
static void count_keys(Parse *parse, guint index, const Entity *entity, const Field *key) {
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

/* "how many members bought something": those that the facts speak of, not all that are listed. */
static gboolean count_in_fact(Parse *parse, guint index) {
  const Entity *entity = parse_item(parse, index)->meaning.entity;
  const Field *reference = parse_entity_reference(parse, entity);
  gboolean active = parse_has_word(parse, WORD_BOUGHT) || parse_has_word(parse, WORD_SOLD) || parse_has_word(parse, WORD_SPENT) ||
                    parse->query->cohort != COHORT_NONE, tested = FALSE;
  for (guint i = 0; i < parse->query->filters->len; i++) {
    const Filter *filter = g_ptr_array_index(parse->query->filters, i);
    tested = tested || filter->kind == FILTER_DID || filter->kind == FILTER_ENTITY;
  }
  active = active || tested;
  for (guint i = index + 1; i < parse_n(parse); i++) { /* "members with more than 10 tickets" */
    const Item *item = parse_item(parse, i);
    active = active || (item->kind == ITEM_ENTITY && item->meaning.entity->is_event) || item_is_word(item, WORD_MORE_THAN_ONCE) ||
             item_is_word(item, WORD_ONCE) || item_is_word(item, WORD_TWICE);
  }
  const Metric *counts = reference != NULL ? parse_entity_metric(parse, entity) : NULL;
  gboolean same = entity->is_event && counts != NULL && counts->kind == METRIC_AGGREGATE && counts->aggregate == AGGREGATE_COUNT_DISTINCT && counts->conditions[0] == NULL &&
                  g_strcmp0(counts->dataset, reference->dataset) == 0 && g_strcmp0(counts->expression, reference->name) == 0;
  const Dataset *own = entity->is_event && counts != NULL && counts->dataset != NULL && !tested ? model_find_dataset(parse->model, counts->dataset) : NULL;
  if (own != NULL && all_in_reach(parse, own)) return FALSE; /* "orders placed in 2017": all of them, those without lines too */
  if (reference == NULL || !active || same) return FALSE;
  count_keys(parse, index, entity, reference);
  return TRUE;
}

/* "members by tier", "members who joined in 2023": those of the table of members, whether they bought or not. */
static gboolean count_listed(Parse *parse, guint index) {
  const Entity *entity = parse_item(parse, index)->meaning.entity;
  const Dataset *dataset = parse_listing_dataset(parse, entity);
  const Field *key = dataset != NULL ? dataset_find_field(dataset, entity->key) : NULL;
  if (key == NULL || !all_in_reach(parse, dataset)) return FALSE;
  const Field *own_date = parse_own_date(parse, entity);
  gboolean any_time = FALSE;
  for (guint i = 0; i < parse_n(parse); i++) any_time = any_time || parse_item(parse, i)->kind == ITEM_TIME;
  if (any_time && own_date == NULL) return FALSE;
  if (own_date != NULL) {
    if (parse->query->time_field == NULL) parse->query->time_field = lexicon_field_path(own_date);
    parse_claim_word(parse, WORD_JOINED, "own date");
  }
  count_keys(parse, index, entity, key);
  return TRUE;
}

/* "how many sales": money is not counted; the orders that it came from are. */
static const Metric *count_of_money(const Parse *parse, const Item *item) {
  const Entity *order = model_find_entity(parse->model, "order");
  if (item->meaning.metric == NULL) return NULL;
  gboolean money = item->meaning.metric == parse_default_metric(parse) && item->count == 1 &&
                   g_str_has_prefix(token_at(parse->items->tokens, item->first)->fold, "sale");
  return money && order != NULL ? parse_entity_metric(parse, order) : NULL;
}

/* "number of ratings": rows that have one. */
static gboolean count_rated(Parse *parse, const Metric *metric) {
  const Field *field = measure_row_field(parse, metric);
  if (field == NULL) return FALSE;
  Measure *measure = measure_new(MEASURE_AGGREGATE);
  measure->aggregate = AGGREGATE_COUNT;
  measure->field = lexicon_field_path(field);
  parse_add_measure(parse, measure);
  return TRUE;
}

/* "how many bikes did we sell", where a column is the bike type: pieces of them, not how many types. */
static const Metric *count_of_pieces(const Parse *parse, guint index, const Field *field) {
  static const char *const CLASSES[] = {"type", "types", "category", "categories", "class", "classes", "group", "groups", "kind", "kinds", NULL};
  const Item *item = parse_item(parse, index);
  const char *last = token_at(parse->items->tokens, item->first + item->count - 1)->fold;
  g_autofree char *label = text_fold(field->label);
  gboolean classed = FALSE;
  for (const char *const *word = CLASSES; *word != NULL; word++) classed = classed || g_str_has_suffix(label, *word);
  const Entity *thing = parse_thing_within(parse, field);
  gboolean sold = FALSE;
  for (guint i = index + 1; i < parse_n(parse); i++) sold = sold || item_is_word(parse_item(parse, i), WORD_SOLD) || item_is_word(parse_item(parse, i), WORD_BOUGHT);
  gboolean pieces = classed && sold && item->plural && !g_strv_contains(CLASSES, last) && thing != NULL && strcmp(thing->name, "product") == 0;
  return pieces && !parse_has_word(parse, WORD_DISTINCT) ? model_find_metric(parse->model, "units") : NULL;
}

gboolean parse_count_item(Parse *parse, guint index) {
  Item *item = parse_item(parse, index);
  gboolean distinct_field = item->kind == ITEM_FIELD && !item->claimed && parse_group_field(parse, item) != NULL;
  const Item *next = index + 1 < parse_n(parse) ? parse_item(parse, index + 1) : NULL;
  if (item->kind == ITEM_METRIC && next != NULL && !next->claimed && !next->comma_before &&
      (next->kind == ITEM_ENTITY || next->kind == ITEM_ROWS)) {
    parse_claim(parse, index, "part of the name"); /* "sales transactions" */
    return parse_count_item(parse, index + 1);
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
  } else if (item->kind == ITEM_METRIC && !metric_is_total(item->meaning.metric) && count_rated(parse, item->meaning.metric)) {
    parse_describe(parse, index, "number of rows with %s", item->meaning.metric->label);
  } else if (item->kind == ITEM_METRIC && count_of_money(parse, item) != NULL) {
    const Metric *events = count_of_money(parse, item);
    parse_add_metric(parse, events);
    parse_assume(parse, "default_metric", "counted in %s", events->label);
    parse_describe(parse, index, "number of %s", events->label);
  } else if (item->kind == ITEM_METRIC) {
    parse_add_metric(parse, measure_of_condition(parse, item->meaning.metric));
    parse_describe(parse, index, "%s", item->meaning.metric->label);
  } else if (distinct_field && count_of_pieces(parse, index, parse_group_field(parse, item)) != NULL) {
    const Metric *pieces = count_of_pieces(parse, index, parse_group_field(parse, item));
    parse_add_metric(parse, pieces);
    parse_describe(parse, index, "%s", pieces->label);
  } else if (distinct_field) {
    const Field *field = parse_group_field(parse, item);
    Measure *measure = measure_new(MEASURE_AGGREGATE);
    measure->aggregate = AGGREGATE_COUNT_DISTINCT;
    measure->field = lexicon_field_path(field);
    g_autofree char *plural = text_plural(field->name);
    measure->name = g_strdup(plural);
    parse_add_measure(parse, measure);
    parse->counted_field = field;
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

/* "how many councils buy from us": customers of that kind. The value stands right after "how many". */
static gboolean count_described(Parse *parse, guint how_many) {
  int next = parse_next(parse, how_many + 1);
  const Item *item = next >= 0 ? parse_item(parse, (guint)next) : NULL;
  const ValueHit *hit = item != NULL && item->kind == ITEM_VALUE && item->plural ? item_hit(item, NULL) : NULL;
  if (hit == NULL || parse_has_word(parse, WORD_SOLD)) return FALSE;
  const Entity *entity = parse_thing_within(parse, hit->field);
  if (entity == NULL || strcmp(entity->name, "product") == 0) return FALSE;
  const Dataset *dataset = parse_listing_dataset(parse, entity);
  const Field *reference = parse_has_word(parse, WORD_BOUGHT) || parse_has_word(parse, WORD_SPENT) ? parse_entity_reference(parse, entity) : NULL;
  const Metric *metric = parse_entity_metric(parse, entity);
  if (dataset != NULL) count_keys(parse, (guint)next, entity, reference != NULL ? reference : dataset_find_field(dataset, entity->key));
  else if (metric != NULL) parse_add_metric(parse, metric);
  parse->counted = entity;
  parse->metric_named = TRUE;
  return dataset != NULL || metric != NULL;
}

static void count_default(Parse *parse) {
  /* "how many were cancelled", "how many did we sell": orders, or units where something was sold */
  const Metric *units = model_find_metric(parse->model, "units");
  gboolean sold = parse_has_word(parse, WORD_SOLD) || parse_has_word(parse, WORD_BOUGHT);
  for (guint i = 0; i < parse_n(parse); i++) { /* "how many jigsaws": pieces of a product */
    const Item *item = parse_item(parse, i);
    const ValueHit *hit = item->kind == ITEM_VALUE ? item_hit(item, NULL) : NULL;
    const Entity *thing = hit != NULL && item->plural ? parse_thing_within(parse, hit->field) : NULL; /* "how many e-bikes": of that type */
    sold = sold || (hit != NULL && g_strcmp0(hit->field->entity, "product") == 0) || (thing != NULL && strcmp(thing->name, "product") == 0);
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

/* "what percentage of transactions were paid in cash": transactions are counted, whatever the verb. */
static void count_shared_noun(Parse *parse) {
  int share = parse_find_word(parse, WORD_SHARE, 0);
  for (guint i = share >= 0 ? (guint)share + 1 : parse_n(parse); i < parse_n(parse); i++) {
    Item *item = parse_item(parse, i);
    if (item->kind == ITEM_ENTITY && !item->claimed && item->plural) {
      const Item *next = i + 1 < parse_n(parse) ? parse_item(parse, i + 1) : NULL;
      if (next == NULL || next->kind != ITEM_METRIC) parse_count_item(parse, i);
      return;
    }
    if (item->kind != ITEM_STOP && item->kind != ITEM_VALUE && item->kind != ITEM_CONDITION && !item_is_word(item, WORD_SUM)) return;
  }
}

/* "orders above 150 by store": how many of them each store has. */
static void count_tested_by_group(Parse *parse) {
  int first = parse_next(parse, 0);
  const Item *item = first >= 0 ? parse_item(parse, (guint)first) : NULL;
  const Item *test = first >= 0 && (guint)first + 2 < parse_n(parse) ? parse_item(parse, (guint)first + 1) : NULL;
  gboolean event = test != NULL && item->kind == ITEM_ENTITY && !item->claimed && item->plural && item->meaning.entity->is_event;
  if (!event || !item_is_comparator(test) || parse_item(parse, (guint)first + 2)->kind != ITEM_NUMBER || parse->listing || !parse->group_named) return;
  for (guint i = 0; i < parse_n(parse); i++)
    if (parse_item(parse, i)->kind == ITEM_METRIC) return;
  parse_count_item(parse, (guint)first);
}

void parse_counts(Parse *parse) {
  count_shared_noun(parse);
  count_tested_by_group(parse);
  for (guint i = 0; i < parse_n(parse); i++) {
    if (!parse_free_word(parse, i, WORD_HOW_MANY) || parse_item(parse, i)->kind != ITEM_WORD) continue;
    gboolean counted = FALSE;
    guint at = i + 1;
    for (; at < parse_n(parse) && !counted && at < i + 7; at++) {
      const Item *item = parse_item(parse, at);
      if (!item->claimed && parse_count_item(parse, at)) counted = TRUE;
      else if (!stands_between_count(item)) break;
    }
    const char *how = token_at(parse->items->tokens, parse_item(parse, i)->first)->fold;
    if (!counted && i > 0 && strcmp(how, "how") != 0) { /* "order count" */
      int before = parse_before(parse, i);
      gboolean follows = before >= 0 && !parse_item(parse, (guint)before)->claimed;
      if (follows) counted = parse_count_item(parse, (guint)before);
    }
    for (guint k = 0; k < i && !counted; k++) { /* "members who bought X, how many" */
      const Item *earlier = parse_item(parse, k);
      if (!earlier->claimed && (earlier->kind == ITEM_ENTITY || earlier->kind == ITEM_ROWS)) counted = parse_count_item(parse, k);
    }
    const Item *each = i + 1 < parse_n(parse) ? parse_item(parse, i + 1) : NULL; /* "how many of each item were sold": pieces */
    const Metric *pieces = each != NULL && item_is_word(each, WORD_EACH) && parse->query->dimensions->len > 0 &&
                                   (parse_has_word(parse, WORD_SOLD) || parse_has_word(parse, WORD_BOUGHT)) ? model_find_metric(parse->model, "units") : NULL;
    if (!counted && pieces != NULL) {
      parse_add_metric(parse, pieces);
      parse->metric_named = counted = TRUE;
    }
    if (!counted && !count_described(parse, i)) count_default(parse);
    parse_claim(parse, i, "count");
    while (counted && at + 1 < parse_n(parse) && item_is_word(parse_item(parse, at), WORD_AND)) { /* "orders and customers" */
      int next = parse_next(parse, at + 1);
      const Item *item = next >= 0 ? parse_item(parse, (guint)next) : NULL;
      if (item == NULL || item->claimed || (item->kind != ITEM_ENTITY && item->kind != ITEM_ROWS && item->kind != ITEM_METRIC)) break;
      if (item->kind == ITEM_METRIC) { /* "number of states and sales" */
        parse_add_metric(parse, item->meaning.metric);
        parse_claim(parse, (guint)next, "metric");
      } else if (!parse_count_item(parse, (guint)next)) {
        break;
      }
      parse_claim(parse, at, "and");
      at = (guint)next + 1;
    }
  }
}

gboolean parse_asks_how_it_fares(const Parse *parse) {
  static const char *const AUXILIARIES[] = {"did", "do", "does", "is", "are", "was", "were", "has", "have", NULL};
  static const char *const ENDS[] = {"do", "doing", "go", "going", "fare", "look", "looking", NULL};
  const GArray *tokens = parse->items->tokens;
  if (tokens->len < 4 || parse_has_word(parse, WORD_HOW_MANY) || !g_strv_contains(AUXILIARIES, token_at(tokens, 1)->fold)) return FALSE;
  const gboolean fares = strcmp(token_at(tokens, 0)->fold, "how") == 0 && g_strv_contains(ENDS, token_at(tokens, tokens->len - 1)->fold);
  return fares || (strcmp(token_at(tokens, 0)->fold, "what") == 0 && parse_has_word(parse, WORD_EARNED));
}
