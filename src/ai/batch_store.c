#include "ai/batch_store.h"

#include <string.h>

struct AiBatchStore {
  AiQueue *queue; /* of the works made here */
  sqlite3 *handle;
  char *owner;
};

#define JOB_COLUMNS "j.id, j.job, j.tenant, j.team, j.user, j.purpose, j.roles, j.scope, j.attempts, j.priority"

void ai_batch_row_free(AiBatchRow *row) {
  if (row == NULL) return;
  char *const texts[] = {row->id, row->route, row->state, row->file, row->remote};
  for (guint i = 0; i < G_N_ELEMENTS(texts); i++) g_free(texts[i]);
  g_free(row);
}

AiBatchItem *ai_batch_item_new(AiWork *work, const char *version, gint64 ticket) {
  AiBatchItem *item = g_new0(AiBatchItem, 1);
  *item = (AiBatchItem){work, g_strdup(version), ticket};
  return item;
}

void ai_batch_item_free(AiBatchItem *item) {
  if (item == NULL) return;
  ai_work_free(item->work);
  g_free(item->version);
  g_free(item);
}

AiBatchStore *ai_batch_store_open(AiQueue *queue, const char *path, const char *owner, GError **error) {
  sqlite3 *handle = sql_open(path, NULL, TRUE, error);
  if (handle == NULL) return NULL;
  AiBatchStore *store = g_new0(AiBatchStore, 1);
  *store = (AiBatchStore){queue, handle, g_strdup(owner)};
  return store;
}

void ai_batch_store_free(AiBatchStore *store) {
  if (store == NULL) return;
  sqlite3_close(store->handle);
  g_free(store->owner);
  g_free(store);
}

/* Runs a statement with texts and then numbers bound from ?1 on; FALSE where it failed. */
static gboolean change(AiBatchStore *store, const char *sql, const char *const *texts, int n_texts, const gint64 *numbers, int n_numbers) {
  g_autoptr(GError) error = NULL;
  sqlite3_stmt *statement = sql_prepare(store->handle, sql, &error);
  for (int i = 0; statement != NULL && i < n_texts; i++) sql_bind_text(statement, 1 + i, texts[i]);
  for (int i = 0; statement != NULL && i < n_numbers; i++) sqlite3_bind_int64(statement, 1 + n_texts + i, numbers[i]);
  gboolean done = statement != NULL && (sql_step_done(statement) || sql_fail(store->handle, &error));
  sqlite3_finalize(statement);
  if (!done) g_warning("the list of batches could not be written: %s", error->message);
  return done;
}

static gboolean begin(AiBatchStore *store) {
  return sql_run(store->handle, "BEGIN IMMEDIATE", NULL);
}

static gboolean end(AiBatchStore *store, gboolean good) {
  if (good && sql_run(store->handle, "COMMIT", NULL)) return TRUE;
  sql_rollback(store->handle);
  return FALSE;
}

/* ---- what waits ---- */

int ai_batch_store_waiting(AiBatchStore *store, gint64 *since_ms) {
  sqlite3_stmt *statement = sql_prepare(store->handle, "SELECT count(*), min(max(created_ms, not_before_ms)) FROM jobs WHERE state = 'queued' AND priority = 3 AND not_before_ms <= ?1", NULL);
  if (statement != NULL) sqlite3_bind_int64(statement, 1, g_get_real_time() / 1000);
  gboolean found = statement != NULL && sqlite3_step(statement) == SQLITE_ROW;
  int n = found ? sqlite3_column_int(statement, 0) : 0;
  *since_ms = found ? sqlite3_column_int64(statement, 1) : 0;
  sqlite3_finalize(statement);
  return n;
}

