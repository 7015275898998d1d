/* Answers drawn for terminals and written as CSV, from their JSON alone. */
#include <string.h>

#include "answer/answer_private.h"

#define RENDER_MAX_ROWS 40

static AnswerColumn *column_from_json(const json_t *json) {
  AnswerColumn *column = g_new0(AnswerColumn, 1);
  column->name = g_strdup(json_get_string(json, "name"));
  column->label = g_strdup(json_get_string(json, "label"));
  column->type = g_strdup(json_get_string(json, "type"));
  column->unit = g_strdup(json_get_string(json, "unit"));
  column->format = g_strdup(json_get_string(json, "format"));
  column->kind = g_strdup(json_get_string(json, "kind"));
  column->role = g_strcmp0(json_get_string(json, "role"), "measure") == 0 ? COLUMN_MEASURE : COLUMN_DIMENSION;
  column->measure = (int)json_get_int(json, "measure", -1);
  return column;
}

static ValueType value_type_of(const AnswerColumn *column) {
  if (g_strcmp0(column->type, "integer") == 0) return VALUE_INT;
  if (g_strcmp0(column->type, "number") == 0) return VALUE_DOUBLE;
  if (g_strcmp0(column->type, "decimal") == 0) return VALUE_DECIMAL;
  if (g_strcmp0(column->type, "boolean") == 0) return VALUE_BOOL;
  if (g_strcmp0(column->type, "date") == 0) return VALUE_DATE;
  return VALUE_TEXT;
}

static Value value_from_json(ResultTable *table, const json_t *json, ValueType type) {
  Value value = {.type = type};
  if (json_is_string(json)) {
    Day day;
    if (type == VALUE_DATE && day_parse_iso(json_string_value(json), &day)) {
      value.integer = day;
      return value;
    }
    value.type = VALUE_TEXT;
    value.text = g_string_chunk_insert(table->strings, json_string_value(json));
  } else if (json_is_number(json)) {
    value.number = json_number_value(json);
    value.integer = json_is_integer(json) ? json_integer_value(json) : (gint64)value.number;
    if (type != VALUE_INT && type != VALUE_DECIMAL) value.type = VALUE_DOUBLE;
    if (type == VALUE_DECIMAL) {
      g_autofree char *text = json_to_text(json, JSON_PLAIN);
      value.text = g_string_chunk_insert(table->strings, text);
    }
  } else if (json_is_boolean(json)) {
    value.type = VALUE_BOOL;
    value.integer = json_is_true(json);
  } else {
    value.type = VALUE_NULL;
  }
  return value;
}

typedef struct {
  GPtrArray *columns;
  ResultTable *result;
  SemanticQuery *query;
} Rebuilt;

static void rebuilt_clear(Rebuilt *rebuilt) {
  g_clear_pointer(&rebuilt->columns, g_ptr_array_unref);
  result_table_free(rebuilt->result);
  semantic_query_free(rebuilt->query);
}

static void rebuild(const json_t *answer, Rebuilt *rebuilt) {
  rebuilt->columns = g_ptr_array_new_with_free_func((GDestroyNotify)answer_column_free);
  rebuilt->result = result_table_new();
  const json_t *columns = json_object_get(answer, "columns"), *rows = json_object_get(answer, "rows");
  for (gsize i = 0; i < json_array_size(columns); i++) {
    AnswerColumn *column = column_from_json(json_array_get(columns, i));
    g_ptr_array_add(rebuilt->columns, column);
    result_table_add_column(rebuilt->result, column->name, value_type_of(column), "");
  }
  for (gsize r = 0; r < json_array_size(rows); r++) {
    const json_t *row = json_array_get(rows, r);
    for (guint c = 0; c < rebuilt->columns->len; c++) {
      Value value = value_from_json(rebuilt->result, json_array_get(row, c), value_type_of(g_ptr_array_index(rebuilt->columns, c)));
      g_array_append_val(rebuilt->result->cells, value);
    }
    rebuilt->result->n_rows++;
  }
  const json_t *resolved = json_object_get(answer, "resolved");
  rebuilt->query = json_is_object(resolved) ? semantic_query_from_json(resolved, NULL) : NULL;
  if (rebuilt->query == NULL) rebuilt->query = semantic_query_new();
}

static void append_wrapped(GString *out, const char *text, int width) {
  g_auto(GStrv) words = g_strsplit(text, " ", -1);
  int column = 0;
  for (char **word = words; *word; word++) {
    int length = (int)g_utf8_strlen(*word, -1);
    if (column > 0 && column + 1 + length > width) {
      g_string_append_c(out, '\n');
      column = 0;
    } else if (column > 0) {
      g_string_append_c(out, ' ');
      column++;
    }
    g_string_append(out, *word);
    column += length;
  }
  g_string_append_c(out, '\n');
}

static void append_caveats(GString *out, const json_t *answer, const char *dim, const char *plain) {
  const json_t *caveats = json_object_get(answer, "caveats");
  for (gsize i = 0; i < json_array_size(caveats); i++)
    g_string_append_printf(out, "%s  note: %s%s\n", dim, json_get_string(json_array_get(caveats, i), "text"), plain);
}

