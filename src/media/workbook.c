/* An answer as an Excel workbook. */
#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>
#include <xlsxwriter.h>

#include "media/media.h"

#define MAX_CELL_CHARACTERS 32767
#define MAX_SHEET_ROWS 1048575
#define MIN_WIDTH 9
#define MAX_WIDTH 48

typedef struct {
  lxw_workbook *book;
  lxw_format *head, *wrapped, *date, *moment;
  lxw_format *numbers[5]; /* by NumberKind */
} Book;
typedef enum { NUMBER_PLAIN, NUMBER_WHOLE, NUMBER_MONEY, NUMBER_PERCENT, NUMBER_POINTS } NumberKind;
static const char *const number_formats[] = {"#,##0.####", "#,##0", "#,##0.00", "0.0%", "0.0\" pp\""};

/* ---- cells ---- */

static void put_text(lxw_worksheet *sheet, lxw_row_t row, lxw_col_t column, const char *text, lxw_format *format) {
  if (text == NULL || *text == '\0') return;
  g_autofree char *cut = g_utf8_strlen(text, -1) > MAX_CELL_CHARACTERS ? g_utf8_substring(text, 0, MAX_CELL_CHARACTERS) : NULL;
  worksheet_write_string(sheet, row, column, cut != NULL ? cut : text, format);
}

static NumberKind number_kind(const json_t *column) {
  const char *unit = json_get_string(column, "unit"), *format = json_get_string(column, "format"), *type = json_get_string(column, "type");
  if (unit != NULL && (strcmp(unit, "fraction") == 0)) return NUMBER_PERCENT;
  if (unit != NULL && strcmp(unit, "pp") == 0) return NUMBER_POINTS;
  if ((unit != NULL && g_str_has_prefix(unit, "currency")) || g_strcmp0(format, "money") == 0) return NUMBER_MONEY;
  if (g_strcmp0(format, "percent") == 0) return NUMBER_PERCENT;
  return g_strcmp0(type, "integer") == 0 ? NUMBER_WHOLE : NUMBER_PLAIN;
}

/* A day as a day; FALSE where it is none, or before Excel's calendar begins. */
static gboolean put_day(const Book *book, lxw_worksheet *sheet, lxw_row_t row, lxw_col_t column, const char *text) {
  Day day;
  if (strlen(text) < 10) return FALSE;
  g_autofree char *date = g_strndup(text, 10);
  if (!day_parse_iso(date, &day) || strcmp(date, "1900-03-01") < 0) return FALSE;
  int hour = 0, minute = 0;
  double second = 0;
  gboolean has_time = text[10] != '\0';
  if (has_time && strlen(text) >= 19) {
    hour = (int)g_ascii_strtoull(text + 11, NULL, 10);
    minute = (int)g_ascii_strtoull(text + 14, NULL, 10);
    second = g_ascii_strtod(text + 17, NULL);
  }
  lxw_datetime moment = {(int)g_ascii_strtoull(date, NULL, 10), (int)g_ascii_strtoull(date + 5, NULL, 10),
                         (int)g_ascii_strtoull(date + 8, NULL, 10), hour, minute, second};
  return worksheet_write_datetime(sheet, row, column, &moment, has_time ? book->moment : book->date) == LXW_NO_ERROR;
}

static void put_cell(const Book *book, lxw_worksheet *sheet, lxw_row_t row, lxw_col_t column, const json_t *described, const json_t *cell) {
  const char *type = json_get_string(described, "type");
  if (json_is_number(cell)) {
    NumberKind kind = number_kind(described);
    double number = json_number_value(cell);
    worksheet_write_number(sheet, row, column, kind == NUMBER_POINTS ? number * 100 : number, book->numbers[kind]);
  } else if (json_is_boolean(cell)) {
    worksheet_write_boolean(sheet, row, column, json_is_true(cell), NULL);
  } else if (json_is_string(cell)) {
    gboolean dated = g_strcmp0(type, "date") == 0 || g_strcmp0(type, "timestamp") == 0;
    if (!dated || !put_day(book, sheet, row, column, json_string_value(cell))) put_text(sheet, row, column, json_string_value(cell), NULL);
  }
}

/* ---- sheets ---- */

static double width_of(const json_t *column, const json_t *rows, gsize index) {
  glong most = g_utf8_strlen(json_get_string(column, "label"), -1) + 2;
  for (gsize r = 0; r < MIN(json_array_size(rows), 200); r++) {
    g_autofree char *text = media_cell_text(column, json_array_get(json_array_get(rows, r), index));
    most = MAX(most, g_utf8_strlen(text, -1) + 1);
  }
  return (double)CLAMP(most, MIN_WIDTH, MAX_WIDTH);
}

