#include "base/json_schema.h"

#include <string.h>

#include "server/openapi.h"

static json_t *parse(const char *text) {
  g_autoptr(GError) error = NULL;
  json_t *json = json_parse(text, strlen(text), &error);
  g_assert_no_error(error);
  return json;
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
    gboolean good = json_schema_check(json_object_get(components, "QueryRequest"), components, body, NULL);
    g_assert_cmpint(good, ==, bodies[i].good);
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/schema/semantic-queries", test_semantic_queries);
  return g_test_run();
}
