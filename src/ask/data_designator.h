/* Words that name one state of the data: a snapshot's name, a week, a day, "the previous one", "now". Private to ask/. */
#pragma once
#include "ask/data_phrase.h"
#include "ask/token.h"

typedef struct {
  const char *question;
  const GArray *tokens;
  GPtrArray *keys;        /* of char*: snapshot_key() of each name */
  const GPtrArray *names; /* of char* */
  Day today;
  const Calendar *calendar;
} Designators;

/*
 * Tokens from `at` on that name a state of the data; 0: none do. `out` is set then (its name is the caller's to clear).
 * `beside`: a snapshot is spoken of right there, so that "the latest" and a bare "46" name one.
 */
guint designator_at(const Designators *in, guint at, gboolean beside, DataRef *out);
/* The longest one that ends right before `end`; its first token, `end` where there is none. */
guint designator_before(const Designators *in, guint end, DataRef *out);
/* "now", "today", "the current data". */
guint designator_now(const Designators *in, guint at);
/* The text from one token up to another, as it was written. (transfer full) */
char *designator_text(const Designators *in, guint first, guint end);
