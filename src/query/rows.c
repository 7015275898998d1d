/* Row sources: the rows of one dataset with what many-to-one joins bring to them. */
#include "model/expression.h"
#include "model/relation.h"
#include "query/compiler.h"
#include <string.h>

static void source_column_free(SourceColumn *column) {
  g_free(column->name);
  g_free(column->expression);
  g_free(column->identity);
  g_free(column);
}

void row_source_free(RowSource *source) {
  g_ptr_array_unref(source->relationships);
  g_ptr_array_unref(source->columns);
  g_ptr_array_unref(source->entity_columns);
  g_ptr_array_unref(source->entity_joins);
  g_hash_table_unref(source->names);
  g_ptr_array_unref(source->reads);
  g_free(source);
}

static guint add_source_cte(Compiler *compiler, RowSource *source, const char *suffix, gboolean widened) {
  g_autofree char *name = g_strconcat(source->dataset->name, suffix, NULL);
  guint index = compiler_add_cte(compiler, name, NULL);
  Cte *cte = compiler->ctes->pdata[index];
  cte->source = source;
  cte->is_widened = widened;
  return index;
}

/* The scoped relation keeps the dataset's own name. */
static gboolean add_relation_cte(Compiler *compiler, RowSource *source, GError **error) {
  char *head = NULL, *tail = NULL;
  if (!relation_sql_parts(compiler->model, source->dataset, compiler->scope, &head, &tail, error)) return FALSE;
  g_autofree char *before = g_strconcat(source->dataset->name, "_before", NULL);
  source->relation = compiler_add_cte(compiler, source->edition ? before : source->dataset->name, NULL);
  Cte *cte = compiler->ctes->pdata[source->relation];
  cte->is_relation = TRUE;
  cte->rows = source;
  cte->head = head;
  cte->tail = tail;
  if (source->edition) return TRUE;
  g_free(cte->name);
  cte->name = g_strdup(source->dataset->name);
  return TRUE;
}

RowSource *row_source_get(Compiler *compiler, const Dataset *dataset, GError **error) {
  for (guint i = 0; i < compiler->sources->len; i++) {
    RowSource *source = compiler->sources->pdata[i];
    if (source->dataset == dataset && source->edition == compiler->edition) return source;
  }
  RowSource *source = g_new0(RowSource, 1);
  source->dataset = dataset;
  source->edition = compiler->edition;
  source->relationships = g_ptr_array_new();
  source->columns = g_ptr_array_new_with_free_func((GDestroyNotify)source_column_free);
  source->entity_columns = g_ptr_array_new_with_free_func((GDestroyNotify)source_column_free);
  source->entity_joins = g_ptr_array_new_with_free_func(g_free);
  source->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  source->reads = g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
  for (guint i = 0; i < dataset->fields->len; i++)
    g_hash_table_add(source->names, g_strdup(((const Field *)dataset->fields->pdata[i])->name));
  g_ptr_array_add(compiler->sources, source);
  if (!add_relation_cte(compiler, source, error)) return NULL;
  source->joined = add_source_cte(compiler, source, "_joined", FALSE);
  source->widened = add_source_cte(compiler, source, "_rows", TRUE);
  return source;
}

/* Joins everything on the way to `to`; FALSE: BAD_QUERY, out of reach. */
static gboolean join_dataset(Compiler *compiler, RowSource *source, const char *to, GError **error) {
  g_autoptr(GPtrArray) path = model_join_path(compiler->model, source->dataset->name, to);
  if (!path) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_QUERY, "\"%s\" cannot be reached from \"%s\"", to,
                source->dataset->name);
    return FALSE;
  }
  for (guint i = 0; i < path->len; i++) {
    const Relationship *relationship = path->pdata[i];
    if (g_ptr_array_find(source->relationships, relationship, NULL)) continue;
    g_ptr_array_add(source->relationships, (gpointer)relationship);
    const Dataset *joined = model_find_dataset(compiler->model, relationship->to_dataset);
    RowSource *rows = joined ? row_source_get(compiler, joined, error) : NULL;
    if (!rows) return FALSE;
    row_source_add_read(compiler, rows, NULL);
  }
  return TRUE;
}

static const char *find_column(const GPtrArray *columns, const char *identity) {
  for (guint i = 0; i < columns->len; i++) {
    const SourceColumn *column = columns->pdata[i];
    if (g_str_equal(column->identity, identity)) return column->name;
  }
  return NULL;
}

/* Takes `expression`. */
static SourceColumn *add_column(RowSource *source, GPtrArray *columns, const char *identity, const char *name,
                                const char *longer_name, char *expression) {
  SourceColumn *column = g_new0(SourceColumn, 1);
  column->identity = g_strdup(identity);
  column->expression = expression;
  column->name = text_slug_unique(g_hash_table_contains(source->names, name) ? longer_name : name, source->names);
  g_ptr_array_add(columns, column);
  return column;
}

