/* Charts in block characters: lying bars for groups and short series, upright columns for long series. */
#include "insight/chart.h"
#include "insight/terminal.h"
#include <math.h>
#include <string.h>

#define MAX_BARS 20
#define COLUMNS_FROM 13 /* points from which a series is drawn upright */
#define COLUMNS_HEIGHT 8
#define MIN_BAR_AREA 10

typedef struct {
  char *label, *amount;
  double value; /* NAN: nothing to draw */
} Bar;

static void bar_clear(Bar *bar) {
  g_free(bar->label);
  g_free(bar->amount);
}

static GArray *bars_new(void) {
  GArray *bars = g_array_new(FALSE, TRUE, sizeof(Bar));
  g_array_set_clear_func(bars, (GDestroyNotify)bar_clear);
  return bars;
}

static void add_bar(GArray *bars, const ResultView *view, const char *label, gsize row, int column) {
  Bar bar = {.label = terminal_clean(label), .value = view_number(view, row, column)};
  g_autofree char *amount =
      view_format_cell(view_column(view, column), result_table_at(view->input->result, row, (guint)column), TRUE);
  bar.amount = terminal_clean(amount);
  g_array_append_val(bars, bar);
}

static void value_range(const GArray *bars, double *low, double *high) {
  *low = *high = 0;
  for (guint i = 0; i < bars->len; i++) {
    double value = g_array_index(bars, Bar, i).value;
    if (isnan(value)) continue;
    *low = MIN(*low, value);
    *high = MAX(*high, value);
  }
}

/* ---- lying bars ---- */
static void append_bar_line(GString *out, const Bar *bar, int label_width, int left, int right, double low,
                            double high) {
  terminal_append(out, bar->label, label_width, FALSE);
  g_string_append(out, "  ");
  gsize start = out->len;
  if (left > 0 && bar->value < 0) {
    terminal_append_left_bar(out, bar->value / low * left, left);
  } else {
    for (int i = 0; i < left; i++) g_string_append_c(out, ' ');
    if (bar->value > 0) terminal_append_bar(out, bar->value / high * right);
  }
  g_string_append_c(out, ' ');
  /* A loss has its amount at the axis, behind the bar. */
  g_autofree char *drawn = g_strdup(out->str + start);
  int missing = left + 1 - terminal_width_of(drawn);
  for (int i = 0; i < missing; i++) g_string_append_c(out, ' ');
  g_string_append(out, bar->amount);
  terminal_end_line(out);
}

static char *draw_bars(const GArray *bars, const char *title, gsize left_out, int width) {
  int label_width = 0, amount_width = 0;
  double low, high;
  value_range(bars, &low, &high);
  for (guint i = 0; i < bars->len; i++) {
    label_width = MAX(label_width, terminal_width_of(g_array_index(bars, Bar, i).label));
    amount_width = MAX(amount_width, terminal_width_of(g_array_index(bars, Bar, i).amount));
  }
  label_width = MIN(label_width, width / 3);
  int area = width - label_width - 2 - amount_width - 1;
  if (area < MIN_BAR_AREA || (low == 0 && high == 0)) return NULL;
  area = MIN(area, 60);
  int left = low < 0 ? MAX(1, (int)lround(area * -low / (high - low))) : 0;
  left = MIN(left, area);
  g_autoptr(GString) out = g_string_new(NULL);
  terminal_append(out, title, width, FALSE);
  terminal_end_line(out);
  for (guint i = 0; i < bars->len; i++)
    append_bar_line(out, &g_array_index(bars, Bar, i), label_width, left, area - left, low, high);
  if (left_out > 0) g_string_append_printf(out, "… %" G_GSIZE_FORMAT " more\n", left_out);
  return g_string_free(g_steal_pointer(&out), FALSE);
}

/* ---- upright columns ---- */
/* Means of neighbours where there are more points than places. Of double. */
static GArray *squeeze(const GArray *bars, int places) {
  GArray *values = g_array_new(FALSE, FALSE, sizeof(double));
  int count = MIN((int)bars->len, places);
  for (int i = 0; i < count; i++) {
    guint from = (guint)((guint64)i * bars->len / (guint)count),
          to = (guint)((guint64)(i + 1) * bars->len / (guint)count);
    double sum = 0;
    guint known = 0;
    for (guint k = from; k < to; k++) {
      double value = g_array_index(bars, Bar, k).value;
      if (isnan(value)) continue;
      sum += value;
      known++;
    }
    double mean = known > 0 ? sum / known : NAN;
    g_array_append_val(values, mean);
  }
  return values;
}

/* One cell of a column: the part of [floor, floor + 1) that the column fills; heights in rows, negative ones below the
 * axis. */
