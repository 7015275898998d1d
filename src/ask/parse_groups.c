/* by, per, each, which, monthly, top n X: what the answer is grouped by. */
#include <string.h>

#include "ask/measures.h"

/* A compound noun: "customer segment", "product category": the entity only qualifies the field after it. */
static void join_compounds(Parse *parse) {
  const Item *last = parse_n(parse) > 0 ? parse_item(parse, parse_n(parse) - 1) : NULL;
  gboolean ranking = last != NULL && item_is_word(last, WORD_RANK_ALL) && parse_n(parse) <= 4; /* "store sales ranking" */
  for (guint i = 0; i + 1 < parse_n(parse); i++) {
    Item *first = parse_item(parse, i), *second = parse_item(parse, i + 1);
    gboolean listed = first->kind == ITEM_ROWS && second->kind == ITEM_FIELD && second->meaning.field->dataset != NULL && first->meaning.rows != NULL &&
                      strcmp(second->meaning.field->dataset, first->meaning.rows->name) == 0; /* "promotion mechanic" */
    if (listed && !first->claimed && !first->plural && !second->comma_before) {
      parse_claim(parse, i, "part of the name");
      continue;
    }
    if (first->kind != ITEM_ENTITY || first->claimed || first->plural || second->comma_before) continue;
    gboolean field = second->kind == ITEM_FIELD && parse_group_field(parse, second) != NULL;
    gboolean average = second->kind == ITEM_METRIC && parse_item(parse, i)->meaning.entity != NULL && !first->meaning.entity->is_event;
    gboolean own_group = average && i > 0 && item_is_word(parse_item(parse, i - 1), WORD_EACH); /* "each store's sales" */
    if (ranking && average) {
      parse_group_by_item(parse, i);
      parse->listing = TRUE;
      parse->subject = (int)i;
      continue;
    }
    if (field || (average && !own_group)) parse_claim(parse, i, "part of the name");
  }
}

static gboolean may_stand_between(const Item *item) {
  return item->kind == ITEM_VALUE || item->kind == ITEM_STOP || item->kind == ITEM_NUMBER || item_is_word(item, WORD_DISTINCT) ||
         item_is_word(item, WORD_RANK_HIGH) || item_is_word(item, WORD_RANK_LOW) || item_is_word(item, WORD_SINGLE) ||
         item_is_word(item, WORD_OTHER) || item_is_word(item, WORD_BEST) || item_is_word(item, WORD_WORST) ||
         item_is_word(item, WORD_MOST_PROFITABLE) || item_is_word(item, WORD_LEAST_PROFITABLE) ||
         item_is_word(item, WORD_EACH) || (item->claimed && item->kind == ITEM_ENTITY) || item->kind == ITEM_CONDITION ||
         item_is_word(item, WORD_CHEAPEST) || item_is_word(item, WORD_DEAREST) || item_is_word(item, WORD_EARLIEST) ||
         item_is_word(item, WORD_LATEST) || item_is_word(item, WORD_ONLY) || item_is_word(item, WORD_NOT) ||
         item_is_word(item, WORD_EXCLUDE) || (item->kind == ITEM_METRIC && item->is_inflected_verb) || item->kind == ITEM_TIME || item_is_word(item, WORD_FASTEST_GROWING);
}

/* The noun that a group word leads to, over values and adjectives; -1. */
static int noun_after(const Parse *parse, guint index) {
  for (guint i = index; i < parse_n(parse) && i < index + 7; i++) {
    const Item *item = parse_item(parse, i);
    if (!item->claimed && parse_is_group_noun(parse, item)) return (int)i;
    if (!may_stand_between(item) && !(item->claimed && item->kind == ITEM_FIELD)) return -1;
  }
  return -1;
}

/* "top 3 stores by tickets": the order, not a further group. */
static gboolean ranks_by(const Parse *parse, guint marker, guint noun) {
  const Item *by = parse_item(parse, marker), *item = parse_item(parse, noun);
  return item->kind == ITEM_ENTITY && item->plural && item->meaning.entity->is_event && item_is_word(by, WORD_BY) && !item_is_word(by, WORD_EACH) &&
         (parse_has_word(parse, WORD_RANK_HIGH) || parse_has_word(parse, WORD_RANK_LOW) || parse_has_word(parse, WORD_RANK_ALL) ||
          parse_has_word(parse, WORD_BEST) || parse_has_word(parse, WORD_WORST) || parse_has_word(parse, WORD_MORE) || parse_has_word(parse, WORD_COMPARE));
}

