/* model/core.yaml: the Apache Ossie core. Every key of the specification is known; what Aisle has no use for is kept.
 */
#include <string.h>

#include "model/expression.h"
#include "model/model_yaml.h"
#include "model/validate.h"

#define KEYS(...) ((const char *const[]){__VA_ARGS__, NULL})

static const char *const DIALECTS[] = {"ANSI_SQL",   "SNOWFLAKE", "MDX",      "DAX",         "TABLEAU",
                                       "DATABRICKS", "MAQL",      "BIGQUERY", "THOUGHTSPOT", NULL};

/* The ANSI_SQL text of {expression: {dialects: [{dialect, expression}]}}; NULL with a problem. */
static const YamlNode *read_expression(ModelReader *reader, const YamlNode *element, const char *what) {
  const YamlNode *expression = yaml_get(element, "expression");
  if (yaml_is_null(expression)) {
    model_reader_problem(reader, element, "%s has no \"expression\"; add one", what);
    return NULL;
  }
  if (!model_reader_expect(reader, expression, YAML_MAP, "expression")) return NULL;
  model_reader_check_keys(reader, expression, KEYS("dialects"));
  const YamlNode *dialects = yaml_get(expression, "dialects"), *found = NULL;
  if (dialects == NULL || dialects->kind != YAML_LIST) {
    model_reader_problem(reader, expression, "%s has no list of \"dialects\"; add one with dialect ANSI_SQL", what);
    return NULL;
  }
  for (guint i = 0; i < dialects->items->len; i++) {
    const YamlNode *item = g_ptr_array_index(dialects->items, i);
    if (!model_reader_expect(reader, item, YAML_MAP, "a dialect")) continue;
    model_reader_check_keys(reader, item, KEYS("dialect", "expression"));
    const char *dialect = model_reader_required(reader, item, "dialect", "an expression");
    const char *text = model_reader_required(reader, item, "expression", "a dialect");
    if (dialect != NULL && !g_strv_contains(DIALECTS, dialect)) {
      const char *nearest = model_nearest(dialect, DIALECTS);
      model_reader_problem(reader, yaml_get(item, "dialect"), "\"%.40s\" is no dialect; write %s", dialect,
                           nearest != NULL ? nearest : "ANSI_SQL");
    }
    if (g_strcmp0(dialect, "ANSI_SQL") == 0 && text != NULL) found = yaml_get(item, "expression");
  }
  if (found == NULL)
    model_reader_problem(reader, expression, "%s has no ANSI_SQL expression; add one, other dialects are not read",
                         what);
  return found;
}

/* Synonyms of ai_context, which may be a plain text or an object. */
static void read_ai_context(ModelReader *reader, const YamlNode *element, char ***synonyms) {
  const YamlNode *context = yaml_get(element, "ai_context");
  if (context == NULL || context->kind == YAML_SCALAR || !model_reader_expect(reader, context, YAML_MAP, "ai_context"))
    return;
  if (synonyms != NULL) model_reader_words(reader, context, "synonyms", synonyms);
}

static gboolean datatype_parse(const char *name, guint *out) {
  static const struct {
    const char *name;
    FieldType type;
  } types[] = {{"String", FIELD_TEXT},  {"Integer", FIELD_INTEGER},    {"Decimal", FIELD_DECIMAL},
               {"Float", FIELD_DOUBLE}, {"Boolean", FIELD_BOOLEAN},    {"Date", FIELD_DATE},
               {"Time", FIELD_TIME},    {"DateTime", FIELD_TIMESTAMP}, {"DateTimeTz", FIELD_TIMESTAMP},
               {"Opaque", FIELD_TEXT}};
  for (guint i = 0; i < G_N_ELEMENTS(types); i++) {
    if (strcmp(types[i].name, name) != 0) continue;
    *out = types[i].type;
    return TRUE;
  }
  return FALSE;
}
#define DATATYPES "String, Integer, Decimal, Float, Boolean, Date, Time, DateTime, DateTimeTz, Opaque"

