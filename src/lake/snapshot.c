/* Snapshots in memory: the tables of a workspace at versions that belong together. */
#include "lake/delta_replay.h"
#include "lake/load.h"
#include "lake/registry.h"
#include "lake/snapshot.h"
#include <string.h>

/* Copies of a table's files elsewhere are fetched when a snapshot is opened. */
#define EXTERNAL_WAIT_MS 600000

struct LakeSnapshotCount {
  gint references;
  LakeSnapshot snapshot;
};

static void snapshot_table_free(SnapshotTable *table) {
  if (!table) return;
  g_free(table->name);
  g_free(table->location);
  g_strfreev(table->files);
  delta_table_unref(table->delta);
  if (table->copies) g_ptr_array_unref(table->copies);
  g_free(table);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SnapshotTable, snapshot_table_free)

static LakeSnapshot *snapshot_new(void) {
  struct LakeSnapshotCount *counted = g_new0(struct LakeSnapshotCount, 1);
  counted->references = 1;
  counted->snapshot.tables = g_ptr_array_new_with_free_func((GDestroyNotify)snapshot_table_free);
  return &counted->snapshot;
}

static struct LakeSnapshotCount *snapshot_count(LakeSnapshot *snapshot) {
  return (struct LakeSnapshotCount *)(gpointer)((char *)snapshot - offsetof(struct LakeSnapshotCount, snapshot));
}

LakeSnapshot *lake_snapshot_ref(LakeSnapshot *snapshot) {
  g_atomic_int_inc(&snapshot_count(snapshot)->references);
  return snapshot;
}

void lake_snapshot_unref(LakeSnapshot *snapshot) {
  if (!snapshot || !g_atomic_int_dec_and_test(&snapshot_count(snapshot)->references)) return;
  g_free(snapshot->id);
  g_free(snapshot->name);
  g_free(snapshot->model_hash);
  g_ptr_array_unref(snapshot->tables);
  g_free(snapshot_count(snapshot));
}

const SnapshotTable *lake_snapshot_find(const LakeSnapshot *snapshot, const char *table) {
  for (guint i = 0; i < snapshot->tables->len; i++) {
    const SnapshotTable *candidate = snapshot->tables->pdata[i];
    if (!strcmp(candidate->name, table)) return candidate;
  }
  return NULL;
}

/* ---- tables of a workspace ---- */

char *lake_table_location(const char *workspace, const char *table, GError **error) {
  char *external = *table ? external_table_location(workspace, table) : NULL;
  if (external) return external;
  g_autoptr(Settings) settings = settings_load(workspace, NULL, error);
  if (!settings) return NULL;
  const char *lake = settings_text(settings, SETTING_LAKE_LOCATION);
  g_autofree char *root = g_canonicalize_filename(workspace, NULL);
  if (*lake && object_url_is_remote(lake)) return g_strdup_printf("%s/%s", lake, table);
  g_autofree char *folder = g_canonicalize_filename(*lake ? lake : "lake", root);
  return g_build_filename(folder, table, NULL);
}

/* Whether a table's log has anything in it. */
static gboolean is_table(ObjectStore *lake, const char *folder) {
  g_autofree char *prefix = g_strconcat(folder, "_delta_log/0", NULL);
  ObjectListing listing = {.prefix = prefix, .max = 1};
  g_autoptr(GPtrArray) found = object_list(lake, &listing, NULL, DEADLINE_NEVER, NULL);
  return found && found->len > 0;
}

