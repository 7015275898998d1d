/* Rollups beside the rows they were made from: whatever happened to the rows, the relation that serves gives their
 * sums. */
#include "lake/rollup.h"
#include "unit/lake/scratch.h"

typedef struct {
  Scratch scratch;
  Engine *engine;
  DeltaTable *table;
  RollupSpec *spec;
} Fixture;

static RollupSpec *spec_new(void) {
  RollupSpec *spec = g_new0(RollupSpec, 1);
  spec->name = g_strdup("by_region");
  spec->table = g_strdup("sales");
  spec->head = g_strdup("SELECT CAST(date_trunc('month', day) AS DATE) AS day, s.region, sum(weight) AS weights,"
                        " count(*) AS n, sum(amount) AS amount FROM ");
  spec->tail = g_strdup(" AS s LEFT JOIN lake.regions AS r ON r.region = s.region GROUP BY 1, 2");
  spec->joined = g_strsplit("regions", ",", -1);
  spec->keys = g_strsplit("day,region", ",", -1);
  spec->sums = g_strsplit("n,amount,weights", ",", -1);
  spec->sketches = g_new0(char *, 1);
  spec->date = g_strdup("day");
  spec->grain = TIME_UNIT_MONTH;
  return spec;
}

static DeltaTable *table_at(const Fixture *fixture, const char *name) {
  g_autoptr(GError) error = NULL;
  g_autofree char *location = g_build_filename(fixture->scratch.path, "lake", name, NULL);
  DeltaTable *table = delta_table_open(location, -1, fixture->engine, &error);
  g_assert_no_error(error);
  return table;
}

static void make_table(const Fixture *fixture, const char *name, GPtrArray *columns, const char *select) {
  g_autoptr(GError) error = NULL;
  g_autofree char *location = g_build_filename(fixture->scratch.path, "lake", name, NULL);
  g_autoptr(DeltaTable) draft = delta_table_draft(location, columns, NULL, NULL, &error);
  g_assert_no_error(error);
  delta_append(draft, fixture->engine, select, NULL, &(DeltaWriteOptions){.deadline = DEADLINE_NEVER}, NULL, &error);
  g_assert_no_error(error);
}

static GPtrArray *columns_of(const char *const *names, const FieldType *types, guint n) {
  GPtrArray *columns = g_ptr_array_new_with_free_func((GDestroyNotify)delta_column_free);
  for (guint i = 0; i < n; i++) g_ptr_array_add(columns, delta_column_new(names[i], NULL, types[i]));
  return columns;
}

/* Rows of one year, a month a file. */
static void append_months(Fixture *fixture, int first, int last) {
  for (int month = first; month <= last; month++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(DeltaTable) table = table_at(fixture, "sales");
    g_autofree char *select = g_strdup_printf(
        "SELECT %d * 1000 + i AS id, CASE WHEN %d = 3 AND i = 7 THEN NULL ELSE DATE '2024-%02d-01' + CAST(i %% 28 AS "
        "INTEGER) END"
        " AS day, 'R' || (i %% 3) AS region, CAST(i AS DECIMAL(18,4)) / 3 AS amount FROM range(200) t(i)",
        month, month, month);
    delta_append(table, fixture->engine, select, NULL, &(DeltaWriteOptions){.deadline = DEADLINE_NEVER}, NULL, &error);
    g_assert_no_error(error);
  }
}

static void change(Fixture *fixture, const char *condition) {
  g_autoptr(GError) error = NULL;
  g_autoptr(DeltaTable) table = table_at(fixture, "sales");
  delta_delete(table, fixture->engine, condition, NULL, 0, &(DeltaWriteOptions){.deadline = DEADLINE_NEVER}, NULL,
               &error);
  g_assert_no_error(error);
}

static LakeSnapshot *publish(const Fixture *fixture) {
  g_autoptr(GError) error = NULL;
  g_assert_true(lake_snapshot_publish(fixture->scratch.path, NULL, &error));
  LakeSnapshot *snapshot = lake_snapshot_open(fixture->scratch.path, NULL, &error);
  g_assert_no_error(error);
  lake_snapshot_attach(snapshot, fixture->engine, DEADLINE_NEVER, &error);
  g_assert_no_error(error);
  return snapshot;
}

static char *sums_text(const Fixture *fixture, const char *relation) {
  g_autoptr(GError) error = NULL;
  g_autofree char *sql = g_strdup_printf("SELECT day, region, SUM(n), SUM(amount), SUM(weights) FROM (%s) GROUP BY 1, 2"
                                         " ORDER BY 1, 2",
                                         relation);
  g_autoptr(ResultTable) result = engine_query(fixture->engine, sql, NULL, 0, DEADLINE_NEVER, &error);
  g_assert_no_error(error);
  GString *text = g_string_new(NULL);
  for (gsize row = 0; row < result->n_rows; row++)
    for (guint i = 0; i < 5; i++) {
      g_autofree char *cell = value_to_text(result_table_at(result, row, i));
      g_string_append_printf(text, "%s%c", cell, i < 4 ? '|' : '\n');
    }
  return g_string_free(text, FALSE);
}

