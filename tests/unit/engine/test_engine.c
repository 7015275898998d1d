#include "engine/engine.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  Engine *engine;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer unused) {
  (void)unused;
  g_autoptr(GError) error = NULL;
  EngineOptions options = {.threads = 2, .max_connections = 2};
  fixture->engine = engine_open_duckdb(&options, &error);
  g_assert_no_error(error);
}

static void tear_down(Fixture *fixture, gconstpointer unused) {
  (void)unused;
  engine_unref(fixture->engine);
}

/* The only row of a query as "text|text". */
static char *row_text(Engine *engine, const char *sql) {
  g_autoptr(GError) error = NULL;
  g_autoptr(ResultTable) table = engine_query(engine, sql, NULL, 0, DEADLINE_NEVER, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(table->n_rows, ==, 1);
  GString *out = g_string_new(NULL);
  for (guint i = 0; i < result_table_n_columns(table); i++) {
    g_autofree char *text = value_to_text(result_table_at(table, 0, i));
    g_string_append_printf(out, "%s%s", i > 0 ? "|" : "", text);
  }
  return g_string_free(out, FALSE);
}

static void test_types(Fixture *fixture, gconstpointer unused) {
  (void)unused;
  static const struct {
    const char *sql, *expected, *json, *sql_type;
    ValueType type;
  } cases[] = {
      {"true", "true", "true", "BOOLEAN", VALUE_BOOL},
      {"-7::TINYINT", "-7", "-7", "TINYINT", VALUE_INT},
      {"200::UTINYINT", "200", "200", "UTINYINT", VALUE_INT},
      {"4000000000::UINTEGER", "4000000000", "4000000000", "UINTEGER", VALUE_INT},
      {"9223372036854775807", "9223372036854775807", "9223372036854775807", "BIGINT", VALUE_INT},
      {"18446744073709551615::UBIGINT", "18446744073709551615", "1.8446744073709552e+19", "UBIGINT", VALUE_DECIMAL},
      {"5::HUGEINT", "5", "5", "HUGEINT", VALUE_INT},
      {"-9223372036854775808::HUGEINT", "-9223372036854775808", "-9223372036854775808", "HUGEINT", VALUE_INT},
      {"(-170141183460469231731687303715884105728)::HUGEINT", "-170141183460469231731687303715884105728",
       "-1.7014118346046923e+38", "HUGEINT", VALUE_DECIMAL},
      {"0.1::DOUBLE + 0.2::DOUBLE", "0.30000000000000004", "0.30000000000000004", "DOUBLE", VALUE_DOUBLE},
      {"0.1::FLOAT", "0.1", "0.1", "FLOAT", VALUE_DOUBLE},
      {"'nan'::DOUBLE", "nan", "null", "DOUBLE", VALUE_DOUBLE},
      {"12.50::DECIMAL(9,2)", "12.5", "12.5", "DECIMAL(9,2)", VALUE_DECIMAL},
      {"-0.05::DECIMAL(4,2)", "-0.05", "-0.05", "DECIMAL(4,2)", VALUE_DECIMAL},
      {"0::DECIMAL(4,2)", "0", "0", "DECIMAL(4,2)", VALUE_DECIMAL},
      {"100::DECIMAL(18,4)", "100", "100", "DECIMAL(18,4)", VALUE_DECIMAL},
      {"-12345678901234567890123456789012345.678::DECIMAL(38,3)", "-12345678901234567890123456789012345.678",
       "-1.234567890123457e+34", "DECIMAL(38,3)", VALUE_DECIMAL},
      {"'caf\xC3\xA9'", "caf\xC3\xA9", "\"caf\xC3\xA9\"", "VARCHAR", VALUE_TEXT},
      {"'a long string that is not inlined'", "a long string that is not inlined",
       "\"a long string that is not inlined\"", "VARCHAR", VALUE_TEXT},
      {"DATE '2020-02-29'", "2020-02-29", "\"2020-02-29\"", "DATE", VALUE_DATE},
      {"'infinity'::DATE", "infinity", "\"infinity\"", "DATE", VALUE_DATE},
      {"TIMESTAMP '1969-12-31 23:59:59.25'", "1969-12-31T23:59:59.25", "\"1969-12-31T23:59:59.25\"", "TIMESTAMP",
       VALUE_TIMESTAMP},
      {"TIMESTAMP_NS '2020-01-01 10:00:00'", "2020-01-01T10:00:00", "\"2020-01-01T10:00:00\"", "TIMESTAMP_NS",
       VALUE_TIMESTAMP},
      {"TIMESTAMP_S '2020-01-01 10:00:00'", "2020-01-01T10:00:00", "\"2020-01-01T10:00:00\"", "TIMESTAMP_S",
       VALUE_TIMESTAMP},
      {"TIMESTAMPTZ '2020-01-01 10:00:00+02'", "2020-01-01T08:00:00", "\"2020-01-01T08:00:00\"",
       "TIMESTAMP WITH TIME ZONE", VALUE_TIMESTAMP},
      {"TIME '08:05:00'", "08:05:00", "\"08:05:00\"", "TIME", VALUE_TIME},
      {"'f81d4fae-7dec-11d0-a765-00a0c91e6bf6'::UUID", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
       "\"f81d4fae-7dec-11d0-a765-00a0c91e6bf6\"", "UUID", VALUE_TEXT},
      {"'b'::ENUM('a', 'b')", "b", "\"b\"", "ENUM", VALUE_TEXT},
      {"INTERVAL '3 days 2 hours'", "3 days 02:00:00", "\"3 days 02:00:00\"", "INTERVAL", VALUE_TEXT},
      {"'\\xAA'::BLOB", "\\xAA", "\"\\\\xAA\"", "BLOB", VALUE_TEXT},
      {"[1, NULL, 3]", "[1,null,3]", "\"[1,null,3]\"", "INTEGER[]", VALUE_TEXT},
      {"{'a': 1.5::DECIMAL(3,1), 'b': ['x']}", "{\"a\":1.5,\"b\":[\"x\"]}",
       "\"{\\\"a\\\":1.5,\\\"b\\\":[\\\"x\\\"]}\"", "STRUCT", VALUE_TEXT},
      {"MAP {'k': 2}", "{\"k\":2}", "\"{\\\"k\\\":2}\"", "MAP", VALUE_TEXT},
      {"array_value(1, 2)", "[1,2]", "\"[1,2]\"", "ARRAY", VALUE_TEXT},
      {"'a' || chr(0) || 'b'", "a\xEF\xBF\xBD" "b", "\"a\xEF\xBF\xBD" "b\"", "VARCHAR", VALUE_TEXT},
  };
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    g_autofree char *sql = g_strdup_printf("SELECT %s AS v", cases[i].sql);
    g_autoptr(ResultTable) table = engine_select(fixture->engine, sql, NULL, 0, DEADLINE_NEVER, &error);
    g_assert_no_error(error);
    const ResultColumn *column = table->columns->pdata[0];
    const Value *value = result_table_at(table, 0, 0);
    g_autofree char *text = value_to_text(value);
    g_autoptr(json_t) json = value_to_json(value);
    g_autofree char *json_text = json_to_text(json, JSON_PLAIN);
    g_assert_cmpstr(text, ==, cases[i].expected);
    g_assert_cmpstr(json_text, ==, cases[i].json);
    g_assert_cmpstr(column->sql_type, ==, cases[i].sql_type);
    g_assert_cmpint(column->type, ==, cases[i].type);
    g_assert_cmpint(value->type, ==, cases[i].type);
  }
}