/* Further nouns of a list: "by segment and region", "by store, month". */
static void group_rest_of_list(Parse *parse, guint index) {
  guint at = index + 1;
  while (at < parse_n(parse)) {
    Item *item = parse_item(parse, at);
    gboolean glue = item_is_word(item, WORD_AND) || (item->kind == ITEM_WORD && (item_is_word(item, WORD_BY) || item_is_word(item, WORD_EACH)));
    gboolean thing = item->meaning.entity == NULL || (!item->plural && !item->meaning.entity->is_event); /* ", orders" is measured */
    gboolean comma_noun = item->comma_before && !item->claimed && parse_is_group_noun(parse, item) && thing;
    if (comma_noun) {
      parse_group_by_item(parse, at++);
      continue;
    }
    if (!glue) return;
    int noun = at + 1 < parse_n(parse) ? noun_after(parse, at + 1) : -1;
    if (noun < 0 || noun > (int)at + 3 || ranks_by(parse, at, (guint)noun)) return;
    const Item *next = noun + 1 < (int)parse_n(parse) ? parse_item(parse, (guint)noun + 1) : NULL;
    if (next != NULL && next->kind == ITEM_METRIC && parse_item(parse, (guint)noun)->kind == ITEM_ENTITY) return;
    parse_claim(parse, at, "and");
    parse_group_by_item(parse, (guint)noun);
    at = (guint)noun + 1;
  }
}

/* "accounts by credit days": a number of few values, each its own group. */
static void group_by_number(Parse *parse, guint by) {
  int next = parse_next(parse, by + 1), counts = -1;
  if (next >= 0 && item_is_word(parse_item(parse, (guint)next), WORD_HOW_MANY)) { /* "checks by number of covers" */
    counts = next;
    next = parse_next(parse, (guint)next + 1);
  }
  const Item *item = next >= 0 ? parse_item(parse, (guint)next) : NULL;
  const Metric *metric = item != NULL && item->kind == ITEM_METRIC && !item->claimed ? item->meaning.metric : NULL;
  const Item *counted = by > 0 ? parse_item(parse, by - 1) : NULL;
  gboolean of_each = metric != NULL && (metric->aggregate == AGGREGATE_AVERAGE ||
                                        (counts >= 0 && counted->kind == ITEM_ENTITY && counted->meaning.entity->is_event));
  const Field *field = of_each ? measure_row_field(parse, metric) : NULL;
  gboolean few = field != NULL && field->type == FIELD_INTEGER && field->distinct_count > 1 && field->distinct_count <= 31;
  gboolean ranks = parse_has_word(parse, WORD_RANK_HIGH) || parse_has_word(parse, WORD_RANK_LOW) || parse_has_word(parse, WORD_RANK_ALL);
  if (!few || ranks) return;
  parse_claim(parse, by, "group");
  parse_claim(parse, (guint)next, "grouped by");
  if (counts >= 0) parse_claim(parse, (guint)counts, "group");
  parse_add_field_dimension(parse, field);
  parse->group_named = TRUE;
}

/* "branches by revenue", "finishes by orders": the things are listed, ranked by what follows. */
static void group_by_listed_noun(Parse *parse) {
  int noun = parse_next(parse, 0), by = noun >= 0 ? parse_next(parse, (guint)noun + 1) : -1, measure = by >= 0 ? parse_next(parse, (guint)by + 1) : -1;
  if (parse->fragment || measure < 0 || by != noun + 1) return;
  if (item_is_word(parse_item(parse, (guint)measure), WORD_HOW_MANY)) measure = parse_next(parse, (guint)measure + 1); /* "employees by number of orders" */
  if (measure < 0) return;
  const Item *item = parse_item(parse, (guint)noun), *ranked_by = parse_item(parse, (guint)measure);
  gboolean thing = item->plural && !item->claimed && (item->kind == ITEM_FIELD || (item->kind == ITEM_ENTITY && !item->meaning.entity->is_event)) &&
                   parse_group_field(parse, item) != NULL;
  gboolean plain_by = strcmp(token_at(parse->items->tokens, parse_item(parse, (guint)by)->first)->fold, "by") == 0;
  gboolean measured = ranked_by->kind == ITEM_METRIC || (ranked_by->kind == ITEM_ENTITY && ranked_by->meaning.entity->is_event && ranked_by->plural);
  if (!thing || !plain_by || !measured) return;
  parse_claim(parse, (guint)by, "ranked by");
  parse->listing = TRUE;
  parse->subject = noun;
  parse_group_by_item(parse, (guint)noun);
}

