/*
 * Inside the compiler. A query is planned into blocks: one grouped SELECT per dataset (and per period, where buckets
 * are compared with earlier ones), each holding leaf aggregates. A measure is a term over leaves. Blocks that group by
 * the same keys are joined on them; what stands on top (comparison, shares, windows, having, order, limit) reads the
 * joined row. Everything is text with markers (sql_text.h) until it is rendered.
 */
#pragma once
#include "query/query.h"
#include "query/rollup.h"
#include "query/sql_text.h"

/* ---- common table expressions ---- */
typedef struct {
  char *name;
  char *body;               /* NULL for a RowSource's until it is rendered */
  gboolean is_relation;     /* the scoped relation itself: raw SQL, not shown to people */
  char *head, *tail;        /* of a relation: body = head + the table + tail */
  const struct RowSource *rows; /* of a relation: the source it is the bottom of */
  struct RowSource *source; /* set: the body is made from it */
  gboolean is_widened;      /* the source's second level */
} Cte;

/* A column that a row source gets from elsewhere. */
typedef struct {
  char *name;                 /* in the row source */
  char *expression;           /* over the joined relation */
  char *identity;             /* what it stands for: "product.category", "condition:x", "first:customer" */
  const Condition *condition; /* of a joined dataset, evaluated there; NULL */
} SourceColumn;

/*
 * The rows of one dataset: its relation, with columns of the datasets it leads to many-to-one (level one), and with
 * values of the entities its rows belong to (level two: first date, bucketed measure). Never more rows than the
 * relation.
 */
typedef struct RowSource {
  const Dataset *dataset;
  guint edition; /* 0: the query's data; 1: the data it is compared with */
  guint relation, joined, widened; /* indexes of CTEs */
  GPtrArray *relationships;        /* of const Relationship*, in joining order */
  GPtrArray *columns;              /* of SourceColumn*, level one */
  GPtrArray *entity_columns;       /* of SourceColumn*, level two; expression is "cte.column" */
  GPtrArray *entity_joins;         /* of char*: LEFT JOIN clauses of level two */
  GHashTable *names;               /* taken column names */
  gboolean reads_all;              /* some part of the statement needs every row; otherwise */
  GPtrArray *reads;                /* of GPtrArray* of ReadCondition*: what its parts need */
} RowSource;

/* Where a leaf was aggregated: planning over a rollup repeats the decisions that planning over the rows made. */
typedef struct {
  const char *dataset; /* name, of the model */
  gboolean is_standing;
} LeafChoice;

typedef struct {
  const Model *model;
  const AccessScope *scope;
  const SemanticQuery *query;
  GPtrArray *pool; /* of Parameter* */
  GPtrArray *ctes; /* of Cte* */
  GHashTable *cte_names;
  GPtrArray *sources; /* of RowSource* */
  guint edition;      /* whose rows are read by what is planned now */
  int depth;          /* of nested groupings */
  GPtrArray *measured; /* of const Dataset*: what the query's measures stand on */
  GPtrArray *estimated; /* of char*: names of leaves that are estimated */
  guint leaves;       /* planned so far: a bound on the work */
  GArray *choices;    /* of LeafChoice, in order of planning */
  const GArray *replay; /* the choices to be made again; NULL: none */
} Compiler;

/* Which rows count: the filters and the time under which a leaf is aggregated. Filters are borrowed. */
typedef struct {
  GPtrArray *filters; /* of const Filter*: the query's */
  GPtrArray *own;     /* of const Filter*: of the measure and those around it */
  TimeRange time;
  const char *time_field;            /* NULL: default date */
  const char *member_field, *member; /* one side of a comparison of members */
  gboolean member_rest;              /* all but the member */
  int shift; /* keys of time are moved on by so many `shift_unit`s: earlier rows meet later buckets */
  TimeUnit shift_unit;
  gboolean cohort;    /* the query's cohort holds */
  guint first_seen;   /* distinct things count where key number `first_seen` - 1 first shows them; 0: everywhere */
  gboolean plain;     /* rows of level one: what entities did, whatever is asked about them */
  const char *suffix; /* of leaf names: "", "_previous" */
} RowContext;

