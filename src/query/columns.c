/* What the columns of a result are: names, labels with periods, types, units, formats. */
#include "query/compiler.h"
#include "query/restate.h"

void answer_column_free(AnswerColumn *column) {
  if (!column) return;
  g_free(column->name);
  g_free(column->label);
  g_free(column->type);
  g_free(column->unit);
  g_free(column->format);
  g_free(column->kind);
  g_free(column);
}

AnswerColumn *answer_column_new(const char *name, const char *label, const char *type, ColumnRole role) {
  AnswerColumn *column = g_new0(AnswerColumn, 1);
  column->name = g_strdup(name);
  column->label = g_strdup(label);
  column->type = g_strdup(type);
  column->role = role;
  column->unit = g_strdup("");
  column->format = g_strdup("text");
  column->measure = -1;
  column->kind = g_strdup(role == COLUMN_DIMENSION ? "dimension" : "value");
  return column;
}

static void set_text(char **slot, const char *text) {
  g_free(*slot);
  *slot = g_strdup(text);
}

/* ---- dimensions ---- */
const char *field_type_word(FieldType type) {
  switch (type) {
  case FIELD_INTEGER: return "integer";
  case FIELD_DECIMAL: return "decimal";
  case FIELD_DOUBLE: return "number";
  case FIELD_BOOLEAN: return "boolean";
  case FIELD_DATE: return "date";
  case FIELD_TIMESTAMP: return "timestamp";
  default: return "text";
  }
}

const char *field_shown_type(const Field *field) {
  return field_flag_word(field, TRUE) ? "text" : field_type_word(field->type);
}

static AnswerColumn *time_column(const char *name, const Dimension *dimension) {
  gboolean is_day = dimension->unit == TIME_UNIT_DAY, is_hour = dimension->unit == TIME_UNIT_HOUR;
  const char *unit = time_unit_name(dimension->unit);
  g_autofree char *label = dimension->kind == DIMENSION_FIRST_TIME ? g_strdup_printf("first %s", unit) : g_strdup(unit);
  g_strdelimit(label, "_", ' ');
  AnswerColumn *column = answer_column_new(name, label,
                                           is_day    ? "date"
                                           : is_hour ? "timestamp"
                                                     : "period",
                                           COLUMN_DIMENSION);
  set_text(&column->format, is_day ? "date" : is_hour ? "timestamp" : unit);
  return column;
}

static AnswerColumn *dimension_column(const Compiler *compiler, const GroupKey *key) {
  const Dimension *dimension = key->dimension;
  if (dimension->kind == DIMENSION_TIME || dimension->kind == DIMENSION_FIRST_TIME)
    return time_column(key->name, dimension);
  if (dimension->kind == DIMENSION_CYCLIC) {
    gboolean is_number = dimension->cyclic == CYCLIC_HOUR_OF_DAY || dimension->cyclic == CYCLIC_DAY_OF_MONTH ||
                         dimension->cyclic == CYCLIC_WEEK_OF_YEAR;
    g_autofree char *label = g_strdelimit(g_strdup(cyclic_name(dimension->cyclic)), "_", ' ');
    AnswerColumn *column = answer_column_new(key->name, label, is_number ? "integer" : "text", COLUMN_DIMENSION);
    set_text(&column->format, cyclic_name(dimension->cyclic));
    return column;
  }
  const Field *field = dimension->field ? model_find_field(compiler->model, dimension->field) : NULL;
  g_autofree char *measure = dimension->measure ? measure_label(compiler->model, dimension->measure) : NULL;
  const char *label = field && field->label ? field->label : measure ? measure : key->name;
  gboolean is_bucket = dimension->kind != DIMENSION_FIELD;
  gboolean each_value = dimension->kind == DIMENSION_ENTITY_BUCKET && !dimension->edges->len;
  const char *type = each_value ? "number" : is_bucket || !field ? "text" : field_shown_type(field);
  AnswerColumn *column = answer_column_new(key->name, label, type, COLUMN_DIMENSION);
  if (each_value) set_text(&column->format, "number");
  if (is_bucket) set_text(&column->kind, "bucket");
  if (!is_bucket && field && (field->type == FIELD_DATE || field->type == FIELD_TIMESTAMP))
    set_text(&column->format, "date");
  return column;
}

/* ---- measures ---- */
static const char *format_of(const char *unit, const char *type) {
  if (g_str_has_prefix(unit, "currency")) return "money";
  if (g_str_equal(unit, "fraction") || g_str_equal(unit, "pp")) return "percent";
  if (g_str_equal(type, "date") || g_str_equal(type, "timestamp")) return "date";
  if (g_str_equal(type, "text") || g_str_equal(type, "boolean")) return "text";
  return g_str_equal(type, "integer") ? "integer" : "number";
}

static AnswerColumn *measure_column(const char *name, char *label, const char *type, const char *unit, const char *kind,
                                    guint measure) {
  AnswerColumn *column = answer_column_new(name, label, type, COLUMN_MEASURE);
  set_text(&column->unit, unit);
  set_text(&column->kind, kind);
  set_text(&column->format, format_of(unit, type));
  column->measure = (int)measure;
  g_free(label);
  return column;
}

CompareShow statement_show(const Statement *statement, const PlannedMeasure *planned) {
  if (!planned->previous) return COMPARE_SHOW_VALUE;
  guint show = statement->query->compare.show & COMPARE_SHOW_ALL;
  if (g_str_equal(term_type(planned->value), "date") || g_str_equal(term_type(planned->value), "timestamp"))
    show &= ~(guint)COMPARE_SHOW_GROWTH; /* dates move by days, not by per cent */
  return show ? (CompareShow)show : COMPARE_SHOW_VALUE;
}

