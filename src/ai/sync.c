/* The blocking face: a call is handed to a loop, and its thread waits. */
#include <math.h>
#include <string.h>

#include "ai/call.h"
#include "ai/remote.h"
#include "base/condition.h"

/* How often a caller that waits looks at its flag of cancellation. */
#define LOOK_MS 50

typedef struct {
  pthread_mutex_t lock;
  pthread_cond_t changed;
  gboolean done; /* under lock */
  AiCall *call;  /* a reference */
  AiStreamFunction on_text;
  gpointer user;
} Waiter;

void ai_response_clear(AiResponse *response) {
  char *const texts[] = {response->id, response->text, response->finish_reason, response->route, response->model};
  for (guint i = 0; i < G_N_ELEMENTS(texts); i++) g_free(texts[i]);
  json_decref(response->tool_calls);
  json_decref(response->json);
  json_decref(response->verdicts);
  *response = (AiResponse){0};
}

static void on_chunk(AiCall *call, json_t *chunk, const char *text, gboolean restarted, gpointer data) {
  (void)call;
  (void)chunk;
  Waiter *waiter = data;
  if (text != NULL && waiter->on_text != NULL) waiter->on_text(text, restarted, waiter->user);
}

static void on_done(AiCall *call, gpointer data) {
  (void)call;
  Waiter *waiter = data;
  pthread_mutex_lock(&waiter->lock);
  waiter->done = TRUE;
  pthread_cond_broadcast(&waiter->changed);
  pthread_mutex_unlock(&waiter->lock);
}

static void cancel_here(gpointer data) {
  AiCall *call = data;
  if (!call->finished) ai_call_fail_new(call, AISLE_ERROR_CANCELLED, "the caller cancelled");
  ai_call_unref(call);
}

static void wait_until_done(Waiter *waiter, Deadline deadline) {
  gboolean told = FALSE;
  pthread_mutex_lock(&waiter->lock);
  while (!waiter->done) {
    if (deadline.cancelled == NULL) pthread_cond_wait(&waiter->changed, &waiter->lock);
    else condition_wait_ms(&waiter->changed, &waiter->lock, LOOK_MS);
    if (told || waiter->done || deadline.cancelled == NULL || !g_atomic_int_get(deadline.cancelled)) continue;
    told = TRUE;
    ai_loop_post(waiter->call->parts->loop, cancel_here, ai_call_ref(waiter->call));
  }
  pthread_mutex_unlock(&waiter->lock);
}

/* Submits and waits; afterwards the caller's reference is the only one that matters. */
static void run(AiCall *call, Deadline deadline, AiStreamFunction on_text, gpointer user) {
  static const AiSink SINK = {.chunk = on_chunk, .done = on_done};
  Waiter waiter = {.call = ai_call_ref(call), .on_text = on_text, .user = user};
  pthread_mutex_init(&waiter.lock, NULL);
  condition_init(&waiter.changed);
  call->sink = &SINK;
  call->sink_data = &waiter;
  call->deadline_us = deadline.at_us;
  call->parts = ai_gateway_pick_loop(call->gateway);
  ai_call_submit(call);
  wait_until_done(&waiter, deadline);
  pthread_cond_destroy(&waiter.changed);
  pthread_mutex_destroy(&waiter.lock);
}

static void set_account(AiCall *call, const AiCaller *caller, const char *purpose) {
  call->account.tenant = g_strdup(caller->tenant);
  call->account.team = g_strdup(caller->team);
  call->account.user = g_strdup(caller->user);
  call->account.purpose = g_strdup(purpose);
  call->account.roles = g_strdupv((char **)caller->roles);
  call->scope_key = g_strdup(caller->scope_key);
}

