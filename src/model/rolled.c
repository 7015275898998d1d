#include "model/rolled.h"

#include <string.h>

#include "model/expression.h"
#include "model/model_private.h"

static void add_column(Dataset *dataset, const char *name, FieldType type, FieldRole role) {
  Field *field = g_new0(Field, 1);
  field->name = g_strdup(name);
  field->dataset = g_strdup(dataset->name);
  field->label = g_strdup(name);
  field->expression = model_column_expression(name);
  model_set_words(&field->synonyms, NULL);
  field->codes = coded_values_new();
  field->type = type;
  field->role = role;
  field->unit = g_strdup("");
  field->distinct_count = field->null_count = -1;
  g_ptr_array_add(dataset->fields, field);
}

static Dataset *rolled_dataset(const Dataset *rows, const RolledDataset *rolled) {
  Dataset *dataset = dataset_copy(rows);
  g_ptr_array_set_size(dataset->fields, 0);
  model_set_text(&dataset->table, rolled->table);
  model_set_text(&dataset->default_date, rolled->fields[0].name);
  model_set_words(&dataset->primary_key, NULL);
  dataset->row_count = -1;
  for (guint i = 0; i < rolled->n_fields; i++) {
    Field *field = field_copy(rolled->fields[i].origin);
    model_set_text(&field->name, rolled->fields[i].name);
    model_set_text(&field->dataset, dataset->name);
    g_free(field->expression);
    field->expression = model_column_expression(rolled->fields[i].name);
    g_ptr_array_add(dataset->fields, field);
  }
  for (guint i = 0; rolled->columns[i] != NULL; i++)
    add_column(dataset, rolled->columns[i], FIELD_DECIMAL, FIELD_ROLE_MEASURE);
  for (guint i = 0; rolled->conditions[i] != NULL; i++) {
    g_autofree char *name = g_strconcat(ROLLED_CONDITION_PREFIX, rolled->conditions[i], NULL);
    add_column(dataset, name, FIELD_BOOLEAN, FIELD_ROLE_DETAIL);
  }
  return dataset;
}

/* Whether the field of the dataset is kept under its own name with its own values. */
static gboolean keeps(const RolledDataset *rolled, const char *field) {
  for (guint i = 0; i < rolled->n_fields; i++) {
    const Field *origin = rolled->fields[i].origin;
    if (strcmp(origin->dataset, rolled->dataset) == 0 && strcmp(origin->name, field) == 0)
      return i > 0 && strcmp(rolled->fields[i].name, field) == 0; /* the date is only the period's beginning */
  }
  return FALSE;
}

static gboolean keeps_all(const RolledDataset *rolled, const char *expression) {
  g_autoptr(GPtrArray) references = expression_references(expression, NULL);
  if (references == NULL) return FALSE;
  for (guint i = 0; i < references->len; i++)
    if (!keeps(rolled, ((const ColumnReference *)g_ptr_array_index(references, i))->name)) return FALSE;
  return TRUE;
}

static void add_condition(Model *model, const Condition *condition, const RolledDataset *rolled) {
  Condition *copy = condition_copy(condition);
  if (g_strv_contains(rolled->conditions, condition->name)) {
    g_autofree char *column = g_strconcat(ROLLED_CONDITION_PREFIX, condition->name, NULL);
    model_set_text(&copy->dataset, rolled->dataset);
    g_free(copy->expression);
    copy->expression = model_column_expression(column);
  } else if (strcmp(condition->dataset, rolled->dataset) == 0 && !keeps_all(rolled, condition->expression)) {
    condition_free(copy);
    return;
  }
  g_ptr_array_add(model->conditions, copy);
}

static gboolean relationship_stays(const Relationship *relationship, const RolledDataset *rolled) {
  if (strcmp(relationship->to_dataset, rolled->dataset) == 0) return FALSE;
  if (strcmp(relationship->from_dataset, rolled->dataset) != 0) return TRUE;
  for (guint i = 0; relationship->from_fields[i] != NULL; i++)
    if (!keeps(rolled, relationship->from_fields[i])) return FALSE;
  return TRUE;
}

Model *model_roll_dataset(const Model *model, const RolledDataset *rolled) {
  Model *made = model_new_empty(model->name);
  for (guint i = 0; i < model->datasets->len; i++) {
    const Dataset *dataset = g_ptr_array_index(model->datasets, i);
    gboolean is_it = strcmp(dataset->name, rolled->dataset) == 0;
    g_ptr_array_add(made->datasets, is_it ? rolled_dataset(dataset, rolled) : dataset_copy(dataset));
  }
  for (guint i = 0; i < model->entities->len; i++)
    g_ptr_array_add(made->entities, entity_copy(g_ptr_array_index(model->entities, i)));
  for (guint i = 0; i < model->metrics->len; i++)
    g_ptr_array_add(made->metrics, metric_copy(g_ptr_array_index(model->metrics, i)));
  for (guint i = 0; i < model->conditions->len; i++)
    add_condition(made, g_ptr_array_index(model->conditions, i), rolled);
  for (guint i = 0; i < model->relationships->len; i++) {
    const Relationship *relationship = g_ptr_array_index(model->relationships, i);
    if (relationship_stays(relationship, rolled)) g_ptr_array_add(made->relationships, relationship_copy(relationship));
  }
  made->default_metric = g_strdup(model->default_metric);
  made->default_dataset = g_strdup(model->default_dataset);
  made->currency = g_strdup(model->currency);
  made->calendar = model->calendar;
  made->hash = g_strdup(model->hash);
  return made;
}

void model_set_rollup(Model *model, const char *dataset, const struct RollupView *rollup) {
  for (guint i = 0; i < model->datasets->len; i++) {
    Dataset *candidate = g_ptr_array_index(model->datasets, i);
    if (strcmp(candidate->name, dataset) == 0) candidate->rollup = rollup;
  }
}
