/* Sentences about comparisons: now against before, one member against another, group by group. */
#include "insight/narrate.h"
#include <math.h>
#include <string.h>

/* ---- one row ---- */
static char *for_group(const ResultView *view) {
  if (view->dimensions->len == 0) return g_strdup("");
  g_autofree char *label = view_row_label(view, 0);
  return g_strconcat(" for ", label, NULL);
}

/* Only a growth or a change was asked for. */
static void tell_bare_change(Narrator *narrator, const ViewMeasure *measure, const char *group) {
  const ResultView *view = narrator->view;
  Delta delta;
  g_autofree char *name = view_capital(measure->name);
  if (!derive_row_delta(view, measure, 0, &delta)) {
    narrate_tell(narrator, "There is no value for %s%s%s.", measure->name, group, view->filter_context);
    return;
  }
  double shown = isnan(delta.growth) ? delta.change : delta.growth;
  int column = isnan(delta.growth) ? measure->change : measure->growth;
  g_autofree char *amount = view_format(view, column, fabs(shown));
  const char *verb = shown > 0 ? "rose" : "fell";
  if (shown == 0 && view->previous_is_period)
    narrate_tell(narrator, "%s%s%s %s unchanged from %s to %s.", name, group, view->filter_context,
                 narrate_was(measure), view->previous_name, view->current_name);
  else if (view->previous_is_period)
    narrate_tell(narrator, "%s%s%s %s by %s from %s to %s.", name, group, view->filter_context, verb, amount,
                 view->previous_name, view->current_name);
  else if (view->current_name != NULL)
    narrate_tell(narrator, "%s%s %s %s %s for %s than for %s%s.", name, group, narrate_was(measure), amount,
                 shown > 0 ? "higher" : "lower", view->current_name, view->previous_name, view->context);
  else
    narrate_tell(narrator, "%s%s%s %s by %s.", name, group, view->filter_context, verb, amount);
}

/* The one group that was asked for by its change: "In West, sales rose most, by 33.4 %, from $a in 2019 to $b in 2020."
 */
static int asked_change(const ResultView *view, const ViewMeasure *measure, gboolean *relative) {
  const SemanticQuery *query = view->query;
  if (query->limit != 1 || query->offset != 0 || query->order->len == 0 || view->dimensions->len == 0) return 0;
  const Order *order = &g_array_index(query->order, Order, 0);
  if ((order->on != ON_GROWTH && order->on != ON_CHANGE) || order->index != measure->measure || order->absolute)
    return 0;
  *relative = order->on == ON_GROWTH;
  return order->descending ? 1 : -1;
}

static gboolean tell_asked_change(Narrator *narrator, const ViewMeasure *measure, const Delta *delta) {
  const ResultView *view = narrator->view;
  gboolean relative = FALSE;
  int extreme = asked_change(view, measure, &relative);
  double change = relative ? delta->growth : delta->change;
  if (extreme == 0 || !(change * extreme > 0)) return FALSE;
  g_autofree char *label = view_row_label(view, 0);
  g_autofree char *before = view_format(view, measure->value, delta->before);
  g_autofree char *after = view_format(view, measure->value, delta->after);
  g_autofree char *by = relative ? view_format_percent(fabs(delta->growth))
                        : view_is_fraction(view, measure->value)
                            ? view_format_points(delta->change)
                            : view_format(view, measure->value, fabs(delta->change));
  return narrate_tell(narrator, "In %s, %s%s %s most, by %s from %s in %s to %s in %s.", label, measure->name,
                      view->filter_context, extreme > 0 ? "rose" : "fell", by, before, view->previous_name, after,
                      view->current_name);
}

