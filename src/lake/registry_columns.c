/* Columns of files that others write: what they become here, and whether they still fit. */
#include <string.h>

#include "lake/delta_replay.h"
#include "lake/delta_rows.h"
#include "lake/registry_private.h"

#define MAX_COLUMNS 10000
#define STATISTICS_COLUMNS 32
#define DECIMAL_DIGITS 38

/* ---- types ---- */

static gboolean set_type(DeltaColumn *column, FieldType type, const char *delta_type, int precision, int scale) {
  column->type = type;
  column->precision = precision;
  column->scale = scale;
  g_free(column->delta_type);
  column->delta_type =
      type == FIELD_DECIMAL ? g_strdup_printf("decimal(%d,%d)", precision, scale) : g_strdup(delta_type);
  return TRUE;
}

/* FALSE for what is no plain value (lists, structures, intervals). */
static gboolean type_from_engine(const char *sql, DeltaColumn *column) {
  static const struct {
    const char *sql, *delta;
    FieldType type;
  } KNOWN[] = {
      {"VARCHAR", "string", FIELD_TEXT},    {"BIGINT", "long", FIELD_INTEGER},     {"INTEGER", "long", FIELD_INTEGER},
      {"SMALLINT", "long", FIELD_INTEGER},  {"TINYINT", "long", FIELD_INTEGER},    {"UINTEGER", "long", FIELD_INTEGER},
      {"USMALLINT", "long", FIELD_INTEGER}, {"UTINYINT", "long", FIELD_INTEGER},   {"DOUBLE", "double", FIELD_DOUBLE},
      {"FLOAT", "double", FIELD_DOUBLE},    {"BOOLEAN", "boolean", FIELD_BOOLEAN}, {"DATE", "date", FIELD_DATE},
      {"UUID", "string", FIELD_TEXT},       {"TIME", "string", FIELD_TIME}};
  int precision, scale;
  for (guint i = 0; i < G_N_ELEMENTS(KNOWN); i++)
    if (strcmp(sql, KNOWN[i].sql) == 0) return set_type(column, KNOWN[i].type, KNOWN[i].delta, 0, 0);
  if (strcmp(sql, "HUGEINT") == 0 || strcmp(sql, "UBIGINT") == 0)
    return set_type(column, FIELD_DECIMAL, NULL, DECIMAL_DIGITS, 0);
  if (strcmp(sql, "TIMESTAMP WITH TIME ZONE") == 0) return set_type(column, FIELD_TIMESTAMP, "timestamp", 0, 0);
  if (g_str_has_prefix(sql, "TIMESTAMP")) return set_type(column, FIELD_TIMESTAMP, "timestamp_ntz", 0, 0);
  if (sscanf(sql, "DECIMAL(%d,%d)", &precision, &scale) == 2)
    return set_type(column, FIELD_DECIMAL, NULL, precision, scale);
  return g_str_has_prefix(sql, "ENUM") && set_type(column, FIELD_TEXT, "string", 0, 0);
}

GPtrArray *external_columns(Engine *engine, const char *path, GPtrArray *skipped, Deadline deadline, GError **error) {
  g_autofree char *quoted = text_sql_quote(path);
  g_autofree char *sql = g_strdup_printf("DESCRIBE SELECT * FROM read_parquet(%s, hive_partitioning=false)", quoted);
  g_autoptr(ResultTable) described = engine_query(engine, sql, NULL, MAX_COLUMNS + 1, deadline, error);
  if (described == NULL) return NULL;
  if (described->n_rows > MAX_COLUMNS) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_TOO_LARGE, "a file has more than %d columns", MAX_COLUMNS);
    return NULL;
  }
  GPtrArray *columns = g_ptr_array_new_with_free_func((GDestroyNotify)delta_column_free);
  g_autoptr(GHashTable) taken = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (gsize i = 0; i < described->n_rows; i++) {
    const char *label = result_table_at(described, i, 0)->text, *type = result_table_at(described, i, 1)->text;
    g_autofree char *name = text_slug_unique(label, taken);
    DeltaColumn *column = delta_column_new(name, label, FIELD_TEXT);
    if (type_from_engine(type, column)) {
      g_ptr_array_add(columns, column);
    } else {
      g_ptr_array_add(skipped, g_strdup_printf("%s (%s)", label, type));
      delta_column_free(column);
    }
  }
  return columns;
}

DeltaColumn *external_partition_column(const char *label, const char *name, const FoundTable *found, guint index) {
  static const FieldType TRIED[] = {FIELD_INTEGER, FIELD_DATE};
  for (guint t = 0; t < G_N_ELEMENTS(TRIED); t++) {
    DeltaColumn *column = delta_column_new(name, label, TRIED[t]);
    gboolean fits = TRUE, any = FALSE;
    for (guint i = 0; fits && i < found->files->len; i++) {
      const FoundFile *file = found->files->pdata[i];
      const char *value = file->partition_values[index];
      DeltaBound bound;
      /* Leading zeros are part of a code such as a store's number. */
      gboolean is_code = value != NULL && TRIED[t] == FIELD_INTEGER && value[0] == '0' && value[1] != '\0';
      fits = value == NULL || (!is_code && delta_bound_parse(column, value, &bound));
      any |= value != NULL;
    }
    if (fits && any) return column;
    delta_column_free(column);
  }
  return delta_column_new(name, label, FIELD_TEXT);
}

