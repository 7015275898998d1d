/*
 * Guardrails of a call. Before: limits of size, personal data and secrets redacted. After: the answer's JSON schema, unsafe
 * content, and every number, direction and name held against the data that was sent. What they found stands in the
 * call's verdicts. The pieces are pure: redact.h, facts.h, base/json_schema.h.
 */
#pragma once
#include "ai/call.h"

/* TOO_LARGE, BLOCKED. */
gboolean ai_guard_before(AiCall *call, GError **error);

typedef enum { AI_GUARD_PASS, AI_GUARD_REPAIR, AI_GUARD_REFUSE } AiGuardOutcome;
/* Judges a finished text. REPAIR: `problems` is what the model is told; also sets call->out.json and .consistency. */
AiGuardOutcome ai_guard_after(AiCall *call, const char *text, GString *problems);
/* Nothing that the policy refuses, and the filter agrees. */
gboolean ai_guard_passes_on(const AiCall *call, const char *text);
/* The JSON of an answer: models like to wrap it in a fence. (transfer none, within text) */
const char *ai_guard_json_part(const char *text, gsize *length);
