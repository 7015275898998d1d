/* Pins, feedback, links: small JSON objects somebody made. */
#include <string.h>

#include "store/sqlite_private.h"

static const char no_record[] = "there is nothing with this id; it may have been removed";

gboolean sqlite_put_record(Database *database, StoreKind kind, const StoreRecord *record, GError **error) {
  gint64 scope = 0;
  if (!sqlite_text_id(database, record->scope_key, &scope, error)) return FALSE;
  sqlite3_stmt *count = sqlite_prepared(database, SQL_COUNT_RECORDS, error);
  if (count == NULL) return FALSE;
  sqlite3_bind_int(count, 1, (int)kind);
  sqlite3_bind_int64(count, 2, scope);
  int result = sqlite3_step(count);
  gint64 n = result == SQLITE_ROW ? sqlite3_column_int64(count, 0) : 0;
  sqlite3_reset(count);
  if (n >= STORE_MAX_RECORDS) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_TOO_LARGE, "there are %d of these already; remove some first", STORE_MAX_RECORDS);
    return FALSE;
  }
  sqlite3_stmt *statement = sqlite_prepared(database, SQL_PUT_RECORD, error);
  if (statement == NULL) return FALSE;
  g_autofree char *body = json_to_text(record->body, JSON_PLAIN);
  sqlite3_bind_int(statement, 1, (int)kind);
  sql_bind_text(statement, 2, record->id);
  sqlite3_bind_int64(statement, 3, scope);
  sql_bind_text(statement, 4, record->subject);
  sql_bind_text(statement, 5, body);
  sqlite3_bind_int64(statement, 6, record->created_ms);
  sqlite3_bind_int64(statement, 7, record->expires_ms);
  return sqlite_finish(database, statement, NULL, error);
}

static json_t *read_record(sqlite3_stmt *row) {
  const char *body = (const char *)sqlite3_column_text(row, 2);
  json_t *record = body != NULL ? json_parse(body, strlen(body), NULL) : NULL;
  if (!json_is_object(record)) {
    json_decref(record);
    record = json_object();
  }
  json_set_text(record, "id", (const char *)sqlite3_column_text(row, 0));
  const char *subject = (const char *)sqlite3_column_text(row, 1);
  if (subject != NULL) json_set_text(record, "subject", subject);
  json_object_set_new(record, "created_ms", json_integer(sqlite3_column_int64(row, 3)));
  json_object_set_new(record, "updated_ms", json_integer(sqlite3_column_int64(row, 4)));
  gint64 expires_ms = sqlite3_column_int64(row, 5);
  if (expires_ms != 0) json_object_set_new(record, "expires_ms", json_integer(expires_ms));
  return record;
}

json_t *sqlite_get_record(Database *database, StoreKind kind, const char *id, const char *scope_key, GError **error) {
  sqlite3_stmt *statement = sqlite_prepared(database, SQL_GET_RECORD, error);
  if (statement == NULL || !sqlite_bind_scope(database, statement, 3, scope_key, error)) return NULL;
  sqlite3_bind_int(statement, 1, (int)kind);
  sql_bind_text(statement, 2, id);
  return sqlite_only(database, statement, read_record, no_record, error);
}

/* Runs a statement that must change something. */
static gboolean change(Database *database, sqlite3_stmt *statement, StoreKind kind, const char *id, const char *scope_key, GError **error) {
  if (!sqlite_bind_scope(database, statement, 3, scope_key, error)) return FALSE;
  sqlite3_bind_int(statement, 1, (int)kind);
  sql_bind_text(statement, 2, id);
  int changed = 0;
  if (!sqlite_finish(database, statement, &changed, error)) return FALSE;
  if (changed == 0) g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND, no_record);
  return changed > 0;
}

gboolean sqlite_set_record(Database *database, StoreKind kind, const char *id, const char *scope_key, const json_t *body, gint64 now_ms,
                           GError **error) {
  sqlite3_stmt *statement = sqlite_prepared(database, SQL_SET_RECORD, error);
  if (statement == NULL) return FALSE;
  g_autofree char *text = json_to_text(body, JSON_PLAIN);
  sql_bind_text(statement, 4, text);
  sqlite3_bind_int64(statement, 5, now_ms);
  return change(database, statement, kind, id, scope_key, error);
}

gboolean sqlite_delete_record(Database *database, StoreKind kind, const char *id, const char *scope_key, GError **error) {
  sqlite3_stmt *statement = sqlite_prepared(database, SQL_DELETE_RECORD, error);
  return statement != NULL && change(database, statement, kind, id, scope_key, error);
}

json_t *sqlite_list_records(Database *database, StoreKind kind, const char *scope_key, const char *subject, int limit, GError **error) {
  sqlite3_stmt *statement = sqlite_prepared(database, SQL_LIST_RECORDS, error);
  if (statement == NULL || !sqlite_bind_scope(database, statement, 2, scope_key, error)) return NULL;
  sqlite3_bind_int(statement, 1, (int)kind);
  sql_bind_text(statement, 3, subject);
  sqlite3_bind_int(statement, 4, limit);
  return sqlite_collect(database, statement, read_record, error);
}
