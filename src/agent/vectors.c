#include "agent/vectors.h"

#include <glib/gstdio.h>
#include <math.h>
#include <pthread.h>
#include <string.h>

/* What an endpoint is asked first: its vector tells how many numbers one has, and which model it is. */
#define PROBE "what sold best in the north last month"
/* Numbers of that vector whose places, of the largest, tell models apart; an endpoint is not quite exact. */
#define LARGEST 6
#define DIMENSIONS_MAX 16384u
#define PAUSE_MS 60000
/* A run looks for the same few words again and again. */
#define RECENT_MAX 256

struct Embedder {
  const Encoder *encoder; /* NULL: the endpoint */
  AgentEmbedFunction embed;
  gpointer data;
  pthread_mutex_t lock;   /* of what follows */
  guint dimensions;       /* 0: not known yet */
  guint64 source;
  gint64 pause_us;
  gint64 again_us;        /* when the endpoint may be called again; 0: now */
  char *why;              /* it is not called now; NULL */
  GHashTable *recent;     /* text -> float* */
};

Embedder *embedder_of_encoder(const Encoder *encoder) {
  Embedder *embedder = g_new0(Embedder, 1);
  embedder->encoder = encoder;
  embedder->dimensions = ENCODER_DIMENSIONS;
  embedder->recent = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  pthread_mutex_init(&embedder->lock, NULL);
  return embedder;
}

Embedder *embedder_of_endpoint(AgentEmbedFunction embed, gpointer data) {
  Embedder *embedder = embedder_of_encoder(NULL);
  embedder->dimensions = 0;
  embedder->embed = embed;
  embedder->data = data;
  embedder_set_pause(embedder, PAUSE_MS);
  return embedder;
}

void embedder_set_pause(Embedder *embedder, gint64 milliseconds) {
  embedder->pause_us = milliseconds * 1000;
}

void embedder_free(Embedder *embedder) {
  if (embedder == NULL) return;
  pthread_mutex_destroy(&embedder->lock);
  g_hash_table_unref(embedder->recent);
  g_free(embedder->why);
  g_free(embedder);
}

/* ---- the endpoint ---- */

static gboolean has_length_one(float *vector, guint dimensions) {
  double sum = 0;
  for (guint i = 0; i < dimensions; i++) sum += (double)vector[i] * (double)vector[i];
  if (!isfinite(sum) || sum <= 0) return FALSE;
  for (guint i = 0; i < dimensions; i++) vector[i] = (float)((double)vector[i] / sqrt(sum));
  return TRUE;
}

static guint64 source_of(const float *vector, guint dimensions) {
  guint places[LARGEST];
  guint count = MIN(LARGEST, dimensions);
  for (guint n = 0; n < count; n++) {
    guint best = G_MAXUINT;
    for (guint i = 0; i < dimensions; i++) {
      gboolean taken = FALSE;
      for (guint k = 0; k < n; k++) taken = taken || places[k] == i;
      if (!taken && (best == G_MAXUINT || fabsf(vector[i]) > fabsf(vector[best]))) best = i;
    }
    places[n] = best;
  }
  guint64 source = dimensions, sum = 0;
  for (guint n = 0; n < count; n++) sum += ((guint64)places[n] + 1) * ((guint64)places[n] + 1) * G_GUINT64_CONSTANT(0x9E3779B97F4A7C15) >> 8; /* whatever their order */
  source = source * G_GUINT64_CONSTANT(0xC2B2AE3D27D4EB4F) ^ sum;
  return MAX(source, 1);
}

/* Under the lock. The endpoint is let alone for a while. */
static void give_up(Embedder *embedder, const char *why) {
  if (embedder->why == NULL) g_warning("texts are compared by words alone: the endpoint of embeddings does not answer: %s", why);
  g_free(embedder->why);
  embedder->why = g_strdup(why);
  embedder->again_us = g_get_monotonic_time() + embedder->pause_us;
}

/* Vectors of length one; NULL when it did not answer as it should. Without the lock: it takes its time. (transfer full) */
static float *call_endpoint(Embedder *embedder, const char *const *texts, guint count, guint *dimensions, GError **error) {
  g_autofree float *vectors = embedder->embed(embedder->data, texts, count, dimensions, error);
  gboolean good = vectors != NULL && *dimensions > 0 && *dimensions <= DIMENSIONS_MAX;
  for (guint i = 0; good && i < count; i++) good = has_length_one(vectors + (gsize)i * *dimensions, *dimensions);
  if (vectors != NULL && !good) g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_UPSTREAM, "it gave vectors without a direction");
  return good ? g_steal_pointer(&vectors) : NULL;
}

/* What is known of the endpoint is learnt anew after each pause: it may be another model then. */
static void probe(Embedder *embedder) {
  const char *const texts[] = {PROBE};
  g_autoptr(GError) error = NULL;
  guint dimensions = 0;
  g_autofree float *vector = call_endpoint(embedder, texts, 1, &dimensions, &error);
  pthread_mutex_lock(&embedder->lock);
  if (vector != NULL) {
    guint64 source = source_of(vector, dimensions);
    if (source != embedder->source || dimensions != embedder->dimensions) g_hash_table_remove_all(embedder->recent);
    embedder->dimensions = dimensions;
    embedder->source = source;
    embedder->again_us = 0;
    g_clear_pointer(&embedder->why, g_free);
  } else {
    give_up(embedder, error->message);
  }
  pthread_mutex_unlock(&embedder->lock);
}

