/* Tests on results and on what things have: above 100,000; customers with more than 10 orders; lines with a discount over 20 %. */
#include <math.h>
#include <string.h>

#include "ask/measures.h"

/* ---- numbers ---- */
double parse_scaled_number(Parse *parse, guint index, guint *end) {
  const Item *item = parse_item(parse, index);
  double value = item->number;
  *end = index + 1;
  static const struct { WordClass word; double factor; } SCALES[] = {
      {WORD_THOUSAND, 1e3}, {WORD_MILLION, 1e6}, {WORD_BILLION, 1e9}, {WORD_DOZEN, 12}};
  for (guint i = 0; i < G_N_ELEMENTS(SCALES); i++) {
    if (!parse_free_word(parse, *end, SCALES[i].word)) continue;
    (*end)++;
    return value * SCALES[i].factor;
  }
  return value;
}

/* "100k", "2.5m": digits with a letter are one token and no plain number. */
void parse_read_scaled_numbers(Parse *parse) {
  for (guint i = 0; i < parse_n(parse); i++) {
    Item *item = parse_item(parse, i);
    if (item->kind != ITEM_UNKNOWN || item->count != 1) continue;
    const Token *token = token_at(parse->items->tokens, item->first);
    char *end;
    double value = g_ascii_strtod(token->fold, &end);
    if (!token->is_number || end == token->fold) continue;
    double factor = strcmp(end, "k") == 0 ? 1e3 : strcmp(end, "m") == 0 || strcmp(end, "mn") == 0 || strcmp(end, "mio") == 0 ? 1e6
                    : strcmp(end, "bn") == 0 || strcmp(end, "b") == 0 ? 1e9 : 0;
    if (factor == 0) continue;
    item->kind = ITEM_NUMBER;
    item->number = value * factor;
    item->money = token->is_money;
  }
}

/* ---- tests ---- */
typedef struct { Operator op; double value, value_to; guint first, last; gboolean percent; } NumberTest;

static gboolean operator_of(const Item *item, Operator *op) {
  static const struct { WordClass word; Operator op; } OPERATORS[] = {{WORD_AT_LEAST, OP_GREATER_EQUAL}, {WORD_AT_MOST, OP_LESS_EQUAL},
      {WORD_MORE_THAN, OP_GREATER}, {WORD_LESS_THAN, OP_LESS}, {WORD_EXACTLY, OP_EQUAL}};
  for (guint i = 0; i < G_N_ELEMENTS(OPERATORS); i++) {
    if (!item_is_word(item, OPERATORS[i].word)) continue;
    *op = OPERATORS[i].op;
    return TRUE;
  }
  return FALSE;
}

static gboolean negates_test(Parse *parse, guint index) {
  int before = parse_before(parse, index);
  if (before < 0 || !parse_free_word(parse, (guint)before, WORD_NOT)) return FALSE;
  parse_claim(parse, (guint)before, "not");
  return TRUE;
}

static Operator opposite(Operator op) {
  return op == OP_GREATER ? OP_LESS_EQUAL : op == OP_LESS ? OP_GREATER_EQUAL : op == OP_GREATER_EQUAL ? OP_LESS
         : op == OP_LESS_EQUAL ? OP_GREATER : op;
}

static gboolean holds_percent(const Parse *parse, guint having) {
  if (having + 2 >= parse_n(parse)) return FALSE;
  const Item *number = parse_item(parse, having + 1), *noun = parse_item(parse, having + 2);
  return number->kind == ITEM_NUMBER && number->percent && !number->claimed && noun->kind == ITEM_METRIC &&
         g_strcmp0(noun->meaning.metric->unit, "fraction") == 0;
}

/* "of" between a number of each row and the number it is to be. */
static gboolean is_equality(const Parse *parse, guint of) {
  if (of == 0 || of + 1 >= parse_n(parse) || strcmp(token_at(parse->items->tokens, parse_item(parse, of)->first)->fold, "of") != 0) return FALSE;
  const Item *metric = parse_item(parse, of - 1), *number = parse_item(parse, of + 1);
  gboolean of_rows = metric->kind == ITEM_METRIC && metric->meaning.metric->aggregate == AGGREGATE_AVERAGE &&
                     metric->meaning.metric->kind == METRIC_AGGREGATE;
  return of_rows && number->kind == ITEM_NUMBER && !number->claimed && parse_item(parse, of)->count == 1;
}

