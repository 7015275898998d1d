/* The libcurl half, and the choice between the two. */
#include <curl/curl.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#include "ai/wire.h"

#define CONNECT_TIMEOUT_MS 5000
#define IDLE_HANDLES 256

struct Transport {
  AiLoop *loop;
  CURLM *multi;
  AiTimer *timer;
  GPtrArray *idle; /* of CURL* */
  Wire *wire;
  int in_callback;
};

struct Transfer {
  Transport *transport;
  WireTransfer *wire; /* NULL: libcurl's */
  CURL *easy;
  struct curl_slist *headers;
  GBytes *body;
  const TransferEvents *events;
  gpointer data;
  TransferHead head;
  gboolean refused; /* the receiver wants no more */
  AiTimer *soon;    /* libcurl's functions may not be called from inside its callbacks: what waits until after */
};

static void transfer_free(Transfer *transfer) {
  Transport *transport = transfer->transport;
  if (transfer->easy != NULL) {
    curl_multi_remove_handle(transport->multi, transfer->easy);
    if (transport->idle->len < IDLE_HANDLES) {
      curl_easy_reset(transfer->easy);
      g_ptr_array_add(transport->idle, transfer->easy);
    } else {
      curl_easy_cleanup(transfer->easy);
    }
  }
  ai_timer_cancel(transport->loop, transfer->soon);
  curl_slist_free_all(transfer->headers);
  g_clear_pointer(&transfer->body, g_bytes_unref);
  g_free(transfer);
}

gint64 transport_retry_after_ms(const char *text) {
  char *end;
  while (*text == ' ') text++;
  double seconds = g_ascii_strtod(text, &end);
  if (end != text && (*end == '\0' || *end == '\r' || *end == ' ')) return seconds >= 0 && seconds < 86400 ? (gint64)(seconds * 1000) : -1;
  time_t at = curl_getdate(text, NULL);
  return at < 0 ? -1 : MAX(0, (gint64)(at - time(NULL)) * 1000);
}

static size_t on_header(char *bytes, size_t size, size_t count, void *data) {
  Transfer *transfer = data;
  g_autofree char *line = g_strndup(bytes, size * count);
  if (g_str_has_prefix(line, "HTTP/")) transfer->head = (TransferHead){.retry_after_ms = -1};
  wire_read_header(&transfer->head, line);
  return size * count;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *data) {
  Transfer *transfer = data;
  long status = 0;
  curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
  transfer->head.status = (int)status;
  transfer->transport->in_callback++;
  if (!transfer->refused && !transfer->events->body(&transfer->head, bytes, size * count, transfer->data)) transfer->refused = TRUE;
  transfer->transport->in_callback--;
  return transfer->refused ? 0 : size * count;
}

static TransferEnd end_of(CURLcode code) {
  switch (code) {
  case CURLE_OK: return TRANSFER_DONE;
  case CURLE_OPERATION_TIMEDOUT: return TRANSFER_TIMEOUT;
  case CURLE_COULDNT_RESOLVE_HOST:
  case CURLE_COULDNT_RESOLVE_PROXY:
  case CURLE_COULDNT_CONNECT:
  case CURLE_SSL_CONNECT_ERROR:
  case CURLE_PEER_FAILED_VERIFICATION: return TRANSFER_NO_CONNECT;
  default: return TRANSFER_BROKEN;
  }
}

static void take_finished(Transport *transport) {
  CURLMsg *message;
  int left;
  while ((message = curl_multi_info_read(transport->multi, &left)) != NULL) {
    if (message->msg != CURLMSG_DONE) continue;
    Transfer *transfer = NULL;
    CURLcode code = message->data.result;
    long status = 0;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
    curl_easy_getinfo(message->easy_handle, CURLINFO_RESPONSE_CODE, &status);
    TransferHead head = transfer->head;
    head.status = (int)status;
    const TransferEvents *events = transfer->events;
    gpointer data = transfer->data;
    gboolean refused = transfer->refused;
    transfer_free(transfer);
    if (!refused) events->end(&head, end_of(code), data);
  }
}

/* ---- libcurl's sockets and clock on our loop ---- */

typedef struct {
  Transport *transport;
  AiWatch *watch;
  curl_socket_t socket;
} Socket;

