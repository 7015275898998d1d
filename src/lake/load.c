#include "lake/load.h"
#include "base/disk.h"
#include "lake/delta_replay.h"
#include "lake/snapshot.h"
#include <glib/gstdio.h>
#include <string.h>

#define MAX_TABLES 10000

struct LakeLoad {
  char *workspace, *identity, *journal;
  Engine *engine;
  GPtrArray *entries; /* of SnapshotEntry*, in order of name: versions before the load */
  GArray *locks;      /* of WorkspaceLock */
  gboolean resumed, published;
};

/* ---- journals ---- */

void load_journal_free(LoadJournal *journal) {
  if (!journal) return;
  g_free(journal->path);
  g_free(journal->identity);
  g_clear_pointer(&journal->entries, g_ptr_array_unref);
  g_free(journal);
}

static GPtrArray *entries_new(void) {
  return g_ptr_array_new_with_free_func((GDestroyNotify)snapshot_entry_free);
}

static void add_entry(GPtrArray *entries, const char *name, gint64 version) {
  SnapshotEntry *entry = g_new0(SnapshotEntry, 1);
  entry->name = g_strdup(name);
  entry->version = version;
  g_ptr_array_add(entries, entry);
}

static LoadJournal *read_journal(const char *path, GError **error) {
  g_autoptr(json_t) json = json_parse_file(path, error);
  if (!json) return NULL;
  LoadJournal *journal = g_new0(LoadJournal, 1);
  journal->path = g_strdup(path);
  journal->identity = g_strdup(json_get_string(json, "identity"));
  journal->entries = entries_new();
  size_t i;
  json_t *table;
  json_array_foreach (json_object_get(json, "tables"), i, table)
    if (json_get_string(table, "name")) add_entry(journal->entries, json_get_string(table, "name"), json_get_int(table, "version", -1));
  return journal;
}

GPtrArray *load_journals(const char *workspace, GError **error) {
  g_autofree char *folder = g_build_filename(workspace, "state", "loads", NULL);
  g_autoptr(GPtrArray) journals = g_ptr_array_new_with_free_func((GDestroyNotify)load_journal_free);
  g_autoptr(GDir) listing = g_dir_open(folder, 0, NULL);
  const char *name;
  while (listing && (name = g_dir_read_name(listing))) {
    g_autofree char *path = g_build_filename(folder, name, NULL);
    if (name[0] == '.' || !g_str_has_suffix(name, ".json")) continue;
    g_autoptr(GError) failing = NULL;
    LoadJournal *journal = read_journal(path, &failing);
    if (journal) {
      g_ptr_array_add(journals, journal);
    } else if (g_file_test(path, G_FILE_TEST_EXISTS)) { /* else it ended just now */
      g_propagate_error(error, g_steal_pointer(&failing));
      return NULL;
    }
  }
  return g_steal_pointer(&journals);
}

static gboolean write_journal(const LakeLoad *load, GError **error) {
  json_t *tables = json_array();
  for (guint i = 0; i < load->entries->len; i++) {
    const SnapshotEntry *entry = load->entries->pdata[i];
    json_array_append_new(tables, json_pack("{s:s, s:I}", "name", entry->name, "version", (json_int_t)entry->version));
  }
  g_autoptr(json_t) json = json_pack("{s:s, s:o}", "identity", load->identity, "tables", tables);
  g_autofree char *text = json_to_text(json, JSON_PRETTY), *folder = g_path_get_dirname(load->journal);
  return disk_make_folder(folder, error) && disk_replace(load->journal, text, strlen(text), error);
}

static gboolean drop_journal(const char *path, GError **error) {
  g_autofree char *folder = g_path_get_dirname(path);
  return g_unlink(path) != 0 || disk_flush_folder(folder, error);
}

/* ---- taking back ---- */

