#include "ai/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ai/wire_body.h"

#define READ_BYTES (64u << 10)
#define IDLE_CONNECTIONS 256 /* a host */

typedef struct {
  char *authority; /* key of its pool */
  struct sockaddr_in address;
  GPtrArray *idle; /* of Connection* */
} Host;

typedef struct {
  Wire *wire;
  Host *host;
  int fd;
  AiWatch *watch;
  gboolean connecting, used; /* used: a reply came over it before */
  WireTransfer *transfer;    /* NULL: idle */
} Connection;

struct Wire {
  AiLoop *loop;
  GHashTable *hosts;
  gboolean proxied; /* the environment names a proxy: libcurl knows its rules */
};

struct WireTransfer {
  Wire *wire;
  Connection *connection; /* NULL: could not be made, ends soon */
  Host *host;
  char *request; /* head and body */
  gsize request_length, written;
  GString *head_text;
  gboolean have_head, close_after;
  TransferHead head;
  WireBody body;
  const TransferEvents *events;
  gpointer data;
  AiTimer *deadline, *soon;
};

static void on_connection(guint32 events, gpointer data);

static void host_free(gpointer data) {
  Host *host = data;
  g_ptr_array_unref(host->idle);
  g_free(host->authority);
  g_free(host);
}

static void connection_free(gpointer data) {
  Connection *connection = data;
  ai_watch_free(connection->wire->loop, connection->watch);
  close(connection->fd);
  g_free(connection);
}

Wire *wire_new(AiLoop *loop) {
  Wire *wire = g_new0(Wire, 1);
  wire->loop = loop;
  wire->hosts = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, host_free);
  wire->proxied = g_getenv("http_proxy") != NULL || g_getenv("all_proxy") != NULL || g_getenv("ALL_PROXY") != NULL;
  return wire;
}

void wire_free(Wire *wire) {
  if (wire == NULL) return;
  g_hash_table_unref(wire->hosts);
  g_free(wire);
}

static void transfer_free(WireTransfer *transfer) {
  ai_timer_cancel(transfer->wire->loop, transfer->deadline);
  ai_timer_cancel(transfer->wire->loop, transfer->soon);
  if (transfer->head_text != NULL) g_string_free(transfer->head_text, TRUE);
  g_free(transfer->request);
  g_free(transfer);
}

/* The transfer is over; its connection is kept or closed before anyone is told. */
static void finish(WireTransfer *transfer, TransferEnd how, gboolean keep) {
  Connection *connection = g_steal_pointer(&transfer->connection);
  if (connection != NULL) {
    connection->transfer = NULL;
    connection->used = TRUE;
    if (keep && connection->host->idle->len < IDLE_CONNECTIONS) g_ptr_array_add(connection->host->idle, connection);
    else connection_free(connection);
  }
  TransferHead head = transfer->head;
  const TransferEvents *events = transfer->events;
  gpointer data = transfer->data;
  transfer_free(transfer);
  events->end(&head, how, data);
}

static void on_deadline(gpointer data) {
  WireTransfer *transfer = data;
  transfer->deadline = NULL;
  finish(transfer, TRANSFER_TIMEOUT, FALSE);
}

static void fail_soon(gpointer data) {
  WireTransfer *transfer = data;
  transfer->soon = NULL;
  finish(transfer, TRANSFER_NO_CONNECT, FALSE);
}

/* ---- connections ---- */

static Connection *connect_to(Wire *wire, Host *host) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;
  if (fd < 0) return NULL;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  Connection *connection = g_new0(Connection, 1);
  *connection = (Connection){.wire = wire, .host = host, .fd = fd};
  int done = connect(fd, (const struct sockaddr *)&host->address, sizeof host->address);
  connection->connecting = TRUE; /* until it can be written to */
  if (done == 0 || errno == EINPROGRESS)
    connection->watch = ai_loop_watch(wire->loop, fd, EPOLLIN | EPOLLRDHUP | EPOLLOUT, on_connection, connection);
  if (connection->watch != NULL) return connection;
  connection_free(connection);
  return NULL;
}

