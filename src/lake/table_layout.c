#include "lake/table_layout.h"
#include <string.h>

#define MAX_HEADER_RECORDS 3
#define BODY_RECORDS 150
#define FIRST_TABLE_RUN 20 /* so many rows of one width are a table, not a preamble */
#define SHORT_ROW_SHARE 0.03

SampleRecord *sample_record_new(const CsvRecord *record) {
  SampleRecord *copy = g_new0(SampleRecord, 1);
  copy->cells = g_ptr_array_new_full(record->cells->len, g_free);
  for (guint i = 0; i < record->cells->len; i++) {
    const CsvCell *cell = csv_record_cell(record, i);
    char *text = g_strndup(cell->text, cell->length);
    gboolean blank = TRUE;
    for (const char *p = text; *p && blank; p++) blank = g_ascii_isspace(*p);
    copy->filled += !blank;
    g_ptr_array_add(copy->cells, text);
  }
  copy->raw = g_strndup(record->raw, record->raw_length);
  copy->line = record->line;
  copy->line_breaks = record->line_breaks;
  copy->odd = record->stray_quote || record->unterminated;
  return copy;
}

void sample_record_free(SampleRecord *record) {
  if (!record) return;
  g_ptr_array_unref(record->cells);
  g_free(record->raw);
  g_free(record);
}

static const SampleRecord *record_at(const GPtrArray *records, guint i) {
  return records->pdata[i];
}

gboolean sample_record_has_typed_cell(const SampleRecord *record) {
  for (guint i = 0; i < record->cells->len; i++) {
    CellKind kind = cell_kind(record->cells->pdata[i], strlen(record->cells->pdata[i]));
    if (kind == CELL_NUMBER || kind == CELL_DATE || kind == CELL_TIME) return TRUE;
  }
  return FALSE;
}

/* Names at the top, at least one row as wide and none wider: rows that are shorter leave out trailing cells. */
static gboolean header_is_widest(const GPtrArray *records, guint *width) {
  const SampleRecord *header = NULL;
  guint as_wide = 0;
  for (guint i = 0; i < records->len; i++) {
    const SampleRecord *record = record_at(records, i);
    if (record->filled == 0) continue;
    if (!header) {
      header = record;
      if (record->cells->len < 3 || record->filled != record->cells->len || record->odd ||
          sample_record_has_typed_cell(record))
        return FALSE;
    } else if (record->cells->len > header->cells->len) {
      return FALSE;
    } else {
      as_wide += record->cells->len == header->cells->len;
    }
  }
  if (!header || as_wide == 0) return FALSE;
  *width = header->cells->len;
  return TRUE;
}

/* The most frequent width; of the first of several tables where they follow one another. */
guint table_layout_count_columns(const GPtrArray *records) {
  g_autoptr(GHashTable) counts = g_hash_table_new(NULL, NULL);
  guint widest;
  if (header_is_widest(records, &widest)) return widest;
  guint best = 1, best_count = 0, run_width = 0, run = 0, filled = 0, narrowest = G_MAXUINT, first = 0;
  for (guint i = 0; i < records->len; i++) {
    const SampleRecord *record = record_at(records, i);
    guint width = record->cells->len;
    if (record->filled == 0) continue;
    filled++;
    first = first ? first : width;
    narrowest = MIN(narrowest, width);
    run = width == run_width ? run + 1 : 1;
    run_width = width;
    if (run >= FIRST_TABLE_RUN && width > 1) return width;
    guint count = GPOINTER_TO_UINT(g_hash_table_lookup(counts, GUINT_TO_POINTER(width))) + 1;
    g_hash_table_insert(counts, GUINT_TO_POINTER(width), GUINT_TO_POINTER(count));
    if (count > best_count || (count == best_count && width > best)) {
      best = width;
      best_count = count;
    }
  }
  /* No width prevails, and no row is shorter than the first: the delimiter stands within cells, the header counts. */
  if (filled >= 8 && best_count * 10 < filled * 6 && first == narrowest && first >= 2) return first;
  return best;
}

/* One of the next `looks` filled records has the width; or there are none. */
static gboolean soon_has_width(const GPtrArray *records, guint from, guint width, guint looks) {
  guint looked_at = 0;
  for (guint i = from; i < records->len && looked_at < looks; i++) {
    if (record_at(records, i)->filled == 0) continue;
    if (record_at(records, i)->cells->len == width) return TRUE;
    looked_at++;
  }
  return looked_at == 0;
}

