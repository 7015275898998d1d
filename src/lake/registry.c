#include "lake/registry.h"

#include <pthread.h>
#include <string.h>

#include "base/disk.h"
#include "base/yaml_tree.h"
#include "lake/registry_private.h"
#include "lake/snapshot.h"

struct Registry {
  char *workspace;
  GPtrArray *sources;
  gint64 ttl_ms;
  pthread_mutex_t lock;
  json_t *known;   /* the last report, with a fingerprint for each table; NULL: none */
  gint64 known_us; /* monotonic time at which it was looked at by this process; 0: read from the file */
};

/* ---- opening ---- */

static char *state_path(const char *workspace) {
  return g_build_filename(workspace, "state", "registry.json", NULL);
}

static GPtrArray *load_sources(const char *workspace, GError **error) {
  g_autofree char *path = g_build_filename(workspace, "registry.yaml", NULL), *text = NULL;
  gsize length;
  if (!g_file_test(path, G_FILE_TEST_EXISTS)) return g_ptr_array_new();
  if (!g_file_get_contents(path, &text, &length, error)) return NULL;
  g_autoptr(GPtrArray) problems = yaml_problems_new();
  GPtrArray *sources = registry_read_sources(text, length, problems);
  if (sources != NULL) return sources;
  g_autofree char *shown = yaml_problems_to_text(problems);
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_INPUT, "%s", shown);
  return NULL;
}

/* What is known only saves work: a file that cannot be read is as good as none. */
static json_t *read_state(const char *workspace) {
  g_autofree char *path = state_path(workspace);
  json_t *state = g_file_test(path, G_FILE_TEST_EXISTS) ? json_parse_file(path, NULL) : NULL;
  if (json_is_object(state) && json_is_array(json_object_get(state, "tables"))) return state;
  json_decref(state);
  return NULL;
}

Registry *registry_open(const char *workspace, GError **error) {
  g_autoptr(Settings) settings = settings_load(workspace, NULL, error);
  g_autoptr(GPtrArray) sources = settings != NULL ? load_sources(workspace, error) : NULL;
  if (sources == NULL) return NULL;
  Registry *registry = g_new0(Registry, 1);
  registry->workspace = g_canonicalize_filename(workspace, NULL);
  registry->sources = g_steal_pointer(&sources);
  registry->ttl_ms = settings_integer(settings, SETTING_LAKE_REGISTRY_TTL);
  registry->known = read_state(workspace);
  pthread_mutex_init(&registry->lock, NULL);
  return registry;
}

void registry_free(Registry *registry) {
  if (registry == NULL) return;
  g_free(registry->workspace);
  g_ptr_array_unref(registry->sources);
  json_decref(registry->known);
  pthread_mutex_destroy(&registry->lock);
  g_free(registry);
}

const GPtrArray *registry_sources(const Registry *registry) {
  return registry->sources;
}

/* ---- what is known ---- */

static gint64 age_ms(const Registry *registry) {
  if (registry->known == NULL) return G_MAXINT64;
  if (registry->known_us != 0) return (g_get_monotonic_time() - registry->known_us) / 1000;
  gint64 checked = json_get_int(registry->known, "checked_ms", 0), now = g_get_real_time() / 1000;
  return checked <= now ? now - checked : G_MAXINT64; /* a time to come is a clock that was set */
}

static const json_t *known_table(const Registry *registry, const char *name) {
  size_t i;
  json_t *table;
  json_array_foreach (json_object_get(registry->known, "tables"), i, table)
    if (g_strcmp0(json_get_string(table, "name"), name) == 0) return table;
  return NULL;
}

/* Another process may have looked while we waited for it. */
static void take_newer_state(Registry *registry) {
  json_t *state = read_state(registry->workspace);
  if (state != NULL && json_get_int(state, "checked_ms", 0) > json_get_int(registry->known, "checked_ms", 0)) {
    json_decref(registry->known);
    registry->known = state;
    registry->known_us = 0;
  } else {
    json_decref(state);
  }
}

/* The report without what only we use. */
static json_t *report_of(const Registry *registry, gboolean fresh, gboolean changed) {
  json_t *report = registry->known != NULL
                       ? json_deep_copy(registry->known)
                       : json_pack("{s:I, s:[], s:[]}", "checked_ms", (json_int_t)0, "tables", "problems");
  size_t i;
  json_t *table;
  json_array_foreach (json_object_get(report, "tables"), i, table) json_object_del(table, "fingerprint");
  json_object_set_new(report, "fresh", json_boolean(fresh));
  json_object_set_new(report, "changed", json_boolean(changed));
  return report;
}

