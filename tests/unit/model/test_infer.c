/*
 * Inference against hand-written truth. tests/data/infer/truth/NAME.txt has one fact a line about the folder NAME beside it:
 *   source FILE...                     what is imported instead of the folder's .csv files; skipped when missing
 *   type T.C TYPE                      text integer decimal double boolean date timestamp time
 *   role T.C ROLE                      dimension measure identifier time detail
 *   sum T.C | average T.C              how the number is aggregated
 *   key T C...                         primary key
 *   date T C                           default date ("-": none)
 *   fact T | things T                  holds facts, or describes things
 *   join T.C T.C                       many side, one side; by several columns T.C+C T.C+C, in any order
 *   no_join T T                        no join leads from the one to the other, by whatever columns
 *   hierarchy T C C...                 these levels follow each other in some hierarchy
 *   entity E T.C [T.C]                 key, and the field that names it ("-": none)
 *   metric M VALUE                     an aggregate metric with this value over the data
 *   ratio M NUMERATOR DENOMINATOR
 *   additivity M KIND                  sum distinct ratio snapshot none
 *   unit M UNIT
 *   no_metric M | no_condition N
 *   condition N ROWS                   rows for which it holds
 *   word M WORDS...                    metric M is called so, too
 *   personal T.C CLASS | code T.C CODE WORD
 *   main T | currency CODE
 */
#include "lake/lake.h"
#include "model/model.h"
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#define DATA "tests/data/infer"
#define LEAST_RIGHT 0.95

typedef struct {
  Engine *engine;
  Model *model;
} Company;

static void remove_folder(const char *path) {
  g_autoptr(GDir) listing = g_dir_open(path, 0, NULL);
  const char *name;
  while (listing != NULL && (name = g_dir_read_name(listing)) != NULL) {
    g_autofree char *child = g_build_filename(path, name, NULL);
    if (g_file_test(child, G_FILE_TEST_IS_DIR) && !g_file_test(child, G_FILE_TEST_IS_SYMLINK))
      remove_folder(child);
    else
      g_unlink(child);
  }
  g_rmdir(path);
}

static gboolean company_infer(Company *company, const char *workspace, char **files, GError **error) {
  EngineOptions options = {.threads = 2};
  company->engine = engine_open_duckdb(&options, error);
  if (company->engine == NULL)
    return FALSE;
  ImportOptions import = {0};
  g_autoptr(GPtrArray) tables = lake_import(company->engine, workspace, (const char *const *)files, &import, DEADLINE_NEVER, error);
  if (tables == NULL || !lake_snapshot_publish(workspace, NULL, error))
    return FALSE;
  g_autoptr(LakeSnapshot) snapshot = lake_snapshot_open(workspace, NULL, error);
  if (snapshot == NULL || !lake_snapshot_attach(snapshot, company->engine, DEADLINE_NEVER, error))
    return FALSE;
  g_autoptr(GHashTable) notes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  company->model = model_infer(company->engine, "shop", tables, notes, DEADLINE_NEVER, error);
  return company->model != NULL;
}

static double number(const Company *company, const char *sql) {
  g_autoptr(GError) error = NULL;
  g_autoptr(ResultTable) result = engine_query(company->engine, sql, NULL, 0, DEADLINE_NEVER, &error);
  g_assert_no_error(error);
  return result_table_at(result, 0, 0)->number;
}

/* ---- facts ---- */

static const char *word_at(char **words, guint index) {
  return index < g_strv_length(words) ? words[index] : "";
}

static gboolean field_is(const Company *company, char **words) {
  static const char *const types[] = {"text", "integer", "decimal", "double", "boolean", "date", "timestamp", "time"};
  static const char *const roles[] = {"dimension", "measure", "identifier", "time", "detail"};
  const Field *field = model_find_field(company->model, word_at(words, 1));
  if (field == NULL)
    return FALSE;
  if (g_str_equal(words[0], "type"))
    return g_str_equal(types[field->type], word_at(words, 2));
  if (g_str_equal(words[0], "role"))
    return g_str_equal(roles[field->role], word_at(words, 2));
  if (g_str_equal(words[0], "personal"))
    return g_strcmp0(field->personal, word_at(words, 2)) == 0;
  if (g_str_equal(words[0], "sum"))
    return field->default_aggregate == AGGREGATE_SUM;
  if (g_str_equal(words[0], "average"))
    return field->default_aggregate == AGGREGATE_AVERAGE;
  g_autofree char *phrase = g_strv_length(words) > 3 ? g_strjoinv(" ", words + 3) : g_strdup("");
  for (guint i = 0; i < field->codes->len; i++) {
    const CodedValue *code = g_ptr_array_index(field->codes, i);
    if (g_str_equal(code->code, word_at(words, 2)) && g_strv_contains((const char *const *)code->labels, phrase))
      return TRUE;
  }
  return FALSE;
}

