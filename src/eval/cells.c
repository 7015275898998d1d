/* Reading cells of gold results and of answers, and comparing them. */
#include "eval/judge.h"
#include <math.h>
#include <string.h>

static const char *const MONTHS[] = {"january", "february",  "march",   "april",    "may",      "june", "july",
                                     "august",  "september", "october", "november", "december", NULL};
static const char *const WEEKDAYS[] = {"monday", "tuesday",  "wednesday", "thursday",
                                       "friday", "saturday", "sunday",    NULL};

void cell_clear(Cell *cell) {
  g_clear_pointer(&cell->text, g_free);
}

static gboolean digits(const char *text, gsize count) {
  for (gsize i = 0; i < count; i++)
    if (!g_ascii_isdigit(text[i])) return FALSE;
  return TRUE;
}

/* Trimmed and case-folded; a whole number loses ".0" (customer 14646.0). */
static char *plain_text(const json_t *value) {
  g_autofree char *text = json_is_string(value) ? g_strdup(json_string_value(value)) : json_to_text(value, JSON_PLAIN);
  g_autofree char *folded = g_utf8_casefold(g_strstrip(text), -1);
  gsize length = strlen(folded);
  gsize start = *folded == '-' ? 1 : 0;
  if (length > start + 2 && g_str_has_suffix(folded, ".0") && digits(folded + start, length - start - 2))
    return g_strndup(folded, length - 2);
  return g_steal_pointer(&folded);
}

/* 1-based; by full name or first three letters. */
static int name_index(const char *text, const char *const *names) {
  for (int i = 0; names[i] != NULL; i++)
    if (strcmp(text, names[i]) == 0 ||
        (strncmp(text, names[i], 3) == 0 && (text[3] == '\0' || strcmp(text + 3, ".") == 0)) ||
        (strcmp(text, "sept") == 0 && i == 8 && names == MONTHS))
      return i + 1;
  return 0;
}

static gboolean is_year(const char *text) {
  return strlen(text) == 4 && digits(text, 4) && (g_str_has_prefix(text, "19") || g_str_has_prefix(text, "20"));
}

static gboolean is_day(const char *text) {
  if (strlen(text) < 10) return FALSE;
  g_autofree char *day = g_strndup(text, 10);
  Day ignored;
  return day_parse_iso(day, &ignored) && (text[10] == '\0' || text[10] == ' ' || text[10] == 't');
}

/* ---- what gold holds ---- */
static gboolean has_shape(const char *text, CellKind kind) {
  g_autofree char *lower = g_ascii_strdown(text, -1);
  switch (kind) {
  case CELL_DAY: return is_day(lower) && lower[10] == '\0';
  case CELL_MONTH: return strlen(text) == 7 && digits(text, 4) && text[4] == '-' && digits(text + 5, 2);
  case CELL_QUARTER: return strlen(text) == 7 && digits(text, 4) && g_ascii_strncasecmp(text + 4, "-q", 2) == 0;
  case CELL_YEAR: return is_year(text);
  case CELL_WEEKDAY: return strlen(text) > 5 && name_index(lower, WEEKDAYS) > 0;
  case CELL_NUMBER:
  case CELL_TEXT: break;
  }
  return FALSE;
}

CellKind cell_kind_of(const json_t *rows, gsize column) {
  static const CellKind LABELS[] = {CELL_DAY, CELL_MONTH, CELL_QUARTER, CELL_YEAR, CELL_WEEKDAY};
  gboolean numbers = TRUE, possible[G_N_ELEMENTS(LABELS)];
  for (gsize k = 0; k < G_N_ELEMENTS(LABELS); k++) possible[k] = TRUE;
  size_t i;
  json_t *row;
  json_array_foreach (rows, i, row) {
    const json_t *value = json_array_get(row, column);
    if (json_is_null(value)) continue;
    numbers &= json_is_number(value);
    for (gsize k = 0; k < G_N_ELEMENTS(LABELS); k++)
      possible[k] &= json_is_string(value) && has_shape(json_string_value(value), LABELS[k]);
  }
  if (numbers) return CELL_NUMBER;
  for (gsize k = 0; k < G_N_ELEMENTS(LABELS); k++)
    if (possible[k]) return LABELS[k];
  return CELL_TEXT;
}

int cell_common_year(const json_t *rows, gsize column) {
  int year = 0;
  size_t i;
  json_t *row;
  json_array_foreach (rows, i, row) {
    const char *text = json_string_value(json_array_get(row, column));
    if (text == NULL) continue;
    int own = text_leading_number(text);
    if (year != 0 && own != year) return 0;
    year = own;
  }
  return year;
}

