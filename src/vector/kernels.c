#include "vector/kernels.h"

#include <math.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))
#define NORM_EPSILON 1e-12f

/* As many floats as one register of the processor holds. */
typedef float Lanes16 __attribute__((vector_size(64)));
typedef float Lanes8 __attribute__((vector_size(32)));
typedef float Lanes4 __attribute__((vector_size(16)));

/*
 * multiply for one kind of processor. A macro, since a register's type must be known where the function is compiled.
 * `rows` is constant wherever a block is inlined, so that the sums of `block` rows of one panel stay in registers.
 */
#define MULTIPLY_FOR(suffix, attributes, Lanes, block)                                                                          \
  attributes static inline __attribute__((always_inline)) void block_##suffix(                                                  \
      const float *panel, const float *bias, const float *x, float *y, guint rows, gsize inputs, gsize outputs) {               \
    enum { PARTS = KERNEL_PANEL / (sizeof(Lanes) / sizeof(float)) };                                                            \
    Lanes sums[block][PARTS];                                                                                                   \
    _Pragma("GCC unroll 8") for (guint r = 0; r < rows; r++) memcpy(sums[r], bias, KERNEL_PANEL * sizeof(float));               \
    for (gsize k = 0; k < inputs; k++) {                                                                                        \
      const Lanes *weights = (const Lanes *)(const void *)(panel + k * KERNEL_PANEL);                                           \
      _Pragma("GCC unroll 8") for (guint part = 0; part < PARTS; part++)                                                        \
          _Pragma("GCC unroll 8") for (guint r = 0; r < rows; r++) sums[r][part] += weights[part] * x[r * inputs + k];          \
    }                                                                                                                           \
    _Pragma("GCC unroll 8") for (guint r = 0; r < rows; r++) memcpy(y + r * outputs, sums[r], KERNEL_PANEL * sizeof(float));    \
  }                                                                                                                             \
  attributes static void multiply_##suffix(const PackedWeights *weights, const float *x, float *y, guint rows) {                \
    gsize inputs = weights->inputs, outputs = weights->outputs;                                                                 \
    for (gsize first = 0; first < outputs; first += KERNEL_PANEL) {                                                             \
      const float *panel = weights->panels + first * inputs, *bias = weights->bias + first;                                     \
      guint r = 0;                                                                                                              \
      for (; r + block <= rows; r += block)                                                                                     \
        block_##suffix(panel, bias, x + r * inputs, y + r * outputs + first, block, inputs, outputs);                           \
      for (; block > 4 && r + 4 <= rows; r += 4)                                                                                \
        block_##suffix(panel, bias, x + r * inputs, y + r * outputs + first, MIN(4, block), inputs, outputs);                   \
      for (; block > 2 && r + 2 <= rows; r += 2)                                                                                \
        block_##suffix(panel, bias, x + r * inputs, y + r * outputs + first, MIN(2, block), inputs, outputs);                   \
      for (; r < rows; r++) block_##suffix(panel, bias, x + r * inputs, y + r * outputs + first, 1, inputs, outputs);           \
    }                                                                                                                           \
  }

/* e^x for x <= 0: 2^n by the exponent's bits, the rest by a polynomial (Cephes, expf). */
INLINE float exp_negative(float x) {
  float clamped = x < -87.0f ? -87.0f : x;
  float magic = 12582912.0f; /* 1.5 * 2^23: adding it rounds to whole */
  float n = (clamped * 1.44269504f + magic) - magic;
  float r = clamped - n * 0.693359375f + n * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  gint32 bits = ((gint32)n + 127) << 23;
  float power;
  memcpy(&power, &bits, sizeof power);
  return p * power;
}

/* erf by Abramowitz and Stegun 7.1.26, error below 1.5e-7. */
INLINE void gelu(float *values, gsize count) {
  for (gsize i = 0; i < count; i++) {
    float x = values[i], z = fabsf(x) * 0.70710678f;
    float t = 1.0f / (1.0f + 0.3275911f * z);
    float p = ((((1.061405429f * t - 1.453152027f) * t + 1.421413741f) * t - 0.284496736f) * t + 0.254829592f) * t;
    float erf = 1.0f - p * exp_negative(-z * z);
    values[i] = 0.5f * (x + fabsf(x) * erf);
  }
}

INLINE void normalise(float *x, const float *residual, const float *scale, const float *shift, guint rows, guint width) {
  for (guint r = 0; r < rows; r++, x += width) {
    float lanes[16] = {0}, mean = 0, variance = 0;
    for (guint i = 0; i < width; i += 16)
      for (guint j = 0; j < 16; j++) {
        if (residual != NULL) x[i + j] += residual[(gsize)r * width + i + j];
        lanes[j] += x[i + j];
      }
    for (guint j = 0; j < 16; j++) mean += lanes[j];
    mean /= (float)width;
    memset(lanes, 0, sizeof lanes);
    for (guint i = 0; i < width; i += 16)
      for (guint j = 0; j < 16; j++) lanes[j] += (x[i + j] - mean) * (x[i + j] - mean);
    for (guint j = 0; j < 16; j++) variance += lanes[j];
    float factor = 1.0f / sqrtf(variance / (float)width + NORM_EPSILON);
    for (guint i = 0; i < width; i++) x[i] = (x[i] - mean) * factor * scale[i] + shift[i];
  }
}

