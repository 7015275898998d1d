/* Earlier versions: history, the version of a time, making one the newest again. */
#include "lake/delta_change.h"
#include "lake/delta_replay.h"
#include "lake/delta_rows.h"
#include <string.h>

void delta_history_entry_free(DeltaHistoryEntry *entry) {
  if (!entry) return;
  g_free(entry->operation);
  g_free(entry->writer);
  json_decref(entry->parameters);
  json_decref(entry->metrics);
  g_clear_pointer(&entry->identities, g_ptr_array_unref);
  g_free(entry);
}

static gboolean take_entry(const json_t *action, gpointer data, GError **error) {
  (void)error;
  DeltaHistoryEntry *entry = data;
  const json_t *info = json_object_get(action, "commitInfo"), *txn = json_object_get(action, "txn");
  if (json_get_string(txn, "appId")) g_ptr_array_add(entry->identities, g_strdup(json_get_string(txn, "appId")));
  if (!json_is_object(info)) return TRUE;
  entry->time_ms = json_get_int(info, "inCommitTimestamp", json_get_int(info, "timestamp", entry->time_ms));
  if (json_get_string(info, "operation")) {
    g_free(entry->operation);
    entry->operation = g_strdup(json_get_string(info, "operation"));
  }
  g_free(entry->writer);
  entry->writer = g_strdup(json_get_string(info, "engineInfo"));
  json_decref(entry->parameters);
  entry->parameters = json_incref(json_object_get(info, "operationParameters"));
  json_decref(entry->metrics);
  entry->metrics = json_incref(json_object_get(info, "operationMetrics"));
  return TRUE;
}

static DeltaHistoryEntry *read_entry(ObjectStore *store, gint64 version, GError **error) {
  DeltaHistoryEntry *entry = g_new0(DeltaHistoryEntry, 1);
  entry->version = version;
  entry->time_ms = -1;
  entry->operation = g_strdup("");
  entry->identities = g_ptr_array_new_with_free_func(g_free);
  gboolean ok = delta_log_read(store, version, take_entry, entry, error);
  if (ok && entry->time_ms < 0) {
    entry->time_ms = delta_log_commit_time(store, version, error);
    ok = entry->time_ms >= 0;
  }
  if (ok) return entry;
  delta_history_entry_free(entry);
  return NULL;
}

/* A time is never before that of the version below it. Entries are newest first. */
static void smooth_times(GPtrArray *entries) {
  for (guint i = entries->len; i-- > 1;) {
    const DeltaHistoryEntry *older = entries->pdata[i];
    DeltaHistoryEntry *newer = entries->pdata[i - 1];
    newer->time_ms = MAX(newer->time_ms, older->time_ms);
  }
}

GPtrArray *delta_history(const char *location, guint limit, GError **error) {
  g_autoptr(ObjectStore) store = delta_store_open(location, error);
  g_auto(DeltaLogListing) listing = {NULL, NULL, FALSE};
  if (!store || !delta_log_list(store, 0, &listing, error)) return NULL;
  if (listing.commits->len == 0) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND, "%s is not a Delta table: it has no commits", location);
    return NULL;
  }
  g_autoptr(GPtrArray) entries = g_ptr_array_new_with_free_func((GDestroyNotify)delta_history_entry_free);
  for (guint i = listing.commits->len; i-- > 0 && (limit == 0 || entries->len < limit);) {
    DeltaHistoryEntry *entry = read_entry(store, g_array_index(listing.commits, gint64, i), error);
    if (!entry) return NULL;
    g_ptr_array_add(entries, entry);
  }
  smooth_times(entries);
  return g_steal_pointer(&entries);
}

gint64 delta_version_at(const char *location, gint64 time_ms, GError **error) {
  g_autoptr(GPtrArray) entries = delta_history(location, 0, error);
  if (!entries) return -1;
  for (guint i = 0; i < entries->len; i++) {
    const DeltaHistoryEntry *entry = entries->pdata[i];
    if (entry->time_ms <= time_ms) return entry->version;
  }
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND, "%s is younger than that", location);
  return -1;
}

/* ---- restore ---- */

