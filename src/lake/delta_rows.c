/* Rows of a SELECT as Parquet files of a table: by partition, sorted, of a sensible size, described and flushed. */
#include "lake/delta_rows.h"
#include "lake/registry.h"
#include "base/disk.h"
#include "lake/delta_replay.h"
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX_DIGITS 12
/* A partition's file may grow to so many targets before it is cut. */
#define SPLIT_FACTOR 2
#define MAX_DEPTH 64

/* One run of delta_write_rows. */
typedef struct {
  const DeltaTable *table;
  Engine *engine;
  const DeltaWriteOptions *options;
  char *folder;   /* on this machine: the table's own, or a staging one */
  char *prefix;   /* of the names of all files of this run */
  char *layout;
  gboolean staged;
  GPtrArray *files;
} Writing;

static void writing_clear(Writing *writing) {
  if (writing->staged && writing->folder) disk_remove_tree(writing->folder);
  g_free(writing->folder);
  g_free(writing->prefix);
  g_free(writing->layout);
  g_clear_pointer(&writing->files, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Writing, writing_clear)

gint64 delta_files_rows(const GPtrArray *files) {
  gint64 rows = 0;
  for (guint i = 0; i < files->len; i++) rows += MAX(((const DeltaFile *)files->pdata[i])->rows, 0);
  return rows;
}

/* ---- the statement ---- */

/* Names the query has. */
static GHashTable *columns_of_query(Engine *engine, const char *select, Deadline deadline, GError **error) {
  g_autofree char *sql = g_strdup_printf("DESCRIBE SELECT * FROM (%s)", select);
  g_autoptr(ResultTable) rows = engine_query(engine, sql, NULL, 0, deadline, error);
  if (!rows) return NULL;
  GHashTable *names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (gsize i = 0; i < rows->n_rows; i++) g_hash_table_add(names, g_strdup(result_table_at(rows, i, 0)->text));
  return names;
}

static gboolean is_partition(const DeltaTable *table, const char *name) {
  return g_strv_contains((const char *const *)table->partition_columns, name);
}

char *delta_typed_sql(const DeltaTable *table, Engine *engine, const char *select, Deadline deadline, GError **error) {
  g_autoptr(GHashTable) names = columns_of_query(engine, select, deadline, error);
  if (!names) return NULL;
  GString *sql = g_string_new("SELECT ");
  for (guint i = 0; i < table->columns->len; i++) {
    const DeltaColumn *column = table->columns->pdata[i];
    g_autofree char *type = delta_column_sql_type(column), *name = text_sql_identifier(column->name);
    gboolean given = g_hash_table_contains(names, column->name);
    /* Delta reads an empty partition value as NULL */
    gboolean no_empty = given && column->type == FIELD_TEXT && is_partition(table, column->name);
    g_string_append_printf(sql, no_empty ? "%sCAST(nullif(CAST(%s AS VARCHAR), '') AS %s) AS %s" : "%sCAST(%s AS %s) AS %s",
                           i ? ", " : "", given ? name : "NULL", type, name);
  }
  g_string_append_printf(sql, " FROM (%s) __rows", select);
  return g_string_free(sql, FALSE);
}

static void append_list(GString *sql, const char *const *names, const char *before) {
  for (guint i = 0; names && names[i]; i++) {
    g_autofree char *name = text_sql_identifier(names[i]);
    g_string_append_printf(sql, "%s%s", i ? ", " : before, name);
  }
}

static char *rows_sql(const Writing *writing, const char *select, GError **error) {
  g_autofree char *typed = delta_typed_sql(writing->table, writing->engine, select, writing->options->deadline, error);
  g_autofree char *constraints = NULL;
  if (!typed || !delta_constraints_sql(writing->table, writing->engine, &constraints, error)) return NULL;
  const char *const *cluster = writing->options->cluster_columns;
  for (guint i = 0; cluster && cluster[i]; i++)
    if (!delta_table_column(writing->table, cluster[i])) {
      g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "%s: there is no column %s to sort by",
                  writing->table->location, cluster[i]);
      return NULL;
    }
  GString *sql = g_string_new(NULL);
  g_string_append_printf(sql, "SELECT * FROM (%s) __typed", typed);
  if (constraints) g_string_append_printf(sql, " WHERE %s", constraints);
  if (cluster && cluster[0]) {
    append_list(sql, (const char *const *)writing->table->partition_columns, " ORDER BY ");
    append_list(sql, cluster, writing->table->partition_columns[0] ? ", " : " ORDER BY ");
  }
  return g_string_free(sql, FALSE);
}

