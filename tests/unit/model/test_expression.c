#include "model/expression.h"

#include <string.h>

#include "shop_model.h"

static char *references_of(const char *expression) {
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) references = expression_references(expression, &error);
  if (references == NULL) return g_strdup_printf("error: %s", error->message);
  GString *text = g_string_new(NULL);
  for (guint i = 0; i < references->len; i++) {
    const ColumnReference *reference = g_ptr_array_index(references, i);
    g_string_append_printf(text, "%s%s%s%s", i > 0 ? " " : "", reference->qualifier != NULL ? reference->qualifier : "",
                           reference->qualifier != NULL ? "." : "", reference->name);
  }
  return g_string_free(text, FALSE);
}

static void test_references(void) {
  static const struct {
    const char *expression, *references;
  } cases[] = {
      {"quantity * unit_price", "quantity unit_price"},
      {"Quantity*\"Unit Price\"", "quantity unit price"},
      {"status = 'quantity'", "status"},
      {"status = 'it''s quantity'", "status"},
      {"sale_line.quantity + 1.5e3", "sale_line.quantity"},
      {"CASE WHEN a > 0 THEN b ELSE NULL END", "a b"},
      {"CAST(a AS integer)", "a"},
      {"a::date", "a"},
      {"date '2020-01-01' < date", "date"},
      {"extract(year FROM sold_on)", "sold_on"},
      {"sold_on - INTERVAL 3 day", "sold_on"},
      {"coalesce(a, b) IS NOT DISTINCT FROM c", "a b c"},
      {"upper(name) LIKE 'A%' ESCAPE '!'", "name"},
      {"a IN ('x', 'y') AND NOT b BETWEEN 1 AND 2", "a b"},
      {"\"select\" + 1", "select"},
      {"\"a\"\"b\"", "a\"b"},
  };
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *found = references_of(cases[i].expression);
    g_assert_cmpstr(found, ==, cases[i].references);
  }
}

static void test_refused(void) {
  static const char *const refused[] = {
      "",
      "a; DROP TABLE b",
      "a -- comment",
      "a /* comment */",
      "'open",
      "\"open",
      "a)",
      "(a",
      "a, b",
      "*",
      "a.*",
      "count(*)",
      "SUM(a)",
      "max ( a )",
      "(SELECT 1)",
      "(FROM t)",
      "a IN (SELECT b)",
      "row_number() OVER ()",
      "$1",
      "?",
      "$$x$$",
      "E'\\n'",
      "columns('.*')",
      "a.b.c",
      "1abc",
      "((((((((((((((((((((((((((((((((((((((((((1))))))))))))))))))))))))))))))))))))))))))",
      "x -> y # 1",
      "EXISTS (FROM t)",
      "a UNION b",
      "a LIMIT 1",
      "any_value(a)",
      "{'a': 1}",
      "lag(a)",
      "a FROM t"};
  for (guint i = 0; i < G_N_ELEMENTS(refused); i++) {
    g_autoptr(GError) error = NULL;
    if (expression_check_scalar(refused[i], &error)) g_error("\"%s\" was not refused", refused[i]);
    g_assert_error(error, AISLE_ERROR, AISLE_ERROR_BAD_MODEL);
  }
}

static void test_accepted(void) {
  static const char *const accepted[] = {"a",
                                         "a * b",
                                         "a * -1",
                                         "(a) * (b)",
                                         "CASE WHEN a THEN 1 END * 2",
                                         "trim(BOTH ' ' FROM a)",
                                         "substring(a FROM 2 FOR 3)",
                                         "extract(month FROM a)",
                                         "a IS DISTINCT FROM b",
                                         "'--' || a",
                                         "';' || a",
                                         "\"order\"",
                                         "greatest(a, b)",
                                         "date_diff('day', a, b)",
                                         "a::decimal(18,4) / nullif(b, 0)",
                                         "1"};
  for (guint i = 0; i < G_N_ELEMENTS(accepted); i++) {
    g_autoptr(GError) error = NULL;
    expression_check_scalar(accepted[i], &error);
    if (error != NULL) g_error("\"%s\": %s", accepted[i], error->message);
  }
}

