/* Verdicts of people on rows: written down, never rewritten. */
#include "base/disk.h"
#include "lake/quality.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define AUDIT_MAX_BYTES (G_GUINT64_CONSTANT(1) << 30)

static const char *const decisions[] = {"accept", "fix", "reject", NULL};

const char *quality_decision_name(QualityDecision decision) {
  return decisions[decision];
}

void quality_row_free(QualityRow *row) {
  if (!row) return;
  g_free(row->action);
  g_free(row->rules);
  g_strfreev(row->set);
  g_free(row);
}

/* ---- the audit ---- */

static char *audit_path(const char *workspace) {
  return g_build_filename(workspace, "state", "quality", "audit.jsonl", NULL);
}

gboolean quality_audit(const char *workspace, const json_t *event, GError **error) {
  g_autofree char *path = audit_path(workspace), *folder = g_path_get_dirname(path), *text = json_to_text(event, JSON_PLAIN);
  g_autofree char *line = g_strconcat(text, "\n", NULL);
  if (!disk_make_folder(folder, error)) return FALSE;
  int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  gboolean good = fd >= 0 && flock(fd, LOCK_EX) == 0 && write(fd, line, strlen(line)) == (ssize_t)strlen(line) && fsync(fd) == 0;
  if (!good) aisle_error_set_errno(error, errno, "write the audit %s", path);
  if (fd >= 0) close(fd);
  return good;
}

/* A line that a crash cut off is the last one, and was never acknowledged. */
json_t *quality_audit_of(const char *workspace, const char *load, GError **error) {
  g_autofree char *path = audit_path(workspace), *bytes = NULL;
  gsize length = 0;
  json_t *events = json_array();
  if (!g_file_test(path, G_FILE_TEST_EXISTS)) return events;
  if (!g_file_get_contents(path, &bytes, &length, error) || length > AUDIT_MAX_BYTES) {
    json_decref(events);
    return NULL;
  }
  for (char *line = bytes, *end; (end = strchr(line, '\n')); line = end + 1) {
    g_autoptr(json_t) event = json_parse(line, (gsize)(end - line), NULL);
    if (event && !g_strcmp0(json_get_string(event, "load"), load)) json_array_append(events, event);
  }
  return events;
}

/* ---- rows ---- */

static char **set_of(const json_t *event) {
  const json_t *set = json_object_get(event, "set");
  char **texts = g_new0(char *, json_array_size(set) + 1);
  for (size_t i = 0; i < json_array_size(set); i++) texts[i] = g_strdup(json_string_value(json_array_get(set, i)));
  return texts;
}

static void take_event(GHashTable *by_number, const json_t *event) {
  gint64 number = json_get_int(event, "row", -1);
  QualityRow *row = g_hash_table_lookup(by_number, &number);
  const char *what = json_get_string(event, "event");
  if (!row || !what) return;
  if (!strcmp(what, "submitted")) {
    row->submitted = TRUE;
    return;
  }
  for (int i = 0; decisions[i]; i++) {
    if (strcmp(what, decisions[i])) continue;
    row->decided = TRUE;
    row->decision = (QualityDecision)i;
    g_strfreev(row->set);
    row->set = set_of(event);
  }
}

GPtrArray *quality_rows(Engine *engine, const char *workspace, const QualityReport *report, GError **error) {
  g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func((GDestroyNotify)quality_row_free);
  if (!report->rows_file) return g_steal_pointer(&rows);
  g_autofree char *path = g_build_filename(workspace, "lake", report->rows_file, NULL), *quoted = text_sql_quote(path);
  g_autofree char *sql = g_strdup_printf("SELECT _row, _action, _rules FROM read_parquet(%s) WHERE _action IN ('quarantine', 'review') ORDER BY _row", quoted);
  g_autoptr(ResultTable) table = engine_query(engine, sql, NULL, 0, DEADLINE_NEVER, error);
  g_autoptr(json_t) events = table ? quality_audit_of(workspace, report->load, error) : NULL;
  if (!events) return NULL;
  g_autoptr(GHashTable) by_number = g_hash_table_new(g_int64_hash, g_int64_equal);
  for (gsize i = 0; i < table->n_rows; i++) {
    QualityRow *row = g_new0(QualityRow, 1);
    row->row = result_table_at(table, i, 0)->integer;
    row->action = g_strdup(result_table_at(table, i, 1)->text);
    row->rules = g_strdup(result_table_at(table, i, 2)->text);
    g_ptr_array_add(rows, row);
    g_hash_table_insert(by_number, &row->row, row);
  }
  size_t i;
  json_t *event;
  json_array_foreach (events, i, event) take_event(by_number, event);
  return g_steal_pointer(&rows);
}

