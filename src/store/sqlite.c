/* The SQLite file under the store: opening it, its statements. */
#include <string.h>

#include "store/sqlite_private.h"

/* Texts whose row number is kept in memory. */
#define TEXT_CACHE_ENTRIES 20000

#define ANSWER_COLUMNS                                                                                                 \
  "SELECT a.id, a.session, q.value, a.status, y.value, o.value, a.created_ms, a.after, a.as_of, r.value, a.route,"     \
  " a.latency_us, a.rows, v.value, a.number FROM answers a"                                                            \
  " LEFT JOIN texts q ON q.id = a.question LEFT JOIN texts y ON y.id = a.query LEFT JOIN texts o ON o.id = a.options"  \
  " LEFT JOIN texts r ON r.id = a.restatement LEFT JOIN texts v ON v.id = a.versions "
#define THREAD_COLUMNS                                                                                                 \
  "SELECT t.id, t.title, t.turns, t.created_ms, t.updated_ms FROM threads t "
#define RECORD_COLUMNS                                                                                                 \
  "SELECT r.id, r.subject, r.body, r.created_ms, r.updated_ms, r.expires_ms FROM records r "
#define TASK_FIELDS "t.id, t.title, t.status, t.percent, t.rows, t.created_ms, t.started_ms, t.finished_ms, t.problem"

