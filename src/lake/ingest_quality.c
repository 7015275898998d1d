/* The verdict on a load: how many rows broke which rule, the rows themselves, and what that means for the load. */
#include "lake/ingest_private.h"
#include <stdio.h>
#include <string.h>

#define HISTORY_LOADS 20
#define NEVER_READ_MS G_MAXINT64

/* ---- counting ---- */

static char *alias(guint i, const char *what) {
  return g_strdup_printf("%s_%u", what, i);
}

/* One aggregate over what the pass kept; only columns that rules speak of are read. */
static char *counts_sql(const IngestRun *run) {
  g_autofree char *spilled = ingest_spilled_sql(run, -1);
  GString *sql = g_string_new("SELECT count(*), ");
  const RuleAction actions[] = {ON_QUARANTINE, ON_REVIEW, ON_FIX, ON_FAIL};
  for (guint i = 0; i < G_N_ELEMENTS(actions); i++) {
    /* A row that is set apart is neither flagged nor repaired in the table. */
    gint64 apart = actions[i] == ON_REVIEW || actions[i] == ON_FIX ? ingest_action_mask(run, ON_QUARANTINE) : 0;
    g_string_append_printf(sql, "count(*) FILTER (WHERE (__q & %" G_GINT64_FORMAT ") <> 0 AND (__q & %" G_GINT64_FORMAT ") = 0), ",
                           ingest_action_mask(run, actions[i]), apart);
  }
  for (guint bit = 0; bit <= run->rules->len; bit++)
    g_string_append_printf(sql, "count(*) FILTER (WHERE (__q & %" G_GINT64_FORMAT ") <> 0), ", (gint64)1 << bit);
  for (guint i = 0; i < run->definition->rules->len; i++) {
    const QualityRule *rule = run->definition->rules->pdata[i];
    if (rule->kind != RULE_SHIFT && rule->kind != RULE_FRESHNESS) continue;
    g_autofree char *column = text_sql_identifier(rule->columns[0]), *mean = alias(i, "mean"), *nulls = alias(i, "nulls"), *newest = alias(i, "newest");
    g_string_append_printf(sql, "avg(TRY_CAST(CAST(%s AS VARCHAR) AS DOUBLE)) AS %s, count(*) FILTER (WHERE %s IS NULL) AS %s, "
                           "CAST(epoch_ms(max(TRY_CAST(%s AS TIMESTAMP))) AS BIGINT) AS %s, ", column, mean, column, nulls, column, newest);
  }
  g_string_append_printf(sql, "0 FROM %s", spilled);
  return g_string_free(sql, FALSE);
}

static QualityFinding *finding_new(const QualityRule *rule) {
  QualityFinding *finding = g_new0(QualityFinding, 1);
  finding->rule = g_strdup(rule->name);
  finding->kind = g_strdup(rule_kind_name(rule->kind));
  finding->action = g_strdup(rule_action_name(rule->action));
  finding->reason = quality_reason(rule);
  finding->columns = g_strdupv(rule->columns);
  return finding;
}

static QualityFinding *misfit_finding(gint64 rows) {
  QualityFinding *finding = g_new0(QualityFinding, 1);
  finding->rule = g_strdup("type");
  finding->kind = g_strdup("type");
  finding->action = g_strdup("quarantine");
  finding->reason = g_strdup("a cell does not fit the type of its column");
  finding->columns = g_new0(char *, 1);
  finding->rows = rows;
  finding->broken = TRUE;
  return finding;
}

/* ---- rules about the whole ---- */

/* Mean of a number that earlier loads left; FALSE where there are none. */
static gboolean mean_before(const GPtrArray *before, const char *column, const char *metric, double *mean) {
  double sum = 0;
  guint n = 0;
  for (guint i = 0; i < before->len; i++) {
    const QualityReport *report = before->pdata[i];
    const json_t *numbers = column ? json_object_get(report->metrics, column) : report->metrics;
    const json_t *value = json_object_get(numbers, metric);
    if (strcmp(report->status, "loaded") || !json_is_number(value)) continue;
    sum += json_number_value(value);
    n++;
  }
  *mean = n ? sum / n : 0;
  return n > 0;
}

