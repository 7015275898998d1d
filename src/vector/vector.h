/*
 * vector: text to vectors, and finding the nearest of them. The encoder is all-MiniLM-L6-v2 (6 layers, 384 dimensions,
 * mean pooling, unit length) computed here, from its published weights; without the weights there is no encoder and
 * callers stay with words. The index lies on disk and compares exactly: at the sizes of a semantic model (thousands of
 * entries) that takes well under a millisecond and never misses a neighbour. Large ones have a graph of usearch beside.
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
  guint entry; /* number of the text, from 0 */
  float similarity; /* cosine, 1: same direction */
} VectorHit;

/* Writes a vector of length 1 for a text. */
typedef gboolean (*VectorEmbed)(gpointer data, const char *text, float *out, GError **error);

/* The same for several at once, row-major: what is far away is asked for many in one go. At most VECTOR_EMBED_TOGETHER. */
typedef gboolean (*VectorEmbedMany)(gpointer data, const char *const *texts, guint count, float *out, GError **error);
#define VECTOR_EMBED_TOGETHER 64u

#define VECTOR_INDEX_MAX (1u << 20)
/* From so many entries on a graph of neighbours is asked: 30 MB of vectors take milliseconds to be compared with. */
#define VECTOR_GRAPH_FROM 20000
typedef struct {
  guint dimensions;
  const char *path;    /* of the index's file; the graph lies beside it. NULL: in memory, and compared exactly */
  VectorEmbed embed;
  VectorEmbedMany embed_many; /* instead of `embed`; NULL: one by one */
  gpointer embed_data;
  guint64 source;      /* which model the vectors are of: kept ones of another are not used; 0: the encoder of this module */
  const char *library; /* usearch's C library, of vector_find_usearch(); NULL: compared exactly, whatever the size */
  guint graph_from;    /* 0: VECTOR_GRAPH_FROM */
} VectorIndexOptions;

/* What opening an index took. */
typedef struct {
  guint embedded; /* texts that were new */
  guint kept;     /* whose vector was there */
  gboolean has_graph;
} VectorIndexState;

/* Texts by nearness of their vectors. Immutable; any thread may look. */
typedef struct VectorIndex VectorIndex;
/*
 * The index of these texts. The file holds vectors under hashes of their texts, and is mapped, not read. When it holds
 * other texts than these, what it has is taken over, only what is new is embedded, and a new file takes its place; the
 * graph is mended likewise. A file that cannot be used or written only costs time. Errors are those of `embed`; TOO_LARGE
 * past VECTOR_INDEX_MAX. `state` may be NULL. (transfer full)
 */
VectorIndex *vector_index_open(const VectorIndexOptions *options, const char *const *texts, guint count, VectorIndexState *state, GError **error);
void vector_index_free(VectorIndex *index);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VectorIndex, vector_index_free)
guint vector_index_size(const VectorIndex *index);
guint vector_index_dimensions(const VectorIndex *index);
/*
 * The nearest `limit`, nearest first, of VectorHit; equal ones in the order of their entry. Exact; with a graph each
 * similarity is exact, but a neighbour may be missed. (transfer full)
 */
GArray *vector_index_search(const VectorIndex *index, const float *vector, guint limit);
/* usearch's C library where set-up built it; NULL: it is not there. (transfer full) */
char *vector_find_usearch(void);
