#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/hangup.h"
#include "server/metrics.h"
#include "server/worker_pool.h"

/* ---- the worker pool ---- */

static gint done, gate;

static void slow_work(gpointer data) {
  while (!g_atomic_int_get(&gate)) g_usleep(1000);
  g_atomic_int_add(&done, GPOINTER_TO_INT(data));
}

static void test_the_queue_is_bounded(void) {
  g_atomic_int_set(&done, 0);
  g_atomic_int_set(&gate, 0);
  WorkerPool *pool = worker_pool_new(2, 3, slow_work);
  for (int i = 0; i < 5; i++) {
    g_assert_true(worker_pool_reserve(pool));
    worker_pool_push(pool, GINT_TO_POINTER(1));
  }
  g_assert_false(worker_pool_reserve(pool));
  g_atomic_int_set(&gate, 1);
  while (g_atomic_int_get(&done) < 5) g_usleep(1000);
  /* A place is free again as soon as its work is done. */
  while (!worker_pool_reserve(pool)) g_usleep(1000);
  worker_pool_push(pool, GINT_TO_POINTER(10));
  worker_pool_free(pool); /* finishes what is queued */
  g_assert_cmpint(g_atomic_int_get(&done), ==, 15);
}

static gpointer push_many(gpointer pool) {
  for (int pushed = 0; pushed < 500;) {
    if (worker_pool_reserve(pool)) {
      worker_pool_push(pool, GINT_TO_POINTER(1));
      pushed++;
    } else {
      g_usleep(100);
    }
  }
  return NULL;
}

static void test_many_producers(void) {
  g_atomic_int_set(&done, 0);
  g_atomic_int_set(&gate, 1);
  WorkerPool *pool = worker_pool_new(3, 16, slow_work);
  GThread *threads[4];
  for (guint i = 0; i < 4; i++) threads[i] = g_thread_new("push", push_many, pool);
  for (guint i = 0; i < 4; i++) g_thread_join(threads[i]);
  worker_pool_free(pool);
  g_assert_cmpint(g_atomic_int_get(&done), ==, 2000);
}

/* ---- clients that leave ---- */

static void test_a_client_that_leaves(void) {
  HangupWatch *watch = hangup_watch_new();
  int gone[2], stays[2];
  g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, gone), ==, 0);
  g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, stays), ==, 0);
  gint gone_flag = 0, stays_flag = 0;
  guint64 first = hangup_watch_add(watch, gone[0], &gone_flag), second = hangup_watch_add(watch, stays[0], &stays_flag);
  g_assert_cmpuint(first, !=, second);
  close(gone[1]);
  for (int i = 0; i < 2000 && !g_atomic_int_get(&gone_flag); i++) g_usleep(1000);
  g_assert_cmpint(g_atomic_int_get(&gone_flag), ==, 1);
  g_assert_cmpint(g_atomic_int_get(&stays_flag), ==, 0);
  /* Once removed, nothing is written to the flag any more. */
  hangup_watch_remove(watch, second);
  close(stays[1]);
  g_usleep(20000);
  g_assert_cmpint(g_atomic_int_get(&stays_flag), ==, 0);
  hangup_watch_remove(watch, first);
  hangup_watch_remove(watch, first);
  hangup_watch_free(watch);
  close(gone[0]);
  close(stays[0]);
}

static void test_cancel_all(void) {
  HangupWatch *watch = hangup_watch_new();
  int sockets[2];
  g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), ==, 0);
  gint flag = 0;
  guint64 ticket = hangup_watch_add(watch, sockets[0], &flag);
  hangup_watch_cancel_all(watch);
  g_assert_cmpint(g_atomic_int_get(&flag), ==, 1);
  hangup_watch_remove(watch, ticket);
  hangup_watch_free(watch);
  close(sockets[0]);
  close(sockets[1]);
}

/* ---- metrics ---- */

static void test_metrics(void) {
  g_autofree Metrics *metrics = g_new0(Metrics, 1);
  metrics_count(metrics, 0, 200, 50);
  metrics_count(metrics, 0, 200, 2000000);
  metrics_count(metrics, 0, 503, 90000000);
  metrics_count(metrics, METRICS_MAX_ROUTES, 404, 1);
  const char *methods[] = {"GET"}, *paths[] = {"/x"};
  g_autoptr(GString) text = g_string_new(NULL);
  metrics_write(metrics, methods, paths, 1, 3, text);
  static const char *const lines[] = {
      "aisle_http_requests_total{method=\"GET\",route=\"/x\",status=\"2xx\"} 2\n",
      "aisle_http_requests_total{method=\"GET\",route=\"/x\",status=\"5xx\"} 1\n",
      "aisle_http_requests_total{method=\"other\",route=\"none\",status=\"4xx\"} 1\n",
      "aisle_http_request_duration_seconds_bucket{method=\"GET\",route=\"/x\",le=\"0.0001\"} 1\n",
      "aisle_http_request_duration_seconds_bucket{method=\"GET\",route=\"/x\",le=\"5\"} 2\n",
      "aisle_http_request_duration_seconds_bucket{method=\"GET\",route=\"/x\",le=\"+Inf\"} 3\n",
      "aisle_http_request_duration_seconds_count{method=\"GET\",route=\"/x\"} 3\n",
      "aisle_queue_length 3\n",
  };
  for (guint i = 0; i < G_N_ELEMENTS(lines); i++) {
    if (strstr(text->str, lines[i]) == NULL) g_error("missing: %s", lines[i]);
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/threads/the-queue-is-bounded", test_the_queue_is_bounded);
  g_test_add_func("/threads/many-producers", test_many_producers);
  g_test_add_func("/threads/a-client-that-leaves", test_a_client_that_leaves);
  g_test_add_func("/threads/cancel-all", test_cancel_all);
  g_test_add_func("/threads/metrics", test_metrics);
  return g_test_run();
}