/* The first record of the table: of its width, or nearly (a damaged header), and filled like a row. */
guint table_layout_find_first(const GPtrArray *records, guint columns) {
  guint needed = columns <= 2 ? 1 : MAX(2, columns / 3);
  guint fallback = 0, widest = 0;
  gboolean have_fallback = FALSE, names_on_top = header_is_widest(records, &widest) && widest == columns;
  for (guint i = 0; i < records->len; i++) {
    const SampleRecord *record = record_at(records, i);
    guint width = record->cells->len;
    if (record->filled == 0) continue;
    if (g_str_has_prefix(record->raw, "sep=") && strlen(record->raw) <= 6) continue; /* a hint for spreadsheets */
    if (names_on_top) return i;
    if (width == columns) {
      /* Names may stand over a damaged row. */
      gboolean names = record->filled == columns && columns >= 3 && !sample_record_has_typed_cell(record);
      if (record->filled >= needed && soon_has_width(records, i + 1, columns, names ? 3 : 1)) return i;
      if (record->filled == columns && columns >= 3 && i + 1 < records->len && !sample_record_has_typed_cell(record) &&
          record_at(records, i + 1)->cells->len > columns && sample_record_has_typed_cell(record_at(records, i + 1)))
        return i; /* a header over rows with delimiters within their cells */
      if (record->filled >= needed && !have_fallback) {
        fallback = i;
        have_fallback = TRUE;
      }
      continue;
    }
    gboolean nearly = columns >= 3 && (width + 1 == columns || width == columns + 1 || record->odd);
    if (nearly && i + 1 < records->len && record_at(records, i + 1)->cells->len == columns &&
        (record->filled + 1 >= columns || record->odd) && !sample_record_has_typed_cell(record) &&
        sample_record_has_typed_cell(record_at(records, i + 1)))
      return i;
  }
  return fallback;
}

static CellKind column_kind(const GPtrArray *records, guint from, guint column, guint columns) {
  guint counts[CELL_ODD + 1] = {0}, filled = 0;
  for (guint i = from; i < records->len && filled < BODY_RECORDS; i++) {
    const SampleRecord *record = record_at(records, i);
    if (record->cells->len != columns) continue;
    const char *cell = sample_record_cell(record, column);
    CellKind kind = cell_kind(cell, strlen(cell));
    if (kind == CELL_EMPTY) continue;
    filled++;
    counts[kind]++;
  }
  for (int kind = CELL_NUMBER; kind <= CELL_LINK; kind++)
    if (filled > 0 && counts[kind] * 10 >= filled * 8) return (CellKind)kind;
  return CELL_TEXT;
}

static void decide_kinds(TableLayout *layout, const GPtrArray *records, guint body) {
  for (guint j = 0; j < layout->columns; j++) layout->kinds[j] = column_kind(records, body, j, layout->columns);
}

static gboolean is_year(const char *text) {
  gint64 value = 0;
  return strlen(text) == 4 && g_ascii_string_to_signed(text, 10, 1900, 2100, &value, NULL);
}

/* "MG-8769" -> "A-9": runs of letters and digits, the rest as it is. */
static void append_shape(GString *shape, const char *text) {
  g_string_truncate(shape, 0);
  for (const char *p = text; *p && shape->len < 24; p++) {
    char c = g_ascii_isdigit(*p) ? '9' : (g_ascii_isalpha(*p) || (*p & 0x80)) ? 'A' : *p;
    if (!shape->len || shape->str[shape->len - 1] != c || (c != '9' && c != 'A')) g_string_append_c(shape, c);
  }
}

/* Votes of a text column on whether `text` is its name: its value must not recur, its shape must differ. */
static double text_column_vote(const GPtrArray *records, guint body, guint column, guint columns, const char *text) {
  g_autoptr(GString) shape = g_string_new(NULL), other = g_string_new(NULL);
  append_shape(shape, text);
  guint rows = 0, same_shape = 0;
  gboolean shapes_agree = TRUE;
  g_autofree char *first_shape = NULL;
  for (guint i = body; i < records->len && rows < BODY_RECORDS; i++) {
    const SampleRecord *record = record_at(records, i);
    const char *cell = sample_record_cell(record, column);
    if (record->cells->len != columns || !*cell) continue;
    rows++;
    if (!strcmp(cell, text)) return -1;
    append_shape(other, cell);
    same_shape += !strcmp(other->str, shape->str);
    if (!first_shape) first_shape = g_strdup(other->str);
    shapes_agree = shapes_agree && !strcmp(first_shape, other->str);
  }
  if (rows < 3 || !shapes_agree || !first_shape || !strpbrk(first_shape, "9-_/")) return 0;
  return same_shape == rows ? -0.5 : 0.5;
}

static double header_score(const TableLayout *layout, const GPtrArray *records, const SampleRecord *record,
                           guint body) {
  double score = 0;
  for (guint j = 0; j < layout->columns; j++) {
    const char *text = sample_record_cell(record, j);
    CellKind kind = cell_kind(text, strlen(text));
    if (kind == CELL_EMPTY) continue;
    if (layout->kinds[j] == CELL_TEXT)
      score +=
          kind == CELL_TEXT || kind == CELL_ODD ? text_column_vote(records, body, j, layout->columns, text) : -0.25;
    else if (kind == CELL_TEXT || kind == CELL_ODD)
      score += 1;
    else if (kind == layout->kinds[j] && !is_year(text))
      score -= 1;
  }
  return score;
}

