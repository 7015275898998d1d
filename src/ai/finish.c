/* From a reply to the end of a call: checks, repair rounds, cache, record, and telling whoever asked. */
#include <string.h>

#include "ai/call.h"
#include "ai/guard.h"
#include "ai/metrics.h"

#define MAX_REPAIR_ROUNDS 2

json_t *ai_call_request(const AiCall *call, const AiRoute *route) {
  json_t *request = json_copy(call->chat);
  if (call->operation != AI_OPERATION_CHAT) return request;
  if (call->repair != NULL) {
    json_t *messages = json_copy(json_object_get(call->chat, "messages"));
    json_array_extend(messages, call->repair);
    json_object_set_new(request, "messages", messages);
  }
  /* Where a budget holds, the worst case must be one: the provider is told where to stop. */
  gboolean bounded = json_object_get(request, "max_tokens") != NULL || json_object_get(request, "max_completion_tokens") != NULL;
  if (!bounded && ai_budget_applies(call->config, &call->account)) json_object_set_new(request, "max_tokens", json_integer(route->max_output));
  return request;
}

/* ---- streams ---- */

/* Tool calls come in pieces; the record and the end of the call need them whole. */
static void collect_tools(AiCall *call, const json_t *pieces) {
  gsize i;
  json_t *piece;
  json_array_foreach((json_t *)pieces, i, piece) {
    gint64 index = json_get_int(piece, "index", 0);
    if (call->stream_tools == NULL) call->stream_tools = json_array();
    if (index < 0 || index > 127) continue;
    while ((gint64)json_array_size(call->stream_tools) <= index) json_array_append_new(call->stream_tools, ai_tool_call_json("", "", ""));
    json_t *whole = json_array_get(call->stream_tools, (gsize)index), *function = json_object_get(whole, "function");
    const json_t *added = json_object_get(piece, "function");
    const char *id = json_get_string(piece, "id"), *name = json_get_string(added, "name"), *arguments = json_get_string(added, "arguments");
    if (id != NULL) json_object_set_new(whole, "id", json_string(id));
    if (name != NULL) json_object_set_new(function, "name", json_string(name));
    if (arguments == NULL) continue;
    g_autofree char *joined = g_strconcat(json_get_string(function, "arguments"), arguments, NULL);
    json_object_set_new(function, "arguments", json_string(joined));
    call->tools_begun = TRUE;
  }
}

void ai_call_push_chunk(AiCall *call, json_t *chunk) {
  if (call->finished) return;
  const json_t *choice = json_array_get(json_object_get(chunk, "choices"), 0), *delta = json_object_get(choice, "delta");
  const char *text = json_get_string(delta, "content"), *reason = json_get_string(choice, "finish_reason");
  gboolean restarted = call->restart_next && text != NULL;
  if (call->text == NULL) call->text = g_string_sized_new(256);
  if (restarted) {
    g_string_truncate(call->text, 0);
    g_clear_pointer(&call->stream_tools, json_decref);
    call->restart_next = FALSE;
  }
  if (text != NULL && *text != '\0') {
    g_string_append(call->text, text);
    call->text_begun = TRUE;
  }
  if (call->continued_next && text != NULL) {
    json_object_set_new(chunk, "aisle", json_pack("{s:b}", "continued", 1));
    call->continued_next = FALSE;
  }
  collect_tools(call, json_object_get(delta, "tool_calls"));
  if (call->tools_begun) call->text_begun = TRUE;
  if (reason != NULL) {
    g_free(call->finish_reason);
    call->finish_reason = g_strdup(reason);
  }
  if (call->stream && !call->buffered && call->sink->chunk != NULL) call->sink->chunk(call, chunk, text, restarted, call->sink_data);
}

gboolean ai_call_push_plain(AiCall *call, const AiChunk *chunk) {
  if (call->sink->plain == NULL || call->restart_next || call->continued_next || call->buffered || !call->stream) return FALSE;
  if (call->finished) return TRUE;
  if (call->text == NULL) call->text = g_string_sized_new(256);
  ai_chunk_append_content(chunk, call->text);
  if (call->text->len > 0) call->text_begun = TRUE;
  if (chunk->has_reason) {
    g_free(call->finish_reason);
    call->finish_reason = g_strndup(chunk->bytes + chunk->reason.at, chunk->reason.length);
  }
  call->sink->plain(call, chunk, call->sink_data);
  return TRUE;
}

/* ---- a whole reply ---- */