static void tell_periods(Narrator *narrator, const ViewMeasure *measure, const char *group, const Delta *delta) {
  const ResultView *view = narrator->view;
  g_autofree char *name = view_capital(measure->name);
  g_autofree char *before = NULL, *after = NULL;
  view_format_pair(view, measure->value, delta->before, delta->after, &before, &after);
  g_autofree char *change =
      view_is_fraction(view, measure->value) ? NULL : view_format(view, measure->value, fabs(delta->change));
  const char *verb = delta->change > 0 ? "rose" : "fell", *filters = view->filter_context;
  if (delta->before == 0 && delta->after != 0) {
    narrate_tell(narrator, "%s%s%s %s %s in %s and %s in %s, so all of it is new.", name, group, filters,
                 narrate_was(measure), after, view->current_name, before, view->previous_name);
  } else if (delta->change == 0) {
    narrate_tell(narrator, "%s%s%s %s unchanged at %s in %s and in %s.", name, group, filters, narrate_was(measure),
                 after, view->current_name, view->previous_name);
  } else if (change == NULL) {
    g_autofree char *by = view_format_points(delta->change);
    narrate_tell(narrator, "%s%s%s %s %s from %s in %s to %s in %s.", name, group, filters, verb, by, before,
                 view->previous_name, after, view->current_name);
  } else if (delta->before > 0 && delta->after >= 0) {
    g_autofree char *growth = view_format_percent(fabs(delta->growth));
    narrate_tell(narrator, "%s%s%s %s %s from %s in %s to %s in %s, a difference of %s.", name, group, filters, verb,
                 growth, before, view->previous_name, after, view->current_name, change);
  } else {
    narrate_tell(narrator, "%s%s%s %s by %s from %s in %s to %s in %s.", name, group, filters, verb, change, before,
                 view->previous_name, after, view->current_name);
  }
}

static void tell_members(Narrator *narrator, const ViewMeasure *measure, const char *group, const Delta *delta) {
  const ResultView *view = narrator->view;
  gboolean is_more = delta->change > 0, is_fraction = view_is_fraction(view, measure->value);
  g_autofree char *name = view_capital(measure->name);
  g_autofree char *before = NULL, *after = NULL;
  view_format_pair(view, measure->value, delta->before, delta->after, &before, &after);
  g_autofree char *by =
      is_fraction ? view_format_points(delta->change) : view_format(view, measure->value, fabs(delta->change));
  if (delta->change == 0)
    narrate_tell(narrator, "%s%s%s %s unchanged at %s between %s and %s.", name, group, view->context,
                 narrate_was(measure), after, view->current_name, view->previous_name);
  else if (measure->additive && !is_fraction)
    narrate_tell(narrator, "%s had %s %s %s than %s%s%s (%s against %s).", view->current_name, by,
                 is_more ? "more" : "less", measure->name, view->previous_name, group, view->context, after, before);
  else
    narrate_tell(narrator, "%s%s%s %s %s %s for %s than for %s (%s against %s).", name, group, view->context,
                 narrate_was(measure), by, is_more ? "higher" : "lower", view->current_name, view->previous_name, after,
                 before);
}

static void tell_missing_side(Narrator *narrator, const ViewMeasure *measure, const char *group) {
  const ResultView *view = narrator->view;
  gboolean has_now = !isnan(view_number(view, 0, measure->value));
  if (!has_now && isnan(view_number(view, 0, measure->previous))) {
    narrate_tell(narrator, "There is no value for %s%s%s.", measure->name, group, view->filter_context);
    return;
  }
  g_autofree char *name = view_capital(measure->name);
  g_autofree char *amount = narrate_amount(narrator, 0, has_now ? measure->value : measure->previous);
  if (view->current_name == NULL)
    narrate_tell(narrator, "%s%s%s %s %s.", name, group, view->filter_context, narrate_was(measure), amount);
  else
    narrate_tell(narrator, "%s%s%s %s %s in %s; there is no value in %s.", name, group, view->filter_context,
                 narrate_was(measure), amount, has_now ? view->current_name : view->previous_name,
                 has_now ? view->previous_name : view->current_name);
}

