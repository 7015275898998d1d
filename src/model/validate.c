#include "model/validate.h"

#include <string.h>

#include "model/expression.h"
#include "model/model_private.h"

typedef struct {
  const Model *model;
  GPtrArray *problems;
} Validation;

static void report(Validation *validation, gconstpointer subject, gconstpointer owner, char *where, char *what,
                   char *what_to_do) {
  ModelProblem *problem = g_new0(ModelProblem, 1);
  problem->subject = subject;
  problem->owner = owner;
  problem->where = where;
  problem->what = what;
  problem->what_to_do = what_to_do;
  g_ptr_array_add(validation->problems, problem);
}

/* ---- nearest names ---- */

const char *model_nearest(const char *word, const char *const *candidates) {
  const char *nearest = NULL;
  int best = MAX(2, (int)strlen(word) / 3);
  for (guint i = 0; candidates[i] != NULL; i++) {
    int distance = text_distance(word, candidates[i], best);
    if (distance > best || (distance == best && nearest != NULL)) continue;
    best = distance;
    nearest = candidates[i];
  }
  return nearest;
}

static const char *first_member_name(gconstpointer element) {
  return *(char *const *)element;
}

static char *suggest(const char *word, const GPtrArray *elements, const char *kind) {
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  for (guint i = 0; i < elements->len; i++) {
    const char *name = first_member_name(g_ptr_array_index(elements, i)); /* every element begins with its name */
    if (name != NULL) g_ptr_array_add(names, (gpointer)name);
  }
  g_ptr_array_add(names, NULL);
  const char *nearest = word != NULL ? model_nearest(word, (const char *const *)names->pdata) : NULL;
  if (nearest != NULL) return g_strdup_printf("did you mean \"%s\"?", nearest);
  if (names->len == 1) return g_strdup_printf("there is no %s yet, add one", kind);
  g_autoptr(GString) list = g_string_new(NULL);
  for (guint i = 0; i + 1 < names->len && i < 8; i++)
    g_string_append_printf(list, "%s%s", i > 0 ? ", " : "", (const char *)names->pdata[i]);
  if (names->len > 9) g_string_append(list, ", ...");
  return g_strdup_printf("name one of: %s", list->str);
}

/* ---- names ---- */

static void check_names(Validation *validation, const GPtrArray *elements, const char *kind, const char *inside) {
  g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < elements->len; i++) {
    gconstpointer element = g_ptr_array_index(elements, i);
    const char *name = first_member_name(element);
    if (!model_name_is_valid(name))
      report(validation, element, element, g_strdup_printf("%s %s", kind, name != NULL ? name : "(no name)"),
             g_strdup_printf("\"%s\" is not a name", name != NULL ? name : ""),
             g_strdup("use lower-case letters, digits and _, with a letter first"));
    else if (!g_hash_table_add(seen, (gpointer)name))
      report(
          validation, element, element, g_strdup_printf("%s %s", kind, name),
          g_strdup_printf("there are two of this name%s%s", inside != NULL ? " in " : "", inside != NULL ? inside : ""),
          g_strdup("rename or remove one"));
  }
}

/* ---- references ---- */

static const Dataset *check_dataset(Validation *validation, const char *name, gconstpointer subject,
                                    gconstpointer owner, const char *where) {
  const Dataset *dataset = model_find_dataset(validation->model, name);
  if (dataset == NULL)
    report(validation, subject, owner, g_strdup(where),
           name != NULL ? g_strdup_printf("\"%s\" is no dataset", name) : g_strdup("it names no dataset"),
           suggest(name, validation->model->datasets, "dataset"));
  return dataset;
}

static const Field *check_field(Validation *validation, const Dataset *dataset, const char *name, gconstpointer subject,
                                gconstpointer owner, const char *where) {
  const Field *field = dataset_find_field(dataset, name);
  if (field == NULL)
    report(validation, subject, owner, g_strdup(where),
           g_strdup_printf("\"%s\" is no field of %s", name != NULL ? name : "", dataset->name),
           suggest(name, dataset->fields, "field"));
  return field;
}

