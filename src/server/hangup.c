#include "server/hangup.h"

#include <errno.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define EVENTS_AT_ONCE 64

typedef struct {
  int socket;
  gint *cancelled;             /* or */
  void (*call)(gpointer data);
  gpointer data;
} Watched;

struct HangupWatch {
  int epoll, stop; /* stop: an eventfd, ticket 0 */
  pthread_t thread;
  gboolean running;
  pthread_mutex_t lock;
  /* By ticket, not by address: an event may arrive just after its request is gone. */
  GHashTable *watched;
  guint64 last_ticket;
};

static void *watch_until_end(void *data) {
  HangupWatch *watch = data;
  struct epoll_event events[EVENTS_AT_ONCE];
  for (;;) {
    int n = epoll_wait(watch->epoll, events, EVENTS_AT_ONCE, -1);
    if (n < 0 && errno != EINTR) return NULL;
    pthread_mutex_lock(&watch->lock);
    gboolean stop = FALSE;
    for (int i = 0; i < n; i++) {
      if (events[i].data.u64 == 0) stop = TRUE;
      Watched *watched = g_hash_table_lookup(watch->watched, &events[i].data.u64);
      if (watched == NULL) continue;
      if (watched->cancelled != NULL) g_atomic_int_set(watched->cancelled, 1);
      else watched->call(watched->data);
    }
    pthread_mutex_unlock(&watch->lock);
    if (stop) return NULL;
  }
}

HangupWatch *hangup_watch_new(void) {
  HangupWatch *watch = g_new0(HangupWatch, 1);
  pthread_mutex_init(&watch->lock, NULL);
  watch->watched = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
  watch->epoll = epoll_create1(EPOLL_CLOEXEC);
  watch->stop = eventfd(0, EFD_CLOEXEC);
  struct epoll_event event = {.events = EPOLLIN, .data.u64 = 0};
  gboolean ready = watch->epoll >= 0 && watch->stop >= 0 && epoll_ctl(watch->epoll, EPOLL_CTL_ADD, watch->stop, &event) == 0;
  watch->running = ready && pthread_create(&watch->thread, NULL, watch_until_end, watch) == 0;
  if (watch->running) return watch;
  hangup_watch_free(watch);
  return NULL;
}

void hangup_watch_free(HangupWatch *watch) {
  if (watch == NULL) return;
  if (watch->running && eventfd_write(watch->stop, 1) == 0) pthread_join(watch->thread, NULL);
  if (watch->epoll >= 0) close(watch->epoll);
  if (watch->stop >= 0) close(watch->stop);
  g_hash_table_unref(watch->watched);
  pthread_mutex_destroy(&watch->lock);
  g_free(watch);
}

static guint64 add(HangupWatch *watch, const Watched *about) {
  pthread_mutex_lock(&watch->lock);
  guint64 ticket = ++watch->last_ticket;
  Watched *watched = g_memdup2(about, sizeof *about);
  guint64 *key = g_new(guint64, 1);
  *key = ticket;
  g_hash_table_insert(watch->watched, key, watched);
  pthread_mutex_unlock(&watch->lock);
  struct epoll_event event = {.events = EPOLLRDHUP | EPOLLONESHOT, .data.u64 = ticket};
  /* Without it a client that leaves is only noticed when the answer is written. */
  epoll_ctl(watch->epoll, EPOLL_CTL_ADD, about->socket, &event);
  return ticket;
}

guint64 hangup_watch_add(HangupWatch *watch, int socket, gint *cancelled) {
  return add(watch, &(Watched){.socket = socket, .cancelled = cancelled});
}

guint64 hangup_watch_call(HangupWatch *watch, int socket, void (*call)(gpointer data), gpointer data) {
  return add(watch, &(Watched){.socket = socket, .call = call, .data = data});
}

void hangup_watch_remove(HangupWatch *watch, guint64 ticket) {
  pthread_mutex_lock(&watch->lock);
  Watched *watched = g_hash_table_lookup(watch->watched, &ticket);
  if (watched != NULL) {
    epoll_ctl(watch->epoll, EPOLL_CTL_DEL, watched->socket, NULL);
    g_hash_table_remove(watch->watched, &ticket);
  }
  pthread_mutex_unlock(&watch->lock);
}

void hangup_watch_cancel_all(HangupWatch *watch) {
  pthread_mutex_lock(&watch->lock);
  GHashTableIter iterator;
  gpointer value;
  g_hash_table_iter_init(&iterator, watch->watched);
  while (g_hash_table_iter_next(&iterator, NULL, &value)) {
    const Watched *watched = value;
    if (watched->cancelled != NULL) g_atomic_int_set(watched->cancelled, 1);
  }
  pthread_mutex_unlock(&watch->lock);
}
