/* Buckets of time in SQL are those of base/date.h: same starts, same names, for every unit and calendar. */
#include "query/compiler.h"
#include "unit/query/shop.h"

static const TimeUnit units[] = {TIME_UNIT_DAY,  TIME_UNIT_WEEK, TIME_UNIT_MONTH,          TIME_UNIT_QUARTER,
                                 TIME_UNIT_HALF, TIME_UNIT_YEAR, TIME_UNIT_FISCAL_QUARTER, TIME_UNIT_FISCAL_YEAR};
static const Calendar calendars[] = {{1, 1, TRUE}, {7, 4, TRUE},   {6, 7, FALSE},
                                     {3, 2, TRUE}, {2, 12, FALSE}, {7, 10, FALSE}};

static char *bucket_query(TimeUnit unit, const Calendar *calendar, int shift) {
  g_autofree char *key = time_bucket_sql("day", unit, FIELD_DATE, shift, unit, calendar);
  g_autofree char *name = time_bucket_display("bucket", unit, calendar);
  return g_strdup_printf("SELECT day, bucket, CAST(%s AS VARCHAR) AS name FROM (SELECT day, %s AS bucket FROM "
                         "(SELECT CAST(unnest(generate_series(DATE '2014-12-20', DATE '2028-01-15', INTERVAL 1 DAY)) "
                         "AS DATE) AS day) AS days) AS buckets",
                         name, key);
}

static void check_unit(Engine *engine, TimeUnit unit, const Calendar *calendar, int shift) {
  g_autofree char *sql = bucket_query(unit, calendar, shift);
  g_autoptr(GError) error = NULL;
  g_autoptr(ResultTable) result = engine_select(engine, sql, NULL, 0, deadline_in_ms(20000, NULL), &error);
  g_assert_no_error(error);
  g_assert_cmpuint(result->n_rows, >, 4000);
  for (gsize row = 0; row < result->n_rows; row++) {
    Day day = (Day)result_table_at(result, row, 0)->integer, found = (Day)result_table_at(result, row, 1)->integer;
    Day expected = day_unit_add(day_unit_start(day, unit, calendar), unit, shift, calendar);
    if (found != expected)
      g_test_message("%s of day %d, week %d, fiscal %d", time_unit_name(unit), day, calendar->week_start,
                     calendar->fiscal_start_month);
    g_assert_cmpint(found, ==, expected);
    g_autofree char *name = day_format_unit(expected, unit, calendar);
    g_assert_cmpstr(result_table_at(result, row, 2)->text, ==, name);
  }
}

static void check_buckets(gconstpointer data) {
  Engine *engine = (Engine *)data;
  for (guint u = 0; u < G_N_ELEMENTS(units); u++)
    for (guint c = 0; c < G_N_ELEMENTS(calendars); c++) check_unit(engine, units[u], &calendars[c], 0);
}

static void check_shifted_buckets(gconstpointer data) {
  Engine *engine = (Engine *)data;
  for (guint u = 0; u < G_N_ELEMENTS(units); u++) {
    check_unit(engine, units[u], &calendars[1], 1);
    check_unit(engine, units[u], &calendars[2], -3);
  }
}

static void check_cyclic_values(gconstpointer data) {
  (void)data;
  static const struct {
    Cyclic cyclic;
    const char *text;
    int number; /* -1: no such value */
  } cases[] = {
      {CYCLIC_WEEKDAY, "Monday", 1},        {CYCLIC_WEEKDAY, "sun", 7},       {CYCLIC_WEEKDAY, "8", -1},
      {CYCLIC_MONTH_OF_YEAR, "May", 5},     {CYCLIC_MONTH_OF_YEAR, "12", 12}, {CYCLIC_MONTH_OF_YEAR, "Juneteenth", -1},
      {CYCLIC_HOUR_OF_DAY, "0", 0},         {CYCLIC_HOUR_OF_DAY, "24", -1},   {CYCLIC_QUARTER_OF_YEAR, "Q3", 3},
      {CYCLIC_QUARTER_OF_YEAR, "5", -1},    {CYCLIC_WEEKEND, "true", 1},      {CYCLIC_WEEKEND, "false", 0},
      {CYCLIC_DAY_OF_MONTH, "31", 31},      {CYCLIC_DAY_OF_MONTH, "", -1},    {CYCLIC_WEEK_OF_YEAR, "53", 53},
      {CYCLIC_HOUR_OF_DAY, "9 o'clock", -1}};
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    int number = -1;
    gboolean known = cyclic_value(cases[i].cyclic, cases[i].text, &number);
    g_assert_cmpint(known, ==, cases[i].number >= 0);
    if (known) g_assert_cmpint(number, ==, cases[i].number);
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  EngineOptions options = {.threads = 1};
  g_autoptr(GError) error = NULL;
  Engine *engine = engine_open_duckdb(&options, &error);
  g_assert_no_error(error);
  g_test_add_data_func("/query/times/buckets", engine, check_buckets);
  g_test_add_data_func("/query/times/shifted_buckets", engine, check_shifted_buckets);
  g_test_add_data_func("/query/times/cyclic_values", engine, check_cyclic_values);
  int status = g_test_run();
  engine_unref(engine);
  return status;
}
