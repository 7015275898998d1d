/* Two dimensions: one along the axis (time, where there is one), the other as series. */
#include "insight/chart.h"
#include <math.h>
#include <string.h>

typedef struct {
  const char *label;
  double total; /* size, for choosing the largest */
  guint order;  /* of first appearance */
} Member;

/* Members of a dimension in order of appearance. Of Member. */
static GArray *members_of(const ResultView *view, const ViewDimension *dimension, int column) {
  GArray *members = g_array_new(FALSE, TRUE, sizeof(Member));
  g_autoptr(GHashTable) places = g_hash_table_new(g_str_hash, g_str_equal);
  for (gsize row = 0; row < view->n_rows; row++) {
    const char *label = dimension->labels[row];
    gpointer place;
    double value = view_number(view, row, column);
    if (!g_hash_table_lookup_extended(places, label, NULL, &place)) {
      Member member = {label, 0, members->len};
      place = GUINT_TO_POINTER(members->len);
      g_array_append_val(members, member);
      g_hash_table_insert(places, (gpointer)label, place);
    }
    g_array_index(members, Member, GPOINTER_TO_UINT(place)).total += isnan(value) ? 0 : fabs(value);
  }
  return members;
}

static int by_total(gconstpointer a, gconstpointer b) {
  const Member *one = a, *other = b;
  if (one->total != other->total) return one->total < other->total ? 1 : -1;
  return one->order < other->order ? -1 : 1;
}

static int by_order(gconstpointer a, gconstpointer b) {
  const Member *one = a, *other = b;
  return one->order < other->order ? -1 : one->order > other->order;
}

/* The largest ones, in their own order. Returns how many there were. */
static guint keep_largest(GArray *members, guint limit) {
  guint all = members->len;
  if (all > limit) {
    g_array_sort(members, by_total);
    g_array_set_size(members, limit);
    g_array_sort(members, by_order);
  }
  return all;
}

static int by_label_of_time(gconstpointer a, gconstpointer b, gpointer user_data) {
  const GHashTable *raw = user_data;
  const char *one = g_hash_table_lookup((GHashTable *)raw, ((const Member *)a)->label);
  const char *other = g_hash_table_lookup((GHashTable *)raw, ((const Member *)b)->label);
  return g_strcmp0(one, other);
}

/* Periods come in the order of time even where the rows do not. */
static void sort_periods(const ResultView *view, const ViewDimension *dimension, GArray *members) {
  g_autoptr(GHashTable) raw = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
  for (gsize row = 0; row < view->n_rows; row++) {
    g_autofree char *text = value_to_text(result_table_at(view->input->result, row, dimension->column));
    if (!g_hash_table_contains(raw, dimension->labels[row]))
      g_hash_table_insert(raw, dimension->labels[row], g_steal_pointer(&text));
  }
  g_array_sort_with_data(members, by_label_of_time, raw);
}

static json_t *series_data(const ResultView *view, const GArray *cells, guint inner, guint outer_count,
                           guint inner_count, int column) {
  json_t *data = json_array();
  for (guint outer = 0; outer < outer_count; outer++) {
    gsize row = g_array_index(cells, gsize, outer * inner_count + inner);
    json_array_append_new(data, row == G_MAXSIZE ? json_null() : chart_number(view, row, column));
  }
  return data;
}

/* Row of every (outer, inner) pair, or G_MAXSIZE. */
static GArray *cell_rows(const ResultView *view, const GArray *outer, const GArray *inner, guint outer_dimension) {
  GArray *cells = g_array_new(FALSE, FALSE, sizeof(gsize));
  g_autoptr(GHashTable) outer_places = g_hash_table_new(g_str_hash, g_str_equal);
  g_autoptr(GHashTable) inner_places = g_hash_table_new(g_str_hash, g_str_equal);
  gsize none = G_MAXSIZE;
  for (guint i = 0; i < outer->len; i++)
    g_hash_table_insert(outer_places, (gpointer)g_array_index(outer, Member, i).label, GUINT_TO_POINTER(i + 1));
  for (guint i = 0; i < inner->len; i++)
    g_hash_table_insert(inner_places, (gpointer)g_array_index(inner, Member, i).label, GUINT_TO_POINTER(i + 1));
  for (guint i = 0; i < outer->len * inner->len; i++) g_array_append_val(cells, none);
  for (gsize row = 0; row < view->n_rows; row++) {
    guint a = GPOINTER_TO_UINT(g_hash_table_lookup(outer_places, view_dimension(view, outer_dimension)->labels[row]));
    guint b =
        GPOINTER_TO_UINT(g_hash_table_lookup(inner_places, view_dimension(view, 1 - outer_dimension)->labels[row]));
    if (a > 0 && b > 0) g_array_index(cells, gsize, (a - 1) * inner->len + b - 1) = row;
  }
  return cells;
}

json_t *chart_two_dimensions(const ResultView *view, const ViewMeasure *measure) {
  guint outer_dimension = !view_dimension(view, 0)->is_time && view_dimension(view, 1)->is_time ? 1 : 0;
  const ViewDimension *along = view_dimension(view, outer_dimension),
                      *across = view_dimension(view, 1 - outer_dimension);
  g_autoptr(GArray) outer = members_of(view, along, measure->main);
  g_autoptr(GArray) inner = members_of(view, across, measure->main);
  guint all_inner = keep_largest(inner, CHART_MAX_SERIES), all_outer = outer->len;
  if (along->is_time)
    sort_periods(view, along, outer);
  else if (all_outer > CHART_MAX_CATEGORIES)
    keep_largest(outer, CHART_TOP);
  g_autoptr(GString) note = g_string_new(NULL);
  if (all_inner > inner->len)
    g_string_append_printf(note, "The %u largest of %u %s", inner->len, all_inner, across->nouns);
  if (all_outer > outer->len)
    g_string_append_printf(note, "%sthe top %u of %u %s", note->len > 0 ? ", " : "", outer->len, all_outer,
                           along->nouns);
  g_autofree char *title = chart_title(view, measure);
  g_autoptr(GArray) cells = cell_rows(view, outer, inner, outer_dimension);
  json_t *option = chart_base(view, title, note->len > 0 ? note->str : NULL, "axis");
  json_t *labels = json_array(), *series = json_array(), *names = json_array();
  for (guint i = 0; i < outer->len; i++)
    json_array_append_new(labels, json_string(g_array_index(outer, Member, i).label));
  gboolean is_line = along->is_time && outer->len > 4;
  gboolean stacked = !is_line && measure->additive && view_non_negative(view, measure->main);
  for (guint i = 0; i < inner->len; i++) {
    const char *name = g_array_index(inner, Member, i).label;
    json_t *one = chart_series(is_line ? "line" : "bar", name,
                               series_data(view, cells, i, outer->len, inner->len, measure->main));
    if (stacked) json_object_set_new(one, "stack", json_string("total"));
    json_array_append_new(series, one);
    json_array_append_new(names, json_string(name));
  }
  g_autofree char *axis = view_capital(along->noun);
  g_autofree char *values = view_capital(measure->name);
  chart_set_axes(option, chart_category_axis(axis, labels), chart_value_axis(view, values, measure->main));
  json_object_set_new(option, "series", series);
  chart_add_legend(option, names);
  return option;
}
