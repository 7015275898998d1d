#include "model/metric_sql.h"

#include <string.h>

#include "model/expression.h"
#include "model/model_private.h"

#define METRIC_MAX_DEPTH 12

/* ---- metric -> SQL ---- */

/* "a AND NOT (b)" over the metric's conditions; NULL when it has none. */
static char *conditions_to_sql(const Model *model, const Metric *metric) {
  if (metric->conditions[0] == NULL) return NULL;
  GString *sql = g_string_new(NULL);
  for (guint i = 0; metric->conditions[i] != NULL; i++) {
    gboolean negated = metric->conditions[i][0] == '!';
    const Condition *condition = model_find_condition(model, metric->conditions[i] + negated);
    if (condition == NULL || condition->expression == NULL) continue;
    g_autofree char *qualified = expression_qualify(condition->expression, condition->dataset, NULL);
    g_string_append_printf(sql, "%s%s(%s)", sql->len > 0 ? " AND " : "", negated ? "NOT " : "",
                           qualified != NULL ? qualified : condition->expression);
  }
  return g_string_free(sql, FALSE);
}

/* COUNT(*) does not say of which dataset: with several, a column that is never empty is counted instead. */
static char *counted_rows(const Model *model, const Metric *metric) {
  const Dataset *dataset = model_find_dataset(model, metric->dataset);
  for (guint i = 0; dataset != NULL && model->datasets->len > 1 && i < dataset->fields->len; i++) {
    const Field *field = g_ptr_array_index(dataset->fields, i);
    if (field->null_count != 0 || !expression_is_column(field->expression, NULL)) continue;
    g_autofree char *name = model_column_expression(field->name);
    return g_strdup_printf("%s.%s", dataset->name, name);
  }
  return g_strdup("*");
}

static char *aggregated_expression(const Model *model, const Metric *metric) {
  g_autofree char *conditions = conditions_to_sql(model, metric);
  g_autofree char *value = NULL;
  if (metric->expression != NULL) value = expression_qualify(metric->expression, metric->dataset, NULL);
  if (metric->expression != NULL && value == NULL) value = g_strdup(metric->expression);
  if (value == NULL) value = conditions != NULL ? g_strdup("1") : counted_rows(model, metric);
  if (conditions == NULL) return g_steal_pointer(&value);
  return g_strdup_printf("CASE WHEN %s THEN %s END", conditions, value);
}

/* The date by which FIRST and LAST are ordered, qualified. */
static char *order_of_time(const Model *model, const Metric *metric) {
  const Dataset *dataset = model_find_dataset(model, metric->dataset);
  const char *date = dataset != NULL && dataset->default_date != NULL ? dataset->default_date : "1";
  return g_strdup_printf("%s.%s", metric->dataset, date);
}

static char *aggregate_to_sql(const Model *model, const Metric *metric) {
  g_autofree char *value = aggregated_expression(model, metric);
  g_autofree char *date = order_of_time(model, metric);
  char number[G_ASCII_DTOSTR_BUF_SIZE];
  switch (metric->aggregate) {
  case AGGREGATE_SUM: return g_strdup_printf("SUM(%s)", value);
  case AGGREGATE_COUNT: return g_strdup_printf("COUNT(%s)", value);
  case AGGREGATE_COUNT_DISTINCT: return g_strdup_printf("COUNT(DISTINCT %s)", value);
  case AGGREGATE_AVERAGE: return g_strdup_printf("AVG(%s)", value);
  case AGGREGATE_MEDIAN: return g_strdup_printf("MEDIAN(%s)", value);
  case AGGREGATE_MIN: return g_strdup_printf("MIN(%s)", value);
  case AGGREGATE_MAX: return g_strdup_printf("MAX(%s)", value);
  case AGGREGATE_STDDEV: return g_strdup_printf("STDDEV_SAMP(%s)", value);
  case AGGREGATE_PERCENTILE:
    return g_strdup_printf("PERCENTILE_CONT(%s) WITHIN GROUP (ORDER BY %s)",
                           g_ascii_formatd(number, sizeof number, "%.10g", metric->percentile), value);
  case AGGREGATE_FIRST: return g_strdup_printf("MIN_BY(%s, %s)", value, date);
  case AGGREGATE_LAST: return g_strdup_printf("MAX_BY(%s, %s)", value, date);
  case AGGREGATE_NONE: break;
  }
  return g_strdup("");
}

