#include "lake/cell_date.h"
#include <string.h>

#define SECOND_US G_GINT64_CONSTANT(1000000)

typedef struct {
  const char *p, *end;
} Scanner;

static void skip_blanks(Scanner *s) {
  while (s->p < s->end && (*s->p == ' ' || *s->p == '\t')) s->p++;
}

static gboolean take_char(Scanner *s, char c) {
  if (s->p < s->end && *s->p == c) {
    s->p++;
    return TRUE;
  }
  return FALSE;
}

/* Up to max digits; returns how many, 0 for none. */
static int take_digits(Scanner *s, int max, int *value) {
  int n = 0;
  *value = 0;
  while (n < max && s->p < s->end && g_ascii_isdigit(*s->p)) {
    *value = *value * 10 + (*s->p++ - '0');
    n++;
  }
  return n;
}

/* A month by its English name or its first three letters; 0: none. */
static int take_month(Scanner *s) {
  static const char *const names[] = {"january", "february", "march",     "april",   "may",      "june",
                                      "july",    "august",   "september", "october", "november", "december"};
  gsize letters = 0;
  while (s->p + letters < s->end && g_ascii_isalpha(s->p[letters])) letters++;
  if (letters < 3) return 0;
  for (int i = 0; i < 12; i++) {
    gsize full = strlen(names[i]);
    if ((letters == 3 || letters == full || (letters == 4 && i == 8)) &&
        !g_ascii_strncasecmp(s->p, names[i], letters)) {
      s->p += letters;
      take_char(s, '.');
      return i + 1;
    }
  }
  return 0;
}

