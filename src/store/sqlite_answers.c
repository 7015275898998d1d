/* Answers, the sessions they belong to, and the threads people see of those. */
#include "store/sqlite_private.h"

#define MAX_TITLE_CHARACTERS 200

/* ---- writing ---- */

/* A thread's title is its first question. */
static gboolean touch_thread(Database *database, const StoreAnswer *answer, gint64 scope, GError **error) {
  sqlite3_stmt *statement = sqlite_prepared(database, SQL_TOUCH_THREAD, error);
  if (statement == NULL) return FALSE;
  const char *title = answer->question != NULL ? answer->question : answer->restatement != NULL ? answer->restatement : "";
  g_autofree char *cut = g_utf8_strlen(title, -1) > MAX_TITLE_CHARACTERS ? g_utf8_substring(title, 0, MAX_TITLE_CHARACTERS) : g_strdup(title);
  sql_bind_text(statement, 1, answer->session);
  sqlite3_bind_int64(statement, 2, scope);
  sql_bind_text(statement, 3, cut);
  sqlite3_bind_int64(statement, 4, answer->created_ms);
  return sqlite_finish(database, statement, NULL, error);
}

/* Texts are kept once and named by number. */
enum { TENANT, USER, SCOPE, QUESTION, QUERY, OPTIONS, VERSIONS, RESTATEMENT, N_TEXTS };

typedef struct {
  int index; /* of the parameter */
  const char *text;
} AnswerText;

static sqlite3_stmt *prepared_answer(Database *database, SqliteStatement name, const StoreAnswer *answer, const AnswerText *texts, const gint64 *ids, GError **error) {
  sqlite3_stmt *statement = sqlite_prepared(database, name, error);
  if (statement == NULL) return NULL;
  for (guint i = 0; i < N_TEXTS; i++) {
    if (texts[i].text != NULL) sqlite3_bind_int64(statement, texts[i].index, ids[i]);
  }
  sql_bind_text(statement, 1, answer->id);
  sql_bind_text(statement, 2, answer->session);
  sql_bind_text(statement, 7, answer->status);
  sql_bind_text(statement, 10, answer->route);
  sqlite3_bind_int64(statement, 11, answer->created_ms);
  sqlite3_bind_int64(statement, 12, answer->latency_us);
  sqlite3_bind_int64(statement, 13, answer->bytes_scanned);
  sqlite3_bind_int64(statement, 14, answer->rows);
  sqlite3_bind_double(statement, 16, answer->cost);
  sql_bind_text(statement, 17, answer->after);
  sql_bind_text(statement, 18, answer->as_of);
  return statement;
}

gboolean sqlite_insert_answer(Database *database, const StoreAnswer *answer, GError **error) {
  const AnswerText texts[N_TEXTS] = {[TENANT] = {3, answer->tenant},         [USER] = {4, answer->user},
                                     [SCOPE] = {5, answer->scope_key},       [QUESTION] = {6, answer->question},
                                     [QUERY] = {8, answer->query_json},      [OPTIONS] = {9, answer->options_json},
                                     [VERSIONS] = {15, answer->versions_json}, [RESTATEMENT] = {19, answer->restatement}};
  gint64 ids[N_TEXTS] = {0};
  for (guint i = 0; i < N_TEXTS; i++) {
    if (texts[i].text != NULL && !sqlite_text_id(database, texts[i].text, &ids[i], error)) return FALSE;
  }
  int changed = 0;
  sqlite3_stmt *statement = prepared_answer(database, SQL_INSERT_ANSWER, answer, texts, ids, error);
  if (statement == NULL || !sqlite_finish(database, statement, &changed, error)) return FALSE;
  if (changed > 0) return answer->session == NULL || touch_thread(database, answer, ids[SCOPE], error);
  /* A question that was interrupted and answered later, as a task: one turn of its conversation. */
  statement = prepared_answer(database, SQL_MEND_ANSWER, answer, texts, ids, error);
  return statement != NULL && sqlite_finish(database, statement, &changed, error);
}

/* ---- reading ---- */

json_t *database_answer_json(const StoreAnswer *answer) {
  json_t *object = json_object();
  json_set_text(object, "id", answer->id);
  json_set_text(object, "session", answer->session);
  json_set_text(object, "question", answer->question);
  json_set_text(object, "status", answer->status);
  json_set_parsed(object, "query", answer->query_json);
  json_set_parsed(object, "options", answer->options_json);
  json_object_set_new(object, "created_ms", json_integer(answer->created_ms));
  json_set_text(object, "after", answer->after);
  json_set_text(object, "as_of", answer->as_of);
  json_set_text(object, "restatement", answer->restatement);
  json_set_text(object, "route", answer->route);
  json_object_set_new(object, "latency_us", json_integer(answer->latency_us));
  json_object_set_new(object, "rows", json_integer(answer->rows));
  json_set_parsed(object, "versions", answer->versions_json);
  return object;
}

static const char *text_at(sqlite3_stmt *row, int column) {
  return (const char *)sqlite3_column_text(row, column);
}

