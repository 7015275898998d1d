/* /llm/summary and /llm/async. */
#include <string.h>

#include "ai/http_private.h"

#define LOOK_US 100000
#define LONGEST_WAIT_S 60

static void summary_done(AiCall *call, gpointer data) {
  AiHttpRequest *request = data;
  if (request == NULL) return;
  if (call->error == NULL) {
    http_reply_json(request, 200, ai_call_result_json(call));
    return;
  }
  json_t *failure = http_error_json(call->error);
  json_object_set_new(json_object_get(failure, "error"), "partial", json_string(call->out.partial && call->out.text != NULL ? call->out.text : ""));
  if (call->out.verdicts != NULL) json_object_set(json_object_get(failure, "error"), "verdicts", call->out.verdicts);
  http_reply_error(request, call->error, call->out.retry_after_ms);
  json_decref(request->reply);
  request->reply = failure;
}

/* ---- as a stream: {text, restarted} ..., then {result} or {error} ---- */

static void stream_json(AiHttpRequest *request, json_t *json) {
  g_autofree char *text = json_to_text(json, JSON_PLAIN);
  json_decref(json);
  http_event(request, NULL, text, strlen(text));
}

static void summary_chunk(AiCall *call, json_t *chunk, const char *text, gboolean restarted, gpointer data) {
  (void)call;
  (void)chunk;
  if (data != NULL && text != NULL && (*text != '\0' || restarted)) stream_json(data, json_pack("{s:s, s:b}", "text", text, "restarted", restarted));
}

static void summary_stream_done(AiCall *call, gpointer data) {
  AiHttpRequest *request = data;
  if (request == NULL) return;
  if (call->error != NULL && !request->streaming) {
    summary_done(call, data);
    return;
  }
  if (call->error == NULL) {
    stream_json(request, json_pack("{s:o}", "result", ai_call_result_json(call)));
  } else {
    json_t *failure = http_error_json(call->error);
    json_object_set_new(failure, "partial", ai_call_result_json(call));
    stream_json(request, failure);
  }
  http_stream_end(request);
}

static AiPriority priority_of(const json_t *job) {
  const char *text = json_get_string(job, "priority");
  return g_strcmp0(text, "batch") == 0 ? AI_PRIORITY_BATCH : g_strcmp0(text, "interactive") == 0 ? AI_PRIORITY_INTERACTIVE : AI_PRIORITY_NORMAL;
}

static void put_job(AiHttpRequest *request, const json_t *job) {
  g_autoptr(GError) error = NULL;
  request->job_id = ai_queue_put(request->on->gateway->queue, job, &request->account, request->scope_key, priority_of(job), &error);
  if (request->job_id == NULL) {
    http_reply_error(request, error, 1000);
    return;
  }
  g_autofree char *where = g_strconcat("/llm/async?id=", request->job_id, NULL);
  http_reply_json(request, 202, json_pack("{s:s, s:s, s:s}", "id", request->job_id, "state", "queued", "location", where));
}

static json_t *text_list(char **texts) {
  json_t *list = json_array();
  for (guint i = 0; texts[i] != NULL; i++) json_array_append_new(list, json_string(texts[i]));
  return list;
}

void http_summary(AiHttpRequest *request) {
  static const AiSink SUMMARY = {.done = summary_done}, STREAM = {.chunk = summary_chunk, .done = summary_stream_done};
  g_autoptr(json_t) job = http_body(request);
  if (job == NULL) return;
  if (request->region != NULL) json_object_set_new(job, "region", json_string(request->region));
  /* What the key may use, also when it is run later; who asks cannot say it. */
  json_object_del(job, "models");
  if (request->models != NULL) json_object_set_new(job, "models", text_list(request->models));
  const char *prefer = http_header(request, "Prefer");
  if (json_get_bool(job, "async", FALSE) || (prefer != NULL && strstr(prefer, "respond-async") != NULL)) {
    put_job(request, job);
    return;
  }
  g_autoptr(GError) error = NULL;
  AiCall *call = ai_call_of_job(request->on->gateway, job, &request->account, request->scope_key, &error);
  if (call == NULL) {
    http_reply_error(request, error, 0);
    return;
  }
  call->stream = json_get_bool(job, "stream", FALSE);
  call->when_broken = AI_BROKEN_RESTART;
  http_submit(request, call, call->stream ? &STREAM : &SUMMARY);
}

