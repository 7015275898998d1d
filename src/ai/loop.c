#include "ai/loop.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EVENTS_AT_ONCE 128
#define SLICE_NS 200000
/* What waits for an idle moment: so many at a time, and no more of them than this wait. */
#define LATER_AT_ONCE 8
#define LATER_MAX 64

struct AiTimer {
  gint64 at_us;
  guint64 number;
  guint place; /* in the heap */
  AiLoopFunction function;
  gpointer data;
};

struct AiWatch {
  int fd;
  AiWatchFunction function; /* NULL: freed, waits for the end of the turn */
  gpointer data;
};

typedef struct {
  AiLoopFunction function;
  gpointer data;
} Posted;

struct AiLoop {
  int epoll, wake;
  pthread_t thread;
  gboolean running;
  pthread_mutex_t lock;
  GArray *posted; /* of Posted; under lock */
  gboolean stop;  /* under lock */
  GArray *taken;
  GPtrArray *timers; /* of AiTimer*: a heap, the next to fire first */
  guint64 last_timer;
  GPtrArray *dead; /* of AiWatch */
  GArray *later;   /* of Posted: what waits for an idle moment */
  guint later_done; /* of them */
  gint64 now_us;
  gboolean ready; /* the turn's function has something to do */
  AiTurnFunction turn;
  gpointer turn_data;
};

static gboolean is_before(const AiTimer *a, const AiTimer *b) {
  return a->at_us != b->at_us ? a->at_us < b->at_us : a->number < b->number;
}

static AiTimer *timer_at(const AiLoop *loop, guint place) {
  return g_ptr_array_index(loop->timers, place);
}

static void put_timer(AiLoop *loop, guint place, AiTimer *timer) {
  g_ptr_array_index(loop->timers, place) = timer;
  timer->place = place;
}

/* Moves a timer that may stand too low in the heap. Most fire after all that are there, and stay where they are. */
static void raise_timer(AiLoop *loop, AiTimer *timer) {
  guint place = timer->place;
  for (; place > 0 && is_before(timer, timer_at(loop, (place - 1) / 2)); place = (place - 1) / 2) put_timer(loop, place, timer_at(loop, (place - 1) / 2));
  put_timer(loop, place, timer);
}

static void lower_timer(AiLoop *loop, AiTimer *timer) {
  guint place = timer->place, n = loop->timers->len;
  for (guint child = 2 * place + 1; child < n; child = 2 * place + 1) {
    if (child + 1 < n && is_before(timer_at(loop, child + 1), timer_at(loop, child))) child++;
    if (!is_before(timer_at(loop, child), timer)) break;
    put_timer(loop, place, timer_at(loop, child));
    place = child;
  }
  put_timer(loop, place, timer);
}

static void remove_timer(AiLoop *loop, AiTimer *timer) {
  AiTimer *last = timer_at(loop, loop->timers->len - 1);
  g_ptr_array_set_size(loop->timers, (int)loop->timers->len - 1);
  if (last != timer) {
    put_timer(loop, timer->place, last);
    raise_timer(loop, last);
    lower_timer(loop, last);
  }
  g_free(timer);
}

/* FALSE: it is to stop, and nothing is left to run. */
static gboolean run_posted(AiLoop *loop) {
  pthread_mutex_lock(&loop->lock);
  GArray *swap = loop->taken;
  loop->taken = loop->posted;
  loop->posted = swap;
  gboolean stop = loop->stop;
  pthread_mutex_unlock(&loop->lock);
  for (guint i = 0; i < loop->taken->len; i++) {
    Posted posted = g_array_index(loop->taken, Posted, i);
    posted.function(posted.data);
  }
  gboolean any = loop->taken->len > 0;
  g_array_set_size(loop->taken, 0);
  return stop && any ? run_posted(loop) : !stop;
}

static AiTimer *first_timer(AiLoop *loop) {
  return loop->timers->len > 0 ? timer_at(loop, 0) : NULL;
}