/* ---- fields ---- */

/* Until aisle.yaml says more: the role that the core alone suggests. */
static FieldRole role_of_core(const YamlNode *element, FieldType type, gboolean is_time) {
  if (is_time) return FIELD_ROLE_TIME;
  gboolean is_number = type == FIELD_INTEGER || type == FIELD_DECIMAL || type == FIELD_DOUBLE;
  return is_number && yaml_get(element, "dimension") == NULL ? FIELD_ROLE_MEASURE : FIELD_ROLE_DIMENSION;
}

static void read_field(ModelReader *reader, Dataset *dataset, const YamlNode *element) {
  if (!model_reader_expect(reader, element, YAML_MAP, "a field")) return;
  model_reader_check_keys(
      reader, element,
      KEYS("name", "expression", "dimension", "label", "description", "datatype", "ai_context", "custom_extensions"));
  const char *name = model_reader_required(reader, element, "name", "a field");
  g_autofree char *what = g_strdup_printf("field %s", name != NULL ? name : "");
  const YamlNode *expression = read_expression(reader, element, what);
  if (name == NULL) return;
  const YamlNode *dimension = yaml_get(element, "dimension");
  gboolean is_time = FALSE;
  guint type = FIELD_TEXT;
  model_reader_enum(reader, element, "datatype", datatype_parse, DATATYPES, &type);
  if (type == FIELD_DATE || type == FIELD_TIMESTAMP) is_time = TRUE;
  if (!yaml_is_null(dimension) && model_reader_expect(reader, dimension, YAML_MAP, "dimension")) {
    model_reader_check_keys(reader, dimension, KEYS("is_time"));
    model_reader_flag(reader, dimension, "is_time", &is_time);
  }
  if (is_time && yaml_get(element, "datatype") == NULL) type = FIELD_DATE;
  Field *field = model_builder_add_field(reader->builder, dataset, name, expression != NULL ? expression->text : name,
                                         (FieldType)type, role_of_core(element, (FieldType)type, is_time));
  if (field->role == FIELD_ROLE_MEASURE) field->default_aggregate = AGGREGATE_SUM;
  model_reader_text(reader, element, "label", &field->label);
  read_ai_context(reader, element, &field->synonyms);
  model_reader_mark(reader, field, yaml_get(element, "name"));
  if (expression != NULL) model_reader_mark(reader, &field->expression, expression);
}

/* ---- metrics ---- */

static void read_metric(ModelReader *reader, const YamlNode *element, const Dataset *home) {
  if (!model_reader_expect(reader, element, YAML_MAP, "a metric")) return;
  model_reader_check_keys(reader, element,
                          KEYS("name", "expression", "description", "datatype", "ai_context", "custom_extensions"));
  const char *name = model_reader_required(reader, element, "name", "a metric");
  g_autofree char *what = g_strdup_printf("metric %s", name != NULL ? name : "");
  const YamlNode *sql = read_expression(reader, element, what);
  if (name == NULL) return;
  guint type = FIELD_DOUBLE;
  model_reader_enum(reader, element, "datatype", datatype_parse, DATATYPES, &type);
  Metric *metric = model_builder_add_metric(reader->builder, name, AGGREGATE_NONE, NULL, NULL);
  model_reader_text(reader, element, "description", &metric->description);
  read_ai_context(reader, element, &metric->synonyms);
  model_reader_mark(reader, metric, yaml_get(element, "name"));
  if (sql != NULL) {
    g_hash_table_insert(reader->metric_sql, metric, (gpointer)sql);
    model_reader_mark(reader, &metric->expression, sql);
  }
  if (home != NULL) g_hash_table_insert(reader->metric_home, metric, home->name);
}

