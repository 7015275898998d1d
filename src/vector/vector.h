/*
 * vector: text to vectors, and finding the nearest of them. The encoder is all-MiniLM-L6-v2 (6 layers, 384 dimensions,
 * mean pooling, unit length) computed here, from its published weights; without the weights there is no encoder and
 * callers stay with words. The index compares exactly: at the sizes of a semantic model (thousands of entries) that
 * takes well under a millisecond and never misses a neighbour.
 */
#pragma once
#include "base/base.h"

#define ENCODER_DIMENSIONS 384
/* Longer texts are cut to this many tokens, as the published model does. */
#define ENCODER_MAX_TOKENS 256

/* Weights and vocabulary in memory. Immutable once open; encoder_embed() may run on any number of threads at once. */
typedef struct Encoder Encoder;
/*
 * Reads `folder`/model.safetensors and `folder`/vocab.txt. NOT_FOUND when they are not there (what to do is said);
 * CORRUPT when they are not the weights of this model. Takes about 45 MB of memory beside the mapped file. (transfer full)
 */
Encoder *encoder_open(const char *folder, GError **error);
void encoder_free(Encoder *encoder); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Encoder, encoder_free)
/*
 * The folder that holds the weights: `setting` when it is not empty, else where set-up puts them, beside this program or
 * in the user's data folder. NULL: there are none. (transfer full)
 */
char *encoder_find_weights(const char *setting);

/* Token ids with [CLS] and [SEP] around them, at most ENCODER_MAX_TOKENS, of gint32. `text` is UTF-8. (transfer full) */
GArray *encoder_tokenize(const Encoder *encoder, const char *text);
/* Writes ENCODER_DIMENSIONS numbers of length 1. One thread, no locks. TOO_LARGE when the system gives no memory. */
gboolean encoder_embed(const Encoder *encoder, const char *text, float *out, GError **error);
/* Cosine of two vectors of length 1. */
float vector_similarity(const float *a, const float *b);

/* ---- index ---- */
typedef struct {
  guint entry; /* number of vector_index_add(), from 0 */
  float similarity; /* cosine, 1: same direction */
} VectorHit;

/* Vectors in the order in which they were added. Not thread-safe while it is filled; afterwards any thread may look. */
typedef struct VectorIndex VectorIndex;
#define VECTOR_INDEX_MAX (1u << 20)
VectorIndex *vector_index_new(guint dimensions); /* (transfer full) */
void vector_index_free(VectorIndex *index);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VectorIndex, vector_index_free)
/* Copies the vector, which must have length 1. TOO_LARGE past VECTOR_INDEX_MAX. */
gboolean vector_index_add(VectorIndex *index, const float *vector, GError **error);
guint vector_index_size(const VectorIndex *index);
/* The nearest `limit`, nearest first, of VectorHit; equal ones in the order of their entry. (transfer full) */
GArray *vector_index_search(const VectorIndex *index, const float *vector, guint limit);
/*
 * One file: a head with `fingerprint` (what the entries were made from), then the vectors; written beside and renamed.
 * Loading gives NULL without error when there is no file or it was made from something else: build it anew.
 */
gboolean vector_index_save(const VectorIndex *index, const char *path, const char *fingerprint, GError **error);
VectorIndex *vector_index_load(const char *path, const char *fingerprint, GError **error);
