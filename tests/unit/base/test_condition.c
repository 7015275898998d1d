#include "base/condition.h"

static gint64 as_us(const struct timespec *time) {
  return (gint64)time->tv_sec * 1000000 + time->tv_nsec / 1000;
}

/* The point lies as far ahead as asked for, on the clock GLib calls monotonic, and its parts are in range. */
static void test_time(void) {
  static const gint64 WAITS[] = {-5, 0, 1, 999, 1000, 1001, 90061001};
  for (guint i = 0; i < G_N_ELEMENTS(WAITS); i++) {
    gint64 wait_us = MAX(WAITS[i], 0) * 1000, before = g_get_monotonic_time();
    struct timespec point = condition_time_in_ms(WAITS[i]);
    gint64 after = g_get_monotonic_time();
    g_assert_cmpint(point.tv_nsec, >=, 0);
    g_assert_cmpint(point.tv_nsec, <, 1000000000);
    g_assert_cmpint(as_us(&point), >=, before + wait_us);
    g_assert_cmpint(as_us(&point), <=, after + wait_us);
  }
}

typedef struct {
  pthread_mutex_t lock;
  pthread_cond_t changed;
  gboolean told;
} Shared;

static void *tell(void *data) {
  Shared *shared = data;
  pthread_mutex_lock(&shared->lock);
  shared->told = TRUE;
  pthread_cond_signal(&shared->changed);
  pthread_mutex_unlock(&shared->lock);
  return NULL;
}

static void test_wait(void) {
  Shared shared = {.told = FALSE};
  pthread_mutex_init(&shared.lock, NULL);
  condition_init(&shared.changed);
  pthread_mutex_lock(&shared.lock);
  gint64 before = g_get_monotonic_time();
  while (condition_wait_ms(&shared.changed, &shared.lock, 20)) continue;
  g_assert_cmpint(g_get_monotonic_time(), >=, before + 20000);
  pthread_t thread;
  g_assert_cmpint(pthread_create(&thread, NULL, tell, &shared), ==, 0);
  while (!shared.told) g_assert_true(condition_wait_ms(&shared.changed, &shared.lock, 600000));
  pthread_mutex_unlock(&shared.lock);
  pthread_join(thread, NULL);
  pthread_cond_destroy(&shared.changed);
  pthread_mutex_destroy(&shared.lock);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/condition/time", test_time);
  g_test_add_func("/condition/wait", test_wait);
  return g_test_run();
}
