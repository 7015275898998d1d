#include "ai/batch.h"

#include <string.h>

#include "ai/call.h"
#include "ai/facts.h"
#include "base/json_schema.h"

typedef struct {
  GPtrArray *works;
  AiTemplates *templates;
  const AiTemplate *template;
} Batch;

static void batch_free(Batch *batch) {
  g_ptr_array_unref(batch->works);
  ai_templates_unref(batch->templates);
  g_free(batch);
}

/* {answers: [{item: 1, answer: <the template's schema>}]} */
static json_t *batch_schema(const AiTemplate *template, guint n) {
  return json_pack("{s:s, s:[s], s:b, s:{s:{s:s, s:i, s:i, s:{s:s, s:[s,s], s:b, s:{s:{s:s}, s:O}}}}}", "type", "object", "required", "answers",
                   "additionalProperties", 0, "properties", "answers", "type", "array", "minItems", (int)n, "maxItems", (int)n, "items", "type", "object",
                   "required", "item", "answer", "additionalProperties", 0, "properties", "item", "type", "integer", "answer", template->output);
}

/* One message with every item's data under its number; NULL: an item cannot be sent like this. */
static json_t *batch_messages(Batch *batch, int min_group) {
  g_autoptr(GString) user = g_string_new(NULL), system = g_string_new(NULL);
  for (guint i = 0; i < batch->works->len; i++) {
    AiWork *work = g_ptr_array_index(batch->works, i);
    g_auto(AiPayload) payload = {0};
    g_autoptr(json_t) messages = ai_template_messages(batch->template, json_object_get(work->job, "input"), min_group, &payload, NULL);
    if (messages == NULL) return NULL;
    if (i == 0) g_string_append(system, json_get_string(json_array_get(messages, 0), "content"));
    g_string_append_printf(user, "Item %u:\n%s\n", i + 1, json_get_string(json_array_get(messages, 1), "content"));
    json_decref(work->sent);
    work->sent = g_steal_pointer(&payload.sent);
  }
  g_string_append_printf(system, "\nThere are %u items, independent of each other. Answer each from its own data only, as {\"answers\": [{\"item\": 1, \"answer\": ...}, ...]}.",
                         batch->works->len);
  return json_pack("[{s:s, s:s}, {s:s, s:s}]", "role", "system", "content", system->str, "role", "user", "content", user->str);
}

/* An answer that would not have passed by itself does not pass in company. */
static gboolean is_good(const Batch *batch, const AiWork *work, const json_t *answer, double *score) {
  *score = -1;
  if (answer == NULL || !json_schema_holds(batch->template->output, NULL, answer, "the answer", NULL)) return FALSE;
  if (!batch->template->check_facts && !json_get_bool(work->job, "check_facts", FALSE)) return TRUE;
  g_autofree char *known = g_strconcat(batch->template->instructions, "\n", batch->template->system, NULL), *said = ai_facts_said(answer);
  AiFacts facts = ai_facts_check(work->sent, known, said, NULL);
  *score = facts.score;
  return facts.unsupported == 0;
}

static json_t *item_result(const AiCall *call, const AiWork *work, const json_t *answer, double score, guint n) {
  json_t *result = ai_call_result_json(call);
  g_autofree char *text = json_to_text(answer, JSON_PLAIN), *cost = ai_money_text(call->out.usage.cost_nano / n);
  json_object_set_new(result, "text", json_string(text));
  json_object_set(result, "json", (json_t *)answer);
  json_object_set_new(result, "cost", json_string(cost));
  json_object_set_new(result, "batch", json_integer(n));
  json_object_set_new(result, "consistency", score >= 0 ? json_real(score) : json_null());
  (void)work;
  return result;
}

static void batch_done(AiCall *call, gpointer data) {
  Batch *batch = data;
  guint n = batch->works->len;
  json_t *answers = json_object_get(call->out.json, "answers"), *item;
  gsize index;
  for (guint i = 0; i < n; i++) {
    AiWork *work = g_ptr_array_index(batch->works, i);
    const json_t *answer = NULL;
    double score;
    json_array_foreach(answers, index, item) {
      if (json_get_int(item, "item", 0) == i + 1) answer = json_object_get(item, "answer");
    }
    if (call->error == NULL && is_good(batch, work, answer, &score)) ai_queue_work_done(work, item_result(call, work, answer, score, n), NULL, 0);
    else if (call->error != NULL && aisle_error_info_of(call->error)->retryable) ai_queue_work_done(work, NULL, call->error, call->out.retry_after_ms);
    else ai_queue_run_single(work);
  }
  batch_free(batch);
}

/* What must stay in different regions cannot be sent together. */
static gboolean of_one_region(const GPtrArray *works) {
  const AiWork *first = g_ptr_array_index(works, 0);
  for (guint i = 1; i < works->len; i++) {
    const AiWork *work = g_ptr_array_index(works, i);
    if (g_strcmp0(json_get_string(work->job, "region"), json_get_string(first->job, "region")) != 0) return FALSE;
  }
  return TRUE;
}

gboolean ai_batch_start(GPtrArray *works) {
  static const AiSink SINK = {.done = batch_done};
  const AiWork *first = g_ptr_array_index(works, 0);
  if (!of_one_region(works)) return FALSE;
  AiGateway *gateway = ai_queue_gateway(first->queue);
  const char *id = json_get_string(first->job, "template");
  AiConfig *config = ai_gateway_config(gateway);
  Batch *batch = g_new0(Batch, 1);
  batch->works = g_ptr_array_ref(works);
  batch->templates = ai_gateway_templates(gateway);
  batch->template = id != NULL ? ai_templates_find(batch->templates, id, g_hash_table_lookup(config->releases, id), NULL) : NULL;
  json_t *messages = batch->template != NULL && batch->template->output != NULL ? batch_messages(batch, config->min_group) : NULL;
  ai_config_unref(config);
  if (messages == NULL) {
    batch_free(batch);
    return FALSE;
  }
  AiCall *call = ai_call_new(gateway);
  call->logical = g_strdup(batch->template->model);
  call->account.tenant = g_strdup(first->account.tenant);
  call->account.team = g_strdup(first->account.team);
  call->account.user = g_strdup(first->account.user);
  call->account.purpose = g_strdup(first->account.purpose != NULL ? first->account.purpose : id);
  call->account.roles = g_strdupv(first->account.roles);
  call->scope_key = g_strdup(first->scope_key);
  call->region = g_strdup(json_get_string(first->job, "region"));
  call->schema = batch_schema(batch->template, works->len);
  call->complexity = batch->template->tier;
  call->no_cache = TRUE;
  call->chat = json_pack("{s:o}", "messages", messages);
  if (batch->template->max_tokens > 0) json_object_set_new(call->chat, "max_tokens", json_integer(batch->template->max_tokens * (gint64)works->len));
  call->sink = &SINK;
  call->sink_data = batch;
  ai_call_submit(call);
  return TRUE;
}
