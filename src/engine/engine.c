/* The face of every engine: dispatch, results, parameters. */
#include "engine/engine.h"

#include <math.h>

#include "engine/engine_private.h"

Engine *engine_ref(Engine *engine) {
  atomic_fetch_add_explicit(&engine->references, 1, memory_order_relaxed);
  return engine;
}

void engine_unref(Engine *engine) {
  if (engine == NULL) return;
  if (atomic_fetch_sub_explicit(&engine->references, 1, memory_order_acq_rel) == 1) engine->kind->free(engine);
}

gboolean engine_execute(Engine *engine, const char *sql, Deadline deadline, GError **error) {
  return engine->kind->execute(engine, sql, deadline, error);
}

ResultTable *engine_query(Engine *engine, const char *sql, const GPtrArray *parameters, gsize max_rows, Deadline deadline,
                          GError **error) {
  return engine->kind->run(engine, sql, parameters, max_rows, STATEMENT_ANY, deadline, error);
}

ResultTable *engine_select(Engine *engine, const char *sql, const GPtrArray *parameters, gsize max_rows, Deadline deadline,
                           GError **error) {
  return engine->kind->run(engine, sql, parameters, max_rows, STATEMENT_SELECT_ONLY, deadline, error);
}

gboolean engine_lock_down(Engine *engine, const char *const *directories, GError **error) {
  return engine->kind->lock_down(engine, directories, error);
}

char *engine_parse_sql(Engine *engine, const char *sql, GError **error) {
  return engine->kind->parse_sql(engine, sql, error);
}

static void result_column_free(gpointer data) {
  ResultColumn *column = data;
  g_free(column->name);
  g_free(column->sql_type);
  g_free(column);
}

ResultTable *result_table_new(void) {
  ResultTable *table = g_new0(ResultTable, 1);
  table->columns = g_ptr_array_new_with_free_func(result_column_free);
  table->cells = g_array_new(FALSE, FALSE, sizeof(Value));
  table->strings = g_string_chunk_new(4096);
  return table;
}

void result_table_free(ResultTable *table) {
  if (table == NULL) return;
  g_ptr_array_unref(table->columns);
  g_array_unref(table->cells);
  g_string_chunk_free(table->strings);
  g_free(table);
}

void result_table_add_column(ResultTable *table, const char *name, ValueType type, const char *sql_type) {
  ResultColumn *column = g_new0(ResultColumn, 1);
  column->name = g_strdup(name);
  column->type = type;
  column->sql_type = g_strdup(sql_type);
  g_ptr_array_add(table->columns, column);
}

guint result_table_n_columns(const ResultTable *table) {
  return table->columns->len;
}

const Value *result_table_at(const ResultTable *table, gsize row, guint column) {
  return &g_array_index(table->cells, Value, row * table->columns->len + column);
}

int result_table_find_column(const ResultTable *table, const char *name) {
  for (guint i = 0; i < table->columns->len; i++) {
    const ResultColumn *column = table->columns->pdata[i];
    if (g_strcmp0(column->name, name) == 0) return (int)i;
  }
  return -1;
}

/* HH:MM:SS, with a fraction only where there is one. */
static void append_time(GString *out, gint64 micros) {
  gint64 seconds = micros / G_USEC_PER_SEC, fraction = micros % G_USEC_PER_SEC;
  g_string_append_printf(out, "%02d:%02d:%02d", (int)(seconds / 3600), (int)(seconds / 60 % 60), (int)(seconds % 60));
  if (fraction == 0) return;
  g_string_append_printf(out, ".%06d", (int)fraction);
  while (out->str[out->len - 1] == '0') g_string_truncate(out, out->len - 1);
}

static char *timestamp_to_text(gint64 micros) {
  const gint64 day_us = 86400 * (gint64)G_USEC_PER_SEC;
  gint64 day = micros / day_us, rest = micros % day_us;
  if (rest < 0) {
    rest += day_us;
    day--;
  }
  g_autofree char *date = day_format_iso((Day)day);
  GString *out = g_string_new(date);
  g_string_append_c(out, 'T');
  append_time(out, rest);
  return g_string_free(out, FALSE);
}