/* Whether people (customers, members) stand before the item: what they have is a number of their own. */
static gboolean follows_things(const Parse *parse, guint before) {
  for (guint i = 0; i < before; i++) {
    const Item *item = parse_item(parse, i);
    if (item->kind == ITEM_ENTITY && !item->meaning.entity->is_event && item->plural) return TRUE;
  }
  return FALSE;
}

/* The next test on a number from item `from` on. */
static gboolean find_test(Parse *parse, guint from, NumberTest *test) {
  for (guint i = from; i < parse_n(parse); i++) {
    Item *item = parse_item(parse, i);
    if (is_equality(parse, i)) { /* "credit days of 60" */
      *test = (NumberTest){OP_EQUAL, parse_item(parse, i + 1)->number, 0, i, i + 1, parse_item(parse, i + 1)->percent};
      return TRUE;
    }
    if (item->claimed || item->kind != ITEM_WORD) continue;
    Operator op;
    if (item_is_word(item, WORD_NEGATIVE) || item_is_word(item, WORD_POSITIVE)) {
      *test = (NumberTest){item_is_word(item, WORD_NEGATIVE) ? OP_LESS : OP_GREATER, 0, 0, i, i, FALSE};
      return TRUE;
    }
    if (item_is_word(item, WORD_BETWEEN) && i + 3 < parse_n(parse) && parse_item(parse, i + 1)->kind == ITEM_NUMBER) {
      guint end, second_end;
      double low = parse_scaled_number(parse, i + 1, &end);
      if (end + 1 < parse_n(parse) && (item_is_word(parse_item(parse, end), WORD_AND)) && parse_item(parse, end + 1)->kind == ITEM_NUMBER) {
        double high = parse_scaled_number(parse, end + 1, &second_end);
        *test = (NumberTest){OP_BETWEEN, low, high, i, second_end - 1, parse_item(parse, end + 1)->percent};
        return TRUE;
      }
    }
    if (item_is_word(item, WORD_HAVING) && holds_percent(parse, i)) { /* "with 25 % discount" */
      *test = (NumberTest){OP_EQUAL, parse_item(parse, i + 1)->number, 0, i, i + 1, TRUE};
      return TRUE;
    }
    const Item *one = i + 1 < parse_n(parse) ? parse_item(parse, i + 1) : NULL, *thing = i + 2 < parse_n(parse) ? parse_item(parse, i + 2) : NULL;
    static const char *const HOLDS[] = {"with", "have", "has", "had", "who", "that", NULL}; /* "customers with three orders" */
    gboolean holds = item_is_word(item, WORD_HAVING) && g_strv_contains(HOLDS, token_at(parse->items->tokens, item->first)->fold) && follows_things(parse, i);
    gboolean just_one = (item_is_word(item, WORD_ONLY) || holds) && one != NULL && thing != NULL && !one->claimed && thing->kind == ITEM_ENTITY && thing->meaning.entity->is_event &&
                        (one->kind == ITEM_NUMBER || strcmp(token_at(parse->items->tokens, one->first)->fold, "one") == 0); /* "with just one order" */
    if (just_one) {
      *test = (NumberTest){OP_EQUAL, one->kind == ITEM_NUMBER ? one->number : 1, 0, i, i + 1, FALSE};
      return TRUE;
    }
    if (!operator_of(item, &op)) continue;
    int next = parse_next(parse, i + 1);
    int unit = next >= 0 ? parse_next(parse, (guint)next + 1) : -1;
    gboolean duration = unit >= 0 && parse_item(parse, (guint)unit)->kind == ITEM_GRAIN && op == OP_GREATER &&
                        strcmp(token_at(parse->items->tokens, item->first)->fold, "over") == 0; /* "averaged over 3 months" */
    if (duration) continue;
    if (next >= 0 && parse_item(parse, (guint)next)->kind == ITEM_NUMBER && !parse_item(parse, (guint)next)->claimed) {
      guint end;
      double value = parse_scaled_number(parse, (guint)next, &end);
      if (negates_test(parse, i)) op = opposite(op);
      *test = (NumberTest){op, value, 0, i, end - 1, parse_item(parse, (guint)next)->percent};
      return TRUE;
    }
    if (i > 0 && parse_item(parse, i - 1)->kind == ITEM_NUMBER && !parse_item(parse, i - 1)->claimed &&
        (op == OP_GREATER_EQUAL || op == OP_LESS_EQUAL)) { /* "10 or more" */
      *test = (NumberTest){op, parse_item(parse, i - 1)->number, 0, i - 1, i, parse_item(parse, i - 1)->percent};
      return TRUE;
    }
  }
  return FALSE;
}

