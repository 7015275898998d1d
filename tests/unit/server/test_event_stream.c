#include "server/event_stream.h"

#include <string.h>

#include "server/event_stream_private.h"

typedef struct {
  gint pauses, wakes; /* atomic */
} Calls;

static void count_pause(gpointer data) {
  g_atomic_int_inc(&((Calls *)data)->pauses);
}

static void count_wake(gpointer data) {
  g_atomic_int_inc(&((Calls *)data)->wakes);
}

static const EventReaderCalls calls = {count_pause, count_wake};

static GBytes *bytes(const char *text) {
  return g_bytes_new(text, strlen(text));
}

static EventStream *open_stream(EventHub *hub, EventStreamOptions options) {
  g_autoptr(GError) error = NULL;
  EventStream *stream = event_hub_open(hub, &options, &error);
  g_assert_no_error(error);
  return stream;
}

/* "number name text", or what else comes next. */
static char *next(EventReader *reader) {
  static const char *const names[] = {[EVENT_PING] = "ping", [EVENT_PAUSE] = "pause", [EVENT_END] = "end", [EVENT_GONE] = "gone"};
  Event event;
  EventOutcome outcome = event_reader_next(reader, &event);
  if (outcome != EVENT_NEXT) return g_strdup(names[outcome]);
  char *text = g_strdup_printf("%d %s %.*s", (int)event.number, event.name != NULL ? event.name : "-",
                               (int)g_bytes_get_size(event.data), (const char *)g_bytes_get_data(event.data, NULL));
  g_bytes_unref(event.data);
  return text;
}

static void expect(EventReader *reader, const char *expected) {
  g_autofree char *text = next(reader);
  g_assert_cmpstr(text, ==, expected);
}

static void test_events_reach_every_reader(void) {
  EventHub *hub = event_hub_new();
  g_autoptr(EventStream) stream = open_stream(hub, (EventStreamOptions){.id = "x", .abandon_ms = -1});
  Calls early_calls = {0}, late_calls = {0};
  EventReader *early = event_reader_new(stream, 0, &calls, &early_calls);
  expect(early, "pause");
  g_assert_true(event_stream_publish(stream, "one", bytes("1")));
  g_assert_true(event_stream_publish(stream, NULL, bytes("2")));
  g_assert_cmpint(early_calls.wakes, ==, 1); /* once, though two came */
  expect(early, "1 one 1");
  expect(early, "2 - 2");
  expect(early, "pause");
  EventReader *late = event_reader_new(stream, 1, &calls, &late_calls);
  expect(late, "2 - 2");
  event_stream_end(stream);
  g_assert_cmpint(early_calls.wakes, ==, 2);
  g_assert_cmpint(late_calls.wakes, ==, 0);
  g_assert_false(event_stream_publish(stream, "late", bytes("3")));
  expect(early, "end");
  expect(late, "end");
  event_reader_free(early);
  event_reader_free(late);
  event_hub_free(hub);
}

static void test_replaced_events_are_not_kept(void) {
  EventHub *hub = event_hub_new();
  g_autoptr(EventStream) stream = open_stream(hub, (EventStreamOptions){.abandon_ms = -1, .max_bytes = 2000});
  g_autoptr(json_t) json = json_pack("{s:i}", "rows", 1);
  event_stream_publish(stream, "accepted", bytes("a"));
  for (int i = 0; i < 1000; i++) g_assert_true(event_stream_replace_json(stream, "running", json));
  Calls counted = {0};
  EventReader *reader = event_reader_new(stream, 0, &calls, &counted);
  expect(reader, "1 accepted a");
  expect(reader, "1001 running {\"rows\":1}");
  expect(reader, "pause");
  event_reader_free(reader);
  event_hub_free(hub);
}

