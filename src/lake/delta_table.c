/* Delta tables as values: opening, looking at them, comparing them. */
#include "lake/delta_commit.h"
#include "lake/delta_replay.h"
#include "lake/delta_schema.h"
#include "lake/delta_vector.h"
#include <string.h>

/* With so few commits their text is read faster than a checkpoint, for which an engine must be there. */
#define FEW_COMMITS 20

void delta_file_free(DeltaFile *file) {
  if (!file) return;
  g_free(file->path);
  g_free(file->statistics);
  g_free(file->layout);
  delta_vector_unref(file->vector);
  /* elements may be NULL: not a string vector in GLib's sense */
  for (guint i = 0; i < file->n_partition_values; i++) g_free(file->partition_values[i]);
  g_free(file->partition_values);
  for (guint i = 0; i < file->n_bounds; i++) {
    if (!file->bounds[i].is_text) continue;
    g_free(file->bounds[i].minimum.text);
    g_free(file->bounds[i].maximum.text);
  }
  g_free(file->bounds);
  g_free(file);
}

void delta_tombstone_free(DeltaTombstone *tombstone) {
  if (!tombstone) return;
  g_free(tombstone->path);
  g_free(tombstone->vector_path);
  g_free(tombstone);
}

DeltaTable *delta_table_new_empty(const char *location, ObjectStore *store) {
  DeltaTable *table = g_new0(DeltaTable, 1);
  table->references = 1;
  table->version = -1;
  table->location = g_strdup(location);
  table->store = object_store_ref(store);
  table->copies = delta_copies_new();
  table->partition_columns = g_new0(char *, 1);
  table->reader_features = g_new0(char *, 1);
  table->writer_features = g_new0(char *, 1);
  table->configuration = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  table->identities = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  table->files = g_ptr_array_new_with_free_func((GDestroyNotify)delta_file_free);
  table->tombstones = g_ptr_array_new_with_free_func((GDestroyNotify)delta_tombstone_free);
  return table;
}

DeltaTable *delta_table_ref(DeltaTable *table) {
  g_atomic_int_inc(&table->references);
  return table;
}

void delta_table_unref(DeltaTable *table) {
  if (!table || !g_atomic_int_dec_and_test(&table->references)) return;
  g_free(table->location);
  delta_copies_free(table->copies);
  object_store_unref(table->store);
  g_free(table->id);
  g_free(table->name);
  g_free(table->description);
  g_free(table->schema);
  g_strfreev(table->partition_columns);
  g_strfreev(table->reader_features);
  g_strfreev(table->writer_features);
  g_clear_pointer(&table->columns, g_ptr_array_unref);
  g_clear_pointer(&table->configuration, g_hash_table_unref);
  g_clear_pointer(&table->files, g_ptr_array_unref);
  g_clear_pointer(&table->tombstones, g_ptr_array_unref);
  g_clear_pointer(&table->identities, g_hash_table_unref);
  g_free(table);
}

DeltaTable *delta_table_draft(const char *location, const GPtrArray *columns, const char *const *partition_columns,
                              GHashTable *configuration, GError **error) {
  g_autoptr(ObjectStore) store = delta_store_open(location, error);
  if (!store) return NULL;
  g_autoptr(DeltaTable) table = delta_table_new_empty(location, store);
  table->columns = delta_columns_copy(columns);
  if (partition_columns) {
    g_strfreev(table->partition_columns);
    table->partition_columns = g_strdupv((char **)partition_columns);
  }
  for (char **name = table->partition_columns; *name; name++) {
    if (delta_table_column(table, *name) && !g_strv_contains((const char *const *)name + 1, *name)) continue;
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "%s cannot be a partition column: there is no such column, or it is named twice", *name);
    return NULL;
  }
  if (g_strv_length(table->partition_columns) >= columns->len && columns->len > 0) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "a table needs a column that is no partition column");
    return NULL;
  }
  GHashTableIter iter;
  gpointer key, value;
  if (configuration) {
    g_hash_table_iter_init(&iter, configuration);
    while (g_hash_table_iter_next(&iter, &key, &value))
      g_hash_table_insert(table->configuration, g_strdup(key), g_strdup(value));
  }
  return g_steal_pointer(&table);
}

/* ---- opening ---- */

