/* From the actions of a log to a table. Private to the lake. */
#pragma once
#include "lake/delta_log.h"

/* Tag of an add action: which columns, of which types, its file holds. */
#define DELTA_LAYOUT_TAG "aisle.columns"

/* A table while actions are applied, oldest first. */
typedef struct {
  DeltaTable *table;
  GHashTable *live;       /* path (and deletion vector) -> DeltaFile* */
  GHashTable *tombstones; /* the same -> DeltaTombstone* */
  GHashTable *vectors;    /* keys of live files that have a deletion vector -> json_t* of it */
  char **partition_keys;  /* partition columns as add actions name them */
  GPtrArray *waiting;     /* of json_t*: add actions that came before the table was described */
  json_t *protocol, *metadata;
  const char *where;      /* what is being read, for errors */
} DeltaReplay;

/* `table` (new, empty) is filled by delta_replay_finish. */
void delta_replay_init(DeltaReplay *replay, DeltaTable *table);
void delta_replay_clear(DeltaReplay *replay);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(DeltaReplay, delta_replay_clear)
void delta_tombstone_free(DeltaTombstone *tombstone);
/* A DeltaActionFunc over a DeltaReplay. */
gboolean delta_replay_action(const json_t *action, gpointer replay, GError **error);
/* Checks protocol and schema; moves files into the table and reads their statistics. */
gboolean delta_replay_finish(DeltaReplay *replay, GError **error);

/* The path of an add or remove action, decoded and within the table; NULL with CORRUPT. (transfer full) */
char *delta_action_path(const json_t *action, const char *where, GError **error);
/* A file from an add action; partition values in the order of `partition_columns`. NULL with CORRUPT. */
DeltaFile *delta_action_file(const json_t *add, char **partition_columns, const char *where, GError **error);

/* The add action of a file. (transfer full) */
json_t *delta_file_to_json(const DeltaTable *table, const DeltaFile *file, gboolean data_change);

/* What a reader must know of a table; UNSUPPORTED by name. */
gboolean delta_protocol_check_read(const DeltaTable *table, GError **error);
/* Columns have other names in files, statistics and partition values (DeltaColumn.stored). */
gboolean delta_protocol_maps_columns(const DeltaTable *table);
/* That every feature a writer must know is known; UNSUPPORTED by name. */
gboolean delta_protocol_check_features(const DeltaTable *table, GError **error);
/* The same, and that none is in use which is not written. `removes`: the commit takes rows away. */
gboolean delta_protocol_check_write(const DeltaTable *table, gboolean removes, GError **error);

/* Reads a checkpoint through the engine (NULL: one of its own). */
gboolean delta_checkpoint_replay(DeltaReplay *replay, ObjectStore *store, const DeltaCheckpointName *name, Engine *engine,
                                 GError **error);

/* Fills file->bounds (and rows) from statistics and partition values. Statistics that make no sense are as good as none. */
void delta_file_read_bounds(const DeltaTable *table, DeltaFile *file);
/* The log's text of a value (a partition value); FALSE when it is none of the column's type. Text is copied. */
gboolean delta_bound_parse(const DeltaColumn *column, const char *text, DeltaBound *out);
/* An empty table with reference 1. */
DeltaTable *delta_table_new_empty(const char *location, ObjectStore *store);
/* The store over a location, with a cache folder for remote ones. (transfer full) */
ObjectStore *delta_store_open(const char *location, GError **error);
struct DeltaCopies *delta_copies_new(void);
void delta_copies_free(struct DeltaCopies *copies);
