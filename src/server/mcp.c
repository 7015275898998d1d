/*
 * The Model Context Protocol over HTTP, without sessions. POST /mcp takes one message; its reply is one JSON message, or,
 * for a call that wants to know how far it is, an event stream of notifications that ends with the reply. GET /mcp is the
 * stream of what the server has to say by itself: that data or model have changed.
 */
#include "agent/mcp.h"

#include "server/questions.h"
#include "server/route.h"

/* Official clients take events of this name, or of none. */
#define MESSAGE "message"

typedef struct {
  Work work; /* first */
  ServerState *state;
  json_t *message;
  EventStream *stream;
} McpWork;

static McpServer mcp_server(const ServerState *state, gint64 request_ms) {
  return (McpServer){.service = state->service, .agents = state->agents, .scope = state->scope, .as_of = DAY_NONE, .request_ms = request_ms,
                     .tells_changes = TRUE};
}

void handle_mcp(const Call *call, Reply *reply) {
  McpServer server = mcp_server(call->state, deadline_left_ms(call->deadline));
  g_autoptr(json_t) message = mcp_handle(&server, call->body, call->deadline.cancelled);
  if (message != NULL) reply_set_json(reply, 200, message);
  else reply_set_bytes(reply, 202, MEDIA_JSON, g_bytes_new_static("", 0));
  /* Nothing is kept under it, and none is asked for; but some clients only listen to servers that gave them one. */
  if (g_strcmp0(json_get_string(call->body, "method"), "initialize") != 0) return;
  g_autofree char *session = g_uuid_string_random();
  reply_add_header(reply, "Mcp-Session-Id", session);
}

static void mcp_work_free(McpWork *work) {
  json_decref(work->message);
  event_stream_unref(work->stream);
  g_free(work);
}

static void publish(gpointer stream, const json_t *message) {
  event_stream_publish_json(stream, MESSAGE, message);
}

/* On a worker. */
static void run_message(Work *data) {
  McpWork *work = (McpWork *)data;
  McpServer server = mcp_server(work->state, work->state->request_ms);
  server.notify = publish;
  server.notify_data = work->stream;
  g_autoptr(json_t) reply = mcp_handle(&server, work->message, event_stream_cancelled(work->stream));
  if (reply != NULL) publish(work->stream, reply);
  event_stream_end(work->stream);
  atomic_fetch_sub(&work->state->metrics.in_flight, 1);
  mcp_work_free(work);
}

/* Clients say with every message that they take events; only what wants them gets them. */
void handle_mcp_events(const Call *call, Reply *reply) {
  if (!mcp_wants_progress(call->body)) return;
  ServerState *state = call->state;
  g_autoptr(GError) error = NULL;
  EventStreamOptions options = {.abandon_ms = 0}; /* nobody can find it again */
  g_autoptr(EventStream) stream = event_hub_open(state->events, &options, &error);
  if (stream == NULL) {
    reply_set_error(reply, error);
    return;
  }
  McpWork *work = g_new0(McpWork, 1);
  *work = (McpWork){{run_message}, state, json_deep_copy(call->body), event_stream_ref(stream)};
  atomic_fetch_add(&state->metrics.in_flight, 1);
  if (state->submit(state->server, &work->work)) {
    reply_set_stream(reply, g_steal_pointer(&stream), 0);
    return;
  }
  atomic_fetch_sub(&state->metrics.in_flight, 1);
  event_stream_end(stream);
  mcp_work_free(work);
  reply_set_problem(reply, AISLE_ERROR_BUSY, NULL);
}

/* From now on, or from the last event the client saw. */
void handle_mcp_listen(const Call *call, Reply *reply) {
  EventStream *news = call->state->mcp_news;
  guint64 last = event_stream_last_number(news);
  reply_set_stream(reply, event_stream_ref(news), call->last_event > 0 && call->last_event <= last ? call->last_event : last);
}

/* Who takes anything, and asked for no events by name, only looks in: a stream that is over at once. */
void handle_mcp_glance(const Call *call, Reply *reply) {
  static const char WORDS[] = ": ask for it by name to listen: Accept: text/event-stream\n\n";
  (void)call;
  reply_set_bytes(reply, 200, MEDIA_EVENTS, g_bytes_new_static(WORDS, sizeof WORDS - 1));
}

void mcp_tell_change(ServerState *state) {
  g_autoptr(json_t) notification = mcp_list_changed();
  publish(state->mcp_news, notification);
}
