/* Statistics of files as typed bounds: from the log's JSON and partition values. What is unclear is no bound. */
#include "lake/delta_replay.h"
#include "lake/delta_vector.h"
#include <math.h>
#include <string.h>

#define MICROS_PER_DAY (G_GINT64_CONSTANT(86400) * 1000000)
/* Largest scaled decimal for which a double is exact enough to widen by a few units. */
#define DECIMAL_LIMIT 9e18

/* ---- values in text ---- */

static gboolean parse_digits(const char **text, guint count, int *out) {
  *out = 0;
  for (guint i = 0; i < count; i++, (*text)++) {
    if (!g_ascii_isdigit(**text)) return FALSE;
    *out = *out * 10 + (**text - '0');
  }
  return TRUE;
}

/* "2025-01-31 10:00:00.123456", "…T10:00:00.123Z", "…+00:00", or a date alone. *coarse: digits below a millisecond are
 * missing, so that the true value may be up to 999 microseconds greater. */
static gboolean parse_timestamp(const char *text, gint64 *micros, gboolean *coarse) {
  int part[6] = {0}; /* year month day hour minute second */
  static const char before[] = {0, '-', '-', 0, ':', ':'};
  const char *p = text;
  gboolean date_only = FALSE;
  for (int i = 0; i < 6 && !date_only; i++) {
    if (i == 3) {
      if (!*p) date_only = TRUE;
      else if (*p != ' ' && *p != 'T') return FALSE;
      else p++;
    } else if (before[i] && *p++ != before[i]) {
      return FALSE;
    }
    if (!date_only && !parse_digits(&p, i == 0 ? 4 : 2, &part[i])) return FALSE;
  }
  Day day = day_from_ymd(part[0], part[1], part[2]);
  if (day == DAY_NONE || part[3] > 23 || part[4] > 59 || part[5] > 59) return FALSE;
  gint64 fraction = 0;
  guint shown = 0;
  if (*p == '.')
    for (p++; g_ascii_isdigit(*p); p++, shown++)
      if (shown < 6) fraction = fraction * 10 + (*p - '0');
  for (guint i = MIN(shown, 6); i < 6; i++) fraction *= 10;
  if (*p && strcmp(p, "Z") && strcmp(p, "+00:00") && strcmp(p, "+00")) return FALSE;
  *coarse = shown < 6 && !date_only;
  *micros = (gint64)day * MICROS_PER_DAY + ((part[3] * 60 + part[4]) * 60 + part[5]) * G_GINT64_CONSTANT(1000000) + fraction;
  return TRUE;
}

/* "-12.3" with scale 4 -> -123000; FALSE when it has more digits than fit. */
static gboolean parse_decimal(const char *text, int scale, gint64 *out) {
  gboolean negative = *text == '-', point = FALSE;
  int decimals = 0;
  *out = 0;
  if (negative || *text == '+') text++;
  if (!*text) return FALSE;
  for (; *text; text++) {
    if (*text == '.' && !point) {
      point = TRUE;
      continue;
    }
    if (!g_ascii_isdigit(*text)) return FALSE;
    if (point && decimals == scale) {
      if (*text != '0') return FALSE;
      continue;
    }
    if (*out > (G_MAXINT64 - 9) / 10) return FALSE;
    *out = *out * 10 + (*text - '0');
    decimals += point;
  }
  for (; decimals < scale; decimals++) {
    if (*out > G_MAXINT64 / 10) return FALSE;
    *out *= 10;
  }
  if (negative) *out = -*out;
  return TRUE;
}

gboolean delta_bound_parse(const DeltaColumn *column, const char *text, DeltaBound *out) {
  gboolean coarse;
  Day day;
  switch (column->type) {
  case FIELD_INTEGER: return g_ascii_string_to_signed(text, 10, G_MININT64, G_MAXINT64, &out->integer, NULL);
  case FIELD_DECIMAL: return column->precision <= 18 && parse_decimal(text, column->scale, &out->integer);
  case FIELD_DOUBLE: {
    char *end;
    out->number = g_ascii_strtod(text, &end);
    return end != text && !*end && !isnan(out->number);
  }
  case FIELD_BOOLEAN:
    out->integer = !g_ascii_strcasecmp(text, "true");
    return out->integer || !g_ascii_strcasecmp(text, "false");
  case FIELD_DATE:
    if (!day_parse_iso(text, &day)) return FALSE;
    out->integer = day;
    return TRUE;
  case FIELD_TIMESTAMP: return parse_timestamp(text, &out->integer, &coarse);
  case FIELD_TEXT:
  case FIELD_TIME: out->text = g_strdup(text); return TRUE;
  }
  return FALSE;
}

/* ---- values in JSON ---- */

