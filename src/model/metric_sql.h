/*
 * metric_sql: metrics as the aggregate SQL that other tools read in model/core.yaml, and back for the simple forms
 * SUM(x), AVG(x), MIN(x), MAX(x), MEDIAN(x), STDDEV(x), COUNT(*), COUNT(x), COUNT(DISTINCT x), PERCENTILE_CONT, -a, a /
 * b, a / NULLIF(b, 0), a - b.
 */
#pragma once
#include "model/build.h"

/* The metric as SQL over "dataset.field" names. Parts that cannot be resolved make an empty text. (transfer full) */
char *metric_to_sql(const Model *model, const Metric *metric);
/* TRUE when both say the same, whatever their spaces, letter case and outer parentheses. */
gboolean metric_sql_equal(const char *a, const char *b);
/*
 * Fills kind, aggregate, dataset, expression, numerator ... of `metric` (which must be of the draft) from SQL. Both
 * sides of a ratio become metrics of their own, found among the draft's or added as <name>_numerator,
 * <name>_denominator. `dataset` (may be NULL): where columns without a dataset's name are looked for. BAD_MODEL: "what;
 * what to do".
 */
gboolean metric_from_sql(ModelBuilder *builder, Metric *metric, const char *sql, const char *dataset, GError **error);
