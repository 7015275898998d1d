#include "lake/byte_source.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#define PACKED_BUFFER_BYTES (256u << 10)

typedef enum { PACKING_NONE, PACKING_GZIP, PACKING_ZSTD } Packing;

struct ByteSource {
  char *path;
  int fd;
  guint64 size, consumed;
  Packing packing;
  guchar *packed; /* bytes read but not unpacked yet: [packed_at, packed_end) */
  gsize packed_at, packed_end;
  gboolean at_end, in_member; /* in_member: the archive must not end here */
  z_stream gzip;
  gboolean gzip_ready;
  ZSTD_DStream *zstd;
};

/* Reads more packed bytes when none are left. FALSE on failure. */
static gboolean byte_source_fill(ByteSource *source, GError **error) {
  if (source->packed_at < source->packed_end || source->at_end) return TRUE;
  ssize_t n;
  do n = read(source->fd, source->packed, PACKED_BUFFER_BYTES);
  while (n < 0 && errno == EINTR);
  if (n < 0) {
    aisle_error_set_errno(error, errno, "read %s", source->path);
    return FALSE;
  }
  source->packed_at = 0;
  source->packed_end = (gsize)n;
  source->consumed += (guint64)n;
  source->at_end = n == 0;
  return TRUE;
}

ByteSource *byte_source_open(const char *path, GError **error) {
  g_autoptr(ByteSource) source = g_new0(ByteSource, 1);
  source->path = g_strdup(path);
  source->fd = open(path, O_RDONLY | O_CLOEXEC);
  if (source->fd < 0) {
    aisle_error_set_errno(error, errno, "open %s", path);
    return NULL;
  }
  struct stat status;
  if (fstat(source->fd, &status) != 0) {
    aisle_error_set_errno(error, errno, "look at %s", path);
    return NULL;
  }
  if (!S_ISREG(status.st_mode)) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_INPUT, "%s is not a file", path);
    return NULL;
  }
  source->size = (guint64)status.st_size;
  source->packed = g_malloc(PACKED_BUFFER_BYTES);
  if (!byte_source_fill(source, error)) return NULL;
  const guchar *head = source->packed;
  if (source->packed_end >= 3 && head[0] == 0x1f && head[1] == 0x8b && head[2] == 8)
    source->packing = PACKING_GZIP;
  else if (source->packed_end >= 4 && head[0] == 0x28 && head[1] == 0xb5 && head[2] == 0x2f && head[3] == 0xfd)
    source->packing = PACKING_ZSTD;
  if (source->packing == PACKING_GZIP) {
    if (inflateInit2(&source->gzip, 15 + 16) != Z_OK) {
      g_set_error(error, AISLE_ERROR, AISLE_ERROR_IO, "cannot start unpacking %s", path);
      return NULL;
    }
    source->gzip_ready = TRUE;
  } else if (source->packing == PACKING_ZSTD) {
    source->zstd = ZSTD_createDStream();
  }
  return g_steal_pointer(&source);
}

void byte_source_free(ByteSource *source) {
  if (!source) return;
  if (source->fd >= 0) close(source->fd);
  if (source->gzip_ready) inflateEnd(&source->gzip);
  ZSTD_freeDStream(source->zstd);
  g_free(source->packed);
  g_free(source->path);
  g_free(source);
}

static gssize damaged(const ByteSource *source, const char *what, GError **error) {
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_INPUT, "%s is damaged: %s after %" G_GUINT64_FORMAT " bytes",
              source->path, what, source->consumed - (source->packed_end - source->packed_at));
  return -1;
}

static gssize read_plain(ByteSource *source, char *out, gsize size, GError **error) {
  if (!byte_source_fill(source, error)) return -1;
  gsize n = MIN(size, source->packed_end - source->packed_at);
  memcpy(out, source->packed + source->packed_at, n);
  source->packed_at += n;
  return (gssize)n;
}

static gssize read_gzip(ByteSource *source, char *out, gsize size, GError **error) {
  gsize produced = 0;
  while (produced == 0) {
    if (!byte_source_fill(source, error)) return -1;
    if (source->at_end) return source->in_member ? damaged(source, "the archive ends too early", error) : 0;
    z_stream *stream = &source->gzip;
    stream->next_in = source->packed + source->packed_at;
    stream->avail_in = (uInt)(source->packed_end - source->packed_at);
    stream->next_out = (Bytef *)out;
    stream->avail_out = (uInt)MIN(size, G_MAXUINT32 / 2);
    uInt room = stream->avail_out;
    source->in_member = TRUE;
    int code = inflate(stream, Z_NO_FLUSH);
    source->packed_at = source->packed_end - stream->avail_in;
    produced = room - stream->avail_out;
    if (code == Z_STREAM_END) {
      source->in_member = FALSE;
      inflateReset(stream);
    } else if (code != Z_OK && code != Z_BUF_ERROR) {
      return damaged(source, stream->msg ? stream->msg : "not gzip data", error);
    }
  }
  return (gssize)produced;
}

static gssize read_zstd(ByteSource *source, char *out, gsize size, GError **error) {
  ZSTD_outBuffer unpacked = {out, size, 0};
  while (unpacked.pos == 0) {
    if (!byte_source_fill(source, error)) return -1;
    if (source->at_end) return source->in_member ? damaged(source, "the archive ends too early", error) : 0;
    ZSTD_inBuffer packed = {source->packed, source->packed_end, source->packed_at};
    size_t code = ZSTD_decompressStream(source->zstd, &unpacked, &packed);
    source->packed_at = packed.pos;
    if (ZSTD_isError(code)) return damaged(source, ZSTD_getErrorName(code), error);
    source->in_member = code != 0;
  }
  return (gssize)unpacked.pos;
}

gssize byte_source_read(ByteSource *source, char *out, gsize size, GError **error) {
  switch (source->packing) {
  case PACKING_GZIP: return read_gzip(source, out, size, error);
  case PACKING_ZSTD: return read_zstd(source, out, size, error);
  case PACKING_NONE: break;
  }
  return read_plain(source, out, size, error);
}

gboolean byte_source_is_packed(const ByteSource *source) {
  return source->packing != PACKING_NONE;
}
guint64 byte_source_consumed(const ByteSource *source) {
  return source->consumed;
}
guint64 byte_source_size(const ByteSource *source) {
  return source->size;
}