static void check_fields(Validation *validation, const Dataset *dataset, char **names, gconstpointer owner,
                         const char *where) {
  for (guint i = 0; dataset != NULL && names[i] != NULL; i++)
    check_field(validation, dataset, names[i], names[i], owner, where);
}

static void check_metric_name(Validation *validation, const char *name, gconstpointer subject, gconstpointer owner,
                              const char *where, const char *what) {
  if (model_find_metric(validation->model, name) != NULL) return;
  report(validation, subject, owner, g_strdup(where),
         name != NULL ? g_strdup_printf("%s \"%s\" is no metric", what, name) : g_strdup_printf("%s is missing", what),
         suggest(name, validation->model->metrics, "metric"));
}

static void check_entity_name(Validation *validation, const char *name, gconstpointer subject, gconstpointer owner,
                              const char *where) {
  if (name == NULL || model_find_entity(validation->model, name) != NULL) return;
  report(validation, subject, owner, g_strdup(where), g_strdup_printf("\"%s\" is no entity", name),
         suggest(name, validation->model->entities, "entity"));
}

static char *suggest_for_expression(const Dataset *dataset, const char *expression) {
  g_autoptr(GPtrArray) references = expression_references(expression, NULL);
  for (guint i = 0; references != NULL && i < references->len; i++) {
    const ColumnReference *reference = g_ptr_array_index(references, i);
    if (reference->qualifier == NULL && dataset_find_field(dataset, reference->name) == NULL)
      return suggest(reference->name, dataset->fields, "field");
  }
  return g_strdup("correct the expression");
}

static void check_expression(Validation *validation, const Dataset *dataset, const char *expression,
                             gconstpointer subject, gconstpointer owner, const char *where) {
  g_autoptr(GError) problem = NULL;
  if (expression == NULL || *expression == '\0') {
    report(validation, subject, owner, g_strdup(where), g_strdup("it has no expression"), g_strdup("write one"));
    return;
  }
  gboolean is_scalar = expression_check_scalar(expression, &problem);
  g_autofree char *expanded = is_scalar ? expression_expand(dataset, expression, NULL, &problem) : NULL;
  if (expanded != NULL) return;
  report(validation, subject, owner, g_strdup(where),
         g_strdup_printf("the expression \"%.200s\" cannot be used: %s", expression, problem->message),
         is_scalar ? suggest_for_expression(dataset, expression)
                   : g_strdup("write one value or test over the columns of a row"));
}

/* ---- elements ---- */

static void check_unit(Validation *validation, char *const *unit, gconstpointer owner, const char *where) {
  static const char *const units[] = {"", "currency", "fraction", "count", "days", "rating", NULL};
  if (*unit == NULL || g_strv_contains(units, *unit)) return;
  const char *code = g_str_has_prefix(*unit, "currency:") ? *unit + strlen("currency:") : "";
  if (strlen(code) == 3 && g_ascii_isupper(code[0]) && g_ascii_isupper(code[1]) && g_ascii_isupper(code[2])) return;
  if (strlen(*unit) > 0 && strlen(*unit) <= 20 && strchr(*unit, ':') == NULL) return; /* kg, litres, minutes ... */
  report(validation, unit, owner, g_strdup(where), g_strdup_printf("\"%.40s\" is no unit", *unit),
         g_strdup("use currency, currency:GBP, fraction, count, days, rating or a short word like kg"));
}

