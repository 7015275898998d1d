/* A page to print: plain HTML that runs nothing and fetches nothing. */
#include <string.h>

#include "media/media.h"

static const char style[] =
    "body{font:11pt/1.45 'DejaVu Sans',Arial,sans-serif;color:#1b1d22;max-width:60em;margin:2em auto;padding:0 1em}"
    "h1{font-size:17pt;margin:0 0 .2em}p{margin:.4em 0}.said{font-size:12.5pt}.small{color:#5b606b;font-size:9pt}"
    "img{max-width:100%;margin:1em 0}table{border-collapse:collapse;width:100%;margin:1em 0;font-size:9.5pt}"
    "th,td{padding:.25em .6em;border-bottom:1px solid #d9dce2;text-align:left;vertical-align:top}"
    "th{border-bottom:2px solid #1b1d22}.number{text-align:right;font-variant-numeric:tabular-nums}"
    "pre{white-space:pre-wrap;background:#f4f5f7;padding:.8em;font-size:8.5pt}tr,img,pre{break-inside:avoid}thead{display:table-header-group}"
    "@media print{body{margin:0;max-width:none}}";

static void append_escaped(GString *out, const char *text) {
  if (text == NULL) return;
  g_autofree char *escaped = g_markup_escape_text(text, -1);
  g_string_append(out, escaped);
}

static void append_paragraph(GString *out, const char *class, const char *before, const char *text) {
  if (text == NULL || *text == '\0') return;
  g_string_append_printf(out, "<p class=\"%s\">%s", class, before);
  append_escaped(out, text);
  g_string_append(out, "</p>\n");
}

static gboolean is_number(const json_t *column) {
  return g_strcmp0(json_get_string(column, "role"), "measure") == 0;
}

static void append_cells(GString *out, const char *tag, const json_t *columns, const json_t *row) {
  g_string_append(out, "<tr>");
  for (gsize c = 0; c < json_array_size(columns); c++) {
    const json_t *column = json_array_get(columns, c);
    g_autofree char *text = row != NULL ? media_cell_text(column, json_array_get(row, c)) : g_strdup(json_get_string(column, "label"));
    g_string_append_printf(out, "<%s%s>", tag, is_number(column) ? " class=\"number\"" : "");
    append_escaped(out, text);
    g_string_append_printf(out, "</%s>", tag);
  }
  g_string_append(out, "</tr>\n");
}

static void append_table(GString *out, const json_t *answer) {
  const json_t *columns = json_object_get(answer, "columns"), *rows = json_object_get(answer, "rows");
  gsize n = json_array_size(rows);
  if (n == 0) return;
  g_string_append(out, "<table>\n<thead>");
  append_cells(out, "th", columns, NULL);
  g_string_append(out, "</thead>\n<tbody>\n");
  for (gsize r = 0; r < MIN(n, MEDIA_PRINT_ROWS); r++) append_cells(out, "td", columns, json_array_get(rows, r));
  g_string_append(out, "</tbody>\n</table>\n");
  if (n > MEDIA_PRINT_ROWS)
    g_string_append_printf(out, "<p class=\"small\">The first %d of %" G_GSIZE_FORMAT " rows.</p>\n", MEDIA_PRINT_ROWS, n);
}

static void append_sources(GString *out, const json_t *answer) {
  const json_t *caveats = json_object_get(answer, "caveats"), *sources = json_object_get(answer, "sources");
  for (gsize i = 0; i < json_array_size(caveats); i++)
    append_paragraph(out, "small", "Note: ", json_get_string(json_array_get(caveats, i), "text"));
  for (gsize i = 0; i < json_array_size(sources); i++) {
    const json_t *source = json_array_get(sources, i);
    g_autofree char *text = g_strdup_printf("%s, version %" G_GINT64_FORMAT ", data through %s", json_get_string(source, "table"),
                                            json_get_int(source, "version", 0),
                                            json_get_string(source, "data_through") != NULL ? json_get_string(source, "data_through") : "unknown");
    append_paragraph(out, "small", "Source: ", text);
  }
  append_paragraph(out, "small", "Counted from ", json_get_string(answer, "as_of"));
  const char *sql = json_get_string(answer, "sql");
  if (sql == NULL) return;
  g_string_append(out, "<pre>");
  append_escaped(out, sql);
  g_string_append(out, "</pre>\n");
}

char *media_printable(const json_t *answer, const char *svg) {
  const char *restatement = json_get_string(answer, "restatement"), *question = json_get_string(answer, "question");
  const char *title = question != NULL ? question : restatement != NULL ? restatement : "Answer";
  GString *out = g_string_new("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>");
  append_escaped(out, title);
  g_string_append_printf(out, "</title><style>%s</style></head><body>\n<h1>", style);
  append_escaped(out, title);
  g_string_append(out, "</h1>\n");
  append_paragraph(out, "small", "Understood: ", restatement);
  append_paragraph(out, "said", "", json_get_string(answer, "narrative"));
  if (svg != NULL) {
    /* As a picture, not as part of the page: nothing in it can run. */
    g_autofree char *encoded = g_base64_encode((const guchar *)svg, strlen(svg));
    g_string_append_printf(out, "<img alt=\"chart\" src=\"data:image/svg+xml;base64,%s\">\n", encoded);
  }
  append_table(out, answer);
  append_sources(out, answer);
  g_string_append(out, "</body></html>\n");
  return g_string_free(out, FALSE);
}
