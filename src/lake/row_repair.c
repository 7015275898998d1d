#include "lake/row_repair.h"
#include <math.h>
#include <string.h>

#define MAX_REPAIR_LINE (32u << 10)
#define MAX_QUOTES_TRIED 64
#define SHAPES_PER_COLUMN 256
#define SHAPE_BYTES 32

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
  guint rows; /* learned from */
  GPtrArray *texts; /* owned text of the cells given out */
};

static void append_shape(GString *shape, const char *text, gsize length) {
  g_string_truncate(shape, 0);
  for (gsize i = 0; i < length && shape->len < SHAPE_BYTES; i++) {
    char c = g_ascii_isdigit(text[i]) ? '9' : (g_ascii_isalpha(text[i]) || (text[i] & 0x80)) ? 'A' : text[i];
    if (!shape->len || shape->str[shape->len - 1] != c || (c != '9' && c != 'A'))
      g_string_append_c(shape, c);
  }
}

static void learn(ColumnShapes *column, const char *text, GString *shape) {
  gsize length = strlen(text);
  column->cells++;
  column->kinds[cell_kind(text, length)]++;
  column->mean_length += ((double)length - column->mean_length) / column->cells;
  append_shape(shape, text, length);
  gpointer count = g_hash_table_lookup(column->shapes, shape->str);
  if (count || g_hash_table_size(column->shapes) < SHAPES_PER_COLUMN)
    g_hash_table_insert(column->shapes, g_strdup(shape->str), GUINT_TO_POINTER(GPOINTER_TO_UINT(count) + 1));
}

RowRepair *row_repair_new(const CsvDialect *dialect, const TableLayout *layout, const GPtrArray *records) {
  RowRepair *repair = g_new0(RowRepair, 1);
  repair->dialect = *dialect;
  repair->columns = layout->columns;
  repair->shapes = g_new0(ColumnShapes, layout->columns);
  repair->texts = g_ptr_array_new_with_free_func(g_free);
  for (guint j = 0; j < layout->columns; j++)
    repair->shapes[j].shapes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr(GString) shape = g_string_new(NULL);
  for (guint i = layout->first_record + layout->header_records; i < records->len; i++) {
    const SampleRecord *record = records->pdata[i];
    if (record->cells->len != layout->columns || record->odd || record->filled == 0)
      continue;
    repair->rows++;
    for (guint j = 0; j < layout->columns; j++)
      learn(&repair->shapes[j], record->cells->pdata[j], shape);
  }
  return repair;
}

void row_repair_free(RowRepair *repair) {
  if (!repair)
    return;
  for (guint j = 0; j < repair->columns; j++)
    g_hash_table_unref(repair->shapes[j].shapes);
  g_free(repair->shapes);
  g_ptr_array_unref(repair->texts);
  g_free(repair);
}

/* Log-likelihood of a cell in a column: by its shape, or less sure by its kind. */
static double cell_fit(const RowRepair *repair, guint column, const char *text, gsize length, GString *shape) {
  const ColumnShapes *shapes = &repair->shapes[column];
  append_shape(shape, text, length);
  double total = shapes->cells + 1.0;
  double by_shape = GPOINTER_TO_UINT(g_hash_table_lookup(shapes->shapes, shape->str)) / total;
  double by_kind = (shapes->kinds[cell_kind(text, length)] + 0.01) / total * 0.2;
  /* Free text has ever new shapes: then its length tells a little. */
  if (shapes->mean_length > 0 && length > 0) {
    double ratio = log((double)length / shapes->mean_length);
    by_kind *= exp(-0.15 * ratio * ratio);
  }
  return log(MAX(by_shape, by_kind) + 1e-6);
}

static double cells_fit(const RowRepair *repair, const GArray *cells) {
  g_autoptr(GString) shape = g_string_new(NULL);
  double fit = 0;
  for (guint j = 0; j < cells->len; j++) {
    const CsvCell *cell = &g_array_index(cells, CsvCell, j);
    fit += cell_fit(repair, j, cell->text, cell->length, shape);
  }
  return fit;
}

/* Gives out copies, because candidate parses overwrite one another. */
static void keep(RowRepair *repair, const GArray *from, GArray *to) {
  g_array_set_size(to, 0);
  g_ptr_array_set_size(repair->texts, 0);
  for (guint j = 0; j < from->len; j++) {
    CsvCell cell = g_array_index(from, CsvCell, j);
    char *text = g_strndup(cell.text, cell.length);
    g_ptr_array_add(repair->texts, text);
    cell.text = text;
    g_array_append_val(to, cell);
  }
}

