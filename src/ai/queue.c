#include "ai/queue.h"

#include <string.h>
#include <unistd.h>

#include "ai/batch_lane.h"
#include "ai/call.h"
#include "base/condition.h"
#include "store/sql.h"

#define TURN_MS 100
#define MAX_ATTEMPTS 4
#define FLUSH_MS 10000
#define MAX_JOB_BYTES (2u << 20)

static const char SCHEMA[] =
    "CREATE TABLE IF NOT EXISTS jobs (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, priority INTEGER NOT NULL, state TEXT NOT NULL,"
    " job TEXT NOT NULL, tenant TEXT, team TEXT, user TEXT, purpose TEXT, roles TEXT, scope TEXT, template TEXT, series TEXT,"
    " created_ms INTEGER NOT NULL, not_before_ms INTEGER NOT NULL DEFAULT 0, finished_ms INTEGER, percent INTEGER NOT NULL DEFAULT 0,"
    " attempts INTEGER NOT NULL DEFAULT 0, lease_ms INTEGER NOT NULL DEFAULT 0, owner TEXT, result TEXT, error TEXT);"
    "CREATE INDEX IF NOT EXISTS jobs_open ON jobs (priority, number) WHERE state IN ('queued', 'running');"
    "CREATE INDEX IF NOT EXISTS jobs_series ON jobs (series, number) WHERE series IS NOT NULL;"
    "CREATE TABLE IF NOT EXISTS batches (id TEXT PRIMARY KEY, route TEXT NOT NULL, state TEXT NOT NULL, file TEXT, remote TEXT, owner TEXT NOT NULL,"
    " created_ms INTEGER NOT NULL, lease_ms INTEGER NOT NULL, tried_ms INTEGER NOT NULL DEFAULT 0, next_ms INTEGER NOT NULL DEFAULT 0,"
    " size INTEGER NOT NULL, tries INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS batch_items (job TEXT PRIMARY KEY, batch TEXT NOT NULL, version TEXT, ticket INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS batch_items_of ON batch_items (batch);";

struct AiQueue {
  AiGateway *gateway;
  pthread_t thread;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  sqlite3 *handle; /* under lock, as everything below */
  gboolean stop;
  int running;
  char *owner;
  AiLane *lane;
  /* Writing waits for the disk; loops do neither: they leave what ended here, and read over a connection of its own. */
  pthread_mutex_t side;
  GPtrArray *ended; /* of Ended*; under side */
  sqlite3 *reader;  /* under side */
  GHashTable *calls; /* job id -> AiCall*: those that run by themselves; under side */
};

typedef struct {
  AiWork *work;
  json_t *result; /* NULL with error */
  GError *error;
  gint64 retry_after_ms;
} Ended;

/* ---- statements; all under the lock ---- */

static sqlite3_stmt *prepare(AiQueue *queue, const char *sql) {
  return sql_prepare(queue->handle, sql, NULL);
}

static gboolean finish_statement(sqlite3_stmt *statement) {
  gboolean done = statement != NULL && sql_step_done(statement);
  sqlite3_finalize(statement);
  return done;
}

static void write_end(AiQueue *queue, const char *id, const char *state, const char *result, const char *error) {
  sqlite3_stmt *statement = prepare(queue, "UPDATE jobs SET state = ?2, result = ?3, error = ?4, percent = 100, finished_ms = ?5, lease_ms = 0"
                                           " WHERE id = ?1 AND state <> 'cancelled'");
  if (statement == NULL) return;
  sql_bind_text(statement, 1, id);
  sql_bind_text(statement, 2, state);
  sql_bind_text(statement, 3, result);
  sql_bind_text(statement, 4, error);
  sqlite3_bind_int64(statement, 5, g_get_real_time() / 1000);
  if (!finish_statement(statement)) g_warning("the result of job %s could not be written", id);
}

static void write_again(AiQueue *queue, const char *id, gint64 not_before_ms) {
  sqlite3_stmt *statement = prepare(queue, "UPDATE jobs SET state = 'queued', priority = min(priority, 2), lease_ms = 0, percent = 0, not_before_ms = ?2"
                                           " WHERE id = ?1 AND state <> 'cancelled'");
  if (statement == NULL) return;
  sql_bind_text(statement, 1, id);
  sqlite3_bind_int64(statement, 2, not_before_ms);
  finish_statement(statement);
}

