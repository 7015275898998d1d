/* Shares: of each group in the total, or of one part in the whole. */
#include <string.h>

#include "ask/measures.h"

static gboolean is_verb(const Item *item, const Parse *parse) {
  static const char *const VERBS[] = {"come", "comes", "came", "is", "are", "was", "were", "did", "do", "does", "have", "has", "had",
      "belong", "belongs", "go", "goes", "went", "made", "make", "ordered", "bought", "buy", "paid", "used", "contain", "contained", "from",
      "by", "sold", "shipped", "that", "who", "which", "account", "accounts", "accounted", "placed", "generated", "with", "using", "included", "include", NULL};
  const char *fold = token_at(parse->items->tokens, item->first)->fold;
  for (const char *const *verb = VERBS; *verb; verb++)
    if (strcmp(fold, *verb) == 0) return item->kind == ITEM_STOP || item->kind == ITEM_WORD;
  return FALSE;
}

/* "with a discount", "that were returned": one mention that begins with the word of a part. */
static gboolean says_part(const Parse *parse, const Item *item) {
  static const char *const OPENINGS[] = {"with", "that", "which", "who", "having", "had", "on", "without", NULL};
  return g_strv_contains(OPENINGS, token_at(parse->items->tokens, item->first)->fold);
}

static Measure *whole_of(const Measure *part) {
  Measure *whole = measure_copy(part);
  g_ptr_array_set_size(whole->filters, 0);
  return whole;
}

/* "share of VALUE in the total": what stands between "share of" and "in" is the part. */
static gboolean stands_in_whole(const Parse *parse, guint value) {
  static const char *const LINKS[] = {"in", "of", "within", "among", NULL};
  if (value + 1 < parse_n(parse) && parse_item(parse, value + 1)->kind == ITEM_GRAIN && parse_item(parse, value + 1)->claimed) value++; /* "holiday weeks" */
  if (value + 1 >= parse_n(parse)) return FALSE;
  const Item *link = parse_item(parse, value + 1);
  if (!g_strv_contains(LINKS, token_at(parse->items->tokens, link->first)->fold)) return FALSE;
  for (guint i = value + 2; i < parse_n(parse); i++) {
    ItemKind kind = parse_item(parse, i)->kind;
    if (kind == ITEM_METRIC || kind == ITEM_ROWS || item_is_word(parse_item(parse, i), WORD_SUM)) return TRUE;
  }
  return FALSE;
}

/* Takes both. */
static Measure *share_measure(const Parse *parse, Measure *part, Measure *whole) {
  Measure *ratio = measure_new(MEASURE_RATIO);
  ratio->left = part;
  ratio->right = whole;
  const Metric *metric = part->metric != NULL ? model_find_metric(parse->model, part->metric) : NULL;
  ratio->name = g_strdup_printf("share_of_%s", metric != NULL ? metric->name : "total");
  ratio->label = g_strdup_printf("Share of %s", metric != NULL ? metric->label : "total");
  return ratio;
}

static gboolean belongs_to_whole(const Parse *parse, const Filter *filter, guint share_at) {
  gboolean after_noun = FALSE;
  for (guint i = share_at + 1; i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    if (item->filter == filter && after_noun && item->count > 1 && says_part(parse, item)) return FALSE; /* "purchases with a discount" */
    if (item->filter == filter) return after_noun || !stands_in_whole(parse, i);
    if (after_noun && is_verb(item, parse)) return FALSE;
    if (item->kind == ITEM_METRIC || item->kind == ITEM_ENTITY || item->kind == ITEM_ROWS) after_noun = TRUE;
  }
  return FALSE;
}

