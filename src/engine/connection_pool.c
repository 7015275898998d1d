#include "engine/connection_pool.h"

#include <pthread.h>

#include "base/condition.h"

/* A cancellation is noticed within this time while waiting. */
#define WAIT_SLICE_MS 50

struct ConnectionPool {
  duckdb_database database;
  pthread_mutex_t lock;
  pthread_cond_t returned;
  GPtrArray *free;
  int made;
  int max;
};

ConnectionPool *connection_pool_new(duckdb_database database, int max_connections) {
  ConnectionPool *pool = g_new0(ConnectionPool, 1);
  pool->database = database;
  pool->max = max_connections;
  pool->free = g_ptr_array_new();
  pthread_mutex_init(&pool->lock, NULL);
  condition_init(&pool->returned);
  return pool;
}

void connection_pool_free(ConnectionPool *pool) {
  if (pool == NULL) return;
  for (guint i = 0; i < pool->free->len; i++) {
    duckdb_connection connection = pool->free->pdata[i];
    duckdb_disconnect(&connection);
  }
  g_ptr_array_unref(pool->free);
  pthread_cond_destroy(&pool->returned);
  pthread_mutex_destroy(&pool->lock);
  g_free(pool);
}

/* A free connection, or NULL; `*make` when a new one may be opened (its place is then taken). */
static duckdb_connection take_free(ConnectionPool *pool, Deadline deadline, gboolean *make) {
  duckdb_connection connection = NULL;
  *make = FALSE;
  pthread_mutex_lock(&pool->lock);
  while (pool->free->len == 0 && pool->made >= pool->max && deadline_left_ms(deadline) > 0)
    condition_wait_ms(&pool->returned, &pool->lock, MIN(deadline_left_ms(deadline), WAIT_SLICE_MS));
  if (pool->free->len > 0) {
    connection = g_ptr_array_steal_index_fast(pool->free, pool->free->len - 1);
  } else if (pool->made < pool->max) {
    pool->made++;
    *make = TRUE;
  }
  pthread_mutex_unlock(&pool->lock);
  return connection;
}

duckdb_connection connection_pool_take(ConnectionPool *pool, Deadline deadline, GError **error) {
  gboolean make;
  duckdb_connection connection = take_free(pool, deadline, &make);
  if (connection != NULL) return connection;
  if (!make) {
    g_autoptr(GError) reason = NULL;
    if (!deadline_check(deadline, &reason) && g_error_matches(reason, AISLE_ERROR, AISLE_ERROR_CANCELLED))
      g_propagate_error(error, g_steal_pointer(&reason));
    else
      g_set_error(error, AISLE_ERROR, AISLE_ERROR_BUSY, "all %d database connections are in use; try again shortly", pool->max);
    return NULL;
  }
  if (duckdb_connect(pool->database, &connection) == DuckDBSuccess) return connection;
  pthread_mutex_lock(&pool->lock);
  pool->made--;
  pthread_mutex_unlock(&pool->lock);
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_ENGINE, "the SQL engine gives no further connection");
  return NULL;
}

void connection_pool_return(ConnectionPool *pool, duckdb_connection connection) {
  pthread_mutex_lock(&pool->lock);
  g_ptr_array_add(pool->free, connection);
  pthread_cond_signal(&pool->returned);
  pthread_mutex_unlock(&pool->lock);
}
