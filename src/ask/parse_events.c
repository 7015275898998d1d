/* Single events: the orders above a value, how many of them each group has, and the columns that a list of them shows. */
#include <string.h>

#include "ask/measures.h"

#define EVENTS_RANKED 10 /* "the biggest orders": so many */

typedef struct {
  guint at;             /* the noun: "orders" */
  guint first, end;     /* the test behind it; `end`: the item after it */
  Operator op;
  double value;
  gboolean tested;
  int rank, limit_at;   /* "biggest" before it, and its number; -1 */
} Events;

static gboolean read_bound(Parse *parse, guint from, Events *events) {
  static const struct { WordClass word; Operator op; } OPERATORS[] = {{WORD_AT_LEAST, OP_GREATER_EQUAL}, {WORD_AT_MOST, OP_LESS_EQUAL},
      {WORD_MORE_THAN, OP_GREATER}, {WORD_LESS_THAN, OP_LESS}};
  guint at = from;
  while (at < parse_n(parse) && (parse_item(parse, at)->kind == ITEM_STOP || item_is_word(parse_item(parse, at), WORD_VALUE_WORD) ||
                                 (parse_item(parse, at)->kind == ITEM_WORD && item_is_word(parse_item(parse, at), WORD_YES_NO))))
    at++;
  int number = at < parse_n(parse) ? parse_next(parse, at + 1) : -1;
  if (number < 0 || parse_item(parse, (guint)number)->kind != ITEM_NUMBER || parse_item(parse, (guint)number)->percent) return FALSE;
  for (guint k = 0; k < G_N_ELEMENTS(OPERATORS); k++) {
    if (!item_is_word(parse_item(parse, at), OPERATORS[k].word) || parse_item(parse, at)->kind != ITEM_WORD) continue;
    events->op = OPERATORS[k].op;
    events->value = parse_scaled_number(parse, (guint)number, &events->end);
    events->first = from;
    int next = parse_next(parse, events->end);
    const Item *after = next >= 0 ? parse_item(parse, (guint)next) : NULL;
    gboolean of_things = after != NULL && !after->comma_before &&
                         (after->kind == ITEM_GRAIN || measure_noun_metric(parse, after) != NULL) && next == (int)events->end;
    events->tested = !of_things; /* "over 3 lines" is another test */
    return events->tested;
  }
  return FALSE;
}

/* The events that the question is about; FALSE: none, or nothing is said of their value. */
static gboolean find_events(Parse *parse, Events *events) {
  for (guint i = 0; i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    if (item->claimed || item->kind == ITEM_METRIC) return FALSE;
    if (item->kind != ITEM_ENTITY) continue;
    if (!item->meaning.entity->is_event || item->meaning.entity->key == NULL || !item->plural) return FALSE;
    *events = (Events){.at = i, .end = i + 1, .rank = -1, .limit_at = -1};
    for (int k = (int)i - 1; k >= 0 && k >= (int)i - 3; k--) {
      const Item *before = parse_item(parse, (guint)k);
      if (item_is_word(before, WORD_RANK_HIGH) || item_is_word(before, WORD_RANK_LOW)) events->rank = k;
      if (before->kind == ITEM_NUMBER && !before->ordinal) events->limit_at = k;
    }
    return read_bound(parse, i + 1, events) || events->rank >= 0;
  }
  return FALSE;
}

/* ---- columns ---- */
static gboolean is_date(const Parse *parse, const Item *item) {
  gboolean field = item->meaning.field != NULL && item->meaning.field->role == FIELD_ROLE_TIME && item->kind == ITEM_FIELD;
  gboolean word = item->count == 1 && strcmp(token_at(parse->items->tokens, item->first)->fold, "date") == 0;
  return field || word || (item->kind == ITEM_GRAIN && item->meaning.unit == TIME_UNIT_DAY && !item->plural);
}

static gboolean is_column(const Parse *parse, const Item *item) {
  if (item->claimed || item->plural) return FALSE;
  if (is_date(parse, item)) return TRUE;
  if (item->kind == ITEM_ENTITY) return !item->meaning.entity->is_event && parse_group_field(parse, item) != NULL;
  return item->kind == ITEM_FIELD && parse_group_field(parse, item) != NULL;
}

static gboolean opens_columns(const Parse *parse, const Item *item) {
  static const char *const WORDS[] = {"with", "including", "show", "showing", "together", "along", "plus", "listing", "display", "displaying", NULL};
  return g_strv_contains(WORDS, token_at(parse->items->tokens, item->first)->fold);
}

/* "with customer, town and date" to the end of the question (a period may follow); 0: there is no such list. */
static guint find_columns(const Parse *parse, guint from) {
  gboolean opened = FALSE;
  guint first = 0;
  for (guint i = from; i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    if (is_column(parse, item)) {
      if (!opened) return 0;
      if (first == 0) first = i;
      continue;
    }
    opened = opened || opens_columns(parse, item);
    gboolean joint = item->kind == ITEM_STOP || item_is_word(item, WORD_AND) || item->kind == ITEM_TIME || (item->kind == ITEM_WORD && item->is_stop) ||
                     opens_columns(parse, item) || item_is_word(item, WORD_SAME);
    if (!joint) return 0;
  }
  return first;
}

