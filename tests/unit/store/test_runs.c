/* Checkpoints, traces and memory: what is put survives, and belongs to its owner alone. */
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/run_store.h"

typedef struct {
  char *folder, *path;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data) {
  (void)data;
  fixture->folder = g_dir_make_tmp("aisle-runs-XXXXXX", NULL);
  fixture->path = g_build_filename(fixture->folder, "agent.db", NULL);
}

static void tear_down(Fixture *fixture, gconstpointer data) {
  (void)data;
  static const char *const endings[] = {"", "-wal", "-shm"};
  for (guint i = 0; i < G_N_ELEMENTS(endings); i++) {
    g_autofree char *path = g_strconcat(fixture->path, endings[i], NULL);
    g_unlink(path);
  }
  g_rmdir(fixture->folder);
  g_free(fixture->folder);
  g_free(fixture->path);
}

static RunStore *open_store(const Fixture *fixture) {
  g_autoptr(GError) error = NULL;
  RunStore *store = run_store_open(fixture->path, &error);
  g_assert_no_error(error);
  return store;
}

static void put(RunStore *store, const char *run, const char *owner, gint64 number, gboolean finished) {
  g_autoptr(GError) error = NULL;
  g_autofree char *checkpoint = g_strdup_printf("{\"at\":%d}", (int)number);
  RunStep step = {.run = run, .owner = owner, .state = finished ? "done" : "plan", .finished = finished, .checkpoint = checkpoint, .step = number,
                  .step_name = "route", .detail = "{\"kind\":\"question\"}", .took_us = 7, .answer = finished ? "a_1" : NULL};
  g_assert_true(run_store_put(store, &step, &error));
  g_assert_no_error(error);
}

static void test_runs(Fixture *fixture, gconstpointer data) {
  (void)data;
  g_autoptr(RunStore) store = open_store(fixture);
  g_autoptr(GError) error = NULL;
  put(store, "r1", "ann", 1, FALSE);
  put(store, "r1", "ann", 2, FALSE);
  g_autoptr(RunStore) other = open_store(fixture); /* as another process */
  g_autoptr(json_t) run = run_store_get(other, "r1", "ann", &error);
  g_assert_cmpint(json_get_int(json_object_get(run, "checkpoint"), "at", 0), ==, 2);
  g_assert_false(json_get_bool(run, "finished", TRUE));
  g_autoptr(json_t) open = run_store_unfinished(other, "ann", 0, 10, &error);
  g_assert_cmpuint(json_array_size(open), ==, 1);
  put(other, "r1", "ann", 3, TRUE);
  RunStep late = {.run = "r1", .owner = "ann", .state = "plan", .checkpoint = "{}", .step = 2, .step_name = "plan", .detail = "{}"};
  g_assert_false(run_store_put(store, &late, &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_CONFLICT);
  g_clear_error(&error);
  g_autoptr(json_t) trace = run_store_trace(store, "a_1", "ann", &error);
  g_assert_cmpuint(json_array_size(trace), ==, 3);
  g_assert_cmpint(json_get_int(json_array_get(trace, 2), "took_us", 0), ==, 7);
  g_autoptr(json_t) none = run_store_unfinished(store, "ann", 0, 10, &error);
  g_assert_cmpuint(json_array_size(none), ==, 0);
}

static void test_owners(Fixture *fixture, gconstpointer data) {
  (void)data;
  g_autoptr(RunStore) store = open_store(fixture);
  g_autoptr(GError) error = NULL;
  put(store, "r1", "ann", 1, FALSE);
  g_assert_null(run_store_get(store, "r1", "bob", &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND);
  g_clear_error(&error);
  g_assert_null(run_store_trace(store, "r1", "bob", &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND);
  g_clear_error(&error);
  RunStep theft = {.run = "r1", .owner = "bob", .state = "plan", .checkpoint = "{}", .step = 2, .step_name = "plan", .detail = "{}"};
  g_assert_false(run_store_put(store, &theft, &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_CONFLICT);
}

static void test_memory(Fixture *fixture, gconstpointer data) {
  (void)data;
  g_autoptr(RunStore) store = open_store(fixture);
  g_autoptr(GError) error = NULL;
  gint64 id = 0, again = 0, before = run_store_memory_version(store, NULL);
  g_assert_true(run_store_remember(store, "ann", "  SALES ", "net revenue", "said", &id, &error));
  g_assert_cmpint(run_store_memory_version(store, NULL), !=, before);
  g_assert_true(run_store_remember(store, "ann", "sales", "gross revenue", "said", &again, &error));
  g_assert_cmpint(id, ==, again);
  g_autoptr(json_t) anns = run_store_memory(store, "ann", &error), bobs = run_store_memory(store, "bob", &error);
  g_assert_cmpuint(json_array_size(anns), ==, 1);
  g_assert_cmpstr(json_get_string(json_array_get(anns, 0), "phrase"), ==, "sales");
  g_assert_cmpstr(json_get_string(json_array_get(anns, 0), "meaning"), ==, "gross revenue");
  g_assert_cmpuint(json_array_size(bobs), ==, 0);
  g_assert_false(run_store_forget(store, "bob", id, &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND);
  g_clear_error(&error);
  g_assert_true(run_store_forget(store, "ann", id, &error));
  static const char *const bad[] = {"", "   ", "\xff"};
  for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
    g_assert_false(run_store_remember(store, "ann", i == 2 ? "ok" : bad[i], i == 2 ? bad[i] : "x", "said", NULL, &error));
    g_assert_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT);
    g_clear_error(&error);
  }
  for (int i = 0; i < MEMORY_MAX_ENTRIES; i++) {
    g_autofree char *phrase = g_strdup_printf("word %d", i);
    g_assert_true(run_store_remember(store, "ann", phrase, "x", "said", NULL, &error));
  }
  g_assert_false(run_store_remember(store, "ann", "one more", "x", "said", NULL, &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_TOO_LARGE);
}

/* What a killed process had put is there. */
static void test_killed(Fixture *fixture, gconstpointer data) {
  (void)data;
  pid_t child = fork();
  if (child == 0) {
    RunStore *store = run_store_open(fixture->path, NULL);
    RunStep step = {.run = "r", .owner = "o", .state = "engineer", .checkpoint = "{\"x\":1}", .step = 1, .step_name = "plan", .detail = "{}"};
    if (store == NULL || !run_store_put(store, &step, NULL)) _exit(1);
    kill(getpid(), SIGKILL);
  }
  int status = 0;
  g_assert_cmpint(waitpid(child, &status, 0), ==, child);
  g_assert_true(WIFSIGNALED(status));
  g_autoptr(RunStore) store = open_store(fixture);
  g_autoptr(json_t) run = run_store_get(store, "r", "o", NULL);
  g_assert_cmpstr(json_get_string(run, "state"), ==, "engineer");
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add("/store/runs/checkpoints", Fixture, NULL, set_up, test_runs, tear_down);
  g_test_add("/store/runs/owners", Fixture, NULL, set_up, test_owners, tear_down);
  g_test_add("/store/runs/memory", Fixture, NULL, set_up, test_memory, tear_down);
  g_test_add("/store/runs/killed", Fixture, NULL, set_up, test_killed, tear_down);
  return g_test_run();
}
