/* The model gateway's addresses on this listener. The gateway itself answers (ai/exchange.h); here its replies become ours. */
#include "server/models.h"

#include <string.h>


typedef struct {
  ServerState *state;
  const Call *call; /* NULL: it is finished, its events go on */
  Reply *reply;
  EventStream *stream;
  char number[24];  /* an argument as text */
} ModelExchange;

/* From here on the request belongs to its event loop. */
static void finish(ModelExchange *exchange) {
  const Call *call = g_steal_pointer(&exchange->call);
  if (call != NULL) exchange->state->finish(call);
}

static const char *header_of(gpointer user, const char *name) {
  const Call *call = ((ModelExchange *)user)->call;
  return call->header(call, name);
}

static const char *argument_of(gpointer user, const char *name) {
  ModelExchange *exchange = user;
  const RouteParameter *parameters = exchange->call->route->parameters;
  guint i = 0;
  while (i < ROUTE_MAX_PARAMETERS && parameters[i].kind != PARAMETER_NONE && strcmp(parameters[i].name, name) != 0) i++;
  if (i == ROUTE_MAX_PARAMETERS || parameters[i].kind == PARAMETER_NONE) return NULL;
  if (parameters[i].kind == PARAMETER_TEXT) return exchange->call->texts[i];
  if (exchange->call->integers[i] == parameters[i].fallback) return NULL;
  g_snprintf(exchange->number, sizeof exchange->number, "%" G_GINT64_FORMAT, exchange->call->integers[i]);
  return exchange->number;
}

static gboolean has_left(gpointer user) {
  const ModelExchange *exchange = user;
  if (exchange->stream != NULL) return g_atomic_int_get(event_stream_cancelled(exchange->stream)) != 0;
  return g_atomic_int_get(exchange->call->deadline.cancelled) != 0;
}

/* Ours for those who know this server, with OpenAI's form in it for those who know that. */
static void set_error(Reply *reply, const AiExchangeReply *from) {
  gsize length;
  const char *text = g_bytes_get_data(from->body, &length);
  g_autoptr(json_t) json = json_parse(text, length, NULL);
  const json_t *error = json_object_get(json, "error");
  const char *code = json_get_string(error, "code"), *message = json_get_string(error, "message");
  const char *title = message;
  for (int i = 0; code != NULL && i < AISLE_ERROR_COUNT; i++)
    if (strcmp(aisle_error_info(i)->name, code) == 0) title = aisle_error_info(i)->meaning;
  reply_set_problem_of(reply, from->status, code != NULL ? code : "upstream", title != NULL ? title : "the gateway refused", message, json);
}

static void take_reply(const AiExchangeReply *from, gpointer user) {
  ModelExchange *exchange = user;
  Reply *reply = exchange->reply;
  if (from->status >= 400) set_error(reply, from);
  else reply_set_bytes(reply, from->status, MEDIA_JSON, g_bytes_ref(from->body));
  reply->retry_after_s = (int)MIN((from->retry_after_ms + 999) / 1000, G_MAXINT32);
  for (guint i = 0; from->headers[i] != NULL; i += 2) reply_add_header(reply, from->headers[i], from->headers[i + 1]);
}

static void take_event(const char *name, GBytes *data, gpointer user) {
  ModelExchange *exchange = user;
  if (exchange->call == NULL) {
    event_stream_publish(exchange->stream, name, data);
    return;
  }
  EventStreamOptions options = {.abandon_ms = 0, .plain = TRUE};
  g_autoptr(GError) error = NULL;
  /* There were too many streams for the first event: the call has its reply, and its end comes. */
  if (exchange->reply->status == 0) exchange->stream = event_hub_open(exchange->state->events, &options, &error);
  if (exchange->stream != NULL) {
    event_stream_publish(exchange->stream, name, data);
    reply_set_stream(exchange->reply, event_stream_ref(exchange->stream), 0);
    finish(exchange);
    return;
  }
  g_bytes_unref(data);
  if (error != NULL) reply_set_error(exchange->reply, error);
}

static void take_end(gpointer user) {
  ModelExchange *exchange = user;
  if (exchange->stream != NULL) event_stream_end(exchange->stream);
  if (exchange->call != NULL && exchange->reply->status == 0) reply_set_problem(exchange->reply, AISLE_ERROR_CANCELLED, NULL);
  finish(exchange);
  event_stream_unref(exchange->stream);
  g_free(exchange);
}

void handle_models_exchange(const Call *call, Reply *reply) {
  static const AiExchangeFace face = {header_of, argument_of, has_left, take_reply, take_event, take_end};
  ServerState *state = call->state;
  if (!ai_exchange_is_possible(state->gateway)) {
    reply_set_problem_of(reply, 404, aisle_error_info(AISLE_ERROR_UNSUPPORTED)->name, "this server has no model gateway",
                         "write providers and models into ai.yaml, and leave ai.url empty", NULL);
    state->finish(call);
    return;
  }
  ModelExchange *exchange = g_new0(ModelExchange, 1);
  *exchange = (ModelExchange){.state = state, .call = call, .reply = reply};
  char *text = call->body != NULL ? json_to_text(call->body, JSON_PLAIN) : NULL;
  g_autoptr(GBytes) body = text != NULL ? g_bytes_new_take(text, strlen(text)) : NULL;
  ai_exchange_start(state->gateway, call->route->method, call->route->path, body, &face, exchange);
}
