/* Replaying a Delta log. */
#include "lake/delta.h"
#include "lake/delta_schema.h"
#include <stdlib.h>
#include <string.h>

/* Deletion vectors, column mapping and other reader features change what the files mean: tables with one that is not
 * in this list are refused. */
#define DELTA_READER_VERSION 3
#define DELTA_SUPPORTED_FEATURES "timestampNtz"
#define LOG_FOLDER "_delta_log"
#define VERSION_DIGITS 20

void delta_file_free(DeltaFile *file) {
  if (!file) return;
  g_free(file->path);
  g_free(file->statistics);
  g_strfreev(file->partition_values);
  g_free(file->layout);
  g_free(file);
}

DeltaTable *delta_table_ref(DeltaTable *table) {
  g_atomic_int_inc(&table->references);
  return table;
}

void delta_table_unref(DeltaTable *table) {
  if (!table || !g_atomic_int_dec_and_test(&table->references)) return;
  g_free(table->location);
  g_free(table->id);
  g_free(table->schema);
  g_clear_pointer(&table->columns, g_ptr_array_unref);
  g_clear_pointer(&table->files, g_ptr_array_unref);
  g_clear_pointer(&table->identities, g_hash_table_unref);
  g_free(table);
}

/* "00000000000000000012.json" -> 12; -1 for other names. */
static gint64 commit_version(const char *name, const char *suffix) {
  if (strlen(name) != VERSION_DIGITS + strlen(suffix) || strcmp(name + VERSION_DIGITS, suffix)) return -1;
  gint64 version = 0;
  for (int i = 0; i < VERSION_DIGITS; i++) {
    if (!g_ascii_isdigit(name[i]) || version > G_MAXINT64 / 10 - 1) return -1;
    version = version * 10 + (name[i] - '0');
  }
  return version;
}

/* Versions of the commits there are, and the newest checkpoint not after `limit` (-1: any). */
static gboolean list_log(const char *folder, gint64 limit, GArray *commits, gint64 *checkpoint, GError **error) {
  g_autofree char *log = g_build_filename(folder, LOG_FOLDER, NULL);
  g_autoptr(GDir) listing = g_dir_open(log, 0, NULL);
  if (!listing) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND, "%s is not a Delta table: it has no %s folder", folder,
                LOG_FOLDER);
    return FALSE;
  }
  *checkpoint = -1;
  const char *name;
  while ((name = g_dir_read_name(listing))) {
    gint64 version = commit_version(name, ".json");
    if (version >= 0) g_array_append_val(commits, version);
    gint64 at = commit_version(name, ".checkpoint.parquet");
    if (at >= 0 && (limit < 0 || at <= limit)) *checkpoint = MAX(*checkpoint, at);
  }
  return TRUE;
}

static gint compare_versions(gconstpointer a, gconstpointer b) {
  gint64 x = *(const gint64 *)a, y = *(const gint64 *)b;
  return x < y ? -1 : x > y;
}

gint64 delta_newest_version(const char *folder, GError **error) {
  g_autoptr(GArray) commits = g_array_new(FALSE, FALSE, sizeof(gint64));
  gint64 newest;
  if (!list_log(folder, -1, commits, &newest, error)) return -1;
  for (guint i = 0; i < commits->len; i++) newest = MAX(newest, g_array_index(commits, gint64, i));
  if (newest < 0) g_set_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND, "%s has an empty Delta log", folder);
  return newest;
}

/* ---- actions ---- */

/* State while replaying. */
typedef struct {
  DeltaTable *table;
  GHashTable *live;  /* decoded path -> DeltaFile* */
  const char *where; /* file being read, for errors */
} Replay;

static gboolean apply_protocol(const Replay *replay, const json_t *protocol, GError **error) {
  gint64 reader = json_get_int(protocol, "minReaderVersion", 1);
  if (reader > DELTA_READER_VERSION || reader == 2) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_UNSUPPORTED,
                "%s: the table needs reader version %" G_GINT64_FORMAT "%s, which is not supported", replay->where,
                reader, reader == 2 ? " (column mapping)" : "");
    return FALSE;
  }
  size_t i;
  json_t *feature;
  json_array_foreach (json_object_get(protocol, "readerFeatures"), i, feature) {
    const char *name = json_string_value(feature);
    if (!name || strcmp(name, DELTA_SUPPORTED_FEATURES)) {
      g_set_error(error, AISLE_ERROR, AISLE_ERROR_UNSUPPORTED,
                  "%s: the table uses the feature \"%s\", which is not supported", replay->where, name ? name : "?");
      return FALSE;
    }
  }
  return TRUE;
}

