#include <float.h>
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"

static char *write_double(double value) {
  GString *out = g_string_new(NULL);
  json_append_double(out, value);
  return g_string_free(out, FALSE);
}

static void test_shortest_doubles(void) {
  static const struct {
    double value;
    const char *text;
  } cases[] = {{0.1, "0.1"},
               {0.1 + 0.2, "0.30000000000000004"},
               {5.0, "5"},
               {-3.0, "-3"},
               {0.0, "0"},
               {-0.0, "0"},
               {1e15, "1000000000000000"},
               {9007199254740993.0, "9007199254740992"},
               {1e21, "1e+21"},
               {1e-7, "1e-07"},
               {733215.2552, "733215.2552"},
               {2261536.7827, "2261536.7827"},
               {DBL_MAX, "1.7976931348623157e+308"},
               {DBL_MIN, "2.2250738585072014e-308"},
               {5e-324, "5e-324"},
               {NAN, "null"},
               {INFINITY, "null"},
               {-INFINITY, "null"}};
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *text = write_double(cases[i].value);
    g_assert_cmpstr(text, ==, cases[i].text);
  }
}

static void test_random_doubles_round_trip(void) {
  for (int i = 0; i < 200000; i++) {
    guint64 bits = (guint64)g_test_rand_int() << 32 ^ (guint32)g_test_rand_int();
    double value;
    memcpy(&value, &bits, sizeof value);
    if (!isfinite(value)) continue;
    g_autofree char *text = write_double(value);
    g_assert_true(g_ascii_strtod(text, NULL) == value);
  }
}

static json_t *parse(const char *text, GError **error) {
  return json_parse(text, strlen(text), error);
}

static void test_refused(void) {
  static const struct {
    const char *text, *at;
  } cases[] = {{"", "1:"},
               {"{\"a\":1,\"a\":2}", "1:"},
               {"{\"a\":1} x", "1:"},
               {"[1,]", "1:"},
               {"\"\xff\"", "1:"},
               {"{\n  \"a\": tru\n}", "2:"},
               {"\"a\\u0000b\"", "1:"},
               {"NaN", "1:"},
               {"01", "1:"},
               {"[1e999]", "1:"}};
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) value = parse(cases[i].text, &error);
    g_assert_null(value);
    g_assert_error(error, AISLE_ERROR, AISLE_ERROR_BAD_INPUT);
    if (!g_str_has_prefix(error->message, cases[i].at)) g_error("%s: want %s", error->message, cases[i].at);
  }
}

static char *nested(int depth) {
  GString *text = g_string_new(NULL);
  for (int i = 0; i < depth; i++) g_string_append_c(text, '[');
  for (int i = 0; i < depth; i++) g_string_append_c(text, ']');
  return g_string_free(text, FALSE);
}

static void test_depth_is_bounded(void) {
  g_autoptr(GError) error = NULL;
  g_autofree char *deepest = nested(JSON_MAX_DEPTH), *deeper = nested(JSON_MAX_DEPTH + 1), *hostile = nested(1000000);
  g_autoptr(json_t) value = parse(deepest, &error);
  g_assert_no_error(error);
  g_assert_nonnull(value);
  g_assert_null(parse(deeper, &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_BAD_INPUT);
  g_clear_error(&error);
  g_assert_null(parse(hostile, &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_BAD_INPUT);
  g_clear_error(&error);
  /* Brackets inside strings do not nest. */
  g_autofree char *quoted = g_strdup_printf("\"%s\\\"%s\"", deeper, deeper);
  g_autoptr(json_t) text = parse(quoted, &error);
  g_assert_no_error(error);
  g_assert_true(json_is_string(text));
}

static void test_size_is_bounded(void) {
  g_autoptr(GError) error = NULL;
  gsize length = JSON_MAX_BYTES + 1;
  g_autofree char *large = g_malloc(length);
  memset(large, ' ', length);
  g_assert_null(json_parse(large, length, &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_TOO_LARGE);
}

static void test_writing(void) {
  g_autoptr(GError) error = NULL;
  const char *source = "{\"b\":[1,2.50,true,null,{}],\"a\":\"x\\\"\\\\\\n\\u0001\\u007f\xC3\xA9\",\"\xC3\xA4\":[]}";
  g_autoptr(json_t) value = parse(source, &error);
  g_assert_no_error(error);
  g_autofree char *plain = json_to_text(value, JSON_PLAIN);
  g_assert_cmpstr(plain, ==, "{\"b\":[1,2.5,true,null,{}],\"a\":\"x\\\"\\\\\\n\\u0001\\u007f\xC3\xA9\",\"\xC3\xA4\":[]}");
  g_autofree char *sorted = json_to_text(value, JSON_SORTED);
  g_assert_cmpstr(sorted, ==, "{\"a\":\"x\\\"\\\\\\n\\u0001\\u007f\xC3\xA9\",\"b\":[1,2.5,true,null,{}],\"\xC3\xA4\":[]}");
  g_autofree char *pretty = json_to_text(value, JSON_PRETTY | JSON_SORTED);
  g_assert_true(g_str_has_prefix(pretty, "{\n  \"a\": "));
  g_assert_nonnull(strstr(pretty, "  \"b\": [\n    1,\n    2.5,"));
  g_autoptr(json_t) again = parse(pretty, &error);
  g_assert_no_error(error);
  g_assert_true(json_equal(value, again));
  g_autofree char *nothing = json_to_text(NULL, JSON_PLAIN);
  g_assert_cmpstr(nothing, ==, "null");
}

static void test_access(void) {
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) value = parse("{\"s\":\"x\",\"i\":3,\"d\":2.5,\"b\":true,\"n\":null}", &error);
  g_assert_no_error(error);
  g_assert_cmpstr(json_get_string(value, "s"), ==, "x");
  g_assert_null(json_get_string(value, "i"));
  g_assert_null(json_get_string(value, "missing"));
  g_assert_null(json_get_string(NULL, "s"));
  g_assert_cmpint(json_get_int(value, "i", 9), ==, 3);
  g_assert_cmpint(json_get_int(value, "d", 9), ==, 9);
  g_assert_cmpfloat(json_get_double(value, "i", 9), ==, 3.0);
  g_assert_cmpfloat(json_get_double(value, "n", 9), ==, 9.0);
  g_assert_true(json_get_bool(value, "b", FALSE));
  g_assert_true(json_get_bool(value, "n", TRUE));
}

static void test_files(void) {
  g_autoptr(GError) error = NULL;
  g_assert_null(json_parse_file("tests/no such file.json", &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND);
  g_clear_error(&error);
  g_assert_null(json_parse_file("tests", &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_BAD_INPUT);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/json/shortest-doubles", test_shortest_doubles);
  g_test_add_func("/json/random-doubles-round-trip", test_random_doubles_round_trip);
  g_test_add_func("/json/refused", test_refused);
  g_test_add_func("/json/depth-is-bounded", test_depth_is_bounded);
  g_test_add_func("/json/size-is-bounded", test_size_is_bounded);
  g_test_add_func("/json/writing", test_writing);
  g_test_add_func("/json/access", test_access);
  g_test_add_func("/json/files", test_files);
  return g_test_run();
}
