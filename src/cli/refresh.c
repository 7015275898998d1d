/* aisle refresh -w DIR: brings the rollups of the model up to the newest rows. */
#include <stdio.h>

#include "cli/cli.h"
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
  refresh->engine = engine_open_duckdb(&(EngineOptions){.max_connections = 2, .spill_directory = spill}, error);
  return refresh->engine != NULL && lake_snapshot_attach(refresh->snapshot, refresh->engine, DEADLINE_NEVER, error);
}

static gboolean refresh_one(Refresh *refresh, const Rollup *rollup, GError **error) {
  static const char *const words[] = {"nothing to do", "built", "added to", "rewritten"};
  g_autoptr(AccessScope) everything = access_scope_new_local();
  g_autoptr(RollupView) view = rollup_view_new(refresh->model, refresh->model, everything, rollup, error);
  g_autoptr(RollupSpec) spec = view != NULL ? rollup_view_spec(view, error) : NULL;
  if (spec == NULL) return FALSE;
  gint64 started = g_get_monotonic_time();
  RollupOutcome made;
  if (!rollup_refresh(refresh->workspace, spec, refresh->snapshot, refresh->engine, DEADLINE_NEVER, &made, error))
    return FALSE;
  printf("%s: %s; %" G_GINT64_FORMAT " rows, %.1f MB, version %" G_GINT64_FORMAT ", %.2f s\n", rollup->name,
         words[made.work], made.rows, (double)made.bytes / 1e6, made.version,
         (double)(g_get_monotonic_time() - started) / 1e6);
  return TRUE;
}

int cli_refresh(int argc, char **argv) {
  g_autofree char *workspace = NULL;
  const GOptionEntry entries[] = {
      {"workspace", 'w', 0, G_OPTION_ARG_FILENAME, &workspace, "The workspace (default: the current folder)", "DIR"},
      G_OPTION_ENTRY_NULL,
  };
  g_autoptr(GOptionContext) options = g_option_context_new("[ROLLUP...] - bring rollups up to the newest rows");
  g_option_context_add_main_entries(options, entries, NULL);
  GError *error = NULL;
  if (!g_option_context_parse(options, &argc, &argv, &error)) {
    fprintf(stderr, "aisle refresh: %s\n", error->message);
    g_clear_error(&error);
    return aisle_error_info(AISLE_ERROR_INVALID_ARGUMENT)->exit_status;
  }
  g_auto(Refresh) refresh = {.workspace = workspace != NULL ? workspace : "."};
  if (!open_workspace(&refresh, &error)) return cli_fail("refresh", error);
  guint done = 0;
  for (guint i = 0; i < refresh.model->rollups->len; i++) {
    const Rollup *rollup = g_ptr_array_index(refresh.model->rollups, i);
    if (argc > 1 && !g_strv_contains((const char *const *)argv + 1, rollup->name)) continue;
    if (!refresh_one(&refresh, rollup, &error)) return cli_fail("refresh", error);
    done++;
  }
  if (done == 0) printf("the model defines no such rollup; write one under \"rollups:\" in model/aisle.yaml\n");
  return 0;
}
