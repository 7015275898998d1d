/*
 * A graph of near neighbours on disk (HNSW, Malkov and Yashunin 2016), by the C library of usearch
 * (github.com/unum-cloud/usearch, Apache-2.0), which is loaded when a graph is wanted and not before. Entries are known
 * by 64-bit keys, so that the graph outlives a change of their order.
 */
#pragma once
#include "base/base.h"

typedef struct VectorGraph VectorGraph;
typedef struct {
  guint dimensions, count;
  const guint64 *keys;  /* no two alike */
  const float *vectors; /* [count][dimensions], each of length 1 */
} GraphEntries;
/*
 * The graph of exactly these entries at `path`: what it holds already stays, what is gone is taken out, what is new is
 * put in; a changed graph is written beside and renamed. NULL when the library is not there or does not work: compare
 * exactly then. (transfer full)
 */
VectorGraph *vector_graph_open(const char *library, const char *path, const GraphEntries *entries);
void vector_graph_free(VectorGraph *graph); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VectorGraph, vector_graph_free)
/* Keys of about the nearest `limit`, in no order; how many there are. One at a time: others wait. */
guint vector_graph_search(VectorGraph *graph, const float *vector, guint limit, guint64 *keys);