char *row_source_field_of(Compiler *compiler, RowSource *source, const Field *field, GError **error) {
  const Field *reached = reach_field(compiler->model, source->dataset, field);
  if (!reached || !relation_field_visible(compiler->model, reached, compiler->scope)) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_QUERY, "\"%s\" does not have or lead to the field \"%s.%s\"",
                source->dataset->name, field->dataset, field->name);
    return NULL;
  }
  if (g_strcmp0(reached->dataset, source->dataset->name) == 0) return sql_name(reached->name);
  g_autofree char *identity = g_strconcat(reached->dataset, ".", reached->name, NULL);
  const char *known = find_column(source->columns, identity);
  if (known) return sql_name(known);
  if (!join_dataset(compiler, source, reached->dataset, error)) return NULL;
  g_autofree char *longer = g_strconcat(reached->dataset, "_", reached->name, NULL);
  g_autofree char *dataset = sql_name(reached->dataset), *column = sql_name(reached->name);
  char *expression = g_strconcat(dataset, ".", column, NULL);
  return sql_name(add_column(source, source->columns, identity, reached->name, longer, expression)->name);
}

char *row_source_field(Compiler *compiler, RowSource *source, const char *name, GError **error) {
  const Field *field = model_find_field(compiler->model, name);
  if (!field) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_QUERY, "there is no field \"%s\"", name);
    return NULL;
  }
  return row_source_field_of(compiler, source, field, error);
}

gboolean compiler_sees(const Compiler *compiler, const Dataset *dataset, const char *expression) {
  g_autoptr(GPtrArray) references = expression_references(expression, NULL);
  for (guint i = 0; references && i < references->len; i++) {
    const Field *field = dataset_find_field(dataset, ((const ColumnReference *)references->pdata[i])->name);
    if (field && !relation_field_visible(compiler->model, field, compiler->scope)) return FALSE;
  }
  return TRUE;
}

char *row_source_condition(Compiler *compiler, RowSource *source, const Condition *condition, GError **error) {
  if (g_strcmp0(condition->dataset, source->dataset->name) == 0) return g_strdup_printf("(%s)", condition->expression);
  g_autofree char *identity = g_strconcat("condition:", condition->name, NULL);
  const char *known = find_column(source->columns, identity);
  if (known) return sql_name(known);
  const Dataset *dataset = model_find_dataset(compiler->model, condition->dataset);
  if (!dataset || !join_dataset(compiler, source, dataset->name, error)) return NULL;
  /* Names in the condition are the other dataset's: it is evaluated there, and a row that leads nowhere is not one. */
  SourceColumn *column = add_column(source, source->columns, identity, condition->name, condition->name, NULL);
  column->condition = condition;
  g_autofree char *alias = sql_name(column->name);
  column->expression = g_strdup_printf("COALESCE(%s, FALSE)", alias);
  return sql_name(column->name);
}

/* A joined dataset, with its conditions as columns where the source asks for them. */
static char *joined_relation(Compiler *compiler, const RowSource *source, const Dataset *dataset) {
  GString *conditions = g_string_new(NULL);
  for (guint i = 0; i < source->columns->len; i++) {
    const SourceColumn *column = source->columns->pdata[i];
    g_autofree char *name = sql_name(column->name);
    if (column->condition && g_str_equal(column->condition->dataset, dataset->name))
      g_string_append_printf(conditions, ", (%s) AS %s", column->condition->expression, name);
  }
  RowSource *joined = row_source_get(compiler, dataset, NULL);
  g_autofree char *marker = compiler_cte(joined->relation), *name = sql_name(dataset->name);
  char *relation = conditions->len   ? g_strdup_printf("(SELECT *%s FROM %s) AS %s", conditions->str, marker, name)
                   : joined->edition ? g_strdup_printf("%s AS %s", marker, name)
                                     : g_strdup(marker);
  g_string_free(conditions, TRUE);
  return relation;
}

static void append_join(Compiler *compiler, const RowSource *source, const Relationship *relationship, GString *body) {
  const Dataset *dataset = model_find_dataset(compiler->model, relationship->to_dataset);
  g_autofree char *relation = joined_relation(compiler, source, dataset);
  g_autofree char *from = sql_name(relationship->from_dataset), *to = sql_name(relationship->to_dataset);
  g_string_append_printf(body, "\nLEFT JOIN %s ON ", relation);
  for (guint i = 0; relationship->from_fields[i] && relationship->to_fields[i]; i++) {
    g_autofree char *from_field = sql_name(relationship->from_fields[i]),
                    *to_field = sql_name(relationship->to_fields[i]);
    g_string_append_printf(body, "%s%s.%s = %s.%s", i ? " AND " : "", to, to_field, from, from_field);
  }
}