GPtrArray *lake_tables(const char *workspace, GError **error) {
  g_autofree char *lake = lake_table_location(workspace, "", error);
  if (!lake) return NULL;
  if (!object_url_is_remote(lake) && !g_file_test(lake, G_FILE_TEST_IS_DIR)) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND, "%s: there is no lake folder; is this a workspace?", lake);
    return NULL;
  }
  g_autoptr(ObjectStore) store = delta_store_open(lake, error);
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
  g_autofree char *after = NULL;
  for (gboolean more = store != NULL; more;) {
    ObjectListing page = {.shallow = TRUE, .start_after = after};
    g_autoptr(GPtrArray) entries = object_list(store, &page, &more, DEADLINE_NEVER, error);
    if (!entries) return NULL;
    if (entries->len == 0) break;
    for (guint i = 0; i < entries->len; i++) {
      const char *key = ((const ObjectEntry *)entries->pdata[i])->key;
      /* Folders that start with "_" are our own. */
      if (g_str_has_suffix(key, "/") && key[0] != '_' && key[0] != '.' && is_table(store, key))
        g_ptr_array_add(names, g_strndup(key, strlen(key) - 1));
    }
    g_free(after);
    after = g_strdup(((const ObjectEntry *)entries->pdata[entries->len - 1])->key);
  }
  if (!store) return NULL;
  external_table_names(workspace, names);
  return g_steal_pointer(&names);
}

/* Tables that a load in progress has changed stay as the current snapshot has them. */
static gboolean version_to_publish(const char *workspace, const char *name, const GPtrArray *journals, gint64 *version,
                                   GError **error) {
  for (guint i = 0; i < journals->len; i++) {
    gboolean named = FALSE;
    const GPtrArray *entries = ((const LoadJournal *)journals->pdata[i])->entries;
    for (guint e = 0; e < entries->len; e++) named = named || !strcmp(((const SnapshotEntry *)entries->pdata[e])->name, name);
    if (!named) continue;
    g_autoptr(SnapshotFile) current = snapshot_file_read(workspace, NULL, NULL);
    *version = current ? snapshot_entries_version(current->entries, name) : -1;
    return TRUE;
  }
  g_autofree char *location = lake_table_location(workspace, name, error);
  g_autoptr(DeltaTable) table = location ? delta_table_open(location, -1, NULL, error) : NULL;
  if (table) *version = table->version;
  return table != NULL;
}

gboolean lake_snapshot_publish(const char *workspace, const char *model_hash, GError **error) {
  g_autoptr(GPtrArray) names = lake_tables(workspace, error);
  g_autoptr(GPtrArray) journals = names ? load_journals(workspace, error) : NULL;
  if (!journals) return FALSE;
  g_autoptr(GPtrArray) entries = g_ptr_array_new_with_free_func((GDestroyNotify)snapshot_entry_free);
  for (guint i = 0; i < names->len; i++) {
    gint64 version = -1;
    if (!version_to_publish(workspace, names->pdata[i], journals, &version, error)) return FALSE;
    if (version < 0) continue;
    SnapshotEntry *entry = g_new0(SnapshotEntry, 1);
    entry->name = g_strdup(names->pdata[i]);
    entry->version = version;
    g_ptr_array_add(entries, entry);
  }
  return snapshot_publish_changes(workspace, entries, TRUE, model_hash, NULL, error);
}

/* ---- opening ---- */

/* From so many commits on a log may be read from its checkpoint: one engine reads those of all tables. */
#define MANY_COMMITS 20

static Engine *engine_for(const SnapshotFile *file) {
  gint64 most = 0;
  for (guint i = 0; i < file->entries->len; i++) most = MAX(most, ((const SnapshotEntry *)file->entries->pdata[i])->version);
  EngineOptions options = {.threads = 1, .max_connections = 1};
  return most >= MANY_COMMITS && file->entries->len > 1 ? engine_open_duckdb(&options, NULL) : NULL;
}

static gboolean add_table(LakeSnapshot *snapshot, const char *workspace, const char *name, gint64 version, Engine *engine,
                          GError **error) {
  g_autoptr(SnapshotTable) table = g_new0(SnapshotTable, 1);
  table->name = g_strdup(name);
  table->location = lake_table_location(workspace, name, error);
  if (!table->location) return FALSE;
  table->delta = delta_table_open(table->location, version, engine, error);
  if (!table->delta) {
    g_prefix_error(error, "table %s: ", name);
    return FALSE;
  }
  if (!delta_table_fetch(table->delta, NULL, DEADLINE_NEVER, error)) return FALSE;
  if (g_hash_table_contains(table->delta->configuration, EXTERNAL_SETTING)) {
    /* What cannot be reached now fails when it is asked; the other tables go on. */
    g_autoptr(GError) away = NULL;
    table->copies = external_table_hold(workspace, table->delta, deadline_in_ms(EXTERNAL_WAIT_MS, NULL), &away);
    if (!table->copies) g_info("table %s: %s", name, away->message);
  }
  const GPtrArray *files = table->delta->files;
  table->version = version;
  table->bytes = delta_table_bytes(table->delta);
  table->files = g_new0(char *, files->len + 1);
  for (guint i = 0; i < files->len; i++) {
    const DeltaFile *file = files->pdata[i];
    table->rows += MAX(file->rows, 0);
    table->files[i] = delta_file_location(table->delta, file);
  }
  g_ptr_array_add(snapshot->tables, g_steal_pointer(&table));
  return TRUE;
}

