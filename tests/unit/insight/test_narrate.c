/* Sentences of every shape of result: what is said, what passes the check, what does not. */
#include "shape.h"
#include <string.h>

static char *joined(const GPtrArray *sentences) {
  g_autoptr(GString) text = g_string_new(NULL);
  for (guint i = 0; i < sentences->len; i++)
    g_string_append_printf(text, "%s%s", i > 0 ? " " : "", (const char *)g_ptr_array_index(sentences, i));
  return g_string_free(g_steal_pointer(&text), FALSE);
}

static void check_expected(const Shape *shape) {
  g_autoptr(Narrative) narrative = insight_narrate(&shape->input);
  g_autoptr(GString) expected = g_string_new(NULL);
  size_t i;
  json_t *sentence;
  json_array_foreach (json_object_get(shape->json, "sentences"), i, sentence)
    g_string_append_printf(expected, "%s%s", i > 0 ? " " : "", json_string_value(sentence));
  g_autofree char *said = joined(narrative->sentences);
  g_test_message("%s: %s", shape->name, said);
  if (!g_str_has_prefix(said, expected->str)) {
    g_test_message("expected: %s", expected->str);
    g_test_fail();
  }
  if (narrative->dropped != 0) {
    g_test_message("%s: %u sentences dropped", shape->name, narrative->dropped);
    g_test_fail();
  }
}

static void check_free_sentences(const Shape *shape, const char *key, gboolean must_pass) {
  size_t i;
  json_t *sentence;
  json_array_foreach (json_object_get(shape->json, key), i, sentence) {
    g_autofree char *why = NULL;
    gboolean passes = insight_check_sentence(&shape->input, json_string_value(sentence), &why);
    if (passes != must_pass) {
      g_test_message("%s: %s: %s (%s)", shape->name, must_pass ? "refused" : "accepted", json_string_value(sentence),
                     why != NULL ? why : "");
      g_test_fail();
    }
    g_assert_true(passes == (why == NULL));
  }
}

static void test_shapes(void) {
  g_autoptr(GPtrArray) shapes = shapes_load("shapes.json");
  g_assert_cmpuint(shapes->len, >, 30);
  for (guint i = 0; i < shapes->len; i++) check_expected(g_ptr_array_index(shapes, i));
}

static void test_true_sentences(void) {
  g_autoptr(GPtrArray) shapes = shapes_load("shapes.json");
  for (guint i = 0; i < shapes->len; i++) {
    check_free_sentences(g_ptr_array_index(shapes, i), "true", TRUE);
    /* Such that some changes of them are true as well; the planted errors leave them alone. */
    check_free_sentences(g_ptr_array_index(shapes, i), "also_true", TRUE);
  }
}

static void test_false_sentences(void) {
  g_autoptr(GPtrArray) shapes = shapes_load("shapes.json");
  for (guint i = 0; i < shapes->len; i++) check_free_sentences(g_ptr_array_index(shapes, i), "false", FALSE);
}

static void test_facts_stand_in_the_text(void) {
  g_autoptr(GPtrArray) shapes = shapes_load("shapes.json");
  guint facts = 0;
  for (guint i = 0; i < shapes->len; i++) {
    const Shape *shape = g_ptr_array_index(shapes, i);
    g_autoptr(Narrative) narrative = insight_narrate(&shape->input);
    g_autofree char *said = joined(narrative->sentences);
    for (guint k = 0; k < narrative->facts->len; k++) {
      const Fact *fact = g_ptr_array_index(narrative->facts, k);
      g_assert_nonnull(strstr(said, fact->text));
      g_assert_true(json_is_number(fact->value));
      g_assert_cmpuint(strlen(fact->from), >, 0);
      facts++;
    }
  }
  g_assert_cmpuint(facts, >, 60);
}

static void test_odd_input(void) {
  g_autoptr(GPtrArray) shapes = shapes_load("shapes.json");
  const Shape *shape = g_ptr_array_index(shapes, 0);
  g_autofree char *why = NULL;
  g_autofree char *endless = g_strnfill(10000, 'x');
  g_assert_false(insight_check_sentence(&shape->input, "\xff\xfe", &why));
  g_assert_nonnull(why);
  g_assert_false(insight_check_sentence(&shape->input, endless, NULL));
  g_assert_true(insight_check_sentence(&shape->input, "", NULL));
  g_assert_false(insight_check_sentence(&shape->input, "Ruritania is fine.", NULL));
  g_assert_true(insight_check_sentence(&shape->input, "This is what there is.", NULL));
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/insight/narrate/shapes", test_shapes);
  g_test_add_func("/insight/check/true-sentences", test_true_sentences);
  g_test_add_func("/insight/check/false-sentences", test_false_sentences);
  g_test_add_func("/insight/narrate/facts-stand-in-the-text", test_facts_stand_in_the_text);
  g_test_add_func("/insight/check/odd-input", test_odd_input);
  return g_test_run();
}
