/* Values for people: money, percentages, counts, periods, names of columns in running text. */
#include "insight/view.h"
#include <math.h>
#include <string.h>

static const char *const MONTHS[] = {"January", "February", "March",     "April",   "May",      "June",
                                     "July",    "August",   "September", "October", "November", "December"};

/* ---- numbers ---- */
typedef struct {
  const char *code, *sign;
  int decimals;
} Currency;
static const Currency CURRENCIES[] = {{"GBP", "£", 2},  {"USD", "$", 2},   {"EUR", "€", 2}, {"INR", "₹", 2},
                                      {"JPY", "¥", 0},  {"CNY", "CN¥", 2}, {"KRW", "₩", 0}, {"BRL", "R$", 2},
                                      {"AUD", "A$", 2}, {"CAD", "C$", 2},  {"TRY", "₺", 2}, {"PLN", "zł ", 2}};

/* Sign in front, digits, what follows; "-0.00" has no sign. */
static char *join_number(double value, int decimals, const char *before, const char *after, gboolean show_plus) {
  g_autofree char *digits = text_format_number(fabs(value), decimals);
  gboolean is_zero = strpbrk(digits, "123456789") == NULL;
  const char *sign = is_zero ? "" : value < 0 ? "-" : show_plus ? "+" : "";
  return g_strconcat(sign, before, digits, after, NULL);
}

static char *format_money(const char *unit, double value, gboolean show_plus) {
  const char *code = g_str_has_prefix(unit, "currency:") ? unit + strlen("currency:") : "";
  for (guint i = 0; i < G_N_ELEMENTS(CURRENCIES); i++)
    if (strcmp(code, CURRENCIES[i].code) == 0)
      return join_number(value, CURRENCIES[i].decimals, CURRENCIES[i].sign, "", show_plus);
  g_autofree char *before = *code != '\0' ? g_strconcat(code, " ", NULL) : g_strdup("");
  return join_number(value, 2, before, "", show_plus);
}

/* More decimals for small values, so that 0.04 % does not become 0.0 %. */
static int decimals_for(double value, int usual) {
  double size = fabs(value);
  if (!(size > 0) || size >= 1) return usual;
  int needed = 1 - (int)floor(log10(size));
  return CLAMP(needed, usual, 6);
}

static char *format_fraction(double fraction, const char *after, gboolean show_plus) {
  double percent = fraction * 100;
  return join_number(percent, decimals_for(percent, 1), "", after, show_plus);
}

char *view_format_percent(double fraction) {
  return format_fraction(fraction, " %", FALSE);
}

char *view_format_points(double difference) {
  return format_fraction(fabs(difference), " pp", FALSE);
}

static char *format_plain(double value, gboolean show_plus) {
  if (fabs(value - nearbyint(value)) < 1e-9) return join_number(value, 0, "", "", show_plus);
  return join_number(value, decimals_for(value, 2), "", "", show_plus);
}

static char *format_number_as(const AnswerColumn *column, double value, gboolean show_plus) {
  const char *unit = column != NULL && column->unit != NULL ? column->unit : "";
  const char *format = column != NULL && column->format != NULL ? column->format : "";
  if (!isfinite(value)) return g_strdup("");
  if (g_str_has_prefix(unit, "currency") || strcmp(format, "money") == 0) return format_money(unit, value, show_plus);
  if (strcmp(unit, "pp") == 0) return format_fraction(value, " pp", show_plus);
  if (strcmp(unit, "fraction") == 0 || strcmp(format, "percent") == 0) return format_fraction(value, " %", show_plus);
  return format_plain(value, show_plus);
}

char *view_format(const ResultView *view, int column, double value) {
  return format_number_as(view_column(view, column), value, FALSE);
}

#define PAIR_MOST_DECIMALS 4

void view_format_pair(const ResultView *view, int column, double one, double other, char **one_text, char **other_text) {
  *one_text = view_format(view, column, one);
  *other_text = view_format(view, column, other);
  for (int decimals = 2; decimals <= PAIR_MOST_DECIMALS && strcmp(*one_text, *other_text) == 0 && one != other && view_is_fraction(view, column); decimals++) {
    g_free(*one_text);
    g_free(*other_text);
    *one_text = g_strdup_printf("%.*f %%", decimals, one * 100);
    *other_text = g_strdup_printf("%.*f %%", decimals, other * 100);
  }
}

