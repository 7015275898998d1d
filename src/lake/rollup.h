/*
 * Rollups as tables: sums of a table's rows kept beside it, as a Delta table in <workspace>/lake/_rollups/<name>. Which
 * versions of which tables they were made from stands in the table's own configuration and changes in the same commit
 * as the sums, so a rollup is never half new; the old one serves until the new one is committed.
 *
 * Serving follows the rows: where rows were only added since, sums of the added files stand beside the kept ones; where
 * files were replaced, the periods they touch come from the rows and the others from the rollup. All functions may be
 * called from any thread.
 */
#pragma once
#include "lake/delta_change.h"

/* What a rollup is, without any meaning: made by query/, which writes the SQL. All strings are owned. */
typedef struct {
  char *name;
  char *table;       /* lake table whose rows are added up */
  char *head, *tail; /* the SELECT that adds up: head + a relation with the table's columns + tail */
  char **joined;     /* other lake tables that it reads, NULL-terminated */
  char **keys;       /* grouping columns of the result, the period's date first */
  char **sums;       /* columns that are added up */
  char **sketches;   /* columns with sketches of distinct values (engine/engine.h), put together by aisle_sketch_merge */
  char *date;        /* column of the table that the period is made of; NULL: computed */
  TimeUnit grain;
} RollupSpec;
void rollup_spec_free(RollupSpec *spec);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RollupSpec, rollup_spec_free)

typedef enum {
  ROLLUP_IS_MISSING,       /* never filled, or for another definition */
  ROLLUP_IS_FRESH,         /* of exactly the snapshot's versions */
  ROLLUP_IS_COMPLETED,     /* usable together with some of the rows */
  ROLLUP_IS_STALE,         /* too much has changed, or where is not known */
  ROLLUP_DIMENSION_IS_NEW, /* a joined table changed: any of its sums may belong elsewhere now */
} RollupState;

typedef struct {
  RollupState state;
  char *relation; /* SQL with exactly keys, sums and sketches as columns; several rows of one group may occur; NULL: not usable */
  gint64 version; /* of the rollup's table */
  gint64 rows, bytes; /* of the rollup's files and the rows' files that the relation reads */
  guint files, row_files;
} RollupServing;
void rollup_serving_free(RollupServing *serving);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RollupServing, rollup_serving_free)

/* How the rollup stands to the snapshot. Errors only where a log cannot be read. (transfer full) */
RollupServing *rollup_serving_open(const char *workspace, const RollupSpec *spec, const LakeSnapshot *snapshot,
                                   Engine *engine, GError **error);

/* A file that is replaced whenever a rollup was promoted: who serves the workspace looks at it. (transfer full) */
char *rollup_stamp_path(const char *workspace);

typedef enum { ROLLUP_UNCHANGED, ROLLUP_BUILT, ROLLUP_ADDED_TO, ROLLUP_REWRITTEN } RollupWork;
typedef struct {
  RollupWork work;
  gint64 rows, bytes, version; /* of the rollup now */
} RollupOutcome;
/*
 * Brings the rollup to the snapshot's versions, reading no more of the rows than what changed. CONFLICT when another
 * process does the same at once; then nothing was changed. `engine` must have the snapshot attached.
 */
gboolean rollup_refresh(const char *workspace, const RollupSpec *spec, const LakeSnapshot *snapshot, Engine *engine,
                        Deadline deadline, RollupOutcome *out, GError **error);
