/*
 * What queries mean before any SQL: relative time resolved (tests/data/query/resolve.json), mistakes found with their
 * path (validate.json), plain English (restate.json), and the SQL of a few, byte for byte (golden_sql.json).
 */
#include "unit/query/shop.h"

typedef struct {
  json_t *shop;
  Model *model;
  AccessScope *scope;
} Fixture;

static SemanticQuery *read_query(const json_t *json) {
  g_autoptr(GError) error = NULL;
  SemanticQuery *query = semantic_query_from_json(json, &error);
  g_assert_no_error(error);
  return query;
}

/* ---- time ---- */
static json_t *resolve_case_query(const json_t *spec) {
  json_t *query = json_pack("{s:[s], s:O}", "metrics", "revenue", "time", json_object_get(spec, "time"));
  json_t *compare = json_object_get(spec, "compare");
  if (json_is_string(compare))
    json_object_set_new(query, "compare", json_pack("{s:O}", "kind", compare));
  else if (compare)
    json_object_set_new(query, "compare", json_pack("{s:s, s:O}", "kind", "periods", "baseline", compare));
  return query;
}

static void check_range(guint number, const TimeRange *range, const char *from, const char *to) {
  g_autofree char *found_from = range->from == DAY_NONE ? NULL : day_format_iso(range->from);
  g_autofree char *found_to = range->to == DAY_NONE ? NULL : day_format_iso(range->to);
  if (g_strcmp0(found_from, from) != 0 || g_strcmp0(found_to, to) != 0) {
    g_test_message("case %u: %s to %s, not %s to %s", number, found_from, found_to, from, to);
    g_test_fail();
  }
}

static void check_resolving(gconstpointer data) {
  const Fixture *fixture = data;
  g_autoptr(json_t) cases = test_read_json("tests/data/query/resolve.json");
  for (guint i = 0; i < json_array_size(cases); i++) {
    const json_t *spec = json_array_get(cases, i), *baseline = json_object_get(spec, "baseline");
    ResolveContext context = {.calendar = CALENDAR_DEFAULT};
    g_assert_true(day_parse_iso(json_get_string(spec, "as_of"), &context.as_of));
    const json_t *calendar = json_object_get(spec, "calendar");
    context.calendar.week_start = (int)json_get_int(calendar, "week_start", 1);
    context.calendar.fiscal_start_month = (int)json_get_int(calendar, "fiscal_start_month", 1);
    g_autoptr(json_t) json = resolve_case_query(spec);
    g_autoptr(SemanticQuery) query = read_query(json);
    g_autoptr(GError) error = NULL;
    g_autoptr(SemanticQuery) resolved = semantic_query_resolve(query, fixture->model, &context, &error);
    g_assert_no_error(error);
    check_range(i, &resolved->time, json_get_string(spec, "from"), json_get_string(spec, "to"));
    if (!baseline) continue;
    g_assert_cmpint(resolved->compare.kind, ==, COMPARE_PERIODS);
    check_range(i, &resolved->compare.baseline, json_string_value(json_array_get(baseline, 0)),
                json_string_value(json_array_get(baseline, 1)));
  }
}

static void check_resolved_stays(gconstpointer data) {
  const Fixture *fixture = data;
  g_autoptr(json_t) cases = test_read_json("tests/data/query/resolve.json");
  for (guint i = 0; i < json_array_size(cases); i++) {
    g_autoptr(json_t) json = resolve_case_query(json_array_get(cases, i));
    g_autoptr(SemanticQuery) query = read_query(json);
    ResolveContext now = {.as_of = day_from_ymd(2020, 5, 20), .calendar = CALENDAR_DEFAULT};
    ResolveContext later = {.as_of = day_from_ymd(2024, 1, 7), .calendar = CALENDAR_DEFAULT};
    g_autoptr(SemanticQuery) resolved = semantic_query_resolve(query, fixture->model, &now, NULL);
    g_autoptr(SemanticQuery) again = semantic_query_resolve(resolved, fixture->model, &later, NULL);
    g_autofree char *first = semantic_query_canonical(resolved), *second = semantic_query_canonical(again);
    g_assert_cmpstr(first, ==, second);
  }
}

