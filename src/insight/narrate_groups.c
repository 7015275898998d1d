/* Sentences about groups: rankings, shares, distributions, lists that passed a bound, two dimensions. */
#include "insight/narrate.h"
#include <math.h>
#include <string.h>

static gsize row_at(const GArray *ranked, guint place) {
  return g_array_index(ranked, gsize, place);
}

static char *amount_or_loss(const Narrator *narrator, const ViewMeasure *measure, gsize row) {
  char *amount = narrate_amount(narrator, row, measure->main);
  if (!(view_number(narrator->view, row, measure->main) < 0) || !measure->is_profit ||
      view_is_fraction(narrator->view, measure->main) || *amount != '-')
    return amount;
  char *loss = g_strconcat("a loss of ", amount + 1, NULL);
  g_free(amount);
  return loss;
}

/* ---- rankings ---- */
/* ", 31.6 % more than East" or nothing. */
static char *lead_over_next(const ResultView *view, const ViewMeasure *measure, gsize first, gsize second) {
  double top = view_number(view, first, measure->main), next = view_number(view, second, measure->main);
  const char *label = view_dimension(view, 0)->labels[second];
  if (view_is_fraction(view, measure->main) && measure->main != measure->share) {
    g_autofree char *by = view_format_points(top - next);
    return g_strdup_printf(", %s more than %s", by, label);
  }
  if (!(next > 0) || measure->main == measure->share) return g_strdup("");
  double growth = (top - next) / next;
  if (growth > 9.995 && view->limited) return g_strdup(""); /* the places behind the first are told next */
  if (growth > 9.995) {
    g_autofree char *amount = view_format(view, measure->main, next);
    return g_strdup_printf(", followed by %s with %s", label, amount);
  }
  g_autofree char *by = view_format_percent(growth);
  return g_strdup_printf(", %s more than %s", by, label);
}

/* "; the top 3 of 10 states make up 45.1 % of sales" or nothing. */
static char *top_three(const ResultView *view, const ViewMeasure *measure, const GArray *ranked) {
  g_autofree gboolean *rows = g_new0(gboolean, view->n_rows);
  if (ranked->len < 5 || view->limited || !derive_top_rows(view, measure->main, 1, 3, rows)) return g_strdup("");
  double share = derive_share(view, measure, rows);
  if (isnan(share) || share >= 0.9995) return g_strdup("");
  g_autofree char *percent = view_format_percent(share);
  g_autofree char *all = text_format_number((double)view->n_rows, 0);
  return g_strdup_printf("; the top 3 of %s %s make up %s of %s", all, view_dimension(view, 0)->nouns, percent,
                         measure->name);
}

static gboolean asked_for_lowest(const ResultView *view) {
  return view->limited && view->query->order->len > 0 && !g_array_index(view->query->order, Order, 0).descending;
}

static void tell_top(Narrator *narrator, const ViewMeasure *measure, const GArray *ranked) {
  const ResultView *view = narrator->view;
  gsize first = row_at(ranked, 0), second = row_at(ranked, 1);
  char **labels = view_dimension(view, 0)->labels;
  double best = view_number(view, first, measure->main);
  g_autofree char *amount = amount_or_loss(narrator, measure, first);
  const char *context = narrator->narrative->sentences->len == 0 ? view->context : "";
  guint tied = 1;
  while (tied < ranked->len && view_number(view, row_at(ranked, tied), measure->main) == best) tied++;
  g_autofree char *name = narrate_first(view, 0, first);
  if (tied == 2) {
    narrate_tell(narrator, "%s and %s tie for the %s %s%s with %s each.", name, labels[second],
                 narrate_extreme(view, measure, 1), measure->name, context, amount);
    return;
  }
  if (tied > 2) return;
  g_autofree char *lead = lead_over_next(view, measure, first, second);
  g_autofree char *top = top_three(view, measure, ranked);
  if (measure->share >= 0) {
    g_autofree char *share = narrate_amount(narrator, first, measure->share);
    gboolean has_value = measure->main != measure->share;
    narrate_tell(narrator, "%s has the largest share of %s%s, %s%s%s%s.", name, measure->name, context, share,
                 has_value ? ", with " : "", has_value ? amount : "", top);
    return;
  }
  narrate_tell(narrator, "%s has the %s %s%s with %s%s%s.", name, narrate_extreme(view, measure, 1), measure->name,
               context, amount, lead, top);
}

