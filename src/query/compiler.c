/* Life cycle of a compilation, its common table expressions, and the rendering of markers into a statement. */
#include "query/compiler.h"
#include "model/relation.h"
#include <stdlib.h>
#include <string.h>

static void cte_free(Cte *cte) {
  g_free(cte->name);
  g_free(cte->body);
  g_free(cte->head);
  g_free(cte->tail);
  g_free(cte);
}

Compiler *compiler_new(const SemanticQuery *query, const Model *model, const AccessScope *scope) {
  Compiler *compiler = g_new0(Compiler, 1);
  compiler->model = model;
  compiler->scope = scope;
  compiler->query = query;
  compiler->pool = parameters_new();
  compiler->measured = g_ptr_array_new();
  compiler->estimated = g_ptr_array_new_with_free_func(g_free);
  compiler->choices = g_array_new(FALSE, FALSE, sizeof(LeafChoice));
  compiler->ctes = g_ptr_array_new_with_free_func((GDestroyNotify)cte_free);
  compiler->cte_names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  compiler->sources = g_ptr_array_new_with_free_func((GDestroyNotify)row_source_free);
  for (guint i = 0; i < model->datasets->len; i++)
    g_hash_table_add(compiler->cte_names, g_strdup(((const Dataset *)model->datasets->pdata[i])->name));
  return compiler;
}

void compiler_free(Compiler *compiler) {
  if (!compiler) return;
  g_ptr_array_unref(compiler->pool);
  g_ptr_array_unref(compiler->measured);
  g_ptr_array_unref(compiler->estimated);
  g_array_unref(compiler->choices);
  g_ptr_array_unref(compiler->ctes);
  g_hash_table_unref(compiler->cte_names);
  g_ptr_array_unref(compiler->sources);
  g_free(compiler);
}

guint compiler_add_cte(Compiler *compiler, const char *name, char *body) {
  for (guint i = 0; body && i < compiler->ctes->len; i++)
    if (g_strcmp0(((const Cte *)compiler->ctes->pdata[i])->body, body) == 0) {
      g_free(body);
      return i;
    }
  Cte *cte = g_new0(Cte, 1);
  cte->name = text_slug_unique(name, compiler->cte_names);
  cte->body = body;
  g_ptr_array_add(compiler->ctes, cte);
  return compiler->ctes->len - 1;
}

char *compiler_cte(guint index) {
  return g_strdup_printf("%cc%u%c", SQL_MARK_OPEN, index, SQL_MARK_CLOSE);
}

/* ---- rendering ---- */
typedef struct {
  Compiler *compiler;
  gboolean shown;
  GPtrArray *parameters; /* numbered so far; NULL when shown */
  int *numbers;          /* of each pooled value; 0: not yet */
  GHashTable *written;   /* names of CTEs that stand in `with` */
  GPtrArray *with;       /* of char*: "name AS (...)" */
  GPtrArray *relations;  /* of QueryRelation*; NULL when shown */
} Rendering;

static char *render_text(Rendering *rendering, const char *text);

/* A level of a row source that adds nothing is the level beneath it. */
static const Cte *effective_cte(Compiler *compiler, guint index) {
  const Cte *cte = compiler->ctes->pdata[index];
  if (!cte->source) return cte;
  if (cte->is_widened && !cte->source->entity_joins->len) return effective_cte(compiler, cte->source->joined);
  if (!cte->is_widened && !cte->source->relationships->len) return compiler->ctes->pdata[cte->source->relation];
  return cte;
}

static char *indent(const char *sql) {
  g_auto(GStrv) lines = g_strsplit(sql, "\n", -1);
  return g_strjoinv("\n  ", lines);
}

static void query_relation_free(gpointer pointer) {
  QueryRelation *relation = pointer;
  if (relation->reads) g_ptr_array_unref(relation->reads);
  g_free(relation->name);
  g_free(relation->head);
  g_free(relation->tail);
  g_free(relation);
}

