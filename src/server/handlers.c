/* What each address does. Handlers of pooled routes run on workers, the others on an event loop and must not wait. */
#include <string.h>

#include "agent/agent.h"
#include "ai/ai.h"
#include "server/kept.h"
#include "server/questions.h"
#include "server/schedule.h"

/* ---- questions ---- */

static void read_request(const Call *call, AnswerRequest *request) {
  question_read(call->state, call->body, request);
  request->deadline = call->deadline;
}

/* Takes the answer. */
static void reply_with_answer(Reply *reply, GBytes *answer, int status) {
  if (status < 400) {
    reply_set_bytes(reply, status, MEDIA_JSON, answer);
    return;
  }
  gsize length = 0;
  const char *text = g_bytes_get_data(answer, &length);
  g_autoptr(json_t) json = json_parse(text, length, NULL);
  reply_set_failed_answer(reply, json);
  g_bytes_unref(answer);
}

static void run(const Call *call, gboolean understand_only, Reply *reply) {
  AnswerRequest request;
  read_request(call, &request);
  request.understand_only = understand_only;
  int status = 200;
  GBytes *answer = question_answer(call->state, &request, &status);
  reply_with_answer(reply, answer, status);
  if (request.session != NULL && !understand_only) kept_tell(call->state, "threads");
}

void handle_ask(const Call *call, Reply *reply) {
  run(call, FALSE, reply);
}

void handle_query(const Call *call, Reply *reply) {
  run(call, FALSE, reply);
}

void handle_understand(const Call *call, Reply *reply) {
  run(call, TRUE, reply);
}

void handle_ask_from_cache(const Call *call, Reply *reply) {
  AnswerRequest request;
  read_request(call, &request);
  if (call->state->agents != NULL && agent_memory_concerns(call->state->agents, request.question)) return;
  GBytes *answer = answer_ask_cached(call->state->service, &request);
  if (answer == NULL) return;
  reply_set_bytes(reply, 200, MEDIA_JSON, answer);
  if (request.session != NULL) kept_tell(call->state, "threads");
}

/* ---- answers on their way ---- */

void handle_ask_events(const Call *call, Reply *reply) {
  g_autoptr(GError) error = NULL;
  EventStream *stream = question_start(call->state, call->body, &error);
  if (stream != NULL) reply_set_stream(reply, stream, 0);
  else reply_set_error(reply, error);
}

static EventStream *find_stream(const Call *call, Reply *reply) {
  g_autofree char *owner = access_scope_key(call->state->scope);
  EventStream *stream = event_hub_find(call->state->events, call->texts[0], owner);
  if (stream == NULL)
    reply_set_problem(reply, AISLE_ERROR_NOT_FOUND, "no answer with this id is on its way, or it was finished a while ago; ask again");
  return stream;
}

void handle_socket(const Call *call, Reply *reply) {
  if (call->socket_key == NULL) {
    reply_refuse(reply, HTTP_UPGRADE, "open it with new WebSocket(...); for single questions there is POST /v1/ask");
    return;
  }
  reply->status = 101;
  reply->socket_key = call->socket_key;
}

void handle_stream(const Call *call, Reply *reply) {
  EventStream *stream = find_stream(call, reply);
  if (stream != NULL) reply_set_stream(reply, stream, MAX(call->last_event, (guint64)call->integers[1]));
}

void handle_stream_cancel(const Call *call, Reply *reply) {
  g_autoptr(EventStream) stream = find_stream(call, reply);
  if (stream == NULL) return;
  event_stream_cancel(stream);
  reply_set_empty(reply, 204);
}

/* ---- looking around ---- */

