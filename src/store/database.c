#include "store/database.h"

#include <string.h>

/* How long another process may hold the file. */
#define BUSY_TIMEOUT_MS 5000
/* Texts whose row number is kept in memory. */
#define TEXT_CACHE_ENTRIES 20000

/*
 * Forward only; each is run once, in order, and never changed after a release. Long texts repeat (the same question
 * asked again has the same query), so they stand once in `texts` and a row of `answers` is small.
 */
static const char *const migrations[] = {
    "CREATE TABLE texts (id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, value TEXT NOT NULL);"
    "CREATE TABLE answers ("
    "  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, session TEXT, tenant INTEGER, user INTEGER,"
    "  scope INTEGER NOT NULL, question INTEGER, status TEXT NOT NULL, query INTEGER, options INTEGER, route TEXT,"
    "  created_ms INTEGER NOT NULL, latency_us INTEGER NOT NULL, bytes_scanned INTEGER NOT NULL, rows INTEGER NOT NULL,"
    "  versions INTEGER, cost REAL NOT NULL);"
    "CREATE INDEX answers_by_session ON answers (session, number) WHERE session IS NOT NULL;",
};

typedef enum { INSERT_TEXT, FIND_TEXT, INSERT_ANSWER, GET_ANSWER, SESSION_NEWEST, LIST_ANSWERS, STATEMENT_COUNT } Statement;

#define ANSWER_COLUMNS                                                                                                 \
  "SELECT a.id, a.session, q.value, a.status, y.value, o.value, a.created_ms FROM answers a"                           \
  " JOIN texts s ON s.id = a.scope LEFT JOIN texts q ON q.id = a.question LEFT JOIN texts y ON y.id = a.query"         \
  " LEFT JOIN texts o ON o.id = a.options "

static const char *const statement_sql[STATEMENT_COUNT] = {
    [INSERT_TEXT] = "INSERT OR IGNORE INTO texts (digest, value) VALUES (?1, ?2)",
    [FIND_TEXT] = "SELECT id FROM texts WHERE digest = ?1",
    [INSERT_ANSWER] = "INSERT OR IGNORE INTO answers (id, session, tenant, user, scope, question, status, query, options, route,"
                      " created_ms, latency_us, bytes_scanned, rows, versions, cost)"
                      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
    [GET_ANSWER] = ANSWER_COLUMNS "WHERE a.id = ?1 AND s.value = ?2",
    [SESSION_NEWEST] = "SELECT a.id FROM answers a JOIN texts s ON s.id = a.scope WHERE a.session = ?1 AND s.value = ?2"
                       " ORDER BY a.number DESC LIMIT 1",
    [LIST_ANSWERS] = ANSWER_COLUMNS "WHERE s.value = ?1 ORDER BY a.number DESC LIMIT ?2",
};

struct Database {
  sqlite3 *handle;
  sqlite3_stmt *statements[STATEMENT_COUNT]; /* prepared when first used */
  GHashTable *text_ids;                      /* text -> row number; only what is committed or in this transaction */
};

static AisleErrorCode code_of(int result) {
  switch (result & 0xff) {
  case SQLITE_FULL: return AISLE_ERROR_NO_SPACE;
  case SQLITE_BUSY:
  case SQLITE_LOCKED: return AISLE_ERROR_BUSY;
  case SQLITE_CORRUPT:
  case SQLITE_NOTADB: return AISLE_ERROR_CORRUPT;
  default: return AISLE_ERROR_IO;
  }
}

/* TRUE for the results that are none; else sets the error. */
static gboolean check(Database *database, int result, GError **error) {
  if (result == SQLITE_OK || result == SQLITE_DONE || result == SQLITE_ROW) return TRUE;
  const char *reason = database->handle != NULL ? sqlite3_errmsg(database->handle) : sqlite3_errstr(result);
  g_set_error(error, AISLE_ERROR, code_of(result), "the workspace's state file: %s", reason);
  return FALSE;
}

static gboolean run(Database *database, const char *sql, GError **error) {
  return check(database, sqlite3_exec(database->handle, sql, NULL, NULL, NULL), error);
}

static sqlite3_stmt *prepared(Database *database, Statement which, GError **error) {
  sqlite3_stmt **statement = &database->statements[which];
  if (*statement != NULL) {
    sqlite3_reset(*statement);
    sqlite3_clear_bindings(*statement);
    return *statement;
  }
  int result = sqlite3_prepare_v3(database->handle, statement_sql[which], -1, SQLITE_PREPARE_PERSISTENT, statement, NULL);
  return check(database, result, error) ? *statement : NULL;
}

/* ---- opening ---- */

