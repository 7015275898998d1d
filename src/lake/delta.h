/*
 * Delta Lake tables (github.com/delta-io/delta, PROTOCOL.md): Parquet files written by the engine, and a log, written by
 * us, of which files make up which version. A commit is a file that only one writer can create; what the log does not
 * name does not exist.
 *
 * `location` is a folder of the local disk, or s3://bucket/prefix (endpoint and credentials from the environment: AISLE_S3_ENDPOINT,
 * AWS_…).
 * A DeltaTable is an immutable picture of one version: share it freely between threads. Functions that commit may be
 * called by any number of processes at once: a writer that lost the race looks at what the others did and either commits
 * on top of it or fails with CONFLICT, having changed nothing.
 *
 * This header: tables, files, pruning, reading. lake/delta_commit.h: commits. lake/delta_change.h: rows in (append,
 * overwrite, merge, delete), restore, vacuum, compaction.
 */
#pragma once
#include "lake/lake.h"
#include "object/object.h"

typedef struct {
  char *name;  /* physical */
  char *label; /* kept as metadata "aisle.label"; may be NULL */
  FieldType type;
  char *delta_type;     /* the log's own name: "long", "decimal(18,4)", "timestamp_ntz" */
  int precision, scale; /* DECIMAL */
  gboolean required;    /* no NULLs */
  char *invariant;      /* an SQL condition each row must meet; NULL */
  char *stored;         /* its name in the files (column mapping); NULL: the same */
  gboolean generated;   /* another writer computes it: such tables are read, not written */
  char *others;         /* what other writers say of it (a comment ...), as JSON text: kept when the schema is written anew; NULL */
} DeltaColumn;
/* A nullable column of the type that we write: long, decimal(18,4), timestamp_ntz ... */
DeltaColumn *delta_column_new(const char *name, const char *label, FieldType type);
DeltaColumn *delta_column_copy(const DeltaColumn *column);
void delta_column_free(DeltaColumn *column);
/* The engine's type of a column, "DECIMAL(18,4)". (transfer full) */
char *delta_column_sql_type(const DeltaColumn *column);

/* Least and greatest value of one column in one file; conservative (text may be cut, timestamps rounded outward). */
typedef union {
  gint64 integer; /* INTEGER, BOOLEAN, DATE (days), TIMESTAMP (microseconds), DECIMAL (times 10^scale) */
  double number;  /* DOUBLE */
  char *text;     /* TEXT, TIME */
} DeltaBound;
typedef struct {
  DeltaBound minimum, maximum; /* hold when `known` */
  gint64 nulls;                /* -1: unknown */
  gboolean known, is_text;
} DeltaBounds;

typedef struct {
  char *path;              /* relative to the location, decoded */
  gint64 bytes, rows;      /* rows that count; -1 when the log does not say */
  gint64 modified_ms;
  char **partition_values; /* one for each partition column, in the log's text form; NULL elements are NULL */
  guint n_partition_values;
  char *statistics;        /* JSON text of "stats"; NULL */
  char *layout;            /* tag "aisle.columns": which columns stand in the file (see delta_relation_sql); NULL: unknown */
  struct DeltaVector *vector; /* rows that no longer count; NULL: all do */
  DeltaBounds *bounds;     /* one for each column of the table the file was read with; NULL for files just written */
  guint n_bounds;
} DeltaFile;
void delta_file_free(DeltaFile *file);

/* A file that is no longer part of the table. */
typedef struct {
  char *path;
  char *vector_path; /* of the object with its deletion vector; NULL */
  gint64 deleted_ms;
  gint64 bytes; /* -1: unknown */
} DeltaTombstone;

typedef struct DeltaTable {
  char *location;
  ObjectStore *store;        /* over the location */
  struct DeltaCopies *copies; /* of files of a bucket, on this machine */
  gint64 version;
  char *id;
  char *name, *description;  /* as other writers gave them; NULL */
  char *schema;              /* the schemaString */
  GPtrArray *columns;        /* of DeltaColumn* */
  char **partition_columns;  /* never NULL */
  GHashTable *configuration; /* char* -> char*: delta.constraints.NAME, aisle.* ... */
  GPtrArray *files;          /* of DeltaFile*, in order of path */
  GPtrArray *tombstones;     /* of DeltaTombstone* */
  GHashTable *identities;    /* application id -> gint64* newest transaction version */
  gint64 reader_version, writer_version;
  char **reader_features, **writer_features; /* never NULL */
  gint64 created_ms;
  gint references;
} DeltaTable;
DeltaTable *delta_table_ref(DeltaTable *table);
void delta_table_unref(DeltaTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DeltaTable, delta_table_unref)

