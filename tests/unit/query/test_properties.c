/* What holds for every query: its JSON reads back, its canonical bytes ignore order, its SQL prepares and is the same
 * twice. */
#include "unit/query/random_query.h"
#include "unit/query/shop.h"
#include <math.h>

#define ROUNDS 300
#define SEED 20201104 /* the same queries every time */

typedef struct {
  json_t *shop;
  Model *model;
  Engine *engine;
  AccessScope *scope;
} Fixture;

static void check_json_round_trip(gconstpointer data) {
  (void)data;
  g_autoptr(GRand) random = g_rand_new_with_seed(SEED);
  for (int i = 0; i < ROUNDS; i++) {
    g_autoptr(SemanticQuery) query = random_query(random);
    g_autoptr(json_t) json = semantic_query_to_json(query);
    g_autoptr(GError) error = NULL;
    g_autoptr(SemanticQuery) again = semantic_query_from_json(json, &error);
    g_autofree char *text = json_to_text(json, JSON_PLAIN);
    if (error) g_test_message("%s", text);
    g_assert_no_error(error);
    g_autoptr(json_t) json_again = semantic_query_to_json(again);
    g_autofree char *text_again = json_to_text(json_again, JSON_PLAIN);
    g_assert_cmpstr(text, ==, text_again);
  }
}

static void check_copy_is_equal(gconstpointer data) {
  (void)data;
  g_autoptr(GRand) random = g_rand_new_with_seed(SEED);
  for (int i = 0; i < ROUNDS; i++) {
    g_autoptr(SemanticQuery) query = random_query(random);
    g_autoptr(SemanticQuery) copy = semantic_query_copy(query);
    g_autofree char *canonical = semantic_query_canonical(query), *canonical_copy = semantic_query_canonical(copy);
    g_assert_cmpstr(canonical, ==, canonical_copy);
  }
}

static void check_canonical_ignores_order(gconstpointer data) {
  (void)data;
  g_autoptr(GRand) random = g_rand_new_with_seed(SEED);
  for (int i = 0; i < ROUNDS; i++) {
    g_autoptr(SemanticQuery) query = random_query(random);
    g_autofree char *canonical = semantic_query_canonical(query);
    shuffle_query(random, query);
    g_autofree char *shuffled = semantic_query_canonical(query);
    g_assert_cmpstr(canonical, ==, shuffled);
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) json = json_parse(canonical, strlen(canonical), &error);
    g_assert_no_error(error);
    g_autoptr(SemanticQuery) read = semantic_query_from_json(json, &error);
    g_assert_no_error(error);
    g_autofree char *read_again = semantic_query_canonical(read);
    g_assert_cmpstr(canonical, ==, read_again);
  }
}

static void check_spellings_are_one(gconstpointer data) {
  (void)data;
  static const char *const pairs[][2] = {
      {"{\"metrics\":[\"a\"],\"filters\":[{\"field\":\"x\",\"values\":[\"1\"],\"negated\":true}]}",
       "{\"metrics\":[{\"metric\":\"a\"}],\"filters\":[{\"field\":\"x\",\"op\":\"!=\",\"values\":[1]}]}"},
      {"{\"metrics\":[\"a\"],\"filters\":[{\"field\":\"x\",\"values\":[\"2\",\"1\",\"2\"]}]}",
       "{\"metrics\":[\"a\"],\"filters\":[{\"field\":\"x\",\"values\":[\"1\",\"2\"]}]}"},
      {"{\"metrics\":[\"a\"],\"time\":{},\"filters\":[{\"condition\":\"c\"},{\"condition\":\"b\"},{\"condition\":\"c\"}"
       "]}",
       "{\"metrics\":[\"a\"],\"filters\":[{\"condition\":\"b\"},{\"condition\":\"c\"}]}"}};
  for (guint i = 0; i < G_N_ELEMENTS(pairs); i++) {
    char *canonical[2];
    for (int side = 0; side < 2; side++) {
      g_autoptr(GError) error = NULL;
      g_autoptr(json_t) json = json_parse(pairs[i][side], strlen(pairs[i][side]), &error);
      g_assert_no_error(error);
      g_autoptr(SemanticQuery) query = semantic_query_from_json(json, &error);
      g_assert_no_error(error);
      canonical[side] = semantic_query_canonical(query);
    }
    g_assert_cmpstr(canonical[0], ==, canonical[1]);
    g_free(canonical[0]);
    g_free(canonical[1]);
  }
}

/* Over the names of the datasets alone, whatever the query. */
static void check_guard(const Fixture *fixture, const CompiledQuery *compiled) {
  g_autoptr(GPtrArray) relations = g_ptr_array_new();
  for (guint i = 0; i < compiled->tables->len; i++)
    g_ptr_array_add(relations, ((const Dataset *)compiled->tables->pdata[i])->name);
  g_ptr_array_add(relations, NULL);
  GuardPolicy policy = {.relations = (const char *const *)relations->pdata};
  g_autoptr(GError) error = NULL;
  g_autofree char *passed = guard_check(fixture->engine, compiled->shown_sql, &policy, &error);
  g_assert_no_error(error);
  g_assert_nonnull(passed);
}

