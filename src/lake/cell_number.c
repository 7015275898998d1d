#include "lake/cell_number.h"
#include <string.h>

typedef struct {
  const char *sign;
  const char *code;
} CurrencySign;

/* Longer signs first: "R$" before "$". */
static const CurrencySign currency_signs[] = {
    {"US$", "USD"}, {"A$", "AUD"}, {"AU$", "AUD"}, {"CA$", "CAD"},  {"C$", "CAD"},  {"NZ$", "NZD"},
    {"HK$", "HKD"}, {"S$", "SGD"}, {"R$", "BRL"},  {"Mex$", "MXN"}, {"$", "USD"},   {"€", "EUR"},
    {"£", "GBP"},   {"₹", "INR"},  {"Rs.", "INR"}, {"Rs", "INR"},   {"¥", "JPY"},   {"₩", "KRW"},
    {"₽", "RUB"}, {"₺", "TRY"},  {"₫", "VND"},   {"฿", "THB"},    {"₦", "NGN"},   {"₱", "PHP"},
    {"₪", "ILS"},   {"₴", "UAH"},  {"zł", "PLN"},  {"Kč", "CZK"},   {"kr.", "DKK"}, {"kr", "SEK"},
};
static const char currency_codes[] = "USD EUR GBP INR JPY CNY KRW AUD CAD NZD CHF SEK NOK DKK PLN CZK HUF RON BGN TRY "
                                     "RUB UAH BRL MXN ARS CLP COP PEN ZAR "
                                     "NGN KES EGP AED SAR QAR KWD ILS SGD HKD TWD THB MYR IDR PHP VND PKR BDT LKR MMK ";

static gboolean is_blank_at(const char *p, const char *end, gsize *length) {
  if (*p == ' ' || *p == '\t') {
    *length = 1;
    return TRUE;
  }
  /* no-break space, narrow no-break space, thin space */
  if (end - p >= 2 && !memcmp(p, "\xc2\xa0", 2)) {
    *length = 2;
    return TRUE;
  }
  if (end - p >= 3 && (!memcmp(p, "\xe2\x80\xaf", 3) || !memcmp(p, "\xe2\x80\x89", 3))) {
    *length = 3;
    return TRUE;
  }
  return FALSE;
}

static void trim(const char **from, const char **to) {
  gsize n;
  while (*from < *to && is_blank_at(*from, *to, &n)) *from += n;
  while (*to > *from && ((*to)[-1] == ' ' || (*to)[-1] == '\t')) (*to)--;
  while (*to - *from >= 2 && !memcmp(*to - 2, "\xc2\xa0", 2)) *to -= 2;
}

/* Takes one currency sign or code off the front or the back. */
static void take_currency(const char **from, const char **to, NumberScan *scan) {
  gsize length = (gsize)(*to - *from);
  for (gsize i = 0; i < G_N_ELEMENTS(currency_signs); i++) {
    gsize n = strlen(currency_signs[i].sign);
    if (n >= length) continue;
    gboolean front = !memcmp(*from, currency_signs[i].sign, n);
    if (front || !memcmp(*to - n, currency_signs[i].sign, n)) {
      *(front ? from : to) += front ? (gssize)n : -(gssize)n;
      g_strlcpy(scan->currency, currency_signs[i].code, sizeof scan->currency);
      trim(from, to);
      return;
    }
  }
  if (length < 4) return;
  for (int back = 0; back < 2; back++) {
    const char *code = back ? *to - 3 : *from;
    if (!g_ascii_isupper(code[0]) || !g_ascii_isupper(code[1]) || !g_ascii_isupper(code[2])) continue;
    for (const char *known = currency_codes; *known; known += 4)
      if (!memcmp(known, code, 3)) {
        memcpy(scan->currency, code, 3);
        *(back ? to : from) += back ? -3 : 3;
        trim(from, to);
        return;
      }
  }
}

