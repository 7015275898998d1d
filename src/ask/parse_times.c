/* Periods: which of the times named is the question's period, which a baseline, which a series. */
#include <string.h>

#include "ask/parse.h"

typedef struct {
  guint item;
  TimeRange range;
  TimeUnit unit;
  gboolean is_span, with_from;
  TimeRange first, second; /* of a span */
} Period;

static gboolean overlaps(const TimeRange *range, const DateRange *data) {
  return data->known && (range->from == DAY_NONE || range->from <= data->last) && (range->to == DAY_NONE || range->to > data->first);
}

/* Years of the data in which the partial point lies; at most `limit`, newest first. */
static guint candidate_years(const Parse *parse, const TimePoint *point, int *years, guint limit) {
  DateRange data = parse_data_range(parse);
  guint found = 0;
  if (!data.known) return 0;
  for (int year = day_year(data.last) + 1; year >= day_year(data.first) - 1 && found < limit; year--) {
    TimePoint whole = *point;
    whole.year = year;
    TimeRange range;
    if (time_point_range(&whole, &parse->model->calendar, &range) && overlaps(&range, &data)) years[found++] = year;
  }
  return found;
}

static int year_of_previous(const Parse *parse) {
  if (parse->context->previous == NULL) return 0;
  ResolveContext resolve = {parse->context->as_of, parse->model->calendar};
  Day from, to;
  if (!time_range_resolve(&parse->context->previous->time, &resolve, &from, &to) || from == DAY_NONE || to == DAY_NONE) return 0;
  return day_year(from) == day_year(to - 1) ? day_year(from) : 0;
}

static void clarify_year(Parse *parse, guint index, const int *years, guint n_years) {
  g_autofree char *source = item_source(parse->items, parse_item(parse, index));
  g_autofree char *question = g_strdup_printf("Which year's %s?", source);
  SemanticQuery *base = parse->query;
  parse_clarify(parse, question);
  for (guint i = 0; i < n_years && i < 3; i++) {
    TimePoint point = parse_item(parse, index)->time->from;
    point.year = years[i];
    SemanticQuery *option = semantic_query_copy(base);
    time_point_range(&point, &parse->model->calendar, &option->time);
    g_autofree char *label = day_range_describe(option->time.from, option->time.to, &parse->model->calendar);
    parse_add_option(parse, label, option->measures->len > 0 ? option : NULL);
    if (option->measures->len == 0) semantic_query_free(option);
  }
}

/* "between Q2 and Q3 of this year": the year that follows in words. Claims it; 0: none does. */
static int year_named_after(Parse *parse, guint index) {
  for (guint i = index + 1; i < parse_n(parse) && i <= index + 3; i++) {
    const Item *item = parse_item(parse, i);
    if (item->kind == ITEM_STOP) continue;
    gboolean whole = item->kind == ITEM_TIME && !item->claimed && item->time->kind == TIME_MENTION_RELATIVE && item->time->range.unit == TIME_UNIT_YEAR;
    ResolveContext context = {parse->context->as_of, parse->model->calendar};
    Day from, to;
    if (!whole || !time_range_resolve(&item->time->range, &context, &from, &to) || from == DAY_NONE) return 0;
    parse_claim(parse, i, "year");
    return day_year(from);
  }
  return 0;
}

/* Gives a partial mention its year. FALSE when the data has it in several years (asked back) or in none. */
static gboolean complete_year(Parse *parse, guint index, TimeMention *mention) {
  int year = year_named_after(parse, index);
  if (year == 0) year = year_of_previous(parse);
  int years[4];
  guint n_years = candidate_years(parse, &mention->from, years, G_N_ELEMENTS(years));
  if (year == 0 && n_years == 1) year = years[0];
  if (year == 0 && n_years == 0) {
    DateRange data = parse_data_range(parse);
    if (!data.known) return FALSE;
    year = day_year(data.last);
  }
  if (year == 0) {
    clarify_year(parse, index, years, n_years);
    return FALSE;
  }
  mention->from.year = year;
  if (mention->kind == TIME_MENTION_SPAN) mention->to.year = mention->to.index < mention->from.index ? year + 1 : year;
  return TRUE;
}

