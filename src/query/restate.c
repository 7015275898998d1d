/*
 * A query in plain English. The order of the pieces is always the same: what, by what, of which rows, when, against
 * what, which of the results, in which order; so that equal queries read equal, and the question language reads them
 * back.
 */
#include "query/restate.h"
#include <string.h>

static void add(GString *text, const char *piece) {
  if (!piece || !*piece) return;
  if (text->len) g_string_append_c(text, ' ');
  g_string_append(text, piece);
}

/* ---- what ---- */
/* How a comparison that shows one column only is asked for. */
static const char *shown_word(const SemanticQuery *query) {
  if (query->compare.kind == COMPARE_NONE) return "";
  switch (query->compare.show & COMPARE_SHOW_ALL) {
  case COMPARE_SHOW_GROWTH: return "growth of ";
  case COMPARE_SHOW_CHANGE: return "change in ";
  case COMPARE_SHOW_ALL: break;
  default: return "";
  }
  static const char *const WORDS[] = {[TOWARD_NONE] = "", [TOWARD_RISE] = "increase in ", [TOWARD_FALL] = "decrease in "};
  return WORDS[query->compare.toward];
}

static char *window_words(const SemanticQuery *query) {
  switch (query->window) {
  case WINDOW_CUMULATIVE: return g_strdup("cumulative ");
  case WINDOW_RUN_RATE: return g_strdup("annual run rate of ");
  case WINDOW_MOVING_AVERAGE: {
    int series = query_series(query);
    const Dimension *dimension = series >= 0 ? query->dimensions->pdata[series] : NULL;
    return g_strdup_printf("%d %s moving average of ", query->window_size,
                           dimension ? time_unit_name(dimension->unit) : "row");
  }
  default: return g_strdup("");
  }
}

static char *one_measure(const SemanticQuery *query, const Model *model, guint index) {
  g_autofree char *measure = restate_measure(model, query->measures->pdata[index]), *window = window_words(query);
  return g_strdup_printf("%s%s%s%s", query->share != SHARE_NONE ? "share of " : "", window, shown_word(query), measure);
}

static char *measures_words(const SemanticQuery *query, const Model *model) {
  g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < query->measures->len; i++) g_ptr_array_add(words, one_measure(query, model, i));
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
  return query->limit > 0 && query->measures->len && query->dimensions->len && (!order || order->on != ON_DIMENSION) &&
         query->order->len <= 1;
}

static const char *on_words(On on) {
  switch (on) {
  case ON_CHANGE: return "change in ";
  case ON_GROWTH: return "growth of ";
  case ON_SHARE: return "share of ";
  case ON_PREVIOUS: return "earlier ";
  default: return "";
  }
}

