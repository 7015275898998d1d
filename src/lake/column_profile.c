#include "lake/column_profile.h"
#include <math.h>
#include <string.h>

#define TEXT_CERTAIN_AFTER 4000 /* cells after which a mostly wordy column is not looked at any more */
#define PATH_MAX_LENGTH 250

void column_profile_init(ColumnProfile *profile) {
  memset(profile, 0, sizeof *profile);
  profile->shortest_whole = G_MAXUINT;
  for (int i = 0; i < DATE_ORDER_COUNT; i++) profile->previous[i] = DAY_NONE;
}

static gboolean is_one_of(const char *text, gsize length, const char *const *words) {
  for (; *words; words++)
    if (strlen(*words) == length && !memcmp(*words, text, length)) return TRUE;
  return FALSE;
}

/* Stand for "no value" wherever they occur. */
static gboolean is_null_anywhere(const char *text, gsize length) {
  static const char *const words[] = {"NULL", "null", "NaN",    "nan",  "N/A", "n/a",
                                      "#N/A", "\\N",  "(null)", "<NA>", NULL};
  return length <= 6 && strchr("Nn#\\(<", *text) && is_one_of(text, length, words);
}

/* Stand for "no value" among numbers and dates; in text they may be a country or a size. */
static gboolean is_null_word(const char *text, gsize length) {
  static const char *const words[] = {"NA",    "na",      "Null",    "None",  "none",    "NONE", "nil",
                                      "-",     "--",      "—",       "–",     "?",       ".",    "n.a.",
                                      "#REF!", "#VALUE!", "#DIV/0!", "#NUM!", "missing", NULL};
  return length <= 8 && !g_ascii_isdigit(*text) && is_one_of(text, length, words);
}

static void trim_cell(const char **text, gsize *length) {
  while (*length && g_ascii_isspace(**text)) {
    (*text)++;
    (*length)--;
  }
  while (*length && g_ascii_isspace((*text)[*length - 1])) (*length)--;
}

static gboolean same_word(const char *text, gsize length, const char *word) {
  return strlen(word) == length && !g_ascii_strncasecmp(text, word, length);
}

static const char *const boolean_words[BOOLEAN_PAIRS][2] = {{"true", "false"}, {"yes", "no"},      {"y", "n"},     {"ja", "nein"}, {"j", "n"},
                                                           {"oui", "non"},    {"wahr", "falsch"}, {"vrai", "faux"}, {"si", "no"},   {"ja", "nee"}};

void column_boolean_words(guint pair, const char **yes, const char **no) {
  *yes = boolean_words[pair][0];
  *no = boolean_words[pair][1];
}

/* The pairs that have this word, a bit each. */
static guint boolean_pairs(const char *text, gsize length, gboolean *value) {
  guint pairs = 0;
  if (length == 0 || length > BOOLEAN_LONGEST || !strchr("tTfFyYnNjJoOwWvVsS", text[0])) return 0;
  for (guint i = 0; i < BOOLEAN_PAIRS; i++) {
    gboolean yes = same_word(text, length, boolean_words[i][0]);
    if (!yes && !same_word(text, length, boolean_words[i][1])) continue;
    pairs |= 1u << i;
    *value = yes;
  }
  return pairs;
}

static void add_boolean(ColumnProfile *profile, const char *text, gsize length) {
  gboolean value = FALSE;
  guint pairs = boolean_pairs(text, length, &value);
  profile->yes_words += value;
  if (pairs && !profile->said[value][0]) memcpy(profile->said[value], text, length);
  for (guint i = 0; pairs && i < BOOLEAN_PAIRS; i++) profile->booleans[i] += pairs >> i & 1;
}

/* A word of another language may be a code by chance: then both of the pair must occur. */
guint column_profile_boolean(const ColumnProfile *profile, gint64 values) {
  guint pair = 0;
  while (pair < BOOLEAN_PAIRS && profile->booleans[pair] != values) pair++;
  return pair < BOOLEAN_PAIRS_ENGLISH || (profile->yes_words > 0 && profile->yes_words < values) ? pair : BOOLEAN_PAIRS;
}