/* "fourth-quarter sales from 2019 to 2020", "December ... 2018": a part of the year and the years beside it. */
static gboolean is_year_point(const Item *item) {
  return item->kind == ITEM_TIME && !item->claimed && item->time->kind == TIME_MENTION_POINT && item->time->from.unit == TIME_UNIT_YEAR;
}

static gboolean is_year_span(const Item *item) {
  return item->kind == ITEM_TIME && !item->claimed && item->time->kind == TIME_MENTION_SPAN && item->time->from.unit == TIME_UNIT_YEAR &&
         item->time->to.unit == TIME_UNIT_YEAR;
}

static void add_period(const Parse *parse, GArray *periods, guint index, const TimeMention *mention) {
  Period period = {.item = index, .unit = mention->kind == TIME_MENTION_RELATIVE ? mention->range.unit : mention->from.unit};
  if (!time_mention_range(mention, &parse->model->calendar, &period.range)) return;
  period.is_span = mention->kind == TIME_MENTION_SPAN;
  period.with_from = mention->with_from;
  if (period.is_span) {
    time_point_range(&mention->from, &parse->model->calendar, &period.first);
    time_point_range(&mention->to, &parse->model->calendar, &period.second);
  }
  g_array_append_val(periods, period);
}

/* A partial point takes its year(s) from year mentions elsewhere in the question. TRUE when it did. */
static gboolean combine_with_years(Parse *parse, guint index, GArray *periods) {
  const TimeMention *part = parse_item(parse, index)->time;
  gboolean combined = FALSE;
  for (guint i = 0; i < parse_n(parse); i++) {
    Item *item = parse_item(parse, i);
    if (i == index || !(is_year_point(item) || is_year_span(item))) continue;
    TimeMention whole = *part;
    whole.from.year = item->time->from.year;
    whole.to.year = whole.kind == TIME_MENTION_SPAN ? item->time->from.year : 0;
    if (is_year_point(item)) {
      add_period(parse, periods, index, &whole);
    } else {
      TimeMention span = {.kind = TIME_MENTION_SPAN, .from = part->from, .to = part->from, .with_from = TRUE};
      span.from.year = item->time->from.year;
      span.to.year = item->time->to.year;
      add_period(parse, periods, index, &span);
    }
    parse_claim(parse, i, "year");
    combined = TRUE;
  }
  if (combined) parse_claim(parse, index, "period");
  return combined;
}

static GArray *collect_periods(Parse *parse) {
  GArray *periods = g_array_new(FALSE, TRUE, sizeof(Period));
  for (guint i = 0; i < parse_n(parse); i++) {
    Item *item = parse_item(parse, i);
    if (item->kind != ITEM_TIME || item->claimed || item->time->kind == TIME_MENTION_CYCLIC) continue;
    if (item->time->kind != TIME_MENTION_RELATIVE && time_point_is_partial(&item->time->from)) combine_with_years(parse, i, periods);
  }
  for (guint i = 0; i < parse_n(parse) && parse->verdict == NULL; i++) {
    Item *item = parse_item(parse, i);
    if (item->kind != ITEM_TIME || item->claimed || item->time->kind == TIME_MENTION_CYCLIC) continue;
    TimeMention mention = *item->time;
    if (mention.kind != TIME_MENTION_RELATIVE && time_point_is_partial(&mention.from) && !complete_year(parse, i, &mention)) break;
    add_period(parse, periods, i, &mention);
    parse_claim(parse, i, "period");
  }
  return periods;
}

static void resolve_for_order(const Parse *parse, const TimeRange *range, Day *from, Day *to) {
  ResolveContext context = {parse->context->as_of, parse->model->calendar};
  if (!time_range_resolve(range, &context, from, to)) *from = *to = DAY_NONE;
}

static gboolean is_first_more(const Parse *parse) {
  return parse_has_word(parse, WORD_HOW_MUCH_MORE) || parse_has_word(parse, WORD_HOW_MUCH_LESS) || parse_has_word(parse, WORD_THAN) ||
         parse_has_word(parse, WORD_MORE_THAN) || parse_has_word(parse, WORD_LESS_THAN);
}

