/* The same face as ai.h over HTTP to a gateway in another process. Blocking; thread-safe. Private. */
#pragma once
#include "ai/ai.h"

typedef struct AiRemote AiRemote;
AiRemote *ai_remote_new(const char *url, const char *key, GError **error); /* (transfer full) */
void ai_remote_free(AiRemote *remote);
gboolean ai_remote_has_model(AiRemote *remote, const char *logical);
gboolean ai_remote_complete(AiRemote *remote, const AiRequest *request, AiResponse *response, GError **error);
json_t *ai_remote_embed(AiRemote *remote, const char *logical, const AiCaller *caller, const json_t *texts, Deadline deadline, GError **error);
