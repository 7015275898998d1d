#include "lake/delta_replay.h"
#include "lake/delta_schema.h"
#include "lake/delta_vector.h"
#include "lake/registry.h"
#include <string.h>

/* Of conditions that leave out deleted rows, in one question over the whole table. */
#define MAX_VECTOR_SQL (32 << 20)

void delta_replay_init(DeltaReplay *replay, DeltaTable *table) {
  memset(replay, 0, sizeof *replay);
  replay->table = table;
  replay->live = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)delta_file_free);
  replay->tombstones = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)delta_tombstone_free);
  replay->vectors = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)json_decref);
  replay->waiting = g_ptr_array_new_with_free_func((GDestroyNotify)json_decref);
  replay->where = table->location;
}

void delta_replay_clear(DeltaReplay *replay) {
  g_clear_pointer(&replay->waiting, g_ptr_array_unref);
  g_clear_pointer(&replay->live, g_hash_table_unref);
  g_clear_pointer(&replay->tombstones, g_hash_table_unref);
  g_clear_pointer(&replay->vectors, g_hash_table_unref);
  g_clear_pointer(&replay->partition_keys, g_strfreev);
  g_clear_pointer(&replay->protocol, json_decref);
  g_clear_pointer(&replay->metadata, json_decref);
}

/* Each part of the path is a plain name. */
static gboolean is_within(const char *path) {
  if (!*path || g_path_is_absolute(path) || strstr(path, "://") || !text_is_valid(path, strlen(path))) return FALSE;
  g_auto(GStrv) parts = g_strsplit(path, "/", -1);
  for (char **part = parts; *part; part++)
    if (!**part || !strcmp(*part, ".") || !strcmp(*part, "..")) return FALSE;
  return TRUE;
}

/* "/data/…", "file:/…", "s3://…": such names stand in shallow clones. */
static gboolean is_absolute(const char *uri) {
  g_autofree char *scheme = g_uri_parse_scheme(uri);
  return *uri == '/' || (scheme && uri[strlen(scheme) + 1] == '/');
}

char *delta_action_path(const json_t *action, const char *where, GError **error) {
  const char *uri = json_get_string(action, "path");
  if (uri && is_absolute(uri)) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_UNSUPPORTED, "%s: the table names the file %s by an absolute path, as shallow "
                "clones do, which is not supported; make a copy that holds its own files (in Spark: DEEP CLONE)", where, uri);
    return NULL;
  }
  g_autofree char *path = uri ? g_uri_unescape_string(uri, NULL) : NULL;
  if (path && is_within(path)) return g_steal_pointer(&path);
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_CORRUPT, "%s: the file path \"%s\" is not one within the table", where,
              uri ? uri : "");
  return NULL;
}

/* Path and deletion vector together name a logical file. (transfer full) */
static char *logical_key(const json_t *action, const char *path) {
  g_autofree char *vector = delta_vector_key(json_object_get(action, "deletionVector"));
  return vector ? g_strconcat(path, "\x1f", vector, NULL) : g_strdup(path);
}

/* "stats" is JSON text; a checkpoint may hold it as a structure instead. (transfer full) */
static char *statistics_of(const json_t *add) {
  const char *text = json_get_string(add, "stats");
  const json_t *parsed = json_object_get(add, "stats_parsed");
  if (text) return g_strdup(text);
  return json_is_object(parsed) ? json_to_text(parsed, JSON_PLAIN) : NULL;
}

DeltaFile *delta_action_file(const json_t *add, char **partition_columns, const char *where, GError **error) {
  g_autofree char *path = delta_action_path(add, where, error);
  if (!path) return NULL;
  DeltaFile *file = g_new0(DeltaFile, 1);
  file->path = g_steal_pointer(&path);
  file->bytes = MAX(json_get_int(add, "size", 0), 0);
  file->rows = -1;
  file->modified_ms = json_get_int(add, "modificationTime", 0);
  file->statistics = statistics_of(add);
  file->layout = g_strdup(json_get_string(json_object_get(add, "tags"), DELTA_LAYOUT_TAG));
  const json_t *values = json_object_get(add, "partitionValues");
  file->n_partition_values = partition_columns ? g_strv_length(partition_columns) : 0;
  file->partition_values = g_new0(char *, file->n_partition_values + 1);
  for (guint i = 0; i < file->n_partition_values; i++) {
    const char *value = json_get_string(values, partition_columns[i]);
    /* an empty text stands for NULL */
    file->partition_values[i] = value && *value ? g_strdup(value) : NULL;
  }
  return file;
}

