/* Text in UTF-8: folding, words, distances, names, numbers for people. Pure functions, thread-safe. */
#pragma once
#include <glib.h>

gboolean text_is_valid(const char *bytes, gsize length); /* UTF-8 without NUL */
/* Compatibility-composed, case-folded, accents stripped, curly quotes straightened, white space collapsed and trimmed. (transfer full) */
char *text_fold(const char *text);
/* English Snowball stem of one folded word; British and American spellings have one. (transfer full) */
char *text_stem(const char *spelt);
/* Damerau-Levenshtein (optimal string alignment) distance in characters; returns limit + 1 as soon as it is larger. */
int text_distance(const char *a, const char *b, int limit);
/* "Order Date" -> "order_date"; empty or digit-first names get "c_" in front. (transfer full) */
char *text_slug(const char *text);
/* slug made unique against the keys of `taken` ("name_2"), and added to it. (transfer full) */
char *text_slug_unique(const char *text, GHashTable *taken);
char *text_sql_quote(const char *text);      /* 'it''s'  (transfer full) */
char *text_sql_identifier(const char *name); /* "name", quotes doubled, always quoted (transfer full) */
/* 1234567.891, 2 -> "1,234,567.89". (transfer full) */
char *text_format_number(double value, int decimals);
/* "1 row", "2,000 rows". (transfer full) */
char *text_count(gint64 count, const char *noun);
/* The whole number that the text begins with, at most 9 digits of it; 0 where there is none. */
int text_leading_number(const char *text);
/* For GHashTable, where texts are long or looked up very often: eight bytes a step. Not for hostile keys, as g_str_hash is not. */
guint text_hash(gconstpointer text);
/* English plural and singular of the last word: "sub-category" <-> "sub-categories". (transfer full) */
char *text_plural(const char *noun);
char *text_singular(const char *noun);