static void tell_bottom(Narrator *narrator, const ViewMeasure *measure, const GArray *ranked) {
  const ResultView *view = narrator->view;
  gsize last = row_at(ranked, ranked->len - 1);
  double worst = view_number(view, last, measure->main);
  if (ranked->len > 1 && view_number(view, row_at(ranked, ranked->len - 2), measure->main) == worst) return;
  gboolean is_first = narrator->narrative->sentences->len == 0;
  g_autofree char *amount = amount_or_loss(narrator, measure, last);
  int shown = measure->main;
  g_autofree char *share =
      measure->share >= 0 && shown != measure->share ? narrate_amount(narrator, last, measure->share) : NULL;
  g_autofree char *name = narrate_first(view, 0, last);
  if (share != NULL)
    narrate_tell(narrator, "%s has the smallest share, %s.", name, share);
  else
    narrate_tell(narrator, "%s has the %s %s%s with %s.", name, narrate_extreme(view, measure, -1), measure->name,
                 is_first ? view->context : "", amount);
}

/* After a top or bottom list: the places behind the first. */
static void tell_followers(Narrator *narrator, const ViewMeasure *measure, const GArray *ranked,
                           gboolean lowest_first) {
  const ResultView *view = narrator->view;
  if (ranked->len < 3) return;
  gsize second = row_at(ranked, lowest_first ? ranked->len - 2 : 1),
        third = row_at(ranked, lowest_first ? ranked->len - 3 : 2);
  g_autofree char *two = amount_or_loss(narrator, measure, second);
  g_autofree char *three = amount_or_loss(narrator, measure, third);
  char **labels = view_dimension(view, 0)->labels;
  g_autofree char *name = narrate_first(view, 0, second);
  if (view->measures->len > 1)
    narrate_tell(narrator, "By %s, %s follows with %s and %s with %s.", measure->name, labels[second], two,
                 labels[third], three);
  else
    narrate_tell(narrator, "%s follows with %s and %s with %s.", name, two, labels[third], three);
}

/* Two groups are compared rather than ranked: "Porto has 10.3 % more revenue than Braga (£a against £b)." */
static gboolean tell_two(Narrator *narrator, const ViewMeasure *measure, const GArray *ranked) {
  const ResultView *view = narrator->view;
  gsize first = row_at(ranked, 0), second = row_at(ranked, 1);
  double more = view_number(view, first, measure->main), less = view_number(view, second, measure->main);
  if (ranked->len != 2 || view->limited || measure->share >= 0 || more == less || view->query->having->len > 0)
    return FALSE;
  gboolean is_fraction = view_is_fraction(view, measure->main), relative = less > 0 && !is_fraction;
  g_autofree char *by = is_fraction ? view_format_points(more - less)
                        : relative  ? view_format_percent((more - less) / less)
                                    : view_format(view, measure->main, more - less);
  g_autofree char *high = NULL, *low = NULL;
  view_format_pair(view, measure->main, more, less, &high, &low);
  g_autofree char *name = narrate_first(view, 0, first);
  g_autofree char *title = view_capital(measure->name);
  const char *context = narrator->narrative->sentences->len == 0 ? view->context : "",
             *other = view_dimension(view, 0)->labels[second];
  if (measure->additive)
    return narrate_tell(narrator, "%s has %s more %s than %s%s (%s against %s).", name, by, measure->name, other,
                        context, high, low);
  return narrate_tell(narrator, "%s%s %s %s higher for %s than for %s (%s against %s).", title, context,
                      measure->plural ? "are" : "is", by, view_dimension(view, 0)->labels[first], other, high, low);
}

