/* The quality report as one page: no script, no other file; pictures are SVG drawn from the numbers of the tables beside. */
#include "lake/quality.h"
#include <string.h>

#define BAR_WIDTH 360
#define LINE_WIDTH 520
#define LINE_HEIGHT 90
#define LOADS_DRAWN 40

static const char head[] =
    "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Data quality</title><style>body{font:15px system-ui,sans-serif;margin:2rem auto;"
    "max-width:60rem;color:#222}table{border-collapse:collapse}td,th{padding:.25rem .8rem .25rem 0;text-align:left}td.n{text-align:right}"
    ".bad{color:#a11}h2{margin-top:2rem}svg{vertical-align:middle}</style><h1>Data quality</h1>";

static void append_escaped(GString *html, const char *text) {
  g_autofree char *escaped = g_markup_escape_text(text ? text : "", -1);
  g_string_append(html, escaped);
}

static void append_number(GString *html, gint64 value) {
  g_autofree char *text = text_format_number((double)value, 0);
  g_string_append(html, text);
}

static double bad_share(const QualityReport *report) {
  return report->rows > 0 ? (double)(report->quarantined + report->flagged + report->fixed) / (double)report->rows : 0;
}

static void append_findings(GString *html, const QualityReport *report) {
  gint64 most = 1;
  for (guint i = 0; i < report->findings->len; i++) most = MAX(most, ((QualityFinding *)report->findings->pdata[i])->rows);
  g_string_append(html, "<table><tr><th>Rule<th>Broken when<th>Then<th>Rows<th></tr>");
  for (guint i = 0; i < report->findings->len; i++) {
    const QualityFinding *finding = report->findings->pdata[i];
    g_string_append(html, finding->broken ? "<tr class=\"bad\"><td>" : "<tr><td>");
    append_escaped(html, finding->rule);
    g_string_append(html, "<td>");
    append_escaped(html, finding->reason);
    if (finding->evidence) {
      g_string_append(html, ": ");
      append_escaped(html, finding->evidence);
    }
    g_string_append(html, "<td>");
    append_escaped(html, finding->action);
    g_string_append(html, "<td class=\"n\">");
    append_number(html, finding->rows);
    g_string_append_printf(html, "<td><svg width=\"%d\" height=\"14\" role=\"img\" aria-label=\"%" G_GINT64_FORMAT " rows\"><rect width=\"%d\" height=\"14\" fill=\"#c44\"/></svg></tr>",
                           BAR_WIDTH, finding->rows, (int)((double)finding->rows / (double)most * BAR_WIDTH));
  }
  g_string_append(html, "</table>");
}

/* Share of bad rows from load to load, oldest on the left. */
static void append_line(GString *html, const GPtrArray *reports, const char *table) {
  g_autoptr(GPtrArray) loads = g_ptr_array_new();
  double most = 0.0001;
  for (guint i = 0; i < reports->len && loads->len < LOADS_DRAWN; i++) {
    QualityReport *report = reports->pdata[i];
    if (strcmp(report->table, table)) continue;
    g_ptr_array_insert(loads, 0, report);
    most = MAX(most, bad_share(report));
  }
  if (loads->len < 2) return;
  g_string_append_printf(html, "<p>Share of rows with a problem, by load (highest %.2f %%)<br><svg width=\"%d\" height=\"%d\" role=\"img\" aria-label=\"share of rows with a problem by load\">"
                         "<polyline fill=\"none\" stroke=\"#c44\" stroke-width=\"2\" points=\"", most * 100, LINE_WIDTH, LINE_HEIGHT);
  for (guint i = 0; i < loads->len; i++)
    g_string_append_printf(html, "%u,%d ", i * (LINE_WIDTH - 10) / (loads->len - 1) + 5, (int)(LINE_HEIGHT - 5 - bad_share(loads->pdata[i]) / most * (LINE_HEIGHT - 10)));
  g_string_append(html, "\"/></svg></p>");
}

static void append_report(GString *html, const QualityReport *report) {
  g_autoptr(GDateTime) moment = g_date_time_new_from_unix_utc(report->created_ms / 1000);
  g_autofree char *time = g_date_time_format(moment, "%Y-%m-%d %H:%M UTC");
  g_string_append(html, "<h3>");
  append_escaped(html, time);
  g_string_append(html, " &middot; ");
  append_escaped(html, report->status);
  g_string_append(html, "</h3><p>Load ");
  append_escaped(html, report->load);
  g_string_append(html, ": ");
  append_number(html, report->rows);
  g_string_append(html, " rows, ");
  append_number(html, report->quarantined);
  g_string_append(html, " set apart, ");
  append_number(html, report->flagged);
  g_string_append(html, " flagged, ");
  append_number(html, report->fixed);
  g_string_append(html, " repaired, ");
  append_number(html, report->unreadable);
  g_string_append(html, " unreadable.</p>");
  append_findings(html, report);
}

char *quality_html(const GPtrArray *reports) {
  GString *html = g_string_new(head);
  g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
  if (reports->len == 0) g_string_append(html, "<p>No load was held against rules yet.</p>");
  for (guint i = 0; i < reports->len; i++) {
    const QualityReport *first = reports->pdata[i];
    if (!g_hash_table_add(seen, first->table)) continue;
    g_string_append(html, "<h2>");
    append_escaped(html, first->table);
    g_string_append(html, "</h2>");
    append_line(html, reports, first->table);
    for (guint k = i; k < reports->len; k++)
      if (!strcmp(((QualityReport *)reports->pdata[k])->table, first->table)) append_report(html, reports->pdata[k]);
  }
  g_string_append(html, "</html>\n");
  return g_string_free(html, FALSE);
}
