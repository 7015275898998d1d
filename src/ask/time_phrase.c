#include "ask/time_phrase.h"

#include <stdlib.h>
#include <string.h>

static const char *MONTHS[] = {"january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
                               "november", "december"};
static const char *WEEKDAYS[] = {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"};
static const char *CARDINALS[] = {"one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
                                  "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
                                  "twenty"};
static const char *ORDINALS[] = {"first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth",
                                 "eleventh", "twelfth"};

static gboolean is(const GArray *tokens, guint index, const char *word) {
  return index < tokens->len && strcmp(token_at(tokens, index)->fold, word) == 0;
}

static gboolean is_any(const GArray *tokens, guint index, const char *const *words) {
  for (; *words; words++)
    if (is(tokens, index, *words)) return TRUE;
  return FALSE;
}
#define IS_ANY(tokens, index, ...) is_any(tokens, index, (const char *const[]){__VA_ARGS__, NULL})

int number_word(const Token *token, gboolean *ordinal) {
  *ordinal = FALSE;
  for (guint i = 0; i < G_N_ELEMENTS(CARDINALS); i++)
    if (strcmp(token->fold, CARDINALS[i]) == 0) return (int)i + 1;
  for (guint i = 0; i < G_N_ELEMENTS(ORDINALS); i++) {
    if (strcmp(token->fold, ORDINALS[i]) == 0) {
      *ordinal = TRUE;
      return (int)i + 1;
    }
  }
  if (!token->is_number) return 0;
  char *end;
  long value = strtol(token->fold, &end, 10);
  if (value <= 0 || value > 1000000) return 0;
  if (*end == '\0') return (int)value;
  if (strcmp(end, "st") == 0 || strcmp(end, "nd") == 0 || strcmp(end, "rd") == 0 || strcmp(end, "th") == 0) {
    *ordinal = TRUE;
    return (int)value;
  }
  return 0;
}

static int year_at(const GArray *tokens, guint index) {
  if (index >= tokens->len) return 0;
  const Token *token = token_at(tokens, index);
  if (!token->number_ok || token->is_money || token->is_percent || token->length != 4) return 0;
  for (const char *at = token->text; *at; at++)
    if (!g_ascii_isdigit(*at)) return 0;
  int year = atoi(token->text);
  return year >= 1900 && year <= 2100 ? year : 0;
}

/* Month number of a name or abbreviation. */
static int month_at(const GArray *tokens, guint index) {
  if (index >= tokens->len) return 0;
  const Token *token = token_at(tokens, index);
  gsize length = strlen(token->fold);
  if (length < 3) return 0;
  for (int month = 0; month < 12; month++) {
    if (strcmp(token->fold, MONTHS[month]) == 0 || (length == 3 && strncmp(token->fold, MONTHS[month], 3) == 0) ||
        (month == 8 && strcmp(token->fold, "sept") == 0)) {
      gboolean doubtful = month == 4 || month == 2;          /* may, march: also verbs */
      if (!doubtful || token->is_capital || year_at(tokens, index + 1) > 0) return month + 1;
      gboolean introduced = index > 0 && IS_ANY(tokens, index - 1, "in", "for", "of", "since", "from", "to", "until", "and",
                                                "during", "last", "this", "versus", "vs", "between");
      return introduced ? month + 1 : 0;
    }
  }
  return 0;
}

static guint skip_of(const GArray *tokens, guint index) {
  while (IS_ANY(tokens, index, "of", "in", "the", "year", "for")) index++;
  return index;
}

/* Year after a part of one, with "of", "in" or nothing between: sets *year and returns tokens consumed. */
static guint following_year(const GArray *tokens, guint index, int *year) {
  int direct = year_at(tokens, index);
  if (direct > 0) {
    *year = direct;
    return 1;
  }
  guint after = skip_of(tokens, index);
  if (after > index && after - index <= 3 && year_at(tokens, after) > 0) {
    *year = year_at(tokens, after);
    return after - index + 1;
  }
  return 0;
}

/* "q4", "h1", "w07", "fy2020", "4q": letter codes. */
static gboolean coded_part(const Token *token, TimeUnit *unit, int *index) {
  const char *fold = token->fold;
  gsize length = strlen(fold);
  if (length == 2 && fold[0] == 'q' && fold[1] >= '1' && fold[1] <= '4') *unit = TIME_UNIT_QUARTER;
  else if (length == 2 && fold[1] == 'q' && fold[0] >= '1' && fold[0] <= '4') *unit = TIME_UNIT_QUARTER;
  else if (length == 2 && fold[0] == 'h' && (fold[1] == '1' || fold[1] == '2')) *unit = TIME_UNIT_HALF;
  else if (length >= 2 && length <= 3 && fold[0] == 'w' && g_ascii_isdigit(fold[1])) *unit = TIME_UNIT_WEEK;
  else return FALSE;
  *index = g_ascii_isdigit(fold[0]) ? fold[0] - '0' : atoi(fold + 1);
  return TRUE;
}

static guint parse_numeric_date(const GArray *tokens, guint i, TimePoint *point) {
  if (i + 1 >= tokens->len || !token_at(tokens, i)->number_ok) return 0;
  const Token *a = token_at(tokens, i), *b = token_at(tokens, i + 1);
  gboolean three = i + 2 < tokens->len && token_at(tokens, i + 2)->hyphen_before && token_at(tokens, i + 2)->number_ok;
  if (!b->hyphen_before) return 0;
  TimeUnit unit;
  int index;
  if (year_at(tokens, i) > 0 && coded_part(b, &unit, &index)) {
    *point = (TimePoint){unit, year_at(tokens, i), index, 0};
    return 2;
  }
  if (!b->number_ok) return 0;
  int first = (int)a->number, second = (int)b->number;
  if (year_at(tokens, i) > 0 && second >= 1 && second <= 12 && b->length <= 2) {
    if (three && token_at(tokens, i + 2)->length <= 2) {
      *point = (TimePoint){TIME_UNIT_DAY, first, second, (int)token_at(tokens, i + 2)->number};
      return 3;
    }
    *point = (TimePoint){TIME_UNIT_MONTH, first, second, 0};
    return 2;
  }
  if (!three && a->length <= 2 && first >= 1 && first <= 12 && year_at(tokens, i + 1) > 0) {
    *point = (TimePoint){TIME_UNIT_MONTH, second, first, 0};
    return 2;
  }
  if (three && year_at(tokens, i + 2) > 0 && first <= 31 && second <= 31) {
    gboolean day_first = first > 12;
    *point = (TimePoint){TIME_UNIT_DAY, year_at(tokens, i + 2), day_first ? second : first, day_first ? first : second};
    return 3;
  }
  return 0;
}

/* "fourth quarter of 2019", "quarter 4", "first half 2020", "week 7 of 2020" */
static guint parse_counted_part(const GArray *tokens, guint i, TimePoint *point) {
  static const struct { const char *word; TimeUnit unit; int most; } PARTS[] = {
      {"quarter", TIME_UNIT_QUARTER, 4}, {"half", TIME_UNIT_HALF, 2}, {"week", TIME_UNIT_WEEK, 53}};
  gboolean ordinal;
  int number = number_word(token_at(tokens, i), &ordinal);
  gboolean last = is(tokens, i, "last") || is(tokens, i, "final");
  for (guint p = 0; p < G_N_ELEMENTS(PARTS); p++) {
    if ((ordinal || last) && is(tokens, i + 1, PARTS[p].word)) {
      int year = 0;
      guint consumed = following_year(tokens, i + 2, &year);
      if (last && consumed == 0) return 0; /* "last quarter" alone is relative */
      int index = last ? PARTS[p].most : number;
      if (index < 1 || index > PARTS[p].most || (PARTS[p].unit == TIME_UNIT_WEEK && year == 0)) return 0;
      *point = (TimePoint){PARTS[p].unit, year, index, 0};
      return 2 + consumed;
    }
    if (is(tokens, i, PARTS[p].word) && i + 1 < tokens->len && PARTS[p].unit != TIME_UNIT_HALF) {
      gboolean next_ordinal;
      int index = number_word(token_at(tokens, i + 1), &next_ordinal);
      if (index < 1 || index > PARTS[p].most || year_at(tokens, i + 1) > 0) continue;
      int year = 0;
      guint consumed = following_year(tokens, i + 2, &year);
      *point = (TimePoint){PARTS[p].unit, year, index, 0};
      return 2 + consumed;
    }
  }
  return 0;
}

static int day_number_at(const GArray *tokens, guint i) {
  if (i >= tokens->len) return 0;
  const Token *token = token_at(tokens, i);
  gboolean ordinal;
  int number = number_word(token, &ordinal);
  if (!token->is_number && !ordinal) return 0;
  return number >= 1 && number <= 31 && !token->is_money && !token->is_percent ? number : 0;
}

/* "November 2011", "November 5, 2011", "5 November 2011", "5th of November" */
static guint parse_month_point(const GArray *tokens, guint i, TimePoint *point) {
  int month = month_at(tokens, i), year = 0;
  if (month > 0) {
    guint consumed = following_year(tokens, i + 1, &year);
    int day = consumed == 0 ? day_number_at(tokens, i + 1) : 0;
    if (day > 0) {
      guint year_tokens = following_year(tokens, i + 2, &year);
      *point = (TimePoint){TIME_UNIT_DAY, year, month, day};
      return 2 + year_tokens;
    }
    *point = (TimePoint){TIME_UNIT_MONTH, year, month, 0};
    return 1 + consumed;
  }
  int day = day_number_at(tokens, i);
  if (day == 0) return 0;
  guint month_index = is(tokens, i + 1, "of") ? i + 2 : i + 1;
  month = month_at(tokens, month_index);
  if (month == 0) return 0;
  guint year_tokens = following_year(tokens, month_index + 1, &year);
  *point = (TimePoint){TIME_UNIT_DAY, year, month, day};
  return month_index + 1 - i + year_tokens;
}

static guint parse_fiscal(const GArray *tokens, guint i, TimePoint *point) {
  const Token *token = token_at(tokens, i);
  if (g_str_has_prefix(token->fold, "fy") && strlen(token->fold) >= 4) {
    int year = atoi(token->fold + 2);
    if (year > 0 && year < 100) year += 2000;
    if (year < 1900 || year > 2100) return 0;
    *point = (TimePoint){TIME_UNIT_FISCAL_YEAR, year, 0, 0};
    return 1;
  }
  gboolean fiscal = IS_ANY(tokens, i, "fiscal", "financial");
  guint after = fiscal ? i + 1 : i;
  if (is(tokens, i, "fy") && year_at(tokens, i + 1) > 0) {
    *point = (TimePoint){TIME_UNIT_FISCAL_YEAR, year_at(tokens, i + 1), 0, 0};
    return 2;
  }
  if (!fiscal) return 0;
  TimePoint inner = {0};
  TimeUnit unit;
  int index;
  if (after < tokens->len && coded_part(token_at(tokens, after), &unit, &index) && unit == TIME_UNIT_QUARTER) {
    int year = 0;
    guint consumed = following_year(tokens, after + 1, &year);
    *point = (TimePoint){TIME_UNIT_FISCAL_QUARTER, year, index, 0};
    return 2 + consumed;
  }
  if (is(tokens, after, "year")) after++;
  if (year_at(tokens, after) == 0) return 0;
  inner = (TimePoint){TIME_UNIT_FISCAL_YEAR, year_at(tokens, after), 0, 0};
  *point = inner;
  return after + 1 - i;
}

/* Days that have a name. Easter by the anonymous Gregorian computus (Meeus, "Astronomical Algorithms", ch. 8). */
static Day easter(int year) {
  int a = year % 19, b = year / 100, c = year % 100, d = b / 4, e = b % 4, f = (b + 8) / 25, g = (b - f + 1) / 3;
  int h = (19 * a + b - d - g + 15) % 30, i = c / 4, k = c % 4, l = (32 + 2 * e + 2 * i - h - k) % 7;
  int m = (a + 11 * h + 22 * l) / 451;
  return day_from_ymd(year, (h + l - 7 * m + 114) / 31, (h + l - 7 * m + 114) % 31 + 1);
}

static Day thanksgiving(int year) {
  Day first = day_from_ymd(year, 11, 1);
  return first + (4 - day_weekday(first) + 7) % 7 + 21;
}

static guint parse_holiday(const GArray *tokens, guint i, TimePoint *point) {
  static const struct { const char *words[4]; int month, day; } NAMED[] = {
      {{"christmas", "eve"}, 12, 24}, {{"christmas", "day"}, 12, 25}, {{"boxing", "day"}, 12, 26}, {{"christmas"}, 12, 25},
      {{"new", "years", "eve"}, 12, 31}, {{"new", "year", "eve"}, 12, 31}, {{"new", "years", "day"}, 1, 1},
      {{"new", "year", "day"}, 1, 1}, {{"valentines", "day"}, 2, 14}, {{"valentine", "day"}, 2, 14}, {{"halloween"}, 10, 31},
      {{"black", "friday"}, 0, 1}, {{"cyber", "monday"}, 0, 2}, {{"thanksgiving"}, 0, 3}, {{"easter", "sunday"}, 0, 4},
      {{"easter", "monday"}, 0, 5}, {{"good", "friday"}, 0, 6}};
  for (guint n = 0; n < G_N_ELEMENTS(NAMED); n++) {
    guint words = 0;
    while (words < 4 && NAMED[n].words[words] != NULL && is(tokens, i + words, NAMED[n].words[words])) words++;
    if (words < 4 && NAMED[n].words[words] != NULL) continue;
    int year = 0;
    guint consumed = following_year(tokens, i + words, &year);
    int month = NAMED[n].month, day = NAMED[n].day;
    if (month == 0) {
      if (year == 0) return 0;
      Day date = day == 1 ? thanksgiving(year) + 1 : day == 2 ? thanksgiving(year) + 4 : day == 3 ? thanksgiving(year)
                 : day == 4 ? easter(year) : day == 5 ? easter(year) + 1 : easter(year) - 2;
      int ignored;
      day_to_ymd(date, &ignored, &month, &day);
    }
    *point = (TimePoint){TIME_UNIT_DAY, year, month, day};
    return words + consumed;
  }
  return 0;
}

static guint parse_point(const GArray *tokens, guint i, TimePoint *point) {
  if (i >= tokens->len) return 0;
  *point = (TimePoint){0};
  guint consumed = parse_numeric_date(tokens, i, point);
  if (consumed == 0) consumed = parse_fiscal(tokens, i, point);
  if (consumed == 0) consumed = parse_counted_part(tokens, i, point);
  if (consumed == 0) consumed = parse_month_point(tokens, i, point);
  if (consumed == 0) consumed = parse_holiday(tokens, i, point);
  if (consumed > 0) return consumed;
  TimeUnit unit;
  int index, year = 0;
  if (coded_part(token_at(tokens, i), &unit, &index)) {
    consumed = following_year(tokens, i + 1, &year);
    if (unit == TIME_UNIT_WEEK && year == 0) return 0;
    *point = (TimePoint){unit, year, index, 0};
    return 1 + consumed;
  }
  year = year_at(tokens, i);
  if (year > 0) {
    if (i + 1 < tokens->len && coded_part(token_at(tokens, i + 1), &unit, &index)) {
      *point = (TimePoint){unit, year, index, 0};
      return 2;
    }
    *point = (TimePoint){TIME_UNIT_YEAR, year, 0, 0};
    return 1;
  }
  if (is(tokens, i, "year") && year_at(tokens, i + 1) > 0) {
    *point = (TimePoint){TIME_UNIT_YEAR, year_at(tokens, i + 1), 0, 0};
    return 2;
  }
  return 0;
}

static guint skip_the(const GArray *tokens, guint i) { return is(tokens, i, "the") ? i + 1 : i; }

/* ---- relative ---- */
static TimeUnit unit_at(const GArray *tokens, guint i) {
  static const struct { const char *stem; TimeUnit unit; } UNITS[] = {{"hour", TIME_UNIT_HOUR}, {"day", TIME_UNIT_DAY},
      {"week", TIME_UNIT_WEEK}, {"month", TIME_UNIT_MONTH}, {"quarter", TIME_UNIT_QUARTER}, {"year", TIME_UNIT_YEAR}};
  if (i >= tokens->len) return TIME_UNIT_NONE;
  g_autofree char *singular = text_singular(token_at(tokens, i)->fold);
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
  if (is(tokens, i, "ytd")) unit = TIME_UNIT_YEAR, consumed = 1;
  else if (is(tokens, i, "mtd")) unit = TIME_UNIT_MONTH, consumed = 1;
  else if (is(tokens, i, "qtd")) unit = TIME_UNIT_QUARTER, consumed = 1;
  else if (is(tokens, i, "wtd")) unit = TIME_UNIT_WEEK, consumed = 1;
  else if (unit_at(tokens, i) != TIME_UNIT_NONE && is(tokens, i + 1, "to") && is(tokens, i + 2, "date"))
    unit = unit_at(tokens, i), consumed = 3;
  else if (is(tokens, i, "this") && unit_at(tokens, i + 1) != TIME_UNIT_NONE && is(tokens, i + 2, "so") && is(tokens, i + 3, "far"))
    unit = unit_at(tokens, i + 1), consumed = 4;
  else if (is(tokens, i, "so") && is(tokens, i + 1, "far") && is(tokens, i + 2, "this") && unit_at(tokens, i + 3) != TIME_UNIT_NONE)
    unit = unit_at(tokens, i + 3), consumed = 4;
  if (consumed == 0) return 0;
  *range = (TimeRange){.kind = TIME_TO_DATE, .unit = unit};
  return consumed;
}

static guint parse_ago(const GArray *tokens, guint i, TimeRange *range) {
  gboolean ordinal;
  int number = number_word(token_at(tokens, i), &ordinal);
  if (IS_ANY(tokens, i, "a", "an")) number = 1;
  TimeUnit unit = unit_at(tokens, i + 1);
  if (number == 0 || ordinal || unit == TIME_UNIT_NONE || !is(tokens, i + 2, "ago")) return 0;
  *range = time_range_units(unit, -number, 1);
  return 3;
}

static guint parse_relative(const GArray *tokens, guint i, TimeRange *range) {
  guint consumed = parse_to_date(tokens, i, range);
  if (consumed == 0) consumed = parse_ago(tokens, i, range);
  if (consumed > 0) return consumed;
  if (IS_ANY(tokens, i, "today", "todays")) {
    *range = time_range_units(TIME_UNIT_DAY, 0, 1);
    return 1;
  }
  if (IS_ANY(tokens, i, "yesterday", "yesterdays")) {
    *range = time_range_units(TIME_UNIT_DAY, -1, 1);
    return 1;
  }
  gboolean back = IS_ANY(tokens, i, "last", "previous", "past", "prior", "preceding");
  gboolean current = IS_ANY(tokens, i, "this", "current");
  gboolean next = IS_ANY(tokens, i, "next", "coming", "upcoming");
  if (!back && !current && !next) return 0;
  guint at = i + 1;
  if (IS_ANY(tokens, at, "full", "complete", "completed", "calendar", "whole")) at++;
  gboolean ordinal = FALSE;
  int number = at < tokens->len ? number_word(token_at(tokens, at), &ordinal) : 0;
  if (is(tokens, at, "couple") && is(tokens, at + 1, "of")) number = 2, at++;
  if (is(tokens, at, "half") && is(tokens, at + 1, "year")) {
    *range = back ? time_range_units(TIME_UNIT_HALF, -1, 1) : time_range_units(TIME_UNIT_HALF, next ? 1 : 0, 1);
    return at + 2 - i;
  }
  if (number > 0 && !ordinal) {
    at++;
    if (IS_ANY(tokens, at, "full", "complete", "completed", "calendar", "whole")) at++;
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
  int month = month_at(tokens, i), year = 0;
  guint at = month > 0 ? i + 1 : i;
  int first = day_number_at(tokens, at);
  if (first == 0) return 0;
  guint second_at = at + 1;
  if (IS_ANY(tokens, second_at, "to", "through", "until", "till", "and")) second_at++;
  else if (second_at >= tokens->len || !token_at(tokens, second_at)->hyphen_before) return 0;
  int second = day_number_at(tokens, second_at);
  if (second == 0 || second < first) return 0;
  guint end = second_at + 1;
  if (month == 0) {
    if (is(tokens, end, "of")) end++;
    month = month_at(tokens, end);
    if (month == 0) return 0;
    end++;
  }
  end += following_year(tokens, end, &year);
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
  gboolean from = is(tokens, i, "from"), between = is(tokens, i, "between");
  guint at = skip_the(tokens, from || between ? i + 1 : i);
  TimePoint first = {0}, second = {0};
  guint consumed = parse_point(tokens, at, &first), bare = 0;
  if (consumed == 0) {
    gboolean ordinal;
    if (at < tokens->len && number_word(token_at(tokens, at), &ordinal) > 0 && ordinal) bare = at;
    else return 0;
  }
  guint middle = at + (consumed > 0 ? consumed : 1);
  gboolean hyphen = middle < tokens->len && token_at(tokens, middle)->hyphen_before && !token_at(tokens, middle)->comma_before;
  guint second_at = middle;
  if (IS_ANY(tokens, middle, "to", "until", "till", "through", "thru") || (between && is(tokens, middle, "and"))) {
    second_at = middle + 1;
    if (IS_ANY(tokens, second_at, "to", "and")) second_at++;
  } else if (is(tokens, middle, "up") && is(tokens, middle + 1, "to")) {
    second_at = middle + 2;
  } else if (!hyphen) {
    return 0;
  }
  second_at = skip_the(tokens, second_at);
  if (is(tokens, second_at, "end") && is(tokens, second_at + 1, "of")) second_at += 2;
  guint second_consumed = parse_point(tokens, second_at, &second);
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

static guint parse_open(const GArray *tokens, guint i, TimeMention *mention) {
  TimeMentionKind kind;
  guint at = i + 1;
  if (is(tokens, i, "since")) kind = TIME_MENTION_SINCE;
  else if (IS_ANY(tokens, i, "starting", "beginning", "from")) {
    kind = TIME_MENTION_SINCE;
    if (IS_ANY(tokens, at, "from", "in", "with")) at++;
  } else if (is(tokens, i, "after")) kind = TIME_MENTION_AFTER;
  else if (is(tokens, i, "before") || (is(tokens, i, "prior") && is(tokens, i + 1, "to"))) {
    kind = TIME_MENTION_BEFORE;
    if (is(tokens, at, "to")) at++;
  } else if (IS_ANY(tokens, i, "until", "till", "through", "up", "thru")) {
    kind = TIME_MENTION_UNTIL;
    if (is(tokens, i, "up") && !is(tokens, i + 1, "to") && !is(tokens, i + 1, "until")) return 0;
    if (IS_ANY(tokens, at, "to", "until")) at++;
    if (is(tokens, at, "and") && is(tokens, at + 1, "including")) at += 2;
    if (is(tokens, at, "end") && is(tokens, at + 1, "of")) at += 2;
  } else {
    return 0;
  }
  at = skip_the(tokens, at);
  if (IS_ANY(tokens, at, "start", "beginning") && is(tokens, at + 1, "of")) at += 2;
  TimePoint point = {0};
  guint consumed = parse_point(tokens, at, &point);
  if (consumed == 0) return 0;
  guint end = at + consumed;
  if (is(tokens, i, "from") && !IS_ANY(tokens, end, "on", "onwards", "onward", "forward")) return 0;
  if (IS_ANY(tokens, end, "on", "onwards", "onward", "forward")) end++;
  *mention = (TimeMention){.kind = kind, .from = point};
  return end - i;
}

/* ---- cyclic filters ---- */
static int weekday_at(const GArray *tokens, guint i) {
  if (i >= tokens->len) return 0;
  g_autofree char *singular = text_singular(token_at(tokens, i)->fold);
  for (int day = 0; day < 7; day++)
    if (strcmp(singular, WEEKDAYS[day]) == 0) return day + 1;
  return 0;
}

/* Hour of "6 pm", "18:00", "9 o'clock", "noon"; -1: none. *count: tokens. */
static int hour_at(const GArray *tokens, guint i, guint *count) {
  if (i >= tokens->len) return -1;
  *count = 1;
  if (is(tokens, i, "noon")) return 12;
  if (is(tokens, i, "midnight")) return 0;
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
  if (IS_ANY(tokens, next, "am", "pm", "oclock") || (is(tokens, next, "o") && is(tokens, next + 1, "clock"))) {
    marked = TRUE;
    pm = is(tokens, next, "pm");
    next += is(tokens, next, "o") ? 2 : 1;
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

static guint parse_hours(const GArray *tokens, guint i, TimeMention *mention) {
  static const struct { const char *word; int from, to; } PARTS[] = {{"morning", 5, 11}, {"afternoon", 12, 16}, {"evening", 17, 21}};
  for (guint p = 0; p < G_N_ELEMENTS(PARTS); p++) {
    g_autofree char *singular = i < tokens->len ? text_singular(token_at(tokens, i)->fold) : NULL;
    if (singular != NULL && strcmp(singular, PARTS[p].word) == 0) {
      set_cyclic(mention, CYCLIC_HOUR_OF_DAY, OP_BETWEEN, PARTS[p].from, PARTS[p].to);
      return 1;
    }
  }
  guint count = 0, second_count = 0;
  if (IS_ANY(tokens, i, "between", "from")) {
    gboolean bare_ordinal;
    int second_hour = -1, first_hour = hour_at(tokens, i + 1, &count);
    if (first_hour < 0 && i + 1 < tokens->len) {
      first_hour = number_word(token_at(tokens, i + 1), &bare_ordinal);
      count = 1;
    }
    guint at = i + 1 + count;
    if (IS_ANY(tokens, at, "and", "to", "until")) second_hour = hour_at(tokens, at + 1, &second_count);
    if (first_hour < 0 || first_hour > 24 || second_hour <= first_hour) return 0;
    set_cyclic(mention, CYCLIC_HOUR_OF_DAY, OP_BETWEEN, first_hour, second_hour - 1);
    return at + 1 + second_count - i;
  }
  if (IS_ANY(tokens, i, "after", "before", "at", "since", "until")) {
    int hour = hour_at(tokens, i + 1, &count);
    if (hour < 0) return 0;
    if (IS_ANY(tokens, i, "after", "since")) set_cyclic(mention, CYCLIC_HOUR_OF_DAY, OP_BETWEEN, hour, 23);
    else if (is(tokens, i, "at")) set_cyclic(mention, CYCLIC_HOUR_OF_DAY, OP_EQUAL, hour, 0);
    else set_cyclic(mention, CYCLIC_HOUR_OF_DAY, OP_BETWEEN, 0, hour - 1);
    return 1 + count;
  }
  return 0;
}

static guint parse_mention(const GArray *tokens, guint i, TimeMention *mention) {
  *mention = (TimeMention){0};
  TimePoint date;
  guint consumed = parse_hours(tokens, i, mention);
  if (consumed == 0 && parse_numeric_date(tokens, i, &date) == 0) consumed = parse_day_span(tokens, i, mention);
  if (consumed == 0 && IS_ANY(tokens, i, "from", "between", "on") && i + 1 < tokens->len &&
      parse_numeric_date(tokens, i + 1, &date) == 0) {
    guint inner = parse_day_span(tokens, skip_the(tokens, i + 1), mention);
    consumed = inner > 0 ? inner + skip_the(tokens, i + 1) - i : 0;
  }
  if (consumed == 0) consumed = parse_span(tokens, i, mention);
  if (consumed == 0) consumed = parse_open(tokens, i, mention);
  if (consumed == 0) {
    TimePoint point;
    consumed = parse_point(tokens, i, &point);
    if (consumed > 0) *mention = (TimeMention){.kind = TIME_MENTION_POINT, .from = point};
  }
  if (consumed == 0) {
    TimeRange range = {0};
    consumed = parse_relative(tokens, i, &range);
    if (consumed > 0) *mention = (TimeMention){.kind = TIME_MENTION_RELATIVE, .range = range};
  }
  if (consumed == 0 && weekday_at(tokens, i) > 0 && !(i > 0 && IS_ANY(tokens, i - 1, "black", "cyber", "good", "easter"))) {
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
  if (year_at(tokens, i) > 0 && IS_ANY(tokens, i - 1, "over", "than", "above", "below", "under")) {
    gboolean other_year = FALSE; /* "2020 over 2019" */
    for (guint k = 0; k < tokens->len; k++) other_year = other_year || (k != i && year_at(tokens, k) > 0);
    gboolean noun_follows = i + 1 < tokens->len && !token_at(tokens, i + 1)->comma_before &&
                            !IS_ANY(tokens, i + 1, "in", "by", "for", "and", "per", "of", "on", "to", "with");
    if (other_year && !noun_follows) return FALSE;
  }
  return IS_ANY(tokens, i - 1, "than", "over", "above", "under", "below", "top", "bottom", "least", "most", "exceeding",
                "exceeds", "customer", "order", "invoice", "id", "number", "code", "exactly", "stock", "sku", "item", "product",
                "store", "branch");
}

/* The years of "January and February 2019", "Q2 vs Q3 2011": a partial point takes the year said just after it. */
static void spread_years(GArray *mentions, const GArray *tokens) {
  for (guint i = 0; i + 1 < mentions->len; i++) {
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

gboolean time_point_is_partial(const TimePoint *point) { return point->unit != TIME_UNIT_NONE && point->year == 0; }

gboolean time_point_range(const TimePoint *point, const Calendar *calendar, TimeRange *out) {
  if (point->unit == TIME_UNIT_NONE || point->year == 0) return FALSE;
  TimeUnit unit = point->unit;
  Day from = DAY_NONE;
  switch (unit) {
    case TIME_UNIT_DAY: from = day_from_ymd(point->year, point->index, point->day); break;
    case TIME_UNIT_MONTH: from = day_from_ymd(point->year, point->index, 1); break;
    case TIME_UNIT_QUARTER: from = day_from_ymd(point->year, 3 * point->index - 2, 1); break;
    case TIME_UNIT_HALF: from = day_from_ymd(point->year, 6 * point->index - 5, 1); break;
    case TIME_UNIT_YEAR: from = day_from_ymd(point->year, 1, 1); break;
    case TIME_UNIT_WEEK: {
      Day fourth = day_from_ymd(point->year, 1, 4); /* is always in week 1 */
      from = day_unit_add(day_unit_start(fourth, TIME_UNIT_WEEK, calendar), TIME_UNIT_WEEK, point->index - 1, calendar);
      break;
    }
    case TIME_UNIT_FISCAL_YEAR:
    case TIME_UNIT_FISCAL_QUARTER: {
      int start_year = calendar->fiscal_start_month > 1 && calendar->fiscal_named_by_end ? point->year - 1 : point->year;
      from = day_from_ymd(start_year, calendar->fiscal_start_month, 1);
      if (unit == TIME_UNIT_FISCAL_QUARTER) from = day_add_months(from, 3 * (point->index - 1));
      break;
    }
    default: return FALSE;
  }
  if (from == DAY_NONE) return FALSE;
  Day to = unit == TIME_UNIT_DAY ? from + 1 : day_unit_add(from, unit, 1, calendar);
  *out = time_range_absolute(from, to);
  return TRUE;
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
