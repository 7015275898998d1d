/*
 * One client's connection: requests are read one after the other, each is answered before the next is looked at. It is watched
 * once, edge-triggered, for all that can happen to it, so nothing needs to be asked of the kernel between a request and its
 * reply but the two transfers of bytes. A connection that is over is freed at the end of the loop's turn, never earlier.
 */
#include <errno.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ai/http_head.h"
#include "ai/http_private.h"
#include "ai/wire_body.h"

#define READ_BYTES (64u << 10)
/* Who sends without end gets no more than that of a turn. */
#define READS_AT_ONCE 16
/* Of a body that is too large, read so that its sender sees why it is refused. */
#define MAX_DROPPED ((gsize)4 * HTTP_MAX_BODY)
#define ENDING_ROUNDS 64
/* What is taken in of later requests while one is answered. */
#define MAX_AHEAD (64u << 10)
#define IDLE_US (75 * G_USEC_PER_SEC)
#define REQUEST_US (300 * G_USEC_PER_SEC) /* for a request to come as a whole, however steadily */
#define MAX_HELD (512u << 20)             /* of bodies, over all connections of a loop */
#define SWEEP_US (5 * G_USEC_PER_SEC)
#define KEPT_OUT (64u << 10)

typedef enum { READ_HEAD, READ_BODY, ANSWER } State;

struct HttpConnection {
  AiHttpLoop *on;
  int fd;
  AiWatch *watch;
  guint place; /* among the loop's */
  State state;
  gboolean closed;  /* waits to be freed */
  gboolean changed; /* stands in the loop's list of those to look at */
  gboolean unread;  /* the kernel may hold more; it tells only once */
  gboolean last;    /* it is closed after this reply */
  gboolean hung_up; /* the client wrote its last, which may not have been read yet */
  GByteArray *in;   /* what came and was not read yet */
  char *head_text;
  HttpHead head;
  WireBody body;
  gsize dropped; /* of it */
  AiHttpRequest *request; /* NULL while its head is read */
  gboolean head_sent, chunked;
  GString *out;
  gsize sent; /* of out */
  gsize held;     /* bytes of its body that the loop counts */
  gint64 began_us; /* the request that is being read; 0: none is */
  gint64 last_us; /* something was read or written */
  int unsent;     /* what the kernel held for the client at the last sweep */
};

const char *http_connection_header(const AiHttpRequest *request, const char *name) {
  return http_head_line(&request->connection->head, name);
}

const char *http_connection_argument(const AiHttpRequest *request, const char *name) {
  return http_head_argument(&request->connection->head, name);
}

static void look_at(HttpConnection *connection) {
  AiHttpLoop *on = connection->on;
  ai_loop_set_ready(on->parts->loop);
  if (connection->changed) return;
  connection->changed = TRUE;
  g_ptr_array_add(on->changed, connection);
}

void http_connection_wake(AiHttpRequest *request) {
  look_at(request->connection);
}

/* ---- its end ---- */

static void end_request(HttpConnection *connection) {
  AiHttpRequest *request = g_steal_pointer(&connection->request);
  if (request == NULL) return;
  g_atomic_int_add(&connection->on->http->open, -1);
  connection->on->held -= connection->held;
  connection->held = 0;
  http_request_clear(request);
  g_free(request);
}

static void close_connection(HttpConnection *connection) {
  AiHttpLoop *on = connection->on;
  if (connection->closed) return;
  connection->closed = TRUE;
  ai_watch_free(on->parts->loop, g_steal_pointer(&connection->watch));
  close(connection->fd);
  end_request(connection);
  HttpConnection *moved = g_ptr_array_index(on->clients, on->clients->len - 1);
  moved->place = connection->place;
  g_ptr_array_remove_index_fast(on->clients, connection->place);
  g_atomic_int_add(&on->connections, -1);
  look_at(connection);
}

static void connection_free(HttpConnection *connection) {
  g_clear_pointer(&connection->in, g_byte_array_unref);
  g_free(connection->head_text);
  g_string_free(connection->out, TRUE);
  g_free(connection);
}

/* ---- writing ---- */

