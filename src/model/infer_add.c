#include "model/infer_add.h"
#include "model/model_private.h"
#include <string.h>

static ImportedColumn *imported_column_of(const Field *field) {
  ImportedColumn *column = g_new0(ImportedColumn, 1);
  column->name = g_strdup(field->name);
  column->label = g_strdup(field->label);
  column->type = field->type;
  column->is_percent = g_str_equal(field->unit, "fraction");
  if (g_str_has_prefix(field->unit, "currency:"))
    column->currency = g_strdup(field->unit + strlen("currency:"));
  return column;
}

GPtrArray *model_imported_tables(const Model *model) {
  GPtrArray *tables = g_ptr_array_new_with_free_func((GDestroyNotify)imported_table_free);
  for (guint i = 0; i < model->datasets->len; i++) {
    const Dataset *dataset = g_ptr_array_index(model->datasets, i);
    ImportedTable *table = g_new0(ImportedTable, 1);
    table->table = g_strdup(dataset->table);
    table->label = g_strdup(dataset->label);
    table->source = g_strdup(dataset->table);
    table->rows = dataset->row_count;
    table->columns = g_ptr_array_new_with_free_func((GDestroyNotify)imported_column_free);
    table->files = g_new0(char *, 1);
    for (guint j = 0; j < dataset->fields->len; j++) {
      const Field *field = g_ptr_array_index(dataset->fields, j);
      if (g_strcmp0(field->expression, field->name) == 0)
        g_ptr_array_add(table->columns, imported_column_of(field));
    }
    g_ptr_array_add(tables, table);
  }
  return tables;
}

static void copy_existing(Model *draft, const Model *existing) {
  for (guint i = 0; i < existing->datasets->len; i++)
    g_ptr_array_add(draft->datasets, dataset_copy(g_ptr_array_index(existing->datasets, i)));
  for (guint i = 0; i < existing->entities->len; i++)
    g_ptr_array_add(draft->entities, entity_copy(g_ptr_array_index(existing->entities, i)));
  for (guint i = 0; i < existing->metrics->len; i++)
    g_ptr_array_add(draft->metrics, metric_copy(g_ptr_array_index(existing->metrics, i)));
  for (guint i = 0; i < existing->conditions->len; i++)
    g_ptr_array_add(draft->conditions, condition_copy(g_ptr_array_index(existing->conditions, i)));
  for (guint i = 0; i < existing->relationships->len; i++)
    g_ptr_array_add(draft->relationships, relationship_copy(g_ptr_array_index(existing->relationships, i)));
  for (guint i = 0; i < existing->hierarchies->len; i++)
    g_ptr_array_add(draft->hierarchies, hierarchy_copy(g_ptr_array_index(existing->hierarchies, i)));
  for (guint i = 0; i < existing->rollups->len; i++)
    g_ptr_array_add(draft->rollups, rollup_copy(g_ptr_array_index(existing->rollups, i)));
  model_set_text(&draft->default_metric, existing->default_metric);
  model_set_text(&draft->default_dataset, existing->default_dataset);
  model_set_text(&draft->currency, existing->currency);
  draft->calendar = existing->calendar;
}

static gboolean is_new(const Model *existing, const char *dataset) { return model_find_dataset(existing, dataset) == NULL; }

static void add_new_parts(Model *draft, const Model *existing, const Model *inferred) {
  for (guint i = 0; i < inferred->datasets->len; i++) {
    const Dataset *dataset = g_ptr_array_index(inferred->datasets, i);
    if (is_new(existing, dataset->name))
      g_ptr_array_add(draft->datasets, dataset_copy(dataset));
  }
  for (guint i = 0; i < inferred->conditions->len; i++) {
    const Condition *condition = g_ptr_array_index(inferred->conditions, i);
    if (is_new(existing, condition->dataset) && model_find_condition(draft, condition->name) == NULL)
      g_ptr_array_add(draft->conditions, condition_copy(condition));
  }
  for (guint i = 0; i < inferred->entities->len; i++) {
    const Entity *entity = g_ptr_array_index(inferred->entities, i);
    if (is_new(existing, entity->dataset) && model_find_entity(draft, entity->name) == NULL)
      g_ptr_array_add(draft->entities, entity_copy(entity));
  }
  for (guint i = 0; i < inferred->relationships->len; i++) {
    const Relationship *join = g_ptr_array_index(inferred->relationships, i);
    if (is_new(existing, join->from_dataset) || is_new(existing, join->to_dataset))
      g_ptr_array_add(draft->relationships, relationship_copy(join));
  }
  for (guint i = 0; i < inferred->hierarchies->len; i++) {
    const Hierarchy *hierarchy = g_ptr_array_index(inferred->hierarchies, i);
    if (is_new(existing, hierarchy->dataset))
      g_ptr_array_add(draft->hierarchies, hierarchy_copy(hierarchy));
  }
}

/* A ratio is new when a part of it is; parts may be ratios themselves, so this goes on until nothing is added. */
static void add_new_metrics(Model *draft, const Model *existing, const Model *inferred) {
  for (gboolean added = TRUE; added;) {
    added = FALSE;
    for (guint i = 0; i < inferred->metrics->len; i++) {
      const Metric *metric = g_ptr_array_index(inferred->metrics, i);
      if (model_find_metric(draft, metric->name) != NULL)
        continue;
      gboolean wanted = metric->kind == METRIC_AGGREGATE
                            ? is_new(existing, metric->dataset)
                            : model_find_metric(draft, metric->numerator) != NULL && model_find_metric(draft, metric->denominator) != NULL &&
                                  (model_find_metric(existing, metric->numerator) == NULL ||
                                   model_find_metric(existing, metric->denominator) == NULL);
      for (char **name = metric->conditions; *name != NULL && wanted; name++)
        wanted = model_find_condition(draft, *name + (**name == '!')) != NULL;
      if (!wanted)
        continue;
      g_ptr_array_add(draft->metrics, metric_copy(metric));
      added = TRUE;
    }
  }
}

/* What names something that was not taken over names nothing. */
static void forget_absent_names(Model *draft) {
  for (guint i = 0; i < draft->datasets->len; i++) {
    const Dataset *dataset = g_ptr_array_index(draft->datasets, i);
    for (guint j = 0; j < dataset->fields->len; j++) {
      Field *field = g_ptr_array_index(dataset->fields, j);
      if (field->entity != NULL && model_find_entity(draft, field->entity) == NULL)
        model_set_text(&field->entity, NULL);
    }
  }
  for (guint i = 0; i < draft->metrics->len; i++) {
    Metric *metric = g_ptr_array_index(draft->metrics, i);
    if (metric->entity != NULL && model_find_entity(draft, metric->entity) == NULL)
      model_set_text(&metric->entity, NULL);
  }
  for (guint i = 0; i < draft->entities->len; i++) {
    Entity *entity = g_ptr_array_index(draft->entities, i);
    if (entity->metric != NULL && model_find_metric(draft, entity->metric) == NULL)
      model_set_text(&entity->metric, NULL);
  }
}

Model *model_add_inferred(const Model *existing, const Model *inferred, GError **error) {
  g_autoptr(ModelBuilder) builder = model_builder_new(existing->name);
  Model *draft = model_builder_draft(builder);
  copy_existing(draft, existing);
  add_new_parts(draft, existing, inferred);
  add_new_metrics(draft, existing, inferred);
  forget_absent_names(draft);
  return model_builder_finish(g_steal_pointer(&builder), error);
}
