#include "lake/csv.h"
#include <string.h>

#define READ_BYTES (512u << 10)

void csv_record_init(CsvRecord *record) {
  memset(record, 0, sizeof *record);
  record->cells = g_array_new(FALSE, FALSE, sizeof(CsvCell));
  record->unescaped = g_string_new(NULL);
}

void csv_record_clear(CsvRecord *record) {
  if (record->cells) g_array_free(record->cells, TRUE);
  if (record->unescaped) g_string_free(record->unescaped, TRUE);
  memset(record, 0, sizeof *record);
}

gboolean csv_record_is_blank(const CsvRecord *record) {
  for (guint i = 0; i < record->cells->len; i++) {
    const CsvCell *cell = csv_record_cell(record, i);
    for (gsize k = 0; k < cell->length; k++)
      if (!g_ascii_isspace(cell->text[k])) return FALSE;
  }
  return TRUE;
}

/* Where the parser stands within one record. */
typedef struct {
  const CsvDialect *dialect;
  const char *start, *p, *end;
  gsize delimiter_length;
  gboolean at_end, starved; /* starved: the text ended before the answer was known */
  const char *literal;
  CsvRecord *record;
} Cursor;

static gboolean at_delimiter(const Cursor *cursor, const char *p) {
  gsize n = cursor->delimiter_length;
  return n && (gsize)(cursor->end - p) >= n && *p == cursor->dialect->delimiter[0] &&
         (n == 1 || !memcmp(p, cursor->dialect->delimiter, n));
}

/* Length of the line end at p: 0 when there is none. */
static gsize line_end_at(const Cursor *cursor, const char *p) {
  if (p >= cursor->end) return 0;
  if (*p == '\n') return 1;
  if (*p != '\r') return 0;
  if (p + 1 < cursor->end && p[1] == '\n') return 2;
  return cursor->dialect->bare_cr_ends_row ? 1 : 0;
}

static gboolean closes_cell(Cursor *cursor, const char *after_quote) {
  const char *p = after_quote;
  if (p >= cursor->end) {
    if (!cursor->at_end) cursor->starved = TRUE;
    return TRUE;
  }
  if (at_delimiter(cursor, p) || line_end_at(cursor, p)) return TRUE;
  if (*p != ' ' && *p != '\t') return FALSE;
  while (p < cursor->end && (*p == ' ' || *p == '\t') && !at_delimiter(cursor, p)) p++;
  if (p >= cursor->end && !cursor->at_end) cursor->starved = TRUE;
  return p >= cursor->end || at_delimiter(cursor, p) || line_end_at(cursor, p);
}

/* From the character after the opening quote to the one after the closing quote. */
static void parse_quoted(Cursor *cursor, CsvCell *cell, gboolean *copied, gsize *copy_at) {
  const char quote = cursor->dialect->quote, escape = cursor->dialect->escape;
  const char *from = cursor->p; /* not yet copied */
  GString *store = cursor->record->unescaped;
  *copied = FALSE;
  *copy_at = store->len;
  cell->text = cursor->p;
  for (;;) {
    const char *p = cursor->p;
    while (p < cursor->end && *p != quote && *p != '\n' && *p != '\r' && (!escape || *p != escape)) p++;
    cursor->p = p;
    if (p >= cursor->end) {
      cursor->starved = cursor->starved || !cursor->at_end;
      cursor->record->unterminated = TRUE;
      break;
    }
    if (*p == '\n' || *p == '\r') {
      cursor->record->line_breaks += *p == '\n' || !(p + 1 < cursor->end && p[1] == '\n');
      cursor->p++;
    } else if (escape && *p == escape) {
      if (p + 1 >= cursor->end) {
        cursor->starved = cursor->starved || !cursor->at_end;
        cursor->p++;
      } else if (p[1] == quote || p[1] == escape || at_delimiter(cursor, p + 1)) {
        g_string_append_len(store, from, p - from);
        g_string_append_c(store, p[1]);
        *copied = TRUE;
        from = cursor->p = p + 2;
      } else {
        cursor->p++;
      }
    } else if (p == cursor->literal) {
      cursor->record->stray_quote = TRUE;
      cursor->p++;
    } else if (p + 1 < cursor->end && p[1] == quote && p + 1 != cursor->literal) {
      g_string_append_len(store, from, p + 1 - from);
      *copied = TRUE;
      from = cursor->p = p + 2;
    } else if (closes_cell(cursor, p + 1)) {
      break;
    } else {
      cursor->record->stray_quote = TRUE;
      cursor->p++;
    }
  }
  if (*copied) g_string_append_len(store, from, cursor->p - from);
  cell->length = *copied ? store->len - *copy_at : (gsize)(cursor->p - cell->text);
  if (cursor->p < cursor->end) cursor->p++; /* the closing quote */
  while (cursor->p < cursor->end && (*cursor->p == ' ' || *cursor->p == '\t') && !at_delimiter(cursor, cursor->p))
    cursor->p++;
}

