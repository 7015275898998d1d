/* model/aisle.yaml: what a retailer needs beyond the core, keyed by the core's names. */
#include <string.h>

#include "model/model_yaml.h"
#include "model/validate.h"

#define KEYS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* ---- enumerations ---- */

#define ENUM_PARSE(name, type, parse)                                                                                  \
  static gboolean name(const char *text, guint *out) {                                                                 \
    type value;                                                                                                        \
    if (!parse(text, &value)) return FALSE;                                                                            \
    *out = (guint)value;                                                                                               \
    return TRUE;                                                                                                       \
  }
ENUM_PARSE(parse_field_type, FieldType, field_type_parse)
ENUM_PARSE(parse_field_role, FieldRole, field_role_parse)
ENUM_PARSE(parse_aggregate, Aggregate, aggregate_parse)
ENUM_PARSE(parse_metric_kind, MetricKind, metric_kind_parse)
ENUM_PARSE(parse_additivity, Additivity, additivity_parse)

static gboolean parse_from(const char *const *names, guint count, const char *text, guint *out) {
  guint64 number;
  if (g_ascii_string_to_unsigned(text, 10, 1, count, &number, NULL)) {
    *out = (guint)number;
    return TRUE;
  }
  for (guint i = 0; i < count; i++) {
    if (g_ascii_strcasecmp(names[i], text) != 0) continue;
    *out = i + 1;
    return TRUE;
  }
  return FALSE;
}

