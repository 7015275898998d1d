/* Reports of loads: as JSON, on disk beside the rows they speak of. */
#include "base/disk.h"
#include "lake/quality.h"
#include <string.h>

#define FOLDER "_quality"

void quality_finding_free(QualityFinding *finding) {
  if (!finding) return;
  g_free(finding->rule);
  g_free(finding->kind);
  g_free(finding->action);
  g_free(finding->reason);
  g_strfreev(finding->columns);
  g_free(finding->evidence);
  g_free(finding);
}

void quality_report_free(QualityReport *report) {
  if (!report) return;
  g_free(report->load);
  g_free(report->definition);
  g_free(report->table);
  g_free(report->status);
  g_free(report->rows_file);
  if (report->findings) g_ptr_array_unref(report->findings);
  json_decref(report->metrics);
  g_free(report);
}

static json_t *finding_to_json(const QualityFinding *finding) {
  json_t *columns = json_array();
  for (guint i = 0; finding->columns && finding->columns[i]; i++) json_array_append_new(columns, json_string(finding->columns[i]));
  return json_pack("{s:s, s:s, s:s, s:s, s:o, s:I, s:b, s:s?}", "rule", finding->rule, "kind", finding->kind, "action", finding->action,
                   "reason", finding->reason, "columns", columns, "rows", (json_int_t)finding->rows, "broken", finding->broken, "evidence",
                   finding->evidence);
}

json_t *quality_report_to_json(const QualityReport *report) {
  json_t *findings = json_array();
  for (guint i = 0; i < report->findings->len; i++) json_array_append_new(findings, finding_to_json(report->findings->pdata[i]));
  return json_pack("{s:i, s:s, s:s, s:s, s:I, s:s, s:I, s:I, s:I, s:I, s:I, s:s?, s:o, s:O?}", "schema_version", 1, "load", report->load,
                   "definition", report->definition, "table", report->table, "created_ms", (json_int_t)report->created_ms, "status",
                   report->status, "rows", (json_int_t)report->rows, "quarantined", (json_int_t)report->quarantined, "flagged",
                   (json_int_t)report->flagged, "fixed", (json_int_t)report->fixed, "unreadable", (json_int_t)report->unreadable,
                   "rows_file", report->rows_file, "findings", findings, "metrics", report->metrics);
}

static char *copied(const json_t *json, const char *key) {
  const char *text = json_get_string(json, key);
  return g_strdup(text ? text : "");
}

static QualityFinding *finding_from_json(const json_t *json) {
  QualityFinding *finding = g_new0(QualityFinding, 1);
  const json_t *columns = json_object_get(json, "columns");
  finding->rule = copied(json, "rule");
  finding->kind = copied(json, "kind");
  finding->action = copied(json, "action");
  finding->reason = copied(json, "reason");
  finding->evidence = g_strdup(json_get_string(json, "evidence"));
  finding->rows = json_get_int(json, "rows", 0);
  finding->broken = json_get_bool(json, "broken", FALSE);
  finding->columns = g_new0(char *, json_array_size(columns) + 1);
  for (size_t i = 0; i < json_array_size(columns); i++) {
    const char *column = json_string_value(json_array_get(columns, i));
    finding->columns[i] = g_strdup(column ? column : "");
  }
  return finding;
}

QualityReport *quality_report_from_json(const json_t *json, GError **error) {
  if (!json_get_string(json, "load") || !json_get_string(json, "table")) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_CORRUPT, "a quality report names no load or no table");
    return NULL;
  }
  QualityReport *report = g_new0(QualityReport, 1);
  report->load = copied(json, "load");
  report->definition = copied(json, "definition");
  report->table = copied(json, "table");
  report->status = copied(json, "status");
  report->rows_file = g_strdup(json_get_string(json, "rows_file"));
  report->created_ms = json_get_int(json, "created_ms", 0);
  report->rows = json_get_int(json, "rows", 0);
  report->quarantined = json_get_int(json, "quarantined", 0);
  report->flagged = json_get_int(json, "flagged", 0);
  report->fixed = json_get_int(json, "fixed", 0);
  report->unreadable = json_get_int(json, "unreadable", 0);
  report->metrics = json_incref(json_object_get(json, "metrics"));
  report->findings = g_ptr_array_new_with_free_func((GDestroyNotify)quality_finding_free);
  size_t i;
  json_t *finding;
  json_array_foreach (json_object_get(json, "findings"), i, finding) g_ptr_array_add(report->findings, finding_from_json(finding));
  return report;
}

gboolean quality_report_save(const QualityReport *report, const char *workspace, GError **error) {
  g_autofree char *folder = g_build_filename(workspace, "lake", FOLDER, report->table, NULL);
  g_autofree char *name = g_strconcat(report->load, ".json", NULL), *path = g_build_filename(folder, name, NULL);
  g_autoptr(json_t) json = quality_report_to_json(report);
  g_autofree char *text = json_to_text(json, JSON_PRETTY);
  return disk_make_folder(folder, error) && disk_replace(path, text, strlen(text), error);
}

static gint newest_first(gconstpointer a, gconstpointer b) {
  const QualityReport *first = *(QualityReport *const *)a, *second = *(QualityReport *const *)b;
  if (first->created_ms != second->created_ms) return first->created_ms < second->created_ms ? 1 : -1;
  return strcmp(first->load, second->load);
}

static gboolean load_folder(const char *folder, GPtrArray *reports, GError **error) {
  g_autoptr(GDir) listing = g_dir_open(folder, 0, NULL);
  const char *name;
  while (listing && (name = g_dir_read_name(listing))) {
    if (!g_str_has_suffix(name, ".json")) continue;
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autoptr(json_t) json = json_parse_file(path, error);
    QualityReport *report = json ? quality_report_from_json(json, error) : NULL;
    if (!report) return FALSE;
    g_ptr_array_add(reports, report);
  }
  return TRUE;
}

GPtrArray *quality_reports_load(const char *workspace, const char *table, guint limit, GError **error) {
  g_autofree char *root = g_build_filename(workspace, "lake", FOLDER, NULL);
  g_autoptr(GPtrArray) reports = g_ptr_array_new_with_free_func((GDestroyNotify)quality_report_free);
  g_autoptr(GDir) listing = table ? NULL : g_dir_open(root, 0, NULL);
  const char *name = table;
  for (gboolean more = table || (listing && (name = g_dir_read_name(listing))); more;) {
    g_autofree char *folder = g_build_filename(root, name, NULL);
    if (!load_folder(folder, reports, error)) return NULL;
    more = listing && (name = g_dir_read_name(listing));
  }
  g_ptr_array_sort(reports, newest_first);
  if (limit && reports->len > limit) g_ptr_array_set_size(reports, (gint)limit);
  return g_steal_pointer(&reports);
}