static gboolean differs(double value, double before, double tolerance) {
  double scale = MAX(ABS(before), 1e-9);
  return ABS(value - before) > tolerance * scale;
}

static void judge_volume(const QualityRule *rule, gint64 rows, const GPtrArray *before, QualityFinding *finding) {
  double mean;
  g_autofree char *count = text_format_number((double)rows, 0);
  if (rule->from && (double)rows < g_ascii_strtod(rule->from, NULL)) finding->broken = TRUE;
  if (rule->to && (double)rows > g_ascii_strtod(rule->to, NULL)) finding->broken = TRUE;
  finding->evidence = g_strdup_printf("%s rows", count);
  if (rule->tolerance <= 0 || !mean_before(before, NULL, "rows", &mean)) return;
  if (differs((double)rows, mean, rule->tolerance)) finding->broken = TRUE;
  g_autofree char *usual = text_format_number(mean, 0);
  g_free(finding->evidence);
  finding->evidence = g_strdup_printf("%s rows; loads before had %s on average", count, usual);
}

static void judge_shift(const QualityRule *rule, double mean, gboolean has_mean, double null_share, const GPtrArray *before, QualityFinding *finding) {
  double mean_then = 0, nulls_then = 0;
  gboolean known = mean_before(before, rule->columns[0], "mean", &mean_then);
  gboolean nulls_known = mean_before(before, rule->columns[0], "null_share", &nulls_then);
  if (known && has_mean && differs(mean, mean_then, rule->tolerance)) finding->broken = TRUE;
  if (nulls_known && ABS(null_share - nulls_then) > rule->tolerance) finding->broken = TRUE;
  g_autofree char *now = text_format_number(mean, 2), *then = text_format_number(mean_then, 2);
  finding->evidence = known ? g_strdup_printf("mean %s, before %s; empty %.1f %%, before %.1f %%", now, then, null_share * 100, nulls_then * 100)
                            : g_strdup("there is no load before to compare with");
}

static gboolean judge_unique(const IngestRun *run, const QualityRule *rule, QualityFinding *finding, GError **error) {
  g_autoptr(GString) columns = g_string_new(NULL);
  for (guint i = 0; rule->columns[i]; i++) {
    g_autofree char *name = text_sql_identifier(rule->columns[i]);
    g_string_append_printf(columns, "%s%s", i ? ", " : "", name);
  }
  g_autofree char *spilled = ingest_spilled_sql(run, -1);
  g_autofree char *sql = g_strdup_printf("SELECT coalesce(sum(n), 0) FROM (SELECT count(*) AS n FROM %s WHERE (__q & %" G_GINT64_FORMAT ") = 0 "
                                         "GROUP BY %s HAVING count(*) > 1)", spilled, ingest_action_mask(run, ON_QUARANTINE), columns->str);
  g_autoptr(ResultTable) result = engine_query(run->engine, sql, NULL, 1, run->options->deadline, error);
  if (!result) return FALSE;
  finding->rows = (gint64)result_table_at(result, 0, 0)->number;
  finding->broken = finding->rows > 0;
  return TRUE;
}

static void judge_freshness(const IngestRun *run, const QualityRule *rule, const Value *newest, QualityFinding *finding) {
  gint64 age = newest->type == VALUE_NULL ? NEVER_READ_MS : run->now_ms - newest->integer;
  finding->broken = age > rule->within_ms;
  finding->evidence = newest->type == VALUE_NULL ? g_strdup("there is no date at all")
                                                 : g_strdup_printf("the newest is %.1f days old", (double)age / 86400000.0);
}