static void on_socket(guint32 events, gpointer data) {
  Socket *socket = data;
  Transport *transport = socket->transport;
  int action = (events & EPOLLIN ? CURL_CSELECT_IN : 0) | (events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
               (events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
  int running;
  curl_multi_socket_action(transport->multi, socket->socket, action, &running);
  take_finished(transport);
}

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *data, void *known) {
  (void)easy;
  Transport *transport = data;
  Socket *socket = known;
  if (what == CURL_POLL_REMOVE) {
    if (socket != NULL) ai_watch_free(transport->loop, socket->watch);
    g_free(socket);
    curl_multi_assign(transport->multi, fd, NULL);
    return 0;
  }
  guint32 events = (what & CURL_POLL_IN ? (guint32)EPOLLIN : 0) | (what & CURL_POLL_OUT ? (guint32)EPOLLOUT : 0);
  if (socket != NULL) {
    ai_watch_change(transport->loop, socket->watch, events);
    return 0;
  }
  socket = g_new0(Socket, 1);
  *socket = (Socket){transport, NULL, fd};
  socket->watch = ai_loop_watch(transport->loop, fd, events, on_socket, socket);
  if (socket->watch == NULL) {
    g_free(socket);
    return -1;
  }
  curl_multi_assign(transport->multi, fd, socket);
  return 0;
}

static void on_clock(gpointer data) {
  Transport *transport = data;
  transport->timer = NULL;
  int running;
  curl_multi_socket_action(transport->multi, CURL_SOCKET_TIMEOUT, 0, &running);
  take_finished(transport);
}

static int set_clock(CURLM *multi, long milliseconds, void *data) {
  (void)multi;
  Transport *transport = data;
  ai_timer_cancel(transport->loop, transport->timer);
  transport->timer = milliseconds < 0 ? NULL : ai_loop_after(transport->loop, milliseconds * 1000, on_clock, transport);
  return 0;
}

/* ---- face ---- */

Transport *transport_new(AiLoop *loop, GError **error) {
  Transport *transport = g_new0(Transport, 1);
  transport->loop = loop;
  transport->idle = g_ptr_array_new_with_free_func((GDestroyNotify)curl_easy_cleanup);
  transport->wire = wire_new(loop);
  transport->multi = curl_multi_init();
  if (transport->multi == NULL) {
    g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_INTERNAL, "cannot start the HTTP client");
    transport_free(transport);
    return NULL;
  }
  curl_multi_setopt(transport->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
  curl_multi_setopt(transport->multi, CURLMOPT_SOCKETDATA, transport);
  curl_multi_setopt(transport->multi, CURLMOPT_TIMERFUNCTION, set_clock);
  curl_multi_setopt(transport->multi, CURLMOPT_TIMERDATA, transport);
  return transport;
}

void transport_free(Transport *transport) {
  if (transport == NULL) return;
  wire_free(transport->wire);
  g_ptr_array_unref(transport->idle);
  if (transport->multi != NULL) curl_multi_cleanup(transport->multi);
  ai_timer_cancel(transport->loop, transport->timer);
  g_free(transport);
}

static CURL *take_easy(Transport *transport) {
  return transport->idle->len > 0 ? g_ptr_array_steal_index_fast(transport->idle, transport->idle->len - 1) : curl_easy_init();
}

static void end_without_client(gpointer data) {
  Transfer *transfer = data;
  const TransferEvents *events = transfer->events;
  gpointer user = transfer->data;
  transfer->soon = NULL;
  TransferHead head = {.retry_after_ms = -1};
  transfer_free(transfer);
  events->end(&head, TRANSFER_NO_CONNECT, user);
}

static void add_later(gpointer data) {
  Transfer *transfer = data;
  transfer->soon = NULL;
  curl_multi_add_handle(transfer->transport->multi, transfer->easy);
}

static void free_later(gpointer data) {
  Transfer *transfer = data;
  transfer->soon = NULL;
  transfer_free(transfer);
}

static void start_curl(Transfer *transfer, const char *url, const char *const *headers, gint64 timeout_ms) {
  CURL *easy = transfer->easy = take_easy(transfer->transport);
  if (easy == NULL) {
    transfer->soon = ai_loop_after(transfer->transport->loop, 0, end_without_client, transfer);
    return;
  }
  gsize length;
  const char *bytes = g_bytes_get_data(transfer->body, &length);
  for (guint i = 0; headers[i] != NULL; i++) transfer->headers = curl_slist_append(transfer->headers, headers[i]);
  transfer->headers = curl_slist_append(transfer->headers, "Content-Type: application/json");
  transfer->headers = curl_slist_append(transfer->headers, "Expect:");
  curl_easy_setopt(easy, CURLOPT_URL, url);
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers);
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)length);
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, bytes);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)CLAMP(timeout_ms, 1, G_MAXINT));
  if (transfer->transport->in_callback > 0) transfer->soon = ai_loop_after(transfer->transport->loop, 0, add_later, transfer);
  else curl_multi_add_handle(transfer->transport->multi, easy);
}

static gboolean pass_body(const TransferHead *head, const char *bytes, gsize length, gpointer data) {
  Transfer *transfer = data;
  if (transfer->events->body(head, bytes, length, transfer->data)) return TRUE;
  transfer_free(transfer);
  return FALSE;
}

static void pass_end(const TransferHead *head, TransferEnd how, gpointer data) {
  Transfer *transfer = data;
  const TransferEvents *events = transfer->events;
  gpointer user = transfer->data;
  transfer_free(transfer);
  events->end(head, how, user);
}

Transfer *transport_post(Transport *transport, const char *url, const char *const *headers, GBytes *body, gint64 timeout_ms,
                         const TransferEvents *events, gpointer data) {
  static const TransferEvents PASS = {pass_body, pass_end};
  Transfer *transfer = g_new0(Transfer, 1);
  transfer->transport = transport;
  transfer->events = events;
  transfer->data = data;
  transfer->head.retry_after_ms = -1;
  transfer->body = g_bytes_ref(body);
  transfer->wire = wire_post(transport->wire, url, headers, body, timeout_ms, &PASS, transfer);
  if (transfer->wire == NULL) start_curl(transfer, url, headers, timeout_ms);
  return transfer;
}

void transfer_cancel(Transfer *transfer) {
  if (transfer == NULL) return;
  if (transfer->wire != NULL) wire_cancel(transfer->wire);
  if (transfer->wire != NULL || transfer->transport->in_callback == 0) {
    transfer_free(transfer);
    return;
  }
  transfer->refused = TRUE;
  ai_timer_cancel(transfer->transport->loop, transfer->soon);
  transfer->soon = ai_loop_after(transfer->transport->loop, 0, free_later, transfer);
}
