/* Writing model/core.yaml and model/aisle.yaml: a fixed layout, comments with the evidence, and what people added. */
#include <string.h>

#include "model/expression.h"
#include "model/metric_sql.h"
#include "model/model_yaml.h"
#include "model/yaml_writer.h"

#define KEYS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define CORE_HEADER                                                                                                    \
  "The tables and numbers of this workspace, in the format of Apache Ossie core.\n"                                    \
  "Other tools read this file too. Words, units, conditions and the rest stand in aisle.yaml.\n"                       \
  "After an edit run \"aisle check\": it names every mistake with its line and what to do."
#define EXTENSION_HEADER                                                                                               \
  "What the data of this workspace means to you: words, units, defaults, conditions, entities.\n"                      \
  "Edit freely; your words and comments are kept. After an edit run \"aisle check\"."

static gboolean item_is_named(const YamlNode *item, const char *name) {
  const YamlNode *item_name = yaml_get(item, "name");
  return item_name != NULL && item_name->kind == YAML_SCALAR && strcmp(item_name->text, name) == 0;
}

/* The item of an old list that has this name; NULL. It mostly stands where it stood before: at `position`. */
static const YamlNode *find_item(const YamlNode *list, const char *name, guint position) {
  if (list == NULL || list->kind != YAML_LIST) return NULL;
  if (position < list->items->len && item_is_named(g_ptr_array_index(list->items, position), name))
    return g_ptr_array_index(list->items, position);
  for (guint i = 0; i < list->items->len; i++)
    if (item_is_named(g_ptr_array_index(list->items, i), name)) return g_ptr_array_index(list->items, i);
  return NULL;
}

/* ---- core ---- */

static void write_other_dialects(YamlWriter *writer, const YamlNode *old_dialects) {
  for (guint i = 0; old_dialects != NULL && old_dialects->kind == YAML_LIST && i < old_dialects->items->len; i++) {
    const YamlNode *item = g_ptr_array_index(old_dialects->items, i), *dialect = yaml_get(item, "dialect");
    if (dialect == NULL || dialect->kind != YAML_SCALAR || strcmp(dialect->text, "ANSI_SQL") == 0) continue;
    yaml_begin_item(writer, item, NULL);
    yaml_write_foreign(writer, item, KEYS(NULL));
    yaml_end_item(writer);
  }
}

static void write_expression(YamlWriter *writer, const YamlNode *old, const char *expression) {
  const YamlNode *old_expression = yaml_get(old, "expression"), *old_dialects = yaml_get(old_expression, "dialects");
  const YamlNode *old_item = NULL;
  for (guint i = 0; old_dialects != NULL && old_dialects->kind == YAML_LIST && i < old_dialects->items->len; i++) {
    const YamlNode *item = g_ptr_array_index(old_dialects->items, i), *dialect = yaml_get(item, "dialect");
    if (dialect != NULL && g_strcmp0(dialect->text, "ANSI_SQL") == 0) old_item = item;
  }
  yaml_begin(writer, old, "expression", NULL);
  yaml_begin(writer, old_expression, "dialects", NULL);
  yaml_begin_item(writer, old_item, NULL);
  yaml_write_text(writer, old_item, "dialect", "ANSI_SQL");
  yaml_write_text(writer, old_item, "expression", expression);
  yaml_end_item(writer);
  write_other_dialects(writer, old_dialects);
  yaml_end(writer);
  yaml_end(writer);
}

/* The core names keys by column. A field that renames its column is written as the column. */
static char **columns_of_fields(const Dataset *dataset, char **fields) {
  char **columns = g_strdupv(fields);
  for (guint i = 0; dataset != NULL && columns[i] != NULL; i++) {
    const Field *field = dataset_find_field(dataset, columns[i]);
    g_autofree char *column = NULL;
    if (field == NULL || !expression_is_column(field->expression, &column)) continue;
    if (dataset_find_field(dataset, column) != NULL) continue;
    g_free(columns[i]);
    columns[i] = g_steal_pointer(&column);
  }
  return columns;
}

