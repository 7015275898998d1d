/* The model against changed data: every difference is found, with what to do, and nothing else. */
#include <string.h>

#include "shop_model.h"

#define SHOP_TABLES                                                                                                    \
  "CREATE SCHEMA lake;"                                                                                                \
  "CREATE TABLE lake.store (store_id INTEGER, region VARCHAR);"                                                        \
  "INSERT INTO lake.store VALUES (1, 'North'), (2, 'South');"                                                          \
  "CREATE TABLE lake.product (product_id VARCHAR, product_name VARCHAR, category VARCHAR);"                            \
  "INSERT INTO lake.product VALUES ('P1', 'Kettle', 'Kitchen'), ('P2', 'Lamp', 'Light');"                              \
  "CREATE TABLE lake.sale_line (order_id VARCHAR, sold_on DATE, product_id VARCHAR, store_id INTEGER, qty INTEGER,"    \
  "  unit_price DECIMAL(18,4), unit_cost DECIMAL(18,4), status VARCHAR);"                                              \
  "INSERT INTO lake.sale_line VALUES ('A', '2024-01-01', 'P1', 1, 2, 10, 6, 'P'), ('A', '2024-01-01', 'P2', 1, 1, 5, " \
  "7, 'P'),"                                                                                                           \
  "  ('B', '2024-01-02', 'P1', 2, 1, 10, 6, 'C');"

static GPtrArray *check(Model *model, const char *changes) {
  GError *error = NULL;
  g_autoptr(Engine) engine =
      engine_open_duckdb(&(EngineOptions){.threads = 1, .memory_limit_bytes = 256 << 20, .max_connections = 1}, &error);
  g_assert_no_error(error);
  g_autofree char *sql = g_strconcat(SHOP_TABLES, changes, NULL);
  engine_execute(engine, sql, DEADLINE_NEVER, &error);
  g_assert_no_error(error);
  GPtrArray *lines = model_check_data(model, engine, DEADLINE_NEVER, &error);
  g_assert_no_error(error);
  return lines;
}

typedef struct {
  const char *changes;
  const char *lines[6];
} CheckCase;

static const CheckCase CASES[] = {
    {"", {NULL}},
    {"DROP TABLE lake.store", {"dataset store: there is no table \"store\"; load it or remove the dataset"}},
    {"ALTER TABLE lake.product RENAME category TO categry",
     {"field product.category: the table has no column \"category\"; did you mean \"categry\"?"}},
    /* One missing column is one line, not one for each metric that uses it. */
    {"ALTER TABLE lake.sale_line DROP unit_cost",
     {"field sale_line.unit_cost: the table has no column \"unit_cost\"; remove the field or correct its expression"}},
    {"ALTER TABLE lake.sale_line ALTER sold_on TYPE VARCHAR",
     {"field sale_line.sold_on: the model says date, the table has VARCHAR; correct its type in the model"}},
    {"ALTER TABLE lake.sale_line ALTER unit_price TYPE VARCHAR",
     {"field sale_line.unit_price: the model says decimal, the table has VARCHAR; correct its type in the model",
      "field sale_line.line_profit: it does not run:", "metric revenue: it does not run:",
      "metric dear_price: it does not run:", "metric cancelled_value: it does not run:"}},
    {"INSERT INTO lake.product VALUES ('P1', 'Kettle 2', 'Kitchen')",
     {"dataset product: product_id is not unique in product, 1 values stand in more than one row; correct the key or "
      "the data"}},
    {"INSERT INTO lake.sale_line SELECT order_id, sold_on, 'P7', store_id, qty, unit_price, unit_cost, status FROM "
     "lake.sale_line",
     {"relationship sale_line_to_product: 3 of 6 rows of sale_line find no row in product; load what is missing or "
      "remove the relationship"}},
    {"UPDATE lake.sale_line SET status = 'P'",
     {"field sale_line.status: no row has the code \"C\"; correct or remove it",
      "condition cancelled: no row fulfils it; correct or remove it"}},
    {"UPDATE lake.sale_line SET status = NULL WHERE order_id = 'A' AND product_id = 'P2'",
     {"condition cancelled: it is neither true nor false for 1 rows; write coalesce(..., FALSE) around it"}},
    {"UPDATE lake.sale_line SET sold_on = NULL",
     {"dataset sale_line: its default date sold_on is empty in every row; name another date"}},
    {"DELETE FROM lake.sale_line", {"dataset sale_line: its table sale_line has no rows; load data"}},
};