static gboolean read_version(Database *database, int *version, GError **error) {
  sqlite3_stmt *statement = NULL;
  int result = sqlite3_prepare_v2(database->handle, "PRAGMA user_version", -1, &statement, NULL);
  if (result == SQLITE_OK) result = sqlite3_step(statement);
  if (result == SQLITE_ROW) *version = sqlite3_column_int(statement, 0);
  gboolean read = check(database, result, error);
  sqlite3_finalize(statement);
  return read;
}

static gboolean migrate_from(Database *database, int version, GError **error) {
  const int newest = G_N_ELEMENTS(migrations);
  for (; version < newest; version++) {
    if (!run(database, migrations[version], error)) return FALSE;
  }
  g_autofree char *mark = g_strdup_printf("PRAGMA user_version = %d", newest);
  return run(database, mark, error);
}

static gboolean migrate(Database *database, GError **error) {
  const int newest = G_N_ELEMENTS(migrations);
  int version = 0;
  if (!read_version(database, &version, error)) return FALSE;
  if (version == newest) return TRUE;
  /* Another process may do the same now: read again under the lock. */
  if (!database_begin(database, error)) return FALSE;
  gboolean done = read_version(database, &version, error);
  if (done && version > newest) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_UNSUPPORTED,
                "the workspace's state file was written by a newer version; please update");
    done = FALSE;
  }
  done = done && migrate_from(database, version, error) && database_commit(database, error);
  if (!done) database_rollback(database);
  return done;
}

Database *database_open(const char *path, DatabaseMode mode, GError **error) {
  Database *database = g_new0(Database, 1);
  database->text_ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_READWRITE | (mode == DATABASE_WRITE ? SQLITE_OPEN_CREATE : 0);
  gboolean opened = check(database, sqlite3_open_v2(path, &database->handle, flags, NULL), error);
  if (opened) sqlite3_busy_timeout(database->handle, BUSY_TIMEOUT_MS);
  opened = opened && run(database, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON", error);
  if (opened && mode == DATABASE_WRITE) opened = migrate(database, error);
  if (opened) return database;
  database_free(database);
  return NULL;
}

void database_free(Database *database) {
  if (database == NULL) return;
  for (guint i = 0; i < STATEMENT_COUNT; i++) sqlite3_finalize(database->statements[i]);
  sqlite3_close(database->handle);
  g_hash_table_unref(database->text_ids);
  g_free(database);
}

gboolean database_begin(Database *database, GError **error) {
  return run(database, "BEGIN IMMEDIATE", error);
}

gboolean database_commit(Database *database, GError **error) {
  return run(database, "COMMIT", error);
}

void database_rollback(Database *database) {
  if (!sqlite3_get_autocommit(database->handle)) sqlite3_exec(database->handle, "ROLLBACK", NULL, NULL, NULL);
  g_hash_table_remove_all(database->text_ids);
}

/* ---- writing ---- */

static void bind_text(sqlite3_stmt *statement, int index, const char *text) {
  if (text != NULL) sqlite3_bind_text(statement, index, text, -1, SQLITE_STATIC);
}

/* The first half of SHA-256: two texts never share it by chance. */
static void digest_of(const char *text, guint8 digest[32]) {
  g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
  gsize length = 32;
  g_checksum_update(checksum, (const guchar *)text, (gssize)strlen(text));
  g_checksum_get_digest(checksum, digest, &length);
}

/* The row number of a text, written if it is new. */
static gboolean text_id(Database *database, const char *text, gint64 *id, GError **error) {
  gpointer known;
  if (g_hash_table_lookup_extended(database->text_ids, text, NULL, &known)) {
    *id = (gint64)(gintptr)known;
    return TRUE;
  }
  guint8 digest[32];
  digest_of(text, digest);
  sqlite3_stmt *insert = prepared(database, INSERT_TEXT, error);
  if (insert == NULL) return FALSE;
  sqlite3_bind_blob(insert, 1, digest, 16, SQLITE_STATIC);
  bind_text(insert, 2, text);
  gboolean written = check(database, sqlite3_step(insert), error);
  sqlite3_reset(insert);
  if (!written) return FALSE;
  sqlite3_stmt *find = prepared(database, FIND_TEXT, error);
  if (find == NULL) return FALSE;
  sqlite3_bind_blob(find, 1, digest, 16, SQLITE_STATIC);
  gboolean found = check(database, sqlite3_step(find), error);
  if (found) *id = sqlite3_column_int64(find, 0);
  sqlite3_reset(find);
  if (g_hash_table_size(database->text_ids) >= TEXT_CACHE_ENTRIES) g_hash_table_remove_all(database->text_ids);
  if (found) g_hash_table_insert(database->text_ids, g_strdup(text), (gpointer)(gintptr)*id);
  return found;
}

gboolean database_insert(Database *database, const StoreAnswer *answer, GError **error) {
  const struct {
    int index;
    const char *text;
  } texts[] = {{3, answer->tenant},   {4, answer->user},       {5, answer->scope_key},     {6, answer->question},
               {8, answer->query_json}, {9, answer->options_json}, {15, answer->versions_json}};
  gint64 ids[G_N_ELEMENTS(texts)] = {0};
  for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
    if (texts[i].text != NULL && !text_id(database, texts[i].text, &ids[i], error)) return FALSE;
  }
  sqlite3_stmt *statement = prepared(database, INSERT_ANSWER, error);
  if (statement == NULL) return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
    if (texts[i].text != NULL) sqlite3_bind_int64(statement, texts[i].index, ids[i]);
  }
  bind_text(statement, 1, answer->id);
  bind_text(statement, 2, answer->session);
  bind_text(statement, 7, answer->status);
  bind_text(statement, 10, answer->route);
  sqlite3_bind_int64(statement, 11, answer->created_ms);
  sqlite3_bind_int64(statement, 12, answer->latency_us);
  sqlite3_bind_int64(statement, 13, answer->bytes_scanned);
  sqlite3_bind_int64(statement, 14, answer->rows);
  sqlite3_bind_double(statement, 16, answer->cost);
  gboolean written = check(database, sqlite3_step(statement), error);
  sqlite3_reset(statement);
  return written;
}