/* Tables at other versions than the current snapshot's have another id. */
static void set_id(LakeSnapshot *snapshot, const char *kind) {
  g_autoptr(GChecksum) hash = g_checksum_new(G_CHECKSUM_SHA256);
  g_checksum_update(hash, (const guchar *)kind, -1);
  for (guint i = 0; i < snapshot->tables->len; i++) {
    const SnapshotTable *table = snapshot->tables->pdata[i];
    g_autofree char *line = g_strdup_printf("%s@%" G_GINT64_FORMAT "\n", table->name, table->version);
    g_checksum_update(hash, (const guchar *)line, -1);
  }
  g_checksum_update(hash, (const guchar *)(snapshot->model_hash ? snapshot->model_hash : ""), -1);
  g_free(snapshot->id);
  snapshot->id = g_strndup(g_checksum_get_string(hash), 32);
}

static LakeSnapshot *snapshot_of(const SnapshotFile *file) {
  LakeSnapshot *snapshot = snapshot_new();
  snapshot->id = g_strdup(file->id);
  snapshot->name = g_strdup(file->name);
  snapshot->model_hash = g_strdup(file->model_hash);
  snapshot->created_ms = file->created_ms;
  return snapshot;
}

LakeSnapshot *lake_snapshot_open(const char *workspace, const char *name, GError **error) {
  g_autoptr(SnapshotFile) file = snapshot_file_read(workspace, name, error);
  if (!file) return NULL;
  g_autoptr(LakeSnapshot) snapshot = snapshot_of(file);
  g_autoptr(Engine) engine = engine_for(file);
  for (guint i = 0; i < file->entries->len; i++) {
    const SnapshotEntry *entry = file->entries->pdata[i];
    if (!add_table(snapshot, workspace, entry->name, entry->version, engine, error)) return NULL;
  }
  return g_steal_pointer(&snapshot);
}

/* The version of one table for a snapshot of the past; -1 without error: it was not there yet. */
typedef gint64 (*VersionFunc)(const SnapshotEntry *entry, const char *location, gconstpointer data, GError **error);

static LakeSnapshot *open_past(const char *workspace, VersionFunc version_of, gconstpointer data, GError **error) {
  g_autoptr(SnapshotFile) file = snapshot_file_read(workspace, NULL, error);
  if (!file) return NULL;
  g_autoptr(LakeSnapshot) snapshot = snapshot_of(file);
  g_autoptr(Engine) engine = engine_for(file);
  for (guint i = 0; i < file->entries->len; i++) {
    const SnapshotEntry *entry = file->entries->pdata[i];
    g_autofree char *location = lake_table_location(workspace, entry->name, error);
    g_autoptr(GError) failing = NULL;
    gint64 version = location ? version_of(entry, location, data, &failing) : -1;
    if (!location || failing) {
      if (failing) g_propagate_error(error, g_steal_pointer(&failing));
      return NULL;
    }
    if (version >= 0 && !add_table(snapshot, workspace, entry->name, version, engine, error)) return NULL;
  }
  if (snapshot->tables->len == 0) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND, "there was no table yet at that time or version");
    return NULL;
  }
  set_id(snapshot, "past");
  return g_steal_pointer(&snapshot);
}

