#include "engine/duckdb_number.h"

#include <string.h>

const char *wide_format(UnsignedWide magnitude, gboolean negative, int scale, char *buffer) {
  char *end = buffer + WIDE_TEXT_SIZE - 1, *p = end;
  *p = '\0';
  gboolean written = FALSE; /* a digit of the fraction that is no trailing zero */
  for (int i = 0; i < scale; i++) {
    char digit = (char)('0' + (int)(magnitude % 10));
    magnitude /= 10;
    if (digit == '0' && !written) continue;
    written = TRUE;
    *--p = digit;
  }
  if (written) *--p = '.';
  do {
    *--p = (char)('0' + (int)(magnitude % 10));
    magnitude /= 10;
  } while (magnitude != 0);
  if (negative && strcmp(p, "0") != 0) *--p = '-';
  return p;
}

double wide_to_double(Wide value, int scale, const char *text) {
  static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                  1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  const Wide exact = (Wide)1 << 53;
  /* Both operands exact: the one rounding of the division is the right one. */
  if (value > -exact && value < exact && scale < (int)G_N_ELEMENTS(powers)) return (double)value / powers[scale];
  return g_ascii_strtod(text, NULL);
}
