/* Bringing a rollup up to a snapshot: one commit, which is its promotion. */
#include "lake/rollup_private.h"
#include "base/disk.h"
#include <stdlib.h>
#include <string.h>

#define MANY_FILES 8                                   /* parts are put together then */
#define OLD_FILES_STAY_MS (G_GINT64_CONSTANT(3600000)) /* for whoever still reads the rollup before */

/* ---- columns ---- */
static DeltaColumn *column_of(const RollupSpec *spec, const ResultColumn *column, GError **error) {
  static const struct {
    const char *sql;
    FieldType type;
  } types[] = {{"VARCHAR", FIELD_TEXT},    {"BIGINT", FIELD_INTEGER},     {"HUGEINT", FIELD_INTEGER},
               {"INTEGER", FIELD_INTEGER}, {"BOOLEAN", FIELD_BOOLEAN},    {"DATE", FIELD_DATE},
               {"DOUBLE", FIELD_DOUBLE},   {"TIMESTAMP", FIELD_TIMESTAMP}};
  gboolean is_sum = g_strv_contains((const char *const *)spec->sums, column->name);
  for (guint i = 0; i < G_N_ELEMENTS(types); i++)
    if (!strcmp(types[i].sql, column->sql_type) && !(is_sum && types[i].type == FIELD_DOUBLE))
      return delta_column_new(column->name, NULL, types[i].type);
  if (g_str_has_prefix(column->sql_type, "DECIMAL(")) {
    char *end = NULL;
    DeltaColumn *made = delta_column_new(column->name, NULL, FIELD_DECIMAL);
    made->precision = (int)strtol(column->sql_type + strlen("DECIMAL("), &end, 10);
    made->scale = *end == ',' ? (int)strtol(end + 1, NULL, 10) : 0;
    g_free(made->delta_type);
    made->delta_type = g_strdup_printf("decimal(%d,%d)", made->precision, made->scale);
    return made;
  }
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_MODEL,
              "rollup %s: %s has the type %s, which cannot be added up exactly; name other metrics or dimensions",
              spec->name, column->name, column->sql_type);
  return NULL;
}

static GPtrArray *columns_of(const RollupSpec *spec, const char *fill, Engine *engine, Deadline deadline,
                             GError **error) {
  g_autofree char *none = g_strdup_printf("SELECT * FROM (%s) LIMIT 0", fill);
  g_autoptr(ResultTable) result = engine_query(engine, none, NULL, 1, deadline, error);
  if (!result) return NULL;
  g_autoptr(GPtrArray) columns = g_ptr_array_new_with_free_func((GDestroyNotify)delta_column_free);
  for (guint i = 0; i < result_table_n_columns(result); i++) {
    DeltaColumn *column = column_of(spec, result->columns->pdata[i], error);
    if (!column) return NULL;
    g_ptr_array_add(columns, column);
  }
  return g_steal_pointer(&columns);
}

static gboolean same_columns(const DeltaTable *table, const GPtrArray *columns) {
  if (table->columns->len != columns->len) return FALSE;
  for (guint i = 0; i < columns->len; i++) {
    const DeltaColumn *a = table->columns->pdata[i], *b = columns->pdata[i];
    if (strcmp(a->name, b->name) || strcmp(a->delta_type, b->delta_type)) return FALSE;
  }
  return TRUE;
}

/* ---- one commit ---- */
typedef struct {
  DeltaTable *table; /* to be changed, or a draft */
  char *select;      /* the rows to write */
  gboolean replace;  /* they are all of it */
} Step;

static void step_clear(Step *step) {
  g_clear_pointer(&step->table, delta_table_unref);
  g_free(step->select);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Step, step_clear)

static gint64 commit_step(const RollupSpec *spec, const Step *step, const char *made_from, const GPtrArray *columns,
                          Engine *engine, const GPtrArray *files, GError **error) {
  g_autoptr(DeltaCommit) commit = delta_commit_new(step->table, "WRITE");
  if (step->table->version >= 0 && step->replace) {
    for (guint i = 0; i < step->table->files->len; i++) delta_commit_remove(commit, step->table->files->pdata[i], TRUE);
    if (!same_columns(step->table, columns)) delta_commit_set_columns(commit, columns);
  }
  for (guint i = 0; i < files->len; i++) delta_commit_add(commit, files->pdata[i], TRUE);
  delta_commit_set_read(commit, NULL, 0); /* nobody else may have changed it in the meantime */
  delta_commit_set_configuration(commit, ROLLUP_CONFIGURATION, made_from);
  delta_commit_set_parameter(commit, "rollup", spec->name);
  return delta_commit_write(commit, engine, error);
}

