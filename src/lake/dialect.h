/*
 * Which dialect a file is written in. Every candidate is tried on the first part of the file and scored by how regular
 * and how well typed the resulting table is, after van den Burg, Nazábal and Sutton, "Wrangling messy CSV files by
 * detecting row and type patterns", Data Mining and Knowledge Discovery 33 (2019). Two changes: the number of row
 * patterns is replaced by its effective number (the exponential of the entropy), so that one odd row does not count
 * like a second pattern; and characters that often stand inside cells (blank, colon) need a better score.
 */
#pragma once
#include "lake/csv.h"

/* `text` is the start of the file, or all of it (`at_end`). */
CsvDialect dialect_detect(const char *text, gsize length, gboolean at_end);

/* Whether a cell is of a kind that is recognised by itself. */
typedef enum { CELL_EMPTY, CELL_NUMBER, CELL_DATE, CELL_TIME, CELL_LINK, CELL_TEXT, CELL_ODD } CellKind;
CellKind cell_kind(const char *text, gsize length);
