/* The beginning of a call, and what holds it together. */
#include "ai/call.h"

#include <string.h>

#include "ai/guard.h"
#include "ai/tier.h"

#define MAX_WAIT_US (10 * G_USEC_PER_SEC)

AiCall *ai_call_new(AiGateway *gateway) {
  AiCall *call = g_new0(AiCall, 1);
  call->gateway = gateway;
  call->refs = 1;
  call->attempts = g_ptr_array_new();
  call->out.consistency = -1;
  call->started_us = g_get_monotonic_time();
  call->at_ms = g_get_real_time() / 1000;
  call->out.id = g_strdup_printf("call-%012" G_GINT64_MODIFIER "x%08x", call->at_ms, g_random_int());
  call->deadline_us = G_MAXINT64;
  return call;
}

AiCall *ai_call_ref(AiCall *call) {
  g_atomic_int_inc(&call->refs);
  return call;
}

void ai_call_unref(AiCall *call) {
  if (call == NULL || !g_atomic_int_dec_and_test(&call->refs)) return;
  json_t *const values[] = {call->chat, call->input, call->schema, call->stream_tools, call->repair, call->reply, call->given};
  for (guint i = 0; i < G_N_ELEMENTS(values); i++) json_decref(values[i]);
  char *const texts[] = {call->logical, call->region, call->scope_key, call->template_id, call->template_version, call->idempotency, call->cache_key, call->finish_reason,
                         call->batch_id, call->unfit};
  for (guint i = 0; i < G_N_ELEMENTS(texts); i++) g_free(texts[i]);
  ai_account_clear(&call->account);
  g_strfreev(call->allowed_models);
  g_clear_pointer(&call->plan, g_ptr_array_unref);
  g_ptr_array_unref(call->attempts);
  if (call->text != NULL) g_string_free(call->text, TRUE);
  g_clear_pointer(&call->raw, g_bytes_unref);
  g_clear_error(&call->error);
  ai_response_clear(&call->out);
  ai_templates_unref(call->templates);
  ai_config_unref(call->config);
  g_free(call);
}

void ai_call_verdict(AiCall *call, const char *guard, const char *verdict, const char *detail) {
  if (call->out.verdicts == NULL) call->out.verdicts = json_array();
  json_array_append_new(call->out.verdicts, json_pack("{s:s, s:s, s:s?}", "guard", guard, "verdict", verdict, "detail", detail));
}

void ai_call_fail(AiCall *call, GError *error) {
  if (call->finished || call->error != NULL) {
    g_error_free(error);
    return;
  }
  call->error = error;
  ai_call_finish(call);
}

void ai_call_fail_new(AiCall *call, AisleErrorCode code, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  GError *error = g_error_new_valist(AISLE_ERROR, (gint)code, format, arguments);
  va_end(arguments);
  ai_call_fail(call, error);
}

void ai_call_cancel(AiCall *call) {
  ai_call_fail_new(call, AISLE_ERROR_CANCELLED, "the caller left");
}

/* ---- beginning ---- */

static void on_deadline(gpointer data) {
  AiCall *call = data;
  call->deadline = NULL;
  ai_call_fail_new(call, AISLE_ERROR_TIMEOUT, "the model did not answer in time");
}

