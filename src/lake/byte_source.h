/*
 * Bytes of one file, whatever it is packed in: plain, gzip (several members) or Zstandard, told by its first bytes and
 * not by its name. One thread at a time.
 */
#pragma once
#include "base/base.h"

typedef struct ByteSource ByteSource;

/* Fails with NOT_FOUND, IO; a folder is BAD_INPUT. (transfer full) */
ByteSource *byte_source_open(const char *path, GError **error);
void byte_source_free(ByteSource *source);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ByteSource, byte_source_free)
/* Fills up to `size` unpacked bytes; 0 at the end; -1 on failure (a damaged archive is BAD_INPUT). */
gssize byte_source_read(ByteSource *source, char *out, gsize size, GError **error);
gboolean byte_source_is_packed(const ByteSource *source);
/* Packed bytes consumed so far, and in all. */
guint64 byte_source_consumed(const ByteSource *source);
guint64 byte_source_size(const ByteSource *source);
