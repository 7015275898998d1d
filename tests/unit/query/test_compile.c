/*
 * Compiled queries run over the shop's rows give the results written beside them in tests/data/query/compile_*.json:
 * {name, query, columns: [names], rows: [[...]]}, or {name, query, error: "part of the message"}. `as_of` resolves
 * first.
 */
#include "unit/query/shop.h"
#include <math.h>

typedef struct {
  json_t *shop;
  Model *model;
  Engine *engine;
  AccessScope *scope;
} Fixture;

typedef struct {
  Fixture *fixture;
  const json_t *spec;
} Case;

static char *value_text(const json_t *value) {
  return value ? json_to_text(value, JSON_PLAIN) : g_strdup("?");
}

static gboolean cell_equal(const json_t *expected, const json_t *found) {
  if (json_is_number(expected) && json_is_number(found))
    return fabs(json_number_value(expected) - json_number_value(found)) <=
           1e-6 * fmax(1, fabs(json_number_value(expected)));
  return json_equal(expected, found);
}

static void check_rows(const char *name, const json_t *expected, const ResultTable *result, const char *sql) {
  if (json_array_size(expected) != result->n_rows) g_test_message("%s\n%s", name, sql);
  g_assert_cmpuint(result->n_rows, ==, json_array_size(expected));
  for (gsize r = 0; r < result->n_rows; r++)
    for (guint c = 0; c < result_table_n_columns(result); c++) {
      g_autoptr(json_t) found = value_to_json(result_table_at(result, r, c));
      const json_t *wanted = json_array_get(json_array_get(expected, r), c);
      g_autofree char *found_text = value_text(found), *wanted_text = value_text(wanted);
      if (!wanted || !cell_equal(wanted, found)) {
        g_test_message("%s: row %zu column %u is %s, not %s\n%s", name, r, c, found_text, wanted_text, sql);
        g_test_fail();
      }
    }
}

static void check_columns(const json_t *expected, const CompiledQuery *compiled, const ResultTable *result) {
  g_assert_cmpuint(compiled->columns->len, ==, result_table_n_columns(result));
  for (guint i = 0; i < compiled->columns->len; i++) {
    const AnswerColumn *column = compiled->columns->pdata[i];
    const ResultColumn *made = result->columns->pdata[i];
    g_assert_cmpstr(column->name, ==, made->name);
  }
  g_assert_cmpuint(json_array_size(expected), ==, result_table_n_columns(result));
  for (guint i = 0; i < json_array_size(expected); i++)
    g_assert_cmpstr(((const ResultColumn *)result->columns->pdata[i])->name, ==,
                    json_string_value(json_array_get(expected, i)));
}

/* What the compiler writes is what the guard lets through, over the datasets' names alone. */
static void check_guard(const Fixture *fixture, const CompiledQuery *compiled) {
  g_autoptr(GPtrArray) relations = g_ptr_array_new();
  for (guint i = 0; i < compiled->tables->len; i++)
    g_ptr_array_add(relations, ((const Dataset *)compiled->tables->pdata[i])->name);
  g_ptr_array_add(relations, NULL);
  GuardPolicy policy = {.relations = (const char *const *)relations->pdata};
  g_autoptr(GError) error = NULL;
  g_autofree char *passed = guard_check(fixture->engine, compiled->shown_sql, &policy, &error);
  if (error) g_test_message("%s", compiled->shown_sql);
  g_assert_no_error(error);
  g_assert_nonnull(passed);
}

static SemanticQuery *read_query(const Case *test, GError **error) {
  g_autoptr(SemanticQuery) query = semantic_query_from_json(json_object_get(test->spec, "query"), error);
  const char *as_of = json_get_string(test->spec, "as_of");
  if (!query || !as_of) return g_steal_pointer(&query);
  ResolveContext context = {.calendar = test->fixture->model->calendar};
  g_assert_true(day_parse_iso(as_of, &context.as_of));
  return semantic_query_resolve(query, test->fixture->model, &context, error);
}

