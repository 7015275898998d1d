/* How things spread over numbers: orders by how many lines they have; the days on which sales passed a bound. */
#include <string.h>

#include "ask/flag_words.h"
#include "ask/measures.h"

static const char *first_word(const Parse *parse, guint index) { return token_at(parse->items->tokens, parse_item(parse, index)->first)->fold; }

static gboolean is_holder(const Item *item) {
  return item->kind == ITEM_ENTITY && !item->claimed && item->meaning.entity->key != NULL;
}

static Measure *count_of_field(const Field *field, char *name) {
  Measure *measure = measure_new(MEASURE_AGGREGATE);
  measure->aggregate = AGGREGATE_COUNT_DISTINCT;
  measure->field = lexicon_field_path(field);
  measure->name = name;
  return measure;
}

/* How many of them there are: of people and products those that the facts speak of. NULL: they cannot be counted. */
static Measure *count_of_entity(const Parse *parse, const Entity *entity) {
  const Field *reference = entity->is_event ? NULL : parse_entity_reference(parse, entity);
  if (reference != NULL) return count_of_field(reference, text_plural(entity->name));
  const Metric *metric = parse_entity_metric(parse, entity);
  return metric != NULL ? measure_new_metric(metric->name) : NULL;
}

/* What the noun says each of the holders has a number of. NULL: nothing. */
static Measure *held_number(const Parse *parse, const Item *item, const Entity *holder) {
  if (item->claimed || (item->kind == ITEM_ENTITY && item->meaning.entity == holder)) return NULL;
  if (item->kind == ITEM_ENTITY) return count_of_entity(parse, item->meaning.entity);
  const Field *field = item->kind == ITEM_FIELD ? parse_group_field(parse, item) : NULL;
  if (field != NULL) return count_of_field(field, text_plural(field->name));
  const Metric *metric = measure_noun_metric(parse, item);
  return metric != NULL && metric_is_total(metric) ? measure_new_metric(metric->name) : NULL;
}

/* Takes the measure; NULL is passed on. */
static gboolean add_spread(Parse *parse, const Entity *holder, Measure *held) {
  Measure *count = held != NULL ? count_of_entity(parse, holder) : NULL;
  if (count == NULL) {
    measure_free(held);
    return FALSE;
  }
  Dimension *dimension = dimension_new(DIMENSION_ENTITY_BUCKET);
  dimension->entity = g_strdup(holder->name);
  dimension->measure = held;
  if (dimension->edges == NULL) dimension->edges = g_array_new(FALSE, FALSE, sizeof(double));
  g_ptr_array_add(parse->query->dimensions, dimension);
  parse_add_measure(parse, count);
  parse->metric_named = parse->group_named = TRUE;
  parse->counted = holder;
  return TRUE;
}

static void claim_words(Parse *parse, guint first, guint last) {
  for (guint i = first; i <= last; i++) {
    ItemKind kind = parse_item(parse, i)->kind;
    if (kind != ITEM_TIME && kind != ITEM_VALUE && kind != ITEM_CONDITION) parse_claim(parse, i, "spread");
  }
}

static gboolean is_number_of_things(const Parse *parse, guint index) {
  const Item *item = parse_item(parse, index);
  return !item->claimed && (is_holder(item) || item->kind == ITEM_ROWS || (item->kind == ITEM_METRIC && metric_is_total(item->meaning.metric)) ||
                            (item->kind == ITEM_FIELD && parse_group_field(parse, item) != NULL));
}

/* "distribution of orders per customer", where the model has that ratio. */
static gboolean spread_of_ratio(Parse *parse, guint index) {
  const Metric *ratio = parse_item(parse, index)->meaning.metric;
  const Metric *above = ratio->kind == METRIC_RATIO ? model_find_metric(parse->model, ratio->numerator) : NULL;
  const Metric *below = above != NULL ? model_find_metric(parse->model, ratio->denominator) : NULL;
  const Entity *holder = below != NULL && below->entity != NULL ? model_find_entity(parse->model, below->entity) : NULL;
  return holder != NULL && holder->key != NULL && metric_is_total(above) && !above->is_money && add_spread(parse, holder, measure_new_metric(above->name));
}