static const json_t *reply_message(const json_t *reply) {
  return json_object_get(json_array_get(json_object_get(reply, "choices"), 0), "message");
}

static gboolean wants_tools(const json_t *message) {
  return json_array_size(json_object_get(message, "tool_calls")) > 0;
}

static void ask_for_repair(AiCall *call, const char *text, const char *problems) {
  call->out.repair_rounds++;
  json_t *before = call->repair != NULL ? json_copy(call->repair) : json_array();
  json_array_append_new(before, json_pack("{s:s, s:s}", "role", "assistant", "content", text));
  json_array_append_new(before, json_pack("{s:s, s:s}", "role", "user", "content", problems));
  json_decref(call->repair);
  call->repair = before;
  call->retries_here = 0;
  ai_call_try_next(call);
}

static void keep_reply(AiCall *call, const AiRoute *route, json_t *reply, GBytes *raw) {
  json_decref(call->reply);
  call->reply = reply;
  g_clear_pointer(&call->raw, g_bytes_unref);
  call->raw = raw;
  g_free(call->out.route);
  g_free(call->out.model);
  call->out.route = g_strdup(route->name);
  call->out.model = g_strdup(route->model);
}

static gboolean is_cut_off(const json_t *reply) {
  return g_strcmp0(json_get_string(json_array_get(json_object_get(reply, "choices"), 0), "finish_reason"), "length") == 0;
}

/* What a model says along with calls of tools, and in them, is not for a reader, but must be passed on all the same. */
static gboolean passes_with_tools(const AiCall *call, const json_t *message) {
  g_autofree char *text = ai_content_text(json_object_get(message, "content")), *calls = json_to_text(json_object_get(message, "tool_calls"), JSON_PLAIN);
  g_autofree char *all = g_strconcat(text != NULL ? text : "", "\n", calls, NULL);
  return ai_guard_passes_on(call, all);
}

/* Every choice of the reply; `worst`: the text of the one that has to be repaired. The first is judged last: it is what the call tells of itself. */
static AiGuardOutcome judge_choices(AiCall *call, GString *problems, char **worst) {
  const json_t *choices = json_object_get(call->reply, "choices");
  AiGuardOutcome outcome = AI_GUARD_PASS;
  for (gsize i = json_array_size(choices); i > 0 && outcome != AI_GUARD_REFUSE; i--) {
    const json_t *message = json_object_get(json_array_get(choices, i - 1), "message");
    g_autofree char *text = ai_content_text(json_object_get(message, "content"));
    AiGuardOutcome one = AI_GUARD_PASS;
    if (wants_tools(message)) one = passes_with_tools(call, message) ? AI_GUARD_PASS : AI_GUARD_REFUSE;
    else if (text != NULL) one = ai_guard_after(call, text, problems);
    if (one == AI_GUARD_PASS) continue;
    if (wants_tools(message)) g_string_append(problems, "it holds content that is not passed on");
    outcome = one == AI_GUARD_REFUSE || outcome == AI_GUARD_PASS ? one : outcome;
    g_free(*worst);
    *worst = g_steal_pointer(&text);
  }
  return outcome;
}

/* Who asked for JSON gets JSON, without the fence that some models put around it. */
static void take_off_fences(AiCall *call) {
  json_t *choices = json_object_get(call->reply, "choices"), *choice;
  gsize index, length;
  if (call->schema == NULL) return;
  json_array_foreach(choices, index, choice) {
    json_t *message = json_object_get(choice, "message");
    const char *text = json_get_string(message, "content"), *part = text != NULL ? ai_guard_json_part(text, &length) : NULL;
    if (part == NULL || wants_tools(message) || (*text != '`' && strlen(text) == length)) continue;
    json_object_set_new(message, "content", json_stringn(part, length));
    g_clear_pointer(&call->raw, g_bytes_unref);
  }
}

