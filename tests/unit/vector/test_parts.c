/* Tensors, pieces of words and the index, each alone and with hostile input. */
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "vector/safetensors.h"
#include "vector/vector.h"
#include "vector/wordpiece.h"

static char *scratch_file(const char *bytes, gsize length) {
  char *path = NULL;
  int fd = g_file_open_tmp("aisle-vector-XXXXXX", &path, NULL);
  g_assert_cmpint(fd, >=, 0);
  g_assert_cmpint(write(fd, bytes, length), ==, (gssize)length);
  close(fd);
  return path;
}

static char *scratch_tensors(const char *head, gsize announced, const char *data, gsize data_length) {
  g_autoptr(GByteArray) bytes = g_byte_array_new();
  guint64 length = GUINT64_TO_LE((guint64)announced);
  g_byte_array_append(bytes, (const guint8 *)&length, sizeof length);
  g_byte_array_append(bytes, (const guint8 *)head, (guint)strlen(head));
  g_byte_array_append(bytes, (const guint8 *)data, (guint)data_length);
  return scratch_file((const char *)bytes->data, bytes->len);
}

static void test_tensors(void) {
  static const float values[] = {1, 2, 3, 4, 5, 6};
  const char *head = "{\"m\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},\"v\":{\"dtype\":\"F16\",\"shape\":[12],"
                     "\"data_offsets\":[0,24]},\"far\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[20,28]}}       ";
  g_assert_cmpuint(strlen(head) % 8, ==, 0);
  g_autofree char *path = scratch_tensors(head, strlen(head), (const char *)values, sizeof values);
  g_autoptr(GError) error = NULL;
  g_autoptr(Safetensors) tensors = safetensors_open(path, &error);
  g_assert_no_error(error);
  const float *matrix = safetensors_floats(tensors, "m", 2, 3, &error);
  g_assert_no_error(error);
  g_assert_cmpmem(matrix, sizeof values, values, sizeof values);
  static const struct { const char *name; gint64 rows, columns; } bad[] = {{"m", 3, 2}, {"m", 6, 0}, {"v", 12, 0}, {"far", 2, 0}, {"none", 1, 0}};
  for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
    g_assert_null(safetensors_floats(tensors, bad[i].name, bad[i].rows, bad[i].columns, &error));
    g_assert_error(error, AISLE_ERROR, AISLE_ERROR_CORRUPT);
    g_clear_error(&error);
  }
  g_unlink(path);
}

static void test_tensors_refused(void) {
  static const struct { const char *head; gsize announced; } files[] = {
      {"{}", 3}, {"{}", G_MAXSIZE}, {"{}", 1}, {"[", 1}, {"", 8}};
  for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
    g_autofree char *path = scratch_tensors(files[i].head, files[i].announced, "", 0);
    g_autoptr(GError) error = NULL;
    g_assert_null(safetensors_open(path, &error));
    g_assert_nonnull(error);
    g_unlink(path);
  }
  g_autofree char *path = scratch_file("1234", 4);
  g_autoptr(GError) error = NULL;
  g_assert_null(safetensors_open(path, &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_CORRUPT);
  g_unlink(path);
}

static char *tokens_of(const Wordpiece *wordpiece, const char *text, guint max_tokens) {
  g_autoptr(GArray) ids = wordpiece_tokenize(wordpiece, text, max_tokens);
  GString *out = g_string_new(NULL);
  for (guint i = 0; i < ids->len; i++) g_string_append_printf(out, i > 0 ? " %d" : "%d", g_array_index(ids, gint32, i));
  return g_string_free(out, FALSE);
}

static void test_wordpiece(void) {
  /*                              0    1     2     3   4    5     6    7   8   9   10 */
  const char *vocabulary = "[UNK]\n[CLS]\n[SEP]\nsell\n##er\n##s\ncafe\n,\n-\na\n\xe5\xba\x97\n";
  g_autofree char *path = scratch_file(vocabulary, strlen(vocabulary));
  g_autoptr(GError) error = NULL;
  g_autoptr(Wordpiece) wordpiece = wordpiece_open(path, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(wordpiece_size(wordpiece), ==, 11);
  static const struct { const char *text; guint max; const char *expected; } cases[] = {
      {"Sellers", 16, "1 3 4 5 2"},
      {"  CAF\xc3\x89,\tsell", 16, "1 6 7 3 2"},
      {"cafe\xcc\x81s", 16, "1 6 5 2"},
      {"sellx a-a", 16, "1 0 9 8 9 2"},
      {"a\xe5\xba\x97sells", 16, "1 9 10 3 5 2"},
      {"se\xe2\x80\x8bll", 16, "1 3 2"},
      {"", 16, "1 2"},
      {"a a a a a a", 4, "1 9 9 2"},
      {"a sellers", 4, "1 9 3 2"},
      {"\xef\xbf\xbd", 16, "1 2"}};
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *tokens = tokens_of(wordpiece, cases[i].text, cases[i].max);
    g_assert_cmpstr(tokens, ==, cases[i].expected);
  }
  g_autofree char *endless = g_strnfill(100000, 'a');
  g_autofree char *tokens = tokens_of(wordpiece, endless, 16);
  g_assert_cmpstr(tokens, ==, "1 0 2");
  g_unlink(path);
}

static void test_wordpiece_refused(void) {
  static const char *const files[] = {"", "a\nb\n", "[UNK]\n[CLS]\n", "[UNK]\n[CLS]\n[SEP]\n\xff\xfe\n"};
  for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
    g_autofree char *path = scratch_file(files[i], strlen(files[i]));
    g_autoptr(GError) error = NULL;
    g_assert_null(wordpiece_open(path, &error));
    g_assert_error(error, AISLE_ERROR, AISLE_ERROR_CORRUPT);
    g_unlink(path);
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/vector/tensors/read", test_tensors);
  g_test_add_func("/vector/tensors/refused", test_tensors_refused);
  g_test_add_func("/vector/wordpiece/tokens", test_wordpiece);
  g_test_add_func("/vector/wordpiece/refused", test_wordpiece_refused);
  return g_test_run();
}