/* "distribution of orders by number of lines", "lines per order: distribution", "how are orders distributed by lines". */
static gboolean read_distribution(Parse *parse) {
  static const char *const WORDS[] = {"distribution", "histogram", "distributed", "spread", NULL}, *const PER[] = {"per", "each", "every", "a", "an", NULL};
  int at = -1, nouns[2] = {-1, -1}, ratio = -1;
  for (guint i = 0; i < parse_n(parse); i++) {
    if (parse_item(parse, i)->kind == ITEM_NUMBER) return FALSE; /* bounds of ranges */
    if (at < 0 && g_strv_contains(WORDS, first_word(parse, i))) at = (int)i;
    if (parse_item(parse, i)->kind == ITEM_METRIC && parse_item(parse, i)->meaning.metric->kind == METRIC_RATIO) ratio = (int)i;
    if (!is_number_of_things(parse, i)) continue;
    if (nouns[0] < 0) nouns[0] = (int)i;
    else if (nouns[1] < 0) nouns[1] = (int)i;
  }
  if (at >= 0 && ratio >= 0 && nouns[0] < 0 && spread_of_ratio(parse, (guint)ratio)) {
    claim_words(parse, (guint)MIN(at, ratio), (guint)MAX(at, ratio));
    parse_claim_word(parse, WORD_HOW_MANY, "spread");
    return TRUE;
  }
  if (at < 0 || nouns[1] < 0) return FALSE;
  gboolean per = parse_linked_by(parse, (guint)nouns[1], PER);
  const Item *one = parse_item(parse, (guint)nouns[per ? 1 : 0]), *other = parse_item(parse, (guint)nouns[per ? 0 : 1]);
  if (!is_holder(one) || !add_spread(parse, one->meaning.entity, held_number(parse, other, one->meaning.entity))) return FALSE;
  claim_words(parse, (guint)MIN(at, nouns[0]), (guint)MAX(at, nouns[1]));
  for (int i = 0; i < at; i++)
    if (strcmp(first_word(parse, (guint)i), "how") == 0) parse_claim(parse, (guint)i, "how");
  return TRUE;
}

/* "1, 2 or 3" from item `from` on; the item after it; `from` when there are no two numbers one after the other. */
static guint run_of_numbers(const Parse *parse, guint from, double *least, double *most) {
  guint count = 0, i = from;
  double sum_of_steps = 0;
  for (; i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    gboolean one = item->count == 1 && strcmp(first_word(parse, i), "one") == 0;
    if (item->claimed || (!one && item->kind != ITEM_NUMBER)) {
      if (count > 0 && (item_is_word(item, WORD_OR) || item_is_word(item, WORD_AND))) continue;
      break;
    }
    double number = one ? 1 : item->number;
    if (count > 0) sum_of_steps += number - *most;
    if (count > 0 && number - *most != 1) return from;
    if (count++ == 0) *least = number;
    *most = number;
  }
  return count >= 2 && sum_of_steps == count - 1 ? i : from;
}

static gboolean joins_number(const Item *item) {
  return item->kind == ITEM_STOP || item_is_word(item, WORD_HAVING) || item_is_word(item, WORD_BOUGHT) || item_is_word(item, WORD_CONTAINS) ||
         item_is_word(item, WORD_YES_NO) || item_is_word(item, WORD_INCLUDE) || (item->kind == ITEM_WORD && item->is_stop);
}