static gboolean parse_weekday(const char *text, guint *out) {
  static const char *const names[] = {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"};
  return parse_from(names, G_N_ELEMENTS(names), text, out);
}

static gboolean parse_month(const char *text, guint *out) {
  static const char *const names[] = {"january", "february", "march",     "april",   "may",      "june",
                                      "july",    "august",   "september", "october", "november", "december"};
  return parse_from(names, G_N_ELEMENTS(names), text, out);
}

/* ---- entries of a map by name ---- */

typedef void (*ReadEntry)(ModelReader *reader, const YamlNode *key, const YamlNode *entry, gpointer target);

static void read_entries(ModelReader *reader, const YamlNode *map, const char *section, ReadEntry read_entry,
                         gpointer target) {
  const YamlNode *entries = yaml_get(map, section);
  if (yaml_is_null(entries) || !model_reader_expect(reader, entries, YAML_MAP, section)) return;
  for (guint i = 0; i < entries->items->len; i++) {
    const YamlNode *key = g_ptr_array_index(entries->keys, i), *entry = g_ptr_array_index(entries->items, i);
    if (entry->kind == YAML_MAP || yaml_is_null(entry))
      read_entry(reader, key, entry, target);
    else
      model_reader_expect(reader, entry, YAML_MAP, key->text);
  }
}

/* Elements all begin with their name; NULL with a problem when the core has none of this name. */
static gpointer find_described(ModelReader *reader, const YamlNode *key, const GPtrArray *elements, const char *kind) {
  for (guint i = 0; i < elements->len; i++) {
    gpointer element = g_ptr_array_index(elements, i);
    if (g_strcmp0(*(char **)element, key->text) != 0) continue;
    g_hash_table_add(reader->described, element);
    return element;
  }
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  for (guint i = 0; i < elements->len; i++) g_ptr_array_add(names, *(char **)g_ptr_array_index(elements, i));
  g_ptr_array_add(names, NULL);
  const char *nearest = model_nearest(key->text, (const char *const *)names->pdata);
  if (nearest != NULL)
    model_reader_problem(reader, key, "%s \"%.60s\" is not in %s; did you mean \"%s\"?", kind, key->text,
                         MODEL_CORE_FILE, nearest);
  else
    model_reader_problem(reader, key, "%s \"%.60s\" is not in %s; add it there or remove it here", kind, key->text,
                         MODEL_CORE_FILE);
  return NULL;
}

/* ---- datasets and fields ---- */

static void read_code(ModelReader *reader, const YamlNode *key, const YamlNode *words, Field *field) {
  char **labels = g_new0(char *, 1);
  model_reader_words_of(reader, words, key->text, &labels);
  model_reader_mark(reader, model_add_code(field, key->text, (const char *const *)labels), key);
  g_strfreev(labels);
}

static void read_codes(ModelReader *reader, const YamlNode *map, Field *field) {
  const YamlNode *codes = yaml_get(map, "codes");
  if (yaml_is_null(codes) || !model_reader_expect(reader, codes, YAML_MAP, "codes")) return;
  for (guint i = 0; i < codes->items->len; i++)
    read_code(reader, g_ptr_array_index(codes->keys, i), g_ptr_array_index(codes->items, i), field);
}

static void read_yes_no(ModelReader *reader, const YamlNode *map, Field *field) {
  g_auto(GStrv) words = g_new0(char *, 1);
  model_reader_words(reader, map, "yes_no", &words);
  const guint count = g_strv_length(words);
  const YamlNode *node = yaml_get(map, "yes_no");
  if (count == 0) return;
  if (count != 2 || field->type != FIELD_BOOLEAN || g_ascii_strcasecmp(words[0], words[1]) == 0) {
    model_reader_problem(reader, node, "yes_no names the two words that a boolean field shows for true and for false, like [Yes, No]");
    return;
  }
  model_set_text(&field->yes, words[0]);
  model_set_text(&field->no, words[1]);
}

static void read_profile(ModelReader *reader, const YamlNode *map, Field *field) {
  const YamlNode *profile = yaml_get(map, "profile");
  if (yaml_is_null(profile) || !model_reader_expect(reader, profile, YAML_MAP, "profile")) return;
  model_reader_check_keys(reader, profile, KEYS("distinct", "nulls", "min", "max"));
  model_reader_count(reader, profile, "distinct", &field->distinct_count);
  model_reader_count(reader, profile, "nulls", &field->null_count);
  model_reader_text(reader, profile, "min", &field->minimum);
  model_reader_text(reader, profile, "max", &field->maximum);
}

static void read_field(ModelReader *reader, const YamlNode *key, const YamlNode *entry, gpointer target) {
  Dataset *dataset = target;
  Field *field = find_described(reader, key, dataset->fields, "field");
  if (field == NULL) return;
  model_reader_check_keys(
      reader, entry,
      KEYS("label", "synonyms", "type", "role", "aggregate", "unit", "entity", "personal", "codes", "yes_no", "profile"));
  guint type = field->type, role = field->role, aggregate = AGGREGATE_NONE;
  model_reader_text(reader, entry, "label", &field->label);
  model_reader_words(reader, entry, "synonyms", &field->synonyms);
  model_reader_enum(reader, entry, "type", parse_field_type, field_type_choices(), &type);
  model_reader_enum(reader, entry, "role", parse_field_role, field_role_choices(), &role);
  model_reader_enum(reader, entry, "aggregate", parse_aggregate, aggregate_choices(), &aggregate);
  field->type = (FieldType)type;
  field->role = (FieldRole)role;
  field->default_aggregate = (Aggregate)aggregate;
  model_reader_text(reader, entry, "unit", &field->unit);
  model_reader_text(reader, entry, "entity", &field->entity);
  model_reader_text(reader, entry, "personal", &field->personal);
  read_codes(reader, entry, field);
  read_yes_no(reader, entry, field);
  read_profile(reader, entry, field);
}

static void read_dataset(ModelReader *reader, const YamlNode *key, const YamlNode *entry, gpointer target) {
  (void)target;
  Dataset *dataset = find_described(reader, key, reader->model->datasets, "dataset");
  if (dataset == NULL) return;
  model_reader_check_keys(reader, entry, KEYS("label", "row_words", "default_date", "fact", "rows", "fields"));
  model_reader_text(reader, entry, "label", &dataset->label);
  model_reader_words(reader, entry, "row_words", &dataset->row_words);
  model_reader_text(reader, entry, "default_date", &dataset->default_date);
  model_reader_flag(reader, entry, "fact", &dataset->is_fact);
  model_reader_count(reader, entry, "rows", &dataset->row_count);
  read_entries(reader, entry, "fields", read_field, dataset);
}

/* ---- metrics ---- */

/* What a metric is computed from. When none of it stands there, the SQL of the core counts. */
static void read_metric_definition(ModelReader *reader, const YamlNode *entry, Metric *metric) {
  guint kind = METRIC_AGGREGATE, aggregate = AGGREGATE_NONE;
  if (yaml_get(entry, "numerator") != NULL || yaml_get(entry, "denominator") != NULL) kind = METRIC_RATIO;
  model_reader_enum(reader, entry, "kind", parse_metric_kind, metric_kind_choices(), &kind);
  model_reader_enum(reader, entry, "aggregate", parse_aggregate, aggregate_choices(), &aggregate);
  metric->kind = (MetricKind)kind;
  metric->aggregate = (Aggregate)aggregate;
  model_reader_text(reader, entry, "dataset", &metric->dataset);
  model_reader_text(reader, entry, "expression", &metric->expression);
  model_reader_number(reader, entry, "percentile", &metric->percentile);
  model_reader_words(reader, entry, "conditions", &metric->conditions);
  model_reader_text(reader, entry, "numerator", &metric->numerator);
  model_reader_text(reader, entry, "denominator", &metric->denominator);
  if (metric->kind == METRIC_AGGREGATE && metric->dataset == NULL && reader->model->datasets->len == 1)
    model_set_text(&metric->dataset, ((Dataset *)g_ptr_array_index(reader->model->datasets, 0))->name);
  static const char *const of_aggregates[] = {"dataset", "expression", "percentile", "conditions", "aggregate"};
  for (guint i = 0; metric->kind != METRIC_AGGREGATE && i < G_N_ELEMENTS(of_aggregates); i++) {
    const YamlNode *key = yaml_get_key(entry, of_aggregates[i]);
    if (key != NULL)
      model_reader_problem(reader, key, "a %s has no \"%s\"; it belongs to the metrics it is made of",
                           metric_kind_name(metric->kind), key->text);
  }
}

static gboolean has_definition(const YamlNode *entry) {
  static const char *const keys[] = {"kind", "aggregate", "numerator", "denominator"};
  for (guint i = 0; i < G_N_ELEMENTS(keys); i++)
    if (!yaml_is_null(yaml_get(entry, keys[i]))) return TRUE;
  return FALSE;
}

static Additivity usual_additivity(const Metric *metric) {
  if (metric->kind == METRIC_RATIO) return ADDITIVITY_RATIO;
  if (metric->kind == METRIC_DIFFERENCE) return ADDITIVITY_SUM;
  switch (metric->aggregate) {
  case AGGREGATE_SUM:
  case AGGREGATE_COUNT: return ADDITIVITY_SUM;
  case AGGREGATE_COUNT_DISTINCT: return ADDITIVITY_DISTINCT;
  default: return ADDITIVITY_NONE;
  }
}

static void refuse_parts_without_whole(ModelReader *reader, const YamlNode *entry) {
  static const char *const parts[] = {"dataset", "expression", "percentile", "conditions"};
  for (guint i = 0; i < G_N_ELEMENTS(parts); i++) {
    const YamlNode *key = yaml_get_key(entry, parts[i]);
    if (key != NULL)
      model_reader_problem(reader, key,
                           "\"%s\" needs an \"aggregate\" beside it; add it, or remove this and the SQL in %s counts",
                           key->text, MODEL_CORE_FILE);
  }
}

static void read_metric(ModelReader *reader, const YamlNode *key, const YamlNode *entry, gpointer target) {
  (void)target;
  Metric *metric = find_described(reader, key, reader->model->metrics, "metric");
  if (metric == NULL) return;
  model_reader_check_keys(reader, entry,
                          KEYS("label", "synonyms", "description", "kind", "aggregate", "dataset", "expression",
                               "percentile", "conditions", "numerator", "denominator", "negate", "additivity", "unit",
                               "money", "lower_is_better", "entity"));
  model_reader_mark(reader, metric, key);
  model_reader_text(reader, entry, "label", &metric->label);
  model_reader_words(reader, entry, "synonyms", &metric->synonyms);
  model_reader_text(reader, entry, "description", &metric->description);
  if (has_definition(entry))
    read_metric_definition(reader, entry, metric);
  else
    refuse_parts_without_whole(reader, entry);
  model_reader_flag(reader, entry, "negate", &metric->negate);
  model_reader_text(reader, entry, "unit", &metric->unit);
  model_reader_flag(reader, entry, "money", &metric->is_money);
  model_reader_flag(reader, entry, "lower_is_better", &metric->lower_is_better);
  model_reader_text(reader, entry, "entity", &metric->entity);
  guint additivity = usual_additivity(metric);
  model_reader_enum(reader, entry, "additivity", parse_additivity, additivity_choices(), &additivity);
  metric->additivity = (Additivity)additivity;
}

/* ---- entities, conditions, hierarchies: only here, not in the core ---- */

static void read_entity(ModelReader *reader, const YamlNode *key, const YamlNode *entry, gpointer target) {
  (void)target;
  model_reader_check_keys(reader, entry, KEYS("synonyms", "dataset", "key", "name_field", "metric", "event"));
  Entity *entity = model_builder_add_entity(reader->builder, key->text, NULL, NULL);
  model_reader_mark(reader, entity, key);
  model_reader_words(reader, entry, "synonyms", &entity->synonyms);
  model_reader_text(reader, entry, "dataset", &entity->dataset);
  model_reader_text(reader, entry, "key", &entity->key);
  model_reader_text(reader, entry, "name_field", &entity->name_field);
  model_reader_text(reader, entry, "metric", &entity->metric);
  model_reader_flag(reader, entry, "event", &entity->is_event);
}

static void read_condition(ModelReader *reader, const YamlNode *key, const YamlNode *entry, gpointer target) {
  (void)target;
  model_reader_check_keys(reader, entry, KEYS("label", "synonyms", "dataset", "expression"));
  Condition *condition = model_builder_add_condition(reader->builder, key->text, NULL, NULL);
  model_reader_mark(reader, condition, key);
  model_reader_text(reader, entry, "label", &condition->label);
  model_reader_words(reader, entry, "synonyms", &condition->synonyms);
  model_reader_text(reader, entry, "dataset", &condition->dataset);
  model_reader_text(reader, entry, "expression", &condition->expression);
}

static void read_hierarchy(ModelReader *reader, const YamlNode *key, const YamlNode *entry, gpointer target) {
  (void)target;
  model_reader_check_keys(reader, entry, KEYS("dataset", "levels"));
  Hierarchy *hierarchy = model_builder_add_hierarchy(reader->builder, key->text, NULL, NULL);
  model_reader_mark(reader, hierarchy, key);
  model_reader_text(reader, entry, "dataset", &hierarchy->dataset);
  model_reader_words(reader, entry, "levels", &hierarchy->levels);
}

/* ---- rollups ---- */

static gboolean parse_grain(const char *text, guint *out) {
  TimeUnit unit;
  if (!time_unit_parse(text, &unit)) return FALSE;
  *out = unit;
  return unit == TIME_UNIT_HOUR || unit == TIME_UNIT_DAY || unit == TIME_UNIT_MONTH || unit == TIME_UNIT_YEAR;
}

static void read_rollup(ModelReader *reader, const YamlNode *key, const YamlNode *entry, gpointer target) {
  (void)target;
  model_reader_check_keys(reader, entry, KEYS("dataset", "grain", "dimensions", "metrics", "estimates", "refresh"));
  guint grain = TIME_UNIT_DAY;
  model_reader_enum(reader, entry, "grain", parse_grain, "hour, day, month, year", &grain);
  Rollup *rollup = model_builder_add_rollup(reader->builder, key->text, NULL, (TimeUnit)grain);
  model_reader_mark(reader, rollup, key);
  model_reader_text(reader, entry, "dataset", &rollup->dataset);
  model_reader_words(reader, entry, "dimensions", &rollup->dimensions);
  model_reader_words(reader, entry, "metrics", &rollup->metrics);
  model_reader_words(reader, entry, "estimates", &rollup->estimates);
  model_reader_text(reader, entry, "refresh", &rollup->refresh);
  gint64 every;
  if (rollup->refresh != NULL && !schedule_parse(rollup->refresh, &every))
    model_reader_problem(reader, yaml_get(entry, "refresh"), "'refresh' must be a time such as 5min or 6h, or hourly, daily, weekly");
}

/* ---- the whole file ---- */

static void read_model_section(ModelReader *reader, const YamlNode *root) {
  const YamlNode *section = yaml_get(root, "model");
  if (yaml_is_null(section) || !model_reader_expect(reader, section, YAML_MAP, "model")) return;
  model_reader_check_keys(reader, section, KEYS("default_dataset", "default_metric", "currency"));
  model_reader_text(reader, section, "default_dataset", &reader->model->default_dataset);
  model_reader_text(reader, section, "default_metric", &reader->model->default_metric);
  model_reader_text(reader, section, "currency", &reader->model->currency);
}

static void read_calendar(ModelReader *reader, const YamlNode *root) {
  const YamlNode *section = yaml_get(root, "calendar");
  if (yaml_is_null(section) || !model_reader_expect(reader, section, YAML_MAP, "calendar")) return;
  Calendar *calendar = &reader->model->calendar;
  guint week_start = (guint)calendar->week_start, month = (guint)calendar->fiscal_start_month;
  model_reader_check_keys(reader, section, KEYS("week_start", "fiscal_start_month", "fiscal_named_by_end"));
  model_reader_enum(reader, section, "week_start", parse_weekday,
                    "monday, tuesday, wednesday, thursday, friday, saturday, sunday", &week_start);
  model_reader_enum(reader, section, "fiscal_start_month", parse_month,
                    "january, february, march, april, may, june, july, august, september, october, november, december",
                    &month);
  model_reader_flag(reader, section, "fiscal_named_by_end", &calendar->fiscal_named_by_end);
  calendar->week_start = (int)week_start;
  calendar->fiscal_start_month = (int)month;
}

void model_read_extension(ModelReader *reader, const YamlNode *root) {
  reader->file = MODEL_EXTENSION_FILE;
  if (!model_reader_expect(reader, root, YAML_MAP, "the file")) return;
  model_reader_check_keys(
      reader, root,
      KEYS("version", "model", "calendar", "datasets", "metrics", "entities", "conditions", "hierarchies", "rollups"));
  gint64 version = 0;
  model_reader_count(reader, root, "version", &version);
  if (version != MODEL_EXTENSION_VERSION)
    model_reader_problem(reader, yaml_get(root, "version") != NULL ? yaml_get(root, "version") : root,
                         "version %d of this file is expected; write \"version: %d\" at the top",
                         MODEL_EXTENSION_VERSION, MODEL_EXTENSION_VERSION);
  read_model_section(reader, root);
  read_calendar(reader, root);
  read_entries(reader, root, "datasets", read_dataset, NULL);
  read_entries(reader, root, "metrics", read_metric, NULL);
  read_entries(reader, root, "entities", read_entity, NULL);
  read_entries(reader, root, "conditions", read_condition, NULL);
  read_entries(reader, root, "hierarchies", read_hierarchy, NULL);
  read_entries(reader, root, "rollups", read_rollup, NULL);
}