static void attach(WireTransfer *transfer, gboolean fresh) {
  Host *host = transfer->host;
  Connection *connection = NULL;
  if (!fresh && host->idle->len > 0) connection = g_ptr_array_steal_index(host->idle, host->idle->len - 1);
  if (connection == NULL) connection = connect_to(transfer->wire, host);
  transfer->connection = connection;
  if (connection != NULL) connection->transfer = transfer;
  else transfer->soon = ai_loop_after(transfer->wire->loop, 0, fail_soon, transfer);
}

/* FALSE: the transfer is over or moved to another connection. */
static gboolean lost(WireTransfer *transfer) {
  gboolean nothing_came = !transfer->have_head && transfer->head_text->len == 0;
  gboolean refused = transfer->connection->connecting;
  if (transfer->connection->used && nothing_came) {
    /* The server closed an idle connection just now; it never saw the request as a whole. */
    Connection *old = g_steal_pointer(&transfer->connection);
    connection_free(old);
    transfer->written = 0;
    attach(transfer, TRUE);
    return FALSE;
  }
  if (transfer->have_head && transfer->body.kind == WIRE_BODY_UNTIL_CLOSE) finish(transfer, TRANSFER_DONE, FALSE);
  else finish(transfer, refused ? TRANSFER_NO_CONNECT : TRANSFER_BROKEN, FALSE);
  return FALSE;
}

/* FALSE: over. */
static gboolean write_more(WireTransfer *transfer) {
  Connection *connection = transfer->connection;
  gboolean waited = transfer->written > 0 || connection->connecting;
  connection->connecting = FALSE;
  while (transfer->written < transfer->request_length) {
    ssize_t n = send(connection->fd, transfer->request + transfer->written, transfer->request_length - transfer->written, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) {
      ai_watch_change(transfer->wire->loop, connection->watch, EPOLLIN | EPOLLOUT | EPOLLRDHUP);
      return TRUE;
    }
    if (n < 0) return lost(transfer);
    transfer->written += (gsize)n;
  }
  if (waited) ai_watch_change(transfer->wire->loop, connection->watch, EPOLLIN | EPOLLRDHUP);
  return TRUE;
}

/* ---- the reply ---- */

void wire_read_header(TransferHead *head, const char *line) {
  if (g_ascii_strncasecmp(line, "retry-after:", 12) == 0 && head->retry_after_ms < 0) {
    head->retry_after_ms = transport_retry_after_ms(line + 12);
  } else if (g_ascii_strncasecmp(line, "retry-after-ms:", 15) == 0) {
    gint64 ms = g_ascii_strtoll(line + 15, NULL, 10);
    head->retry_after_ms = ms >= 0 && ms < 86400000 ? ms : -1;
  } else if (g_ascii_strncasecmp(line, "content-type:", 13) == 0) {
    head->event_stream = strcasestr(line + 13, "text/event-stream") != NULL;
  }
}

typedef struct {
  WireBodyKind kind;
  guint64 length;
} Framing;

/* FALSE: a length that is none. */
static gboolean read_framing(WireTransfer *transfer, const char *line, Framing *framing) {
  if (g_ascii_strncasecmp(line, "content-length:", 15) == 0 && framing->kind != WIRE_BODY_CHUNKED) {
    const char *value = line + 15 + strspn(line + 15, " \t");
    if (!g_ascii_string_to_unsigned(value, 10, 0, G_MAXINT64, &framing->length, NULL)) return FALSE;
    framing->kind = WIRE_BODY_LENGTH;
  } else if (g_ascii_strncasecmp(line, "transfer-encoding:", 18) == 0) {
    if (strcasestr(line + 18, "chunked") != NULL) framing->kind = WIRE_BODY_CHUNKED;
    framing->length = 0;
  } else if (g_ascii_strncasecmp(line, "connection:", 11) == 0) {
    transfer->close_after = strcasestr(line + 11, "close") != NULL;
  }
  return TRUE;
}

