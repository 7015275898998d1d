/* aisle quality: what loads found wrong; verdicts of people on the rows, and their way back into the tables. */
#include <stdio.h>
#include <string.h>

#include "base/disk.h"
#include "cli/cli.h"
#include "cli/ingest_guard.h"

#define REPORTS_SHOWN 10
#define ROWS_SHOWN 20
#define ROW_NUMBERS_MAX 1000000
#define BAR_WIDTH 24

typedef struct {
  char *workspace, *table, *load, *rule, *rows, *by, *note, *html;
  char **set, **arguments;
  gboolean json, show_rows;
} QualityFlags;

static void quality_flags_clear(QualityFlags *flags) {
  char *texts[] = {flags->workspace, flags->table, flags->load, flags->rule, flags->rows, flags->by, flags->note, flags->html};
  for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) g_free(texts[i]);
  g_strfreev(flags->set);
  g_strfreev(flags->arguments);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(QualityFlags, quality_flags_clear)

static gboolean parse_flags(QualityFlags *flags, int *argc, char ***argv, GError **error) {
  const GOptionEntry entries[] = {
      CLI_WORKSPACE(&flags->workspace),
      {"table", 't', 0, G_OPTION_ARG_STRING, &flags->table, "Only this table", "NAME"},
      {"load", 0, 0, G_OPTION_ARG_STRING, &flags->load, "Only this load (default for verdicts: the newest of the table)", "ID"},
      {"rows", 0, 0, G_OPTION_ARG_STRING, &flags->rows, "Verdict on these rows: 1,4,10-20", "NUMBERS"},
      {"rule", 0, 0, G_OPTION_ARG_STRING, &flags->rule, "Verdict on rows that broke this rule", "NAME"},
      {"set", 0, 0, G_OPTION_ARG_STRING_ARRAY, &flags->set, "With fix: the right value", "COLUMN=VALUE"},
      {"by", 0, 0, G_OPTION_ARG_STRING, &flags->by, "Who decides (default: the user of the system)", "NAME"},
      {"note", 0, 0, G_OPTION_ARG_STRING, &flags->note, "Why", "TEXT"},
      {"list", 0, 0, G_OPTION_ARG_NONE, &flags->show_rows, "Show the rows too", NULL},
      {"json", 0, 0, G_OPTION_ARG_NONE, &flags->json, "Print JSON", NULL},
      {"html", 0, 0, G_OPTION_ARG_FILENAME, &flags->html, "Write the report as a page with pictures", "FILE"},
      {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &flags->arguments, NULL, "[accept|fix|reject|submit]"},
      G_OPTION_ENTRY_NULL};
  g_autoptr(GOptionContext) context = g_option_context_new("- what loads found wrong, and what becomes of those rows");
  g_option_context_add_main_entries(context, entries, NULL);
  g_autoptr(GError) problem = NULL;
  if (!g_option_context_parse(context, argc, argv, &problem)) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "%s; see aisle quality --help", problem->message);
    return FALSE;
  }
  if (flags->by == NULL) flags->by = g_strdup(g_get_user_name());
  return TRUE;
}

/* "1,4,10-20"; NULL with INVALID_ARGUMENT. Of gint64. */
static GArray *parse_numbers(const char *text, GError **error) {
  g_autoptr(GArray) numbers = g_array_new(FALSE, FALSE, sizeof(gint64));
  g_auto(GStrv) parts = g_strsplit(text, ",", -1);
  for (guint i = 0; parts[i] != NULL; i++) {
    char *end;
    gint64 from = g_ascii_strtoll(parts[i], &end, 10), to = *end == '-' && g_ascii_isdigit(end[1]) ? g_ascii_strtoll(end + 1, &end, 10) : from;
    if (*end != '\0' || from < 1 || to < from || to - from >= ROW_NUMBERS_MAX) {
      g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "--rows takes numbers such as 1,4,10-20, not '%s'", parts[i]);
      return NULL;
    }
    for (gint64 number = from; number <= to && numbers->len < ROW_NUMBERS_MAX; number++) g_array_append_val(numbers, number);
  }
  return g_steal_pointer(&numbers);
}

