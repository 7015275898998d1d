/* Filters as predicates over a row source, and the whole context of a leaf: time, filters, comparison side, cohort. */
#include "query/compiler.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- contexts ---- */
/* What rows are, not what their entities did. */
static gboolean is_plain(const Filter *filter) {
  if (filter->kind == FILTER_ENTITY || filter->kind == FILTER_DID) return FALSE;
  for (guint i = 0; filter->kind == FILTER_ANY && i < filter->did->len; i++)
    if (!is_plain(filter->did->pdata[i])) return FALSE;
  return TRUE;
}

static GPtrArray *copy_borrowed(const GPtrArray *filters, gboolean only_plain) {
  GPtrArray *copy = g_ptr_array_new();
  for (guint i = 0; filters && i < filters->len; i++) {
    const Filter *filter = filters->pdata[i];
    if (!only_plain || is_plain(filter)) g_ptr_array_add(copy, (gpointer)filter);
  }
  return copy;
}

RowContext row_context_copy(const RowContext *context) {
  RowContext copy = *context;
  copy.filters = copy_borrowed(context->filters, FALSE);
  copy.own = copy_borrowed(context->own, FALSE);
  return copy;
}

RowContext row_context_plain(const RowContext *context, gboolean keep_filters, gboolean keep_time) {
  return (RowContext){.filters = copy_borrowed(keep_filters ? context->filters : NULL, TRUE),
                      .own = g_ptr_array_new(),
                      .time = keep_time ? context->time : time_range_all(),
                      .time_field = context->time_field,
                      .plain = TRUE,
                      .suffix = ""};
}

void row_context_clear(RowContext *context) {
  g_clear_pointer(&context->filters, g_ptr_array_unref);
  g_clear_pointer(&context->own, g_ptr_array_unref);
}

/* ---- values ---- */
const char *operator_sql(Operator op) {
  switch (op) {
  case OP_NOT_EQUAL: return "<>";
  case OP_LESS: return "<";
  case OP_LESS_EQUAL: return "<=";
  case OP_GREATER: return ">";
  case OP_GREATER_EQUAL: return ">=";
  default: return "=";
  }
}

static char *number_sql(Compiler *compiler, const char *text) {
  char *end = NULL;
  errno = 0;
  gint64 integer = g_ascii_strtoll(text, &end, 10);
  if (end != text && !*end && !errno) return sql_int_value(compiler->pool, integer);
  errno = 0;
  double number = g_ascii_strtod(text, &end);
  if (end == text || *end || errno || !isfinite(number)) return NULL;
  return sql_double_value(compiler->pool, number);
}

static char *boolean_sql(Compiler *compiler, const Field *field, const char *text) {
  gboolean yes;
  return field_read_flag(field, text, &yes) ? sql_bool_value(compiler->pool, yes) : NULL;
}

static char *timestamp_sql(Compiler *compiler, const char *text) {
  Day day;
  if (day_parse_iso(text, &day)) return sql_date_value(compiler->pool, day);
  int parts[6] = {0};
  char separator = 0;
  if (sscanf(text, "%4d-%2d-%2d%c%2d:%2d:%2d", &parts[0], &parts[1], &parts[2], &separator, &parts[3], &parts[4],
             &parts[5]) < 6)
    return NULL;
  if (day_from_ymd(parts[0], parts[1], parts[2]) == DAY_NONE || parts[3] > 23 || parts[4] > 59 || parts[5] > 59)
    return NULL;
  g_autofree char *written =
      g_strdup_printf("%04d-%02d-%02d %02d:%02d:%02d", parts[0], parts[1], parts[2], parts[3], parts[4], parts[5]);
  g_autofree char *value = sql_text_value(compiler->pool, written);
  return g_strdup_printf("CAST(%s AS TIMESTAMP)", value);
}

