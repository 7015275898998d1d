/*
 * Exports often end with a row of totals; read as a row of the table it would double every sum. Such a row names itself
 * in its first filled cell ("Total", "Grand Total", "Summe", "Total général"), leaves cells empty and holds nothing
 * else but numbers. Only the last rows of a file are judged by this; what is left out is counted and kept aside.
 */
#pragma once
#include "lake/csv.h"

gboolean totals_row_is(const CsvCell *cells, guint n_cells);
