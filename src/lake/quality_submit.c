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
  const char *by;
  gint64 n_incoming, n_leaving;
} Submission;

static void submission_clear(Submission *submission) {
  g_clear_pointer(&submission->table, delta_table_unref);
  engine_unref(submission->engine);
  if (submission->incoming) g_string_free(submission->incoming, TRUE);
  if (submission->leaving) g_string_free(submission->leaving, TRUE);
  g_clear_pointer(&submission->events, g_ptr_array_unref);
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

/* Rows (a list of numbers) with one verdict; fixed ones with their given cells, and what is derived from them computed again. */
static char *rows_sql(const Submission *submission, const char *file, const QualityRow *row, const char *numbers, GError **error) {
  g_autoptr(GString) given = g_string_new("SELECT "), outer = g_string_new("SELECT ");
  g_autofree char *quoted = text_sql_quote(file);
  gboolean fixes = row->decision == DECISION_FIX;
  for (guint i = 0; fixes && row->set[i]; i++) {
    g_autofree char *name = g_strndup(row->set[i], (gsize)(strchr(row->set[i], '=') - row->set[i]));
    if (delta_table_column(submission->table, name)) continue;
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "'%s' is no column of %s", name, submission->definition->target);
    return NULL;
  }
  for (guint i = 0; i < submission->table->columns->len; i++) {
    const DeltaColumn *column = submission->table->columns->pdata[i];
    g_autofree char *name = text_sql_identifier(column->name), *text = fixes ? set_value((const char *const *)row->set, column->name) : NULL;
    g_autofree char *value = text ? given_value(submission, column, text) : NULL;
    g_string_append_printf(given, "%s%s AS %s", i ? ", " : "", value ? value : name, name);
    const IngestColumn *again = fixes && !text ? derived(submission->definition, column->name) : NULL;
    g_autofree char *bound = again ? ingest_bind_parameters(again->expression, submission->options->parameters, error) : NULL;
    if (again && !bound) return NULL;
    g_autofree char *type = delta_column_sql_type(column);
    if (bound) g_string_append_printf(outer, "%sCAST((%s\n) AS %s) AS %s", i ? ", " : "", bound, type, name);
    else g_string_append_printf(outer, "%s%s", i ? ", " : "", name);
  }
  return g_strdup_printf("%s FROM (%s FROM read_parquet(%s) WHERE _row IN (%s))", outer->str, given->str, quoted, numbers);
}

/* Repaired by hand, a row must hold; accepted as it is, it need not. */
static gboolean check_fixed(const Submission *submission, const char *sql, const QualityRow *row, GError **error) {
  for (guint i = 0; i < submission->definition->rules->len; i++) {
    const QualityRule *rule = submission->definition->rules->pdata[i];
    if (!rule_is_about_rows(rule->kind) || rule->action == ON_WARN || rule->action == ON_FIX) continue;
    g_autofree char *violation = quality_violation_sql(rule, g_get_real_time() / 1000);
    g_autofree char *check = g_strdup_printf("SELECT count(*) FROM (%s) WHERE %s", sql, violation);
    g_autoptr(ResultTable) broken = engine_query(submission->engine, check, NULL, 1, submission->options->deadline, error);
    if (!broken) return FALSE;
    if (result_table_at(broken, 0, 0)->integer == 0) continue;
    g_autofree char *reason = quality_reason(rule);
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_INPUT, "row %" G_GINT64_FORMAT " still breaks the rule %s: %s; fix it otherwise, or accept it", row->row, rule->name, reason);
    return FALSE;
  }
  return TRUE;
}

static void append_select(GString *all, const char *sql) {
  g_string_append_printf(all, "%s%s", all->len ? " UNION ALL " : "", sql);
}

static void note_submitted(Submission *submission, const QualityReport *report, const QualityRow *row) {
  g_autoptr(GDateTime) now = g_date_time_new_now_utc();
  g_autofree char *time = g_date_time_format_iso8601(now);
  g_ptr_array_add(submission->events, json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:s}", "time", time, "by", submission->by, "event", "submitted", "table",
                                                report->table, "load", report->load, "row", (json_int_t)row->row, "decision",
                                                quality_decision_name(row->decision)));
}

/* Rows of one report with the same verdict. */
typedef struct {
  const QualityRow *first;
  GString *numbers;
  gint64 count;
} RowGroup;

static void row_group_free(gpointer pointer) {
  RowGroup *group = pointer;
  g_string_free(group->numbers, TRUE);
  g_free(group);
}

static gboolean take_group(Submission *submission, const char *file, const RowGroup *group, GError **error) {
  const QualityRow *row = group->first;
  gboolean flagged = !strcmp(row->action, "review");
  if (flagged ? row->decision == DECISION_ACCEPT : row->decision == DECISION_REJECT) return TRUE; /* they stay where they are */
  g_autofree char *sql = rows_sql(submission, file, row, group->numbers->str, error);
  if (!sql || (row->decision == DECISION_FIX && !check_fixed(submission, sql, row, error))) return FALSE;
  if (flagged && !submission->definition->keys[0]) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_UNSUPPORTED, "%s has no keys, so a row that is in the table cannot be found again", submission->definition->file);
    return FALSE;
  }
  gboolean leaves = flagged && row->decision == DECISION_REJECT;
  append_select(leaves ? submission->leaving : submission->incoming, sql);
  *(leaves ? &submission->n_leaving : &submission->n_incoming) += group->count;
  return TRUE;
}

static void group_row(GHashTable *groups, GPtrArray *order, const QualityRow *row) {
  g_autofree char *set = row->set ? g_strjoinv("\x1f", row->set) : g_strdup("");
  g_autofree char *key = g_strdup_printf("%d %s %s", row->decision, row->action, set);
  RowGroup *group = g_hash_table_lookup(groups, key);
  if (!group) {
    group = g_new0(RowGroup, 1);
    group->first = row;
    group->numbers = g_string_new(NULL);
    g_hash_table_insert(groups, g_steal_pointer(&key), group);
    g_ptr_array_add(order, group);
  }
  g_string_append_printf(group->numbers, "%s%" G_GINT64_FORMAT, group->count++ ? ", " : "", row->row);
}

static gboolean take_rows(Submission *submission, const QualityReport *report, const char *file, const GPtrArray *rows, GError **error) {
  g_autoptr(GHashTable) groups = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, row_group_free);
  g_autoptr(GPtrArray) order = g_ptr_array_new();
  for (guint i = 0; i < rows->len; i++) {
    const QualityRow *row = rows->pdata[i];
    if (row->submitted || !row->decided) continue;
    note_submitted(submission, report, row);
    group_row(groups, order, row);
  }
  for (guint i = 0; i < order->len; i++)
    if (!take_group(submission, file, order->pdata[i], error)) return FALSE;
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

gboolean quality_submit(const IngestDefinition *definition, const IngestOptions *options, const char *by, QualitySubmission *out, GError **error) {
  g_autofree char *workspace = g_canonicalize_filename(options->workspace, NULL);
  g_auto(Submission) submission = {.definition = definition, .options = options, .by = by};
  submission.incoming = g_string_new(NULL);
  submission.leaving = g_string_new(NULL);
  submission.events = g_ptr_array_new_with_free_func((GDestroyNotify)json_decref);
  *out = (QualitySubmission){.version = -1};
  return open_engine(&submission, workspace, error) && change_table(&submission, workspace, out, error) &&
         quality_state_update(submission.engine, workspace, definition->target, -1, error);
}