static char *metric_to_sql_at(const Model *model, const Metric *metric, guint depth);

/* One side of a ratio or difference; compound sides in parentheses. */
static char *side_to_sql(const Model *model, const char *name, guint depth) {
  const Metric *side = model_find_metric(model, name);
  if (side == NULL) return g_strdup("");
  g_autofree char *sql = metric_to_sql_at(model, side, depth + 1);
  if (side->kind == METRIC_AGGREGATE && !side->negate) return g_steal_pointer(&sql);
  return g_strdup_printf("(%s)", sql);
}

static gboolean counts(const Model *model, const char *name) {
  const Metric *side = model_find_metric(model, name);
  return side != NULL && side->kind == METRIC_AGGREGATE &&
         (side->aggregate == AGGREGATE_COUNT || side->aggregate == AGGREGATE_COUNT_DISTINCT);
}

static char *derived_to_sql(const Model *model, const Metric *metric, guint depth) {
  g_autofree char *left = side_to_sql(model, metric->numerator, depth);
  g_autofree char *right = side_to_sql(model, metric->denominator, depth);
  if (metric->kind == METRIC_DIFFERENCE) return g_strdup_printf("%s - %s", left, right);
  /* Many databases divide whole numbers to whole numbers. */
  return g_strdup_printf("%s%s / NULLIF(%s, 0)", counts(model, metric->numerator) ? "1.0 * " : "", left, right);
}

static char *metric_to_sql_at(const Model *model, const Metric *metric, guint depth) {
  if (depth > METRIC_MAX_DEPTH) return g_strdup("");
  g_autofree char *sql =
      metric->kind == METRIC_AGGREGATE ? aggregate_to_sql(model, metric) : derived_to_sql(model, metric, depth);
  if (!metric->negate) return g_steal_pointer(&sql);
  return metric->kind == METRIC_AGGREGATE ? g_strdup_printf("-%s", sql) : g_strdup_printf("-(%s)", sql);
}

char *metric_to_sql(const Model *model, const Metric *metric) {
  return metric_to_sql_at(model, metric, 0);
}

/* ---- SQL -> metric ---- */

/* A run [first, last) of the tokens of one text. */
typedef struct {
  const char *sql;
  const GPtrArray *tokens;
  guint first, last;
} Span;

typedef struct {
  ModelBuilder *builder;
  const Model *model;
  const char *name;    /* of the metric that is read */
  const char *dataset; /* where unqualified columns belong; NULL */
  guint depth;
} SqlReading;

static const ExpressionToken *span_token(const Span *span, guint offset) {
  return span->first + offset < span->last ? g_ptr_array_index(span->tokens, span->first + offset) : NULL;
}

static gboolean is_token(const ExpressionToken *token, const char *text) {
  return token != NULL && token->kind != TOKEN_STRING && token->kind != TOKEN_QUOTED && strcmp(token->text, text) == 0;
}

static char *span_text(const Span *span) {
  if (span->first >= span->last) return g_strdup("");
  const ExpressionToken *first = g_ptr_array_index(span->tokens, span->first);
  const ExpressionToken *last = g_ptr_array_index(span->tokens, span->last - 1);
  return g_strndup(span->sql + first->start, last->end - first->start);
}

