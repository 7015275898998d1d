/* The picture that fits a result: chosen by its shape, the same every time. */
#include "insight/chart.h"
#include <math.h>
#include <string.h>

/* ---- rows ---- */
typedef struct {
  const ResultView *view;
  int column;
} SortContext;

static int by_value(gconstpointer a, gconstpointer b, gpointer user_data) {
  const SortContext *context = user_data;
  gsize one = *(const gsize *)a, other = *(const gsize *)b;
  double left = view_number(context->view, one, context->column),
         right = view_number(context->view, other, context->column);
  if (isnan(left) != isnan(right)) return isnan(left) ? 1 : -1;
  if (left != right && !isnan(left)) return left < right ? 1 : -1;
  return one < other ? -1 : one > other;
}

/* Rows in the order of the chart, cut to the top where there are too many. Of gsize. */
static GArray *chart_rows(const ResultView *view, int column, gboolean sorted, char **note) {
  GArray *rows = g_array_new(FALSE, FALSE, sizeof(gsize));
  for (gsize row = 0; row < view->n_rows; row++) g_array_append_val(rows, row);
  gboolean cut = view->n_rows > CHART_MAX_CATEGORIES;
  if (sorted || cut) {
    SortContext context = {view, column};
    g_array_sort_with_data(rows, by_value, &context);
  }
  if (cut) {
    g_array_set_size(rows, CHART_TOP);
    *note = g_strdup_printf("The top %d of %" G_GSIZE_FORMAT, CHART_TOP, view->n_rows);
  }
  return rows;
}

static json_t *labels_of(const ResultView *view, const GArray *rows) {
  json_t *labels = json_array();
  for (guint i = 0; i < rows->len; i++) {
    g_autofree char *name = view_row_name(view, g_array_index(rows, gsize, i));
    json_array_append_new(labels, json_string(name));
  }
  return labels;
}

static json_t *data_of(const ResultView *view, const GArray *rows, int column) {
  json_t *data = json_array();
  for (guint i = 0; i < rows->len; i++)
    json_array_append_new(data, chart_number(view, g_array_index(rows, gsize, i), column));
  return data;
}

static gboolean same_unit(const ResultView *view, int one, int other) {
  return g_strcmp0(view_column(view, one)->unit, view_column(view, other)->unit) == 0;
}

/* ---- what is drawn: columns of one unit ---- */
typedef struct {
  int columns[CHART_MAX_SERIES];
  char *names[CHART_MAX_SERIES];
  guint count;
} Drawn;

static void drawn_clear(Drawn *drawn) {
  for (guint i = 0; i < drawn->count; i++) g_free(drawn->names[i]);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Drawn, drawn_clear)

static void draw_column(const ResultView *view, Drawn *drawn, int column, const char *name) {
  if (column < 0 || drawn->count >= CHART_MAX_SERIES ||
      (drawn->count > 0 && !same_unit(view, drawn->columns[0], column)))
    return;
  drawn->columns[drawn->count] = column;
  drawn->names[drawn->count++] = view_capital(name);
}

static Drawn choose_columns(const ResultView *view) {
  Drawn drawn = {.count = 0};
  for (guint i = 0; i < view->measures->len; i++) {
    const ViewMeasure *measure = view_measure(view, i);
    gboolean several = view->measures->len > 1;
    if (measure->previous >= 0 && measure->value >= 0) {
      const char *now = view->current_name != NULL ? view->current_name : measure->name;
      const char *before = view->previous_name != NULL ? view->previous_name : "before";
      g_autofree char *now_name = several ? g_strdup_printf("%s, %s", measure->name, now) : g_strdup(now);
      g_autofree char *before_name = several ? g_strdup_printf("%s, %s", measure->name, before) : g_strdup(before);
      draw_column(view, &drawn, measure->previous, before_name);
      draw_column(view, &drawn, measure->value, now_name);
    } else {
      draw_column(view, &drawn, measure->main, measure->name);
    }
  }
  if (view->measures->len == 1 && view_measure(view, 0)->window >= 0) {
    const ViewMeasure *measure = view_measure(view, 0);
    if (measure->main != measure->window)
      draw_column(view, &drawn, measure->window, view_column(view, measure->window)->label);
  }
  return drawn;
}

