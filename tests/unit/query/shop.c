#include "unit/query/shop.h"

json_t *test_read_json(const char *path) {
  g_autoptr(GError) error = NULL;
  json_t *json = json_parse_file(path, &error);
  g_assert_no_error(error);
  return json;
}

static int word_index(const char *const *words, const char *word) {
  for (int i = 0; words[i]; i++)
    if (g_str_equal(words[i], word)) return i;
  g_error("unknown word \"%s\"", word);
}

static const char *const types[] = {"text", "integer",   "decimal", "double", "boolean",
                                    "date", "timestamp", "time",    NULL};
static const char *const sql_types[] = {"VARCHAR", "BIGINT", "DECIMAL(18,4)", "DOUBLE",
                                        "BOOLEAN", "DATE",   "TIMESTAMP",     "VARCHAR"};
static const char *const roles[] = {"dimension", "measure", "identifier", "time", "detail", NULL};

static const char *text_at(const json_t *list, size_t index) {
  return json_string_value(json_array_get(list, index));
}

/* ---- model ---- */
static void add_fields(ModelBuilder *builder, Dataset *dataset, const json_t *fields) {
  size_t i;
  json_t *spec;
  json_array_foreach (fields, i, spec) {
    Field *field = model_builder_add_field(builder, dataset, text_at(spec, 0), NULL,
                                           (FieldType)word_index(types, text_at(spec, 1)),
                                           (FieldRole)word_index(roles, text_at(spec, 2)));
    const json_t *more = json_array_get(spec, 3);
    const char *label = json_get_string(more, "label"), *unit = json_get_string(more, "unit"),
               *entity = json_get_string(more, "entity");
    if (label) model_set_text(&field->label, label);
    if (unit) model_set_text(&field->unit, unit);
    if (entity) model_set_text(&field->entity, entity);
  }
}

static void add_datasets(ModelBuilder *builder, const json_t *datasets) {
  size_t i, k;
  json_t *spec, *key;
  json_array_foreach (datasets, i, spec) {
    Dataset *dataset = model_builder_add_dataset(builder, json_get_string(spec, "name"), json_get_string(spec, "name"));
    model_set_text(&dataset->label, json_get_string(spec, "label"));
    model_set_text(&dataset->default_date, json_get_string(spec, "default_date"));
    dataset->is_fact = json_get_bool(spec, "fact", FALSE);
    json_array_foreach (json_object_get(spec, "primary_key"), k, key) {
      model_add_word(&dataset->primary_key, json_string_value(key));
    }
    add_fields(builder, dataset, json_object_get(spec, "fields"));
  }
}

static void add_metric(ModelBuilder *builder, const json_t *spec) {
  const char *name = json_get_string(spec, "name"), *kind = json_get_string(spec, "kind");
  Metric *metric;
  if (kind) {
    metric =
        model_builder_add_derived_metric(builder, name, g_str_equal(kind, "ratio") ? METRIC_RATIO : METRIC_DIFFERENCE,
                                         json_get_string(spec, "numerator"), json_get_string(spec, "denominator"));
  } else {
    Aggregate aggregate = AGGREGATE_NONE;
    g_assert_true(aggregate_parse(json_get_string(spec, "aggregate"), &aggregate));
    metric = model_builder_add_metric(builder, name, aggregate, json_get_string(spec, "dataset"),
                                      json_get_string(spec, "expression"));
  }
  model_set_text(&metric->label, json_get_string(spec, "label"));
  model_set_text(&metric->unit, json_get_string(spec, "unit"));
  model_set_text(&metric->entity, json_get_string(spec, "entity"));
  metric->is_money = json_get_bool(spec, "money", FALSE);
  metric->negate = json_get_bool(spec, "negate", FALSE);
  if (g_strcmp0(json_get_string(spec, "additivity"), "snapshot") == 0) metric->additivity = ADDITIVITY_SNAPSHOT;
  size_t i;
  json_t *condition;
  json_array_foreach (json_object_get(spec, "conditions"), i, condition) {
    model_add_word(&metric->conditions, json_string_value(condition));
  }
}

