/* What is measured: the metrics that are named, those that are meant, and what their own conditions leave out. */
#include <string.h>

#include "ask/measures.h"

/* ---- metrics ---- */
/* "percent of orders ... per customer": METRIC per ENTITY without "average" reads as a ratio for events. */
static gboolean read_metric_per(Parse *parse, guint index) {
  const Metric *metric = parse_item(parse, index)->meaning.metric;
  if (!metric_is_total(metric)) return FALSE;
  ItemKind kind = ITEM_STOP;
  int noun = parse_per_noun(parse, index + 1, &kind);
  static const char *const LINKS[] = {"per", NULL};
  if (noun < 0 || !parse_linked_by(parse, (guint)noun, LINKS)) return FALSE;
  const Item *item = parse_item(parse, (guint)noun);
  if (kind == ITEM_ROWS) {
    parse_add_aggregate(parse, index, AGGREGATE_AVERAGE, metric, noun);
    return TRUE;
  }
  if (kind != ITEM_ENTITY) return FALSE;
  (void)item;
  parse_add_aggregate(parse, index, AGGREGATE_AVERAGE, metric, noun);
  return TRUE;
}

/* A metric over just the condition that is filtered on, shown with its natural sign: value of cancellations. */
const Metric *measure_of_condition(const Parse *parse, const Metric *metric) {
  for (guint f = 0; f < parse->query->filters->len; f++) {
    const Filter *filter = g_ptr_array_index(parse->query->filters, f);
    if (filter->kind != FILTER_CONDITION || filter->negated) continue;
    for (guint i = 0; i < parse->model->metrics->len; i++) {
      const Metric *other = g_ptr_array_index(parse->model->metrics, i);
      gboolean same = other->negate && other->kind == METRIC_AGGREGATE && metric->kind == METRIC_AGGREGATE &&
                      g_strcmp0(other->expression, metric->expression) == 0 && other->conditions[0] != NULL &&
                      strcmp(other->conditions[0], filter->condition) == 0;
      if (same) return other;
    }
  }
  return metric;
}

/* A filter that the measure's own definition already holds (or contradicts) belongs to the metric alone. */
static void drop_implied_conditions(Parse *parse) {
  for (guint f = 0; f < parse->query->filters->len;) {
    const Filter *filter = g_ptr_array_index(parse->query->filters, f);
    gboolean implied = filter->kind == FILTER_CONDITION && parse->query->measures->len > 0;
    for (guint i = 0; implied && i < parse->query->measures->len; i++) {
      const Measure *measure = g_ptr_array_index(parse->query->measures, i);
      const Metric *metric = measure->metric != NULL ? model_find_metric(parse->model, measure->metric) : NULL;
      const Metric *top = metric != NULL && metric->kind == METRIC_RATIO ? model_find_metric(parse->model, metric->numerator) : NULL;
      if (top != NULL && g_strcmp0(metric->unit, "fraction") == 0) metric = top; /* "cancellation rate: what share was cancelled" */
      gboolean holds = FALSE;
      for (char **condition = metric != NULL ? metric->conditions : NULL; condition != NULL && *condition; condition++) {
        gboolean negated = **condition == '!';
        holds = holds || (strcmp(*condition + negated, filter->condition) == 0 && negated == filter->negated);
      }
      implied = holds;
    }
    if (implied) g_ptr_array_remove_index(parse->query->filters, f);
    else f++;
  }
}

static gboolean same_expression(const Metric *a, const Metric *b) {
  return a->kind == METRIC_AGGREGATE && b->kind == METRIC_AGGREGATE && g_strcmp0(a->expression, b->expression) == 0 &&
         a->aggregate == b->aggregate;
}

/* "value of cancelled invoices": a count of something conditional, but its value is asked for. */
static gboolean read_value_of(Parse *parse, guint index) {
  const Metric *count = parse_item(parse, index)->meaning.metric, *money = parse_default_metric(parse);
  gboolean counts = count->kind == METRIC_AGGREGATE && (count->aggregate == AGGREGATE_COUNT || count->aggregate == AGGREGATE_COUNT_DISTINCT);
  if (!counts || money == NULL || count->conditions[0] == NULL || *count->conditions[0] == '!') return FALSE;
  for (int at = parse_before(parse, index); at >= 0 && at >= (int)index - 4; at = parse_before(parse, (guint)at)) {
    if (parse_item(parse, (guint)at)->kind == ITEM_METRIC && parse->query->measures->len > 0) { /* "net amount of returned orders" */
      static const char *const LINKS[] = {"of", "from", "for", "on", "in", "with", NULL};
      if (!g_strv_contains(LINKS, token_at(parse->items->tokens, parse_item(parse, index)->first - 1)->fold)) return FALSE;
      Filter *filter = filter_new(FILTER_CONDITION);
      filter->condition = g_strdup(count->conditions[0]);
      g_ptr_array_add(parse->query->filters, filter);
      parse_describe(parse, index, "only %s", count->label);
      return TRUE;
    }
    if (!parse_free_word(parse, (guint)at, WORD_VALUE_WORD)) continue;
    parse_claim(parse, (guint)at, "value");
    Filter *filter = filter_new(FILTER_CONDITION);
    filter->condition = g_strdup(count->conditions[0]);
    g_ptr_array_add(parse->query->filters, filter);
    const Metric *metric = measure_of_condition(parse, money);
    parse_add_metric(parse, metric);
    parse_describe(parse, index, "%s", metric->label);
    return TRUE;
  }
  return FALSE;
}