char *filter_value_sql(Compiler *compiler, const Field *field, const char *value, GError **error) {
  char *sql = NULL;
  Day day;
  switch (field->type) {
  case FIELD_INTEGER:
  case FIELD_DECIMAL:
  case FIELD_DOUBLE: sql = number_sql(compiler, value); break;
  case FIELD_BOOLEAN: sql = boolean_sql(compiler, field, value); break;
  case FIELD_DATE: sql = day_parse_iso(value, &day) ? sql_date_value(compiler->pool, day) : NULL; break;
  case FIELD_TIMESTAMP: sql = timestamp_sql(compiler, value); break;
  default: sql = sql_text_value(compiler->pool, value);
  }
  if (!sql)
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_QUERY, "\"%s\" is no value of the field \"%s\"", value,
                field->name);
  return sql;
}

static GPtrArray *values_sql(Compiler *compiler, const Field *field, const GPtrArray *values, GError **error) {
  g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < values->len; i++) {
    char *sql = filter_value_sql(compiler, field, values->pdata[i], error);
    if (!sql) return NULL;
    g_ptr_array_add(list, sql);
  }
  return g_steal_pointer(&list);
}

/* ---- one field ---- */
static char *member_list(const char *column, const GPtrArray *values, gboolean negated) {
  if (!values->len) return g_strdup(negated ? "TRUE" : "FALSE");
  if (values->len == 1) /* rows without a value are "other than" every value */
    return g_strdup_printf(negated ? "%s IS DISTINCT FROM %s" : "%s = %s", column, (char *)values->pdata[0]);
  g_autofree char *list = sql_join(values, ", ");
  return negated ? g_strdup_printf("(%s NOT IN (%s) OR %s IS NULL)", column, list, column)
                 : g_strdup_printf("%s IN (%s)", column, list);
}

static char *compared(const char *column, Operator op, const GPtrArray *values) {
  const char *first = values->pdata[0];
  switch (op) {
  case OP_BETWEEN: return g_strdup_printf("%s BETWEEN %s AND %s", column, first, (char *)values->pdata[1]);
  case OP_CONTAINS: return g_strdup_printf("contains(lower(%s), lower(%s))", column, first);
  case OP_STARTS_WITH: return g_strdup_printf("starts_with(lower(%s), lower(%s))", column, first);
  default: return g_strdup_printf("%s %s %s", column, operator_sql(op), first);
  }
}

static char *field_predicate(Compiler *compiler, const char *column, const Field *field, const Filter *filter,
                             Operator op, GError **error) {
  if (op == OP_IS_NULL || op == OP_IS_NOT_NULL)
    return g_strdup_printf(op == OP_IS_NULL ? "%s IS NULL" : "%s IS NOT NULL", column);
  guint needed = op == OP_BETWEEN ? 2 : op == OP_EQUAL || op == OP_NOT_EQUAL ? 0 : 1;
  if (needed && filter->values->len != needed) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_QUERY, "the filter on \"%s\" needs %u value%s", filter->field,
                needed, needed == 1 ? "" : "s");
    return NULL;
  }
  Field text = *field; /* parts of words are looked for in text, whatever the field holds */
  g_autofree char *as_text = NULL;
  if ((op == OP_CONTAINS || op == OP_STARTS_WITH) && field->type != FIELD_TEXT) {
    text.type = FIELD_TEXT;
    column = as_text = g_strdup_printf("CAST(%s AS VARCHAR)", column);
  }
  g_autoptr(GPtrArray) values = values_sql(compiler, &text, filter->values, error);
  if (!values) return NULL;
  /* A day compared with a moment means the whole day. */
  g_autofree char *day_of = NULL;
  Day day;
  if (field->type == FIELD_TIMESTAMP && values->len && day_parse_iso(filter->values->pdata[0], &day))
    column = day_of = g_strdup_printf("CAST(%s AS DATE)", column);
  if (op == OP_EQUAL || op == OP_NOT_EQUAL) return member_list(column, values, op == OP_NOT_EQUAL);
  return compared(column, op, values);
}

