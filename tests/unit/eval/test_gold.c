/* Gold SQL over a workspace's tables: original headers, times of day, names of data sets; golden questions end to end.
 */
#include "eval/eval.h"
#include <glib/gstdio.h>
#include <string.h>

typedef struct {
  char *folder;
  Engine *engine;
  Model *model;
  LakeSnapshot *snapshot;
} Workspace;

static void workspace_make(Workspace *workspace) {
  g_autoptr(GError) error = NULL;
  g_autoptr(GHashTable) notes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  EngineOptions options = {.threads = 1};
  ImportOptions import = {0};
  const char *files[] = {"tests/data/eval/toy_sales.csv", NULL};
  workspace->folder = g_dir_make_tmp("aisle-eval-XXXXXX", NULL);
  g_autofree char *lake = g_build_filename(workspace->folder, "lake", NULL);
  g_mkdir_with_parents(lake, 0700);
  workspace->engine = engine_open_duckdb(&options, &error);
  g_assert_no_error(error);
  g_autoptr(GPtrArray) imported =
      lake_import(workspace->engine, workspace->folder, files, &import, DEADLINE_NEVER, &error);
  g_assert_no_error(error);
  g_assert_true(lake_snapshot_publish(workspace->folder, "", &error));
  g_assert_no_error(error);
  workspace->snapshot = lake_snapshot_open(workspace->folder, NULL, &error);
  g_assert_no_error(error);
  g_assert_true(lake_snapshot_attach(workspace->snapshot, workspace->engine, DEADLINE_NEVER, &error));
  g_assert_true(engine_execute(workspace->engine, "CREATE VIEW toy_sales AS SELECT * FROM lake.toy_sales",
                               DEADLINE_NEVER, &error));
  g_assert_no_error(error);
  workspace->model = model_infer(workspace->engine, "toy", imported, notes, DEADLINE_NEVER, &error);
  g_assert_no_error(error);
}

static void remove_tree(const char *path) {
  GDir *folder = g_dir_open(path, 0, NULL);
  const char *name;
  while (folder != NULL && (name = g_dir_read_name(folder)) != NULL) {
    g_autofree char *inner = g_build_filename(path, name, NULL);
    remove_tree(inner);
  }
  g_clear_pointer(&folder, g_dir_close);
  g_remove(path);
}

static void workspace_clear(Workspace *workspace) {
  lake_snapshot_unref(workspace->snapshot);
  model_unref(workspace->model);
  engine_unref(workspace->engine);
  remove_tree(workspace->folder);
  g_free(workspace->folder);
}

static void check_rows(GoldTables *gold, const char *sql, const char *expected) {
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) rows = gold_tables_rows(gold, sql, &error);
  g_assert_no_error(error);
  g_autofree char *text = json_to_text(rows, JSON_PLAIN);
  g_assert_cmpstr(text, ==, expected);
}

static void test_original_headers(void) {
  Workspace workspace = {0};
  g_autoptr(GError) error = NULL;
  workspace_make(&workspace);
  g_autoptr(GoldTables) gold = gold_tables_open(workspace.model, workspace.snapshot, &error);
  g_assert_no_error(error);
  check_rows(gold, "SELECT count(DISTINCT \"Order No\") FROM toy_sales WHERE \"Shop Name\" = 'North'", "[[3]]");
  check_rows(gold, "SELECT sum(\"Line Total\") FROM toy_sales", "[[178.75]]");
  check_rows(gold, "SELECT max(\"Order Date\") FROM toy_sales", "[[\"2023-03-12\"]]");
  check_rows(gold, "SELECT hour(\"Till Time\"), count(*) FROM toy_sales GROUP BY 1 ORDER BY 1 LIMIT 1", "[[9,2]]");
  /* A data set may go by the beginning of its table's name. */
  g_assert_true(gold_tables_name(gold, "toy", &error));
  check_rows(gold, "SELECT sum(\"Qty\") FROM toy", "[[19]]");
  g_assert_false(gold_tables_name(gold, "somebody_elses", &error));
  g_assert_no_error(error);
  g_assert_null(gold_tables_rows(gold, "SELECT nothing FROM nowhere", &error));
  g_assert_nonnull(error);
  g_clear_error(&error);
  /* Gold is read, never written. */
  g_assert_null(gold_tables_rows(gold, "CREATE TABLE x AS SELECT 1", &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_BLOCKED);
  workspace_clear(&workspace);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/eval/gold/original-headers", test_original_headers);
  return g_test_run();
}
