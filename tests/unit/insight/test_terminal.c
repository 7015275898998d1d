/* Tables and drawings fit the terminal, align, and let no value touch the screen's controls. */
#include "insight/terminal.h"
#include "shape.h"
#include <string.h>

static Shape *find_shape(GPtrArray *shapes, const char *name) {
  for (guint i = 0; i < shapes->len; i++)
    if (strcmp(((Shape *)g_ptr_array_index(shapes, i))->name, name) == 0) return g_ptr_array_index(shapes, i);
  g_assert_not_reached();
}

static void check_lines(const Shape *shape, const char *text, int width) {
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++) {
    int used = terminal_width_of(lines[i]);
    if (used > width) g_test_message("%s: %d of %d columns: %s", shape->name, used, width, lines[i]);
    g_assert_cmpint(used, <=, width);
    for (const char *p = lines[i]; *p != '\0'; p++) g_assert_true((unsigned char)*p >= 0x20 && *p != 0x7f);
  }
}

static void test_everything_fits(void) {
  static const char *const FILES[] = {"shapes.json", "drawings.json"};
  static const int WIDTHS[] = {40, 80, 120};
  guint drawn = 0;
  for (guint f = 0; f < G_N_ELEMENTS(FILES); f++) {
    g_autoptr(GPtrArray) shapes = shapes_load(FILES[f]);
    for (guint i = 0; i < shapes->len; i++)
      for (guint w = 0; w < G_N_ELEMENTS(WIDTHS); w++) {
        const Shape *shape = g_ptr_array_index(shapes, i);
        g_autofree char *table = insight_render_table(&shape->input, WIDTHS[w], 15);
        g_autofree char *chart = insight_render_chart(&shape->input, WIDTHS[w]);
        check_lines(shape, table, WIDTHS[w]);
        if (chart == NULL) continue;
        check_lines(shape, chart, WIDTHS[w]);
        drawn++;
      }
  }
  g_assert_cmpuint(drawn, >, 80);
}

static void test_table(void) {
  g_autoptr(GPtrArray) shapes = shapes_load("shapes.json");
  g_autofree char *ranking = insight_render_table(&find_shape(shapes, "ranking")->input, 80, 3);
  g_assert_cmpstr(ranking, ==,
                  "Region         Sales\n"
                  "───────  ───────────\n"
                  "West     $725,457.82\n"
                  "East     $678,781.24\n"
                  "Central  $501,239.89\n"
                  "… 1 more row\n");
  g_autofree char *growth = insight_render_table(&find_shape(shapes, "growth by region")->input, 80, 10);
  g_assert_nonnull(strstr(growth, "South   $122.75         $130.00        -$7.25        -5.6 %\n"));
  g_assert_nonnull(strstr(growth, "+$10.00           new\n"));
}

static void test_wide_and_hostile_names(void) {
  g_autoptr(GPtrArray) shapes = shapes_load("drawings.json");
  const Shape *shape = find_shape(shapes, "wide names");
  g_autofree char *table = insight_render_table(&shape->input, 80, 10);
  g_assert_null(strchr(table, '\033'));
  g_assert_null(strchr(table, '\t'));
  g_auto(GStrv) lines = g_strsplit(table, "\n", -1);
  for (guint i = 3; i < 6; i++) g_assert_cmpint(terminal_width_of(lines[i]), ==, terminal_width_of(lines[2]));
}

static void test_columns_that_do_not_fit(void) {
  g_autoptr(GPtrArray) shapes = shapes_load("drawings.json");
  g_autofree char *table = insight_render_table(&find_shape(shapes, "many measures")->input, 80, 10);
  g_assert_nonnull(strstr(table, "… 2 more columns do not fit\n"));
  g_autofree char *detail = insight_render_table(&find_shape(shapes, "detail with numbers")->input, 60, 10);
  g_assert_nonnull(strstr(detail, "xxx…\n"));
}

