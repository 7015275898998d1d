/*
 * Questions that may take long: kept as tasks in the store, run one after the other by a thread of the server, and waiting
 * with their result for whoever asked. A task belongs to its runner for TASK_LEASE_MS, again and again; when the process is
 * killed the lease runs out, and the next server (or another one over the same workspace) takes it up from the beginning.
 * A calm stop gives it back at once. Thread-safe.
 */
#pragma once
#include "server/route.h"

#define TASK_LEASE_MS 5000
#define TASK_BEAT_MS 1000
#define TASK_LOOK_MS 2000
#define TASK_MAX_MS ((gint64)3600 * 1000)
#define TASK_MAX_WAITING 100

typedef struct TaskRunner TaskRunner;
TaskRunner *task_runner_new(ServerState *state); /* NULL when the system gives no thread. (transfer full) */
void task_runner_stop(TaskRunner *runner);       /* gives back what runs, and takes no more */
void task_runner_free(TaskRunner *runner);       /* stops first when needed. NULL is fine */
/* There is a new task, or one was cancelled. */
void task_runner_wake(TaskRunner *runner);
