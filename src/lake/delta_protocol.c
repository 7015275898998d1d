/* Table features: what must be known to read or to write a table, refused by name where it is not. */
#include "lake/delta_replay.h"
#include "lake/registry.h"
#include <string.h>

#define READER_VERSION 3
#define WRITER_VERSION 7

static gboolean is_in(const char *const *list, const char *name) {
  return g_strv_contains(list, name);
}

static gboolean has_setting(const DeltaTable *table, const char *name, const char *off) {
  const char *value = g_hash_table_lookup(table->configuration, name);
  return value && g_ascii_strcasecmp(value, off) != 0;
}

static gboolean refuse(const DeltaTable *table, const char *what, const char *doing, GError **error) {
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_UNSUPPORTED, "%s: the table uses %s, which is not supported%s", table->location,
              what, doing);
  return FALSE;
}

gboolean delta_protocol_check_read(const DeltaTable *table, GError **error) {
  /* typeWidening: files are cast to the table's types. */
  static const char *const known[] = {"timestampNtz", "deletionVectors", "columnMapping", "vacuumProtocolCheck",
                                      "typeWidening", "typeWidening-preview", "v2Checkpoint", NULL};
  if (table->reader_version > READER_VERSION) {
    g_autofree char *what = g_strdup_printf("reader version %" G_GINT64_FORMAT, table->reader_version);
    return refuse(table, what, "", error);
  }
  for (char **feature = table->reader_features; *feature; feature++)
    if (!is_in(known, *feature)) {
      g_autofree char *what = g_strdup_printf("the feature \"%s\"", *feature);
      return refuse(table, what, "", error);
    }
  if (delta_protocol_maps_columns(table) && has_setting(table, "delta.columnMapping.mode", "name"))
    return refuse(table, "column mapping by field ids (feature \"columnMapping\")", "", error);
  return TRUE;
}

gboolean delta_protocol_maps_columns(const DeltaTable *table) {
  gboolean may_map = table->reader_version == 2 || is_in((const char *const *)table->reader_features, "columnMapping");
  return may_map && has_setting(table, "delta.columnMapping.mode", "none");
}

/* Tables of the registry hold the vectors of those they stand for. */
static gboolean has_vectors(const DeltaTable *table) {
  if (g_hash_table_contains(table->configuration, EXTERNAL_SETTING)) return FALSE;
  for (guint i = 0; i < table->files->len; i++)
    if (((const DeltaFile *)table->files->pdata[i])->vector) return TRUE;
  return FALSE;
}

static const char *invariant_of_others(const DeltaTable *table) {
  for (guint i = 0; i < table->columns->len; i++)
    if (((const DeltaColumn *)table->columns->pdata[i])->generated) return ((const DeltaColumn *)table->columns->pdata[i])->name;
  return NULL;
}

gboolean delta_protocol_check_features(const DeltaTable *table, GError **error) {
  static const char *const known[] = {"appendOnly", "invariants", "checkConstraints", "timestampNtz", "vacuumProtocolCheck",
                                      "deletionVectors", "columnMapping", "v2Checkpoint", "changeDataFeed",
                                      "generatedColumns", NULL};
  if (table->writer_version > WRITER_VERSION) {
    g_autofree char *what = g_strdup_printf("writer version %" G_GINT64_FORMAT, table->writer_version);
    return refuse(table, what, " for writing", error);
  }
  for (char **feature = table->writer_features; *feature; feature++)
    if (!is_in(known, *feature)) {
      g_autofree char *what = g_strdup_printf("the feature \"%s\"", *feature);
      return refuse(table, what, " for writing", error);
    }
  return TRUE;
}

gboolean delta_protocol_check_write(const DeltaTable *table, gboolean removes, GError **error) {
  if (!delta_protocol_check_features(table, error)) return FALSE;
  /* These may be listed without being in use. */
  if (has_setting(table, "delta.enableChangeDataFeed", "false")) return refuse(table, "the change data feed", " for writing", error);
  if (has_setting(table, "delta.enableRowTracking", "false")) return refuse(table, "row tracking", " for writing", error);
  if (has_setting(table, "delta.enableInCommitTimestamps", "false"))
    return refuse(table, "in-commit timestamps", " for writing", error);
  if (delta_protocol_maps_columns(table)) return refuse(table, "column mapping (feature \"columnMapping\")", " for writing", error);
  if (has_vectors(table))
    return refuse(table, "deletion vectors", " for writing; in Spark, run REORG TABLE … APPLY (PURGE) first", error);
  if (invariant_of_others(table)) return refuse(table, "generated or identity columns", " for writing", error);
  if (removes && has_setting(table, "delta.appendOnly", "false")) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_UNSUPPORTED,
                "%s: rows of this table may only be added (delta.appendOnly)", table->location);
    return FALSE;
  }
  return TRUE;
}