/* The region of orders, asked of visits, is the region of visits; but what a fact leads to keeps its name. */
static void check_one_spelling(gconstpointer data) {
  const Fixture *fixture = data;
  static const char *const cases[][3] = {
      {"visitors", "order_line.region", "visit.region"}, {"visitors", "visit.region", "visit.region"},
      {"revenue", "visit.region", "order_line.region"},  {"revenue", "product.category", "product.category"},
      {"revenue", "category", "product.category"},       {"conversion", "visit.region", "visit.region"}};
  ResolveContext context = {.as_of = day_from_ymd(2020, 5, 20), .calendar = CALENDAR_DEFAULT};
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(SemanticQuery) query = semantic_query_new();
    g_ptr_array_add(query->measures, measure_new_metric(cases[i][0]));
    g_ptr_array_add(query->filters, filter_new_values(cases[i][1], OP_EQUAL, "x", NULL));
    g_autoptr(SemanticQuery) resolved = semantic_query_resolve(query, fixture->model, &context, NULL);
    g_assert_cmpstr(((const Filter *)resolved->filters->pdata[0])->field, ==, cases[i][2]);
  }
}

/* ---- mistakes ---- */
static void check_mistakes(gconstpointer data) {
  const Fixture *fixture = data;
  g_autoptr(json_t) cases = test_read_json("tests/data/query/validate.json");
  for (guint i = 0; i < json_array_size(cases); i++) {
    const json_t *spec = json_array_get(cases, i);
    const char *wrong = json_get_string(spec, "error");
    g_autoptr(GError) error = NULL;
    g_autoptr(SemanticQuery) query = semantic_query_from_json(json_object_get(spec, "query"), &error);
    gboolean valid = query && semantic_query_validate(query, fixture->model, &error);
    g_assert_cmpint(valid, ==, wrong == NULL);
    if (!wrong) continue;
    g_assert_error(error, AISLE_ERROR, AISLE_ERROR_BAD_QUERY);
    if (!g_str_has_prefix(error->message, wrong)) {
      g_test_message("case %u: \"%s\", not \"%s\"", i, error->message, wrong);
      g_test_fail();
    }
  }
}

static void check_deep_nesting(gconstpointer data) {
  (void)data;
  json_t *filter = json_pack("{s:s, s:[s]}", "field", "order_line.region", "values", "West");
  for (int i = 0; i < 40; i++) filter = json_pack("{s:[o]}", "any", filter);
  g_autoptr(json_t) json = json_pack("{s:[s], s:[o]}", "metrics", "revenue", "filters", filter);
  g_autoptr(GError) error = NULL;
  g_autoptr(SemanticQuery) query = semantic_query_from_json(json, &error);
  g_assert_null(query);
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_BAD_QUERY);
  g_assert_nonnull(strstr(error->message, "nested too deep"));
}

/* ---- words ---- */
static void check_restatements(gconstpointer data) {
  const Fixture *fixture = data;
  g_autoptr(json_t) cases = test_read_json("tests/data/query/restate.json");
  for (guint i = 0; i < json_array_size(cases); i++) {
    const json_t *spec = json_array_get(cases, i);
    g_autoptr(SemanticQuery) query = read_query(json_object_get(spec, "query"));
    g_autofree char *text = semantic_query_restate(query, fixture->model);
    g_assert_cmpstr(text, ==, json_get_string(spec, "text"));
  }
}

/* ---- SQL ---- */
static json_t *lines_of(const char *text) {
  json_t *lines = json_array();
  g_auto(GStrv) split = g_strsplit(text, "\n", -1);
  for (char **line = split; *line; line++) json_array_append_new(lines, json_string(*line));
  return lines;
}

/* UPDATE_GOLDEN=1 writes the file anew, for the change to be read in a diff. */
static void update_golden_sql(const json_t *cases) {
  g_autoptr(GString) text = g_string_new("[\n");
  for (size_t i = 0; i < json_array_size(cases); i++) {
    json_append(text, json_array_get(cases, i), JSON_PLAIN);
    g_string_append(text, i + 1 < json_array_size(cases) ? ",\n" : "\n]\n");
  }
  g_autoptr(GError) error = NULL;
  g_file_set_contents("tests/data/query/golden_sql.json", text->str, (gssize)text->len, &error);
  g_assert_no_error(error);
}

