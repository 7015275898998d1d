/* Worksheets of an Excel workbook (ECMA-376), staged as text. Written over zip_archive and GMarkup. */
#include "lake/import.h"

GPtrArray *source_xlsx_tables(ImportContext *context, const TableSource *source, GError **error) {
  (void)context;
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_UNSUPPORTED, "%s: Excel workbooks cannot be read; save the sheet as CSV", source->shown);
  return NULL;
}
