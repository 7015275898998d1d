#include "lake/text_source.h"
#include <string.h>

#define RAW_BUFFER_BYTES (256u << 10)
#define DETECT_BYTES RAW_BUFFER_BYTES

struct TextSource {
  ByteSource *bytes;
  Encoding encoding;
  gsize bom_bytes;
  guchar *raw; /* undecoded bytes: [at, end) */
  gsize at, end;
  gboolean at_end;
  gint64 repaired;
};

const char *encoding_name(Encoding encoding) {
  static const char *const names[] = {"UTF-8", "UTF-16LE", "UTF-16BE", "Windows-1252"};
  return names[encoding];
}

/* Length of the valid UTF-8 sequence at `p`, 0 if invalid, -1 if it is cut off by `end`. NUL is invalid. */
static int utf8_sequence(const guchar *p, const guchar *end) {
  guchar c = *p;
  if (c < 0x80) return c ? 1 : 0;
  int length = c >= 0xc2 && c <= 0xdf ? 2 : c >= 0xe0 && c <= 0xef ? 3 : c >= 0xf0 && c <= 0xf4 ? 4 : 0;
  if (!length) return 0;
  for (int i = 1; i < length; i++) {
    if (p + i >= end) return -1;
    if ((p[i] & 0xc0) != 0x80) return 0;
  }
  if ((c == 0xe0 && p[1] < 0xa0) || (c == 0xed && p[1] > 0x9f) || (c == 0xf0 && p[1] < 0x90) ||
      (c == 0xf4 && p[1] > 0x8f))
    return 0;
  return length;
}

static gboolean looks_like_utf8(const guchar *bytes, gsize length) {
  gsize invalid = 0, wide = 0;
  for (const guchar *p = bytes, *end = bytes + length; p < end;) {
    int n = utf8_sequence(p, end);
    if (n < 0) break;
    if (n == 0 && *p >= 0x80) invalid++;
    wide += n > 1;
    p += n ? n : 1;
  }
  /* A few broken bytes among many good sequences are damage, not another encoding. */
  return invalid == 0 || wide >= 20 * invalid;
}

Encoding encoding_detect(const char *bytes, gsize length, gsize *bom_bytes) {
  const guchar *b = (const guchar *)bytes;
  *bom_bytes = 0;
  if (length >= 3 && b[0] == 0xef && b[1] == 0xbb && b[2] == 0xbf) {
    *bom_bytes = 3;
    return ENCODING_UTF8;
  }
  if (length >= 2 && ((b[0] == 0xff && b[1] == 0xfe) || (b[0] == 0xfe && b[1] == 0xff))) {
    *bom_bytes = 2;
    return b[0] == 0xff ? ENCODING_UTF16LE : ENCODING_UTF16BE;
  }
  gsize pairs = length / 2, even_nul = 0, odd_nul = 0;
  for (gsize i = 0; i + 1 < length; i += 2) {
    even_nul += b[i] == 0;
    odd_nul += b[i + 1] == 0;
  }
  /* Text of mostly Latin letters has its high bytes zero. */
  if (pairs >= 4 && odd_nul * 5 > pairs * 2 && even_nul * 50 < pairs) return ENCODING_UTF16LE;
  if (pairs >= 4 && even_nul * 5 > pairs * 2 && odd_nul * 50 < pairs) return ENCODING_UTF16BE;
  return looks_like_utf8(b, length) ? ENCODING_UTF8 : ENCODING_WINDOWS_1252;
}

static gboolean looks_binary(const guchar *bytes, gsize length, Encoding encoding) {
  static const struct {
    const char *bytes;
    gsize length;
  } magic[] = {
      {"\x89PNG", 4},
      {"%PDF-", 5},
      {"PK\3\4", 4},
      {"PAR1", 4},
      {"\x7f"
       "ELF",
       4},
      {"\xff\xd8\xff", 3},
      {"GIF8", 4},
      {"SQLite format 3", 16},
      {"BZh9", 4},
      {"\xfd"
       "7zXZ",
       5},
      {"\xd0\xcf\x11\xe0", 4},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(magic); i++)
    if (length >= magic[i].length && !memcmp(bytes, magic[i].bytes, magic[i].length)) return TRUE;
  if (encoding == ENCODING_UTF16LE || encoding == ENCODING_UTF16BE) return FALSE;
  gsize controls = 0;
  for (gsize i = 0; i < length; i++)
    controls += bytes[i] < 0x20 && !strchr("\t\n\v\f\r\x1a\x1c\x1d\x1e\x1f", bytes[i] ? bytes[i] : '\1');
  return controls * 50 > length;
}

/* Keeps undecoded bytes and reads more behind them. */
static gboolean text_source_fill(TextSource *source, GError **error) {
  if (source->at > 0) {
    memmove(source->raw, source->raw + source->at, source->end - source->at);
    source->end -= source->at;
    source->at = 0;
  }
  while (!source->at_end && source->end < RAW_BUFFER_BYTES) {
    gssize n =
        byte_source_read(source->bytes, (char *)source->raw + source->end, RAW_BUFFER_BYTES - source->end, error);
    if (n < 0) return FALSE;
    source->at_end = n == 0;
    source->end += (gsize)n;
  }
  return TRUE;
}

