#include "store/store.h"

#include <glib/gstdio.h>
#include <sqlite3.h>
#include <string.h>

typedef struct {
  char *folder, *path;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer unused) {
  (void)unused;
  fixture->folder = g_dir_make_tmp("aisle-store-XXXXXX", NULL);
  fixture->path = g_build_filename(fixture->folder, "aisle.db", NULL);
}

static void tear_down(Fixture *fixture, gconstpointer unused) {
  (void)unused;
  static const char *const endings[] = {"", "-wal", "-shm"};
  for (guint i = 0; i < G_N_ELEMENTS(endings); i++) {
    g_autofree char *path = g_strconcat(fixture->path, endings[i], NULL);
    g_remove(path);
  }
  g_rmdir(fixture->folder);
  g_free(fixture->path);
  g_free(fixture->folder);
}

static Store *open_store(const char *path) {
  g_autoptr(GError) error = NULL;
  Store *store = store_open_sqlite(path, &error);
  g_assert_no_error(error);
  return store;
}

static void put(Store *store, const char *id, const char *session, const char *scope) {
  g_autoptr(GError) error = NULL;
  StoreAnswer answer = {.id = id, .session = session, .tenant = "t", .user = "u", .scope_key = scope, .question = "revenue?",
                        .status = "answered", .query_json = "{\"metrics\":[\"revenue\"]}", .route = "rules",
                        .options_json = "[{\"label\":\"by profit\"}]", .created_ms = 1234567890123, .latency_us = 10, .rows = 1,
                        .after = "a0", .as_of = "2020-12-30", .restatement = "Revenue"};
  store_put_answer(store, &answer, &error);
  g_assert_no_error(error);
}

static void flush(Store *store) {
  g_autoptr(GError) error = NULL;
  store_flush(store, &error);
  g_assert_no_error(error);
}

static void assert_answer(Store *store, const char *id, const char *scope) {
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) answer = store_get_answer(store, id, scope, &error);
  g_assert_no_error(error);
  g_autofree char *text = json_to_text(answer, JSON_SORTED);
  g_autofree char *expected =
      g_strdup_printf("{\"after\":\"a0\",\"as_of\":\"2020-12-30\",\"created_ms\":1234567890123,\"id\":\"%s\",\"latency_us\":10,"
                      "\"options\":[{\"label\":\"by profit\"}],\"query\":{\"metrics\":[\"revenue\"]},\"question\":\"revenue?\","
                      "\"restatement\":\"Revenue\",\"route\":\"rules\",\"rows\":1,\"session\":\"s\",\"status\":\"answered\","
                      "\"versions\":null}",
                      id);
  g_assert_cmpstr(text, ==, expected);
}

static void test_what_was_put_is_read_back(Fixture *fixture, gconstpointer unused) {
  (void)unused;
  {
    g_autoptr(Store) store = open_store(fixture->path);
    put(store, "a1", "s", "scope");
    assert_answer(store, "a1", "scope"); /* whether or not it left the queue */
    flush(store);
    assert_answer(store, "a1", "scope");
    put(store, "a2", "s", "scope");
  }
  g_autoptr(Store) again = open_store(fixture->path);
  assert_answer(again, "a1", "scope");
  assert_answer(again, "a2", "scope"); /* closing writes what is queued */
}

static void assert_not_found(Store *store, const char *id, const char *scope) {
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) answer = store_get_answer(store, id, scope, &error);
  g_assert_null(answer);
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND);
}

static void test_another_scope_sees_nothing(Fixture *fixture, gconstpointer unused) {
  (void)unused;
  g_autoptr(Store) store = open_store(fixture->path);
  for (int durable = 0; durable < 2; durable++) {
    put(store, durable ? "b2" : "b1", "s", "mine");
    if (durable) flush(store);
    assert_not_found(store, durable ? "b2" : "b1", "theirs");
    g_autofree char *newest = store_session_newest(store, "s", "theirs", NULL);
    g_assert_null(newest);
    g_autoptr(json_t) list = store_search_answers(store, &(StoreSearch){.scope_key = "theirs", .limit = 10}, NULL);
    g_assert_cmpuint(json_array_size(list), ==, 0);
  }
  assert_not_found(store, "never", "mine");
}

