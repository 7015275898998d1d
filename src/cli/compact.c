/* aisle compact -w DIR [TABLE...]: writes small files together. Safe beside loads and questions. */
#include "cli/lake.h"
#include <stdio.h>

static gboolean compact_table(const char *workspace, const char *table, Engine *engine, const DeltaWriteOptions *options,
                              GError **error) {
  DeltaOutcome done;
  if (!lake_compact(workspace, table, engine, options, &done, error)) return FALSE;
  if (done.files_removed == 0) printf("%s: nothing to do\n", table);
  else
    printf("%s: %" G_GINT64_FORMAT " files became %" G_GINT64_FORMAT ", version %" G_GINT64_FORMAT "\n", table, done.files_removed,
           done.files_added, done.version);
  return TRUE;
}

int cli_compact(int argc, char **argv) {
  g_autofree char *workspace = NULL, *order = NULL;
  int status = 0, least = 2;
  const GOptionEntry entries[] = {
      CLI_WORKSPACE(&workspace),
      {"order-by", 0, 0, G_OPTION_ARG_STRING, &order, "Columns to sort rows by within files", "A,B"},
      {"min-files", 0, 0, G_OPTION_ARG_INT, &least, "Leave partitions with fewer small files alone (2)", "N"},
      G_OPTION_ENTRY_NULL,
  };
  if (!cli_lake_parse("compact", "[TABLE...] - write small files together", entries, &argc, &argv, 0, -1, &status)) return status;
  g_autoptr(GError) error = NULL;
  if (!cli_find_workspace(&workspace, &error)) return cli_fail("compact", g_steal_pointer(&error));
  const char *folder = workspace;
  g_autoptr(Settings) settings = settings_load(folder, NULL, &error);
  g_autoptr(Engine) engine = settings ? cli_lake_engine(folder, &error) : NULL;
  g_autoptr(GPtrArray) tables = engine ? cli_lake_tables(folder, argv + 1, &error) : NULL;
  if (!tables) return cli_fail("compact", g_steal_pointer(&error));
  g_auto(GStrv) cluster = order ? g_strsplit(order, ",", -1) : NULL;
  DeltaWriteOptions options = {.target_file_bytes = settings_integer(settings, SETTING_LAKE_FILE_SIZE),
                               .least_files = least, .cluster_columns = (const char *const *)cluster, .deadline = DEADLINE_NEVER};
  for (guint i = 0; i < tables->len; i++)
    if (!compact_table(folder, tables->pdata[i], engine, &options, &error)) return cli_fail("compact", g_steal_pointer(&error));
  return 0;
}
