/* Append, overwrite and delete. */
#include "lake/delta_change.h"
#include "lake/delta_rows.h"
#include "lake/delta_replay.h"
#include <string.h>

#define TRIES 5

/* ---- what all operations share ---- */

gboolean delta_try(DeltaTable *table, Engine *engine, DeltaAttempt attempt, gpointer data, DeltaOutcome *out, GError **error) {
  g_autoptr(DeltaTable) over = delta_table_ref(table);
  for (int i = 0;; i++) {
    DeltaOutcome done = {.version = over->version};
    g_autoptr(GError) failing = NULL;
    if (attempt(over, engine, data, &done, &failing)) {
      if (out) *out = done;
      return TRUE;
    }
    gboolean lost = g_error_matches(failing, AISLE_ERROR, AISLE_ERROR_CONFLICT) ||
                    (over->version < 0 && g_error_matches(failing, AISLE_ERROR, AISLE_ERROR_EXISTS));
    if (!lost || i + 1 == TRIES) {
      g_propagate_error(error, g_steal_pointer(&failing));
      return FALSE;
    }
    g_usleep((gulong)g_random_int_range(1000, 20000 * (i + 1)));
    DeltaTable *newest = delta_table_open(over->location, -1, engine, error);
    if (!newest) return FALSE;
    delta_table_unref(over);
    over = newest;
  }
}

void delta_outcome_count(DeltaOutcome *outcome, const GPtrArray *added, const GPtrArray *removed) {
  outcome->files_added = added ? added->len : 0;
  outcome->files_removed = removed ? removed->len : 0;
  for (guint i = 0; added && i < added->len; i++) outcome->bytes_added += ((const DeltaFile *)added->pdata[i])->bytes;
  for (guint i = 0; removed && i < removed->len; i++) outcome->bytes_removed += ((const DeltaFile *)removed->pdata[i])->bytes;
}

gboolean delta_finish(DeltaCommit *commit, const DeltaTable *table, Engine *engine, const GPtrArray *added,
                      const GPtrArray *removed, DeltaOutcome *out, GError **error) {
  g_autoptr(DeltaCommit) own = commit;
  gint64 version = delta_commit_write(own, engine, error);
  if (version < 0) {
    if (!delta_commit_may_stand(own)) delta_discard_files(table, added);
    return FALSE;
  }
  if (delta_commit_was_done(own)) {
    /* Somebody loaded the same content first: theirs counts. */
    delta_discard_files(table, added);
    *out = (DeltaOutcome){.version = version};
    return TRUE;
  }
  out->version = version;
  delta_outcome_count(out, added, removed);
  return TRUE;
}

/* What the operations below are called with. */
typedef struct {
  const char *select, *condition;
  DeltaOverwrite mode;
  const DeltaIdentity *identity;
  const DeltaWriteOptions *options;
  const DeltaPredicate *predicates;
  guint n_predicates;
} Change;

static void set_write_metrics(DeltaCommit *commit, const GPtrArray *added) {
  gint64 bytes = 0;
  for (guint i = 0; i < added->len; i++) bytes += ((const DeltaFile *)added->pdata[i])->bytes;
  delta_commit_set_metric(commit, "numFiles", added->len);
  delta_commit_set_metric(commit, "numOutputRows", delta_files_rows(added));
  delta_commit_set_metric(commit, "numOutputBytes", bytes);
}

static void add_all(DeltaCommit *commit, const GPtrArray *files) {
  for (guint i = 0; i < files->len; i++) delta_commit_add(commit, files->pdata[i], TRUE);
}

/* ---- append ---- */

static gboolean append_once(DeltaTable *table, Engine *engine, gpointer data, DeltaOutcome *out, GError **error) {
  const Change *change = data;
  if (delta_table_has(table, change->identity)) return TRUE;
  g_autoptr(GPtrArray) files = delta_write_rows(table, engine, change->select, change->options, error);
  if (!files) return FALSE;
  if (files->len == 0 && !change->identity && table->version >= 0) return TRUE;
  DeltaCommit *commit = delta_commit_new(table, table->version < 0 ? "CREATE TABLE AS SELECT" : "WRITE");
  delta_commit_set_parameter(commit, "mode", table->version < 0 ? "ErrorIfExists" : "Append");
  delta_commit_set_identity(commit, change->identity);
  set_write_metrics(commit, files);
  add_all(commit, files);
  out->rows_inserted = delta_files_rows(files);
  return delta_finish(commit, table, engine, files, NULL, out, error);
}

gboolean delta_append(DeltaTable *table, Engine *engine, const char *select, const DeltaIdentity *identity,
                      const DeltaWriteOptions *options, DeltaOutcome *out, GError **error) {
  Change change = {.select = select, .identity = identity, .options = options};
  return delta_try(table, engine, append_once, &change, out, error);
}

/* ---- overwrite ---- */

