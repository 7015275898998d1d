#include <string.h>

#include "model/model_private.h"
#include "model/validate.h"

struct ModelBuilder {
  Model *model;
};

void model_set_text(char **slot, const char *text) {
  char *copy = g_strdup(text);
  g_free(*slot);
  *slot = copy;
}

void model_set_words(char ***slot, const char *const *words) {
  static const char *const none[] = {NULL};
  char **copy = g_strdupv((char **)(words != NULL ? words : none));
  g_strfreev(*slot);
  *slot = copy;
}

void model_add_word(char ***slot, const char *word) {
  guint length = *slot != NULL ? g_strv_length(*slot) : 0;
  for (guint i = 0; i < length; i++)
    if (strcmp((*slot)[i], word) == 0) return;
  *slot = g_renew(char *, *slot, length + 2);
  (*slot)[length] = g_strdup(word);
  (*slot)[length + 1] = NULL;
}

static char **no_words(void) {
  return g_new0(char *, 1);
}

static char **one_word(const char *word) {
  char **words = no_words();
  if (word != NULL) model_add_word(&words, word);
  return words;
}

ModelBuilder *model_builder_new(const char *name) {
  ModelBuilder *builder = g_new0(ModelBuilder, 1);
  builder->model = model_new_empty(name);
  return builder;
}

void model_builder_free(ModelBuilder *builder) {
  if (builder == NULL) return;
  model_unref(builder->model);
  g_free(builder);
}

Model *model_builder_draft(ModelBuilder *builder) {
  return builder->model;
}

Dataset *model_builder_add_dataset(ModelBuilder *builder, const char *name, const char *table) {
  Dataset *dataset = g_new0(Dataset, 1);
  dataset->name = g_strdup(name);
  dataset->table = g_strdup(table);
  dataset->row_count = -1;
  dataset->row_words = no_words();
  dataset->primary_key = no_words();
  dataset->fields = g_ptr_array_new_with_free_func((GDestroyNotify)field_free);
  g_ptr_array_add(builder->model->datasets, dataset);
  return dataset;
}

Field *model_builder_add_field(ModelBuilder *builder, Dataset *dataset, const char *name, const char *expression,
                               FieldType type, FieldRole role) {
  g_return_val_if_fail(builder != NULL, NULL);
  Field *field = g_new0(Field, 1);
  field->name = g_strdup(name);
  field->dataset = g_strdup(dataset->name);
  field->expression = g_strdup(expression != NULL ? expression : name);
  field->synonyms = no_words();
  field->type = type;
  field->role = role;
  field->codes = coded_values_new();
  field->distinct_count = -1;
  field->null_count = -1;
  g_ptr_array_add(dataset->fields, field);
  return field;
}

Entity *model_builder_add_entity(ModelBuilder *builder, const char *name, const char *dataset, const char *key) {
  Entity *entity = g_new0(Entity, 1);
  entity->name = g_strdup(name);
  entity->synonyms = no_words();
  entity->dataset = g_strdup(dataset);
  entity->key = g_strdup(key);
  g_ptr_array_add(builder->model->entities, entity);
  return entity;
}

static Additivity usual_additivity(Aggregate aggregate) {
  switch (aggregate) {
  case AGGREGATE_SUM:
  case AGGREGATE_COUNT: return ADDITIVITY_SUM;
  case AGGREGATE_COUNT_DISTINCT: return ADDITIVITY_DISTINCT;
  default: return ADDITIVITY_NONE;
  }
}

static Metric *add_metric(ModelBuilder *builder, const char *name) {
  Metric *metric = g_new0(Metric, 1);
  metric->name = g_strdup(name);
  metric->synonyms = no_words();
  metric->conditions = no_words();
  g_ptr_array_add(builder->model->metrics, metric);
  return metric;
}

Metric *model_builder_add_metric(ModelBuilder *builder, const char *name, Aggregate aggregate, const char *dataset,
                                 const char *expression) {
  Metric *metric = add_metric(builder, name);
  metric->kind = METRIC_AGGREGATE;
  metric->aggregate = aggregate;
  metric->dataset = g_strdup(dataset);
  metric->expression = g_strdup(expression);
  metric->additivity = usual_additivity(aggregate);
  return metric;
}

Metric *model_builder_add_derived_metric(ModelBuilder *builder, const char *name, MetricKind kind,
                                         const char *numerator, const char *denominator) {
  Metric *metric = add_metric(builder, name);
  metric->kind = kind;
  metric->aggregate = AGGREGATE_NONE;
  metric->numerator = g_strdup(numerator);
  metric->denominator = g_strdup(denominator);
  metric->additivity = kind == METRIC_RATIO ? ADDITIVITY_RATIO : ADDITIVITY_SUM;
  return metric;
}

