/* What GET /metrics shows, in Prometheus' text format. Counting is lock-free. */
#pragma once
#include <stdatomic.h>

#include "cache/cache.h"

#define METRICS_MAX_ROUTES 96
#define METRICS_BUCKETS 12

typedef struct {
  _Atomic guint64 by_status[6]; /* 2: 200-299 ... */
  _Atomic guint64 by_duration[METRICS_BUCKETS + 1]; /* not cumulative; the last is beyond all */
  _Atomic guint64 duration_us;
} RouteMetrics;

typedef struct {
  RouteMetrics routes[METRICS_MAX_ROUTES + 1]; /* the last: no route */
  _Atomic guint64 queue_refusals, disconnects;
  _Atomic gint64 in_flight;
  gint64 started_s; /* seconds since 1970 */
} Metrics;

void metrics_count(Metrics *metrics, guint route, int status, gint64 duration_us);
/* Appends the text. `methods`, `paths`: of each route; `waiting`: requests in the queue. */
void metrics_write(const Metrics *metrics, const char *const *methods, const char *const *paths, guint n_routes, int waiting,
                   GString *out);
void metrics_write_cache(const CacheStatistics *statistics, GString *out);
