#include "store/run_store.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "store/sql.h"

/* Pages of the log after which it is folded into the file: seldom, since folding waits for the disk. */
#define LOG_PAGES 4000

static const char *const migrations[] = {
    /* 1 */
    ("CREATE TABLE runs (id TEXT PRIMARY KEY, owner TEXT NOT NULL, state TEXT NOT NULL, finished INTEGER NOT NULL, step INTEGER NOT NULL,"
    "  checkpoint TEXT NOT NULL, answer TEXT, created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX runs_by_answer ON runs (answer) WHERE answer IS NOT NULL;"
    "CREATE INDEX runs_unfinished ON runs (owner, updated_ms) WHERE finished = 0;"
    "CREATE TABLE steps (run TEXT NOT NULL, step INTEGER NOT NULL, name TEXT NOT NULL, at_ms INTEGER NOT NULL, took_us INTEGER NOT NULL,"
    "  detail TEXT NOT NULL, PRIMARY KEY (run, step)) WITHOUT ROWID;"
    "CREATE TABLE memory (id INTEGER PRIMARY KEY AUTOINCREMENT, owner TEXT NOT NULL, phrase TEXT NOT NULL, meaning TEXT NOT NULL,"
    "  origin TEXT NOT NULL, uses INTEGER NOT NULL DEFAULT 0, created_ms INTEGER NOT NULL, UNIQUE (owner, phrase));"),
};

/* What another process taught is seen after so long where only whether there is anything is asked. */
#define LOOK_AGAIN_US ((gint64)100000)

typedef enum { PUT_RUN, PUT_STEP, GET_RUN, TRACE, UNFINISHED, RECENT, REMEMBER, COUNT_MEMORY, LIST_MEMORY, FORGET, USED, ANY_MEMORY, DATA_VERSION, STATEMENT_COUNT } Statement;
static const char *const statement_sql[STATEMENT_COUNT] = {
    [PUT_RUN] = ("INSERT INTO runs (id, owner, state, finished, step, checkpoint, created_ms, updated_ms, answer) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?8)"
                " ON CONFLICT (id) DO UPDATE SET state = ?3, finished = ?4, step = ?5, checkpoint = ?6, updated_ms = ?7, answer = ?8"
                " WHERE owner = ?2 AND step <= ?5"),
    [PUT_STEP] = "INSERT OR REPLACE INTO steps (run, step, name, at_ms, took_us, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    [GET_RUN] = "SELECT state, finished, step, checkpoint, created_ms, updated_ms FROM runs WHERE (id = ?1 OR answer = ?1) AND owner = ?2 ORDER BY answer = ?1 DESC LIMIT 1",
    [TRACE] = "SELECT s.step, s.name, s.at_ms, s.took_us, s.detail FROM steps s JOIN runs r ON r.id = s.run WHERE (r.id = ?1 OR r.answer = ?1) AND r.owner = ?2 ORDER BY r.created_ms, s.step",
    [RECENT] = "SELECT id, json_extract(checkpoint, '$.question'), finished, step, updated_ms FROM runs WHERE owner = ?1 ORDER BY updated_ms DESC, id DESC LIMIT ?2",
    [UNFINISHED] = "SELECT id FROM runs WHERE owner = ?1 AND finished = 0 AND updated_ms <= ?2 ORDER BY updated_ms LIMIT ?3",
    [REMEMBER] = ("INSERT INTO memory (owner, phrase, meaning, origin, created_ms) VALUES (?1, ?2, ?3, ?4, ?5)"
                 " ON CONFLICT (owner, phrase) DO UPDATE SET meaning = ?3, origin = ?4, created_ms = ?5, uses = 0 RETURNING id"),
    [COUNT_MEMORY] = "SELECT count(*) FROM memory WHERE owner = ?1 AND phrase <> ?2",
    [LIST_MEMORY] = "SELECT id, phrase, meaning, origin, uses, created_ms FROM memory WHERE owner = ?1 ORDER BY phrase",
    [FORGET] = "DELETE FROM memory WHERE owner = ?1 AND id = ?2",
    [USED] = "UPDATE memory SET uses = uses + 1 WHERE owner = ?1 AND id = ?2",
    [ANY_MEMORY] = "SELECT EXISTS (SELECT 1 FROM memory)",
    [DATA_VERSION] = "PRAGMA data_version",
};

