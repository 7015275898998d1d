/* Follow-ups: a fragment that keeps the query before and changes what it names. */
#include <string.h>

#include "ask/measures.h"

static gboolean token_is(const Parse *parse, guint index, const char *const *words) {
  if (index >= parse->items->tokens->len) return FALSE;
  for (; *words; words++)
    if (strcmp(token_at(parse->items->tokens, index)->fold, *words) == 0) return TRUE;
  return FALSE;
}

static gboolean starts_like_followup(const Parse *parse) {
  static const char *const STARTS[] = {"and", "also", "only", "just", "but", "now", "instead", "same", "then", "ok", "okay", "or", "without",
      "excluding", "except", "by", "for", "in", "split", "break", "broken", "per", "restrict", "limit", "as", "make", "add", "drop",
      "switch", "change", "include", "exclude", "sort", "rather", "with", "compared", "versus", "vs", "rank", "show", "use", "plus", "together",
      "replace", "swap", "take", "remove", "leave", "skip", "minus", "group", "overall", "altogether", "smallest", "biggest", "largest", "lowest",
      "highest", "sorted", NULL};
  static const char *const WHAT[] = {"what", "how", NULL}, *const ABOUT[] = {"about", "bout", NULL};
  if (token_is(parse, 0, WHAT) && token_is(parse, 1, ABOUT)) return TRUE;
  return token_is(parse, 0, STARTS);
}

/* "its profit", "which of these": speaks of what the answer before showed. */
static gboolean points_at_shown(const Parse *parse) {
  static const char *const OWN[] = {"its", "their", "theirs", NULL}, *const OF[] = {"of", "for", "among", "did", NULL},
                    *const THESE[] = {"these", "those", "them", NULL};
  for (guint i = 0; i < parse->items->tokens->len; i++)
    if (token_is(parse, i, OWN) || (i > 0 && token_is(parse, i, THESE) && token_is(parse, i - 1, OF))) return TRUE;
  return FALSE;
}

static gboolean names_measure(const Parse *parse) {
  for (guint i = 0; i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    if (item->kind == ITEM_METRIC || item->kind == ITEM_ROWS || item->kind == ITEM_ENTITY) return TRUE;
    if (item_is_word(item, WORD_HOW_MANY) || item_is_word(item, WORD_HOW_MUCH)) return TRUE;
  }
  return FALSE;
}

static gboolean asks_anew(const Parse *parse) {
  static const char *const WH[] = {"which", "what", "who", "how", "when", "show", "list", "give", "compare", "rank", "is", "are", "did",
                                   "does", "do", "were", "was", "summarise", "summarize", "in", "tell", "on", "for", "by", NULL};
  return token_is(parse, 0, WH) && names_measure(parse);
}

gboolean followup_applies(const Parse *parse) {
  if (parse->context->previous == NULL) return FALSE;
  gboolean refers = FALSE;
  static const char *const POINTS[] = {"it", "that", "those", "these", "them", "same", "they", "this", NULL};
  for (guint i = 0; i < parse->items->tokens->len; i++) refers = refers || token_is(parse, i, POINTS);
  if (parse_has_word(parse, WORD_INSTEAD)) return TRUE;
  static const char *const I[] = {"i", NULL}, *const MEAN[] = {"meant", "mean", NULL}, *const CORRECTS[] = {"no", "sorry", "actually", NULL};
  if ((token_is(parse, 0, I) && token_is(parse, 1, MEAN)) || (token_is(parse, 0, CORRECTS) && parse_n(parse) > 1 && parse_item(parse, 1)->comma_before)) return TRUE;
  static const char *const WHAT[] = {"what", "how", NULL}, *const ABOUT[] = {"about", "bout", NULL};
  if (token_is(parse, 0, WHAT) && token_is(parse, 1, ABOUT)) return TRUE;
  static const char *const AND[] = {"and", "also", "but", "only", "just", "now", "ok", "okay", "then", "add", "break", "split", "vs", "versus",
                                    "compared", "same", "sort", "rank", "use", "plus", "together", "switch", "replace", "swap", "drop", "take",
                                    "remove", "group", "restrict", "limit", "overall", "altogether", NULL};
  if (token_is(parse, 0, AND)) return TRUE;
  gboolean metric = FALSE;
  for (guint i = 0; i < parse_n(parse); i++) metric = metric || parse_item(parse, i)->kind == ITEM_METRIC;
  if (refers && !metric && parse->items->tokens->len <= 6 && !parse_has_word(parse, WORD_HOW_MANY)) return TRUE; /* "show it per branch" */
  static const char *const WHICH[] = {"which", NULL};
  if (parse->items->tokens->len == 2 && token_is(parse, 0, WHICH)) return TRUE; /* "which branches?" */
  for (guint i = 0; i < parse->items->tokens->len; i++) { /* "show the margin too", "as a percentage of sales" */
    static const char *const TOO[] = {"too", "instead", NULL};
    if (token_is(parse, i, TOO) && parse->items->tokens->len <= 8) return TRUE;
  }
  static const char *const PREPOSITIONS[] = {"by", "for", "in", "with", "without", "per", "excluding", NULL};
  if (token_is(parse, 0, PREPOSITIONS) && parse->items->tokens->len <= 5 && !parse_has_word(parse, WORD_WHICH)) return TRUE;
  if (points_at_shown(parse) && parse->items->tokens->len <= 12) return TRUE;
  if (asks_anew(parse)) return FALSE;
  return starts_like_followup(parse) || !names_measure(parse) || (refers && parse->items->tokens->len <= 6);
}

