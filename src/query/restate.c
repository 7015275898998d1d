/*
 * A query in plain English. The order of the pieces is always the same: what, by what, of which rows, when, against what,
 * which of the results, in which order; so that equal queries read equal, and the question language reads them back.
 */
#include "query/restate.h"

static void add(GString *text, const char *piece) {
  if (!piece || !*piece)
    return;
  if (text->len)
    g_string_append_c(text, ' ');
  g_string_append(text, piece);
}

/* ---- what ---- */
/* How a comparison that shows one column only is asked for. */
static const char *shown_word(const SemanticQuery *query) {
  if (query->compare.kind == COMPARE_NONE)
    return "";
  switch (query->compare.show & COMPARE_SHOW_ALL) {
  case COMPARE_SHOW_GROWTH:
    return "growth of ";
  case COMPARE_SHOW_CHANGE:
    return "change in ";
  default:
    return "";
  }
}

static char *window_words(const SemanticQuery *query) {
  switch (query->window) {
  case WINDOW_CUMULATIVE:
    return g_strdup("cumulative ");
  case WINDOW_MOVING_AVERAGE: {
    int series = query_series(query);
    const Dimension *dimension = series >= 0 ? query->dimensions->pdata[series] : NULL;
    return g_strdup_printf("%d %s moving average of ", query->window_size, dimension ? time_unit_name(dimension->unit) : "row");
  }
  default:
    return g_strdup("");
  }
}

static char *one_measure(const SemanticQuery *query, const Model *model, guint index) {
  g_autofree char *measure = restate_measure(model, query->measures->pdata[index]), *window = window_words(query);
  return g_strdup_printf("%s%s%s%s", query->share != SHARE_NONE ? "share of " : "", window, shown_word(query), measure);
}

static char *measures_words(const SemanticQuery *query, const Model *model) {
  g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < query->measures->len; i++)
    g_ptr_array_add(words, one_measure(query, model, i));
  return restate_list(words, " and ");
}

static char *dimensions_words(const SemanticQuery *query, const Model *model, guint from, guint to) {
  g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
  for (guint i = from; i < to && i < query->dimensions->len; i++)
    g_ptr_array_add(words, restate_dimension(model, query->dimensions->pdata[i]));
  return restate_list(words, " and ");
}

/* ---- rankings ---- */
static const Order *first_order(const SemanticQuery *query) {
  return query->order->len ? &g_array_index(query->order, Order, 0) : NULL;
}

/* A limit over groups ordered by a measure: "top 5 Customer Name by Sales". */
static gboolean is_ranking(const SemanticQuery *query) {
  const Order *order = first_order(query);
  return query->limit > 0 && query->measures->len && query->dimensions->len && (!order || order->on != ON_DIMENSION) && query->order->len <= 1;
}

static const char *on_words(On on) {
  switch (on) {
  case ON_CHANGE:
    return "change in ";
  case ON_GROWTH:
    return "growth of ";
  case ON_SHARE:
    return "share of ";
  case ON_PREVIOUS:
    return "earlier ";
  default:
    return "";
  }
}

static char *ordinal(int number) {
  const char *end = number % 100 / 10 == 1 ? "th" : number % 10 == 1 ? "st" : number % 10 == 2 ? "nd" : number % 10 == 3 ? "rd" : "th";
  return g_strdup_printf("%d%s", number, end);
}

static char *rank_words(const SemanticQuery *query) {
  const Order *order = first_order(query);
  gboolean descending = !order || order->descending;
  if (query->limit == 1 && query->offset > 0) {
    g_autofree char *place = ordinal(query->offset + 1);
    return g_strdup_printf("%s %s", place, descending ? "highest" : "lowest");
  }
  g_autofree char *after = query->offset > 0 ? g_strdup_printf(" after the first %d", query->offset) : g_strdup("");
  return g_strdup_printf("%s %d%s", descending ? "top" : "bottom", query->limit, after);
}

