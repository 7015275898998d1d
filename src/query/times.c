/* Time in SQL: ranges, buckets, the cyclic parts of a date. */
#include "query/compiler.h"
#include <stdlib.h>
#include <string.h>

char *time_range_sql(Compiler *compiler, const TimeRange *range, const char *date) {
  if (range->kind != TIME_ABSOLUTE || (range->from == DAY_NONE && range->to == DAY_NONE)) return NULL;
  g_autofree char *from = range->from == DAY_NONE ? NULL : sql_date_value(compiler->pool, range->from);
  g_autofree char *to = range->to == DAY_NONE ? NULL : sql_date_value(compiler->pool, range->to);
  if (from && to) return g_strdup_printf("%s >= %s AND %s < %s", date, from, date, to);
  return from ? g_strdup_printf("%s >= %s", date, from) : g_strdup_printf("%s < %s", date, to);
}

int time_unit_months(TimeUnit unit) {
  switch (unit) {
  case TIME_UNIT_MONTH: return 1;
  case TIME_UNIT_QUARTER:
  case TIME_UNIT_FISCAL_QUARTER: return 3;
  case TIME_UNIT_HALF: return 6;
  case TIME_UNIT_YEAR:
  case TIME_UNIT_FISCAL_YEAR: return 12;
  default: return 0;
  }
}

/* " + INTERVAL 1 MONTH"; empty for no shift. (transfer full) */
static char *interval_sql(int count, TimeUnit unit) {
  if (!count) return g_strdup("");
  const char *sign = count < 0 ? "-" : "+";
  int size = abs(count), months = time_unit_months(unit) * size;
  if (months % 12 == 0 && months) return g_strdup_printf(" %s INTERVAL %d YEAR", sign, months / 12);
  if (months) return g_strdup_printf(" %s INTERVAL %d MONTH", sign, months);
  if (unit == TIME_UNIT_HOUR) return g_strdup_printf(" %s INTERVAL %d HOUR", sign, size);
  return g_strdup_printf(" %s INTERVAL %d DAY", sign, unit == TIME_UNIT_WEEK ? 7 * size : size);
}

/* date_trunc over a calendar that starts `ahead` later than the engine's, moved on. */
static char *truncated(const char *part, const char *date, int ahead, TimeUnit ahead_unit, const char *shift) {
  g_autofree char *back = interval_sql(-ahead, ahead_unit), *forth = interval_sql(ahead, ahead_unit);
  return g_strdup_printf("CAST(date_trunc('%s', %s%s)%s%s AS DATE)", part, date, back, forth, shift);
}

char *time_bucket_sql(const char *date, TimeUnit unit, FieldType type, int count, TimeUnit shift_unit,
                      const Calendar *calendar) {
  g_autofree char *shift = interval_sql(count, shift_unit);
  int fiscal = calendar->fiscal_start_month > 1 ? calendar->fiscal_start_month - 1 : 0;
  switch (unit) {
  case TIME_UNIT_HOUR: return g_strdup_printf("date_trunc('hour', CAST(%s AS TIMESTAMP))%s", date, shift);
  case TIME_UNIT_WEEK:
    return truncated("week", date, calendar->week_start > 1 ? calendar->week_start - 8 : 0, TIME_UNIT_DAY, shift);
  case TIME_UNIT_MONTH: return truncated("month", date, 0, TIME_UNIT_MONTH, shift);
  case TIME_UNIT_QUARTER: return truncated("quarter", date, 0, TIME_UNIT_MONTH, shift);
  case TIME_UNIT_HALF:
    return *shift
               ? g_strdup_printf("CAST(make_date(year(%s), CASE WHEN month(%s) <= 6 THEN 1 ELSE 7 END, 1)%s AS DATE)",
                                 date, date, shift)
               : g_strdup_printf("make_date(year(%s), CASE WHEN month(%s) <= 6 THEN 1 ELSE 7 END, 1)", date, date);
  case TIME_UNIT_YEAR: return truncated("year", date, 0, TIME_UNIT_MONTH, shift);
  case TIME_UNIT_FISCAL_QUARTER: return truncated("quarter", date, fiscal % 3, TIME_UNIT_MONTH, shift);
  case TIME_UNIT_FISCAL_YEAR: return truncated("year", date, fiscal, TIME_UNIT_MONTH, shift);
  default: return type == FIELD_DATE && !*shift ? g_strdup(date) : g_strdup_printf("CAST(%s%s AS DATE)", date, shift);
  }
}

char *time_bucket_display(const char *key, TimeUnit unit, const Calendar *calendar) {
  int fiscal = calendar->fiscal_start_month > 1 ? calendar->fiscal_start_month - 1 : 0;
  /* A fiscal year is named by the calendar year it ends or starts in; its start lies `fiscal` months into the latter.
   */
  int named = fiscal && calendar->fiscal_named_by_end ? 12 - fiscal : -fiscal;
  g_autofree char *moved = interval_sql(named, TIME_UNIT_MONTH), *back = interval_sql(-fiscal, TIME_UNIT_MONTH);
  switch (unit) {
  case TIME_UNIT_WEEK:
    if (calendar->week_start <= 1) return g_strdup_printf("strftime(%s, '%%G-W%%V')", key);
    /* A week belongs to the year of its fourth day, and is counted by it. */
    return g_strdup_printf("strftime(%s + INTERVAL 3 DAY, '%%Y-W') || "
                           "lpad(CAST((dayofyear(%s + INTERVAL 3 DAY) - 1) // 7 + 1 AS VARCHAR), 2, '0')",
                           key, key);
  case TIME_UNIT_MONTH: return g_strdup_printf("strftime(%s, '%%Y-%%m')", key);
  case TIME_UNIT_QUARTER: return g_strdup_printf("strftime(%s, '%%Y') || '-Q' || quarter(%s)", key, key);
  case TIME_UNIT_HALF:
    return g_strdup_printf("strftime(%s, '%%Y') || CASE WHEN month(%s) <= 6 THEN '-H1' ELSE '-H2' END", key, key);
  case TIME_UNIT_YEAR: return g_strdup_printf("strftime(%s, '%%Y')", key);
  case TIME_UNIT_FISCAL_QUARTER:
    return g_strdup_printf("'FY' || year(%s%s) || '-Q' || quarter(%s%s)", key, moved, key, back);
  case TIME_UNIT_FISCAL_YEAR: return g_strdup_printf("'FY' || year(%s%s)", key, moved);
  default: return g_strdup(key);
  }
}

