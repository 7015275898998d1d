/*
 * Rows of the table in a delimited text file, with everything around it found out: encoding, dialect, preamble, header,
 * damaged rows, footer, a second table below the first.
 */
#pragma once
#include "lake/table_layout.h"

typedef enum {
  TABLE_ROW_GOOD,   /* as many cells as the table has columns */
  TABLE_ROW_RAGGED, /* could not be made to fit */
  TABLE_ROW_ASIDE   /* not a row of this table: footer, repeated header, another table */
} TableRowKind;

/* Valid until the next row is read. */
typedef struct {
  TableRowKind kind;
  const CsvCell *cells;
  guint n_cells;
  gint64 line;
  const char *reason; /* of a row that is not GOOD; NULL otherwise */
  const char *raw;
  gsize raw_length;
  gboolean repaired; /* it was damaged and could be put right */
} TableRow;

typedef struct TableReader TableReader;
/* An empty file, a file that is no text, too many columns: BAD_INPUT or TOO_LARGE. (transfer full) */
TableReader *table_reader_open(const char *path, GError **error);
void table_reader_free(TableReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TableReader, table_reader_free)
int table_reader_next(TableReader *reader, TableRow *row, GError **error); /* 1, 0 at the end, -1 */
/* Starts over at the first row. */
gboolean table_reader_restart(TableReader *reader, GError **error);

const TableLayout *table_reader_layout(const TableReader *reader);
const CsvDialect *table_reader_dialect(const TableReader *reader);
const TextSource *table_reader_source(const TableReader *reader);
/* Lines before the first row, so that another reader can skip them; -1 when that is not a matter of lines. */
gint64 table_reader_lines_before_rows(const TableReader *reader);
gint64 table_reader_repaired_rows(const TableReader *reader);
