/* Dates and ranges as text. */
#include "base/date.h"

static const char *const month_names[] = {"January", "February", "March",     "April",   "May",      "June",
                                          "July",    "August",   "September", "October", "November", "December"};

static int fiscal_start(const Calendar *calendar) {
  int start = calendar->fiscal_start_month;
  return start >= 1 && start <= 12 ? start : 1;
}

/* The number a fiscal year goes by, from its first day. */
static int fiscal_year_number(Day year_start, const Calendar *calendar) {
  gboolean crosses = fiscal_start(calendar) > 1;
  return day_year(year_start) + (crosses && calendar->fiscal_named_by_end ? 1 : 0);
}

static char *format_week(Day start, const Calendar *calendar) {
  /* A week belongs to the year that holds most of its days: its fourth day (ISO 8601 when it starts on Monday). */
  Day middle = start + 3;
  int year = day_year(middle);
  int week = (middle - day_from_ymd(year, 1, 1)) / 7 + 1;
  (void)calendar;
  return g_strdup_printf("%04d-W%02d", year, week);
}

char *day_format_unit(Day unit_start, TimeUnit unit, const Calendar *calendar) {
  Day start = day_unit_start(unit_start, unit, calendar);
  int year, month;
  day_to_ymd(start, &year, &month, NULL);
  switch (unit) {
  case TIME_UNIT_WEEK: return format_week(start, calendar);
  case TIME_UNIT_MONTH: return g_strdup_printf("%04d-%02d", year, month);
  case TIME_UNIT_QUARTER: return g_strdup_printf("%04d-Q%d", year, (month - 1) / 3 + 1);
  case TIME_UNIT_HALF: return g_strdup_printf("%04d-H%d", year, (month - 1) / 6 + 1);
  case TIME_UNIT_YEAR: return g_strdup_printf("%04d", year);
  case TIME_UNIT_FISCAL_QUARTER: {
    Day year_start = day_unit_start(start, TIME_UNIT_FISCAL_YEAR, calendar);
    int quarter = ((month - fiscal_start(calendar) + 12) % 12) / 3 + 1;
    return g_strdup_printf("FY%04d-Q%d", fiscal_year_number(year_start, calendar), quarter);
  }
  case TIME_UNIT_FISCAL_YEAR: return g_strdup_printf("FY%04d", fiscal_year_number(start, calendar));
  case TIME_UNIT_NONE:
  case TIME_UNIT_HOUR:
  case TIME_UNIT_DAY: break;
  }
  return day_format_iso(start);
}

/* One calendar unit under the name people use; NULL when the range is not exactly one. */
static char *describe_whole_unit(Day from, Day to, const Calendar *calendar) {
  static const TimeUnit units[] = {TIME_UNIT_YEAR, TIME_UNIT_HALF, TIME_UNIT_QUARTER, TIME_UNIT_MONTH,
                                   TIME_UNIT_FISCAL_YEAR, TIME_UNIT_FISCAL_QUARTER};
  for (guint i = 0; i < G_N_ELEMENTS(units); i++) {
    TimeUnit unit = units[i];
    if (day_unit_start(from, unit, calendar) != from || day_unit_add(from, unit, 1, calendar) != to) continue;
    int year, month;
    day_to_ymd(from, &year, &month, NULL);
    switch (unit) {
    case TIME_UNIT_YEAR: return g_strdup_printf("%d", year);
    case TIME_UNIT_HALF: return g_strdup_printf("H%d %d", (month - 1) / 6 + 1, year);
    case TIME_UNIT_QUARTER: return g_strdup_printf("Q%d %d", (month - 1) / 3 + 1, year);
    case TIME_UNIT_MONTH: return g_strdup_printf("%s %d", month_names[month - 1], year);
    default: return day_format_unit(from, unit, calendar);
    }
  }
  return NULL;
}

/* Several whole years or months. */
static char *describe_span_of_units(Day from, Day to, const Calendar *calendar) {
  int y1, m1, y2, m2;
  Day last = to - 1;
  day_to_ymd(from, &y1, &m1, NULL);
  day_to_ymd(last, &y2, &m2, NULL);
  gboolean whole_years = day_unit_start(from, TIME_UNIT_YEAR, calendar) == from &&
                         day_unit_start(to, TIME_UNIT_YEAR, calendar) == to;
  if (whole_years) return g_strdup_printf("%d to %d", y1, y2);
  gboolean whole_months = day_unit_start(from, TIME_UNIT_MONTH, calendar) == from &&
                          day_unit_start(to, TIME_UNIT_MONTH, calendar) == to;
  if (!whole_months) return NULL;
  if (y1 == y2) return g_strdup_printf("%s to %s %d", month_names[m1 - 1], month_names[m2 - 1], y1);
  return g_strdup_printf("%s %d to %s %d", month_names[m1 - 1], y1, month_names[m2 - 1], y2);
}

char *day_range_describe(Day from, Day to_exclusive, const Calendar *calendar) {
  if (to_exclusive <= from) return g_strdup("no days");
  char *whole = describe_whole_unit(from, to_exclusive, calendar);
  if (whole == NULL && to_exclusive > from) whole = describe_span_of_units(from, to_exclusive, calendar);
  if (whole != NULL) return whole;

  int y1, m1, d1, y2, m2, d2;
  day_to_ymd(from, &y1, &m1, &d1);
  day_to_ymd(to_exclusive - 1, &y2, &m2, &d2);
  const char *first = month_names[m1 - 1], *last = month_names[m2 - 1];
  if (from + 1 == to_exclusive) return g_strdup_printf("%d %s %d", d1, first, y1);
  if (y1 == y2 && m1 == m2) return g_strdup_printf("%d-%d %s %d", d1, d2, first, y1);
  if (y1 == y2) return g_strdup_printf("%d %s to %d %s %d", d1, first, d2, last, y1);
  return g_strdup_printf("%d %s %d to %d %s %d", d1, first, y1, d2, last, y2);
}
