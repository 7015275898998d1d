/* Inside agent/: what runs need of their service. */
#pragma once
#include "agent/agent.h"
#include "agent/names.h"

gboolean agent_service_has_model(const AgentService *service);
gboolean agent_service_call_model(AgentService *service, const AgentModelCall *call, AgentModelReply *reply, GError **error);
/* Names as this scope sees them, built on first use. (transfer full) */
NameIndex *agent_service_names(AgentService *service, AccessScope *scope);
/* What is remembered for an owner. (transfer full) */
json_t *agent_service_memory(AgentService *service, const char *owner);
