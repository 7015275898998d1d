#include "model/relation.h"

#include "model/expression.h"
#include "model/visible.h"

/* ---- row filters ---- */

/* What a text from a scope is compared as; NULL: as text. A text that is no such value becomes NULL and matches
 * nothing. */
static const char *comparison_type(FieldType type) {
  switch (type) {
  case FIELD_INTEGER:
  case FIELD_DECIMAL: return "DECIMAL(38,6)";
  case FIELD_DOUBLE: return "DOUBLE";
  case FIELD_BOOLEAN: return "BOOLEAN";
  case FIELD_DATE: return "DATE";
  case FIELD_TIMESTAMP: return "TIMESTAMP";
  case FIELD_TEXT:
  case FIELD_TIME: break;
  }
  return NULL;
}

static gboolean append_allowed_values(GString *sql, const Dataset *dataset, const Field *field, char **values,
                                      const char *alias, GError **error) {
  if (values == NULL || values[0] == NULL) {
    g_string_append(sql, "FALSE");
    return TRUE;
  }
  g_autofree char *column = expression_of_field(dataset, field, alias, error);
  if (column == NULL) return FALSE;
  const char *type = comparison_type(field->type);
  g_string_append_printf(sql, "(%s) IN (", column);
  for (guint i = 0; values[i] != NULL; i++) {
    g_autofree char *quoted = text_sql_quote(values[i]);
    if (i > 0) g_string_append(sql, ", ");
    if (type != NULL)
      g_string_append_printf(sql, "TRY_CAST(%s AS %s)", quoted, type);
    else
      g_string_append(sql, quoted);
  }
  g_string_append_c(sql, ')');
  return TRUE;
}

/* "j1"."id" = base."product_id" AND ..., one relationship. */
static gboolean append_join(GString *sql, const Model *model, const Relationship *relationship, const char *from_alias,
                            const char *to_alias, GError **error) {
  const Dataset *from = model_find_dataset(model, relationship->from_dataset);
  const Dataset *to = model_find_dataset(model, relationship->to_dataset);
  for (guint i = 0; relationship->from_fields[i] != NULL; i++) {
    const Field *from_field = dataset_find_field(from, relationship->from_fields[i]);
    const Field *to_field = dataset_find_field(to, relationship->to_fields[i]);
    g_autofree char *left = expression_of_field(to, to_field, to_alias, error);
    if (left == NULL) return FALSE;
    g_autofree char *right = expression_of_field(from, from_field, from_alias, error);
    if (right == NULL) return FALSE;
    g_string_append_printf(sql, "%s(%s) = (%s)", i > 0 ? " AND " : "", left, right);
  }
  return TRUE;
}

/* Rows whose row at the end of the path is allowed: one EXISTS inside the other. */
static gboolean append_semi_join(GString *sql, const Model *model, const GPtrArray *path, const Dataset *target,
                                 const Field *field, char **values, GError **error) {
  for (guint i = 0; i < path->len; i++) {
    const Relationship *relationship = g_ptr_array_index(path, i);
    const Dataset *to = model_find_dataset(model, relationship->to_dataset);
    g_autofree char *table = text_sql_identifier(to->table);
    g_autofree char *from_alias = i == 0 ? g_strdup("base") : g_strdup_printf("step_%u", i);
    g_autofree char *to_alias = g_strdup_printf("step_%u", i + 1);
    g_string_append_printf(sql, "EXISTS (SELECT 1 FROM \"lake\".%s AS %s WHERE ", table, to_alias);
    if (!append_join(sql, model, relationship, from_alias, to_alias, error)) return FALSE;
    g_string_append(sql, " AND ");
  }
  g_autofree char *last_alias = g_strdup_printf("step_%u", path->len);
  if (!append_allowed_values(sql, target, field, values, last_alias, error)) return FALSE;
  for (guint i = 0; i < path->len; i++) g_string_append_c(sql, ')');
  return TRUE;
}

static gboolean dataset_has_field(const Dataset *dataset, const char *entry) {
  for (guint i = 0; i < dataset->fields->len; i++)
    if (scope_entry_means_field(entry, dataset, g_ptr_array_index(dataset->fields, i))) return TRUE;
  return FALSE;
}

