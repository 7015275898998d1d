/* Changing Delta tables: rows in by partition, overwrite, merge, delete, restore, vacuum, compaction, evolution. */
#include "lake/delta_change.h"
#include "scratch.h"
#include <glib/gstdio.h>

typedef struct {
  Scratch scratch;
  Engine *engine;
  char *location;
} Lab;

static Lab lab_new(void) {
  Lab lab = {.scratch = scratch_new()};
  EngineOptions options = {.threads = 2};
  lab.engine = engine_open_duckdb(&options, NULL);
  g_assert_nonnull(lab.engine);
  lab.location = g_build_filename(lab.scratch.path, "sales", NULL);
  return lab;
}

static void lab_clear(Lab *lab) {
  engine_unref(lab->engine);
  g_free(lab->location);
  scratch_clear(&lab->scratch);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Lab, lab_clear)

static GPtrArray *sales_columns(void) {
  GPtrArray *columns = g_ptr_array_new_with_free_func((GDestroyNotify)delta_column_free);
  g_ptr_array_add(columns, delta_column_new("id", "Order", FIELD_INTEGER));
  g_ptr_array_add(columns, delta_column_new("day", NULL, FIELD_DATE));
  g_ptr_array_add(columns, delta_column_new("region", NULL, FIELD_TEXT));
  g_ptr_array_add(columns, delta_column_new("amount", NULL, FIELD_DECIMAL));
  g_ptr_array_add(columns, delta_column_new("weight", NULL, FIELD_DOUBLE));
  g_ptr_array_add(columns, delta_column_new("at", NULL, FIELD_TIMESTAMP));
  return columns;
}

static const char *const partitions[] = {"day", "region", NULL};

/* `n` rows from id `from` on: three days, three regions (one NULL, one awkward). */
static char *rows_sql(int from, int n) {
  return g_strdup_printf(
      "SELECT i AS id, DATE '2026-11-01' + CAST(i %% 3 AS INTEGER) AS day, CASE i %% 4 WHEN 0 THEN NULL WHEN 1 THEN 'A/B %% é' ELSE "
      "'north' END AS region, CAST(i * 1.25 AS DECIMAL(18,4)) AS amount, CASE WHEN i %% 7 = 0 THEN 'nan'::DOUBLE ELSE i / 2 END AS "
      "weight, TIMESTAMP '2026-11-01 00:00:00.000123' + to_seconds(i) AS at FROM range(%d, %d) t(i)", from, from + n);
}

static DeltaTable *open_table(const Lab *lab, gint64 version) {
  g_autoptr(GError) error = NULL;
  DeltaTable *table = delta_table_open(lab->location, version, lab->engine, &error);
  g_assert_no_error(error);
  return table;
}

static DeltaTable *make_table(const Lab *lab, int rows) {
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) columns = sales_columns();
  g_autoptr(DeltaTable) draft = delta_table_draft(lab->location, columns, partitions, NULL, &error);
  g_assert_no_error(error);
  g_autofree char *sql = rows_sql(0, rows);
  DeltaOutcome done;
  g_assert_true(delta_append(draft, lab->engine, sql, NULL, NULL, &done, &error));
  g_assert_no_error(error);
  g_assert_cmpint(done.version, ==, 0);
  g_assert_cmpint(done.rows_inserted, ==, rows);
  return open_table(lab, -1);
}

/* One number of a query over the table's relation, %s. */

static gint64 ask_of(const Lab *lab, const DeltaTable *table, const char *query) {
  g_autoptr(GError) error = NULL;
  g_autofree char *relation = delta_relation_sql(table, NULL);
  g_autoptr(GString) sql = g_string_new(query);
  g_string_replace(sql, "TABLE", "(TABLE)", 0);
  g_string_replace(sql, "TABLE", relation, 0);
  g_autoptr(ResultTable) rows = engine_query(lab->engine, sql->str, NULL, 0, DEADLINE_NEVER, &error);
  g_assert_no_error(error);
  const Value *value = result_table_at(rows, 0, 0);
  return value->type == VALUE_INT ? value->integer : (gint64)value->number;
}