gboolean lake_remove_table(const char *location, GError **error) {
  g_autoptr(ObjectStore) store = delta_store_open(location, error);
  g_autoptr(GPtrArray) log = store ? object_list_all(store, "_delta_log/", 1000000, DEADLINE_NEVER, error) : NULL;
  if (!log) return FALSE;
  for (guint i = log->len; i-- > 0;)
    if (!object_delete(store, ((const ObjectEntry *)log->pdata[i])->key, DEADLINE_NEVER, error)) return FALSE;
  g_autoptr(GPtrArray) rest = object_list_all(store, "", 20000000, DEADLINE_NEVER, error);
  for (guint i = 0; rest && i < rest->len; i++)
    if (!object_delete(store, ((const ObjectEntry *)rest->pdata[i])->key, DEADLINE_NEVER, error)) return FALSE;
  return rest != NULL;
}

static gboolean take_back_table(const char *workspace, const SnapshotEntry *before, Engine *engine, GError **error) {
  g_autofree char *location = lake_table_location(workspace, before->name, error);
  if (!location) return FALSE;
  g_autoptr(GError) failing = NULL;
  g_autoptr(DeltaTable) table = delta_table_open(location, -1, engine, &failing);
  if (!table && g_error_matches(failing, AISLE_ERROR, AISLE_ERROR_NOT_FOUND)) return TRUE;
  if (!table) {
    g_propagate_error(error, g_steal_pointer(&failing));
    return FALSE;
  }
  if (before->version < 0) return lake_remove_table(location, error);
  return table->version <= before->version || delta_take_back(table, engine, before->version, error);
}

/* Whether the snapshot has moved past where the load began: then it was published, and only its journal stayed. */
static gboolean was_published(const char *workspace, const GPtrArray *entries) {
  g_autoptr(SnapshotFile) current = snapshot_file_read(workspace, NULL, NULL);
  for (guint i = 0; current && i < entries->len; i++) {
    const SnapshotEntry *entry = entries->pdata[i];
    if (snapshot_entries_version(current->entries, entry->name) > entry->version) return TRUE;
  }
  return FALSE;
}

static gboolean take_back(const char *workspace, const GPtrArray *entries, Engine *engine, GError **error) {
  if (was_published(workspace, entries)) return TRUE;
  for (guint i = 0; i < entries->len; i++)
    if (!take_back_table(workspace, entries->pdata[i], engine, error)) return FALSE;
  return TRUE;
}

/* ---- beginning ---- */

static gboolean holds(const LakeLoad *load, const char *table) {
  for (guint i = 0; i < load->entries->len; i++)
    if (!strcmp(((const SnapshotEntry *)load->entries->pdata[i])->name, table)) return TRUE;
  return FALSE;
}

static gboolean lock_table(LakeLoad *load, const char *table, Deadline deadline, GError **error) {
  WorkspaceLock lock = WORKSPACE_LOCK_NONE;
  g_autofree char *name = g_strconcat("table.", table, NULL);
  if (!snapshot_name_check(name, error) || !workspace_lock(load->workspace, name, &lock, deadline, error)) return FALSE;
  g_array_append_val(load->locks, lock);
  return TRUE;
}

static gint64 version_now(const LakeLoad *load, const char *table, GError **error) {
  g_autofree char *location = lake_table_location(load->workspace, table, error);
  if (!location) return -2;
  g_autoptr(GError) failing = NULL;
  gint64 version = delta_newest_version(location, &failing);
  if (version >= 0 || g_error_matches(failing, AISLE_ERROR, AISLE_ERROR_NOT_FOUND)) return version;
  g_propagate_error(error, g_steal_pointer(&failing));
  return -2;
}

/* Tables of a dead load that are not ours are locked as well while it is taken back. */
static gboolean recover(LakeLoad *load, const LoadJournal *dead, Deadline deadline, GError **error) {
  for (guint i = 0; i < dead->entries->len; i++) {
    const char *table = ((const SnapshotEntry *)dead->entries->pdata[i])->name;
    if (!holds(load, table) && !lock_table(load, table, deadline, error)) return FALSE;
  }
  return take_back(load->workspace, dead->entries, load->engine, error) && drop_journal(dead->path, error);
}