static gint64 most_booleans(const ColumnProfile *profile) {
  gint64 most = 0;
  for (guint i = 0; i < BOOLEAN_PAIRS; i++) most = MAX(most, profile->booleans[i]);
  return most;
}

/* 2001-09-09 to 2033-05-18 as seconds and as milliseconds, 2000 to 2049 as days of a spreadsheet. */
#define EPOCH_DIGITS 10
#define EPOCH_DIGITS_MILLISECONDS 13
#define SERIAL_DIGITS 5
#define SERIAL_FIRST 36526
#define SERIAL_LAST 54788
static void add_point_in_time(ColumnProfile *profile, const char *text, gsize length) { /* the text does not end with a nul */
  if (length != EPOCH_DIGITS && length != EPOCH_DIGITS_MILLISECONDS && length != SERIAL_DIGITS) return;
  gint64 number = 0;
  for (gsize i = 0; i < length; i++) {
    if (!g_ascii_isdigit(text[i])) return;
    number = number * 10 + (text[i] - '0');
  }
  profile->epoch_seconds += length == EPOCH_DIGITS && text[0] == '1';
  profile->epoch_milliseconds += length == EPOCH_DIGITS_MILLISECONDS && text[0] == '1';
  profile->serial_days += length == SERIAL_DIGITS && number >= SERIAL_FIRST && number <= SERIAL_LAST;
}

/* 19.990000000000002 is 19.99 that went through a binary float. */
static gboolean is_float_noise(const NumberScan *scan) {
  if (scan->fraction_digits_point < 10 || scan->digits_length > 40) return FALSE;
  char digits[48];
  memcpy(digits, scan->digits, scan->digits_length);
  digits[scan->digits_length] = '\0';
  double value = g_ascii_strtod(digits, NULL);
  return fabs(value - round(value * 1e4) / 1e4) < 1e-9 * MAX(1.0, fabs(value) * 1e-3);
}

static void add_number(ColumnProfile *profile, const NumberScan *scan) {
  profile->point_numbers += scan->point_decimal;
  profile->comma_numbers += scan->comma_decimal;
  profile->plain_numbers += scan->plain;
  profile->point_zeros += scan->point_zero;
  profile->leading_zeros += scan->leading_zero;
  profile->percents += scan->percent;
  profile->exponents += scan->exponent;
  if (scan->point_decimal && !is_float_noise(scan)) {
    profile->fraction_point = MAX(profile->fraction_point, scan->fraction_digits_point);
    profile->written_point = MAX(profile->written_point, scan->written_point);
  } else if (scan->point_decimal) {
    profile->fraction_point = MAX(profile->fraction_point, 4);
    profile->written_point = MAX(profile->written_point, 4);
  }
  profile->fraction_comma = MAX(profile->fraction_comma, scan->fraction_digits_comma);
  profile->written_comma = MAX(profile->written_comma, scan->written_comma);
  profile->whole_digits = MAX(profile->whole_digits, scan->whole_digits);
  profile->shortest_whole = MIN(profile->shortest_whole, scan->whole_digits);
  if (scan->currency[0]) {
    profile->mixed_currency =
        profile->mixed_currency || (profile->currencies && strcmp(profile->currency, scan->currency));
    memcpy(profile->currency, scan->currency, sizeof profile->currency);
    profile->currencies++;
  }
}

