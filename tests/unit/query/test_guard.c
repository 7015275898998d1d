/*
 * Each line of tests/data/guard/bypass.jsonl is an attempt at something a statement must not do. It has to do its harm
 * with the guard off, in an engine that holds secrets, and none with the guard on. Those marked "second" are also tried
 * against the second barrier alone: prepared SELECT only, in a locked-down engine.
 *   {category, sql, [piece, times]: "{many}" in sql is that many pieces,
 *    and the harm: shows TEXT | changes | costs (does not end soon) | bytes N | gives N (more rows) | differs (between
 * runs)} tests/data/guard/legitimate.sql holds what analysts write; every statement passes and runs.
 */
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

#include "query/guard.h"

#define SOON_MS 300
#define MAX_ROWS 1000

static const char *const relations[] = {"stores", "products", "customers",   "orders", "order_lines",
                                        "visits", "budget",   "lake.orders", NULL};
static const GuardPolicy policy = {relations, MAX_ROWS};

typedef struct {
  char *folder, *lake; /* scratch; the only folder a locked-down engine may read */
  json_t *cases;       /* of all categories */
} Corpus;

/* ---- a company with secrets ---- */

static char *read_data(const Corpus *corpus, const char *name) {
  g_autofree char *path = g_build_filename("tests/data/guard", name, NULL);
  char *text = NULL;
  g_autoptr(GError) error = NULL;
  g_file_get_contents(path, &text, NULL, &error);
  g_assert_no_error(error);
  GString *filled = g_string_new(text);
  g_free(text);
  g_string_replace(filled, "{dir}", corpus->folder, 0);
  return g_string_free(filled, FALSE);
}

static void remove_folder(const char *path) {
  g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
  for (const char *name; dir != NULL && (name = g_dir_read_name(dir)) != NULL;) {
    g_autofree char *child = g_build_filename(path, name, NULL);
    if (g_file_test(child, G_FILE_TEST_IS_DIR))
      remove_folder(child);
    else
      g_remove(child);
  }
  g_rmdir(path);
}

/* Always from the start: whatever an attempt before left behind is gone. */
static Engine *open_company(const Corpus *corpus) {
  g_autoptr(GError) error = NULL;
  EngineOptions options = {.threads = 1, .memory_limit_bytes = 1 << 30, .max_connections = 1};
  Engine *engine = engine_open_duckdb(&options, &error);
  g_assert_no_error(error);
  remove_folder(corpus->folder);
  g_assert_cmpint(g_mkdir_with_parents(corpus->lake, 0700), ==, 0);
  g_autofree char *setup = read_data(corpus, "setup.sql");
  engine_execute(engine, setup, DEADLINE_NEVER, &error);
  g_assert_no_error(error);
  return engine;
}

static Engine *open_locked_company(const Corpus *corpus) {
  const char *const directories[] = {corpus->lake, NULL};
  g_autoptr(GError) error = NULL;
  Engine *engine = open_company(corpus);
  engine_lock_down(engine, directories, &error);
  g_assert_no_error(error);
  return engine;
}

static gint compare_names(gconstpointer a, gconstpointer b) {
  return strcmp(a, b);
}

static void append_files(GString *out, const char *folder) {
  g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
  GSList *names = NULL;
  for (const char *name; dir != NULL && (name = g_dir_read_name(dir)) != NULL;)
    names = g_slist_insert_sorted(names, g_strdup(name), compare_names);
  for (GSList *name = names; name != NULL; name = name->next) {
    g_autofree char *path = g_build_filename(folder, name->data, NULL);
    GStatBuf info;
    if (g_stat(path, &info) != 0) continue;
    g_string_append_printf(out, "%s %ld\n", path, S_ISDIR(info.st_mode) ? 0L : (long)info.st_size);
    if (S_ISDIR(info.st_mode)) append_files(out, path);
  }
  g_slist_free_full(names, g_free);
}

/* All that a statement could change, inside the engine and on disk. */
static char *state_of(const Corpus *corpus, Engine *engine) {
  g_autoptr(GError) error = NULL;
  g_autofree char *sql = read_data(corpus, "state.sql");
  g_autoptr(ResultTable) table = engine_query(engine, sql, NULL, 0, DEADLINE_NEVER, &error);
  /* Where the tables it looks at are gone, that is the state. */
  GString *out = g_string_new(table != NULL ? result_table_at(table, 0, 0)->text : error->message);
  append_files(out, corpus->folder);
  return g_string_free(out, FALSE);
}

