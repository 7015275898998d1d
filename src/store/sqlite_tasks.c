/* Tasks: a queue whose entries belong to a runner for a while, and to the next one when that one dies. */
#include "store/sqlite_private.h"

static const char no_task[] = "there is no task with this id; it may have been removed";
static const char gave_up[] = "{\"type\":\"urn:aisle:error:internal\",\"title\":\"a defect in Aisle; please report it\",\"status\":500,"
                              "\"detail\":\"the program ended several times while it worked on this\",\"code\":\"internal\"}";

gboolean sqlite_put_task(Database *database, const StoreTask *task, GError **error) {
  gint64 scope = 0;
  if (!sqlite_text_id(database, task->scope_key, &scope, error)) return FALSE;
  sqlite3_stmt *statement = sqlite_prepared(database, SQL_PUT_TASK, error);
  if (statement == NULL) return FALSE;
  g_autofree char *request = json_to_text(task->request, JSON_PLAIN);
  sql_bind_text(statement, 1, task->id);
  sqlite3_bind_int64(statement, 2, scope);
  sql_bind_text(statement, 3, task->title);
  sql_bind_text(statement, 4, request);
  sqlite3_bind_int64(statement, 5, task->created_ms);
  if (!sqlite_finish(database, statement, NULL, error)) return FALSE;
  sqlite3_stmt *forget = sqlite_prepared(database, SQL_FORGET_TASKS, error);
  if (forget == NULL) return FALSE;
  sqlite3_bind_int64(forget, 1, scope);
  sqlite3_bind_int(forget, 2, STORE_MAX_ENDED_TASKS);
  return sqlite_finish(database, forget, NULL, error);
}

static gboolean give_up_old(Database *database, const char *scope_key, gint64 now_ms, GError **error) {
  sqlite3_stmt *statement = sqlite_prepared(database, SQL_GIVE_UP_TASKS, error);
  if (statement == NULL || !sqlite_bind_scope(database, statement, 1, scope_key, error)) return FALSE;
  sqlite3_bind_int64(statement, 2, now_ms);
  sql_bind_text(statement, 3, gave_up);
  sqlite3_bind_int(statement, 4, STORE_TASK_ATTEMPTS);
  return sqlite_finish(database, statement, NULL, error);
}

static json_t *read_claim(sqlite3_stmt *row) {
  json_t *task = json_object();
  json_set_text(task, "id", (const char *)sqlite3_column_text(row, 0));
  json_set_parsed(task, "request", (const char *)sqlite3_column_text(row, 1));
  json_object_set_new(task, "attempts", json_integer(sqlite3_column_int64(row, 2)));
  return task;
}

json_t *sqlite_claim_task(Database *database, const char *scope_key, const char *runner, gint64 now_ms, gint64 lease_ms, GError **error) {
  if (!give_up_old(database, scope_key, now_ms, error)) return NULL;
  sqlite3_stmt *next = sqlite_prepared(database, SQL_NEXT_TASK, error);
  if (next == NULL || !sqlite_bind_scope(database, next, 1, scope_key, error)) return NULL;
  sqlite3_bind_int64(next, 2, now_ms);
  g_autoptr(json_t) found = sqlite_collect(database, next, read_claim, error);
  if (found == NULL || json_array_size(found) == 0) return NULL;
  json_t *task = json_array_get(found, 0);
  sqlite3_stmt *claim = sqlite_prepared(database, SQL_CLAIM_TASK, error);
  if (claim == NULL) return NULL;
  sql_bind_text(claim, 1, json_get_string(task, "id"));
  sql_bind_text(claim, 2, runner);
  sqlite3_bind_int64(claim, 3, lease_ms);
  sqlite3_bind_int64(claim, 4, now_ms);
  return sqlite_finish(database, claim, NULL, error) ? json_incref(task) : NULL;
}

gboolean sqlite_beat_task(Database *database, const char *id, const char *runner, double percent, gint64 rows, gint64 lease_ms,
                          gboolean *go_on, GError **error) {
  sqlite3_stmt *beat = sqlite_prepared(database, SQL_BEAT_TASK, error);
  if (beat == NULL) return FALSE;
  sql_bind_text(beat, 1, id);
  sql_bind_text(beat, 2, runner);
  if (percent >= 0) sqlite3_bind_double(beat, 3, percent);
  sqlite3_bind_int64(beat, 4, rows);
  sqlite3_bind_int64(beat, 5, lease_ms);
  if (!sqlite_finish(database, beat, NULL, error)) return FALSE;
  sqlite3_stmt *wanted = sqlite_prepared(database, SQL_IS_WANTED, error);
  if (wanted == NULL) return FALSE;
  sql_bind_text(wanted, 1, id);
  sql_bind_text(wanted, 2, runner);
  int result = sqlite3_step(wanted);
  gboolean asked = sql_check(database->handle, result, error);
  if (asked) *go_on = result == SQLITE_ROW;
  sqlite3_reset(wanted);
  return asked;
}

