/* From the counts of a column to its type. */
#include "lake/column_profile.h"
#include <string.h>

#define DECIMAL_SCALE 4
#define DECIMAL_WHOLE_DIGITS 14
#define BIGINT_DIGITS 18
#define LONG_CODE_DIGITS 11

GPtrArray *header_words(const char *header) {
  GPtrArray *words = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GString) word = g_string_new(NULL);
  for (const char *p = header;; p++) {
    gboolean letter = g_ascii_isalnum(*p) || (*p & 0x80);
    gboolean starts =
        letter && word->len && g_ascii_isupper(*p) &&
        (g_ascii_islower(p[-1]) || g_ascii_isdigit(p[-1]) || (g_ascii_isupper(p[-1]) && g_ascii_islower(p[1])));
    if ((starts || !letter) && word->len) {
      g_ptr_array_add(words, g_strdup(word->str));
      g_string_truncate(word, 0);
    }
    if (letter)
      g_string_append_c(word, g_ascii_tolower(*p));
    else if (*p == '#')
      g_ptr_array_add(words, g_strdup("#"));
    if (!*p) return words;
  }
}

gboolean header_is_identifier(const char *header) {
  static const char *const last[] = {
      "id",     "ids",      "uuid",    "guid",  "code",      "no",      "nr",      "num", "number", "zip", "zipcode",
      "postal", "postcode", "pincode", "phone", "telephone", "mobile",  "fax",     "sku", "asin",   "ean", "upc",
      "gtin",   "isbn",     "barcode", "ref",   "reference", "account", "invoice", "ssn", "iban",   "via", "#",   NULL};
  static const char *const anywhere[] = {"zip",   "postal",    "postcode", "zipcode", "pincode",
                                         "phone", "telephone", "barcode",  NULL};
  static const char *const leading[] = {"n°", "nº", "code", NULL};
  g_autoptr(GPtrArray) words = header_words(header);
  if (words->len == 0) return FALSE;
  for (guint i = 0; i < words->len; i++)
    if (g_strv_contains(anywhere, words->pdata[i])) return TRUE;
  const char *final = words->pdata[words->len - 1];
  if (g_strv_contains(last, final)) return TRUE;
  /* "Filialnr", "Kundennummer"; "N° commande", "Code client" */
  if (strlen(final) > 4 && (g_str_has_suffix(final, "nr") || g_str_has_suffix(final, "nummer"))) return TRUE;
  if (words->len == 2 && g_strv_contains(leading, words->pdata[0])) return TRUE;
  /* "customerid", "productcode" written as one word */
  static const char *const endings[] = {"customerid", "productid", "orderid",     "userid",    "itemid",
                                        "storeid",    "clientid",  "orderno",     "invoiceno", "productcode",
                                        "itemcode",   "stockcode", "ordernumber", NULL};
  return words->len == 1 && g_strv_contains(endings, final);
}

static gboolean header_has_word(const char *header, const char *word) {
  g_autoptr(GPtrArray) words = header_words(header);
  for (guint i = 0; i < words->len; i++)
    if (!strcmp(words->pdata[i], word)) return TRUE;
  return FALSE;
}

static char *count_text(gint64 count) {
  return text_format_number((double)count, 0);
}

