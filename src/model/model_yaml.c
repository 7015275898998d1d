/* Loading: two texts -> one checked Model, or every mistake in them with its place. */
#include "model/model_yaml.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#include "model/expression.h"
#include "model/metric_sql.h"

/* ---- what neither file says ---- */

static gboolean is_key_field(const Model *model, const Dataset *dataset, const Field *field) {
  if (g_strv_contains((const char *const *)dataset->primary_key, field->name)) return TRUE;
  for (guint i = 0; i < model->relationships->len; i++) {
    const Relationship *relationship = g_ptr_array_index(model->relationships, i);
    gboolean is_from = g_strcmp0(relationship->from_dataset, dataset->name) == 0 &&
                       g_strv_contains((const char *const *)relationship->from_fields, field->name);
    gboolean is_to = g_strcmp0(relationship->to_dataset, dataset->name) == 0 &&
                     g_strv_contains((const char *const *)relationship->to_fields, field->name);
    if (is_from || is_to) return TRUE;
  }
  return FALSE;
}

static void default_dataset(const Model *model, Dataset *dataset) {
  const Field *only_date = NULL;
  guint dates = 0;
  for (guint i = 0; i < dataset->fields->len; i++) {
    const Field *field = g_ptr_array_index(dataset->fields, i);
    if (field->role != FIELD_ROLE_TIME || (field->type != FIELD_DATE && field->type != FIELD_TIMESTAMP)) continue;
    only_date = field;
    dates++;
  }
  if (dataset->default_date == NULL && dates == 1) model_set_text(&dataset->default_date, only_date->name);
  dataset->is_fact = TRUE;
  for (guint i = 0; i < model->relationships->len; i++) {
    const Relationship *relationship = g_ptr_array_index(model->relationships, i);
    if (g_strcmp0(relationship->to_dataset, dataset->name) == 0) dataset->is_fact = FALSE;
  }
}

void model_read_defaults(ModelReader *reader, gboolean has_extension) {
  Model *model = reader->model;
  for (guint i = 0; i < model->datasets->len; i++) {
    Dataset *dataset = g_ptr_array_index(model->datasets, i);
    for (guint j = 0; j < dataset->fields->len; j++) {
      Field *field = g_ptr_array_index(dataset->fields, j);
      if (g_hash_table_contains(reader->described, field) || !is_key_field(model, dataset, field)) continue;
      field->role = FIELD_ROLE_IDENTIFIER;
      field->default_aggregate = AGGREGATE_NONE;
    }
    if (!g_hash_table_contains(reader->described, dataset)) default_dataset(model, dataset);
  }
  const Dataset *fact = NULL;
  guint facts = 0;
  for (guint i = 0; i < model->datasets->len; i++) {
    const Dataset *dataset = g_ptr_array_index(model->datasets, i);
    if (!dataset->is_fact) continue;
    fact = dataset;
    facts++;
  }
  if (!has_extension && facts == 1) model_set_text(&model->default_dataset, fact->name);
}

/* ---- metrics: structure and SQL ---- */

static gboolean has_structure(const Metric *metric) {
  return metric->kind != METRIC_AGGREGATE || metric->aggregate != AGGREGATE_NONE;
}

static gboolean is_money_unit(const char *unit) {
  return unit != NULL && (strcmp(unit, "currency") == 0 || (g_str_has_prefix(unit, "currency:") && strlen(unit) == 12));
}

/* Money stays money through sums, averages and differences; a ratio of two amounts has no unit. */
static void default_unit(const Model *model, Metric *metric) {
  if (metric->unit != NULL) return;
  const Metric *left = model_find_metric(model, metric->numerator),
               *right = model_find_metric(model, metric->denominator);
  if (metric->kind == METRIC_RATIO && left != NULL && right != NULL && left->is_money == right->is_money) {
    model_set_text(&metric->unit, "fraction");
  } else if (metric->kind != METRIC_AGGREGATE) {
    metric->is_money = left != NULL && left->is_money;
    model_set_text(&metric->unit, left != NULL ? left->unit : NULL);
  } else if (metric->aggregate == AGGREGATE_COUNT || metric->aggregate == AGGREGATE_COUNT_DISTINCT) {
    model_set_text(&metric->unit, "count");
  } else {
    const Dataset *dataset = model_find_dataset(model, metric->dataset);
    g_autoptr(GPtrArray) references =
        metric->expression != NULL ? expression_references(metric->expression, NULL) : NULL;
    for (guint i = 0; dataset != NULL && references != NULL && i < references->len && metric->unit == NULL; i++) {
      const Field *field = dataset_find_field(dataset, ((ColumnReference *)g_ptr_array_index(references, i))->name);
      if (field == NULL || !is_money_unit(field->unit)) continue;
      model_set_text(&metric->unit, field->unit);
      metric->is_money = TRUE;
    }
  }
}

