/* model_infer: profiles the tables and lets each part of inference draw its conclusions, in order. */
#include "model/infer_private.h"
#include "model/model_private.h"
#include <string.h>

G_GNUC_PRINTF(3, 0) static void add_note(Inference *inference, const char *name, const char *format, va_list arguments) {
  if (inference->notes == NULL)
    return;
  g_autofree char *sentence = g_strdup_vprintf(format, arguments);
  const char *before = g_hash_table_lookup(inference->notes, name);
  if (before != NULL && strstr(before, sentence) != NULL)
    return;
  char *text = before != NULL ? g_strdup_printf("%s; %s", before, sentence) : g_strdup(sentence);
  g_hash_table_insert(inference->notes, g_strdup(name), text);
}

void infer_note(Inference *inference, const char *name, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  add_note(inference, name, format, arguments);
  va_end(arguments);
}

void infer_note_column(Inference *inference, const InferColumn *column, const char *format, ...) {
  va_list arguments;
  g_autofree char *name = g_strdup_printf("%s.%s", column->table->dataset->name, column->field->name);
  va_start(arguments, format);
  add_note(inference, name, format, arguments);
  va_end(arguments);
}

/* A table and a metric may have one name. */
void infer_note_table(Inference *inference, const InferTable *table, const char *format, ...) {
  va_list arguments;
  g_autofree char *name = g_strdup_printf("table:%s", table->dataset->name);
  va_start(arguments, format);
  add_note(inference, name, format, arguments);
  va_end(arguments);
}

InferColumn *infer_find_concept(const InferTable *table, const char *concept) {
  InferColumn *best = NULL;
  for (guint i = 0; i < table->columns->len; i++) {
    InferColumn *column = g_ptr_array_index(table->columns, i);
    if (column->profile->filled > 0 && infer_is_concept(column, concept) && (best == NULL || column->score > best->score))
      best = column;
  }
  return best;
}

InferColumn *infer_find_entity_column(const InferTable *table, const char *entity, ConceptKind kind) {
  InferColumn *best = NULL;
  for (guint i = 0; i < table->columns->len; i++) {
    InferColumn *column = g_ptr_array_index(table->columns, i);
    const Concept *concept = column->concept;
    if (column->profile->filled > 0 && concept != NULL && concept->kind == kind && column->field->role != FIELD_ROLE_DETAIL &&
        g_strcmp0(concept->entity, entity) == 0 && (best == NULL || column->score > best->score))
      best = column;
  }
  return best;
}

InferColumn *infer_find_column(const InferTable *table, const char *field) {
  for (guint i = 0; i < table->columns->len; i++) {
    InferColumn *column = g_ptr_array_index(table->columns, i);
    if (g_strcmp0(column->field->name, field) == 0)
      return column;
  }
  return NULL;
}

InferTable *infer_find_table(const Inference *inference, const char *dataset) {
  for (guint i = 0; i < inference->tables->len; i++) {
    InferTable *table = g_ptr_array_index(inference->tables, i);
    if (g_strcmp0(table->dataset->name, dataset) == 0)
      return table;
  }
  return NULL;
}

gboolean infer_share(Inference *inference, const InferTable *table, const char *condition, double *share, GError **error) {
  g_autofree char *sql = g_strdup_printf("SELECT coalesce(avg(CASE WHEN %s THEN 1.0 ELSE 0.0 END), 0)::DOUBLE FROM %s",
                                         condition, table->profile->relation);
  return profile_number(inference->engine, sql, inference->deadline, share, error);
}

gboolean infer_is_money(const InferColumn *column) { return g_str_has_prefix(column->field->unit, "currency"); }

static void infer_column_free(gpointer data) {
  InferColumn *column = data;
  g_strfreev(column->words);
  g_free(column->short_phrase);
  g_free(column);
}

static void infer_table_free(gpointer data) {
  InferTable *table = data;
  table_profile_free(table->profile);
  g_ptr_array_unref(table->columns);
  g_free(table->goods_noun);
  g_free(table);
}

