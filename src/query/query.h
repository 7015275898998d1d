/*
 * query: the semantic query that rules, people and language models all speak; its validation, time resolution,
 * canonical form, restatement; the compiler to SQL; the guard. Only this module writes SQL that answers questions.
 */
#pragma once
#include "query/guard.h"
#include "query/semantic_query.h"

/* ---- resolving: `query` (relative time) -> `resolved` (absolute half-open ranges, no as_of) ---- */
typedef struct {
  Day as_of;
  Calendar calendar;
} ResolveContext;
/* Replaces every relative range in a copy. (transfer full) */
SemanticQuery *semantic_query_resolve(const SemanticQuery *query, const Model *model, const ResolveContext *context,
                                      GError **error);
/* Absolute range of one TimeRange (which may be relative). FALSE when it is unrestricted. */
gboolean time_range_resolve(const TimeRange *range, const ResolveContext *context, Day *from, Day *to_exclusive);

/* ---- validation: every name exists, is visible, fits; the error names the JSON path. ---- */
gboolean semantic_query_validate(const SemanticQuery *query, const Model *model, GError **error);

/*
 * The field by which rows of `dataset` can be grouped or filtered as `field` says, without multiplying rows: the field
 * itself, the key it refers to, or a field of the same name and type. NULL: out of reach. (transfer none)
 */
const Field *reach_field(const Model *model, const Dataset *dataset, const Field *field);

/* ---- plain English that, asked again, gives the same query. (transfer full) ---- */
char *semantic_query_restate(const SemanticQuery *query, const Model *model);

/* ---- compiler ---- */
typedef enum { COLUMN_DIMENSION, COLUMN_MEASURE } ColumnRole;
typedef struct {
  char *name;   /* as in the SQL: "region", "revenue", "revenue_previous", "revenue_change", "revenue_growth", "revenue_share" */
  char *label;  /* for people: "Sales 2019" */
  char *type;   /* "text", "integer", "number", "decimal", "date", "timestamp", "boolean", "period" (formatted bucket) */
  ColumnRole role;
  char *unit;   /* "currency:GBP", "fraction", "pp", "count", "" */
  char *format; /* "money", "percent", "integer", "number", "date", "text", "month", "quarter", ... */
  int measure;  /* index into query->measures, -1 for dimensions */
  char *kind;   /* "value", "previous", "change", "growth", "share", "cumulative", "moving_average", "bucket", "rank" ... */
} AnswerColumn;
void answer_column_free(AnswerColumn *column);

#define READ_MAX_KEYS 2000

/* A condition that every row of a read meets, on a stored column; it may say less than the query does. */
typedef struct {
  char *column;
  FieldType type;    /* TEXT, INTEGER, DATE or TIMESTAMP */
  Operator op;       /* EQUAL (any of the values), LESS, LESS_EQUAL, GREATER, GREATER_EQUAL */
  GPtrArray *values; /* of char*: text, whole numbers, ISO dates */
  struct CompiledQuery *keys; /* set: the values are its only column, in order; more than READ_MAX_KEYS say nothing */
} ReadCondition;

/* One table beneath the statement, with the access scope applied around it. */
typedef struct {
  const Dataset *dataset;
  guint edition;     /* 0: of the query's data; 1: of the data it is compared with, which "lake"."<table>" is not */
  char *name;        /* in the statement: the dataset's, or one of its own */
  GPtrArray *reads;  /* of GPtrArray* of ReadCondition*: only rows that meet one of these matter; NULL: all rows do */
  guint clause;      /* index in `clauses` */
  char *head, *tail; /* around the table's relation */
} QueryRelation;

typedef struct CompiledQuery {
  char *sql;             /* readable, stable, parameterised; scoped relations are CTEs at the top */
  char *shown_sql;       /* the same without the scope's CTEs, literals inlined: for people */
  GPtrArray *parameters; /* of Parameter* */
  GPtrArray *columns;    /* of AnswerColumn*, in the order of the result */
  GPtrArray *tables;     /* of const Dataset* used */
  GPtrArray *clauses;    /* of char*: the clauses of WITH; of a relation without what is read */
  char *main;            /* what follows WITH */
  GPtrArray *relations;  /* of QueryRelation* */
  GPtrArray *estimated;  /* of char*: metrics whose numbers are estimated from sketches; NULL: none */
  GArray *choices;       /* private to the compiler */
} CompiledQuery;
void compiled_query_free(CompiledQuery *compiled);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CompiledQuery, compiled_query_free)
/*
 * The statement to run with tables[i] (SQL of a relation with the table's columns) beneath relation i; NULL elements and
 * NULL stand for "lake"."<table>". The same parameters hold. (transfer full)
 */
char *compiled_query_bind(const CompiledQuery *compiled, char *const *tables);
/* `query` must be resolved and valid. (transfer full) */
CompiledQuery *semantic_query_compile(const SemanticQuery *resolved, const Model *model, const AccessScope *scope,
                                      GError **error);