/* FALSE: not all of it could go; the kernel tells when more can. */
static gboolean flush(HttpConnection *connection) {
  GString *out = connection->out;
  while (connection->sent < out->len) {
    ssize_t n = send(connection->fd, out->str + connection->sent, out->len - connection->sent, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return FALSE;
    if (n < 0) {
      close_connection(connection);
      return FALSE;
    }
    connection->sent += (gsize)n;
    connection->last_us = ai_loop_now_us(connection->on->parts->loop);
  }
  connection->sent = 0;
  if (out->allocated_len <= KEPT_OUT) {
    g_string_truncate(out, 0);
  } else {
    g_string_free(out, TRUE);
    connection->out = g_string_sized_new(1024);
  }
  return TRUE;
}

static void append_line(GString *out, const char *name, const char *value) {
  if (value == NULL || strpbrk(value, "\r\n") != NULL) return;
  g_string_append(out, name);
  g_string_append(out, ": ");
  g_string_append(out, value);
  g_string_append(out, "\r\n");
}

/* The clock's line is written once a second. */
static void append_date(AiHttpLoop *on, GString *out) {
  static const char *const DAYS[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static const char *const MONTHS[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  time_t now = time(NULL);
  if (now != on->date_of) {
    struct tm at;
    gmtime_r(&now, &at);
    on->date_of = now;
    g_snprintf(on->date, sizeof on->date, "Date: %s, %02d %s %d %02d:%02d:%02d GMT\r\n", DAYS[at.tm_wday], at.tm_mday, MONTHS[at.tm_mon], at.tm_year + 1900,
               at.tm_hour, at.tm_min, at.tm_sec);
  }
  g_string_append(out, on->date);
}

/* `length` < 0: it is not known before the end. */
static void append_head(HttpConnection *connection, int status, const char *media_type, gint64 length) {
  const AiHttpRequest *request = connection->request;
  GString *out = connection->out;
  const char *headers[HTTP_REPLY_HEADERS];
  char number[64];
  connection->last_us = ai_loop_now_us(connection->on->parts->loop);
  connection->chunked = length < 0 && !connection->head.old;
  connection->last = connection->last || (length < 0 && connection->head.old);
  g_snprintf(number, sizeof number, "HTTP/1.1 %d ", status);
  g_string_append(out, number);
  g_string_append(out, MHD_get_reason_phrase_for((unsigned int)status));
  g_string_append(out, "\r\n");
  append_date(connection->on, out);
  append_line(out, MHD_HTTP_HEADER_CONTENT_TYPE, media_type);
  append_line(out, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
  if (request != NULL && request->retry_after_ms > 0) {
    g_snprintf(number, sizeof number, "%" G_GINT64_FORMAT, (request->retry_after_ms + 999) / 1000);
    append_line(out, MHD_HTTP_HEADER_RETRY_AFTER, number);
  }
  g_autofree char *where = request != NULL ? http_location(request) : NULL;
  g_autofree char *cost = request != NULL && request->call != NULL && !request->streaming ? ai_money_text(request->call->out.usage.cost_nano) : NULL;
  guint n = request != NULL ? http_call_headers(request, headers) : 0;
  append_line(out, MHD_HTTP_HEADER_LOCATION, where);
  for (guint i = 0; i < n; i += 2) append_line(out, headers[i], headers[i + 1]);
  append_line(out, "x-aisle-cost", cost);
  if (connection->last) append_line(out, MHD_HTTP_HEADER_CONNECTION, "close");
  else if (connection->head.old) append_line(out, MHD_HTTP_HEADER_CONNECTION, "keep-alive");
  if (connection->chunked) append_line(out, MHD_HTTP_HEADER_TRANSFER_ENCODING, "chunked");
  g_snprintf(number, sizeof number, "Content-Length: %" G_GINT64_FORMAT "\r\n", length);
  if (length >= 0) g_string_append(out, number);
  g_string_append(out, "\r\n");
}

static gboolean wants_body(const HttpConnection *connection) {
  return strcmp(connection->head.method, "HEAD") != 0;
}

static void write_whole(HttpConnection *connection) {
  AiHttpRequest *request = connection->request;
  g_autoptr(GBytes) bytes = http_take_body(request);
  gsize length;
  const char *data = g_bytes_get_data(bytes, &length);
  append_head(connection, request->status, request->media_type, (gint64)length);
  if (length > 0 && wants_body(connection)) g_string_append_len(connection->out, data, (gssize)length);
}

/* What waits of a stream. One that ended before its first piece could go out has a length. */
static void write_stream(HttpConnection *connection) {
  AiHttpRequest *request = connection->request;
  GString *out = connection->out, *stream = request->stream;
  char size[24];
  if (!connection->head_sent) append_head(connection, 200, "text/event-stream; charset=utf-8", request->stream_ended ? (gint64)stream->len : -1);
  connection->head_sent = TRUE;
  if (stream->len > 0 && wants_body(connection)) {
    g_snprintf(size, sizeof size, "%zx\r\n", stream->len);
    if (connection->chunked) g_string_append(out, size);
    g_string_append_len(out, stream->str, (gssize)stream->len);
    if (connection->chunked) g_string_append(out, "\r\n");
  }
  g_string_truncate(stream, 0);
  if (request->stream_ended && connection->chunked && wants_body(connection)) g_string_append(out, "0\r\n\r\n");
}

/* ---- reading ---- */

/* What is no request is answered, and the connection ends: where the next one would begin is not known. */
static gsize refuse(HttpConnection *connection, int status, gsize length) {
  static const char BODY[] = "{\"error\":{\"message\":\"this is no request that can be read\",\"type\":\"invalid_request_error\",\"param\":null,\"code\":\"bad_request\"}}";
  static const char FULL[] = "{\"error\":{\"message\":\"too many requests are on their way at once; try again\",\"type\":\"server_error\",\"param\":null,\"code\":\"busy\"}}";
  const char *body = status == 503 ? FULL : BODY;
  end_request(connection);
  connection->last = TRUE;
  append_head(connection, status, "application/json", (gint64)strlen(body));
  g_string_append(connection->out, body);
  connection->state = ANSWER;
  connection->began_us = 0;
  look_at(connection);
  return length;
}

static void dispatch(HttpConnection *connection) {
  connection->state = ANSWER;
  connection->began_us = 0;
  http_dispatch(connection->request, connection->head.method, connection->head.path);
}

static void begin_request(HttpConnection *connection) {
  AiHttpRequest *request = connection->request = g_new0(AiHttpRequest, 1);
  const HttpHead *head = &connection->head;
  request->on = connection->on;
  request->connection = connection;
  request->body = g_byte_array_sized_new((guint)MIN(head->length + 1, READ_BYTES));
  g_atomic_int_inc(&connection->on->http->open);
  connection->last = head->close;
  connection->head_sent = FALSE;
  connection->dropped = 0;
  wire_body_init(&connection->body, head->chunked ? WIRE_BODY_CHUNKED : WIRE_BODY_LENGTH, head->length);
  connection->state = READ_BODY;
}

/* How many of the bytes it took. */
static gsize read_head(HttpConnection *connection, const char *bytes, gsize length) {
  gsize skipped = 0;
  while (skipped + 1 < length && bytes[skipped] == '\r' && bytes[skipped + 1] == '\n') skipped += 2;
  gsize head_length = http_head_find(bytes + skipped, length - skipped);
  if (head_length == 0 && length - skipped <= HTTP_HEAD_MAX) return skipped;
  connection->head.method = ""; /* of a refusal */
  if (head_length == 0 || head_length > HTTP_HEAD_MAX) return refuse(connection, 431, length);
  g_free(connection->head_text);
  connection->head_text = g_strndup(bytes + skipped, head_length);
  int status = http_head_read(&connection->head, connection->head_text, head_length);
  if (status != 0) return refuse(connection, status, length);
  begin_request(connection);
  gsize taken = skipped + head_length;
  if (connection->head.expects && !connection->body.finished && taken == length) {
    g_string_append(connection->out, "HTTP/1.1 100 Continue\r\n\r\n");
    flush(connection);
  }
  if (connection->body.finished && !connection->closed) dispatch(connection);
  return taken;
}

static gsize read_body(HttpConnection *connection, const char *bytes, gsize length) {
  AiHttpRequest *request = connection->request;
  gsize position = 0, size;
  const char *piece = NULL;
  while ((size = wire_body_next(&connection->body, bytes, length, &position, &piece)) > 0) {
    request->too_large = request->too_large || request->body->len + size > HTTP_MAX_BODY;
    if (request->too_large) {
      connection->dropped += size;
      continue;
    }
    if (connection->on->held + size > MAX_HELD) return refuse(connection, 503, length);
    connection->on->held += size;
    connection->held += size;
    g_byte_array_append(request->body, (const guint8 *)piece, (guint)size);
  }
  if (connection->body.invalid) return refuse(connection, 400, length);
  if (connection->dropped > MAX_DROPPED) return refuse(connection, 413, length);
  if (connection->body.finished) dispatch(connection);
  return position;
}

/* As many requests as are there, up to one that has to wait for its reply. How many of the bytes were taken. */
static gsize read_requests(HttpConnection *connection, const char *bytes, gsize length) {
  gsize taken = 0;
  while (taken < length && connection->state != ANSWER && !connection->closed) {
    gsize now = connection->state == READ_HEAD ? read_head(connection, bytes + taken, length - taken) : read_body(connection, bytes + taken, length - taken);
    taken += now;
    if (now == 0 && connection->state == READ_HEAD) break;
  }
  return taken;
}

static void take_bytes(HttpConnection *connection, const char *bytes, gsize length) {
  if (connection->state != ANSWER && connection->began_us == 0) connection->began_us = connection->last_us;
  if (connection->in == NULL) {
    gsize taken = connection->state != ANSWER ? read_requests(connection, bytes, length) : 0;
    if (taken == length || connection->closed) return;
    connection->in = g_byte_array_new();
    g_byte_array_append(connection->in, (const guint8 *)bytes + taken, (guint)(length - taken));
    return;
  }
  g_byte_array_append(connection->in, (const guint8 *)bytes, (guint)length);
  gsize taken = read_requests(connection, (const char *)connection->in->data, connection->in->len);
  if (connection->closed) return;
  if (taken == connection->in->len) g_clear_pointer(&connection->in, g_byte_array_unref);
  else if (taken > 0) g_byte_array_remove_range(connection->in, 0, (guint)taken);
}

/* Who leaves is owed nothing, and what runs for them stops; a reply that is there already goes out. */
static void client_left(HttpConnection *connection) {
  connection->last = TRUE;
  if (connection->state != ANSWER || (!connection->changed && connection->out->len == 0)) close_connection(connection);
}

static void read_more(HttpConnection *connection) {
  char bytes[READ_BYTES];
  for (int reads = 0; !connection->closed; reads++) {
    if (reads == READS_AT_ONCE) { /* the rest in the next turn */
      connection->unread = TRUE;
      look_at(connection);
      return;
    }
    connection->unread = connection->state == ANSWER && connection->in != NULL && connection->in->len >= MAX_AHEAD;
    if (connection->unread && !connection->hung_up) return;
    ssize_t n = recv(connection->fd, bytes, sizeof bytes, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0 || connection->unread) {
      if (n == 0) client_left(connection);
      else close_connection(connection);
      return;
    }
    connection->last_us = ai_loop_now_us(connection->on->parts->loop);
    take_bytes(connection, bytes, (gsize)n);
    if ((gsize)n < sizeof bytes && !connection->hung_up) return;
  }
}

/* ---- turns ---- */

/* FALSE: the reply is not through yet. */
static gboolean go_on_with_reply(HttpConnection *connection) {
  AiHttpRequest *request = connection->request;
  if (!flush(connection) || connection->state != ANSWER) return FALSE;
  if (request == NULL) { /* a refusal */
    close_connection(connection);
    return FALSE;
  }
  gboolean whole = !request->streaming && request->status != 0;
  if (whole) write_whole(connection);
  else if (request->streaming) write_stream(connection);
  if (!whole && !(request->streaming && request->stream_ended)) {
    flush(connection);
    return FALSE;
  }
  request->replied = TRUE;
  return TRUE;
}

static void after_reply(HttpConnection *connection) {
  end_request(connection);
  if (connection->last) {
    close_connection(connection);
    return;
  }
  connection->state = READ_HEAD;
  if (connection->in != NULL) {
    g_autoptr(GByteArray) waiting = g_steal_pointer(&connection->in);
    take_bytes(connection, (const char *)waiting->data, waiting->len);
  }
  if (connection->unread && !connection->closed) read_more(connection);
}

static void advance(HttpConnection *connection) {
  if (connection->state != ANSWER) {
    if (connection->unread) read_more(connection);
    return;
  }
  gboolean replied = connection->request != NULL && connection->request->replied;
  if (!replied) replied = go_on_with_reply(connection);
  if (replied && !connection->closed && flush(connection)) after_reply(connection);
}

gboolean http_connections_turn(AiHttpLoop *on) {
  /* What becomes of one may concern it again: that is for the next turn. */
  guint n = on->changed->len;
  for (guint i = 0; i < n; i++) {
    HttpConnection *connection = g_ptr_array_index(on->changed, i);
    connection->changed = FALSE;
    if (!connection->closed) advance(connection);
    if (connection->closed && !connection->changed) connection_free(connection);
  }
  if (n > 0) g_ptr_array_remove_range(on->changed, 0, n);
  return on->changed->len > 0;
}

static void on_client(guint32 events, gpointer data) {
  HttpConnection *connection = data;
  gboolean ended = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
  if ((events & EPOLLOUT) && connection->out->len > 0) look_at(connection);
  connection->hung_up = connection->hung_up || ended;
  if (ended || (events & EPOLLIN)) read_more(connection);
}

/* ---- face ---- */

/* A client that reads slowly is not gone: what the kernel holds for it grows less. */
static void look_whether_it_reads(HttpConnection *connection) {
  int unsent = 0;
  if (connection->out->len == 0 || ioctl(connection->fd, SIOCOUTQ, &unsent) != 0) return;
  if (unsent != connection->unsent) connection->last_us = ai_loop_now_us(connection->on->parts->loop);
  connection->unsent = unsent;
}

static void sweep(gpointer data) {
  AiHttpLoop *on = data;
  gint64 oldest_us = ai_loop_now_us(on->parts->loop) - IDLE_US;
  on->sweep = NULL;
  for (guint i = on->clients->len; i > 0; i--) {
    HttpConnection *connection = g_ptr_array_index(on->clients, i - 1);
    look_whether_it_reads(connection);
    gboolean waits_for_us = connection->state == ANSWER && connection->out->len == 0;
    gboolean never_ends = connection->began_us != 0 && connection->began_us < oldest_us + IDLE_US - REQUEST_US;
    if (never_ends || (!waits_for_us && connection->last_us < oldest_us)) close_connection(connection);
  }
  if (on->clients->len > 0) on->sweep = ai_loop_after(on->parts->loop, SWEEP_US, sweep, on);
}

gboolean http_connection_open(AiHttpLoop *on, int fd) {
  int yes = 1;
  AiLoop *loop = on->parts->loop;
  if (on->clients->len >= HTTP_MAX_CONNECTIONS) return FALSE;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  HttpConnection *connection = g_new0(HttpConnection, 1);
  connection->on = on;
  connection->fd = fd;
  connection->last_us = ai_loop_now_us(loop);
  connection->watch = ai_loop_watch(loop, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | (guint32)EPOLLET, on_client, connection);
  if (connection->watch == NULL) {
    g_free(connection);
    return FALSE;
  }
  connection->out = g_string_sized_new(1024);
  connection->place = on->clients->len;
  g_ptr_array_add(on->clients, connection);
  if (on->sweep == NULL) on->sweep = ai_loop_after(loop, SWEEP_US, sweep, on);
  return TRUE;
}

void http_connections_end(AiHttpLoop *on) {
  for (guint i = on->clients->len; i > 0; i--) {
    HttpConnection *connection = g_ptr_array_index(on->clients, i - 1);
    AiHttpRequest *request = connection->request;
    connection->last = TRUE;
    if (request == NULL || connection->state != ANSWER) continue;
    if (request->call != NULL && !request->call->finished) ai_call_cancel(request->call);
    if (request->streaming) http_stream_end(request);
    else if (request->status == 0) http_reply_refusal(request, 503, "server_error", "busy", "the gateway stops");
  }
  for (int round = 0; round < ENDING_ROUNDS && http_connections_turn(on); round++) continue;
  while (on->clients->len > 0) close_connection(g_ptr_array_index(on->clients, on->clients->len - 1));
  while (http_connections_turn(on)) continue;
}
