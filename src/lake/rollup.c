/* How a rollup stands to the tables it was made from, and the relation that serves it. */
#include "lake/rollup_private.h"
#include <string.h>

void rollup_spec_free(RollupSpec *spec) {
  if (!spec) return;
  g_free(spec->name);
  g_free(spec->table);
  g_free(spec->head);
  g_free(spec->tail);
  g_strfreev(spec->joined);
  g_strfreev(spec->keys);
  g_strfreev(spec->sums);
  g_strfreev(spec->sketches);
  g_free(spec->date);
  g_free(spec);
}

void rollup_serving_free(RollupServing *serving) {
  if (!serving) return;
  g_free(serving->relation);
  g_free(serving);
}

void rollup_picture_clear(RollupPicture *picture) {
  g_clear_pointer(&picture->rollup, delta_table_unref);
  g_clear_pointer(&picture->then, delta_table_unref);
  g_clear_pointer(&picture->now, delta_table_unref);
  g_clear_pointer(&picture->added, g_ptr_array_unref);
  g_clear_pointer(&picture->removed, g_ptr_array_unref);
  g_clear_pointer(&picture->touch.days, g_array_unref);
}

char *rollup_location(const char *workspace, const RollupSpec *spec) {
  g_autofree char *root = g_canonicalize_filename(workspace, NULL);
  return g_build_filename(root, "lake", "_rollups", spec->name, NULL);
}

/* ---- what it was made from ---- */
static char *definition_of(const RollupSpec *spec) {
  g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
  const char *parts[] = {spec->table, spec->head, spec->tail, ROLLUP_FORMAT};
  for (guint i = 0; i < G_N_ELEMENTS(parts); i++)
    g_checksum_update(checksum, (const guchar *)parts[i], (gssize)strlen(parts[i]) + 1);
  return g_strdup(g_checksum_get_string(checksum));
}

char *rollup_made_from(const RollupSpec *spec, const LakeSnapshot *snapshot) {
  g_autofree char *definition = definition_of(spec);
  g_autoptr(json_t) tables = json_object();
  const SnapshotTable *own = lake_snapshot_find(snapshot, spec->table);
  if (own) json_object_set_new(tables, own->name, json_integer(own->version));
  for (guint i = 0; spec->joined[i]; i++) {
    const SnapshotTable *joined = lake_snapshot_find(snapshot, spec->joined[i]);
    if (joined) json_object_set_new(tables, joined->name, json_integer(joined->version));
  }
  g_autoptr(json_t) made = json_pack("{s:s, s:O}", "definition", definition, "tables", tables);
  return json_to_text(made, JSON_SORTED);
}

static gboolean is_defined_so(const RollupSpec *spec, const json_t *made) {
  g_autofree char *definition = definition_of(spec);
  return g_strcmp0(json_get_string(made, "definition"), definition) == 0;
}

static gboolean joined_are_same(const RollupSpec *spec, const json_t *tables, const LakeSnapshot *snapshot) {
  for (guint i = 0; spec->joined[i]; i++) {
    const SnapshotTable *joined = lake_snapshot_find(snapshot, spec->joined[i]);
    if (!joined || json_get_int(tables, joined->name, -1) != joined->version) return FALSE;
  }
  return TRUE;
}

/* ---- what changed since ---- */
/* Days since 1970, of a number of parts of a day. */
static Day day_of(gint64 parts, gint64 parts_a_day) {
  return (Day)(parts / parts_a_day - (parts % parts_a_day < 0));
}

/* Adds the periods of the files' dates; FALSE when a file does not say. */
static gboolean touched_by(const RollupSpec *spec, const DeltaTable *table, const GPtrArray *files,
                           RollupTouch *touch) {
  int index = spec->date ? delta_table_column_index(table, spec->date) : -1;
  if (files->len && index < 0) return FALSE;
  TimeUnit period = spec->grain == TIME_UNIT_HOUR ? TIME_UNIT_DAY : spec->grain;
  for (guint i = 0; i < files->len; i++) {
    const DeltaFile *file = files->pdata[i];
    if (!file->bounds || (guint)index >= file->n_bounds) return FALSE;
    const DeltaBounds *bounds = &file->bounds[index];
    const DeltaColumn *column = table->columns->pdata[index];
    gint64 unit = column->type == FIELD_TIMESTAMP ? G_GINT64_CONSTANT(86400000000) : 1;
    touch->has_nulls = touch->has_nulls || bounds->nulls != 0;
    if (!bounds->known && bounds->nulls >= 0 && bounds->nulls == file->rows) continue; /* nothing but NULLs */
    if (!bounds->known) return FALSE;
    Day last = day_unit_start(day_of(bounds->maximum.integer, unit), period, &CALENDAR_DEFAULT);
    RollupDays days = {day_unit_start(day_of(bounds->minimum.integer, unit), period, &CALENDAR_DEFAULT),
                       day_unit_add(last, period, 1, &CALENDAR_DEFAULT)};
    g_array_append_val(touch->days, days);
  }
  return TRUE;
}

