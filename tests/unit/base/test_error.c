#include <errno.h>
#include <string.h>

#include "base/base.h"
#include "base/embedded.h"

static void test_table_is_consistent(void) {
  g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
  for (int code = 0; code < AISLE_ERROR_COUNT; code++) {
    const AisleErrorInfo *info = aisle_error_info(code);
    g_assert_true(g_hash_table_add(names, (gpointer)info->name));
    g_assert_cmpint(info->http_status, >=, 400);
    g_assert_cmpint(info->http_status, <, 600);
    g_assert_cmpint(info->exit_status, >, 0);
    /* 3 and 4 mean that a question was asked back or refused. */
    g_assert_true(info->exit_status != 3 && info->exit_status != 4 && info->exit_status < 126);
    g_assert_cmpuint(strlen(info->meaning), >, 10);
  }
  g_assert_cmpstr(aisle_error_info(-1)->name, ==, "internal");
  g_assert_cmpstr(aisle_error_info(9999)->name, ==, "internal");
}

static void test_foreign_errors(void) {
  g_autoptr(GError) missing = g_error_new(G_FILE_ERROR, G_FILE_ERROR_NOENT, "gone");
  g_autoptr(GError) full = g_error_new(G_FILE_ERROR, G_FILE_ERROR_NOSPC, "full");
  g_autoptr(GError) denied = g_error_new(G_FILE_ERROR, G_FILE_ERROR_ACCES, "denied");
  g_autoptr(GError) other = g_error_new(G_OPTION_ERROR, 0, "other");
  g_autoptr(GError) own = g_error_new(AISLE_ERROR, AISLE_ERROR_BUSY, "busy");
  g_assert_cmpstr(aisle_error_info_of(missing)->name, ==, "not_found");
  g_assert_cmpstr(aisle_error_info_of(full)->name, ==, "no_space");
  g_assert_cmpstr(aisle_error_info_of(denied)->name, ==, "io");
  g_assert_cmpstr(aisle_error_info_of(other)->name, ==, "internal");
  g_assert_cmpstr(aisle_error_info_of(own)->name, ==, "busy");
  g_assert_cmpstr(aisle_error_info_of(NULL)->name, ==, "internal");
}

static void test_errno(void) {
  static const struct {
    int value, code;
  } cases[] = {{ENOSPC, AISLE_ERROR_NO_SPACE}, {EDQUOT, AISLE_ERROR_NO_SPACE}, {ENOENT, AISLE_ERROR_NOT_FOUND},
               {EEXIST, AISLE_ERROR_EXISTS},   {EACCES, AISLE_ERROR_IO}};
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    aisle_error_set_errno(&error, cases[i].value, "open %s", "x.csv");
    g_assert_error(error, AISLE_ERROR, cases[i].code);
    g_assert_true(g_str_has_prefix(error->message, "cannot open x.csv: "));
  }
}

static void test_deadlines(void) {
  g_autoptr(GError) error = NULL;
  g_assert_true(deadline_check(DEADLINE_NEVER, &error));
  g_assert_cmpint(deadline_left_ms(DEADLINE_NEVER), ==, G_MAXINT64);
  g_assert_cmpint(deadline_in_ms(G_MAXINT64, NULL).at_us, ==, G_MAXINT64);

  Deadline soon = deadline_in_ms(1000, NULL);
  g_assert_true(deadline_check(soon, &error));
  g_assert_cmpint(deadline_left_ms(soon), >, 0);
  g_assert_cmpint(deadline_left_ms(soon), <=, 1000);

  Deadline past = deadline_in_ms(-5, NULL);
  g_assert_cmpint(deadline_left_ms(past), ==, 0);
  g_assert_false(deadline_check(past, &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_TIMEOUT);
  g_clear_error(&error);

  gint cancelled = 0;
  Deadline stoppable = deadline_in_ms(60000, &cancelled);
  g_assert_true(deadline_check(stoppable, &error));
  g_atomic_int_set(&cancelled, 1);
  g_assert_cmpint(deadline_left_ms(stoppable), ==, 0);
  g_assert_false(deadline_check(stoppable, &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_CANCELLED);
}

static void test_embedded_files(void) {
  g_assert_nonnull(embedded_files[0].name);
  for (const EmbeddedFile *file = embedded_files; file->name != NULL; file++) {
    g_assert_true(embedded_file_find(file->name) == file);
    g_assert_cmpint(file->bytes[file->length], ==, '\0');
  }
  g_assert_null(embedded_file_find("no such file"));
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/error/table-is-consistent", test_table_is_consistent);
  g_test_add_func("/error/foreign-errors", test_foreign_errors);
  g_test_add_func("/error/errno", test_errno);
  g_test_add_func("/deadline", test_deadlines);
  g_test_add_func("/embedded-files", test_embedded_files);
  return g_test_run();
}