/* The filters spoken of after the verb make the part; the others (and the period) hold for both. */
/* FALSE: nothing says which part. */
static gboolean make_ratio(Parse *parse, guint share_at) {
  GPtrArray *filters = parse->query->filters;
  Measure *part = g_ptr_array_steal_index(parse->query->measures, 0);
  guint n_part = 0;
  gboolean any_whole = FALSE;
  for (guint i = 0; i < filters->len; i++) any_whole = any_whole || belongs_to_whole(parse, g_ptr_array_index(filters, i), share_at);
  for (guint i = 0; i < filters->len;) {
    Filter *filter = g_ptr_array_index(filters, i);
    gboolean negated_condition = filter->kind == FILTER_CONDITION && filter->negated; /* "cancellations excluded" is for both */
    gboolean numerator = !negated_condition && (filter->kind == FILTER_ENTITY || filter->kind == FILTER_DID || !any_whole ||
                                                !belongs_to_whole(parse, filter, share_at));
    if (numerator) {
      g_ptr_array_add(part->filters, g_ptr_array_steal_index(filters, i));
      n_part++;
    } else {
      i++;
    }
  }
  if (n_part == 0 && filters->len > 0) { /* "percentage of cancelled orders": the only restriction is the part */
    while (filters->len > 0) g_ptr_array_add(part->filters, g_ptr_array_steal_index(filters, 0));
    n_part = 1;
  }
  if (n_part == 0) {
    g_ptr_array_insert(parse->query->measures, 0, part);
    return FALSE;
  }
  g_ptr_array_insert(parse->query->measures, 0, share_measure(parse, part, whole_of(part)));
  return TRUE;
}

/* "share of units bought by members per branch": a part within each group. */
static gboolean part_is_named(const Parse *parse, guint share_at) {
  for (guint i = 0; i < parse->query->filters->len; i++) {
    const Filter *filter = g_ptr_array_index(parse->query->filters, i);
    if (filter->kind == FILTER_CONDITION && filter->negated) continue;
    if (filter->kind == FILTER_FIELD && (filter->op != OP_EQUAL || filter->values->len != 1)) continue;
    gboolean grouped = FALSE;
    for (guint d = 0; d < parse->query->dimensions->len; d++)
      grouped = grouped || g_strcmp0(((const Dimension *)g_ptr_array_index(parse->query->dimensions, d))->field, filter->field) == 0;
    if (!grouped && !belongs_to_whole(parse, filter, share_at)) return TRUE;
  }
  return FALSE;
}

static gboolean same_entity(const Field *field, const Item *item) {
  return item->meaning.entity != NULL && g_strcmp0(field->entity, item->meaning.entity->name) == 0;
}

/* The dimension that `item` made; -1. */
static int dimension_of(const Parse *parse, const Item *item) {
  const Field *field = item->kind == ITEM_GRAIN || item->kind == ITEM_CYCLIC ? NULL : parse_group_field(parse, item);
  g_autofree char *path = field != NULL ? lexicon_field_path(field) : NULL;
  for (guint i = 0; i < parse->query->dimensions->len; i++) {
    const Dimension *dimension = g_ptr_array_index(parse->query->dimensions, i);
    const Field *own = dimension->field != NULL ? model_find_field(parse->model, dimension->field) : NULL;
    if (path != NULL ? own != NULL && (own == field || strcmp(own->name, field->name) == 0 || same_entity(own, item))
                     : item->kind == ITEM_GRAIN && dimension->kind == DIMENSION_TIME && dimension->unit == item->meaning.unit)
      return (int)i;
  }
  return -1;
}

/* "within each store", "in every region", "by year": the group whose total is the whole; -1: all rows are. */
static int whole_dimension(const Parse *parse) {
  static const char *const LINKS[] = {"within", "in", "inside", NULL};
  for (guint i = 0; i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    const char *fold = token_at(parse->items->tokens, item->first)->fold;
    const char *before = i > 0 ? token_at(parse->items->tokens, parse_item(parse, i - 1)->first)->fold : "";
    gboolean linked = g_strv_contains(LINKS, fold) && (item->count > 1 || item_is_word(item, WORD_WITHIN));
    linked = linked || (item_is_word(item, WORD_EACH) && (g_strv_contains(LINKS, before) || strcmp(fold, "in") == 0));
    for (guint k = i + 1; linked && k < parse_n(parse) && k < i + 4; k++) {
      int index = dimension_of(parse, parse_item(parse, k));
      if (index >= 0) return index;
    }
  }
  for (guint i = parse_n(parse); i-- > 0;) { /* "by service type at each site", "of each course per concept": the group named last */
    const Item *item = parse_item(parse, i);
    gboolean own = strcmp(token_at(parse->items->tokens, item->first)->fold, "of") == 0;
    for (guint k = i + 1; item_is_word(item, WORD_EACH) && !own && k < parse_n(parse) && k < i + 4; k++) {
      int index = dimension_of(parse, parse_item(parse, k));
      if (index >= 0) return index;
    }
  }
  int series = parse_time_dimension(parse); /* "each category's share by year": of that year */
  return series >= 0 && ((const Dimension *)g_ptr_array_index(parse->query->dimensions, (guint)series))->kind == DIMENSION_TIME ? series : -1;
}