static void test_a_stream_is_bounded(void) {
  EventHub *hub = event_hub_new();
  g_autoptr(EventStream) stream = open_stream(hub, (EventStreamOptions){.abandon_ms = -1, .max_bytes = 4096});
  g_autofree char *large = g_strnfill(5000, 'x');
  g_assert_false(event_stream_publish(stream, "large", bytes(large)));
  int kept = 0;
  while (event_stream_publish(stream, "small", bytes("0123456789"))) kept++;
  g_assert_cmpint(kept, >, 10);
  g_assert_cmpint(kept, <, 410);
  /* A lasting one forgets its oldest instead. */
  g_autoptr(EventStream) lasting = open_stream(hub, (EventStreamOptions){.abandon_ms = -1, .max_bytes = 4096, .lasting = TRUE});
  for (int i = 0; i < 5000; i++) g_assert_true(event_stream_publish(lasting, "small", bytes("0123456789")));
  Calls counted = {0};
  EventReader *reader = event_reader_new(lasting, 0, &calls, &counted);
  int seen = 0;
  g_autofree char *newest = NULL;
  for (;; seen++) {
    g_autofree char *text = next(reader);
    if (strcmp(text, "pause") == 0) break;
    g_free(newest);
    newest = g_steal_pointer(&text);
  }
  g_assert_cmpstr(newest, ==, "5000 small 0123456789");
  g_assert_cmpint(seen, <, 60);
  event_hub_end_lasting(hub);
  g_assert_cmpint(counted.wakes, ==, 1);
  expect(reader, "end");
  event_reader_free(reader);
  event_hub_free(hub);
}

static void test_finding_needs_the_owner(void) {
  EventHub *hub = event_hub_new();
  g_autoptr(EventStream) stream = open_stream(hub, (EventStreamOptions){.id = "x", .owner = "me", .abandon_ms = -1});
  g_assert_null(event_hub_find(hub, "x", "you"));
  g_assert_null(event_hub_find(hub, "x", NULL));
  g_assert_null(event_hub_find(hub, "y", "me"));
  g_autoptr(EventStream) found = event_hub_find(hub, "x", "me");
  g_assert_true(found == stream);
  event_stream_end(stream);
  g_autoptr(EventStream) lingering = event_hub_find(hub, "x", "me");
  g_assert_true(lingering == stream);
  event_hub_free(hub);
}

static void test_time(void) {
  EventStreamOptions options = {.abandon_ms = 30000, .shows_progress = TRUE};
  g_autoptr(EventStream) stream = event_stream_new(&options);
  gint64 now = g_get_monotonic_time();
  Calls counted = {0};
  EventReader *reader = event_reader_new(stream, 0, &calls, &counted);
  event_stream_tick(stream, now);
  expect(reader, "pause");
  progress_set(event_stream_progress(stream), 42, 12.5);
  event_stream_tick(stream, now + 2 * G_USEC_PER_SEC);
  g_assert_cmpint(counted.wakes, ==, 1);
  g_autofree char *running = next(reader);
  g_assert_true(g_str_has_prefix(running, "1 running {\"rows\":42,\"percent\":12.5,\"seconds\":"));
  /* Nobody left yet, however late it is. */
  event_stream_tick(stream, now + 1000 * G_USEC_PER_SEC);
  g_assert_cmpint(g_atomic_int_get(event_stream_cancelled(stream)), ==, 0);
  event_reader_free(reader);
  now = g_get_monotonic_time();
  event_stream_tick(stream, now + 29 * G_USEC_PER_SEC);
  g_assert_cmpint(g_atomic_int_get(event_stream_cancelled(stream)), ==, 0);
  g_assert_true(event_stream_was_left(stream));
  event_stream_tick(stream, now + 31 * G_USEC_PER_SEC);
  g_assert_cmpint(g_atomic_int_get(event_stream_cancelled(stream)), ==, 1);
  g_assert_true(event_stream_was_left(stream));
}

