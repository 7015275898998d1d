/* Inside agent/: indexes of texts by meaning, as the runs of one service keep them. */
#pragma once
#include "vector/vector.h"

/* NULL without an encoder, or when it fails: words alone are compared then. `path` NULL: not kept. (transfer full) */
VectorIndex *agent_vectors_open(const Encoder *encoder, const char *path, const char *const *texts, guint count);
/* The nearest texts, of VectorHit; none when `index` or `encoder` is NULL. (transfer full) */
GArray *agent_vectors_near(const VectorIndex *index, const Encoder *encoder, const char *text, guint limit);
