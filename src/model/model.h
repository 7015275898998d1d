/*
 * model: what a company's tables mean. The only place where meaning lives: datasets, fields, entities, metrics,
 * row conditions, joins, hierarchies, calendar, words. Loaded from model/core.yaml (Apache Ossie core) and
 * model/aisle.yaml (our extension), inferred from data by model_infer().
 * A Model is immutable once built, reference counted, shared between threads. All strings are owned by it.
 * String lists (char **) are NULL-terminated and never NULL. Names are [a-z][a-z0-9_]*.
 */
#pragma once
#include "base/base.h"
#include "lake/lake.h"

typedef enum {
  FIELD_ROLE_DIMENSION,  /* groups and filters: region, category, payment method */
  FIELD_ROLE_MEASURE,    /* a number that is aggregated: quantity, price, rating */
  FIELD_ROLE_IDENTIFIER, /* key of an entity or of the row: order id, customer id */
  FIELD_ROLE_TIME,       /* date or timestamp */
  FIELD_ROLE_DETAIL      /* shown in lists only: notes, URLs, review text */
} FieldRole;
typedef enum { AGGREGATE_NONE, AGGREGATE_SUM, AGGREGATE_COUNT, AGGREGATE_COUNT_DISTINCT, AGGREGATE_AVERAGE, AGGREGATE_MEDIAN,
               AGGREGATE_MIN, AGGREGATE_MAX, AGGREGATE_PERCENTILE, AGGREGATE_FIRST, AGGREGATE_LAST,
               AGGREGATE_STDDEV } Aggregate;
const char *aggregate_name(Aggregate aggregate); /* "sum", "count_distinct", ... */
gboolean aggregate_parse(const char *name, Aggregate *out);

typedef struct {
  char *code;    /* value as stored: "F" */
  char **labels; /* what people say: "women", "female"; the first is shown */
} CodedValue;

typedef struct {
  char *name;       /* unique within its dataset */
  char *dataset;
  char *label;      /* the original header */
  char *expression; /* scalar SQL over the dataset's columns; a bare column name for stored fields */
  char **synonyms;
  FieldType type;
  FieldRole role;
  Aggregate default_aggregate; /* measures: SUM when additive, AVERAGE for rates, ratings, unit prices; else NONE */
  char *unit;       /* "currency", "currency:GBP", "fraction", "count", "days", "rating", "" */
  char *entity;     /* entity this identifies or names; NULL */
  char *personal;   /* class of personal data: name, email, phone, address, card; NULL */
  GPtrArray *codes; /* of CodedValue*; may be empty */
  char *yes, *no;   /* booleans: what the data says for true and false, "Yes" and "No"; both NULL: true, false */
  gint64 distinct_count; /* from the profile; -1 unknown */
  gint64 null_count;
  char *minimum, *maximum; /* as ISO text or number; NULL unknown */
} Field;

typedef struct {
  char *name;         /* "order_line", also the relation name in SQL */
  char *table;        /* lake table */
  char *label;        /* "order lines": plural noun of one row */
  char **row_words;   /* what people call a row: "line", "order line", "row" */
  char **primary_key; /* field names; may be empty */
  char *default_date; /* field; NULL */
  gboolean is_fact;
  gint64 row_count;
  GPtrArray *fields;  /* of Field* */
  const struct RollupView *rollup; /* its rows are those of a rollup (query/rollup.h); NULL: the table's own (transfer none) */
} Dataset;

/* Something that is counted: customers, orders, products, stores. Counting means distinct non-NULL keys. */
typedef struct {
  char *name;        /* singular: "customer" */
  char **synonyms;   /* "client", "buyer" ... singular forms; the plural is derived */
  char *dataset;     /* where the key lives (the fact, or a dimension table) */
  char *key;         /* field; NULL: every row of the dataset is one */
  char *name_field;  /* shown instead of the key where there is one: customer_name; NULL */
  char *metric;      /* name of the metric that counts it */
  gboolean is_event; /* orders, visits: happen in time */
} Entity;

typedef enum { METRIC_AGGREGATE, METRIC_RATIO, METRIC_DIFFERENCE } MetricKind;
typedef enum { ADDITIVITY_SUM, ADDITIVITY_DISTINCT, ADDITIVITY_RATIO, ADDITIVITY_SNAPSHOT, ADDITIVITY_NONE } Additivity;

typedef struct {
  char *name;         /* "revenue" */
  char *label;        /* "Sales": shown to people */
  char **synonyms;
  char *description;
  MetricKind kind;
  Aggregate aggregate;  /* AGGREGATE kind */
  char *dataset;        /* AGGREGATE kind: the fact it comes from */
  char *expression;     /* AGGREGATE kind: scalar SQL over the dataset's columns ("quantity * unit_price"); NULL for row counts */
  double percentile;
  gboolean negate;      /* shown with opposite sign (value of cancellations) */
  char **conditions;    /* row conditions that must hold; "!cancelled": must not hold */
  char *numerator, *denominator; /* RATIO, DIFFERENCE: metric names */
  Additivity additivity;
  char *unit;
  gboolean lower_is_better;
  gboolean is_money;
  char *entity;         /* set when it counts an entity */
} Metric;

