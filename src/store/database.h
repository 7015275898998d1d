/*
 * What a kind of database does for the store: one struct of functions per kind, and one test suite over all kinds. A
 * Database is one connection and belongs to one thread at a time; several connections, also of several processes, may use
 * one database. Functions speak in the terms of store.h; those without a word of their own do what is said there.
 */
#pragma once
#include "store/store.h"

typedef struct Database Database;
typedef enum { DATABASE_READ, DATABASE_WRITE } DatabaseMode;

typedef struct {
  const char *name;
  /* DATABASE_WRITE makes what is missing and brings it to the current version; a newer one is UNSUPPORTED. (transfer full) */
  Database *(*open)(const char *address, DatabaseMode mode, GError **error);
  void (*close)(Database *database); /* NULL is fine */
  gboolean (*begin)(Database *database, GError **error);
  gboolean (*commit)(Database *database, GError **error);
  void (*rollback)(Database *database);

  gboolean (*insert_answer)(Database *database, const StoreAnswer *answer, GError **error); /* and its thread; in a transaction */
  json_t *(*get_answer)(Database *database, const char *id, const char *scope_key, GError **error);
  char *(*session_newest)(Database *database, const char *session, const char *scope_key, GError **error);
  json_t *(*search_answers)(Database *database, const StoreSearch *search, GError **error);

  json_t *(*list_threads)(Database *database, const StoreSearch *search, GError **error);
  json_t *(*get_thread)(Database *database, const char *id, const char *scope_key, GError **error);
  gboolean (*rename_thread)(Database *database, const char *id, const char *scope_key, const char *title, GError **error);
  gboolean (*delete_thread)(Database *database, const char *id, const char *scope_key, GError **error);

  gboolean (*put_record)(Database *database, StoreKind kind, const StoreRecord *record, GError **error); /* in a transaction */
  json_t *(*get_record)(Database *database, StoreKind kind, const char *id, const char *scope_key, GError **error);
  gboolean (*set_record)(Database *database, StoreKind kind, const char *id, const char *scope_key, const json_t *body, gint64 now_ms,
                         GError **error);
  gboolean (*delete_record)(Database *database, StoreKind kind, const char *id, const char *scope_key, GError **error);
  json_t *(*list_records)(Database *database, StoreKind kind, const char *scope_key, const char *subject, int limit, GError **error);

  gboolean (*put_task)(Database *database, const StoreTask *task, GError **error); /* in a transaction */
  json_t *(*claim_task)(Database *database, const char *scope_key, const char *runner, gint64 now_ms, gint64 lease_ms,
                        GError **error); /* in a transaction */
  gboolean (*beat_task)(Database *database, const char *id, const char *runner, double percent, gint64 rows, gint64 lease_ms,
                        gboolean *go_on, GError **error);
  gboolean (*finish_task)(Database *database, const char *id, const char *runner, const char *status, const char *answer,
                          const char *problem, gint64 now_ms, GError **error);
  gboolean (*cancel_task)(Database *database, const char *id, const char *scope_key, gint64 now_ms, GError **error); /* in a transaction */
  json_t *(*get_task)(Database *database, const char *id, const char *scope_key, gboolean with_answer, GError **error);
  json_t *(*list_tasks)(Database *database, const char *scope_key, int limit, GError **error);
} DatabaseKind;

extern const DatabaseKind database_sqlite; /* address: a path */

/* A store over a kind of database; store_open_sqlite() is this with database_sqlite. (transfer full) */
Store *store_open(const DatabaseKind *kind, const char *address, GError **error);

/* The JSON of one answer as store_get_answer() gives it. (transfer full) */
json_t *database_answer_json(const StoreAnswer *answer);