static const char *column_cell(double height, int row) {
  static const char *const UP[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  if (isnan(height)) return " ";
  if (row >= 0) {
    double part = CLAMP(height - row, 0, 1);
    return UP[(int)lround(part * 8)];
  }
  double part = CLAMP(-height - (-row - 1), 0, 1);
  return part >= 0.75 ? "█" : part >= 0.25 ? "▀" : " ";
}

static char *axis_amount(const ResultView *view, int column, double value) {
  g_autofree char *text = view_format(view, column, value);
  return terminal_clean(text);
}

static char *draw_columns(const ResultView *view, const GArray *bars, const char *title, int column, int width) {
  double low, high;
  value_range(bars, &low, &high);
  g_autofree char *top = axis_amount(view, column, high);
  g_autofree char *bottom = axis_amount(view, column, low);
  int axis_width = MAX(terminal_width_of(top), terminal_width_of(bottom));
  int area = width - axis_width - 3;
  if (area < MIN_BAR_AREA || low == high) return NULL;
  g_autoptr(GArray) values = squeeze(bars, area);
  int step = CLAMP(area / (int)values->len, 1, 4);
  int below = low < 0 ? MAX(1, (int)lround(COLUMNS_HEIGHT * -low / (high - low))) : 0;
  int above = MAX(high > 0 ? 1 : 0, COLUMNS_HEIGHT - below);
  double unit = MAX(above > 0 ? high / above : 0, below > 0 ? -low / below : 0);
  g_autoptr(GString) out = g_string_new(NULL);
  terminal_append(out, title, width, FALSE);
  terminal_end_line(out);
  for (int row = above - 1; row >= -below; row--) {
    const char *amount = row == above - 1 && high > 0 ? top : row == -below ? bottom : "";
    terminal_append(out, amount, axis_width, TRUE);
    g_string_append(out, row == 0 || row == above - 1 || row == -below ? " ┤" : " │");
    for (guint i = 0; i < values->len; i++) {
      const char *cell = column_cell(g_array_index(values, double, i) / unit, row);
      for (int k = 0; k < MAX(1, step - 1); k++) g_string_append(out, cell);
      if (step > 1) g_string_append_c(out, ' ');
    }
    terminal_end_line(out);
  }
  const char *first = g_array_index(bars, Bar, 0).label, *last = g_array_index(bars, Bar, bars->len - 1).label;
  int plot = MIN(area, (int)values->len * step), gap = plot - terminal_width_of(first) - terminal_width_of(last);
  terminal_append(out, "", axis_width + 2, FALSE);
  g_string_append(out, first);
  for (int i = 0; i < MAX(gap, 1); i++) g_string_append_c(out, ' ');
  if (gap >= 1) g_string_append(out, last);
  terminal_end_line(out);
  return g_string_free(g_steal_pointer(&out), FALSE);
}

/* ---- shapes ---- */
static char *draw_sides(const ResultView *view, int width) {
  const ViewMeasure *measure = view_measure(view, 0);
  if (measure->value < 0 || measure->previous < 0 || view->current_name == NULL) return NULL;
  g_autoptr(GArray) bars = bars_new();
  g_autofree char *title = chart_title(view, measure);
  add_bar(bars, view, view->previous_name, 0, measure->previous);
  add_bar(bars, view, view->current_name, 0, measure->value);
  return draw_bars(bars, title, 0, width);
}

/* What is worth drawing of a measure: its change where it is compared, its share where that was asked for. */
static int drawn_column(const ResultView *view, const ViewMeasure *measure, const char **what) {
  *what = "";
  if (view->is_compared && !view->is_series && measure->change >= 0) {
    *what = ", change";
    return measure->change;
  }
  if (measure->window >= 0) {
    *what = measure->main == measure->window                                         ? ""
            : g_strcmp0(view_column(view, measure->window)->kind, "cumulative") == 0 ? ", cumulative"
                                                                                     : ", moving average";
    return measure->window;
  }
  return measure->main;
}

char *insight_render_chart(const InsightInput *input, int width) {
  g_autoptr(ResultView) view = result_view_new(input);
  width = CLAMP(width, TERMINAL_MIN_WIDTH, TERMINAL_MAX_WIDTH);
  if (view->n_rows == 0 || view->is_detail || view->measures->len == 0) return NULL;
  if (view->n_rows == 1) return draw_sides(view, width);
  if (view->dimensions->len == 0 || (view->dimensions->len > 1 && view->n_rows > MAX_BARS)) return NULL;
  const ViewMeasure *measure = view_measure(view, 0);
  const char *what = "";
  int column = drawn_column(view, measure, &what);
  gboolean upright = view->is_series && view->n_rows >= COLUMNS_FROM;
  gsize shown = upright ? view->n_rows : MIN(view->n_rows, MAX_BARS);
  g_autoptr(GArray) bars = bars_new();
  for (gsize row = 0; row < shown; row++) {
    g_autofree char *label = view_row_name(view, row);
    add_bar(bars, view, label, row, column);
  }
  g_autofree char *name = chart_title(view, measure);
  g_autofree char *raw = g_strconcat(name, what, NULL);
  g_autofree char *title = terminal_clean(raw);
  if (upright) return draw_columns(view, bars, title, column, width);
  return draw_bars(bars, title, view->n_rows - shown, width);
}
