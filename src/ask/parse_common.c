#include <stdarg.h>
#include <string.h>

#include "ask/parse.h"

guint parse_n(const Parse *parse) { return parse->items->items->len; }
Item *parse_item(const Parse *parse, guint index) { return item_at(parse->items, index); }

const char *parse_fold(const Parse *parse, int index) {
  return index >= 0 && index < (int)parse_n(parse) ? token_at(parse->items->tokens, parse_item(parse, (guint)index)->first)->fold : "";
}

gboolean parse_free_word(const Parse *parse, guint index, WordClass word) {
  if (index >= parse_n(parse)) return FALSE;
  const Item *item = parse_item(parse, index);
  return !item->claimed && item_is_word(item, word);
}

int parse_find_word(const Parse *parse, WordClass word, guint from) {
  for (guint i = from; i < parse_n(parse); i++)
    if (parse_free_word(parse, i, word)) return (int)i;
  return -1;
}

gboolean parse_has_word(const Parse *parse, WordClass word) {
  for (guint i = 0; i < parse_n(parse); i++)
    if (item_is_word(parse_item(parse, i), word)) return TRUE;
  return FALSE;
}

static gboolean is_filler(const Item *item) {
  return item->kind == ITEM_STOP || (item->kind == ITEM_WORD && item->is_stop && word_set_is_empty(item->words)) ||
         (item->kind == ITEM_WORD && (item_is_word(item, WORD_DISTINCT) || (item_is_word(item, WORD_YES_NO) && item->is_stop)));
}

int parse_next(const Parse *parse, guint index) {
  while (index < parse_n(parse) && is_filler(parse_item(parse, index))) index++;
  return index < parse_n(parse) ? (int)index : -1;
}

gboolean parse_same_root(const char *a, const char *b) {
  gsize shared = 0;
  while (a[shared] != '\0' && a[shared] == b[shared]) shared++;
  return strcmp(a, b) == 0 || (shared >= 4 && shared + 2 >= MIN(strlen(a), strlen(b)));
}

int parse_before(const Parse *parse, guint index) {
  int at = (int)index - 1;
  while (at >= 0 && is_filler(parse_item(parse, (guint)at))) at--;
  return at;
}

void parse_claim(Parse *parse, guint index, const char *as) {
  Item *item = parse_item(parse, index);
  item->claimed = TRUE;
  if (item->claimed_as == NULL) item->claimed_as = as;
}

void parse_claim_word(Parse *parse, WordClass word, const char *as) {
  for (guint i = 0; i < parse_n(parse); i++)
    if (parse_free_word(parse, i, word)) parse_claim(parse, i, as);
}

void parse_describe(Parse *parse, guint index, const char *format, ...) {
  Item *item = parse_item(parse, index);
  va_list arguments;
  va_start(arguments, format);
  g_free(item->described);
  item->described = g_strdup_vprintf(format, arguments);
  va_end(arguments);
}

void parse_assume(Parse *parse, const char *code, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *text = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  g_ptr_array_add(parse->assumptions, g_strdup_printf("%s|%s", code, text));
}

static AskResult *new_verdict(AskStatus status) {
  AskResult *result = g_new0(AskResult, 1);
  result->status = status;
  return result;
}

void ask_option_free(gpointer pointer) {
  AskOption *option = pointer;
  g_free(option->label);
  semantic_query_free(option->query);
  g_free(option);
}

void parse_clarify(Parse *parse, const char *question) {
  if (parse->verdict != NULL) return;
  parse->verdict = new_verdict(ASK_CLARIFY);
  parse->verdict->clarify_question = g_strdup(question);
  parse->verdict->options = g_ptr_array_new_with_free_func(ask_option_free);
}

void parse_add_option(Parse *parse, const char *label, SemanticQuery *query) {
  if (parse->verdict == NULL || parse->verdict->options == NULL || parse->verdict->options->len >= 4) {
    semantic_query_free(query);
    return;
  }
  AskOption *option = g_new0(AskOption, 1);
  option->query = query;
  option->label = label != NULL ? g_strdup(label) : semantic_query_restate(query, parse->model);
  g_ptr_array_add(parse->verdict->options, option);
}

