#include <glib/gstdio.h>
#include <string.h>

#include "model/metric_sql.h"
#include "model/model_yaml.h"
#include "shop_model.h"

#define DATA "tests/data/model"

static char *make_workspace(void) {
  char *folder = g_dir_make_tmp("aisle-model-XXXXXX", NULL);
  g_assert_nonnull(folder);
  return folder;
}

static char *read_text(const char *workspace, const char *name) {
  g_autofree char *path = g_build_filename(workspace, name, NULL);
  char *text = NULL;
  g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
  return text;
}

static void write_text(const char *workspace, const char *name, const char *text) {
  g_autofree char *path = g_build_filename(workspace, name, NULL);
  g_autofree char *folder = g_path_get_dirname(path);
  g_assert_cmpint(g_mkdir_with_parents(folder, 0755), ==, 0);
  g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void remove_workspace(char *workspace) {
  static const char *const names[] = {MODEL_CORE_FILE, MODEL_EXTENSION_FILE, "model", ""};
  for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
    g_autofree char *path = g_build_filename(workspace, names[i], NULL);
    g_remove(path);
  }
  g_free(workspace);
}

static Model *load(const char *workspace) {
  GError *error = NULL;
  Model *model = model_load(workspace, &error);
  g_assert_no_error(error);
  return model;
}

static void save(const Model *model, GHashTable *notes, const char *workspace) {
  GError *error = NULL;
  model_save(model, notes, workspace, &error);
  g_assert_no_error(error);
}

/* ---- round trip ---- */

static void assert_same(const Model *model, const Model *read) {
  g_autoptr(json_t) before = model_to_json(model);
  g_autoptr(json_t) after = model_to_json(read);
  g_autofree char *before_text = json_to_text(before, JSON_SORTED | JSON_PRETTY),
                  *after_text = json_to_text(after, JSON_SORTED | JSON_PRETTY);
  g_assert_cmpstr(before_text, ==, after_text);
  g_assert_cmpstr(model->hash, ==, read->hash);
}

static void test_round_trip(void) {
  char *workspace = make_workspace();
  g_autoptr(Model) model = shop_model();
  g_autoptr(GHashTable) notes = g_hash_table_new(g_str_hash, g_str_equal);
  g_hash_table_insert(notes, "revenue", "quantity times unit price:\nthere is no column of amounts");
  save(model, notes, workspace);
  g_autofree char *core = read_text(workspace, MODEL_CORE_FILE),
                  *extension = read_text(workspace, MODEL_EXTENSION_FILE);
  g_assert_nonnull(
      strstr(extension, "  # quantity times unit price:\n  # there is no column of amounts\n  revenue:\n"));
  g_assert_nonnull(
      strstr(core, "SUM(CASE WHEN NOT (sale_line.status = 'C') THEN sale_line.quantity * sale_line.unit_price END)"));
  g_autoptr(Model) read = load(workspace);
  assert_same(model, read);
  save(read, NULL, workspace);
  g_autofree char *core_again = read_text(workspace, MODEL_CORE_FILE),
                  *extension_again = read_text(workspace, MODEL_EXTENSION_FILE);
  g_assert_cmpstr(core, ==, core_again);
  g_assert_cmpstr(extension, ==, extension_again);
  remove_workspace(workspace);
}

