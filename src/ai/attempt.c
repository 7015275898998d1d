/* One try at one route: reserve, send, read; and what happens when it fails. */
#include <math.h>
#include <string.h>

#include "ai/call.h"

/* A provider that wants to be left alone for longer than this is passed over when there is another. */
#define LONG_WAIT_MS 2000
#define LONGEST_WAIT_MS 30000
#define FIRST_BACKOFF_MS 200
/* The call's own deadline ends its transfers; theirs is only a net below it. */
#define AFTER_DEADLINE_MS 1000
#define MAX_REPLY_BYTES (32u << 20)

struct AiAttempt {
  AiCall *call; /* a reference */
  const AiRoute *route;
  const AiProvider *provider;
  gint64 ticket;
  AiAmounts worst;
  Transfer *transfer;
  AiTimer *idle, *hedge, *later;
  gboolean streaming, waits_for_budget, over, have_output, sent;
  GByteArray *body;
  Sse sse;
  AiStream stream;
  gsize output_bytes;
  gint64 last_us;
  char *broken; /* what was wrong with the stream; set inside the transfer's callback, handled after it */
};

/* FAIL_UNFIT: this route cannot do what is asked; that says nothing against the route. */
typedef enum { FAIL_RETRY, FAIL_ROUTE, FAIL_UNFIT, FAIL_CALLER } FailureKind;

static void attempt_free(AiAttempt *attempt) {
  AiLoop *loop = attempt->call->parts->loop;
  ai_timer_cancel(loop, attempt->idle);
  ai_timer_cancel(loop, attempt->hedge);
  ai_timer_cancel(loop, attempt->later);
  if (attempt->body != NULL) g_byte_array_unref(attempt->body);
  sse_clear(&attempt->sse);
  ai_stream_clear(&attempt->stream);
  g_free(attempt->broken);
  ai_call_unref(attempt->call);
  g_free(attempt);
}

/* Settles and lets go; freed at once unless the budget still has to answer. */
static void attempt_end(AiAttempt *attempt, const AiUsage *usage) {
  AiCall *call = attempt->call;
  attempt->over = TRUE;
  g_ptr_array_remove_fast(call->attempts, attempt);
  AiAmounts spent = {0};
  if (usage != NULL) ai_route_cost(call->config, attempt->route, usage, &spent);
  if (usage != NULL) {
    call->out.usage.input_tokens += usage->input_tokens;
    call->out.usage.cached_tokens += usage->cached_tokens;
    call->out.usage.written_tokens += usage->written_tokens;
    call->saved_nano += ai_route_saved_by_cache(call->config, attempt->route, usage);
    call->out.usage.output_tokens += usage->output_tokens;
    call->out.usage.cost_nano += spent.amount[AI_UNIT_MONEY];
  }
  spent.amount[AI_UNIT_REQUESTS] = attempt->worst.amount[AI_UNIT_REQUESTS];
  ai_budget_settle(call->gateway->budget, attempt->ticket, &spent);
  attempt->ticket = 0;
  if (!attempt->waits_for_budget) attempt_free(attempt);
}

/* What a call that ended in the middle has probably cost: the input, and what came. */
static AiUsage probable_usage(const AiAttempt *attempt) {
  AiUsage usage = attempt->stream.usage;
  if (usage.input_tokens == 0) usage.input_tokens = MIN(ai_tokens_estimate((gsize)ai_tokens_bound(attempt->call->chat)), attempt->worst.amount[AI_UNIT_TOKENS]);
  usage.output_tokens = MAX(usage.output_tokens, ai_tokens_estimate(attempt->output_bytes));
  return usage;
}

static void attempt_drop(AiAttempt *attempt) {
  transfer_cancel(g_steal_pointer(&attempt->transfer));
  AiUsage usage = probable_usage(attempt);
  attempt_end(attempt, attempt->sent ? &usage : NULL);
}

void ai_call_stop_attempts(AiCall *call, const AiAttempt *but) {
  for (guint i = call->attempts->len; i > 0; i--) {
    AiAttempt *attempt = g_ptr_array_index(call->attempts, i - 1);
    if (attempt == but) continue;
    /* Another answered first: the loser is billed for what it had begun to say, and not for a question that was answered elsewhere. */
    if (but != NULL && attempt->output_bytes == 0) attempt->sent = FALSE;
    attempt_drop(attempt);
  }
}

/* ---- failures ---- */

static void retry_later(gpointer data) {
  AiCall *call = data;
  call->timer = NULL;
  ai_call_try_next(call);
}

