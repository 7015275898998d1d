/*
 * What must hold whatever comes: pruning loses no row; any run of changes leaves the rows that a plain set would hold, from
 * commits and from checkpoints alike.
 */
#include "lake/delta_change.h"
#include "scratch.h"
#include <glib/gstdio.h>

enum { PRUNE_ROUNDS = 12, PREDICATES_PER_ROUND = 60, RUNS = 3, STEPS = 14, IDS = 60 };

static Engine *open_engine(void) {
  EngineOptions options = {.threads = 1};
  Engine *engine = engine_open_duckdb(&options, NULL);
  g_assert_nonnull(engine);
  return engine;
}

static gint64 number(Engine *engine, const char *sql) {
  g_autoptr(GError) error = NULL;
  g_autoptr(ResultTable) rows = engine_query(engine, sql, NULL, 0, DEADLINE_NEVER, &error);
  g_assert_no_error(error);
  return result_table_at(rows, 0, 0)->integer;
}

/* ---- pruning ---- */

static const char *const KINDS[] = {"whole", "price", "ratio", "name", "day", "moment"};

static GPtrArray *all_kinds(void) {
  static const FieldType types[] = {FIELD_INTEGER, FIELD_DECIMAL, FIELD_DOUBLE, FIELD_TEXT, FIELD_DATE, FIELD_TIMESTAMP};
  GPtrArray *columns = g_ptr_array_new_with_free_func((GDestroyNotify)delta_column_free);
  for (guint i = 0; i < G_N_ELEMENTS(KINDS); i++) g_ptr_array_add(columns, delta_column_new(KINDS[i], NULL, types[i]));
  g_ptr_array_add(columns, delta_column_new("part", NULL, FIELD_TEXT));
  return columns;
}

/* Rows around a centre, so that files differ; NULLs, NaN, long and multi-byte text, microseconds. */
static char *rows_around(int centre) {
  return g_strdup_printf(
      "SELECT CASE WHEN i %% 9 = 0 THEN NULL ELSE %d + i END AS whole, CAST(%d + i / 7.0 AS DECIMAL(18,4)) AS price, "
      "CASE WHEN i %% 11 = 0 THEN 'nan'::DOUBLE WHEN i %% 13 = 0 THEN NULL ELSE %d + i / 3.0 END AS ratio, "
      "CASE WHEN i %% 5 = 0 THEN repeat('é', 20) || (%d + i) ELSE chr(CAST(97 + (%d + i) %% 26 AS INTEGER)) || i END AS name, "
      "DATE '2026-01-01' + CAST(%d + i AS INTEGER) AS day, TIMESTAMP '2026-01-01 00:00:00.000999' + to_microseconds(%d * 1000 + i * 333) "
      "AS moment, CASE %d %% 4 WHEN 0 THEN NULL ELSE 'p' || %d %% 4 END AS part FROM range(%d) t(i)",
      centre, centre, centre, centre, centre, centre, centre, centre, centre, g_test_rand_int_range(1, 30));
}

static Value random_value(int kind, char **text) {
  Value value = {0};
  int n = g_test_rand_int_range(-10, 130);
  switch (kind) {
  case 0: value = (Value){.type = VALUE_INT, .integer = n, .number = n}; break;
  case 1:
  case 2: value = (Value){.type = VALUE_DOUBLE, .number = n + g_test_rand_int_range(0, 4) / 4.0}; break;
  case 3:
    *text = g_test_rand_bit() ? g_strdup_printf("%c%d", 'a' + g_test_rand_int_range(0, 26), n) : g_strdup_printf("éééé%d", n);
    value = (Value){.type = VALUE_TEXT, .text = *text};
    break;
  case 4: value = (Value){.type = VALUE_DATE, .integer = day_from_ymd(2026, 1, 1) + n}; break;
  default:
    value = (Value){.type = VALUE_TIMESTAMP, .integer = (gint64)day_from_ymd(2026, 1, 1) * 86400000000 + n * 1000 + g_test_rand_int_range(0, 1000)};
  }
  return value;
}

static void append_literal(GString *sql, const Value *value) {
  g_autofree char *text = value_to_text(value), *quoted = text_sql_quote(text);
  static const char *const casts[] = {"NULL", "BOOLEAN", "BIGINT", "DOUBLE", "DECIMAL", "VARCHAR", "DATE", "TIMESTAMP", "TIME"};
  g_string_append_printf(sql, "CAST(%s AS %s)", quoted, casts[value->type]);
}

