/* Threads, records and tasks over every kind of database, and the way from every earlier version. */
#include "store/database.h"

#include <glib/gstdio.h>
#include <sqlite3.h>
#include <string.h>

#define SCOPE "local"

/* Kinds of databases, each with how to make an empty address of its own. */
typedef struct {
  const DatabaseKind *kind;
  char *folder, *path;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer kind) {
  fixture->kind = kind;
  fixture->folder = g_dir_make_tmp("aisle-state-XXXXXX", NULL);
  fixture->path = g_build_filename(fixture->folder, "aisle.db", NULL);
}

static void tear_down(Fixture *fixture, gconstpointer kind) {
  (void)kind;
  static const char *const endings[] = {"", "-wal", "-shm"};
  for (guint i = 0; i < G_N_ELEMENTS(endings); i++) {
    g_autofree char *path = g_strconcat(fixture->path, endings[i], NULL);
    g_remove(path);
  }
  g_rmdir(fixture->folder);
  g_free(fixture->path);
  g_free(fixture->folder);
}

static Store *open_store(const Fixture *fixture) {
  g_autoptr(GError) error = NULL;
  Store *store = store_open(fixture->kind, fixture->path, &error);
  g_assert_no_error(error);
  return store;
}

static void put_answer(Store *store, const char *id, const char *session, const char *question, gint64 created_ms) {
  g_autoptr(GError) error = NULL;
  StoreAnswer answer = {.id = id, .session = session, .scope_key = SCOPE, .question = question, .status = "answered",
                        .query_json = "{\"metrics\":[\"revenue\"]}", .route = "rules", .created_ms = created_ms, .restatement = "Revenue"};
  store_put_answer(store, &answer, &error);
  g_assert_no_error(error);
}

/* The values of one member over a list: "a,b". Takes the list. */
static char *members(json_t *list, const char *key) {
  g_assert_nonnull(list);
  GString *text = g_string_new(NULL);
  gsize index;
  json_t *item;
  json_array_foreach(list, index, item) {
    g_autofree char *value = json_to_text(json_object_get(item, key), JSON_PLAIN);
    g_string_append_printf(text, "%s%s", index > 0 ? "," : "", value);
  }
  json_decref(list);
  return g_string_free(text, FALSE);
}

static void expect_members(json_t *list, const char *key, const char *expected) {
  g_autofree char *text = members(list, key);
  g_assert_cmpstr(text, ==, expected);
}

static json_t *search(Store *store, StoreSearch how) {
  g_autoptr(GError) error = NULL;
  if (how.scope_key == NULL) how.scope_key = SCOPE;
  if (how.limit == 0) how.limit = 10;
  json_t *list = store_search_answers(store, &how, &error);
  g_assert_no_error(error);
  return list;
}

/* ---- looking back ---- */

static void test_history(Fixture *fixture, gconstpointer unused) {
  (void)unused;
  g_autoptr(Store) store = open_store(fixture);
  put_answer(store, "a1", "s1", "Revenue by region", 1000);
  put_answer(store, "a2", "s1", "only 50% off", 2000);
  put_answer(store, "a3", NULL, "units by month", 3000);
  expect_members(search(store, (StoreSearch){0}), "id", "\"a3\",\"a2\",\"a1\"");
  expect_members(search(store, (StoreSearch){.text = "REVENUE"}), "id", "\"a1\"");
  /* What LIKE would take for a pattern is text. */
  expect_members(search(store, (StoreSearch){.text = "50% off"}), "id", "\"a2\"");
  expect_members(search(store, (StoreSearch){.text = "_"}), "id", "");
  expect_members(search(store, (StoreSearch){.session = "s1"}), "id", "\"a2\",\"a1\"");
  expect_members(search(store, (StoreSearch){.scope_key = "theirs"}), "id", "");
  g_autoptr(json_t) first = search(store, (StoreSearch){.limit = 2});
  gint64 cursor = json_get_int(json_array_get(first, 1), "cursor", 0);
  expect_members(search(store, (StoreSearch){.before = cursor}), "id", "\"a1\"");
}

