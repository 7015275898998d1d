#include "lake/dialect.h"
#include "lake/cell_date.h"
#include "lake/cell_number.h"
#include <math.h>
#include <string.h>

#define SCORED_BYTES (192u << 10)
#define SCORED_ROWS 1500
#define SCORED_CELLS_PER_ROW 60
#define SINGLE_COLUMN_PATTERN 0.35

typedef struct {
  const char *delimiter;
  double prior;
} DelimiterCandidate;
static const DelimiterCandidate delimiters[] = {
    {",", 1.0},    {";", 1.0},     {"\t", 1.0},  {"|", 1.0},    {"^", 0.9},    {"~", 0.9},
    {"\x1f", 0.9}, {"\x01", 0.9},  {":", 0.5},   {" ", 0.5},    {"||", 1.02},  {";;", 1.02},
    {"::", 1.0},   {"\t\t", 1.02}, {"\\t", 0.9}, {"|~|", 1.02}, {"~|~", 1.02},
};

static gboolean is_link(const char *text, gsize length) {
  if (length > 8 && (!g_ascii_strncasecmp(text, "http://", 7) || !g_ascii_strncasecmp(text, "https://", 8) ||
                     !g_ascii_strncasecmp(text, "www.", 4)))
    return !memchr(text, ' ', length);
  const char *at = memchr(text, '@', length);
  return at && at > text && memchr(at, '.', (gsize)(text + length - at)) && !memchr(text, ' ', length);
}

CellKind cell_kind(const char *text, gsize length) {
  while (length && (*text == ' ' || *text == '\t')) {
    text++;
    length--;
  }
  while (length && (text[length - 1] == ' ' || text[length - 1] == '\t')) length--;
  if (length == 0) return CELL_EMPTY;
  gboolean has_digit = FALSE, odd = FALSE;
  for (gsize i = 0; i < length && i < 400; i++) {
    has_digit = has_digit || g_ascii_isdigit(text[i]);
    odd = odd || strchr(",;|\t\"^~{}\x1f\x01", text[i]) != NULL;
  }
  if (has_digit && length <= 48) {
    NumberScan number;
    number_scan(text, length, &number);
    if (number.is_number) return CELL_NUMBER;
    DateScan date;
    date_scan(text, length, &date);
    if (date.is_date) return CELL_DATE;
    gint64 clock;
    if (time_scan(text, length, &clock)) return CELL_TIME;
  }
  if (is_link(text, length)) return CELL_LINK;
  if (odd || *text == '\'' || text[length - 1] == '\'') return CELL_ODD;
  return CELL_TEXT;
}

/* How well one cell fits a table, 0..1. */
static double cell_score(const CsvCell *cell) {
  if (cell->quoted) {
    /* A quoted cell is one by its writer's will, unless its quotes enclose line-spanning rubbish. */
    return cell->length < 4000 ? 1.0 : 0.5;
  }
  switch (cell_kind(cell->text, cell->length)) {
  case CELL_ODD: return 0.2;
  case CELL_TEXT: return 0.95;
  case CELL_EMPTY: return 0.9;
  default: return 1.0;
  }
}

static double pattern_of_length(guint columns) {
  return columns <= 1 ? SINGLE_COLUMN_PATTERN : (columns - 1.0) / columns;
}

/* Pattern score times type score, per line of text. */
static double dialect_score(const CsvDialect *dialect, const char *text, gsize length, gboolean at_end, guint lines,
                            CsvRecord *record, double *numeric_share) {
  g_autoptr(GHashTable) lengths = g_hash_table_new(NULL, NULL);
  guint rows = 0, stray = 0;
  double types = 0, cells = 0, numeric = 0;
  for (gsize at = 0; at < length && rows < SCORED_ROWS;) {
    gsize taken = csv_parse_record(dialect, text + at, length - at, at_end, CSV_NO_LITERAL, record);
    if (!taken) break;
    at += taken;
    if (record->cells->len == 1 && csv_record_is_blank(record)) continue;
    rows++;
    stray += record->stray_quote || record->unterminated;
    gpointer key = GUINT_TO_POINTER(record->cells->len);
    g_hash_table_insert(lengths, key, GUINT_TO_POINTER(GPOINTER_TO_UINT(g_hash_table_lookup(lengths, key)) + 1));
    guint looked_at = MIN(record->cells->len, SCORED_CELLS_PER_ROW);
    for (guint i = 0; i < looked_at; i++) {
      const CsvCell *cell = csv_record_cell(record, i);
      types += cell_score(cell);
      numeric += cell->length > 0 && g_ascii_isdigit(cell->text[cell->length - 1]);
    }
    cells += looked_at;
  }
  if (rows == 0) return 0;
  double entropy = 0, pattern = 0;
  GHashTableIter iter;
  gpointer key, value;
  g_hash_table_iter_init(&iter, lengths);
  while (g_hash_table_iter_next(&iter, &key, &value)) {
    double share = (double)GPOINTER_TO_UINT(value) / rows;
    entropy -= share * log(share);
    pattern += GPOINTER_TO_UINT(value) * pattern_of_length(GPOINTER_TO_UINT(key));
  }
  pattern /= exp(entropy) * MAX(lines, rows);
  *numeric_share = numeric / cells;
  return pattern * (types / cells) * (1 - 0.3 * stray / rows);
}

