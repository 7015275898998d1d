#include <stdlib.h>

#include "base/date.h"
#include "base/text.h"

static const Calendar standard = CALENDAR_DEFAULT;
static const Calendar retail = {7, 4, TRUE};    /* weeks from Sunday, fiscal year from April, named by its end */
static const Calendar early = {1, 10, FALSE};   /* fiscal year from October, named by its start */

static Day day(const char *text) {
  Day parsed = DAY_NONE;
  g_assert_true(day_parse_iso(text, &parsed));
  return parsed;
}

static void test_every_day_round_trips(void) {
  int year = 1, month = 1, day_of_month = 1, weekday = 1; /* 0001-01-01 was a Monday */
  for (Day d = day("0001-01-01"); d <= day("9999-12-31"); d++) {
    int y, m, dom;
    day_to_ymd(d, &y, &m, &dom);
    if (y != year || m != month || dom != day_of_month || day_from_ymd(y, m, dom) != d || day_weekday(d) != weekday)
      g_error("day %d is %d-%d-%d, want %d-%d-%d", d, y, m, dom, year, month, day_of_month);
    weekday = weekday % 7 + 1;
    if (++day_of_month > days_in_month(year, month)) {
      day_of_month = 1;
      month = month % 12 + 1;
      if (month == 1) year++;
    }
  }
  g_assert_cmpint(day("1970-01-01"), ==, 0);
  g_assert_cmpint(day_weekday(day("2024-02-29")), ==, 4);
}

static void test_parse_refuses(void) {
  static const char *const wrong[] = {"",           "2020-1-01",  "2020-01-1",   "2020-13-01", "2020-00-10", "2020-02-30",
                                      "2019-02-29", "1900-02-29", "2020/01/01",  "2020-01-01x", " 2020-01-01", "20200101",
                                      "0000-01-01", "-020-01-01", "2020-01-0a", "+020-01-01"};
  for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
    Day untouched = 77;
    g_assert_false(day_parse_iso(wrong[i], &untouched));
    g_assert_cmpint(untouched, ==, 77);
  }
  g_assert_false(day_parse_iso(NULL, &(Day){0}));
  g_assert_cmpint(day_from_ymd(2020, 2, 30), ==, DAY_NONE);
  g_assert_cmpint(day_from_ymd(10000, 1, 1), ==, DAY_NONE);
  g_assert_cmpint(day_from_ymd(2000, 2, 29), !=, DAY_NONE);
}

static void test_months_are_clipped(void) {
  g_assert_cmpint(day_add_months(day("2020-01-31"), 1), ==, day("2020-02-29"));
  g_assert_cmpint(day_add_months(day("2020-03-31"), -1), ==, day("2020-02-29"));
  g_assert_cmpint(day_add_months(day("2020-02-29"), 12), ==, day("2021-02-28"));
  g_assert_cmpint(day_add_months(day("2020-11-15"), 3), ==, day("2021-02-15"));
  g_assert_cmpint(day_add_months(day("2020-01-15"), -13), ==, day("2018-12-15"));
  g_assert_cmpint(day_add_months(day("2020-01-15"), G_MAXINT), ==, DAY_NONE);
  g_assert_cmpint(days_in_month(2023, 2), ==, 28);
  g_assert_cmpint(days_in_month(2023, 13), ==, 0);
}

static void test_unit_starts(void) {
  static const struct {
    const char *day;
    TimeUnit unit;
    const Calendar *calendar;
    const char *start, *next, *text;
  } cases[] = {
      {"2020-11-30", TIME_UNIT_DAY, &standard, "2020-11-30", "2020-12-01", "2020-11-30"},
      {"2020-11-29", TIME_UNIT_MONTH, &standard, "2020-11-01", "2020-12-01", "2020-11"},
      {"2020-11-29", TIME_UNIT_QUARTER, &standard, "2020-10-01", "2021-01-01", "2020-Q4"},
      {"2020-06-30", TIME_UNIT_HALF, &standard, "2020-01-01", "2020-07-01", "2020-H1"},
      {"2020-07-01", TIME_UNIT_HALF, &standard, "2020-07-01", "2021-01-01", "2020-H2"},
      {"2020-11-29", TIME_UNIT_YEAR, &standard, "2020-01-01", "2021-01-01", "2020"},
      {"2020-11-29", TIME_UNIT_FISCAL_YEAR, &standard, "2020-01-01", "2021-01-01", "FY2020"},
      {"2020-11-29", TIME_UNIT_FISCAL_YEAR, &retail, "2020-04-01", "2021-04-01", "FY2021"},
      {"2020-03-31", TIME_UNIT_FISCAL_YEAR, &retail, "2019-04-01", "2020-04-01", "FY2020"},
      {"2020-03-31", TIME_UNIT_FISCAL_QUARTER, &retail, "2020-01-01", "2020-04-01", "FY2020-Q4"},
      {"2020-04-01", TIME_UNIT_FISCAL_QUARTER, &retail, "2020-04-01", "2020-07-01", "FY2021-Q1"},
      {"2020-11-29", TIME_UNIT_FISCAL_YEAR, &early, "2020-10-01", "2021-10-01", "FY2020"},
      {"2020-09-30", TIME_UNIT_FISCAL_QUARTER, &early, "2020-07-01", "2020-10-01", "FY2019-Q4"},
      /* ISO weeks around the turn of years */
      {"2019-12-30", TIME_UNIT_WEEK, &standard, "2019-12-30", "2020-01-06", "2020-W01"},
      {"2021-01-03", TIME_UNIT_WEEK, &standard, "2020-12-28", "2021-01-04", "2020-W53"},
      {"2020-02-12", TIME_UNIT_WEEK, &standard, "2020-02-10", "2020-02-17", "2020-W07"},
      {"2017-01-01", TIME_UNIT_WEEK, &standard, "2016-12-26", "2017-01-02", "2016-W52"},
      {"2020-02-15", TIME_UNIT_WEEK, &retail, "2020-02-09", "2020-02-16", "2020-W07"},
  };
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    Day start = day_unit_start(day(cases[i].day), cases[i].unit, cases[i].calendar);
    g_autofree char *start_text = day_format_iso(start);
    Day next = day_unit_add(start, cases[i].unit, 1, cases[i].calendar);
    g_autofree char *next_text = day_format_iso(next);
    g_autofree char *text = day_format_unit(start, cases[i].unit, cases[i].calendar);
    g_assert_cmpstr(start_text, ==, cases[i].start);
    g_assert_cmpstr(next_text, ==, cases[i].next);
    g_assert_cmpstr(text, ==, cases[i].text);
    g_assert_cmpint(day_unit_add(next, cases[i].unit, -1, cases[i].calendar), ==, start);
  }
}