static void write_core_field(YamlWriter *writer, const Field *field, const YamlNode *old) {
  yaml_begin_item(writer, old, NULL);
  yaml_write_text(writer, old, "name", field->name);
  write_expression(writer, old, field->expression);
  if (field->role != FIELD_ROLE_MEASURE) {
    const YamlNode *old_dimension = yaml_get(old, "dimension");
    yaml_begin(writer, old, "dimension", NULL);
    yaml_write_flag(writer, old_dimension, "is_time", field->role == FIELD_ROLE_TIME);
    yaml_end(writer);
  }
  yaml_write_foreign(writer, old, KEYS("name", "expression", "dimension"));
  yaml_end_item(writer);
}

static void write_source(YamlWriter *writer, const Dataset *dataset, const YamlNode *old) {
  const YamlNode *source = yaml_get(old, "source");
  const char *dot = source != NULL && source->kind == YAML_SCALAR ? strrchr(source->text, '.') : NULL;
  const char *old_table = dot != NULL ? dot + 1 : source != NULL && source->kind == YAML_SCALAR ? source->text : NULL;
  g_autofree char *fresh = g_strdup_printf("lake.%s", dataset->table);
  yaml_write_text(writer, old, "source", g_strcmp0(old_table, dataset->table) == 0 ? source->text : fresh);
}

static void write_core_dataset(YamlWriter *writer, const Dataset *dataset, const YamlNode *old) {
  yaml_begin_item(writer, old, NULL);
  yaml_write_text(writer, old, "name", dataset->name);
  write_source(writer, dataset, old);
  g_auto(GStrv) key = columns_of_fields(dataset, dataset->primary_key);
  yaml_write_words(writer, old, "primary_key", key);
  /* Metrics that stood here have moved to the model's list. */
  yaml_write_foreign(writer, old, KEYS("name", "source", "primary_key", "fields", "metrics"));
  const YamlNode *old_fields = yaml_get(old, "fields");
  yaml_begin(writer, old, "fields", NULL);
  for (guint i = 0; i < dataset->fields->len; i++) {
    const Field *field = g_ptr_array_index(dataset->fields, i);
    write_core_field(writer, field, find_item(old_fields, field->name, i));
  }
  yaml_end(writer);
  yaml_end_item(writer);
}

static void write_core_relationship(YamlWriter *writer, const Model *model, const Relationship *relationship, const char *note,
                                    const YamlNode *old) {
  g_auto(GStrv) from =
      columns_of_fields(model_find_dataset(model, relationship->from_dataset), relationship->from_fields);
  g_auto(GStrv) to = columns_of_fields(model_find_dataset(model, relationship->to_dataset), relationship->to_fields);
  yaml_begin_item(writer, old, note);
  yaml_write_text(writer, old, "name", relationship->name);
  yaml_write_text(writer, old, "from", relationship->from_dataset);
  yaml_write_text(writer, old, "to", relationship->to_dataset);
  yaml_write_words(writer, old, "from_columns", from);
  yaml_write_words(writer, old, "to_columns", to);
  yaml_write_foreign(writer, old, KEYS("name", "from", "to", "from_columns", "to_columns"));
  yaml_end_item(writer);
}

static void write_core_metric(YamlWriter *writer, const Model *model, const Metric *metric, const YamlNode *old) {
  g_autofree char *sql = metric_to_sql(model, metric);
  yaml_begin_item(writer, old, NULL);
  yaml_write_text(writer, old, "name", metric->name);
  write_expression(writer, old, sql);
  if (*metric->description != '\0') yaml_write_text(writer, old, "description", metric->description);
  yaml_write_foreign(writer, old, KEYS("name", "expression", "description"));
  yaml_end_item(writer);
}

/* Metrics of the old file by name, wherever they stood. */
static const YamlNode *find_old_metric(const YamlNode *old_model, const char *name, guint position) {
  const YamlNode *item = find_item(yaml_get(old_model, "metrics"), name, position);
  const YamlNode *datasets = yaml_get(old_model, "datasets");
  for (guint i = 0; item == NULL && datasets != NULL && datasets->kind == YAML_LIST && i < datasets->items->len; i++)
    item = find_item(yaml_get(g_ptr_array_index(datasets->items, i), "metrics"), name, 0);
  return item;
}