static gboolean apply_add(DeltaReplay *replay, json_t *add, GError **error) {
  if (!replay->metadata) { /* partition columns are not known yet */
    g_ptr_array_add(replay->waiting, json_incref(add));
    return TRUE;
  }
  g_autofree char *path = delta_action_path(add, replay->where, error);
  if (!path) return FALSE;
  g_autofree char *key = logical_key(add, path);
  json_t *vector = json_object_get(add, "deletionVector");
  if (json_is_object(vector)) g_hash_table_replace(replay->vectors, g_strdup(key), json_incref(vector));
  g_hash_table_remove(replay->tombstones, key);
  DeltaFile *file = delta_action_file(add, replay->partition_keys, replay->where, error);
  if (!file) return FALSE;
  g_hash_table_replace(replay->live, g_steal_pointer(&key), file);
  return TRUE;
}

static gboolean apply_remove(DeltaReplay *replay, const json_t *removed, GError **error) {
  g_autofree char *path = delta_action_path(removed, replay->where, error);
  if (!path) return FALSE;
  g_autofree char *key = logical_key(removed, path);
  g_hash_table_remove(replay->vectors, key);
  g_hash_table_remove(replay->live, key);
  DeltaTombstone *tombstone = g_new0(DeltaTombstone, 1);
  tombstone->path = g_steal_pointer(&path);
  tombstone->vector_path = delta_vector_path(json_object_get(removed, "deletionVector"));
  tombstone->deleted_ms = json_get_int(removed, "deletionTimestamp", 0);
  tombstone->bytes = json_get_int(removed, "size", -1);
  g_hash_table_replace(replay->tombstones, g_steal_pointer(&key), tombstone);
  return TRUE;
}

static char **strings_of(const json_t *array) {
  GPtrArray *out = g_ptr_array_new();
  size_t i;
  json_t *item;
  json_array_foreach (array, i, item)
    if (json_is_string(item)) g_ptr_array_add(out, g_strdup(json_string_value(item)));
  g_ptr_array_add(out, NULL);
  return (char **)g_ptr_array_free(out, FALSE);
}

/* With column mapping, actions name partition columns as files would. (transfer full) */
static char **partition_keys_of(const json_t *metadata, char **partition_columns) {
  const char *mode = json_get_string(json_object_get(metadata, "configuration"), "delta.columnMapping.mode");
  const char *schema = json_get_string(metadata, "schemaString");
  char **keys = g_strdupv(partition_columns);
  g_autoptr(GPtrArray) columns = schema && !g_strcmp0(mode, "name") ? delta_schema_parse(schema, NULL) : NULL;
  for (guint i = 0; columns && i < columns->len; i++) {
    const DeltaColumn *column = columns->pdata[i];
    for (char **key = keys; column->stored && *key; key++)
      if (!strcmp(*key, column->name)) {
        g_free(*key);
        *key = g_strdup(column->stored);
        break;
      }
  }
  return keys;
}

static gboolean apply_metadata(DeltaReplay *replay, json_t *metadata, GError **error) {
  json_incref(metadata);
  g_clear_pointer(&replay->metadata, json_decref);
  replay->metadata = metadata;
  g_strfreev(replay->table->partition_columns);
  replay->table->partition_columns = strings_of(json_object_get(metadata, "partitionColumns"));
  g_strfreev(replay->partition_keys);
  replay->partition_keys = partition_keys_of(metadata, replay->table->partition_columns);
  for (guint i = 0; i < replay->waiting->len; i++)
    if (!apply_add(replay, replay->waiting->pdata[i], error)) return FALSE;
  g_ptr_array_set_size(replay->waiting, 0);
  return TRUE;
}

gboolean delta_replay_action(const json_t *action, gpointer data, GError **error) {
  DeltaReplay *replay = data;
  json_t *part;
  if (json_is_object(part = json_object_get(action, "protocol"))) {
    json_incref(part);
    g_clear_pointer(&replay->protocol, json_decref);
    replay->protocol = part;
    return TRUE;
  }
  if (json_is_object(part = json_object_get(action, "metaData"))) return apply_metadata(replay, part, error);
  if (json_is_object(part = json_object_get(action, "add"))) return apply_add(replay, part, error);
  if (json_is_object(part = json_object_get(action, "remove"))) return apply_remove(replay, part, error);
  if (json_is_object(part = json_object_get(action, "txn")) && json_get_string(part, "appId")) {
    gint64 *version = g_new(gint64, 1);
    *version = json_get_int(part, "version", 0);
    g_hash_table_replace(replay->table->identities, g_strdup(json_get_string(part, "appId")), version);
  }
  return TRUE; /* commitInfo, cdc, domainMetadata and the like do not change what is there */
}

/* ---- the end ---- */

static void take_protocol(DeltaTable *table, const json_t *protocol) {
  table->reader_version = json_get_int(protocol, "minReaderVersion", 1);
  table->writer_version = json_get_int(protocol, "minWriterVersion", 2);
  g_strfreev(table->reader_features);
  g_strfreev(table->writer_features);
  table->reader_features = strings_of(json_object_get(protocol, "readerFeatures"));
  table->writer_features = strings_of(json_object_get(protocol, "writerFeatures"));
}