static gboolean is_measurable(const Item *item) {
  return item->kind == ITEM_METRIC || item->kind == ITEM_ENTITY || item->kind == ITEM_ROWS;
}

/* The thing that is tested: the noun right after the number ("more than 10 orders"), else the nearest one before. */
static int tested_noun(const Parse *parse, const NumberTest *test) {
  int next = parse_next(parse, test->last + 1);
  while (next >= 0 && (item_is_word(parse_item(parse, (guint)next), WORD_SUM) || parse_item(parse, (guint)next)->kind == ITEM_VALUE ||
                       parse_item(parse, (guint)next)->kind == ITEM_CONDITION)) next = parse_next(parse, (guint)next + 1);
  if (next >= 0 && is_measurable(parse_item(parse, (guint)next)) && !parse_item(parse, (guint)next)->comma_before) {
    const Item *item = parse_item(parse, (guint)next);
    if (!item->claimed || item->kind == ITEM_METRIC || g_strcmp0(item->claimed_as, "count") == 0) return next;
  }
  int held = parse_before(parse, test->first);
  if (held > 0 && test->percent && item_is_word(parse_item(parse, (guint)held), WORD_BY)) held = parse_before(parse, (guint)held); /* "marked down by 20 %" */
  if (held >= 0 && parse_item(parse, (guint)held)->meaning.condition != NULL) { /* "with a discount over 30 %": tests the measure itself */
    const Item *item = parse_item(parse, (guint)held);
    for (guint t = item->first; t < item->first + item->count; t++) {
      const Meaning *meaning = lexicon_find(parse->lexicon, token_at(parse->items->tokens, t)->stem);
      if (meaning == NULL || meaning->metric == NULL) continue;
      Item *tested = parse_item(parse, (guint)held);
      tested->meaning.metric = meaning->metric;
      tested->meaning.field = meaning->field;
      tested->kind = ITEM_METRIC;
      return held;
    }
    const Metric *discount = model_find_metric(parse->model, "discount");
    if (strcmp(item->meaning.condition->name, "discounted") == 0 && discount != NULL && test->percent) { /* "marked down by 20 %" */
      Item *tested = parse_item(parse, (guint)held);
      if (tested->filter != NULL) g_ptr_array_remove(parse->query->filters, tested->filter);
      tested->filter = NULL;
      tested->meaning.metric = discount;
      tested->kind = ITEM_METRIC;
      return held;
    }
  }
  for (int at = (int)test->first - 1; at >= 0; at--) {
    const Item *item = parse_item(parse, (guint)at);
    if (item->kind == ITEM_METRIC || item->kind == ITEM_FIELD) return at;
    if (item->kind == ITEM_ENTITY) return at;
    if (item->kind == ITEM_TIME || item->kind == ITEM_VALUE || item->kind == ITEM_STOP || item_is_word(item, WORD_HAVING) ||
        item_is_word(item, WORD_SUM) || item_is_word(item, WORD_VALUE_WORD) || item->kind == ITEM_WORD)
      continue;
    break;
  }
  return -1;
}

static double for_unit(const Metric *metric, const NumberTest *test, double value) {
  gboolean fraction = metric != NULL && g_strcmp0(metric->unit, "fraction") == 0;
  if (test->percent) return fraction || metric == NULL ? value / 100 : value / 100;
  return fraction && fabs(value) > 1 ? value / 100 : value;
}

