/* Server-sent events, as they come in pieces (WHATWG HTML 9.2): what stands in `data`. Bounded. */
#pragma once
#include <glib.h>

#define SSE_MAX_EVENT (4u << 20)

typedef struct {
  GString *line, *data;
  gboolean have_data, last_was_cr;
} Sse;

/* `data` is not terminated. FALSE stops. */
typedef gboolean (*SseFunction)(const char *data, gsize length, gpointer user);

void sse_init(Sse *sse);
void sse_clear(Sse *sse);
/* FALSE: the function said so, or an event is larger than SSE_MAX_EVENT. */
gboolean sse_feed(Sse *sse, const char *bytes, gsize length, SseFunction function, gpointer user);
