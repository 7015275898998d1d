/* Between event_stream.c (one stream) and event_hub.c (all of them). */
#pragma once
#include <pthread.h>
#include <stdatomic.h>

#include "server/event_stream.h"

typedef struct {
  guint64 number;
  const char *name; /* interned */
  GBytes *data;
} KeptEvent;

struct EventReader {
  EventStream *stream;
  const EventReaderCalls *calls;
  gpointer data;
  guint64 after;
  gint64 paused_us; /* 0: not paused */
  gboolean ping_due, gone;
  EventReader *next, *previous;
};

struct EventStream {
  atomic_int references;
  char *id, *owner;
  gsize max_bytes;
  gint64 abandon_ms, opened_us;
  gboolean lasting, plain, shows_progress;
  gint cancelled; /* atomic */
  gint unwanted;  /* atomic: cancelled by somebody, not for want of readers */
  Progress progress;

  pthread_mutex_t lock; /* of what follows */
  GQueue events;        /* of KeptEvent*, oldest first */
  gsize bytes;
  guint64 last_number;
  EventReader *readers;
  gint64 last_left_us; /* when the last reader left; 0: somebody reads, or nobody ever did */
  gint64 ended_us;     /* 0: not yet */
};

EventStream *event_stream_new(const EventStreamOptions *options); /* (transfer full) */
/* What time brings: heartbeats, progress, giving up on readers that left. */
void event_stream_tick(EventStream *stream, gint64 now_us);
/* When it ended (0: not yet) and what it holds. */
gint64 event_stream_ended_us(EventStream *stream, gsize *bytes);