static void group_by_markers(Parse *parse) {
  group_by_listed_noun(parse);
  for (guint i = 0; i < parse_n(parse); i++) {
    Item *item = parse_item(parse, i);
    gboolean wise = i > 0 && parse_free_word(parse, i, WORD_BY) && strcmp(token_at(parse->items->tokens, item->first)->fold, "wise") == 0;
    if (wise && !parse_item(parse, i - 1)->claimed && parse_is_group_noun(parse, parse_item(parse, i - 1))) { /* "carrier-wise sales" */
      parse_claim(parse, i, "group");
      parse_group_by_item(parse, i - 1);
      continue;
    }
    gboolean marker = parse_free_word(parse, i, WORD_BY) || parse_free_word(parse, i, WORD_EACH) || parse_free_word(parse, i, WORD_WITHIN);
    if (!marker) continue;
    gboolean within = item_is_word(item, WORD_WITHIN);
    int noun = noun_after(parse, i + 1);
    if (noun < 0) {
      group_by_number(parse, i);
      continue;
    }
    if (parse_is_denominator(parse, i, (guint)noun)) continue;
    if (parse_repeats_denominator(parse, i, (guint)noun)) {
      parse_claim(parse, i, "per");
      parse_claim(parse, (guint)noun, "per");
      continue;
    }
    const Item *after = noun + 1 < (int)parse_n(parse) ? parse_item(parse, (guint)noun + 1) : NULL;
    gboolean counted_measure = after != NULL && after->kind == ITEM_METRIC && !after->claimed && !item_is_word(item, WORD_EACH) &&
                               parse_item(parse, (guint)noun)->kind == ITEM_ENTITY; /* "by order value" */
    gboolean count_follows = after != NULL && item_is_word(after, WORD_HOW_MANY); /* "by invoice count" */
    gboolean by_most = FALSE; /* "bought by the most customers": ranked by how many */
    for (int k = (int)i + 1; k < noun; k++)
      by_most = by_most || item_is_word(parse_item(parse, (guint)k), WORD_RANK_HIGH) || item_is_word(parse_item(parse, (guint)k), WORD_RANK_LOW);
    by_most = by_most && parse_item(parse, (guint)noun)->kind == ITEM_ENTITY && parse_item(parse, (guint)noun)->plural && parse_has_word(parse, WORD_WHICH);
    if (by_most || counted_measure || count_follows || ranks_by(parse, i, (guint)noun)) continue;
    parse_claim(parse, i, within ? "within" : "group");
    parse_group_by_item(parse, (guint)noun);
    group_rest_of_list(parse, (guint)noun);
  }
}

static void group_by_adverbs(Parse *parse) {
  for (guint i = 0; i < parse_n(parse); i++) {
    Item *item = parse_item(parse, i);
    if (item->claimed || item->kind != ITEM_GRAIN || !item->meaning.unit_adverb) continue;
    gboolean averaged = FALSE;
    for (int at = parse_before(parse, i); at >= 0 && at >= (int)i - 3; at--)
      averaged = averaged || item_is_word(parse_item(parse, (guint)at), WORD_AVERAGE) || item_is_word(parse_item(parse, (guint)at), WORD_MEDIAN);
    if (!averaged) parse_group_by_item(parse, i);
  }
}

/* "orders which were cancelled", "customers who bought": a relative pronoun follows its noun. */
static gboolean follows_noun(const Parse *parse, guint index) {
  if (index == 0) return FALSE;
  const Item *before = parse_item(parse, index - 1);
  return !parse_item(parse, index)->comma_before && (before->kind == ITEM_ENTITY || before->kind == ITEM_FIELD || before->kind == ITEM_ROWS);
}

static gboolean is_asking_word(const Parse *parse, guint index) {
  const Item *asks = parse_item(parse, index);
  gboolean about = asks->first + asks->count < parse->items->tokens->len &&
                   strcmp(token_at(parse->items->tokens, asks->first + asks->count)->fold, "about") == 0;
  if (parse->fragment && about) return FALSE; /* "what about baskets?" */
  if (follows_noun(parse, index)) return FALSE;
  return parse_free_word(parse, index, WORD_WHICH) || parse_free_word(parse, index, WORD_LIST);
}

static void take_subject(Parse *parse, guint noun) {
  parse->listing = TRUE;
  parse->subject = (int)noun;
  parse->singular = !parse_item(parse, noun)->plural;
  parse_group_by_item(parse, noun);
}

