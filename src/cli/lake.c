#include "cli/lake.h"
#include <stdio.h>
#include <string.h>

gboolean cli_lake_parse(const char *verb, const char *summary, const GOptionEntry *entries, int *argc, char ***argv,
                        int least, int most, int *status) {
  g_autoptr(GOptionContext) options = g_option_context_new(summary);
  g_option_context_add_main_entries(options, entries, NULL);
  g_autoptr(GError) error = NULL;
  if (g_option_context_parse(options, argc, argv, &error) && *argc - 1 >= least && (most < 0 || *argc - 1 <= most)) return TRUE;
  if (error) fprintf(stderr, "aisle %s: %s; see aisle %s --help\n", verb, error->message, verb);
  else fprintf(stderr, "aisle %s: that is too %s; say it like this: aisle %s\n", verb, *argc - 1 < least ? "little" : "much", cli_usage(verb));
  *status = aisle_error_info(AISLE_ERROR_INVALID_ARGUMENT)->exit_status;
  return FALSE;
}

Engine *cli_lake_engine(const char *workspace, GError **error) {
  g_autoptr(Settings) settings = settings_load(workspace, NULL, error);
  if (!settings) return NULL;
  g_autofree char *spill = g_build_filename(workspace, "cache", "spill", NULL);
  EngineOptions options = {.threads = (int)settings_integer(settings, SETTING_ENGINE_THREADS),
                           .memory_limit_bytes = settings_integer(settings, SETTING_ENGINE_MEMORY),
                           .spill_directory = spill};
  return engine_open_duckdb(&options, error);
}

gboolean cli_lake_time(const char *text, gint64 *time_ms, GError **error) {
  Day day;
  if (day_parse_iso(text, &day)) {
    *time_ms = ((gint64)day + 1) * 86400000 - 1;
    return TRUE;
  }
  g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
  g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(text, utc);
  if (time) {
    *time_ms = g_date_time_to_unix(time) * 1000 + g_date_time_get_microsecond(time) / 1000;
    return TRUE;
  }
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "\"%s\" is neither a date (2026-11-21) nor a time (2026-11-21T10:00:00Z)",
              text);
  return FALSE;
}

char *cli_lake_show_time(gint64 time_ms) {
  g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(time_ms / 1000);
  return time ? g_date_time_format(time, "%Y-%m-%d %H:%M:%S UTC") : g_strdup("?");
}

GPtrArray *cli_lake_tables(const char *workspace, char **names, GError **error) {
  if (!names || !names[0]) return lake_tables(workspace, error);
  GPtrArray *tables = g_ptr_array_new_with_free_func(g_free);
  for (; *names; names++) g_ptr_array_add(tables, g_strdup(*names));
  return tables;
}

gboolean cli_lake_knows(const char *workspace, const char *name, GError **error) {
  g_autoptr(GPtrArray) tables = lake_tables(workspace, error);
  if (!tables || g_ptr_array_find_with_equal_func(tables, name, g_str_equal, NULL)) return tables != NULL;
  g_ptr_array_add(tables, NULL);
  g_autofree char *known = g_strjoinv(", ", (char **)tables->pdata);
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND, "there is no table %s; there %s %s", name, tables->len == 2 ? "is" : "are",
              *known ? known : "none yet");
  return FALSE;
}

void cli_lake_print_json(json_t *value) {
  g_autofree char *text = json_to_text(value, JSON_PRETTY);
  printf("%s\n", text);
  json_decref(value);
}
