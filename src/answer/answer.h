/*
 * answer: the one pipeline. (question or semantic query, caller's scope, as_of, after, snapshot, deadline) -> Answer.
 * cli, server, report, agent and eval call it and render; nothing else runs questions.
 */
#pragma once
#include "ask/ask.h"
#include "cache/cache.h"
#include "insight/insight.h"
#include "store/store.h"

/* An open workspace: engine, current snapshot and model, per-scope lexicons, result cache. Thread-safe. */
typedef struct AnswerService AnswerService;

/* Data of another time than now. All zero: the current snapshot (of a request: what the service was opened with). */
typedef struct {
  const char *snapshot; /* a named snapshot; or */
  gint64 at_ms;         /* tables as they were at that time (milliseconds since 1970, UTC); or */
  gboolean by_version;  /* `table` (NULL: each that has it) at `version` */
  const char *table;
  gint64 version;
} DataChoice;

typedef struct {
  const char *workspace;
  int threads;                 /* 0: cores */
  gint64 memory_limit_bytes;   /* 0: default */
  gsize cache_bytes;           /* 0: no result cache */
  DataChoice data;             /* what questions see that choose nothing themselves */
  gboolean follow;             /* a newly published snapshot is seen within seconds; questions in flight keep theirs */
} AnswerServiceOptions;

AnswerService *answer_service_open(const AnswerServiceOptions *options, GError **error);
void answer_service_free(AnswerService *service);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AnswerService, answer_service_free)
/* Of the current snapshot, which may be another the next moment. (transfer full) */
Model *answer_service_model_ref(AnswerService *service);
LakeSnapshot *answer_service_snapshot_ref(AnswerService *service);
Store *answer_service_store(AnswerService *service); /* (transfer none) */
const char *answer_service_workspace(const AnswerService *service); /* (transfer none) */

/*
 * What is known before the whole answer is: "understood", then "result", then "sentences", each once at most and in this
 * order, on the thread that asked. An answer from the cache, and one that is refused or fails, has none of them.
 * "How far" is told through the deadline's Progress.
 */
typedef void (*AnswerSink)(gpointer data, const char *stage, const json_t *part);

typedef struct {
  const char *question;          /* or */
  const char *asked_as;          /* the question as it was typed, where `question` says it in other words; NULL: as it stands */
  const json_t *query;           /* a semantic query */
  AccessScope *scope;            /* required (transfer none) */
  DataChoice data;               /* data of the past */
  Day as_of;                     /* DAY_NONE: wall clock, or the data's last day */
  const char *after;             /* answer id; NULL */
  const char *session;           /* session id: `after` is its newest answer; NULL */
  Deadline deadline;
  gsize max_rows;                /* 0: 10,000 */
  gboolean understand_only;      /* stop before the engine */
  gboolean explain;              /* keep readings and scores */
  gboolean unlogged;             /* leaves no trace in the query log */
  const char *id;                /* of answer_new_id(), where the caller wants to know it before; NULL */
  AnswerSink sink;               /* NULL: only the whole answer is wanted */
  gpointer sink_data;
} AnswerRequest;

/* An id for an answer; no two are alike. (transfer full) */
char *answer_new_id(void);

/*
 * The answer as the JSON object of the contract (schemas/answer.json). Refusals and clarifications are answers; failures
 * too (status "failed" with error{code,message,hint}), so this never returns NULL. It is stored under its id. (transfer full)
 */
json_t *answer_ask(AnswerService *service, const AnswerRequest *request);
/*
 * The same as finished JSON text; identical meaning under identical scope and data comes from the result cache without
 * touching the engine, with id, question, route and timing of this request. (transfer full)
 */
GBytes *answer_ask_text(AnswerService *service, const AnswerRequest *request, int *http_status);
int answer_http_status(const json_t *answer); /* 200, or that of the error it failed with */
/*
 * The same where it costs no wait: NULL when the result cache does not hold this very question (then ask). Never touches
 * the engine or the disk, so an event loop may call it. Status 200. (transfer full)
 */
GBytes *answer_ask_cached(AnswerService *service, const AnswerRequest *request);
/* What the result cache holds and did. */
void answer_service_cache_statistics(AnswerService *service, CacheStatistics *out);
/* The lexicon of a scope, built once. (transfer full) */
Lexicon *answer_service_lexicon(AnswerService *service, AccessScope *scope, GError **error);
/* The model as this scope sees it and the values in it, which belong together: an index knows fields of its own model only. (transfer full) */
gboolean answer_service_visible(AnswerService *service, AccessScope *scope, Model **model, ValueIndex **values, GError **error);
ValueIndex *answer_service_values(AnswerService *service, AccessScope *scope, GError **error);
/*
 * Runs one SELECT that was not compiled from a semantic query: guarded, over the model's relations as the caller may see
 * them, at most 1,000 rows. {sql, columns, rows, row_count, truncated}; BLOCKED says what the guard refuses. Who calls it
 * must have a permission for it and label what comes of it. (transfer full)
 */
json_t *answer_free_sql(AnswerService *service, const AnswerRequest *request, const char *sql, GError **error);
/* Whether every number, direction and superlative of a sentence follows from an answer's result; `why_not` may be NULL. */
gboolean answer_check_sentence(AnswerService *service, const json_t *answer, const char *sentence, char **why_not);
/* Rebuilds an InsightInput's parts from an answer's JSON to draw it; used by the terminal. Text for a person. (transfer full) */
char *answer_render_terminal(const json_t *answer, int width, gboolean colour);
char *answer_render_csv(const json_t *answer);
