/* Rankings: top 5, the second highest, best of each. */
#include <string.h>

#include "ask/measures.h"

static void set_limit(Parse *parse, int limit) {
  parse->query->limit = limit;
  parse->limit_named = TRUE;
}

/* "top 5", "5 best", "which five states", "the 10 largest" */
static void read_limit_number(Parse *parse, guint rank) {
  for (int offset = -2; offset <= 2; offset++) {
    int at = (int)rank + offset;
    if (at < 0 || at >= (int)parse_n(parse) || offset == 0) continue;
    Item *item = parse_item(parse, (guint)at);
    if (item->kind != ITEM_NUMBER || item->claimed || item->money || item->percent) continue;
    if (item->ordinal && item->number >= 2) { /* "second highest" */
      parse->query->offset = (int)item->number - 1;
      set_limit(parse, 1);
    } else if (item->number >= 1 && item->number <= 100000) {
      set_limit(parse, (int)item->number);
    }
    parse_claim(parse, (guint)at, "limit");
    return;
  }
}

static void read_listing_number(Parse *parse) {
  if (parse->limit_named || parse->subject < 0 || !parse->listing) return;
  for (int at = parse->subject - 1; at >= 0 && at >= parse->subject - 4; at--) {
    Item *item = parse_item(parse, (guint)at);
    if (item->kind != ITEM_NUMBER || item->claimed || item->ordinal) continue;
    set_limit(parse, (int)item->number);
    parse_claim(parse, (guint)at, "limit");
    return;
  }
}

/* "most expensive": by the price that is named, else by the model's unit price, else by its only other price. */
static const Metric *price_metric(const Parse *parse, const char *name) {
  for (guint i = 0; i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    if (item->kind == ITEM_METRIC && strstr(item->meaning.metric->name, "price") != NULL) return item->meaning.metric;
  }
  const Metric *metric = model_find_metric(parse->model, name);
  for (guint i = 0; i < parse->model->metrics->len && metric == NULL; i++) {
    const Metric *other = g_ptr_array_index(parse->model->metrics, i);
    if (strstr(other->name, "price") != NULL) metric = other;
  }
  return metric;
}

static int add_named_metric(Parse *parse, const char *name) {
  const Metric *metric = strcmp(name, "unit_price") == 0 ? price_metric(parse, name) : model_find_metric(parse->model, name);
  if (metric == NULL) return -1;
  parse->metric_named = TRUE;
  return parse_add_metric(parse, metric);
}

static void add_order(Parse *parse, int index, On on, gboolean descending) {
  Order order = {index, on, descending, FALSE};
  if (parse->order_named) return;
  g_array_append_val(parse->query->order, order);
  parse->order_named = TRUE;
}

typedef struct { int at; gboolean descending, all; const char *metric; } RankWord;

static RankWord find_rank_word(const Parse *parse) {
  static const struct { WordClass word; gboolean descending, all; const char *metric; } RANKS[] = {
      {WORD_MOST_PROFITABLE, TRUE, FALSE, "profit"}, {WORD_LEAST_PROFITABLE, FALSE, FALSE, "profit"},
      {WORD_CHEAPEST, FALSE, FALSE, "unit_price"}, {WORD_DEAREST, TRUE, FALSE, "unit_price"},
      {WORD_RANK_ALL_LOW, FALSE, TRUE, NULL}, {WORD_RANK_HIGH, TRUE, FALSE, NULL}, {WORD_RANK_LOW, FALSE, FALSE, NULL},
      {WORD_BEST, TRUE, FALSE, NULL}, {WORD_WORST, FALSE, FALSE, NULL}, {WORD_RANK_ALL, TRUE, TRUE, NULL}};
  for (guint r = 0; r < G_N_ELEMENTS(RANKS); r++) {
    int at = parse_find_word(parse, RANKS[r].word, 0);
    if (at >= 0) return (RankWord){at, RANKS[r].descending, RANKS[r].all, RANKS[r].metric};
  }
  return (RankWord){-1, TRUE, FALSE, NULL};
}

/* The measure a "by ..." names: "rank regions by profit", "top 5 by number of orders". */
static int ordering_measure(Parse *parse) {
  if (parse->query->measures->len < 2) return 0;
  for (guint i = 0; i < parse_n(parse); i++) {
    if (!item_is_word(parse_item(parse, i), WORD_BY)) continue;
    for (guint k = i + 1; k < parse_n(parse) && k < i + 4; k++) {
      const Item *item = parse_item(parse, k);
      const Metric *metric = measure_noun_metric(parse, item);
      if (metric == NULL) continue;
      for (guint m = 0; m < parse->query->measures->len; m++) {
        const Measure *measure = g_ptr_array_index(parse->query->measures, m);
        if (g_strcmp0(measure->metric, metric->name) == 0) return (int)m;
      }
    }
  }
  return 0;
}

