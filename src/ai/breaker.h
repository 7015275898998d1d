/*
 * Circuit breaker of a route: after several failures in a row it is left alone for a while, then one call may try it; when
 * that goes well it is open to all again. Outlives reloads of the configuration. Thread-safe.
 */
#pragma once
#include <glib.h>

typedef struct AiBreaker AiBreaker;
AiBreaker *ai_breaker_new(void);
void ai_breaker_free(gpointer breaker);
/* TRUE: the route may be called now (the one trial of a broken route is given out by this). */
gboolean ai_breaker_allows(AiBreaker *breaker, gint64 now_us);
void ai_breaker_succeeded(AiBreaker *breaker);
/* `wait_ms` > 0: the provider itself said for how long it wants to be left alone. */
void ai_breaker_failed(AiBreaker *breaker, gint64 now_us, gint64 wait_ms);
gint64 ai_breaker_wait_ms(AiBreaker *breaker, gint64 now_us); /* until it allows again; 0: now */