static void test_sessions_and_lists(Fixture *fixture, gconstpointer unused) {
  (void)unused;
  g_autoptr(Store) store = open_store(fixture->path);
  g_autoptr(GError) error = NULL;
  g_assert_null(store_session_newest(store, "s", "scope", &error));
  g_assert_no_error(error);
  for (int i = 0; i < 30; i++) {
    g_autofree char *id = g_strdup_printf("id%02d", i);
    put(store, id, i % 2 ? "odd" : "even", "scope");
    if (i % 7 == 0) flush(store);
    g_autofree char *newest = store_session_newest(store, i % 2 ? "odd" : "even", "scope", &error);
    g_assert_cmpstr(newest, ==, id);
  }
  g_autoptr(json_t) list = store_search_answers(store, &(StoreSearch){.scope_key = "scope", .limit = 5}, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(json_array_size(list), ==, 5);
  g_assert_cmpstr(json_get_string(json_array_get(list, 0), "id"), ==, "id29");
  g_assert_cmpstr(json_get_string(json_array_get(list, 4), "id"), ==, "id25");
}

static void test_incomplete_answers_are_refused(Fixture *fixture, gconstpointer unused) {
  (void)unused;
  g_autoptr(Store) store = open_store(fixture->path);
  g_autoptr(GError) error = NULL;
  StoreAnswer nothing = {.id = "x"};
  g_assert_false(store_put_answer(store, &nothing, &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT);
  /* Everything else may be missing. */
  StoreAnswer bare = {.id = "x", .status = "failed", .scope_key = "scope"};
  g_assert_true(store_put_answer(store, &bare, NULL));
  flush(store);
  g_autoptr(json_t) answer = store_get_answer(store, "x", "scope", NULL);
  g_assert_true(json_is_null(json_object_get(answer, "query")));
}

static void assert_status(Store *store, const char *expected) {
  flush(store);
  g_autoptr(json_t) list = store_search_answers(store, &(StoreSearch){.scope_key = "scope", .session = "s", .limit = 10}, NULL);
  g_assert_cmpuint(json_array_size(list), ==, 1);
  g_assert_cmpstr(json_get_string(json_array_get(list, 0), "status"), ==, expected);
  g_autoptr(json_t) thread = store_get_thread(store, "s", "scope", NULL);
  g_assert_cmpint(json_get_int(thread, "turns", 0), ==, 1);
}

/* A question that was interrupted and answered later stays one turn; what was answered is never replaced. */
static void test_a_failed_answer_is_mended(Fixture *fixture, gconstpointer unused) {
  (void)unused;
  g_autoptr(Store) store = open_store(fixture->path);
  static const char *const statuses[][2] = {{"failed", "failed"}, {"answered", "answered"}, {"failed", "answered"}, {"refused", "answered"}};
  for (guint i = 0; i < G_N_ELEMENTS(statuses); i++) {
    StoreAnswer answer = {.id = "x", .session = "s", .status = statuses[i][0], .scope_key = "scope", .question = "how much"};
    g_assert_true(store_put_answer(store, &answer, NULL));
    assert_status(store, statuses[i][1]);
  }
  StoreAnswer other = {.id = "x", .session = "s", .status = "answered", .scope_key = "another"};
  g_assert_true(store_put_answer(store, &other, NULL));
  assert_status(store, "answered");
}

typedef struct {
  Store *store;
  int number;
} Writer;

static gpointer put_many(gpointer data) {
  const Writer *writer = data;
  for (int i = 0; i < 4000; i++) {
    g_autofree char *id = g_strdup_printf("w%d-%d", writer->number, i);
    put(writer->store, id, "s", "scope");
    if (i % 500 == 0) assert_answer(writer->store, id, "scope");
  }
  return NULL;
}

static gint64 count_rows(const char *path, const char *table) {
  sqlite3 *handle = NULL;
  sqlite3_stmt *statement = NULL;
  g_autofree char *sql = g_strdup_printf("SELECT count(*) FROM %s", table);
  g_assert_cmpint(sqlite3_open(path, &handle), ==, SQLITE_OK);
  g_assert_cmpint(sqlite3_prepare_v2(handle, sql, -1, &statement, NULL), ==, SQLITE_OK);
  g_assert_cmpint(sqlite3_step(statement), ==, SQLITE_ROW);
  gint64 count = sqlite3_column_int64(statement, 0);
  sqlite3_finalize(statement);
  sqlite3_close(handle);
  return count;
}

/* Two stores over one file, as two processes would be. */
static void test_many_writers(Fixture *fixture, gconstpointer unused) {
  (void)unused;
  Store *stores[2] = {open_store(fixture->path), open_store(fixture->path)};
  Writer writers[6];
  GThread *threads[6];
  for (int i = 0; i < 6; i++) {
    writers[i] = (Writer){stores[i % 2], i};
    threads[i] = g_thread_new("writer", put_many, &writers[i]);
  }
  for (int i = 0; i < 6; i++) g_thread_join(threads[i]);
  flush(stores[0]);
  flush(stores[1]);
  g_assert_cmpint(count_rows(fixture->path, "answers"), ==, 24000);
  /* Repeated texts stand once. */
  g_assert_cmpint(count_rows(fixture->path, "texts"), ==, 7);
  store_free(stores[0]);
  store_free(stores[1]);
}

static void test_a_newer_file_is_refused(Fixture *fixture, gconstpointer unused) {
  (void)unused;
  sqlite3 *handle = NULL;
  g_assert_cmpint(sqlite3_open(fixture->path, &handle), ==, SQLITE_OK);
  g_assert_cmpint(sqlite3_exec(handle, "PRAGMA user_version = 999", NULL, NULL, NULL), ==, SQLITE_OK);
  sqlite3_close(handle);
  g_autoptr(GError) error = NULL;
  g_assert_null(store_open_sqlite(fixture->path, &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_UNSUPPORTED);
}

static void test_a_broken_file_is_refused(Fixture *fixture, gconstpointer unused) {
  (void)unused;
  g_autofree char *noise = g_strnfill(9000, 'x');
  g_assert_true(g_file_set_contents(fixture->path, noise, -1, NULL));
  g_autoptr(GError) error = NULL;
  g_assert_null(store_open_sqlite(fixture->path, &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_CORRUPT);
  g_clear_error(&error);
  g_assert_null(store_open_sqlite("/nonexistent/folder/aisle.db", &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_IO);
}

/* Someone holds the file for writing: nothing is lost, and it is written when they are done. */
static void test_a_failed_commit_is_tried_again(Fixture *fixture, gconstpointer unused) {
  (void)unused;
  g_autoptr(Store) store = open_store(fixture->path);
  sqlite3 *handle = NULL;
  g_assert_cmpint(sqlite3_open(fixture->path, &handle), ==, SQLITE_OK);
  g_assert_cmpint(sqlite3_exec(handle, "BEGIN IMMEDIATE", NULL, NULL, NULL), ==, SQLITE_OK);
  put(store, "a1", "s", "scope");
  g_autoptr(GError) error = NULL;
  g_assert_false(store_flush(store, &error));
  g_assert_error(error, AISLE_ERROR, AISLE_ERROR_BUSY);
  assert_answer(store, "a1", "scope");
  g_assert_cmpint(sqlite3_exec(handle, "ROLLBACK", NULL, NULL, NULL), ==, SQLITE_OK);
  sqlite3_close(handle);
  g_clear_error(&error);
  for (int i = 0; i < 100 && !store_flush(store, &error); i++) {
    g_clear_error(&error);
    g_usleep(100 * 1000);
  }
  g_assert_no_error(error);
  g_assert_cmpint(count_rows(fixture->path, "answers"), ==, 1);
}

#define CASE(path, function) g_test_add("/store/" path, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  CASE("what-was-put-is-read-back", test_what_was_put_is_read_back);
  CASE("another-scope-sees-nothing", test_another_scope_sees_nothing);
  CASE("sessions-and-lists", test_sessions_and_lists);
  CASE("incomplete-answers-are-refused", test_incomplete_answers_are_refused);
  CASE("a-failed-answer-is-mended", test_a_failed_answer_is_mended);
  CASE("many-writers", test_many_writers);
  CASE("a-newer-file-is-refused", test_a_newer_file_is_refused);
  CASE("a-broken-file-is-refused", test_a_broken_file_is_refused);
  CASE("a-failed-commit-is-tried-again", test_a_failed_commit_is_tried_again);
  return g_test_run();
}