/* ---- running ---- */

AiWork *ai_work_of_row(AiQueue *queue, sqlite3_stmt *row) {
  AiWork *work = g_new0(AiWork, 1);
  const char *job = (const char *)sqlite3_column_text(row, 1), *roles = (const char *)sqlite3_column_text(row, 6);
  work->queue = queue;
  work->id = g_strdup((const char *)sqlite3_column_text(row, 0));
  work->job = job != NULL ? json_parse(job, strlen(job), NULL) : NULL;
  work->account.tenant = g_strdup((const char *)sqlite3_column_text(row, 2));
  work->account.team = g_strdup((const char *)sqlite3_column_text(row, 3));
  work->account.user = g_strdup((const char *)sqlite3_column_text(row, 4));
  work->account.purpose = g_strdup((const char *)sqlite3_column_text(row, 5));
  work->account.roles = roles != NULL ? g_strsplit(roles, "\n", -1) : NULL;
  work->scope_key = g_strdup((const char *)sqlite3_column_text(row, 7));
  work->attempts = sqlite3_column_int(row, 8);
  work->batch = sqlite3_column_int(row, 9) == AI_PRIORITY_BATCH;
  return work;
}

void ai_work_free(AiWork *work) {
  if (work == NULL) return;
  g_free(work->id);
  g_free(work->scope_key);
  json_decref(work->job);
  ai_account_clear(&work->account);
  json_decref(work->sent);
  g_free(work);
}

/* The next job and, when it may be sent with others, those like it. Claimed in one transaction. */
static GPtrArray *claim(AiQueue *queue, int most) {
  static const char NEXT[] =
      "UPDATE jobs SET state = 'running', attempts = attempts + 1, percent = 10, lease_ms = ?1, owner = ?2 WHERE number ="
      " (SELECT number FROM jobs WHERE priority < 3 AND ((state = 'queued' AND not_before_ms <= ?3) OR (state = 'running' AND lease_ms < ?3)) AND"
      "  (?4 IS NULL OR (priority = 2 AND template IS ?4 AND tenant IS ?5 AND team IS ?6 AND user IS ?7 AND scope IS ?8 AND attempts = 0))"
      "  ORDER BY priority, number LIMIT 1)"
      " RETURNING id, job, tenant, team, user, purpose, roles, scope, attempts, priority";
  GPtrArray *works = g_ptr_array_new_with_free_func((GDestroyNotify)ai_work_free);
  sqlite3_stmt *statement = prepare(queue, NEXT);
  gint64 now_ms = g_get_real_time() / 1000;
  while (statement != NULL && (int)works->len < most) {
    const AiWork *first = works->len > 0 ? g_ptr_array_index(works, 0) : NULL;
    const char *template = first != NULL ? json_get_string(first->job, "template") : NULL;
    if (first != NULL && (!first->batch || template == NULL)) break;
    sqlite3_reset(statement);
    sqlite3_bind_int64(statement, 1, now_ms + AI_QUEUE_LEASE_MS);
    sql_bind_text(statement, 2, queue->owner);
    sqlite3_bind_int64(statement, 3, now_ms);
    sql_bind_text(statement, 4, template);
    sql_bind_text(statement, 5, first != NULL ? first->account.tenant : NULL);
    sql_bind_text(statement, 6, first != NULL ? first->account.team : NULL);
    sql_bind_text(statement, 7, first != NULL ? first->account.user : NULL);
    sql_bind_text(statement, 8, first != NULL ? first->scope_key : NULL);
    if (sqlite3_step(statement) != SQLITE_ROW) break;
    g_ptr_array_add(works, ai_work_of_row(queue, statement));
  }
  sqlite3_finalize(statement);
  return works;
}

/* The item of a batch is done with, together with its job. */
static void drop_item(AiQueue *queue, const AiWork *work) {
  sqlite3_stmt *statement = prepare(queue, "DELETE FROM batch_items WHERE job = ?1");
  if (statement != NULL) sql_bind_text(statement, 1, work->id);
  finish_statement(statement);
}

