/* aisle snapshot -w DIR [NAME]: keeps the current snapshot under a name, or lists the names there are. */
#include "cli/lake.h"
#include <stdio.h>

static gboolean list_names(const char *workspace, GError **error) {
  g_autoptr(GPtrArray) names = lake_snapshot_names(workspace, error);
  for (guint i = 0; names && i < names->len; i++) printf("%s\n", (const char *)names->pdata[i]);
  if (names && names->len == 0) fprintf(stderr, "nothing is kept under a name yet: aisle snapshot -w %s NAME\n", workspace);
  return names != NULL;
}

int cli_snapshot(int argc, char **argv) {
  g_autofree char *workspace = NULL;
  gboolean forget = FALSE;
  int status = 0;
  const GOptionEntry entries[] = {
      CLI_WORKSPACE(&workspace),
      {"forget", 0, 0, G_OPTION_ARG_NONE, &forget, "Give the name up; vacuum may then remove its files", NULL},
      G_OPTION_ENTRY_NULL,
  };
  if (!cli_lake_parse("snapshot", "[NAME] - keep the data as it is now under a name, or list the names", entries, &argc, &argv, 0, 1,
                      &status))
    return status;
  g_autoptr(GError) error = NULL;
  if (!cli_find_workspace(&workspace, &error)) return cli_fail("snapshot", g_steal_pointer(&error));
  const char *folder = workspace;
  if (argc == 1) return list_names(folder, &error) ? 0 : cli_fail("snapshot", g_steal_pointer(&error));
  gboolean ok = forget ? lake_snapshot_forget(folder, argv[1], &error) : lake_snapshot_keep(folder, argv[1], &error);
  return ok ? 0 : cli_fail("snapshot", g_steal_pointer(&error));
}
