/* A model as JSON: for GET /v1/model, and as the canonical text that its hash is taken from. */
#include "model/model_private.h"

static json_t *json_text_or_null(const char *text) {
  return text != NULL ? json_string(text) : json_null();
}

static json_t *json_words(char **words) {
  json_t *array = json_array();
  for (guint i = 0; words != NULL && words[i] != NULL; i++) json_array_append_new(array, json_string(words[i]));
  return array;
}

static json_t *codes_to_json(const GPtrArray *codes) {
  json_t *array = json_array();
  for (guint i = 0; i < codes->len; i++) {
    const CodedValue *code = g_ptr_array_index(codes, i);
    json_array_append_new(array, json_pack("{s:s, s:o}", "code", code->code, "labels", json_words(code->labels)));
  }
  return array;
}

static json_t *field_to_json(const Field *field) {
  json_t *object = json_object();
  json_object_set_new(object, "name", json_string(field->name));
  json_object_set_new(object, "label", json_text_or_null(field->label));
  json_object_set_new(object, "expression", json_text_or_null(field->expression));
  json_object_set_new(object, "synonyms", json_words(field->synonyms));
  json_object_set_new(object, "type", json_string(field_type_name(field->type)));
  json_object_set_new(object, "role", json_string(field_role_name(field->role)));
  json_object_set_new(object, "default_aggregate", json_string(aggregate_name(field->default_aggregate)));
  json_object_set_new(object, "unit", json_text_or_null(field->unit));
  json_object_set_new(object, "entity", json_text_or_null(field->entity));
  json_object_set_new(object, "personal", json_text_or_null(field->personal));
  json_object_set_new(object, "codes", codes_to_json(field->codes));
  if (field->yes != NULL && field->no != NULL)
    json_object_set_new(object, "yes_no", json_pack("[s, s]", field->yes, field->no));
  json_object_set_new(object, "distinct_count",
                      field->distinct_count >= 0 ? json_integer(field->distinct_count) : json_null());
  json_object_set_new(object, "null_count", field->null_count >= 0 ? json_integer(field->null_count) : json_null());
  json_object_set_new(object, "minimum", json_text_or_null(field->minimum));
  json_object_set_new(object, "maximum", json_text_or_null(field->maximum));
  return object;
}

static json_t *dataset_to_json(const Dataset *dataset) {
  json_t *object = json_object();
  json_object_set_new(object, "name", json_string(dataset->name));
  json_object_set_new(object, "table", json_text_or_null(dataset->table));
  json_object_set_new(object, "label", json_text_or_null(dataset->label));
  json_object_set_new(object, "row_words", json_words(dataset->row_words));
  json_object_set_new(object, "primary_key", json_words(dataset->primary_key));
  json_object_set_new(object, "default_date", json_text_or_null(dataset->default_date));
  json_object_set_new(object, "is_fact", json_boolean(dataset->is_fact));
  json_object_set_new(object, "row_count", dataset->row_count >= 0 ? json_integer(dataset->row_count) : json_null());
  json_t *fields = json_array();
  for (guint i = 0; i < dataset->fields->len; i++)
    json_array_append_new(fields, field_to_json(g_ptr_array_index(dataset->fields, i)));
  json_object_set_new(object, "fields", fields);
  return object;
}

static json_t *entity_to_json(const Entity *entity) {
  json_t *object = json_object();
  json_object_set_new(object, "name", json_string(entity->name));
  json_object_set_new(object, "synonyms", json_words(entity->synonyms));
  json_object_set_new(object, "dataset", json_text_or_null(entity->dataset));
  json_object_set_new(object, "key", json_text_or_null(entity->key));
  json_object_set_new(object, "name_field", json_text_or_null(entity->name_field));
  json_object_set_new(object, "metric", json_text_or_null(entity->metric));
  json_object_set_new(object, "is_event", json_boolean(entity->is_event));
  return object;
}

static json_t *metric_to_json(const Metric *metric) {
  json_t *object = json_object();
  json_object_set_new(object, "name", json_string(metric->name));
  json_object_set_new(object, "label", json_text_or_null(metric->label));
  json_object_set_new(object, "synonyms", json_words(metric->synonyms));
  json_object_set_new(object, "description", json_text_or_null(metric->description));
  json_object_set_new(object, "kind", json_string(metric_kind_name(metric->kind)));
  if (metric->kind == METRIC_AGGREGATE) {
    json_object_set_new(object, "aggregate", json_string(aggregate_name(metric->aggregate)));
    json_object_set_new(object, "dataset", json_text_or_null(metric->dataset));
    json_object_set_new(object, "expression", json_text_or_null(metric->expression));
    json_object_set_new(object, "conditions", json_words(metric->conditions));
    if (metric->aggregate == AGGREGATE_PERCENTILE)
      json_object_set_new(object, "percentile", json_real(metric->percentile));
  } else {
    json_object_set_new(object, "numerator", json_text_or_null(metric->numerator));
    json_object_set_new(object, "denominator", json_text_or_null(metric->denominator));
  }
  json_object_set_new(object, "negate", json_boolean(metric->negate));
  json_object_set_new(object, "additivity", json_string(additivity_name(metric->additivity)));
  json_object_set_new(object, "unit", json_text_or_null(metric->unit));
  json_object_set_new(object, "lower_is_better", json_boolean(metric->lower_is_better));
  json_object_set_new(object, "is_money", json_boolean(metric->is_money));
  json_object_set_new(object, "entity", json_text_or_null(metric->entity));
  return object;
}

