#include "lake/table_reader.h"
#include "lake/totals_row.h"
#include "lake/row_repair.h"
#include <string.h>

#define DETECT_BYTES (256u << 10)
#define QUEUE_RECORDS 40   /* suspicious records held back until it is clear what they are */
#define SECOND_TABLE_RUN 4 /* rows of another width that make another table */

struct TableReader {
  char *path;
  CsvDialect dialect;
  TableLayout *layout;
  CsvReader *csv;
  CsvRecord record;
  RowRepair *repair;
  GQueue queue;       /* of SampleRecord*: suspicious, not given out yet */
  gboolean releasing; /* the queue is being given out */
  TableRowKind release_kind;
  gboolean have_record; /* `record` was read and waits behind the queue */
  gboolean at_end, other_table;
  guint blank_run;
  gint64 first_row_line, repaired_rows;
  SampleRecord *released;
  GArray *cells; /* of CsvCell, of released and repaired rows */
  char *reason;
  char *line_text;
};

static CsvReader *open_csv(const char *path, const CsvDialect *dialect, GError **error) {
  TextSource *source = text_source_open(path, error);
  return source ? csv_reader_new(source, dialect) : NULL;
}

/* A quoted cell that swallowed the next lines: the first line alone is the record. */
static void cut_to_first_line(CsvReader *csv, const CsvDialect *dialect, CsvRecord *record) {
  gsize line = csv_line_length(dialect, record->raw, record->raw_length, TRUE);
  gint64 number = record->line;
  const char *raw = record->raw;
  csv_reader_rewind_to_second_line(csv, record);
  while (line && strchr("\r\n", raw[line - 1])) line--;
  csv_parse_record(dialect, raw, line, TRUE, CSV_NO_LITERAL, record);
  record->line = number;
  record->stray_quote = TRUE;
  record->line_breaks = 0;
}

static gboolean detect_dialect(TableReader *reader, GError **error) {
  g_autoptr(TextSource) source = text_source_open(reader->path, error);
  if (!source) return FALSE;
  g_autofree char *text = g_malloc(DETECT_BYTES);
  gsize length = 0;
  gboolean at_end = FALSE;
  while (!at_end && length + 16 < DETECT_BYTES) {
    gssize n = text_source_read(source, text + length, DETECT_BYTES - length, error);
    if (n < 0) return FALSE;
    at_end = n == 0;
    length += (gsize)n;
  }
  gboolean blank = TRUE;
  for (gsize i = 0; i < length && blank; i++) blank = g_ascii_isspace(text[i]) || !text[i];
  if (blank && at_end) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_INPUT, "%s:1: the file is empty", reader->path);
    return FALSE;
  }
  reader->dialect = dialect_detect(text, length, at_end);
  return TRUE;
}

/* Reads the first records. A quoted cell that swallowed lines and spoilt the width is cut at its first line. */
static GPtrArray *sample_records(TableReader *reader, guint columns, GError **error) {
  g_autoptr(CsvReader) csv = open_csv(reader->path, &reader->dialect, error);
  if (!csv) return NULL;
  g_autoptr(GPtrArray) records = g_ptr_array_new_with_free_func((GDestroyNotify)sample_record_free);
  CsvRecord *record = &reader->record;
  int got = 0;
  while (records->len < LAYOUT_SAMPLE_RECORDS && (got = csv_reader_next(csv, record, error)) > 0) {
    if (columns > 0 && record->cells->len != columns && record->line_breaks > 0 &&
        (record->stray_quote || record->unterminated))
      cut_to_first_line(csv, &reader->dialect, record);
    g_ptr_array_add(records, sample_record_new(record));
  }
  return got < 0 ? NULL : g_steal_pointer(&records);
}

static gboolean column_is_empty(const GPtrArray *records, guint from, guint columns) {
  for (guint i = from; i < records->len; i++) {
    const SampleRecord *record = records->pdata[i];
    if (record->cells->len == columns && *sample_record_cell(record, columns - 1)) return FALSE;
  }
  return TRUE;
}