static gint64 backoff_ms(int retries) {
  double most = FIRST_BACKOFF_MS * pow(2, MIN(retries, 6));
  return (gint64)(most / 2 + g_random_double() * most / 2);
}

/* The text so far goes along; the next route writes on. */
static void continue_from_here(AiCall *call) {
  call->continued_next = TRUE;
  json_decref(call->repair);
  call->repair = json_pack("[{s:s, s:s}, {s:s, s:s}]", "role", "assistant", "content", call->text->str, "role", "user", "content",
                           "The connection broke there. Continue your last message exactly where it stopped. Write only what follows; repeat nothing.");
}

static void after_failure(AiCall *call, FailureKind kind, gint64 wait_ms) {
  const AiLogical *logical = g_hash_table_lookup(call->config->models, call->logical);
  gboolean another = call->position + 1 < call->plan->len;
  if (call->finished || call->attempts->len > 0) return; /* the hedge decides */
  call->last_wait_ms = MAX(0, wait_ms);
  if (call->text_begun && call->when_broken == AI_BROKEN_CONTINUE && (call->tools_begun || !logical->continues)) {
    call->out.partial = TRUE;
    ai_call_fail_new(call, AISLE_ERROR_UPSTREAM, "the provider broke off in the middle of its answer");
    return;
  }
  if (call->text_begun && call->when_broken == AI_BROKEN_CONTINUE) continue_from_here(call);
  else call->restart_next = call->text_begun;
  gboolean again = kind == FAIL_RETRY && call->retries_here < logical->retries && !(wait_ms > LONG_WAIT_MS && another) && wait_ms <= LONGEST_WAIT_MS;
  if (!again) {
    call->position++;
    call->retries_here = 0;
    ai_call_try_next(call);
    return;
  }
  gint64 pause_ms = wait_ms >= 0 ? wait_ms : backoff_ms(call->retries_here);
  call->retries_here++;
  if (g_get_monotonic_time() + pause_ms * 1000 >= call->deadline_us && !another) {
    call->position = call->plan->len;
    ai_call_try_next(call);
    return;
  }
  call->timer = ai_loop_after(call->parts->loop, pause_ms * 1000, retry_later, call);
}

static void attempt_fail(AiAttempt *attempt, FailureKind kind, gint64 wait_ms, const char *reason, gboolean charged) {
  AiCall *call = ai_call_ref(attempt->call);
  const AiRoute *route = attempt->route;
  g_info("model call %s: %s failed: %s", call->out.id, route->name, reason);
  if (kind == FAIL_CALLER) {
    attempt_end(attempt, NULL);
    ai_call_stop_attempts(call, NULL);
    ai_call_fail_new(call, AISLE_ERROR_INVALID_ARGUMENT, "the provider refused the request: %.500s", reason);
    ai_call_unref(call);
    return;
  }
  if (kind != FAIL_UNFIT) ai_breaker_failed(route->breaker, g_get_monotonic_time(), wait_ms > LONG_WAIT_MS ? wait_ms : 0);
  else if (call->unfit == NULL) call->unfit = g_strdup(reason);
  AiUsage usage = probable_usage(attempt);
  attempt_end(attempt, charged ? &usage : NULL);
  after_failure(call, kind, wait_ms);
  ai_call_unref(call);
}

static void fail_by_status(AiAttempt *attempt, const TransferHead *head) {
  g_autofree char *text = ai_provider_error_text((const char *)attempt->body->data, attempt->body->len);
  g_autofree char *reason = g_strdup_printf("%s (status %d)", text != NULL ? text : "no reason given", head->status);
  attempt->call->last_status = head->status;
  gint64 wait_ms = head->retry_after_ms >= 0 ? head->retry_after_ms : ai_provider_retry_ms((const char *)attempt->body->data, attempt->body->len);
  gboolean quota = text != NULL && strstr(text, "quota") != NULL && wait_ms < 0;
  FailureKind kind = head->status == 429 && quota                                                     ? FAIL_ROUTE
                     : head->status == 408 || head->status == 409 || head->status == 429 || head->status >= 500 ? FAIL_RETRY
                     : head->status == 400 || head->status == 413 || head->status == 422               ? FAIL_CALLER
                                                                                                       : FAIL_ROUTE;
  attempt_fail(attempt, kind, kind == FAIL_RETRY ? wait_ms : -1, reason, FALSE);
}

/* ---- reading ---- */