/* ---- deciding ---- */

static gboolean is_about(const QualityVerdict *verdict, const QualityRow *row) {
  if (row->submitted) return FALSE;
  if (verdict->rule) {
    g_auto(GStrv) rules = g_strsplit(row->rules, ", ", -1);
    if (!g_strv_contains((const char *const *)rules, verdict->rule)) return FALSE;
  }
  if (!verdict->rows) return TRUE;
  for (guint i = 0; i < verdict->n_rows; i++)
    if (verdict->rows[i] == row->row) return TRUE;
  return FALSE;
}

static json_t *event_of(const QualityVerdict *verdict, gint64 row) {
  g_autoptr(GDateTime) now = g_date_time_new_now_utc();
  g_autofree char *time = g_date_time_format_iso8601(now);
  json_t *event = json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:s?}", "time", time, "by", verdict->by, "event", decisions[verdict->decision], "table",
                            verdict->table, "load", verdict->load, "row", (json_int_t)row, "note", verdict->note);
  if (verdict->decision != DECISION_FIX) return event;
  json_t *set = json_array();
  for (guint i = 0; verdict->set && verdict->set[i]; i++) json_array_append_new(set, json_string(verdict->set[i]));
  json_object_set_new(event, "set", set);
  return event;
}

static QualityReport *find_report(const char *workspace, const QualityVerdict *verdict, GError **error) {
  g_autoptr(GPtrArray) reports = quality_reports_load(workspace, verdict->table, 0, error);
  for (guint i = 0; reports && i < reports->len; i++) {
    QualityReport *report = reports->pdata[i];
    if (!strcmp(report->load, verdict->load) && !strcmp(report->status, "loaded")) return g_ptr_array_steal_index(reports, i);
  }
  if (reports) g_set_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND, "the table %s has no load %s", verdict->table, verdict->load);
  return NULL;
}

/* Every column that is given a value is one of the rows'. */
static gboolean check_set(Engine *engine, const char *workspace, const QualityReport *report, char *const *set, GError **error) {
  if (!set || !set[0] || !report->rows_file) return TRUE;
  g_autofree char *path = g_build_filename(workspace, "lake", report->rows_file, NULL), *quoted = text_sql_quote(path);
  g_autofree char *sql = g_strdup_printf("SELECT * FROM read_parquet(%s) LIMIT 0", quoted);
  g_autoptr(ResultTable) rows = engine_query(engine, sql, NULL, 1, DEADLINE_NEVER, error);
  for (; rows && *set; set++) {
    gsize length = strcspn(*set, "=");
    gboolean known = FALSE;
    for (guint i = 0; i < rows->columns->len; i++) {
      const char *name = ((const ResultColumn *)rows->columns->pdata[i])->name;
      known = known || (name[0] != '_' && strlen(name) == length && !strncmp(name, *set, length));
    }
    if (known) continue;
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "'%.*s' is no column of %s", (int)length, *set, report->table);
    return FALSE;
  }
  return rows != NULL;
}

