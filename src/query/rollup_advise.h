/* Which rollups would have answered what was asked: from a query log, without a guess about the future. */
#pragma once
#include "query/rollup.h"

#define ROLLUP_ADVICE_MAX 5         /* rollups proposed at once */
#define ROLLUP_ADVICE_CANDIDATES 60 /* definitions that are tried */
#define ROLLUP_ADVICE_QUERIES 300   /* different queries that are looked at */

typedef struct {
  SemanticQuery *query; /* resolved (transfer none) */
  gint64 latency_us;
} AskedQuery;

typedef struct {
  Rollup *definition;
  guint answered;    /* queries that it would have answered and nothing before it does */
  gint64 latency_us; /* what they took in all */
} RollupAdvice;
void rollup_advice_free(RollupAdvice *advice);

/*
 * Each candidate is kept by what one of the queries groups, filters and counts by; those are chosen that would have
 * saved most time beyond the rollups there are and those chosen before. Of RollupAdvice*, best first. (transfer full)
 */
GPtrArray *rollup_advise(Model *model, const AskedQuery *asked, guint n_asked);
