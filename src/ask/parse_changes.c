/* Growth and comparisons, differences between members, shares, windows, why. */
#include <string.h>

#include "ask/measures.h"

static const WordClass CHANGE_WORDS[] = {WORD_CHANGE, WORD_GROW, WORD_RISE, WORD_FALL, WORD_FASTEST_GROWING};

static void claim_change_words(Parse *parse) {
  static const WordClass WORDS[] = {WORD_CHANGE, WORD_GROW, WORD_RISE, WORD_FALL, WORD_FASTEST_GROWING, WORD_PERCENT_OF_CHANGE,
      WORD_COMPARE, WORD_DIFFERENCE, WORD_HOW_MUCH_MORE, WORD_HOW_MUCH_LESS, WORD_MORE, WORD_LESS, WORD_THAN, WORD_BY_HOW_MUCH,
      WORD_ABSOLUTE, WORD_YEAR_OVER_YEAR, WORD_MONTH_OVER_MONTH, WORD_QUARTER_OVER_QUARTER, WORD_WEEK_OVER_WEEK,
      WORD_PREVIOUS_PERIOD, WORD_SAME_PERIOD_YEAR_EARLIER, WORD_MORE_THAN, WORD_LESS_THAN, WORD_JUDGE, WORD_MINUS};
  for (guint i = 0; i < G_N_ELEMENTS(WORDS); i++) parse_claim_word(parse, WORDS[i], "comparison");
}

/* "rose most", "highest growth", "biggest drop": the rank belongs to the change. */
static int rank_of_change(const Parse *parse, int change_at) {
  static const WordClass RANKS[] = {WORD_RANK_HIGH, WORD_RANK_LOW, WORD_BEST, WORD_WORST};
  for (int at = change_at - 3; at <= change_at + 4; at++) {
    if (at < 0 || at == change_at || at >= (int)parse_n(parse)) continue;
    for (guint r = 0; r < G_N_ELEMENTS(RANKS); r++)
      if (parse_free_word(parse, (guint)at, RANKS[r])) return at;
  }
  for (guint i = 0; i < parse_n(parse); i++)
    for (guint r = 0; r < G_N_ELEMENTS(RANKS); r++)
      if (parse_free_word(parse, i, RANKS[r])) return (int)i;
  return -1;
}

static int measure_near(const Parse *parse, int at) {
  int best = 0, best_distance = G_MAXINT;
  const Item *word = parse_item(parse, (guint)at);
  gboolean adjective = g_str_has_suffix(token_at(parse->items->tokens, word->first + word->count - 1)->fold, "ing");
  for (guint i = 0; i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    const Metric *metric = item->kind == ITEM_METRIC ? item->meaning.metric : NULL;
    for (guint m = 0; metric != NULL && m < parse->query->measures->len; m++) {
      const Measure *measure = g_ptr_array_index(parse->query->measures, m);
      int gap = (int)i > at ? (int)i - at : at - (int)i; /* "rising sales", but "sales rose" */
      int distance = adjective == ((int)i > at) ? gap : 3 * gap + 1;
      if (g_strcmp0(measure->metric, metric->name) == 0 && distance < best_distance) {
        best = (int)m;
        best_distance = distance;
      }
    }
  }
  return best;
}

static int nearest_number(const Parse *parse, int rank) {
  for (int offset = -1; offset <= 1; offset += 2) {
    int at = rank + offset;
    if (at >= 0 && at < (int)parse_n(parse) && parse_item(parse, (guint)at)->kind == ITEM_NUMBER && !parse_item(parse, (guint)at)->claimed) return at;
  }
  return -1;
}

