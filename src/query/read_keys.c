/*
 * Filters on what rows lead to: "stores in Texas" says which stores a sale can be of. The few keys are asked of the
 * small table first, and files that hold none of them are left out. They only ever leave files out: which rows count is
 * still said by the statement.
 */
#include "model/expression.h"
#include "query/compiler.h"
#include <string.h>

/* The dataset that the filter is about; NULL: rows that lead nowhere may pass it, or it is about more than a row. */
static const Dataset *filtered_dataset(const Compiler *compiler, const RowSource *source, const Filter *filter) {
  if (filter->negated) return NULL;
  if (filter->kind == FILTER_CONDITION) {
    const Condition *condition = filter->condition ? model_find_condition(compiler->model, filter->condition) : NULL;
    return condition ? model_find_dataset(compiler->model, condition->dataset) : NULL;
  }
  gboolean compares = (filter->op == OP_EQUAL || (filter->op >= OP_LESS && filter->op <= OP_BETWEEN) ||
                       filter->op == OP_CONTAINS || filter->op == OP_STARTS_WITH) && filter->values->len;
  if (filter->kind != FILTER_FIELD || !filter->field || !compares) return NULL;
  const Field *field = model_find_field(compiler->model, filter->field);
  const Field *reached = field ? reach_field(compiler->model, source->dataset, field) : NULL;
  return reached ? model_find_dataset(compiler->model, reached->dataset) : NULL;
}

/* The same way, when one begins at the first station of the other. */
static gboolean goes_on_the_same(const Compiler *compiler, const GPtrArray *path, const char *to) {
  const Relationship *first = path->pdata[0];
  if (path->len == 1) return TRUE;
  g_autoptr(GPtrArray) rest = model_join_path(compiler->model, first->to_dataset, to);
  gboolean same = rest && rest->len + 1 == path->len;
  for (guint i = 0; same && i < rest->len; i++) same = rest->pdata[i] == path->pdata[i + 1];
  return same;
}

/* The relationship by which rows first step towards what is filtered; NULL: there is none of one field. */
static const Relationship *first_step(const Compiler *compiler, const RowSource *source, const Filter *filter) {
  const Dataset *target = filtered_dataset(compiler, source, filter);
  if (!target || target == source->dataset) return NULL;
  g_autoptr(GPtrArray) path = model_join_path(compiler->model, source->dataset->name, target->name);
  if (!path || !path->len || !goes_on_the_same(compiler, path, target->name)) return NULL;
  const Relationship *first = path->pdata[0];
  gboolean single = first->from_fields[0] && !first->from_fields[1] && first->to_fields[0] && !first->to_fields[1];
  return single ? first : NULL;
}

/* SELECT of the keys of `dataset` whose rows pass the filters, in order. (transfer full) */
static CompiledQuery *keys_query(const Compiler *outer, const Dataset *dataset, const Field *key,
                                 const GPtrArray *filters) {
  g_autoptr(SemanticQuery) nothing = semantic_query_new();
  g_autoptr(Compiler) compiler = compiler_new(nothing, outer->model, outer->scope);
  g_autoptr(GPtrArray) predicates = g_ptr_array_new_with_free_func(g_free);
  RowSource *source = row_source_get(compiler, dataset, NULL);
  g_autofree char *column = source ? row_source_field_of(compiler, source, key, NULL) : NULL;
  if (!column) return NULL;
  for (guint i = 0; i < filters->len; i++) {
    char *sql = filter_sql(compiler, source, filters->pdata[i], NULL, NULL);
    if (!sql) return NULL;
    g_ptr_array_add(predicates, sql);
  }
  row_source_add_read(compiler, source, NULL);
  g_autofree char *from = compiler_cte(source->joined), *where = sql_join(predicates, "\n  AND ");
  g_autofree char *body = g_strdup_printf("SELECT DISTINCT %s\nFROM %s\nWHERE %s IS NOT NULL\n  AND %s\nORDER BY 1\nLIMIT %d",
                                          column, from, column, where, READ_MAX_KEYS + 1);
  CompiledQuery *compiled = g_new0(CompiledQuery, 1);
  compiled->parameters = parameters_new();
  compiler_render_parts(compiler, body, compiled);
  compiled->sql = compiled_query_bind(compiled, NULL);
  compiled->shown_sql = compiler_render_shown(compiler, body);
  return compiled;
}

static const Field *own_field(const Compiler *compiler, const char *dataset, const char *name) {
  const Dataset *home = model_find_dataset(compiler->model, dataset);
  return home ? dataset_find_field(home, name) : NULL;
}

static void add_keys(const Compiler *compiler, const Relationship *step, const GPtrArray *filters, GPtrArray *read) {
  const Field *from = own_field(compiler, step->from_dataset, step->from_fields[0]),
              *to = own_field(compiler, step->to_dataset, step->to_fields[0]);
  g_autofree char *column = NULL;
  if (!from || !to || from->type != to->type || (from->type != FIELD_TEXT && from->type != FIELD_INTEGER)) return;
  if (!expression_is_column(from->expression, &column)) return;
  CompiledQuery *keys = keys_query(compiler, model_find_dataset(compiler->model, step->to_dataset), to, filters);
  if (!keys) return;
  ReadCondition *condition = g_new0(ReadCondition, 1);
  *condition = (ReadCondition){g_steal_pointer(&column), from->type, OP_EQUAL,
                               g_ptr_array_new_with_free_func(g_free), keys};
  g_ptr_array_add(read, condition);
}

void read_add_keys(const Compiler *compiler, const RowSource *source, const GPtrArray *filters, GPtrArray *read) {
  g_autoptr(GPtrArray) steps = g_ptr_array_new();
  if (source->dataset->rollup) return;   /* its files are not chosen by what is read */
  if (source->edition > 0) return;       /* keys are asked of the query's own data, and these rows belong to another state */
  for (guint i = 0; i < filters->len; i++) g_ptr_array_add(steps, (gpointer)first_step(compiler, source, filters->pdata[i]));
  for (guint i = 0; i < steps->len; i++) {
    if (!steps->pdata[i]) continue;
    g_autoptr(GPtrArray) together = g_ptr_array_new();
    gboolean is_first = TRUE;
    for (guint k = 0; k < steps->len; k++) {
      if (steps->pdata[k] != steps->pdata[i]) continue;
      is_first = is_first && k >= i;
      g_ptr_array_add(together, filters->pdata[k]);
    }
    if (is_first) add_keys(compiler, steps->pdata[i], together, read);
  }
}
