/* Things that a table lists, asked for by what that table says of them: who joined when, what opened first. */
#include <string.h>

#include "ask/measures.h"

#define LISTS_FEW 50 /* things that are listed when nothing says whether to list or to count them */

const Dataset *parse_listing_dataset(const Parse *parse, const Entity *entity) {
  const Dataset *dataset = entity != NULL && !entity->is_event && entity->key != NULL ? model_find_dataset(parse->model, entity->dataset) : NULL;
  gboolean lists = dataset != NULL && dataset->primary_key[0] != NULL && dataset->primary_key[1] == NULL && strcmp(dataset->primary_key[0], entity->key) == 0;
  return lists ? dataset : NULL;
}

const Entity *parse_thing_within(const Parse *parse, const Field *field) {
  for (guint e = 0; e < parse->model->entities->len; e++) {
    const Entity *entity = g_ptr_array_index(parse->model->entities, e);
    const Field *name = entity->is_event ? NULL : lexicon_entity_field(parse->lexicon, entity);
    if (name == NULL || name == field || (field->entity != NULL && strcmp(field->entity, entity->name) == 0)) continue;
    const Dataset *dataset = parse_listing_dataset(parse, entity);
    if (dataset != NULL && strcmp(dataset->name, field->dataset) == 0) return entity;
    for (guint h = 0; h < parse->model->hierarchies->len; h++) {
      const Hierarchy *hierarchy = g_ptr_array_index(parse->model->hierarchies, h);
      gboolean above = FALSE;
      for (char **level = hierarchy->levels; *level && strcmp(hierarchy->dataset, field->dataset) == 0; level++) {
        if (above && strcmp(*level, name->name) == 0) return entity;
        above = above || strcmp(*level, field->name) == 0;
      }
    }
  }
  return NULL;
}

/* The one date of the table; NULL: none, or several. */
static const Field *only_date(const Dataset *dataset) {
  const Field *found = NULL;
  for (guint f = 0; f < dataset->fields->len; f++) {
    const Field *field = g_ptr_array_index(dataset->fields, f);
    if (field->type != FIELD_DATE && field->type != FIELD_TIMESTAMP) continue;
    if (found != NULL) return NULL;
    found = field;
  }
  return found;
}

const Field *parse_own_date(const Parse *parse, const Entity *entity) {
  const Dataset *dataset = parse_listing_dataset(parse, entity);
  if (dataset == NULL) return NULL;
  for (guint i = 0; i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    const Field *field = item->meaning.field;
    if (field != NULL && field->role == FIELD_ROLE_TIME && strcmp(field->dataset, dataset->name) == 0) return field;
  }
  for (guint i = 0; i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i), *next = i + 1 < parse_n(parse) ? parse_item(parse, i + 1) : NULL;
    if (item_is_word(item, WORD_JOINED)) return only_date(dataset);
    if (next == NULL) continue;
    gboolean since_before = item_is_word(item, WORD_SINCE) && next->kind == ITEM_TIME && next->time->kind == TIME_MENTION_BEFORE;
    gboolean aged = (item_is_word(item, WORD_LATEST) || item_is_word(item, WORD_EARLIEST)) && next->meaning.entity == entity;
    if (since_before || aged) return only_date(dataset);
  }
  return NULL;
}

static void claim_joining(Parse *parse, const Field *date) {
  parse_claim_word(parse, WORD_JOINED, "own date");
  for (guint i = 0; i < parse_n(parse); i++)
    if (!parse_item(parse, i)->claimed && parse_item(parse, i)->meaning.field == date) parse_claim(parse, i, "own date");
}

/* "which store opened first", "the 3 newest members": ranked by their own date. */
static gboolean rank_by_own_date(Parse *parse, guint noun, const Field *date) {
  int latest = parse_find_word(parse, WORD_LATEST, 0), earliest = parse_find_word(parse, WORD_EARLIEST, 0);
  int at = latest >= 0 ? latest : earliest;
  const Field *name = lexicon_entity_field(parse->lexicon, parse_item(parse, noun)->meaning.entity);
  if (at < 0 || name == NULL || parse_has_word(parse, WORD_WHEN)) return FALSE;
  parse_add_measure(parse, measure_of_date(date));
  parse_add_field_dimension(parse, name);
  Order order = {0, ON_VALUE, latest >= 0, FALSE};
  g_array_append_val(parse->query->order, order);
  parse->query->limit = 1;
  for (int k = at - 2; k <= at + 1; k++) {
    if (k < 0 || k >= (int)parse_n(parse) || parse_item(parse, (guint)k)->kind != ITEM_NUMBER) continue;
    parse->query->limit = (int)parse_item(parse, (guint)k)->number;
    parse_claim(parse, (guint)k, "limit");
  }
  parse->metric_named = parse->order_named = parse->limit_named = parse->listing = TRUE;
  parse->subject = (int)noun;
  parse_claim(parse, (guint)at, latest >= 0 ? "last" : "first");
  parse_claim(parse, noun, "listed");
  parse_claim_word(parse, WORD_WHICH, "which");
  claim_joining(parse, date);
  return TRUE;
}

