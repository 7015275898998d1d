/*
 * Any bytes as a Delta log: a first byte 'c' makes the rest a checkpoint file, anything else the text of commits (parted by
 * 0x1e). An error, or a table that can be looked at: pruned, turned into SQL, compared.
 */
#include "fuzz.h"
#include "lake/delta_replay.h"
#include "lake/delta_schema.h"
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

/* One engine and one table folder for all inputs: opening them is what costs. */
typedef struct {
  Engine *engine;
  char *folder, *checkpoint;
} Ground;

static const Ground *ground(void) {
  static Ground only;
  if (!only.engine) {
    EngineOptions options = {.threads = 1, .memory_limit_bytes = 256 << 20};
    only.engine = engine_open_duckdb(&options, NULL);
    only.folder = g_dir_make_tmp("aisle-fuzz-XXXXXX", NULL);
    g_autofree char *log = g_build_filename(only.folder, "_delta_log", NULL);
    only.checkpoint = g_build_filename(log, "00000000000000000003.checkpoint.parquet", NULL);
    if (!only.engine || g_mkdir(log, 0700) != 0) abort();
  }
  return &only;
}

static void look_at(const DeltaTable *table) {
  Value value = {.type = VALUE_INT, .integer = 5, .number = 5};
  for (guint i = 0; i < MIN(table->columns->len, 4); i++) {
    DeltaPredicate predicate = {((const DeltaColumn *)table->columns->pdata[i])->name, (DeltaOperator)(i * 2), &value, 1};
    g_autoptr(GPtrArray) kept = delta_table_prune(table, &predicate, 1);
    if (kept->len > table->files->len) abort();
  }
  g_autofree char *sql = delta_relation_sql(table, NULL);
  g_autoptr(json_t) schema = delta_schema_to_json(table->columns);
  g_autofree char *text = json_to_text(schema, JSON_PLAIN);
  g_autoptr(GPtrArray) again = delta_schema_parse(text, NULL), added = NULL, removed = NULL;
  if (!again || again->len != table->columns->len) abort();
  delta_table_difference(table, table, &added, &removed);
  if (added->len || removed->len) abort();
  delta_protocol_check_write(table, TRUE, NULL);
}

static void read_commits(const char *bytes, gsize length) {
  g_autoptr(ObjectStore) store = object_store_open(ground()->folder, NULL, NULL);
  g_autoptr(DeltaTable) table = delta_table_new_empty(ground()->folder, store);
  g_autoptr(GError) error = NULL;
  g_auto(DeltaReplay) replay;
  delta_replay_init(&replay, table);
  gboolean good = TRUE;
  for (const char *stop = bytes + length; good && bytes < stop;) {
    const char *end = memchr(bytes, 0x1e, (gsize)(stop - bytes));
    if (!end) end = stop;
    good = delta_log_parse(bytes, (gsize)(end - bytes), "fuzz", delta_replay_action, &replay, &error);
    bytes = end + 1;
  }
  good = good && delta_replay_finish(&replay, &error);
  if (good) look_at(table);
  else if (!error) abort();
}

static void read_checkpoint(const char *bytes, gsize length) {
  if (!g_file_set_contents(ground()->checkpoint, bytes, (gssize)length, NULL)) abort();
  g_autoptr(GError) error = NULL;
  g_autoptr(DeltaTable) table = delta_table_open(ground()->folder, -1, ground()->engine, &error);
  if (table) look_at(table);
  else if (!error) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  if (length > 0 && bytes[0] == 'c') read_checkpoint((const char *)bytes + 1, length - 1);
  else read_commits((const char *)bytes, length);
  return 0;
}