static char *condition_of(const DeltaPredicate *predicate) {
  static const char *const operators[] = {"=", "<>", "<", "<=", ">", ">=", "IN", "^@", "IS NULL", "IS NOT NULL"};
  GString *sql = g_string_new(NULL);
  g_string_append_printf(sql, "%s %s ", predicate->column, operators[predicate->operator]);
  if (predicate->operator == DELTA_IN) g_string_append_c(sql, '(');
  for (guint i = 0; i < predicate->n_values; i++) {
    if (i) g_string_append(sql, ", ");
    append_literal(sql, &predicate->values[i]);
  }
  if (predicate->operator == DELTA_IN) g_string_append_c(sql, ')');
  return g_string_free(sql, FALSE);
}

static gint64 count_where(Engine *engine, const DeltaTable *table, const GPtrArray *files, const char *condition) {
  g_autofree char *relation = delta_relation_sql(table, files);
  g_autofree char *sql = g_strdup_printf("SELECT CAST(count(*) AS BIGINT) FROM (%s) WHERE %s", relation, condition);
  return number(engine, sql);
}

/* Files left out by one random predicate; no row may be lost. */
static guint check_predicate(Engine *engine, const DeltaTable *table) {
  int kind = g_test_rand_int_range(0, G_N_ELEMENTS(KINDS));
  char *texts[3] = {NULL};
  Value values[3];
  for (int i = 0; i < 3; i++) values[i] = random_value(kind, &texts[i]);
  DeltaOperator operator = (DeltaOperator)g_test_rand_int_range(0, DELTA_IS_NOT_NULL + 1);
  if (operator == DELTA_STARTS_WITH && kind != 3) operator = DELTA_EQUAL;
  guint n = operator == DELTA_IN ? 3 : operator >= DELTA_IS_NULL ? 0 : 1;
  DeltaPredicate predicate = {KINDS[kind], operator, values, n};
  g_autofree char *condition = condition_of(&predicate);
  g_autoptr(GPtrArray) kept = delta_table_prune(table, &predicate, 1);
  gint64 all = count_where(engine, table, NULL, condition);
  if (count_where(engine, table, kept, condition) != all) g_error("pruning loses rows: %s", condition);
  for (int i = 0; i < 3; i++) g_free(texts[i]);
  return table->files->len - kept->len;
}

static void pruning_loses_no_row(void) {
  g_autoptr(Engine) engine = open_engine();
  guint left_out = 0;
  g_auto(Scratch) scratch = scratch_new();
  g_autofree char *location = g_build_filename(scratch.path, "t", NULL);
  g_autoptr(GPtrArray) columns = all_kinds();
  static const char *const partition[] = {"part", NULL};
  g_autoptr(DeltaTable) table = delta_table_draft(location, columns, partition, NULL, NULL);
  for (int round = 0; round < PRUNE_ROUNDS; round++) {
    g_autofree char *sql = rows_around(g_test_rand_int_range(0, 100));
    g_autoptr(GError) error = NULL;
    delta_append(table, engine, sql, NULL, NULL, NULL, &error);
    g_assert_no_error(error);
    delta_table_unref(table);
    table = delta_table_open(location, -1, engine, NULL);
  }
  for (int i = 0; i < PRUNE_ROUNDS * PREDICATES_PER_ROUND; i++) left_out += check_predicate(engine, table);
  g_assert_cmpuint(left_out, >, PRUNE_ROUNDS * PREDICATES_PER_ROUND * 2);
}

/* ---- runs of changes ---- */

typedef struct {
  gboolean present;
  int value;
} Row;

static void append_values(GString *sql, Row *rows, gboolean only_absent) {
  gboolean any = FALSE;
  for (int n = g_test_rand_int_range(1, 8); n > 0; n--) {
    int id = g_test_rand_int_range(0, IDS), value = g_test_rand_int_range(0, 1000);
    g_autofree char *seen = g_strdup_printf("(%d,", id);
    if ((only_absent && rows[id].present) || strstr(sql->str, seen)) continue;
    rows[id] = (Row){TRUE, value};
    g_string_append_printf(sql, "%s(%d,%d,%d)", any ? "," : "", id, value, id % 3);
    any = TRUE;
  }
  if (!any) {
    rows[IDS] = (Row){TRUE, 1};
    g_string_append_printf(sql, "(%d,1,0)", IDS);
  }
}

static void delete_some(Row *rows, int below, int modulo) {
  for (int id = 0; id <= IDS; id++)
    if (id % modulo == 0 && rows[id].value < below) rows[id].present = FALSE;
}

