#include "cache/cache.h"

#include <string.h>

static GBytes *bytes_of(const char *text) {
  return g_bytes_new(text, strlen(text));
}

static void assert_is(GBytes *value, const char *text) {
  g_assert_nonnull(value);
  g_autoptr(GBytes) expected = bytes_of(text);
  g_assert_true(g_bytes_equal(value, expected));
}

static void put_text(Cache *cache, const char *key, const char *text) {
  g_autoptr(GBytes) value = bytes_of(text);
  cache_put(cache, key, value);
}

static void assert_holds(Cache *cache, const char *key, const char *text) {
  g_autoptr(GBytes) value = cache_get(cache, key);
  if (text == NULL) {
    g_assert_null(value);
    return;
  }
  assert_is(value, text);
}

static void test_get_and_put(void) {
  g_autoptr(Cache) cache = cache_new(1 << 20);
  assert_holds(cache, "a", NULL);
  put_text(cache, "a", "one");
  put_text(cache, "b", "two");
  assert_holds(cache, "a", "one");
  put_text(cache, "a", "three");
  assert_holds(cache, "a", "three");
  CacheStatistics statistics;
  cache_statistics(cache, &statistics);
  g_assert_cmpuint(statistics.entries, ==, 2);
  g_assert_cmpuint(statistics.hits, ==, 2);
  g_assert_cmpuint(statistics.misses, ==, 1);
  cache_clear(cache);
  assert_holds(cache, "a", NULL);
  cache_statistics(cache, &statistics);
  g_assert_cmpuint(statistics.entries, ==, 0);
  g_assert_cmpuint(statistics.bytes, ==, 0);
}

static void test_least_recently_used_goes_first(void) {
  g_autoptr(Cache) cache = cache_new(64 * 1024);
  g_autofree char *large = g_strnfill(15 * 1024, 'x');
  for (int i = 0; i < 4; i++) {
    g_autofree char *key = g_strdup_printf("%d", i);
    put_text(cache, key, large);
  }
  assert_holds(cache, "0", large); /* used again: 1 is now the oldest */
  put_text(cache, "4", large);
  assert_holds(cache, "1", NULL);
  assert_holds(cache, "0", large);
  assert_holds(cache, "4", large);
  CacheStatistics statistics;
  cache_statistics(cache, &statistics);
  g_assert_cmpuint(statistics.evictions, ==, 1);
  g_assert_cmpuint(statistics.bytes, <=, 64 * 1024);

  g_autofree char *too_large = g_strnfill(65 * 1024, 'y');
  put_text(cache, "0", too_large);
  assert_holds(cache, "0", NULL); /* the old value is not served any more */
  assert_holds(cache, "4", large);
}

static void test_bytes_stay_bounded(void) {
  const gsize limit = 8 << 20;
  g_autoptr(Cache) cache = cache_new(limit);
  for (int i = 0; i < 20000; i++) {
    g_autofree char *key = g_strdup_printf("key %d", g_test_rand_int_range(0, 5000));
    g_autofree char *text = g_strnfill((gsize)g_test_rand_int_range(0, 20000), 'z');
    put_text(cache, key, text);
  }
  CacheStatistics statistics;
  cache_statistics(cache, &statistics);
  g_assert_cmpuint(statistics.bytes, <=, limit);
  g_assert_cmpuint(statistics.bytes, >, limit / 2);
  g_assert_cmpuint(statistics.evictions, >, 0);
}

static void test_without_room(void) {
  g_autoptr(Cache) cache = cache_new(0);
  put_text(cache, "a", "one");
  assert_holds(cache, "a", NULL);
}

typedef struct {
  Cache *cache;
  gint computed; /* how often the value was computed */
  gint failures_left;
} Work;

static gpointer ask_same(gpointer data) {
  Work *work = data;
  g_autoptr(GBytes) value = NULL;
  g_autoptr(GError) error = NULL;
  CacheOutcome outcome = cache_get_or_begin(work->cache, "same", deadline_in_ms(20000, NULL), &value, &error);
  g_assert_no_error(error);
  if (outcome == CACHE_BEGIN) {
    g_usleep(50 * 1000);
    g_atomic_int_inc(&work->computed);
    if (g_atomic_int_add(&work->failures_left, -1) > 0) {
      cache_finish(work->cache, "same", NULL, TRUE);
      return GINT_TO_POINTER(FALSE);
    }
    value = bytes_of("computed");
    cache_finish(work->cache, "same", value, TRUE);
  }
  assert_is(value, "computed");
  return GINT_TO_POINTER(TRUE);
}