/* "who supplies ...": suppliers do; the verb's root begins the noun. Claims the verb. */
static const Entity *entity_of_verb(Parse *parse, guint from) {
  for (guint i = from; i < parse_n(parse) && i < from + 3; i++) {
    const Item *item = parse_item(parse, i);
    if (item->kind != ITEM_UNKNOWN || item->count != 1) continue;
    const char *stem = token_at(parse->items->tokens, item->first)->stem;
    for (guint e = 0; e < parse->model->entities->len && strlen(stem) >= 4; e++) {
      const Entity *entity = g_ptr_array_index(parse->model->entities, e);
      if (!g_str_has_prefix(entity->name, stem) || entity->is_event) continue;
      parse_claim(parse, i, "verb");
      return entity;
    }
  }
  return NULL;
}

/* "five states with the lowest profit", "sub-categories whose sales fell", "region with the highest growth". */
static gboolean group_by_leading_noun(Parse *parse) {
  int at = parse_next(parse, 0);
  if (at < 0) return FALSE;
  gboolean number = parse_item(parse, (guint)at)->kind == ITEM_NUMBER && !parse_item(parse, (guint)at)->ordinal;
  int noun = number ? parse_next(parse, (guint)at + 1) : at;
  while (number && noun >= 0 && may_stand_between(parse_item(parse, (guint)noun)) && !parse_is_group_noun(parse, parse_item(parse, (guint)noun)))
    noun = parse_next(parse, (guint)noun + 1);
  if (noun < 0 || parse_item(parse, (guint)noun)->claimed || !parse_is_group_noun(parse, parse_item(parse, (guint)noun))) return FALSE;
  const Item *item = parse_item(parse, (guint)noun);
  if (item->kind == ITEM_GRAIN && (item->meaning.unit_adverb || (!number && !item->plural))) return FALSE;
  guint next = (guint)noun + 1;
  while (next < parse_n(parse) && (parse_item(parse, next)->kind == ITEM_TIME ||
                                   (parse_item(parse, next)->kind == ITEM_STOP && next + 1 < parse_n(parse) && parse_item(parse, next + 1)->kind == ITEM_TIME)))
    next++; /* "months in 2022 with" */
  if (next >= parse_n(parse)) return FALSE;
  const char *fold = token_at(parse->items->tokens, parse_item(parse, next)->first)->fold;
  static const char *const RELATIVES[] = {"with", "whose", "where", "that", "which", "who", "having", "above", "below", "over", "under", NULL};
  gboolean ranked = item_is_word(parse_item(parse, next), WORD_RANK_ALL) || item_is_word(parse_item(parse, next), WORD_RANK_ALL_LOW);
  if (!number && !ranked && !g_strv_contains(RELATIVES, fold)) return FALSE;
  static const WordClass TESTS[] = {WORD_RANK_HIGH, WORD_RANK_LOW, WORD_MORE_THAN, WORD_LESS_THAN, WORD_AT_LEAST, WORD_AT_MOST, WORD_BEST,
                                    WORD_WORST, WORD_GROW, WORD_RISE, WORD_FALL, WORD_NEGATIVE, WORD_LOST, WORD_BETWEEN};
  gboolean tested = number || ranked;
  for (guint i = 0; i < G_N_ELEMENTS(TESTS); i++) tested = tested || parse_find_word(parse, TESTS[i], 0) >= 0;
  if (item->kind == ITEM_ENTITY && !tested) return FALSE; /* "customers who bought X but not Y": how many */
  take_subject(parse, (guint)noun);
  return TRUE;
}

/* "for each month, the state with the highest profit": the noun that holds a superlative. */
static gboolean group_by_held_noun(Parse *parse) {
  for (guint i = 0; i + 2 < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    if (item->claimed || !parse_is_group_noun(parse, item) || (item->kind == ITEM_GRAIN && item->meaning.unit_adverb)) continue;
    if (strcmp(token_at(parse->items->tokens, parse_item(parse, i + 1)->first)->fold, "with") != 0) continue;
    int rank = parse_next(parse, i + 2);
    if (rank < 0) continue;
    const Item *word = parse_item(parse, (guint)rank);
    if (!item_is_word(word, WORD_RANK_HIGH) && !item_is_word(word, WORD_RANK_LOW) && !item_is_word(word, WORD_BEST)) continue;
    take_subject(parse, i);
    return TRUE;
  }
  return FALSE;
}

