/* What holds for every query: its JSON reads back, its canonical bytes ignore order, its SQL prepares and is the same
 * twice. */
#include "unit/query/random_query.h"
#include "unit/query/shop.h"

#define ROUNDS 800
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

/* Either an error that says why, or SQL that runs and is the same each time. */
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
  g_test_add_data_func("/query/properties/restatement_is_stable", &fixture, check_restatement_is_stable);
  int status = g_test_run();
  access_scope_unref(fixture.scope);
  engine_unref(fixture.engine);
  model_unref(fixture.model);
  json_decref(fixture.shop);
  return status;
}
