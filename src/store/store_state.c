/* What people make and change: written at once, one after the other, and durable when the call returns. */
#include <string.h>

#include "store/store_private.h"

/* ---- the connection for changes ---- */

static Database *begin_change(Store *store, GError **error) {
  pthread_mutex_lock(&store->changer_lock);
  if (store->kind->begin(store->changer, error)) return store->changer;
  pthread_mutex_unlock(&store->changer_lock);
  return NULL;
}

/* Commits what went well. */
static gboolean end_change(Store *store, gboolean good, GError **error) {
  good = good && store->kind->commit(store->changer, error);
  if (!good) store->kind->rollback(store->changer);
  pthread_mutex_unlock(&store->changer_lock);
  return good;
}

static Database *begin_read(Store *store) {
  pthread_mutex_lock(&store->reader_lock);
  return store->reader;
}

static json_t *end_read(Store *store, json_t *value) {
  pthread_mutex_unlock(&store->reader_lock);
  return value;
}

/* ---- looking back: what is still queued is written first ---- */

json_t *store_search_answers(Store *store, const StoreSearch *search, GError **error) {
  if (!store_flush(store, error)) return NULL;
  return end_read(store, store->kind->search_answers(begin_read(store), search, error));
}

json_t *store_list_threads(Store *store, const StoreSearch *search, GError **error) {
  if (!store_flush(store, error)) return NULL;
  return end_read(store, store->kind->list_threads(begin_read(store), search, error));
}

json_t *store_get_thread(Store *store, const char *id, const char *scope_key, GError **error) {
  if (!store_flush(store, error)) return NULL;
  return end_read(store, store->kind->get_thread(begin_read(store), id, scope_key, error));
}

gboolean store_rename_thread(Store *store, const char *id, const char *scope_key, const char *title, GError **error) {
  Database *database = store_flush(store, error) ? begin_change(store, error) : NULL;
  return database != NULL && end_change(store, store->kind->rename_thread(database, id, scope_key, title, error), error);
}

gboolean store_delete_thread(Store *store, const char *id, const char *scope_key, GError **error) {
  Database *database = store_flush(store, error) ? begin_change(store, error) : NULL;
  return database != NULL && end_change(store, store->kind->delete_thread(database, id, scope_key, error), error);
}

/* ---- records ---- */

static gboolean check_size(const json_t *body, GError **error) {
  g_autofree char *text = json_to_text(body, JSON_PLAIN);
  if (strlen(text) <= STORE_MAX_RECORD_BYTES) return TRUE;
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_TOO_LARGE, "this is too large to be kept");
  return FALSE;
}

gboolean store_put_record(Store *store, StoreKind kind, const StoreRecord *record, GError **error) {
  Database *database = check_size(record->body, error) ? begin_change(store, error) : NULL;
  return database != NULL && end_change(store, store->kind->put_record(database, kind, record, error), error);
}

static json_t *unless_expired(json_t *record, gint64 now_ms, GError **error) {
  gint64 expires_ms = json_get_int(record, "expires_ms", 0);
  if (record == NULL || expires_ms == 0 || expires_ms > now_ms) return record;
  g_autoptr(GDateTime) when = g_date_time_new_from_unix_utc(expires_ms / 1000);
  g_autofree char *day = g_date_time_format(when, "%Y-%m-%d %H:%M UTC");
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND, "this link expired on %s; ask for a new one", day);
  json_decref(record);
  return NULL;
}

json_t *store_get_record(Store *store, StoreKind kind, const char *id, const char *scope_key, GError **error) {
  json_t *record = end_read(store, store->kind->get_record(begin_read(store), kind, id, scope_key, error));
  return unless_expired(record, g_get_real_time() / 1000, error);
}

static json_t *change_record(Store *store, Database *database, StoreKind kind, const char *id, const char *scope_key, const json_t *changes,
                             gint64 now_ms, GError **error) {
  static const char *const own[] = {"id", "subject", "created_ms", "updated_ms", "expires_ms"};
  g_autoptr(json_t) record = store->kind->get_record(database, kind, id, scope_key, error);
  if (record == NULL) return NULL;
  json_object_update(record, (json_t *)changes);
  g_autoptr(json_t) body = json_copy(record);
  for (guint i = 0; i < G_N_ELEMENTS(own); i++) json_object_del(body, own[i]);
  if (!check_size(body, error) || !store->kind->set_record(database, kind, id, scope_key, body, now_ms, error)) return NULL;
  json_object_set_new(record, "updated_ms", json_integer(now_ms));
  return g_steal_pointer(&record);
}

json_t *store_change_record(Store *store, StoreKind kind, const char *id, const char *scope_key, const json_t *changes, gint64 now_ms,
                            GError **error) {
  Database *database = begin_change(store, error);
  if (database == NULL) return NULL;
  g_autoptr(json_t) record = change_record(store, database, kind, id, scope_key, changes, now_ms, error);
  return end_change(store, record != NULL, error) ? g_steal_pointer(&record) : NULL;
}

gboolean store_delete_record(Store *store, StoreKind kind, const char *id, const char *scope_key, GError **error) {
  Database *database = begin_change(store, error);
  return database != NULL && end_change(store, store->kind->delete_record(database, kind, id, scope_key, error), error);
}

json_t *store_list_records(Store *store, StoreKind kind, const char *scope_key, const char *subject, int limit, GError **error) {
  return end_read(store, store->kind->list_records(begin_read(store), kind, scope_key, subject, limit, error));
}

/* ---- tasks ---- */

gboolean store_put_task(Store *store, const StoreTask *task, GError **error) {
  Database *database = begin_change(store, error);
  return database != NULL && end_change(store, store->kind->put_task(database, task, error), error);
}

json_t *store_claim_task(Store *store, const char *scope_key, const char *runner, gint64 now_ms, gint64 lease_ms, GError **error) {
  Database *database = begin_change(store, error);
  if (database == NULL) return NULL;
  GError *problem = NULL;
  g_autoptr(json_t) task = store->kind->claim_task(database, scope_key, runner, now_ms, lease_ms, &problem);
  gboolean good = problem == NULL;
  if (!good) g_propagate_error(error, problem);
  return end_change(store, good, error) ? g_steal_pointer(&task) : NULL;
}

gboolean store_beat_task(Store *store, const char *id, const char *runner, double percent, gint64 rows, gint64 lease_ms,
                         gboolean *go_on, GError **error) {
  Database *database = begin_change(store, error);
  return database != NULL && end_change(store, store->kind->beat_task(database, id, runner, percent, rows, lease_ms, go_on, error), error);
}

gboolean store_finish_task(Store *store, const char *id, const char *runner, const char *status, const char *answer,
                           const char *problem, gint64 now_ms, GError **error) {
  Database *database = begin_change(store, error);
  return database != NULL && end_change(store, store->kind->finish_task(database, id, runner, status, answer, problem, now_ms, error), error);
}

gboolean store_cancel_task(Store *store, const char *id, const char *scope_key, gint64 now_ms, GError **error) {
  Database *database = begin_change(store, error);
  return database != NULL && end_change(store, store->kind->cancel_task(database, id, scope_key, now_ms, error), error);
}

json_t *store_get_task(Store *store, const char *id, const char *scope_key, gboolean with_answer, GError **error) {
  return end_read(store, store->kind->get_task(begin_read(store), id, scope_key, with_answer, error));
}

json_t *store_list_tasks(Store *store, const char *scope_key, int limit, GError **error) {
  return end_read(store, store->kind->list_tasks(begin_read(store), scope_key, limit, error));
}