static void check_field_element(Validation *validation, const Dataset *dataset, const Field *field) {
  static const char *const classes[] = {"name", "email", "phone", "address", "card", NULL};
  g_autofree char *where = g_strdup_printf("field %s.%s", dataset->name, field->name);
  if (!expression_is_column(field->expression, NULL))
    check_expression(validation, dataset, field->expression, &field->expression, field, where);
  check_unit(validation, &field->unit, field, where);
  check_entity_name(validation, field->entity, &field->entity, field, where);
  if (field->personal != NULL && !g_strv_contains(classes, field->personal))
    report(validation, &field->personal, field, g_strdup(where),
           g_strdup_printf("\"%s\" is no class of personal data", field->personal),
           g_strdup("use name, email, phone, address or card"));
  g_autoptr(GHashTable) codes = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < field->codes->len; i++) {
    const CodedValue *code = g_ptr_array_index(field->codes, i);
    if (code->labels == NULL || code->labels[0] == NULL)
      report(validation, code, field, g_strdup(where), g_strdup_printf("code \"%s\" has no words", code->code),
             g_strdup("say what people call it"));
    if (!g_hash_table_add(codes, code->code))
      report(validation, code, field, g_strdup(where), g_strdup_printf("code \"%s\" stands there twice", code->code),
             g_strdup("remove one"));
  }
}

static void check_dataset_element(Validation *validation, const Dataset *dataset) {
  g_autofree char *where = g_strdup_printf("dataset %s", dataset->name);
  if (dataset->table == NULL || *dataset->table == '\0')
    report(validation, &dataset->table, dataset, g_strdup(where), g_strdup("it has no table"),
           g_strdup("write the table's name as its source"));
  if (dataset->fields->len == 0)
    report(validation, dataset->fields, dataset, g_strdup(where), g_strdup("it has no fields"),
           g_strdup("add its columns"));
  check_names(validation, dataset->fields, "field", dataset->name);
  for (guint i = 0; i < dataset->fields->len; i++)
    check_field_element(validation, dataset, g_ptr_array_index(dataset->fields, i));
  check_fields(validation, dataset, dataset->primary_key, dataset, where);
  if (dataset->default_date == NULL) return;
  const Field *date = check_field(validation, dataset, dataset->default_date, &dataset->default_date, dataset, where);
  if (date != NULL && date->type != FIELD_DATE && date->type != FIELD_TIMESTAMP)
    report(validation, &dataset->default_date, dataset, g_strdup(where),
           g_strdup_printf("the default date \"%s\" is of type %s", date->name, field_type_name(date->type)),
           g_strdup("name a field of type date or timestamp"));
}

static void check_entity_element(Validation *validation, const Entity *entity) {
  g_autofree char *where = g_strdup_printf("entity %s", entity->name);
  const Dataset *dataset = check_dataset(validation, entity->dataset, &entity->dataset, entity, where);
  if (dataset != NULL && entity->key != NULL)
    check_field(validation, dataset, entity->key, &entity->key, entity, where);
  if (dataset != NULL && entity->name_field != NULL)
    check_field(validation, dataset, entity->name_field, &entity->name_field, entity, where);
  if (entity->metric != NULL)
    check_metric_name(validation, entity->metric, &entity->metric, entity, where, "its counting metric");
}

/* Rows of the one belong to one row each of the other, so that its conditions hold or not for them. */
static gboolean leads_to(const Model *model, const char *from, const char *to) {
  if (g_strcmp0(from, to) == 0) return TRUE;
  if (model_find_dataset(model, from) == NULL || model_find_dataset(model, to) == NULL) return FALSE;
  g_autoptr(GPtrArray) path = model_join_path(model, from, to);
  return path != NULL;
}

static void check_metric_conditions(Validation *validation, const Metric *metric, const char *where) {
  for (guint i = 0; metric->conditions[i] != NULL; i++) {
    const char *name = metric->conditions[i] + (metric->conditions[i][0] == '!');
    const Condition *condition = model_find_condition(validation->model, name);
    if (condition == NULL)
      report(validation, metric->conditions[i], metric, g_strdup(where),
             g_strdup_printf("\"%s\" is no condition", name),
             suggest(name, validation->model->conditions, "condition"));
    else if (!leads_to(validation->model, metric->dataset, condition->dataset))
      report(validation, metric->conditions[i], metric, g_strdup(where),
             g_strdup_printf("condition \"%s\" is about %s, the metric about %s", name, condition->dataset,
                             metric->dataset),
             g_strdup("use a condition of the same dataset, or of one it leads to"));
  }
}