/* Journals over our tables belong to dead processes: we hold the locks. */
static gboolean look_at_journals(LakeLoad *load, Deadline deadline, GError **error) {
  g_autoptr(GPtrArray) journals = load_journals(load->workspace, error);
  if (!journals) return FALSE;
  for (guint i = 0; i < journals->len; i++) {
    LoadJournal *journal = journals->pdata[i];
    gboolean touches = FALSE;
    for (guint e = 0; e < journal->entries->len; e++)
      touches = touches || holds(load, ((const SnapshotEntry *)journal->entries->pdata[e])->name);
    if (!touches) continue;
    if (g_strcmp0(journal->identity, load->identity) || was_published(load->workspace, journal->entries)) {
      if (!recover(load, journal, deadline, error)) return FALSE;
      continue;
    }
    load->resumed = TRUE;
    for (guint e = 0; e < load->entries->len; e++) {
      SnapshotEntry *entry = load->entries->pdata[e];
      gint64 before = snapshot_entries_version(journal->entries, entry->name);
      entry->version = before >= 0 ? before : -1;
    }
  }
  return TRUE;
}

static gint compare_names(gconstpointer a, gconstpointer b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

static gboolean begin(LakeLoad *load, const char *const *tables, Deadline deadline, GError **error) {
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  for (guint i = 0; tables[i]; i++) g_ptr_array_add(names, (gpointer)tables[i]);
  if (names->len == 0 || names->len > MAX_TABLES) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "a load changes at least one table and not too many");
    return FALSE;
  }
  g_ptr_array_sort(names, compare_names);
  for (guint i = 0; i < names->len; i++) {
    if (holds(load, names->pdata[i])) continue;
    if (!lock_table(load, names->pdata[i], deadline, error)) return FALSE;
    add_entry(load->entries, names->pdata[i], -1);
  }
  if (!look_at_journals(load, deadline, error)) return FALSE;
  for (guint i = 0; i < load->entries->len && !load->resumed; i++) {
    SnapshotEntry *entry = load->entries->pdata[i];
    entry->version = version_now(load, entry->name, error);
    if (entry->version < -1) return FALSE;
  }
  return write_journal(load, error);
}

static void release(LakeLoad *load) {
  for (guint i = 0; i < load->locks->len; i++) workspace_unlock(&g_array_index(load->locks, WorkspaceLock, i));
  g_array_unref(load->locks);
  g_ptr_array_unref(load->entries);
  engine_unref(load->engine);
  g_free(load->journal);
  g_free(load->identity);
  g_free(load->workspace);
  g_free(load);
}

LakeLoad *lake_load_begin(const char *workspace, const char *identity, const char *const *tables, Engine *engine,
                          Deadline deadline, GError **error) {
  LakeLoad *load = g_new0(LakeLoad, 1);
  g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, identity, -1);
  g_autofree char *name = g_strdup_printf("%.32s.json", hash);
  load->workspace = g_canonicalize_filename(workspace, NULL);
  load->identity = g_strdup(identity);
  load->journal = g_build_filename(load->workspace, "state", "loads", name, NULL);
  load->engine = engine ? engine_ref(engine) : NULL;
  load->entries = entries_new();
  load->locks = g_array_new(FALSE, FALSE, sizeof(WorkspaceLock));
  if (begin(load, tables, deadline, error)) return load;
  release(load);
  return NULL;
}

gboolean lake_load_resumed(const LakeLoad *load) { return load->resumed; }

/* ---- ending ---- */

gboolean lake_load_publish(LakeLoad *load, const char *model_hash, const char *name, GError **error) {
  g_autoptr(GPtrArray) changes = entries_new();
  for (guint i = 0; i < load->entries->len; i++) {
    const char *table = ((const SnapshotEntry *)load->entries->pdata[i])->name;
    gint64 version = version_now(load, table, error);
    if (version < -1) return FALSE;
    if (version >= 0) add_entry(changes, table, version);
  }
  if (!snapshot_publish_changes(load->workspace, changes, FALSE, model_hash, name, error)) return FALSE;
  load->published = TRUE;
  return drop_journal(load->journal, error);
}

void lake_load_free(LakeLoad *load) {
  if (!load) return;
  g_autoptr(GError) failing = NULL;
  if (!load->published && take_back(load->workspace, load->entries, load->engine, &failing)) drop_journal(load->journal, &failing);
  if (failing) g_warning("a load could not be taken back and is left to the next one: %s", failing->message);
  release(load);
}