TextSource *text_source_open(const char *path, GError **error) {
  g_autoptr(TextSource) source = g_new0(TextSource, 1);
  source->bytes = byte_source_open(path, error);
  if (!source->bytes) return NULL;
  source->raw = g_malloc(RAW_BUFFER_BYTES);
  if (!text_source_fill(source, error)) return NULL;
  gsize sample = MIN(source->end, DETECT_BYTES);
  source->encoding = encoding_detect((const char *)source->raw, sample, &source->bom_bytes);
  if (looks_binary(source->raw, sample, source->encoding)) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_INPUT, "%s is not a text file: its first bytes are binary data",
                path);
    return NULL;
  }
  source->at = source->bom_bytes;
  return g_steal_pointer(&source);
}

void text_source_free(TextSource *source) {
  if (!source) return;
  byte_source_free(source->bytes);
  g_free(source->raw);
  g_free(source);
}

static gsize put_character(char *out, gunichar c) {
  if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) c = 0xfffd;
  return (gsize)g_unichar_to_utf8(c, out);
}

static gunichar windows_1252(guchar byte) {
  static const gunichar high[32] = {0x20ac, 0x81,   0x201a, 0x192,  0x201e, 0x2026, 0x2020, 0x2021,
                                    0x2c6,  0x2030, 0x160,  0x2039, 0x152,  0x8d,   0x17d,  0x8f,
                                    0x90,   0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
                                    0x2dc,  0x2122, 0x161,  0x203a, 0x153,  0x9d,   0x17e,  0x178};
  return byte >= 0x80 && byte < 0xa0 ? high[byte - 0x80] : byte;
}

static gsize decode_utf8(TextSource *source, char *out, gsize size) {
  const guchar *p = source->raw + source->at, *end = source->raw + source->end;
  char *o = out, *limit = out + size - 8;
  while (p < end && o < limit) {
    if (*p < 0x80 && *p) {
      *o++ = (char)*p++;
      continue;
    }
    int n = utf8_sequence(p, end);
    if (n < 0 && !source->at_end) break;
    if (n > 0) {
      memcpy(o, p, (gsize)n);
      o += n;
      p += n;
    } else {
      o += put_character(o, windows_1252(*p++));
      source->repaired++;
    }
  }
  source->at = (gsize)(p - source->raw);
  return (gsize)(o - out);
}

static gsize decode_windows_1252(TextSource *source, char *out, gsize size) {
  char *o = out, *limit = out + size - 8;
  while (source->at < source->end && o < limit) {
    guchar byte = source->raw[source->at++];
    if (byte && byte < 0x80)
      *o++ = (char)byte;
    else
      o += put_character(o, windows_1252(byte));
  }
  return (gsize)(o - out);
}

static gsize decode_utf16(TextSource *source, char *out, gsize size) {
  int high = source->encoding == ENCODING_UTF16BE ? 0 : 1;
  char *o = out, *limit = out + size - 8;
  while (source->at + 1 < source->end && o < limit) {
    const guchar *p = source->raw + source->at;
    gunichar c = (gunichar)(p[high] << 8 | p[1 - high]);
    gsize used = 2;
    if (c >= 0xd800 && c <= 0xdbff) {
      if (source->at + 3 >= source->end && !source->at_end) break;
      if (source->at + 3 < source->end) {
        gunichar low = (gunichar)(p[2 + high] << 8 | p[3 - high]);
        if (low >= 0xdc00 && low <= 0xdfff) {
          c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
          used = 4;
        }
      }
    }
    source->repaired += c == 0 || (c >= 0xd800 && c <= 0xdfff);
    o += put_character(o, c);
    source->at += used;
  }
  if (source->at_end && source->at + 1 == source->end && o < limit) {
    source->at++; /* half a character at the very end */
    source->repaired++;
  }
  return (gsize)(o - out);
}

gssize text_source_read(TextSource *source, char *out, gsize size, GError **error) {
  g_assert(size >= 16);
  for (;;) {
    gsize n = source->encoding == ENCODING_UTF8           ? decode_utf8(source, out, size)
              : source->encoding == ENCODING_WINDOWS_1252 ? decode_windows_1252(source, out, size)
                                                          : decode_utf16(source, out, size);
    if (n > 0 || (source->at_end && source->at >= source->end)) return (gssize)n;
    if (!text_source_fill(source, error)) return -1;
  }
}

Encoding text_source_encoding(const TextSource *source) {
  return source->encoding;
}
gsize text_source_bom_bytes(const TextSource *source) {
  return source->bom_bytes;
}
gboolean text_source_is_packed(const TextSource *source) {
  return byte_source_is_packed(source->bytes);
}
gint64 text_source_repaired(const TextSource *source) {
  return source->repaired;
}
guint64 text_source_file_size(const TextSource *source) {
  return byte_source_size(source->bytes);
}

double text_source_fraction(const TextSource *source) {
  guint64 size = byte_source_size(source->bytes);
  return size ? (double)byte_source_consumed(source->bytes) / (double)size : 1.0;
}
