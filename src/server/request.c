#include "server/request.h"

#include <math.h>
#include <sodium.h>
#include <stddef.h>
#include <string.h>

#include "server/headers.h"
#include "base/json_schema.h"

/* Bodies that are remembered: their size, and what their JSON may take beside. */
#define KNOWN_BODY_MAX 1024
#define KNOWN_BODY_OVERHEAD 1024

Request *request_new(ServerState *state, gpointer server, struct MHD_Connection *connection, const char *raw_uri) {
  Request *request = g_new0(Request, 1);
  request->connection = connection;
  request->state = state;
  request->server = server;
  request->started_us = g_get_monotonic_time();
  request->uri_too_long = strlen(raw_uri) > REQUEST_MAX_URI;
  /* Decoding would end the text there. */
  request->uri_has_nul = strstr(raw_uri, "%00") != NULL;
  return request;
}

void request_free(Request *request) {
  if (request == NULL) return;
  route_match_clear(&request->match);
  if (request->body != NULL) g_byte_array_unref(request->body);
  json_decref(request->json);
  reply_clear(&request->reply);
  g_free(request);
}

static const char *header(const Request *request, const char *name) {
  return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

/* ---- the head ---- */

static void check_body_headers(Request *request) {
  const Route *route = request->match.route;
  const char *encoding = header(request, MHD_HTTP_HEADER_CONTENT_ENCODING);
  if (!headers_is_json(header(request, MHD_HTTP_HEADER_CONTENT_TYPE)) ||
      (encoding != NULL && g_ascii_strcasecmp(encoding, "identity") != 0)) {
    reply_refuse(&request->reply, HTTP_MEDIA, NULL);
    return;
  }
  const char *length = header(request, MHD_HTTP_HEADER_CONTENT_LENGTH);
  if (length != NULL && g_ascii_strtoull(length, NULL, 10) > route->body_max)
    reply_set_problem(&request->reply, AISLE_ERROR_TOO_LARGE, "the body is larger than this address takes");
}

/* A page elsewhere may point a name of its own at this machine, or send a form here: neither names us. */
static gboolean comes_from_here(const Request *request) {
  const char *origin = header(request, MHD_HTTP_HEADER_ORIGIN);
  return headers_host_is_local(header(request, MHD_HTTP_HEADER_HOST)) && (origin == NULL || headers_origin_is_local(origin));
}

void request_open(Request *request, const char *method, const char *path) {
  if (request->uri_too_long) {
    reply_refuse(&request->reply, HTTP_URI, NULL);
    return;
  }
  if (!comes_from_here(request)) {
    reply_set_problem(&request->reply, AISLE_ERROR_FORBIDDEN,
                      "this server answers only to localhost; open it as http://localhost or http://127.0.0.1");
    return;
  }
  route_match(method, path, &request->match);
  const Route *route = request->match.route;
  request->wants_events = route != NULL && route->events != NULL && headers_names(header(request, MHD_HTTP_HEADER_ACCEPT), MEDIA_EVENTS);
  if (route == NULL && request->match.allow == NULL) {
    reply_refuse(&request->reply, HTTP_NO_ROUTE, "GET /openapi.json lists what there is");
  } else if (route == NULL) {
    reply_refuse(&request->reply, HTTP_METHOD, NULL);
    request->reply.allow = g_steal_pointer(&request->match.allow);
  } else if (request->uri_has_nul) {
    reply_set_problem(&request->reply, AISLE_ERROR_INVALID_ARGUMENT, "the address must not hold a NUL character");
  } else if (!request->wants_events && route->media_type != NULL && strcmp(route->media_type, MEDIA_ANY) != 0 &&
             !headers_accepts(header(request, MHD_HTTP_HEADER_ACCEPT), route->media_type)) {
    reply_refuse(&request->reply, HTTP_NOT_ACCEPTABLE, NULL);
  } else if (route->request != NULL) {
    check_body_headers(request);
  }
}

/* ---- the body ---- */

gboolean request_take_piece(Request *request, const char *bytes, size_t length) {
  const Route *route = request->match.route;
  gboolean wanted = request->reply.status == 0 && route != NULL && route->request != NULL;
  gsize have = request->body != NULL ? request->body->len : 0;
  if (wanted && length > route->body_max - have) {
    reply_set_problem(&request->reply, AISLE_ERROR_TOO_LARGE, "the body is larger than this address takes");
    wanted = FALSE;
  }
  if (!wanted) {
    request->discarded += length;
    return request->discarded <= REQUEST_MAX_DISCARD;
  }
  if (request->body == NULL) request->body = g_byte_array_sized_new(1024);
  g_byte_array_append(request->body, (const guint8 *)bytes, (guint)length);
  return TRUE;
}

/* In JSON Schema 5.0 is an integer; from here on it is one. The depth is bounded by the parser. */
static json_t *with_whole_numbers(json_t *value) {
  const char *key;
  json_t *member;
  gsize index;
  void *next;
  double number = json_is_real(value) ? json_real_value(value) : 0.5;
  if (number == floor(number) && fabs(number) < 9007199254740992.0) {
    json_decref(value);
    return json_integer((json_int_t)number);
  }
  json_object_foreach_safe(value, next, key, member) {
    if (!json_is_string(member)) json_object_set_new(value, key, with_whole_numbers(json_incref(member)));
  }
  json_array_foreach(value, index, member) {
    if (!json_is_string(member)) json_array_set_new(value, index, with_whole_numbers(json_incref(member)));
  }
  return value;
}

/* Parses the body and holds it against the route's schema. NULL: what is wrong is in `reply`. (transfer full) */
static json_t *read_body(Request *request, const char *bytes, gsize length) {
  g_autoptr(GError) error = NULL;
  json_t *parsed = json_parse_wide(bytes, length, &error);
  if (parsed == NULL) {
    reply_set_problem(&request->reply, AISLE_ERROR_INVALID_ARGUMENT, error->message);
    return NULL;
  }
  g_autoptr(json_t) body = with_whole_numbers(parsed);
  const json_t *schema = json_object_get(request->state->components, request->match.route->request);
  if (json_schema_check(schema, request->state->components, body, &error)) return g_steal_pointer(&body);
  reply_set_error(&request->reply, error);
  return NULL;
}

static void release_json(gpointer json) { json_decref(json); }

/*
 * Where answers come from memory, reading the same few bodies again and again would be most of the work. What was read
 * from a body never changes, so that requests share it; its key holds the route, since each has a schema of its own.
 */
static json_t *read_known_body(Request *request, const char *bytes, gsize length) {
  guint8 hash[32];
  char key[2 * sizeof hash + 1];
  const char *operation = request->match.route->operation;
  crypto_generichash_state state;
  crypto_generichash_init(&state, NULL, 0, sizeof hash);
  crypto_generichash_update(&state, (const guint8 *)operation, strlen(operation) + 1);
  crypto_generichash_update(&state, (const guint8 *)bytes, length);
  crypto_generichash_final(&state, hash, sizeof hash);
  sodium_bin2hex(key, sizeof key, hash, sizeof hash);
  g_autoptr(GBytes) known = cache_get(request->state->bodies, key);
  if (known != NULL) return json_incref((json_t *)g_bytes_get_data(known, NULL));
  json_t *body = read_body(request, bytes, length);
  if (body == NULL) return NULL;
  g_autoptr(GBytes) kept = g_bytes_new_with_free_func(body, length + KNOWN_BODY_OVERHEAD, release_json, json_incref(body));
  cache_put(request->state->bodies, key, kept);
  return body;
}

static void check_body(Request *request) {
  const char *bytes = request->body != NULL ? (const char *)request->body->data : "";
  gsize length = request->body != NULL ? request->body->len : 0;
  gboolean often = request->match.route->shortcut != NULL && length <= KNOWN_BODY_MAX;
  request->json = often ? read_known_body(request, bytes, length) : read_body(request, bytes, length);
  request->call.body = request->json;
}

/* ---- parameters ---- */

static gboolean refuse_parameter(Request *request, const char *name, const char *what) {
  g_autofree char *valid = g_utf8_make_valid(name, -1);
  g_autofree char *detail = g_strdup_printf("parameter \"%.100s\" %s", valid, what);
  reply_set_problem(&request->reply, AISLE_ERROR_INVALID_ARGUMENT, detail);
  return FALSE;
}

static gboolean is_choice(const char *choices, const char *value) {
  g_auto(GStrv) list = g_strsplit(choices, "|", -1);
  return g_strv_contains((const char *const *)list, value);
}

static gboolean take_parameter(Request *request, guint index, const char *value, gsize length) {
  const RouteParameter *parameter = &request->match.route->parameters[index];
  if (request->call.texts[index] != NULL) return refuse_parameter(request, parameter->name, "is given twice");
  if (!text_is_valid(value, length)) return refuse_parameter(request, parameter->name, "is not valid UTF-8");
  request->call.texts[index] = value;
  if (parameter->kind == PARAMETER_TEXT) {
    glong characters = g_utf8_strlen(value, (gssize)length);
    if (characters < parameter->minimum) return refuse_parameter(request, parameter->name, "is too short");
    if (characters > parameter->maximum) return refuse_parameter(request, parameter->name, "is too long");
    return parameter->choices == NULL || is_choice(parameter->choices, value) ||
           refuse_parameter(request, parameter->name, "is none of the choices; /openapi.json lists them");
  }
  return g_ascii_string_to_signed(value, 10, parameter->minimum, parameter->maximum, &request->call.integers[index], NULL) ||
         refuse_parameter(request, parameter->name, "must be a whole number within its bounds");
}

static enum MHD_Result take_query_value(void *data, enum MHD_ValueKind kind, const char *key, size_t key_size,
                                        const char *value, size_t value_size) {
  (void)kind;
  (void)key_size;
  Request *request = data;
  const Route *route = request->match.route;
  for (guint i = 0; i < ROUTE_MAX_PARAMETERS; i++) {
    const RouteParameter *parameter = &route->parameters[i];
    if (parameter->kind == PARAMETER_NONE || parameter->in_path || strcmp(parameter->name, key) != 0) continue;
    return take_parameter(request, i, value != NULL ? value : "", value_size) ? MHD_YES : MHD_NO;
  }
  refuse_parameter(request, key, "does not exist here");
  return MHD_NO;
}

static void check_parameters(Request *request) {
  const Route *route = request->match.route;
  for (guint i = 0; i < ROUTE_MAX_PARAMETERS; i++) request->call.integers[i] = route->parameters[i].fallback;
  MHD_get_connection_values_n(request->connection, MHD_GET_ARGUMENT_KIND, take_query_value, request);
  for (guint i = 0; request->reply.status == 0 && i < ROUTE_MAX_PARAMETERS; i++) {
    const RouteParameter *parameter = &route->parameters[i];
    if (parameter->in_path) take_parameter(request, i, request->match.path_value, strlen(request->match.path_value));
    else if (parameter->required && request->call.texts[i] == NULL) refuse_parameter(request, parameter->name, "is missing");
  }
}

static const char *header_of_call(const Call *call, const char *name) {
  return header((const Request *)((const char *)call - offsetof(Request, call)), name);
}

/* RFC 6455, 4.2.1; a key is 16 bytes in Base64. */
static const char *socket_key_of(const Request *request) {
  const char *upgrade = header(request, MHD_HTTP_HEADER_UPGRADE), *connection = header(request, MHD_HTTP_HEADER_CONNECTION);
  const char *key = header(request, "Sec-WebSocket-Key"), *version = header(request, "Sec-WebSocket-Version");
  if (upgrade == NULL || g_ascii_strcasecmp(upgrade, "websocket") != 0 || connection == NULL || !headers_names(connection, "upgrade")) return NULL;
  if (g_strcmp0(version, "13") != 0 || key == NULL || strlen(key) != 24 || !g_str_has_suffix(key, "==")) return NULL;
  return key;
}

void request_check(Request *request, gint64 deadline_ms) {
  request->call.state = request->state;
  request->call.route = request->match.route;
  request->call.header = header_of_call;
  request->call.method = request->match.route->method;
  request->call.deadline = deadline_in_ms(deadline_ms, &request->cancelled);
  request->call.socket_key = socket_key_of(request);
  const char *last_event = header(request, "Last-Event-ID");
  if (last_event != NULL) g_ascii_string_to_unsigned(last_event, 10, 0, G_MAXUINT64, &request->call.last_event, NULL);
  request->call.accept_encoding = header(request, MHD_HTTP_HEADER_ACCEPT_ENCODING);
  request->call.if_none_match = header(request, MHD_HTTP_HEADER_IF_NONE_MATCH);
  check_parameters(request);
  if (request->reply.status == 0 && request->match.route->request != NULL) check_body(request);
}
