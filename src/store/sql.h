/* A little of SQLite for the program's own files in a workspace's state/. Each handle belongs to one thread at a time. Errors name
 * the file without its folder: NO_SPACE, BUSY, EXISTS (a constraint), CORRUPT, else IO. */
#pragma once
#include <sqlite3.h>

#include "base/base.h"

/* WAL; `schema` (NULL: nothing) is run each time. `full`: what is committed survives a power cut. The file is made when it is
 * missing, and so is its folder, but none above that. (transfer full) */
sqlite3 *sql_open(const char *path, const char *schema, gboolean full, GError **error);
/* Runs those of the steps (SQL) that the file has not seen yet, all or none, and notes it in its user_version. Of several processes
 * one does it. UNSUPPORTED when the file has seen more steps than there are. */
gboolean sql_migrate(sqlite3 *handle, const char *const *steps, guint n_steps, GError **error);
/* TRUE for SQLite's results that are none; else the error that it means. `handle` may be NULL. */
gboolean sql_check(sqlite3 *handle, int result, GError **error);
/* Always FALSE; the error of the handle's last call. */
gboolean sql_fail(sqlite3 *handle, GError **error);
gboolean sql_run(sqlite3 *handle, const char *sql, GError **error);
/* Takes back what was begun; nothing when nothing was. */
void sql_rollback(sqlite3 *handle);
/* NULL with the error set. (transfer full) */
sqlite3_stmt *sql_prepare(sqlite3 *handle, const char *sql, GError **error);
/* Binds NULL for NULL. The text must live until the next step. */
void sql_bind_text(sqlite3_stmt *statement, int index, const char *text);
/* Steps a statement that gives no rows and resets it. */
gboolean sql_step_done(sqlite3_stmt *statement);
/* All rows as objects by column name; for reports. (transfer full) */
json_t *sql_rows(sqlite3_stmt *statement, GError **error);
