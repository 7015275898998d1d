/*
 * SemanticQuery: a question as data. Built by rules (ask/), by people (POST /v1/query) and by models; JSON form in
 * schemas/semantic_query.json. All strings owned; arrays of pointers free their elements. Equal meaning gives equal
 * canonical bytes.
 *
 * Meaning, bottom up: rows of the facts -> filters, time -> grouped by dimensions -> one value per measure ->
 * comparison columns -> shares, windows -> having -> order -> limit.
 */
#pragma once
#include "model/model.h"

/* ---- time ---- */
typedef enum {
  TIME_ALL,       /* no restriction */
  TIME_ABSOLUTE,  /* [from, to) */
  TIME_UNITS,     /* `count` units starting `offset` units from as_of's: last month {MONTH,-1,1}; last 3 months {MONTH,-3,3}; this year {YEAR,0,1} */
  TIME_ROLLING,   /* the last `count` units ending at as_of, inclusive: last 30 days {DAY, count 30} */
  TIME_TO_DATE    /* from the start of as_of's unit (offset units away) to as_of inclusive: year to date */
} TimeKind;
typedef struct {
  TimeKind kind;
  Day from, to;      /* ABSOLUTE, half open; DAY_NONE: open end */
  TimeUnit unit;
  int offset, count;
} TimeRange;

/*
 * ---- which data ----
 * The state of the tables a question is about. Names and relative times stand here as they were said; who opens the data
 * settles them (answer/snapshots.h): what is `resolved` names a snapshot as it is written, or one day.
 */
typedef enum {
  DATA_NOW,      /* as it is */
  DATA_SNAPSHOT, /* the snapshot `name` */
  DATA_TAKEN,    /* the snapshot kept within `time`; where none was, tables as they stood at its end */
  DATA_AT,       /* tables as they stood at the end of `time` */
  DATA_NEWEST,   /* the snapshot that was kept last */
  DATA_PREVIOUS, /* the newest snapshot that is not the data as it is */
  DATA_OLDEST    /* the snapshot that was kept first */
} DataKind;
typedef struct {
  DataKind kind;
  char *name;     /* SNAPSHOT */
  TimeRange time; /* TAKEN, AT */
} DataRef;

/* ---- filters ---- */
typedef enum { OP_EQUAL, OP_NOT_EQUAL, OP_LESS, OP_LESS_EQUAL, OP_GREATER, OP_GREATER_EQUAL, OP_BETWEEN, OP_IS_NULL,
               OP_IS_NOT_NULL, OP_CONTAINS, OP_STARTS_WITH } Operator;
typedef enum {
  FILTER_FIELD,     /* field op values; EQUAL with several values is IN, NOT_EQUAL is NOT IN (NULL rows are kept by NOT IN) */
  FILTER_CONDITION, /* named row condition of the model, or its negation */
  FILTER_CYCLIC,    /* cyclic part of the date: hour_of_day, weekday, month_of_year, quarter_of_year, weekend: values as numbers/names */
  FILTER_ENTITY,    /* rows whose entity (customer, order ...; or whose value of `field`) satisfies a measure test: customers with more
                       than 10 orders; or is among the `top`: of the 10 customers that bought most */
  FILTER_DID,       /* rows whose entity has (negated: has not) any row matching `did` filters within `did_time`: bought X but never Y */
  FILTER_ANY        /* OR over `did` filters */
} FilterKind;
typedef enum { CYCLIC_NONE, CYCLIC_HOUR_OF_DAY, CYCLIC_WEEKDAY, CYCLIC_DAY_OF_MONTH, CYCLIC_WEEK_OF_YEAR, CYCLIC_MONTH_OF_YEAR,
               CYCLIC_QUARTER_OF_YEAR, CYCLIC_WEEKEND } Cyclic;
struct Measure;
typedef struct {
  FilterKind kind;
  gboolean negated;
  char *field;       /* FIELD: "dataset.field" */
  Operator op;       /* FIELD, ENTITY */
  GPtrArray *values; /* of char*: text, numbers and ISO dates as text; two for BETWEEN (both ends included) */
  char *condition;   /* CONDITION */
  Cyclic cyclic;     /* CYCLIC: values "1".."12", "Monday", "14", "true" */
  char *entity;      /* ENTITY, DID */
  struct Measure *measure; /* ENTITY: aggregated per entity (own filters allowed), under the query's own filters and time when `within` */
  int top;           /* ENTITY: the n with the largest measure, below 0: the smallest, instead of op and values; 0: the test */
  gboolean within;   /* ENTITY, DID: the query's field filters and time hold for the inner rows too */
  GPtrArray *did;    /* DID, ANY: of Filter* */
  TimeRange did_time;/* DID */
} Filter;

