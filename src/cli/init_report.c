#include "cli/init_report.h"
#include "base/disk.h"
#include <stdio.h>
#include <string.h>

#define MOST_LINES 12 /* per kind of conclusion; the rest stands in the model */

void init_report_clear(InitReport *report) {
  g_clear_pointer(&report->tables, g_ptr_array_unref);
  g_clear_pointer(&report->model, model_unref);
  g_clear_pointer(&report->notes, g_hash_table_unref);
}

static const char *note_of(const InitReport *report, const char *name) {
  return report->notes != NULL ? g_hash_table_lookup(report->notes, name) : NULL;
}

static void print_conclusion(const InitReport *report, const char *name, const char *shown) {
  const char *note = note_of(report, name);
  if (note != NULL)
    printf("    %s: %s\n", shown, note);
  else
    printf("    %s\n", shown);
}

static const Dataset *dataset_of_table(const Model *model, const char *table) {
  for (guint i = 0; i < model->datasets->len; i++) {
    const Dataset *dataset = g_ptr_array_index(model->datasets, i);
    if (g_str_equal(dataset->table, table))
      return dataset;
  }
  return NULL;
}

static void print_table(const InitReport *report, const ImportedTable *table) {
  g_autofree char *rows = text_count(table->rows, "row"), *columns = text_count(table->columns->len, "column");
  const Dataset *dataset = dataset_of_table(report->model, table->table);
  guint sources = table->sources != NULL ? g_strv_length(table->sources) : 1;
  printf("  %s, from %s", table->table, table->source);
  if (sources > 1) printf(" and %u more", sources - 1);
  printf(": %s, %s", rows, columns);
  if (dataset != NULL && dataset->primary_key[0] != NULL) {
    g_autofree char *key = g_strjoinv(", ", dataset->primary_key);
    printf("; key %s", key);
  }
  if (dataset != NULL && dataset->default_date != NULL)
    printf("; date %s", dataset->default_date);
  printf("\n");
  if (table->aside_rows > 0) {
    g_autofree char *aside = text_count(table->aside_rows, "row");
    printf("    %s %s left out as no part of the table (footer, totals, a header again); see %s/lake/_rejected/%s.csv\n", aside,
           table->aside_rows == 1 ? "was" : "were", report->workspace, table->table);
  }
  if (table->rejected_rows > 0) {
    g_autofree char *rejected = text_count(table->rejected_rows, "row");
    printf("    %s could not be read, and why stands in %s/lake/_rejected/%s.csv\n", rejected, report->workspace, table->table);
  }
  for (guint i = 0, shown = 0; i < table->columns->len && shown < MOST_LINES; i++) {
    const ImportedColumn *column = g_ptr_array_index(table->columns, i);
    if (column->to_check && ++shown) printf("    %s: %s\n", column->label, column->note);
  }
}

static void print_metrics(const InitReport *report) {
  static const char *const shown[] = {"revenue", "revenue_excluding_tax", "units", "profit", "margin", "cost", "orders", "customers",
                                      "products", "average_order_value"};
  printf("\nWhat the numbers mean:\n");
  for (guint i = 0; i < G_N_ELEMENTS(shown); i++) {
    const Metric *metric = model_find_metric(report->model, shown[i]);
    if (metric != NULL) {
      g_autofree char *name = g_strdup_printf("%s (%s)", metric->name, metric->label);
      print_conclusion(report, metric->name, name);
    }
  }
}

static void print_rest(const InitReport *report) {
  const Model *model = report->model;
  if (model->conditions->len > 0)
    printf("\nNamed rows:\n");
  for (guint i = 0; i < MIN(model->conditions->len, MOST_LINES); i++) {
    const Condition *condition = g_ptr_array_index(model->conditions, i);
    print_conclusion(report, condition->name, condition->label);
  }
  if (model->relationships->len > 0)
    printf("\nJoins:\n");
  for (guint i = 0; i < MIN(model->relationships->len, MOST_LINES); i++) {
    const Relationship *join = g_ptr_array_index(model->relationships, i);
    g_autofree char *name = g_strdup_printf("%s to %s", join->from_dataset, join->to_dataset);
    print_conclusion(report, join->name, name);
  }
  if (model->relationships->len > MOST_LINES)
    printf("    and %u more\n", model->relationships->len - MOST_LINES);
  if (model->hierarchies->len > 0)
    printf("\nHierarchies:\n");
  for (guint i = 0; i < MIN(model->hierarchies->len, MOST_LINES); i++) {
    const Hierarchy *hierarchy = g_ptr_array_index(model->hierarchies, i);
    g_autofree char *levels = g_strjoinv(" > ", hierarchy->levels);
    printf("    %s\n", levels);
  }
}