void parse_refuse(Parse *parse, const char *code, const char *missing, const char *format, ...) {
  if (parse->verdict != NULL) return;
  parse->verdict = new_verdict(ASK_REFUSED);
  parse->verdict->reason_code = g_strdup(code);
  parse->verdict->missing = g_strdup(missing);
  va_list arguments;
  va_start(arguments, format);
  parse->verdict->reason_text = g_strdup_vprintf(format, arguments);
  va_end(arguments);
}

static gboolean is_plain_metric(const Measure *measure, const Metric *metric) {
  return measure->kind == MEASURE_METRIC && measure->metric != NULL && strcmp(measure->metric, metric->name) == 0 &&
         measure->filters->len == 0 && measure->time.kind == TIME_ALL;
}

int parse_add_metric(Parse *parse, const Metric *metric) {
  for (guint i = 0; i < parse->query->measures->len; i++)
    if (is_plain_metric(g_ptr_array_index(parse->query->measures, i), metric)) return (int)i;
  return parse_add_measure(parse, measure_new_metric(metric->name));
}

int parse_add_measure(Parse *parse, Measure *measure) {
  g_ptr_array_add(parse->query->measures, measure);
  return (int)parse->query->measures->len - 1;
}

const Metric *parse_default_metric(const Parse *parse) {
  return parse->model->default_metric != NULL ? model_find_metric(parse->model, parse->model->default_metric) : NULL;
}

const Metric *parse_entity_metric(const Parse *parse, const Entity *entity) {
  if (entity->metric != NULL) return model_find_metric(parse->model, entity->metric);
  for (guint i = 0; i < parse->model->metrics->len; i++) {
    const Metric *metric = g_ptr_array_index(parse->model->metrics, i);
    if (metric->entity != NULL && strcmp(metric->entity, entity->name) == 0) return metric;
  }
  return NULL;
}

const Field *parse_entity_reference(const Parse *parse, const Entity *entity) {
  const Field *found = NULL;
  for (guint i = 0; entity->key != NULL && i < parse->model->relationships->len; i++) {
    const Relationship *relationship = g_ptr_array_index(parse->model->relationships, i);
    gboolean refers = strcmp(relationship->to_dataset, entity->dataset) == 0 && relationship->to_fields[0] != NULL && relationship->to_fields[1] == NULL &&
                      strcmp(relationship->to_fields[0], entity->key) == 0 && relationship->from_fields[0] != NULL;
    const Dataset *from = refers ? model_find_dataset(parse->model, relationship->from_dataset) : NULL;
    if (from == NULL || !from->is_fact) continue;
    gboolean main_fact = g_strcmp0(parse->model->default_dataset, from->name) == 0;
    if (found == NULL || main_fact) found = dataset_find_field(from, relationship->from_fields[0]);
  }
  return found;
}

gboolean parse_asked_total(const Parse *parse) {
  gboolean total = FALSE;
  for (guint i = 0; i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    total = total || item_is_word(item, WORD_SUM);
    gboolean harmless = item->kind == ITEM_STOP || item_is_word(item, WORD_SUM) || item_is_word(item, WORD_AND) || item_is_word(item, WORD_WHICH) ||
                        item_is_word(item, WORD_ALL_TIME) || item_is_word(item, WORD_LIST) || item_is_word(item, WORD_SAME) || item_is_word(item, WORD_HOW_MUCH) ||
                        (item->kind == ITEM_WORD && item->is_stop);
    if (!harmless) return FALSE;
  }
  return total;
}

gboolean parse_metric_counts(const Parse *parse, const Metric *metric, const Entity *entity) {
  const Metric *count = parse_entity_metric(parse, entity);
  return count != NULL && metric->kind == METRIC_AGGREGATE && count->kind == METRIC_AGGREGATE && metric->aggregate == count->aggregate &&
         g_strcmp0(metric->dataset, count->dataset) == 0 && g_strcmp0(metric->expression, count->expression) == 0;
}

const Metric *parse_rows_metric(const Parse *parse, const Dataset *dataset) {
  for (guint i = 0; i < parse->model->metrics->len; i++) {
    const Metric *metric = g_ptr_array_index(parse->model->metrics, i);
    if (metric->kind == METRIC_AGGREGATE && metric->aggregate == AGGREGATE_COUNT && metric->conditions[0] == NULL &&
        metric->dataset != NULL && strcmp(metric->dataset, dataset->name) == 0)
      return metric;
  }
  return NULL;
}