static void write_core_lists(YamlWriter *writer, const Model *model, GHashTable *notes, const YamlNode *old) {
  const YamlNode *old_datasets = yaml_get(old, "datasets"), *old_relationships = yaml_get(old, "relationships");
  yaml_begin(writer, old, "datasets", NULL);
  for (guint i = 0; i < model->datasets->len; i++) {
    const Dataset *dataset = g_ptr_array_index(model->datasets, i);
    write_core_dataset(writer, dataset, find_item(old_datasets, dataset->name, i));
  }
  yaml_end(writer);
  if (model->relationships->len > 0) yaml_begin(writer, old, "relationships", NULL);
  for (guint i = 0; i < model->relationships->len; i++) {
    const Relationship *relationship = g_ptr_array_index(model->relationships, i);
    const char *note = notes != NULL ? g_hash_table_lookup(notes, relationship->name) : NULL;
    write_core_relationship(writer, model, relationship, note, find_item(old_relationships, relationship->name, i));
  }
  if (model->relationships->len > 0) yaml_end(writer);
  if (model->metrics->len > 0) yaml_begin(writer, old, "metrics", NULL);
  for (guint i = 0; i < model->metrics->len; i++) {
    const Metric *metric = g_ptr_array_index(model->metrics, i);
    write_core_metric(writer, model, metric, find_old_metric(old, metric->name, i));
  }
  if (model->metrics->len > 0) yaml_end(writer);
}

char *model_core_to_text(const Model *model, GHashTable *notes, const YamlNode *old_core) {
  YamlWriter writer = {.out = g_string_new(NULL)};
  const YamlNode *old_models = yaml_get(old_core, "semantic_model");
  gboolean has_old = old_models != NULL && old_models->kind == YAML_LIST && old_models->items->len > 0;
  const YamlNode *old = has_old ? g_ptr_array_index(old_models->items, 0) : NULL;
  if (old_core == NULL) yaml_write_comment(&writer, CORE_HEADER);
  yaml_write_raw(&writer, old_core, "version", "\"" OSSIE_VERSION "\"");
  yaml_begin(&writer, old_core, "semantic_model", NULL);
  yaml_begin_item(&writer, old, NULL);
  yaml_write_text(&writer, old, "name", model->name);
  yaml_write_foreign(&writer, old, KEYS("name", "datasets", "relationships", "metrics"));
  write_core_lists(&writer, model, notes, old);
  yaml_end_item(&writer);
  yaml_end(&writer);
  return g_string_free(writer.out, FALSE);
}

/* ---- extension ---- */

typedef struct {
  YamlWriter yaml;
  GHashTable *notes; /* name -> evidence; NULL */
} ExtensionWriter;

static const char *note_of(const ExtensionWriter *writer, const char *name) {
  return writer->notes != NULL ? g_hash_table_lookup(writer->notes, name) : NULL;
}

static void write_profile(YamlWriter *yaml, const Field *field, const YamlNode *old) {
  g_autoptr(GString) profile = g_string_new("{");
  if (field->distinct_count >= 0) g_string_append_printf(profile, "distinct: %" G_GINT64_FORMAT, field->distinct_count);
  if (field->null_count >= 0)
    g_string_append_printf(profile, "%snulls: %" G_GINT64_FORMAT, profile->len > 1 ? ", " : "", field->null_count);
  const char *const bounds[] = {field->minimum, field->maximum}, *const names[] = {"min", "max"};
  for (guint i = 0; i < G_N_ELEMENTS(bounds); i++) {
    if (bounds[i] == NULL) continue;
    g_string_append_printf(profile, "%s%s: ", profile->len > 1 ? ", " : "", names[i]);
    yaml_append_scalar(profile, bounds[i]);
  }
  g_string_append_c(profile, '}');
  if (profile->len > 2) yaml_write_raw(yaml, old, "profile", profile->str);
}

