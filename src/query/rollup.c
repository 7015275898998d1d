/* Views of models with a rollup in place of rows, and the SELECT that fills the rollup. */
#include "query/rollup.h"
#include "model/expression.h"
#include "model/relation.h"
#include "model/rolled.h"
#include "query/compiler.h"
#include "query/joined_expression.h"
#include <string.h>

const char *rollup_reason_code(RollupReason reason) {
  static const char *const codes[] = {
#define X(symbol, code, text) code,
      ROLLUP_REASONS(X)
#undef X
  };
  return codes[reason];
}

const char *rollup_reason_text(RollupReason reason) {
  static const char *const texts[] = {
#define X(symbol, code, text) text,
      ROLLUP_REASONS(X)
#undef X
  };
  return texts[reason];
}

static void key_free(gpointer pointer) {
  RollupKey *key = pointer;
  g_free(key->name);
  g_free(key->origin);
  g_free(key);
}

static void measure_free_rolled(gpointer pointer) {
  RollupMeasure *measure = pointer;
  g_free(measure->expression);
  g_free(measure->column);
  g_free(measure);
}

static void definition_free(Rollup *rollup) {
  if (!rollup) return;
  g_free(rollup->name);
  g_free(rollup->dataset);
  g_strfreev(rollup->dimensions);
  g_strfreev(rollup->metrics);
  g_strfreev(rollup->estimates);
  g_free(rollup);
}

void rollup_view_free(RollupView *view) {
  if (!view) return;
  definition_free(view->definition);
  model_unref(view->raw);
  model_unref(view->model);
  g_clear_pointer(&view->keys, g_ptr_array_unref);
  g_clear_pointer(&view->measures, g_ptr_array_unref);
  g_clear_pointer(&view->sketches, g_ptr_array_unref);
  g_clear_pointer(&view->conditions, g_ptr_array_unref);
  g_clear_pointer(&view->inexact, g_ptr_array_unref);
  g_free(view);
}

const Dataset *rollup_view_dataset(const RollupView *view) {
  return model_find_dataset(view->model, view->definition->dataset);
}

/* ---- what it keeps ---- */
static void add_key(RollupView *view, const Field *field) {
  g_autofree char *origin = g_strconcat(field->dataset, ".", field->name, NULL);
  gboolean is_taken = FALSE;
  for (guint i = 0; i < view->keys->len; i++) {
    const RollupKey *known = view->keys->pdata[i];
    if (g_str_equal(known->origin, origin)) return;
    is_taken = is_taken || g_str_equal(known->name, field->name);
  }
  RollupKey *key = g_new0(RollupKey, 1);
  key->name = is_taken ? g_strconcat(field->dataset, "_", field->name, NULL) : g_strdup(field->name);
  key->origin = g_steal_pointer(&origin);
  g_ptr_array_add(view->keys, key);
}

static gboolean add_dimension(RollupView *view, const Model *full, const Dataset *rows, const char *name,
                              GError **error) {
  g_autofree char *own = g_strconcat(rows->name, ".", name, NULL);
  const Field *field = model_find_field(full, own);
  if (!field) field = model_find_field(full, name);
  const Field *reached = field ? reach_field(full, rows, field) : NULL;
  if (reached) {
    add_key(view, reached);
    return TRUE;
  }
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_MODEL,
              "rollup %s: \"%s\" does not have or lead to the field \"%s\"; name another dimension",
              view->definition->name, rows->name, name);
  return FALSE;
}

/* Sums of doubles depend on their order, and so do quotients: neither can be put together from parts exactly. */
static gboolean adds_up_exactly(const Model *model, const Dataset *rows, const char *expression) {
  g_autoptr(GPtrArray) tokens = expression_tokenize(expression, NULL);
  g_autoptr(GPtrArray) references = expression_references(expression, NULL);
  if (!tokens || !references) return FALSE;
  for (guint i = 0; i < tokens->len; i++) {
    const ExpressionToken *token = tokens->pdata[i];
    if (token->kind == TOKEN_SYMBOL && (g_str_equal(token->text, "/") || g_str_equal(token->text, "^"))) return FALSE;
  }
  for (guint i = 0; i < references->len; i++) {
    const ColumnReference *reference = references->pdata[i];
    const Dataset *home = reference->qualifier ? model_find_dataset(model, reference->qualifier) : rows;
    const Field *field = home ? dataset_find_field(home, reference->name) : NULL;
    if (!field || field->type == FIELD_DOUBLE) return FALSE;
    g_autofree char *column = NULL;
    if (!expression_is_column(field->expression, &column) && !adds_up_exactly(model, home, field->expression))
      return FALSE;
  }
  return TRUE;
}