/* ---- one attempt ---- */

/* The statement of a case: {many} is a piece repeated, in which {n} and {p} are its number and the one before. */
static char *sql_of(const Corpus *corpus, const json_t *attempt) {
  GString *sql = g_string_new(json_get_string(attempt, "sql")), *many = g_string_new(NULL);
  for (gint64 n = 1; n <= json_get_int(attempt, "times", 0); n++) {
    GString *piece = g_string_new(json_get_string(attempt, "piece"));
    g_autofree char *number = g_strdup_printf("%" G_GINT64_FORMAT, n),
                    *before = g_strdup_printf("%" G_GINT64_FORMAT, n - 1);
    g_string_replace(piece, "{n}", number, 0);
    g_string_replace(piece, "a{p}", n == 1 ? "a" : "a{p}", 0);
    g_string_replace(piece, "{p}", before, 0);
    g_string_append(many, piece->str);
    g_string_free(piece, TRUE);
  }
  g_string_replace(sql, "{many}", many->str, 1);
  g_string_replace(sql, "{dir}", corpus->folder, 0);
  g_string_free(many, TRUE);
  return g_string_free(sql, FALSE);
}

typedef ResultTable *(*Runner)(Engine *engine, const char *sql, GError **error);

/* As if nothing stood between: one statement, or several. */
static ResultTable *run_unguarded(Engine *engine, const char *sql, GError **error) {
  ResultTable *table = engine_query(engine, sql, NULL, 0, deadline_in_ms(SOON_MS, NULL), error);
  if (table != NULL || g_error_matches(*error, AISLE_ERROR, AISLE_ERROR_TIMEOUT)) return table;
  g_clear_error(error);
  engine_execute(engine, sql, deadline_in_ms(SOON_MS, NULL), error);
  return NULL;
}

static ResultTable *run_select_only(Engine *engine, const char *sql, GError **error) {
  return engine_select(engine, sql, NULL, 0, deadline_in_ms(SOON_MS, NULL), error);
}

static gboolean table_shows(const ResultTable *table, const char *text) {
  for (gsize row = 0; row < table->n_rows; row++)
    for (guint column = 0; column < result_table_n_columns(table); column++) {
      g_autofree char *cell = value_to_text(result_table_at(table, row, column));
      if (strstr(cell, text) != NULL) return TRUE;
    }
  return FALSE;
}

static gsize table_bytes(const ResultTable *table) {
  gsize bytes = 0;
  for (gsize row = 0; row < table->n_rows; row++)
    for (guint column = 0; column < result_table_n_columns(table); column++) {
      const Value *value = result_table_at(table, row, column);
      bytes += value->text != NULL ? strlen(value->text) : sizeof *value;
    }
  return bytes;
}

static char *table_text(const ResultTable *table) {
  GString *out = g_string_new(NULL);
  for (gsize row = 0; row < table->n_rows; row++)
    for (guint column = 0; column < result_table_n_columns(table); column++) {
      g_autofree char *cell = value_to_text(result_table_at(table, row, column));
      g_string_append_printf(out, "%s|", cell);
    }
  return g_string_free(out, FALSE);
}

static gboolean differs(Engine *engine, const char *sql, const ResultTable *first) {
  g_autofree char *before = table_text(first);
  for (int i = 0; i < 20; i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(ResultTable) again = engine_query(engine, sql, NULL, 0, DEADLINE_NEVER, &error);
    g_autofree char *after = again != NULL ? table_text(again) : NULL;
    if (after != NULL && strcmp(before, after) != 0) return TRUE;
  }
  return FALSE;
}

