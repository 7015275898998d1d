#include "base/condition.h"

void condition_init(pthread_cond_t *condition) {
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_cond_init(condition, &attributes);
  pthread_condattr_destroy(&attributes);
}

struct timespec condition_time_in_ms(gint64 milliseconds) {
  struct timespec until;
  clock_gettime(CLOCK_MONOTONIC, &until);
  milliseconds = MAX(milliseconds, 0);
  long nanoseconds = until.tv_nsec + (long)(milliseconds % 1000) * 1000000;
  until.tv_sec += (time_t)(milliseconds / 1000 + nanoseconds / 1000000000);
  until.tv_nsec = nanoseconds % 1000000000;
  return until;
}

gboolean condition_wait_ms(pthread_cond_t *condition, pthread_mutex_t *lock, gint64 milliseconds) {
  struct timespec until = condition_time_in_ms(milliseconds);
  return pthread_cond_timedwait(condition, lock, &until) == 0;
}