/* Index behind the parenthesis that closes the one at `open`; 0 when none does. */
static guint behind_closing(const Span *span, guint open) {
  int depth = 0;
  for (guint i = open; i < span->last; i++) {
    const ExpressionToken *token = g_ptr_array_index(span->tokens, i);
    if (is_token(token, "(")) depth++;
    if (is_token(token, ")") && --depth == 0) return i + 1;
  }
  return 0;
}

static Span without_parentheses(Span span) {
  while (span.last - span.first >= 2 && is_token(span_token(&span, 0), "(") &&
         behind_closing(&span, span.first) == span.last) {
    span.first++;
    span.last--;
  }
  return span;
}

/* The last top-level occurrence of an operator that has something on its left; span->last when there is none. */
static guint find_operator(const Span *span, const char *symbol) {
  guint found = span->last;
  int depth = 0;
  for (guint i = span->first; i < span->last; i++) {
    const ExpressionToken *token = g_ptr_array_index(span->tokens, i);
    if (is_token(token, "(")) depth++;
    if (is_token(token, ")")) depth--;
    if (depth == 0 && i > span->first && token->kind == TOKEN_SYMBOL && is_token(token, symbol)) found = i;
  }
  return found;
}

gboolean metric_sql_equal(const char *a, const char *b) {
  g_autoptr(GPtrArray) first = expression_tokenize(a, NULL);
  g_autoptr(GPtrArray) second = expression_tokenize(b, NULL);
  if (first == NULL || second == NULL) return FALSE;
  Span left = without_parentheses((Span){a, first, 0, first->len});
  Span right = without_parentheses((Span){b, second, 0, second->len});
  if (left.last - left.first != right.last - right.first) return FALSE;
  for (guint i = 0; i < left.last - left.first; i++) {
    const ExpressionToken *x = span_token(&left, i), *y = span_token(&right, i);
    if (x == NULL || y == NULL || strcmp(x->text, y->text) != 0) return FALSE;
    if ((x->kind == TOKEN_STRING) != (y->kind == TOKEN_STRING)) return FALSE;
  }
  return TRUE;
}

static gboolean refuse(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
static gboolean refuse(GError **error, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *message = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_BAD_MODEL, message);
  return FALSE;
}

static gboolean dataset_has_all(const Dataset *dataset, const GPtrArray *references) {
  for (guint i = 0; i < references->len; i++) {
    const ColumnReference *reference = g_ptr_array_index(references, i);
    if (dataset_find_field(dataset, reference->name) == NULL) return FALSE;
  }
  return TRUE;
}

/* Which dataset an expression is about: the one it names, or the only one that has all its columns. NULL with error. */
static const Dataset *dataset_of_expression(const SqlReading *reading, const char *expression, GError **error) {
  g_autoptr(GPtrArray) references = expression_references(expression, error);
  if (references == NULL) return NULL;
  const char *named = reading->dataset;
  gboolean named_in_text = FALSE;
  for (guint i = 0; i < references->len; i++) {
    const ColumnReference *reference = g_ptr_array_index(references, i);
    if (reference->qualifier == NULL) continue;
    if (named_in_text && g_ascii_strcasecmp(named, reference->qualifier) != 0) {
      refuse(error,
             "it uses columns of both %s and %s in one aggregate; make a metric of each and take their ratio or "
             "difference",
             named, reference->qualifier);
      return NULL;
    }
    named = reference->qualifier;
    named_in_text = TRUE;
  }
  const Dataset *found = NULL;
  guint fitting = 0;
  for (guint i = 0; i < reading->model->datasets->len; i++) {
    const Dataset *dataset = g_ptr_array_index(reading->model->datasets, i);
    if (named != NULL ? g_ascii_strcasecmp(dataset->name, named) != 0 : !dataset_has_all(dataset, references)) continue;
    found = dataset;
    fitting++;
  }
  if (fitting == 1) return found;
  const Dataset *usual = model_find_dataset(reading->model, reading->model->default_dataset);
  if (named == NULL && fitting > 1 && usual != NULL && dataset_has_all(usual, references)) return usual;
  if (named != NULL)
    refuse(error, "\"%s\" is no dataset; write dataset.field with the dataset's name", named);
  else
    refuse(error, "it is not clear which dataset it is about; write dataset.field for its columns");
  return NULL;
}

