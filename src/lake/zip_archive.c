#include "lake/zip_archive.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#define END_RECORD_BYTES 22
#define LONGEST_COMMENT 65535
#define CENTRAL_RECORD_BYTES 46
#define LOCAL_RECORD_BYTES 30
#define MAX_DIRECTORY_BYTES (64u << 20)
#define BUFFER_BYTES (256u << 10)

typedef struct {
  guint16 method;
  guint32 crc, packed, unpacked, offset;
} ZipEntry;

struct ZipArchive {
  FILE *file;
  char *path;
  GHashTable *entries; /* name -> ZipEntry* */
};

static guint16 read16(const guchar *p) {
  return (guint16)(p[0] | p[1] << 8);
}
static guint32 read32(const guchar *p) {
  return (guint32)p[0] | (guint32)p[1] << 8 | (guint32)p[2] << 16 | (guint32)p[3] << 24;
}

static gboolean damaged(const ZipArchive *archive, const char *what, GError **error) {
  (void)archive;
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_INPUT, "the archive is damaged: %s", what);
  return FALSE;
}

static gboolean read_at(const ZipArchive *archive, long offset, void *out, gsize length) {
  return fseek(archive->file, offset, SEEK_SET) == 0 && fread(out, 1, length, archive->file) == length;
}

static gboolean add_entries(ZipArchive *archive, const guchar *directory, gsize length, guint count, GError **error) {
  gsize at = 0;
  for (guint i = 0; i < count; i++) {
    if (length - at < CENTRAL_RECORD_BYTES || read32(directory + at) != 0x02014b50)
      return damaged(archive, "its directory is broken", error);
    const guchar *record = directory + at;
    gsize name = read16(record + 28), extra = read16(record + 30), comment = read16(record + 32);
    if (length - at - CENTRAL_RECORD_BYTES < name + extra + comment)
      return damaged(archive, "its directory is cut off", error);
    if (read16(record + 8) & 1) {
      g_set_error(error, AISLE_ERROR, AISLE_ERROR_UNSUPPORTED, "%s is encrypted", archive->path);
      return FALSE;
    }
    ZipEntry *entry = g_new(ZipEntry, 1);
    *entry = (ZipEntry){read16(record + 10), read32(record + 16), read32(record + 20), read32(record + 24),
                        read32(record + 42)};
    g_hash_table_replace(archive->entries, g_strndup((const char *)record + CENTRAL_RECORD_BYTES, name), entry);
    at += CENTRAL_RECORD_BYTES + name + extra + comment;
  }
  return TRUE;
}

static gboolean read_directory(ZipArchive *archive, GError **error) {
  if (fseek(archive->file, 0, SEEK_END) != 0) return damaged(archive, "it cannot be read", error);
  long size = ftell(archive->file);
  gsize tail_length = (gsize)MIN(size, END_RECORD_BYTES + LONGEST_COMMENT);
  g_autofree guchar *tail = g_malloc(tail_length + 1);
  if (size < END_RECORD_BYTES || !read_at(archive, size - (long)tail_length, tail, tail_length))
    return damaged(archive, "it is too short", error);
  gsize at = tail_length - END_RECORD_BYTES;
  while (at > 0 && read32(tail + at) != 0x06054b50) at--;
  if (read32(tail + at) != 0x06054b50) return damaged(archive, "it has no directory", error);
  guint count = read16(tail + at + 10);
  guint32 length = read32(tail + at + 12), offset = read32(tail + at + 16);
  if (count > ZIP_MAX_ENTRIES || length > MAX_DIRECTORY_BYTES || (gint64)offset + length > size)
    return damaged(archive, "its directory is not within it", error);
  g_autofree guchar *directory = g_malloc(length + 1u);
  if (!read_at(archive, (long)offset, directory, length))
    return damaged(archive, "its directory cannot be read", error);
  return add_entries(archive, directory, length, count, error);
}

ZipArchive *zip_archive_open(const char *path, GError **error) {
  g_autoptr(ZipArchive) archive = g_new0(ZipArchive, 1);
  archive->path = g_strdup(path);
  archive->entries = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  archive->file = fopen(path, "rbe");
  if (!archive->file) {
    aisle_error_set_errno(error, errno, "open %s", path);
    return NULL;
  }
  return read_directory(archive, error) ? g_steal_pointer(&archive) : NULL;
}