static gboolean judge_whole(const IngestRun *run, const ResultTable *counts, QualityReport *report, GError **error) {
  g_autoptr(GPtrArray) before = quality_reports_load(run->workspace, run->definition->target, HISTORY_LOADS, error);
  if (!before) return FALSE;
  json_object_set_new(report->metrics, "rows", json_integer(report->rows));
  for (guint i = 0; i < run->definition->rules->len; i++) {
    const QualityRule *rule = run->definition->rules->pdata[i];
    if (rule_is_about_rows(rule->kind)) continue;
    QualityFinding *finding = finding_new(rule);
    g_ptr_array_add(report->findings, finding);
    if (rule->kind == RULE_VOLUME) judge_volume(rule, report->rows, before, finding);
    if (rule->kind == RULE_UNIQUE && !judge_unique(run, rule, finding, error)) return FALSE;
    if (rule->kind != RULE_SHIFT && rule->kind != RULE_FRESHNESS) continue;
    g_autofree char *mean_name = alias(i, "mean"), *nulls_name = alias(i, "nulls"), *newest_name = alias(i, "newest");
    const Value *mean = result_table_at(counts, 0, (guint)result_table_find_column(counts, mean_name));
    const Value *nulls = result_table_at(counts, 0, (guint)result_table_find_column(counts, nulls_name));
    double null_share = report->rows ? (double)nulls->integer / (double)report->rows : 0;
    json_t *numbers = json_pack("{s:f}", "null_share", null_share);
    if (mean->type != VALUE_NULL) json_object_set_new(numbers, "mean", json_real(mean->number));
    json_object_set_new(report->metrics, rule->columns[0], numbers);
    if (rule->kind == RULE_SHIFT) judge_shift(rule, mean->number, mean->type != VALUE_NULL, null_share, before, finding);
    else judge_freshness(run, rule, result_table_at(counts, 0, (guint)result_table_find_column(counts, newest_name)), finding);
  }
  return TRUE;
}

/* ---- the rows ---- */

/* Lines of rows that the parallel reader read: their hashes are looked for in a second, narrow pass over those files. */
static gboolean find_lines(const IngestRun *run, GError **error) {
  const ImportRelation *relation = run->relations->pdata[0];
  if (!engine_execute(run->engine, "CREATE OR REPLACE TABLE ingest_lines (_file VARCHAR, _place BIGINT, _line BIGINT)", run->options->deadline, error))
    return FALSE;
  if (relation->place_is_line || !run->has_places) return TRUE;
  g_autofree char *spilled = ingest_spilled_sql(run, -1);
  g_autofree char *files_sql = g_strdup_printf("SELECT DISTINCT _file FROM %s WHERE _place IS NOT NULL AND _file IS NOT NULL", spilled);
  g_autoptr(ResultTable) files = engine_query(run->engine, files_sql, NULL, 0, run->options->deadline, error);
  if (!files) return FALSE;
  g_autoptr(GString) breaks = g_string_new("1");
  for (guint i = 0; i < relation->table->columns->len; i++) {
    const ImportedColumn *column = relation->table->columns->pdata[i];
    g_autofree char *name = text_sql_identifier(column->name);
    if (column->type == FIELD_TEXT)
      g_string_append_printf(breaks, " + CASE WHEN contains(%s, chr(10)) THEN length(%s) - length(replace(%s, chr(10), '')) ELSE 0 END", name, name, name);
  }
  for (gsize i = 0; i < files->n_rows; i++) {
    const char *file = result_table_at(files, i, 0)->text;
    g_autofree char *quoted = text_sql_quote(file);
    g_autofree char *sql = g_strdup_printf(
        "SET preserve_insertion_order = true; INSERT INTO ingest_lines SELECT _file, _place, min(_end - _breaks + 1) FROM (SELECT _file, _place, "
        "_breaks, %" G_GINT64_FORMAT " + sum(_breaks) OVER (ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS _end FROM (SELECT *, %s AS _breaks FROM "
        "(%s%s%s))) WHERE _place IN (SELECT _place FROM %s WHERE _place IS NOT NULL AND _file = %s) GROUP BY ALL; "
        "SET preserve_insertion_order = false",
        relation->lines_before_rows, breaks->str, relation->head, quoted, relation->tail, spilled, quoted);
    if (!engine_execute(run->engine, sql, run->options->deadline, error)) return FALSE;
  }
  return TRUE;
}