static void parse_unquoted(Cursor *cursor, CsvCell *cell) {
  const char first = cursor->dialect->delimiter[0], quote = cursor->dialect->quote;
  const char *p = cell->text = cursor->p;
  for (; p < cursor->end; p++) {
    if (*p == first && first) {
      if (at_delimiter(cursor, p)) break;
      if (cursor->delimiter_length > (gsize)(cursor->end - p) && !cursor->at_end) cursor->starved = TRUE;
    } else if (*p == '\n') {
      break;
    } else if (*p == '\r') {
      if (p + 1 >= cursor->end && !cursor->at_end) cursor->starved = TRUE;
      if (line_end_at(cursor, p)) break;
    } else if (quote && *p == quote) {
      cursor->record->stray_quote = TRUE;
    }
  }
  cell->length = (gsize)(p - cell->text);
  cursor->p = p;
}

static gboolean opens_quoted(const Cursor *cursor, const char **after_quote) {
  const char *p = cursor->p;
  if (!cursor->dialect->quote) return FALSE;
  while (p < cursor->end && *p == ' ' && cursor->dialect->skip_space) p++;
  if (p >= cursor->end || *p != cursor->dialect->quote || p == cursor->literal) return FALSE;
  *after_quote = p + 1;
  return TRUE;
}

gsize csv_parse_record(const CsvDialect *dialect, const char *text, gsize length, gboolean at_end, gsize literal_quote,
                       CsvRecord *record) {
  Cursor cursor = {dialect,
                   text,
                   text,
                   text + length,
                   strlen(dialect->delimiter),
                   at_end,
                   FALSE,
                   literal_quote == CSV_NO_LITERAL ? NULL : text + literal_quote,
                   record};
  g_array_set_size(record->cells, 0);
  g_string_truncate(record->unescaped, 0);
  record->line_breaks = 0;
  record->stray_quote = record->unterminated = FALSE;
  record->raw = text;
  /* Copied cells keep offsets until the store stops moving. */
  gboolean any_copied = FALSE;
  for (;;) {
    CsvCell cell = {0};
    const char *after_quote;
    gboolean copied = FALSE;
    gsize copy_at = 0;
    while (dialect->skip_space && cursor.p < cursor.end && *cursor.p == ' ' && !at_delimiter(&cursor, cursor.p))
      cursor.p++;
    if (opens_quoted(&cursor, &after_quote)) {
      cursor.p = after_quote;
      cell.quoted = TRUE;
      parse_quoted(&cursor, &cell, &copied, &copy_at);
    } else {
      parse_unquoted(&cursor, &cell);
    }
    if (copied) {
      cell.text = NULL; /* marks: next slice of the store */
      any_copied = TRUE;
    }
    g_array_append_val(record->cells, cell);
    if (cursor.starved) return 0;
    if (!at_delimiter(&cursor, cursor.p)) break;
    cursor.p += cursor.delimiter_length;
    if (record->cells->len >= CSV_MAX_COLUMNS * 2) break;
  }
  if (any_copied) {
    const char *slice = record->unescaped->str;
    for (guint i = 0; i < record->cells->len; i++) {
      CsvCell *cell = &g_array_index(record->cells, CsvCell, i);
      if (!cell->text) {
        cell->text = slice;
        slice += cell->length;
      }
    }
  }
  record->raw_length = (gsize)(cursor.p - text);
  gsize line_end = line_end_at(&cursor, cursor.p);
  if (!at_end && (!line_end || (line_end == 1 && *cursor.p == '\r' && cursor.p + 1 >= cursor.end))) return 0;
  return MAX(record->raw_length + line_end, length ? 1 : 0);
}

gsize csv_line_length(const CsvDialect *dialect, const char *text, gsize length, gboolean at_end) {
  Cursor cursor = {.dialect = dialect, .end = text + length};
  for (const char *p = text; p < cursor.end; p++)
    if (*p == '\n' || *p == '\r') {
      gsize n = line_end_at(&cursor, p);
      if (n && (at_end || n == 2 || *p == '\n' || p + 1 < cursor.end)) return (gsize)(p - text) + n;
    }
  return at_end ? length : 0;
}

/* ---- reader ---- */

struct CsvReader {
  TextSource *source;
  CsvDialect dialect;
  char *buffer;
  gsize capacity, at, end;
  gboolean at_end;
  gint64 line; /* of buffer[at] */
  guint cuts;  /* records that never ended, so far */
};