static void test_nulls_and_wide_columns(Fixture *fixture, gconstpointer unused) {
  (void)unused;
  g_autoptr(GError) error = NULL;
  g_autoptr(ResultTable) table =
      engine_query(fixture->engine,
                   "SELECT * FROM (VALUES (1, 7::HUGEINT, NULL), (NULL, 170141183460469231731687303715884105727, NULL))"
                   " t(a, b, c) ORDER BY a NULLS LAST",
                   NULL, 0, DEADLINE_NEVER, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(table->n_rows, ==, 2);
  g_assert_cmpint(result_table_at(table, 1, 0)->type, ==, VALUE_NULL);
  g_assert_cmpint(result_table_at(table, 0, 2)->type, ==, VALUE_NULL);
  /* One number beyond 64 bits: the whole column is decimal, with its digits. */
  g_assert_cmpint(result_table_at(table, 0, 1)->type, ==, VALUE_DECIMAL);
  g_assert_cmpstr(result_table_at(table, 0, 1)->text, ==, "7");
  g_assert_cmpstr(result_table_at(table, 1, 1)->text, ==, "170141183460469231731687303715884105727");
  g_assert_cmpint(result_table_find_column(table, "b"), ==, 1);
  g_assert_cmpint(result_table_find_column(table, "z"), ==, -1);
}

static void test_decimal_doubles_are_nearest(Fixture *fixture, gconstpointer unused) {
  (void)unused;
  g_autoptr(GError) error = NULL;
  g_autoptr(ResultTable) table =
      engine_query(fixture->engine,
                   "SELECT (hash(i) % 1000000000000)::DECIMAL(18,0) / 10000 - 5e7, "
                   "((hash(i) % 1000000000000000000)::DECIMAL(38,0) * 0.00001)::DECIMAL(38,5) FROM range(2000) r(i)",
                   NULL, 0, DEADLINE_NEVER, &error);
  g_assert_no_error(error);
  for (gsize row = 0; row < table->n_rows; row++) {
    const Value *value = result_table_at(table, row, 1);
    g_assert_true(value->number == g_ascii_strtod(value->text, NULL));
  }
}

static void test_parameters(Fixture *fixture, gconstpointer unused) {
  (void)unused;
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) parameters = parameters_new();
  parameters_add_text(parameters, "it's; DROP TABLE t --");
  parameters_add_int(parameters, -42);
  parameters_add_double(parameters, 0.25);
  parameters_add_date(parameters, day_from_ymd(2020, 2, 29));
  Parameter *decimal = g_new0(Parameter, 1);
  decimal->type = VALUE_DECIMAL;
  decimal->text = g_strdup("-12345678901234567890.05");
  g_ptr_array_add(parameters, decimal);
  parameters_add_text(parameters, NULL);
  g_autoptr(ResultTable) table = engine_select(fixture->engine, "SELECT $1, $2, $3, $4, $5, $6, typeof($5)", parameters, 0,
                                               DEADLINE_NEVER, &error);
  g_assert_no_error(error);
  static const char *const expected[] = {"it's; DROP TABLE t --",     "-42", "0.25", "2020-02-29",
                                         "-12345678901234567890.05", "",    "DECIMAL(22,2)"};
  for (guint i = 0; i < G_N_ELEMENTS(expected); i++) {
    g_autofree char *text = value_to_text(result_table_at(table, 0, i));
    g_assert_cmpstr(text, ==, expected[i]);
  }
  g_autoptr(ResultTable) none = engine_select(fixture->engine, "SELECT $1", NULL, 0, DEADLINE_NEVER, &error);
  g_assert_null(none);
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_ENGINE);
}

