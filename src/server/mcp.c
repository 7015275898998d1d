/*
 * The Model Context Protocol over HTTP, without sessions. POST /mcp takes one message; its reply is one JSON message, or,
 * for a call that wants to know how far it is, an event stream of notifications that ends with the reply. GET /mcp is the
 * stream of what the server has to say by itself: that data or model have changed.
 */
#include "agent/mcp.h"

#include "server/streamed_work.h"

/* Official clients take events of this name, or of none. */
#define MESSAGE "message"

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

static void publish(gpointer stream, const json_t *message) {
  event_stream_publish_json(stream, MESSAGE, message);
}

/* On a worker. */
static void run_message(Work *data) {
  StreamedWork *work = (StreamedWork *)data;
  McpServer server = mcp_server(work->state, work->state->request_ms);
  server.notify = publish;
  server.notify_data = work->stream;
  g_autoptr(json_t) reply = mcp_handle(&server, work->body, event_stream_cancelled(work->stream));
  if (reply != NULL) publish(work->stream, reply);
  streamed_work_end(work);
}

/* Clients say with every message that they take events; only what wants them gets them. */
void handle_mcp_events(const Call *call, Reply *reply) {
  if (!mcp_wants_progress(call->body)) return;
  g_autoptr(GError) error = NULL;
  EventStreamOptions options = {.abandon_ms = 0}; /* nobody can find it again */
  EventStream *stream = event_hub_open(call->state->events, &options, &error);
  streamed_work_reply(call, stream, run_message, error, reply);
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