/* The measure whose word stands nearest after the rank word ("most orders"). */
static int nearest_measure(const Parse *parse, int rank) {
  for (guint i = (guint)rank + 1; i < parse_n(parse) && i < (guint)rank + 6; i++) {
    const Metric *metric = measure_noun_metric(parse, parse_item(parse, i));
    for (guint m = 0; metric != NULL && m < parse->query->measures->len; m++) {
      const Measure *measure = g_ptr_array_index(parse->query->measures, m);
      if (g_strcmp0(measure->metric, metric->name) == 0) return (int)m;
    }
  }
  return -1;
}

/* "the runner-up": the second of the ranking; with "the winner" both. FALSE: it is not said. */
static gboolean read_runner_up(Parse *parse) {
  gboolean winner = FALSE;
  for (guint i = 0; i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    winner = winner || strcmp(token_at(parse->items->tokens, item->first + item->count - 1)->fold, "winner") == 0;
  }
  for (guint i = 0; i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    const Token *last = token_at(parse->items->tokens, item->first + item->count - 1);
    gboolean second = item_is_word(item, WORD_RANK_HIGH) && item->count > 1 && strcmp(last->fold, "up") == 0;
    if (!second || parse->query->dimensions->len == 0) continue;
    set_limit(parse, winner ? 2 : 1);
    parse->query->offset = winner ? 0 : 1;
    parse_claim_word(parse, WORD_RANK_HIGH, "rank");
    parse_claim_word(parse, WORD_AND, "and");
    return TRUE;
  }
  return FALSE;
}

static void default_limit(Parse *parse, const RankWord *rank) {
  if (parse->limit_named || rank->all) return;
  if (parse->singular) {
    set_limit(parse, 1);
    return;
  }
  gboolean few = TRUE; /* "which regions sell most": a ranked list */
  for (guint i = 0; i < parse->query->dimensions->len; i++) {
    const Dimension *dimension = g_ptr_array_index(parse->query->dimensions, i);
    const Field *field = dimension->field != NULL ? model_find_field(parse->model, dimension->field) : NULL;
    if (field == NULL || field->distinct_count > 20) few = FALSE;
  }
  if (!few) {
    parse->query->limit = 10;
    parse_assume(parse, "default_limit", "the first 10 are shown");
  }
}

/* For each month, which branch ...; top 3 products within each category: the limit holds within the other groups. */
static void limit_within_groups(Parse *parse) {
  if (parse->query->limit == 0 || parse->query->dimensions->len < 2 || parse->subject < 0) return;
  const Item *subject = parse_item(parse, (guint)parse->subject);
  gboolean by_group = FALSE;
  for (guint i = 0; i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    if (item_is_word(item, WORD_EACH)) by_group = TRUE; /* also "in each of Porto and Braga" */
    if (item->claimed && (item_is_word(item, WORD_EACH) || item_is_word(item, WORD_WITHIN) || item_is_word(item, WORD_BY))) by_group = TRUE;
  }
  if (!by_group) return;
  guint subject_index = parse->query->dimensions->len;
  const Field *field = subject->kind == ITEM_GRAIN || subject->kind == ITEM_CYCLIC ? NULL : parse_group_field(parse, subject);
  g_autofree char *path = field != NULL ? lexicon_field_path(field) : NULL;
  for (guint i = 0; i < parse->query->dimensions->len; i++) {
    const Dimension *dimension = g_ptr_array_index(parse->query->dimensions, i);
    const Field *own = dimension->field != NULL ? model_find_field(parse->model, dimension->field) : NULL;
    gboolean same = path != NULL ? own != NULL && (own == field || strcmp(own->name, field->name) == 0) /* its namesake in the measured fact */
                    : subject->kind == ITEM_GRAIN ? dimension->kind == DIMENSION_TIME && dimension->unit == subject->meaning.unit
                                                  : dimension->kind == DIMENSION_CYCLIC;
    if (same) subject_index = i;
  }
  if (subject_index >= parse->query->dimensions->len) return;
  gpointer moved = g_ptr_array_steal_index(parse->query->dimensions, subject_index);
  g_ptr_array_add(parse->query->dimensions, moved);
  parse->query->limit_within = (int)parse->query->dimensions->len - 1;
}

static gboolean ends_with_any(const Parse *parse, guint index, const char *const *words) {
  const Item *item = parse_item(parse, index);
  return g_strv_contains(words, token_at(parse->items->tokens, item->first + item->count - 1)->fold);
}