/* A header that lost a delimiter or has a quote too many is put right before anything is concluded from it. */
static void repair_header(const CsvDialect *dialect, GPtrArray *records, guint columns) {
  if (records->len == 0 || columns < 2) return;
  guint at = table_layout_find_first(records, columns);
  SampleRecord *header = records->pdata[at];
  SampleRecord *above = at > 0 ? records->pdata[at - 1] : NULL;
  if (header->cells->len == columns && !header->odd) {
    /* Already rows: the header may be the record above, written with another delimiter. */
    if (!above || above->filled == 0 || !sample_record_has_typed_cell(header) || sample_record_has_typed_cell(above) ||
        above->cells->len == columns)
      return;
    header = above;
  } else if (sample_record_has_typed_cell(header)) {
    return;
  }
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
  if (!row_repair_header(dialect, columns, header->raw, strlen(header->raw), !column_is_empty(records, at + 1, columns),
                         names))
    return;
  g_ptr_array_unref(header->cells);
  header->cells = g_steal_pointer(&names);
  header->filled = columns;
  header->odd = FALSE;
}

static gboolean detect_layout(TableReader *reader, GError **error) {
  g_autoptr(GPtrArray) first = sample_records(reader, 0, error);
  guint columns = first ? table_layout_count_columns(first) : 0;
  g_autoptr(GPtrArray) records = first ? sample_records(reader, columns, error) : NULL;
  if (!records) return FALSE;
  repair_header(&reader->dialect, records, columns);
  reader->layout = table_layout_detect(records);
  if (reader->layout->columns > CSV_MAX_COLUMNS) {
    const SampleRecord *widest = records->pdata[reader->layout->first_record];
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_TOO_LARGE,
                "%s:%" G_GINT64_FORMAT ": %u columns; at most %d can be read", reader->path, widest->line,
                reader->layout->columns, CSV_MAX_COLUMNS);
    return FALSE;
  }
  reader->repair = row_repair_new(&reader->dialect, reader->layout, records);
  guint before = reader->layout->first_record + reader->layout->header_records;
  reader->first_row_line = 1;
  for (guint i = 0; i < before && i < records->len; i++) {
    const SampleRecord *record = records->pdata[i];
    reader->first_row_line = record->line + record->line_breaks + 1;
  }
  return TRUE;
}

TableReader *table_reader_open(const char *path, GError **error) {
  g_autoptr(TableReader) reader = g_new0(TableReader, 1);
  reader->path = g_strdup(path);
  reader->cells = g_array_new(FALSE, FALSE, sizeof(CsvCell));
  g_queue_init(&reader->queue);
  csv_record_init(&reader->record);
  if (!detect_dialect(reader, error) || !detect_layout(reader, error) || !table_reader_restart(reader, error))
    return NULL;
  return g_steal_pointer(&reader);
}

void table_reader_free(TableReader *reader) {
  if (!reader) return;
  g_queue_clear_full(&reader->queue, (GDestroyNotify)sample_record_free);
  sample_record_free(reader->released);
  csv_reader_free(reader->csv);
  row_repair_free(reader->repair);
  table_layout_free(reader->layout);
  csv_record_clear(&reader->record);
  g_array_free(reader->cells, TRUE);
  g_free(reader->reason);
  g_free(reader->line_text);
  g_free(reader->path);
  g_free(reader);
}

gboolean table_reader_restart(TableReader *reader, GError **error) {
  g_clear_pointer(&reader->csv, csv_reader_free);
  g_queue_clear_full(&reader->queue, (GDestroyNotify)sample_record_free);
  reader->releasing = reader->have_record = reader->at_end = reader->other_table = FALSE;
  reader->blank_run = 0;
  reader->repaired_rows = 0;
  reader->csv = open_csv(reader->path, &reader->dialect, error);
  if (!reader->csv) return FALSE;
  /* Damaged records before the first row may span more lines than they should. */
  for (;;) {
    int got = csv_reader_next(reader->csv, &reader->record, error);
    if (got <= 0) {
      reader->at_end = TRUE;
      return got == 0;
    }
    if (reader->record.line >= reader->first_row_line) {
      reader->have_record = TRUE;
      return TRUE;
    }
    if (reader->record.line + reader->record.line_breaks >= reader->first_row_line)
      csv_reader_rewind_to_second_line(reader->csv, &reader->record);
  }
}

const TableLayout *table_reader_layout(const TableReader *reader) {
  return reader->layout;
}
const CsvDialect *table_reader_dialect(const TableReader *reader) {
  return &reader->dialect;
}
const TextSource *table_reader_source(const TableReader *reader) {
  return csv_reader_source(reader->csv);
}
gint64 table_reader_repaired_rows(const TableReader *reader) {
  return reader->repaired_rows;
}
gint64 table_reader_lines_before_rows(const TableReader *reader) {
  return reader->first_row_line - 1;
}