/* "how many orders have 1, 2 or 3 lines": of each number how many. */
static gboolean read_listed_numbers(Parse *parse) {
  int how_many = parse_find_word(parse, WORD_HOW_MANY, 0), noun = how_many >= 0 ? parse_next(parse, (guint)how_many + 1) : -1;
  if (noun < 0 || !is_holder(parse_item(parse, (guint)noun))) return FALSE;
  guint from = (guint)noun + 1;
  while (from < parse_n(parse) && parse_item(parse, from)->kind != ITEM_NUMBER && strcmp(first_word(parse, from), "one") != 0 &&
         joins_number(parse_item(parse, from)))
    from++;
  double bounds[2] = {0, 0};
  guint end = run_of_numbers(parse, from, &bounds[0], &bounds[1]);
  const Entity *holder = parse_item(parse, (guint)noun)->meaning.entity;
  if (end == from || end >= parse_n(parse)) return FALSE;
  Measure *held = held_number(parse, parse_item(parse, end), holder);
  if (held == NULL || !add_spread(parse, holder, held)) return FALSE;
  Filter *filter = parse_add_group_filter(parse, holder, NULL, measure_copy(held));
  filter->op = OP_BETWEEN;
  for (guint i = 0; i < 2; i++) g_ptr_array_add(filter->values, g_strdup_printf("%.0f", bounds[i]));
  claim_words(parse, (guint)how_many, end);
  return TRUE;
}

/* Whose number it is: the entity that is counted, also where its key is ("number of different Member No"). */
static const Entity *counted_holder(const Parse *parse, const Item *item) {
  if (is_holder(item)) return item->meaning.entity;
  const Field *field = item->kind == ITEM_FIELD && !item->claimed ? parse_group_field(parse, item) : NULL;
  const Entity *entity = field != NULL && field->entity != NULL && field->role == FIELD_ROLE_IDENTIFIER ? model_find_entity(parse->model, field->entity) : NULL;
  return entity != NULL && entity->key != NULL ? entity : NULL;
}

/* "per order" at `index`, where those are the holders: its last item; -1. */
static int per_holder(const Parse *parse, int index, const Entity *holder) {
  if (index < 0 || !item_is_word(parse_item(parse, (guint)index), WORD_BY)) return -1;
  int next = parse_next(parse, (guint)index + 1);
  return next >= 0 && parse_item(parse, (guint)next)->meaning.entity == holder ? next : -1;
}

/* "how many invoices are there by number of lines", "number of invoices by lines per invoice". */
static gboolean read_counted_by_number(Parse *parse) {
  int how_many = parse_find_word(parse, WORD_HOW_MANY, 0), noun = how_many >= 0 ? parse_next(parse, (guint)how_many + 1) : -1;
  const Entity *holder = noun >= 0 ? counted_holder(parse, parse_item(parse, (guint)noun)) : NULL;
  int by = holder != NULL ? parse_next(parse, (guint)noun + 1) : -1;
  while (by >= 0 && item_is_word(parse_item(parse, (guint)by), WORD_YES_NO)) by = parse_next(parse, (guint)by + 1);
  int what = by >= 0 && item_is_word(parse_item(parse, (guint)by), WORD_BY) ? parse_next(parse, (guint)by + 1) : -1;
  gboolean numbered = what >= 0 && item_is_word(parse_item(parse, (guint)what), WORD_HOW_MANY);
  if (numbered) what = parse_next(parse, (guint)what + 1);
  if (what < 0) return FALSE;
  const Item *item = parse_item(parse, (guint)what);
  const Metric *ratio = item->kind == ITEM_METRIC && item->meaning.metric->kind == METRIC_RATIO ? item->meaning.metric : NULL;
  const Metric *below = ratio != NULL ? model_find_metric(parse->model, ratio->denominator) : NULL;
  int last = per_holder(parse, parse_next(parse, (guint)what + 1), holder);
  gboolean said = numbered || last >= 0;
  if (ratio != NULL) said = below != NULL && g_strcmp0(below->entity, holder->name) == 0 && spread_of_ratio(parse, (guint)what);
  else said = said && add_spread(parse, holder, held_number(parse, item, holder));
  if (said) claim_words(parse, (guint)how_many, (guint)MAX(what, last));
  return said;
}

/* ---- days that pass a test ---- */
/* "open", "closed" of a column that says yes or no. */
static const Field *flag_of(const Parse *parse, const Item *item) {
  const Field *field = item->kind == ITEM_FIELD ? parse_group_field(parse, item) : NULL;
  if (item->kind == ITEM_VALUE && item->hits->len > 0) field = item_hit(item, NULL)->field;
  return flag_is(field) ? field : NULL;
}