static void add_note(ImportedColumn *column, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void add_note(ImportedColumn *column, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *note = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  char *all = column->note && *column->note ? g_strconcat(column->note, "; ", note, NULL) : g_strdup(note);
  g_free(column->note);
  column->note = all;
}

static const char *order_name(DateOrder order) {
  return order == DATE_ORDER_DMY ? "day/month/year" : order == DATE_ORDER_MDY ? "month/day/year" : "year/month/day";
}

static const char *order_evidence(DateOrder order) {
  return order == DATE_ORDER_DMY ? "a first" : "a second";
}

/* Which order the numeric dates of a column have, and how that is known. */
static void decide_order(const ColumnProfile *profile, const TableEvidence *evidence, ColumnPlan *plan,
                         ImportedColumn *column) {
  DateOrder best = profile->valid[DATE_ORDER_MDY] >= profile->valid[DATE_ORDER_DMY] ? DATE_ORDER_MDY : DATE_ORDER_DMY;
  DateOrder other = best == DATE_ORDER_MDY ? DATE_ORDER_DMY : DATE_ORDER_MDY;
  gboolean year_order =
      profile->valid[best] < profile->unsettled && profile->valid[DATE_ORDER_YMD] > profile->valid[best];
  g_autofree char *unsettled = count_text(profile->unsettled);
  if (year_order) {
    plan->order = DATE_ORDER_YMD;
    plan->second_order = best;
    add_note(column, "dates are year/month/day with two-digit years: no other order fits all of %s cells", unsettled);
  } else if (profile->valid[best] != profile->valid[other]) {
    plan->order = best;
    plan->second_order = other;
    g_autofree char *count = count_text(profile->only[best]);
    add_note(column, "dates are %s: %s cells have %s number above 12", order_name(best), count, order_evidence(best));
  } else {
    gint64 sibling_dmy = evidence->date_evidence[DATE_ORDER_DMY], sibling_mdy = evidence->date_evidence[DATE_ORDER_MDY];
    const char *why = "nothing in the file tells which; check this";
    column->to_check = TRUE;
    if (sibling_dmy != sibling_mdy) {
      best = sibling_dmy > sibling_mdy ? DATE_ORDER_DMY : DATE_ORDER_MDY;
      why = "as in the other date columns of the file";
      column->to_check = FALSE;
    } else if (profile->dots_in_dates > 0) {
      best = DATE_ORDER_DMY;
      why = "usual with dots; check this";
    } else if (profile->rising[DATE_ORDER_DMY] != profile->rising[DATE_ORDER_MDY]) {
      best = profile->rising[DATE_ORDER_DMY] > profile->rising[DATE_ORDER_MDY] ? DATE_ORDER_DMY : DATE_ORDER_MDY;
      why = "so the rows are nearer to being in order; check this";
    } else {
      best = DATE_ORDER_MDY;
    }
    plan->order = best;
    plan->second_order = best == DATE_ORDER_MDY ? DATE_ORDER_DMY : DATE_ORDER_MDY;
    add_note(column, "dates are read as %s: %s", order_name(best), why);
  }
  gint64 rest = profile->unsettled - profile->valid[plan->order];
  plan->use_second_order = rest > 0 && profile->valid[plan->second_order] > 0;
  if (plan->use_second_order) {
    g_autofree char *count = count_text(rest);
    add_note(column, "%s cells fit only %s and are read so; check this", count, order_name(plan->second_order));
    column->to_check = TRUE;
  }
}

static void decide_date(const ColumnProfile *profile, const TableEvidence *evidence, ColumnPlan *plan,
                        ImportedColumn *column) {
  plan->type = profile->clocked ? FIELD_TIMESTAMP : FIELD_DATE;
  if (profile->unsettled > 0) decide_order(profile, evidence, plan, column);
  if (profile->year_first > 0 && profile->year_first == profile->dates)
    add_note(column, profile->clocked ? "timestamps are year-month-day" : "dates are year-month-day");
  else if (profile->named_months == profile->dates)
    add_note(column, "dates with month names");
  else if (profile->settled_dates > 0) {
    g_autofree char *year = count_text(profile->year_first), *named = count_text(profile->named_months),
                    *numeric = count_text(profile->unsettled);
    add_note(column, "mixed date formats: %s cells year first, %s with month names, %s as numbers", year, named,
             numeric);
  }
  if (profile->offset_dates) {
    plan->to_utc = profile->smallest_offset != profile->largest_offset || profile->offset_dates < profile->dates;
    add_note(column, plan->to_utc ? "time zone offsets differ: times are in UTC"
                                  : "all times have one zone offset; kept as written");
  }
}

static void decide_number(const ColumnProfile *profile, const char *header, const TableEvidence *evidence,
                          gint64 values, ColumnPlan *plan, ImportedColumn *column) {
  gboolean comma = profile->comma_numbers > profile->point_numbers ||
                   (profile->comma_numbers == profile->point_numbers && evidence->comma_decimal &&
                    profile->fraction_comma + profile->fraction_point > 0);
  guint fraction = comma ? profile->fraction_comma : profile->fraction_point;
  gboolean bare = !profile->currencies && !profile->percents && !profile->exponents && fraction == 0;
  guint written = comma ? profile->written_comma : profile->written_point;
  gboolean nullable_whole = profile->point_zeros > 0 && written <= 1;
  gboolean long_code = profile->whole_digits >= LONG_CODE_DIGITS && profile->whole_digits == profile->shortest_whole;
  gboolean whole_written = written == 0 || nullable_whole;
  if (bare && whole_written && (header_is_identifier(header) || profile->leading_zeros > 0 || long_code)) {
    plan->type = FIELD_TEXT;
    plan->identifier = TRUE;
    add_note(column, profile->leading_zeros ? "numbers with leading zeros: kept as text"
                     : long_code            ? "long numbers of one length: kept as text"
                                            : "numbers that name things: kept as text");
    if (profile->point_zeros > 0) add_note(column, "\".0\" removed");
    return;
  }
  plan->comma_decimal = comma;
  if (comma) add_note(column, "decimal comma");
  if (profile->mixed_currency) {
    plan->type = FIELD_TEXT;
    add_note(column, "amounts in several currencies: kept as text");
    return;
  }
  if (profile->percents > 0) {
    if (profile->percents < values - values / 20) {
      plan->type = FIELD_TEXT;
      add_note(column, "some numbers carry %% and some do not: kept as text");
      return;
    }
    plan->percent = column->is_percent = TRUE;
    plan->type = fraction <= DECIMAL_SCALE - 2 && !profile->exponents ? FIELD_DECIMAL : FIELD_DOUBLE;
    add_note(column, "percentages, stored as fractions");
    return;
  }
  if (profile->currencies > 0) {
    column->currency = g_strdup(profile->currency);
    add_note(column, "amounts in %s", profile->currency);
  }
  if (!profile->currencies && fraction == 0 && whole_written && !profile->exponents &&
      profile->whole_digits <= BIGINT_DIGITS)
    plan->type = FIELD_INTEGER;
  else if (fraction <= DECIMAL_SCALE && !profile->exponents && profile->whole_digits <= DECIMAL_WHOLE_DIGITS)
    plan->type = FIELD_DECIMAL;
  else
    plan->type = FIELD_DOUBLE;
  if (plan->type == FIELD_INTEGER && nullable_whole) add_note(column, "whole numbers written with \".0\"");
}

/* The word as the data writes it; where it does not occur, as the data would: "NO" beside "YES". (transfer full) */
static char *flag_word(const ColumnProfile *profile, gboolean yes, const char *word) {
  const char *said = profile->said[yes], *other = profile->said[!yes];
  if (*said) return g_strdup(said);
  gboolean capital = g_ascii_isupper(other[0]), capitals = capital && g_ascii_isupper(other[strlen(other) - 1]);
  char *cased = capitals ? g_ascii_strup(word, -1) : g_strdup(word);
  if (capital) cased[0] = g_ascii_toupper(cased[0]);
  return cased;
}

static gboolean decide_boolean(const ColumnProfile *profile, gint64 values, ColumnPlan *plan, ImportedColumn *column) {
  guint pair = column_profile_boolean(profile, values);
  if (pair == BOOLEAN_PAIRS) return FALSE;
  plan->type = FIELD_BOOLEAN;
  if (pair == 0) return TRUE; /* true and false themselves */
  const char *yes, *no;
  column_boolean_words(pair, &yes, &no);
  column->yes = flag_word(profile, TRUE, yes);
  column->no = flag_word(profile, FALSE, no);
  return TRUE;
}

/* Numbers that are points in time, where the header says that it means one: seconds or milliseconds since 1970, days of a spreadsheet. */
static gboolean decide_counted_time(const ColumnProfile *profile, const char *header, gint64 values, ColumnPlan *plan, ImportedColumn *column) {
  static const char *const moments[] = {"time", "timestamp", "ts", "epoch", "at", "date", "datetime", "created", "updated", "modified", "zeit", "datum", "zeitstempel", NULL};
  static const char *const days[] = {"date", "day", "datum", "tag", NULL};
  g_autoptr(GPtrArray) words = header_words(header);
  gboolean moment = FALSE, day = FALSE;
  for (guint i = 0; i < words->len; i++) {
    moment = moment || g_strv_contains(moments, words->pdata[i]);
    day = day || g_strv_contains(days, words->pdata[i]) || g_str_has_suffix(words->pdata[i], "datum") || g_str_has_suffix(words->pdata[i], "date");
  }
  if ((moment || day) && (profile->epoch_seconds == values || profile->epoch_milliseconds == values)) {
    plan->type = FIELD_TIMESTAMP;
    plan->epoch_units = profile->epoch_seconds == values ? 1 : 1000;
    add_note(column, "%s since 1970, read as times in UTC", plan->epoch_units == 1 ? "seconds" : "milliseconds");
    return TRUE;
  }
  if (!day || profile->serial_days != values) return FALSE;
  plan->type = FIELD_DATE;
  plan->serial = TRUE;
  add_note(column, "numbers of days as spreadsheets count them, read as dates");
  return TRUE;
}

/* Nearly all of the values are of a kind, and yet too many are not for the column to be. */
static void note_nearly(gint64 fitting, gint64 values, const char *kind, ImportedColumn *column) {
  if (fitting == values || fitting < values - values / 5) return;
  g_autofree char *rest = count_text(values - fitting), *all = count_text(values);
  add_note(column, "kept as text: %s of %s values are no %s", rest, all, kind);
  column->to_check = TRUE;
}

void column_profile_decide(const ColumnProfile *profile, const char *header, const TableEvidence *evidence,
                           ColumnPlan *plan, ImportedColumn *column) {
  memset(plan, 0, sizeof *plan);
  plan->order = DATE_ORDER_MDY;
  plan->type = FIELD_TEXT;
  gint64 present = profile->cells - profile->empty;
  gint64 values = present - profile->null_words;
  /* One cell in a hundred may be rubbish in a column of numbers; it is counted and kept aside. */
  gint64 tolerance = values >= 100 ? values / 100 : 0;
  gint64 numbers = MAX(profile->point_numbers, profile->comma_numbers);
  gboolean compact_only = profile->dates > 0 && profile->compact_dates == profile->dates;
  gboolean compact_meant = compact_only && (header_has_word(header, "date") || header_has_word(header, "day"));
  if (present == 0) {
    add_note(column, "the column is empty");
  } else if (profile->is_text || values == 0) {
    plan->type = FIELD_TEXT;
  } else if (decide_boolean(profile, values, plan, column)) {
    add_note(column, "yes/no values");
  } else if (profile->times >= values - tolerance) {
    plan->type = FIELD_TIME;
    add_note(column, "times of day");
  } else if (profile->dates >= values - tolerance && (!compact_only || compact_meant)) {
    decide_date(profile, evidence, plan, column);
  } else if (numbers >= values - tolerance && decide_counted_time(profile, header, values, plan, column)) {
    column->type = plan->type;
  } else if (numbers >= values - tolerance) {
    decide_number(profile, header, evidence, values, plan, column);
  } else {
    note_nearly(profile->dates, values, "dates", column);
    note_nearly(numbers, values, "numbers", column);
  }
  column->type = plan->type;
  column->is_path =
      plan->type == FIELD_TEXT && profile->paths > 0 && profile->paths * 10 >= present * 9 && profile->longest <= 400;
  if (column->is_path) add_note(column, "levels separated by \"|\"");
  plan->simple = (plan->type == FIELD_TEXT && !plan->identifier) ||
                 ((plan->type == FIELD_INTEGER || plan->type == FIELD_DECIMAL || plan->type == FIELD_DOUBLE) &&
                  !plan->comma_decimal && profile->plain_numbers == values &&
                  (plan->type != FIELD_INTEGER || profile->point_zeros == 0)) ||
                 (plan->type == FIELD_TEXT && plan->identifier && profile->point_zeros == 0) ||
                 ((plan->type == FIELD_DATE || plan->type == FIELD_TIMESTAMP) && !plan->serial && !plan->epoch_units && profile->year_first == values &&
                  profile->compact_dates == 0 && !profile->offset_dates);
}