static int run_same(Work *work) {
  GThread *threads[16];
  int served = 0;
  for (guint i = 0; i < G_N_ELEMENTS(threads); i++) threads[i] = g_thread_new("ask", ask_same, work);
  for (guint i = 0; i < G_N_ELEMENTS(threads); i++) served += GPOINTER_TO_INT(g_thread_join(threads[i]));
  return served;
}

static void test_identical_computations_run_once(void) {
  for (gsize bytes = 0; bytes <= 1 << 20; bytes += 1 << 20) {
    g_autoptr(Cache) cache = cache_new(bytes);
    Work work = {.cache = cache};
    g_assert_cmpint(run_same(&work), ==, 16);
    if (bytes > 0) g_assert_cmpint(work.computed, ==, 1);
    else g_assert_cmpint(work.computed, <, 16);
  }
}

static void test_a_failure_is_not_shared(void) {
  g_autoptr(Cache) cache = cache_new(1 << 20);
  Work work = {.cache = cache, .failures_left = 2};
  g_assert_cmpint(run_same(&work), ==, 14);
  g_assert_cmpint(work.computed, ==, 3);
}

static void test_waiting_ends_at_the_deadline(void) {
  g_autoptr(Cache) cache = cache_new(1 << 20);
  g_autoptr(GBytes) value = NULL;
  g_autoptr(GError) error = NULL;
  g_assert_cmpint(cache_get_or_begin(cache, "k", DEADLINE_NEVER, &value, &error), ==, CACHE_BEGIN);
  g_assert_cmpint(cache_get_or_begin(cache, "k", deadline_in_ms(30, NULL), &value, &error), ==, CACHE_FAILED);
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_TIMEOUT);
  g_clear_error(&error);
  gint cancelled = 1;
  g_assert_cmpint(cache_get_or_begin(cache, "k", deadline_in_ms(30000, &cancelled), &value, &error), ==, CACHE_FAILED);
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_CANCELLED);
  g_assert_null(value);
  cache_finish(cache, "k", NULL, FALSE);
}

static void test_what_is_not_to_be_kept_is_forgotten(void) {
  g_autoptr(Cache) cache = cache_new(1 << 20);
  g_autoptr(GBytes) value = NULL, computed = bytes_of("once");
  g_assert_cmpint(cache_get_or_begin(cache, "k", DEADLINE_NEVER, &value, NULL), ==, CACHE_BEGIN);
  cache_finish(cache, "k", computed, FALSE);
  assert_holds(cache, "k", NULL);
}

static gpointer hammer(gpointer data) {
  Cache *cache = data;
  for (int i = 0; i < 3000; i++) {
    g_autofree char *key = g_strdup_printf("key %d", i * 7 % 97);
    g_autoptr(GBytes) value = NULL;
    if (cache_get_or_begin(cache, key, DEADLINE_NEVER, &value, NULL) == CACHE_BEGIN) {
      value = bytes_of(key);
      cache_finish(cache, key, value, i % 3 != 0);
    }
    assert_is(value, key);
    if (i % 500 == 0) cache_clear(cache);
  }
  return NULL;
}

static void test_many_threads(void) {
  g_autoptr(Cache) cache = cache_new(9 << 20);
  GThread *threads[6];
  for (guint i = 0; i < G_N_ELEMENTS(threads); i++) threads[i] = g_thread_new("hammer", hammer, cache);
  for (guint i = 0; i < G_N_ELEMENTS(threads); i++) g_thread_join(threads[i]);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/cache/get-and-put", test_get_and_put);
  g_test_add_func("/cache/least-recently-used-goes-first", test_least_recently_used_goes_first);
  g_test_add_func("/cache/bytes-stay-bounded", test_bytes_stay_bounded);
  g_test_add_func("/cache/without-room", test_without_room);
  g_test_add_func("/cache/identical-computations-run-once", test_identical_computations_run_once);
  g_test_add_func("/cache/a-failure-is-not-shared", test_a_failure_is_not_shared);
  g_test_add_func("/cache/waiting-ends-at-the-deadline", test_waiting_ends_at_the_deadline);
  g_test_add_func("/cache/what-is-not-to-be-kept-is-forgotten", test_what_is_not_to_be_kept_is_forgotten);
  g_test_add_func("/cache/many-threads", test_many_threads);
  return g_test_run();
}