static const char *const statement_sql[SQL_COUNT] = {
    [SQL_INSERT_TEXT] = "INSERT OR IGNORE INTO texts (digest, value) VALUES (?1, ?2)",
    [SQL_FIND_TEXT] = "SELECT id FROM texts WHERE digest = ?1",
    [SQL_INSERT_ANSWER] = "INSERT OR IGNORE INTO answers (id, session, tenant, user, scope, question, status, query, options, route,"
                          " created_ms, latency_us, bytes_scanned, rows, versions, cost, after, as_of, restatement)"
                          " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)",
    /* What was answered stays as it is. */
    [SQL_MEND_ANSWER] = "UPDATE answers SET status = ?7, query = ?8, options = ?9, route = ?10, latency_us = ?12, bytes_scanned = ?13,"
                        " rows = ?14, versions = ?15, cost = ?16, as_of = ?18, restatement = ?19"
                        " WHERE id = ?1 AND scope = ?5 AND session IS ?2 AND status = 'failed'",
    [SQL_TOUCH_THREAD] = "INSERT INTO threads (id, scope, title, turns, created_ms, updated_ms) VALUES (?1, ?2, ?3, 1, ?4, ?4)"
                         " ON CONFLICT (id, scope) DO UPDATE SET turns = turns + 1, updated_ms = max(updated_ms, excluded.updated_ms)",
    [SQL_GET_ANSWER] = ANSWER_COLUMNS "WHERE a.id = ?1 AND a.scope = ?2",
    [SQL_SESSION_NEWEST] = "SELECT id FROM answers WHERE session = ?1 AND scope = ?2 ORDER BY number DESC LIMIT 1",
    /* The texts that fit are found first: they are far fewer than the answers. */
    [SQL_SEARCH_ANSWERS] = ANSWER_COLUMNS
    "WHERE a.scope = ?1 AND (?2 IS NULL OR a.question IN (SELECT id FROM texts WHERE value LIKE ?2 ESCAPE '\\'))"
    " AND (?3 = 0 OR a.number < ?3) ORDER BY a.number DESC LIMIT ?4",
    [SQL_SESSION_ANSWERS] = ANSWER_COLUMNS "WHERE a.session = ?1 AND a.scope = ?2 AND (?3 = 0 OR a.number < ?3) ORDER BY a.number DESC LIMIT ?4",
    [SQL_LIST_THREADS] = THREAD_COLUMNS "WHERE t.scope = ?1 AND (?2 IS NULL OR t.title LIKE ?2 ESCAPE '\\')"
                                        " AND (?3 = 0 OR t.updated_ms < ?3) ORDER BY t.updated_ms DESC LIMIT ?4",
    [SQL_GET_THREAD] = THREAD_COLUMNS "WHERE t.id = ?1 AND t.scope = ?2",
    [SQL_RENAME_THREAD] = "UPDATE threads SET title = ?3 WHERE id = ?1 AND scope = ?2",
    [SQL_DELETE_THREAD] = "DELETE FROM threads WHERE id = ?1 AND scope = ?2",
    [SQL_COUNT_RECORDS] = "SELECT count(*) FROM records WHERE kind = ?1 AND scope = ?2",
    [SQL_PUT_RECORD] = "INSERT INTO records (kind, id, scope, subject, body, created_ms, updated_ms, expires_ms)"
                       " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7)",
    [SQL_GET_RECORD] = RECORD_COLUMNS "WHERE r.kind = ?1 AND r.id = ?2 AND (?3 IS NULL OR r.scope = ?3)",
    [SQL_SET_RECORD] = "UPDATE records SET body = ?4, updated_ms = ?5 WHERE kind = ?1 AND id = ?2 AND scope = ?3",
    [SQL_DELETE_RECORD] = "DELETE FROM records WHERE kind = ?1 AND id = ?2 AND scope = ?3",
    [SQL_LIST_RECORDS] = RECORD_COLUMNS "WHERE r.kind = ?1 AND (?2 IS NULL OR r.scope = ?2) AND (?3 IS NULL OR r.subject = ?3)"
                                        " ORDER BY r.number DESC LIMIT ?4",
    [SQL_PUT_TASK] = "INSERT INTO tasks (id, scope, title, request, status, created_ms) VALUES (?1, ?2, ?3, ?4, 'queued', ?5)",
    [SQL_FORGET_TASKS] = "DELETE FROM tasks WHERE scope = ?1 AND status NOT IN ('queued', 'running') AND number <= (SELECT number FROM tasks"
                         " WHERE scope = ?1 AND status NOT IN ('queued', 'running') ORDER BY number DESC LIMIT 1 OFFSET ?2)",
    [SQL_GIVE_UP_TASKS] = "UPDATE tasks SET status = iif(unwanted, 'cancelled', 'failed'), finished_ms = ?2, problem = iif(unwanted, NULL, ?3)"
                          " WHERE status = 'running' AND lease_ms < ?2 AND (attempts >= ?4 OR unwanted) AND scope = ?1",
    [SQL_NEXT_TASK] = "SELECT t.id, t.request, t.attempts + 1 FROM tasks t WHERE (t.status = 'queued' OR (t.status = 'running' AND"
                      " t.lease_ms < ?2)) AND t.scope = ?1 ORDER BY t.number LIMIT 1",
    [SQL_CLAIM_TASK] = "UPDATE tasks SET status = 'running', runner = ?2, lease_ms = ?3, attempts = attempts + 1, percent = NULL, rows = 0,"
                       " started_ms = coalesce(started_ms, ?4) WHERE id = ?1",
    [SQL_BEAT_TASK] = "UPDATE tasks SET percent = ?3, rows = ?4, lease_ms = ?5 WHERE id = ?1 AND runner = ?2 AND status = 'running'",
    [SQL_IS_WANTED] = "SELECT 1 FROM tasks WHERE id = ?1 AND runner = ?2 AND status = 'running' AND NOT unwanted",
    [SQL_FINISH_TASK] = "UPDATE tasks SET status = ?3, answer = ?4, problem = ?5, finished_ms = iif(?3 = 'queued', NULL, ?6),"
                        " percent = iif(?3 = 'done', 100.0, percent), attempts = attempts - (?3 = 'queued')"
                        " WHERE id = ?1 AND runner = ?2 AND status = 'running'",
    [SQL_CANCEL_TASK] = "UPDATE tasks SET unwanted = 1, status = iif(status = 'queued', 'cancelled', status),"
                        " finished_ms = iif(status = 'queued', ?3, NULL)"
                        " WHERE id = ?1 AND status IN ('queued', 'running') AND scope = ?2",
    [SQL_REMOVE_TASK] = "DELETE FROM tasks WHERE id = ?1 AND status NOT IN ('queued', 'running') AND scope = ?2",
    [SQL_GET_TASK] = "SELECT " TASK_FIELDS ", t.request, iif(?3, t.answer, NULL) FROM tasks t WHERE t.id = ?1 AND t.scope = ?2",
    [SQL_LIST_TASKS] = "SELECT " TASK_FIELDS " FROM tasks t WHERE t.scope = ?1"
                       " ORDER BY t.number DESC LIMIT ?2",
};