/* "drop Bath", "switch to units", "change it to region": verbs about the question, not about the figures. */
static void read_commands(Parse *parse) {
  static const char *const TAKE_OUT[] = {"drop", "minus", "lose", "subtract", NULL},
                    *const TURN[] = {"switch", "change", "swap", "replace", "turn", "use", "restrict", "limit", "group", "sort", NULL},
                    *const TO[] = {"to", "it", "that", "this", "by", "with", NULL};
  for (guint i = 0; i + 1 < parse_n(parse); i++) {
    Item *item = parse_item(parse, i);
    const Token *token = token_at(parse->items->tokens, item->first), *next = token_at(parse->items->tokens, parse_item(parse, i + 1)->first);
    if (item->count == 1 && g_strv_contains(TAKE_OUT, token->fold) && parse_item(parse, i + 1)->kind == ITEM_VALUE) {
      item->kind = ITEM_WORD;
      item->words = (WordSet){{0, 0}};
      word_set_add(&item->words, WORD_EXCLUDE);
    } else if (i == 0 && item->count == 1 && g_strv_contains(TURN, token->fold) && (g_strv_contains(TO, next->fold) || strcmp(token->fold, "use") == 0) &&
               !item_is_word(item, WORD_RANK_ALL)) {
      item->kind = ITEM_STOP;
      item->is_stop = TRUE;
      item->words = (WordSet){{0, 0}};
      item->meaning = (Meaning){0};
    }
  }
}

/* "by profit instead of sales": what stands after "instead of" is what goes away. */
void followup_drop_replaced(Parse *parse) {
  read_commands(parse);
  for (guint i = 0; i < parse_n(parse); i++) {
    Item *item = parse_item(parse, i);
    gboolean corrects = item->kind == ITEM_WORD && item->count == 1 && i > 0 && item->comma_before &&
                        strcmp(token_at(parse->items->tokens, item->first)->fold, "not") == 0;
    if (corrects) { /* "I meant the sales, not the orders" */
      int old = parse_next(parse, i + 1);
      ItemKind kind = old >= 0 ? parse_item(parse, (guint)old)->kind : ITEM_STOP;
      if (kind != ITEM_METRIC && kind != ITEM_ENTITY && kind != ITEM_ROWS && kind != ITEM_FIELD) continue;
      parse_claim(parse, i, "not");
      parse_claim(parse, (guint)old, "replaced");
      continue;
    }
    if (!item_is_word(item, WORD_INSTEAD)) continue;
    parse_claim(parse, i, "instead");
    if (item->count < 2) continue;
    for (guint k = i + 1; k < parse_n(parse) && k < i + 4; k++) {
      Item *old = parse_item(parse, k);
      if (old->kind == ITEM_STOP || old->claimed) continue;
      if (old->kind == ITEM_WORD) break;
      parse_claim(parse, k, "replaced");
      break;
    }
  }
}

static gboolean adds(const Parse *parse) {
  static const char *const ADD[] = {"also", "too", "add", "additionally", "plus", "further", "split", "break", "broken", "besides", "include", "down",
                                    "well", "together", NULL};
  for (guint i = 0; i < parse->items->tokens->len; i++)
    if (token_is(parse, i, ADD)) return TRUE;
  return FALSE;
}

