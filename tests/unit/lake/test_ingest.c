/* Ingestion without a lake: files of definitions, parameters, rules as SQL, what becomes of personal data. */
#include "lake/ingest.h"
#include "unit/lake/scratch.h"
#include <string.h>

/* ---- parameters ---- */

static void test_weeks(void) {
  Day from, to;
  int year, week;
  g_assert_true(ingest_week_parse("2026-W47", &from, &to, &year, &week));
  g_autofree char *monday = day_format_iso(from), *next = day_format_iso(to);
  g_assert_cmpstr(monday, ==, "2026-11-16");
  g_assert_cmpstr(next, ==, "2026-11-23");
  g_assert_true(ingest_week_parse("2020-W53", &from, &to, &year, &week));
  g_assert_false(ingest_week_parse("2021-W53", &from, &to, &year, &week)); /* that year has 52 */
  static const char *const wrong[] = {"2026-47", "2026-W00", "2026-W54", "26-W47", "2026-W4", "", "2026-W4x"};
  for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) g_assert_false(ingest_week_parse(wrong[i], &from, &to, &year, &week));
  g_assert_false(ingest_week_parse(NULL, &from, &to, &year, &week));
}

static void check_bound(GHashTable *values, const char *sql, const char *expected) {
  g_autoptr(GError) error = NULL;
  g_autofree char *bound = ingest_bind_parameters(sql, values, &error);
  g_assert_no_error(error);
  g_assert_cmpstr(bound, ==, expected);
}

