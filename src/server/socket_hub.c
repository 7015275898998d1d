#include "server/socket_hub.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/socket_private.h"

#define EVENTS_AT_ONCE 64
#define TICK_MS 1000
/* RFC 6455, 1.3. */
#define ACCEPT_SUFFIX "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

struct SocketHub {
  ServerState *state;
  int epoll, bell; /* bell: an eventfd; there is something in `fresh` or `ready`, or the end has come */
  pthread_t thread;
  gboolean running;
  pthread_mutex_t lock;
  GQueue fresh;        /* of Socket*, just upgraded */
  GHashTable *ready;   /* set of Socket* with events to send */
  gboolean ending;
  gint count;          /* atomic */
  GHashTable *sockets; /* set of Socket*; only of the thread */
};

ServerState *socket_hub_state(SocketHub *hub) { return hub->state; }
int socket_hub_count(SocketHub *hub) { return g_atomic_int_get(&hub->count); }

/* What is in a set now: it may change while one goes through it. */
static GPtrArray *members_of(GHashTable *set) {
  GPtrArray *members = g_ptr_array_sized_new(g_hash_table_size(set));
  GHashTableIter iterator;
  gpointer member;
  g_hash_table_iter_init(&iterator, set);
  while (g_hash_table_iter_next(&iterator, &member, NULL)) g_ptr_array_add(members, member);
  return members;
}

static void ring(SocketHub *hub) {
  /* Full means rung already. */
  if (eventfd_write(hub->bell, 1) != 0 && errno != EAGAIN) g_warning("a socket may be late: %s", g_strerror(errno));
}

void socket_hub_wake(gpointer data) {
  Socket *socket = ((Flight *)data)->socket;
  pthread_mutex_lock(&socket->hub->lock);
  gboolean first = g_hash_table_add(socket->hub->ready, socket);
  pthread_mutex_unlock(&socket->hub->lock);
  if (first) ring(socket->hub);
}

/* ---- wslay's callbacks ---- */

/* A client that sends much and reads nothing is not read from, so that what is meant for it does not pile up. */
static gboolean is_choked(const Socket *socket) {
  return wslay_event_get_queued_msg_count(socket->frames) > SOCKET_MAX_QUEUED_FRAMES ||
         wslay_event_get_queued_msg_length(socket->frames) > 2 * SOCKET_MAX_QUEUED;
}

static ssize_t take_early(Socket *socket, uint8_t *out, size_t room) {
  gsize n = MIN(room, socket->early->len);
  memcpy(out, socket->early->data, n);
  g_byte_array_remove_range(socket->early, 0, (guint)n);
  if (socket->early->len == 0) g_clear_pointer(&socket->early, g_byte_array_unref);
  return (ssize_t)n;
}

static ssize_t receive(wslay_event_context_ptr frames, uint8_t *out, size_t room, int flags, void *data) {
  (void)flags;
  Socket *socket = data;
  if (is_choked(socket)) {
    wslay_event_set_error(frames, WSLAY_ERR_WOULDBLOCK);
    return -1;
  }
  if (socket->early != NULL) return take_early(socket, out, room);
  ssize_t n;
  do n = recv(socket->fd, out, room, 0);
  while (n < 0 && errno == EINTR);
  if (n > 0) {
    socket->heard_us = g_get_monotonic_time();
    return n;
  }
  gboolean later = n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  if (!later) socket->broken = TRUE;
  wslay_event_set_error(frames, later ? WSLAY_ERR_WOULDBLOCK : WSLAY_ERR_CALLBACK_FAILURE);
  return -1;
}

static ssize_t transmit(wslay_event_context_ptr frames, const uint8_t *bytes, size_t length, int flags, void *data) {
  Socket *socket = data;
  ssize_t n;
  do n = send(socket->fd, bytes, length, MSG_NOSIGNAL | ((flags & WSLAY_MSG_MORE) != 0 ? MSG_MORE : 0));
  while (n < 0 && errno == EINTR);
  if (n >= 0) return n;
  gboolean later = errno == EAGAIN || errno == EWOULDBLOCK;
  if (!later) socket->broken = TRUE;
  wslay_event_set_error(frames, later ? WSLAY_ERR_WOULDBLOCK : WSLAY_ERR_CALLBACK_FAILURE);
  return -1;
}

