#include "server/sse.h"

#include <string.h>

/* Buffer of each open stream: small, since there may be thousands. */
#define BLOCK_BYTES 2048
/* How long a client should wait before it comes back. */
#define FIRST_WORDS "retry: 1000\n\n"

typedef struct {
  struct MHD_Connection *connection;
  EventReader *reader;
  HangupWatch *hangups;
  guint64 hangup_ticket;
  /* What is being sent: head, the event's data, tail. */
  char head[96];
  GBytes *data; /* NULL: head only */
  const char *tail;
  gsize sent;
} SseReply;

static void pause_connection(gpointer data) {
  MHD_suspend_connection(((SseReply *)data)->connection);
}

static void wake_connection(gpointer data) {
  MHD_resume_connection(((SseReply *)data)->connection);
}

static void hang_up(gpointer data) {
  event_reader_hang_up(((SseReply *)data)->reader);
}

static const EventReaderCalls calls = {pause_connection, wake_connection};

static void set_text(SseReply *reply, const char *text) {
  g_clear_pointer(&reply->data, g_bytes_unref);
  g_strlcpy(reply->head, text, sizeof reply->head);
  reply->tail = "";
  reply->sent = 0;
}

static void set_event(SseReply *reply, const Event *event) {
  set_text(reply, "");
  if (event->name == NULL) g_strlcpy(reply->head, "data: ", sizeof reply->head);
  else
    g_snprintf(reply->head, sizeof reply->head, "id: %" G_GUINT64_FORMAT "\nevent: %.40s\ndata: ", event->number, event->name);
  reply->data = event->data;
  reply->tail = "\n\n";
}

/* Copies from one part what is not sent yet. */
static gsize copy_part(SseReply *reply, const char *part, gsize length, gsize *before, char *out, gsize room) {
  gsize skip = MIN(reply->sent - MIN(*before, reply->sent), length);
  gsize n = reply->sent >= *before ? MIN(length - skip, room) : 0;
  memcpy(out, part + skip, n);
  reply->sent += n;
  *before += length;
  return n;
}

static gsize copy_pending(SseReply *reply, char *out, gsize room) {
  gsize before = 0, length = 0, n;
  const char *data = reply->data != NULL ? g_bytes_get_data(reply->data, &length) : "";
  n = copy_part(reply, reply->head, strlen(reply->head), &before, out, room);
  n += copy_part(reply, data, length, &before, out + n, room - n);
  n += copy_part(reply, reply->tail, strlen(reply->tail), &before, out + n, room - n);
  return n;
}

/* On the event loop of the connection. */
static ssize_t read_more(void *data, uint64_t position, char *out, size_t room) {
  (void)position;
  SseReply *reply = data;
  for (;;) {
    gsize copied = copy_pending(reply, out, room);
    if (copied > 0) return (ssize_t)copied;
    Event event;
    switch (event_reader_next(reply->reader, &event)) {
    case EVENT_NEXT: set_event(reply, &event); break;
    case EVENT_PING: set_text(reply, ": ping\n\n"); break;
    case EVENT_PAUSE: return 0; /* the connection sleeps by now */
    case EVENT_END: return MHD_CONTENT_READER_END_OF_STREAM;
    case EVENT_GONE: return MHD_CONTENT_READER_END_WITH_ERROR;
    }
  }
}

static void release(void *data) {
  SseReply *reply = data;
  hangup_watch_remove(reply->hangups, reply->hangup_ticket);
  event_reader_free(reply->reader);
  g_clear_pointer(&reply->data, g_bytes_unref);
  g_free(reply);
}

struct MHD_Response *sse_response_new(EventStream *stream, guint64 after, struct MHD_Connection *connection, HangupWatch *hangups) {
  SseReply *reply = g_new0(SseReply, 1);
  reply->connection = connection;
  reply->hangups = hangups;
  set_text(reply, event_stream_is_plain(stream) ? "" : FIRST_WORDS);
  reply->reader = event_reader_new(stream, after, &calls, reply);
  struct MHD_Response *response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, read_more, reply, release);
  if (response == NULL) {
    event_reader_free(reply->reader);
    g_free(reply);
    return NULL;
  }
  // Where it is resumed, told with the first byte: a connection that breaks before the first event was read loses nothing.
  const char *id = event_stream_id(stream);
  g_autofree char *place = id == NULL ? NULL : g_strdup_printf("/v1/streams/%s", id);
  if (place != NULL) MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_LOCATION, place);
  const union MHD_ConnectionInfo *socket = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  reply->hangup_ticket = hangup_watch_call(hangups, socket->connect_fd, hang_up, reply);
  return response;
}
