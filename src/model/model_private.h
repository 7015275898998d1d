/* What the files of model/ share about Models themselves. */
#pragma once
#include "model/build.h"

/* A zeroed model with one reference and empty arrays. */
Model *model_new_empty(const char *name);
/* The model that a model_visible() view was made from, or the model itself. (transfer none) */
const Model *model_full(const Model *model);
void model_set_full(Model *view, Model *full);

Field *field_copy(const Field *field);
Dataset *dataset_copy(const Dataset *dataset); /* with its fields */
Entity *entity_copy(const Entity *entity);
Metric *metric_copy(const Metric *metric);
Condition *condition_copy(const Condition *condition);
Relationship *relationship_copy(const Relationship *relationship);
Hierarchy *hierarchy_copy(const Hierarchy *hierarchy);
Rollup *rollup_copy(const Rollup *rollup);

GPtrArray *coded_values_new(void); /* of CodedValue*, frees them */
void field_free(Field *field);
void dataset_free(Dataset *dataset);
void entity_free(Entity *entity);
void metric_free(Metric *metric);
void condition_free(Condition *condition);
void relationship_free(Relationship *relationship);
void hierarchy_free(Hierarchy *hierarchy);
void rollup_free(Rollup *rollup);

/* Fills what may be left out (labels, units, empty lists) and computes the hash. */
void model_complete(Model *model);
/* Everything of the model but its hash, as JSON. (transfer full) */
json_t *model_content_to_json(const Model *model);
/* SHA-256 of the canonical text, hex. (transfer full) */
char *model_compute_hash(const Model *model);

/* Names of the enumerations as they stand in YAML and JSON. */
const char *field_type_name(FieldType type);
gboolean field_type_parse(const char *name, FieldType *out);
const char *field_role_name(FieldRole role);
gboolean field_role_parse(const char *name, FieldRole *out);
const char *metric_kind_name(MetricKind kind);
gboolean metric_kind_parse(const char *name, MetricKind *out);
const char *additivity_name(Additivity additivity);
gboolean additivity_parse(const char *name, Additivity *out);
/* All names of one enumeration, comma separated, for messages. (transfer none) */
const char *field_type_choices(void);
const char *field_role_choices(void);
const char *aggregate_choices(void);
const char *metric_kind_choices(void);
const char *additivity_choices(void);

/* [a-z][a-z0-9_]*, at most 120 bytes. */
gboolean model_name_is_valid(const char *name);
