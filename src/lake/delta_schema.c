#include "lake/delta_schema.h"
#include <string.h>

static const char *delta_type(FieldType type) {
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

static gboolean field_type_of(const char *type, FieldType *out) {
  static const struct {
    const char *name;
    FieldType type;
  } types[] = {
      {"string", FIELD_TEXT},
      {"long", FIELD_INTEGER},
      {"integer", FIELD_INTEGER},
      {"short", FIELD_INTEGER},
      {"byte", FIELD_INTEGER},
      {"double", FIELD_DOUBLE},
      {"float", FIELD_DOUBLE},
      {"boolean", FIELD_BOOLEAN},
      {"date", FIELD_DATE},
      {"timestamp", FIELD_TIMESTAMP},
      {"timestamp_ntz", FIELD_TIMESTAMP},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(types); i++)
    if (!strcmp(type, types[i].name)) {
      *out = types[i].type;
      return TRUE;
    }
  *out = FIELD_DECIMAL;
  return g_str_has_prefix(type, "decimal(");
}

json_t *delta_schema_to_json(const GPtrArray *columns) {
  json_t *fields = json_array();
  for (guint i = 0; i < columns->len; i++) {
    const DeltaColumn *column = columns->pdata[i];
    json_t *metadata = json_object();
    if (column->label) json_object_set_new(metadata, "aisle.label", json_string(column->label));
    if (column->type == FIELD_TIME) json_object_set_new(metadata, "aisle.type", json_string("time"));
    json_array_append_new(fields, json_pack("{s:s, s:s, s:b, s:o}", "name", column->name, "type",
                                            delta_type(column->type), "nullable", TRUE, "metadata", metadata));
  }
  return json_pack("{s:s, s:o}", "type", "struct", "fields", fields);
}

GPtrArray *delta_schema_parse(const char *schema, GError **error) {
  g_autoptr(json_t) root = json_parse(schema, strlen(schema), error);
  if (!root) return NULL;
  g_autoptr(GPtrArray) columns = g_ptr_array_new_with_free_func((GDestroyNotify)delta_column_free);
  size_t i;
  json_t *field;
  json_array_foreach (json_object_get(root, "fields"), i, field) {
    const char *name = json_get_string(field, "name"), *type = json_get_string(field, "type");
    FieldType field_type = FIELD_TEXT;
    if (!name || !type || !field_type_of(type, &field_type)) {
      g_set_error(error, AISLE_ERROR, AISLE_ERROR_UNSUPPORTED, "column %s has the type %s, which is not supported",
                  name ? name : "?", type ? type : "(nested)");
      return NULL;
    }
    json_t *metadata = json_object_get(field, "metadata");
    const char *own = json_get_string(metadata, "aisle.type");
    if (own && !strcmp(own, "time")) field_type = FIELD_TIME;
    g_ptr_array_add(columns, delta_column_new(name, json_get_string(metadata, "aisle.label"), field_type));
  }
  return g_steal_pointer(&columns);
}

gboolean delta_columns_have_timestamp(const GPtrArray *columns) {
  for (guint i = 0; i < columns->len; i++)
    if (((const DeltaColumn *)columns->pdata[i])->type == FIELD_TIMESTAMP) return TRUE;
  return FALSE;
}

DeltaColumn *delta_column_new(const char *name, const char *label, FieldType type) {
  DeltaColumn *column = g_new0(DeltaColumn, 1);
  column->name = g_strdup(name);
  column->label = g_strdup(label);
  column->type = type;
  return column;
}

void delta_column_free(DeltaColumn *column) {
  if (!column) return;
  g_free(column->name);
  g_free(column->label);
  g_free(column);
}