static gboolean stands_for_inclusion(const Parse *parse, int index) {
  static const char *const AFTER[] = {"included", "inclusive", "incl", NULL};
  return index >= 0 && index < (int)parse_n(parse) && item_is_word(parse_item(parse, (guint)index), WORD_INCLUDE) &&
         g_strv_contains(AFTER, token_at(parse->items->tokens, parse_item(parse, (guint)index)->first)->fold);
}

/* "sold most including tax", "tax included": what the default measure includes anyway. */
static gboolean is_inclusion(Parse *parse, guint index) {
  int before = parse_before(parse, index);
  const Metric *money = parse_default_metric(parse);
  gboolean after = stands_for_inclusion(parse, (int)index + 1);
  gboolean included_before = before >= 0 && item_is_word(parse_item(parse, (guint)before), WORD_INCLUDE);
  if (money == NULL || (!included_before && !after)) return FALSE;
  g_autofree char *word = item_source(parse->items, parse_item(parse, index));
  g_autofree char *phrase = phrase_normalise(word);
  g_autofree char *wanted = g_strdup_printf("including %s", phrase);
  for (char **synonym = money->synonyms; *synonym; synonym++) {
    g_autofree char *known = phrase_normalise(*synonym);
    if (strstr(known, wanted) == NULL) continue;
    parse_claim(parse, after ? index + 1 : (guint)before, "included");
    return TRUE;
  }
  return FALSE;
}

/* "distinct products bought by ...": said to be counted, whatever else is measured. */
static void count_distinct_nouns(Parse *parse) {
  for (guint i = 0; i + 1 < parse_n(parse); i++) {
    Item *next = parse_item(parse, i + 1);
    if (!item_is_word(parse_item(parse, i), WORD_DISTINCT) || next->claimed || next->kind != ITEM_ENTITY) continue;
    parse_count_item(parse, i + 1);
    return;
  }
}

/* "which segment orders most often": by the number of orders. */
/* "latest stock", "month end stock": what a snapshot tells is of the end of each period anyway. */
static void read_snapshot_words(Parse *parse) {
  gboolean snapshot = FALSE;
  for (guint i = 0; i < parse->query->measures->len; i++) {
    const Measure *measure = g_ptr_array_index(parse->query->measures, i);
    const Metric *metric = measure->metric != NULL ? model_find_metric(parse->model, measure->metric) : NULL;
    snapshot = snapshot || (metric != NULL && metric->additivity == ADDITIVITY_SNAPSHOT);
  }
  if (!snapshot) return;
  parse_claim_word(parse, WORD_LATEST, "at the end");
  int end = parse_find_word(parse, WORD_PERIOD_END, 0);
  if (end < 0) return;
  g_autofree char *words = tokens_fold_phrase(parse->items->tokens, parse_item(parse, (guint)end)->first, parse_item(parse, (guint)end)->count);
  TimeUnit unit = strstr(words, "quarter") != NULL ? TIME_UNIT_QUARTER : strstr(words, "year") != NULL ? TIME_UNIT_YEAR
                  : strstr(words, "week") != NULL ? TIME_UNIT_WEEK : TIME_UNIT_MONTH;
  parse_claim(parse, (guint)end, "at the end of each");
  if (parse_time_dimension(parse) < 0) parse_add_time_dimension(parse, unit);
}

