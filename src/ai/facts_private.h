/* The parts of the fact check: what the data holds (facts_data.c), what a text says piece by piece (facts_text.c, facts_number.c), words
 * that mean something here (facts_words.c), of what each clause speaks (facts_clause.c); then numbers (facts_amount.c), directions
 * (facts_direct.c) and comparisons (facts_compare.c) are held against the data. Pure. Private to facts*.c. */
#pragma once
#include "ai/facts.h"

/* ---- words ---- */

/* What is measured; several words mean the same. Bits. */
typedef guint32 FactMeasure;
/* Of the word at `index` (folded singulars, NULL-terminated); *used: how many words it took. 0: none. */
FactMeasure fact_measure(const char *const *words, guint n, guint index, guint *used);
/* What merely names a shop or an article ("in stores", "product Lamps") is a measure only where it is counted. */
#define FACT_COUNTED_ONLY ((FactMeasure)((1u << 14) | (1u << 15)))
FactMeasure fact_measure_sales(void);
gboolean fact_measure_is_count(FactMeasure measure); /* counted in pieces, never in money */
/* 1 rises, -1 falls, 2 stays, 0 neither. */
int fact_direction(const char *word);
gboolean fact_is_one_of(const char *word, const char *const *words); /* NULL-terminated */

/* ---- numbers ---- */

typedef struct {
  const char *start, *end;
  double value;      /* as shown, scaled; never negative */
  double tolerance;  /* half of its last digit, scaled */
  double loose;      /* half of its last digit that is not 0 */
  gboolean negative, plus, percent, points, whole, in_words;
  gboolean times;    /* "5 times": a comparison, no amount */
  char currency;     /* $ e p y: dollar, euro, pound, yen; 0: none */
  int bound;         /* 1 more than this, -1 less than this */
  gboolean about;
} FactNumber;
/* The number that begins at `at`, a digit that no letter touches; its end is after its unit. FALSE: an ordinal, "3rd". */
gboolean fact_number_read(const char *text, const char *at, FactNumber *out);
/* A number in words, "twenty-five percent", from words[0]; how many words it took, 0: none. `value` */
guint fact_number_words(const char *const *words, guint n, double *value);
double fact_loose_tolerance(double value, double tolerance); /* half of the last digit that is not 0: 1,230,000 may stand for 1,234,567 */
char fact_currency(const char *text); /* of a sign or a code at its start; 0: none */

/* ---- text ---- */

typedef struct {
  const char *start, *end;
  char *word;   /* folded */
  char *single; /* folded singular */
  gboolean is_number;
  FactNumber number;
  gboolean capital, begins; /* begins: the first of a sentence, a list or a quotation */
  guint clause, sentence;
  int name;     /* of the data's names, of which it is a part; -1: none */
  gboolean name_begins, counted; /* counted: its number is judged together with the word before */
} FactToken;
GArray *fact_tokens(const char *text); /* of FactToken (transfer full) */

/* ---- data ---- */

typedef struct {
  GPtrArray *words;  /* of char*: folded singulars */
  guint64 fields;    /* in which fields it stands; bits */
} FactName;

typedef struct {
  guint list;        /* rows of one list are like each other */
  GArray *fields;    /* of int: for each of `names`, the field */
  GArray *names;     /* of int */
  guint64 all_fields;
  char *metric;      /* of a field like "metric"; NULL */
  FactMeasure measure; /* of it */
} FactRow;

typedef struct {
  double value;
  int row;           /* -1: none */
  char *key;         /* folded; "" */
  FactMeasure measure;
  gboolean change, previous, fraction, points, percent_key, of_text, percent;
  gboolean derived;  /* tells a direction only, and: */
  double growth;
} FactCell;

typedef struct {
  GArray *cells;     /* of FactCell */
  GPtrArray *rows;   /* of FactRow* */
  GPtrArray *names;  /* of FactName* */
  GHashTable *by_words; /* the words of a name -> its number + 1 */
  GPtrArray *fields; /* of char* */
  GHashTable *kinds; /* field -> FactCell*: what its name tells */
  GHashTable *words; /* every word of it, singular and plural */
  GArray *lengths;   /* of guint: of its lists */
  char currency;     /* 0: none or several */
  guint lists;
} FactData;
FactData *fact_data_new(const json_t *sent, const char *known); /* (transfer full) */
void fact_data_free(FactData *data);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FactData, fact_data_free)

/* ---- of what a piece of text speaks ---- */

typedef struct {
  GArray *names;        /* of int, each once */
  FactMeasure measures; /* 0: any */
} FactScope;
gboolean fact_row_has(const FactRow *row, int name);
/* The row meets every name of the scope, or has nothing of its kind. */
gboolean fact_row_in_scope(const FactData *data, int row, const FactScope *scope);
gboolean fact_cell_in_scope(const FactData *data, const FactCell *cell, const FactScope *scope);
/* Rounded as it is shown, the value gives the number; its unit and its sign fit. `lost`: the text says that it is a loss. */
gboolean fact_stands_for(const FactData *data, const FactNumber *shown, const FactCell *cell, gboolean lost);

/* ---- comparisons (facts_compare.c) ---- */

/* What the clause says of which is more: 1 it holds, 0 it does not, -1 nothing that can be judged. `tokens` of the whole text. */
int fact_compare(const FactData *data, const GArray *tokens, guint first, guint end, const FactScope *scope);
gboolean fact_shares_field(const FactData *data, int name, int other); /* they may stand for each other in a sentence */

/* ---- clauses (facts_clause.c) ---- */

typedef struct {
  FactData *data;
  GArray *tokens; /* of FactToken */
  AiFacts facts;
  GString *problems;
} FactCheck;

typedef struct {
  guint first, end; /* tokens */
  FactScope scope;
  GArray *carried;  /* of int: names of the list before, "Chairs and Lamps rose" */
  gboolean speaks;  /* it holds a number, a direction or a verb */
  gboolean ratio;   /* it tells something per something */
  int said;         /* direction: 1, -1, 2 stays, 0 */
  guint said_at;
} FactClause;

FactToken *fact_token_at(const FactCheck *check, guint index);
/* The word at an index of the clause; "" outside of it. */
const char *fact_word_at(const FactCheck *check, const FactClause *clause, gint64 index);
/* The measure that is named from this word of the clause on; 0: none. */
FactMeasure fact_measure_at(const FactCheck *check, const FactClause *clause, guint index);
gboolean fact_clause_has(const FactCheck *check, const FactClause *clause, const char *const *words); /* outside of names */
gboolean fact_is_denied(const FactCheck *check, const FactClause *clause);
void fact_add_once(GArray *names, int name);
/* In this order: */
void fact_mark_names(FactCheck *check);
void fact_part_at_words(FactCheck *check);
GArray *fact_clauses(const FactCheck *check); /* of FactClause (transfer full) */

/* ---- judging ---- */

/* `kind`: what of it is wrong, in words before it. (facts.c) */
void fact_judge(FactCheck *check, gboolean good, const char *kind, const char *what, const char *end);
void fact_judge_clause(FactCheck *check, const FactClause *clause, gboolean good, const char *kind);
void fact_check_names(FactCheck *check);
/* TRUE: a number of it counts what rose or fell. (facts_amount.c) */
gboolean fact_check_numbers(FactCheck *check, const FactClause *clause);
/* facts_direct.c */
void fact_check_direction(FactCheck *check, const FactClause *clause);
gboolean fact_so_many_have_sign(const FactCheck *check, const FactClause *clause, int sign, guint count); /* rows rose (1) or fell (-1), in what is measured */
