/*
 * Items: the question cut into typed mentions. Each keeps every candidate meaning; rules claim items, and what no rule
 * claimed and no stop word excuses makes the question not understood.
 */
#pragma once
#include "ask/lexicon.h"
#include "ask/time_phrase.h"

typedef enum { ITEM_STOP, ITEM_WORD, ITEM_METRIC, ITEM_FIELD, ITEM_ENTITY, ITEM_ROWS, ITEM_CONDITION, ITEM_VALUE, ITEM_TIME, ITEM_GRAIN,
               ITEM_CYCLIC, ITEM_NUMBER, ITEM_UNKNOWN } ItemKind;

typedef struct {
  ItemKind kind;
  guint first, count;      /* tokens */
  WordSet words;           /* classes of the function word, whatever the kind */
  Meaning meaning;         /* borrowed pointers */
  GPtrArray *hits;         /* of ValueHit*: candidate values; NULL */
  const TimeMention *time; /* ITEM_TIME */
  double number;           /* ITEM_NUMBER */
  gboolean ordinal, money, percent;
  gboolean plural;         /* the noun stands in the plural */
  gboolean is_stop;        /* may go unused */
  gboolean comma_before;
  gboolean is_inflected_verb; /* ends with -ed or -ing */
  gboolean pinned;         /* the question says whose field it is ("supplier country") */
  gboolean claimed;
  gboolean negated;
  const char *claimed_as;  /* what a rule used it for; static string */
  gpointer filter;         /* the Filter a value became; owned by the query */
  char *described;         /* "Region = West"; owned */
} Item;

typedef struct {
  const Lexicon *lexicon;
  const char *question;
  GArray *tokens;
  GArray *times;   /* of TimeMention */
  GArray *items;   /* of Item */
} Items;

Items *items_build(const Lexicon *lexicon, const char *question);
void items_free(Items *items);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Items, items_free)
static inline Item *item_at(const Items *items, guint index) { return &g_array_index(items->items, Item, index); }
static inline gboolean item_is_word(const Item *item, WordClass word) { return word_set_has(item->words, word); }
/* "more than", "at most", "exactly": a number to test against may follow. */
static inline gboolean item_is_comparator(const Item *item) {
  return item_is_word(item, WORD_MORE_THAN) || item_is_word(item, WORD_LESS_THAN) || item_is_word(item, WORD_AT_LEAST) ||
         item_is_word(item, WORD_AT_MOST) || item_is_word(item, WORD_EXACTLY);
}
/* Words of the item as they stand in the question. (transfer full) */
char *item_source(const Items *items, const Item *item);
/* The item's value hits of one field; the first hit when field is NULL; NULL: none. */
const ValueHit *item_hit(const Item *item, const Field *field);
/* Whether the noun is what a row of the table is called. */
gboolean item_names_rows(const Items *items, const Item *item, const Dataset *dataset);
/* Keeps only the hits of one field. */
void item_keep_field(Item *item, const Field *field);