/* ---- looking ---- */

typedef struct {
  Registry *registry;
  const RegistryOptions *options;
  json_t *tables, *problems;
  GPtrArray *changes; /* of SnapshotEntry* */
} Looking;

static json_t *texts_of(const GPtrArray *texts) {
  json_t *list = json_array();
  for (guint i = 0; i < texts->len; i++) json_array_append_new(list, json_string(texts->pdata[i]));
  return list;
}

static json_t *columns_of(const DeltaTable *table) {
  json_t *list = json_array();
  for (guint i = 0; i < table->columns->len; i++) {
    const DeltaColumn *column = table->columns->pdata[i];
    g_autofree char *type = delta_column_sql_type(column);
    json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "name", column->name, "label",
                                          column->label != NULL ? column->label : column->name, "type", type));
  }
  return list;
}

static json_t *describe(const FoundTable *found, const ExternalUpdate *update) {
  const DeltaTable *table = update->table;
  gint64 data_ms = 0, rows = delta_table_rows(table);
  for (guint i = 0; i < table->files->len; i++)
    data_ms = MAX(data_ms, ((const DeltaFile *)table->files->pdata[i])->modified_ms);
  const char *status = update->is_new ? "new" : update->drift->len > 0 ? "drift" : update->changed ? "changed" : "same";
  return json_pack(
      "{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:i, s:i, s:I, s:I, s:I, s:o, s:o}", "name", found->name, "label",
      found->label, "source", found->source, "format", found->format == EXTERNAL_DELTA ? "delta" : "parquet", "status",
      status, "fingerprint", found->fingerprint, "version", (json_int_t)table->version, "files", (int)table->files->len,
      "files_left_out", (int)update->left_out, "rows", (json_int_t)rows, "bytes", (json_int_t)delta_table_bytes(table),
      "data_ms", (json_int_t)data_ms, "columns", columns_of(table), "drift", texts_of(update->drift));
}

static gboolean is_accepted(const RegistryOptions *options, const char *name) {
  return options->accept != NULL && g_strv_contains(options->accept, name);
}

/* Nothing moved there, or here, since it was looked at: what was said of it still holds. */
static gboolean add_unmoved(Looking *looking, const FoundTable *found) {
  const json_t *known = known_table(looking->registry, found->name);
  g_autofree char *location = external_table_location(looking->registry->workspace, found->name);
  if (known == NULL || location == NULL || is_accepted(looking->options, found->name) ||
      g_strcmp0(json_get_string(known, "fingerprint"), found->fingerprint) != 0 ||
      g_strcmp0(json_get_string(known, "source"), found->source) != 0 ||
      delta_newest_version(location, NULL) != json_get_int(known, "version", -1))
    return FALSE;
  json_t *entry = json_deep_copy(known);
  gboolean drifted = json_array_size(json_object_get(entry, "drift")) > 0;
  json_object_set_new(entry, "status", json_string(drifted ? "drift" : "same"));
  json_array_append_new(looking->tables, entry);
  return TRUE;
}

static gboolean look_at_table(Looking *looking, FoundTable *found, GError **error) {
  if (found->format == EXTERNAL_DELTA &&
      !registry_find_delta(found, looking->options->engine, looking->options->deadline, error))
    return FALSE;
  if (add_unmoved(looking, found)) return TRUE;
  g_auto(ExternalUpdate) update = {.workspace = looking->registry->workspace,
                                   .options = looking->options,
                                   .accept = is_accepted(looking->options, found->name)};
  if (!external_update(&update, found, error)) return FALSE;
  json_array_append_new(looking->tables, describe(found, &update));
  SnapshotEntry *entry = g_new0(SnapshotEntry, 1);
  entry->name = g_strdup(found->name);
  entry->version = update.table->version;
  g_ptr_array_add(looking->changes, entry);
  return TRUE;
}

static gboolean has_entry(const json_t *tables, const char *name) {
  size_t i;
  const json_t *table;
  json_array_foreach (tables, i, table)
    if (g_strcmp0(json_get_string(table, "name"), name) == 0) return TRUE;
  return FALSE;
}

/* Tables that were there and are not found any more keep their last version, and that is said. */
static void add_gone(Looking *looking) {
  size_t i;
  json_t *known;
  json_array_foreach (json_object_get(looking->registry->known, "tables"), i, known) {
    if (has_entry(looking->tables, json_get_string(known, "name"))) continue;
    json_t *entry = json_deep_copy(known);
    g_autofree char *text =
        g_strdup_printf("%s: nothing was found there; the last version stays", json_get_string(known, "source"));
    json_object_set_new(entry, "status", json_string("gone"));
    json_object_set_new(entry, "fingerprint", json_string(""));
    json_object_set_new(entry, "drift", json_pack("[s]", text));
    json_array_append_new(looking->tables, entry);
  }
}

