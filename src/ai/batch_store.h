/*
 * What is written down of providers' batches, beside the queue's jobs in the same file, over a connection of its own. A job that
 * waits for a batch is queued with priority AI_QUEUE_LANE; in a batch its state is 'batched', and a row here says in which,
 * under which reservation and with which version of its template. Belongs to the lane's thread.
 *
 * States of a batch: reserving (tickets are written, not all reserved), sending (all reserved; nothing left), creating (it may
 * have been created: never sent again before that is known), running (`remote` is its id there).
 */
#pragma once
#include "ai/batch.h"
#include "store/sql.h"

typedef struct AiBatchStore AiBatchStore;

typedef struct {
  char *id, *route, *state, *file, *remote; /* file, remote: NULL until known */
  gint64 created_ms, tried_ms, next_ms;     /* next_ms: not looked at before */
  int size, tries;
} AiBatchRow;
void ai_batch_row_free(AiBatchRow *row);

typedef struct {
  AiWork *work;
  char *version; /* of the template; NULL: none */
  gint64 ticket;
} AiBatchItem;
AiBatchItem *ai_batch_item_new(AiWork *work, const char *version, gint64 ticket); /* takes the work (transfer full) */
void ai_batch_item_free(AiBatchItem *item);

/* `schema` of the queue's file has been run. (transfer full) */
AiBatchStore *ai_batch_store_open(AiQueue *queue, const char *path, const char *owner, GError **error);
void ai_batch_store_free(AiBatchStore *store); /* NULL is fine */
/* How many jobs wait for a batch, and since when the oldest does. */
int ai_batch_store_waiting(AiBatchStore *store, gint64 *since_ms);
GPtrArray *ai_batch_store_oldest(AiBatchStore *store, int most); /* of AiWork*, still waiting (transfer full) */
/* Makes a batch of those items that nobody else took; their number. In one transaction; 0: nothing was written. */
int ai_batch_store_make(AiBatchStore *store, AiBatchRow *row, const GPtrArray *items);
/* The open batches of this process, and those of processes that are gone, which are its own from now on. (transfer full) */
GPtrArray *ai_batch_store_open_rows(AiBatchStore *store);
gboolean ai_batch_store_save(AiBatchStore *store, const AiBatchRow *row);
void ai_batch_store_percent(AiBatchStore *store, const AiBatchRow *row, int percent);
void ai_batch_store_close(AiBatchStore *store, const AiBatchRow *row); /* has no items left */
/* The items whose answer has not been taken. (transfer full, of AiBatchItem*) */
GPtrArray *ai_batch_store_items(AiBatchStore *store, const AiBatchRow *row);
int ai_batch_store_count(AiBatchStore *store, const AiBatchRow *row, gboolean wanted /* only jobs that nobody cancelled */);
/* The job leaves its batch and is run by itself (`lane` FALSE), or waits for the next one from `not_before_ms` on. */
void ai_batch_store_return(AiBatchStore *store, const char *job, gboolean lane, gint64 not_before_ms);
void ai_batch_store_drop(AiBatchStore *store, const char *job); /* of a job that was cancelled */
gboolean ai_batch_store_has_remote(AiBatchStore *store, const char *remote);