/* A metric may take columns of datasets its rows lead to: quantity times the price in the list of products. */
static void check_joined_expression(Validation *validation, const Metric *metric, const Dataset *dataset, const char *where) {
  g_autoptr(GError) problem = NULL;
  g_autoptr(GPtrArray) references = NULL;
  if (expression_check_scalar(metric->expression, &problem)) references = expression_references(metric->expression, &problem);
  if (references == NULL)
    report(validation, &metric->expression, metric, g_strdup(where),
           g_strdup_printf("the expression \"%.200s\" cannot be used: %s", metric->expression, problem->message),
           g_strdup("write one value over the columns of a row"));
  for (guint i = 0; references != NULL && i < references->len; i++) {
    const ColumnReference *reference = g_ptr_array_index(references, i);
    const Dataset *other = reference->qualifier != NULL ? model_find_dataset(validation->model, reference->qualifier) : dataset;
    if (other == NULL || !leads_to(validation->model, dataset->name, other->name))
      report(validation, &metric->expression, metric, g_strdup(where),
             g_strdup_printf("rows of %s do not lead to \"%s\"", dataset->name, reference->qualifier),
             g_strdup("name a dataset that a relationship leads to"));
    else
      check_field(validation, other, reference->name, &metric->expression, metric, where);
  }
}

static void check_aggregate_metric(Validation *validation, const Metric *metric, const char *where) {
  const Dataset *dataset = check_dataset(validation, metric->dataset, &metric->dataset, metric, where);
  check_metric_conditions(validation, metric, where);
  if (metric->aggregate == AGGREGATE_NONE)
    report(validation, &metric->aggregate, metric, g_strdup(where), g_strdup("it has no aggregate"),
           g_strdup_printf("use one of: %s", aggregate_choices()));
  if (dataset != NULL && metric->expression != NULL && expression_is_joined(dataset, metric->expression))
    check_joined_expression(validation, metric, dataset, where);
  else if (dataset != NULL && metric->expression != NULL)
    check_expression(validation, dataset, metric->expression, &metric->expression, metric, where);
  if (metric->expression == NULL && metric->aggregate != AGGREGATE_COUNT && metric->aggregate != AGGREGATE_NONE)
    report(validation, &metric->expression, metric, g_strdup(where),
           g_strdup_printf("%s needs an expression", aggregate_name(metric->aggregate)), g_strdup("say of what"));
  if (metric->aggregate == AGGREGATE_PERCENTILE && !(metric->percentile > 0 && metric->percentile < 1))
    report(validation, &metric->percentile, metric, g_strdup(where),
           g_strdup("the percentile must lie between 0 and 1"), g_strdup("write 0.9 for the 90th percentile"));
}

/* Depth first over numerators and denominators; a metric that comes again on its own path stands in a circle. */
static gboolean reaches_itself(const Model *model, const Metric *metric, const Metric *goal, GHashTable *seen) {
  const char *parts[] = {metric->numerator, metric->denominator};
  if (metric->kind == METRIC_AGGREGATE) return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS(parts); i++) {
    const Metric *part = model_find_metric(model, parts[i]);
    if (part == NULL) continue;
    if (part == goal) return TRUE;
    if (g_hash_table_add(seen, (gpointer)part) && reaches_itself(model, part, goal, seen)) return TRUE;
  }
  return FALSE;
}