/* ---- reading ---- */
static gboolean read_number(const json_t *value, Cell *out) {
  if (json_is_number(value)) {
    out->number = json_number_value(value);
    return TRUE;
  }
  if (!json_is_string(value)) return FALSE;
  g_auto(GStrv) parts = g_strsplit(json_string_value(value), ",", -1);
  g_autofree char *text = g_strjoinv("", parts);
  char *end = NULL;
  g_strstrip(text);
  out->number = g_ascii_strtod(text, &end);
  return end != text && *end == '\0' && isfinite(out->number);
}

/* "November 2020", "2020 nov", "nov-2020". */
static char *month_in_words(const char *text) {
  g_auto(GStrv) parts = g_strsplit_set(text, " ,-", -1);
  int year = 0, month = 0;
  for (guint i = 0; parts[i] != NULL; i++) {
    if (*parts[i] == '\0') continue;
    if (is_year(parts[i]) && year == 0)
      year = text_leading_number(parts[i]);
    else if (name_index(parts[i], MONTHS) > 0 && month == 0)
      month = name_index(parts[i], MONTHS);
    else
      return NULL;
  }
  return year > 0 && month > 0 ? g_strdup_printf("%04d-%02d", year, month) : NULL;
}

static char *read_month(const char *text, int year) {
  if (has_shape(text, CELL_MONTH)) return g_strdup(text);
  if (is_day(text)) return strncmp(text + 8, "01", 2) == 0 ? g_strndup(text, 7) : NULL;
  gsize length = strlen(text);
  int part = length > 0 && length <= 2 && digits(text, length) ? text_leading_number(text) : name_index(text, MONTHS);
  if (year > 0 && part >= 1 && part <= 12) return g_strdup_printf("%04d-%02d", year, part);
  return month_in_words(text);
}

static char *read_quarter(const char *text, int year) {
  if (has_shape(text, CELL_QUARTER)) return g_strdup(text);
  if (is_day(text)) {
    int month = text_leading_number(text + 5);
    return strncmp(text + 8, "01", 2) == 0 && month % 3 == 1 ? g_strdup_printf("%.4s-q%d", text, (month + 2) / 3)
                                                             : NULL;
  }
  const char *quarter = strchr(text, 'q');
  if (quarter != NULL && quarter[1] >= '1' && quarter[1] <= '4' && strlen(text) > 2) {
    const char *found = quarter == text ? text + strcspn(text + 2, "0123456789") + 2 : text;
    g_autofree char *digits_only = g_strndup(found, 4);
    if (is_year(digits_only)) return g_strdup_printf("%s-q%c", digits_only, quarter[1]);
  }
  char part = *text == 'q' ? text[1] : *text;
  gboolean is_part = strlen(text) == (*text == 'q' ? 2u : 1u) && part >= '1' && part <= '4';
  return year > 0 && is_part ? g_strdup_printf("%04d-q%c", year, part) : NULL;
}

gboolean cell_read(const json_t *value, CellKind kind, int year, Cell *out) {
  *out = (Cell){.is_null = value == NULL || json_is_null(value)};
  if (out->is_null) return TRUE;
  if (kind == CELL_NUMBER) return read_number(value, out);
  g_autofree char *text = plain_text(value);
  switch (kind) {
  case CELL_TEXT: out->text = g_steal_pointer(&text); break;
  case CELL_DAY: out->text = is_day(text) ? g_strndup(text, 10) : NULL; break;
  case CELL_MONTH: out->text = read_month(text, year); break;
  case CELL_QUARTER: out->text = read_quarter(text, year); break;
  case CELL_YEAR:
    out->text = is_year(text)                                          ? g_strdup(text)
                : is_day(text) && g_str_has_prefix(text + 4, "-01-01") ? g_strndup(text, 4)
                                                                       : NULL;
    break;
  case CELL_WEEKDAY:
    out->text = name_index(text, WEEKDAYS) > 0 ? g_strdup_printf("%d", name_index(text, WEEKDAYS)) : NULL;
    break;
  case CELL_NUMBER: break;
  }
  return out->text != NULL;
}

/* ---- comparing ---- */
gboolean cell_close(const Cell *gold, const Cell *answer) {
  if (gold->is_null || answer->is_null) return gold->is_null && answer->is_null;
  if (gold->text != NULL || answer->text != NULL) return g_strcmp0(gold->text, answer->text) == 0;
  double size = fabs(gold->number), relative = 0.0005 * size;
  double tolerance = size < 1 ? MAX(relative, 0.00005)                 /* a share, a margin, a growth rate */
                     : gold->number == nearbyint(gold->number) ? 0.005 /* a count */
                                                               : MAX(relative, 0.005);
  return fabs(gold->number - answer->number) <= tolerance + 1e-12;
}

int cell_compare(const Cell *a, const Cell *b) {
  if (a->is_null != b->is_null) return a->is_null ? -1 : 1;
  if (a->is_null) return 0;
  if (a->text != NULL && b->text != NULL) return strcmp(a->text, b->text);
  return (a->number > b->number) - (a->number < b->number);
}