void parse_add_field_dimension(Parse *parse, const Field *field) {
  g_autofree char *path = lexicon_field_path(field);
  for (guint i = 0; i < parse->query->dimensions->len; i++) {
    const Dimension *dimension = g_ptr_array_index(parse->query->dimensions, i);
    if (dimension->kind == DIMENSION_FIELD && g_strcmp0(dimension->field, path) == 0) return;
  }
  Dimension *dimension = dimension_new(DIMENSION_FIELD);
  dimension->field = g_steal_pointer(&path);
  g_ptr_array_add(parse->query->dimensions, dimension);
}

int parse_time_dimension(const Parse *parse) {
  for (guint i = 0; i < parse->query->dimensions->len; i++) {
    const Dimension *dimension = g_ptr_array_index(parse->query->dimensions, i);
    if (dimension->kind == DIMENSION_TIME || dimension->kind == DIMENSION_FIRST_TIME) return (int)i;
  }
  return -1;
}

void parse_add_time_dimension(Parse *parse, TimeUnit unit) {
  parse->series_units |= 1u << unit;
  int existing = parse_time_dimension(parse);
  if (existing >= 0) {
    Dimension *dimension = g_ptr_array_index(parse->query->dimensions, existing);
    if (dimension->unit == unit) return;
  }
  Dimension *dimension = dimension_new(DIMENSION_TIME);
  dimension->unit = unit;
  g_ptr_array_add(parse->query->dimensions, dimension);
}

const Metric *item_metric(const Item *item) { return item->meaning.metric; }

/* Of several fields with the same name the one of the main fact, else the first. */
static const Field *choose_field(const Parse *parse, const Meaning *meaning) {
  if (meaning->fields == NULL) return meaning->field;
  for (guint i = 0; i < meaning->fields->len; i++) {
    const Field *field = g_ptr_array_index(meaning->fields, i);
    if (parse->model->default_dataset != NULL && strcmp(field->dataset, parse->model->default_dataset) == 0) return field;
  }
  return meaning->field;
}

const Field *parse_group_field(const Parse *parse, const Item *item) {
  if (item->meaning.entity != NULL) {
    const Field *field = lexicon_entity_field(parse->lexicon, item->meaning.entity);
    if (field != NULL) return field;
  }
  const Field *field = choose_field(parse, &item->meaning);
  if (field == NULL) return NULL;
  gboolean groups = field->role == FIELD_ROLE_DIMENSION || field->role == FIELD_ROLE_IDENTIFIER ||
                    (field->role == FIELD_ROLE_DETAIL && item->meaning.metric == NULL);
  return groups ? field : NULL;
}

gboolean parse_is_group_noun(const Parse *parse, const Item *item) {
  if (item->kind == ITEM_GRAIN || item->kind == ITEM_CYCLIC) return TRUE;
  if (item->kind == ITEM_METRIC) return FALSE;
  return (item->kind == ITEM_FIELD || item->kind == ITEM_ENTITY) && parse_group_field(parse, item) != NULL;
}

void parse_group_by_item(Parse *parse, guint index) {
  Item *item = parse_item(parse, index);
  parse->group_named = TRUE;
  if (item->kind == ITEM_GRAIN) {
    parse_add_time_dimension(parse, item->meaning.unit);
    parse_describe(parse, index, "grouped by %s", time_unit_name(item->meaning.unit));
  } else if (item->kind == ITEM_CYCLIC) {
    Dimension *dimension = dimension_new(DIMENSION_CYCLIC);
    dimension->cyclic = item->meaning.cyclic;
    g_ptr_array_add(parse->query->dimensions, dimension);
    parse_describe(parse, index, "grouped by part of the date");
  } else {
    const Field *field = parse_group_field(parse, item);
    if (field == NULL) return;
    parse_add_field_dimension(parse, field);
    parse_describe(parse, index, "grouped by %s", field->label);
  }
  parse_claim(parse, index, "dimension");
}

Filter *parse_add_group_filter(Parse *parse, const Entity *entity, const Field *field, Measure *measure) {
  Filter *filter = filter_new(FILTER_ENTITY);
  if (entity != NULL) filter->entity = g_strdup(entity->name);
  else filter->field = lexicon_field_path(field);
  filter->measure = measure;
  filter->within = TRUE;
  g_ptr_array_add(parse->query->filters, filter);
  return filter;
}

DateRange parse_data_range(const Parse *parse) {
  return value_index_date_range(parse->lexicon->values, lexicon_default_date(parse->lexicon));
}