static void check_metric_element(Validation *validation, const Metric *metric) {
  g_autofree char *where = g_strdup_printf("metric %s", metric->name);
  check_unit(validation, &metric->unit, metric, where);
  check_entity_name(validation, metric->entity, &metric->entity, metric, where);
  if (metric->kind == METRIC_AGGREGATE) {
    check_aggregate_metric(validation, metric, where);
    return;
  }
  check_metric_name(validation, metric->numerator, &metric->numerator, metric, where, "the numerator");
  check_metric_name(validation, metric->denominator, &metric->denominator, metric, where, "the denominator");
  g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
  if (reaches_itself(validation->model, metric, metric, seen))
    report(validation, &metric->numerator, metric, g_strdup(where), g_strdup("it is computed from itself"),
           g_strdup("let numerator and denominator lead to aggregates"));
}

static void check_condition_element(Validation *validation, const Condition *condition) {
  g_autofree char *where = g_strdup_printf("condition %s", condition->name);
  const Dataset *dataset = check_dataset(validation, condition->dataset, &condition->dataset, condition, where);
  if (dataset != NULL)
    check_expression(validation, dataset, condition->expression, &condition->expression, condition, where);
}

static void check_relationship_element(Validation *validation, const Relationship *relationship) {
  g_autofree char *where = g_strdup_printf("relationship %s", relationship->name);
  const Dataset *from =
      check_dataset(validation, relationship->from_dataset, &relationship->from_dataset, relationship, where);
  const Dataset *to =
      check_dataset(validation, relationship->to_dataset, &relationship->to_dataset, relationship, where);
  check_fields(validation, from, relationship->from_fields, relationship, where);
  check_fields(validation, to, relationship->to_fields, relationship, where);
  guint from_count = g_strv_length(relationship->from_fields), to_count = g_strv_length(relationship->to_fields);
  if (from_count != to_count || from_count == 0)
    report(validation, &relationship->from_fields, relationship, g_strdup(where),
           g_strdup_printf("%u columns lead to %u", from_count, to_count),
           g_strdup("name as many on both sides, in the same order"));
  if (from != NULL && from == to)
    report(validation, &relationship->to_dataset, relationship, g_strdup(where),
           g_strdup("it leads from a dataset to itself"), g_strdup("remove it"));
}

static void check_hierarchy_element(Validation *validation, const Hierarchy *hierarchy) {
  g_autofree char *where = g_strdup_printf("hierarchy %s", hierarchy->name);
  const Dataset *dataset = check_dataset(validation, hierarchy->dataset, &hierarchy->dataset, hierarchy, where);
  check_fields(validation, dataset, hierarchy->levels, hierarchy, where);
  if (g_strv_length(hierarchy->levels) < 2)
    report(validation, &hierarchy->levels, hierarchy, g_strdup(where), g_strdup("it has fewer than two levels"),
           g_strdup("name the levels, coarse to fine"));
}

static void check_rollup_element(Validation *validation, const Rollup *rollup) {
  g_autofree char *where = g_strdup_printf("rollup %s", rollup->name);
  const Dataset *dataset = check_dataset(validation, rollup->dataset, &rollup->dataset, rollup, where);
  if (dataset != NULL && dataset->default_date == NULL)
    report(validation, &rollup->dataset, rollup, g_strdup(where),
           g_strdup_printf("the dataset \"%.60s\" has no default_date", dataset->name),
           g_strdup("give it one, or roll up another dataset"));
  for (guint i = 0; rollup->metrics[i] != NULL; i++)
    check_metric_name(validation, rollup->metrics[i], &rollup->metrics, rollup, where, "the metric");
  for (guint i = 0; rollup->estimates != NULL && rollup->estimates[i] != NULL; i++) {
    const Metric *metric = model_find_metric(validation->model, rollup->estimates[i]);
    check_metric_name(validation, rollup->estimates[i], &rollup->estimates, rollup, where, "the metric");
    if (metric != NULL && (metric->kind != METRIC_AGGREGATE || metric->aggregate != AGGREGATE_COUNT_DISTINCT))
      report(validation, &rollup->estimates, rollup, g_strdup(where),
             g_strdup_printf("the metric \"%.60s\" counts no different things", rollup->estimates[i]),
             g_strdup("only such numbers are estimated: take it out of estimates"));
  }
  for (guint i = 0; rollup->dimensions[i] != NULL; i++) {
    const Field *field = model_find_field(validation->model, rollup->dimensions[i]);
    g_autofree char *own = dataset != NULL ? g_strdup_printf("%s.%s", dataset->name, rollup->dimensions[i]) : NULL;
    if (field == NULL && (own == NULL || model_find_field(validation->model, own) == NULL))
      report(validation, &rollup->dimensions, rollup, g_strdup(where),
             g_strdup_printf("the dimension \"%.60s\" is no field", rollup->dimensions[i]),
             g_strdup("name a field, as dataset.field where several have that name"));
  }
}

