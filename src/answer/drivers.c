/*
 * Why did it change: for every dimension with few values, how much of the change each of its members accounts for.
 * Within a dimension the members' changes add up to the whole change; members past the tenth are summed as "(other)".
 */
#include <math.h>
#include <string.h>

#include "answer/answer_private.h"

#define DRIVERS_MAX_DIMENSIONS 8
#define DRIVERS_MAX_MEMBERS 10
#define DRIVERS_MAX_DISTINCT 200

static gboolean is_driver_field(const Field *field, const SemanticQuery *query) {
  if (field->role != FIELD_ROLE_DIMENSION || field->distinct_count < 2 || field->distinct_count > DRIVERS_MAX_DISTINCT) return FALSE;
  for (guint i = 0; i < query->filters->len; i++) {
    const Filter *filter = g_ptr_array_index(query->filters, i);
    gboolean fixed = filter->kind == FILTER_FIELD && filter->op == OP_EQUAL && filter->values->len == 1;
    if (fixed && filter->field != NULL && g_str_has_suffix(filter->field, field->name)) return FALSE;
  }
  return TRUE;
}

static AnswerColumn *new_column(const char *name, const char *label, const char *type, ColumnRole role, const char *unit, const char *format,
                                const char *kind) {
  AnswerColumn *column = g_new0(AnswerColumn, 1);
  column->name = g_strdup(name);
  column->label = g_strdup(label);
  column->type = g_strdup(type);
  column->role = role;
  column->unit = g_strdup(unit);
  column->format = g_strdup(format);
  column->measure = role == COLUMN_MEASURE ? 0 : -1;
  column->kind = g_strdup(kind);
  return column;
}

static void set_text(ResultTable *table, const char *text) {
  Value value = {VALUE_TEXT, 0, 0, g_string_chunk_insert(table->strings, text)};
  g_array_append_val(table->cells, value);
}

static void set_number(ResultTable *table, double number, gboolean known) {
  Value value = {known ? VALUE_DOUBLE : VALUE_NULL, 0, number, NULL};
  g_array_append_val(table->cells, value);
}

typedef struct { double current, previous, change; } Change;

static void add_driver(ResultTable *table, const char *dimension, const char *member, Change change, double total) {
  set_text(table, dimension);
  set_text(table, member);
  set_number(table, change.current, TRUE);
  set_number(table, change.previous, TRUE);
  set_number(table, change.change, TRUE);
  set_number(table, total != 0 ? change.change / total : 0, total != 0);
  table->n_rows++;
}

static double cell_number(const ResultTable *result, gsize row, int column) {
  if (column < 0) return 0;
  const Value *value = result_table_at(result, row, (guint)column);
  return value->type == VALUE_NULL ? 0 : value->number;
}

static int column_of_kind(const GPtrArray *columns, const char *kind) {
  for (guint i = 0; i < columns->len; i++) {
    const AnswerColumn *column = g_ptr_array_index(columns, i);
    if (column->role == COLUMN_MEASURE && column->measure == 0 && g_strcmp0(column->kind, kind) == 0) return (int)i;
  }
  return -1;
}

typedef struct { gsize row; double change; } Rank;

static int compare_rank(gconstpointer a, gconstpointer b) {
  double left = fabs(((const Rank *)a)->change), right = fabs(((const Rank *)b)->change);
  return left > right ? -1 : left < right;
}

void change_part_free(gpointer pointer) {
  ChangePart *part = pointer;
  semantic_query_free(part->query);
  query_plan_free(part->plan);
  result_table_free(part->result);
  g_free(part);
}

/* Keeps what the sentence on this dimension is told from. Takes all three. */
static void keep_part(Turn *turn, SemanticQuery *query, QueryPlan *plan, ResultTable *result) {
  ChangePart *part = g_new0(ChangePart, 1);
  *part = (ChangePart){query, plan, result};
  query->analysis = ANALYSIS_DRIVERS;
  if (turn->parts == NULL) turn->parts = g_ptr_array_new_with_free_func(change_part_free);
  g_ptr_array_add(turn->parts, part);
}

static gboolean add_dimension(Turn *turn, const SemanticQuery *resolved, const Field *field, ResultTable *table, GError **error) {
  g_autoptr(SemanticQuery) query = semantic_query_copy(resolved);
  query->analysis = ANALYSIS_NONE;
  g_ptr_array_set_size(query->dimensions, 0);
  g_array_set_size(query->order, 0);
  g_array_set_size(query->having, 0);
  query->limit = query->offset = query->limit_within = 0;
  query->compare.show = COMPARE_SHOW_ALL;
  Dimension *dimension = dimension_new(DIMENSION_FIELD);
  dimension->field = g_strdup_printf("%s.%s", field->dataset, field->name);
  g_ptr_array_add(query->dimensions, dimension);
  g_autoptr(QueryPlan) plan = turn_plan(turn, query, NULL);
  if (plan == NULL) return TRUE; /* this dimension does not reach the measure */
  const CompiledQuery *compiled = plan->compiled;
  g_autoptr(ResultTable) result = turn_run(turn, plan, 0, error);
  if (result == NULL) return FALSE;
  int value = column_of_kind(compiled->columns, "value"), previous = column_of_kind(compiled->columns, "previous");
  g_autoptr(GArray) ranks = g_array_new(FALSE, FALSE, sizeof(Rank));
  double total = 0;
  for (gsize r = 0; r < result->n_rows; r++) {
    Rank rank = {r, cell_number(result, r, value) - cell_number(result, r, previous)};
    total += rank.change;
    g_array_append_val(ranks, rank);
  }
  g_array_sort(ranks, compare_rank);
  Change other = {0, 0, 0};
  for (guint i = 0; i < ranks->len; i++) {
    const Rank *rank = &g_array_index(ranks, Rank, i);
    Change change = {cell_number(result, rank->row, value), cell_number(result, rank->row, previous), rank->change};
    if (i < DRIVERS_MAX_MEMBERS) {
      g_autofree char *member = value_to_text(result_table_at(result, rank->row, 0));
      add_driver(table, field->label, *member ? member : "(none)", change, total);
    } else {
      other = (Change){other.current + change.current, other.previous + change.previous, other.change + change.change};
    }
  }
  if (ranks->len > DRIVERS_MAX_MEMBERS) add_driver(table, field->label, "(other)", other, total);
  keep_part(turn, g_steal_pointer(&query), g_steal_pointer(&plan), g_steal_pointer(&result));
  return TRUE;
}