static Engine *open_engine(GError **error) {
  return engine_open_duckdb(&(EngineOptions){.max_connections = 2}, error);
}

/* ---- the report ---- */

static void print_finding(const QualityFinding *finding, gint64 most) {
  g_autofree char *rows = text_format_number((double)finding->rows, 0);
  char bar[BAR_WIDTH + 1];
  int filled = most > 0 ? (int)((double)finding->rows / (double)most * BAR_WIDTH + 0.5) : 0;
  memset(bar, ' ', BAR_WIDTH);
  memset(bar, '#', (gsize)filled);
  bar[BAR_WIDTH] = '\0';
  printf("  %-10s %8s  %s  %s%s%s%s%s\n", finding->broken ? finding->action : "holds", rows, bar, finding->rule,
         finding->broken ? ": " : "", finding->broken ? finding->reason : "", /* the reason says how it is broken */
         finding->evidence != NULL ? ": " : "", finding->evidence != NULL ? finding->evidence : "");
}

/* A cell as it stands, and as it was written where the load could not keep that: 'quantity= (written "two")'. */
static void print_cell(const char *name, const char *cell, const json_t *original, gboolean repaired) {
  const char *written = json_get_string(original, name);
  gboolean lost = written != NULL && *written != '\0' && (*cell == '\0' || (repaired && strcmp(written, cell) != 0));
  if (lost) printf(" %s=%s (written \"%s\")", name, cell, written);
  else printf(" %s=%s", name, cell);
}

static gboolean print_rows(Engine *engine, const char *workspace, const QualityReport *report, GError **error) {
  if (report->rows_file == NULL) return TRUE;
  g_autofree char *path = g_build_filename(workspace, "lake", report->rows_file, NULL), *quoted = text_sql_quote(path);
  g_autofree char *sql = g_strdup_printf("SELECT _row, _action, _file, _line, _reason, _original, * EXCLUDE (_row, _action, _file, _line, _reason, _original, _rules, _load) FROM read_parquet(%s) ORDER BY _row", quoted);
  g_autoptr(ResultTable) rows = engine_query(engine, sql, NULL, ROWS_SHOWN, DEADLINE_NEVER, error);
  if (rows == NULL) return FALSE;
  for (gsize i = 0; i < rows->n_rows; i++) {
    g_autofree char *number = value_to_text(result_table_at(rows, i, 0)), *action = value_to_text(result_table_at(rows, i, 1)), *file = value_to_text(result_table_at(rows, i, 2)),
                    *line = value_to_text(result_table_at(rows, i, 3)), *reason = value_to_text(result_table_at(rows, i, 4));
    printf("    row %s (%s) %s:%s: %s\n     ", number, action, file, line, reason);
    g_autofree char *kept = value_to_text(result_table_at(rows, i, 5));
    g_autoptr(json_t) original = *kept != '\0' ? json_parse(kept, strlen(kept), NULL) : NULL;
    for (guint c = 6; c < result_table_n_columns(rows); c++) {
      g_autofree char *cell = value_to_text(result_table_at(rows, i, c));
      print_cell(((ResultColumn *)rows->columns->pdata[c])->name, cell, original, strcmp(action, "fix") == 0);
    }
    printf("\n");
  }
  if (rows->truncated) printf("    ... all of them: %s\n", path);
  return TRUE;
}

