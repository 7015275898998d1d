/* Looking back: answers, history, conversations. */
#include <string.h>

#include "agent/agent.h"
#include "server/kept.h"

#define MAX_TURNS 200

char *kept_new_id(const char *prefix) {
  g_autofree char *id = answer_new_id();
  return g_strconcat(prefix, strchr(id, '_'), NULL);
}

void kept_copy(json_t *to, const json_t *from, const char *const *keys) {
  for (; *keys != NULL; keys++) {
    json_t *value = json_object_get(from, *keys);
    if (value != NULL && !json_is_null(value)) json_object_set(to, *keys, value);
  }
}

void kept_copy_times(json_t *to, const json_t *from, gboolean always) {
  static const char *const names[] = {"created", "updated", "expires", "started", "finished"};
  for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
    g_autofree char *source = g_strconcat(names[i], "_ms", NULL);
    const json_t *value = json_object_get(from, source);
    if (value == NULL || (!json_is_integer(value) && !always)) continue;
    g_autofree char *target = g_strconcat(names[i], "_at", NULL);
    json_object_set_new(to, target, json_is_integer(value) ? reply_time(json_integer_value(value)) : json_null());
  }
}

void kept_tell(ServerState *state, const char *kind) {
  g_autoptr(json_t) nothing = json_object();
  event_stream_publish_json(state->news, kind, nothing);
}

json_t *kept_next(const json_t *found, gint64 limit) {
  gsize n = json_array_size(found);
  if (n == 0 || (gint64)n < limit) return json_null();
  return json_integer(json_get_int(json_array_get(found, n - 1), "cursor", 0));
}

static void copy_or_null(json_t *to, const json_t *from, const char *const *keys) {
  for (; *keys != NULL; keys++) {
    json_t *value = json_object_get(from, *keys);
    json_object_set_new(to, *keys, value != NULL ? json_incref(value) : json_null());
  }
}

/* ---- answers ---- */

void kept_answer_request(const Call *call, const json_t *kept, AnswerRequest *request) {
  memset(request, 0, sizeof *request);
  request->scope = call->state->scope;
  request->deadline = call->deadline;
  request->id = json_get_string(kept, "id"); /* it is in the log already: written again, it would hide what was asked */
  request->unlogged = TRUE;
  request->as_of = DAY_NONE;
  const char *as_of = json_get_string(kept, "as_of");
  if (as_of != NULL) day_parse_iso(as_of, &request->as_of);
  const json_t *query = json_object_get(kept, "query");
  if (json_is_object(query)) {
    request->query = query;
  } else {
    request->question = json_get_string(kept, "question");
    request->after = json_get_string(kept, "after");
  }
}

void handle_answer(const Call *call, Reply *reply) {
  g_autoptr(GError) error = NULL;
  g_autofree char *scope_key = access_scope_key(call->state->scope);
  g_autoptr(json_t) kept = store_get_answer(answer_service_store(call->state->service), call->texts[0], scope_key, &error);
  if (kept == NULL) {
    reply_set_error(reply, error);
    return;
  }
  AnswerRequest request;
  kept_answer_request(call, kept, &request);
  if (request.query == NULL && request.question == NULL) {
    reply_set_problem(reply, AISLE_ERROR_NOT_FOUND, "this answer cannot be computed again; ask the question");
    return;
  }
  g_autoptr(json_t) answer = call->state->agents != NULL ? agent_answer_by_memory(call->state->agents, &request) : NULL;
  if (answer == NULL) answer = answer_ask(call->state->service, &request);
  if (g_strcmp0(json_get_string(answer, "status"), "failed") == 0) {
    reply_set_failed_answer(reply, answer);
    return;
  }
  static const char *const own[] = {"question", "session", "after", NULL};
  copy_or_null(answer, kept, own);
  reply_set_json(reply, 200, answer);
}

/* ---- history ---- */

static json_t *describe_entry(const json_t *found) {
  static const char *const keys[] = {"question", "restatement", "status", "route", "session", NULL};
  json_t *entry = json_pack("{s:s, s:o, s:f}", "id", json_get_string(found, "id"), "at", reply_time(json_get_int(found, "created_ms", 0)), "ms",
                            (double)json_get_int(found, "latency_us", 0) / 1000.0);
  copy_or_null(entry, found, keys);
  return entry;
}