/* Rows of fetched files name the address that they came from. */
static char *shown_file_sql(const IngestRun *run) {
  GString *sql = g_string_new("CASE s._file");
  guint fetched = 0;
  for (guint i = 0; i < run->files->len; i++) {
    const IngestFile *file = run->files->pdata[i];
    const char *shown = ingest_shown_file(run, file->path);
    if (!strcmp(shown, file->path)) continue;
    g_autofree char *from = text_sql_quote(file->path), *to = text_sql_quote(shown);
    g_string_append_printf(sql, " WHEN %s THEN %s", from, to);
    fetched++;
  }
  if (fetched == 0) g_string_assign(sql, "s._file");
  else g_string_append(sql, " ELSE s._file END");
  return g_string_free(sql, FALSE);
}

static void append_rule_case(GString *names, GString *reasons, guint bit, const char *name, const char *reason) {
  g_autofree char *quoted = text_sql_quote(name), *why = text_sql_quote(reason);
  g_string_append_printf(names, "%sCASE WHEN (__q & %" G_GINT64_FORMAT ") <> 0 THEN %s END", names->len ? ", " : "", (gint64)1 << bit, quoted);
  g_string_append_printf(reasons, "%sCASE WHEN (__q & %" G_GINT64_FORMAT ") <> 0 THEN %s END", reasons->len ? ", " : "", (gint64)1 << bit, why);
}

static char *rows_sql(const IngestRun *run) {
  g_autoptr(GString) names = g_string_new(NULL), reasons = g_string_new(NULL);
  append_rule_case(names, reasons, 0, "type", "a cell does not fit the type of its column");
  for (guint i = 0; i < run->rules->len; i++) {
    const QualityRule *rule = run->rules->pdata[i];
    g_autofree char *reason = quality_reason(rule);
    append_rule_case(names, reasons, i + 1, rule->name, reason);
  }
  g_autofree char *columns = ingest_stored_columns(run, "s."), *spilled = ingest_spilled_sql(run, -1), *load = text_sql_quote(run->load);
  g_autofree char *file = shown_file_sql(run);
  gboolean is_line = ((ImportRelation *)run->relations->pdata[0])->place_is_line;
  return g_strdup_printf(
      "SELECT %s, concat_ws(', ', %s) AS _rules, concat_ws('; ', %s) AS _reason, CASE WHEN (__q & %" G_GINT64_FORMAT
      ") <> 0 THEN 'fail' WHEN (__q & %" G_GINT64_FORMAT ") <> 0 THEN 'quarantine' WHEN (__q & %" G_GINT64_FORMAT ") <> 0 THEN 'review' WHEN (__q & %" G_GINT64_FORMAT
      ") <> 0 THEN 'fix' ELSE 'warn' END AS _action, %s AS _file, %s AS _line, %s AS _load, __original AS _original, row_number() OVER (ORDER BY s._file, %s, %s) AS _row "
      "FROM %s s LEFT JOIN ingest_lines l ON s._file = l._file AND s._place = l._place WHERE __q <> 0",
      columns, names->str, reasons->str, ingest_action_mask(run, ON_FAIL), ingest_action_mask(run, ON_QUARANTINE), ingest_action_mask(run, ON_REVIEW),
      ingest_action_mask(run, ON_FIX), file, is_line ? "s._place" : "l._line", load, is_line ? "s._place" : "l._line", columns, spilled);
}

static gboolean write_rows(const IngestRun *run, QualityReport *report, GError **error) {
  g_autofree char *folder = g_build_filename(run->workspace, "lake", "_quality", run->definition->target, NULL);
  g_autofree char *name = g_strconcat(run->load, ".parquet", NULL), *path = g_build_filename(folder, name, NULL);
  g_autofree char *quoted = text_sql_quote(path), *rows = NULL;
  if (!disk_make_folder(folder, error) || !find_lines(run, error)) return FALSE;
  rows = rows_sql(run);
  g_autofree char *sql = g_strdup_printf("COPY (%s) TO %s (FORMAT parquet, COMPRESSION zstd)", rows, quoted);
  if (!engine_execute(run->engine, sql, run->options->deadline, error) || !disk_flush_file(path, error)) return FALSE;
  report->rows_file = g_build_filename("_quality", run->definition->target, name, NULL);
  return TRUE;
}

