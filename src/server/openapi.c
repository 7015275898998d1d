#include "server/openapi.h"

#include <string.h>

#include "base/embedded.h"
#include "base/json_schema.h"

static json_t *read_embedded(const char *name, GError **error) {
  const EmbeddedFile *file = embedded_file_find(name);
  if (file == NULL) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_INTERNAL, "the program lacks its file %s", name);
    return NULL;
  }
  return json_parse(file->bytes, file->length, error);
}

/* ---- contracts as components ---- */

/* Where a reference of the contract `name` leads in our document. */
static char *inward_reference(const char *name, const char *reference) {
  if (g_str_has_prefix(reference, "#/$defs/")) return g_strdup_printf("#/components/schemas/%s_%s", name, reference + 8);
  if (strcmp(reference, "semantic_query.json") == 0) return g_strdup("#/components/schemas/SemanticQuery");
  return g_strdup(reference);
}

static gboolean may_be_text(const json_t *schema) {
  const json_t *type = json_object_get(schema, "type");
  if (json_is_string(type)) return strcmp(json_string_value(type), "string") == 0;
  for (gsize i = 0; i < json_array_size(type); i++) {
    if (g_strcmp0(json_string_value(json_array_get(type, i)), "string") == 0) return TRUE;
  }
  return FALSE;
}

static void turn_inward(json_t *schema, const char *name) {
  const char *key;
  json_t *member;
  gsize index;
  const char *reference = json_get_string(schema, "$ref");
  if (reference != NULL) {
    g_autofree char *inward = inward_reference(name, reference);
    json_object_set_new(schema, "$ref", json_string(inward));
  }
  /* No text holds a NUL. The contracts need not say it of each, but those who make up requests want to know. */
  if (may_be_text(schema) && json_object_get(schema, "pattern") == NULL && json_object_get(schema, "format") == NULL)
    json_object_set_new(schema, "pattern", json_string(JSON_SCHEMA_NO_NUL));
  json_object_foreach(schema, key, member) turn_inward(member, name);
  json_array_foreach(schema, index, member) turn_inward(member, name);
}

/* Adds a contract under `name` and its definitions under "name_definition". */
static gboolean add_contract(json_t *components, const char *name, const char *file, GError **error) {
  g_autoptr(json_t) schema = read_embedded(file, error);
  if (schema == NULL) return FALSE;
  json_object_del(schema, "$schema");
  json_object_del(schema, "$id");
  turn_inward(schema, name);
  g_autoptr(json_t) definitions = json_incref(json_object_get(schema, "$defs"));
  json_object_del(schema, "$defs");
  const char *key;
  json_t *definition;
  json_object_foreach(definitions, key, definition) {
    g_autofree char *full = g_strconcat(name, "_", key, NULL);
    json_object_set(components, full, definition);
  }
  json_object_set(components, name, schema);
  return TRUE;
}

json_t *openapi_components(GError **error) {
  g_autoptr(json_t) components = read_embedded("api_schemas.json", error);
  if (components == NULL) return NULL;
  turn_inward(components, "");
  if (!add_contract(components, "SemanticQuery", "semantic_query.json", error)) return NULL;
  if (!add_contract(components, "Answer", "answer.json", error)) return NULL;
  return g_steal_pointer(&components);
}

/* ---- the document ---- */

static json_t *reference_to(const char *name) {
  g_autofree char *reference = g_strconcat("#/components/schemas/", name, NULL);
  return json_pack("{s:s}", "$ref", reference);
}

static json_t *content_of(const char *media_type, const char *schema) {
  /* A media type in the document has no parameters. */
  g_autofree char *bare = g_strndup(media_type, strcspn(media_type, ";"));
  /* Readers differ in whether they hold a schema against the whole stream or against each of its events. */
  json_t *shape = schema != NULL ? reference_to(schema)
                  : strcmp(bare, MEDIA_EVENTS) == 0 ? json_object() : json_pack("{s:s}", "type", "string");
  return json_pack("{s:{s:o}}", bare, "schema", shape);
}

static json_t *describe_parameter(const RouteParameter *parameter) {
  json_t *schema = json_object();
  gboolean text = parameter->kind == PARAMETER_TEXT;
  json_object_set_new(schema, "type", json_string(text ? "string" : "integer"));
  if (!text || parameter->minimum > 0)
    json_object_set_new(schema, text ? "minLength" : "minimum", json_integer(parameter->minimum));
  json_object_set_new(schema, text ? "maxLength" : "maximum", json_integer(parameter->maximum));
  if (parameter->choices != NULL) {
    g_auto(GStrv) choices = g_strsplit(parameter->choices, "|", -1);
    json_t *list = json_array();
    for (char **choice = choices; *choice != NULL; choice++) json_array_append_new(list, json_string(*choice));
    json_object_set_new(schema, "enum", list);
  }
  if (text) json_object_set_new(schema, "pattern", json_string(JSON_SCHEMA_NO_NUL));
  else json_object_set_new(schema, "default", json_integer(parameter->fallback));
  return json_pack("{s:s, s:s, s:b, s:s, s:o}", "name", parameter->name, "in", parameter->in_path ? "path" : "query",
                   "required", parameter->required, "description", parameter->description, "schema", schema);
}

