#include "ai/exchange.h"

#include <string.h>

#include "ai/http_private.h"

struct AiHttpOutside {
  AiHttpRequest request;
  AiHttpLoop on; /* of no daemon */
  const AiExchangeFace *face;
  gpointer user;
  char *method, *path;
  GHashTable *given; /* header or argument (name with '?' before it) -> value */
  AiTimer *look, *deliver;
};
typedef struct AiHttpOutside Exchange;

static const char *const HEADERS[] = {"Authorization", "Accept", "Prefer", "X-Aisle-Company", "X-Aisle-Team", "X-Aisle-User", "X-Aisle-Scope", "X-Aisle-Roles",
                                      "X-Aisle-Purpose", "X-Aisle-Cache", "X-Aisle-Region"};
static const char *const ARGUMENTS[] = {"id", "series", "wait"};

const char *http_outside_header(const AiHttpRequest *request, const char *name) {
  return g_hash_table_lookup(request->outside->given, name);
}

const char *http_outside_argument(const AiHttpRequest *request, const char *name) {
  g_autofree char *key = g_strconcat("?", name, NULL);
  return g_hash_table_lookup(request->outside->given, key);
}

static void end(Exchange *exchange) {
  AiLoop *loop = exchange->on.parts->loop;
  ai_timer_cancel(loop, exchange->look);
  ai_timer_cancel(loop, exchange->deliver);
  http_request_clear(&exchange->request);
  exchange->face->end(exchange->user);
  g_hash_table_unref(exchange->given);
  g_free(exchange->method);
  g_free(exchange->path);
  g_free(exchange);
}

static void give_reply(Exchange *exchange) {
  AiHttpRequest *request = &exchange->request;
  g_autoptr(GBytes) body = http_take_body(request);
  g_autofree char *where = http_location(request);
  const char *headers[12] = {NULL};
  guint n = http_call_headers(request, headers);
  g_autofree char *cost = request->call != NULL ? ai_money_text(request->call->out.usage.cost_nano) : NULL;
  const char *const more[][2] = {{MHD_HTTP_HEADER_LOCATION, where}, {"x-aisle-cost", cost}};
  for (guint i = 0; i < G_N_ELEMENTS(more); i++) {
    if (more[i][1] == NULL) continue;
    headers[n++] = more[i][0];
    headers[n++] = more[i][1];
  }
  AiExchangeReply reply = {request->status, body, request->retry_after_ms, headers};
  exchange->face->reply(&reply, exchange->user);
}

static void deliver(gpointer data) {
  Exchange *exchange = data;
  exchange->deliver = NULL;
  if (!exchange->request.streaming) give_reply(exchange);
  end(exchange);
}

/* Whoever says that a reply is ready still works with the request: it is given a moment later. */
void http_outside_ready(AiHttpRequest *request) {
  Exchange *exchange = request->outside;
  if (exchange->deliver == NULL) exchange->deliver = ai_loop_after(exchange->on.parts->loop, 0, deliver, exchange);
}

void http_outside_event(AiHttpRequest *request, const char *name, const char *data, gsize length) {
  request->outside->face->event(name, g_bytes_new(data, length), request->outside->user);
}

static void look(gpointer data) {
  Exchange *exchange = data;
  exchange->look = NULL;
  if (exchange->face->left(exchange->user)) end(exchange);
  else exchange->look = ai_loop_after(exchange->on.parts->loop, AI_EXCHANGE_LOOK_MS * 1000, look, exchange);
}

static void begin(gpointer data) {
  Exchange *exchange = data;
  exchange->look = ai_loop_after(exchange->on.parts->loop, AI_EXCHANGE_LOOK_MS * 1000, look, exchange);
  http_route(&exchange->request, exchange->method, exchange->path);
}

gboolean ai_exchange_is_possible(const AiGateway *gateway) {
  return gateway != NULL && gateway->remote == NULL;
}

void ai_exchange_start(AiGateway *gateway, const char *method, const char *path, GBytes *body, const AiExchangeFace *face, gpointer user) {
  Exchange *exchange = g_new0(Exchange, 1);
  exchange->on = (AiHttpLoop){.gateway = gateway, .parts = ai_gateway_pick_loop(gateway)};
  exchange->request.on = &exchange->on;
  exchange->request.outside = exchange;
  exchange->request.body = g_byte_array_new();
  gsize length = 0;
  const guint8 *bytes = body != NULL ? g_bytes_get_data(body, &length) : NULL;
  if (length > 0) g_byte_array_append(exchange->request.body, bytes, (guint)MIN(length, AI_EXCHANGE_MAX_BODY));
  exchange->request.too_large = length > AI_EXCHANGE_MAX_BODY;
  exchange->face = face;
  exchange->user = user;
  exchange->method = g_strdup(method);
  exchange->path = g_strdup(path);
  exchange->given = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  for (guint i = 0; i < G_N_ELEMENTS(HEADERS); i++) {
    const char *value = face->header(user, HEADERS[i]);
    if (value != NULL) g_hash_table_insert(exchange->given, g_strdup(HEADERS[i]), g_strdup(value));
  }
  for (guint i = 0; i < G_N_ELEMENTS(ARGUMENTS); i++) {
    const char *value = face->argument(user, ARGUMENTS[i]);
    if (value != NULL) g_hash_table_insert(exchange->given, g_strconcat("?", ARGUMENTS[i], NULL), g_strdup(value));
  }
  ai_loop_post(exchange->on.parts->loop, begin, exchange);
}