static void write_codes(YamlWriter *yaml, const Field *field, const YamlNode *old) {
  if (field->codes->len == 0) return;
  const YamlNode *old_codes = yaml_get(old, "codes");
  yaml_begin(yaml, old, "codes", NULL);
  for (guint i = 0; i < field->codes->len; i++) {
    const CodedValue *code = g_ptr_array_index(field->codes, i);
    yaml_write_words(yaml, old_codes, code->code, code->labels);
  }
  yaml_end(yaml);
}

static void write_yes_no(YamlWriter *yaml, const Field *field, const YamlNode *old) {
  if (field->yes == NULL || field->no == NULL) return;
  char *words[] = {field->yes, field->no, NULL};
  yaml_write_words(yaml, old, "yes_no", words);
}

static void write_optional(YamlWriter *yaml, const YamlNode *old, const char *key, const char *value) {
  if (value != NULL && *value != '\0') yaml_write_text(yaml, old, key, value);
}

static void write_field(ExtensionWriter *writer, const Field *field, const YamlNode *old_fields) {
  YamlWriter *yaml = &writer->yaml;
  const YamlNode *old = yaml_get(old_fields, field->name);
  g_autofree char *qualified = g_strdup_printf("%s.%s", field->dataset, field->name);
  yaml_begin(yaml, old_fields, field->name, note_of(writer, qualified));
  yaml_write_text(yaml, old, "label", field->label);
  yaml_write_words(yaml, old, "synonyms", field->synonyms);
  yaml_write_text(yaml, old, "type", field_type_name(field->type));
  yaml_write_text(yaml, old, "role", field_role_name(field->role));
  if (field->default_aggregate != AGGREGATE_NONE)
    yaml_write_text(yaml, old, "aggregate", aggregate_name(field->default_aggregate));
  write_optional(yaml, old, "unit", field->unit);
  write_optional(yaml, old, "entity", field->entity);
  write_optional(yaml, old, "personal", field->personal);
  write_codes(yaml, field, old);
  write_yes_no(yaml, field, old);
  write_profile(yaml, field, old);
  yaml_end(yaml);
}

static void write_dataset(ExtensionWriter *writer, const Dataset *dataset, const YamlNode *old_datasets) {
  YamlWriter *yaml = &writer->yaml;
  const YamlNode *old = yaml_get(old_datasets, dataset->name), *old_fields = yaml_get(old, "fields");
  g_autofree char *table = g_strdup_printf("table:%s", dataset->name); /* a metric may have the same name */
  yaml_begin(yaml, old_datasets, dataset->name, note_of(writer, table));
  yaml_write_text(yaml, old, "label", dataset->label);
  yaml_write_words(yaml, old, "row_words", dataset->row_words);
  write_optional(yaml, old, "default_date", dataset->default_date);
  yaml_write_flag(yaml, old, "fact", dataset->is_fact);
  if (dataset->row_count >= 0) yaml_write_count(yaml, old, "rows", dataset->row_count);
  yaml_begin(yaml, old, "fields", NULL);
  for (guint i = 0; i < dataset->fields->len; i++)
    write_field(writer, g_ptr_array_index(dataset->fields, i), old_fields);
  yaml_end(yaml);
  yaml_end(yaml);
}

static void write_metric_definition(YamlWriter *yaml, const Metric *metric, const YamlNode *old) {
  if (metric->kind == METRIC_AGGREGATE) {
    yaml_write_text(yaml, old, "aggregate", aggregate_name(metric->aggregate));
    yaml_write_text(yaml, old, "dataset", metric->dataset);
    yaml_write_text(yaml, old, "expression", metric->expression);
    yaml_write_words(yaml, old, "conditions", metric->conditions);
    char number[G_ASCII_DTOSTR_BUF_SIZE];
    if (metric->aggregate == AGGREGATE_PERCENTILE)
      yaml_write_raw(yaml, old, "percentile", g_ascii_dtostr(number, sizeof number, metric->percentile));
  } else {
    yaml_write_text(yaml, old, "kind", metric_kind_name(metric->kind));
    yaml_write_text(yaml, old, "numerator", metric->numerator);
    yaml_write_text(yaml, old, "denominator", metric->denominator);
  }
}

