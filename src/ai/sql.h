/* A little of SQLite for the gateway's own files (ledger, records, queue). Each handle belongs to one thread at a time. */
#pragma once
#include <sqlite3.h>

#include "base/base.h"

/* WAL, foreign keys off, `schema` run once (CREATE ... IF NOT EXISTS). `full`: what is committed survives a power cut. (transfer full) */
sqlite3 *sql_open(const char *path, const char *schema, gboolean full, GError **error);
gboolean sql_run(sqlite3 *handle, const char *sql, GError **error);
/* NULL with the error set. (transfer full) */
sqlite3_stmt *sql_prepare(sqlite3 *handle, const char *sql, GError **error);
/* Always FALSE; the error from the handle. */
gboolean sql_fail(sqlite3 *handle, GError **error);
/* Binds NULL for NULL. The text must live until the next step. */
void sql_bind_text(sqlite3_stmt *statement, int index, const char *text);
/* Steps a statement that gives no rows and resets it. */
gboolean sql_step_done(sqlite3_stmt *statement);
/* All rows as objects by column name; for reports. (transfer full) */
json_t *sql_rows(sqlite3_stmt *statement, GError **error);
