/* One load at work, and its steps. Private to ingestion. */
#pragma once
#include "lake/import.h"
#include "lake/ingest.h"
#include "lake/load.h"
#include "lake/source_remote.h"

/* A file of the first source. */
typedef struct {
  char *path, *hash;
  gint64 bytes;
  gboolean known; /* the table holds it already */
} IngestFile;

/* A column of the target on its way. */
typedef struct {
  char *name, *label;
  FieldType type;
  char *source_type; /* of the query's column, as the engine names it */
  char *sql_type;    /* of the table's column */
  gboolean narrows;  /* a cell may not fit */
  const PrivacyRule *privacy; /* NULL */
  DeltaColumn *column; /* as stored */
} IngestOutput;

typedef struct {
  const IngestDefinition *definition;
  const IngestOptions *options;
  Engine *engine;
  char *workspace; /* absolute */
  char *work;      /* <workspace>/state/ingest/<load>: spill, markers */
  char *load;      /* id */
  char *location;  /* of the table */
  GHashTable *parameters;
  char *parameter_text; /* of those that change the result; "" */
  GPtrArray *files;     /* of IngestFile* */
  ImportContext import;
  GPtrArray *remotes;   /* of RemoteFiles*: what was fetched, as long as the load lasts */
  char *scratch;        /* folder for files on their way: in memory when they hold what no disk may see */
  GPtrArray *relations; /* of ImportRelation*, one a source */
  GPtrArray *rules;     /* of const QualityRule*: about rows, in order of bits; bit 0 is the built-in one */
  DeltaTable *table;    /* as it is; or a draft */
  gboolean is_new;
  GPtrArray *outputs;   /* of IngestOutput* */
  char *query;          /* rows of the target, not yet cast, with _file and _place */
  gboolean has_places, has_misfits;
  guint buckets;
  gboolean small;       /* so small that the pass leaves its rows in the engine: no spill file, nothing to resume */
  gint64 now_ms;
  gint64 started_us, bytes;
  GPtrArray *written;   /* of DeltaFile*: ready for the commit */
  IngestReport *report;
} IngestRun;

void ingest_tell(const IngestRun *run, const char *phase, double fraction, gint64 rows);
void ingest_step(IngestRun *run, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* ingest_files.c: finds and hashes the files of the first source; hashing is remembered by path, size and time. */
gboolean ingest_files_find(IngestRun *run, GError **error);
char *ingest_files_identity(const IngestRun *run); /* (transfer full) */
void ingest_files_mark_known(IngestRun *run);
/* The identity of one file in the table's log. (transfer full) */
char *ingest_file_application(const IngestRun *run, const IngestFile *file);
/* Local files of patterns, folders and addresses; remote ones are fetched. (transfer full) */
char **ingest_expand(IngestRun *run, const char *const *patterns, GError **error);
/* The address a file came from; of others the path. (transfer none) */
const char *ingest_shown_file(const IngestRun *run, const char *path);

/* ingest_query.c: relations, the query over them, the columns that come out. */
gboolean ingest_query_prepare(IngestRun *run, gboolean allow_direct, GError **error);
/* What is made of a personal column is as personal: what to say of one that the file does not name under `privacy:`; NULL when all is
 * well. (transfer full) */
char *ingest_made_of_personal(const IngestDefinition *definition, Engine *engine, const IngestColumn *column);
/* Notes in the report which columns look personal and are under no rule of `privacy:`. */
void ingest_note_personal(IngestRun *run);
gboolean ingest_columns_decide(IngestRun *run, GError **error);

/* ingest_rows.c: SQL of the steps. (transfer full) */
char *ingest_pass_sql(const IngestRun *run);
#define INGEST_SMALL_TABLE "ingest_small" /* engine table with the rows of a small pass */
char *ingest_spilled_sql(const IngestRun *run, gint bucket); /* -1: all */
char *ingest_kept_sql(const IngestRun *run, gint bucket);    /* one of each key, without what is set apart */
char *ingest_stored_columns(const IngestRun *run, const char *prefix);
gint64 ingest_action_mask(const IngestRun *run, RuleAction action);

/* ingest_steps.c: the pass, the buckets, the commit. */
gboolean ingest_pass(IngestRun *run, GError **error);
gboolean ingest_write_buckets(IngestRun *run, GError **error);
gboolean ingest_commit(IngestRun *run, GError **error);

/* ingest_quality.c: counts by rule, rows set apart, verdict. FALSE with BAD_INPUT when a rule with `fail` is broken. */
gboolean ingest_judge(IngestRun *run, QualityReport **failed, GError **error);
