#include "ask/time_point.h"

#include <stdlib.h>

static const char *MONTHS[] = {"january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
                               "november", "december"};
static const char *CARDINALS[] = {"one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
                                  "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
                                  "twenty"};
static const char *ORDINALS[] = {"first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth",
                                 "eleventh", "twelfth"};

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

int time_year_at(const GArray *tokens, guint index) {
  if (index >= tokens->len) return 0;
  const Token *token = token_at(tokens, index);
  if (!token->number_ok || token->is_money || token->is_percent || token->length != 4) return 0;
  for (const char *at = token->text; *at; at++)
    if (!g_ascii_isdigit(*at)) return 0;
  int year = text_leading_number(token->text);
  return year >= 1900 && year <= 2100 ? year : 0;
}

/* Month number of a name or abbreviation. */
int time_month_at(const GArray *tokens, guint index) {
  if (index >= tokens->len) return 0;
  const Token *token = token_at(tokens, index);
  gsize length = strlen(token->fold);
  if (length < 3) return 0;
  for (int month = 0; month < 12; month++) {
    if (strcmp(token->fold, MONTHS[month]) == 0 || (length == 3 && strncmp(token->fold, MONTHS[month], 3) == 0) ||
        (month == 8 && strcmp(token->fold, "sept") == 0)) {
      gboolean doubtful = month == 4 || month == 2;          /* may, march: also verbs */
      if (!doubtful || token->is_capital || time_year_at(tokens, index + 1) > 0) return month + 1;
      gboolean introduced = index > 0 && TOKEN_IS_ANY(tokens, index - 1, "in", "for", "of", "since", "from", "to", "until", "and",
                                                "during", "last", "this", "versus", "vs", "between");
      return introduced ? month + 1 : 0;
    }
  }
  return 0;
}

static guint skip_of(const GArray *tokens, guint index) {
  while (TOKEN_IS_ANY(tokens, index, "of", "in", "the", "year", "for")) index++;
  return index;
}

/* Year after a part of one, with "of", "in" or nothing between: sets *year and returns tokens consumed. */
guint time_following_year(const GArray *tokens, guint index, int *year) {
  int direct = time_year_at(tokens, index);
  if (direct > 0) {
    *year = direct;
    return 1;
  }
  guint after = skip_of(tokens, index);
  if (after > index && after - index <= 3 && time_year_at(tokens, after) > 0) {
    *year = time_year_at(tokens, after);
    return after - index + 1;
  }
  return 0;
}

/* "22" or "'22" for 2022; only where a part of a year stands before it. */
static int short_year_at(const GArray *tokens, guint index) {
  if (index >= tokens->len) return 0;
  const Token *token = token_at(tokens, index);
  gboolean two_digits = token->number_ok && !token->is_money && !token->is_percent && token->length == 2 && g_ascii_isdigit(token->text[0]);
  return two_digits ? 2000 + text_leading_number(token->text) : 0;
}

/* "q4", "h1", "w07", "fy2020", "4q": letter codes. */
static gboolean coded_part(const Token *token, TimeUnit *unit, int *index) {
  const char *fold = token->fold;
  gsize length = strlen(fold);
  if (length == 2 && fold[0] == 'q' && fold[1] >= '1' && fold[1] <= '4') *unit = TIME_UNIT_QUARTER;
  else if (length == 2 && fold[1] == 'q' && fold[0] >= '1' && fold[0] <= '4') *unit = TIME_UNIT_QUARTER;
  else if (length == 2 && fold[1] == 'h' && (fold[0] == '1' || fold[0] == '2')) *unit = TIME_UNIT_HALF;
  else if (length == 2 && fold[0] == 'h' && (fold[1] == '1' || fold[1] == '2')) *unit = TIME_UNIT_HALF;
  else if (length >= 2 && length <= 3 && fold[0] == 'w' && g_ascii_isdigit(fold[1])) *unit = TIME_UNIT_WEEK;
  else return FALSE;
  *index = g_ascii_isdigit(fold[0]) ? fold[0] - '0' : text_leading_number(fold + 1);
  return TRUE;
}