static void write_rows(const Book *book, const json_t *answer) {
  const json_t *columns = json_object_get(answer, "columns"), *rows = json_object_get(answer, "rows");
  lxw_worksheet *sheet = workbook_add_worksheet(book->book, "Answer");
  gsize n_columns = json_array_size(columns), n_rows = MIN(json_array_size(rows), MAX_SHEET_ROWS);
  for (gsize c = 0; c < n_columns; c++)
    worksheet_set_column(sheet, (lxw_col_t)c, (lxw_col_t)c, width_of(json_array_get(columns, c), rows, c), NULL);
  worksheet_freeze_panes(sheet, 1, 0);
  if (n_columns > 0 && n_rows > 0) worksheet_autofilter(sheet, 0, 0, (lxw_row_t)n_rows, (lxw_col_t)(n_columns - 1));
  for (gsize c = 0; c < n_columns; c++) put_text(sheet, 0, (lxw_col_t)c, json_get_string(json_array_get(columns, c), "label"), book->head);
  for (gsize r = 0; r < n_rows; r++) {
    const json_t *row = json_array_get(rows, r);
    for (gsize c = 0; c < n_columns; c++)
      put_cell(book, sheet, (lxw_row_t)(r + 1), (lxw_col_t)c, json_array_get(columns, c), json_array_get(row, c));
  }
}

typedef struct {
  const Book *book;
  lxw_worksheet *sheet;
  lxw_row_t next;
} Notes;

static void note(Notes *notes, const char *what, const char *text) {
  if (text == NULL || *text == '\0') return;
  put_text(notes->sheet, notes->next, 0, what, notes->book->head);
  put_text(notes->sheet, notes->next++, 1, text, notes->book->wrapped);
}

static void note_sources(Notes *notes, const json_t *answer) {
  const json_t *caveats = json_object_get(answer, "caveats"), *sources = json_object_get(answer, "sources");
  for (gsize i = 0; i < json_array_size(caveats); i++) note(notes, "Note", json_get_string(json_array_get(caveats, i), "text"));
  for (gsize i = 0; i < json_array_size(sources); i++) {
    const json_t *source = json_array_get(sources, i);
    const char *through = json_get_string(source, "data_through");
    g_autofree char *text = g_strdup_printf("%s, version %" G_GINT64_FORMAT ", data through %s", json_get_string(source, "table"),
                                            json_get_int(source, "version", 0), through != NULL ? through : "unknown");
    note(notes, "Source", text);
  }
}

static void write_notes(const Book *book, const json_t *answer) {
  Notes notes = {book, workbook_add_worksheet(book->book, "About"), 0};
  worksheet_set_column(notes.sheet, 0, 0, 18, NULL);
  worksheet_set_column(notes.sheet, 1, 1, 100, NULL);
  note(&notes, "Question", json_get_string(answer, "question"));
  note(&notes, "Understood", json_get_string(answer, "restatement"));
  note(&notes, "Answer", json_get_string(answer, "narrative"));
  const json_t *filters = json_object_get(json_object_get(answer, "resolved"), "filters"), *time = json_object_get(json_object_get(answer, "resolved"), "time");
  g_autofree char *filter_text = filters != NULL ? json_to_text(filters, JSON_PLAIN) : NULL;
  g_autofree char *time_text = json_is_object(time) ? g_strdup_printf("%s to before %s", json_get_string(time, "from"), json_get_string(time, "to")) : NULL;
  note(&notes, "Filters", filter_text);
  note(&notes, "Period", time_text);
  note(&notes, "Counted from", json_get_string(answer, "as_of"));
  note_sources(&notes, answer);
  note(&notes, "SQL", json_get_string(answer, "sql"));
  note(&notes, "Answer id", json_get_string(answer, "id"));
}

static void add_formats(Book *made) {
  Book book = *made;
  book.head = workbook_add_format(book.book);
  format_set_bold(book.head);
  book.wrapped = workbook_add_format(book.book);
  format_set_text_wrap(book.wrapped);
  book.date = workbook_add_format(book.book);
  format_set_num_format(book.date, "yyyy-mm-dd");
  book.moment = workbook_add_format(book.book);
  format_set_num_format(book.moment, "yyyy-mm-dd hh:mm:ss");
  for (guint i = 0; i < G_N_ELEMENTS(number_formats); i++) {
    book.numbers[i] = workbook_add_format(book.book);
    format_set_num_format(book.numbers[i], number_formats[i]);
  }
  *made = book;
}

static GBytes *write_book(const json_t *answer, const char *path, GError **error) {
  /* Rows go to the disk as they are written, so that memory does not grow with them. */
  lxw_workbook_options options = {.constant_memory = LXW_TRUE};
  Book book = {.book = workbook_new_opt(path, &options)};
  if (book.book == NULL) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_IO, "the workbook cannot be begun");
    return NULL;
  }
  add_formats(&book);
  write_rows(&book, answer);
  write_notes(&book, answer);
  lxw_error result = workbook_close(book.book);
  if (result != LXW_NO_ERROR) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_IO, "the workbook could not be written: %s", lxw_strerror(result));
    return NULL;
  }
  char *content = NULL;
  gsize length = 0;
  return g_file_get_contents(path, &content, &length, error) ? g_bytes_new_take(content, length) : NULL;
}

GBytes *media_workbook(const json_t *answer, GError **error) {
  g_autofree char *path = g_build_filename(g_get_tmp_dir(), "aisle-XXXXXX.xlsx", NULL);
  int file = g_mkstemp_full(path, 0, 0600);
  if (file < 0) {
    aisle_error_set_errno(error, errno, "write a temporary file");
    return NULL;
  }
  close(file);
  GBytes *bytes = write_book(answer, path, error);
  g_unlink(path);
  return bytes;
}