static gint64 ask_newest(const Lab *lab, const char *query) {
  g_autoptr(DeltaTable) table = open_table(lab, -1);
  return ask_of(lab, table, query);
}

static void rows_come_back(void) {
  g_auto(Lab) lab = lab_new();
  g_autoptr(DeltaTable) table = make_table(&lab, 1200);
  g_assert_cmpuint(table->files->len, ==, 9);
  g_assert_cmpint(delta_table_rows(table), ==, 1200);
  g_assert_cmpint(ask_of(&lab, table, "SELECT count(*) FROM TABLE"), ==, 1200);
  g_assert_cmpint(ask_of(&lab, table, "SELECT CAST(sum(amount) * 100 AS BIGINT) FROM TABLE"), ==, 1200 * 1199 / 2 * 125);
  g_assert_cmpint(ask_of(&lab, table, "SELECT count(*) FROM TABLE WHERE region IS NULL"), ==, 300);
  g_assert_cmpint(ask_of(&lab, table, "SELECT count(*) FROM TABLE WHERE region = 'A/B % é'"), ==, 300);
  const DeltaFile *file = table->files->pdata[0];
  g_assert_cmpuint(file->n_partition_values, ==, 2);
  g_assert_cmpstr(file->partition_values[0], ==, "2026-11-01");
}

static void identity_counts_once(void) {
  g_auto(Lab) lab = lab_new();
  g_autoptr(DeltaTable) table = make_table(&lab, 10);
  g_autofree char *sql = rows_sql(10, 10);
  DeltaIdentity identity = {"load:1", 1};
  DeltaOutcome done;
  g_assert_true(delta_append(table, lab.engine, sql, &identity, NULL, &done, NULL));
  g_assert_cmpint(done.version, ==, 1);
  /* over the old picture: found out by looking at the rival */
  g_assert_true(delta_append(table, lab.engine, sql, &identity, NULL, &done, NULL));
  g_assert_cmpint(done.version, ==, 1);
  g_assert_cmpint(done.rows_inserted, ==, 0);
  g_assert_cmpint(ask_newest(&lab, "SELECT count(*) FROM TABLE"), ==, 20);
}

static void overwrite_of_partitions(void) {
  g_auto(Lab) lab = lab_new();
  g_autoptr(DeltaTable) table = make_table(&lab, 120);
  DeltaOutcome done;
  g_autoptr(GError) error = NULL;
  delta_overwrite(table, lab.engine, "SELECT 7 AS id, DATE '2026-11-01' AS day, 'north' AS region", DELTA_OVERWRITE_PARTITIONS,
                  NULL, NULL, &done, &error);
  g_assert_no_error(error);
  g_assert_cmpint(done.rows_inserted, ==, 1);
  g_assert_cmpint(done.rows_deleted, ==, 20);
  g_assert_cmpint(ask_newest(&lab, "SELECT count(*) FROM TABLE"), ==, 101);
  g_assert_cmpint(ask_newest(&lab, "SELECT count(*) FROM TABLE WHERE day = '2026-11-01' AND region = 'north'"), ==, 1);
  g_autoptr(DeltaTable) now = open_table(&lab, -1);
  g_assert_true(delta_overwrite(now, lab.engine, "SELECT 1 AS id", DELTA_OVERWRITE_TABLE, NULL, NULL, &done, NULL));
  g_assert_cmpint(ask_newest(&lab, "SELECT count(*) FROM TABLE"), ==, 1);
  g_autoptr(DeltaTable) first = open_table(&lab, 0);
  g_assert_cmpint(ask_of(&lab, first, "SELECT count(*) FROM TABLE"), ==, 120);
}

