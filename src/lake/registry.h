/*
 * registry: tables that lie elsewhere and are asked where they are. <workspace>/registry.yaml names the places:
 *
 *   version: 1
 *   sources:
 *     - path: s3://bucket/exports/2026-*    each folder or Parquet file that fits is a table
 *     - path: /data/sales-*.parquet
 *       table: sales                        all that fits is one table
 *
 * A folder with a Delta log is read at its newest version; other folders by their Parquet files ("year=2026/" parts
 * become columns). What was found becomes a Delta table of the workspace, <workspace>/external/<table>/, whose log
 * names links to the files (for S3: to copies in cache/objects, fetched again when they had to go). So snapshots,
 * versions, pruning, caches and scopes hold for these tables as for all others. Nothing is written to the places
 * themselves.
 *
 * Drift: once found, a table keeps its columns until somebody accepts others. A file without one of the columns, or
 * with another type that does not fit, is left out; a column that is new is not read; a table of which nothing is left
 * keeps its last version. All of it is reported each time.
 *
 * What is known is kept in state/registry.json, with the time it was looked at, and believed for lake.registry_ttl.
 */
#pragma once
#include "lake/delta.h"

#define REGISTRY_MAX_SOURCES 200
#define REGISTRY_MAX_TABLES 2000
#define REGISTRY_MAX_FILES 100000

typedef struct {
  char *path;  /* pattern: a folder of this machine (relative to the workspace) or s3://bucket/… */
  char *table; /* NULL: each match is a table of its own name */
  guint line;
} RegistrySource;

typedef struct Registry Registry;
/* Reads registry.yaml and what is known. No file: no sources. BAD_INPUT with every mistake, one a line. (transfer full)
 */
Registry *registry_open(const char *workspace, GError **error);
void registry_free(Registry *registry);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Registry, registry_free)
const GPtrArray *registry_sources(const Registry *registry); /* of RegistrySource* (transfer none) */
/* Mistakes of a registry.yaml's text are added to `problems`. Of RegistrySource*; NULL when there are any. (transfer
 * full) */
GPtrArray *registry_read_sources(const char *bytes, gsize length, GPtrArray *problems);

typedef struct {
  gboolean force;            /* look now, however fresh what is known is */
  const char *const *accept; /* tables whose drift is taken over; NULL: none */
  Engine *engine;            /* required when something is to be looked at */
  Deadline deadline;
} RegistryOptions;

/*
 * {"checked_ms", "fresh" (nothing was looked at), "changed" (a snapshot was published), "tables": [{"name", "label",
 * "source", "format", "status": "new"|"changed"|"same"|"drift"|"gone", "version", "files", "files_left_out", "rows",
 * "bytes", "data_ms", "columns": [{"name", "label", "type"}], "drift": [text]}], "problems": [text]}. A source that
 * cannot be read is a problem of its own; the others are looked at. Thread-safe; one process at a time does it (the
 * others wait and find it done). NOT_FOUND: the registry finds no table that `accept` names. (transfer full)
 */
json_t *registry_refresh(Registry *registry, const RegistryOptions *options, GError **error);

/* ---- for snapshots ---- */
/* A Delta table's setting that says: its files lie elsewhere ("parquet" or "delta"), and it is only read. */
#define EXTERNAL_SETTING "aisle.external"
/* Adds the names of the external tables of a workspace, sorted, to `names`. */
void external_table_names(const char *workspace, GPtrArray *names);
/* The folder of an external table's log; NULL when there is no such table. (transfer full) */
char *external_table_location(const char *workspace, const char *table);
/* Sees to it that the links of the files lead somewhere. Of ObjectCopy*, to be held as long as they are read. (transfer
 * full) */
GPtrArray *external_table_hold(const char *workspace, const DeltaTable *table, Deadline deadline, GError **error);
/* A relation with the table's columns that fails when it is read: for a table whose files cannot be reached. (transfer
 * full) */
char *external_away_sql(const DeltaTable *table, const char *name);
/* Whether an engine's error is that failure. */
gboolean external_is_away(const GError *error);
/* Folders that the engine must be let into to read the external tables of a snapshot. NULL at the end. (transfer full)
 */
char **external_table_folders(const char *workspace, const LakeSnapshot *snapshot);
/* The external tables of a snapshot, as if they had just been imported, for inferring what they mean. Of
 * ImportedTable*. (transfer full) */
GPtrArray *external_tables_of(const LakeSnapshot *snapshot);
/* The current snapshot, with its tables as they are, goes with this model from now on. */
gboolean registry_publish_model(const char *workspace, const char *model_hash, GError **error);