/* What somebody cancelled is not wanted; what nobody reads may still be. */
static void test_left_is_not_cancelled(void) {
  EventStreamOptions options = {.abandon_ms = 30000};
  g_autoptr(EventStream) stream = event_stream_new(&options);
  g_assert_false(event_stream_was_left(stream)); /* nobody came yet */
  Calls counted = {0};
  EventReader *reader = event_reader_new(stream, 0, &calls, &counted);
  g_assert_false(event_stream_was_left(stream));
  event_reader_free(reader);
  g_assert_true(event_stream_was_left(stream));
  reader = event_reader_new(stream, 0, &calls, &counted);
  g_assert_false(event_stream_was_left(stream)); /* somebody came back */
  event_stream_cancel(stream);
  event_reader_free(reader);
  g_assert_false(event_stream_was_left(stream));
}

static void test_a_silent_reader_is_pinged(void) {
  EventStreamOptions options = {.abandon_ms = 0};
  g_autoptr(EventStream) stream = event_stream_new(&options);
  Calls counted = {0};
  EventReader *reader = event_reader_new(stream, 0, &calls, &counted);
  expect(reader, "pause");
  event_stream_tick(stream, g_get_monotonic_time() + 2 * EVENT_PING_MS * 1000);
  g_assert_cmpint(counted.wakes, ==, 1);
  expect(reader, "ping");
  expect(reader, "pause");
  event_reader_hang_up(reader);
  g_assert_cmpint(counted.wakes, ==, 2);
  expect(reader, "gone");
  g_assert_cmpint(g_atomic_int_get(event_stream_cancelled(stream)), ==, 0);
  event_reader_free(reader);
  /* Nobody waits for it: it is cancelled at once. */
  g_assert_cmpint(g_atomic_int_get(event_stream_cancelled(stream)), ==, 1);
}

#define PUBLISHED 2000

typedef struct {
  EventStream *stream;
  gint seen; /* atomic */
} Reading;

/* Reads as a connection does: sleeps when paused. */
static gpointer read_to_the_end(gpointer data) {
  Reading *reading = data;
  Calls counted = {0};
  int pauses = 0;
  EventReader *reader = event_reader_new(reading->stream, 0, &calls, &counted);
  for (;;) {
    Event event;
    EventOutcome outcome = event_reader_next(reader, &event);
    if (outcome == EVENT_END) break;
    if (outcome == EVENT_NEXT) {
      g_atomic_int_inc(&reading->seen);
      g_bytes_unref(event.data);
    } else {
      pauses++;
      while (g_atomic_int_get(&counted.wakes) < pauses) g_usleep(50);
    }
  }
  g_assert_cmpint(g_atomic_int_get(&counted.pauses), ==, pauses);
  event_reader_free(reader);
  return NULL;
}

static void test_many_threads(void) {
  EventHub *hub = event_hub_new();
  g_autoptr(EventStream) stream = open_stream(hub, (EventStreamOptions){.id = "x", .abandon_ms = -1});
  Reading readings[4];
  GThread *threads[4];
  for (guint i = 0; i < 4; i++) {
    readings[i] = (Reading){stream, 0};
    threads[i] = g_thread_new("read", read_to_the_end, &readings[i]);
  }
  for (int i = 0; i < PUBLISHED; i++) g_assert_true(event_stream_publish(stream, "n", bytes("x")));
  event_stream_end(stream);
  for (guint i = 0; i < 4; i++) {
    g_thread_join(threads[i]);
    g_assert_cmpint(readings[i].seen, ==, PUBLISHED);
  }
  event_hub_free(hub);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/events/reach-every-reader", test_events_reach_every_reader);
  g_test_add_func("/events/replaced-are-not-kept", test_replaced_events_are_not_kept);
  g_test_add_func("/events/a-stream-is-bounded", test_a_stream_is_bounded);
  g_test_add_func("/events/finding-needs-the-owner", test_finding_needs_the_owner);
  g_test_add_func("/events/time", test_time);
  g_test_add_func("/events/left-is-not-cancelled", test_left_is_not_cancelled);
  g_test_add_func("/events/a-silent-reader-is-pinged", test_a_silent_reader_is_pinged);
  g_test_add_func("/events/many-threads", test_many_threads);
  return g_test_run();
}