static char *ordinal(int number) {
  const char *end = number % 100 / 10 == 1 ? "th"
                    : number % 10 == 1     ? "st"
                    : number % 10 == 2     ? "nd"
                    : number % 10 == 3     ? "rd"
                                           : "th";
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

/* "by change in Sales" */
static char *by_words(const SemanticQuery *query, const Model *model) {
  const Order *order = first_order(query);
  guint index = order && order->index >= 0 && (guint)order->index < query->measures->len ? (guint)order->index : 0;
  g_autofree char *measure = restate_measure(model, query->measures->pdata[index]);
  On on = order ? order->on : ON_VALUE;
  g_autofree char *window = on == ON_WINDOW ? window_words(query) : g_strdup("");
  return g_strdup_printf("by %s%s%s%s", order && order->absolute ? "absolute " : "", on_words(on), window, measure);
}

/* What is shown beside the measure that ranks needs saying: "Sales and Profit by Region, top 5 by Profit". */
static gboolean shows_more(const SemanticQuery *query) {
  const Order *order = first_order(query);
  return query->measures->len > 1 ||
         ((!order || order->on == ON_VALUE) && (*shown_word(query) || query->share != SHARE_NONE));
}

static void add_ranking(GString *text, const SemanticQuery *query, const Model *model) {
  guint within = (guint)CLAMP(query->limit_within, 0, (int)query->dimensions->len - 1);
  g_autofree char *rank = rank_words(query), *subject = dimensions_words(query, model, within, query->dimensions->len);
  g_autofree char *by = by_words(query, model);
  if (shows_more(query)) {
    g_autofree char *all = measures_words(query, model), *first = g_strdup_printf("%s by %s,", all, subject);
    add(text, first);
    add(text, rank);
  } else {
    add(text, rank);
    add(text, subject);
  }
  add(text, by);
  if (within) {
    g_autofree char *groups = dimensions_words(query, model, 0, within),
                    *each = g_strdup_printf("within each %s", groups);
    add(text, each);
  }
}

/* Groups whose measures rose or fell, and nothing else is asked of them. */
static gboolean only_moves(const SemanticQuery *query) {
  for (guint i = 0; i < query->having->len; i++) {
    const Having *having = &g_array_index(query->having, Having, i);
    gboolean moves = having->on == ON_CHANGE && having->value >= 0 && having->value <= 0 &&
                     (having->op == OP_LESS || having->op == OP_GREATER);
    if (!moves || having->measure != (int)i) return FALSE;
  }
  return query->having->len && query->having->len == query->measures->len && query->dimensions->len == 1 &&
         ((const Dimension *)query->dimensions->pdata[0])->kind == DIMENSION_FIELD;
}

/* "Regions with rising Sales and falling Profit" */
static void add_moves(GString *text, const SemanticQuery *query, const Model *model) {
  g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < query->having->len; i++) {
    const Having *having = &g_array_index(query->having, Having, i);
    g_autofree char *measure = restate_measure(model, query->measures->pdata[having->measure]);
    g_ptr_array_add(words, g_strdup_printf("%s %s", having->op == OP_LESS ? "falling" : "rising", measure));
  }
  g_autofree char *field = dimensions_words(query, model, 0, 1), *groups = text_plural(field),
                  *moves = restate_list(words, " and ");
  g_autofree char *piece = g_strdup_printf("%s with %s", groups, moves);
  add(text, piece);
}

static gboolean asks_how_much_more(const SemanticQuery *query) {
  const Compare *compare = &query->compare;
  return compare->kind == COMPARE_MEMBERS && (compare->show & COMPARE_SHOW_CHANGE) && compare->field &&
         compare->member && compare->other && query->measures->len == 1 && query->share == SHARE_NONE &&
         query->window == WINDOW_NONE && !query->limit;
}

/* "How much more Sales for Region West than Region East" */
static void add_members(GString *text, const SemanticQuery *query, const Model *model) {
  const Compare *compare = &query->compare;
  g_autofree char *measures = measures_words(query, model), *field = restate_field(model, compare->field);
  g_autofree char *dimensions = dimensions_words(query, model, 0, query->dimensions->len);
  gboolean counts = g_str_has_prefix(measures, "number of ");
  g_autofree char *piece = g_strdup_printf("how %s more %s for %s %s than %s %s", counts ? "many" : "much",
                                           counts ? measures + strlen("number of ") : measures, field, compare->member,
                                           field, compare->other);
  add(text, piece);
  g_autofree char *by = g_strdup_printf("by %s", dimensions);
  if (query->dimensions->len) add(text, by);
}

static void add_plain(GString *text, const SemanticQuery *query, const Model *model) {
  g_autofree char *measures = measures_words(query, model),
                  *dimensions = dimensions_words(query, model, 0, query->dimensions->len);
  if (!query->measures->len) {
    g_autofree char *things = restate_listed(query, model);
    g_autofree char *list = g_strdup_printf("list %s", things ? things : dimensions);
    add(text, list);
    return;
  }
  add(text, measures);
  g_autofree char *by = g_strdup_printf("by %s", dimensions);
  if (query->dimensions->len) add(text, by);
}

static void add_drivers(GString *text, const SemanticQuery *query, const Model *model) {
  static const char *const MOVES[] = {[TOWARD_NONE] = "change", [TOWARD_RISE] = "rise", [TOWARD_FALL] = "fall"};
  g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < query->measures->len; i++) g_ptr_array_add(words, restate_measure(model, query->measures->pdata[i]));
  g_autofree char *measures = restate_list(words, " and ");
  g_autofree char *why = g_strdup_printf("why did %s %s", measures, MOVES[query->compare.toward]);
  add(text, why);
}