static gboolean apply_metadata(const Replay *replay, const json_t *metadata, GError **error) {
  const char *schema = json_get_string(metadata, "schemaString");
  g_autoptr(GPtrArray) columns = schema ? delta_schema_parse(schema, error) : NULL;
  if (!columns) {
    if (!schema)
      g_set_error(error, AISLE_ERROR, AISLE_ERROR_CORRUPT, "%s: metaData without a schema", replay->where);
    else
      g_prefix_error(error, "%s: ", replay->where);
    return FALSE;
  }
  if (json_array_size(json_object_get(metadata, "partitionColumns")) > 0) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_UNSUPPORTED, "%s: partitioned tables are not supported", replay->where);
    return FALSE;
  }
  DeltaTable *table = replay->table;
  g_free(table->id);
  table->id = g_strdup(json_get_string(metadata, "id"));
  g_free(table->schema);
  table->schema = g_strdup(schema);
  g_clear_pointer(&table->columns, g_ptr_array_unref);
  table->columns = g_steal_pointer(&columns);
  return TRUE;
}

/* Paths in the log are URIs; they must stay within the table's folder. */
static char *decode_path(const Replay *replay, const json_t *action, GError **error) {
  const char *uri = json_get_string(action, "path");
  g_autofree char *path = uri ? g_uri_unescape_string(uri, NULL) : NULL;
  gboolean bad = !path || !*path || g_path_is_absolute(path) || strstr(path, "..") || strstr(path, "://");
  if (bad) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_CORRUPT, "%s: the file path \"%s\" is not one within the table",
                replay->where, uri ? uri : "");
    return NULL;
  }
  return g_steal_pointer(&path);
}

static gboolean apply_add(const Replay *replay, const json_t *add, GError **error) {
  g_autofree char *path = decode_path(replay, add, error);
  if (!path) return FALSE;
  if (json_is_object(json_object_get(add, "deletionVector"))) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_UNSUPPORTED,
                "%s: the table uses deletion vectors, which are not supported", replay->where);
    return FALSE;
  }
  DeltaFile *file = g_new0(DeltaFile, 1);
  file->path = g_strdup(path);
  file->bytes = json_get_int(add, "size", 0);
  file->rows = -1;
  file->statistics = g_strdup(json_get_string(add, "stats"));
  if (file->statistics) {
    g_autoptr(json_t) statistics = json_parse(file->statistics, strlen(file->statistics), NULL);
    file->rows = json_get_int(statistics, "numRecords", -1);
  }
  g_hash_table_replace(replay->live, g_steal_pointer(&path), file);
  return TRUE;
}

static gboolean apply_action(const Replay *replay, const json_t *action, GError **error) {
  json_t *part;
  if (json_is_object(part = json_object_get(action, "protocol"))) return apply_protocol(replay, part, error);
  if (json_is_object(part = json_object_get(action, "metaData"))) return apply_metadata(replay, part, error);
  if (json_is_object(part = json_object_get(action, "add"))) return apply_add(replay, part, error);
  if (json_is_object(part = json_object_get(action, "remove"))) {
    g_autofree char *path = decode_path(replay, part, error);
    if (path) g_hash_table_remove(replay->live, path);
    return path != NULL;
  }
  if (json_is_object(part = json_object_get(action, "txn")) && json_get_string(part, "appId")) {
    gint64 *version = g_new(gint64, 1);
    *version = json_get_int(part, "version", 0);
    g_hash_table_replace(replay->table->identities, g_strdup(json_get_string(part, "appId")), version);
  }
  return TRUE; /* commitInfo, cdc, domainMetadata and the like do not change what is there */
}

static gboolean replay_commit(Replay *replay, const char *folder, gint64 version, GError **error) {
  g_autofree char *name = g_strdup_printf("%0*" G_GINT64_FORMAT ".json", VERSION_DIGITS, version);
  g_autofree char *path = g_build_filename(folder, LOG_FOLDER, name, NULL);
  g_autofree char *text = NULL;
  gsize length;
  g_autoptr(GError) reading = NULL;
  if (!g_file_get_contents(path, &text, &length, &reading)) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_CORRUPT, "version %" G_GINT64_FORMAT " of %s cannot be read: %s",
                version, folder, reading->message);
    return FALSE;
  }
  replay->where = path;
  gboolean ok = TRUE;
  for (char *line = text; ok && line < text + length;) {
    char *end = memchr(line, '\n', (gsize)(text + length - line));
    if (!end) end = text + length;
    if (end > line) {
      g_autoptr(json_t) action = json_parse(line, (gsize)(end - line), error);
      ok = action && apply_action(replay, action, error);
      if (!action && error && *error) {
        (*error)->code = AISLE_ERROR_CORRUPT;
        g_prefix_error(error, "%s: ", path);
      }
    }
    line = end + 1;
  }
  replay->where = NULL;
  return ok;
}