/* What people made of the rows: "rows: 1 accepted, 1 to be fixed (aisle quality submit), 3 open". */
static gboolean print_verdicts(Engine *engine, const QualityFlags *flags, const QualityReport *report, GError **error) {
  if (report->rows_file == NULL) return TRUE;
  g_autoptr(GPtrArray) rows = quality_rows(engine, flags->workspace, report, error);
  if (rows == NULL) return FALSE;
  guint open = 0, waiting = 0, done[DECISION_REJECT + 1] = {0};
  for (guint i = 0; i < rows->len; i++) {
    const QualityRow *row = rows->pdata[i];
    if (row->submitted) done[row->decision]++;
    else if (row->decided) waiting++;
    else open++;
  }
  if (rows->len == 0) return TRUE;
  printf("  rows: %u accepted, %u fixed, %u rejected", done[DECISION_ACCEPT], done[DECISION_FIX], done[DECISION_REJECT]);
  if (waiting > 0) printf(", %u decided and waiting for: aisle quality submit -w %s", waiting, flags->workspace);
  printf("; %u open\n", open);
  return TRUE;
}

static gboolean print_report(Engine *engine, const QualityFlags *flags, const QualityReport *report, GError **error) {
  g_autoptr(GDateTime) moment = g_date_time_new_from_unix_utc(report->created_ms / 1000);
  g_autofree char *time = g_date_time_format(moment, "%Y-%m-%d %H:%M"), *rows = text_format_number((double)report->rows, 0);
  gint64 most = 0;
  for (guint i = 0; i < report->findings->len; i++) most = MAX(most, ((QualityFinding *)report->findings->pdata[i])->rows);
  printf("%s  %s  load %s, %s: %s rows, %" G_GINT64_FORMAT " set apart, %" G_GINT64_FORMAT " flagged, %" G_GINT64_FORMAT " repaired, %" G_GINT64_FORMAT " unreadable\n",
         report->table, time, report->load, report->status, rows, report->quarantined, report->flagged, report->fixed, report->unreadable);
  for (guint i = 0; i < report->findings->len; i++) print_finding(report->findings->pdata[i], most);
  return print_verdicts(engine, flags, report, error) && (!flags->show_rows || print_rows(engine, flags->workspace, report, error));
}

static gboolean show(const QualityFlags *flags, GError **error) {
  g_autoptr(GPtrArray) reports = quality_reports_load(flags->workspace, flags->table, 0, error);
  g_autoptr(Engine) engine = reports != NULL ? open_engine(error) : NULL;
  if (engine == NULL) return FALSE;
  if (flags->html != NULL) {
    g_autofree char *html = quality_html(reports);
    return disk_replace(flags->html, html, strlen(html), error);
  }
  g_autoptr(json_t) list = json_array();
  guint shown = 0;
  for (guint i = 0; i < reports->len; i++) {
    const QualityReport *report = reports->pdata[i];
    if (flags->load != NULL && strcmp(flags->load, report->load) != 0) continue;
    if (flags->json) {
      json_t *json = quality_report_to_json(report), *audit = quality_audit_of(flags->workspace, report->load, error);
      if (audit == NULL) return FALSE;
      json_object_set_new(json, "audit", audit);
      json_array_append_new(list, json);
    } else if (shown++ < REPORTS_SHOWN && !print_report(engine, flags, report, error)) {
      return FALSE;
    }
  }
  if (flags->json) {
    g_autofree char *text = json_to_text(list, JSON_PRETTY);
    printf("%s\n", text);
  } else if (shown == 0) {
    if (flags->table == NULL && flags->load == NULL) printf("no load was held against rules yet\n");
    else printf("no such load was held against rules; aisle quality -w %s shows those that were\n", flags->workspace);
  }
  return TRUE;
}

/* ---- verdicts ---- */

/* The load and table that are meant when they are not named. */
static QualityReport *newest_report(const QualityFlags *flags, GError **error) {
  g_autoptr(GPtrArray) reports = quality_reports_load(flags->workspace, flags->table, 0, error);
  for (guint i = 0; reports != NULL && i < reports->len; i++) {
    const QualityReport *report = reports->pdata[i];
    if (strcmp(report->status, "loaded") == 0 && report->rows_file != NULL && (flags->load == NULL || strcmp(flags->load, report->load) == 0))
      return g_ptr_array_steal_index(reports, i);
  }
  if (reports != NULL) g_set_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND, "there is no load with rows to decide about; see aisle quality -w %s", flags->workspace);
  return NULL;
}

