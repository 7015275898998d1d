#include "server/metrics.h"

static const gint64 bucket_us[METRICS_BUCKETS] = {100,    250,    500,     1000,    2500,    10000,
                                                  50000, 100000, 500000, 1000000, 5000000, 30000000};

void metrics_count(Metrics *metrics, guint route, int status, gint64 duration_us) {
  RouteMetrics *of_route = &metrics->routes[MIN(route, METRICS_MAX_ROUTES)];
  guint bucket = 0;
  while (bucket < METRICS_BUCKETS && duration_us > bucket_us[bucket]) bucket++;
  atomic_fetch_add_explicit(&of_route->by_status[CLAMP(status / 100, 0, 5)], 1, memory_order_relaxed);
  atomic_fetch_add_explicit(&of_route->by_duration[bucket], 1, memory_order_relaxed);
  atomic_fetch_add_explicit(&of_route->duration_us, (guint64)MAX(duration_us, 0), memory_order_relaxed);
}

static guint64 read_count(const _Atomic guint64 *counter) {
  return atomic_load_explicit(counter, memory_order_relaxed);
}

static void write_header(GString *out, const char *name, const char *type, const char *help) {
  g_string_append_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void write_histogram(GString *out, const RouteMetrics *metrics, const char *labels) {
  guint64 count = 0;
  for (guint b = 0; b <= METRICS_BUCKETS; b++) {
    count += read_count(&metrics->by_duration[b]);
    g_autofree char *bound = b < METRICS_BUCKETS ? g_strdup_printf("%g", (double)bucket_us[b] / 1e6) : g_strdup("+Inf");
    g_string_append_printf(out, "aisle_http_request_duration_seconds_bucket{%s,le=\"%s\"} %" G_GUINT64_FORMAT "\n", labels,
                           bound, count);
  }
  g_string_append_printf(out, "aisle_http_request_duration_seconds_sum{%s} %.6f\n", labels,
                         (double)read_count(&metrics->duration_us) / 1e6);
  g_string_append_printf(out, "aisle_http_request_duration_seconds_count{%s} %" G_GUINT64_FORMAT "\n", labels, count);
}

static char *labels_of(const char *const *methods, const char *const *paths, guint n_routes, guint route) {
  if (route >= n_routes) return g_strdup("method=\"other\",route=\"none\"");
  return g_strdup_printf("method=\"%s\",route=\"%s\"", methods[route], paths[route]);
}

void metrics_write(const Metrics *metrics, const char *const *methods, const char *const *paths, guint n_routes, int waiting,
                   GString *out) {
  write_header(out, "aisle_build_info", "gauge", "Version of the program.");
  g_string_append(out, "aisle_build_info{version=\"" AISLE_VERSION "\"} 1\n");
  write_header(out, "process_start_time_seconds", "gauge", "When the server started, in seconds since 1970.");
  g_string_append_printf(out, "process_start_time_seconds %" G_GINT64_FORMAT "\n", metrics->started_s);
  write_header(out, "aisle_requests_in_flight", "gauge", "Requests that wait for a worker or run on one.");
  g_string_append_printf(out, "aisle_requests_in_flight %" G_GINT64_FORMAT "\n",
                         atomic_load_explicit(&metrics->in_flight, memory_order_relaxed));
  write_header(out, "aisle_queue_length", "gauge", "Requests that wait for a worker.");
  g_string_append_printf(out, "aisle_queue_length %d\n", waiting);
  write_header(out, "aisle_queue_refusals_total", "counter", "Requests refused because the queue was full.");
  g_string_append_printf(out, "aisle_queue_refusals_total %" G_GUINT64_FORMAT "\n", read_count(&metrics->queue_refusals));
  write_header(out, "aisle_disconnects_total", "counter", "Clients that left before their answer.");
  g_string_append_printf(out, "aisle_disconnects_total %" G_GUINT64_FORMAT "\n", read_count(&metrics->disconnects));

  write_header(out, "aisle_http_requests_total", "counter", "Requests by route and class of status.");
  for (guint r = 0; r <= n_routes; r++) {
    const RouteMetrics *of_route = &metrics->routes[r < n_routes ? r : METRICS_MAX_ROUTES];
    g_autofree char *labels = labels_of(methods, paths, n_routes, r);
    for (guint s = 1; s < 6; s++) {
      guint64 count = read_count(&of_route->by_status[s]);
      if (count > 0)
        g_string_append_printf(out, "aisle_http_requests_total{%s,status=\"%uxx\"} %" G_GUINT64_FORMAT "\n", labels, s, count);
    }
  }
  write_header(out, "aisle_http_request_duration_seconds", "histogram", "Time from the request line to the finished answer.");
  for (guint r = 0; r < n_routes; r++) {
    g_autofree char *labels = labels_of(methods, paths, n_routes, r);
    write_histogram(out, &metrics->routes[r], labels);
  }
}

void metrics_write_cache(const CacheStatistics *statistics, GString *out) {
  const struct {
    const char *name, *type, *help;
    guint64 value;
  } lines[] = {{"aisle_cache_hits_total", "counter", "Results and answers found in memory.", statistics->hits},
               {"aisle_cache_misses_total", "counter", "Results and answers that had to be made.", statistics->misses},
               {"aisle_cache_waits_total", "counter", "Requests that waited for another's identical work.", statistics->waits},
               {"aisle_cache_evictions_total", "counter", "Entries dropped for want of room.", statistics->evictions},
               {"aisle_cache_bytes", "gauge", "Memory that entries take.", statistics->bytes},
               {"aisle_cache_entries", "gauge", "Entries kept.", statistics->entries}};
  for (guint i = 0; i < G_N_ELEMENTS(lines); i++) {
    write_header(out, lines[i].name, lines[i].type, lines[i].help);
    g_string_append_printf(out, "%s %" G_GUINT64_FORMAT "\n", lines[i].name, lines[i].value);
  }
}
