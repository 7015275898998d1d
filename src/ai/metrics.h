/* What the gateway counts, in Prometheus' text format. Counting is lock-free; since the process began. */
#pragma once
#include "ai/ai.h"

typedef struct AiMetrics AiMetrics;
AiMetrics *ai_metrics_new(void); /* (transfer full) */
void ai_metrics_free(AiMetrics *metrics);
/* A call that ended: `error` NULL when it has an answer. */
void ai_metrics_count(AiMetrics *metrics, const AiResponse *out, const GError *error);
void ai_metrics_write(const AiMetrics *metrics, GString *out);