static gboolean is_column(const RollupView *view, const char *name) {
  for (guint i = 0; i < view->keys->len; i++)
    if (g_str_equal(((const RollupKey *)view->keys->pdata[i])->name, name)) return TRUE;
  for (guint i = 0; i < view->measures->len; i++)
    if (g_str_equal(((const RollupMeasure *)view->measures->pdata[i])->column, name)) return TRUE;
  for (guint i = 0; i < view->sketches->len; i++)
    if (g_str_equal(((const RollupMeasure *)view->sketches->pdata[i])->column, name)) return TRUE;
  return FALSE;
}

static void add_measure(RollupView *view, const char *name, const char *expression) {
  for (guint i = 0; i < view->measures->len; i++)
    if (g_str_equal(((const RollupMeasure *)view->measures->pdata[i])->expression, expression)) return;
  RollupMeasure *measure = g_new0(RollupMeasure, 1);
  measure->expression = g_strdup(expression);
  measure->column = g_strconcat("sum_of_", name, NULL);
  for (guint i = 2; is_column(view, measure->column); i++) {
    g_free(measure->column);
    measure->column = g_strdup_printf("sum_of_%s_%u", name, i);
  }
  g_ptr_array_add(view->measures, measure);
}

static void add_conditions(RollupView *view, char **conditions) {
  for (guint i = 0; conditions[i]; i++) {
    const char *name = conditions[i] + (conditions[i][0] == '!');
    if (!g_ptr_array_find_with_equal_func(view->conditions, name, g_str_equal, NULL))
      g_ptr_array_add(view->conditions, g_strdup(name));
  }
}

#define METRIC_MAX_DEPTH 16

/* Keys that a metric counts, where the definition names the metric. */
static void add_named_keys(RollupView *view, const Model *full, const Dataset *rows, const Metric *metric, int depth) {
  if (!metric || depth > METRIC_MAX_DEPTH) return;
  if (metric->kind != METRIC_AGGREGATE) {
    add_named_keys(view, full, rows, model_find_metric(full, metric->numerator), depth + 1);
    add_named_keys(view, full, rows, model_find_metric(full, metric->denominator), depth + 1);
    return;
  }
  g_autofree char *column = NULL;
  if (metric->aggregate != AGGREGATE_COUNT_DISTINCT || !metric->expression) return;
  const Dataset *home = model_find_dataset(full, metric->dataset);
  const Field *key = home && expression_is_column(metric->expression, &column) ? dataset_find_field(home, column) : NULL;
  const Field *reached = key ? reach_field(full, rows, key) : NULL;
  if (reached) add_key(view, reached);
}

static void add_metric(RollupView *view, const Model *full, const Dataset *rows, const Metric *metric, int depth) {
  if (!metric || depth > METRIC_MAX_DEPTH) return;
  if (metric->kind != METRIC_AGGREGATE) {
    add_metric(view, full, rows, model_find_metric(full, metric->numerator), depth + 1);
    add_metric(view, full, rows, model_find_metric(full, metric->denominator), depth + 1);
    return;
  }
  if (g_strcmp0(metric->dataset, rows->name) != 0) return;
  if (metric->aggregate == AGGREGATE_COUNT && !metric->expression) add_conditions(view, metric->conditions);
  if (metric->aggregate != AGGREGATE_SUM || metric->additivity == ADDITIVITY_SNAPSHOT || !metric->expression) return;
  if (adds_up_exactly(full, rows, metric->expression)) {
    add_measure(view, metric->name, metric->expression);
    add_conditions(view, metric->conditions);
  } else {
    g_ptr_array_add(view->inexact, g_strdup(metric->expression));
  }
}

static void add_metrics(RollupView *view, const Model *full, const Dataset *rows) {
  char **named = view->definition->metrics;
  for (guint i = 0; named[i]; i++) add_named_keys(view, full, rows, model_find_metric(full, named[i]), 0);
  for (guint i = 0; named[i]; i++) add_metric(view, full, rows, model_find_metric(full, named[i]), 0);
  for (guint i = 0; !named[0] && i < full->metrics->len; i++) add_metric(view, full, rows, full->metrics->pdata[i], 0);
}