static void write_ended(AiQueue *queue, const Ended *ended, gboolean accounted) {
  const AiWork *work = ended->work;
  const GError *error = ended->error;
  gboolean again = error != NULL && work->attempts < MAX_ATTEMPTS && aisle_error_info_of(error)->retryable;
  gboolean later = (queue->stop && error != NULL) || (work->in_batch && !accounted);
  if (!work->in_batch) queue->running--;
  else if (!later) drop_item(queue, work);
  if (later) {
    /* The lease runs out and somebody else takes it, or reads the batch's answer again. */
  } else if (again) {
    gint64 wait_ms = ended->retry_after_ms > 0 ? MIN(ended->retry_after_ms, 3600000) : (gint64)500 << work->attempts;
    write_again(queue, work->id, g_get_real_time() / 1000 + wait_ms);
  } else if (error != NULL) {
    json_t *failure = json_pack("{s:s, s:s}", "code", aisle_error_info_of(error)->name, "message", error->message);
    g_autofree char *text = json_to_text(failure, JSON_PLAIN);
    json_decref(failure);
    write_end(queue, work->id, "failed", NULL, text);
  } else {
    g_autofree char *text = json_to_text(ended->result, JSON_PLAIN);
    write_end(queue, work->id, "done", text, NULL);
  }
}

static void ended_free(gpointer data) {
  Ended *ended = data;
  json_decref(ended->result);
  g_clear_error(&ended->error);
  ai_work_free(ended->work);
  g_free(ended);
}

/* Under the lock; all that ended in one transaction. */
static void write_all_ended(AiQueue *queue) {
  g_autoptr(GPtrArray) ended = g_ptr_array_new_with_free_func(ended_free);
  pthread_mutex_lock(&queue->side);
  GPtrArray *swap = queue->ended;
  queue->ended = ended;
  ended = swap;
  pthread_mutex_unlock(&queue->side);
  if (ended->len == 0) return;
  /* The answer of a batch cannot be had again: the job ends when what it cost is written, not before. */
  gboolean of_batch = FALSE;
  for (guint i = 0; i < ended->len; i++) of_batch = of_batch || ((Ended *)g_ptr_array_index(ended, i))->work->in_batch;
  gboolean accounted = !of_batch || (ai_budget_flush(queue->gateway->budget, FLUSH_MS) && ai_records_flush(queue->gateway->records, FLUSH_MS));
  gboolean together = sql_run(queue->handle, "BEGIN IMMEDIATE", NULL);
  for (guint i = 0; i < ended->len; i++) write_ended(queue, g_ptr_array_index(ended, i), accounted);
  if (together && !sql_run(queue->handle, "COMMIT", NULL)) sqlite3_exec(queue->handle, "ROLLBACK", NULL, NULL, NULL);
  for (guint i = 0; i < ended->len; i++)
    if (((Ended *)g_ptr_array_index(ended, i))->work->in_batch) ai_lane_item_ended(queue->lane);
}

void ai_queue_work_done(AiWork *work, json_t *result, const GError *error, gint64 retry_after_ms) {
  AiQueue *queue = work->queue;
  Ended *ended = g_new0(Ended, 1);
  *ended = (Ended){work, result, error != NULL ? g_error_copy(error) : NULL, retry_after_ms};
  pthread_mutex_lock(&queue->side);
  g_ptr_array_add(queue->ended, ended);
  pthread_mutex_unlock(&queue->side);
  pthread_cond_broadcast(&queue->changed);
}

static void single_done(AiCall *call, gpointer data) {
  AiWork *work = data;
  pthread_mutex_lock(&work->queue->side);
  g_hash_table_remove(work->queue->calls, work->id);
  pthread_mutex_unlock(&work->queue->side);
  ai_queue_work_done(data, call->error == NULL ? ai_call_result_json(call) : NULL, call->error, call->out.retry_after_ms);
}

void ai_queue_run_single(AiWork *work) {
  static const AiSink SINK = {.done = single_done};
  g_autoptr(GError) error = NULL;
  AiCall *call = ai_call_of_job(work->queue->gateway, work->job, &work->account, work->scope_key, &error);
  if (call == NULL) {
    ai_queue_work_done(work, NULL, error, 0);
    return;
  }
  call->sink = &SINK;
  call->sink_data = work;
  call->priority = AI_PRIORITY_BATCH;
  call->parts = ai_gateway_pick_loop(work->queue->gateway);
  pthread_mutex_lock(&work->queue->side);
  g_hash_table_insert(work->queue->calls, g_strdup(work->id), ai_call_ref(call));
  pthread_mutex_unlock(&work->queue->side);
  ai_call_submit(call);
}

