/*
 * Named row conditions: cancelled, returned, delivered, at a loss ... Each is a boolean expression that is never NULL, in
 * the form a person can read and change.
 */
#include "model/infer.h"
#include "model/infer_private.h"
#include <string.h>

#define MOST_STATUS_VALUES 40
#define LEAST_AGREEMENT 0.95 /* of the prefixed rows that must be negative, and of the others that must not */

static Condition *add_condition(Inference *inference, const InferTable *table, const char *name, const char *expression) {
  if (model_find_condition(inference->model, name) != NULL)
    return NULL;
  Condition *condition = model_builder_add_condition(inference->builder, name, table->dataset->name, expression);
  const ConditionWords *words = retail_condition_words(inference->lexicon, name);
  if (words != NULL)
    model_set_words(&condition->synonyms, (const char *const *)words->words);
  const char *rows = table->lists_returns ? "orders" : table->dataset->label;
  g_autofree char *label = g_strdup_printf("%s %s", name, rows);
  model_set_text(&condition->label, label);
  return condition;
}

static Condition *add_simple(Inference *inference, const InferTable *table, const char *name, const char *label,
                             const InferColumn *column, const char *test) {
  g_autofree char *expression = g_strdup_printf("coalesce(%s %s, FALSE)", column->field->name, test);
  Condition *condition = add_condition(inference, table, name, expression);
  if (condition != NULL && label != NULL)
    model_set_text(&condition->label, label);
  return condition;
}

void infer_add_loss(Inference *inference, const InferTable *table, const char *profit, const char *reason) {
  g_autofree char *expression = g_strdup_printf("coalesce(%s < 0, FALSE)", profit);
  Condition *condition = add_condition(inference, table, "loss", expression);
  if (condition == NULL)
    return;
  model_set_text(&condition->label, "sold at a loss");
  infer_note(inference, "loss", "%s", reason);
}

/* ---- cancelled by a letter before the number ---- */

/* The one prefix of letters that stands before the numbers of negative rows; NULL: there is none. */
static gboolean find_negative_prefix(Inference *inference, const InferTable *table, const InferColumn *id, const InferColumn *units,
                                     char **prefix, double *agreement, GError **error) {
  g_autofree char *sql = g_strdup_printf(
      "SELECT p, n::DOUBLE, negative::DOUBLE, sum(n) OVER ()::DOUBLE, sum(negative) OVER ()::DOUBLE FROM ("
      "SELECT regexp_extract(%s, '^([A-Za-z]{1,3})[-]?[0-9]', 1) AS p, count(*) AS n, count_if(%s < 0) AS negative "
      "FROM %s WHERE %s IS NOT NULL GROUP BY 1) ORDER BY negative DESC, p LIMIT 5",
      id->profile->sql, units->profile->sql, table->profile->relation, id->profile->sql);
  g_autoptr(ResultTable) result = engine_query(inference->engine, sql, NULL, 0, inference->deadline, error);
  *prefix = NULL;
  if (result == NULL)
    return FALSE;
  for (gsize row = 0; row < result->n_rows && *prefix == NULL; row++) {
    const Value *name = result_table_at(result, row, 0);
    double rows = result_table_at(result, row, 1)->number, negative = result_table_at(result, row, 2)->number;
    double all = result_table_at(result, row, 3)->number, all_negative = result_table_at(result, row, 4)->number;
    gboolean minority = rows * 2 < all && rows > 0, named = name->type == VALUE_TEXT && *name->text != '\0';
    if (named && minority && negative >= rows * LEAST_AGREEMENT && all_negative - negative <= (all - rows) * (1 - LEAST_AGREEMENT)) {
      *prefix = g_strdup(name->text);
      *agreement = negative / rows;
    }
  }
  return TRUE;
}

static gboolean gone_by_prefix(Inference *inference, InferTable *table, GError **error) {
  const InferColumn *id = infer_find_entity_column(table, "order", CONCEPT_IDENTIFIER);
  const InferColumn *units = infer_find_concept(table, "units");
  if (units == NULL)
    units = infer_find_concept(table, "revenue");
  if (id == NULL || !id->profile->is_text || units == NULL || units->profile->negative == 0)
    return TRUE;
  g_autofree char *prefix = NULL;
  double agreement = 0;
  if (!find_negative_prefix(inference, table, id, units, &prefix, &agreement, error))
    return FALSE;
  if (prefix == NULL)
    return TRUE;
  /* Both words are said of such rows; the letter says which is the company's own. */
  gboolean back = g_ascii_toupper(prefix[0]) == 'R';
  const char *name = back ? "returned" : "cancelled";
  g_autofree char *expression = g_strdup_printf("coalesce(%s LIKE '%s%%', FALSE)", id->field->name, prefix);
  Condition *condition = add_condition(inference, table, name, expression);
  if (condition == NULL)
    return TRUE;
  const ConditionWords *other = retail_condition_words(inference->lexicon, back ? "cancelled" : "returned");
  for (char **word = other != NULL ? other->words : NULL; word != NULL && *word != NULL; word++)
    model_add_word(&condition->synonyms, *word);
  static const char *const credited[] = {"credit note", "credit notes", "credited", "credits"};
  for (guint i = 0; !back && i < G_N_ELEMENTS(credited); i++) model_add_word(&condition->synonyms, credited[i]);
  table->cancelled_is_negative = !back;
  table->returned_is_negative = back;
  table->gone_by_prefix = TRUE;
  infer_note(inference, name, "%s begins with %s on rows of which %.1f %% have a negative %s", id->field->label, prefix,
             agreement * 100, units->field->label);
  return TRUE;
}

