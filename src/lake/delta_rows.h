/* Steps of writing rows, private to the lake. */
#pragma once
#include "lake/delta_change.h"

/* A short hash of the columns' names and types: files with the table's own can be read as they are. (transfer full) */
char *delta_columns_layout(const GPtrArray *columns);

/*
 * "stats" of a file from what the engine measured: {"\"column\"": {"min": …, "max": …, "null_count": …, "has_nan": …}}.
 * Text bounds are cut (the maximum rounded up), timestamps rounded outward to milliseconds, columns with NaN get no
 * bounds. Partition columns are left out. (transfer full)
 */
char *delta_statistics_text(const DeltaTable *table, gint64 rows, const json_t *measured);

/* A text of the log that others wrote as SQL: one scalar condition over columns and constants, without subqueries or
 * unusual functions; else UNSUPPORTED. */
gboolean delta_condition_check(Engine *engine, const char *condition, const char *what, GError **error);
/* SQL that is true for rows meeting all constraints of the table and fails by naming the one that a row breaks; NULL when
 * there are none. *failed. (transfer full) */
gboolean delta_constraints_sql(const DeltaTable *table, Engine *engine, char **out, GError **error);
/* The name of the constraint in an engine's message of such a failure; NULL. (transfer full) */
char *delta_constraint_broken(const char *message);

typedef enum {
  DELTA_RELATION_STORED = 1 << 0, /* times with a zone keep it: for writing rows back */
  DELTA_RELATION_FILE = 1 << 1,   /* a last column DELTA_FILE_COLUMN: delta_file_location of the row's file */
} DeltaRelationFlags;
#define DELTA_FILE_COLUMN "__aisle_file"
char *delta_relation_sql_with(const DeltaTable *table, const GPtrArray *files, DeltaRelationFlags flags);
/* The rows of `select` with exactly the table's columns and types. (transfer full) */
char *delta_typed_sql(const DeltaTable *table, Engine *engine, const char *select, Deadline deadline, GError **error);

/* One try of an operation over one version of the table. Files it wrote are its own to discard when it fails. */
typedef gboolean (*DeltaAttempt)(DeltaTable *table, Engine *engine, gpointer data, DeltaOutcome *out, GError **error);
/* Tries again over the newest version when another writer was first (CONFLICT; EXISTS for a draft), a few times. */
gboolean delta_try(DeltaTable *table, Engine *engine, DeltaAttempt attempt, gpointer data, DeltaOutcome *out, GError **error);
/* Commits and fills `out`; discards `added` (of DeltaFile*) when that fails. Takes the commit. */
gboolean delta_finish(DeltaCommit *commit, const DeltaTable *table, Engine *engine, const GPtrArray *added,
                      const GPtrArray *removed, DeltaOutcome *out, GError **error);

/* Sums for commitInfo and outcomes. */
void delta_outcome_count(DeltaOutcome *outcome, const GPtrArray *added, const GPtrArray *removed);
gint64 delta_files_rows(const GPtrArray *files);
