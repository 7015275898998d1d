/*
 * The language of time: "Q4 2020", "1-9 December 2011", "last 3 months", "since March", "so far", "on Mondays after 6 pm".
 * A mention may be partial ("March": no year) until the question or the data supplies the year.
 */
#pragma once
#include "ask/token.h"
#include "query/query.h"

/* A named stretch of the calendar; year 0: not said. */
typedef struct {
  TimeUnit unit; /* DAY, WEEK, MONTH, QUARTER, HALF, YEAR, FISCAL_*; NONE: no point */
  int year;
  int index;     /* month 1..12, quarter 1..4, half 1..2, week 1..53 */
  int day;       /* DAY: day of month */
} TimePoint;

typedef enum {
  TIME_MENTION_NONE,
  TIME_MENTION_POINT,    /* one point */
  TIME_MENTION_SPAN,     /* from point to point, both included; also a baseline and what is compared with it */
  TIME_MENTION_SINCE,    /* from the point's start */
  TIME_MENTION_AFTER,    /* from the point's end */
  TIME_MENTION_BEFORE,   /* up to the point's start */
  TIME_MENTION_UNTIL,    /* up to the point's end */
  TIME_MENTION_RELATIVE, /* `range` */
  TIME_MENTION_CYCLIC    /* a filter on a cyclic part of the date */
} TimeMentionKind;

typedef struct {
  TimeMentionKind kind;
  guint first, count;  /* tokens */
  TimePoint from, to;  /* SPAN both; else `from` */
  gboolean with_from;  /* SPAN introduced by from/between: "from Q2 to Q3" */
  TimeRange range;     /* RELATIVE */
  Cyclic cyclic;       /* CYCLIC */
  Operator op;
  char *values[2];     /* CYCLIC, owned */
} TimeMention;

/* All time mentions, in order, not overlapping. `calendar` decides fiscal years. (transfer full) */
GArray *time_mentions_find(const GArray *tokens, const Calendar *calendar);
/* Absolute range of a complete point; FALSE for a partial or impossible one. */
gboolean time_point_range(const TimePoint *point, const Calendar *calendar, TimeRange *out);
gboolean time_point_is_partial(const TimePoint *point);
/* Absolute (or relative) range of a mention whose points are complete. */
gboolean time_mention_range(const TimeMention *mention, const Calendar *calendar, TimeRange *out);
/* 0: not a number word. "three" -> 3, "fifth" -> 5 with *ordinal. Digits too ("5", "5th"). */
int number_word(const Token *token, gboolean *ordinal);