static void first_output(AiAttempt *attempt) {
  if (attempt->have_output) return;
  attempt->have_output = TRUE;
  AiLoop *loop = attempt->call->parts->loop;
  ai_timer_cancel(loop, g_steal_pointer(&attempt->hedge));
  ai_call_stop_attempts(attempt->call, attempt);
}

/* FALSE: it is to be parsed. */
static gboolean take_plain(AiAttempt *attempt, const char *data, gsize length) {
  AiChunk chunk;
  if (!ai_chunk_read(&chunk, data, length)) return FALSE;
  first_output(attempt);
  if (!ai_call_push_plain(attempt->call, &chunk)) return FALSE;
  if (chunk.has_reason) attempt->stream.finished = TRUE;
  return TRUE;
}

static gboolean on_event(const char *data, gsize length, gpointer user) {
  AiAttempt *attempt = user;
  if (length == 6 && memcmp(data, "[DONE]", 6) == 0) {
    attempt->stream.finished = TRUE;
    return TRUE;
  }
  if (attempt->provider->own_form && take_plain(attempt, data, length)) return TRUE;
  g_autoptr(json_t) json = json_parse(data, length, NULL);
  if (json == NULL || !attempt->provider->event(&attempt->stream, json)) {
    attempt->broken = g_strdup("an event of the stream is not what it must be");
    return FALSE;
  }
  if (attempt->stream.error != NULL) {
    attempt->broken = g_strdup(attempt->stream.error);
    return FALSE;
  }
  if (attempt->stream.chunks->len > 0) first_output(attempt);
  for (guint i = 0; i < attempt->stream.chunks->len; i++) ai_call_push_chunk(attempt->call, g_ptr_array_index(attempt->stream.chunks, i));
  g_ptr_array_set_size(attempt->stream.chunks, 0);
  return TRUE;
}

static void handle_broken(gpointer data) {
  AiAttempt *attempt = data;
  attempt->later = NULL;
  g_autofree char *reason = g_steal_pointer(&attempt->broken);
  attempt_fail(attempt, FAIL_RETRY, -1, reason, TRUE);
}

static gboolean on_body(const TransferHead *head, const char *bytes, gsize length, gpointer data) {
  AiAttempt *attempt = data;
  attempt->last_us = g_get_monotonic_time();
  attempt->output_bytes += length;
  gboolean as_stream = attempt->streaming && head->status == 200 && head->event_stream;
  gsize most = as_stream ? (gsize)attempt->call->config->max_output_bytes * 64 : MAX_REPLY_BYTES;
  if (attempt->output_bytes > most) attempt->broken = g_strdup("the reply does not end");
  else if (!as_stream) g_byte_array_append(attempt->body, (const guint8 *)bytes, (guint)length);
  else if (!sse_feed(&attempt->sse, bytes, length, on_event, attempt) && attempt->broken == NULL) attempt->broken = g_strdup("an event of the stream is too large");
  if (as_stream && attempt->call->text != NULL && attempt->call->text->len > (gsize)attempt->call->config->max_output_bytes)
    attempt->broken = g_strdup("the reply does not end");
  if (attempt->broken == NULL) return TRUE;
  attempt->transfer = NULL;
  attempt->later = ai_loop_after(attempt->call->parts->loop, 0, handle_broken, attempt);
  return FALSE;
}

static void stream_ended(AiAttempt *attempt) {
  AiCall *call = ai_call_ref(attempt->call);
  const AiRoute *route = attempt->route;
  AiUsage usage = attempt->stream.have_usage ? attempt->stream.usage : probable_usage(attempt);
  ai_breaker_succeeded(route->breaker);
  attempt_end(attempt, &usage);
  json_t *message = json_pack("{s:s, s:s}", "role", "assistant", "content", call->text != NULL ? call->text->str : "");
  if (json_array_size(call->stream_tools) > 0) json_object_set(message, "tool_calls", call->stream_tools);
  json_t *reply = ai_reply_json(route, call->out.id, message, call->finish_reason != NULL ? call->finish_reason : "stop", &usage);
  ai_call_have_reply(call, route, reply, NULL);
  ai_call_unref(call);
}