static gboolean dataset_is(const Company *company, char **words) {
  const Dataset *dataset = model_find_dataset(company->model, word_at(words, 1));
  if (dataset == NULL)
    return FALSE;
  if (g_str_equal(words[0], "fact") || g_str_equal(words[0], "things"))
    return dataset->is_fact == g_str_equal(words[0], "fact");
  if (g_str_equal(words[0], "main"))
    return g_strcmp0(company->model->default_dataset, dataset->name) == 0;
  if (g_str_equal(words[0], "date"))
    return g_strcmp0(dataset->default_date, g_str_equal(word_at(words, 2), "-") ? NULL : word_at(words, 2)) == 0;
  guint parts = g_strv_length(dataset->primary_key);
  gboolean same = parts == g_strv_length(words) - 2;
  for (guint i = 2; i < g_strv_length(words) && same; i++)
    same = g_strv_contains((const char *const *)dataset->primary_key, words[i]);
  return same;
}

/* Each column of the truth is paired with its own, wherever it stands. */
static gboolean has_parts(const Relationship *join, const char *many, const char *one) {
  g_auto(GStrv) from = g_strsplit(many, "+", -1), to = g_strsplit(one, "+", -1);
  guint parts = g_strv_length(from), found = 0;
  for (guint i = 0; i < parts && i < g_strv_length(to); i++)
    for (guint j = 0; join->from_fields[j] != NULL && join->to_fields[j] != NULL; j++)
      found += g_str_equal(join->from_fields[j], from[i]) && g_str_equal(join->to_fields[j], to[i]);
  return found == parts && parts == g_strv_length(to) && parts == g_strv_length(join->from_fields) && parts == g_strv_length(join->to_fields);
}

static gboolean join_is(const Company *company, char **words) {
  g_auto(GStrv) many = g_strsplit(word_at(words, 1), ".", 2), one = g_strsplit(word_at(words, 2), ".", 2);
  for (guint i = 0; i < company->model->relationships->len; i++) {
    const Relationship *join = g_ptr_array_index(company->model->relationships, i);
    if (g_str_equal(join->from_dataset, word_at(many, 0)) && g_str_equal(join->to_dataset, word_at(one, 0)) &&
        has_parts(join, word_at(many, 1), word_at(one, 1)))
      return TRUE;
  }
  return FALSE;
}

static gboolean is_joined(const Company *company, char **words) {
  for (guint i = 0; i < company->model->relationships->len; i++) {
    const Relationship *join = g_ptr_array_index(company->model->relationships, i);
    if (g_str_equal(join->from_dataset, word_at(words, 1)) && g_str_equal(join->to_dataset, word_at(words, 2)))
      return TRUE;
  }
  return FALSE;
}

static gboolean hierarchy_is(const Company *company, char **words) {
  for (guint i = 0; i < company->model->hierarchies->len; i++) {
    const Hierarchy *hierarchy = g_ptr_array_index(company->model->hierarchies, i);
    guint next = 2;
    for (guint level = 0; hierarchy->levels[level] != NULL && words[next] != NULL; level++)
      next += g_str_equal(hierarchy->levels[level], words[next]);
    if (g_strcmp0(hierarchy->dataset, word_at(words, 1)) == 0 && words[next] == NULL)
      return TRUE;
  }
  return FALSE;
}

static gboolean entity_is(const Company *company, char **words) {
  const Entity *entity = model_find_entity(company->model, word_at(words, 1));
  if (entity == NULL)
    return FALSE;
  g_autofree char *key = g_strdup_printf("%s.%s", entity->dataset, entity->key != NULL ? entity->key : "");
  const char *name = word_at(words, 3);
  return g_str_equal(key, word_at(words, 2)) &&
         (*name == '\0' || g_strcmp0(entity->name_field, g_str_equal(name, "-") ? NULL : name) == 0);
}

static char *relation_of(const Company *company, const char *dataset) {
  const Dataset *found = model_find_dataset(company->model, dataset);
  return g_strdup_printf("lake.\"%s\"", found->table);
}

static gboolean condition_is(const Company *company, char **words) {
  const Condition *condition = model_find_condition(company->model, word_at(words, 1));
  if (condition == NULL)
    return FALSE;
  g_autofree char *relation = relation_of(company, condition->dataset);
  g_autofree char *sql = g_strdup_printf("SELECT count(*) FROM %s WHERE %s", relation, condition->expression);
  g_autofree char *never = g_strdup_printf("SELECT count(*) FROM %s WHERE (%s) IS NULL", relation, condition->expression);
  g_assert_cmpfloat(number(company, never), ==, 0);
  double rows = number(company, sql);
  if (rows != g_ascii_strtod(word_at(words, 2), NULL))
    g_test_message("  it holds for %.0f rows", rows);
  return rows == g_ascii_strtod(word_at(words, 2), NULL);
}

