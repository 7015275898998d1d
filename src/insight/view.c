/* Lays out a result: dimensions, measures with their comparison columns, whether all groups are in view. */
#include "insight/view.h"
#include <math.h>
#include <string.h>

static void view_dimension_free(ViewDimension *dimension) {
  g_free(dimension->noun);
  g_free(dimension->nouns);
  g_strfreev(dimension->labels);
  g_free(dimension);
}

static void view_measure_free(ViewMeasure *measure) {
  g_free(measure->name);
  g_free(measure);
}

ViewDimension *view_dimension(const ResultView *view, guint index) {
  return g_ptr_array_index(view->dimensions, index);
}

ViewMeasure *view_measure(const ResultView *view, guint index) {
  return g_ptr_array_index(view->measures, index);
}

const AnswerColumn *view_column(const ResultView *view, int column) {
  return column < 0 ? NULL : g_ptr_array_index(view->input->columns, (guint)column);
}

double view_number(const ResultView *view, gsize row, int column) {
  if (column < 0 || row >= view->n_rows) return NAN;
  const Value *value = result_table_at(view->input->result, row, (guint)column);
  switch (value->type) {
  case VALUE_INT:
  case VALUE_DOUBLE:
  case VALUE_DECIMAL: return value->number;
  default: return NAN;
  }
}

gboolean view_is_fraction(const ResultView *view, int column) {
  const AnswerColumn *answer = view_column(view, column);
  return answer != NULL && (g_strcmp0(answer->unit, "fraction") == 0 || g_strcmp0(answer->unit, "pp") == 0);
}

double view_sum(const ResultView *view, int column) {
  double sum = 0;
  gboolean any = FALSE;
  for (gsize row = 0; row < view->n_rows; row++) {
    double value = view_number(view, row, column);
    if (isnan(value)) continue;
    sum += value;
    any = TRUE;
  }
  return any ? sum : NAN;
}

gboolean view_non_negative(const ResultView *view, int column) {
  for (gsize row = 0; row < view->n_rows; row++)
    if (view_number(view, row, column) < 0) return FALSE;
  return TRUE;
}

/* ---- dimensions ---- */
static const char *coded_label(const Field *field, const char *code) {
  if (field == NULL || field->codes == NULL) return NULL;
  for (guint i = 0; i < field->codes->len; i++) {
    const CodedValue *coded = g_ptr_array_index(field->codes, i);
    if (strcmp(coded->code, code) == 0) return coded->labels[0];
  }
  return NULL;
}

char *view_cell_label(const ResultView *view, const ViewDimension *dimension, gsize row, gboolean brief) {
  const Value *value = result_table_at(view->input->result, row, dimension->column);
  const AnswerColumn *column = view_column(view, (int)dimension->column);
  if (value->type == VALUE_NULL) return g_strdup("(none)");
  if (value->type == VALUE_TEXT && *value->text == '\0') return g_strdup("(blank)");
  if (value->type == VALUE_TEXT) {
    const char *label = coded_label(dimension->field, value->text);
    if (label != NULL) return g_strdup(label);
    gboolean is_period = dimension->is_time || g_strcmp0(column->type, "period") == 0;
    return is_period ? view_period_label(value->text, brief) : g_strdup(value->text);
  }
  if (value->type == VALUE_DATE && brief) return view_day_label((Day)value->integer, TRUE);
  if (dimension->is_cyclic && value->type == VALUE_INT && strcmp(dimension->noun, "hour") == 0)
    return g_strdup_printf("%02" G_GINT64_FORMAT ":00", value->integer);
  return insight_format_value(column, value);
}

static const char *cyclic_noun(Cyclic cyclic) {
  switch (cyclic) {
  case CYCLIC_HOUR_OF_DAY: return "hour";
  case CYCLIC_WEEKDAY: return "weekday";
  case CYCLIC_DAY_OF_MONTH: return "day of the month";
  case CYCLIC_WEEK_OF_YEAR: return "week of the year";
  case CYCLIC_MONTH_OF_YEAR: return "calendar month";
  case CYCLIC_QUARTER_OF_YEAR: return "calendar quarter";
  case CYCLIC_WEEKEND: return "part of the week";
  case CYCLIC_NONE: break;
  }
  return "group";
}

static char *field_noun(const ResultView *view, const Field *field, const char *column_label) {
  const Model *model = view->input->model;
  const Entity *entity =
      field != NULL && field->entity != NULL && model != NULL ? model_find_entity(model, field->entity) : NULL;
  if (entity != NULL) return view_words(entity->name);
  return view_words(field != NULL && field->label != NULL ? field->label : column_label);
}