/* "which customer ordered most recently": ranked by their last (or first) date in the facts. */
static gboolean rank_by_event_date(Parse *parse) {
  int latest = parse_find_word(parse, WORD_LATEST, 0), earliest = parse_find_word(parse, WORD_EARLIEST, 0);
  int at = latest >= 0 ? latest : earliest;
  const Item *noun = parse->subject >= 0 ? parse_item(parse, (guint)parse->subject) : NULL;
  const Field *date = lexicon_default_date(parse->lexicon);
  gboolean verb = parse_has_word(parse, WORD_BOUGHT) || parse_has_word(parse, WORD_SOLD);
  gboolean thing = noun != NULL && noun->kind == ITEM_ENTITY && !noun->meaning.entity->is_event && parse->listing;
  if (at < parse->subject || !thing || !verb || date == NULL || parse->query->dimensions->len != 1) return FALSE;
  Measure *measure = measure_new(MEASURE_AGGREGATE);
  measure->aggregate = latest >= 0 ? AGGREGATE_MAX : AGGREGATE_MIN;
  measure->field = lexicon_field_path(date);
  measure->name = g_strdup(latest >= 0 ? "last_date" : "first_date");
  measure->label = g_strdup_printf("%s %s", latest >= 0 ? "Last" : "First", date->label);
  parse_add_measure(parse, measure);
  Order order = {0, ON_VALUE, latest >= 0, FALSE};
  g_array_append_val(parse->query->order, order);
  parse->query->limit = parse->singular ? 1 : 10;
  parse->metric_named = parse->order_named = parse->limit_named = TRUE;
  parse_claim(parse, (guint)at, "date");
  parse_claim_word(parse, WORD_BOUGHT, "bought");
  parse_claim_word(parse, WORD_SOLD, "sold");
  return TRUE;
}

static gboolean measures_something(const Parse *parse) {
  static const WordClass MEASURING[] = {WORD_HOW_MANY, WORD_HOW_MUCH, WORD_SHARE, WORD_AVERAGE, WORD_BY, WORD_EACH, WORD_RANK_HIGH, WORD_RANK_LOW,
                                        WORD_GROW, WORD_CHANGE, WORD_VALUE_WORD, WORD_SPENT, WORD_NEW, WORD_TREND, WORD_COMPARE};
  for (guint i = 0; i < G_N_ELEMENTS(MEASURING); i++)
    if (parse_has_word(parse, MEASURING[i])) return TRUE;
  for (guint i = 0; i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    if (item->kind == ITEM_METRIC || item->kind == ITEM_ROWS || (item->kind == ITEM_ENTITY && item->meaning.entity->is_event)) return TRUE;
  }
  return FALSE;
}

static void list_entity(Parse *parse, guint noun, const Entity *entity) {
  const Field *name = lexicon_entity_field(parse->lexicon, entity);
  parse_add_field_dimension(parse, name);
  parse->plain_list = parse->metric_named = parse->listing = parse->group_named = TRUE;
  parse->subject = (int)noun;
  if (!parse_item(parse, noun)->claimed) parse_claim(parse, noun, "listed");
  parse_claim_word(parse, WORD_WHICH, "which");
  parse_claim_word(parse, WORD_LIST, "list");
  parse_claim_word(parse, WORD_WHO, "who");
}

/* "stores that opened before 2018": the things themselves. */
static gboolean list_by_own_date(Parse *parse, guint noun, const Field *date) {
  const Entity *entity = parse_item(parse, noun)->meaning.entity;
  gboolean timed = FALSE;
  for (guint i = 0; i < parse_n(parse); i++) timed = timed || parse_item(parse, i)->kind == ITEM_TIME;
  gboolean who = parse_n(parse) > 0 && item_is_word(parse_item(parse, 0), WORD_WHO); /* "who joined", not "members who joined" */
  gboolean asked = who || parse_has_word(parse, WORD_LIST) || parse_has_word(parse, WORD_WHICH);
  if (!asked && parse_listing_dataset(parse, entity)->row_count > LISTS_FEW) return FALSE; /* "members who joined in 2023": how many */
  if (!timed || !parse_item(parse, noun)->plural || measures_something(parse) || lexicon_entity_field(parse->lexicon, entity) == NULL) return FALSE;
  list_entity(parse, noun, entity);
  parse->query->time_field = lexicon_field_path(date);
  claim_joining(parse, date);
  return TRUE;
}