/* Texts that YAML would take for something else, or that need quoting. */
static void test_round_trip_of_difficult_texts(void) {
  static const char *const texts[] = {"yes",
                                      "null",
                                      "~",
                                      "0123",
                                      "1e3",
                                      "2020-01-01",
                                      "a: b",
                                      "a #b",
                                      "- a",
                                      " lead",
                                      "trail ",
                                      "\"quoted\"",
                                      "it's",
                                      "new\nline",
                                      "tab\there",
                                      "\x7f",
                                      "\xc2\x85",
                                      "\xe2\x80\xa8",
                                      "Größe",
                                      "\xf0\x9f\x9b\x92",
                                      "[a]",
                                      "{a}",
                                      "*a",
                                      "&a",
                                      "!a",
                                      "%a",
                                      "@a",
                                      "`a`",
                                      "|",
                                      ">",
                                      "\\",
                                      ("\xef\xbb\xbf"
                                       "bom"),
                                      "?",
                                      ":",
                                      "-",
                                      "a,b",
                                      "=",
                                      "<<"};
  ModelBuilder *builder = shop_builder();
  Dataset *sales = g_ptr_array_index(model_builder_draft(builder)->datasets, 0);
  Field *field = g_ptr_array_index(sales->fields, 0);
  for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
    model_add_word(&field->synonyms, texts[i]);
    model_add_code(field, texts[i], SHOP_WORDS(texts[i]));
  }
  model_set_text(&field->minimum, "0007");
  g_autoptr(Model) model = model_builder_finish(builder, NULL);
  g_assert_nonnull(model);
  char *workspace = make_workspace();
  save(model, NULL, workspace);
  g_autoptr(Model) read = load(workspace);
  assert_same(model, read);
  remove_workspace(workspace);
}

/* ---- what people write stays ---- */

static void replace_in_file(const char *workspace, const char *name, const char *old, const char *new) {
  g_autofree char *text = read_text(workspace, name);
  g_auto(GStrv) parts = g_strsplit(text, old, 2);
  g_assert_cmpuint(g_strv_length(parts), ==, 2);
  g_autofree char *edited = g_strjoinv(new, parts);
  write_text(workspace, name, edited);
}

static void test_edits_survive(void) {
  char *workspace = make_workspace();
  g_autoptr(Model) model = shop_model();
  save(model, NULL, workspace);
  replace_in_file(workspace, MODEL_EXTENSION_FILE, "  revenue:\n    label: Sales\n",
                  "  # agreed with finance, March\n  revenue:\n    label: Net sales  # as in the board pack\n");
  replace_in_file(workspace, MODEL_EXTENSION_FILE, "synonyms: [turnover, takings]",
                  "synonyms:\n      - turnover\n      - top line");
  replace_in_file(
      workspace, MODEL_CORE_FILE, "        source: lake.product\n",
      "        source: lake.product\n        description: What we sell  # from the buyers\n        ai_context:\n"
      "          instructions: \"Use product_name\"\n          examples:\n            - best sellers\n"
      "        custom_extensions:\n          # for the other tool\n          - vendor_name: DBT\n            data: "
      "'{\"a\": 1}'\n");
  g_autoptr(Model) read = load(workspace);
  g_assert_cmpstr(model_find_metric(read, "revenue")->label, ==, "Net sales");
  g_assert_cmpstr(model_find_metric(read, "revenue")->synonyms[1], ==, "top line");
  save(read, NULL, workspace);
  g_autofree char *core = read_text(workspace, MODEL_CORE_FILE),
                  *extension = read_text(workspace, MODEL_EXTENSION_FILE);
  g_assert_nonnull(
      strstr(extension, "  # agreed with finance, March\n  revenue:\n    label: Net sales  # as in the board pack\n"));
  g_assert_nonnull(strstr(core, "        description: What we sell  # from the buyers\n"));
  g_assert_nonnull(strstr(core, "          examples:\n            - best sellers\n"));
  g_assert_nonnull(strstr(
      core, "          # for the other tool\n          - vendor_name: DBT\n            data: \"{\\\"a\\\": 1}\"\n"));
  g_autoptr(Model) again = load(workspace);
  assert_same(read, again);
  save(again, NULL, workspace);
  g_autofree char *core_again = read_text(workspace, MODEL_CORE_FILE),
                  *extension_again = read_text(workspace, MODEL_EXTENSION_FILE);
  g_assert_cmpstr(core, ==, core_again);
  g_assert_cmpstr(extension, ==, extension_again);
  remove_workspace(workspace);
}

/* ---- models of other tools ---- */

