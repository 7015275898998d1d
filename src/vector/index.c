#include <string.h>

#include "vector/vector.h"

#define INDEX_MAGIC "aislevec1"
#define FINGERPRINT_BYTES 128

struct VectorIndex {
  guint dimensions, count;
  GArray *floats;
};

/* The file's head; numbers little-endian as every machine it runs on has them. */
typedef struct {
  char magic[16];
  char fingerprint[FINGERPRINT_BYTES];
  guint32 dimensions, count;
} Head;

VectorIndex *vector_index_new(guint dimensions) {
  VectorIndex *index = g_new0(VectorIndex, 1);
  index->dimensions = dimensions;
  index->floats = g_array_new(FALSE, FALSE, sizeof(float));
  return index;
}

void vector_index_free(VectorIndex *index) {
  if (index == NULL) return;
  g_array_unref(index->floats);
  g_free(index);
}

guint vector_index_size(const VectorIndex *index) {
  return index->count;
}

gboolean vector_index_add(VectorIndex *index, const float *vector, GError **error) {
  if (index->count >= VECTOR_INDEX_MAX) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_TOO_LARGE, "an index holds at most %u vectors", VECTOR_INDEX_MAX);
    return FALSE;
  }
  g_array_append_vals(index->floats, vector, index->dimensions);
  index->count++;
  return TRUE;
}

static float dot(const float *a, const float *b, guint count) {
  float lanes[16] = {0}, sum = 0;
  guint i = 0;
  for (; i + 16 <= count; i += 16)
    for (guint j = 0; j < 16; j++) lanes[j] += a[i + j] * b[i + j];
  for (; i < count; i++) sum += a[i] * b[i];
  for (guint j = 0; j < 16; j++) sum += lanes[j];
  return sum;
}

float vector_similarity(const float *a, const float *b) {
  return dot(a, b, ENCODER_DIMENSIONS);
}

/* Keeps `hits` sorted, at most `limit` of them. */
static void insert_hit(GArray *hits, VectorHit hit, guint limit) {
  guint at = hits->len;
  while (at > 0 && g_array_index(hits, VectorHit, at - 1).similarity < hit.similarity) at--;
  if (at >= limit) return;
  g_array_insert_val(hits, at, hit);
  if (hits->len > limit) g_array_set_size(hits, limit);
}

GArray *vector_index_search(const VectorIndex *index, const float *vector, guint limit) {
  GArray *hits = g_array_new(FALSE, FALSE, sizeof(VectorHit));
  const float *entry = (const float *)(const void *)index->floats->data;
  for (guint i = 0; i < index->count; i++, entry += index->dimensions)
    insert_hit(hits, (VectorHit){i, dot(entry, vector, index->dimensions)}, limit);
  return hits;
}

gboolean vector_index_save(const VectorIndex *index, const char *path, const char *fingerprint, GError **error) {
  Head head = {.dimensions = index->dimensions, .count = index->count};
  g_strlcpy(head.magic, INDEX_MAGIC, sizeof head.magic);
  g_strlcpy(head.fingerprint, fingerprint, sizeof head.fingerprint);
  g_autoptr(GByteArray) bytes = g_byte_array_new();
  g_byte_array_append(bytes, (const guint8 *)&head, sizeof head);
  gsize length = (gsize)index->count * index->dimensions * sizeof(float);
  g_byte_array_append(bytes, (const guint8 *)index->floats->data, (guint)length);
  g_autoptr(GError) cause = NULL;
  if (g_file_set_contents(path, (const char *)bytes->data, (gssize)bytes->len, &cause)) return TRUE;
  g_set_error(error, AISLE_ERROR, aisle_error_info_of(cause)->http_status == 507 ? AISLE_ERROR_NO_SPACE : AISLE_ERROR_IO,
              "cannot write the index '%s'", path);
  return FALSE;
}

VectorIndex *vector_index_load(const char *path, const char *fingerprint, GError **error) {
  g_autoptr(GMappedFile) file = g_mapped_file_new(path, FALSE, NULL);
  Head head;
  if (file == NULL || g_mapped_file_get_length(file) < sizeof head) return NULL;
  memcpy(&head, g_mapped_file_get_contents(file), sizeof head);
  head.magic[sizeof head.magic - 1] = head.fingerprint[FINGERPRINT_BYTES - 1] = '\0';
  if (strcmp(head.magic, INDEX_MAGIC) != 0 || strcmp(head.fingerprint, fingerprint) != 0) return NULL;
  guint64 floats = (guint64)head.dimensions * head.count;
  if (head.count > VECTOR_INDEX_MAX || head.dimensions > 65536 ||
      g_mapped_file_get_length(file) - sizeof head != floats * sizeof(float)) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_CORRUPT, "the index '%s' is cut short; remove it, it is made again", path);
    return NULL;
  }
  VectorIndex *index = vector_index_new(head.dimensions);
  index->count = head.count;
  g_array_append_vals(index->floats, g_mapped_file_get_contents(file) + sizeof head, (guint)floats);
  return index;
}