static void merge_touches_only_what_it_must(void) {
  g_auto(Lab) lab = lab_new();
  g_autoptr(DeltaTable) table = make_table(&lab, 120);
  static const char *const keys[] = {"id", NULL};
  DeltaOutcome done;
  g_autoptr(GError) error = NULL;
  /* ids 3 and 15 are of one partition (day 1, NULL … north), 500 is new */
  delta_merge(table, lab.engine,
              "SELECT i AS id, DATE '2026-11-01' AS day, 'north' AS region, 1000 AS amount FROM (VALUES (3), (15), (500), (NULL)) t(i)",
              keys, NULL, NULL, &done, &error);
  g_assert_no_error(error);
  g_assert_cmpint(done.rows_updated, ==, 2);
  g_assert_cmpint(done.rows_inserted, ==, 2);
  g_assert_cmpint(done.files_removed, ==, 1);
  g_assert_cmpint(done.rows_copied, ==, 18);
  g_assert_cmpint(ask_newest(&lab, "SELECT count(*) FROM TABLE"), ==, 122);
  g_assert_cmpint(ask_newest(&lab, "SELECT count(*) FROM TABLE WHERE amount = 1000"), ==, 4);
  g_assert_cmpint(ask_newest(&lab, "SELECT count(DISTINCT id) FROM TABLE"), ==, 121);
  delta_merge(table, lab.engine, "SELECT 1 AS id UNION ALL SELECT 1", keys, NULL, NULL, &done, &error);
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_BAD_INPUT);
  g_assert_nonnull(strstr(error->message, "id = 1"));
}

static void merge_leaves_out_what_is_outdated(void) {
  g_auto(Lab) lab = lab_new();
  g_autoptr(DeltaTable) table = make_table(&lab, 120);
  static const char *const keys[] = {"id", NULL};
  DeltaOutcome done;
  g_autoptr(GError) error = NULL;
  /* 3 is newer than the table's (amount stands for the time), 15 older, 500 unknown */
  const char *select = "SELECT i AS id, DATE '2026-11-01' AS day, 'north' AS region, a AS amount FROM (VALUES (3, 1000), (15, -1), (500, -1)) t(i, a)";
  delta_merge_unless(table, lab.engine, select, keys, "e.amount > n.amount", NULL, NULL, &done, &error);
  g_assert_no_error(error);
  g_assert_cmpint(done.rows_updated, ==, 1);
  g_assert_cmpint(done.rows_inserted, ==, 1);
  g_assert_cmpint(ask_newest(&lab, "SELECT count(*) FROM TABLE"), ==, 121);
  g_assert_cmpint(ask_newest(&lab, "SELECT count(*) FROM TABLE WHERE id = 15 AND amount = -1"), ==, 0);
  /* Nothing is left: no file is touched and there is no new version. */
  g_autoptr(DeltaTable) now = open_table(&lab, -1);
  delta_merge_unless(now, lab.engine, select, keys, "e.amount >= n.amount", NULL, NULL, &done, &error);
  g_assert_no_error(error);
  g_assert_cmpint(done.files_removed, ==, 0);
  g_assert_cmpint(done.version, ==, now->version);
}

static void delete_by_condition(void) {
  g_auto(Lab) lab = lab_new();
  g_autoptr(DeltaTable) table = make_table(&lab, 120);
  Value day = {.type = VALUE_DATE, .integer = day_from_ymd(2026, 11, 2)};
  DeltaPredicate predicate = {"day", DELTA_EQUAL, &day, 1};
  DeltaOutcome done;
  g_autoptr(GError) error = NULL;
  delta_delete(table, lab.engine, "day = DATE '2026-11-02'", &predicate, 1, NULL, &done, &error);
  g_assert_no_error(error);
  g_assert_cmpint(done.rows_deleted, ==, 40);
  g_assert_cmpint(done.files_added, ==, 0);
  g_assert_cmpint(done.files_removed, ==, 3);
  g_autoptr(DeltaTable) now = open_table(&lab, -1);
  delta_delete(now, lab.engine, "region = 'north' AND id < 10", NULL, 0, NULL, &done, &error);
  g_assert_no_error(error);
  g_assert_cmpint(done.rows_deleted, ==, 3); /* 2, 3 and 6; 7 and 10 are of the day that is gone or later */
  g_assert_cmpint(ask_newest(&lab, "SELECT count(*) FROM TABLE"), ==, 77);
  g_assert_cmpint(ask_newest(&lab, "SELECT count(*) FROM TABLE WHERE region IS NULL"), ==, 20);
}