static gint compare_days(gconstpointer a, gconstpointer b) {
  Day one = ((const RollupDays *)a)->from, other = ((const RollupDays *)b)->from;
  return one < other ? -1 : one > other;
}

/* Ranges in order and apart from each other. */
static void merge_days(RollupTouch *touch) {
  g_array_sort(touch->days, compare_days);
  guint kept = 0;
  RollupDays *days = (RollupDays *)(gpointer)touch->days->data;
  for (guint i = 0; i < touch->days->len; i++) {
    if (kept && days[i].from <= days[kept - 1].to)
      days[kept - 1].to = MAX(days[kept - 1].to, days[i].to);
    else
      days[kept++] = days[i];
  }
  if (kept > ROLLUP_MAX_DAYS) {
    days[0].to = days[kept - 1].to;
    kept = 1;
  }
  g_array_set_size(touch->days, kept);
}

static gint64 rows_of(const GPtrArray *files) {
  gint64 rows = 0;
  for (guint i = 0; i < files->len; i++) rows += MAX(((const DeltaFile *)files->pdata[i])->rows, 0);
  return rows;
}

static RollupState compare_rows(const RollupSpec *spec, RollupPicture *picture) {
  delta_table_difference(picture->then, picture->now, &picture->added, &picture->removed);
  if (!picture->added->len && !picture->removed->len) return ROLLUP_IS_FRESH; /* commits that changed no row */
  picture->only_added = picture->removed->len == 0;
  if (!picture->only_added) {
    picture->touch.days = g_array_new(FALSE, FALSE, sizeof(RollupDays));
    if (!touched_by(spec, picture->then, picture->removed, &picture->touch) ||
        !touched_by(spec, picture->now, picture->added, &picture->touch))
      return ROLLUP_IS_STALE;
    merge_days(&picture->touch);
  }
  g_autoptr(GPtrArray) read = rollup_changed_files(spec, picture);
  return rows_of(read) * 2 > MAX(delta_table_rows(picture->now), 1) ? ROLLUP_IS_STALE : ROLLUP_IS_COMPLETED;
}

static gboolean open_tables(const RollupSpec *spec, const LakeSnapshot *snapshot, Engine *engine, gint64 made_version,
                            RollupPicture *picture, GError **error) {
  const SnapshotTable *own = lake_snapshot_find(snapshot, spec->table);
  picture->now = delta_table_open(own->location, own->version, engine, error);
  if (!picture->now) return FALSE;
  g_autoptr(GError) gone = NULL;
  picture->then = delta_table_open(own->location, made_version, engine, &gone);
  return TRUE; /* without it the rollup is stale */
}

gboolean rollup_picture_open(const char *workspace, const RollupSpec *spec, const LakeSnapshot *snapshot,
                             Engine *engine, RollupPicture *picture, GError **error) {
  g_autofree char *location = rollup_location(workspace, spec);
  g_autoptr(GError) failure = NULL;
  picture->state = ROLLUP_IS_MISSING;
  const SnapshotTable *own = lake_snapshot_find(snapshot, spec->table);
  if (!own) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND, "rollup %s: there is no table %s", spec->name, spec->table);
    return FALSE;
  }
  picture->rollup = delta_table_open(location, -1, engine, &failure);
  if (!picture->rollup) {
    if (g_error_matches(failure, AISLE_ERROR, AISLE_ERROR_NOT_FOUND)) return TRUE;
    g_propagate_error(error, g_steal_pointer(&failure));
    return FALSE;
  }
  const char *text = g_hash_table_lookup(picture->rollup->configuration, ROLLUP_CONFIGURATION);
  g_autoptr(json_t) made = text ? json_parse(text, strlen(text), NULL) : NULL;
  if (!made || !is_defined_so(spec, made)) return TRUE;
  const json_t *tables = json_object_get(made, "tables");
  gint64 version = json_get_int(tables, own->name, -1);
  picture->state = ROLLUP_DIMENSION_IS_NEW;
  if (!joined_are_same(spec, tables, snapshot)) return TRUE;
  picture->state = ROLLUP_IS_FRESH;
  if (version == own->version) return TRUE;
  if (!open_tables(spec, snapshot, engine, version, picture, error)) return FALSE;
  picture->state = picture->then ? compare_rows(spec, picture) : ROLLUP_IS_STALE;
  return TRUE;
}

/* ---- relations ---- */
static void append_columns(GString *sql, const RollupSpec *spec) {
  char **lists[] = {spec->keys, spec->sums, spec->sketches};
  guint n = 0;
  for (guint l = 0; l < G_N_ELEMENTS(lists); l++)
    for (guint i = 0; lists[l][i]; i++) {
      g_autofree char *name = text_sql_identifier(lists[l][i]);
      g_string_append_printf(sql, "%s%s", n++ ? ", " : "", name);
    }
}

char *rollup_fill_sql(const RollupSpec *spec, const char *relation) {
  GString *sql = g_string_new("SELECT ");
  append_columns(sql, spec);
  g_string_append_printf(sql, " FROM (%s%s%s)", spec->head, relation, spec->tail);
  return g_string_free(sql, FALSE);
}

