/* Checkpoints: the state of a version as one Parquet file, so that a reader need not replay every commit. */
#include "base/disk.h"
#include "lake/delta_commit.h"
#include "lake/delta_actions.h"
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

/* How long tombstones stay in checkpoints, so that other writers' vacuum knows them: Delta's own default, a week. */
#define TOMBSTONE_MS (G_GINT64_CONSTANT(7) * 24 * 3600 * 1000)
#define BATCH_ROWS 100000

/* ---- engines and files on this machine ---- */

static Engine *engine_or_own(Engine *engine, GError **error) {
  if (engine) return engine_ref(engine);
  EngineOptions options = {.threads = 1, .max_connections = 2};
  return engine_open_duckdb(&options, error);
}

/* A scratch folder that goes with the scope. */
typedef struct {
  char *path;
} ScratchFolder;
static void scratch_folder_clear(ScratchFolder *folder) {
  if (folder->path) disk_remove_tree(folder->path);
  g_free(folder->path);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ScratchFolder, scratch_folder_clear)

static gboolean scratch_folder_make(ScratchFolder *folder, GError **error) {
  folder->path = g_dir_make_tmp("aisle-checkpoint-XXXXXX", NULL);
  if (!folder->path) g_set_error(error, AISLE_ERROR, AISLE_ERROR_IO, "cannot make a temporary folder; look at TMPDIR");
  return folder->path != NULL;
}

/* Where the engine can read an object: the file itself, or a copy in `scratch`. (transfer full) */
static char *local_path(ObjectStore *store, const char *key, const ScratchFolder *scratch, GError **error) {
  const char *folder = object_store_folder(store);
  if (folder) return g_build_filename(folder, key, NULL);
  g_autoptr(GBytes) bytes = object_get(store, key, DELTA_COMMIT_MAX_BYTES, NULL, DEADLINE_NEVER, error);
  if (!bytes) return NULL;
  g_autofree char *name = g_path_get_basename(key);
  g_autofree char *path = g_build_filename(scratch->path, name, NULL);
  gsize length;
  const char *data = g_bytes_get_data(bytes, &length);
  g_autoptr(GError) failing = NULL;
  if (g_file_set_contents(path, data, (gssize)length, &failing)) return g_steal_pointer(&path);
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_IO, "cannot keep a checkpoint for reading: %s", failing->message);
  return NULL;
}

/* ---- reading ---- */

static gboolean replay_rows(DeltaReplay *replay, const ResultTable *rows, GError **error) {
  for (gsize i = 0; i < rows->n_rows; i++) {
    const char *text = result_table_at(rows, i, 0)->text;
    g_autoptr(json_t) action = text ? json_parse(text, strlen(text), error) : NULL;
    if (!action && text) return FALSE;
    if (action && json_is_object(action) && !delta_replay_action(action, replay, error)) return FALSE;
  }
  return TRUE;
}

/* `what` ("metaData IS NOT NULL" ...) of one file, in batches by row number so that no result grows without bound. */
static gboolean replay_part(DeltaReplay *replay, Engine *engine, const char *path, GError **error) {
  g_autofree char *quoted = text_sql_quote(path);
  for (gint64 from = 0;; from += BATCH_ROWS) {
    g_autofree char *sql = g_strdup_printf(
        "SELECT CAST(to_json(c) AS VARCHAR) FROM (SELECT * EXCLUDE (file_row_number) FROM read_parquet(%s, "
        "file_row_number=true, hive_partitioning=false) WHERE file_row_number >= %" G_GINT64_FORMAT
        " AND file_row_number < %" G_GINT64_FORMAT ") c",
        quoted, from, from + BATCH_ROWS);
    g_autoptr(ResultTable) rows = engine_query(engine, sql, NULL, 0, DEADLINE_NEVER, error);
    if (!rows || !replay_rows(replay, rows, error)) {
      if (error && *error && (*error)->code == AISLE_ERROR_ENGINE) (*error)->code = AISLE_ERROR_CORRUPT;
      return FALSE;
    }
    if (rows->n_rows < BATCH_ROWS) return TRUE;
  }
}