typedef struct {
  char *name;        /* "cancelled" */
  char *label;       /* "cancelled invoices" */
  char **synonyms;   /* "cancelled", "cancellation", "returned", "came back" */
  char *dataset;
  char *expression;  /* boolean SQL over the dataset's columns, never NULL-valued */
} Condition;

typedef struct {
  char *name;
  char *from_dataset, **from_fields; /* many side */
  char *to_dataset, **to_fields;     /* one side, unique */
} Relationship;

typedef struct {
  char *name;
  char *dataset;
  char **levels; /* fields, coarse to fine */
} Hierarchy;

/* Rows of a dataset added up beforehand: kept as a table of its own and used where it answers exactly. */
typedef struct {
  char *name;        /* "lines_daily" */
  char *dataset;     /* whose rows are added up */
  TimeUnit grain;    /* HOUR, DAY, MONTH or YEAR of the dataset's default date */
  char **dimensions; /* fields that can be grouped and filtered by: "channel", "product.category"; keys that can be counted */
  char **metrics;    /* metrics that can be asked; empty: all of the dataset that add up exactly */
  char **estimates;  /* metrics that count different things, kept as sketches: their numbers are estimated; NULL: none */
  char *refresh;     /* how often a server brings it up to the newest rows: "5min", "hourly", ...; NULL: by hand */
} Rollup;

typedef struct {
  char *name;
  GPtrArray *rollups; /* of Rollup* */
  GPtrArray *datasets, *entities, *metrics, *conditions, *relationships, *hierarchies;
  char *default_metric;    /* what "sales", "how are we doing in X" mean when no metric is named; NULL */
  char *default_dataset;   /* main fact */
  char *currency;          /* ISO code, or NULL when not stated by the data */
  Calendar calendar;
  char *hash;              /* SHA-256 of its canonical text, hex */
} Model;

Model *model_ref(Model *model);
void model_unref(Model *model);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Model, model_unref)

/* Look-ups by name; NULL when there is none. (transfer none) */
const Dataset *model_find_dataset(const Model *model, const char *name);
const Metric *model_find_metric(const Model *model, const char *name);
const Condition *model_find_condition(const Model *model, const char *name);
const Entity *model_find_entity(const Model *model, const char *name);
/* "field" (unique in the model, or else of the default dataset) or "dataset.field". */
const Field *model_find_field(const Model *model, const char *qualified);
const Field *dataset_find_field(const Dataset *dataset, const char *name);
/* The facts a metric stands on: one dataset for aggregates, one or two for ratios. (transfer container) */
GPtrArray *model_metric_datasets(const Model *model, const Metric *metric);
/* What people see for a boolean field's true (or false); NULL where the field has no words of its own. (transfer none) */
const char *field_flag_word(const Field *field, gboolean yes);
/* What "Yes", "true", "1" or the field's own word says of a boolean field; FALSE: nothing. */
gboolean field_read_flag(const Field *field, const char *text, gboolean *out);
/* Relationships leading many-to-one from one dataset to another, in order; empty for itself; NULL: unreachable. (transfer container) */
GPtrArray *model_join_path(const Model *model, const char *from_dataset, const char *to_dataset);

/* ---- files ---- */
/* Reads and validates <workspace>/model/. Every mistake is reported, one per line "file:line:column: what; what to do". */
Model *model_load(const char *workspace, GError **error);
/* Writes core.yaml and aisle.yaml with comments saying what was concluded from what. `notes`: name -> comment text. */
gboolean model_save(const Model *model, GHashTable *notes, const char *workspace, GError **error);
json_t *model_to_json(const Model *model); /* for GET /v1/model (transfer full) */

/* ---- inference ---- */
/*
 * Profiles the tables (relations named like ImportedTable.table must be queryable in `engine`) and concludes types of
 * meaning, keys, joins, hierarchies, measures, conditions, entities, metrics. `notes` receives name -> evidence.
 */
Model *model_infer(Engine *engine, const char *name, const GPtrArray *imported_tables, GHashTable *notes, Deadline deadline,
                   GError **error);
/* "9,994 order lines, 5,009 orders, 2017-01-03 to 2020-12-30; revenue is Sales (currency not stated)". (transfer full) */
char *model_summarise(const Model *model);
/* Every difference between model and data, one line each; empty when none. Relations as for model_infer. (transfer full) */
GPtrArray *model_check_data(const Model *model, Engine *engine, Deadline deadline, GError **error);