static void run_timers(AiLoop *loop) {
  AiTimer *timer;
  while ((timer = first_timer(loop)) != NULL && timer->at_us <= loop->now_us) {
    AiTimer due = *timer;
    remove_timer(loop, timer);
    due.function(due.data);
  }
}

static int until_next_timer_ms(AiLoop *loop) {
  const AiTimer *timer = first_timer(loop);
  return timer != NULL ? (int)CLAMP((timer->at_us - g_get_monotonic_time() + 999) / 1000, 0, 60000) : -1;
}

/* At most `most` of what waits for an idle moment, oldest first. */
static void run_later(AiLoop *loop, guint most) {
  for (; most > 0 && loop->later_done < loop->later->len; most--) {
    Posted posted = g_array_index(loop->later, Posted, loop->later_done++);
    posted.function(posted.data);
  }
  if (loop->later_done < loop->later->len && loop->later_done < LATER_MAX) return;
  g_array_remove_range(loop->later, 0, loop->later_done);
  loop->later_done = 0;
}

/* sched_attr of sched_setattr(2), which the C library does not declare. */
typedef struct {
  guint32 size, policy;
  guint64 flags;
  gint32 nice;
  guint32 priority;
  guint64 runtime, deadline, period;
} SchedulerAttributes;

/* A loop works in pieces of microseconds and must begin at once: from Linux 6.12 on a thread that asks for short slices
 * takes over from one that writes records for milliseconds. An older kernel ignores the wish. */
static void ask_for_short_slices(void) {
  SchedulerAttributes attributes = {.size = sizeof attributes};
  if (syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0) != 0 || attributes.policy != SCHED_OTHER) return;
  attributes.runtime = SLICE_NS;
  syscall(SYS_sched_setattr, 0, &attributes, 0);
}

static int end_turn(AiLoop *loop) {
  loop->ready = FALSE;
  return loop->turn != NULL ? loop->turn(loop->turn_data) : -1;
}

static void *run_loop(void *data) {
  AiLoop *loop = data;
  struct epoll_event events[EVENTS_AT_ONCE];
  int wait_ms = 0;
  ask_for_short_slices();
  for (;;) {
    int n = epoll_wait(loop->epoll, events, EVENTS_AT_ONCE, wait_ms);
    loop->now_us = g_get_monotonic_time();
    gboolean woken = FALSE;
    for (int i = 0; i < n; i++) {
      AiWatch *watch = events[i].data.ptr;
      if (watch == NULL) {
        eventfd_t count;
        woken = eventfd_read(loop->wake, &count) == 0;
      } else if (watch->function != NULL) {
        watch->function(events[i].events, watch->data);
        /* What an event made ready goes out before the next is looked at: the first of many replies waits for none. */
        if (loop->ready && i + 1 < n) end_turn(loop);
      }
    }
    if (woken && !run_posted(loop)) break;
    run_timers(loop);
    guint waiting = loop->later->len - loop->later_done;
    if (waiting > 0) run_later(loop, n == 0 ? LATER_AT_ONCE : waiting > LATER_MAX ? waiting - LATER_MAX : 0);
    int most = end_turn(loop);
    /* After the turn: it may have set timers. */
    wait_ms = until_next_timer_ms(loop);
    if (most >= 0 && (wait_ms < 0 || most < wait_ms)) wait_ms = most;
    if (loop->later->len > 0) wait_ms = 0;
    g_ptr_array_set_size(loop->dead, 0);
  }
  run_later(loop, G_MAXUINT);
  return NULL;
}

AiLoop *ai_loop_new(GError **error) {
  AiLoop *loop = g_new0(AiLoop, 1);
  pthread_mutex_init(&loop->lock, NULL);
  loop->posted = g_array_new(FALSE, FALSE, sizeof(Posted));
  loop->taken = g_array_new(FALSE, FALSE, sizeof(Posted));
  loop->timers = g_ptr_array_new();
  loop->later = g_array_new(FALSE, FALSE, sizeof(Posted));
  loop->dead = g_ptr_array_new_with_free_func(g_free);
  loop->now_us = g_get_monotonic_time();
  loop->epoll = epoll_create1(EPOLL_CLOEXEC);
  loop->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
  gboolean ready = loop->epoll >= 0 && loop->wake >= 0 && epoll_ctl(loop->epoll, EPOLL_CTL_ADD, loop->wake, &event) == 0;
  loop->running = ready && pthread_create(&loop->thread, NULL, run_loop, loop) == 0;
  if (loop->running) return loop;
  aisle_error_set_errno(error, errno, "start an event loop");
  ai_loop_free(loop);
  return NULL;
}