/* Moments DuckDB calls infinity have no calendar form. */
static const char *infinite_date(const Value *value) {
  gboolean date = value->type == VALUE_DATE;
  if (value->integer == (date ? G_MAXINT32 : G_MAXINT64)) return "infinity";
  if (value->integer == (date ? -G_MAXINT32 : -G_MAXINT64)) return "-infinity";
  return NULL;
}

char *value_to_text(const Value *value) {
  switch (value->type) {
  case VALUE_NULL: return g_strdup("");
  case VALUE_BOOL: return g_strdup(value->integer ? "true" : "false");
  case VALUE_INT: return g_strdup_printf("%" G_GINT64_FORMAT, value->integer);
  case VALUE_DOUBLE: {
    if (isnan(value->number)) return g_strdup("nan");
    if (isinf(value->number)) return g_strdup(value->number > 0 ? "inf" : "-inf");
    GString *out = g_string_new(NULL);
    json_append_double(out, value->number);
    return g_string_free(out, FALSE);
  }
  case VALUE_DECIMAL:
  case VALUE_TEXT: return g_strdup(value->text);
  case VALUE_DATE:
  case VALUE_TIMESTAMP:
    if (infinite_date(value) != NULL) return g_strdup(infinite_date(value));
    return value->type == VALUE_DATE ? day_format_iso((Day)value->integer) : timestamp_to_text(value->integer);
  case VALUE_TIME: {
    GString *out = g_string_new(NULL);
    append_time(out, value->integer);
    return g_string_free(out, FALSE);
  }
  }
  return g_strdup("");
}

json_t *value_to_json(const Value *value) {
  switch (value->type) {
  case VALUE_NULL: return json_null();
  case VALUE_BOOL: return json_boolean(value->integer != 0);
  case VALUE_INT: return json_integer(value->integer);
  case VALUE_DOUBLE: return isfinite(value->number) ? json_real(value->number) : json_null();
  case VALUE_DECIMAL: {
    /* Whole decimals keep all their digits as integers; jansson's reals are doubles. */
    gint64 whole;
    if (g_ascii_string_to_signed(value->text, 10, G_MININT64, G_MAXINT64, &whole, NULL)) return json_integer(whole);
    return json_real(value->number);
  }
  case VALUE_TEXT: return json_string(value->text);
  case VALUE_DATE:
  case VALUE_TIMESTAMP:
  case VALUE_TIME: {
    g_autofree char *text = value_to_text(value);
    return json_string(text);
  }
  }
  return json_null();
}

static void parameter_free(gpointer data) {
  Parameter *parameter = data;
  g_free(parameter->text);
  g_free(parameter);
}

GPtrArray *parameters_new(void) {
  return g_ptr_array_new_with_free_func(parameter_free);
}

static Parameter *add_parameter(GPtrArray *parameters, ValueType type) {
  Parameter *parameter = g_new0(Parameter, 1);
  parameter->type = type;
  g_ptr_array_add(parameters, parameter);
  return parameter;
}

void parameters_add_text(GPtrArray *parameters, const char *text) {
  Parameter *parameter = add_parameter(parameters, text != NULL ? VALUE_TEXT : VALUE_NULL);
  parameter->text = g_strdup(text);
}

void parameters_add_int(GPtrArray *parameters, gint64 value) {
  Parameter *parameter = add_parameter(parameters, VALUE_INT);
  parameter->integer = value;
  parameter->number = (double)value;
}

void parameters_add_double(GPtrArray *parameters, double value) {
  add_parameter(parameters, VALUE_DOUBLE)->number = value;
}

void parameters_add_date(GPtrArray *parameters, Day day) {
  add_parameter(parameters, VALUE_DATE)->integer = day;
}

gboolean engine_add_text_function(Engine *engine, const char *name, EngineTextFunction function, gpointer user_data,
                                  GDestroyNotify free_data, GError **error) {
  return engine->kind->add_text_function(engine, name, function, user_data, free_data, error);
}

double engine_progress(Engine *engine) {
  return engine->kind->progress(engine);
}