static void add_date(ColumnProfile *profile, const DateScan *scan) {
  profile->dates++;
  profile->settled_dates += scan->settled;
  profile->year_first += scan->settled && !scan->named_month;
  profile->named_months += scan->named_month;
  profile->compact_dates += scan->compact;
  profile->clocked += scan->has_time && scan->microseconds != 0;
  profile->dots_in_dates += scan->separator == '.';
  if (scan->has_offset) {
    profile->smallest_offset =
        profile->offset_dates ? MIN(profile->smallest_offset, scan->offset_minutes) : scan->offset_minutes;
    profile->largest_offset =
        profile->offset_dates ? MAX(profile->largest_offset, scan->offset_minutes) : scan->offset_minutes;
    profile->offset_dates++;
  }
  if (scan->settled) return;
  profile->separator = profile->unsettled == 0 || profile->separator == scan->separator ? scan->separator : 0;
  profile->two_digit_years += scan->two_digit_year;
  profile->unsettled++;
  for (int i = 0; i < DATE_ORDER_COUNT; i++) {
    if (!(scan->orders & DATE_ORDER_BIT(i))) continue;
    profile->valid[i]++;
    profile->only[i] += scan->orders == DATE_ORDER_BIT(i);
    profile->rising[i] += profile->previous[i] == DAY_NONE || scan->day[i] >= profile->previous[i];
    profile->previous[i] = scan->day[i];
  }
}

static gboolean looks_like_path(const char *text, gsize length) {
  const char *bar = memchr(text, '|', length);
  return bar && bar > text && bar < text + length - 1 && length <= PATH_MAX_LENGTH;
}

void column_profile_add(ColumnProfile *profile, const char *text, gsize length) {
  profile->cells++;
  trim_cell(&text, &length);
  if (length == 0 || is_null_anywhere(text, length)) {
    profile->empty++;
    return;
  }
  profile->longest = MAX(profile->longest, length);
  profile->paths += looks_like_path(text, length);
  if (profile->is_text) return;
  if (is_null_word(text, length)) {
    profile->null_words++;
    return;
  }
  gboolean has_digit = FALSE;
  for (gsize i = 0; i < length && !has_digit && length <= 64; i++) has_digit = g_ascii_isdigit(text[i]);
  if (!has_digit) {
    add_boolean(profile, text, length);
  } else {
    NumberScan number;
    number_scan(text, length, &number);
    if (number.is_number) add_number(profile, &number);
    if (number.is_number && length <= EPOCH_DIGITS_MILLISECONDS) add_point_in_time(profile, text, length);
    DateScan date = {0};
    if (!number.is_number || length == 8) date_scan(text, length, &date);
    gint64 clock;
    if (date.is_date)
      add_date(profile, &date);
    else if (!number.is_number && length <= 20 && time_scan(text, length, &clock))
      profile->times++;
  }
  gint64 seen = profile->cells - profile->empty;
  if (seen >= TEXT_CERTAIN_AFTER && seen % 1000 == 0) {
    gint64 known = MAX(profile->point_numbers, profile->comma_numbers) + profile->dates + profile->times +
                   most_booleans(profile) + profile->null_words;
    profile->is_text = known < seen / 2;
  }
}

void table_evidence_add(TableEvidence *evidence, const ColumnProfile *profile) {
  evidence->comma_decimal =
      evidence->comma_decimal || (profile->comma_numbers > profile->point_numbers && profile->fraction_comma > 0);
  for (int i = 0; i < DATE_ORDER_COUNT; i++) evidence->date_evidence[i] += profile->only[i];
}

/* ---- conversion ---- */

/* A number as a date or a point in time. */
static CellOutcome convert_counted(const ColumnPlan *plan, const char *text, gsize length, GString *out) {
  gint64 number = 0;
  if (length == 0 || length > EPOCH_DIGITS_MILLISECONDS) return CELL_BAD;
  for (gsize i = 0; i < length; i++) {
    if (!g_ascii_isdigit(text[i])) return CELL_BAD;
    number = number * 10 + (text[i] - '0');
  }
  const gint64 day_units = 86400 * MAX(plan->epoch_units, 1);
  Day epoch = day_from_ymd(1970, 1, 1);
  if (plan->serial) {
    if (number > SERIAL_LAST) return CELL_BAD;
    date_append(out, day_from_ymd(1899, 12, 30) + (Day)number);
  } else {
    timestamp_append(out, epoch + (Day)(number / day_units), number % day_units * (G_USEC_PER_SEC / plan->epoch_units));
  }
  return CELL_VALUE;
}

