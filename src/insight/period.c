/* Periods that are not over: the data, or the time asked about, ends well before they do. */
#include "insight/view.h"
#include <string.h>

#define PARTIAL_MIN_ROWS 3  /* two others are there to be compared */
#define PARTIAL_MOST_DAYS 3 /* so many days without rows at the end are a weekend, not a part */

/* First day of "2024", "2024-H1", "2024-Q3", "2024-06", "2024-W07"; DAY_NONE: another unit. */
static Day period_start(const char *text, TimeUnit unit, const Calendar *calendar) {
  int year = text_leading_number(text);
  int part = strlen(text) > 5 ? text_leading_number(text + strcspn(text + 5, "0123456789") + 5) : 1;
  switch (unit) {
  case TIME_UNIT_YEAR: return day_from_ymd(year, 1, 1);
  case TIME_UNIT_HALF: return day_from_ymd(year, 6 * part - 5, 1);
  case TIME_UNIT_QUARTER: return day_from_ymd(year, 3 * part - 2, 1);
  case TIME_UNIT_MONTH: return day_from_ymd(year, part, 1);
  case TIME_UNIT_WEEK: return day_unit_start(day_from_ymd(year, 1, 4), TIME_UNIT_WEEK, calendar) + 7 * (part - 1);
  default: return DAY_NONE;
  }
}

gboolean view_is_partial(const ResultView *view, gsize row) {
  if (view->dimensions->len != 1 || !view_dimension(view, 0)->is_time) return FALSE;
  const ViewDimension *dimension = view_dimension(view, 0);
  const Value *cell = result_table_at(view->input->result, row, dimension->column);
  Calendar usual = CALENDAR_DEFAULT;
  const Calendar *calendar = view->input->model != NULL ? &view->input->model->calendar : &usual;
  if (view->input->data_through <= 0 || cell->type != VALUE_TEXT || view->n_rows < PARTIAL_MIN_ROWS) return FALSE;
  Day start = period_start(cell->text, dimension->unit, calendar), through = view->input->data_through;
  if (start == DAY_NONE) return FALSE;
  int year, month, day;
  day_to_ymd(through, &year, &month, &day);
  gboolean by_month = day == 1 && dimension->unit != TIME_UNIT_WEEK; /* rows dated by the first of their month */
  const TimeRange *time = &view->query->time;
  gboolean cut = time->kind == TIME_ABSOLUTE && time->to != DAY_NONE && time->to <= through;
  if (cut) through = time->to - 1;
  return !(by_month && !cut) && through >= start && day_unit_add(start, dimension->unit, 1, calendar) - 1 - through > PARTIAL_MOST_DAYS;
}
