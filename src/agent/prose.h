/*
 * A model's sentences while they come: pieces of {"sentences": ["...", ...]} in, whole sentences out, each held against the
 * results before anybody hears of it. One run's; pieces come one at a time.
 */
#pragma once
#include "agent/run.h"

/* What is longer is not told before its end. */
#define PROSE_MAX_BYTES ((gsize)64 << 10)

typedef struct Prose {
  AgentRun *run;
  GString *text; /* so far; NULL: nothing */
  gsize at;      /* up to here sentences were taken */
} Prose;
void prose_clear(Prose *prose);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Prose, prose_clear)
/* AgentModelCall.on_text; `data` is a Prose. Tells AgentRequest.on_sentence. */
void prose_take(const char *text, gboolean restarted, gpointer data);
