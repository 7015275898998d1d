/* The pass over the source, the buckets, the commit; each leaves a marker by which a killed load goes on. */
#include "lake/ingest_private.h"
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define TELL_EVERY_NS 250000000
#define HEAD_BYTES 65536

/* ---- markers ---- */

static char *marker_path(const IngestRun *run, const char *name) {
  return g_build_filename(run->work, name, NULL);
}

static json_t *read_marker(const IngestRun *run, const char *name) {
  g_autofree char *path = marker_path(run, name);
  return g_file_test(path, G_FILE_TEST_EXISTS) ? json_parse_file(path, NULL) : NULL;
}

static gboolean write_marker(const IngestRun *run, const char *name, json_t *marker, GError **error) {
  if (run->small) return TRUE;
  g_autofree char *path = marker_path(run, name), *text = json_to_text(marker, JSON_PLAIN);
  return disk_replace(path, text, strlen(text), error);
}

/* Another shape of the rows makes what was spilled useless. */
static char *shape_of(const IngestRun *run) {
  g_autoptr(GString) shape = g_string_new(NULL);
  for (guint i = 0; i < run->outputs->len; i++) {
    const IngestOutput *output = run->outputs->pdata[i];
    g_string_append_printf(shape, "%s %s %s;", output->name, output->source_type, output->sql_type);
  }
  g_string_append_printf(shape, "%u;%u", run->buckets, run->report->files_read);
  return g_compute_checksum_for_string(G_CHECKSUM_SHA256, shape->str, -1);
}

/* ---- the pass ---- */

static gboolean is_direct(const IngestRun *run) {
  for (guint i = 0; i < run->relations->len; i++)
    if (((ImportRelation *)run->relations->pdata[i])->direct) return TRUE;
  return FALSE;
}

static gint64 unreadable_rows(const IngestRun *run) {
  gint64 rows = 0;
  for (guint i = 0; i < run->relations->len; i++) rows += ((ImportRelation *)run->relations->pdata[i])->table->rejected_rows;
  return rows;
}

/* Tells how far the engine is while this thread waits for it. */
typedef struct {
  const IngestRun *run;
  gint64 rows; /* there are about; -1 unknown */
  pthread_mutex_t lock;
  pthread_cond_t ended;
  gboolean done;
} Watching;

/* Guessed from the length of the first lines of a text file. */
static gint64 about_rows(const IngestRun *run) {
  const IngestFile *file = run->files->pdata[0];
  g_autofree char *head = g_malloc(HEAD_BYTES);
  FILE *opened = fopen(file->path, "rbe");
  size_t n = opened ? fread(head, 1, HEAD_BYTES, opened) : 0, lines = 0;
  if (opened) fclose(opened);
  for (size_t i = 0; i < n; i++) lines += head[i] == '\n';
  gboolean is_text = source_kind_of(file->path, NULL) == SOURCE_TEXT && !memchr(head, 0, n);
  return is_text && lines > 1 ? (gint64)((double)run->bytes * (double)lines / (double)n) : -1;
}

static void *watch_pass(void *pointer) {
  Watching *watching = pointer;
  pthread_mutex_lock(&watching->lock);
  while (!watching->done) {
    struct timespec next;
    clock_gettime(CLOCK_REALTIME, &next);
    next.tv_nsec += TELL_EVERY_NS;
    next.tv_sec += next.tv_nsec / 1000000000;
    next.tv_nsec %= 1000000000;
    if (pthread_cond_timedwait(&watching->ended, &watching->lock, &next) != ETIMEDOUT) continue;
    double fraction = engine_progress(watching->run->engine);
    gint64 rows = fraction > 0 && watching->rows > 0 ? (gint64)(fraction * (double)watching->rows) : -1;
    ingest_tell(watching->run, "reading", fraction, rows);
  }
  pthread_mutex_unlock(&watching->lock);
  return NULL;
}