static void test_max_rows(Fixture *fixture, gconstpointer unused) {
  (void)unused;
  g_autoptr(GError) error = NULL;
  static const struct {
    gsize max_rows, rows;
    gboolean truncated;
  } cases[] = {{0, 5000, FALSE}, {10, 10, TRUE}, {5000, 5000, FALSE}, {4999, 4999, TRUE}, {2048, 2048, TRUE}};
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(ResultTable) table = engine_select(fixture->engine, "SELECT i, 'n' || i FROM range(5000) t(i) ORDER BY i", NULL,
                                                 cases[i].max_rows, DEADLINE_NEVER, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(table->n_rows, ==, cases[i].rows);
    g_assert_cmpint(table->truncated, ==, cases[i].truncated);
    g_assert_cmpint(result_table_at(table, table->n_rows - 1, 0)->integer, ==, (gint64)cases[i].rows - 1);
  }
}

#define ENDLESS "SELECT sum(a.range * b.range) FROM range(10000000) a, range(10000000) b"

static void test_deadline_interrupts(Fixture *fixture, gconstpointer unused) {
  (void)unused;
  g_autoptr(GError) error = NULL;
  gint64 start = g_get_monotonic_time();
  g_autoptr(ResultTable) table = engine_select(fixture->engine, ENDLESS, NULL, 0, deadline_in_ms(150, NULL), &error);
  g_assert_null(table);
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_TIMEOUT);
  g_assert_cmpint(g_get_monotonic_time() - start, <, 5 * G_USEC_PER_SEC);
  g_clear_error(&error);
  /* In the middle of a stream too. */
  table = engine_select(fixture->engine, "SELECT a.range + b.range FROM range(10000000) a, range(10000000) b", NULL, 0,
                        deadline_in_ms(150, NULL), &error);
  g_assert_null(table);
  g_assert_true(g_error_matches(error, AISLE_ERROR, AISLE_ERROR_TIMEOUT) ||
                g_error_matches(error, AISLE_ERROR, AISLE_ERROR_TOO_LARGE));
  g_autofree char *after = row_text(fixture->engine, "SELECT 1");
  g_assert_cmpstr(after, ==, "1");
}