/* Values are told apart by their texts: where two texts may be one value, none are kept. */
static gboolean add_sketch(RollupView *view, const Model *full, const Dataset *rows, const char *name, GError **error) {
  const Metric *metric = model_find_metric(full, name);
  const Dataset *home = metric && metric->dataset ? model_find_dataset(full, metric->dataset) : NULL;
  g_autofree char *column = NULL;
  gboolean counts = home && metric->kind == METRIC_AGGREGATE && metric->aggregate == AGGREGATE_COUNT_DISTINCT &&
                    metric->expression && expression_is_column(metric->expression, &column);
  const Field *field = counts ? dataset_find_field(home, column) : NULL;
  const Field *reached = field ? reach_field(full, rows, field) : NULL;
  if (!reached || (reached->type != FIELD_TEXT && reached->type != FIELD_INTEGER && reached->type != FIELD_DATE)) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_MODEL,
                "rollup %s: \"%s\" is no number of different values that \"%s\" has or leads to; take it out of estimates",
                view->definition->name, name, rows->name);
    return FALSE;
  }
  add_conditions(view, metric->conditions);
  if (rollup_find_sketch(view, reached->dataset, reached->name)) return TRUE;
  RollupMeasure *sketch = g_new0(RollupMeasure, 1);
  sketch->expression = g_strconcat(reached->dataset, ".", reached->name, NULL);
  sketch->column = g_strdup_printf("sketch_of_%s", reached->name);
  for (guint i = 2; is_column(view, sketch->column); i++) {
    g_free(sketch->column);
    sketch->column = g_strdup_printf("sketch_of_%s_%u", reached->name, i);
  }
  g_ptr_array_add(view->sketches, sketch);
  return TRUE;
}

/* ---- the view ---- */
static const Field *origin_field(const Model *model, const RollupKey *key) {
  return model_find_field(model, key->origin);
}

static Model *rolled_model(const RollupView *view, const Model *full) {
  g_autofree char *table = g_strconcat(ROLLUP_TABLE_PREFIX, view->definition->name, NULL);
  g_autofree RolledField *fields = g_new0(RolledField, view->keys->len);
  for (guint i = 0; i < view->keys->len; i++) {
    const RollupKey *key = view->keys->pdata[i];
    fields[i] = (RolledField){key->name, origin_field(full, key)};
  }
  g_autoptr(GPtrArray) columns = g_ptr_array_new(), conditions = g_ptr_array_new();
  g_ptr_array_add(columns, (gpointer)ROLLUP_ROWS_COLUMN);
  for (guint i = 0; i < view->measures->len; i++)
    g_ptr_array_add(columns, ((const RollupMeasure *)view->measures->pdata[i])->column);
  for (guint i = 0; i < view->sketches->len; i++)
    g_ptr_array_add(columns, ((const RollupMeasure *)view->sketches->pdata[i])->column);
  for (guint i = 0; i < view->conditions->len; i++) g_ptr_array_add(conditions, view->conditions->pdata[i]);
  g_ptr_array_add(columns, NULL);
  g_ptr_array_add(conditions, NULL);
  RolledDataset rolled = {.dataset = view->definition->dataset,
                          .table = table,
                          .fields = fields,
                          .n_fields = view->keys->len,
                          .columns = (const char *const *)columns->pdata,
                          .conditions = (const char *const *)conditions->pdata};
  return model_roll_dataset(full, &rolled);
}