static char *range_words(const TimeRange *range, const Calendar *calendar) {
  if (range->kind != TIME_ABSOLUTE) return NULL;
  if (range->from != DAY_NONE && range->to != DAY_NONE) return day_range_describe(range->from, range->to, calendar);
  if (range->from == DAY_NONE && range->to == DAY_NONE) return NULL;
  g_autofree char *day = day_format_iso(range->from != DAY_NONE ? range->from : range->to);
  return g_strdup_printf(range->from != DAY_NONE ? "since %s" : "before %s", day);
}

/* What the two sides of the comparison are called: "2020", "2019"; "West", "other". (transfer full), may be NULL */
static char *side_words(const Statement *statement, gboolean previous) {
  const SemanticQuery *query = statement->query;
  const Calendar *calendar = &statement->compiler->model->calendar;
  const Compare *compare = &query->compare;
  switch (compare->kind) {
  case COMPARE_PERIODS:
    if (statement->series >= 0 && !previous) return range_words(&query->time, calendar);
    return range_words(previous ? &compare->baseline : &query->time, calendar);
  case COMPARE_MEMBERS: return g_strdup(previous ? compare->other : compare->member);
  case COMPARE_REST: return g_strdup(previous ? "all others" : compare->member);
  case COMPARE_SNAPSHOTS: return restate_data_short(previous ? &compare->data : &query->data, statement->compiler->model);
  case COMPARE_YEAR_EARLIER: return g_strdup(previous ? "a year earlier" : NULL);
  case COMPARE_PREVIOUS: {
    if (!previous || statement->series < 0) return NULL;
    const Dimension *series = query->dimensions->pdata[statement->series];
    g_autofree char *unit = g_strdelimit(g_strdup(time_unit_name(series->unit)), "_", ' ');
    return g_strdup_printf("previous %s", unit);
  }
  default: return NULL;
  }
}

static char *side_label(const Statement *statement, const char *label, gboolean previous) {
  g_autofree char *words = side_words(statement, previous);
  return words ? g_strdup_printf("%s %s", label, words) : g_strdup(label);
}

/* One measure: "change"; several: "change in Sales". */
static char *derived_label(const Statement *statement, const char *word, const char *joint, const char *label) {
  return statement->measures->len == 1 ? g_strdup(word) : g_strdup_printf("%s %s %s", word, joint, label);
}

static void add_comparison_columns(const Statement *statement, const PlannedMeasure *planned, guint index,
                                   const char *label, const char *unit, GPtrArray *columns) {
  CompareShow show = statement_show(statement, planned);
  const char *type = term_type(planned->value);
  if (show & COMPARE_SHOW_VALUE)
    g_ptr_array_add(
        columns, measure_column(planned->value_name, side_label(statement, label, FALSE), type, unit, "value", index));
  if (show & COMPARE_SHOW_PREVIOUS)
    g_ptr_array_add(columns, measure_column(planned->previous_name, side_label(statement, label, TRUE), type, unit,
                                            "previous", index));
  gboolean is_date = g_str_equal(type, "date") || g_str_equal(type, "timestamp");
  const char *change_unit = is_date ? "days" : g_str_equal(unit, "fraction") ? "pp" : unit;
  if (show & COMPARE_SHOW_CHANGE)
    g_ptr_array_add(columns, measure_column(planned->change_name, derived_label(statement, "change", "in", label),
                                            is_date ? "integer" : type, change_unit, "change", index));
  if (show & COMPARE_SHOW_GROWTH)
    g_ptr_array_add(columns, measure_column(planned->growth_name, derived_label(statement, "growth", "of", label),
                                            "number", "fraction", "growth", index));
}

static void add_measure_columns(const Statement *statement, guint index, GPtrArray *columns) {
  const PlannedMeasure *planned = statement->measures->pdata[index];
  const SemanticQuery *query = statement->query;
  g_autofree char *label = measure_label(statement->compiler->model, planned->measure);
  g_autofree char *unit = measure_unit(statement->compiler->model, planned->measure);
  add_comparison_columns(statement, planned, index, label, unit, columns);
  if (query->share != SHARE_NONE)
    g_ptr_array_add(columns, measure_column(planned->share_name, g_strdup_printf("share of %s", label), "number",
                                            "fraction", "share", index));
  if (query->window == WINDOW_RANK)
    g_ptr_array_add(columns, measure_column(planned->window_name, derived_label(statement, "rank", "by", label),
                                            "integer", "", "rank", index));
  if (query->window == WINDOW_CUMULATIVE)
    g_ptr_array_add(columns, measure_column(planned->window_name, g_strdup_printf("cumulative %s", label),
                                            term_type(planned->value), unit, "cumulative", index));
  if (query->window == WINDOW_RUN_RATE)
    g_ptr_array_add(columns, measure_column(planned->window_name, g_strdup_printf("run rate of %s", label), "number", unit,
                                            "run_rate", index));
  if (query->window == WINDOW_MOVING_AVERAGE)
    g_ptr_array_add(columns, measure_column(planned->window_name, g_strdup_printf("moving average of %s", label),
                                            "number", unit, "moving_average", index));
}

GPtrArray *statement_columns(const Statement *statement) {
  GPtrArray *columns = g_ptr_array_new_with_free_func((GDestroyNotify)answer_column_free);
  for (guint i = 0; i < statement->grouping->keys->len; i++)
    g_ptr_array_add(columns, dimension_column(statement->compiler, statement->grouping->keys->pdata[i]));
  for (guint i = 0; i < statement->measures->len; i++) add_measure_columns(statement, i, columns);
  return columns;
}
