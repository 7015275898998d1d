/*
 * Which state of the data a question means: names and times as they were said become snapshots that are there, or one
 * day. Several that fit are asked back, a near miss too; a name that nothing is like is refused with those there are.
 * Inside answer/.
 */
#pragma once
#include "answer/answer.h"

typedef enum {
  STATE_SETTLED,
  STATE_SEVERAL, /* `fits` could be meant */
  STATE_NEAR,    /* nothing has that name; `fits` are much like it */
  STATE_UNKNOWN
} StateOutcome;

typedef struct {
  StateOutcome outcome;
  DataRef ref;      /* SETTLED: NOW, SNAPSHOT with its name as it is written, or AT one day */
  gint64 taken_ms;  /* SETTLED: what orders two states in time */
  gboolean instead; /* SETTLED: no snapshot was kept then; tables as they stood */
  GPtrArray *fits;  /* of char* */
} SettledState;
void settled_state_clear(SettledState *state);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SettledState, settled_state_clear)

/* `known`: of SnapshotName*, newest first; `current_id`: of the data as it is. */
void snapshots_settle(const GPtrArray *known, const char *current_id, const DataRef *said, const ResolveContext *context, SettledState *out);
/* What to open for a settled state; its text is the ref's. NOW: `otherwise`. */
DataChoice snapshots_choice(const DataRef *settled, const DataChoice *otherwise);
/* "week 2026-46, week 2026-47": at most eight. (transfer full) */
char *snapshots_list(const GPtrArray *known);
