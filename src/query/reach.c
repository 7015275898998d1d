/*
 * What a dataset can see without multiplying its rows: its own fields, those of datasets it leads to many-to-one, and
 * fields of other datasets that mean the same as one of those (both point to the same key, or share name and type).
 */
#include "query/compiler.h"

static gboolean leads_to(const Model *model, const char *from, const char *to) {
  if (g_str_equal(from, to)) return TRUE;
  g_autoptr(GPtrArray) path = model_join_path(model, from, to);
  return path != NULL;
}

static const char *single(char **names) {
  return names && names[0] && !names[1] ? names[0] : NULL;
}

/* The key that a field refers to, when it is the many side of a relationship of one field. */
const Field *reach_referenced_key(const Model *model, const Field *field) {
  for (guint i = 0; i < model->relationships->len; i++) {
    const Relationship *relationship = model->relationships->pdata[i];
    if (g_strcmp0(relationship->from_dataset, field->dataset) == 0 &&
        g_strcmp0(single(relationship->from_fields), field->name) == 0 && single(relationship->to_fields)) {
      const Dataset *to = model_find_dataset(model, relationship->to_dataset);
      return to ? dataset_find_field(to, relationship->to_fields[0]) : NULL;
    }
  }
  return NULL;
}

/* The field by which a dataset itself refers to a key of another one. */
static const Field *referring_field(const Model *model, const Dataset *dataset, const Field *key) {
  for (guint i = 0; i < model->relationships->len; i++) {
    const Relationship *relationship = model->relationships->pdata[i];
    if (g_strcmp0(relationship->from_dataset, dataset->name) == 0 &&
        g_strcmp0(relationship->to_dataset, key->dataset) == 0 &&
        g_strcmp0(single(relationship->to_fields), key->name) == 0 && single(relationship->from_fields))
      return dataset_find_field(dataset, relationship->from_fields[0]);
  }
  return NULL;
}

gboolean reach_conditions(const Model *model, const Dataset *dataset, char **names) {
  for (guint i = 0; names && names[i]; i++) {
    const Condition *condition = model_find_condition(model, names[i] + (names[i][0] == '!'));
    g_autoptr(GPtrArray) path = condition ? model_join_path(model, dataset->name, condition->dataset) : NULL;
    if (!path) return FALSE; /* an empty path: its own */
  }
  return TRUE;
}

const Field *reach_field(const Model *model, const Dataset *dataset, const Field *field) {
  if (dataset->rollup) return rollup_reach_field(model, dataset, field);
  if (g_strcmp0(field->dataset, dataset->name) == 0) return field;
  const Field *key = reach_referenced_key(model, field);
  if (!key) key = field;
  const Field *own = referring_field(model, dataset, key);
  if (own) return own;
  if (leads_to(model, dataset->name, field->dataset)) return field;
  if (key != field && leads_to(model, dataset->name, key->dataset)) return key;
  const Field *namesake = dataset_find_field(dataset, field->name);
  if (namesake && namesake->type == field->type && namesake->role == field->role && field->role != FIELD_ROLE_MEASURE)
    return namesake;
  for (guint i = 0; i < model->datasets->len && field->role != FIELD_ROLE_MEASURE;
       i++) { /* budget.category, by way of products.category */
    const Dataset *other = model->datasets->pdata[i];
    const Field *conformed = other != dataset ? dataset_find_field(other, field->name) : NULL;
    if (conformed && conformed->type == field->type && conformed->role == field->role && !other->is_fact &&
        leads_to(model, dataset->name, other->name))
      return conformed;
  }
  return NULL;
}

const Field *reach_default_date(const Model *model, const Dataset *dataset) {
  if (dataset->default_date) return dataset_find_field(dataset, dataset->default_date);
  const Field *nearest = NULL;
  guint distance = G_MAXUINT, first = G_MAXUINT, at = 0;
  for (guint i = 0; i < model->datasets->len; i++) {
    const Dataset *other = model->datasets->pdata[i];
    if (!other->default_date || other == dataset) continue;
    g_autoptr(GPtrArray) path = model_join_path(model, dataset->name, other->name);
    if (!path || !g_ptr_array_find(model->relationships, path->pdata[0], &at)) continue;
    if (path->len > distance || (path->len == distance && at > first)) continue;
    distance = path->len; /* of equally near ones, the join that stands first: the order before its payment */
    first = at;
    nearest = dataset_find_field(other, other->default_date);
  }
  return nearest;
}

const Field *reach_entity_key(const Model *model, const Entity *entity) {
  const Dataset *dataset = model_find_dataset(model, entity->dataset);
  if (!dataset) return NULL;
  const char *key = entity->key ? entity->key : single(dataset->primary_key);
  return key ? dataset_find_field(dataset, key) : NULL;
}

static gboolean reaches_all(const Model *model, const Dataset *dataset, const GPtrArray *fields) {
  for (guint i = 0; i < fields->len; i++)
    if (!reach_field(model, dataset, fields->pdata[i])) return FALSE;
  return TRUE;
}

const Dataset *reach_common_dataset(const Model *model, const GPtrArray *fields) {
  for (guint i = 0; i < fields->len; i++) {
    const Dataset *own = model_find_dataset(model, ((const Field *)fields->pdata[i])->dataset);
    if (own && reaches_all(model, own, fields)) return own;
  }
  const Dataset *preferred = model->default_dataset ? model_find_dataset(model, model->default_dataset) : NULL;
  if (preferred && reaches_all(model, preferred, fields)) return preferred;
  for (guint i = 0; i < model->datasets->len; i++)
    if (reaches_all(model, model->datasets->pdata[i], fields)) return model->datasets->pdata[i];
  return NULL;
}

/* Lines and payments of orders: each happened when what it leads to did, or at a date of its own. */
static gboolean belongs_to_event(const Model *model, const Dataset *dataset, const char *event) {
  g_autoptr(GPtrArray) path = model_join_path(model, dataset->name, event);
  if (!path || !path->len) return FALSE;
  const Relationship *first = path->pdata[0];
  gboolean is_one_to_one = dataset->primary_key[0] && !dataset->primary_key[1] && first->from_fields[0] && !first->from_fields[1] &&
                           g_str_equal(first->from_fields[0], dataset->primary_key[0]);
  return dataset->is_fact || is_one_to_one;
}

/* Orders have their own dates even where order lines lead to them. */
gboolean reach_holds_events(const Model *model, const Dataset *dataset) {
  for (guint i = 0; i < model->entities->len; i++) {
    const Entity *entity = model->entities->pdata[i];
    const Field *key = entity->is_event ? reach_entity_key(model, entity) : NULL;
    const Field *referenced = key ? reach_referenced_key(model, key) : NULL;
    if (key && (g_str_equal(key->dataset, dataset->name) || (referenced && g_str_equal(referenced->dataset, dataset->name)) ||
                belongs_to_event(model, dataset, key->dataset)))
      return TRUE;
  }
  return FALSE;
}
