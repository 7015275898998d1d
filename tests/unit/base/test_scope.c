#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/scope.h"

static AccessScope *read_scope(const char *text, GError **error) {
  g_autoptr(json_t) json = json_parse(text, strlen(text), error);
  return json != NULL ? access_scope_from_json(json, error) : NULL;
}

static const char whole[] = "{\"tenant\":\"acme\",\"user\":\"ann\",\"roles\":[\"buyer\"],"
                            "\"row_filters\":[{\"attribute\":\"regions\",\"field\":\"region\",\"values\":[\"West\",7,true]}],"
                            "\"hidden_fields\":[\"orders.profit\"],"
                            "\"limits\":{\"rows\":100,\"bytes_scanned\":1000,\"seconds\":2.5}}";

static void test_reading(void) {
  g_autoptr(GError) error = NULL;
  g_autoptr(AccessScope) scope = read_scope(whole, &error);
  g_assert_no_error(error);
  g_assert_cmpstr(scope->tenant, ==, "acme");
  g_assert_cmpstr(scope->user, ==, "ann");
  g_assert_cmpstr(scope->roles[0], ==, "buyer");
  g_assert_cmpuint(scope->row_filters->len, ==, 1);
  const ScopeRowFilter *filter = scope->row_filters->pdata[0];
  g_assert_cmpstr(filter->attribute, ==, "regions");
  g_assert_cmpstr(filter->field, ==, "region");
  g_assert_cmpuint(g_strv_length(filter->values), ==, 3);
  g_assert_cmpstr(filter->values[1], ==, "7");
  g_assert_cmpstr(filter->values[2], ==, "true");
  g_assert_cmpstr(scope->hidden_fields[0], ==, "orders.profit");
  g_assert_cmpint(scope->max_rows, ==, 100);
  g_assert_cmpint(scope->max_bytes_scanned, ==, 1000);
  g_assert_cmpfloat(scope->max_seconds, ==, 2.5);
  g_assert_false(access_scope_is_unrestricted(scope));
}

static void test_defaults(void) {
  g_autoptr(GError) error = NULL;
  g_autoptr(AccessScope) empty = read_scope("{}", &error), local = access_scope_new_local();
  g_assert_no_error(error);
  g_assert_true(access_scope_is_unrestricted(empty));
  g_autofree char *a = access_scope_key(empty), *b = access_scope_key(local);
  g_assert_cmpstr(a, ==, b);
}

static void test_refused(void) {
  static const char *const wrong[] = {"[]",
                                      "{\"row_filter\":[]}",
                                      "{\"row_filters\":{}}",
                                      "{\"row_filters\":[{\"field\":\"a\"}]}",
                                      "{\"row_filters\":[{\"field\":\"\",\"values\":[]}]}",
                                      "{\"row_filters\":[{\"field\":\"a\",\"values\":[null]}]}",
                                      "{\"row_filters\":[{\"field\":\"a\",\"values\":\"x\"}]}",
                                      "{\"row_filters\":[{\"field\":\"a\",\"values\":[],\"value\":1}]}",
                                      "{\"hidden_fields\":\"a\"}",
                                      "{\"hidden_fields\":[1]}",
                                      "{\"tenant\":1}",
                                      "{\"limits\":{\"row\":1}}",
                                      "{\"limits\":{\"rows\":-1}}",
                                      "{\"limits\":{\"rows\":1.5}}",
                                      "{\"limits\":{\"seconds\":\"1\"}}"};
  for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(AccessScope) scope = read_scope(wrong[i], &error);
    g_assert_null(scope);
    g_assert_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT);
  }
}

static void test_an_empty_list_is_a_restriction(void) {
  g_autoptr(GError) error = NULL;
  g_autoptr(AccessScope) scope = read_scope("{\"row_filters\":[{\"field\":\"a\",\"values\":[]}]}", &error);
  g_assert_no_error(error);
  g_assert_false(access_scope_is_unrestricted(scope));
}

static char *key_of(const char *text) {
  g_autoptr(GError) error = NULL;
  g_autoptr(AccessScope) scope = read_scope(text, &error);
  g_assert_no_error(error);
  return access_scope_key(scope);
}

static void test_keys(void) {
  g_autofree char *base = key_of("{\"row_filters\":[{\"field\":\"a\",\"values\":[\"x\",\"y\"]},{\"field\":\"b\",\"values\":[\"z\"]}],"
                                 "\"hidden_fields\":[\"p\",\"q\"]}");
  static const char same[] = "{\"user\":\"bob\",\"hidden_fields\":[\"q\",\"p\",\"q\"],"
                             "\"row_filters\":[{\"field\":\"b\",\"values\":[\"z\"]},{\"field\":\"a\",\"values\":[\"y\",\"x\"]}]}";
  g_autofree char *equal = key_of(same);
  g_assert_cmpstr(base, ==, equal);
  static const char *const others[] = {
      "{\"hidden_fields\":[\"p\",\"q\"]}",
      "{\"row_filters\":[{\"field\":\"a\",\"values\":[\"x\"]},{\"field\":\"b\",\"values\":[\"z\"]}],\"hidden_fields\":[\"p\",\"q\"]}",
      "{\"row_filters\":[{\"field\":\"a\",\"values\":[\"x\",\"y\"]},{\"field\":\"b\",\"values\":[\"z\"]}],\"hidden_fields\":[\"p\"]}",
      "{\"row_filters\":[{\"field\":\"a\",\"values\":[\"x,y\"]},{\"field\":\"b\",\"values\":[\"z\"]}],\"hidden_fields\":[\"p\",\"q\"]}",
      ("{\"tenant\":\"t\",\"row_filters\":[{\"field\":\"a\",\"values\":[\"x\",\"y\"]},{\"field\":\"b\",\"values\":[\"z\"]}],"
       "\"hidden_fields\":[\"p\",\"q\"]}"),
  };
  for (guint i = 0; i < G_N_ELEMENTS(others); i++) {
    g_autofree char *other = key_of(others[i]);
    g_assert_cmpstr(base, !=, other);
  }
}

static gpointer hold_and_release(gpointer scope) {
  for (int i = 0; i < 10000; i++) access_scope_unref(access_scope_ref(scope));
  return NULL;
}

static void test_shared_between_threads(void) {
  g_autoptr(AccessScope) scope = access_scope_new_local();
  GThread *threads[4];
  for (guint i = 0; i < 4; i++) threads[i] = g_thread_new("scope", hold_and_release, scope);
  for (guint i = 0; i < 4; i++) g_thread_join(threads[i]);
  g_assert_cmpstr(scope->tenant, ==, "local");
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/scope/reading", test_reading);
  g_test_add_func("/scope/defaults", test_defaults);
  g_test_add_func("/scope/refused", test_refused);
  g_test_add_func("/scope/an-empty-list-is-a-restriction", test_an_empty_list_is_a_restriction);
  g_test_add_func("/scope/keys", test_keys);
  g_test_add_func("/scope/shared-between-threads", test_shared_between_threads);
  return g_test_run();
}
