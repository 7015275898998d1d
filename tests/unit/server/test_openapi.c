#include "server/openapi.h"

#include <string.h>

static json_t *components_and_document(json_t **components) {
  g_autoptr(GError) error = NULL;
  *components = openapi_components(&error);
  g_assert_no_error(error);
  g_autoptr(GBytes) bytes = openapi_document(*components);
  gsize length = 0;
  const char *text = g_bytes_get_data(bytes, &length);
  json_t *document = json_parse(text, length, &error);
  g_assert_no_error(error);
  return document;
}

static void check_references(const json_t *value, const json_t *components) {
  const char *key, *reference = json_get_string(value, "$ref");
  json_t *member;
  gsize index;
  if (reference != NULL) {
    g_assert_true(g_str_has_prefix(reference, "#/components/schemas/"));
    g_assert_nonnull(json_object_get(components, reference + strlen("#/components/schemas/")));
  }
  json_object_foreach((json_t *)value, key, member) check_references(member, components);
  json_array_foreach((json_t *)value, index, member) check_references(member, components);
}

static void test_every_reference_leads_somewhere(void) {
  json_t *kept = NULL;
  g_autoptr(json_t) document = components_and_document(&kept);
  g_autoptr(json_t) components = kept;
  g_assert_cmpstr(json_get_string(document, "openapi"), ==, "3.1.0");
  g_assert_cmpuint(json_object_size(components), >, 10);
  check_references(document, json_object_get(json_object_get(document, "components"), "schemas"));
}

/* Names of all components that one comes to from here. */
static void gather(const json_t *value, const json_t *components, GHashTable *seen) {
  const char *key, *reference = json_get_string(value, "$ref");
  json_t *member;
  gsize index;
  const char *name = reference != NULL ? reference + strlen("#/components/schemas/") : NULL;
  if (name != NULL && g_hash_table_add(seen, (gpointer)name)) gather(json_object_get(components, name), components, seen);
  json_object_foreach((json_t *)value, key, member) gather(member, components, seen);
  json_array_foreach((json_t *)value, index, member) gather(member, components, seen);
}

static gboolean comes_back(const char *name, const json_t *components) {
  g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
  gather(json_object_get(components, name), components, seen);
  return g_hash_table_contains(seen, name);
}

static void test_queries_of_requests_end(void) {
  json_t *kept = NULL;
  g_autoptr(json_t) document = components_and_document(&kept);
  g_autoptr(json_t) components = kept;
  const json_t *described = json_object_get(json_object_get(document, "components"), "schemas");
  g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
  gather(json_object_get(described, "QueryRequest"), described, seen);
  g_assert_true(g_hash_table_contains(seen, "SemanticQuery_plain_filter"));
  GHashTableIter iterator;
  gpointer name;
  g_hash_table_iter_init(&iterator, seen);
  while (g_hash_table_iter_next(&iterator, &name, NULL)) g_assert_false(comes_back(name, described));
  /* What is read, and what answers hold, is what the contract says. */
  g_assert_true(comes_back("SemanticQuery_filter", components));
  g_assert_true(comes_back("SemanticQuery_filter", described));
  const json_t *query = json_object_get(json_object_get(json_object_get(components, "QueryRequest"), "properties"), "query");
  g_assert_cmpstr(json_get_string(query, "$ref"), ==, "#/components/schemas/SemanticQuery");
}

static void test_every_route_is_described(void) {
  json_t *kept = NULL;
  g_autoptr(json_t) document = components_and_document(&kept);
  g_autoptr(json_t) components = kept;
  g_assert_cmpuint(json_object_size(components), >, 10);
  g_autoptr(GHashTable) operations = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < routes_count(); i++) {
    const Route *route = &routes[i];
    g_autofree char *method = g_ascii_strdown(route->method, -1);
    const json_t *place = json_object_get(document, route->status == 101 ? "x-websockets" : "paths");
    const json_t *operation = json_object_get(json_object_get(place, route->path), method);
    g_assert_cmpstr(json_get_string(operation, "operationId"), ==, route->operation);
    g_assert_true(g_hash_table_add(operations, (gpointer)route->operation));
    g_autofree char *success = g_strdup_printf("%d", route->status > 0 ? route->status : route->media_type == NULL ? 204 : 200);
    g_assert_nonnull(json_object_get(json_object_get(operation, "responses"), success));
    g_assert_true((route->handler != NULL) != (route->start != NULL));
    g_assert_true((route->request != NULL) == (route->body_max > 0));
    g_assert_true((route->request != NULL) == (json_object_get(operation, "requestBody") != NULL));
    /* Every name between braces is a parameter in the path, and the other way round. */
    gboolean template = strchr(route->path, '{') != NULL;
    g_assert_true(template == route->parameters[0].in_path);
    if (template) g_assert_nonnull(strstr(route->path, route->parameters[0].name));
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/openapi/every-reference-leads-somewhere", test_every_reference_leads_somewhere);
  g_test_add_func("/openapi/queries-of-requests-end", test_queries_of_requests_end);
  g_test_add_func("/openapi/every-route-is-described", test_every_route_is_described);
  return g_test_run();
}