static void start(GPtrArray *works) {
  if (works->len > 1 && ai_batch_start(works)) return;
  for (guint i = 0; i < works->len; i++) ai_queue_run_single(g_ptr_array_index(works, i));
}

/* Those that run are ours as long as we say so. */
static void renew(AiQueue *queue) {
  sqlite3_stmt *statement = prepare(queue, "UPDATE jobs SET lease_ms = ?1 WHERE state = 'running' AND owner = ?2");
  if (statement == NULL) return;
  sqlite3_bind_int64(statement, 1, g_get_real_time() / 1000 + AI_QUEUE_LEASE_MS);
  sql_bind_text(statement, 2, queue->owner);
  finish_statement(statement);
  statement = prepare(queue, "UPDATE batches SET lease_ms = ?1 WHERE owner = ?2");
  if (statement == NULL) return;
  sqlite3_bind_int64(statement, 1, g_get_real_time() / 1000 + AI_QUEUE_LEASE_MS);
  sql_bind_text(statement, 2, queue->owner);
  finish_statement(statement);
}

static void *run_queue(void *data) {
  AiQueue *queue = data;
  gint64 renewed_us = 0;
  pthread_mutex_lock(&queue->lock);
  while (!queue->stop) {
    AiConfig *config = ai_gateway_config(queue->gateway);
    gboolean any_model = g_hash_table_size(config->models) > 0;
    write_all_ended(queue);
    while (any_model && !queue->stop && queue->running < config->queue_workers) {
      g_autoptr(GPtrArray) works = claim(queue, config->batch_size);
      if (works->len == 0) break;
      queue->running += (int)works->len;
      g_ptr_array_set_free_func(works, NULL);
      pthread_mutex_unlock(&queue->lock);
      start(works);
      pthread_mutex_lock(&queue->lock);
    }
    ai_config_unref(config);
    if (g_get_monotonic_time() - renewed_us > AI_QUEUE_LEASE_MS * 300) {
      renew(queue);
      renewed_us = g_get_monotonic_time();
    }
    condition_wait_ms(&queue->changed, &queue->lock, TURN_MS);
  }
  pthread_mutex_unlock(&queue->lock);
  return NULL;
}

/* ---- face ---- */

AiQueue *ai_queue_open(AiGateway *gateway, const char *path, GError **error) {
  sqlite3 *handle = sql_open(path, SCHEMA, TRUE, error);
  if (handle == NULL) return NULL;
  AiQueue *queue = g_new0(AiQueue, 1);
  pthread_mutex_init(&queue->lock, NULL);
  condition_init(&queue->changed);
  pthread_mutex_init(&queue->side, NULL);
  queue->ended = g_ptr_array_new_with_free_func(ended_free);
  queue->gateway = gateway;
  queue->handle = handle;
  queue->reader = sql_open(path, SCHEMA, FALSE, NULL);
  queue->owner = g_strdup_printf("%d-%08x%08x", (int)getpid(), g_random_int(), g_random_int());
  queue->calls = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)ai_call_unref);
  queue->lane = queue->reader != NULL ? ai_lane_new(queue, path, queue->owner, error) : NULL;
  if (queue->lane != NULL && pthread_create(&queue->thread, NULL, run_queue, queue) == 0) return queue;
  if (error != NULL && *error == NULL) g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_BUSY, "the system gives no thread or file for the queue");
  ai_lane_free(queue->lane);
  g_hash_table_unref(queue->calls);
  sqlite3_close(queue->reader);
  sqlite3_close(handle);
  g_ptr_array_unref(queue->ended);
  g_free(queue->owner);
  g_free(queue);
  return NULL;
}

void ai_queue_stop(AiQueue *queue) {
  if (queue == NULL) return;
  pthread_mutex_lock(&queue->lock);
  gboolean first = !queue->stop;
  queue->stop = TRUE;
  pthread_cond_broadcast(&queue->changed);
  pthread_mutex_unlock(&queue->lock);
  if (!first) return;
  ai_lane_stop(queue->lane);
  pthread_join(queue->thread, NULL);
}

