/*
 * Puts damaged rows right where the other rows of the file leave one convincing reading: a stray quote, a missing or
 * surplus delimiter, an unquoted delimiter within a cell, a row written with another delimiter. Every reading that
 * gives the right number of cells is weighed by how usual its cells are in their columns (shapes learned from good
 * rows); the best one is taken when it is no worse than the good rows themselves.
 */
#pragma once
#include "lake/table_layout.h"

typedef struct RowRepair RowRepair;
/* Learns the shapes of the columns from the good rows among `records`. */
RowRepair *row_repair_new(const CsvDialect *dialect, const TableLayout *layout, const GPtrArray *records);
void row_repair_free(RowRepair *repair);

/*
 * `line` is the first physical line of the record, without its end. On success `cells` receives exactly as many cells
 * as the table has columns (their text is owned by the repair and valid until its next use). FALSE: no convincing
 * reading, or repairs failed so often in this file that they are not tried any more.
 */
gboolean row_repair_try(RowRepair *repair, const CsvRecord *record, const char *line, gsize line_length, GArray *cells);

/*
 * The same for a header, which has no columns to compare with: its names should be filled, not be numbers and hold no
 * delimiters. The names go to `labels` (of char*); `columns` is how many are wanted. `sure`: there must be so many (no
 * column is empty); then words grown together ("QtyPrice") are cut although other names are written so too.
 */
gboolean row_repair_header(const CsvDialect *dialect, guint columns, const char *line, gsize line_length, gboolean sure,
                           GPtrArray *labels);