/* ---- one record ---- */

static gboolean cells_blank_from(const CsvRecord *record, guint from) {
  for (guint i = from; i < record->cells->len; i++) {
    const CsvCell *cell = csv_record_cell(record, i);
    for (gsize k = 0; k < cell->length; k++)
      if (!g_ascii_isspace(cell->text[k])) return FALSE;
  }
  return TRUE;
}

static guint filled_cells(const CsvRecord *record) {
  guint filled = 0;
  for (guint i = 0; i < record->cells->len; i++) {
    const CsvCell *cell = csv_record_cell(record, i);
    for (gsize k = 0; k < cell->length; k++)
      if (!g_ascii_isspace(cell->text[k])) {
        filled++;
        break;
      }
  }
  return filled;
}

/* Makes the record fit where that loses nothing: blank cells too many, or cells that are commonly left out. */
static gboolean fit_width(TableReader *reader, CsvRecord *record, gboolean may_trim) {
  guint columns = reader->layout->columns;
  if (may_trim && record->cells->len > columns && cells_blank_from(record, columns)) {
    g_array_set_size(record->cells, columns);
  } else if (record->cells->len < columns && reader->layout->pads_short_rows && !record->stray_quote &&
             filled_cells(record) >= 2) {
    CsvCell empty = {"", 0, FALSE};
    while (record->cells->len < columns) g_array_append_val(record->cells, empty);
  }
  return record->cells->len == columns;
}

static gboolean labels_again(const TableReader *reader, const SampleRecord *record) {
  if (reader->layout->header_records != 1) return FALSE;
  for (guint j = 0; j < reader->layout->columns; j++) {
    g_autofree char *cell = g_strstrip(g_strdup(sample_record_cell(record, j)));
    if (strcmp(cell, reader->layout->labels->pdata[j])) return FALSE;
  }
  return TRUE;
}

/* A row of the right width that does not look like one: the header again, or that of another table. */
static gboolean is_header_again(TableReader *reader, const CsvRecord *record, gboolean *same) {
  if (reader->layout->header_records == 0 ||
      filled_cells(record) + (reader->layout->columns > 3) < reader->layout->columns)
    return FALSE;
  /* Cheap look first: a typed column whose cell is of its kind ends the matter. */
  for (guint j = 0; j < reader->layout->columns; j++) {
    const CsvCell *cell = csv_record_cell(record, j);
    if (reader->layout->kinds[j] == CELL_TEXT || cell->length == 0) continue;
    if (cell_kind(cell->text, cell->length) == reader->layout->kinds[j]) return FALSE;
    break;
  }
  SampleRecord *copy = sample_record_new(record);
  *same = labels_again(reader, copy);
  guint typed = 0;
  for (guint j = 0; j < reader->layout->columns; j++) typed += reader->layout->kinds[j] != CELL_TEXT;
  gboolean again = *same || (typed >= 2 && table_layout_is_header_like(reader->layout, copy) &&
                             copy->filled == reader->layout->columns);
  sample_record_free(copy);
  return again;
}

/* A row with one filled cell of several may be the footer; it is held back. */
static gboolean is_sparse(const TableReader *reader, const CsvRecord *record) {
  return reader->layout->columns >= 3 && !cells_blank_from(record, 0) && cells_blank_from(record, 1);
}

/* So is a row that may be the totals of those above. */
static gboolean may_be_totals(const TableReader *reader, const CsvRecord *record) {
  return reader->layout->columns >= 3 && totals_row_is((const CsvCell *)(gpointer)record->cells->data, record->cells->len);
}

static void give_record(TableReader *reader, TableRow *row, gboolean repaired) {
  GArray *cells = repaired ? reader->cells : reader->record.cells;
  *row = (TableRow){TABLE_ROW_GOOD,
                    (const CsvCell *)(gpointer)cells->data,
                    cells->len,
                    reader->record.line,
                    NULL,
                    reader->record.raw,
                    reader->record.raw_length,
                    repaired};
  reader->repaired_rows += repaired;
  reader->have_record = FALSE;
  reader->blank_run = 0;
}