static void order_by_change(Parse *parse, int change_at, int rank_at, gboolean falls) {
  const Item *change = parse_item(parse, (guint)change_at);
  gboolean relative = item_is_word(change, WORD_GROW) || item_is_word(change, WORD_FASTEST_GROWING);
  if (parse_has_word(parse, WORD_PERCENT_OF_CHANGE)) relative = TRUE;
  for (guint i = 0; i < parse->items->tokens->len; i++) {
    const char *fold = token_at(parse->items->tokens, i)->fold;
    if (strcmp(fold, "percentage") == 0 || strcmp(fold, "percent") == 0 || strcmp(fold, "relative") == 0) relative = TRUE;
  }
  if (parse_has_word(parse, WORD_ABSOLUTE)) relative = FALSE;
  gboolean low = rank_at >= 0 && (item_is_word(parse_item(parse, (guint)rank_at), WORD_RANK_LOW) || item_is_word(parse_item(parse, (guint)rank_at), WORD_WORST));
  Order order = {measure_near(parse, change_at), relative ? ON_GROWTH : ON_CHANGE, falls ? low : !low, FALSE};
  g_array_append_val(parse->query->order, order);
  parse->order_named = TRUE;
  if (rank_at >= 0) {
    int number = nearest_number(parse, rank_at);
    if (number >= 0) {
      parse->query->limit = (int)parse_item(parse, (guint)number)->number;
      parse->limit_named = TRUE;
      parse_claim(parse, (guint)number, "limit");
    }
    parse_claim(parse, (guint)rank_at, "rank");
  }
  gboolean superlative = rank_at >= 0 && !parse->listing && strcmp(token_at(parse->items->tokens, parse_item(parse, (guint)rank_at)->first)->fold, "top") != 0;
  if (!parse->limit_named && (parse->singular || superlative)) { /* "largest increase by store" */
    parse->query->limit = 1;
    parse->limit_named = TRUE;
  }
}

static void keep_changed(Parse *parse, int change_at, gboolean falls) {
  if (parse->change_tested) { /* "by more than 50 %" says it better */
    parse->query->compare.show = COMPARE_SHOW_VALUE | COMPARE_SHOW_PREVIOUS | COMPARE_SHOW_GROWTH;
    return;
  }
  Having having = {measure_near(parse, change_at), ON_CHANGE, falls ? OP_LESS : OP_GREATER, 0, 0};
  g_array_append_val(parse->query->having, having);
  parse->query->compare.show = parse->query->measures->len > 1 ? COMPARE_SHOW_CHANGE
                                                               : COMPARE_SHOW_VALUE | COMPARE_SHOW_PREVIOUS | COMPARE_SHOW_CHANGE;
}

/* What a change means for each group asked for: a ranking by it, or a list of those that changed so. */
static void rank_or_keep(Parse *parse) {
  if (parse->query->compare.kind == COMPARE_NONE || parse->query->dimensions->len == 0) return;
  if (parse->query->dimensions->len == 1 && parse_time_dimension(parse) == 0 && !parse->listing) return;
  gboolean kept = FALSE;
  for (guint i = 0; i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    if (item->claimed && !(item_is_word(item, WORD_LESS_THAN) || item_is_word(item, WORD_MORE_THAN))) continue;
    gboolean falls = item_is_word(item, WORD_FALL) || item_is_word(item, WORD_LESS) || (item_is_word(item, WORD_LESS_THAN) && !item->claimed);
    gboolean rises = item_is_word(item, WORD_RISE) || item_is_word(item, WORD_GROW) || item_is_word(item, WORD_FASTEST_GROWING) ||
                     item_is_word(item, WORD_MORE) || (item_is_word(item, WORD_MORE_THAN) && !item->claimed);
    gboolean changes = item_is_word(item, WORD_CHANGE) || item_is_word(item, WORD_DIFFERENCE);
    if (!falls && !rises && !changes) continue;
    int rank = rank_of_change(parse, (int)i);
    gboolean fastest = item_is_word(item, WORD_FASTEST_GROWING);
    if (rank >= 0 || fastest || (parse->singular && parse->listing && !changes)) {
      if (!parse->order_named) order_by_change(parse, (int)i, rank, falls);
      continue;
    }
    if (!parse->listing || changes) continue;
    if (item_is_word(item, WORD_GROW) && kept) continue;
    keep_changed(parse, (int)i, falls);
    kept = TRUE;
  }
}