static gpointer cancel_soon(gpointer flag) {
  g_usleep(100 * 1000);
  g_atomic_int_set((gint *)flag, 1);
  return NULL;
}

static void test_cancellation_interrupts(Fixture *fixture, gconstpointer unused) {
  (void)unused;
  g_autoptr(GError) error = NULL;
  gint cancelled = 0;
  GThread *thread = g_thread_new("cancel", cancel_soon, &cancelled);
  g_autoptr(ResultTable) table = engine_select(fixture->engine, ENDLESS, NULL, 0, deadline_in_ms(60000, &cancelled), &error);
  g_thread_join(thread);
  g_assert_null(table);
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_CANCELLED);
}

static gpointer run_endless(gpointer engine) {
  g_autoptr(GError) error = NULL;
  g_autoptr(ResultTable) table = engine_select(engine, ENDLESS, NULL, 0, deadline_in_ms(600, NULL), &error);
  g_assert_null(table);
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_TIMEOUT);
  return NULL;
}

static void test_connections_are_bounded(Fixture *fixture, gconstpointer unused) {
  (void)unused;
  GThread *threads[2];
  for (guint i = 0; i < 2; i++) threads[i] = g_thread_new("query", run_endless, fixture->engine);
  g_usleep(100 * 1000);
  g_autoptr(GError) error = NULL;
  g_autoptr(ResultTable) table = engine_select(fixture->engine, "SELECT 1", NULL, 0, deadline_in_ms(100, NULL), &error);
  g_assert_null(table);
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_BUSY);
  g_clear_error(&error);
  /* Given time, it gets the connection that comes back. */
  table = engine_select(fixture->engine, "SELECT 1", NULL, 0, deadline_in_ms(30000, NULL), &error);
  g_assert_no_error(error);
  for (guint i = 0; i < 2; i++) g_thread_join(threads[i]);
}