static gint64 target_bytes(const Writing *writing) {
  return writing->options->target_file_bytes > 0 ? writing->options->target_file_bytes : DELTA_TARGET_FILE_BYTES;
}

static char *copy_sql(const Writing *writing, const char *rows, const char *folder, gboolean by_partition) {
  g_autofree char *target = text_sql_quote(folder);
  gint64 group = writing->options->row_group_rows > 0 ? writing->options->row_group_rows : DELTA_ROW_GROUP_ROWS;
  GString *sql = g_string_new(NULL);
  g_string_append_printf(sql,
                         "COPY (%s) TO %s (FORMAT parquet, COMPRESSION %s, ROW_GROUP_SIZE %" G_GINT64_FORMAT
                         ", FILENAME_PATTERN '%s-{uuidv7}', OVERWRITE_OR_IGNORE, RETURN_STATS",
                         rows, target, writing->options->compression ? writing->options->compression : "zstd", group, writing->prefix);
  if (by_partition) {
    append_list(sql, (const char *const *)writing->table->partition_columns, ", PARTITION_BY (");
    g_string_append(sql, "), WRITE_PARTITION_COLUMNS true)");
  } else {
    g_string_append_printf(sql, ", FILE_SIZE_BYTES %" G_GINT64_FORMAT ")", target_bytes(writing));
  }
  return g_string_free(sql, FALSE);
}

/* ---- what was written ---- */

static gint64 count_of(const Value *value) {
  return value->type == VALUE_INT ? value->integer : (gint64)value->number;
}

static json_t *object_of(const Value *value) {
  return value->type == VALUE_TEXT && value->text ? json_parse(value->text, strlen(value->text), NULL) : NULL;
}

/* As the protocol writes it: the engine ends moments with their zone's offset (always UTC here), which other readers refuse. */
static char *partition_value(const DeltaColumn *column, const char *value) {
  gboolean zoned = column && !strcmp(column->delta_type, "timestamp") && g_str_has_suffix(value, "+00");
  return g_strndup(value, strlen(value) - (zoned ? strlen("+00") : 0));
}

/* Partition keys come as a map whose names may be quoted as SQL identifiers. */
static void take_partition(const Writing *writing, const json_t *keys, DeltaFile *file) {
  char **columns = writing->table->partition_columns;
  file->n_partition_values = g_strv_length(columns);
  file->partition_values = g_new0(char *, file->n_partition_values + 1);
  for (guint i = 0; i < file->n_partition_values; i++) {
    g_autofree char *quoted = text_sql_identifier(columns[i]);
    const char *value = json_get_string(keys, columns[i]);
    if (!value) value = json_get_string(keys, quoted);
    if (value && *value) file->partition_values[i] = partition_value(delta_table_column(writing->table, columns[i]), value);
  }
}

/* One row of RETURN_STATS: path, rows, size, footer size, statistics, partition keys. NULL: no rows in it. */
static DeltaFile *file_of_row(const Writing *writing, const ResultTable *written, gsize row) {
  const char *path = result_table_at(written, row, 0)->text;
  gint64 rows = count_of(result_table_at(written, row, 1));
  if (rows == 0) {
    g_unlink(path);
    return NULL;
  }
  g_autoptr(json_t) measured = object_of(result_table_at(written, row, 4));
  g_autoptr(json_t) keys = object_of(result_table_at(written, row, 5));
  DeltaFile *file = g_new0(DeltaFile, 1);
  const char *relative = g_str_has_prefix(path, writing->folder) ? path + strlen(writing->folder) : path;
  while (*relative == '/') relative++;
  file->path = g_strdup(relative);
  file->rows = rows;
  file->bytes = count_of(result_table_at(written, row, 2));
  file->modified_ms = g_get_real_time() / 1000;
  file->layout = g_strdup(writing->layout);
  file->statistics = delta_statistics_text(writing->table, rows, measured);
  take_partition(writing, keys, file);
  return file;
}

