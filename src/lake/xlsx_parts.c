#include "lake/xlsx_parts.h"
#include <string.h>

#define MAX_STRING_BYTES (512u << 20)
#define MAX_SHEETS 500

const char *xlsx_local_name(const char *element) {
  const char *colon = strchr(element, ':');
  return colon ? colon + 1 : element;
}

const char *xlsx_attribute(const char **names, const char **values, const char *name) {
  for (; *names; names++, values++)
    if (!strcmp(xlsx_local_name(*names), name)) return *values;
  return NULL;
}

static gboolean feed(const char *bytes, gsize length, gpointer parser, GError **error) {
  return g_markup_parse_context_parse(parser, bytes, (gssize)length, error);
}

gboolean xlsx_parse_part(ZipArchive *archive, const char *part, const GMarkupParser *callbacks, gpointer data,
                         GError **error) {
  GMarkupParseContext *parser = g_markup_parse_context_new(callbacks, G_MARKUP_TREAT_CDATA_AS_TEXT, data, NULL);
  g_autoptr(GError) failing = NULL;
  gboolean good =
      zip_archive_read(archive, part, feed, parser, &failing) && g_markup_parse_context_end_parse(parser, &failing);
  g_markup_parse_context_free(parser);
  if (!good) {
    if (failing->domain == G_MARKUP_ERROR)
      g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_INPUT, "%s: %s", part, failing->message);
    else
      g_propagate_error(error, g_steal_pointer(&failing));
  }
  return good;
}

static void sheet_free(XlsxSheet *sheet) {
  g_free(sheet->name);
  g_free(sheet->part);
  g_free(sheet);
}

void xlsx_workbook_free(XlsxWorkbook *workbook) {
  if (!workbook) return;
  g_ptr_array_unref(workbook->sheets);
  g_ptr_array_unref(workbook->strings);
  g_array_unref(workbook->date_styles);
  g_free(workbook);
}

gboolean xlsx_style_is_date(const XlsxWorkbook *workbook, guint style) {
  return style < workbook->date_styles->len && g_array_index(workbook->date_styles, gboolean, style);
}

/* ---- workbook.xml and its relations ---- */

static void relation_start(GMarkupParseContext *parser, const char *element, const char **names, const char **values,
                           gpointer data, GError **error) {
  (void)parser;
  (void)error;
  const char *id = xlsx_attribute(names, values, "Id"), *target = xlsx_attribute(names, values, "Target");
  if (strcmp(xlsx_local_name(element), "Relationship") || !id || !target) return;
  char *part = *target == '/' ? g_strdup(target + 1) : g_strconcat("xl/", target, NULL);
  g_hash_table_insert(data, g_strdup(id), part);
}

typedef struct {
  XlsxWorkbook *workbook;
  GHashTable *relations; /* id -> part */
} WorkbookParts;

static void workbook_start(GMarkupParseContext *parser, const char *element, const char **names, const char **values,
                           gpointer data, GError **error) {
  WorkbookParts *parts = data;
  (void)parser;
  (void)error;
  const char *name = xlsx_local_name(element);
  if (!strcmp(name, "workbookPr")) {
    const char *from_1904 = xlsx_attribute(names, values, "date1904");
    parts->workbook->from_1904 = from_1904 && (!strcmp(from_1904, "1") || !strcmp(from_1904, "true"));
  } else if (!strcmp(name, "sheet") && parts->workbook->sheets->len < MAX_SHEETS) {
    const char *title = xlsx_attribute(names, values, "name"), *id = xlsx_attribute(names, values, "id");
    const char *part = id ? g_hash_table_lookup(parts->relations, id) : NULL;
    if (!title || !part) return;
    XlsxSheet *sheet = g_new(XlsxSheet, 1);
    *sheet = (XlsxSheet){g_strdup(title), g_strdup(part)};
    g_ptr_array_add(parts->workbook->sheets, sheet);
  }
}

/* ---- sharedStrings.xml ---- */

typedef struct {
  GPtrArray *strings;
  GString *text;
  gboolean in_text, in_phonetic;
  gsize bytes;
} SharedStrings;

static void strings_start(GMarkupParseContext *parser, const char *element, const char **names, const char **values,
                          gpointer data, GError **error) {
  SharedStrings *shared = data;
  (void)parser;
  (void)names;
  (void)values;
  (void)error;
  const char *name = xlsx_local_name(element);
  if (!strcmp(name, "si"))
    g_string_truncate(shared->text, 0);
  else if (!strcmp(name, "rPh"))
    shared->in_phonetic = TRUE;
  else if (!strcmp(name, "t"))
    shared->in_text = TRUE;
}

static void strings_text(GMarkupParseContext *parser, const char *text, gsize length, gpointer data, GError **error) {
  SharedStrings *shared = data;
  (void)parser;
  (void)error;
  if (shared->in_text && !shared->in_phonetic) g_string_append_len(shared->text, text, (gssize)length);
}