static void read_often(Parse *parse) {
  int often = parse_find_word(parse, WORD_OFTEN, 0);
  const Entity *order = model_find_entity(parse->model, "order");
  const Metric *orders = order != NULL ? parse_entity_metric(parse, order) : NULL, *units = model_find_metric(parse->model, "units");
  const Item *subject = parse->subject >= 0 ? parse_item(parse, (guint)parse->subject) : NULL;
  gboolean product = subject != NULL && subject->meaning.entity != NULL && strcmp(subject->meaning.entity->name, "product") == 0;
  const Field *field = subject != NULL && !product ? parse_group_field(parse, subject) : NULL;
  const Dataset *dataset = field != NULL ? model_find_dataset(parse->model, field->dataset) : NULL;
  if (dataset != NULL && dataset->is_fact && orders != NULL && orders->dataset != NULL && strcmp(orders->dataset, dataset->name) != 0)
    orders = parse_rows_metric(parse, dataset); /* "most common return reason": of the returns */
  const Dataset *main_fact = orders == NULL && parse->model->default_dataset != NULL ? model_find_dataset(parse->model, parse->model->default_dataset) : NULL;
  if (main_fact != NULL) orders = parse_rows_metric(parse, dataset != NULL && dataset->is_fact ? dataset : main_fact); /* no orders: lines are what there is */
  const Metric *metric = product && units != NULL ? units : orders;
  for (guint i = 0; often >= 0 && i < parse_n(parse); i++) /* "most popular in terms of value" */
    if (item_is_word(parse_item(parse, i), WORD_BY) && parse_next(parse, i + 1) >= 0 && parse_free_word(parse, (guint)parse_next(parse, i + 1), WORD_VALUE_WORD))
      metric = parse_default_metric(parse);
  if (often < 0 || metric == NULL || parse->query->measures->len > 0) return;
  parse_add_metric(parse, metric);
  parse->metric_named = TRUE;
  parse_assume(parse, "default_metric", "measured by %s", metric->label);
  const Item *item = parse_item(parse, (guint)often);
  if (!item_is_word(item, WORD_RANK_HIGH) && !item_is_word(item, WORD_RANK_LOW)) parse_claim(parse, (guint)often, "number of orders");
}

/* "revenue ..., gross": the model's gross counterpart, where the word stands alone. Claims it. */
static const Metric *gross_of(Parse *parse, const Metric *metric) {
  g_autofree char *name = g_strdup_printf("gross_%s", metric->name);
  const Metric *gross = model_find_metric(parse->model, name);
  for (guint i = 0; gross != NULL && i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    if (item->claimed || item->kind != ITEM_UNKNOWN || strcmp(token_at(parse->items->tokens, item->first)->fold, "gross") != 0) continue;
    parse_claim(parse, i, "gross");
    return gross;
  }
  return metric;
}

/* "total discount", where the discount is a rate: rates do not add up. */
static gboolean refuse_sum_of_rate(Parse *parse, guint index) {
  const Metric *metric = parse_item(parse, index)->meaning.metric;
  gboolean rate = metric->kind == METRIC_AGGREGATE && metric->aggregate == AGGREGATE_AVERAGE && g_strcmp0(metric->unit, "fraction") == 0;
  int before = parse_before(parse, index), after = parse_next(parse, index + 1);
  gboolean summed = before >= 0 && item_is_word(parse_item(parse, (guint)before), WORD_SUM) && !parse_item(parse, (guint)before)->claimed;
  static const char *const AMOUNTS[] = {"amount", "amounts", "value", NULL};
  gboolean amount = after >= 0 && g_strv_contains(AMOUNTS, token_at(parse->items->tokens, parse_item(parse, (guint)after)->first)->fold);
  if (!rate || (!summed && !amount)) return FALSE;
  g_autofree char *question = g_strdup_printf("%s is a rate in this data: rates do not add up. Its average?", metric->label);
  parse_clarify(parse, question);
  SemanticQuery *option = semantic_query_copy(parse->query);
  g_ptr_array_add(option->measures, measure_new_metric(metric->name));
  g_autofree char *label = g_strdup_printf("average %s", metric->label);
  parse_add_option(parse, label, option);
  return TRUE;
}

/* "total minutes" of what is an average otherwise: the sum over the rows. */
static gboolean read_sum_of_average(Parse *parse, guint index) {
  const Metric *metric = parse_item(parse, index)->meaning.metric;
  const Item *sum = index > 0 ? parse_item(parse, index - 1) : NULL;
  static const char *const SUMS[] = {"total", "totals", "sum", "summed", NULL};
  gboolean average = metric->kind == METRIC_AGGREGATE && metric->aggregate == AGGREGATE_AVERAGE && measure_row_field(parse, metric) != NULL;
  const Metric *total = measure_total_of_average(parse, index);
  if ((!average && total == NULL) || sum == NULL || sum->claimed || !g_strv_contains(SUMS, token_at(parse->items->tokens, sum->first)->fold)) return FALSE;
  if (total != NULL) parse_add_metric(parse, total);
  else parse_add_measure(parse, measure_of_rows(parse, metric, AGGREGATE_SUM));
  parse_claim(parse, index - 1, "sum");
  parse_claim(parse, index, "metric");
  if (total != NULL) parse_describe(parse, index, "%s", total->label);
  else parse_describe(parse, index, "sum of %s", metric->label);
  return TRUE;
}