/* The template's messages take the place of the caller's. */
static gboolean use_template(AiCall *call, GError **error) {
  const char *version = call->template_version;
  const AiTrial *trial = g_hash_table_lookup(call->config->trials, call->template_id);
  if (version == NULL && trial != NULL && ai_config_flag(call->config, trial->flag, call->account.user)) version = trial->version;
  if (version == NULL) version = g_hash_table_lookup(call->config->releases, call->template_id);
  call->templates = ai_gateway_templates(call->gateway);
  call->template = ai_templates_find(call->templates, call->template_id, version, error);
  if (call->template == NULL) return FALSE;
  const AiTemplate *template = call->template;
  g_auto(AiPayload) payload = {0};
  json_t *messages = ai_template_messages(template, call->input, call->config->min_group, &payload, error);
  if (messages == NULL) return FALSE;
  if (payload.rows_left_out > 0) {
    g_autofree char *detail = g_strdup_printf("%d of %d groups stand for fewer than %d rows and were left out", payload.rows_left_out,
                                              payload.rows_left_out + payload.rows_sent, call->config->min_group);
    ai_call_verdict(call, "aggregates", "reduced", detail);
  }
  if (call->chat == NULL) call->chat = json_object();
  json_object_set_new(call->chat, "messages", messages);
  json_decref(call->input);
  call->input = g_steal_pointer(&payload.sent);
  if (call->schema == NULL && template->output != NULL) call->schema = json_incref(template->output);
  if (call->logical == NULL) call->logical = g_strdup(template->model);
  if (call->complexity == AI_COMPLEXITY_AUTO) call->complexity = template->tier;
  if (template->max_tokens > 0 && json_object_get(call->chat, "max_tokens") == NULL)
    json_object_set_new(call->chat, "max_tokens", json_integer(template->max_tokens));
  if (template->temperature >= 0 && json_object_get(call->chat, "temperature") == NULL)
    json_object_set_new(call->chat, "temperature", json_real(template->temperature));
  call->check_facts = call->check_facts || template->check_facts;
  return TRUE;
}

static gboolean may_use(const AiCall *call) {
  if (call->allowed_models == NULL) return TRUE;
  return call->logical != NULL && g_strv_contains((const char *const *)call->allowed_models, call->logical);
}

static gboolean prepare(AiCall *call, GError **error) {
  if (call->template_id != NULL && !use_template(call, error)) return FALSE;
  if (!may_use(call)) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_FORBIDDEN, "this key may not use the model '%.60s'", call->logical != NULL ? call->logical : "");
    return FALSE;
  }
  const AiLogical *logical = call->logical != NULL ? g_hash_table_lookup(call->config->models, call->logical) : NULL;
  if (logical == NULL) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_UNSUPPORTED, "there is no model '%.60s' in the gateway's configuration", call->logical != NULL ? call->logical : "");
    return FALSE;
  }
  if (call->schema != NULL && json_object_get(call->chat, "response_format") == NULL)
    json_object_set_new(call->chat, "response_format",
                        json_pack("{s:s, s:{s:s, s:O}}", "type", "json_schema", "json_schema", "name", "answer", "schema", call->schema));
  if (!ai_guard_before(call, error)) return FALSE;
  if (call->complexity == AI_COMPLEXITY_AUTO) call->complexity = ai_tiers_choose(call->gateway->tiers, logical->name, logical->simple_share, call->chat);
  call->plan = ai_route_plan(call->config, logical, call->complexity, &call->account, call->region);
  if (call->plan->len > 0) return TRUE;
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_UNSUPPORTED, "the model '%s' has no route for this caller", logical->name);
  return FALSE;
}

/* ---- cache ---- */

/* Only what is meant to come out the same: templates, and raw calls that say so. */
static gboolean is_cacheable(const AiCall *call) {
  if (call->no_cache || call->operation != AI_OPERATION_CHAT) return FALSE;
  const json_t *temperature = json_object_get(call->chat, "temperature");
  if (json_is_number(temperature)) return json_number_value(temperature) == 0;
  return call->template != NULL || json_object_get(call->chat, "seed") != NULL;
}

/* Template version, input, model, parameters, scope: all of it in canonical bytes. */
static char *make_cache_key(const AiCall *call) {
  json_t *copy = json_copy(call->chat);
  json_object_del(copy, "stream");
  json_object_del(copy, "stream_options");
  json_object_del(copy, "user");
  g_autoptr(GString) text = g_string_new("aisle-llm-1\n");
  const char *const parts[] = {call->account.tenant, call->region, call->scope_key, call->scope_key != NULL ? NULL : call->account.user, call->logical, call->template_id,
                               call->template != NULL ? call->template->version : NULL,
                               ((const AiRoute *)g_ptr_array_index(call->plan, 0))->flag, call->check_facts ? "facts" : ""};
  for (guint i = 0; i < G_N_ELEMENTS(parts); i++) {
    json_append_string(text, parts[i] != NULL ? parts[i] : "", -1);
    g_string_append_c(text, '\n');
  }
  g_string_append_printf(text, "%d\n", (int)call->complexity);
  json_append(text, copy, JSON_SORTED);
  json_decref(copy);
  return g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)text->str, text->len);
}