static void read_metrics(ModelReader *reader, const YamlNode *owner, const Dataset *home) {
  const YamlNode *metrics = yaml_get(owner, "metrics");
  if (yaml_is_null(metrics) || !model_reader_expect(reader, metrics, YAML_LIST, "metrics")) return;
  for (guint i = 0; i < metrics->items->len; i++) read_metric(reader, g_ptr_array_index(metrics->items, i), home);
}

/* ---- datasets and relationships ---- */

/* "database.schema.table" names the table by its last part; a query is no table. */
static void read_source(ModelReader *reader, const YamlNode *element, Dataset *dataset) {
  const char *source = model_reader_required(reader, element, "source", "a dataset");
  if (source == NULL) return;
  if (strpbrk(source, " \t\n(") != NULL) {
    model_reader_problem(reader, yaml_get(element, "source"),
                         "the source is a query; name a table of the workspace instead");
    return;
  }
  const char *dot = strrchr(source, '.');
  g_autofree char *table = g_strdup(dot != NULL ? dot + 1 : source);
  model_set_text(&dataset->table, g_strdelimit(table, "\"`", ' '));
  g_strstrip(dataset->table);
  model_reader_mark(reader, &dataset->table, yaml_get(element, "source"));
}

static void read_dataset(ModelReader *reader, const YamlNode *element) {
  if (!model_reader_expect(reader, element, YAML_MAP, "a dataset")) return;
  model_reader_check_keys(reader, element,
                          KEYS("name", "source", "primary_key", "unique_keys", "description", "ai_context", "fields",
                               "metrics", "custom_extensions"));
  const char *name = model_reader_required(reader, element, "name", "a dataset");
  if (name == NULL) return;
  Dataset *dataset = model_builder_add_dataset(reader->builder, name, name); /* replaced by its source */
  model_reader_mark(reader, dataset, yaml_get(element, "name"));
  read_source(reader, element, dataset);
  model_reader_words(reader, element, "primary_key", &dataset->primary_key);
  read_ai_context(reader, element, &dataset->row_words);
  const YamlNode *fields = yaml_get(element, "fields");
  if (!yaml_is_null(fields) && model_reader_expect(reader, fields, YAML_LIST, "fields"))
    for (guint i = 0; i < fields->items->len; i++) read_field(reader, dataset, g_ptr_array_index(fields->items, i));
}

/* Keys are named by column in the core, by field in a Model: where a field renames its column, find it. */
static void columns_to_fields(const Dataset *dataset, char **columns, ModelReader *reader) {
  for (guint i = 0; dataset != NULL && columns[i] != NULL; i++) {
    if (dataset_find_field(dataset, columns[i]) != NULL) continue;
    for (guint j = 0; j < dataset->fields->len; j++) {
      const Field *field = g_ptr_array_index(dataset->fields, j);
      g_autofree char *column = NULL;
      if (!expression_is_column(field->expression, &column) || g_ascii_strcasecmp(column, columns[i]) != 0) continue;
      YamlMark *mark = g_hash_table_lookup(reader->marks, columns[i]);
      YamlMark *copy = mark != NULL ? g_memdup2(mark, sizeof *mark) : NULL;
      g_hash_table_remove(reader->marks, columns[i]);
      g_free(columns[i]);
      columns[i] = g_strdup(field->name);
      if (copy != NULL) g_hash_table_insert(reader->marks, columns[i], copy);
      break;
    }
  }
}