/* "the drop in sales": which way it is taken to have gone, where no ranking or list of what changed so says it already. */
static void note_direction(Parse *parse) {
  Compare *compare = &parse->query->compare;
  gboolean in_time = compare->kind == COMPARE_PERIODS || compare->kind == COMPARE_PREVIOUS || compare->kind == COMPARE_YEAR_EARLIER;
  if (!in_time || parse->query->order->len > 0 || parse->query->having->len > 0 || compare->show != COMPARE_SHOW_ALL) return;
  gboolean rises = parse_has_word(parse, WORD_RISE), falls = parse_has_word(parse, WORD_FALL);
  if (rises != falls) compare->toward = rises ? TOWARD_RISE : TOWARD_FALL;
}

static gboolean wants_growth(const Parse *parse) {
  for (guint i = 0; i < G_N_ELEMENTS(CHANGE_WORDS); i++)
    if (parse_has_word(parse, CHANGE_WORDS[i])) return TRUE;
  return parse_has_word(parse, WORD_PERCENT_OF_CHANGE);
}

static gboolean any_period_word(const Parse *parse, TimeUnit *unit) {
  static const struct { WordClass word; TimeUnit unit; } WORDS[] = {{WORD_YEAR_OVER_YEAR, TIME_UNIT_YEAR},
      {WORD_MONTH_OVER_MONTH, TIME_UNIT_MONTH}, {WORD_QUARTER_OVER_QUARTER, TIME_UNIT_QUARTER}, {WORD_WEEK_OVER_WEEK, TIME_UNIT_WEEK}};
  for (guint i = 0; i < G_N_ELEMENTS(WORDS); i++) {
    if (!parse_has_word(parse, WORDS[i].word)) continue;
    *unit = WORDS[i].unit;
    return TRUE;
  }
  return FALSE;
}

/* One unit of the calendar or a few days: something that has "the one before". */
static gboolean is_one_unit(const Parse *parse, TimeUnit unit) {
  const TimeRange *range = &parse->query->time;
  if (range->kind == TIME_UNITS) return range->unit == unit && range->count == 1;
  if (range->kind != TIME_ABSOLUTE || range->from == DAY_NONE || range->to == DAY_NONE) return FALSE;
  const Calendar *calendar = &parse->model->calendar;
  return day_unit_start(range->from, unit, calendar) == range->from && day_unit_add(range->from, unit, 1, calendar) == range->to;
}

static void compare_with(Parse *parse, CompareKind kind) {
  parse->query->compare.kind = kind;
  parse->query->compare.show = COMPARE_SHOW_ALL;
}

static void compare_by_unit(Parse *parse, TimeUnit unit) {
  int dimension = parse_time_dimension(parse);
  if (dimension >= 0) {
    const Dimension *series = g_ptr_array_index(parse->query->dimensions, (guint)dimension);
    compare_with(parse, unit == TIME_UNIT_YEAR && series->unit != TIME_UNIT_YEAR ? COMPARE_YEAR_EARLIER : COMPARE_PREVIOUS);
  } else if (is_one_unit(parse, unit)) {
    compare_with(parse, COMPARE_PREVIOUS);
  } else if (unit == TIME_UNIT_YEAR && parse->time_given && !(parse->query->time.kind == TIME_ABSOLUTE &&
             parse->query->time.to != DAY_NONE && parse->query->time.from != DAY_NONE && parse->query->time.to - parse->query->time.from > 370)) {
    compare_with(parse, COMPARE_YEAR_EARLIER);
  } else {
    parse_add_time_dimension(parse, unit);
    if (parse->query->dimensions->len > 1) { /* the series is what is compared: it comes first */
      gpointer series = g_ptr_array_steal_index(parse->query->dimensions, parse->query->dimensions->len - 1);
      g_ptr_array_insert(parse->query->dimensions, 0, series);
    }
    compare_with(parse, COMPARE_PREVIOUS);
  }
}

static void clarify_baseline(Parse *parse) {
  DateRange data = parse_data_range(parse);
  parse_clarify(parse, "Between which periods?");
  if (!data.known || parse->query->measures->len == 0) return;
  static const TimeUnit UNITS[] = {TIME_UNIT_YEAR, TIME_UNIT_QUARTER, TIME_UNIT_MONTH};
  for (guint i = 0; i < G_N_ELEMENTS(UNITS); i++) {
    SemanticQuery *option = semantic_query_copy(parse->query);
    option->time = time_range_units(UNITS[i], -1, 1);
    option->compare.kind = COMPARE_PREVIOUS;
    option->compare.show = COMPARE_SHOW_ALL;
    g_autofree char *label = g_strdup_printf("last %s against the %s before", time_unit_name(UNITS[i]), time_unit_name(UNITS[i]));
    parse_add_option(parse, label, option);
  }
}

