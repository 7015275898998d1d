/* Widths, cuts and bars for terminals. */
#include "insight/terminal.h"
#include <math.h>
#include <string.h>
#include <utf8proc.h>

static int width_of_char(gunichar c) {
  int width = utf8proc_charwidth((utf8proc_int32_t)c);
  return MAX(width, 0);
}

int terminal_width_of(const char *text) {
  int width = 0;
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char(p)) width += width_of_char(g_utf8_get_char(p));
  return width;
}

char *terminal_clean(const char *text) {
  g_autofree char *valid = g_utf8_make_valid(text, -1);
  g_autoptr(GString) clean = g_string_new(NULL);
  for (const char *p = valid; *p != '\0'; p = g_utf8_next_char(p)) {
    gunichar c = g_utf8_get_char(p);
    GUnicodeType type = g_unichar_type(c);
    gboolean moves = type == G_UNICODE_CONTROL || type == G_UNICODE_LINE_SEPARATOR ||
                     type == G_UNICODE_PARAGRAPH_SEPARATOR || (c >= 0x202A && c <= 0x202E) ||
                     (c >= 0x2066 && c <= 0x2069);
    if (moves)
      g_string_append_c(clean, ' ');
    else
      g_string_append_unichar(clean, c);
  }
  return g_string_free(g_steal_pointer(&clean), FALSE);
}

char *terminal_cut(const char *text, int width) {
  if (terminal_width_of(text) <= width) return g_strdup(text);
  if (width < 1) return g_strdup("");
  int used = 0;
  const char *p = text;
  while (used + width_of_char(g_utf8_get_char(p)) <= width - 1) {
    used += width_of_char(g_utf8_get_char(p));
    p = g_utf8_next_char(p);
  }
  g_autofree char *head = g_strndup(text, (gsize)(p - text));
  return g_strconcat(head, "…", NULL);
}

static void append_spaces(GString *out, int count) {
  for (int i = 0; i < count; i++) g_string_append_c(out, ' ');
}

void terminal_append(GString *out, const char *text, int width, gboolean right) {
  g_autofree char *cut = terminal_cut(text, width);
  int gap = width - terminal_width_of(cut);
  if (right) append_spaces(out, gap);
  g_string_append(out, cut);
  if (!right) append_spaces(out, gap);
}

void terminal_end_line(GString *out) {
  while (out->len > 0 && out->str[out->len - 1] == ' ') g_string_truncate(out, out->len - 1);
  g_string_append_c(out, '\n');
}

void terminal_append_bar(GString *out, double length) {
  static const char *const EIGHTHS[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  int eighths = (int)lround(MAX(length, 0) * 8);
  for (int i = 0; i < eighths / 8; i++) g_string_append(out, "█");
  g_string_append(out, EIGHTHS[eighths % 8]);
}

void terminal_append_left_bar(GString *out, double length, int width) {
  int halves = MIN((int)lround(MAX(length, 0) * 2), width * 2);
  append_spaces(out, width - (halves + 1) / 2);
  if (halves % 2 == 1) g_string_append(out, "▐");
  for (int i = 0; i < halves / 2; i++) g_string_append(out, "█");
}
