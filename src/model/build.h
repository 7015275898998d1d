/*
 * build: making a Model. Used by inference, by the YAML loader and by tests; everybody else only reads Models.
 * A ModelBuilder holds one Model under construction. The structs that are handed out belong to it and may be changed
 * until model_builder_finish(); strings in them are owned and replaced with the model_set_ functions.
 * Not thread-safe; the finished Model is.
 */
#pragma once
#include "model/model.h"

typedef struct ModelBuilder ModelBuilder;

ModelBuilder *model_builder_new(const char *name);
void model_builder_free(ModelBuilder *builder); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ModelBuilder, model_builder_free)

/* The model as it stands: default_metric, default_dataset, currency and calendar are set directly on it. (transfer
 * none) */
Model *model_builder_draft(ModelBuilder *builder);

/* All of these append and return what they appended. (transfer none) Labels that stay NULL are made from the name. */
Dataset *model_builder_add_dataset(ModelBuilder *builder, const char *name, const char *table);
/* `expression` NULL: the column of the same name. */
Field *model_builder_add_field(ModelBuilder *builder, Dataset *dataset, const char *name, const char *expression,
                               FieldType type, FieldRole role);
/* `key` NULL: every row of the dataset is one. */
Entity *model_builder_add_entity(ModelBuilder *builder, const char *name, const char *dataset, const char *key);
/* `expression` NULL: the rows are counted. Additivity follows from the aggregate; change it where it does not. */
Metric *model_builder_add_metric(ModelBuilder *builder, const char *name, Aggregate aggregate, const char *dataset,
                                 const char *expression);
/* kind METRIC_RATIO or METRIC_DIFFERENCE of two metrics, which may be added later. */
Metric *model_builder_add_derived_metric(ModelBuilder *builder, const char *name, MetricKind kind,
                                         const char *numerator, const char *denominator);
Condition *model_builder_add_condition(ModelBuilder *builder, const char *name, const char *dataset,
                                       const char *expression);
/* Many rows of from_dataset belong to one of to_dataset. More key fields: model_add_word(&relationship->from_fields,
 * ..). */
Relationship *model_builder_add_relationship(ModelBuilder *builder, const char *name, const char *from_dataset,
                                             const char *from_field, const char *to_dataset, const char *to_field);
Rollup *model_builder_add_rollup(ModelBuilder *builder, const char *name, const char *dataset, TimeUnit grain);
Hierarchy *model_builder_add_hierarchy(ModelBuilder *builder, const char *name, const char *dataset,
                                       const char *const *levels);

void model_set_text(char **slot, const char *text);           /* frees the old, copies the new; NULL is fine */
void model_set_words(char ***slot, const char *const *words); /* frees the old list, copies the new */
void model_add_word(char ***slot, const char *word);          /* appends a copy, unless it is there already */
CodedValue *model_add_code(Field *field, const char *code, const char *const *labels);

/* A column as it is written in an expression: quoted where SQL would read the name as a keyword. (transfer full) */
char *model_column_expression(const char *name);

/* One mistake of a model. `subject` is the address of the member or element it is about, `owner` the struct around it:
 * the YAML loader finds the line and column by them. */
typedef struct {
  gconstpointer subject, owner;
  char *where; /* "metric margin" */
  char *what;  /* "the denominator \"revnue\" is no metric" */
  char *what_to_do;
} ModelProblem;
/* Every mistake of the draft, in the order of the model. Of ModelProblem*; empty when none. (transfer full) */
GPtrArray *model_builder_problems(ModelBuilder *builder);

/*
 * Checks the draft, computes its hash and hands out the finished model. Consumes the builder in any case.
 * AISLE_ERROR_BAD_MODEL lists every mistake, one a line: "metric margin: what; what to do". (transfer full)
 */
Model *model_builder_finish(ModelBuilder *builder, GError **error);
/* The same for a draft that is known to be without mistakes. */
Model *model_builder_seal(ModelBuilder *builder);