void handle_history(const Call *call, Reply *reply) {
  g_autoptr(GError) error = NULL;
  g_autofree char *scope_key = access_scope_key(call->state->scope);
  StoreSearch search = {.scope_key = scope_key, .text = call->texts[0], .before = call->integers[2], .limit = (int)call->integers[1]};
  g_autoptr(json_t) found = store_search_answers(answer_service_store(call->state->service), &search, &error);
  if (found == NULL) {
    reply_set_error(reply, error);
    return;
  }
  json_t *entries = json_array();
  for (gsize i = 0; i < json_array_size(found); i++) json_array_append_new(entries, describe_entry(json_array_get(found, i)));
  g_autoptr(json_t) json = json_pack("{s:o, s:o}", "entries", entries, "next", kept_next(found, search.limit));
  reply_set_json(reply, 200, json);
}

/* ---- conversations ---- */

static json_t *describe_thread(const json_t *thread) {
  static const char *const keys[] = {"id", "title", "turns", NULL};
  json_t *json = json_object();
  kept_copy(json, thread, keys);
  kept_copy_times(json, thread, FALSE);
  return json;
}

void handle_threads(const Call *call, Reply *reply) {
  g_autoptr(GError) error = NULL;
  g_autofree char *scope_key = access_scope_key(call->state->scope);
  StoreSearch search = {.scope_key = scope_key, .text = call->texts[0], .before = call->integers[2], .limit = (int)call->integers[1]};
  g_autoptr(json_t) found = store_list_threads(answer_service_store(call->state->service), &search, &error);
  if (found == NULL) {
    reply_set_error(reply, error);
    return;
  }
  json_t *threads = json_array();
  for (gsize i = 0; i < json_array_size(found); i++) json_array_append_new(threads, describe_thread(json_array_get(found, i)));
  g_autoptr(json_t) json = json_pack("{s:o, s:o}", "threads", threads, "next", kept_next(found, search.limit));
  reply_set_json(reply, 200, json);
}

static json_t *describe_turn(Store *store, const char *scope_key, const json_t *found) {
  static const char *const keys[] = {"id", "question", "restatement", "status", "route", "after", "query", NULL};
  json_t *turn = json_pack("{s:o}", "at", reply_time(json_get_int(found, "created_ms", 0)));
  copy_or_null(turn, found, keys);
  g_autoptr(json_t) feedback = store_list_records(store, STORE_FEEDBACK, scope_key, json_get_string(found, "id"), 1, NULL);
  json_t *verdict = json_object_get(json_array_get(feedback, 0), "verdict");
  json_object_set_new(turn, "feedback", verdict != NULL ? json_incref(verdict) : json_null());
  return turn;
}

void handle_thread(const Call *call, Reply *reply) {
  g_autoptr(GError) error = NULL;
  Store *store = answer_service_store(call->state->service);
  g_autofree char *scope_key = access_scope_key(call->state->scope);
  g_autoptr(json_t) thread = store_get_thread(store, call->texts[0], scope_key, &error);
  StoreSearch search = {.scope_key = scope_key, .session = call->texts[0], .limit = MAX_TURNS};
  g_autoptr(json_t) found = thread != NULL ? store_search_answers(store, &search, &error) : NULL;
  if (found == NULL) {
    reply_set_error(reply, error);
    return;
  }
  json_t *turns = json_array();
  for (gsize i = json_array_size(found); i-- > 0;) json_array_append_new(turns, describe_turn(store, scope_key, json_array_get(found, i)));
  g_autoptr(json_t) json = describe_thread(thread);
  json_object_set_new(json, "turns", turns);
  reply_set_json(reply, 200, json);
}

void handle_thread_rename(const Call *call, Reply *reply) {
  g_autoptr(GError) error = NULL;
  Store *store = answer_service_store(call->state->service);
  g_autofree char *scope_key = access_scope_key(call->state->scope);
  gboolean renamed = store_rename_thread(store, call->texts[0], scope_key, json_get_string(call->body, "title"), &error);
  g_autoptr(json_t) thread = renamed ? store_get_thread(store, call->texts[0], scope_key, &error) : NULL;
  if (thread == NULL) {
    reply_set_error(reply, error);
    return;
  }
  g_autoptr(json_t) json = describe_thread(thread);
  reply_set_json(reply, 200, json);
  kept_tell(call->state, "threads");
}

void handle_thread_delete(const Call *call, Reply *reply) {
  g_autoptr(GError) error = NULL;
  g_autofree char *scope_key = access_scope_key(call->state->scope);
  if (!store_delete_thread(answer_service_store(call->state->service), call->texts[0], scope_key, &error)) {
    reply_set_error(reply, error);
    return;
  }
  reply_set_empty(reply, 204);
  kept_tell(call->state, "threads");
}