/* One period of a series with its own predecessor: "a year earlier", "the month before". */
static void tell_lone_period(Narrator *narrator, const ViewMeasure *measure, const char *group, const Delta *delta) {
  const ResultView *view = narrator->view;
  g_autofree char *name = view_capital(measure->name);
  g_autofree char *after = view_format(view, measure->value, delta->after);
  g_autofree char *before = view_format(view, measure->value, delta->before);
  const char *earlier = view->query->compare.kind == COMPARE_YEAR_EARLIER ? "a year earlier" : "the period before";
  const char *place = g_str_has_prefix(group, " for ") ? group + strlen(" for ") : group;
  gboolean is_fraction = view_is_fraction(view, measure->value);
  g_autofree char *by = is_fraction ? view_format_points(delta->change)
                        : delta->before > 0 && delta->after >= 0
                            ? view_format_percent(fabs(delta->growth))
                            : view_format(view, measure->value, fabs(delta->change));
  if (delta->change == 0)
    narrate_tell(narrator, "%s%s%s %s %s.", name, group, view->filter_context, narrate_was(measure), after);
  else
    narrate_tell(narrator, "%s%s %s by %s from %s %s to %s in %s.", name, view->filter_context,
                 delta->change > 0 ? "rose" : "fell", by, before, earlier, after, place);
}

void narrate_comparison(Narrator *narrator) {
  const ResultView *view = narrator->view;
  g_autofree char *group = for_group(view);
  for (guint i = 0; i < MIN(view->measures->len, 3); i++) {
    const ViewMeasure *measure = view_measure(view, i);
    Delta delta;
    if (measure->value < 0 || (measure->previous < 0 && measure->change < 0)) {
      tell_bare_change(narrator, measure, group);
      continue;
    }
    gboolean has_both = !isnan(view_number(view, 0, measure->value)) && !isnan(view_number(view, 0, measure->previous));
    if (!has_both || !derive_row_delta(view, measure, 0, &delta))
      tell_missing_side(narrator, measure, group);
    else if (view->previous_is_period && !tell_asked_change(narrator, measure, &delta))
      tell_periods(narrator, measure, group, &delta);
    else if (view->previous_is_period)
      continue;
    else if (view->current_name != NULL)
      tell_members(narrator, measure, group, &delta);
    else
      tell_lone_period(narrator, measure, group, &delta);
  }
}

/* ---- one row per group ---- */
static void tell_total(Narrator *narrator, const ViewMeasure *measure) {
  const ResultView *view = narrator->view;
  Delta delta;
  if (view->current_name == NULL || !view->previous_is_period || !derive_total_delta(view, measure, &delta) ||
      !(delta.before > 0) || delta.change == 0)
    return;
  g_autofree char *name = view_capital(measure->name);
  g_autofree char *before = view_format(view, measure->value, delta.before);
  g_autofree char *after = view_format(view, measure->value, delta.after);
  g_autofree char *growth = view_format_percent(fabs(delta.growth));
  narrate_tell(narrator, "%s%s %s %s overall from %s in %s to %s in %s.", name, view->filter_context,
               delta.change > 0 ? "rose" : "fell", growth, before, view->previous_name, after, view->current_name);
}

static void count_directions(const ResultView *view, const ViewMeasure *measure, gsize *up, gsize *down) {
  Delta delta;
  *up = *down = 0;
  for (gsize row = 0; row < view->n_rows; row++) {
    if (!derive_row_delta(view, measure, row, &delta)) continue;
    double change = isnan(delta.change) ? delta.growth : delta.change;
    *up += change > 0 ? 1 : 0;
    *down += change < 0 ? 1 : 0;
  }
}

/* ": Heaters, Drills and Lamps" for a few groups that passed a bound. */
static char *short_list(const ResultView *view) {
  g_autoptr(GString) list = g_string_new(NULL);
  if (view->query->having->len == 0 || view->dimensions->len != 1 || view->n_rows > 6) return g_strdup("");
  for (gsize row = 0; row < view->n_rows; row++)
    g_string_append_printf(list, "%s%s",
                           row == 0                  ? ": "
                           : row + 1 == view->n_rows ? " and "
                                                     : ", ",
                           view_dimension(view, 0)->labels[row]);
  return g_string_free(g_steal_pointer(&list), FALSE);
}

