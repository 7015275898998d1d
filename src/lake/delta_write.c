/* Committing to a Delta log. */
#include "lake/delta_write.h"
#include "lake/delta_schema.h"
#include "base/disk.h"
#include <string.h>
#include <sys/stat.h>

#define COMMIT_TRIES 50
#define BOUND_BYTES 32 /* of text statistics, as other writers do */

static gint64 now_ms(void) {
  return g_get_real_time() / 1000;
}

static void append_action(GString *commit, json_t *action) {
  json_append(commit, action, JSON_PLAIN);
  g_string_append_c(commit, '\n');
  json_decref(action);
}

static void append_add(GString *commit, const DeltaFile *file) {
  /* add.path is a URI: everything but unreserved characters and '/' is escaped */
  g_autofree char *uri = g_uri_escape_string(file->path, "/", FALSE);
  json_t *add = json_pack("{s:s, s:{}, s:I, s:I, s:b}", "path", uri, "partitionValues", "size", (json_int_t)file->bytes,
                          "modificationTime", (json_int_t)now_ms(), "dataChange", TRUE);
  if (file->statistics) json_object_set_new(add, "stats", json_string(file->statistics));
  append_action(commit, json_pack("{s:o}", "add", add));
}

static void append_head(GString *commit, const char *operation, const DeltaIdentity *identity) {
  append_action(commit,
                json_pack("{s:{s:I, s:s, s:{s:s}, s:s}}", "commitInfo", "timestamp", (json_int_t)now_ms(), "operation",
                          operation, "operationParameters", "mode", "Append", "engineInfo", "Aisle/" AISLE_VERSION));
  if (identity)
    append_action(commit, json_pack("{s:{s:s, s:I, s:I}}", "txn", "appId", identity->application, "version",
                                    (json_int_t)identity->version, "lastUpdated", (json_int_t)now_ms()));
}

static gboolean create_commit(const char *folder, gint64 version, const GString *commit, GError **error) {
  g_autofree char *log = g_build_filename(folder, "_delta_log", NULL);
  g_autofree char *name = g_strdup_printf("%020" G_GINT64_FORMAT ".json", version);
  g_autofree char *path = g_build_filename(log, name, NULL);
  return disk_make_folder(log, error) && disk_create(path, commit->str, commit->len, error);
}

gboolean delta_table_create(const char *folder, const GPtrArray *columns, const GPtrArray *files,
                            const DeltaIdentity *identity, GError **error) {
  g_autoptr(GString) commit = g_string_new(NULL);
  append_head(commit, "CREATE TABLE", identity);
  json_t *protocol = delta_columns_have_timestamp(columns)
                         ? json_pack("{s:i, s:i, s:[s], s:[s]}", "minReaderVersion", 3, "minWriterVersion", 7,
                                     "readerFeatures", "timestampNtz", "writerFeatures", "timestampNtz")
                         : json_pack("{s:i, s:i}", "minReaderVersion", 1, "minWriterVersion", 2);
  append_action(commit, json_pack("{s:o}", "protocol", protocol));
  g_autoptr(json_t) schema = delta_schema_to_json(columns);
  g_autofree char *schema_text = json_to_text(schema, JSON_PLAIN);
  g_autofree char *id = g_uuid_string_random();
  append_action(commit, json_pack("{s:{s:s, s:{s:s, s:{}}, s:s, s:[], s:{}, s:I}}", "metaData", "id", id, "format",
                                  "provider", "parquet", "options", "schemaString", schema_text, "partitionColumns",
                                  "configuration", "createdTime", (json_int_t)now_ms()));
  for (guint i = 0; i < files->len; i++) append_add(commit, files->pdata[i]);
  return create_commit(folder, 0, commit, error);
}

