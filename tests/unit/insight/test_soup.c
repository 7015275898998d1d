/* Random sentences: words of the check's own vocabulary, names, numbers, broken punctuation. Nothing may crash or hang,
 * and what passes must hold no number that the result cannot have. */
#include "shape.h"
#include <string.h>

static const char *const WORDS[] = {"sales",
                                    "Sales",
                                    "profit",
                                    "orders",
                                    "West",
                                    "East",
                                    "South",
                                    "rose",
                                    "fell",
                                    "more",
                                    "less",
                                    "higher",
                                    "than",
                                    "in",
                                    "by",
                                    "from",
                                    "to",
                                    "of",
                                    "and",
                                    ",",
                                    ";",
                                    ":",
                                    "(",
                                    ")",
                                    ".",
                                    "the",
                                    "top",
                                    "bottom",
                                    "highest",
                                    "lowest",
                                    "most",
                                    "least",
                                    "at",
                                    "3",
                                    "2",
                                    "4",
                                    "$725,457.82",
                                    "6.9 %",
                                    "1.2 pp",
                                    "20.4 %",
                                    "2019",
                                    "2020",
                                    "January 2020",
                                    "March",
                                    "half",
                                    "twice",
                                    "second",
                                    "all",
                                    "every",
                                    "no",
                                    "not",
                                    "regions",
                                    "months",
                                    "share",
                                    "total",
                                    "together",
                                    "average",
                                    "loss",
                                    "lost",
                                    "money",
                                    "tie",
                                    "unchanged",
                                    "new",
                                    "against",
                                    "compared",
                                    "with",
                                    "difference",
                                    "between",
                                    "while",
                                    "one",
                                    "-$5",
                                    "+3 %",
                                    "%",
                                    "$",
                                    "£",
                                    "…",
                                    "–",
                                    "“x”",
                                    "1e9",
                                    "0",
                                    "99999999999999999999",
                                    "Ruritania",
                                    "about",
                                    "nearly",
                                    "above",
                                    "below",
                                    "over",
                                    "up",
                                    "down"};

static char *soup(GRand *rand) {
  GString *text = g_string_new(NULL);
  int count = g_rand_int_range(rand, 1, 25);
  for (int i = 0; i < count; i++)
    g_string_append_printf(text, "%s%s", i > 0 ? " " : "", WORDS[g_rand_int_range(rand, 0, G_N_ELEMENTS(WORDS))]);
  return g_string_free(text, FALSE);
}

static void test_soup(void) {
  g_autoptr(GPtrArray) shapes = shapes_load("shapes.json");
  g_autoptr(GRand) rand = g_rand_new_with_seed(7);
  guint rounds = g_test_slow() ? 200000 : 20000, passed = 0;
  for (guint i = 0; i < rounds; i++) {
    const Shape *shape = g_ptr_array_index(shapes, (guint)g_rand_int_range(rand, 0, (gint32)shapes->len));
    g_autofree char *text = soup(rand);
    g_autofree char *why = NULL;
    gboolean passes = insight_check_sentence(&shape->input, text, &why);
    g_assert_true(passes == (why == NULL));
    passed += passes ? 1 : 0;
    if (passes) {
      g_assert_null(strstr(text, "Ruritania"));
      g_assert_null(strstr(text, "99999999999999999999"));
      g_assert_null(strstr(text, "1e9"));
    }
  }
  g_test_message("%u of %u passed", passed, rounds);
  /* Soup that passes says nothing; most of it says something. */
  g_assert_cmpuint(passed * 10, <, rounds);
}

/* Results of odd forms: no query, no model, no rows, NULLs everywhere, names that are sentences. */
static void test_odd_results(void) {
  g_autoptr(GPtrArray) shapes = shapes_load("shapes.json");
  for (guint i = 0; i < shapes->len; i++) {
    Shape *shape = g_ptr_array_index(shapes, i);
    InsightInput bare = {NULL, NULL, shape->columns, shape->result, 0};
    g_autoptr(Narrative) narrative = insight_narrate(&bare);
    g_autofree char *table = insight_render_table(&bare, 80, 10);
    g_autofree char *chart = insight_render_chart(&bare, 80);
    g_autoptr(json_t) option = insight_chart(&bare);
    g_assert_nonnull(table);
    for (guint k = 0; k < narrative->sentences->len; k++)
      g_assert_true(insight_check_sentence(&bare, g_ptr_array_index(narrative->sentences, k), NULL));
  }
  g_autoptr(json_t) json = json_pack("{s:[{s:s}], s:[{s:s, s:s}], s:[[s,f],[s,f],[s,n],[n,f],[s,f]]}", "dimensions",
                                     "label", "Name", "measures", "label", "Sales", "unit", "currency:USD", "rows",
                                     "rose 50 % to $9", 3.5, "a; b. c: (d), e", 2.5, "", 1.5, "highest hopes", 0.5);
  g_autoptr(Shape) odd = shape_new(json);
  g_autoptr(Narrative) narrative = insight_narrate(&odd->input);
  g_assert_cmpuint(narrative->sentences->len, >=, 1);
  g_assert_cmpstr(g_ptr_array_index(narrative->sentences, 0), ==,
                  "rose 50 % to $9 has the highest sales with $3.50, 40.0 % more than a; b. c: (d), e.");
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/insight/soup/sentences", test_soup);
  g_test_add_func("/insight/soup/odd-results", test_odd_results);
  return g_test_run();
}