/* ---- measures ---- */
typedef enum {
  MEASURE_METRIC,    /* a metric of the model */
  MEASURE_AGGREGATE, /* aggregate over a field, or over what `metric` takes from each row: average discount, largest sale */
  MEASURE_DATE_DIFFERENCE, /* aggregate of days from `field` to `field_to` */
  MEASURE_PER,       /* aggregate (average, median, max ...) over entities or time units of an inner measure: median order value, average daily sales */
  MEASURE_RATIO,     /* left / right */
  MEASURE_DIFFERENCE,/* left - right */
  MEASURE_SUM        /* left + right */
} MeasureKind;
typedef struct Measure {
  MeasureKind kind;
  char *name;          /* column name in the result; made from the rest when NULL */
  char *label;         /* for people; may be NULL */
  char *metric;        /* METRIC; AGGREGATE: a metric of the aggregate kind, instead of `field` */
  Aggregate aggregate; /* AGGREGATE, DATE_DIFFERENCE, PER */
  double percentile;   /* PERCENTILE: 0..1 */
  char *field;         /* AGGREGATE, DATE_DIFFERENCE: "dataset.field"; NULL with COUNT: rows of `dataset` */
  char *field_to;      /* DATE_DIFFERENCE */
  char *dataset;       /* AGGREGATE COUNT */
  char *per_entity;    /* PER: entity, or */
  TimeUnit per_unit;   /* PER: time unit */
  gboolean tested;     /* PER: only those whose inner value passes `test` count: days with sales above 5000 */
  Operator test;       /* PER: up to OP_BETWEEN */
  double test_value, test_value_to;
  struct Measure *left, *right; /* PER: left; RATIO, DIFFERENCE, SUM */
  GPtrArray *filters;  /* of Filter*: this measure only */
  TimeRange time;      /* this measure only; TIME_ALL: the query's */
  gboolean ignore_query_filters; /* denominators: "share of all customers" */
} Measure;

/* ---- dimensions ---- */
typedef enum { DIMENSION_FIELD, DIMENSION_TIME, DIMENSION_CYCLIC, DIMENSION_BUCKET, DIMENSION_ENTITY_BUCKET,
               DIMENSION_FIRST_TIME /* grain of the entity's first date: acquisition month */ } DimensionKind;
typedef struct {
  DimensionKind kind;
  char *field;       /* FIELD, BUCKET; TIME and CYCLIC: the date, NULL: each fact's default date */
  TimeUnit unit;     /* TIME, FIRST_TIME */
  Cyclic cyclic;
  GArray *edges;     /* BUCKET, ENTITY_BUCKET: of double, ascending lower bounds of the second bucket onwards; none (ENTITY_BUCKET
                        only): every value is a group of its own */
  char *entity;      /* ENTITY_BUCKET, FIRST_TIME */
  Measure *measure;  /* ENTITY_BUCKET: per-entity value that is put in buckets */
} Dimension;

/* ---- the rest ---- */
typedef enum { COMPARE_NONE, COMPARE_PERIODS /* time against `baseline` */, COMPARE_PREVIOUS /* the previous unit(s) of the same kind; per bucket when a time dimension is there */,
               COMPARE_YEAR_EARLIER /* same period a year earlier; per bucket likewise */,
               COMPARE_MEMBERS /* field = a minus field = b */, COMPARE_REST /* field = a against all other rows */,
               COMPARE_SNAPSHOTS /* the same of other data: as it is told now against as it was told then */ } CompareKind;
typedef enum { COMPARE_SHOW_VALUE = 1, COMPARE_SHOW_PREVIOUS = 2, COMPARE_SHOW_CHANGE = 4, COMPARE_SHOW_GROWTH = 8, COMPARE_SHOW_ALL = 15 } CompareShow;
/* Which way the question takes it to have gone ("the drop in sales"): changes no number, but an answer that went the other way says so. */
typedef enum { TOWARD_NONE, TOWARD_RISE, TOWARD_FALL } Toward;
typedef struct {
  CompareKind kind;
  TimeRange baseline;   /* PERIODS */
  char *field;          /* MEMBERS, REST */
  char *member, *other; /* MEMBERS (other = b), REST */
  DataRef data;         /* SNAPSHOTS: what `data` of the query is held against */
  guint show;           /* CompareShow bits; columns in that order for each measure */
  Toward toward;
} Compare;

