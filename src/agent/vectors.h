/*
 * Inside agent/: texts by meaning. Vectors are of the encoder in this process or of an endpoint; indexes of texts are kept on disk.
 * An endpoint that does not answer is let alone for a while, and words alone are compared meanwhile. Thread-safe.
 */
#pragma once
#include "agent/agent.h"

typedef struct Embedder Embedder;
/* `encoder` outlives it. (transfer full) */
Embedder *embedder_of_encoder(const Encoder *encoder);
/* No call yet. (transfer full) */
Embedder *embedder_of_endpoint(AgentEmbedFunction embed, gpointer data);
void embedder_free(Embedder *embedder); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Embedder, embedder_free)
/* How long an endpoint that did not answer is let alone (a minute); before its first use. */
void embedder_set_pause(Embedder *embedder, gint64 milliseconds);
/* Whether it answers now; FALSE with why. The first time, and after a pause, an endpoint is called. NULL: FALSE. */
gboolean embedder_is_there(Embedder *embedder, char **why);
/* "encoder", "endpoint"; "words" for NULL and for one that does not answer now. */
const char *embedder_kind(Embedder *embedder);

/* NULL without an embedder, or when it fails: words alone are compared then. `path` NULL: not kept. (transfer full) */
VectorIndex *agent_vectors_open(Embedder *embedder, const char *path, const char *const *texts, guint count);
/* The nearest texts, of VectorHit; none when `index` or `embedder` is NULL, or it does not answer. (transfer full) */
GArray *agent_vectors_near(const VectorIndex *index, Embedder *embedder, const char *text, guint limit);
