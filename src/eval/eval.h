/*
 * eval: golden questions. Runs questions through answer/, holds each answer against what was expected, and reports.
 * A question is a JSON object {id, dataset, category, question, as_of, after, ordered, expect, ...} with one of
 *   gold_sql  accepted SQL readings over the data set's own headers; any may match
 *   rows      the expected rows; value: one cell; range: [low, high] of one cell
 *   sql_pattern  a regular expression the answer's SQL must match
 * and expect "answered" (the default), "refused" or "clarify".
 */
#pragma once
#include "answer/answer.h"

typedef enum {
  VERDICT_RIGHT,
  VERDICT_WRONG_ROWS,            /* answered; no reading has that many rows */
  VERDICT_WRONG_VALUES,          /* answered; as many rows, other values */
  VERDICT_WRONG_STATUS_ANSWERED, /* answered what should be refused or asked back */
  VERDICT_NOT_ANSWERED,
  VERDICT_WRONG_STATUS_OTHER, /* refused for asked back, failed ... */
  VERDICT_COUNT
} Verdict;
const char *verdict_name(Verdict verdict); /* "wrong_values" */
gboolean verdict_is_wrong_but_answered(Verdict verdict);

/*
 * Whether rows show a gold result: as many rows, every gold column there by value, in any order, at most three columns
 * more. Numbers within 0.05 % (counts exact, fractions within 0.00005 or 0.05 %); a column of unit "%" may hold a
 * fraction as percent; periods by any usual spelling. `columns`: [{unit}], `gold_rows` and `rows`: arrays of arrays.
 */
gboolean judge_rows(const json_t *gold_rows, gboolean ordered, const json_t *columns, const json_t *rows);
/* `golds`: array of arrays of rows, one per accepted reading. */
Verdict judge_answer(const json_t *question, const json_t *golds, const json_t *answer);

/* Runs gold SQL over a snapshot's tables under their original headers. */
typedef struct GoldTables GoldTables;
GoldTables *gold_tables_open(const Model *model, const LakeSnapshot *snapshot, GError **error);
void gold_tables_free(GoldTables *gold);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GoldTables, gold_tables_free)
/* Makes the table that stands for `dataset` known under that name. FALSE without error: the workspace has no such
 * table. */
gboolean gold_tables_name(GoldTables *gold, const char *dataset, GError **error);
/* Rows of one reading as JSON. (transfer full) */
json_t *gold_tables_rows(GoldTables *gold, const char *sql, GError **error);

typedef struct {
  json_t *question; /* the line */
  json_t *answer;
  json_t *golds; /* rows of each accepted reading */
  Verdict verdict;
  double milliseconds;
  double cost;
  char *problem; /* a gold reading that failed; NULL */
} EvalItem;
typedef struct {
  GPtrArray *items; /* of EvalItem* */
  guint skipped;    /* questions about data the workspace does not have */
} EvalReport;
void eval_report_free(EvalReport *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EvalReport, eval_report_free)

/* The JSON objects of a JSON Lines file; BAD_INPUT names the line that is none. Of json_t*. (transfer full) */
GPtrArray *eval_load(const char *path, GError **error);
/* `dataset` NULL: every question the workspace has data for. Conversations go by `after`. (transfer full) */
EvalReport *eval_run(AnswerService *service, const GPtrArray *questions, const char *dataset, GError **error);

typedef struct {
  guint questions, right, wrong_answered, not_answered;
} EvalTally;
EvalTally eval_tally(const EvalReport *report, const char *category); /* NULL: all */
/* "category=fraction" or a fraction for all. FALSE with what was missed. `why` (transfer full) */
gboolean eval_meets(const EvalReport *report, const char *target, char **why, GError **error);
/* All (transfer full). */
char *eval_report_text(const EvalReport *report, gboolean show_failures);
json_t *eval_report_json(const EvalReport *report);
char *eval_report_html(const EvalReport *report);