static void share_of_groups(Parse *parse) {
  SemanticQuery *query = parse->query;
  query->share = SHARE_TOTAL;
  int whole = query->dimensions->len == 2 ? whole_dimension(parse) : -1;
  if (whole < 0) return;
  gpointer dimension = g_ptr_array_steal_index(query->dimensions, (guint)whole);
  g_ptr_array_insert(query->dimensions, 0, dimension);
  query->share = SHARE_WITHIN;
  query->share_dimensions = 1;
}

/* ---- "what share of sales do the top 10 customers have together" ---- */
static int rank_after(const Parse *parse, guint share_at, gboolean *top) {
  for (guint i = share_at + 1; i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    *top = item_is_word(item, WORD_RANK_HIGH) || item_is_word(item, WORD_BEST);
    if (!item->claimed && (*top || item_is_word(item, WORD_RANK_LOW) || item_is_word(item, WORD_WORST))) return (int)i;
  }
  return -1;
}

static int number_beside(const Parse *parse, int at) {
  for (int offset = -1; offset <= 1; offset += 2) {
    int k = at + offset;
    if (k < 0 || k >= (int)parse_n(parse)) continue;
    const Item *item = parse_item(parse, (guint)k);
    if (item->kind == ITEM_NUMBER && !item->claimed && !item->ordinal && !item->percent && !item->money) return k;
  }
  return -1;
}

static gboolean share_of_top(Parse *parse, guint share_at) {
  SemanticQuery *query = parse->query;
  gboolean top = TRUE;
  int rank = rank_after(parse, share_at, &top), number = rank >= 0 ? number_beside(parse, rank) : -1;
  gboolean linked = parse->total_asked; /* "share of the top five": each; "comes from the top five": all of them */
  for (int i = (int)share_at + 1; i < rank; i++) linked = linked || is_verb(parse_item(parse, (guint)i), parse);
  if (number < 0 || !linked || parse->subject < 0 || query->measures->len != 1 || parse_has_word(parse, WORD_EACH)) return FALSE;
  int index = dimension_of(parse, parse_item(parse, (guint)parse->subject));
  const Measure *measure = g_ptr_array_index(query->measures, 0);
  const Metric *metric = measure->kind == MEASURE_METRIC ? model_find_metric(parse->model, measure->metric) : NULL;
  const Dimension *dimension = index >= 0 ? g_ptr_array_index(query->dimensions, (guint)index) : NULL;
  if (metric == NULL || dimension == NULL || dimension->kind != DIMENSION_FIELD) return FALSE;
  const Field *field = model_find_field(parse->model, dimension->field);
  const Entity *entity = parse_item(parse, (guint)parse->subject)->meaning.entity;
  Filter *filter = parse_add_group_filter(parse, entity != NULL && entity->key != NULL ? entity : NULL, field,
                                          measure_new_metric(metric->name));
  int n = (int)parse_item(parse, (guint)number)->number;
  filter->top = top ? n : -n;
  g_ptr_array_remove_index(query->dimensions, (guint)index);
  Measure *part = g_ptr_array_steal_index(query->measures, 0);
  Measure *whole = measure_copy(part);
  g_ptr_array_add(part->filters, g_ptr_array_steal_index(query->filters, query->filters->len - 1));
  g_ptr_array_add(query->measures, share_measure(parse, part, whole));
  parse_claim(parse, (guint)rank, "top");
  parse_claim(parse, (guint)number, "top");
  parse->listing = FALSE;
  parse->subject = -1;
  return TRUE;
}

/* The total that an item was read as, claimed or not; NULL: it is none. */
static const Metric *total_at(const Parse *parse, guint index) {
  const Item *item = parse_item(parse, index);
  const Metric *metric = item->kind == ITEM_METRIC ? item->meaning.metric : measure_countable(parse, item);
  return metric != NULL && metric_is_total(metric) ? metric : NULL;
}

static void drop_measure(Parse *parse, const Metric *metric) {
  for (guint i = parse->query->measures->len; i-- > 0;) {
    const Measure *measure = g_ptr_array_index(parse->query->measures, i);
    if (measure->kind == MEASURE_METRIC && g_strcmp0(measure->metric, metric->name) == 0) g_ptr_array_remove_index(parse->query->measures, i);
  }
}

