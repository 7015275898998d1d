#include "cache/cache.h"

#include <pthread.h>
#include <string.h>

#include "base/condition.h"

#define MAX_SHARDS 16
/* A shard should hold several answers of the largest usual size. */
#define SHARD_MIN_BYTES ((gsize)4 << 20)
/* What an entry costs besides key and value: its own struct, the table's slot, GBytes. */
#define ENTRY_OVERHEAD 160
/* A cancellation is noticed within this time while waiting. */
#define WAIT_SLICE_MS 50

typedef struct Entry {
  char *key;
  GBytes *value;
  gsize cost;
  struct Entry *newer, *older;
} Entry;

/* A computation that runs now. Lives until its last waiter has left. */
typedef struct {
  char *key;
  GBytes *value;
  gboolean done;
  int waiters;
  pthread_cond_t finished;
} Flight;

typedef struct {
  pthread_mutex_t lock;
  GHashTable *entries; /* key -> Entry, keys owned by the entries */
  GHashTable *flights; /* key -> Flight */
  Entry *newest, *oldest;
  CacheStatistics statistics;
} Shard;

struct Cache {
  guint n_shards;
  gsize shard_bytes;
  Shard shards[MAX_SHARDS];
};

static void entry_free(Entry *entry) {
  g_free(entry->key);
  g_bytes_unref(entry->value);
  g_free(entry);
}

Cache *cache_new(gsize max_bytes) {
  Cache *cache = g_new0(Cache, 1);
  cache->n_shards = (guint)CLAMP(max_bytes / SHARD_MIN_BYTES, 1, MAX_SHARDS);
  cache->shard_bytes = max_bytes / cache->n_shards;
  for (guint i = 0; i < cache->n_shards; i++) {
    Shard *shard = &cache->shards[i];
    pthread_mutex_init(&shard->lock, NULL);
    shard->entries = g_hash_table_new(text_hash, g_str_equal);
    shard->flights = g_hash_table_new(text_hash, g_str_equal);
  }
  return cache;
}

static Shard *shard_of(Cache *cache, const char *key) {
  /* Not the bits that the tables inside use. */
  return &cache->shards[(text_hash(key) * 2654435761u >> 16) % cache->n_shards];
}

/* ---- the list, newest first; all under the shard's lock ---- */

static void unlink_entry(Shard *shard, Entry *entry) {
  if (entry->newer != NULL) entry->newer->older = entry->older;
  else shard->newest = entry->older;
  if (entry->older != NULL) entry->older->newer = entry->newer;
  else shard->oldest = entry->newer;
  entry->newer = entry->older = NULL;
}

static void link_newest(Shard *shard, Entry *entry) {
  entry->older = shard->newest;
  if (shard->newest != NULL) shard->newest->newer = entry;
  shard->newest = entry;
  if (shard->oldest == NULL) shard->oldest = entry;
}

/* Takes an entry out; it goes on the list of what is freed after the lock is given up. */
static void drop_entry(Shard *shard, Entry *entry, Entry **dropped) {
  g_hash_table_remove(shard->entries, entry->key);
  unlink_entry(shard, entry);
  shard->statistics.bytes -= entry->cost;
  shard->statistics.entries--;
  entry->older = *dropped;
  *dropped = entry;
}

static void free_dropped(Entry *dropped) {
  while (dropped != NULL) {
    Entry *next = dropped->older;
    entry_free(dropped);
    dropped = next;
  }
}

static GBytes *find(Shard *shard, const char *key) {
  Entry *entry = g_hash_table_lookup(shard->entries, key);
  if (entry == NULL) return NULL;
  if (shard->newest != entry) {
    unlink_entry(shard, entry);
    link_newest(shard, entry);
  }
  return g_bytes_ref(entry->value);
}

static void keep(Cache *cache, Shard *shard, const char *key, GBytes *value, Entry **dropped) {
  gsize cost = g_bytes_get_size(value) + strlen(key) + ENTRY_OVERHEAD;
  Entry *before = g_hash_table_lookup(shard->entries, key);
  if (before != NULL) drop_entry(shard, before, dropped);
  if (cost > cache->shard_bytes) return;
  while (shard->statistics.bytes + cost > cache->shard_bytes) {
    drop_entry(shard, shard->oldest, dropped);
    shard->statistics.evictions++;
  }
  Entry *entry = g_new0(Entry, 1);
  entry->key = g_strdup(key);
  entry->value = g_bytes_ref(value);
  entry->cost = cost;
  g_hash_table_insert(shard->entries, entry->key, entry);
  link_newest(shard, entry);
  shard->statistics.bytes += cost;
  shard->statistics.entries++;
}

/* ---- the face ---- */

void cache_clear(Cache *cache) {
  for (guint i = 0; i < cache->n_shards; i++) {
    Shard *shard = &cache->shards[i];
    Entry *dropped = NULL;
    pthread_mutex_lock(&shard->lock);
    while (shard->oldest != NULL) drop_entry(shard, shard->oldest, &dropped);
    pthread_mutex_unlock(&shard->lock);
    free_dropped(dropped);
  }
}

