/* Words of a question, with their places. A hyphen separates words like a space does, but is remembered. */
#pragma once
#include "base/base.h"

typedef struct {
  int start, length;      /* bytes in the question */
  char *text;             /* as written */
  char *fold;             /* folded, possessive 's removed, typos corrected */
  char *stem, *singular;
  gboolean is_word;       /* letters or digits; else one punctuation character */
  gboolean is_number;     /* starts with a digit: 123A counts too, see `number_ok` */
  gboolean number_ok;     /* wholly a number: 1,000.50 */
  double number;
  gboolean is_money, is_percent; /* currency sign before or after, % after */
  gboolean hyphen_before; /* joined to the token before by - or / without a space */
  gboolean comma_before;
  gboolean is_capital;    /* first letter is upper case */
  gboolean is_shouted;    /* all letters upper case */
  gboolean quoted;        /* inside "..." */
  char *corrected_from;   /* the word as typed, when a typo was corrected */
} Token;

GArray *tokens_parse(const char *question); /* of Token (transfer full) */
void token_correct(Token *token, const char *fold);
/* Folded words of tokens [first, first+count) joined by one space; punctuation left out. (transfer full) */
char *tokens_fold_phrase(const GArray *tokens, guint first, guint count);
char *tokens_stem_phrase(const GArray *tokens, guint first, guint count);
char *tokens_source(const char *question, const GArray *tokens, guint first, guint count);
static inline Token *token_at(const GArray *tokens, guint index) { return &g_array_index(tokens, Token, index); }
/* The phrase form that lexicon and tokens share: "Sub-Group" -> "sub category", "BookedOn" -> "invoice date". (transfer full) */
char *phrase_normalise(const char *text);
char *phrase_stem(const char *phrase);