static gboolean check_files(const DeltaTable *target, const GPtrArray *files, GError **error) {
  for (guint i = 0; i < files->len; i++) {
    const DeltaFile *file = files->pdata[i];
    g_autoptr(GError) failing = NULL;
    if (file->vector) {
      g_set_error(error, AISLE_ERROR, AISLE_ERROR_UNSUPPORTED,
                  "%s: version %" G_GINT64_FORMAT " has deletion vectors, which are read but not written", target->location,
                  target->version);
      return FALSE;
    }
    if (object_stat(target->store, file->path, NULL, DEADLINE_NEVER, &failing)) continue;
    if (g_error_matches(failing, AISLE_ERROR, AISLE_ERROR_NOT_FOUND))
      g_set_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND,
                  "%s: version %" G_GINT64_FORMAT " can no longer be restored: vacuum removed %s", target->location,
                  target->version, file->path);
    else
      g_propagate_error(error, g_steal_pointer(&failing));
    return FALSE;
  }
  return TRUE;
}

/* Settings as they were: those that came later go. */
static void restore_settings(DeltaCommit *commit, const DeltaTable *now, const DeltaTable *then) {
  GHashTableIter iter;
  gpointer name, value;
  g_hash_table_iter_init(&iter, now->configuration);
  while (g_hash_table_iter_next(&iter, &name, &value))
    if (!g_hash_table_contains(then->configuration, name)) delta_commit_set_configuration(commit, name, NULL);
  g_hash_table_iter_init(&iter, then->configuration);
  while (g_hash_table_iter_next(&iter, &name, &value))
    if (g_strcmp0(g_hash_table_lookup(now->configuration, name), value)) delta_commit_set_configuration(commit, name, value);
}

typedef struct {
  gint64 version;
  gboolean forget; /* loads since then count as never made */
} Restore;

static void forget_loads(DeltaCommit *commit, const DeltaTable *now, const DeltaTable *then) {
  GHashTableIter iter;
  gpointer name, version;
  g_hash_table_iter_init(&iter, now->identities);
  while (g_hash_table_iter_next(&iter, &name, &version)) {
    const gint64 *before = g_hash_table_lookup(then->identities, name);
    if (!before || *before < *(const gint64 *)version) delta_commit_reset_identity(commit, name, before ? *before : -1);
  }
}

static gboolean restore_once(DeltaTable *table, Engine *engine, gpointer data, DeltaOutcome *out, GError **error) {
  const Restore *restore = data;
  gint64 version = restore->version;
  g_autoptr(DeltaTable) target = delta_table_open(table->location, version, engine, error);
  if (!target) return FALSE;
  if (!g_strv_equal((const char *const *)table->partition_columns, (const char *const *)target->partition_columns)) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_UNSUPPORTED, "%s: version %" G_GINT64_FORMAT " was partitioned otherwise",
                table->location, version);
    return FALSE;
  }
  g_autoptr(GPtrArray) added = NULL, removed = NULL;
  delta_table_difference(table, target, &added, &removed);
  gboolean same_columns = !g_strcmp0(table->schema, target->schema);
  if (!check_files(target, added, error)) return FALSE;
  g_autoptr(DeltaCommit) commit = delta_commit_new(table, "RESTORE");
  g_autofree char *shown = g_strdup_printf("%" G_GINT64_FORMAT, version);
  delta_commit_set_parameter(commit, "version", shown);
  delta_commit_set_metric(commit, "numRestoredFiles", added->len);
  delta_commit_set_metric(commit, "numRemovedFiles", removed->len);
  delta_commit_set_read(commit, NULL, 0);
  if (!same_columns) delta_commit_set_columns(commit, target->columns);
  restore_settings(commit, table, target);
  if (restore->forget) forget_loads(commit, table, target);
  for (guint i = 0; i < removed->len; i++) delta_commit_remove(commit, removed->pdata[i], TRUE);
  for (guint i = 0; i < added->len; i++) delta_commit_add(commit, added->pdata[i], TRUE);
  out->version = delta_commit_write(commit, engine, error);
  if (out->version < 0) return FALSE;
  out->rows_inserted = delta_files_rows(added);
  out->rows_deleted = delta_files_rows(removed);
  delta_outcome_count(out, added, removed);
  return TRUE;
}

gboolean delta_restore(DeltaTable *table, Engine *engine, gint64 version, DeltaOutcome *out, GError **error) {
  Restore restore = {version, FALSE};
  return delta_try(table, engine, restore_once, &restore, out, error);
}

gboolean delta_take_back(DeltaTable *table, Engine *engine, gint64 version, GError **error) {
  Restore restore = {version, TRUE};
  return delta_try(table, engine, restore_once, &restore, NULL, error);
}