/* Its mistake was named: what is left of it must not be complained about again. */
static void silence_metric(const Model *model, Metric *metric) {
  metric->kind = METRIC_AGGREGATE;
  metric->aggregate = AGGREGATE_COUNT;
  model_set_text(&metric->expression, NULL);
  if (model->datasets->len > 0)
    model_set_text(&metric->dataset, ((Dataset *)g_ptr_array_index(model->datasets, 0))->name);
}

static void read_metric_sql(ModelReader *reader, Metric *metric, const YamlNode *sql) {
  g_autoptr(GError) error = NULL;
  guint before = reader->model->metrics->len;
  reader->file = MODEL_CORE_FILE;
  if (!metric_from_sql(reader->builder, metric, sql->text, g_hash_table_lookup(reader->metric_home, metric), &error)) {
    model_reader_problem(reader, sql, "metric %s: %s", metric->name, error->message);
    silence_metric(reader->model, metric);
  }
  default_unit(reader->model, metric);
  g_hash_table_remove(reader->metric_sql, metric);               /* it is the definition: nothing to compare it with */
  for (guint i = before; i < reader->model->metrics->len; i++) { /* sides of a ratio that got a name of their own */
    Metric *side = g_ptr_array_index(reader->model->metrics, i);
    model_reader_mark(reader, side, sql);
    model_reader_mark(reader, &side->expression, sql);
    default_unit(reader->model, side);
  }
}

/* Ratios are read after aggregates, so that their sides find the metrics they are made of. */
static void read_all_metric_sql(ModelReader *reader) {
  Model *model = reader->model;
  guint count = model->metrics->len;
  for (guint pass = 0; pass < 2; pass++) {
    for (guint i = 0; i < count; i++) {
      Metric *metric = g_ptr_array_index(model->metrics, i);
      const YamlNode *sql = g_hash_table_lookup(reader->metric_sql, metric);
      if (has_structure(metric)) continue;
      if (sql == NULL) silence_metric(model, metric);
      if (sql == NULL) continue;
      gboolean looks_derived = strpbrk(sql->text, "/-") != NULL;
      if (pass == 1 || !looks_derived) read_metric_sql(reader, metric, sql);
    }
  }
}

/* The SQL that other tools read must say what the definition in aisle.yaml says. */
static void compare_metric_sql(ModelReader *reader) {
  for (guint i = 0; i < reader->model->metrics->len; i++) {
    Metric *metric = g_ptr_array_index(reader->model->metrics, i);
    const YamlNode *sql = g_hash_table_lookup(reader->metric_sql, metric);
    if (sql == NULL) continue;
    g_autofree char *expected = metric_to_sql(reader->model, metric);
    if (metric_sql_equal(expected, sql->text)) continue;
    const YamlMark *mark = g_hash_table_lookup(reader->marks, metric);
    reader->file = MODEL_CORE_FILE;
    model_reader_problem(
        reader, sql,
        "metric %s: this SQL is not what its definition in %s:%u says; write \"%s\" here, or remove the "
        "definition (aggregate, expression, ...) there and this SQL counts",
        metric->name, MODEL_EXTENSION_FILE, mark != NULL ? mark->line : 1, expected);
  }
}

/* ---- problems of the finished draft, with their places ---- */

static void place_problems(ModelReader *reader) {
  g_autoptr(GPtrArray) found = model_builder_problems(reader->builder);
  for (guint i = 0; i < found->len; i++) {
    const ModelProblem *problem = g_ptr_array_index(found, i);
    const YamlMark *mark = g_hash_table_lookup(reader->marks, problem->subject);
    if (mark == NULL) mark = g_hash_table_lookup(reader->marks, problem->owner);
    YamlMark start = {MODEL_CORE_FILE, 1, 1};
    if (mark == NULL) mark = &start;
    yaml_problem_add(reader->problems, mark->file, mark->line, mark->column, "%s: %s; %s", problem->where,
                     problem->what, problem->what_to_do);
  }
}

static Model *read_model(ModelReader *reader, const YamlNode *core, const YamlNode *extension) {
  model_read_core(reader, core);
  if (extension != NULL) model_read_extension(reader, extension);
  model_read_defaults(reader, extension != NULL);
  read_all_metric_sql(reader);
  guint before = reader->problems->len;
  place_problems(reader);
  if (reader->problems->len == before) compare_metric_sql(reader);
  return reader->problems->len == 0 ? model_builder_seal(g_steal_pointer(&reader->builder)) : NULL;
}