static void test_differences(void) {
  g_autoptr(Model) model = shop_model();
  for (guint i = 0; i < G_N_ELEMENTS(CASES); i++) {
    g_autoptr(GPtrArray) lines = check(model, CASES[i].changes);
    guint expected = 0;
    for (; CASES[i].lines[expected] != NULL; expected++) {
      g_assert_cmpuint(expected, <, lines->len);
      const char *line = g_ptr_array_index(lines, expected);
      if (!g_str_has_prefix(line, CASES[i].lines[expected]))
        g_error("\"%s\": \"%s\", expected \"%s\"", CASES[i].changes, line, CASES[i].lines[expected]);
    }
    if (lines->len != expected)
      g_error("\"%s\": %u lines too many: %s", CASES[i].changes, lines->len - expected,
              (char *)g_ptr_array_index(lines, expected));
  }
}

/* A condition that fails on some row's value is named; the others are still judged. */
static void test_condition_that_breaks_on_data(void) {
  ModelBuilder *builder = shop_builder();
  model_builder_add_condition(builder, "breaks", "sale_line", "CAST(order_id AS INTEGER) > 1");
  g_autoptr(Model) model = model_builder_finish(builder, NULL);
  g_autoptr(GPtrArray) lines = check(model, "");
  g_assert_cmpuint(lines->len, >=, 1);
  for (guint i = 0; i < lines->len; i++)
    g_assert_true(
        g_str_has_prefix(g_ptr_array_index(lines, i), "condition breaks: it cannot be computed for every row: "));
}

static void test_condition_must_be_true_or_false(void) {
  ModelBuilder *builder = shop_builder();
  model_builder_add_condition(builder, "number", "sale_line", "quantity + 1");
  g_autoptr(Model) model = model_builder_finish(builder, NULL);
  g_autoptr(GPtrArray) lines = check(model, "");
  g_assert_cmpuint(lines->len, ==, 1);
  g_assert_cmpstr(g_ptr_array_index(lines, 0), ==,
                  "condition number: its expression gives INTEGER, not true or false; write a comparison");
}

static void test_deadline(void) {
  g_autoptr(Model) model = shop_model();
  g_autoptr(Engine) engine = engine_open_duckdb(&(EngineOptions){.threads = 1, .max_connections = 1}, NULL);
  gint cancelled = 1;
  g_autoptr(GError) error = NULL;
  g_assert_null(model_check_data(model, engine, deadline_in_ms(10000, &cancelled), &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_CANCELLED);
}

static void test_summary(void) {
  ModelBuilder *builder = shop_builder();
  Dataset *sales = g_ptr_array_index(model_builder_draft(builder)->datasets, 0);
  sales->row_count = 9994;
  ((Field *)g_ptr_array_index(sales->fields, 0))->distinct_count = 5009;
  model_set_text(&((Field *)g_ptr_array_index(sales->fields, 1))->minimum, "2017-01-03 00:00:00");
  model_set_text(&((Field *)g_ptr_array_index(sales->fields, 1))->maximum, "2020-12-30 00:00:00");
  g_autoptr(Model) model = model_builder_finish(builder, NULL);
  g_autofree char *summary = model_summarise(model);
  g_assert_cmpstr(summary, ==,
                  "9,994 sale lines, 5,009 orders, 2017-01-03 to 2020-12-30; product; store; "
                  "revenue is quantity * unit price without cancelled in GBP");
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/model_check/differences", test_differences);
  g_test_add_func("/model_check/condition_that_breaks_on_data", test_condition_that_breaks_on_data);
  g_test_add_func("/model_check/condition_must_be_true_or_false", test_condition_must_be_true_or_false);
  g_test_add_func("/model_check/deadline", test_deadline);
  g_test_add_func("/model_check/summary", test_summary);
  return g_test_run();
}
