/* The gateway (ai/) as the model of agents. */
#pragma once
#include "agent/agent.h"
#include "ai/ai.h"

/* An AgentEmbedFunction over the gateway's logical model "embedding"; `data` is an AiGateway*. */
float *agent_embed_by_gateway(gpointer data, const char *const *texts, guint count, guint *dimensions, GError **error);

/* An AgentModelFunction; `data` is an AiGateway*. Templates are prompts/agent_<purpose>.yaml. */
gboolean agent_model_by_gateway(gpointer data, const AgentModelCall *call, AgentModelReply *reply, GError **error);