void ai_loop_stop(AiLoop *loop) {
  if (loop == NULL || !loop->running) return;
  pthread_mutex_lock(&loop->lock);
  loop->stop = TRUE;
  pthread_mutex_unlock(&loop->lock);
  eventfd_write(loop->wake, 1);
  pthread_join(loop->thread, NULL);
  loop->running = FALSE;
}

void ai_loop_free(AiLoop *loop) {
  if (loop == NULL) return;
  ai_loop_stop(loop);
  /* What was posted by others while it stopped. */
  run_posted(loop);
  run_later(loop, G_MAXUINT);
  if (loop->epoll >= 0) close(loop->epoll);
  if (loop->wake >= 0) close(loop->wake);
  g_ptr_array_set_free_func(loop->timers, g_free);
  g_ptr_array_unref(loop->timers);
  g_array_unref(loop->later);
  g_ptr_array_unref(loop->dead);
  g_array_unref(loop->posted);
  g_array_unref(loop->taken);
  pthread_mutex_destroy(&loop->lock);
  g_free(loop);
}

void ai_loop_post(AiLoop *loop, AiLoopFunction function, gpointer data) {
  Posted posted = {function, data};
  pthread_mutex_lock(&loop->lock);
  gboolean first = loop->posted->len == 0;
  g_array_append_val(loop->posted, posted);
  pthread_mutex_unlock(&loop->lock);
  if (first) eventfd_write(loop->wake, 1);
}

gboolean ai_loop_is_current(const AiLoop *loop) {
  return loop->running && pthread_equal(loop->thread, pthread_self());
}

gint64 ai_loop_now_us(const AiLoop *loop) {
  return loop->now_us;
}

AiTimer *ai_loop_after(AiLoop *loop, gint64 us, AiLoopFunction function, gpointer data) {
  AiTimer *timer = g_new(AiTimer, 1);
  *timer = (AiTimer){g_get_monotonic_time() + MAX(us, 0), ++loop->last_timer, loop->timers->len, function, data};
  g_ptr_array_add(loop->timers, timer);
  raise_timer(loop, timer);
  return timer;
}

void ai_timer_cancel(AiLoop *loop, AiTimer *timer) {
  if (timer != NULL) remove_timer(loop, timer);
}

void ai_loop_when_idle(AiLoop *loop, AiLoopFunction function, gpointer data) {
  Posted posted = {function, data};
  g_array_append_val(loop->later, posted);
}

AiWatch *ai_loop_watch(AiLoop *loop, int fd, guint32 epoll_events, AiWatchFunction function, gpointer data) {
  AiWatch *watch = g_new(AiWatch, 1);
  *watch = (AiWatch){fd, function, data};
  struct epoll_event event = {.events = epoll_events, .data.ptr = watch};
  if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event) == 0) return watch;
  g_free(watch);
  return NULL;
}

void ai_watch_change(AiLoop *loop, AiWatch *watch, guint32 epoll_events) {
  struct epoll_event event = {.events = epoll_events, .data.ptr = watch};
  epoll_ctl(loop->epoll, EPOLL_CTL_MOD, watch->fd, &event);
}

void ai_watch_free(AiLoop *loop, AiWatch *watch) {
  if (watch == NULL) return;
  epoll_ctl(loop->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
  watch->function = NULL;
  g_ptr_array_add(loop->dead, watch);
}

void ai_loop_set_ready(AiLoop *loop) {
  loop->ready = TRUE;
}

void ai_loop_set_turn(AiLoop *loop, AiTurnFunction function, gpointer data) {
  loop->turn = function;
  loop->turn_data = data;
}