struct RunStore {
  pthread_mutex_t lock; /* of everything */
  sqlite3 *handle;
  sqlite3_stmt *statements[STATEMENT_COUNT];
  gint64 memory_changes;
  _Atomic gint64 memory_seen_us; /* when it was last looked whether there is any; 0: look again */
  _Atomic gboolean has_memory;
};

/* A statement with its texts and numbers bound: 't' text, 'i' gint64, in order. Under the lock. NULL on error. */
static sqlite3_stmt *bound(RunStore *store, Statement which, GError **error, const char *kinds, ...) {
  sqlite3_stmt **statement = &store->statements[which];
  if (*statement == NULL && (*statement = sql_prepare(store->handle, statement_sql[which], error)) == NULL) return NULL;
  sqlite3_reset(*statement);
  va_list values;
  va_start(values, kinds);
  for (int i = 0; kinds[i] != '\0'; i++) {
    if (kinds[i] == 't') sql_bind_text(*statement, i + 1, va_arg(values, const char *));
    else sqlite3_bind_int64(*statement, i + 1, va_arg(values, gint64));
  }
  va_end(values);
  return *statement;
}

/* Runs a statement that gives no rows, and frees it from what was bound. */
static gboolean finish(RunStore *store, sqlite3_stmt *statement, GError **error) {
  if (statement == NULL) return FALSE;
  int result = sqlite3_step(statement);
  gboolean good = sql_check(store->handle, result, error);
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
  return good;
}

/* ---- life ---- */

RunStore *run_store_open(const char *path, GError **error) {
  g_autoptr(RunStore) store = g_new0(RunStore, 1);
  pthread_mutex_init(&store->lock, NULL);
  g_autofree char *pragmas = g_strdup_printf("PRAGMA wal_autocheckpoint = %d", LOG_PAGES);
  store->handle = sql_open(path, pragmas, FALSE, error);
  return store->handle != NULL && sql_migrate(store->handle, migrations, G_N_ELEMENTS(migrations), error) ? g_steal_pointer(&store) : NULL;
}

void run_store_free(RunStore *store) {
  if (store == NULL) return;
  for (guint i = 0; i < STATEMENT_COUNT; i++) sqlite3_finalize(store->statements[i]);
  sqlite3_close(store->handle);
  pthread_mutex_destroy(&store->lock);
  g_free(store);
}

/* ---- runs ---- */

static gboolean put_both(RunStore *store, const RunStep *step, GError **error) {
  gint64 now = g_get_real_time() / 1000;
  if (!finish(store, bound(store, PUT_RUN, error, "tttiitit", step->run, step->owner, step->state, (gint64)step->finished, step->step, step->checkpoint, now, step->answer), error))
    return FALSE;
  if (sqlite3_changes(store->handle) == 0) {
    g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_CONFLICT, "another process went on with this run; look at its trace");
    return FALSE;
  }
  return finish(store, bound(store, PUT_STEP, error, "titiit", step->run, step->step, step->step_name, now, step->took_us, step->detail), error);
}

gboolean run_store_put(RunStore *store, const RunStep *step, GError **error) {
  if (strlen(step->checkpoint) > RUN_MAX_CHECKPOINT || strlen(step->detail) > RUN_MAX_CHECKPOINT) {
    g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_TOO_LARGE, "the run has grown too large to be kept");
    return FALSE;
  }
  pthread_mutex_lock(&store->lock);
  gboolean good = sql_run(store->handle, "BEGIN IMMEDIATE", error);
  if (good) {
    good = put_both(store, step, error) && sql_run(store->handle, "COMMIT", error);
    if (!good) sql_rollback(store->handle);
  }
  pthread_mutex_unlock(&store->lock);
  return good;
}

static json_t *text_or_json(sqlite3_stmt *statement, int column) {
  const char *text = (const char *)sqlite3_column_text(statement, column);
  json_t *json = text != NULL ? json_parse(text, strlen(text), NULL) : NULL;
  return json != NULL ? json : json_null();
}

static void set_not_found(GError **error) {
  g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND, "there is no run of yours with this id");
}

