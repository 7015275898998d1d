#include "cli/agent_workspace.h"

#include "agent/gateway_model.h"

void agent_workspace_clear(AgentWorkspace *workspace) {
  agent_service_free(workspace->agents);
  ai_gateway_free(workspace->gateway);
  answer_service_free(workspace->answers);
  access_scope_unref(workspace->scope);
}

gboolean agent_workspace_attach(AgentWorkspace *workspace, AnswerService *answers, const char *folder, const Settings *settings, gboolean with_model,
                                GError **error) {
  gboolean asks_models = with_model && settings_boolean(settings, SETTING_AI_QUESTIONS), embeds = with_model && settings_boolean(settings, SETTING_VECTOR_ENDPOINT);
  if (asks_models || embeds) {
    workspace->gateway = ai_gateway_for_workspace(folder, settings, error);
    if (workspace->gateway == NULL) return FALSE;
  }
  /* Without a model for it there is nothing to ask, and nothing is tried. */
  gboolean has_model = asks_models && ai_gateway_has_model(workspace->gateway, "query");
  g_autofree char *weights = encoder_find_weights(settings_text(settings, SETTING_VECTOR_WEIGHTS));
  g_autofree char *state = g_build_filename(folder, "state", NULL), *cache = g_build_filename(folder, "cache", NULL);
  AgentOptions options = {.answers = answers, .state_folder = state, .cache_folder = cache, .weights = weights,
                          .embed = embeds ? agent_embed_by_gateway : NULL, .embed_data = workspace->gateway,
                          .hides_values = !settings_boolean(settings, SETTING_AI_VALUES), .model = has_model ? agent_model_by_gateway : NULL,
                          .model_data = workspace->gateway};
  workspace->sql_allowed = settings_boolean(settings, SETTING_AI_SQL);
  workspace->agents = agent_service_open(&options, error);
  return workspace->agents != NULL;
}

static gboolean open_workspace(AgentWorkspace *workspace, const char *folder, const char *scope_file, gboolean with_model, gboolean follow,
                               GError **error) {
  *workspace = (AgentWorkspace){0};
  workspace->scope = scope_file != NULL ? access_scope_from_file(scope_file, error) : access_scope_new_local();
  if (workspace->scope == NULL) return FALSE;
  AnswerServiceOptions answers = {.workspace = folder, .follow = follow};
  workspace->answers = answer_service_open(&answers, error);
  g_autoptr(Settings) settings = workspace->answers != NULL ? settings_load(folder, NULL, error) : NULL;
  return settings != NULL && agent_workspace_attach(workspace, workspace->answers, folder, settings, with_model, error);
}

gboolean agent_workspace_open(AgentWorkspace *workspace, const char *folder, const char *scope_file, gboolean with_model, GError **error) {
  return open_workspace(workspace, folder, scope_file, with_model, FALSE, error);
}

gboolean agent_workspace_open_following(AgentWorkspace *workspace, const char *folder, const char *scope_file, GError **error) {
  return open_workspace(workspace, folder, scope_file, TRUE, TRUE, error);
}