static void test_parameters_become_literals(void) {
  g_autoptr(GHashTable) values = g_hash_table_new(g_str_hash, g_str_equal);
  g_hash_table_insert(values, (gpointer) "shop", (gpointer) "O'Hare; DROP TABLE x");
  g_hash_table_insert(values, (gpointer) "rate", (gpointer) "0.19");
  g_hash_table_insert(values, (gpointer) "week", (gpointer) "2026-W47");
  check_bound(values, "a = :shop", "a = 'O''Hare; DROP TABLE x'");
  check_bound(values, "a * :rate", "a * 0.19");
  check_bound(values, "a::DATE > :week", "a::DATE > '2026-W47'");
  check_bound(values, "':shop' -- :shop\n\":shop\" /* :shop */", "':shop' -- :shop\n\":shop\" /* :shop */");
  check_bound(values, "'it''s :shop' || :week", "'it''s :shop' || '2026-W47'");
  g_autoptr(GError) error = NULL;
  g_assert_null(ingest_bind_parameters("a = :region", values, &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT);
}

/* ---- files ---- */

static IngestDefinition *read_text(const char *text, char **problems_text) {
  g_autoptr(GPtrArray) problems = yaml_problems_new();
  IngestDefinition *definition = ingest_definition_read(text, strlen(text), "ingest/sales.yaml", problems);
  *problems_text = yaml_problems_to_text(problems);
  return definition;
}

static void test_definition(void) {
  g_autofree char *problems = NULL;
  g_autoptr(IngestDefinition) definition = read_text("source: landing/*.csv\n"
                                                     "keys: [order_id]\n"
                                                     "keep_last_by: changed_at\n"
                                                     "derive: {revenue: qty * price}\n"
                                                     "partition_by: day\n"
                                                     "schedule: hourly\n"
                                                     "privacy: {email: hash}\n"
                                                     "quality:\n"
                                                     "  - required: order_id\n"
                                                     "  - {volume: rows, tolerance: 50%, then: fail}\n",
                                                     &problems);
  g_assert_cmpstr(problems, ==, "");
  g_assert_nonnull(definition);
  g_assert_cmpstr(definition->name, ==, "sales");
  g_assert_cmpstr(definition->target, ==, "sales");
  g_assert_cmpint(definition->mode, ==, INGEST_MERGE);
  g_assert_cmpint(definition->schedule_ms, ==, 3600000);
  g_assert_cmpstr(definition->partition_by[0], ==, "day");
  const QualityRule *volume = definition->rules->pdata[1];
  g_assert_cmpint(volume->action, ==, ON_FAIL);
  g_assert_cmpfloat(volume->tolerance, ==, 0.5);
  g_assert_cmpint(((QualityRule *)definition->rules->pdata[0])->action, ==, ON_QUARANTINE);
  g_assert_cmpint(((PrivacyRule *)definition->privacy->pdata[0])->action, ==, PRIVACY_HASH);
}

static void test_mistakes_have_places(void) {
  static const struct {
    const char *text, *expected;
  } cases[] = {
      {"target: a\n", "ingest/sales.yaml:1:"},
      {"source: a.csv\nkey: [id]\n", "ingest/sales.yaml:2:1: there is no 'key' here; did you mean 'keys'?"},
      {"source: a.csv\nmode: merge\n", "ingest/sales.yaml:2:7: merging needs 'keys'"},
      {"source: a.csv\nkeys: [Order ID]\n", "ingest/sales.yaml:2:7: 'Order ID' is no column"},
      {"source: a.csv\nmode: replace\n", "must be one of: merge, append, overwrite"},
      {"source: a.csv\nprivacy: {email: encrypt}\n", "ingest/sales.yaml:2:18: say what becomes of the column"},
      {"source: a.csv\nquality:\n  - {range: price}\n", "ingest/sales.yaml:3:"},
      {"source: a.csv\nquality:\n  - {requird: price}\n", "did you mean 'required'?"},
      {"source: a.csv\nquality:\n  - {required: a, unique: a}\n", "one rule has one kind"},
      {"source: a.csv\nquality:\n  - {unique: a, then: quarantine}\n", "is about the whole load"},
      {"source: a.csv\nquality:\n  - {allowed: a, then: fix, values: [x]}\n", "needs 'value' or 'expression'"},
      {"source: a.csv\nquality:\n  - {allowed: a, codes: planets}\n", "there is no code list 'planets'"},
      {"source: a.csv\nsql: SELECT 1\nwhere: a > 1\n", "not both"},
      {"source: a.csv\nkeys: [a]\nprivacy: {a: drop}\n", "cannot be dropped"},
      {"sources: {a: a.csv, b: b.csv}\n", "need an 'sql'"},
      {"source: a.csv\nschedule: sometimes\n", "ingest/sales.yaml:2:11: 'schedule' must be a time"},
      {"- a\n", "is a map with at least 'source'"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *problems = NULL;
    g_autoptr(IngestDefinition) definition = read_text(cases[i].text, &problems);
    g_assert_null(definition);
    if (!strstr(problems, cases[i].expected)) g_error("%s gave: %s, not: %s", cases[i].text, problems, cases[i].expected);
  }
}

/* ---- rules ---- */

static const char rows_sql[] =
    "CREATE SCHEMA lake; CREATE TABLE lake.products AS SELECT 'P1' AS sku; "
    "CREATE TABLE rows AS SELECT * FROM (VALUES (1, 'P1', 'A', DATE '2026-01-02', DATE '2026-01-01', 3.0, 'x@y.de'), "
    "(2, NULL, 'B', DATE '2026-01-02', DATE '2026-01-05', -1.0, 'none'), (3, 'P9', '', DATE '1200-01-01', NULL, 2.5, NULL)) "
    "t(id, sku, grade, shipped, ordered, pieces, mail)";

static gint64 broken(Engine *engine, const char *rule_text) {
  g_autofree char *text = g_strdup_printf("source: a.csv\nquality:\n  - %s\n", rule_text), *problems = NULL;
  g_autoptr(IngestDefinition) definition = read_text(text, &problems);
  g_assert_cmpstr(problems, ==, "");
  /* 2026-01-10 */
  g_autofree char *violation = quality_violation_sql(definition->rules->pdata[0], G_GINT64_CONSTANT(1768003200000));
  g_autofree char *reason = quality_reason(definition->rules->pdata[0]);
  g_assert_cmpuint(strlen(reason), >, 5);
  g_autofree char *sql = g_strdup_printf("SELECT coalesce(sum(CAST(1 << id AS BIGINT)), 0) FROM rows WHERE %s", violation);
  g_autoptr(GError) error = NULL;
  g_autoptr(ResultTable) result = engine_query(engine, sql, NULL, 0, DEADLINE_NEVER, &error);
  g_assert_no_error(error);
  return (gint64)result_table_at(result, 0, 0)->number;
}

/* Which of the rows 1, 2, 3 break a rule, as a sum of 2, 4, 8. */
static void test_each_kind_of_row_rule(void) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Engine) engine = engine_open_duckdb(NULL, &error);
  g_assert_true(engine_execute(engine, rows_sql, DEADLINE_NEVER, &error));
  g_assert_cmpint(broken(engine, "{required: sku}"), ==, 4);
  g_assert_cmpint(broken(engine, "{required: [sku, grade]}"), ==, 4 + 8);
  g_assert_cmpint(broken(engine, "{valid_date: shipped}"), ==, 8);
  g_assert_cmpint(broken(engine, "{order: shipped, after: ordered}"), ==, 4);
  g_assert_cmpint(broken(engine, "{allowed: grade, values: [A, B]}"), ==, 8);
  g_assert_cmpint(broken(engine, "{positive: pieces}"), ==, 4 + 8);
  g_assert_cmpint(broken(engine, "{range: pieces, from: 0, to: 2.9}"), ==, 2 + 4);
  g_assert_cmpint(broken(engine, "{range: shipped, from: 2000-01-01}"), ==, 8);
  g_assert_cmpint(broken(engine, "{pattern: mail, matches: '[^@]+@[^@]+'}"), ==, 4);
  g_assert_cmpint(broken(engine, "{reference: sku, table: products, column: sku}"), ==, 8);
  g_assert_cmpint(broken(engine, "{recent: shipped, within: 30d}"), ==, 8);
  g_assert_cmpint(broken(engine, "{sql: pieces > 0 AND id < 3}"), ==, 4 + 8);
}

