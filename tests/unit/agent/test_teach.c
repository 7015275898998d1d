/* What messages say about words, case by case: tests/data/agent/teaching.json. */
#include "agent/teach.h"

#include <string.h>

static void test_what_is_taught(void) {
  g_autoptr(GError) error = NULL;
  g_autofree char *text = NULL;
  gsize length = 0;
  g_assert_true(g_file_get_contents("tests/data/agent/teaching.json", &text, &length, &error));
  g_autoptr(json_t) cases = json_parse(text, length, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(json_array_size(cases), >=, 60);
  for (gsize i = 0; i < json_array_size(cases); i++) {
    const json_t *one = json_array_get(cases, i);
    static const char *const kinds[] = {"none", "says", "forgets", "lists"};
    g_auto(Teaching) teaching = {0};
    teaching_read(json_get_string(one, "message"), &teaching);
    gboolean good = strcmp(kinds[teaching.kind], json_get_string(one, "kind")) == 0 && g_strcmp0(teaching.phrase, json_get_string(one, "phrase")) == 0 &&
                    g_strcmp0(teaching.meaning, json_get_string(one, "meaning")) == 0;
    if (!good)
      g_test_fail_printf("\"%s\" was read as %s of \"%s\": \"%s\"", json_get_string(one, "message"), kinds[teaching.kind],
                         teaching.phrase != NULL ? teaching.phrase : "", teaching.meaning != NULL ? teaching.meaning : "");
  }
}

static void test_what_no_message_may_be(void) {
  g_autofree char *long_one = g_strnfill(5000, 'a'), *many = g_strconcat("by ", long_one, " I mean sales", NULL);
  const char *const odd[] = {"", " ", "mean", "means", "by I mean", "forget", "\xff means x", many, "means means means means means means", "by \"\" I mean \"\"", "? means !"};
  for (guint i = 0; i < G_N_ELEMENTS(odd); i++) {
    g_auto(Teaching) teaching = {0};
    teaching_read(odd[i], &teaching);
    g_assert_cmpint(teaching.kind, ==, TEACHING_NONE);
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/teach/what_is_taught", test_what_is_taught);
  g_test_add_func("/teach/what_no_message_may_be", test_what_no_message_may_be);
  return g_test_run();
}
