#include "ai/record.h"

#include <pthread.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/condition.h"
#include "store/sql.h"

#define QUEUE_MAX 50000
/* What came in this time is written together. Writing takes a core for a millisecond or more: begun with the first record, it
 * would stand in the way of the very replies that are going out just then. */
#define BATCH_PAUSE_MS 25
/* After so many pauses without a record the thread sleeps until one comes; before, nobody needs to wake it. */
#define PAUSES_AWAKE 40
#define WRITER_NICE 10
#define REPLIES_KEPT_MS ((gint64)24 * 3600000)

static const char SCHEMA[] =
    "CREATE TABLE IF NOT EXISTS calls (number INTEGER PRIMARY KEY, id TEXT NOT NULL, at_ms INTEGER NOT NULL, tenant TEXT, team TEXT,"
    " user TEXT, purpose TEXT, logical TEXT, template TEXT, version TEXT, route TEXT, model TEXT, status TEXT NOT NULL, cache TEXT,"
    " input_tokens INTEGER NOT NULL, cached_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL, cost_nano INTEGER NOT NULL,"
    " saved_nano INTEGER NOT NULL, latency_us INTEGER NOT NULL, attempts INTEGER NOT NULL, repairs INTEGER NOT NULL, consistency REAL,"
    " verdicts TEXT, input TEXT, output TEXT, idempotency TEXT);"
    "CREATE INDEX IF NOT EXISTS calls_by_time ON calls (at_ms);"
    /* The answer of a batch that is read a second time after a crash is the same call. */
    "CREATE UNIQUE INDEX IF NOT EXISTS calls_of_batches ON calls (id) WHERE id >= 'batch-' AND id < 'batch.';"
    "CREATE TABLE IF NOT EXISTS replies (key TEXT PRIMARY KEY, at_ms INTEGER NOT NULL, reply TEXT NOT NULL) WITHOUT ROWID;";
static const char INSERT[] =
    "INSERT OR REPLACE INTO calls (id, at_ms, tenant, team, user, purpose, logical, template, version, route, model, status, cache, input_tokens,"
    " cached_tokens, output_tokens, cost_nano, saved_nano, latency_us, attempts, repairs, consistency, verdicts, input, output, idempotency)"
    " VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,?21,?22,?23,?24,?25,?26)";

struct AiRecords {
  sqlite3 *handle;
  sqlite3_stmt *insert, *keep;
  pthread_mutex_t reader_lock;
  sqlite3 *reader; /* under reader_lock */
  pthread_t thread;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  GPtrArray *queued; /* of AiRecord*; under lock */
  gboolean stop, writing;
  gboolean asleep; /* the thread waits to be woken */
  gboolean hurry;  /* something is queued that should not wait for others */
  gint64 prune_before_ms;
  gint waiting; /* atomic: how many are queued */
};

void ai_record_free(AiRecord *record) {
  if (record == NULL) return;
  char *const texts[] = {record->id,    record->tenant, record->team,   record->user,  record->purpose,  record->logical, record->template_id,
                         record->version, record->route, record->model, record->status, record->cache, record->verdicts, record->idempotency,
                         record->input, record->output, record->reply_key, record->reply};
  for (guint i = 0; i < G_N_ELEMENTS(texts); i++) g_free(texts[i]);
  g_free(record);
}

static gboolean insert(AiRecords *records, const AiRecord *record) {
  const char *const texts[] = {record->tenant,  record->team,  record->user,  record->purpose, record->logical, record->template_id,
                               record->version, record->route, record->model, record->status,  record->cache};
  const gint64 numbers[] = {record->usage.input_tokens, record->usage.cached_tokens, record->usage.output_tokens, record->cost_nano,
                            record->saved_nano, record->latency_us, record->attempts, record->repairs};
  sqlite3_stmt *statement = records->insert;
  sql_bind_text(statement, 1, record->id);
  sqlite3_bind_int64(statement, 2, record->at_ms);
  for (int i = 0; i < (int)G_N_ELEMENTS(texts); i++) sql_bind_text(statement, 3 + i, texts[i]);
  for (int i = 0; i < (int)G_N_ELEMENTS(numbers); i++) sqlite3_bind_int64(statement, 14 + i, numbers[i]);
  if (record->consistency >= 0) sqlite3_bind_double(statement, 22, record->consistency);
  else sqlite3_bind_null(statement, 22);
  sql_bind_text(statement, 23, record->verdicts);
  sql_bind_text(statement, 24, record->input);
  sql_bind_text(statement, 25, record->output);
  sql_bind_text(statement, 26, record->idempotency);
  if (!sql_step_done(statement)) return FALSE;
  if (record->reply == NULL) return TRUE;
  sql_bind_text(records->keep, 1, record->reply_key);
  sqlite3_bind_int64(records->keep, 2, record->at_ms);
  sql_bind_text(records->keep, 3, record->reply);
  return sql_step_done(records->keep);
}