void handle_suggest(const Call *call, Reply *reply) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Lexicon) lexicon = answer_service_lexicon(call->state->service, call->state->scope, &error);
  if (lexicon == NULL) {
    reply_set_error(reply, error);
    return;
  }
  g_autoptr(GPtrArray) suggestions = ask_suggest(lexicon, call->texts[0], (guint)call->integers[1]);
  json_t *list = json_array();
  for (guint i = 0; i < suggestions->len; i++) json_array_append_new(list, json_string(suggestions->pdata[i]));
  g_autoptr(json_t) json = json_pack("{s:o}", "suggestions", list);
  reply_set_json(reply, 200, json);
}

static json_t *list_values(const ValueIndex *index, const Field *field, const char *contains, guint limit) {
  g_autoptr(GPtrArray) hits = value_index_of_field(index, field, contains, limit);
  json_t *values = json_array();
  for (guint i = 0; i < hits->len; i++) {
    const ValueHit *hit = hits->pdata[i];
    json_array_append_new(values, json_pack("{s:s, s:I}", "value", hit->value, "rows", (json_int_t)hit->rows));
  }
  return values;
}

void handle_values(const Call *call, Reply *reply) {
  g_autoptr(GError) error = NULL;
  g_autoptr(ValueIndex) index = answer_service_values(call->state->service, call->state->scope, &error);
  if (index == NULL) {
    reply_set_error(reply, error);
    return;
  }
  g_autoptr(Model) model = answer_service_model_ref(call->state->service);
  const Field *field = model_find_field(model, call->texts[0]);
  if (field == NULL) {
    reply_set_problem(reply, AISLE_ERROR_NOT_FOUND, "the model has no such field; GET /v1/model lists them");
    return;
  }
  g_autofree char *name = g_strconcat(field->dataset, ".", field->name, NULL);
  const char *contains = call->texts[1] != NULL ? call->texts[1] : "";
  g_autoptr(json_t) json = json_pack("{s:s, s:o}", "field", name, "values",
                                     list_values(index, field, contains, (guint)call->integers[2]));
  gint64 distinct = value_index_distinct(index, field);
  if (distinct >= 0) json_object_set_new(json, "distinct", json_integer(distinct));
  reply_set_json(reply, 200, json);
}

void handle_model(const Call *call, Reply *reply) {
  g_autoptr(Model) model = answer_service_model_ref(call->state->service);
  g_autoptr(json_t) json = model_to_json(model);
  reply_set_json(reply, 200, json);
}

/* ---- running it ---- */

void handle_health(const Call *call, Reply *reply) {
  gboolean assistant = call->state->agents != NULL && agent_service_has_model(call->state->agents);
  g_autoptr(json_t) json = json_pack("{s:s, s:s, s:b}", "status", "ok", "version", AISLE_VERSION, "assistant", assistant);
  reply_set_json(reply, 200, json);
}

void handle_ready(const Call *call, Reply *reply) {
  gboolean draining = g_atomic_int_get(&call->state->draining) != 0;
  g_autoptr(json_t) json = json_pack("{s:s}", "status", draining ? "stopping" : "ok");
  reply_set_json(reply, draining ? 503 : 200, json);
}

void handle_metrics(const Call *call, Reply *reply) {
  const char *methods[METRICS_MAX_ROUTES], *paths[METRICS_MAX_ROUTES];
  for (guint i = 0; i < routes_count(); i++) {
    methods[i] = routes[i].method;
    paths[i] = routes[i].path;
  }
  GString *out = g_string_sized_new(16384);
  metrics_write(&call->state->metrics, methods, paths, routes_count(), call->state->waiting(call->state->server), out);
  CacheStatistics cache;
  answer_service_cache_statistics(call->state->service, &cache);
  metrics_write_cache(&cache, out);
  if (call->state->gateway != NULL) ai_gateway_write_metrics(call->state->gateway, out);
  schedule_write_metrics(call->state->schedule, out);
  reply_set_bytes(reply, 200, "text/plain; version=0.0.4; charset=utf-8", g_string_free_to_bytes(out));
}

void handle_openapi(const Call *call, Reply *reply) {
  reply_set_bytes(reply, 200, MEDIA_JSON, g_bytes_ref(call->state->openapi));
}
