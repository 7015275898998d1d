/*
 * Stops statements that run past their deadline or were cancelled, and tells how far the others are. One thread per engine looks every few milliseconds
 * while something runs, and sleeps otherwise. Thread-safe.
 */
#pragma once
#include "base/deadline.h"

typedef struct Watchdog Watchdog;
typedef void (*WatchdogStop)(gpointer target);
typedef void (*WatchdogLook)(gpointer target, Progress *progress);
/*
 * `stop` is called with the watched target, again and again until it is unwatched; `look` now and then for those whose
 * deadline has a Progress. Both must be quick. (transfer full)
 */
Watchdog *watchdog_new(WatchdogStop stop, WatchdogLook look);
void watchdog_free(Watchdog *watchdog); /* nothing may be watched any more */

/* Lives on the stack of the thread that runs the work. */
typedef struct WatchdogEntry {
  gpointer target;
  Deadline deadline;
  struct WatchdogEntry *next, *previous;
} WatchdogEntry;
void watchdog_watch(Watchdog *watchdog, WatchdogEntry *entry, gpointer target, Deadline deadline);
/* When it returns, `stop` is not running for this entry and will not run again. */
void watchdog_unwatch(Watchdog *watchdog, WatchdogEntry *entry);