/* ---- the whole ---- */

static void check_defaults(Validation *validation) {
  const Model *model = validation->model;
  if (model->default_metric != NULL)
    check_metric_name(validation, model->default_metric, &model->default_metric, model, "model", "the default metric");
  if (model->default_dataset != NULL)
    check_dataset(validation, model->default_dataset, &model->default_dataset, model, "model");
  const char *currency = model->currency;
  gboolean is_code = currency == NULL || (strlen(currency) == 3 && g_ascii_isupper(currency[0]) &&
                                          g_ascii_isupper(currency[1]) && g_ascii_isupper(currency[2]));
  if (!is_code)
    report(validation, &model->currency, model, g_strdup("model"),
           g_strdup_printf("\"%.20s\" is no currency", currency), g_strdup("use a three-letter code such as GBP"));
  if (model->calendar.week_start < 1 || model->calendar.week_start > 7)
    report(validation, &model->calendar.week_start, model, g_strdup("calendar"),
           g_strdup("the week cannot start there"), g_strdup("name a weekday"));
  if (model->calendar.fiscal_start_month < 1 || model->calendar.fiscal_start_month > 12)
    report(validation, &model->calendar.fiscal_start_month, model, g_strdup("calendar"),
           g_strdup("the fiscal year cannot start there"), g_strdup("name a month, 1 to 12"));
}

void model_validate(const Model *model, GPtrArray *problems) {
  Validation validation = {model, problems};
  if (!model_name_is_valid(model->name))
    report(&validation, &model->name, model, g_strdup("model"),
           g_strdup_printf("\"%.60s\" is not a name", model->name != NULL ? model->name : ""),
           g_strdup("use lower-case letters, digits and _, with a letter first"));
  if (model->datasets->len == 0)
    report(&validation, model->datasets, model, g_strdup("model"), g_strdup("it has no datasets"), g_strdup("add one"));
  check_defaults(&validation);
  check_names(&validation, model->datasets, "dataset", NULL);
  check_names(&validation, model->entities, "entity", NULL);
  check_names(&validation, model->metrics, "metric", NULL);
  check_names(&validation, model->conditions, "condition", NULL);
  check_names(&validation, model->relationships, "relationship", NULL);
  check_names(&validation, model->hierarchies, "hierarchy", NULL);
  check_names(&validation, model->rollups, "rollup", NULL);
  for (guint i = 0; i < model->datasets->len; i++)
    check_dataset_element(&validation, g_ptr_array_index(model->datasets, i));
  for (guint i = 0; i < model->entities->len; i++)
    check_entity_element(&validation, g_ptr_array_index(model->entities, i));
  for (guint i = 0; i < model->metrics->len; i++)
    check_metric_element(&validation, g_ptr_array_index(model->metrics, i));
  for (guint i = 0; i < model->conditions->len; i++)
    check_condition_element(&validation, g_ptr_array_index(model->conditions, i));
  for (guint i = 0; i < model->relationships->len; i++)
    check_relationship_element(&validation, g_ptr_array_index(model->relationships, i));
  for (guint i = 0; i < model->hierarchies->len; i++)
    check_hierarchy_element(&validation, g_ptr_array_index(model->hierarchies, i));
  for (guint i = 0; i < model->rollups->len; i++)
    check_rollup_element(&validation, g_ptr_array_index(model->rollups, i));
}