static char *number_text(double value) {
  GString *text = g_string_new(NULL);
  json_append_double(text, value);
  return g_string_free(text, FALSE);
}

/* The test on a measure of each entity, or where that is NULL of each value of the field. */
static void add_group_test(Parse *parse, const Entity *entity, const Field *field, const Metric *metric, const NumberTest *test) {
  Filter *filter = parse_add_group_filter(parse, entity, field, measure_new_metric(metric->name));
  filter->op = test->op;
  g_ptr_array_add(filter->values, number_text(for_unit(metric, test, test->value)));
  if (test->op == OP_BETWEEN) g_ptr_array_add(filter->values, number_text(for_unit(metric, test, test->value_to)));
}

/* A test on a column of the single rows: "lines with a discount above 20 %". */
static gboolean add_row_filter(Parse *parse, const Metric *metric, const Field *field, const NumberTest *test) {
  if (field == NULL && metric != NULL) field = measure_row_field(parse, metric);
  if (field == NULL) return FALSE;
  gboolean fraction = g_strcmp0(field->unit, "fraction") == 0;
  Filter *filter = filter_new(FILTER_FIELD);
  filter->field = lexicon_field_path(field);
  filter->op = test->op;
  double values[2] = {test->value, test->value_to};
  for (guint i = 0; i < (test->op == OP_BETWEEN ? 2u : 1u); i++) {
    double value = test->percent || (fraction && fabs(values[i]) > 1) ? values[i] / 100 : values[i];
    GString *text = g_string_new(NULL);
    json_append_double(text, value);
    g_ptr_array_add(filter->values, g_string_free(text, FALSE));
  }
  g_ptr_array_add(parse->query->filters, filter);
  return TRUE;
}

static void claim_test(Parse *parse, const NumberTest *test, int noun) {
  for (guint i = test->first; i <= test->last; i++) parse_claim(parse, i, "test");
  if (noun >= 0) parse_claim(parse, (guint)noun, "tested");
  if (noun >= 0 && noun < (int)test->first)
    for (guint i = (guint)noun; i < test->first; i++)
      if (parse_free_word(parse, i, WORD_HAVING) || parse_free_word(parse, i, WORD_YES_NO)) parse_claim(parse, i, "with");
  int before = parse_before(parse, test->first);
  if (before >= 0 && (parse_free_word(parse, (guint)before, WORD_HAVING) || parse_free_word(parse, (guint)before, WORD_INCLUDE)))
    parse_claim(parse, (guint)before, "with");
}

/* The counted or summed entity that a test narrows: "revenue from orders over 500". */
static const Entity *holder(const Parse *parse, const NumberTest *test, int noun) {
  int limit = noun >= 0 && noun < (int)test->first ? noun : (int)test->first;
  for (int at = limit; at >= 0; at--) {
    const Item *item = parse_item(parse, (guint)at);
    if (item->kind == ITEM_ENTITY && item->meaning.entity->key != NULL) return item->meaning.entity;
  }
  return parse->counted;
}

static gboolean entity_is_grouped(const Parse *parse, const Entity *entity) {
  const Field *field = entity != NULL ? lexicon_entity_field(parse->lexicon, entity) : NULL;
  if (field == NULL) return FALSE;
  g_autofree char *path = lexicon_field_path(field);
  for (guint i = 0; i < parse->query->dimensions->len; i++)
    if (g_strcmp0(((const Dimension *)g_ptr_array_index(parse->query->dimensions, i))->field, path) == 0) return TRUE;
  return FALSE;
}

