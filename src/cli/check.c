/* aisle check -w DIR: ingestion files, the model against its own rules, then against the data. One line per finding. */
#include <stdio.h>

#include "cli/cli.h"
#include "cli/ingest_guard.h"
#include "lake/registry.h"
#include "model/model.h"

static GPtrArray *check_against_data(const Model *model, const char *workspace, GError **error) {
  g_autofree char *spill = g_build_filename(workspace, "cache", "spill", NULL);
  g_autoptr(Engine) engine =
      engine_open_duckdb(&(EngineOptions){.max_connections = 2, .spill_directory = spill}, error);
  if (engine == NULL) return NULL;
  g_autoptr(LakeSnapshot) snapshot = lake_snapshot_open(workspace, NULL, error);
  if (snapshot == NULL || !lake_snapshot_attach(snapshot, engine, DEADLINE_NEVER, error)) return NULL;
  return model_check_data(model, engine, DEADLINE_NEVER, error);
}

static int report_findings(const Model *model, const GPtrArray *findings) {
  for (guint i = 0; i < findings->len; i++) printf("%s\n", (const char *)g_ptr_array_index(findings, i));
  if (findings->len > 0) {
    fprintf(stderr, "aisle check: %u difference%s between model and data\n", findings->len,
            findings->len == 1 ? "" : "s");
    return aisle_error_info(AISLE_ERROR_BAD_MODEL)->exit_status;
  }
  printf("model and data agree: %u dataset%s, %u metric%s, %u condition%s, %u relationship%s\n", model->datasets->len,
         model->datasets->len == 1 ? "" : "s", model->metrics->len, model->metrics->len == 1 ? "" : "s", model->conditions->len,
         model->conditions->len == 1 ? "" : "s", model->relationships->len, model->relationships->len == 1 ? "" : "s");
  return 0;
}

/* Mistakes of the model are the result asked for: they go to the output, one a line, ready for an editor to jump to. */
static int report_error(const GError *error) {
  if (g_error_matches(error, AISLE_ERROR, AISLE_ERROR_BAD_MODEL))
    printf("%s\n", error->message);
  else
    fprintf(stderr, "aisle check: %s\n", error->message);
  return aisle_error_info_of(error)->exit_status;
}

int cli_check(int argc, char **argv) {
  g_autofree char *workspace = NULL;
  const GOptionEntry entries[] = {
      CLI_WORKSPACE(&workspace),
      G_OPTION_ENTRY_NULL,
  };
  g_autoptr(GOptionContext) options = g_option_context_new("- hold the semantic model against its rules and the data");
  g_option_context_add_main_entries(options, entries, NULL);
  g_autoptr(GError) error = NULL;
  if (!g_option_context_parse(options, &argc, &argv, &error) || argc != 1) {
    fprintf(stderr, "aisle check: %s\n",
            error != NULL ? error->message : "it takes no file; name the workspace: aisle check -w DIR");
    return aisle_error_info(AISLE_ERROR_INVALID_ARGUMENT)->exit_status;
  }
  if (!cli_find_workspace(&workspace, &error)) return report_error(error);
  const char *folder = workspace;
  g_autofree char *mistakes = NULL;
  if (!ingest_check_files(folder, &mistakes, &error)) return report_error(error);
  if (mistakes != NULL) {
    printf("%s%s", mistakes, g_str_has_suffix(mistakes, "\n") ? "" : "\n");
    return aisle_error_info(AISLE_ERROR_BAD_INPUT)->exit_status;
  }
  g_autoptr(Registry) registry = registry_open(folder, &error);
  if (registry == NULL) {
    printf("%s\n", error->message); /* ready for an editor to jump to */
    return aisle_error_info_of(error)->exit_status;
  }
  g_autoptr(Model) model = model_load(folder, &error);
  if (model == NULL) return report_error(error);
  g_autoptr(GPtrArray) findings = check_against_data(model, folder, &error);
  return findings != NULL ? report_findings(model, findings) : report_error(error);
}
