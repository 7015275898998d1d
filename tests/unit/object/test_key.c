/* Which keys there may be, and patterns over them. */
#include "object/backend.h"

static void test_keys(void) {
  static const char *const good[] = {
      "a", "a/b", "a b/c=d/%41.parquet", "caf\xc3\xa9/..x", "_delta_log/00000000000000000000.json", "..."};
  static const char *const bad[] = {"",      "/a",   "a/",    "a//b", ".",      "..",      "a/../b",
                                    "a/./b", "a\nb", "a\x7f", "\xff", ".tmp-1", "a/.tmp-x"};
  for (guint i = 0; i < G_N_ELEMENTS(good); i++) g_assert_true(object_key_check(good[i], NULL));
  for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
    g_autoptr(GError) error = NULL;
    g_assert_false(object_key_check(bad[i], &error));
    g_assert_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT);
    g_assert_true(g_utf8_validate(error->message, -1, NULL));
  }
  g_autofree char *parts = g_strnfill(256, 'x'), *longest = g_strnfill(1025, 'y');
  g_assert_false(object_key_check(parts, NULL));
  g_assert_false(object_key_check(longest, NULL));
}

static void test_patterns(void) {
  static const struct {
    const char *pattern, *key;
    gboolean fits;
  } cases[] = {
      {"*.csv", "a.csv", TRUE},
      {"*.csv", "x/a.csv", FALSE},
      {"**/*.csv", "x/y/a.csv", TRUE},
      {"**/*.csv", "a.csv", TRUE},
      {"sales/*/p?.csv", "sales/w1/p1.csv", TRUE},
      {"sales/*/p?.csv", "sales/w1/p12.csv", FALSE},
      {"a[0-9].csv", "a7.csv", TRUE},
      {"a[!0-9].csv", "a7.csv", FALSE},
      {"a[", "a[", TRUE},
      {"a[0-9", "a7", FALSE},
      {"", "", TRUE},
      {"a**b", "a/x/b", TRUE},
      {"data/**", "data/x/y", TRUE},
      {"data/**", "other/x", FALSE},
      {"*", "", TRUE},
      {"[]]", "]", TRUE},
      {"a?c", "a/c", FALSE},
      {"[a-z]", "/", FALSE},
      {"*a*b*c*", "xxaxxbxxcxx", TRUE},
  };
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    gboolean fits = object_glob_match(cases[i].pattern, cases[i].key);
    if (fits != cases[i].fits) g_error("'%s' over '%s'", cases[i].pattern, cases[i].key);
  }
  g_autofree char *prefix = object_glob_prefix("sales/2026-*/x.csv"), *plain = object_glob_prefix("a/b.csv");
  g_assert_cmpstr(prefix, ==, "sales/2026-");
  g_assert_cmpstr(plain, ==, "a/b.csv");
}

/* A pattern made to take for ever ends. */
static void test_hostile_pattern(void) {
  g_autofree char *key = g_strnfill(1000, 'a');
  g_assert_false(object_glob_match("*a*a*a*a*a*a*a*a*a*a*a*a*b", key));
  g_assert_false(object_glob_match("**a**a**a**a**a**a**b", key));
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/object/key/which", test_keys);
  g_test_add_func("/object/key/patterns", test_patterns);
  g_test_add_func("/object/key/hostile-pattern", test_hostile_pattern);
  return g_test_run();
}
