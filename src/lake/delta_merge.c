/* Upsert by key: copy-on-write of the files that hold a matching key. */
#include "lake/delta_change.h"
#include "lake/delta_rows.h"
#include <string.h>

typedef struct {
  const char *const *keys;
  char *source;     /* engine table that holds the new rows */
  char *hits;       /* engine table: file and keys of rows of the table that have a key of `source` */
  char *fresh;      /* engine table: what of `source` is merged; `source` itself when all of it is */
  char *key_list;   /* "a", "b" */
  const char *unless; /* NULL; see delta_merge_unless */
  gint64 source_rows;
  const DeltaIdentity *identity;
  const DeltaWriteOptions *options;
  Deadline deadline;
  ResultTable *range; /* min and max of each key, in pairs */
} Merge;

static void merge_clear(Merge *merge) {
  g_free(merge->source);
  g_free(merge->hits);
  g_free(merge->fresh);
  g_free(merge->key_list);
  result_table_free(merge->range);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Merge, merge_clear)

static char *list_keys(const char *const *keys) {
  GString *list = g_string_new(NULL);
  for (guint i = 0; keys[i]; i++) {
    g_autofree char *name = text_sql_identifier(keys[i]);
    g_string_append_printf(list, "%s%s", i ? ", " : "", name);
  }
  return g_string_free(list, FALSE);
}

/* ---- the source ---- */

static gboolean check_unique(const Merge *merge, Engine *engine, GError **error) {
  g_autoptr(GString) sql = g_string_new("SELECT ");
  g_string_append_printf(sql, "%s FROM %s WHERE ", merge->key_list, merge->source);
  for (guint i = 0; merge->keys[i]; i++) {
    g_autofree char *name = text_sql_identifier(merge->keys[i]);
    g_string_append_printf(sql, "%s%s IS NOT NULL", i ? " AND " : "", name);
  }
  g_string_append_printf(sql, " GROUP BY %s HAVING count(*) > 1 LIMIT 1", merge->key_list);
  g_autoptr(ResultTable) twice = engine_query(engine, sql->str, NULL, 1, merge->deadline, error);
  if (!twice) return FALSE;
  if (twice->n_rows == 0) return TRUE;
  g_autoptr(GString) shown = g_string_new(NULL);
  for (guint i = 0; merge->keys[i]; i++) {
    g_autofree char *value = value_to_text(result_table_at(twice, 0, i));
    g_string_append_printf(shown, "%s%s = %s", i ? ", " : "", merge->keys[i], value);
  }
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_INPUT, "the key %s occurs more than once in the rows to merge; keep one of them",
              shown->str);
  return FALSE;
}

static gboolean measure(Merge *merge, Engine *engine, GError **error) {
  g_autoptr(GString) sql = g_string_new("SELECT ");
  for (guint i = 0; merge->keys[i]; i++) {
    g_autofree char *name = text_sql_identifier(merge->keys[i]);
    g_string_append_printf(sql, "min(%s), max(%s), ", name, name);
  }
  g_string_append_printf(sql, "CAST(count(*) AS BIGINT) FROM %s", merge->source);
  merge->range = engine_query(engine, sql->str, NULL, 0, merge->deadline, error);
  if (!merge->range) return FALSE;
  merge->source_rows = result_table_at(merge->range, 0, result_table_n_columns(merge->range) - 1)->integer;
  return TRUE;
}

static gboolean stage_source(Merge *merge, const DeltaTable *table, Engine *engine, const char *select, GError **error) {
  for (guint i = 0; merge->keys[i]; i++)
    if (!delta_table_column(table, merge->keys[i])) {
      g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "%s: there is no key column %s", table->location, merge->keys[i]);
      return FALSE;
    }
  g_autofree char *typed = delta_typed_sql(table, engine, select, merge->deadline, error);
  if (!typed) return FALSE;
  g_autofree char *sql = g_strdup_printf("CREATE TABLE %s AS %s", merge->source, typed);
  return engine_execute(engine, sql, merge->deadline, error) && check_unique(merge, engine, error) && measure(merge, engine, error);
}

/* ---- the table ---- */

/* Keys between the least and the greatest of the source; returns how many predicates. */
static guint key_predicates(const Merge *merge, DeltaPredicate *out) {
  guint n = 0;
  for (guint i = 0; merge->keys[i]; i++) {
    const Value *least = result_table_at(merge->range, 0, 2 * i), *greatest = result_table_at(merge->range, 0, 2 * i + 1);
    if (least->type == VALUE_NULL) continue;
    out[n++] = (DeltaPredicate){merge->keys[i], DELTA_GREATER_EQUAL, least, 1};
    out[n++] = (DeltaPredicate){merge->keys[i], DELTA_LESS_EQUAL, greatest, 1};
  }
  return n;
}

static gboolean run_sql(const Merge *merge, Engine *engine, const char *sql, GError **error) {
  return engine_execute(engine, sql, merge->deadline, error);
}