static gboolean is_touched(const RollupSpec *spec, const RollupTouch *touch, const DeltaTable *table,
                           const DeltaFile *file) {
  DeltaPredicate missing = {spec->date, DELTA_IS_NULL, NULL, 0};
  if (touch->has_nulls && delta_file_may_match(table, file, &missing, 1)) return TRUE;
  for (guint i = 0; i < touch->days->len; i++) {
    const RollupDays *days = &g_array_index(touch->days, RollupDays, i);
    Value from = {.type = VALUE_DATE, .integer = days->from}, to = {.type = VALUE_DATE, .integer = days->to};
    DeltaPredicate within[] = {{spec->date, DELTA_GREATER_EQUAL, &from, 1}, {spec->date, DELTA_LESS, &to, 1}};
    if (delta_file_may_match(table, file, within, G_N_ELEMENTS(within))) return TRUE;
  }
  return FALSE;
}

GPtrArray *rollup_changed_files(const RollupSpec *spec, const RollupPicture *picture) {
  if (picture->only_added) return g_ptr_array_ref(picture->added);
  GPtrArray *files = g_ptr_array_new();
  for (guint i = 0; i < picture->now->files->len; i++) {
    DeltaFile *file = picture->now->files->pdata[i];
    if (is_touched(spec, &picture->touch, picture->now, file)) g_ptr_array_add(files, file);
  }
  return files;
}

/* "date in the touched periods"; never NULL. */
static char *touched_sql(const RollupTouch *touch, const char *column) {
  g_autofree char *name = text_sql_identifier(column);
  GString *sql = g_string_new("COALESCE(FALSE");
  for (guint i = 0; i < touch->days->len; i++) {
    const RollupDays *days = &g_array_index(touch->days, RollupDays, i);
    g_autofree char *from = day_format_iso(days->from), *to = day_format_iso(days->to);
    g_string_append_printf(sql, " OR (%s >= DATE '%s' AND %s < DATE '%s')", name, from, name, to);
  }
  g_string_append_printf(sql, ", FALSE) OR (%s AND %s IS NULL)", touch->has_nulls ? "TRUE" : "FALSE", name);
  g_autofree char *inner = g_string_free(sql, FALSE);
  return g_strdup_printf("(%s)", inner);
}

/* The sums of what changed: of the added files, or of all rows in the touched periods. */
char *rollup_changed_sql(const RollupSpec *spec, const RollupPicture *picture) {
  g_autoptr(GPtrArray) files = rollup_changed_files(spec, picture);
  g_autofree char *rows = delta_relation_sql(picture->now, files);
  g_autofree char *within = picture->only_added ? g_strdup("TRUE") : touched_sql(&picture->touch, spec->date);
  g_autofree char *relation = g_strdup_printf("(SELECT * FROM (%s) WHERE %s)", rows, within);
  return rollup_fill_sql(spec, relation);
}

char *rollup_relation_sql(const RollupSpec *spec, const RollupPicture *picture) {
  g_autofree char *kept = delta_relation_sql(picture->rollup, NULL);
  GString *sql = g_string_new("SELECT ");
  append_columns(sql, spec);
  g_string_append_printf(sql, " FROM (%s)", kept);
  if (picture->state != ROLLUP_IS_COMPLETED) return g_string_free(sql, FALSE);
  if (!picture->only_added) {
    g_autofree char *touched = touched_sql(&picture->touch, spec->keys[0]);
    g_string_append_printf(sql, " WHERE NOT %s", touched);
  }
  g_autofree char *changed = rollup_changed_sql(spec, picture);
  g_string_append_printf(sql, " UNION ALL %s", changed);
  return g_string_free(sql, FALSE);
}

RollupServing *rollup_serving_open(const char *workspace, const RollupSpec *spec, const LakeSnapshot *snapshot,
                                   Engine *engine, GError **error) {
  g_auto(RollupPicture) picture = {0};
  if (!rollup_picture_open(workspace, spec, snapshot, engine, &picture, error)) return NULL;
  RollupServing *serving = g_new0(RollupServing, 1);
  serving->state = picture.state;
  if (picture.state != ROLLUP_IS_FRESH && picture.state != ROLLUP_IS_COMPLETED) return serving;
  serving->relation = rollup_relation_sql(spec, &picture);
  serving->version = picture.rollup->version;
  serving->rows = MAX(delta_table_rows(picture.rollup), 0);
  serving->bytes = delta_table_bytes(picture.rollup);
  serving->files = picture.rollup->files->len;
  if (picture.state == ROLLUP_IS_FRESH) return serving;
  g_autoptr(GPtrArray) changed = rollup_changed_files(spec, &picture);
  serving->row_files = changed->len;
  serving->rows += rows_of(changed);
  for (guint i = 0; i < changed->len; i++) serving->bytes += ((const DeltaFile *)changed->pdata[i])->bytes;
  return serving;
}