/* "tips as a share of sales", "what percentage of sales is tax": one total over another, not each group's part of the whole. */
static gboolean share_of_another(Parse *parse, guint share_at) {
  const Item *share = parse_item(parse, share_at);
  const char *first = token_at(parse->items->tokens, share->first)->fold;
  const char *earlier = share_at > 0 ? token_at(parse->items->tokens, parse_item(parse, share_at - 1)->first)->fold : "";
  gboolean as = strcmp(first, "as") == 0 || strcmp(earlier, "a") == 0 || strcmp(earlier, "as") == 0 || strcmp(earlier, "in") == 0;
  const Metric *top = NULL, *below = NULL;
  int top_at = -1, below_at = -1;
  for (int i = (int)share_at - 1; i >= 0 && top == NULL; i--) {
    top = total_at(parse, (guint)i);
    top_at = i;
    if (parse_item(parse, (guint)i)->kind == ITEM_FIELD || item_is_word(parse_item(parse, (guint)i), WORD_BY)) break;
  }
  for (guint i = share_at + 1; i < parse_n(parse) && below == NULL; i++) {
    const Item *item = parse_item(parse, i);
    below = total_at(parse, i);
    below_at = (int)i;
    gboolean passes = item->kind == ITEM_STOP || item_is_word(item, WORD_SUM) || below != NULL;
    if (!passes) break;
  }
  if (!as || top == NULL || below == NULL || top == below) return FALSE;
  drop_measure(parse, top);
  drop_measure(parse, below);
  parse_add_measure(parse, measure_quotient(parse, top, below));
  parse->metric_named = TRUE;
  parse_claim(parse, share_at, "one over the other");
  parse_claim(parse, (guint)top_at, "part");
  parse_claim(parse, (guint)below_at, "whole");
  return TRUE;
}

/* "share of cancelled orders per route": of the orders of each route, where the metric counts a part of them. */
static gboolean share_of_part_metric(Parse *parse, guint share_at) {
  const Measure *only = parse->query->measures->len == 1 ? g_ptr_array_index(parse->query->measures, 0) : NULL;
  const Metric *part = only != NULL && only->kind == MEASURE_METRIC ? model_find_metric(parse->model, only->metric) : NULL;
  gboolean narrowed = part != NULL && part->kind == METRIC_AGGREGATE && part->aggregate == AGGREGATE_COUNT_DISTINCT && part->conditions[0] != NULL &&
                      part->conditions[0][0] != '!';
  for (guint i = 0; narrowed && i < parse->model->entities->len; i++) {
    const Entity *entity = g_ptr_array_index(parse->model->entities, i);
    const Metric *all = parse_metric_counts(parse, part, entity) ? parse_entity_metric(parse, entity) : NULL;
    if (all == NULL || all == part) continue;
    Measure *ratio = measure_quotient(parse, part, all);
    g_ptr_array_set_size(parse->query->measures, 0);
    parse_add_measure(parse, ratio);
    parse_claim(parse, share_at, "share");
    return TRUE;
  }
  return FALSE;
}

/* "orders by branch in percent of total", "how much of our sales comes from Kendal, in percent": parts, no change. */
static void percent_is_share(Parse *parse) {
  static const char *const IN[] = {"in", "as", "in %", NULL};
  int percent = parse_find_word(parse, WORD_PERCENT_OF_CHANGE, 0);
  static const WordClass CHANGES[] = {WORD_CHANGE, WORD_GROW, WORD_RISE, WORD_FALL, WORD_COMPARE, WORD_DIFFERENCE, WORD_YEAR_OVER_YEAR,
                                      WORD_MONTH_OVER_MONTH, WORD_HOW_MUCH_MORE, WORD_HOW_MUCH_LESS, WORD_THAN, WORD_BY_HOW_MUCH, WORD_FASTEST_GROWING};
  Item *item = percent >= 0 ? parse_item(parse, (guint)percent) : NULL;
  if (item == NULL || parse->fragment || !g_strv_contains(IN, token_at(parse->items->tokens, item->first)->fold)) return;
  for (guint k = 0; k < parse_n(parse); k++)
    for (guint i = 0; i < G_N_ELEMENTS(CHANGES); i++)
      if (item_is_word(parse_item(parse, k), CHANGES[i])) return;
  if (parse_has_word(parse, WORD_SHARE)) { /* "share of sales by category in percent": said twice */
    item->words = (WordSet){{0, 0}};
    parse_claim(parse, (guint)percent, "share");
    return;
  }
  const Measure *only = parse->query->measures->len == 1 ? g_ptr_array_index(parse->query->measures, 0) : NULL;
  const Metric *metric = only != NULL && only->kind == MEASURE_METRIC ? model_find_metric(parse->model, only->metric) : NULL;
  if (metric == NULL || !metric_is_total(metric) || (parse->query->dimensions->len == 0 && parse->query->filters->len == 0)) return;
  item->words = (WordSet){{0, 0}};
  word_set_add(&item->words, WORD_SHARE);
}