/* A partition value by its meaning: other writers spell "1.50" and "2026-11-01 00:00:00.000000" where we write less. */
static void append_partition_value(GString *key, const DeltaColumn *column, const char *text) {
  DeltaBound bound = {0};
  gboolean spelled = column->type == FIELD_TEXT || column->type == FIELD_TIME || !delta_bound_parse(column, text, &bound);
  if (spelled) g_string_append_printf(key, "=%s", text);
  else if (column->type == FIELD_DOUBLE) g_string_append_printf(key, "~%.17g", bound.number);
  else g_string_append_printf(key, "#%" G_GINT64_FORMAT, bound.integer);
}

/* The partition of a file as one text. */
static char *partition_key(const DeltaTable *table, const DeltaFile *file) {
  GString *key = g_string_new(NULL);
  for (guint i = 0; i < file->n_partition_values; i++) {
    if (file->partition_values[i])
      append_partition_value(key, delta_table_column(table, table->partition_columns[i]), file->partition_values[i]);
    g_string_append_c(key, '\x1f');
  }
  return g_string_free(key, FALSE);
}

static GPtrArray *files_to_replace(const DeltaTable *table, const GPtrArray *added, DeltaOverwrite mode) {
  GPtrArray *replaced = g_ptr_array_new();
  g_autoptr(GHashTable) partitions = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < added->len; i++) g_hash_table_add(partitions, partition_key(table, added->pdata[i]));
  for (guint i = 0; i < table->files->len; i++) {
    g_autofree char *key = partition_key(table, table->files->pdata[i]);
    if (mode == DELTA_OVERWRITE_TABLE || g_hash_table_contains(partitions, key))
      g_ptr_array_add(replaced, table->files->pdata[i]);
  }
  return replaced;
}

/* A partition value as a predicate's. */
static gboolean value_of(const DeltaColumn *column, const char *text, Value *out) {
  DeltaBound bound;
  memset(out, 0, sizeof *out);
  if (column->type == FIELD_TEXT || column->type == FIELD_TIME) {
    out->type = VALUE_TEXT;
    out->text = text;
    return TRUE;
  }
  if (!delta_bound_parse(column, text, &bound)) return FALSE;
  out->integer = bound.integer;
  switch (column->type) {
  case FIELD_INTEGER: out->type = VALUE_INT; return TRUE;
  case FIELD_DATE: out->type = VALUE_DATE; return TRUE;
  case FIELD_TIMESTAMP: out->type = VALUE_TIMESTAMP; return TRUE;
  case FIELD_BOOLEAN: out->type = VALUE_BOOL; return TRUE;
  default: return FALSE;
  }
}

/* What others may not add to: the partitions written, as far as a conjunction of lists can say. */
static void set_partitions_read(DeltaCommit *commit, const DeltaTable *table, const GPtrArray *added) {
  guint n = g_strv_length(table->partition_columns), used = 0;
  g_autofree DeltaPredicate *predicates = g_new0(DeltaPredicate, n + 1);
  g_autoptr(GPtrArray) lists = g_ptr_array_new_with_free_func(g_free);
  for (guint p = 0; p < n; p++) {
    const DeltaColumn *column = delta_table_column(table, table->partition_columns[p]);
    Value *values = g_new0(Value, added->len + 1);
    gboolean all = TRUE;
    g_ptr_array_add(lists, values);
    for (guint i = 0; i < added->len && all; i++) {
      const char *text = ((const DeltaFile *)added->pdata[i])->partition_values[p];
      all = text && value_of(column, text, &values[i]);
    }
    if (all) predicates[used++] = (DeltaPredicate){column->name, DELTA_IN, values, added->len};
  }
  delta_commit_set_read(commit, predicates, used);
}

static gboolean overwrite_once(DeltaTable *table, Engine *engine, gpointer data, DeltaOutcome *out, GError **error) {
  const Change *change = data;
  if (delta_table_has(table, change->identity)) return TRUE;
  g_autoptr(GPtrArray) files = delta_write_rows(table, engine, change->select, change->options, error);
  if (!files) return FALSE;
  g_autoptr(GPtrArray) replaced = files_to_replace(table, files, change->mode);
  DeltaCommit *commit = delta_commit_new(table, "WRITE");
  delta_commit_set_parameter(commit, "mode", "Overwrite");
  if (change->mode == DELTA_OVERWRITE_PARTITIONS) delta_commit_set_parameter(commit, "partitionOverwriteMode", "dynamic");
  delta_commit_set_identity(commit, change->identity);
  set_write_metrics(commit, files);
  for (guint i = 0; i < replaced->len; i++) delta_commit_remove(commit, replaced->pdata[i], TRUE);
  add_all(commit, files);
  if (change->mode == DELTA_OVERWRITE_TABLE) delta_commit_set_read(commit, NULL, 0);
  else if (files->len > 0) set_partitions_read(commit, table, files);
  out->rows_inserted = delta_files_rows(files);
  out->rows_deleted = delta_files_rows(replaced);
  return delta_finish(commit, table, engine, files, replaced, out, error);
}