static void read_baseline(Parse *parse) {
  SemanticQuery *query = parse->query;
  if (query->compare.kind != COMPARE_NONE) return;
  if (parse->fragment && (parse_has_word(parse, WORD_SAME_PERIOD_YEAR_EARLIER) || parse_has_word(parse, WORD_YEAR_OVER_YEAR))) {
    compare_with(parse, COMPARE_YEAR_EARLIER); /* "vs the year before" */
    return;
  }
  if (parse->fragment && parse_has_word(parse, WORD_PREVIOUS_PERIOD)) {
    compare_with(parse, COMPARE_PREVIOUS);
    return;
  }
  if (query->measures->len == 0) return;
  TimeUnit unit;
  if (any_period_word(parse, &unit)) {
    compare_by_unit(parse, unit);
  } else if (parse_has_word(parse, WORD_SAME_PERIOD_YEAR_EARLIER) && (parse->time_given || parse_time_dimension(parse) >= 0 || parse->fragment)) {
    compare_with(parse, COMPARE_YEAR_EARLIER);
  } else if (parse_has_word(parse, WORD_PREVIOUS_PERIOD) && (parse->time_given || parse_time_dimension(parse) >= 0)) {
    compare_with(parse, COMPARE_PREVIOUS);
  } else if (wants_growth(parse)) {
    if (parse_time_dimension(parse) >= 0 || (parse->time_given && query->time.kind != TIME_ALL)) compare_with(parse, COMPARE_PREVIOUS);
    else if (!parse_has_word(parse, WORD_WHY) && !parse->fragment) clarify_baseline(parse);
  }
}

/* ---- members ---- */
static Filter *member_filter(const Parse *parse, guint members) {
  for (guint i = 0; i < parse->query->filters->len; i++) {
    Filter *filter = g_ptr_array_index(parse->query->filters, i);
    if (filter->kind == FILTER_FIELD && filter->op == OP_EQUAL && filter->values->len == members) return filter;
  }
  return NULL;
}

static void drop_dimension(Parse *parse, const char *path) {
  for (guint i = 0; i < parse->query->dimensions->len; i++) {
    const Dimension *dimension = g_ptr_array_index(parse->query->dimensions, i);
    if (dimension->kind == DIMENSION_FIELD && g_strcmp0(dimension->field, path) == 0) {
      g_ptr_array_remove_index(parse->query->dimensions, i);
      return;
    }
  }
}

/* "how much more did A than B": one row with the difference; "A against the rest". */
static void read_members(Parse *parse) {
  gboolean less = parse_has_word(parse, WORD_HOW_MUCH_LESS);
  gboolean difference = less || parse_has_word(parse, WORD_MINUS) || parse_has_word(parse, WORD_HOW_MUCH_MORE) || parse_has_word(parse, WORD_DIFFERENCE) ||
                        (parse_has_word(parse, WORD_BY_HOW_MUCH) && !parse->listing &&
                         (parse_has_word(parse, WORD_THAN) || parse_find_word(parse, WORD_MORE_THAN, 0) >= 0));
  Compare *compare = &parse->query->compare;
  if (compare->kind != COMPARE_NONE || parse->query->measures->len == 0) return;
  Filter *pair = difference ? member_filter(parse, 2) : NULL;
  int rest = parse_find_word(parse, WORD_OTHER, 0);
  Filter *single = rest >= 0 && pair == NULL && (parse_has_word(parse, WORD_COMPARE) || difference || parse_has_word(parse, WORD_THAN)) ? member_filter(parse, 1) : NULL;
  Filter *filter = pair != NULL ? pair : single;
  if (filter == NULL) return;
  compare->kind = pair != NULL ? COMPARE_MEMBERS : COMPARE_REST;
  compare->show = COMPARE_SHOW_ALL;
  compare->field = g_strdup(filter->field);
  compare->member = g_strdup(g_ptr_array_index(filter->values, less && pair != NULL ? 1 : 0));
  compare->other = pair != NULL ? g_strdup(g_ptr_array_index(filter->values, less ? 0 : 1)) : NULL;
  drop_dimension(parse, compare->field);
  for (guint i = 0; i < parse_n(parse); i++)
    if (parse_item(parse, i)->filter == filter) parse_item(parse, i)->filter = NULL;
  g_ptr_array_remove(parse->query->filters, filter);
  if (rest >= 0) {
    parse_claim(parse, (guint)rest, "the rest");
    int noun = parse_next(parse, (guint)rest + 1);
    if (noun >= 0 && parse_item(parse, (guint)noun)->kind == ITEM_FIELD) parse_claim(parse, (guint)noun, "the rest");
    g_autofree char *path = g_strdup(compare->field);
    drop_dimension(parse, path);
  }
}

