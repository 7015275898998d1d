/*
 * event_stream: what happens in one piece of work (a question, a model's reply, a task), as numbered events that are kept
 * for a while, for any number of readers that come, go and come back. The route kind behind text/event-stream and behind
 * the WebSocket.
 *
 * A producer opens a stream at the hub, publishes and ends it; it watches the stream's cancel flag, which is set by an
 * explicit cancel, or some time after the last reader left. A reader takes events one by one; when there is none it is
 * paused, and woken when there is. An ended stream stays readable for EVENT_LINGER_MS, so that a client whose connection
 * broke may resume behind the last number it saw. Ends with the hub.
 *
 * Bounds: EVENT_HUB_MAX_STREAMS streams; each holds at most `max_bytes` of events; ended ones together
 * EVENT_HUB_MAX_LINGERING bytes, the oldest go first. Of events that replace each other only the newest is kept.
 * Thread-safe. One thread of the hub looks after heartbeats, progress and readers that left.
 */
#pragma once
#include "base/base.h"

#define EVENT_HUB_MAX_STREAMS 8192
#define EVENT_HUB_MAX_LINGERING ((gsize)128 << 20)
#define EVENT_STREAM_MAX_BYTES ((gsize)64 << 20)
#define EVENT_LINGER_MS 60000
/* How long a paused reader goes without a word: less than what proxies allow. */
#define EVENT_PING_MS 15000
#define EVENT_ABANDON_MS 30000
#define EVENT_PROGRESS_MS 250

typedef struct EventHub EventHub;
typedef struct EventStream EventStream;
typedef struct EventReader EventReader;

EventHub *event_hub_new(void);       /* NULL when the system gives no thread. (transfer full) */
void event_hub_free(EventHub *hub);  /* ends all streams; readers must be gone. NULL is fine */
void event_hub_end_lasting(EventHub *hub); /* streams that would never end by themselves */
void event_hub_cancel_all(EventHub *hub);

typedef struct {
  const char *id;        /* NULL: cannot be found again */
  const char *owner;     /* scope key: only the same may find it; NULL: anybody */
  gsize max_bytes;       /* 0: EVENT_STREAM_MAX_BYTES */
  gint64 abandon_ms;     /* cancelled so long after the last reader left; 0: at once; negative: never */
  gboolean lasting;      /* never ends by itself: older events make room, and stopping does not wait for it */
  gboolean plain;        /* its form belongs to others: nothing but events and comments is sent with it */
  gboolean shows_progress; /* "running" events are made from the stream's Progress while it runs */
} EventStreamOptions;
/* BUSY: too many. (transfer full) */
EventStream *event_hub_open(EventHub *hub, const EventStreamOptions *options, GError **error);
/* NULL: never was, or too long ago, or not this owner's. (transfer full) */
EventStream *event_hub_find(EventHub *hub, const char *id, const char *owner);
EventStream *event_stream_ref(EventStream *stream);
void event_stream_unref(EventStream *stream); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EventStream, event_stream_unref)

/* `name` NULL: bare data. Takes `data`: one line of text without line ends. FALSE: it ended already, or would hold too much. */
gboolean event_stream_publish(EventStream *stream, const char *name, GBytes *data);
gboolean event_stream_publish_json(EventStream *stream, const char *name, const json_t *data);
/* The same, but takes the place of an earlier event of that name which nobody need see any more. */
gboolean event_stream_replace_json(EventStream *stream, const char *name, const json_t *data);
void event_stream_end(EventStream *stream);
void event_stream_cancel(EventStream *stream);
gboolean event_stream_is_plain(const EventStream *stream);
gboolean event_stream_has_ended(EventStream *stream);
/* Whether all its readers left and nobody cancelled it: it was given up, or nobody waits for what it ends with. */
gboolean event_stream_was_left(EventStream *stream);
guint64 event_stream_last_number(EventStream *stream); /* 0: nothing yet */
const char *event_stream_id(const EventStream *stream);      /* NULL: none. (transfer none) */
const gint *event_stream_cancelled(const EventStream *stream); /* for a Deadline; lives as long as the stream */
Progress *event_stream_progress(EventStream *stream);          /* for a Deadline; lives as long as the stream */

/* ---- reading ---- */

typedef struct {
  guint64 number;   /* 1 first; may skip where events were replaced */
  const char *name; /* NULL: bare data; static or as long as the stream */
  GBytes *data;     /* (transfer full) */
} Event;
typedef enum {
  EVENT_NEXT,  /* *event is set */
  EVENT_PING,  /* nothing happened for long: say that you live */
  EVENT_PAUSE, /* nothing now: `pause` was called, `wake` will be */
  EVENT_END,   /* nothing ever again */
  EVENT_GONE   /* event_reader_hang_up() was called */
} EventOutcome;

/*
 * Both run under the stream's lock, on any thread: quick, and no call back into the stream. Each pause is followed by at
 * most one wake.
 */
typedef struct {
  void (*pause)(gpointer data); /* NULL: nothing to do */
  void (*wake)(gpointer data);
} EventReaderCalls;
/* Events after number `after`. Holds a reference to the stream. `calls` must be static. (transfer full) */
EventReader *event_reader_new(EventStream *stream, guint64 after, const EventReaderCalls *calls, gpointer data);
void event_reader_free(EventReader *reader); /* when it returns, neither call runs or will run. NULL is fine */
EventOutcome event_reader_next(EventReader *reader, Event *event);
/* The client is gone: from any thread. */
void event_reader_hang_up(EventReader *reader);
