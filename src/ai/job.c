/* A call as JSON: what /llm/summary takes and gives, and what the queue keeps. */
#include <string.h>

#include "ai/call.h"
#include "ai/queue.h"

static gboolean refuse(GError **error, const char *what) {
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "%s", what);
  return FALSE;
}

static gboolean check_job(const json_t *job, GError **error) {
  static const char *const NAMES[] = {"template", "version", "input", "model", "output_schema", "messages", "tools", "max_tokens", "temperature", "check_facts",
                                      "purpose", "series", "region", "complexity", "no_cache", "idempotency", "priority", "async", "stream", "models", NULL};
  const char *key;
  json_t *value;
  if (!json_is_object(job)) return refuse(error, "the body must be an object");
  json_object_foreach((json_t *)job, key, value) {
    if (!g_strv_contains(NAMES, key)) {
      g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "there is no field \"%.60s\" here", key);
      return FALSE;
    }
  }
  if (json_get_string(job, "template") == NULL && !json_is_array(json_object_get(job, "messages")))
    return refuse(error, "name a template, or give messages and a model");
  gint64 most = json_get_int(job, "max_tokens", 1);
  return (most >= 1 && most <= 1 << 20) || refuse(error, "max_tokens is out of bounds");
}

AiCall *ai_call_of_job(AiGateway *gateway, const json_t *job, const AiAccount *account, const char *scope_key, GError **error) {
  static const char *const COMPLEXITY[] = {"auto", "simple", "moderate", "complex"};
  static const char *const COPIED[] = {"messages", "tools", "max_tokens", "temperature"};
  if (!check_job(job, error)) return NULL;
  AiCall *call = ai_call_new(gateway);
  call->logical = g_strdup(json_get_string(job, "model"));
  call->template_id = g_strdup(json_get_string(job, "template"));
  call->template_version = g_strdup(json_get_string(job, "version"));
  call->idempotency = g_strdup(json_get_string(job, "idempotency"));
  call->scope_key = g_strdup(scope_key);
  call->region = g_strdup(json_get_string(job, "region"));
  call->account.tenant = g_strdup(account->tenant);
  call->account.team = g_strdup(account->team);
  call->account.user = g_strdup(account->user);
  call->account.roles = g_strdupv(account->roles);
  const char *purpose = json_get_string(job, "purpose"), *complexity = json_get_string(job, "complexity");
  call->account.purpose = g_strdup(purpose != NULL ? purpose : account->purpose != NULL ? account->purpose : call->template_id);
  for (guint i = 0; complexity != NULL && i < G_N_ELEMENTS(COMPLEXITY); i++)
    if (strcmp(COMPLEXITY[i], complexity) == 0) call->complexity = (AiComplexity)i;
  const json_t *models = json_object_get(job, "models");
  if (json_is_array(models)) {
    g_autoptr(GStrvBuilder) names = g_strv_builder_new();
    for (gsize i = 0; i < json_array_size(models); i++)
      if (json_is_string(json_array_get(models, i))) g_strv_builder_add(names, json_string_value(json_array_get(models, i)));
    call->allowed_models = g_strv_builder_end(names);
  }
  call->check_facts = json_get_bool(job, "check_facts", FALSE);
  call->no_cache = json_get_bool(job, "no_cache", FALSE);
  const json_t *input = json_object_get(job, "input"), *schema = json_object_get(job, "output_schema");
  call->input = input != NULL ? json_deep_copy(input) : NULL;
  call->schema = json_is_object(schema) ? json_deep_copy(schema) : NULL;
  call->chat = json_object();
  for (guint i = 0; i < G_N_ELEMENTS(COPIED); i++) {
    const json_t *value = json_object_get(job, COPIED[i]);
    if (value != NULL) json_object_set_new(call->chat, COPIED[i], json_deep_copy(value));
  }
  return call;
}

json_t *ai_call_result_json(const AiCall *call) {
  static const char *const CACHE[] = {"miss", "hit", "joined", "stale"};
  const AiResponse *out = &call->out;
  g_autofree char *cost = ai_money_text(out->usage.cost_nano);
  json_t *result = json_pack("{s:s, s:s, s:O?, s:O?, s:s?, s:s?, s:s?, s:s, s:o, s:s, s:i, s:i, s:b, s:O?, s:f}", "id", out->id, "text", out->text != NULL ? out->text : "",
                             "json", out->json, "tool_calls", out->tool_calls, "finish_reason", out->finish_reason, "route", out->route, "model", out->model,
                             "cache", CACHE[out->cache], "usage", ai_usage_json(&out->usage), "cost", cost, "attempts", out->attempts, "repair_rounds",
                             out->repair_rounds, "partial", out->partial, "verdicts", out->verdicts, "latency_ms", (double)out->latency_us / 1000);
  if (call->batch_id != NULL) json_object_set_new(result, "batch_id", json_string(call->batch_id));
  if (call->template != NULL) json_object_set_new(result, "template_version", json_string(call->template->version));
  json_object_set_new(result, "consistency", out->consistency >= 0 ? json_real(out->consistency) : json_null());
  return result;
}
