/* aisle history -w DIR TABLE: what happened to a table, newest first. */
#include "cli/lake.h"
#include <stdio.h>
#include <string.h>

static json_t *describe(const DeltaHistoryEntry *entry) {
  json_t *loads = json_array();
  for (guint i = 0; i < entry->identities->len; i++) json_array_append_new(loads, json_string(entry->identities->pdata[i]));
  json_t *json = json_pack("{s:I, s:I, s:s, s:o}", "version", (json_int_t)entry->version, "time_ms", (json_int_t)entry->time_ms,
                           "operation", entry->operation, "loads", loads);
  if (entry->parameters) json_object_set(json, "parameters", entry->parameters);
  if (entry->metrics) json_object_set(json, "metrics", entry->metrics);
  if (entry->writer) json_object_set_new(json, "writer", json_string(entry->writer));
  return json;
}

/* "numTargetRowsInserted" becomes "rows inserted": what Delta writers call their counts, in words. (transfer full) */
static char *metric_in_words(const char *metric, gboolean one) {
  GString *out = g_string_new(NULL);
  if (g_str_has_prefix(metric, "num")) metric += strlen("num");
  if (g_str_has_prefix(metric, "Target")) metric += strlen("Target");
  for (gboolean first = TRUE; *metric != '\0'; metric++, first = FALSE) {
    if (g_ascii_isupper(*metric) && !first) g_string_append_c(out, ' ');
    g_string_append_c(out, g_ascii_tolower(*metric));
  }
  if (one) {
    g_string_replace(out, "rows", "row", 0);
    g_string_replace(out, "files", "file", 0);
  }
  return g_string_free(out, FALSE);
}

/* "2 rows inserted, 2 files added"; what did not happen is left out. (transfer full) */
static char *describe_metrics(const json_t *metrics) {
  GString *out = g_string_new(NULL);
  const char *name;
  json_t *value;
  json_object_foreach((json_t *)metrics, name, value) {
    g_autofree char *count = json_is_string(value) ? g_strdup(json_string_value(value)) : json_to_text(value, JSON_PLAIN);
    if (strcmp(count, "0") == 0) continue;
    g_autofree char *words = metric_in_words(name, strcmp(count, "1") == 0);
    g_string_append_printf(out, "%s%s %s", out->len > 0 ? ", " : "", count, words);
  }
  return g_string_free(out, FALSE);
}

static void print_entry(const DeltaHistoryEntry *entry) {
  g_autofree char *time = cli_lake_show_time(entry->time_ms), *metrics = describe_metrics(entry->metrics);
  printf("%6" G_GINT64_FORMAT "  %s  %-24s %s\n", entry->version, time, *entry->operation ? entry->operation : "(not said)", metrics);
}

int cli_history(int argc, char **argv) {
  g_autofree char *workspace = NULL;
  gboolean as_json = FALSE;
  int limit = 0, status = 0;
  const GOptionEntry entries[] = {
      CLI_WORKSPACE(&workspace),
      {"limit", 0, 0, G_OPTION_ARG_INT, &limit, "At most so many versions (all)", "N"},
      {"json", 0, 0, G_OPTION_ARG_NONE, &as_json, "Print JSON", NULL},
      G_OPTION_ENTRY_NULL,
  };
  if (!cli_lake_parse("history", "TABLE - what happened to a table", entries, &argc, &argv, 1, 1, &status)) return status;
  g_autoptr(GError) error = NULL;
  g_autofree char *location = cli_find_workspace(&workspace, &error) ? lake_table_location(workspace, argv[1], &error) : NULL;
  g_autoptr(GPtrArray) history = location ? delta_history(location, limit > 0 ? (guint)limit : 0, &error) : NULL;
  if (g_error_matches(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND) && location) {
    g_autoptr(GError) known = NULL;
    if (!cli_lake_knows(workspace, argv[1], &known)) return cli_fail("history", g_steal_pointer(&known));
  }
  if (!history) return cli_fail("history", g_steal_pointer(&error));
  json_t *list = json_array();
  for (guint i = 0; i < history->len; i++) {
    if (as_json) json_array_append_new(list, describe(history->pdata[i]));
    else print_entry(history->pdata[i]);
  }
  if (as_json) cli_lake_print_json(list);
  else json_decref(list);
  return 0;
}