/* ---- statements ---- */

sqlite3_stmt *sqlite_prepared(Database *database, SqliteStatement which, GError **error) {
  sqlite3_stmt **statement = &database->statements[which];
  if (*statement != NULL) {
    sqlite3_reset(*statement);
    sqlite3_clear_bindings(*statement);
    return *statement;
  }
  return *statement = sql_prepare(database->handle, statement_sql[which], error);
}

gboolean sqlite_finish(Database *database, sqlite3_stmt *statement, int *changed, GError **error) {
  gboolean done = sql_check(database->handle, sqlite3_step(statement), error);
  if (done && changed != NULL) *changed = sqlite3_changes(database->handle);
  sqlite3_reset(statement);
  return done;
}

json_t *sqlite_collect(Database *database, sqlite3_stmt *statement, json_t *(*read)(sqlite3_stmt *row), GError **error) {
  g_autoptr(json_t) list = json_array();
  int result;
  while ((result = sqlite3_step(statement)) == SQLITE_ROW) json_array_append_new(list, read(statement));
  gboolean complete = sql_check(database->handle, result, error);
  sqlite3_reset(statement);
  return complete ? g_steal_pointer(&list) : NULL;
}

json_t *sqlite_only(Database *database, sqlite3_stmt *statement, json_t *(*read)(sqlite3_stmt *row), const char *missing, GError **error) {
  int result = sqlite3_step(statement);
  json_t *value = result == SQLITE_ROW ? read(statement) : NULL;
  if (result == SQLITE_DONE) g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND, missing);
  else sql_check(database->handle, result, error);
  sqlite3_reset(statement);
  return value;
}

char *sqlite_like(const char *text) {
  if (text == NULL || *text == '\0') return NULL;
  GString *pattern = g_string_new("%");
  for (const char *p = text; *p != '\0'; p++) {
    if (*p == '%' || *p == '_' || *p == '\\') g_string_append_c(pattern, '\\');
    g_string_append_c(pattern, *p);
  }
  g_string_append_c(pattern, '%');
  return g_string_free(pattern, FALSE);
}

/* ---- texts that repeat ---- */

/* The first half of SHA-256: two texts never share it by chance. */
static void digest_of(const char *text, guint8 digest[32]) {
  g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
  gsize length = 32;
  g_checksum_update(checksum, (const guchar *)text, (gssize)strlen(text));
  g_checksum_get_digest(checksum, digest, &length);
}

gboolean sqlite_text_id(Database *database, const char *text, gint64 *id, GError **error) {
  gpointer known;
  if (g_hash_table_lookup_extended(database->text_ids, text, NULL, &known)) {
    *id = (gint64)(gintptr)known;
    return TRUE;
  }
  guint8 digest[32];
  digest_of(text, digest);
  sqlite3_stmt *insert = sqlite_prepared(database, SQL_INSERT_TEXT, error);
  if (insert == NULL) return FALSE;
  sqlite3_bind_blob(insert, 1, digest, 16, SQLITE_STATIC);
  sql_bind_text(insert, 2, text);
  if (!sqlite_finish(database, insert, NULL, error)) return FALSE;
  sqlite3_stmt *find = sqlite_prepared(database, SQL_FIND_TEXT, error);
  if (find == NULL) return FALSE;
  sqlite3_bind_blob(find, 1, digest, 16, SQLITE_STATIC);
  gboolean found = sql_check(database->handle, sqlite3_step(find), error);
  if (found) *id = sqlite3_column_int64(find, 0);
  sqlite3_reset(find);
  if (g_hash_table_size(database->text_ids) >= TEXT_CACHE_ENTRIES) g_hash_table_remove_all(database->text_ids);
  if (found) g_hash_table_insert(database->text_ids, g_strdup(text), (gpointer)(gintptr)*id);
  return found;
}