static void write_batch(AiRecords *records, GPtrArray *batch, gint64 prune_before_ms) {
  g_autoptr(GError) error = NULL;
  gboolean done = sql_run(records->handle, "BEGIN IMMEDIATE", &error);
  for (guint i = 0; done && i < batch->len; i++) done = insert(records, g_ptr_array_index(batch, i)) || sql_fail(records->handle, &error);
  if (done && prune_before_ms > 0) {
    g_autofree char *sql = g_strdup_printf("DELETE FROM calls WHERE at_ms < %" G_GINT64_FORMAT "; DELETE FROM replies WHERE at_ms < %" G_GINT64_FORMAT,
                                           prune_before_ms, g_get_real_time() / 1000 - REPLIES_KEPT_MS);
    done = sql_run(records->handle, sql, &error);
  }
  done = done && sql_run(records->handle, "COMMIT", &error);
  if (done) return;
  sql_rollback(records->handle);
  g_warning("%u records of model calls could not be written: %s", batch->len, error->message);
}

static void pause_here(AiRecords *records) {
  condition_wait_ms(&records->changed, &records->lock, BATCH_PAUSE_MS);
}

/* Under the lock, until there is something to write and it has waited for others, or it is to stop. */
static void wait_for_records(AiRecords *records) {
  if (!records->stop && !records->hurry && records->prune_before_ms == 0) pause_here(records);
  for (int pauses = 0; records->queued->len == 0 && !records->stop && records->prune_before_ms == 0; pauses++) {
    records->asleep = pauses >= PAUSES_AWAKE;
    if (records->asleep) pthread_cond_wait(&records->changed, &records->lock);
    /* Also after a sleep: the first of many woke it. */
    if (!records->stop && !records->hurry) pause_here(records);
    records->asleep = FALSE;
  }
  records->hurry = FALSE;
}

/* Replies do not wait for what is written about them. */
static void give_way(void) {
  setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), WRITER_NICE);
}

static void *run_records(void *data) {
  AiRecords *records = data;
  give_way();
  GPtrArray *taken = g_ptr_array_new_with_free_func((GDestroyNotify)ai_record_free);
  pthread_mutex_lock(&records->lock);
  for (;;) {
    wait_for_records(records);
    if (records->queued->len == 0 && records->stop) break;
    GPtrArray *swap = records->queued;
    records->queued = taken;
    taken = swap;
    gint64 prune = records->prune_before_ms;
    records->prune_before_ms = 0;
    records->writing = TRUE;
    pthread_mutex_unlock(&records->lock);
    g_atomic_int_add(&records->waiting, -(gint)taken->len);
    write_batch(records, taken, prune);
    g_ptr_array_set_size(taken, 0);
    pthread_mutex_lock(&records->lock);
    records->writing = FALSE;
    pthread_cond_broadcast(&records->changed);
  }
  pthread_mutex_unlock(&records->lock);
  g_ptr_array_unref(taken);
  return NULL;
}

AiRecords *ai_records_open(const char *path, GError **error) {
  AiRecords *records = g_new0(AiRecords, 1);
  pthread_mutex_init(&records->lock, NULL);
  condition_init(&records->changed);
  records->queued = g_ptr_array_new_with_free_func((GDestroyNotify)ai_record_free);
  records->handle = sql_open(path, SCHEMA, FALSE, error);
  pthread_mutex_init(&records->reader_lock, NULL);
  records->insert = records->handle != NULL ? sql_prepare(records->handle, INSERT, error) : NULL;
  records->keep = records->insert != NULL ? sql_prepare(records->handle, "INSERT OR REPLACE INTO replies VALUES (?1, ?2, ?3)", error) : NULL;
  records->reader = records->keep != NULL ? sql_open(path, SCHEMA, FALSE, error) : NULL;
  if (records->reader != NULL && pthread_create(&records->thread, NULL, run_records, records) == 0) return records;
  if (records->reader != NULL) g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_BUSY, "the system gives no thread for records");
  sqlite3_finalize(records->insert);
  sqlite3_finalize(records->keep);
  sqlite3_close(records->reader);
  sqlite3_close(records->handle);
  g_ptr_array_unref(records->queued);
  g_free(records);
  return NULL;
}

