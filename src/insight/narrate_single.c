/* Sentences about one row: a number, several numbers, the one group that was asked for. */
#include "insight/narrate.h"
#include <math.h>
#include <string.h>

static gboolean is_count_unit(const AnswerColumn *column) {
  return g_strcmp0(column->unit, "count") == 0 ||
         (column->unit != NULL && *column->unit == '\0' && g_strcmp0(column->type, "integer") == 0);
}

/* What a table lists is there now: customers, stores. What happened was. */
static gboolean is_listed(const ResultView *view, const ViewMeasure *item) {
  const SemanticQuery *query = view->query;
  const Measure *measure = item->measure >= 0 && (guint)item->measure < query->measures->len ? g_ptr_array_index(query->measures, (guint)item->measure) : NULL;
  const Field *field = measure != NULL && measure->field != NULL && view->input->model != NULL ? model_find_field(view->input->model, measure->field) : NULL;
  const Dataset *dataset = field != NULL ? model_find_dataset(view->input->model, field->dataset) : NULL;
  gboolean keys = measure != NULL && measure->kind == MEASURE_AGGREGATE && measure->aggregate == AGGREGATE_COUNT_DISTINCT;
  return keys && dataset != NULL && view_lists_things(view, dataset);
}

/* " (cancelled only) in 2023" -> "cancelled ", and what follows it; "" where the context begins otherwise. (transfer full) */
static char *leading_quality(const char *context, const char **rest) {
  const char *end = g_str_has_prefix(context, " (") ? strstr(context, " only)") : NULL;
  *rest = context;
  if (end == NULL || memchr(context + 2, ' ', (gsize)(end - context - 2)) != NULL) return g_strdup("");
  *rest = end + strlen(" only)");
  return g_strdup_printf("%.*s ", (int)(end - context - 2), context + 2);
}

static void tell_count(Narrator *narrator, const ViewMeasure *measure, double value) {
  const char *context;
  g_autofree char *quality = leading_quality(narrator->view->context, &context);
  gboolean listed = is_listed(narrator->view, measure);
  g_autofree char *singular = text_singular(measure->name);
  g_autofree char *count = text_format_number(value, 0);
  if (value == 0)
    narrate_tell(narrator, "There %s no %s%s%s.", listed ? "are" : "were", quality, measure->name, context);
  else if (value == 1)
    narrate_tell(narrator, "There %s 1 %s%s%s.", listed ? "is" : "was", quality, singular, context);
  else
    narrate_tell(narrator, "There %s %s %s%s%s.", listed ? "are" : "were", count, quality, measure->name, context);
}

/* "orders per customer", "minutes to table": no things that there are. */
static gboolean names_a_ratio(const char *name) {
  static const char *const LINKS[] = {" per ", " of ", " from ", " to ", " (", " in ", " before ", " after "};
  for (guint i = 0; i < G_N_ELEMENTS(LINKS); i++)
    if (strstr(name, LINKS[i]) != NULL) return TRUE;
  return FALSE;
}

static void tell_measure(Narrator *narrator, const ViewMeasure *measure, gboolean is_only) {
  const ResultView *view = narrator->view;
  const Value *cell = result_table_at(view->input->result, 0, (guint)measure->main);
  const AnswerColumn *column = view_column(view, measure->main);
  g_autofree char *name = view_capital(measure->name);
  g_autofree char *amount = narrate_amount(narrator, 0, measure->main);
  double value = view_number(view, 0, measure->main);
  if (cell->type == VALUE_NULL)
    narrate_tell(narrator, "There is no value for %s%s.", measure->name, view->context);
  else if (is_only && is_count_unit(column) && measure->plural && value >= 0 && value == floor(value) &&
           !names_a_ratio(measure->name))
    tell_count(narrator, measure, value);
  else if (is_only && measure->is_profit && value < 0 && !view_is_fraction(view, measure->main))
    narrate_tell(narrator, "There was a loss of %s%s.", amount + 1, view->context);
  else
    narrate_tell(narrator, "%s%s %s %s.", name, view->context, narrate_was(measure), amount);
}

