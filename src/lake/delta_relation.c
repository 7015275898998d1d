/* The SELECT that reads files of a table as the table describes them. */
#include "lake/delta_rows.h"
#include "lake/delta_vector.h"
#include "lake/registry.h"
#include <string.h>

#define FILE_COLUMN DELTA_FILE_COLUMN

char *delta_column_sql_type(const DeltaColumn *column) {
  static const struct {
    const char *delta, *sql;
  } types[] = {{"string", "VARCHAR"},   {"long", "BIGINT"},      {"integer", "INTEGER"}, {"short", "SMALLINT"},
               {"byte", "TINYINT"},     {"double", "DOUBLE"},    {"float", "FLOAT"},     {"boolean", "BOOLEAN"},
               {"date", "DATE"},        {"timestamp", "TIMESTAMP WITH TIME ZONE"},       {"timestamp_ntz", "TIMESTAMP"}};
  if (column->type == FIELD_DECIMAL) return g_strdup_printf("DECIMAL(%d,%d)", column->precision, column->scale);
  for (gsize i = 0; i < G_N_ELEMENTS(types); i++)
    if (!strcmp(column->delta_type, types[i].delta)) return g_strdup(types[i].sql);
  return g_strdup("VARCHAR");
}

char *delta_columns_layout(const GPtrArray *columns) {
  g_autoptr(GChecksum) hash = g_checksum_new(G_CHECKSUM_SHA256);
  for (guint i = 0; i < columns->len; i++) {
    const DeltaColumn *column = columns->pdata[i];
    g_autofree char *line = g_strdup_printf("%s:%s\n", column->name, column->delta_type);
    g_checksum_update(hash, (const guchar *)line, -1);
  }
  return g_strndup(g_checksum_get_string(hash), 16);
}

/* The value as people and queries see it (times with a zone become UTC without one), or as it is stored. */
static void append_value(GString *sql, const DeltaColumn *column, const char *expression, DeltaRelationFlags flags) {
  g_autofree char *name = text_sql_identifier(column->name);
  if (!strcmp(column->delta_type, "timestamp") && !(flags & DELTA_RELATION_STORED))
    g_string_append_printf(sql, "(%s AT TIME ZONE 'UTC') AS %s", expression, name);
  else
    g_string_append_printf(sql, "%s AS %s", expression, name);
}

static void append_nothing(GString *sql, const GPtrArray *columns, DeltaRelationFlags flags) {
  g_string_append(sql, "SELECT ");
  for (guint i = 0; i < columns->len; i++) {
    const DeltaColumn *column = columns->pdata[i];
    g_autofree char *type = delta_column_sql_type(column);
    if (i) g_string_append(sql, ", ");
    g_autofree char *nothing = g_strdup_printf("CAST(NULL AS %s)", type);
    append_value(sql, column, nothing, flags);
  }
  if (flags & DELTA_RELATION_FILE) g_string_append(sql, ", CAST(NULL AS VARCHAR) AS " FILE_COLUMN);
  g_string_append(sql, " WHERE false");
}

static void append_files(GString *sql, const DeltaTable *table, const GPtrArray *files) {
  g_string_append_c(sql, '[');
  for (guint i = 0; i < files->len; i++) {
    g_autofree char *path = delta_file_location(table, files->pdata[i]), *quoted = text_sql_quote(path);
    g_string_append_printf(sql, "%s%s", i ? "," : "", quoted);
  }
  g_string_append_c(sql, ']');
}

/* Files that hold all columns, in their types. */
static void append_plain(GString *sql, const DeltaTable *table, const GPtrArray *files, DeltaRelationFlags flags) {
  g_string_append(sql, "SELECT ");
  for (guint i = 0; i < table->columns->len; i++) {
    const DeltaColumn *column = table->columns->pdata[i];
    g_autofree char *name = text_sql_identifier(column->name);
    if (i) g_string_append(sql, ", ");
    append_value(sql, column, name, flags);
  }
  if (flags & DELTA_RELATION_FILE) g_string_append(sql, ", " FILE_COLUMN);
  g_string_append(sql, " FROM read_parquet(");
  append_files(sql, table, files);
  g_string_append_printf(sql, ", hive_partitioning=false, union_by_name=false%s)",
                         flags & DELTA_RELATION_FILE ? ", filename='" FILE_COLUMN "'" : "");
}

static int partition_index(const DeltaTable *table, const char *name) {
  for (int i = 0; table->partition_columns[i]; i++)
    if (!strcmp(table->partition_columns[i], name)) return i;
  return -1;
}

/* (VALUES ('path', 'value', NULL), …) v(file, p0, p1) */
static void append_partition_values(GString *sql, const DeltaTable *table, const GPtrArray *files) {
  guint n = g_strv_length(table->partition_columns);
  g_string_append(sql, "(VALUES ");
  for (guint i = 0; i < files->len; i++) {
    const DeltaFile *file = files->pdata[i];
    g_autofree char *path = delta_file_location(table, file), *quoted = text_sql_quote(path);
    g_string_append_printf(sql, "%s(%s", i ? "," : "", quoted);
    for (guint p = 0; p < n; p++) {
      g_autofree char *value = file->partition_values[p] ? text_sql_quote(file->partition_values[p]) : NULL;
      g_string_append_printf(sql, ",%s", value ? value : "CAST(NULL AS VARCHAR)");
    }
    g_string_append_c(sql, ')');
  }
  g_string_append(sql, ") v(file");
  for (guint p = 0; p < n; p++) g_string_append_printf(sql, ",p%u", p);
  g_string_append_c(sql, ')');
}

