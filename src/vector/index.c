#include <glib/gstdio.h>
#include <string.h>

#include "vector/graph.h"
#include "vector/kernels.h"
#include "vector/vector.h"

#define INDEX_MAGIC "aislevec2"
#define KEY_BYTES 16
#define ALIGNMENT 64
/* Candidates that a graph is asked for, of each of which the exact nearness is computed. */
#define GRAPH_CANDIDATES(limit) (MIN((limit) * 4 + 16, 4096u))
#define BLOCK 64

/* The file: head, keys[count], vectors[count]; each part begins at a multiple of ALIGNMENT. Little-endian as the machine. */
typedef struct {
  char magic[16];
  guint32 dimensions, count;
  guint64 source;
  char unused[32];
} Head;
typedef struct {
  guint8 bytes[KEY_BYTES]; /* of the SHA-256 of the text */
} Key;

struct VectorIndex {
  guint dimensions, count;
  GBytes *bytes;       /* the file, mapped or in memory */
  const Key *keys;     /* in it */
  const float *floats; /* in it */
  VectorGraph *graph;  /* NULL: compared exactly */
  GHashTable *entries; /* of the graph's keys: guint64 -> number + 1 */
  guint64 *graph_keys;
};

float vector_similarity(const float *a, const float *b) {
  float similarity;
  kernels_best()->dots(a, 1, b, ENCODER_DIMENSIONS, &similarity);
  return similarity;
}

void vector_index_free(VectorIndex *index) {
  if (index == NULL) return;
  vector_graph_free(index->graph);
  g_clear_pointer(&index->entries, g_hash_table_unref);
  g_free(index->graph_keys);
  g_clear_pointer(&index->bytes, g_bytes_unref);
  g_free(index);
}

guint vector_index_dimensions(const VectorIndex *index) {
  return index->dimensions;
}

guint vector_index_size(const VectorIndex *index) {
  return index->count;
}

/* ---- the file ---- */

