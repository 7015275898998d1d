#include "cli/init_privacy.h"

#include <glib/gstdio.h>
#include <string.h>

#include "base/disk.h"
#include "cli/ingest_guard.h"

static char *definition_path(const char *folder, const PersonalTable *table) {
  g_autofree char *name = g_strconcat(table->table, ".yaml", NULL);
  return g_build_filename(folder, "ingest", name, NULL);
}

static gboolean write_definitions(const char *folder, const GPtrArray *tables, GPtrArray *said, GError **error) {
  for (guint i = 0; i < tables->len; i++) {
    const PersonalTable *table = tables->pdata[i];
    g_autofree char *path = definition_path(folder, table), *text = ingest_personal_definition(table);
    if (!disk_create(path, text, strlen(text), error)) return FALSE;
    for (guint k = 0; table->columns[k] != NULL; k++)
      g_ptr_array_add(said, g_strdup_printf("%s.%s looks like personal data (%s): hashed", table->table, table->columns[k], table->kinds[k]));
    if (table->columns[0] == NULL) g_ptr_array_add(said, g_strdup_printf("%s: nothing looks personal", table->table));
  }
  return TRUE;
}

static gboolean load(const char *folder, const GPtrArray *tables, GPtrArray *said, GError **error) {
  g_autoptr(GPtrArray) definitions = ingest_definitions_load(folder, error), chosen = g_ptr_array_new();
  if (definitions == NULL) return FALSE;
  for (guint i = 0; i < tables->len; i++) {
    const IngestDefinition *definition = ingest_definition_find(definitions, ((PersonalTable *)tables->pdata[i])->table);
    if (definition != NULL) g_ptr_array_add(chosen, (gpointer)definition);
  }
  IngestOptions options = {.workspace = folder, .guard = &cli_ingest_guard, .deadline = DEADLINE_NEVER};
  g_autoptr(GPtrArray) reports = ingest_run(chosen, &options, NULL, error);
  g_autofree char *summary = NULL;
  if (reports == NULL || !ingest_extend_model(folder, reports, &summary, error)) return FALSE;
  if (summary != NULL) g_ptr_array_insert(said, 0, g_steal_pointer(&summary));
  return TRUE;
}

gboolean init_load_privately(const char *folder, char **files, GPtrArray *said, GError **error) {
  g_autoptr(GPtrArray) tables = ingest_find_personal((const char *const *)files, error);
  if (tables == NULL) return FALSE;
  if (write_definitions(folder, tables, said, error) && load(folder, tables, said, error)) return TRUE;
  for (guint i = 0; i < tables->len; i++) {
    g_autofree char *path = definition_path(folder, tables->pdata[i]);
    g_unlink(path);
  }
  return FALSE;
}