/* "which of our regions is the weakest": one of them. */
static gboolean asks_for_one(const Parse *parse, guint which, guint noun) {
  static const char *const ONE[] = {"is", "was", "has", "had", "does", NULL};
  const Item *asks = parse_item(parse, which);
  gboolean of = FALSE;
  for (guint t = asks->first; t < parse_item(parse, noun)->first; t++) of = of || strcmp(token_at(parse->items->tokens, t)->fold, "of") == 0;
  return of && noun + 1 < parse_n(parse) && g_strv_contains(ONE, token_at(parse->items->tokens, parse_item(parse, noun + 1)->first)->fold);
}

/* "worst selling sandwich": one of the sandwiches. */
static void group_by_ranked_value(Parse *parse, guint rank) {
  for (guint i = rank + 1; i < parse_n(parse) && i < rank + 4; i++) {
    const Item *item = parse_item(parse, i);
    const Item *next = i + 1 < parse_n(parse) ? parse_item(parse, i + 1) : NULL;
    if (item->kind == ITEM_VALUE && item->count == 1 && item_hit(item, NULL) != NULL && !token_at(parse->items->tokens, item->first)->is_capital) {
      if (next != NULL && !next->comma_before && (next->kind == ITEM_METRIC || parse_is_group_noun(parse, next))) return;
      const Entity *thing = parse_thing_within(parse, item_hit(item, NULL)->field);
      if (thing == NULL || parse->query->dimensions->len > 0) return;
      parse_add_field_dimension(parse, lexicon_entity_field(parse->lexicon, thing));
      parse->listing = parse->group_named = TRUE;
      parse->singular = !item->plural;
      return;
    }
    if (item->kind != ITEM_NUMBER && item->kind != ITEM_STOP && !item_is_word(item, WORD_SOLD)) return;
  }
}

/* "which 5 stock codes", "what are the top 3 cities", "list the 10 customers" */
static void group_by_question(Parse *parse) {
  for (guint i = 0; i < parse_n(parse); i++) {
    if (!is_asking_word(parse, i)) continue;
    int noun = noun_after(parse, i + 1);
    if (noun < 0 && (parse_has_word(parse, WORD_RANK_HIGH) || parse_has_word(parse, WORD_RANK_LOW))) {
      group_by_ranked_value(parse, i); /* "which desserts sell best" */
      if (parse->listing) parse_claim(parse, i, "which");
      if (parse->listing) return;
    }
    if (noun < 0) continue;
    Item *item = parse_item(parse, (guint)noun);
    const Item *next = noun + 1 < (int)parse_n(parse) ? parse_item(parse, (guint)noun + 1) : NULL;
    gboolean modifies = next != NULL && item->kind == ITEM_ENTITY && !item->plural && !next->comma_before &&
                        (next->kind == ITEM_METRIC || item_is_word(next, WORD_VALUE_WORD));
    if (modifies) continue;
    if (item->kind == ITEM_GRAIN && item->meaning.unit_adverb) continue;
    parse->listing = TRUE;
    parse->subject = noun;
    parse->singular = !item->plural || asks_for_one(parse, i, (guint)noun);
    parse_claim(parse, i, "which");
    parse_group_by_item(parse, (guint)noun);
    if (next != NULL && next->comma_before && !item->plural) group_rest_of_list(parse, (guint)noun); /* "top 10 order, customer and day" */
    entity_of_verb(parse, (guint)noun + 1); /* "which suppliers supply" */
    return;
  }
  if (group_by_leading_noun(parse) || group_by_held_noun(parse)) return;
  int who = parse_find_word(parse, WORD_WHO, 0);
  if (who < 0 && parse_n(parse) > 0 && parse_free_word(parse, 0, WORD_HAVING) && strcmp(token_at(parse->items->tokens, 0)->fold, "who") == 0)
    who = 0; /* "who has more than 6 orders" */
  for (int i = 0; i < who; i++) /* "customers active in 2019 who did not" */
    if (parse_item(parse, (guint)i)->kind == ITEM_ENTITY && !parse_item(parse, (guint)i)->meaning.entity->is_event) return;
  if (who < 0 || follows_noun(parse, (guint)who)) return;
  for (guint i = 0; i < parse->query->filters->len; i++) { /* "Kendal or Carlisle: who took more" */
    const Filter *filter = g_ptr_array_index(parse->query->filters, i);
    gboolean members = filter->kind == FILTER_FIELD && filter->op == OP_EQUAL && filter->values->len > 1 && parse_has_word(parse, WORD_OR);
    if (!members || !(parse_has_word(parse, WORD_MORE) || parse_has_word(parse, WORD_LESS) || parse_has_word(parse, WORD_RANK_HIGH))) continue;
    parse_claim(parse, (guint)who, "who");
    return;
  }
  parse_claim(parse, (guint)who, "who");
  if (noun_after(parse, (guint)who + 1) >= 0) {
    int noun = noun_after(parse, (guint)who + 1);
    parse->listing = TRUE;
    parse->subject = noun;
    parse->singular = !parse_item(parse, (guint)noun)->plural;
    parse_group_by_item(parse, (guint)noun);
    return;
  }
  const Entity *doer = entity_of_verb(parse, (guint)who + 1);
  const Entity *customer = doer != NULL ? doer : model_find_entity(parse->model, "customer");
  const Field *field = customer != NULL ? lexicon_entity_field(parse->lexicon, customer) : NULL;
  if (field == NULL) return;
  parse->listing = parse->group_named = TRUE;
  parse->singular = TRUE;
  parse_add_field_dimension(parse, field);
}

