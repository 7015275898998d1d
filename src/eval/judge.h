/* Cells as the judge reads them. */
#pragma once
#include "eval/eval.h"

#define JUDGE_MAX_EXTRA_COLUMNS 3

typedef enum { CELL_NUMBER, CELL_TEXT, CELL_DAY, CELL_MONTH, CELL_QUARTER, CELL_YEAR, CELL_WEEKDAY } CellKind;

/* A read cell: NULL, a number, or canonical text. */
typedef struct {
  gboolean is_null;
  double number;
  char *text; /* NULL for numbers */
} Cell;
void cell_clear(Cell *cell);

/* What a gold column holds, by all of its values. */
CellKind cell_kind_of(const json_t *rows, gsize column);
/* Reads a cell as that kind; FALSE when it cannot be. `year` > 0: the gold column lies in that year, so that parts such
 * as "March" or 3 name a whole period. */
gboolean cell_read(const json_t *value, CellKind kind, int year, Cell *out);
/* A number of the gold against one of the answer. */
gboolean cell_close(const Cell *gold, const Cell *answer);
int cell_compare(const Cell *a, const Cell *b);
/* The one year all periods of a gold column lie in, else 0. */
int cell_common_year(const json_t *rows, gsize column);
