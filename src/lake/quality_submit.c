/* Decided rows back into the table. */
#include "lake/ingest.h"
#include "lake/load.h"
#include <string.h>

#define WAIT_FOR_TABLE_MS 10000

typedef struct {
  const IngestDefinition *definition;
  const IngestOptions *options;
  Engine *engine;
  DeltaTable *table;
  GString *incoming; /* SELECTs with UNION ALL */
  GString *leaving;  /* SELECTs of keys */
  GPtrArray *events; /* of json_t*: what to add to the audit */
  GPtrArray *kept;   /* of char*: what is not carried out, and why */
  const char *by;
  gint64 n_incoming, n_leaving;
} Submission;

static void submission_clear(Submission *submission) {
  g_clear_pointer(&submission->table, delta_table_unref);
  engine_unref(submission->engine);
  if (submission->incoming) g_string_free(submission->incoming, TRUE);
  if (submission->leaving) g_string_free(submission->leaving, TRUE);
  g_clear_pointer(&submission->events, g_ptr_array_unref);
  g_clear_pointer(&submission->kept, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Submission, submission_clear)

/* The value a person gave, as the table may store it. */
static char *given_value(const Submission *submission, const DeltaColumn *column, const char *text) {
  g_autofree char *quoted = text_sql_quote(text), *type = delta_column_sql_type(column), *cast = g_strdup_printf("CAST(%s AS %s)", quoted, type);
  const PrivacyRule *rule = privacy_rule_find(submission->definition->privacy, column->name);
  return rule ? privacy_sql(rule, rule->action == PRIVACY_GENERALISE || rule->action == PRIVACY_KEEP ? cast : quoted, type) : g_steal_pointer(&cast);
}

static char *set_value(const char *const *set, const char *column) {
  for (; set && *set; set++) {
    const char *equals = strchr(*set, '=');
    if (equals && strlen(column) == (gsize)(equals - *set) && !strncmp(*set, column, strlen(column))) return g_strdup(equals + 1);
  }
  return NULL;
}

static const IngestColumn *derived(const IngestDefinition *definition, const char *name) {
  for (guint i = 0; i < definition->derive->len; i++) {
    const IngestColumn *column = definition->derive->pdata[i];
    if (!strcmp(column->name, name)) return column;
  }
  return NULL;
}

/* Rows (a list of numbers) with one verdict, and their numbers; fixed ones with their given cells, and what is derived from
 * them computed again. */
static char *rows_sql(const Submission *submission, const char *file, const QualityRow *row, const char *numbers, GError **error) {
  g_autoptr(GString) given = g_string_new("SELECT "), outer = g_string_new("SELECT ");
  g_autofree char *quoted = text_sql_quote(file);
  gboolean fixes = row->decision == DECISION_FIX;
  for (guint i = 0; i < submission->table->columns->len; i++) {
    const DeltaColumn *column = submission->table->columns->pdata[i];
    g_autofree char *name = text_sql_identifier(column->name), *text = fixes ? set_value((const char *const *)row->set, column->name) : NULL;
    g_autofree char *value = text ? given_value(submission, column, text) : NULL;
    g_string_append_printf(given, "%s AS %s, ", value ? value : name, name);
    const IngestColumn *again = fixes && !text ? derived(submission->definition, column->name) : NULL;
    g_autofree char *bound = again ? ingest_bind_parameters(again->expression, submission->options->parameters, error) : NULL;
    if (again && !bound) return NULL;
    g_autofree char *type = delta_column_sql_type(column);
    if (bound) g_string_append_printf(outer, "CAST((%s\n) AS %s) AS %s, ", bound, type, name);
    else g_string_append_printf(outer, "%s, ", name);
  }
  return g_strdup_printf("%s_row FROM (%s_row FROM read_parquet(%s) WHERE _row IN (%s))", outer->str, given->str, quoted, numbers);
}

/* ---- what stays: rows that still break a rule ---- */

static char *numbers_of(const GArray *rows) {
  GString *numbers = g_string_new(NULL);
  for (guint i = 0; i < rows->len; i++) g_string_append_printf(numbers, "%s%" G_GINT64_FORMAT, i ? ", " : "", g_array_index(rows, gint64, i));
  return g_string_free(numbers, FALSE);
}

static void keep_row(Submission *submission, GArray *rows, gint64 number, const char *load, const char *why) {
  for (guint i = 0; i < rows->len; i++) {
    if (g_array_index(rows, gint64, i) != number) continue;
    g_array_remove_index(rows, i);
    g_ptr_array_add(submission->kept, g_strdup_printf("row %" G_GINT64_FORMAT " of the load %s %s", number, load, why));
    return;
  }
}

static void keep_all(Submission *submission, GArray *rows, const char *load, const char *why) {
  while (rows->len > 0) keep_row(submission, rows, g_array_index(rows, gint64, 0), load, why);
}

/* Why a given value cannot be stored; NULL: it can, or `error` is set. (transfer full) */
static char *wrong_value(const Submission *submission, const char *set, GError **error) {
  const char *equals = strchr(set, '=');
  g_autofree char *name = g_strndup(set, (gsize)(equals - set));
  const DeltaColumn *column = delta_table_column(submission->table, name);
  if (!column) return g_strdup_printf("cannot be fixed so: '%s' is no column of %s", name, submission->definition->target);
  if (privacy_rule_find(submission->definition->privacy, name)) return NULL; /* any text will do: it is changed before it is kept */
  g_autofree char *quoted = text_sql_quote(equals + 1), *type = delta_column_sql_type(column);
  g_autofree char *sql = g_strdup_printf("SELECT TRY_CAST(%s AS %s) IS NULL", quoted, type);
  g_autoptr(ResultTable) bad = engine_query(submission->engine, sql, NULL, 1, submission->options->deadline, error);
  if (!bad || !result_table_at(bad, 0, 0)->integer) return NULL;
  return g_strdup_printf("cannot be fixed so: '%s' is no %s, as %s must be", equals + 1, type, name);
}

/* Takes those that break the rule out of `rows`. */
static gboolean keep_breaking(Submission *submission, const char *sql, const QualityRule *rule, const char *load, GArray *rows, GError **error) {
  g_autofree char *violation = quality_violation_sql(rule, g_get_real_time() / 1000);
  g_autofree char *check = g_strdup_printf("SELECT _row FROM (%s) WHERE %s ORDER BY _row", sql, violation);
  g_autoptr(ResultTable) broken = engine_query(submission->engine, check, NULL, 0, submission->options->deadline, error);
  if (!broken) return FALSE;
  g_autofree char *reason = quality_reason(rule), *why = g_strdup_printf("still breaks the rule %s: %s; fix it otherwise, or accept it", rule->name, reason);
  for (gsize i = 0; i < broken->n_rows; i++) keep_row(submission, rows, result_table_at(broken, i, 0)->integer, load, why);
  return TRUE;
}

/* Repaired by hand, a row must hold; accepted as it is, it need not. What does not hold is taken out of `rows`. */
static gboolean check_fixed(Submission *submission, const char *file, const QualityRow *row, const char *load, GArray *rows, GError **error) {
  GError *failing = NULL;
  for (guint i = 0; row->set[i]; i++) {
    g_autofree char *wrong = wrong_value(submission, row->set[i], &failing);
    if (wrong) keep_all(submission, rows, load, wrong);
    if (failing) g_propagate_error(error, failing);
    if (wrong || failing) return failing == NULL;
  }
  g_autofree char *numbers = numbers_of(rows), *sql = rows_sql(submission, file, row, numbers, error);
  for (guint i = 0; sql && i < submission->definition->rules->len; i++) {
    const QualityRule *rule = submission->definition->rules->pdata[i];
    if (!rule_is_about_rows(rule->kind) || rule->action == ON_WARN || rule->action == ON_FIX) continue;
    if (rule->action == ON_REVIEW && strcmp(row->action, "review")) continue; /* a load would let the row in, too */
    if (!keep_breaking(submission, sql, rule, load, rows, error)) return FALSE;
  }
  return sql != NULL;
}

static void append_select(GString *all, const char *sql) {
  g_string_append_printf(all, "%s%s", all->len ? " UNION ALL " : "", sql);
}

static void note_submitted(Submission *submission, const QualityReport *report, gint64 row, QualityDecision decision) {
  g_autoptr(GDateTime) now = g_date_time_new_now_utc();
  g_autofree char *time = g_date_time_format_iso8601(now);
  g_ptr_array_add(submission->events, json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:s}", "time", time, "by", submission->by, "event", "submitted", "table",
                                                report->table, "load", report->load, "row", (json_int_t)row, "decision", quality_decision_name(decision)));
}

