/*
 * Ingestion: files that keep coming become rows of Delta tables. What to read, how rows are changed, which of several
 * versions of a row counts, what must hold and what is personal stands in YAML files of the workspace, ingest/NAME.yaml.
 *
 * A load runs in steps. (1) One pass over the source: the query, derived columns, privacy, every row rule at once; rows go
 * to spill files, cut into buckets by the hash of their key. (2) Bucket by bucket: of rows with the same key one is kept,
 * the rest goes to the table's files. (3) One Delta commit, then the snapshot. Memory is bounded by the size of a bucket.
 * A killed load leaves nothing visible; the same load started again goes on behind the last finished step.
 *
 * The identity of a load is the content of its files (BLAKE2b) under the definition's name: a file that is in the table
 * already is passed over.
 */
#pragma once
#include "base/yaml_tree.h"
#include "lake/lake.h"
#include "lake/privacy.h"
#include "lake/quality.h"

#define INGEST_MAX_DEFINITIONS 1000
#define INGEST_MAX_COLUMNS 2000
#define INGEST_MAX_SQL_BYTES (256u << 10)

/* A relation that the query may name. */
typedef struct {
  char *name;       /* "source" where there is only one */
  char **files;     /* paths, folders and globs; relative to the workspace */
  char **text_columns; /* read as text whatever they hold; never NULL */
} IngestSource;

/* A column and the SQL it is made of. */
typedef struct {
  char *name, *expression;
  guint line, column; /* of the expression, in the file */
} IngestColumn;

typedef enum {
  INGEST_MERGE,     /* rows replace those with the same keys; the default where there are keys */
  INGEST_APPEND,    /* rows are added; the default without keys */
  INGEST_OVERWRITE, /* rows replace the partitions they fall into, or the table when it has none */
} IngestMode;

typedef enum { INGEST_DRIFT_REFUSE, INGEST_DRIFT_ACCEPT } IngestDrift;

typedef struct {
  char *file; /* "ingest/sales.yaml" */
  char *name; /* the file's name without .yaml */
  char *target;
  char *text_hash;     /* of the file: another text is another load */
  GPtrArray *sources;  /* of IngestSource* */
  char *sql;           /* one SELECT over the sources, with :parameters; NULL: the columns below, or all of `source` */
  guint sql_line, sql_column;
  GPtrArray *columns;  /* of IngestColumn*: a mapping; empty: all */
  IngestColumn *where; /* NULL */
  GPtrArray *derive;   /* of IngestColumn*, over the columns and those derived before */
  GHashTable *parameters; /* name -> default text; what --param may set */
  IngestMode mode;
  char **keys;         /* never NULL */
  char *keep_last_by;  /* of rows with equal keys the one with the greatest value is kept; NULL: see ingest_rows.c */
  char **partition_by, **cluster_by; /* never NULL */
  IngestDrift drift;
  gint64 schedule_ms;  /* how often a worker should run it; 0: by hand */
  gint64 stale_after_ms; /* answers say so when the newest load is older; 0: never */
  char *history_date;  /* column by which restated history is reported; NULL */
  char **history_measures;
  GPtrArray *rules;    /* of QualityRule* */
  GPtrArray *privacy;  /* of PrivacyRule* */
} IngestDefinition;
void ingest_definition_free(IngestDefinition *definition);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(IngestDefinition, ingest_definition_free)

/* One file's text. Mistakes are added to `problems` (base/yaml_tree.h); NULL when there are any. (transfer full) */
IngestDefinition *ingest_definition_read(const char *bytes, gsize length, const char *shown_file, GPtrArray *problems);
/*
 * All of <workspace>/ingest/. Every mistake of every file is reported, one a line "file:line:column: what; what to do",
 * as BAD_INPUT. Of IngestDefinition*, by name; may be empty. (transfer full)
 */
GPtrArray *ingest_definitions_load(const char *workspace, GError **error);
const IngestDefinition *ingest_definition_find(const GPtrArray *definitions, const char *name);
/* A definition of nothing but a target and keys, for files that none was written for. (transfer full) */
IngestDefinition *ingest_definition_plain(const char *target, const char *const *files, const char *const *keys);

/* ---- parameters ---- */
/* "2026-W47" to its Monday and the Monday after; FALSE when it is none. Pure. */
gboolean ingest_week_parse(const char *text, Day *from, Day *to, int *year, int *week);
/*
 * SQL with each :name put in as a quoted literal ('2026-11-16'; numbers as numbers). Texts, comments and casts (::) are left
 * alone. An unknown name is INVALID_ARGUMENT. (transfer full)
 */
char *ingest_bind_parameters(const char *sql, GHashTable *values, GError **error);
/* Whether the SQL (NULL: none) names the parameter, outside of quotes and comments. */
gboolean ingest_names_parameter(const char *sql, const char *name);

/* ---- running ---- */
/* What stands above this floor looks at SQL that people wrote. Errors are BLOCKED. */
typedef struct {
  gboolean (*check_select)(Engine *engine, const char *sql, const char *const *relations, GError **error);
  gboolean (*check_expression)(Engine *engine, const char *expression, GError **error);
} IngestGuard;

