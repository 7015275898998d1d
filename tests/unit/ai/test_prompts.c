/* The templates inside the program: each has tests of its own, and passes them. */
#include "ai/prompts.h"

#include "base/base.h"

static void test_own_templates(void) {
  gboolean passed = TRUE;
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) report = ai_prompts_report("/nonexistent/ai.yaml", "/nonexistent/ai-calls.db", NULL, &passed, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(json_array_size(report), >=, 6);
  json_t *row;
  gsize index;
  json_array_foreach(report, index, row) {
    g_autofree char *problems = json_to_text(json_object_get(row, "problems"), JSON_PLAIN);
    g_test_message("%s %s: %s", json_get_string(row, "template"), json_get_string(row, "version"), problems);
    g_assert_cmpint(json_get_int(row, "failed", -1), ==, 0);
    g_assert_cmpint(json_get_int(row, "tests", 0), >, 0);
    g_assert_cmpint(json_get_int(row, "tokens", 0), >, 0);
  }
  g_assert_true(passed);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/ai/prompts/own_templates", test_own_templates);
  return g_test_run();
}