/* "who ordered more than 18 times": customers by their number of orders. */
static gboolean test_times(Parse *parse, const NumberTest *test) {
  if (test->last + 1 >= parse_n(parse) || strcmp(token_at(parse->items->tokens, parse_item(parse, test->last + 1)->first)->fold, "times") != 0) return FALSE;
  const Entity *customer = model_find_entity(parse->model, "customer"), *order = model_find_entity(parse->model, "order");
  const Metric *orders = order != NULL ? parse_entity_metric(parse, order) : NULL;
  if (customer == NULL || orders == NULL) return FALSE;
  if (parse->query->dimensions->len > 0 && entity_is_grouped(parse, customer)) {
    g_ptr_array_set_size(parse->query->measures, 0);
    Having having = {parse_add_metric(parse, orders), ON_VALUE, test->op, test->value, test->value_to};
    g_array_append_val(parse->query->having, having);
  } else {
    add_group_test(parse, customer, NULL, orders, test);
  }
  parse->metric_named = TRUE;
  claim_test(parse, test, -1);
  parse_claim_word(parse, WORD_BOUGHT, "ordered");
  return TRUE;
}

/* "states that grew by more than 50 %": kept until the comparison is known. */
static gboolean test_growth(Parse *parse, const NumberTest *test) {
  gboolean falls = parse_has_word(parse, WORD_FALL), rises = parse_has_word(parse, WORD_RISE) || parse_has_word(parse, WORD_GROW);
  if ((!falls && !rises) || parse->query->dimensions->len == 0 || !parse->change_asked) return FALSE;
  gboolean below = test->op == OP_LESS || test->op == OP_LESS_EQUAL;
  double value = test->percent ? test->value / 100 : test->value;
  Having having = {0, test->percent ? ON_GROWTH : ON_CHANGE, test->op, value, test->value_to};
  if (falls && !rises) {
    having.op = below ? (test->op == OP_LESS ? OP_GREATER : OP_GREATER_EQUAL) : (test->op == OP_GREATER ? OP_LESS : OP_LESS_EQUAL);
    having.value = -value;
  }
  g_array_append_val(parse->query->having, having);
  parse->change_tested = TRUE;
  claim_test(parse, test, -1);
  return TRUE;
}

/* What only tests the groups that are counted is not asked for itself. */
static void drop_tested_measure(Parse *parse, const Metric *metric) {
  for (guint i = 0; parse->query->measures->len > 1 && i < parse->query->measures->len; i++) {
    const Measure *measure = g_ptr_array_index(parse->query->measures, i);
    if (measure->kind == MEASURE_METRIC && g_strcmp0(measure->metric, metric->name) == 0) g_ptr_array_remove_index(parse->query->measures, i--);
  }
}

/* "lines discounted by more than 20 %": the lines are asked for, not the discount. */
static void count_tested_rows(Parse *parse, const NumberTest *test, const Metric *metric) {
  const Measure *only = parse->query->measures->len == 1 ? g_ptr_array_index(parse->query->measures, 0) : NULL;
  if (metric == NULL || only == NULL || g_strcmp0(only->metric, metric->name) != 0) return;
  for (guint i = 0; i < test->first; i++) {
    const Item *item = parse_item(parse, i);
    gboolean rows = item->kind == ITEM_ROWS || (item->kind == ITEM_ENTITY && item->meaning.entity->is_event);
    if (item->kind == ITEM_METRIC || item_is_word(item, WORD_AVERAGE)) { /* the measure itself comes first: "discount of lines ..." */
      if (!rows) return;
    }
    if (!rows || item->claimed || !item->plural) continue;
    g_ptr_array_set_size(parse->query->measures, 0);
    if (!parse_count_item(parse, i)) parse_add_metric(parse, metric);
    return;
  }
}

/* "orders with more than one category", "customers who bought from more than 3 stores": how many different ones each has. */
static gboolean test_variety(Parse *parse, const NumberTest *test) {
  int next = parse_next(parse, test->last + 1);
  const Item *noun = next >= 0 ? parse_item(parse, (guint)next) : NULL;
  const Entity *entity = NULL;
  for (int at = (int)test->first - 1; at >= 0 && entity == NULL; at--)
    if (parse_item(parse, (guint)at)->kind == ITEM_ENTITY && parse_item(parse, (guint)at)->meaning.entity->key != NULL)
      entity = parse_item(parse, (guint)at)->meaning.entity;
  gboolean field_noun = noun != NULL && noun->kind == ITEM_FIELD && !noun->comma_before && !noun->claimed;
  const Field *field = field_noun ? parse_group_field(parse, noun) : NULL;
  if (field == NULL || entity == NULL || test->value < 1 || test->percent) return FALSE;
  Measure *measure = measure_new(MEASURE_AGGREGATE);
  measure->aggregate = AGGREGATE_COUNT_DISTINCT;
  measure->field = lexicon_field_path(field);
  Filter *filter = parse_add_group_filter(parse, entity, NULL, measure);
  filter->op = test->op;
  g_ptr_array_add(filter->values, number_text(test->value));
  if (test->op == OP_BETWEEN) g_ptr_array_add(filter->values, number_text(test->value_to));
  claim_test(parse, test, next);
  parse_describe(parse, (guint)next, "number of different %s", field->label);
  return TRUE;
}