static void add_series(const ResultView *view, json_t *option, const Drawn *drawn, const GArray *rows,
                       const char *type) {
  json_t *series = json_array(), *names = json_array();
  for (guint i = 0; i < drawn->count; i++) {
    json_t *one = chart_series(type, drawn->names[i], data_of(view, rows, drawn->columns[i]));
    if (strcmp(type, "line") == 0) {
      json_object_set_new(one, "showSymbol", json_boolean(rows->len <= 60));
      if (rows->len > 1000) json_object_set_new(one, "sampling", json_string("lttb"));
    }
    json_array_append_new(series, one);
    json_array_append_new(names, json_string(drawn->names[i]));
  }
  json_object_set_new(option, "series", series);
  if (drawn->count > 1)
    chart_add_legend(option, names);
  else
    json_decref(names);
}

/* ---- shapes ---- */
static char *value_name(const ResultView *view, const Drawn *drawn) {
  if (drawn->count == 1 || view->measures->len == 1) {
    const ViewMeasure *measure = view_measure(view, 0);
    return chart_measure_name(measure);
  }
  return g_strdup("");
}

/* Upright: time, weekdays, ranges. */
static json_t *upright_chart(const ResultView *view, const char *type, gboolean sorted) {
  g_auto(Drawn) drawn = choose_columns(view);
  const ViewDimension *dimension = view_dimension(view, 0);
  g_autofree char *note = NULL;
  g_autofree char *title = chart_title(view, view_measure(view, 0));
  g_autofree char *axis = view_capital(dimension->noun);
  g_autofree char *values = value_name(view, &drawn);
  gboolean is_time = view->is_series;
  g_autoptr(GArray) rows = NULL;
  if (is_time) {
    rows = g_array_new(FALSE, FALSE, sizeof(gsize));
    for (gsize row = 0; row < view->n_rows; row++) g_array_append_val(rows, row);
  } else {
    rows = chart_rows(view, drawn.columns[0], sorted, &note);
  }
  json_t *option = chart_base(view, title, note, "axis");
  chart_set_axes(option, chart_category_axis(axis, labels_of(view, rows)),
                 chart_value_axis(view, values, drawn.columns[0]));
  add_series(view, option, &drawn, rows, type);
  return option;
}

/* Lying bars, longest on top: rankings and groups. */
static json_t *ranking_chart(const ResultView *view) {
  g_auto(Drawn) drawn = choose_columns(view);
  g_autofree char *note = NULL;
  g_autofree char *title = chart_title(view, view_measure(view, 0));
  g_autofree char *axis = view_capital(view_dimension(view, 0)->noun);
  g_autofree char *values = value_name(view, &drawn);
  g_autoptr(GArray) rows = chart_rows(view, drawn.columns[drawn.count - 1], TRUE, &note);
  json_t *option = chart_base(view, title, note, "axis");
  json_t *categories = chart_category_axis(view->dimensions->len == 1 ? axis : "", labels_of(view, rows));
  chart_set_axes(option, chart_value_axis(view, values, drawn.columns[0]), categories);
  add_series(view, option, &drawn, rows, "bar");
  return option;
}

static gboolean is_whole(const ResultView *view, const ViewMeasure *measure) {
  double sum = view_sum(view, measure->share);
  return view->n_rows >= 2 && view->n_rows <= 6 && view_non_negative(view, measure->share) && fabs(sum - 1) < 1e-6;
}

