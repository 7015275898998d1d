/* Each keyword with values that meet it and values that do not, and what is said of these: tests/data/base/json_schema.jsonl. */
#include "base/json_schema.h"

#include <string.h>

#include "base/error.h"

static json_t *parse(const char *text) {
  g_autoptr(GError) error = NULL;
  json_t *json = json_parse(text, strlen(text), &error);
  g_assert_no_error(error);
  return json;
}

static void check_case(const json_t *one, const json_t *components) {
  const json_t *schema = json_object_get(one, "schema");
  json_t *value;
  gsize index;
  json_array_foreach(json_object_get(one, "good"), index, value) {
    g_autoptr(GError) error = NULL;
    g_assert_true(json_schema_check(schema, components, value, &error));
    g_assert_no_error(error);
    g_assert_true(json_schema_holds(schema, components, value, "the answer", NULL));
  }
  json_array_foreach(json_object_get(one, "bad"), index, value) {
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) problems = g_string_new(NULL);
    g_assert_false(json_schema_check(schema, components, value, &error));
    g_assert_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT);
    g_assert_cmpstr(error->message, ==, json_get_string(one, "says"));
    g_assert_false(json_schema_holds(schema, components, value, "the body", problems));
    g_assert_nonnull(strstr(problems->str, json_get_string(one, "says")));
  }
}

static void test_keywords(void) {
  g_autoptr(json_t) components = parse("{\"Tree\":{\"type\":\"object\",\"properties\":{\"of\":{\"items\":{\"$ref\":\"#/components/schemas/Tree\"}}}}}");
  g_autofree char *text = NULL;
  g_assert_true(g_file_get_contents("tests/data/base/json_schema.jsonl", &text, NULL, NULL));
  g_auto(GStrv) lines = g_strsplit(g_strchomp(text), "\n", -1);
  g_assert_cmpuint(g_strv_length(lines), >, 40);
  for (guint i = 0; lines[i] != NULL; i++) {
    g_autoptr(json_t) one = parse(lines[i]);
    g_test_message("%s", lines[i]);
    check_case(one, components);
  }
}

static void test_all_problems_are_told(void) {
  g_autoptr(json_t) schema = parse("{\"required\":[\"x\",\"y\"],\"properties\":{\"a\":{\"type\":\"integer\"},\"b\":{\"items\":{\"maximum\":3}}}}");
  g_autoptr(json_t) value = parse("{\"a\":\"1\",\"b\":[1,4,5]}");
  g_autoptr(GString) problems = g_string_new(NULL);
  g_assert_false(json_schema_holds(schema, NULL, value, "the answer", problems));
  g_assert_cmpstr(problems->str, ==, "the answer needs \"x\"\nthe answer needs \"y\"\n/a must be of type integer\n/b/1 must be at most 3\n/b/2 must be at most 3\n");
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/json_schema/keywords", test_keywords);
  g_test_add_func("/json_schema/all_problems_are_told", test_all_problems_are_told);
  return g_test_run();
}