static CellOutcome convert_date(const ColumnPlan *plan, const char *text, gsize length, GString *out) {
  if (plan->serial || plan->epoch_units) return convert_counted(plan, text, length, out);
  DateScan scan;
  date_scan(text, length, &scan);
  if (!scan.is_date) return CELL_BAD;
  DateOrder order = plan->order;
  if (!scan.settled && !(scan.orders & DATE_ORDER_BIT(order))) {
    if (!plan->use_second_order || !(scan.orders & DATE_ORDER_BIT(plan->second_order))) return CELL_BAD;
    order = plan->second_order;
  }
  if (plan->type == FIELD_DATE)
    date_append(out, scan.day[order]);
  else
    timestamp_append(out, scan.day[order],
                     scan.microseconds - (plan->to_utc ? (gint64)scan.offset_minutes * 60 * 1000000 : 0));
  return CELL_VALUE;
}

static CellOutcome convert_number(const ColumnPlan *plan, const char *text, gsize length, GString *out) {
  NumberScan scan;
  number_scan(text, length, &scan);
  if (!(plan->comma_decimal ? scan.comma_decimal : scan.point_decimal)) return CELL_BAD;
  gsize from = out->len;
  number_append_plain(out, &scan, plan->comma_decimal);
  if (plan->type == FIELD_INTEGER) {
    char *point = strchr(out->str + from, '.');
    if (point) g_string_truncate(out, (gsize)(point - out->str));
  }
  return CELL_VALUE;
}

static void convert_identifier(const char *text, gsize length, GString *out) {
  NumberScan scan;
  number_scan(text, length, &scan);
  g_string_append_len(out, text, (gssize)(scan.point_zero ? length - 2 : length));
}

CellOutcome column_plan_convert(const ColumnPlan *plan, const char *text, gsize length, GString *out) {
  const char *trimmed = text;
  gsize trimmed_length = length;
  trim_cell(&trimmed, &trimmed_length);
  if (trimmed_length == 0 || is_null_anywhere(trimmed, trimmed_length)) return CELL_NULL;
  if (plan->type == FIELD_TEXT) {
    if (plan->identifier)
      convert_identifier(trimmed, trimmed_length, out);
    else
      g_string_append_len(out, text, (gssize)length);
    return CELL_VALUE;
  }
  if (is_null_word(trimmed, trimmed_length)) return CELL_NULL;
  switch (plan->type) {
  case FIELD_INTEGER:
  case FIELD_DECIMAL:
  case FIELD_DOUBLE: return convert_number(plan, trimmed, trimmed_length, out);
  case FIELD_DATE:
  case FIELD_TIMESTAMP: return convert_date(plan, trimmed, trimmed_length, out);
  case FIELD_BOOLEAN: {
    gboolean value = FALSE;
    if (!boolean_pairs(trimmed, trimmed_length, &value)) return CELL_BAD;
    g_string_append(out, value ? "true" : "false");
    return CELL_VALUE;
  }
  case FIELD_TIME: {
    gint64 microseconds;
    if (!time_scan(trimmed, trimmed_length, &microseconds)) return CELL_BAD;
    time_append(out, microseconds);
    return CELL_VALUE;
  }
  case FIELD_TEXT: break;
  }
  return CELL_BAD;
}

const char *field_type_sql(FieldType type) {
  switch (type) {
  case FIELD_INTEGER: return "BIGINT";
  case FIELD_DECIMAL: return "DECIMAL(18,4)";
  case FIELD_DOUBLE: return "DOUBLE";
  case FIELD_BOOLEAN: return "BOOLEAN";
  case FIELD_DATE: return "DATE";
  case FIELD_TIMESTAMP: return "TIMESTAMP";
  case FIELD_TEXT:
  case FIELD_TIME: break;
  }
  return "VARCHAR";
}