void ai_queue_free(AiQueue *queue) {
  if (queue == NULL) return;
  ai_queue_stop(queue);
  write_all_ended(queue);
  /* What was running and could not finish is anyone's now. */
  sqlite3_stmt *statement = prepare(queue, "UPDATE jobs SET lease_ms = 0 WHERE state = 'running' AND owner = ?1");
  if (statement != NULL) sql_bind_text(statement, 1, queue->owner);
  finish_statement(statement);
  statement = prepare(queue, "UPDATE batches SET lease_ms = 0 WHERE owner = ?1");
  if (statement != NULL) sql_bind_text(statement, 1, queue->owner);
  finish_statement(statement);
  ai_lane_free(queue->lane);
  g_hash_table_unref(queue->calls);
  sqlite3_close(queue->handle);
  sqlite3_close(queue->reader);
  g_ptr_array_unref(queue->ended);
  pthread_mutex_destroy(&queue->side);
  pthread_cond_destroy(&queue->changed);
  pthread_mutex_destroy(&queue->lock);
  g_free(queue->owner);
  g_free(queue);
}

static gboolean has_room(AiQueue *queue) {
  AiConfig *config = ai_gateway_config(queue->gateway);
  sqlite3_stmt *statement = prepare(queue, "SELECT count(*) FROM jobs WHERE state IN ('queued', 'running', 'batched')");
  gboolean room = statement != NULL && sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_int(statement, 0) < config->queue_max;
  sqlite3_finalize(statement);
  ai_config_unref(config);
  return room;
}

static gboolean insert(AiQueue *queue, const char *id, const char *text, const json_t *job, const AiAccount *account, const char *scope_key, int priority,
                       GError **error) {
  g_autofree char *roles = account->roles != NULL ? g_strjoinv("\n", account->roles) : NULL;
  sqlite3_stmt *statement = sql_prepare(queue->handle,
                                        "INSERT INTO jobs (id, priority, state, job, tenant, team, user, purpose, roles, scope, template, series, created_ms, not_before_ms)"
                                        " VALUES (?1, ?2, 'queued', ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)", error);
  if (statement == NULL) return FALSE;
  const char *const texts[] = {text, account->tenant, account->team, account->user, account->purpose, roles, scope_key, json_get_string(job, "template"),
                               json_get_string(job, "series")};
  sql_bind_text(statement, 1, id);
  sqlite3_bind_int(statement, 2, priority);
  for (int i = 0; i < (int)G_N_ELEMENTS(texts); i++) sql_bind_text(statement, 3 + i, texts[i]);
  gint64 now_ms = g_get_real_time() / 1000;
  AiConfig *config = ai_gateway_config(queue->gateway);
  sqlite3_bind_int64(statement, 12, now_ms);
  /* What may wait does, so that others can join it. */
  sqlite3_bind_int64(statement, 13, priority == AI_PRIORITY_BATCH ? now_ms + config->batch_wait_ms : now_ms);
  ai_config_unref(config);
  gboolean done = sql_step_done(statement) || sql_fail(queue->handle, error);
  sqlite3_finalize(statement);
  return done;
}

char *ai_queue_put(AiQueue *queue, const json_t *job, const AiAccount *account, const char *scope_key, AiPriority priority, GError **error) {
  AiCall *probe = ai_call_of_job(queue->gateway, job, account, scope_key, error);
  if (probe == NULL) return NULL;
  ai_call_unref(probe);
  g_autofree char *text = json_to_text(job, JSON_PLAIN), *id = g_strdup_printf("job-%08x%08x%08x%08x", g_random_int(), g_random_int(), g_random_int(), g_random_int());
  if (strlen(text) > MAX_JOB_BYTES) {
    g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_TOO_LARGE, "the job is larger than 2 MB");
    return NULL;
  }
  gboolean lane = priority == AI_PRIORITY_BATCH && ai_lane_may_take(queue->gateway, job);
  pthread_mutex_lock(&queue->lock);
  gboolean room = has_room(queue), put = room && insert(queue, id, text, job, account, scope_key, lane ? AI_QUEUE_LANE : (int)priority, error);
  pthread_cond_broadcast(&queue->changed);
  pthread_mutex_unlock(&queue->lock);
  if (put && lane) ai_lane_wake(queue->lane);
  if (!room) g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_BUSY, "too many jobs wait; try again later");
  return put ? g_steal_pointer(&id) : NULL;
}