gint64 delta_table_append(const char *folder, const GPtrArray *files, const DeltaIdentity *identity, Engine *engine,
                          GError **error) {
  g_autoptr(GString) commit = g_string_new(NULL);
  append_head(commit, "WRITE", identity);
  for (guint i = 0; i < files->len; i++) append_add(commit, files->pdata[i]);
  for (int attempt = 0; attempt < COMMIT_TRIES; attempt++) {
    /* Whoever was first may have changed the schema or loaded the same content: look again each time. */
    g_autoptr(DeltaTable) table = delta_table_open(folder, -1, engine, error);
    if (!table) return -1;
    const gint64 *done = identity ? g_hash_table_lookup(table->identities, identity->application) : NULL;
    if (done && *done >= identity->version) return table->version;
    g_autoptr(GError) losing = NULL;
    if (create_commit(folder, table->version + 1, commit, &losing)) return table->version + 1;
    if (!g_error_matches(losing, AISLE_ERROR, AISLE_ERROR_EXISTS)) {
      g_propagate_error(error, g_steal_pointer(&losing));
      return -1;
    }
    g_usleep((gulong)g_random_int_range(500, 2000 * (attempt + 1)));
  }
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_CONFLICT, "other writers were first %d times; try again", COMMIT_TRIES);
  return -1;
}

/* ---- statistics ---- */

/* Minimum and maximum of one column over the row groups of a file. */
typedef struct {
  char *minimum, *maximum;
  gint64 nulls;
  gboolean unknown; /* some row group did not say */
} Bounds;

static void bounds_clear(Bounds *bounds) {
  g_free(bounds->minimum);
  g_free(bounds->maximum);
}

static gboolean is_numeric(FieldType type) {
  return type == FIELD_INTEGER || type == FIELD_DECIMAL || type == FIELD_DOUBLE;
}

static int compare_bound(FieldType type, const char *a, const char *b) {
  if (type == FIELD_INTEGER) {
    gint64 x = g_ascii_strtoll(a, NULL, 10), y = g_ascii_strtoll(b, NULL, 10);
    return x < y ? -1 : x > y;
  }
  if (is_numeric(type)) {
    double x = g_ascii_strtod(a, NULL), y = g_ascii_strtod(b, NULL);
    return x < y ? -1 : x > y;
  }
  return strcmp(a, b);
}

static void widen(Bounds *bounds, FieldType type, const char *minimum, const char *maximum) {
  if (!minimum || !maximum) {
    bounds->unknown = TRUE;
    return;
  }
  if (!bounds->minimum || compare_bound(type, minimum, bounds->minimum) < 0) {
    g_free(bounds->minimum);
    bounds->minimum = g_strdup(minimum);
  }
  if (!bounds->maximum || compare_bound(type, maximum, bounds->maximum) > 0) {
    g_free(bounds->maximum);
    bounds->maximum = g_strdup(maximum);
  }
}

/* Long text is cut; a cut maximum is rounded up so that it stays a bound. NULL: no bound can be given. (transfer full)
 */
static char *text_bound(const char *text, gboolean is_maximum) {
  if (strlen(text) <= BOUND_BYTES) return g_strdup(text);
  const char *end = text + BOUND_BYTES;
  while (end > text && (*end & 0xc0) == 0x80) end--;
  char *cut = g_strndup(text, (gsize)(end - text));
  if (!is_maximum) return cut;
  char *rounded = g_strconcat(cut, "\xf4\x8f\xbf\xbf", NULL); /* U+10FFFF sorts after everything */
  g_free(cut);
  return rounded;
}

static void append_bound(GString *out, FieldType type, const char *value, gboolean is_maximum) {
  if (is_numeric(type)) {
    g_string_append(out, value);
  } else if (type == FIELD_TIMESTAMP) {
    /* milliseconds, the maximum rounded up */
    g_autofree char *iso = g_strdup(value);
    char *blank = strchr(iso, ' '), *point = strchr(iso, '.');
    if (blank) *blank = 'T';
    char millis[8] = ".000";
    if (point) {
      for (int i = 0; i < 3 && point[1 + i]; i++) millis[1 + i] = point[1 + i];
      if (is_maximum && strlen(point) > 4) memcpy(millis, ".999", 5);
      *point = '\0';
    }
    g_string_append_printf(out, "\"%s%s\"", iso, millis);
  } else {
    g_autofree char *text = type == FIELD_DATE ? g_strdup(value) : text_bound(value, is_maximum);
    json_append_string(out, text, -1);
  }
}

