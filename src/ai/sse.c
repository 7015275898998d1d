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

static gboolean take_line(Sse *sse, SseFunction function, gpointer user) {
  const char *line = sse->line->str;
  gboolean go_on = TRUE;
  if (sse->line->len == 0) {
    if (sse->have_data) go_on = function(sse->data->str, sse->data->len, user);
    g_string_truncate(sse->data, 0);
    sse->have_data = FALSE;
  } else if (strncmp(line, "data:", 5) == 0) {
    if (sse->have_data) g_string_append_c(sse->data, '\n');
    gsize skip = line[5] == ' ' ? 6 : 5;
    g_string_append_len(sse->data, line + skip, (gssize)(sse->line->len - skip));
    sse->have_data = TRUE;
  }
  g_string_truncate(sse->line, 0);
  return go_on && sse->data->len <= SSE_MAX_EVENT;
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
    gsize run = position;
    while (run < length && bytes[run] != '\n' && bytes[run] != '\r') run++;
    g_string_append_len(sse->line, bytes + position, (gssize)(run - position));
    if (sse->line->len > SSE_MAX_EVENT) return FALSE;
    position = run;
    if (run == length) break;
    sse->last_was_cr = bytes[run] == '\r';
    position++;
    if (!take_line(sse, function, user)) return FALSE;
  }
  return TRUE;
}