RollupView *rollup_view_new(Model *full, Model *visible, const AccessScope *scope, const Rollup *definition,
                            GError **error) {
  const Dataset *rows = model_find_dataset(full, definition->dataset);
  const Field *date = rows && rows->default_date ? dataset_find_field(rows, rows->default_date) : NULL;
  if (!date) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_MODEL, "rollup %s: its dataset has no default date",
                definition->name);
    return NULL;
  }
  g_autoptr(RollupView) view = g_new0(RollupView, 1);
  view->definition = g_memdup2(definition, sizeof *definition);
  view->definition->name = g_strdup(definition->name);
  view->definition->dataset = g_strdup(definition->dataset);
  view->definition->dimensions = g_strdupv(definition->dimensions);
  view->definition->metrics = g_strdupv(definition->metrics);
  view->definition->estimates = g_strdupv(definition->estimates);
  view->definition->refresh = NULL;
  if (view->definition->grain == TIME_UNIT_HOUR && date->type == FIELD_DATE) view->definition->grain = TIME_UNIT_DAY;
  view->raw = model_ref(visible);
  view->keys = g_ptr_array_new_with_free_func(key_free);
  view->measures = g_ptr_array_new_with_free_func(measure_free_rolled);
  view->sketches = g_ptr_array_new_with_free_func(measure_free_rolled);
  view->conditions = g_ptr_array_new_with_free_func(g_free);
  view->inexact = g_ptr_array_new_with_free_func(g_free);
  add_key(view, date);
  for (guint i = 0; definition->dimensions[i]; i++)
    if (!add_dimension(view, full, rows, definition->dimensions[i], error)) return NULL;
  add_metrics(view, full, rows);
  for (guint i = 0; definition->estimates && definition->estimates[i]; i++)
    if (!add_sketch(view, full, rows, definition->estimates[i], error)) return NULL;
  g_autoptr(Model) rolled = rolled_model(view, full);
  model_set_rollup(rolled, definition->dataset, view);
  view->model = model_visible(rolled, scope);
  return g_steal_pointer(&view);
}

/* ---- filling it ---- */
static char *bucket_sql(TimeUnit grain, FieldType type, const char *date) {
  if (type == FIELD_DATE && grain == TIME_UNIT_DAY) return g_strdup(date);
  const char *stored = type == FIELD_DATE ? "DATE" : "TIMESTAMP";
  return g_strdup_printf("CAST(date_trunc('%s', %s) AS %s)", time_unit_name(grain), date, stored);
}

/* Takes `sql`; FALSE when it is NULL. */
static gboolean add_column(GPtrArray *columns, char *sql, const char *name) {
  g_autofree char *owned = sql, *alias = sql_name(name);
  if (sql) g_ptr_array_add(columns, g_strdup_printf("%s AS %s", sql, alias));
  return sql != NULL;
}

static gboolean add_fill_keys(Compiler *compiler, RowSource *source, const RollupView *view, GPtrArray *columns,
                              GError **error) {
  for (guint i = 0; i < view->keys->len; i++) {
    const RollupKey *key = view->keys->pdata[i];
    const Field *field = origin_field(view->raw, key);
    char *sql = field ? row_source_field_of(compiler, source, field, error) : NULL;
    if (!sql) return FALSE;
    if (i == 0) {
      g_autofree char *date = sql;
      sql = bucket_sql(view->definition->grain, field->type, date);
    }
    if (!add_column(columns, sql, key->name)) return FALSE;
  }
  for (guint i = 0; i < view->conditions->len; i++) {
    const Condition *condition = model_find_condition(view->raw, view->conditions->pdata[i]);
    g_autofree char *name = g_strconcat(ROLLED_CONDITION_PREFIX, (char *)view->conditions->pdata[i], NULL);
    if (!condition || !add_column(columns, row_source_condition(compiler, source, condition, error), name))
      return FALSE;
  }
  return TRUE;
}

static char *fill_body(Compiler *compiler, const RollupView *view, GError **error) {
  const Dataset *rows = model_find_dataset(view->raw, view->definition->dataset);
  RowSource *source = row_source_get(compiler, rows, error);
  g_autoptr(GPtrArray) columns = g_ptr_array_new_with_free_func(g_free);
  if (!source || !add_fill_keys(compiler, source, view, columns, error)) return NULL;
  guint n_keys = columns->len;
  g_ptr_array_add(columns, g_strdup("COUNT(*) AS " ROLLUP_ROWS_COLUMN));
  for (guint i = 0; i < view->measures->len; i++) {
    const RollupMeasure *measure = view->measures->pdata[i];
    g_autofree char *value = joined_expression_sql(compiler, source, measure->expression, error);
    if (!value || !add_column(columns, g_strdup_printf("SUM(%s)", value), measure->column)) return NULL;
  }
  for (guint i = 0; i < view->sketches->len; i++) {
    const RollupMeasure *sketch = view->sketches->pdata[i];
    const Field *field = model_find_field(view->raw, sketch->expression);
    g_autofree char *value = field ? row_source_field_of(compiler, source, field, error) : NULL;
    if (!value || !add_column(columns, g_strdup_printf("aisle_sketch(CAST(%s AS VARCHAR))", value), sketch->column))
      return NULL;
  }
  row_source_add_read(compiler, source, NULL);
  g_autofree char *list = sql_list(columns), *marker = compiler_cte(source->joined);
  GString *sql = g_string_new(NULL);
  g_string_append_printf(sql, "SELECT %s\nFROM %s", list, marker);
  for (guint i = 0; i < n_keys; i++) g_string_append_printf(sql, i ? ", %u" : "\nGROUP BY %u", i + 1);
  return g_string_free(sql, FALSE);
}