static void restore_and_history(void) {
  g_auto(Lab) lab = lab_new();
  g_autoptr(DeltaTable) table = make_table(&lab, 60);
  g_assert_true(delta_delete(table, lab.engine, "id >= 30", NULL, 0, NULL, NULL, NULL));
  g_autoptr(DeltaTable) cut = open_table(&lab, -1);
  DeltaOutcome done;
  g_autoptr(GError) error = NULL;
  delta_restore(cut, lab.engine, 0, &done, &error);
  g_assert_no_error(error);
  g_assert_cmpint(done.version, ==, 2);
  g_assert_cmpint(ask_newest(&lab, "SELECT count(*) FROM TABLE"), ==, 60);
  g_autoptr(GPtrArray) history = delta_history(lab.location, 0, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(history->len, ==, 3);
  const DeltaHistoryEntry *newest = history->pdata[0], *oldest = history->pdata[2];
  g_assert_cmpstr(newest->operation, ==, "RESTORE");
  g_assert_cmpint(delta_version_at(lab.location, newest->time_ms, NULL), ==, 2);
  g_assert_cmpint(delta_version_at(lab.location, oldest->time_ms - 1, NULL), ==, -1);
  g_assert_false(delta_restore(cut, lab.engine, 17, NULL, &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND);
}

static void vacuum_keeps_what_is_needed(void) {
  g_auto(Lab) lab = lab_new();
  g_autoptr(DeltaTable) table = make_table(&lab, 60);
  g_assert_true(delta_delete(table, lab.engine, "id % 2 = 0", NULL, 0, NULL, NULL, NULL));
  g_autoptr(DeltaTable) cut = open_table(&lab, -1);
  g_assert_true(delta_delete(cut, lab.engine, "id % 3 = 0", NULL, 0, NULL, NULL, NULL));
  g_autoptr(DeltaTable) now = open_table(&lab, -1);
  g_autofree char *orphan = g_build_filename(lab.location, "part-orphan.parquet", NULL);
  g_assert_true(g_file_set_contents(orphan, "x", 1, NULL));
  g_usleep(20000);
  const gint64 keep[] = {0};
  DeltaVacuumOptions options = {.retention_ms = 0, .keep_versions = keep, .n_keep_versions = 1, .dry_run = TRUE};
  gint64 bytes = 0;
  g_autoptr(GPtrArray) would = delta_vacuum(now, lab.engine, &options, &bytes, NULL);
  g_assert_true(g_file_test(orphan, G_FILE_TEST_EXISTS));
  options.dry_run = FALSE;
  g_autoptr(GPtrArray) removed = delta_vacuum(now, lab.engine, &options, &bytes, NULL);
  g_assert_cmpuint(removed->len, ==, would->len);
  g_assert_cmpuint(removed->len, >, 1);
  g_assert_false(g_file_test(orphan, G_FILE_TEST_EXISTS));
  g_autoptr(DeltaTable) first = open_table(&lab, 0);
  g_assert_cmpint(ask_of(&lab, first, "SELECT count(*) FROM TABLE"), ==, 60);
  g_assert_cmpint(ask_newest(&lab, "SELECT count(*) FROM TABLE"), ==, 20);
  g_autoptr(GError) error = NULL;
  g_assert_false(delta_restore(now, lab.engine, 1, NULL, &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND);
  options.retention_ms = 3600 * 1000;
  options.n_keep_versions = 0;
  g_autoptr(GPtrArray) young = delta_vacuum(now, lab.engine, &options, &bytes, NULL);
  g_assert_cmpuint(young->len, ==, 0);
}

static void compaction_keeps_rows(void) {
  g_auto(Lab) lab = lab_new();
  g_autoptr(DeltaTable) table = make_table(&lab, 60);
  for (int i = 1; i < 5; i++) {
    g_autofree char *sql = rows_sql(i * 60, 60);
    g_assert_true(delta_append(table, lab.engine, sql, NULL, NULL, NULL, NULL));
  }
  g_autoptr(DeltaTable) many = open_table(&lab, -1);
  g_assert_cmpuint(many->files->len, ==, 45);
  static const char *const cluster[] = {"id", NULL};
  DeltaWriteOptions options = {.cluster_columns = cluster, .deadline = DEADLINE_NEVER};
  DeltaOutcome done;
  g_autoptr(GError) error = NULL;
  delta_compact(many, lab.engine, &options, &done, &error);
  g_assert_no_error(error);
  g_assert_cmpint(done.files_removed, ==, 45);
  g_assert_cmpint(done.files_added, ==, 9);
  g_assert_cmpint(ask_newest(&lab, "SELECT count(*) FROM TABLE"), ==, 300);
  g_assert_cmpint(ask_newest(&lab, "SELECT CAST(sum(id) AS BIGINT) FROM TABLE"), ==, 300 * 299 / 2);
  g_autoptr(DeltaTable) compact = open_table(&lab, -1);
  delta_compact(compact, lab.engine, &options, &done, &error);
  g_assert_no_error(error);
  g_assert_cmpint(done.version, ==, compact->version);
}

static void a_change_of_the_same_rows_conflicts(void) {
  g_auto(Lab) lab = lab_new();
  g_autoptr(DeltaTable) table = make_table(&lab, 60);
  g_autoptr(DeltaCommit) commit = delta_commit_new(table, "DELETE");
  delta_commit_remove(commit, table->files->pdata[0], TRUE);
  g_assert_true(delta_delete(table, lab.engine, "true", NULL, 0, NULL, NULL, NULL));
  g_autoptr(GError) error = NULL;
  g_assert_cmpint(delta_commit_write(commit, lab.engine, &error), ==, -1);
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_CONFLICT);
}

static void added_keys_conflict_and_others_rebase(void) {
  g_auto(Lab) lab = lab_new();
  g_autoptr(DeltaTable) table = make_table(&lab, 60);
  Value low = {.type = VALUE_INT, .integer = 1000, .number = 1000};
  DeltaPredicate predicate = {"id", DELTA_GREATER_EQUAL, &low, 1};
  g_autoptr(DeltaCommit) far = delta_commit_new(table, "MERGE"), near = delta_commit_new(table, "MERGE");
  delta_commit_set_read(far, &predicate, 1);
  delta_commit_set_read(near, &predicate, 1);
  g_autofree char *small = rows_sql(100, 5), *large = rows_sql(2000, 5);
  g_assert_true(delta_append(table, lab.engine, small, NULL, NULL, NULL, NULL));
  g_assert_cmpint(delta_commit_write(far, lab.engine, NULL), ==, 2);
  g_assert_true(delta_append(table, lab.engine, large, NULL, NULL, NULL, NULL));
  g_autoptr(GError) error = NULL;
  g_assert_cmpint(delta_commit_write(near, lab.engine, &error), ==, -1);
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_CONFLICT);
}

static void columns_evolve(void) {
  g_auto(Lab) lab = lab_new();
  g_autoptr(DeltaTable) table = make_table(&lab, 60);
  g_autoptr(GPtrArray) more = sales_columns();
  g_ptr_array_add(more, delta_column_new("channel", NULL, FIELD_TEXT));
  DeltaOutcome done;
  g_autoptr(GError) error = NULL;
  delta_evolve(table, lab.engine, more, &done, &error);
  g_assert_no_error(error);
  g_autoptr(DeltaTable) evolved = open_table(&lab, -1);
  g_assert_true(delta_append(evolved, lab.engine, "SELECT 1000 AS id, 'web' AS channel", NULL, NULL, NULL, NULL));
  g_assert_cmpint(ask_newest(&lab, "SELECT count(*) FROM TABLE WHERE channel IS NULL"), ==, 60);
  g_assert_cmpint(ask_newest(&lab, "SELECT id FROM TABLE WHERE channel = 'web'"), ==, 1000);
  g_autoptr(GPtrArray) wide = g_ptr_array_new_with_free_func((GDestroyNotify)delta_column_free);
  g_ptr_array_add(wide, delta_column_new("id", NULL, FIELD_TEXT));
  g_assert_false(delta_evolve(evolved, lab.engine, wide, &done, &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_UNSUPPORTED);
  g_assert_nonnull(strstr(error->message, "column id is long"));
}

static void types_widen(void) {
  g_auto(Lab) lab = lab_new();
  g_autoptr(GPtrArray) narrow = g_ptr_array_new_with_free_func((GDestroyNotify)delta_column_free);
  DeltaColumn *count = delta_column_new("n", NULL, FIELD_INTEGER);
  g_free(count->delta_type);
  count->delta_type = g_strdup("integer");
  g_ptr_array_add(narrow, count);
  g_ptr_array_add(narrow, delta_column_new("day", NULL, FIELD_DATE));
  g_autoptr(DeltaTable) draft = delta_table_draft(lab.location, narrow, NULL, NULL, NULL);
  g_assert_true(delta_append(draft, lab.engine, "SELECT 5 AS n, DATE '2026-01-02' AS day", NULL, NULL, NULL, NULL));
  g_autoptr(DeltaTable) table = open_table(&lab, -1);
  g_autoptr(GPtrArray) wide = g_ptr_array_new_with_free_func((GDestroyNotify)delta_column_free);
  g_ptr_array_add(wide, delta_column_new("n", NULL, FIELD_DECIMAL));
  g_ptr_array_add(wide, delta_column_new("day", NULL, FIELD_TIMESTAMP));
  g_autoptr(GError) error = NULL;
  delta_evolve(table, lab.engine, wide, NULL, &error);
  g_assert_no_error(error);
  g_autoptr(DeltaTable) wider = open_table(&lab, -1);
  g_assert_cmpstr(delta_table_column(wider, "n")->delta_type, ==, "decimal(18,4)");
  g_assert_cmpint(wider->reader_version, ==, 3);
  g_assert_cmpint(ask_of(&lab, wider, "SELECT CAST(n AS BIGINT) FROM TABLE WHERE day = TIMESTAMP '2026-01-02 00:00:00'"), ==, 5);
}

static void constraints_refuse(void) {
  g_auto(Lab) lab = lab_new();
  g_autoptr(DeltaTable) table = make_table(&lab, 60);
  g_autoptr(GError) error = NULL;
  g_assert_false(delta_set_constraint(table, lab.engine, "small", "id < 10", &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_BAD_INPUT);
  g_clear_error(&error);
  g_assert_false(delta_set_constraint(table, lab.engine, "sly", "id < 10) OR (SELECT true", &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_UNSUPPORTED);
  g_clear_error(&error);
  g_assert_false(delta_set_constraint(table, lab.engine, "sly", "getenv('HOME') IS NOT NULL", &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_UNSUPPORTED);
  g_clear_error(&error);
  delta_set_constraint(table, lab.engine, "positive", "id >= 0", &error);
  g_assert_no_error(error);
  g_autoptr(DeltaTable) strict = open_table(&lab, -1);
  g_assert_false(delta_append(strict, lab.engine, "SELECT -1 AS id", NULL, NULL, NULL, &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_BAD_INPUT);
  g_assert_nonnull(strstr(error->message, "positive"));
  g_clear_error(&error);
  /* nothing of it stayed */
  g_assert_cmpint(ask_newest(&lab, "SELECT count(*) FROM TABLE"), ==, 60);
  g_assert_true(delta_append(strict, lab.engine, "SELECT 61 AS id", NULL, NULL, NULL, NULL));
}

static void checkpoints_say_the_same(void) {
  g_auto(Lab) lab = lab_new();
  g_autoptr(DeltaTable) table = make_table(&lab, 12);
  for (int i = 1; i <= 25; i++) {
    g_autofree char *sql = rows_sql(i * 12, 12), *name = g_strdup_printf("load:%d", i);
    g_autoptr(DeltaTable) now = open_table(&lab, -1);
    DeltaIdentity identity = {name, i};
    g_assert_true(delta_append(now, lab.engine, sql, &identity, NULL, NULL, NULL));
    if (i == 15) {
      g_autoptr(DeltaTable) more = open_table(&lab, -1);
      g_assert_true(delta_delete(more, lab.engine, "id % 5 = 0", NULL, 0, NULL, NULL, NULL));
    }
  }
  g_autofree char *checkpoint = g_build_filename(lab.location, "_delta_log", "00000000000000000020.checkpoint.parquet", NULL);
  g_assert_true(g_file_test(checkpoint, G_FILE_TEST_EXISTS));
  g_autoptr(DeltaTable) with = open_table(&lab, -1);
  g_assert_cmpint(with->version, ==, 26);
  g_autofree char *log = g_build_filename(lab.location, "_delta_log", NULL);
  for (int version = 10; version <= 20; version += 10) {
    g_autofree char *name = g_strdup_printf("%020d.checkpoint.parquet", version);
    g_autofree char *path = g_build_filename(log, name, NULL);
    g_assert_cmpint(g_unlink(path), ==, 0);
  }
  g_autoptr(DeltaTable) without = open_table(&lab, -1);
  g_assert_cmpint(without->version, ==, with->version);
  g_assert_cmpuint(without->files->len, ==, with->files->len);
  g_assert_cmpuint(without->tombstones->len, ==, with->tombstones->len);
  g_assert_cmpuint(g_hash_table_size(without->identities), ==, 25);
  g_assert_cmpuint(g_hash_table_size(with->identities), ==, 25);
  for (guint i = 0; i < with->files->len; i++) {
    const DeltaFile *a = with->files->pdata[i], *b = without->files->pdata[i];
    g_assert_cmpstr(a->path, ==, b->path);
    g_assert_cmpstr(a->statistics, ==, b->statistics);
    g_assert_cmpstr(a->layout, ==, b->layout);
    g_assert_cmpstr(a->partition_values[1], ==, b->partition_values[1]);
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/lake/change/rows come back", rows_come_back);
  g_test_add_func("/lake/change/identity counts once", identity_counts_once);
  g_test_add_func("/lake/change/overwrite of partitions", overwrite_of_partitions);
  g_test_add_func("/lake/change/merge touches only what it must", merge_touches_only_what_it_must);
  g_test_add_func("/lake/change/merge_leaves_out_what_is_outdated", merge_leaves_out_what_is_outdated);
  g_test_add_func("/lake/change/delete by condition", delete_by_condition);
  g_test_add_func("/lake/change/restore and history", restore_and_history);
  g_test_add_func("/lake/change/vacuum keeps what is needed", vacuum_keeps_what_is_needed);
  g_test_add_func("/lake/change/compaction keeps rows", compaction_keeps_rows);
  g_test_add_func("/lake/change/a change of the same rows conflicts", a_change_of_the_same_rows_conflicts);
  g_test_add_func("/lake/change/added keys conflict, others rebase", added_keys_conflict_and_others_rebase);
  g_test_add_func("/lake/change/columns evolve", columns_evolve);
  g_test_add_func("/lake/change/types widen", types_widen);
  g_test_add_func("/lake/change/constraints refuse", constraints_refuse);
  g_test_add_func("/lake/change/checkpoints say the same", checkpoints_say_the_same);
  return g_test_run();
}