static void test_too_long(void) {
  g_autofree char *long_text = g_strnfill(EXPRESSION_MAX_BYTES + 1, '1');
  g_autoptr(GError) error = NULL;
  g_assert_null(expression_tokenize(long_text, &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_BAD_MODEL);
}

static void test_expand(void) {
  g_autoptr(Model) model = shop_model();
  const Dataset *sales = model_find_dataset(model, "sale_line");
  g_autofree char *profit = expression_expand(sales, "line_profit < 0", "base", NULL);
  g_assert_cmpstr(profit, ==, "(base.\"qty\" * (base.\"unit_price\" - base.\"unit_cost\")) < 0");
  g_autofree char *stored = expression_of_field(sales, dataset_find_field(sales, "quantity"), NULL, NULL);
  g_assert_cmpstr(stored, ==, "\"qty\"");
  g_autofree char *own = expression_expand(sales, "sale_line.quantity", NULL, NULL);
  g_assert_cmpstr(own, ==, "\"qty\"");
  g_autoptr(GError) error = NULL;
  g_assert_null(expression_expand(sales, "product.category", NULL, &error));
  g_assert_nonnull(strstr(error->message, "of another dataset"));
}

/* A field may be computed from the column of its own name, and others from that field. */
static void test_expand_own_name(void) {
  g_autoptr(ModelBuilder) builder = model_builder_new("spelling");
  Dataset *dataset = model_builder_add_dataset(builder, "t", "t");
  Field *city = model_builder_add_field(builder, dataset, "city", "upper(city)", FIELD_TEXT, FIELD_ROLE_DIMENSION);
  g_autofree char *shown = expression_of_field(dataset, city, "base", NULL);
  g_assert_cmpstr(shown, ==, "upper(base.\"city\")");
  g_autofree char *used = expression_expand(dataset, "city = 'ROME'", NULL, NULL);
  g_assert_cmpstr(used, ==, "(upper(\"city\")) = 'ROME'");
}

/* Each field doubles the one before: the text would grow to 2^40 copies. */
static void test_expansion_is_bounded(void) {
  g_autoptr(ModelBuilder) builder = model_builder_new("bomb");
  Dataset *dataset = model_builder_add_dataset(builder, "t", "t");
  model_builder_add_field(builder, dataset, "f0", NULL, FIELD_INTEGER, FIELD_ROLE_MEASURE);
  for (guint i = 1; i <= 40; i++) {
    g_autofree char *name = g_strdup_printf("f%u", i), *expression = g_strdup_printf("f%u + f%u", i - 1, i - 1);
    model_builder_add_field(builder, dataset, name, expression, FIELD_INTEGER, FIELD_ROLE_MEASURE);
  }
  g_autoptr(GError) error = NULL;
  g_assert_null(expression_expand(dataset, "f40", NULL, &error));
  g_assert_nonnull(strstr(error->message, "grows too long"));
  g_autoptr(GPtrArray) problems = model_builder_problems(builder);
  g_assert_cmpuint(problems->len, >, 0);
}

static void test_qualify_and_back(void) {
  g_autofree char *qualified = expression_qualify("CASE WHEN status = 'C' THEN quantity END", "sale_line", NULL);
  g_assert_cmpstr(qualified, ==, "CASE WHEN sale_line.status = 'C' THEN sale_line.quantity END");
  g_autofree char *back = expression_unqualify(qualified, "sale_line", NULL);
  g_assert_cmpstr(back, ==, "CASE WHEN status = 'C' THEN quantity END");
}

static void test_columns_beneath(void) {
  g_autoptr(Model) model = shop_model();
  g_autoptr(GHashTable) columns = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  expression_add_columns(model_find_dataset(model, "sale_line"), "line_profit", columns);
  g_assert_true(g_hash_table_contains(columns, "unit_cost"));
  g_assert_true(g_hash_table_contains(columns, "qty"));
  g_assert_false(g_hash_table_contains(columns, "status"));
}

static void test_names_are_quoted_where_needed(void) {
  g_autofree char *plain = model_column_expression("quantity"), *keyword = model_column_expression("order");
  g_assert_cmpstr(plain, ==, "quantity");
  g_assert_cmpstr(keyword, ==, "\"order\"");
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/expression/references", test_references);
  g_test_add_func("/expression/refused", test_refused);
  g_test_add_func("/expression/accepted", test_accepted);
  g_test_add_func("/expression/too_long", test_too_long);
  g_test_add_func("/expression/expand", test_expand);
  g_test_add_func("/expression/expand_own_name", test_expand_own_name);
  g_test_add_func("/expression/expansion_is_bounded", test_expansion_is_bounded);
  g_test_add_func("/expression/qualify_and_back", test_qualify_and_back);
  g_test_add_func("/expression/columns_beneath", test_columns_beneath);
  g_test_add_func("/expression/names_are_quoted_where_needed", test_names_are_quoted_where_needed);
  return g_test_run();
}