json_t *run_store_get(RunStore *store, const char *run, const char *owner, GError **error) {
  json_t *found = NULL;
  pthread_mutex_lock(&store->lock);
  sqlite3_stmt *row = bound(store, GET_RUN, error, "tt", run, owner);
  int result = row != NULL ? sqlite3_step(row) : SQLITE_ERROR;
  if (row != NULL && sql_check(store->handle, result, error)) {
    if (result == SQLITE_ROW)
      found = json_pack("{s:s, s:b, s:I, s:o, s:I, s:I}", "state", sqlite3_column_text(row, 0), "finished", sqlite3_column_int(row, 1), "step",
                        (json_int_t)sqlite3_column_int64(row, 2), "checkpoint", text_or_json(row, 3), "created_ms",
                        (json_int_t)sqlite3_column_int64(row, 4), "updated_ms", (json_int_t)sqlite3_column_int64(row, 5));
    else
      set_not_found(error);
  }
  if (row != NULL) sqlite3_reset(row);
  pthread_mutex_unlock(&store->lock);
  return found;
}

/* Every row of a statement through `make`. Under the lock. */
static json_t *all_rows(RunStore *store, sqlite3_stmt *statement, json_t *(*make)(sqlite3_stmt *row), GError **error) {
  if (statement == NULL) return NULL;
  g_autoptr(json_t) list = json_array();
  int result;
  while ((result = sqlite3_step(statement)) == SQLITE_ROW) json_array_append_new(list, make(statement));
  gboolean good = sql_check(store->handle, result, error);
  sqlite3_reset(statement);
  return good ? g_steal_pointer(&list) : NULL;
}

static json_t *step_row(sqlite3_stmt *row) {
  return json_pack("{s:I, s:s, s:I, s:I, s:o}", "step", (json_int_t)sqlite3_column_int64(row, 0), "name", sqlite3_column_text(row, 1), "at_ms",
                   (json_int_t)sqlite3_column_int64(row, 2), "took_us", (json_int_t)sqlite3_column_int64(row, 3), "detail", text_or_json(row, 4));
}

static json_t *id_row(sqlite3_stmt *row) {
  return json_string((const char *)sqlite3_column_text(row, 0));
}

static json_t *memory_row(sqlite3_stmt *row) {
  return json_pack("{s:I, s:s, s:s, s:s, s:I, s:I}", "id", (json_int_t)sqlite3_column_int64(row, 0), "phrase", sqlite3_column_text(row, 1), "meaning",
                   sqlite3_column_text(row, 2), "origin", sqlite3_column_text(row, 3), "uses", (json_int_t)sqlite3_column_int64(row, 4), "created_ms",
                   (json_int_t)sqlite3_column_int64(row, 5));
}

json_t *run_store_trace(RunStore *store, const char *run, const char *owner, GError **error) {
  pthread_mutex_lock(&store->lock);
  json_t *trace = all_rows(store, bound(store, TRACE, error, "tt", run, owner), step_row, error);
  pthread_mutex_unlock(&store->lock);
  if (trace == NULL || json_array_size(trace) > 0) return trace;
  json_decref(trace);
  set_not_found(error);
  return NULL;
}

json_t *run_store_unfinished(RunStore *store, const char *owner, gint64 idle_ms, int limit, GError **error) {
  gint64 before = g_get_real_time() / 1000 - idle_ms;
  pthread_mutex_lock(&store->lock);
  json_t *ids = all_rows(store, bound(store, UNFINISHED, error, "tii", owner, before, (gint64)limit), id_row, error);
  pthread_mutex_unlock(&store->lock);
  return ids;
}

static json_t *recent_row(sqlite3_stmt *row) {
  return json_pack("{s:s, s:s?, s:b, s:I, s:I}", "id", sqlite3_column_text(row, 0), "question", sqlite3_column_text(row, 1), "finished",
                   sqlite3_column_int(row, 2), "steps", (json_int_t)sqlite3_column_int64(row, 3), "updated_ms", (json_int_t)sqlite3_column_int64(row, 4));
}

json_t *run_store_recent(RunStore *store, const char *owner, int limit, GError **error) {
  pthread_mutex_lock(&store->lock);
  json_t *runs = all_rows(store, bound(store, RECENT, error, "ti", owner, (gint64)limit), recent_row, error);
  pthread_mutex_unlock(&store->lock);
  return runs;
}

/* ---- memory ---- */