static guint count_occurrences(const char *text, gsize length, const char *needle) {
  gsize n = strlen(needle);
  guint count = 0;
  for (const char *p = text, *end = text + length; (p = memchr(p, needle[0], (gsize)(end - p))) && p < end;) {
    gboolean hit = (gsize)(end - p) >= n && !memcmp(p, needle, n);
    count += hit;
    p += hit ? n : 1;
    if (p >= end) break;
  }
  return count;
}

/* A quote opens cells when it stands at the start of a line or after a possible delimiter. */
static gboolean quote_is_used(const char *text, gsize length, char quote) {
  for (const char *p = text, *end = text + length; p < end && (p = memchr(p, quote, (gsize)(end - p))); p++)
    if (p == text || strchr("\n\r,;\t|:^~ \x1f\x01", p[-1])) return TRUE;
  return FALSE;
}

/* Backslashes are escapes only where nearly all quotes within words have one. */
static gboolean backslash_escapes(const char *text, gsize length, char quote) {
  guint escaped = 0, bare = 0;
  for (gsize i = 1; i + 1 < length; i++) {
    if (text[i] != quote) continue;
    if (text[i - 1] == '\\')
      escaped++;
    else if ((g_ascii_isalnum(text[i - 1]) && (g_ascii_isalnum(text[i + 1]) || text[i + 1] == ' ')) ||
             (text[i - 1] == quote && g_ascii_isalnum(text[i + 1])))
      bare++;
  }
  return escaped > 0 && escaped >= bare * 4;
}

static void count_line_ends(const char *text, gsize length, guint *lf, guint *bare_cr) {
  *lf = *bare_cr = 0;
  for (gsize i = 0; i < length; i++) {
    *lf += text[i] == '\n';
    *bare_cr += text[i] == '\r' && i + 1 < length && text[i + 1] != '\n';
  }
}

/* "a, b, c": blanks after nearly every delimiter belong to it. */
static gboolean blank_follows_delimiter(const CsvDialect *dialect, const char *text, gsize length) {
  guint all = 0, blank = 0;
  gsize n = strlen(dialect->delimiter);
  gboolean in_quotes = FALSE;
  for (gsize i = 0; i + n < length; i++) {
    if (dialect->quote && text[i] == dialect->quote)
      in_quotes = !in_quotes;
    else if (text[i] == '\n' || text[i] == '\r')
      in_quotes = FALSE;
    else if (!in_quotes && !memcmp(text + i, dialect->delimiter, n)) {
      all++;
      blank += text[i + n] == ' ';
    }
  }
  return all > 0 && blank * 10 >= all * 9;
}

CsvDialect dialect_detect(const char *text, gsize length, gboolean at_end) {
  if (length > SCORED_BYTES) {
    length = SCORED_BYTES;
    at_end = FALSE;
  }
  guint lf, bare_cr;
  count_line_ends(text, length, &lf, &bare_cr);
  CsvDialect base = {"", 0, 0, FALSE, bare_cr * 10 >= lf};
  guint lines = MIN(MAX(lf + (base.bare_cr_ends_row ? bare_cr : 0) + at_end, 1), SCORED_ROWS);
  const char quotes[] = {'"', '\'', 0};
  CsvDialect best = base;
  best.quote = quote_is_used(text, length, '"') ? '"' : 0;
  CsvRecord record;
  csv_record_init(&record);
  double best_score = -1;
  for (int d = -1; d < (int)G_N_ELEMENTS(delimiters); d++) {
    const char *delimiter = d < 0 ? "" : delimiters[d].delimiter;
    double prior = d < 0 ? 1.0 : delimiters[d].prior;
    guint occurrences = d < 0 ? 1 : count_occurrences(text, length, delimiter);
    if (occurrences == 0 || (strlen(delimiter) > 1 && occurrences * 2 < lines)) continue;
    for (gsize q = 0; q < sizeof quotes; q++) {
      if (quotes[q] && !quote_is_used(text, length, quotes[q])) continue;
      for (int e = 0; e < (quotes[q] && backslash_escapes(text, length, quotes[q]) ? 2 : 1); e++)
        for (int s = 0; s < 2; s++) {
          CsvDialect candidate = base;
          g_strlcpy(candidate.delimiter, delimiter, sizeof candidate.delimiter);
          candidate.quote = quotes[q];
          candidate.escape = e ? '\\' : 0;
          candidate.skip_space = s;
          if (s && (d < 0 || delimiter[0] == ' ' || delimiter[0] == '\t' ||
                    !blank_follows_delimiter(&candidate, text, length)))
            continue;
          double numeric_share = 0;
          double score = dialect_score(&candidate, text, length, at_end, lines, &record, &numeric_share) * prior;
          if (delimiter[0] == ' ') /* blanks between numbers are more likely to be delimiters */
            score *= 1 + 0.3 * MIN(1, numeric_share * 3);
          if (score > best_score * (1 + 1e-9)) {
            best_score = score;
            best = candidate;
          }
        }
    }
  }
  csv_record_clear(&record);
  if (!best.quote && !memchr(text, '"', length))
    best.quote = '"'; /* none in the part looked at: be ready for the rest */
  return best;
}