static void test_threads(Fixture *fixture, gconstpointer unused) {
  (void)unused;
  g_autoptr(Store) store = open_store(fixture);
  g_autoptr(GError) error = NULL;
  put_answer(store, "a1", "s1", "revenue by region", 1000);
  put_answer(store, "a2", "s2", "units", 2000);
  put_answer(store, "a3", "s1", "only West", 3000);
  StoreSearch all = {.scope_key = SCOPE, .limit = 10};
  expect_members(store_list_threads(store, &all, NULL), "title", "\"revenue by region\",\"units\"");
  expect_members(store_list_threads(store, &all, NULL), "turns", "2,1");
  g_assert_true(store_rename_thread(store, "s1", SCOPE, "Regions", &error));
  put_answer(store, "a4", "s1", "only East", 4000);
  expect_members(store_list_threads(store, &all, NULL), "title", "\"Regions\",\"units\"");
  StoreSearch some = {.scope_key = SCOPE, .limit = 10, .text = "reg", .before = 5000};
  expect_members(store_list_threads(store, &some, NULL), "id", "\"s1\"");
  g_assert_false(store_rename_thread(store, "s1", "theirs", "Mine", &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND);
  g_clear_error(&error);
  g_assert_true(store_delete_thread(store, "s1", SCOPE, &error));
  g_assert_null(store_get_thread(store, "s1", SCOPE, &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND);
  expect_members(search(store, (StoreSearch){.session = "s1"}), "id", "\"a4\",\"a3\",\"a1\"");
}

/* ---- records ---- */

static gboolean put_record(Store *store, StoreKind kind, const char *id, const char *scope, const char *subject, gint64 expires_ms, GError **error) {
  g_autoptr(json_t) body = json_pack("{s:s}", "title", id);
  StoreRecord record = {.id = id, .scope_key = scope, .subject = subject, .body = body, .created_ms = 1000, .expires_ms = expires_ms};
  return store_put_record(store, kind, &record, error);
}

static void test_records(Fixture *fixture, gconstpointer unused) {
  (void)unused;
  g_autoptr(Store) store = open_store(fixture);
  g_autoptr(GError) error = NULL;
  g_assert_true(put_record(store, STORE_PIN, "p1", SCOPE, NULL, 0, &error));
  g_assert_true(put_record(store, STORE_PIN, "p2", "theirs", NULL, 0, &error));
  g_assert_true(put_record(store, STORE_FEEDBACK, "p1", SCOPE, "a1", 0, &error)); /* of another kind */
  g_assert_false(put_record(store, STORE_PIN, "p1", SCOPE, NULL, 0, &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_EXISTS);
  g_clear_error(&error);
  expect_members(store_list_records(store, STORE_PIN, SCOPE, NULL, 10, NULL), "id", "\"p1\"");
  expect_members(store_list_records(store, STORE_PIN, NULL, NULL, 10, NULL), "id", "\"p2\",\"p1\"");
  expect_members(store_list_records(store, STORE_FEEDBACK, SCOPE, "a1", 10, NULL), "id", "\"p1\"");
  expect_members(store_list_records(store, STORE_FEEDBACK, SCOPE, "a2", 10, NULL), "id", "");
  g_autoptr(json_t) changes = json_pack("{s:s, s:s}", "title", "new", "id", "other");
  g_autoptr(json_t) changed = store_change_record(store, STORE_PIN, "p1", SCOPE, changes, 2000, &error);
  g_assert_no_error(error);
  g_autoptr(json_t) read = store_get_record(store, STORE_PIN, "p1", SCOPE, &error);
  g_autofree char *text = json_to_text(read, JSON_SORTED);
  g_assert_cmpstr(text, ==, "{\"created_ms\":1000,\"id\":\"p1\",\"title\":\"new\",\"updated_ms\":2000}");
  g_assert_null(store_change_record(store, STORE_PIN, "p2", SCOPE, changes, 2000, &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND);
  g_clear_error(&error);
  g_assert_false(store_delete_record(store, STORE_PIN, "p2", SCOPE, &error));
  g_clear_error(&error);
  g_assert_true(store_delete_record(store, STORE_PIN, "p1", SCOPE, &error));
  g_assert_null(store_get_record(store, STORE_PIN, "p1", SCOPE, &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND);
}

static void test_links_expire(Fixture *fixture, gconstpointer unused) {
  (void)unused;
  g_autoptr(Store) store = open_store(fixture);
  g_autoptr(GError) error = NULL;
  gint64 now_ms = g_get_real_time() / 1000;
  g_assert_true(put_record(store, STORE_LINK, "new", SCOPE, NULL, now_ms + 3600 * 1000, &error));
  g_assert_true(put_record(store, STORE_LINK, "old", SCOPE, NULL, 1000, &error));
  g_autoptr(json_t) link = store_get_record(store, STORE_LINK, "new", NULL, &error);
  g_assert_cmpstr(json_get_string(link, "title"), ==, "new");
  g_assert_null(store_get_record(store, STORE_LINK, "old", NULL, &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND);
  g_assert_nonnull(strstr(error->message, "expired on 1970-01-01"));
}

static void test_large_records_are_refused(Fixture *fixture, gconstpointer unused) {
  (void)unused;
  g_autoptr(Store) store = open_store(fixture);
  g_autoptr(GError) error = NULL;
  g_autofree char *large = g_strnfill(STORE_MAX_RECORD_BYTES, 'x');
  g_autoptr(json_t) body = json_pack("{s:s}", "title", large);
  StoreRecord record = {.id = "p1", .scope_key = SCOPE, .body = body};
  g_assert_false(store_put_record(store, STORE_PIN, &record, &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_TOO_LARGE);
  g_clear_error(&error);
  g_assert_true(put_record(store, STORE_PIN, "p1", SCOPE, NULL, 0, &error));
  g_assert_null(store_change_record(store, STORE_PIN, "p1", SCOPE, body, 1, &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_TOO_LARGE);
}

/* ---- tasks ---- */

static void put_task(Store *store, const char *id) {
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) request = json_pack("{s:s}", "question", id);
  StoreTask task = {.id = id, .scope_key = SCOPE, .title = id, .request = request, .created_ms = 1000};
  store_put_task(store, &task, &error);
  g_assert_no_error(error);
}

static char *claim(Store *store, const char *runner, gint64 now_ms) {
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) task = store_claim_task(store, SCOPE, runner, now_ms, now_ms + 100, &error);
  g_assert_no_error(error);
  return task != NULL ? g_strdup(json_get_string(task, "id")) : g_strdup("none");
}

static void expect_claim(Store *store, const char *runner, gint64 now_ms, const char *expected) {
  g_autofree char *id = claim(store, runner, now_ms);
  g_assert_cmpstr(id, ==, expected);
}

static void expect_status(Store *store, const char *id, const char *expected) {
  g_autoptr(json_t) task = store_get_task(store, id, SCOPE, FALSE, NULL);
  g_assert_cmpstr(json_get_string(task, "status"), ==, expected);
}

static void test_a_task_runs(Fixture *fixture, gconstpointer unused) {
  (void)unused;
  g_autoptr(Store) store = open_store(fixture);
  g_autoptr(GError) error = NULL;
  put_task(store, "t1");
  put_task(store, "t2");
  expect_status(store, "t1", "queued");
  expect_claim(store, "me", 1000, "t1");
  expect_claim(store, "you", 1000, "t2");
  expect_claim(store, "me", 1000, "none");
  gboolean go_on = FALSE;
  g_assert_true(store_beat_task(store, "t1", "me", 12.5, 42, 2000, &go_on, &error));
  g_assert_true(go_on);
  g_assert_true(store_beat_task(store, "t1", "you", 99, 99, 9000, &go_on, &error));
  g_assert_false(go_on); /* it is not yours */
  g_autoptr(json_t) running = store_get_task(store, "t1", SCOPE, FALSE, &error);
  g_assert_cmpfloat(json_get_double(running, "percent", 0), ==, 12.5);
  g_assert_cmpint(json_get_int(running, "rows", 0), ==, 42);
  g_assert_false(store_finish_task(store, "t1", "you", "done", "{}", NULL, 1500, &error));
  g_clear_error(&error);
  g_assert_true(store_finish_task(store, "t1", "me", "done", "{\"rows\":[]}", NULL, 1500, &error));
  g_autoptr(json_t) done = store_get_task(store, "t1", SCOPE, TRUE, &error);
  g_assert_cmpstr(json_get_string(done, "status"), ==, "done");
  g_assert_true(json_is_object(json_object_get(done, "answer")));
  g_assert_cmpstr(json_get_string(json_object_get(done, "request"), "question"), ==, "t1");
  expect_members(store_list_tasks(store, SCOPE, 10, NULL), "status", "\"running\",\"done\"");
  g_assert_null(store_get_task(store, "t1", "theirs", FALSE, &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND);
}

static void test_a_dead_runner_loses_its_task(Fixture *fixture, gconstpointer unused) {
  (void)unused;
  g_autoptr(Store) store = open_store(fixture);
  g_autoptr(GError) error = NULL;
  put_task(store, "t1");
  expect_claim(store, "first", 1000, "t1");
  expect_claim(store, "second", 1050, "none"); /* it may live */
  expect_claim(store, "second", 1101, "t1");
  g_assert_false(store_finish_task(store, "t1", "first", "done", "{}", NULL, 1110, &error));
  g_clear_error(&error);
  expect_claim(store, "third", 1300, "t1");
  /* It takes whoever runs it down with it. */
  expect_claim(store, "fourth", 1500, "none");
  g_autoptr(json_t) failed = store_get_task(store, "t1", SCOPE, FALSE, &error);
  g_assert_cmpstr(json_get_string(failed, "status"), ==, "failed");
  g_assert_cmpstr(json_get_string(json_object_get(failed, "error"), "code"), ==, "internal");
}

static void test_tasks_given_back_and_cancelled(Fixture *fixture, gconstpointer unused) {
  (void)unused;
  g_autoptr(Store) store = open_store(fixture);
  g_autoptr(GError) error = NULL;
  put_task(store, "t1");
  for (int i = 0; i < 2 * STORE_TASK_ATTEMPTS; i++) { /* a calm stop is no attempt */
    expect_claim(store, "me", 1000, "t1");
    g_assert_true(store_finish_task(store, "t1", "me", "queued", NULL, NULL, 1010, &error));
  }
  g_assert_true(store_cancel_task(store, "t1", SCOPE, 1020, &error));
  expect_status(store, "t1", "cancelled");
  expect_claim(store, "me", 5000, "none");
  put_task(store, "t2");
  expect_claim(store, "me", 5000, "t2");
  g_assert_false(store_cancel_task(store, "t2", "theirs", 5001, &error));
  g_clear_error(&error);
  g_assert_true(store_cancel_task(store, "t2", SCOPE, 5001, &error));
  expect_status(store, "t2", "running"); /* until its runner notices */
  gboolean go_on = TRUE;
  g_assert_true(store_beat_task(store, "t2", "me", -1, 0, 5200, &go_on, &error));
  g_assert_false(go_on);
  g_assert_true(store_finish_task(store, "t2", "me", "cancelled", NULL, NULL, 5010, &error));
  g_assert_true(store_cancel_task(store, "t2", SCOPE, 6000, &error)); /* a finished one is removed */
  g_assert_null(store_get_task(store, "t2", SCOPE, FALSE, &error));
}

typedef struct {
  Store *store;
  int number;
  gint *claimed; /* atomic */
} Runner;

static gpointer run_tasks(gpointer data) {
  const Runner *runner = data;
  g_autofree char *name = g_strdup_printf("runner %d", runner->number);
  for (;;) {
    g_autofree char *id = claim(runner->store, name, 1000);
    if (strcmp(id, "none") == 0) return NULL;
    g_atomic_int_inc(runner->claimed);
    g_assert_true(store_finish_task(runner->store, id, name, "done", "{}", NULL, 1000, NULL));
  }
}

/* Two stores over one database, as two processes would be: no task runs twice. */
static void test_many_runners(Fixture *fixture, gconstpointer unused) {
  (void)unused;
  Store *stores[2] = {open_store(fixture), open_store(fixture)};
  for (int i = 0; i < 60; i++) {
    g_autofree char *id = g_strdup_printf("t%d", i);
    put_task(stores[0], id);
  }
  gint claimed = 0;
  Runner runners[4];
  GThread *threads[4];
  for (int i = 0; i < 4; i++) {
    runners[i] = (Runner){stores[i % 2], i, &claimed};
    threads[i] = g_thread_new("runner", run_tasks, &runners[i]);
  }
  for (int i = 0; i < 4; i++) g_thread_join(threads[i]);
  g_assert_cmpint(claimed, ==, 60);
  store_free(stores[0]);
  store_free(stores[1]);
}

/* ---- from earlier versions ---- */

static void make_version(const char *path, int version) {
  g_autofree char *source = g_strdup_printf("tests/data/store/v%d.sql", version);
  g_autofree char *sql = NULL;
  g_assert_true(g_file_get_contents(source, &sql, NULL, NULL));
  sqlite3 *handle = NULL;
  g_assert_cmpint(sqlite3_open(path, &handle), ==, SQLITE_OK);
  g_assert_cmpint(sqlite3_exec(handle, sql, NULL, NULL, NULL), ==, SQLITE_OK);
  sqlite3_close(handle);
}

static void assert_migrated(Store *store, int version) {
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) answer = store_get_answer(store, "a2", SCOPE, &error);
  g_assert_no_error(error);
  g_assert_cmpstr(json_get_string(answer, "question"), ==, "only West");
  g_assert_cmpstr(json_get_string(answer, "after"), ==, version >= 2 ? "a1" : NULL);
  g_autoptr(json_t) thread = store_get_thread(store, "s1", SCOPE, &error);
  g_assert_cmpstr(json_get_string(thread, "title"), ==, version >= 2 ? "My regions" : "revenue by region");
  g_assert_cmpint(json_get_int(thread, "turns", 0), ==, 2);
  expect_members(search(store, (StoreSearch){.text = "revenue"}), "id", "\"a4\",\"a1\"");
  expect_members(store_list_records(store, STORE_PIN, SCOPE, NULL, 10, NULL), "title", version >= 3 ? "\"Revenue\"" : "");
  expect_members(store_list_records(store, STORE_FEEDBACK, SCOPE, "a2", 10, NULL), "verdict", version >= 3 ? "\"down\"" : "");
  expect_members(store_list_tasks(store, SCOPE, 10, NULL), "status", version >= 4 ? "\"queued\"" : "");
  /* What is new works on what was there. */
  put_answer(store, "a9", "s1", "and East", 9000);
  g_autoptr(json_t) longer = store_get_thread(store, "s1", SCOPE, &error);
  g_assert_cmpint(json_get_int(longer, "turns", 0), ==, 3);
  put_task(store, "t9");
  expect_claim(store, "me", 9000, version >= 4 ? "t1" : "t9");
}

static void test_every_earlier_version(Fixture *fixture, gconstpointer unused) {
  (void)unused;
  for (int version = 1; version <= 4; version++) {
    g_autofree char *path = g_strdup_printf("%s.v%d", fixture->path, version);
    make_version(path, version);
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(Store) store = store_open_sqlite(path, &error);
      g_assert_no_error(error);
      assert_migrated(store, version);
    }
    static const char *const endings[] = {"", "-wal", "-shm"};
    for (guint i = 0; i < G_N_ELEMENTS(endings); i++) {
      g_autofree char *file = g_strconcat(path, endings[i], NULL);
      g_remove(file);
    }
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  static const DatabaseKind *const kinds[] = {&database_sqlite};
  static const struct {
    const char *name;
    void (*test)(Fixture *, gconstpointer);
  } cases[] = {{"history", test_history},
               {"threads", test_threads},
               {"records", test_records},
               {"links-expire", test_links_expire},
               {"large-records-are-refused", test_large_records_are_refused},
               {"a-task-runs", test_a_task_runs},
               {"a-dead-runner-loses-its-task", test_a_dead_runner_loses_its_task},
               {"tasks-given-back-and-cancelled", test_tasks_given_back_and_cancelled},
               {"many-runners", test_many_runners}};
  for (guint k = 0; k < G_N_ELEMENTS(kinds); k++) {
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
      g_autofree char *path = g_strdup_printf("/state/%s/%s", kinds[k]->name, cases[i].name);
      g_test_add(path, Fixture, kinds[k], set_up, cases[i].test, tear_down);
    }
  }
  g_test_add("/state/sqlite/every-earlier-version", Fixture, &database_sqlite, set_up, test_every_earlier_version, tear_down);
  return g_test_run();
}