static gboolean year_apart(const Parse *parse, const TimeRange *earlier, const TimeRange *later) {
  Day a_from, a_to, b_from, b_to;
  resolve_for_order(parse, earlier, &a_from, &a_to);
  resolve_for_order(parse, later, &b_from, &b_to);
  if (a_from == DAY_NONE || a_to == DAY_NONE || b_from == DAY_NONE || b_to == DAY_NONE) return FALSE;
  return day_add_months(a_from, 12) == b_from && day_add_months(a_to, 12) == b_to;
}

/* current against baseline; a series inside the periods is laid over the year before. */
static void compare_periods(Parse *parse, const TimeRange *baseline, const TimeRange *current) {
  parse->query->time = *current;
  int dimension = parse_time_dimension(parse);
  if (dimension >= 0) {
    const Dimension *series = g_ptr_array_index(parse->query->dimensions, (guint)dimension);
    if (series->unit == TIME_UNIT_YEAR || !year_apart(parse, baseline, current)) {
      Day first, last, ignored;
      resolve_for_order(parse, baseline, &first, &ignored);
      resolve_for_order(parse, current, &ignored, &last);
      parse->query->time = time_range_absolute(first, last);
      return;
    }
    parse->query->compare.kind = COMPARE_YEAR_EARLIER;
  } else {
    parse->query->compare.kind = COMPARE_PERIODS;
    parse->query->compare.baseline = *baseline;
  }
  parse->query->compare.show = COMPARE_SHOW_ALL;
}

static int compare_starts(gconstpointer a, gconstpointer b) {
  const Period *left = a, *right = b;
  return left->range.from < right->range.from ? -1 : left->range.from > right->range.from;
}

/* Periods side by side without a comparison: rows by unit where they join, else one measure per period. */
static void list_periods(Parse *parse, GArray *periods) {
  gboolean joined = TRUE, absolute = TRUE, same_unit = TRUE;
  for (guint i = 0; i < periods->len; i++) absolute = absolute && g_array_index(periods, Period, i).range.kind == TIME_ABSOLUTE;
  g_autoptr(GArray) sorted = g_array_copy(periods);
  if (absolute) g_array_sort(sorted, compare_starts);
  for (guint i = 1; i < sorted->len; i++) {
    const Period *before = &g_array_index(sorted, Period, i - 1), *period = &g_array_index(sorted, Period, i);
    joined = joined && absolute && before->range.to == period->range.from;
    same_unit = same_unit && before->unit == period->unit;
  }
  const Period *first = &g_array_index(sorted, Period, 0), *last = &g_array_index(sorted, Period, sorted->len - 1);
  if (joined && same_unit) {
    parse->query->time = time_range_absolute(first->range.from, last->range.to);
    if (parse_time_dimension(parse) < 0 && !parse->total_asked) parse_add_time_dimension(parse, first->unit);
    return;
  }
  guint n_measures = parse->query->measures->len;
  for (guint i = 0; i < sorted->len; i++) {
    const Period *period = &g_array_index(sorted, Period, i);
    for (guint m = 0; m < n_measures; m++) {
      Measure *copy = measure_copy(g_ptr_array_index(parse->query->measures, m));
      copy->time = period->range;
      g_autofree char *described = period->range.kind == TIME_ABSOLUTE
          ? day_range_describe(period->range.from, period->range.to, &parse->model->calendar) : item_source(parse->items, parse_item(parse, period->item));
      g_autofree char *slug = text_slug(described);
      const Metric *metric = copy->metric != NULL ? model_find_metric(parse->model, copy->metric) : NULL;
      copy->name = g_strdup_printf("%s_%s", metric != NULL ? metric->name : "value", slug);
      copy->label = g_strdup_printf("%s %s", metric != NULL ? metric->label : "Value", described);
      g_ptr_array_add(parse->query->measures, copy);
    }
  }
  if (n_measures > 0) g_ptr_array_remove_range(parse->query->measures, 0, n_measures);
}