/* ---- cyclic parts ---- */
static const char *const weekdays[] = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};
static const char *const months[] = {"January", "February", "March",     "April",   "May",      "June",
                                     "July",    "August",   "September", "October", "November", "December"};
static const struct {
  Cyclic cyclic;
  const char *name, *function; /* of the engine */
  int least, most;
} cyclics[] = {{CYCLIC_HOUR_OF_DAY, "hour_of_day", "hour", 0, 23},
               {CYCLIC_WEEKDAY, "weekday", "isodow", 1, 7},
               {CYCLIC_DAY_OF_MONTH, "day_of_month", "day", 1, 31},
               {CYCLIC_WEEK_OF_YEAR, "week_of_year", "weekofyear", 1, 53},
               {CYCLIC_MONTH_OF_YEAR, "month_of_year", "month", 1, 12},
               {CYCLIC_QUARTER_OF_YEAR, "quarter_of_year", "quarter", 1, 4},
               {CYCLIC_WEEKEND, "weekend", "isodow", 0, 1}};

const char *cyclic_name(Cyclic cyclic) {
  for (guint i = 0; i < G_N_ELEMENTS(cyclics); i++)
    if (cyclics[i].cyclic == cyclic) return cyclics[i].name;
  return "";
}

gboolean cyclic_parse(const char *name, Cyclic *out) {
  for (guint i = 0; i < G_N_ELEMENTS(cyclics); i++)
    if (g_str_equal(cyclics[i].name, name)) {
      *out = cyclics[i].cyclic;
      return TRUE;
    }
  return FALSE;
}

char *cyclic_sql(const char *date, Cyclic cyclic, FieldType type) {
  if (cyclic == CYCLIC_HOUR_OF_DAY && type == FIELD_TIME) /* kept as text HH:MM:SS */
    return g_strdup_printf("CAST(left(%s, 2) AS INTEGER)", date);
  for (guint i = 0; i < G_N_ELEMENTS(cyclics); i++)
    if (cyclics[i].cyclic == cyclic)
      return g_strdup_printf(cyclic == CYCLIC_WEEKEND ? "%s(%s) >= 6" : "%s(%s)", cyclics[i].function, date);
  return g_strdup("NULL");
}

static char *name_list(const char *const *names, guint count) {
  GString *list = g_string_new("[");
  for (guint i = 0; i < count; i++) g_string_append_printf(list, "%s'%s'", i ? ", " : "", names[i]);
  return g_string_free(g_string_append_c(list, ']'), FALSE);
}

char *cyclic_display(const char *key, Cyclic cyclic) {
  if (cyclic == CYCLIC_WEEKEND)
    return g_strdup_printf("CASE %s WHEN TRUE THEN 'weekend' WHEN FALSE THEN 'weekday' END", key);
  if (cyclic == CYCLIC_QUARTER_OF_YEAR) return g_strdup_printf("'Q' || %s", key);
  if (cyclic != CYCLIC_WEEKDAY && cyclic != CYCLIC_MONTH_OF_YEAR) return g_strdup(key);
  g_autofree char *names = cyclic == CYCLIC_WEEKDAY ? name_list(weekdays, 7) : name_list(months, 12);
  return g_strdup_printf("%s[%s]", names, key);
}

/* A full name or its first three letters. */
static int name_number(const char *const *names, int count, const char *text) {
  for (int i = 0; i < count; i++)
    if (g_ascii_strcasecmp(names[i], text) == 0 || (strlen(text) == 3 && g_ascii_strncasecmp(names[i], text, 3) == 0))
      return i + 1;
  return 0;
}

gboolean cyclic_value(Cyclic cyclic, const char *text, int *out) {
  int number = cyclic == CYCLIC_WEEKDAY         ? name_number(weekdays, 7, text)
               : cyclic == CYCLIC_MONTH_OF_YEAR ? name_number(months, 12, text)
                                                : 0;
  if (number) {
    *out = number;
    return TRUE;
  }
  if (cyclic == CYCLIC_WEEKEND && (g_str_equal(text, "true") || g_str_equal(text, "false"))) {
    *out = g_str_equal(text, "true");
    return TRUE;
  }
  const char *digits = cyclic == CYCLIC_QUARTER_OF_YEAR && (*text == 'Q' || *text == 'q') ? text + 1 : text;
  char *end = NULL;
  long value = strtol(digits, &end, 10);
  for (guint i = 0; i < G_N_ELEMENTS(cyclics); i++)
    if (cyclics[i].cyclic == cyclic && end > digits && !*end && value >= cyclics[i].least && value <= cyclics[i].most) {
      *out = (int)value;
      return TRUE;
    }
  return FALSE;
}
