/*
 * Notices clients that leave while their connection is suspended (libmicrohttpd does not look at it then), and sets the
 * cancel flag of their request, or calls whom it concerns. One thread over epoll. Thread-safe.
 */
#pragma once
#include <glib.h>

typedef struct HangupWatch HangupWatch;
HangupWatch *hangup_watch_new(void); /* NULL when the system gives none. (transfer full) */
void hangup_watch_free(HangupWatch *watch);
/* `cancelled` is set to 1 when the peer of `socket` leaves, until hangup_watch_remove(). Returns a ticket, never 0. */
guint64 hangup_watch_add(HangupWatch *watch, int socket, gint *cancelled);
/* The same, but `call` is made, once, on the watch's thread and under its lock: quick, and no call back into the watch. */
guint64 hangup_watch_call(HangupWatch *watch, int socket, void (*call)(gpointer data), gpointer data);
/* When it returns, neither flag nor call is touched any more. */
void hangup_watch_remove(HangupWatch *watch, guint64 ticket);
void hangup_watch_cancel_all(HangupWatch *watch);