static void add_column(Parse *parse, const Item *item) {
  if (!is_date(parse, item)) {
    parse_add_field_dimension(parse, parse_group_field(parse, item));
    return;
  }
  const Field *field = item->kind == ITEM_FIELD && item->meaning.field->role == FIELD_ROLE_TIME ? item->meaning.field : NULL;
  Dimension *dimension = dimension_new(DIMENSION_TIME);
  dimension->unit = TIME_UNIT_DAY;
  if (field != NULL && field != lexicon_default_date(parse->lexicon)) dimension->field = lexicon_field_path(field);
  g_ptr_array_add(parse->query->dimensions, dimension);
}

/* "orders over 2000 with client and date", "list the 10 biggest invoices with customer and town". */
static gboolean list_with_columns(Parse *parse, const Events *events) {
  const Metric *money = parse_default_metric(parse);
  const Field *key = lexicon_entity_field(parse->lexicon, parse_item(parse, events->at)->meaning.entity);
  guint first = find_columns(parse, events->end);
  if (first == 0 || money == NULL || key == NULL || parse_has_word(parse, WORD_HOW_MANY)) return FALSE;
  parse_add_field_dimension(parse, key);
  for (guint i = events->end; i < parse_n(parse); i++) {
    Item *item = parse_item(parse, i);
    if (is_column(parse, item)) {
      add_column(parse, item);
      parse_claim(parse, i, "column");
    } else if (item->kind == ITEM_WORD || opens_columns(parse, item)) {
      parse_claim(parse, i, "columns");
    }
  }
  int index = parse_add_metric(parse, money);
  gboolean lowest = events->rank >= 0 && item_is_word(parse_item(parse, (guint)events->rank), WORD_RANK_LOW);
  Order order = {index, ON_VALUE, !lowest, FALSE};
  g_array_append_val(parse->query->order, order);
  if (events->tested) {
    Having having = {index, ON_VALUE, events->op, events->value, 0};
    g_array_append_val(parse->query->having, having);
    for (guint i = events->first; i < events->end; i++) parse_claim(parse, i, "test");
  }
  if (events->rank >= 0) {
    parse->query->limit = events->limit_at >= 0 ? (int)parse_item(parse, (guint)events->limit_at)->number : EVENTS_RANKED;
    parse_claim(parse, (guint)events->rank, "rank");
    if (events->limit_at >= 0) parse_claim(parse, (guint)events->limit_at, "limit");
  }
  parse_claim(parse, events->at, "listed");
  parse_claim_word(parse, WORD_WHICH, "which");
  parse_claim_word(parse, WORD_LIST, "list");
  parse->metric_named = parse->group_named = parse->listing = parse->order_named = parse->limit_named = TRUE;
  parse->subject = (int)events->at;
  parse_assume(parse, "default_metric", "measured by %s", money->label);
  return TRUE;
}

/* ---- how many of each group ---- */
/* "checks above £150 by restaurant". */
static gboolean count_by_group(Parse *parse, const Events *events) {
  const Metric *money = parse_default_metric(parse);
  int by = parse_next(parse, events->end);
  while (by >= 0 && parse_item(parse, (guint)by)->kind == ITEM_TIME) by = parse_next(parse, (guint)by + 1);
  gboolean grouped = by >= 0 && (item_is_word(parse_item(parse, (guint)by), WORD_BY) || item_is_word(parse_item(parse, (guint)by), WORD_EACH));
  int noun = grouped ? parse_next(parse, (guint)by + 1) : -1;
  if (!events->tested || money == NULL || noun < 0 || !parse_is_group_noun(parse, parse_item(parse, (guint)noun))) return FALSE;
  static const WordClass LISTS[] = {WORD_LIST, WORD_WHICH, WORD_RANK_HIGH, WORD_RANK_LOW, WORD_BUCKET, WORD_SHARE, WORD_AVERAGE};
  for (guint i = 0; i < G_N_ELEMENTS(LISTS); i++)
    if (parse_has_word(parse, LISTS[i])) return FALSE;
  const Entity *entity = parse_item(parse, events->at)->meaning.entity;
  if (!parse_count_item(parse, events->at)) return FALSE;
  parse_claim_word(parse, WORD_HOW_MANY, "count");
  Filter *filter = parse_add_group_filter(parse, entity, NULL, measure_new_metric(money->name));
  filter->op = events->op;
  GString *text = g_string_new(NULL);
  json_append_double(text, events->value);
  g_ptr_array_add(filter->values, g_string_free(text, FALSE));
  for (guint i = events->first; i < events->end; i++) parse_claim(parse, i, "test");
  parse_assume(parse, "default_metric", "measured by %s", money->label);
  return TRUE;
}

void parse_events(Parse *parse) {
  Events events;
  if (parse->verdict != NULL || parse->fragment || parse->query->measures->len > 0) return;
  parse_read_scaled_numbers(parse);
  if (!find_events(parse, &events)) return;
  if (!list_with_columns(parse, &events)) count_by_group(parse, &events);
}
