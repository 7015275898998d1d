#include "media/media.h"

#include <string.h>

static const ChartStyle small = {.width = 400, .height = 300};

static json_t *bar_chart(const char *label) {
  return json_pack("{s:{s:s}, s:{s:s, s:[s, s]}, s:{s:s}, s:[{s:s, s:s, s:[i, i]}]}", "title", "text", label, "xAxis", "type", "category", "data",
                   label, "Tea", "yAxis", "type", "value", "series", "type", "bar", "name", "Revenue", "data", 3, 5);
}

static char *csv_of(const char *text) {
  g_autoptr(json_t) row = json_pack("[s]", text);
  g_autoptr(GString) out = g_string_new(NULL);
  media_csv_row(out, row);
  return g_strdup(out->str);
}

static void test_csv_cells(void) {
  static const struct {
    const char *text, *cell;
  } cases[] = {{"West", "West"},
               {"", ""},
               {"a,b", "\"a,b\""},
               {"say \"hi\"", "\"say \"\"hi\"\"\""},
               {"two\nlines", "\"two\nlines\""},
               {"=1+1", "\"'=1+1\""},
               {"+44 20", "\"'+44 20\""},
               {"-5", "\"'-5\""},
               {"@x", "\"'@x\""},
               {"  =1+1", "\"'  =1+1\""},
               {"\t=1", "\"'\t=1\""},
               {"\r=1", "\"'\r=1\""},
               {"\n=1", "\"'\n=1\""},
               {"\xef\xbc\x9d" "1", "\"'\xef\xbc\x9d" "1\""},
               {"a=b", "a=b"},
               {"5-4", "5-4"}};
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *cell = csv_of(cases[i].text), *expected = g_strconcat(cases[i].cell, "\r\n", NULL);
    g_assert_cmpstr(cell, ==, expected);
  }
}

static void test_csv_numbers(void) {
  g_autoptr(json_t) row = json_pack("[i, f, n, b, f]", -5, 0.1, 1, 1234567.25);
  g_autoptr(GString) out = g_string_new(NULL);
  media_csv_row(out, row);
  g_assert_cmpstr(out->str, ==, "-5,0.1,,true,1234567.25\r\n");
}

static void test_a_chart(void) {
  g_autoptr(ChartDrawer) drawer = chart_drawer_new();
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) option = bar_chart("<script>alert(1)</script> & Sons");
  g_autofree char *svg = chart_drawer_svg(drawer, option, &small, DEADLINE_NEVER, &error);
  g_assert_no_error(error);
  g_assert_true(g_str_has_prefix(svg, "<svg width=\"400\" height=\"300\""));
  g_assert_nonnull(strstr(svg, "&lt;script&gt;"));
  g_assert_null(strstr(svg, "<script"));
  ChartStyle dark = {.width = 400, .height = 300, .dark = TRUE, .type = "line"};
  g_autofree char *other = chart_drawer_svg(drawer, option, &dark, DEADLINE_NEVER, &error);
  g_assert_no_error(error);
  g_assert_cmpstr(svg, !=, other);
  g_autofree char *again = chart_drawer_svg(drawer, option, &small, DEADLINE_NEVER, &error);
  g_assert_cmpuint(strlen(again), >, 1000);
}

static void test_what_cannot_be_drawn(void) {
  g_autoptr(ChartDrawer) drawer = chart_drawer_new();
  g_autoptr(GError) error = NULL;
  g_autofree char *large = g_strnfill(MEDIA_MAX_OPTION_BYTES, 'x');
  g_autoptr(json_t) too_large = bar_chart(large);
  g_assert_null(chart_drawer_svg(drawer, too_large, &small, DEADLINE_NEVER, &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_TOO_LARGE);
  g_clear_error(&error);
  /* Something a chart library does not know: an error or an empty picture, never the end of the program. */
  g_autoptr(json_t) wrong = json_pack("{s:[{s:s, s:[s]}], s:{s:s}}", "series", "type", "bar", "data", "x", "xAxis", "type", "nothing");
  g_autofree char *svg = chart_drawer_svg(drawer, wrong, &small, DEADLINE_NEVER, &error);
  g_assert_true((svg != NULL) != (error != NULL));
  g_clear_error(&error);
  /* And it draws on. */
  g_autoptr(json_t) good = bar_chart("Tea");
  g_autofree char *after = chart_drawer_svg(drawer, good, &small, DEADLINE_NEVER, &error);
  g_assert_no_error(error);
  g_assert_nonnull(after);
}

typedef struct {
  ChartDrawer *drawer;
  gint drawn, late; /* atomic */
} Drawing;

static gpointer draw_or_be_late(gpointer data) {
  Drawing *drawing = data;
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) option = bar_chart("Tea");
  g_autofree char *svg = chart_drawer_svg(drawing->drawer, option, &small, deadline_in_ms(60000, NULL), &error);
  g_assert_no_error(error);
  if (svg != NULL) g_atomic_int_inc(&drawing->drawn);
  g_autofree char *never = chart_drawer_svg(drawing->drawer, option, &small, deadline_in_ms(0, NULL), &error);
  if (never == NULL) g_atomic_int_inc(&drawing->late);
  return NULL;
}

