#include "server/event_stream.h"

#include <string.h>

#include "server/event_stream_private.h"

/* What an event costs beside its text. */
#define EVENT_OVERHEAD 96
/* A lasting stream keeps this many events for those who come back. */
#define LASTING_EVENTS 256

static void kept_event_free(gpointer data) {
  KeptEvent *event = data;
  g_bytes_unref(event->data);
  g_free(event);
}

EventStream *event_stream_new(const EventStreamOptions *options) {
  EventStream *stream = g_new0(EventStream, 1);
  atomic_init(&stream->references, 1);
  pthread_mutex_init(&stream->lock, NULL);
  g_queue_init(&stream->events);
  stream->id = g_strdup(options->id);
  stream->owner = g_strdup(options->owner);
  stream->max_bytes = options->max_bytes > 0 ? options->max_bytes : EVENT_STREAM_MAX_BYTES;
  stream->abandon_ms = options->abandon_ms;
  stream->lasting = options->lasting;
  stream->plain = options->plain;
  stream->shows_progress = options->shows_progress;
  stream->opened_us = g_get_monotonic_time();
  progress_init(&stream->progress);
  return stream;
}

EventStream *event_stream_ref(EventStream *stream) {
  atomic_fetch_add(&stream->references, 1);
  return stream;
}

void event_stream_unref(EventStream *stream) {
  if (stream == NULL || atomic_fetch_sub(&stream->references, 1) != 1) return;
  g_queue_clear_full(&stream->events, kept_event_free);
  pthread_mutex_destroy(&stream->lock);
  g_free(stream->id);
  g_free(stream->owner);
  g_free(stream);
}

const char *event_stream_id(const EventStream *stream) { return stream->id; }
const gint *event_stream_cancelled(const EventStream *stream) { return &stream->cancelled; }
gboolean event_stream_is_plain(const EventStream *stream) { return stream->plain; }
Progress *event_stream_progress(EventStream *stream) { return &stream->progress; }

void event_stream_cancel(EventStream *stream) {
  g_atomic_int_set(&stream->unwanted, 1);
  g_atomic_int_set(&stream->cancelled, 1);
}

static void give_up(EventStream *stream) {
  g_atomic_int_set(&stream->cancelled, 1);
}

/* ---- publishing; all under the lock ---- */

static void wake(EventReader *reader) {
  if (reader->paused_us == 0) return;
  reader->paused_us = 0;
  reader->calls->wake(reader->data);
}

static void wake_all(EventStream *stream) {
  for (EventReader *reader = stream->readers; reader != NULL; reader = reader->next) wake(reader);
}

static void drop(EventStream *stream, GList *link) {
  KeptEvent *event = link->data;
  stream->bytes -= g_bytes_get_size(event->data) + EVENT_OVERHEAD;
  kept_event_free(event);
  g_queue_delete_link(&stream->events, link);
}

static void drop_named(EventStream *stream, const char *name) {
  for (GList *link = stream->events.tail; link != NULL; link = link->prev) {
    if (((KeptEvent *)link->data)->name != name) continue;
    drop(stream, link);
    return;
  }
}

static void end(EventStream *stream) {
  if (stream->ended_us != 0) return;
  stream->ended_us = g_get_monotonic_time();
  wake_all(stream);
}

/* Takes `data`. */
static gboolean append(EventStream *stream, const char *name, GBytes *data, gboolean replace) {
  name = g_intern_string(name);
  gsize size = g_bytes_get_size(data) + EVENT_OVERHEAD;
  if (replace) drop_named(stream, name);
  while (stream->lasting && (stream->events.length >= LASTING_EVENTS || size > stream->max_bytes - stream->bytes) && stream->events.head != NULL)
    drop(stream, stream->events.head);
  if (stream->ended_us != 0 || size > stream->max_bytes - stream->bytes) {
    g_bytes_unref(data);
    return FALSE;
  }
  KeptEvent *event = g_new(KeptEvent, 1);
  *event = (KeptEvent){++stream->last_number, name, data};
  g_queue_push_tail(&stream->events, event);
  stream->bytes += size;
  wake_all(stream);
  return TRUE;
}

static gboolean publish(EventStream *stream, const char *name, GBytes *data, gboolean replace) {
  pthread_mutex_lock(&stream->lock);
  gboolean kept = append(stream, name, data, replace);
  pthread_mutex_unlock(&stream->lock);
  return kept;
}

static GBytes *bytes_of_json(const json_t *json) {
  char *text = json_to_text(json, JSON_PLAIN);
  return g_bytes_new_take(text, strlen(text));
}

gboolean event_stream_publish(EventStream *stream, const char *name, GBytes *data) {
  return publish(stream, name, data, FALSE);
}

gboolean event_stream_publish_json(EventStream *stream, const char *name, const json_t *data) {
  return publish(stream, name, bytes_of_json(data), FALSE);
}

gboolean event_stream_replace_json(EventStream *stream, const char *name, const json_t *data) {
  return publish(stream, name, bytes_of_json(data), TRUE);
}

void event_stream_end(EventStream *stream) {
  pthread_mutex_lock(&stream->lock);
  end(stream);
  pthread_mutex_unlock(&stream->lock);
}

