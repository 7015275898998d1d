#include "model/model_private.h"

#include <string.h>

/* A Model with what only this file knows of it. Views made for a scope remember the model they were made from. */
typedef struct {
  Model model; /* first: a Model* is a ModelBox* */
  Model *full; /* NULL, or the model this is a view of */
} ModelBox;

/* ---- freeing ---- */

static void coded_value_free(gpointer pointer) {
  CodedValue *code = pointer;
  g_free(code->code);
  g_strfreev(code->labels);
  g_free(code);
}

GPtrArray *coded_values_new(void) {
  return g_ptr_array_new_with_free_func(coded_value_free);
}

void field_free(Field *field) {
  if (field == NULL) return;
  g_free(field->name);
  g_free(field->dataset);
  g_free(field->label);
  g_free(field->expression);
  g_strfreev(field->synonyms);
  g_free(field->unit);
  g_free(field->entity);
  g_free(field->personal);
  g_clear_pointer(&field->codes, g_ptr_array_unref);
  g_free(field->yes);
  g_free(field->no);
  g_free(field->minimum);
  g_free(field->maximum);
  g_free(field);
}

void dataset_free(Dataset *dataset) {
  if (dataset == NULL) return;
  g_free(dataset->name);
  g_free(dataset->table);
  g_free(dataset->label);
  g_strfreev(dataset->row_words);
  g_strfreev(dataset->primary_key);
  g_free(dataset->default_date);
  g_clear_pointer(&dataset->fields, g_ptr_array_unref);
  g_free(dataset);
}

void entity_free(Entity *entity) {
  if (entity == NULL) return;
  g_free(entity->name);
  g_strfreev(entity->synonyms);
  g_free(entity->dataset);
  g_free(entity->key);
  g_free(entity->name_field);
  g_free(entity->metric);
  g_free(entity);
}

void metric_free(Metric *metric) {
  if (metric == NULL) return;
  g_free(metric->name);
  g_free(metric->label);
  g_strfreev(metric->synonyms);
  g_free(metric->description);
  g_free(metric->dataset);
  g_free(metric->expression);
  g_strfreev(metric->conditions);
  g_free(metric->numerator);
  g_free(metric->denominator);
  g_free(metric->unit);
  g_free(metric->entity);
  g_free(metric);
}

void condition_free(Condition *condition) {
  if (condition == NULL) return;
  g_free(condition->name);
  g_free(condition->label);
  g_strfreev(condition->synonyms);
  g_free(condition->dataset);
  g_free(condition->expression);
  g_free(condition);
}

void relationship_free(Relationship *relationship) {
  if (relationship == NULL) return;
  g_free(relationship->name);
  g_free(relationship->from_dataset);
  g_strfreev(relationship->from_fields);
  g_free(relationship->to_dataset);
  g_strfreev(relationship->to_fields);
  g_free(relationship);
}

void hierarchy_free(Hierarchy *hierarchy) {
  if (hierarchy == NULL) return;
  g_free(hierarchy->name);
  g_free(hierarchy->dataset);
  g_strfreev(hierarchy->levels);
  g_free(hierarchy);
}

/* ---- copying ---- */

Field *field_copy(const Field *field) {
  Field *copy = g_memdup2(field, sizeof *field);
  copy->name = g_strdup(field->name);
  copy->dataset = g_strdup(field->dataset);
  copy->label = g_strdup(field->label);
  copy->expression = g_strdup(field->expression);
  copy->synonyms = g_strdupv(field->synonyms);
  copy->unit = g_strdup(field->unit);
  copy->entity = g_strdup(field->entity);
  copy->personal = g_strdup(field->personal);
  copy->minimum = g_strdup(field->minimum);
  copy->maximum = g_strdup(field->maximum);
  copy->yes = g_strdup(field->yes);
  copy->no = g_strdup(field->no);
  copy->codes = coded_values_new();
  for (guint i = 0; i < field->codes->len; i++) {
    const CodedValue *code = g_ptr_array_index(field->codes, i);
    model_add_code(copy, code->code, (const char *const *)code->labels);
  }
  return copy;
}

