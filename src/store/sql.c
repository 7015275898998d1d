#include "store/sql.h"

#include <glib/gstdio.h>

/* How long another process may hold a file. */
#define BUSY_TIMEOUT_MS 10000

static AisleErrorCode code_of(int result) {
  switch (result & 0xff) {
  case SQLITE_FULL: return AISLE_ERROR_NO_SPACE;
  case SQLITE_BUSY:
  case SQLITE_LOCKED: return AISLE_ERROR_BUSY;
  case SQLITE_CONSTRAINT: return AISLE_ERROR_EXISTS;
  case SQLITE_CORRUPT:
  case SQLITE_NOTADB: return AISLE_ERROR_CORRUPT;
  default: return AISLE_ERROR_IO;
  }
}

/* (transfer full) */
static char *name_of(sqlite3 *handle) {
  const char *path = handle != NULL ? sqlite3_db_filename(handle, NULL) : NULL;
  return path != NULL && *path != '\0' ? g_path_get_basename(path) : g_strdup("of the workspace");
}

gboolean sql_check(sqlite3 *handle, int result, GError **error) {
  if (result == SQLITE_OK || result == SQLITE_DONE || result == SQLITE_ROW) return TRUE;
  g_autofree char *name = name_of(handle);
  if ((result & 0xff) == SQLITE_READONLY)
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_IO, "the state file %s cannot be written; this user needs to write in the folder state/ of the workspace", name);
  else
    g_set_error(error, AISLE_ERROR, code_of(result), "the state file %s: %s", name,
                handle != NULL ? sqlite3_errmsg(handle) : sqlite3_errstr(result));
  return FALSE;
}

gboolean sql_fail(sqlite3 *handle, GError **error) {
  int result = handle != NULL ? sqlite3_errcode(handle) : SQLITE_NOMEM;
  sql_check(handle, result != SQLITE_OK ? result : SQLITE_ERROR, error);
  return FALSE;
}

gboolean sql_run(sqlite3 *handle, const char *sql, GError **error) {
  return sql_check(handle, sqlite3_exec(handle, sql, NULL, NULL, NULL), error);
}

void sql_rollback(sqlite3 *handle) {
  if (!sqlite3_get_autocommit(handle)) sqlite3_exec(handle, "ROLLBACK", NULL, NULL, NULL);
}

sqlite3 *sql_open(const char *path, const char *schema, gboolean full, GError **error) {
  sqlite3 *handle = NULL;
  g_autofree char *folder = g_path_get_dirname(path);
  g_mkdir(folder, 0700);
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  int result = sqlite3_open_v2(path, &handle, flags, NULL);
  gboolean opened = result == SQLITE_OK;
  if (!opened) {
    g_autofree char *name = g_path_get_basename(path);
    g_set_error(error, AISLE_ERROR, code_of(result), "the state file %s cannot be opened: %s", name,
                handle != NULL ? sqlite3_errmsg(handle) : sqlite3_errstr(result));
  }
  if (opened) sqlite3_busy_timeout(handle, BUSY_TIMEOUT_MS);
  opened = opened && sql_run(handle, full ? "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL" : "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL", error) &&
           (schema == NULL || sql_run(handle, schema, error));
  if (opened) return handle;
  sqlite3_close(handle);
  return NULL;
}

/* ---- versions of a file ---- */

static gboolean read_version(sqlite3 *handle, guint *version, GError **error) {
  sqlite3_stmt *statement = sql_prepare(handle, "PRAGMA user_version", error);
  if (statement == NULL) return FALSE;
  int result = sqlite3_step(statement);
  if (result == SQLITE_ROW) *version = (guint)MAX(sqlite3_column_int(statement, 0), 0);
  gboolean read = sql_check(handle, result, error);
  sqlite3_finalize(statement);
  return read;
}

static gboolean run_steps(sqlite3 *handle, const char *const *steps, guint version, guint n_steps, GError **error) {
  if (version > n_steps) {
    g_autofree char *name = name_of(handle);
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_UNSUPPORTED, "the state file %s was written by a newer Aisle; update this one", name);
    return FALSE;
  }
  for (; version < n_steps; version++)
    if (!sql_run(handle, steps[version], error)) return FALSE;
  g_autofree char *mark = g_strdup_printf("PRAGMA user_version = %u", n_steps);
  return sql_run(handle, mark, error);
}

gboolean sql_migrate(sqlite3 *handle, const char *const *steps, guint n_steps, GError **error) {
  guint version = 0;
  if (!read_version(handle, &version, error)) return FALSE;
  if (version == n_steps) return TRUE;
  /* Another process may do the same now: read again under the lock. */
  if (!sql_run(handle, "BEGIN IMMEDIATE", error)) return FALSE;
  gboolean done = read_version(handle, &version, error) && run_steps(handle, steps, version, n_steps, error) && sql_run(handle, "COMMIT", error);
  if (!done) sql_rollback(handle);
  return done;
}

/* ---- statements ---- */

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
  return sql_check(sqlite3_db_handle(statement), result, error) ? g_steal_pointer(&rows) : NULL;
}
