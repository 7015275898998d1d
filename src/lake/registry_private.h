/* How the registry works, step by step. Private to the lake. */
#pragma once
#include "lake/delta_change.h"
#include "lake/delta_vector.h"
#include "lake/registry.h"

typedef enum { EXTERNAL_PARQUET, EXTERNAL_DELTA } ExternalFormat;

typedef struct {
  char *key; /* in `store` */
  ObjectInfo info;
  char **partition_values; /* by the table's partitions; elements may be NULL */
  guint n_partition_values;
  char *statistics; /* of a Delta table's log; NULL */
  gint64 rows;      /* of a Delta table's log; -1 */
  DeltaVector *vector; /* of a Delta table's file; NULL */
} FoundFile;

/* A table as it lies there now. */
typedef struct {
  char *name;   /* of the table here */
  char *label;  /* as the place calls it */
  char *source; /* for people: "s3://bucket/exports/orders" */
  ExternalFormat format;
  ObjectStore *store;
  char *folder;       /* key of the folder, with its slash; "" for files */
  char *unit;         /* the folder or file that was found first */
  gboolean has_others, has_log; /* there are more of them; one is a Delta table */
  GPtrArray *files;   /* of FoundFile*, in order of key */
  char **partitions;  /* names of "name=value" parts, or the Delta table's; never NULL */
  GPtrArray *columns; /* of DeltaColumn*: a Delta table's; NULL for Parquet */
  char *fingerprint;  /* of files, sizes, ETags; or of a Delta table's id and version */
} FoundTable;
void found_table_free(FoundTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FoundTable, found_table_free)

/* registry_find.c: tables of all sources; what cannot be read is added to `problems` (of char*). Of FoundTable*.
 * (transfer full) */
GPtrArray *registry_find(const char *workspace, const GPtrArray *sources, GPtrArray *problems, Deadline deadline,
                         GError **error);
/* Reads what is known of a found Delta table: columns, files at its newest version, fingerprint. */
gboolean registry_find_delta(FoundTable *table, Engine *engine, Deadline deadline, GError **error);

/* registry_links.c */
/* The path within the external table's folder under which the engine reads the file; the link is made. (transfer full)
 */
char *external_link(const char *workspace, const char *location, const FoundTable *table, const FoundFile *file,
                    GPtrArray *held, Deadline deadline, GError **error);
ObjectStore *external_store(const char *workspace, const char *url, GError **error);

/* registry_columns.c */
/* Columns of a Parquet file as a table has them; names of columns that cannot be read are added to `skipped`. Labels
 * are the file's own names. Of DeltaColumn*. (transfer full) */
GPtrArray *external_columns(Engine *engine, const char *path, GPtrArray *skipped, Deadline deadline, GError **error);
/* What is amiss with a file's columns against the table's, added to `drift` (of char*). FALSE: the file cannot be read
 * as one. */
gboolean external_compare(const GPtrArray *table, const GPtrArray *file, char **partitions, const char *shown,
                          GPtrArray *drift);
/* The table's columns once the file's are accepted too: new ones at the end, types that fit both. (transfer full) */
GPtrArray *external_accept(const GPtrArray *table, const GPtrArray *file);
/* "stats" of a Parquet file from its footer: rows, bounds of the first columns. `columns` are the table's; `table` has
 * them too. (transfer full) */
char *external_statistics(Engine *engine, const DeltaTable *table, const char *path, gint64 *rows, Deadline deadline,
                          GError **error);
/* A column for values of "name=value" folders. (transfer full) */
DeltaColumn *external_partition_column(const char *label, const char *name, const FoundTable *found, guint index);
/* Whether the text is a value of the column's type. */
gboolean registry_parse_bound(const DeltaColumn *column, const char *text, DeltaBound *out);
/* Position of a label, whatever its case; -1. */
int external_find_label(const GPtrArray *columns, const char *label);

/* registry_commit.c: brings the external table up to what was found. */
typedef struct {
  const char *workspace;
  const RegistryOptions *options;
  gboolean accept;
  /* results */
  gboolean is_new, changed; /* changed: a new version was committed */
  DeltaTable *table;        /* as it is now; NULL: there is none */
  GPtrArray *drift;         /* of char* */
  guint left_out;
} ExternalUpdate;
void external_update_clear(ExternalUpdate *update);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ExternalUpdate, external_update_clear)
gboolean external_update(ExternalUpdate *update, const FoundTable *found, GError **error);
