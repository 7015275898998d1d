/*
 * store: what must outlive a process: answers (for follow-ups), sessions, the query log; threads, pins, feedback, links;
 * tasks. One interface per kind of backend (database.h); SQLite (WAL) in <workspace>/state/aisle.db. Thread-safe; several
 * processes may use one file. Migrations are numbered, forward only.
 * Everything is read back only under the scope it was written under, but for links, which are made to be handed on.
 * Times are milliseconds since 1970; lists are newest first.
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
  const char *after;        /* the answer this one follows; NULL */
  const char *as_of;        /* the day it counted from; NULL */
  const char *restatement;  /* what was understood, in words; NULL */
  GBytes *shared;           /* holds status, query, options, versions, as_of and restatement, which many answers share; NULL: nothing does */
} StoreAnswer;

/*
 * Queued and written in batches by a thread of the store (bounded queue; a full queue blocks up to 1 s, then BUSY). Under an
 * id that is there already only a failed one is replaced, in its place: a question that was interrupted and answered later.
 */
gboolean store_put_answer(Store *store, const StoreAnswer *answer, GError **error);
/* The same without any wait: FALSE when the queue is full now. */
gboolean store_try_put_answer(Store *store, const StoreAnswer *answer);
gboolean store_flush(Store *store, GError **error); /* has it written now, and waits until everything put so far is durable */
/* {"id","session","question","status","query","options","created_ms","after","as_of","restatement","route","latency_us","rows","versions"}; sees answers still in the queue. NOT_FOUND also under another scope. (transfer full) */
json_t *store_get_answer(Store *store, const char *id, const char *scope_key, GError **error);
/* Newest answer id of a session under this scope; NULL without error when there is none. (transfer full) */
char *store_session_newest(Store *store, const char *session, const char *scope_key, GError **error);

/* ---- looking back ---- */

typedef struct {
  const char *scope_key; /* required */
  const char *text;      /* what the question or title holds, whatever the case; NULL: all */
  const char *session;   /* answers of this one only; NULL: all */
  gint64 before;         /* the "cursor" of the last one seen; 0: from the newest on */
  int limit;             /* required, > 0 */
} StoreSearch;
/* Answers as above, each with its "cursor". JSON array. (transfer full) */
json_t *store_search_answers(Store *store, const StoreSearch *search, GError **error);

/*
 * A thread is a session: it begins with the first answer of a session, whose question is its title until somebody gives
 * it another. {"id","title","created_ms","updated_ms","turns","cursor"}. (transfer full)
 */
json_t *store_list_threads(Store *store, const StoreSearch *search, GError **error);
json_t *store_get_thread(Store *store, const char *id, const char *scope_key, GError **error); /* NOT_FOUND */
gboolean store_rename_thread(Store *store, const char *id, const char *scope_key, const char *title, GError **error);
/* Its answers stay in the query log. */
gboolean store_delete_thread(Store *store, const char *id, const char *scope_key, GError **error);

/* ---- pins, feedback, links ---- */

typedef enum { STORE_PIN, STORE_FEEDBACK, STORE_LINK } StoreKind;
#define STORE_MAX_RECORD_BYTES ((gsize)1 << 20)
#define STORE_MAX_RECORDS 10000 /* of one kind and scope */
typedef struct {
  const char *id, *scope_key; /* required */
  const char *subject;        /* what it is about: an answer's id; NULL */
  const json_t *body;         /* required: an object */
  gint64 created_ms, expires_ms; /* expires_ms 0: never */
} StoreRecord;
/*
 * Records come back as their body with "id", "created_ms", "updated_ms" (and "expires_ms", "subject" where given) set.
 * TOO_LARGE, or BUSY when there are too many.
 */
gboolean store_put_record(Store *store, StoreKind kind, const StoreRecord *record, GError **error);
/* `scope_key` NULL: whoever made it, for links. NOT_FOUND, also once it has expired. (transfer full) */
json_t *store_get_record(Store *store, StoreKind kind, const char *id, const char *scope_key, GError **error);
/* Members of `changes` take the place of those of the body. The changed record. (transfer full) */
json_t *store_change_record(Store *store, StoreKind kind, const char *id, const char *scope_key, const json_t *changes, gint64 now_ms,
                            GError **error);
gboolean store_delete_record(Store *store, StoreKind kind, const char *id, const char *scope_key, GError **error);
/* `scope_key` NULL: of all; `subject` NULL: about anything. JSON array. (transfer full) */
json_t *store_list_records(Store *store, StoreKind kind, const char *scope_key, const char *subject, int limit, GError **error);

/* ---- tasks: questions that may take long ---- */

#define STORE_TASK_ATTEMPTS 3
#define STORE_MAX_ENDED_TASKS 500 /* of one scope; the oldest make room */
typedef struct {
  const char *id, *scope_key, *title;
  const json_t *request; /* what was asked, as it came */
  gint64 created_ms;
} StoreTask;
gboolean store_put_task(Store *store, const StoreTask *task, GError **error);
/*
 * The oldest task of the scope that is queued, or whose runner has not been heard of in time (it was killed): from now on
 * `runner`'s, until `lease_ms` (a point in time). What was begun STORE_TASK_ATTEMPTS times and never ended becomes failed.
 * {"id","request","attempts"}; NULL without error: nothing to do. (transfer full)
 */
json_t *store_claim_task(Store *store, const char *scope_key, const char *runner, gint64 now_ms, gint64 lease_ms, GError **error);
/* The runner lives and is so far (percent negative: not known). *go_on FALSE: cancelled, or another runner's now. */
gboolean store_beat_task(Store *store, const char *id, const char *runner, double percent, gint64 rows, gint64 lease_ms,
                         gboolean *go_on, GError **error);
/* `status`: "done" with the answer's text, "failed" with a problem's, "cancelled", "queued" (given back). NOT_FOUND: not this
 * runner's any more. */
gboolean store_finish_task(Store *store, const char *id, const char *runner, const char *status, const char *answer,
                           const char *problem, gint64 now_ms, GError **error);
/* A queued task is cancelled now, a running one as soon as its runner notices; a finished one is removed. NOT_FOUND. */
gboolean store_cancel_task(Store *store, const char *id, const char *scope_key, gint64 now_ms, GError **error);
/* {"id","title","status","percent","rows","created_ms","started_ms","finished_ms","error"}; `with_answer` adds "request" and
 * "answer". (transfer full) */
json_t *store_get_task(Store *store, const char *id, const char *scope_key, gboolean with_answer, GError **error);
json_t *store_list_tasks(Store *store, const char *scope_key, int limit, GError **error);