static void test_core_alone(void) {
  char *workspace = make_workspace();
  g_autofree char *core = read_text(DATA, "other_tool/core.yaml");
  write_text(workspace, MODEL_CORE_FILE, core);
  g_autoptr(Model) model = load(workspace);
  g_assert_cmpstr(model->default_dataset, ==, "orders");
  const Dataset *orders = model_find_dataset(model, "orders");
  g_assert_cmpstr(orders->table, ==, "orders");
  g_assert_cmpstr(orders->default_date, ==, "order_date");
  g_assert_true(orders->is_fact);
  g_assert_cmpint(dataset_find_field(orders, "amount")->role, ==, FIELD_ROLE_MEASURE);
  g_assert_cmpint(dataset_find_field(orders, "customer")->role, ==, FIELD_ROLE_IDENTIFIER);
  g_assert_false(model_find_dataset(model, "customers")->is_fact);
  const Metric *total = model_find_metric(model, "total_amount");
  g_assert_cmpint(total->aggregate, ==, AGGREGATE_SUM);
  g_assert_cmpstr(total->dataset, ==, "orders");
  g_assert_cmpstr(total->expression, ==, "amount");
  g_assert_cmpstr(total->synonyms[0], ==, "turnover");
  const Metric *ratio = model_find_metric(model, "revenue_per_customer");
  g_assert_cmpint(ratio->kind, ==, METRIC_RATIO);
  g_assert_cmpstr(ratio->numerator, ==, "total_amount");
  g_assert_cmpstr(ratio->denominator, ==, "customer_count");
  const Metric *big = model_find_metric(model, "big_order_share");
  g_assert_cmpstr(big->numerator, ==, "big_order_share_numerator");
  g_assert_cmpstr(model_find_metric(model, "big_order_share_numerator")->expression, ==,
                  "CASE WHEN amount > 100 THEN 1 END");
  g_assert_cmpint(model_find_metric(model, "net_change")->kind, ==, METRIC_DIFFERENCE);
  /* Writing it down in full and reading it again changes nothing. */
  save(model, NULL, workspace);
  g_autoptr(Model) again = load(workspace);
  assert_same(model, again);
  remove_workspace(workspace);
}

static void test_sql_of_metrics(void) {
  g_autoptr(Model) model = shop_model();
  static const struct {
    const char *metric, *sql;
  } cases[] = {
      {"profit", "SUM(sale_line.line_profit)"},
      {"orders", "COUNT(DISTINCT sale_line.order_id)"},
      {"lines", "COUNT(sale_line.order_id)"}, /* several datasets: COUNT(*) would not say of which */
      {"lines_per_order", "1.0 * COUNT(sale_line.order_id) / NULLIF(COUNT(DISTINCT sale_line.order_id), 0)"},
      {"dear_price", "PERCENTILE_CONT(0.9) WITHIN GROUP (ORDER BY sale_line.unit_price)"},
      {"cancelled_value",
       "-SUM(CASE WHEN (sale_line.status = 'C') THEN sale_line.quantity * sale_line.unit_price END)"},
  };
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *sql = metric_to_sql(model, model_find_metric(model, cases[i].metric));
    g_assert_cmpstr(sql, ==, cases[i].sql);
  }
  g_assert_true(metric_sql_equal("sum( A.b )", "(SUM(a.b))"));
  g_assert_false(metric_sql_equal("SUM(a.b)", "SUM(a.c)"));
  g_assert_false(metric_sql_equal("SUM('A')", "SUM('a')"));
}

/* ---- mistakes ---- */

/* tests/data/model/mistakes/<case>/{core.yaml, aisle.yaml, expected.txt}: every line expected, and no other. */
static void test_mistakes(gconstpointer data) {
  const char *name = data;
  g_autofree char *folder = g_build_filename(DATA, "mistakes", name, NULL);
  g_autofree char *core = read_text(folder, "core.yaml"), *expected = read_text(folder, "expected.txt");
  g_autofree char *extension_path = g_build_filename(folder, "aisle.yaml", NULL);
  char *workspace = make_workspace();
  write_text(workspace, MODEL_CORE_FILE, core);
  if (g_file_test(extension_path, G_FILE_TEST_EXISTS)) {
    g_autofree char *extension = read_text(folder, "aisle.yaml");
    write_text(workspace, MODEL_EXTENSION_FILE, extension);
  }
  g_autoptr(GError) error = NULL;
  g_autoptr(Model) model = model_load(workspace, &error);
  remove_workspace(workspace);
  g_assert_null(model);
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_BAD_MODEL);
  if (strcmp(error->message, g_strchomp(expected)) == 0) return;
  g_test_message("the messages of %s are:\n%s\nexpected:\n%s", name, error->message, expected);
  g_test_fail();
}

