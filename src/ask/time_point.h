/* Named stretches of the calendar in a question's tokens: years, months, quarters, weeks, days, holidays. */
#pragma once
#include <string.h>

#include "ask/time_phrase.h"

static inline gboolean token_is(const GArray *tokens, guint index, const char *word) {
  return index < tokens->len && strcmp(token_at(tokens, index)->fold, word) == 0;
}

static inline gboolean token_is_any(const GArray *tokens, guint index, const char *const *words) {
  for (; *words; words++)
    if (token_is(tokens, index, *words)) return TRUE;
  return FALSE;
}
#define TOKEN_IS_ANY(tokens, index, ...) token_is_any(tokens, index, (const char *const[]){__VA_ARGS__, NULL})

/* Each of these looks at the tokens from one index on; 0: nothing there, else the value, or the tokens consumed. */
int time_year_at(const GArray *tokens, guint index);
int time_month_at(const GArray *tokens, guint index);
int time_day_number_at(const GArray *tokens, guint index);
guint time_following_year(const GArray *tokens, guint index, int *year);
guint time_numeric_date(const GArray *tokens, guint index, TimePoint *point);
guint time_point_parse(const GArray *tokens, guint index, TimePoint *point);
guint time_skip_the(const GArray *tokens, guint index); /* the index after "the" */