static GPtrArray *run_copy(const Writing *writing, const char *sql, GError **error) {
  g_autoptr(GError) failing = NULL;
  g_autoptr(ResultTable) written = engine_query(writing->engine, sql, NULL, 0, writing->options->deadline, &failing);
  if (!written) {
    g_autofree char *broken = delta_constraint_broken(failing->message);
    if (broken)
      g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_INPUT, "%s: a row breaks the constraint %s; nothing was written",
                  writing->table->location, broken);
    else
      g_propagate_error(error, g_steal_pointer(&failing));
    return NULL;
  }
  GPtrArray *files = g_ptr_array_new_with_free_func((GDestroyNotify)delta_file_free);
  for (gsize i = 0; i < written->n_rows; i++) {
    DeltaFile *file = file_of_row(writing, written, i);
    if (file) g_ptr_array_add(files, file);
  }
  return files;
}

/* Cuts one file of a partition that grew too large. */
static gboolean split(Writing *writing, const DeltaFile *large, GPtrArray *out, GError **error) {
  g_autofree char *path = g_build_filename(writing->folder, large->path, NULL);
  g_autofree char *folder = g_path_get_dirname(path), *quoted = text_sql_quote(path);
  g_autofree char *rows = g_strdup_printf("SELECT * FROM read_parquet(%s, hive_partitioning=false)", quoted);
  g_autofree char *sql = copy_sql(writing, rows, folder, FALSE);
  g_autoptr(GPtrArray) parts = run_copy(writing, sql, error);
  if (!parts) return FALSE;
  for (guint i = 0; i < parts->len; i++) {
    DeltaFile *part = parts->pdata[i];
    for (guint p = 0; p < part->n_partition_values; p++) {
      g_free(part->partition_values[p]);
      part->partition_values[p] = g_strdup(large->partition_values[p]);
    }
  }
  g_ptr_array_extend_and_steal(out, g_steal_pointer(&parts));
  g_unlink(path);
  return TRUE;
}

static gboolean split_large(Writing *writing, GError **error) {
  g_autoptr(GPtrArray) sized = g_ptr_array_new_with_free_func((GDestroyNotify)delta_file_free);
  gint64 limit = SPLIT_FACTOR * target_bytes(writing);
  for (guint i = 0; i < writing->files->len; i++) {
    DeltaFile *file = writing->files->pdata[i];
    gboolean large = file->bytes > limit && file->rows > DELTA_ROW_GROUP_ROWS;
    if (large && !split(writing, file, sized, error)) return FALSE;
    if (large) continue;
    g_ptr_array_add(sized, file);
    writing->files->pdata[i] = NULL;
  }
  g_ptr_array_unref(writing->files);
  writing->files = g_steal_pointer(&sized);
  return TRUE;
}

/* ---- making it last ---- */

/* The files, and every folder from theirs up to the table's parent, which may be new. */
static gboolean flush_all(const Writing *writing, GError **error) {
  g_autoptr(GHashTable) folders = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  g_autofree char *above = g_path_get_dirname(writing->folder);
  for (guint i = 0; i < writing->files->len; i++) {
    g_autofree char *path = g_build_filename(writing->folder, ((const DeltaFile *)writing->files->pdata[i])->path, NULL);
    if (!disk_flush_file_alone(path, error)) return FALSE;
    char *folder = g_path_get_dirname(path);
    while (strlen(folder) > strlen(above) && g_hash_table_add(folders, folder)) folder = g_path_get_dirname(folder);
    if (strlen(folder) <= strlen(above)) g_free(folder);
  }
  if (writing->table->version < 0) g_hash_table_add(folders, g_strdup(above)); /* the table's folder may be new */
  GHashTableIter iter;
  gpointer folder;
  g_hash_table_iter_init(&iter, folders);
  while (g_hash_table_iter_next(&iter, &folder, NULL))
    if (!disk_flush_folder(folder, error)) return FALSE;
  return TRUE;
}