/* Money without a sign of its own is in the one currency the data names, if it names exactly one. */
static void conclude_currency(Inference *inference) {
  g_autoptr(GHashTable) codes = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < inference->tables->len; i++) {
    const InferTable *table = g_ptr_array_index(inference->tables, i);
    for (guint j = 0; j < table->columns->len; j++) {
      const InferColumn *column = g_ptr_array_index(table->columns, j);
      if (g_str_has_prefix(column->field->unit, "currency:"))
        g_hash_table_add(codes, column->field->unit + strlen("currency:"));
      if (!infer_is_concept(column, "currency") || !column->profile->frequent_complete)
        continue;
      for (guint k = 0; k < column->profile->frequent->len; k++) {
        const FrequentValue *value = g_ptr_array_index(column->profile->frequent, k);
        if (strlen(value->value) == 3 && g_ascii_isupper(value->value[0]) && g_ascii_isupper(value->value[1]) &&
            g_ascii_isupper(value->value[2]))
          g_hash_table_add(codes, value->value);
      }
    }
  }
  if (g_hash_table_size(codes) != 1)
    return;
  GHashTableIter iter;
  gpointer code = NULL;
  g_hash_table_iter_init(&iter, codes);
  if (!g_hash_table_iter_next(&iter, &code, NULL))
    return;
  model_set_text(&inference->model->currency, code);
  infer_note(inference, "model", "all money is in %s", (const char *)code);
  g_autofree char *unit = g_strdup_printf("currency:%s", (const char *)code);
  for (guint i = 0; i < inference->tables->len; i++) {
    const InferTable *table = g_ptr_array_index(inference->tables, i);
    for (guint j = 0; j < table->columns->len; j++) {
      const InferColumn *column = g_ptr_array_index(table->columns, j);
      if (g_str_equal(column->field->unit, "currency"))
        model_set_text(&column->field->unit, unit);
    }
  }
}

static gboolean add_table(Inference *inference, const ImportedTable *imported, GHashTable *names, GError **error) {
  g_autofree char *name = text_slug_unique(imported->table, names);
  InferTable *table = g_new0(InferTable, 1);
  table->columns = g_ptr_array_new_with_free_func(infer_column_free);
  g_ptr_array_add(inference->tables, table);
  table->profile = profile_table(inference->engine, imported, inference->deadline, error);
  if (table->profile == NULL)
    return FALSE;
  table->dataset = model_builder_add_dataset(inference->builder, name, imported->table);
  table->dataset->row_count = table->profile->rows;
  table->dataset->is_fact = TRUE;
  infer_note_table(inference, table, "from %s, %" G_GINT64_FORMAT " rows", imported->source != NULL ? imported->source : imported->table,
             table->profile->rows);
  return infer_columns(inference, table, error);
}

static gboolean conclude(Inference *inference, const GPtrArray *imported_tables, GError **error) {
  g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < imported_tables->len; i++)
    if (!add_table(inference, g_ptr_array_index(imported_tables, i), names, error))
      return FALSE;
  conclude_currency(inference);
  for (guint i = 0; i < inference->tables->len; i++)
    if (!infer_dates(inference, g_ptr_array_index(inference->tables, i), error))
      return FALSE;
  return infer_keys(inference, error) && infer_hierarchies(inference, error) && infer_entities(inference, error) &&
         infer_conditions(inference, error) && infer_metrics(inference, error) && infer_spelling(inference, error);
}

Model *model_infer(Engine *engine, const char *name, const GPtrArray *imported_tables, GHashTable *notes, Deadline deadline,
                   GError **error) {
  g_autoptr(RetailLexicon) lexicon = retail_lexicon_load(error);
  if (lexicon == NULL)
    return NULL;
  g_autofree char *model_name = text_slug(name);
  g_autoptr(ModelBuilder) builder = model_builder_new(model_name);
  g_autoptr(GPtrArray) tables = g_ptr_array_new_with_free_func(infer_table_free);
  Inference inference = {.engine = engine, .deadline = deadline, .lexicon = lexicon, .builder = builder,
                         .model = model_builder_draft(builder), .notes = notes, .tables = tables};
  inference.model->calendar = CALENDAR_DEFAULT;
  if (!conclude(&inference, imported_tables, error))
    return NULL;
  return model_builder_finish(g_steal_pointer(&builder), error);
}
