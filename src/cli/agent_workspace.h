/* What the verbs agent, trace and memory open of a workspace. */
#pragma once
#include "agent/agent.h"
#include "ai/ai.h"

typedef struct {
  AccessScope *scope;
  AnswerService *answers;
  AgentService *agents;
  gboolean sql_allowed; /* the setting ai.sql */
  AiGateway *gateway; /* NULL: the setting ai.questions is off, or no model is wanted */
} AgentWorkspace;
/* `with_model`: also the gateway, where one is configured. What was opened is closed by agent_workspace_clear(). */
gboolean agent_workspace_open(AgentWorkspace *workspace, const char *folder, const char *scope_file, gboolean with_model, GError **error);
/* The same with a model, for a process that lives long: newly published data is seen within seconds. */
gboolean agent_workspace_open_following(AgentWorkspace *workspace, const char *folder, const char *scope_file, GError **error);
/* The same over answers and settings that are open already; these are not closed with it. */
gboolean agent_workspace_attach(AgentWorkspace *workspace, AnswerService *answers, const char *folder, const Settings *settings, gboolean with_model,
                                GError **error);
void agent_workspace_clear(AgentWorkspace *workspace);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(AgentWorkspace, agent_workspace_clear)