static void close_with(Socket *socket, uint16_t code, const char *reason) {
  if (socket->closing_us == 0) socket->closing_us = g_get_monotonic_time();
  wslay_event_queue_close(socket->frames, code, (const uint8_t *)reason, strlen(reason));
}

/* Half a status code (RFC 6455, 5.5.1), which wslay lets pass. */
static void on_frame(wslay_event_context_ptr frames, const struct wslay_event_on_frame_recv_start_arg *frame, void *data) {
  (void)frames;
  if (frame->opcode == WSLAY_CONNECTION_CLOSE && frame->payload_length == 1) close_with(data, WSLAY_CODE_PROTOCOL_ERROR, "half a status code");
}

static void on_message(wslay_event_context_ptr frames, const struct wslay_event_on_msg_recv_arg *message, void *data) {
  (void)frames;
  Socket *socket = data;
  if (message->opcode == WSLAY_CONNECTION_CLOSE) {
    if (socket->closing_us == 0) socket->closing_us = g_get_monotonic_time();
  } else if (message->opcode == WSLAY_BINARY_FRAME) {
    close_with(socket, WSLAY_CODE_UNSUPPORTED_DATA, "messages are JSON in text frames");
  } else if (message->opcode == WSLAY_TEXT_FRAME && socket->closing_us == 0) {
    socket_receive(socket, (const char *)message->msg, message->msg_length);
  }
}

static const struct wslay_event_callbacks callbacks = {receive, transmit, NULL, on_frame, NULL, NULL, on_message};

/* ---- connections; all on the hub's thread ---- */

static void socket_free(Socket *socket) {
  SocketHub *hub = socket->hub;
  /* The readers first: after them nobody can put it into `ready`. */
  g_ptr_array_unref(socket->flights);
  pthread_mutex_lock(&hub->lock);
  g_hash_table_remove(hub->ready, socket);
  pthread_mutex_unlock(&hub->lock);
  epoll_ctl(hub->epoll, EPOLL_CTL_DEL, socket->fd, NULL);
  MHD_upgrade_action(socket->handle, MHD_UPGRADE_ACTION_CLOSE);
  if (socket->frames != NULL) wslay_event_context_free(socket->frames);
  if (socket->early != NULL) g_byte_array_unref(socket->early);
  g_free(socket);
  g_atomic_int_add(&hub->count, -1);
}

static void forget(SocketHub *hub, Socket *socket) {
  g_hash_table_remove(hub->sockets, socket);
  socket_free(socket);
}

static void watch(Socket *socket) {
  guint32 wanted = (wslay_event_want_read(socket->frames) && !is_choked(socket) ? EPOLLIN : 0) |
                   (wslay_event_want_write(socket->frames) ? EPOLLOUT : 0);
  if (socket->is_watched && wanted == socket->watched) return;
  struct epoll_event event = {.events = wanted, .data.ptr = socket};
  epoll_ctl(socket->hub->epoll, socket->is_watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, socket->fd, &event);
  socket->is_watched = TRUE;
  socket->watched = wanted;
}

/* Reads, sends what there is, and takes leave when both sides are done. */
static void serve(SocketHub *hub, Socket *socket, gboolean readable) {
  if (readable && !socket->broken && wslay_event_want_read(socket->frames) && wslay_event_recv(socket->frames) != 0) socket->broken = TRUE;
  gsize before;
  do { /* what was sent made room for more */
    before = wslay_event_get_queued_msg_length(socket->frames);
    if (socket->closing_us == 0) socket_pump(socket);
    if (!socket->broken && wslay_event_want_write(socket->frames) && wslay_event_send(socket->frames) != 0) socket->broken = TRUE;
  } while (!socket->broken && before > 0 && wslay_event_get_queued_msg_length(socket->frames) < MIN(before, SOCKET_MAX_QUEUED));
  gboolean done = !wslay_event_want_read(socket->frames) && !wslay_event_want_write(socket->frames);
  if (socket->broken || done) forget(hub, socket);
  else watch(socket);
}

