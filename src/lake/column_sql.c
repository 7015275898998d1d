/* Conversions that the engine can do itself. Strict: a cell of another form is an error, never silently changed. */
#include "lake/column_profile.h"
#include <string.h>

static gboolean append_checked(GString *out, const char *column, const char *condition, const char *value,
                               const char *type) {
  g_string_append_printf(out,
                         "CASE WHEN %s IS NULL THEN NULL WHEN %s THEN %s ELSE CAST(error('contradiction') AS %s) END",
                         column, condition, value, type);
  return TRUE;
}

static gboolean append_text(GString *out, const char *column) {
  /* Cells of nothing but blanks are NULL; the first comparison is cheap and nearly always false. */
  g_string_append_printf(out, "CASE WHEN %s < '!' AND trim(%s, ' \t') = '' THEN NULL ELSE %s END", column, column,
                         column);
  return TRUE;
}

static gboolean append_identifier(GString *out, const char *column) {
  g_autofree char *whole = g_strdup_printf("NOT contains(%s, '.')", column);
  return append_checked(out, column, whole, column, "VARCHAR");
}

/* "%m/%d/%Y" for dates that all are written alike. NULL: they are not. (transfer full) */
static char *date_format(const ColumnPlan *plan, const ColumnProfile *profile) {
  gboolean long_years = profile->two_digit_years == 0, short_years = profile->two_digit_years == profile->unsettled;
  if (profile->unsettled != profile->dates || !profile->separator || plan->use_second_order ||
      !(long_years || short_years) || plan->order == DATE_ORDER_YMD)
    return NULL;
  const char *year = long_years ? "%Y" : "%y";
  gboolean day_first = plan->order == DATE_ORDER_DMY;
  return g_strdup_printf("%s%c%s%c%s", day_first ? "%d" : "%m", profile->separator, day_first ? "%m" : "%d",
                         profile->separator, year);
}

static gboolean append_date(GString *out, const ColumnPlan *plan, const ColumnProfile *profile, const char *column) {
  if (profile->year_first == profile->dates && plan->simple) {
    g_autofree char *condition = g_strdup_printf("%s LIKE '____-__-__'", column);
    g_autofree char *value = g_strdup_printf("CAST(%s AS DATE)", column);
    return append_checked(out, column, condition, value, "DATE");
  }
  g_autofree char *format = date_format(plan, profile);
  if (!format || profile->clocked) return FALSE;
  g_autofree char *condition = g_strdup_printf("strlen(%s) BETWEEN 6 AND 10", column);
  g_autofree char *value = g_strdup_printf("CAST(strptime(%s, '%s') AS DATE)", column, format);
  return append_checked(out, column, condition, value, "DATE");
}

gboolean column_plan_sql(const ColumnPlan *plan, const ColumnProfile *profile, const char *name, GString *out) {
  g_autofree char *column = text_sql_identifier(name);
  gboolean plain = plan->simple && profile->null_words == 0;
  switch (plan->type) {
  case FIELD_TEXT:
    if (!plan->identifier) return append_text(out, column);
    return profile->point_zeros == 0 && append_identifier(out, column);
  case FIELD_INTEGER: {
    g_autofree char *condition = g_strdup_printf("CAST(CAST(%s AS BIGINT) AS VARCHAR) = %s", column, column);
    g_autofree char *value = g_strdup_printf("CAST(%s AS BIGINT)", column);
    return plain && append_checked(out, column, condition, value, "BIGINT");
  }
  case FIELD_DECIMAL: {
    guint scale = plan->scale ? plan->scale : 4;
    g_autofree char *condition =
        g_strdup_printf("strpos(%s, '.') = 0 OR strlen(%s) - strpos(%s, '.') <= %u", column, column, column, scale);
    g_autofree char *type = g_strdup_printf("DECIMAL(%u,%u)", 14 + scale, scale);
    g_autofree char *value = g_strdup_printf("CAST(%s AS %s)", column, type);
    return plain && append_checked(out, column, condition, value, type);
  }
  case FIELD_DOUBLE: {
    g_autofree char *condition = g_strdup_printf("NOT contains(%s, 'n')", column);
    g_autofree char *value = g_strdup_printf("CAST(%s AS DOUBLE)", column);
    return plain && append_checked(out, column, condition, value, "DOUBLE");
  }
  case FIELD_DATE:
    if (plan->serial) return FALSE;
    return profile->null_words == 0 && profile->offset_dates == 0 && append_date(out, plan, profile, column);
  case FIELD_TIMESTAMP: {
    if (plan->epoch_units) return FALSE;
    g_autofree char *condition = g_strdup_printf("strlen(%s) IN (10, 16, 19)", column);
    g_autofree char *value = g_strdup_printf("CAST(%s AS TIMESTAMP)", column);
    return plain && append_checked(out, column, condition, value, "TIMESTAMP");
  }
  case FIELD_BOOLEAN: {
    const char *yes, *no;
    guint pair = column_profile_boolean(profile, profile->cells - profile->empty - profile->null_words);
    if (pair == BOOLEAN_PAIRS) return FALSE;
    column_boolean_words(pair, &yes, &no);
    g_autofree char *condition = g_strdup_printf("lower(%s) IN ('%s', '%s')", column, yes, no);
    g_autofree char *value = g_strdup_printf("lower(%s) = '%s'", column, yes);
    return profile->null_words == 0 && append_checked(out, column, condition, value, "BOOLEAN");
  }
  case FIELD_TIME: break;
  }
  return FALSE;
}