/* Every ISO week of 400 years: its Thursday decides the year, and the numbers run without a gap. */
static void test_iso_weeks_are_complete(void) {
  g_autofree char *previous = NULL;
  for (Day monday = day("1799-12-30"); monday < day("2200-01-01"); monday += 7) {
    g_assert_cmpint(day_unit_start(monday + 6, TIME_UNIT_WEEK, &standard), ==, monday);
    g_autofree char *text = day_format_unit(monday, TIME_UNIT_WEEK, &standard);
    int year = day_year(monday + 3);
    gboolean first = previous == NULL || text_leading_number(previous) != year;
    int number = first ? 1 : text_leading_number(previous + 6) + 1;
    g_autofree char *expected = g_strdup_printf("%04d-W%02d", year, number);
    g_assert_cmpstr(text, ==, expected);
    g_free(previous);
    previous = g_steal_pointer(&text);
  }
}

static void test_ranges_for_people(void) {
  static const struct {
    const char *from, *to;
    const Calendar *calendar;
    const char *expected;
  } cases[] = {
      {"2020-11-01", "2020-12-01", &standard, "November 2020"},
      {"2020-10-01", "2021-01-01", &standard, "Q4 2020"},
      {"2020-01-01", "2020-07-01", &standard, "H1 2020"},
      {"2019-01-01", "2020-01-01", &standard, "2019"},
      {"2011-12-01", "2011-12-10", &standard, "1-9 December 2011"},
      {"2011-12-09", "2011-12-10", &standard, "9 December 2011"},
      {"2017-01-01", "2021-01-01", &standard, "2017 to 2020"},
      {"2020-03-01", "2020-06-01", &standard, "March to May 2020"},
      {"2020-11-01", "2021-02-01", &standard, "November 2020 to January 2021"},
      {"2020-11-28", "2020-12-03", &standard, "28 November to 2 December 2020"},
      {"2020-12-28", "2021-01-04", &standard, "28 December 2020 to 3 January 2021"},
      {"2020-04-01", "2021-04-01", &retail, "FY2021"},
      {"2020-04-01", "2020-07-01", &early, "Q2 2020"},
      {"2020-04-01", "2020-04-01", &standard, "no days"},
  };
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *text = day_range_describe(day(cases[i].from), day(cases[i].to), cases[i].calendar);
    g_assert_cmpstr(text, ==, cases[i].expected);
  }
}

static void test_unit_names_round_trip(void) {
  for (TimeUnit unit = TIME_UNIT_HOUR; unit <= TIME_UNIT_FISCAL_YEAR; unit++) {
    TimeUnit parsed = TIME_UNIT_NONE;
    g_assert_true(time_unit_parse(time_unit_name(unit), &parsed));
    g_assert_cmpint(parsed, ==, unit);
  }
  TimeUnit untouched = TIME_UNIT_DAY;
  g_assert_false(time_unit_parse("fortnight", &untouched));
  g_assert_false(time_unit_parse("none", &untouched));
  g_assert_false(time_unit_parse(NULL, &untouched));
  g_assert_cmpint(untouched, ==, TIME_UNIT_DAY);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/date/every-day-round-trips", test_every_day_round_trips);
  g_test_add_func("/date/parse-refuses", test_parse_refuses);
  g_test_add_func("/date/months-are-clipped", test_months_are_clipped);
  g_test_add_func("/date/unit-starts", test_unit_starts);
  g_test_add_func("/date/iso-weeks-are-complete", test_iso_weeks_are_complete);
  g_test_add_func("/date/ranges-for-people", test_ranges_for_people);
  g_test_add_func("/date/unit-names-round-trip", test_unit_names_round_trip);
  return g_test_run();
}