/* The relation holds values of the data's owner and no markers: it is not read again. */
static void write_relation(Rendering *rendering, const Cte *cte) {
  const RowSource *source = cte->rows;
  QueryRelation *relation = g_new0(QueryRelation, 1);
  relation->dataset = source->dataset;
  relation->edition = source->edition;
  relation->name = g_strdup(cte->name);
  relation->reads = source->reads_all ? NULL : g_ptr_array_ref(source->reads);
  relation->clause = rendering->with->len;
  relation->head = indent(cte->head);
  relation->tail = indent(cte->tail);
  g_ptr_array_add(rendering->relations, relation);
  g_ptr_array_add(rendering->with, g_strdup(""));
}

static void write_cte(Rendering *rendering, const Cte *cte) {
  if (g_hash_table_contains(rendering->written, cte->name)) return;
  g_hash_table_add(rendering->written, cte->name);
  if (cte->is_relation) {
    if (!rendering->shown) write_relation(rendering, cte);
    return;
  }
  g_autofree char *made = cte->source ? row_source_body(rendering->compiler, cte->source, cte->is_widened) : NULL;
  g_autofree char *body = render_text(rendering, made ? made : cte->body);
  g_autofree char *indented = indent(body);
  g_autofree char *name = sql_name(cte->name);
  g_ptr_array_add(rendering->with, g_strdup_printf("%s AS (\n  %s\n)", name, indented));
}

static void render_parameter(Rendering *rendering, guint index, GString *out) {
  const Parameter *value = rendering->compiler->pool->pdata[index];
  if (rendering->shown) {
    g_autofree char *literal = sql_literal(value);
    g_string_append(out, literal);
    return;
  }
  if (!rendering->numbers[index]) {
    g_ptr_array_add(rendering->parameters, sql_parameter_copy(value));
    rendering->numbers[index] = (int)rendering->parameters->len;
  }
  g_string_append_printf(out, "$%d", rendering->numbers[index]);
}

static char *render_text(Rendering *rendering, const char *text) {
  GString *out = g_string_new(NULL);
  for (const char *c = text; *c; c++) {
    if (*c != SQL_MARK_OPEN) {
      g_string_append_c(out, *c);
      continue;
    }
    char *end = NULL;
    guint index = (guint)strtoul(c + 2, &end, 10);
    if (c[1] == 'p') {
      render_parameter(rendering, index, out);
    } else {
      const Cte *cte = effective_cte(rendering->compiler, index);
      write_cte(rendering, cte);
      g_autofree char *name = sql_name(cte->name);
      g_string_append(out, name);
    }
    c = end;
  }
  return g_string_free(out, FALSE);
}

static char *render(Compiler *compiler, const char *body, GPtrArray *parameters, GPtrArray *with, GPtrArray *relations) {
  g_autofree int *numbers = g_new0(int, compiler->pool->len + 1);
  g_autoptr(GHashTable) written = g_hash_table_new(g_str_hash, g_str_equal);
  Rendering rendering = {compiler, parameters == NULL, parameters, numbers, written, with, relations};
  return render_text(&rendering, body);
}

char *compiler_render_shown(Compiler *compiler, const char *body) {
  g_autoptr(GPtrArray) with = g_ptr_array_new_with_free_func(g_free);
  g_autofree char *main = render(compiler, body, NULL, with, NULL);
  if (!with->len) return g_steal_pointer(&main);
  g_autofree char *clauses = sql_join(with, ",\n");
  return g_strdup_printf("WITH %s\n%s", clauses, main);
}

void compiler_render_parts(Compiler *compiler, const char *body, CompiledQuery *compiled) {
  compiled->clauses = g_ptr_array_new_with_free_func(g_free);
  compiled->relations = g_ptr_array_new_with_free_func(query_relation_free);
  compiled->main = render(compiler, body, compiled->parameters, compiled->clauses, compiled->relations);
}