void ai_call_have_reply(AiCall *call, const AiRoute *route, json_t *reply, GBytes *raw) {
  if (call->finished) {
    json_decref(reply);
    if (raw != NULL) g_bytes_unref(raw);
    return;
  }
  keep_reply(call, route, reply, raw);
  if (!call->buffered || call->operation != AI_OPERATION_CHAT) {
    ai_call_finish(call);
    return;
  }
  g_autoptr(GString) problems = g_string_new(NULL);
  g_autofree char *worst = NULL;
  AiGuardOutcome outcome = judge_choices(call, problems, &worst);
  if (outcome == AI_GUARD_PASS) {
    take_off_fences(call);
    if (call->out.repair_rounds > 0) ai_call_verdict(call, "repair", "repaired", NULL);
    ai_call_finish(call);
  } else if (outcome == AI_GUARD_REPAIR && call->out.repair_rounds < MAX_REPAIR_ROUNDS && !is_cut_off(reply)) {
    ask_for_repair(call, worst, problems->str);
  } else {
    if (outcome == AI_GUARD_REPAIR && is_cut_off(reply)) g_string_prepend(problems, "it was cut off at its most tokens; allow more of them. ");
    ai_call_verdict(call, "answer", "refused", problems->str);
    ai_call_fail_new(call, AISLE_ERROR_BLOCKED, "the model's answer was held back: %.300s", problems->str);
  }
}

/* ---- the end ---- */

/* (transfer full) */
static char *kept_text(const AiCall *call) {
  g_autoptr(json_t) kept = json_pack("{s:I, s:O, s:s?, s:s?, s:f}", "at_ms", (json_int_t)(g_get_real_time() / 1000), "reply", call->reply, "route",
                                     call->out.route, "model", call->out.model, "consistency", call->out.consistency);
  return json_to_text(kept, JSON_PLAIN);
}

static void put_in_cache(AiCall *call) {
  /* What was cut off at the limit is no answer to keep. */
  const char *reason = json_get_string(json_array_get(json_object_get(call->reply, "choices"), 0), "finish_reason");
  if (call->cache_key == NULL || (!call->leader && call->given == NULL) || call->error != NULL || call->out.cache != AI_CACHE_MISS || g_strcmp0(reason, "length") == 0) return;
  g_autofree char *text = kept_text(call);
  g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));
  cache_put(call->gateway->cache, call->cache_key, bytes);
}

static char *content_for_record(const AiCall *call, const json_t *content) {
  if (content == NULL) return NULL;
  g_autofree char *text = json_to_text(content, JSON_PLAIN);
  return call->config->keep_content ? g_steal_pointer(&text) : g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
}

static void record(AiCall *call) {
  static const char *const CACHE[] = {"miss", "hit", "joined", "stale"};
  AiRecord *entry = g_new0(AiRecord, 1);
  entry->id = g_strdup(call->out.id);
  entry->tenant = g_strdup(call->account.tenant);
  entry->team = g_strdup(call->account.team);
  entry->user = g_strdup(call->account.user);
  entry->purpose = g_strdup(call->account.purpose);
  entry->logical = g_strdup(call->logical);
  entry->template_id = g_strdup(call->template_id);
  entry->version = call->template != NULL ? g_strdup(call->template->version) : NULL;
  entry->route = g_strdup(call->out.route);
  entry->model = g_strdup(call->out.model);
  entry->status = g_strdup(call->error == NULL ? "ok" : aisle_error_info_of(call->error)->name);
  entry->cache = g_strdup(CACHE[call->out.cache]);
  entry->idempotency = g_strdup(call->idempotency);
  if (call->idempotency != NULL && call->error == NULL && call->reply != NULL) {
    entry->reply_key = ai_call_reply_key(call);
    entry->reply = kept_text(call);
  }
  entry->verdicts = call->out.verdicts != NULL ? json_to_text(call->out.verdicts, JSON_PLAIN) : NULL;
  entry->at_ms = call->at_ms;
  entry->latency_us = call->out.latency_us;
  entry->usage = call->out.usage;
  entry->cost_nano = call->out.usage.cost_nano;
  entry->attempts = call->out.attempts;
  entry->repairs = call->out.repair_rounds;
  entry->consistency = call->out.consistency;
  entry->saved_nano = call->saved_nano;
  entry->input = content_for_record(call, json_object_get(call->chat, call->operation == AI_OPERATION_CHAT ? "messages" : "input"));
  if (call->operation == AI_OPERATION_CHAT) entry->output = content_for_record(call, reply_message(call->reply));
  if (call->out.cache != AI_CACHE_MISS && call->reply != NULL && call->plan != NULL) {
    AiUsage usage = {0};
    AiAmounts saved;
    ai_usage_read(json_object_get(call->reply, "usage"), &usage);
    ai_route_cost(call->config, g_ptr_array_index(call->plan, 0), &usage, &saved);
    entry->saved_nano = saved.amount[AI_UNIT_MONEY];
  }
  ai_records_put(call->gateway->records, entry);
}

