#include "lake/row_repair.h"
#include <math.h>
#include <string.h>

#define MAX_REPAIR_LINE (32u << 10)
#define MAX_INSERT_LINE 4096 /* up to here a delimiter is tried at every place, beyond that beside quotes only */
#define MAX_QUOTES_TRIED 64
#define MAX_PIECES 300
#define MAX_JOINED_PIECES 30
#define SHAPES_PER_COLUMN 256
#define SHAPE_BYTES 32
#define TRIES_BEFORE_DOUBT 200 /* then at least one in five must have succeeded */
#define MAX_TRIES 20000        /* each costs milliseconds */
#define FIT_MARGIN 6.0

/* How often each shape and kind of cell occurs in a column. */
typedef struct {
  GHashTable *shapes; /* char* -> count */
  guint kinds[CELL_ODD + 1];
  guint cells;
  double mean_length;
} ColumnShapes;

struct RowRepair {
  CsvDialect dialect;
  guint columns;
  ColumnShapes *shapes;
  guint rows;                /* learned from */
  gboolean quotes_are_usual; /* stray quotes stand in many rows, and mean nothing */
  double worst_fit;          /* of those */
  GString *shape;            /* scratch */
  CsvRecord record;          /* scratch */
  GPtrArray *texts;          /* of the best reading */
  double best;
  guint tries, successes;
};

/* "MG-87" -> "A-9" with runs collapsed; with every digit kept, behind a '#', "#A-99". */
static void set_shape(GString *shape, const char *text, gsize length, gboolean every_digit) {
  g_string_assign(shape, every_digit ? "#" : "");
  for (gsize i = 0; i < length && shape->len < SHAPE_BYTES; i++) {
    char c = g_ascii_isdigit(text[i]) ? '9' : (g_ascii_isalpha(text[i]) || (text[i] & 0x80)) ? 'A' : text[i];
    gboolean again = shape->len && shape->str[shape->len - 1] == c;
    if (!again || (c == '9' ? every_digit : c != 'A')) g_string_append_c(shape, c);
  }
}

static void count_shape(ColumnShapes *column, const GString *shape) {
  gpointer count = g_hash_table_lookup(column->shapes, shape->str);
  if (count || g_hash_table_size(column->shapes) < SHAPES_PER_COLUMN)
    g_hash_table_insert(column->shapes, g_strdup(shape->str), GUINT_TO_POINTER(GPOINTER_TO_UINT(count) + 1));
}

static void learn(ColumnShapes *column, const char *text, GString *shape) {
  gsize length = strlen(text);
  column->cells++;
  column->kinds[cell_kind(text, length)]++;
  column->mean_length += ((double)length - column->mean_length) / column->cells;
  set_shape(shape, text, length, FALSE);
  count_shape(column, shape);
  set_shape(shape, text, length, TRUE);
  count_shape(column, shape);
}

/* Log-likelihood of a cell in a column: by its shape, fine and coarse, or less sure by its kind. */
static double cell_fit(RowRepair *repair, guint column, const char *text, gsize length) {
  const ColumnShapes *shapes = &repair->shapes[column];
  double total = shapes->cells + 1.0;
  set_shape(repair->shape, text, length, TRUE);
  double fine = GPOINTER_TO_UINT(g_hash_table_lookup(shapes->shapes, repair->shape->str)) / total;
  set_shape(repair->shape, text, length, FALSE);
  double coarse = GPOINTER_TO_UINT(g_hash_table_lookup(shapes->shapes, repair->shape->str)) / total;
  double by_kind = (shapes->kinds[cell_kind(text, length)] + 0.01) / total;
  /* Free text has ever new shapes: then its length tells a little. */
  if (shapes->mean_length > 0 && length > 0) {
    double ratio = log((double)length / shapes->mean_length);
    by_kind *= exp(-0.15 * ratio * ratio);
  }
  return log(0.6 * fine + 0.25 * coarse + 0.15 * by_kind + 1e-6);
}