/* One quote of the line is an ordinary character. */
static gboolean try_stray_quote(RowRepair *repair, const char *line, gsize length, GArray *cells, double *best) {
  const char quote = repair->dialect.quote;
  if (!quote)
    return FALSE;
  gboolean found = FALSE;
  CsvRecord record;
  csv_record_init(&record);
  guint tried = 0;
  for (gsize i = 0; i < length && tried < MAX_QUOTES_TRIED; i++) {
    if (line[i] != quote)
      continue;
    tried++;
    csv_parse_record(&repair->dialect, line, length, TRUE, i, &record);
    if (record.cells->len != repair->columns || record.unterminated)
      continue;
    double fit = cells_fit(repair, record.cells);
    if (!found || fit > *best) {
      *best = fit;
      keep(repair, record.cells, cells);
      found = TRUE;
    }
  }
  csv_record_clear(&record);
  return found;
}

/* One cell too many: an empty one is superfluous, the one whose going makes the others fit best. */
static gboolean try_surplus_cell(RowRepair *repair, const CsvRecord *record, GArray *cells, double *best) {
  if (record->cells->len != repair->columns + 1)
    return FALSE;
  gboolean found = FALSE;
  g_autoptr(GArray) candidate = g_array_new(FALSE, FALSE, sizeof(CsvCell));
  for (guint skip = 0; skip < record->cells->len; skip++) {
    if (csv_record_cell(record, skip)->length > 0)
      continue;
    g_array_set_size(candidate, 0);
    for (guint i = 0; i < record->cells->len; i++)
      if (i != skip)
        g_array_append_val(candidate, *csv_record_cell(record, i));
    double fit = cells_fit(repair, candidate);
    if (!found || fit > *best) {
      *best = fit;
      keep(repair, candidate, cells);
      found = TRUE;
    }
  }
  return found;
}

static gboolean is_cut(const char *text, gsize at) {
  return (text[at] & 0xc0) != 0x80; /* between characters */
}

/* One cell too few: two were glued together. Every place to cut is tried. */
static gboolean try_missing_delimiter(RowRepair *repair, const CsvRecord *record, GArray *cells, double *best) {
  guint have = record->cells->len;
  if (have + 1 != repair->columns || repair->columns < 2)
    return FALSE;
  g_autoptr(GString) shape = g_string_new(NULL);
  g_autofree double *before = g_new0(double, have + 1); /* fit of cells [0, i) in place */
  g_autofree double *after = g_new0(double, have + 1);  /* fit of cells [i, have) one column on */
  for (guint i = 0; i < have; i++) {
    const CsvCell *cell = csv_record_cell(record, i);
    before[i + 1] = before[i] + cell_fit(repair, i, cell->text, cell->length, shape);
  }
  for (guint i = have; i-- > 0;) {
    const CsvCell *cell = csv_record_cell(record, i);
    after[i] = after[i + 1] + cell_fit(repair, i + 1, cell->text, cell->length, shape);
  }
  double top = -G_MAXDOUBLE;
  guint cut_cell = 0;
  gsize cut_at = 0;
  for (guint i = 0; i < have; i++) {
    const CsvCell *cell = csv_record_cell(record, i);
    for (gsize at = 0; at <= cell->length && at <= MAX_REPAIR_LINE; at++) {
      if (at < cell->length && !is_cut(cell->text, at))
        continue;
      double fit = before[i] + cell_fit(repair, i, cell->text, at, shape) +
                   cell_fit(repair, i + 1, cell->text + at, cell->length - at, shape) + after[i + 1];
      if (fit > top + 1e-9) {
        top = fit;
        cut_cell = i;
        cut_at = at;
      }
    }
  }
  g_autoptr(GArray) candidate = g_array_new(FALSE, FALSE, sizeof(CsvCell));
  for (guint i = 0; i < have; i++) {
    CsvCell cell = *csv_record_cell(record, i);
    if (i == cut_cell) {
      CsvCell head = {cell.text, cut_at, cell.quoted};
      g_array_append_val(candidate, head);
      cell.text += cut_at;
      cell.length -= cut_at;
    }
    g_array_append_val(candidate, cell);
  }
  *best = top;
  keep(repair, candidate, cells);
  return TRUE;
}

/*
 * The row is written with another delimiter, which also stands within cells: pieces are joined again so that the
 * cells fit their columns best (dynamic programme over pieces and columns).
 */
