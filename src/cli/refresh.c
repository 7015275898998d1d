/* aisle refresh -w DIR: looks again at tables that lie elsewhere, then brings the rollups of the model up to the newest rows. */
#include <stdio.h>

#include "cli/cli.h"
#include "cli/refresh_advise.h"
#include "cli/refresh_registry.h"
#include "query/rollup.h"

typedef struct {
  const char *workspace;
  Model *model;
  LakeSnapshot *snapshot;
  Engine *engine;
} Refresh;

static void refresh_clear(Refresh *refresh) {
  model_unref(refresh->model);
  g_clear_pointer(&refresh->snapshot, lake_snapshot_unref);
  engine_unref(refresh->engine);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Refresh, refresh_clear)

static gboolean open_workspace(Refresh *refresh, GError **error) {
  g_autofree char *spill = g_build_filename(refresh->workspace, "cache", "spill", NULL);
  refresh->model = model_load(refresh->workspace, error);
  if (refresh->model == NULL) return FALSE;
  refresh->snapshot = lake_snapshot_open(refresh->workspace, NULL, error);
  if (refresh->snapshot == NULL) return FALSE;
  refresh->engine = engine_open_duckdb(&(EngineOptions){.memory_limit_bytes = engine_memory_within(ENGINE_WORK_BYTES), .max_connections = 2, .spill_directory = spill}, error);
  return refresh->engine != NULL && lake_snapshot_attach(refresh->snapshot, refresh->engine, DEADLINE_NEVER, error);
}

/* What was done is added to `done`. */
static gboolean refresh_one(Refresh *refresh, const Rollup *rollup, json_t *done, GError **error) {
  static const char *const words[] = {"nothing to do", "built", "added to", "rewritten"};
  g_autoptr(AccessScope) everything = access_scope_new_local();
  g_autoptr(RollupView) view = rollup_view_new(refresh->model, refresh->model, everything, rollup, error);
  g_autoptr(RollupSpec) spec = view != NULL ? rollup_view_spec(view, error) : NULL;
  if (spec == NULL) return FALSE;
  gint64 started = g_get_monotonic_time();
  RollupOutcome made;
  if (!rollup_refresh(refresh->workspace, spec, refresh->snapshot, refresh->engine, DEADLINE_NEVER, &made, error))
    return FALSE;
  double seconds = (double)(g_get_monotonic_time() - started) / 1e6;
  json_array_append_new(done, json_pack("{s:s, s:s, s:I, s:I, s:I, s:f}", "name", rollup->name, "work", words[made.work], "rows",
                                        (json_int_t)made.rows, "bytes", (json_int_t)made.bytes, "version", (json_int_t)made.version,
                                        "seconds", seconds));
  return TRUE;
}

static gboolean refresh_rollups(const char *workspace, char **names, json_t *done, GError **error) {
  g_auto(Refresh) refresh = {.workspace = workspace};
  if (!open_workspace(&refresh, error)) return FALSE;
  for (guint i = 0; i < refresh.model->rollups->len; i++) {
    const Rollup *rollup = g_ptr_array_index(refresh.model->rollups, i);
    if (names != NULL && !g_strv_contains((const char *const *)names, rollup->name)) continue;
    if (!refresh_one(&refresh, rollup, done, error)) return FALSE;
  }
  return TRUE;
}

static void print_rollups(const json_t *done) {
  size_t i;
  const json_t *rollup;
  json_array_foreach (done, i, rollup)
    printf("%s: %s; %" G_GINT64_FORMAT " rows, %.1f MB, version %" G_GINT64_FORMAT ", %.2f s\n", json_get_string(rollup, "name"),
           json_get_string(rollup, "work"), json_get_int(rollup, "rows", 0), (double)json_get_int(rollup, "bytes", 0) / 1e6,
           json_get_int(rollup, "version", 0), json_get_double(rollup, "seconds", 0));
}

static void print_all(const json_t *registry, const json_t *rollups, gboolean as_json) {
  if (as_json) {
    g_autoptr(json_t) whole = registry != NULL ? json_copy((json_t *)registry) : json_object();
    json_object_set(whole, "rollups", (json_t *)rollups);
    g_autofree char *text = json_to_text(whole, JSON_PRETTY);
    printf("%s\n", text);
    return;
  }
  if (registry != NULL) refresh_registry_print(registry);
  print_rollups(rollups);
  if (json_array_size(rollups) == 0 && json_array_size(json_object_get(registry, "tables")) == 0)
    printf("there is nothing to refresh: rollups stand under \"rollups:\" in model/aisle.yaml, tables that lie elsewhere in registry.yaml\n");
}

/* Naming rollups refreshes only those. */
static int run(const char *workspace, char **accept, char **names, gboolean as_json) {
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) registry = NULL, rollups = json_array();
  if (names == NULL && (registry = refresh_registry(workspace, accept, &error)) == NULL) return cli_fail("refresh", g_steal_pointer(&error));
  if (!refresh_rollups(workspace, names, rollups, &error)) return cli_fail("refresh", g_steal_pointer(&error));
  print_all(registry, rollups, as_json);
  return json_array_size(json_object_get(registry, "problems")) > 0 ? aisle_error_info(AISLE_ERROR_BAD_INPUT)->exit_status : 0;
}

int cli_refresh(int argc, char **argv) {
  g_autofree char *workspace = NULL;
  g_auto(GStrv) accept = NULL;
  gboolean as_json = FALSE, advise = FALSE;
  const GOptionEntry entries[] = {
      CLI_WORKSPACE(&workspace),
      {"accept", 0, 0, G_OPTION_ARG_STRING_ARRAY, &accept, "Take over what changed in the columns of this table", "TABLE"},
      {"advise", 0, 0, G_OPTION_ARG_NONE, &advise, "Only propose rollups, from what was asked here", NULL},
      {"json", 0, 0, G_OPTION_ARG_NONE, &as_json, "Print JSON", NULL},
      G_OPTION_ENTRY_NULL,
  };
  g_autoptr(GOptionContext) options = g_option_context_new("[ROLLUP...] - bring tables that lie elsewhere, and rollups, up to date");
  g_option_context_set_summary(options, "Finds the tables that registry.yaml of the workspace names (Parquet files, folders of them, Delta tables; on\n"
                                        "this machine or on S3) and lets questions see them as they are now, without copying them into the lake.\n"
                                        "Then refreshes the rollups of the model, or only those named.");
  g_option_context_add_main_entries(options, entries, NULL);
  GError *error = NULL;
  if (!g_option_context_parse(options, &argc, &argv, &error)) {
    fprintf(stderr, "aisle refresh: %s\n", error->message);
    g_clear_error(&error);
    return aisle_error_info(AISLE_ERROR_INVALID_ARGUMENT)->exit_status;
  }
  if (!cli_find_workspace(&workspace, &error)) return cli_fail("refresh", error);
  if (advise) return refresh_advise(workspace, &error) ? 0 : cli_fail("refresh", error);
  return run(workspace, accept, argc > 1 ? argv + 1 : NULL, as_json);
}