/* Callers who want a stream of what came whole get it as one piece. */
static void stream_whole(AiCall *call) {
  if (call->error != NULL || !call->stream || call->operation != AI_OPERATION_CHAT || call->sink->chunk == NULL) return;
  if (!call->buffered && call->out.cache == AI_CACHE_MISS) return;
  const json_t *message = reply_message(call->reply);
  const char *reason = json_get_string(json_array_get(json_object_get(call->reply, "choices"), 0), "finish_reason");
  g_autofree char *text = ai_content_text(json_object_get(message, "content"));
  AiRoute route = {.model = call->out.model != NULL ? call->out.model : call->logical};
  AiStream stream;
  ai_stream_init(&stream, &route);
  stream.id = g_strdup(call->out.id);
  json_t *delta = json_pack("{s:s}", "content", text != NULL ? text : ""), *tool;
  json_t *tools = json_deep_copy(json_object_get(message, "tool_calls"));
  gsize index;
  json_array_foreach(tools, index, tool) json_object_set_new(tool, "index", json_integer((json_int_t)index));
  if (json_array_size(tools) > 0) json_object_set(delta, "tool_calls", tools);
  json_decref(tools);
  ai_stream_push(&stream, delta, NULL);
  ai_stream_push(&stream, json_object(), reason != NULL ? reason : "stop");
  for (guint i = 0; i < stream.chunks->len; i++)
    call->sink->chunk(call, g_ptr_array_index(stream.chunks, i), i == 0 && text != NULL ? text : NULL, FALSE, call->sink_data);
  ai_stream_clear(&stream);
}

static void joined_end(gpointer data) {
  AiCall *call = data;
  if (!call->finished) {
    /* The leader's result is in the cache now; if it failed, this one goes on for itself. */
    if (ai_call_take_cached(call, call->config->cache_ms, AI_CACHE_JOINED)) ai_call_finish(call);
    else ai_call_try_next(call);
  }
  ai_call_unref(call);
}

static void wake_followers(AiCall *call) {
  if (!call->leader) return;
  g_autoptr(GPtrArray) followers = ai_flight_end(call->gateway, call->cache_key);
  for (guint i = 0; followers != NULL && i < followers->len; i++) {
    AiCall *follower = g_ptr_array_index(followers, i);
    ai_loop_post(follower->parts->loop, joined_end, follower);
  }
}

static void record_now(gpointer data) {
  AiCall *call = data;
  record(call);
  ai_call_unref(call);
}

void ai_call_finish(AiCall *call) {
  if (call->finished) return;
  call->finished = TRUE;
  AiLoop *loop = call->parts->loop;
  ai_timer_cancel(loop, g_steal_pointer(&call->timer));
  ai_timer_cancel(loop, g_steal_pointer(&call->deadline));
  ai_call_stop_attempts(call, NULL);
  put_in_cache(call);
  wake_followers(call);
  call->out.latency_us = g_get_monotonic_time() - call->started_us;
  const json_t *message = reply_message(call->reply);
  if (call->error == NULL && call->out.finish_reason == NULL)
    call->out.finish_reason = g_strdup(json_get_string(json_array_get(json_object_get(call->reply, "choices"), 0), "finish_reason"));
  if (call->out.text == NULL) call->out.text = ai_content_text(json_object_get(message, "content"));
  if (call->out.text == NULL) call->out.text = g_strdup(call->text != NULL ? call->text->str : "");
  if (call->error == NULL && wants_tools(message)) call->out.tool_calls = json_incref(json_object_get(message, "tool_calls"));
  if (call->error == NULL && call->schema != NULL && call->out.json == NULL && *call->out.text != '\0')
    call->out.json = json_parse(call->out.text, strlen(call->out.text), NULL);
  if (call->template_id != NULL && call->out.consistency >= 0 && call->out.cache == AI_CACHE_MISS)
    ai_gateway_log_drift(call->gateway, call->template_id, call->out.consistency);
  ai_metrics_count(call->gateway->metrics, &call->out, call->error);
  /* What makes a repetition free is written before anyone can repeat it. */
  gboolean later = call->sink->told_first && call->idempotency == NULL;
  if (!later) record(call);
  stream_whole(call);
  call->sink->done(call, call->sink_data);
  if (later) ai_loop_when_idle(loop, record_now, ai_call_ref(call));
  call->parts->calls--;
  g_atomic_int_add(&call->gateway->in_flight, -1);
  if (g_hash_table_remove(call->parts->running, call)) ai_call_unref(call);
  ai_call_unref(call);
}
