/* Earlier periods for series: where the buckets lie that each bucket is compared with. */
#include "query/compiler.h"

/* The exclusive end moved by months: ends of months stay ends of months. */
static Day end_add_months(Day to_exclusive, int months) {
  int year, month, day;
  day_to_ymd(to_exclusive, &year, &month, &day);
  return day == 1 ? day_add_months(to_exclusive, months) : day_add_months(to_exclusive - 1, months) + 1;
}

/* A range that ends within a unit is compared with as many days of the unit before. */
static Day end_one_unit_earlier(Day to, TimeUnit unit, const Calendar *calendar) {
  Day start = day_unit_start(to, unit, calendar);
  return day_unit_add(start, unit, -1, calendar) + (to - start);
}

TimeRange time_range_earlier(const TimeRange *range, TimeUnit unit, gboolean year, const Calendar *calendar) {
  TimeRange earlier = *range;
  if (range->kind != TIME_ABSOLUTE) return earlier;
  TimeUnit step = unit == TIME_UNIT_HOUR ? TIME_UNIT_DAY : unit;
  if (range->from != DAY_NONE)
    earlier.from = !year ? day_unit_add(day_unit_start(range->from, step, calendar), step, -1, calendar)
                   : unit == TIME_UNIT_WEEK ? day_unit_start(range->from, unit, calendar) - 364
                                            : day_add_months(range->from, -12);
  if (range->to != DAY_NONE)
    earlier.to = !year                    ? end_one_unit_earlier(range->to, step, calendar)
                 : unit == TIME_UNIT_WEEK ? range->to - 364
                                          : end_add_months(range->to, -12);
  return earlier;
}

int time_range_distance(const TimeRange *range, const TimeRange *earlier, TimeUnit unit, TimeUnit *shift_unit,
                        const Calendar *calendar) {
  if (time_unit_months(unit)) {
    int years[2], months[2], days;
    day_to_ymd(day_unit_start(range->from, unit, calendar), &years[0], &months[0], &days);
    day_to_ymd(day_unit_start(earlier->from, unit, calendar), &years[1], &months[1], &days);
    *shift_unit = TIME_UNIT_MONTH;
    return (years[0] - years[1]) * 12 + months[0] - months[1];
  }
  TimeUnit step = unit == TIME_UNIT_HOUR ? TIME_UNIT_DAY : unit;
  *shift_unit = TIME_UNIT_DAY;
  return day_unit_start(range->from, step, calendar) - day_unit_start(earlier->from, step, calendar);
}