/* "biggest sales day": the day, and its sales. */
static gboolean group_by_ranked_period(Parse *parse, guint rank) {
  if (rank + 2 >= parse_n(parse) || parse->query->dimensions->len > 0) return FALSE;
  const Item *metric = parse_item(parse, rank + 1), *grain = parse_item(parse, rank + 2);
  gboolean total = metric->kind == ITEM_METRIC && !metric->claimed && metric->meaning.metric->additivity == ADDITIVITY_SUM;
  if (!total || grain->kind != ITEM_GRAIN || grain->meaning.unit_adverb || grain->comma_before) return FALSE;
  parse->listing = TRUE;
  parse->subject = (int)rank + 2;
  parse->singular = !grain->plural;
  parse_group_by_item(parse, rank + 2);
  return TRUE;
}

/* "top 5 cities by sales", "highest selling products", "rank all regions": no asking word. */
static void group_by_rank(Parse *parse) {
  static const WordClass RANKS[] = {WORD_RANK_HIGH, WORD_RANK_LOW, WORD_BEST, WORD_WORST, WORD_RANK_ALL, WORD_RANK_ALL_LOW,
                                    WORD_MOST_PROFITABLE, WORD_LEAST_PROFITABLE, WORD_CHEAPEST, WORD_DEAREST,
                                    WORD_FASTEST_GROWING};
  if (parse->listing) return;
  for (guint i = 0; i < parse_n(parse); i++) {
    gboolean ranks = FALSE;
    for (guint r = 0; r < G_N_ELEMENTS(RANKS); r++) ranks = ranks || item_is_word(parse_item(parse, i), RANKS[r]);
    if (!ranks) continue;
    if (group_by_ranked_period(parse, i)) return;
    int noun = noun_after(parse, i + 1);
    if (noun < 0) {
      group_by_ranked_value(parse, i);
      continue;
    }
    Item *item = parse_item(parse, (guint)noun);
    if (item->kind == ITEM_GRAIN && item->meaning.unit_adverb) continue;
    const Item *next = noun + 1 < (int)parse_n(parse) ? parse_item(parse, (guint)noun + 1) : NULL;
    gboolean modifies = next != NULL && !item->plural && item->kind == ITEM_ENTITY &&
                        (next->kind == ITEM_METRIC || item_is_word(next, WORD_VALUE_WORD));
    if (modifies) continue;
    parse->listing = TRUE;
    parse->subject = noun;
    parse->singular = !item->plural;
    parse_group_by_item(parse, (guint)noun);
    return;
  }
}

/* Two or more values of one field, each its own row: "Porto, Braga and Lisbon". */
static void group_by_members(Parse *parse) {
  if (parse->total_asked || (parse->fragment && parse_has_word(parse, WORD_ONLY))) return;
  for (guint f = 0; f < parse->query->filters->len; f++) {
    const Filter *filter = g_ptr_array_index(parse->query->filters, f);
    if (filter->kind != FILTER_FIELD || filter->op != OP_EQUAL || filter->values->len < 2) continue;
    guint spelled = 0;
    gboolean either = FALSE;
    for (guint i = 0; i < parse_n(parse); i++) {
      const Item *item = parse_item(parse, i);
      if (item->kind == ITEM_VALUE && item->claimed) {
        g_autofree char *path = lexicon_field_path(item_hit(item, NULL)->field);
        spelled += strcmp(path, filter->field) == 0;
      }
      either = either || item_is_word(item, WORD_OR);
    }
    gboolean asks_which = parse_has_word(parse, WORD_YES_NO) || parse_has_word(parse, WORD_COMPARE) || parse_has_word(parse, WORD_MORE) ||
                          parse_has_word(parse, WORD_LESS) || parse_has_word(parse, WORD_JUDGE) || parse_has_word(parse, WORD_OFTEN);
    if (spelled < 2 || (either && !asks_which && parse->counted != NULL)) continue;
    if (either && !asks_which) continue;
    const Field *field = model_find_field(parse->model, filter->field);
    if (field != NULL) parse_add_field_dimension(parse, field);
  }
}