/* Whether the statement does the harm its case says. */
static gboolean does_harm(const Corpus *corpus, Engine *engine, const json_t *attempt, Runner run, char **why) {
  g_autoptr(GError) error = NULL;
  g_autofree char *sql = sql_of(corpus, attempt);
  gboolean changes = json_get_bool(attempt, "changes", FALSE);
  g_autofree char *before = changes ? state_of(corpus, engine) : NULL;
  gint64 start = g_get_monotonic_time();
  g_autoptr(ResultTable) table = run(engine, sql, &error);
  gboolean slow = g_get_monotonic_time() - start > SOON_MS * 1000;
  if (changes) {
    g_autofree char *after = state_of(corpus, engine);
    *why = g_strdup(error != NULL ? error->message : "nothing changed");
    return strcmp(before, after) != 0;
  }
  gboolean timed_out =
      g_error_matches(error, AISLE_ERROR, AISLE_ERROR_TIMEOUT) || (error && strstr(error->message, "emory"));
  *why = g_strdup(error != NULL ? error->message : "it ran, harmlessly");
  if (json_get_bool(attempt, "costs", FALSE)) return timed_out || slow;
  gint64 bytes = json_get_int(attempt, "bytes", 0), rows = json_get_int(attempt, "gives", 0);
  if (bytes > 0) return timed_out || (table != NULL && table_bytes(table) > (gsize)bytes);
  if (table == NULL) return FALSE;
  if (rows > 0) return table->n_rows > (gsize)rows;
  if (json_get_bool(attempt, "differs", FALSE)) return differs(engine, sql, table);
  return table_shows(table, json_get_string(attempt, "shows"));
}

static void fail_case(const json_t *attempt, const char *what, const char *why) {
  gboolean borne = json_get_bool(attempt, "costs", FALSE) && g_str_equal(why, "it ran, harmlessly");
  if (borne && g_str_has_prefix(what, "no harm")) { /* the engine took it; that this machine is fast enough is no verdict */
    g_test_message("%s: %.200s", what, json_get_string(attempt, "sql"));
    return;
  }
  g_test_message("%s: %.200s (%s)", what, json_get_string(attempt, "sql"), why);
  g_test_fail();
}

/* ---- the tests, one of each per category ---- */

typedef struct {
  const Corpus *corpus;
  const char *category;
} Category;

#define FOR_CASES(category_, attempt_)                                                                                 \
  for (size_t i_ = 0; i_ < json_array_size((category_)->corpus->cases); i_++)                                          \
    if ((attempt_ = json_array_get((category_)->corpus->cases, i_)),                                                   \
        g_strcmp0(json_get_string(attempt_, "category"), (category_)->category) == 0)

static void test_harm_without_guard(gconstpointer data) {
  const Category *category = data;
  const json_t *attempt;
  Engine *engine = open_company(category->corpus);
  guint n = 0;
  FOR_CASES(category, attempt) {
    g_autofree char *why = NULL;
    n++;
    if (!does_harm(category->corpus, engine, attempt, run_unguarded, &why))
      fail_case(attempt, "no harm with the guard off", why);
    if (!json_get_bool(attempt, "changes", FALSE)) continue;
    engine_unref(engine);
    engine = open_company(category->corpus);
  }
  engine_unref(engine);
  g_assert_cmpuint(n, >=, 10);
}