gboolean table_layout_is_header_like(const TableLayout *layout, const SampleRecord *record) {
  guint typed = 0, named = 0;
  for (guint j = 0; j < layout->columns; j++) {
    const char *text = sample_record_cell(record, j);
    CellKind kind = cell_kind(text, strlen(text));
    if (layout->kinds[j] == CELL_TEXT) continue;
    typed++;
    if (kind == CELL_TEXT || kind == CELL_ODD)
      named++;
    else if (kind != CELL_EMPTY)
      return FALSE;
  }
  return named >= 1 && named * 2 >= typed;
}

/* No column is typed: names are filled, distinct and not numbers. */
static gboolean names_are_plausible(const TableLayout *layout, const SampleRecord *record) {
  g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint j = 0; j < layout->columns; j++) {
    const char *text = sample_record_cell(record, j);
    CellKind kind = cell_kind(text, strlen(text));
    if (kind != CELL_TEXT && kind != CELL_ODD) return FALSE;
    if (!g_hash_table_add(seen, (gpointer)text)) return FALSE;
  }
  return TRUE;
}

static guint next_filled(const GPtrArray *records, guint from) {
  while (from < records->len && record_at(records, from)->filled == 0) from++;
  return from;
}

static guint decide_header(TableLayout *layout, const GPtrArray *records) {
  guint first = layout->first_record, body = first + 1;
  decide_kinds(layout, records, body);
  const SampleRecord *record = record_at(records, first);
  double score = header_score(layout, records, record, body);
  gboolean only_row = next_filled(records, body) >= records->len;
  if (only_row
          ? !names_are_plausible(layout, record) && sample_record_has_typed_cell(record)
          : score < 0 || (score == 0 && !names_are_plausible(layout, record) && sample_record_has_typed_cell(record)))
    return 0;
  guint count = 1;
  while (count < MAX_HEADER_RECORDS && body + 1 < records->len) {
    const SampleRecord *next = record_at(records, body);
    decide_kinds(layout, records, body + 1);
    if (next->cells->len != layout->columns || next->filled == 0 || !table_layout_is_header_like(layout, next) ||
        header_score(layout, records, next, body + 1) < 1)
      break;
    count++;
    body++;
  }
  decide_kinds(layout, records, first + count);
  return count;
}

static void decide_labels(TableLayout *layout, const GPtrArray *records) {
  layout->labels = g_ptr_array_new_with_free_func(g_free);
  for (guint j = 0; j < layout->columns; j++) {
    g_autoptr(GString) label = g_string_new(NULL);
    for (guint h = 0; h < layout->header_records; h++) {
      g_autofree char *part = g_strstrip(g_strdup(sample_record_cell(record_at(records, layout->first_record + h), j)));
      if (*part && label->len) g_string_append_c(label, ' ');
      g_string_append(label, part);
    }
    g_ptr_array_add(layout->labels, g_strdup(label->str));
  }
}

/* Rows that all end in one delimiter too many have one column less. */
static void drop_trailing_empty_column(TableLayout *layout, const GPtrArray *records) {
  if (layout->header_records == 0 || layout->columns < 2 ||
      record_at(records, layout->first_record)->cells->len >= layout->columns)
    return;
  for (guint i = layout->first_record; i < records->len; i++)
    if (record_at(records, i)->cells->len == layout->columns &&
        *sample_record_cell(record_at(records, i), layout->columns - 1))
      return;
  layout->columns--;
}

static gboolean short_rows_are_common(const TableLayout *layout, const GPtrArray *records) {
  guint rows = 0, few = 0, end = records->len;
  while (end > 0 && record_at(records, end - 1)->cells->len != layout->columns)
    end--; /* what follows the last full row may be another table */
  for (guint i = layout->first_record + layout->header_records; i < end; i++) {
    const SampleRecord *record = record_at(records, i);
    if (record->filled == 0 || record->odd) continue;
    rows++;
    few += record->cells->len < layout->columns && record->filled >= 2;
  }
  return few >= 2 && few > rows * SHORT_ROW_SHARE;
}

TableLayout *table_layout_detect(const GPtrArray *records) {
  TableLayout *layout = g_new0(TableLayout, 1);
  layout->columns = table_layout_count_columns(records);
  layout->kinds = g_new0(CellKind, layout->columns);
  if (records->len > 0) {
    layout->first_record = table_layout_find_first(records, layout->columns);
    layout->header_records = decide_header(layout, records);
    drop_trailing_empty_column(layout, records);
    layout->pads_short_rows = short_rows_are_common(layout, records);
  }
  decide_labels(layout, records);
  return layout;
}

void table_layout_free(TableLayout *layout) {
  if (!layout) return;
  g_free(layout->kinds);
  if (layout->labels) g_ptr_array_unref(layout->labels);
  g_free(layout);
}
