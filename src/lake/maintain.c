/* Housekeeping of a workspace's tables, with its snapshots in mind. */
#include "lake/load.h"
#include "lake/snapshot.h"
#include <string.h>

#define LOCK_WAIT_MS 60000

static DeltaTable *open_named(const char *workspace, const char *table, Engine *engine, GError **error) {
  g_autofree char *location = lake_table_location(workspace, table, error);
  if (!location) return NULL;
  g_autoptr(GError) failing = NULL;
  DeltaTable *opened = delta_table_open(location, -1, engine, &failing);
  if (opened) return opened;
  if (g_error_matches(failing, AISLE_ERROR, AISLE_ERROR_NOT_FOUND))
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND, "there is no table %s; aisle tables lists them", table);
  else
    g_propagate_error(error, g_steal_pointer(&failing));
  return NULL;
}

static void add_version(GArray *versions, const GPtrArray *entries, const char *table) {
  gint64 version = snapshot_entries_version(entries, table);
  if (version >= 0) g_array_append_val(versions, version);
}

/* Versions that some snapshot, or a load that may have to be taken back, still needs. */
static GArray *versions_in_use(const char *workspace, const char *table, GError **error) {
  g_autoptr(GPtrArray) snapshots = snapshot_files_all(workspace, error);
  g_autoptr(GPtrArray) journals = snapshots ? load_journals(workspace, error) : NULL;
  if (!journals) return NULL;
  GArray *versions = g_array_new(FALSE, FALSE, sizeof(gint64));
  for (guint i = 0; i < snapshots->len; i++) add_version(versions, ((const SnapshotFile *)snapshots->pdata[i])->entries, table);
  for (guint i = 0; i < journals->len; i++) add_version(versions, ((const LoadJournal *)journals->pdata[i])->entries, table);
  return versions;
}

GPtrArray *lake_vacuum(const char *workspace, const char *table, Engine *engine, gint64 retention_ms, gboolean dry_run,
                       gint64 *bytes, GError **error) {
  g_auto(WorkspaceLock) lock = WORKSPACE_LOCK_NONE, names = WORKSPACE_LOCK_NONE;
  g_autofree char *lock_name = g_strconcat("table.", table, NULL);
  Deadline wait = deadline_in_ms(LOCK_WAIT_MS, NULL);
  if (!snapshot_name_check(lock_name, error) || !workspace_lock(workspace, lock_name, &lock, wait, error) ||
      !workspace_lock(workspace, "snapshots", &names, wait, error))
    return NULL;
  g_autoptr(DeltaTable) opened = open_named(workspace, table, engine, error);
  g_autoptr(GArray) versions = opened ? versions_in_use(workspace, table, error) : NULL;
  if (!versions) return NULL;
  DeltaVacuumOptions options = {.retention_ms = retention_ms, .keep_versions = (const gint64 *)(gpointer)versions->data,
                                .n_keep_versions = versions->len, .dry_run = dry_run};
  return delta_vacuum(opened, engine, &options, bytes, error);
}

static LakeLoad *begin(const char *workspace, const char *table, const char *what, Engine *engine, GError **error) {
  const char *const tables[] = {table, NULL};
  g_autofree char *id = g_uuid_string_random(), *identity = g_strdup_printf("%s:%s", what, id);
  return lake_load_begin(workspace, identity, tables, engine, deadline_in_ms(LOCK_WAIT_MS, NULL), error);
}

gboolean lake_compact(const char *workspace, const char *table, Engine *engine, const DeltaWriteOptions *options,
                      DeltaOutcome *out, GError **error) {
  g_autoptr(LakeLoad) load = begin(workspace, table, "compact", engine, error);
  g_autoptr(DeltaTable) opened = load ? open_named(workspace, table, engine, error) : NULL;
  return opened && delta_compact(opened, engine, options, out, error) && lake_load_publish(load, NULL, NULL, error);
}

gboolean lake_restore(const char *workspace, const char *table, Engine *engine, gint64 version, DeltaOutcome *out,
                      GError **error) {
  g_autoptr(LakeLoad) load = begin(workspace, table, "restore", engine, error);
  g_autoptr(DeltaTable) opened = load ? open_named(workspace, table, engine, error) : NULL;
  return opened && delta_restore(opened, engine, version, out, error) && lake_load_publish(load, NULL, NULL, error);
}
