/*
 * cache: finished bytes under a key, in this process. A bound on bytes, least recently used goes first; identical
 * computations in flight run once. Keys are text (SHA-256 in hex); the key decides everything that may differ between
 * two values, also who may see them. Thread-safe; split into shards, so that threads seldom meet.
 */
#pragma once
#include "base/base.h"

typedef struct Cache Cache;
Cache *cache_new(gsize max_bytes); /* 0: keeps nothing, but still runs identical computations once. (transfer full) */
void cache_free(Cache *cache);     /* no computation may be in flight. NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cache, cache_free)

/* NULL when it is not there. (transfer full) */
GBytes *cache_get(Cache *cache, const char *key);
/* Keeps a reference to `value` unless it alone is too large for a shard. */
void cache_put(Cache *cache, const char *key, GBytes *value);
/* Forgets everything kept (after a reload); computations in flight go on, and are kept when they finish. */
void cache_clear(Cache *cache);

typedef enum {
  CACHE_HIT,   /* *value is set (transfer full) */
  CACHE_BEGIN, /* nobody has it: compute it, then call cache_finish() exactly once, whatever happens */
  CACHE_FAILED /* the deadline passed or the caller cancelled while another computed it: error is set */
} CacheOutcome;
CacheOutcome cache_get_or_begin(Cache *cache, const char *key, Deadline deadline, GBytes **value, GError **error);
/*
 * Ends what CACHE_BEGIN began. Everyone who waits gets `value`; `keep` FALSE: only those. NULL value: it failed (the
 * leader may just have been cancelled), and one of those who wait begins anew.
 */
void cache_finish(Cache *cache, const char *key, GBytes *value, gboolean keep);

typedef struct {
  guint64 hits, misses, waits, evictions;
  gsize bytes, entries;
} CacheStatistics;
void cache_statistics(Cache *cache, CacheStatistics *out);
