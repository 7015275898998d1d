/*
 * Dates, times of day and timestamps as they are written in files. A numeric date is valid under one or more orders of
 * its parts; which order holds is decided over a whole column. Pure functions.
 */
#pragma once
#include "base/base.h"

typedef enum { DATE_ORDER_YMD, DATE_ORDER_DMY, DATE_ORDER_MDY, DATE_ORDER_COUNT } DateOrder;
#define DATE_ORDER_BIT(order) (1u << (order))

typedef struct {
  gboolean is_date;
  guint orders;     /* DATE_ORDER_BITs under which this is an existing day; named months and ISO have one reading */
  gboolean settled; /* only one reading by its form: four-digit year first, or a named month */
  gboolean named_month, two_digit_year, compact;
  char separator;            /* '/', '-', '.', ' ' */
  Day day[DATE_ORDER_COUNT]; /* for settled dates all are the same */
  gboolean has_time;
  gint64 microseconds; /* of the day */
  gboolean has_offset;
  int offset_minutes;
} DateScan;

void date_scan(const char *text, gsize length, DateScan *scan);

/* "13:08", "1:08:30 PM", "9:05". FALSE for anything else. */
gboolean time_scan(const char *text, gsize length, gint64 *microseconds);
/* "HH:MM:SS" */
void time_append(GString *out, gint64 microseconds);
void date_append(GString *out, Day day);
/* "YYYY-MM-DD HH:MM:SS[.ffffff]" */
void timestamp_append(GString *out, Day day, gint64 microseconds);