typedef struct {
  char *name;                 /* column of the block */
  char *aggregate_sql;        /* "SUM(sales)" */
  GPtrArray *predicates;      /* of char* */
  gboolean is_additive;       /* adding it up over groups is right */
  gboolean zero_when_missing; /* no rows means 0, not unknown */
  gboolean counts_rows;       /* a sum of row counts: 0 without rows, as a count is */
  const char *type;           /* of the answer's column (transfer none) */
} Leaf;

typedef struct {
  char *from;        /* marker of a CTE, or "(SELECT ...) AS rows" */
  GPtrArray *keys;   /* of char*: expressions, as many as the grouping has keys */
  GPtrArray *leaves; /* of Leaf* */
  char *name;        /* of its CTE */
  guint cte;         /* its index, once it became one */
  char *earliest; /* SELECT of the first bucket that can be known, where keys are moved on; NULL */
} Block;

typedef struct {
  char *name;
  Dimension *dimension;
} GroupKey;

typedef struct {
  GPtrArray *keys;    /* of GroupKey* */
  GPtrArray *blocks;  /* of Block* */
  GHashTable *names;  /* taken column names */
  gboolean is_joined; /* something else with the same keys stands beside the blocks */
  gboolean is_sparse; /* the joined row may stand for a group that no block has */
} Grouping;

typedef enum { TERM_LEAF, TERM_RATIO, TERM_DIFFERENCE, TERM_SUM, TERM_NEGATE } TermKind;
typedef struct Term {
  TermKind kind;
  Block *block; /* LEAF (transfer none) */
  Leaf *leaf;
  struct Term *left, *right;
} Term;

/* ---- compiler.c: life cycle, CTEs, rendering ---- */
Compiler *compiler_new(const SemanticQuery *query, const Model *model, const AccessScope *scope);
void compiler_free(Compiler *compiler);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Compiler, compiler_free)
/* Adds a CTE under a name of its own, or gives the one with that body. Takes `body`. */
guint compiler_add_cte(Compiler *compiler, const char *name, char *body);
char *compiler_cte(guint index); /* its marker (transfer full) */
/* The whole statement without scoped relations and with literals, for people. (transfer full) */
char *compiler_render_shown(Compiler *compiler, const char *body);
/* The one that is run, taken apart so that relations can be bound: fills clauses, main, relations and parameters. */
void compiler_render_parts(Compiler *compiler, const char *body, CompiledQuery *compiled);

/* ---- reads.c: which rows are needed ---- */
/* The statement reads the rows of the source that meet the context; NULL: all of them. */
void row_source_add_read(Compiler *compiler, RowSource *source, const RowContext *context);
/* read_keys.c: adds what filters (of const Filter*) on tables that rows lead to say about the rows' own columns. */
void read_add_keys(const Compiler *compiler, const RowSource *source, const GPtrArray *filters, GPtrArray *read);

/* ---- rollup_leaf.c ---- */
typedef enum { ROLLED_SUM, ROLLED_ROW_COUNT, ROLLED_KEY_COUNT, ROLLED_ESTIMATE } RolledKind;
/*
 * What a leaf becomes over a rollup's rows: the sum of its sums, the sum of its row counts, a count of its keys, or an
 * estimate from its sketches. BAD_QUERY when the rollup does not hold it. (transfer full)
 */
char *rollup_aggregate_sql(const RollupView *view, Aggregate aggregate, const char *expression, const Field *field,
                           gboolean is_plain, RolledKind *kind, GError **error);
/* The sketches of the field's distinct values; NULL: none are kept. (transfer none) */
const RollupMeasure *rollup_find_sketch(const RollupView *view, const char *dataset, const char *field);