static void skip_weekday(Scanner *s) {
  static const char *const names[] = {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"};
  gsize letters = 0;
  while (s->p + letters < s->end && g_ascii_isalpha(s->p[letters])) letters++;
  for (int i = 0; i < 7; i++)
    if ((letters == 3 || letters == strlen(names[i])) && !g_ascii_strncasecmp(s->p, names[i], letters)) {
      s->p += letters;
      take_char(s, '.');
      take_char(s, ',');
      skip_blanks(s);
      return;
    }
}

static gboolean take_time(Scanner *s, gint64 *microseconds) {
  int hour, minute, second = 0;
  gint64 fraction = 0;
  int hour_digits = take_digits(s, 2, &hour);
  if (!hour_digits || !take_char(s, ':') || take_digits(s, 2, &minute) != 2 || minute > 59) return FALSE;
  if (take_char(s, ':')) {
    if (take_digits(s, 2, &second) != 2 || second > 60) return FALSE;
    if (take_char(s, '.') || take_char(s, ',')) {
      gint64 scale = SECOND_US / 10;
      if (s->p >= s->end || !g_ascii_isdigit(*s->p)) return FALSE;
      for (; s->p < s->end && g_ascii_isdigit(*s->p); s->p++, scale /= 10) fraction += (*s->p - '0') * scale;
    }
  }
  Scanner mark = *s;
  skip_blanks(&mark);
  if (mark.end - mark.p >= 2 && strchr("aApP", mark.p[0]) && (mark.p[1] == 'm' || mark.p[1] == 'M')) {
    if (hour < 1 || hour > 12) return FALSE;
    hour = hour % 12 + (g_ascii_tolower(mark.p[0]) == 'p' ? 12 : 0);
    mark.p += 2;
    *s = mark;
  }
  if (hour > 23) return FALSE;
  *microseconds = ((gint64)hour * 3600 + minute * 60 + second) * SECOND_US + fraction;
  return TRUE;
}

static gboolean take_offset(Scanner *s, DateScan *scan) {
  skip_blanks(s);
  if (s->p >= s->end) return TRUE;
  if (take_char(s, 'Z') || (s->end - s->p == 3 && !memcmp(s->p, "UTC", 3) && (s->p += 3))) {
    scan->has_offset = TRUE;
    return s->p == s->end;
  }
  int sign = *s->p == '-' ? -1 : 1, hours, minutes = 0;
  if (*s->p != '+' && *s->p != '-') return FALSE;
  s->p++;
  if (take_digits(s, 2, &hours) != 2 || hours > 18) return FALSE;
  take_char(s, ':');
  if (s->p < s->end && take_digits(s, 2, &minutes) != 2) return FALSE;
  scan->has_offset = TRUE;
  scan->offset_minutes = sign * (hours * 60 + minutes);
  return s->p == s->end;
}

static int full_year(int year, int digits) {
  return digits <= 2 ? (year < 69 ? 2000 + year : 1900 + year) : year;
}

static gboolean settle(DateScan *scan, int year, int month, int day) {
  Day value = year >= 1000 && year <= 9999 ? day_from_ymd(year, month, day) : DAY_NONE;
  if (value == DAY_NONE) return FALSE;
  scan->settled = TRUE;
  scan->orders = DATE_ORDER_BIT(DATE_ORDER_YMD) | DATE_ORDER_BIT(DATE_ORDER_DMY) | DATE_ORDER_BIT(DATE_ORDER_MDY);
  for (int i = 0; i < DATE_ORDER_COUNT; i++) scan->day[i] = value;
  return TRUE;
}

static void skip_ordinal(Scanner *s) {
  static const char *const suffixes[] = {"st", "nd", "rd", "th"};
  for (int i = 0; i < 4; i++)
    if (s->end - s->p >= 2 && !g_ascii_strncasecmp(s->p, suffixes[i], 2)) {
      s->p += 2;
      return;
    }
}

static void skip_date_separator(Scanner *s) {
  while (s->p < s->end && strchr(" -/.,", *s->p)) s->p++;
}

/* "January 5, 2019", "Jan-05-19" */
static gboolean take_month_first(Scanner *s, DateScan *scan) {
  int day, year, month = take_month(s);
  if (!month) return FALSE;
  skip_date_separator(s);
  if (!take_digits(s, 2, &day)) return FALSE;
  skip_ordinal(s);
  if (s->p >= s->end || !strchr(" -/.,", *s->p)) return FALSE;
  skip_date_separator(s);
  int digits = take_digits(s, 4, &year);
  scan->named_month = TRUE;
  scan->two_digit_year = digits == 2;
  return (digits == 2 || digits == 4) && settle(scan, full_year(year, digits), month, day);
}

/* What follows a first number when a month name comes next: "5-Jan-19", "2019 Jan 5". */
static gboolean take_named_rest(Scanner *s, DateScan *scan, int first, int first_digits) {
  int month = take_month(s), last;
  if (!month) return FALSE;
  skip_date_separator(s);
  int digits = take_digits(s, 4, &last);
  scan->named_month = TRUE;
  if (first_digits == 4) return (digits == 1 || digits == 2) && settle(scan, first, month, last);
  scan->two_digit_year = digits == 2;
  return (digits == 2 || digits == 4) && settle(scan, full_year(last, digits), month, first);
}

static void try_order(DateScan *scan, DateOrder order, int year, int month, int day) {
  Day value = year >= 1000 && year <= 9999 ? day_from_ymd(year, month, day) : DAY_NONE;
  if (value != DAY_NONE) {
    scan->orders |= DATE_ORDER_BIT(order);
    scan->day[order] = value;
  }
}

static gboolean take_numeric(Scanner *s, DateScan *scan) {
  int a, b, c;
  int a_digits = take_digits(s, 4, &a);
  if (a_digits == 4 && s->p < s->end && g_ascii_isdigit(*s->p)) { /* 20190105 */
    if (take_digits(s, 2, &b) != 2 || take_digits(s, 2, &c) != 2 || a < 1900 || a > 2100) return FALSE;
    scan->compact = TRUE;
    return settle(scan, a, b, c);
  }
  if (!a_digits || a_digits == 3) return FALSE;
  Scanner named = *s;
  if (a_digits <= 2) skip_ordinal(&named);
  skip_date_separator(&named);
  if (named.p < named.end && g_ascii_isalpha(*named.p)) {
    *s = named;
    return take_named_rest(s, scan, a, a_digits);
  }
  if (s->p >= s->end || !strchr("/-.", *s->p)) return FALSE;
  scan->separator = *s->p++;
  int b_digits = take_digits(s, 2, &b);
  if (!b_digits || !take_char(s, scan->separator)) return FALSE;
  int c_digits = take_digits(s, 4, &c);
  if (a_digits == 4) return (c_digits == 1 || c_digits == 2) && settle(scan, a, b, c);
  if (c_digits != 2 && c_digits != 4) return FALSE;
  scan->two_digit_year = c_digits == 2;
  try_order(scan, DATE_ORDER_DMY, full_year(c, c_digits), b, a);
  try_order(scan, DATE_ORDER_MDY, full_year(c, c_digits), a, b);
  if (c_digits == 2 && a_digits == 2) try_order(scan, DATE_ORDER_YMD, full_year(a, 2), b, c);
  return scan->orders != 0;
}

void date_scan(const char *text, gsize length, DateScan *scan) {
  memset(scan, 0, sizeof *scan);
  Scanner s = {text, text + length};
  skip_blanks(&s);
  while (s.end > s.p && (s.end[-1] == ' ' || s.end[-1] == '\t')) s.end--;
  if (s.end - s.p < 6 || s.end - s.p > 48) return;
  if (g_ascii_isalpha(*s.p)) {
    skip_weekday(&s);
    if (s.p >= s.end) return;
  }
  if (g_ascii_isalpha(*s.p) ? !take_month_first(&s, scan) : !take_numeric(&s, scan)) {
    memset(scan, 0, sizeof *scan);
    return;
  }
  if (s.p < s.end) {
    gboolean separated = take_char(&s, 'T') || take_char(&s, ',') || *s.p == ' ';
    skip_blanks(&s);
    if (!separated || !take_time(&s, &scan->microseconds) || !take_offset(&s, scan)) {
      memset(scan, 0, sizeof *scan);
      return;
    }
    scan->has_time = TRUE;
  }
  scan->is_date = TRUE;
}

gboolean time_scan(const char *text, gsize length, gint64 *microseconds) {
  Scanner s = {text, text + length};
  skip_blanks(&s);
  if (s.end - s.p > 20 || !take_time(&s, microseconds)) return FALSE;
  skip_blanks(&s);
  return s.p == s.end;
}

static void append_padded(GString *out, gint64 value, int width) {
  char digits[24];
  int n = 0;
  do digits[n++] = (char)('0' + value % 10);
  while ((value /= 10) > 0);
  while (n < width) digits[n++] = '0';
  while (n > 0) g_string_append_c(out, digits[--n]);
}

void time_append(GString *out, gint64 microseconds) {
  gint64 seconds = microseconds / SECOND_US;
  append_padded(out, seconds / 3600, 2);
  g_string_append_c(out, ':');
  append_padded(out, seconds / 60 % 60, 2);
  g_string_append_c(out, ':');
  append_padded(out, seconds % 60, 2);
}

void date_append(GString *out, Day day) {
  int year, month, day_of_month;
  day_to_ymd(day, &year, &month, &day_of_month);
  append_padded(out, year, 4);
  g_string_append_c(out, '-');
  append_padded(out, month, 2);
  g_string_append_c(out, '-');
  append_padded(out, day_of_month, 2);
}

void timestamp_append(GString *out, Day day, gint64 microseconds) {
  while (microseconds < 0) { /* an offset may lead to the day before or after */
    microseconds += 86400 * SECOND_US;
    day--;
  }
  while (microseconds >= 86400 * SECOND_US) {
    microseconds -= 86400 * SECOND_US;
    day++;
  }
  date_append(out, day);
  g_string_append_c(out, ' ');
  time_append(out, microseconds);
  if (microseconds % SECOND_US) {
    g_string_append_c(out, '.');
    append_padded(out, microseconds % SECOND_US, 6);
  }
}