static void read_metrics(Parse *parse) {
  for (guint i = 0; i < parse_n(parse) && parse->verdict == NULL; i++) {
    Item *item = parse_item(parse, i);
    if (item->claimed || item->kind != ITEM_METRIC) continue;
    parse->metric_named = TRUE;
    if (refuse_sum_of_rate(parse, i)) return;
    if (read_sum_of_average(parse, i)) continue;
    if (is_inclusion(parse, i)) {
      parse_claim(parse, i, "included");
      continue;
    }
    if (read_value_of(parse, i)) {
      parse_claim(parse, i, "metric");
      continue;
    }
    if (read_metric_per(parse, i)) {
      parse_claim(parse, i, "metric");
      continue;
    }
    const Metric *metric = measure_of_condition(parse, gross_of(parse, item->meaning.metric));
    parse_add_metric(parse, metric);
    parse_claim(parse, i, "metric");
    parse_describe(parse, i, "%s", metric->label);
  }
}

static gboolean metric_names(const Metric *metric, const char *condition) {
  for (char **own = metric->conditions; *own; own++)
    if (strcmp(*own + (**own == '!'), condition) == 0) return TRUE;
  return FALSE;
}

/* Whether the filter speaks of what the metric leaves out by default: its condition, or the column behind it. */
static gboolean overrides(const Parse *parse, const Metric *metric, const Filter *filter) {
  guint n_own = g_strv_length(metric->conditions);
  if (filter->kind == FILTER_CONDITION) {
    gboolean same = n_own == 1 && metric_names(metric, filter->condition) && (*metric->conditions[0] == '!') == filter->negated;
    return !same && metric_names(metric, filter->condition);
  }
  if (filter->kind != FILTER_FIELD) return FALSE;
  const Field *field = model_find_field(parse->model, filter->field);
  for (char **own = metric->conditions; field != NULL && *own; own++) {
    const Condition *condition = model_find_condition(parse->model, *own + (**own == '!'));
    if (condition != NULL && strcmp(condition->dataset, field->dataset) == 0 && strstr(condition->expression, field->name) != NULL) return TRUE;
  }
  return FALSE;
}

/* Net by default; but who names returned or cancelled rows decides alone which rows count. */
static void release_conditions(Parse *parse) {
  for (guint i = 0; i < parse->query->measures->len; i++) {
    const Measure *measure = g_ptr_array_index(parse->query->measures, i);
    const Metric *metric = measure->kind == MEASURE_METRIC ? model_find_metric(parse->model, measure->metric) : NULL;
    if (metric == NULL || metric->kind != METRIC_AGGREGATE || metric->aggregate != AGGREGATE_SUM || metric->conditions[0] == NULL ||
        *metric->conditions[0] != '!' || metric->negate)
      continue;
    gboolean overridden = FALSE;
    for (guint f = 0; f < parse->query->filters->len; f++)
      overridden = overridden || overrides(parse, metric, g_ptr_array_index(parse->query->filters, f));
    const Field *field = measure_row_field(parse, metric);
    if (!overridden || field == NULL) continue;
    Measure *plain = measure_new(MEASURE_AGGREGATE);
    plain->aggregate = AGGREGATE_SUM;
    plain->field = lexicon_field_path(field);
    plain->name = g_strdup(metric->name);
    plain->label = g_strdup(metric->label);
    measure_free(g_ptr_array_index(parse->query->measures, i));
    parse->query->measures->pdata[i] = plain;
    parse_assume(parse, "named_rows", "%s counts just the rows you name", metric->label);
  }
}

/* Gross beside cancelled: conditions that only one of two measures is about must not filter both. */
static void split_conditions(Parse *parse) {
  if (parse->query->measures->len < 2) return;
  for (guint f = 0; f < parse->query->filters->len;) {
    const Filter *filter = g_ptr_array_index(parse->query->filters, f);
    gboolean someone = FALSE, other_side = FALSE;
    for (guint i = 0; filter->kind == FILTER_CONDITION && i < parse->query->measures->len; i++) {
      const Measure *measure = g_ptr_array_index(parse->query->measures, i);
      const Metric *metric = measure->metric != NULL ? model_find_metric(parse->model, measure->metric) : NULL;
      for (char **condition = metric != NULL ? metric->conditions : NULL; condition != NULL && *condition; condition++) {
        gboolean negated = **condition == '!';
        if (strcmp(*condition + negated, filter->condition) != 0) continue;
        if (negated == filter->negated) someone = TRUE;
        else other_side = TRUE;
      }
    }
    if (someone && other_side) g_ptr_array_remove_index(parse->query->filters, f);
    else f++;
  }
}