static void merge_filters(SemanticQuery *query, GPtrArray *fresh) {
  for (guint i = 0; i < fresh->len; i++) {
    const Filter *filter = g_ptr_array_index(fresh, i);
    for (guint k = 0; k < query->filters->len;) {
      const Filter *old = g_ptr_array_index(query->filters, k);
      gboolean same_field = filter->kind == FILTER_FIELD && old->kind == FILTER_FIELD && strcmp(filter->field, old->field) == 0 &&
                            (filter->op == old->op || filter->op == OP_EQUAL);
      gboolean same_condition = filter->kind == FILTER_CONDITION && old->kind == FILTER_CONDITION && strcmp(filter->condition, old->condition) == 0;
      gboolean same_cycle = filter->kind == FILTER_CYCLIC && old->kind == FILTER_CYCLIC && filter->cyclic == old->cyclic;
      if (same_field || same_condition || same_cycle) g_ptr_array_remove_index(query->filters, k);
      else k++;
    }
    g_ptr_array_add(query->filters, filter_copy(filter));
  }
}

static gboolean only_times(GPtrArray *dimensions) {
  for (guint i = 0; i < dimensions->len; i++) {
    DimensionKind kind = ((const Dimension *)g_ptr_array_index(dimensions, i))->kind;
    if (kind != DIMENSION_TIME && kind != DIMENSION_CYCLIC) return FALSE;
  }
  return TRUE;
}

/* New groups take the place of the old ones; a new grain only that of the old grain. */
static void merge_dimensions(SemanticQuery *query, GPtrArray *fresh, gboolean add) {
  if (fresh->len == 0) return;
  gboolean had_time = FALSE;
  for (guint i = 0; i < query->dimensions->len; i++) {
    DimensionKind kind = ((const Dimension *)g_ptr_array_index(query->dimensions, i))->kind;
    had_time = had_time || kind == DIMENSION_TIME || kind == DIMENSION_FIRST_TIME || kind == DIMENSION_CYCLIC;
  }
  gboolean regrain = only_times(fresh) && had_time;
  for (guint i = 0; i < query->dimensions->len && !add;) {
    const Dimension *old = g_ptr_array_index(query->dimensions, i);
    gboolean time = old->kind == DIMENSION_TIME || old->kind == DIMENSION_CYCLIC || old->kind == DIMENSION_FIRST_TIME;
    if (!regrain || time) g_ptr_array_remove_index(query->dimensions, i);
    else i++;
  }
  for (guint i = 0; i < fresh->len; i++) {
    const Dimension *dimension = g_ptr_array_index(fresh, i);
    gboolean known = FALSE;
    for (guint k = 0; k < query->dimensions->len; k++) {
      const Dimension *old = g_ptr_array_index(query->dimensions, k);
      known = known || (old->kind == dimension->kind && g_strcmp0(old->field, dimension->field) == 0 && old->unit == dimension->unit);
    }
    if (!known) g_ptr_array_add(query->dimensions, dimension_copy(dimension));
  }
  if (query->limit_within >= (int)query->dimensions->len) query->limit_within = 0;
}

static void merge_measures(SemanticQuery *query, GPtrArray *fresh, gboolean add) {
  if (fresh->len == 0) return;
  if (!add) {
    g_ptr_array_set_size(query->measures, 0);
    g_array_set_size(query->having, 0);
    for (guint i = 0; i < query->order->len; i++) {
      Order *order = &g_array_index(query->order, Order, i);
      if (order->on != ON_DIMENSION) order->index = 0;
    }
  }
  for (guint i = 0; i < fresh->len; i++) {
    const Measure *measure = g_ptr_array_index(fresh, i);
    gboolean known = FALSE;
    for (guint k = 0; k < query->measures->len; k++) {
      const Measure *old = g_ptr_array_index(query->measures, k);
      known = known || (old->kind == MEASURE_METRIC && measure->kind == MEASURE_METRIC && g_strcmp0(old->metric, measure->metric) == 0);
    }
    if (!known) g_ptr_array_add(query->measures, measure_copy(measure));
  }
}

/* "and the highest?", "show only the lowest": nothing else is said. */
static gboolean only_ranks(const Parse *parse) {
  for (guint i = 0; i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    gboolean ranks = item_is_word(item, WORD_RANK_HIGH) || item_is_word(item, WORD_RANK_LOW) || item_is_word(item, WORD_BEST) || item_is_word(item, WORD_WORST);
    gboolean harmless = item->kind == ITEM_STOP || item_is_word(item, WORD_AND) || item_is_word(item, WORD_ONLY) || item_is_word(item, WORD_SINGLE) ||
                        item_is_word(item, WORD_SAME) || item_is_word(item, WORD_LIST) || (item->kind == ITEM_WORD && item->is_stop);
    if (!ranks && !harmless) return FALSE;
  }
  return TRUE;
}