/* The dataset under its name, joined with those it leads to where the expression names them ("products.price"). */
static char *joined_relation(const Company *company, const Metric *metric) {
  g_autofree char *relation = relation_of(company, metric->dataset);
  g_autoptr(GString) from = g_string_new(NULL);
  g_string_append_printf(from, "%s AS \"%s\"", relation, metric->dataset);
  for (guint i = 0; i < company->model->relationships->len && metric->expression != NULL; i++) {
    const Relationship *join = g_ptr_array_index(company->model->relationships, i);
    g_autofree char *qualifier = g_strdup_printf("%s.", join->to_dataset), *other = relation_of(company, join->to_dataset);
    if (g_str_equal(join->from_dataset, metric->dataset) && strstr(metric->expression, qualifier) != NULL)
      g_string_append_printf(from, " LEFT JOIN %s AS \"%s\" ON \"%s\".%s = \"%s\".%s", other, join->to_dataset, join->from_dataset,
                             join->from_fields[0], join->to_dataset, join->to_fields[0]);
  }
  return g_string_free(g_steal_pointer(&from), FALSE);
}

static char *metric_sql(const Company *company, const Metric *metric) {
  static const char *const forms[] = {[AGGREGATE_SUM] = "sum(%)", [AGGREGATE_COUNT] = "count(*)",
                                      [AGGREGATE_COUNT_DISTINCT] = "count(DISTINCT %)", [AGGREGATE_AVERAGE] = "avg(%)"};
  g_autofree char *relation = joined_relation(company, metric);
  g_autoptr(GString) sql = g_string_new("SELECT ");
  g_string_append_printf(sql, "%s(%s)::DOUBLE FROM %s WHERE TRUE", metric->negate ? "-" : "", forms[metric->aggregate], relation);
  if (metric->expression != NULL)
    g_string_replace(sql, "%", metric->expression, 0);
  for (char **name = metric->conditions; *name != NULL; name++) {
    gboolean negated = **name == '!';
    const Condition *condition = model_find_condition(company->model, *name + negated);
    g_string_append_printf(sql, " AND %s(%s)", negated ? "NOT " : "", condition->expression);
  }
  return g_string_free(g_steal_pointer(&sql), FALSE);
}

static gboolean metric_is(const Company *company, char **words) {
  static const char *const additivities[] = {"sum", "distinct", "ratio", "snapshot", "none"};
  const Metric *metric = model_find_metric(company->model, word_at(words, 1));
  if (metric == NULL)
    return FALSE;
  if (g_str_equal(words[0], "additivity"))
    return g_str_equal(additivities[metric->additivity], word_at(words, 2));
  if (g_str_equal(words[0], "unit"))
    return g_str_equal(metric->unit, word_at(words, 2));
  if (g_str_equal(words[0], "ratio"))
    return g_strcmp0(metric->numerator, word_at(words, 2)) == 0 && g_strcmp0(metric->denominator, word_at(words, 3)) == 0;
  if (g_str_equal(words[0], "word")) {
    g_autofree char *phrase = g_strjoinv(" ", words + 2);
    return g_ascii_strcasecmp(metric->label, phrase) == 0 || g_strv_contains((const char *const *)metric->synonyms, phrase);
  }
  if (metric->kind != METRIC_AGGREGATE)
    return FALSE;
  g_autofree char *sql = metric_sql(company, metric);
  double value = number(company, sql), expected = g_ascii_strtod(word_at(words, 2), NULL);
  gboolean right = fabs(value - expected) <= 0.005 + fabs(expected) * 1e-6;
  if (!right)
    g_test_message("  it is %.4f: %s", value, sql);
  return right;
}

static gboolean fact_is_right(const Company *company, char **words) {
  static const char *const of_fields[] = {"type", "role", "sum", "average", "personal", "code", NULL};
  static const char *const of_datasets[] = {"fact", "things", "main", "date", "key", NULL};
  static const char *const of_metrics[] = {"metric", "ratio", "additivity", "unit", "word", NULL};
  const char *kind = words[0];
  if (g_strv_contains(of_fields, kind))
    return field_is(company, words);
  if (g_strv_contains(of_datasets, kind))
    return dataset_is(company, words);
  if (g_strv_contains(of_metrics, kind))
    return metric_is(company, words);
  if (g_str_equal(kind, "join"))
    return join_is(company, words);
  if (g_str_equal(kind, "no_join"))
    return !is_joined(company, words);
  if (g_str_equal(kind, "hierarchy"))
    return hierarchy_is(company, words);
  if (g_str_equal(kind, "entity"))
    return entity_is(company, words);
  if (g_str_equal(kind, "condition"))
    return condition_is(company, words);
  if (g_str_equal(kind, "no_metric"))
    return model_find_metric(company->model, word_at(words, 1)) == NULL;
  if (g_str_equal(kind, "no_condition"))
    return model_find_condition(company->model, word_at(words, 1)) == NULL;
  if (g_str_equal(kind, "currency"))
    return g_strcmp0(company->model->currency, word_at(words, 1)) == 0;
  g_error("\"%s\" is no kind of fact", kind);
}

