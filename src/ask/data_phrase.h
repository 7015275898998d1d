/*
 * What a question says about the data itself: over which snapshot it is asked, or which two states of the data are held
 * against each other. "revenue by region as of last Monday's snapshot", "how did revenue of October change between the
 * snapshots of week 46 and week 47", "as it was reported on 3 November". "As of" and a date alone only move the calendar.
 * The rest of the question is read as any other.
 */
#pragma once
#include "query/query.h"

typedef struct {
  DataRef data;       /* which data; DATA_NOW where only a baseline is named */
  gboolean names_data; /* `data` was said ("in the current data" as well) */
  gboolean compares;  /* `baseline` was said */
  DataRef baseline;
  gboolean ranks;     /* "changed most", "top 3 by change": by the size of the change */
  gboolean relative;  /* ... by growth */
  gboolean why;       /* "why did it change": only its numbers are told */
  Toward toward;      /* "rose between": what the question takes for granted */
  char *rest;         /* the question with blanks for all of this: positions stay */
  int start, length;  /* bytes that named it, for "understood" */
} DataPhrase;

/*
 * NULL: the question says nothing about it. `names`: snapshots that are there (of char*); `today` is what "last Monday"
 * counts from; `own_word`: the tables have snapshots of their own (of stock), so that a name that is not known is left
 * to the rest of the question. (transfer full)
 */
DataPhrase *data_phrase_find(const char *question, const GPtrArray *names, Day today, const Calendar *calendar, gboolean own_word);
void data_phrase_free(DataPhrase *phrase);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DataPhrase, data_phrase_free)
/* Whether a text may say anything of the kind: cheap, for callers that only want to know whether to look. */
gboolean data_phrase_possible(const char *question);

/* Names that differ in case, spaces and signs only have one key. (transfer full) */
char *snapshot_key(const char *name);
/* "week 2026-47", "2026-W47", "w47", "wk 47 of 2026": the week; year 0: not said. */
gboolean snapshot_week(const char *name, int *year, int *week);