gboolean registry_parse_bound(const DeltaColumn *column, const char *text, DeltaBound *out) {
  return delta_bound_parse(column, text, out);
}

/* ---- comparing ---- */

int external_find_label(const GPtrArray *columns, const char *label) {
  g_autofree char *wanted = g_utf8_casefold(label, -1);
  for (guint i = 0; i < columns->len; i++) {
    const DeltaColumn *column = columns->pdata[i];
    g_autofree char *folded = g_utf8_casefold(column->label != NULL ? column->label : column->name, -1);
    if (strcmp(folded, wanted) == 0) return (int)i;
  }
  return -1;
}

/* Whether every value of `from` is one of `to` as well. */
static gboolean fits(const DeltaColumn *to, const DeltaColumn *from) {
  if (to->type == FIELD_DECIMAL && from->type == FIELD_DECIMAL)
    return from->scale <= to->scale && from->precision - from->scale <= to->precision - to->scale;
  if (to->type == from->type) return to->type != FIELD_TIMESTAMP || strcmp(to->delta_type, from->delta_type) == 0;
  if (to->type == FIELD_DECIMAL) return from->type == FIELD_INTEGER && to->precision - to->scale >= 19;
  if (to->type == FIELD_TIMESTAMP) return from->type == FIELD_DATE;
  return to->type == FIELD_DOUBLE && from->type == FIELD_INTEGER;
}

static const char *label_of(const DeltaColumn *column) {
  return column->label != NULL ? column->label : column->name;
}

static gboolean is_partition(char **partitions, const char *label) {
  for (char **partition = partitions; *partition != NULL; partition++)
    if (g_ascii_strcasecmp(*partition, label) == 0) return TRUE;
  return FALSE;
}

gboolean external_compare(const GPtrArray *table, const GPtrArray *file, char **partitions, const char *shown,
                          GPtrArray *drift) {
  gboolean readable = TRUE;
  for (guint i = 0; i < table->len; i++) {
    const DeltaColumn *column = table->pdata[i];
    if (is_partition(partitions, label_of(column))) continue;
    int at = external_find_label(file, label_of(column));
    const DeltaColumn *other = at >= 0 ? file->pdata[at] : NULL;
    if (other != NULL && g_strcmp0(column->stored, other->stored) != 0) other = NULL; /* another one of that name */
    if (other != NULL && fits(column, other)) continue;
    readable = FALSE;
    g_autofree char *was = delta_column_sql_type(column), *is = other != NULL ? delta_column_sql_type(other) : NULL;
    g_ptr_array_add(drift, other == NULL ? g_strdup_printf("%s: the column \"%s\" is missing", shown, label_of(column))
                                         : g_strdup_printf("%s: the column \"%s\" is %s, it was %s", shown,
                                                           label_of(column), is, was));
  }
  for (guint i = 0; i < file->len; i++) {
    const DeltaColumn *column = file->pdata[i];
    if (is_partition(partitions, label_of(column)) || external_find_label(table, label_of(column)) >= 0) continue;
    g_autofree char *type = delta_column_sql_type(column);
    g_ptr_array_add(drift, g_strdup_printf("%s: there is a new column \"%s\" (%s), which is not read", shown,
                                           label_of(column), type));
  }
  return readable;
}

/* A type that holds the values of both. */
static void widen(DeltaColumn *column, const DeltaColumn *other) {
  if (fits(column, other)) return;
  if (fits(other, column)) {
    set_type(column, other->type, other->delta_type, other->precision, other->scale);
    return;
  }
  gboolean numbers = (column->type == FIELD_INTEGER || column->type == FIELD_DECIMAL) &&
                     (other->type == FIELD_INTEGER || other->type == FIELD_DECIMAL);
  int scale = MAX(column->scale, other->scale);
  int whole = MAX(column->type == FIELD_INTEGER ? 19 : column->precision - column->scale,
                  other->type == FIELD_INTEGER ? 19 : other->precision - other->scale);
  gboolean number = numbers || column->type == FIELD_DOUBLE || other->type == FIELD_DOUBLE;
  gboolean mixed = column->type == FIELD_TEXT || other->type == FIELD_TEXT || column->type == FIELD_DATE ||
                   other->type == FIELD_DATE || column->type == FIELD_BOOLEAN || other->type == FIELD_BOOLEAN ||
                   column->type == FIELD_TIMESTAMP || other->type == FIELD_TIMESTAMP;
  if (numbers && whole + scale <= DECIMAL_DIGITS)
    set_type(column, FIELD_DECIMAL, NULL, whole + scale, scale);
  else if (number && !mixed)
    set_type(column, FIELD_DOUBLE, "double", 0, 0);
  else
    set_type(column, FIELD_TEXT, "string", 0, 0);
}

