/* What a scope leaves of the data and of the model. */
#include "model/relation.h"

#include <string.h>

#include "shop_model.h"

static Engine *open_shop(void) {
  GError *error = NULL;
  Engine *engine =
      engine_open_duckdb(&(EngineOptions){.threads = 1, .memory_limit_bytes = 256 << 20, .max_connections = 1}, &error);
  g_assert_no_error(error);
  engine_execute(
      engine,
      "CREATE SCHEMA lake;"
      "CREATE TABLE lake.store (store_id INTEGER, region VARCHAR);"
      "INSERT INTO lake.store VALUES (1, 'North'), (2, 'South'), (3, NULL), (4, 'O''Brien''s');"
      "CREATE TABLE lake.product (product_id VARCHAR, product_name VARCHAR, category VARCHAR);"
      "INSERT INTO lake.product VALUES ('P1', 'Kettle', 'Kitchen'), ('P2', 'Lamp', 'Light');"
      "CREATE TABLE lake.sale_line (order_id VARCHAR, sold_on DATE, product_id VARCHAR, store_id INTEGER, qty INTEGER,"
      "  unit_price DECIMAL(18,4), unit_cost DECIMAL(18,4), status VARCHAR);"
      "INSERT INTO lake.sale_line VALUES"
      "  ('A', '2024-01-01', 'P1', 1, 2, 10, 6, 'P'), ('A', '2024-01-01', 'P2', 1, 1, 5, 7, 'P'),"
      "  ('B', '2024-01-02', 'P1', 2, 1, 10, 6, 'C'), ('C', '2024-02-01', 'P2', 3, 4, 5, 3, 'P'),"
      "  ('D', '2024-02-02', 'P9', NULL, 1, 3, 1, NULL), ('E', '2024-02-03', 'P1', 4, 7, 11, 6, 'P');",
      DEADLINE_NEVER, &error);
  g_assert_no_error(error);
  return engine;
}

static AccessScope *scope_of(const char *text) {
  GError *error = NULL;
  g_autoptr(json_t) json = json_parse(text, strlen(text), &error);
  g_assert_no_error(error);
  AccessScope *scope = access_scope_from_json(json, &error);
  g_assert_no_error(error);
  return scope;
}

/* One cell of a query over the relations that the scope leaves, as text. "rel" stands for the dataset. */
static char *ask(Engine *engine, Model *model, const char *scope_text, const char *dataset, const char *what) {
  g_autoptr(AccessScope) scope = scope_of(scope_text);
  GError *error = NULL;
  g_autofree char *relation = relation_sql(model, model_find_dataset(model, dataset), scope, &error);
  g_assert_no_error(error);
  g_autofree char *sql = g_strdup_printf("WITH rel AS (%s) %s", relation, what);
  g_autoptr(ResultTable) result = engine_select(engine, sql, NULL, 0, DEADLINE_NEVER, &error);
  if (error != NULL) g_error("%s\n%s", error->message, sql);
  return value_to_text(result_table_at(result, 0, 0));
}

typedef struct {
  const char *scope, *dataset, *what, *expected;
} RelationCase;