static void serve_event(SocketHub *hub, Socket *socket, guint32 events) {
  if ((events & (EPOLLHUP | EPOLLERR)) != 0) socket->broken = TRUE;
  serve(hub, socket, (events & EPOLLIN) != 0);
}

/* What time brings: pings, and an end to those who do not answer. TRUE: it is gone. */
static gboolean is_dead(Socket *socket, gint64 now_us) {
  if (socket->closing_us != 0) return now_us - socket->closing_us > SOCKET_CLOSE_MS * 1000;
  if (now_us - socket->heard_us > SOCKET_DEAD_MS * 1000) return TRUE;
  if (now_us - MAX(socket->heard_us, socket->pinged_us) > SOCKET_PING_MS * 1000) {
    struct wslay_event_msg ping = {WSLAY_PING, NULL, 0};
    wslay_event_queue_msg(socket->frames, &ping);
    socket->pinged_us = now_us;
  }
  return FALSE;
}

static void tick(SocketHub *hub) {
  gint64 now_us = g_get_monotonic_time();
  g_autoptr(GPtrArray) all = members_of(hub->sockets);
  for (guint i = 0; i < all->len; i++) {
    if (is_dead(all->pdata[i], now_us)) forget(hub, all->pdata[i]);
    else serve(hub, all->pdata[i], FALSE);
  }
}

static void begin(SocketHub *hub, Socket *socket) {
  if (wslay_event_context_server_init(&socket->frames, &callbacks, socket) != 0) {
    socket_free(socket);
    return;
  }
  wslay_event_config_set_max_recv_msg_length(socket->frames, SOCKET_MAX_MESSAGE);
  g_hash_table_add(hub->sockets, socket);
  serve(hub, socket, TRUE);
}

/* TRUE: the hub ends. */
static gboolean answer_bell(SocketHub *hub) {
  eventfd_t rung;
  if (eventfd_read(hub->bell, &rung) != 0 && errno != EAGAIN) g_warning("the sockets' bell is broken: %s", g_strerror(errno));
  pthread_mutex_lock(&hub->lock);
  GQueue fresh = hub->fresh;
  g_queue_init(&hub->fresh);
  g_autoptr(GPtrArray) ready = members_of(hub->ready);
  g_hash_table_remove_all(hub->ready);
  gboolean ending = hub->ending;
  pthread_mutex_unlock(&hub->lock);
  for (Socket *socket; (socket = g_queue_pop_head(&fresh)) != NULL;) begin(hub, socket);
  for (guint i = 0; i < ready->len; i++) {
    if (g_hash_table_contains(hub->sockets, ready->pdata[i])) serve(hub, ready->pdata[i], FALSE);
  }
  return ending;
}

static void say_goodbye(SocketHub *hub) {
  g_autoptr(GPtrArray) all = members_of(hub->sockets);
  for (guint i = 0; i < all->len; i++) {
    close_with(all->pdata[i], WSLAY_CODE_GOING_AWAY, "the server stops");
    serve(hub, all->pdata[i], FALSE);
  }
}

static void *serve_until_end(void *data) {
  SocketHub *hub = data;
  struct epoll_event events[EVENTS_AT_ONCE];
  gboolean ending = FALSE;
  for (gint64 ticked_us = 0; !ending || g_hash_table_size(hub->sockets) > 0;) {
    int n = epoll_wait(hub->epoll, events, EVENTS_AT_ONCE, TICK_MS);
    gboolean rung = FALSE;
    for (int i = 0; i < n; i++) {
      if (events[i].data.ptr == NULL) rung = TRUE;
      else if (g_hash_table_contains(hub->sockets, events[i].data.ptr)) serve_event(hub, events[i].data.ptr, events[i].events);
    }
    if (rung && answer_bell(hub) && !ending) {
      ending = TRUE;
      say_goodbye(hub);
    }
    gint64 now_us = g_get_monotonic_time();
    if (now_us - ticked_us < TICK_MS * 1000) continue;
    ticked_us = now_us;
    tick(hub);
  }
  return NULL;
}

