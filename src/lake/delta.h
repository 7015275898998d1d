/*
 * The log of a Delta Lake table (github.com/delta-io/delta, PROTOCOL.md): which Parquet files make up which version.
 * A commit is a JSON file that only one writer can create; what is not named in the log does not exist.
 */
#pragma once
#include "lake/lake.h"

/* Deletion vectors, column mapping and other reader features change what the files mean: tables with one that is not
 * in this list are refused. */
#define DELTA_READER_VERSION 3
#define DELTA_SUPPORTED_FEATURES "timestampNtz"

typedef struct {
  char *name;  /* physical */
  char *label; /* kept as metadata "aisle.label"; may be NULL */
  FieldType type;
} DeltaColumn;
DeltaColumn *delta_column_new(const char *name, const char *label, FieldType type);
void delta_column_free(DeltaColumn *column);

typedef struct {
  char *path;         /* relative to the table's folder, decoded */
  gint64 bytes, rows; /* rows: -1 when the log does not say */
  char *statistics;   /* JSON text of "stats"; NULL */
} DeltaFile;
void delta_file_free(DeltaFile *file);

typedef struct {
  gint64 version;
  char *id;
  char *schema;           /* the schemaString */
  GPtrArray *columns;     /* of DeltaColumn* */
  GPtrArray *files;       /* of DeltaFile*, in order of path */
  GHashTable *identities; /* application id -> gint64* newest transaction version */
} DeltaTable;
void delta_table_free(DeltaTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DeltaTable, delta_table_free)

/* Reads the log up to `version` (-1: the newest). NOT_FOUND: no table there, UNSUPPORTED: a feature by name, CORRUPT.
 * A log whose old commits were removed starts from its checkpoint, which `engine` (or one of its own) reads. */
DeltaTable *delta_table_open(const char *folder, gint64 version, Engine *engine, GError **error);

/* What makes a load itself: committing the same identity a second time does nothing. May be NULL. */
typedef struct {
  const char *application; /* content identity, "import:<sha256>" */
  gint64 version;
} DeltaIdentity;

/* Commits version 0. EXISTS when there is one. */
gboolean delta_table_create(const char *folder, const GPtrArray *columns, const GPtrArray *files,
                            const DeltaIdentity *identity, GError **error);
/* Commits a further version with more files; retries when another writer was first. Returns the version, -1 on failure.
 */
gint64 delta_table_append(const char *folder, const GPtrArray *files, const DeltaIdentity *identity, Engine *engine,
                          GError **error);
/* The newest version in the log; -1 with NOT_FOUND. */
gint64 delta_newest_version(const char *folder, GError **error);

/* Describes a Parquet file just written: size, rows and statistics per column, from its footer. (transfer full) */
DeltaFile *delta_file_describe(Engine *engine, const char *folder, const char *relative_path, const GPtrArray *columns,
                               Deadline deadline, GError **error);
