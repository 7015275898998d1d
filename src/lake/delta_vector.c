#include "lake/delta_vector.h"
#include "lake/roaring.h"
#include <string.h>
#include <zlib.h>

#define MAX_BYTES (16 << 20) /* of one bitmap */
#define UUID_CHARS 20        /* 16 bytes in base 85 */
#define DIGITS_OF_ROW 10     /* about, with the comma */

DeltaVector *delta_vector_ref(DeltaVector *vector) {
  if (vector) g_atomic_int_inc(&vector->references);
  return vector;
}

void delta_vector_unref(DeltaVector *vector) {
  if (!vector || !g_atomic_int_dec_and_test(&vector->references)) return;
  g_free(vector->key);
  g_free(vector->path);
  g_clear_pointer(&vector->bitmap, g_bytes_unref);
  g_free(vector);
}

/* ---- base 85 in ZeroMQ's alphabet (rfc.zeromq.org/spec/32): 4 bytes are 5 letters ---- */

static const char ALPHABET[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

static GByteArray *base85_decode(const char *text, gsize length) {
  if (length % 5 != 0) return NULL;
  g_autoptr(GByteArray) out = g_byte_array_sized_new((guint)(length / 5 * 4));
  for (gsize i = 0; i < length; i += 5) {
    guint64 number = 0;
    for (gsize j = 0; j < 5; j++) {
      const char *digit = text[i + j] ? strchr(ALPHABET, text[i + j]) : NULL;
      if (!digit) return NULL;
      number = number * 85 + (guint64)(digit - ALPHABET);
    }
    if (number > G_MAXUINT32) return NULL;
    guint32 word = GUINT32_TO_BE((guint32)number);
    g_byte_array_append(out, (const guint8 *)&word, 4);
  }
  return g_steal_pointer(&out);
}

static char *base85_encode(const guint8 *bytes, gsize length) {
  GString *out = g_string_sized_new(length / 4 * 5 + 6);
  for (gsize i = 0; i < length; i += 4) {
    guint32 word = 0;
    memcpy(&word, bytes + i, MIN(4, length - i)); /* the last one is filled up with zeros */
    word = GUINT32_FROM_BE(word);
    char letters[5];
    for (int j = 4; j >= 0; j--, word /= 85) letters[j] = ALPHABET[word % 85];
    g_string_append_len(out, letters, 5);
  }
  return g_string_free(out, FALSE);
}

/* ---- descriptors ---- */

static const char *storage_of(const json_t *descriptor) {
  const char *storage = json_get_string(descriptor, "storageType");
  return storage ? storage : "";
}
static const char *place_of(const json_t *descriptor) {
  const char *place = json_get_string(descriptor, "pathOrInlineDv");
  return place ? place : "";
}

char *delta_vector_key(const json_t *descriptor) {
  if (!json_is_object(descriptor)) return NULL;
  return g_strdup_printf("%s%s@%" G_GINT64_FORMAT, storage_of(descriptor), place_of(descriptor),
                         json_get_int(descriptor, "offset", 0));
}

/* "<folder><uuid in base 85>" stands for "<folder>/deletion_vector_<uuid>.bin". */
char *delta_vector_path(const json_t *descriptor) {
  if (!json_is_object(descriptor) || strcmp(storage_of(descriptor), "u")) return NULL;
  const char *place = place_of(descriptor);
  gsize length = strlen(place);
  if (length < UUID_CHARS) return NULL;
  g_autoptr(GByteArray) uuid = base85_decode(place + length - UUID_CHARS, UUID_CHARS);
  g_autofree char *folder = g_strndup(place, length - UUID_CHARS);
  for (const char *c = folder; *c; c++)
    if (!g_ascii_isalnum(*c)) return NULL;
  if (!uuid) return NULL;
  GString *path = g_string_new(folder);
  if (*folder) g_string_append_c(path, '/');
  g_string_append(path, "deletion_vector_");
  for (guint i = 0; i < uuid->len; i++)
    g_string_append_printf(path, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", uuid->data[i]);
  g_string_append(path, ".bin");
  return g_string_free(path, FALSE);
}

/* ---- reading ---- */

static GBytes *damaged(GError **error) {
  g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_CORRUPT, "a deletion vector is damaged");
  return NULL;
}

static GBytes *bitmap_inline(const char *text, gsize size, GError **error) {
  GByteArray *bytes = base85_decode(text, strlen(text));
  if (!bytes || bytes->len < size || bytes->len - size > 3) {
    if (bytes) g_byte_array_unref(bytes);
    return damaged(error);
  }
  g_byte_array_set_size(bytes, (guint)size);
  return g_byte_array_free_to_bytes(bytes);
}

static guint32 big_endian(const guint8 *bytes) {
  guint32 word;
  memcpy(&word, bytes, 4);
  return GUINT32_FROM_BE(word);
}

/* In the file, from the offset on: the size, the bitmap, its CRC-32. */
static GBytes *bitmap_of_file(ObjectStore *store, const char *path, gint64 offset, gsize size, Deadline deadline,
                              GError **error) {
  g_autoptr(GBytes) part = object_get_range(store, path, offset, size + 8, NULL, NULL, deadline, error);
  if (!part) return NULL;
  gsize length;
  const guint8 *bytes = g_bytes_get_data(part, &length);
  if (length != size + 8 || big_endian(bytes) != size || big_endian(bytes + 4 + size) != crc32_z(0, bytes + 4, size))
    return damaged(error);
  return g_bytes_new_from_bytes(part, 4, size);
}

static GBytes *fetch_bitmap(const json_t *descriptor, ObjectStore *store, const char *path, Deadline deadline, GError **error) {
  gint64 size = json_get_int(descriptor, "sizeInBytes", -1), offset = json_get_int(descriptor, "offset", 0);
  if (size < 1 || offset < 0 || offset > G_MAXINT64 / 2) return damaged(error);
  if (size > MAX_BYTES) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_UNSUPPORTED, "a deletion vector of more than %d bytes is not supported", MAX_BYTES);
    return NULL;
  }
  if (path) return bitmap_of_file(store, path, offset, (gsize)size, deadline, error);
  if (!strcmp(storage_of(descriptor), "i")) return bitmap_inline(place_of(descriptor), (gsize)size, error);
  if (strcmp(storage_of(descriptor), "p")) return damaged(error);
  g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_UNSUPPORTED, "deletion vectors outside the table's folder are not supported");
  return NULL;
}