static gboolean upload_all(const Writing *writing, GError **error) {
  for (guint i = 0; i < writing->files->len; i++) {
    const DeltaFile *file = writing->files->pdata[i];
    g_autofree char *path = g_build_filename(writing->folder, file->path, NULL);
    if (!object_put_file(writing->table->store, file->path, path, writing->options->deadline, error)) return FALSE;
  }
  return TRUE;
}

/* Files of this run, whatever the engine left of them. */
static void remove_started(const char *folder, const char *prefix, int depth) {
  g_autoptr(GDir) listing = depth < MAX_DEPTH ? g_dir_open(folder, 0, NULL) : NULL;
  const char *name;
  while (listing && (name = g_dir_read_name(listing))) {
    g_autofree char *path = g_build_filename(folder, name, NULL);
    if (g_str_has_prefix(name, prefix) || (g_str_has_prefix(name, "tmp_") && g_str_has_prefix(name + 4, prefix)))
      g_unlink(path);
    else if (strchr(name, '=') && g_file_test(path, G_FILE_TEST_IS_DIR) && !g_file_test(path, G_FILE_TEST_IS_SYMLINK)) {
      remove_started(path, prefix, depth + 1);
      g_rmdir(path); /* only when it is empty */
    }
  }
}

void delta_discard_files(const DeltaTable *table, const GPtrArray *files) {
  for (guint i = 0; files && i < files->len; i++)
    object_delete(table->store, ((const DeltaFile *)files->pdata[i])->path, DEADLINE_NEVER, NULL);
}

/* ---- all of it ---- */

static gboolean prepare(Writing *writing, GError **error) {
  g_autofree char *id = g_uuid_string_random();
  writing->prefix = g_strdup_printf("part-%.8s", id);
  writing->layout = delta_columns_layout(writing->table->columns);
  const char *folder = object_store_folder(writing->table->store);
  if (folder) {
    writing->folder = g_strdup(folder);
    return disk_make_folder(folder, error);
  }
  writing->staged = TRUE;
  writing->folder = g_dir_make_tmp("aisle-upload-XXXXXX", NULL);
  if (!writing->folder) g_set_error(error, AISLE_ERROR, AISLE_ERROR_IO, "cannot make a folder for files on their way; look at TMPDIR");
  return writing->folder != NULL;
}

static gboolean write_all(Writing *writing, const char *select, GError **error) {
  g_autofree char *rows = rows_sql(writing, select, error);
  if (!rows) return FALSE;
  gboolean by_partition = writing->table->partition_columns[0] != NULL;
  g_autofree char *sql = copy_sql(writing, rows, writing->folder, by_partition);
  writing->files = run_copy(writing, sql, error);
  if (!writing->files || (by_partition && !split_large(writing, error))) return FALSE;
  return writing->staged ? upload_all(writing, error) : flush_all(writing, error);
}

GPtrArray *delta_write_rows(const DeltaTable *table, Engine *engine, const char *select, const DeltaWriteOptions *options,
                            GError **error) {
  static const DeltaWriteOptions defaults = {.deadline = {.at_us = G_MAXINT64}};
  g_auto(Writing) writing = {.table = table, .engine = engine, .options = options ? options : &defaults};
  if (g_hash_table_contains(table->configuration, EXTERNAL_SETTING)) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_UNSUPPORTED, "this table lies elsewhere and is only read here: change it where it lies");
    return NULL;
  }
  if (!prepare(&writing, error)) return NULL;
  if (write_all(&writing, select, error)) return g_steal_pointer(&writing.files);
  if (writing.staged) delta_discard_files(table, writing.files);
  else remove_started(writing.folder, writing.prefix, 0);
  return NULL;
}