/* "closed days by store", with nothing measured. */
static gboolean starts_with_flagged_unit(const Parse *parse) {
  for (guint i = 0; i < parse_n(parse); i++)
    if (parse_item(parse, i)->kind == ITEM_METRIC || item_is_word(parse_item(parse, i), WORD_AVERAGE)) return FALSE;
  const Item *grain = parse_n(parse) > 1 ? parse_item(parse, 1) : NULL;
  return grain != NULL && grain->kind == ITEM_GRAIN && grain->plural && !grain->meaning.unit_adverb && flag_of(parse, parse_item(parse, 0)) != NULL;
}

/* "how many days", "in how many months": the unit, and the last item of it; TIME_UNIT_NONE: not asked. */
static TimeUnit counted_unit(const Parse *parse, guint *first, guint *last) {
  for (guint i = 0; i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    g_autofree char *words = tokens_fold_phrase(parse->items->tokens, item->first, item->count);
    int next = parse_next(parse, i + 1);
    *first = *last = i;
    if (g_str_has_suffix(words, "how many days") || strcmp(words, "number of days") == 0) return TIME_UNIT_DAY;
    if (item->claimed || !item_is_word(item, WORD_HOW_MANY) || next < 0) continue;
    if (flag_of(parse, parse_item(parse, (guint)next)) != NULL && (guint)next + 1 < parse_n(parse)) next++; /* "how many open days" */
    const Item *grain = parse_item(parse, (guint)next);
    *last = (guint)next;
    if (grain->kind == ITEM_GRAIN && grain->plural && !grain->meaning.unit_adverb) return grain->meaning.unit;
  }
  *first = *last = 1;
  return starts_with_flagged_unit(parse) ? parse_item(parse, 1)->meaning.unit : TIME_UNIT_NONE;
}

static gboolean read_test(Parse *parse, guint from, Measure *measure, guint *first, guint *last) {
  static const struct { WordClass word; Operator op; } OPERATORS[] = {{WORD_AT_LEAST, OP_GREATER_EQUAL}, {WORD_AT_MOST, OP_LESS_EQUAL},
      {WORD_MORE_THAN, OP_GREATER}, {WORD_LESS_THAN, OP_LESS}, {WORD_EXACTLY, OP_EQUAL}};
  for (guint i = from; i < parse_n(parse); i++) {
    int number = parse_next(parse, i + 1);
    if (parse_item(parse, i)->claimed || number < 0 || parse_item(parse, (guint)number)->kind != ITEM_NUMBER) continue;
    for (guint k = 0; k < G_N_ELEMENTS(OPERATORS); k++) {
      if (!item_is_word(parse_item(parse, i), OPERATORS[k].word)) continue;
      guint end;
      measure->tested = TRUE;
      measure->test = OPERATORS[k].op;
      measure->test_value = parse_scaled_number(parse, (guint)number, &end);
      *first = i;
      *last = end - 1;
      return TRUE;
    }
  }
  return FALSE;
}

/* What is tested: the noun behind the number ("more than 5 checks"), else the one before it; -1: not said. */
static int tested_noun(const Parse *parse, guint from, guint first, guint last) {
  int next = parse_next(parse, last + 1);
  const Item *after = next >= 0 ? parse_item(parse, (guint)next) : NULL;
  if (after != NULL && !after->comma_before && measure_noun_metric(parse, after) != NULL) return next;
  for (int at = (int)first - 1; at > (int)from; at--)
    if (measure_noun_metric(parse, parse_item(parse, (guint)at)) != NULL) return at;
  return -1;
}

