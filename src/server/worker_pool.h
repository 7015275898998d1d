/* Threads that take work from one bounded queue. Thread-safe. */
#pragma once
#include <glib.h>

typedef struct WorkerPool WorkerPool;
typedef void (*WorkerFunction)(gpointer work);
/* What every kind of work starts with, so that one pool may serve several kinds. */
typedef struct Work {
  void (*run)(struct Work *work);
} Work;
/* NULL when the system gives no thread. (transfer full) */
WorkerPool *worker_pool_new(int workers, int queue_max, WorkerFunction function);
void worker_pool_free(WorkerPool *pool); /* finishes what is queued first */
/* Takes a place in the queue; FALSE when it is full. What has a place is always accepted by worker_pool_push(). */
gboolean worker_pool_reserve(WorkerPool *pool);
void worker_pool_push(WorkerPool *pool, gpointer work);
int worker_pool_waiting(WorkerPool *pool);