static ResultTable *query_watched(IngestRun *run, const char *sql, GError **error) {
  Watching watching = {.run = run, .rows = about_rows(run)};
  pthread_t thread;
  pthread_mutex_init(&watching.lock, NULL);
  pthread_cond_init(&watching.ended, NULL);
  /* A setting of the connection: the one that was used last is the next to be used. Without it the fraction is unknown. */
  engine_execute(run->engine, "SET enable_progress_bar = true; SET enable_progress_bar_print = false", run->options->deadline, NULL);
  gboolean started = run->options->progress && pthread_create(&thread, NULL, watch_pass, &watching) == 0;
  ResultTable *result = engine_query(run->engine, sql, NULL, 1, run->options->deadline, error);
  pthread_mutex_lock(&watching.lock);
  watching.done = TRUE;
  pthread_cond_signal(&watching.ended);
  pthread_mutex_unlock(&watching.lock);
  if (started) pthread_join(thread, NULL);
  pthread_cond_destroy(&watching.ended);
  pthread_mutex_destroy(&watching.lock);
  return result;
}

/* A few rows stay in the engine. */
static gboolean run_small_pass(IngestRun *run, gint64 *rows, GError **error) {
  g_autofree char *sql = ingest_pass_sql(run), *create = g_strdup_printf("CREATE OR REPLACE TABLE " INGEST_SMALL_TABLE " AS %s", sql);
  if (!engine_execute(run->engine, create, run->options->deadline, error)) return FALSE;
  g_autoptr(ResultTable) counted = engine_query(run->engine, "SELECT count(*) FROM " INGEST_SMALL_TABLE, NULL, 1, run->options->deadline, error);
  if (!counted) return FALSE;
  *rows = result_table_at(counted, 0, 0)->integer;
  return TRUE;
}

static gboolean run_pass(IngestRun *run, gint64 *rows, GError **error) {
  if (run->small) return run_small_pass(run, rows, error);
  g_autofree char *spill = g_build_filename(run->work, "spill", NULL), *sql = ingest_pass_sql(run);
  disk_remove_tree(spill);
  if (!disk_make_folder(spill, error)) return FALSE;
  g_autofree char *target = run->buckets > 1 ? g_strdup(spill) : g_build_filename(spill, "all.parquet", NULL);
  g_autofree char *quoted = text_sql_quote(target);
  g_autofree char *copy = g_strdup_printf("COPY (%s) TO %s (FORMAT parquet, COMPRESSION lz4_raw%s)", sql, quoted,
                                          run->buckets > 1 ? ", PARTITION_BY (__b), OVERWRITE_OR_IGNORE" : "");
  ingest_tell(run, "reading", -1, -1);
  g_autoptr(ResultTable) copied = query_watched(run, copy, error);
  if (!copied) return FALSE;
  *rows = copied->n_rows ? result_table_at(copied, 0, 0)->integer : 0;
  return TRUE;
}

/* Rules that do not fit their columns are found before anything is read. */
static gboolean check_pass(const IngestRun *run, GError **error) {
  g_autofree char *sql = ingest_pass_sql(run), *describe = g_strdup_printf("DESCRIBE %s", sql);
  g_autoptr(ResultTable) columns = engine_query(run->engine, describe, NULL, 0, run->options->deadline, error);
  if (columns) return TRUE;
  if (error && *error && (*error)->code == AISLE_ERROR_ENGINE) (*error)->code = AISLE_ERROR_BAD_INPUT;
  g_prefix_error(error, "%s: a rule does not fit its column: ", run->definition->file);
  return FALSE;
}

/* The parallel reader trusts samples; what contradicts them is read the long way. */
static gboolean pass_or_again(IngestRun *run, gint64 *rows, GError **error) {
  g_autoptr(GError) failing = NULL;
  if (!check_pass(run, error)) return FALSE;
  if (run_pass(run, rows, &failing)) return TRUE;
  if (!is_direct(run) || failing->code != AISLE_ERROR_ENGINE) {
    if (failing->code == AISLE_ERROR_ENGINE) failing->code = AISLE_ERROR_BAD_INPUT;
    g_propagate_prefixed_error(error, g_steal_pointer(&failing), "%s: ", run->definition->name);
    return FALSE;
  }
  if (!ingest_query_prepare(run, FALSE, error) || !ingest_columns_decide(run, error)) return FALSE;
  if (run_pass(run, rows, error)) return TRUE;
  if (error && *error && (*error)->code == AISLE_ERROR_ENGINE) (*error)->code = AISLE_ERROR_BAD_INPUT;
  g_prefix_error(error, "%s: ", run->definition->name);
  return FALSE;
}

