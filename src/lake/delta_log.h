/* Names and bytes of a Delta log: which commits and checkpoints there are, reading and creating them. Private to the lake. */
#pragma once
#include "lake/delta.h"

#define DELTA_LOG "_delta_log/"
#define DELTA_LAST_CHECKPOINT DELTA_LOG "_last_checkpoint"
#define DELTA_COMMIT_MAX_BYTES ((gsize)512 << 20)
#define DELTA_LOG_MAX_ENTRIES 1000000

/* A checkpoint of one file or of several parts. */
typedef struct {
  gint64 version;
  guint parts; /* 0: a single file */
  guint found; /* parts that are there */
} DeltaCheckpointName;

typedef struct {
  GArray *commits;     /* of gint64, ascending */
  GArray *checkpoints; /* of DeltaCheckpointName, ascending; complete ones only */
  gboolean has_v2;     /* a checkpoint of the newer kind (v2Checkpoint) stands there */
} DeltaLogListing;
void delta_log_listing_clear(DeltaLogListing *listing);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(DeltaLogListing, delta_log_listing_clear)

/* What the log folder names, from version `from` on. An empty log is an empty listing. */
gboolean delta_log_list(ObjectStore *store, gint64 from, DeltaLogListing *listing, GError **error);
/* The version that _last_checkpoint points at; -1: none, or it cannot be read (it is only a hint). */
gint64 delta_log_last_checkpoint(ObjectStore *store);

char *delta_log_commit_key(gint64 version);                                          /* (transfer full) */
char *delta_log_checkpoint_key(const DeltaCheckpointName *name, guint part_from_one); /* (transfer full) */

/* One action of a commit, parsed. FALSE with error stops. */
typedef gboolean (*DeltaActionFunc)(const json_t *action, gpointer data, GError **error);
/* Calls `function` for every action of a commit, in order. Bytes that are no actions are CORRUPT. */
gboolean delta_log_parse(const char *bytes, gsize length, const char *where, DeltaActionFunc function, gpointer data,
                         GError **error);
/* The same for a version in the store; NOT_FOUND when there is no such commit. */
gboolean delta_log_read(ObjectStore *store, gint64 version, DeltaActionFunc function, gpointer data, GError **error);
/* The time a commit says it was made (commitInfo), else when its file was written; milliseconds. -1 with error. */
gint64 delta_log_commit_time(ObjectStore *store, gint64 version, GError **error);
