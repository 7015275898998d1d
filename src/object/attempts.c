#include "object/attempts.h"

#include "base/base.h"

#define MAX_ATTEMPTS 8
#define FIRST_PAUSE_MS 100
#define MAX_PAUSE_MS 5000
#define MAX_RETRY_AFTER_MS 30000

gint64 attempts_retry_after(const HttpResponse *response) {
  const char *text = http_response_header(response, "retry-after");
  gint64 seconds = text != NULL ? g_ascii_strtoll(text, NULL, 10) : 0;
  return CLAMP(seconds, 0, MAX_RETRY_AFTER_MS / 1000) * 1000;
}

gboolean attempts_begins_at(const HttpResponse *response, gint64 offset) {
  const char *range = http_response_header(response, "content-range");
  if (range == NULL) return response->status != 206 && offset == 0;
  if (g_ascii_strncasecmp(range, "bytes ", 6) != 0 || !g_ascii_isdigit(range[6])) return FALSE;
  return g_ascii_strtoll(range + 6, NULL, 10) == offset;
}

gboolean attempts_may_pass(const GError *error, Deadline deadline) {
  if (deadline_left_ms(deadline) == 0 || error->domain != AISLE_ERROR) return FALSE;
  return error->code == AISLE_ERROR_IO || error->code == AISLE_ERROR_TIMEOUT;
}

/* Up to twice as much each time, and anything up to that, so that many clients do not come back together. */
gboolean attempts_wait(int made, gint64 retry_after_ms, Deadline deadline, GError **error) {
  gint64 most = MIN((gint64)FIRST_PAUSE_MS << MIN(made - 1, 10), MAX_PAUSE_MS);
  gint64 pause = retry_after_ms + g_random_int_range(FIRST_PAUSE_MS / 4, (gint32)most + 1);
  if (made >= MAX_ATTEMPTS || deadline_left_ms(deadline) <= pause) {
    g_prefix_error(error, "given up after %d attempts: ", made);
    return FALSE;
  }
  Deadline until = deadline_in_ms(pause, deadline.cancelled);
  while (deadline_left_ms(until) > 0) g_usleep((gulong)MIN(deadline_left_ms(until), 50) * 1000);
  if (deadline.cancelled == NULL || g_atomic_int_get(deadline.cancelled) == 0) return TRUE;
  g_clear_error(error);
  return deadline_check(deadline, error);
}