static gsize aligned(gsize size) {
  return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static gsize size_of(guint dimensions, guint count) {
  return sizeof(Head) + aligned((gsize)count * KEY_BYTES) + (gsize)count * dimensions * sizeof(float);
}

/* FALSE when these are not the bytes of an index with vectors of this size, of this model. */
static gboolean take_bytes(VectorIndex *index, GBytes *bytes, guint dimensions, guint64 source) {
  gsize length = 0;
  const char *at = g_bytes_get_data(bytes, &length);
  Head head;
  if (length < sizeof head) return FALSE;
  memcpy(&head, at, sizeof head);
  if (memcmp(head.magic, INDEX_MAGIC, sizeof INDEX_MAGIC) != 0 || head.dimensions != dimensions || head.source != source || head.count > VECTOR_INDEX_MAX ||
      length != size_of(dimensions, head.count))
    return FALSE;
  index->dimensions = dimensions;
  index->count = head.count;
  index->bytes = g_bytes_ref(bytes);
  index->keys = (const Key *)(const void *)(at + sizeof head);
  index->floats = (const float *)(const void *)(at + sizeof head + aligned((gsize)head.count * KEY_BYTES));
  return TRUE;
}

static VectorIndex *map_file(const char *path, guint dimensions, guint64 source) {
  g_autoptr(GMappedFile) file = path != NULL ? g_mapped_file_new(path, FALSE, NULL) : NULL;
  g_autoptr(GBytes) bytes = file != NULL ? g_mapped_file_get_bytes(file) : NULL;
  g_autoptr(VectorIndex) index = g_new0(VectorIndex, 1);
  return bytes != NULL && take_bytes(index, bytes, dimensions, source) ? g_steal_pointer(&index) : NULL;
}

static void make_key(const char *text, Key *out) {
  g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
  guint8 digest[32];
  gsize length = sizeof digest;
  g_checksum_update(sum, (const guchar *)text, (gssize)strlen(text));
  g_checksum_get_digest(sum, digest, &length);
  memcpy(out->bytes, digest, KEY_BYTES);
}

static guint key_hash(gconstpointer key) {
  guint hash;
  memcpy(&hash, key, sizeof hash);
  return hash;
}

static gboolean key_equal(gconstpointer a, gconstpointer b) {
  return memcmp(a, b, KEY_BYTES) == 0;
}

/* ---- building ---- */

typedef struct {
  const VectorIndexOptions *options;
  const char *const *texts;
  guint count;
  VectorIndexState state;
} Build;

/* New texts are gathered until there are enough of them for one call. */
typedef struct {
  const char *texts[VECTOR_EMBED_TOGETHER];
  guint at[VECTOR_EMBED_TOGETHER], count;
} Batch;

static gboolean embed_batch(const Build *build, Batch *batch, float *floats, GError **error) {
  const VectorIndexOptions *options = build->options;
  guint count = batch->count, dimensions = options->dimensions;
  batch->count = 0;
  if (count == 0) return TRUE;
  g_autofree float *vectors = g_new(float, (gsize)count * dimensions);
  if (options->embed_many != NULL && !options->embed_many(options->embed_data, batch->texts, count, vectors, error)) return FALSE;
  for (guint i = 0; i < count; i++) {
    float *to = floats + (gsize)batch->at[i] * dimensions;
    if (options->embed_many != NULL) memcpy(to, vectors + (gsize)i * dimensions, dimensions * sizeof(float));
    else if (!options->embed(options->embed_data, batch->texts[i], to, error)) return FALSE;
  }
  return TRUE;
}

static gboolean fill_vectors(Build *build, const VectorIndex *before, const Key *keys, float *floats, GError **error) {
  Batch batch = {.count = 0};
  g_autoptr(GHashTable) known = g_hash_table_new(key_hash, key_equal); /* key -> its number + 1 */
  guint dimensions = build->options->dimensions;
  for (guint i = 0; before != NULL && i < before->count; i++) g_hash_table_insert(known, (gpointer)&before->keys[i], GUINT_TO_POINTER(i + 1));
  for (guint i = 0; i < build->count; i++) {
    guint number = GPOINTER_TO_UINT(g_hash_table_lookup(known, &keys[i]));
    float *to = floats + (gsize)i * dimensions;
    if (number > 0) {
      memcpy(to, before->floats + (gsize)(number - 1) * dimensions, dimensions * sizeof(float));
      build->state.kept++;
      continue;
    }
    batch.texts[batch.count] = build->texts[i];
    batch.at[batch.count++] = i;
    build->state.embedded++;
    if (batch.count == VECTOR_EMBED_TOGETHER && !embed_batch(build, &batch, floats, error)) return FALSE;
  }
  return embed_batch(build, &batch, floats, error);
}

/* (transfer full) */
static VectorIndex *build_index(Build *build, const VectorIndex *before, const Key *keys, GError **error) {
  guint dimensions = build->options->dimensions;
  gsize size = size_of(dimensions, build->count);
  char *image = g_try_malloc0(size);
  if (image == NULL) {
    g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_TOO_LARGE, "there is no memory for the index of texts");
    return NULL;
  }
  g_autoptr(GBytes) bytes = g_bytes_new_take(image, size);
  guint64 source = build->options->source;
  Head head = {.dimensions = dimensions, .count = build->count, .source = source};
  memcpy(head.magic, INDEX_MAGIC, sizeof INDEX_MAGIC);
  memcpy(image, &head, sizeof head);
  memcpy(image + sizeof head, keys, (gsize)build->count * KEY_BYTES);
  float *floats = (float *)(void *)(image + sizeof head + aligned((gsize)build->count * KEY_BYTES));
  if (!fill_vectors(build, before, keys, floats, error)) return NULL;
  const char *path = build->options->path;
  if (path != NULL && g_file_set_contents_full(path, image, (gssize)size, G_FILE_SET_CONTENTS_CONSISTENT, 0600, NULL)) {
    VectorIndex *mapped = map_file(path, dimensions, source);
    if (mapped != NULL && mapped->count == build->count && memcmp(mapped->keys, keys, (gsize)build->count * KEY_BYTES) == 0) return mapped;
    vector_index_free(mapped); /* another process was quicker with something else: ours stays in memory */
  }
  g_autoptr(VectorIndex) index = g_new0(VectorIndex, 1);
  return take_bytes(index, bytes, dimensions, source) ? g_steal_pointer(&index) : NULL;
}

/* Its entries are named by their texts: of another model's vectors they would say nothing. */
static void drop_graph(const char *path) {
  g_autofree char *graph = path != NULL ? g_strconcat(path, ".usearch", NULL) : NULL;
  if (graph != NULL) g_unlink(graph);
}

