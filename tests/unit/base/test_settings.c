#include "base/base.h"

#include <glib/gstdio.h>

static char *workspace_with(const char *text) {
  char *folder = g_dir_make_tmp("aisle-settings-XXXXXX", NULL);
  g_autofree char *path = g_build_filename(folder, "aisle.yaml", NULL);
  g_assert_true(g_file_set_contents(path, text, -1, NULL));
  return folder;
}

static void remove_workspace(char *folder) {
  g_autofree char *path = g_build_filename(folder, "aisle.yaml", NULL);
  g_unlink(path);
  g_rmdir(folder);
  g_free(folder);
}

static void test_order(void) {
  char *folder = workspace_with("version: 1\nserver:\n  listen: 127.0.0.1:9000\n  workers: 7\ncache.memory: 1MiB\n"
                                "profiles:\n  prod:\n    server: {workers: 9, queue: 11}\n");
  g_autoptr(GError) error = NULL;
  g_autoptr(Settings) plain = settings_load(folder, NULL, &error);
  g_assert_no_error(error);
  g_assert_cmpstr(settings_text(plain, SETTING_SERVER_LISTEN), ==, "127.0.0.1:9000");
  g_assert_cmpint(settings_integer(plain, SETTING_SERVER_WORKERS), ==, 7);
  g_assert_cmpint(settings_integer(plain, SETTING_CACHE_MEMORY), ==, 1048576);
  g_assert_cmpint(settings_integer(plain, SETTING_SERVER_TIMEOUT), ==, 30000);
  g_assert_cmpstr(settings_origin(plain, SETTING_SERVER_WORKERS), ==, "aisle.yaml:4");
  g_assert_cmpstr(settings_origin(plain, SETTING_SERVER_QUEUE), ==, "default");
  g_setenv("AISLE_SERVER_QUEUE", "13", TRUE);
  g_autoptr(Settings) prod = settings_load(folder, "prod", &error);
  g_unsetenv("AISLE_SERVER_QUEUE");
  g_assert_no_error(error);
  g_assert_cmpint(settings_integer(prod, SETTING_SERVER_WORKERS), ==, 9);
  g_assert_cmpstr(settings_origin(prod, SETTING_SERVER_WORKERS), ==, "aisle.yaml:8 (profile prod)");
  g_assert_cmpint(settings_integer(prod, SETTING_SERVER_QUEUE), ==, 13);
  g_assert_cmpstr(settings_origin(prod, SETTING_SERVER_QUEUE), ==, "AISLE_SERVER_QUEUE");
  g_assert_true(settings_set_flag(prod, SETTING_SERVER_QUEUE, "17", &error));
  g_assert_cmpint(settings_integer(prod, SETTING_SERVER_QUEUE), ==, 17);
  g_assert_cmpstr(settings_origin(prod, SETTING_SERVER_QUEUE), ==, "flag");
  remove_workspace(folder);
}

static void test_mistakes(void) {
  static const struct {
    const char *text, *message;
  } CASES[] = {
      {"server:\n  lisen: 1\n", "aisle.yaml:2:3: there is no setting 'server.lisen'; `aisle settings` lists those there are"},
      {"server:\n  workers: many\n", "aisle.yaml:2: the setting server.workers must be a whole number, not 'many'"},
      {"cache: {memory: 3 apples}\n", "aisle.yaml:1: the setting cache.memory must be a size such as 4GB, not '3 apples'"},
      {"version: 2\n", "aisle.yaml:1:10: the workspace is of version 2, and this program knows version 1; use the program that made it, or a newer one"},
      {"- a\n", "aisle.yaml:1:1: the file must be a list of names and values"},
      {"server: [1]\n", "aisle.yaml:1:1: there is no setting 'server'; `aisle settings` lists those there are"},
      {"server:\n  workers: 3\n  workers: 4\n", "aisle.yaml:3:3: \"workers\" stands here twice; remove or rename one"},
      {"cache: {memory: [1, 2]}\n", "aisle.yaml:1:17: the setting cache.memory takes one value"},
      {"server: {listen: *a}\n", "aisle.yaml:1:18: aliases (*name) are not supported; write the text out"},
      {"a: \xff\n", "aisle.yaml:1:1: the file is not UTF-8 text; save it as UTF-8"},
  };
  for (guint i = 0; i < G_N_ELEMENTS(CASES); i++) {
    char *folder = workspace_with(CASES[i].text);
    g_autoptr(GError) error = NULL;
    g_assert_null(settings_load(folder, NULL, &error));
    g_assert_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT);
    g_assert_cmpstr(error->message, ==, CASES[i].message);
    remove_workspace(folder);
  }
}

static void test_missing_file_and_profiles(void) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Settings) none = settings_load(NULL, NULL, &error);
  g_assert_no_error(error);
  g_assert_cmpstr(settings_text(none, SETTING_SERVER_LISTEN), ==, "127.0.0.1:8080");
  char *folder = workspace_with("# nothing\n");
  g_assert_nonnull(none);
  g_autoptr(Settings) empty = settings_load(folder, NULL, &error);
  g_assert_no_error(error);
  g_assert_nonnull(empty);
  remove_workspace(folder);
  static const char *const BLANK[] = {"", "\n \n", "# a\n\n  # b", "---\n", "---\n# a\n...\n"};
  for (guint i = 0; i < G_N_ELEMENTS(BLANK); i++) {
    folder = workspace_with(BLANK[i]);
    g_autoptr(Settings) blank = settings_load(folder, NULL, &error);
    g_assert_no_error(error);
    g_assert_nonnull(blank);
    remove_workspace(folder);
  }
  folder = workspace_with("version: 1\nprofiles:\n  mine: {cache.memory: 0}\n");
  g_assert_null(settings_load(folder, "yours", &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT);
  remove_workspace(folder);
}

static void test_units(void) {
  static const struct {
    const char *text;
    gboolean good;
    gint64 value;
  } DURATIONS[] = {{"90s", TRUE, 90000}, {"5min", TRUE, 300000}, {"1.5h", TRUE, 5400000}, {"2w", TRUE, 1209600000},
                   {"0", TRUE, 0},       {"7", FALSE, 0},        {"-1s", FALSE, 0},       {"", FALSE, 0}},
    SIZES[] = {{"4GB", TRUE, 4000000000}, {"4 GiB", TRUE, 4294967296}, {"512", TRUE, 512}, {"1e30", FALSE, 0}, {"x", FALSE, 0}};
  for (guint i = 0; i < G_N_ELEMENTS(DURATIONS); i++) {
    gint64 value = 0;
    g_assert_cmpint(duration_parse(DURATIONS[i].text, &value), ==, DURATIONS[i].good);
    if (DURATIONS[i].good) g_assert_cmpint(value, ==, DURATIONS[i].value);
  }
  for (guint i = 0; i < G_N_ELEMENTS(SIZES); i++) {
    gint64 value = 0;
    g_assert_cmpint(bytes_parse(SIZES[i].text, &value), ==, SIZES[i].good);
    if (SIZES[i].good) g_assert_cmpint(value, ==, SIZES[i].value);
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/settings/order", test_order);
  g_test_add_func("/settings/mistakes", test_mistakes);
  g_test_add_func("/settings/missing_file_and_profiles", test_missing_file_and_profiles);
  g_test_add_func("/settings/units", test_units);
  return g_test_run();
}