static gboolean is_good(const SampleRecord *record, guint columns) {
  return record->cells->len == columns && !record->odd && record->filled > 0;
}

RowRepair *row_repair_new(const CsvDialect *dialect, const TableLayout *layout, const GPtrArray *records) {
  RowRepair *repair = g_new0(RowRepair, 1);
  repair->dialect = *dialect;
  repair->columns = layout->columns;
  repair->shapes = g_new0(ColumnShapes, layout->columns);
  repair->texts = g_ptr_array_new_with_free_func(g_free);
  repair->shape = g_string_new(NULL);
  csv_record_init(&repair->record);
  for (guint j = 0; j < layout->columns; j++)
    repair->shapes[j].shapes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  guint body = layout->first_record + layout->header_records, odd = 0;
  for (guint i = body; i < records->len; i++) {
    const SampleRecord *record = records->pdata[i];
    odd += record->odd;
    if (!is_good(record, layout->columns)) continue;
    repair->rows++;
    for (guint j = 0; j < layout->columns; j++) learn(&repair->shapes[j], record->cells->pdata[j], repair->shape);
  }
  for (guint i = body; i < records->len; i++) {
    const SampleRecord *record = records->pdata[i];
    if (!is_good(record, layout->columns)) continue;
    double fit = 0;
    for (guint j = 0; j < layout->columns; j++)
      fit += cell_fit(repair, j, record->cells->pdata[j], strlen(record->cells->pdata[j]));
    repair->worst_fit = MIN(repair->worst_fit, fit);
  }
  repair->quotes_are_usual = odd * 20 > records->len;
  return repair;
}

void row_repair_free(RowRepair *repair) {
  if (!repair) return;
  for (guint j = 0; j < repair->columns; j++) g_hash_table_unref(repair->shapes[j].shapes);
  g_free(repair->shapes);
  g_ptr_array_unref(repair->texts);
  g_string_free(repair->shape, TRUE);
  csv_record_clear(&repair->record);
  g_free(repair);
}

/* A quote in front of a cell is forgiven at a price, when the rest is usual; one within an unquoted cell costs too. */
static double damaged_cell_fit(RowRepair *repair, guint column, const CsvCell *cell) {
  double fit = cell_fit(repair, column, cell->text, cell->length);
  if (cell->length > 0 && repair->dialect.quote && cell->text[0] == repair->dialect.quote)
    fit = MAX(fit, cell_fit(repair, column, cell->text + 1, cell->length - 1)) - 2;
  else if (cell->length > 0 && repair->dialect.quote && !cell->quoted &&
           memchr(cell->text, repair->dialect.quote, cell->length))
    fit -= 2;
  return fit;
}

/* Weighs a reading and keeps a copy of it when it is the best so far. */
static void offer(RowRepair *repair, const GArray *reading, double penalty, GArray *best_cells) {
  if (reading->len != repair->columns) return;
  double fit = -penalty;
  for (guint j = 0; j < reading->len && fit > repair->best; j++) {
    const CsvCell *cell = &g_array_index(reading, CsvCell, j);
    fit += damaged_cell_fit(repair, j, cell);
  }
  if (fit <= repair->best + 1e-9) return;
  repair->best = fit;
  g_array_set_size(best_cells, 0);
  g_autoptr(GPtrArray) texts = g_ptr_array_new_full(reading->len, g_free);
  for (guint j = 0; j < reading->len; j++) {
    CsvCell cell = g_array_index(reading, CsvCell, j);
    cell.text = g_strndup(cell.text, cell.length);
    g_ptr_array_add(texts, (gpointer)cell.text);
    g_array_append_val(best_cells, cell);
  }
  g_ptr_array_unref(repair->texts);
  repair->texts = g_steal_pointer(&texts);
}