/* "and the worst 10?", "show the bottom 5 instead", "which is the highest?": the same ranking, the other way round or cut. */
static void turn_order(const Parse *parse, SemanticQuery *query) {
  static const struct { WordClass word; gboolean descending; } WAYS[] = {{WORD_RANK_ALL_LOW, FALSE}, {WORD_RANK_HIGH, TRUE}, {WORD_BEST, TRUE},
      {WORD_RANK_LOW, FALSE}, {WORD_WORST, FALSE}, {WORD_RANK_ALL, TRUE}};
  for (guint i = 0; i < G_N_ELEMENTS(WAYS); i++) {
    if (!parse_has_word(parse, WAYS[i].word) || query->dimensions->len == 0 || query->measures->len == 0) continue;
    if (query->order->len == 0) {
      Order order = {0, ON_VALUE, WAYS[i].descending, FALSE};
      g_array_append_val(query->order, order);
    } else {
      g_array_index(query->order, Order, 0).descending = WAYS[i].descending;
    }
    gboolean one = (parse_has_word(parse, WORD_WHICH) || parse_has_word(parse, WORD_WHEN) || only_ranks(parse)) && !parse->limit_named && WAYS[i].word != WORD_RANK_ALL && WAYS[i].word != WORD_RANK_ALL_LOW;
    if (one) query->limit = 1;
    return;
  }
}

static void merge_ranking(const Parse *parse, SemanticQuery *query) {
  const SemanticQuery *fresh = parse->query;
  if (parse->limit_named && fresh->limit > 0) {
    query->limit = fresh->limit;
    query->offset = fresh->offset;
    if (query->order->len == 0 && query->measures->len > 0) {
      Order order = {0, ON_VALUE, TRUE, FALSE};
      g_array_append_val(query->order, order);
    }
  }
  if (parse->order_named && fresh->order->len > 0) {
    g_array_set_size(query->order, 0);
    g_array_append_vals(query->order, fresh->order->data, fresh->order->len);
  } else {
    turn_order(parse, query);
  }
}

/* "as a percentage of sales": what was measured before, as part of it. */
static gboolean merge_ratio(Parse *parse, SemanticQuery *query) {
  const Measure *before = query->measures->len == 1 ? g_ptr_array_index(query->measures, 0) : NULL;
  const Measure *whole = parse->query->measures->len == 1 ? g_ptr_array_index(parse->query->measures, 0) : NULL;
  int share = -1;
  for (guint i = 0; i < parse_n(parse); i++)
    if (item_is_word(parse_item(parse, i), WORD_SHARE)) share = (int)i;
  if (share < 0 || before == NULL || whole == NULL || before->kind != MEASURE_METRIC || whole->kind != MEASURE_METRIC ||
      strcmp(before->metric, whole->metric) == 0)
    return FALSE;
  const Metric *top = model_find_metric(parse->model, before->metric), *below = model_find_metric(parse->model, whole->metric);
  const Metric *known = top != NULL && below != NULL ? measure_known_ratio(parse, top, below) : NULL;
  Measure *ratio = known != NULL ? measure_new_metric(known->name) : NULL;
  if (ratio == NULL) {
    ratio = measure_new(MEASURE_RATIO);
    ratio->left = measure_copy(before);
    ratio->right = measure_copy(whole);
  }
  g_ptr_array_set_size(query->measures, 0);
  g_ptr_array_add(query->measures, ratio);
  return TRUE;
}

/* "its profit" after "which had the lowest sales": that one stays, found as it was before, and is measured anew. */
static void keep_shown(SemanticQuery *query) {
  const Dimension *dimension = query->dimensions->len == 1 ? g_ptr_array_index(query->dimensions, 0) : NULL;
  const Order *order = query->order->len == 1 ? &g_array_index(query->order, Order, 0) : NULL;
  gboolean ranked = dimension != NULL && dimension->kind == DIMENSION_FIELD && order != NULL && order->on == ON_VALUE && query->limit > 0 &&
                    query->limit_within == 0 && query->offset == 0 && query->compare.kind == COMPARE_NONE && query->having->len == 0;
  if (!ranked || order->index < 0 || order->index >= (int)query->measures->len) return;
  Filter *filter = filter_new(FILTER_ENTITY);
  filter->field = g_strdup(dimension->field);
  filter->measure = measure_copy(g_ptr_array_index(query->measures, (guint)order->index));
  filter->top = order->descending ? query->limit : -query->limit;
  filter->within = TRUE;
  g_ptr_array_add(query->filters, filter);
  g_array_set_size(query->order, 0);
  query->limit = 0;
}