/* ---- by the values of a status ---- */

static gboolean value_says(const char *value, char *const *stems) {
  g_autofree char *folded = text_fold(value);
  g_auto(GStrv) words = g_strsplit_set(folded, " -_/,.:()", -1);
  for (char **word = words; *word != NULL; word++) {
    if (g_str_equal(*word, "not") || g_str_equal(*word, "no") || g_str_equal(*word, "never"))
      return FALSE;
    if (g_strv_contains((const char *const *)stems, *word))
      return TRUE;
  }
  return FALSE;
}

/* "status IN ('a', 'b')" for the values that say so; NULL when none does, or all do. */
static char *status_test(const InferColumn *column, char *const *stems, char *const *but_not, gint64 *rows) {
  g_autoptr(GString) list = g_string_new(NULL);
  guint found = 0;
  *rows = 0;
  for (guint i = 0; i < column->profile->frequent->len; i++) {
    const FrequentValue *value = g_ptr_array_index(column->profile->frequent, i);
    if (!value_says(value->value, stems) || (but_not != NULL && value_says(value->value, but_not)))
      continue;
    g_autofree char *quoted = text_sql_quote(value->value);
    g_string_append_printf(list, "%s%s", found++ > 0 ? ", " : "", quoted);
    *rows += value->rows;
  }
  if (found == 0 || *rows == column->table->profile->rows)
    return NULL;
  return found == 1 ? g_strdup_printf("= %s", list->str) : g_strdup_printf("IN (%s)", list->str);
}

static gboolean is_status(const Inference *inference, const InferColumn *column) {
  const ColumnProfile *profile = column->profile;
  if (!profile->is_text || !profile->frequent_complete || profile->distinct > MOST_STATUS_VALUES || profile->filled == 0)
    return FALSE;
  if (infer_is_concept(column, "order_status"))
    return TRUE;
  static const char *const kinds[] = {"type", "kind", "status"};
  gboolean kind = FALSE;
  for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
    kind |= infer_has_word(column, kinds[i]);
  gint64 rows = 0;
  const ConditionWords *returned = retail_condition_words(inference->lexicon, "returned");
  g_autofree char *test = kind && returned != NULL ? status_test(column, returned->values, NULL, &rows) : NULL;
  return test != NULL;
}

/* The status column that fits best; several would name the same thing in different words. */
static InferColumn *find_status(const Inference *inference, const InferTable *table) {
  InferColumn *best = NULL;
  for (guint i = 0; i < table->columns->len; i++) {
    InferColumn *column = g_ptr_array_index(table->columns, i);
    if (is_status(inference, column) && (best == NULL || column->score > best->score))
      best = column;
  }
  return best;
}

/* Rows of the condition that carry negative amounts are netted by adding up; they need not be left out. */
static gboolean note_negative(Inference *inference, InferTable *table, const char *name, const InferColumn *status, const char *test, GError **error) {
  const InferColumn *amount = infer_find_concept(table, "revenue");
  if (amount == NULL)
    amount = infer_find_concept(table, "units");
  gboolean cancelled = g_str_equal(name, "cancelled");
  if (amount == NULL || amount->profile->negative == 0 || (!cancelled && !g_str_equal(name, "returned")))
    return TRUE;
  g_autofree char *holds = g_strdup_printf("coalesce(%s %s, FALSE)", status->profile->sql, test);
  g_autofree char *below = g_strdup_printf("%s AND %s < 0", holds, amount->profile->sql);
  double rows = 0, negative = 0;
  if (!infer_share(inference, table, holds, &rows, error) || !infer_share(inference, table, below, &negative, error))
    return FALSE;
  if (rows <= 0 || negative < rows * LEAST_AGREEMENT)
    return TRUE;
  if (cancelled)
    table->cancelled_is_negative = TRUE;
  else
    table->returned_is_negative = TRUE;
  infer_note(inference, name, "%.1f %% of these rows have a negative %s: sums are net of them", 100 * negative / rows, amount->field->label);
  return TRUE;
}

