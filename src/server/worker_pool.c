#include "server/worker_pool.h"

#include <pthread.h>

struct WorkerPool {
  WorkerFunction function;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  gpointer *ring;  /* room for every place given out */
  int capacity;    /* what may wait and what may run */
  int reserved;    /* places given out, until their work is done */
  int first, length;
  int n_threads;
  gboolean ending;
  pthread_t threads[];
};

static void *work_until_end(void *data) {
  WorkerPool *pool = data;
  pthread_mutex_lock(&pool->lock);
  for (;;) {
    while (pool->length == 0 && !pool->ending) pthread_cond_wait(&pool->changed, &pool->lock);
    if (pool->length == 0) break;
    gpointer work = pool->ring[pool->first];
    pool->first = (pool->first + 1) % pool->capacity;
    pool->length--;
    pthread_mutex_unlock(&pool->lock);
    pool->function(work);
    pthread_mutex_lock(&pool->lock);
    pool->reserved--;
  }
  pthread_mutex_unlock(&pool->lock);
  return NULL;
}

WorkerPool *worker_pool_new(int workers, int queue_max, WorkerFunction function) {
  WorkerPool *pool = g_malloc0(sizeof(WorkerPool) + (gsize)workers * sizeof(pthread_t));
  pool->function = function;
  pool->capacity = workers + queue_max;
  pool->ring = g_new0(gpointer, pool->capacity);
  pthread_mutex_init(&pool->lock, NULL);
  pthread_cond_init(&pool->changed, NULL);
  while (pool->n_threads < workers &&
         pthread_create(&pool->threads[pool->n_threads], NULL, work_until_end, pool) == 0)
    pool->n_threads++;
  if (pool->n_threads == workers) return pool;
  worker_pool_free(pool);
  return NULL;
}

void worker_pool_free(WorkerPool *pool) {
  if (pool == NULL) return;
  pthread_mutex_lock(&pool->lock);
  pool->ending = TRUE;
  pthread_cond_broadcast(&pool->changed);
  pthread_mutex_unlock(&pool->lock);
  for (int i = 0; i < pool->n_threads; i++) pthread_join(pool->threads[i], NULL);
  pthread_cond_destroy(&pool->changed);
  pthread_mutex_destroy(&pool->lock);
  g_free(pool->ring);
  g_free(pool);
}

gboolean worker_pool_reserve(WorkerPool *pool) {
  pthread_mutex_lock(&pool->lock);
  gboolean room = pool->reserved < pool->capacity;
  if (room) pool->reserved++;
  pthread_mutex_unlock(&pool->lock);
  return room;
}

void worker_pool_push(WorkerPool *pool, gpointer work) {
  pthread_mutex_lock(&pool->lock);
  pool->ring[(pool->first + pool->length) % pool->capacity] = work;
  pool->length++;
  pthread_cond_signal(&pool->changed);
  pthread_mutex_unlock(&pool->lock);
}

int worker_pool_waiting(WorkerPool *pool) {
  pthread_mutex_lock(&pool->lock);
  int waiting = pool->length;
  pthread_mutex_unlock(&pool->lock);
  return waiting;
}