static gboolean try_other_delimiter(RowRepair *repair, const char *line, gsize length, char delimiter, GArray *cells, double *best) {
  CsvDialect dialect = repair->dialect;
  dialect.delimiter[0] = delimiter;
  dialect.delimiter[1] = '\0';
  dialect.skip_space = FALSE;
  if (!memchr(line, delimiter, length))
    return FALSE;
  CsvRecord record;
  csv_record_init(&record);
  csv_parse_record(&dialect, line, length, TRUE, CSV_NO_LITERAL, &record);
  guint pieces = record.cells->len, columns = repair->columns;
  gboolean found = FALSE;
  if (pieces >= columns && pieces <= 400 && columns <= 200) {
    g_autoptr(GString) shape = g_string_new(NULL), joined = g_string_new(NULL);
    gsize width = columns + 1;
    g_autofree double *score = g_new(double, (pieces + 1) * width);
    g_autofree guint *from = g_new0(guint, (pieces + 1) * width);
    for (gsize i = 0; i < (pieces + 1) * width; i++)
      score[i] = -G_MAXDOUBLE;
    score[0] = 0;
    for (guint end = 1; end <= pieces; end++)
      for (guint start = end; start-- > 0;) {
        /* quoted pieces stand alone */
        if (end - start > 40 || (end - start > 1 && (csv_record_cell(&record, start)->quoted || csv_record_cell(&record, end - 1)->quoted)))
          break;
        g_string_truncate(joined, 0);
        for (guint i = start; i < end; i++) {
          if (i > start)
            g_string_append_c(joined, delimiter);
          g_string_append_len(joined, csv_record_cell(&record, i)->text, (gssize)csv_record_cell(&record, i)->length);
        }
        for (guint column = 0; column < columns && column <= start; column++) {
          if (score[start * width + column] == -G_MAXDOUBLE)
            continue;
          double fit = score[start * width + column] + cell_fit(repair, column, joined->str, joined->len, shape);
          if (fit > score[end * width + column + 1]) {
            score[end * width + column + 1] = fit;
            from[end * width + column + 1] = start;
          }
        }
      }
    if (score[pieces * width + columns] > -G_MAXDOUBLE) {
      *best = score[pieces * width + columns];
      g_autoptr(GArray) spans = g_array_sized_new(FALSE, TRUE, sizeof(CsvCell), columns);
      g_array_set_size(spans, columns);
      g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
      guint end = pieces;
      for (guint column = columns; column-- > 0;) {
        guint start = from[end * width + column + 1];
        g_string_truncate(joined, 0);
        for (guint i = start; i < end; i++) {
          if (i > start)
            g_string_append_c(joined, delimiter);
          g_string_append_len(joined, csv_record_cell(&record, i)->text, (gssize)csv_record_cell(&record, i)->length);
        }
        g_ptr_array_add(texts, g_strdup(joined->str));
        g_array_index(spans, CsvCell, column) = (CsvCell){texts->pdata[texts->len - 1], joined->len, FALSE};
        end = start;
      }
      keep(repair, spans, cells);
      found = TRUE;
    }
  }
  csv_record_clear(&record);
  return found;
}

gsize row_repair_try(RowRepair *repair, const CsvRecord *record, const char *line, gsize line_length, GArray *cells) {
  if (repair->rows < 3 || repair->columns < 2 || line_length == 0 || line_length > MAX_REPAIR_LINE)
    return 0;
  /* Each column may miss its usual shape a little; more means that nothing fits. */
  double worst_accepted = -4.0 * repair->columns;
  double fit = 0;
  gboolean single_line = record->line_breaks == 0;
  if (single_line && try_surplus_cell(repair, record, cells, &fit) && fit > worst_accepted)
    return line_length;
  if ((record->stray_quote || record->unterminated || !single_line) && try_stray_quote(repair, line, line_length, cells, &fit) &&
      fit > worst_accepted)
    return line_length;
  if (single_line && try_missing_delimiter(repair, record, cells, &fit) && fit > worst_accepted)
    return line_length;
  if (record->cells->len * 2 <= repair->columns || record->cells->len == 1 || record->stray_quote) {
    static const char others[] = ",;\t| ";
    for (const char *other = others; *other; other++)
      if (repair->dialect.delimiter[0] != *other && try_other_delimiter(repair, line, line_length, *other, cells, &fit) &&
          fit > worst_accepted)
        return line_length;
  }
  return 0;
}
