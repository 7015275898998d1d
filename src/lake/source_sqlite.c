/* Tables of an SQLite file, staged as text. */
#include "lake/import.h"
#include <sqlite3.h>
#include <string.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(sqlite3, sqlite3_close_v2)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(sqlite3_stmt, sqlite3_finalize)

static void set_sqlite_error(GError **error, sqlite3 *database, const char *shown) {
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_INPUT, "%s: SQLite says: %s", shown, sqlite3_errmsg(database));
}

/* Every cell quoted, so that the dialect of the staged file is beyond doubt. */
static void append_quoted(GString *line, const char *text) {
  g_string_append_c(line, '"');
  for (const char *p = text; *p; p++) {
    if (*p == '"') g_string_append_c(line, '"');
    g_string_append_c(line, *p);
  }
  g_string_append_c(line, '"');
}

static gboolean stage_table(ImportContext *context, sqlite3 *database, const char *table, const char *staged,
                            const char *shown, gint64 *rows, GError **error) {
  g_autofree char *name = text_sql_identifier(table);
  g_autofree char *sql = g_strdup_printf("SELECT * FROM %s", name);
  g_autoptr(sqlite3_stmt) statement = NULL;
  if (sqlite3_prepare_v2(database, sql, -1, &statement, NULL) != SQLITE_OK) {
    set_sqlite_error(error, database, shown);
    return FALSE;
  }
  g_autoptr(DiskWriter) out = disk_writer_new(staged, FALSE, error);
  if (!out) return FALSE;
  int columns = sqlite3_column_count(statement);
  g_autoptr(GString) line = g_string_new(NULL);
  for (int i = 0; i < columns; i++) {
    if (i) g_string_append_c(line, ',');
    append_quoted(line, sqlite3_column_name(statement, i));
  }
  int code;
  do {
    g_string_append_c(line, '\n');
    disk_writer_add(out, line->str, line->len);
    g_string_truncate(line, 0);
    code = sqlite3_step(statement);
    for (int i = 0; i < columns && code == SQLITE_ROW; i++) {
      const char *text = (const char *)sqlite3_column_text(statement, i);
      if (i) g_string_append_c(line, ',');
      append_quoted(line, text ? text : "");
    }
    *rows += code == SQLITE_ROW;
    if (*rows % 4096 == 0 && !deadline_check(context->deadline, error)) return FALSE;
  } while (code == SQLITE_ROW);
  if (code != SQLITE_DONE) {
    set_sqlite_error(error, database, shown);
    return FALSE;
  }
  return disk_writer_close(g_steal_pointer(&out), error);
}

GPtrArray *source_sqlite_tables(ImportContext *context, const TableSource *source, GError **error) {
  g_autoptr(sqlite3) database = NULL;
  if (sqlite3_open_v2(source->paths->pdata[0], &database, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK) {
    set_sqlite_error(error, database, source->shown);
    return NULL;
  }
  g_autoptr(sqlite3_stmt) list = NULL;
  const char *sql =
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!' ORDER BY name";
  if (sqlite3_prepare_v2(database, sql, -1, &list, NULL) != SQLITE_OK) {
    set_sqlite_error(error, database, source->shown);
    return NULL;
  }
  g_autoptr(GPtrArray) sources = g_ptr_array_new_with_free_func((GDestroyNotify)table_source_free);
  while (sqlite3_step(list) == SQLITE_ROW) {
    const char *table = (const char *)sqlite3_column_text(list, 0);
    g_autofree char *file = g_strdup_printf("sqlite-%u.csv", sources->len);
    char *staged = g_build_filename(context->staging, file, NULL);
    TableSource *text = g_new0(TableSource, 1);
    text->kind = SOURCE_TEXT;
    text->name = g_strdup(table);
    text->shown = g_strdup_printf("%s (%s)", source->shown, table);
    text->paths = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(text->paths, staged);
    gint64 rows = 0;
    if (!stage_table(context, database, table, staged, text->shown, &rows, error)) {
      table_source_free(text);
      return NULL;
    }
    if (rows > 0)
      g_ptr_array_add(sources, text);
    else
      table_source_free(text); /* an empty table says nothing */
  }
  if (sources->len == 0) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_INPUT, "%s: the database has no table with rows", source->shown);
    return NULL;
  }
  return g_steal_pointer(&sources);
}
