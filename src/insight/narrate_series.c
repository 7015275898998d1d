/* Sentences about a series over time: from first to last, peak and low, total and average. */
#include "insight/narrate.h"
#include <math.h>
#include <string.h>

static void tell_first_to_last(Narrator *narrator, const ViewMeasure *measure, gsize first, gsize last) {
  const ResultView *view = narrator->view;
  char **labels = view_dimension(view, 0)->labels;
  Delta delta;
  if (!derive_series_delta(view, measure, first, last, &delta)) return;
  g_autofree char *name = view_capital(measure->name);
  g_autofree char *before = NULL, *after = NULL;
  view_format_pair(view, measure->main, view_number(view, first, measure->main), view_number(view, last, measure->main), &before, &after);
  gboolean is_fraction = view_is_fraction(view, measure->main);
  gboolean relative = !is_fraction && delta.before > 0 && delta.after >= 0;
  g_autofree char *by = is_fraction ? view_format_points(delta.change)
                        : relative  ? view_format_percent(fabs(delta.growth))
                                    : view_format(view, measure->main, fabs(delta.change));
  if (delta.change == 0)
    narrate_tell(narrator, "%s%s %s %s in %s.", name, view->filter_context, narrate_was(measure), after, labels[last]);
  else
    narrate_tell(narrator, "%s%s %s %s%s from %s in %s to %s in %s.", name, view->filter_context,
                 delta.change > 0 ? "rose" : "fell", relative || is_fraction ? "" : "by ", by, before, labels[first],
                 after, labels[last]);
}

static void tell_peak_and_low(Narrator *narrator, const ViewMeasure *measure, const GArray *ranked) {
  const ResultView *view = narrator->view;
  char **labels = view_dimension(view, 0)->labels;
  if (ranked->len < 3) return;
  gsize top = g_array_index(ranked, gsize, 0), second = g_array_index(ranked, gsize, 1);
  gsize low = g_array_index(ranked, gsize, ranked->len - 1), next = g_array_index(ranked, gsize, ranked->len - 2);
  gboolean has_peak = view_number(view, top, measure->main) > view_number(view, second, measure->main);
  gboolean has_low = view_number(view, low, measure->main) < view_number(view, next, measure->main) && !view_is_partial(view, low);
  g_autofree char *high_amount = narrate_amount(narrator, top, measure->main);
  g_autofree char *low_amount = narrate_amount(narrator, low, measure->main);
  const char *of = view->measures->len > 1 ? " of " : "", *name = view->measures->len > 1 ? measure->name : "";
  if (has_peak && has_low)
    narrate_tell(narrator, "The peak%s%s was %s in %s, the low was %s in %s.", of, name, high_amount, labels[top],
                 low_amount, labels[low]);
  else if (has_peak)
    narrate_tell(narrator, "The peak%s%s was %s in %s.", of, name, high_amount, labels[top]);
  else if (has_low)
    narrate_tell(narrator, "The low%s%s was %s in %s.", of, name, low_amount, labels[low]);
}

static void tell_total_and_average(Narrator *narrator, const ViewMeasure *measure, gsize count, gboolean partial) {
  const ResultView *view = narrator->view;
  double sum = view_sum(view, measure->value);
  if (!measure->additive || !view->complete || isnan(sum) || count < 3 || view->measures->len > 1 || measure->value < 0)
    return;
  g_autofree char *name = view_capital(measure->name);
  g_autofree char *total = view_format(view, measure->value, sum);
  g_autofree char *mean = view_format(view, measure->value, sum / (double)count);
  if (partial) {
    narrate_tell(narrator, "%s came to %s altogether.", name, total);
    return;
  }
  /* Periods without rows are not there, so they are not in the average. */
  narrate_tell(narrator, "%s came to %s altogether, an average of %s per %s%s.", name, total, mean,
               view_dimension(view, 0)->noun, view_is_contiguous(view) ? "" : " that has any");
}

/* "Cumulative sales reached $733,215.26 in December 2020." */
static void tell_window(Narrator *narrator, const ViewMeasure *measure, gsize last) {
  const ResultView *view = narrator->view;
  const AnswerColumn *column = view_column(view, measure->window);
  if (column == NULL || column->label == NULL || isnan(view_number(view, last, measure->window))) return;
  g_autofree char *words = view_words(column->label);
  g_autofree char *label = view_capital(words);
  g_autofree char *amount = narrate_amount(narrator, last, measure->window);
  gboolean is_sum = g_strcmp0(column->kind, "cumulative") == 0;
  narrate_tell(narrator, "%s %s %s in %s.", label, is_sum ? "reached" : "stood at", amount,
               view_dimension(view, 0)->labels[last]);
}

void narrate_series(Narrator *narrator, const ViewMeasure *measure) {
  const ResultView *view = narrator->view;
  g_autoptr(GArray) ranked = narrate_ranked(view, measure->main);
  if (ranked->len == 0) return;
  gsize first = G_MAXSIZE, last = 0;
  for (gsize row = 0; row < view->n_rows; row++)
    if (!isnan(view_number(view, row, measure->main))) {
      first = MIN(first, row);
      last = row;
    }
  if (measure->window >= 0) tell_window(narrator, measure, last);
  if (measure->window >= 0 && measure->main == measure->window) return;
  gsize count = ranked->len;
  gboolean partial = last > first && view_is_partial(view, last);
  gsize before = last;
  while (partial && before > first && (before == last || isnan(view_number(view, before, measure->main)))) before--;
  if (before > first || !partial) tell_first_to_last(narrator, measure, first, before);
  if (partial) {
    narrate_tell(narrator, "%s is incomplete and left out of this comparison.", view_dimension(view, 0)->labels[last]);
  }
  tell_peak_and_low(narrator, measure, ranked);
  tell_total_and_average(narrator, measure, count, partial);
}
