/* 128-bit integers and decimals of DuckDB as exact text and nearest double. */
#pragma once
#include <duckdb.h>
#include <glib.h>

typedef __int128 Wide;
typedef unsigned __int128 UnsignedWide;

static inline Wide wide_of_hugeint(duckdb_hugeint value) {
  return (Wide)(((UnsignedWide)(guint64)value.upper << 64) | value.lower);
}

/* Room for 39 digits, sign, point, leading zero and NUL. */
#define WIDE_TEXT_SIZE 48
/* Writes `value` / 10^scale without trailing zeros into `buffer` (WIDE_TEXT_SIZE bytes); returns the start of the text. */
const char *wide_format(UnsignedWide magnitude, gboolean negative, int scale, char *buffer);
double wide_to_double(Wide value, int scale, const char *text);