/* The number of orders that each group is held against: they stand before a plain number, and something else is listed. */
static const Metric *tested_count(const Parse *parse, int noun, const NumberTest *test) {
  const Item *item = parse_item(parse, (guint)noun), *number = parse_item(parse, test->last);
  gboolean event = item->kind == ITEM_ENTITY && item->plural && item->meaning.entity->is_event && noun < (int)test->first;
  gboolean listed = parse->query->dimensions->len > 0 && (parse->listing || parse->group_named) && !entity_is_grouped(parse, item->meaning.entity);
  const Dimension *dimension = listed ? g_ptr_array_index(parse->query->dimensions, 0) : NULL;
  const Field *field = dimension != NULL && dimension->field != NULL ? model_find_field(parse->model, dimension->field) : NULL;
  gboolean person = field != NULL && g_strcmp0(field->entity, "customer") == 0; /* "customers with orders over 500": of that value */
  const char *compares = token_at(parse->items->tokens, parse_item(parse, test->first)->first)->fold;
  gboolean of_value = strcmp(compares, "over") == 0 && noun > 0 && item_is_word(parse_item(parse, (guint)noun - 1), WORD_HAVING);
  gboolean introduced = noun > 0 && item_is_word(parse_item(parse, (guint)noun - 1), WORD_HAVING);
  gboolean those = test->first > 0 && item_is_word(parse_item(parse, test->first - 1), WORD_SAME); /* "orders by tender, only those above 700" */
  gboolean plainly = strcmp(compares, "exceed") == 0 || strcmp(compares, "exceeds") == 0 || strcmp(compares, "exceeded") == 0;
  if (!introduced && !those && !(plainly && noun > 0)) return NULL;
  if (!event || field == NULL || person || number->money || test->percent || of_value) return NULL;
  return parse_entity_metric(parse, item->meaning.entity);
}

