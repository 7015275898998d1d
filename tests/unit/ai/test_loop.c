/* The event loop: order of what is posted and timed, threads that post while it stops, and starting and stopping many times. */
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
  g_test_add_func("/ai/loop/stopping", test_stopping);
  return g_test_run();
}
