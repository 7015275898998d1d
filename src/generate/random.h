/*
 * Streams of random numbers named by what they are for: splitmix64 (Steele, Lea and Flood, "Fast splittable
 * pseudorandom number generators", OOPSLA 2014) seeded with a hash of the name, so that any row can be drawn again
 * without drawing those before it.
 */
#pragma once
#include <glib.h>

typedef struct {
  guint64 state;
} Random;

static inline guint64 random_mix(guint64 x) {
  x = (x ^ (x >> 30)) * G_GUINT64_CONSTANT(0xBF58476D1CE4E5B9);
  x = (x ^ (x >> 27)) * G_GUINT64_CONSTANT(0x94D049BB133111EB);
  return x ^ (x >> 31);
}

static inline guint64 random_next(Random *random) {
  random->state += G_GUINT64_CONSTANT(0x9E3779B97F4A7C15);
  return random_mix(random->state);
}

/* The stream of number `b` of group `a` of a `kind` of thing. */
static inline Random random_stream(guint64 seed, guint kind, guint64 a, guint64 b) {
  guint64 state = random_mix(seed + G_GUINT64_CONSTANT(0x9E3779B97F4A7C15) * (kind + 1u));
  state = random_mix(state ^ (a + G_GUINT64_CONSTANT(0x632BE59BD9B4E019)));
  return (Random){random_mix(state ^ (b * G_GUINT64_CONSTANT(0xD1342543DE82EF95) + 1u))};
}

static inline double random_unit(Random *random) { /* [0, 1) */
  return (double)(random_next(random) >> 11) * 0x1.0p-53;
}

static inline guint random_below(Random *random, guint n) { /* [0, n) */
  return (guint)(((random_next(random) >> 32) * (guint64)n) >> 32);
}

static inline gboolean random_chance(Random *random, double probability) {
  return random_unit(random) < probability;
}

/* Index drawn by weights that add up to `total`. */
static inline guint random_weighted(Random *random, const double *weights, guint n, double total) {
  double left = random_unit(random) * total;
  for (guint i = 0; i + 1 < n; i++)
    if ((left -= weights[i]) < 0) return i;
  return n - 1;
}

/* About normal with mean 0 and deviation 1: twelve uniform numbers (Irwin-Hall). */
static inline double random_normal(Random *random) {
  double sum = -6;
  for (int i = 0; i < 12; i++) sum += random_unit(random);
  return sum;
}