Dataset *dataset_copy(const Dataset *dataset) {
  Dataset *copy = g_memdup2(dataset, sizeof *dataset);
  copy->name = g_strdup(dataset->name);
  copy->table = g_strdup(dataset->table);
  copy->label = g_strdup(dataset->label);
  copy->row_words = g_strdupv(dataset->row_words);
  copy->primary_key = g_strdupv(dataset->primary_key);
  copy->default_date = g_strdup(dataset->default_date);
  copy->fields = g_ptr_array_new_with_free_func((GDestroyNotify)field_free);
  for (guint i = 0; i < dataset->fields->len; i++)
    g_ptr_array_add(copy->fields, field_copy(g_ptr_array_index(dataset->fields, i)));
  return copy;
}

Entity *entity_copy(const Entity *entity) {
  Entity *copy = g_memdup2(entity, sizeof *entity);
  copy->name = g_strdup(entity->name);
  copy->synonyms = g_strdupv(entity->synonyms);
  copy->dataset = g_strdup(entity->dataset);
  copy->key = g_strdup(entity->key);
  copy->name_field = g_strdup(entity->name_field);
  copy->metric = g_strdup(entity->metric);
  return copy;
}

Metric *metric_copy(const Metric *metric) {
  Metric *copy = g_memdup2(metric, sizeof *metric);
  copy->name = g_strdup(metric->name);
  copy->label = g_strdup(metric->label);
  copy->synonyms = g_strdupv(metric->synonyms);
  copy->description = g_strdup(metric->description);
  copy->dataset = g_strdup(metric->dataset);
  copy->expression = g_strdup(metric->expression);
  copy->conditions = g_strdupv(metric->conditions);
  copy->numerator = g_strdup(metric->numerator);
  copy->denominator = g_strdup(metric->denominator);
  copy->unit = g_strdup(metric->unit);
  copy->entity = g_strdup(metric->entity);
  return copy;
}

Condition *condition_copy(const Condition *condition) {
  Condition *copy = g_memdup2(condition, sizeof *condition);
  copy->name = g_strdup(condition->name);
  copy->label = g_strdup(condition->label);
  copy->synonyms = g_strdupv(condition->synonyms);
  copy->dataset = g_strdup(condition->dataset);
  copy->expression = g_strdup(condition->expression);
  return copy;
}

Relationship *relationship_copy(const Relationship *relationship) {
  Relationship *copy = g_memdup2(relationship, sizeof *relationship);
  copy->name = g_strdup(relationship->name);
  copy->from_dataset = g_strdup(relationship->from_dataset);
  copy->from_fields = g_strdupv(relationship->from_fields);
  copy->to_dataset = g_strdup(relationship->to_dataset);
  copy->to_fields = g_strdupv(relationship->to_fields);
  return copy;
}

Rollup *rollup_copy(const Rollup *rollup) {
  Rollup *copy = g_memdup2(rollup, sizeof *rollup);
  copy->name = g_strdup(rollup->name);
  copy->dataset = g_strdup(rollup->dataset);
  copy->dimensions = g_strdupv(rollup->dimensions);
  copy->metrics = g_strdupv(rollup->metrics);
  copy->estimates = g_strdupv(rollup->estimates);
  copy->refresh = g_strdup(rollup->refresh);
  return copy;
}

void rollup_free(Rollup *rollup) {
  if (rollup == NULL) return;
  g_free(rollup->name);
  g_free(rollup->dataset);
  g_strfreev(rollup->dimensions);
  g_strfreev(rollup->metrics);
  g_strfreev(rollup->estimates);
  g_free(rollup->refresh);
  g_free(rollup);
}

Hierarchy *hierarchy_copy(const Hierarchy *hierarchy) {
  Hierarchy *copy = g_memdup2(hierarchy, sizeof *hierarchy);
  copy->name = g_strdup(hierarchy->name);
  copy->dataset = g_strdup(hierarchy->dataset);
  copy->levels = g_strdupv(hierarchy->levels);
  return copy;
}

CodedValue *model_add_code(Field *field, const char *code, const char *const *labels) {
  CodedValue *value = g_new0(CodedValue, 1);
  value->code = g_strdup(code);
  model_set_words(&value->labels, labels);
  g_ptr_array_add(field->codes, value);
  return value;
}

