/*
 * Numbers as people and programs write them: signs, brackets for negative, currency signs and codes, percent, and
 * either meaning of dot and comma. Pure functions.
 */
#pragma once
#include "base/base.h"

typedef struct {
  gboolean is_number;     /* under at least one of the two readings */
  gboolean point_decimal; /* valid with "." as decimal sign ("1,234.56", also Indian "1,23,456") */
  gboolean comma_decimal; /* valid with "," as decimal sign ("1.234,56", "1 234,5") */
  gboolean negative, percent, exponent, grouped;
  gboolean leading_zero; /* "007": several digits, the first a zero, nothing else */
  gboolean plain;        /* [-]digits[.digits] and nothing around it */
  char currency[4];      /* ISO code, or "" */
  guint whole_digits, fraction_digits_point, fraction_digits_comma; /* fraction without trailing zeros */
  gboolean point_zero;                                              /* plain and ends in ".0" exactly */
  guint written_point, written_comma;                               /* digits after the decimal sign, zeros too */
  const char *digits;                                               /* first digit or separator of the number */
  gsize digits_length;
} NumberScan;

void number_scan(const char *text, gsize length, NumberScan *scan);
/* The number in plain form ("-1234.56") under the given decimal sign; percent is divided by 100. */
void number_append_plain(GString *out, const NumberScan *scan, gboolean comma_decimal);