static void assert_serves(const Fixture *fixture, RollupState state) {
  g_autoptr(GError) error = NULL;
  g_autoptr(LakeSnapshot) snapshot = publish(fixture);
  g_autoptr(RollupServing) serving =
      rollup_serving_open(fixture->scratch.path, fixture->spec, snapshot, fixture->engine, &error);
  g_assert_no_error(error);
  g_assert_cmpint(serving->state, ==, state);
  if (state != ROLLUP_IS_FRESH && state != ROLLUP_IS_COMPLETED) {
    g_assert_null(serving->relation);
    return;
  }
  g_assert_cmpint(serving->row_files > 0, ==, state == ROLLUP_IS_COMPLETED);
  g_autofree char *direct = g_strconcat(fixture->spec->head, "lake.sales", fixture->spec->tail, NULL);
  g_autofree char *expected = sums_text(fixture, direct), *found = sums_text(fixture, serving->relation);
  g_assert_cmpstr(found, ==, expected);
}

static void assert_refreshes(const Fixture *fixture, RollupWork work) {
  g_autoptr(GError) error = NULL;
  g_autoptr(LakeSnapshot) snapshot = publish(fixture);
  RollupOutcome made;
  rollup_refresh(fixture->scratch.path, fixture->spec, snapshot, fixture->engine, DEADLINE_NEVER, &made, &error);
  g_assert_no_error(error);
  g_assert_cmpint(made.work, ==, work);
  assert_serves(fixture, ROLLUP_IS_FRESH);
  rollup_refresh(fixture->scratch.path, fixture->spec, snapshot, fixture->engine, DEADLINE_NEVER, &made, &error);
  g_assert_no_error(error);
  g_assert_cmpint(made.work, ==, ROLLUP_UNCHANGED);
}

static void fixture_init(Fixture *fixture) {
  static const char *const sales[] = {"id", "day", "region", "amount"}, *const regions[] = {"region", "weight"};
  static const FieldType sales_types[] = {FIELD_INTEGER, FIELD_DATE, FIELD_TEXT, FIELD_DECIMAL},
                         regions_types[] = {FIELD_TEXT, FIELD_INTEGER};
  g_autoptr(GError) error = NULL;
  fixture->scratch = scratch_new();
  fixture->engine = engine_open_duckdb(&(EngineOptions){.threads = 1}, &error);
  g_assert_no_error(error);
  fixture->spec = spec_new();
  g_autoptr(GPtrArray) one = columns_of(sales, sales_types, 4), other = columns_of(regions, regions_types, 2);
  make_table(fixture, "regions", other, "SELECT 'R' || i AS region, i + 1 AS weight FROM range(3) t(i)");
  make_table(fixture, "sales", one, "SELECT 0 AS id, DATE '2023-12-31' AS day, 'R0' AS region, 1.5 AS amount");
  append_months(fixture, 1, 6);
}

static void fixture_clear(Fixture *fixture) {
  rollup_spec_free(fixture->spec);
  engine_unref(fixture->engine);
  scratch_clear(&fixture->scratch);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Fixture, fixture_clear)

static void check_added_rows(void) {
  g_auto(Fixture) fixture = {0};
  fixture_init(&fixture);
  assert_serves(&fixture, ROLLUP_IS_MISSING);
  assert_refreshes(&fixture, ROLLUP_BUILT);
  append_months(&fixture, 6, 7); /* of a period that is there already, too */
  assert_serves(&fixture, ROLLUP_IS_COMPLETED);
  assert_refreshes(&fixture, ROLLUP_ADDED_TO);
}

static void check_many_parts_become_one(void) {
  g_auto(Fixture) fixture = {0};
  fixture_init(&fixture);
  assert_refreshes(&fixture, ROLLUP_BUILT);
  for (int i = 0; i < 7; i++) {
    append_months(&fixture, 7, 7);
    assert_refreshes(&fixture, ROLLUP_ADDED_TO);
  }
  append_months(&fixture, 8, 8);
  assert_refreshes(&fixture, ROLLUP_REWRITTEN);
}