static void give_released(TableReader *reader, TableRow *row) {
  sample_record_free(reader->released);
  reader->released = g_queue_pop_head(&reader->queue);
  const SampleRecord *record = reader->released;
  g_array_set_size(reader->cells, 0);
  for (guint i = 0; i < record->cells->len; i++) {
    CsvCell cell = {record->cells->pdata[i], strlen(record->cells->pdata[i]), FALSE};
    g_array_append_val(reader->cells, cell);
  }
  TableRowKind kind = reader->release_kind;
  if (kind == TABLE_ROW_RAGGED && record->cells->len == reader->layout->columns)
    kind = TABLE_ROW_GOOD; /* sparse, but a row after all */
  g_free(reader->reason);
  reader->reason = kind == TABLE_ROW_GOOD ? NULL
                   : kind == TABLE_ROW_RAGGED
                       ? g_strdup_printf("%u cells instead of %u%s", record->cells->len, reader->layout->columns,
                                         record->odd ? ", and a stray quote" : "")
                   : reader->other_table ? g_strdup("belongs to a second table in the file")
                                         : g_strdup("not part of the table (footer or totals)");
  *row = (TableRow){kind,
                    (const CsvCell *)(gpointer)reader->cells->data,
                    reader->cells->len,
                    record->line,
                    reader->reason,
                    record->raw,
                    strlen(record->raw),
                    FALSE};
}

static void give_aside(TableReader *reader, TableRow *row, const char *reason) {
  give_record(reader, row, FALSE);
  row->kind = TABLE_ROW_ASIDE;
  row->reason = reason;
}

/* Tries to put a damaged record right; on success the reader stands behind it. */
static gboolean repair_record(TableReader *reader) {
  const CsvRecord *record = &reader->record;
  gsize line = csv_line_length(&reader->dialect, record->raw, record->raw_length, TRUE);
  while (line && strchr("\r\n", record->raw[line - 1])) line--;
  if (!row_repair_try(reader->repair, record, record->raw, line, reader->cells)) return FALSE;
  if (record->line_breaks > 0) csv_reader_rewind_to_second_line(reader->csv, record);
  return TRUE;
}

/* The records held back are all of one other width and start like a table of their own. */
static gboolean queue_is_other_table(const TableReader *reader) {
  guint run = 0, width = 0;
  const SampleRecord *first = NULL, *second = NULL;
  for (const GList *link = reader->queue.head; link; link = link->next) {
    const SampleRecord *record = link->data;
    if (run == 0) {
      width = record->cells->len;
      first = record;
    } else if (run == 1) {
      second = record;
    }
    if (record->cells->len != width || width < 2 || width == reader->layout->columns) return FALSE;
    run++;
  }
  if (run < SECOND_TABLE_RUN) return FALSE;
  guint texts = 0, typed_below = 0;
  for (guint j = 0; j < width; j++) {
    const char *above = sample_record_cell(first, j), *below = sample_record_cell(second, j);
    CellKind kind_above = cell_kind(above, strlen(above)), kind_below = cell_kind(below, strlen(below));
    texts += kind_above == CELL_TEXT || kind_above == CELL_ODD;
    typed_below += kind_below == CELL_NUMBER || kind_below == CELL_DATE || kind_below == CELL_TIME;
  }
  return texts * 4 >= width * 3 && typed_below > 0;
}

/* Names over columns that hold numbers and dates, in another width. */
static gboolean is_other_header(const TableReader *reader, const CsvRecord *record) {
  guint texts = 0, typed = 0, columns = record->cells->len;
  for (guint j = 0; j < columns; j++) {
    CellKind kind = cell_kind(csv_record_cell(record, j)->text, csv_record_cell(record, j)->length);
    texts += kind == CELL_TEXT || kind == CELL_ODD;
    typed += kind == CELL_NUMBER || kind == CELL_DATE || kind == CELL_TIME;
  }
  gboolean table_is_typed = FALSE;
  for (guint j = 0; j < reader->layout->columns && !table_is_typed; j++)
    table_is_typed = reader->layout->kinds[j] != CELL_TEXT;
  return table_is_typed && columns >= 2 && typed == 0 && texts * 4 >= columns * 3;
}

/* Most names of this table, in another width: the header of another table for sure. */
static gboolean repeats_labels(const TableReader *reader, const CsvRecord *record) {
  if (reader->layout->header_records == 0 || record->cells->len == reader->layout->columns ||
      reader->layout->columns < 3)
    return FALSE;
  guint same = 0;
  for (guint j = 0; j < reader->layout->columns && j < record->cells->len; j++) {
    const CsvCell *cell = csv_record_cell(record, j);
    const char *label = reader->layout->labels->pdata[j];
    same += strlen(label) == cell->length && cell->length > 0 && !memcmp(label, cell->text, cell->length);
  }
  return same >= 2 && same * 3 >= reader->layout->columns * 2;
}