CompiledQuery *rollup_fill_query(const RollupView *view, GError **error) {
  g_autoptr(SemanticQuery) nothing = semantic_query_new();
  g_autoptr(AccessScope) everything = access_scope_new_local();
  g_autoptr(Compiler) compiler = compiler_new(nothing, view->raw, everything);
  g_autofree char *body = fill_body(compiler, view, error);
  if (!body) return NULL;
  CompiledQuery *compiled = g_new0(CompiledQuery, 1);
  compiled->parameters = parameters_new();
  compiler_render_parts(compiler, body, compiled);
  compiled->sql = compiled_query_bind(compiled, NULL);
  return compiled;
}

/* Stands where the table's relation will be; nobody can write it into a name. */
#define ROWS_PLACEHOLDER "\x01rows\x01"

static char **strv_of(GPtrArray *strings) {
  g_ptr_array_add(strings, NULL);
  return g_strdupv((char **)strings->pdata);
}

static void spec_columns(const RollupView *view, RollupSpec *spec) {
  g_autoptr(GPtrArray) keys = g_ptr_array_new(), sums = g_ptr_array_new();
  g_autoptr(GPtrArray) made = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < view->keys->len; i++) g_ptr_array_add(keys, ((const RollupKey *)view->keys->pdata[i])->name);
  for (guint i = 0; i < view->conditions->len; i++) {
    g_ptr_array_add(made, g_strconcat(ROLLED_CONDITION_PREFIX, (char *)view->conditions->pdata[i], NULL));
    g_ptr_array_add(keys, made->pdata[i]);
  }
  g_ptr_array_add(sums, (gpointer)ROLLUP_ROWS_COLUMN);
  for (guint i = 0; i < view->measures->len; i++)
    g_ptr_array_add(sums, ((const RollupMeasure *)view->measures->pdata[i])->column);
  g_autoptr(GPtrArray) sketches = g_ptr_array_new();
  for (guint i = 0; i < view->sketches->len; i++)
    g_ptr_array_add(sketches, ((const RollupMeasure *)view->sketches->pdata[i])->column);
  spec->sketches = strv_of(sketches);
  spec->keys = strv_of(keys);
  spec->sums = strv_of(sums);
}

RollupSpec *rollup_view_spec(const RollupView *view, GError **error) {
  g_autoptr(CompiledQuery) fill = rollup_fill_query(view, error);
  if (!fill) return NULL;
  g_autofree char **tables = g_new0(char *, fill->relations->len + 1);
  g_autoptr(GPtrArray) joined = g_ptr_array_new();
  char placeholder[] = ROWS_PLACEHOLDER;
  for (guint i = 0; i < fill->relations->len; i++) {
    const Dataset *dataset = ((const QueryRelation *)fill->relations->pdata[i])->dataset;
    if (g_str_equal(dataset->name, view->definition->dataset))
      tables[i] = placeholder;
    else
      g_ptr_array_add(joined, dataset->table);
  }
  g_autofree char *sql = compiled_query_bind(fill, tables);
  char *at = strstr(sql, ROWS_PLACEHOLDER);
  if (!at || fill->parameters->len) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_INTERNAL, "rollup %s: its SELECT has no place for the rows",
                view->definition->name);
    return NULL;
  }
  const Dataset *rows = model_find_dataset(view->raw, view->definition->dataset);
  const Field *date = dataset_find_field(rows, rows->default_date);
  RollupSpec *spec = g_new0(RollupSpec, 1);
  spec->name = g_strdup(view->definition->name);
  spec->table = g_strdup(rows->table);
  spec->head = g_strndup(sql, (gsize)(at - sql));
  spec->tail = g_strdup(at + strlen(ROWS_PLACEHOLDER));
  spec->joined = strv_of(joined);
  spec_columns(view, spec);
  expression_is_column(date->expression, &spec->date);
  spec->grain = view->definition->grain;
  return spec;
}