static gboolean take_sign(const char **from, const char *to, NumberScan *scan) {
  if (*from < to && (**from == '-' || **from == '+')) {
    scan->negative = **from == '-';
    (*from)++;
    return TRUE;
  }
  if (to - *from >= 3 && !memcmp(*from, "\xe2\x88\x92", 3)) { /* the real minus sign */
    scan->negative = TRUE;
    *from += 3;
    return TRUE;
  }
  return FALSE;
}

/*
 * Digits with separators. Groups are valid when the last has three digits and the others three (or, as in India, two),
 * the first one to three; a group may not start the number with a lone zero.
 */
typedef struct {
  guint group_digits[24];
  char separators[24];
  guint groups;
} DigitGroups;

static gboolean split_groups(const char *p, const char *end, DigitGroups *split) {
  split->groups = 0;
  split->group_digits[0] = 0;
  while (p < end) {
    gsize blank;
    if (g_ascii_isdigit(*p)) {
      split->group_digits[split->groups]++;
      p++;
      continue;
    }
    char separator;
    gsize n = 1;
    if (*p == '.' || *p == ',' || *p == '\'')
      separator = *p;
    else if (is_blank_at(p, end, &blank))
      separator = ' ', n = blank;
    else if (end - p >= 3 && !memcmp(p, "\xe2\x80\x99", 3))
      separator = '\'', n = 3;
    else
      return FALSE;
    if (split->groups + 1 >= G_N_ELEMENTS(split->group_digits)) return FALSE;
    split->separators[split->groups++] = separator;
    split->group_digits[split->groups] = 0;
    p += n;
  }
  return TRUE;
}

static gboolean valid_under(const DigitGroups *split, char decimal, gboolean first_is_zero) {
  guint whole_groups = split->groups + 1;
  if (split->groups > 0 && split->separators[split->groups - 1] == decimal) {
    whole_groups--;
    if (split->group_digits[split->groups] == 0 && split->group_digits[0] == 0) return FALSE;
  }
  char grouping = 0;
  for (guint i = 0; i + 1 < whole_groups; i++) {
    char separator = split->separators[i];
    if (separator == decimal || (grouping && separator != grouping)) return FALSE;
    grouping = separator;
  }
  if (whole_groups == 1) return split->group_digits[0] > 0 || split->groups > 0;
  if (split->group_digits[0] == 0 || split->group_digits[0] > 3 || (first_is_zero && split->group_digits[0] >= 1))
    return FALSE;
  if (split->group_digits[whole_groups - 1] != 3) return FALSE;
  gboolean western = TRUE, indian = grouping == ',' && split->group_digits[0] <= 2;
  for (guint i = 1; i + 1 < whole_groups; i++) {
    western = western && split->group_digits[i] == 3;
    indian = indian && split->group_digits[i] == 2;
  }
  return western || indian;
}

static guint significant_fraction(const char *digits, gsize length, guint n) {
  const char *end = digits + length;
  while (n > 0 && end[-1] == '0') {
    end--;
    n--;
  }
  return n;
}

static void scan_digits(NumberScan *scan, gboolean bare) {
  const char *p = scan->digits;
  gsize length = scan->digits_length;
  DigitGroups split;
  if (length == 0 || length > 60 || !(g_ascii_isdigit(p[0]) || p[0] == '.' || p[0] == ',') ||
      !split_groups(p, p + length, &split))
    return;
  scan->point_decimal = valid_under(&split, '.', p[0] == '0');
  scan->comma_decimal = valid_under(&split, ',', p[0] == '0');
  scan->is_number = scan->point_decimal || scan->comma_decimal;
  if (!scan->is_number) return;
  char last = split.groups ? split.separators[split.groups - 1] : 0;
  guint tail = split.groups ? split.group_digits[split.groups] : 0;
  for (guint i = 0; i <= split.groups; i++) scan->whole_digits += split.group_digits[i];
  scan->fraction_digits_point = last == '.' ? significant_fraction(p, length, tail) : 0;
  scan->fraction_digits_comma = last == ',' ? significant_fraction(p, length, tail) : 0;
  scan->written_point = last == '.' ? tail : 0;
  scan->written_comma = last == ',' ? tail : 0;
  scan->grouped = split.groups > 1 || (split.groups == 1 && last != '.' && last != ',');
  scan->plain = bare && (split.groups == 0 || (split.groups == 1 && last == '.')) && split.group_digits[0] > 0;
  if (last == '.' || (last == ',' && scan->comma_decimal && !scan->point_decimal)) scan->whole_digits -= tail;
  scan->leading_zero = bare && split.groups == 0 && length > 1 && p[0] == '0';
  scan->point_zero = scan->plain && length >= 3 && !memcmp(p + length - 2, ".0", 2);
}