gboolean delta_checkpoint_replay(DeltaReplay *replay, ObjectStore *store, const DeltaCheckpointName *name, Engine *engine,
                                 GError **error) {
  g_auto(ScratchFolder) scratch = {NULL};
  g_autoptr(Engine) using = engine_or_own(engine, error);
  if (!using || !scratch_folder_make(&scratch, error)) return FALSE;
  for (guint part = 1; part <= MAX(name->parts, 1); part++) {
    g_autofree char *key = delta_log_checkpoint_key(name, part);
    g_autofree char *path = local_path(store, key, &scratch, error);
    if (!path) return FALSE;
    replay->where = key;
    gboolean ok = replay_part(replay, using, path, error);
    replay->where = replay->table->location;
    if (!ok) {
      g_prefix_error(error, "%s: ", key);
      return FALSE;
    }
  }
  return TRUE;
}

/* ---- writing ---- */

static void append_line(GString *out, json_t *action) {
  json_append(out, action, JSON_PLAIN);
  g_string_append_c(out, '\n');
  json_decref(action);
}

static void append_protocol(GString *out, const DeltaTable *table) {
  json_t *protocol = json_pack("{s:I, s:I}", "minReaderVersion", (json_int_t)table->reader_version, "minWriterVersion",
                               (json_int_t)table->writer_version);
  if (table->reader_version >= 3) json_object_set_new(protocol, "readerFeatures", delta_strings_to_json(table->reader_features));
  if (table->writer_version >= 7) json_object_set_new(protocol, "writerFeatures", delta_strings_to_json(table->writer_features));
  append_line(out, json_pack("{s:o}", "protocol", protocol));
}

static void append_metadata(GString *out, const DeltaTable *table) {
  append_line(out, json_pack("{s:o}", "metaData", delta_metadata_to_json(table, table->id, table->schema, table->configuration,
                                                                         table->created_ms)));
}

static void append_identities(GString *out, const DeltaTable *table) {
  g_autoptr(GList) names = g_list_sort(g_hash_table_get_keys(table->identities), (GCompareFunc)strcmp);
  for (GList *name = names; name; name = name->next)
    append_line(out, json_pack("{s:{s:s, s:I}}", "txn", "appId", name->data, "version",
                               (json_int_t) * (const gint64 *)g_hash_table_lookup(table->identities, name->data)));
}

static void append_tombstone(GString *out, const DeltaTombstone *tombstone) {
  g_autofree char *uri = g_uri_escape_string(tombstone->path, "/=", FALSE);
  json_t *removed = json_pack("{s:s, s:I, s:b}", "path", uri, "deletionTimestamp", (json_int_t)tombstone->deleted_ms,
                              "dataChange", FALSE);
  if (tombstone->bytes >= 0) json_object_set_new(removed, "size", json_integer(tombstone->bytes));
  append_line(out, json_pack("{s:o}", "remove", removed));
}

/* All actions of the version as lines of JSON; *count: how many. */
static gboolean write_actions(const DeltaTable *table, const char *path, gint64 *count, GError **error) {
  g_autoptr(DiskWriter) writer = disk_writer_new(path, FALSE, error);
  if (!writer) return FALSE;
  g_autoptr(GString) text = g_string_new(NULL);
  append_protocol(text, table);
  append_metadata(text, table);
  append_identities(text, table);
  *count = 2 + (gint64)g_hash_table_size(table->identities);
  gint64 oldest = g_get_real_time() / 1000 - TOMBSTONE_MS;
  for (guint i = 0; i < table->tombstones->len; i++) {
    const DeltaTombstone *tombstone = table->tombstones->pdata[i];
    if (tombstone->deleted_ms < oldest) continue;
    append_tombstone(text, tombstone);
    ++*count;
  }
  for (guint i = 0; i < table->files->len; i++) {
    append_line(text, json_pack("{s:o}", "add", delta_file_to_json(table, table->files->pdata[i], FALSE)));
    ++*count;
    disk_writer_add(writer, text->str, text->len);
    g_string_truncate(text, 0);
  }
  disk_writer_add(writer, text->str, text->len);
  return disk_writer_close(g_steal_pointer(&writer), error);
}