static gboolean text_fits(const char *text) {
  gsize length = strlen(text);
  return length > 0 && length <= MEMORY_MAX_TEXT && text_is_valid(text, length);
}

/* Under the lock. */
static gboolean memory_has_room(RunStore *store, const char *owner, const char *phrase, GError **error) {
  sqlite3_stmt *count = bound(store, COUNT_MEMORY, error, "tt", owner, phrase);
  if (count == NULL || !sql_check(store->handle, sqlite3_step(count), error)) return FALSE;
  gint64 entries = sqlite3_column_int64(count, 0);
  sqlite3_reset(count);
  if (entries < MEMORY_MAX_ENTRIES) return TRUE;
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_TOO_LARGE, "at most %d words are remembered; forget some first", MEMORY_MAX_ENTRIES);
  return FALSE;
}

gboolean run_store_remember(RunStore *store, const char *owner, const char *phrase, const char *meaning, const char *origin, gint64 *id,
                            GError **error) {
  g_autofree char *folded = text_fold(phrase);
  if (!text_fits(folded) || !text_fits(meaning)) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "a phrase and its meaning are texts of 1 to %d bytes", MEMORY_MAX_TEXT);
    return FALSE;
  }
  pthread_mutex_lock(&store->lock);
  sqlite3_stmt *row = memory_has_room(store, owner, folded, error)
                          ? bound(store, REMEMBER, error, "tttti", owner, folded, meaning, origin, g_get_real_time() / 1000)
                          : NULL;
  gboolean good = row != NULL && sql_check(store->handle, sqlite3_step(row), error);
  if (good && id != NULL) *id = sqlite3_column_int64(row, 0);
  if (row != NULL) sqlite3_reset(row);
  store->memory_changes += good;
  atomic_store(&store->memory_seen_us, 0);
  pthread_mutex_unlock(&store->lock);
  return good;
}

json_t *run_store_memory(RunStore *store, const char *owner, GError **error) {
  pthread_mutex_lock(&store->lock);
  json_t *entries = all_rows(store, bound(store, LIST_MEMORY, error, "t", owner), memory_row, error);
  pthread_mutex_unlock(&store->lock);
  return entries;
}

gboolean run_store_forget(RunStore *store, const char *owner, gint64 id, GError **error) {
  pthread_mutex_lock(&store->lock);
  gboolean good = finish(store, bound(store, FORGET, error, "ti", owner, id), error);
  if (good && sqlite3_changes(store->handle) == 0) {
    g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND, "nothing of yours is remembered under this number");
    good = FALSE;
  }
  store->memory_changes += good;
  atomic_store(&store->memory_seen_us, 0);
  pthread_mutex_unlock(&store->lock);
  return good;
}

gboolean run_store_memory_used(RunStore *store, const char *owner, gint64 id, GError **error) {
  pthread_mutex_lock(&store->lock);
  gboolean good = finish(store, bound(store, USED, error, "ti", owner, id), error);
  pthread_mutex_unlock(&store->lock);
  return good;
}

gboolean run_store_has_memory(RunStore *store) {
  gint64 now = g_get_monotonic_time(), seen = atomic_load(&store->memory_seen_us);
  if (seen != 0 && now - seen < LOOK_AGAIN_US) return atomic_load(&store->has_memory);
  pthread_mutex_lock(&store->lock);
  sqlite3_stmt *row = bound(store, ANY_MEMORY, NULL, "");
  /* Where it cannot be read, what is asked for it will say why. */
  gboolean any = row == NULL || sqlite3_step(row) != SQLITE_ROW || sqlite3_column_int(row, 0) != 0;
  if (row != NULL) sqlite3_reset(row);
  atomic_store(&store->has_memory, any);
  atomic_store(&store->memory_seen_us, now);
  pthread_mutex_unlock(&store->lock);
  return any;
}

gint64 run_store_memory_version(RunStore *store, GError **error) {
  gint64 version = -1;
  pthread_mutex_lock(&store->lock);
  sqlite3_stmt *row = bound(store, DATA_VERSION, error, "");
  if (row != NULL && sql_check(store->handle, sqlite3_step(row), error)) version = (sqlite3_column_int64(row, 0) << 32) + store->memory_changes;
  if (row != NULL) sqlite3_reset(row);
  pthread_mutex_unlock(&store->lock);
  return version;
}