static char *joined_body(Compiler *compiler, const RowSource *source) {
  g_autofree char *name = sql_name(source->dataset->name), *relation = compiler_cte(source->relation);
  GString *body = g_string_new(NULL);
  g_string_append_printf(body, "SELECT %s.*", name);
  for (guint i = 0; i < source->columns->len; i++) {
    const SourceColumn *column = source->columns->pdata[i];
    g_autofree char *alias = sql_name(column->name);
    const char *dot = strchr(column->expression, '.');
    gboolean keeps_name = !column->condition && dot && g_str_equal(dot + 1, alias);
    g_string_append_printf(body, keeps_name ? ", %s" : ", %s AS %s", column->expression, alias);
  }
  g_string_append_printf(body, "\nFROM %s", relation);
  if (source->edition) g_string_append_printf(body, " AS %s", name);
  for (guint i = 0; i < source->relationships->len; i++)
    append_join(compiler, source, source->relationships->pdata[i], body);
  return g_string_free(body, FALSE);
}

char *row_source_body(Compiler *compiler, const RowSource *source, gboolean widened) {
  compiler->edition = source->edition; /* what it joins is of the same data */
  if (!widened) return joined_body(compiler, source);
  g_autofree char *joined = compiler_cte(source->joined);
  GString *body = g_string_new(NULL);
  g_string_append_printf(body, "SELECT facts.*");
  for (guint i = 0; i < source->entity_columns->len; i++) {
    const SourceColumn *column = source->entity_columns->pdata[i];
    g_autofree char *alias = sql_name(column->name);
    gboolean keeps_name = g_str_has_suffix(column->expression, alias) &&
                          column->expression[strlen(column->expression) - strlen(alias) - 1] == '.';
    g_string_append_printf(body, keeps_name ? ", %s" : ", %s AS %s", column->expression, alias);
  }
  g_string_append_printf(body, "\nFROM %s AS facts", joined);
  for (guint i = 0; i < source->entity_joins->len; i++)
    g_string_append_printf(body, "\n%s", (char *)source->entity_joins->pdata[i]);
  return g_string_free(body, FALSE);
}

char *row_source_date(Compiler *compiler, RowSource *source, const char *time_field, FieldType *type, GError **error) {
  const Field *field =
      time_field ? model_find_field(compiler->model, time_field) : reach_default_date(compiler->model, source->dataset);
  if (!field) {
    if (time_field)
      g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_QUERY, "there is no field \"%s\"", time_field);
    else
      g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_QUERY, "\"%s\" has no date", source->dataset->name);
    return NULL;
  }
  const Field *reached = reach_field(compiler->model, source->dataset, field);
  *type = reached ? reached->type : field->type;
  if (*type != FIELD_DATE && *type != FIELD_TIMESTAMP) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_QUERY, "\"%s\" is no date", field->name);
    return NULL;
  }
  return row_source_field_of(compiler, source, field, error);
}

char *row_source_moment(Compiler *compiler, RowSource *source, const char *time_field, FieldType *type,
                        GError **error) {
  g_autofree char *date = row_source_date(compiler, source, time_field, type, error);
  if (!date || *type == FIELD_TIMESTAMP) return g_steal_pointer(&date);
  static const FieldType moments[] = {FIELD_TIMESTAMP, FIELD_TIME};
  for (guint m = 0; m < G_N_ELEMENTS(moments); m++)
    for (guint i = 0; i < source->dataset->fields->len; i++) {
      const Field *field = source->dataset->fields->pdata[i];
      if (field->type == moments[m] && relation_field_visible(compiler->model, field, compiler->scope)) {
        *type = field->type;
        return sql_name(field->name);
      }
    }
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_QUERY, "\"%s\" has no time of day", source->dataset->name);
  return NULL;
}

/* ---- level two: values of the entities the rows belong to ---- */
const char *row_source_entity_column(const RowSource *source, const char *identity) {
  return find_column(source->entity_columns, identity);
}

char *row_source_join_entity(Compiler *compiler, RowSource *source, const Field *key, const char *identity,
                             const char *cte_name, const char *column, const char *select, GError **error) {
  g_autofree char *own_key = row_source_field_of(compiler, source, key, error);
  if (!own_key) return NULL;
  guint cte = compiler_add_cte(compiler, cte_name, g_strdup(select));
  g_autofree char *marker = compiler_cte(cte), *value = sql_name(column), *key_name = sql_name(key->name);
  g_ptr_array_add(source->entity_joins,
                  g_strdup_printf("LEFT JOIN %s ON %s.%s = facts.%s", marker, marker, key_name, own_key));
  char *expression = g_strdup_printf("%s.%s", marker, value);
  return sql_name(add_column(source, source->entity_columns, identity, column, column, expression)->name);
}
