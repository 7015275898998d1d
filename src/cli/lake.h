/* What the verbs over tables share. Private to the command line. */
#pragma once
#include "cli/cli.h"
#include "lake/load.h"

/* Parses; FALSE (the message is printed) with the exit status in *status. Rest arguments are argv[1..]. */
gboolean cli_lake_parse(const char *verb, const char *summary, const GOptionEntry *entries, int *argc, char ***argv,
                        int least, int most, int *status);
/* An engine as the workspace's settings say. (transfer full) */
Engine *cli_lake_engine(const char *workspace, GError **error);
/* "2026-11-21" (the end of that day, UTC) or an ISO time; milliseconds since 1970. */
gboolean cli_lake_time(const char *text, gint64 *time_ms, GError **error);
/* "2026-11-21 10:00:00 UTC". (transfer full) */
char *cli_lake_show_time(gint64 time_ms);
/* NOT_FOUND, naming the tables there are, when there is none of this name. */
gboolean cli_lake_knows(const char *workspace, const char *name, GError **error);
/* The tables named, or all of the workspace. Of char*. (transfer full) */
GPtrArray *cli_lake_tables(const char *workspace, char **names, GError **error);
void cli_lake_print_json(json_t *value); /* takes it */