gboolean delta_overwrite(DeltaTable *table, Engine *engine, const char *select, DeltaOverwrite mode,
                         const DeltaIdentity *identity, const DeltaWriteOptions *options, DeltaOutcome *out, GError **error) {
  Change change = {.select = select, .mode = mode, .identity = identity, .options = options};
  return delta_try(table, engine, overwrite_once, &change, out, error);
}

/* ---- delete ---- */

/* Splits `files` into those that lose all rows and those that lose some; *deleted rows in all. */
static gboolean find_deleted(const DeltaTable *table, Engine *engine, const GPtrArray *files, const Change *change,
                             GPtrArray *whole, GPtrArray *partly, gint64 *deleted, GError **error) {
  Deadline deadline = change->options ? change->options->deadline : DEADLINE_NEVER;
  if (!delta_table_fetch(table, files, deadline, error)) return FALSE;
  g_autofree char *relation = delta_relation_sql_with(table, files, DELTA_RELATION_FILE);
  g_autofree char *sql = g_strdup_printf("SELECT " DELTA_FILE_COLUMN ", CAST(count(*) FILTER (WHERE coalesce((%s\n), false)) AS "
                                         "BIGINT), CAST(count(*) AS BIGINT) FROM (%s) GROUP BY 1", change->condition, relation);
  g_autoptr(ResultTable) rows = engine_query(engine, sql, NULL, 0, deadline, error);
  if (!rows) return FALSE;
  g_autoptr(GHashTable) hits = g_hash_table_new(g_str_hash, g_str_equal);
  for (gsize i = 0; i < rows->n_rows; i++) {
    gint64 n = result_table_at(rows, i, 1)->integer;
    *deleted += n;
    if (n == 0) continue;
    gboolean all = n == result_table_at(rows, i, 2)->integer;
    g_hash_table_insert(hits, (gpointer)result_table_at(rows, i, 0)->text, all ? whole : partly);
  }
  for (guint i = 0; i < files->len; i++) {
    g_autofree char *path = delta_file_location(table, files->pdata[i]);
    GPtrArray *list = g_hash_table_lookup(hits, path);
    if (list) g_ptr_array_add(list, files->pdata[i]);
  }
  return TRUE;
}

static gboolean delete_once(DeltaTable *table, Engine *engine, gpointer data, DeltaOutcome *out, GError **error) {
  const Change *change = data;
  g_autoptr(GPtrArray) files = delta_table_prune(table, change->predicates, change->n_predicates);
  g_autoptr(GPtrArray) removed = g_ptr_array_new(), partly = g_ptr_array_new(), added = NULL;
  if (files->len > 0 && !find_deleted(table, engine, files, change, removed, partly, &out->rows_deleted, error)) return FALSE;
  if (removed->len == 0 && partly->len == 0) return TRUE;
  if (partly->len > 0) {
    g_autofree char *relation = delta_relation_sql_with(table, partly, DELTA_RELATION_STORED);
    g_autofree char *kept = g_strdup_printf("SELECT * FROM (%s) WHERE NOT coalesce((%s\n), false)", relation, change->condition);
    added = delta_write_rows(table, engine, kept, change->options, error);
    if (!added) return FALSE;
    g_ptr_array_extend(removed, partly, NULL, NULL);
  } else {
    added = g_ptr_array_new();
  }
  out->rows_copied = delta_files_rows(added);
  DeltaCommit *commit = delta_commit_new(table, "DELETE");
  g_autoptr(json_t) conditions = json_pack("[s]", change->condition);
  g_autofree char *shown = json_to_text(conditions, JSON_PLAIN);
  delta_commit_set_parameter(commit, "predicate", shown);
  delta_commit_set_metric(commit, "numDeletedRows", out->rows_deleted);
  delta_commit_set_metric(commit, "numCopiedRows", out->rows_copied);
  delta_commit_set_metric(commit, "numRemovedFiles", removed->len);
  delta_commit_set_metric(commit, "numAddedFiles", added->len);
  delta_commit_set_read(commit, change->predicates, change->n_predicates);
  for (guint i = 0; i < removed->len; i++) delta_commit_remove(commit, removed->pdata[i], TRUE);
  add_all(commit, added);
  return delta_finish(commit, table, engine, added, removed, out, error);
}

gboolean delta_delete(DeltaTable *table, Engine *engine, const char *condition, const DeltaPredicate *predicates,
                      guint n_predicates, const DeltaWriteOptions *options, DeltaOutcome *out, GError **error) {
  Change change = {.condition = condition, .predicates = predicates, .n_predicates = n_predicates, .options = options};
  return delta_try(table, engine, delete_once, &change, out, error);
}