gboolean embedder_is_there(Embedder *embedder, char **why) {
  if (embedder == NULL) return FALSE;
  if (embedder->encoder != NULL) return TRUE;
  pthread_mutex_lock(&embedder->lock);
  gboolean known = embedder->dimensions > 0 && embedder->again_us == 0;
  gboolean may_call = embedder->again_us <= g_get_monotonic_time();
  pthread_mutex_unlock(&embedder->lock);
  if (!known && may_call) probe(embedder);
  pthread_mutex_lock(&embedder->lock);
  known = embedder->dimensions > 0 && embedder->again_us == 0;
  if (!known && why != NULL) *why = g_strdup(embedder->why);
  pthread_mutex_unlock(&embedder->lock);
  return known;
}

const char *embedder_kind(Embedder *embedder) {
  if (!embedder_is_there(embedder, NULL)) return "words";
  return embedder->encoder != NULL ? "encoder" : "endpoint";
}

/* ---- vectors ---- */

/* The model as it was when the room for its vectors was made: another may answer meanwhile. */
typedef struct {
  Embedder *embedder;
  guint dimensions;
  guint64 source;
} Asking;

static gboolean embed_one(gpointer data, const char *text, float *out, GError **error) {
  const Asking *asking = data;
  return encoder_embed(asking->embedder->encoder, text, out, error);
}

static gboolean embed_many(gpointer data, const char *const *texts, guint count, float *out, GError **error) {
  const Asking *asking = data;
  Embedder *embedder = asking->embedder;
  guint dimensions = 0;
  GError *problem = NULL;
  g_autofree float *vectors = call_endpoint(embedder, texts, count, &dimensions, &problem);
  pthread_mutex_lock(&embedder->lock);
  gboolean good = vectors != NULL && dimensions == asking->dimensions && dimensions == embedder->dimensions && asking->source == embedder->source;
  if (good) memcpy(out, vectors, (gsize)count * dimensions * sizeof(float));
  else if (vectors == NULL) give_up(embedder, problem->message);
  else embedder->again_us = 1; /* another model all at once: it is looked at again before the next use */
  pthread_mutex_unlock(&embedder->lock);
  if (problem != NULL) g_propagate_error(error, problem);
  else if (!good) g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_UPSTREAM, "the endpoint of embeddings changed its model; ask again");
  return good;
}

VectorIndex *agent_vectors_open(Embedder *embedder, const char *path, const char *const *texts, guint count) {
  if (!embedder_is_there(embedder, NULL)) return NULL;
  g_autofree char *folder = path != NULL ? g_path_get_dirname(path) : NULL;
  gboolean can_keep = folder != NULL && g_mkdir_with_parents(folder, 0700) == 0;
  g_autofree char *library = can_keep && count >= VECTOR_GRAPH_FROM ? vector_find_usearch() : NULL;
  pthread_mutex_lock(&embedder->lock);
  Asking asking = {embedder, embedder->dimensions, embedder->source};
  VectorIndexOptions options = {.dimensions = embedder->dimensions, .path = can_keep ? path : NULL, .embed = embed_one,
                                .embed_many = embedder->encoder == NULL ? embed_many : NULL, .embed_data = &asking, .source = embedder->source,
                                .library = library};
  pthread_mutex_unlock(&embedder->lock);
  g_autoptr(GError) error = NULL;
  VectorIndex *index = vector_index_open(&options, texts, count, NULL, &error);
  if (index == NULL) g_warning("texts are compared by words alone: %s", error->message);
  return index;
}

/* Of `dimensions` numbers; NULL: it does not answer, or gives others now. (transfer full) */
static float *vector_of(Embedder *embedder, const char *text, guint dimensions) {
  if (!embedder_is_there(embedder, NULL)) return NULL;
  pthread_mutex_lock(&embedder->lock);
  Asking asking = {embedder, dimensions, embedder->source};
  gboolean same = embedder->dimensions == dimensions;
  const float *known = same ? g_hash_table_lookup(embedder->recent, text) : NULL;
  float *vector = known != NULL ? g_memdup2(known, dimensions * sizeof(float)) : NULL;
  pthread_mutex_unlock(&embedder->lock);
  if (vector != NULL || !same) return vector;
  g_autofree float *fresh = g_new(float, dimensions);
  gboolean good = embedder->encoder != NULL ? encoder_embed(embedder->encoder, text, fresh, NULL) : embed_many(&asking, &text, 1, fresh, NULL);
  if (!good) return NULL;
  pthread_mutex_lock(&embedder->lock);
  if (g_hash_table_size(embedder->recent) >= RECENT_MAX) g_hash_table_remove_all(embedder->recent);
  g_hash_table_replace(embedder->recent, g_strdup(text), g_memdup2(fresh, dimensions * sizeof(float)));
  pthread_mutex_unlock(&embedder->lock);
  return g_steal_pointer(&fresh);
}

GArray *agent_vectors_near(const VectorIndex *index, Embedder *embedder, const char *text, guint limit) {
  g_autofree float *vector = index != NULL ? vector_of(embedder, text, vector_index_dimensions(index)) : NULL;
  return vector != NULL ? vector_index_search(index, vector, limit) : g_array_new(FALSE, FALSE, sizeof(VectorHit));
}