/* ---- periods ---- */
static gboolean all_digits(const char *text, gsize count) {
  for (gsize i = 0; i < count; i++)
    if (!g_ascii_isdigit(text[i])) return FALSE;
  return TRUE;
}

static const char *month_name(int month, gboolean brief, char buffer[4]) {
  if (!brief) return MONTHS[month - 1];
  g_strlcpy(buffer, MONTHS[month - 1], 4);
  return buffer;
}

/* "3 January 2017"; a daily series has a thousand of them, twice over. */
static char *label_of_day(int year, int month, int day, gboolean brief) {
  char buffer[4];
  const char *name = month_name(month, brief, buffer);
  if (year < 1000 || year > 9999) return g_strdup_printf("%d %s %d", day, name, year);
  gsize length = strlen(name);
  char *text = g_malloc(length + sizeof "31  2000"), *at = text;
  if (day >= 10) *at++ = (char)('0' + day / 10);
  *at++ = (char)('0' + day % 10);
  *at++ = ' ';
  memcpy(at, name, length);
  at += length;
  *at++ = ' ';
  for (int unit = 1000; unit > 0; unit /= 10) *at++ = (char)('0' + year / unit % 10);
  *at = '\0';
  return text;
}

char *view_day_label(Day day, gboolean brief) {
  int year, month, day_of_month;
  day_to_ymd(day, &year, &month, &day_of_month);
  return label_of_day(year, month, day_of_month, brief);
}

char *view_period_label(const char *period, gboolean brief) {
  gsize length = strlen(period);
  int year = 0, month = 0, part = 0;
  char buffer[4];
  Day day;
  if (length < 7 || !all_digits(period, 4) || period[4] != '-') return g_strdup(period);
  year = text_leading_number(period);
  if (length == 7 && all_digits(period + 5, 2)) {
    month = text_leading_number(period + 5);
    if (month >= 1 && month <= 12) return g_strdup_printf("%s %d", month_name(month, brief, buffer), year);
  }
  if ((period[5] == 'Q' || period[5] == 'H') && length == 7) return g_strdup_printf("%s %d", period + 5, year);
  if (period[5] == 'W' && all_digits(period + 6, length - 6)) {
    part = text_leading_number(period + 6);
    return brief ? g_strdup_printf("W%02d %d", part, year) : g_strdup_printf("week %d of %d", part, year);
  }
  if (length == 10 && day_parse_iso(period, &day)) return view_day_label(day, brief);
  return g_strdup(period);
}

/* ---- cells ---- */
static char *format_date(const Value *value, gboolean brief) {
  if (value->type == VALUE_DATE) return view_day_label((Day)value->integer, brief);
  const gint64 day_us = 86400LL * 1000000;
  gint64 days = value->integer / day_us, rest = value->integer % day_us;
  if (rest < 0) {
    rest += day_us;
    days--;
  }
  g_autofree char *date = view_day_label((Day)days, brief);
  if (rest == 0) return g_steal_pointer(&date);
  int minutes = (int)(rest / 60000000);
  return g_strdup_printf("%s %02d:%02d", date, minutes / 60, minutes % 60);
}

static gboolean is_change(const AnswerColumn *column) {
  return column != NULL && (g_strcmp0(column->kind, "change") == 0 || g_strcmp0(column->kind, "growth") == 0);
}

char *view_format_cell(const AnswerColumn *column, const Value *value, gboolean signed_changes) {
  switch (value->type) {
  case VALUE_NULL: return g_strdup(column != NULL && column->role == COLUMN_DIMENSION ? "(none)" : "");
  case VALUE_BOOL: return g_strdup(value->integer != 0 ? "yes" : "no");
  case VALUE_DATE:
  case VALUE_TIMESTAMP: return format_date(value, FALSE);
  case VALUE_TEXT:
    if (column != NULL && (g_strcmp0(column->type, "period") == 0 || g_strcmp0(column->type, "date") == 0))
      return view_period_label(value->text, FALSE);
    return g_strdup(value->text);
  case VALUE_TIME: return value_to_text(value);
  case VALUE_INT:
    /* Years, hours and codes are names, not amounts: no thousands separators. */
    if (column != NULL && column->role == COLUMN_DIMENSION) return g_strdup_printf("%" G_GINT64_FORMAT, value->integer);
    break;
  case VALUE_DOUBLE:
  case VALUE_DECIMAL: break;
  }
  return format_number_as(column, value->number, signed_changes && is_change(column));
}