gint64 quality_decide(Engine *engine, const char *workspace, const QualityVerdict *verdict, GError **error) {
  if (verdict->decision == DECISION_FIX && (!verdict->set || !verdict->set[0])) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "say what the right value is: --set column=value");
    return -1;
  }
  for (guint i = 0; verdict->set && verdict->set[i]; i++) {
    if (strchr(verdict->set[i], '=') && verdict->set[i][0] != '=') continue;
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "--set takes column=value, not '%s'", verdict->set[i]);
    return -1;
  }
  g_autoptr(QualityReport) report = find_report(workspace, verdict, error);
  if (!report || !check_set(engine, workspace, report, verdict->set, error)) return -1;
  g_autoptr(GPtrArray) rows = quality_rows(engine, workspace, report, error);
  if (!rows) return -1;
  gint64 decided = 0;
  for (guint i = 0; i < rows->len; i++) {
    const QualityRow *row = rows->pdata[i];
    if (!is_about(verdict, row)) continue;
    g_autoptr(json_t) event = event_of(verdict, row->row);
    if (!quality_audit(workspace, event, error)) return -1;
    decided++;
  }
  if (decided > 0) return quality_state_update(engine, workspace, verdict->table, -1, error) ? decided : -1;
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND, "no row of the load %s is open that this could be about", verdict->load);
  return -1;
}

/* ---- the state that answers look at ---- */

static char *state_path(const char *workspace, const char *table) {
  return g_build_filename(workspace, "lake", "_quality", table, "open.state", NULL);
}

gboolean quality_state_read(const char *workspace, const char *table, QualityState *out) {
  g_autofree char *path = state_path(workspace, table);
  g_autoptr(json_t) json = g_file_test(path, G_FILE_TEST_EXISTS) ? json_parse_file(path, NULL) : NULL;
  if (!json) return FALSE;
  *out = (QualityState){.apart = json_get_int(json, "apart", 0), .flagged = json_get_int(json, "flagged", 0),
                        .warnings = (guint)json_get_int(json, "warnings", 0), .loaded_ms = json_get_int(json, "loaded_ms", 0),
                        .stale_after_ms = json_get_int(json, "stale_after_ms", 0)};
  return TRUE;
}

static gboolean count_open(Engine *engine, const char *workspace, const QualityReport *report, QualityState *state, GError **error) {
  g_autoptr(GPtrArray) rows = quality_rows(engine, workspace, report, error);
  for (guint i = 0; rows && i < rows->len; i++) {
    const QualityRow *row = rows->pdata[i];
    if (row->decided) continue;
    *(!strcmp(row->action, "review") ? &state->flagged : &state->apart) += 1;
  }
  return rows != NULL;
}

gboolean quality_state_update(Engine *engine, const char *workspace, const char *table, gint64 stale_after_ms, GError **error) {
  QualityState state = {0};
  quality_state_read(workspace, table, &state);
  if (stale_after_ms >= 0) {
    state.stale_after_ms = stale_after_ms;
    state.loaded_ms = g_get_real_time() / 1000;
  }
  state.apart = state.flagged = state.warnings = 0;
  g_autoptr(GPtrArray) reports = quality_reports_load(workspace, table, 0, error);
  if (!reports) return FALSE;
  gboolean newest = TRUE;
  for (guint i = 0; i < reports->len; i++) {
    const QualityReport *report = reports->pdata[i];
    if (strcmp(report->status, "loaded")) continue;
    if (!count_open(engine, workspace, report, &state, error)) return FALSE;
    for (guint k = 0; newest && k < report->findings->len; k++) {
      const QualityFinding *finding = report->findings->pdata[k];
      state.warnings += finding->broken && !strcmp(finding->action, "warn");
    }
    newest = FALSE;
  }
  g_autoptr(json_t) json = json_pack("{s:I, s:I, s:i, s:I, s:I}", "apart", (json_int_t)state.apart, "flagged", (json_int_t)state.flagged, "warnings",
                                     (int)state.warnings, "loaded_ms", (json_int_t)state.loaded_ms, "stale_after_ms", (json_int_t)state.stale_after_ms);
  g_autofree char *path = state_path(workspace, table), *folder = g_path_get_dirname(path), *text = json_to_text(json, JSON_PLAIN);
  return disk_make_folder(folder, error) && disk_replace(path, text, strlen(text), error);
}
