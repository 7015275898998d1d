/* Which column says when a row happened; months and years kept as text or numbers become dates. */
#include "model/infer.h"
#include <string.h>

static InferColumn *add_computed(Inference *inference, InferTable *table, const InferColumn *source, const char *suffix,
                                 FieldType type, FieldRole role, const char *expression) {
  g_autofree char *name = g_strdup_printf("%s_%s", source->field->name, suffix);
  if (infer_find_column(table, name) != NULL)
    return NULL;
  InferColumn *column = g_new0(InferColumn, 1);
  column->table = table;
  column->profile = source->profile;
  column->words = g_strdupv(source->words);
  column->scale = 1;
  column->score = source->score;
  column->field = model_builder_add_field(inference->builder, table->dataset, name, expression, type, role);
  model_set_text(&column->field->unit, "");
  g_ptr_array_add(table->columns, column);
  return column;
}

/* "2024-03", "202403" */
static gboolean month_from_text(Inference *inference, InferTable *table, InferColumn *source) {
  const ColumnProfile *profile = source->profile;
  g_autofree char *expression = NULL;
  if (profile->is_text && profile->filled > 0 && profile->month > 0.99)
    expression = g_strdup_printf("make_date(CAST(left(%s, 4) AS BIGINT), CAST(right(%s, 2) AS BIGINT), 1)",
                                 source->field->name, source->field->name);
  else if (profile->column->type == FIELD_INTEGER && profile->filled > 0 && profile->low >= 190001 && profile->high <= 209912 &&
           (infer_has_word(source, "month") || infer_has_word(source, "period")))
    expression = g_strdup_printf("make_date(%s // 100, %s %% 100, 1)", source->field->name, source->field->name);
  if (expression == NULL)
    return FALSE;
  InferColumn *date = add_computed(inference, table, source, "start", FIELD_DATE, FIELD_ROLE_TIME, expression);
  if (date == NULL)
    return FALSE;
  source->field->role = FIELD_ROLE_DETAIL;
  source->is_period = TRUE;
  date->concept = retail_lexicon_concept(inference->lexicon, "event_date");
  infer_note_column(inference, date, "the first day of the month in %s", source->field->label);
  return TRUE;
}

static gboolean is_named(const InferColumn *column, const char *word) {
  return column->words[0] != NULL && g_str_equal(column->words[g_strv_length(column->words) - 1], word);
}

/* A year and a month in two columns of numbers. */
static void month_from_parts(Inference *inference, InferTable *table) {
  InferColumn *year = NULL, *month = NULL;
  for (guint i = 0; i < table->columns->len; i++) {
    InferColumn *column = g_ptr_array_index(table->columns, i);
    const ColumnProfile *profile = column->profile;
    if (column->field->role == FIELD_ROLE_TIME)
      return;
    if (profile->column->type != FIELD_INTEGER || profile->filled == 0)
      continue;
    if (is_named(column, "year") && profile->low >= 1900 && profile->high <= 2100)
      year = column;
    else if (is_named(column, "month") && profile->low >= 1 && profile->high <= 12)
      month = column;
  }
  if (year == NULL || month == NULL)
    return;
  g_autofree char *expression = g_strdup_printf("make_date(%s, %s, 1)", year->field->name, month->field->name);
  InferColumn *date = add_computed(inference, table, month, "start", FIELD_DATE, FIELD_ROLE_TIME, expression);
  if (date == NULL)
    return;
  date->concept = retail_lexicon_concept(inference->lexicon, "event_date");
  year->is_period = month->is_period = TRUE;
  year->field->role = month->field->role = FIELD_ROLE_DETAIL;
  infer_note_column(inference, date, "the first day of the month in %s and %s", year->field->label, month->field->label);
}

/* How well a date says when the row happened; at most 0: not at all. */
static int date_rank(const InferColumn *column) {
  static const char *const never[] = {"birth_date", "due_date", "other_date", "open_date"};
  static const char *const late[] = {"ship_date", "delivery_date", "return_date", "payment_date", "join_date"};
  int filled = column->profile->nulls == 0 ? 1 : 0;
  if (column->concept == NULL)
    return 4 + filled;
  for (guint i = 0; i < G_N_ELEMENTS(never); i++)
    if (infer_is_concept(column, never[i]))
      return 0;
  for (guint i = 0; i < G_N_ELEMENTS(late); i++)
    if (infer_is_concept(column, late[i]))
      return 2 + filled;
  return infer_is_concept(column, "order_date") ? 10 + filled : infer_is_concept(column, "event_date") ? 8 + filled : 6 + filled;
}

/* The day a timestamp was joined from; the timestamp also tells the hour. */
static gboolean is_joined_from(const InferColumn *timestamp, const InferColumn *date) {
  return timestamp->field->type == FIELD_TIMESTAMP && date->field->type == FIELD_DATE &&
         g_str_has_prefix(timestamp->field->name, date->field->name);
}

static void choose_default_date(Inference *inference, InferTable *table) {
  InferColumn *best = NULL;
  for (guint i = 0; i < table->columns->len; i++) {
    InferColumn *column = g_ptr_array_index(table->columns, i);
    if (column->field->role != FIELD_ROLE_TIME || column->profile->filled == 0 || date_rank(column) <= 0 ||
        (best != NULL && is_joined_from(best, column)))
      continue;
    if (best == NULL || date_rank(column) > date_rank(best) || is_joined_from(column, best))
      best = column;
  }
  if (best == NULL)
    return;
  model_set_text(&table->dataset->default_date, best->field->name);
  infer_note_column(inference, best, "the default date: it says when the row happened");
}

/* Year, month and weekday beside a date say what the date says; people who ask "by month" mean the date's months. */
static void forget_parts_of_dates(Inference *inference, InferTable *table) {
  static const char *const parts[] = {"year", "month_number", "weekday"};
  if (table->dataset->default_date == NULL)
    return;
  for (guint i = 0; i < table->columns->len; i++) {
    InferColumn *column = g_ptr_array_index(table->columns, i);
    for (guint j = 0; j < G_N_ELEMENTS(parts); j++)
      if (infer_is_concept(column, parts[j]) && column->field->role == FIELD_ROLE_DIMENSION) {
        column->field->role = FIELD_ROLE_DETAIL;
        infer_note_column(inference, column, "part of a date: the default date tells it");
      }
  }
}

gboolean infer_dates(Inference *inference, InferTable *table, GError **error) {
  if (!deadline_check(inference->deadline, error))
    return FALSE;
  guint stored = table->columns->len;
  gboolean found = FALSE;
  for (guint i = 0; i < stored; i++)
    found |= month_from_text(inference, table, g_ptr_array_index(table->columns, i));
  if (!found)
    month_from_parts(inference, table);
  choose_default_date(inference, table);
  forget_parts_of_dates(inference, table);
  return TRUE;
}
