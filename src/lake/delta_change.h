/*
 * Changing a Delta table: rows from an engine's SELECT into files, and the operations on a whole table. Every operation
 * is one commit; a process killed at any moment leaves the table at the version before or after it, and at most files
 * that no version names (vacuum removes them).
 */
#pragma once
#include "lake/delta_commit.h"

/* ---- rows to files ---- */
#define DELTA_TARGET_FILE_BYTES (G_GINT64_CONSTANT(256) << 20)
#define DELTA_ROW_GROUP_ROWS 122880

typedef struct {
  gint64 target_file_bytes;            /* 0: DELTA_TARGET_FILE_BYTES; files end near it */
  gint64 row_group_rows;               /* 0: DELTA_ROW_GROUP_ROWS */
  gint64 least_files;                  /* compaction: leave partitions with fewer small files alone; 0: 2 */
  const char *compression;             /* of the Parquet files: "snappy" writes faster, "zstd" is smaller; NULL: zstd */
  const char *const *cluster_columns;  /* rows are sorted by these within files; NULL: order of the query */
  Deadline deadline;
} DeltaWriteOptions;

/*
 * Runs `select`, whose columns are named like the table's (any order; missing ones become NULL), casts to their types and
 * writes Parquet files below the location, by partition, flushed to disk. What comes back describes them for
 * delta_commit_add; nothing is visible before a commit names them. Rows that break a constraint (`table`'s configuration,
 * invariants, required columns) refuse the whole: BAD_INPUT names the constraint. On failure nothing stays.
 * `table` gives location, columns and partition columns; of a table to be made, see delta_table_draft. Of DeltaFile*.
 * (transfer full)
 */
GPtrArray *delta_write_rows(const DeltaTable *table, Engine *engine, const char *select, const DeltaWriteOptions *options,
                            GError **error);
/* Removes files that were written and will not be committed. */
void delta_discard_files(const DeltaTable *table, const GPtrArray *files);

/* ---- operations ---- */
/* What an operation did. */
typedef struct {
  gint64 version;                      /* of the commit; the present one when there was nothing to do */
  gint64 rows_inserted, rows_updated, rows_deleted, rows_copied;
  gint64 files_added, files_removed;
  gint64 bytes_added, bytes_removed;
} DeltaOutcome;

typedef enum {
  DELTA_OVERWRITE_TABLE,      /* all rows */
  DELTA_OVERWRITE_PARTITIONS, /* the partitions that the new rows fall into */
} DeltaOverwrite;

/* All of these: `select` as in delta_write_rows, `identity` and `out` may be NULL, outputs are set on success only. */
gboolean delta_append(DeltaTable *table, Engine *engine, const char *select, const DeltaIdentity *identity,
                      const DeltaWriteOptions *options, DeltaOutcome *out, GError **error);
gboolean delta_overwrite(DeltaTable *table, Engine *engine, const char *select, DeltaOverwrite mode,
                         const DeltaIdentity *identity, const DeltaWriteOptions *options, DeltaOutcome *out, GError **error);
/*
 * Upsert: rows of `select` replace those with the same keys, others are added. Only files that hold a matching key are
 * written anew. A key that occurs twice in `select` is BAD_INPUT. Rows without a key (NULL) match nothing and are added.
 * A concurrent writer that added rows of the same keys is a CONFLICT; up to five times it is then computed anew.
 */
gboolean delta_merge(DeltaTable *table, Engine *engine, const char *select, const char *const *keys,
                     const DeltaIdentity *identity, const DeltaWriteOptions *options, DeltaOutcome *out, GError **error);
/*
 * The same, and a row of `select` is left out when the table holds a row with its keys for which `unless` is true: SQL over
 * n (the new row) and e (the table's), such as "e.changed_at > n.changed_at". NULL: none is left out.
 */
gboolean delta_merge_unless(DeltaTable *table, Engine *engine, const char *select, const char *const *keys, const char *unless,
                            const DeltaIdentity *identity, const DeltaWriteOptions *options, DeltaOutcome *out, GError **error);
/*
 * Deletes the rows for which `condition` (SQL over the table's columns) is true. `predicates` say the same or less, for
 * pruning (may be none).
 */
gboolean delta_delete(DeltaTable *table, Engine *engine, const char *condition, const DeltaPredicate *predicates,
                      guint n_predicates, const DeltaWriteOptions *options, DeltaOutcome *out, GError **error);
/* Makes an earlier version the newest. NOT_FOUND when vacuum took files of it. */
gboolean delta_restore(DeltaTable *table, Engine *engine, gint64 version, DeltaOutcome *out, GError **error);
/* The same, and loads since then count as never made: their identities are set back. */
gboolean delta_take_back(DeltaTable *table, Engine *engine, gint64 version, GError **error);
/* Writes small files of a partition together, sorted by the cluster columns. Rows stay the same. */
gboolean delta_compact(DeltaTable *table, Engine *engine, const DeltaWriteOptions *options, DeltaOutcome *out,
                       GError **error);

typedef struct {
  gint64 retention_ms;         /* files younger than this, or taken out of the table less long ago, stay */
  const gint64 *keep_versions; /* whose files stay as well */
  guint n_keep_versions;
  gboolean dry_run;
} DeltaVacuumOptions;
/* Removes files that neither the newest version nor one to keep names. Paths removed (or to be), of char*. (transfer full) */
GPtrArray *delta_vacuum(const DeltaTable *table, Engine *engine, const DeltaVacuumOptions *options, gint64 *bytes,
                        GError **error);

/* ---- columns and constraints ---- */
/*
 * The columns a table gets when rows of `columns` come: new ones are added at the end, types widen (integers to wider
 * ones and decimals, float to double, decimals to more digits, dates to timestamps). Anything else is UNSUPPORTED and
 * names column and types. *changed: whether there is anything to do; *rewrite: whether files must be written anew. Pure.
 * Of DeltaColumn*. (transfer full)
 */
GPtrArray *delta_schema_evolve(const DeltaTable *table, const GPtrArray *columns, gboolean *changed, gboolean *rewrite,
                               GError **error);
/* Carries that out in one commit, writing files anew where a type widened. Nothing to do: the present version. */
gboolean delta_evolve(DeltaTable *table, Engine *engine, const GPtrArray *columns, DeltaOutcome *out, GError **error);
/* Adds (or with condition NULL drops) a named CHECK constraint; BAD_INPUT when a row breaks it. */
gboolean delta_set_constraint(DeltaTable *table, Engine *engine, const char *name, const char *condition, GError **error);