/* Of a cut list only the end it was ordered by is known. */
static gboolean is_ordered_by(const ResultView *view, const ViewMeasure *measure) {
  for (guint i = 0; i < view->query->order->len; i++) {
    const Order *order = &g_array_index(view->query->order, Order, i);
    if (order->on != ON_DIMENSION) return order->index == measure->measure;
  }
  return FALSE;
}

static void tell_losses(Narrator *narrator, const ViewMeasure *measure) {
  const ResultView *view = narrator->view;
  gsize count = 0;
  for (gsize row = 0; row < view->n_rows; row++) count += view_number(view, row, measure->main) < 0 ? 1 : 0;
  if (!measure->is_profit || count == 0 || view->limited || view_is_fraction(view, measure->main)) return;
  g_autofree char *some = narrate_count(count, TRUE);
  g_autofree char *all = text_format_number((double)view->n_rows, 0);
  if (count < view->n_rows)
    narrate_tell(narrator, "%s of %s %s lost money.", some, all, view_dimension(view, 0)->nouns);
}

static void tell_sum(Narrator *narrator, const ViewMeasure *measure) {
  const ResultView *view = narrator->view;
  double sum = view_sum(view, measure->main);
  if (!view->complete || !measure->additive || isnan(sum) || view->measures->len > 1 || measure->main == measure->share)
    return;
  g_autofree char *amount = view_format(view, measure->main, sum);
  g_autofree char *all = text_format_number((double)view->n_rows, 0);
  narrate_tell(narrator, "%s%s %s together come to %s.", view->n_rows == 2 ? "Both" : "All ",
               view->n_rows == 2 ? "" : all, view_dimension(view, 0)->nouns, amount);
}

static gboolean lowest_first(const ResultView *view) {
  const Order *order = view->query->order->len > 0 ? &g_array_index(view->query->order, Order, 0) : NULL;
  return !view->limited && order != NULL && order->on == ON_VALUE && !order->descending && view->n_rows > 2;
}

/* Rows that belong to none of the groups are no winner, however much they come to: nobody is named then. */
static gboolean leads_empty(const ResultView *view, const ViewMeasure *measure, const GArray *ranked) {
  return measure->additive && !view->limited && strcmp(view_dimension(view, 0)->labels[row_at(ranked, 0)], "(none)") == 0;
}

void narrate_ranking(Narrator *narrator, const ViewMeasure *measure) {
  const ResultView *view = narrator->view;
  g_autoptr(GArray) ranked = narrate_ranked(view, measure->main);
  if (ranked->len == 0) return;
  if (ranked->len == 1) {
    g_autofree char *amount = narrate_amount(narrator, row_at(ranked, 0), measure->main);
    narrate_tell(narrator, "%s alone has a value for %s: %s.", view_dimension(view, 0)->labels[row_at(ranked, 0)],
                 measure->name, amount);
    return;
  }
  if (view->limited && !is_ordered_by(view, measure)) return;
  if (asked_for_lowest(view)) {
    tell_bottom(narrator, measure, ranked);
    tell_followers(narrator, measure, ranked, TRUE);
    return;
  }
  if (leads_empty(view, measure, ranked)) {
    tell_sum(narrator, measure);
    return;
  }
  if (lowest_first(view)) { /* as the table stands: the smallest at the top */
    tell_bottom(narrator, measure, ranked);
    tell_top(narrator, measure, ranked);
    tell_losses(narrator, measure);
    tell_sum(narrator, measure);
    return;
  }
  if (tell_two(narrator, measure, ranked)) {
    tell_losses(narrator, measure);
    tell_sum(narrator, measure);
    return;
  }
  tell_top(narrator, measure, ranked);
  if (view->limited)
    tell_followers(narrator, measure, ranked, FALSE);
  else if (ranked->len > 2 || view->measures->len > 1)
    tell_bottom(narrator, measure, ranked);
  tell_losses(narrator, measure);
  tell_sum(narrator, measure);
}

