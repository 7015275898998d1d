/*
 * Links that not every row has: a ticket may or may not belong to a member, a line may or may not be on promotion. "on
 * promotion", "tickets of members", "promoted items", "without a promotion", "members against non-members".
 */
#include <string.h>

#include "ask/flag_words.h"
#include "ask/parse.h"

/* Customers are whom all sales are to; only these words say that a sale has one on file. */
static gboolean says_membership(const Parse *parse, const Item *item) {
  static const char *const WORDS[] = {"member", "loyalty", "card", "cardholder", "subscriber", "registered", "enrolled", NULL};
  for (guint t = item->first; t < item->first + item->count; t++)
    if (g_strv_contains(WORDS, token_at(parse->items->tokens, t)->singular)) return TRUE;
  return FALSE;
}

/* The main fact's field that leads to the table; NULL: none does. */
static const Field *field_leading_to(const Parse *parse, const Dataset *fact, const char *dataset, const char *key) {
  for (guint i = 0; i < parse->model->relationships->len; i++) {
    const Relationship *relationship = g_ptr_array_index(parse->model->relationships, i);
    if (strcmp(relationship->from_dataset, fact->name) == 0 && strcmp(relationship->to_dataset, dataset) == 0)
      return dataset_find_field(fact, relationship->from_fields[0]);
  }
  return key != NULL && strcmp(fact->name, dataset) == 0 ? dataset_find_field(fact, key) : NULL;
}

const Field *parse_loose_link(const Parse *parse, const Item *item) {
  const Dataset *fact = parse->model->default_dataset != NULL ? model_find_dataset(parse->model, parse->model->default_dataset) : NULL;
  const Entity *entity = item->kind == ITEM_ENTITY ? item->meaning.entity : NULL;
  const Dataset *rows = item->kind == ITEM_ROWS ? item->meaning.rows : NULL;
  const Dataset *named = item->kind == ITEM_FIELD && !item->plural && item->meaning.field != NULL ? model_find_dataset(parse->model, item->meaning.field->dataset) : NULL;
  if (named != NULL && !named->is_fact && item_names_rows(parse->items, item, named)) rows = named; /* "on promotion", though promotions have a name */
  if (fact == NULL || (entity == NULL && (rows == NULL || rows->is_fact)) || (entity != NULL && (entity->is_event || entity->dataset == NULL))) return NULL;
  if (entity != NULL && strcmp(entity->name, "customer") == 0 && !says_membership(parse, item)) return NULL;
  const Field *field = field_leading_to(parse, fact, entity != NULL ? entity->dataset : rows->name, entity != NULL ? entity->key : NULL);
  return field != NULL && field->null_count > 0 ? field : NULL;
}

static Filter *add_presence(Parse *parse, const Field *field, gboolean present, guint index) {
  Filter *filter = filter_new(FILTER_FIELD);
  filter->field = lexicon_field_path(field);
  filter->op = present ? OP_IS_NOT_NULL : OP_IS_NULL;
  g_ptr_array_add(parse->query->filters, filter);
  parse_item(parse, index)->filter = filter;
  parse_claim(parse, index, present ? "present" : "missing");
  parse_describe(parse, index, present ? "%s is known" : "%s is missing", field->label);
  return filter;
}

/* The item before the noun and its article, "at least one" or adjective of a scheme ("loyalty"); -1. */
static int linking_word(Parse *parse, guint noun) {
  static const char *const ARTICLES[] = {"a", "an", "any", "the", "one", "some", "our", "1", NULL};
  int at = (int)noun - 1;
  if (at >= 0 && parse_item(parse, (guint)at)->kind == ITEM_UNKNOWN && strcmp(parse_fold(parse, at), "loyalty") == 0)
    parse_claim(parse, (guint)at--, "part of the name");
  while (at >= 0 && (g_strv_contains(ARTICLES, parse_fold(parse, at)) || item_is_word(parse_item(parse, (guint)at), WORD_AT_LEAST))) at--;
  return at;
}

static gboolean links_rows(const Parse *parse, int at) {
  static const char *const WORDS[] = {"on", "with", "using", "under", "used", "use", "uses", "had", "has", "have", "having", "from", "to", "for",
                                      "of", "via", "through", "during", "contained", "containing", "include", "included", "including", NULL};
  return at >= 0 && g_strv_contains(WORDS, token_at(parse->items->tokens, parse_item(parse, (guint)at)->first)->fold);
}

/* "member spend", "promotion sales", "promoted items": the noun describes what is measured. */
static gboolean describes_next(const Parse *parse, guint index) {
  const Item *item = parse_item(parse, index), *next = index + 1 < parse_n(parse) ? parse_item(parse, index + 1) : NULL;
  if (next == NULL || next->comma_before || item->plural) return FALSE;
  return next->kind == ITEM_METRIC || next->kind == ITEM_ROWS || (next->kind == ITEM_ENTITY && (next->meaning.entity->is_event || item->is_inflected_verb));
}

