/* The schema of the state file, step by step. */
#include "store/sqlite_private.h"

/*
 * Forward only; each is run once, in order, and never changed after a release (tests/data/store/ holds a file of every
 * version). Long texts repeat (the same question asked again has the same query), so they stand once in `texts` and a
 * row of `answers` is small.
 */
static const char *const migrations[] = {
    /* 1: answers and sessions */
    "CREATE TABLE texts (id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, value TEXT NOT NULL);"
    "CREATE TABLE answers ("
    "  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, session TEXT, tenant INTEGER, user INTEGER,"
    "  scope INTEGER NOT NULL, question INTEGER, status TEXT NOT NULL, query INTEGER, options INTEGER, route TEXT,"
    "  created_ms INTEGER NOT NULL, latency_us INTEGER NOT NULL, bytes_scanned INTEGER NOT NULL, rows INTEGER NOT NULL,"
    "  versions INTEGER, cost REAL NOT NULL);"
    "CREATE INDEX answers_by_session ON answers (session, number) WHERE session IS NOT NULL;",

    /* 2: what an answer follows, from which day it counted and what was understood; threads, made of the sessions so far */
    "ALTER TABLE answers ADD COLUMN after TEXT;"
    "ALTER TABLE answers ADD COLUMN as_of TEXT;"
    "ALTER TABLE answers ADD COLUMN restatement INTEGER;"
    "CREATE TABLE threads ("
    "  id TEXT NOT NULL, scope INTEGER NOT NULL, title TEXT NOT NULL, turns INTEGER NOT NULL,"
    "  created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL, PRIMARY KEY (id, scope)) WITHOUT ROWID;"
    "CREATE INDEX threads_by_time ON threads (scope, updated_ms);"
    "INSERT INTO threads SELECT a.session, a.scope, coalesce((SELECT t.value FROM answers f JOIN texts t ON t.id = f.question"
    "    WHERE f.session = a.session AND f.scope = a.scope ORDER BY f.number LIMIT 1), ''),"
    "  count(*), min(a.created_ms), max(a.created_ms) FROM answers a WHERE a.session IS NOT NULL GROUP BY a.session, a.scope;",

    /* 3: pins, feedback, links */
    "CREATE TABLE records ("
    "  number INTEGER PRIMARY KEY, kind INTEGER NOT NULL, id TEXT NOT NULL, scope INTEGER NOT NULL, subject TEXT,"
    "  body TEXT NOT NULL, created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL,"
    "  UNIQUE (kind, id));"
    "CREATE INDEX records_by_scope ON records (kind, scope, number);"
    "CREATE INDEX records_by_subject ON records (kind, subject) WHERE subject IS NOT NULL;",

    /* 4: tasks */
    "CREATE TABLE tasks ("
    "  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, scope INTEGER NOT NULL, title TEXT NOT NULL, request TEXT NOT NULL,"
    "  status TEXT NOT NULL, percent REAL, rows INTEGER NOT NULL DEFAULT 0, answer TEXT, problem TEXT,"
    "  attempts INTEGER NOT NULL DEFAULT 0, runner TEXT, lease_ms INTEGER NOT NULL DEFAULT 0,"
    "  unwanted INTEGER NOT NULL DEFAULT 0, created_ms INTEGER NOT NULL, started_ms INTEGER, finished_ms INTEGER);"
    "CREATE INDEX tasks_waiting ON tasks (scope, number) WHERE status IN ('queued', 'running');"
    "CREATE INDEX tasks_by_scope ON tasks (scope, number);",
};

gboolean sqlite_migrate(Database *database, GError **error) {
  return sql_migrate(database->handle, migrations, G_N_ELEMENTS(migrations), error);
}