static void name_dimension(const ResultView *view, ViewDimension *item, const AnswerColumn *column) {
  const Dimension *dimension = item->dimension;
  const char *label = column->label != NULL ? column->label : column->name;
  if (item->is_bucket) {
    item->noun = g_strdup("group");
  } else if (item->is_time && item->unit != TIME_UNIT_NONE) {
    item->noun = view_words(time_unit_name(item->unit));
  } else if (item->is_cyclic && dimension != NULL) {
    item->noun = g_strdup(cyclic_noun(dimension->cyclic));
  } else {
    item->noun = field_noun(view, item->field, label);
  }
  item->nouns = g_str_has_suffix(item->noun, " of the month")  ? g_strdup("days of the month")
                : g_str_has_suffix(item->noun, " of the year") ? g_strdup("weeks of the year")
                : g_str_has_suffix(item->noun, " of the week") ? g_strdup("parts of the week")
                                                               : text_plural(item->noun);
}

/* Without a query: what the first filled cell looks like. */
static TimeUnit unit_from_cells(const ResultView *view, guint column) {
  for (gsize row = 0; row < view->n_rows; row++) {
    const Value *value = result_table_at(view->input->result, row, column);
    if (value->type == VALUE_DATE) return TIME_UNIT_DAY;
    if (value->type != VALUE_TEXT) continue;
    switch (strlen(value->text)) {
    case 4: return TIME_UNIT_YEAR;
    case 10: return TIME_UNIT_DAY;
    default:
      return strlen(value->text) < 6    ? TIME_UNIT_NONE
             : strchr(value->text, 'Q') ? TIME_UNIT_QUARTER
             : strchr(value->text, 'W') ? TIME_UNIT_WEEK
             : strchr(value->text, 'H') ? TIME_UNIT_HALF
                                        : TIME_UNIT_MONTH;
    }
  }
  return TIME_UNIT_NONE;
}

gboolean view_lists_events(const ResultView *view) {
  const ViewDimension *first = view->dimensions->len > 1 ? view_dimension(view, 0) : NULL;
  const Model *model = view->input->model;
  const Entity *entity = first != NULL && first->field != NULL && first->field->entity != NULL && model != NULL
                             ? model_find_entity(model, first->field->entity)
                             : NULL;
  return entity != NULL && entity->is_event && first->field->role == FIELD_ROLE_IDENTIFIER;
}

/* "1 order line", "12 orders". (transfer full) */
static char *number_of_things(const AnswerColumn *column, const char *number) {
  g_autofree char *words = view_words(column->label != NULL ? column->label : column->name);
  static const char *const HEADS[] = {"number of different ", "number of "};
  const char *things = words;
  for (guint i = 0; i < G_N_ELEMENTS(HEADS); i++)
    if (g_str_has_prefix(things, HEADS[i])) things += strlen(HEADS[i]);
  g_autofree char *one = text_singular(things), *many = text_plural(one);
  gboolean plural = strcmp(many, things) == 0 && strcmp(number, "1") != 0;
  return g_strdup_printf("%s %s", number, plural ? many : one);
}

static void add_dimension(ResultView *view, guint column_index) {
  const AnswerColumn *column = g_ptr_array_index(view->input->columns, column_index);
  ViewDimension *item = g_new0(ViewDimension, 1);
  item->column = column_index;
  guint place = view->dimensions->len;
  if (place < view->query->dimensions->len) item->dimension = g_ptr_array_index(view->query->dimensions, place);
  DimensionKind kind = item->dimension != NULL ? item->dimension->kind : DIMENSION_FIELD;
  item->is_time = item->dimension != NULL ? kind == DIMENSION_TIME || kind == DIMENSION_FIRST_TIME
                                          : g_strcmp0(column->type, "period") == 0;
  item->is_cyclic = kind == DIMENSION_CYCLIC;
  item->is_bucket =
      kind == DIMENSION_BUCKET || kind == DIMENSION_ENTITY_BUCKET || g_strcmp0(column->kind, "bucket") == 0;
  item->is_each_value = kind == DIMENSION_ENTITY_BUCKET && item->dimension->edges != NULL && item->dimension->edges->len == 0;
  if (item->is_time) item->unit = item->dimension != NULL ? item->dimension->unit : unit_from_cells(view, column_index);
  if (kind == DIMENSION_FIELD && item->dimension != NULL && item->dimension->field != NULL &&
      view->input->model != NULL)
    item->field = model_find_field(view->input->model, item->dimension->field);
  name_dimension(view, item, column);
  item->labels = g_new0(char *, view->n_rows + 1);
  g_ptr_array_add(view->dimensions, item);
  for (gsize row = 0; row < view->n_rows; row++) {
    g_autofree char *label = view_cell_label(view, item, row, FALSE);
    gboolean needs_noun = !item->is_time && view_is_bare(label);
    if (item->is_each_value && *label != '\0') {
      item->labels[row] = number_of_things(column, label);
      continue;
    }
    item->labels[row] = needs_noun ? g_strdup_printf("%s %s", item->noun, label) : g_steal_pointer(&label);
  }
}

