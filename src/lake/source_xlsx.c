/* Worksheets of an Excel workbook (ECMA-376 part 1), staged as text, one table a sheet. Sheets are streamed. */
#include "lake/cell_date.h"
#include "lake/import.h"
#include "lake/xlsx_parts.h"
#include "lake/zip_archive.h"
#include <math.h>
#include <string.h>

#define DAY_MICROSECONDS (G_GINT64_CONSTANT(86400) * 1000000)

/* State while a sheet's XML goes by. */
typedef struct {
  const XlsxWorkbook *workbook;
  ImportContext *context;
  DiskWriter *out;  /* NULL while only the width is taken */
  guint width;      /* of the widest row */
  GPtrArray *cells; /* of char*, of the current row; NULL: no cell */
  GString *value;   /* text of the current cell */
  char type;        /* n number, s shared string, t text, b boolean, e error */
  guint style, column;
  gboolean in_value, in_cell;
  gint64 rows;
} Sheet;

/* "BC12" -> 54; -1 when it is no reference. */
static gint64 column_of(const char *reference) {
  gint64 column = 0;
  for (; g_ascii_isupper(*reference) && column <= CSV_MAX_COLUMNS; reference++)
    column = column * 26 + (*reference - 'A' + 1);
  return column - 1;
}

static void sheet_start(GMarkupParseContext *parser, const char *element, const char **names, const char **values,
                        gpointer data, GError **error) {
  Sheet *sheet = data;
  (void)parser;
  const char *name = xlsx_local_name(element);
  if (!strcmp(name, "row")) {
    g_ptr_array_set_size(sheet->cells, 0);
    sheet->column = 0;
  } else if (!strcmp(name, "c")) {
    const char *reference = xlsx_attribute(names, values, "r"), *type = xlsx_attribute(names, values, "t"),
               *style = xlsx_attribute(names, values, "s");
    gint64 column = reference ? column_of(reference) : -1;
    if (column >= 0) sheet->column = (guint)column;
    if (sheet->column >= CSV_MAX_COLUMNS) {
      g_set_error(error, AISLE_ERROR, AISLE_ERROR_TOO_LARGE, "more than %d columns", CSV_MAX_COLUMNS);
      return;
    }
    sheet->type = !type || !strcmp(type, "n") ? 'n'
                  : !strcmp(type, "s")        ? 's'
                  : !strcmp(type, "b")        ? 'b'
                  : !strcmp(type, "e")        ? 'e'
                                              : 't';
    sheet->style = style ? (guint)g_ascii_strtoull(style, NULL, 10) : 0;
    sheet->in_cell = TRUE;
    g_string_truncate(sheet->value, 0);
  } else if (sheet->in_cell && (!strcmp(name, "v") || !strcmp(name, "t"))) {
    sheet->in_value = TRUE;
  }
}

static void sheet_text(GMarkupParseContext *parser, const char *text, gsize length, gpointer data, GError **error) {
  Sheet *sheet = data;
  (void)parser;
  (void)error;
  if (sheet->in_value) g_string_append_len(sheet->value, text, (gssize)length);
}

/* Days since the epoch of the workbook, with a fraction: a date, a time of day or both. */
static char *date_text(const XlsxWorkbook *workbook, double serial) {
  g_autoptr(GString) text = g_string_new(NULL);
  double whole = floor(serial);
  gint64 microseconds = (gint64)llround((serial - whole) * 86400.0) * 1000000;
  Day day = (workbook->from_1904 ? day_from_ymd(1904, 1, 1) : day_from_ymd(1899, 12, 30)) + (Day)whole;
  if (microseconds >= DAY_MICROSECONDS) {
    microseconds -= DAY_MICROSECONDS;
    day++;
  }
  if (serial < 1 && !workbook->from_1904)
    time_append(text, microseconds);
  else if (microseconds == 0)
    date_append(text, day);
  else
    timestamp_append(text, day, microseconds);
  return g_strdup(text->str);
}

static char *cell_text(const Sheet *sheet) {
  const char *value = sheet->value->str;
  if (sheet->type == 's') {
    guint64 index = g_ascii_strtoull(value, NULL, 10);
    return g_strdup(index < sheet->workbook->strings->len ? sheet->workbook->strings->pdata[index] : "");
  }
  if (sheet->type == 'b') return g_strdup(*value == '1' ? "true" : "false");
  if (sheet->type == 'e') return g_strdup("");
  if (sheet->type == 'n' && *value && xlsx_style_is_date(sheet->workbook, sheet->style)) {
    double serial = g_ascii_strtod(value, NULL);
    if (serial >= 0 && serial < 2958466) /* the year 10000 */
      return date_text(sheet->workbook, serial);
  }
  return g_strdup(value);
}