/* "turnover net of freight": the word between two totals that takes one from the other; -1: none does. */
static int net_of_between(const Parse *parse) {
  GPtrArray *measures = parse->query->measures;
  int net = parse_find_word(parse, WORD_NET_OF, 0);
  if (net <= 0 || measures->len != 2 || !item_metric(parse_item(parse, (guint)net - 1))) return -1;
  for (guint i = 0; i < 2; i++) {
    const Measure *measure = g_ptr_array_index(measures, i);
    const Metric *metric = measure->kind == MEASURE_METRIC ? model_find_metric(parse->model, measure->metric) : NULL;
    if (metric == NULL || !metric_is_total(metric)) return -1;
  }
  return net;
}

/* "how far were sales from budget": both, and the gap between them. */
static void read_gap(Parse *parse) {
  GPtrArray *measures = parse->query->measures;
  int gap = parse_find_word(parse, WORD_DIFFERENCE, 0);
  if (gap < 0) gap = parse_find_word(parse, WORD_HOW_MUCH_MORE, 0);
  if (gap < 0) gap = parse_find_word(parse, WORD_MINUS, 0);
  if (gap < 0) gap = net_of_between(parse);
  if (gap < 0 && parse_has_word(parse, WORD_PLAN_CHECK)) gap = parse_find_word(parse, WORD_BY_HOW_MUCH, 0);
  if (gap < 0 || measures->len != 2 || parse->query->compare.kind != COMPARE_NONE) return;
  Measure *difference = measure_new(MEASURE_DIFFERENCE);
  difference->left = measure_copy(g_ptr_array_index(measures, 0));
  difference->right = measure_copy(g_ptr_array_index(measures, 1));
  difference->name = g_strdup("difference");
  difference->label = g_strdup("Difference");
  g_ptr_array_add(measures, difference);
  parse_claim(parse, (guint)gap, "difference");
}

/* ---- windows ---- */
/* "run rate of sales": what the period brought so far, carried on to a whole year of days. */
static void read_run_rate(Parse *parse) {
  int at = parse_find_word(parse, WORD_RUN_RATE, 0);
  DateRange data = parse_data_range(parse);
  if (at < 0 || !data.known || parse->query->measures->len == 0 || parse_time_dimension(parse) >= 0) return;
  for (guint i = 0; i < parse->query->measures->len; i++) { /* a rate is the same for a year */
    const Measure *measure = g_ptr_array_index(parse->query->measures, i);
    const Metric *metric = measure->kind == MEASURE_METRIC ? model_find_metric(parse->model, measure->metric) : NULL;
    if (metric == NULL || !metric_is_total(metric)) return;
  }
  ResolveContext context = {parse->context->as_of, parse->model->calendar};
  Day from = DAY_NONE, to = DAY_NONE;
  if (parse->query->time.kind != TIME_ALL && !time_range_resolve(&parse->query->time, &context, &from, &to)) return;
  if (from == DAY_NONE) from = day_from_ymd(day_year(data.last), 1, 1);
  from = MAX(from, data.first);
  to = to == DAY_NONE ? data.last + 1 : MIN(to, data.last + 1);
  if (to <= from) return;
  int year = day_year(from), days = (int)(day_from_ymd(year + 1, 1, 1) - day_from_ymd(year, 1, 1));
  parse->query->time = time_range_absolute(from, to);
  parse->query->window = WINDOW_RUN_RATE;
  parse->query->window_size = days;
  parse->change_asked = FALSE;
  parse_claim_word(parse, WORD_RUN_RATE, "run rate");
  parse_assume(parse, "run_rate", "%d days carried on to a year of %d days", (int)(to - from), days);
}

