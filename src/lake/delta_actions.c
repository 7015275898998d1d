/* Actions as JSON. */
#include "lake/delta_actions.h"
#include "lake/delta_schema.h"
#include "lake/delta_vector.h"
#include "lake/registry.h"
#include <string.h>

json_t *delta_file_to_json(const DeltaTable *table, const DeltaFile *file, gboolean data_change) {
  /* add.path is a URI: everything but unreserved characters, '/' and '=' is escaped */
  g_autofree char *uri = g_uri_escape_string(file->path, "/=", FALSE);
  json_t *values = json_object();
  for (guint i = 0; i < file->n_partition_values && table->partition_columns[i]; i++)
    json_object_set_new(values, table->partition_columns[i],
                        file->partition_values[i] ? json_string(file->partition_values[i]) : json_null());
  json_t *add = json_pack("{s:s, s:o, s:I, s:I, s:b}", "path", uri, "partitionValues", values, "size",
                          (json_int_t)file->bytes, "modificationTime", (json_int_t)file->modified_ms, "dataChange", data_change);
  if (file->statistics) json_object_set_new(add, "stats", json_string(file->statistics));
  if (file->vector) json_object_set_new(add, "deletionVector", delta_vector_to_json(file->vector));
  if (file->layout) json_object_set_new(add, "tags", json_pack("{s:s}", DELTA_LAYOUT_TAG, file->layout));
  return add;
}

json_t *delta_remove_to_json(const DeltaTable *table, const DeltaFile *file, gboolean data_change, gint64 now_ms) {
  g_autofree char *uri = g_uri_escape_string(file->path, "/=", FALSE);
  json_t *values = json_object();
  for (guint i = 0; i < file->n_partition_values && table->partition_columns[i]; i++)
    json_object_set_new(values, table->partition_columns[i],
                        file->partition_values[i] ? json_string(file->partition_values[i]) : json_null());
  json_t *removed = json_pack("{s:s, s:I, s:b, s:b, s:o, s:I}", "path", uri, "deletionTimestamp", (json_int_t)now_ms, "dataChange",
                   data_change, "extendedFileMetadata", TRUE, "partitionValues", values, "size", (json_int_t)file->bytes);
  if (file->vector) json_object_set_new(removed, "deletionVector", delta_vector_to_json(file->vector));
  return removed;
}

json_t *delta_strings_to_json(char **strings) {
  json_t *array = json_array();
  for (; strings && *strings; strings++) json_array_append_new(array, json_string(*strings));
  return array;
}

json_t *delta_metadata_to_json(const DeltaTable *table, const char *id, const char *schema, GHashTable *configuration,
                               gint64 created_ms) {
  json_t *settings = json_object();
  GHashTableIter iter;
  gpointer key, value;
  if (configuration) {
    g_hash_table_iter_init(&iter, configuration);
    while (g_hash_table_iter_next(&iter, &key, &value)) json_object_set_new(settings, key, json_string(value));
  }
  json_t *metadata = json_pack("{s:s, s:{s:s, s:{}}, s:s, s:o, s:o, s:I}", "id", id ? id : "", "format", "provider", "parquet",
                               "options", "schemaString", schema, "partitionColumns",
                               delta_strings_to_json(table->partition_columns), "configuration", settings, "createdTime",
                               (json_int_t)created_ms);
  if (table->name) json_object_set_new(metadata, "name", json_string(table->name));
  if (table->description) json_object_set_new(metadata, "description", json_string(table->description));
  return metadata;
}

/* ---- protocol ---- */

static gboolean has_constraint(GHashTable *configuration) {
  GHashTableIter iter;
  gpointer key;
  if (!configuration) return FALSE;
  g_hash_table_iter_init(&iter, configuration);
  while (g_hash_table_iter_next(&iter, &key, NULL))
    if (g_str_has_prefix(key, "delta.constraints.")) return TRUE;
  return FALSE;
}

static gboolean has_invariant(const GPtrArray *columns) {
  for (guint i = 0; i < columns->len; i++) {
    const DeltaColumn *column = columns->pdata[i];
    if (column->required || column->invariant) return TRUE;
  }
  return FALSE;
}

static gboolean add_feature(json_t *features, const char *name) {
  size_t i;
  json_t *known;
  json_array_foreach (features, i, known)
    if (!g_strcmp0(json_string_value(known), name)) return FALSE;
  json_array_append_new(features, json_string(name));
  return TRUE;
}

/* What the numbered versions before table features meant. */
static void add_features_of_versions(const DeltaTable *base, json_t *readers, json_t *writers) {
  static const struct {
    gint64 version;
    const char *name;
  } legacy[] = {{3, "checkConstraints"}, {4, "changeDataFeed"}, {4, "generatedColumns"}, {5, "columnMapping"}};
  if (base->writer_version >= 7) return;
  if (base->version >= 0) {
    add_feature(writers, "appendOnly");
    add_feature(writers, "invariants");
  }
  for (gsize i = 0; i < G_N_ELEMENTS(legacy); i++)
    if (base->writer_version >= legacy[i].version) add_feature(writers, legacy[i].name);
  if (base->reader_version == 2) add_feature(readers, "columnMapping");
}

json_t *delta_protocol_to_json(const DeltaTable *base, const GPtrArray *columns, GHashTable *configuration) {
  gboolean zoneless = delta_columns_have_timestamp(columns), constraint = has_constraint(configuration);
  /* Vectors are kept in tables of the registry alone; elsewhere the setting is another writer's, and no file of ours has one. */
  gboolean vectors = configuration && g_hash_table_contains(configuration, EXTERNAL_SETTING) &&
                     !g_strcmp0(g_hash_table_lookup(configuration, DELTA_VECTORS_SETTING), "true");
  gint64 reader = MAX(base->reader_version, 1), writer = MAX(base->writer_version, 2);
  gboolean changed = base->version < 0;
  if (!zoneless && !vectors && writer < 7) {
    if (constraint && writer < 3) {
      writer = 3;
      changed = TRUE;
    }
    return changed ? json_pack("{s:I, s:I}", "minReaderVersion", (json_int_t)reader, "minWriterVersion", (json_int_t)writer)
                   : NULL;
  }
  g_autoptr(json_t) readers = delta_strings_to_json(base->reader_features);
  g_autoptr(json_t) writers = delta_strings_to_json(base->writer_features);
  changed = changed || writer < 7 || ((zoneless || vectors) && reader < 3);
  add_features_of_versions(base, readers, writers);
  if (zoneless) {
    changed = add_feature(readers, "timestampNtz") || changed;
    changed = add_feature(writers, "timestampNtz") || changed;
    reader = 3;
  }
  if (vectors) {
    changed = add_feature(readers, "deletionVectors") || changed;
    changed = add_feature(writers, "deletionVectors") || changed;
    reader = 3;
  }
  if (constraint) changed = add_feature(writers, "checkConstraints") || changed;
  if (has_invariant(columns)) changed = add_feature(writers, "invariants") || changed;
  if (!changed) return NULL;
  json_t *protocol = json_pack("{s:I, s:i}", "minReaderVersion", (json_int_t)reader, "minWriterVersion", 7);
  if (reader >= 3) json_object_set(protocol, "readerFeatures", readers);
  json_object_set(protocol, "writerFeatures", writers);
  return protocol;
}