/* The change itself, which the sentences speak of: the table holds it once for every dimension. */
static gboolean measure_whole(Turn *turn, const SemanticQuery *resolved, GError **error) {
  g_autoptr(SemanticQuery) query = semantic_query_copy(resolved);
  query->analysis = ANALYSIS_NONE;
  g_ptr_array_set_size(query->dimensions, 0);
  g_array_set_size(query->order, 0);
  g_array_set_size(query->having, 0);
  query->limit = query->offset = query->limit_within = 0;
  query->compare.show = COMPARE_SHOW_ALL;
  turn->whole_plan = turn_plan(turn, query, error);
  if (turn->whole_plan == NULL) return FALSE;
  turn->whole = turn->whole_plan->compiled;
  turn->whole_result = turn_run(turn, turn->whole_plan, 0, error);
  return turn->whole_result != NULL;
}

ResultTable *turn_explain_change(Turn *turn, const SemanticQuery *resolved, GPtrArray **columns, GError **error) {
  const Measure *measure = resolved->measures->len > 0 ? g_ptr_array_index(resolved->measures, 0) : NULL;
  const Metric *metric = measure != NULL && measure->metric != NULL ? model_find_metric(turn->model, measure->metric) : NULL;
  if (metric == NULL || resolved->compare.kind == COMPARE_NONE) {
    g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_BAD_QUERY, "name the measure and the periods whose change is to be explained");
    return NULL;
  }
  if (metric->additivity != ADDITIVITY_SUM) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_BAD_QUERY,
                "the parts of '%s' do not add up to the whole, so its change cannot be divided among them; ask about a total such as revenue",
                metric->label);
    return NULL;
  }
  if (!measure_whole(turn, resolved, error)) return NULL;
  g_autoptr(ResultTable) table = result_table_new();
  static const char *const NAMES[] = {"dimension", "member", "value", "previous", "change", "contribution"};
  for (guint i = 0; i < G_N_ELEMENTS(NAMES); i++) result_table_add_column(table, NAMES[i], i < 2 ? VALUE_TEXT : VALUE_DOUBLE, "");
  const Dataset *fact = metric->dataset != NULL ? model_find_dataset(turn->model, metric->dataset) : NULL;
  guint used = 0;
  for (guint d = 0; d < turn->model->datasets->len; d++) {
    const Dataset *dataset = g_ptr_array_index(turn->model->datasets, d);
    if (fact == NULL || (dataset != fact && dataset->is_fact)) continue;
    for (guint f = 0; f < dataset->fields->len && used < DRIVERS_MAX_DIMENSIONS; f++) {
      const Field *field = g_ptr_array_index(dataset->fields, f);
      if (!is_driver_field(field, resolved)) continue;
      gsize rows = table->n_rows;
      if (!add_dimension(turn, resolved, field, table, error)) return NULL;
      if (table->n_rows > rows) used++;
    }
  }
  const char *unit = metric->unit != NULL ? metric->unit : "";
  const char *format = metric->is_money ? "money" : "number";
  *columns = g_ptr_array_new_with_free_func((GDestroyNotify)answer_column_free);
  g_ptr_array_add(*columns, new_column("dimension", "Dimension", "text", COLUMN_DIMENSION, "", "text", "dimension"));
  g_ptr_array_add(*columns, new_column("member", "Member", "text", COLUMN_DIMENSION, "", "text", "dimension"));
  g_autofree char *previous = g_strdup_printf("%s before", metric->label), *previous_name = g_strdup_printf("%s_previous", metric->name);
  g_autofree char *change_name = g_strdup_printf("%s_change", metric->name);
  g_ptr_array_add(*columns, new_column(metric->name, metric->label, "number", COLUMN_MEASURE, unit, format, "value"));
  g_ptr_array_add(*columns, new_column(previous_name, previous, "number", COLUMN_MEASURE, unit, format, "previous"));
  g_ptr_array_add(*columns, new_column(change_name, "Change", "number", COLUMN_MEASURE, unit, format, "change"));
  g_ptr_array_add(*columns, new_column("contribution", "Part of the change", "number", COLUMN_MEASURE, "fraction", "percent", "contribution"));
  return g_steal_pointer(&table);
}