static void test_guard_alone(gconstpointer data) {
  const Category *category = data;
  const json_t *attempt;
  g_autoptr(Engine) engine = open_company(category->corpus);
  FOR_CASES(category, attempt) {
    g_autoptr(GError) error = NULL;
    g_autofree char *sql = sql_of(category->corpus, attempt), *allowed = guard_check(engine, sql, &policy, &error);
    if (allowed == NULL) {
      g_assert_error(error, AISLE_ERROR, AISLE_ERROR_BLOCKED);
      g_assert_null(strstr(error->message, "S3CRET"));
      continue;
    }
    g_assert_no_error(error);
    if (json_get_int(attempt, "gives", 0) == 0) {
      fail_case(attempt, "passes the guard", allowed);
      continue;
    }
    g_autoptr(ResultTable) table = engine_query(engine, allowed, NULL, 0, DEADLINE_NEVER, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(table->n_rows, <=, MAX_ROWS);
  }
}

static void test_engine_alone(gconstpointer data) {
  const Category *category = data;
  const json_t *attempt;
  g_autoptr(Engine) engine = open_locked_company(category->corpus);
  guint n = 0;
  FOR_CASES(category, attempt) {
    g_autofree char *why = NULL;
    if (!json_get_bool(attempt, "second", FALSE)) continue;
    n++;
    if (does_harm(category->corpus, engine, attempt, run_select_only, &why))
      fail_case(attempt, "passes the second barrier", why);
  }
  if (n == 0) g_test_skip("nothing here is for the second barrier");
}

/* ---- legitimate statements ---- */

static void test_legitimate(gconstpointer data) {
  const Corpus *corpus = data;
  g_autoptr(Engine) engine = open_company(corpus);
  g_autofree char *text = read_data(corpus, "legitimate.sql");
  g_auto(GStrv) statements = g_strsplit(text, ";\n", -1);
  guint n = 0;
  for (char **sql = statements; *sql != NULL; sql++) {
    g_strstrip(*sql);
    if (**sql == '\0') continue;
    n++;
    g_autoptr(GError) error = NULL;
    g_autofree char *allowed = guard_check(engine, *sql, &policy, &error);
    if (allowed == NULL) {
      g_test_message("refused: %s\n%s", *sql, error->message);
      g_test_fail();
      continue;
    }
    g_autoptr(ResultTable) table = engine_select(engine, allowed, NULL, 0, DEADLINE_NEVER, &error);
    if (table == NULL || table->n_rows == 0)
      g_test_message("no rows: %s\n%s", *sql, error != NULL ? error->message : ""), g_test_fail();
    g_autofree char *again = guard_check(engine, allowed, &policy, NULL);
    g_assert_cmpstr(again, ==, allowed);
  }
  g_assert_cmpuint(n, >=, 150);
}

/* ---- details ---- */

static void assert_guard(Engine *engine, const char *sql, const GuardPolicy *rules, const char *expected) {
  g_autoptr(GError) error = NULL;
  g_autofree char *allowed = guard_check(engine, sql, rules, &error);
  if (expected != NULL) g_assert_no_error(error);
  g_assert_cmpstr(allowed, ==, expected);
  if (expected == NULL) g_assert_error(error, AISLE_ERROR, AISLE_ERROR_BLOCKED);
}

static Engine *open_empty(void) {
  g_autoptr(GError) error = NULL;
  EngineOptions options = {.threads = 1, .max_connections = 1};
  Engine *engine = engine_open_duckdb(&options, &error);
  g_assert_no_error(error);
  return engine;
}

static void test_limit(void) {
  g_autoptr(Engine) engine = open_empty();
  static const GuardPolicy unlimited = {relations, 0};
  assert_guard(engine, "SELECT 1", &policy, "SELECT 1\nLIMIT 1000");
  assert_guard(engine, "SELECT 1 LIMIT 1000;", &policy, "SELECT 1 LIMIT 1000");
  assert_guard(engine, "SELECT 1 -- why", &policy, "SELECT 1 -- why\nLIMIT 1000");
  assert_guard(engine, "SELECT 1 LIMIT 1001", &policy, "SELECT * FROM (SELECT 1 LIMIT 1001\n) AS limited LIMIT 1000");
  assert_guard(engine, "SELECT 1 ;\n ", &unlimited, "SELECT 1");
  assert_guard(engine, "SELECT 1 LIMIT 5 -- ) LIMIT 9", &policy, "SELECT 1 LIMIT 5 -- ) LIMIT 9");
  assert_guard(engine, "", &policy, NULL);
  assert_guard(engine, "-- nothing", &policy, NULL);
}

static void test_relations(void) {
  g_autoptr(Engine) engine = open_empty();
  static const GuardPolicy one_row = {relations, 1};
  assert_guard(engine, "SELECT 1 FROM lake.orders LIMIT 1", &one_row, "SELECT 1 FROM lake.orders LIMIT 1");
  assert_guard(engine, "SELECT 1 FROM \"LAKE\".\"Orders\" LIMIT 1", &one_row,
               "SELECT 1 FROM \"LAKE\".\"Orders\" LIMIT 1");
  assert_guard(engine, "SELECT 1 FROM \"lake.orders\" LIMIT 1", &one_row, NULL);
  assert_guard(engine, "SELECT 1 FROM lake.customers LIMIT 1", &one_row, NULL);
  assert_guard(engine, "SELECT 1 FROM main.orders LIMIT 1", &one_row, NULL);
  assert_guard(engine, "SELECT 1 FROM memory.lake.orders LIMIT 1", &one_row, NULL);
  assert_guard(engine, "SELECT 1 FROM orders AT (VERSION => 1) LIMIT 1", &one_row, NULL);
  assert_guard(engine, "SELECT 1 FROM orders AT (TIMESTAMP => now()) LIMIT 1", &one_row, NULL);
  assert_guard(engine, "SELECT $1 FROM orders WHERE channel = $2 LIMIT 1", &one_row,
               "SELECT $1 FROM orders WHERE channel = $2 LIMIT 1");
  assert_guard(engine, "SELECT $token FROM orders LIMIT 1", &one_row, NULL);
  assert_guard(engine, "SELECT #1 FROM orders LIMIT 1", &one_row, NULL);
}

/* However deep or long: refused, not a crash. */
static void test_depth(void) {
  static const struct {
    const char *open, *middle, *close;
  } shapes[] = {{"(", "1", ")"},      {"[", "1", "]"},    {"{'a': ", "1", "}"},   {"-", "1", ""},
                {"NOT ", "true", ""}, {"abs(", "1", ")"}, {"(SELECT ", "1", ")"}, {"CASE WHEN true THEN ", "1", " END"},
                {"1 + (", "1", ")"},  {"'", "", "'"},     {"/*", "", "*/"}};
  g_autoptr(Engine) engine = open_empty();
  for (gsize shape = 0; shape < G_N_ELEMENTS(shapes); shape++)
    for (guint depth = 100; depth <= 100000; depth *= 10) {
      GString *sql = g_string_new("SELECT ");
      for (guint i = 0; i < depth; i++) g_string_append(sql, shapes[shape].open);
      g_string_append(sql, shapes[shape].middle);
      for (guint i = 0; i < depth; i++) g_string_append(sql, shapes[shape].close);
      g_autoptr(GError) error = NULL;
      g_autofree char *allowed = guard_check(engine, sql->str, &policy, &error);
      if (allowed == NULL) g_assert_error(error, AISLE_ERROR, AISLE_ERROR_BLOCKED);
      g_autoptr(GError) expression_error = NULL;
      if (!guard_check_expression(engine, sql->str + strlen("SELECT "), TRUE, &expression_error))
        g_assert_error(expression_error, AISLE_ERROR, AISLE_ERROR_BLOCKED);
      g_string_free(sql, TRUE);
    }
}

static void test_expressions(void) {
  static const struct {
    const char *expression;
    gboolean scalar, aggregate; /* allowed as */
  } cases[] = {
      {"amount", TRUE, TRUE},
      {"quantity * unit_price * (1 - discount)", TRUE, TRUE},
      {"order_lines.amount - order_lines.cost", TRUE, TRUE},
      {"CASE WHEN status = 'paid' THEN amount END", TRUE, TRUE},
      {"invoice LIKE 'C%'", TRUE, TRUE},
      {"status IN ('returned', 'cancelled') OR quantity < 0", TRUE, TRUE},
      {"CAST(amount AS DECIMAL(18,4))", TRUE, TRUE},
      {"date_trunc('month', order_date)", TRUE, TRUE},
      {"NULLIF(TRIM(code), '')", TRUE, TRUE},
      {"SUM(amount)", FALSE, TRUE},
      {"SUM(amount) / NULLIF(COUNT(DISTINCT order_id), 0)", FALSE, TRUE},
      {"COUNT(*)", FALSE, TRUE},
      {"COUNT(*) FILTER (WHERE status = 'paid')", FALSE, TRUE},
      {"quantile_cont(amount, 0.5)", FALSE, TRUE},
      {"", FALSE, FALSE},
      {"*", FALSE, FALSE},
      {"amount, cost", FALSE, FALSE},
      {"amount AS x", FALSE, FALSE},
      {"1) FROM payroll --", FALSE, FALSE},
      {"1) AS a, (2", FALSE, FALSE},
      {"1 FROM payroll", FALSE, FALSE},
      {"1) FROM payroll WHERE (true", FALSE, FALSE},
      {"1); DROP TABLE orders; SELECT (1", FALSE, FALSE},
      {"1) UNION SELECT (2", FALSE, FALSE},
      {"(SELECT note FROM payroll)", FALSE, FALSE},
      {"EXISTS (SELECT 1)", FALSE, FALSE},
      {"amount IN (SELECT salary FROM payroll)", FALSE, FALSE},
      {"SUM(amount) OVER ()", FALSE, FALSE},
      {"row_number() OVER (ORDER BY amount)", FALSE, FALSE},
      {"getvariable('token')", FALSE, FALSE},
      {"current_setting('threads')", FALSE, FALSE},
      {"nextval('counter')", FALSE, FALSE},
      {"random() * amount", FALSE, FALSE},
      {"read_text('/etc/passwd')", FALSE, FALSE},
      {"list_transform([1], lambda x: x)", FALSE, FALSE},
      {"repeat('x', 100000000)", FALSE, FALSE},
      {"$1", FALSE, FALSE},
      {"?", FALSE, FALSE},
      {"x::unknown_type", FALSE, FALSE},
      {"COLUMNS(*)", FALSE, FALSE},
      {"amount /*", FALSE, FALSE},
      {"amount -- fine", TRUE, TRUE},
  };
  g_autoptr(Engine) engine = open_empty();
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
    for (int aggregates = 0; aggregates < 2; aggregates++) {
      g_autoptr(GError) error = NULL;
      gboolean allowed = guard_check_expression(engine, cases[i].expression, aggregates, &error);
      if (allowed != (aggregates ? cases[i].aggregate : cases[i].scalar)) {
        g_test_message("%s (%s): %s", cases[i].expression, aggregates ? "aggregate" : "scalar",
                       error ? error->message : "allowed");
        g_test_fail();
      }
      if (!allowed) g_assert_error(error, AISLE_ERROR, AISLE_ERROR_BLOCKED);
    }
}

/* ---- the corpus ---- */

static void read_corpus(Corpus *corpus) {
  g_autoptr(GError) error = NULL;
  corpus->folder = g_dir_make_tmp("aisle-guard-XXXXXX", &error);
  g_assert_no_error(error);
  corpus->lake = g_build_filename(corpus->folder, "lake", NULL);
  corpus->cases = json_array();
  g_autofree char *text = NULL;
  g_file_get_contents("tests/data/guard/bypass.jsonl", &text, NULL, &error);
  g_assert_no_error(error);
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  for (char **line = lines; *line != NULL; line++) {
    if (**line == '\0') continue;
    json_t *attempt = json_parse(*line, strlen(*line), &error);
    g_assert_no_error(error);
    json_array_append_new(corpus->cases, attempt);
  }
}

static void add_category(const char *prefix, const char *category, gconstpointer data, GTestDataFunc test) {
  g_autofree char *slug = text_slug(category), *path = g_strdup_printf("/guard/%s/%s", prefix, slug);
  g_test_add_data_func(path, data, test);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  Corpus corpus = {0};
  read_corpus(&corpus);
  g_setenv("HOME", corpus.folder, TRUE); /* so that ~ leads to the secrets */
  g_autoptr(GHashTable) categories = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
  for (size_t i = 0; i < json_array_size(corpus.cases); i++) {
    const char *name = json_get_string(json_array_get(corpus.cases, i), "category");
    if (g_hash_table_contains(categories, name)) continue;
    Category *category = g_new0(Category, 1);
    *category = (Category){&corpus, name};
    g_hash_table_insert(categories, (gpointer)name, category);
    add_category("off", name, category, test_harm_without_guard);
    add_category("on", name, category, test_guard_alone);
    add_category("second", name, category, test_engine_alone);
  }
  g_assert_cmpuint(g_hash_table_size(categories), >=, 20);
  g_test_add_data_func("/guard/legitimate", &corpus, test_legitimate);
  g_test_add_func("/guard/limit", test_limit);
  g_test_add_func("/guard/relations", test_relations);
  g_test_add_func("/guard/depth", test_depth);
  g_test_add_func("/guard/expressions", test_expressions);
  int status = g_test_run();
  remove_folder(corpus.folder);
  json_decref(corpus.cases);
  g_free(corpus.folder);
  g_free(corpus.lake);
  return status;
}