static void tell_counts(Narrator *narrator, const ViewMeasure *measure) {
  const ResultView *view = narrator->view;
  const char *nouns = view->dimensions->len == 1 ? view_dimension(view, 0)->nouns : "groups";
  const char *shown = view->limited || view->query->having->len > 0 ? " shown" : "";
  gsize up, down;
  count_directions(view, measure, &up, &down);
  if (up + down == 0 && view->of_snapshots && view->n_rows > 1 && measure->value >= 0 && measure->previous >= 0) {
    g_autofree char *same = view_capital(measure->name), *count = text_format_number((double)view->n_rows, 0);
    narrate_tell(narrator, "%s%s %s unchanged in all %s %s%s.", same, view->context, narrate_was(measure), count, nouns, shown);
  }
  if (up + down == 0 || (view->current_name != NULL && !view->previous_is_period)) return;
  g_autofree char *name = view_capital(measure->name);
  g_autofree char *rises = text_format_number((double)up, 0);
  g_autofree char *falls = text_format_number((double)down, 0);
  g_autofree char *all = text_format_number((double)view->n_rows, 0);
  g_autofree char *members = short_list(view);
  if (up == view->n_rows || down == view->n_rows)
    narrate_tell(narrator, "%s %s in all %s %s%s%s.", name, up > 0 ? "rose" : "fell", all, nouns, shown,
                 narrator->narrative->sentences->len == 0 ? members : "");
  else if (up > 0 && down > 0)
    narrate_tell(narrator, "%s rose in %s of %s %s%s and fell in %s.", name, rises, all, nouns, shown, falls);
  else
    narrate_tell(narrator, "%s %s in %s of %s %s%s.", name, up > 0 ? "rose" : "fell", up > 0 ? rises : falls, all,
                 nouns, shown);
}

/* The row with the largest (sign 1) or smallest change; G_MAXSIZE when there is a tie or none. */
static gsize extreme_change(const ResultView *view, const ViewMeasure *measure, gboolean relative, int sign,
                            Delta *best) {
  gsize found = G_MAXSIZE;
  double best_value = 0;
  gboolean tied = FALSE;
  for (gsize row = 0; row < view->n_rows; row++) {
    Delta delta;
    if (!derive_row_delta(view, measure, row, &delta)) continue;
    double value = (relative ? delta.growth : delta.change) * sign;
    if (isnan(value) || (found != G_MAXSIZE && value < best_value)) continue;
    tied = found != G_MAXSIZE && value == best_value;
    found = row;
    best_value = value;
    *best = delta;
  }
  return tied || best_value <= 0 ? G_MAXSIZE : found;
}

static gboolean order_is_relative(const ResultView *view, const ViewMeasure *measure) {
  if (measure->change < 0 && measure->previous < 0) return TRUE;
  return view->query->order->len > 0 && g_array_index(view->query->order, Order, 0).on == ON_GROWTH;
}

static void tell_extreme_change(Narrator *narrator, const ViewMeasure *measure, int sign) {
  const ResultView *view = narrator->view;
  Delta delta = {0};
  gboolean relative = order_is_relative(view, measure);
  gsize row = extreme_change(view, measure, relative, sign, &delta);
  if (row == G_MAXSIZE || (view->current_name != NULL && !view->previous_is_period)) return;
  if (!view->complete && view->query->order->len > 0 &&
      g_array_index(view->query->order, Order, 0).descending != (sign > 0))
    return;
  g_autofree char *label = view_row_label(view, row);
  g_autofree char *by = relative                               ? view_format_percent(fabs(delta.growth))
                        : view_is_fraction(view, delta.column) ? view_format_points(delta.change)
                                                               : view_format(view, delta.column, fabs(delta.change));
  g_autofree char *after = measure->value >= 0 && !isnan(view_number(view, row, measure->value))
                               ? narrate_amount(narrator, row, measure->value)
                               : NULL;
  narrate_tell(narrator, "In %s, %s %s most, by %s%s%s.", label, measure->name, sign > 0 ? "rose" : "fell", by,
               after != NULL ? " to " : "", after != NULL ? after : "");
}

