#include "ask/time_phrase.h"

#include <stdlib.h>
#include <string.h>

#include "ask/time_point.h"

static const char *WEEKDAYS[] = {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"};

/* ---- relative ---- */
static TimeUnit unit_at(const GArray *tokens, guint i) {
  static const struct { const char *stem; TimeUnit unit; } UNITS[] = {{"hour", TIME_UNIT_HOUR}, {"day", TIME_UNIT_DAY},
      {"week", TIME_UNIT_WEEK}, {"month", TIME_UNIT_MONTH}, {"quarter", TIME_UNIT_QUARTER}, {"year", TIME_UNIT_YEAR}};
  if (i >= tokens->len) return TIME_UNIT_NONE;
  const char *singular = token_at(tokens, i)->singular;
  for (guint u = 0; u < G_N_ELEMENTS(UNITS); u++)
    if (strcmp(singular, UNITS[u].stem) == 0) return UNITS[u].unit;
  return TIME_UNIT_NONE;
}

static TimeRange last_units(TimeUnit unit, int count) {
  if (unit == TIME_UNIT_DAY) return (TimeRange){.kind = TIME_ROLLING, .unit = TIME_UNIT_DAY, .count = count};
  return time_range_units(unit, -count, count);
}

static guint parse_to_date(const GArray *tokens, guint i, TimeRange *range) {
  TimeUnit unit = TIME_UNIT_NONE;
  guint consumed = 0;
  if (token_is(tokens, i, "ytd")) unit = TIME_UNIT_YEAR, consumed = 1;
  else if (token_is(tokens, i, "mtd")) unit = TIME_UNIT_MONTH, consumed = 1;
  else if (token_is(tokens, i, "qtd")) unit = TIME_UNIT_QUARTER, consumed = 1;
  else if (token_is(tokens, i, "wtd")) unit = TIME_UNIT_WEEK, consumed = 1;
  else if (unit_at(tokens, i) != TIME_UNIT_NONE && token_is(tokens, i + 1, "to") && token_is(tokens, i + 2, "date"))
    unit = unit_at(tokens, i), consumed = 3;
  else if (token_is(tokens, i, "this") && unit_at(tokens, i + 1) != TIME_UNIT_NONE && token_is(tokens, i + 2, "so") && token_is(tokens, i + 3, "far"))
    unit = unit_at(tokens, i + 1), consumed = 4;
  else if (token_is(tokens, i, "this") && unit_at(tokens, i + 1) != TIME_UNIT_NONE && TOKEN_IS_ANY(tokens, i + 2, "until", "till", "to") &&
           TOKEN_IS_ANY(tokens, i + 3, "now", "date", "today"))
    unit = unit_at(tokens, i + 1), consumed = 4;
  else if (token_is(tokens, i, "this") && unit_at(tokens, i + 1) != TIME_UNIT_NONE && token_is(tokens, i + 2, "up") && token_is(tokens, i + 3, "to") &&
           TOKEN_IS_ANY(tokens, i + 4, "now", "today"))
    unit = unit_at(tokens, i + 1), consumed = 5;
  else if (token_is(tokens, i, "so") && token_is(tokens, i + 1, "far") && token_is(tokens, i + 2, "this") && unit_at(tokens, i + 3) != TIME_UNIT_NONE)
    unit = unit_at(tokens, i + 3), consumed = 4;
  if (consumed == 0) return 0;
  *range = (TimeRange){.kind = TIME_TO_DATE, .unit = unit};
  return consumed;
}

static guint parse_ago(const GArray *tokens, guint i, TimeRange *range) {
  gboolean ordinal;
  int number = number_word(token_at(tokens, i), &ordinal);
  if (TOKEN_IS_ANY(tokens, i, "a", "an")) number = 1;
  TimeUnit unit = unit_at(tokens, i + 1);
  if (number == 0 || ordinal || unit == TIME_UNIT_NONE || !token_is(tokens, i + 2, "ago")) return 0;
  *range = time_range_units(unit, -number, 1);
  return 3;
}

static guint parse_relative(const GArray *tokens, guint i, TimeRange *range) {
  guint consumed = parse_to_date(tokens, i, range);
  if (consumed == 0) consumed = parse_ago(tokens, i, range);
  if (consumed > 0) return consumed;
  if (TOKEN_IS_ANY(tokens, i, "today", "todays")) {
    *range = time_range_units(TIME_UNIT_DAY, 0, 1);
    return 1;
  }
  if (TOKEN_IS_ANY(tokens, i, "yesterday", "yesterdays")) {
    *range = time_range_units(TIME_UNIT_DAY, -1, 1);
    return 1;
  }
  if (unit_at(tokens, i) != TIME_UNIT_NONE && token_is(tokens, i + 1, "before") && token_is(tokens, i + 2, "last")) {
    *range = time_range_units(unit_at(tokens, i), -2, 1);
    return 3;
  }
  gboolean back = TOKEN_IS_ANY(tokens, i, "last", "previous", "past", "prior", "preceding");
  gboolean current = TOKEN_IS_ANY(tokens, i, "this", "current");
  gboolean next = TOKEN_IS_ANY(tokens, i, "next", "coming", "upcoming");
  if (!back && !current && !next) return 0;
  guint at = i + 1;
  if (TOKEN_IS_ANY(tokens, at, "full", "complete", "completed", "calendar", "whole")) at++;
  gboolean ordinal = FALSE;
  int number = at < tokens->len ? number_word(token_at(tokens, at), &ordinal) : 0;
  if (token_is(tokens, at, "couple") && token_is(tokens, at + 1, "of")) number = 2, at++;
  if (token_is(tokens, at, "half") && token_is(tokens, at + 1, "year")) {
    *range = back ? time_range_units(TIME_UNIT_HALF, -1, 1) : time_range_units(TIME_UNIT_HALF, next ? 1 : 0, 1);
    return at + 2 - i;
  }
  if (number > 0 && !ordinal) {
    at++;
    if (TOKEN_IS_ANY(tokens, at, "full", "complete", "completed", "calendar", "whole")) at++;
  }
  TimeUnit unit = unit_at(tokens, at);
  if (unit == TIME_UNIT_NONE || ordinal) return 0;
  if (number > 0 && back) *range = last_units(unit, number);
  else if (number > 0) return 0;
  else *range = time_range_units(unit, back ? -1 : next ? 1 : 0, 1);
  return at + 1 - i;
}

/* ---- spans ---- */
/* "1-9 December 2011", "December 1 to 9, 2011", "1st to 9th of December" */
static guint parse_day_span(const GArray *tokens, guint i, TimeMention *mention) {
  int month = time_month_at(tokens, i), year = 0;
  guint at = month > 0 ? i + 1 : i;
  int first = time_day_number_at(tokens, at);
  if (first == 0) return 0;
  guint second_at = at + 1;
  if (TOKEN_IS_ANY(tokens, second_at, "to", "through", "until", "till", "and")) second_at++;
  else if (second_at >= tokens->len || !token_at(tokens, second_at)->hyphen_before) return 0;
  int second = time_day_number_at(tokens, second_at);
  if (second == 0 || second < first) return 0;
  guint end = second_at + 1;
  if (month == 0) {
    if (token_is(tokens, end, "of")) end++;
    month = time_month_at(tokens, end);
    if (month == 0) return 0;
    end++;
  }
  end += time_following_year(tokens, end, &year);
  mention->kind = TIME_MENTION_SPAN;
  mention->with_from = TRUE; /* days of one month are a stretch, never two things compared */
  mention->from = (TimePoint){TIME_UNIT_DAY, year, month, first};
  mention->to = (TimePoint){TIME_UNIT_DAY, year, month, second};
  return end - i;
}

static void share_year(TimePoint *from, TimePoint *to) {
  if (from->year == 0 && to->year > 0) {
    gboolean wraps = from->unit == to->unit && (from->index > to->index);
    from->year = wraps ? to->year - 1 : to->year;
  } else if (to->year == 0 && from->year > 0) {
    to->year = from->index > to->index ? from->year + 1 : from->year;
  }
}

/* "the second to the third quarter": the unit comes with the second part only. */
static guint parse_bare_ordinal(const GArray *tokens, guint i, const TimePoint *other, TimePoint *point) {
  if (i >= tokens->len) return 0;
  gboolean ordinal;
  int number = number_word(token_at(tokens, i), &ordinal);
  if (!ordinal || (other->unit != TIME_UNIT_QUARTER && other->unit != TIME_UNIT_HALF)) return 0;
  *point = (TimePoint){other->unit, 0, number, 0};
  return 1;
}

static guint parse_span(const GArray *tokens, guint i, TimeMention *mention) {
  gboolean from = token_is(tokens, i, "from"), between = token_is(tokens, i, "between");
  guint at = time_skip_the(tokens, from || between ? i + 1 : i);
  TimePoint first = {0}, second = {0};
  guint consumed = time_point_parse(tokens, at, &first), bare = 0;
  if (consumed == 0) {
    gboolean ordinal;
    if (at < tokens->len && number_word(token_at(tokens, at), &ordinal) > 0 && ordinal) bare = at;
    else return 0;
  }
  guint middle = at + (consumed > 0 ? consumed : 1);
  gboolean hyphen = middle < tokens->len && token_at(tokens, middle)->hyphen_before && !token_at(tokens, middle)->comma_before;
  guint second_at = middle;
  if (TOKEN_IS_ANY(tokens, middle, "to", "until", "till", "through", "thru") || (between && token_is(tokens, middle, "and"))) {
    second_at = middle + 1;
    if (TOKEN_IS_ANY(tokens, second_at, "to", "and")) second_at++;
  } else if (token_is(tokens, middle, "up") && token_is(tokens, middle + 1, "to")) {
    second_at = middle + 2;
  } else if (!hyphen) {
    return 0;
  }
  second_at = time_skip_the(tokens, second_at);
  if (token_is(tokens, second_at, "end") && token_is(tokens, second_at + 1, "of")) second_at += 2;
  guint second_consumed = time_point_parse(tokens, second_at, &second);
  if (second_consumed == 0) return 0;
  if (bare > 0 && parse_bare_ordinal(tokens, bare, &second, &first) == 0) return 0;
  if (first.unit != second.unit && !(first.unit == TIME_UNIT_DAY || second.unit == TIME_UNIT_DAY)) {
    gboolean mixed_ok = first.year > 0 && second.year > 0;
    if (!mixed_ok) return 0;
  }
  share_year(&first, &second);
  *mention = (TimeMention){.kind = TIME_MENTION_SPAN, .from = first, .to = second, .with_from = from || between || hyphen};
  return second_at + second_consumed - i;
}

/* "sales to 31 May 2023": nothing before it says from when. */
static gboolean ends_alone(const GArray *tokens, guint i) {
  TimePoint point;
  if (!token_is(tokens, i, "to") || i == 0 || TOKEN_IS_ANY(tokens, i - 1, "up", "compared", "relative", "close", "next", "prior", "due", "change", "switch", "year", "month", "date", "it", "that"))
    return FALSE;
  for (guint k = 0; k < i; k++)
    if (TOKEN_IS_ANY(tokens, k, "from", "between", "since", "compare", "compared", "change", "changed", "growth", "grow", "grew", "rose", "fell", "and") || time_point_parse(tokens, k, &point) > 0) return FALSE;
  guint consumed = time_point_parse(tokens, i + 1, &point);
  return consumed > 0 && point.unit == TIME_UNIT_DAY && point.year > 0;
}

static guint parse_open(const GArray *tokens, guint i, TimeMention *mention) {
  TimeMentionKind kind;
  guint at = i + 1;
  if (token_is(tokens, i, "since")) kind = TIME_MENTION_SINCE;
  else if (TOKEN_IS_ANY(tokens, i, "starting", "beginning", "from")) {
    kind = TIME_MENTION_SINCE;
    if (TOKEN_IS_ANY(tokens, at, "from", "in", "with")) at++;
  } else if (token_is(tokens, i, "after")) kind = TIME_MENTION_AFTER;
  else if (token_is(tokens, i, "before") || (token_is(tokens, i, "prior") && token_is(tokens, i + 1, "to"))) {
    kind = TIME_MENTION_BEFORE;
    if (token_is(tokens, at, "to")) at++;
  } else if (TOKEN_IS_ANY(tokens, i, "until", "till", "through", "up", "thru") || ends_alone(tokens, i)) {
    kind = TIME_MENTION_UNTIL;
    if (token_is(tokens, i, "up") && !token_is(tokens, i + 1, "to") && !token_is(tokens, i + 1, "until")) return 0;
    if (TOKEN_IS_ANY(tokens, at, "to", "until")) at++;
    if (token_is(tokens, at, "and") && token_is(tokens, at + 1, "including")) at += 2;
    at = time_skip_the(tokens, at);
    if (token_is(tokens, at, "end") && token_is(tokens, at + 1, "of")) at += 2;
  } else {
    return 0;
  }
  at = time_skip_the(tokens, at);
  if (TOKEN_IS_ANY(tokens, at, "start", "beginning") && token_is(tokens, at + 1, "of")) at += 2;
  TimePoint point = {0};
  guint consumed = time_point_parse(tokens, at, &point);
  if (consumed == 0) return 0;
  guint end = at + consumed;
  if (token_is(tokens, i, "from") && !TOKEN_IS_ANY(tokens, end, "on", "onwards", "onward", "forward")) return 0;
  if (TOKEN_IS_ANY(tokens, end, "on", "onwards", "onward", "forward")) end++;
  *mention = (TimeMention){.kind = kind, .from = point};
  return end - i;
}

/* ---- cyclic filters ---- */
static int weekday_at(const GArray *tokens, guint i) {
  if (i >= tokens->len) return 0;
  const char *singular = token_at(tokens, i)->singular;
  for (int day = 0; day < 7; day++)
    if (strcmp(singular, WEEKDAYS[day]) == 0) return day + 1;
  return 0;
}

/* Hour of "6 pm", "18:00", "9 o'clock", "noon"; -1: none. *count: tokens. */
static int hour_at(const GArray *tokens, guint i, guint *count) {
  if (i >= tokens->len) return -1;
  *count = 1;
  if (token_is(tokens, i, "noon")) return 12;
  if (token_is(tokens, i, "midnight")) return 0;
  const Token *token = token_at(tokens, i);
  char *end;
  long hour = strtol(token->fold, &end, 10);
  if (!token->is_number || hour < 0 || hour > 24) return -1;
  gboolean marked = FALSE, pm = FALSE;
  if (strcmp(end, "am") == 0 || strcmp(end, "pm") == 0) {
    marked = TRUE;
    pm = *end == 'p';
  } else if (*end != '\0') {
    return -1;
  }
  guint next = i + 1;
  if (!marked && next < tokens->len && token_at(tokens, next)->comma_before && token_at(tokens, next)->length == 2 &&
      token_at(tokens, next)->start == token->start + token->length + 1 && token_at(tokens, next)->number_ok) {
    marked = TRUE; /* 18:00 */
    next++;
  }
  if (TOKEN_IS_ANY(tokens, next, "am", "pm", "oclock") || (token_is(tokens, next, "o") && token_is(tokens, next + 1, "clock"))) {
    marked = TRUE;
    pm = token_is(tokens, next, "pm");
    next += token_is(tokens, next, "o") ? 2 : 1;
  }
  *count = next - i;
  if (!marked) return -1;
  if (pm && hour < 12) hour += 12;
  return (int)hour;
}

static void set_cyclic(TimeMention *mention, Cyclic cyclic, Operator op, int from, int to) {
  *mention = (TimeMention){.kind = TIME_MENTION_CYCLIC, .cyclic = cyclic, .op = op};
  mention->values[0] = g_strdup_printf("%d", from);
  if (op == OP_BETWEEN) mention->values[1] = g_strdup_printf("%d", to);
}

/* "7 and | 9 in the morning": bare hours whose part of the day follows. Returns the end, 0 when there is none. */
static guint hours_of_day_part(const GArray *tokens, guint second_at, int *first, int *second) {
  gboolean ordinal;
  int hour = number_word(token_at(tokens, second_at), &ordinal);
  guint at = second_at + 1;
  if (hour <= 0 || hour > 12 || ordinal || !token_is(tokens, at, "in") || !token_is(tokens, at + 1, "the")) return 0;
  gboolean morning = token_is(tokens, at + 2, "morning");
  if (!morning && !TOKEN_IS_ANY(tokens, at + 2, "afternoon", "evening")) return 0;
  *second = morning ? hour : hour + 12;
  if (!morning && *first < 12) *first += 12;
  return at + 3;
}

static guint parse_hours(const GArray *tokens, guint i, TimeMention *mention) {
  static const struct { const char *word; int from, to; } PARTS[] = {{"morning", 5, 11}, {"afternoon", 12, 16}, {"evening", 17, 21}};
  const char *singular = i < tokens->len ? token_at(tokens, i)->singular : NULL;
  for (guint p = 0; p < G_N_ELEMENTS(PARTS); p++) {
    gboolean greeting = (i > 0 && token_is(tokens, i - 1, "good")) || (i == 0 && tokens->len > 1 && token_at(tokens, 1)->comma_before);
    if (singular != NULL && strcmp(singular, PARTS[p].word) == 0 && !greeting) {
      set_cyclic(mention, CYCLIC_HOUR_OF_DAY, OP_BETWEEN, PARTS[p].from, PARTS[p].to);
      return 1;
    }
  }
  guint count = 0, second_count = 0;
  if (TOKEN_IS_ANY(tokens, i, "between", "from")) {
    gboolean bare_ordinal;
    int second_hour = -1, first_hour = hour_at(tokens, i + 1, &count);
    if (first_hour < 0 && i + 1 < tokens->len) {
      first_hour = number_word(token_at(tokens, i + 1), &bare_ordinal);
      count = 1;
    }
    guint at = i + 1 + count;
    if (TOKEN_IS_ANY(tokens, at, "and", "to", "until")) second_hour = hour_at(tokens, at + 1, &second_count);
    guint end = at + 1 + second_count;
    if (second_hour < 0 && first_hour >= 0 && at + 1 < tokens->len) end = hours_of_day_part(tokens, at + 1, &first_hour, &second_hour);
    if (first_hour < 0 || first_hour > 24 || second_hour <= first_hour) return 0;
    set_cyclic(mention, CYCLIC_HOUR_OF_DAY, OP_BETWEEN, first_hour, second_hour - 1);
    return end - i;
  }
  if (TOKEN_IS_ANY(tokens, i, "after", "before", "at", "since", "until")) {
    int hour = hour_at(tokens, i + 1, &count);
    if (hour < 0) return 0;
    if (TOKEN_IS_ANY(tokens, i, "after", "since")) set_cyclic(mention, CYCLIC_HOUR_OF_DAY, OP_BETWEEN, hour, 23);
    else if (token_is(tokens, i, "at")) set_cyclic(mention, CYCLIC_HOUR_OF_DAY, OP_EQUAL, hour, 0);
    else set_cyclic(mention, CYCLIC_HOUR_OF_DAY, OP_BETWEEN, 0, hour - 1);
    return 1 + count;
  }
  return 0;
}

/* "the week of 16 May 2022", "week commencing 3 June 2019", "week ending 9 June 2019" */
static guint parse_week_of(const GArray *tokens, guint i, TimeMention *mention) {
  if (!TOKEN_IS_ANY(tokens, i, "week", "wk")) return 0;
  gboolean ending = TOKEN_IS_ANY(tokens, i + 1, "ending", "ended");
  gboolean commencing = TOKEN_IS_ANY(tokens, i + 1, "commencing", "beginning", "starting");
  if (!ending && !commencing && !TOKEN_IS_ANY(tokens, i + 1, "of", "containing")) return 0;
  guint at = i + 2;
  while (TOKEN_IS_ANY(tokens, at, "the", "on", "monday", "sunday", "saturday")) at++;
  TimePoint day;
  guint consumed = time_point_parse(tokens, at, &day);
  if (consumed == 0 || day.unit != TIME_UNIT_DAY || day.year == 0) return 0;
  Day date = day_from_ymd(day.year, day.index, day.day);
  if (date == DAY_NONE) return 0;
  static const Calendar PLAIN = {.week_start = 1, .fiscal_start_month = 1};
  Day from = ending ? date - 6 : commencing ? date : day_unit_start(date, TIME_UNIT_WEEK, &PLAIN);
  *mention = (TimeMention){.kind = TIME_MENTION_RELATIVE, .range = time_range_absolute(from, from + 7)};
  mention->range.unit = TIME_UNIT_WEEK;
  return at + consumed - i;
}

/* The first day of a month, quarter or year, and the one after its last. FALSE: the point is none of these. */
static gboolean point_bounds(const TimePoint *point, Day *start, Day *end) {
  static const Calendar PLAIN = {.week_start = 1, .fiscal_start_month = 1};
  if (point->year == 0 || (point->unit != TIME_UNIT_MONTH && point->unit != TIME_UNIT_QUARTER && point->unit != TIME_UNIT_YEAR)) return FALSE;
  int month = point->unit == TIME_UNIT_YEAR ? 1 : point->unit == TIME_UNIT_QUARTER ? point->index * 3 - 2 : point->index;
  *start = day_from_ymd(point->year, month, 1);
  *end = day_unit_add(*start, point->unit, 1, &PLAIN);
  return *start != DAY_NONE;
}

/* "the first week of January 2019", "last 10 days of June 2020", "first half of March 2021", "last 3 months of 2024". */
static guint parse_part_of_period(const GArray *tokens, guint i, TimeMention *mention) {
  static const Calendar PLAIN = {.week_start = 1, .fiscal_start_month = 1};
  gboolean ordinal = FALSE, last = TOKEN_IS_ANY(tokens, i, "last", "final");
  int nth = last ? 0 : number_word(token_at(tokens, i), &ordinal);
  if (!last && (!ordinal || nth < 1 || nth > 5)) return 0;
  guint at = i + 1;
  gboolean counted_ordinal;
  int count = at < tokens->len ? number_word(token_at(tokens, at), &counted_ordinal) : 0;
  if (count > 0) at++;
  gboolean half = token_is(tokens, at, "half"), days = TOKEN_IS_ANY(tokens, at, "day", "days");
  TimeUnit unit = half || days ? TIME_UNIT_DAY : unit_at(tokens, at);
  if (unit != TIME_UNIT_DAY && unit != TIME_UNIT_WEEK && unit != TIME_UNIT_MONTH && unit != TIME_UNIT_QUARTER) return 0;
  if ((count > 0 && (half || nth > 1)) || (days && count == 0) || !TOKEN_IS_ANY(tokens, at + 1, "of", "in")) return 0;
  TimePoint point;
  Day start, end;
  guint from = time_skip_the(tokens, at + 2), consumed = time_point_parse(tokens, from, &point);
  if (consumed == 0 || !point_bounds(&point, &start, &end) || (half && point.unit != TIME_UNIT_MONTH)) return 0;
  const gboolean whole_quarter = unit == TIME_UNIT_QUARTER && count == 0; /* "the last quarter of 2019" is Q4 by itself */
  if (whole_quarter || (point.unit == TIME_UNIT_MONTH && unit != TIME_UNIT_DAY && unit != TIME_UNIT_WEEK)) return 0;
  if (unit == TIME_UNIT_MONTH || unit == TIME_UNIT_QUARTER) {
    Day first = last ? day_unit_add(end, unit, -MAX(count, 1), &PLAIN) : day_unit_add(start, unit, count > 0 ? 0 : nth - 1, &PLAIN);
    Day after = last ? end : day_unit_add(first, unit, MAX(count, 1), &PLAIN);
    if (first < start || after > end) return 0;
    *mention = (TimeMention){.kind = TIME_MENTION_RELATIVE, .range = time_range_absolute(first, after)};
    mention->range.unit = unit;
    return from + consumed - i;
  }
  int length = half ? (last || nth == 2 ? (int)(end - start) - 15 : 15) : (unit == TIME_UNIT_WEEK ? 7 : 1) * MAX(count, 1);
  Day first = last || (half && nth == 2) ? end - length : start + (count > 0 || half ? 0 : (nth - 1) * length);
  if (first < start || first >= end) return 0;
  *mention = (TimeMention){.kind = TIME_MENTION_RELATIVE, .range = time_range_absolute(first, MIN(first + length, end))};
  mention->range.unit = unit;
  return from + consumed - i;
}

static guint parse_mention(const GArray *tokens, guint i, TimeMention *mention) {
  *mention = (TimeMention){0};
  TimePoint date;
  guint consumed = parse_hours(tokens, i, mention);
  if (consumed == 0) consumed = parse_week_of(tokens, i, mention);
  if (consumed == 0) consumed = parse_part_of_period(tokens, i, mention);
  if (consumed == 0 && time_numeric_date(tokens, i, &date) == 0) consumed = parse_day_span(tokens, i, mention);
  if (consumed == 0 && TOKEN_IS_ANY(tokens, i, "from", "between", "on") && i + 1 < tokens->len &&
      time_numeric_date(tokens, i + 1, &date) == 0) {
    guint inner = parse_day_span(tokens, time_skip_the(tokens, i + 1), mention);
    consumed = inner > 0 ? inner + time_skip_the(tokens, i + 1) - i : 0;
  }
  if (consumed == 0) consumed = parse_span(tokens, i, mention);
  if (consumed == 0) consumed = parse_open(tokens, i, mention);
  if (consumed == 0) {
    TimePoint point;
    consumed = time_point_parse(tokens, i, &point);
    if (consumed > 0) *mention = (TimeMention){.kind = TIME_MENTION_POINT, .from = point};
  }
  if (consumed == 0) {
    TimeRange range = {0};
    consumed = parse_relative(tokens, i, &range);
    if (consumed > 0) *mention = (TimeMention){.kind = TIME_MENTION_RELATIVE, .range = range};
  }
  if (consumed == 0 && weekday_at(tokens, i) > 0 && !(i > 0 && TOKEN_IS_ANY(tokens, i - 1, "black", "cyber", "good", "easter"))) {
    set_cyclic(mention, CYCLIC_WEEKDAY, OP_EQUAL, weekday_at(tokens, i), 0);
    g_free(mention->values[0]);
    mention->values[0] = g_strdup(WEEKDAYS[weekday_at(tokens, i) - 1]);
    mention->values[0][0] = g_ascii_toupper(mention->values[0][0]);
    consumed = 1;
  }
  mention->first = i;
  mention->count = consumed;
  return consumed;
}

static void mention_clear(gpointer pointer) {
  TimeMention *mention = pointer;
  g_free(mention->values[0]);
  g_free(mention->values[1]);
}

/* A bare number of a comparison ("more than 2000", "top 2019") or of a code is no year. */
static gboolean reads_as_number(const GArray *tokens, guint i) {
  if (i == 0) return FALSE;
  if (time_year_at(tokens, i) > 0 && TOKEN_IS_ANY(tokens, i - 1, "over", "than", "above", "below", "under")) {
    gboolean other_year = FALSE; /* "2020 over 2019" */
    for (guint k = 0; k < tokens->len; k++) other_year = other_year || (k != i && time_year_at(tokens, k) > 0);
    gboolean noun_follows = i + 1 < tokens->len && !token_at(tokens, i + 1)->comma_before &&
                            !TOKEN_IS_ANY(tokens, i + 1, "in", "by", "for", "and", "per", "of", "on", "to", "with");
    if (other_year && !noun_follows) return FALSE;
  }
  if (token_at(tokens, i)->comma_before) return FALSE;
  return TOKEN_IS_ANY(tokens, i - 1, "than", "over", "above", "under", "below", "top", "bottom", "least", "most", "exceeding",
                "exceeds", "customer", "order", "invoice", "id", "number", "code", "exactly", "stock", "sku", "item", "product",
                "store", "branch");
}

/* The years of "January and February 2019", "Q2 vs Q3 2011": a partial point takes the year said just after it. */
static void spread_years(GArray *mentions, const GArray *tokens) {
  for (guint i = mentions->len; i-- > 0;) { /* from the end on: "Q1, Q2 and Q3 of 2019" */
    if (i + 1 >= mentions->len) continue;
    TimeMention *mention = &g_array_index(mentions, TimeMention, i), *next = &g_array_index(mentions, TimeMention, i + 1);
    if (mention->kind != TIME_MENTION_POINT || !time_point_is_partial(&mention->from)) continue;
    if (next->kind != TIME_MENTION_POINT || next->from.unit != mention->from.unit || next->from.year == 0) continue;
    guint gap = next->first - (mention->first + mention->count);
    if (gap > 3) continue;
    (void)tokens;
    mention->from.year = next->from.year;
  }
  for (guint i = 1; i < mentions->len; i++) {
    TimeMention *mention = &g_array_index(mentions, TimeMention, i), *before = &g_array_index(mentions, TimeMention, i - 1);
    if (mention->kind == TIME_MENTION_POINT && time_point_is_partial(&mention->from) && before->kind == TIME_MENTION_POINT &&
        before->from.unit == mention->from.unit && before->from.year > 0)
      mention->from.year = before->from.year;
  }
}

GArray *time_mentions_find(const GArray *tokens, const Calendar *calendar) {
  (void)calendar;
  GArray *mentions = g_array_new(FALSE, TRUE, sizeof(TimeMention));
  g_array_set_clear_func(mentions, mention_clear);
  for (guint i = 0; i < tokens->len;) {
    TimeMention mention;
    if (token_at(tokens, i)->quoted || (reads_as_number(tokens, i) && token_at(tokens, i)->is_number)) {
      i++;
      continue;
    }
    guint consumed = parse_mention(tokens, i, &mention);
    if (consumed == 0) {
      i++;
      continue;
    }
    g_array_append_val(mentions, mention);
    i += consumed;
  }
  spread_years(mentions, tokens);
  return mentions;
}

gboolean time_mention_range(const TimeMention *mention, const Calendar *calendar, TimeRange *out) {
  if (mention->kind == TIME_MENTION_RELATIVE) {
    *out = mention->range;
    return TRUE;
  }
  TimeRange first, second;
  if (mention->kind == TIME_MENTION_NONE || mention->kind == TIME_MENTION_CYCLIC) return FALSE;
  if (!time_point_range(&mention->from, calendar, &first)) return FALSE;
  switch (mention->kind) {
    case TIME_MENTION_POINT: *out = first; return TRUE;
    case TIME_MENTION_SINCE: *out = time_range_absolute(first.from, DAY_NONE); return TRUE;
    case TIME_MENTION_AFTER: *out = time_range_absolute(first.to, DAY_NONE); return TRUE;
    case TIME_MENTION_BEFORE: *out = time_range_absolute(DAY_NONE, first.from); return TRUE;
    case TIME_MENTION_UNTIL: *out = time_range_absolute(DAY_NONE, first.to); return TRUE;
    default: break;
  }
  if (!time_point_range(&mention->to, calendar, &second)) return FALSE;
  *out = first.from <= second.from ? time_range_absolute(first.from, second.to) : time_range_absolute(second.from, first.to);
  return TRUE;
}