/* Rows of one report with the same verdict. */
typedef struct {
  const QualityRow *first;
  GArray *rows; /* of gint64 */
} RowGroup;

static void row_group_free(gpointer pointer) {
  RowGroup *group = pointer;
  g_array_unref(group->rows);
  g_free(group);
}

static gboolean take_group(Submission *submission, const QualityReport *report, const char *file, RowGroup *group, GError **error) {
  const QualityRow *row = group->first;
  gboolean flagged = !strcmp(row->action, "review");
  gboolean stays = flagged ? row->decision == DECISION_ACCEPT : row->decision == DECISION_REJECT;
  if (!stays && flagged && !submission->definition->keys[0]) {
    g_autofree char *why = g_strdup_printf("cannot be found again in the table: %s names no keys", submission->definition->file);
    keep_all(submission, group->rows, report->load, why);
  }
  if (!stays && row->decision == DECISION_FIX && group->rows->len > 0 && !check_fixed(submission, file, row, report->load, group->rows, error)) return FALSE;
  for (guint i = 0; i < group->rows->len; i++) note_submitted(submission, report, g_array_index(group->rows, gint64, i), row->decision);
  if (stays || group->rows->len == 0) return TRUE;
  g_autofree char *numbers = numbers_of(group->rows), *sql = rows_sql(submission, file, row, numbers, error);
  if (!sql) return FALSE;
  g_autofree char *select = g_strdup_printf("SELECT * EXCLUDE (_row) FROM (%s)", sql);
  gboolean leaves = flagged && row->decision == DECISION_REJECT;
  append_select(leaves ? submission->leaving : submission->incoming, select);
  *(leaves ? &submission->n_leaving : &submission->n_incoming) += group->rows->len;
  return TRUE;
}