/* ---- reach.c: what a dataset can see ---- */
/* The field of, or many-to-one from, `dataset` that means the same; NULL: out of reach. */
/* The key that a field refers to, when it is the many side of a relationship of one field. NULL: none. */
const Field *reach_referenced_key(const Model *model, const Field *field);
/* Whether the conditions of a leaf ("name", "!name") can be told from the rows of a dataset. */
gboolean reach_conditions(const Model *model, const Dataset *dataset, char **names);
/* The date of a dataset's rows: its default date, or that of the nearest dataset it leads to. NULL: none. */
const Field *reach_default_date(const Model *model, const Dataset *dataset);
/* Rows of orders, their lines and their payments: each happened at a time. */
gboolean reach_holds_events(const Model *model, const Dataset *dataset);
/* Field that is the key of the entity; NULL when every row is one and there is no single primary key. */
const Field *reach_entity_key(const Model *model, const Entity *entity);
/* The dataset from which all of the fields can be reached: the first one's own, the default, any. NULL: none. */
const Dataset *reach_common_dataset(const Model *model, const GPtrArray *fields);

/* ---- rows.c ---- */
RowSource *row_source_get(Compiler *compiler, const Dataset *dataset, GError **error);
void row_source_free(RowSource *source);
char *row_source_body(Compiler *compiler, const RowSource *source, gboolean widened);
/* Column of the field in the source. (transfer full); NULL: BAD_QUERY naming field and dataset */
char *row_source_field(Compiler *compiler, RowSource *source, const char *field, GError **error);
char *row_source_field_of(Compiler *compiler, RowSource *source, const Field *field, GError **error);
/* FALSE when the expression names a field that the caller may not see. */
gboolean compiler_sees(const Compiler *compiler, const Dataset *dataset, const char *expression);
/* A condition's SQL over the source. (transfer full) */
char *row_source_condition(Compiler *compiler, RowSource *source, const Condition *condition, GError **error);
/* The source's date under `time_field`; sets its type. (transfer full) */
char *row_source_date(Compiler *compiler, RowSource *source, const char *time_field, FieldType *type, GError **error);
/* The source's time of day: its date where that is a moment, else a moment or a time (FIELD_TIME) of the dataset. */
char *row_source_moment(Compiler *compiler, RowSource *source, const char *time_field, FieldType *type, GError **error);
/* Level two: the column of that identity; NULL. Joins "SELECT key, value" to the rows by an entity's key. (transfer
 * full) */
const char *row_source_entity_column(const RowSource *source, const char *identity);
char *row_source_join_entity(Compiler *compiler, RowSource *source, const Field *key, const char *identity,
                             const char *cte_name, const char *column, const char *select, GError **error);
/* entities.c: column with the first date of each row's entity under the context's filters. (transfer full) */
char *row_source_first_date(Compiler *compiler, RowSource *source, const char *entity, const RowContext *context,
                            GError **error);
/* entities.c: what is divided by the number of customers is of rows with a customer. NULL: all rows have one. (transfer full) */
Filter *per_entity_filter(const Model *model, const char *numerator, const char *denominator);
/* entities.c: column with a measure of each row's entity under the context. (transfer full) */
char *row_source_entity_value(Compiler *compiler, RowSource *source, const char *entity, const Measure *measure,
                              const RowContext *context, GError **error);

/* ---- times.c ---- */
/* "d >= $1 AND d < $2"; NULL when unrestricted. (transfer full) */
char *time_range_sql(Compiler *compiler, const TimeRange *range, const char *date);
/* Key of the bucket that holds `date`: a DATE (TIMESTAMP for hours), moved on by `shift` units. (transfer full) */
char *time_bucket_sql(const char *date, TimeUnit unit, FieldType type, int shift, TimeUnit shift_unit,
                      const Calendar *calendar);
/* The key as the contract writes it: "2020-11". (transfer full) */
char *time_bucket_display(const char *key, TimeUnit unit, const Calendar *calendar);
char *cyclic_sql(const char *date, Cyclic cyclic, FieldType type); /* a number or boolean (transfer full) */
char *cyclic_display(const char *key, Cyclic cyclic);
const char *cyclic_name(Cyclic cyclic); /* "hour_of_day" */
gboolean cyclic_parse(const char *name, Cyclic *out);
int time_unit_months(TimeUnit unit); /* 0 for weeks and finer */
/* The number of a cyclic value ("Monday" 1, "March" 3, "14" 14, "true" 1); FALSE when there is no such. */
gboolean cyclic_value(Cyclic cyclic, const char *text, int *out);

