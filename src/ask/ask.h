/*
 * ask: English -> semantic query, without any language model. Deterministic. Words become typed mentions with all their
 * candidate meanings; mentions become pieces; constructions put pieces together; readings compete, and one that leaves a
 * content word unused is never answered.
 */
#pragma once
#include "model/value_index.h"
#include "query/query.h"

typedef struct Lexicon Lexicon;
/* Words of the model, the thesaurus and the values one caller may see. Immutable, thread-safe. (transfer full) */
Lexicon *lexicon_new(Model *model, ValueIndex *values, GError **error);
Lexicon *lexicon_ref(Lexicon *lexicon);
void lexicon_unref(Lexicon *lexicon);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Lexicon, lexicon_unref)

typedef enum { ASK_UNDERSTOOD, ASK_CLARIFY, ASK_REFUSED } AskStatus;

/* What one span of the question became, for "understood" and --explain. */
typedef struct {
  int start, length; /* bytes in the question */
  char *text;
  char *kind;        /* metric, dimension, value, entity, time, number, operator, ignored, unknown ... */
  char *meaning;     /* "Region = West" */
  double score;
  char **alternatives; /* what else the words are called in this data, not taken: "City: West"; NULL: nothing */
} Understood;

typedef struct {
  char *label;          /* restated in words */
  SemanticQuery *query; /* NULL: the option is only words to say */
} AskOption;

typedef struct {
  AskStatus status;
  SemanticQuery *query;    /* UNDERSTOOD */
  GPtrArray *understood;   /* of Understood* */
  GPtrArray *assumptions;  /* of char*: defaults that were used, for caveats: "code|text" */
  char *clarify_question;  /* CLARIFY */
  GPtrArray *options;      /* of AskOption*; CLARIFY: 2 to 4 */
  char *reason_code;       /* REFUSED: no_such_data, no_such_period, not_a_question, unknown_word ... */
  char *missing;           /* REFUSED: the word or period */
  char **closest;          /* REFUSED: what the data has instead */
  char *reason_text;       /* REFUSED: one sentence */
  gboolean is_followup;    /* the query before was changed rather than a new one made */
} AskResult;
void ask_result_free(AskResult *result);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AskResult, ask_result_free)

typedef struct {
  Day as_of;
  const SemanticQuery *previous;   /* query of the answer this one follows; NULL (transfer none) */
  const GPtrArray *previous_options; /* of AskOption*, when the answer before asked back; NULL */
} AskContext;

/* Never fails for want of understanding (that is a status); GError only for misuse: empty, too long, not UTF-8. (transfer full) */
AskResult *ask_understand(const Lexicon *lexicon, const char *question, const AskContext *context, GError **error);

/* Completions for a half-typed question: metrics, dimensions, values, periods. Of char*. (transfer full) */
GPtrArray *ask_suggest(const Lexicon *lexicon, const char *prefix, guint limit);