static void group_row(GHashTable *groups, GPtrArray *order, const QualityRow *row) {
  g_autofree char *set = row->set ? g_strjoinv("\x1f", row->set) : g_strdup("");
  g_autofree char *key = g_strdup_printf("%d %s %s", row->decision, row->action, set);
  RowGroup *group = g_hash_table_lookup(groups, key);
  if (!group) {
    group = g_new0(RowGroup, 1);
    group->first = row;
    group->rows = g_array_new(FALSE, FALSE, sizeof(gint64));
    g_hash_table_insert(groups, g_steal_pointer(&key), group);
    g_ptr_array_add(order, group);
  }
  g_array_append_val(group->rows, row->row);
}

static gboolean take_rows(Submission *submission, const QualityReport *report, const char *file, const GPtrArray *rows, GError **error) {
  g_autoptr(GHashTable) groups = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, row_group_free);
  g_autoptr(GPtrArray) order = g_ptr_array_new();
  for (guint i = 0; i < rows->len; i++) {
    const QualityRow *row = rows->pdata[i];
    if (!row->submitted && row->decided) group_row(groups, order, row);
  }
  for (guint i = 0; i < order->len; i++)
    if (!take_group(submission, report, file, order->pdata[i], error)) return FALSE;
  return TRUE;
}

static gboolean collect(Submission *submission, const char *workspace, GError **error) {
  g_autoptr(GPtrArray) reports = quality_reports_load(workspace, submission->definition->target, 0, error);
  if (!reports) return FALSE;
  for (guint i = reports->len; i-- > 0;) { /* oldest first */
    const QualityReport *report = reports->pdata[i];
    if (strcmp(report->status, "loaded") || !report->rows_file) continue;
    g_autoptr(GPtrArray) rows = quality_rows(submission->engine, workspace, report, error);
    g_autofree char *file = g_build_filename(workspace, "lake", report->rows_file, NULL);
    if (!rows || !take_rows(submission, report, file, rows, error)) return FALSE;
  }
  return TRUE;
}

static char *key_list(const IngestDefinition *definition) {
  GString *keys = g_string_new(NULL);
  for (guint i = 0; definition->keys[i]; i++) {
    g_autofree char *name = text_sql_identifier(definition->keys[i]);
    g_string_append_printf(keys, "%s%s", i ? ", " : "", name);
  }
  return g_string_free(keys, FALSE);
}