/* "list customers for Trade Decorator": all that is said of them stands in their own table. */
static gboolean list_described(Parse *parse) {
  int noun = -1;
  for (guint i = 0; i < parse_n(parse) && noun < 0; i++)
    if (parse_item(parse, i)->kind == ITEM_ENTITY && parse_item(parse, i)->plural) noun = (int)i;
  const Entity *entity = noun >= 0 ? parse_item(parse, (guint)noun)->meaning.entity : NULL;
  const Dataset *dataset = entity != NULL ? parse_listing_dataset(parse, entity) : NULL;
  const Field *name = dataset != NULL ? lexicon_entity_field(parse->lexicon, entity) : NULL;
  gboolean described = FALSE;
  for (guint i = 0; i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    if (item->kind == ITEM_TIME || item->kind == ITEM_GRAIN || (item->kind == ITEM_CONDITION && item->filter != NULL)) return FALSE;
    const ValueHit *hit = item->kind == ITEM_VALUE ? item_hit(item, NULL) : NULL;
    if (hit == NULL) continue;
    if (dataset == NULL || strcmp(hit->field->dataset, dataset->name) != 0) return FALSE;
    described = TRUE;
  }
  if (!described || name == NULL || strcmp(name->dataset, dataset->name) != 0) return FALSE;
  list_entity(parse, (guint)noun, entity);
  return TRUE;
}

/* "list the electricians": a word that says of a customer what they are stands for the customers. */
static gboolean list_members(Parse *parse) {
  gboolean asked = parse_has_word(parse, WORD_LIST) || parse_has_word(parse, WORD_WHO);
  const char *first = token_at(parse->items->tokens, 0)->fold;
  static const char *const STARTS[] = {"show", "name", "give", NULL};
  asked = asked || g_strv_contains(STARTS, first);
  if (!asked || measures_something(parse)) return FALSE;
  if (list_described(parse)) return TRUE;
  for (guint i = 0; i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    if (item->kind == ITEM_ENTITY || item->kind == ITEM_FIELD || item->kind == ITEM_TIME || item->kind == ITEM_GRAIN) return FALSE;
  }
  for (guint i = 0; i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    const ValueHit *hit = item->kind == ITEM_VALUE ? item_hit(item, NULL) : NULL;
    if (hit == NULL || !item->plural || hit->field->role != FIELD_ROLE_DIMENSION) continue;
    for (guint e = 0; e < parse->model->entities->len; e++) {
      const Entity *entity = g_ptr_array_index(parse->model->entities, e);
      const Dataset *dataset = parse_listing_dataset(parse, entity);
      if (dataset == NULL || strcmp(dataset->name, hit->field->dataset) != 0 || lexicon_entity_field(parse->lexicon, entity) == NULL) continue;
      list_entity(parse, i, entity);
      return TRUE;
    }
  }
  return FALSE;
}

/* ---- single rows: "the 5 worst lines by profit" ---- */
static int add_detail(Parse *parse, const Field *field) {
  if (field == NULL) return -1;
  g_autofree char *path = lexicon_field_path(field);
  for (guint i = 0; i < parse->query->detail->len; i++)
    if (strcmp(g_ptr_array_index(parse->query->detail, i), path) == 0) return (int)i;
  g_ptr_array_add(parse->query->detail, g_steal_pointer(&path));
  return (int)parse->query->detail->len - 1;
}

static const Field *key_of(const Parse *parse, const char *entity_name) {
  const Entity *entity = model_find_entity(parse->model, entity_name);
  const Dataset *dataset = entity != NULL && entity->key != NULL ? model_find_dataset(parse->model, entity->dataset) : NULL;
  return dataset != NULL ? dataset_find_field(dataset, entity->key) : NULL;
}

static int row_noun(const Parse *parse, int rank) {
  for (int i = rank + 1; i < (int)parse_n(parse) && i <= rank + 4; i++)
    if (parse_item(parse, (guint)i)->kind == ITEM_ROWS && parse_item(parse, (guint)i)->plural) return i;
  return -1;
}