static void check_changed_rows(void) {
  g_auto(Fixture) fixture = {0};
  fixture_init(&fixture);
  assert_refreshes(&fixture, ROLLUP_BUILT);
  change(&fixture, "day = DATE '2024-02-10'");
  assert_serves(&fixture, ROLLUP_IS_COMPLETED);
  assert_refreshes(&fixture, ROLLUP_REWRITTEN);
  change(&fixture, "id = 3007"); /* the row without a date */
  append_months(&fixture, 9, 9);
  assert_serves(&fixture, ROLLUP_IS_COMPLETED);
  assert_refreshes(&fixture, ROLLUP_REWRITTEN);
}

static void check_too_much_changed(void) {
  g_auto(Fixture) fixture = {0};
  fixture_init(&fixture);
  assert_refreshes(&fixture, ROLLUP_BUILT);
  change(&fixture, "amount > 60");
  assert_serves(&fixture, ROLLUP_IS_STALE);
  assert_refreshes(&fixture, ROLLUP_BUILT);
}

static void check_joined_table_changed(void) {
  g_auto(Fixture) fixture = {0};
  fixture_init(&fixture);
  assert_refreshes(&fixture, ROLLUP_BUILT);
  g_autoptr(GError) error = NULL;
  g_autoptr(DeltaTable) regions = table_at(&fixture, "regions");
  delta_overwrite(regions, fixture.engine, "SELECT 'R' || i AS region, i + 5 AS weight FROM range(3) t(i)",
                  DELTA_OVERWRITE_TABLE, NULL, &(DeltaWriteOptions){.deadline = DEADLINE_NEVER}, NULL, &error);
  g_assert_no_error(error);
  assert_serves(&fixture, ROLLUP_DIMENSION_IS_NEW);
  assert_refreshes(&fixture, ROLLUP_BUILT);
}

static void check_other_definition(void) {
  g_auto(Fixture) fixture = {0};
  fixture_init(&fixture);
  assert_refreshes(&fixture, ROLLUP_BUILT);
  g_free(fixture.spec->head);
  fixture.spec->head =
      g_strdup("SELECT CAST(date_trunc('month', day) AS DATE) AS day, 'all' AS region, sum(weight) AS weights,"
               " count(*) AS n, sum(amount) * 2 AS amount FROM ");
  assert_serves(&fixture, ROLLUP_IS_MISSING);
  assert_refreshes(&fixture, ROLLUP_BUILT);
}

/* The snapshot is older than the rollup: what came later is left out again. */
static void check_older_snapshot(void) {
  g_auto(Fixture) fixture = {0};
  fixture_init(&fixture);
  g_autoptr(LakeSnapshot) before = publish(&fixture);
  append_months(&fixture, 7, 7);
  assert_refreshes(&fixture, ROLLUP_BUILT);
  g_autoptr(GError) error = NULL;
  lake_snapshot_attach(before, fixture.engine, DEADLINE_NEVER, &error);
  g_autoptr(RollupServing) serving =
      rollup_serving_open(fixture.scratch.path, fixture.spec, before, fixture.engine, &error);
  g_assert_no_error(error);
  g_assert_cmpint(serving->state, ==, ROLLUP_IS_COMPLETED);
  g_autofree char *direct = g_strconcat(fixture.spec->head, "lake.sales", fixture.spec->tail, NULL);
  g_autofree char *expected = sums_text(&fixture, direct), *found = sums_text(&fixture, serving->relation);
  g_assert_cmpstr(found, ==, expected);
}

static void check_inexact_sums(void) {
  g_auto(Fixture) fixture = {0};
  fixture_init(&fixture);
  g_free(fixture.spec->head);
  fixture.spec->head =
      g_strdup("SELECT CAST(date_trunc('month', day) AS DATE) AS day, s.region, sum(weight) AS weights,"
               " count(*) AS n, sum(CAST(amount AS DOUBLE)) AS amount FROM ");
  g_autoptr(LakeSnapshot) snapshot = publish(&fixture);
  g_autoptr(GError) error = NULL;
  RollupOutcome made;
  g_assert_false(
      rollup_refresh(fixture.scratch.path, fixture.spec, snapshot, fixture.engine, DEADLINE_NEVER, &made, &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_BAD_MODEL);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/lake/rollup/added_rows", check_added_rows);
  g_test_add_func("/lake/rollup/many_parts_become_one", check_many_parts_become_one);
  g_test_add_func("/lake/rollup/changed_rows", check_changed_rows);
  g_test_add_func("/lake/rollup/too_much_changed", check_too_much_changed);
  g_test_add_func("/lake/rollup/joined_table_changed", check_joined_table_changed);
  g_test_add_func("/lake/rollup/other_definition", check_other_definition);
  g_test_add_func("/lake/rollup/older_snapshot", check_older_snapshot);
  g_test_add_func("/lake/rollup/inexact_sums", check_inexact_sums);
  return g_test_run();
}
