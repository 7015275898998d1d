/* The event loop: order of what is posted and timed and of what waits for an idle moment, threads that post while it stops, and starting and stopping many times. */
#include <pthread.h>

#include "ai/loop.h"

#define POSTERS 3
#define ROUNDS 2000

typedef struct {
  AiLoop *loop;
  GString *said;
  gint count; /* atomic */
} Notes;

static void say_a(gpointer data) { g_string_append_c(((Notes *)data)->said, 'a'); }
static void say_b(gpointer data) { g_string_append_c(((Notes *)data)->said, 'b'); }
static void say_c(gpointer data) { g_string_append_c(((Notes *)data)->said, 'c'); }

static void end_loop(gpointer data) {
  g_atomic_int_inc(&((Notes *)data)->count);
}

static void set_timers(gpointer data) {
  Notes *notes = data;
  ai_loop_after(notes->loop, 20000, say_c, notes);
  AiTimer *never = ai_loop_after(notes->loop, 10000, say_a, notes);
  ai_loop_after(notes->loop, 0, say_b, notes);
  ai_loop_after(notes->loop, 0, say_a, notes);
  ai_timer_cancel(notes->loop, never);
  ai_loop_after(notes->loop, 30000, end_loop, notes);
}

static void test_order(void) {
  g_autoptr(GError) error = NULL;
  Notes notes = {.loop = ai_loop_new(&error), .said = g_string_new(NULL)};
  g_assert_no_error(error);
  ai_loop_post(notes.loop, say_a, &notes);
  ai_loop_post(notes.loop, say_b, &notes);
  ai_loop_post(notes.loop, set_timers, &notes);
  for (int waited = 0; waited < 30000 && g_atomic_int_get(&notes.count) == 0; waited++) g_usleep(1000);
  ai_loop_post(notes.loop, say_c, &notes);
  ai_loop_free(notes.loop);
  g_assert_cmpstr(notes.said->str, ==, "abbacc");
  g_string_free(notes.said, TRUE);
}

#define TIMERS 500

typedef struct {
  AiLoop *loop;
  AiTimer *timers[TIMERS];
  gint64 earliest[TIMERS], latest[TIMERS]; /* when it is due, as far as can be seen from here; 0: fired or cancelled */
  gint64 last;
  gint fired, out_of_order; /* atomic */
} Alarms;
typedef struct {
  Alarms *all;
  int number;
} Alarm;

static void ring(gpointer data) {
  Alarm *alarm = data;
  Alarms *all = alarm->all;
  gint64 latest = all->latest[alarm->number];
  if (latest == 0 || latest < all->last || g_get_monotonic_time() < all->earliest[alarm->number]) g_atomic_int_inc(&all->out_of_order);
  all->last = all->earliest[alarm->number];
  all->latest[alarm->number] = 0;
  g_atomic_int_inc(&all->fired);
}

static void set_alarms(gpointer data) {
  Alarm *alarms = data;
  Alarms *all = alarms[0].all;
  for (int i = 0; i < TIMERS; i++) {
    gint64 us = (i * 7919 % TIMERS) * 1000; /* each another, in no order */
    all->earliest[i] = g_get_monotonic_time() + us;
    all->timers[i] = ai_loop_after(all->loop, us, ring, &alarms[i]);
    all->latest[i] = g_get_monotonic_time() + us;
  }
  for (int i = 0; i < TIMERS; i += 3) {
    ai_timer_cancel(all->loop, all->timers[i]);
    all->latest[i] = 0;
  }
}

static void test_timers(void) {
  g_autoptr(GError) error = NULL;
  Alarms all = {.loop = ai_loop_new(&error)};
  Alarm alarms[TIMERS];
  g_assert_no_error(error);
  for (int i = 0; i < TIMERS; i++) alarms[i] = (Alarm){&all, i};
  ai_loop_post(all.loop, set_alarms, alarms);
  int expected = TIMERS - (TIMERS + 2) / 3;
  for (int waited = 0; waited < 30000 && g_atomic_int_get(&all.fired) < expected; waited++) g_usleep(1000);
  ai_loop_free(all.loop);
  g_assert_cmpint(all.fired, ==, expected);
  g_assert_cmpint(all.out_of_order, ==, 0);
}

#define IDLE_WORKS 3000

typedef struct {
  AiLoop *loop;
  int next, out_of_order;
  gint done; /* atomic */
} Works;
typedef struct {
  Works *all;
  int number;
} Work;

static void do_work(gpointer data) {
  Work *work = data;
  work->all->out_of_order += work->number != work->all->next++;
  g_atomic_int_inc(&work->all->done);
}

static void put_works(gpointer data) {
  Work *works = data;
  for (int i = 0; i < IDLE_WORKS; i++) ai_loop_when_idle(works[0].all->loop, do_work, &works[i]);
}

/* In order and once each, with and without a loop that has time for them before it stops. */
static void test_idle(void) {
  for (int round = 0; round < 20; round++) {
    g_autoptr(GError) error = NULL;
    Works all = {.loop = ai_loop_new(&error)};
    g_autofree Work *works = g_new(Work, IDLE_WORKS);
    g_assert_no_error(error);
    for (int i = 0; i < IDLE_WORKS; i++) works[i] = (Work){&all, i};
    ai_loop_post(all.loop, put_works, works);
    for (int waited = 0; round % 2 == 0 && waited < 30000 && g_atomic_int_get(&all.done) < IDLE_WORKS; waited++) g_usleep(1000);
    ai_loop_free(all.loop);
    g_assert_cmpint(all.done, ==, IDLE_WORKS);
    g_assert_cmpint(all.out_of_order, ==, 0);
  }
}

static void count(gpointer data) {
  g_atomic_int_inc(&((Notes *)data)->count);
}

static void *post_some(void *data) {
  Notes *notes = data;
  for (int i = 0; i < 20; i++) ai_loop_post(notes->loop, count, notes);
  return NULL;
}

/* Whatever is posted before, while or after it stops runs once, and stopping always ends. */
static void test_stopping(void) {
  for (int round = 0; round < ROUNDS; round++) {
    g_autoptr(GError) error = NULL;
    Notes notes = {.loop = ai_loop_new(&error)};
    g_assert_no_error(error);
    pthread_t threads[POSTERS];
    for (int i = 0; i < POSTERS; i++) g_assert_cmpint(pthread_create(&threads[i], NULL, post_some, &notes), ==, 0);
    if (round % 2 == 0) ai_loop_stop(notes.loop);
    for (int i = 0; i < POSTERS; i++) pthread_join(threads[i], NULL);
    ai_loop_free(notes.loop);
    g_assert_cmpint(notes.count, ==, POSTERS * 20);
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/ai/loop/order", test_order);
  g_test_add_func("/ai/loop/timers", test_timers);
  g_test_add_func("/ai/loop/idle", test_idle);
  g_test_add_func("/ai/loop/stopping", test_stopping);
  return g_test_run();
}