static void write_metric(ExtensionWriter *writer, const Metric *metric, const YamlNode *old_metrics) {
  YamlWriter *yaml = &writer->yaml;
  const YamlNode *old = yaml_get(old_metrics, metric->name);
  yaml_begin(yaml, old_metrics, metric->name, note_of(writer, metric->name));
  yaml_write_text(yaml, old, "label", metric->label);
  yaml_write_words(yaml, old, "synonyms", metric->synonyms);
  write_metric_definition(yaml, metric, old);
  if (metric->negate) yaml_write_flag(yaml, old, "negate", TRUE);
  yaml_write_text(yaml, old, "additivity", additivity_name(metric->additivity));
  write_optional(yaml, old, "unit", metric->unit);
  if (metric->is_money) yaml_write_flag(yaml, old, "money", TRUE);
  if (metric->lower_is_better) yaml_write_flag(yaml, old, "lower_is_better", TRUE);
  write_optional(yaml, old, "entity", metric->entity);
  yaml_end(yaml);
}

static void write_entity(ExtensionWriter *writer, const Entity *entity, const YamlNode *old_entities) {
  YamlWriter *yaml = &writer->yaml;
  const YamlNode *old = yaml_get(old_entities, entity->name);
  yaml_begin(yaml, old_entities, entity->name, note_of(writer, entity->name));
  yaml_write_words(yaml, old, "synonyms", entity->synonyms);
  yaml_write_text(yaml, old, "dataset", entity->dataset);
  yaml_write_text(yaml, old, "key", entity->key);
  yaml_write_text(yaml, old, "name_field", entity->name_field);
  yaml_write_text(yaml, old, "metric", entity->metric);
  if (entity->is_event) yaml_write_flag(yaml, old, "event", TRUE);
  yaml_end(yaml);
}

static void write_condition(ExtensionWriter *writer, const Condition *condition, const YamlNode *old_conditions) {
  YamlWriter *yaml = &writer->yaml;
  const YamlNode *old = yaml_get(old_conditions, condition->name);
  yaml_begin(yaml, old_conditions, condition->name, note_of(writer, condition->name));
  yaml_write_text(yaml, old, "label", condition->label);
  yaml_write_words(yaml, old, "synonyms", condition->synonyms);
  yaml_write_text(yaml, old, "dataset", condition->dataset);
  yaml_write_text(yaml, old, "expression", condition->expression);
  yaml_end(yaml);
}

static void write_hierarchy(ExtensionWriter *writer, const Hierarchy *hierarchy, const YamlNode *old_hierarchies) {
  YamlWriter *yaml = &writer->yaml;
  const YamlNode *old = yaml_get(old_hierarchies, hierarchy->name);
  yaml_begin(yaml, old_hierarchies, hierarchy->name, note_of(writer, hierarchy->name));
  yaml_write_text(yaml, old, "dataset", hierarchy->dataset);
  yaml_write_words(yaml, old, "levels", hierarchy->levels);
  yaml_end(yaml);
}

typedef void (*WriteElement)(ExtensionWriter *writer, gconstpointer element, const YamlNode *old_section);
static void dataset_element(ExtensionWriter *writer, gconstpointer element, const YamlNode *old) {
  write_dataset(writer, element, old);
}
static void metric_element(ExtensionWriter *writer, gconstpointer element, const YamlNode *old) {
  write_metric(writer, element, old);
}
static void entity_element(ExtensionWriter *writer, gconstpointer element, const YamlNode *old) {
  write_entity(writer, element, old);
}
static void condition_element(ExtensionWriter *writer, gconstpointer element, const YamlNode *old) {
  write_condition(writer, element, old);
}
static void rollup_element(ExtensionWriter *writer, gconstpointer element, const YamlNode *old_rollups) {
  const Rollup *rollup = element;
  YamlWriter *yaml = &writer->yaml;
  const YamlNode *old = yaml_get(old_rollups, rollup->name);
  yaml_begin(yaml, old_rollups, rollup->name, note_of(writer, rollup->name));
  yaml_write_text(yaml, old, "dataset", rollup->dataset);
  yaml_write_text(yaml, old, "grain", time_unit_name(rollup->grain));
  yaml_write_words(yaml, old, "dimensions", rollup->dimensions);
  yaml_write_words(yaml, old, "metrics", rollup->metrics);
  yaml_write_words(yaml, old, "estimates", rollup->estimates);
  yaml_write_text(yaml, old, "refresh", rollup->refresh);
  yaml_end(yaml);
}

