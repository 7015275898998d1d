/*
 * Where the table is within a file: how many columns, which records come before it, how many header rows it has, and
 * what its columns look like. Decided on the first records.
 */
#pragma once
#include "lake/csv.h"
#include "lake/dialect.h"

#define LAYOUT_SAMPLE_RECORDS 600

/* A record that outlives the reader's buffer. */
typedef struct {
  GPtrArray *cells; /* of char* */
  char *raw;
  gint64 line;
  guint line_breaks;
  guint filled; /* cells that are not blank */
  gboolean odd; /* a stray or unclosed quote */
} SampleRecord;
SampleRecord *sample_record_new(const CsvRecord *record);
void sample_record_free(SampleRecord *record);
static inline const char *sample_record_cell(const SampleRecord *record, guint i) {
  return i < record->cells->len ? record->cells->pdata[i] : "";
}

typedef struct {
  guint columns;
  guint first_record;       /* records before it are preamble */
  guint header_records;     /* 0: the file has no header */
  GPtrArray *labels;        /* of char*, as many as columns, trimmed; "" where there is none */
  CellKind *kinds;          /* per column: NUMBER, DATE, TIME, LINK where nearly all cells are; else TEXT */
  gboolean pads_short_rows; /* rows commonly leave out trailing cells */
} TableLayout;
/* How many columns the table has, before anything else is known. */
guint table_layout_count_columns(const GPtrArray *records);
guint table_layout_find_first(const GPtrArray *records, guint columns);
gboolean sample_record_has_typed_cell(const SampleRecord *record);
TableLayout *table_layout_detect(const GPtrArray *records);
void table_layout_free(TableLayout *layout);

/* A text over columns of numbers and dates: like a header, unlike the rows. */
gboolean table_layout_is_header_like(const TableLayout *layout, const SampleRecord *record);