static void test_only_select(Fixture *fixture, gconstpointer unused) {
  (void)unused;
  g_autoptr(GError) error = NULL;
  g_assert_true(engine_execute(fixture->engine, "CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (1)", DEADLINE_NEVER, &error));
  g_assert_no_error(error);
  static const char *const refused[] = {"INSERT INTO t VALUES (2)",
                                        "UPDATE t SET a = 2",
                                        "DELETE FROM t",
                                        "DROP TABLE t",
                                        "CREATE VIEW v AS SELECT 1",
                                        "COPY t TO '/tmp/aisle_test_never_written.csv'",
                                        "ATTACH ':memory:' AS other",
                                        "SET threads = 1",
                                        "PRAGMA enable_profiling",
                                        "LOAD json",
                                        "EXPLAIN SELECT 1",
                                        "CHECKPOINT",
                                        "BEGIN"};
  for (guint i = 0; i < G_N_ELEMENTS(refused); i++) {
    g_autoptr(ResultTable) table = engine_select(fixture->engine, refused[i], NULL, 0, DEADLINE_NEVER, &error);
    g_assert_null(table);
    g_assert_error(error, AISLE_ERROR, AISLE_ERROR_BLOCKED);
    g_clear_error(&error);
  }
  g_autoptr(ResultTable) two = engine_select(fixture->engine, "SELECT 1; DROP TABLE t", NULL, 0, DEADLINE_NEVER, &error);
  g_assert_null(two);
  g_assert_nonnull(error);
  g_assert_false(g_file_test("/tmp/aisle_test_never_written.csv", G_FILE_TEST_EXISTS));
  g_autofree char *count = row_text(fixture->engine, "SELECT sum(a), count(*) FROM t");
  g_assert_cmpstr(count, ==, "1|1");
}

static void assert_blocked(Engine *engine, const char *sql) {
  g_autoptr(GError) error = NULL;
  g_autoptr(ResultTable) table = engine_query(engine, sql, NULL, 0, DEADLINE_NEVER, &error);
  g_assert_null(table);
  g_assert_nonnull(error);
}

static void test_lock_down(Fixture *fixture, gconstpointer unused) {
  (void)unused;
  g_autoptr(GError) error = NULL;
  g_autofree char *inside = g_dir_make_tmp("aisle-engine-XXXXXX", &error);
  g_autofree char *outside = g_dir_make_tmp("aisle-engine-XXXXXX", &error);
  g_assert_no_error(error);
  g_autofree char *good = g_build_filename(inside, "good.csv", NULL), *bad = g_build_filename(outside, "bad.csv", NULL);
  g_assert_true(g_file_set_contents(good, "a\n1\n", -1, NULL));
  g_assert_true(g_file_set_contents(bad, "a\n2\n", -1, NULL));
  const char *directories[] = {inside, NULL};
  g_assert_true(engine_lock_down(fixture->engine, directories, &error));
  g_assert_no_error(error);

  g_autofree char *read_good = g_strdup_printf("SELECT * FROM read_csv('%s')", good);
  g_autofree char *text = row_text(fixture->engine, read_good);
  g_assert_cmpstr(text, ==, "1");
  g_autofree char *read_bad = g_strdup_printf("SELECT * FROM read_csv('%s')", bad);
  assert_blocked(fixture->engine, read_bad);
  g_autofree char *sneaky = g_strdup_printf("SELECT * FROM read_csv('%s/../%s/bad.csv')", inside, strrchr(outside, '/') + 1);
  assert_blocked(fixture->engine, sneaky);
  assert_blocked(fixture->engine, "SELECT * FROM read_text('/etc/hostname')");
  assert_blocked(fixture->engine, "SET enable_external_access = true");
  assert_blocked(fixture->engine, "SET memory_limit = '10GB'");
  assert_blocked(fixture->engine, "INSTALL httpfs");
  g_remove(good);
  g_remove(bad);
  g_rmdir(inside);
  g_rmdir(outside);
}

static void test_errors(Fixture *fixture, gconstpointer unused) {
  (void)unused;
  static const struct {
    const char *sql;
    int code;
  } cases[] = {
      {"SELEC 1", AISLE_ERROR_ENGINE},
      {"SELECT * FROM nowhere", AISLE_ERROR_ENGINE},
      {"SELECT 'x'::INTEGER", AISLE_ERROR_ENGINE},
      {"SELECT error('boom ' || i) FROM range(5000) t(i) WHERE i > 4000", AISLE_ERROR_ENGINE},
      {"", AISLE_ERROR_ENGINE},
  };
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(ResultTable) table = engine_query(fixture->engine, cases[i].sql, NULL, 0, DEADLINE_NEVER, &error);
    g_assert_null(table);
    g_assert_error(error, AISLE_ERROR, cases[i].code);
    g_assert_null(strstr(error->message, "LINE 1"));
  }
}