static void use_kept(AiCall *call, const json_t *kept, AiCacheOutcome outcome) {
  json_decref(call->reply);
  call->reply = json_incref(json_object_get(kept, "reply"));
  call->out.cache = outcome;
  g_free(call->out.route);
  g_free(call->out.model);
  call->out.route = g_strdup(json_get_string(kept, "route"));
  call->out.model = g_strdup(json_get_string(kept, "model"));
  call->out.consistency = json_get_double(kept, "consistency", -1);
}

gboolean ai_call_take_cached(AiCall *call, gint64 oldest_ms, AiCacheOutcome outcome) {
  g_autoptr(GBytes) bytes = call->cache_key != NULL ? cache_get(call->gateway->cache, call->cache_key) : NULL;
  if (bytes == NULL) return FALSE;
  gsize length;
  const char *text = g_bytes_get_data(bytes, &length);
  g_autoptr(json_t) kept = json_parse(text, length, NULL);
  if (json_get_int(kept, "at_ms", 0) < g_get_real_time() / 1000 - oldest_ms) return FALSE;
  use_kept(call, kept, outcome);
  return call->reply != NULL;
}

/* Whose repetition it would be. (transfer full) */
char *ai_call_reply_key(const AiCall *call) {
  g_autofree char *text = g_strjoin("\n", call->account.tenant != NULL ? call->account.tenant : "", call->account.user != NULL ? call->account.user : "",
                                    call->scope_key != NULL ? call->scope_key : "", call->idempotency, NULL);
  return g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
}

/* The same call was made before, and paid for. */
static gboolean answered_by_record(AiCall *call) {
  g_autofree char *key = ai_call_reply_key(call), *text = ai_records_reply(call->gateway->records, key);
  g_autoptr(json_t) kept = text != NULL ? json_parse(text, strlen(text), NULL) : NULL;
  if (!json_is_object(json_object_get(kept, "reply"))) return FALSE;
  use_kept(call, kept, AI_CACHE_HIT);
  ai_call_finish(call);
  return TRUE;
}

gboolean ai_call_is_known(const AiCall *call) {
  g_autofree char *reply_key = call->idempotency != NULL ? ai_call_reply_key(call) : NULL;
  g_autofree char *reply = reply_key != NULL ? ai_records_reply(call->gateway->records, reply_key) : NULL;
  if (reply != NULL) return TRUE;
  g_autofree char *key = is_cacheable(call) ? make_cache_key(call) : NULL;
  g_autoptr(GBytes) bytes = key != NULL ? cache_get(call->gateway->cache, key) : NULL;
  return bytes != NULL;
}

/* TRUE: the call is over or waits for the same call in flight. */
static gboolean answered_by_cache(AiCall *call) {
  if (call->idempotency != NULL && answered_by_record(call)) return TRUE;
  if (!is_cacheable(call)) return FALSE;
  call->cache_key = make_cache_key(call);
  if (ai_call_take_cached(call, call->config->cache_ms, AI_CACHE_HIT)) {
    ai_call_finish(call);
    return TRUE;
  }
  if (ai_flight_join(call->gateway, call->cache_key, call)) return TRUE;
  call->leader = TRUE;
  return FALSE;
}

/* ---- routes ---- */