static gboolean decide(const QualityFlags *flags, QualityDecision decision, GError **error) {
  if (flags->rows == NULL && flags->rule == NULL) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "say which rows: --rows 1,4,10-20 or --rule NAME");
    return FALSE;
  }
  g_autoptr(GArray) numbers = flags->rows != NULL ? parse_numbers(flags->rows, error) : NULL;
  if (flags->rows != NULL && numbers == NULL) return FALSE;
  g_autoptr(QualityReport) report = newest_report(flags, error);
  g_autoptr(Engine) engine = report != NULL ? open_engine(error) : NULL;
  if (engine == NULL) return FALSE;
  QualityVerdict verdict = {.table = report->table, .load = report->load, .decision = decision, .rule = flags->rule,
                            .rows = numbers != NULL ? (const gint64 *)(gpointer)numbers->data : NULL, .n_rows = numbers != NULL ? numbers->len : 0,
                            .set = flags->set, .by = flags->by, .note = flags->note};
  gint64 rows = quality_decide(engine, flags->workspace, &verdict, error);
  if (rows > 0) printf("%s: %" G_GINT64_FORMAT " row%s of %s; carry it out with: aisle quality submit -w %s\n", quality_decision_name(decision), rows, rows == 1 ? "" : "s",
                       report->table, flags->workspace);
  return rows > 0;
}

static gboolean submit(const QualityFlags *flags, GError **error) {
  g_autoptr(GPtrArray) definitions = ingest_definitions_load(flags->workspace, error);
  guint done = 0, kept = 0;
  for (guint i = 0; definitions != NULL && i < definitions->len; i++) {
    const IngestDefinition *definition = definitions->pdata[i];
    QualityState state;
    if ((flags->table != NULL && strcmp(flags->table, definition->target) != 0) || !quality_state_read(flags->workspace, definition->target, &state)) continue;
    IngestOptions options = {.workspace = flags->workspace, .guard = &cli_ingest_guard, .deadline = DEADLINE_NEVER, .parameters = definition->parameters};
    g_auto(QualitySubmission) outcome = {0};
    if (!quality_submit(definition, &options, flags->by, &outcome, error)) return FALSE;
    printf("%s: %" G_GINT64_FORMAT " added, %" G_GINT64_FORMAT " corrected, %" G_GINT64_FORMAT " removed\n", definition->target, outcome.added, outcome.corrected, outcome.removed);
    for (guint k = 0; k < MIN(outcome.kept->len, ROWS_SHOWN); k++) printf("  %s\n", (const char *)outcome.kept->pdata[k]);
    if (outcome.kept->len > ROWS_SHOWN) printf("  ... and %u more\n", outcome.kept->len - ROWS_SHOWN);
    kept += outcome.kept->len;
    done++;
  }
  if (kept > 0) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_INPUT, "%u row%s not carried out, for the reasons above; all others were", kept, kept == 1 ? " was" : "s were");
    return FALSE;
  }
  if (definitions != NULL && done == 0) printf("nothing was decided yet\n");
  return definitions != NULL;
}

static gboolean run_verb(const QualityFlags *flags, GError **error) {
  const char *verb = flags->arguments != NULL ? flags->arguments[0] : NULL;
  if (verb == NULL) return show(flags, error);
  if (strcmp(verb, "submit") == 0) return submit(flags, error);
  for (int i = DECISION_ACCEPT; i <= DECISION_REJECT; i++)
    if (strcmp(verb, quality_decision_name((QualityDecision)i)) == 0) return decide(flags, (QualityDecision)i, error);
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "'%s' is none of accept, fix, reject, submit", verb);
  return FALSE;
}

int cli_quality(int argc, char **argv) {
  g_auto(QualityFlags) flags = {0};
  g_autoptr(GError) error = NULL;
  return parse_flags(&flags, &argc, &argv, &error) && cli_find_workspace(&flags.workspace, &error) && run_verb(&flags, &error) ? 0 : cli_fail("quality", g_steal_pointer(&error));
}
