#include "ai/drift.h"

#include <math.h>
#include <pthread.h>

#define LAMBDA 0.2
#define LEARN 20        /* answers that set the level */
#define LEAST_SPREAD 0.02 /* scores that were all alike must not make every later one an alarm */

typedef struct {
  int n;
  double mean, m2, average, low;
  gboolean out;
} Series;

struct AiDrift {
  pthread_mutex_t lock;
  GHashTable *series;
};

AiDrift *ai_drift_new(void) {
  AiDrift *drift = g_new0(AiDrift, 1);
  pthread_mutex_init(&drift->lock, NULL);
  drift->series = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  return drift;
}

void ai_drift_free(AiDrift *drift) {
  if (drift == NULL) return;
  g_hash_table_unref(drift->series);
  pthread_mutex_destroy(&drift->lock);
  g_free(drift);
}

/* Welford's running mean and variance while it learns; then the chart. */
static gboolean add(Series *series, double score) {
  series->n++;
  if (series->n <= LEARN) {
    double before = score - series->mean;
    series->mean += before / series->n;
    series->m2 += before * (score - series->mean);
    series->average = series->mean;
    return FALSE;
  }
  double spread = MAX(sqrt(series->m2 / (LEARN - 1)), LEAST_SPREAD);
  series->low = series->mean - 3 * spread * sqrt(LAMBDA / (2 - LAMBDA));
  series->average = LAMBDA * score + (1 - LAMBDA) * series->average;
  gboolean was_out = series->out;
  series->out = series->average < series->low;
  return series->out && !was_out;
}

char *ai_drift_add(AiDrift *drift, const char *name, double score) {
  pthread_mutex_lock(&drift->lock);
  Series *series = g_hash_table_lookup(drift->series, name);
  if (series == NULL) g_hash_table_insert(drift->series, g_strdup(name), series = g_new0(Series, 1));
  gboolean alarm = add(series, score);
  char *text = alarm ? g_strdup_printf("answers of the template '%s' have become less consistent with their data: %.2f on average, %.2f before",
                                       name, series->average, series->mean)
                     : NULL;
  pthread_mutex_unlock(&drift->lock);
  return text;
}

json_t *ai_drift_report(AiDrift *drift) {
  json_t *list = json_array();
  GHashTableIter iterator;
  gpointer name, value;
  pthread_mutex_lock(&drift->lock);
  g_hash_table_iter_init(&iterator, drift->series);
  while (g_hash_table_iter_next(&iterator, &name, &value)) {
    const Series *series = value;
    json_array_append_new(list, json_pack("{s:s, s:i, s:f, s:f, s:f, s:b}", "series", name, "answers", series->n, "level", series->mean, "average",
                                          series->average, "low", series->low, "out", series->out));
  }
  pthread_mutex_unlock(&drift->lock);
  return list;
}
