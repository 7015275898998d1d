/*
 * WordPiece as BERT's uncased models use it: clean, strip accents, lower case, cut at white space and punctuation, then
 * the longest pieces of the vocabulary from the left (Wu et al. 2016, "Google's Neural Machine Translation System").
 */
#pragma once
#include "base/base.h"

typedef struct Wordpiece Wordpiece;
/* vocab.txt: one piece a line, its id is the line's number. (transfer full) */
Wordpiece *wordpiece_open(const char *path, GError **error);
void wordpiece_free(Wordpiece *wordpiece);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Wordpiece, wordpiece_free)
guint wordpiece_size(const Wordpiece *wordpiece);
/* Ids of gint32, [CLS] first and [SEP] last, at most `max_tokens` (2 or more). (transfer full) */
GArray *wordpiece_tokenize(const Wordpiece *wordpiece, const char *text, guint max_tokens);
