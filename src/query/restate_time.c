/* Periods in words. */
#include "query/restate.h"
#include <stdlib.h>

static const char *const months[] = {"January", "February", "March",     "April",   "May",      "June",
                                     "July",    "August",   "September", "October", "November", "December"};

static char *day_words(Day day) {
  int year, month, day_of_month;
  day_to_ymd(day, &year, &month, &day_of_month);
  return g_strdup_printf("%d %s %d", day_of_month, months[month - 1], year);
}

/* "2020", "November 2020", "Q4 2020": one unit that has a name. NULL: none. */
static char *unit_words(const TimeRange *range, const Calendar *calendar) {
  static const TimeUnit units[] = {TIME_UNIT_YEAR, TIME_UNIT_HALF, TIME_UNIT_QUARTER, TIME_UNIT_MONTH};
  for (guint i = 0; i < G_N_ELEMENTS(units); i++)
    if (day_unit_start(range->from, units[i], calendar) == range->from &&
        day_unit_add(range->from, units[i], 1, calendar) == range->to)
      return day_range_describe(range->from, range->to, calendar);
  return NULL;
}

static gboolean starts(Day day, TimeUnit unit, const Calendar *calendar) {
  return day_unit_start(day, unit, calendar) == day;
}

/* "2017 to 2020", "March 2019 to May 2020", "3 March 2019 to 9 May 2019": both ends included. */
static char *span_words(const TimeRange *range, const Calendar *calendar) {
  Day last = range->to - 1;
  if (starts(range->from, TIME_UNIT_YEAR, calendar) && starts(range->to, TIME_UNIT_YEAR, calendar))
    return g_strdup_printf("%d to %d", day_year(range->from), day_year(last));
  if (starts(range->from, TIME_UNIT_MONTH, calendar) && starts(range->to, TIME_UNIT_MONTH, calendar))
    return g_strdup_printf("%s %d to %s %d", months[day_month(range->from) - 1], day_year(range->from),
                           months[day_month(last) - 1], day_year(last));
  g_autofree char *from = day_words(range->from), *to = day_words(last);
  return g_strdup_printf("%s to %s", from, to);
}

static char *absolute_words(const TimeRange *range, const Model *model, gboolean bare) {
  const Calendar *calendar = &model->calendar;
  if (range->from == DAY_NONE || range->to == DAY_NONE) {
    g_autofree char *day = day_words(range->from != DAY_NONE ? range->from : range->to);
    return g_strdup_printf(range->from != DAY_NONE ? "since %s" : "before %s", day);
  }
  g_autofree char *unit = unit_words(range, calendar);
  if (unit) return bare ? g_steal_pointer(&unit) : g_strdup_printf("in %s", unit);
  if (range->to == range->from + 1) {
    g_autofree char *day = day_words(range->from);
    return bare ? g_steal_pointer(&day) : g_strdup_printf("on %s", day);
  }
  g_autofree char *span = span_words(range, calendar);
  return bare ? g_steal_pointer(&span) : g_strdup_printf("from %s", span);
}

static char *units_words(const TimeRange *range) {
  g_autofree char *unit = g_strdelimit(g_strdup(time_unit_name(range->unit)), "_", ' ');
  int offset = range->offset, count = MAX(range->count, 1);
  gboolean is_day = range->unit == TIME_UNIT_DAY;
  if (count == 1 && offset >= -1 && offset <= 1) {
    static const char *const days[] = {"yesterday", "today", "tomorrow"}, *const words[] = {"last", "this", "next"};
    return is_day ? g_strdup(days[offset + 1]) : g_strdup_printf("%s %s", words[offset + 1], unit);
  }
  if (count == 1) return g_strdup_printf(offset < 0 ? "%d %ss ago" : "%d %ss ahead", abs(offset), unit);
  if (offset == -count) return g_strdup_printf("the last %d complete %ss", count, unit);
  if (offset == 1) return g_strdup_printf("the next %d %ss", count, unit);
  return g_strdup_printf("%d %ss starting %d %ss %s", count, unit, abs(offset), unit, offset < 0 ? "ago" : "ahead");
}

static char *relative_words(const TimeRange *range) {
  g_autofree char *unit = g_strdelimit(g_strdup(time_unit_name(range->unit)), "_", ' ');
  if (range->kind == TIME_UNITS) return units_words(range);
  if (range->kind == TIME_ROLLING)
    return g_strdup_printf("the last %d %ss%s", range->count, unit, range->unit == TIME_UNIT_DAY ? "" : " up to today");
  if (!range->offset) return g_strdup_printf("%s to date", unit);
  return g_strdup_printf(range->offset == -1 ? "last %s to date" : "%s to date %d %ss ago", unit, abs(range->offset),
                         unit);
}

static gboolean is_unrestricted(const TimeRange *range) {
  return range->kind == TIME_ALL || (range->kind == TIME_ABSOLUTE && range->from == DAY_NONE && range->to == DAY_NONE);
}

char *restate_period(const TimeRange *range, const Model *model) {
  if (is_unrestricted(range)) return NULL;
  return range->kind == TIME_ABSOLUTE ? absolute_words(range, model, TRUE) : relative_words(range);
}

char *restate_time(const TimeRange *range, const Model *model) {
  if (is_unrestricted(range)) return NULL;
  if (range->kind == TIME_ABSOLUTE) return absolute_words(range, model, FALSE);
  g_autofree char *words = relative_words(range);
  return g_str_has_prefix(words, "the ") ? g_strdup_printf("in %s", words) : g_steal_pointer(&words);
}

/* ---- which data ---- */
char *restate_data_short(const DataRef *ref, const Model *model) {
  switch (ref->kind) {
  case DATA_NOW: return g_strdup("now");
  case DATA_SNAPSHOT: return g_strdup(ref->name);
  case DATA_TAKEN:
  case DATA_AT: return restate_period(&ref->time, model);
  case DATA_NEWEST: return g_strdup("newest snapshot");
  case DATA_PREVIOUS: return g_strdup("previous snapshot");
  case DATA_OLDEST: return g_strdup("oldest snapshot");
  }
  return NULL;
}

char *restate_data(const DataRef *ref, const Model *model) {
  g_autofree char *what = restate_data_short(ref, model);
  switch (ref->kind) {
  case DATA_NOW: return g_strdup("the current data");
  case DATA_SNAPSHOT: return g_strdup_printf("the snapshot \"%s\"", what);
  case DATA_TAKEN: return g_strdup_printf("the snapshot of %s", what);
  case DATA_AT: return g_strdup_printf("the data of %s", what);
  case DATA_NEWEST:
  case DATA_PREVIOUS:
  case DATA_OLDEST: break;
  }
  return g_strdup_printf("the %s", what);
}

char *restate_data_place(const DataRef *ref, const Model *model) {
  if (ref->kind == DATA_NOW) return NULL;
  g_autofree char *words = ref->kind == DATA_AT ? restate_time(&ref->time, model) : restate_data(ref, model);
  return g_strdup_printf(ref->kind == DATA_AT ? "as it was reported %s" : "in %s", words);
}
