/* A point on the monotonic clock after which work must stop, and a flag by which someone else may stop it. */
#pragma once
#include <glib.h>

typedef struct {
  gint64 at_us;          /* g_get_monotonic_time() value; G_MAXINT64: never */
  const gint *cancelled; /* read with g_atomic_int_get; may be NULL; must outlive the work (transfer none) */
} Deadline;

#define DEADLINE_NEVER ((Deadline){G_MAXINT64, NULL})
Deadline deadline_in_ms(gint64 milliseconds, const gint *cancelled);
gint64 deadline_left_ms(Deadline deadline); /* 0 when passed or cancelled */
/* FALSE with AISLE_ERROR_TIMEOUT or _CANCELLED once it is over. */
gboolean deadline_check(Deadline deadline, GError **error);