static void print_personal(const Model *model) {
  guint shown = 0;
  for (guint i = 0; i < model->datasets->len; i++) {
    const Dataset *dataset = g_ptr_array_index(model->datasets, i);
    for (guint k = 0; k < dataset->fields->len && shown <= MOST_LINES; k++) {
      const Field *field = g_ptr_array_index(dataset->fields, k);
      if (field->personal == NULL) continue;
      if (shown++ == 0) printf("\nLooks personal (aisle init --privacy hashes such columns before anything is written):\n");
      if (shown <= MOST_LINES) printf("    %s of %s: %s\n", field->label, dataset->table, field->personal);
      else printf("    and more; they are marked in the model\n");
    }
  }
}

/* A first question that this data answers. (transfer full) */
static char *first_question(const Model *model) {
  const Metric *metric = model_find_metric(model, model->default_metric);
  const Dataset *dataset = metric != NULL && metric->dataset != NULL ? model_find_dataset(model, metric->dataset) : NULL;
  if (metric == NULL) return g_strdup("...");
  char *question = g_strconcat(metric->name, dataset != NULL && dataset->default_date != NULL ? " by month" : "", NULL);
  return g_strdelimit(question, "_", ' ');
}

void init_report_print(const InitReport *report) {
  g_autofree char *summary = model_summarise(report->model);
  printf("%s\n\nTables in %s:\n", summary, report->workspace);
  for (guint i = 0; i < report->tables->len; i++)
    print_table(report, g_ptr_array_index(report->tables, i));
  print_metrics(report);
  print_rest(report);
  print_personal(report->model);
  printf("\nThe model is %s/model/aisle.yaml: correct it there, then run aisle check -w %s.\n", report->workspace, report->workspace);
  g_autofree char *question = first_question(report->model);
  printf("Ask: aisle ask -w %s \"%s\"\n", report->workspace, question);
}

static json_t *text_or_null(const char *text) { return text != NULL ? json_string(text) : json_null(); }

static const char *type_name(FieldType type) {
  static const char *const names[] = {"text", "integer", "decimal", "double", "boolean", "date", "timestamp", "time"};
  return (guint)type < G_N_ELEMENTS(names) ? names[type] : "text";
}

static json_t *table_to_json(const ImportedTable *table) {
  json_t *columns = json_array();
  for (guint i = 0; i < table->columns->len; i++) {
    const ImportedColumn *column = g_ptr_array_index(table->columns, i);
    json_array_append_new(columns, json_pack("{s:s, s:o, s:s, s:o, s:o}", "name", column->name, "label", text_or_null(column->label),
                                             "type", type_name(column->type), "currency", text_or_null(column->currency), "note",
                                             text_or_null(column->note)));
  }
  return json_pack("{s:s, s:o, s:o, s:I, s:I, s:I, s:o}", "name", table->table, "label", text_or_null(table->label), "source",
                   text_or_null(table->source), "rows", (json_int_t)table->rows, "rejected_rows", (json_int_t)table->rejected_rows,
                   "aside_rows", (json_int_t)table->aside_rows, "columns", columns);
}

static json_t *tables_to_json(const InitReport *report) {
  json_t *tables = json_array();
  for (guint i = 0; i < report->tables->len; i++)
    json_array_append_new(tables, table_to_json(g_ptr_array_index(report->tables, i)));
  return tables;
}

void init_report_print_json(const InitReport *report) {
  g_autofree char *summary = model_summarise(report->model);
  json_t *notes = json_object();
  GHashTableIter iter;
  gpointer name = NULL, note = NULL;
  g_hash_table_iter_init(&iter, report->notes);
  while (g_hash_table_iter_next(&iter, &name, &note))
    json_object_set_new(notes, name, json_string(note));
  g_autoptr(json_t) all = json_pack("{s:s, s:s, s:o, s:o, s:o}", "workspace", report->workspace, "summary", summary, "tables",
                                    tables_to_json(report), "notes", notes, "model", model_to_json(report->model));
  g_autofree char *text = json_to_text(all, JSON_PRETTY | JSON_SORTED);
  printf("%s\n", text);
}

gboolean init_report_write_load(const InitReport *report, const char *folder, GError **error) {
  g_autoptr(GDateTime) now = g_date_time_new_now_utc();
  g_autofree char *time = g_date_time_format(now, "%Y-%m-%dT%H:%M:%SZ"), *stem = g_date_time_format(now, "%Y%m%dT%H%M%SZ");
  g_autofree char *unique = g_uuid_string_random();
  g_autofree char *name = g_strdup_printf("%s-%.8s.json", stem, unique);
  g_autofree char *path = g_build_filename(folder, "ingest", name, NULL);
  g_autoptr(json_t) load = json_pack("{s:i, s:s, s:s, s:o}", "schema_version", 1, "loaded_at", time, "model_hash",
                                     report->model->hash, "tables", tables_to_json(report));
  g_autofree char *text = json_to_text(load, JSON_PRETTY);
  return disk_replace(path, text, strlen(text), error);
}
