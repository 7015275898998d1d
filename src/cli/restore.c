/* aisle restore -w DIR TABLE --version N | --at TIME: an earlier version becomes the newest again. */
#include "cli/lake.h"
#include <stdio.h>

static gboolean find_version(const char *workspace, const char *table, const char *at, gint64 *version, GError **error) {
  gint64 time_ms;
  if (!at) return TRUE;
  if (!cli_lake_time(at, &time_ms, error)) return FALSE;
  g_autofree char *location = lake_table_location(workspace, table, error);
  *version = location ? delta_version_at(location, time_ms, error) : -1;
  return *version >= 0;
}

int cli_restore(int argc, char **argv) {
  g_autofree char *workspace = NULL, *at = NULL;
  gint64 version = -1;
  int status = 0;
  const GOptionEntry entries[] = {
      CLI_WORKSPACE(&workspace),
      {"version", 0, 0, G_OPTION_ARG_INT64, &version, "The version to go back to", "N"},
      {"at", 0, 0, G_OPTION_ARG_STRING, &at, "The version that was the newest then (a date: at its end, UTC)", "TIME"},
      G_OPTION_ENTRY_NULL,
  };
  if (!cli_lake_parse("restore", "TABLE - make an earlier version of a table the newest", entries, &argc, &argv, 1, 1, &status))
    return status;
  g_autoptr(GError) error = NULL;
  if (!cli_find_workspace(&workspace, &error)) return cli_fail("restore", g_steal_pointer(&error));
  const char *folder = workspace;
  if ((version >= 0) == (at != NULL)) {
    fprintf(stderr, "aisle restore: say which version: --version N or --at TIME; aisle history %s lists them\n", argv[1]);
    return aisle_error_info(AISLE_ERROR_INVALID_ARGUMENT)->exit_status;
  }
  g_autoptr(Engine) engine = cli_lake_engine(folder, &error);
  DeltaOutcome done;
  if (!engine || !find_version(folder, argv[1], at, &version, &error) ||
      !lake_restore(folder, argv[1], engine, version, &done, &error))
    return cli_fail("restore", g_steal_pointer(&error));
  printf("%s is as it was at version %" G_GINT64_FORMAT "; this is version %" G_GINT64_FORMAT "\n", argv[1], version, done.version);
  return 0;
}
