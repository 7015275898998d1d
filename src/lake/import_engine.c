/* Formats that the engine reads itself: Parquet with its types, JSON by way of text. */
#include "lake/import.h"
#include <string.h>

/* The engine's type to ours and the cast that leads there; nested values become JSON text. */
FieldType import_field_of_sql(const char *type, const char *name, GString *expression) {
  g_autofree char *column = text_sql_identifier(name);
  static const struct {
    const char *prefix;
    FieldType type;
    const char *cast;
  } types[] = {
      {"VARCHAR", FIELD_TEXT, NULL},
      {"UUID", FIELD_TEXT, "VARCHAR"},
      {"ENUM", FIELD_TEXT, "VARCHAR"},
      {"BOOLEAN", FIELD_BOOLEAN, NULL},
      {"TINYINT", FIELD_INTEGER, "BIGINT"},
      {"SMALLINT", FIELD_INTEGER, "BIGINT"},
      {"INTEGER", FIELD_INTEGER, "BIGINT"},
      {"BIGINT", FIELD_INTEGER, NULL},
      {"UTINYINT", FIELD_INTEGER, "BIGINT"},
      {"USMALLINT", FIELD_INTEGER, "BIGINT"},
      {"UINTEGER", FIELD_INTEGER, "BIGINT"},
      {"UBIGINT", FIELD_INTEGER, "BIGINT"},
      {"FLOAT", FIELD_DOUBLE, "DOUBLE"},
      {"DOUBLE", FIELD_DOUBLE, NULL},
      {"HUGEINT", FIELD_DOUBLE, "DOUBLE"},
      {"UHUGEINT", FIELD_DOUBLE, "DOUBLE"},
      {"DATE", FIELD_DATE, NULL},
      {"TIMESTAMP", FIELD_TIMESTAMP, "TIMESTAMP"},
      {"TIME", FIELD_TIME, NULL},
  };
  if (g_str_has_prefix(type, "DECIMAL(")) {
    guint precision = 0, scale = 0;
    if (sscanf(type, "DECIMAL(%u,%u)", &precision, &scale) == 2 && scale <= 4 && precision - scale <= 14) {
      g_string_append_printf(expression, "CAST(%s AS DECIMAL(18,4))", column);
      return FIELD_DECIMAL;
    }
    g_string_append_printf(expression, "CAST(%s AS DOUBLE)", column);
    return FIELD_DOUBLE;
  }
  for (gsize i = 0; i < G_N_ELEMENTS(types); i++) {
    if (!g_str_has_prefix(type, types[i].prefix) || g_str_has_suffix(type, "[]")) continue;
    if (types[i].type == FIELD_TIME)
      g_string_append_printf(expression, "left(CAST(%s AS VARCHAR), 8)", column);
    else if (types[i].type == FIELD_TIMESTAMP)
      g_string_append_printf(expression, "CAST(%s%s AS TIMESTAMP)", column,
                             strstr(type, "ZONE") ? " AT TIME ZONE 'UTC'" : "");
    else if (types[i].cast)
      g_string_append_printf(expression, "CAST(%s AS %s)", column, types[i].cast);
    else
      g_string_append(expression, column);
    return types[i].type;
  }
  g_string_append_printf(expression, "CAST(to_json(%s) AS VARCHAR)", column);
  return FIELD_TEXT;
}

/* Of what the engine says of a file, the part that is of use to the file's owner. */
static void blame_file(const char *shown, GError **error) {
  if (!error || !*error) return;
  if ((*error)->code == AISLE_ERROR_ENGINE) (*error)->code = AISLE_ERROR_BAD_INPUT;
  g_autoptr(GRegex) talk = g_regex_new("^SQL engine: [A-Za-z ]*Error: | in file ['\"][^\n]*?['\"](?=[ ,.:;\\n]|$)|\\n(?s:.*)", 0, 0, NULL);
  g_autofree char *rest = talk ? g_regex_replace_literal(talk, (*error)->message, -1, 0, "", 0, NULL) : NULL;
  if (rest) {
    g_free((*error)->message);
    (*error)->message = g_steal_pointer(&rest);
  }
  g_prefix_error(error, "%s: ", shown);
}

static ResultTable *describe(ImportContext *context, const char *relation, const char *shown, GError **error) {
  g_autofree char *sql = g_strdup_printf("DESCRIBE SELECT * FROM %s", relation);
  ResultTable *columns = engine_query(context->engine, sql, NULL, 0, context->deadline, error);
  if (!columns) blame_file(shown, error);
  return columns;
}