static gboolean conditions_by_status(Inference *inference, InferTable *table, GError **error) {
  const InferColumn *status = find_status(inference, table);
  const ConditionWords *cancelled = retail_condition_words(inference->lexicon, "cancelled");
  if (status == NULL || cancelled == NULL)
    return TRUE;
  static const char *const names[] = {"cancelled", "returned", "pending", "shipped", "delivered"};
  for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
    const ConditionWords *words = retail_condition_words(inference->lexicon, names[i]);
    gint64 rows = 0;
    g_autofree char *test = words != NULL ? status_test(status, words->values, i > 0 ? cancelled->values : NULL, &rows) : NULL;
    if (test == NULL || add_simple(inference, table, names[i], NULL, status, test) == NULL)
      continue;
    infer_note(inference, names[i], "%s %s on %" G_GINT64_FORMAT " row%s", status->field->label, test, rows, rows == 1 ? "" : "s");
    if (!note_negative(inference, table, names[i], status, test, error))
      return FALSE;
  }
  return TRUE;
}

/* ---- by a flag ---- */

static char *flag_test(const InferColumn *column, char *const *stems) {
  if (column->field->type == FIELD_BOOLEAN)
    return g_strdup("");
  g_autoptr(GString) list = g_string_new(NULL);
  guint found = 0;
  for (guint i = 0; i < column->profile->frequent->len && column->profile->frequent_complete; i++) {
    const FrequentValue *value = g_ptr_array_index(column->profile->frequent, i);
    if (!infer_flag_is_true(value->value) && !value_says(value->value, stems))
      continue;
    g_autofree char *quoted = column->profile->is_text ? text_sql_quote(value->value) : g_strdup(value->value);
    g_string_append_printf(list, "%s%s", found++ > 0 ? ", " : "", quoted);
  }
  if (found == 0)
    return NULL;
  return found == 1 ? g_strdup_printf("= %s", list->str) : g_strdup_printf("IN (%s)", list->str);
}

static void conditions_by_flag(Inference *inference, InferTable *table) {
  static const char *const names[] = {"cancelled", "returned", "discounted"};
  for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
    const ConditionWords *words = retail_condition_words(inference->lexicon, names[i]);
    for (char **flag = words != NULL ? words->flags : NULL; flag != NULL && *flag != NULL; flag++) {
      const InferColumn *column = infer_find_concept(table, *flag);
      g_autofree char *test = column != NULL ? flag_test(column, words->values) : NULL;
      if (test != NULL && add_simple(inference, table, names[i], NULL, column, test) != NULL)
        infer_note(inference, names[i], "%s says so", column->field->label);
    }
  }
}

/* ---- returned by what the numbers say ---- */

static void returned_by_numbers(Inference *inference, InferTable *table) {
  const InferColumn *units = infer_find_concept(table, "units"), *revenue = infer_find_concept(table, "revenue");
  const InferColumn *returned = infer_find_concept(table, "returned_units"), *refunds = infer_find_concept(table, "refunds");
  const InferColumn *date = infer_find_concept(table, "return_date");
  gint64 rows = table->profile->rows;
  gboolean sold = revenue != NULL || infer_find_concept(table, "unit_price") != NULL ||
                  infer_find_entity_column(table, "order", CONCEPT_IDENTIFIER) != NULL;
  if (!sold || table->lists_returns || table->gone_by_prefix || !table->dataset->is_fact)
    return;
  if (units != NULL && units->profile->negative > 0 && units->profile->negative * 2 < rows) {
    if (add_simple(inference, table, "returned", NULL, units, "< 0") == NULL)
      return;
    table->returned_is_negative = TRUE;
    infer_note(inference, "returned", "%s is negative on %" G_GINT64_FORMAT " row%s", units->field->label, units->profile->negative,
               units->profile->negative == 1 ? "" : "s");
  } else if (units == NULL && revenue != NULL && revenue->profile->negative > 0 && revenue->profile->negative * 3 < rows) {
    if (add_simple(inference, table, "returned", NULL, revenue, "< 0") == NULL)
      return;
    table->returned_is_negative = TRUE;
    infer_note(inference, "returned", "%s is negative on %" G_GINT64_FORMAT " row%s", revenue->field->label,
               revenue->profile->negative, revenue->profile->negative == 1 ? "" : "s");
  } else if (date != NULL && date->profile->nulls > 0 && revenue != NULL) {
    g_autofree char *expression = g_strdup_printf("%s IS NOT NULL", date->field->name);
    if (add_condition(inference, table, "returned", expression) != NULL)
      infer_note(inference, "returned", "%s is filled", date->field->label);
  } else if ((returned != NULL || refunds != NULL) && infer_find_entity_column(table, "order", CONCEPT_IDENTIFIER) != NULL) {
    const InferColumn *column = returned != NULL ? returned : refunds;
    table->returned_is_partial = TRUE;
    if (add_simple(inference, table, "returned", NULL, column, "> 0") != NULL)
      infer_note(inference, "returned", "%s is above 0", column->field->label);
  }
}

