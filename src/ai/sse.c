#include "ai/sse.h"

#include <string.h>

void sse_init(Sse *sse) {
  *sse = (Sse){g_string_new(NULL), g_string_new(NULL), FALSE, FALSE};
}

void sse_clear(Sse *sse) {
  if (sse->line == NULL) return;
  g_string_free(sse->line, TRUE);
  g_string_free(sse->data, TRUE);
  *sse = (Sse){0};
}

static gboolean take_line(Sse *sse, const char *line, gsize length, SseFunction function, gpointer user) {
  gboolean go_on = TRUE;
  if (length == 0) {
    if (sse->have_data) go_on = function(sse->data->str, sse->data->len, user);
    g_string_truncate(sse->data, 0);
    sse->have_data = FALSE;
  } else if (length >= 5 && memcmp(line, "data:", 5) == 0) {
    if (sse->have_data) g_string_append_c(sse->data, '\n');
    gsize skip = length > 5 && line[5] == ' ' ? 6 : 5;
    g_string_append_len(sse->data, line + skip, (gssize)(length - skip));
    sse->have_data = TRUE;
  }
  return go_on && sse->data->len <= SSE_MAX_EVENT;
}

/* The usual event: one line of data and an empty one, both here. It is handed on where it lies. */
static gboolean is_whole(const Sse *sse, const char *line, gsize length, gsize left) {
  return !sse->have_data && left >= 2 && line[length] == '\n' && line[length + 1] == '\n' && length > 6 && memcmp(line, "data: ", 6) == 0;
}

static gsize line_length(const char *bytes, gsize length) {
  const char *feed = memchr(bytes, '\n', length);
  gsize run = feed != NULL ? (gsize)(feed - bytes) : length;
  const char *back = memchr(bytes, '\r', run);
  return back != NULL ? (gsize)(back - bytes) : run;
}

gboolean sse_feed(Sse *sse, const char *bytes, gsize length, SseFunction function, gpointer user) {
  gsize position = 0;
  while (position < length) {
    if (sse->last_was_cr && bytes[position] == '\n') {
      sse->last_was_cr = FALSE;
      position++;
      continue;
    }
    sse->last_was_cr = FALSE;
    const char *line = bytes + position;
    gsize run = line_length(line, length - position), left = length - position - run;
    if (sse->line->len + run > SSE_MAX_EVENT) return FALSE;
    if (sse->line->len == 0 && is_whole(sse, line, run, left)) {
      if (!function(line + 6, run - 6, user)) return FALSE;
      position += run + 2;
      continue;
    }
    if (left == 0 || sse->line->len > 0) g_string_append_len(sse->line, line, (gssize)run);
    if (left == 0) break;
    sse->last_was_cr = line[run] == '\r';
    position += run + 1;
    gboolean pieced = sse->line->len > 0;
    gboolean go_on = take_line(sse, pieced ? sse->line->str : line, pieced ? sse->line->len : run, function, user);
    g_string_truncate(sse->line, 0);
    if (!go_on) return FALSE;
  }
  return TRUE;
}
