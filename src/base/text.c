#include "base/text.h"

#include <libstemmer.h>
#include <math.h>
#include <string.h>
#include <utf8proc.h>

/* Longest text whose edit distance is computed; longer ones are simply "far apart". */
#define DISTANCE_MAX_CHARACTERS 256

gboolean text_is_valid(const char *bytes, gsize length) {
  return memchr(bytes, '\0', length) == NULL && g_utf8_validate_len(bytes, length, NULL);
}

/* Curly and low quotes to their ASCII form; 0: keep. */
static char straight_quote(gunichar c) {
  if ((c >= 0x2018 && c <= 0x201B) || c == 0x2032 || c == 0x02BC) return '\'';
  if ((c >= 0x201C && c <= 0x201F) || c == 0x2033) return '"';
  return 0;
}

/* Straight quotes, single spaces, none at the ends; in one pass over valid UTF-8. */
static char *tidy_spaces_and_quotes(const char *text) {
  GString *out = g_string_sized_new(strlen(text));
  gboolean gap = FALSE;
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char(p)) {
    gunichar c = g_utf8_get_char(p);
    if (g_unichar_isspace(c)) {
      gap = out->len > 0;
      continue;
    }
    if (gap) g_string_append_c(out, ' ');
    gap = FALSE;
    char quote = straight_quote(c);
    if (quote != 0) g_string_append_c(out, quote);
    else g_string_append_unichar(out, c);
  }
  return g_string_free(out, FALSE);
}

char *text_fold(const char *text) {
  if (g_str_is_ascii(text)) {
    g_autofree char *lower = g_ascii_strdown(text, -1);
    return tidy_spaces_and_quotes(lower);
  }
  g_autofree char *valid = g_utf8_make_valid(text, -1);
  /* Before composition: compatibility forms of quotes would fall apart into marks. */
  g_autofree char *tidy = tidy_spaces_and_quotes(valid);
  utf8proc_uint8_t *mapped = NULL;
  utf8proc_ssize_t length =
      utf8proc_map((const utf8proc_uint8_t *)tidy, 0, &mapped,
                   UTF8PROC_NULLTERM | UTF8PROC_STABLE | UTF8PROC_COMPAT | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD |
                       UTF8PROC_STRIPMARK | UTF8PROC_IGNORE);
  if (length < 0) return g_utf8_strdown(tidy, -1);
  char *folded = tidy_spaces_and_quotes((const char *)mapped);
  free(mapped);
  return folded;
}

static void stemmer_free(gpointer stemmer) {
  sb_stemmer_delete(stemmer);
}

/* One word spelt in two ways: as one of them. */
static const char *one_spelling(const char *word) {
  static const char *const SPELLINGS[][2] = {{"litre", "liter"}, {"litres", "liter"}, {"metre", "meter"}, {"metres", "meter"}, {"centre", "center"},
      {"centres", "center"}, {"colour", "color"}, {"colours", "color"}, {"grey", "gray"}, {"catalogue", "catalog"}, {"catalogues", "catalog"},
      {"favourite", "favorite"}, {"jewellery", "jewelry"}, {"skus", "sku"}};
  for (guint i = 0; i < G_N_ELEMENTS(SPELLINGS); i++)
    if (word[0] == SPELLINGS[i][0][0] && strcmp(word, SPELLINGS[i][0]) == 0) return SPELLINGS[i][1];
  return word;
}

char *text_stem(const char *spelt) {
  const char *word = one_spelling(spelt);
  /* A stemmer keeps the word it works on: one for each thread. */
  static GPrivate stemmer_of_thread = G_PRIVATE_INIT(stemmer_free);
  struct sb_stemmer *stemmer = g_private_get(&stemmer_of_thread);
  if (stemmer == NULL) {
    stemmer = sb_stemmer_new("english", "UTF_8");
    if (stemmer == NULL) return g_strdup(word);
    g_private_set(&stemmer_of_thread, stemmer);
  }
  gsize length = strlen(word);
  if (length > 1000) return g_strdup(word);
  const sb_symbol *stem = sb_stemmer_stem(stemmer, (const sb_symbol *)word, (int)length);
  if (stem == NULL) return g_strdup(word);
  return g_strndup((const char *)stem, (gsize)sb_stemmer_length(stemmer));
}