/* "Gross revenue exceeded the value of cancelled invoices by £5." */
static void tell_two_measures(Narrator *narrator) {
  const ResultView *view = narrator->view;
  const ViewMeasure *one = view_measure(view, 0), *two = view_measure(view, 1);
  double left = view_number(view, 0, one->main), right = view_number(view, 0, two->main);
  const AnswerColumn *left_column = view_column(view, one->main), *right_column = view_column(view, two->main);
  if (isnan(left) || isnan(right) || left == right || g_strcmp0(left_column->unit, right_column->unit) != 0 ||
      view_is_fraction(view, one->main))
    return;
  const ViewMeasure *more = left > right ? one : two, *less = left > right ? two : one;
  g_autofree char *name = view_capital(more->name);
  g_autofree char *amount = view_format(view, one->main, fabs(left - right));
  narrate_tell(narrator, "%s exceeded %s by %s.", name, less->name, amount);
}

/* "Sales in 2020 were $5; profit was $1; orders were 12." */
static void tell_many_measures(Narrator *narrator) {
  const ResultView *view = narrator->view;
  g_autoptr(GString) sentence = g_string_new(NULL);
  for (guint i = 0; i < MIN(view->measures->len, 8); i++) {
    const ViewMeasure *measure = view_measure(view, i);
    g_autofree char *amount = narrate_amount(narrator, 0, measure->main);
    g_autofree char *title = view_capital(measure->name);
    gboolean is_first = sentence->len == 0;
    if (*amount != '\0')
      g_string_append_printf(sentence, "%s%s%s %s %s", is_first ? "" : "; ", is_first ? title : measure->name,
                             is_first ? view->context : "", narrate_was(measure), amount);
  }
  if (sentence->len > 0) narrate_tell(narrator, "%s.", sentence->str);
}

void narrate_single(Narrator *narrator) {
  const ResultView *view = narrator->view;
  if (view->measures->len > 2) {
    tell_many_measures(narrator);
    return;
  }
  for (guint i = 0; i < MIN(view->measures->len, NARRATE_MAX_SENTENCES); i++)
    tell_measure(narrator, view_measure(view, i), view->measures->len == 1);
  if (view->measures->len == 2) tell_two_measures(narrator);
  const ViewMeasure *first = view->measures->len == 1 ? view_measure(view, 0) : NULL;
  if (first != NULL && view->query->window == WINDOW_RUN_RATE && first->window >= 0) {
    g_autofree char *rate = narrate_amount(narrator, 0, first->window);
    narrate_tell(narrator, "The run rate of %s is %s for a whole year.", first->name, rate);
  }
}

/* The order that made this group the one: 1 highest, -1 lowest, 0 unknown. */
static int asked_extreme(const ResultView *view, const ViewMeasure *measure) {
  const SemanticQuery *query = view->query;
  if (query->limit != 1 || query->offset != 0 || query->order->len == 0) return 0;
  const Order *order = &g_array_index(query->order, Order, 0);
  if (order->on != ON_VALUE || order->index != measure->measure || order->absolute) return 0;
  return order->descending ? 1 : -1;
}

void narrate_one_group(Narrator *narrator) {
  const ResultView *view = narrator->view;
  g_autofree char *label = view_row_label(view, 0);
  for (guint i = 0; i < MIN(view->measures->len, 3); i++) {
    const ViewMeasure *measure = view_measure(view, i);
    double value = view_number(view, 0, measure->main);
    int extreme = asked_extreme(view, measure);
    g_autofree char *amount = narrate_amount(narrator, 0, measure->main);
    g_autofree char *name = view_capital(measure->name);
    if (*amount == '\0') {
      narrate_tell(narrator, "There is no value for %s in %s.", measure->name, label);
      continue;
    }
    gboolean is_loss = measure->is_profit && value < 0 && !view_is_fraction(view, measure->main);
    if (extreme != 0 && is_loss)
      narrate_tell(narrator, "%s had the %s %s%s: a loss of %s.", label, narrate_extreme(view, measure, extreme),
                   measure->name, view->context, amount + 1);
    else if (extreme != 0)
      narrate_tell(narrator, "%s had the %s %s%s: %s.", label, narrate_extreme(view, measure, extreme), measure->name,
                   view->context, amount);
    else
      narrate_tell(narrator, "%s for %s%s %s %s.", name, label, view->context, narrate_was(measure), amount);
  }
}
