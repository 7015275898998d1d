/*
 * One commit to a Delta table: a set of actions that becomes the next version in one step, or not at all.
 *
 * Optimistic: the commit is prepared over one version; when others were first, their commits are looked at. What they
 * did is compatible with: a blind append; a change of files that they left alone and whose rows they did not add to.
 * Otherwise CONFLICT, and nothing was changed. A commit is used by one thread.
 */
#pragma once
#include "lake/delta.h"

typedef struct DeltaCommit DeltaCommit;

/* A table that is not there yet, to be the base of its first commit: version -1, no files. Columns are copied;
 * `partition_columns` and `configuration` may be NULL. (transfer full) */
DeltaTable *delta_table_draft(const char *location, const GPtrArray *columns, const char *const *partition_columns,
                              GHashTable *configuration, GError **error);
/* Over `base` (a draft: creates the table); `operation` as Delta names them: "WRITE", "MERGE", "DELETE", "OPTIMIZE", "RESTORE" ... (transfer full) */
DeltaCommit *delta_commit_new(DeltaTable *base, const char *operation);
void delta_commit_free(DeltaCommit *commit);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DeltaCommit, delta_commit_free)

/* commitInfo.operationParameters and operationMetrics. */
void delta_commit_set_parameter(DeltaCommit *commit, const char *name, const char *value);
void delta_commit_set_metric(DeltaCommit *commit, const char *name, gint64 value);
/* A setting of the table (metaData.configuration); NULL takes it away. */
void delta_commit_set_configuration(DeltaCommit *commit, const char *name, const char *value);
/* Other columns from now on. The caller has checked that old files can be read so (delta_schema_evolve). */
void delta_commit_set_columns(DeltaCommit *commit, const GPtrArray *columns);
/* A load's identity (may be NULL); several may be added. */
void delta_commit_set_identity(DeltaCommit *commit, const DeltaIdentity *identity);

/* Sets an identity back to `version` (-1: as if never loaded), as taking a load back needs. */
void delta_commit_reset_identity(DeltaCommit *commit, const char *application, gint64 version);

/* `data_change` FALSE: the rows are only arranged otherwise (compaction). The file is copied. */
void delta_commit_add(DeltaCommit *commit, const DeltaFile *file, gboolean data_change);
void delta_commit_remove(DeltaCommit *commit, const DeltaFile *file, gboolean data_change);

/*
 * What the commit's content was computed from, besides the files it removes: rows that meet these predicates (copied),
 * or the whole table (n_predicates 0). If another writer adds such rows in the meantime, the commit is a CONFLICT.
 */
void delta_commit_set_read(DeltaCommit *commit, const DeltaPredicate *predicates, guint n_predicates);

/*
 * Writes it. Returns the version, -1 on failure: EXISTS (a new table that is there already), CONFLICT, UNSUPPORTED (a
 * feature of the table that writers must know), NO_SPACE, IO. When all identities are in the table already nothing is
 * written and the table's version is returned. Every tenth version gets a checkpoint; failing to write that is logged,
 * not an error. `engine` may be NULL as in delta_table_open.
 */
gint64 delta_commit_write(DeltaCommit *commit, Engine *engine, GError **error);

/* Whether delta_commit_write found that others had loaded the same content, so that this commit's files are not needed. */
gboolean delta_commit_was_done(const DeltaCommit *commit);

/* After a failure: the commit may be in the log all the same (flushing it failed), so its files must stay where they are. */
gboolean delta_commit_may_stand(const DeltaCommit *commit);

/* Shorthands. Version 0 of a table without partitions; EXISTS when there is one. */
gboolean delta_table_create(const char *location, const GPtrArray *columns, const GPtrArray *files,
                            const DeltaIdentity *identity, GError **error);
/* A blind append of files already written. Returns the version, -1 on failure. */
gint64 delta_table_append(const char *location, const GPtrArray *files, const DeltaIdentity *identity, Engine *engine,
                          GError **error);

/* Writes the checkpoint of this version and points _last_checkpoint at it. */
gboolean delta_checkpoint_write(const DeltaTable *table, Engine *engine, GError **error);