/* "how much did we spend", "put into each campaign": what the company itself spends, where the data knows it. */
static void read_own_spend(Parse *parse) {
  static const char *const WE[] = {"we", "us", "our", "company", NULL};
  const Metric *spend = model_find_metric(parse->model, "spend");
  int at = parse_find_word(parse, WORD_SPENT, 0);
  if (spend == NULL || at < 0 || parse->query->measures->len > 0) return;
  gboolean own = FALSE;
  for (guint t = 0; t < parse->items->tokens->len; t++) own = own || g_strv_contains(WE, token_at(parse->items->tokens, t)->fold);
  if (!own) return;
  parse_add_metric(parse, spend);
  parse->metric_named = TRUE;
  parse_claim(parse, (guint)at, "spend");
}

/* ---- nothing named ---- */
/* "actual against budget", "did it reach its target": the plan beside what became of it. */
static void add_actual(Parse *parse) {
  int check = parse_find_word(parse, WORD_PLAN_CHECK, 0);
  const Metric *money = parse_default_metric(parse);
  if (check < 0 || money == NULL || parse->query->measures->len != 1) return;
  const Measure *measure = g_ptr_array_index(parse->query->measures, 0);
  if (measure->metric == NULL || (strstr(measure->metric, "budget") == NULL && strstr(measure->metric, "target") == NULL)) return;
  g_ptr_array_insert(parse->query->measures, 0, measure_new_metric(money->name));
  parse_claim_word(parse, WORD_PLAN_CHECK, "against the plan");
}

/* "visits and orders by month": the noun beside a measure is one too. */
static void count_joined_entities(Parse *parse) {
  for (guint i = 1; i + 1 < parse_n(parse); i++) {
    if (!item_is_word(parse_item(parse, i), WORD_AND) && !item_is_word(parse_item(parse, i), WORD_COMPARE)) continue;
    int before = parse_before(parse, i), after = parse_next(parse, i + 1);
    if (before < 0 || after < 0) continue;
    Item *left = parse_item(parse, (guint)before), *right = parse_item(parse, (guint)after);
    gboolean left_counts = left->kind == ITEM_ENTITY && !left->claimed && right->kind == ITEM_METRIC;
    gboolean right_counts = right->kind == ITEM_ENTITY && !right->claimed && left->kind == ITEM_METRIC;
    if (!left_counts && !right_counts) continue;
    parse_count_item(parse, (guint)(left_counts ? before : after));
    if (left_counts && parse->query->measures->len > 1) { /* in the order they are named */
      gpointer last = g_ptr_array_steal_index(parse->query->measures, parse->query->measures->len - 1);
      g_ptr_array_insert(parse->query->measures, 0, last);
    }
  }
}

/* "takings, baskets by county": a list of measures without "and". */
static void count_listed_entities(Parse *parse) {
  for (guint i = 1; i < parse_n(parse) && parse->query->measures->len > 0; i++) {
    const Item *item = parse_item(parse, i), *before = parse_item(parse, i - 1);
    gboolean counted = item->kind == ITEM_ENTITY && !item->claimed && item->plural && item->meaning.entity->is_event && item->comma_before;
    if (counted && before->kind == ITEM_METRIC) parse_count_item(parse, i);
  }
}

/* "how much did orders change": their number. */
static void count_changed_entities(Parse *parse) {
  for (guint i = 0; i + 1 < parse_n(parse) && parse->query->measures->len == 0 && parse->change_asked; i++) {
    const Item *item = parse_item(parse, i), *next = parse_item(parse, i + 1);
    gboolean event = item->kind == ITEM_ENTITY && !item->claimed && item->plural && item->meaning.entity->is_event;
    gboolean changes = item_is_word(next, WORD_CHANGE) || item_is_word(next, WORD_GROW) || item_is_word(next, WORD_RISE) || item_is_word(next, WORD_FALL);
    if (event && changes) parse_count_item(parse, i);
  }
}