/* Runs a statement; NOT_FOUND when it changed nothing. */
static gboolean change(Database *database, sqlite3_stmt *statement, GError **error) {
  int changed = 0;
  if (!sqlite_finish(database, statement, &changed, error)) return FALSE;
  if (changed == 0) g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND, no_task);
  return changed > 0;
}

gboolean sqlite_finish_task(Database *database, const char *id, const char *runner, const char *status, const char *answer,
                            const char *problem, gint64 now_ms, GError **error) {
  sqlite3_stmt *statement = sqlite_prepared(database, SQL_FINISH_TASK, error);
  if (statement == NULL) return FALSE;
  sql_bind_text(statement, 1, id);
  sql_bind_text(statement, 2, runner);
  sql_bind_text(statement, 3, status);
  sql_bind_text(statement, 4, answer);
  sql_bind_text(statement, 5, problem);
  sqlite3_bind_int64(statement, 6, now_ms);
  return change(database, statement, error);
}

gboolean sqlite_cancel_task(Database *database, const char *id, const char *scope_key, gint64 now_ms, GError **error) {
  static const SqliteStatement either[] = {SQL_CANCEL_TASK, SQL_REMOVE_TASK};
  for (guint i = 0; i < G_N_ELEMENTS(either); i++) {
    sqlite3_stmt *statement = sqlite_prepared(database, either[i], error);
    if (statement == NULL || !sqlite_bind_scope(database, statement, 2, scope_key, error)) return FALSE;
    sql_bind_text(statement, 1, id);
    if (either[i] == SQL_CANCEL_TASK) sqlite3_bind_int64(statement, 3, now_ms);
    int changed = 0;
    if (!sqlite_finish(database, statement, &changed, error)) return FALSE;
    if (changed > 0) return TRUE;
  }
  g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND, no_task);
  return FALSE;
}

static void set_time(json_t *object, const char *key, sqlite3_stmt *row, int column) {
  json_object_set_new(object, key, sqlite3_column_type(row, column) == SQLITE_NULL ? json_null() : json_integer(sqlite3_column_int64(row, column)));
}

static json_t *read_task(sqlite3_stmt *row) {
  json_t *task = json_object();
  json_set_text(task, "id", (const char *)sqlite3_column_text(row, 0));
  json_set_text(task, "title", (const char *)sqlite3_column_text(row, 1));
  json_set_text(task, "status", (const char *)sqlite3_column_text(row, 2));
  gboolean known = sqlite3_column_type(row, 3) != SQLITE_NULL;
  json_object_set_new(task, "percent", known ? json_real(sqlite3_column_double(row, 3)) : json_null());
  json_object_set_new(task, "rows", json_integer(sqlite3_column_int64(row, 4)));
  set_time(task, "created_ms", row, 5);
  set_time(task, "started_ms", row, 6);
  set_time(task, "finished_ms", row, 7);
  json_set_parsed(task, "error", (const char *)sqlite3_column_text(row, 8));
  return task;
}

static json_t *read_whole_task(sqlite3_stmt *row) {
  json_t *task = read_task(row);
  json_set_parsed(task, "request", (const char *)sqlite3_column_text(row, 9));
  json_set_parsed(task, "answer", (const char *)sqlite3_column_text(row, 10));
  return task;
}

json_t *sqlite_get_task(Database *database, const char *id, const char *scope_key, gboolean with_answer, GError **error) {
  sqlite3_stmt *statement = sqlite_prepared(database, SQL_GET_TASK, error);
  if (statement == NULL || !sqlite_bind_scope(database, statement, 2, scope_key, error)) return NULL;
  sql_bind_text(statement, 1, id);
  sqlite3_bind_int(statement, 3, with_answer);
  return sqlite_only(database, statement, with_answer ? read_whole_task : read_task, no_task, error);
}

json_t *sqlite_list_tasks(Database *database, const char *scope_key, int limit, GError **error) {
  sqlite3_stmt *statement = sqlite_prepared(database, SQL_LIST_TASKS, error);
  if (statement == NULL || !sqlite_bind_scope(database, statement, 1, scope_key, error)) return NULL;
  sqlite3_bind_int(statement, 2, limit);
  return sqlite_collect(database, statement, read_task, error);
}