static void add_mistake_tests(void) {
  g_autoptr(GDir) folder = g_dir_open(DATA "/mistakes", 0, NULL);
  g_assert_nonnull(folder);
  for (const char *name; (name = g_dir_read_name(folder)) != NULL;) {
    g_autofree char *path = g_strdup_printf("/model_yaml/mistakes/%s", name);
    g_test_add_data_func_full(path, g_strdup(name), test_mistakes, g_free);
  }
}

static void assert_refused(const char *core, gsize length, const char *expected) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Model) model = model_from_texts(core, length, NULL, 0, &error);
  g_assert_null(model);
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_BAD_MODEL);
  if (strstr(error->message, expected) == NULL) g_error("expected \"%s\" in \"%s\"", expected, error->message);
}

static void test_hostile_input(void) {
  assert_refused("", 0, "model/core.yaml:1:1: the file is empty");
  assert_refused("a: &x [1]\nb: *x\n", 15, "model/core.yaml:2:4: aliases (*name) are not supported");
  assert_refused("a: !!python/object x\n", 21, "1:4: tags (!name) are not supported");
  assert_refused("version: 1\n--- \nversion: 2\n", 27, "a second document begins here");
  assert_refused("a: \xff\xfe\n", 6, "not UTF-8");
  assert_refused("a\0b: 1\n", 7, "not UTF-8");
  assert_refused("a: [1, 2\n", 9, "this is not YAML");
  assert_refused("a: \"\\0\"\n", 8, "zero byte");
  assert_refused("? [a]\n: b\n", 10, "a key must be a plain word");
  assert_refused("- a\n", 4, "the file is not entries of the form");
  g_autofree char *deep = g_strnfill(5000, '[');
  assert_refused(deep, 5000, "nested too deeply");
  g_autofree char *large = g_strnfill(YAML_MAX_BYTES + 1, 'a');
  assert_refused(large, YAML_MAX_BYTES + 1, "larger than 16 MB");
  g_autoptr(GString) many = g_string_new("version: [");
  for (guint i = 0; i < YAML_MAX_NODES + 10; i++) g_string_append(many, "1, ");
  g_string_append(many, "1]\n");
  assert_refused(many->str, many->len, "too many entries");
}

static void test_missing_files(void) {
  char *workspace = make_workspace();
  g_autoptr(GError) error = NULL;
  g_assert_null(model_load(workspace, &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND);
  g_assert_nonnull(strstr(error->message, "aisle init"));
  remove_workspace(workspace);
}

static void test_byte_order_mark_and_crlf(void) {
  g_autofree char *core = read_text(DATA, "other_tool/core.yaml");
  g_auto(GStrv) lines = g_strsplit(core, "\n", -1);
  g_autofree char *joined = g_strjoinv("\r\n", lines);
  g_autofree char *windows = g_strconcat("\xef\xbb\xbf", joined, NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(Model) model = model_from_texts(windows, strlen(windows), NULL, 0, &error);
  g_assert_no_error(error);
  g_assert_nonnull(model_find_metric(model, "total_amount"));
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/model_yaml/round_trip", test_round_trip);
  g_test_add_func("/model_yaml/round_trip_of_difficult_texts", test_round_trip_of_difficult_texts);
  g_test_add_func("/model_yaml/edits_survive", test_edits_survive);
  g_test_add_func("/model_yaml/core_alone", test_core_alone);
  g_test_add_func("/model_yaml/sql_of_metrics", test_sql_of_metrics);
  g_test_add_func("/model_yaml/hostile_input", test_hostile_input);
  g_test_add_func("/model_yaml/missing_files", test_missing_files);
  g_test_add_func("/model_yaml/byte_order_mark_and_crlf", test_byte_order_mark_and_crlf);
  add_mistake_tests();
  return g_test_run();
}