static void test_many_at_once(void) {
  g_autoptr(ChartDrawer) drawer = chart_drawer_new();
  Drawing drawing = {drawer, 0, 0};
  GThread *threads[4];
  for (guint i = 0; i < 4; i++) threads[i] = g_thread_new("draw", draw_or_be_late, &drawing);
  for (guint i = 0; i < 4; i++) g_thread_join(threads[i]);
  g_assert_cmpint(drawing.drawn, ==, 4);
}

static void test_a_png(void) {
  g_autoptr(GError) error = NULL;
  static const char svg[] = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"120\" height=\"80\"><rect width=\"120\" height=\"80\" fill=\"red\"/></svg>";
  g_autoptr(GBytes) png = media_png_of_svg(svg, 2, &error);
  if (g_error_matches(error, AISLE_ERROR, AISLE_ERROR_UNSUPPORTED)) {
    g_test_skip("librsvg is not installed");
    return;
  }
  g_assert_no_error(error);
  gsize length = 0;
  const guint8 *bytes = g_bytes_get_data(png, &length);
  g_assert_cmpuint(length, >, 33);
  g_assert_cmpint(memcmp(bytes, "\x89PNG\r\n\x1a\n", 8), ==, 0);
  g_assert_cmpint(bytes[19], ==, 240);
  g_assert_cmpint(bytes[23], ==, 160);
  /* No file of the machine is read for a picture. */
  static const char outward[] = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"50\" height=\"50\"><image href=\"file:///etc/passwd\" width=\"50\" height=\"50\"/></svg>";
  g_autoptr(GBytes) blank = media_png_of_svg(outward, 1, NULL);
  g_assert_nonnull(blank);
  g_assert_null(media_png_of_svg("no picture", 1, &error));
  g_assert_nonnull(error);
  g_clear_error(&error);
  g_assert_null(media_png_of_svg("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"99999\" height=\"99999\"/>", 1, &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_TOO_LARGE);
}

static json_t *answer(void) {
  return json_pack("{s:s, s:s, s:s, s:[{s:s, s:s, s:s, s:s, s:s, s:s}, {s:s, s:s, s:s, s:s, s:s, s:s}], s:[[s, f], [s, n]], s:s, s:[{s:s, s:s}], "
                   "s:[{s:s, s:i, s:s}]}",
                   "question", "revenue by <b>day</b>", "restatement", "Revenue by day", "narrative", "It is £12.50.", "columns", "name", "day",
                   "label", "Day & date", "type", "date", "role", "dimension", "unit", "", "format", "date", "name", "revenue", "label", "Revenue",
                   "type", "decimal", "role", "measure", "unit", "currency:GBP", "format", "money", "rows", "2023-05-01", 12.5, "=1+1", "sql",
                   "SELECT 1 < 2", "caveats", "code", "x", "text", "cut <off>", "sources", "table", "sales", "version", 3, "data_through",
                   "2023-12-28");
}

static void test_a_page(void) {
  g_autoptr(json_t) json = answer();
  g_autofree char *page = media_printable(json, "<svg onload=\"alert(1)\"/>");
  g_assert_nonnull(strstr(page, "<h1>revenue by &lt;b&gt;day&lt;/b&gt;</h1>"));
  g_assert_nonnull(strstr(page, "Day &amp; date"));
  g_assert_nonnull(strstr(page, "£12.50</td>"));
  g_assert_nonnull(strstr(page, "cut &lt;off&gt;"));
  g_assert_nonnull(strstr(page, "sales, version 3, data through 2023-12-28"));
  g_assert_nonnull(strstr(page, "SELECT 1 &lt; 2"));
  g_assert_null(strstr(page, "onload")); /* the picture stands as base64 */
  g_autoptr(json_t) empty = json_object();
  g_autofree char *bare = media_printable(empty, NULL);
  g_assert_nonnull(strstr(bare, "<h1>Answer</h1>"));
}

static void test_a_workbook(void) {
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) json = answer();
  g_autoptr(GBytes) book = media_workbook(json, &error);
  g_assert_no_error(error);
  gsize length = 0;
  const char *bytes = g_bytes_get_data(book, &length);
  g_assert_cmpuint(length, >, 2000);
  g_assert_cmpint(memcmp(bytes, "PK\x03\x04", 4), ==, 0);
  g_autoptr(json_t) empty = json_pack("{s:[], s:[]}", "columns", "rows");
  g_autoptr(GBytes) none = media_workbook(empty, &error);
  g_assert_no_error(error);
  g_assert_nonnull(none);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/media/csv-cells", test_csv_cells);
  g_test_add_func("/media/csv-numbers", test_csv_numbers);
  g_test_add_func("/media/a-chart", test_a_chart);
  g_test_add_func("/media/what-cannot-be-drawn", test_what_cannot_be_drawn);
  g_test_add_func("/media/many-at-once", test_many_at_once);
  g_test_add_func("/media/a-png", test_a_png);
  g_test_add_func("/media/a-page", test_a_page);
  g_test_add_func("/media/a-workbook", test_a_workbook);
  return g_test_run();
}
