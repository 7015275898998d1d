/* Who bought only one thing, and orders that hold none of it: about all the lines of a customer or an order, not single rows. */
#include <string.h>

#include "ask/parse.h"

/* A value of the goods (a product, its group): something that one line of an order has and another has not. */
static gboolean is_of_goods(const Parse *parse, const Item *item) {
  const ValueHit *hit = item->kind == ITEM_VALUE && !item->claimed && item->hits->len > 0 ? item_hit(item, NULL) : NULL;
  const Entity *thing = hit != NULL ? parse_thing_within(parse, hit->field) : NULL;
  return thing != NULL && strcmp(thing->name, "product") == 0;
}

static Filter *did_with(const Entity *entity, const Item *value, Operator op, gboolean negated) {
  Filter *did = parse_new_did(entity, negated);
  parse_add_did_value(did->did, value);
  ((Filter *)g_ptr_array_index(did->did, 0))->op = op;
  return did;
}

/* "customers who bought only Tea", "who bought nothing but Tea". */
static gboolean read_only(Parse *parse, const Entity *person) {
  for (guint i = 1; person != NULL && i < parse_n(parse); i++) {
    if (!is_of_goods(parse, parse_item(parse, i))) continue;
    int only = parse_before(parse, i);
    while (only >= 0 && (item_is_word(parse_item(parse, (guint)only), WORD_BOUGHT) || strcmp(token_at(parse->items->tokens, parse_item(parse, (guint)only)->first)->fold, "ever") == 0))
      only = parse_before(parse, (guint)only);
    gboolean buys = parse_has_word(parse, WORD_BOUGHT);
    if (only < 0 || !buys || !parse_free_word(parse, (guint)only, WORD_ONLY)) continue;
    g_ptr_array_add(parse->query->filters, did_with(person, parse_item(parse, i), OP_EQUAL, FALSE));
    g_ptr_array_add(parse->query->filters, did_with(person, parse_item(parse, i), OP_NOT_EQUAL, TRUE));
    parse_claim(parse, (guint)only, "nothing else");
    parse_claim(parse, i, "bought");
    parse_claim_word(parse, WORD_BOUGHT, "bought");
    return TRUE;
  }
  return FALSE;
}

/* "how many orders did not contain Tea", "orders without Tea", "customers with no Tea". */
static void read_none_of(Parse *parse) {
  const Entity *holder = NULL;
  for (guint i = 0; i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    if (item->kind == ITEM_METRIC) return; /* "sales without Tea" are the other rows' */
    if (item->kind == ITEM_ENTITY && holder == NULL && item->plural && item->meaning.entity->is_event && item->meaning.entity->key != NULL)
      holder = item->meaning.entity;
    if (holder == NULL || !is_of_goods(parse, item)) continue;
    int negation = (int)i - 1;
    while (negation > 0 && (item_is_word(parse_item(parse, (guint)negation), WORD_CONTAINS) || parse_item(parse, (guint)negation)->kind == ITEM_STOP) &&
           !item_is_word(parse_item(parse, (guint)negation), WORD_MISSING))
      negation--;
    const Item *word = negation >= 0 ? parse_item(parse, (guint)negation) : NULL;
    static const char *const HOLDS[] = {"without", "no", "with", NULL};
    gboolean contains = negation + 1 < (int)i && item_is_word(parse_item(parse, (guint)negation + 1), WORD_CONTAINS);
    gboolean holds = word != NULL && (contains || g_strv_contains(HOLDS, token_at(parse->items->tokens, word->first)->fold)); /* "apart from Tea" is about rows */
    gboolean none = holds && !word->claimed && (item_is_word(word, WORD_NOT) || item_is_word(word, WORD_EXCLUDE) || item_is_word(word, WORD_MISSING));
    if (!none) return;
    g_ptr_array_add(parse->query->filters, did_with(holder, item, OP_EQUAL, TRUE));
    for (guint k = (guint)negation; k <= i; k++) parse_claim(parse, k, "none of it");
    return;
  }
}

void parse_without(Parse *parse, const Entity *person) {
  if (!read_only(parse, person)) read_none_of(parse);
}