static void read_link(Parse *parse, guint index, const Field *field) {
  const Item *next = index + 1 < parse_n(parse) ? parse_item(parse, index + 1) : NULL;
  gboolean compound = next != NULL && !next->comma_before && (next->kind == ITEM_FIELD || next->kind == ITEM_VALUE);
  int before = linking_word(parse, index);
  const Item *word = before >= 0 ? parse_item(parse, (guint)before) : NULL;
  gboolean asked_for = word != NULL && (item_is_word(word, WORD_BY) || item_is_word(word, WORD_EACH) || item_is_word(word, WORD_HOW_MANY) ||
                                        item_is_word(word, WORD_WHICH) || item_is_word(word, WORD_WITHIN));
  if (compound || asked_for) return;
  gboolean missing = word != NULL && item_is_word(word, WORD_MISSING) && !word->claimed;
  gboolean negated = missing || parse_is_negated(parse, index);
  if (!negated && !links_rows(parse, before) && !describes_next(parse, index)) return;
  add_presence(parse, field, !negated, index);
  if (before >= 0 && parse_item(parse, (guint)before)->kind == ITEM_WORD) parse_claim(parse, (guint)before, "with or without");
  for (guint at = before >= 0 ? (guint)before : 0; at < index; at++) /* "at least one" */
    if (item_is_word(parse_item(parse, at), WORD_AT_LEAST) || parse_item(parse, at)->kind == ITEM_NUMBER) parse_claim(parse, at, "any");
}

/* "members against non-members": TRUE when both sides stand there. */
static gboolean read_both_sides(Parse *parse, guint index, const Field *field) {
  int link = -1, negation = -1;
  for (guint at = index + 1; at < parse_n(parse) && at <= index + 5; at++) {
    const Item *item = parse_item(parse, at);
    if (item_is_word(item, WORD_COMPARE) || item_is_word(item, WORD_AND) || item_is_word(item, WORD_OR)) link = (int)at;
    else if (link >= 0 && item_is_word(item, WORD_NOT)) negation = (int)at;
    else if (negation >= 0 && parse_loose_link(parse, item) == field) {
      linking_word(parse, index);
      add_presence(parse, field, TRUE, index);
      add_presence(parse, field, FALSE, at);
      parse_claim(parse, (guint)link, "side by side");
      parse_claim(parse, (guint)negation, "negation");
      return TRUE;
    }
  }
  return FALSE;
}

static gboolean says_without(const Parse *parse, guint index) {
  const Item *item = parse_item(parse, index);
  return !item->claimed && (item_is_word(item, WORD_MISSING) || item_is_word(item, WORD_EXCLUDE)) && item->kind == ITEM_WORD;
}

/* "orders with a voucher against those without": both sides of a column that not every row has. */
void parse_presence_sides(Parse *parse) {
  int nouns[2] = {-1, -1}, words[2] = {-1, -1};
  const Field *field = NULL;
  guint found = 0;
  for (guint i = 1; i < parse_n(parse) && found < 2; i++) {
    const Item *item = parse_item(parse, i);
    const Field *own = item->kind == ITEM_FIELD && !item->claimed ? item->meaning.field : NULL;
    if (own == NULL || own->null_count == 0 || own->role == FIELD_ROLE_MEASURE || flag_is(own) || (field != NULL && own != field)) continue;
    guint at = i - 1;
    while (at > 0 && parse_item(parse, at)->kind == ITEM_STOP && strcmp(parse_fold(parse, (int)at), "with") != 0) at--;
    const gboolean with = strcmp(parse_fold(parse, (int)at), "with") == 0 && parse_item(parse, at)->count == 1;
    if (!with && !says_without(parse, at)) continue;
    field = own;
    nouns[found] = (int)i;
    words[found++] = (int)at;
  }
  if (found < 2 || says_without(parse, (guint)words[0]) == says_without(parse, (guint)words[1])) return;
  int link = -1;
  for (int i = nouns[0] + 1; i < words[1]; i++)
    if (item_is_word(parse_item(parse, (guint)i), WORD_COMPARE) || item_is_word(parse_item(parse, (guint)i), WORD_AND) || item_is_word(parse_item(parse, (guint)i), WORD_THAN)) link = i;
  if (link < 0) return;
  for (guint side = 0; side < 2; side++) {
    add_presence(parse, field, !says_without(parse, (guint)words[side]), (guint)nouns[side]);
    parse_claim(parse, (guint)words[side], "with or without");
  }
  parse_claim(parse, (guint)link, "side by side");
}

void parse_links(Parse *parse) {
  for (guint i = 0; i < parse_n(parse); i++) {
    if (parse_item(parse, i)->claimed) continue;
    const Field *field = parse_loose_link(parse, parse_item(parse, i));
    if (field != NULL && !read_both_sides(parse, i, field)) read_link(parse, i, field);
  }
}

void parse_claim_loose_links(Parse *parse) {
  for (guint i = 0; i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    const Field *field = !item->claimed && item->kind == ITEM_ROWS ? parse_loose_link(parse, item) : NULL;
    if (field == NULL) continue;
    parse_assume(parse, "present", "only where %s is known", field->label);
    add_presence(parse, field, TRUE, i);
  }
}