static gboolean list_rows(Parse *parse) {
  static const struct { WordClass word; gboolean descending; } RANKS[] = {
      {WORD_RANK_HIGH, TRUE}, {WORD_RANK_LOW, FALSE}, {WORD_BEST, TRUE}, {WORD_WORST, FALSE}};
  int rank = -1, noun = -1;
  gboolean descending = TRUE;
  for (guint r = 0; r < G_N_ELEMENTS(RANKS) && noun < 0; r++) {
    rank = parse_find_word(parse, RANKS[r].word, 0);
    noun = rank >= 0 ? row_noun(parse, rank) : -1;
    descending = RANKS[r].descending;
  }
  if (noun < 0 || parse_has_word(parse, WORD_HOW_MANY) || parse->query->dimensions->len > 0) return FALSE;
  const Dataset *rows = parse_item(parse, (guint)noun)->meaning.rows;
  const Metric *metric = parse_default_metric(parse);
  int metric_at = -1;
  for (guint i = 0; i < parse_n(parse); i++)
    if (!parse_item(parse, i)->claimed && parse_item(parse, i)->kind == ITEM_METRIC) metric_at = (int)i;
  if (metric_at >= 0) metric = parse_item(parse, (guint)metric_at)->meaning.metric;
  const Field *measured = rows != NULL && rows->is_fact && metric != NULL ? measure_row_field(parse, metric) : NULL;
  if (measured == NULL || strcmp(measured->dataset, rows->name) != 0) return FALSE;
  const Entity *product = model_find_entity(parse->model, "product");
  add_detail(parse, key_of(parse, "order"));
  if (product != NULL) add_detail(parse, lexicon_entity_field(parse->lexicon, product));
  for (guint i = 0; i < parse_n(parse); i++) { /* "show order and product" */
    Item *item = parse_item(parse, i);
    if (item->claimed || (item->kind != ITEM_FIELD && item->kind != ITEM_ENTITY)) continue;
    add_detail(parse, parse_group_field(parse, item));
    parse_claim(parse, i, "shown");
  }
  Order order = {add_detail(parse, measured), ON_DIMENSION, descending, FALSE};
  g_array_append_val(parse->query->order, order);
  parse->query->limit = 10;
  for (int k = rank - 1; k <= noun; k++) {
    if (k < 0 || parse_item(parse, (guint)k)->kind != ITEM_NUMBER) continue;
    parse->query->limit = (int)parse_item(parse, (guint)k)->number;
    parse_claim(parse, (guint)k, "limit");
  }
  parse->order_named = parse->limit_named = parse->plain_list = parse->metric_named = TRUE;
  parse_claim(parse, (guint)rank, "rank");
  parse_claim(parse, (guint)noun, "rows");
  if (metric_at >= 0) parse_claim(parse, (guint)metric_at, "ordered by");
  return TRUE;
}

/* "customers who never ordered Seafood", "customers who bought both": who they are, where nobody asks how many. */
static gboolean list_who_did(Parse *parse) {
  gboolean did = FALSE, did_not = FALSE;
  for (guint i = 0; i < parse->query->filters->len; i++) {
    const Filter *filter = g_ptr_array_index(parse->query->filters, i);
    if (filter->kind != FILTER_DID) continue;
    if (filter->negated) did_not = TRUE;
    else did = TRUE;
  }
  if (did && did_not) return FALSE; /* "bought in 2023 but not in 2024": a number of lost ones */
  did = did || did_not;
  int noun = parse_next(parse, 0);
  const Item *item = did && noun >= 0 ? parse_item(parse, (guint)noun) : NULL;
  const Entity *entity = item != NULL && item->kind == ITEM_ENTITY && item->plural && !item->meaning.entity->is_event ? item->meaning.entity : NULL;
  if (entity == NULL || measures_something(parse) || lexicon_entity_field(parse->lexicon, entity) == NULL) return FALSE;
  list_entity(parse, (guint)noun, entity);
  return TRUE;
}

void parse_lists(Parse *parse) {
  if (parse->verdict != NULL || parse->query->measures->len > 0 || parse->fragment) return;
  for (guint i = 0; i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    const Entity *entity = item->kind == ITEM_ENTITY ? item->meaning.entity : NULL;
    const Field *date = entity != NULL ? parse_own_date(parse, entity) : NULL;
    if (date == NULL) continue;
    if (rank_by_own_date(parse, i, date) || list_by_own_date(parse, i, date)) return;
  }
  if (!list_who_did(parse) && !rank_by_event_date(parse) && !list_members(parse)) list_rows(parse);
}
