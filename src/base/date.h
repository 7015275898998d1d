/*
 * Civil dates as day numbers (days since 1970-01-01, proleptic Gregorian), and calendar units.
 * Pure functions; no time zones: a company's day is decided before a value gets here.
 * Conversions follow Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
 */
#pragma once
#include <glib.h>

typedef gint32 Day; /* days since 1970-01-01 */
#define DAY_NONE G_MININT32

typedef enum { TIME_UNIT_NONE, TIME_UNIT_HOUR, TIME_UNIT_DAY, TIME_UNIT_WEEK, TIME_UNIT_MONTH, TIME_UNIT_QUARTER,
               TIME_UNIT_HALF, TIME_UNIT_YEAR, TIME_UNIT_FISCAL_QUARTER, TIME_UNIT_FISCAL_YEAR } TimeUnit;

/* How a company counts its weeks and years. */
typedef struct {
  int week_start;         /* 1 Monday .. 7 Sunday; ISO weeks when 1 */
  int fiscal_start_month; /* 1..12; 1: the fiscal year is the calendar year */
  gboolean fiscal_named_by_end; /* FY2024 ends in 2024 (when fiscal_start_month > 1) */
} Calendar;
#define CALENDAR_DEFAULT ((Calendar){1, 1, TRUE})

Day day_from_ymd(int year, int month, int day); /* DAY_NONE when there is no such day */
void day_to_ymd(Day day, int *year, int *month, int *day_of_month);
int day_year(Day day);
int day_month(Day day);
int day_weekday(Day day); /* 1 Monday .. 7 Sunday */
Day day_add_months(Day day, int months); /* day of month clipped to the month's end */
int days_in_month(int year, int month);
gboolean day_parse_iso(const char *text, Day *out); /* exactly YYYY-MM-DD */
char *day_format_iso(Day day); /* (transfer full) */

/* First day of the unit that holds `day`; of the unit `count` units later (negative: earlier). DAY and finer: itself. */
Day day_unit_start(Day day, TimeUnit unit, const Calendar *calendar);
Day day_unit_add(Day unit_start, TimeUnit unit, int count, const Calendar *calendar);
const char *time_unit_name(TimeUnit unit); /* "month"; (transfer none) */
gboolean time_unit_parse(const char *name, TimeUnit *out); /* also "fiscal_year" */
/* "2020", "2020-Q4", "2020-11", "2020-W07", "2020-H1", "2020-11-30", "FY2020", "FY2020-Q1". (transfer full) */
char *day_format_unit(Day unit_start, TimeUnit unit, const Calendar *calendar);
/* A half-open range for people: "November 2020", "Q4 2020", "2019", "1-9 December 2011", "2017 to 2020". (transfer full) */
char *day_range_describe(Day from, Day to_exclusive, const Calendar *calendar);
Day day_today(void); /* local civil date of the wall clock */