static void append_result(GString *out, const json_t *answer, int width) {
  Rebuilt rebuilt = {0};
  rebuild(answer, &rebuilt);
  InsightInput input = {rebuilt.query, NULL, rebuilt.columns, rebuilt.result, 0};
  if (rebuilt.result->n_rows > 0) {
    g_autofree char *table = insight_render_table(&input, width, RENDER_MAX_ROWS);
    g_autofree char *chart = insight_render_chart(&input, width);
    if (table != NULL) g_string_append_printf(out, "\n%s", table);
    if (chart != NULL) g_string_append_printf(out, "\n%s", chart);
  }
  rebuilt_clear(&rebuilt);
}

gboolean answer_check_sentence(AnswerService *service, const json_t *answer, const char *sentence, char **why_not) {
  Rebuilt rebuilt = {0};
  rebuild(answer, &rebuilt);
  g_autoptr(Model) model = answer_service_model_ref(service);
  InsightInput input = {rebuilt.query, model, rebuilt.columns, rebuilt.result, 0};
  g_autofree char *reason = NULL;
  gboolean holds = rebuilt.result->n_rows > 0 && insight_check_sentence(&input, sentence, &reason);
  if (why_not != NULL) *why_not = g_steal_pointer(&reason);
  rebuilt_clear(&rebuilt);
  return holds;
}

char *answer_render_terminal(const json_t *answer, int width, gboolean colour) {
  const char *bold = colour ? "\033[1m" : "", *dim = colour ? "\033[2m" : "", *plain = colour ? "\033[0m" : "";
  const char *status = json_get_string(answer, "status");
  GString *out = g_string_new(NULL);
  const char *narrative = json_get_string(answer, "narrative");
  if (g_strcmp0(status, "failed") == 0) {
    const json_t *error = json_object_get(answer, "error");
    g_string_append_printf(out, "%sThis failed:%s %s\n", bold, plain, json_get_string(error, "message"));
    return g_string_free(out, FALSE);
  }
  if (narrative != NULL && *narrative) {
    g_string_append(out, bold);
    append_wrapped(out, narrative, width);
    g_string_append(out, plain);
  }
  const json_t *clarify = json_object_get(answer, "clarify"), *reason = json_object_get(answer, "reason");
  const json_t *options = json_is_object(clarify) ? json_object_get(clarify, "options") : NULL;
  for (gsize i = 0; i < json_array_size(options); i++)
    g_string_append_printf(out, "  %" G_GSIZE_FORMAT ". %s\n", i + 1, json_get_string(json_array_get(options, i), "label"));
  const json_t *closest = json_is_object(reason) ? json_object_get(reason, "closest") : NULL;
  if (json_array_size(closest) > 0) {
    g_string_append(out, "  What there is: ");
    for (gsize i = 0; i < json_array_size(closest); i++)
      g_string_append_printf(out, "%s%s", i > 0 ? ", " : "", json_string_value(json_array_get(closest, i)));
    g_string_append_c(out, '\n');
  }
  if (g_strcmp0(status, "answered") == 0) append_result(out, answer, width);
  const char *restatement = json_get_string(answer, "restatement");
  if (restatement != NULL) g_string_append_printf(out, "\n%s  understood: %s%s\n", dim, restatement, plain);
  append_caveats(out, answer, dim, plain);
  return g_string_free(out, FALSE);
}

static void append_csv_cell(GString *out, const char *text) {
  /* a leading = + - @ would run as a formula in a spreadsheet */
  gboolean formula = *text != '\0' && strchr("=+-@\t\r", *text) != NULL && !g_ascii_isdigit(text[1]) && text[1] != '.';
  gboolean quote = formula || strpbrk(text, ",\"\r\n") != NULL;
  if (!quote) {
    g_string_append(out, text);
    return;
  }
  g_string_append_c(out, '"');
  if (formula) g_string_append_c(out, '\'');
  for (const char *at = text; *at; at++) {
    if (*at == '"') g_string_append_c(out, '"');
    g_string_append_c(out, *at);
  }
  g_string_append_c(out, '"');
}

char *answer_render_csv(const json_t *answer) {
  GString *out = g_string_new(NULL);
  const json_t *columns = json_object_get(answer, "columns"), *rows = json_object_get(answer, "rows");
  for (gsize c = 0; c < json_array_size(columns); c++) {
    if (c > 0) g_string_append_c(out, ',');
    append_csv_cell(out, json_get_string(json_array_get(columns, c), "name"));
  }
  g_string_append(out, "\r\n");
  for (gsize r = 0; r < json_array_size(rows); r++) {
    const json_t *row = json_array_get(rows, r);
    for (gsize c = 0; c < json_array_size(row); c++) {
      if (c > 0) g_string_append_c(out, ',');
      const json_t *cell = json_array_get(row, c);
      if (json_is_string(cell)) append_csv_cell(out, json_string_value(cell));
      else if (!json_is_null(cell)) json_append(out, cell, JSON_PLAIN);
    }
    g_string_append(out, "\r\n");
  }
  return g_string_free(out, FALSE);
}
