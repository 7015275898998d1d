/* A model as one caller may see it: without hidden fields and without everything that is made from them. */
#include "model/visible.h"

#include <string.h>

#include "model/expression.h"
#include "model/relation.h"

/* ---- what a scope hides ---- */

static gboolean same_name(const char *a, const char *b) {
  if (g_ascii_strcasecmp(a, b) == 0) return TRUE;
  g_autofree char *folded_a = text_fold(a), *folded_b = text_fold(b);
  return strcmp(folded_a, folded_b) == 0;
}

static gboolean names_field(const char *text, const Field *field) {
  return same_name(text, field->name) || (field->label != NULL && same_name(text, field->label));
}

gboolean scope_entry_means_field(const char *entry, const Dataset *dataset, const Field *field) {
  if (names_field(entry, field)) return TRUE;
  const char *dot = strchr(entry, '.');
  if (dot == NULL) return FALSE;
  g_autofree char *prefix = g_strndup(entry, (gsize)(dot - entry));
  gboolean is_dataset =
      same_name(prefix, dataset->name) || (dataset->table != NULL && same_name(prefix, dataset->table));
  return is_dataset && names_field(dot + 1, field);
}

gboolean expression_needs_any(const Dataset *dataset, const char *expression, GHashTable *hidden) {
  if (hidden == NULL || expression == NULL) return FALSE;
  g_autoptr(GHashTable) columns = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  expression_add_columns(dataset, expression, columns);
  GHashTableIter iterator;
  gpointer column;
  g_hash_table_iter_init(&iterator, columns);
  while (g_hash_table_iter_next(&iterator, &column, NULL))
    if (g_hash_table_contains(hidden, column)) return TRUE;
  return FALSE;
}

static void hide_field(GHashTable *hidden, const Field *field) {
  char *column = NULL;
  g_hash_table_add(hidden, g_ascii_strdown(field->name, -1));
  /* The column beneath is hidden as well: another field on it would show the same values. */
  if (expression_is_column(field->expression, &column)) g_hash_table_add(hidden, column);
}

static gboolean is_named_by(const AccessScope *scope, const Dataset *dataset, const Field *field) {
  for (guint i = 0; scope->hidden_fields[i] != NULL; i++)
    if (scope_entry_means_field(scope->hidden_fields[i], dataset, field)) return TRUE;
  return FALSE;
}

GHashTable *scope_hidden_names(const Dataset *dataset, const AccessScope *scope) {
  if (scope == NULL || scope->hidden_fields == NULL || scope->hidden_fields[0] == NULL) return NULL;
  g_autoptr(GHashTable) hidden = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < dataset->fields->len; i++) {
    const Field *field = g_ptr_array_index(dataset->fields, i);
    if (is_named_by(scope, dataset, field)) hide_field(hidden, field);
  }
  for (guint before = 0; before != g_hash_table_size(hidden);) { /* until nothing more is computed from hidden names */
    before = g_hash_table_size(hidden);
    for (guint i = 0; i < dataset->fields->len; i++) {
      const Field *field = g_ptr_array_index(dataset->fields, i);
      if (expression_needs_any(dataset, field->expression, hidden))
        g_hash_table_add(hidden, g_ascii_strdown(field->name, -1));
    }
  }
  return g_hash_table_size(hidden) > 0 ? g_steal_pointer(&hidden) : NULL;
}

gboolean relation_field_visible(const Model *model, const Field *field, const AccessScope *scope) {
  const Dataset *dataset = model_find_dataset(model_full(model), field->dataset);
  if (dataset == NULL) return FALSE;
  g_autoptr(GHashTable) hidden = scope_hidden_names(dataset, scope);
  g_autofree char *name = g_ascii_strdown(field->name, -1);
  return hidden == NULL || !g_hash_table_contains(hidden, name);
}

/* ---- the view ---- */

typedef struct {
  const Model *model;
  const AccessScope *scope;
  GHashTable *hidden; /* dataset name -> set of names, only datasets that hide something */
  GHashTable *gone;   /* set of Condition*, Entity*, Metric* that cannot be shown */
} View;

static gboolean view_hides_field(const View *view, const char *dataset, const char *field) {
  GHashTable *hidden = dataset != NULL ? g_hash_table_lookup(view->hidden, dataset) : NULL;
  if (hidden == NULL || field == NULL) return FALSE;
  g_autofree char *lower = g_ascii_strdown(field, -1);
  return g_hash_table_contains(hidden, lower);
}

