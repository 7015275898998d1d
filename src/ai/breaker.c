#include "ai/breaker.h"

#include <pthread.h>

#define FAILURES_TO_BREAK 5
#define FIRST_REST_MS 1000
#define LONGEST_REST_MS 60000

struct AiBreaker {
  pthread_mutex_t lock;
  int failures; /* in a row */
  int breaks;   /* in a row: each rest is twice as long */
  gint64 closed_until_us;
  gboolean on_trial;
};

AiBreaker *ai_breaker_new(void) {
  AiBreaker *breaker = g_new0(AiBreaker, 1);
  pthread_mutex_init(&breaker->lock, NULL);
  return breaker;
}

void ai_breaker_free(gpointer data) {
  AiBreaker *breaker = data;
  if (breaker == NULL) return;
  pthread_mutex_destroy(&breaker->lock);
  g_free(breaker);
}

gboolean ai_breaker_allows(AiBreaker *breaker, gint64 now_us) {
  pthread_mutex_lock(&breaker->lock);
  gboolean allowed = now_us >= breaker->closed_until_us;
  if (allowed && breaker->breaks > 0) {
    /* One trial; if it never reports back, another is given out after a rest. */
    breaker->on_trial = TRUE;
    breaker->closed_until_us = now_us + FIRST_REST_MS * 1000;
  }
  pthread_mutex_unlock(&breaker->lock);
  return allowed;
}

void ai_breaker_succeeded(AiBreaker *breaker) {
  pthread_mutex_lock(&breaker->lock);
  breaker->failures = breaker->breaks = 0;
  breaker->on_trial = FALSE;
  breaker->closed_until_us = 0;
  pthread_mutex_unlock(&breaker->lock);
}

void ai_breaker_failed(AiBreaker *breaker, gint64 now_us, gint64 wait_ms) {
  pthread_mutex_lock(&breaker->lock);
  breaker->failures++;
  if (breaker->on_trial || breaker->failures >= FAILURES_TO_BREAK) {
    gint64 rest = (gint64)FIRST_REST_MS << MIN(breaker->breaks, 6);
    breaker->breaks++;
    breaker->failures = 0;
    breaker->on_trial = FALSE;
    wait_ms = MAX(wait_ms, MIN(rest, LONGEST_REST_MS));
  }
  if (wait_ms > 0) breaker->closed_until_us = MAX(breaker->closed_until_us, now_us + MIN(wait_ms, LONGEST_REST_MS) * 1000);
  pthread_mutex_unlock(&breaker->lock);
}

gint64 ai_breaker_wait_ms(AiBreaker *breaker, gint64 now_us) {
  pthread_mutex_lock(&breaker->lock);
  gint64 wait = MAX(0, (breaker->closed_until_us - now_us + 999) / 1000);
  pthread_mutex_unlock(&breaker->lock);
  return wait;
}