static char *field_filter(Compiler *compiler, RowSource *source, const Filter *filter, GError **error) {
  g_autofree char *column = row_source_field(compiler, source, filter->field ? filter->field : "", error);
  if (!column) return NULL;
  const Field *field = reach_field(compiler->model, source->dataset, model_find_field(compiler->model, filter->field));
  Operator op = filter->op;
  gboolean negated = filter->negated;
  if (negated && (op == OP_EQUAL || op == OP_NOT_EQUAL || op == OP_IS_NULL || op == OP_IS_NOT_NULL)) {
    op = op == OP_EQUAL ? OP_NOT_EQUAL : op == OP_NOT_EQUAL ? OP_EQUAL : op == OP_IS_NULL ? OP_IS_NOT_NULL : OP_IS_NULL;
    negated = FALSE;
  }
  g_autofree char *predicate = field_predicate(compiler, column, field, filter, op, error);
  if (!predicate) return NULL;
  return negated ? g_strdup_printf("(%s) IS NOT TRUE", predicate) : g_steal_pointer(&predicate);
}

static char *condition_filter(Compiler *compiler, RowSource *source, const Filter *filter, GError **error) {
  const Condition *condition = filter->condition ? model_find_condition(compiler->model, filter->condition) : NULL;
  if (!condition) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_QUERY, "there is no condition \"%s\"",
                filter->condition ? filter->condition : "");
    return NULL;
  }
  const Dataset *dataset = model_find_dataset(compiler->model, condition->dataset);
  if (!dataset || !compiler_sees(compiler, dataset, condition->expression)) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_QUERY, "there is no condition \"%s\"", filter->condition);
    return NULL;
  }
  g_autofree char *sql = row_source_condition(compiler, source, condition, error);
  if (!sql) return NULL;
  return filter->negated ? g_strdup_printf("NOT %s", sql) : g_steal_pointer(&sql);
}

/* ---- parts of the date ---- */
/* A range that ends before it begins goes round: November to February. */
static char *cyclic_predicate(const char *part, Operator op, const GPtrArray *numbers) {
  if (op != OP_BETWEEN || text_leading_number(numbers->pdata[0]) <= text_leading_number(numbers->pdata[1])) return compared(part, op, numbers);
  return g_strdup_printf("(%s >= %s OR %s <= %s)", part, (char *)numbers->pdata[0], part, (char *)numbers->pdata[1]);
}

static char *cyclic_filter(Compiler *compiler, RowSource *source, const Filter *filter, const RowContext *context,
                           GError **error) {
  FieldType type;
  const char *date_field = filter->field ? filter->field : context->time_field;
  g_autofree char *date = filter->cyclic == CYCLIC_HOUR_OF_DAY
                              ? row_source_moment(compiler, source, date_field, &type, error)
                              : row_source_date(compiler, source, date_field, &type, error);
  if (!date) return NULL;
  g_autofree char *part = cyclic_sql(date, filter->cyclic, type);
  g_autoptr(GPtrArray) numbers = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < filter->values->len; i++) {
    int number;
    if (!cyclic_value(filter->cyclic, filter->values->pdata[i], &number)) {
      g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_QUERY, "\"%s\" is no %s", (char *)filter->values->pdata[i],
                  cyclic_name(filter->cyclic));
      return NULL;
    }
    const char *boolean = number ? "TRUE" : "FALSE";
    g_ptr_array_add(numbers, filter->cyclic == CYCLIC_WEEKEND ? g_strdup(boolean) : g_strdup_printf("%d", number));
  }
  guint needed = filter->op == OP_BETWEEN ? 2 : 1;
  if (numbers->len < needed) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_QUERY, "the filter on the %s needs a value",
                cyclic_name(filter->cyclic));
    return NULL;
  }
  gboolean is_list = filter->op == OP_EQUAL || filter->op == OP_NOT_EQUAL;
  if (filter->cyclic == CYCLIC_WEEKEND && numbers->len == 1 && is_list) {
    gboolean wanted = g_str_equal(numbers->pdata[0], "TRUE");
    gboolean inverse = (filter->op == OP_NOT_EQUAL) != (filter->negated != 0);
    return wanted != inverse ? g_steal_pointer(&part) : g_strdup_printf("NOT %s", part);
  }
  g_autofree char *whole = filter->cyclic == CYCLIC_WEEKEND ? g_strdup_printf("(%s)", part) : g_strdup(part);
  if (is_list) return member_list(whole, numbers, (filter->op == OP_NOT_EQUAL) != (filter->negated != 0));
  g_autofree char *predicate = cyclic_predicate(whole, filter->op, numbers);
  return filter->negated ? g_strdup_printf("(%s) IS NOT TRUE", predicate) : g_steal_pointer(&predicate);
}

