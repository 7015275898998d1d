/*
 * insight: from a result to what people read. Sentences from templates over computed facts, a check of every number,
 * direction and superlative against the result, the chart, a drawing of it for terminals. No SQL here.
 */
#pragma once
#include "query/query.h"

typedef struct {
  char *text;    /* as it stands in the sentence: "£1.5 million", "up 12.3 %", "West" */
  json_t *value; /* the full-precision value */
  char *from;    /* "rows[0].revenue", "max(revenue)", "sum(revenue)" */
} Fact;

typedef struct {
  GPtrArray *sentences; /* of char*, all checked */
  GPtrArray *facts;     /* of Fact* */
  guint dropped;        /* sentences that failed the check */
} Narrative;
void narrative_free(Narrative *narrative);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Narrative, narrative_free)

/* A result with its meaning. (all transfer none) */
typedef struct {
  const SemanticQuery *resolved;
  const Model *model;
  const GPtrArray *columns; /* of AnswerColumn* */
  const ResultTable *result;
  Day data_through; /* last day the facts have rows of: what a series' last period is held against; 0: unknown */
} InsightInput;

/* With `resolved->analysis` DRIVERS and one dimension: which member accounts for most of the change. */
Narrative *insight_narrate(const InsightInput *input);
/*
 * Every number, direction word (rose, fell, more, less) and superlative (highest, lowest) of the text must follow from
 * the result; FALSE with what does not. Also used on sentences of language models.
 */
gboolean insight_check_sentence(const InsightInput *input, const char *sentence, char **why_not);
/* Apache ECharts option chosen by the shape of the result, or NULL where a picture helps nobody. (transfer full) */
json_t *insight_chart(const InsightInput *input);
/* Numbers for people: "£1,234.50", "12.3 %", "1.2 pp", "5,009". (transfer full) */
char *insight_format_value(const AnswerColumn *column, const Value *value);
/* Aligned table and unicode chart for a terminal of `width` columns. (transfer full) */
char *insight_render_table(const InsightInput *input, int width, gsize max_rows);
char *insight_render_chart(const InsightInput *input, int width); /* NULL: nothing to draw */