Model *model_from_texts(const char *core, gsize core_length, const char *extension, gsize extension_length,
                        GError **error) {
  g_autoptr(GPtrArray) problems = yaml_problems_new();
  g_autoptr(YamlNode) core_root = yaml_tree_parse(core, core_length, MODEL_CORE_FILE, problems);
  g_autoptr(YamlNode) extension_root = NULL;
  if (extension != NULL) extension_root = yaml_tree_parse(extension, extension_length, MODEL_EXTENSION_FILE, problems);
  g_autoptr(Model) model = NULL;
  /* A file that is not YAML at all would make every name of the other one look wrong. */
  if (core_root != NULL && (extension == NULL || extension_root != NULL)) {
    ModelReader reader = {.builder = model_builder_new(NULL),
                          .problems = problems,
                          .marks = g_hash_table_new_full(NULL, NULL, NULL, g_free),
                          .metric_sql = g_hash_table_new(NULL, NULL),
                          .metric_home = g_hash_table_new(NULL, NULL),
                          .described = g_hash_table_new(NULL, NULL)};
    reader.model = model_builder_draft(reader.builder);
    model = read_model(&reader, core_root, extension_root);
    model_builder_free(reader.builder);
    g_hash_table_unref(reader.marks);
    g_hash_table_unref(reader.metric_sql);
    g_hash_table_unref(reader.metric_home);
    g_hash_table_unref(reader.described);
  }
  if (problems->len == 0) return g_steal_pointer(&model);
  g_autofree char *text = yaml_problems_to_text(problems);
  g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_BAD_MODEL, text);
  return NULL;
}

/* ---- files ---- */

/* FALSE with error; a missing optional file leaves *bytes NULL. */
static gboolean read_file(const char *workspace, const char *name, gboolean required, char **bytes, gsize *length,
                          GError **error) {
  g_autofree char *path = g_build_filename(workspace, name, NULL);
  GStatBuf status;
  if (g_stat(path, &status) != 0 && errno == ENOENT) {
    if (!required) return TRUE;
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_NOT_FOUND,
                "there is no %s in this workspace; \"aisle init\" writes one from your data", name);
    return FALSE;
  }
  if (g_file_test(path, G_FILE_TEST_IS_REGULAR) && status.st_size > (goffset)YAML_MAX_BYTES) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_MODEL, "%s:1:1: the file is larger than %u MB; a model is small",
                name, YAML_MAX_BYTES >> 20);
    return FALSE;
  }
  if (!g_file_test(path, G_FILE_TEST_IS_REGULAR) || !g_file_get_contents(path, bytes, length, NULL)) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_IO, "cannot read %s; check that it is a file you may read", name);
    return FALSE;
  }
  return TRUE;
}

Model *model_load(const char *workspace, GError **error) {
  g_autofree char *core = NULL, *extension = NULL;
  gsize core_length = 0, extension_length = 0;
  if (!read_file(workspace, MODEL_CORE_FILE, TRUE, &core, &core_length, error)) return NULL;
  if (!read_file(workspace, MODEL_EXTENSION_FILE, FALSE, &extension, &extension_length, error)) return NULL;
  return model_from_texts(core, core_length, extension, extension_length, error);
}

static YamlNode *parse_old(const char *bytes, gsize length, const char *name) {
  g_autoptr(GPtrArray) ignored =
      yaml_problems_new(); /* a broken old file keeps nothing: there is nothing to find in it */
  return bytes != NULL ? yaml_tree_parse(bytes, length, name, ignored) : NULL;
}

static gboolean write_file(const char *workspace, const char *name, const char *text, GError **error) {
  g_autofree char *path = g_build_filename(workspace, name, NULL);
  g_autoptr(GError) problem = NULL;
  GFileSetContentsFlags flags = G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE;
  if (g_file_set_contents_full(path, text, -1, flags, 0644, &problem)) return TRUE;
  int code = g_error_matches(problem, G_FILE_ERROR, G_FILE_ERROR_NOSPC) ? AISLE_ERROR_NO_SPACE : AISLE_ERROR_IO;
  g_set_error(error, AISLE_ERROR, code, "cannot write %s; check free space and permissions of the workspace", name);
  return FALSE;
}

gboolean model_save(const Model *model, GHashTable *notes, const char *workspace, GError **error) {
  g_autofree char *core = NULL, *extension = NULL;
  gsize core_length = 0, extension_length = 0;
  if (!read_file(workspace, MODEL_CORE_FILE, FALSE, &core, &core_length, error)) return FALSE;
  if (!read_file(workspace, MODEL_EXTENSION_FILE, FALSE, &extension, &extension_length, error)) return FALSE;
  g_autoptr(YamlNode) old_core = parse_old(core, core_length, MODEL_CORE_FILE);
  g_autoptr(YamlNode) old_extension = parse_old(extension, extension_length, MODEL_EXTENSION_FILE);
  g_autofree char *core_text = model_core_to_text(model, notes, old_core);
  g_autofree char *extension_text = model_extension_to_text(model, notes, old_extension);
  g_autofree char *folder = g_build_filename(workspace, "model", NULL);
  if (g_mkdir_with_parents(folder, 0755) != 0) {
    aisle_error_set_errno(error, errno, "make the folder model/ of the workspace");
    return FALSE;
  }
  return write_file(workspace, MODEL_CORE_FILE, core_text, error) &&
         write_file(workspace, MODEL_EXTENSION_FILE, extension_text, error);
}
