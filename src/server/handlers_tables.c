/* The tables of the current snapshot: what stands in them, how they came to be, how good they are. */
#include <string.h>

#include "lake/delta.h"
#include "lake/quality.h"
#include "server/route.h"

#define MAX_VERSIONS 50

static json_t *day_json(Day day, gboolean known) {
  if (!known) return json_null();
  g_autofree char *text = day_format_iso(day);
  return json_string(text);
}

static const char *field_type_text(FieldType type) {
  static const char *const names[] = {"text", "integer", "decimal", "double", "boolean", "date", "timestamp", "time"};
  return (guint)type < G_N_ELEMENTS(names) ? names[type] : "text";
}

/* One table as the caller may see it. */
static json_t *describe_table(const Dataset *dataset, const SnapshotTable *table, const ValueIndex *index) {
  json_t *fields = json_array();
  for (guint i = 0; i < dataset->fields->len; i++) {
    const Field *field = dataset->fields->pdata[i];
    json_array_append_new(fields, json_pack("{s:s, s:s, s:s}", "name", field->name, "label", field->label, "type",
                                            field_type_text(field->type)));
  }
  const Field *date = dataset->default_date != NULL ? dataset_find_field(dataset, dataset->default_date) : NULL;
  DateRange range = {0};
  if (date != NULL) range = value_index_date_range(index, date);
  gint64 rows = value_index_rows(index, dataset->name);
  return json_pack("{s:s, s:s, s:I, s:I, s:o, s:o, s:o}", "name", dataset->name, "label", dataset->label, "version",
                   (json_int_t)table->version, "rows", (json_int_t)MAX(rows, 0), "first_date",
                   day_json(range.first, range.known), "last_date", day_json(range.last, range.known), "fields", fields);
}

void handle_tables(const Call *call, Reply *reply) {
  AnswerService *service = call->state->service;
  g_autoptr(GError) error = NULL;
  g_autoptr(ValueIndex) index = answer_service_values(service, call->state->scope, &error);
  if (index == NULL) {
    reply_set_error(reply, error);
    return;
  }
  g_autoptr(Model) model = answer_service_model_ref(service);
  g_autoptr(LakeSnapshot) snapshot = answer_service_snapshot_ref(service);
  json_t *tables = json_array();
  for (guint i = 0; i < model->datasets->len; i++) {
    const Dataset *dataset = model->datasets->pdata[i];
    const SnapshotTable *table = lake_snapshot_find(snapshot, dataset->table);
    if (table != NULL) json_array_append_new(tables, describe_table(dataset, table, index));
  }
  g_autoptr(json_t) json = json_pack("{s:s, s:o}", "snapshot", snapshot->id, "tables", tables);
  reply_set_json(reply, 200, json);
}

/* ---- one table ---- */

/* Numbers of rows only for those who may see all of them. */
static json_t *describe_versions(const SnapshotTable *table, gboolean all_rows) {
  g_autoptr(GPtrArray) history = delta_history(table->location, MAX_VERSIONS, NULL);
  json_t *versions = json_array();
  for (guint i = 0; history != NULL && i < history->len; i++) {
    const DeltaHistoryEntry *entry = history->pdata[i];
    if (entry->version > table->version) continue; /* of a load that is not published yet */
    const json_t *rows = all_rows && entry->metrics != NULL ? json_object_get(entry->metrics, "numOutputRows") : NULL;
    gint64 count = json_is_string(rows) ? (gint64)g_ascii_strtoll(json_string_value(rows), NULL, 10) : json_is_integer(rows) ? json_integer_value(rows) : -1;
    json_array_append_new(versions, json_pack("{s:I, s:o, s:s, s:o}", "version", (json_int_t)entry->version, "at", reply_time(entry->time_ms), "operation",
                                              entry->operation, "rows", count >= 0 ? json_integer(count) : json_null()));
  }
  return versions;
}

static void add_check(json_t *checks, const char *name, const char *status, const char *text) {
  json_array_append_new(checks, json_pack("{s:s, s:s, s:s}", "name", name, "status", status, "text", text));
}

/* What the newest load's rules found. */
static void add_findings(json_t *checks, const char *workspace, const char *table) {
  g_autoptr(GPtrArray) reports = quality_reports_load(workspace, table, 1, NULL);
  const QualityReport *report = reports != NULL && reports->len > 0 ? reports->pdata[0] : NULL;
  for (guint i = 0; report != NULL && i < report->findings->len; i++) {
    const QualityFinding *finding = report->findings->pdata[i];
    const char *status = !finding->broken ? "pass" : g_strcmp0(finding->action, "fail") == 0 ? "fail" : "warn";
    g_autofree char *text = !finding->broken ? g_strdup("every row meets it")
                            : finding->evidence != NULL ? g_strdup_printf("%s: %s", finding->reason, finding->evidence)
                                                        : g_strdup_printf("%s (%" G_GINT64_FORMAT " rows)", finding->reason, finding->rows);
    add_check(checks, finding->rule, status, text);
  }
}

static json_t *describe_quality(const char *workspace, const SnapshotTable *table, gboolean all_rows, json_t **loaded_at) {
  json_t *checks = json_array();
  QualityState state;
  if (quality_state_read(workspace, table->name, &state)) {
    if (state.loaded_ms > 0) {
      json_decref(*loaded_at);
      *loaded_at = reply_time(state.loaded_ms);
    }
    gboolean stale = state.stale_after_ms > 0 && state.loaded_ms + state.stale_after_ms < g_get_real_time() / 1000;
    if (state.stale_after_ms > 0) add_check(checks, "freshness", stale ? "warn" : "pass", stale ? "its next load is overdue" : "it was loaded in time");
    gboolean open = state.apart + state.flagged > 0;
    g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT " rows set apart, %" G_GINT64_FORMAT " flagged", state.apart, state.flagged);
    if (all_rows) add_check(checks, "undecided rows", open ? "warn" : "pass", open ? text : "none");
  }
  if (all_rows) add_findings(checks, workspace, table->name);
  return json_pack("{s:o}", "checks", checks);
}

void handle_table(const Call *call, Reply *reply) {
  AnswerService *service = call->state->service;
  g_autoptr(GError) error = NULL;
  g_autoptr(ValueIndex) index = answer_service_values(service, call->state->scope, &error);
  if (index == NULL) {
    reply_set_error(reply, error);
    return;
  }
  g_autoptr(Model) model = answer_service_model_ref(service);
  g_autoptr(LakeSnapshot) snapshot = answer_service_snapshot_ref(service);
  const Dataset *dataset = model_find_dataset(model, call->texts[0]);
  const SnapshotTable *table = dataset != NULL ? lake_snapshot_find(snapshot, dataset->table) : NULL;
  if (table == NULL) {
    reply_set_problem(reply, AISLE_ERROR_NOT_FOUND, "there is no such table; GET /v1/tables lists them");
    return;
  }
  gboolean all_rows = access_scope_is_unrestricted(call->state->scope);
  g_autoptr(json_t) json = describe_table(dataset, table, index);
  json_t *versions = describe_versions(table, all_rows), *newest = json_object_get(json_array_get(versions, 0), "at");
  json_t *loaded_at = newest != NULL ? json_incref(newest) : reply_time(snapshot->created_ms);
  json_t *quality = describe_quality(answer_service_workspace(service), table, all_rows, &loaded_at);
  json_object_set_new(json, "versions", versions);
  json_object_set_new(json, "quality", quality);
  json_object_set_new(json, "loaded_at", loaded_at);
  reply_set_json(reply, 200, json);
}
