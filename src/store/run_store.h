/*
 * What agents must not lose: a checkpoint after every step of a run, its trace, and what users have taught about their
 * words. SQLite (WAL) in <workspace>/state/agent.db, apart from answers, so that neither waits for the other.
 *
 * A checkpoint is committed before the call returns: it survives kill -9 at once, and a power failure as soon as the
 * system has written its log (synchronous=NORMAL; a run that loses its last step that way does it again, and the gateway
 * does not charge the same call twice). Everything is owned: `owner` is a hash of tenant, user and scope; what belongs to
 * another owner does not exist. Thread-safe; several processes may use one file. Migrations are numbered, forward only.
 */
#pragma once
#include "base/base.h"

#define RUN_MAX_CHECKPOINT ((gsize)4 << 20)

typedef struct RunStore RunStore;
RunStore *run_store_open(const char *path, GError **error); /* makes the file (transfer full) */
void run_store_free(RunStore *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RunStore, run_store_free)

/* ---- runs ---- */
typedef struct {
  const char *run, *owner;
  const char *state;      /* where the run stands now */
  gboolean finished;
  const char *checkpoint; /* JSON: everything to go on from here */
  gint64 step;            /* 1, 2, ... of this run; a step that is there already is replaced */
  const char *step_name;  /* what was done */
  const char *detail;     /* JSON: for the trace */
  gint64 took_us;
  const char *answer;     /* id of the answer the run gave; NULL so far */
} RunStep;
/* One transaction: the run's newest checkpoint, and one line of its trace. CONFLICT when another process went further. */
gboolean run_store_put(RunStore *store, const RunStep *step, GError **error);
/* {state, finished, step, checkpoint, created_ms, updated_ms}; NOT_FOUND also for another owner's. (transfer full) */
json_t *run_store_get(RunStore *store, const char *run, const char *owner, GError **error);
/* [{step, name, at_ms, took_us, detail}] of a run, named by its own id or its answer's; NOT_FOUND as above. (transfer full) */
json_t *run_store_trace(RunStore *store, const char *run, const char *owner, GError **error);
/* Ids of runs of this owner that did not end and were not touched for `idle_ms`, oldest first. (transfer full) */
json_t *run_store_unfinished(RunStore *store, const char *owner, gint64 idle_ms, int limit, GError **error);
/* [{id, question, finished, steps, updated_ms}] of this owner, newest first. (transfer full) */
json_t *run_store_recent(RunStore *store, const char *owner, int limit, GError **error);

/* ---- what words mean to a user ---- */
#define MEMORY_MAX_ENTRIES 500
#define MEMORY_MAX_TEXT 200
/* `phrase` (folded) means `meaning`, in words of the model. Replaces what it meant. TOO_LARGE past the limits. */
gboolean run_store_remember(RunStore *store, const char *owner, const char *phrase, const char *meaning, const char *origin, gint64 *id,
                            GError **error);
/* [{id, phrase, meaning, origin, uses, created_ms}] by phrase. (transfer full) */
json_t *run_store_memory(RunStore *store, const char *owner, GError **error);
gboolean run_store_forget(RunStore *store, const char *owner, gint64 id, GError **error); /* NOT_FOUND */
gboolean run_store_memory_used(RunStore *store, const char *owner, gint64 id, GError **error);
/* Changes with every change of any owner's memory by this store object; another process's are seen by run_store_memory(). */
/* Whether anyone has taught anything: as another process left it a moment ago. Takes no lock most times. */
gboolean run_store_has_memory(RunStore *store);
gint64 run_store_memory_version(RunStore *store, GError **error);
