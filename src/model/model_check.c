/* Model against data: whether the tables still are what the model says of them. Each difference says what to do. */
#include <string.h>

#include "model/expression.h"
#include "model/model_private.h"
#include "model/validate.h"

/* A join is worth having while hardly any row misses its partner; inference draws the line at the same place. */
#define CHECK_LEAST_CONTAINMENT 0.99
#define CHECK_MAX_COUNTS_PER_QUERY 200

typedef struct {
  const Model *model;
  Engine *engine;
  Deadline deadline;
  GPtrArray *lines;   /* of char* */
  GHashTable *tables; /* dataset name -> CheckedTable* */
} Check;

typedef struct {
  const Dataset *dataset;
  char *relation;      /* "lake"."sale_line" */
  GHashTable *columns; /* lower-case name -> SQL type; */
  GHashTable *missing; /* set of lower-case names of columns the model needs and the table lacks */
  gint64 rows;
} CheckedTable;

static void checked_table_free(gpointer pointer) {
  CheckedTable *table = pointer;
  g_free(table->relation);
  g_hash_table_unref(table->columns);
  g_hash_table_unref(table->missing);
  g_free(table);
}

static void add_line(Check *check, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void add_line(Check *check, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  g_ptr_array_add(check->lines, g_strdup_vprintf(format, arguments));
  va_end(arguments);
}

/* An SQL mistake is a finding; a passed deadline or a broken disk ends the check. */
static gboolean is_finding(const GError *error) {
  return g_error_matches(error, AISLE_ERROR, AISLE_ERROR_ENGINE) ||
         g_error_matches(error, AISLE_ERROR, AISLE_ERROR_BAD_QUERY);
}

static char *first_line(const char *message) {
  g_autofree char *line = g_strndup(message, strcspn(message, "\n"));
  return g_strdup(g_strchomp(line));
}

/* ---- tables and columns ---- */

/* Tables of a snapshot are views in schema "lake"; the tables of tests and imports may stand alone. FALSE with error.
 */
static gboolean read_columns(Check *check, CheckedTable *table, GError **error) {
  g_autoptr(GPtrArray) parameters = parameters_new();
  parameters_add_text(parameters, table->dataset->table);
  g_autoptr(ResultTable) rows = engine_query(
      check->engine,
      "SELECT column_name::VARCHAR, data_type::VARCHAR, table_schema::VARCHAR FROM information_schema.columns "
      "WHERE table_name = $1 AND table_schema IN ('lake', 'main') ORDER BY table_schema, ordinal_position",
      parameters, 0, check->deadline, error);
  if (rows == NULL) return FALSE;
  const char *schema = rows->n_rows > 0 ? result_table_at(rows, 0, 2)->text : NULL;
  for (gsize i = 0; i < rows->n_rows; i++) {
    if (g_strcmp0(result_table_at(rows, i, 2)->text, schema) != 0) continue;
    g_hash_table_insert(table->columns, g_ascii_strdown(result_table_at(rows, i, 0)->text, -1),
                        g_strdup(result_table_at(rows, i, 1)->text));
  }
  if (schema == NULL) return TRUE;
  g_autofree char *schema_name = text_sql_identifier(schema), *table_name = text_sql_identifier(table->dataset->table);
  table->relation = g_strdup_printf("%s.%s", schema_name, table_name);
  return TRUE;
}

static const char *nearest_column(const CheckedTable *table, const char *column) {
  g_autofree gpointer *names = (gpointer *)g_hash_table_get_keys_as_array(table->columns, NULL);
  return model_nearest(column, (const char *const *)names);
}

static gboolean sql_type_fits(const char *sql_type, FieldType type) {
  static const char *const integers[] = {"TINYINT",   "SMALLINT", "INTEGER", "BIGINT",   "HUGEINT", "UTINYINT",
                                         "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT", NULL};
  switch (type) {
  case FIELD_INTEGER: return g_strv_contains(integers, sql_type);
  case FIELD_DECIMAL: return g_str_has_prefix(sql_type, "DECIMAL");
  case FIELD_DOUBLE: return strcmp(sql_type, "DOUBLE") == 0 || strcmp(sql_type, "FLOAT") == 0;
  case FIELD_BOOLEAN: return strcmp(sql_type, "BOOLEAN") == 0;
  case FIELD_DATE: return strcmp(sql_type, "DATE") == 0;
  case FIELD_TIMESTAMP: return g_str_has_prefix(sql_type, "TIMESTAMP");
  case FIELD_TIME: return strcmp(sql_type, "TIME") == 0 || strcmp(sql_type, "VARCHAR") == 0;
  case FIELD_TEXT: break;
  }
  return strcmp(sql_type, "VARCHAR") == 0 || g_str_has_prefix(sql_type, "ENUM") || strcmp(sql_type, "UUID") == 0;
}

/* What a computed field gives may be any kind of number. */
static gboolean computed_type_fits(const char *sql_type, FieldType type) {
  gboolean wants_number = type == FIELD_INTEGER || type == FIELD_DECIMAL || type == FIELD_DOUBLE;
  if (!wants_number) return sql_type_fits(sql_type, type);
  return sql_type_fits(sql_type, FIELD_INTEGER) || sql_type_fits(sql_type, FIELD_DECIMAL) ||
         sql_type_fits(sql_type, FIELD_DOUBLE);
}

static gboolean needs_missing(const CheckedTable *table, const char *expression) {
  g_autoptr(GHashTable) columns = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  if (expression != NULL) expression_add_columns(table->dataset, expression, columns);
  GHashTableIter iterator;
  gpointer column;
  g_hash_table_iter_init(&iterator, columns);
  while (g_hash_table_iter_next(&iterator, &column, NULL))
    if (g_hash_table_contains(table->missing, column)) return TRUE;
  return FALSE;
}

static void check_stored_field(Check *check, CheckedTable *table, const Field *field, const char *column) {
  const Dataset *dataset = table->dataset;
  const char *sql_type = g_hash_table_lookup(table->columns, column);
  if (sql_type == NULL) {
    const char *nearest = nearest_column(table, column);
    g_hash_table_add(table->missing, g_strdup(column));
    g_hash_table_add(table->missing, g_ascii_strdown(field->name, -1));
    if (nearest != NULL)
      add_line(check, "field %s.%s: the table has no column \"%s\"; did you mean \"%s\"?", dataset->name, field->name,
               column, nearest);
    else
      add_line(check, "field %s.%s: the table has no column \"%s\"; remove the field or correct its expression",
               dataset->name, field->name, column);
    return;
  }
  if (!sql_type_fits(sql_type, field->type))
    add_line(check, "field %s.%s: the model says %s, the table has %s; correct its type in the model", dataset->name,
             field->name, field_type_name(field->type), sql_type);
}

/* Prepared over no row: names and types must fit. Sets *sql_type (may be NULL). FALSE with error. */
static gboolean try_expression(Check *check, const CheckedTable *table, const char *expression, const char *where,
                               char **sql_type, GError **error) {
  g_autofree char *sql =
      g_strdup_printf("SELECT (%s) AS value FROM %s AS base WHERE FALSE", expression, table->relation);
  g_autoptr(GError) problem = NULL;
  g_autoptr(ResultTable) result = engine_select(check->engine, sql, NULL, 1, check->deadline, &problem);
  if (result != NULL) {
    if (sql_type != NULL) *sql_type = g_strdup(((ResultColumn *)g_ptr_array_index(result->columns, 0))->sql_type);
    return TRUE;
  }
  if (!is_finding(problem)) {
    g_propagate_error(error, g_steal_pointer(&problem));
    return FALSE;
  }
  g_autofree char *message = first_line(problem->message);
  add_line(check, "%s: it does not run: %s; correct the expression", where, message);
  return TRUE;
}

static gboolean check_computed_field(Check *check, CheckedTable *table, const Field *field, GError **error) {
  if (needs_missing(table, field->expression)) return TRUE; /* the missing column was named */
  g_autofree char *where = g_strdup_printf("field %s.%s", table->dataset->name, field->name);
  g_autofree char *expression = expression_of_field(table->dataset, field, "base", error), *sql_type = NULL;
  if (expression == NULL || !try_expression(check, table, expression, where, &sql_type, error)) return FALSE;
  if (sql_type == NULL)
    g_hash_table_add(table->missing, g_ascii_strdown(field->name, -1)); /* what uses it fails for the same reason */
  else if (!computed_type_fits(sql_type, field->type))
    add_line(check, "%s: the model says %s, the expression gives %s; correct its type in the model", where,
             field_type_name(field->type), sql_type);
  return TRUE;
}

static gboolean check_fields(Check *check, CheckedTable *table, GError **error) {
  for (guint i = 0; i < table->dataset->fields->len; i++) {
    const Field *field = g_ptr_array_index(table->dataset->fields, i);
    g_autofree char *column = NULL;
    if (expression_is_column(field->expression, &column)) check_stored_field(check, table, field, column);
  }
  for (guint i = 0; i < table->dataset->fields->len; i++) {
    const Field *field = g_ptr_array_index(table->dataset->fields, i);
    if (!expression_is_column(field->expression, NULL) && !check_computed_field(check, table, field, error))
      return FALSE;
  }
  return TRUE;
}

/* ---- counts over rows ---- */

typedef enum { COUNT_DATE_FILLED, COUNT_CONDITION_TRUE, COUNT_CONDITION_NULL, COUNT_CODE } CountKind;
typedef struct {
  CountKind kind;
  char *sql;
  gconstpointer subject, detail; /* Field* or Condition*; CodedValue* */
} RowCount;

static void row_count_free(gpointer pointer) {
  g_free(((RowCount *)pointer)->sql);
  g_free(pointer);
}

static void add_count(GPtrArray *counts, CountKind kind, char *sql, gconstpointer subject, gconstpointer detail) {
  RowCount *count = g_new0(RowCount, 1);
  *count = (RowCount){kind, sql, subject, detail};
  g_ptr_array_add(counts, count);
}

static void judge_count(Check *check, const CheckedTable *table, const RowCount *count, gint64 rows) {
  const Field *field = count->subject;
  const Condition *condition = count->subject;
  const CodedValue *code = count->detail;
  if (count->kind == COUNT_DATE_FILLED && rows == 0)
    add_line(check, "dataset %s: its default date %s is empty in every row; name another date", table->dataset->name,
             field->name);
  if (count->kind == COUNT_CODE && rows == 0)
    add_line(check, "field %s.%s: no row has the code \"%s\"; correct or remove it", table->dataset->name, field->name,
             code->code);
  if (count->kind == COUNT_CONDITION_TRUE && rows == 0)
    add_line(check, "condition %s: no row fulfils it; correct or remove it", condition->name);
  if (count->kind == COUNT_CONDITION_NULL && rows > 0)
    add_line(check,
             "condition %s: it is neither true nor false for %" G_GINT64_FORMAT
             " rows; write coalesce(..., FALSE) around it",
             condition->name, rows);
}

static gboolean add_dataset_counts(CheckedTable *table, GPtrArray *counts, GError **error) {
  const Dataset *dataset = table->dataset;
  for (guint i = 0; i < dataset->fields->len; i++) {
    const Field *field = g_ptr_array_index(dataset->fields, i);
    gboolean is_date = g_strcmp0(field->name, dataset->default_date) == 0;
    if ((!is_date && field->codes->len == 0) || needs_missing(table, field->expression)) continue;
    g_autofree char *column = expression_of_field(dataset, field, "base", error);
    if (column == NULL) return FALSE;
    if (is_date) add_count(counts, COUNT_DATE_FILLED, g_strdup_printf("count(%s)", column), field, NULL);
    for (guint j = 0; j < field->codes->len; j++) {
      const CodedValue *code = g_ptr_array_index(field->codes, j);
      g_autofree char *quoted = text_sql_quote(code->code);
      add_count(counts, COUNT_CODE, g_strdup_printf("count(*) FILTER (WHERE CAST(%s AS VARCHAR) = %s)", column, quoted),
                field, code);
    }
  }
  return TRUE;
}

static gboolean add_condition_counts(Check *check, CheckedTable *table, GPtrArray *counts, GError **error) {
  for (guint i = 0; i < check->model->conditions->len; i++) {
    const Condition *condition = g_ptr_array_index(check->model->conditions, i);
    if (g_strcmp0(condition->dataset, table->dataset->name) != 0 || needs_missing(table, condition->expression))
      continue;
    g_autofree char *where = g_strdup_printf("condition %s", condition->name), *sql_type = NULL;
    g_autofree char *expression = expression_expand(table->dataset, condition->expression, "base", error);
    if (expression == NULL || !try_expression(check, table, expression, where, &sql_type, error)) return FALSE;
    if (sql_type == NULL) continue;
    if (strcmp(sql_type, "BOOLEAN") != 0) {
      add_line(check, "%s: its expression gives %s, not true or false; write a comparison", where, sql_type);
      continue;
    }
    add_count(counts, COUNT_CONDITION_TRUE, g_strdup_printf("count(*) FILTER (WHERE %s)", expression), condition, NULL);
    add_count(counts, COUNT_CONDITION_NULL, g_strdup_printf("count(*) FILTER (WHERE (%s) IS NULL)", expression),
              condition, NULL);
  }
  return TRUE;
}

/* Runs counts [from, to) in one pass; when one of them fails on the data, each on its own. */
static gboolean run_counts(Check *check, CheckedTable *table, GPtrArray *counts, guint from, guint to, GError **error) {
  g_autoptr(GString) sql = g_string_new("SELECT count(*)");
  for (guint i = from; i < to; i++)
    g_string_append_printf(sql, ", %s", ((RowCount *)g_ptr_array_index(counts, i))->sql);
  g_string_append_printf(sql, " FROM %s AS base", table->relation);
  g_autoptr(GError) problem = NULL;
  g_autoptr(ResultTable) result = engine_select(check->engine, sql->str, NULL, 1, check->deadline, &problem);
  if (result == NULL && is_finding(problem) && to - from > 1) {
    guint middle = from + (to - from) / 2;
    return run_counts(check, table, counts, from, middle, error) && run_counts(check, table, counts, middle, to, error);
  }
  if (result == NULL && is_finding(problem) && to - from == 1) {
    const RowCount *count = g_ptr_array_index(counts, from);
    const char *name = *(char *const *)count->subject; /* fields and conditions begin with their name */
    g_autofree char *message = first_line(problem->message);
    add_line(check, "%s %s: it cannot be computed for every row: %s; correct the expression",
             count->kind == COUNT_CODE || count->kind == COUNT_DATE_FILLED ? "field" : "condition", name, message);
    return TRUE;
  }
  if (result == NULL) {
    g_propagate_error(error, g_steal_pointer(&problem));
    return FALSE;
  }
  table->rows = result_table_at(result, 0, 0)->integer;
  for (guint i = from; i < to && table->rows > 0; i++)
    judge_count(check, table, g_ptr_array_index(counts, i), result_table_at(result, 0, i - from + 1)->integer);
  return TRUE;
}

static gboolean check_rows(Check *check, CheckedTable *table, GError **error) {
  g_autoptr(GPtrArray) counts = g_ptr_array_new_with_free_func(row_count_free);
  if (!add_dataset_counts(table, counts, error) || !add_condition_counts(check, table, counts, error)) return FALSE;
  for (guint from = 0; from == 0 || from < counts->len; from += CHECK_MAX_COUNTS_PER_QUERY) {
    guint to = MIN(counts->len, from + CHECK_MAX_COUNTS_PER_QUERY);
    if (!run_counts(check, table, counts, from, to, error)) return FALSE;
  }
  if (table->rows == 0)
    add_line(check, "dataset %s: its table %s has no rows; load data", table->dataset->name, table->dataset->table);
  return TRUE;
}

/* ---- keys and joins ---- */

static gboolean query_count(Check *check, const char *sql, gint64 *count, GError **error) {
  g_autoptr(ResultTable) result = engine_select(check->engine, sql, NULL, 1, check->deadline, error);
  if (result == NULL) return FALSE;
  *count = result->n_rows > 0 ? result_table_at(result, 0, 0)->integer : 0;
  return TRUE;
}

/* "a", "b" of the fields, over the relation's columns. NULL when one is missing (or with error). */
static char *key_columns(const CheckedTable *table, char **fields, const char *alias, const char *separator,
                         const char *suffix) {
  g_autoptr(GString) columns = g_string_new(NULL);
  for (guint i = 0; fields[i] != NULL; i++) {
    const Field *field = dataset_find_field(table->dataset, fields[i]);
    if (field == NULL || needs_missing(table, field->expression)) return NULL;
    g_autofree char *column = expression_of_field(table->dataset, field, alias, NULL);
    if (column == NULL) return NULL;
    g_string_append_printf(columns, "%s(%s)%s", i > 0 ? separator : "", column, suffix);
  }
  return columns->len > 0 ? g_string_free(g_steal_pointer(&columns), FALSE) : NULL;
}

static gboolean check_unique(Check *check, const CheckedTable *table, char **fields, const char *where,
                             GError **error) {
  g_autofree char *key = key_columns(table, fields, "base", ", ", "");
  g_autofree char *filled = key_columns(table, fields, "base", " AND ", " IS NOT NULL");
  if (key == NULL || filled == NULL) return TRUE;
  g_autofree char *sql =
      g_strdup_printf("SELECT count(*) FROM (SELECT 1 FROM %s AS base WHERE %s GROUP BY %s HAVING count(*) > 1)",
                      table->relation, filled, key);
  gint64 repeated = 0;
  if (!query_count(check, sql, &repeated, error)) return FALSE;
  g_autofree char *names = g_strjoinv(", ", fields);
  if (repeated > 0)
    add_line(check,
             "%s: %s is not unique in %s, %" G_GINT64_FORMAT
             " values stand in more than one row; correct the key or the data",
             where, names, table->dataset->name, repeated);
  return TRUE;
}

/* A list of the returned orders names few of the sales: that a row leads there is what its condition says. */
static gboolean means_presence(const Model *model, const Relationship *relationship) {
  static const char *const names[] = {"returned", "cancelled"};
  const Dataset *listed = model_find_dataset(model, relationship->to_dataset);
  for (guint i = 0; i < G_N_ELEMENTS(names) && listed != NULL && !listed->is_fact; i++) {
    const Condition *condition = model_find_condition(model, names[i]);
    if (condition != NULL && g_strcmp0(condition->dataset, relationship->to_dataset) == 0) return TRUE;
  }
  return FALSE;
}

static gboolean check_containment(Check *check, const Relationship *relationship, const CheckedTable *from,
                                  const CheckedTable *to, GError **error) {
  g_autofree char *filled = key_columns(from, relationship->from_fields, "many", " AND ", " IS NOT NULL");
  g_autofree char *from_key = key_columns(from, relationship->from_fields, "many", ", ", "");
  g_autofree char *to_key = key_columns(to, relationship->to_fields, "one", ", ", "");
  if (filled == NULL || from_key == NULL || to_key == NULL) return TRUE;
  g_autofree char *all_sql = g_strdup_printf("SELECT count(*) FROM %s AS many WHERE %s", from->relation, filled);
  g_autofree char *lost_sql = g_strdup_printf(
      "SELECT count(*) FROM %s AS many WHERE %s AND NOT EXISTS (SELECT 1 FROM %s AS one WHERE (%s) = (%s))",
      from->relation, filled, to->relation, from_key, to_key);
  gint64 all = 0, lost = 0;
  g_autoptr(GError) problem = NULL;
  if (!query_count(check, all_sql, &all, error)) return FALSE;
  if (!query_count(check, lost_sql, &lost, &problem)) {
    if (!is_finding(problem)) {
      g_propagate_error(error, g_steal_pointer(&problem));
      return FALSE;
    }
    g_autofree char *message = first_line(problem->message);
    add_line(check, "relationship %s: its columns cannot be compared: %s; join columns of one type", relationship->name,
             message);
    return TRUE;
  }
  if ((double)(all - lost) < CHECK_LEAST_CONTAINMENT * (double)all)
    add_line(check,
             "relationship %s: %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT
             " rows of %s find no row in %s; load what is missing or remove the relationship",
             relationship->name, lost, all, relationship->from_dataset, relationship->to_dataset);
  return TRUE;
}

static gboolean check_keys(Check *check, GError **error) {
  for (guint i = 0; i < check->model->datasets->len; i++) {
    const Dataset *dataset = g_ptr_array_index(check->model->datasets, i);
    const CheckedTable *table = g_hash_table_lookup(check->tables, dataset->name);
    g_autofree char *where = g_strdup_printf("dataset %s", dataset->name);
    if (table != NULL && !check_unique(check, table, dataset->primary_key, where, error)) return FALSE;
  }
  for (guint i = 0; i < check->model->relationships->len; i++) {
    const Relationship *relationship = g_ptr_array_index(check->model->relationships, i);
    const CheckedTable *from = g_hash_table_lookup(check->tables, relationship->from_dataset);
    const CheckedTable *to = g_hash_table_lookup(check->tables, relationship->to_dataset);
    g_autofree char *where = g_strdup_printf("relationship %s", relationship->name);
    if (from == NULL || to == NULL) continue;
    g_autofree char *from_names = g_strjoinv(",", relationship->to_fields),
                    *key_names = g_strjoinv(",", to->dataset->primary_key);
    gboolean is_primary_key = strcmp(from_names, key_names) == 0; /* said already */
    if (!is_primary_key && !check_unique(check, to, relationship->to_fields, where, error)) return FALSE;
    if (!means_presence(check->model, relationship) && !check_containment(check, relationship, from, to, error)) return FALSE;
  }
  return TRUE;
}

/* ---- metrics ---- */

static char *aggregate_sql(const Metric *metric, const char *value) {
  switch (metric->aggregate) {
  case AGGREGATE_SUM: return g_strdup_printf("sum(%s)", value);
  case AGGREGATE_AVERAGE: return g_strdup_printf("avg(%s)", value);
  case AGGREGATE_MEDIAN: return g_strdup_printf("median(%s)", value);
  case AGGREGATE_STDDEV: return g_strdup_printf("stddev_samp(%s)", value);
  case AGGREGATE_PERCENTILE: return g_strdup_printf("quantile_cont(%s, 0.5)", value);
  case AGGREGATE_MIN: return g_strdup_printf("min(%s)", value);
  case AGGREGATE_MAX: return g_strdup_printf("max(%s)", value);
  default: return g_strdup_printf("count(%s)", value);
  }
}

static gboolean check_metrics(Check *check, GError **error) {
  for (guint i = 0; i < check->model->metrics->len; i++) {
    const Metric *metric = g_ptr_array_index(check->model->metrics, i);
    const CheckedTable *table = metric->dataset != NULL ? g_hash_table_lookup(check->tables, metric->dataset) : NULL;
    if (metric->kind != METRIC_AGGREGATE || table == NULL || metric->expression == NULL) continue;
    if (expression_is_joined(table->dataset, metric->expression)) continue; /* its parts are held against their own tables */
    if (needs_missing(table, metric->expression)) continue;
    g_autofree char *where = g_strdup_printf("metric %s", metric->name);
    g_autofree char *value = expression_expand(table->dataset, metric->expression, "base", error);
    if (value == NULL) return FALSE;
    g_autofree char *sql = aggregate_sql(metric, value);
    if (!try_expression(check, table, sql, where, NULL, error)) return FALSE;
  }
  return TRUE;
}

/* ---- the whole ---- */

static gboolean check_dataset(Check *check, const Dataset *dataset, GError **error) {
  CheckedTable *table = g_new0(CheckedTable, 1);
  table->dataset = dataset;
  table->columns = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  table->missing = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr(GPtrArray) owner = g_ptr_array_new_with_free_func(checked_table_free);
  g_ptr_array_add(owner, table);
  if (!read_columns(check, table, error)) return FALSE;
  if (table->relation == NULL) {
    add_line(check, "dataset %s: there is no table \"%s\"; load it or remove the dataset", dataset->name,
             dataset->table);
    return TRUE;
  }
  if (!check_fields(check, table, error) || !check_rows(check, table, error)) return FALSE;
  g_hash_table_insert(check->tables, dataset->name, g_ptr_array_steal_index(owner, 0));
  return TRUE;
}

GPtrArray *model_check_data(const Model *model, Engine *engine, Deadline deadline, GError **error) {
  g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GHashTable) tables = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, checked_table_free);
  Check check = {model, engine, deadline, lines, tables};
  for (guint i = 0; i < model->datasets->len; i++)
    if (!deadline_check(deadline, error) || !check_dataset(&check, g_ptr_array_index(model->datasets, i), error))
      return NULL;
  if (!check_metrics(&check, error) || !check_keys(&check, error)) return NULL;
  return g_steal_pointer(&lines);
}
