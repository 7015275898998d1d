/*
 * Puts damaged rows right where the other rows of the file leave one reading: a stray quote, a missing or surplus
 * delimiter, a row written with another delimiter. Columns are known by the shapes of their cells.
 */
#pragma once
#include "lake/table_layout.h"

typedef struct RowRepair RowRepair;
/* Learns the shapes of the columns from the good rows among `records`. */
RowRepair *row_repair_new(const CsvDialect *dialect, const TableLayout *layout, const GPtrArray *records);
void row_repair_free(RowRepair *repair);

/*
 * `text` is the row with what follows it in the file (at most a few lines). On success `cells` receives exactly as many
 * cells as the table has columns (text owned by the repair, valid until its next use), and the number of bytes of
 * `text` that the row takes without its line end is returned; 0 when there is no convincing reading.
 */
gsize row_repair_try(RowRepair *repair, const CsvRecord *record, const char *line, gsize line_length, GArray *cells);
