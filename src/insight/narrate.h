/* Sentences by shape of result. Each function proposes sentences; narrate_tell keeps those that pass the fact check. */
#pragma once
#include "insight/check.h"

#define NARRATE_MAX_SENTENCES 4

typedef struct {
  const ResultView *view;
  const Phrases *phrases;
  Narrative *narrative;
} Narrator;

/* Checks the sentence and keeps it with its facts, or counts it as dropped. FALSE: not kept. */
gboolean narrate_tell(Narrator *narrator, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* A member as it starts a sentence: "Customer 17850", but "iPhone". (transfer full) */
char *narrate_first(const ResultView *view, guint dimension, gsize row);
/* "highest", "most" (of things that are counted), "lowest", "fewest". */
const char *narrate_extreme(const ResultView *view, const ViewMeasure *measure, int extreme);
const char *narrate_was(const ViewMeasure *measure);
/* A cell as sentences show it. (transfer full) */
char *narrate_amount(const Narrator *narrator, gsize row, int column);
/* "Three", "14". (transfer full) */
char *narrate_count(gsize count, gboolean at_start);
/* Rows that have a value, best first (order of rows kept among equals). Of gsize. (transfer full) */
GArray *narrate_ranked(const ResultView *view, int column);

void narrate_single(Narrator *narrator);
void narrate_comparison(Narrator *narrator);      /* one row: now against before, West against East */
void narrate_comparison_rows(Narrator *narrator); /* one row per group or period */
void narrate_driver(Narrator *narrator); /* which group accounts for most of the change */
void narrate_series(Narrator *narrator, const ViewMeasure *measure);
gboolean narrate_spread(Narrator *narrator, const ViewMeasure *measure); /* FALSE: the groups are no single numbers */
void narrate_ranking(Narrator *narrator, const ViewMeasure *measure);
void narrate_having(Narrator *narrator);
gboolean narrate_is_having_list(const ResultView *view);
void narrate_two_dimensions(Narrator *narrator, const ViewMeasure *measure);
void narrate_one_group(Narrator *narrator); /* one row with members: "which region had the highest ..." */