static void read_windows(Parse *parse) {
  int cumulative = parse_find_word(parse, WORD_CUMULATIVE, 0), moving = parse_find_word(parse, WORD_MOVING_AVERAGE, 0);
  if (cumulative < 0 && moving < 0) return;
  int at = moving >= 0 ? moving : cumulative;
  parse->query->window = moving >= 0 ? WINDOW_MOVING_AVERAGE : WINDOW_CUMULATIVE;
  parse_claim(parse, (guint)at, "window");
  parse_claim_word(parse, WORD_CUMULATIVE, "window");
  if (moving >= 0) {
    int size = 0;
    for (int i = at - 1; i >= 0 && i >= at - 4; i--) {
      Item *item = parse_item(parse, (guint)i);
      if (item->kind == ITEM_NUMBER && !item->claimed) {
        size = (int)item->number;
        parse_claim(parse, (guint)i, "window");
      } else if (item->kind == ITEM_GRAIN && !item->claimed) {
        parse_claim(parse, (guint)i, "window");
        if (parse_time_dimension(parse) < 0) parse_add_time_dimension(parse, item->meaning.unit);
      }
    }
    for (guint i = (guint)at + 1; size == 0 && i + 1 < parse_n(parse); i++) { /* "over 3 months" */
      Item *number = parse_item(parse, i), *unit = parse_item(parse, i + 1);
      if (number->kind != ITEM_NUMBER || number->claimed || unit->kind != ITEM_GRAIN) continue;
      size = (int)number->number;
      parse_claim(parse, i, "window");
      parse_claim(parse, i + 1, "window");
      if (i > 0) parse_claim(parse, i - 1, "window");
      if (parse_time_dimension(parse) < 0) parse_add_time_dimension(parse, unit->meaning.unit);
    }
    if (size == 0) {
      size = 3;
      parse_assume(parse, "default_window", "averaged over 3 periods");
    }
    parse->query->window_size = size;
  }
  if (parse_time_dimension(parse) < 0) {
    parse_add_time_dimension(parse, TIME_UNIT_MONTH);
    parse_assume(parse, "default_grain", "shown by month");
  }
}

static void read_analysis(Parse *parse) {
  int why = parse_find_word(parse, WORD_WHY, 0);
  if (why >= 0) {
    parse->query->analysis = ANALYSIS_DRIVERS;
    parse_claim(parse, (guint)why, "why");
    if (parse->query->compare.kind == COMPARE_NONE) {
      if (parse->time_given || parse->fragment) compare_with(parse, COMPARE_PREVIOUS);
      else clarify_baseline(parse);
    }
    return;
  }
  int summary = parse_find_word(parse, WORD_SUMMARY, 0);
  if (summary < 0) return;
  parse->query->analysis = ANALYSIS_SUMMARY;
  parse_claim(parse, (guint)summary, "summary");
  static const char *const USUAL[] = {"revenue", "profit", "margin", "orders", "customers", "units", "average_order_value"};
  for (guint i = 0; i < G_N_ELEMENTS(USUAL) && parse->query->measures->len < 6; i++) {
    const Metric *metric = model_find_metric(parse->model, USUAL[i]);
    if (metric != NULL) parse_add_metric(parse, metric);
  }
}

void parse_changes(Parse *parse) {
  if (parse->verdict != NULL) return;
  read_members(parse);
  read_gap(parse);
  read_windows(parse);
  read_run_rate(parse);
  read_analysis(parse);
  if (parse->verdict != NULL) return;
  read_baseline(parse);
  rank_or_keep(parse);
  note_direction(parse);
  gboolean several_groups = parse->query->dimensions->len > 0 || parse->query->measures->len > 1;
  if (parse->query->compare.kind != COMPARE_NONE || (several_groups && !wants_growth(parse))) {
    claim_change_words(parse);
  }
}