static gboolean series_inside(const Parse *parse, const Period *span) {
  int index = parse_time_dimension(parse);
  if (index >= 0) {
    const Dimension *dimension = g_ptr_array_index(parse->query->dimensions, (guint)index);
    return dimension->unit <= span->unit;
  }
  static const struct { WordClass word; TimeUnit unit; } SERIES[] = {{WORD_MONTH_OVER_MONTH, TIME_UNIT_MONTH},
      {WORD_QUARTER_OVER_QUARTER, TIME_UNIT_QUARTER}, {WORD_WEEK_OVER_WEEK, TIME_UNIT_WEEK}, {WORD_YEAR_OVER_YEAR, TIME_UNIT_YEAR}};
  for (guint i = 0; i < G_N_ELEMENTS(SERIES); i++)
    if (parse_has_word(parse, SERIES[i].word)) return TRUE;
  return FALSE;
}

static void use_span(Parse *parse, const Period *period) {
  gboolean compares = parse->change_asked && !series_inside(parse, period) && period->first.kind == TIME_ABSOLUTE &&
                      period->unit != TIME_UNIT_DAY && parse_has_word(parse, WORD_CUMULATIVE) == FALSE;
  if (compares) compare_periods(parse, &period->first, &period->second);
  else parse->query->time = period->range;
}

/* "2023 compared with 2022", "against 2022": what stands first is held against the other, whichever is earlier. */
static gboolean is_held_against(const Parse *parse, guint first, guint second) {
  static const char *const HELD[] = {"compared", "against", "relative", "as", NULL};
  for (guint i = first + 1; i < second; i++) {
    const Item *item = parse_item(parse, i);
    if (item_is_word(item, WORD_COMPARE) && g_strv_contains(HELD, token_at(parse->items->tokens, item->first)->fold)) return TRUE;
  }
  return FALSE;
}

static void use_two(Parse *parse, const Period *a, const Period *b, GArray *periods) {
  Day a_from, a_to, b_from, b_to;
  resolve_for_order(parse, &a->range, &a_from, &a_to);
  resolve_for_order(parse, &b->range, &b_from, &b_to);
  gboolean bounded = a_from != DAY_NONE && a_to != DAY_NONE && b_from != DAY_NONE && b_to != DAY_NONE;
  if (bounded && a_from >= b_from && a_to <= b_to && (!parse->change_asked || (a_from == b_from && a_to == b_to && a->range.kind == TIME_ABSOLUTE))) {
    parse->query->time = a->range; /* "in Q4 ... of 2019": the narrower one */
    return;
  }
  if (bounded && b_from >= a_from && b_to <= a_to && !parse->change_asked) {
    parse->query->time = b->range;
    return;
  }
  if (!bounded && !parse->change_asked) { /* "since March ... until June" */
    parse->query->time = time_range_absolute(a_from != DAY_NONE ? a_from : b_from, a_to != DAY_NONE ? a_to : b_to);
    return;
  }
  if (!parse->change_asked) {
    list_periods(parse, periods);
    return;
  }
  gboolean same = a_from == b_from && a_to == b_to && b->range.kind == TIME_UNITS;
  if (same) { /* "last month compared with the previous month" */
    TimeRange before = b->range;
    before.offset -= MAX(before.count, 1);
    compare_periods(parse, &before, &a->range);
    return;
  }
  gboolean first_is_current = is_first_more(parse) || is_held_against(parse, a->item, b->item) || parse_has_word(parse, WORD_MINUS) || a_from > b_from;
  compare_periods(parse, first_is_current ? &b->range : &a->range, first_is_current ? &a->range : &b->range);
}