/* ---- measures ---- */
static int *slot_of(ViewMeasure *measure, const char *kind) {
  if (kind == NULL || strcmp(kind, "value") == 0) return &measure->value;
  if (strcmp(kind, "previous") == 0) return &measure->previous;
  if (strcmp(kind, "change") == 0) return &measure->change;
  if (strcmp(kind, "growth") == 0) return &measure->growth;
  if (strcmp(kind, "share") == 0) return &measure->share;
  if (strcmp(kind, "cumulative") == 0 || strcmp(kind, "moving_average") == 0 || strcmp(kind, "run_rate") == 0) return &measure->window;
  return NULL;
}

/* Columns that do not tell their kind or measure (an answer read back from JSON) do by their names. */
static const char *kind_of(const AnswerColumn *column) {
  static const char *const KINDS[] = {"previous", "change", "growth", "share", "cumulative", "moving_average", "run_rate", "rank"};
  if (column->kind != NULL && *column->kind != '\0') return column->kind;
  for (guint i = 0; column->name != NULL && i < G_N_ELEMENTS(KINDS); i++) {
    g_autofree char *suffix = g_strconcat("_", KINDS[i], NULL);
    if (g_str_has_suffix(column->name, suffix)) return KINDS[i];
  }
  return "value";
}

static int index_of_measure(const ResultView *view, guint place) {
  const AnswerColumn *column = g_ptr_array_index(view->input->columns, place);
  if (column->measure >= 0) return column->measure;
  int index = -1;
  for (guint i = 0; i <= place; i++) {
    const AnswerColumn *other = g_ptr_array_index(view->input->columns, i);
    if (other->role != COLUMN_MEASURE) continue;
    gboolean starts = strcmp(kind_of(other), "value") == 0;
    index += starts || index < 0 ? 1 : 0;
  }
  return index;
}

static ViewMeasure *measure_of(ResultView *view, int index) {
  for (guint i = 0; i < view->measures->len; i++)
    if (view_measure(view, i)->measure == index) return view_measure(view, i);
  ViewMeasure *measure = g_new0(ViewMeasure, 1);
  measure->measure = index;
  measure->value = measure->previous = measure->change = measure->growth = measure->share = measure->window = -1;
  g_ptr_array_add(view->measures, measure);
  return measure;
}

static gboolean measure_is_additive(const ResultView *view, const Measure *measure) {
  if (measure == NULL) return FALSE;
  switch (measure->kind) {
  case MEASURE_METRIC: {
    const Metric *metric = view->input->model != NULL && measure->metric != NULL
                               ? model_find_metric(view->input->model, measure->metric)
                               : NULL;
    return metric != NULL && metric->additivity == ADDITIVITY_SUM;
  }
  case MEASURE_AGGREGATE: return measure->aggregate == AGGREGATE_SUM || measure->aggregate == AGGREGATE_COUNT;
  case MEASURE_DIFFERENCE:
  case MEASURE_SUM: return measure_is_additive(view, measure->left) && measure_is_additive(view, measure->right);
  case MEASURE_DATE_DIFFERENCE:
  case MEASURE_PER:
  case MEASURE_RATIO: break;
  }
  return FALSE;
}

/* "Sales 2019" without the period it was given. */
static char *label_without(const char *label, const char *suffix) {
  if (suffix != NULL && g_str_has_suffix(label, suffix)) {
    gsize length = strlen(label) - strlen(suffix);
    while (length > 0 && (label[length - 1] == ' ' || label[length - 1] == ',')) length--;
    if (length > 0) return g_strndup(label, length);
  }
  return g_strdup(label);
}