guint time_numeric_date(const GArray *tokens, guint i, TimePoint *point) {
  if (i + 1 >= tokens->len || !token_at(tokens, i)->number_ok) return 0;
  const Token *a = token_at(tokens, i), *b = token_at(tokens, i + 1);
  gboolean three = i + 2 < tokens->len && token_at(tokens, i + 2)->hyphen_before && token_at(tokens, i + 2)->number_ok;
  if (!b->hyphen_before) return 0;
  TimeUnit unit;
  int index;
  if (time_year_at(tokens, i) > 0 && coded_part(b, &unit, &index)) {
    *point = (TimePoint){unit, time_year_at(tokens, i), index, 0};
    return 2;
  }
  if (!b->number_ok) return 0;
  int first = (int)a->number, second = (int)b->number;
  if (time_year_at(tokens, i) > 0 && second >= 1 && second <= 12 && b->length <= 2) {
    if (three && token_at(tokens, i + 2)->length <= 2) {
      *point = (TimePoint){TIME_UNIT_DAY, first, second, (int)token_at(tokens, i + 2)->number};
      return 3;
    }
    *point = (TimePoint){TIME_UNIT_MONTH, first, second, 0};
    return 2;
  }
  if (!three && a->length <= 2 && first >= 1 && first <= 12 && time_year_at(tokens, i + 1) > 0) {
    *point = (TimePoint){TIME_UNIT_MONTH, second, first, 0};
    return 2;
  }
  if (three && time_year_at(tokens, i + 2) > 0 && first <= 31 && second <= 31) {
    gboolean day_first = first > 12;
    *point = (TimePoint){TIME_UNIT_DAY, time_year_at(tokens, i + 2), day_first ? second : first, day_first ? first : second};
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
  gboolean last = token_is(tokens, i, "last") || token_is(tokens, i, "final");
  for (guint p = 0; p < G_N_ELEMENTS(PARTS); p++) {
    if ((ordinal || last) && token_is(tokens, i + 1, PARTS[p].word)) {
      int year = 0;
      guint consumed = time_following_year(tokens, i + 2, &year);
      if (last && consumed == 0) return 0; /* "last quarter" alone is relative */
      int index = last ? PARTS[p].most : number;
      if (index < 1 || index > PARTS[p].most || (PARTS[p].unit == TIME_UNIT_WEEK && year == 0)) return 0;
      *point = (TimePoint){PARTS[p].unit, year, index, 0};
      return 2 + consumed;
    }
    if (token_is(tokens, i, PARTS[p].word) && i + 1 < tokens->len && PARTS[p].unit != TIME_UNIT_HALF) {
      gboolean next_ordinal;
      int index = number_word(token_at(tokens, i + 1), &next_ordinal);
      if (index < 1 || index > PARTS[p].most || time_year_at(tokens, i + 1) > 0) continue;
      int year = 0;
      guint consumed = time_following_year(tokens, i + 2, &year);
      *point = (TimePoint){PARTS[p].unit, year, index, 0};
      return 2 + consumed;
    }
  }
  return 0;
}

int time_day_number_at(const GArray *tokens, guint i) {
  if (i >= tokens->len) return 0;
  const Token *token = token_at(tokens, i);
  gboolean ordinal;
  int number = number_word(token, &ordinal);
  if (!token->is_number && !ordinal) return 0;
  return number >= 1 && number <= 31 && !token->is_money && !token->is_percent ? number : 0;
}

/* "November 2011", "November 5, 2011", "5 November 2011", "5th of November" */
static guint parse_month_point(const GArray *tokens, guint i, TimePoint *point) {
  int month = time_month_at(tokens, i), year = 0;
  if (month > 0) {
    guint consumed = time_following_year(tokens, i + 1, &year);
    int day = consumed == 0 ? time_day_number_at(tokens, i + 1) : 0;
    gboolean in_month = i > 0 && token_is(tokens, i - 1, "in") && short_year_at(tokens, i + 1) > 0; /* "in December 23": no day is "in" */
    if (in_month && consumed == 0) {
      *point = (TimePoint){TIME_UNIT_MONTH, short_year_at(tokens, i + 1), month, 0};
      return 2;
    }
    if (day > 0) {
      guint year_tokens = time_following_year(tokens, i + 2, &year);
      *point = (TimePoint){TIME_UNIT_DAY, year, month, day};
      return 2 + year_tokens;
    }
    *point = (TimePoint){TIME_UNIT_MONTH, year, month, 0};
    return 1 + consumed;
  }
  int day = time_day_number_at(tokens, i);
  if (day == 0) return 0;
  guint month_index = token_is(tokens, i + 1, "of") ? i + 2 : i + 1;
  month = time_month_at(tokens, month_index);
  if (month == 0) return 0;
  guint year_tokens = time_following_year(tokens, month_index + 1, &year);
  *point = (TimePoint){TIME_UNIT_DAY, year, month, day};
  return month_index + 1 - i + year_tokens;
}

/* "2023/24": a year that ends in the next one; the tokens after it are two, else 0. */
static int split_year_at(const GArray *tokens, guint i) {
  int year = time_year_at(tokens, i);
  if (year == 0 || i + 1 >= tokens->len || !token_at(tokens, i + 1)->hyphen_before) return 0;
  return short_year_at(tokens, i + 1) % 100 == (year + 1) % 100 && short_year_at(tokens, i + 1) > 0 ? year + 1 : 0;
}

static guint parse_fiscal(const GArray *tokens, guint i, TimePoint *point) {
  guint head = token_is(tokens, i, "fy") ? 1 : TOKEN_IS_ANY(tokens, i, "fiscal", "financial") ? (token_is(tokens, i + 1, "year") ? 2 : 1) : 0;
  if (split_year_at(tokens, i + head) > 2012 || (head > 0 && split_year_at(tokens, i + head) > 0)) { /* "2011/12" alone may be December 2011 */
    *point = (TimePoint){TIME_UNIT_FISCAL_YEAR, split_year_at(tokens, i + head), 0, 0};
    return head + 2;
  }
  const Token *token = token_at(tokens, i);
  if (g_str_has_prefix(token->fold, "fy") && strlen(token->fold) >= 4) {
    int year = text_leading_number(token->fold + 2);
    if (year > 0 && year < 100) year += 2000;
    if (year < 1900 || year > 2100) return 0;
    *point = (TimePoint){TIME_UNIT_FISCAL_YEAR, year, 0, 0};
    return 1;
  }
  gboolean fiscal = TOKEN_IS_ANY(tokens, i, "fiscal", "financial");
  guint after = fiscal ? i + 1 : i;
  if (token_is(tokens, i, "fy") && time_year_at(tokens, i + 1) > 0) {
    *point = (TimePoint){TIME_UNIT_FISCAL_YEAR, time_year_at(tokens, i + 1), 0, 0};
    return 2;
  }
  if (!fiscal) return 0;
  TimePoint inner = {0};
  TimeUnit unit;
  int index;
  if (after < tokens->len && coded_part(token_at(tokens, after), &unit, &index) && unit == TIME_UNIT_QUARTER) {
    int year = 0;
    guint consumed = time_following_year(tokens, after + 1, &year);
    *point = (TimePoint){TIME_UNIT_FISCAL_QUARTER, year, index, 0};
    return 2 + consumed;
  }
  if (token_is(tokens, after, "year")) after++;
  if (time_year_at(tokens, after) == 0) return 0;
  inner = (TimePoint){TIME_UNIT_FISCAL_YEAR, time_year_at(tokens, after), 0, 0};
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
    while (words < 4 && NAMED[n].words[words] != NULL && token_is(tokens, i + words, NAMED[n].words[words])) words++;
    if (words < 4 && NAMED[n].words[words] != NULL) continue;
    int year = 0;
    guint consumed = time_following_year(tokens, i + words, &year);
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

guint time_point_parse(const GArray *tokens, guint i, TimePoint *point) {
  if (i >= tokens->len) return 0;
  *point = (TimePoint){0};
  guint consumed = time_numeric_date(tokens, i, point);
  if (consumed == 0) consumed = parse_fiscal(tokens, i, point);
  if (consumed == 0) consumed = parse_counted_part(tokens, i, point);
  if (consumed == 0) consumed = parse_month_point(tokens, i, point);
  if (consumed == 0) consumed = parse_holiday(tokens, i, point);
  if (consumed > 0) return consumed;
  TimeUnit unit;
  int index, year = 0;
  if (coded_part(token_at(tokens, i), &unit, &index)) {
    consumed = time_following_year(tokens, i + 1, &year);
    if (consumed == 0 && short_year_at(tokens, i + 1) > 0) { /* "Q3 22" */
      year = short_year_at(tokens, i + 1);
      consumed = 1;
    }
    if (unit == TIME_UNIT_WEEK && year == 0) return 0;
    *point = (TimePoint){unit, year, index, 0};
    return 1 + consumed;
  }
  year = time_year_at(tokens, i);
  if (year > 0) {
    if (i + 1 < tokens->len && coded_part(token_at(tokens, i + 1), &unit, &index)) {
      *point = (TimePoint){unit, year, index, 0};
      return 2;
    }
    *point = (TimePoint){TIME_UNIT_YEAR, year, 0, 0};
    return 1;
  }
  if (token_is(tokens, i, "calendar") && token_is(tokens, i + 1, "year") && time_year_at(tokens, i + 2) > 0) {
    *point = (TimePoint){TIME_UNIT_YEAR, time_year_at(tokens, i + 2), 0, 0};
    return 3;
  }
  if (token_is(tokens, i, "year") && time_year_at(tokens, i + 1) > 0) {
    *point = (TimePoint){TIME_UNIT_YEAR, time_year_at(tokens, i + 1), 0, 0};
    return 2;
  }
  return 0;
}

guint time_skip_the(const GArray *tokens, guint i) { return token_is(tokens, i, "the") ? i + 1 : i; }

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
