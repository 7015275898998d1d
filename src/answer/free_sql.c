/* SQL that nobody compiled from a semantic query: through the guard, over relations as the caller may see them. */
#include <string.h>

#include "answer/data.h"
#include "model/relation.h"

#define FREE_SQL_MAX_BYTES ((gsize)16 << 10)
#define FREE_SQL_ROWS 1000

/* The caller's relations as common table expressions around a checked statement. (transfer full) */
static char *over_visible_relations(const Model *visible, const AccessScope *scope, const char *checked, GError **error) {
  g_autoptr(GString) sql = g_string_new("WITH ");
  for (guint i = 0; i < visible->datasets->len; i++) {
    const Dataset *dataset = g_ptr_array_index(visible->datasets, i);
    g_autofree char *relation = relation_sql(visible, dataset, scope, error), *name = text_sql_identifier(dataset->name);
    if (relation == NULL) return NULL;
    g_string_append_printf(sql, "%s%s AS (\n%s\n)", i > 0 ? ", " : "", name, relation);
  }
  g_string_append_printf(sql, "\nSELECT * FROM (\n%s\n) AS answer", checked);
  return g_string_free(g_steal_pointer(&sql), FALSE);
}

static const char *column_type(ValueType type) {
  switch (type) {
  case VALUE_INT: return "integer";
  case VALUE_DOUBLE: return "number";
  case VALUE_DECIMAL: return "decimal";
  case VALUE_BOOL: return "boolean";
  case VALUE_DATE: return "date";
  case VALUE_TIMESTAMP: return "timestamp";
  default: return "text";
  }
}

static json_t *columns_of(const ResultTable *result) {
  json_t *columns = json_array();
  for (guint i = 0; i < result_table_n_columns(result); i++) {
    const ResultColumn *column = g_ptr_array_index(result->columns, i);
    gboolean number = column->type == VALUE_INT || column->type == VALUE_DOUBLE || column->type == VALUE_DECIMAL;
    json_array_append_new(columns, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:i}", "name", column->name, "label", column->name, "type",
                                             column_type(column->type), "role", number ? "measure" : "dimension", "unit", "", "format",
                                             number ? "number" : "text", "kind", number ? "value" : "dimension", "measure", number ? 0 : -1));
  }
  return columns;
}

static json_t *rows_of(const ResultTable *result) {
  json_t *rows = json_array();
  for (gsize r = 0; r < result->n_rows; r++) {
    json_t *row = json_array();
    for (guint c = 0; c < result_table_n_columns(result); c++) json_array_append_new(row, value_to_json(result_table_at(result, r, c)));
    json_array_append_new(rows, row);
  }
  return rows;
}

json_t *answer_free_sql(AnswerService *service, const AnswerRequest *request, const char *sql, GError **error) {
  if (strlen(sql) > FREE_SQL_MAX_BYTES || !text_is_valid(sql, strlen(sql))) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_TOO_LARGE, "a statement is UTF-8 of at most %" G_GSIZE_FORMAT " bytes", FREE_SQL_MAX_BYTES);
    return NULL;
  }
  g_autoptr(AnswerData) data = answer_service_data(service, &request->data, error);
  g_auto(DataView) view = {0};
  if (data == NULL || !answer_data_view(data, request->scope, &view, error)) return NULL;
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  for (guint i = 0; i < view.model->datasets->len; i++) g_ptr_array_add(names, ((Dataset *)g_ptr_array_index(view.model->datasets, i))->name);
  g_ptr_array_add(names, NULL);
  gint64 most = request->scope->max_rows > 0 ? MIN(request->scope->max_rows, FREE_SQL_ROWS) : FREE_SQL_ROWS;
  GuardPolicy policy = {(const char *const *)names->pdata, most};
  g_autofree char *checked = guard_check(answer_data_engine(data), sql, &policy, error);
  g_autofree char *whole = checked != NULL ? over_visible_relations(view.model, request->scope, checked, error) : NULL;
  if (whole == NULL) return NULL;
  g_autoptr(ResultTable) result = engine_select(answer_data_engine(data), whole, NULL, (gsize)most, request->deadline, error);
  if (result == NULL) return NULL;
  return json_pack("{s:s, s:o, s:o, s:I, s:b}", "sql", checked, "columns", columns_of(result), "rows", rows_of(result), "row_count",
                   (json_int_t)result->n_rows, "truncated", result->truncated);
}
