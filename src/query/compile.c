/* The compiler's face: a resolved query in, a statement with its parameters and columns out. */
#include "query/compiler.h"

void compiled_query_free(CompiledQuery *compiled) {
  if (!compiled) return;
  g_free(compiled->sql);
  g_free(compiled->shown_sql);
  g_clear_pointer(&compiled->parameters, g_ptr_array_unref);
  g_clear_pointer(&compiled->columns, g_ptr_array_unref);
  g_clear_pointer(&compiled->tables, g_ptr_array_unref);
  g_clear_pointer(&compiled->clauses, g_ptr_array_unref);
  g_clear_pointer(&compiled->relations, g_ptr_array_unref);
  g_clear_pointer(&compiled->choices, g_array_unref);
  g_clear_pointer(&compiled->estimated, g_ptr_array_unref);
  g_free(compiled->main);
  g_free(compiled);
}

static char *compile_body(Compiler *compiler, GPtrArray **columns, GError **error) {
  if (compiler->query->detail->len) {
    g_autoptr(GPtrArray) listed = g_ptr_array_new_with_free_func((GDestroyNotify)answer_column_free);
    char *body = compile_detail(compiler, listed, error);
    if (body) *columns = g_steal_pointer(&listed);
    return body;
  }
  for (guint i = 0; i < compiler->query->measures->len; i++)
    measure_add_datasets(compiler->model, compiler->query->measures->pdata[i], compiler->measured);
  g_auto(Statement) statement = {.compiler = compiler, .query = compiler->query};
  if (!statement_plan(&statement, error)) return NULL;
  char *body = statement_sql(&statement, error);
  if (body) *columns = statement_columns(&statement);
  return body;
}

/* Datasets whose relation stands in the statement: each clause of WITH starts a line. */
static GPtrArray *used_tables(const Compiler *compiler, const char *sql) {
  GPtrArray *tables = g_ptr_array_new();
  for (guint i = 0; i < compiler->sources->len; i++) {
    const RowSource *source = compiler->sources->pdata[i];
    if (source->edition) continue;
    g_autofree char *name = sql_name(source->dataset->name), *first = g_strdup_printf("WITH %s AS (", name);
    g_autofree char *later = g_strdup_printf("\n%s AS (", name);
    if (g_str_has_prefix(sql, first) || strstr(sql, later)) g_ptr_array_add(tables, (gpointer)source->dataset);
  }
  return tables;
}

static CompiledQuery *compile_with(Compiler *compiler, GError **error) {
  const SemanticQuery *query = compiler->query;
  if (!query->measures->len && !query->dimensions->len && !query->detail->len) {
    g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_BAD_QUERY,
                        "the query asks for nothing: it needs a metric, a dimension or detail");
    return NULL;
  }
  g_autoptr(GPtrArray) columns = NULL;
  g_autofree char *body = compile_body(compiler, &columns, error);
  if (!body) return NULL;
  CompiledQuery *compiled = g_new0(CompiledQuery, 1);
  compiled->parameters = parameters_new();
  compiler_render_parts(compiler, body, compiled);
  compiled->sql = compiled_query_bind(compiled, NULL);
  compiled->shown_sql = compiler_render_shown(compiler, body);
  compiled->columns = g_steal_pointer(&columns);
  compiled->tables = used_tables(compiler, compiled->sql);
  compiled->choices = g_array_ref(compiler->choices);
  if (compiler->estimated->len) compiled->estimated = g_ptr_array_ref(compiler->estimated);
  return compiled;
}

CompiledQuery *semantic_query_compile(const SemanticQuery *resolved, const Model *model, const AccessScope *scope,
                                      GError **error) {
  g_autoptr(Compiler) compiler = compiler_new(resolved, model, scope);
  return compile_with(compiler, error);
}

static gboolean holds_dataset(const GPtrArray *tables, const char *name) {
  for (guint i = 0; i < tables->len; i++)
    if (g_str_equal(((const Dataset *)tables->pdata[i])->name, name)) return TRUE;
  return FALSE;
}

/* The rollup in place of its rows, and otherwise only tables that the query reads anyway. */
static gboolean reads_no_more(const RollupView *view, const CompiledQuery *rolled, const CompiledQuery *over_rows) {
  for (guint i = 0; i < rolled->tables->len; i++)
    if (!holds_dataset(over_rows->tables, ((const Dataset *)rolled->tables->pdata[i])->name)) return FALSE;
  return holds_dataset(rolled->tables, view->definition->dataset);
}

CompiledQuery *rollup_compile(const RollupView *view, const SemanticQuery *resolved, const AccessScope *scope,
                              const CompiledQuery *over_rows, GError **error) {
  g_autoptr(Compiler) compiler = compiler_new(resolved, view->model, scope);
  compiler->replay = over_rows->choices;
  g_autoptr(CompiledQuery) rolled = compile_with(compiler, error);
  if (!rolled || reads_no_more(view, rolled, over_rows)) return g_steal_pointer(&rolled);
  g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_BAD_QUERY, "over the rollup the query would read other tables");
  return NULL;
}

char *compiled_query_bind(const CompiledQuery *compiled, char *const *tables) {
  if (!compiled->clauses->len) return g_strdup(compiled->main);
  g_autofree char **bound = g_new0(char *, compiled->clauses->len);
  for (guint i = 0; i < compiled->relations->len; i++) {
    const QueryRelation *relation = compiled->relations->pdata[i];
    g_autofree char *table = text_sql_identifier(relation->dataset->table), *name = sql_name(relation->name);
    g_autofree char *logical = g_strconcat("\"lake\".", table, NULL);
    bound[relation->clause] = g_strdup_printf("%s AS (\n  %s%s%s\n)", name, relation->head,
                                              tables && tables[i] ? tables[i] : logical, relation->tail);
  }
  GString *sql = g_string_new("WITH ");
  for (guint i = 0; i < compiled->clauses->len; i++) {
    g_string_append_printf(sql, "%s%s", i ? ",\n" : "", bound[i] ? bound[i] : (char *)compiled->clauses->pdata[i]);
    g_free(bound[i]);
  }
  g_string_append_printf(sql, "\n%s", compiled->main);
  return g_string_free(sql, FALSE);
}