/* The newest of the first `*left` checkpoints that helps to reach `version`; NULL: none, or the commits alone do. *left
 * becomes how many there are below it, to go on with when it is damaged. */
static const DeltaCheckpointName *choose_checkpoint(const DeltaLogListing *listing, gint64 version, guint *left) {
  const GArray *commits = listing->commits;
  gboolean whole = commits->len > 0 && g_array_index(commits, gint64, 0) == 0;
  gint64 newest = commits->len > 0 ? g_array_index(commits, gint64, commits->len - 1) : 0;
  gint64 last = version >= 0 ? version : newest;
  if (whole && last < FEW_COMMITS) return NULL;
  while (*left > 0) {
    const DeltaCheckpointName *name = &g_array_index(listing->checkpoints, DeltaCheckpointName, --*left);
    if (version < 0 || name->version <= version) return name;
  }
  return NULL;
}

static gboolean fail_without_start(const DeltaLogListing *listing, gint64 version, const char *location, GError **error) {
  if (listing->commits->len == 0 && listing->checkpoints->len == 0 && !listing->has_v2)
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND, "%s is not a Delta table: it has no commits", location);
  else if (version >= 0 && listing->checkpoints->len > 0)
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND,
                "%s: version %" G_GINT64_FORMAT " is no longer in the log, which was cleaned up; the oldest that can be read is %" G_GINT64_FORMAT,
                location, version, g_array_index(listing->checkpoints, DeltaCheckpointName, 0).version);
  else if (listing->has_v2)
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_UNSUPPORTED,
                "%s: the table needs a checkpoint of the kind v2Checkpoint, which is not supported", location);
  else
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_CORRUPT,
                "%s: the Delta log neither starts at version 0 nor has a checkpoint", location);
  return FALSE;
}

/* Applies the commits after `next - 1` up to `version` (-1: all). */
static gboolean replay_commits(DeltaReplay *replay, const GArray *commits, gint64 next, gint64 version, GError **error) {
  DeltaTable *table = replay->table;
  for (guint i = 0; i < commits->len; i++) {
    gint64 commit = g_array_index(commits, gint64, i);
    if (commit < next || (version >= 0 && commit > version)) continue;
    if (commit != next) {
      g_set_error(error, AISLE_ERROR, AISLE_ERROR_CORRUPT,
                  "%s: version %" G_GINT64_FORMAT " is missing in the Delta log", table->location, next);
      return FALSE;
    }
    if (!delta_log_read(table->store, commit, delta_replay_action, replay, error)) return FALSE;
    next++;
  }
  table->version = next - 1;
  if (version < 0 || next - 1 == version) return TRUE;
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND,
              "%s has no version %" G_GINT64_FORMAT "; the newest is %" G_GINT64_FORMAT, table->location, version, next - 1);
  return FALSE;
}

static DeltaTable *replay_listing(const char *location, ObjectStore *store, const DeltaLogListing *listing,
                                  const DeltaCheckpointName *checkpoint, gint64 version, Engine *engine, GError **error) {
  g_autoptr(DeltaTable) table = delta_table_new_empty(location, store);
  g_auto(DeltaReplay) replay;
  delta_replay_init(&replay, table);
  gint64 next = 0;
  if (checkpoint) {
    if (!delta_checkpoint_replay(&replay, store, checkpoint, engine, error)) return NULL;
    next = checkpoint->version + 1;
  }
  if (!replay_commits(&replay, listing->commits, next, version, error)) return NULL;
  if (!delta_replay_finish(&replay, error)) return NULL;
  return g_steal_pointer(&table);
}

/* Lists from `from` on and replays what is there. *start_missing: the listing does not reach back far enough. */
static DeltaTable *open_from(const char *location, ObjectStore *store, gint64 from, gint64 version, Engine *engine,
                             gboolean *start_missing, GError **error) {
  g_auto(DeltaLogListing) listing = {NULL, NULL, FALSE};
  *start_missing = FALSE;
  if (!delta_log_list(store, from, &listing, error)) return NULL;
  guint left = listing.checkpoints->len;
  const DeltaCheckpointName *checkpoint = choose_checkpoint(&listing, version, &left);
  gboolean whole = listing.commits->len > 0 && g_array_index(listing.commits, gint64, 0) == 0;
  if (!checkpoint && !whole) {
    *start_missing = TRUE;
    fail_without_start(&listing, version, location, error);
    return NULL;
  }
  g_autoptr(GError) first = NULL;
  for (;;) {
    g_autoptr(GError) failing = NULL;
    DeltaTable *table = replay_listing(location, store, &listing, checkpoint, version, engine, &failing);
    if (table) return table;
    if (!first) first = g_error_copy(failing);
    if (!checkpoint || g_error_matches(failing, AISLE_ERROR, AISLE_ERROR_UNSUPPORTED)) break;
    /* A damaged checkpoint is no loss while an older one and the commits after it are there, or all commits. */
    checkpoint = choose_checkpoint(&listing, version, &left);
    if (!checkpoint && !whole) break;
  }
  g_propagate_error(error, g_steal_pointer(&first));
  return NULL;
}