static gboolean bring_in(Submission *submission, QualitySubmission *out, GError **error) {
  if (submission->n_incoming == 0) return TRUE;
  DeltaWriteOptions write = {.deadline = submission->options->deadline};
  DeltaOutcome outcome = {0};
  gboolean merges = submission->definition->keys[0] != NULL;
  g_autofree char *keys = merges ? key_list(submission->definition) : NULL;
  g_autofree char *select = merges ? g_strdup_printf("SELECT DISTINCT ON (%s) * FROM (%s)", keys, submission->incoming->str) : g_strdup(submission->incoming->str);
  if (!(merges ? delta_merge(submission->table, submission->engine, select, (const char *const *)submission->definition->keys, NULL, &write, &outcome, error)
               : delta_append(submission->table, submission->engine, select, NULL, &write, &outcome, error)))
    return FALSE;
  out->added = merges ? outcome.rows_inserted : submission->n_incoming;
  out->corrected = outcome.rows_updated;
  out->version = outcome.version;
  return TRUE;
}

static gboolean take_out(Submission *submission, QualitySubmission *out, GError **error) {
  if (submission->n_leaving == 0) return TRUE;
  g_autoptr(DeltaTable) now = delta_table_open(submission->table->location, -1, submission->engine, error);
  if (!now) return FALSE;
  g_autofree char *keys = key_list(submission->definition);
  g_autofree char *condition = g_strdup_printf("(%s) IN (SELECT (%s) FROM (%s))", keys, keys, submission->leaving->str);
  DeltaWriteOptions write = {.deadline = submission->options->deadline};
  DeltaOutcome outcome = {0};
  if (!delta_delete(now, submission->engine, condition, NULL, 0, &write, &outcome, error)) return FALSE;
  out->removed = outcome.rows_deleted;
  out->version = outcome.version;
  return TRUE;
}

static gboolean open_engine(Submission *submission, const char *workspace, GError **error) {
  g_autofree char *spill = g_build_filename(workspace, "cache", "spill", NULL);
  submission->engine = engine_open_duckdb(&(EngineOptions){.spill_directory = spill, .max_connections = 2}, error);
  g_autoptr(LakeSnapshot) snapshot = submission->engine ? lake_snapshot_open(workspace, NULL, error) : NULL;
  return snapshot && lake_snapshot_attach(snapshot, submission->engine, submission->options->deadline, error) &&
         (submission->definition->privacy->len == 0 || privacy_prepare(submission->engine, workspace, error));
}

/* The identity only has to differ from that of other loads: what was submitted is known from the audit. */
static gboolean change_table(Submission *submission, const char *workspace, QualitySubmission *out, GError **error) {
  g_autofree char *id = g_uuid_string_random(), *identity = g_strconcat("quality:", id, NULL);
  const char *tables[] = {submission->definition->target, NULL};
  g_autoptr(LakeLoad) load = lake_load_begin(workspace, identity, tables, submission->engine, deadline_in_ms(WAIT_FOR_TABLE_MS, NULL), error);
  if (!load) return FALSE;
  g_autofree char *location = lake_table_location(workspace, submission->definition->target, error);
  submission->table = location ? delta_table_open(location, -1, submission->engine, error) : NULL;
  if (!submission->table || !collect(submission, workspace, error)) return FALSE;
  if (!bring_in(submission, out, error) || !take_out(submission, out, error)) return FALSE;
  if (out->version >= 0 && !lake_load_publish(load, NULL, NULL, error)) return FALSE;
  for (guint i = 0; i < submission->events->len; i++)
    if (!quality_audit(workspace, submission->events->pdata[i], error)) return FALSE;
  return TRUE;
}

void quality_submission_clear(QualitySubmission *submission) {
  g_clear_pointer(&submission->kept, g_ptr_array_unref);
}

gboolean quality_submit(const IngestDefinition *definition, const IngestOptions *options, const char *by, QualitySubmission *out, GError **error) {
  g_autofree char *workspace = g_canonicalize_filename(options->workspace, NULL);
  g_auto(Submission) submission = {.definition = definition, .options = options, .by = by};
  submission.incoming = g_string_new(NULL);
  submission.leaving = g_string_new(NULL);
  submission.events = g_ptr_array_new_with_free_func((GDestroyNotify)json_decref);
  submission.kept = g_ptr_array_new_with_free_func(g_free);
  *out = (QualitySubmission){.version = -1, .kept = g_ptr_array_ref(submission.kept)};
  return open_engine(&submission, workspace, error) && change_table(&submission, workspace, out, error) &&
         quality_state_update(submission.engine, workspace, definition->target, -1, error);
}
