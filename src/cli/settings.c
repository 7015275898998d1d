/* aisle settings -w DIR: every setting, its value and where that came from. */
#include <stdio.h>

#include "cli/cli.h"

static void print_table(const json_t *list) {
  size_t i;
  const json_t *row;
  json_array_foreach(list, i, row) {
    const char *value = json_string_value(json_object_get(row, "value"));
    printf("%-20s %-20s %-24s %s\n", json_string_value(json_object_get(row, "name")), *value != '\0' ? value : "-",
           json_string_value(json_object_get(row, "origin")), json_string_value(json_object_get(row, "meaning")));
  }
}

int cli_settings(int argc, char **argv) {
  g_autofree char *workspace = NULL, *profile = NULL;
  gboolean as_json = FALSE;
  const GOptionEntry entries[] = {
      CLI_WORKSPACE(&workspace),
      {"profile", 0, 0, G_OPTION_ARG_STRING, &profile, "Section of `profiles` in aisle.yaml: dev, staging, prod", "NAME"},
      {"json", 0, 0, G_OPTION_ARG_NONE, &as_json, "Print JSON", NULL},
      G_OPTION_ENTRY_NULL,
  };
  g_autoptr(GOptionContext) options = g_option_context_new("- show every setting, its value and where that came from");
  g_option_context_add_main_entries(options, entries, NULL);
  g_autoptr(GError) error = NULL;
  if (!g_option_context_parse(options, &argc, &argv, &error) || argc != 1) {
    fprintf(stderr, "aisle settings: %s\n", error != NULL ? error->message : "it takes no argument; name the workspace with -w DIR");
    return aisle_error_info(AISLE_ERROR_INVALID_ARGUMENT)->exit_status;
  }
  cli_default_workspace(&workspace);
  g_autoptr(Settings) settings = settings_load(workspace, profile, &error);
  if (settings == NULL) return cli_fail("settings", g_steal_pointer(&error));
  json_t *list = settings_to_json(settings);
  if (as_json) {
    g_autofree char *text = json_to_text(list, JSON_PRETTY);
    printf("%s\n", text);
  } else {
    print_table(list);
  }
  json_decref(list);
  return 0;
}
