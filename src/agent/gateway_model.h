/* The gateway (ai/) as the model of agents. */
#pragma once
#include "agent/agent.h"
#include "ai/ai.h"

/* An AgentModelFunction; `data` is an AiGateway*. Templates are prompts/agent_<purpose>.yaml. */
gboolean agent_model_by_gateway(gpointer data, const AgentModelCall *call, AgentModelReply *reply, GError **error);
