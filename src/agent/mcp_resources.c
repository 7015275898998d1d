/* Resources: the model as this caller may see it, one dataset of it, and the form of a semantic query. */
#include <string.h>

#include "agent/mcp_private.h"
#include "base/embedded.h"
#include "model/relation.h"

#define URI_MODEL "aisle://model"
#define URI_DATASETS "aisle://model/datasets/"
#define URI_QUERY_SCHEMA "aisle://schemas/semantic_query"

/* First and last day of a dataset's data, where it has a date. */
static void add_date_range(json_t *described, const Dataset *dataset, const ValueIndex *values) {
  const Field *date = dataset->default_date != NULL ? dataset_find_field(dataset, dataset->default_date) : NULL;
  DateRange range = date != NULL ? value_index_date_range(values, date) : (DateRange){0, 0, FALSE};
  if (!range.known) return;
  g_autofree char *first = day_format_iso(range.first), *last = day_format_iso(range.last);
  json_object_set_new(described, "dates", json_pack("{s:s, s:s}", "first", first, "last", last));
}

/* Bounds and counts in the model are those of all rows; under a scope they would tell of rows that it hides. */
static void drop_statistics(json_t *described) {
  static const char *const statistics[] = {"minimum", "maximum", "distinct_count", "null_count"};
  const json_t *fields = json_object_get(described, "fields");
  for (gsize i = 0; i < json_array_size(fields); i++)
    for (guint j = 0; j < G_N_ELEMENTS(statistics); j++) json_object_del(json_array_get(fields, i), statistics[j]);
}

json_t *mcp_describe(const McpServer *server, const char *dataset) {
  g_autoptr(Model) visible = NULL;
  g_autoptr(ValueIndex) values = NULL;
  if (!answer_service_visible(server->service, server->scope, &visible, &values, NULL)) return NULL;
  json_t *described_model = model_to_json(visible), *datasets = json_object_get(described_model, "datasets");
  for (gsize i = json_array_size(datasets); i-- > 0;) {
    json_t *described = json_array_get(datasets, i);
    const Dataset *known = model_find_dataset(visible, json_get_string(described, "name"));
    if (!access_scope_is_unrestricted(server->scope)) drop_statistics(described);
    if (known != NULL && json_object_get(described, "row_count") != NULL)
      json_object_set_new(described, "row_count", json_integer(MAX(value_index_rows(values, known->name), 0)));
    if (known != NULL) add_date_range(described, known, values);
    if (dataset != NULL && g_strcmp0(json_get_string(described, "name"), dataset) != 0) json_array_remove(datasets, i);
  }
  if (dataset == NULL || json_array_size(datasets) > 0) return described_model;
  json_decref(described_model);
  return NULL;
}

static json_t *resource(const char *uri, const char *name, const char *title, const char *description) {
  return json_pack("{s:s, s:s, s:s, s:s, s:s}", "uri", uri, "name", name, "title", title, "description", description, "mimeType",
                   "application/json");
}

json_t *mcp_list_resources(McpCall *call) {
  g_autoptr(Model) model = answer_service_model_ref(call->server->service);
  g_autoptr(Model) visible = model_visible(model, call->server->scope);
  if (visible == NULL) return mcp_fault(call, RPC_INTERNAL, "the model cannot be read");
  json_t *resources = json_array();
  json_array_append_new(resources, resource(URI_MODEL, "model", "Semantic model", "Metrics, dimensions, entities and conditions."));
  json_array_append_new(resources, resource(URI_QUERY_SCHEMA, "semantic_query", "Form of a semantic query", "JSON Schema of what semantic_query takes."));
  for (guint i = 0; i < visible->datasets->len; i++) {
    const Dataset *dataset = g_ptr_array_index(visible->datasets, i);
    g_autofree char *uri = g_strconcat(URI_DATASETS, dataset->name, NULL);
    json_array_append_new(resources, resource(uri, dataset->name, dataset->label != NULL ? dataset->label : dataset->name, "One dataset of the model."));
  }
  return json_pack("{s:o}", "resources", resources);
}

json_t *mcp_list_resource_templates(McpCall *call) {
  (void)call;
  return json_pack("{s:[{s:s, s:s, s:s, s:s}]}", "resourceTemplates", "uriTemplate", URI_DATASETS "{name}", "name", "dataset", "title",
                   "One dataset of the model", "mimeType", "application/json");
}

json_t *mcp_read_resource(McpCall *call) {
  const char *uri = json_get_string(call->params, "uri");
  if (uri == NULL) return mcp_fault(call, RPC_PARAMS, "the uri is missing");
  g_autofree char *text = NULL;
  if (strcmp(uri, URI_QUERY_SCHEMA) == 0) {
    const EmbeddedFile *file = embedded_file_find("semantic_query.json");
    text = file != NULL ? g_strdup(file->bytes) : NULL;
  } else if (strcmp(uri, URI_MODEL) == 0 || g_str_has_prefix(uri, URI_DATASETS)) {
    g_autoptr(json_t) model = mcp_describe(call->server, strcmp(uri, URI_MODEL) == 0 ? NULL : uri + strlen(URI_DATASETS));
    text = model != NULL ? json_to_text(model, JSON_PLAIN) : NULL;
  }
  if (text == NULL) return mcp_fault(call, call->stateless ? RPC_PARAMS : RPC_NO_RESOURCE, "there is no such resource; resources/list names them");
  return json_pack("{s:[{s:s, s:s, s:s}]}", "contents", "uri", uri, "mimeType", "application/json", "text", text);
}