static void count_bare_entities(Parse *parse) {
  if (parse->plain_list || parse_asks_how_it_fares(parse)) return;
  for (guint i = 0; i + 1 < parse_n(parse); i++) /* "value of delivered orders" */
    if (parse_free_word(parse, i, WORD_VALUE_WORD) && !parse_has_word(parse, WORD_HOW_MANY)) return;
  if (parse_has_word(parse, WORD_SPENT) && !parse_has_word(parse, WORD_HOW_MANY)) return; /* "what do members spend": an amount */
  if (parse_has_word(parse, WORD_HOW_MUCH)) return; /* "how much did customers in X buy": an amount */
  for (guint i = 0; i < parse_n(parse); i++) {
    Item *item = parse_item(parse, i);
    if (item->claimed || (item->kind != ITEM_ENTITY && item->kind != ITEM_ROWS)) continue;
    if (parse->query->measures->len > 0) continue;
    if (parse->fragment && i > 0 && parse_item(parse, i - 1)->kind == ITEM_VALUE) { /* "only mall locations" */
      parse_claim(parse, i, "context");
      continue;
    }
    int before = parse_before(parse, i);
    gboolean ranked = before >= 0 && !parse->listing && (item_is_word(parse_item(parse, (guint)before), WORD_BEST) ||
                                                         item_is_word(parse_item(parse, (guint)before), WORD_WORST));
    const Item *after = i + 1 < parse_n(parse) ? parse_item(parse, i + 1) : NULL; /* "whose products sell best": what is sold of them */
    const char *verb = after != NULL && item_is_word(after, WORD_RANK_HIGH) ? token_at(parse->items->tokens, after->first)->fold : "";
    const gboolean sells = parse->listing && item->kind == ITEM_ENTITY && !item->meaning.entity->is_event && (g_str_has_prefix(verb, "sell") || strcmp(verb, "sold") == 0);
    if (sells) parse_claim(parse, i, "context");
    else if (!ranked) parse_count_item(parse, i);
  }
}

static void read_verbs(Parse *parse) {
  int lost = parse_find_word(parse, WORD_LOST, 0);
  const Metric *profit = model_find_metric(parse->model, "profit");
  if (lost >= 0 && profit != NULL) {
    parse_claim(parse, (guint)lost, "loss");
    parse->metric_named = TRUE;
    if (parse->counted_field != NULL || (parse->counted != NULL && !parse->counted->is_event && parse->counted->key != NULL)) {
      Filter *filter = parse_add_group_filter(parse, parse->counted_field != NULL ? NULL : parse->counted, parse->counted_field,
                                              measure_new_metric(profit->name));
      filter->op = OP_LESS; /* "how many states are unprofitable" */
      g_ptr_array_add(filter->values, g_strdup("0"));
      parse_claim_word(parse, WORD_VALUE_WORD, "money");
      return;
    }
    int index = parse_add_metric(parse, profit);
    gboolean most = parse_has_word(parse, WORD_RANK_HIGH) || parse_has_word(parse, WORD_RANK_LOW);
    if (parse->listing && !most && !parse->singular) {
      Having having = {index, ON_VALUE, OP_LESS, 0, 0};
      g_array_append_val(parse->query->having, having);
    } else if (parse->listing) {
      Order order = {index, ON_VALUE, FALSE, FALSE};
      g_array_append_val(parse->query->order, order);
      parse->order_named = TRUE;
      if (parse->singular) { /* "which sub-category lost the most" */
        parse->query->limit = 1;
        parse->limit_named = TRUE;
      }
      parse_claim_word(parse, WORD_RANK_HIGH, "most");
    }
    parse_claim_word(parse, WORD_VALUE_WORD, "money");
  }
}

/* "wheelbarrows sold in total": pieces of a product, where no money is spoken of. */
static gboolean count_sold_product(Parse *parse) {
  const Metric *units = model_find_metric(parse->model, "units");
  for (guint i = 0; units != NULL && i < parse_n(parse); i++) { /* "who sold the most warranties" */
    const Item *value = parse_item(parse, i);
    int rank = parse_before(parse, i), verb = rank >= 0 ? parse_before(parse, (guint)rank) : -1;
    const ValueHit *hit = value->kind == ITEM_VALUE && value->plural && value->count == 1 ? item_hit(value, NULL) : NULL;
    const gboolean most = rank >= 0 && (item_is_word(parse_item(parse, (guint)rank), WORD_RANK_HIGH) || item_is_word(parse_item(parse, (guint)rank), WORD_RANK_LOW));
    const Entity *thing = hit != NULL && most && verb >= 0 && item_is_word(parse_item(parse, (guint)verb), WORD_SOLD) ? parse_thing_within(parse, hit->field) : NULL;
    if (thing == NULL || strcmp(thing->name, "product") != 0) continue;
    parse_add_metric(parse, units);
    parse->metric_named = TRUE;
    parse_assume(parse, "default_metric", "counted in %s", units->label);
    return TRUE;
  }
  if (units == NULL || parse_has_word(parse, WORD_HOW_MUCH) || parse_has_word(parse, WORD_VALUE_WORD) || parse_has_word(parse, WORD_RANK_HIGH)) return FALSE;
  for (guint i = 0; i + 1 < parse_n(parse); i++) {
    const Item *value = parse_item(parse, i), *verb = parse_item(parse, i + 1);
    const ValueHit *hit = value->kind == ITEM_VALUE && value->plural ? item_hit(value, NULL) : NULL;
    if (hit == NULL || g_strcmp0(hit->field->entity, "product") != 0 || strcmp(token_at(parse->items->tokens, verb->first)->fold, "sold") != 0) continue;
    parse_add_metric(parse, units);
    parse->metric_named = TRUE;
    parse_assume(parse, "default_metric", "counted in %s", units->label);
    return TRUE;
  }
  return FALSE;
}