static char *statistics_text(const GPtrArray *columns, const Bounds *bounds, gint64 rows) {
  GString *text = g_string_new(NULL);
  g_string_append_printf(text, "{\"numRecords\":%" G_GINT64_FORMAT, rows);
  static const char *const names[] = {"minValues", "maxValues", "nullCount"};
  for (int part = 0; part < 3; part++) {
    g_string_append_printf(text, ",\"%s\":{", names[part]);
    gboolean first = TRUE;
    for (guint i = 0; i < columns->len; i++) {
      const DeltaColumn *column = columns->pdata[i];
      const Bounds *b = &bounds[i];
      gboolean bounded = b->minimum && b->maximum && !b->unknown && column->type != FIELD_BOOLEAN;
      if (part < 2 && (!bounded || (column->type == FIELD_DOUBLE && strpbrk(part ? b->maximum : b->minimum, "nN"))))
        continue;
      if (!first) g_string_append_c(text, ',');
      first = FALSE;
      json_append_string(text, column->name, -1);
      g_string_append_c(text, ':');
      if (part == 2)
        g_string_append_printf(text, "%" G_GINT64_FORMAT, b->nulls);
      else
        append_bound(text, column->type, part ? b->maximum : b->minimum, part == 1);
    }
    g_string_append_c(text, '}');
  }
  g_string_append_c(text, '}');
  return g_string_free(text, FALSE);
}

DeltaFile *delta_file_describe(Engine *engine, const char *folder, const char *relative_path, const GPtrArray *columns,
                               Deadline deadline, GError **error) {
  g_autofree char *path = g_build_filename(folder, relative_path, NULL);
  g_autofree char *quoted = text_sql_quote(path);
  g_autofree char *sql = g_strdup_printf(
      "SELECT path_in_schema, coalesce(stats_min_value, stats_min), coalesce(stats_max_value, stats_max), "
      "CAST(stats_null_count AS BIGINT), CAST(num_values AS BIGINT), CAST(row_group_num_rows AS BIGINT), "
      "CAST(row_group_id AS BIGINT) FROM parquet_metadata(%s)",
      quoted);
  g_autoptr(ResultTable) result = engine_query(engine, sql, NULL, 0, deadline, error);
  if (!result) return NULL;
  g_autoptr(GHashTable) index = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < columns->len; i++)
    g_hash_table_insert(index, ((const DeltaColumn *)columns->pdata[i])->name, GUINT_TO_POINTER(i + 1));
  g_autofree Bounds *bounds = g_new0(Bounds, columns->len + 1);
  gint64 rows = 0, group = -1;
  for (gsize r = 0; r < result->n_rows; r++) {
    if (result_table_at(result, r, 6)->integer != group) {
      group = result_table_at(result, r, 6)->integer;
      rows += result_table_at(result, r, 5)->integer;
    }
    const char *name = result_table_at(result, r, 0)->text;
    guint at = name ? GPOINTER_TO_UINT(g_hash_table_lookup(index, name)) : 0;
    if (at == 0) continue;
    gint64 nulls = result_table_at(result, r, 3)->integer, values = result_table_at(result, r, 4)->integer;
    bounds[at - 1].nulls += nulls;
    if (nulls < values)
      widen(&bounds[at - 1], ((const DeltaColumn *)columns->pdata[at - 1])->type, result_table_at(result, r, 1)->text,
            result_table_at(result, r, 2)->text);
  }
  struct stat status;
  DeltaFile *file = g_new0(DeltaFile, 1);
  file->path = g_strdup(relative_path);
  file->rows = rows;
  file->bytes = stat(path, &status) == 0 ? (gint64)status.st_size : 0;
  file->statistics = statistics_text(columns, bounds, rows);
  for (guint i = 0; i < columns->len; i++) bounds_clear(&bounds[i]);
  return file;
}
