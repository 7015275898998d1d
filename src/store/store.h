/*
 * store: what must outlive a process: answers (for follow-ups), sessions, the query log. One interface per kind of
 * backend; SQLite (WAL) in <workspace>/state/aisle.db. Thread-safe; several processes may use one file.
 * Migrations are numbered, forward only.
 */
#pragma once
#include "base/base.h"

typedef struct Store Store;
Store *store_open_sqlite(const char *path, GError **error);
void store_free(Store *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Store, store_free)

typedef struct {
  const char *id, *session, *tenant, *user;
  const char *scope_key;  /* hash; an answer is only read back under the same scope */
  const char *question;
  const char *status;
  const char *query_json;   /* semantic query as asked; NULL */
  const char *options_json; /* clarify options [{label, query}]; NULL */
  const char *route;
  gint64 created_ms;
  gint64 latency_us, bytes_scanned, rows;
  const char *versions_json; /* table versions */
  double cost;
} StoreAnswer;

/* Queued and written in batches by a thread of the store (bounded queue; a full queue blocks up to 1 s, then BUSY). */
gboolean store_put_answer(Store *store, const StoreAnswer *answer, GError **error);
/* The same without any wait: FALSE when the queue is full now. */
gboolean store_try_put_answer(Store *store, const StoreAnswer *answer);
gboolean store_flush(Store *store, GError **error); /* waits until everything put so far is durable */
/* {"id","session","question","status","query","options","created_ms"}; sees answers still in the queue. NOT_FOUND also under another scope. (transfer full) */
json_t *store_get_answer(Store *store, const char *id, const char *scope_key, GError **error);
/* Newest answer id of a session under this scope; NULL without error when there is none. (transfer full) */
char *store_session_newest(Store *store, const char *session, const char *scope_key, GError **error);
/* Newest first: for history. JSON array. (transfer full) */
json_t *store_list_answers(Store *store, const char *scope_key, int limit, GError **error);