static void add_ranking(GString *text, const SemanticQuery *query, const Model *model) {
  const Order *order = first_order(query);
  guint within = (guint)CLAMP(query->limit_within, 0, (int)query->dimensions->len - 1);
  guint index = order && order->index >= 0 && (guint)order->index < query->measures->len ? (guint)order->index : 0;
  g_autofree char *rank = rank_words(query), *subject = dimensions_words(query, model, within, query->dimensions->len);
  g_autofree char *measure = restate_measure(model, query->measures->pdata[index]);
  On on = order ? order->on : ON_VALUE;
  g_autofree char *window = on == ON_WINDOW ? window_words(query) : g_strdup("");
  const char *absolute = order && order->absolute ? "absolute " : "";
  g_autofree char *by = g_strdup_printf("by %s%s%s%s", absolute, on_words(on), window, measure);
  add(text, rank);
  add(text, subject);
  add(text, by);
  if (query->measures->len > 1 || (on == ON_VALUE && *shown_word(query)) || (on == ON_VALUE && query->share != SHARE_NONE)) {
    g_autofree char *all = measures_words(query, model), *showing = g_strdup_printf("showing %s", all);
    add(text, showing);
  }
  if (within) {
    g_autofree char *groups = dimensions_words(query, model, 0, within), *each = g_strdup_printf("within each %s", groups);
    add(text, each);
  }
}

static void add_plain(GString *text, const SemanticQuery *query, const Model *model) {
  g_autofree char *measures = measures_words(query, model), *dimensions = dimensions_words(query, model, 0, query->dimensions->len);
  if (!query->measures->len) {
    g_autofree char *list = g_strdup_printf("list %s", dimensions);
    add(text, list);
    return;
  }
  add(text, measures);
  g_autofree char *by = g_strdup_printf("by %s", dimensions);
  if (query->dimensions->len)
    add(text, by);
}

static void add_detail(GString *text, const SemanticQuery *query, const Model *model) {
  g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < query->detail->len; i++)
    g_ptr_array_add(words, restate_field(model, query->detail->pdata[i]));
  g_autofree char *list = restate_list(words, " and "), *piece = g_strdup_printf("list rows with %s", list);
  add(text, piece);
}

/* ---- against what ---- */
static void add_compare(GString *text, const SemanticQuery *query, const Model *model) {
  const Compare *compare = &query->compare;
  int series = query_series(query);
  g_autofree char *field = compare->field ? restate_field(model, compare->field) : NULL, *piece = NULL;
  g_autofree char *baseline = restate_period(&compare->baseline, model);
  const Dimension *over = series >= 0 ? query->dimensions->pdata[series] : NULL;
  switch (compare->kind) {
  case COMPARE_PERIODS:
    piece = g_strdup_printf("compared with %s", baseline ? baseline : "all time");
    break;
  case COMPARE_PREVIOUS:
    piece = over ? g_strdup_printf("compared with the previous %s", time_unit_name(over->unit)) : g_strdup("compared with the period before");
    break;
  case COMPARE_YEAR_EARLIER:
    piece = g_strdup("compared with a year earlier");
    break;
  case COMPARE_MEMBERS:
    piece = g_strdup_printf("for %s %s versus %s", field ? field : "", compare->member ? compare->member : "", compare->other ? compare->other : "");
    break;
  case COMPARE_REST:
    piece = g_strdup_printf("for %s %s versus the rest", field ? field : "", compare->member ? compare->member : "");
    break;
  default:
    break;
  }
  add(text, piece);
}

/* ---- which of the results ---- */
static void add_having(GString *text, const SemanticQuery *query, const Model *model) {
  for (guint i = 0; i < query->having->len; i++) {
    const Having *having = &g_array_index(query->having, Having, i);
    if (having->measure < 0 || (guint)having->measure >= query->measures->len)
      continue;
    g_autofree char *measure = restate_measure(model, query->measures->pdata[having->measure]), *piece = NULL;
    gboolean against_zero = having->value >= 0 && having->value <= 0 && (having->on == ON_CHANGE || having->on == ON_GROWTH);
    if (against_zero && (having->op == OP_LESS || having->op == OP_GREATER)) {
      piece = g_strdup_printf("where %s %s", measure, having->op == OP_LESS ? "fell" : "rose");
    } else if (having->op == OP_IS_NULL || having->op == OP_IS_NOT_NULL) {
      piece = g_strdup_printf("with %s %s%s", having->op == OP_IS_NULL ? "missing" : "known", on_words(having->on), measure);
    } else {
      g_autofree char *test = restate_test(having->op, having->value, having->value_to);
      piece = g_strdup_printf("with %s%s %s", on_words(having->on), measure, test);
    }
    add(text, i ? "and" : NULL);
    add(text, piece);
  }
}