static gboolean convert(Engine *engine, const char *lines, const char *parquet, GError **error) {
  g_autofree char *from = text_sql_quote(lines), *to = text_sql_quote(parquet);
  g_autofree char *sql = g_strdup_printf(
      "COPY (SELECT txn, add, remove, metaData, protocol FROM read_json(%s, format='newline_delimited', "
      "maximum_object_size=536870912, columns={"
      "txn: 'STRUCT(appId VARCHAR, \"version\" BIGINT, lastUpdated BIGINT)', "
      "add: 'STRUCT(path VARCHAR, partitionValues MAP(VARCHAR, VARCHAR), size BIGINT, modificationTime BIGINT, dataChange "
      "BOOLEAN, tags MAP(VARCHAR, VARCHAR), stats VARCHAR, "
      "deletionVector STRUCT(storageType VARCHAR, pathOrInlineDv VARCHAR, \"offset\" INTEGER, sizeInBytes INTEGER, cardinality "
      "BIGINT))', "
      "remove: 'STRUCT(path VARCHAR, deletionTimestamp BIGINT, dataChange BOOLEAN, extendedFileMetadata BOOLEAN, "
      "partitionValues MAP(VARCHAR, VARCHAR), size BIGINT)', "
      "metaData: 'STRUCT(id VARCHAR, \"name\" VARCHAR, description VARCHAR, format STRUCT(provider VARCHAR, options "
      "MAP(VARCHAR, VARCHAR)), schemaString VARCHAR, partitionColumns VARCHAR[], createdTime BIGINT, configuration "
      "MAP(VARCHAR, VARCHAR))', "
      "protocol: 'STRUCT(minReaderVersion INTEGER, minWriterVersion INTEGER, readerFeatures VARCHAR[], writerFeatures "
      "VARCHAR[])'})) TO %s (FORMAT parquet, COMPRESSION zstd)",
      from, to);
  return engine_execute(engine, sql, DEADLINE_NEVER, error);
}

/* Moves _last_checkpoint forward; it may already be further. */
static gboolean point_at(const DeltaTable *table, gint64 count, GError **error) {
  if (delta_log_last_checkpoint(table->store) >= table->version) return TRUE;
  g_autofree char *text = g_strdup_printf("{\"version\":%" G_GINT64_FORMAT ",\"size\":%" G_GINT64_FORMAT "}\n",
                                          table->version, count);
  return object_put(table->store, DELTA_LAST_CHECKPOINT, text, strlen(text), DEADLINE_NEVER, error);
}

gboolean delta_checkpoint_write(const DeltaTable *table, Engine *engine, GError **error) {
  if (!delta_protocol_check_write(table, FALSE, error)) return FALSE;
  g_auto(ScratchFolder) scratch = {NULL};
  g_autoptr(Engine) using = engine_or_own(engine, error);
  if (!using || !scratch_folder_make(&scratch, error)) return FALSE;
  g_autofree char *lines = g_build_filename(scratch.path, "actions.json", NULL);
  g_autofree char *parquet = g_build_filename(scratch.path, "checkpoint.parquet", NULL);
  gint64 count = 0;
  if (!write_actions(table, lines, &count, error) || !convert(using, lines, parquet, error)) return FALSE;
  DeltaCheckpointName name = {table->version, 0, 0};
  g_autofree char *key = delta_log_checkpoint_key(&name, 1);
  return object_put_file(table->store, key, parquet, DEADLINE_NEVER, error) && point_at(table, count, error);
}