/* ---- filters.c ---- */
/* One predicate over the source. (transfer full) */
char *filter_sql(Compiler *compiler, RowSource *source, const Filter *filter, const RowContext *context,
                 GError **error);
/* All predicates of a context, time first, appended to `out`. */
gboolean context_predicates(Compiler *compiler, RowSource *source, const RowContext *context, GPtrArray *out,
                            GError **error);
/* entities.c: rows by what their entity did. (transfer full) */
char *entity_filter_sql(Compiler *compiler, RowSource *source, const Filter *filter, const RowContext *context,
                        GError **error);
/* " > $1", or its opposite: what is asked of a measure of each group. (transfer full) */
char *measure_test(Compiler *compiler, Operator op, const double *numbers, gboolean opposite);
char *did_filter_sql(Compiler *compiler, RowSource *source, const Filter *filter, const RowContext *context,
                     GError **error);
gboolean append_cohort(Compiler *compiler, RowSource *source, const RowContext *context, GPtrArray *out,
                       GError **error);
/* The context with the fields' filters only: for what entities did. (transfer full filters) */
RowContext row_context_plain(const RowContext *context, gboolean keep_filters, gboolean keep_time);
RowContext row_context_copy(const RowContext *context);
void row_context_clear(RowContext *context);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(RowContext, row_context_clear)
/* A typed literal of the field's type, as a marker. (transfer full) */
char *filter_value_sql(Compiler *compiler, const Field *field, const char *value, GError **error);
const char *operator_sql(Operator op); /* "=", "<>", "<" ... */

/* ---- measures.c, terms.c ---- */
Term *plan_measure(Compiler *compiler, Grouping *grouping, const Measure *measure, const char *name,
                   const RowContext *context, GError **error);
void term_free(Term *term);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Term, term_free)
typedef char *(*LeafSql)(const Block *block, const Leaf *leaf, gpointer user_data);
char *term_sql(const Term *term, LeafSql leaf_sql, gpointer user_data); /* (transfer full) */
gboolean term_is_leaf(const Term *term);
gboolean term_is_additive(const Term *term); /* adding its values over groups gives the value of the whole */
gboolean term_accumulates(const Term *term); /* its value up to a bucket follows from the buckets' leaves */
gboolean term_zero_when_missing(const Term *term);
const char *term_type(const Term *term);
/* The datasets a measure stands on, with repetitions, as the model declares them. */
void measure_add_datasets(const Model *model, const Measure *measure, GPtrArray *out);
/* Rows without any aggregate, for lists of members. */
gboolean plan_members(Compiler *compiler, Grouping *grouping, const Dataset *dataset, const RowContext *context,
                      GError **error);

/* ---- grouping.c ---- */
Grouping *grouping_new(void);
void grouping_free(Grouping *grouping);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Grouping, grouping_free)
void grouping_add_key(Grouping *grouping, const char *name, const Dimension *dimension);
char *grouping_unique_name(Grouping *grouping, const char *wanted); /* (transfer full) */
/* The block over `from` with these keys, made when new; its CTE will be called `name` + `suffix`. Takes `from` and
 * `keys`. */
Block *grouping_block(Grouping *grouping, char *from, GPtrArray *keys, const char *name, const char *suffix);
/* The leaf with this aggregate under these predicates, made when new. Takes all but `name`. No aggregate: rows only. */
Leaf *block_leaf(Grouping *grouping, Block *block, const char *name, char *aggregate_sql, GPtrArray *predicates);
/* Keys of the grouping over a source, in order. (transfer full) */
GPtrArray *grouping_keys_sql(Compiler *compiler, const Grouping *grouping, RowSource *source, const RowContext *context,
                             GPtrArray *predicates, GError **error);
/*
 * "FROM ... WHERE ..." of a block: what all its leaves ask is in WHERE, the rest stays with each leaf. (transfer full)
 */
