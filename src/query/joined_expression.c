#include "query/joined_expression.h"
#include "model/expression.h"

char *joined_expression_sql(Compiler *compiler, RowSource *source, const char *expression, GError **error) {
  g_autoptr(GPtrArray) references = expression_is_joined(source->dataset, expression) ? expression_references(expression, error) : NULL;
  g_autoptr(GString) sql = g_string_new(NULL);
  gsize copied = 0;
  for (guint i = 0; references && i < references->len; i++) {
    const ColumnReference *reference = references->pdata[i];
    if (!reference->qualifier)
      continue;
    g_autofree char *qualified = g_strdup_printf("%s.%s", reference->qualifier, reference->name);
    g_autofree char *column = row_source_field(compiler, source, qualified, error);
    if (!column)
      return NULL;
    g_string_append_len(sql, expression + copied, (gssize)(reference->start - copied));
    g_string_append(sql, column);
    copied = reference->end;
  }
  g_string_append(sql, expression + copied);
  return g_string_free(g_steal_pointer(&sql), FALSE);
}
