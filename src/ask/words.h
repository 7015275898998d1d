/* Function words: closed classes read from lexicon/english.txt, and the stop words of lexicon/stopwords.txt. */
#pragma once
#include <glib.h>

#define WORD_CLASSES(X)                                                                                                   \
  X(HOW_MANY) X(HOW_MUCH) X(WHICH) X(WHO) X(WHEN) X(WHERE) X(YES_NO) X(LIST) X(EACH) X(BY) X(WITHIN) X(RANK_HIGH)        \
  X(RANK_LOW) X(RANK_ALL) X(RANK_ALL_LOW) X(BEST) X(WORST) X(MOST_PROFITABLE) X(LEAST_PROFITABLE) X(CHEAPEST) X(DEAREST) \
  X(JUDGE) X(EARLIEST) X(LATEST) X(MORE_THAN) X(LESS_THAN) X(AT_LEAST) X(AT_MOST) X(EXACTLY) X(BETWEEN) X(THAN) X(AND)   \
  X(OR) X(BUT) X(COMPARE) X(DIFFERENCE) X(HOW_MUCH_MORE) X(HOW_MUCH_LESS) X(MORE) X(LESS) X(CHANGE) X(GROW)              \
  X(FASTEST_GROWING) X(RISE) X(FALL) X(BY_HOW_MUCH) X(PERCENT_OF_CHANGE) X(ABSOLUTE) X(SHARE) X(AVERAGE) X(MEDIAN)       \
  X(MAXIMUM) X(MINIMUM) X(PERCENTILE) X(SUM) X(DISTINCT) X(NOT) X(EXCLUDE) X(EXCLUDE_AFTER) X(INCLUDE) X(DEDUCT_AFTER)   \
  X(NET_OF) X(BEFORE) X(AFTER) X(SINCE) X(UNTIL) X(ONLY) X(MISSING) X(HAVING) X(CONTAINS) X(CUMULATIVE)                  \
  X(MOVING_AVERAGE) X(RUN_RATE) X(INSTEAD) X(SAME) X(OTHER) X(NEW) X(REPEAT) X(MORE_THAN_ONCE) X(ONCE) X(TWICE)          \
  X(BUCKET) X(WHY) X(SUMMARY) X(SINGLE) X(TREND) X(DAYS_BETWEEN) X(YEAR_OVER_YEAR) X(MONTH_OVER_MONTH)                   \
  X(QUARTER_OVER_QUARTER) X(WEEK_OVER_WEEK) X(PREVIOUS_PERIOD) X(SAME_PERIOD_YEAR_EARLIER) X(ALL_TIME) X(VALUE_WORD)     \
  X(SOLD) X(BOUGHT) X(SPENT) X(EARNED) X(LOST) X(WEEKEND) X(WEEKDAYS) X(THOUSAND) X(MILLION) X(BILLION) X(DOZEN) X(PLAN_CHECK) X(OFTEN) X(MINUS) X(DIVIDED) X(NEGATIVE) X(POSITIVE)         \
  X(HALF_NUMBER) X(POLITE) X(JOINED) X(BESIDE) X(PERIOD_END) X(NOUN)

typedef enum {
#define X(name) WORD_##name,
  WORD_CLASSES(X)
#undef X
  WORD_CLASS_COUNT
} WordClass;

/* A phrase may belong to several classes; bit `1 << class` in two words of 64. */
typedef struct { guint64 bits[2]; } WordSet;
static inline gboolean word_set_has(WordSet set, WordClass word) { return (set.bits[word / 64] >> (word % 64)) & 1; }
static inline void word_set_add(WordSet *set, WordClass word) { set->bits[word / 64] |= G_GUINT64_CONSTANT(1) << (word % 64); }
static inline gboolean word_set_is_empty(WordSet set) { return set.bits[0] == 0 && set.bits[1] == 0; }

typedef struct {
  GHashTable *phrases; /* folded phrase -> WordSet* */
  GHashTable *stop;    /* folded word -> itself */
  guint longest;       /* words in the longest phrase */
} EnglishWords;

EnglishWords *english_words_new(GError **error);
void english_words_free(EnglishWords *words);
const char *word_class_name(WordClass word); /* "how_many" */