/* One cell too many, and an empty one at that. */
static void offer_without_empty_cell(RowRepair *repair, const CsvRecord *record, GArray *cells) {
  if (record->cells->len != repair->columns + 1) return;
  g_autoptr(GArray) reading = g_array_new(FALSE, FALSE, sizeof(CsvCell));
  for (guint skip = 0; skip < record->cells->len; skip++) {
    if (csv_record_cell(record, skip)->length > 0) continue;
    g_array_set_size(reading, 0);
    for (guint i = 0; i < record->cells->len; i++)
      if (i != skip) g_array_append_val(reading, *csv_record_cell(record, i));
    offer(repair, reading, 0.5, cells);
  }
}

/* One quote of the line is an ordinary character. */
static void offer_literal_quotes(RowRepair *repair, const char *line, gsize length, GArray *cells) {
  guint tried = 0;
  for (gsize i = 0; i < length && repair->dialect.quote && tried < MAX_QUOTES_TRIED; i++) {
    if (line[i] != repair->dialect.quote) continue;
    tried++;
    csv_parse_record(&repair->dialect, line, length, TRUE, i, &repair->record);
    if (!repair->record.unterminated) offer(repair, repair->record.cells, 0.5, cells);
  }
}

/* A delimiter is missing: it is put in wherever it may belong. */
static void offer_inserted_delimiter(RowRepair *repair, const char *line, gsize length, GArray *cells) {
  const char *delimiter = repair->dialect.delimiter;
  gsize n = strlen(delimiter);
  if (n == 0) return;
  g_autoptr(GString) changed = g_string_sized_new(length + n);
  for (gsize at = 0; at <= length; at++) {
    gboolean beside_quote = repair->dialect.quote && ((at < length && line[at] == repair->dialect.quote) ||
                                                      (at > 0 && line[at - 1] == repair->dialect.quote));
    if ((at < length && (line[at] & 0xc0) == 0x80) || (length > MAX_INSERT_LINE && !beside_quote)) continue;
    g_string_truncate(changed, 0);
    g_string_append_len(changed, line, (gssize)at);
    g_string_append_len(changed, delimiter, (gssize)n);
    g_string_append_len(changed, line + at, (gssize)(length - at));
    csv_parse_record(&repair->dialect, changed->str, changed->len, TRUE, CSV_NO_LITERAL, &repair->record);
    if (!repair->record.unterminated) offer(repair, repair->record.cells, repair->record.stray_quote ? 3 : 1, cells);
  }
}

static void join_pieces(const CsvRecord *record, guint start, guint end, const char *delimiter, GString *joined) {
  g_string_truncate(joined, 0);
  for (guint i = start; i < end; i++) {
    if (i > start) g_string_append(joined, delimiter);
    g_string_append_len(joined, csv_record_cell(record, i)->text, (gssize)csv_record_cell(record, i)->length);
  }
}

/* Scores of joining the first `end` pieces into the first `column` cells, and where the last cell starts. */
typedef struct {
  gsize width;
  double *score;
  guint *from;
} JoinTable;

static void fill_join_table(RowRepair *repair, const CsvRecord *record, const char *delimiter, JoinTable *table) {
  guint pieces = record->cells->len;
  g_autoptr(GString) joined = g_string_new(NULL);
  for (gsize i = 0; i < (pieces + 1) * table->width; i++) table->score[i] = -G_MAXDOUBLE;
  table->score[0] = 0;
  for (guint end = 1; end <= pieces; end++)
    for (guint start = end; start-- > 0;) {
      gboolean quoted = csv_record_cell(record, start)->quoted || csv_record_cell(record, end - 1)->quoted;
      if (end - start > MAX_JOINED_PIECES || (end - start > 1 && quoted)) /* quoted pieces stand alone */
        break;
      join_pieces(record, start, end, delimiter, joined);
      for (guint column = 0; column < repair->columns && column <= start; column++) {
        double before = table->score[start * table->width + column];
        if (before == -G_MAXDOUBLE || pieces - end < repair->columns - column - 1) continue;
        double fit = before + cell_fit(repair, column, joined->str, joined->len);
        gsize here = end * table->width + column + 1;
        if (fit > table->score[here]) {
          table->score[here] = fit;
          table->from[here] = start;
        }
      }
    }
}

