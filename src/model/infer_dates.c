/* Which column says when a row happened; months and years kept as text or numbers become dates. Paths become levels. */
#include "model/infer.h"
#include "model/infer_private.h"
#include <string.h>

InferColumn *infer_add_computed(Inference *inference, InferTable *table, const InferColumn *source, const char *name,
                                FieldType type, FieldRole role, const char *expression) {
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

static InferColumn *add_month(Inference *inference, InferTable *table, const InferColumn *source, const char *expression) {
  g_autofree char *name = g_strdup_printf("%s_start", source->field->name);
  return infer_add_computed(inference, table, source, name, FIELD_DATE, FIELD_ROLE_TIME, expression);
}

/* The form of months or quarters written in words, "Jan 2024", "Q3 2023", as the date they begin; NULL: none fits all. */
static gboolean written_period(Inference *inference, const InferTable *table, const InferColumn *source, char **expression,
                               GError **error) {
  static const char *const forms[] = {
      "CAST(try_strptime(%, '%b %Y') AS DATE)", "CAST(try_strptime(%, '%B %Y') AS DATE)", "CAST(try_strptime(%, '%b-%Y') AS DATE)",
      "CAST(try_strptime(%, '%b-%y') AS DATE)", "CAST(try_strptime(%, '%b %y') AS DATE)", "CAST(try_strptime(%, '%m/%Y') AS DATE)",
      "CAST(try_strptime(%, '%m-%Y') AS DATE)",
      "make_date(TRY_CAST(right(%, 4) AS BIGINT), TRY_CAST(substr(%, 2, 1) AS BIGINT) * 3 - 2, 1)",
      "make_date(TRY_CAST(left(%, 4) AS BIGINT), TRY_CAST(right(%, 1) AS BIGINT) * 3 - 2, 1)"};
  static const char *const shapes[] = {"[A-Za-z]{3} [0-9]{4}", "[A-Za-z]{3,9} [0-9]{4}", "[A-Za-z]{3}-[0-9]{4}", "[A-Za-z]{3}-[0-9]{2}",
                                       "[A-Za-z]{3} [0-9]{2}", "(0?[1-9]|1[0-2])/[0-9]{4}", "(0?[1-9]|1[0-2])-[0-9]{4}",
                                       "[Qq][1-4][ -]?[0-9]{4}", "[0-9]{4}[ -]?[Qq][1-4]"};
  const ColumnProfile *profile = source->profile;
  *expression = NULL;
  if (!profile->is_text || profile->filled == 0 || profile->longest > 14 || profile->average_length < 5 ||
      !(infer_has_word(source, "month") || infer_has_word(source, "period") || infer_has_word(source, "quarter") ||
        infer_has_word(source, "date")))
    return TRUE;
  for (guint i = 0; i < G_N_ELEMENTS(forms) && *expression == NULL; i++) {
    g_autoptr(GString) form = g_string_new(forms[i]);
    /* "%" alone stands for the column; strptime's own directives are a percent sign and a letter. */
    g_string_replace(form, "(%,", "(\001,", 0);
    g_string_replace(form, "\001", source->field->name, 0);
    g_autofree char *test = g_strdup_printf("%s IS NULL OR (regexp_full_match(%s, '%s') AND %s IS NOT NULL)", profile->sql, profile->sql,
                                            shapes[i], form->str);
    double share = 0;
    if (!infer_share(inference, table, test, &share, error))
      return FALSE;
    if (share == 1)
      *expression = g_strdup(form->str);
  }
  return TRUE;
}

/* "2024-03", "202403", or in words. */
static gboolean month_from_text(Inference *inference, InferTable *table, InferColumn *source, gboolean *found, GError **error) {
  const ColumnProfile *profile = source->profile;
  g_autofree char *expression = NULL;
  if (profile->is_text && profile->filled > 0 && profile->month > 0.99)
    expression = g_strdup_printf("make_date(CAST(left(%s, 4) AS BIGINT), CAST(right(%s, 2) AS BIGINT), 1)",
                                 source->field->name, source->field->name);
  else if (profile->column->type == FIELD_INTEGER && profile->filled > 0 && profile->low >= 190001 && profile->high <= 209912 &&
           (infer_has_word(source, "month") || infer_has_word(source, "period")))
    expression = g_strdup_printf("make_date(%s // 100, %s %% 100, 1)", source->field->name, source->field->name);
  else if (!written_period(inference, table, source, &expression, error))
    return FALSE;
  InferColumn *date = expression != NULL ? add_month(inference, table, source, expression) : NULL;
  if (date == NULL)
    return TRUE;
  source->field->role = FIELD_ROLE_DETAIL;
  source->is_period = TRUE;
  date->concept = retail_lexicon_concept(inference->lexicon, "event_date");
  infer_note_column(inference, date, "the first day of the period in %s", source->field->label);
  *found = TRUE;
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
  InferColumn *date = add_month(inference, table, month, expression);
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
      return infer_has_word(column, "start") ? 1 : 0;
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

/* "Home|Kitchen|Knives": the first and second level are what people group by. */
static void levels_of_path(Inference *inference, InferTable *table, const InferColumn *source) {
  static const char *const places[][4] = {{"main", "1", "Main", "top-level"}, {"sub", "2", "Sub", "second-level"}};
  g_autofree char *noun = retail_header_phrase(source->field->label);
  for (guint i = 0; i < G_N_ELEMENTS(places); i++) {
    g_autofree char *name = g_strdup_printf("%s_%s", places[i][0], source->field->name);
    g_autofree char *expression = g_strdup_printf("nullif(split_part(%s, '|', %s), '')", source->field->name, places[i][1]);
    InferColumn *level = infer_add_computed(inference, table, source, name, FIELD_TEXT, FIELD_ROLE_DIMENSION, expression);
    if (level == NULL)
      continue;
    g_autofree char *label = g_strdup_printf("%s %s", places[i][2], noun);
    g_autofree char *other = g_strdup_printf("%s %s", places[i][3], noun), *joined = g_strdup_printf("%s%s", places[i][0], noun);
    model_set_text(&level->field->label, label);
    model_add_word(&level->field->synonyms, other);
    model_add_word(&level->field->synonyms, joined);
    infer_note_column(inference, level, "level %s of the path in %s", places[i][1], source->field->label);
  }
  g_autofree char *main_name = g_strdup_printf("main_%s", source->field->name), *sub_name = g_strdup_printf("sub_%s", source->field->name);
  g_autofree char *name = g_strdup_printf("%s_%s_path", table->dataset->name, source->field->name);
  const char *const levels[] = {main_name, sub_name, source->field->name, NULL};
  if (dataset_find_field(table->dataset, main_name) != NULL && dataset_find_field(table->dataset, sub_name) != NULL)
    model_builder_add_hierarchy(inference->builder, name, table->dataset->name, levels);
}

gboolean infer_dates(Inference *inference, InferTable *table, GError **error) {
  if (!deadline_check(inference->deadline, error))
    return FALSE;
  guint stored = table->columns->len;
  gboolean found = FALSE;
  for (guint i = 0; i < stored; i++)
    if (!month_from_text(inference, table, g_ptr_array_index(table->columns, i), &found, error))
      return FALSE;
  if (!found)
    month_from_parts(inference, table);
  for (guint i = 0; i < stored; i++) {
    const InferColumn *column = g_ptr_array_index(table->columns, i);
    if (column->profile->column->is_path && column->field->role == FIELD_ROLE_DIMENSION)
      levels_of_path(inference, table, column);
  }
  choose_default_date(inference, table);
  forget_parts_of_dates(inference, table);
  return TRUE;
}
