/*
 * Spellings: "north", "North" and "NORTH " in one column are one value, typed by several people. The field becomes an
 * expression that names each as most rows do; the table keeps what the file says.
 */
#include "model/infer_private.h"
#include <string.h>

#define MOST_SPELT_VALUES 5000  /* columns with more different values are no groups that people type */
#define MOST_RESPELT 100        /* values with several spellings; with more the capitals mean something */
#define LEAST_LETTERS 3         /* "a" and "A" may be two codes */

typedef struct {
  char *folded, *spelling; /* as SQL folds it; as most rows have it */
} Respelt;

static void respelt_free(gpointer data) {
  Respelt *respelt = data;
  g_free(respelt->folded);
  g_free(respelt->spelling);
  g_free(respelt);
}

/* A stored text that rows are grouped by and nothing is joined by. */
static gboolean is_grouped_text(const Inference *inference, const InferTable *table, const InferColumn *column) {
  const Field *field = column->field;
  if (field->role != FIELD_ROLE_DIMENSION || field->type != FIELD_TEXT || !column->profile->is_text || column->profile->column->is_path ||
      column->profile->distinct < 2 || column->profile->distinct > MOST_SPELT_VALUES || !g_str_equal(field->expression, field->name))
    return FALSE;
  for (guint i = 0; i < inference->model->relationships->len; i++) {
    const Relationship *join = g_ptr_array_index(inference->model->relationships, i);
    if (g_str_equal(join->from_dataset, table->dataset->name) && g_strv_contains((const char *const *)join->from_fields, field->name)) return FALSE;
    if (g_str_equal(join->to_dataset, table->dataset->name) && g_strv_contains((const char *const *)join->to_fields, field->name)) return FALSE;
  }
  return !g_strv_contains((const char *const *)table->dataset->primary_key, field->name);
}

/* The values with several spellings, of Respelt*; NULL on failure. (transfer full) */
static GPtrArray *respelt_values(Inference *inference, const InferTable *table, const InferColumn *column, GError **error) {
  g_autofree char *sql = g_strdup_printf(
      "SELECT folded, arg_max(spelling, (counted * 2 + (spelling <> upper(spelling) AND spelling <> lower(spelling))::INTEGER, spelling)) "
      "FILTER (spelling = trim(spelling)) FROM "
      "(SELECT lower(trim(%s)) AS folded, %s AS spelling, count(*) AS counted FROM %s WHERE %s IS NOT NULL GROUP BY 1, 2) "
      "WHERE length(folded) >= %d GROUP BY 1 HAVING count(*) > 1 AND bool_or(spelling = trim(spelling)) ORDER BY 1 LIMIT %d",
      column->profile->sql, column->profile->sql, table->profile->relation, column->profile->sql, LEAST_LETTERS, MOST_RESPELT + 1);
  g_autoptr(ResultTable) result = engine_query(inference->engine, sql, NULL, 0, inference->deadline, error);
  if (result == NULL)
    return NULL;
  GPtrArray *values = g_ptr_array_new_with_free_func(respelt_free);
  for (gsize row = 0; row < result->n_rows; row++) {
    Respelt *respelt = g_new0(Respelt, 1);
    respelt->folded = g_strdup(result_table_at(result, row, 0)->text);
    respelt->spelling = g_strdup(result_table_at(result, row, 1)->text);
    g_ptr_array_add(values, respelt);
  }
  return values;
}

static void respell(Inference *inference, const InferColumn *column, const GPtrArray *values) {
  g_autoptr(GString) expression = g_string_new(NULL), shown = g_string_new(NULL);
  g_string_append_printf(expression, "CASE lower(trim(%s))", column->field->name);
  for (guint i = 0; i < values->len; i++) {
    const Respelt *respelt = g_ptr_array_index(values, i);
    g_autofree char *folded = text_sql_quote(respelt->folded), *spelling = text_sql_quote(respelt->spelling);
    g_string_append_printf(expression, " WHEN %s THEN %s", folded, spelling);
    if (i < 3) g_string_append_printf(shown, "%s%s", i > 0 ? ", " : "", respelt->spelling);
  }
  g_string_append_printf(expression, " ELSE %s END", column->field->name);
  if (expression->len > 8192) return; /* long names: not worth a statement of this size */
  model_set_text(&column->field->expression, expression->str);
  column->field->distinct_count = -1;
  infer_note_column(inference, column, "%u values are spelt in several ways (%s%s): each counts as one", values->len, shown->str,
                    values->len > 3 ? " ..." : "");
}

gboolean infer_spelling(Inference *inference, GError **error) {
  for (guint i = 0; i < inference->tables->len; i++) {
    const InferTable *table = g_ptr_array_index(inference->tables, i);
    for (guint j = 0; j < table->columns->len; j++) {
      const InferColumn *column = g_ptr_array_index(table->columns, j);
      if (!is_grouped_text(inference, table, column))
        continue;
      g_autoptr(GPtrArray) values = respelt_values(inference, table, column, error);
      if (values == NULL)
        return FALSE;
      if (values->len > 0 && values->len <= MOST_RESPELT)
        respell(inference, column, values);
    }
  }
  return TRUE;
}