/* ---- how things spread ---- */
/* "The group with 1 order line has the most orders with 644." FALSE: it is no such grouping. */
gboolean narrate_spread(Narrator *narrator, const ViewMeasure *measure) {
  const ResultView *view = narrator->view;
  if (view->dimensions->len != 1 || !view_dimension(view, 0)->is_each_value || view->is_compared) return FALSE;
  g_autoptr(GArray) ranked = narrate_ranked(view, measure->main);
  if (ranked->len < 2) return FALSE;
  gsize first = row_at(ranked, 0), last = row_at(ranked, ranked->len - 1);
  if (view_number(view, first, measure->main) == view_number(view, row_at(ranked, 1), measure->main)) return FALSE;
  gboolean lone_last = view_number(view, last, measure->main) != view_number(view, row_at(ranked, ranked->len - 2), measure->main);
  char **labels = view_dimension(view, 0)->labels;
  g_autofree char *amount = narrate_amount(narrator, first, measure->main), *few = narrate_amount(narrator, last, measure->main);
  gboolean told = narrate_tell(narrator, "The group with %s has the %s %s%s with %s.", labels[first], narrate_extreme(view, measure, 1), measure->name, view->context, amount);
  if (told && lone_last) narrate_tell(narrator, "The group with %s has the %s %s with %s.", labels[last], narrate_extreme(view, measure, -1), measure->name, few);
  return told;
}

/* ---- lists that passed a bound ---- */
/* The measure that was held against the bound; NULL: it is not shown. */
static const ViewMeasure *bound_measure(const ResultView *view, const Having *having) {
  for (guint i = 0; i < view->measures->len; i++)
    if (view_measure(view, i)->measure == having->measure) return view_measure(view, i);
  return NULL;
}

static const Having *list_bound(const ResultView *view) {
  if (view->query->having->len != 1 || (view->dimensions->len != 1 && !view_lists_events(view)) || view->is_compared || view->is_series ||
      view->measures->len == 0)
    return NULL;
  const Having *having = &g_array_index(view->query->having, Having, 0);
  gboolean is_simple = having->op == OP_LESS || having->op == OP_LESS_EQUAL || having->op == OP_GREATER ||
                       having->op == OP_GREATER_EQUAL;
  return having->on == ON_VALUE && is_simple && bound_measure(view, having) != NULL ? having : NULL;
}

gboolean narrate_is_having_list(const ResultView *view) {
  return list_bound(view) != NULL && !view->limited;
}

/* ": Tables (-$17,725.48), Shelves (-$3,472.56) and Lamps (-$1,189.10)" */
static char *list_members(const Narrator *narrator, const ViewMeasure *measure, gboolean lowest_first) {
  const ResultView *view = narrator->view;
  gboolean all = view->n_rows <= 5;
  g_autoptr(GArray) ranked = narrate_ranked(view, measure->main);
  g_autoptr(GString) list = g_string_new(all ? ": " : ", among them ");
  guint listed = MIN(ranked->len, all ? 5 : 3);
  for (guint place = 0; place < listed; place++) {
    gsize row = row_at(ranked, lowest_first ? ranked->len - 1 - place : place);
    g_autofree char *amount = narrate_amount(narrator, row, measure->main);
    if (place > 0) g_string_append(list, place + 1 == listed ? " and " : ", ");
    g_string_append_printf(list, "%s (%s)", view_dimension(view, 0)->labels[row], amount);
  }
  return g_string_free(g_steal_pointer(&list), FALSE);
}

