/* Numbers as people write them. */
#include <math.h>
#include <string.h>

#include "ai/facts_private.h"

static const struct {
  const char *word;
  double factor;
} SCALES[] = {{"million", 1e6}, {"billion", 1e9}, {"thousand", 1e3}, {"hundred", 1e2}, {"bn", 1e9}, {"mn", 1e6}, {"k", 1e3}, {"m", 1e6}, {"b", 1e9}};

static double scale_of(const char **c) {
  const char *p = *c;
  while (*p == ' ') p++;
  for (guint i = 0; i < G_N_ELEMENTS(SCALES); i++) {
    gsize n = strlen(SCALES[i].word);
    /* One letter belongs to the number only where it touches it. */
    if (n == 1 && p != *c) continue;
    if (g_ascii_strncasecmp(p, SCALES[i].word, n) != 0 || g_ascii_isalnum(p[n])) continue;
    *c = p + n;
    return SCALES[i].factor;
  }
  return 1;
}

char fact_currency(const char *text) {
  static const struct {
    const char *sign;
    char currency;
    gboolean word;
  } SIGNS[] = {{"$", '$', FALSE},     {"\xe2\x82\xac", 'e', FALSE}, {"\xc2\xa3", 'p', FALSE}, {"\xc2\xa5", 'y', FALSE}, {"usd", '$', TRUE},   {"eur", 'e', TRUE},    {"gbp", 'p', TRUE},
               {"jpy", 'y', TRUE},    {"dollars", '$', TRUE},       {"dollar", '$', TRUE},    {"euros", 'e', TRUE},     {"euro", 'e', TRUE},  {"pounds", 'p', TRUE}, {"yen", 'y', TRUE}};
  for (guint i = 0; i < G_N_ELEMENTS(SIGNS); i++) {
    gsize n = strlen(SIGNS[i].sign);
    if (g_ascii_strncasecmp(text, SIGNS[i].sign, n) == 0 && (!SIGNS[i].word || !g_ascii_isalnum(text[n]))) return SIGNS[i].currency;
  }
  return 0;
}

/* The sign that stands before the number. */
static char currency_before(const char *text, const char *at) {
  while (at > text && (at[-1] == ' ' || at[-1] == '-' || at[-1] == '+')) at--;
  for (gsize n = 1; n <= 3 && at - n >= text; n++) {
    char found = (n != 3 || at - n == text || !g_ascii_isalnum(at[-4])) ? fact_currency(at - n) : 0;
    if (found != 0) return found;
  }
  return 0;
}

/* Percent, points, times or money; moves *end behind it. */
static void read_unit(FactNumber *out) {
  const char *unit = out->end;
  while (*unit == ' ' || *unit == '-') unit++;
  static const struct {
    const char *word;
    gboolean points;
  } WORDS[] = {{"percentage points", TRUE}, {"percentage point", TRUE}, {"percent points", TRUE}, {"% points", TRUE}, {"pp", TRUE}, {"percent", FALSE}, {"per cent", FALSE}, {"%", FALSE}};
  for (guint i = 0; i < G_N_ELEMENTS(WORDS); i++) {
    gsize n = strlen(WORDS[i].word);
    if (g_ascii_strncasecmp(unit, WORDS[i].word, n) != 0 || (*WORDS[i].word != '%' && g_ascii_isalpha(unit[n]))) continue;
    out->percent = TRUE;
    out->points = WORDS[i].points;
    out->end = unit + n;
    return;
  }
  out->times = g_ascii_strncasecmp(unit, "times", 5) == 0 && !g_ascii_isalpha(unit[5]);
  char after = fact_currency(unit);
  if (out->currency == 0) out->currency = after;
}

double fact_loose_tolerance(double value, double tolerance) {
  if (value <= 0 || tolerance < 0.5) return tolerance;
  double step = 1;
  while (step * 10 <= value && fmod(value, step * 10) == 0) step *= 10;
  return MAX(tolerance, step * 0.5);
}