static gint64 end_of(const GByteArray *bits) {
  gint64 end = (gint64)bits->len * 8;
  while (end > 0 && !(bits->data[(end - 1) / 8] & (0x80 >> ((end - 1) % 8)))) end--;
  return end;
}

DeltaVector *delta_vector_read(const json_t *descriptor, ObjectStore *store, Deadline deadline, GError **error) {
  g_autofree char *path = delta_vector_path(descriptor);
  g_autoptr(GBytes) bitmap = fetch_bitmap(descriptor, store, path, deadline, error);
  if (!bitmap) return NULL;
  gsize length;
  const guint8 *bytes = g_bytes_get_data(bitmap, &length);
  gint64 count = 0;
  g_autoptr(GByteArray) bits = roaring_read(bytes, length, &count, error);
  if (!bits) return NULL;
  if (count < 1 || count != json_get_int(descriptor, "cardinality", -1)) {
    damaged(error);
    return NULL;
  }
  DeltaVector *vector = g_new0(DeltaVector, 1);
  vector->references = 1;
  vector->key = delta_vector_key(descriptor);
  vector->path = g_steal_pointer(&path);
  vector->bitmap = g_steal_pointer(&bitmap);
  vector->rows = count;
  vector->end = end_of(bits);
  return vector;
}

json_t *delta_vector_to_json(const DeltaVector *vector) {
  gsize length;
  const guint8 *bytes = g_bytes_get_data(vector->bitmap, &length);
  g_autofree char *text = base85_encode(bytes, length);
  return json_pack("{s:s, s:s, s:I, s:I}", "storageType", "i", "pathOrInlineDv", text, "sizeInBytes", (json_int_t)length,
                   "cardinality", (json_int_t)vector->rows);
}

/* ---- SQL ---- */

/* Few rows are listed, many are a bit string. */
static gboolean is_listed(const DeltaVector *vector) { return vector->rows * DIGITS_OF_ROW <= vector->end / 6 + 100; }

gsize delta_vector_condition_length(const DeltaVector *vector) {
  return (gsize)(is_listed(vector) ? vector->rows * DIGITS_OF_ROW : vector->end / 6) + 100;
}

static void append_list(GString *sql, const GByteArray *bits, const char *row) {
  const char *comma = "";
  g_string_append_printf(sql, "%s NOT IN (", row);
  for (gint64 i = 0; i < (gint64)bits->len * 8; i++) {
    if (!(bits->data[i / 8] & (0x80 >> (i % 8)))) continue;
    g_string_append_printf(sql, "%s%" G_GINT64_FORMAT, comma, i);
    comma = ",";
  }
  g_string_append_c(sql, ')');
}

void delta_vector_append_condition(GString *sql, const DeltaVector *vector, const char *row) {
  gsize length;
  const guint8 *bytes = g_bytes_get_data(vector->bitmap, &length);
  gint64 count;
  g_autoptr(GByteArray) bits = roaring_read(bytes, length, &count, NULL);
  if (!bits) { /* it was read before; a wrong row must never show */
    g_string_append(sql, "error('a deletion vector is damaged')");
    return;
  }
  if (is_listed(vector)) {
    append_list(sql, bits, row);
    return;
  }
  /* A last byte of zeros stands for all rows that follow. */
  g_byte_array_append(bits, (const guint8 *)"", 1);
  g_autofree char *text = g_base64_encode(bits->data, bits->len);
  g_string_append_printf(sql, "get_bit(CAST(from_base64('%s') AS BIT), CAST(least(%s, %u) AS INTEGER)) = 0", text, row,
                         (bits->len - 1) * 8);
}