/* ---- the model ---- */

Model *model_new_empty(const char *name) {
  ModelBox *box = g_atomic_rc_box_new0(ModelBox);
  Model *model = &box->model;
  model->name = g_strdup(name);
  model->datasets = g_ptr_array_new_with_free_func((GDestroyNotify)dataset_free);
  model->entities = g_ptr_array_new_with_free_func((GDestroyNotify)entity_free);
  model->metrics = g_ptr_array_new_with_free_func((GDestroyNotify)metric_free);
  model->conditions = g_ptr_array_new_with_free_func((GDestroyNotify)condition_free);
  model->relationships = g_ptr_array_new_with_free_func((GDestroyNotify)relationship_free);
  model->hierarchies = g_ptr_array_new_with_free_func((GDestroyNotify)hierarchy_free);
  model->rollups = g_ptr_array_new_with_free_func((GDestroyNotify)rollup_free);
  model->calendar = CALENDAR_DEFAULT;
  return model;
}

static void model_clear(gpointer pointer) {
  ModelBox *box = pointer;
  Model *model = &box->model;
  g_free(model->name);
  g_ptr_array_unref(model->datasets);
  g_ptr_array_unref(model->entities);
  g_ptr_array_unref(model->metrics);
  g_ptr_array_unref(model->conditions);
  g_ptr_array_unref(model->relationships);
  g_ptr_array_unref(model->hierarchies);
  g_ptr_array_unref(model->rollups);
  g_free(model->default_metric);
  g_free(model->default_dataset);
  g_free(model->currency);
  g_free(model->hash);
  model_unref(box->full);
}

Model *model_ref(Model *model) {
  return g_atomic_rc_box_acquire(model);
}

void model_unref(Model *model) {
  if (model != NULL) g_atomic_rc_box_release_full(model, model_clear);
}

const Model *model_full(const Model *model) {
  const ModelBox *box = (const ModelBox *)model;
  return box->full != NULL ? box->full : model;
}

void model_set_full(Model *view, Model *full) {
  ModelBox *box = (ModelBox *)view;
  Model *origin = ((ModelBox *)full)->full != NULL ? ((ModelBox *)full)->full : full;
  box->full = model_ref(origin);
}

/* ---- look-ups ---- */

const Dataset *model_find_dataset(const Model *model, const char *name) {
  for (guint i = 0; name != NULL && i < model->datasets->len; i++) {
    const Dataset *dataset = g_ptr_array_index(model->datasets, i);
    if (g_strcmp0(dataset->name, name) == 0) return dataset;
  }
  return NULL;
}

const Metric *model_find_metric(const Model *model, const char *name) {
  for (guint i = 0; name != NULL && i < model->metrics->len; i++) {
    const Metric *metric = g_ptr_array_index(model->metrics, i);
    if (g_strcmp0(metric->name, name) == 0) return metric;
  }
  return NULL;
}

const Condition *model_find_condition(const Model *model, const char *name) {
  for (guint i = 0; name != NULL && i < model->conditions->len; i++) {
    const Condition *condition = g_ptr_array_index(model->conditions, i);
    if (g_strcmp0(condition->name, name) == 0) return condition;
  }
  return NULL;
}

const Entity *model_find_entity(const Model *model, const char *name) {
  for (guint i = 0; name != NULL && i < model->entities->len; i++) {
    const Entity *entity = g_ptr_array_index(model->entities, i);
    if (g_strcmp0(entity->name, name) == 0) return entity;
  }
  return NULL;
}

const Field *dataset_find_field(const Dataset *dataset, const char *name) {
  for (guint i = 0; name != NULL && i < dataset->fields->len; i++) {
    const Field *field = g_ptr_array_index(dataset->fields, i);
    if (g_strcmp0(field->name, name) == 0) return field;
  }
  return NULL;
}

const char *field_flag_word(const Field *field, gboolean yes) {
  const gboolean has_words = field->type == FIELD_BOOLEAN && field->yes != NULL && field->no != NULL;
  return !has_words ? NULL : yes ? field->yes : field->no;
}

