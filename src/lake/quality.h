/*
 * Data quality: rules about rows, columns and whole loads, written in the ingestion file. Row rules are evaluated in the
 * load's one pass over the source and leave a bit each in a mask; rules about the whole (uniqueness, volume, freshness,
 * shift) are aggregates over what that pass kept.
 */
#pragma once
#include "base/yaml_tree.h"
#include "engine/engine.h"

/* Bits of the mask: row rules of one load, with those that every load has (a cell that does not fit its column). */
#define QUALITY_MAX_ROW_RULES 63

typedef enum {
  RULE_REQUIRED,   /* column: not NULL, not blank */
  RULE_VALID_DATE, /* column: a date, between 1900 and tomorrow unless `from`, `to` say otherwise */
  RULE_ORDER,      /* column >= other */
  RULE_ALLOWED,    /* column: one of `values` (or of the code list `codes`) */
  RULE_POSITIVE,   /* column: a whole number above 0 */
  RULE_RANGE,      /* column: `from` <= value <= `to` */
  RULE_PATTERN,    /* column: text that matches the regular expression as a whole */
  RULE_REFERENCE,  /* column: occurs in `table`.`other` */
  RULE_RECENT,     /* column: not older than `within` before the load, not in the future */
  RULE_SQL,        /* `expression` is true */
  RULE_UNIQUE,     /* columns: no two rows of the load with the same values */
  RULE_VOLUME,     /* rows of the load between `from` and `to`, or within `tolerance` of the loads before */
  RULE_FRESHNESS,  /* the newest value of column is not older than `within` */
  RULE_SHIFT,      /* mean and share of NULLs of column are within `tolerance` of the loads before */
  RULE_TYPE        /* built in: a cell that does not fit the type of its column */
} RuleKind;

typedef enum { ON_FAIL, ON_QUARANTINE, ON_REVIEW, ON_FIX, ON_WARN } RuleAction;

typedef struct {
  char *name;
  RuleKind kind;
  RuleAction action;
  char **columns;      /* never NULL */
  char *other;         /* ORDER: the column before; REFERENCE: the column there */
  char *table;         /* REFERENCE */
  char **values;       /* ALLOWED; never NULL */
  char *pattern;
  char *from, *to;     /* as text; NULL */
  gint64 within_ms;
  double tolerance;    /* a fraction */
  char *expression;    /* SQL */
  char *fix;           /* SQL of the repaired value; NULL */
  guint line, column;  /* of the rule, in the file */
} QualityRule;
void quality_rule_free(QualityRule *rule);
const char *rule_kind_name(RuleKind kind);
const char *rule_action_name(RuleAction action);
gboolean rule_is_about_rows(RuleKind kind);

/* The list under `quality:`. Of QualityRule*, empty without one. (transfer full) */
GPtrArray *quality_rules_read(const YamlNode *node, const char *file, GPtrArray *problems);
/* SQL that is true for a row that breaks the rule; only for rules about rows. (transfer full) */
char *quality_violation_sql(const QualityRule *rule, gint64 now_ms);
/* Why the row was set apart, for a person: "discount is not between 0 and 1". (transfer full) */
char *quality_reason(const QualityRule *rule);

/* ---- what a load found ---- */
typedef struct {
  char *rule, *kind, *action, *reason;
  char **columns;
  gint64 rows;     /* that broke it; rules about the whole: 1 or 0 */
  gboolean broken;
  char *evidence;  /* "38 rows; a load before had 41,200 on average"; NULL */
} QualityFinding;

typedef struct {
  char *load, *definition, *table;
  gint64 created_ms;
  gint64 rows, quarantined, flagged, fixed, unreadable;
  char *status;        /* "loaded", "refused" */
  char *rows_file;     /* Parquet of the rows that broke a rule, relative to the lake; NULL */
  GPtrArray *findings; /* of QualityFinding*, one a rule */
  json_t *metrics;     /* {"rows": n, "column": {"mean", "nulls", "newest"}}: what later loads are held against */
} QualityReport;
void quality_report_free(QualityReport *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QualityReport, quality_report_free)
void quality_finding_free(QualityFinding *finding);
json_t *quality_report_to_json(const QualityReport *report);
QualityReport *quality_report_from_json(const json_t *json, GError **error);

/* Reports are files, <workspace>/lake/_quality/<table>/<load>.json, beside the rows they speak of. */
gboolean quality_report_save(const QualityReport *report, const char *workspace, GError **error);
/* Newest first, at most `limit` (0: all); `table` NULL: of every table. Of QualityReport*. (transfer full) */
GPtrArray *quality_reports_load(const char *workspace, const char *table, guint limit, GError **error);

/* ---- what people decide about rows ---- */
typedef enum { DECISION_ACCEPT, DECISION_FIX, DECISION_REJECT } QualityDecision;
const char *quality_decision_name(QualityDecision decision);

typedef struct {
  const char *table, *load;
  QualityDecision decision;
  const char *rule;             /* rows that broke this rule; NULL: any */
  const gint64 *rows;           /* numbers of the rows (_row); NULL: all of the load */
  guint n_rows;
  char **set;                   /* FIX: "column=value"; NULL */
  const char *by, *note;        /* who and why; `by` is required */
} QualityVerdict;

/* A row that is apart or flagged, and what was decided last. */
typedef struct {
  gint64 row;
  char *action, *rules;         /* "quarantine" or "review"; names of the rules */
  gboolean decided, submitted;
  QualityDecision decision;
  char **set;                   /* FIX */
} QualityRow;
void quality_row_free(QualityRow *row);
/* Rows of a load that were set apart or flagged. Of QualityRow*, in order of number. (transfer full) */
GPtrArray *quality_rows(Engine *engine, const char *workspace, const QualityReport *report, GError **error);

/*
 * Writes down the verdict on each row it is about, in <workspace>/state/quality/audit.jsonl, which is only ever added to.
 * Returns how many rows; -1 on failure, NOT_FOUND when there is none that it could be about. What it says takes effect with
 * quality_submit (lake/ingest.h).
 */
gint64 quality_decide(Engine *engine, const char *workspace, const QualityVerdict *verdict, GError **error);
/* One line of the audit: {"time","by","event",...}. Flushed before it returns. */
gboolean quality_audit(const char *workspace, const json_t *event, GError **error);
/* Lines about a load, oldest first; JSON array. (transfer full) */
json_t *quality_audit_of(const char *workspace, const char *load, GError **error);

/* What answers need to know of a table, kept in <workspace>/lake/_quality/<table>/open.state. */
typedef struct {
  gint64 apart, flagged;   /* rows nobody decided about */
  guint warnings;          /* rules about the whole that the newest load broke */
  gint64 loaded_ms;        /* when it was last loaded; 0: never by ingestion */
  gint64 stale_after_ms;   /* 0: never stale */
} QualityState;
/* FALSE: nothing is known of the table. Cheap; reads one small file. */
gboolean quality_state_read(const char *workspace, const char *table, QualityState *out);
/* Counts anew from reports and audit. `stale_after_ms` -1: as before. */
gboolean quality_state_update(Engine *engine, const char *workspace, const char *table, gint64 stale_after_ms, GError **error);

/* The report as a page of its own with pictures: rows by rule, share of bad rows by load. (transfer full) */
char *quality_html(const GPtrArray *reports);
