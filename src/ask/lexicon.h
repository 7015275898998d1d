/*
 * What a phrase can mean in one model, for one caller: metric, field, entity, row noun, condition, unit of time, cyclic
 * part, function word. Values come from the ValueIndex. One phrase may mean several things; context decides later.
 */
#pragma once
#include "ask/ask.h"
#include "ask/token.h"
#include "ask/words.h"

typedef struct {
  const Metric *metric;
  const Field *field;
  GPtrArray *fields;       /* every field of that name, of const Field*; NULL when there is at most one */
  const Entity *entity;
  const Dataset *rows;     /* noun of one row */
  const Condition *condition;
  TimeUnit unit;           /* grain noun or adverb */
  gboolean unit_adverb;    /* "monthly" */
  Cyclic cyclic;           /* "day of the week" */
} Meaning;

struct Lexicon {
  gint reference_count;
  Model *model;
  ValueIndex *values;
  EnglishWords *english;
  GHashTable *meanings;  /* stemmed phrase -> Meaning* */
  GHashTable *vocabulary; /* folded single words known in any way -> VocabularyTier */
  guint longest;
};

/* NULL: the phrase means nothing by itself. (transfer none) */
const Meaning *lexicon_find(const Lexicon *lexicon, const char *stemmed_phrase);
gboolean lexicon_knows_word(const Lexicon *lexicon, const char *folded_word);
/* The one known word within typo distance of an unknown one; NULL when there is none or several. (transfer none) */
const char *lexicon_correct(const Lexicon *lexicon, const char *folded_word);
/* Labels of the metrics, dimensions and words most like an unknown word, best first. (transfer full, NULL-terminated) */
char **lexicon_closest(const Lexicon *lexicon, const char *folded_word, guint limit);
/* Field that stands for an entity in results: its name where there is one, else its key. */
const Field *lexicon_entity_field(const Lexicon *lexicon, const Entity *entity);
const Field *lexicon_default_date(const Lexicon *lexicon);
/* "dataset.field" (transfer full) */
char *lexicon_field_path(const Field *field);
/* The phrase also means the field; several fields may share it. While the lexicon is made. */
void lexicon_add_field_phrase(Lexicon *lexicon, const Field *field, const char *phrase);