/* Whether the record starts or goes on with what may be a second table: then it is no damaged row of this one. */
static gboolean may_be_other_table(const TableReader *reader) {
  const CsvRecord *record = &reader->record;
  if (record->stray_quote || record->unterminated || record->cells->len == reader->layout->columns) return FALSE;
  const SampleRecord *head = reader->queue.length ? reader->queue.head->data : NULL;
  return head ? head->cells->len == record->cells->len : is_other_header(reader, record);
}

static void release(TableReader *reader, TableRowKind kind) {
  reader->releasing = TRUE;
  reader->release_kind = kind;
}

/* Decides about the record just read. TRUE: `row` is filled. */
static gboolean judge_record(TableReader *reader, TableRow *row) {
  CsvRecord *record = &reader->record;
  if (cells_blank_from(record, 0)) {
    reader->blank_run++;
    reader->have_record = FALSE;
    return FALSE;
  }
  gboolean damaged = record->stray_quote || record->unterminated;
  /* Where blanks delimit, one within a cell moves the others, and the last may be blank by right. */
  gboolean fits = fit_width(reader, record, reader->dialect.delimiter[0] != ' ');
  if ((!fits || damaged) && !reader->other_table && !may_be_other_table(reader) && repair_record(reader)) {
    if (reader->queue.length) {
      /* The rows held back are rows after all; read this one again afterwards. */
      release(reader, TABLE_ROW_RAGGED);
    }
    give_record(reader, row, TRUE);
    return TRUE;
  }
  fits = fits || fit_width(reader, record, TRUE);
  if (!fits && record->line_breaks > 0) cut_to_first_line(reader->csv, &reader->dialect, record);
  gboolean same = FALSE;
  if (!fits && repeats_labels(reader, record)) {
    reader->other_table = TRUE;
  } else if (fits && is_header_again(reader, record, &same)) {
    if (same) {
      give_aside(reader, row, "the header again");
      return TRUE;
    }
    reader->other_table = TRUE;
  }
  if (reader->other_table) {
    give_aside(reader, row, "belongs to a second table in the file");
    return TRUE;
  }
  if (fits && !is_sparse(reader, record) && !may_be_totals(reader, record)) {
    if (reader->queue.length) {
      release(reader, TABLE_ROW_RAGGED);
      return FALSE;
    }
    give_record(reader, row, FALSE);
    return TRUE;
  }
  g_queue_push_tail(&reader->queue, sample_record_new(record));
  reader->have_record = FALSE;
  if (queue_is_other_table(reader)) {
    reader->other_table = TRUE;
    release(reader, TABLE_ROW_ASIDE);
  } else if (reader->queue.length >= QUEUE_RECORDS) {
    release(reader, TABLE_ROW_RAGGED);
  }
  return FALSE;
}

static gboolean is_totals_sample(const SampleRecord *record) {
  g_autofree CsvCell *cells = g_new0(CsvCell, record->cells->len + 1);
  for (guint i = 0; i < record->cells->len; i++) cells[i] = (CsvCell){record->cells->pdata[i], strlen(record->cells->pdata[i]), FALSE};
  return totals_row_is(cells, record->cells->len);
}

/* At the end of the file, what was held back is a footer where it has no more than a cell or two. */
static void release_at_end(TableReader *reader) {
  gboolean footer = TRUE;
  for (const GList *link = reader->queue.head; link; link = link->next) {
    const SampleRecord *record = link->data;
    footer = footer && (record->filled <= MAX(1, reader->layout->columns / 4) || is_totals_sample(record));
  }
  release(reader, footer ? TABLE_ROW_ASIDE : TABLE_ROW_RAGGED);
}

int table_reader_next(TableReader *reader, TableRow *row, GError **error) {
  for (;;) {
    if (reader->releasing && reader->queue.length) {
      give_released(reader, row);
      return 1;
    }
    reader->releasing = FALSE;
    if (!reader->have_record) {
      if (reader->at_end) return 0;
      int got = csv_reader_next(reader->csv, &reader->record, error);
      if (got < 0) return -1;
      if (got == 0) {
        reader->at_end = TRUE;
        if (reader->queue.length) release_at_end(reader);
        continue;
      }
      reader->have_record = TRUE;
    }
    if (judge_record(reader, row)) return 1;
  }
}