static void test_bars(void) {
  g_autoptr(GPtrArray) shapes = shapes_load("shapes.json");
  g_autofree char *ranking = insight_render_chart(&find_shape(shapes, "tie at the top")->input, 40);
  g_assert_cmpstr(ranking, ==,
                  "Orders by region\n"
                  "West   ██████████████████████████████ 12\n"
                  "East   ██████████████████████████████ 12\n"
                  "South  █████████████████▌ 7\n");
  g_autofree char *signs = insight_render_chart(&find_shape(shapes, "loss to profit")->input, 40);
  g_assert_cmpstr(signs, ==,
                  "Profit, 2020 and 2019\n"
                  "2019  █████████████████ -$100.00\n"
                  "2020                   ████████ $50.50\n");
}

static void test_columns_over_time(void) {
  g_autoptr(GPtrArray) shapes = shapes_load("drawings.json");
  g_autofree char *chart = insight_render_chart(&find_shape(shapes, "profit and loss by month")->input, 80);
  g_auto(GStrv) lines = g_strsplit(chart, "\n", -1);
  g_assert_cmpuint(g_strv_length(lines), ==, 11);
  g_assert_nonnull(strstr(lines[1], " $5,729.33 ┤"));
  g_assert_nonnull(strstr(lines[8], "-$4,187.68 ┤"));
  g_assert_nonnull(strstr(lines[9], "Jan 2019"));
  g_assert_nonnull(strstr(lines[9], "Jun 2020"));
}

static void test_values(void) {
  typedef struct {
    const char *unit;
    double value;
    const char *text;
  } Case;
  static const Case CASES[] = {{"currency:GBP", 1234.5, "£1,234.50"},
                               {"currency:GBP", -0.001, "£0.00"},
                               {"currency:USD", -1234567.891, "-$1,234,567.89"},
                               {"currency:JPY", 1234.4, "¥1,234"},
                               {"currency:CHF", 5, "CHF 5.00"},
                               {"currency", 1234.5, "1,234.50"},
                               {"fraction", 0.123, "12.3 %"},
                               {"fraction", 0.0004, "0.040 %"},
                               {"fraction", 0, "0.0 %"},
                               {"pp", 0.012, "1.2 pp"},
                               {"count", 5009, "5,009"},
                               {"count", 3.7914, "3.79"},
                               {"", 0.00123, "0.0012"},
                               {"days", 4, "4"}};
  for (guint i = 0; i < G_N_ELEMENTS(CASES); i++) {
    AnswerColumn column = {.unit = (char *)CASES[i].unit, .role = COLUMN_MEASURE};
    Value value = {.type = VALUE_DOUBLE, .number = CASES[i].value};
    g_autofree char *text = insight_format_value(&column, &value);
    g_assert_cmpstr(text, ==, CASES[i].text);
  }
}

static void test_periods(void) {
  static const char *const CASES[][3] = {{"2020-11", "November 2020", "Nov 2020"},
                                         {"2020-Q4", "Q4 2020", "Q4 2020"},
                                         {"2020-W07", "week 7 of 2020", "W07 2020"},
                                         {"2020-11-30", "30 November 2020", "30 Nov 2020"},
                                         {"2020", "2020", "2020"},
                                         {"FY2020", "FY2020", "FY2020"},
                                         {"2020-13", "2020-13", "2020-13"},
                                         {"", "", ""},
                                         {"Widget-2020", "Widget-2020", "Widget-2020"}};
  for (guint i = 0; i < G_N_ELEMENTS(CASES); i++) {
    g_autofree char *full = view_period_label(CASES[i][0], FALSE);
    g_autofree char *brief = view_period_label(CASES[i][0], TRUE);
    g_assert_cmpstr(full, ==, CASES[i][1]);
    g_assert_cmpstr(brief, ==, CASES[i][2]);
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/insight/terminal/everything-fits", test_everything_fits);
  g_test_add_func("/insight/terminal/table", test_table);
  g_test_add_func("/insight/terminal/wide-and-hostile-names", test_wide_and_hostile_names);
  g_test_add_func("/insight/terminal/columns-that-do-not-fit", test_columns_that_do_not_fit);
  g_test_add_func("/insight/terminal/bars", test_bars);
  g_test_add_func("/insight/terminal/columns-over-time", test_columns_over_time);
  g_test_add_func("/insight/format/values", test_values);
  g_test_add_func("/insight/format/periods", test_periods);
  return g_test_run();
}