static const RelationCase CASES[] = {
    {"{}", "sale_line", "SELECT count(*) FROM rel", "6"},
    {"{}", "sale_line", "SELECT sum(quantity * unit_price) FROM rel", "135"},
    {"{}", "sale_line", "SELECT sum(line_profit) FROM rel", "55"},
    /* own field, by name, label, qualified; text is compared as text */
    {"{\"row_filters\":[{\"field\":\"status\",\"values\":[\"P\"]}]}", "sale_line", "SELECT count(*) FROM rel", "4"},
    {"{\"row_filters\":[{\"field\":\"sale_line.status\",\"values\":[\"P\",\"C\"]}]}", "sale_line",
     "SELECT count(*) FROM rel", "5"},
    {"{\"row_filters\":[{\"field\":\"status\",\"values\":[]}]}", "sale_line", "SELECT count(*) FROM rel", "0"},
    {"{\"row_filters\":[{\"field\":\"store_id\",\"values\":[\"1\",\"4\",\"x\"]}]}", "sale_line",
     "SELECT count(*) FROM rel", "3"},
    {"{\"row_filters\":[{\"field\":\"sold_on\",\"values\":[\"2024-01-01\"]}]}", "sale_line", "SELECT count(*) FROM rel",
     "2"},
    /* a computed field */
    {"{\"row_filters\":[{\"field\":\"line_profit\",\"values\":[\"8\"]}]}", "sale_line", "SELECT count(*) FROM rel",
     "2"},
    /* over a relationship; rows without a partner are not shown; quotes in values stay values */
    {"{\"row_filters\":[{\"field\":\"region\",\"values\":[\"North\"]}]}", "sale_line", "SELECT count(*) FROM rel", "2"},
    {"{\"row_filters\":[{\"field\":\"Sales Region\",\"values\":[\"North\",\"South\"]}]}", "sale_line",
     "SELECT count(*) FROM rel", "3"},
    {"{\"row_filters\":[{\"field\":\"store.region\",\"values\":[\"O'Brien's\"]}]}", "sale_line",
     "SELECT count(*) FROM rel", "1"},
    {"{\"row_filters\":[{\"field\":\"store.region\",\"values\":[\"') OR TRUE --\"]}]}", "sale_line",
     "SELECT count(*) FROM rel", "0"},
    {"{\"row_filters\":[{\"field\":\"region\",\"values\":[\"North\"]}]}", "store", "SELECT count(*) FROM rel", "1"},
    /* no way from products to stores: whole */
    {"{\"row_filters\":[{\"field\":\"region\",\"values\":[\"North\"]}]}", "product", "SELECT count(*) FROM rel", "2"},
    /* two filters hold together */
    {"{\"row_filters\":[{\"field\":\"region\",\"values\":[\"North\"]},{\"field\":\"category\",\"values\":[\"Light\"]}]"
     "}",
     "sale_line", "SELECT count(*) FROM rel", "1"},
    /* filtered by a field that is hidden as well */
    {"{\"row_filters\":[{\"field\":\"region\",\"values\":[\"North\"]}],\"hidden_fields\":[\"region\"]}", "sale_line",
     "SELECT count(*) FROM rel", "2"},
};

static void test_rows(void) {
  g_autoptr(Engine) engine = open_shop();
  g_autoptr(Model) model = shop_model();
  for (guint i = 0; i < G_N_ELEMENTS(CASES); i++) {
    g_test_message("%s of %s", CASES[i].scope, CASES[i].dataset);
    g_autofree char *found = ask(engine, model, CASES[i].scope, CASES[i].dataset, CASES[i].what);
    g_assert_cmpstr(found, ==, CASES[i].expected);
    /* The same through the visible model: its relations must not show more. */
    g_autoptr(AccessScope) scope = scope_of(CASES[i].scope);
    g_autoptr(Model) visible = model_visible(model, scope);
    g_autofree char *through_view = ask(engine, visible, CASES[i].scope, CASES[i].dataset, CASES[i].what);
    g_assert_cmpstr(through_view, ==, CASES[i].expected);
  }
}

static char *columns_of(Engine *engine, Model *model, const char *scope_text, const char *dataset_name) {
  g_autoptr(AccessScope) scope = scope_of(scope_text);
  g_autofree char *relation = relation_sql(model, model_find_dataset(model, dataset_name), scope, NULL);
  g_autoptr(ResultTable) result = engine_select(engine, relation, NULL, 1, DEADLINE_NEVER, NULL);
  g_assert_nonnull(result);
  GString *names = g_string_new(NULL);
  for (guint i = 0; i < result->columns->len; i++)
    g_string_append_printf(names, "%s%s", i > 0 ? " " : "",
                           ((ResultColumn *)g_ptr_array_index(result->columns, i))->name);
  return g_string_free(names, FALSE);
}

