/* Files of snapshots. Private to the lake. */
#pragma once
#include "lake/delta.h"

/* Which table is at which version. */
typedef struct {
  char *name;
  gint64 version;
} SnapshotEntry;
void snapshot_entry_free(SnapshotEntry *entry);

/* A snapshot's file, read; entries in order of name. */
typedef struct {
  char *id, *name, *model_hash;
  gint64 created_ms, kept_ms; /* when the data became these; when they got the name (0: it has none) */
  GPtrArray *entries; /* of SnapshotEntry* */
} SnapshotFile;
void snapshot_file_free(SnapshotFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SnapshotFile, snapshot_file_free)
/* NULL name: the current one. NOT_FOUND, CORRUPT. (transfer full) */
SnapshotFile *snapshot_file_read(const char *workspace, const char *name, GError **error);
/* Every snapshot file of the workspace, the current one among them. Of SnapshotFile*. (transfer full) */
GPtrArray *snapshot_files_all(const char *workspace, GError **error);

/* A lock of the workspace that goes with the process: snapshots change one at a time. */
typedef struct {
  int fd;
} WorkspaceLock;
#define WORKSPACE_LOCK_NONE {-1}
/* BUSY when somebody holds `name` until the deadline. */
gboolean workspace_lock(const char *workspace, const char *name, WorkspaceLock *lock, Deadline deadline, GError **error);
void workspace_unlock(WorkspaceLock *lock);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(WorkspaceLock, workspace_unlock)

/*
 * Replaces the current snapshot, under the lock "snapshots": tables of `changes` (of SnapshotEntry*; version -1 takes a
 * table out) on top of those of the current one. `model_hash` NULL: as before. `name` (may be NULL): kept under it too.
 */
gboolean snapshot_publish_changes(const char *workspace, const GPtrArray *changes, gboolean only_these, const char *model_hash,
                                  const char *name, GError **error);
gboolean snapshot_name_check(const char *name, GError **error);

/* A load that has begun and not been published: what the next one must know. */
typedef struct {
  char *path;         /* of the journal */
  char *identity;
  GPtrArray *entries; /* of SnapshotEntry*: versions before the load; -1: no table yet */
} LoadJournal;
void load_journal_free(LoadJournal *journal);
/* Of LoadJournal*. (transfer full) */
GPtrArray *load_journals(const char *workspace, GError **error);
/* The version of a table, -1: not among them. */
gint64 snapshot_entries_version(const GPtrArray *entries, const char *table);