static void whole_ended(AiAttempt *attempt) {
  g_autoptr(GError) error = NULL;
  const char *bytes = (const char *)attempt->body->data;
  g_autoptr(json_t) native = json_parse(bytes != NULL ? bytes : "", attempt->body->len, NULL);
  gboolean chat = attempt->call->operation == AI_OPERATION_CHAT;
  json_t *reply = native == NULL ? NULL : chat ? attempt->provider->response(attempt->route, native, &error)
                                               : attempt->provider->embed_response(attempt->route, native, &error);
  if (reply == NULL) {
    attempt_fail(attempt, FAIL_RETRY, -1, error != NULL ? error->message : "the reply is not JSON", TRUE);
    return;
  }
  AiCall *call = ai_call_ref(attempt->call);
  const AiRoute *route = attempt->route;
  const json_t *usage_json = json_object_get(reply, "usage");
  AiUsage usage = {0};
  ai_usage_read(usage_json, &usage);
  if (usage.input_tokens + usage.output_tokens == 0) usage = probable_usage(attempt);
  first_output(attempt);
  ai_breaker_succeeded(route->breaker);
  GBytes *raw = reply == native ? g_byte_array_free_to_bytes(g_steal_pointer(&attempt->body)) : NULL;
  attempt_end(attempt, &usage);
  ai_call_have_reply(call, route, reply, raw);
  ai_call_unref(call);
}

static void on_end(const TransferHead *head, TransferEnd how, gpointer data) {
  AiAttempt *attempt = data;
  attempt->transfer = NULL;
  gboolean as_stream = attempt->streaming && head->status == 200 && head->event_stream;
  if (how == TRANSFER_NO_CONNECT) attempt_fail(attempt, FAIL_RETRY, -1, "no connection", FALSE);
  else if (how == TRANSFER_TIMEOUT) attempt_fail(attempt, FAIL_RETRY, -1, "it took too long", TRUE);
  else if (how == TRANSFER_DONE && head->status != 200) fail_by_status(attempt, head);
  else if (as_stream && attempt->stream.finished) stream_ended(attempt);
  else if (how == TRANSFER_BROKEN || as_stream) attempt_fail(attempt, FAIL_RETRY, -1, "the connection broke", TRUE);
  else whole_ended(attempt);
}

/* ---- sending ---- */

/* A reply that drips so slowly that nothing comes for the longest wait between two pieces. */
static void on_idle(gpointer data) {
  AiAttempt *attempt = data;
  gint64 most_us = attempt->call->config->first_token_ms * 1000, silent_us = g_get_monotonic_time() - attempt->last_us;
  attempt->idle = NULL;
  if (silent_us < most_us) {
    attempt->idle = ai_loop_after(attempt->call->parts->loop, most_us - silent_us, on_idle, attempt);
    return;
  }
  transfer_cancel(g_steal_pointer(&attempt->transfer));
  attempt_fail(attempt, FAIL_RETRY, -1, "nothing came for too long", TRUE);
}

static void on_hedge(gpointer data) {
  AiAttempt *attempt = data;
  AiCall *call = attempt->call;
  attempt->hedge = NULL;
  guint next = call->position + 1 < call->plan->len ? call->position + 1 : call->position;
  const AiRoute *route = g_ptr_array_index(call->plan, next);
  if (call->attempts->len == 1 && ai_breaker_allows(route->breaker, g_get_monotonic_time())) ai_attempt_start(call, route);
}

static void send_request(AiAttempt *attempt) {
  static const TransferEvents EVENTS = {on_body, on_end};
  AiCall *call = attempt->call;
  g_autoptr(GError) error = NULL;
  gboolean chat = call->operation == AI_OPERATION_CHAT;
  g_autoptr(json_t) request = ai_call_request(call, attempt->route);
  g_autoptr(json_t) native = chat ? attempt->provider->request(attempt->route, request, attempt->streaming, &error)
                                  : attempt->provider->embed_request(attempt->route, request, &error);
  if (native == NULL) {
    attempt_fail(attempt, g_error_matches(error, AISLE_ERROR, AISLE_ERROR_UNSUPPORTED) ? FAIL_UNFIT : FAIL_CALLER, -1, error->message, FALSE);
    return;
  }
  g_autofree char *url = attempt->provider->url(attempt->route, call->operation, attempt->streaming);
  g_autoptr(GPtrArray) headers = g_ptr_array_new_with_free_func(g_free);
  attempt->provider->headers(attempt->route, headers);
  const char *name;
  json_t *value;
  json_object_foreach(attempt->route->provider->headers, name, value) g_ptr_array_add(headers, g_strdup_printf("%s: %s", name, json_string_value(value)));
  g_ptr_array_add(headers, NULL);
  char *text = json_to_text(native, JSON_PLAIN);
  g_autoptr(GBytes) body = g_bytes_new_take(text, strlen(text));
  const AiLogical *logical = g_hash_table_lookup(call->config->models, call->logical);
  AiLoop *loop = call->parts->loop;
  attempt->last_us = g_get_monotonic_time();
  attempt->sent = TRUE;
  call->out.attempts++;
  attempt->transfer = transport_post(call->parts->transport, url, (const char *const *)headers->pdata, body,
                                     (call->deadline_us - attempt->last_us) / 1000 + AFTER_DEADLINE_MS, &EVENTS, attempt);
  attempt->idle = ai_loop_after(loop, call->config->first_token_ms * 1000, on_idle, attempt);
  if (logical->hedge_ms > 0 && call->attempts->len == 1) attempt->hedge = ai_loop_after(loop, logical->hedge_ms * 1000, on_hedge, attempt);
}