/* A period that lies wholly outside the data is refused: zero would be a wrong answer. */
static void check_range(Parse *parse, const TimeRange *range) {
  const Field *own = parse->query->time_field != NULL ? model_find_field(parse->model, parse->query->time_field) : NULL;
  DateRange data = own != NULL ? value_index_date_range(parse->lexicon->values, own) : parse_data_range(parse);
  ResolveContext context = {parse->context->as_of, parse->model->calendar};
  Day from, to;
  if (parse->verdict != NULL || !data.known || !time_range_resolve(range, &context, &from, &to)) return;
  gboolean outside = (from != DAY_NONE && from > data.last) || (to != DAY_NONE && to <= data.first);
  g_autofree char *covered = day_range_describe(data.first, data.last + 1, &parse->model->calendar);
  if (outside) {
    g_autofree char *asked = day_range_describe(from, to, &parse->model->calendar);
    parse_refuse(parse, "no_such_period", asked, "The data covers %s; there is nothing for %s.", covered, asked);
    parse->verdict->closest = g_new0(char *, 2);
    parse->verdict->closest[0] = g_strdup(covered);
    return;
  }
  gboolean partly = (from != DAY_NONE && from < data.first) || (to != DAY_NONE && to - 1 > data.last);
  if (partly) parse_assume(parse, "partial_period", "the data covers %s, so the period is not complete", covered);
}

/* "shipped in March", "members who joined in 2023": a date other than the usual one is named beside a period. */
static void read_time_field(Parse *parse) {
  gboolean any_time = FALSE;
  for (guint i = 1; i < parse_n(parse) && parse_time_dimension(parse) >= 0; i++) /* "by month going by Order Date" */
    any_time = any_time || (parse_item(parse, i)->kind == ITEM_FIELD &&
                            strcmp(token_at(parse->items->tokens, parse_item(parse, i - 1)->first)->fold, "going") == 0);
  for (guint i = 0; i < parse_n(parse); i++) any_time = any_time || (parse_item(parse, i)->kind == ITEM_TIME && !parse_item(parse, i)->claimed);
  for (guint i = 0; any_time && i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    const Field *field = item->kind == ITEM_FIELD ? item->meaning.field : NULL;
    if (field == NULL || item->claimed || field->role != FIELD_ROLE_TIME) continue;
    parse_claim(parse, i, "date");
    if ((field != lexicon_default_date(parse->lexicon) || parse_has_other_date(parse, field)) && parse->query->time_field == NULL) parse->query->time_field = lexicon_field_path(field);
  }
}

/* "running total through 2022 by month": in the course of it, not from the beginning of the data. */
static void during_not_until(const Parse *parse, Period *period) {
  const Item *item = parse_item(parse, period->item);
  gboolean through = item->kind == ITEM_TIME && item->time->kind == TIME_MENTION_UNTIL && item->time->from.unit >= TIME_UNIT_MONTH &&
                     g_str_has_prefix(token_at(parse->items->tokens, item->first)->fold, "thr");
  if (through) time_point_range(&item->time->from, &parse->model->calendar, &period->range);
}

/* "this year so far against the same period of 2021": the year only says which earlier one; the length is the first's. */
static void drop_year_before(const Parse *parse, GArray *periods) {
  const Period *first = &g_array_index(periods, Period, 0), *second = &g_array_index(periods, Period, 1);
  Day from, to, earlier, earlier_to;
  resolve_for_order(parse, &first->range, &from, &to);
  resolve_for_order(parse, &second->range, &earlier, &earlier_to);
  gboolean whole_year = second->unit == TIME_UNIT_YEAR && earlier != DAY_NONE && from != DAY_NONE;
  g_array_index(periods, Period, 0).is_span = FALSE; /* "March to July against the same months of 2023" */
  if (whole_year && day_year(earlier) == day_year(from) - 1 && first->unit != TIME_UNIT_YEAR) g_array_set_size(periods, 1);
  else if (whole_year && day_year(earlier) == day_year(from) - 1 && first->range.kind == TIME_TO_DATE) g_array_set_size(periods, 1);
}

static gboolean measures_stock(const Parse *parse) {
  for (guint i = 0; i < parse->query->measures->len; i++) {
    const Measure *measure = g_ptr_array_index(parse->query->measures, i);
    const Metric *metric = measure->metric != NULL ? model_find_metric(parse->model, measure->metric) : NULL;
    if (metric != NULL && metric->additivity == ADDITIVITY_SNAPSHOT) return TRUE;
  }
  return FALSE;
}

