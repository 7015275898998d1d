/* Numbers as they stand in sentences: sign, currency, digits, scale, unit, and how exactly they were meant. */
#include "insight/token.h"
#include <math.h>
#include <string.h>

typedef struct {
  const char *text, *code;
} CurrencySign;
/* Longer signs first. */
static const CurrencySign SIGNS[] = {{"CN¥", "CNY"}, {"R$", "BRL"}, {"A$", "AUD"}, {"C$", "CAD"},
                                     {"zł ", "PLN"}, {"£", "GBP"},  {"$", "USD"},  {"€", "EUR"},
                                     {"₹", "INR"},   {"¥", "JPY"},  {"₩", "KRW"},  {"₺", "TRY"}};
static const CurrencySign CURRENCY_WORDS[] = {{"dollars", "USD"}, {"dollar", "USD"}, {"pounds", "GBP"},
                                              {"pound", "GBP"},   {"euros", "EUR"},  {"euro", "EUR"},
                                              {"rupees", "INR"},  {"yen", "JPY"}};

typedef struct {
  const char *text;
  double scale;
} Scale;
static const Scale SCALES[] = {{"thousand", 1e3}, {"million", 1e6}, {"billion", 1e9}, {"trillion", 1e12}, {"bn", 1e9},
                               {"mn", 1e6},       {"k", 1e3},       {"m", 1e6},       {"b", 1e9}};

static gboolean ends_word(const char *text) {
  return !g_unichar_isalnum(g_utf8_get_char(text));
}

/* The word at `text` (ASCII, any case), after at most one space; bytes used, else 0. */
static int take_word(const char *text, const char *word, gboolean may_have_space) {
  int skipped = may_have_space && *text == ' ' ? 1 : 0;
  gsize length = strlen(word);
  if (g_ascii_strncasecmp(text + skipped, word, length) != 0 || !ends_word(text + skipped + length)) return 0;
  return skipped + (int)length;
}

static int take_currency(const char *text, NumberToken *out) {
  for (guint i = 0; i < G_N_ELEMENTS(SIGNS); i++)
    if (g_str_has_prefix(text, SIGNS[i].text)) {
      g_strlcpy(out->currency, SIGNS[i].code, sizeof out->currency);
      out->unit = NUMBER_MONEY;
      return (int)strlen(SIGNS[i].text);
    }
  /* "CHF 12.50" */
  for (int i = 0; i < 3; i++)
    if (!g_ascii_isupper(text[i])) return 0;
  if (text[3] != ' ' || !g_ascii_isdigit(text[4])) return 0;
  memcpy(out->currency, text, 3);
  out->currency[3] = '\0';
  out->unit = NUMBER_MONEY;
  return 4;
}

static int take_sign(const char *text, double *sign, gboolean *has_sign) {
  if (*text == '+' || *text == '-') {
    *sign = *text == '-' ? -1 : 1;
    *has_sign = TRUE;
    return 1;
  }
  if (g_str_has_prefix(text, "−")) {
    *sign = -1;
    *has_sign = TRUE;
    return (int)strlen("−");
  }
  return 0;
}

/* Digits with thousands separators; a comma counts only before exactly three digits. */
static int take_digits(const char *text, double *value, int *decimals) {
  GString *digits = g_string_new(NULL);
  int used = 0;
  while (g_ascii_isdigit(text[used]) ||
         (text[used] == ',' && used > 0 && g_ascii_isdigit(text[used + 1]) && g_ascii_isdigit(text[used + 2]) &&
          g_ascii_isdigit(text[used + 3]) && !g_ascii_isdigit(text[used + 4]))) {
    if (text[used] != ',') g_string_append_c(digits, text[used]);
    used++;
  }
  *decimals = 0;
  if (used > 0 && text[used] == '.' && g_ascii_isdigit(text[used + 1])) {
    g_string_append_c(digits, '.');
    for (used++; g_ascii_isdigit(text[used]); used++, (*decimals)++) g_string_append_c(digits, text[used]);
  }
  *value = g_ascii_strtod(digits->str, NULL);
  g_string_free(digits, TRUE);
  return used > 60 ? 0 : used;
}

