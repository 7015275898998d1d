/* Timed waits on pthread conditions by the monotonic clock, which nobody sets. Locks and conditions stay plain pthreads. */
#pragma once
#include <glib.h>
#include <pthread.h>
#include <time.h>

/* A condition whose timed waits go by the monotonic clock. pthread_cond_destroy ends it. */
void condition_init(pthread_cond_t *condition);
/* The point so long from now (less than 0 counts as 0), for pthread_cond_timedwait on such a condition. */
struct timespec condition_time_in_ms(gint64 milliseconds);
/* With the lock held. FALSE when the time is over; like every wait on a condition it may end before anything was told. */
gboolean condition_wait_ms(pthread_cond_t *condition, pthread_mutex_t *lock, gint64 milliseconds);