/* "how big is store 7": its floor area where that is known, never its sales. TRUE: the question is of that kind. */
static gboolean asks_how_big(Parse *parse) {
  static const char *const SIZES[] = {"size", "floor area", "area", "square feet", "square metres", NULL};
  const int how = parse_find_word(parse, WORD_HOW_MUCH, 0);
  const Item *item = how >= 0 ? parse_item(parse, (guint)how) : NULL;
  if (item == NULL || item->count < 2) return FALSE;
  const char *adjective = token_at(parse->items->tokens, item->first + 1)->fold;
  if (strcmp(adjective, "big") != 0 && strcmp(adjective, "large") != 0) return FALSE;
  for (const char *const *size = SIZES; *size != NULL; size++) {
    g_autofree char *stem = phrase_stem(*size);
    const Meaning *meaning = lexicon_find(parse->lexicon, stem);
    if (meaning == NULL || meaning->metric == NULL) continue;
    parse_add_metric(parse, meaning->metric);
    parse_claim(parse, (guint)how, "size");
    parse->metric_named = TRUE;
    return TRUE;
  }
  return TRUE;
}

/* "heaviest category", "slowest delivery": by their weight or time, which is not the usual measure. */
static gboolean ranks_by_nature(const Parse *parse) {
  static const char *const NATURES[] = {"heaviest", "lightest", "slowest", "fastest", "longest", "shortest", "tallest", "youngest", "quickest", NULL};
  for (guint i = 0; i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    const gboolean rank = item_is_word(item, WORD_RANK_HIGH) || item_is_word(item, WORD_RANK_LOW);
    const gboolean sells = item->count > 1; /* "slowest selling" */
    if (rank && !sells && g_strv_contains(NATURES, token_at(parse->items->tokens, item->first)->fold)) return TRUE;
  }
  return FALSE;
}

/* "late deliveries by month": how often it happened. */
static gboolean count_happenings(Parse *parse) {
  const Entity *order = model_find_entity(parse->model, "order");
  const Metric *orders = order != NULL ? parse_entity_metric(parse, order) : NULL;
  for (guint i = 0; orders != NULL && i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    static const char *const NOUNS[] = {"deliveries", "shipments", NULL};
    const guint after = item->first + item->count;
    const char *last = token_at(parse->items->tokens, after - 1)->fold, *next = after < parse->items->tokens->len ? token_at(parse->items->tokens, after)->fold : "";
    if (item->kind != ITEM_CONDITION || item->filter == NULL || (!g_strv_contains(NOUNS, last) && !g_strv_contains(NOUNS, next))) continue;
    parse_add_metric(parse, orders);
    parse->metric_named = TRUE;
    return TRUE;
  }
  return FALSE;
}