static gboolean take_metadata(DeltaTable *table, const json_t *metadata, const char *where, GError **error) {
  const char *schema = json_get_string(metadata, "schemaString");
  if (!schema) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_CORRUPT, "%s: the Delta log describes no columns", where);
    return FALSE;
  }
  const char *provider = json_get_string(json_object_get(metadata, "format"), "provider");
  if (provider && strcmp(provider, "parquet")) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_UNSUPPORTED, "%s: files of the format \"%s\" are not supported", where,
                provider);
    return FALSE;
  }
  table->columns = delta_schema_parse(schema, error);
  if (!table->columns) {
    g_prefix_error(error, "%s: ", where);
    return FALSE;
  }
  table->id = g_strdup(json_get_string(metadata, "id"));
  table->name = g_strdup(json_get_string(metadata, "name"));
  table->description = g_strdup(json_get_string(metadata, "description"));
  table->schema = g_strdup(schema);
  table->created_ms = json_get_int(metadata, "createdTime", 0);
  const char *name;
  json_t *value;
  json_t *configuration = json_object_get(metadata, "configuration");
  json_object_foreach (configuration, name, value)
    if (json_is_string(value))
      g_hash_table_replace(table->configuration, g_strdup(name), g_strdup(json_string_value(value)));
  for (char **column = table->partition_columns; *column; column++) {
    if (delta_table_column(table, *column)) continue;
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_CORRUPT, "%s: there is no partition column %s", where, *column);
    return FALSE;
  }
  return TRUE;
}

static gint compare_files(gconstpointer a, gconstpointer b) {
  const DeltaFile *one = *(DeltaFile *const *)a, *other = *(DeltaFile *const *)b;
  int order = strcmp(one->path, other->path);
  return order ? order : g_strcmp0(one->vector ? one->vector->key : NULL, other->vector ? other->vector->key : NULL);
}
static gint compare_tombstones(gconstpointer a, gconstpointer b) {
  return strcmp((*(DeltaTombstone *const *)a)->path, (*(DeltaTombstone *const *)b)->path);
}

static void move_values(GHashTable *from, GPtrArray *to) {
  GHashTableIter iter;
  gpointer key, value;
  g_hash_table_iter_init(&iter, from);
  while (g_hash_table_iter_next(&iter, &key, &value)) {
    g_ptr_array_add(to, value);
    g_hash_table_iter_steal(&iter);
    g_free(key);
  }
}

static gboolean read_vectors(DeltaReplay *replay, GError **error) {
  gsize length = 0;
  GHashTableIter iter;
  gpointer key, descriptor;
  g_hash_table_iter_init(&iter, replay->vectors);
  while (g_hash_table_iter_next(&iter, &key, &descriptor)) {
    DeltaFile *file = g_hash_table_lookup(replay->live, key);
    if (!file) continue;
    file->vector = delta_vector_read(descriptor, replay->table->store, DEADLINE_NEVER, error);
    if (!file->vector) {
      g_prefix_error(error, "%s: %s: ", replay->where, file->path);
      return FALSE;
    }
    length += delta_vector_condition_length(file->vector);
    if (length <= MAX_VECTOR_SQL) continue;
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_UNSUPPORTED,
                "%s: the deletion vectors of %u files are too many to be read; in Spark, run REORG TABLE … APPLY (PURGE) first",
                replay->where, g_hash_table_size(replay->vectors));
    return FALSE;
  }
  return TRUE;
}

/* Without column mapping the other names that a schema may hold mean nothing; our own ("aisle.stored") do. */
static void leave_names_alone(DeltaTable *table) {
  if (delta_protocol_maps_columns(table) || g_hash_table_contains(table->configuration, EXTERNAL_SETTING)) return;
  for (guint i = 0; i < table->columns->len; i++)
    g_clear_pointer(&((DeltaColumn *)table->columns->pdata[i])->stored, g_free);
}

gboolean delta_replay_finish(DeltaReplay *replay, GError **error) {
  DeltaTable *table = replay->table;
  take_protocol(table, replay->protocol);
  if (!take_metadata(table, replay->metadata, replay->where, error)) return FALSE;
  if (!delta_protocol_check_read(table, error)) return FALSE;
  if (!read_vectors(replay, error)) return FALSE;
  leave_names_alone(table);
  move_values(replay->live, table->files);
  move_values(replay->tombstones, table->tombstones);
  g_ptr_array_sort(table->files, compare_files);
  g_ptr_array_sort(table->tombstones, compare_tombstones);
  guint partitions = g_strv_length(table->partition_columns);
  for (guint i = 0; i < table->files->len; i++) {
    DeltaFile *file = table->files->pdata[i];
    if (file->n_partition_values != partitions) {
      g_set_error(error, AISLE_ERROR, AISLE_ERROR_CORRUPT, "%s: the file %s was added before the table was described",
                  replay->where, file->path);
      return FALSE;
    }
    delta_file_read_bounds(table, file);
  }
  return TRUE;
}
