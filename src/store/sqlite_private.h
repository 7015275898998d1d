/* Inside the SQLite kind: one connection, its statements, and its schema. */
#pragma once
#include "store/database.h"
#include "store/sql.h"

/* Statements are prepared when first used, and kept. */
typedef enum {
  SQL_INSERT_TEXT, SQL_FIND_TEXT, SQL_INSERT_ANSWER, SQL_MEND_ANSWER, SQL_TOUCH_THREAD, SQL_GET_ANSWER, SQL_SESSION_NEWEST, SQL_SEARCH_ANSWERS, SQL_SESSION_ANSWERS,
  SQL_LIST_THREADS, SQL_GET_THREAD, SQL_RENAME_THREAD, SQL_DELETE_THREAD,
  SQL_COUNT_RECORDS, SQL_PUT_RECORD, SQL_GET_RECORD, SQL_SET_RECORD, SQL_DELETE_RECORD, SQL_LIST_RECORDS,
  SQL_PUT_TASK, SQL_FORGET_TASKS, SQL_GIVE_UP_TASKS, SQL_NEXT_TASK, SQL_CLAIM_TASK, SQL_BEAT_TASK, SQL_IS_WANTED, SQL_FINISH_TASK, SQL_CANCEL_TASK,
  SQL_REMOVE_TASK, SQL_GET_TASK, SQL_LIST_TASKS,
  SQL_COUNT
} SqliteStatement;

struct Database {
  sqlite3 *handle;
  sqlite3_stmt *statements[SQL_COUNT];
  GHashTable *text_ids; /* text -> row number; only what is committed or in this transaction */
};

/* Ready to be bound. NULL on error. (transfer none) */
sqlite3_stmt *sqlite_prepared(Database *database, SqliteStatement which, GError **error);
/* The row number of a scope, one that nothing has where the scope is not known yet; NULL binds NULL. */
gboolean sqlite_bind_scope(Database *database, sqlite3_stmt *statement, int index, const char *scope_key, GError **error);
/* Runs it and resets it; *changed (may be NULL): rows it changed. */
gboolean sqlite_finish(Database *database, sqlite3_stmt *statement, int *changed, GError **error);
/* Every row as `read` makes it, as an array; resets the statement. (transfer full) */
json_t *sqlite_collect(Database *database, sqlite3_stmt *statement, json_t *(*read)(sqlite3_stmt *row), GError **error);
/* The only row; NOT_FOUND with `missing` when there is none. (transfer full) */
json_t *sqlite_only(Database *database, sqlite3_stmt *statement, json_t *(*read)(sqlite3_stmt *row), const char *missing, GError **error);
/* The row number of a text, written if it is new. In a transaction. */
gboolean sqlite_text_id(Database *database, const char *text, gint64 *id, GError **error);
/* "%text%" for LIKE with '\\'. NULL for NULL. (transfer full) */
char *sqlite_like(const char *text);

void json_set_text(json_t *object, const char *key, const char *text);    /* NULL becomes null */
void json_set_parsed(json_t *object, const char *key, const char *text);  /* JSON text */

/* Brings the schema to the newest version (sqlite_schema.c). */
gboolean sqlite_migrate(Database *database, GError **error);

gboolean sqlite_begin(Database *database, GError **error);
gboolean sqlite_commit(Database *database, GError **error);
void sqlite_rollback(Database *database);

/* What database_sqlite points to: sqlite_answers.c, sqlite_records.c, sqlite_tasks.c. */
gboolean sqlite_insert_answer(Database *database, const StoreAnswer *answer, GError **error);
json_t *sqlite_get_answer(Database *database, const char *id, const char *scope_key, GError **error);
char *sqlite_session_newest(Database *database, const char *session, const char *scope_key, GError **error);
json_t *sqlite_search_answers(Database *database, const StoreSearch *search, GError **error);
json_t *sqlite_list_threads(Database *database, const StoreSearch *search, GError **error);
json_t *sqlite_get_thread(Database *database, const char *id, const char *scope_key, GError **error);
gboolean sqlite_rename_thread(Database *database, const char *id, const char *scope_key, const char *title, GError **error);
gboolean sqlite_delete_thread(Database *database, const char *id, const char *scope_key, GError **error);
gboolean sqlite_put_record(Database *database, StoreKind kind, const StoreRecord *record, GError **error);
json_t *sqlite_get_record(Database *database, StoreKind kind, const char *id, const char *scope_key, GError **error);
gboolean sqlite_set_record(Database *database, StoreKind kind, const char *id, const char *scope_key, const json_t *body, gint64 now_ms,
                           GError **error);
gboolean sqlite_delete_record(Database *database, StoreKind kind, const char *id, const char *scope_key, GError **error);
json_t *sqlite_list_records(Database *database, StoreKind kind, const char *scope_key, const char *subject, int limit, GError **error);
gboolean sqlite_put_task(Database *database, const StoreTask *task, GError **error);
json_t *sqlite_claim_task(Database *database, const char *scope_key, const char *runner, gint64 now_ms, gint64 lease_ms, GError **error);
gboolean sqlite_beat_task(Database *database, const char *id, const char *runner, double percent, gint64 rows, gint64 lease_ms,
                          gboolean *go_on, GError **error);
gboolean sqlite_finish_task(Database *database, const char *id, const char *runner, const char *status, const char *answer,
                            const char *problem, gint64 now_ms, GError **error);
gboolean sqlite_cancel_task(Database *database, const char *id, const char *scope_key, gint64 now_ms, GError **error);
json_t *sqlite_get_task(Database *database, const char *id, const char *scope_key, gboolean with_answer, GError **error);
json_t *sqlite_list_tasks(Database *database, const char *scope_key, int limit, GError **error);
