/* The router over sentences of every kind; those marked "held" were written with the others and not looked at while its words were chosen. */
#include "agent/route.h"
#include "base/base.h"

/* The other half may be a little worse: words are many. */
#define HELD_LEAST 0.9

static void test_routes(void) {
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) cases = json_parse_file("tests/data/agent/routes.json", &error);
  g_assert_no_error(error);
  guint held = 0, held_right = 0;
  for (gsize i = 0; i < json_array_size(cases); i++) {
    const json_t *one = json_array_get(cases, i);
    const char *question = json_get_string(one, "question"), *kind = json_get_string(one, "kind"), *got = route_of(question);
    gboolean right = g_strcmp0(got, kind) == 0, is_held = json_get_bool(one, "held", FALSE);
    if (!right) g_test_message("'%s' is %s, not %s", question, kind, got);
    held += is_held;
    held_right += is_held && right;
    g_assert_true(right || is_held);
  }
  g_test_message("%u of %u held back are right", held_right, held);
  g_assert_cmpuint(json_array_size(cases), >=, 100);
  g_assert_cmpfloat(held_right, >=, HELD_LEAST * held);
}

/* A question about the business is never kept from a model: at worst it is taken for an analysis or a summary. */
static void test_business_is_business(void) {
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) cases = json_parse_file("tests/data/agent/routes.json", &error);
  g_assert_no_error(error);
  for (gsize i = 0; i < json_array_size(cases); i++) {
    const json_t *one = json_array_get(cases, i);
    const char *kind = json_get_string(one, "kind"), *got = route_of(json_get_string(one, "question"));
    if (g_strcmp0(kind, "question") != 0 && g_strcmp0(kind, "summary") != 0 && g_strcmp0(kind, "analysis") != 0) continue;
    g_assert_cmpstr(got, !=, "small_talk");
    g_assert_cmpstr(got, !=, "out_of_scope");
  }
}

static void test_any_bytes(void) {
  static const char *const messages[] = {"", " ", "?", "times", "1 times", "1 times ", "17 times 23", "\xc3\xa9t\xc3\xa9", "*", "1 plus"};
  for (guint i = 0; i < G_N_ELEMENTS(messages); i++) g_assert_nonnull(route_of(messages[i]));
  g_autofree char *longest = g_strnfill(100000, ' ');
  g_assert_cmpstr(route_of(longest), ==, "question");
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/agent/route/sentences", test_routes);
  g_test_add_func("/agent/route/business_is_business", test_business_is_business);
  g_test_add_func("/agent/route/any_bytes", test_any_bytes);
  return g_test_run();
}