/* Code points of up to DISTANCE_MAX_CHARACTERS characters; -1 when there are more. */
static int decode(const char *text, gunichar *out) {
  int n = 0;
  for (const char *p = text; *p != '\0';) {
    if (n == DISTANCE_MAX_CHARACTERS) return -1;
    gunichar c = g_utf8_get_char_validated(p, -1);
    gboolean broken = c == (gunichar)-1 || c == (gunichar)-2;
    out[n++] = broken ? (guchar)*p : c;
    p = broken ? p + 1 : g_utf8_next_char(p);
  }
  return n;
}

int text_distance(const char *a, const char *b, int limit) {
  gunichar x[DISTANCE_MAX_CHARACTERS], y[DISTANCE_MAX_CHARACTERS];
  int n = decode(a, x), m = decode(b, y);
  if (n < 0 || m < 0) return strcmp(a, b) == 0 ? 0 : limit + 1;
  if (ABS(n - m) > limit) return limit + 1;
  int storage[3][DISTANCE_MAX_CHARACTERS + 1];
  int *before = storage[0], *previous = storage[1], *current = storage[2];
  for (int j = 0; j <= m; j++) previous[j] = j;
  for (int i = 1; i <= n; i++) {
    int best = current[0] = i;
    for (int j = 1; j <= m; j++) {
      int cost = x[i - 1] == y[j - 1] ? 0 : 1;
      int value = MIN(MIN(previous[j] + 1, current[j - 1] + 1), previous[j - 1] + cost);
      gboolean swapped = i > 1 && j > 1 && x[i - 1] == y[j - 2] && x[i - 2] == y[j - 1];
      if (swapped) value = MIN(value, before[j - 2] + 1);
      current[j] = value;
      best = MIN(best, value);
    }
    /* A swap reaches back two rows, so one row over the limit does not end it yet. */
    if (best > limit + 1) return limit + 1;
    int *free_row = before;
    before = previous;
    previous = current;
    current = free_row;
  }
  return previous[m] <= limit ? previous[m] : limit + 1;
}

char *text_sql_quote(const char *text) {
  GString *out = g_string_new("'");
  for (const char *p = text; *p != '\0'; p++) {
    if (*p == '\'') g_string_append_c(out, '\'');
    g_string_append_c(out, *p);
  }
  g_string_append_c(out, '\'');
  return g_string_free(out, FALSE);
}

char *text_sql_identifier(const char *name) {
  GString *out = g_string_new("\"");
  for (const char *p = name; *p != '\0'; p++) {
    if (*p == '"') g_string_append_c(out, '"');
    g_string_append_c(out, *p);
  }
  g_string_append_c(out, '"');
  return g_string_free(out, FALSE);
}

char *text_format_number(double value, int decimals) {
  if (!isfinite(value)) return g_strdup(isnan(value) ? "not a number" : value > 0 ? "infinity" : "-infinity");
  char digits[512];
  char format[16];
  g_snprintf(format, sizeof format, "%%.%df", CLAMP(decimals, 0, 15));
  g_ascii_formatd(digits, sizeof digits, format, value);
  gboolean negative = digits[0] == '-';
  /* "-0.00" is a zero. */
  if (negative && strspn(digits + 1, "0.") == strlen(digits + 1)) negative = FALSE;
  const char *start = digits[0] == '-' ? digits + 1 : digits;
  gsize whole = strcspn(start, ".");
  GString *out = g_string_new(negative ? "-" : "");
  for (gsize i = 0; i < whole; i++) {
    if (i > 0 && (whole - i) % 3 == 0) g_string_append_c(out, ',');
    g_string_append_c(out, start[i]);
  }
  g_string_append(out, start + whole);
  return g_string_free(out, FALSE);
}

char *text_count(gint64 count, const char *noun) {
  g_autofree char *number = text_format_number((double)count, 0), *nouns = count == 1 ? g_strdup(noun) : text_plural(noun);
  return g_strconcat(number, " ", nouns, NULL);
}

/* Multiply and fold, as in wyhash (public domain): the high half of the product feeds the low one. */
static guint64 hash_step(guint64 state, guint64 word) {
  __uint128_t product = (__uint128_t)(state ^ word) * 0x9e3779b97f4a7c15u;
  return (guint64)product ^ (guint64)(product >> 64);
}

guint text_hash(gconstpointer text) {
  const char *at = text;
  gsize length = strlen(at);
  guint64 state = 0xe7037ed1a0b428dbu ^ length, word;
  for (; length >= sizeof word; length -= sizeof word, at += sizeof word) {
    memcpy(&word, at, sizeof word);
    state = hash_step(state, word);
  }
  word = 0;
  memcpy(&word, at, length);
  state = hash_step(state, word);
  return (guint)(state ^ state >> 32);
}