static void add_detail(GString *text, const SemanticQuery *query, const Model *model) {
  g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < query->detail->len; i++) g_ptr_array_add(words, restate_field(model, query->detail->pdata[i]));
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
  case COMPARE_PERIODS: piece = g_strdup_printf("compared with %s", baseline ? baseline : "all time"); break;
  case COMPARE_PREVIOUS:
    piece = over ? g_strdup_printf("compared with the previous %s", time_unit_name(over->unit))
                 : g_strdup("compared with the period before");
    break;
  case COMPARE_YEAR_EARLIER: piece = g_strdup("compared with a year earlier"); break;
  case COMPARE_MEMBERS:
    if (!asks_how_much_more(query))
      piece = g_strdup_printf("for %s %s versus %s %s", field ? field : "", compare->member ? compare->member : "",
                              field ? field : "", compare->other ? compare->other : "");
    break;
  case COMPARE_SNAPSHOTS: {
    g_autofree char *data = restate_data(&compare->data, model);
    piece = g_strdup_printf("compared with %s", data);
    break;
  }
  case COMPARE_REST:
    piece = g_strdup_printf("for %s %s versus the rest", field ? field : "", compare->member ? compare->member : "");
    break;
  default: break;
  }
  add(text, piece);
}

/* ---- which of the results ---- */
static void add_having(GString *text, const SemanticQuery *query, const Model *model) {
  if (only_moves(query)) return;
  for (guint i = 0; i < query->having->len; i++) {
    const Having *having = &g_array_index(query->having, Having, i);
    if (having->measure < 0 || (guint)having->measure >= query->measures->len) continue;
    g_autofree char *measure = restate_measure(model, query->measures->pdata[having->measure]), *piece = NULL;
    gboolean against_zero =
        having->value >= 0 && having->value <= 0 && (having->on == ON_CHANGE || having->on == ON_GROWTH);
    if (against_zero && (having->op == OP_LESS || having->op == OP_GREATER)) {
      piece = g_strdup_printf("where %s %s", measure, having->op == OP_LESS ? "fell" : "rose");
    } else if (having->op == OP_IS_NULL || having->op == OP_IS_NOT_NULL) {
      piece = g_strdup_printf("with %s %s%s", having->op == OP_IS_NULL ? "missing" : "known", on_words(having->on),
                              measure);
    } else {
      g_autofree char *test = restate_test(having->op, having->value, having->value_to);
      gboolean counts = having->on == ON_VALUE && g_str_has_prefix(measure, "number of ");
      piece = counts ? g_strdup_printf("with %s %s", test, measure + strlen("number of "))
                     : g_strdup_printf("with %s%s %s", on_words(having->on), measure, test);
    }
    add(text, i ? "and" : NULL);
    add(text, piece);
  }
}

static char *order_words(const SemanticQuery *query, const Model *model, const Order *order) {
  g_autofree char *what = NULL;
  gboolean is_dimension = order->on == ON_DIMENSION;
  guint count = is_dimension ? MAX(query->dimensions->len, query->detail->len) : query->measures->len;
  if (order->index < 0 || (guint)order->index >= count) return NULL;
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
  if (query->cohort == COHORT_NONE) return;
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
  if (query->window == WINDOW_RANK) add(text, "with rank");
  if (query->missing_rows == MISSING_ZERO) add(text, "with 0 for periods without rows");
  if (query->time_field) {
    g_autofree char *field = restate_field(model, query->time_field), *piece = g_strdup_printf("going by %s", field);
    add(text, piece);
  }
}

char *semantic_query_restate(const SemanticQuery *query, const Model *model) {
  g_autoptr(GString) text = g_string_new(query->analysis == ANALYSIS_SUMMARY ? "summary of" : NULL);
  gboolean ranking = is_ranking(query);
  if (query->detail->len)
    add_detail(text, query, model);
  else if (query->analysis == ANALYSIS_DRIVERS)
    add_drivers(text, query, model);
  else if (asks_how_much_more(query))
    add_members(text, query, model);
  else if (!ranking && only_moves(query))
    add_moves(text, query, model);
  else if (ranking)
    add_ranking(text, query, model);
  else
    add_plain(text, query, model);
  g_autofree char *filters = restate_filters(model, query->filters), *when = restate_time(&query->time, model);
  add(text, filters);
  add_cohort(text, query);
  add(text, when);
  g_autofree char *data = restate_data_place(&query->data, model);
  add(text, data);
  add_compare(text, query, model);
  add_having(text, query, model);
  if (!ranking) add_order(text, query, model);
  add_extras(text, query, model);
  char *restated = g_strdup(text->str);
  restated[0] = g_ascii_toupper(restated[0]);
  return restated;
}
