/* Types of columns: the cases of tests/data/lake/columns.json. */
#include "lake/column_profile.h"
#include <string.h>

static const char *const type_names[] = {"text",    "integer", "decimal",   "double",
                                         "boolean", "date",    "timestamp", "time"};

static void check_values(const json_t *test, const ColumnPlan *plan) {
  json_t *cells = json_object_get(test, "cells"), *values = json_object_get(test, "values");
  g_assert_cmpuint(json_array_size(cells), ==, json_array_size(values));
  for (size_t i = 0; i < json_array_size(cells); i++) {
    const char *cell = json_string_value(json_array_get(cells, i)),
               *expected = json_string_value(json_array_get(values, i));
    g_autoptr(GString) out = g_string_new(NULL);
    CellOutcome outcome = column_plan_convert(plan, cell, strlen(cell), out);
    g_assert_cmpint(outcome, ==, expected ? CELL_VALUE : CELL_NULL);
    g_assert_cmpstr(out->str, ==, expected ? expected : "");
  }
}

static void check_column(gconstpointer data) {
  const json_t *test = data;
  const char *header = json_get_string(test, "header");
  ColumnProfile profile;
  column_profile_init(&profile);
  size_t i;
  json_t *cell;
  json_array_foreach (json_object_get(test, "cells"), i, cell)
    column_profile_add(&profile, json_string_value(cell), json_string_length(cell));
  TableEvidence evidence = {0};
  table_evidence_add(&evidence, &profile);
  ColumnPlan plan;
  ImportedColumn column = {0};
  column_profile_decide(&profile, header, &evidence, &plan, &column);
  g_assert_cmpstr(type_names[column.type], ==, json_get_string(test, "type"));
  g_assert_cmpstr(column.currency, ==, json_get_string(test, "currency"));
  g_assert_cmpint(column.is_percent, ==, json_get_bool(test, "percent", FALSE));
  g_assert_cmpint(column.is_path, ==, json_get_bool(test, "path", FALSE));
  const char *note = json_get_string(test, "note");
  if (note && !(column.note && strstr(column.note, note)))
    g_error("note \"%s\" does not say \"%s\"", column.note, note);
  const json_t *words = json_object_get(test, "yes_no");
  g_assert_cmpstr(column.yes, ==, words ? json_string_value(json_array_get(words, 0)) : NULL);
  g_assert_cmpstr(column.no, ==, words ? json_string_value(json_array_get(words, 1)) : NULL);
  check_values(test, &plan);
  g_free(column.yes);
  g_free(column.no);
  g_free(column.currency);
  g_free(column.note);
}

/* Another column of the table tells what this one leaves open. */
static void siblings_decide(void) {
  ColumnProfile ambiguous, clear;
  column_profile_init(&ambiguous);
  column_profile_init(&clear);
  column_profile_add(&ambiguous, "3/4/2021", 8);
  column_profile_add(&ambiguous, "5/6/2021", 8);
  column_profile_add(&clear, "25/6/2021", 9);
  TableEvidence evidence = {0};
  table_evidence_add(&evidence, &ambiguous);
  table_evidence_add(&evidence, &clear);
  ColumnPlan plan;
  ImportedColumn column = {0};
  column_profile_decide(&ambiguous, "shipped", &evidence, &plan, &column);
  g_assert_cmpint(plan.order, ==, DATE_ORDER_DMY);
  g_assert_nonnull(strstr(column.note, "other date columns"));
  g_free(column.note);
}

/* A cell in a hundred that is no number is counted, not a reason for text. */
static void rubbish_is_counted(void) {
  ColumnProfile profile;
  column_profile_init(&profile);
  for (int i = 0; i < 200; i++) column_profile_add(&profile, "4.2", 3);
  column_profile_add(&profile, "|", 1);
  TableEvidence evidence = {0};
  ColumnPlan plan;
  ImportedColumn column = {0};
  column_profile_decide(&profile, "rating", &evidence, &plan, &column);
  g_assert_cmpint(column.type, ==, FIELD_DECIMAL);
  g_autoptr(GString) out = g_string_new(NULL);
  g_assert_cmpint(column_plan_convert(&plan, "|", 1, out), ==, CELL_BAD);
  g_assert_cmpstr(out->str, ==, "");
  g_free(column.note);
}

static void identifiers_by_name(void) {
  static const char *const yes[] = {"Order ID",     "InvoiceNo",        "zip",      "Postal Code", "customer_id",
                                    "Phone Number", "ship-postal-code", "StockCode"};
  static const char *const no[] = {"Quantity", "Number of orders", "paid", "width", "Country", "Notes", "discount", ""};
  for (gsize i = 0; i < G_N_ELEMENTS(yes); i++) g_assert_true(header_is_identifier(yes[i]));
  for (gsize i = 0; i < G_N_ELEMENTS(no); i++) g_assert_false(header_is_identifier(no[i]));
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_autoptr(GError) error = NULL;
  json_t *cases = json_parse_file("tests/data/lake/columns.json", &error);
  g_assert_no_error(error);
  size_t i;
  json_t *test;
  json_array_foreach (cases, i, test) {
    g_autofree char *path = g_strconcat("/lake/columns/", json_get_string(test, "name"), NULL);
    g_test_add_data_func(path, test, check_column);
  }
  g_test_add_func("/lake/columns/siblings decide", siblings_decide);
  g_test_add_func("/lake/columns/rubbish is counted", rubbish_is_counted);
  g_test_add_func("/lake/columns/identifiers by name", identifiers_by_name);
  int status = g_test_run();
  json_decref(cases);
  return status;
}