Model *test_shop_model(const json_t *shop) {
  ModelBuilder *builder = model_builder_new("shop");
  Model *draft = model_builder_draft(builder);
  size_t i;
  json_t *spec;
  add_datasets(builder, json_object_get(shop, "datasets"));
  json_array_foreach (json_object_get(shop, "relationships"), i, spec) {
    model_builder_add_relationship(builder, text_at(spec, 0), text_at(spec, 1), text_at(spec, 2), text_at(spec, 3),
                                   text_at(spec, 4));
  }
  json_array_foreach (json_object_get(shop, "entities"), i, spec) {
    Entity *entity = model_builder_add_entity(builder, text_at(spec, 0), text_at(spec, 1), text_at(spec, 2));
    model_set_text(&entity->metric, text_at(spec, 3));
  }
  json_array_foreach (json_object_get(shop, "conditions"), i, spec) {
    model_builder_add_condition(builder, text_at(spec, 0), text_at(spec, 1), text_at(spec, 2));
  }
  json_array_foreach (json_object_get(shop, "metrics"), i, spec) {
    add_metric(builder, spec);
  }
  model_set_text(&draft->default_metric, json_get_string(shop, "default_metric"));
  model_set_text(&draft->default_dataset, json_get_string(shop, "default_dataset"));
  model_set_text(&draft->currency, json_get_string(shop, "currency"));
  g_autoptr(GError) error = NULL;
  Model *model = model_builder_finish(builder, &error);
  g_assert_no_error(error);
  return model;
}

/* ---- rows ---- */
static void append_cell(GString *sql, const json_t *cell, const char *type) {
  if (json_is_string(cell)) {
    g_autofree char *quoted = text_sql_quote(json_string_value(cell));
    g_string_append_printf(sql, "CAST(%s AS %s)", quoted, type);
  } else if (json_is_null(cell)) {
    g_string_append(sql, "NULL");
  } else {
    json_append(sql, cell, JSON_PLAIN);
  }
}

static void create_table(GString *sql, const json_t *spec) {
  const json_t *fields = json_object_get(spec, "fields"), *rows = json_object_get(spec, "rows");
  g_string_append_printf(sql, "CREATE TABLE lake.%s (", json_get_string(spec, "name"));
  for (size_t i = 0; i < json_array_size(fields); i++) {
    const json_t *field = json_array_get(fields, i);
    g_string_append_printf(sql, "%s%s %s", i ? ", " : "", text_at(field, 0),
                           sql_types[word_index(types, text_at(field, 1))]);
  }
  g_string_append(sql, ");\n");
  for (size_t r = 0; r < json_array_size(rows); r++) {
    g_string_append_printf(sql, "%s(", r ? ", " : "INSERT INTO lake.");
    if (!r) {
      g_string_truncate(sql, sql->len - 1);
      g_string_append_printf(sql, "%s VALUES (", json_get_string(spec, "name"));
    }
    for (size_t i = 0; i < json_array_size(fields); i++) {
      if (i) g_string_append(sql, ", ");
      append_cell(sql, json_array_get(json_array_get(rows, r), i),
                  sql_types[word_index(types, text_at(json_array_get(fields, i), 1))]);
    }
    g_string_append_c(sql, ')');
  }
  g_string_append(sql, ";\n");
}

Engine *test_shop_engine(const json_t *shop) {
  EngineOptions options = {.threads = 1};
  g_autoptr(GError) error = NULL;
  Engine *engine = engine_open_duckdb(&options, &error);
  g_assert_no_error(error);
  g_autoptr(GString) sql = g_string_new("CREATE SCHEMA lake;\n");
  size_t i;
  json_t *spec;
  json_array_foreach (json_object_get(shop, "datasets"), i, spec) {
    create_table(sql, spec);
  }
  engine_execute(engine, sql->str, DEADLINE_NEVER, &error);
  g_assert_no_error(error);
  return engine;
}
