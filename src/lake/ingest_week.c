/*
 * Weeks: what was loaded for a week is kept under its name, and the totals by week are kept as they were reported, so that
 * a later load that changes the past is noticed.
 */
#include "base/disk.h"
#include "lake/ingest.h"
#include <string.h>

#define WEEKS_MAX 520
/* Smaller changes are rounding. */
#define RESTATED_SHARE 1e-6

static char *totals_path(const char *workspace) {
  return g_build_filename(workspace, "state", "ingest", "weeks.json", NULL);
}

static char *measures_sql(const IngestDefinition *definition) {
  g_autofree char *date = text_sql_identifier(definition->history_date), *table = text_sql_identifier(definition->target);
  GString *sql = g_string_new(NULL);
  g_string_append_printf(sql, "SELECT strftime(CAST(%s AS DATE), '%%G-%%V') AS week, count(*) AS rows", date);
  for (guint i = 0; definition->history_measures[i]; i++) {
    g_autofree char *measure = text_sql_identifier(definition->history_measures[i]);
    g_string_append_printf(sql, ", sum(%s)", measure);
  }
  g_string_append_printf(sql, " FROM lake.%s WHERE %s IS NOT NULL GROUP BY 1 ORDER BY 1 DESC", table, date);
  return g_string_free(sql, FALSE);
}

static void compare(GPtrArray *said, const char *week, const char *measure, double before, double now) {
  double change = before != 0 ? (now - before) / ABS(before) : now != 0 ? 1 : 0;
  if (ABS(change) <= RESTATED_SHARE) return;
  g_autofree char *share = text_format_number(change * 100, ABS(change) < 0.001 ? 3 : 1), *then = text_format_number(before, 2), *today = text_format_number(now, 2);
  g_ptr_array_add(said, g_strdup_printf("week %s: %s changed by %s%s %% since it was reported (%s, now %s)", week, measure, change > 0 ? "+" : "", share, then, today));
}

/* The totals as they are now take the place of those kept; of closed weeks the difference is told. */
static void take_week(json_t *kept, const char *week, const char *measure, const Value *value, const char *closing, GPtrArray *said) {
  json_t *totals = json_object_get(kept, week);
  if (!totals) {
    totals = json_object();
    json_object_set_new(kept, week, totals);
  }
  const json_t *before = json_object_get(totals, measure);
  double now = value->type == VALUE_NULL ? 0 : value->number;
  if (json_is_number(before) && strcmp(week, closing)) compare(said, week, measure, json_number_value(before), now);
  json_object_set_new(totals, measure, json_real(now));
}

static gboolean add_definition(Engine *engine, const IngestDefinition *definition, json_t *all, const char *closing, GPtrArray *said, GError **error) {
  g_autofree char *sql = measures_sql(definition);
  g_autoptr(ResultTable) totals = engine_query(engine, sql, NULL, WEEKS_MAX, DEADLINE_NEVER, error);
  if (!totals) return FALSE;
  json_t *kept = json_object_get(all, definition->name);
  if (!kept) {
    kept = json_object();
    json_object_set_new(all, definition->name, kept);
  }
  for (gsize row = 0; row < totals->n_rows; row++) {
    const char *week = result_table_at(totals, row, 0)->text;
    take_week(kept, week, "rows", result_table_at(totals, row, 1), closing, said);
    for (guint i = 0; definition->history_measures[i]; i++) take_week(kept, week, definition->history_measures[i], result_table_at(totals, row, 2 + i), closing, said);
  }
  return TRUE;
}

static gboolean keep_snapshot(const char *workspace, const char *name, GError **error) {
  g_autoptr(GError) failing = NULL;
  if (lake_snapshot_keep(workspace, name, &failing)) return TRUE;
  if (!g_error_matches(failing, AISLE_ERROR, AISLE_ERROR_EXISTS)) {
    g_propagate_error(error, g_steal_pointer(&failing));
    return FALSE;
  }
  /* The week was loaded before: the later state is the one that counts; the earlier stays under a name of its own. */
  return lake_snapshot_forget(workspace, name, error) && lake_snapshot_keep(workspace, name, error);
}

GPtrArray *ingest_week_close(const char *workspace, Engine *engine, const GPtrArray *definitions, const char *week, GError **error) {
  g_autoptr(GPtrArray) said = g_ptr_array_new_with_free_func(g_free);
  Day from, to;
  int year, number;
  if (!ingest_week_parse(week, &from, &to, &year, &number)) return NULL;
  g_autofree char *closing = g_strdup_printf("%04d-%02d", year, number), *name = g_strdup_printf("week %s", closing), *path = totals_path(workspace);
  g_autoptr(LakeSnapshot) snapshot = lake_snapshot_open(workspace, NULL, error);
  if (!snapshot || !lake_snapshot_attach(snapshot, engine, DEADLINE_NEVER, error)) return NULL;
  g_autoptr(json_t) all = g_file_test(path, G_FILE_TEST_EXISTS) ? json_parse_file(path, error) : json_object();
  if (!all) return NULL;
  for (guint i = 0; i < definitions->len; i++) {
    const IngestDefinition *definition = definitions->pdata[i];
    if (definition->history_date && lake_snapshot_find(snapshot, definition->target) && !add_definition(engine, definition, all, closing, said, error)) return NULL;
  }
  g_autofree char *text = json_to_text(all, JSON_SORTED), *folder = g_path_get_dirname(path);
  if (!disk_make_folder(folder, error) || !disk_replace(path, text, strlen(text), error) || !keep_snapshot(workspace, name, error)) return NULL;
  g_ptr_array_add(said, g_strdup_printf("kept as the snapshot \"%s\"", name));
  return g_steal_pointer(&said);
}
