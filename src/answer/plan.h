/*
 * How a query is run: over a rollup where one answers exactly, over the rows otherwise, and over no more files of each
 * table than can hold a row that matters. The statement is guarded as it names its tables; files are bound beneath.
 */
#pragma once
#include "answer/answer.h"
#include "query/rollup.h"

/* ---- what a workspace has to plan with: immutable ---- */
typedef struct PlanLake PlanLake;
/*
 * Looks how the model's rollups stand to the snapshot and gives the engine a view of each that can serve. A rollup that
 * cannot be read is logged and left out. Before the engine is locked down. (transfer full)
 */
PlanLake *plan_lake_open(const char *workspace, Model *model, LakeSnapshot *snapshot, Engine *engine);
void plan_lake_free(PlanLake *lake);
/* The rollups as one scope sees them, smallest first. Of RollupView*. (transfer full) */
GPtrArray *plan_lake_views(PlanLake *lake, Model *visible, const AccessScope *scope);

/* ---- one query ---- */
/* What is read of one table. */
typedef struct {
  const Dataset *dataset; /* of the plan's model (transfer none) */
  guint edition;          /* 0: of the query's data; 1: of the data it is compared with */
  gint64 files, bytes, files_total, bytes_total, rows;
} PlanRead;

typedef struct {
  CompiledQuery *compiled;  /* over the rows, or the rollup */
  char *sql;                /* to be run */
  const RollupView *rollup; /* NULL: the rows (transfer none) */
  RollupReason reason;
  GArray *reads; /* of PlanRead */
} QueryPlan;
void query_plan_free(QueryPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QueryPlan, query_plan_free)
/*
 * `views` as from plan_lake_views; must outlive the plan. Small tables may be asked, until the deadline, for the keys that
 * a filter on them leaves. `baseline`: the state of the tables that the query's data is compared with; NULL. Never fails for want of a rollup or a log. (transfer full)
 */
QueryPlan *query_plan_new(PlanLake *lake, const GPtrArray *views, const SemanticQuery *resolved, const Model *model,
                          const AccessScope *scope, LakeSnapshot *baseline, Deadline deadline, GError **error);