GPtrArray *ai_batch_store_oldest(AiBatchStore *store, int most) {
  GPtrArray *works = g_ptr_array_new_with_free_func((GDestroyNotify)ai_work_free);
  sqlite3_stmt *statement = sql_prepare(store->handle, "SELECT " JOB_COLUMNS " FROM jobs j WHERE state = 'queued' AND priority = 3 AND not_before_ms <= ?1 ORDER BY number LIMIT ?2", NULL);
  if (statement != NULL) sqlite3_bind_int64(statement, 1, g_get_real_time() / 1000);
  if (statement != NULL) sqlite3_bind_int(statement, 2, most);
  while (statement != NULL && sqlite3_step(statement) == SQLITE_ROW) g_ptr_array_add(works, ai_work_of_row(store->queue, statement));
  sqlite3_finalize(statement);
  return works;
}

/* ---- batches ---- */

/* TRUE: the job was still waiting, and is this batch's. */
static gboolean take(AiBatchStore *store, const AiBatchRow *row, const AiBatchItem *item) {
  const char *const job[] = {item->work->id}, *const texts[] = {item->work->id, row->id, item->version};
  if (!change(store, "UPDATE jobs SET state = 'batched', attempts = attempts + 1, percent = 5 WHERE id = ?1 AND state = 'queued'", job, 1, NULL, 0)) return FALSE;
  if (sqlite3_changes(store->handle) != 1) return FALSE;
  return change(store, "INSERT INTO batch_items (job, batch, version, ticket) VALUES (?1, ?2, ?3, ?4)", texts, 3, &item->ticket, 1);
}

int ai_batch_store_make(AiBatchStore *store, AiBatchRow *row, const GPtrArray *items) {
  if (!begin(store)) return 0;
  row->size = 0;
  for (guint i = 0; i < items->len; i++) row->size += take(store, row, g_ptr_array_index(items, i));
  const char *const texts[] = {row->id, row->route, row->state, store->owner};
  const gint64 numbers[] = {row->created_ms, row->created_ms + AI_QUEUE_LEASE_MS, row->size};
  gboolean good = row->size > 0 && change(store, "INSERT INTO batches (id, route, state, owner, created_ms, lease_ms, size) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)", texts, 4, numbers, 3);
  return end(store, good) ? row->size : 0;
}

GPtrArray *ai_batch_store_open_rows(AiBatchStore *store) {
  GPtrArray *rows = g_ptr_array_new_with_free_func((GDestroyNotify)ai_batch_row_free);
  const gint64 now_ms = g_get_real_time() / 1000;
  const gint64 numbers[] = {now_ms, now_ms + AI_QUEUE_LEASE_MS};
  const char *const owner[] = {store->owner};
  if (!change(store, "UPDATE batches SET owner = ?1, lease_ms = ?3 WHERE owner <> ?1 AND lease_ms < ?2", owner, 1, numbers, 2)) return rows;
  sqlite3_stmt *statement = sql_prepare(store->handle, "SELECT id, route, state, file, remote, created_ms, tried_ms, next_ms, size, tries FROM batches WHERE owner = ?1 ORDER BY created_ms", NULL);
  if (statement != NULL) sql_bind_text(statement, 1, store->owner);
  while (statement != NULL && sqlite3_step(statement) == SQLITE_ROW) {
    AiBatchRow *row = g_new0(AiBatchRow, 1);
    char **texts[] = {&row->id, &row->route, &row->state, &row->file, &row->remote};
    for (int i = 0; i < (int)G_N_ELEMENTS(texts); i++) *texts[i] = g_strdup((const char *)sqlite3_column_text(statement, i));
    row->created_ms = sqlite3_column_int64(statement, 5);
    row->tried_ms = sqlite3_column_int64(statement, 6);
    row->next_ms = sqlite3_column_int64(statement, 7);
    row->size = sqlite3_column_int(statement, 8);
    row->tries = sqlite3_column_int(statement, 9);
    g_ptr_array_add(rows, row);
  }
  sqlite3_finalize(statement);
  return rows;
}