static void test_columns(void) {
  g_autoptr(Engine) engine = open_shop();
  g_autoptr(Model) model = shop_model();
  static const char *const cases[][3] = {
      {"{}", "sale_line", "order_id sold_on product_id store_id quantity unit_price unit_cost line_profit status"},
      {"{\"hidden_fields\":[\"Cost price\"]}", "sale_line",
       "order_id sold_on product_id store_id quantity unit_price status"},
      {"{\"hidden_fields\":[\"sale_line.line_profit\"]}", "sale_line",
       "order_id sold_on product_id store_id quantity unit_price unit_cost status"},
      /* the field is named quantity, its column qty: everything that is computed from either goes */
      {"{\"hidden_fields\":[\"quantity\"]}", "sale_line",
       "order_id sold_on product_id store_id unit_price unit_cost status"},
      {"{\"hidden_fields\":[\"store.id\",\"region\"]}", "store", "row"},
      {"{\"hidden_fields\":[\"product.region\"]}", "store", "id region"},
  };
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *found = columns_of(engine, model, cases[i][0], cases[i][1]);
    g_assert_cmpstr(found, ==, cases[i][2]);
  }
}

static void test_two_fields_over_one_hidden_column(void) {
  ModelBuilder *builder = shop_builder();
  Dataset *sales = g_ptr_array_index(model_builder_draft(builder)->datasets, 0);
  model_builder_add_field(builder, sales, "purchase_price", "unit_cost", FIELD_DECIMAL, FIELD_ROLE_MEASURE);
  g_autoptr(Model) model = model_builder_finish(builder, NULL);
  g_autoptr(AccessScope) scope = scope_of("{\"hidden_fields\":[\"unit_cost\"]}");
  g_assert_false(relation_field_visible(model, model_find_field(model, "sale_line.purchase_price"), scope));
  g_assert_true(relation_field_visible(model, model_find_field(model, "sale_line.unit_price"), scope));
}