/*
 * The delimiter also stands within cells, or the row has a delimiter of its own: pieces are joined again so that the
 * cells fit their columns best (a dynamic programme over pieces and columns).
 */
static void offer_joined_pieces(RowRepair *repair, const char *line, gsize length, const char *delimiter,
                                double penalty, GArray *cells) {
  CsvDialect dialect = repair->dialect;
  g_strlcpy(dialect.delimiter, delimiter, sizeof dialect.delimiter);
  if (strcmp(delimiter, repair->dialect.delimiter)) dialect.skip_space = FALSE;
  CsvRecord record;
  csv_record_init(&record);
  csv_parse_record(&dialect, line, length, TRUE, CSV_NO_LITERAL, &record);
  guint pieces = record.cells->len, columns = repair->columns;
  if (pieces >= columns && pieces <= MAX_PIECES && columns <= MAX_PIECES && !record.unterminated) {
    JoinTable table = {columns + 1, g_new(double, (pieces + 1) * (columns + 1)),
                       g_new0(guint, (pieces + 1) * (columns + 1))};
    fill_join_table(repair, &record, delimiter, &table);
    if (table.score[pieces * table.width + columns] > -G_MAXDOUBLE) {
      g_autoptr(GArray) reading = g_array_new(FALSE, TRUE, sizeof(CsvCell));
      g_array_set_size(reading, columns);
      g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
      g_autoptr(GString) joined = g_string_new(NULL);
      guint end = pieces;
      for (guint column = columns; column-- > 0;) {
        guint start = table.from[end * table.width + column + 1];
        join_pieces(&record, start, end, delimiter, joined);
        char *text = g_strdup(joined->str);
        g_ptr_array_add(texts, text);
        g_array_index(reading, CsvCell, column) = (CsvCell){text, joined->len, FALSE};
        end = start;
      }
      offer(repair, reading, penalty, cells);
    }
    g_free(table.score);
    g_free(table.from);
  }
  csv_record_clear(&record);
}

gboolean row_repair_try(RowRepair *repair, const CsvRecord *record, const char *line, gsize line_length,
                        GArray *cells) {
  if (repair->rows < 3 || repair->columns < 2 || line_length == 0 || line_length > MAX_REPAIR_LINE) return FALSE;
  if (repair->tries >= MAX_TRIES) return FALSE;
  if (repair->tries >= TRIES_BEFORE_DOUBT && repair->successes * 5 < repair->tries) return FALSE;
  repair->best = -G_MAXDOUBLE;
  if (record->cells->len == repair->columns && !record->line_breaks && !record->unterminated) {
    /* It has the right width as it stands; only a clearly better reading may replace it. */
    offer(repair, record->cells, 0, cells);
    if (repair->best >= repair->worst_fit && repair->quotes_are_usual) return FALSE;
    repair->best += FIT_MARGIN / 2;
  }
  double floor = MAX(repair->best, repair->worst_fit - FIT_MARGIN);
  repair->tries++;
  gboolean damaged_quote = record->stray_quote || record->unterminated || record->line_breaks;
  if (!record->line_breaks) offer_without_empty_cell(repair, record, cells);
  if (damaged_quote) offer_literal_quotes(repair, line, line_length, cells);
  if (record->cells->len < repair->columns || damaged_quote) offer_inserted_delimiter(repair, line, line_length, cells);
  if (record->cells->len > repair->columns || damaged_quote)
    offer_joined_pieces(repair, line, line_length, repair->dialect.delimiter, 2, cells);
  if (record->cells->len < repair->columns || damaged_quote) {
    static const char *const others[] = {",", ";", "\t", "|", " "};
    for (gsize i = 0; i < G_N_ELEMENTS(others); i++)
      if (strcmp(others[i], repair->dialect.delimiter) && memchr(line, others[i][0], line_length))
        offer_joined_pieces(repair, line, line_length, others[i], 2, cells);
  }
  gboolean good = repair->best > floor;
  repair->successes += good;
  return good;
}

/* ---- headers ---- */

