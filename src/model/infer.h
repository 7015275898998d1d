/*
 * infer: private to model/. What the parts of inference share: the retail lexicon, and the conclusions about each column
 * and table, which later parts build on. A part reads what the earlier ones concluded and adds to the model.
 */
#pragma once
#include "model/build.h"
#include "model/profile.h"

/* ---- the retail thesaurus (lexicon/retail.yaml) ---- */
typedef enum { CONCEPT_MEASURE, CONCEPT_IDENTIFIER, CONCEPT_NAME, CONCEPT_DATE, CONCEPT_TIME, CONCEPT_DIMENSION,
               CONCEPT_DETAIL } ConceptKind;
typedef struct {
  char *name;
  ConceptKind kind;
  char *entity;        /* identifiers and names; NULL */
  GPtrArray *exact;    /* of char**: whole headers, as words */
  GPtrArray *headers;  /* of char**: words that must all stand in the header, strongest first */
  char **never;        /* words that rule it out */
  char **words;        /* what people say */
  Aggregate aggregate; /* measures */
  char *unit;
  gboolean lower_is_better;
} Concept;
typedef struct {
  char *name;
  char **words;
  gboolean is_event;
} EntityWords;
typedef struct {
  char *name;
  char **values, **flags, **words;
} ConditionWords;
typedef struct {
  GHashTable *abbreviations; /* word -> replacement words */
  GHashTable *vocabulary;    /* set of words that headers are made of */
  GPtrArray *concepts;       /* of Concept* */
  GHashTable *entities;      /* name -> EntityWords* */
  GHashTable *conditions;    /* name -> ConditionWords* */
  GHashTable *codes;         /* concept -> GPtrArray of CodedValue* */
} RetailLexicon;
RetailLexicon *retail_lexicon_load(GError **error);
void retail_lexicon_free(RetailLexicon *lexicon);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RetailLexicon, retail_lexicon_free)
const Concept *retail_lexicon_concept(const RetailLexicon *lexicon, const char *name); /* NULL: none */
/* A header's words: camel case and glued words split, abbreviations written out, singular, id words spelled "id". (transfer full) */
char **retail_header_words(const RetailLexicon *lexicon, const char *header);
/* The header as people would write it: "DocNo" -> "invoice no". (transfer full) */
char *retail_header_phrase(const char *header);
/* The same with abbreviations written out: "Cust No" -> "customer number". (transfer full) */
char *retail_header_spelled(const RetailLexicon *lexicon, const char *header);
/* The currency a header names ("Amount (£)", "amount_usd"), as a code; NULL. (transfer none) */
const char *retail_header_currency(const char *header);
/* The concept of the kinds (bits 1 << ConceptKind) that fits the words best; NULL when none does. `score` may be NULL. */
const Concept *retail_lexicon_match(const RetailLexicon *lexicon, char **words, guint kinds, double *score);
/* Words for people: "revenue", then the singular and so on; the lexicon's words of an entity or condition. (transfer none) */
const EntityWords *retail_entity_words(const RetailLexicon *lexicon, const char *entity);
const ConditionWords *retail_condition_words(const RetailLexicon *lexicon, const char *condition);

/* ---- conclusions ---- */
typedef struct InferTable InferTable;
typedef struct {
  InferTable *table;            /* (transfer none) */
  const ColumnProfile *profile; /* (transfer none) */
  char **words;                 /* header words */
  const Concept *concept;       /* NULL: none fits */
  double score;
  Field *field;                 /* owned by the dataset */
  gboolean is_key;              /* distinct and never empty */
  gboolean is_period;           /* a date was computed from it */
  gboolean is_rate;             /* numbers that are averaged */
  double scale;                 /* what a number is divided by to be a fraction; 1 */
  gboolean has_metric;          /* a metric stands for exactly this column */
  char *short_phrase;           /* the header without words that several headers begin with; NULL: it has none of these */
  gboolean says_short;          /* people may say the short phrase alone */
} InferColumn;
struct InferTable {
  TableProfile *profile;
  Dataset *dataset;    /* owned by the model */
  GPtrArray *columns;  /* of InferColumn* */
  InferColumn *key;    /* single-column key; NULL */
  gboolean is_one_side;/* some join leads here */
  gboolean lists_returns; /* its name says that what it lists came back or was called off */
  char *goods_noun;    /* what is sold is called so, though no column says product; NULL */
  gboolean row_is_order;
  gboolean returned_is_partial; /* a row says how much of it came back: the rest was sold */
  gboolean gone_by_prefix; /* one condition stands for cancelled and returned alike */
  gboolean cancelled_is_negative, returned_is_negative; /* those rows carry negative numbers: sums are net already */
};
typedef struct {
  Engine *engine;
  Deadline deadline;
  RetailLexicon *lexicon;
  ModelBuilder *builder;
  Model *model;       /* the builder's draft (transfer none) */
  GHashTable *notes;  /* name -> evidence; may be NULL */
  GPtrArray *tables;  /* of InferTable* */
  InferTable *main;   /* the main fact */
  InferTable *orders; /* one row an order, and about the order itself rather than its payment or delivery; NULL */
} Inference;

/* Adds a sentence of evidence to what has this name ("dataset.field", a metric, a condition ...). */
void infer_note(Inference *inference, const char *name, const char *format, ...) G_GNUC_PRINTF(3, 4);
void infer_note_column(Inference *inference, const InferColumn *column, const char *format, ...) G_GNUC_PRINTF(3, 4);
void infer_note_table(Inference *inference, const InferTable *table, const char *format, ...) G_GNUC_PRINTF(3, 4);
gboolean infer_is_concept(const InferColumn *column, const char *concept);
gboolean infer_has_word(const InferColumn *column, const char *word);
/* What a table is called after, in words. (transfer full) */
char *infer_table_noun(const char *table);
gboolean infer_flag_is_true(const char *value); /* yes, y, true, t, 1 */
/* The column of a concept in a table that fits best, empty ones left out; NULL. */
InferColumn *infer_find_concept(const InferTable *table, const char *concept);
InferColumn *infer_find_entity_column(const InferTable *table, const char *entity, ConceptKind kind);
InferColumn *infer_find_column(const InferTable *table, const char *field);
InferTable *infer_find_table(const Inference *inference, const char *dataset);
/* Share of the table's rows for which the condition holds. */
gboolean infer_share(Inference *inference, const InferTable *table, const char *condition, double *share, GError **error);
gboolean infer_is_money(const InferColumn *column);

/* Parts, in order; each returns FALSE with an error only where the engine failed. */
gboolean infer_columns(Inference *inference, InferTable *table, GError **error); /* roles, units, codes, personal data */
gboolean infer_dates(Inference *inference, InferTable *table, GError **error);   /* months kept as text, default date */
gboolean infer_keys(Inference *inference, GError **error);                       /* row keys, joins, facts, the main fact */
gboolean infer_hierarchies(Inference *inference, GError **error);
gboolean infer_entities(Inference *inference, GError **error);
gboolean infer_conditions(Inference *inference, GError **error);
gboolean infer_metrics(Inference *inference, GError **error);
