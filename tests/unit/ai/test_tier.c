/* The tier that the gateway chooses: the share of simple requests that the configuration wants, whatever the traffic. */
#include "ai/tier.h"

static AiComplexity choose(AiTiers *tiers, double share, gsize bytes, int turns, int tools) {
  g_autofree char *text = g_strnfill(bytes, 'x');
  json_t *messages = json_array(), *list = json_array();
  for (int i = 0; i < turns; i++) json_array_append_new(messages, json_pack("{s:s, s:s}", "role", "user", "content", i == 0 ? text : ""));
  for (int i = 0; i < tools; i++) json_array_append_new(list, json_object());
  g_autoptr(json_t) chat = json_pack("{s:o, s:o}", "messages", messages, "tools", list);
  return ai_tiers_choose(tiers, "m", share, chat);
}

static void test_shares(void) {
  static const struct {
    double share;
    gsize least, step; /* bytes of the requests: least, least + step, ..., in turns */
    int simple, complex; /* percent expected */
  } CASES[] = {{0.7, 400, 50, 70, 10}, {0.7, 2500, 90, 70, 10}, {0.5, 400, 50, 50, 17}, {0.9, 400, 50, 90, 3},
               {0.7, 10, 2, 100, 0},      /* all are short */
               {0.7, 30000, 10, 0, 100}}; /* all are long */
  for (guint i = 0; i < G_N_ELEMENTS(CASES); i++) {
    AiTiers *tiers = ai_tiers_new();
    int counts[4] = {0};
    for (guint k = 0; k < 1256; k++) {
      /* 37 has no factor in common with 100: every size comes, mixed. */
      AiComplexity chosen = choose(tiers, CASES[i].share, CASES[i].least + k * 37 % 100 * CASES[i].step, 1, 0);
      if (k >= 256) counts[chosen]++;
    }
    g_assert_cmpint(ABS(counts[AI_COMPLEXITY_SIMPLE] / 10 - CASES[i].simple), <=, 6);
    g_assert_cmpint(ABS(counts[AI_COMPLEXITY_COMPLEX] / 10 - CASES[i].complex), <=, 6);
    ai_tiers_free(tiers);
  }
}

static void test_before_anything_was_seen(void) {
  AiTiers *tiers = ai_tiers_new();
  g_assert_cmpint(choose(tiers, 0.7, 100, 1, 0), ==, AI_COMPLEXITY_SIMPLE);
  g_assert_cmpint(choose(tiers, 0.7, 5000, 1, 0), ==, AI_COMPLEXITY_MODERATE);
  g_assert_cmpint(choose(tiers, 0.7, 25000, 1, 0), ==, AI_COMPLEXITY_COMPLEX);
  g_assert_cmpint(choose(tiers, 0.7, 100, 1, 3), ==, AI_COMPLEXITY_MODERATE);
  g_assert_cmpint(choose(tiers, 0.7, 100, 12, 0), ==, AI_COMPLEXITY_MODERATE);
  g_assert_cmpint(choose(tiers, 0.7, 100, 60, 0), ==, AI_COMPLEXITY_COMPLEX);
  ai_tiers_free(tiers);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/ai/tier/shares", test_shares);
  g_test_add_func("/ai/tier/before_anything_was_seen", test_before_anything_was_seen);
  return g_test_run();
}
