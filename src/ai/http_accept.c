/* Who comes: connections are accepted on one loop and shared out among all. */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ai/http_private.h"

#define ACCEPTS_AT_ONCE 64
#define FULL_PAUSE_US 100000

typedef struct {
  AiHttpLoop *on;
  int fd;
} Incoming;

static void take_in(gpointer data) {
  Incoming *incoming = data;
  AiHttpLoop *on = incoming->on;
  if (!on->running || !http_connection_open(on, incoming->fd)) {
    close(incoming->fd);
    g_atomic_int_add(&on->connections, -1);
  }
  g_free(incoming);
}

static AiHttpLoop *least_busy(AiHttp *http) {
  AiHttpLoop *best = &http->loops[0];
  for (int i = 1; i < http->n_loops; i++)
    if (g_atomic_int_get(&http->loops[i].connections) < g_atomic_int_get(&best->connections)) best = &http->loops[i];
  return best;
}

static void on_incoming(guint32 events, gpointer data);

static void listen_again(gpointer data) {
  AiHttp *http = data;
  http->pause = NULL;
  http->accepting = ai_loop_watch(http->loops[0].parts->loop, http->listening, EPOLLIN, on_incoming, http);
}

/* One accepts for all, so that each loop has as many: left to themselves, whoever woke first would take all that wait, and work
 * through their requests while the others sleep. */
static void on_incoming(guint32 events, gpointer data) {
  (void)events;
  AiHttp *http = data;
  AiLoop *here = http->loops[0].parts->loop;
  for (int i = 0; i < ACCEPTS_AT_ONCE; i++) {
    Incoming incoming = {.fd = accept4(http->listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)};
    if (incoming.fd >= 0) {
      incoming.on = least_busy(http);
      g_atomic_int_inc(&incoming.on->connections);
      ai_loop_post(incoming.on->parts->loop, take_in, g_memdup2(&incoming, sizeof incoming));
      continue;
    }
    if (errno == EAGAIN) return;
    if (errno == EINTR || errno == ECONNABORTED) continue;
    /* No more descriptors: later. Not listening any more: never. */
    ai_watch_free(here, g_steal_pointer(&http->accepting));
    if (errno != EINVAL) http->pause = ai_loop_after(here, FULL_PAUSE_US, listen_again, http);
    return;
  }
}

void http_accept_start(AiHttp *http) {
  listen_again(http);
}

void http_accept_stop(AiHttp *http) {
  AiLoop *here = http->loops[0].parts->loop;
  ai_watch_free(here, g_steal_pointer(&http->accepting));
  ai_timer_cancel(here, g_steal_pointer(&http->pause));
}