char *block_from_where(const Block *block);
char *block_leaf_sql(const Block *block, const Leaf *leaf, gpointer unused); /* with FILTER (transfer full) */
char *block_group_by(const Block *block); /* "\nGROUP BY 1, 2" of a SELECT that starts with the keys (transfer full) */
char *block_select(const Grouping *grouping, const Block *block); /* the whole SELECT (transfer full) */
/* Makes a CTE of every block and gives "a FULL JOIN b ON ..."; `keys` gets the joined key expressions. (transfer full)
 */
char *grouping_join(Compiler *compiler, Grouping *grouping, GPtrArray *keys);
/* Leaf of a joined row: 0 where the block had no such group and none means 0. (transfer full) */
char *joined_leaf_sql(const Block *block, const Leaf *leaf, gpointer grouping);
/*
 * SELECT of a nested grouping: keys and one term, or (with `test`, as " > $1") the keys alone of the groups whose term
 * passes it. (transfer full)
 */
char *grouping_select(Compiler *compiler, Grouping *grouping, const Term *term, const char *name, const char *test);

/* ---- keys.c, names.c ---- */
/* Display of a key for people; the key itself where both are the same. (transfer full) */
char *field_display(Compiler *compiler, const Field *field, const char *sql); /* yes and no as the data says them (transfer full) */
char *group_key_display(Compiler *compiler, const Dimension *dimension, const char *sql);
gboolean group_key_sorts(const Dimension *dimension); /* the display sorts like the key */
char *dimension_name(const Compiler *compiler, const Dimension *dimension); /* (transfer full) */
char *measure_name(const Model *model, const Measure *measure);             /* (transfer full) */
char *measure_label(const Model *model, const Measure *measure);            /* (transfer full) */
char *measure_unit(const Model *model, const Measure *measure);             /* (transfer full) */

/* ---- statement.c: the query's own grouping; layout.c: its SQL; columns.c: what its columns are ---- */
typedef struct {
  const Measure *measure;
  char *name;
  Term *value, *previous; /* previous: NULL without comparison */
  Term *running;          /* what is accumulated instead of the value where it cannot be; NULL */
  guint total;            /* CTE with the total a share is of, where adding up would be wrong */
  gboolean has_total;
  char *value_name, *previous_name, *change_name, *growth_name, *share_name, *window_name;
} PlannedMeasure;

typedef struct {
  Compiler *compiler;
  const SemanticQuery *query;
  Grouping *grouping;
  GPtrArray *measures; /* of PlannedMeasure* */
  int series;          /* index of the dimension over time; -1: none */
  gboolean by_bucket;  /* each bucket is compared with an earlier one */
  char *from;          /* the joined row: relations and, */
  GPtrArray *keys;     /* of char*: its key expressions */
  guint stage;         /* CTE on which the final SELECT stands */
} Statement;

gboolean statement_plan(Statement *statement, GError **error);
void statement_clear(Statement *statement);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Statement, statement_clear)
/* stage.c: joins the blocks and computes one row per group; sets `stage`. */
gboolean statement_stage(Statement *statement, GError **error);
/* The final SELECT with its markers. (transfer full) */
char *statement_sql(Statement *statement, GError **error);
GPtrArray *statement_columns(const Statement *statement); /* of AnswerColumn* (transfer full) */
AnswerColumn *answer_column_new(const char *name, const char *label, const char *type, ColumnRole role);
const char *field_type_word(FieldType type); /* "integer", "date" ... */
const char *field_shown_type(const Field *field); /* the same of what people see: flags with words of their own are text */
CompareShow statement_show(const Statement *statement, const PlannedMeasure *measure);
/* Index of the query's dimension over time; -1: none. */
int query_series(const SemanticQuery *query);

/* ---- detail.c: lists of rows ---- */
char *compile_detail(Compiler *compiler, GPtrArray *columns, GError **error);

/* ---- baseline.c: the period that a period is compared with ---- */
/* The range one unit (or a year) earlier, over equal parts of it, for series by `unit`. */
TimeRange time_range_earlier(const TimeRange *range, TimeUnit unit, gboolean year, const Calendar *calendar);
/* How far buckets of `earlier` are moved to meet those of `range`. */
int time_range_distance(const TimeRange *range, const TimeRange *earlier, TimeUnit unit, TimeUnit *shift_unit,
                        const Calendar *calendar);