/* One random change, to the table and to the plain rows. */
static void step(Engine *engine, const char *location, Row *rows) {
  g_autoptr(GError) error = NULL;
  g_autoptr(DeltaTable) table = delta_table_open(location, -1, engine, &error);
  g_assert_no_error(error);
  static const char *const keys[] = {"id", NULL};
  g_autoptr(GString) sql = g_string_new("SELECT * FROM (VALUES ");
  int kind = rows[IDS].present ? g_test_rand_int_range(1, 4) : g_test_rand_int_range(0, 4);
  if (kind == 0) {
    append_values(sql, rows, TRUE);
    g_string_append(sql, ") t(id, value, part)");
    delta_append(table, engine, sql->str, NULL, NULL, NULL, &error);
  } else if (kind == 1) {
    append_values(sql, rows, FALSE);
    g_string_append(sql, ") t(id, value, part)");
    delta_merge(table, engine, sql->str, keys, NULL, NULL, NULL, &error);
  } else if (kind == 2) {
    int below = g_test_rand_int_range(0, 700), modulo = g_test_rand_int_range(1, 5);
    delete_some(rows, below, modulo);
    g_string_printf(sql, "id %% %d = 0 AND value < %d", modulo, below);
    delta_delete(table, engine, sql->str, NULL, 0, NULL, NULL, &error);
  } else {
    delta_compact(table, engine, NULL, NULL, &error);
  }
  g_assert_no_error(error);
}

static void check_rows(Engine *engine, const char *location, const Row *rows) {
  g_autoptr(GError) error = NULL;
  g_autoptr(DeltaTable) table = delta_table_open(location, -1, engine, &error);
  g_assert_no_error(error);
  g_autofree char *relation = delta_relation_sql(table, NULL);
  g_autofree char *sql = g_strdup_printf("SELECT id, value FROM (%s) ORDER BY id", relation);
  g_autoptr(ResultTable) found = engine_query(engine, sql, NULL, 0, DEADLINE_NEVER, &error);
  g_assert_no_error(error);
  gsize next = 0;
  for (int id = 0; id <= IDS; id++) {
    if (!rows[id].present) continue;
    g_assert_cmpint(result_table_at(found, next, 0)->integer, ==, id);
    g_assert_cmpint(result_table_at(found, next, 1)->integer, ==, rows[id].value);
    next++;
  }
  g_assert_cmpuint(found->n_rows, ==, next);
  g_assert_cmpint(delta_table_rows(table), ==, (gint64)next);
}

/* Takes the commits that checkpoints cover away, or the checkpoints. */
static void keep_only(const char *location, gboolean checkpoints) {
  g_autofree char *log = g_build_filename(location, "_delta_log", NULL);
  g_autoptr(GDir) listing = g_dir_open(log, 0, NULL);
  const char *name;
  while ((name = g_dir_read_name(listing))) {
    g_autofree char *path = g_build_filename(log, name, NULL);
    gboolean is_checkpoint = strstr(name, "checkpoint") != NULL;
    if (checkpoints ? !is_checkpoint && strcmp(name, "00000000000000000010.json") <= 0 : is_checkpoint)
      g_assert_cmpint(g_unlink(path), ==, 0);
  }
}

static void changes_end_like_plain_rows(void) {
  g_autoptr(Engine) engine = open_engine();
  for (int run = 0; run < RUNS; run++) {
    g_auto(Scratch) scratch = scratch_new();
    g_autofree char *location = g_build_filename(scratch.path, "t", NULL);
    g_autoptr(GPtrArray) columns = g_ptr_array_new_with_free_func((GDestroyNotify)delta_column_free);
    for (int i = 0; i < 3; i++) g_ptr_array_add(columns, delta_column_new(((const char *[]){"id", "value", "part"})[i], NULL, FIELD_INTEGER));
    static const char *const partition[] = {"part", NULL};
    g_autoptr(DeltaTable) draft = delta_table_draft(location, columns, run % 2 ? partition : NULL, NULL, NULL);
    Row rows[IDS + 1] = {{FALSE, 0}};
    g_assert_true(delta_append(draft, engine, "SELECT 0 AS id, 0 AS value, 0 AS part", NULL, NULL, NULL, NULL));
    rows[0].present = TRUE;
    gint64 version = 0;
    for (int i = 0; i < STEPS || version < 11; i++) {
      step(engine, location, rows);
      check_rows(engine, location, rows);
      version = delta_newest_version(location, NULL);
      g_assert_cmpint(i, <, 200);
    }
    keep_only(location, run != 0);
    check_rows(engine, location, rows);
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/lake/properties/pruning loses no row", pruning_loses_no_row);
  g_test_add_func("/lake/properties/changes end like plain rows", changes_end_like_plain_rows);
  return g_test_run();
}