static void put_row(Sheet *sheet) {
  g_autoptr(GString) line = g_string_new(NULL);
  gboolean filled = FALSE;
  for (guint i = 0; i < sheet->width; i++) {
    const char *cell = i < sheet->cells->len && sheet->cells->pdata[i] ? sheet->cells->pdata[i] : "";
    filled = filled || *cell;
    g_string_append(line, i ? ",\"" : "\"");
    for (const char *p = cell; *p; p++) {
      if (*p == '"') g_string_append_c(line, '"');
      g_string_append_c(line, *p);
    }
    g_string_append_c(line, '"');
  }
  g_string_append_c(line, '\n');
  if (filled) {
    disk_writer_add(sheet->out, line->str, line->len);
    sheet->rows++;
  }
}

static void sheet_end(GMarkupParseContext *parser, const char *element, gpointer data, GError **error) {
  Sheet *sheet = data;
  (void)parser;
  const char *name = xlsx_local_name(element);
  if (!strcmp(name, "v") || !strcmp(name, "t")) {
    sheet->in_value = FALSE;
  } else if (!strcmp(name, "c")) {
    if (sheet->cells->len <= sheet->column) g_ptr_array_set_size(sheet->cells, (gint)sheet->column + 1);
    g_free(sheet->cells->pdata[sheet->column]);
    sheet->cells->pdata[sheet->column] = cell_text(sheet);
    sheet->column++;
    sheet->in_cell = FALSE;
  } else if (!strcmp(name, "row")) {
    if (sheet->out)
      put_row(sheet);
    else
      sheet->width = MAX(sheet->width, sheet->cells->len);
    if (sheet->rows % 4096 == 0) deadline_check(sheet->context->deadline, error);
  }
}

/* Two passes: rows leave out what is empty at their end, so that the width is only known at the end. */
static gboolean stage_sheet(ImportContext *context, ZipArchive *archive, const XlsxWorkbook *workbook,
                            const XlsxSheet *description, const char *staged, gint64 *rows, GError **error) {
  static const GMarkupParser callbacks = {sheet_start, sheet_end, sheet_text, NULL, NULL};
  g_autoptr(DiskWriter) out = disk_writer_new(staged, FALSE, error);
  if (!out) return FALSE;
  Sheet sheet = {.workbook = workbook,
                 .context = context,
                 .cells = g_ptr_array_new_with_free_func(g_free),
                 .value = g_string_new(NULL)};
  gboolean good = xlsx_parse_part(archive, description->part, &callbacks, &sheet, error);
  sheet.out = out;
  good = good && xlsx_parse_part(archive, description->part, &callbacks, &sheet, error);
  *rows = sheet.rows;
  g_ptr_array_unref(sheet.cells);
  g_string_free(sheet.value, TRUE);
  return good && disk_writer_close(g_steal_pointer(&out), error);
}

GPtrArray *source_xlsx_tables(ImportContext *context, const TableSource *source, GError **error) {
  g_autoptr(ZipArchive) archive = zip_archive_open(source->paths->pdata[0], error);
  g_autoptr(XlsxWorkbook) workbook = archive ? xlsx_workbook_read(archive, error) : NULL;
  if (!workbook) {
    g_prefix_error(error, "%s: ", source->shown);
    return NULL;
  }
  g_autoptr(GPtrArray) sources = g_ptr_array_new_with_free_func((GDestroyNotify)table_source_free);
  for (guint i = 0; i < workbook->sheets->len; i++) {
    const XlsxSheet *sheet = workbook->sheets->pdata[i];
    g_autofree char *file = g_strdup_printf("sheet-%u.csv", i);
    TableSource *text = g_new0(TableSource, 1);
    text->kind = SOURCE_TEXT;
    text->name = workbook->sheets->len == 1 ? g_strdup(source->name) : g_strdup(sheet->name);
    text->shown = g_strdup_printf("%s (%s)", source->shown, sheet->name);
    text->paths = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(text->paths, g_build_filename(context->staging, file, NULL));
    gint64 rows = 0;
    if (!stage_sheet(context, archive, workbook, sheet, text->paths->pdata[0], &rows, error)) {
      g_prefix_error(error, "%s: ", text->shown);
      table_source_free(text);
      return NULL;
    }
    if (rows > 1)
      g_ptr_array_add(sources, text);
    else
      table_source_free(text); /* a title page */
  }
  if (sources->len == 0) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_INPUT, "%s: no sheet has rows", source->shown);
    return NULL;
  }
  return g_steal_pointer(&sources);
}