void ai_call_try_next(AiCall *call) {
  gint64 now_us = g_get_monotonic_time(), wait_ms = G_MAXINT64;
  for (; call->position < call->plan->len; call->position++, call->retries_here = 0) {
    const AiRoute *route = g_ptr_array_index(call->plan, call->position);
    if (ai_breaker_allows(route->breaker, now_us)) {
      ai_attempt_start(call, route);
      return;
    }
    wait_ms = MIN(wait_ms, ai_breaker_wait_ms(route->breaker, now_us));
  }
  if (call->attempts->len > 0) return; /* a hedge still runs */
  if (wait_ms != G_MAXINT64) call->last_wait_ms = MAX(call->last_wait_ms, wait_ms);
  call->out.retry_after_ms = call->last_wait_ms;
  if (!call->text_begun && call->cache_key != NULL && ai_call_take_cached(call, call->config->stale_ms, AI_CACHE_STALE)) {
    ai_call_verdict(call, "upstream", "stale", "every route failed; this is the last good result");
    ai_call_finish(call);
    return;
  }
  call->out.partial = call->text_begun;
  /* Nothing was sent: it is the request that fits no route. */
  if (call->unfit != NULL && call->out.attempts == 0) ai_call_fail_new(call, AISLE_ERROR_INVALID_ARGUMENT, "%s", call->unfit);
  else if (call->last_status == 429) ai_call_fail_new(call, AISLE_ERROR_RATE_LIMITED, "every provider for this model is at its limit; try again later");
  else ai_call_fail_new(call, AISLE_ERROR_UPSTREAM, "no provider for this model could answer; try again later");
}

gboolean ai_call_prepare(AiCall *call, GError **error) {
  if (call->config == NULL) call->config = ai_gateway_config(call->gateway);
  return prepare(call, error);
}

/* What a batch answered was paid for, whatever becomes of it here. */
static void account_given(AiCall *call) {
  AiAmounts spent;
  AiUsage usage = {0};
  ai_usage_read(json_object_get(call->given, "usage"), &usage);
  ai_route_batch_cost(call->config, call->given_route, &usage, &spent);
  spent.amount[AI_UNIT_REQUESTS] = 1;
  usage.cost_nano = spent.amount[AI_UNIT_MONEY];
  call->out.usage = usage;
  call->out.attempts = 1;
  ai_budget_settle(call->gateway->budget, call->given_ticket, &spent);
}

static void take_given(AiCall *call) {
  if (is_cacheable(call)) call->cache_key = make_cache_key(call);
  ai_call_have_reply(call, call->given_route, json_incref(call->given), NULL);
}

static void begin(gpointer data) {
  AiCall *call = data;
  g_autoptr(GError) error = NULL;
  call->parts->calls++;
  g_hash_table_add(call->parts->running, ai_call_ref(call)); /* until it is finished */
  if (call->config == NULL) call->config = ai_gateway_config(call->gateway);
  gint64 latest_us = call->started_us + call->config->timeout_ms * 1000;
  call->deadline_us = MIN(call->deadline_us, latest_us);
  if (g_atomic_int_get(&call->gateway->stopping)) {
    ai_call_fail_new(call, AISLE_ERROR_BUSY, "the gateway stops");
    return;
  }
  if (call->given != NULL) {
    account_given(call);
  } else if (g_atomic_int_get(&call->gateway->in_flight) > call->config->in_flight_max || !ai_records_has_room(call->gateway->records)) {
    call->out.retry_after_ms = 1000;
    ai_call_fail_new(call, AISLE_ERROR_BUSY, "too many calls at once; try again in a second");
    return;
  }
  if (!prepare(call, &error)) {
    ai_call_fail(call, g_steal_pointer(&error));
    return;
  }
  call->deadline = ai_loop_after(call->parts->loop, call->deadline_us - g_get_monotonic_time(), on_deadline, call);
  call->buffered = call->schema != NULL || call->check_facts || call->config->refused->len > 0 || call->gateway->filter != NULL;
  if (call->given != NULL) take_given(call);
  else if (!answered_by_cache(call)) ai_call_try_next(call);
}

void ai_call_submit(AiCall *call) {
  if (call->parts == NULL) call->parts = ai_gateway_pick_loop(call->gateway);
  g_atomic_int_inc(&call->gateway->in_flight);
  if (ai_loop_is_current(call->parts->loop)) begin(call);
  else ai_loop_post(call->parts->loop, begin, call);
}