gboolean event_stream_has_ended(EventStream *stream) {
  return event_stream_ended_us(stream, NULL) != 0;
}

gboolean event_stream_was_left(EventStream *stream) {
  pthread_mutex_lock(&stream->lock);
  gboolean left = stream->readers == NULL && stream->last_left_us != 0;
  pthread_mutex_unlock(&stream->lock);
  return left && g_atomic_int_get(&stream->unwanted) == 0;
}

gint64 event_stream_ended_us(EventStream *stream, gsize *bytes) {
  pthread_mutex_lock(&stream->lock);
  gint64 ended_us = stream->ended_us;
  if (bytes != NULL) *bytes = stream->bytes;
  pthread_mutex_unlock(&stream->lock);
  return ended_us;
}

guint64 event_stream_last_number(EventStream *stream) {
  pthread_mutex_lock(&stream->lock);
  guint64 number = stream->last_number;
  pthread_mutex_unlock(&stream->lock);
  return number;
}

/* ---- what time brings ---- */

/* The percentage is of the engine's plan, which may be unknown. */
static void show_progress(EventStream *stream, gint64 now_us) {
  gint64 rows;
  double percent;
  progress_read(&stream->progress, &rows, &percent);
  g_autoptr(json_t) json = json_pack("{s:I, s:o, s:f}", "rows", (json_int_t)rows, "percent", percent >= 0 ? json_real(percent) : json_null(),
                                     "seconds", (double)((now_us - stream->opened_us) / 10000) / 100.0);
  append(stream, "running", bytes_of_json(json), TRUE);
}

void event_stream_tick(EventStream *stream, gint64 now_us) {
  pthread_mutex_lock(&stream->lock);
  if (stream->ended_us == 0) {
    if (stream->shows_progress && now_us - stream->opened_us >= EVENT_PROGRESS_MS * 1000) show_progress(stream, now_us);
    if (stream->abandon_ms >= 0 && stream->last_left_us != 0 && now_us - stream->last_left_us >= stream->abandon_ms * 1000)
      give_up(stream);
    for (EventReader *reader = stream->readers; reader != NULL; reader = reader->next) {
      if (reader->paused_us == 0 || now_us - reader->paused_us < EVENT_PING_MS * 1000) continue;
      reader->ping_due = TRUE;
      wake(reader);
    }
  }
  pthread_mutex_unlock(&stream->lock);
}

/* ---- reading ---- */

EventReader *event_reader_new(EventStream *stream, guint64 after, const EventReaderCalls *calls, gpointer data) {
  EventReader *reader = g_new0(EventReader, 1);
  reader->stream = event_stream_ref(stream);
  reader->after = after;
  reader->calls = calls;
  reader->data = data;
  pthread_mutex_lock(&stream->lock);
  reader->next = stream->readers;
  if (reader->next != NULL) reader->next->previous = reader;
  stream->readers = reader;
  stream->last_left_us = 0;
  pthread_mutex_unlock(&stream->lock);
  return reader;
}

void event_reader_free(EventReader *reader) {
  if (reader == NULL) return;
  EventStream *stream = reader->stream;
  pthread_mutex_lock(&stream->lock);
  if (reader->previous != NULL) reader->previous->next = reader->next;
  else stream->readers = reader->next;
  if (reader->next != NULL) reader->next->previous = reader->previous;
  if (stream->readers == NULL) stream->last_left_us = g_get_monotonic_time();
  if (stream->readers == NULL && stream->abandon_ms == 0) give_up(stream);
  pthread_mutex_unlock(&stream->lock);
  g_free(reader);
  event_stream_unref(stream);
}

/* The oldest event after the reader's place; NULL: none. Most readers are near the end. */
static const KeptEvent *next_event(const EventReader *reader) {
  const KeptEvent *found = NULL;
  for (GList *link = reader->stream->events.tail; link != NULL; link = link->prev) {
    const KeptEvent *event = link->data;
    if (event->number <= reader->after) break;
    found = event;
  }
  return found;
}

EventOutcome event_reader_next(EventReader *reader, Event *event) {
  EventStream *stream = reader->stream;
  EventOutcome outcome = EVENT_PAUSE;
  pthread_mutex_lock(&stream->lock);
  const KeptEvent *kept = next_event(reader);
  if (reader->gone) {
    outcome = EVENT_GONE;
  } else if (kept != NULL) {
    *event = (Event){kept->number, kept->name, g_bytes_ref(kept->data)};
    reader->after = kept->number;
    outcome = EVENT_NEXT;
  } else if (stream->ended_us != 0) {
    outcome = EVENT_END;
  } else if (reader->ping_due) {
    outcome = EVENT_PING;
  } else {
    reader->paused_us = g_get_monotonic_time();
    if (reader->calls->pause != NULL) reader->calls->pause(reader->data);
  }
  reader->ping_due = FALSE;
  pthread_mutex_unlock(&stream->lock);
  return outcome;
}

void event_reader_hang_up(EventReader *reader) {
  EventStream *stream = reader->stream;
  pthread_mutex_lock(&stream->lock);
  reader->gone = TRUE;
  wake(reader);
  pthread_mutex_unlock(&stream->lock);
}