/* Columns that hold JSON become JSON. */
static json_t *opened(json_t *row) {
  static const char *const NAMES[] = {"result", "error"};
  for (guint i = 0; i < G_N_ELEMENTS(NAMES); i++) {
    const char *text = json_get_string(row, NAMES[i]);
    json_t *value = text != NULL ? json_parse(text, strlen(text), NULL) : NULL;
    json_object_set_new(row, NAMES[i], value != NULL ? value : json_null());
  }
  return row;
}

/* In a batch or not is nothing that who asks has to know. */
#define STATE "CASE state WHEN 'batched' THEN 'running' ELSE state END AS state"
#define COLUMNS "SELECT id, " STATE ", percent, attempts, created_ms, finished_ms, series, result, error FROM jobs WHERE tenant IS ?2 AND user IS ?3 AND "

static json_t *list(AiQueue *queue, const char *sql, const char *key, const AiAccount *account, int limit, GError **error) {
  pthread_mutex_lock(&queue->side);
  sqlite3_stmt *statement = sql_prepare(queue->reader, sql, error);
  json_t *rows = NULL, *row;
  gsize index;
  if (statement != NULL) {
    sql_bind_text(statement, 1, key);
    sql_bind_text(statement, 2, account->tenant);
    sql_bind_text(statement, 3, account->user);
    sqlite3_bind_int(statement, 4, limit);
    rows = sql_rows(statement, error);
  }
  sqlite3_finalize(statement);
  pthread_mutex_unlock(&queue->side);
  json_array_foreach(rows, index, row) opened(row);
  return rows;
}

json_t *ai_queue_get(AiQueue *queue, const char *id, const AiAccount *account, GError **error) {
  g_autoptr(json_t) rows = list(queue, COLUMNS "id = ?1 LIMIT ?4", id, account, 1, error);
  if (rows != NULL && json_array_size(rows) == 0) g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND, "there is no job with this id");
  return rows != NULL ? json_incref(json_array_get(rows, 0)) : NULL;
}

static void cancel_here(gpointer data) {
  ai_call_cancel(data);
  ai_call_unref(data);
}

static gboolean write_cancelled(AiQueue *queue, const char *id, const AiAccount *account, GError **error) {
  sqlite3_stmt *statement = sql_prepare(queue->handle, "UPDATE jobs SET state = 'cancelled', finished_ms = ?4, lease_ms = 0 WHERE id = ?1 AND tenant IS ?2 AND user IS ?3"
                                                       " AND state IN ('queued', 'running', 'batched')", error);
  if (statement == NULL) return FALSE;
  sql_bind_text(statement, 1, id);
  sql_bind_text(statement, 2, account->tenant);
  sql_bind_text(statement, 3, account->user);
  sqlite3_bind_int64(statement, 4, g_get_real_time() / 1000);
  return finish_statement(statement) || sql_fail(queue->handle, error);
}

json_t *ai_queue_cancel(AiQueue *queue, const char *id, const AiAccount *account, GError **error) {
  pthread_mutex_lock(&queue->lock);
  gboolean written = write_cancelled(queue, id, account, error), changed = written && sqlite3_changes(queue->handle) > 0;
  pthread_mutex_unlock(&queue->lock);
  if (!written) return NULL;
  pthread_mutex_lock(&queue->side);
  AiCall *call = changed ? g_hash_table_lookup(queue->calls, id) : NULL;
  if (call != NULL) ai_call_ref(call);
  pthread_mutex_unlock(&queue->side);
  if (call != NULL) ai_loop_post(call->parts->loop, cancel_here, call);
  return ai_queue_get(queue, id, account, error);
}

json_t *ai_queue_series(AiQueue *queue, const char *series, const AiAccount *account, int limit, GError **error) {
  if (series == NULL) return list(queue, COLUMNS "?1 IS NULL ORDER BY number DESC LIMIT ?4", NULL, account, limit, error);
  return list(queue, COLUMNS "series = ?1 AND state = 'done' ORDER BY number DESC LIMIT ?4", series, account, limit, error);
}

AiGateway *ai_queue_gateway(AiQueue *queue) {
  return queue->gateway;
}
