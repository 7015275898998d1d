#include "server/questions.h"

#include <string.h>

#include "agent/agent.h"
#include "server/kept.h"
#include "server/streamed_work.h"

/* Data of the past: a named snapshot, a day (at its end, UTC), or a version. */
static void read_data(const json_t *body, DataChoice *data) {
  const char *at = json_get_string(body, "at");
  Day day;
  data->snapshot = json_get_string(body, "snapshot");
  if (at != NULL && day_parse_iso(at, &day)) data->at_ms = ((gint64)day + 1) * 86400000 - 1;
  data->version = json_get_int(body, "at_version", -1);
  data->by_version = data->version >= 0;
}

void question_read(const ServerState *state, const json_t *body, AnswerRequest *request) {
  memset(request, 0, sizeof *request);
  request->scope = state->scope;
  request->question = json_get_string(body, "question");
  request->query = json_object_get(body, "query");
  request->after = json_get_string(body, "after");
  request->session = json_get_string(body, "session");
  request->max_rows = (gsize)json_get_int(body, "max_rows", 0);
  request->explain = json_get_bool(body, "explain", FALSE);
  request->as_of = DAY_NONE;
  const char *as_of = json_get_string(body, "as_of");
  if (as_of != NULL) day_parse_iso(as_of, &request->as_of);
  read_data(body, &request->data);
}

GBytes *question_answer(const ServerState *state, const AnswerRequest *request, int *status) {
  gboolean concerns = state->agents != NULL && agent_memory_concerns(state->agents, request->question);
  g_autoptr(json_t) answer = concerns ? agent_answer_by_memory(state->agents, request) : NULL;
  if (answer == NULL) return answer_ask_text(state->service, request, status);
  *status = answer_http_status(answer);
  char *text = json_to_text(answer, JSON_PLAIN);
  return g_bytes_new_take(text, strlen(text));
}

static void tell_stage(gpointer data, const char *stage, const json_t *part) {
  event_stream_publish_json(data, stage, part);
}

/* Takes the answer: done, or the problem it ended with. */
static void tell_end(EventStream *stream, GBytes *answer, int status) {
  if (status < 400) {
    if (event_stream_publish(stream, "done", answer)) return;
    status = aisle_error_info(AISLE_ERROR_TOO_LARGE)->http_status;
    Reply reply = {0};
    reply_set_problem(&reply, AISLE_ERROR_TOO_LARGE, "the answer is too large to be sent as events; ask for fewer rows");
    event_stream_publish(stream, "error", g_bytes_ref(reply.body));
    reply_clear(&reply);
    return;
  }
  gsize length = 0;
  const char *text = g_bytes_get_data(answer, &length);
  g_autoptr(json_t) json = json_parse(text, length, NULL);
  Reply reply = {0};
  reply_set_failed_answer(&reply, json);
  event_stream_publish(stream, "error", g_bytes_ref(reply.body));
  reply_clear(&reply);
  g_bytes_unref(answer);
}

#define TITLE_MS 5000

/*
 * A question of a conversation that was interrupted because nobody waited for it any more (a tab was closed, a connection
 * lost), or whose time was up when nobody did: whoever asked finds its result later.
 */
static void go_on_as_task(const StreamedWork *question, int status) {
  gboolean stopped = status == aisle_error_info(AISLE_ERROR_CANCELLED)->http_status || status == aisle_error_info(AISLE_ERROR_TIMEOUT)->http_status;
  ServerState *state = question->state;
  if (!stopped || json_get_string(question->body, "session") == NULL || g_atomic_int_get(&state->draining)) return;
  if (!event_stream_was_left(question->stream)) return;
  g_autoptr(GError) error = NULL;
  g_autofree char *id = g_strconcat("t", strchr(event_stream_id(question->stream), '_'), NULL);
  if (!kept_add_task(state, question->body, id, deadline_in_ms(TITLE_MS, NULL), &error)) g_warning("a question that was left could not be made a task: %s", error->message);
  else kept_tell(state, "tasks");
}

/* On a worker. */
static void answer_question(Work *work) {
  StreamedWork *question = (StreamedWork *)work;
  ServerState *state = question->state;
  AnswerRequest request;
  question_read(state, question->body, &request);
  request.id = event_stream_id(question->stream);
  request.sink = tell_stage;
  request.sink_data = question->stream;
  request.deadline = deadline_in_ms(state->request_ms, event_stream_cancelled(question->stream));
  request.deadline.progress = event_stream_progress(question->stream);
  int status = 200;
  GBytes *answer = question_answer(state, &request, &status);
  go_on_as_task(question, status);
  tell_end(question->stream, answer, status);
  if (json_get_string(question->body, "session") != NULL) kept_tell(state, "threads");
  streamed_work_end(question);
}

EventStream *question_start(ServerState *state, const json_t *body, GError **error) {
  g_autofree char *id = answer_new_id();
  g_autofree char *owner = access_scope_key(state->scope);
  EventStreamOptions options = {.id = id, .owner = owner, .abandon_ms = state->abandon_ms, .shows_progress = TRUE};
  g_autoptr(EventStream) stream = event_hub_open(state->events, &options, error);
  if (stream == NULL) return NULL;
  const char *session = json_get_string(body, "session"), *words = json_get_string(body, "question");
  g_autoptr(json_t) accepted = json_pack("{s:s, s:s?, s:s?}", "id", id, "session", session, "question", words);
  event_stream_publish_json(stream, "accepted", accepted);
  return streamed_work_start(state, stream, body, answer_question, error) ? g_steal_pointer(&stream) : NULL;
}