/*
 * Reads the log up to `version` (-1: the newest). NOT_FOUND: no table or version there; UNSUPPORTED: a feature, by name;
 * CORRUPT. `engine` (NULL: one of its own, when needed) reads checkpoints. (transfer full)
 */
DeltaTable *delta_table_open(const char *location, gint64 version, Engine *engine, GError **error);
/* The newest version in the log; -1 with NOT_FOUND. */
gint64 delta_newest_version(const char *location, GError **error);
/* The version that was the newest at that time (milliseconds since 1970, UTC); -1 with NOT_FOUND when the table is younger. */
gint64 delta_version_at(const char *location, gint64 time_ms, GError **error);

const DeltaColumn *delta_table_column(const DeltaTable *table, const char *name); /* NULL: none (transfer none) */
int delta_table_column_index(const DeltaTable *table, const char *name);          /* -1: none */
gint64 delta_table_rows(const DeltaTable *table);                                 /* -1 when a file does not say */
gint64 delta_table_bytes(const DeltaTable *table);
/* Files of `newer` that `older` has not, and the other way round; elements belong to the tables. (transfer container) */
void delta_table_difference(const DeltaTable *older, const DeltaTable *newer, GPtrArray **added, GPtrArray **removed);

/* ---- history ---- */
typedef struct {
  gint64 version;
  gint64 time_ms;    /* never goes backwards */
  char *operation;   /* "WRITE", "MERGE", ...; "" when the commit does not say */
  json_t *parameters, *metrics; /* as in commitInfo; NULL */
  char *writer;      /* engineInfo; NULL */
  GPtrArray *identities; /* of char*: application ids of its txn actions */
} DeltaHistoryEntry;
void delta_history_entry_free(DeltaHistoryEntry *entry);
/* Newest first, at most `limit` (0: all). Of DeltaHistoryEntry*. (transfer full) */
GPtrArray *delta_history(const char *location, guint limit, GError **error);

/* ---- pruning ---- */
typedef enum {
  DELTA_EQUAL,         /* = values[0] */
  DELTA_NOT_EQUAL,     /* <> values[0] */
  DELTA_LESS,          /* <  values[0] */
  DELTA_LESS_EQUAL,    /* <= */
  DELTA_GREATER,       /* >  */
  DELTA_GREATER_EQUAL, /* >= */
  DELTA_IN,            /* any of values */
  DELTA_STARTS_WITH,   /* text that begins with values[0] */
  DELTA_IS_NULL,
  DELTA_IS_NOT_NULL,
} DeltaOperator;

/* One condition on a column. Comparisons are SQL's: NULL meets none of them; text compares by bytes. */
typedef struct {
  const char *column;
  DeltaOperator operator;
  const Value *values; /* a DATE may stand against a TIMESTAMP column and the other way round */
  guint n_values;
} DeltaPredicate;

/*
 * Files that may hold a row meeting all predicates, from partition values and statistics alone; a file is left out only
 * when that is certain. Unknown columns and values of a foreign type keep the file. Of DeltaFile*, which belong to the
 * table. Pure; thread-safe. (transfer container)
 */
GPtrArray *delta_table_prune(const DeltaTable *table, const DeltaPredicate *predicates, guint n_predicates);
/* The same for one file. */
gboolean delta_file_may_match(const DeltaTable *table, const DeltaFile *file, const DeltaPredicate *predicates,
                              guint n_predicates);

/* ---- reading ---- */
/*
 * A SELECT over these files (NULL: all of the table) with exactly the table's columns, in order and of their types:
 * partition values from the log where the files do not carry them, NULL for columns younger than a file. (transfer full)
 */
char *delta_relation_sql(const DeltaTable *table, const GPtrArray *files);
/* Whether the file holds exactly the table's columns, in order and of their types, so that it can be read as it is. */
gboolean delta_file_is_plain(const DeltaTable *table, const DeltaFile *file);
/*
 * Has files (NULL: all of the table) on this machine before they are read, and keeps them there while the table lives. Of a
 * bucket, copies are fetched into the cache folder (setting cache.disk bounds it); of a folder, nothing is to be done.
 */
gboolean delta_table_fetch(const DeltaTable *table, const GPtrArray *files, Deadline deadline, GError **error);
/* Where the engine finds a file: an absolute path; of a bucket, the copy that delta_table_fetch made, or a URL when there is
 * none. (transfer full) */
char *delta_file_location(const DeltaTable *table, const DeltaFile *file);

/* What makes a load itself: committing the same identity a second time does nothing. */
typedef struct {
  const char *application; /* content identity, "import:<sha256>" */
  gint64 version;
} DeltaIdentity;
/* Whether the table holds this load already. */
gboolean delta_table_has(const DeltaTable *table, const DeltaIdentity *identity);