static json_t *condition_to_json(const Condition *condition) {
  return json_pack("{s:s, s:o, s:o, s:o, s:o}", "name", condition->name, "label", json_text_or_null(condition->label),
                   "synonyms", json_words(condition->synonyms), "dataset", json_text_or_null(condition->dataset),
                   "expression", json_text_or_null(condition->expression));
}

static json_t *relationship_to_json(const Relationship *relationship) {
  return json_pack("{s:s, s:o, s:o, s:o, s:o}", "name", relationship->name, "from_dataset",
                   json_text_or_null(relationship->from_dataset), "from_fields", json_words(relationship->from_fields),
                   "to_dataset", json_text_or_null(relationship->to_dataset), "to_fields",
                   json_words(relationship->to_fields));
}

static json_t *hierarchy_to_json(const Hierarchy *hierarchy) {
  return json_pack("{s:s, s:o, s:o}", "name", hierarchy->name, "dataset", json_text_or_null(hierarchy->dataset),
                   "levels", json_words(hierarchy->levels));
}

typedef json_t *(*ElementToJson)(gconstpointer element);

static json_t *array_to_json(const GPtrArray *elements, ElementToJson to_json) {
  json_t *array = json_array();
  for (guint i = 0; i < elements->len; i++) json_array_append_new(array, to_json(g_ptr_array_index(elements, i)));
  return array;
}

static json_t *dataset_element(gconstpointer element) {
  return dataset_to_json(element);
}
static json_t *entity_element(gconstpointer element) {
  return entity_to_json(element);
}
static json_t *metric_element(gconstpointer element) {
  return metric_to_json(element);
}
static json_t *condition_element(gconstpointer element) {
  return condition_to_json(element);
}
static json_t *relationship_element(gconstpointer element) {
  return relationship_to_json(element);
}
static json_t *rollup_element(gconstpointer element) {
  const Rollup *rollup = element;
  return json_pack("{s:s, s:o, s:s, s:o, s:o, s:o, s:o}", "name", rollup->name, "dataset", json_text_or_null(rollup->dataset), "grain",
                   time_unit_name(rollup->grain), "dimensions", json_words(rollup->dimensions), "metrics",
                   json_words(rollup->metrics), "estimates", json_words(rollup->estimates), "refresh", json_text_or_null(rollup->refresh));
}

static json_t *hierarchy_element(gconstpointer element) {
  return hierarchy_to_json(element);
}

json_t *model_content_to_json(const Model *model) {
  json_t *object = json_object();
  json_object_set_new(object, "name", json_text_or_null(model->name));
  json_object_set_new(object, "default_metric", json_text_or_null(model->default_metric));
  json_object_set_new(object, "default_dataset", json_text_or_null(model->default_dataset));
  json_object_set_new(object, "currency", json_text_or_null(model->currency));
  json_object_set_new(object, "calendar",
                      json_pack("{s:i, s:i, s:b}", "week_start", model->calendar.week_start, "fiscal_start_month",
                                model->calendar.fiscal_start_month, "fiscal_named_by_end",
                                model->calendar.fiscal_named_by_end));
  json_object_set_new(object, "datasets", array_to_json(model->datasets, dataset_element));
  json_object_set_new(object, "entities", array_to_json(model->entities, entity_element));
  json_object_set_new(object, "metrics", array_to_json(model->metrics, metric_element));
  json_object_set_new(object, "conditions", array_to_json(model->conditions, condition_element));
  json_object_set_new(object, "relationships", array_to_json(model->relationships, relationship_element));
  if (model->rollups->len > 0) json_object_set_new(object, "rollups", array_to_json(model->rollups, rollup_element));
  json_object_set_new(object, "hierarchies", array_to_json(model->hierarchies, hierarchy_element));
  return object;
}

char *model_compute_hash(const Model *model) {
  g_autoptr(json_t) content = model_content_to_json(model);
  g_autofree char *canonical = json_to_text(content, JSON_SORTED);
  return g_compute_checksum_for_string(G_CHECKSUM_SHA256, canonical, -1);
}

json_t *model_to_json(const Model *model) {
  json_t *object = model_content_to_json(model);
  json_object_set_new(object, "hash", json_text_or_null(model->hash));
  return object;
}