void zip_archive_free(ZipArchive *archive) {
  if (!archive) return;
  if (archive->file) fclose(archive->file);
  g_hash_table_unref(archive->entries);
  g_free(archive->path);
  g_free(archive);
}

gboolean zip_archive_has(const ZipArchive *archive, const char *name) {
  return g_hash_table_contains(archive->entries, name);
}

/* Everything one unpacking needs. */
typedef struct {
  ZipArchive *archive;
  const ZipEntry *entry;
  guint32 left; /* packed bytes not read yet */
  guint64 produced;
  uLong crc;
  ZipVisitor visit;
  gpointer user_data;
  guchar *packed;
  char *unpacked;
} Unpacking;

static gboolean hand_out(Unpacking *unpacking, const char *bytes, gsize length, GError **error) {
  unpacking->produced += length;
  if (unpacking->produced > ZIP_MAX_ENTRY_BYTES || unpacking->produced > unpacking->entry->unpacked)
    return damaged(unpacking->archive, "a part is larger than it says", error);
  unpacking->crc = crc32(unpacking->crc, (const Bytef *)bytes, (uInt)length);
  return unpacking->visit(bytes, length, unpacking->user_data, error);
}

static gsize read_packed(Unpacking *unpacking) {
  gsize n = fread(unpacking->packed, 1, MIN(unpacking->left, BUFFER_BYTES), unpacking->archive->file);
  unpacking->left -= (guint32)n;
  return n;
}

static gboolean unpack_stored(Unpacking *unpacking, GError **error) {
  gsize n;
  while ((n = read_packed(unpacking)) > 0)
    if (!hand_out(unpacking, (const char *)unpacking->packed, n, error)) return FALSE;
  return TRUE;
}

static gboolean unpack_deflated(Unpacking *unpacking, GError **error) {
  z_stream stream = {0};
  if (inflateInit2(&stream, -15) != Z_OK) return damaged(unpacking->archive, "unpacking does not start", error);
  int code = Z_OK;
  gboolean good = TRUE;
  while (good && code != Z_STREAM_END) {
    if (stream.avail_in == 0) {
      stream.next_in = unpacking->packed;
      stream.avail_in = (uInt)read_packed(unpacking);
    }
    uInt before = stream.avail_in;
    stream.next_out = (Bytef *)unpacking->unpacked;
    stream.avail_out = BUFFER_BYTES;
    code = inflate(&stream, Z_NO_FLUSH);
    gsize produced = BUFFER_BYTES - stream.avail_out;
    gboolean stuck = before == 0 && produced == 0 && code != Z_STREAM_END;
    if ((code != Z_OK && code != Z_STREAM_END) || stuck)
      good = damaged(unpacking->archive, "a part cannot be unpacked", error);
    else if (produced)
      good = hand_out(unpacking, unpacking->unpacked, produced, error);
  }
  inflateEnd(&stream);
  return good;
}

gboolean zip_archive_read(ZipArchive *archive, const char *name, ZipVisitor visit, gpointer user_data, GError **error) {
  const ZipEntry *entry = g_hash_table_lookup(archive->entries, name);
  if (!entry) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_INPUT, "the archive has no part %s, so it is no workbook", name);
    return FALSE;
  }
  guchar local[LOCAL_RECORD_BYTES];
  if (!read_at(archive, (long)entry->offset, local, sizeof local) || read32(local) != 0x04034b50)
    return damaged(archive, "a part is not where it should be", error);
  long start = (long)entry->offset + LOCAL_RECORD_BYTES + read16(local + 26) + read16(local + 28);
  if (fseek(archive->file, start, SEEK_SET) != 0) return damaged(archive, "a part is not where it should be", error);
  Unpacking unpacking = {archive,
                         entry,
                         entry->packed,
                         0,
                         crc32(0, NULL, 0),
                         visit,
                         user_data,
                         g_malloc(BUFFER_BYTES),
                         g_malloc(BUFFER_BYTES)};
  gboolean good;
  if (entry->method == 0)
    good = unpack_stored(&unpacking, error);
  else if (entry->method == 8)
    good = unpack_deflated(&unpacking, error);
  else
    good = damaged(archive, "a part is packed in an unknown way", error);
  if (good && (unpacking.produced != entry->unpacked || unpacking.crc != entry->crc))
    good = damaged(archive, "a part does not match its checksum", error);
  g_free(unpacking.packed);
  g_free(unpacking.unpacked);
  return good;
}
