/* :parameters of ingestion queries, and weeks. */
#include "lake/ingest.h"
#include <string.h>

gboolean ingest_week_parse(const char *text, Day *from, Day *to, int *year, int *week) {
  if (!text || strlen(text) != 8 || text[4] != '-' || (text[5] != 'W' && text[5] != 'w')) return FALSE;
  for (int i = 0; i < 8; i++)
    if (i != 4 && i != 5 && !g_ascii_isdigit(text[i])) return FALSE;
  *year = text_leading_number(text);
  *week = text_leading_number(text + 6);
  if (*year < 1900 || *year > 9998 || *week < 1 || *week > 53) return FALSE;
  /* ISO 8601: week 1 is the one with 4 January; weeks begin on Monday. */
  Day anchor = day_from_ymd(*year, 1, 4), next_anchor = day_from_ymd(*year + 1, 1, 4);
  Day monday = anchor - (day_weekday(anchor) - 1), next_monday = next_anchor - (day_weekday(next_anchor) - 1);
  *from = monday + (*week - 1) * 7;
  *to = *from + 7;
  return *from < next_monday;
}

static gboolean is_number(const char *text) {
  if (!*text || strlen(text) > 18) return FALSE;
  const char *p = text[0] == '-' ? text + 1 : text;
  gboolean digits = FALSE, point = FALSE;
  for (; *p; p++) {
    if (g_ascii_isdigit(*p)) digits = TRUE;
    else if (*p == '.' && digits && !point) point = TRUE;
    else return FALSE;
  }
  return digits && p[-1] != '.';
}

/* The end of a quoted text or comment that begins at p; p where none does. */
static const char *skip_literal(const char *p) {
  if (*p == '\'' || *p == '"') {
    char quote = *p++;
    while (*p && !(*p == quote && p[1] != quote)) p += *p == quote ? 2 : 1;
    return *p ? p + 1 : p;
  }
  if (p[0] == '-' && p[1] == '-') {
    while (*p && *p != '\n') p++;
    return p;
  }
  if (p[0] == '/' && p[1] == '*') {
    const char *end = strstr(p + 2, "*/");
    return end ? end + 2 : p + strlen(p);
  }
  return p;
}

gboolean ingest_names_parameter(const char *sql, const char *name) {
  gsize length = strlen(name);
  for (const char *p = sql; p && *p;) {
    const char *after = skip_literal(p);
    if (after == p && p[0] == ':' && p[1] == ':') after = p + 2;
    if (after > p) {
      p = after;
      continue;
    }
    gboolean ends = p[0] == ':' && !strncmp(p + 1, name, length) && !g_ascii_isalnum(p[1 + length]) && p[1 + length] != '_';
    if (ends) return TRUE;
    p++;
  }
  return FALSE;
}

char *ingest_bind_parameters(const char *sql, GHashTable *values, GError **error) {
  g_autoptr(GString) out = g_string_new(NULL);
  for (const char *p = sql; *p;) {
    const char *after = skip_literal(p);
    if (after > p) {
      g_string_append_len(out, p, after - p);
      p = after;
      continue;
    }
    if (p[0] == ':' && p[1] == ':') {
      g_string_append(out, "::");
      p += 2;
      continue;
    }
    if (p[0] != ':' || !(g_ascii_islower(p[1]) || p[1] == '_')) {
      g_string_append_c(out, *p++);
      continue;
    }
    const char *end = p + 1;
    while (g_ascii_isalnum(*end) || *end == '_') end++;
    g_autofree char *name = g_strndup(p + 1, (gsize)(end - p - 1));
    const char *value = values ? g_hash_table_lookup(values, name) : NULL;
    if (!value) {
      g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT,
                  "the query needs the parameter :%s; give it with --%s", name,
                  g_str_has_prefix(name, "week") ? "week 2026-W47" : "param NAME=VALUE");
      return NULL;
    }
    g_autofree char *quoted = text_sql_quote(value);
    g_string_append(out, is_number(value) ? value : quoted);
    p = end;
  }
  return g_strdup(out->str);
}