/* A table that lists the orders that came back. */
static void returned_by_list(Inference *inference, InferTable *table) {
  if (table->dataset->is_fact || !table->is_one_side || table->key == NULL || !table->lists_returns)
    return;
  g_autofree char *expression = g_strdup_printf("%s IS NOT NULL", table->key->field->name);
  gboolean cancelled = strstr(table->dataset->name, "cancel") != NULL;
  const char *name = cancelled ? "cancelled" : "returned";
  if (add_condition(inference, table, name, expression) != NULL)
    infer_note(inference, name, "the order is listed in %s", table->dataset->label);
}

/* ---- loss, discount, free, not yet delivered ---- */

static void conditions_of_money(Inference *inference, InferTable *table) {
  const InferColumn *profit = infer_find_concept(table, "profit"), *discount = infer_find_concept(table, "discount");
  const InferColumn *price = infer_find_concept(table, "unit_price");
  if (profit != NULL && profit->profile->negative > 0) {
    g_autofree char *reason = g_strdup_printf("%s is below 0", profit->field->label);
    infer_add_loss(inference, table, profit->field->name, reason);
  }
  if (discount != NULL && discount->profile->zero > 0 && discount->field->role == FIELD_ROLE_MEASURE)
    if (add_simple(inference, table, "discounted", "sold with a discount", discount, "> 0") != NULL)
      infer_note(inference, "discounted", "%s is above 0", discount->field->label);
  if (price != NULL && price->profile->zero > 0)
    if (add_simple(inference, table, "free", "given away free", price, "= 0") != NULL)
      infer_note(inference, "free", "%s is 0", price->field->label);
}

static void conditions_of_dates(Inference *inference, InferTable *table) {
  static const char *const dates[][3] = {{"delivery_date", "undelivered", "not yet delivered"},
                                         {"ship_date", "unshipped", "not yet shipped"}};
  for (guint i = 0; i < G_N_ELEMENTS(dates); i++) {
    const InferColumn *date = infer_find_concept(table, dates[i][0]);
    if (date == NULL || date->profile->nulls == 0)
      continue;
    g_autofree char *expression = g_strdup_printf("%s IS NULL", date->field->name);
    Condition *condition = add_condition(inference, table, dates[i][1], expression);
    if (condition == NULL)
      continue;
    model_set_text(&condition->label, dates[i][2]);
    infer_note(inference, dates[i][1], "%s is empty on %" G_GINT64_FORMAT " row%s", date->field->label, date->profile->nulls,
               date->profile->nulls == 1 ? "" : "s");
  }
}

/* Shipped or delivered after the day that was promised. */
static void late_by_dates(Inference *inference, InferTable *table) {
  const InferColumn *due = infer_find_concept(table, "due_date"), *done = infer_find_concept(table, "delivery_date");
  if (done == NULL)
    done = infer_find_concept(table, "ship_date");
  if (due == NULL || done == NULL || due == done)
    return;
  g_autofree char *expression = g_strdup_printf("coalesce(%s > %s, FALSE)", done->field->name, due->field->name);
  Condition *condition = add_condition(inference, table, "late", expression);
  if (condition != NULL)
    infer_note(inference, "late", "%s is after %s", done->field->label, due->field->label);
}

static gboolean table_conditions(Inference *inference, InferTable *table, GError **error) {
  if (!gone_by_prefix(inference, table, error))
    return FALSE;
  conditions_by_flag(inference, table);
  if (!conditions_by_status(inference, table, error))
    return FALSE;
  returned_by_numbers(inference, table);
  returned_by_list(inference, table);
  conditions_of_money(inference, table);
  if (table->dataset->is_fact)
    conditions_of_dates(inference, table);
  if (table->dataset->is_fact)
    late_by_dates(inference, table);
  return TRUE;
}

/* The main facts first: of two tables that could say "returned", theirs is meant. Then what they lead to. */
gboolean infer_conditions(Inference *inference, GError **error) {
  if (inference->main != NULL && !table_conditions(inference, inference->main, error))
    return FALSE;
  for (guint pass = 0; pass < 2; pass++)
    for (guint i = 0; i < inference->tables->len; i++) {
      InferTable *table = g_ptr_array_index(inference->tables, i);
      gboolean near = inference->main != NULL && infer_leads_to(inference, inference->main, table);
      if (table != inference->main && near == (pass == 0) && !table_conditions(inference, table, error))
        return FALSE;
    }
  return TRUE;
}