static void test_unknown_filter_shows_nothing(void) {
  g_autoptr(Model) model = shop_model();
  g_autoptr(AccessScope) scope = scope_of("{\"row_filters\":[{\"field\":\"regoin\",\"values\":[\"North\"]}]}");
  g_autoptr(GError) error = NULL;
  g_assert_null(relation_sql(model, model_find_dataset(model, "sale_line"), scope, &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_FORBIDDEN);
}

static void test_two_steps(void) {
  g_autoptr(Engine) engine = open_shop();
  g_assert_true(engine_execute(engine,
                               "CREATE TABLE lake.area (region VARCHAR, manager VARCHAR);"
                               "INSERT INTO lake.area VALUES ('North', 'Ann'), ('South', 'Bob')",
                               DEADLINE_NEVER, NULL));
  ModelBuilder *builder = shop_builder();
  Dataset *area = model_builder_add_dataset(builder, "area", "area");
  model_builder_add_field(builder, area, "region_name", "region", FIELD_TEXT, FIELD_ROLE_IDENTIFIER);
  model_builder_add_field(builder, area, "manager", NULL, FIELD_TEXT, FIELD_ROLE_DIMENSION);
  model_builder_add_relationship(builder, "store_to_area", "store", "region", "area", "region_name");
  g_autoptr(Model) model = model_builder_finish(builder, NULL);
  g_autofree char *found = ask(engine, model, "{\"row_filters\":[{\"field\":\"manager\",\"values\":[\"Bob\"]}]}",
                               "sale_line", "SELECT count(*) FROM rel");
  g_assert_cmpstr(found, ==, "1");
}

/* ---- the visible model ---- */

static void test_unrestricted_is_the_same_object(void) {
  g_autoptr(Model) model = shop_model();
  g_autoptr(AccessScope) scope = access_scope_new_local();
  g_autoptr(Model) visible = model_visible(model, scope);
  g_assert_true(visible == model);
  g_autoptr(AccessScope) elsewhere = scope_of("{\"hidden_fields\":[\"salary\"]}");
  g_autoptr(Model) untouched = model_visible(model, elsewhere);
  g_assert_true(untouched == model);
}

static void test_hidden_field_appears_nowhere(void) {
  g_autoptr(Model) model = shop_model();
  g_autoptr(AccessScope) scope = scope_of("{\"hidden_fields\":[\"sale_line.unit_cost\", \"order_id\", \"status\"]}");
  g_autoptr(Model) visible = model_visible(model, scope);
  g_autoptr(json_t) json = model_to_json(visible);
  g_autofree char *text = json_to_text(json, JSON_PLAIN);
  static const char *const gone[] = {"unit_cost",   "Cost Price",      "purchase price", "line_profit", "\"profit\"",
                                     "\"margin\"",  "at_a_loss",       "order_id",       "\"order\"",   "basket",
                                     "\"orders\"",  "lines_per_order", "status",         "called off",  "cancelled",
                                     "\"revenue\"", "turnover",        "cancelled_value"};
  for (guint i = 0; i < G_N_ELEMENTS(gone); i++)
    if (strstr(text, gone[i]) != NULL) g_error("%s is still in %s", gone[i], text);
  g_assert_nonnull(model_find_metric(visible, "lines"));
  g_assert_null(visible->default_metric); /* it was revenue, which needs the status */
  g_assert_cmpstr(visible->hash, !=, model->hash);
  g_assert_nonnull(model_find_metric(model, "margin")); /* the model itself is as it was */
}

static void test_hidden_metric(void) {
  g_autoptr(Model) model = shop_model();
  g_autoptr(AccessScope) scope = scope_of("{\"hidden_fields\":[\"profit\"]}"); /* no column has that name */
  g_autoptr(Model) visible = model_visible(model, scope);
  g_assert_null(model_find_metric(visible, "profit"));
  g_assert_null(model_find_metric(visible, "margin"));
  g_assert_nonnull(model_find_metric(visible, "revenue"));
}

static void test_hidden_join_key_and_level(void) {
  g_autoptr(Model) model = shop_model();
  g_autoptr(AccessScope) scope = scope_of("{\"hidden_fields\":[\"store.id\", \"product_name\"]}");
  g_autoptr(Model) visible = model_visible(model, scope);
  g_assert_null(model_join_path(visible, "sale_line", "store"));
  g_assert_cmpuint(visible->hierarchies->len, ==, 0);
  g_assert_null(model_find_entity(visible, "product")->name_field);
  g_assert_cmpuint(g_strv_length(model_find_dataset(visible, "store")->primary_key), ==, 0);
}

static void test_row_filter_forgets_what_was_measured(void) {
  g_autoptr(Model) model = shop_model();
  g_autoptr(AccessScope) scope = scope_of("{\"row_filters\":[{\"field\":\"region\",\"values\":[\"North\"]}]}");
  g_autoptr(Model) visible = model_visible(model, scope);
  const Field *quantity = model_find_field(visible, "sale_line.quantity");
  g_assert_null(quantity->minimum);
  g_assert_null(quantity->maximum);
  g_assert_cmpint(model_find_dataset(visible, "sale_line")->row_count, ==, -1);
  g_assert_cmpstr(model_find_field(model, "sale_line.quantity")->maximum, ==, "40");
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/relation/rows", test_rows);
  g_test_add_func("/relation/columns", test_columns);
  g_test_add_func("/relation/two_fields_over_one_hidden_column", test_two_fields_over_one_hidden_column);
  g_test_add_func("/relation/unknown_filter_shows_nothing", test_unknown_filter_shows_nothing);
  g_test_add_func("/relation/two_steps", test_two_steps);
  g_test_add_func("/visible/unrestricted_is_the_same_object", test_unrestricted_is_the_same_object);
  g_test_add_func("/visible/hidden_field_appears_nowhere", test_hidden_field_appears_nowhere);
  g_test_add_func("/visible/hidden_metric", test_hidden_metric);
  g_test_add_func("/visible/hidden_join_key_and_level", test_hidden_join_key_and_level);
  g_test_add_func("/visible/row_filter_forgets_what_was_measured", test_row_filter_forgets_what_was_measured);
  return g_test_run();
}
