/* What is said over a WebSocket: questions in, events out. */
#include <string.h>

#include "server/questions.h"
#include "base/json_schema.h"
#include "server/socket_private.h"

static const EventReaderCalls flight_calls = {NULL, socket_hub_wake};

void socket_flight_free(gpointer data) {
  Flight *flight = data;
  event_reader_free(flight->reader);
  g_free(flight->id);
  g_free(flight->ref);
  g_free(flight);
}

/* ---- out ---- */

/* {"ref":..., "id":..., "seq":..., "event":..., "data":...}; what is NULL or 0 is left out. */
static void say(Socket *socket, const char *ref, const char *id, guint64 number, const char *event, GBytes *data) {
  GString *text = g_string_new("{");
  if (ref != NULL) g_string_append_printf(text, "\"ref\":%s,", ref);
  if (id != NULL) {
    g_string_append(text, "\"id\":");
    json_append_string(text, id, -1);
    g_string_append_c(text, ',');
  }
  if (number > 0) g_string_append_printf(text, "\"seq\":%" G_GUINT64_FORMAT ",", number);
  g_string_append(text, "\"event\":");
  json_append_string(text, event, -1);
  if (data != NULL) {
    gsize length = 0;
    const char *bytes = g_bytes_get_data(data, &length);
    g_string_append(text, ",\"data\":");
    g_string_append_len(text, bytes, (gssize)length);
  }
  g_string_append_c(text, '}');
  struct wslay_event_msg message = {WSLAY_TEXT_FRAME, (const uint8_t *)text->str, text->len};
  if (wslay_event_queue_msg(socket->frames, &message) == WSLAY_ERR_NOMEM) socket->broken = TRUE;
  g_string_free(text, TRUE);
}

/* Takes what is in the reply. */
static void say_problem(Socket *socket, const char *ref, const char *id, Reply *reply) {
  say(socket, ref, id, 0, "error", reply->body);
  reply_clear(reply);
}

static void refuse(Socket *socket, const char *ref, const char *id, AisleErrorCode code, const char *detail) {
  Reply reply = {0};
  reply_set_problem(&reply, code, detail);
  say_problem(socket, ref, id, &reply);
}

void socket_pump(Socket *socket) {
  for (guint i = 0; i < socket->flights->len; i++) {
    Flight *flight = socket->flights->pdata[i];
    EventOutcome outcome = EVENT_NEXT;
    while (outcome != EVENT_PAUSE && outcome != EVENT_END && !socket->broken &&
           wslay_event_get_queued_msg_length(socket->frames) < SOCKET_MAX_QUEUED) {
      Event event;
      outcome = event_reader_next(flight->reader, &event);
      if (outcome != EVENT_NEXT) continue;
      say(socket, flight->ref, flight->id, event.number, event.name != NULL ? event.name : "message", event.data);
      g_bytes_unref(event.data);
    }
    if (outcome == EVENT_END) g_ptr_array_remove_index(socket->flights, i--);
  }
}

/* ---- in ---- */

static void fly(Socket *socket, EventStream *stream, const char *ref, guint64 after) {
  Flight *flight = g_new0(Flight, 1);
  flight->socket = socket;
  flight->id = g_strdup(event_stream_id(stream));
  flight->ref = g_strdup(ref);
  flight->reader = event_reader_new(stream, after, &flight_calls, flight);
  g_ptr_array_add(socket->flights, flight);
}

static gboolean has_room(Socket *socket, const char *ref) {
  if (socket->flights->len < SOCKET_MAX_FLIGHTS) return TRUE;
  refuse(socket, ref, NULL, AISLE_ERROR_BUSY, "too many questions at once over this connection; wait for an answer first");
  return FALSE;
}

/* The message without what is the socket's own, as the body of a request. */
static void ask(Socket *socket, const json_t *message, const char *schema_name, const char *ref) {
  ServerState *state = socket_hub_state(socket->hub);
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) body = json_copy((json_t *)message);
  json_object_del(body, "type");
  json_object_del(body, "ref");
  if (!has_room(socket, ref)) return;
  Reply reply = {0};
  EventStream *stream = NULL;
  if (json_schema_check(json_object_get(state->components, schema_name), state->components, body, &error)) stream = question_start(state, body, &error);
  if (stream == NULL) {
    reply_set_error(&reply, error);
    say_problem(socket, ref, NULL, &reply);
    return;
  }
  fly(socket, stream, ref, 0);
  event_stream_unref(stream);
}

static EventStream *find(Socket *socket, const json_t *message, const char *ref) {
  ServerState *state = socket_hub_state(socket->hub);
  const char *id = json_get_string(message, "id");
  g_autofree char *owner = access_scope_key(state->scope);
  EventStream *stream = id != NULL ? event_hub_find(state->events, id, owner) : NULL;
  if (stream == NULL)
    refuse(socket, ref, id, AISLE_ERROR_NOT_FOUND, "no answer with this id is on its way, or it was finished a while ago; ask again");
  return stream;
}

static void resume(Socket *socket, const json_t *message, const char *ref) {
  if (!has_room(socket, ref)) return;
  g_autoptr(EventStream) stream = find(socket, message, ref);
  if (stream != NULL) fly(socket, stream, ref, (guint64)MAX(json_get_int(message, "after", 0), 0));
}

static void cancel(Socket *socket, const json_t *message, const char *ref) {
  g_autoptr(EventStream) stream = find(socket, message, ref);
  if (stream != NULL) event_stream_cancel(stream);
}

static void dispatch(Socket *socket, const json_t *message, const char *ref) {
  const char *type = json_get_string(message, "type");
  if (g_strcmp0(type, "ask") == 0) ask(socket, message, "AskRequest", ref);
  else if (g_strcmp0(type, "query") == 0) ask(socket, message, "QueryRequest", ref);
  else if (g_strcmp0(type, "resume") == 0) resume(socket, message, ref);
  else if (g_strcmp0(type, "cancel") == 0) cancel(socket, message, ref);
  else if (g_strcmp0(type, "ping") == 0) say(socket, ref, NULL, 0, "pong", NULL);
  else refuse(socket, ref, NULL, AISLE_ERROR_INVALID_ARGUMENT, "a message needs a \"type\": ask, query, resume, cancel or ping");
}

void socket_receive(Socket *socket, const char *text, gsize length) {
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) message = json_parse(text, length, &error);
  if (message == NULL || !json_is_object(message)) {
    refuse(socket, NULL, NULL, AISLE_ERROR_INVALID_ARGUMENT, error != NULL ? error->message : "a message is a JSON object");
    return;
  }
  const json_t *ref = json_object_get(message, "ref");
  gboolean named = json_is_string(ref) && json_string_length(ref) <= 64;
  if (ref != NULL && !named) {
    refuse(socket, NULL, NULL, AISLE_ERROR_INVALID_ARGUMENT, "\"ref\" must be a text of at most 64 bytes");
    return;
  }
  g_autofree char *ref_text = named ? json_to_text(ref, JSON_PLAIN) : NULL;
  dispatch(socket, message, ref_text);
}
