/*
 * Two questions that differ only in the order of their groups ("by region and month", "by month and region") have the
 * same rows: a kept result of the one becomes that of the other by moving columns and sorting, without the engine.
 */
#pragma once
#include "answer/result_cache.h"

/*
 * A result for `resolved` from one that is kept under another order of its dimensions; NULL when none is, or when the
 * order matters beyond presentation (a limit, an order by measures, shares within a group, running totals) or cannot be
 * made here. (transfer full)
 */
GBytes *rearranged_result(Cache *cache, const AnswerData *data, const AccessScope *scope, const SemanticQuery *resolved, gsize max_rows, gboolean estimated);
/*
 * The table with its first columns in another order, its rows sorted by them: column i is column from[i] of the kept one;
 * `count` of them. Rows of `table` are sorted by its own first columns. Texts are shared with the copy. (transfer full)
 */
ResultTable *result_rearranged(const ResultTable *table, const guint *from, guint count);
