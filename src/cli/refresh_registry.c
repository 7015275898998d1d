/* The part of aisle refresh that is about tables that lie elsewhere. */
#include "cli/refresh_registry.h"

#include <stdio.h>
#include <string.h>

#include "base/disk.h"
#include "lake/registry.h"
#include "model/infer_add.h"

static Engine *open_engine(const char *workspace, GError **error) {
  g_autofree char *spill = g_build_filename(workspace, "cache", "spill", NULL);
  if (!disk_make_folder(spill, error)) return NULL;
  return engine_open_duckdb(&(EngineOptions){.spill_directory = spill, .max_connections = 2}, error);
}

static gboolean knows_table(const Model *model, const char *table) {
  for (guint i = 0; i < model->datasets->len; i++)
    if (strcmp(((const Dataset *)model->datasets->pdata[i])->table, table) == 0) return TRUE;
  return FALSE;
}

/* Old and new tables are looked at together: a new one may lead to an old one. What people wrote about the old stays.
 */
static Model *extend(Engine *engine, const Model *existing, GPtrArray *added, GHashTable *notes, GError **error) {
  g_autoptr(GPtrArray) all = model_imported_tables(existing);
  g_ptr_array_extend_and_steal(all, g_ptr_array_ref(added));
  g_autoptr(Model) inferred = model_infer(engine, existing->name, all, notes, DEADLINE_NEVER, error);
  return inferred != NULL ? model_add_inferred(existing, inferred, error) : NULL;
}

/* Tables of the registry that the model does not know yet; their names are added to `names`. */
static gboolean add_to_model(const char *workspace, Engine *engine, json_t *names, GError **error) {
  g_autoptr(LakeSnapshot) snapshot = lake_snapshot_open(workspace, NULL, error);
  g_autoptr(Model) model = snapshot != NULL ? model_load(workspace, error) : NULL;
  if (model == NULL) return FALSE;
  g_autoptr(GPtrArray) tables = external_tables_of(snapshot);
  for (guint i = 0; i < tables->len; i++) {
    const ImportedTable *table = tables->pdata[i];
    if (knows_table(model, table->table))
      g_ptr_array_remove_index(tables, i--);
    else
      json_array_append_new(names, json_string(table->table));
  }
  if (tables->len == 0) return TRUE;
  if (!lake_snapshot_attach(snapshot, engine, DEADLINE_NEVER, error)) return FALSE;
  g_autoptr(GHashTable) notes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr(Model) larger = extend(engine, model, tables, notes, error);
  return larger != NULL && model_save(larger, notes, workspace, error) &&
         registry_publish_model(workspace, larger->hash, error);
}

static void print_table(const json_t *table) {
  g_autofree char *rows = text_format_number((double)json_get_int(table, "rows", 0), 0);
  gint64 files = json_get_int(table, "files", 0), left_out = json_get_int(table, "files_left_out", 0);
  printf("%-10s %-24s %s rows in %" G_GINT64_FORMAT " file%s, version %" G_GINT64_FORMAT ", %s\n",
         json_get_string(table, "status"), json_get_string(table, "name"), rows, files, files == 1 ? "" : "s",
         json_get_int(table, "version", 0), json_get_string(table, "source"));
  size_t i;
  const json_t *text;
  json_array_foreach (json_object_get(table, "drift"), i, text) printf("           %s\n", json_string_value(text));
  if (left_out > 0)
    printf("           %" G_GINT64_FORMAT " file%s left out; to take the change over: aisle refresh --accept %s\n",
           left_out, left_out == 1 ? " is" : "s are", json_get_string(table, "name"));
}

void refresh_registry_print(const json_t *report) {
  size_t i;
  const json_t *item;
  json_array_foreach (json_object_get(report, "tables"), i, item) print_table(item);
  json_array_foreach (json_object_get(report, "added_to_model"), i, item)
    printf("model: added %s\n", json_string_value(item));
  json_array_foreach (json_object_get(report, "problems"), i, item)
    fprintf(stderr, "aisle refresh: %s\n", json_string_value(item));
}

json_t *refresh_registry(const char *workspace, char **accept, GError **error) {
  g_autoptr(Registry) registry = registry_open(workspace, error);
  if (registry == NULL) return NULL;
  g_autoptr(Engine) engine = open_engine(workspace, error);
  if (engine == NULL) return NULL;
  RegistryOptions looking = {
      .force = TRUE, .accept = (const char *const *)accept, .engine = engine, .deadline = DEADLINE_NEVER};
  g_autoptr(json_t) report = registry_refresh(registry, &looking, error);
  if (report == NULL) return NULL;
  json_t *names = json_array();
  json_object_set_new(report, "added_to_model", names);
  return add_to_model(workspace, engine, names, error) ? g_steal_pointer(&report) : NULL;
}