static gint64 version_by_time(const SnapshotEntry *entry, const char *location, gconstpointer data, GError **error) {
  (void)entry;
  g_autoptr(GError) failing = NULL;
  gint64 version = delta_version_at(location, *(const gint64 *)data, &failing);
  if (version < 0 && !g_error_matches(failing, AISLE_ERROR, AISLE_ERROR_NOT_FOUND)) g_propagate_error(error, g_steal_pointer(&failing));
  return version;
}

LakeSnapshot *lake_snapshot_open_at(const char *workspace, gint64 time_ms, GError **error) {
  return open_past(workspace, version_by_time, &time_ms, error);
}

typedef struct {
  const char *table;
  gint64 version;
  gboolean *found;
} WantedVersion;

static gint64 version_by_number(const SnapshotEntry *entry, const char *location, gconstpointer data, GError **error) {
  const WantedVersion *wanted = data;
  if (wanted->table && strcmp(wanted->table, entry->name)) return entry->version;
  gint64 newest = delta_newest_version(location, error);
  if (newest < 0) return -1;
  /* Without a table's name: each table that has come so far. */
  if (wanted->version > newest && !wanted->table) return entry->version;
  *wanted->found = TRUE;
  return wanted->version;
}

LakeSnapshot *lake_snapshot_open_version(const char *workspace, const char *table, gint64 version, GError **error) {
  gboolean found = FALSE;
  WantedVersion wanted = {table, version, &found};
  g_autoptr(LakeSnapshot) snapshot = open_past(workspace, version_by_number, &wanted, error);
  if (snapshot && !found) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND, "no table has a version %" G_GINT64_FORMAT, version);
    return NULL;
  }
  return g_steal_pointer(&snapshot);
}

/* ---- in the engine ---- */

static gboolean ends_as_parquet(const char *path) {
  char mark[4] = "";
  FILE *file = fopen(path, "rb");
  gboolean good = file && fseek(file, -(long)sizeof mark, SEEK_END) == 0 && fread(mark, sizeof mark, 1, file) == 1 &&
                  memcmp(mark, "PAR1", sizeof mark) == 0;
  if (file) fclose(file);
  return good;
}

/* What the engine says of a file that is missing or cut short helps nobody. FALSE when no file is the reason. */
static gboolean tell_damaged_file(const SnapshotTable *table, GError **error) {
  for (guint i = 0; i < table->delta->files->len; i++) {
    const char *path = table->files[i];
    gboolean there = path && g_file_test(path, G_FILE_TEST_EXISTS);
    if (!path || !g_path_is_absolute(path) || (there && ends_as_parquet(path))) continue;
    g_autofree char *name = g_path_get_basename(path);
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_CORRUPT, "table %s: its file %s is %s; put it back from a copy, or load the table anew", table->name,
                name, there ? "damaged" : "missing");
    return TRUE;
  }
  return FALSE;
}

gboolean lake_snapshot_attach(const LakeSnapshot *snapshot, Engine *engine, Deadline deadline, GError **error) {
  if (!engine_execute(engine, "CREATE SCHEMA IF NOT EXISTS lake", deadline, error)) return FALSE;
  for (guint i = 0; i < snapshot->tables->len; i++) {
    const SnapshotTable *table = snapshot->tables->pdata[i];
    g_autofree char *name = text_sql_identifier(table->name), *relation = delta_relation_sql(table->delta, NULL);
    g_autofree char *sql = g_strdup_printf("CREATE OR REPLACE VIEW lake.%s AS %s", name, relation);
    g_autoptr(GError) failing = NULL;
    if (engine_execute(engine, sql, deadline, &failing)) continue;
    gboolean external = g_hash_table_contains(table->delta->configuration, EXTERNAL_SETTING);
    g_autofree char *away = external && deadline_check(deadline, NULL) ? external_away_sql(table->delta, table->name) : NULL;
    g_autofree char *instead = away ? g_strdup_printf("CREATE OR REPLACE VIEW lake.%s AS %s", name, away) : NULL;
    if (instead && engine_execute(engine, instead, deadline, NULL)) continue;
    if (!tell_damaged_file(table, error)) g_propagate_prefixed_error(error, g_steal_pointer(&failing), "table %s: ", table->name);
    return FALSE;
  }
  return TRUE;
}