DeltaTable *delta_table_open(const char *location, gint64 version, Engine *engine, GError **error) {
  g_autoptr(ObjectStore) store = delta_store_open(location, error);
  if (!store) return NULL;
  gint64 hint = delta_log_last_checkpoint(store);
  gboolean start_missing = FALSE;
  if (hint > 0 && (version < 0 || version >= hint)) {
    DeltaTable *table = open_from(location, store, hint, version, engine, &start_missing, NULL);
    if (table) return table;
  }
  return open_from(location, store, 0, version, engine, &start_missing, error);
}

gint64 delta_newest_version(const char *location, GError **error) {
  g_autoptr(ObjectStore) store = delta_store_open(location, error);
  g_auto(DeltaLogListing) listing = {NULL, NULL, FALSE};
  if (!store || !delta_log_list(store, 0, &listing, error)) return -1;
  gint64 newest = -1;
  if (listing.commits->len) newest = g_array_index(listing.commits, gint64, listing.commits->len - 1);
  if (listing.checkpoints->len)
    newest = MAX(newest, g_array_index(listing.checkpoints, DeltaCheckpointName, listing.checkpoints->len - 1).version);
  if (newest < 0) fail_without_start(&listing, -1, location, error);
  return newest;
}

/* ---- looking ---- */

int delta_table_column_index(const DeltaTable *table, const char *name) {
  for (guint i = 0; i < table->columns->len; i++)
    if (!strcmp(((const DeltaColumn *)table->columns->pdata[i])->name, name)) return (int)i;
  return -1;
}

const DeltaColumn *delta_table_column(const DeltaTable *table, const char *name) {
  int index = delta_table_column_index(table, name);
  return index >= 0 ? table->columns->pdata[index] : NULL;
}

gint64 delta_table_rows(const DeltaTable *table) {
  gint64 rows = 0;
  for (guint i = 0; i < table->files->len; i++) {
    const DeltaFile *file = table->files->pdata[i];
    if (file->rows < 0) return -1;
    rows += file->rows;
  }
  return rows;
}

gint64 delta_table_bytes(const DeltaTable *table) {
  gint64 bytes = 0;
  for (guint i = 0; i < table->files->len; i++) bytes += ((const DeltaFile *)table->files->pdata[i])->bytes;
  return bytes;
}

gboolean delta_table_has(const DeltaTable *table, const DeltaIdentity *identity) {
  const gint64 *done = identity ? g_hash_table_lookup(table->identities, identity->application) : NULL;
  return done && *done >= identity->version;
}

/* A file with another deletion vector is another file. */
static int compare_places(const DeltaFile *a, const DeltaFile *b) {
  int order = strcmp(a->path, b->path);
  return order ? order : g_strcmp0(a->vector ? a->vector->key : NULL, b->vector ? b->vector->key : NULL);
}

void delta_table_difference(const DeltaTable *older, const DeltaTable *newer, GPtrArray **added, GPtrArray **removed) {
  *added = g_ptr_array_new();
  *removed = g_ptr_array_new();
  guint i = 0, j = 0; /* both in order of path */
  while (i < older->files->len || j < newer->files->len) {
    DeltaFile *was = i < older->files->len ? older->files->pdata[i] : NULL;
    DeltaFile *is = j < newer->files->len ? newer->files->pdata[j] : NULL;
    int order = !was ? 1 : !is ? -1 : compare_places(was, is);
    if (order < 0) g_ptr_array_add(*removed, was);
    if (order > 0) g_ptr_array_add(*added, is);
    i += order <= 0;
    j += order >= 0;
  }
}
