/* The picture of every shape of result: its kind, its data, and that it is nothing but data. */
#include "shape.h"
#include <string.h>

static Shape *find_shape(GPtrArray *shapes, const char *name) {
  for (guint i = 0; i < shapes->len; i++)
    if (strcmp(((Shape *)g_ptr_array_index(shapes, i))->name, name) == 0) return g_ptr_array_index(shapes, i);
  g_test_message("no shape %s", name);
  g_assert_not_reached();
}

static GPtrArray *all_shapes(void) {
  GPtrArray *shapes = shapes_load("shapes.json");
  g_autoptr(GPtrArray) more = shapes_load("drawings.json");
  while (more->len > 0) g_ptr_array_add(shapes, g_ptr_array_steal_index(more, 0));
  return shapes;
}

typedef struct {
  const char *shape;
  const char *type; /* of the first series; NULL: no chart */
  int series;
  const char *category; /* axis that has the categories */
} Expected;

static const Expected EXPECTED[] = {{"single amount", NULL, 0, NULL},
                                    {"detail", NULL, 0, NULL},
                                    {"empty list", NULL, 0, NULL},
                                    {"no numbers", NULL, 0, NULL},
                                    {"one winner", NULL, 0, NULL},
                                    {"only growth", NULL, 0, NULL},
                                    {"two periods", "bar", 1, "xAxis"},
                                    {"two members", "bar", 1, "xAxis"},
                                    {"two measures in one row", "bar", 1, "xAxis"},
                                    {"series", "bar", 1, "xAxis"},
                                    {"four years by month", "line", 1, "xAxis"},
                                    {"cumulative", "bar", 2, "xAxis"},
                                    {"ranking", "bar", 1, "yAxis"},
                                    {"growth by region", "bar", 2, "yAxis"},
                                    {"shares", "pie", 1, NULL},
                                    {"many small shares", "bar", 1, "yAxis"},
                                    {"two dimensions", "bar", 2, "xAxis"},
                                    {"months by category", "line", 3, "xAxis"},
                                    {"many series", "bar", 8, "xAxis"},
                                    {"weekdays", "bar", 1, "xAxis"},
                                    {"hours", "bar", 1, "xAxis"},
                                    {"distribution", "bar", 1, "xAxis"},
                                    {"eighty products", "bar", 1, "yAxis"},
                                    {"year over year by month", "line", 2, "xAxis"},
                                    {"two measures ranked", "bar", 2, "yAxis"},
                                    {"top within", "bar", 1, "yAxis"}};

static void test_kinds(void) {
  g_autoptr(GPtrArray) shapes = all_shapes();
  for (guint i = 0; i < G_N_ELEMENTS(EXPECTED); i++) {
    const Expected *expected = &EXPECTED[i];
    g_autoptr(json_t) option = insight_chart(&find_shape(shapes, expected->shape)->input);
    g_test_message("%s", expected->shape);
    if (expected->type == NULL) {
      g_assert_null(option);
      continue;
    }
    json_t *series = json_object_get(option, "series");
    g_assert_cmpint((int)json_array_size(series), ==, expected->series);
    g_assert_cmpstr(json_get_string(json_array_get(series, 0), "type"), ==, expected->type);
    if (expected->category != NULL)
      g_assert_cmpstr(json_get_string(json_object_get(option, expected->category), "type"), ==, "category");
  }
}

/* A chart travels as JSON: no functions, no missing lengths, described for those who cannot see it. */
static void test_options_are_whole(void) {
  g_autoptr(GPtrArray) shapes = all_shapes();
  guint charts = 0;
  for (guint i = 0; i < shapes->len; i++) {
    const Shape *shape = g_ptr_array_index(shapes, i);
    g_autoptr(json_t) option = insight_chart(&shape->input);
    if (option == NULL) continue;
    charts++;
    g_autofree char *text = json_to_text(option, JSON_PLAIN);
    g_autoptr(json_t) again = insight_chart(&shape->input);
    g_autofree char *again_text = json_to_text(again, JSON_PLAIN);
    g_assert_cmpstr(text, ==, again_text);
    g_assert_null(strstr(text, "function"));
    g_assert_true(json_get_bool(json_object_get(option, "aria"), "enabled", FALSE));
    g_assert_nonnull(json_get_string(json_object_get(option, "title"), "text"));
    json_t *x = json_object_get(option, "xAxis"), *y = json_object_get(option, "yAxis");
    json_t *categories = x == NULL ? NULL : strcmp(json_get_string(x, "type"), "category") == 0 ? x : y;
    size_t k, expected = json_array_size(json_object_get(categories, "data"));
    json_t *series;
    json_array_foreach (json_object_get(option, "series"), k, series)
      if (categories != NULL) g_assert_cmpuint(json_array_size(json_object_get(series, "data")), ==, expected);
    if (json_array_size(json_object_get(option, "series")) > 1) g_assert_nonnull(json_object_get(option, "legend"));
  }
  g_assert_cmpuint(charts, >, 30);
}

static void test_ranking_is_sorted(void) {
  g_autoptr(GPtrArray) shapes = all_shapes();
  g_autoptr(json_t) option = insight_chart(&find_shape(shapes, "two measures ranked")->input);
  json_t *names = json_object_get(json_object_get(option, "yAxis"), "data");
  /* By the last measure drawn, largest first. */
  g_assert_cmpstr(json_string_value(json_array_get(names, 0)), ==, "West");
  g_assert_cmpstr(json_string_value(json_array_get(names, 2)), ==, "Central");
  g_assert_true(json_get_bool(json_object_get(option, "yAxis"), "inverse", FALSE));
}

static void test_units_stand_at_the_axis(void) {
  g_autoptr(GPtrArray) shapes = all_shapes();
  g_autoptr(json_t) money = insight_chart(&find_shape(shapes, "ranking")->input);
  g_autoptr(json_t) margin = insight_chart(&find_shape(shapes, "segments by region")->input);
  g_assert_cmpstr(json_get_string(json_object_get(money, "xAxis"), "name"), ==, "Sales (USD)");
  g_assert_cmpstr(json_get_string(json_object_get(json_object_get(money, "xAxis"), "axisLabel"), "formatter"), ==,
                  "${value}");
  g_assert_cmpstr(json_get_string(json_object_get(margin, "yAxis"), "name"), ==, "Profit margin (%)");
  json_t *first = json_array_get(json_object_get(margin, "series"), 0);
  g_assert_cmpfloat(json_number_value(json_array_get(json_object_get(first, "data"), 0)), ==, 12);
}

static void test_many_categories_are_cut_with_a_note(void) {
  g_autoptr(GPtrArray) shapes = all_shapes();
  g_autoptr(json_t) option = insight_chart(&find_shape(shapes, "eighty products")->input);
  g_assert_cmpuint(json_array_size(json_object_get(json_object_get(option, "yAxis"), "data")), ==, 30);
  g_assert_cmpstr(json_get_string(json_object_get(option, "title"), "subtext"), ==, "The top 30 of 80");
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/insight/chart/kinds", test_kinds);
  g_test_add_func("/insight/chart/options-are-whole", test_options_are_whole);
  g_test_add_func("/insight/chart/ranking-is-sorted", test_ranking_is_sorted);
  g_test_add_func("/insight/chart/units-stand-at-the-axis", test_units_stand_at_the_axis);
  g_test_add_func("/insight/chart/many-categories", test_many_categories_are_cut_with_a_note);
  return g_test_run();
}