static AiCall *call_of_request(AiGateway *gateway, const AiRequest *request) {
  AiCall *call = ai_call_new(gateway);
  call->logical = g_strdup(request->model);
  set_account(call, &request->caller, request->purpose);
  call->template_id = g_strdup(request->template_id);
  call->template_version = g_strdup(request->template_version);
  call->input = request->input != NULL ? json_deep_copy(request->input) : NULL;
  call->schema = request->output_schema != NULL ? json_deep_copy(request->output_schema) : NULL;
  call->idempotency = g_strdup(request->idempotency);
  call->complexity = request->complexity;
  call->priority = request->priority;
  call->no_cache = request->no_cache;
  call->check_facts = request->check_facts;
  call->stream = request->on_text != NULL;
  call->when_broken = AI_BROKEN_RESTART;
  call->chat = json_object();
  if (request->messages != NULL) json_object_set_new(call->chat, "messages", json_deep_copy(request->messages));
  if (request->tools != NULL) json_object_set_new(call->chat, "tools", json_deep_copy(request->tools));
  if (request->max_tokens > 0) json_object_set_new(call->chat, "max_tokens", json_integer(request->max_tokens));
  if (request->temperature >= 0) json_object_set_new(call->chat, "temperature", json_real(request->temperature));
  return call;
}

gboolean ai_complete(AiGateway *gateway, const AiRequest *request, AiResponse *response, GError **error) {
  *response = (AiResponse){.consistency = -1};
  if (!deadline_check(request->deadline, error)) return FALSE;
  if (request->messages == NULL && request->template_id == NULL) {
    g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "a request needs messages or a template");
    return FALSE;
  }
  if (gateway->remote != NULL) return ai_remote_complete(gateway->remote, request, response, error);
  AiCall *call = call_of_request(gateway, request);
  run(call, request->deadline, request->on_text, request->on_text_user);
  *response = call->out;
  call->out = (AiResponse){0};
  gboolean done = call->error == NULL;
  if (!done) g_propagate_error(error, g_steal_pointer(&call->error));
  ai_call_unref(call);
  return done;
}

/* ---- vectors ---- */

static float *read_vectors(const json_t *reply, guint n, guint *dimensions, GError **error) {
  json_t *data = json_object_get(reply, "data"), *item, *value;
  gsize size = json_array_size(json_object_get(json_array_get(data, 0), "embedding")), i, j;
  gboolean right = json_array_size(data) == n && size > 0 && size <= 16384;
  float *vectors = right ? g_new0(float, size *n) : NULL;
  json_array_foreach(data, i, item) {
    json_t *vector = json_object_get(item, "embedding");
    gint64 index = json_get_int(item, "index", (gint64)i);
    right = right && json_array_size(vector) == size && index >= 0 && index < (gint64)n;
    if (!right) break;
    json_array_foreach(vector, j, value) vectors[(gsize)index * size + j] = (float)json_number_value(value);
  }
  if (!right) {
    g_free(vectors);
    g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_UPSTREAM, "the provider gave vectors that do not fit the texts");
    return NULL;
  }
  *dimensions = (guint)size;
  return vectors;
}

float *ai_embed(AiGateway *gateway, const char *logical, const AiCaller *caller, const char *const *texts, guint n, guint *dimensions,
                Deadline deadline, GError **error) {
  g_autoptr(json_t) list = json_array();
  for (guint i = 0; i < n; i++) json_array_append_new(list, json_string(texts[i]));
  if (n == 0 || json_array_size(list) != n || !deadline_check(deadline, NULL)) {
    g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "there must be texts in UTF-8 and time left");
    return NULL;
  }
  if (gateway->remote != NULL) {
    g_autoptr(json_t) reply = ai_remote_embed(gateway->remote, logical, caller, list, deadline, error);
    return reply != NULL ? read_vectors(reply, n, dimensions, error) : NULL;
  }
  AiCall *call = ai_call_new(gateway);
  call->operation = AI_OPERATION_EMBED;
  call->logical = g_strdup(logical);
  set_account(call, caller, "embed");
  call->chat = json_pack("{s:O, s:s}", "input", list, "encoding_format", "float");
  run(call, deadline, NULL, NULL);
  float *vectors = NULL;
  if (call->error != NULL) g_propagate_error(error, g_steal_pointer(&call->error));
  else vectors = read_vectors(call->reply, n, dimensions, error);
  ai_call_unref(call);
  return vectors;
}