/* "on how many days did sales exceed 5000". */
static gboolean read_passing_units(Parse *parse) {
  guint first = 0, last = 0, test_first = 0, test_last = 0;
  TimeUnit unit = counted_unit(parse, &first, &last);
  if (unit == TIME_UNIT_NONE) return FALSE;
  parse_read_scaled_numbers(parse);
  Measure *measure = measure_per(NULL, AGGREGATE_COUNT, NULL, unit);
  gboolean tests = read_test(parse, last + 1, measure, &test_first, &test_last);
  int noun = tests ? tested_noun(parse, last, test_first, test_last) : -1;
  const Metric *metric = noun >= 0 ? measure_noun_metric(parse, parse_item(parse, (guint)noun)) : parse_default_metric(parse);
  int beyond = tests ? parse_next(parse, test_last + 1) : -1;
  gboolean duration = beyond >= 0 && (parse_item(parse, (guint)beyond)->kind == ITEM_GRAIN || parse_item(parse, (guint)beyond)->kind == ITEM_CYCLIC);
  if (!tests || duration || metric == NULL) {
    measure_free(measure);
    return FALSE;
  }
  gboolean percent = parse_item(parse, test_last)->percent, fraction = g_strcmp0(metric->unit, "fraction") == 0;
  if (percent || (fraction && measure->test_value > 1)) measure->test_value /= 100;
  measure->left = measure_new_metric(metric->name);
  g_autofree char *name = g_strdup(time_unit_name(unit));
  measure->name = text_plural(name);
  parse_add_measure(parse, measure);
  parse->metric_named = TRUE;
  if (noun < 0) parse_assume(parse, "default_metric", "measured by %s", metric->label);
  for (guint i = first; i <= MAX(test_last, (guint)MAX(noun, 0)); i++) {
    const Item *item = parse_item(parse, i);
    gboolean word = item->kind == ITEM_WORD && !item->is_stop;
    if (i <= last || i >= test_first || (int)i == noun || (word && joins_number(item)) || item_is_word(item, WORD_EARNED)) parse_claim(parse, i, "days that pass");
  }
  return TRUE;
}

/* "on how many days was store 1 closed", "how many promo days": days on which there is any such row. */
static gboolean read_days_of_state(Parse *parse) {
  static const char *const ON[] = {"on", "for", "in", "during", NULL}, *const RUNS[] = {"open", "opened", "trading", NULL};
  guint first = 0, last = 0;
  const TimeUnit unit = counted_unit(parse, &first, &last);
  const gboolean on = unit != TIME_UNIT_NONE && g_strv_contains(ON, first > 0 ? first_word(parse, first - 1) : "");
  const gboolean starts_on = unit != TIME_UNIT_NONE && g_strv_contains(ON, first_word(parse, first));
  const Field *flag = NULL;
  int runs = -1;
  for (guint i = 0; unit != TIME_UNIT_NONE && i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    if (item_is_word(item, WORD_BETWEEN) || (i > last && item->kind == ITEM_METRIC) || item_is_comparator(item)) return FALSE;
    if (flag == NULL) flag = flag_of(parse, item);
    if (i > last && flag_of(parse, item) == NULL && g_strv_contains(RUNS, first_word(parse, i))) runs = (int)i;
  }
  if (unit == TIME_UNIT_NONE || (flag == NULL && !on && !starts_on)) return FALSE;
  const Dataset *own = flag != NULL ? model_find_dataset(parse->model, flag->dataset) : NULL;
  const Dataset *fact = own != NULL && own->is_fact ? own : parse->model->default_dataset != NULL ? model_find_dataset(parse->model, parse->model->default_dataset) : NULL;
  const Metric *rows = fact != NULL ? parse_rows_metric(parse, fact) : NULL;
  if (rows == NULL) return FALSE;
  Measure *measure = measure_per(measure_new_metric(rows->name), AGGREGATE_COUNT, NULL, unit);
  measure->name = text_plural(time_unit_name(unit));
  measure->tested = TRUE;
  measure->test = OP_GREATER;
  parse_add_measure(parse, measure);
  parse->metric_named = TRUE;
  for (guint i = first; i <= last; i++)
    if (flag_of(parse, parse_item(parse, i)) == NULL) parse_claim(parse, i, "counted days");
  if (flag == NULL && runs >= 0) {
    parse_claim(parse, (guint)runs, "has rows");
    parse_assume(parse, "default_row", "open is where there are %s", fact->label);
  }
  return TRUE;
}

void parse_spread(Parse *parse) {
  if (parse->verdict != NULL || parse->fragment || parse->query->measures->len > 0) return;
  if (read_passing_units(parse) || read_days_of_state(parse) || read_distribution(parse) || read_listed_numbers(parse)) return;
  read_counted_by_number(parse);
}
