/* A point on the monotonic clock after which work must stop, and a flag by which someone else may stop it. */
#pragma once
#include <glib.h>
#include <stdatomic.h>

/* Where work tells how far it is while others look on. Written by one, read by any. */
typedef struct {
  _Atomic gint64 rows;
  _Atomic gint64 permyriad; /* hundredths of a percent; negative: not known */
} Progress;
void progress_init(Progress *progress);
void progress_set(Progress *progress, gint64 rows, double percent); /* negative: not known */
void progress_read(Progress *progress, gint64 *rows, double *percent);

typedef struct {
  gint64 at_us;          /* g_get_monotonic_time() value; G_MAXINT64: never */
  const gint *cancelled; /* read with g_atomic_int_get; may be NULL; must outlive the work (transfer none) */
  Progress *progress;    /* who waits would like to know; NULL; must outlive the work (transfer none) */
} Deadline;

#define DEADLINE_NEVER ((Deadline){G_MAXINT64, NULL, NULL})
Deadline deadline_in_ms(gint64 milliseconds, const gint *cancelled);
gint64 deadline_left_ms(Deadline deadline); /* 0 when passed or cancelled */
/* FALSE with AISLE_ERROR_TIMEOUT or _CANCELLED once it is over. */
gboolean deadline_check(Deadline deadline, GError **error);
