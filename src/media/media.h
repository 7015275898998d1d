/*
 * media: answers as files that leave the program: pictures of their chart, spreadsheets, a page to print. The answer's JSON
 * (schemas/answer.json) goes in; whoever asked for it under their scope sees nothing here that is not in it. No browser and
 * no program outside is needed. Thread-safe.
 */
#pragma once
#include "base/base.h"

#define MEDIA_MAX_OPTION_BYTES ((gsize)2 << 20)
#define MEDIA_MAX_SVG_BYTES ((gsize)16 << 20)
#define MEDIA_MIN_SIDE 100
#define MEDIA_MAX_SIDE 4000
#define MEDIA_PRINT_ROWS 1000

/* ---- pictures ---- */

/*
 * Draws ECharts options by ECharts itself, inside a small JavaScript engine that reaches neither files nor network. Made
 * when first used (about a second), then kept; one chart at a time, the others wait until their deadline.
 */
typedef struct ChartDrawer ChartDrawer;
ChartDrawer *chart_drawer_new(void);          /* (transfer full) */
void chart_drawer_free(ChartDrawer *drawer);  /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ChartDrawer, chart_drawer_free)

typedef struct {
  int width, height; /* pixels, MEDIA_MIN_SIDE..MEDIA_MAX_SIDE */
  gboolean dark;
  const char *type;  /* "bar" or "line" instead of what the option says, where it has series of these; NULL */
} ChartStyle;
/* An SVG document. TOO_LARGE, TIMEOUT; INTERNAL when the option cannot be drawn. (transfer full) */
char *chart_drawer_svg(ChartDrawer *drawer, const json_t *option, const ChartStyle *style, Deadline deadline, GError **error);

/*
 * A PNG of an SVG, `scale` pixels for each of its own (1 to 4). librsvg and cairo are loaded when first needed; UNSUPPORTED
 * says what to install where they are not there. (transfer full)
 */
GBytes *media_png_of_svg(const char *svg, int scale, GError **error);

/* ---- tables ---- */

/*
 * An Excel workbook: the rows with typed cells and number formats, and a sheet that says what was asked, what was
 * understood, and where the numbers come from. Text stays text, whatever it begins with. (transfer full)
 */
GBytes *media_workbook(const json_t *answer, GError **error);

/* Appends one row of CSV (RFC 4180). Text that a spreadsheet would run as a formula gets an apostrophe before it. */
void media_csv_header(GString *out, const json_t *columns);
void media_csv_row(GString *out, const json_t *row);

/*
 * A page to print: question, sentences, chart (`svg`, may be NULL), at most MEDIA_PRINT_ROWS rows, caveats, sources, SQL. It
 * needs nothing else and runs nothing. (transfer full)
 */
char *media_printable(const json_t *answer, const char *svg);

/* A cell as people read it: by the column's format where it is a number. (transfer full) */
char *media_cell_text(const json_t *column, const json_t *cell);