static json_t *read_answer(sqlite3_stmt *row) {
  StoreAnswer answer = {.id = text_at(row, 0), .session = text_at(row, 1), .question = text_at(row, 2), .status = text_at(row, 3),
                        .query_json = text_at(row, 4), .options_json = text_at(row, 5), .created_ms = sqlite3_column_int64(row, 6),
                        .after = text_at(row, 7), .as_of = text_at(row, 8), .restatement = text_at(row, 9), .route = text_at(row, 10),
                        .latency_us = sqlite3_column_int64(row, 11), .rows = sqlite3_column_int64(row, 12), .versions_json = text_at(row, 13)};
  return database_answer_json(&answer);
}

static json_t *read_found_answer(sqlite3_stmt *row) {
  json_t *answer = read_answer(row);
  json_object_set_new(answer, "cursor", json_integer(sqlite3_column_int64(row, 14)));
  return answer;
}

json_t *sqlite_get_answer(Database *database, const char *id, const char *scope_key, GError **error) {
  sqlite3_stmt *statement = sqlite_prepared(database, SQL_GET_ANSWER, error);
  if (statement == NULL || !sqlite_bind_scope(database, statement, 2, scope_key, error)) return NULL;
  sql_bind_text(statement, 1, id);
  return sqlite_only(database, statement, read_answer, "there is no answer with this id; ask the question again", error);
}

char *sqlite_session_newest(Database *database, const char *session, const char *scope_key, GError **error) {
  sqlite3_stmt *statement = sqlite_prepared(database, SQL_SESSION_NEWEST, error);
  if (statement == NULL || !sqlite_bind_scope(database, statement, 2, scope_key, error)) return NULL;
  sql_bind_text(statement, 1, session);
  int result = sqlite3_step(statement);
  char *id = result == SQLITE_ROW ? g_strdup(text_at(statement, 0)) : NULL;
  sql_check(database->handle, result, error);
  sqlite3_reset(statement);
  return id;
}

json_t *sqlite_search_answers(Database *database, const StoreSearch *search, GError **error) {
  gboolean one_session = search->session != NULL;
  sqlite3_stmt *statement = sqlite_prepared(database, one_session ? SQL_SESSION_ANSWERS : SQL_SEARCH_ANSWERS, error);
  if (statement == NULL || !sqlite_bind_scope(database, statement, one_session ? 2 : 1, search->scope_key, error)) return NULL;
  g_autofree char *like = sqlite_like(search->text);
  sql_bind_text(statement, one_session ? 1 : 2, one_session ? search->session : like);
  sqlite3_bind_int64(statement, 3, search->before);
  sqlite3_bind_int(statement, 4, search->limit);
  return sqlite_collect(database, statement, read_found_answer, error);
}

/* ---- threads ---- */

static const char no_thread[] = "there is no conversation with this id; it may have been deleted";

static json_t *read_thread(sqlite3_stmt *row) {
  json_t *thread = json_object();
  json_set_text(thread, "id", text_at(row, 0));
  json_set_text(thread, "title", text_at(row, 1));
  json_object_set_new(thread, "turns", json_integer(sqlite3_column_int64(row, 2)));
  json_object_set_new(thread, "created_ms", json_integer(sqlite3_column_int64(row, 3)));
  json_object_set_new(thread, "updated_ms", json_integer(sqlite3_column_int64(row, 4)));
  json_object_set_new(thread, "cursor", json_integer(sqlite3_column_int64(row, 4)));
  return thread;
}

json_t *sqlite_list_threads(Database *database, const StoreSearch *search, GError **error) {
  sqlite3_stmt *statement = sqlite_prepared(database, SQL_LIST_THREADS, error);
  if (statement == NULL || !sqlite_bind_scope(database, statement, 1, search->scope_key, error)) return NULL;
  g_autofree char *like = sqlite_like(search->text);
  sql_bind_text(statement, 2, like);
  sqlite3_bind_int64(statement, 3, search->before);
  sqlite3_bind_int(statement, 4, search->limit);
  return sqlite_collect(database, statement, read_thread, error);
}

json_t *sqlite_get_thread(Database *database, const char *id, const char *scope_key, GError **error) {
  sqlite3_stmt *statement = sqlite_prepared(database, SQL_GET_THREAD, error);
  if (statement == NULL || !sqlite_bind_scope(database, statement, 2, scope_key, error)) return NULL;
  sql_bind_text(statement, 1, id);
  return sqlite_only(database, statement, read_thread, no_thread, error);
}

/* Runs a statement that must change something. */
static gboolean change_thread(Database *database, SqliteStatement which, const char *id, const char *scope_key, const char *title,
                              GError **error) {
  sqlite3_stmt *statement = sqlite_prepared(database, which, error);
  if (statement == NULL || !sqlite_bind_scope(database, statement, 2, scope_key, error)) return FALSE;
  sql_bind_text(statement, 1, id);
  if (title != NULL) sql_bind_text(statement, 3, title);
  int changed = 0;
  if (!sqlite_finish(database, statement, &changed, error)) return FALSE;
  if (changed == 0) g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND, no_thread);
  return changed > 0;
}

gboolean sqlite_rename_thread(Database *database, const char *id, const char *scope_key, const char *title, GError **error) {
  return change_thread(database, SQL_RENAME_THREAD, id, scope_key, title, error);
}

gboolean sqlite_delete_thread(Database *database, const char *id, const char *scope_key, GError **error) {
  return change_thread(database, SQL_DELETE_THREAD, id, scope_key, NULL, error);
}