static gboolean set_expression(const SqlReading *reading, Metric *metric, const char *text, GError **error) {
  g_autoptr(GError) problem = NULL;
  expression_check_scalar(text, &problem);
  if (problem != NULL)
    return refuse(error, "\"%.100s\" inside its aggregate cannot be used: %s; aggregate an expression of one row", text,
                  problem->message);
  const Dataset *dataset = dataset_of_expression(reading, text, error);
  if (dataset == NULL) return FALSE;
  g_autofree char *plain = expression_unqualify(text, dataset->name, error);
  if (plain == NULL) return FALSE;
  model_set_text(&metric->dataset, dataset->name);
  model_set_text(&metric->expression, plain);
  return TRUE;
}

/* COUNT(*): the expression stays away, the dataset must still be known. */
static gboolean set_row_count(const SqlReading *reading, Metric *metric, GError **error) {
  const Model *model = reading->model;
  const char *name = reading->dataset != NULL ? reading->dataset : model->default_dataset;
  if (name == NULL && model->datasets->len == 1) name = ((Dataset *)g_ptr_array_index(model->datasets, 0))->name;
  if (name == NULL)
    return refuse(error, "COUNT(*) does not say of which dataset; count a column: COUNT(dataset.field)");
  model_set_text(&metric->dataset, name);
  model_set_text(&metric->expression, NULL);
  return TRUE;
}

static gboolean aggregate_of_function(const char *function, Aggregate *out) {
  static const struct {
    const char *function;
    Aggregate aggregate;
  } functions[] = {{"sum", AGGREGATE_SUM},
                   {"avg", AGGREGATE_AVERAGE},
                   {"mean", AGGREGATE_AVERAGE},
                   {"min", AGGREGATE_MIN},
                   {"max", AGGREGATE_MAX},
                   {"median", AGGREGATE_MEDIAN},
                   {"count", AGGREGATE_COUNT},
                   {"stddev", AGGREGATE_STDDEV},
                   {"stddev_samp", AGGREGATE_STDDEV},
                   {"percentile_cont", AGGREGATE_PERCENTILE}};
  for (guint i = 0; i < G_N_ELEMENTS(functions); i++) {
    if (strcmp(functions[i].function, function) != 0) continue;
    *out = functions[i].aggregate;
    return TRUE;
  }
  return FALSE;
}

#define SUPPORTED_FORMS                                                                                                \
  "use SUM, AVG, MIN, MAX, MEDIAN, COUNT(*), COUNT(DISTINCT x) of one dataset's columns, or a / b or a - b of two "    \
  "such; anything else goes into model/aisle.yaml"

static void set_aggregate(Metric *metric, Aggregate aggregate) {
  metric->kind = METRIC_AGGREGATE;
  metric->aggregate = aggregate;
  metric->additivity = aggregate == AGGREGATE_COUNT_DISTINCT                        ? ADDITIVITY_DISTINCT
                       : aggregate == AGGREGATE_SUM || aggregate == AGGREGATE_COUNT ? ADDITIVITY_SUM
                                                                                    : ADDITIVITY_NONE;
}

