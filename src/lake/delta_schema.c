#include "lake/delta_schema.h"
#include <stdio.h>
#include <string.h>

#define MAX_COLUMNS 10000

static const char *delta_type_of(FieldType type) {
  switch (type) {
  case FIELD_INTEGER: return "long";
  case FIELD_DECIMAL: return "decimal(18,4)";
  case FIELD_DOUBLE: return "double";
  case FIELD_BOOLEAN: return "boolean";
  case FIELD_DATE: return "date";
  case FIELD_TIMESTAMP: return "timestamp_ntz";
  case FIELD_TEXT:
  case FIELD_TIME: break;
  }
  return "string";
}

/* FALSE for types that are not supported. */
static gboolean take_type(DeltaColumn *column, const char *type) {
  static const struct {
    const char *name;
    FieldType type;
  } types[] = {
      {"string", FIELD_TEXT},       {"long", FIELD_INTEGER},        {"integer", FIELD_INTEGER},
      {"short", FIELD_INTEGER},     {"byte", FIELD_INTEGER},        {"double", FIELD_DOUBLE},
      {"float", FIELD_DOUBLE},      {"boolean", FIELD_BOOLEAN},     {"date", FIELD_DATE},
      {"timestamp", FIELD_TIMESTAMP}, {"timestamp_ntz", FIELD_TIMESTAMP},
  };
  column->delta_type = g_strdup(type);
  for (gsize i = 0; i < G_N_ELEMENTS(types); i++)
    if (!strcmp(type, types[i].name)) {
      column->type = types[i].type;
      return TRUE;
    }
  int end = 0;
  column->type = FIELD_DECIMAL;
  if (sscanf(type, "decimal(%2d,%2d)%n", &column->precision, &column->scale, &end) != 2 || type[end]) return FALSE;
  return column->precision >= 1 && column->precision <= 38 && column->scale >= 0 && column->scale <= column->precision;
}

/* {"expression":{"expression":"x > 3"}} in a text. (transfer full) */
static char *invariant_of(const json_t *metadata) {
  const char *text = json_get_string(metadata, "delta.invariants");
  g_autoptr(json_t) parsed = text ? json_parse(text, strlen(text), NULL) : NULL;
  return g_strdup(json_get_string(json_object_get(parsed, "expression"), "expression"));
}

/* What a column's metadata holds beside what is understood here. (transfer full) */
static char *metadata_of_others(const json_t *metadata) {
  g_autoptr(json_t) others = json_object();
  const char *key;
  json_t *value;
  json_object_foreach ((json_t *)metadata, key, value)
    if (!g_str_has_prefix(key, "aisle.") && !g_str_has_prefix(key, "delta.columnMapping.") && strcmp(key, "delta.invariants"))
      json_object_set(others, key, value);
  return json_object_size(others) > 0 ? json_to_text(others, JSON_PLAIN) : NULL;
}

static DeltaColumn *column_of(const json_t *field, GError **error) {
  const char *name = json_get_string(field, "name"), *type = json_get_string(field, "type");
  if (!name || !*name || strlen(name) > 1000) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_CORRUPT, "a column has no name, or one that is too long");
    return NULL;
  }
  DeltaColumn *column = g_new0(DeltaColumn, 1);
  column->name = g_strdup(name);
  if (!type || !take_type(column, type)) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_UNSUPPORTED, "column %s has the type %s, which is not supported", name,
                type ? type : "(nested)");
    delta_column_free(column);
    return NULL;
  }
  const json_t *metadata = json_object_get(field, "metadata");
  const char *own = json_get_string(metadata, "aisle.type");
  if (own && !strcmp(own, "time") && column->type == FIELD_TEXT) column->type = FIELD_TIME;
  column->label = g_strdup(json_get_string(metadata, "aisle.label"));
  column->required = !json_get_bool(field, "nullable", TRUE);
  column->invariant = invariant_of(metadata);
  const char *stored = json_get_string(metadata, "aisle.stored");
  column->stored = g_strdup(stored ? stored : json_get_string(metadata, "delta.columnMapping.physicalName"));
  column->others = metadata_of_others(metadata);
  column->generated = json_object_get(metadata, "delta.generationExpression") != NULL ||
                      json_object_get(metadata, "delta.identity.start") != NULL;
  return column;
}

