/* All event streams of a server, and the thread that looks after them. */
#include <string.h>
#include <time.h>

#include "base/condition.h"
#include "server/event_stream_private.h"

/* How exact "some time after" is. */
#define TICK_MS 250

struct EventHub {
  pthread_mutex_t lock;
  pthread_cond_t changed;
  GPtrArray *streams; /* in the order they were opened; a reference to each */
  GHashTable *by_id;  /* of those with an id */
  gboolean ending;
  gboolean running;
  pthread_t thread;
};

/* Under the lock. */
static void forget(EventHub *hub, guint index) {
  EventStream *stream = hub->streams->pdata[index];
  if (stream->id != NULL && g_hash_table_lookup(hub->by_id, stream->id) == stream) g_hash_table_remove(hub->by_id, stream->id);
  g_ptr_array_remove_index(hub->streams, index);
}

/* Under the lock: streams that ended too long ago, and the oldest of those where they hold too much. */
static void forget_old(EventHub *hub, gint64 now_us) {
  gsize lingering = 0;
  for (guint i = hub->streams->len; i-- > 0;) {
    gsize bytes = 0;
    gint64 ended_us = event_stream_ended_us(hub->streams->pdata[i], &bytes);
    if (ended_us == 0) continue;
    lingering += bytes;
    if (now_us - ended_us > EVENT_LINGER_MS * 1000 || lingering > EVENT_HUB_MAX_LINGERING) forget(hub, i);
  }
}

static void tick_all(EventHub *hub) {
  gint64 now_us = g_get_monotonic_time();
  for (guint i = 0; i < hub->streams->len; i++) event_stream_tick(hub->streams->pdata[i], now_us);
  forget_old(hub, now_us);
}

static void *look_after(void *data) {
  EventHub *hub = data;
  pthread_mutex_lock(&hub->lock);
  while (!hub->ending) {
    if (hub->streams->len == 0) {
      pthread_cond_wait(&hub->changed, &hub->lock);
      continue;
    }
    struct timespec until = condition_time_in_ms(TICK_MS);
    while (!hub->ending && pthread_cond_timedwait(&hub->changed, &hub->lock, &until) == 0) continue;
    if (!hub->ending) tick_all(hub);
  }
  pthread_mutex_unlock(&hub->lock);
  return NULL;
}

EventHub *event_hub_new(void) {
  EventHub *hub = g_new0(EventHub, 1);
  pthread_mutex_init(&hub->lock, NULL);
  condition_init(&hub->changed);
  hub->streams = g_ptr_array_new_with_free_func((GDestroyNotify)event_stream_unref);
  hub->by_id = g_hash_table_new(g_str_hash, g_str_equal);
  hub->running = pthread_create(&hub->thread, NULL, look_after, hub) == 0;
  if (hub->running) return hub;
  event_hub_free(hub);
  return NULL;
}

void event_hub_free(EventHub *hub) {
  if (hub == NULL) return;
  pthread_mutex_lock(&hub->lock);
  hub->ending = TRUE;
  pthread_cond_broadcast(&hub->changed);
  pthread_mutex_unlock(&hub->lock);
  if (hub->running) pthread_join(hub->thread, NULL);
  for (guint i = 0; i < hub->streams->len; i++) event_stream_end(hub->streams->pdata[i]);
  g_hash_table_unref(hub->by_id);
  g_ptr_array_unref(hub->streams);
  pthread_cond_destroy(&hub->changed);
  pthread_mutex_destroy(&hub->lock);
  g_free(hub);
}

void event_hub_end_lasting(EventHub *hub) {
  pthread_mutex_lock(&hub->lock);
  for (guint i = 0; i < hub->streams->len; i++) {
    EventStream *stream = hub->streams->pdata[i];
    if (stream->lasting) event_stream_end(stream);
  }
  pthread_mutex_unlock(&hub->lock);
}

void event_hub_cancel_all(EventHub *hub) {
  pthread_mutex_lock(&hub->lock);
  for (guint i = 0; i < hub->streams->len; i++) event_stream_cancel(hub->streams->pdata[i]);
  pthread_mutex_unlock(&hub->lock);
}

/* Under the lock: room for one more; the oldest that ended makes place. */
static gboolean make_room(EventHub *hub) {
  for (guint i = 0; hub->streams->len >= EVENT_HUB_MAX_STREAMS && i < hub->streams->len; i++) {
    if (event_stream_has_ended(hub->streams->pdata[i])) forget(hub, i);
  }
  return hub->streams->len < EVENT_HUB_MAX_STREAMS;
}

EventStream *event_hub_open(EventHub *hub, const EventStreamOptions *options, GError **error) {
  EventStream *stream = event_stream_new(options);
  pthread_mutex_lock(&hub->lock);
  gboolean room = make_room(hub);
  if (room) {
    g_ptr_array_add(hub->streams, event_stream_ref(stream));
    if (stream->id != NULL) g_hash_table_insert(hub->by_id, stream->id, stream);
    if (hub->streams->len == 1) pthread_cond_signal(&hub->changed);
  }
  pthread_mutex_unlock(&hub->lock);
  if (room) return stream;
  event_stream_unref(stream);
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_BUSY, "too many answers are on their way; try again shortly");
  return NULL;
}

EventStream *event_hub_find(EventHub *hub, const char *id, const char *owner) {
  pthread_mutex_lock(&hub->lock);
  EventStream *stream = g_hash_table_lookup(hub->by_id, id);
  gboolean visible = stream != NULL && (stream->owner == NULL || g_strcmp0(stream->owner, owner) == 0);
  if (visible) event_stream_ref(stream);
  pthread_mutex_unlock(&hub->lock);
  return visible ? stream : NULL;
}