/* PERCENTILE_CONT(0.9) WITHIN GROUP (ORDER BY x) */
static gboolean read_percentile(const SqlReading *reading, Metric *metric, const Span *span, GError **error) {
  const ExpressionToken *number = span_token(span, 2);
  gboolean fits = number != NULL && number->kind == TOKEN_NUMBER && is_token(span_token(span, 3), ")") &&
                  is_token(span_token(span, 4), "within") && is_token(span_token(span, 5), "group") &&
                  is_token(span_token(span, 6), "(") && is_token(span_token(span, 7), "order") &&
                  is_token(span_token(span, 8), "by") && behind_closing(span, span->first + 6) == span->last;
  if (!fits)
    return refuse(error, "a percentile is written differently; use PERCENTILE_CONT(0.9) WITHIN GROUP (ORDER BY x)");
  metric->percentile = g_ascii_strtod(number->text, NULL);
  set_aggregate(metric, AGGREGATE_PERCENTILE);
  g_autofree char *text = span_text(&(Span){span->sql, span->tokens, span->first + 9, span->last - 1});
  return set_expression(reading, metric, text, error);
}

/* name ( ... ), optionally with FILTER (WHERE ...) behind, which becomes a CASE. */
static gboolean read_aggregate(const SqlReading *reading, Metric *metric, const Span *span, GError **error) {
  const ExpressionToken *function = span_token(span, 0);
  Aggregate aggregate;
  if (function == NULL || function->kind != TOKEN_WORD || !is_token(span_token(span, 1), "(") ||
      !aggregate_of_function(function->text, &aggregate))
    return refuse(error, "its SQL has a form that is not understood; " SUPPORTED_FORMS);
  if (aggregate == AGGREGATE_PERCENTILE) return read_percentile(reading, metric, span, error);
  guint behind = behind_closing(span, span->first + 1);
  Span inner = {span->sql, span->tokens, span->first + 2, behind > 0 ? behind - 1 : 0};
  if (behind == 0 || inner.first >= inner.last)
    return refuse(error, "an aggregate in its SQL is never closed or empty; " SUPPORTED_FORMS);
  if (aggregate == AGGREGATE_COUNT && is_token(span_token(&inner, 0), "distinct")) {
    aggregate = AGGREGATE_COUNT_DISTINCT;
    inner.first++;
  }
  set_aggregate(metric, aggregate);
  const ExpressionToken *first = span_token(&inner, 0);
  gboolean counts_rows = aggregate == AGGREGATE_COUNT && inner.last - inner.first == 1 &&
                         (is_token(first, "*") || (first != NULL && first->kind == TOKEN_NUMBER));
  g_autofree char *value = counts_rows ? g_strdup("1") : span_text(&inner);
  if (behind == span->last)
    return counts_rows ? set_row_count(reading, metric, error) : set_expression(reading, metric, value, error);
  gboolean is_filter = is_token(g_ptr_array_index(span->tokens, behind), "filter") && behind + 2 < span->last &&
                       is_token(g_ptr_array_index(span->tokens, behind + 2), "where") &&
                       behind_closing(span, behind + 1) == span->last;
  if (!is_filter) return refuse(error, "its SQL has a form that is not understood; " SUPPORTED_FORMS);
  g_autofree char *filter = span_text(&(Span){span->sql, span->tokens, behind + 3, span->last - 1});
  g_autofree char *text = g_strdup_printf("CASE WHEN %s THEN %s END", filter, value);
  return set_expression(reading, metric, text, error);
}

static gboolean read_metric(SqlReading *reading, Metric *metric, Span span, GError **error);

/* One side of a ratio: an existing metric that says the same, or a new one. */
static gboolean read_side(SqlReading *reading, const Span *span, const char *suffix, char **name, GError **error) {
  g_autofree char *text = span_text(span);
  for (guint i = 0; i < reading->model->metrics->len; i++) {
    const Metric *metric = g_ptr_array_index(reading->model->metrics, i);
    if (g_strcmp0(metric->name, reading->name) == 0 || metric->kind != METRIC_AGGREGATE ||
        metric->aggregate == AGGREGATE_NONE)
      continue;
    g_autofree char *sql = metric_to_sql(reading->model, metric);
    if (!metric_sql_equal(sql, text)) continue;
    model_set_text(name, metric->name);
    return TRUE;
  }
  g_autofree char *side_name = g_strdup_printf("%s_%s", reading->name, suffix);
  if (model_find_metric(reading->model, side_name) != NULL)
    return refuse(error, "a metric %s stands in its way; rename that one", side_name);
  g_autoptr(ModelBuilder) scratch = model_builder_new("scratch");
  Metric *side = model_builder_add_metric(scratch, side_name, AGGREGATE_NONE, NULL, NULL);
  if (!read_metric(reading, side, *span, error)) return FALSE;
  GPtrArray *scratch_metrics = model_builder_draft(scratch)->metrics;
  g_ptr_array_add(model_builder_draft(reading->builder)->metrics, g_ptr_array_steal_index(scratch_metrics, 0));
  model_set_text(name, side_name);
  return TRUE;
}