/* ---- reading ---- */

static void set_text(json_t *object, const char *key, const char *text) {
  json_object_set_new(object, key, text != NULL ? json_string(text) : json_null());
}

static void set_json(json_t *object, const char *key, const char *text) {
  json_t *value = text != NULL ? json_parse(text, strlen(text), NULL) : NULL;
  json_object_set_new(object, key, value != NULL ? value : json_null());
}

json_t *database_answer_json(const StoreAnswer *answer) {
  json_t *object = json_object();
  set_text(object, "id", answer->id);
  set_text(object, "session", answer->session);
  set_text(object, "question", answer->question);
  set_text(object, "status", answer->status);
  set_json(object, "query", answer->query_json);
  set_json(object, "options", answer->options_json);
  json_object_set_new(object, "created_ms", json_integer(answer->created_ms));
  return object;
}

static json_t *answer_of_row(sqlite3_stmt *row) {
  StoreAnswer answer = {.id = (const char *)sqlite3_column_text(row, 0),
                        .session = (const char *)sqlite3_column_text(row, 1),
                        .question = (const char *)sqlite3_column_text(row, 2),
                        .status = (const char *)sqlite3_column_text(row, 3),
                        .query_json = (const char *)sqlite3_column_text(row, 4),
                        .options_json = (const char *)sqlite3_column_text(row, 5),
                        .created_ms = sqlite3_column_int64(row, 6)};
  return database_answer_json(&answer);
}

json_t *database_get(Database *database, const char *id, const char *scope_key, GError **error) {
  sqlite3_stmt *statement = prepared(database, GET_ANSWER, error);
  if (statement == NULL) return NULL;
  bind_text(statement, 1, id);
  bind_text(statement, 2, scope_key);
  int result = sqlite3_step(statement);
  json_t *answer = result == SQLITE_ROW ? answer_of_row(statement) : NULL;
  if (result == SQLITE_DONE)
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND, "there is no answer with this id; ask the question again");
  else check(database, result, error);
  sqlite3_reset(statement);
  return answer;
}

char *database_session_newest(Database *database, const char *session, const char *scope_key, GError **error) {
  sqlite3_stmt *statement = prepared(database, SESSION_NEWEST, error);
  if (statement == NULL) return NULL;
  bind_text(statement, 1, session);
  bind_text(statement, 2, scope_key);
  int result = sqlite3_step(statement);
  char *id = result == SQLITE_ROW ? g_strdup((const char *)sqlite3_column_text(statement, 0)) : NULL;
  check(database, result, error);
  sqlite3_reset(statement);
  return id;
}

json_t *database_list(Database *database, const char *scope_key, int limit, GError **error) {
  sqlite3_stmt *statement = prepared(database, LIST_ANSWERS, error);
  if (statement == NULL) return NULL;
  bind_text(statement, 1, scope_key);
  sqlite3_bind_int(statement, 2, limit);
  g_autoptr(json_t) list = json_array();
  int result;
  while ((result = sqlite3_step(statement)) == SQLITE_ROW) json_array_append_new(list, answer_of_row(statement));
  gboolean read = check(database, result, error);
  sqlite3_reset(statement);
  return read ? g_steal_pointer(&list) : NULL;
}
