/*
 * Any bytes as a request: the first line as header fields and address, the rest as a body. A body is refused with a
 * reason or meets its schema, and what meets the schema of a query is one or is refused with a reason.
 */
#include "fuzz.h"
#include "server/headers.h"
#include "server/listen.h"
#include "server/openapi.h"
#include "base/json_schema.h"
#include <stdlib.h>
#include <string.h>

static void check_head(const char *line) {
  headers_host_is_local(line);
  headers_origin_is_local(line);
  headers_is_json(line);
  /* What takes everything takes this, and what is taken is never refused by adding to the list. */
  g_autofree char *and_all = g_strconcat(line, ",*/*", NULL);
  if (headers_accepts(line, MEDIA_JSON) && !headers_accepts(and_all, MEDIA_JSON) && strlen(line) < 64) abort();
  RouteMatch match;
  route_match("GET", line, &match);
  if (match.route != NULL && match.allow != NULL) abort();
  route_match_clear(&match);
  ListenAddress address;
  g_autoptr(GError) error = NULL;
  if (!listen_address_parse(line, &address, &error) && error == NULL) abort();
}

static void check_body(const json_t *components, const char *name, const json_t *body) {
  g_autoptr(GError) error = NULL;
  if (!json_schema_check(json_object_get(components, name), components, body, &error)) {
    if (error == NULL) abort();
    Reply reply = {0};
    reply_set_error(&reply, error);
    gsize length = 0;
    const char *text = g_bytes_get_data(reply.body, &length);
    g_autoptr(json_t) problem = json_parse(text, length, NULL);
    if (reply.status != 400 || json_get_string(problem, "detail") == NULL) abort();
    reply_clear(&reply);
    return;
  }
  const json_t *query = json_object_get(body, "query");
  if (query == NULL) return;
  g_autoptr(SemanticQuery) read = semantic_query_from_json(query, &error);
  if (read == NULL && error == NULL) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  static json_t *components;
  if (components == NULL) components = openapi_components(NULL);
  if (components == NULL) abort();
  g_autofree char *text = fuzz_text(bytes, length);
  char *body = strchr(text, '\n');
  if (body != NULL) *body++ = '\0';
  check_head(text);
  if (body == NULL) return 0;
  g_autoptr(json_t) json = json_parse(body, strlen(body), NULL);
  if (json == NULL) return 0;
  check_body(components, "AskRequest", json);
  check_body(components, "UnderstandRequest", json);
  check_body(components, "QueryRequest", json);
  return 0;
}