/* Telegrams: a dimension word that stands alone: "sales region 2019", "profit by" is not needed. */
static void group_by_bare_fields(Parse *parse) {
  for (guint i = 0; i < parse_n(parse); i++) {
    Item *item = parse_item(parse, i);
    if (item->claimed || item->kind != ITEM_FIELD || parse_group_field(parse, item) == NULL) continue;
    const Item *all = i > 0 ? parse_item(parse, i - 1) : NULL; /* "sales in 2023, all restaurants": of all of them together */
    if (all != NULL && item->plural && all->comma_before && strcmp(token_at(parse->items->tokens, all->first)->fold, "all") == 0) {
      parse_claim(parse, i, "all of them");
      continue;
    }
    int before = parse_before(parse, i);
    while (before >= 0 && parse_item(parse, (guint)before)->filter != NULL) before = parse_before(parse, (guint)before); /* "how many vegetarian dishes" */
    gboolean counted = before >= 0 && item_is_word(parse_item(parse, (guint)before), WORD_HOW_MANY);
    gboolean tested = before > 0 && parse_item(parse, (guint)before)->kind == ITEM_NUMBER && item_is_comparator(parse_item(parse, (guint)before - 1));
    if (counted || tested) continue;
    parse_group_by_item(parse, i);
  }
  for (guint i = 0; i < parse_n(parse); i++) {
    Item *item = parse_item(parse, i);
    if (item->claimed || item->kind != ITEM_CYCLIC) continue;
    parse_group_by_item(parse, i);
  }
}

/* "week by week" says it; groups over a span of years are laid side by side by year; else by month. */
static TimeUnit trend_unit(const Parse *parse, guint trend) {
  static const struct { const char *word; TimeUnit unit; } WORDS[] = {
      {"day", TIME_UNIT_DAY}, {"week", TIME_UNIT_WEEK}, {"month", TIME_UNIT_MONTH}, {"quarter", TIME_UNIT_QUARTER}, {"year", TIME_UNIT_YEAR},
      {"years", TIME_UNIT_YEAR}};
  const Item *item = parse_item(parse, trend);
  for (guint t = item->first; t < item->first + item->count; t++)
    for (guint i = 0; i < G_N_ELEMENTS(WORDS); i++)
      if (strcmp(token_at(parse->items->tokens, t)->fold, WORDS[i].word) == 0) return WORDS[i].unit;
  for (guint i = 0; i < parse_n(parse) && parse->query->dimensions->len > 0; i++) {
    const Item *time = parse_item(parse, i);
    if (time->kind == ITEM_TIME && time->time->kind == TIME_MENTION_SPAN && time->time->from.unit == TIME_UNIT_YEAR) return TIME_UNIT_YEAR;
  }
  return TIME_UNIT_MONTH;
}

static void read_trend(Parse *parse) {
  int trend = parse_find_word(parse, WORD_TREND, 0);
  if (trend < 0) return;
  parse_claim(parse, (guint)trend, "trend");
  for (guint i = 0; i < parse->query->dimensions->len; i++) /* "seasonality by month of the year" */
    if (((const Dimension *)g_ptr_array_index(parse->query->dimensions, i))->kind == DIMENSION_CYCLIC) return;
  if (parse_time_dimension(parse) >= 0) return;
  TimeUnit unit = trend_unit(parse, (guint)trend);
  parse_add_time_dimension(parse, unit);
  parse_assume(parse, "default_grain", "shown by %s", time_unit_name(unit));
}

static gboolean count_stands_before(const Parse *parse, guint index) {
  for (int at = (int)index - 1; at >= 0 && at >= (int)index - 4; at--) {
    const Item *item = parse_item(parse, (guint)at);
    if (item_is_word(item, WORD_HOW_MANY)) return TRUE;
    if (!may_stand_between(item) && item->filter == NULL) return FALSE;
  }
  return FALSE;
}