gboolean ingest_pass(IngestRun *run, GError **error) {
  g_autofree char *shape = shape_of(run);
  g_autoptr(json_t) marker = read_marker(run, "spill.json");
  if (marker && !g_strcmp0(json_get_string(marker, "shape"), shape)) {
    run->report->rows_read = json_get_int(marker, "rows", 0);
    run->report->rows_unreadable = json_get_int(marker, "unreadable", 0);
    run->report->resumed = TRUE;
    ingest_step(run, "the source was read by a run before this one");
    return TRUE;
  }
  gint64 rows = 0;
  if (!pass_or_again(run, &rows, error)) return FALSE;
  run->report->rows_read = rows;
  run->report->rows_unreadable = unreadable_rows(run);
  g_autofree char *now = shape_of(run);
  g_autoptr(json_t) done = json_pack("{s:s, s:I, s:I}", "shape", now, "rows", (json_int_t)rows, "unreadable", (json_int_t)run->report->rows_unreadable);
  return write_marker(run, "spill.json", done, error);
}

/* ---- buckets ---- */

static json_t *file_to_json(const DeltaFile *file) {
  json_t *values = json_array();
  for (guint i = 0; i < file->n_partition_values; i++)
    json_array_append_new(values, file->partition_values[i] ? json_string(file->partition_values[i]) : json_null());
  return json_pack("{s:s, s:I, s:I, s:I, s:o, s:s?, s:s?}", "path", file->path, "bytes", (json_int_t)file->bytes, "rows", (json_int_t)file->rows,
                   "modified_ms", (json_int_t)file->modified_ms, "partition", values, "statistics", file->statistics, "layout", file->layout);
}

static DeltaFile *file_from_json(const json_t *json) {
  const json_t *values = json_object_get(json, "partition");
  DeltaFile *file = g_new0(DeltaFile, 1);
  file->path = g_strdup(json_get_string(json, "path"));
  file->bytes = json_get_int(json, "bytes", 0);
  file->rows = json_get_int(json, "rows", -1);
  file->modified_ms = json_get_int(json, "modified_ms", 0);
  file->n_partition_values = (guint)json_array_size(values);
  file->partition_values = g_new0(char *, file->n_partition_values + 1);
  for (guint i = 0; i < file->n_partition_values; i++) file->partition_values[i] = g_strdup(json_string_value(json_array_get(values, i)));
  file->statistics = g_strdup(json_get_string(json, "statistics"));
  file->layout = g_strdup(json_get_string(json, "layout"));
  return file;
}

/* Files of a bucket that an earlier run finished, over the same version of the table. */
static gboolean take_finished(IngestRun *run, const char *name) {
  g_autoptr(json_t) marker = read_marker(run, name);
  if (!marker || json_get_int(marker, "version", -2) != run->table->version) return FALSE;
  size_t i;
  json_t *file;
  json_array_foreach (json_object_get(marker, "files"), i, file) g_ptr_array_add(run->written, file_from_json(file));
  return TRUE;
}

static gboolean finish_bucket(IngestRun *run, const char *name, const GPtrArray *files, GError **error) {
  g_autoptr(json_t) list = json_array();
  for (guint i = 0; i < files->len; i++) json_array_append_new(list, file_to_json(files->pdata[i]));
  g_autoptr(json_t) marker = json_pack("{s:I, s:O}", "version", (json_int_t)run->table->version, "files", list);
  return write_marker(run, name, marker, error);
}