typedef struct {
  const char *phase; /* "hashing", "reading", "writing", "committing" */
  double fraction;   /* 0..1; -1 unknown */
  gint64 rows, rows_per_second, seconds_left; /* -1 unknown */
} IngestProgress;
typedef void (*IngestProgressFunc)(const IngestProgress *progress, gpointer user_data);

typedef struct {
  const char *workspace;
  gint64 memory_bytes;         /* of the load's own engine; 0: 2.5 GB, or half the machine's */
  int threads;                 /* 0: cores */
  const IngestGuard *guard;    /* required */
  const char *const *files;    /* instead of those of the definition's first source; NULL */
  const char *week;            /* "2026-W47"; NULL */
  GHashTable *parameters;      /* name -> text; NULL */
  gboolean plan_only;
  gint64 bucket_bytes;         /* of source per bucket; 0: 1.5 GB */
  IngestProgressFunc progress; /* NULL; from the working thread */
  gpointer progress_data;
  Deadline deadline;
} IngestOptions;

typedef struct {
  char *definition, *target, *load; /* load: its id */
  char *outcome;       /* "loaded", "nothing_new", "planned" */
  gint64 version;      /* of the table; -1: none */
  guint files_read, files_known; /* known: in the table already */
  gint64 bytes_read;
  gint64 rows_read, rows_unreadable, rows_quarantined, rows_flagged, rows_fixed, rows_duplicate;
  gint64 rows_inserted, rows_updated;
  guint buckets;
  gboolean resumed, created;
  GPtrArray *drift;    /* of char*: what differs from the table */
  GPtrArray *personal; /* of char*: columns of a new table that look personal and are stored as they are */
  QualityReport *quality; /* NULL: the definition has no rules and all rows could be read */
  GPtrArray *columns;  /* of ImportedColumn*: those of the target, for the model */
  char *sql;           /* the query as run, for --plan */
  GPtrArray *steps;    /* of char*: what was or would be done, in words */
  double seconds, commit_seconds; /* the whole load; of that the merge (or the commit of files that were written before) */
} IngestReport;
void ingest_report_free(IngestReport *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(IngestReport, ingest_report_free)
json_t *ingest_report_to_json(const IngestReport *report);

/*
 * Runs definitions as one load: what they change becomes visible together, in one snapshot, or not at all. Errors name the
 * definition. NOT_FOUND: no file; BAD_INPUT: unreadable, drifted, or a rule with `fail` was broken (nothing is loaded, the
 * report says which rows); BLOCKED: the guard; BUSY: a table is being loaded by another process; NO_SPACE. `failed` (may be
 * NULL) receives the quality report of a refused load. Of IngestReport*, one a definition. (transfer full)
 */
GPtrArray *ingest_run(const GPtrArray *definitions, const IngestOptions *options, QualityReport **failed, GError **error);
/* Guard and engine look at the definition without data: mistakes in its SQL, as "file:line:column: ...". */
void ingest_definition_check(const IngestDefinition *definition, const IngestGuard *guard, Engine *engine,
                             GPtrArray *problems);

/* ---- weeks ---- */
/*
 * Names the current snapshot after the week, keeps the totals by week of the definitions' history, and compares them with
 * those reported before: sentences such as "week 2026-46: revenue changed by 0.4 % since it was reported". Of char*.
 * (transfer full)
 */
GPtrArray *ingest_week_close(const char *workspace, Engine *engine, const GPtrArray *definitions, const char *week,
                             GError **error);

/* ---- verdicts ---- */
typedef struct {
  gint64 added, corrected, removed;
  gint64 version;  /* -1: nothing was to be done */
  GPtrArray *kept; /* of char*: rows that stay decided and are not carried out, and why: "row 3 of the load x: ..." */
} QualitySubmission;
void quality_submission_clear(QualitySubmission *submission);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(QualitySubmission, quality_submission_clear)
/*
 * Carries out what was decided about rows of the definition's table: accepted and fixed ones that were set apart come in,
 * flagged ones that were fixed are replaced, rejected ones leave (both need keys). Fixed rows are held against the rules
 * again: those that still break one, or whose given value is none of its column, stay as they are and are told in `kept`;
 * the others are carried out all the same. One snapshot; audited.
 */
gboolean quality_submit(const IngestDefinition *definition, const IngestOptions *options, const char *by, QualitySubmission *out, GError **error);

/* ---- files that nobody described ---- */
/* A table to be, and its columns that look personal. */
typedef struct {
  char *table;
  char **files;            /* absolute */
  char **columns, **kinds; /* side by side: "customer_email", "email" */
} PersonalTable;
void personal_table_free(PersonalTable *table);
/*
 * Looks at the first rows of files and folders, in memory alone: nothing of them is written. A file of several tables is
 * UNSUPPORTED. Of PersonalTable*. (transfer full)
 */
GPtrArray *ingest_find_personal(const char *const *paths, GError **error);
/* The text of an ingestion file that hashes those columns. (transfer full) */
char *ingest_personal_definition(const PersonalTable *table);