void number_scan(const char *text, gsize length, NumberScan *scan) {
  memset(scan, 0, sizeof *scan);
  if (length == 0 || length > 64) return;
  const char *from = text, *to = text + length;
  trim(&from, &to);
  gboolean bare = from == text && to == text + length;
  if (to - from >= 3 && *from == '(' && to[-1] == ')') {
    scan->negative = TRUE;
    bare = FALSE;
    from++;
    to--;
    trim(&from, &to);
  }
  gboolean had_sign = take_sign(&from, to, scan);
  bare = bare && !(had_sign && !scan->negative);
  if (from < to && !g_ascii_isdigit(*from)) {
    take_currency(&from, &to, scan);
    if (!had_sign) take_sign(&from, to, scan);
  }
  if (from < to && to[-1] == '%') {
    scan->percent = TRUE;
    to--;
    trim(&from, &to);
  }
  if (from < to && !g_ascii_isdigit(to[-1]) && !scan->currency[0]) take_currency(&from, &to, scan);
  if (from < to && to[-1] == '-' && !had_sign) { /* accountants' trailing minus */
    scan->negative = TRUE;
    bare = FALSE;
    to--;
  }
  bare = bare && !scan->currency[0] && !scan->percent;
  /* exponent */
  const char *mantissa_end = to;
  for (const char *p = from; p < to; p++)
    if (*p == 'e' || *p == 'E') {
      const char *digits = p + 1 + (p + 1 < to && (p[1] == '+' || p[1] == '-'));
      if (p == from || digits == to || to - digits > 3) return;
      for (const char *d = digits; d < to; d++)
        if (!g_ascii_isdigit(*d)) return;
      mantissa_end = p;
      scan->exponent = TRUE;
      break;
    }
  scan->digits = from;
  scan->digits_length = (gsize)(mantissa_end - from);
  scan_digits(scan, bare);
  if (scan->exponent) {
    scan->plain = scan->point_zero = scan->leading_zero = FALSE;
    scan->digits_length = (gsize)(to - from);
    scan->comma_decimal = FALSE;
    scan->is_number = scan->point_decimal;
  }
}

/* Moves the decimal point two digits to the left. */
static void divide_by_hundred(GString *number, gsize from) {
  char *point = strchr(number->str + from, '.');
  gsize whole = point ? (gsize)(point - number->str) - from : number->len - from;
  if (point) g_string_erase(number, (gssize)(from + whole), 1);
  while (whole < 3) {
    g_string_insert_c(number, (gssize)from, '0');
    whole++;
  }
  g_string_insert_c(number, (gssize)(from + whole - 2), '.');
}

void number_append_plain(GString *out, const NumberScan *scan, gboolean comma_decimal) {
  if (scan->negative) g_string_append_c(out, '-');
  gsize from = out->len;
  const char decimal = comma_decimal ? ',' : '.';
  for (gsize i = 0; i < scan->digits_length; i++) {
    char c = scan->digits[i];
    if (g_ascii_isdigit(c) || c == 'e' || c == 'E' || c == '-' || c == '+')
      g_string_append_c(out, c);
    else if (c == decimal)
      g_string_append_c(out, '.');
  }
  if (out->len > from && out->str[from] == '.') g_string_insert_c(out, (gssize)from, '0');
  if (scan->percent && !scan->exponent) divide_by_hundred(out, from);
}