/* ---- several filters ---- */
static char *any_filter(Compiler *compiler, RowSource *source, const Filter *filter, const RowContext *context,
                        GError **error) {
  g_autoptr(GPtrArray) parts = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < filter->did->len; i++) {
    char *part = filter_sql(compiler, source, filter->did->pdata[i], context, error);
    if (!part) return NULL;
    g_ptr_array_add(parts, part);
  }
  g_autofree char *joined = parts->len ? sql_join(parts, " OR ") : g_strdup("FALSE");
  return g_strdup_printf(filter->negated ? "(%s) IS NOT TRUE" : "(%s)", joined);
}

char *filter_sql(Compiler *compiler, RowSource *source, const Filter *filter, const RowContext *context,
                 GError **error) {
  switch (filter->kind) {
  case FILTER_FIELD: return field_filter(compiler, source, filter, error);
  case FILTER_CONDITION: return condition_filter(compiler, source, filter, error);
  case FILTER_CYCLIC: return cyclic_filter(compiler, source, filter, context, error);
  case FILTER_ANY: return any_filter(compiler, source, filter, context, error);
  case FILTER_ENTITY: return entity_filter_sql(compiler, source, filter, context, error);
  case FILTER_DID: return did_filter_sql(compiler, source, filter, context, error);
  }
  return NULL;
}

static gboolean append_filters(Compiler *compiler, RowSource *source, const GPtrArray *filters,
                               const RowContext *context, GPtrArray *out, GError **error) {
  for (guint i = 0; filters && i < filters->len; i++) {
    char *sql = filter_sql(compiler, source, filters->pdata[i], context, error);
    if (!sql) return FALSE;
    g_ptr_array_add(out, sql);
  }
  return TRUE;
}

static gboolean append_time(Compiler *compiler, RowSource *source, const RowContext *context, GPtrArray *out,
                            GError **error) {
  if (context->time.kind == TIME_ALL) return TRUE;
  FieldType type;
  g_autofree char *date = row_source_date(compiler, source, context->time_field, &type, error);
  if (!date) return FALSE;
  char *sql = time_range_sql(compiler, &context->time, date);
  if (sql) g_ptr_array_add(out, sql);
  return TRUE;
}

/* One side of a comparison of members. */
static gboolean append_member(Compiler *compiler, RowSource *source, const RowContext *context, GPtrArray *out,
                              GError **error) {
  if (!context->member_field) return TRUE;
  g_autoptr(Filter) filter =
      filter_new_values(context->member_field, context->member_rest ? OP_NOT_EQUAL : OP_EQUAL, context->member, NULL);
  char *sql = filter_sql(compiler, source, filter, context, error);
  if (sql) g_ptr_array_add(out, sql);
  return sql != NULL;
}

gboolean context_predicates(Compiler *compiler, RowSource *source, const RowContext *context, GPtrArray *out,
                            GError **error) {
  return append_time(compiler, source, context, out, error) &&
         append_filters(compiler, source, context->filters, context, out, error) &&
         append_filters(compiler, source, context->own, context, out, error) &&
         append_member(compiler, source, context, out, error) &&
         (!context->cohort || append_cohort(compiler, source, context, out, error));
}
