/*
 * Semantic queries may nest without end: a metric's filters test metrics, which have filters. Whoever makes up requests
 * from a description without end (a fuzzer walks every way through it) never comes to one. So requests are described a
 * few levels deep, further than any question in words leads. What is deeper is read all the same.
 */
#include <string.h>

#include "server/openapi.h"

#define PREFIX "#/components/schemas/SemanticQuery"
#define MAX_NAMES 4

/* A component made of another: without the forms that have one of some members, and with references led elsewhere. */
typedef struct {
  const char *name, *of;
  const char *without[MAX_NAMES + 1];
  const char *redirects[2 * MAX_NAMES]; /* from, to */
} Variant;

static const Variant variants[] = {
    {"_request", "", {NULL}, {"_metric", "_request_metric", "_filters", "_request_filters", "_dimension", "_request_dimension"}},
    {"_request_metric", "_metric", {NULL}, {"_metric", "_plain_metric", "_filters", "_plain_filters"}},
    {"_request_dimension", "_dimension", {NULL}, {"_metric", "_plain_metric"}},
    {"_request_filters", "_filters", {NULL}, {"_filter", "_request_filter"}},
    {"_request_filter", "_filter", {NULL}, {"_metric", "_plain_metric", "_filters", "_plain_filters"}},
    {"_plain_metric", "_metric", {"of", "ratio", "difference", "sum"}, {"_filters", "_plain_filters"}},
    {"_plain_filters", "_filters", {NULL}, {"_filter", "_plain_filter"}},
    {"_plain_filter", "_filter", {"any", "did", "metric"}, {NULL}},
    /* What is only kept is read by what reads it where it is asked: its description need not be walked to the same depth again. */
    {"_kept", "", {NULL}, {"_metric", "_kept_metric", "_filters", "_plain_filters", "_dimension", "_kept_dimension"}},
    {"_kept_metric", "_metric", {"aggregate", "ratio", "difference", "sum"}, {"_filters", "_plain_filters"}},
    {"_kept_dimension", "_dimension", {NULL}, {"_metric", "_kept_metric"}},
};
static const char *const keeping[] = {"NewPin", "PinChange", "NewLink", "TaskRequest", NULL}; /* requests with a query that is kept */

/* Where a reference leads from now on; the same where nothing is said of it. */
static const char *redirected(const Variant *variant, const char *reference) {
  if (!g_str_has_prefix(reference, PREFIX)) return NULL;
  for (guint i = 0; i + 1 < G_N_ELEMENTS(variant->redirects) && variant->redirects[i] != NULL; i += 2) {
    if (strcmp(reference + strlen(PREFIX), variant->redirects[i]) == 0) return variant->redirects[i + 1];
  }
  return NULL;
}

static void redirect(const Variant *variant, json_t *schema) {
  const char *key, *reference = json_get_string(schema, "$ref");
  const char *to = reference != NULL ? redirected(variant, reference) : NULL;
  json_t *member;
  gsize index;
  if (to != NULL) {
    g_autofree char *whole = g_strconcat(PREFIX, to, NULL);
    json_object_set_new(schema, "$ref", json_string(whole));
  }
  json_object_foreach(schema, key, member) redirect(variant, member);
  json_array_foreach(schema, index, member) redirect(variant, member);
}

static gboolean is_left_out(const Variant *variant, const json_t *form) {
  const json_t *members = json_object_get(form, "properties");
  for (const char *const *name = variant->without; *name != NULL; name++) {
    if (json_object_get(members, *name) != NULL) return TRUE;
  }
  return FALSE;
}

static void leave_out(const Variant *variant, json_t *schema) {
  json_t *forms = json_object_get(schema, "oneOf");
  for (gsize i = json_array_size(forms); i-- > 0;) {
    if (is_left_out(variant, json_array_get(forms, i))) json_array_remove(forms, i);
  }
}

static void add_variant(json_t *components, const Variant *variant) {
  g_autofree char *name = g_strconcat("SemanticQuery", variant->name, NULL), *of = g_strconcat("SemanticQuery", variant->of, NULL);
  json_t *schema = json_deep_copy(json_object_get(components, of));
  leave_out(variant, schema);
  redirect(variant, schema);
  /* Types of the page are made from the original. */
  json_object_set_new(schema, "x-like", json_string(of));
  json_object_set_new(components, name, schema);
}

json_t *openapi_shallow_components(const json_t *components) {
  static const Variant of_request = {NULL, NULL, {NULL}, {"", "_request"}}, of_kept = {NULL, NULL, {NULL}, {"", "_kept"}};
  json_t *shallow = json_deep_copy(components);
  for (guint i = 0; i < G_N_ELEMENTS(variants); i++) add_variant(shallow, &variants[i]);
  for (guint i = 0; i < routes_count(); i++) {
    const char *request = routes[i].request;
    if (request != NULL) redirect(g_strv_contains(keeping, request) ? &of_kept : &of_request, json_object_get(shallow, request));
  }
  return shallow;
}