ImportRelation *import_parquet_relation(ImportContext *context, const TableSource *source, GError **error) {
  g_autoptr(GString) relation = g_string_new("read_parquet([");
  for (guint i = 0; i < source->paths->len; i++) {
    g_autofree char *path = text_sql_quote(source->paths->pdata[i]);
    g_string_append_printf(relation, "%s%s", i ? ", " : "", path);
  }
  g_string_append(relation, "], hive_partitioning=false)");
  g_autoptr(ResultTable) described = describe(context, relation->str, source->shown, error);
  if (!described) return NULL;
  g_autoptr(GPtrArray) labels = g_ptr_array_new();
  for (gsize i = 0; i < described->n_rows; i++)
    g_ptr_array_add(labels, (gpointer)result_table_at(described, i, 0)->text);
  g_autoptr(GHashTable) taken = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  ImportRelation *made = g_new0(ImportRelation, 1);
  ImportedTable *table = made->table = g_new0(ImportedTable, 1);
  table->label = g_strdup(source->name);
  table->source = g_strdup(source->shown);
  table->columns = import_name_columns(labels, taken);
  g_autoptr(GString) select = g_string_new("SELECT ");
  for (guint i = 0; i < table->columns->len; i++) {
    ImportedColumn *column = table->columns->pdata[i];
    g_autofree char *name = text_sql_identifier(column->name);
    if (i) g_string_append(select, ", ");
    column->type = import_field_of_sql(result_table_at(described, i, 1)->text, labels->pdata[i], select);
    g_string_append_printf(select, " AS %s", name);
  }
  if (context->places) {
    g_string_append(select, ", filename AS _file, file_row_number + 1 AS _place");
    g_string_truncate(relation, relation->len - 1);
    g_string_append(relation, ", filename=true, file_row_number=true)");
  }
  g_string_append_printf(select, " FROM %s", relation->str);
  made->select = g_strdup(select->str);
  made->place_is_line = TRUE;
  return made;
}

ImportedTable *import_parquet_table(ImportContext *context, const TableSource *source, GError **error) {
  g_autoptr(ImportRelation) relation = import_parquet_relation(context, source, error);
  if (!relation) return NULL;
  ImportedTable *table = g_steal_pointer(&relation->table);
  table->table = import_table_name(context, source->name);
  if (import_store(context, table, relation->select, source, error)) return table;
  imported_table_free(table);
  return NULL;
}

GPtrArray *source_json_tables(ImportContext *context, const TableSource *source, GError **error) {
  g_autofree char *path = text_sql_quote(source->paths->pdata[0]);
  /* The text import decides types over the whole column. */
  g_autofree char *relation = g_strdup_printf("read_json_auto(%s, maximum_object_size=67108864)", path);
  g_autoptr(ResultTable) described = describe(context, relation, source->shown, error);
  if (!described) return NULL;
  g_autoptr(GString) select = g_string_new("SELECT ");
  for (gsize i = 0; i < described->n_rows; i++) {
    const char *name = result_table_at(described, i, 0)->text, *type = result_table_at(described, i, 1)->text;
    g_autofree char *column = text_sql_identifier(name);
    gboolean nested = g_str_has_prefix(type, "STRUCT") || g_str_has_prefix(type, "MAP") ||
                      g_str_has_suffix(type, "[]") || !strcmp(type, "JSON");
    g_string_append_printf(select, nested ? "%sCAST(to_json(%s) AS VARCHAR) AS %s" : "%s%s AS %s", i ? ", " : "",
                           column, column);
  }
  g_autofree char *name = g_strconcat(source->name, "-json.csv", NULL);
  for (char *p = name; *p; p++)
    if (*p == '/') *p = '_';
  g_autofree char *staged = g_build_filename(context->staging, name, NULL);
  g_autofree char *target = text_sql_quote(staged);
  g_autofree char *sql =
      g_strdup_printf("COPY (%s FROM %s) TO %s (FORMAT csv, HEADER, FORCE_QUOTE *)", select->str, relation, target);
  if (!engine_execute(context->engine, sql, context->deadline, error)) {
    blame_file(source->shown, error);
    return NULL;
  }
  TableSource *text = g_new0(TableSource, 1);
  text->kind = SOURCE_TEXT;
  text->name = g_strdup(source->name);
  text->shown = g_strdup(source->shown);
  text->paths = g_ptr_array_new_with_free_func(g_free);
  g_ptr_array_add(text->paths, g_steal_pointer(&staged));
  GPtrArray *sources = g_ptr_array_new_with_free_func((GDestroyNotify)table_source_free);
  g_ptr_array_add(sources, text);
  return sources;
}