/* ---- what became of a job ---- */

static gboolean is_over(const json_t *job) {
  const char *state = json_get_string(job, "state");
  return g_strcmp0(state, "done") == 0 || g_strcmp0(state, "failed") == 0 || g_strcmp0(state, "cancelled") == 0;
}

static void look_again(gpointer data);

static void wait_more(AiHttpRequest *request) {
  request->timer = ai_loop_after(request->on->parts->loop, LOOK_US, look_again, request);
}

/* Events: each change of the state or of the percent, then the end. */
static void tell_stream(AiHttpRequest *request, const json_t *job) {
  g_autofree char *state = g_strdup_printf("%s %" G_GINT64_FORMAT, json_get_string(job, "state"), json_get_int(job, "percent", 0));
  if (g_strcmp0(state, request->last_state) != 0) {
    g_autoptr(GString) text = g_string_new(NULL);
    json_append(text, job, JSON_PLAIN);
    http_event(request, "state", text->str, text->len);
    g_free(request->last_state);
    request->last_state = g_steal_pointer(&state);
  }
  if (is_over(job) || g_get_monotonic_time() >= request->until_us) http_stream_end(request);
  else wait_more(request);
}

static void look(AiHttpRequest *request) {
  g_autoptr(GError) error = NULL;
  json_t *job = ai_queue_get(request->on->gateway->queue, request->job_id, &request->account, &error);
  if (job == NULL) {
    if (request->streaming) http_stream_end(request);
    else http_reply_error(request, error, 0);
    return;
  }
  const char *accept = http_header(request, MHD_HTTP_HEADER_ACCEPT);
  if (accept != NULL && strstr(accept, "text/event-stream") != NULL) {
    tell_stream(request, job);
    json_decref(job);
  } else if (is_over(job) || g_get_monotonic_time() >= request->until_us) {
    http_reply_json(request, 200, job);
  } else {
    json_decref(job);
    wait_more(request);
  }
}

static void look_again(gpointer data) {
  AiHttpRequest *request = data;
  request->timer = NULL;
  look(request);
}

void http_async(AiHttpRequest *request) {
  const char *id = http_argument(request, "id");
  const char *series = http_argument(request, "series");
  const char *wait = http_argument(request, "wait");
  const char *accept = http_header(request, MHD_HTTP_HEADER_ACCEPT);
  gint64 seconds = wait != NULL ? CLAMP(text_leading_number(wait), 0, LONGEST_WAIT_S) : 0;
  if (id == NULL) {
    g_autoptr(GError) error = NULL;
    json_t *jobs = ai_queue_series(request->on->gateway->queue, series, &request->account, 100, &error);
    if (jobs != NULL) http_reply_json(request, 200, json_pack("{s:o}", "jobs", jobs));
    else http_reply_error(request, error, 0);
    return;
  }
  if (wait == NULL && accept != NULL && strstr(accept, "text/event-stream") != NULL) seconds = LONGEST_WAIT_S;
  request->job_id = g_strdup(id);
  request->until_us = g_get_monotonic_time() + seconds * G_USEC_PER_SEC;
  look(request);
}

void http_async_cancel(AiHttpRequest *request) {
  const char *id = http_argument(request, "id");
  g_autoptr(GError) error = NULL;
  json_t *job = id != NULL ? ai_queue_cancel(request->on->gateway->queue, id, &request->account, &error) : NULL;
  if (id == NULL) http_reply_refusal(request, 400, "invalid_request_error", "invalid_argument", "name the job: ?id=...");
  else if (job != NULL) http_reply_json(request, 200, job);
  else http_reply_error(request, error, 0);
}