static void add_problem(json_t *responses, const char *status, const char *description) {
  json_object_set_new(responses, status,
                      json_pack("{s:s, s:o}", "description", description, "content", content_of(MEDIA_PROBLEM, "Problem")));
}

static json_t *describe_success(const Route *route) {
  if (route->media_type == NULL) return json_pack("{s:s}", "description", route->summary);
  json_t *content = content_of(route->media_type, route->response);
  if (route->events_about != NULL)
    json_object_set_new(content, MEDIA_EVENTS, json_pack("{s:{s:s}}", "schema", "description", route->events_about));
  return json_pack("{s:s, s:o}", "description", route->summary, "content", content);
}

static json_t *describe_responses(const Route *route) {
  json_t *responses = json_object();
  char success[4];
  g_snprintf(success, sizeof success, "%d", route->status > 0 ? route->status : route->media_type == NULL ? 204 : 200);
  json_object_set_new(responses, success, describe_success(route));
  if (route->accepted != NULL)
    json_object_set_new(responses, "202", json_pack("{s:s, s:o}", "description", "It will be done", "content",
                                                    content_of(route->media_type, route->accepted)));
  if (route->handler == handle_ready)
    json_object_set_new(responses, "503", json_pack("{s:s, s:o}", "description", "It is stopping", "content",
                                                    content_of(route->media_type, route->response)));
  if (route->request != NULL || route->parameters[0].kind != PARAMETER_NONE)
    add_problem(responses, "400", aisle_error_info(AISLE_ERROR_INVALID_ARGUMENT)->meaning);
  if (route->parameters[0].in_path || route->request != NULL)
    add_problem(responses, "404", aisle_error_info(AISLE_ERROR_NOT_FOUND)->meaning);
  if (route->request != NULL) {
    add_problem(responses, "413", aisle_error_info(AISLE_ERROR_TOO_LARGE)->meaning);
    add_problem(responses, "415", "the body must be application/json in UTF-8");
    add_problem(responses, "422", aisle_error_info(AISLE_ERROR_BAD_QUERY)->meaning);
  }
  if (route->pooled || route->start != NULL || route->events != NULL) {
    add_problem(responses, "503", aisle_error_info(AISLE_ERROR_BUSY)->meaning);
    add_problem(responses, "504", aisle_error_info(AISLE_ERROR_TIMEOUT)->meaning);
  }
  add_problem(responses, "default", "Any other error");
  return responses;
}

static json_t *describe_route(const Route *route) {
  json_t *operation = json_pack("{s:s, s:s, s:o}", "operationId", route->operation, "summary", route->summary, "responses",
                                describe_responses(route));
  json_t *parameters = json_array();
  for (guint i = 0; i < ROUTE_MAX_PARAMETERS && route->parameters[i].kind != PARAMETER_NONE; i++)
    json_array_append_new(parameters, describe_parameter(&route->parameters[i]));
  if (json_array_size(parameters) > 0) json_object_set(operation, "parameters", parameters);
  json_decref(parameters);
  if (route->request != NULL)
    json_object_set_new(operation, "requestBody", json_pack("{s:b, s:o}", "required", TRUE, "content",
                                                            content_of(MEDIA_JSON, route->request)));
  return operation;
}

static void put_operation(json_t *paths, const Route *route, json_t *operation) {
  json_t *path = json_object_get(paths, route->path);
  if (path == NULL) {
    path = json_object();
    json_object_set_new(paths, route->path, path);
  }
  g_autofree char *method = g_ascii_strdown(route->method, -1);
  json_object_set_new(path, method, operation);
}

/* OpenAPI's paths are of requests with one reply: a WebSocket is none of them. */
static json_t *describe_socket(const Route *route) {
  return json_pack("{s:s, s:s, s:{s:{s:s}, s:o}}", "operationId", route->operation, "summary", route->summary, "responses", "101",
                   "description", "It speaks WebSocket from here on",
                   "426", json_pack("{s:s, s:o}", "description", "The request is no handshake of a WebSocket, version 13", "content",
                                    content_of(MEDIA_PROBLEM, "Problem")));
}

GBytes *openapi_document(const json_t *components) {
  json_t *paths = json_object(), *sockets = json_object();
  for (guint i = 0; i < routes_count(); i++) {
    if (routes[i].status == 101) put_operation(sockets, &routes[i], describe_socket(&routes[i]));
    else put_operation(paths, &routes[i], describe_route(&routes[i]));
  }
  g_autoptr(json_t) document =
      json_pack("{s:s, s:{s:s, s:s, s:s}, s:o, s:o, s:{s:o}}", "openapi", "3.1.0", "info", "title", "Aisle", "version",
                AISLE_VERSION, "description", "Questions about a retailer's own data, answered with numbers that are the data's.",
                "paths", paths, "x-websockets", sockets, "components", "schemas", openapi_shallow_components(components));
  char *text = json_to_text(document, JSON_PLAIN);
  return g_bytes_new_take(text, strlen(text));
}
