/*
 * Keys that a filter leaves in a small table, for leaving out files of a large one (query/read_keys.c). Asked once for
 * each filter and scope and remembered, within a bound: the snapshot does not change beneath. Thread-safe. Inside answer/.
 */
#pragma once
#include "query/query.h"
#include "lake/lake.h"

typedef struct PlanKeys PlanKeys;
/* All borrowed: they must outlive it. (transfer full) */
PlanKeys *plan_keys_new(Engine *engine, Model *model, LakeSnapshot *snapshot);
void plan_keys_free(PlanKeys *keys); /* NULL is fine */
/*
 * The keys as text (of char*), in the engine's order, for leaving out files of a table of `rows` rows. NULL: asking would
 * not pay, there are more than READ_MAX_KEYS, or it failed; then nothing is left out. (transfer container)
 */
GPtrArray *plan_keys_ask(PlanKeys *keys, const CompiledQuery *query, gint64 rows, Deadline deadline);
