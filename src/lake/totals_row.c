#include "lake/totals_row.h"
#include "lake/dialect.h"
#include <string.h>

#define LONGEST_NAME 40

/* Folded for comparison; NULL: too long to be the name of a total. (transfer full) */
static char *folded_name(const CsvCell *cell) {
  if (cell->length == 0 || cell->length > LONGEST_NAME || !g_utf8_validate(cell->text, (gssize)cell->length, NULL))
    return NULL;
  g_autofree char *text = g_utf8_strdown(cell->text, (gssize)cell->length);
  g_strstrip(text);
  gsize length = strlen(text);
  while (length > 0 && strchr(":.= ", text[length - 1])) text[--length] = '\0';
  return g_steal_pointer(&text);
}

/* 2: nothing but the name of a total; 1: a name that begins or ends like one; 0: none. */
static int total_name(const CsvCell *cell) {
  static const char *const names[] = {"total",     "totals",    "grand total",  "grand totals", "overall total", "sum",           "summe",    "gesamt",
                                      "gesamtsumme", "insgesamt", "endsumme",    "total général", "total general", "totaux",        "somme",    "ensemble",
                                      "totale",    "totali",    "totaal",       "suma",         "suma total",    "total geral",   "общий итог", NULL};
  static const char *const starts[] = {"total ", "grand total ", "summe ", "gesamt ", "totaal ", NULL};
  g_autofree char *name = folded_name(cell);
  if (!name) return 0;
  if (g_strv_contains(names, name)) return 2;
  for (guint i = 0; starts[i]; i++)
    if (g_str_has_prefix(name, starts[i])) return 1;
  return g_str_has_suffix(name, " total") || g_str_has_suffix(name, " totals");
}

gboolean totals_row_is(const CsvCell *cells, guint n_cells) {
  guint numbers = 0, first = 0;
  while (first < n_cells && cells[first].length == 0) first++;
  int name = first < n_cells ? total_name(&cells[first]) : 0;
  for (guint i = first + 1; name && i < n_cells; i++) {
    CellKind kind = cell_kind(cells[i].text, cells[i].length);
    if (kind == CELL_NUMBER) numbers++;
    else if (kind != CELL_EMPTY) return FALSE;
  }
  guint blank = n_cells - numbers - 1;
  return name && numbers > 0 && (name == 2 ? blank > 0 : blank * 2 >= n_cells);
}
