/* aisle read FILE --csv: the cells of a file before typing. */
#include "cli/cli.h"
#include "lake/lake.h"
#include <glib/gstdio.h>
#include <stdio.h>

int cli_read(int argc, char **argv) {
  gboolean as_csv = FALSE;
  const GOptionEntry entries[] = {
      {"csv", 0, 0, G_OPTION_ARG_NONE, &as_csv,
       "Print UTF-8, comma separated, with the header of the file (the default)", NULL},
      G_OPTION_ENTRY_NULL,
  };
  g_autoptr(GOptionContext) options = g_option_context_new("FILE - print the cells of a data file as clean CSV");
  g_option_context_add_main_entries(options, entries, NULL);
  g_autoptr(GError) error = NULL;
  if (!g_option_context_parse(options, &argc, &argv, &error) || argc != 2) {
    fprintf(stderr, "aisle read: %s\n", error ? error->message : "name one file: aisle read FILE --csv");
    return aisle_error_info(AISLE_ERROR_INVALID_ARGUMENT)->exit_status;
  }
  GStatBuf status;
  if (g_stat(argv[1], &status) == 0 && S_ISREG(status.st_mode) && status.st_size == 0) {
    /* No bytes are no cells: nothing to print, and nothing wrong with that. */
    fprintf(stderr, "aisle read: %s is empty\n", argv[1]);
    return 0;
  }
  if (lake_read_as_csv(argv[1], stdout, &error)) return 0;
  return cli_fail("read", g_steal_pointer(&error));
}
