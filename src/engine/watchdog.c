#include "engine/watchdog.h"

#include <pthread.h>

#include "base/condition.h"

/* How late a deadline or a cancellation may be noticed. */
#define LOOK_EVERY_MS 10
/* How long to go on looking when nothing runs, so that one query after the other needs no wake-up. */
#define IDLE_LOOKS 20
/* How many looks between two reports of progress. */
#define LOOKS_PER_REPORT 10

struct Watchdog {
  WatchdogStop stop;
  WatchdogLook look;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  pthread_t thread;
  WatchdogEntry *entries;
  gboolean asleep;
  gboolean ending;
};

static gboolean is_over(Deadline deadline) {
  return deadline_left_ms(deadline) == 0;
}

static void *watchdog_run(void *data) {
  Watchdog *watchdog = data;
  int idle_looks = 0;
  guint looks = 0;
  pthread_mutex_lock(&watchdog->lock);
  while (!watchdog->ending) {
    for (WatchdogEntry *entry = watchdog->entries; entry != NULL; entry = entry->next) {
      if (is_over(entry->deadline)) watchdog->stop(entry->target);
      else if (entry->deadline.progress != NULL && looks % LOOKS_PER_REPORT == 0) watchdog->look(entry->target, entry->deadline.progress);
    }
    looks++;
    idle_looks = watchdog->entries != NULL ? 0 : idle_looks + 1;
    if (idle_looks < IDLE_LOOKS) {
      condition_wait_ms(&watchdog->changed, &watchdog->lock, LOOK_EVERY_MS);
    } else {
      watchdog->asleep = TRUE;
      while (watchdog->asleep && !watchdog->ending) pthread_cond_wait(&watchdog->changed, &watchdog->lock);
      idle_looks = 0;
    }
  }
  pthread_mutex_unlock(&watchdog->lock);
  return NULL;
}

Watchdog *watchdog_new(WatchdogStop stop, WatchdogLook look) {
  Watchdog *watchdog = g_new0(Watchdog, 1);
  watchdog->stop = stop;
  watchdog->look = look;
  pthread_mutex_init(&watchdog->lock, NULL);
  condition_init(&watchdog->changed);
  if (pthread_create(&watchdog->thread, NULL, watchdog_run, watchdog) != 0) {
    pthread_cond_destroy(&watchdog->changed);
    pthread_mutex_destroy(&watchdog->lock);
    g_free(watchdog);
    return NULL;
  }
  return watchdog;
}

void watchdog_free(Watchdog *watchdog) {
  if (watchdog == NULL) return;
  pthread_mutex_lock(&watchdog->lock);
  watchdog->ending = TRUE;
  pthread_cond_signal(&watchdog->changed);
  pthread_mutex_unlock(&watchdog->lock);
  pthread_join(watchdog->thread, NULL);
  pthread_cond_destroy(&watchdog->changed);
  pthread_mutex_destroy(&watchdog->lock);
  g_free(watchdog);
}

void watchdog_watch(Watchdog *watchdog, WatchdogEntry *entry, gpointer target, Deadline deadline) {
  *entry = (WatchdogEntry){.target = target, .deadline = deadline};
  pthread_mutex_lock(&watchdog->lock);
  entry->next = watchdog->entries;
  if (entry->next != NULL) entry->next->previous = entry;
  watchdog->entries = entry;
  if (watchdog->asleep) {
    watchdog->asleep = FALSE;
    pthread_cond_signal(&watchdog->changed);
  }
  pthread_mutex_unlock(&watchdog->lock);
}

void watchdog_unwatch(Watchdog *watchdog, WatchdogEntry *entry) {
  pthread_mutex_lock(&watchdog->lock);
  if (entry->previous != NULL) entry->previous->next = entry->next;
  else watchdog->entries = entry->next;
  if (entry->next != NULL) entry->next->previous = entry->previous;
  pthread_mutex_unlock(&watchdog->lock);
}