#define MANY_DISTINCT "SELECT count(*) FROM (SELECT DISTINCT hash(i), hash(i + 1) FROM range(3000000) t(i))"

static void test_memory_limit_is_an_error(void) {
  g_autoptr(GError) error = NULL;
  EngineOptions options = {.threads = 1, .memory_limit_bytes = 48 << 20};
  g_autoptr(Engine) engine = engine_open_duckdb(&options, &error);
  g_assert_no_error(error);
  g_autoptr(ResultTable) table = engine_query(engine, MANY_DISTINCT, NULL, 0, DEADLINE_NEVER, &error);
  g_assert_null(table);
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_TOO_LARGE);
}

/* What does not fit into memory goes to the spill directory, also when everything else is locked. */
static void test_spilling(void) {
  g_autoptr(GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp("aisle-engine-XXXXXX", &error);
  g_assert_no_error(error);
  EngineOptions options = {.threads = 1, .memory_limit_bytes = 48 << 20, .spill_directory = folder};
  {
    g_autoptr(Engine) engine = engine_open_duckdb(&options, &error);
    g_assert_no_error(error);
    const char *directories[] = {folder, NULL};
    g_assert_true(engine_lock_down(engine, directories, &error));
    g_autoptr(ResultTable) table = engine_query(engine, MANY_DISTINCT, NULL, 0, DEADLINE_NEVER, &error);
    g_assert_no_error(error);
    g_assert_cmpint(result_table_at(table, 0, 0)->integer, ==, 3000000);
  }
  /* Nothing is left behind. */
  g_assert_cmpint(g_rmdir(folder), ==, 0);
}

static void test_parse_sql(Fixture *fixture, gconstpointer unused) {
  (void)unused;
  g_autoptr(GError) error = NULL;
  g_autofree char *text = engine_parse_sql(fixture->engine, "SELECT a FROM t WHERE b = 'x''y'", &error);
  g_assert_no_error(error);
  g_autoptr(json_t) json = json_parse(text, strlen(text), &error);
  g_assert_no_error(error);
  g_assert_false(json_get_bool(json, "error", TRUE));
  g_assert_cmpuint(json_array_size(json_object_get(json, "statements")), ==, 1);
  g_autofree char *broken = engine_parse_sql(fixture->engine, "SELECT FROM WHERE", &error);
  g_assert_no_error(error);
  g_assert_nonnull(strstr(broken, "\"error\":true"));
}

static gpointer many_queries(gpointer engine) {
  for (int i = 0; i < 200; i++) {
    g_autofree char *sql = g_strdup_printf("SELECT %d", i);
    g_autofree char *text = row_text(engine, sql);
    g_assert_cmpint(text_leading_number(text), ==, i);
  }
  return NULL;
}

static void test_many_threads(Fixture *fixture, gconstpointer unused) {
  (void)unused;
  GThread *threads[6];
  for (guint i = 0; i < 6; i++) threads[i] = g_thread_new("query", many_queries, fixture->engine);
  for (guint i = 0; i < 6; i++) g_thread_join(threads[i]);
}

#define CASE(path, function) g_test_add("/engine/" path, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  CASE("types", test_types);
  CASE("nulls-and-wide-columns", test_nulls_and_wide_columns);
  CASE("decimal-doubles-are-nearest", test_decimal_doubles_are_nearest);
  CASE("parameters", test_parameters);
  CASE("max-rows", test_max_rows);
  CASE("deadline-interrupts", test_deadline_interrupts);
  CASE("cancellation-interrupts", test_cancellation_interrupts);
  CASE("connections-are-bounded", test_connections_are_bounded);
  CASE("only-select", test_only_select);
  CASE("lock-down", test_lock_down);
  CASE("errors", test_errors);
  g_test_add_func("/engine/memory-limit-is-an-error", test_memory_limit_is_an_error);
  g_test_add_func("/engine/spilling", test_spilling);
  CASE("parse-sql", test_parse_sql);
  CASE("many-threads", test_many_threads);
  return g_test_run();
}
