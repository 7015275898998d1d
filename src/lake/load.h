/*
 * Loads of a workspace. A load changes one table or several by Delta commits; nothing of it is visible to questions
 * before lake_load_publish() makes all of it the current snapshot in one step. While a load runs, its tables are locked
 * against other loads of this workspace (their locks go with the process; readers are never locked out).
 *
 * A load that was killed leaves a journal. The next load over one of its tables either goes on with it (same identity:
 * commits that are there already do nothing, see DeltaIdentity) or first takes back what it had committed.
 */
#pragma once
#include "lake/delta_change.h"

typedef struct LakeLoad LakeLoad;

/*
 * Waits for the tables (names; they need not exist yet) until the deadline: BUSY after it. `identity` names the load's
 * content. (transfer full)
 */
LakeLoad *lake_load_begin(const char *workspace, const char *identity, const char *const *tables, Engine *engine,
                          Deadline deadline, GError **error);
/* TRUE when a killed run with the same identity left commits that are now resumed. */
gboolean lake_load_resumed(const LakeLoad *load);
/*
 * The tables as they are now, together with the others as the current snapshot has them, become the current snapshot;
 * `name` (may be NULL) keeps it under a name too. `model_hash` NULL: as before.
 */
gboolean lake_load_publish(LakeLoad *load, const char *model_hash, const char *name, GError **error);
/* Without publish: what was committed is taken back (as far as possible; else by the next load). */
void lake_load_free(LakeLoad *load);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LakeLoad, lake_load_free)

/* Where a workspace keeps a table: <workspace>/lake/<table>, or below the setting lake.location. (transfer full) */
char *lake_table_location(const char *workspace, const char *table, GError **error);
/* A table goes, its log first, newest commit first, so that it is a table or none at every moment. */
gboolean lake_remove_table(const char *location, GError **error);
/* Names of the tables there are, sorted (of char*). Those of a load in progress among them. (transfer full) */
GPtrArray *lake_tables(const char *workspace, GError **error);

/* ---- housekeeping of a workspace's tables ---- */
/*
 * Removes files of a table that neither its newest version, the current snapshot, a named one, nor a load in progress
 * needs, and that are older than `retention_ms`. As delta_vacuum. (transfer full)
 */
GPtrArray *lake_vacuum(const char *workspace, const char *table, Engine *engine, gint64 retention_ms, gboolean dry_run,
                       gint64 *bytes, GError **error);
/* delta_compact, published. */
gboolean lake_compact(const char *workspace, const char *table, Engine *engine, const DeltaWriteOptions *options,
                      DeltaOutcome *out, GError **error);
/* delta_restore, published. */
gboolean lake_restore(const char *workspace, const char *table, Engine *engine, gint64 version, DeltaOutcome *out,
                      GError **error);