static gboolean run_step(const RollupSpec *spec, const Step *step, const char *made_from, const GPtrArray *columns,
                         Engine *engine, Deadline deadline, RollupOutcome *out, GError **error) {
  DeltaWriteOptions options = {.cluster_columns = (const char *const *)spec->keys, .deadline = deadline};
  g_autoptr(DeltaTable) shape =
      delta_table_draft(step->table->location, columns, NULL, NULL, error); /* the columns as they will be */
  g_autoptr(GPtrArray) files = shape ? delta_write_rows(shape, engine, step->select, &options, error) : NULL;
  if (!files) return FALSE;
  gint64 version = commit_step(spec, step, made_from, columns, engine, files, error);
  if (version < 0) {
    delta_discard_files(shape, files);
    return FALSE;
  }
  out->version = version;
  g_autoptr(DeltaTable) now = delta_table_open(step->table->location, version, engine, error);
  if (!now) return FALSE;
  out->rows = delta_table_rows(now);
  out->bytes = delta_table_bytes(now);
  DeltaVacuumOptions old = {.retention_ms = OLD_FILES_STAY_MS};
  g_autoptr(GError) ignored = NULL; /* what stays behind is taken away the next time */
  g_autoptr(GPtrArray) removed = delta_vacuum(now, engine, &old, NULL, &ignored);
  return TRUE;
}

/* Rows of one group put together. */
static char *grouped_sql(const RollupSpec *spec, const char *relation) {
  GString *sql = g_string_new("SELECT ");
  guint n = 0;
  for (; spec->keys[n]; n++) {
    g_autofree char *name = text_sql_identifier(spec->keys[n]);
    g_string_append_printf(sql, "%s%s", n ? ", " : "", name);
  }
  for (guint i = 0; spec->sums[i]; i++) {
    g_autofree char *name = text_sql_identifier(spec->sums[i]);
    g_string_append_printf(sql, ", SUM(%s) AS %s", name, name);
  }
  for (guint i = 0; spec->sketches[i]; i++) {
    g_autofree char *name = text_sql_identifier(spec->sketches[i]);
    g_string_append_printf(sql, ", aisle_sketch_merge(%s) AS %s", name, name);
  }
  g_string_append_printf(sql, " FROM (%s) GROUP BY ", relation);
  for (guint i = 0; i < n; i++) g_string_append_printf(sql, "%s%u", i ? ", " : "", i + 1);
  return g_string_free(sql, FALSE);
}

/* ---- what to do ---- */
static gboolean plan_step(const char *workspace, const RollupSpec *spec, const RollupPicture *picture,
                          const LakeSnapshot *snapshot, const GPtrArray *columns, Step *step, RollupOutcome *out,
                          GError **error) {
  g_autofree char *location = rollup_location(workspace, spec);
  step->table =
      picture->rollup ? delta_table_ref(picture->rollup) : delta_table_draft(location, columns, NULL, NULL, error);
  if (!step->table) return FALSE;
  gboolean add = picture->state == ROLLUP_IS_COMPLETED && picture->only_added;
  if (add && picture->rollup->files->len < MANY_FILES) {
    step->select = rollup_changed_sql(spec, picture);
    out->work = ROLLUP_ADDED_TO;
    return TRUE;
  }
  step->replace = TRUE;
  if (picture->state == ROLLUP_IS_COMPLETED) {
    g_autofree char *relation = rollup_relation_sql(spec, picture);
    step->select = grouped_sql(spec, relation);
    out->work = ROLLUP_REWRITTEN;
    return TRUE;
  }
  const SnapshotTable *own = lake_snapshot_find(snapshot, spec->table);
  g_autofree char *name = text_sql_identifier(own->name), *table = g_strconcat("lake.", name, NULL);
  step->select = rollup_fill_sql(spec, table);
  out->work = ROLLUP_BUILT;
  return TRUE;
}

char *rollup_stamp_path(const char *workspace) {
  return g_build_filename(workspace, "state", "rollups.stamp", NULL);
}

/* Whoever misses it takes the rollup up with the next load. */
static void tell_promoted(const char *workspace, const RollupSpec *spec, gint64 version) {
  g_autofree char *path = rollup_stamp_path(workspace), *folder = g_path_get_dirname(path);
  g_autofree char *text = g_strdup_printf("%s %" G_GINT64_FORMAT "\n", spec->name, version);
  g_autoptr(GError) failing = NULL;
  if (!disk_make_folder(folder, &failing) || !disk_replace_unflushed(path, text, strlen(text), &failing))
    g_warning("rollup %s: a running server will see it only after the next load: %s", spec->name, failing->message);
}

gboolean rollup_refresh(const char *workspace, const RollupSpec *spec, const LakeSnapshot *snapshot, Engine *engine,
                        Deadline deadline, RollupOutcome *out, GError **error) {
  g_auto(RollupPicture) picture = {0};
  *out = (RollupOutcome){0};
  if (!rollup_picture_open(workspace, spec, snapshot, engine, &picture, error)) return FALSE;
  if (picture.state == ROLLUP_IS_FRESH) {
    out->rows = delta_table_rows(picture.rollup);
    out->bytes = delta_table_bytes(picture.rollup);
    out->version = picture.rollup->version;
    return TRUE;
  }
  g_autofree char *name = text_sql_identifier(spec->table), *whole = g_strconcat("lake.", name, NULL);
  g_autofree char *fill = rollup_fill_sql(spec, whole), *made_from = rollup_made_from(spec, snapshot);
  g_autoptr(GPtrArray) columns = columns_of(spec, fill, engine, deadline, error);
  g_auto(Step) step = {0};
  if (!columns || !plan_step(workspace, spec, &picture, snapshot, columns, &step, out, error)) return FALSE;
  if (!run_step(spec, &step, made_from, columns, engine, deadline, out, error)) return FALSE;
  tell_promoted(workspace, spec, out->version);
  return TRUE;
}