/* ---- one truth file ---- */

static char **fact_words(const char *line) {
  g_auto(GStrv) raw = g_strsplit_set(line, " \t\r", -1);
  g_autoptr(GStrvBuilder) words = g_strv_builder_new();
  for (char **word = raw; *word != NULL && **word != '#'; word++)
    if (**word != '\0')
      g_strv_builder_add(words, *word);
  return g_strv_builder_end(words);
}

static int compare_names(gconstpointer a, gconstpointer b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* The files the truth is about: those it names, or every table of its folder. NULL: one is missing. */
static char **truth_sources(const char *folder, char **lines) {
  g_autoptr(GStrvBuilder) files = g_strv_builder_new();
  for (char **line = lines; *line != NULL; line++) {
    g_auto(GStrv) words = fact_words(*line);
    if (words[0] == NULL || !g_str_equal(words[0], "source"))
      continue;
    for (guint i = 1; words[i] != NULL; i++) {
      if (!g_file_test(words[i], G_FILE_TEST_EXISTS))
        return NULL;
      g_strv_builder_add(files, words[i]);
    }
    return g_strv_builder_end(files);
  }
  g_autoptr(GDir) listing = g_dir_open(folder, 0, NULL);
  const char *name;
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
  while ((name = g_dir_read_name(listing)) != NULL)
    if ((g_str_has_suffix(name, ".csv") || g_str_has_suffix(name, ".tsv")))
      g_ptr_array_add(names, g_build_filename(folder, name, NULL));
  g_ptr_array_sort(names, compare_names);
  for (guint i = 0; i < names->len; i++)
    g_strv_builder_add(files, g_ptr_array_index(names, i));
  return g_strv_builder_end(files);
}

static void check_facts(const Company *company, char **lines) {
  guint facts = 0, right = 0;
  for (guint i = 0; lines[i] != NULL; i++) {
    g_auto(GStrv) words = fact_words(lines[i]);
    if (words[0] == NULL || g_str_equal(words[0], "source"))
      continue;
    facts++;
    gboolean is_right = fact_is_right(company, words);
    right += is_right;
    if (!is_right)
      g_test_message("line %u: wrong: %s", i + 1, lines[i]);
  }
  g_test_message("%u of %u facts right", right, facts);
  g_assert_cmpuint(facts, >=, 10);
  g_assert_cmpfloat(right, >=, LEAST_RIGHT * facts);
}

static void test_truth(gconstpointer data) {
  const char *name = data;
  g_autofree char *file = g_strdup_printf("%s.txt", name);
  g_autofree char *path = g_build_filename(DATA, "truth", file, NULL), *folder = g_build_filename(DATA, name, NULL), *text = NULL;
  gboolean read = g_file_get_contents(path, &text, NULL, NULL);
  g_assert_true(read);
  if (!read)
    return;
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  g_auto(GStrv) files = truth_sources(folder, lines);
  if (files == NULL) {
    g_test_skip("its data is not here");
    return;
  }
  g_autoptr(GError) error = NULL;
  g_autofree char *workspace = g_dir_make_tmp("aisle-infer-XXXXXX", &error);
  g_assert_no_error(error);
  Company company = {0};
  gboolean made = company_infer(&company, workspace, files, &error);
  g_assert_no_error(error);
  g_assert_true(made);
  if (made && g_test_verbose()) {
    g_autoptr(json_t) json = model_to_json(company.model);
    g_autofree char *shown = json_to_text(json, JSON_PRETTY);
    g_test_message("%s", shown);
  }
  if (made)
    check_facts(&company, lines);
  model_unref(company.model);
  engine_unref(company.engine);
  remove_folder(workspace);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_set_nonfatal_assertions();
  g_autoptr(GDir) listing = g_dir_open(DATA "/truth", 0, NULL);
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
  const char *file;
  while (listing != NULL && (file = g_dir_read_name(listing)) != NULL)
    if (g_str_has_suffix(file, ".txt"))
      g_ptr_array_add(names, g_strndup(file, strlen(file) - strlen(".txt")));
  g_ptr_array_sort(names, compare_names);
  for (guint i = 0; i < names->len; i++) {
    g_autofree char *test = g_strdup_printf("/infer/truth/%s", (char *)g_ptr_array_index(names, i));
    g_test_add_data_func(test, g_ptr_array_index(names, i), test_truth);
  }
  return g_test_run();
}