static gboolean find_repeated(IngestRun *run, gint bucket, GError **error) {
  if (!run->definition->keys[0]) return TRUE;
  g_autofree char *spilled = ingest_spilled_sql(run, bucket);
  g_autofree char *sql = g_strdup_printf("CREATE OR REPLACE TABLE ingest_repeated AS SELECT __h FROM %s WHERE (__q & %" G_GINT64_FORMAT
                                         ") = 0 GROUP BY __h HAVING count(*) > 1", spilled, ingest_action_mask(run, ON_QUARANTINE));
  return engine_execute(run->engine, sql, run->options->deadline, error);
}

/* Straight into the table's files. */
static gboolean write_direct(IngestRun *run, gint bucket, const char *marker, GError **error) {
  g_autofree char *kept = ingest_kept_sql(run, bucket);
  /* Compaction packs tighter later on. */
  DeltaWriteOptions options = {.compression = "snappy",
                               .cluster_columns = run->definition->cluster_by[0] ? (const char *const *)run->definition->cluster_by : NULL,
                               .deadline = run->options->deadline};
  g_autoptr(GPtrArray) files = delta_write_rows(run->table, run->engine, kept, &options, error);
  if (!files || !finish_bucket(run, marker, files, error)) return FALSE;
  while (files->len) g_ptr_array_add(run->written, g_ptr_array_steal_index(files, files->len - 1));
  return TRUE;
}

/* Into a file of ours that a merge or an overwrite reads. */
static gboolean write_kept(IngestRun *run, gint bucket, const char *marker, GError **error) {
  g_autofree char *kept = ingest_kept_sql(run, bucket), *folder = g_build_filename(run->work, "kept", NULL);
  g_autofree char *path = g_strdup_printf("%s/%d.parquet", folder, bucket), *quoted = text_sql_quote(path);
  g_autofree char *sql = g_strdup_printf("COPY (%s) TO %s (FORMAT parquet, COMPRESSION lz4_raw)", kept, quoted);
  g_autoptr(GPtrArray) none = g_ptr_array_new();
  return disk_make_folder(folder, error) && engine_execute(run->engine, sql, run->options->deadline, error) &&
         finish_bucket(run, marker, none, error);
}

static gboolean writes_direct(const IngestRun *run) {
  return run->is_new || run->definition->mode == INGEST_APPEND;
}

static gboolean bucket_is_empty(const IngestRun *run, gint bucket) {
  if (run->buckets <= 1) return FALSE;
  g_autofree char *folder = g_strdup_printf("%s/spill/__b=%d", run->work, bucket);
  return !g_file_test(folder, G_FILE_TEST_IS_DIR);
}

gboolean ingest_write_buckets(IngestRun *run, GError **error) {
  g_clear_pointer(&run->written, g_ptr_array_unref);
  run->written = g_ptr_array_new_with_free_func((GDestroyNotify)delta_file_free);
  for (guint bucket = 0; bucket < run->buckets; bucket++) {
    g_autofree char *marker = g_strdup_printf("bucket-%u.json", bucket);
    ingest_tell(run, "writing", (double)bucket / run->buckets, run->report->rows_read / run->buckets * bucket);
    gboolean straight = run->buckets == 1 && !writes_direct(run); /* the commit itself reads what the pass left */
    if (bucket_is_empty(run, (gint)bucket) || (!straight && take_finished(run, marker))) continue;
    if (!find_repeated(run, (gint)bucket, error)) return FALSE;
    if (straight) continue;
    if (!(writes_direct(run) ? write_direct : write_kept)(run, (gint)bucket, marker, error)) return FALSE;
  }
  return TRUE;
}

/* ---- the commit ---- */

static gboolean commit_written(IngestRun *run, GError **error) {
  g_autoptr(DeltaCommit) commit = delta_commit_new(run->table, "WRITE");
  gint64 rows = 0;
  for (guint i = 0; i < run->written->len; i++) {
    const DeltaFile *file = run->written->pdata[i];
    delta_commit_add(commit, file, TRUE);
    rows += MAX(file->rows, 0);
  }
  for (guint i = 0; i < run->files->len; i++) {
    const IngestFile *file = run->files->pdata[i];
    g_autofree char *application = ingest_file_application(run, file);
    if (!file->known) delta_commit_set_identity(commit, &(DeltaIdentity){application, 1});
  }
  delta_commit_set_parameter(commit, "ingest", run->definition->name);
  run->report->version = delta_commit_write(commit, run->engine, error);
  run->report->rows_inserted = rows;
  return run->report->version >= 0;
}