/* A checkpoint is a Parquet file with one action a row; the engine turns each into JSON. */
static gboolean replay_checkpoint(Replay *replay, const char *folder, gint64 version, Engine *engine, GError **error) {
  g_autoptr(Engine) own = NULL;
  if (!engine) {
    EngineOptions options = {.threads = 1, .max_connections = 1};
    engine = own = engine_open_duckdb(&options, error);
    if (!engine) return FALSE;
  }
  g_autofree char *name = g_strdup_printf("%0*" G_GINT64_FORMAT ".checkpoint.parquet", VERSION_DIGITS, version);
  g_autofree char *path = g_build_filename(folder, LOG_FOLDER, name, NULL);
  g_autofree char *quoted = text_sql_quote(path);
  g_autofree char *sql = g_strdup_printf("SELECT CAST(to_json(c) AS VARCHAR) FROM read_parquet(%s) c", quoted);
  g_autoptr(ResultTable) rows = engine_query(engine, sql, NULL, 0, DEADLINE_NEVER, error);
  if (!rows) return FALSE;
  replay->where = path;
  for (gsize i = 0; i < rows->n_rows; i++) {
    const char *text = result_table_at(rows, i, 0)->text;
    g_autoptr(json_t) action = text ? json_parse(text, strlen(text), error) : NULL;
    if ((text && !action) || (action && !apply_action(replay, action, error))) return FALSE;
  }
  return TRUE;
}

static gint compare_files(gconstpointer a, gconstpointer b) {
  const DeltaFile *x = *(DeltaFile *const *)a, *y = *(DeltaFile *const *)b;
  return strcmp(x->path, y->path);
}

static gboolean replay_log(Replay *replay, const char *folder, gint64 version, Engine *engine, GError **error) {
  g_autoptr(GArray) commits = g_array_new(FALSE, FALSE, sizeof(gint64));
  gint64 checkpoint;
  if (!list_log(folder, version, commits, &checkpoint, error)) return FALSE;
  if (commits->len == 0 && checkpoint < 0) { /* a creation that never came to its commit */
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND, "%s has an empty Delta log", folder);
    return FALSE;
  }
  g_array_sort(commits, compare_versions);
  gint64 next = 0;
  gboolean from_start = commits->len > 0 && g_array_index(commits, gint64, 0) == 0;
  if (!from_start) {
    if (checkpoint < 0) {
      g_set_error(error, AISLE_ERROR, AISLE_ERROR_CORRUPT,
                  "%s: the Delta log neither starts at version 0 nor has a checkpoint", folder);
      return FALSE;
    }
    if (!replay_checkpoint(replay, folder, checkpoint, engine, error)) return FALSE;
    next = checkpoint + 1;
  }
  for (guint i = 0; i < commits->len; i++) {
    gint64 commit = g_array_index(commits, gint64, i);
    if (commit < next || (version >= 0 && commit > version)) continue;
    if (commit != next) {
      g_set_error(error, AISLE_ERROR, AISLE_ERROR_CORRUPT,
                  "%s: version %" G_GINT64_FORMAT " is missing in the Delta log", folder, next);
      return FALSE;
    }
    if (!replay_commit(replay, folder, commit, error)) return FALSE;
    next++;
  }
  replay->table->version = next - 1;
  if (version >= 0 && next - 1 != version) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND,
                "%s has no version %" G_GINT64_FORMAT "; the newest is %" G_GINT64_FORMAT, folder, version, next - 1);
    return FALSE;
  }
  return TRUE;
}

DeltaTable *delta_table_open(const char *folder, gint64 version, Engine *engine, GError **error) {
  g_autoptr(DeltaTable) table = g_new0(DeltaTable, 1);
  table->references = 1;
  table->location = g_strdup(folder);
  table->identities = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  table->files = g_ptr_array_new_with_free_func((GDestroyNotify)delta_file_free);
  g_autoptr(GHashTable) live = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)delta_file_free);
  Replay replay = {table, live, NULL};
  if (!replay_log(&replay, folder, version, engine, error)) return NULL;
  if (!table->columns) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_CORRUPT, "%s: the Delta log describes no columns", folder);
    return NULL;
  }
  GHashTableIter iter;
  gpointer key, file;
  g_hash_table_iter_init(&iter, live);
  while (g_hash_table_iter_next(&iter, &key, &file)) {
    g_ptr_array_add(table->files, file);
    g_hash_table_iter_steal(&iter);
    g_free(key);
  }
  g_ptr_array_sort(table->files, compare_files);
  return g_steal_pointer(&table);
}
