/*
 * Sets of row numbers as Delta keeps them: a RoaringBitmapArray in its portable form (PROTOCOL.md, "Deletion Vector Format"; its
 * 32-bit bitmaps are those of github.com/RoaringBitmap/RoaringFormatSpec). Read only. Private to the lake.
 */
#pragma once
#include "base/base.h"

/* Row numbers from here on are refused: as bits, these are 32 MB. */
#define ROARING_MAX_ROWS (G_GINT64_CONSTANT(1) << 28)

/*
 * A bit for each row up to the last one in the set, the first row in the highest bit of the first byte; *count: how many are set.
 * NULL with CORRUPT (bytes that are no such set: every length, order and number is checked) or UNSUPPORTED (rows from
 * ROARING_MAX_ROWS on). Pure; thread-safe. (transfer full)
 */
GByteArray *roaring_read(const guint8 *bytes, gsize length, gint64 *count, GError **error);