GPtrArray *external_accept(const GPtrArray *table, const GPtrArray *file) {
  GPtrArray *columns = g_ptr_array_new_with_free_func((GDestroyNotify)delta_column_free);
  g_autoptr(GHashTable) taken = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < table->len; i++) {
    DeltaColumn *column = delta_column_copy(table->pdata[i]);
    int at = external_find_label(file, label_of(column));
    if (at >= 0) widen(column, file->pdata[at]);
    g_hash_table_add(taken, g_strdup(column->name));
    g_ptr_array_add(columns, column);
  }
  for (guint i = 0; i < file->len; i++) {
    const DeltaColumn *from = file->pdata[i];
    if (external_find_label(table, label_of(from)) >= 0) continue;
    DeltaColumn *column = delta_column_copy(from);
    g_free(column->name);
    column->name = text_slug_unique(label_of(from), taken);
    g_ptr_array_add(columns, column);
  }
  return columns;
}

/* ---- statistics from the footer ---- */

static gboolean is_stored(const DeltaTable *table, const DeltaColumn *column) {
  return !g_strv_contains((const char *const *)table->partition_columns, column->name);
}

/* One row a column: name, minimum, maximum, number of NULLs; NULLs where a row group does not say. */
static char *bounds_sql(const DeltaTable *table, const char *quoted) {
  GString *sql = g_string_new(NULL);
  g_string_append_printf(sql, "WITH m AS MATERIALIZED (SELECT * FROM parquet_metadata(%s))", quoted);
  guint n = 0;
  for (guint i = 0; i < table->columns->len && n < STATISTICS_COLUMNS; i++) {
    const DeltaColumn *column = table->columns->pdata[i];
    /* A NaN is greater than the greatest number of a footer. */
    if (!is_stored(table, column) || column->type == FIELD_DOUBLE) continue;
    g_autofree char *type = delta_column_sql_type(column), *name = text_sql_quote(column->name),
                    *label = text_sql_quote(column->stored != NULL ? column->stored : label_of(column));
    g_string_append_printf(
        sql,
        "%s SELECT %s, if(count(*) = count(TRY_CAST(stats_min_value AS %s)), min(TRY_CAST(stats_min_value AS "
        "%s))::VARCHAR, NULL), "
        "if(count(*) = count(TRY_CAST(stats_max_value AS %s)), max(TRY_CAST(stats_max_value AS %s))::VARCHAR, NULL), "
        "if(count(*) = count(stats_null_count), sum(stats_null_count)::BIGINT, NULL) FROM m WHERE "
        "lower(path_in_schema) = lower(%s)",
        n > 0 ? " UNION ALL" : "", name, type, type, type, type, label);
    n++;
  }
  return g_string_free(sql, FALSE);
}

char *external_statistics(Engine *engine, const DeltaTable *table, const char *path, gint64 *rows, Deadline deadline,
                          GError **error) {
  g_autofree char *quoted = text_sql_quote(path),
                  *count_sql = g_strdup_printf("SELECT sum(num_rows)::BIGINT FROM parquet_file_metadata(%s)", quoted);
  g_autoptr(ResultTable) count = engine_query(engine, count_sql, NULL, 1, deadline, error);
  if (count == NULL) return NULL;
  *rows = count->n_rows == 1 ? result_table_at(count, 0, 0)->integer : -1;
  g_autofree char *sql = bounds_sql(table, quoted);
  if (strstr(sql, " SELECT '") == NULL) return g_strdup_printf("{\"numRecords\":%" G_GINT64_FORMAT "}", *rows);
  g_autoptr(ResultTable) bounds = engine_query(engine, sql, NULL, STATISTICS_COLUMNS, deadline, error);
  if (bounds == NULL) return NULL;
  g_autoptr(json_t) measured = json_object();
  for (gsize i = 0; i < bounds->n_rows; i++) {
    const Value *low = result_table_at(bounds, i, 1), *high = result_table_at(bounds, i, 2),
                *nulls = result_table_at(bounds, i, 3);
    json_t *column = json_object();
    if (low->type == VALUE_TEXT && high->type == VALUE_TEXT) {
      json_object_set_new(column, "min", json_string(low->text));
      json_object_set_new(column, "max", json_string(high->text));
    }
    g_autofree char *text = nulls->type != VALUE_NULL ? g_strdup_printf("%" G_GINT64_FORMAT, nulls->integer) : NULL;
    if (text != NULL) json_object_set_new(column, "null_count", json_string(text));
    g_autofree char *name = text_sql_identifier(result_table_at(bounds, i, 0)->text);
    json_object_set_new(measured, name, column);
  }
  return delta_statistics_text(table, *rows, measured);
}
