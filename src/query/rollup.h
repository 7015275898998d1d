/*
 * Rollups: a query that asks for no more than sums of a dataset by some of its fields is planned over a table of such
 * sums instead of the rows. A RollupView is the model as it looks when the dataset's rows are those of the rollup; the
 * compiler plans over it as over any other, and refuses (BAD_QUERY) whatever the rollup does not hold. Whether the
 * answer would be the same is decided before (rollup_check) and, piece by piece, while planning.
 * Views are immutable and may be shared between threads.
 */
#pragma once
#include "lake/rollup.h"
#include "query/query.h"

/* Why a rollup is used, or not: a stable code for machines, and words. The further down, the nearer it came to being used. */
#define ROLLUP_REASONS(X)                                                                                              \
  X(USED, "used", "the rollup answers exactly")                                                                       \
  X(ESTIMATED, "estimated", "the rollup answers with an estimate, as the model allows")                                 \
  X(NONE_DECLARED, "none_defined", "the model defines no rollup of this table")                                        \
  X(ROW_LIST, "row_list", "rows are listed one by one")                                                                \
  X(NEEDS_ROWS, "needs_rows", "the question is about what each customer, order or the like did")                       \
  X(NOT_ADDITIVE, "not_additive", "the measure cannot be added up from parts")                                         \
  X(SNAPSHOT_MEASURE, "snapshot_measure", "stock counts of one day cannot be added up over days")                      \
  X(INEXACT_SUM, "inexact_sum", "the measure is a sum of inexact numbers")                                             \
  X(MEASURE_MISSING, "measure_missing", "the rollup does not hold the measure")                                        \
  X(DISTINCT_KEY_MISSING, "distinct_key_missing", "the rollup does not hold the keys that are counted")                \
  X(DIMENSION_MISSING, "dimension_missing", "the rollup is not kept by what is grouped by")                            \
  X(FILTER_MISSING, "filter_missing", "the rollup is not kept by what is filtered by")                                 \
  X(GRAIN_TOO_COARSE, "grain_too_coarse", "the rollup's periods are longer than those asked for")                      \
  X(RANGE_NOT_ALIGNED, "range_not_aligned", "the time asked about begins or ends within one of the rollup's periods")  \
  X(OTHER_DATE, "other_date", "the question is about another date than the rollup's")                                  \
  X(SCOPE_NOT_COVERED, "scope_not_covered", "the rollup is not kept by what limits your rows")                         \
  X(NOT_BUILT, "not_built", "the rollup was never filled; run aisle refresh")                                          \
  X(STALE, "stale", "the rows changed in a way that only aisle refresh can follow")                                    \
  X(DIMENSION_CHANGED, "dimension_changed", "a table that the rollup joins has changed since; run aisle refresh")      \
  X(NOT_SMALLER, "not_smaller", "the rollup is hardly smaller than the rows")

typedef enum {
#define X(symbol, code, text) ROLLUP_##symbol,
  ROLLUP_REASONS(X)
#undef X
      ROLLUP_REASON_COUNT
} RollupReason;
const char *rollup_reason_code(RollupReason reason);
const char *rollup_reason_text(RollupReason reason);

/* A field that the rollup keeps. */
typedef struct {
  char *name;   /* of the field in the rollup's dataset and of the column in its table */
  char *origin; /* "product.category": what it is over the rows */
} RollupKey;
/* A sum that the rollup keeps. */
typedef struct {
  char *expression; /* the model's scalar SQL */
  char *column;
} RollupMeasure;
#define ROLLUP_ROWS_COLUMN "aisle_rows" /* how many rows a row stands for */
#define ROLLUP_TABLE_PREFIX "_rollup_"  /* "lake"."_rollup_lines_daily" */

typedef struct RollupView {
  Rollup *definition;
  Model *raw;            /* the model over rows, as the caller sees it */
  Model *model;          /* the same with the rollup in place of the dataset's rows */
  GPtrArray *keys;       /* of RollupKey*: the date first */
  GPtrArray *measures;   /* of RollupMeasure* */
  GPtrArray *sketches;   /* of RollupMeasure*: sketches of distinct values; `expression` is the field, "order.customer_id" */
  GPtrArray *conditions; /* of char*: row conditions kept as columns "aisle_is_<name>" */
  GPtrArray *inexact;    /* of char*: expressions of metrics left out because their sums are not exact */
} RollupView;
/*
 * `full` is the whole model, `visible` what the scope sees of it (the same object without restrictions). BAD_MODEL when
 * a dimension is out of the dataset's reach. (transfer full)
 */
RollupView *rollup_view_new(Model *full, Model *visible, const AccessScope *scope, const Rollup *definition,
                            GError **error);
void rollup_view_free(RollupView *view);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RollupView, rollup_view_free)
/* The rollup's dataset in the view's model. (transfer none) */
const Dataset *rollup_view_dataset(const RollupView *view);

/*
 * Whether the resolved query may be planned over the rollup: everything in it adds up, its time fits the rollup's
 * periods, the scope's filters hold there. USED means that planning may be tried.
 */
RollupReason rollup_check(const RollupView *view, const SemanticQuery *resolved, const AccessScope *scope);
/*
 * Plans over the rollup, aggregating where `over_rows` (the same query over the rows) did. BAD_QUERY: something is not
 * in the rollup. (transfer full)
 */
CompiledQuery *rollup_compile(const RollupView *view, const SemanticQuery *resolved, const AccessScope *scope,
                              const CompiledQuery *over_rows, GError **error);

/*
 * The SELECT that fills the rollup from the rows, unrestricted: the date's bucket, keys, conditions, row count, sums;
 * grouped. Its relations are bound as those of any compiled query; relation 0 is the dataset itself. (transfer full)
 */
CompiledQuery *rollup_fill_query(const RollupView *view, GError **error);
/*
 * The same as lake/ takes it: the SELECT in two parts around the relation of the dataset's table. (transfer full)
 */
RollupSpec *rollup_view_spec(const RollupView *view, GError **error);
/* reach.c's answer for a dataset that is a rollup. (transfer none) */
const Field *rollup_reach_field(const Model *model, const Dataset *dataset, const Field *field);