gboolean ai_batch_store_save(AiBatchStore *store, const AiBatchRow *row) {
  const char *const texts[] = {row->id, row->state, row->file, row->remote};
  const gint64 numbers[] = {row->tried_ms, row->next_ms, row->size, row->tries};
  return change(store, "UPDATE batches SET state = ?2, file = ?3, remote = ?4, tried_ms = ?5, next_ms = ?6, size = ?7, tries = ?8 WHERE id = ?1", texts, 4, numbers, 4);
}

void ai_batch_store_percent(AiBatchStore *store, const AiBatchRow *row, int percent) {
  const gint64 number = percent;
  change(store, "UPDATE jobs SET percent = max(percent, ?2) WHERE state = 'batched' AND id IN (SELECT job FROM batch_items WHERE batch = ?1)",
         (const char *const[]){row->id}, 1, &number, 1);
}

void ai_batch_store_close(AiBatchStore *store, const AiBatchRow *row) {
  change(store, "DELETE FROM batches WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM batch_items WHERE batch = ?1)", (const char *const[]){row->id}, 1, NULL, 0);
}

/* ---- items ---- */

GPtrArray *ai_batch_store_items(AiBatchStore *store, const AiBatchRow *row) {
  GPtrArray *items = g_ptr_array_new_with_free_func((GDestroyNotify)ai_batch_item_free);
  sqlite3_stmt *statement = sql_prepare(store->handle, "SELECT " JOB_COLUMNS ", i.version, i.ticket, j.state FROM batch_items i JOIN jobs j ON j.id = i.job WHERE i.batch = ?1 ORDER BY j.number", NULL);
  if (statement != NULL) sql_bind_text(statement, 1, row->id);
  while (statement != NULL && sqlite3_step(statement) == SQLITE_ROW) {
    AiWork *work = ai_work_of_row(store->queue, statement);
    work->in_batch = TRUE;
    work->cancelled = g_strcmp0((const char *)sqlite3_column_text(statement, 12), "batched") != 0;
    g_ptr_array_add(items, ai_batch_item_new(work, (const char *)sqlite3_column_text(statement, 10), sqlite3_column_int64(statement, 11)));
  }
  sqlite3_finalize(statement);
  return items;
}

int ai_batch_store_count(AiBatchStore *store, const AiBatchRow *row, gboolean wanted) {
  sqlite3_stmt *statement = sql_prepare(store->handle, "SELECT count(*) FROM batch_items i JOIN jobs j ON j.id = i.job WHERE i.batch = ?1 AND (?2 = 0 OR j.state = 'batched')", NULL);
  if (statement == NULL) return -1;
  sql_bind_text(statement, 1, row->id);
  sqlite3_bind_int(statement, 2, wanted);
  int n = sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int(statement, 0) : -1;
  sqlite3_finalize(statement);
  return n;
}

void ai_batch_store_return(AiBatchStore *store, const char *job, gboolean lane, gint64 not_before_ms) {
  const char *const texts[] = {job};
  const gint64 numbers[] = {lane ? AI_QUEUE_LANE : AI_PRIORITY_BATCH, not_before_ms};
  if (!begin(store)) return;
  gboolean good = change(store, "UPDATE jobs SET state = 'queued', priority = ?2, not_before_ms = ?3, percent = 0 WHERE id = ?1 AND state IN ('batched', 'queued')", texts, 1, numbers, 2) &&
                  change(store, "DELETE FROM batch_items WHERE job = ?1", texts, 1, NULL, 0);
  end(store, good);
}

void ai_batch_store_drop(AiBatchStore *store, const char *job) {
  change(store, "DELETE FROM batch_items WHERE job = ?1", (const char *const[]){job}, 1, NULL, 0);
}

gboolean ai_batch_store_has_remote(AiBatchStore *store, const char *remote) {
  sqlite3_stmt *statement = sql_prepare(store->handle, "SELECT 1 FROM batches WHERE remote = ?1", NULL);
  if (statement == NULL) return TRUE;
  sql_bind_text(statement, 1, remote);
  gboolean has = sqlite3_step(statement) == SQLITE_ROW;
  sqlite3_finalize(statement);
  return has;
}