/* ---- privacy ---- */

static char *changed(Engine *engine, const char *rule_text, const char *value, const char *type) {
  g_autofree char *text = g_strdup_printf("source: a.csv\nprivacy: {c: %s}\n", rule_text), *problems = NULL;
  g_autoptr(IngestDefinition) definition = read_text(text, &problems);
  g_assert_cmpstr(problems, ==, "");
  g_autofree char *expression = privacy_sql(definition->privacy->pdata[0], value, type);
  if (!expression) return NULL;
  g_autofree char *sql = g_strdup_printf("SELECT CAST(%s AS VARCHAR)", expression);
  g_autoptr(GError) error = NULL;
  g_autoptr(ResultTable) result = engine_query(engine, sql, NULL, 0, DEADLINE_NEVER, &error);
  g_assert_no_error(error);
  return value_to_text(result_table_at(result, 0, 0));
}

static char *hash_under(const char *key, const char *folder) {
  g_autoptr(GError) error = NULL;
  g_setenv(PRIVACY_KEY_ENVIRONMENT, key, TRUE);
  g_autoptr(Engine) engine = engine_open_duckdb(NULL, &error);
  g_assert_true(privacy_prepare(engine, folder, &error));
  g_unsetenv(PRIVACY_KEY_ENVIRONMENT);
  return changed(engine, "hash", "'anna@example.org'", "VARCHAR");
}

static void test_hashes_depend_on_the_key(void) {
  g_auto(Scratch) scratch = scratch_new();
  const char *folder = scratch.path;
  g_autofree char *a = hash_under("a key of some length", folder), *again = hash_under("a key of some length", folder),
                  *b = hash_under("another key of length", folder);
  g_assert_cmpstr(a, ==, again);
  g_assert_cmpstr(a, !=, b);
  g_assert_cmpuint(strlen(a), ==, 34);
  g_autoptr(GError) error = NULL;
  g_setenv(PRIVACY_KEY_ENVIRONMENT, "short", TRUE);
  g_autoptr(Engine) engine = engine_open_duckdb(NULL, NULL);
  g_assert_false(privacy_prepare(engine, folder, &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT);
  g_unsetenv(PRIVACY_KEY_ENVIRONMENT);
}

static void check_change(Engine *engine, const char *rule, const char *value, const char *type, const char *expected) {
  g_autofree char *now = changed(engine, rule, value, type);
  g_assert_cmpstr(now, ==, expected);
}

static void test_masking_and_generalising(void) {
  g_autoptr(Engine) engine = engine_open_duckdb(NULL, NULL);
  check_change(engine, "mask", "'anna@example.org'", "VARCHAR", "a***@example.org");
  check_change(engine, "mask", "'Katharina'", "VARCHAR", "K*****a");
  check_change(engine, "mask", "'Jo'", "VARCHAR", "***");
  check_change(engine, "mask", "CAST(NULL AS VARCHAR)", "VARCHAR", "");
  check_change(engine, "generalise", "DATE '1987-05-04'", "DATE", "1987-01-01");
  check_change(engine, "generalise", "CAST(47 AS BIGINT)", "BIGINT", "40");
  check_change(engine, "{action: generalise, keep: 3}", "'10115'", "VARCHAR", "101");
  g_assert_null(changed(engine, "drop", "'x'", "VARCHAR"));
}

static void test_detection(void) {
  static const char *const mails[] = {"a@b.de", "c@d.org", NULL}, *const cards[] = {"4111 1111 1111 1111", "5500000000000004", NULL},
                          *const numbers[] = {"17850", "13047", NULL}, *const phones[] = {"+49 30 1234567", "030/998877", NULL};
  g_assert_cmpstr(privacy_detect("contact", mails), ==, "email");
  g_assert_cmpstr(privacy_detect("payment_ref", cards), ==, "card");
  g_assert_null(privacy_detect("customer_id", numbers));
  g_assert_cmpstr(privacy_detect("mobile_no", phones), ==, "phone");
  g_assert_cmpstr(privacy_detect("customer_name", NULL), ==, "name");
  g_assert_cmpstr(privacy_detect("shipping_address", NULL), ==, "address");
  g_assert_null(privacy_detect("product_name", NULL));
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/lake/ingest/weeks", test_weeks);
  g_test_add_func("/lake/ingest/parameters_become_literals", test_parameters_become_literals);
  g_test_add_func("/lake/ingest/definition", test_definition);
  g_test_add_func("/lake/ingest/mistakes_have_places", test_mistakes_have_places);
  g_test_add_func("/lake/ingest/each_kind_of_row_rule", test_each_kind_of_row_rule);
  g_test_add_func("/lake/ingest/hashes_depend_on_the_key", test_hashes_depend_on_the_key);
  g_test_add_func("/lake/ingest/masking_and_generalising", test_masking_and_generalising);
  g_test_add_func("/lake/ingest/detection", test_detection);
  return g_test_run();
}