static void check_golden_sql(gconstpointer data) {
  const Fixture *fixture = data;
  g_autoptr(json_t) cases = test_read_json("tests/data/query/golden_sql.json");
  g_assert_cmpuint(json_array_size(cases), >, 0);
  for (guint i = 0; i < json_array_size(cases); i++) {
    json_t *spec = json_array_get(cases, i);
    g_autoptr(SemanticQuery) query = read_query(json_object_get(spec, "query"));
    g_autoptr(GError) error = NULL;
    g_autoptr(CompiledQuery) compiled = semantic_query_compile(query, fixture->model, fixture->scope, &error);
    g_assert_no_error(error);
    g_autoptr(json_t) lines = lines_of(compiled->shown_sql);
    if (!json_equal(lines, json_object_get(spec, "sql"))) {
      g_test_message("case %u is now:\n%s", i, compiled->shown_sql);
      if (!g_getenv("UPDATE_GOLDEN")) g_test_fail();
    }
    json_object_set(spec, "sql", lines);
  }
  if (g_getenv("UPDATE_GOLDEN")) update_golden_sql(cases);
}

/* Values never become SQL: they are bound, and literals that people see are escaped. */
static void check_values_are_bound(gconstpointer data) {
  const Fixture *fixture = data;
  const char *value = "x'; DROP TABLE lake.order_line; --\x02p0\x03";
  g_autoptr(SemanticQuery) query = semantic_query_new();
  g_ptr_array_add(query->measures, measure_new_metric("revenue"));
  g_ptr_array_add(query->filters, filter_new_values("order_line.region", OP_EQUAL, value, NULL));
  g_autoptr(GError) error = NULL;
  g_autoptr(CompiledQuery) compiled = semantic_query_compile(query, fixture->model, fixture->scope, &error);
  g_assert_no_error(error);
  g_assert_null(strstr(compiled->sql, "DROP"));
  g_assert_cmpuint(compiled->parameters->len, ==, 1);
  g_assert_cmpstr(((const Parameter *)compiled->parameters->pdata[0])->text, ==, value);
  g_assert_nonnull(strstr(compiled->shown_sql, "'x''; DROP TABLE"));
}

/* ---- scope ---- */
static AccessScope *scope_of(const char *text) {
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) json = json_parse(text, strlen(text), &error);
  g_assert_no_error(error);
  AccessScope *scope = access_scope_from_json(json, &error);
  g_assert_no_error(error);
  return scope;
}

static void check_hidden_fields(gconstpointer data) {
  const Fixture *fixture = data;
  g_autoptr(AccessScope) scope =
      scope_of("{\"hidden_fields\": [\"order_line.profit\", \"product.category\", \"order_line.cancelled_at\"]}");
  static const char *const hidden[] = {"{\"metrics\":[\"profit\"]}",
                                       "{\"metrics\":[\"margin\"]}",
                                       "{\"metrics\":[\"revenue\"],\"dimensions\":[\"product.category\"]}",
                                       "{\"metrics\":[\"revenue\"],\"filters\":[{\"condition\":\"cancelled\"}]}",
                                       "{\"metrics\":[\"kept\"]}",
                                       "{\"metrics\":[\"revenue\"],\"filters\":[{\"condition\":\"furniture\"}]}",
                                       "{\"metrics\":[{\"aggregate\":\"max\",\"field\":\"order_line.profit\"}]}"};
  for (guint i = 0; i < G_N_ELEMENTS(hidden); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) json = json_parse(hidden[i], strlen(hidden[i]), &error);
    g_autoptr(SemanticQuery) query = read_query(json);
    g_autoptr(CompiledQuery) compiled = semantic_query_compile(query, fixture->model, scope, &error);
    g_assert_null(compiled);
    g_assert_error(error, AISLE_ERROR, AISLE_ERROR_BAD_QUERY);
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  Fixture fixture = {.shop = test_read_json("tests/data/query/shop.json")};
  fixture.model = test_shop_model(fixture.shop);
  fixture.scope = access_scope_new_local();
  g_test_add_data_func("/query/meaning/resolving", &fixture, check_resolving);
  g_test_add_data_func("/query/meaning/resolved_stays", &fixture, check_resolved_stays);
  g_test_add_data_func("/query/meaning/one_spelling", &fixture, check_one_spelling);
  g_test_add_data_func("/query/meaning/mistakes", &fixture, check_mistakes);
  g_test_add_data_func("/query/meaning/deep_nesting", &fixture, check_deep_nesting);
  g_test_add_data_func("/query/meaning/restatements", &fixture, check_restatements);
  g_test_add_data_func("/query/meaning/golden_sql", &fixture, check_golden_sql);
  g_test_add_data_func("/query/meaning/values_are_bound", &fixture, check_values_are_bound);
  g_test_add_data_func("/query/meaning/hidden_fields", &fixture, check_hidden_fields);
  int status = g_test_run();
  access_scope_unref(fixture.scope);
  model_unref(fixture.model);
  json_decref(fixture.shop);
  return status;
}