static gboolean sounds_like_profit(const char *name) {
  static const char *const WORDS[] = {"profit", "margin", "income", "earning", "contribution"};
  for (guint i = 0; i < G_N_ELEMENTS(WORDS); i++)
    if (strstr(name, WORDS[i]) != NULL) return TRUE;
  return FALSE;
}

/* Customers by the month of their first purchase are new customers. */
static void prefix_cohort(const ResultView *view, ViewMeasure *item, const Metric *metric) {
  gboolean is_new = view->query->cohort == COHORT_NEW, is_repeat = view->query->cohort == COHORT_REPEAT;
  if (metric == NULL || metric->entity == NULL) return;
  for (guint i = 0; i < view->query->dimensions->len; i++)
    is_new |= ((const Dimension *)g_ptr_array_index(view->query->dimensions, i))->kind == DIMENSION_FIRST_TIME;
  if (!is_new && !is_repeat) return;
  char *name = g_strconcat(is_new ? "new " : "returning ", item->name, NULL);
  g_free(item->name);
  item->name = name;
}

static void name_measure(const ResultView *view, ViewMeasure *item) {
  const Measure *measure = item->measure >= 0 && (guint)item->measure < view->query->measures->len
                               ? g_ptr_array_index(view->query->measures, (guint)item->measure)
                               : NULL;
  const Metric *metric = measure != NULL && measure->metric != NULL && view->input->model != NULL
                             ? model_find_metric(view->input->model, measure->metric)
                             : NULL;
  const AnswerColumn *column = view_column(view, item->main);
  const char *label = column->label != NULL ? column->label : column->name;
  g_autofree char *bare = label_without(label, view->current_name);
  if (measure != NULL && measure->label != NULL)
    item->name = view_words(measure->label);
  else if (metric != NULL && metric->label != NULL && (measure->filters == NULL || measure->filters->len == 0))
    item->name = view_words(metric->label);
  else
    item->name = view_words(bare);
  const Measure *part = measure != NULL && measure->kind == MEASURE_RATIO ? measure->left : NULL;
  if (part != NULL && part->filters->len > 0 && measure->right != NULL && measure->right->filters->len < part->filters->len &&
      g_str_has_prefix(item->name, "share of ") && strstr(item->name, "repeat") == NULL) {
    g_autofree char *whose = view_filter_words(view, part->filters), *head = item->name;
    g_autofree char *again = g_strdup_printf("for %s ", head + strlen("share of ")); /* "share of customers [for customers] with more than 1 order" */
    item->name = g_strdup_printf("%s %s", head, whose + (g_str_has_prefix(whose, again) ? strlen(again) : 0));
  }
  prefix_cohort(view, item, metric);
  item->plural = view_is_plural(item->name);
  item->additive = measure_is_additive(view, measure);
  item->lower_is_better = metric != NULL && metric->lower_is_better;
  g_autofree char *folded = text_fold(item->name);
  item->is_profit = sounds_like_profit(folded);
}

/* Two measures of one name cannot be told apart in a sentence: their columns' labels then. */
static void separate_names(ResultView *view) {
  for (guint i = 0; i < view->measures->len; i++)
    for (guint j = i + 1; j < view->measures->len; j++) {
      ViewMeasure *one = view_measure(view, i), *other = view_measure(view, j);
      if (strcmp(one->name, other->name) != 0) continue;
      g_free(one->name);
      g_free(other->name);
      one->name = view_words(view_column(view, one->main)->label);
      other->name = view_words(view_column(view, other->main)->label);
    }
}

static void find_measures(ResultView *view) {
  for (guint i = 0; i < view->input->columns->len; i++) {
    const AnswerColumn *column = g_ptr_array_index(view->input->columns, i);
    if (column->role != COLUMN_MEASURE) continue;
    int *slot = slot_of(measure_of(view, index_of_measure(view, i)), kind_of(column));
    if (slot != NULL && *slot < 0) *slot = (int)i;
  }
  for (guint i = view->measures->len; i > 0; i--) {
    ViewMeasure *item = view_measure(view, i - 1);
    const int order[] = {item->value, item->window, item->growth, item->change, item->share, item->previous};
    item->main = -1;
    for (guint k = 0; k < G_N_ELEMENTS(order) && item->main < 0; k++) item->main = order[k];
    if (item->main < 0) {
      g_ptr_array_remove_index(view->measures, i - 1);
      continue;
    }
    name_measure(view, item);
    view->is_compared |= item->previous >= 0 || item->change >= 0 || item->growth >= 0;
  }
  separate_names(view);
}

