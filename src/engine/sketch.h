/*
 * How many different texts there are, told from a few kilobytes: a HyperLogLog sketch of 4096 registers that keeps the
 * hashes themselves up to SKETCH_EXACT of them. Sketches of parts give, put together, the sketch of the whole, so they
 * can be kept in rollups. The number is read by the improved raw estimator of O. Ertl, "New cardinality estimation
 * algorithms for HyperLogLog sketches" (2017), which needs no tables. Hashes are SipHash-2-4 with a key of our own that
 * never changes: sketches written by one version are read by all. Not for several threads at once. Inside engine/.
 */
#pragma once
#include "engine/engine.h"

/* Beyond them the standard error is 1.04 / sqrt(4096); ENGINE_SKETCH_ERROR is two of it. */
#define SKETCH_EXACT ENGINE_SKETCH_EXACT

typedef struct Sketch Sketch;
Sketch *sketch_new(void);
void sketch_free(Sketch *sketch); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Sketch, sketch_free)
void sketch_add(Sketch *sketch, const char *text, gsize length);
void sketch_merge(Sketch *into, const Sketch *other);
gint64 sketch_count(const Sketch *sketch);
/* Printable ASCII, at most SKETCH_MAX_TEXT bytes: a table keeps it as text. Appends. */
#define SKETCH_MAX_TEXT 4097
void sketch_write(const Sketch *sketch, GString *out);
/* Merges a written one; FALSE when the text is none, then nothing was changed. */
gboolean sketch_merge_text(Sketch *into, const char *text, gsize length);
