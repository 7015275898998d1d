/* Inside answer/: one request on its way through the pipeline. */
#pragma once
#include "answer/answer.h"
#include "answer/data.h"
#include "answer/plan.h"
#include "ask/data_phrase.h"

/* A change by one dimension: what the sentence on it is told from and held against. */
typedef struct {
  SemanticQuery *query;
  QueryPlan *plan;
  ResultTable *result;
} ChangePart;
void change_part_free(gpointer part);

typedef struct {
  AnswerService *service;
  const AnswerRequest *request;
  AnswerData *data;       /* pinned for the whole life of the request */
  ValueIndex *values;     /* as the caller may see them */
  LakeSnapshot *snapshot; /* pinned for the whole life of the request */
  LakeSnapshot *baseline; /* the other state of the data that it is held against; NULL */
  GPtrArray *known_snapshots; /* of SnapshotName*, newest first; NULL until they are needed */
  Model *model;           /* as the caller may see it */
  Lexicon *lexicon;
  Day as_of;
  gboolean as_of_from_data;
  char *id;
  char *session;
  char *after;
  GPtrArray *caveats;     /* of char* "code|text" */
  GPtrArray *rollups;     /* of RollupView*: as the caller may see them */
  QueryPlan *plan;        /* of the query that was asked */
  QueryPlan *whole_plan;
  CompiledQuery *whole;   /* a change that was explained: the whole of it, for the sentences; NULL (of whole_plan) */
  ResultTable *whole_result;
  GPtrArray *parts;       /* of ChangePart*: the same change by one dimension each; NULL */
  gint64 started_us, understood_us, executed_us;
  const char *route;
} Turn;

/* ---- which data (turn_data.c) ---- */
gboolean turn_open_data(Turn *turn, const DataChoice *choice, GError **error);
void turn_close_data(Turn *turn);
void turn_set_as_of(Turn *turn);
/*
 * Puts snapshots and days that are there in place of what the query says of its data, and lets the turn go on over them.
 * The answer instead, where they must be asked back or refused; else NULL, with `settled`, or with the error. (transfer full)
 */
json_t *turn_settle_data(Turn *turn, const SemanticQuery *query, AskResult *asked, SemanticQuery **settled, GError **error);
/* What the question says about its data; NULL: nothing, or the error. (transfer full) */
DataPhrase *turn_read_data_phrase(Turn *turn, GError **error);
void turn_read_over(Turn *turn, const DataRef *said);
void turn_apply_data_phrase(const Turn *turn, const DataPhrase *phrase, SemanticQuery *query);
void ask_option_clear(gpointer option); /* an AskOption* */

/* Adds "code|text" once. */
void turn_caveat(Turn *turn, const char *code, const char *format, ...) G_GNUC_PRINTF(3, 4);
/* The answer of an executed query. (transfer full) */
json_t *turn_build_answered(Turn *turn, const SemanticQuery *query, const SemanticQuery *resolved, const CompiledQuery *compiled,
                            const ResultTable *result, const AskResult *asked);
/* Tells the sink what a query means, before it runs. */
void turn_report_understood(Turn *turn, const SemanticQuery *query, const SemanticQuery *resolved, const CompiledQuery *compiled,
                            const AskResult *asked);
/* The same without a result: nothing was run. */
json_t *turn_build_understood(Turn *turn, const SemanticQuery *query, const SemanticQuery *resolved, const CompiledQuery *compiled,
                              const AskResult *asked);
json_t *turn_build_unanswered(Turn *turn, const AskResult *asked);
json_t *turn_build_failed(Turn *turn, const GError *error);
/* How a query is run. (transfer full) */
QueryPlan *turn_plan(Turn *turn, const SemanticQuery *resolved, GError **error);
/* Guards it and runs it. (transfer full) */
ResultTable *turn_run(Turn *turn, const QueryPlan *plan, gsize max_rows, GError **error);
/* "Why did it change": members of every dimension with their part in the change. NULL on error. */
ResultTable *turn_explain_change(Turn *turn, const SemanticQuery *resolved, GPtrArray **columns, GError **error);
/* Tells the caller's sink, when there is one, what stands under these keys of the answer (NULL ends them). */
void turn_report(const Turn *turn, const char *stage, const json_t *answer, const char *const *keys);
Cache *answer_service_cache(AnswerService *service);