typedef enum { ON_VALUE, ON_PREVIOUS, ON_CHANGE, ON_GROWTH, ON_SHARE, ON_WINDOW, ON_DIMENSION } On;
typedef struct { int measure; On on; Operator op; double value; double value_to; } Having;  /* measure: index */
typedef struct { int index; On on; gboolean descending; gboolean absolute; } Order;          /* index of measure or (ON_DIMENSION) dimension */
typedef enum { WINDOW_NONE, WINDOW_CUMULATIVE, WINDOW_MOVING_AVERAGE, WINDOW_RANK,
               WINDOW_RUN_RATE /* the period's total carried on to `window_size` days */ } WindowKind;
typedef enum { SHARE_NONE, SHARE_TOTAL, SHARE_WITHIN /* of the total within the first `share_dimensions` dimensions */ } ShareKind;
typedef enum { COHORT_NONE, COHORT_NEW /* entities whose first row (under the filters) falls in `time` */, COHORT_REPEAT /* seen before `time` as well */ } CohortKind;
typedef enum { ANALYSIS_NONE, ANALYSIS_DRIVERS /* why did it change */, ANALYSIS_SUMMARY } Analysis;
typedef enum { MISSING_OMIT, MISSING_ZERO } MissingRows;

typedef struct {
  DataRef data;
  GPtrArray *measures;   /* of Measure* */
  GPtrArray *dimensions; /* of Dimension* */
  TimeRange time;
  char *time_field;      /* NULL: each fact's default date */
  GPtrArray *filters;    /* of Filter*, all must hold */
  GArray *having;        /* of Having, all must hold */
  Compare compare;
  GArray *order;         /* of Order */
  int limit;             /* 0: none */
  int offset;            /* "the third highest": limit 1, offset 2 */
  int limit_within;      /* limit holds within each combination of the first n dimensions; 0: overall */
  WindowKind window;
  int window_size;       /* MOVING_AVERAGE: buckets */
  ShareKind share;
  int share_dimensions;
  CohortKind cohort;
  char *cohort_entity;
  GPtrArray *detail;     /* of char* fields: list rows instead of aggregating (measures then empty) */
  Analysis analysis;
  MissingRows missing_rows;
} SemanticQuery;

TimeRange time_range_all(void);
TimeRange time_range_absolute(Day from, Day to_exclusive);
TimeRange time_range_units(TimeUnit unit, int offset, int count);
gboolean time_range_equal(const TimeRange *a, const TimeRange *b);

DataRef data_ref_copy(const DataRef *ref); /* (transfer full) */
void data_ref_clear(DataRef *ref);
gboolean data_ref_equal(const DataRef *a, const DataRef *b);

Filter *filter_new(FilterKind kind);
Filter *filter_new_values(const char *field, Operator op, const char *first_value, ...) G_GNUC_NULL_TERMINATED;
Filter *filter_copy(const Filter *filter);
void filter_free(Filter *filter);
Measure *measure_new(MeasureKind kind);
Measure *measure_new_metric(const char *metric);
Measure *measure_copy(const Measure *measure);
void measure_free(Measure *measure);
Dimension *dimension_new(DimensionKind kind);
Dimension *dimension_copy(const Dimension *dimension);
void dimension_free(Dimension *dimension);
SemanticQuery *semantic_query_new(void);
SemanticQuery *semantic_query_copy(const SemanticQuery *query);
void semantic_query_free(SemanticQuery *query);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Filter, filter_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Measure, measure_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Dimension, dimension_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SemanticQuery, semantic_query_free)

/* JSON form; defaults are left out. Unknown keys and wrong types are BAD_QUERY with the JSON path. (transfer full) */
json_t *semantic_query_to_json(const SemanticQuery *query);
SemanticQuery *semantic_query_from_json(const json_t *json, GError **error);
/* Canonical bytes: sorted keys, sorted filters and IN lists, shortest numbers. (transfer full) */
char *semantic_query_canonical(const SemanticQuery *query);