void ai_records_free(AiRecords *records) {
  if (records == NULL) return;
  pthread_mutex_lock(&records->lock);
  records->stop = TRUE;
  pthread_cond_broadcast(&records->changed);
  pthread_mutex_unlock(&records->lock);
  pthread_join(records->thread, NULL);
  sqlite3_finalize(records->insert);
  sqlite3_finalize(records->keep);
  sqlite3_close(records->reader);
  pthread_mutex_destroy(&records->reader_lock);
  sqlite3_close(records->handle);
  g_ptr_array_unref(records->queued);
  pthread_cond_destroy(&records->changed);
  pthread_mutex_destroy(&records->lock);
  g_free(records);
}

gboolean ai_records_has_room(AiRecords *records) {
  return g_atomic_int_get(&records->waiting) < QUEUE_MAX;
}

void ai_records_put(AiRecords *records, AiRecord *record) {
  pthread_mutex_lock(&records->lock);
  g_ptr_array_add(records->queued, record);
  g_atomic_int_inc(&records->waiting);
  /* A reply that is kept is what makes a repetition free: it is written at once. */
  gboolean now = record->reply != NULL;
  records->hurry = records->hurry || now;
  if (now || records->asleep) pthread_cond_broadcast(&records->changed);
  pthread_mutex_unlock(&records->lock);
}

void ai_records_prune(AiRecords *records, gint64 before_ms) {
  pthread_mutex_lock(&records->lock);
  records->prune_before_ms = before_ms;
  pthread_cond_broadcast(&records->changed);
  pthread_mutex_unlock(&records->lock);
}

gboolean ai_records_flush(AiRecords *records, gint64 wait_ms) {
  struct timespec until = condition_time_in_ms(wait_ms + 1000);
  pthread_mutex_lock(&records->lock);
  int late = 0;
  records->hurry = records->queued->len > 0;
  pthread_cond_broadcast(&records->changed);
  while (late == 0 && (records->queued->len > 0 || records->writing)) late = pthread_cond_timedwait(&records->changed, &records->lock, &until);
  pthread_mutex_unlock(&records->lock);
  return late == 0;
}

/* ---- reading ---- */

char *ai_money_text(gint64 nano) {
  char text[40];
  guint64 size = nano < 0 ? (guint64)-nano : (guint64)nano;
  g_snprintf(text, sizeof text, "%s%" G_GUINT64_FORMAT ".%09" G_GUINT64_FORMAT, nano < 0 ? "-" : "", size / 1000000000, size % 1000000000);
  gsize length = strlen(text);
  while (text[length - 1] == '0' && text[length - 3] != '.') text[--length] = '\0';
  return g_strdup(text);
}

static sqlite3 *open_reader(const char *path, GError **error) {
  sqlite3 *handle = NULL;
  if (sqlite3_open_v2(path, &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK) {
    sqlite3_busy_timeout(handle, 5000);
    return handle;
  }
  g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND, "no model was called from this workspace yet");
  sqlite3_close(handle);
  return NULL;
}

/* What people may group by, and how that is written. */
static const char *const GROUPS[][2] = {{"team", "coalesce(team, '')"},   {"purpose", "coalesce(purpose, '')"}, {"user", "coalesce(user, '')"},
                                        {"model", "coalesce(model, '')"}, {"company", "coalesce(tenant, '')"},
                                        {"template", "coalesce(template, '')"}, {"version", "coalesce(version, '')"},
                                        {"day", "strftime('%Y-%m-%d', at_ms / 1000, 'unixepoch')"}};