void parse_share(Parse *parse) {
  if (parse->verdict != NULL) return;
  percent_is_share(parse);
  int share = parse_find_word(parse, WORD_SHARE, 0);
  if (share >= 0 && (share_of_another(parse, (guint)share) || share_of_part_metric(parse, (guint)share))) {
    parse_claim_word(parse, WORD_SUM, "total");
    parse->change_asked = FALSE;
    return;
  }
  int percent = parse->fragment && share < 0 && parse->context->previous->compare.kind == COMPARE_NONE ? parse_find_word(parse, WORD_PERCENT_OF_CHANGE, 0) : -1;
  if (percent >= 0 && parse->query->measures->len == 0) { /* "and in percent?" */
    parse->query->share = SHARE_TOTAL;
    parse_claim(parse, (guint)percent, "share");
    return;
  }
  if (share < 0) return;
  if (parse->fragment && parse->query->measures->len == 1 && parse->query->filters->len == 0 && parse->query->dimensions->len == 0) {
    parse_claim(parse, (guint)share, "share"); /* "as a percentage of sales": of what was measured before */
    return;
  }
  for (guint i = (guint)share + 1; i < parse_n(parse) && i <= (guint)share + 3; i++) { /* "percentage sales growth" */
    const Item *item = parse_item(parse, i);
    if (item_is_word(item, WORD_GROW) || item_is_word(item, WORD_RISE) || item_is_word(item, WORD_FALL) || item_is_word(item, WORD_CHANGE)) {
      parse_claim(parse, (guint)share, "relative change");
      return;
    }
  }
  if (parse->fragment && parse->query->measures->len == 0) { /* "as a share of the total" */
    parse->query->share = SHARE_TOTAL;
    parse_claim_word(parse, WORD_SHARE, "share");
    parse_claim_word(parse, WORD_SUM, "total");
    return;
  }
  if (parse->query->measures->len == 0) {
    const Metric *metric = parse_default_metric(parse);
    if (metric == NULL || (parse->query->filters->len == 0 && parse->query->dimensions->len == 0)) return;
    parse_add_metric(parse, metric);
    parse_assume(parse, "default_metric", "measured by %s", metric->label);
  }
  const Measure *asked = g_ptr_array_index(parse->query->measures, 0);
  const Metric *asked_metric = asked->metric != NULL ? model_find_metric(parse->model, asked->metric) : NULL;
  if (asked_metric != NULL && asked_metric->kind == METRIC_RATIO && g_strcmp0(asked_metric->unit, "fraction") == 0) {
    parse_claim_word(parse, WORD_SHARE, "share"); /* a rate of the model is a share already */
    return;
  }
  if (share_of_top(parse, (guint)share)) {
    parse_claim_word(parse, WORD_SHARE, "share");
    parse_claim_word(parse, WORD_SUM, "total");
    parse->change_asked = FALSE;
    return;
  }
  gboolean entity_test = FALSE;
  for (guint i = 0; i < parse->query->filters->len; i++) {
    const Filter *filter = g_ptr_array_index(parse->query->filters, i);
    entity_test = entity_test || filter->kind == FILTER_ENTITY || filter->kind == FILTER_DID;
  }
  gboolean by_part = (entity_test && !parse->listing) || parse->query->dimensions->len == 0 || part_is_named(parse, (guint)share);
  if (!by_part) share_of_groups(parse);
  else if (!make_ratio(parse, (guint)share)) return;
  parse_claim_word(parse, WORD_SHARE, "share");
  parse_claim_word(parse, WORD_SUM, "total");
  parse->change_asked = FALSE;
}
