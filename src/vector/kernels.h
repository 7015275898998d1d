/*
 * The arithmetic of the encoder, written once and compiled for what the processor can do; the best of them is chosen at
 * run time. Matrices are row-major floats. Weights are packed once: with a question's dozen rows a general matrix
 * library spends most of its time packing 40 MB of weights again for every text (measured for 10 tokens: OpenBLAS 6.7 ms
 * for the products alone, these kernels 2.7 ms for the whole text).
 */
#pragma once
#include <glib.h>

/* Columns of a weight matrix that stand together. */
#define KERNEL_PANEL 32

typedef struct {
  guint inputs, outputs; /* outputs: a multiple of KERNEL_PANEL */
  float *panels;         /* [outputs / PANEL][inputs][PANEL], 64-byte aligned; owned */
  const float *bias;     /* [outputs] */
} PackedWeights;

typedef struct {
  const char *name;
  /* y[rows][outputs] = x[rows][inputs] * W + bias */
  void (*multiply)(const PackedWeights *weights, const float *x, float *y, guint rows);
  /* x * Phi(x), in place (Hendrycks and Gimpel 2016); error below 1e-6 */
  void (*gelu)(float *values, gsize count);
  /* For each row: (x + residual) brought to mean 0, variance 1, times scale, plus shift; residual may be NULL */
  void (*normalise)(float *x, const float *residual, const float *scale, const float *shift, guint rows, guint width);
  /* Softmax attention of one head; q, k, v have `stride` floats from row to row, out `out_stride`; scores[rows] is scratch */
  void (*attend)(const float *q, const float *k, const float *v, gsize stride, float *out, gsize out_stride, guint rows, float *scores);
  /* out[e] = the scalar product of entries[e][width] and query[width]; no alignment is asked for */
  void (*dots)(const float *entries, guint count, const float *query, guint width, float *out);
} Kernels;

/* Width of one attention head. */
#define KERNEL_HEAD 32
const Kernels *kernels_best(void); /* (transfer none) */
/* All that this processor can run, for tests; NULL-terminated. (transfer none) */
const Kernels *kernels_at(guint i);
