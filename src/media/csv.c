/* Rows as CSV, safe to open in a spreadsheet. */
#include <string.h>

#include "media/media.h"

/* Spreadsheets run text that begins so; leading blanks do not stop them. */
static gboolean looks_like_formula(const char *text) {
  const char *first = text + strspn(text, " \t\r\n");
  if (first != text && *text != ' ') return TRUE;
  static const char *const wide[] = {"\xef\xbc\x9d", "\xef\xbc\x8b", "\xef\xbc\x8d", "\xef\xbc\xa0"}; /* full-width = + - @ */
  for (guint i = 0; i < G_N_ELEMENTS(wide); i++) {
    if (g_str_has_prefix(first, wide[i])) return TRUE;
  }
  return *first != '\0' && strchr("=+-@", *first) != NULL;
}

static void append_text(GString *out, const char *text) {
  gboolean formula = looks_like_formula(text);
  if (!formula && strpbrk(text, ",\"\r\n") == NULL) {
    g_string_append(out, text);
    return;
  }
  g_string_append(out, formula ? "\"'" : "\"");
  for (const char *p = text; *p != '\0'; p++) {
    if (*p == '"') g_string_append_c(out, '"');
    g_string_append_c(out, *p);
  }
  g_string_append_c(out, '"');
}

void media_csv_header(GString *out, const json_t *columns) {
  for (gsize i = 0; i < json_array_size(columns); i++) {
    const json_t *column = json_array_get(columns, i);
    const char *label = json_get_string(column, "label");
    if (i > 0) g_string_append_c(out, ',');
    append_text(out, label != NULL && *label != '\0' ? label : json_get_string(column, "name"));
  }
  g_string_append(out, "\r\n");
}

void media_csv_row(GString *out, const json_t *row) {
  for (gsize i = 0; i < json_array_size(row); i++) {
    const json_t *cell = json_array_get(row, i);
    if (i > 0) g_string_append_c(out, ',');
    if (json_is_string(cell)) append_text(out, json_string_value(cell));
    else if (!json_is_null(cell)) json_append(out, cell, JSON_PLAIN);
  }
  g_string_append(out, "\r\n");
}