static json_t *pie_chart(const ResultView *view, const ViewMeasure *measure) {
  g_autofree char *title = chart_title(view, measure);
  g_autofree char *name = view_capital(measure->name);
  int column = measure->value >= 0 ? measure->value : measure->share;
  json_t *option = chart_base(view, title, NULL, "item"), *data = json_array(), *names = json_array();
  for (gsize row = 0; row < view->n_rows; row++) {
    g_autofree char *label = view_row_name(view, row);
    json_array_append_new(data, json_pack("{s:s, s:o}", "name", label, "value", chart_number(view, row, column)));
    json_array_append_new(names, json_string(label));
  }
  json_object_set_new(json_object_get(option, "tooltip"), "formatter", json_string("{b}: {c} ({d} %)"));
  json_t *series = chart_series("pie", name, data);
  json_object_set_new(series, "radius", json_pack("[s,s]", "40%", "70%"));
  json_object_set_new(series, "label", json_pack("{s:s}", "formatter", "{b}: {d} %"));
  json_object_set_new(option, "series", json_pack("[o]", series));
  chart_add_legend(option, names);
  return option;
}

static json_t *share_chart(const ResultView *view, const ViewMeasure *measure) {
  if (is_whole(view, measure)) return pie_chart(view, measure);
  g_autofree char *note = NULL;
  g_autofree char *title = chart_title(view, measure);
  g_autofree char *name = g_strdup_printf("Share of %s", measure->name);
  g_autofree char *axis = view_capital(view_dimension(view, 0)->noun);
  g_autoptr(GArray) rows = chart_rows(view, measure->share, TRUE, &note);
  json_t *option = chart_base(view, title, note, "axis");
  json_t *categories = chart_category_axis(axis, labels_of(view, rows));
  chart_set_axes(option, chart_value_axis(view, name, measure->share), categories);
  json_object_set_new(option, "series",
                      json_pack("[o]", chart_series("bar", name, data_of(view, rows, measure->share))));
  return option;
}

/* One row: two sides of a comparison, or measures of one unit, side by side. */
static json_t *single_row_chart(const ResultView *view) {
  g_auto(Drawn) drawn = choose_columns(view);
  if (drawn.count < 2) return NULL;
  g_autofree char *title = chart_title(view, view_measure(view, 0));
  g_autofree char *values = value_name(view, &drawn);
  json_t *labels = json_array(), *data = json_array();
  for (guint i = 0; i < drawn.count; i++) {
    json_array_append_new(labels, json_string(drawn.names[i]));
    json_array_append_new(data, chart_number(view, 0, drawn.columns[i]));
  }
  json_t *option = chart_base(view, title, NULL, "axis");
  chart_set_axes(option, chart_category_axis("", labels), chart_value_axis(view, values, drawn.columns[0]));
  json_t *series = chart_series("bar", values, data);
  json_object_set_new(series, "barMaxWidth", json_integer(80));
  json_object_set_new(option, "series", json_pack("[o]", series));
  return option;
}

static gboolean has_numbers(const ResultView *view) {
  for (guint i = 0; i < view->measures->len; i++)
    for (gsize row = 0; row < view->n_rows; row++)
      if (!isnan(view_number(view, row, view_measure(view, i)->main))) return TRUE;
  return FALSE;
}

json_t *insight_chart(const InsightInput *input) {
  g_autoptr(ResultView) view = result_view_new(input);
  if (view->n_rows == 0 || view->is_detail || view->measures->len == 0 || !has_numbers(view)) return NULL;
  if (view->n_rows == 1) return single_row_chart(view);
  if (view->dimensions->len == 0) return NULL;
  const ViewMeasure *measure = view_measure(view, 0);
  const ViewDimension *dimension = view_dimension(view, 0);
  if (view_lists_events(view)) return ranking_chart(view);
  if (view->dimensions->len == 2 && !view->is_compared && view->query->limit_within == 0)
    return chart_two_dimensions(view, measure);
  if (view->dimensions->len > 1) return ranking_chart(view);
  if (view->is_series) return upright_chart(view, view->n_rows > 4 ? "line" : "bar", FALSE);
  if (measure->share >= 0 && !view->is_compared) return share_chart(view, measure);
  if (dimension->is_cyclic || dimension->is_bucket) return upright_chart(view, "bar", FALSE);
  return ranking_chart(view);
}
