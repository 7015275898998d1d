/* Writing JSON: exact numbers, canonical bytes. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

static void append_whole(GString *out, guint64 value, guint least_digits) {
  char digits[24], *at = digits + sizeof digits;
  guint written = 0;
  for (; value > 0 || written < least_digits; value /= 10, written++) *--at = (char)('0' + value % 10);
  g_string_append_len(out, at, digits + sizeof digits - at);
}

/*
 * Amounts of money and the like: up to four decimals. At most 15 significant digits name at most one double, so the one
 * that reads back is the shortest.
 */
static gboolean append_amount(GString *out, double value) {
  double size = fabs(value);
  if (!(size >= 0.001 && size < 1e11)) return FALSE;
  guint64 scaled = (guint64)(size * 10000 + 0.5), fraction = scaled % 10000;
  if ((double)scaled / 10000 != size) return FALSE;
  if (value < 0) g_string_append_c(out, '-');
  append_whole(out, scaled / 10000, 1);
  if (fraction == 0) return TRUE;
  guint places = 4;
  for (; fraction % 10 == 0; fraction /= 10) places--;
  g_string_append_c(out, '.');
  append_whole(out, fraction, places);
  return TRUE;
}

void json_append_double(GString *out, double value) {
  if (!isfinite(value)) {
    g_string_append(out, "null");
    return;
  }
  /* Integers below 2^53 are exact in short form and the common case. */
  if (value == floor(value) && fabs(value) < 9007199254740992.0) {
    if (value < 0) g_string_append_c(out, '-'); /* no negative zero */
    append_whole(out, (guint64)fabs(value), 1);
    return;
  }
  if (append_amount(out, value)) return;
  char text[G_ASCII_DTOSTR_BUF_SIZE];
  /* Fifteen digits always survive, except below the normal range, where fewer say the same. */
  for (int precision = fabs(value) < DBL_MIN ? 1 : 15; precision <= 17; precision++) {
    char format[8];
    g_snprintf(format, sizeof format, "%%.%dg", precision);
    g_ascii_formatd(text, sizeof text, format, value);
    if (g_ascii_strtod(text, NULL) == value) break;
  }
  g_string_append(out, text);
}

static void append_escape(GString *out, unsigned char c) {
  switch (c) {
  case '"': g_string_append(out, "\\\""); break;
  case '\\': g_string_append(out, "\\\\"); break;
  case '\n': g_string_append(out, "\\n"); break;
  case '\r': g_string_append(out, "\\r"); break;
  case '\t': g_string_append(out, "\\t"); break;
  case '\b': g_string_append(out, "\\b"); break;
  case '\f': g_string_append(out, "\\f"); break;
  default: g_string_append_printf(out, "\\u%04x", c);
  }
}

void json_append_string(GString *out, const char *text, gssize length) {
  gsize n = length < 0 ? strlen(text) : (gsize)length;
  g_string_append_c(out, '"');
  gsize run = 0; /* start of the bytes that need no escape */
  for (gsize i = 0; i < n; i++) {
    unsigned char c = (unsigned char)text[i];
    if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f) continue;
    g_string_append_len(out, text + run, (gssize)(i - run));
    append_escape(out, c);
    run = i + 1;
  }
  g_string_append_len(out, text + run, (gssize)(n - run));
  g_string_append_c(out, '"');
}

static int compare_keys(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void append_line(GString *out, JsonFlags flags, int depth) {
  if ((flags & JSON_PRETTY) == 0) return;
  g_string_append_c(out, '\n');
  for (int i = 0; i < depth; i++) g_string_append(out, "  ");
}

static void append_value(GString *out, const json_t *value, JsonFlags flags, int depth);

static void append_member(GString *out, const char *key, const json_t *member, gboolean first, JsonFlags flags, int depth) {
  if (!first) g_string_append_c(out, ',');
  append_line(out, flags, depth + 1);
  json_append_string(out, key, -1);
  g_string_append(out, flags & JSON_PRETTY ? ": " : ":");
  append_value(out, member, flags, depth + 1);
}

static void append_sorted(GString *out, const json_t *object, JsonFlags flags, int depth) {
  const char **keys = g_new(const char *, json_object_size(object));
  gsize n = 0;
  const char *key;
  json_t *member;
  json_object_foreach((json_t *)object, key, member) keys[n++] = key;
  qsort(keys, n, sizeof *keys, compare_keys);
  for (gsize i = 0; i < n; i++) append_member(out, keys[i], json_object_get(object, keys[i]), i == 0, flags, depth);
  g_free(keys);
}

static void append_object(GString *out, const json_t *object, JsonFlags flags, int depth) {
  if (json_object_size(object) == 0) {
    g_string_append(out, "{}");
    return;
  }
  const char *key;
  json_t *member;
  gboolean first = TRUE;
  g_string_append_c(out, '{');
  if (flags & JSON_SORTED) {
    append_sorted(out, object, flags, depth);
  } else {
    json_object_foreach((json_t *)object, key, member) {
      append_member(out, key, member, first, flags, depth);
      first = FALSE;
    }
  }
  append_line(out, flags, depth);
  g_string_append_c(out, '}');
}

static void append_array(GString *out, const json_t *array, JsonFlags flags, int depth) {
  gsize n = json_array_size(array);
  g_string_append_c(out, '[');
  for (gsize i = 0; i < n; i++) {
    if (i > 0) g_string_append_c(out, ',');
    append_line(out, flags, depth + 1);
    append_value(out, json_array_get(array, i), flags, depth + 1);
  }
  if (n > 0) append_line(out, flags, depth);
  g_string_append_c(out, ']');
}

static void append_value(GString *out, const json_t *value, JsonFlags flags, int depth) {
  switch (json_typeof(value)) {
  case JSON_OBJECT: append_object(out, value, flags, depth); break;
  case JSON_ARRAY: append_array(out, value, flags, depth); break;
  case JSON_STRING: json_append_string(out, json_string_value(value), (gssize)json_string_length(value)); break;
  case JSON_INTEGER: g_string_append_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value)); break;
  case JSON_REAL: json_append_double(out, json_real_value(value)); break;
  case JSON_TRUE: g_string_append(out, "true"); break;
  case JSON_FALSE: g_string_append(out, "false"); break;
  case JSON_NULL: g_string_append(out, "null"); break;
  }
}

void json_append(GString *out, const json_t *value, JsonFlags flags) {
  if (value == NULL) g_string_append(out, "null");
  else append_value(out, value, flags, 0);
}

char *json_to_text(const json_t *value, JsonFlags flags) {
  GString *out = g_string_sized_new(256);
  json_append(out, value, flags);
  return g_string_free(out, FALSE);
}