static void add_default_metric(Parse *parse) {
  const Metric *metric = parse_default_metric(parse);
  int value = parse->fragment ? parse_find_word(parse, WORD_VALUE_WORD, 0) : -1;
  if (value >= 0 && metric != NULL && parse->query->measures->len == 0) { /* "and what was their value?" */
    parse_add_metric(parse, measure_of_condition(parse, metric));
    parse_claim(parse, (guint)value, "value");
    parse->metric_named = TRUE;
    return;
  }
  if (metric == NULL || parse->query->measures->len > 0 || parse->fragment || parse->plain_list || count_sold_product(parse)) return;
  static const WordClass OWN_MEASURE[] = {WORD_CHEAPEST, WORD_DEAREST, WORD_MOST_PROFITABLE, WORD_LEAST_PROFITABLE}; /* they bring it along */
  for (guint i = 0; parse->listing && i < G_N_ELEMENTS(OWN_MEASURE); i++)
    if (parse_has_word(parse, OWN_MEASURE[i])) return;
  int spent = parse_find_word(parse, WORD_SPENT, 0);
  gboolean own_spend = spent >= 0 && model_find_metric(parse->model, "spend") == NULL;
  gboolean says_we = FALSE; /* "women spend more than men" is about them */
  static const char *const WE[] = {"we", "us", "our", "company", "i", NULL};
  for (guint t = 0; t < parse->items->tokens->len; t++) says_we = says_we || g_strv_contains(WE, token_at(parse->items->tokens, t)->fold);
  for (guint i = 0; i < parse_n(parse) && !says_we; i++) own_spend = own_spend && parse_item(parse, i)->kind != ITEM_VALUE;
  for (guint i = 0; own_spend && i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    if (item->meaning.entity != NULL || item_is_word(item, WORD_WHO)) own_spend = FALSE; /* customers spend with us */
    gboolean subject = (int)i < spent && (item->kind == ITEM_FIELD || g_strcmp0(item->claimed_as, "flag") == 0 || g_strcmp0(item->claimed_as, "both sides") == 0);
    if (subject && !says_we) own_spend = FALSE; /* "which location spends the most" */
  }
  const char *spent_word = spent >= 0 ? token_at(parse->items->tokens, parse_item(parse, (guint)spent)->first)->fold : "";
  if (!g_str_has_prefix(spent_word, "spen")) own_spend = FALSE; /* "paid in cash" */
  if (own_spend) {
    g_autofree char *word = item_source(parse->items, parse_item(parse, (guint)spent));
    parse_refuse(parse, "no_such_data", word, "The data has no record of what the company itself spends.");
    return;
  }
  if (asks_how_big(parse) || ranks_by_nature(parse) || count_happenings(parse)) return;
  gboolean money = FALSE;
  static const WordClass MONEY[] = {WORD_HOW_MUCH, WORD_VALUE_WORD, WORD_SOLD, WORD_BOUGHT, WORD_SPENT, WORD_EARNED};
  for (guint i = 0; i < G_N_ELEMENTS(MONEY); i++) money = money || parse_has_word(parse, MONEY[i]);
  gboolean best_only = (parse_has_word(parse, WORD_BEST) || parse_has_word(parse, WORD_WORST) || parse_has_word(parse, WORD_JUDGE)) && !money;
  gboolean trend_only = parse_has_word(parse, WORD_TREND) && !parse->group_named && parse->query->filters->len == 0 && !money &&
                        parse->query->dimensions->len == 1; /* "how did it develop?": what? */
  if (trend_only) return;
  gboolean grounded = parse->query->dimensions->len > 0 || parse->query->filters->len > 0 || money;
  if (best_only || (!grounded && !money)) return;
  if (parse->change_asked && parse->query->filters->len == 0 && !parse->group_named && !money) return;
  gboolean several = parse_has_word(parse, WORD_COMPARE) && !money && parse->query->filters->len == 0;
  if (several) return;
  metric = measure_of_condition(parse, metric);
  parse_add_metric(parse, metric);
  parse_claim_word(parse, WORD_HOW_MUCH, "amount");
  parse_assume(parse, "default_metric", "measured by %s", metric->label);
}

void parse_measures(Parse *parse) {
  if (parse->verdict != NULL) return;
  parse_pieces_per(parse);
  parse_quotients(parse);
  parse_aggregates(parse);
  parse_counts(parse);
  read_verbs(parse);
  count_distinct_nouns(parse);
  read_metrics(parse);
  read_often(parse);
  read_snapshot_words(parse);
  if (parse->verdict != NULL) return;
  read_own_spend(parse);
  add_actual(parse);
  count_joined_entities(parse);
  count_listed_entities(parse);
  count_changed_entities(parse);
  count_bare_entities(parse);
  add_default_metric(parse);
  parse_rank_by_value(parse);
  if (parse->query->measures->len < 2) release_conditions(parse);
  drop_implied_conditions(parse);
  split_conditions(parse);
  for (guint i = 0; i + 1 < parse->query->measures->len; i++) { /* "net sales ... by sales": one thing said twice */
    const Measure *a = g_ptr_array_index(parse->query->measures, i), *b = g_ptr_array_index(parse->query->measures, i + 1);
    const Metric *first = a->metric != NULL ? model_find_metric(parse->model, a->metric) : NULL;
    const Metric *second = b->metric != NULL ? model_find_metric(parse->model, b->metric) : NULL;
    if (first != NULL && second != NULL && first != second && same_expression(first, second) && first->conditions[0] == NULL &&
        second->conditions[0] == NULL && !first->negate && !second->negate)
      g_ptr_array_remove_index(parse->query->measures, i + 1);
  }
}