static void hierarchy_element(ExtensionWriter *writer, gconstpointer element, const YamlNode *old) {
  write_hierarchy(writer, element, old);
}

static void write_section(ExtensionWriter *writer, const YamlNode *old_root, const char *section, const char *comment,
                          const GPtrArray *elements, WriteElement write_element) {
  if (elements->len == 0) return;
  g_string_append_c(writer->yaml.out, '\n');
  yaml_begin(&writer->yaml, old_root, section, comment);
  for (guint i = 0; i < elements->len; i++)
    write_element(writer, g_ptr_array_index(elements, i), yaml_get(old_root, section));
  yaml_end(&writer->yaml);
}

static void write_model_and_calendar(ExtensionWriter *writer, const Model *model, const YamlNode *old_root) {
  static const char *const weekdays[] = {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"};
  YamlWriter *yaml = &writer->yaml;
  const YamlNode *old_model = yaml_get(old_root, "model"), *old_calendar = yaml_get(old_root, "calendar");
  if (model->default_dataset != NULL || model->default_metric != NULL || model->currency != NULL) {
    g_string_append_c(yaml->out, '\n');
    yaml_begin(yaml, old_root, "model", note_of(writer, "model"));
    write_optional(yaml, old_model, "default_dataset", model->default_dataset);
    write_optional(yaml, old_model, "default_metric", model->default_metric);
    write_optional(yaml, old_model, "currency", model->currency);
    yaml_end(yaml);
  }
  g_string_append_c(yaml->out, '\n');
  yaml_begin(yaml, old_root, "calendar", note_of(writer, "calendar"));
  yaml_write_text(yaml, old_calendar, "week_start", weekdays[CLAMP(model->calendar.week_start, 1, 7) - 1]);
  yaml_write_count(yaml, old_calendar, "fiscal_start_month", model->calendar.fiscal_start_month);
  yaml_write_flag(yaml, old_calendar, "fiscal_named_by_end", model->calendar.fiscal_named_by_end);
  yaml_end(yaml);
}

char *model_extension_to_text(const Model *model, GHashTable *notes, const YamlNode *old_extension) {
  ExtensionWriter writer = {.yaml = {.out = g_string_new(NULL)}, .notes = notes};
  if (old_extension == NULL) yaml_write_comment(&writer.yaml, EXTENSION_HEADER);
  yaml_write_count(&writer.yaml, old_extension, "version", MODEL_EXTENSION_VERSION);
  write_model_and_calendar(&writer, model, old_extension);
  write_section(&writer, old_extension, "metrics",
                "Numbers that people ask for. core.yaml has the same as SQL for other tools.", model->metrics,
                metric_element);
  write_section(&writer, old_extension, "entities", "What is counted: distinct keys.", model->entities, entity_element);
  write_section(&writer, old_extension, "conditions", "Names for kinds of rows.", model->conditions, condition_element);
  write_section(&writer, old_extension, "hierarchies", "Coarse to fine.", model->hierarchies, hierarchy_element);
  if (model->rollups->len > 0)
    write_section(&writer, old_extension, "rollups", "Tables of sums kept beside the rows; aisle refresh fills them.",
                  model->rollups, rollup_element);
  write_section(&writer, old_extension, "datasets", "The tables, column by column.", model->datasets, dataset_element);
  return g_string_free(writer.yaml.out, FALSE);
}