/* "at the end of 2024" of what adds up over time: how much of it? Stock is simply what was there on that day. */
static void clarify_part(Parse *parse, const Period *period) {
  static const char *const FIRST[] = {"start", "beginning", "begin", NULL}, *const LAST[] = {"end", "close", NULL};
  const GArray *tokens = parse->items->tokens;
  guint at = parse_item(parse, period->item)->first;
  if (at < 2 || strcmp(token_at(tokens, at - 1)->fold, "of") != 0 || parse->query->measures->len == 0 || measures_stock(parse)) return;
  const char *word = token_at(tokens, at - 2)->fold;
  gboolean first = g_strv_contains(FIRST, word);
  ResolveContext context = {parse->context->as_of, parse->model->calendar};
  Day from, to;
  if ((!first && !g_strv_contains(LAST, word)) || !time_range_resolve(&period->range, &context, &from, &to) || from == DAY_NONE || to == DAY_NONE) return;
  g_autofree char *whole = day_range_describe(from, to, &parse->model->calendar);
  g_autofree char *question = g_strdup_printf("How much of the %s of %s?", first ? "start" : "end", whole);
  g_autoptr(SemanticQuery) base = semantic_query_copy(parse->query);
  parse_clarify(parse, question);
  static const TimeUnit UNITS[] = {TIME_UNIT_QUARTER, TIME_UNIT_MONTH, TIME_UNIT_WEEK};
  for (guint i = 0; i < G_N_ELEMENTS(UNITS); i++) {
    Day edge = first ? day_unit_add(from, UNITS[i], 1, &parse->model->calendar) : day_unit_add(to, UNITS[i], -1, &parse->model->calendar);
    if (first ? edge >= to : edge <= from) continue;
    SemanticQuery *option = semantic_query_copy(base);
    option->time = first ? time_range_absolute(from, edge) : time_range_absolute(edge, to);
    g_autofree char *label = g_strdup_printf("its %s %s", first ? "first" : "last", time_unit_name(UNITS[i]));
    parse_add_option(parse, label, option);
  }
}

void parse_times(Parse *parse) {
  if (parse->verdict != NULL) return;
  read_time_field(parse);
  if (parse_has_word(parse, WORD_ALL_TIME)) {
    parse->all_time = TRUE;
    parse_claim_word(parse, WORD_ALL_TIME, "all dates");
  }
  g_autoptr(GArray) periods = collect_periods(parse);
  if (parse->verdict != NULL) return;
  parse->time_given = periods->len > 0;
  if (periods->len == 2 && parse_has_word(parse, WORD_SAME_PERIOD_YEAR_EARLIER)) drop_year_before(parse, periods);
  if (periods->len == 1 && parse_has_word(parse, WORD_CUMULATIVE)) during_not_until(parse, &g_array_index(periods, Period, 0));
  const Period *first = periods->len > 0 ? &g_array_index(periods, Period, 0) : NULL;
  if (periods->len == 1) {
    if (first->is_span) use_span(parse, first);
    else parse->query->time = first->range;
    if (!first->is_span) clarify_part(parse, first);
  } else if (periods->len == 2) {
    use_two(parse, first, &g_array_index(periods, Period, 1), periods);
  } else if (periods->len > 2) {
    list_periods(parse, periods);
  }
  gboolean compares = parse->fragment && periods->len == 1 && parse->query->measures->len == 0 && parse->query->dimensions->len == 0 &&
                      parse->query->filters->len == 0 && parse->context->previous->time.kind != TIME_ALL &&
                      (parse_has_word(parse, WORD_COMPARE) || parse_has_word(parse, WORD_DIFFERENCE));
  if (compares) { /* "compare with 2019" */
    parse->baseline_given = TRUE;
    parse_claim_word(parse, WORD_COMPARE, "comparison");
    parse_claim_word(parse, WORD_DIFFERENCE, "comparison");
  }
  for (guint i = 0; i < periods->len; i++) {
    const Period *period = &g_array_index(periods, Period, i);
    check_range(parse, &period->range);
    g_autofree char *described = NULL;
    ResolveContext context = {parse->context->as_of, parse->model->calendar};
    Day from, to;
    if (time_range_resolve(&period->range, &context, &from, &to)) described = day_range_describe(from, to, &parse->model->calendar);
    parse_describe(parse, period->item, "%s", described != NULL ? described : "all dates");
  }
}