static gboolean look_at_all(Looking *looking, GError **error) {
  Deadline deadline = looking->options->deadline;
  g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GPtrArray) found =
      registry_find(looking->registry->workspace, looking->registry->sources, problems, deadline, error);
  if (found == NULL) return FALSE;
  for (const char *const *name = looking->options->accept; name != NULL && *name != NULL; name++) {
    gboolean known = FALSE;
    for (guint i = 0; i < found->len; i++) known |= strcmp(((const FoundTable *)found->pdata[i])->name, *name) == 0;
    if (known) continue;
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND, "the registry finds no table '%s'", *name);
    return FALSE;
  }
  for (guint i = 0; i < found->len; i++) {
    g_autoptr(GError) failing = NULL;
    if (look_at_table(looking, found->pdata[i], &failing)) continue;
    if (!deadline_check(deadline, error)) return FALSE;
    g_ptr_array_add(problems, g_strdup(failing->message));
  }
  add_gone(looking);
  for (guint i = 0; i < problems->len; i++) json_array_append_new(looking->problems, json_string(problems->pdata[i]));
  return TRUE;
}

/* Only what moved beyond the current snapshot is published. */
static gboolean publish(Looking *looking, gboolean *changed, GError **error) {
  g_autoptr(SnapshotFile) current = snapshot_file_read(looking->registry->workspace, NULL, NULL);
  for (guint i = 0; current != NULL && i < looking->changes->len; i++) {
    const SnapshotEntry *change = looking->changes->pdata[i];
    for (guint k = 0; k < current->entries->len; k++) {
      const SnapshotEntry *entry = current->entries->pdata[k];
      if (strcmp(entry->name, change->name) != 0 || entry->version != change->version) continue;
      g_ptr_array_remove_index(looking->changes, i--);
      break;
    }
  }
  *changed = looking->changes->len > 0;
  return !*changed ||
         snapshot_publish_changes(looking->registry->workspace, looking->changes, FALSE, NULL, NULL, error);
}

static gboolean keep_state(Registry *registry, json_t *tables, json_t *problems, GError **error) {
  json_t *state = json_pack("{s:I, s:O, s:O}", "checked_ms", (json_int_t)(g_get_real_time() / 1000), "tables", tables,
                            "problems", problems);
  g_autofree char *path = state_path(registry->workspace), *folder = g_path_get_dirname(path),
                  *text = json_to_text(state, JSON_PLAIN);
  json_decref(registry->known);
  registry->known = state;
  registry->known_us = g_get_monotonic_time();
  return disk_make_folder(folder, error) && disk_replace(path, text, strlen(text), error);
}

/* With the locks of this process and of the workspace. */
static gboolean look(Registry *registry, const RegistryOptions *options, gboolean *changed, GError **error) {
  g_autoptr(json_t) tables = json_array(), problems = json_array();
  g_autoptr(GPtrArray) changes = g_ptr_array_new_with_free_func((GDestroyNotify)snapshot_entry_free);
  Looking looking = {registry, options, tables, problems, changes};
  return look_at_all(&looking, error) && publish(&looking, changed, error) &&
         keep_state(registry, tables, problems, error);
}

static json_t *refresh_locked(Registry *registry, const RegistryOptions *options, GError **error) {
  gboolean forced = options->force || options->accept != NULL, changed = FALSE;
  if (!forced && age_ms(registry) < registry->ttl_ms) return report_of(registry, TRUE, FALSE);
  if (registry->sources->len == 0 && registry->known == NULL) return report_of(registry, FALSE, FALSE);
  g_auto(WorkspaceLock) lock = WORKSPACE_LOCK_NONE;
  if (!workspace_lock(registry->workspace, "registry", &lock, options->deadline, error)) return NULL;
  take_newer_state(registry);
  if (!forced && age_ms(registry) < registry->ttl_ms) return report_of(registry, TRUE, FALSE);
  return look(registry, options, &changed, error) ? report_of(registry, FALSE, changed) : NULL;
}

json_t *registry_refresh(Registry *registry, const RegistryOptions *options, GError **error) {
  pthread_mutex_lock(&registry->lock);
  json_t *report = refresh_locked(registry, options, error);
  pthread_mutex_unlock(&registry->lock);
  return report;
}