void cache_free(Cache *cache) {
  if (cache == NULL) return;
  cache_clear(cache);
  for (guint i = 0; i < cache->n_shards; i++) {
    g_hash_table_unref(cache->shards[i].entries);
    g_hash_table_unref(cache->shards[i].flights);
    pthread_mutex_destroy(&cache->shards[i].lock);
  }
  g_free(cache);
}

GBytes *cache_get(Cache *cache, const char *key) {
  Shard *shard = shard_of(cache, key);
  pthread_mutex_lock(&shard->lock);
  GBytes *value = find(shard, key);
  if (value != NULL) shard->statistics.hits++;
  else shard->statistics.misses++;
  pthread_mutex_unlock(&shard->lock);
  return value;
}

void cache_put(Cache *cache, const char *key, GBytes *value) {
  Shard *shard = shard_of(cache, key);
  Entry *dropped = NULL;
  pthread_mutex_lock(&shard->lock);
  keep(cache, shard, key, value, &dropped);
  pthread_mutex_unlock(&shard->lock);
  free_dropped(dropped);
}

static Flight *flight_new(const char *key) {
  Flight *flight = g_new0(Flight, 1);
  flight->key = g_strdup(key);
  condition_init(&flight->finished);
  return flight;
}

static void flight_free(Flight *flight) {
  pthread_cond_destroy(&flight->finished);
  g_clear_pointer(&flight->value, g_bytes_unref);
  g_free(flight->key);
  g_free(flight);
}

/* Waits for another's computation: its value, or NULL when it failed or the deadline passed. Under the lock. */
static GBytes *wait_for(Shard *shard, Flight *flight, Deadline deadline) {
  shard->statistics.waits++;
  flight->waiters++;
  while (!flight->done && deadline_left_ms(deadline) > 0)
    condition_wait_ms(&flight->finished, &shard->lock, MIN(deadline_left_ms(deadline), WAIT_SLICE_MS));
  GBytes *value = flight->done && flight->value != NULL ? g_bytes_ref(flight->value) : NULL;
  if (--flight->waiters == 0 && flight->done) flight_free(flight);
  return value;
}

CacheOutcome cache_get_or_begin(Cache *cache, const char *key, Deadline deadline, GBytes **value, GError **error) {
  Shard *shard = shard_of(cache, key);
  CacheOutcome outcome = CACHE_FAILED;
  GBytes *found = NULL;
  pthread_mutex_lock(&shard->lock);
  do {
    found = find(shard, key);
    if (found != NULL) {
      outcome = CACHE_HIT;
      break;
    }
    Flight *flight = g_hash_table_lookup(shard->flights, key);
    if (flight == NULL) {
      flight = flight_new(key);
      g_hash_table_insert(shard->flights, flight->key, flight);
      outcome = CACHE_BEGIN;
      break;
    }
    found = wait_for(shard, flight, deadline);
    if (found != NULL) outcome = CACHE_HIT;
  } while (found == NULL && deadline_left_ms(deadline) > 0);
  if (outcome == CACHE_HIT) shard->statistics.hits++;
  else if (outcome == CACHE_BEGIN) shard->statistics.misses++;
  pthread_mutex_unlock(&shard->lock);
  if (outcome == CACHE_HIT) *value = found;
  /* Time can only have passed: but an error must be set. */
  if (outcome == CACHE_FAILED && deadline_check(deadline, error))
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_TIMEOUT, "the same question is still being computed; try again shortly");
  return outcome;
}

void cache_finish(Cache *cache, const char *key, GBytes *value, gboolean keep_it) {
  Shard *shard = shard_of(cache, key);
  Entry *dropped = NULL;
  pthread_mutex_lock(&shard->lock);
  Flight *flight = g_hash_table_lookup(shard->flights, key);
  g_assert(flight != NULL);
  g_hash_table_remove(shard->flights, key);
  flight->done = TRUE;
  if (value != NULL) flight->value = g_bytes_ref(value);
  if (value != NULL && keep_it) keep(cache, shard, key, value, &dropped);
  if (flight->waiters == 0) flight_free(flight);
  else pthread_cond_broadcast(&flight->finished);
  pthread_mutex_unlock(&shard->lock);
  free_dropped(dropped);
}

void cache_statistics(Cache *cache, CacheStatistics *out) {
  memset(out, 0, sizeof *out);
  for (guint i = 0; i < cache->n_shards; i++) {
    Shard *shard = &cache->shards[i];
    pthread_mutex_lock(&shard->lock);
    out->hits += shard->statistics.hits;
    out->misses += shard->statistics.misses;
    out->waits += shard->statistics.waits;
    out->evictions += shard->statistics.evictions;
    out->bytes += shard->statistics.bytes;
    out->entries += shard->statistics.entries;
    pthread_mutex_unlock(&shard->lock);
  }
}