void narrate_having(Narrator *narrator) {
  const ResultView *view = narrator->view;
  const Having *having = list_bound(view);
  const ViewMeasure *measure = having != NULL ? bound_measure(view, having) : NULL;
  if (measure == NULL) return;
  const ViewDimension *dimension = view_dimension(view, 0);
  g_autofree char *count = narrate_count(view->n_rows, TRUE);
  g_autofree char *list = list_members(narrator, measure, having->op == OP_LESS || having->op == OP_LESS_EQUAL);
  const char *noun = view->n_rows == 1 ? dimension->noun : dimension->nouns;
  gboolean is_loss =
      having->value == 0 && having->op == OP_LESS && measure->is_profit && !view_is_fraction(view, measure->main);
  if (is_loss) {
    narrate_tell(narrator, "%s %s lost money%s%s.", count, noun, view->context, list);
    return;
  }
  static const char *const BOUNDS[] = {
      [OP_LESS] = "below", [OP_LESS_EQUAL] = "of at most", [OP_GREATER] = "above", [OP_GREATER_EQUAL] = "of at least"};
  g_autofree char *bound = view_format(view, measure->main, having->value);
  narrate_tell(narrator, "%s %s %s %s %s %s%s%s.", count, noun, view->n_rows == 1 ? "has" : "have", measure->name,
               BOUNDS[having->op], bound, view->context, list);
}

/* ---- two dimensions ---- */
/* The groups within which the limit holds: all dimensions but the last. */
static gboolean same_outer(const ResultView *view, gsize one, gsize other) {
  for (guint d = 0; d + 1 < view->dimensions->len; d++)
    if (strcmp(view_dimension(view, d)->labels[one], view_dimension(view, d)->labels[other]) != 0) return FALSE;
  return TRUE;
}

static char *outer_label(const ResultView *view, gsize row) {
  g_autoptr(GString) label = g_string_new(NULL);
  for (guint d = 0; d + 1 < view->dimensions->len; d++)
    g_string_append_printf(label, "%s%s", d > 0 ? " in " : "", view_dimension(view, d)->labels[row]);
  return g_string_free(g_steal_pointer(&label), FALSE);
}

#define LEADERS_TOLD 4

/* "In Plants, Fern has the highest turnover with 5; in Tools, ...": the one that was asked for first, of each group. */
static void tell_leaders_within(Narrator *narrator, const ViewMeasure *measure) {
  const ResultView *view = narrator->view;
  const ViewDimension *inner = view_dimension(view, view->dimensions->len - 1);
  gboolean lowest = view->query->order->len > 0 && !g_array_index(view->query->order, Order, 0).descending;
  int sign = lowest ? -1 : 1;
  g_autoptr(GString) sentence = g_string_new(NULL);
  guint groups = 0;
  for (gsize row = 0; row < view->n_rows && groups < LEADERS_TOLD; row++) {
    if (row > 0 && same_outer(view, row, row - 1)) continue;
    gsize best = row;
    for (gsize other = row + 1; other < view->n_rows && same_outer(view, other, row); other++)
      if (view_number(view, other, measure->main) * sign > view_number(view, best, measure->main) * sign) best = other;
    if (isnan(view_number(view, best, measure->main))) continue;
    g_autofree char *amount = narrate_amount(narrator, best, measure->main), *outer = outer_label(view, row);
    g_string_append_printf(sentence, "%s %s, %s has the %s %s with %s", groups > 0 ? "; in" : "In", outer,
                           inner->labels[best], narrate_extreme(view, measure, sign), measure->name, amount);
    groups++;
  }
  if (groups > 0) narrate_tell(narrator, "%s.", sentence->str);
}

