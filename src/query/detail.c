/* Lists of rows: the fields asked for, from the dataset in which all of them can be seen. */
#include "query/compiler.h"

#define DETAIL_DEFAULT_LIMIT 20

static gboolean add_field(Compiler *compiler, const char *name, GPtrArray *fields, GError **error) {
  const Field *field = model_find_field(compiler->model, name);
  if (field)
    g_ptr_array_add(fields, (gpointer)field);
  else
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_QUERY, "there is no field \"%s\"", name);
  return field != NULL;
}

/* The first field's dataset, where the others and what is filtered by can be reached from it. */
static const Dataset *detail_dataset(Compiler *compiler, GError **error) {
  const SemanticQuery *query = compiler->query;
  g_autoptr(GPtrArray) fields = g_ptr_array_new();
  for (guint i = 0; i < query->detail->len; i++)
    if (!add_field(compiler, query->detail->pdata[i], fields, error)) return NULL;
  for (guint i = 0; i < query->filters->len; i++) {
    const Filter *filter = query->filters->pdata[i];
    if (filter->kind == FILTER_FIELD && !add_field(compiler, filter->field ? filter->field : "", fields, error))
      return NULL;
  }
  const Dataset *dataset = reach_common_dataset(compiler->model, fields);
  if (!dataset)
    g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_BAD_QUERY, "no dataset holds all of the fields to list");
  return dataset;
}

/* Orders by listed fields, then by date and key, then by all that is listed: the same rows every time. */
static char *detail_order(Compiler *compiler, RowSource *source, const RowContext *context, const GPtrArray *listed,
                          GError **error) {
  const SemanticQuery *query = compiler->query;
  g_autoptr(GPtrArray) items = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < query->order->len; i++) {
    const Order *order = &g_array_index(query->order, Order, i);
    if (order->on != ON_DIMENSION || order->index < 0 || (guint)order->index >= listed->len) {
      g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_QUERY,
                  "a list of rows is ordered by its fields; there is no field %d", order->index);
      return NULL;
    }
    g_autofree char *column = g_strdup(listed->pdata[order->index]);
    g_autofree char *sql = order->absolute ? g_strdup_printf("ABS(%s)", column) : g_steal_pointer(&column);
    g_ptr_array_add(items, g_strdup_printf(order->descending ? "%s DESC" : "%s", sql));
  }
  FieldType type;
  char *date = row_source_date(compiler, source, context->time_field, &type, NULL);
  if (date) g_ptr_array_add(items, date);
  for (guint i = 0; source->dataset->primary_key[i]; i++) {
    const Field *field = dataset_find_field(source->dataset, source->dataset->primary_key[i]);
    char *key = field ? row_source_field_of(compiler, source, field, NULL) : NULL;
    if (key) g_ptr_array_add(items, key);
  }
  for (guint i = 0; i < listed->len; i++) g_ptr_array_add(items, g_strdup(listed->pdata[i]));
  g_autoptr(GPtrArray) once = g_ptr_array_new();
  for (guint i = 0; i < items->len; i++) {
    g_autofree char *descending = g_strconcat(items->pdata[i], " DESC", NULL);
    if (!g_ptr_array_find_with_equal_func(once, items->pdata[i], g_str_equal, NULL) &&
        !g_ptr_array_find_with_equal_func(once, descending, g_str_equal, NULL))
      g_ptr_array_add(once, items->pdata[i]);
  }
  return sql_join(once, ", ");
}

static void add_answer_column(Compiler *compiler, const char *name, GPtrArray *columns) {
  const Field *field = model_find_field(compiler->model, name);
  AnswerColumn *column = answer_column_new(field->name, field->label ? field->label : field->name,
                                           field_shown_type(field), COLUMN_DIMENSION);
  g_free(column->unit);
  column->unit = field->unit && g_str_equal(field->unit, "currency") && compiler->model->currency
                     ? g_strdup_printf("currency:%s", compiler->model->currency)
                     : g_strdup(field->unit ? field->unit : "");
  g_free(column->format);
  const char *type = column->type, *unit = column->unit;
  column->format = g_strdup(g_str_has_prefix(unit, "currency")                            ? "money"
                            : g_str_equal(unit, "fraction")                               ? "percent"
                            : g_str_equal(type, "integer") || g_str_equal(type, "date")   ? type
                            : g_str_equal(type, "decimal") || g_str_equal(type, "number") ? "number"
                            : g_str_equal(type, "timestamp")                              ? "timestamp"
                                                                                          : "text");
  g_ptr_array_add(columns, column);
}

/* The listed columns as people see them: of a flag the data's own words. */
static GPtrArray *shown_fields(Compiler *compiler, const GPtrArray *listed) {
  GPtrArray *shown = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < listed->len; i++) {
    const Field *field = model_find_field(compiler->model, compiler->query->detail->pdata[i]);
    g_autofree char *sql = field_display(compiler, field, listed->pdata[i]), *alias = sql_name(field->name);
    g_ptr_array_add(shown, g_str_equal(sql, listed->pdata[i]) ? g_steal_pointer(&sql) : g_strdup_printf("%s AS %s", sql, alias));
  }
  return shown;
}

char *compile_detail(Compiler *compiler, GPtrArray *columns, GError **error) {
  const SemanticQuery *query = compiler->query;
  const Dataset *dataset = detail_dataset(compiler, error);
  RowSource *source = dataset ? row_source_get(compiler, dataset, error) : NULL;
  if (!source) return NULL;
  g_auto(RowContext) context = {.filters = g_ptr_array_new(),
                                .own = g_ptr_array_new(),
                                .time = query->time,
                                .time_field = query->time_field,
                                .cohort = query->cohort != COHORT_NONE,
                                .suffix = ""};
  for (guint i = 0; i < query->filters->len; i++) g_ptr_array_add(context.filters, query->filters->pdata[i]);
  g_autoptr(GPtrArray) listed = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < query->detail->len; i++) {
    char *column = row_source_field(compiler, source, query->detail->pdata[i], error);
    if (!column) return NULL;
    g_ptr_array_add(listed, column);
    add_answer_column(compiler, query->detail->pdata[i], columns);
  }
  g_autoptr(GPtrArray) predicates = g_ptr_array_new_with_free_func(g_free);
  if (!context_predicates(compiler, source, &context, predicates, error)) return NULL;
  row_source_add_read(compiler, source, &context);
  g_autofree char *order = detail_order(compiler, source, &context, listed, error);
  if (!order) return NULL;
  g_autoptr(GPtrArray) shown = shown_fields(compiler, listed);
  g_autofree char *list = sql_join(shown, ", "), *where = sql_join(predicates, "\n  AND "),
                  *rows = compiler_cte(source->widened);
  GString *sql = g_string_new(NULL);
  g_string_append_printf(sql, "SELECT %s\nFROM %s%s%s\nORDER BY %s", list, rows, predicates->len ? "\nWHERE " : "",
                         where, order);
  g_string_append_printf(sql, "\nLIMIT %d", query->limit > 0 ? query->limit : DETAIL_DEFAULT_LIMIT);
  if (query->offset > 0) g_string_append_printf(sql, " OFFSET %d", query->offset);
  return g_string_free(sql, FALSE);
}