/* ---- from HTTP ---- */

/* On an event loop of libmicrohttpd: from here on the socket is ours. */
static void upgraded(void *data, struct MHD_Connection *connection, void *context, const char *early, size_t early_size, MHD_socket fd,
                     struct MHD_UpgradeResponseHandle *handle) {
  (void)connection;
  (void)context;
  SocketHub *hub = data;
  Socket *socket = g_new0(Socket, 1);
  *socket = (Socket){.hub = hub, .fd = fd, .handle = handle, .heard_us = g_get_monotonic_time()};
  socket->flights = g_ptr_array_new_with_free_func(socket_flight_free);
  if (early_size > 0) socket->early = g_byte_array_append(g_byte_array_new(), (const guint8 *)early, (guint)early_size);
  int flags = fcntl(fd, F_GETFL), on = 1;
  if (flags >= 0) fcntl(fd, F_SETFL, flags | O_NONBLOCK);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  g_atomic_int_inc(&hub->count);
  pthread_mutex_lock(&hub->lock);
  gboolean taken = !hub->ending;
  if (taken) g_queue_push_tail(&hub->fresh, socket);
  pthread_mutex_unlock(&hub->lock);
  if (taken) ring(hub);
  else socket_free(socket);
}

struct MHD_Response *socket_hub_response(SocketHub *hub, const char *key) {
  if (socket_hub_count(hub) >= SOCKET_MAX_CONNECTIONS) return NULL;
  struct MHD_Response *response = MHD_create_response_for_upgrade(upgraded, hub);
  if (response == NULL) return NULL;
  g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA1);
  guint8 digest[20];
  gsize length = sizeof digest;
  g_checksum_update(checksum, (const guchar *)key, (gssize)strlen(key));
  g_checksum_update(checksum, (const guchar *)ACCEPT_SUFFIX, (gssize)strlen(ACCEPT_SUFFIX));
  g_checksum_get_digest(checksum, digest, &length);
  g_autofree char *accept = g_base64_encode(digest, length);
  MHD_add_response_header(response, MHD_HTTP_HEADER_UPGRADE, "websocket");
  MHD_add_response_header(response, "Sec-WebSocket-Accept", accept);
  return response;
}

/* ---- life ---- */

SocketHub *socket_hub_new(ServerState *state) {
  SocketHub *hub = g_new0(SocketHub, 1);
  hub->state = state;
  pthread_mutex_init(&hub->lock, NULL);
  g_queue_init(&hub->fresh);
  hub->ready = g_hash_table_new(NULL, NULL);
  hub->sockets = g_hash_table_new(NULL, NULL);
  hub->epoll = epoll_create1(EPOLL_CLOEXEC);
  hub->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
  gboolean ready = hub->epoll >= 0 && hub->bell >= 0 && epoll_ctl(hub->epoll, EPOLL_CTL_ADD, hub->bell, &event) == 0;
  hub->running = ready && pthread_create(&hub->thread, NULL, serve_until_end, hub) == 0;
  if (hub->running) return hub;
  socket_hub_free(hub);
  return NULL;
}

void socket_hub_stop(SocketHub *hub) {
  if (!hub->running) return;
  pthread_mutex_lock(&hub->lock);
  hub->ending = TRUE;
  pthread_mutex_unlock(&hub->lock);
  ring(hub);
  pthread_join(hub->thread, NULL);
  hub->running = FALSE;
}

void socket_hub_free(SocketHub *hub) {
  if (hub == NULL) return;
  socket_hub_stop(hub);
  if (hub->epoll >= 0) close(hub->epoll);
  if (hub->bell >= 0) close(hub->bell);
  g_hash_table_unref(hub->ready);
  g_hash_table_unref(hub->sockets);
  pthread_mutex_destroy(&hub->lock);
  g_free(hub);
}
