/* Text on a terminal: measured in columns of the screen, free of control characters. */
#pragma once
#include "insight/view.h"

#define TERMINAL_MIN_WIDTH 20
#define TERMINAL_MAX_WIDTH 1000

/* Columns the text takes on the screen. */
int terminal_width_of(const char *text);
/* Control characters become spaces, so that no value can move the cursor or colour the screen. (transfer full) */
char *terminal_clean(const char *text);
/* At most `width` columns, the last one "…" when something was cut. (transfer full) */
char *terminal_cut(const char *text, int width);
/* Appends the text cut to `width` and filled with spaces, to the right when `right`. */
void terminal_append(GString *out, const char *text, int width, gboolean right);
/* The line's spaces at its end go. */
void terminal_end_line(GString *out);
/* A bar of `length` cells (may have a fraction) in eighths, for positive values. */
void terminal_append_bar(GString *out, double length);
/* The same growing to the left, in halves, right-aligned in `width` cells. */
void terminal_append_left_bar(GString *out, double length, int width);
