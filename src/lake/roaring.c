#include "lake/roaring.h"
#include <string.h>

#define ARRAY_MAGIC 1681511377U /* portable; the other form is never written to tables */
#define COOKIE_PLAIN 12346U
#define COOKIE_RUNS 12347U
#define FEW_CONTAINERS 4 /* fewer, and with runs, have no list of offsets */
#define ARRAY_MAX 4096   /* row numbers in an array; more are a bitmap */
#define CONTAINER_BYTES 8192
#define CONTAINERS_MAX 65536

typedef struct {
  const guint8 *at;
  gsize left;
  GByteArray *bits;
  gint64 count, after; /* rows seen; the one after the last, which the next must not be below */
  gboolean too_far;    /* rows from ROARING_MAX_ROWS on */
} Reading;

static gboolean corrupt(GError **error) {
  g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_CORRUPT, "a deletion vector is damaged");
  return FALSE;
}

/* A little-endian number of `size` bytes. */
static gboolean take(Reading *reading, guint size, guint64 *out) {
  if (reading->left < size) return FALSE;
  *out = 0;
  for (guint i = 0; i < size; i++) *out |= (guint64)reading->at[i] << (8 * i);
  reading->at += size;
  reading->left -= size;
  return TRUE;
}

static const guint8 *take_bytes(Reading *reading, gsize size) {
  if (reading->left < size) return NULL;
  const guint8 *bytes = reading->at;
  reading->at += size;
  reading->left -= size;
  return bytes;
}

/* Rows come in ascending order, each once. */
static gboolean set_rows(Reading *reading, gint64 first, gint64 count) {
  if (first < reading->after) return FALSE;
  gint64 end = first + count;
  guint before = reading->bits->len, bytes = (guint)((end + 7) / 8);
  if (bytes > before) {
    g_byte_array_set_size(reading->bits, bytes);
    memset(reading->bits->data + before, 0, bytes - before);
  }
  for (gint64 row = first; row < end; row++) reading->bits->data[row / 8] |= (guint8)(0x80 >> (row % 8));
  reading->after = end;
  reading->count += count;
  return TRUE;
}

static gboolean read_runs(Reading *reading, gint64 base) {
  guint64 runs, start, more;
  if (!take(reading, 2, &runs)) return FALSE;
  for (guint64 i = 0; i < runs; i++) {
    if (!take(reading, 2, &start) || !take(reading, 2, &more) || start + more > G_MAXUINT16) return FALSE;
    if (!set_rows(reading, base + (gint64)start, (gint64)more + 1)) return FALSE;
  }
  return TRUE;
}

static gboolean read_array(Reading *reading, gint64 base, gint64 rows) {
  guint64 row;
  for (gint64 i = 0; i < rows; i++)
    if (!take(reading, 2, &row) || !set_rows(reading, base + (gint64)row, 1)) return FALSE;
  return TRUE;
}

static gboolean read_bitmap(Reading *reading, gint64 base) {
  const guint8 *bytes = take_bytes(reading, CONTAINER_BYTES);
  if (!bytes) return FALSE;
  for (gint64 row = 0; row < CONTAINER_BYTES * 8; row++)
    if (bytes[row / 8] & (1 << (row % 8)) && !set_rows(reading, base + row, 1)) return FALSE;
  return TRUE;
}

/* One 32-bit bitmap: a head, what each container of 65,536 rows holds, the containers. */
static gboolean read_bitmap32(Reading *reading) {
  guint64 cookie, containers, key, rows;
  if (!take(reading, 4, &cookie)) return FALSE;
  gboolean with_runs = (cookie & 0xffff) == COOKIE_RUNS;
  if (with_runs) containers = (cookie >> 16) + 1;
  else if (cookie != COOKIE_PLAIN || !take(reading, 4, &containers) || containers > CONTAINERS_MAX) return FALSE;
  const guint8 *runs = with_runs ? take_bytes(reading, (containers + 7) / 8) : NULL;
  const guint8 *heads = with_runs && !runs ? NULL : take_bytes(reading, containers * 4);
  if (!heads) return FALSE;
  gboolean with_offsets = !with_runs || containers >= FEW_CONTAINERS;
  if (with_offsets && !take_bytes(reading, containers * 4)) return FALSE;
  for (guint64 i = 0; i < containers; i++) {
    Reading head = {.at = heads + i * 4, .left = 4};
    if (!take(&head, 2, &key) || !take(&head, 2, &rows)) return FALSE;
    gint64 base = (gint64)key << 16, before = reading->count;
    gboolean is_run = runs && runs[i / 8] & (1 << (i % 8));
    reading->too_far = base >= ROARING_MAX_ROWS;
    if (reading->too_far) return FALSE;
    gboolean ok = is_run             ? read_runs(reading, base)
                  : rows < ARRAY_MAX ? read_array(reading, base, (gint64)rows + 1)
                                     : read_bitmap(reading, base);
    if (!ok || reading->count - before != (gint64)rows + 1) return FALSE;
  }
  return TRUE;
}

GByteArray *roaring_read(const guint8 *bytes, gsize length, gint64 *count, GError **error) {
  g_autoptr(GByteArray) bits = g_byte_array_new();
  Reading reading = {.at = bytes, .left = length, .bits = bits};
  guint64 magic, bitmaps, key = 0;
  if (!take(&reading, 4, &magic) || magic != ARRAY_MAGIC || !take(&reading, 8, &bitmaps)) {
    corrupt(error);
    return NULL;
  }
  for (guint64 i = 0; i < bitmaps; i++) { /* each of 2^32 rows */
    gboolean ok = take(&reading, 4, &key) && (i == 0 || key > 0);
    reading.too_far = ok && key > 0;
    if (ok && key == 0 && read_bitmap32(&reading)) continue;
    if (reading.too_far)
      g_set_error(error, AISLE_ERROR, AISLE_ERROR_UNSUPPORTED,
                  "a deletion vector of a file with more than %" G_GINT64_FORMAT " rows is not supported", ROARING_MAX_ROWS);
    else corrupt(error);
    return NULL;
  }
  for (; reading.left > 0; reading.at++, reading.left--) /* Trino leaves some zeros at the end */
    if (*reading.at) {
      corrupt(error);
      return NULL;
    }
  *count = reading.count;
  return g_steal_pointer(&bits);
}
