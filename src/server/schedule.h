/*
 * What a workspace wants done again and again while a server runs: ingestion files with `schedule:`, rollups with
 * `refresh:`, and small files of its tables written together (setting lake.compact).
 *
 * Each piece of work is a process of its own (`aisle ingest NAME`, `aisle refresh NAME`, `aisle compact`) of low priority:
 * what fails or takes all its memory harms no question, and whatever is killed leaves nothing half done (lake/load.h). One
 * runs at a time over all servers of a workspace (lock "schedule"). When each began, how it ended and over which snapshot
 * stands in state/schedule.json, so that a restart repeats nothing. A rollup, and compaction, rest while the snapshot is
 * the one they saw last. Files that say what to do are looked at again when they change.
 */
#pragma once
#include "base/base.h"

typedef struct Schedule Schedule;
/* `program`: path of `aisle`. NULL only when the system gives no thread. (transfer full) */
Schedule *schedule_start(const char *workspace, const char *program);
/* Ends what runs (it is killed) and the thread. NULL is fine */
void schedule_free(Schedule *schedule);
/* Runs so far, as GET /metrics shows them. Any thread. NULL: none. */
void schedule_write_metrics(Schedule *schedule, GString *out);
