/*
 * Text of one file as UTF-8, whatever its encoding: UTF-8 with or without byte order mark, UTF-16 of either order,
 * otherwise Windows-1252. Single bytes that are not valid in a UTF-8 file are read as Windows-1252 and counted, so
 * that nothing is lost and nothing invalid comes out. NUL characters become U+FFFD.
 */
#pragma once
#include "lake/byte_source.h"

typedef enum { ENCODING_UTF8, ENCODING_UTF16LE, ENCODING_UTF16BE, ENCODING_WINDOWS_1252 } Encoding;
const char *encoding_name(Encoding encoding);
/* What the first bytes of a file look like. `bom_bytes` receives the length of a byte order mark. */
Encoding encoding_detect(const char *bytes, gsize length, gsize *bom_bytes);

typedef struct TextSource TextSource;
/* Files that are no text (pictures, programs, archives) are BAD_INPUT. (transfer full) */
TextSource *text_source_open(const char *path, GError **error);
void text_source_free(TextSource *source);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TextSource, text_source_free)
/* Fills up to `size` (at least 16) bytes of whole UTF-8 characters; 0 at the end; -1 on failure. */
gssize text_source_read(TextSource *source, char *out, gsize size, GError **error);
Encoding text_source_encoding(const TextSource *source);
gsize text_source_bom_bytes(const TextSource *source);
gboolean text_source_is_packed(const TextSource *source);
/* Bytes that were not what the encoding allows, so far. */
gint64 text_source_repaired(const TextSource *source);
/* 0..1, by bytes of the file. */
double text_source_fraction(const TextSource *source);
guint64 text_source_file_size(const TextSource *source);
