/* aisle vacuum -w DIR [TABLE...]: removes files that no version in use needs. */
#include "cli/lake.h"
#include <stdio.h>

#define SAFE_RETENTION_MS (G_GINT64_CONSTANT(3600) * 1000)

static gboolean find_retention(const char *workspace, const char *given, gboolean force, gint64 *retention_ms, GError **error) {
  g_autoptr(Settings) settings = settings_load(workspace, NULL, error);
  if (!settings) return FALSE;
  *retention_ms = settings_integer(settings, SETTING_LAKE_RETENTION);
  if (given && !duration_parse(given, retention_ms)) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "\"%s\" is no length of time; write 7d, 12h or 30min", given);
    return FALSE;
  }
  if (*retention_ms >= SAFE_RETENTION_MS || force) return TRUE;
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT,
              "less than an hour may take files from a load or a question in progress; add --force when there is none");
  return FALSE;
}

static gboolean vacuum_table(const char *workspace, const char *table, Engine *engine, gint64 retention_ms, gboolean dry_run,
                             GError **error) {
  gint64 bytes = 0;
  g_autoptr(GPtrArray) removed = lake_vacuum(workspace, table, engine, retention_ms, dry_run, &bytes, error);
  if (!removed) return FALSE;
  g_autofree char *size = g_format_size((guint64)bytes);
  g_autofree char *files = text_count(removed->len, "file");
  printf("%s: %s, %s %s\n", table, files, size, dry_run ? "would be removed" : "removed");
  for (guint i = 0; dry_run && i < removed->len; i++) printf("  %s\n", (const char *)removed->pdata[i]);
  return TRUE;
}

int cli_vacuum(int argc, char **argv) {
  g_autofree char *workspace = NULL, *retention = NULL;
  gboolean dry_run = FALSE, force = FALSE;
  int status = 0;
  const GOptionEntry entries[] = {
      CLI_WORKSPACE(&workspace),
      {"retention", 0, 0, G_OPTION_ARG_STRING, &retention, "Keep files younger than this (default: lake.retention)", "7d"},
      {"dry-run", 0, 0, G_OPTION_ARG_NONE, &dry_run, "Only say what would go", NULL},
      {"force", 0, 0, G_OPTION_ARG_NONE, &force, "Allow a retention under an hour", NULL},
      G_OPTION_ENTRY_NULL,
  };
  if (!cli_lake_parse("vacuum", "[TABLE...] - remove files that nothing needs", entries, &argc, &argv, 0, -1, &status)) return status;
  g_autoptr(GError) error = NULL;
  if (!cli_find_workspace(&workspace, &error)) return cli_fail("vacuum", g_steal_pointer(&error));
  const char *folder = workspace;
  gint64 retention_ms = 0;
  g_autoptr(Engine) engine = cli_lake_engine(folder, &error);
  g_autoptr(GPtrArray) tables = engine ? cli_lake_tables(folder, argv + 1, &error) : NULL;
  gboolean ok = tables && find_retention(folder, retention, force, &retention_ms, &error);
  for (guint i = 0; ok && i < tables->len; i++) ok = vacuum_table(folder, tables->pdata[i], engine, retention_ms, dry_run, &error);
  return ok ? 0 : cli_fail("vacuum", g_steal_pointer(&error));
}