static double names_fit(const CsvRecord *record) {
  double fit = 0;
  for (guint j = 0; j < record->cells->len; j++) {
    const CsvCell *cell = csv_record_cell(record, j);
    CellKind kind = cell_kind(cell->text, cell->length);
    fit -= kind == CELL_EMPTY ? 2 : kind == CELL_TEXT || cell->quoted ? 0 : kind == CELL_ODD ? 1 : 3;
    if (cell->length > 60) fit -= 2;
    if (memchr(cell->text, '"', cell->length)) fit -= 0.5;
  }
  return fit;
}

static void offer_names(const CsvRecord *record, guint columns, double penalty, double *best, GPtrArray *labels) {
  if (record->cells->len != columns || record->unterminated) return;
  double fit = names_fit(record) - penalty;
  if (fit <= *best) return;
  *best = fit;
  g_ptr_array_set_size(labels, 0);
  for (guint j = 0; j < columns; j++)
    g_ptr_array_add(labels, g_strndup(csv_record_cell(record, j)->text, csv_record_cell(record, j)->length));
}

/* Where two names may have been glued together: "QtyPrice", "IDName", beside quotes. */
static gboolean is_seam(const char *line, gsize at, gsize length, char quote) {
  if (at == 0 || at >= length) return FALSE;
  char before = line[at - 1], here = line[at];
  if (quote && (before == quote || here == quote)) return TRUE;
  return (g_ascii_islower(before) && g_ascii_isupper(here)) ||
         (g_ascii_isupper(before) && g_ascii_isupper(here) && at + 1 < length && g_ascii_islower(line[at + 1]));
}

static guint count_seams(const char *line, gsize length) {
  guint seams = 0;
  for (gsize at = 1; at < length; at++) seams += is_seam(line, at, length, 0);
  return seams;
}

gboolean row_repair_header(const CsvDialect *dialect, guint columns, const char *line, gsize length, gboolean sure,
                           GPtrArray *labels) {
  if (length == 0 || length > MAX_REPAIR_LINE || columns < 2) return FALSE;
  CsvRecord record;
  csv_record_init(&record);
  double best = -G_MAXDOUBLE;
  gsize n = strlen(dialect->delimiter);
  g_autoptr(GString) changed = g_string_new(NULL);
  guint tried = 0;
  gboolean split_words = sure || count_seams(line, length) == 1;
  for (gsize at = 0; at < length; at++) {
    if (dialect->quote && line[at] == dialect->quote && tried++ < MAX_QUOTES_TRIED) {
      csv_parse_record(dialect, line, length, TRUE, at, &record);
      offer_names(&record, columns, 0.5, &best, labels);
    }
    if (n && (is_seam(line, at, length, dialect->quote) && (split_words || !is_seam(line, at, length, 0)))) {
      g_string_truncate(changed, 0);
      g_string_append_len(changed, line, (gssize)at);
      g_string_append(changed, dialect->delimiter);
      g_string_append_len(changed, line + at, (gssize)(length - at));
      csv_parse_record(dialect, changed->str, changed->len, TRUE, CSV_NO_LITERAL, &record);
      offer_names(&record, columns, 1, &best, labels);
    }
    if (n && at + n <= length && !memcmp(line + at, dialect->delimiter, n)) {
      g_string_truncate(changed, 0);
      g_string_append_len(changed, line, (gssize)at);
      g_string_append_len(changed, line + at + n, (gssize)(length - at - n));
      csv_parse_record(dialect, changed->str, changed->len, TRUE, CSV_NO_LITERAL, &record);
      offer_names(&record, columns, 0.5, &best, labels);
    }
  }
  static const char *const others[] = {",", ";", "\t", "|", " "};
  for (gsize i = 0; i < G_N_ELEMENTS(others); i++) {
    CsvDialect other = *dialect;
    g_strlcpy(other.delimiter, others[i], sizeof other.delimiter);
    csv_parse_record(&other, line, length, TRUE, CSV_NO_LITERAL, &record);
    offer_names(&record, columns, 1, &best, labels);
  }
  csv_record_clear(&record);
  return best > -2.0 * columns;
}
