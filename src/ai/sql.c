#include "ai/sql.h"

#define BUSY_TIMEOUT_MS 10000

gboolean sql_fail(sqlite3 *handle, GError **error) {
  int code = handle != NULL ? sqlite3_errcode(handle) & 0xff : SQLITE_NOMEM;
  AisleErrorCode mapped = code == SQLITE_FULL                               ? AISLE_ERROR_NO_SPACE
                          : code == SQLITE_BUSY || code == SQLITE_LOCKED    ? AISLE_ERROR_BUSY
                          : code == SQLITE_CORRUPT || code == SQLITE_NOTADB ? AISLE_ERROR_CORRUPT
                                                                            : AISLE_ERROR_IO;
  g_set_error(error, AISLE_ERROR, mapped, "the gateway's state file: %s", handle != NULL ? sqlite3_errmsg(handle) : "no memory");
  return FALSE;
}

gboolean sql_run(sqlite3 *handle, const char *sql, GError **error) {
  return sqlite3_exec(handle, sql, NULL, NULL, NULL) == SQLITE_OK || sql_fail(handle, error);
}

sqlite3 *sql_open(const char *path, const char *schema, gboolean full, GError **error) {
  sqlite3 *handle = NULL;
  g_autofree char *folder = g_path_get_dirname(path);
  g_mkdir_with_parents(folder, 0700);
  gboolean opened = sqlite3_open_v2(path, &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK ||
                    sql_fail(handle, error);
  if (opened) sqlite3_busy_timeout(handle, BUSY_TIMEOUT_MS);
  opened = opened && sql_run(handle, full ? "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL" : "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL", error) &&
           sql_run(handle, schema, error);
  if (opened) return handle;
  sqlite3_close(handle);
  return NULL;
}

sqlite3_stmt *sql_prepare(sqlite3 *handle, const char *sql, GError **error) {
  sqlite3_stmt *statement = NULL;
  if (sqlite3_prepare_v3(handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) == SQLITE_OK) return statement;
  sql_fail(handle, error);
  return NULL;
}

void sql_bind_text(sqlite3_stmt *statement, int index, const char *text) {
  if (text != NULL) sqlite3_bind_text(statement, index, text, -1, SQLITE_STATIC);
  else sqlite3_bind_null(statement, index);
}

gboolean sql_step_done(sqlite3_stmt *statement) {
  int result = sqlite3_step(statement);
  sqlite3_reset(statement);
  return result == SQLITE_DONE || result == SQLITE_ROW;
}

static json_t *column_json(sqlite3_stmt *statement, int column) {
  switch (sqlite3_column_type(statement, column)) {
  case SQLITE_INTEGER: return json_integer(sqlite3_column_int64(statement, column));
  case SQLITE_FLOAT: return json_real(sqlite3_column_double(statement, column));
  case SQLITE_TEXT: {
    json_t *text = json_string((const char *)sqlite3_column_text(statement, column));
    return text != NULL ? text : json_null();
  }
  default: return json_null();
  }
}

json_t *sql_rows(sqlite3_stmt *statement, GError **error) {
  g_autoptr(json_t) rows = json_array();
  int result;
  while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
    json_t *row = json_object();
    for (int i = 0; i < sqlite3_column_count(statement); i++)
      json_object_set_new(row, sqlite3_column_name(statement, i), column_json(statement, i));
    json_array_append_new(rows, row);
  }
  if (result != SQLITE_DONE) {
    sql_fail(sqlite3_db_handle(statement), error);
    return NULL;
  }
  return g_steal_pointer(&rows);
}