static gboolean view_hides_any(const View *view, const char *dataset, char **fields) {
  for (guint i = 0; fields[i] != NULL; i++)
    if (view_hides_field(view, dataset, fields[i])) return TRUE;
  return FALSE;
}

static gboolean view_hides_expression(const View *view, const char *dataset_name, const char *expression) {
  const Dataset *dataset = model_find_dataset(view->model, dataset_name);
  g_autoptr(GPtrArray) references = expression != NULL ? expression_references(expression, NULL) : NULL;
  for (guint i = 0; references != NULL && i < references->len; i++) { /* columns of datasets that rows lead to */
    const ColumnReference *reference = g_ptr_array_index(references, i);
    if (view_hides_field(view, reference->qualifier, reference->name)) return TRUE;
  }
  return dataset != NULL && expression_needs_any(dataset, expression, g_hash_table_lookup(view->hidden, dataset_name));
}

static gboolean is_gone(const View *view, gconstpointer element) {
  return element != NULL && g_hash_table_contains(view->gone, element);
}

/* A scope that hides "profit" means the number, whether a column holds it or a metric computes it. */
static gboolean is_hidden_by_name(const View *view, const Metric *metric) {
  char **entries = view->scope->hidden_fields;
  for (guint i = 0; entries != NULL && entries[i] != NULL; i++)
    if (same_name(entries[i], metric->name) || same_name(entries[i], metric->label)) return TRUE;
  return FALSE;
}

static gboolean metric_needs_hidden(const View *view, const Metric *metric) {
  if (is_hidden_by_name(view, metric)) return TRUE;
  if (is_gone(view, model_find_entity(view->model, metric->entity))) return TRUE;
  if (metric->kind != METRIC_AGGREGATE)
    return is_gone(view, model_find_metric(view->model, metric->numerator)) ||
           is_gone(view, model_find_metric(view->model, metric->denominator));
  for (guint i = 0; metric->conditions[i] != NULL; i++) {
    const char *name = metric->conditions[i] + (metric->conditions[i][0] == '!');
    if (is_gone(view, model_find_condition(view->model, name))) return TRUE;
  }
  return view_hides_expression(view, metric->dataset, metric->expression);
}

static void find_gone(View *view) {
  const Model *model = view->model;
  for (guint i = 0; i < model->conditions->len; i++) {
    const Condition *condition = g_ptr_array_index(model->conditions, i);
    if (view_hides_expression(view, condition->dataset, condition->expression))
      g_hash_table_add(view->gone, (gpointer)condition);
  }
  for (guint i = 0; i < model->entities->len; i++) {
    const Entity *entity = g_ptr_array_index(model->entities, i);
    if (view_hides_field(view, entity->dataset, entity->key)) g_hash_table_add(view->gone, (gpointer)entity);
  }
  for (gboolean found = TRUE; found;) { /* ratios of ratios: until no further metric falls */
    found = FALSE;
    for (guint i = 0; i < model->metrics->len; i++) {
      const Metric *metric = g_ptr_array_index(model->metrics, i);
      if (is_gone(view, metric) || !metric_needs_hidden(view, metric)) continue;
      g_hash_table_add(view->gone, (gpointer)metric);
      found = TRUE;
    }
  }
}

static void clear_text(char **slot) {
  g_clear_pointer(slot, g_free);
}

/* Counts and bounds were measured over all rows: they would tell of rows that a row filter hides. */
static void forget_profile(Dataset *dataset) {
  dataset->row_count = -1;
  for (guint i = 0; i < dataset->fields->len; i++) {
    Field *field = g_ptr_array_index(dataset->fields, i);
    field->distinct_count = -1;
    field->null_count = -1;
    clear_text(&field->minimum);
    clear_text(&field->maximum);
  }
}

static Dataset *view_dataset(const View *view, const Dataset *dataset) {
  Dataset *copy = dataset_copy(dataset);
  for (guint i = copy->fields->len; i-- > 0;) {
    Field *field = g_ptr_array_index(copy->fields, i);
    if (view_hides_field(view, copy->name, field->name))
      g_ptr_array_remove_index(copy->fields, i);
    else if (is_gone(view, model_find_entity(view->model, field->entity)))
      clear_text(&field->entity);
  }
  if (view_hides_any(view, copy->name, copy->primary_key)) model_set_words(&copy->primary_key, NULL);
  if (view_hides_field(view, copy->name, copy->default_date)) clear_text(&copy->default_date);
  return copy;
}

static Entity *view_entity(const View *view, const Entity *entity) {
  Entity *copy = entity_copy(entity);
  if (view_hides_field(view, copy->dataset, copy->name_field)) clear_text(&copy->name_field);
  if (is_gone(view, model_find_metric(view->model, copy->metric))) clear_text(&copy->metric);
  return copy;
}

