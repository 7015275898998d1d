/*
 * Sentences as tokens of the fact check: numbers with their unit and rounding, names of the result's members and
 * measures, direction words, superlatives, and the small words that tell what a number is about.
 */
#pragma once
#include "insight/view.h"

typedef enum {
  TOKEN_WORD, /* says nothing that can be checked */
  TOKEN_PUNCTUATION,
  TOKEN_NUMBER,
  TOKEN_MEMBER, /* value of a dimension */
  TOKEN_SIDE,   /* the compared period or member, or the one before */
  TOKEN_MEASURE,
  TOKEN_NOUN,    /* what rows are: "regions" */
  TOKEN_CONTEXT, /* filters and time of the query */
  TOKEN_DIRECTION,
  TOKEN_SUPERLATIVE,
  TOKEN_CUE,
  TOKEN_FOREIGN /* a name, date or code that the result does not have */
} TokenKind;

typedef enum {
  CUE_NONE,
  CUE_ARTICLE,
  CUE_FROM,
  CUE_TO,
  CUE_BY,
  CUE_THAN,
  CUE_OF,
  CUE_IN,
  CUE_AND,
  CUE_AGAINST,
  CUE_SHARE,
  CUE_TOTAL,
  CUE_AVERAGE,
  CUE_LOSS,
  CUE_NEGATIVE,
  CUE_TIE,
  CUE_SAME,
  CUE_NOT,
  CUE_ALL,
  CUE_ALWAYS,
  CUE_ABOUT,
  CUE_AT,
  CUE_SHOWN,
  CUE_BREAK,
  CUE_MONEY,
  CUE_NO,
  CUE_PARTIAL,
  CUE_NEW
} Cue;

typedef enum {
  NUMBER_PLAIN,
  NUMBER_PERCENT,
  NUMBER_POINTS,
  NUMBER_MONEY,
  NUMBER_TIMES,
  NUMBER_ORDINAL,
  NUMBER_PART
} NumberUnit;
typedef struct {
  double value;     /* percent and points as fractions */
  double tolerance; /* half a unit of the last shown digit */
  int decimals;     /* shown */
  double scale;     /* of the shown digits: 1e6 for millions, 0.01 for percent */
  NumberUnit unit;
  char currency[4];  /* ISO code when a sign or word told */
  gboolean has_sign; /* + or - stood there */
  gboolean is_word;
} NumberToken;

typedef struct {
  TokenKind kind;
  int start, length;    /* bytes */
  char *word;           /* lower case */
  guint dimension;      /* MEMBER, NOUN (G_MAXUINT: rows of any kind) */
  const char *label;    /* MEMBER: as in ViewDimension.labels (transfer none) */
  int side;             /* SIDE: 1 current, -1 previous */
  guint measure;        /* MEASURE */
  int column;           /* MEASURE: the column its label names, else -1 */
  int direction;        /* DIRECTION: 1 up, -1 down */
  gboolean comparative; /* DIRECTION: "more", "lower": may need an object */
  double factor;        /* DIRECTION: "doubled" 2, "halved" 0.5; else 0 */
  int extreme;          /* SUPERLATIVE: 1 most, -1 least */
  Cue cue;
  NumberToken number;
  gboolean is_object; /* MEMBER, SIDE, MEASURE: what something is compared with */
  gboolean tied;      /* follows from the result */
} Token;

/* The names of one result, for finding them in sentences. */
typedef struct Phrases Phrases;
Phrases *claim_phrases_new(const ResultView *view);
void claim_phrases_free(Phrases *phrases);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Phrases, claim_phrases_free)

/* Of Token*; the text must be valid UTF-8. (transfer full) */
GPtrArray *claim_tokenize(const Phrases *phrases, const char *text);
/* Number at `text`; bytes it takes, 0 when there is none. A code such as "123A" is none. */
int claim_number_parse(const char *text, NumberToken *out);
/* Fills kind, direction, extreme, cue or number from one lower-case word; FALSE when it is an ordinary word. */
gboolean claim_word_meaning(const char *word, Token *out);