/* Either an error that says why, or SQL that runs, passes the guard and is the same each time. */
static gboolean check_one(const Fixture *fixture, const SemanticQuery *query) {
  ResolveContext context = {.as_of = day_from_ymd(2020, 4, 20), .calendar = fixture->model->calendar};
  g_autoptr(GError) error = NULL, invalid = NULL;
  gboolean valid = semantic_query_validate(query, fixture->model, &invalid);
  if (!valid) {
    g_assert_error(invalid, AISLE_ERROR, AISLE_ERROR_BAD_QUERY);
    g_assert_true(g_str_has_prefix(invalid->message, "/"));
    return FALSE;
  }
  g_autoptr(SemanticQuery) resolved = semantic_query_resolve(query, fixture->model, &context, &error);
  g_assert_no_error(error);
  g_autoptr(CompiledQuery) compiled = semantic_query_compile(resolved, fixture->model, fixture->scope, &error);
  g_assert_no_error(error);
  g_autoptr(CompiledQuery) again = semantic_query_compile(resolved, fixture->model, fixture->scope, &error);
  g_assert_cmpstr(compiled->sql, ==, again->sql);
  g_autoptr(ResultTable) result =
      engine_select(fixture->engine, compiled->sql, compiled->parameters, 0, deadline_in_ms(10000, NULL), &error);
  if (error) {
    g_autoptr(json_t) json = semantic_query_to_json(query);
    g_autofree char *text = json_to_text(json, JSON_PLAIN);
    g_test_message("%s\n%s\n%s", error->message, text, compiled->shown_sql);
    g_test_fail();
    return TRUE;
  }
  g_assert_cmpuint(result_table_n_columns(result), ==, compiled->columns->len);
  check_guard(fixture, compiled);
  for (guint i = 0; i < compiled->columns->len; i++)
    g_assert_cmpstr(((const AnswerColumn *)compiled->columns->pdata[i])->name, ==,
                    ((const ResultColumn *)result->columns->pdata[i])->name);
  return TRUE;
}

static void check_every_statement_runs(gconstpointer data) {
  g_autoptr(GRand) random = g_rand_new_with_seed(SEED);
  int ran = 0;
  for (int i = 0; i < ROUNDS; i++) {
    g_autoptr(SemanticQuery) query = random_query(random);
    ran += check_one(data, query);
  }
  g_test_message("%d of %d random queries are valid", ran, ROUNDS);
  g_assert_cmpint(ran, >, ROUNDS / 10);
}

/* ---- queries that must agree with each other ---- */
/* A random query of additive metrics by categories or time: nothing in it drops rows or cuts results. */
static SemanticQuery *random_plain_query(GRand *random) {
  static const char *const metrics[] = {"revenue", "profit", "units", "cancelled_value", "lost", "kept"};
  g_autoptr(SemanticQuery) drawn = random_query(random);
  SemanticQuery *query = semantic_query_new();
  g_ptr_array_add(query->measures, measure_new_metric(metrics[g_rand_int_range(random, 0, G_N_ELEMENTS(metrics))]));
  for (guint i = 0; i < drawn->dimensions->len; i++) {
    const Dimension *dimension = drawn->dimensions->pdata[i];
    gboolean names_entity = dimension->field && (strstr(dimension->field, "_id") || strstr(dimension->field, "_name"));
    if (!names_entity && dimension->kind != DIMENSION_ENTITY_BUCKET && dimension->kind != DIMENSION_FIRST_TIME)
      g_ptr_array_add(query->dimensions, dimension_copy(dimension));
  }
  for (guint i = 0; i < drawn->filters->len; i++)
    g_ptr_array_add(query->filters, filter_copy(drawn->filters->pdata[i]));
  if (drawn->time.kind == TIME_ABSOLUTE) query->time = drawn->time;
  return query;
}

static ResultTable *run(const Fixture *fixture, const SemanticQuery *query) {
  g_autoptr(GError) error = NULL;
  if (!semantic_query_validate(query, fixture->model, NULL)) return NULL;
  g_autoptr(CompiledQuery) compiled = semantic_query_compile(query, fixture->model, fixture->scope, &error);
  g_assert_no_error(error);
  ResultTable *result =
      engine_select(fixture->engine, compiled->sql, compiled->parameters, 0, deadline_in_ms(10000, NULL), &error);
  if (error) g_test_message("%s", compiled->shown_sql);
  g_assert_no_error(error);
  return result;
}

static double column_sum(const ResultTable *result, guint column) {
  double sum = 0;
  for (gsize row = 0; row < result->n_rows; row++) {
    const Value *value = result_table_at(result, row, column);
    sum += value->type == VALUE_NULL ? 0 : value->number;
  }
  return sum;
}

static void assert_near(const SemanticQuery *query, double found, double expected) {
  if (fabs(found - expected) < 1e-6) return;
  g_autofree char *text = semantic_query_canonical(query);
  g_test_message("%g, not %g: %s", found, expected, text);
  g_test_fail();
}

