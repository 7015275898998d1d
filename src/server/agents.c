/* Questions in several steps, their traces, and what words mean to the caller. */
#include "server/agents.h"

#include <string.h>

#include "agent/agent.h"
#include "server/questions.h"
#include "server/streamed_work.h"

/* Most that a question over HTTP may cost, in billionths of the price table's currency. */
#define AGENT_QUESTION_NANO ((gint64)50000000)

/* FALSE when this server runs without agents: the reply says so. */
static gboolean has_agents(const Call *call, Reply *reply) {
  if (call->state->agents != NULL) return TRUE;
  reply_set_problem(reply, AISLE_ERROR_UNSUPPORTED, "this server answers without agents; POST /v1/ask");
  return FALSE;
}

static AgentRequest agent_request(const ServerState *state, const json_t *body) {
  double budget = json_get_double(body, "budget", (double)AGENT_QUESTION_NANO / 1e9);
  AgentRequest request = {.allow_model = json_get_bool(body, "model", TRUE), .prose = json_get_bool(body, "prose", FALSE),
                          .max_cost_nano = MIN((gint64)(budget * 1e9), AGENT_QUESTION_NANO)};
  question_read(state, body, &request.ask);
  return request;
}

/* The caller's own limit of time within the server's. */
static Deadline agent_deadline(const json_t *body, Deadline deadline) {
  gint64 seconds = json_get_int(body, "seconds", 0);
  if (seconds <= 0 || seconds * 1000 >= deadline_left_ms(deadline)) return deadline;
  Deadline own = deadline_in_ms(seconds * 1000, deadline.cancelled);
  own.progress = deadline.progress;
  return own;
}

/* ---- questions ---- */

void handle_agent(const Call *call, Reply *reply) {
  if (!has_agents(call, reply)) return;
  AgentRequest request = agent_request(call->state, call->body);
  request.ask.deadline = agent_deadline(call->body, call->deadline);
  g_autoptr(json_t) answer = agent_run(call->state->agents, &request);
  if (g_strcmp0(json_get_string(answer, "status"), "failed") == 0) reply_set_failed_answer(reply, answer);
  else reply_set_json(reply, 200, answer);
}

static void tell_step(gpointer data, const char *step, gint64 number, const json_t *detail) {
  g_autoptr(json_t) event = json_pack("{s:I, s:s, s:O}", "number", (json_int_t)number, "step", step, "detail", detail);
  event_stream_publish_json(data, "step", event);
}

static void tell_sentence(gpointer data, const char *sentence) {
  g_autoptr(json_t) event = sentence != NULL ? json_pack("{s:s}", "text", sentence) : json_pack("{s:b}", "restarted", 1);
  event_stream_publish_json(data, "sentence", event);
}

/* On a worker. */
static void run_question(Work *work) {
  StreamedWork *question = (StreamedWork *)work;
  ServerState *state = question->state;
  AgentRequest request = agent_request(state, question->body);
  request.ask.id = event_stream_id(question->stream);
  request.ask.deadline = agent_deadline(question->body, deadline_in_ms(state->request_ms, event_stream_cancelled(question->stream)));
  request.on_event = tell_step;
  request.on_event_data = question->stream;
  request.on_sentence = tell_sentence;
  request.on_sentence_data = question->stream;
  g_autoptr(json_t) answer = agent_run(state->agents, &request);
  event_stream_publish_json(question->stream, g_strcmp0(json_get_string(answer, "status"), "failed") == 0 ? "error" : "done", answer);
  streamed_work_end(question);
}

void handle_agent_events(const Call *call, Reply *reply) {
  if (!has_agents(call, reply)) return;
  ServerState *state = call->state;
  g_autoptr(GError) error = NULL;
  g_autofree char *id = answer_new_id(), *owner = access_scope_key(state->scope);
  EventStreamOptions options = {.id = id, .owner = owner, .abandon_ms = state->abandon_ms};
  EventStream *stream = event_hub_open(state->events, &options, &error);
  g_autoptr(json_t) accepted = json_pack("{s:s, s:s?}", "id", id, "question", json_get_string(call->body, "question"));
  if (stream != NULL) event_stream_publish_json(stream, "accepted", accepted);
  streamed_work_reply(call, stream, run_question, error, reply);
}

/* ---- traces ---- */

void handle_trace(const Call *call, Reply *reply) {
  if (!has_agents(call, reply)) return;
  g_autoptr(GError) error = NULL;
  g_autofree char *owner = agent_owner(call->state->scope);
  json_t *steps = run_store_trace(agent_service_runs(call->state->agents), call->texts[0], owner, &error);
  if (steps == NULL) {
    reply_set_error(reply, error);
    return;
  }
  g_autoptr(json_t) trace = json_pack("{s:s, s:o}", "id", call->texts[0], "steps", steps);
  reply_set_json(reply, 200, trace);
}

/* ---- memory ---- */

void handle_memory(const Call *call, Reply *reply) {
  if (!has_agents(call, reply)) return;
  g_autoptr(GError) error = NULL;
  g_autofree char *owner = agent_owner(call->state->scope);
  json_t *entries = run_store_memory(agent_service_runs(call->state->agents), owner, &error);
  if (entries == NULL) {
    reply_set_error(reply, error);
    return;
  }
  g_autoptr(json_t) memory = json_pack("{s:o}", "entries", entries);
  reply_set_json(reply, 200, memory);
}

void handle_memory_add(const Call *call, Reply *reply) {
  if (!has_agents(call, reply)) return;
  g_autoptr(GError) error = NULL;
  g_autofree char *owner = agent_owner(call->state->scope);
  const char *phrase = json_get_string(call->body, "phrase"), *meaning = json_get_string(call->body, "meaning");
  gint64 id = 0;
  if (!run_store_remember(agent_service_runs(call->state->agents), owner, phrase, meaning, "taught", &id, &error)) {
    reply_set_error(reply, error);
    return;
  }
  g_autofree char *folded = text_fold(phrase);
  g_autoptr(json_t) entry = json_pack("{s:I, s:s, s:s, s:s}", "id", (json_int_t)id, "phrase", folded, "meaning", meaning, "origin", "taught");
  reply_set_json(reply, 201, entry);
}

void handle_memory_forget(const Call *call, Reply *reply) {
  if (!has_agents(call, reply)) return;
  g_autoptr(GError) error = NULL;
  g_autofree char *owner = agent_owner(call->state->scope);
  if (run_store_forget(agent_service_runs(call->state->agents), owner, text_leading_number(call->texts[0]), &error)) reply_set_empty(reply, 204);
  else reply_set_error(reply, error);
}