static int take_scale(const char *text, double *scale) {
  for (guint i = 0; i < G_N_ELEMENTS(SCALES); i++) {
    /* A single letter must stick to the digits: "5 m" may be metres, "5 b" a branch. */
    int used = take_word(text, SCALES[i].text, strlen(SCALES[i].text) > 1);
    if (used > 0) {
      *scale = SCALES[i].scale;
      return used;
    }
  }
  return 0;
}

static int take_unit(const char *text, NumberToken *out) {
  static const char *const PERCENT[] = {"percent", "pct"};
  static const char *const POINTS[] = {"pp", "percentage points", "percentage point", "points", "pts"};
  static const char *const ORDINALS[] = {"st", "nd", "rd", "th"};
  int skipped = *text == ' ' ? 1 : 0, used;
  if (text[skipped] == '%') {
    out->unit = NUMBER_PERCENT;
    return skipped + 1;
  }
  for (guint i = 0; i < G_N_ELEMENTS(POINTS); i++)
    if ((used = take_word(text, POINTS[i], TRUE)) > 0) {
      out->unit = NUMBER_POINTS;
      return used;
    }
  if ((used = take_word(text, "per cent", TRUE)) > 0) {
    out->unit = NUMBER_PERCENT;
    return used;
  }
  for (guint i = 0; i < G_N_ELEMENTS(PERCENT); i++)
    if ((used = take_word(text, PERCENT[i], TRUE)) > 0) {
      out->unit = NUMBER_PERCENT;
      return used;
    }
  for (guint i = 0; i < G_N_ELEMENTS(CURRENCY_WORDS); i++)
    if ((used = take_word(text, CURRENCY_WORDS[i].text, TRUE)) > 0) {
      g_strlcpy(out->currency, CURRENCY_WORDS[i].code, sizeof out->currency);
      out->unit = NUMBER_MONEY;
      return used;
    }
  if ((used = take_word(text, "times", TRUE)) > 0 || (used = take_word(text, "x", FALSE)) > 0) {
    out->unit = NUMBER_TIMES;
    return used;
  }
  for (guint i = 0; i < G_N_ELEMENTS(ORDINALS); i++)
    if ((used = take_word(text, ORDINALS[i], FALSE)) > 0) {
      out->unit = NUMBER_ORDINAL;
      return used;
    }
  return 0;
}

int claim_number_parse(const char *text, NumberToken *out) {
  NumberToken number = {.unit = NUMBER_PLAIN};
  double sign = 1, scale = 1;
  int decimals = 0;
  int used = take_sign(text, &sign, &number.has_sign);
  used += take_currency(text + used, &number);
  if (!number.has_sign) used += take_sign(text + used, &sign, &number.has_sign);
  int digits = take_digits(text + used, &number.value, &decimals);
  if (digits == 0) return 0;
  used += digits;
  used += take_scale(text + used, &scale);
  NumberUnit before = number.unit;
  int unit_length = take_unit(text + used, &number);
  if (before == NUMBER_MONEY && unit_length > 0) {
    /* "$5 %" means nothing: the second unit is left to be found untied. */
    number.unit = before;
    unit_length = 0;
  }
  used += unit_length;
  if (g_unichar_isalnum(g_utf8_get_char(text + used))) return 0;
  number.decimals = decimals;
  number.scale = scale;
  number.tolerance = 0.5 * pow(10, -decimals) * scale * (1 + 1e-9) + 1e-12;
  number.value *= sign * scale;
  if (number.unit == NUMBER_PERCENT || number.unit == NUMBER_POINTS) {
    number.value /= 100;
    number.tolerance /= 100;
    number.scale /= 100;
  }
  *out = number;
  return used;
}