CsvReader *csv_reader_new(TextSource *source, const CsvDialect *dialect) {
  CsvReader *reader = g_new0(CsvReader, 1);
  reader->source = source;
  reader->dialect = *dialect;
  reader->capacity = 2 * READ_BYTES;
  reader->buffer = g_malloc(reader->capacity);
  reader->line = 1;
  return reader;
}

void csv_reader_free(CsvReader *reader) {
  if (!reader) return;
  text_source_free(reader->source);
  g_free(reader->buffer);
  g_free(reader);
}

const TextSource *csv_reader_source(const CsvReader *reader) {
  return reader->source;
}

static gboolean csv_reader_fill(CsvReader *reader, GError **error) {
  if (reader->at > 0) {
    memmove(reader->buffer, reader->buffer + reader->at, reader->end - reader->at);
    reader->end -= reader->at;
    reader->at = 0;
  }
  if (reader->capacity - reader->end < READ_BYTES) {
    char *larger = g_try_realloc(reader->buffer, reader->capacity * 2);
    if (!larger) {
      g_set_error(error, AISLE_ERROR, AISLE_ERROR_TOO_LARGE,
                  "line %" G_GINT64_FORMAT " is too long for the memory here", reader->line);
      return FALSE;
    }
    reader->buffer = larger;
    reader->capacity *= 2;
  }
  /* A read may stop short of a whole character, and wants room for one. */
  gsize target = reader->end + READ_BYTES - 16;
  while (!reader->at_end && reader->end <= target) {
    gssize n = text_source_read(reader->source, reader->buffer + reader->end, reader->capacity - reader->end, error);
    if (n < 0) return FALSE;
    reader->at_end = n == 0;
    reader->end += (gsize)n;
  }
  return TRUE;
}

/* How far to look for the end of a record: less and less where quotes keep staying open, or each of them would cost a
 * look through the rest of the file. */
static gsize record_limit(const CsvReader *reader) {
  return reader->cuts < 8 ? CSV_MAX_RECORD_BYTES : reader->cuts < 1000 ? 64u << 10 : 8u << 10;
}

/* A quote that was never closed must not swallow the file: its first line alone is the record. 0: more text is needed.
 */
static gsize cut_at_line(CsvReader *reader, CsvRecord *record) {
  const char *text = reader->buffer + reader->at;
  gsize available = reader->end - reader->at;
  gsize line = csv_line_length(&reader->dialect, text, available, reader->at_end || available > CSV_MAX_RECORD_BYTES);
  if (line == 0) return 0;
  gsize content = line;
  while (content && strchr("\r\n", text[content - 1])) content--;
  csv_parse_record(&reader->dialect, text, content, TRUE, CSV_NO_LITERAL, record);
  reader->cuts += record->unterminated;
  record->line_breaks = 0;
  return line;
}

int csv_reader_next(CsvReader *reader, CsvRecord *record, GError **error) {
  for (;;) {
    gsize available = reader->end - reader->at;
    if (available == 0 && reader->at_end) return 0;
    gsize taken = 0;
    if (available > 0) {
      gsize limit = record_limit(reader), window = MIN(available, limit);
      gboolean last = reader->at_end && window == available;
      taken = csv_parse_record(&reader->dialect, reader->buffer + reader->at, window, last, CSV_NO_LITERAL, record);
      gboolean endless = (taken == 0 && window == limit) || (taken && record->unterminated && record->line_breaks);
      if (endless) taken = cut_at_line(reader, record);
    }
    if (taken) {
      record->line = reader->line;
      reader->line += record->line_breaks + 1;
      reader->at += taken;
      return 1;
    }
    if (!csv_reader_fill(reader, error)) return -1;
  }
}

void csv_reader_rewind_to_second_line(CsvReader *reader, const CsvRecord *record) {
  gsize start = (gsize)(record->raw - reader->buffer);
  g_assert(start < reader->at);
  gsize line = csv_line_length(&reader->dialect, record->raw, reader->at - start, TRUE);
  reader->at = start + line;
  reader->line = record->line + 1;
}

void csv_append_cell(GString *out, const char *text, gsize length) {
  gboolean quote = length > 0 && (text[0] == ' ' || text[length - 1] == ' ');
  for (gsize i = 0; i < length && !quote; i++)
    quote = text[i] == ',' || text[i] == '"' || text[i] == '\n' || text[i] == '\r';
  if (!quote) {
    g_string_append_len(out, text, (gssize)length);
    return;
  }
  g_string_append_c(out, '"');
  for (gsize i = 0; i < length; i++) {
    if (text[i] == '"') g_string_append_c(out, '"');
    g_string_append_c(out, text[i]);
  }
  g_string_append_c(out, '"');
}