/* "when did we have the most orders": the day that had them. */
static void group_by_when(Parse *parse) {
  int when = parse_find_word(parse, WORD_WHEN, 0);
  gboolean ranked = parse_has_word(parse, WORD_RANK_HIGH) || parse_has_word(parse, WORD_RANK_LOW) || parse_has_word(parse, WORD_BEST) ||
                    parse_has_word(parse, WORD_WORST);
  if (when >= 0 && ranked && parse->query->dimensions->len == 1 && parse_time_dimension(parse) == 0) { /* "when were orders highest, by month?" */
    parse->listing = parse->singular = TRUE;
    parse_claim(parse, (guint)when, "when");
    return;
  }
  if (when < 0 || !ranked || parse->query->dimensions->len > 0) return;
  for (guint i = 0; parse->fragment && i < parse->context->previous->dimensions->len; i++) { /* "when was it highest?" of a monthly series */
    if (((const Dimension *)g_ptr_array_index(parse->context->previous->dimensions, i))->kind != DIMENSION_TIME) continue;
    parse_claim(parse, (guint)when, "when");
    return;
  }
  for (guint i = 0; i < parse_n(parse); i++) { /* "when were orders highest, by month?" */
    const Item *item = parse_item(parse, i);
    if (item->kind != ITEM_GRAIN || item->meaning.unit_adverb || item->plural || item->claimed) continue;
    take_subject(parse, i);
    parse->singular = TRUE;
    parse_claim(parse, (guint)when, "when");
    return;
  }
  parse_add_time_dimension(parse, TIME_UNIT_DAY);
  parse_claim(parse, (guint)when, "day");
  parse->listing = parse->singular = TRUE;
  parse_assume(parse, "default_grain", "the day is shown");
}

/* "how many months had sales above 50,000": the months are shown, and with them how many. */
static void list_tested_periods(Parse *parse) {
  for (guint i = 0; i + 1 < parse_n(parse) && parse->query->dimensions->len == 0; i++) {
    int noun = parse_free_word(parse, i, WORD_HOW_MANY) ? parse_next(parse, i + 1) : -1;
    const Item *item = noun >= 0 ? parse_item(parse, (guint)noun) : NULL;
    if (item == NULL || item->kind != ITEM_GRAIN || item->meaning.unit_adverb || !item->plural || item->meaning.unit == TIME_UNIT_DAY) continue;
    gboolean tested = FALSE;
    for (guint k = (guint)noun + 1; k + 1 < parse_n(parse); k++)
      tested = tested || (item_is_comparator(parse_item(parse, k)) && parse_item(parse, k + 1)->kind == ITEM_NUMBER);
    if (!tested) return;
    parse_claim(parse, i, "listed");
    take_subject(parse, (guint)noun);
    return;
  }
}

void parse_groups(Parse *parse) {
  for (guint i = 0; i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    const char *fold = token_at(parse->items->tokens, item->first)->fold;
    if (item_is_word(item, WORD_SUM) && (strcmp(fold, "combined") == 0 || strcmp(fold, "altogether") == 0 || strcmp(fold, "together") == 0 ||
                                         (strcmp(fold, "in") == 0 && item->count == 2) || strcmp(fold, "taken") == 0))
      parse->total_asked = TRUE;
    gboolean plus = strcmp(fold, "plus") == 0 && i > 0 && i + 1 < parse_n(parse) && parse_item(parse, i - 1)->kind == ITEM_VALUE &&
                    parse_item(parse, i + 1)->kind == ITEM_VALUE; /* "Devon plus Yorkshire" */
    if (plus) parse->total_asked = TRUE;
  }
  join_compounds(parse);
  group_by_markers(parse);
  group_by_when(parse);
  group_by_question(parse);
  group_by_rank(parse);
  group_by_adverbs(parse);
  for (guint i = 0; i < parse_n(parse); i++) { /* "how many states": counted, not grouped */
    Item *item = parse_item(parse, i);
    if (!item->claimed && item->kind == ITEM_FIELD && count_stands_before(parse, i) && parse->subject < 0) parse->subject = (int)i;
  }
  group_by_members(parse);
  list_tested_periods(parse);
  if (parse->subject < 0 || parse->listing) group_by_bare_fields(parse);
  for (guint i = 0; parse->fragment && i < parse_n(parse); i++) { /* "as quarters", "show me the months" */
    const Item *item = parse_item(parse, i);
    if (!item->claimed && item->kind == ITEM_GRAIN && item->plural && parse->query->dimensions->len == 0) parse_group_by_item(parse, i);
  }
  read_trend(parse);
}