static void apply_test(Parse *parse, const NumberTest *test) {
  if (test_times(parse, test) || test_growth(parse, test) || test_variety(parse, test)) return;
  int noun = tested_noun(parse, test);
  const Item *item = noun >= 0 ? parse_item(parse, (guint)noun) : NULL;
  const Metric *metric = item != NULL ? measure_noun_metric(parse, item) : NULL;
  const Entity *entity = holder(parse, test, noun);
  const Metric *counts = item != NULL ? tested_count(parse, noun, test) : NULL;
  if (counts != NULL) { /* "branches with orders greater than 500": how many each has */
    int index = parse_add_metric(parse, counts);
    Having having = {index, ON_VALUE, test->op, test->value, test->value_to};
    g_array_append_val(parse->query->having, having);
    parse->metric_named = TRUE;
    claim_test(parse, test, noun);
    return;
  }
  if (item != NULL && item->kind == ITEM_ENTITY && noun < (int)test->first) { /* "orders over 500" */
    entity = item->meaning.entity;
    metric = parse_default_metric(parse);
  }
  gboolean row_level = metric == NULL || metric->aggregate == AGGREGATE_AVERAGE || metric->aggregate == AGGREGATE_MEDIAN ||
                       metric->aggregate == AGGREGATE_MIN || metric->aggregate == AGGREGATE_MAX;
  const Field *field = item != NULL && item->meaning.field != NULL && item->meaning.field->role == FIELD_ROLE_MEASURE ? item->meaning.field : NULL;
  if (metric == NULL && field == NULL) metric = parse_default_metric(parse), row_level = FALSE;
  gboolean grouped = parse->query->dimensions->len > 0 && (parse->listing || parse->group_named);
  gboolean tests_group = grouped && metric != NULL && (entity == NULL || entity_is_grouped(parse, entity) || parse->listing) &&
                         !(entity != NULL && !entity_is_grouped(parse, entity) && item != NULL && item->kind == ITEM_ENTITY && noun < (int)test->first);
  gboolean counts_rows = row_level && item != NULL && item->kind == ITEM_METRIC && g_strcmp0(item->claimed_as, "count") == 0; /* "number of ratings above 8" */
  tests_group = tests_group && !counts_rows;
  gboolean tests_counted = parse->counted_field != NULL && metric != NULL && !row_level &&
                           !(item != NULL && item->kind == ITEM_ENTITY && noun < (int)test->first); /* "how many states have sales above" */
  if (tests_counted) {
    add_group_test(parse, NULL, parse->counted_field, metric, test);
    drop_tested_measure(parse, metric);
  } else if (tests_group) {
    int index = parse_add_metric(parse, metric);
    Having having = {index, ON_VALUE, test->op, for_unit(metric, test, test->value), for_unit(metric, test, test->value_to)};
    g_array_append_val(parse->query->having, having);
    parse->metric_named = TRUE;
  } else if (row_level && (field != NULL || metric != NULL) && (parse->counted == NULL || parse->counted->key == NULL || parse->counted->is_event) &&
             add_row_filter(parse, metric, field, test)) {
    count_tested_rows(parse, test, metric);
    if (metric != NULL && (parse->counted != NULL || parse->counted_field != NULL || parse_has_word(parse, WORD_HOW_MANY))) drop_tested_measure(parse, metric);
  } else if (entity != NULL && entity->key != NULL && metric != NULL) {
    add_group_test(parse, entity, NULL, metric, test);
    if (row_level && parse->counted == entity) drop_tested_measure(parse, metric); /* "how many customers have credit days of 60" */
  } else if (!add_row_filter(parse, metric, field, test)) {
    return;
  }
  claim_test(parse, test, noun >= 0 && (item->kind != ITEM_ENTITY || noun > (int)test->first) ? noun : -1);
  if (noun >= 0) parse_describe(parse, (guint)noun, "tested against %g", test->value);
}

/* "ordered more than once", "bought only once": customers by their number of orders. */
static void read_times_bought(Parse *parse) {
  static const struct { WordClass word; Operator op; const char *value; } TIMES[] = {
      {WORD_MORE_THAN_ONCE, OP_GREATER, "1"}, {WORD_ONCE, OP_EQUAL, "1"}, {WORD_TWICE, OP_EQUAL, "2"}};
  const Entity *customer = model_find_entity(parse->model, "customer"), *order = model_find_entity(parse->model, "order");
  const Metric *orders = order != NULL ? parse_entity_metric(parse, order) : NULL;
  if (customer == NULL || orders == NULL) return;
  for (guint t = 0; t < G_N_ELEMENTS(TIMES); t++) {
    int at = parse_find_word(parse, TIMES[t].word, 0);
    if (at < 0) continue;
    Filter *filter = filter_new(FILTER_ENTITY);
    filter->entity = g_strdup(customer->name);
    filter->measure = measure_new_metric(orders->name);
    filter->op = TIMES[t].op;
    filter->within = TRUE;
    g_ptr_array_add(filter->values, g_strdup(TIMES[t].value));
    g_ptr_array_add(parse->query->filters, filter);
    parse_claim(parse, (guint)at, "number of orders");
    parse_claim_word(parse, WORD_BOUGHT, "bought");
    return;
  }
}

