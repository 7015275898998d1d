/* Statistics of files we wrote, in the form the log has them. */
#include "lake/delta_replay.h"
#include "lake/delta_rows.h"
#include <math.h>
#include <string.h>

#define BOUND_BYTES 32 /* of text, as other writers do */

#define GREATEST "\xf4\x8f\xbf\xbf" /* U+10FFFF sorts after everything */

/* Long text is cut; a cut maximum is rounded up so that it stays a bound, NULL where that cannot be. (transfer full) */
static char *text_bound(const char *text, gboolean is_maximum) {
  if (strlen(text) <= BOUND_BYTES) return g_strdup(text);
  const char *end = text + BOUND_BYTES;
  while (end > text && (*end & 0xc0) == 0x80) end--;
  if (is_maximum && g_str_has_prefix(end, GREATEST)) return NULL;
  char *cut = g_strndup(text, (gsize)(end - text));
  if (!is_maximum) return cut;
  char *rounded = g_strconcat(cut, GREATEST, NULL);
  g_free(cut);
  return rounded;
}

/* "2025-01-31 10:00:00.123456[+00]" -> ISO in milliseconds, rounded outward; NULL when it is no such time. (transfer full) */
static char *timestamp_bound(const char *text, gboolean is_maximum, gboolean zoned) {
  DeltaColumn column = {.type = FIELD_TIMESTAMP};
  DeltaBound bound;
  if (!delta_bound_parse(&column, text, &bound)) return NULL;
  gint64 micros = bound.integer, rest = ((micros % 1000) + 1000) % 1000;
  micros -= rest;
  if (is_maximum && rest) micros += 1000;
  gint64 seconds = micros / 1000000, millis = micros / 1000 % 1000;
  if (millis < 0) {
    millis += 1000;
    seconds--;
  }
  g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(seconds);
  if (!time) return NULL;
  g_autofree char *shown = g_date_time_format(time, "%Y-%m-%dT%H:%M:%S");
  return g_strdup_printf("%s.%03d%s", shown, (int)millis, zoned ? "Z" : "");
}

static gboolean is_plain_number(const char *text) {
  const char *digits = *text == '-' ? text + 1 : text;
  return g_ascii_isdigit(*digits) && strspn(digits, "0123456789.") == strlen(digits) && !g_str_has_suffix(digits, ".");
}

/* FALSE: no bound can be given. */
static gboolean append_bound(GString *out, const DeltaColumn *column, const char *value, gboolean is_maximum) {
  g_autofree char *text = NULL;
  switch (column->type) {
  case FIELD_INTEGER:
  case FIELD_DECIMAL:
    if (!is_plain_number(value)) return FALSE;
    g_string_append(out, value);
    return TRUE;
  case FIELD_DOUBLE: {
    char *end;
    double number = g_ascii_strtod(value, &end);
    if (end == value || *end || !isfinite(number)) return FALSE;
    json_append_double(out, number);
    return TRUE;
  }
  case FIELD_DATE:
    text = strlen(value) == 10 ? g_strdup(value) : NULL;
    break;
  case FIELD_TIMESTAMP: text = timestamp_bound(value, is_maximum, !strcmp(column->delta_type, "timestamp")); break;
  case FIELD_TEXT:
  case FIELD_TIME: text = text_is_valid(value, strlen(value)) ? text_bound(value, is_maximum) : NULL; break;
  case FIELD_BOOLEAN: break;
  }
  if (!text) return FALSE;
  json_append_string(out, text, -1);
  return TRUE;
}

static gboolean is_partition(const DeltaTable *table, const char *name) {
  return g_strv_contains((const char *const *)table->partition_columns, name);
}

/* The engine names columns as SQL identifiers. */
static const json_t *measures_of(const json_t *measured, const char *name) {
  g_autofree char *quoted = text_sql_identifier(name);
  const json_t *found = json_object_get(measured, quoted);
  return found ? found : json_object_get(measured, name);
}

static void append_part(GString *out, const DeltaTable *table, const json_t *measured, const char *key) {
  gboolean first = TRUE;
  for (guint i = 0; i < table->columns->len; i++) {
    const DeltaColumn *column = table->columns->pdata[i];
    const json_t *of = measures_of(measured, column->name);
    const char *least = json_get_string(of, "min"), *greatest = json_get_string(of, "max");
    const char *nulls = json_get_string(of, "null_count"), *nan = json_get_string(of, "has_nan");
    if (!of || is_partition(table, column->name)) continue;
    g_autoptr(GString) value = g_string_new(NULL);
    gboolean have;
    if (!strcmp(key, "null_count")) {
      have = nulls && is_plain_number(nulls);
      if (have) g_string_append(value, nulls);
    } else {
      /* both bounds or none */
      g_autoptr(GString) other = g_string_new(NULL);
      gboolean maximum = !strcmp(key, "max");
      have = least && greatest && (!nan || strcmp(nan, "true")) &&
             append_bound(value, column, maximum ? greatest : least, maximum) &&
             append_bound(other, column, maximum ? least : greatest, !maximum);
    }
    if (!have) continue;
    if (!first) g_string_append_c(out, ',');
    first = FALSE;
    json_append_string(out, column->name, -1);
    g_string_append_c(out, ':');
    g_string_append_len(out, value->str, (gssize)value->len);
  }
}

char *delta_statistics_text(const DeltaTable *table, gint64 rows, const json_t *measured) {
  GString *out = g_string_new(NULL);
  g_string_append_printf(out, "{\"numRecords\":%" G_GINT64_FORMAT ",\"minValues\":{", rows);
  append_part(out, table, measured, "min");
  g_string_append(out, "},\"maxValues\":{");
  append_part(out, table, measured, "max");
  g_string_append(out, "},\"nullCount\":{");
  append_part(out, table, measured, "null_count");
  g_string_append(out, "}}");
  return g_string_free(out, FALSE);
}
