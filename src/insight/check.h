/* Parts of the fact check: each says whether the token at `index` follows from the result, and ties it if so. */
#pragma once
#include "insight/derive.h"

gboolean check_number(Check *check, int index);
gboolean check_direction(Check *check, int index);
gboolean check_superlative(Check *check, int index);
gboolean check_loss(Check *check, int index);
gboolean check_same(Check *check, int index);

/* A number that is a count, a "top n", a bound. */
gboolean check_count(Check *check, int index);
gboolean check_top_count(Check *check, int index);
gboolean check_threshold(Check *check, int index, int direction, gboolean or_equal);

/* Marks the number as following from the result when it shows `expected`; `value` and `from` go into its fact. */
gboolean check_tie_number(Check *check, int index, double expected, double value, const char *from);
/* One of the space-separated words, each with a space on both sides. */
gboolean check_is_word(const Check *check, int index, const char *words);

/* Roles that one part of the check reads off another. */
gboolean check_unit_fits(const ResultView *view, int column, const NumberToken *number);
gboolean check_equals(const Check *check, int index, double expected);
gboolean check_is_count(const Check *check, int index);                           /* "3 regions", "3 of 4" */
gboolean check_is_top_count(const Check *check, int index, int *extreme);         /* "top 3" */
gboolean check_is_direction_count(const Check *check, int index, int *direction); /* "rose in 3" */
gboolean check_is_threshold(const Check *check, int index, int *direction, gboolean *or_equal); /* "above 500" */
gboolean check_is_loss_amount(const Check *check, int index);                                   /* "a loss of $5" */
/* Cut results only show their best or worst: whether such an extreme holds for all of the data. */
gboolean check_extreme_holds(const Check *check, int index, const ViewMeasure *measure, int column, int extreme);
/* One sentence against a view; facts are appended when it passes. */
gboolean check_sentence(const ResultView *view, const Phrases *phrases, const char *sentence, GPtrArray *facts,
                        char **why_not);
