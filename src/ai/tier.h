/*
 * Which tier a request goes to when neither caller nor template says so: by its weight, which is the bytes of its messages with
 * something added for tools and turns. What is short and plain is simple, what is long is complex, always; between them the
 * lines are drawn so that `simple_share` of the last requests for this model are simple (70 % where nothing is said), and a third of
 * the others complex. Thread-safe.
 */
#pragma once
#include "ai/ai.h"

typedef struct AiTiers AiTiers;
AiTiers *ai_tiers_new(void);
void ai_tiers_free(AiTiers *tiers); /* NULL is fine */
/* `chat` in OpenAI form; never AUTO. */
AiComplexity ai_tiers_choose(AiTiers *tiers, const char *model, double simple_share, const json_t *chat);