static void strings_end(GMarkupParseContext *parser, const char *element, gpointer data, GError **error) {
  SharedStrings *shared = data;
  (void)parser;
  const char *name = xlsx_local_name(element);
  if (!strcmp(name, "t")) {
    shared->in_text = FALSE;
  } else if (!strcmp(name, "rPh")) {
    shared->in_phonetic = FALSE;
  } else if (!strcmp(name, "si")) {
    shared->bytes += shared->text->len + sizeof(char *);
    if (shared->bytes > MAX_STRING_BYTES)
      g_set_error(error, AISLE_ERROR, AISLE_ERROR_TOO_LARGE, "the texts of the workbook take more than %u MB",
                  MAX_STRING_BYTES >> 20);
    else
      g_ptr_array_add(shared->strings, g_strdup(shared->text->str));
  }
}

/* ---- styles.xml ---- */

typedef struct {
  GArray *date_styles;
  GHashTable *date_formats; /* ids of own formats that show dates */
  gboolean in_cell_styles;
} Styles;

/* Number formats 14 to 22 and 45 to 47 are dates and times by definition. */
static gboolean is_builtin_date(guint id) {
  return (id >= 14 && id <= 22) || (id >= 45 && id <= 47) || (id >= 27 && id <= 36) || (id >= 50 && id <= 58);
}

/* A format that shows parts of a date: d, m, y, h, s outside quotes and brackets. */
static gboolean shows_date(const char *format) {
  gboolean quoted = FALSE, bracketed = FALSE;
  for (const char *p = format; *p && *p != ';'; p++) {
    if (*p == '"')
      quoted = !quoted;
    else if (*p == '\\' && p[1])
      p++;
    else if (!quoted && *p == '[')
      bracketed = TRUE;
    else if (!quoted && *p == ']')
      bracketed = FALSE;
    else if (!quoted && !bracketed && strchr("dmyhsDMYHS", *p))
      return TRUE;
  }
  return FALSE;
}

static void styles_start(GMarkupParseContext *parser, const char *element, const char **names, const char **values,
                         gpointer data, GError **error) {
  Styles *styles = data;
  (void)parser;
  (void)error;
  const char *name = xlsx_local_name(element), *id = xlsx_attribute(names, values, "numFmtId");
  guint number = id ? (guint)g_ascii_strtoull(id, NULL, 10) : 0;
  if (!strcmp(name, "cellXfs")) {
    styles->in_cell_styles = TRUE;
  } else if (!strcmp(name, "numFmt")) {
    const char *format = xlsx_attribute(names, values, "formatCode");
    if (format && shows_date(format)) g_hash_table_add(styles->date_formats, GUINT_TO_POINTER(number));
  } else if (!strcmp(name, "xf") && styles->in_cell_styles) {
    gboolean is_date = is_builtin_date(number) || g_hash_table_contains(styles->date_formats, GUINT_TO_POINTER(number));
    g_array_append_val(styles->date_styles, is_date);
  }
}

static void styles_end(GMarkupParseContext *parser, const char *element, gpointer data, GError **error) {
  Styles *styles = data;
  (void)parser;
  (void)error;
  if (!strcmp(xlsx_local_name(element), "cellXfs")) styles->in_cell_styles = FALSE;
}

XlsxWorkbook *xlsx_workbook_read(ZipArchive *archive, GError **error) {
  static const GMarkupParser relations_parser = {relation_start, NULL, NULL, NULL, NULL};
  static const GMarkupParser workbook_parser = {workbook_start, NULL, NULL, NULL, NULL};
  static const GMarkupParser strings_parser = {strings_start, strings_end, strings_text, NULL, NULL};
  static const GMarkupParser styles_parser = {styles_start, styles_end, NULL, NULL, NULL};
  g_autoptr(XlsxWorkbook) workbook = g_new0(XlsxWorkbook, 1);
  workbook->sheets = g_ptr_array_new_with_free_func((GDestroyNotify)sheet_free);
  workbook->strings = g_ptr_array_new_with_free_func(g_free);
  workbook->date_styles = g_array_new(FALSE, TRUE, sizeof(gboolean));
  g_autoptr(GHashTable) relations = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  WorkbookParts parts = {workbook, relations};
  if (!xlsx_parse_part(archive, "xl/_rels/workbook.xml.rels", &relations_parser, relations, error) ||
      !xlsx_parse_part(archive, "xl/workbook.xml", &workbook_parser, &parts, error))
    return NULL;
  if (zip_archive_has(archive, "xl/sharedStrings.xml")) {
    SharedStrings shared = {workbook->strings, g_string_new(NULL), FALSE, FALSE, 0};
    gboolean good = xlsx_parse_part(archive, "xl/sharedStrings.xml", &strings_parser, &shared, error);
    g_string_free(shared.text, TRUE);
    if (!good) return NULL;
  }
  if (zip_archive_has(archive, "xl/styles.xml")) {
    g_autoptr(GHashTable) date_formats = g_hash_table_new(NULL, NULL);
    Styles styles = {workbook->date_styles, date_formats, FALSE};
    if (!xlsx_parse_part(archive, "xl/styles.xml", &styles_parser, &styles, error)) return NULL;
  }
  return g_steal_pointer(&workbook);
}