static void check_groups_add_up(gconstpointer data) {
  g_autoptr(GRand) random = g_rand_new_with_seed(SEED);
  int checked = 0;
  for (int i = 0; i < ROUNDS; i++) {
    g_autoptr(SemanticQuery) query = random_plain_query(random);
    g_autoptr(ResultTable) groups = run(data, query);
    if (!groups) continue;
    g_autoptr(SemanticQuery) whole = semantic_query_copy(query);
    g_ptr_array_set_size(whole->dimensions, 0);
    g_autoptr(ResultTable) total = run(data, whole);
    g_assert_nonnull(total);
    assert_near(query, column_sum(groups, query->dimensions->len), column_sum(total, 0));
    checked++;
  }
  g_assert_cmpint(checked, >, ROUNDS / 4);
}

/* Both sides of a comparison add up to what asking each alone gives. */
static void check_comparison_is_two_queries(gconstpointer data) {
  g_autoptr(GRand) random = g_rand_new_with_seed(SEED);
  int checked = 0;
  for (int i = 0; i < ROUNDS; i++) {
    g_autoptr(SemanticQuery) query = random_plain_query(random);
    Day from = day_from_ymd(2019, 1 + g_rand_int_range(random, 0, 6), 1), split = day_add_months(from, 6);
    query->time = time_range_absolute(split, day_add_months(split, 6));
    query->compare.kind = COMPARE_PERIODS;
    query->compare.baseline = time_range_absolute(from, split);
    g_autoptr(ResultTable) compared = run(data, query);
    if (!compared) continue;
    g_autoptr(SemanticQuery) alone = semantic_query_copy(query);
    alone->compare.kind = COMPARE_NONE;
    g_autoptr(ResultTable) now = run(data, alone);
    alone->time = query->compare.baseline;
    g_autoptr(ResultTable) then = run(data, alone);
    guint column = query->dimensions->len;
    assert_near(query, column_sum(compared, column), column_sum(now, column));
    assert_near(query, column_sum(compared, column + 1), column_sum(then, column));
    assert_near(query, column_sum(compared, column + 2), column_sum(now, column) - column_sum(then, column));
    checked++;
  }
  g_assert_cmpint(checked, >, ROUNDS / 4);
}

/* A filter that keeps every row changes nothing. */
static void check_idle_filter(gconstpointer data) {
  g_autoptr(GRand) random = g_rand_new_with_seed(SEED + 1);
  for (int i = 0; i < ROUNDS; i++) {
    g_autoptr(SemanticQuery) query = random_plain_query(random);
    g_autoptr(ResultTable) before = run(data, query);
    if (!before) continue;
    g_ptr_array_add(query->filters, filter_new_values("order_line.sales", OP_GREATER, "-1", NULL));
    g_autoptr(ResultTable) after = run(data, query);
    g_assert_cmpuint(before->n_rows, ==, after->n_rows);
    for (gsize row = 0; row < before->n_rows; row++)
      for (guint column = 0; column < result_table_n_columns(before); column++) {
        g_autofree char *one = value_to_text(result_table_at(before, row, column));
        g_autofree char *other = value_to_text(result_table_at(after, row, column));
        g_assert_cmpstr(one, ==, other);
      }
  }
}

static void check_restatement_is_stable(gconstpointer data) {
  const Fixture *fixture = data;
  g_autoptr(GRand) random = g_rand_new_with_seed(SEED);
  for (int i = 0; i < ROUNDS; i++) {
    g_autoptr(SemanticQuery) query = random_query(random);
    g_autofree char *text = semantic_query_restate(query, fixture->model);
    g_autofree char *again = semantic_query_restate(query, fixture->model);
    g_assert_cmpstr(text, ==, again);
    g_assert_cmpuint(strlen(text), >, 0);
    g_assert_false(strstr(text, "  ") != NULL);
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  Fixture fixture = {.shop = test_read_json("tests/data/query/shop.json")};
  fixture.model = test_shop_model(fixture.shop);
  fixture.engine = test_shop_engine(fixture.shop);
  fixture.scope = access_scope_new_local();
  g_test_add_data_func("/query/properties/json_round_trip", &fixture, check_json_round_trip);
  g_test_add_data_func("/query/properties/copy_is_equal", &fixture, check_copy_is_equal);
  g_test_add_data_func("/query/properties/canonical_ignores_order", &fixture, check_canonical_ignores_order);
  g_test_add_data_func("/query/properties/spellings_are_one", &fixture, check_spellings_are_one);
  g_test_add_data_func("/query/properties/every_statement_runs", &fixture, check_every_statement_runs);
  g_test_add_data_func("/query/properties/groups_add_up", &fixture, check_groups_add_up);
  g_test_add_data_func("/query/properties/comparison_is_two_queries", &fixture, check_comparison_is_two_queries);
  g_test_add_data_func("/query/properties/idle_filter", &fixture, check_idle_filter);
  g_test_add_data_func("/query/properties/restatement_is_stable", &fixture, check_restatement_is_stable);
  int status = g_test_run();
  access_scope_unref(fixture.scope);
  engine_unref(fixture.engine);
  model_unref(fixture.model);
  json_decref(fixture.shop);
  return status;
}