static char *order_words(const SemanticQuery *query, const Model *model, const Order *order) {
  g_autofree char *what = NULL;
  gboolean is_dimension = order->on == ON_DIMENSION;
  guint count = is_dimension ? MAX(query->dimensions->len, query->detail->len) : query->measures->len;
  if (order->index < 0 || (guint)order->index >= count)
    return NULL;
  if (!is_dimension)
    what = restate_measure(model, query->measures->pdata[order->index]);
  else if (query->detail->len)
    what = restate_field(model, query->detail->pdata[order->index]);
  else
    what = restate_dimension(model, query->dimensions->pdata[order->index]);
  return g_strdup_printf("%s%s%s %s", order->absolute ? "absolute " : "", is_dimension ? "" : on_words(order->on), what,
                         order->descending ? "from highest to lowest" : "from lowest to highest");
}

static void add_order(GString *text, const SemanticQuery *query, const Model *model) {
  for (guint i = 0; i < query->order->len; i++) {
    g_autofree char *words = order_words(query, model, &g_array_index(query->order, Order, i));
    g_autofree char *piece = words ? g_strdup_printf(i ? "then by %s" : "ranked by %s", words) : NULL;
    add(text, piece);
  }
  if (query->limit > 0) {
    g_autofree char *first = g_strdup_printf("first %d", query->limit);
    add(text, first);
  }
  if (query->offset > 0) {
    g_autofree char *skipped = g_strdup_printf("after the first %d", query->offset);
    add(text, skipped);
  }
}

static void add_cohort(GString *text, const SemanticQuery *query) {
  if (query->cohort == COHORT_NONE)
    return;
  g_autofree char *spaced = g_strdelimit(g_strdup(query->cohort_entity ? query->cohort_entity : "customer"), "_", ' ');
  g_autofree char *plural = text_plural(spaced);
  g_autofree char *piece = g_strdup_printf(query->cohort == COHORT_NEW ? "for new %s" : "for repeat %s", plural);
  add(text, piece);
}

static void add_extras(GString *text, const SemanticQuery *query, const Model *model) {
  if (query->share == SHARE_WITHIN) {
    g_autofree char *groups = dimensions_words(query, model, 0, (guint)MAX(query->share_dimensions, 0));
    g_autofree char *piece = g_strdup_printf("within each %s", groups);
    add(text, piece);
  }
  if (query->window == WINDOW_RANK)
    add(text, "with rank");
  if (query->missing_rows == MISSING_ZERO)
    add(text, "with 0 for periods without rows");
  if (query->time_field) {
    g_autofree char *field = restate_field(model, query->time_field), *piece = g_strdup_printf("going by %s", field);
    add(text, piece);
  }
}

char *semantic_query_restate(const SemanticQuery *query, const Model *model) {
  g_autoptr(GString) text = g_string_new(query->analysis == ANALYSIS_DRIVERS ? "why did this change:" : NULL);
  if (query->analysis == ANALYSIS_SUMMARY)
    add(text, "summary of");
  gboolean ranking = is_ranking(query);
  if (query->detail->len)
    add_detail(text, query, model);
  else if (ranking)
    add_ranking(text, query, model);
  else
    add_plain(text, query, model);
  g_autofree char *filters = restate_filters(model, query->filters), *when = restate_time(&query->time, model);
  add(text, filters);
  add_cohort(text, query);
  add(text, when);
  add_compare(text, query, model);
  add_having(text, query, model);
  if (!ranking)
    add_order(text, query, model);
  add_extras(text, query, model);
  char *restated = g_strdup(text->str);
  restated[0] = g_ascii_toupper(restated[0]);
  return restated;
}
