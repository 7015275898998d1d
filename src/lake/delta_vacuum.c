/* Housekeeping: files that nothing names are removed, small files are written together. */
#include "lake/delta_change.h"
#include "lake/delta_replay.h"
#include "lake/delta_rows.h"
#include "lake/delta_vector.h"
#include "lake/registry.h"
#include <string.h>

#define MAX_OBJECTS 20000000

/* ---- vacuum ---- */

static void protect(GHashTable *kept, const DeltaTable *table) {
  for (guint i = 0; i < table->files->len; i++) {
    const DeltaFile *file = table->files->pdata[i];
    g_hash_table_add(kept, g_strdup(file->path));
    if (file->vector && file->vector->path) g_hash_table_add(kept, g_strdup(file->vector->path));
  }
}

/* What must stay: the newest version, the versions to keep, what was taken out of the table not long ago. */
static GHashTable *files_to_keep(const DeltaTable *newest, Engine *engine, const DeltaVacuumOptions *options, gint64 before,
                                 GError **error) {
  g_autoptr(GHashTable) kept = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  protect(kept, newest);
  for (guint i = 0; i < newest->tombstones->len; i++) {
    const DeltaTombstone *tombstone = newest->tombstones->pdata[i];
    if (tombstone->deleted_ms <= before) continue;
    g_hash_table_add(kept, g_strdup(tombstone->path));
    if (tombstone->vector_path) g_hash_table_add(kept, g_strdup(tombstone->vector_path));
  }
  for (guint i = 0; i < options->n_keep_versions; i++) {
    g_autoptr(DeltaTable) version = delta_table_open(newest->location, options->keep_versions[i], engine, error);
    if (!version) return NULL;
    protect(kept, version);
  }
  return g_steal_pointer(&kept);
}

/* Data files only: hidden names and folders ("_delta_log", ".tmp-…") are not ours to judge, except partition folders. */
static gboolean is_data_file(const char *key) {
  g_auto(GStrv) parts = g_strsplit(key, "/", -1);
  for (char **part = parts; *part; part++)
    if (((*part)[0] == '_' && !strchr(*part, '=')) || (*part)[0] == '.') return FALSE;
  return TRUE;
}

GPtrArray *delta_vacuum(const DeltaTable *table, Engine *engine, const DeltaVacuumOptions *options, gint64 *bytes,
                        GError **error) {
  gint64 before = g_get_real_time() / 1000 - options->retention_ms;
  /* Listed before the log is read: a file that is committed in between is named by the version read after. */
  g_autoptr(GPtrArray) objects = object_list_all(table->store, "", MAX_OBJECTS, DEADLINE_NEVER, error);
  if (!objects) return NULL;
  g_autoptr(DeltaTable) newest = delta_table_open(table->location, -1, engine, error);
  /* Files that belong to what is not known here would look like leftovers. */
  if (!newest || !delta_protocol_check_features(newest, error)) return NULL;
  g_autoptr(GHashTable) kept = files_to_keep(newest, engine, options, before, error);
  if (!kept) return NULL;
  g_autoptr(GPtrArray) removed = g_ptr_array_new_with_free_func(g_free);
  gint64 total = 0;
  for (guint i = 0; i < objects->len; i++) {
    const ObjectEntry *object = objects->pdata[i];
    if (!is_data_file(object->key) || g_hash_table_contains(kept, object->key) || object->info.modified_ms > before) continue;
    if (!options->dry_run && !object_delete(table->store, object->key, DEADLINE_NEVER, error)) return NULL;
    g_ptr_array_add(removed, g_strdup(object->key));
    total += object->info.size;
  }
  if (bytes) *bytes = total;
  return g_steal_pointer(&removed);
}

/* ---- compaction ---- */

static char *partition_key(const DeltaFile *file) {
  GString *key = g_string_new(NULL);
  for (guint i = 0; i < file->n_partition_values; i++)
    g_string_append_printf(key, "%s\x1f", file->partition_values[i] ? file->partition_values[i] : "\x1e");
  return g_string_free(key, FALSE);
}

/* Small files of partitions that have at least `least` of them. */
static GPtrArray *find_small(const DeltaTable *table, gint64 target, guint least) {
  GPtrArray *small = g_ptr_array_new();
  if (g_hash_table_contains(table->configuration, EXTERNAL_SETTING)) return small; /* not ours to arrange */
  g_autoptr(GHashTable) counts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (int pass = 0; pass < 2; pass++)
    for (guint i = 0; i < table->files->len; i++) {
      DeltaFile *file = table->files->pdata[i];
      if (file->bytes >= target / 2) continue;
      g_autofree char *key = partition_key(file);
      guint count = GPOINTER_TO_UINT(g_hash_table_lookup(counts, key));
      if (pass == 0) g_hash_table_insert(counts, g_steal_pointer(&key), GUINT_TO_POINTER(count + 1));
      else if (count >= least) g_ptr_array_add(small, file);
    }
  return small;
}

static gboolean compact_once(DeltaTable *table, Engine *engine, gpointer data, DeltaOutcome *out, GError **error) {
  const DeltaWriteOptions *options = data;
  gint64 target = options && options->target_file_bytes > 0 ? options->target_file_bytes : DELTA_TARGET_FILE_BYTES;
  g_autoptr(GPtrArray) small = find_small(table, target, options && options->least_files > 2 ? (guint)MIN(options->least_files, G_MAXINT32) : 2);
  if (small->len == 0) return TRUE;
  if (!delta_table_fetch(table, small, options ? options->deadline : DEADLINE_NEVER, error)) return FALSE;
  g_autofree char *rows = delta_relation_sql_with(table, small, DELTA_RELATION_STORED);
  g_autoptr(GPtrArray) added = delta_write_rows(table, engine, rows, options, error);
  if (!added) return FALSE;
  if (added->len >= small->len) { /* nothing is gained, the files are as good as they were */
    delta_discard_files(table, added);
    return TRUE;
  }
  DeltaCommit *commit = delta_commit_new(table, "OPTIMIZE");
  delta_commit_set_metric(commit, "numAddedFiles", added->len);
  delta_commit_set_metric(commit, "numRemovedFiles", small->len);
  for (guint i = 0; i < small->len; i++) delta_commit_remove(commit, small->pdata[i], FALSE);
  for (guint i = 0; i < added->len; i++) delta_commit_add(commit, added->pdata[i], FALSE);
  out->rows_copied = delta_files_rows(added);
  return delta_finish(commit, table, engine, added, small, out, error);
}

gboolean delta_compact(DeltaTable *table, Engine *engine, const DeltaWriteOptions *options, DeltaOutcome *out,
                       GError **error) {
  return delta_try(table, engine, compact_once, (gpointer)options, out, error);
}