static Hierarchy *view_hierarchy(const View *view, const Hierarchy *hierarchy) {
  Hierarchy *copy = hierarchy_copy(hierarchy);
  g_autoptr(GPtrArray) levels = g_ptr_array_new();
  for (guint i = 0; hierarchy->levels[i] != NULL; i++)
    if (!view_hides_field(view, hierarchy->dataset, hierarchy->levels[i]))
      g_ptr_array_add(levels, hierarchy->levels[i]);
  g_ptr_array_add(levels, NULL);
  model_set_words(&copy->levels, (const char *const *)levels->pdata);
  return copy;
}

static void view_relationships(const View *view, Model *visible) {
  for (guint i = 0; i < view->model->relationships->len; i++) {
    const Relationship *relationship = g_ptr_array_index(view->model->relationships, i);
    if (!view_hides_any(view, relationship->from_dataset, relationship->from_fields) &&
        !view_hides_any(view, relationship->to_dataset, relationship->to_fields))
      g_ptr_array_add(visible->relationships, relationship_copy(relationship));
  }
}

static void view_elements(const View *view, Model *visible) {
  const Model *model = view->model;
  for (guint i = 0; i < model->entities->len; i++) {
    const Entity *entity = g_ptr_array_index(model->entities, i);
    if (!is_gone(view, entity)) g_ptr_array_add(visible->entities, view_entity(view, entity));
  }
  for (guint i = 0; i < model->metrics->len; i++) {
    const Metric *metric = g_ptr_array_index(model->metrics, i);
    if (!is_gone(view, metric)) g_ptr_array_add(visible->metrics, metric_copy(metric));
  }
  for (guint i = 0; i < model->conditions->len; i++) {
    const Condition *condition = g_ptr_array_index(model->conditions, i);
    if (!is_gone(view, condition)) g_ptr_array_add(visible->conditions, condition_copy(condition));
  }
  for (guint i = 0; i < model->hierarchies->len; i++) {
    g_autoptr(GPtrArray) kept = g_ptr_array_new_with_free_func((GDestroyNotify)hierarchy_free);
    Hierarchy *hierarchy = view_hierarchy(view, g_ptr_array_index(model->hierarchies, i));
    g_ptr_array_add(kept, hierarchy);
    if (g_strv_length(hierarchy->levels) >= 2) g_ptr_array_add(visible->hierarchies, g_ptr_array_steal_index(kept, 0));
  }
}

static GHashTable *hidden_by_dataset(const Model *model, const AccessScope *scope) {
  GHashTable *hidden = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)g_hash_table_unref);
  for (guint i = 0; i < model->datasets->len; i++) {
    const Dataset *dataset = g_ptr_array_index(model->datasets, i);
    GHashTable *names = scope_hidden_names(dataset, scope);
    if (names != NULL) g_hash_table_insert(hidden, dataset->name, names);
  }
  return hidden;
}

Model *model_visible(Model *model, const AccessScope *scope) {
  if (scope == NULL || access_scope_is_unrestricted(scope)) return model_ref(model);
  g_autoptr(GHashTable) hidden = hidden_by_dataset(model, scope);
  gboolean filters_rows = scope->row_filters != NULL && scope->row_filters->len > 0;
  g_autoptr(GHashTable) gone = g_hash_table_new(NULL, NULL);
  View view = {model, scope, hidden, gone};
  find_gone(&view);
  if (g_hash_table_size(hidden) + g_hash_table_size(gone) == 0 && !filters_rows) return model_ref(model);
  Model *visible = model_new_empty(model->name);
  model_set_full(visible, model);
  for (guint i = 0; i < model->datasets->len; i++) {
    Dataset *dataset = view_dataset(&view, g_ptr_array_index(model->datasets, i));
    if (filters_rows) forget_profile(dataset);
    g_ptr_array_add(visible->datasets, dataset);
  }
  view_relationships(&view, visible);
  view_elements(&view, visible);
  for (guint i = 0; i < model->rollups->len; i++)
    g_ptr_array_add(visible->rollups, rollup_copy(g_ptr_array_index(model->rollups, i)));
  gboolean default_is_gone = is_gone(&view, model_find_metric(model, model->default_metric));
  visible->default_metric = default_is_gone ? NULL : g_strdup(model->default_metric);
  visible->default_dataset = g_strdup(model->default_dataset);
  visible->currency = g_strdup(model->currency);
  visible->calendar = model->calendar;
  model_complete(visible);
  return visible;
}