/* Further files of the load are named in a commit of their own: merging them again would change nothing. */
static gboolean commit_identities(IngestRun *run, GError **error) {
  g_autoptr(DeltaTable) table = delta_table_open(run->location, -1, run->engine, error);
  if (!table) return FALSE;
  g_autoptr(DeltaCommit) commit = delta_commit_new(table, "WRITE");
  guint more = 0;
  for (guint i = 0; i < run->files->len; i++) {
    const IngestFile *file = run->files->pdata[i];
    g_autofree char *application = ingest_file_application(run, file);
    DeltaIdentity identity = {application, 1};
    if (file->known || delta_table_has(table, &identity)) continue;
    delta_commit_set_identity(commit, &identity);
    more++;
  }
  if (more == 0) return TRUE;
  run->report->version = delta_commit_write(commit, run->engine, error);
  return run->report->version >= 0;
}

/* Rows that the table holds in a later state stay as they are; so do those that would not change. */
static char *unless_sql(const IngestRun *run) {
  g_autoptr(GString) same = g_string_new(NULL);
  for (guint i = 0; i < run->outputs->len; i++) {
    const IngestOutput *output = run->outputs->pdata[i];
    if (output->privacy && output->privacy->action == PRIVACY_DROP) continue;
    g_autofree char *name = text_sql_identifier(output->name);
    if (delta_table_column(run->table, output->name)) g_string_append_printf(same, "%sn.%s IS NOT DISTINCT FROM e.%s", same->len ? " AND " : "", name, name);
  }
  g_autofree char *last = run->definition->keep_last_by ? text_sql_identifier(run->definition->keep_last_by) : NULL;
  return last ? g_strdup_printf("(%s) OR e.%s > n.%s", same->str, last, last) : g_strdup(same->str);
}

static const DeltaIdentity *first_identity(const IngestRun *run, DeltaIdentity *identity, char **application) {
  for (guint i = 0; i < run->files->len; i++) {
    const IngestFile *file = run->files->pdata[i];
    if (file->known) continue;
    *application = ingest_file_application(run, file);
    *identity = (DeltaIdentity){*application, 1};
    return identity;
  }
  return NULL;
}

static gboolean commit_kept(IngestRun *run, GError **error) {
  g_autofree char *application = NULL, *pattern = g_build_filename(run->work, "kept", "*.parquet", NULL), *quoted = text_sql_quote(pattern);
  g_autofree char *select = run->buckets > 1 ? g_strdup_printf("SELECT * FROM read_parquet(%s)", quoted) : ingest_kept_sql(run, 0);
  DeltaIdentity storage;
  const DeltaIdentity *identity = first_identity(run, &storage, &application);
  DeltaWriteOptions options = {.cluster_columns = run->definition->cluster_by[0] ? (const char *const *)run->definition->cluster_by : NULL,
                               .deadline = run->options->deadline};
  DeltaOutcome outcome = {0};
  gboolean good;
  if (run->definition->mode == INGEST_OVERWRITE) {
    good = delta_overwrite(run->table, run->engine, select, run->definition->partition_by[0] ? DELTA_OVERWRITE_PARTITIONS : DELTA_OVERWRITE_TABLE,
                           identity, &options, &outcome, error);
  } else {
    g_autofree char *unless = unless_sql(run);
    good = delta_merge_unless(run->table, run->engine, select, (const char *const *)run->definition->keys, unless, identity, &options, &outcome, error);
  }
  if (!good) return FALSE;
  run->report->version = outcome.version;
  run->report->rows_inserted = outcome.rows_inserted;
  run->report->rows_updated = outcome.rows_updated;
  return commit_identities(run, error);
}

gboolean ingest_commit(IngestRun *run, GError **error) {
  ingest_tell(run, "committing", -1, run->report->rows_read);
  return writes_direct(run) ? commit_written(run, error) : commit_kept(run, error);
}