gboolean fact_number_read(const char *text, const char *at, FactNumber *out) {
  *out = (FactNumber){.start = at};
  g_autoptr(GString) digits = g_string_new(NULL);
  const char *end = at;
  int decimals = -1;
  for (; g_ascii_isdigit(*end) || ((*end == ',' || *end == '.') && g_ascii_isdigit(end[1])); end++) {
    if (*end == '.') decimals = decimals < 0 ? 0 : decimals;
    else if (*end != ',' && decimals >= 0) decimals++;
    if (*end != ',') g_string_append_c(digits, *end);
  }
  out->end = end;
  static const char *const ORDINALS[] = {"st", "nd", "rd", "th"};
  for (guint i = 0; i < G_N_ELEMENTS(ORDINALS); i++)
    if (g_ascii_strncasecmp(end, ORDINALS[i], 2) == 0 && !g_ascii_isalnum(end[2])) return FALSE;
  gboolean minus = at > text && at[-1] == '-', real_minus = at - text > 2 && memcmp(at - 3, "\xe2\x88\x92", 3) == 0;
  const char *before = real_minus ? at - 3 : at - 1;
  out->negative = (minus || real_minus) && (before == text || !g_ascii_isalnum(before[-1]));
  out->plus = at > text && at[-1] == '+';
  out->currency = currency_before(text, real_minus ? at - 3 : at);
  double factor = scale_of(&out->end);
  out->value = g_ascii_strtod(digits->str, NULL) * factor;
  out->tolerance = 0.5 * pow(10, -MAX(decimals, 0)) * factor * 1.0000001;
  read_unit(out);
  out->loose = decimals < 0 && factor == 1 ? fact_loose_tolerance(out->value, out->tolerance) : out->tolerance;
  out->whole = decimals < 0 && factor == 1 && !out->percent;
  return TRUE;
}

static double small_word(const char *word) {
  static const char *const ONES[] = {"zero", "one",    "two",    "three",    "four",     "five",    "six",     "seven",     "eight",    "nine",
                                     "ten",  "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"};
  static const char *const TENS[] = {"twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"};
  for (guint i = 0; i < G_N_ELEMENTS(ONES); i++)
    if (strcmp(word, ONES[i]) == 0) return i;
  for (guint i = 0; i < G_N_ELEMENTS(TENS); i++)
    if (strcmp(word, TENS[i]) == 0) return (i + 2) * 10.0;
  return strcmp(word, "dozen") == 0 ? 12 : -1;
}

static double scale_word(const char *word) {
  return strcmp(word, "hundred") == 0 ? 1e2 : strcmp(word, "thousand") == 0 ? 1e3 : strcmp(word, "million") == 0 ? 1e6 : strcmp(word, "billion") == 0 ? 1e9 : 0;
}

guint fact_number_words(const char *const *words, guint n, double *value) {
  double whole = 0, part = -1;
  guint i = 0, end = 0;
  for (; i < n; i++) {
    double small = small_word(words[i]), scale = scale_word(words[i]);
    gboolean article = i == 0 && strcmp(words[0], "a") == 0 && n > 1 && (scale_word(words[1]) > 0 || strcmp(words[1], "dozen") == 0);
    if (article) {
      part = strcmp(words[1], "dozen") == 0 ? 0 : 1;
      continue;
    }
    if (small >= 0) part = (part > 0 ? part : 0) + small;
    else if (scale == 100 && part > 0) part *= 100;
    else if (scale > 100 && part > 0) {
      whole += part * scale;
      part = 0;
    } else if (strcmp(words[i], "and") == 0 && end > 0 && end == i && scale_word(words[i - 1]) > 0 && i + 1 < n && small_word(words[i + 1]) >= 0) {
      continue;
    } else {
      break;
    }
    end = i + 1;
  }
  if (end == 0 || part < 0) return 0;
  *value = whole + part;
  return end;
}