/* ---- reserving ---- */

typedef struct {
  AiAttempt *attempt;
  AiBudgetVerdict verdict;
} BudgetAnswer;

static void on_budget_here(gpointer data) {
  BudgetAnswer *answer = data;
  AiAttempt *attempt = answer->attempt;
  AiBudgetVerdict verdict = answer->verdict;
  g_free(answer);
  attempt->waits_for_budget = FALSE;
  if (attempt->over) {
    AiAmounts nothing = {0};
    ai_budget_settle(attempt->call->gateway->budget, verdict.ticket, &nothing);
    attempt_free(attempt);
  } else if (verdict.ticket != 0) {
    attempt->ticket = verdict.ticket;
    send_request(attempt);
  } else {
    AiCall *call = ai_call_ref(attempt->call);
    attempt_end(attempt, NULL);
    if (call->attempts->len == 0) {
      call->out.retry_after_ms = verdict.retry_after_ms;
      call->out.partial = call->text_begun;
      ai_call_fail_new(call, verdict.code, "%s", verdict.reason);
    }
    ai_call_unref(call);
  }
  g_free(verdict.reason);
}

/* On the budget's thread. */
static void on_budget(const AiBudgetVerdict *verdict, gpointer data) {
  AiAttempt *attempt = data;
  BudgetAnswer *answer = g_new0(BudgetAnswer, 1);
  answer->attempt = attempt;
  answer->verdict = *verdict;
  answer->verdict.reason = g_strdup(verdict->reason);
  ai_loop_post(attempt->call->parts->loop, on_budget_here, answer);
}

void ai_call_worst_usage(const AiCall *call, const AiRoute *route, AiUsage *usage) {
  g_autoptr(json_t) request = ai_call_request(call, route);
  gint64 n = MAX(1, json_get_int(request, "n", 1));
  gint64 output = call->operation == AI_OPERATION_CHAT ? json_get_int(request, "max_completion_tokens", json_get_int(request, "max_tokens", route->max_output)) * n : 0;
  *usage = (AiUsage){.input_tokens = ai_tokens_bound(request), .output_tokens = output};
  /* At worst all of it goes into the provider's cache, where that costs more. */
  if (route->provider->type == AI_PROVIDER_ANTHROPIC) usage->written_tokens = usage->input_tokens;
}

static void reserve(AiAttempt *attempt) {
  AiCall *call = attempt->call;
  AiUsage worst;
  ai_call_worst_usage(call, attempt->route, &worst);
  ai_route_cost(call->config, attempt->route, &worst, &attempt->worst);
  /* A request is one request, however often it is tried. */
  attempt->worst.amount[AI_UNIT_REQUESTS] = call->out.attempts == 0 && call->attempts->len == 1 ? 1 : 0;
  attempt->waits_for_budget = TRUE;
  gint64 wait_ms = MAX(0, (call->deadline_us - g_get_monotonic_time()) / 1000 - 50);
  ai_budget_reserve(call->gateway->budget, call->config, &call->account, &attempt->worst, wait_ms, on_budget, attempt);
}

void ai_attempt_start(AiCall *call, const AiRoute *route) {
  AiAttempt *attempt = g_new0(AiAttempt, 1);
  attempt->call = ai_call_ref(call);
  attempt->route = route;
  attempt->provider = ai_provider_of(route);
  attempt->streaming = call->stream && !call->buffered && call->operation == AI_OPERATION_CHAT;
  attempt->body = g_byte_array_new();
  sse_init(&attempt->sse);
  ai_stream_init(&attempt->stream, route);
  g_ptr_array_add(call->attempts, attempt);
  if (ai_budget_applies(call->config, &call->account)) reserve(attempt);
  else send_request(attempt);
}
