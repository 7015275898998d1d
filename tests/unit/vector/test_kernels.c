/* Every variant of the arithmetic that this processor runs, against the plain formulas in double. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "vector/kernels.h"

static float pseudo_random(guint32 *state) {
  *state = *state * 1664525u + 1013904223u;
  return (float)(*state >> 8) / 8388608.0f - 1.0f;
}

static void fill(float *values, gsize count, guint32 seed) {
  for (gsize i = 0; i < count; i++) values[i] = pseudo_random(&seed);
}

static void test_multiply(void) {
  enum { INPUTS = 40, OUTPUTS = 2 * KERNEL_PANEL, ROWS = 13 };
  static float matrix[OUTPUTS * INPUTS], bias[OUTPUTS], x[ROWS * INPUTS], y[ROWS * OUTPUTS];
  fill(matrix, G_N_ELEMENTS(matrix), 1);
  fill(bias, G_N_ELEMENTS(bias), 2);
  fill(x, G_N_ELEMENTS(x), 3);
  PackedWeights weights = {INPUTS, OUTPUTS, aligned_alloc(64, sizeof matrix), bias};
  for (gsize o = 0; o < OUTPUTS; o++)
    for (gsize k = 0; k < INPUTS; k++)
      weights.panels[o / KERNEL_PANEL * INPUTS * KERNEL_PANEL + k * KERNEL_PANEL + o % KERNEL_PANEL] = matrix[o * INPUTS + k];
  for (guint variant = 0; kernels_at(variant) != NULL; variant++)
    for (guint rows = 1; rows <= ROWS; rows++) {
      memset(y, 0xff, sizeof y);
      kernels_at(variant)->multiply(&weights, x, y, rows);
      for (gsize r = 0; r < rows; r++)
        for (gsize o = 0; o < OUTPUTS; o++) {
          double expected = (double)bias[o];
          for (gsize k = 0; k < INPUTS; k++) expected += (double)x[r * INPUTS + k] * (double)matrix[o * INPUTS + k];
          g_assert_cmpfloat_with_epsilon((double)y[r * OUTPUTS + o], expected, 1e-4);
        }
    }
  free(weights.panels);
}

static void test_gelu(void) {
  enum { COUNT = 2003 };
  float values[COUNT];
  for (guint variant = 0; kernels_at(variant) != NULL; variant++) {
    for (int i = 0; i < COUNT; i++) values[i] = ((float)i - 1001.0f) / 70.0f;
    kernels_at(variant)->gelu(values, COUNT);
    for (int i = 0; i < COUNT; i++) {
      double x = (double)(((float)i - 1001.0f) / 70.0f);
      g_assert_cmpfloat_with_epsilon((double)values[i], x * 0.5 * (1 + erf(x / sqrt(2))), 3e-6);
    }
  }
}

static void test_normalise(void) {
  enum { WIDTH = 48, ROWS = 3 };
  float x[ROWS * WIDTH], start[ROWS * WIDTH], residual[ROWS * WIDTH], scale[WIDTH], shift[WIDTH];
  fill(start, G_N_ELEMENTS(start), 4);
  fill(residual, G_N_ELEMENTS(residual), 5);
  fill(scale, WIDTH, 6);
  fill(shift, WIDTH, 7);
  for (guint variant = 0; kernels_at(variant) != NULL; variant++) {
    memcpy(x, start, sizeof x);
    kernels_at(variant)->normalise(x, residual, scale, shift, ROWS, WIDTH);
    for (gsize r = 0; r < ROWS; r++) {
      double mean = 0, variance = 0;
      for (gsize i = 0; i < WIDTH; i++) mean += (double)(start[r * WIDTH + i] + residual[r * WIDTH + i]) / WIDTH;
      for (gsize i = 0; i < WIDTH; i++) variance += pow((double)(start[r * WIDTH + i] + residual[r * WIDTH + i]) - mean, 2) / WIDTH;
      for (gsize i = 0; i < WIDTH; i++) {
        double expected = ((double)(start[r * WIDTH + i] + residual[r * WIDTH + i]) - mean) / sqrt(variance) * (double)scale[i] + (double)shift[i];
        g_assert_cmpfloat_with_epsilon((double)x[r * WIDTH + i], expected, 1e-5);
      }
    }
  }
}

static void test_attend(void) {
  enum { ROWS = 7, STRIDE = 3 * KERNEL_HEAD };
  float rows[ROWS * STRIDE], out[ROWS * KERNEL_HEAD], scores[ROWS];
  fill(rows, G_N_ELEMENTS(rows), 8);
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) rows[i] *= 3.0f;
  for (guint variant = 0; kernels_at(variant) != NULL; variant++) {
    kernels_at(variant)->attend(rows, rows + KERNEL_HEAD, rows + 2 * KERNEL_HEAD, STRIDE, out, KERNEL_HEAD, ROWS, scores);
    for (gsize i = 0; i < ROWS; i++) {
      double weights[ROWS], total = 0;
      for (gsize j = 0; j < ROWS; j++) {
        double score = 0;
        for (gsize d = 0; d < KERNEL_HEAD; d++) score += (double)rows[i * STRIDE + d] * (double)rows[j * STRIDE + KERNEL_HEAD + d];
        total += weights[j] = exp(score / sqrt(KERNEL_HEAD));
      }
      for (gsize d = 0; d < KERNEL_HEAD; d++) {
        double expected = 0;
        for (gsize j = 0; j < ROWS; j++) expected += weights[j] / total * (double)rows[j * STRIDE + 2 * KERNEL_HEAD + d];
        g_assert_cmpfloat_with_epsilon((double)out[i * KERNEL_HEAD + d], expected, 1e-5);
      }
    }
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/vector/kernels/multiply", test_multiply);
  g_test_add_func("/vector/kernels/gelu", test_gelu);
  g_test_add_func("/vector/kernels/normalise", test_normalise);
  g_test_add_func("/vector/kernels/attend", test_attend);
  return g_test_run();
}
