/*
 * Columns that say yes or no, and what people call them. A flag is a boolean, or a column whose coded values are a yes and
 * a no ("Y"/"N", 1/0, "ja"/"nein").
 */
#pragma once
#include "ask/lexicon.h"
#include "query/semantic_query.h"

/* The stored value that means yes (or no); NULL: the field says neither, or yes is all but no. Borrowed from the field. */
const char *flag_value(const Field *field, gboolean yes);
/* Rows of which it is so, or not so. `field` is a flag. (transfer full) */
Filter *flag_filter(const Field *field, gboolean yes);
/* NULL is none. */
gboolean flag_is(const Field *field);
/* Adds the words people use for the flags of the model, where nothing else is called so. Before the lexicon is shared. */
void flag_words_add(Lexicon *lexicon);
