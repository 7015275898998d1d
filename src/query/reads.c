/*
 * Which rows of a table a statement needs, as conditions on stored columns: for leaving out files that hold none of
 * them. What is not certain is left unsaid; a condition that is not said only costs time.
 */
#include "model/expression.h"
#include "query/compiler.h"
#include <string.h>

static void read_condition_free(gpointer pointer) {
  ReadCondition *condition = pointer;
  g_free(condition->column);
  g_ptr_array_unref(condition->values);
  compiled_query_free(condition->keys);
  g_free(condition);
}

/* The stored column beneath a field of the source's own dataset; NULL: computed, joined, or of a type not compared. */
static char *stored_column(const Compiler *compiler, const RowSource *source, const Field *field, FieldType *type) {
  const Field *reached = field ? reach_field(compiler->model, source->dataset, field) : NULL;
  if (!reached || g_strcmp0(reached->dataset, source->dataset->name) != 0) return NULL;
  if (reached->type != FIELD_TEXT && reached->type != FIELD_INTEGER && reached->type != FIELD_DATE &&
      reached->type != FIELD_TIMESTAMP)
    return NULL;
  char *column = NULL;
  if (!expression_is_column(reached->expression, &column)) return NULL;
  *type = reached->type;
  return column;
}

/* Takes `column`. */
static ReadCondition *add_condition(GPtrArray *read, char *column, FieldType type, Operator op) {
  ReadCondition *condition = g_new0(ReadCondition, 1);
  *condition = (ReadCondition){column, type, op, g_ptr_array_new_with_free_func(g_free), NULL};
  g_ptr_array_add(read, condition);
  return condition;
}

static void add_day(GPtrArray *read, const char *column, FieldType type, Operator op, Day day) {
  if (day == DAY_NONE) return;
  g_ptr_array_add(add_condition(read, g_strdup(column), type, op)->values, day_format_iso(day));
}

static void add_time(const Compiler *compiler, const RowSource *source, const RowContext *context, GPtrArray *read) {
  if (context->time.kind != TIME_ABSOLUTE) return;
  const Field *field = context->time_field ? model_find_field(compiler->model, context->time_field)
                                           : reach_default_date(compiler->model, source->dataset);
  FieldType type;
  g_autofree char *column = stored_column(compiler, source, field, &type);
  if (!column || (type != FIELD_DATE && type != FIELD_TIMESTAMP)) return;
  add_day(read, column, type, OP_GREATER_EQUAL, context->time.from);
  add_day(read, column, type, OP_LESS, context->time.to);
}

static gboolean is_comparable(FieldType type, const char *value) {
  Day day;
  if (type == FIELD_DATE) return day_parse_iso(value, &day);
  if (type == FIELD_INTEGER) return g_ascii_string_to_signed(value, 10, G_MININT64, G_MAXINT64, NULL, NULL);
  return type == FIELD_TEXT;
}

static void add_filter(const Compiler *compiler, const RowSource *source, const Filter *filter, GPtrArray *read) {
  gboolean is_list = filter->op == OP_EQUAL, is_range = filter->op >= OP_LESS && filter->op <= OP_BETWEEN;
  if (filter->kind != FILTER_FIELD || filter->negated || !(is_list || is_range) || !filter->values->len) return;
  FieldType type;
  const Field *field = filter->field ? model_find_field(compiler->model, filter->field) : NULL;
  g_autofree char *column = stored_column(compiler, source, field, &type);
  if (!column || type == FIELD_TIMESTAMP || (is_range && type == FIELD_TEXT)) return;
  for (guint i = 0; i < filter->values->len; i++)
    if (!is_comparable(type, filter->values->pdata[i])) return;
  if (filter->op == OP_BETWEEN) {
    ReadCondition *low = add_condition(read, g_strdup(column), type, OP_GREATER_EQUAL);
    ReadCondition *high = add_condition(read, g_strdup(column), type, OP_LESS_EQUAL);
    g_ptr_array_add(low->values, g_strdup(filter->values->pdata[0]));
    g_ptr_array_add(high->values, g_strdup(filter->values->pdata[1]));
    return;
  }
  ReadCondition *condition = add_condition(read, g_strdup(column), type, filter->op);
  for (guint i = 0; i < (is_list ? filter->values->len : 1); i++)
    g_ptr_array_add(condition->values, g_strdup(filter->values->pdata[i]));
}

static void add_filters(const Compiler *compiler, const RowSource *source, const GPtrArray *filters, GPtrArray *read) {
  for (guint i = 0; i < filters->len; i++) add_filter(compiler, source, filters->pdata[i], read);
  read_add_keys(compiler, source, filters, read);
}

static void collect_filters(const GPtrArray *filters, GPtrArray *out) {
  for (guint i = 0; filters && i < filters->len; i++) g_ptr_array_add(out, filters->pdata[i]);
}

void row_source_add_read(Compiler *compiler, RowSource *source, const RowContext *context) {
  if (source->reads_all) return;
  g_autoptr(GPtrArray) read = g_ptr_array_new_with_free_func(read_condition_free), filters = g_ptr_array_new();
  g_autoptr(Filter) member = NULL;
  if (context) {
    add_time(compiler, source, context, read);
    collect_filters(context->filters, filters);
    collect_filters(context->own, filters);
  }
  if (context && context->member_field && !context->member_rest) {
    member = filter_new_values(context->member_field, OP_EQUAL, context->member, NULL);
    g_ptr_array_add(filters, member);
  }
  add_filters(compiler, source, filters, read);
  if (!read->len)
    source->reads_all = TRUE;
  else
    g_ptr_array_add(source->reads, g_steal_pointer(&read));
}