/* FALSE: it is no head of HTTP/1. The head is taken apart. */
static gboolean read_head(WireTransfer *transfer, gsize head_length) {
  char *text = transfer->head_text->str, *line_end = memchr(text, '\n', head_length), *end = text + head_length;
  if (strncmp(text, "HTTP/1.", 7) != 0 || line_end == NULL || line_end - text < 12) return FALSE;
  transfer->head = (TransferHead){.status = text_leading_number(text + 9), .retry_after_ms = -1};
  transfer->close_after = strncmp(text, "HTTP/1.0", 8) == 0;
  Framing framing = {WIRE_BODY_UNTIL_CLOSE, 0};
  for (char *line = line_end + 1; line < end; line = line_end + 1) {
    line_end = memchr(line, '\n', (gsize)(end - line));
    if (line_end == NULL) break;
    *line_end = '\0';
    g_strchomp(line);
    wire_read_header(&transfer->head, line);
    if (!read_framing(transfer, line, &framing)) return FALSE;
  }
  if (framing.kind == WIRE_BODY_UNTIL_CLOSE) transfer->close_after = TRUE;
  wire_body_init(&transfer->body, framing.kind, framing.length);
  return transfer->head.status >= 100;
}

/* FALSE: over. */
static gboolean take_body(WireTransfer *transfer, const char *bytes, gsize length) {
  gsize position = 0, size;
  const char *piece = NULL;
  while ((size = wire_body_next(&transfer->body, bytes, length, &position, &piece)) > 0) {
    if (transfer->events->body(&transfer->head, piece, size, transfer->data)) continue;
    connection_free(g_steal_pointer(&transfer->connection));
    transfer_free(transfer);
    return FALSE;
  }
  if (transfer->body.invalid) {
    finish(transfer, TRANSFER_BROKEN, FALSE);
    return FALSE;
  }
  if (!transfer->body.finished) return TRUE;
  finish(transfer, TRANSFER_DONE, !transfer->close_after && position == length && transfer->written == transfer->request_length);
  return FALSE;
}

static gboolean take_bytes(WireTransfer *transfer, const char *bytes, gsize length) {
  if (transfer->have_head) return take_body(transfer, bytes, length);
  gsize before = transfer->head_text->len;
  g_string_append_len(transfer->head_text, bytes, (gssize)length);
  for (;;) {
    char *end = memmem(transfer->head_text->str, transfer->head_text->len, "\r\n\r\n", 4);
    if (end == NULL && transfer->head_text->len <= TRANSPORT_MAX_HEAD) return TRUE;
    gsize head_length = end != NULL ? (gsize)(end - transfer->head_text->str) + 4 : 0;
    if (end == NULL || !read_head(transfer, head_length)) {
      finish(transfer, TRANSFER_BROKEN, FALSE);
      return FALSE;
    }
    if (transfer->head.status >= 200) {
      transfer->have_head = TRUE;
      gsize used = head_length > before ? head_length - before : 0;
      return take_body(transfer, bytes + used, length - used);
    }
    /* 1xx: the real head follows. */
    g_string_erase(transfer->head_text, 0, (gssize)head_length);
    before = before > head_length ? before - head_length : 0;
    length = transfer->head_text->len - before;
    bytes = transfer->head_text->str + before;
  }
}

static void on_connection(guint32 events, gpointer data) {
  Connection *connection = data;
  WireTransfer *transfer = connection->transfer;
  if (transfer == NULL) { /* idle: it was closed, or speaks out of turn */
    g_ptr_array_remove_fast(connection->host->idle, connection); /* frees it */
    return;
  }
  if (connection->connecting) {
    int failure = 0;
    socklen_t size = sizeof failure;
    getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &failure, &size);
    if (failure != 0) {
      lost(transfer);
      return;
    }
  }
  if ((events & EPOLLOUT) && !write_more(transfer)) return;
  char bytes[READ_BYTES];
  while (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) {
    ssize_t n = recv(connection->fd, bytes, sizeof bytes, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) {
      lost(transfer);
      return;
    }
    if (!take_bytes(transfer, bytes, (gsize)n) || (gsize)n < sizeof bytes) return;
  }
}