/* Where rows with a key of the source are: one scan, over the key columns alone, of files whose bounds admit such a key. */
static gboolean find_hits(const Merge *merge, const DeltaTable *table, Engine *engine, const GPtrArray *candidates, GError **error) {
  if (!delta_table_fetch(table, candidates, merge->deadline, error)) return FALSE;
  gboolean any = candidates->len > 0 && merge->source_rows > 0;
  g_autoptr(GPtrArray) none = g_ptr_array_new();
  g_autofree char *relation = delta_relation_sql_with(table, any ? candidates : none, DELTA_RELATION_FILE | DELTA_RELATION_STORED);
  g_autofree char *sql = g_strdup_printf("CREATE OR REPLACE TABLE %s AS SELECT t." DELTA_FILE_COLUMN ", %s FROM (%s) t SEMI JOIN %s s USING (%s)",
                                         merge->hits, merge->key_list, relation, merge->source, merge->key_list);
  return run_sql(merge, engine, sql, error);
}

/* Files that hold a key of what is merged; *matched: their rows that will be replaced. */
static GPtrArray *touched_files(const Merge *merge, const DeltaTable *table, Engine *engine, const GPtrArray *candidates,
                                gint64 *matched, GError **error) {
  g_autofree char *sql = g_strdup_printf("SELECT t." DELTA_FILE_COLUMN ", CAST(count(*) AS BIGINT) FROM %s t SEMI JOIN %s s USING (%s) GROUP BY 1",
                                         merge->hits, merge->fresh, merge->key_list);
  g_autoptr(ResultTable) rows = engine_query(engine, sql, NULL, 0, merge->deadline, error);
  if (!rows) return NULL;
  g_autoptr(GHashTable) files = g_hash_table_new(g_str_hash, g_str_equal);
  *matched = 0;
  for (gsize i = 0; i < rows->n_rows; i++) {
    g_hash_table_add(files, (gpointer)result_table_at(rows, i, 0)->text);
    *matched += result_table_at(rows, i, 1)->integer;
  }
  GPtrArray *touched = g_ptr_array_new();
  for (guint i = 0; i < candidates->len; i++) {
    g_autofree char *path = delta_file_location(table, candidates->pdata[i]);
    if (g_hash_table_contains(files, path)) g_ptr_array_add(touched, candidates->pdata[i]);
  }
  return touched;
}

static gboolean count_rows(const Merge *merge, Engine *engine, const char *from, gint64 *out, GError **error) {
  g_autofree char *sql = g_strdup_printf("SELECT CAST(count(*) AS BIGINT) FROM %s", from);
  g_autoptr(ResultTable) rows = engine_query(engine, sql, NULL, 1, merge->deadline, error);
  if (rows) *out = result_table_at(rows, 0, 0)->integer;
  return rows != NULL;
}

/* Leaves out rows that a row of the touched files makes needless; *rows: those that stay. */
static gboolean leave_out(Merge *merge, const DeltaTable *table, Engine *engine, const GPtrArray *touched, gint64 *rows, GError **error) {
  g_autofree char *relation = delta_relation_sql_with(table, touched, DELTA_RELATION_STORED);
  g_autoptr(GString) same = g_string_new(NULL);
  for (guint i = 0; merge->keys[i]; i++) {
    g_autofree char *name = text_sql_identifier(merge->keys[i]);
    g_string_append_printf(same, "n.%s = e.%s AND ", name, name);
  }
  g_free(merge->fresh);
  merge->fresh = g_strdup_printf("%.*s_fresh\"", (int)strlen(merge->source) - 1, merge->source);
  g_autofree char *sql = g_strdup_printf("CREATE OR REPLACE TABLE %s AS SELECT n.* FROM %s n WHERE NOT EXISTS (SELECT 1 FROM (%s) e WHERE %s(%s))",
                                         merge->fresh, merge->source, relation, same->str, merge->unless);
  return run_sql(merge, engine, sql, error) && count_rows(merge, engine, merge->fresh, rows, error);
}

/* New rows, and the rows of touched files that have no successor. */
static GPtrArray *write_merged(const Merge *merge, DeltaTable *table, Engine *engine, const GPtrArray *touched, GError **error) {
  g_autoptr(GString) sql = g_string_new(NULL);
  g_string_append_printf(sql, "SELECT * FROM %s", merge->fresh);
  if (touched->len > 0) {
    g_autofree char *relation = delta_relation_sql_with(table, touched, DELTA_RELATION_STORED);
    g_string_append_printf(sql, " UNION ALL BY NAME SELECT t.* FROM (%s) t ANTI JOIN %s s USING (%s)", relation, merge->fresh,
                           merge->key_list);
  }
  return delta_write_rows(table, engine, sql->str, merge->options, error);
}

