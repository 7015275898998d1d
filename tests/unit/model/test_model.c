#include <string.h>

#include "shop_model.h"

static void test_look_ups(void) {
  g_autoptr(Model) model = shop_model();
  g_assert_cmpstr(model_find_metric(model, "revenue")->label, ==, "Sales");
  g_assert_cmpstr(model_find_metric(model, "lines_per_order")->label, ==, "lines per order");
  g_assert_null(model_find_metric(model, "revenues"));
  g_assert_null(model_find_metric(model, NULL));
  g_assert_cmpstr(model_find_condition(model, "cancelled")->expression, ==, "status = 'C'");
  g_assert_cmpstr(model_find_entity(model, "order")->key, ==, "order_id");
  g_assert_cmpstr(model_find_field(model, "region")->dataset, ==, "store");
  g_assert_cmpstr(model_find_field(model, "store.region")->dataset, ==, "store");
  /* In two datasets: the main fact's. */
  g_assert_cmpstr(model_find_field(model, "product_id")->dataset, ==, "sale_line");
  g_assert_cmpstr(model_find_field(model, "product.product_id")->dataset, ==, "product");
  g_assert_null(model_find_field(model, "product.region"));
  g_assert_null(model_find_field(model, "nowhere.region"));
}

static void test_ambiguous_field_without_main_fact(void) {
  ModelBuilder *builder = shop_builder();
  model_set_text(&model_builder_draft(builder)->default_dataset, NULL);
  g_autoptr(Model) model = model_builder_finish(builder, NULL);
  g_assert_nonnull(model);
  g_assert_null(model_find_field(model, "product_id"));
}

static void test_join_path(void) {
  g_autoptr(Model) model = shop_model();
  g_autoptr(GPtrArray) path = model_join_path(model, "sale_line", "store");
  g_assert_cmpuint(path->len, ==, 1);
  g_assert_cmpstr(((Relationship *)g_ptr_array_index(path, 0))->name, ==, "sale_line_to_store");
  g_autoptr(GPtrArray) itself = model_join_path(model, "store", "store");
  g_assert_cmpuint(itself->len, ==, 0);
  g_assert_null(model_join_path(model, "store", "sale_line")); /* one-to-many is no way */
  g_assert_null(model_join_path(model, "product", "store"));
  g_assert_null(model_join_path(model, "sale_line", "nowhere"));
}

static void test_join_path_over_two_steps_and_circles(void) {
  ModelBuilder *builder = model_builder_new("chain");
  const char *names[] = {"a", "b", "c", "d"};
  for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
    Dataset *dataset = model_builder_add_dataset(builder, names[i], names[i]);
    model_builder_add_field(builder, dataset, "k", NULL, FIELD_TEXT, FIELD_ROLE_IDENTIFIER);
  }
  model_builder_add_relationship(builder, "ab", "a", "k", "b", "k");
  model_builder_add_relationship(builder, "bc", "b", "k", "c", "k");
  model_builder_add_relationship(builder, "ca", "c", "k", "a", "k");
  g_autoptr(Model) model = model_builder_finish(builder, NULL);
  g_autoptr(GPtrArray) path = model_join_path(model, "a", "c");
  g_assert_cmpuint(path->len, ==, 2);
  g_assert_cmpstr(((Relationship *)g_ptr_array_index(path, 0))->name, ==, "ab");
  g_assert_cmpstr(((Relationship *)g_ptr_array_index(path, 1))->name, ==, "bc");
  g_assert_null(model_join_path(model, "a", "d"));
}

static void test_metric_datasets(void) {
  g_autoptr(Model) model = shop_model();
  g_autoptr(GPtrArray) one = model_metric_datasets(model, model_find_metric(model, "margin"));
  g_assert_cmpuint(one->len, ==, 1);
  g_assert_cmpstr(((Dataset *)g_ptr_array_index(one, 0))->name, ==, "sale_line");
}

static void test_hash_follows_content(void) {
  g_autoptr(Model) first = shop_model();
  g_autoptr(Model) second = shop_model();
  g_assert_cmpuint(strlen(first->hash), ==, 64);
  g_assert_cmpstr(first->hash, ==, second->hash);
  ModelBuilder *builder = shop_builder();
  model_add_word(&((Metric *)g_ptr_array_index(model_builder_draft(builder)->metrics, 0))->synonyms, "income");
  g_autoptr(Model) changed = model_builder_finish(builder, NULL);
  g_assert_cmpstr(first->hash, !=, changed->hash);
}

