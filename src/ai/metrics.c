#include "ai/metrics.h"

#include <stdatomic.h>

static const gint64 BUCKET_US[] = {1000, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000, 30000000, 60000000};
#define BUCKETS G_N_ELEMENTS(BUCKET_US)
#define CACHE_OUTCOMES 4

struct AiMetrics {
  _Atomic guint64 by_duration[BUCKETS + 1]; /* not cumulative */
  _Atomic guint64 duration_us;
  _Atomic guint64 by_outcome[AISLE_ERROR_COUNT + 1]; /* the last: answered */
  _Atomic guint64 by_cache[CACHE_OUTCOMES];          /* of those answered */
  _Atomic guint64 input_tokens, cached_tokens, output_tokens, cost_nano, attempts, repairs;
};

AiMetrics *ai_metrics_new(void) {
  return g_new0(AiMetrics, 1);
}

void ai_metrics_free(AiMetrics *metrics) {
  g_free(metrics);
}

static void add(_Atomic guint64 *counter, gint64 amount) {
  if (amount > 0) atomic_fetch_add_explicit(counter, (guint64)amount, memory_order_relaxed);
}

static guint64 value_of(const _Atomic guint64 *counter) {
  return atomic_load_explicit(counter, memory_order_relaxed);
}

void ai_metrics_count(AiMetrics *metrics, const AiResponse *out, const GError *error) {
  guint bucket = 0;
  while (bucket < BUCKETS && out->latency_us > BUCKET_US[bucket]) bucket++;
  int code = error == NULL ? AISLE_ERROR_COUNT : error->domain == AISLE_ERROR ? CLAMP(error->code, 0, AISLE_ERROR_COUNT - 1) : AISLE_ERROR_INTERNAL;
  add(&metrics->by_duration[bucket], 1);
  add(&metrics->duration_us, out->latency_us);
  add(&metrics->by_outcome[code], 1);
  if (error == NULL) add(&metrics->by_cache[MIN((guint)out->cache, CACHE_OUTCOMES - 1)], 1);
  add(&metrics->input_tokens, out->usage.input_tokens);
  add(&metrics->cached_tokens, out->usage.cached_tokens);
  add(&metrics->output_tokens, out->usage.output_tokens);
  add(&metrics->cost_nano, out->usage.cost_nano);
  add(&metrics->attempts, out->attempts);
  add(&metrics->repairs, out->repair_rounds);
}

static void head(GString *out, const char *name, const char *type, const char *help) {
  g_string_append_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void write_durations(const AiMetrics *metrics, GString *out) {
  static const char NAME[] = "aisle_llm_call_duration_seconds";
  guint64 count = 0;
  head(out, NAME, "histogram", "Time from a model call's arrival to its last word, queues and retries included.");
  for (guint b = 0; b <= BUCKETS; b++) {
    count += value_of(&metrics->by_duration[b]);
    if (b < BUCKETS) g_string_append_printf(out, "%s_bucket{le=\"%g\"} %" G_GUINT64_FORMAT "\n", NAME, (double)BUCKET_US[b] / 1e6, count);
    else g_string_append_printf(out, "%s_bucket{le=\"+Inf\"} %" G_GUINT64_FORMAT "\n", NAME, count);
  }
  g_string_append_printf(out, "%s_sum %.6f\n%s_count %" G_GUINT64_FORMAT "\n", NAME, (double)value_of(&metrics->duration_us) / 1e6, NAME, count);
}

void ai_metrics_write(const AiMetrics *metrics, GString *out) {
  static const char *const CACHE[CACHE_OUTCOMES] = {"miss", "hit", "joined", "stale"};
  write_durations(metrics, out);
  head(out, "aisle_llm_calls_total", "counter", "Model calls by how they ended.");
  for (int code = 0; code <= AISLE_ERROR_COUNT; code++) {
    guint64 n = value_of(&metrics->by_outcome[code]);
    if (n > 0 || code == AISLE_ERROR_COUNT)
      g_string_append_printf(out, "aisle_llm_calls_total{status=\"%s\"} %" G_GUINT64_FORMAT "\n", code < AISLE_ERROR_COUNT ? aisle_error_info(code)->name : "ok", n);
  }
  head(out, "aisle_llm_answers_total", "counter", "Answers by where they came from.");
  for (guint i = 0; i < CACHE_OUTCOMES; i++) g_string_append_printf(out, "aisle_llm_answers_total{cache=\"%s\"} %" G_GUINT64_FORMAT "\n", CACHE[i], value_of(&metrics->by_cache[i]));
  head(out, "aisle_llm_tokens_total", "counter", "Tokens that providers counted.");
  g_string_append_printf(out, "aisle_llm_tokens_total{kind=\"input\"} %" G_GUINT64_FORMAT "\naisle_llm_tokens_total{kind=\"cached_input\"} %" G_GUINT64_FORMAT
                              "\naisle_llm_tokens_total{kind=\"output\"} %" G_GUINT64_FORMAT "\n",
                         value_of(&metrics->input_tokens), value_of(&metrics->cached_tokens), value_of(&metrics->output_tokens));
  head(out, "aisle_llm_cost_total", "counter", "Cost in the price table's currency.");
  g_string_append_printf(out, "aisle_llm_cost_total %.9f\n", (double)value_of(&metrics->cost_nano) / 1e9);
  head(out, "aisle_llm_attempts_total", "counter", "Requests to providers, retries and hedges included.");
  g_string_append_printf(out, "aisle_llm_attempts_total %" G_GUINT64_FORMAT "\n", value_of(&metrics->attempts));
  head(out, "aisle_llm_repairs_total", "counter", "Rounds in which an answer had to be repaired.");
  g_string_append_printf(out, "aisle_llm_repairs_total %" G_GUINT64_FORMAT "\n", value_of(&metrics->repairs));
}