Condition *model_builder_add_condition(ModelBuilder *builder, const char *name, const char *dataset,
                                       const char *expression) {
  Condition *condition = g_new0(Condition, 1);
  condition->name = g_strdup(name);
  condition->synonyms = no_words();
  condition->dataset = g_strdup(dataset);
  condition->expression = g_strdup(expression);
  g_ptr_array_add(builder->model->conditions, condition);
  return condition;
}

Relationship *model_builder_add_relationship(ModelBuilder *builder, const char *name, const char *from_dataset,
                                             const char *from_field, const char *to_dataset, const char *to_field) {
  Relationship *relationship = g_new0(Relationship, 1);
  relationship->name = g_strdup(name);
  relationship->from_dataset = g_strdup(from_dataset);
  relationship->from_fields = one_word(from_field);
  relationship->to_dataset = g_strdup(to_dataset);
  relationship->to_fields = one_word(to_field);
  g_ptr_array_add(builder->model->relationships, relationship);
  return relationship;
}

Rollup *model_builder_add_rollup(ModelBuilder *builder, const char *name, const char *dataset, TimeUnit grain) {
  Rollup *rollup = g_new0(Rollup, 1);
  rollup->name = g_strdup(name);
  rollup->dataset = g_strdup(dataset);
  rollup->grain = grain;
  model_set_words(&rollup->dimensions, NULL);
  model_set_words(&rollup->metrics, NULL);
  model_set_words(&rollup->estimates, NULL);
  g_ptr_array_add(builder->model->rollups, rollup);
  return rollup;
}

Hierarchy *model_builder_add_hierarchy(ModelBuilder *builder, const char *name, const char *dataset,
                                       const char *const *levels) {
  Hierarchy *hierarchy = g_new0(Hierarchy, 1);
  hierarchy->name = g_strdup(name);
  hierarchy->dataset = g_strdup(dataset);
  model_set_words(&hierarchy->levels, levels);
  g_ptr_array_add(builder->model->hierarchies, hierarchy);
  return hierarchy;
}

/* ---- finishing ---- */

static void complete_label(char **label, const char *name) {
  if (*label != NULL && **label != '\0') return;
  g_free(*label);
  *label = g_strdelimit(g_strdup(name), "_", ' ');
}

static void complete_words(char ***words) {
  if (*words == NULL) *words = no_words();
}

static void complete_text(char **text) {
  if (*text == NULL) *text = g_strdup("");
}

static void complete_dataset(Dataset *dataset) {
  complete_label(&dataset->label, dataset->name);
  complete_words(&dataset->row_words);
  complete_words(&dataset->primary_key);
  for (guint i = 0; i < dataset->fields->len; i++) {
    Field *field = g_ptr_array_index(dataset->fields, i);
    complete_label(&field->label, field->name);
    complete_words(&field->synonyms);
    complete_text(&field->unit);
  }
}

void model_complete(Model *model) {
  for (guint i = 0; i < model->datasets->len; i++) complete_dataset(g_ptr_array_index(model->datasets, i));
  for (guint i = 0; i < model->entities->len; i++)
    complete_words(&((Entity *)g_ptr_array_index(model->entities, i))->synonyms);
  for (guint i = 0; i < model->metrics->len; i++) {
    Metric *metric = g_ptr_array_index(model->metrics, i);
    complete_label(&metric->label, metric->name);
    complete_words(&metric->synonyms);
    complete_words(&metric->conditions);
    complete_text(&metric->description);
    complete_text(&metric->unit);
  }
  for (guint i = 0; i < model->conditions->len; i++) {
    Condition *condition = g_ptr_array_index(model->conditions, i);
    complete_label(&condition->label, condition->name);
    complete_words(&condition->synonyms);
  }
  g_free(model->hash);
  model->hash = model_compute_hash(model);
}

static void problem_free(gpointer pointer) {
  ModelProblem *problem = pointer;
  g_free(problem->where);
  g_free(problem->what);
  g_free(problem->what_to_do);
  g_free(problem);
}

GPtrArray *model_builder_problems(ModelBuilder *builder) {
  GPtrArray *problems = g_ptr_array_new_with_free_func(problem_free);
  model_validate(builder->model, problems);
  return problems;
}

Model *model_builder_seal(ModelBuilder *builder) {
  Model *model = g_steal_pointer(&builder->model);
  model_builder_free(builder);
  model_complete(model);
  return model;
}

Model *model_builder_finish(ModelBuilder *builder, GError **error) {
  g_autoptr(GPtrArray) problems = model_builder_problems(builder);
  if (problems->len == 0) return model_builder_seal(builder);
  g_autoptr(GString) lines = g_string_new(NULL);
  for (guint i = 0; i < problems->len; i++) {
    const ModelProblem *problem = g_ptr_array_index(problems, i);
    g_string_append_printf(lines, "%s%s: %s; %s", i > 0 ? "\n" : "", problem->where, problem->what,
                           problem->what_to_do);
  }
  g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_BAD_MODEL, lines->str);
  model_builder_free(builder);
  return NULL;
}