static void assert_problem(ModelBuilder *builder, const char *expected) {
  GError *error = NULL;
  g_assert_null(model_builder_finish(builder, &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_BAD_MODEL);
  if (strstr(error->message, expected) == NULL) g_error("expected \"%s\" in:\n%s", expected, error->message);
  g_error_free(error);
}

static void test_problems_of_references(void) {
  ModelBuilder *builder = shop_builder();
  model_builder_add_derived_metric(builder, "broken", METRIC_RATIO, "profit", "revnue");
  assert_problem(builder, "metric broken: the denominator \"revnue\" is no metric; did you mean \"revenue\"?");
  builder = shop_builder();
  model_builder_add_metric(builder, "broken", AGGREGATE_SUM, "sale_line", "quantity * unit_prise");
  assert_problem(builder, "\"unit_prise\" is no field of sale_line; did you mean \"unit_price\"?");
  builder = shop_builder();
  model_builder_add_metric(builder, "broken", AGGREGATE_SUM, "sale_line", "SUM(quantity)");
  assert_problem(builder, "sum() needs many rows, the expression must be about one row");
  builder = shop_builder();
  model_builder_add_condition(builder, "cancelled", "sale_line", "TRUE");
  assert_problem(builder, "condition cancelled: there are two of this name; rename or remove one");
  builder = shop_builder();
  model_builder_add_relationship(builder, "bad", "sale_line", "store_id", "store", "number");
  assert_problem(builder, "relationship bad: \"number\" is no field of store");
  builder = shop_builder();
  model_builder_add_metric(builder, "Broken Name", AGGREGATE_COUNT, "sale_line", NULL);
  assert_problem(builder, "\"Broken Name\" is not a name; use lower-case letters");
}

static void test_problems_of_circles(void) {
  ModelBuilder *builder = shop_builder();
  model_builder_add_derived_metric(builder, "a", METRIC_RATIO, "b", "revenue");
  model_builder_add_derived_metric(builder, "b", METRIC_RATIO, "revenue", "a");
  assert_problem(builder, "metric a: it is computed from itself; let numerator and denominator lead to aggregates");
  builder = shop_builder();
  Dataset *dataset = g_ptr_array_index(model_builder_draft(builder)->datasets, 0);
  model_builder_add_field(builder, dataset, "x", "y + 1", FIELD_INTEGER, FIELD_ROLE_MEASURE);
  model_builder_add_field(builder, dataset, "y", "x + 1", FIELD_INTEGER, FIELD_ROLE_MEASURE);
  assert_problem(builder, "is computed from itself");
}

static void test_all_problems_at_once(void) {
  ModelBuilder *builder = shop_builder();
  model_builder_add_metric(builder, "one", AGGREGATE_SUM, "nowhere", "x");
  model_builder_add_metric(builder, "two", AGGREGATE_SUM, "sale_line", NULL);
  model_set_text(&model_builder_draft(builder)->currency, "pounds");
  g_autoptr(GPtrArray) problems = model_builder_problems(builder);
  g_assert_cmpuint(problems->len, ==, 3);
  model_builder_free(builder);
}

static void test_enumerations_by_name(void) {
  for (Aggregate aggregate = AGGREGATE_NONE; aggregate <= AGGREGATE_STDDEV; aggregate++) {
    Aggregate read = AGGREGATE_NONE;
    g_assert_true(aggregate_parse(aggregate_name(aggregate), &read));
    g_assert_cmpint(read, ==, aggregate);
  }
  Aggregate untouched = AGGREGATE_MAX;
  g_assert_false(aggregate_parse("total", &untouched));
  g_assert_cmpint(untouched, ==, AGGREGATE_MAX);
}

static void test_json(void) {
  g_autoptr(Model) model = shop_model();
  g_autoptr(json_t) json = model_to_json(model);
  g_assert_cmpstr(json_get_string(json, "hash"), ==, model->hash);
  g_assert_cmpuint(json_array_size(json_object_get(json, "metrics")), ==, model->metrics->len);
  const json_t *sales = json_array_get(json_object_get(json, "datasets"), 0);
  g_assert_cmpint(json_get_int(sales, "row_count", -1), ==, 6);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/model/look_ups", test_look_ups);
  g_test_add_func("/model/ambiguous_field_without_main_fact", test_ambiguous_field_without_main_fact);
  g_test_add_func("/model/join_path", test_join_path);
  g_test_add_func("/model/join_path_over_two_steps_and_circles", test_join_path_over_two_steps_and_circles);
  g_test_add_func("/model/metric_datasets", test_metric_datasets);
  g_test_add_func("/model/hash_follows_content", test_hash_follows_content);
  g_test_add_func("/model/problems_of_references", test_problems_of_references);
  g_test_add_func("/model/problems_of_circles", test_problems_of_circles);
  g_test_add_func("/model/all_problems_at_once", test_all_problems_at_once);
  g_test_add_func("/model/enumerations_by_name", test_enumerations_by_name);
  g_test_add_func("/model/json", test_json);
  return g_test_run();
}
