#include "engine/sketch.h"

#include <math.h>
#include <sodium.h>
#include <string.h>

#define PRECISION 12
#define REGISTERS (1 << PRECISION)
#define MOST_ZEROS (64 - PRECISION) /* a register's value is at most one more */
#define HASH_DIGITS 16
#define FIRST_LETTER '0' /* of a register's value */

struct Sketch {
  guint n_hashes;                 /* in order */
  guint room;
  guint64 *hashes;
  guint8 *registers; /* set: instead of hashes */
};

Sketch *sketch_new(void) {
  return g_new0(Sketch, 1);
}

void sketch_free(Sketch *sketch) {
  if (!sketch) return;
  g_free(sketch->hashes);
  g_free(sketch->registers);
  g_free(sketch);
}

/* The longest run of zeros that hashes of a register begin with, and one. */
static void count_in_register(guint8 *registers, guint64 hash) {
  guint64 rest = hash << PRECISION | G_GUINT64_CONSTANT(1) << (PRECISION - 1);
  guint8 rank = (guint8)(__builtin_clzll(rest) + 1), *at = &registers[hash >> MOST_ZEROS];
  *at = MAX(*at, rank);
}

static void use_registers(Sketch *sketch) {
  if (sketch->registers) return;
  sketch->registers = g_new0(guint8, REGISTERS);
  for (guint i = 0; i < sketch->n_hashes; i++) count_in_register(sketch->registers, sketch->hashes[i]);
  g_clear_pointer(&sketch->hashes, g_free);
  sketch->n_hashes = sketch->room = 0;
}

static void add_hash(Sketch *sketch, guint64 hash) {
  if (sketch->registers) {
    count_in_register(sketch->registers, hash);
    return;
  }
  guint low = 0, high = sketch->n_hashes;
  while (low < high) {
    guint middle = (low + high) / 2;
    if (sketch->hashes[middle] < hash)
      low = middle + 1;
    else
      high = middle;
  }
  if (low < sketch->n_hashes && sketch->hashes[low] == hash) return;
  if (sketch->n_hashes == SKETCH_EXACT) {
    use_registers(sketch);
    count_in_register(sketch->registers, hash);
    return;
  }
  if (sketch->n_hashes == sketch->room) {
    sketch->room = CLAMP(sketch->room * 2, 8, SKETCH_EXACT);
    sketch->hashes = g_renew(guint64, sketch->hashes, sketch->room);
  }
  memmove(sketch->hashes + low + 1, sketch->hashes + low, (sketch->n_hashes - low) * sizeof *sketch->hashes);
  sketch->hashes[low] = hash;
  sketch->n_hashes++;
}

void sketch_add(Sketch *sketch, const char *text, gsize length) {
  static const unsigned char key[crypto_shorthash_KEYBYTES + 1] = "aisle distinct 1";
  unsigned char bytes[crypto_shorthash_BYTES];
  crypto_shorthash(bytes, (const unsigned char *)text, length, key);
  guint64 hash = 0;
  for (guint i = 0; i < sizeof bytes; i++) hash = hash << 8 | bytes[i];
  add_hash(sketch, hash);
}

void sketch_merge(Sketch *into, const Sketch *other) {
  for (guint i = 0; i < other->n_hashes; i++) add_hash(into, other->hashes[i]);
  if (!other->registers) return;
  use_registers(into);
  for (guint i = 0; i < REGISTERS; i++) into->registers[i] = MAX(into->registers[i], other->registers[i]);
}

/* ---- the number ---- */
static double sigma(double x) {
  if (x >= 1) return INFINITY;
  double y = 1, z = x, before;
  do {
    x *= x;
    before = z;
    z += x * y;
    y += y;
  } while (z > before);
  return z;
}

static double tau(double x) {
  if (x <= 0 || x >= 1) return 0;
  double y = 1, z = 1 - x, before;
  do {
    x = sqrt(x);
    before = z;
    y *= 0.5;
    z -= (1 - x) * (1 - x) * y;
  } while (z < before);
  return z / 3;
}

gint64 sketch_count(const Sketch *sketch) {
  if (!sketch->registers) return sketch->n_hashes;
  guint with[MOST_ZEROS + 2] = {0};
  for (guint i = 0; i < REGISTERS; i++) with[sketch->registers[i]]++;
  double z = REGISTERS * tau(1 - (double)with[MOST_ZEROS + 1] / REGISTERS);
  for (int k = MOST_ZEROS; k >= 1; k--) z = 0.5 * (z + with[k]);
  z += REGISTERS * sigma((double)with[0] / REGISTERS);
  double count = (double)REGISTERS * REGISTERS / (2 * G_LN2 * z);
  return count < 9e18 ? llround(count) : G_MAXINT64;
}

/* ---- as text ---- */
void sketch_write(const Sketch *sketch, GString *out) {
  g_string_append_c(out, sketch->registers ? 'r' : 'h');
  for (guint i = 0; i < sketch->n_hashes; i++) g_string_append_printf(out, "%016" G_GINT64_MODIFIER "x", sketch->hashes[i]);
  for (guint i = 0; sketch->registers && i < REGISTERS; i++)
    g_string_append_c(out, (char)(FIRST_LETTER + sketch->registers[i]));
}

static gboolean is_written(const char *text, gsize length) {
  if (length == 0 || length > SKETCH_MAX_TEXT || (*text != 'r' && *text != 'h')) return FALSE;
  if (*text == 'h' && (length - 1) % HASH_DIGITS) return FALSE;
  if (*text == 'r' && length != REGISTERS + 1) return FALSE;
  for (gsize i = 1; i < length; i++) {
    gboolean fits = *text == 'h' ? g_ascii_isxdigit(text[i])
                                 : text[i] >= FIRST_LETTER && text[i] <= FIRST_LETTER + MOST_ZEROS + 1;
    if (!fits) return FALSE;
  }
  return TRUE;
}

gboolean sketch_merge_text(Sketch *into, const char *text, gsize length) {
  if (!is_written(text, length)) return FALSE;
  for (gsize i = 1; *text == 'h' && i < length; i += HASH_DIGITS) {
    guint64 hash = 0;
    for (guint k = 0; k < HASH_DIGITS; k++) hash = hash << 4 | (guint64)g_ascii_xdigit_value(text[i + k]);
    add_hash(into, hash);
  }
  if (*text == 'h') return TRUE;
  use_registers(into);
  for (guint i = 0; i < REGISTERS; i++) into->registers[i] = MAX(into->registers[i], (guint8)(text[i + 1] - FIRST_LETTER));
  return TRUE;
}