gboolean field_read_flag(const Field *field, const char *text, gboolean *out) {
  static const char *const YES[] = {"true", "yes", "1", NULL}, *const NO[] = {"false", "no", "0", NULL};
  if (field->type != FIELD_BOOLEAN) return FALSE;
  for (guint yes = 0; yes < 2; yes++) {
    const char *own = field_flag_word(field, yes != 0);
    if (own == NULL || g_ascii_strcasecmp(own, text) != 0) continue;
    *out = yes != 0;
    return TRUE;
  }
  g_autofree char *lower = g_ascii_strdown(text, -1);
  *out = g_strv_contains(YES, lower);
  return *out || g_strv_contains(NO, lower);
}

const Field *model_find_field(const Model *model, const char *qualified) {
  if (qualified == NULL) return NULL;
  const char *dot = strchr(qualified, '.');
  if (dot != NULL) {
    g_autofree char *dataset_name = g_strndup(qualified, (gsize)(dot - qualified));
    const Dataset *dataset = model_find_dataset(model, dataset_name);
    return dataset != NULL ? dataset_find_field(dataset, dot + 1) : NULL;
  }
  const Field *found = NULL;
  guint matches = 0;
  for (guint i = 0; i < model->datasets->len; i++) {
    const Field *field = dataset_find_field(g_ptr_array_index(model->datasets, i), qualified);
    if (field == NULL) continue;
    found = field;
    matches++;
  }
  if (matches <= 1) return found;
  const Dataset *main_fact = model_find_dataset(model, model->default_dataset);
  return main_fact != NULL ? dataset_find_field(main_fact, qualified) : NULL;
}

static void add_metric_datasets(const Model *model, const Metric *metric, guint depth, GPtrArray *datasets) {
  if (metric == NULL || depth > model->metrics->len) return; /* a cycle is refused when a model is made */
  if (metric->kind != METRIC_AGGREGATE) {
    add_metric_datasets(model, model_find_metric(model, metric->numerator), depth + 1, datasets);
    add_metric_datasets(model, model_find_metric(model, metric->denominator), depth + 1, datasets);
    return;
  }
  const Dataset *dataset = model_find_dataset(model, metric->dataset);
  if (dataset != NULL && !g_ptr_array_find(datasets, dataset, NULL)) g_ptr_array_add(datasets, (gpointer)dataset);
}

GPtrArray *model_metric_datasets(const Model *model, const Metric *metric) {
  GPtrArray *datasets = g_ptr_array_new();
  add_metric_datasets(model, metric, 0, datasets);
  return datasets;
}

/* Breadth first, so that the shortest path wins; among equally long ones the relationship that stands first. */
GPtrArray *model_join_path(const Model *model, const char *from_dataset, const char *to_dataset) {
  if (model_find_dataset(model, from_dataset) == NULL || model_find_dataset(model, to_dataset) == NULL) return NULL;
  g_autoptr(GHashTable) reached_by = g_hash_table_new(g_str_hash, g_str_equal); /* dataset -> Relationship* */
  g_autoptr(GPtrArray) queue = g_ptr_array_new();
  g_ptr_array_add(queue, (gpointer)from_dataset);
  for (guint next = 0; next < queue->len && !g_hash_table_contains(reached_by, to_dataset); next++) {
    for (guint i = 0; i < model->relationships->len; i++) {
      Relationship *relationship = g_ptr_array_index(model->relationships, i);
      if (g_strcmp0(relationship->from_dataset, g_ptr_array_index(queue, next)) != 0) continue;
      if (g_strcmp0(relationship->to_dataset, from_dataset) == 0) continue;
      if (g_hash_table_contains(reached_by, relationship->to_dataset)) continue;
      g_hash_table_insert(reached_by, relationship->to_dataset, relationship);
      g_ptr_array_add(queue, relationship->to_dataset);
    }
  }
  GPtrArray *path = g_ptr_array_new();
  for (const char *at = to_dataset; strcmp(at, from_dataset) != 0;) {
    Relationship *relationship = g_hash_table_lookup(reached_by, at);
    if (relationship == NULL) {
      g_ptr_array_unref(path);
      return NULL;
    }
    g_ptr_array_insert(path, 0, relationship);
    at = relationship->from_dataset;
  }
  return path;
}
