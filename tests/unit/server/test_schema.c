#include "server/schema.h"

#include <string.h>

#include "server/openapi.h"

static json_t *parse(const char *text) {
  g_autoptr(GError) error = NULL;
  json_t *json = json_parse(text, strlen(text), &error);
  g_assert_no_error(error);
  return json;
}

/* A value that meets the schema, one that does not, and what is said of it. */
static const struct {
  const char *schema, *good, *bad, *said;
} cases[] = {
    {"{\"type\":\"string\"}", "\"x\"", "1", "the body must be of type string"},
    {"{\"type\":\"integer\"}", "1", "1.5", "the body must be of type integer"},
    {"{\"type\":\"number\"}", "1", "true", "the body must be of type number"},
    {"{\"type\":[\"string\",\"null\"]}", "null", "false", "the body has the wrong type"},
    {"{\"type\":\"boolean\"}", "false", "null", "the body must be of type boolean"},
    {"{\"enum\":[\"a\",2]}", "2", "\"b\"", "the body must be one of [\"a\",2]"},
    {"{\"const\":1}", "1", "2", "the body has another value than it must have"},
    {"{\"minLength\":2}", "\"\xC3\xA9\xC3\xA9\"", "\"\xC3\xA9\"", "the body is too short"},
    {"{\"maxLength\":1}", "\"\xC3\xA9\"", "\"ab\"", "the body is too long"},
    {"{\"pattern\":\"^[a-z]+$\"}", "\"abc\"", "\"abc\\n\"", "the body must match ^[a-z]+$"},
    {"{\"format\":\"date\"}", "\"2020-02-29\"", "\"2021-02-29\"", "the body must be a date like 2020-12-31"},
    {"{\"minimum\":1,\"maximum\":3}", "3", "0", "the body must be at least 1"},
    {"{\"maximum\":3}", "2.5", "3.5", "the body must be at most 3"},
    {"{\"items\":{\"type\":\"integer\"}}", "[1,2]", "[1,\"x\"]", "/1 must be of type integer"},
    {"{\"minItems\":1}", "[0]", "[]", "the body has too few items"},
    {"{\"maxItems\":1}", "[0]", "[0,0]", "the body has too many items"},
    {"{\"required\":[\"a\"]}", "{\"a\":1}", "{}", "the body needs \"a\""},
    {"{\"properties\":{\"a\":{\"type\":\"integer\"}}}", "{\"a\":1}", "{\"a\":\"1\"}", "/a must be of type integer"},
    {"{\"properties\":{\"a\":{}},\"additionalProperties\":false}", "{\"a\":1}", "{\"b\":1}", "the body has no member \"b\""},
    {"{\"additionalProperties\":{\"type\":\"string\"}}", "{\"b\":\"x\"}", "{\"b\":1}", "/b must be of type string"},
    {"{\"minProperties\":1}", "{\"b\":1}", "{}", "the body has too few members"},
    {"{\"oneOf\":[{\"type\":\"string\"},{\"type\":\"number\"}]}", "1", "true", "the body has none of its possible forms"},
    {"{\"oneOf\":[{\"type\":\"integer\"},{\"type\":\"number\"}]}", "1.5", "1", "the body has several of its forms at once"},
    {"{\"anyOf\":[{\"type\":\"integer\"},{\"type\":\"number\"}]}", "1", "\"1\"", "the body has none of its possible forms"},
    {"{\"allOf\":[{\"minimum\":1},{\"maximum\":2}]}", "2", "3", "the body must be at most 2"},
    {"{\"$ref\":\"#/components/schemas/Tree\"}", "{\"of\":[{\"of\":[]}]}", "{\"of\":[{\"of\":[1]}]}",
     "/of/0/of/0 must be of type object"},
    {"{\"$ref\":\"elsewhere\"}", NULL, "1", "the body cannot be checked: there is no schema elsewhere"},
    {"{\"properties\":{\"a\":false}}", "{\"b\":1}", "{\"a\":1}", "/a is not allowed"},
};

static void test_keywords(void) {
  g_autoptr(json_t) components = parse("{\"Tree\":{\"type\":\"object\",\"properties\":{\"of\":{\"items\":"
                                       "{\"$ref\":\"#/components/schemas/Tree\"}}}}}");
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) schema = parse(cases[i].schema), bad = parse(cases[i].bad);
    g_autoptr(json_t) good = cases[i].good != NULL ? parse(cases[i].good) : NULL;
    if (good != NULL) g_assert_true(schema_check(schema, components, good, &error));
    g_assert_no_error(error);
    g_assert_false(schema_check(schema, components, bad, &error));
    g_assert_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT);
    g_assert_cmpstr(error->message, ==, cases[i].said);
  }
}

static void test_a_schema_that_never_ends(void) {
  g_autoptr(json_t) components = parse("{\"Loop\":{\"$ref\":\"#/components/schemas/Loop\"}}");
  g_autoptr(json_t) value = json_true();
  g_autoptr(GError) error = NULL;
  g_assert_false(schema_check(json_object_get(components, "Loop"), components, value, &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT);
}

static void test_semantic_queries(void) {
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) components = openapi_components(&error);
  g_assert_no_error(error);
  static const struct {
    const char *body;
    gboolean good;
  } bodies[] = {
      {"{\"query\":{\"metrics\":[\"revenue\"],\"dimensions\":[{\"time\":\"month\"}],\"time\":{\"unit\":\"month\",\"offset\":-1}}}", TRUE},
      {"{\"query\":{\"metrics\":[{\"ratio\":[\"a\",{\"metric\":\"b\"}]}],\"filters\":[{\"field\":\"x\",\"values\":[\"y\"]}]}}", TRUE},
      {"{\"query\":{}}", TRUE},
      {"{}", FALSE},
      {"{\"query\":{\"metric\":[]}}", FALSE},
      {"{\"query\":{\"limit\":0}}", FALSE},
      {"{\"query\":{\"filters\":[{\"field\":\"x\",\"op\":\"~\"}]}}", FALSE},
      {"{\"query\":{\"time\":{\"from\":\"yesterday\"}}}", FALSE},
  };
  for (guint i = 0; i < G_N_ELEMENTS(bodies); i++) {
    g_autoptr(json_t) body = parse(bodies[i].body);
    gboolean good = schema_check(json_object_get(components, "QueryRequest"), components, body, NULL);
    g_assert_cmpint(good, ==, bodies[i].good);
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/schema/keywords", test_keywords);
  g_test_add_func("/schema/a-schema-that-never-ends", test_a_schema_that_never_ends);
  g_test_add_func("/schema/semantic-queries", test_semantic_queries);
  return g_test_run();
}