static void set_metrics(DeltaCommit *commit, const DeltaOutcome *out, guint added, guint removed) {
  delta_commit_set_metric(commit, "numTargetRowsInserted", out->rows_inserted);
  delta_commit_set_metric(commit, "numTargetRowsUpdated", out->rows_updated);
  delta_commit_set_metric(commit, "numTargetRowsDeleted", 0);
  delta_commit_set_metric(commit, "numTargetRowsCopied", out->rows_copied);
  delta_commit_set_metric(commit, "numTargetFilesAdded", added);
  delta_commit_set_metric(commit, "numTargetFilesRemoved", removed);
}

static gboolean merge_once(DeltaTable *table, Engine *engine, gpointer data, DeltaOutcome *out, GError **error) {
  Merge *merge = data;
  if (delta_table_has(table, merge->identity)) return TRUE;
  if (merge->source_rows == 0 && !merge->identity) return TRUE;
  g_autofree DeltaPredicate *predicates = g_new0(DeltaPredicate, 2 * g_strv_length((char **)merge->keys) + 1);
  guint n = key_predicates(merge, predicates);
  g_autoptr(GPtrArray) candidates = delta_table_prune(table, predicates, n);
  gint64 matched = 0, updates = 0, rows = merge->source_rows;
  g_free(merge->fresh);
  merge->fresh = g_strdup(merge->source);
  g_autoptr(GPtrArray) touched = find_hits(merge, table, engine, candidates, error) ? touched_files(merge, table, engine, candidates, &matched, error) : NULL;
  if (!touched) return FALSE;
  if (merge->unless && touched->len > 0) {
    if (!leave_out(merge, table, engine, touched, &rows, error)) return FALSE;
    if (rows < merge->source_rows) {
      g_clear_pointer(&touched, g_ptr_array_unref);
      touched = touched_files(merge, table, engine, candidates, &matched, error);
    }
  }
  if (!touched) return FALSE;
  g_autofree char *updated = g_strdup_printf("%s s SEMI JOIN %s t USING (%s)", merge->fresh, merge->hits, merge->key_list);
  if (touched->len > 0 && !count_rows(merge, engine, updated, &updates, error)) return FALSE;
  if (rows == 0 && !merge->identity) return TRUE;
  g_autoptr(GPtrArray) added = rows > 0 ? write_merged(merge, table, engine, touched, error) : g_ptr_array_new_with_free_func((GDestroyNotify)delta_file_free);
  if (!added) return FALSE;
  out->rows_updated = updates;
  out->rows_inserted = rows - updates;
  out->rows_copied = delta_files_rows(touched) - matched;
  DeltaCommit *commit = delta_commit_new(table, table->version < 0 ? "CREATE TABLE AS SELECT" : "MERGE");
  g_autofree char *predicate = g_strdup_printf("[\"same %s\"]", g_strv_length((char **)merge->keys) == 1 ? merge->keys[0] : "keys");
  delta_commit_set_parameter(commit, "predicate", predicate);
  delta_commit_set_identity(commit, merge->identity);
  set_metrics(commit, out, added->len, touched->len);
  if (n > 0) delta_commit_set_read(commit, predicates, n);
  for (guint i = 0; i < touched->len; i++) delta_commit_remove(commit, touched->pdata[i], TRUE);
  for (guint i = 0; i < added->len; i++) delta_commit_add(commit, added->pdata[i], TRUE);
  return delta_finish(commit, table, engine, added, touched, out, error);
}

gboolean delta_merge(DeltaTable *table, Engine *engine, const char *select, const char *const *keys,
                     const DeltaIdentity *identity, const DeltaWriteOptions *options, DeltaOutcome *out, GError **error) {
  return delta_merge_unless(table, engine, select, keys, NULL, identity, options, out, error);
}

gboolean delta_merge_unless(DeltaTable *table, Engine *engine, const char *select, const char *const *keys, const char *unless,
                            const DeltaIdentity *identity, const DeltaWriteOptions *options, DeltaOutcome *out, GError **error) {
  if (delta_table_has(table, identity)) {
    if (out) *out = (DeltaOutcome){.version = table->version};
    return TRUE;
  }
  if (!keys[0]) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "a merge needs at least one key column");
    return FALSE;
  }
  g_autofree char *id = g_uuid_string_random();
  g_auto(Merge) merge = {.keys = keys, .unless = unless, .identity = identity, .options = options};
  merge.deadline = options ? options->deadline : DEADLINE_NEVER;
  merge.key_list = list_keys(keys);
  merge.source = g_strdup_printf("\"aisle_merge_%s\"", id);
  merge.hits = g_strdup_printf("\"aisle_merge_%s_hits\"", id);
  gboolean done = stage_source(&merge, table, engine, select, error) &&
                  delta_try(table, engine, merge_once, &merge, out, error);
  g_autofree char *drop = g_strdup_printf("DROP TABLE IF EXISTS %s; DROP TABLE IF EXISTS %s; DROP TABLE IF EXISTS \"aisle_merge_%s_fresh\"", merge.source,
                                          merge.hits, id);
  engine_execute(engine, drop, DEADLINE_NEVER, NULL);
  return done;
}