/* Files may have their own names of columns (column mapping); where they lie elsewhere (lake/registry.h), these are kept as
 * labels. */
static const char *name_in_files(const DeltaTable *table, const DeltaColumn *column) {
  if (column->stored) return column->stored;
  return column->label && g_hash_table_contains(table->configuration, EXTERNAL_SETTING) ? column->label : column->name;
}

/* The columns as the files name them, and no row: what a file lacks becomes NULL. */
static void append_shape(GString *sql, const DeltaTable *table) {
  g_string_append(sql, "SELECT ");
  for (guint i = 0; i < table->columns->len; i++) {
    const DeltaColumn *column = table->columns->pdata[i];
    g_autofree char *type = delta_column_sql_type(column), *name = text_sql_identifier(name_in_files(table, column));
    g_string_append_printf(sql, "%sCAST(NULL AS %s) AS %s", i ? ", " : "", type, name);
  }
  g_string_append(sql, " WHERE false");
}

/* Files of other writers, or from before a column was added: columns by name, missing ones NULL, partition values from
 * the log. `vector` (or NULL) is the deletion vector of the only file. */
static void append_foreign(GString *sql, const DeltaTable *table, const GPtrArray *files, DeltaRelationFlags flags,
                           const DeltaVector *vector) {
  gboolean partitioned = table->partition_columns[0] != NULL, named = partitioned || flags & DELTA_RELATION_FILE;
  g_string_append(sql, "SELECT ");
  for (guint i = 0; i < table->columns->len; i++) {
    const DeltaColumn *column = table->columns->pdata[i];
    g_autofree char *type = delta_column_sql_type(column), *name = text_sql_identifier(name_in_files(table, column));
    int partition = partition_index(table, column->name);
    g_autofree char *value = partition >= 0 ? g_strdup_printf("CAST(v.p%d AS %s)", partition, type)
                                            : g_strdup_printf("CAST(f.%s AS %s)", name, type);
    if (i) g_string_append(sql, ", ");
    append_value(sql, column, value, flags);
  }
  if (flags & DELTA_RELATION_FILE) g_string_append(sql, ", f." FILE_COLUMN);
  g_string_append(sql, " FROM (SELECT * FROM (");
  append_shape(sql, table);
  g_string_append(sql, ") UNION ALL BY NAME SELECT * FROM read_parquet(");
  append_files(sql, table, files);
  g_string_append_printf(sql, ", hive_partitioning=false, union_by_name=true%s%s)) f", vector ? ", file_row_number=true" : "",
                         named ? ", filename='" FILE_COLUMN "'" : "");
  if (partitioned) {
    g_string_append(sql, " JOIN ");
    append_partition_values(sql, table, files);
    g_string_append(sql, " ON v.file = f." FILE_COLUMN);
  }
  if (!vector) return;
  g_string_append(sql, " WHERE ");
  delta_vector_append_condition(sql, vector, "f.file_row_number");
}

/* Files with deleted rows, one by one. */
static void append_remaining(GString *sql, const DeltaTable *table, const GPtrArray *files, DeltaRelationFlags flags) {
  for (guint i = 0; i < files->len; i++) {
    const DeltaFile *file = files->pdata[i];
    g_autoptr(GPtrArray) one = g_ptr_array_new();
    g_ptr_array_add(one, files->pdata[i]);
    if (sql->len) g_string_append(sql, " UNION ALL ");
    append_foreign(sql, table, one, flags, file->vector);
  }
}

char *delta_relation_sql_with(const DeltaTable *table, const GPtrArray *files, DeltaRelationFlags flags) {
  g_autofree char *layout = delta_columns_layout(table->columns);
  g_autoptr(GPtrArray) plain = g_ptr_array_new(), foreign = g_ptr_array_new(), vectored = g_ptr_array_new();
  const GPtrArray *wanted = files ? files : table->files;
  for (guint i = 0; i < wanted->len; i++) {
    const DeltaFile *file = wanted->pdata[i];
    g_ptr_array_add(file->vector ? vectored : g_strcmp0(file->layout, layout) ? foreign : plain, wanted->pdata[i]);
  }
  GString *sql = g_string_new(NULL);
  if (plain->len) append_plain(sql, table, plain, flags);
  if (plain->len && foreign->len) g_string_append(sql, " UNION ALL ");
  if (foreign->len) append_foreign(sql, table, foreign, flags, NULL);
  append_remaining(sql, table, vectored, flags);
  if (sql->len == 0) append_nothing(sql, table->columns, flags);
  return g_string_free(sql, FALSE);
}

gboolean delta_file_is_plain(const DeltaTable *table, const DeltaFile *file) {
  g_autofree char *layout = delta_columns_layout(table->columns);
  for (guint i = 0; i < table->columns->len; i++)
    if (!strcmp(((const DeltaColumn *)table->columns->pdata[i])->delta_type, "timestamp")) return FALSE;
  return !file->vector && !g_strcmp0(file->layout, layout);
}

char *delta_relation_sql(const DeltaTable *table, const GPtrArray *files) {
  return delta_relation_sql_with(table, files, 0);
}