INLINE void attend(const float *q, const float *k, const float *v, gsize stride, float *out, gsize out_stride, guint rows, float *scores) {
  for (guint i = 0; i < rows; i++) {
    float query[KERNEL_HEAD], sums[KERNEL_HEAD] = {0};
    for (guint d = 0; d < KERNEL_HEAD; d++) query[d] = q[i * stride + d] * 0.17677669529663687f; /* 1 / sqrt(32) */
    float highest = -INFINITY, total = 0;
    for (guint j = 0; j < rows; j++) {
      float products[8] = {0}, score = 0;
      for (guint d = 0; d < KERNEL_HEAD; d += 8)
        for (guint l = 0; l < 8; l++) products[l] += query[d + l] * k[j * stride + d + l];
      for (guint l = 0; l < 8; l++) score += products[l];
      scores[j] = score;
      highest = score > highest ? score : highest;
    }
    for (guint j = 0; j < rows; j++) scores[j] = exp_negative(scores[j] - highest);
    for (guint j = 0; j < rows; j++) {
      total += scores[j];
      for (guint d = 0; d < KERNEL_HEAD; d++) sums[d] += scores[j] * v[j * stride + d];
    }
    for (guint d = 0; d < KERNEL_HEAD; d++) out[i * out_stride + d] = sums[d] / total;
  }
}

/* The scalar product of `query` with each of `count` rows. A macro for the same reason as above. */
#define DOTS_FOR(suffix, attributes, Lanes)                                                                                      \
  attributes static void dots_##suffix(const float *entries, guint count, const float *query, guint width, float *out) {        \
    enum { STEP = sizeof(Lanes) / sizeof(float) };                                                                               \
    for (guint e = 0; e < count; e++, entries += width) {                                                                        \
      Lanes sums[4] = {{0}}, a, b;                                                                                               \
      guint i = 0;                                                                                                               \
      for (; i + 4 * STEP <= width; i += 4 * STEP)                                                                               \
        _Pragma("GCC unroll 4") for (guint j = 0; j < 4; j++) {                                                                  \
          memcpy(&a, entries + i + j * STEP, sizeof a);                                                                          \
          memcpy(&b, query + i + j * STEP, sizeof b);                                                                            \
          sums[j] += a * b;                                                                                                      \
        }                                                                                                                        \
      float total = 0;                                                                                                           \
      for (; i < width; i++) total += entries[i] * query[i];                                                                     \
      sums[0] += sums[1] + sums[2] + sums[3];                                                                                    \
      for (guint j = 0; j < STEP; j++) total += sums[0][j];                                                                      \
      out[e] = total;                                                                                                            \
    }                                                                                                                            \
  }

/* One set of functions for a kind of processor; `block`: rows whose sums fit its registers. */
#define KERNELS_FOR(suffix, attributes, Lanes, block)                                                                            \
  MULTIPLY_FOR(suffix, attributes, Lanes, block)                                                                                 \
  DOTS_FOR(suffix, attributes, Lanes)                                                                                            \
  attributes static void gelu_##suffix(float *values, gsize count) {                                                             \
    gelu(values, count);                                                                                                         \
  }                                                                                                                              \
  attributes static void normalise_##suffix(float *x, const float *residual, const float *scale, const float *shift, guint rows, \
                                            guint width) {                                                                       \
    normalise(x, residual, scale, shift, rows, width);                                                                           \
  }                                                                                                                              \
  attributes static void attend_##suffix(const float *q, const float *k, const float *v, gsize stride, float *out,               \
                                         gsize out_stride, guint rows, float *scores) {                                          \
    attend(q, k, v, stride, out, out_stride, rows, scores);                                                                      \
  }

#if defined(__x86_64__)
KERNELS_FOR(avx512, __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,avx2,fma"))), Lanes16, 8)
KERNELS_FOR(avx2, __attribute__((target("avx2,fma"))), Lanes8, 3)
#endif
KERNELS_FOR(plain, , Lanes4, 1)

static const Kernels VARIANTS[] = {
#if defined(__x86_64__)
    {"avx512", multiply_avx512, gelu_avx512, normalise_avx512, attend_avx512, dots_avx512},
    {"avx2", multiply_avx2, gelu_avx2, normalise_avx2, attend_avx2, dots_avx2},
#endif
    {"plain", multiply_plain, gelu_plain, normalise_plain, attend_plain, dots_plain},
};

static gboolean runs_here(const Kernels *kernels) {
#if defined(__x86_64__)
  if (strcmp(kernels->name, "avx512") == 0)
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512bw");
  if (strcmp(kernels->name, "avx2") == 0) return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
  return TRUE;
}

const Kernels *kernels_at(guint i) {
  for (guint j = 0; j < G_N_ELEMENTS(VARIANTS); j++)
    if (runs_here(&VARIANTS[j]) && i-- == 0) return &VARIANTS[j];
  return NULL;
}

const Kernels *kernels_best(void) {
  return kernels_at(0);
}