/* "our no. 3 product", "number two by sales", "ranks third": one place of the ranking. */
static gboolean read_place(Parse *parse) {
  static const char *const BEFORE[] = {"no", "nr", "number", "position", "place", "rank", "ranks", "ranked", "ranking", "comes", "came", "come", NULL};
  if (parse->query->dimensions->len == 0 || parse->query->measures->len == 0 || parse->query->limit > 0) return FALSE;
  for (guint i = 1; i < parse_n(parse); i++) {
    Item *item = parse_item(parse, i);
    if (item->kind != ITEM_NUMBER || item->claimed || item->percent || item->money || item->number < 1 || item->number > 1000) continue;
    int at = (int)i - 1;
    if (!ends_with_any(parse, (guint)at, BEFORE) && at > 0 && parse_item(parse, (guint)at)->kind == ITEM_STOP) at--; /* "comes in third" */
    static const char *const AFTER[] = {"place", "position", "spot", NULL};
    gboolean after = item->ordinal && i + 1 < parse_n(parse) && ends_with_any(parse, i + 1, AFTER); /* "in second place" */
    if (after) parse_claim(parse, i + 1, "place");
    if (!after && !ends_with_any(parse, (guint)at, BEFORE)) continue;
    parse_claim(parse, i, "place");
    for (int k = at; k < (int)i; k++) parse_claim(parse, (guint)k, "place");
    parse->query->offset = (int)item->number - 1;
    set_limit(parse, 1);
    add_order(parse, 0, ON_VALUE, TRUE);
    return TRUE;
  }
  return FALSE;
}

void parse_rank(Parse *parse) {
  if (parse->verdict != NULL || read_place(parse)) return;
  read_runner_up(parse);
  RankWord rank = find_rank_word(parse);
  if (rank.at >= 0) {
    gboolean judging = item_is_word(parse_item(parse, (guint)rank.at), WORD_BEST) || item_is_word(parse_item(parse, (guint)rank.at), WORD_WORST);
    int index = rank.metric != NULL ? add_named_metric(parse, rank.metric) : -1;
    if (rank.metric != NULL && index < 0) {
      g_autofree char *word = item_source(parse->items, parse_item(parse, (guint)rank.at));
      parse_refuse(parse, "no_such_data", word, "The data has nothing to measure '%s' by.", word);
      return;
    }
    if (judging && !parse->fragment && !parse->metric_named && parse->query->measures->len == 0) return;
    read_limit_number(parse, (guint)rank.at);
    if (index < 0) index = nearest_measure(parse, rank.at);
    if (index < 0) index = ordering_measure(parse);
    if (parse->query->dimensions->len > 0 && (parse->query->measures->len > 0 || parse->fragment)) {
      add_order(parse, index, ON_VALUE, rank.descending);
      default_limit(parse, &rank);
      parse_claim(parse, (guint)rank.at, "rank");
    } else if (parse->fragment && parse->context->previous->dimensions->len > 0) {
      parse_claim(parse, (guint)rank.at, "rank");
    }
    int second = find_rank_word(parse).at;
    if (second >= 0 && rank.all) parse_claim(parse, (guint)second, "rank");
    if (second >= 0 && parse->limit_named) parse_claim(parse, (guint)second, "rank");
    parse_claim_word(parse, WORD_RANK_ALL, "rank");
  }
  read_listing_number(parse);
  if (parse->limit_named && !parse->order_named && parse->query->measures->len > 0) add_order(parse, 0, ON_VALUE, TRUE);
  limit_within_groups(parse);
}

/* "bought the most tea products (by value)": ranked by money, though products are counted. */
void parse_rank_by_value(Parse *parse) {
  const Metric *money = parse_default_metric(parse);
  Measure *measure = parse->query->measures->len == 1 ? g_ptr_array_index(parse->query->measures, 0) : NULL;
  const Metric *metric = measure != NULL && measure->kind == MEASURE_METRIC ? model_find_metric(parse->model, measure->metric) : NULL;
  const gboolean ranked = parse_has_word(parse, WORD_RANK_HIGH) || parse_has_word(parse, WORD_RANK_LOW);
  const gboolean counts = metric != NULL ? metric_is_total(metric) && !metric->is_money
                                         : measure != NULL && measure->kind == MEASURE_AGGREGATE && measure->aggregate == AGGREGATE_COUNT_DISTINCT;
  if (money == NULL || !counts || !ranked) return;
  for (guint i = 0; i + 1 < parse_n(parse); i++) {
    if (!parse_free_word(parse, i, WORD_BY) || !parse_free_word(parse, i + 1, WORD_VALUE_WORD)) continue;
    if (i + 2 < parse_n(parse) && parse_item(parse, i + 2)->kind != ITEM_STOP && parse_item(parse, i + 2)->kind != ITEM_TIME) continue;
    g_ptr_array_set_size(parse->query->measures, 0);
    parse_add_metric(parse, money);
    parse->counted = NULL;
    parse_claim(parse, i, "ranked by");
    parse_claim(parse, i + 1, "value");
    return;
  }
}
