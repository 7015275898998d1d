/*
 * One event loop on one thread: sockets (epoll), timers, functions posted by other threads. Everything a call does
 * happens on the loop it belongs to, so calls need no locks of their own. Only ai_loop_post() may be called from elsewhere.
 */
#pragma once
#include "base/base.h"

typedef struct AiLoop AiLoop;
typedef struct AiTimer AiTimer;
typedef struct AiWatch AiWatch;
typedef void (*AiLoopFunction)(gpointer data);
typedef void (*AiWatchFunction)(guint32 epoll_events, gpointer data);

AiLoop *ai_loop_new(GError **error); /* the thread runs from here on. (transfer full) */
void ai_loop_stop(AiLoop *loop);     /* runs what was posted before, ends and joins the thread; the loop's parts can still be freed */
void ai_loop_free(AiLoop *loop);     /* stops first. NULL is fine */

/* Runs on the loop's thread, in order. Thread-safe. Bounded by the calls in flight, each of which posts a few. */
void ai_loop_post(AiLoop *loop, AiLoopFunction function, gpointer data);
/* On the loop: runs when no event waits, or many of its kind do; before the loop ends in any case, in order. For what may
 * wait until replies are out. */
void ai_loop_when_idle(AiLoop *loop, AiLoopFunction function, gpointer data);
gboolean ai_loop_is_current(const AiLoop *loop);
gint64 ai_loop_now_us(const AiLoop *loop); /* monotonic, of this turn */

/* Fires once unless cancelled; the handle is gone when the function begins. (transfer none) */
AiTimer *ai_loop_after(AiLoop *loop, gint64 us, AiLoopFunction function, gpointer data);
void ai_timer_cancel(AiLoop *loop, AiTimer *timer); /* NULL is fine */

AiWatch *ai_loop_watch(AiLoop *loop, int fd, guint32 epoll_events, AiWatchFunction function, gpointer data);
void ai_watch_change(AiLoop *loop, AiWatch *watch, guint32 epoll_events);
void ai_watch_free(AiLoop *loop, AiWatch *watch); /* does not close. NULL is fine; also from inside its function */

/* Called at the end of each turn, and within it after ai_loop_set_ready(); returns how long the loop may sleep at most, in milliseconds, -1: for ever. Set before use. */
typedef int (*AiTurnFunction)(gpointer data);
/* On the loop: the turn's function has something to do, which should not wait for the other events of this turn. */
void ai_loop_set_ready(AiLoop *loop);
void ai_loop_set_turn(AiLoop *loop, AiTurnFunction function, gpointer data);