static void add_graph(VectorIndex *index, const VectorIndexOptions *options) {
  g_autofree char *path = g_strconcat(options->path, ".usearch", NULL);
  g_autofree float *vectors = NULL;
  index->entries = g_hash_table_new(g_int64_hash, g_int64_equal);
  index->graph_keys = g_new(guint64, index->count);
  guint distinct = 0;
  for (guint i = 0; i < index->count; i++) {
    memcpy(&index->graph_keys[distinct], index->keys[i].bytes, sizeof(guint64));
    if (g_hash_table_contains(index->entries, &index->graph_keys[distinct])) continue; /* the same text again */
    g_hash_table_insert(index->entries, &index->graph_keys[distinct], GUINT_TO_POINTER(i + 1));
    distinct++;
  }
  GraphEntries entries = {.dimensions = index->dimensions, .count = distinct, .keys = index->graph_keys, .vectors = index->floats};
  if (distinct < index->count) { /* rows of the graph without those of texts that stand twice */
    vectors = g_try_new(float, (gsize)distinct * index->dimensions);
    for (guint i = 0; vectors != NULL && i < distinct; i++) {
      guint number = GPOINTER_TO_UINT(g_hash_table_lookup(index->entries, &index->graph_keys[i])) - 1;
      memcpy(vectors + (gsize)i * index->dimensions, index->floats + (gsize)number * index->dimensions, index->dimensions * sizeof(float));
    }
    if (vectors == NULL) return;
    entries.vectors = vectors;
  }
  index->graph = vector_graph_open(options->library, path, &entries);
}

VectorIndex *vector_index_open(const VectorIndexOptions *options, const char *const *texts, guint count, VectorIndexState *state, GError **error) {
  if (count > VECTOR_INDEX_MAX) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_TOO_LARGE, "an index holds at most %u texts", VECTOR_INDEX_MAX);
    return NULL;
  }
  Build build = {.options = options, .texts = texts, .count = count};
  g_autofree Key *keys = g_new(Key, MAX(count, 1));
  for (guint i = 0; i < count; i++) make_key(texts[i], &keys[i]);
  VectorIndex *index = map_file(options->path, options->dimensions, options->source);
  if (index == NULL) drop_graph(options->path);
  if (index != NULL && index->count == count && memcmp(index->keys, keys, (gsize)count * KEY_BYTES) == 0) {
    build.state.kept = count;
  } else {
    g_autoptr(VectorIndex) before = g_steal_pointer(&index);
    index = build_index(&build, before, keys, error);
  }
  guint graph_from = options->graph_from > 0 ? options->graph_from : VECTOR_GRAPH_FROM;
  if (index != NULL && count >= graph_from && options->library != NULL && options->path != NULL) add_graph(index, options);
  build.state.has_graph = index != NULL && index->graph != NULL;
  if (state != NULL) *state = build.state;
  return index;
}

/* ---- searching ---- */

/* Keeps `hits` sorted, at most `limit` of them. */
static void insert_hit(GArray *hits, VectorHit hit, guint limit) {
  guint at = hits->len;
  while (at > 0) {
    VectorHit before = g_array_index(hits, VectorHit, at - 1);
    if (before.similarity > hit.similarity || (before.similarity == hit.similarity && before.entry < hit.entry)) break;
    at--;
  }
  if (at >= limit) return;
  g_array_insert_val(hits, at, hit);
  if (hits->len > limit) g_array_set_size(hits, limit);
}

static void search_graph(const VectorIndex *index, const float *vector, guint limit, GArray *hits) {
  guint wanted = GRAPH_CANDIDATES(limit);
  g_autofree guint64 *keys = g_new(guint64, wanted);
  guint found = vector_graph_search(index->graph, vector, wanted, keys);
  for (guint i = 0; i < found; i++) {
    guint number = GPOINTER_TO_UINT(g_hash_table_lookup(index->entries, &keys[i]));
    if (number == 0) continue;
    VectorHit hit = {.entry = number - 1};
    kernels_best()->dots(index->floats + (gsize)hit.entry * index->dimensions, 1, vector, index->dimensions, &hit.similarity);
    insert_hit(hits, hit, limit);
  }
}

GArray *vector_index_search(const VectorIndex *index, const float *vector, guint limit) {
  GArray *hits = g_array_new(FALSE, FALSE, sizeof(VectorHit));
  if (index->graph != NULL) search_graph(index, vector, limit, hits);
  if (hits->len > 0 || limit == 0) return hits;
  const Kernels *kernels = kernels_best();
  for (guint first = 0; first < index->count; first += BLOCK) {
    float similarities[BLOCK];
    guint rows = MIN(BLOCK, index->count - first);
    kernels->dots(index->floats + (gsize)first * index->dimensions, rows, vector, index->dimensions, similarities);
    for (guint i = 0; i < rows; i++)
      if (hits->len < limit || similarities[i] >= g_array_index(hits, VectorHit, hits->len - 1).similarity)
        insert_hit(hits, (VectorHit){first + i, similarities[i]}, limit);
  }
  return hits;
}
