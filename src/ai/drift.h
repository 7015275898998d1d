/*
 * Control chart over the consistency scores of a template's answers: an exponentially weighted moving average (lambda 0.2)
 * with limits of three standard deviations around the level of the first answers (Roberts 1959). Thread-safe.
 */
#pragma once
#include "base/base.h"

typedef struct AiDrift AiDrift;
AiDrift *ai_drift_new(void);
void ai_drift_free(AiDrift *drift); /* NULL is fine */
/* What to tell people when the average leaves its limits (once until it is back within them); else NULL. (transfer full) */
char *ai_drift_add(AiDrift *drift, const char *series, double score);
json_t *ai_drift_report(AiDrift *drift); /* [{series, answers, level, average, low, out}] (transfer full) */
