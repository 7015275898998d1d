/* Values that follow from a result: changes between two sides, totals, means, shares, ranks, and where they come from.
 */
#pragma once
#include "insight/claim.h"

typedef struct {
  double before, after;        /* NAN: none; `growth_only` results have neither */
  double change, growth;       /* growth NAN where the base is 0 or missing */
  int column;                  /* unit of the change's levels */
  gsize row_before, row_after; /* G_MAXSIZE: not one row */
  gboolean direct;             /* the result has a change or growth column for it */
  char from[96];               /* for facts */
} Delta;

/* The change or difference the token at `index` speaks of. FALSE: cannot be told. */
gboolean derive_delta(const Check *check, int index, Delta *out);
gboolean derive_is_difference(const Check *check, int index);
/* The change within one row of a comparison. */
gboolean derive_row_delta(const ResultView *view, const ViewMeasure *measure, gsize row, Delta *out);
/* Change of the totals of a comparison over all rows; FALSE where they may not be added. */
gboolean derive_total_delta(const ResultView *view, const ViewMeasure *measure, Delta *out);
/* From the row of one period to that of a later one. */
gboolean derive_series_delta(const ResultView *view, const ViewMeasure *measure, gsize first, gsize last, Delta *out);
/* Sum over rows of the subject (all when NULL); NAN where values may not be added or nothing is there. */
double derive_sum(const Check *check, const Subject *subject, const ViewMeasure *measure, int column);
double derive_mean(const Check *check, const Subject *subject, int column);
/* Share of the given rows in the whole; NAN where the whole is not known. `rows`: bytes, one per row. */
double derive_share(const ResultView *view, const ViewMeasure *measure, const gboolean *rows);
/* What the given rows changed by as a part of what all of them changed by; NAN where those cannot be added. A row that is
 * missing on one side had 0 there. */
double derive_share_of_change(const ResultView *view, const ViewMeasure *measure, const gboolean *rows);
/* Marks the `count` rows with the largest (extreme 1) or smallest values. FALSE when a tie makes the choice arbitrary.
 */
gboolean derive_top_rows(const ResultView *view, int column, int extreme, gsize count, gboolean *rows);