/* ---- face ---- */

static Host *find_host(Wire *wire, const char *authority) {
  Host *host = g_hash_table_lookup(wire->hosts, authority);
  if (host != NULL) return host;
  const char *colon = strchr(authority, ':');
  g_autofree char *name = colon != NULL ? g_strndup(authority, (gsize)(colon - authority)) : g_strdup(authority);
  guint64 port = 80;
  struct in_addr address;
  if (colon != NULL && !g_ascii_string_to_unsigned(colon + 1, 10, 1, 65535, &port, NULL)) return NULL;
  if (inet_pton(AF_INET, strcmp(name, "localhost") == 0 ? "127.0.0.1" : name, &address) != 1) return NULL;
  host = g_new0(Host, 1);
  host->authority = g_strdup(authority);
  host->address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((guint16)port), .sin_addr = address};
  host->idle = g_ptr_array_new_with_free_func(connection_free);
  g_hash_table_insert(wire->hosts, host->authority, host);
  return host;
}

static void write_request(WireTransfer *transfer, const char *path, const char *const *headers, GBytes *body) {
  gsize length;
  const char *bytes = g_bytes_get_data(body, &length);
  GString *request = g_string_sized_new(512 + length);
  g_string_append(request, "POST ");
  g_string_append(request, *path != '\0' ? path : "/");
  g_string_append(request, " HTTP/1.1\r\nHost: ");
  g_string_append(request, transfer->host->authority);
  g_string_append_printf(request, "\r\nContent-Type: application/json\r\nAccept: */*\r\nContent-Length: %zu\r\n", length);
  for (guint i = 0; headers[i] != NULL; i++) {
    g_string_append(request, headers[i]);
    g_string_append(request, "\r\n");
  }
  g_string_append(request, "\r\n");
  g_string_append_len(request, bytes, (gssize)length);
  transfer->request_length = request->len;
  transfer->request = g_string_free(request, FALSE);
}

static void write_soon(gpointer data) {
  WireTransfer *transfer = data;
  transfer->soon = NULL;
  write_more(transfer);
}

WireTransfer *wire_post(Wire *wire, const char *url, const char *const *headers, GBytes *body, gint64 timeout_ms,
                        const TransferEvents *events, gpointer data) {
  if (wire->proxied || !g_str_has_prefix(url, "http://")) return NULL;
  const char *path = url + 7 + strcspn(url + 7, "/?");
  g_autofree char *authority = g_strndup(url + 7, (gsize)(path - url - 7));
  Host *host = find_host(wire, authority);
  if (host == NULL) return NULL;
  WireTransfer *transfer = g_new0(WireTransfer, 1);
  transfer->wire = wire;
  transfer->host = host;
  transfer->events = events;
  transfer->data = data;
  transfer->head.retry_after_ms = -1;
  transfer->head_text = g_string_sized_new(512);
  write_request(transfer, path, headers, body);
  transfer->deadline = ai_loop_after(wire->loop, MAX(timeout_ms, 1) * 1000, on_deadline, transfer);
  attach(transfer, FALSE);
  Connection *connection = transfer->connection;
  if (connection == NULL || connection->connecting) return transfer;
  /* The usual case: all of it fits into the socket's buffer now. What fails is told later, never from here. */
  ssize_t n = send(connection->fd, transfer->request, transfer->request_length, MSG_NOSIGNAL);
  if (n > 0) transfer->written = (gsize)n;
  if (transfer->written < transfer->request_length) transfer->soon = ai_loop_after(wire->loop, 0, write_soon, transfer);
  return transfer;
}

void wire_cancel(WireTransfer *transfer) {
  if (transfer->connection != NULL) connection_free(transfer->connection);
  transfer_free(transfer);
}