/* Rows that no reader could make sense of are kept as text beside the report. */
static void keep_unreadable(const IngestRun *run) {
  g_autofree char *from = g_strdup_printf("%s/%s.csv", run->import.rejected_folder, ((ImportRelation *)run->relations->pdata[0])->table->table);
  g_autofree char *to = g_strdup_printf("%s/lake/_quality/%s/%s.unreadable.csv", run->workspace, run->definition->target, run->load);
  g_autofree char *folder = g_path_get_dirname(to);
  if (g_file_test(from, G_FILE_TEST_EXISTS) && disk_make_folder(folder, NULL)) rename(from, to);
}

/* ---- the verdict ---- */

static QualityReport *report_new(const IngestRun *run) {
  QualityReport *report = g_new0(QualityReport, 1);
  report->load = g_strdup(run->load);
  report->definition = g_strdup(run->definition->name);
  report->table = g_strdup(run->definition->target);
  report->created_ms = run->now_ms;
  report->status = g_strdup("loaded");
  report->findings = g_ptr_array_new_with_free_func((GDestroyNotify)quality_finding_free);
  report->metrics = json_object();
  report->unreadable = run->report->rows_unreadable;
  return report;
}

static void take_counts(const IngestRun *run, const ResultTable *counts, QualityReport *report) {
  report->rows = result_table_at(counts, 0, 0)->integer;
  report->quarantined = result_table_at(counts, 0, 1)->integer;
  report->flagged = result_table_at(counts, 0, 2)->integer;
  report->fixed = result_table_at(counts, 0, 3)->integer;
  gint64 misfits = result_table_at(counts, 0, 5)->integer;
  if (misfits) g_ptr_array_add(report->findings, misfit_finding(misfits));
  for (guint i = 0; i < run->rules->len; i++) {
    QualityFinding *finding = finding_new(run->rules->pdata[i]);
    finding->rows = result_table_at(counts, 0, 6 + i)->integer;
    finding->broken = finding->rows > 0;
    g_ptr_array_add(report->findings, finding);
  }
}

static gboolean refuse_if_failed(const IngestRun *run, QualityReport **report, QualityReport **failed, GError **error) {
  g_autoptr(GString) broken = g_string_new(NULL);
  for (guint i = 0; i < (*report)->findings->len; i++) {
    const QualityFinding *finding = (*report)->findings->pdata[i];
    if (!finding->broken || strcmp(finding->action, "fail")) continue;
    g_string_append_printf(broken, "%s%s: %s", broken->len ? "; " : "", finding->rule, finding->reason);
    if (finding->evidence) g_string_append_printf(broken, " (%s)", finding->evidence);
    else g_string_append_printf(broken, " (%" G_GINT64_FORMAT " rows)", finding->rows);
  }
  if (!broken->len) return TRUE;
  g_free((*report)->status);
  (*report)->status = g_strdup("refused");
  if (!quality_report_save(*report, run->workspace, error)) return FALSE;
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_INPUT, "%s: nothing was loaded: %s. See: aisle quality -w %s", run->definition->name, broken->str,
              run->options->workspace);
  if (failed) *failed = g_steal_pointer(report);
  return FALSE;
}

gboolean ingest_judge(IngestRun *run, QualityReport **failed, GError **error) {
  g_autoptr(QualityReport) report = report_new(run);
  g_autofree char *sql = counts_sql(run);
  g_autoptr(ResultTable) counts = engine_query(run->engine, sql, NULL, 1, run->options->deadline, error);
  if (!counts) return FALSE;
  take_counts(run, counts, report);
  if (!judge_whole(run, counts, report, error)) return FALSE;
  gboolean any = FALSE;
  for (guint i = 0; i < report->findings->len && !any; i++) any = ((QualityFinding *)report->findings->pdata[i])->rows > 0;
  if (any && !write_rows(run, report, error)) return FALSE;
  if (report->unreadable) keep_unreadable(run);
  run->report->rows_quarantined = report->quarantined;
  run->report->rows_flagged = report->flagged;
  run->report->rows_fixed = report->fixed;
  if (!refuse_if_failed(run, &report, failed, error)) return FALSE;
  if ((run->definition->rules->len || any || report->unreadable) && !quality_report_save(report, run->workspace, error)) return FALSE;
  run->report->quality = g_steal_pointer(&report);
  return TRUE;
}