static void read_relationship(ModelReader *reader, const YamlNode *element) {
  if (!model_reader_expect(reader, element, YAML_MAP, "a relationship")) return;
  model_reader_check_keys(reader, element,
                          KEYS("name", "from", "to", "from_columns", "to_columns", "ai_context", "custom_extensions"));
  const char *name = model_reader_required(reader, element, "name", "a relationship");
  const char *from = model_reader_required(reader, element, "from", "a relationship");
  const char *to = model_reader_required(reader, element, "to", "a relationship");
  if (name == NULL || from == NULL || to == NULL) return;
  Relationship *relationship = model_builder_add_relationship(reader->builder, name, from, NULL, to, NULL);
  model_reader_mark(reader, relationship, yaml_get(element, "name"));
  model_reader_mark(reader, &relationship->from_dataset, yaml_get(element, "from"));
  model_reader_mark(reader, &relationship->to_dataset, yaml_get(element, "to"));
  model_reader_words(reader, element, "from_columns", &relationship->from_fields);
  model_reader_words(reader, element, "to_columns", &relationship->to_fields);
  columns_to_fields(model_find_dataset(reader->model, from), relationship->from_fields, reader);
  columns_to_fields(model_find_dataset(reader->model, to), relationship->to_fields, reader);
}

static void read_semantic_model(ModelReader *reader, const YamlNode *element) {
  if (!model_reader_expect(reader, element, YAML_MAP, "a semantic model")) return;
  model_reader_check_keys(
      reader, element,
      KEYS("name", "description", "ai_context", "datasets", "relationships", "metrics", "custom_extensions"));
  const char *name = model_reader_required(reader, element, "name", "the semantic model");
  if (name != NULL) {
    model_set_text(&reader->model->name, name);
    model_reader_mark(reader, &reader->model->name, yaml_get(element, "name"));
  }
  model_reader_mark(reader, reader->model, element);
  const YamlNode *datasets = yaml_get(element, "datasets"), *relationships = yaml_get(element, "relationships");
  if (!yaml_is_null(datasets) && model_reader_expect(reader, datasets, YAML_LIST, "datasets")) {
    for (guint i = 0; i < datasets->items->len; i++) read_dataset(reader, g_ptr_array_index(datasets->items, i));
    for (guint i = 0; i < reader->model->datasets->len; i++) {
      Dataset *dataset = g_ptr_array_index(reader->model->datasets, i);
      columns_to_fields(dataset, dataset->primary_key, reader);
    }
  }
  if (!yaml_is_null(relationships) && model_reader_expect(reader, relationships, YAML_LIST, "relationships"))
    for (guint i = 0; i < relationships->items->len; i++)
      read_relationship(reader, g_ptr_array_index(relationships->items, i));
  read_metrics(reader, element, NULL);
  for (guint i = 0; datasets != NULL && datasets->kind == YAML_LIST && i < datasets->items->len; i++) {
    const YamlNode *dataset = g_ptr_array_index(datasets->items, i), *dataset_name = yaml_get(dataset, "name");
    if (dataset_name != NULL && dataset_name->kind == YAML_SCALAR)
      read_metrics(reader, dataset, model_find_dataset(reader->model, dataset_name->text));
  }
}

void model_read_core(ModelReader *reader, const YamlNode *root) {
  reader->file = MODEL_CORE_FILE;
  if (!model_reader_expect(reader, root, YAML_MAP, "the file")) return;
  model_reader_check_keys(reader, root, KEYS("version", "semantic_model"));
  const char *version = model_reader_required(reader, root, "version", "the file");
  g_auto(GStrv) versions = g_strsplit(OSSIE_VERSIONS_READ, ", ", -1);
  if (version != NULL && !g_strv_contains((const char *const *)versions, version))
    model_reader_problem(reader, yaml_get(root, "version"),
                         "version \"%.40s\" of the format is not known; use one of: %s", version, OSSIE_VERSIONS_READ);
  const YamlNode *models = yaml_get(root, "semantic_model");
  if (models == NULL || models->kind != YAML_LIST || models->items->len == 0) {
    model_reader_problem(reader, models != NULL ? models : root,
                         "there is no list \"semantic_model\"; add one with one model");
    return;
  }
  read_semantic_model(reader, g_ptr_array_index(models->items, 0));
  if (models->items->len > 1)
    model_reader_problem(reader, g_ptr_array_index(models->items, 1),
                         "a workspace has one semantic model; move this one to a workspace of its own");
}