/* A number of the log went through a double: widened by what that may have lost. */
static gboolean decimal_bound(const json_t *value, const DeltaColumn *column, gboolean is_maximum, DeltaBound *out) {
  double scaled = json_number_value(value) * pow(10, column->scale);
  if (!json_is_number(value) || column->precision > 18 || !(fabs(scaled) < DECIMAL_LIMIT)) return FALSE;
  gint64 slack = 1 + (gint64)(fabs(scaled) * 4e-16);
  gint64 rounded = (gint64)(is_maximum ? ceil(scaled) : floor(scaled));
  if (rounded > G_MAXINT64 - slack || rounded < G_MININT64 + slack) return FALSE;
  out->integer = is_maximum ? rounded + slack : rounded - slack;
  return TRUE;
}

static gboolean bound_of(const json_t *value, const DeltaColumn *column, gboolean is_maximum, DeltaBound *out) {
  const char *text = json_string_value(value);
  gboolean coarse = FALSE;
  switch (column->type) {
  case FIELD_INTEGER:
    out->integer = json_integer_value(value);
    return json_is_integer(value);
  case FIELD_DECIMAL: return decimal_bound(value, column, is_maximum, out);
  case FIELD_DOUBLE:
    out->number = json_number_value(value);
    return json_is_number(value);
  case FIELD_BOOLEAN: return FALSE;
  case FIELD_TIMESTAMP:
    if (!text || !parse_timestamp(text, &out->integer, &coarse)) return FALSE;
    if (is_maximum && coarse) out->integer += 999;
    return TRUE;
  case FIELD_DATE:
  case FIELD_TEXT:
  case FIELD_TIME: return text && delta_bound_parse(column, text, out);
  }
  return FALSE;
}

static void clear_text(DeltaBound *bound) { g_clear_pointer(&bound->text, g_free); }

static void read_column(const json_t *statistics, const DeltaColumn *column, DeltaBounds *bounds) {
  const char *name = column->stored ? column->stored : column->name;
  const json_t *least = json_object_get(json_object_get(statistics, "minValues"), name);
  const json_t *greatest = json_object_get(json_object_get(statistics, "maxValues"), name);
  bounds->nulls = json_get_int(json_object_get(statistics, "nullCount"), name, -1);
  bounds->is_text = column->type == FIELD_TEXT || column->type == FIELD_TIME;
  if (!least || !greatest) return;
  gboolean low = bound_of(least, column, FALSE, &bounds->minimum);
  gboolean high = bound_of(greatest, column, TRUE, &bounds->maximum);
  bounds->known = low && high;
  if (bounds->known || !bounds->is_text) return;
  if (low) clear_text(&bounds->minimum);
  if (high) clear_text(&bounds->maximum);
}

/* A partition column has one value in all rows of a file. */
static void read_partition(const DeltaFile *file, guint index, const DeltaColumn *column, DeltaBounds *bounds) {
  const char *value = file->partition_values[index];
  bounds->is_text = column->type == FIELD_TEXT || column->type == FIELD_TIME;
  bounds->nulls = value ? 0 : file->rows;
  if (!value || !delta_bound_parse(column, value, &bounds->minimum)) return;
  bounds->maximum = bounds->minimum;
  if (bounds->is_text) bounds->maximum.text = g_strdup(value);
  bounds->known = TRUE;
}

/* Statistics are of all rows of the file: of those that remain, "no NULL" and "nothing but NULLs" still hold. */
static void leave_out_deleted(DeltaFile *file, gint64 physical) {
  if (!file->vector) return;
  file->rows = physical >= file->vector->rows ? physical - file->vector->rows : -1;
  for (guint i = 0; i < file->n_bounds; i++)
    if (file->bounds[i].nulls > 0) file->bounds[i].nulls = file->bounds[i].nulls == physical ? file->rows : -1;
}

void delta_file_read_bounds(const DeltaTable *table, DeltaFile *file) {
  file->n_bounds = table->columns->len;
  file->bounds = g_new0(DeltaBounds, file->n_bounds);
  g_autoptr(json_t) statistics = file->statistics ? json_parse(file->statistics, strlen(file->statistics), NULL) : NULL;
  file->rows = json_get_int(statistics, "numRecords", -1);
  /* Where rows may be counted too high, nothing else is certain either. */
  if (json_is_false(json_object_get(statistics, "tightBounds"))) file->rows = -1;
  for (guint i = 0; i < table->columns->len; i++)
    read_column(statistics, table->columns->pdata[i], &file->bounds[i]);
  leave_out_deleted(file, json_get_int(statistics, "numRecords", -1));
  for (guint p = 0; table->partition_columns[p]; p++) {
    int at = delta_table_column_index(table, table->partition_columns[p]);
    if (at < 0) continue;
    DeltaBounds *bounds = &file->bounds[at];
    if (bounds->is_text && bounds->known) {
      clear_text(&bounds->minimum);
      clear_text(&bounds->maximum);
    }
    *bounds = (DeltaBounds){.nulls = -1};
    read_partition(file, p, table->columns->pdata[at], bounds);
  }
}
