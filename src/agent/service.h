/* Inside agent/: what runs need of their service. */
#pragma once
#include "agent/agent.h"
#include "agent/names.h"

gboolean agent_service_call_model(AgentService *service, const AgentModelCall *call, AgentModelReply *reply, GError **error);
/* Names as this scope sees them, built on first use. (transfer full) */
NameIndex *agent_service_names(AgentService *service, AccessScope *scope);
/* What makes vectors of texts, opened on first use; NULL: there is nothing that does. (transfer none) */
Embedder *agent_service_embedder(AgentService *service);
/* The file that vectors of this kind of texts are kept in, for a scope; NULL: nowhere. (transfer full) */
char *agent_service_vectors_path(const AgentService *service, const char *kind, const char *scope_key);
/* What is remembered for an owner. (transfer full) */
json_t *agent_service_memory(AgentService *service, const char *owner);
