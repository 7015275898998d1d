#include "base/deadline.h"

#include "base/error.h"

void progress_init(Progress *progress) {
  atomic_init(&progress->rows, 0);
  atomic_init(&progress->permyriad, -1);
}

void progress_set(Progress *progress, gint64 rows, double percent) {
  atomic_store_explicit(&progress->rows, rows, memory_order_relaxed);
  atomic_store_explicit(&progress->permyriad, percent < 0 ? -1 : (gint64)(percent * 100), memory_order_relaxed);
}

void progress_read(Progress *progress, gint64 *rows, double *percent) {
  gint64 permyriad = atomic_load_explicit(&progress->permyriad, memory_order_relaxed);
  *rows = atomic_load_explicit(&progress->rows, memory_order_relaxed);
  *percent = permyriad < 0 ? -1 : (double)permyriad / 100;
}

static gboolean is_cancelled(Deadline deadline) {
  return deadline.cancelled != NULL && g_atomic_int_get(deadline.cancelled) != 0;
}

Deadline deadline_in_ms(gint64 milliseconds, const gint *cancelled) {
  gint64 now = g_get_monotonic_time();
  /* Far enough away is never: the addition must not wrap. */
  if (milliseconds > (G_MAXINT64 - now) / 1000) return (Deadline){G_MAXINT64, cancelled, NULL};
  return (Deadline){now + MAX(milliseconds, 0) * 1000, cancelled, NULL};
}

gint64 deadline_left_ms(Deadline deadline) {
  if (is_cancelled(deadline)) return 0;
  if (deadline.at_us == G_MAXINT64) return G_MAXINT64;
  gint64 left_us = deadline.at_us - g_get_monotonic_time();
  /* Rounded up, so that 0 means passed. */
  return left_us <= 0 ? 0 : (left_us + 999) / 1000;
}

gboolean deadline_check(Deadline deadline, GError **error) {
  if (is_cancelled(deadline)) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_CANCELLED, "the request was cancelled");
    return FALSE;
  }
  if (deadline.at_us != G_MAXINT64 && g_get_monotonic_time() >= deadline.at_us) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_TIMEOUT,
                "this took longer than it may; narrow the question or allow more time");
    return FALSE;
  }
  return TRUE;
}