/* Every field of `target` that the filter means, as seen from `dataset`. */
static gboolean append_filter_on(GString *where, const Model *model, const Dataset *dataset, const Dataset *target,
                                 const ScopeRowFilter *filter, GError **error) {
  g_autoptr(GPtrArray) path = model_join_path(model, dataset->name, target->name);
  for (guint i = 0; path != NULL && i < target->fields->len; i++) {
    const Field *field = g_ptr_array_index(target->fields, i);
    if (!scope_entry_means_field(filter->field, target, field)) continue;
    g_string_append(where, where->len > 0 ? "\n  AND " : "\nWHERE ");
    gboolean appended = path->len > 0 ? append_semi_join(where, model, path, target, field, filter->values, error)
                                      : append_allowed_values(where, target, field, filter->values, "base", error);
    if (!appended) return FALSE;
  }
  return TRUE;
}

static gboolean append_row_filter(GString *where, const Model *model, const Dataset *dataset,
                                  const ScopeRowFilter *filter, GError **error) {
  /* The dataset's own field decides where it has one; otherwise every dataset it leads to that has it. */
  if (dataset_has_field(dataset, filter->field)) return append_filter_on(where, model, dataset, dataset, filter, error);
  gboolean is_known = FALSE;
  for (guint i = 0; i < model->datasets->len; i++) {
    const Dataset *target = g_ptr_array_index(model->datasets, i);
    if (!dataset_has_field(target, filter->field)) continue;
    is_known = TRUE;
    if (!append_filter_on(where, model, dataset, target, filter, error)) return FALSE;
  }
  if (is_known) return TRUE;
  g_set_error(
      error, AISLE_ERROR, AISLE_ERROR_FORBIDDEN,
      "your rows are limited by \"%s\", which this workspace does not have; ask whoever manages access to correct it",
      filter->field);
  return FALSE;
}

/* ---- the relation ---- */

static gboolean append_columns(GString *sql, const Dataset *dataset, const AccessScope *scope, GError **error) {
  g_autoptr(GHashTable) hidden = scope_hidden_names(dataset, scope);
  guint columns = 0;
  for (guint i = 0; i < dataset->fields->len; i++) {
    const Field *field = g_ptr_array_index(dataset->fields, i);
    g_autofree char *lower = g_ascii_strdown(field->name, -1);
    if (hidden != NULL && g_hash_table_contains(hidden, lower)) continue;
    g_autofree char *expression = expression_of_field(dataset, field, "base", error);
    if (expression == NULL) {
      g_prefix_error(error, "field %s.%s: ", dataset->name, field->name);
      return FALSE;
    }
    g_autofree char *name = text_sql_identifier(field->name);
    g_string_append_printf(sql, "%s\n  %s AS %s", columns++ > 0 ? "," : "", expression, name);
  }
  if (columns == 0) g_string_append(sql, " 1 AS \"row\""); /* rows can still be counted */
  return TRUE;
}

gboolean relation_sql_parts(const Model *model, const Dataset *dataset, const AccessScope *scope, char **head, char **tail,
                            GError **error) {
  const Model *full = model_full(model); /* filters may need what the scope itself hides */
  const Dataset *whole = model_find_dataset(full, dataset->name);
  if (whole == NULL) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_MODEL, "dataset %s is not of this model", dataset->name);
    return FALSE;
  }
  g_autoptr(GString) sql = g_string_new("SELECT");
  if (!append_columns(sql, whole, scope, error)) return FALSE;
  g_string_append(sql, "\nFROM ");
  g_autoptr(GString) where = g_string_new(NULL);
  for (guint i = 0; scope != NULL && scope->row_filters != NULL && i < scope->row_filters->len; i++)
    if (!append_row_filter(where, full, whole, g_ptr_array_index(scope->row_filters, i), error)) return FALSE;
  *head = g_string_free(g_steal_pointer(&sql), FALSE);
  *tail = g_strconcat(" AS base", where->str, NULL);
  return TRUE;
}

char *relation_sql(const Model *model, const Dataset *dataset, const AccessScope *scope, GError **error) {
  g_autofree char *head = NULL, *tail = NULL, *table = text_sql_identifier(dataset->table);
  if (!relation_sql_parts(model, dataset, scope, &head, &tail, error)) return NULL;
  return g_strconcat(head, "\"lake\".", table, tail, NULL);
}
