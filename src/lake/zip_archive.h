/*
 * Reading entries of a ZIP archive (PKWARE APPNOTE 6.3), stored or deflated, as Office documents are. No encryption, no
 * ZIP64, no archives of several files. Sizes are checked before use; an entry unpacks to at most ZIP_MAX_ENTRY_BYTES.
 */
#pragma once
#include "base/base.h"

#define ZIP_MAX_ENTRY_BYTES (G_GUINT64_CONSTANT(4) << 30)
#define ZIP_MAX_ENTRIES 10000

typedef struct ZipArchive ZipArchive;
/* BAD_INPUT when it is no readable archive. (transfer full) */
ZipArchive *zip_archive_open(const char *path, GError **error);
void zip_archive_free(ZipArchive *archive);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ZipArchive, zip_archive_free)
gboolean zip_archive_has(const ZipArchive *archive, const char *name);

/* Gets the unpacked bytes of an entry piece by piece; FALSE stops with the error it set. */
typedef gboolean (*ZipVisitor)(const char *bytes, gsize length, gpointer user_data, GError **error);
gboolean zip_archive_read(ZipArchive *archive, const char *name, ZipVisitor visit, gpointer user_data, GError **error);
