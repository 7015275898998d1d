/* Gold SQL speaks of a data set's own headers: views give every lake table its original columns back. */
#include "eval/eval.h"
#include <string.h>

#define GOLD_MAX_ROWS 200000
#define GOLD_SECONDS 60

struct GoldTables {
  Engine *engine;
  const Model *model; /* (transfer none) */
};

/* Stored columns only; times of day are text in the lake. */
static void append_column(GString *sql, const Field *field, GHashTable *taken) {
  gboolean is_stored =
      *field->expression != '\0' &&
      (field->expression[0] == '"' ||
       strspn(field->expression, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(field->expression));
  const char *label = field->label != NULL ? field->label : field->name;
  g_autofree char *key = g_utf8_casefold(label, -1);
  if (!is_stored || !g_hash_table_add(taken, g_steal_pointer(&key))) return;
  g_autofree char *quoted = text_sql_identifier(label);
  const char *expression = field->expression;
  g_string_append(sql, sql->len > 0 ? ", " : "");
  if (field->type == FIELD_TIME)
    g_string_append_printf(sql, "TRY_CAST(%s AS TIME) AS %s", expression, quoted);
  else
    g_string_append_printf(sql, "%s AS %s", expression, quoted);
}

static gboolean create_view(GoldTables *gold, const Dataset *dataset, const char *name, GError **error) {
  g_autoptr(GString) columns = g_string_new(NULL);
  g_autoptr(GHashTable) taken = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < dataset->fields->len; i++) append_column(columns, g_ptr_array_index(dataset->fields, i), taken);
  if (columns->len == 0) return TRUE;
  g_autofree char *view = text_sql_identifier(name);
  g_autofree char *table = text_sql_identifier(dataset->table);
  g_autofree char *sql =
      g_strdup_printf("CREATE OR REPLACE VIEW %s AS SELECT %s FROM lake.%s", view, columns->str, table);
  return engine_execute(gold->engine, sql, deadline_in_ms(GOLD_SECONDS * 1000, NULL), error);
}

GoldTables *gold_tables_open(const Model *model, const LakeSnapshot *snapshot, GError **error) {
  EngineOptions options = {.threads = 0, .max_connections = 2};
  g_autoptr(GoldTables) gold = g_new0(GoldTables, 1);
  gold->model = model;
  gold->engine = engine_open_duckdb(&options, error);
  if (gold->engine == NULL ||
      !lake_snapshot_attach(snapshot, gold->engine, deadline_in_ms(GOLD_SECONDS * 1000, NULL), error))
    return NULL;
  for (guint i = 0; i < model->datasets->len; i++) {
    const Dataset *dataset = g_ptr_array_index(model->datasets, i);
    if (!create_view(gold, dataset, dataset->table, error)) return NULL;
  }
  return g_steal_pointer(&gold);
}

void gold_tables_free(GoldTables *gold) {
  if (gold == NULL) return;
  engine_unref(gold->engine);
  g_free(gold);
}

/* The table of that name, else the only one whose name begins like it. */
static const Dataset *find_dataset(const Model *model, const char *name) {
  g_autofree char *slug = text_slug(name);
  const Dataset *beginning = NULL;
  guint beginnings = 0;
  for (guint i = 0; i < model->datasets->len; i++) {
    const Dataset *dataset = g_ptr_array_index(model->datasets, i);
    if (strcmp(dataset->table, slug) == 0 || strcmp(dataset->name, slug) == 0) return dataset;
    if (g_str_has_prefix(dataset->table, slug) || g_str_has_prefix(slug, dataset->table)) {
      beginning = dataset;
      beginnings++;
    }
  }
  return beginnings == 1 ? beginning : NULL;
}

gboolean gold_tables_name(GoldTables *gold, const char *dataset, GError **error) {
  const Dataset *found = find_dataset(gold->model, dataset);
  if (found == NULL) return FALSE;
  return strcmp(found->table, dataset) == 0 || create_view(gold, found, dataset, error);
}

/* Midnight is a day. */
static json_t *plain_value(const Value *value) {
  if (value->type == VALUE_TIMESTAMP && value->integer % (86400LL * 1000000) == 0) {
    g_autofree char *day = day_format_iso((Day)(value->integer / (86400LL * 1000000)));
    return json_string(day);
  }
  return value_to_json(value);
}

json_t *gold_tables_rows(GoldTables *gold, const char *sql, GError **error) {
  g_autoptr(ResultTable) table =
      engine_select(gold->engine, sql, NULL, GOLD_MAX_ROWS, deadline_in_ms(GOLD_SECONDS * 1000, NULL), error);
  if (table == NULL) return NULL;
  json_t *rows = json_array();
  for (gsize r = 0; r < table->n_rows; r++) {
    json_t *row = json_array();
    for (guint c = 0; c < result_table_n_columns(table); c++)
      json_array_append_new(row, plain_value(result_table_at(table, r, c)));
    json_array_append_new(rows, row);
  }
  return rows;
}
