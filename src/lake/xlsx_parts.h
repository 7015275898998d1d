/* The parts of an Excel workbook around its sheets: names, shared strings, which styles are dates. Private to the lake.
 */
#pragma once
#include "lake/zip_archive.h"

typedef struct {
  char *name, *part; /* "Orders", "xl/worksheets/sheet1.xml" */
} XlsxSheet;

typedef struct {
  GPtrArray *sheets;   /* of XlsxSheet* */
  GPtrArray *strings;  /* of char* */
  GArray *date_styles; /* of gboolean, by cell style */
  gboolean from_1904;  /* days are counted from 1904 */
} XlsxWorkbook;
XlsxWorkbook *xlsx_workbook_read(ZipArchive *archive, GError **error);
void xlsx_workbook_free(XlsxWorkbook *workbook);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XlsxWorkbook, xlsx_workbook_free)
gboolean xlsx_style_is_date(const XlsxWorkbook *workbook, guint style);

/* Streams one part of the archive through a parser. Element names may carry a prefix. */
gboolean xlsx_parse_part(ZipArchive *archive, const char *part, const GMarkupParser *callbacks, gpointer data,
                         GError **error);
const char *xlsx_local_name(const char *element);                                      /* "x:row" -> "row" */
const char *xlsx_attribute(const char **names, const char **values, const char *name); /* NULL: none */