gboolean sqlite_bind_scope(Database *database, sqlite3_stmt *statement, int index, const char *scope_key, GError **error) {
  guint8 digest[32];
  if (scope_key == NULL) return TRUE;
  digest_of(scope_key, digest);
  sqlite3_stmt *find = sqlite_prepared(database, SQL_FIND_TEXT, error);
  if (find == NULL) return FALSE;
  sqlite3_bind_blob(find, 1, digest, 16, SQLITE_STATIC);
  int result = sqlite3_step(find);
  sqlite3_bind_int64(statement, index, result == SQLITE_ROW ? sqlite3_column_int64(find, 0) : -1);
  gboolean looked = sql_check(database->handle, result, error);
  sqlite3_reset(find);
  return looked;
}

/* ---- JSON ---- */

void json_set_text(json_t *object, const char *key, const char *text) {
  json_object_set_new(object, key, text != NULL ? json_string(text) : json_null());
}

void json_set_parsed(json_t *object, const char *key, const char *text) {
  json_t *value = text != NULL ? json_parse(text, strlen(text), NULL) : NULL;
  json_object_set_new(object, key, value != NULL ? value : json_null());
}

/* ---- life ---- */

static void sqlite_close(Database *database) {
  if (database == NULL) return;
  for (guint i = 0; i < SQL_COUNT; i++) sqlite3_finalize(database->statements[i]);
  sqlite3_close(database->handle);
  g_hash_table_unref(database->text_ids);
  g_free(database);
}

static Database *sqlite_open(const char *path, DatabaseMode mode, GError **error) {
  Database *database = g_new0(Database, 1);
  database->text_ids = g_hash_table_new_full(text_hash, g_str_equal, g_free, NULL);
  database->handle = sql_open(path, "PRAGMA foreign_keys = ON", TRUE, error);
  gboolean opened = database->handle != NULL && (mode == DATABASE_READ || sqlite_migrate(database, error));
  if (opened) return database;
  sqlite_close(database);
  return NULL;
}

gboolean sqlite_begin(Database *database, GError **error) {
  return sql_run(database->handle, "BEGIN IMMEDIATE", error);
}

gboolean sqlite_commit(Database *database, GError **error) {
  return sql_run(database->handle, "COMMIT", error);
}

void sqlite_rollback(Database *database) {
  sql_rollback(database->handle);
  g_hash_table_remove_all(database->text_ids);
}

const DatabaseKind database_sqlite = {
    .name = "sqlite",
    .open = sqlite_open,
    .close = sqlite_close,
    .begin = sqlite_begin,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .insert_answer = sqlite_insert_answer,
    .get_answer = sqlite_get_answer,
    .session_newest = sqlite_session_newest,
    .search_answers = sqlite_search_answers,
    .list_threads = sqlite_list_threads,
    .get_thread = sqlite_get_thread,
    .rename_thread = sqlite_rename_thread,
    .delete_thread = sqlite_delete_thread,
    .put_record = sqlite_put_record,
    .get_record = sqlite_get_record,
    .set_record = sqlite_set_record,
    .delete_record = sqlite_delete_record,
    .list_records = sqlite_list_records,
    .put_task = sqlite_put_task,
    .claim_task = sqlite_claim_task,
    .beat_task = sqlite_beat_task,
    .finish_task = sqlite_finish_task,
    .cancel_task = sqlite_cancel_task,
    .get_task = sqlite_get_task,
    .list_tasks = sqlite_list_tasks,
};