/* "categories below budget", "stores that missed their target": what became of the plan, the plan, and the groups on that side of it. */
static void read_against_plan(Parse *parse) {
  const Metric *money = parse_default_metric(parse);
  const Measure *only = parse->query->measures->len > 0 ? g_ptr_array_index(parse->query->measures, parse->query->measures->len - 1) : NULL;
  const Metric *plan = only != NULL && only->metric != NULL ? model_find_metric(parse->model, only->metric) : NULL;
  gboolean is_plan = plan != NULL && (strstr(plan->name, "budget") != NULL || strstr(plan->name, "target") != NULL || strstr(plan->name, "plan") != NULL);
  if (!is_plan || money == NULL || plan == money || parse->query->dimensions->len == 0 || !parse->listing) return;
  static const char *const MISSED[] = {"miss", "missed", "misses", NULL}, *const BEATEN[] = {"beat", "beaten", "exceeded", "exceed", NULL};
  for (guint i = 0; i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    const char *fold = token_at(parse->items->tokens, item->first)->fold;
    int next = parse_next(parse, i + 1);
    gboolean before_plan = next >= 0 && parse_item(parse, (guint)next)->kind == ITEM_METRIC && item_metric(parse_item(parse, (guint)next)) == plan;
    gboolean below = (item_is_word(item, WORD_LESS_THAN) && before_plan) || g_strv_contains(MISSED, fold);
    gboolean above = (item_is_word(item, WORD_MORE_THAN) && before_plan) || g_strv_contains(BEATEN, fold);
    if (!below && !above) continue;
    if (parse->query->measures->len == 1) g_ptr_array_insert(parse->query->measures, 0, measure_new_metric(money->name));
    Measure *gap = measure_new(MEASURE_DIFFERENCE);
    gap->left = measure_new_metric(money->name);
    gap->right = measure_new_metric(plan->name);
    gap->name = g_strdup("difference");
    gap->label = g_strdup_printf("%s less %s", money->label, plan->label);
    Having having = {parse_add_measure(parse, gap), ON_VALUE, below ? OP_LESS : OP_GREATER, 0, 0};
    g_array_append_val(parse->query->having, having);
    parse_claim(parse, i, "against the plan");
    parse->change_asked = FALSE;
    return;
  }
}

/* "which items are out of stock": none of it is there. */
static void read_out_of_stock(Parse *parse) {
  const GArray *tokens = parse->items->tokens;
  for (guint i = 0; i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    const Metric *stock = item_metric(item);
    const gboolean out = item->first >= 2 && strcmp(token_at(tokens, item->first - 1)->fold, "of") == 0 && strcmp(token_at(tokens, item->first - 2)->fold, "out") == 0;
    if (!out || stock == NULL || stock->additivity != ADDITIVITY_SNAPSHOT) continue;
    if (parse->query->dimensions->len == 0) {
      parse_clarify(parse, "Out of stock by what: for each product, or for each store and product?");
      return;
    }
    Having having = {parse_add_metric(parse, stock), ON_VALUE, OP_LESS_EQUAL, 0, 0};
    g_array_append_val(parse->query->having, having);
    parse->metric_named = TRUE;
    parse_claim(parse, i, "nothing left");
    return;
  }
}

/* "products below reorder level": a test of one number of the row against another, which no filter can hold. */
static void refuse_test_of_two(Parse *parse) {
  static const char *const TESTS[] = {"below", "above", "under", "exceeding", "exceeds", NULL};
  for (guint i = 0; i + 1 < parse_n(parse) && parse->verdict == NULL; i++) {
    const Item *item = parse_item(parse, i), *next = parse_item(parse, i + 1);
    const gboolean test = !item->claimed && item->kind == ITEM_WORD && item_is_comparator(item) && g_strv_contains(TESTS, token_at(parse->items->tokens, item->first)->fold);
    if (!test || next->kind != ITEM_METRIC || next->comma_before) continue;
    g_autofree char *word = item_source(parse->items, item), *measure = item_source(parse->items, next);
    g_autofree char *question = g_strdup_printf("What is to be %s the %s? Name a number, as in '%s %s 10'.", word, measure, measure, word);
    parse_clarify(parse, question);
  }
}

void parse_tests(Parse *parse) {
  if (parse->verdict != NULL) return;
  read_out_of_stock(parse);
  read_against_plan(parse);
  parse_read_scaled_numbers(parse);
  read_times_bought(parse);
  NumberTest test;
  guint from = 0;
  for (guint round = 0; round < 8 && find_test(parse, from, &test); round++) {
    apply_test(parse, &test);
    from = test.last + 1;
  }
  refuse_test_of_two(parse);
}