GPtrArray *delta_schema_parse(const char *schema, GError **error) {
  g_autoptr(json_t) root = json_parse(schema, strlen(schema), error);
  if (!root) return NULL;
  const json_t *fields = json_object_get(root, "fields");
  if (!json_is_array(fields) || json_array_size(fields) > MAX_COLUMNS) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_CORRUPT, "the schema has no list of columns, or too many");
    return NULL;
  }
  g_autoptr(GPtrArray) columns = g_ptr_array_new_with_free_func((GDestroyNotify)delta_column_free);
  g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  size_t i;
  json_t *field;
  json_array_foreach (fields, i, field) {
    DeltaColumn *column = column_of(field, error);
    if (!column) return NULL;
    g_ptr_array_add(columns, column);
    if (g_hash_table_add(seen, g_ascii_strdown(column->name, -1))) continue;
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_CORRUPT, "the column %s occurs twice", column->name);
    return NULL;
  }
  return g_steal_pointer(&columns);
}

json_t *delta_schema_to_json(const GPtrArray *columns) {
  json_t *fields = json_array();
  for (guint i = 0; i < columns->len; i++) {
    const DeltaColumn *column = columns->pdata[i];
    json_t *metadata = column->others ? json_parse(column->others, strlen(column->others), NULL) : json_object();
    if (column->label) json_object_set_new(metadata, "aisle.label", json_string(column->label));
    if (column->stored) json_object_set_new(metadata, "aisle.stored", json_string(column->stored));
    if (column->type == FIELD_TIME) json_object_set_new(metadata, "aisle.type", json_string("time"));
    if (column->invariant) {
      g_autoptr(json_t) invariant = json_pack("{s:{s:s}}", "expression", "expression", column->invariant);
      g_autofree char *text = json_to_text(invariant, JSON_PLAIN);
      json_object_set_new(metadata, "delta.invariants", json_string(text));
    }
    json_array_append_new(fields, json_pack("{s:s, s:s, s:b, s:o}", "name", column->name, "type", column->delta_type,
                                            "nullable", !column->required, "metadata", metadata));
  }
  return json_pack("{s:s, s:o}", "type", "struct", "fields", fields);
}

gboolean delta_columns_have_timestamp(const GPtrArray *columns) {
  for (guint i = 0; i < columns->len; i++)
    if (!strcmp(((const DeltaColumn *)columns->pdata[i])->delta_type, "timestamp_ntz")) return TRUE;
  return FALSE;
}

DeltaColumn *delta_column_new(const char *name, const char *label, FieldType type) {
  DeltaColumn *column = g_new0(DeltaColumn, 1);
  column->name = g_strdup(name);
  column->label = g_strdup(label);
  column->type = type;
  column->delta_type = g_strdup(delta_type_of(type));
  if (type == FIELD_DECIMAL) {
    column->precision = 18;
    column->scale = 4;
  }
  return column;
}

DeltaColumn *delta_column_copy(const DeltaColumn *column) {
  DeltaColumn *copy = g_new0(DeltaColumn, 1);
  *copy = *column;
  copy->name = g_strdup(column->name);
  copy->label = g_strdup(column->label);
  copy->delta_type = g_strdup(column->delta_type);
  copy->invariant = g_strdup(column->invariant);
  copy->stored = g_strdup(column->stored);
  copy->others = g_strdup(column->others);
  return copy;
}

void delta_column_free(DeltaColumn *column) {
  if (!column) return;
  g_free(column->name);
  g_free(column->label);
  g_free(column->delta_type);
  g_free(column->invariant);
  g_free(column->stored);
  g_free(column->others);
  g_free(column);
}

GPtrArray *delta_columns_copy(const GPtrArray *columns) {
  GPtrArray *copy = g_ptr_array_new_with_free_func((GDestroyNotify)delta_column_free);
  for (guint i = 0; i < columns->len; i++) g_ptr_array_add(copy, delta_column_copy(columns->pdata[i]));
  return copy;
}