/* ---- the whole ---- */
static gboolean rows_in_time_order(const ResultView *view) {
  const ViewDimension *dimension = view_dimension(view, 0);
  for (gsize row = 1; row < view->n_rows; row++) {
    const Value *before = result_table_at(view->input->result, row - 1, dimension->column);
    const Value *after = result_table_at(view->input->result, row, dimension->column);
    if (before->type != after->type || before->type == VALUE_NULL) return FALSE;
    if (before->type == VALUE_TEXT ? strcmp(before->text, after->text) >= 0 : before->integer >= after->integer)
      return FALSE;
  }
  return TRUE;
}

static gboolean is_limited(const ResultView *view) {
  const SemanticQuery *query = view->query;
  if (view->input->result->truncated || query->offset > 0) return TRUE;
  if (query->limit <= 0) return FALSE;
  return query->limit_within > 0 || view->n_rows >= (gsize)query->limit;
}

static void name_rows(ResultView *view) {
  const Model *model = view->input->model;
  const Dataset *dataset = NULL;
  if (model != NULL && view->is_detail) {
    g_auto(GStrv) parts = g_strsplit(g_ptr_array_index(view->query->detail, 0), ".", 2);
    dataset = parts[0] != NULL && parts[1] != NULL ? model_find_dataset(model, parts[0]) : NULL;
  }
  if (model != NULL && dataset == NULL && model->default_dataset != NULL)
    dataset = model_find_dataset(model, model->default_dataset);
  view->rows_noun = dataset != NULL && dataset->label != NULL ? view_words(dataset->label) : g_strdup("rows");
  view->row_noun = text_singular(view->rows_noun);
}

ResultView *result_view_new(const InsightInput *input) {
  ResultView *view = g_new0(ResultView, 1);
  view->input = input;
  if (input->resolved == NULL) view->own_query = semantic_query_new();
  view->query = input->resolved != NULL ? input->resolved : view->own_query;
  view->n_rows = input->result->n_rows;
  view->dimensions = g_ptr_array_new_with_free_func((GDestroyNotify)view_dimension_free);
  view->measures = g_ptr_array_new_with_free_func((GDestroyNotify)view_measure_free);
  view->context_phrases = g_ptr_array_new_with_free_func(g_free);
  view->is_detail = view->query->detail != NULL && view->query->detail->len > 0;
  name_rows(view);
  view_describe_context(view);
  for (guint i = 0; i < input->columns->len; i++) {
    const AnswerColumn *column = g_ptr_array_index(input->columns, i);
    if (column->role == COLUMN_DIMENSION) add_dimension(view, i);
  }
  find_measures(view);
  view->limited = is_limited(view);
  view->complete = !view->limited && view->query->having->len == 0;
  view->is_series = view->dimensions->len == 1 && view_dimension(view, 0)->is_time && view->n_rows > 1 &&
                    view->measures->len > 0 && rows_in_time_order(view);
  return view;
}

void result_view_free(ResultView *view) {
  if (view == NULL) return;
  semantic_query_free(view->own_query);
  g_ptr_array_unref(view->dimensions);
  g_ptr_array_unref(view->measures);
  g_ptr_array_unref(view->context_phrases);
  g_free(view->current_name);
  g_free(view->previous_name);
  g_free(view->rows_noun);
  g_free(view->row_noun);
  g_free(view->context);
  g_free(view->filter_context);
  g_free(view);
}

char *view_row_label(const ResultView *view, gsize row) {
  g_autoptr(GString) label = g_string_new(NULL);
  /* The period comes last: "Lamps in January 2020". */
  for (int times = 0; times <= 1; times++)
    for (guint i = 0; i < view->dimensions->len; i++) {
      const ViewDimension *dimension = view_dimension(view, i);
      if (dimension->is_time != (times == 1)) continue;
      g_string_append_printf(label, "%s%s", label->len > 0 ? " in " : "", dimension->labels[row]);
    }
  return g_string_free(g_steal_pointer(&label), FALSE);
}

char *view_row_name(const ResultView *view, gsize row) {
  g_autoptr(GString) name = g_string_new(NULL);
  for (guint i = 0; i < view->dimensions->len; i++) {
    g_autofree char *label = view_cell_label(view, view_dimension(view, i), row, TRUE);
    g_string_append_printf(name, "%s%s", i > 0 ? " · " : "", label);
  }
  return g_string_free(g_steal_pointer(&name), FALSE);
}