static void tell_best_cell(Narrator *narrator, const ViewMeasure *measure) {
  const ResultView *view = narrator->view;
  g_autoptr(GArray) ranked = narrate_ranked(view, measure->main);
  if (ranked->len < 2) return;
  gsize first = row_at(ranked, 0), last = row_at(ranked, ranked->len - 1);
  gboolean tied = view_number(view, row_at(ranked, 1), measure->main) == view_number(view, first, measure->main);
  gboolean tied_low =
      view_number(view, row_at(ranked, ranked->len - 2), measure->main) == view_number(view, last, measure->main);
  g_autofree char *best = view_row_label(view, first);
  g_autofree char *worst = view_row_label(view, last);
  g_autofree char *high = narrate_amount(narrator, first, measure->main);
  g_autofree char *low = narrate_amount(narrator, last, measure->main);
  if (!tied)
    narrate_tell(narrator, "The highest %s%s %s %s for %s.", measure->name, view->context,
                 measure->plural ? "are" : "is", high, best);
  if (!tied_low && !view->limited)
    narrate_tell(narrator, "The lowest %s %s %s for %s.", measure->name, measure->plural ? "are" : "is", low, worst);
}

static void tell_leader_in_total(Narrator *narrator, const ViewMeasure *measure, guint index) {
  const ResultView *view = narrator->view;
  const ViewDimension *dimension = view_dimension(view, index);
  if (!view->complete || !measure->additive || dimension->is_time) return;
  g_autoptr(GHashTable) sums = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
  gsize leading = G_MAXSIZE;
  double best = 0;
  for (gsize row = 0; row < view->n_rows; row++) {
    double value = view_number(view, row, measure->main);
    double *sum = g_hash_table_lookup(sums, dimension->labels[row]);
    if (sum == NULL) g_hash_table_insert(sums, dimension->labels[row], sum = g_new0(double, 1));
    *sum += isnan(value) ? 0 : value;
  }
  if (g_hash_table_size(sums) < 2 || g_hash_table_size(sums) == view->n_rows) return;
  for (gsize row = 0; row < view->n_rows; row++) {
    const double *sum = g_hash_table_lookup(sums, dimension->labels[row]);
    if (leading == G_MAXSIZE || *sum > best) {
      best = *sum;
      leading = row;
    }
  }
  g_autofree char *amount = view_format(view, measure->main, best);
  g_autofree char *leader = narrate_first(view, index, leading);
  narrate_tell(narrator, "%s has the %s %s overall with %s.", leader, narrate_extreme(view, measure, 1), measure->name,
               amount);
}

/* "In Kent, Fosse Park has the largest share of baskets, 66.0 %; in ...": of each outer group's total. FALSE: other shares. */
static gboolean tell_shares_within(Narrator *narrator, const ViewMeasure *measure) {
  const ResultView *view = narrator->view;
  if (measure->share < 0 || view->query->share != SHARE_WITHIN || view->query->share_dimensions != 1 || view->dimensions->len != 2) return FALSE;
  const ViewDimension *outer = view_dimension(view, 0), *inner = view_dimension(view, 1);
  g_autoptr(GString) sentence = g_string_new(NULL);
  for (gsize row = 0, groups = 0; row < view->n_rows && groups < LEADERS_TOLD; row++) {
    gsize best = row;
    if (row > 0 && same_outer(view, row, row - 1)) continue;
    for (gsize other = row + 1; other < view->n_rows && same_outer(view, other, row); other++)
      if (view_number(view, other, measure->share) > view_number(view, best, measure->share)) best = other;
    g_autofree char *share = narrate_amount(narrator, best, measure->share);
    g_string_append_printf(sentence, "%s %s, %s has the largest share of %s, %s", groups > 0 ? "; in" : "In", outer->labels[row],
                           inner->labels[best], measure->name, share);
    groups++;
  }
  return sentence->len > 0 && narrate_tell(narrator, "%s.", sentence->str);
}

void narrate_two_dimensions(Narrator *narrator, const ViewMeasure *measure) {
  const ResultView *view = narrator->view;
  if (tell_shares_within(narrator, measure)) return;
  if (view->query->limit_within > 0) {
    tell_leaders_within(narrator, measure);
    return;
  }
  tell_best_cell(narrator, measure);
  for (guint i = 0; i < view->dimensions->len; i++) tell_leader_in_total(narrator, measure, i);
}