/* West against East, group by group: the widest gap. */
static void tell_widest_gap(Narrator *narrator, const ViewMeasure *measure) {
  const ResultView *view = narrator->view;
  gsize widest = G_MAXSIZE;
  Delta best = {0};
  if (view->current_name == NULL || view->previous_is_period || measure->value < 0 || measure->previous < 0) return;
  for (gsize row = 0; row < view->n_rows; row++) {
    Delta delta;
    if (derive_row_delta(view, measure, row, &delta) && !isnan(delta.before) &&
        (widest == G_MAXSIZE || fabs(delta.change) > fabs(best.change))) {
      widest = row;
      best = delta;
    }
  }
  if (widest == G_MAXSIZE || best.change == 0) return;
  g_autofree char *label = view_row_label(view, widest);
  g_autofree char *before = view_format(view, measure->value, best.before);
  g_autofree char *after = view_format(view, measure->value, best.after);
  g_autofree char *by = view_is_fraction(view, measure->value) ? view_format_points(best.change)
                                                               : view_format(view, measure->value, fabs(best.change));
  narrate_tell(narrator, "In %s, %s %s %s %s for %s than for %s (%s against %s).", label, measure->name,
               narrate_was(measure), by, best.change > 0 ? "higher" : "lower", view->current_name, view->previous_name,
               after, before);
}

void narrate_comparison_rows(Narrator *narrator) {
  const ResultView *view = narrator->view;
  for (guint i = 0; i < MIN(view->measures->len, 2); i++) {
    const ViewMeasure *measure = view_measure(view, i);
    tell_total(narrator, measure);
    tell_counts(narrator, measure);
    tell_extreme_change(narrator, measure, 1);
    tell_extreme_change(narrator, measure, -1);
    tell_widest_gap(narrator, measure);
  }
}

/* ---- why it changed ---- */
#define DRIVER_LEAST_PART 0.2 /* of the change: less explains little */

void narrate_driver(Narrator *narrator) {
  const ResultView *view = narrator->view;
  const ViewMeasure *measure = view->measures->len > 0 ? view_measure(view, 0) : NULL;
  gsize largest = 0;
  double most = 0;
  for (gsize row = 0; measure != NULL && row < view->n_rows; row++) {
    g_autofree gboolean *one = g_new0(gboolean, view->n_rows);
    one[row] = TRUE;
    double part = derive_share_of_change(view, measure, one);
    if (!(part > most)) continue;
    most = part;
    largest = row;
  }
  if (most < DRIVER_LEAST_PART) return;
  const ViewDimension *dimension = view_dimension(view, 0);
  const Value *member = result_table_at(view->input->result, largest, dimension->column);
  if (member->type == VALUE_NULL) return; /* nobody's rows explain nothing */
  if (most > 1) { /* others made up for some of it */
    Delta delta;
    if (!derive_row_delta(view, measure, largest, &delta) || isnan(delta.change)) return;
    g_autofree char *by = view_format(view, delta.column, fabs(delta.change));
    narrate_tell(narrator, "By %s, in %s, %s%s %s most, by %s.", dimension->noun, dimension->labels[largest], measure->name,
                 view->filter_context, delta.change > 0 ? "rose" : "fell", by);
    return;
  }
  g_autofree char *shown = view_format_percent(most);
  narrate_tell(narrator, "By %s, %s accounts for %s of the change.", dimension->noun, dimension->labels[largest], shown);
}
