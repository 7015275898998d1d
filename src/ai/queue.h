/*
 * Calls that may wait: a durable queue in SQLite. What was accepted is run, also after kill -9 (a job's lease runs out and it
 * is taken again); by priority, then age; failed calls that may be retried are, a few times. Results stay for audit and for
 * comparing how an insight changed (a job may name a `series`). Jobs of batch priority over the same template are
 * collected and sent as one prompt with separable answers, or, where their model has a route with `batch: true`, go into the
 * provider's own batches (batch_lane.h). Several processes may share the file. Thread-safe.
 *
 * A job is {template, version, input, model, output_schema, messages, max_tokens, temperature, check_facts, purpose, series}.
 */
#pragma once
#include "ai/gateway.h"

AiQueue *ai_queue_open(AiGateway *gateway, const char *path, GError **error); /* workers run from here on (transfer full) */
void ai_queue_stop(AiQueue *queue); /* takes no more work; idempotent; before its calls are cancelled */
void ai_queue_free(AiQueue *queue); /* NULL is fine; what runs is taken up by the next process */
/* Durable when it returns. BUSY when too many wait, INVALID_ARGUMENT. (transfer full) id */
char *ai_queue_put(AiQueue *queue, const json_t *job, const AiAccount *account, const char *scope_key, AiPriority priority, GError **error);
/* The job is not run, or stopped, or its result dropped; what it costs until it stops is still accounted. What it is after that, as
 * ai_queue_get(): a job that had ended stays as it is. (transfer full) */
json_t *ai_queue_cancel(AiQueue *queue, const char *id, const AiAccount *account, GError **error);
/* {id, state: queued|running|done|failed|cancelled, percent, attempts, created_ms, finished_ms, result, error}; NOT_FOUND also for the
 * jobs of others. (transfer full) */
json_t *ai_queue_get(AiQueue *queue, const char *id, const AiAccount *account, GError **error);
/* Finished jobs of a series, newest first; `series` NULL: all of this account. (transfer full) */
json_t *ai_queue_series(AiQueue *queue, const char *series, const AiAccount *account, int limit, GError **error);

/* A call as a job describes it. Also what POST /llm/summary runs at once. INVALID_ARGUMENT. (transfer full) */
AiCall *ai_call_of_job(AiGateway *gateway, const json_t *job, const AiAccount *account, const char *scope_key, GError **error);
/* {id, text, json, route, model, cache, usage, cost, consistency, verdicts, ...} of a finished call. (transfer full) */
json_t *ai_call_result_json(const AiCall *call);
