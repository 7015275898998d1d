#include "agent/gateway_model.h"

gboolean agent_model_by_gateway(gpointer data, const AgentModelCall *call, AgentModelReply *reply, GError **error) {
  g_autofree char *template_id = g_strconcat("agent_", call->purpose, NULL), *scope_key = access_scope_key(call->scope);
  AiRequest request = AI_REQUEST_INIT;
  request.purpose = call->purpose;
  request.caller = (AiCaller){.tenant = call->scope->tenant, .user = call->scope->user, .roles = (const char *const *)call->scope->roles,
                              .scope_key = scope_key};
  request.template_id = template_id;
  request.input = call->input;
  request.idempotency = call->idempotency;
  request.deadline = call->deadline;
  request.on_text = call->on_text;
  request.on_text_user = call->on_text_data;
  g_auto(AiResponse) response = {0};
  gboolean good = ai_complete(data, &request, &response, error);
  /* An answer from the record or the cache cost nothing this time. */
  reply->cost_nano = response.cache == AI_CACHE_MISS ? response.usage.cost_nano : 0;
  reply->model = g_strdup(response.model);
  if (good) reply->json = json_incref(response.json);
  return good;
}

/* An interactive question waits for it: words alone are better than a long silence. */
#define EMBED_MS 5000

float *agent_embed_by_gateway(gpointer data, const char *const *texts, guint count, guint *dimensions, GError **error) {
  AiCaller caller = {0};
  return ai_embed(data, "embedding", &caller, texts, count, dimensions, deadline_in_ms(EMBED_MS, NULL), error);
}
