#include "agent/vectors.h"

#include <glib/gstdio.h>

static gboolean embed(gpointer data, const char *text, float *out, GError **error) {
  return encoder_embed(data, text, out, error);
}

VectorIndex *agent_vectors_open(const Encoder *encoder, const char *path, const char *const *texts, guint count) {
  if (encoder == NULL) return NULL;
  g_autofree char *folder = path != NULL ? g_path_get_dirname(path) : NULL;
  gboolean can_keep = folder != NULL && g_mkdir_with_parents(folder, 0700) == 0;
  g_autofree char *library = can_keep && count >= VECTOR_GRAPH_FROM ? vector_find_usearch() : NULL;
  VectorIndexOptions options = {.dimensions = ENCODER_DIMENSIONS, .path = can_keep ? path : NULL, .embed = embed, .embed_data = (gpointer)encoder,
                                .library = library};
  g_autoptr(GError) error = NULL;
  VectorIndex *index = vector_index_open(&options, texts, count, NULL, &error);
  if (index == NULL) g_warning("texts are compared by words alone: %s", error->message);
  return index;
}

GArray *agent_vectors_near(const VectorIndex *index, const Encoder *encoder, const char *text, guint limit) {
  float vector[ENCODER_DIMENSIONS];
  if (index == NULL || encoder == NULL || !encoder_embed(encoder, text, vector, NULL)) return g_array_new(FALSE, FALSE, sizeof(VectorHit));
  return vector_index_search(index, vector, limit);
}
