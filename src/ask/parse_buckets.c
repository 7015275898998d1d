/* "orders by size: under 100, 100 to 300, over 300", "order value in bands of 50": things put in ranges of what they are worth. */
#include <string.h>

#include "ask/parse.h"

#define BUCKETS_OF_STEP 10

static gboolean opens_below(const Item *item) { return item_is_word(item, WORD_LESS_THAN) || item_is_word(item, WORD_AT_MOST); }
static gboolean opens_above(const Item *item) { return item_is_word(item, WORD_MORE_THAN) || item_is_word(item, WORD_AT_LEAST); }

/* The bounds of a spelled-out list of ranges, rising; NULL when there is no such list. first, last: its items. (transfer full) */
static GArray *listed_edges(const Parse *parse, guint *first, guint *last) {
  g_autoptr(GArray) edges = g_array_new(FALSE, FALSE, sizeof(double));
  gboolean below = FALSE, above = FALSE;
  for (guint i = 0; i + 1 < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i), *next = parse_item(parse, i + 1);
    if (next->kind != ITEM_NUMBER && item->kind != ITEM_NUMBER) continue;
    if (next->kind == ITEM_NUMBER && opens_below(item) && edges->len == 0) {
      below = TRUE;
      *first = i;
    }
    if (!below || next->kind != ITEM_NUMBER || next->claimed) continue;
    double value = next->number;
    double before = edges->len > 0 ? g_array_index(edges, double, edges->len - 1) : -G_MAXDOUBLE;
    if (value > before) g_array_append_val(edges, value);
    *last = i + 1;
    above = opens_above(item);
  }
  return below && above && edges->len >= 2 ? g_steal_pointer(&edges) : NULL;
}

/* "in steps at 100 and 300". */
static GArray *edges_at(const Parse *parse, guint bucket, guint *last) {
  const Item *word = parse_item(parse, bucket);
  if (strcmp(token_at(parse->items->tokens, word->first + word->count - 1)->fold, "at") != 0) return NULL;
  GArray *edges = g_array_new(FALSE, FALSE, sizeof(double));
  for (guint i = bucket + 1; i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    if (item->kind == ITEM_NUMBER && !item->claimed) {
      g_array_append_val(edges, item->number);
      *last = i;
    } else if (!item_is_word(item, WORD_AND)) {
      break;
    }
  }
  if (edges->len > 0) return edges;
  g_array_unref(edges);
  return NULL;
}

/* "in bands of 50", "steps of 100". */
static GArray *stepped_edges(const Parse *parse, guint bucket, guint *last) {
  GArray *named = edges_at(parse, bucket, last);
  if (named != NULL) return named;
  for (guint i = bucket + 1; i < parse_n(parse) && i <= bucket + 3; i++) {
    const Item *item = parse_item(parse, i);
    if (item->kind != ITEM_NUMBER || item->claimed || item->number <= 0) continue;
    GArray *edges = g_array_new(FALSE, FALSE, sizeof(double));
    for (int step = 1; step <= BUCKETS_OF_STEP; step++) {
      double edge = item->number * step;
      g_array_append_val(edges, edge);
    }
    *last = i;
    return edges;
  }
  return NULL;
}

/* What is put in ranges: the event that is named, else the order. */
static const Entity *bucketed_entity(const Parse *parse, int *at) {
  *at = -1;
  for (guint i = 0; i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    if (item->kind != ITEM_ENTITY || item->meaning.entity->key == NULL) continue;
    *at = (int)i;
    return item->meaning.entity;
  }
  for (guint i = 0; i < parse_n(parse); i++) { /* "order value bands": the model's average order value */
    const Item *item = parse_item(parse, i);
    if (item->kind == ITEM_METRIC && g_strcmp0(item->meaning.metric->name, "average_order_value") == 0) return model_find_entity(parse->model, "order");
  }
  return NULL;
}

void parse_buckets(Parse *parse) {
  if (parse->verdict != NULL || parse->fragment) return;
  guint first = 0, last = 0;
  int bucket = parse_find_word(parse, WORD_BUCKET, 0), at;
  GArray *edges = listed_edges(parse, &first, &last);
  if (edges == NULL && bucket >= 0) {
    first = last = (guint)bucket;
    edges = stepped_edges(parse, (guint)bucket, &last);
  }
  if (edges == NULL) return;
  const Entity *entity = bucketed_entity(parse, &at);
  const Metric *money = parse_default_metric(parse), *count = entity != NULL ? parse_entity_metric(parse, entity) : NULL;
  if (entity == NULL || entity->key == NULL || money == NULL || count == NULL) {
    g_array_unref(edges);
    return;
  }
  Dimension *dimension = dimension_new(DIMENSION_ENTITY_BUCKET);
  dimension->entity = g_strdup(entity->name);
  dimension->measure = measure_new_metric(money->name);
  if (dimension->edges != NULL) g_array_unref(dimension->edges);
  dimension->edges = edges;
  g_ptr_array_add(parse->query->dimensions, dimension);
  parse->group_named = TRUE;
  for (guint i = first; i <= last; i++) parse_claim(parse, i, "ranges");
  static const char *const SIZES[] = {"size", "sizes", "basket", NULL};
  gboolean other = FALSE; /* "sales by order size": a measure of its own */
  for (guint i = 0; i < first; i++) {
    const Item *item = parse_item(parse, i);
    if (item->claimed) continue;
    gboolean worth = item->kind == ITEM_METRIC && g_strcmp0(item->meaning.metric->name, "average_order_value") == 0;
    if (g_strv_contains(SIZES, token_at(parse->items->tokens, item->first)->fold) || item_is_word(item, WORD_VALUE_WORD) || worth ||
        item_is_word(item, WORD_BY) || item_is_word(item, WORD_HOW_MANY) || (int)i == at)
      parse_claim(parse, i, "ranges");
    else other = other || item->kind == ITEM_METRIC;
  }
  parse_claim_word(parse, WORD_BUCKET, "ranges");
  if (!other) parse_add_metric(parse, count);
  parse->metric_named = !other;
}