static char *group_columns(const char *by, GError **error) {
  g_auto(GStrv) names = g_strsplit(by, ",", 4);
  GString *columns = g_string_new(NULL);
  for (guint i = 0; names[i] != NULL; i++) {
    const char *sql = NULL;
    for (guint j = 0; j < G_N_ELEMENTS(GROUPS); j++)
      if (strcmp(g_strstrip(names[i]), GROUPS[j][0]) == 0) sql = GROUPS[j][1];
    if (sql == NULL) {
      g_string_free(columns, TRUE);
      g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "costs are grouped by company, team, user, purpose, model, template, version or day, not by '%.40s'", names[i]);
      return NULL;
    }
    g_string_append_printf(columns, "%s AS \"%s\", ", sql, names[i]);
  }
  return g_string_free(columns, FALSE);
}

json_t *ai_records_costs(const char *path, const char *by, gint64 since_ms, GError **error) {
  g_autofree char *columns = group_columns(by, error);
  sqlite3 *handle = columns != NULL ? open_reader(path, error) : NULL;
  if (handle == NULL) return NULL;
  guint groups = 1;
  for (const char *c = by; *c != '\0'; c++) groups += *c == ',';
  g_autofree char *places = groups == 1 ? g_strdup("1") : groups == 2 ? g_strdup("1, 2") : groups == 3 ? g_strdup("1, 2, 3") : g_strdup("1, 2, 3, 4");
  g_autofree char *sql = g_strdup_printf(
      "SELECT %s count(*) AS calls, sum(status <> 'ok') AS failed, sum(cache <> 'miss') AS cached, sum(input_tokens) AS input_tokens,"
      " sum(output_tokens) AS output_tokens, sum(cost_nano) AS cost_nano, sum(saved_nano) AS saved_nano, avg(latency_us) / 1000.0 AS mean_ms"
      " FROM calls WHERE at_ms >= %" G_GINT64_FORMAT " GROUP BY %s ORDER BY sum(cost_nano) DESC, %s", columns, since_ms, places, places);
  sqlite3_stmt *statement = sql_prepare(handle, sql, error);
  json_t *rows = statement != NULL ? sql_rows(statement, error) : NULL, *row;
  sqlite3_finalize(statement);
  sqlite3_close(handle);
  gsize index;
  json_array_foreach(rows, index, row) {
    g_autofree char *cost = ai_money_text(json_get_int(row, "cost_nano", 0)), *saved = ai_money_text(json_get_int(row, "saved_nano", 0));
    json_object_set_new(row, "cost", json_string(cost));
    json_object_set_new(row, "saved", json_string(saved));
    json_object_del(row, "cost_nano");
    json_object_del(row, "saved_nano");
  }
  return rows;
}

json_t *ai_records_list(const char *path, int limit, GError **error) {
  sqlite3 *handle = open_reader(path, error);
  if (handle == NULL) return NULL;
  sqlite3_stmt *statement = sql_prepare(handle, "SELECT * FROM calls ORDER BY number DESC LIMIT ?1", error);
  if (statement != NULL) sqlite3_bind_int(statement, 1, limit);
  json_t *rows = statement != NULL ? sql_rows(statement, error) : NULL;
  sqlite3_finalize(statement);
  sqlite3_close(handle);
  return rows;
}

char *ai_records_reply(AiRecords *records, const char *key) {
  char *reply = NULL;
  pthread_mutex_lock(&records->reader_lock);
  sqlite3_stmt *statement = sql_prepare(records->reader, "SELECT reply FROM replies WHERE key = ?1", NULL);
  if (statement != NULL) {
    sql_bind_text(statement, 1, key);
    if (sqlite3_step(statement) == SQLITE_ROW) reply = g_strdup((const char *)sqlite3_column_text(statement, 0));
  }
  sqlite3_finalize(statement);
  pthread_mutex_unlock(&records->reader_lock);
  return reply;
}

void ai_records_scores(AiRecords *records, int most, AiScoreFunction function, gpointer data) {
  pthread_mutex_lock(&records->reader_lock);
  sqlite3_stmt *statement = sql_prepare(records->reader, "SELECT template, consistency FROM (SELECT number, template, consistency FROM calls"
                                                         " WHERE consistency IS NOT NULL AND template IS NOT NULL AND cache = 'miss' ORDER BY number DESC LIMIT ?1) ORDER BY number", NULL);
  if (statement != NULL) sqlite3_bind_int(statement, 1, most);
  while (statement != NULL && sqlite3_step(statement) == SQLITE_ROW)
    function((const char *)sqlite3_column_text(statement, 0), sqlite3_column_double(statement, 1), data);
  sqlite3_finalize(statement);
  pthread_mutex_unlock(&records->reader_lock);
}