/* "compare with 2019": what was asked before is current, the time given now is what it is held against. */
static void merge_baseline(const Parse *parse, SemanticQuery *query) {
  query->compare.baseline = parse->query->time;
  query->compare.kind = COMPARE_PERIODS;
  query->compare.show = COMPARE_SHOW_ALL;
  for (guint i = 0; i < query->dimensions->len; i++)
    if (((const Dimension *)g_ptr_array_index(query->dimensions, i))->kind == DIMENSION_TIME) query->compare.kind = COMPARE_YEAR_EARLIER;
}

static gboolean has_token(const Parse *parse, const char *const *words) {
  for (guint i = 0; i < parse->items->tokens->len; i++)
    if (token_is(parse, i, words)) return TRUE;
  return FALSE;
}

/* "what is the total?", "overall?": the same without its groups. "without that filter", "for everything": without what narrowed it last. */
static void widen(const Parse *parse, SemanticQuery *query) {
  static const char *const FILTERS[] = {"filter", "filters", "restriction", "everything", "everyone", NULL}, *const ALL[] = {"all", NULL};
  const SemanticQuery *fresh = parse->query;
  gboolean nothing_new = fresh->measures->len == 0 && fresh->dimensions->len == 0 && fresh->filters->len == 0 && !parse->time_given;
  if (nothing_new && has_token(parse, FILTERS)) {
    if (query->filters->len > 0) g_ptr_array_remove_index(query->filters, query->filters->len - 1);
    return;
  }
  if (nothing_new && fresh->share == SHARE_NONE && parse_asked_total(parse)) {
    g_ptr_array_set_size(query->dimensions, 0);
    g_array_set_size(query->order, 0);
    query->limit = query->offset = query->limit_within = 0;
    query->share = SHARE_NONE;
  }
  for (guint d = 0; d < fresh->dimensions->len && has_token(parse, ALL); d++) { /* "for all counties" */
    const char *field = ((const Dimension *)g_ptr_array_index(fresh->dimensions, d))->field;
    for (guint i = query->filters->len; field != NULL && i-- > 0;)
      if (g_strcmp0(((const Filter *)g_ptr_array_index(query->filters, i))->field, field) == 0) g_ptr_array_remove_index(query->filters, i);
  }
}

void followup_merge(Parse *parse) {
  const SemanticQuery *fresh = parse->query;
  SemanticQuery *query = semantic_query_copy(parse->context->previous);
  widen(parse, query);
  gboolean add = adds(parse);
  if (points_at_shown(parse) && fresh->measures->len > 0) keep_shown(query);
  if (!merge_ratio(parse, query)) merge_measures(query, fresh->measures, add);
  merge_dimensions(query, fresh->dimensions, add);
  merge_filters(query, fresh->filters);
  if (parse->baseline_given && query->time.kind != TIME_ALL) {
    merge_baseline(parse, query);
  } else if (parse->time_given || parse->all_time) {
    query->time = parse->all_time ? time_range_all() : fresh->time;
    if (query->compare.kind == COMPARE_PERIODS && fresh->compare.kind == COMPARE_NONE) query->compare.kind = COMPARE_NONE;
    for (guint i = 0; i < query->measures->len; i++) ((Measure *)g_ptr_array_index(query->measures, i))->time = time_range_all();
  }
  if (fresh->compare.kind != COMPARE_NONE) {
    query->compare.kind = fresh->compare.kind;
    data_ref_clear(&query->compare.data);
    query->compare.baseline = fresh->compare.baseline;
    query->compare.show = fresh->compare.show;
    query->compare.toward = fresh->compare.toward;
    g_free(query->compare.field);
    g_free(query->compare.member);
    g_free(query->compare.other);
    query->compare.field = g_strdup(fresh->compare.field);
    query->compare.member = g_strdup(fresh->compare.member);
    query->compare.other = g_strdup(fresh->compare.other);
  }
  merge_ranking(parse, query);
  if (fresh->cohort != COHORT_NONE) {
    query->cohort = fresh->cohort;
    g_free(query->cohort_entity);
    query->cohort_entity = g_strdup(fresh->cohort_entity);
  }
  if (fresh->share != SHARE_NONE) query->share = fresh->share;
  if (fresh->window != WINDOW_NONE) {
    query->window = fresh->window;
    query->window_size = fresh->window_size;
  }
  if (fresh->analysis != ANALYSIS_NONE) query->analysis = fresh->analysis;
  if (fresh->having->len > 0) {
    g_array_set_size(query->having, 0);
    g_array_append_vals(query->having, fresh->having->data, fresh->having->len);
  }
  semantic_query_free(parse->query);
  parse->query = query;
}