static Span without_nullif(Span span) {
  span = without_parentheses(span);
  guint length = span.last - span.first;
  if (length < 6 || !is_token(span_token(&span, 0), "nullif") || !is_token(span_token(&span, 1), "(") ||
      behind_closing(&span, span.first + 1) != span.last || !is_token(span_token(&span, length - 2), "0") ||
      !is_token(span_token(&span, length - 3), ","))
    return span;
  span.first += 2;
  span.last -= 3;
  return span;
}

static Span without_factor_one(Span span) {
  if (span.last - span.first > 2 && is_token(span_token(&span, 0), "1.0") && is_token(span_token(&span, 1), "*"))
    span.first += 2;
  return span;
}

static gboolean read_sides(SqlReading *reading, Metric *metric, const Span *span, guint at, MetricKind kind,
                           GError **error) {
  if (++reading->depth > 1)
    return refuse(error, "it nests ratios; make a metric of the inner one and write this one in model/aisle.yaml with "
                         "numerator and denominator");
  Span left = {span->sql, span->tokens, span->first, at}, right = {span->sql, span->tokens, at + 1, span->last};
  if (kind == METRIC_RATIO) {
    left = without_factor_one(left);
    right = without_nullif(right);
  }
  left = without_parentheses(left);
  right = without_parentheses(right);
  metric->kind = kind;
  metric->aggregate = AGGREGATE_NONE;
  metric->additivity = kind == METRIC_RATIO ? ADDITIVITY_RATIO : ADDITIVITY_SUM;
  return read_side(reading, &left, "numerator", &metric->numerator, error) &&
         read_side(reading, &right, "denominator", &metric->denominator, error);
}

static gboolean read_metric(SqlReading *reading, Metric *metric, Span span, GError **error) {
  span = without_parentheses(span);
  guint minus = find_operator(&span, "-");
  if (minus < span.last && span.first < span.last)
    return read_sides(reading, metric, &span, minus, METRIC_DIFFERENCE, error);
  if (is_token(span_token(&span, 0), "-")) {
    metric->negate = TRUE;
    span.first++;
    span = without_parentheses(span);
  }
  if (span.first >= span.last) return refuse(error, "a part of its SQL is empty; " SUPPORTED_FORMS);
  guint slash = find_operator(&span, "/");
  if (slash < span.last) return read_sides(reading, metric, &span, slash, METRIC_RATIO, error);
  minus = find_operator(&span, "-"); /* -(a - b) */
  if (minus < span.last) return read_sides(reading, metric, &span, minus, METRIC_DIFFERENCE, error);
  return read_aggregate(reading, metric, &span, error);
}

gboolean metric_from_sql(ModelBuilder *builder, Metric *metric, const char *sql, const char *dataset, GError **error) {
  g_autoptr(GError) problem = NULL;
  g_autoptr(GPtrArray) tokens = expression_tokenize(sql, &problem);
  if (tokens == NULL) return refuse(error, "its SQL cannot be read: %s; " SUPPORTED_FORMS, problem->message);
  SqlReading reading = {builder, model_builder_draft(builder), metric->name, dataset, 0};
  return read_metric(&reading, metric, (Span){sql, tokens, 0, tokens->len}, error);
}
