/* The rows of a result as an aligned table. */
#include "insight/terminal.h"
#include <string.h>

#define GAP 2
#define TEXT_MIN 10   /* text columns are cut down to this before columns are left out */
#define HEADER_MIN 14 /* header of a narrow column of numbers */

typedef struct {
  guint columns;
  gsize rows; /* shown */
  char **headers;
  char **cells; /* rows x columns */
  gboolean *right;
  int *widths;
  int *least;  /* what a column cannot do without: numbers whole, some of a text */
  guint shown; /* columns that fit */
} Table;

static void table_clear(Table *table) {
  g_strfreev(table->headers);
  g_strfreev(table->cells);
  g_free(table->right);
  g_free(table->widths);
  g_free(table->least);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Table, table_clear)

static const ViewDimension *dimension_of(const ResultView *view, guint column) {
  for (guint i = 0; i < view->dimensions->len; i++)
    if (view_dimension(view, i)->column == column) return view_dimension(view, i);
  return NULL;
}

/* Growth from nothing. */
static gboolean is_new(const ResultView *view, gsize row, guint column) {
  for (guint i = 0; i < view->measures->len; i++) {
    const ViewMeasure *measure = view_measure(view, i);
    double before = view_number(view, row, measure->previous);
    if (measure->growth == (int)column && measure->previous >= 0 && view_number(view, row, measure->value) > 0)
      return !(before < 0) && !(before > 0);
  }
  return FALSE;
}

static char *cell_text(const ResultView *view, gsize row, guint column) {
  const ViewDimension *dimension = dimension_of(view, column);
  const Value *value = result_table_at(view->input->result, row, column);
  g_autofree char *text = dimension != NULL && !view->is_detail
                              ? view_cell_label(view, dimension, row, FALSE)
                              : view_format_cell(view_column(view, (int)column), value, TRUE);
  if (value->type == VALUE_NULL && dimension == NULL)
    return g_strdup(is_new(view, row, column) && !view->is_series ? "new" : "–");
  return terminal_clean(text);
}

/* Units that the cells do not show themselves. */
static char *header_text(const AnswerColumn *column) {
  const char *label = column->label != NULL ? column->label : column->name != NULL ? column->name : "";
  gboolean says_unit = column->unit != NULL && g_strcmp0(column->unit, "days") == 0 && strstr(label, "day") == NULL;
  g_autofree char *text = says_unit ? g_strdup_printf("%s (%s)", label, column->unit) : view_capital(label);
  return terminal_clean(text);
}

static void fill_table(Table *table, const ResultView *view, gsize max_rows) {
  table->columns = view->input->columns->len;
  table->rows = MIN(view->n_rows, max_rows);
  table->headers = g_new0(char *, table->columns + 1);
  table->cells = g_new0(char *, table->rows * table->columns + 1);
  table->right = g_new0(gboolean, table->columns);
  table->widths = g_new0(int, table->columns);
  table->least = g_new0(int, table->columns);
  for (guint c = 0; c < table->columns; c++) {
    const AnswerColumn *column = view_column(view, (int)c);
    table->headers[c] = header_text(column);
    table->widths[c] = terminal_width_of(table->headers[c]);
    int cells = 0;
    for (gsize row = 0; row < table->rows; row++) {
      const Value *value = result_table_at(view->input->result, row, c);
      gboolean is_number = value->type == VALUE_INT || value->type == VALUE_DOUBLE || value->type == VALUE_DECIMAL;
      table->right[c] |= is_number && (column->role == COLUMN_MEASURE || view->is_detail);
      char *text = cell_text(view, row, c);
      table->cells[row * table->columns + c] = text;
      cells = MAX(cells, terminal_width_of(text));
    }
    table->right[c] |= column->role == COLUMN_MEASURE;
    table->least[c] = table->right[c] ? MAX(cells, MIN(HEADER_MIN, table->widths[c])) : TEXT_MIN;
    table->widths[c] = MAX(table->widths[c], cells);
  }
}

static int total_width(const Table *table) {
  int total = 0;
  for (guint c = 0; c < table->shown; c++) total += table->widths[c] + (c > 0 ? GAP : 0);
  return total;
}

/* The column with most to spare gives way first; when none can, the last columns are left out. Numbers are never cut.
 */
static void fit_table(Table *table, int width) {
  table->shown = table->columns;
  while (total_width(table) > width) {
    int widest = -1;
    for (guint c = 0; c < table->shown; c++)
      if (table->widths[c] > table->least[c] &&
          (widest < 0 || table->widths[c] - table->least[c] > table->widths[widest] - table->least[widest]))
        widest = (int)c;
    if (widest >= 0) {
      table->widths[widest]--;
    } else if (table->shown > 1) {
      table->shown--;
    } else {
      table->widths[0] = width;
      return;
    }
  }
}

static void append_line(GString *out, const Table *table, char **texts) {
  for (guint c = 0; c < table->shown; c++) {
    if (c > 0) g_string_append(out, "  ");
    terminal_append(out, texts[c], table->widths[c], table->right[c]);
  }
  terminal_end_line(out);
}

static void append_rule(GString *out, const Table *table) {
  for (guint c = 0; c < table->shown; c++) {
    if (c > 0) g_string_append(out, "  ");
    for (int i = 0; i < table->widths[c]; i++) g_string_append(out, "─");
  }
  g_string_append_c(out, '\n');
}

static void append_left_out(GString *out, gsize rows, guint columns) {
  if (rows > 0) {
    g_autofree char *count = text_format_number((double)rows, 0);
    g_string_append_printf(out, "… %s more row%s\n", count, rows == 1 ? "" : "s");
  }
  if (columns > 0)
    g_string_append_printf(out, "… %u more column%s do%s not fit\n", columns, columns == 1 ? "" : "s",
                           columns == 1 ? "es" : "");
}

char *insight_render_table(const InsightInput *input, int width, gsize max_rows) {
  g_autoptr(ResultView) view = result_view_new(input);
  g_auto(Table) table = {0};
  g_autoptr(GString) out = g_string_new(NULL);
  if (input->columns->len == 0) return g_strdup("");
  fill_table(&table, view, max_rows);
  fit_table(&table, CLAMP(width, TERMINAL_MIN_WIDTH, TERMINAL_MAX_WIDTH));
  append_line(out, &table, table.headers);
  append_rule(out, &table);
  for (gsize row = 0; row < table.rows; row++) append_line(out, &table, table.cells + row * table.columns);
  append_left_out(out, view->n_rows - table.rows, table.columns - table.shown);
  return g_string_free(g_steal_pointer(&out), FALSE);
}
