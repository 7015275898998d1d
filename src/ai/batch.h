/* Jobs over the same template as one prompt with separable answers, and the work of the queue they are. Private to the queue. */
#pragma once
#include <sqlite3.h>

#include "ai/queue.h"

typedef struct {
  AiQueue *queue;
  char *id, *scope_key;
  json_t *job;
  AiAccount account;
  int attempts;
  gboolean batch;
  json_t *sent; /* what was sent for it, in a batch */
  gboolean in_batch;  /* of a provider; see batch_lane.h */
  gboolean cancelled; /* nobody waits for it any more */
} AiWork;
void ai_work_free(AiWork *work);
/* Of a row (id, job, tenant, team, user, purpose, roles, scope, attempts, priority). (transfer full) */
AiWork *ai_work_of_row(AiQueue *queue, sqlite3_stmt *row);

/* A process' claim on jobs and batches ends so long after it was last renewed. */
#define AI_QUEUE_LEASE_MS 10000
/* In the column `priority`: waits for a provider's batch. */
#define AI_QUEUE_LANE 3

/* Takes `works` when it can be sent together (template with an output schema); FALSE: nothing happened. */
gboolean ai_batch_start(GPtrArray *works);

/* ---- of the queue ---- */
void ai_queue_run_single(AiWork *work); /* takes it */
/* Takes work and result; error NULL: done. */
void ai_queue_work_done(AiWork *work, json_t *result, const GError *error, gint64 retry_after_ms);
AiGateway *ai_queue_gateway(AiQueue *queue);
