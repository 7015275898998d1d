/*
 * csv: splits text into records and cells under a given dialect. Lenient where files are sloppy: a quote that neither
 * opens nor closes a cell is kept as a character and flagged, CR, LF and CRLF may be mixed.
 */
#pragma once
#include "lake/text_source.h"

#define CSV_MAX_COLUMNS 20000
#define CSV_MAX_RECORD_BYTES (16u << 20)

typedef struct {
  char delimiter[4];         /* one to three characters; "" for a single column */
  char quote;                /* 0: none */
  char escape;               /* '\\', or 0: quotes are doubled */
  gboolean skip_space;       /* blanks after a delimiter are not part of the cell */
  gboolean bare_cr_ends_row; /* a CR without LF ends a record */
} CsvDialect;
#define CSV_DIALECT_STANDARD ((CsvDialect){",", '"', 0, FALSE, TRUE})

/* Text is not NUL-terminated. Valid until the next record is read. */
typedef struct {
  const char *text;
  gsize length;
  gboolean quoted;
} CsvCell;

typedef struct {
  GArray *cells;   /* of CsvCell */
  const char *raw; /* the record as it stands in the text, without its line end */
  gsize raw_length;
  gint64 line;           /* physical line it starts on, from 1 */
  guint line_breaks;     /* inside quoted cells */
  gboolean stray_quote;  /* a quote stood where none belongs */
  gboolean unterminated; /* a quoted cell was still open at the end */
  GString *unescaped;    /* backing store of cells that had escapes */
} CsvRecord;
void csv_record_init(CsvRecord *record);
void csv_record_clear(CsvRecord *record);
gboolean csv_record_is_blank(const CsvRecord *record); /* no cell has anything but white space */
static inline const CsvCell *csv_record_cell(const CsvRecord *record, guint i) {
  return &g_array_index(record->cells, CsvCell, i);
}

#define CSV_NO_LITERAL G_MAXSIZE
/*
 * Parses one record at text[0..length). Returns the bytes it takes with its line end, or 0 when more text is needed to
 * tell (never when `at_end`). `literal_quote`: the offset of a quote to be read as an ordinary character, or
 * CSV_NO_LITERAL. Does not set `line`.
 */
gsize csv_parse_record(const CsvDialect *dialect, const char *text, gsize length, gboolean at_end, gsize literal_quote,
                       CsvRecord *record);
/* Length of the first physical line including its end; 0 when there is no line end and not `at_end`. */
gsize csv_line_length(const CsvDialect *dialect, const char *text, gsize length, gboolean at_end);

typedef struct CsvReader CsvReader;
/* Takes the source over. */
CsvReader *csv_reader_new(TextSource *source, const CsvDialect *dialect);
void csv_reader_free(CsvReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsvReader, csv_reader_free)
/* 1: a record, 0: the end, -1: failure. A record that never ends is cut at its first line and flagged unterminated. */
int csv_reader_next(CsvReader *reader, CsvRecord *record, GError **error);
/* Goes back to just after the first line of the record read last. (It spans several, and should not have.) */
void csv_reader_rewind_to_second_line(CsvReader *reader, const CsvRecord *record);
const TextSource *csv_reader_source(const CsvReader *reader);

/* Appends one cell as RFC 4180 wants it: quoted only when it must be. */
void csv_append_cell(GString *out, const char *text, gsize length);