static void run_case(gconstpointer data) {
  const Case *test = data;
  const Fixture *fixture = test->fixture;
  const char *name = json_get_string(test->spec, "name"), *wrong = json_get_string(test->spec, "error");
  g_autoptr(GError) error = NULL;
  g_autoptr(SemanticQuery) query = read_query(test, &error);
  g_assert_no_error(error);
  g_autoptr(CompiledQuery) compiled = semantic_query_compile(query, fixture->model, fixture->scope, &error);
  if (wrong) {
    g_assert_null(compiled);
    g_assert_error(error, AISLE_ERROR, AISLE_ERROR_BAD_QUERY);
    if (!strstr(error->message, wrong)) g_error("%s: \"%s\" does not say \"%s\"", name, error->message, wrong);
    return;
  }
  g_assert_no_error(error);
  g_autoptr(ResultTable) result =
      engine_select(fixture->engine, compiled->sql, compiled->parameters, 0, DEADLINE_NEVER, &error);
  if (error) g_test_message("%s\n%s", name, compiled->sql);
  g_assert_no_error(error);
  check_columns(json_object_get(test->spec, "columns"), compiled, result);
  check_guard(fixture, compiled);
  check_rows(name, json_object_get(test->spec, "rows"), result, compiled->sql);
  if (g_getenv("SHOW_SQL")) g_test_message("%s\n%s", name, compiled->shown_sql);
}

/* Rows outside the scope count nowhere: not in facts, not through joins, not in what entities did. */
static void run_scoped(gconstpointer data) {
  const Fixture *fixture = data;
  static const struct {
    const char *query;
    double expected;
  } cases[] = {
      {"{\"metrics\":[\"revenue\"]}", 510},
      {"{\"metrics\":[\"customers\"]}", 2},
      {"{\"metrics\":[\"revenue\"],\"filters\":[{\"field\":\"product.category\",\"values\":[\"Office\"]}]}", 160},
      {"{\"metrics\":[\"visitors\"]}", 85},
      {"{\"metrics\":[\"products\"],\"filters\":[{\"entity\":\"product\",\"did\":[{\"field\":\"order_line.sales\","
       "\"op\":\">\",\"values\":[0]}],\"negated\":true}]}",
       2}};
  const char *text =
      "{\"row_filters\":[{\"attribute\":\"area\",\"field\":\"order_line.region\",\"values\":[\"West\"]}]}";
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) scope_json = json_parse(text, strlen(text), &error);
  g_assert_no_error(error);
  g_autoptr(AccessScope) scope = access_scope_from_json(scope_json, &error);
  g_assert_no_error(error);
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(json_t) json = json_parse(cases[i].query, strlen(cases[i].query), &error);
    g_assert_no_error(error);
    g_autoptr(SemanticQuery) query = semantic_query_from_json(json, &error);
    g_assert_no_error(error);
    g_autoptr(CompiledQuery) compiled = semantic_query_compile(query, fixture->model, scope, &error);
    g_assert_no_error(error);
    g_assert_null(strstr(compiled->shown_sql, "West"));
    g_autoptr(ResultTable) result =
        engine_select(fixture->engine, compiled->sql, compiled->parameters, 0, DEADLINE_NEVER, &error);
    g_assert_no_error(error);
    g_assert_cmpfloat(result_table_at(result, 0, 0)->number, ==, cases[i].expected);
  }
}

static void add_cases(Fixture *fixture, const char *path, GPtrArray *keep) {
  json_t *cases = test_read_json(path);
  g_ptr_array_add(keep, cases);
  size_t i;
  json_t *spec;
  json_array_foreach (cases, i, spec) {
    Case *test = g_new0(Case, 1);
    *test = (Case){fixture, spec};
    g_autofree char *base = g_path_get_basename(path),
                    *test_path =
                        g_strdup_printf("/query/%.*s/%s", (int)strlen(base) - 5, base, json_get_string(spec, "name"));
    g_test_add_data_func_full(test_path, test, run_case, g_free);
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  Fixture fixture = {.shop = test_read_json("tests/data/query/shop.json")};
  fixture.model = test_shop_model(fixture.shop);
  fixture.engine = test_shop_engine(fixture.shop);
  fixture.scope = access_scope_new_local();
  g_autoptr(GPtrArray) keep = g_ptr_array_new_with_free_func((GDestroyNotify)json_decref);
  g_autoptr(GDir) folder = g_dir_open("tests/data/query", 0, NULL);
  for (const char *name; folder && (name = g_dir_read_name(folder)) != NULL;) {
    g_autofree char *path = g_build_filename("tests/data/query", name, NULL);
    if (g_str_has_prefix(name, "compile_")) add_cases(&fixture, path, keep);
  }
  g_test_add_data_func("/query/compile_scope/rows_outside_count_nowhere", &fixture, run_scoped);
  int status = g_test_run();
  access_scope_unref(fixture.scope);
  engine_unref(fixture.engine);
  model_unref(fixture.model);
  json_decref(fixture.shop);
  return status;
}