char *insight_format_value(const AnswerColumn *column, const Value *value) {
  return view_format_cell(column, value, FALSE);
}

/* ---- words ---- */
/* "SKU", "AOV", "ID": capitals that must stay. */
static gboolean is_acronym(const char *word) {
  gsize upper = 0, lower = 0;
  for (const char *p = word; *p != '\0'; p++) {
    upper += g_ascii_isupper(*p) ? 1 : 0;
    lower += g_ascii_islower(*p) ? 1 : 0;
  }
  return upper >= 2 && lower == 0;
}

char *view_words(const char *label) {
  g_autoptr(GString) spaced = g_string_new(NULL);
  for (const char *p = label; *p != '\0'; p++) {
    gboolean new_word = p > label && g_ascii_isupper(*p) && g_ascii_islower(p[-1]);
    if (new_word) g_string_append_c(spaced, ' ');
    g_string_append_c(spaced, *p == '_' ? ' ' : *p);
  }
  g_auto(GStrv) words = g_strsplit(g_strstrip(spaced->str), " ", -1);
  for (guint i = 0; words[i] != NULL; i++) {
    if (is_acronym(words[i])) continue;
    char *lower = g_utf8_strdown(words[i], -1);
    g_free(words[i]);
    words[i] = lower;
  }
  return g_strjoinv(" ", words);
}

gboolean view_is_plural(const char *name) {
  static const char *const STOPS[] = {" of ", " per ", " by ", " to ",     " from ",
                                      " in ", " for ", " (",   " before ", " after ", " with "};
  static const char *const SINGULAR_HEADS[] = {"average ", "mean ",    "median ",   "number ",  "share ",
                                               "value ",   "count ",   "smallest ", "largest ", "highest ",
                                               "lowest ",  "maximum ", "minimum "};
  for (guint i = 0; i < G_N_ELEMENTS(SINGULAR_HEADS); i++)
    if (g_str_has_prefix(name, SINGULAR_HEADS[i])) return FALSE;
  gsize length = strlen(name);
  for (guint i = 0; i < G_N_ELEMENTS(STOPS); i++) {
    const char *found = strstr(name, STOPS[i]);
    if (found != NULL) length = MIN(length, (gsize)(found - name));
  }
  if (length < 2 || name[length - 1] != 's') return FALSE;
  return name[length - 2] != 's' && !(length > 2 && strncmp(name + length - 2, "us", 2) == 0) &&
         !(length > 2 && strncmp(name + length - 2, "is", 2) == 0);
}

gboolean view_is_bare(const char *label) {
  return g_utf8_strlen(label, -1) <= 2 || strspn(label, "0123456789.,-+ ") == strlen(label);
}

char *view_capital(const char *name) {
  if (*name == '\0') return g_strdup("");
  const char *rest = g_utf8_next_char(name);
  g_autofree char *first = g_utf8_strup(name, rest - name);
  return g_strconcat(first, rest, NULL);
}

/* A number that grows by one from period to period; -1: not known. */
static int period_number(const Value *value) {
  Day day;
  if (value->type == VALUE_DATE) return (int)value->integer;
  if (value->type == VALUE_INT) return (int)value->integer;
  if (value->type != VALUE_TEXT) return -1;
  const char *text = value->text;
  gsize length = strlen(text);
  if (length < 4 || !all_digits(text, 4)) return -1;
  int year = (int)g_ascii_strtoll(text, NULL, 10);
  if (length == 4) return year;
  if (length == 10 && day_parse_iso(text, &day)) return day;
  if (length != 7 || text[4] != '-') return -1;
  if (text[5] == 'Q') return year * 4 + (int)g_ascii_strtoll(text + 6, NULL, 10);
  return all_digits(text + 5, 2) ? year * 12 + (int)g_ascii_strtoll(text + 5, NULL, 10) : -1;
}

gboolean view_is_contiguous(const ResultView *view) {
  guint column = view_dimension(view, 0)->column;
  for (gsize row = 1; row < view->n_rows; row++) {
    int before = period_number(result_table_at(view->input->result, row - 1, column));
    int after = period_number(result_table_at(view->input->result, row, column));
    if (before < 0 || after != before + 1) return FALSE;
  }
  return TRUE;
}
