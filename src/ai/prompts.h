/* What `aisle ai prompts` shows: each version of each template with its tokens and cost beside each other, and its tests. */
#pragma once
#include "base/base.h"

/* [{template, version, model, tokens, cost_estimate, calls, mean_cost, tests, failed, ...}]. A test builds the messages from
 * its input and judges its reply as the gateway would: `valid` says what must come out. `only` NULL: all. `passed` becomes
 * FALSE when a test fails. (transfer full) */
json_t *ai_prompts_report(const char *config_path, const char *records_path, const char *only, gboolean *passed, GError **error);
