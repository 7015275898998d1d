/*
 * The lane of jobs that go into providers' batches: a thread that collects what waits (batch.collect, batch.most), sends it,
 * asks after it and hands each answer to the gateway, where it is accounted at the price of batches, checked, recorded and becomes
 * the job's result like any other. What has no answer there (expired, cancelled by somebody else, failed) is run by itself.
 *
 * Each step is written down before it is done, so that after kill -9 another process goes on from there: a batch that may have
 * been created is looked for at the provider before anything is sent again; tickets of reservations are kept with the items,
 * settling one again changes nothing, and an answer that is read a second time takes its first record's place. Private to the queue.
 */
#pragma once
#include "ai/batch.h"

typedef struct AiLane AiLane;
/* Its thread runs from here on. (transfer full) */
AiLane *ai_lane_new(AiQueue *queue, const char *path, const char *owner, GError **error);
void ai_lane_stop(AiLane *lane); /* idempotent; NULL is fine */
void ai_lane_free(AiLane *lane); /* NULL is fine */
void ai_lane_wake(AiLane *lane); /* a job waits */
void ai_lane_item_ended(AiLane *lane); /* the end of an item that was handed on is written */
/* TRUE: the job's model has a route with batches. */
gboolean ai_lane_may_take(AiGateway *gateway, const json_t *job);
