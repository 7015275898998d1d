/* "per store": a group, or what a total is divided by. */
#include <string.h>

#include "ask/measures.h"

/* "average weekly sales per store and department", where the column is called Weekly Sales: the average of its rows, in groups. */
static gboolean names_own_period(const Parse *parse, const Item *item) {
  const Token *first = token_at(parse->items->tokens, item->first);
  g_autofree char *stem = phrase_stem(first->fold);
  const Meaning *meaning = item->kind == ITEM_METRIC && item->count > 1 ? lexicon_find(parse->lexicon, stem) : NULL;
  return meaning != NULL && meaning->unit != TIME_UNIT_NONE && g_str_has_suffix(first->fold, "ly");
}

/* "average sales per month", "revenue per order": a ratio, read with the measures. */
gboolean parse_is_denominator(const Parse *parse, guint by, guint noun) {
  const Item *item = parse_item(parse, noun);
  const char *word = token_at(parse->items->tokens, parse_item(parse, by)->first)->fold;
  gboolean per = strcmp(word, "per") == 0 || item_is_word(parse_item(parse, by), WORD_EACH);
  if (!per || item->plural) return FALSE;
  gboolean average = FALSE;
  for (guint i = 0; i < parse_n(parse); i++) { /* also "... per day on average" */
    const Item *earlier = parse_item(parse, i);
    if (!earlier->claimed && (item_is_word(earlier, WORD_AVERAGE) || item_is_word(earlier, WORD_MEDIAN))) average = TRUE;
  }
  const Metric *metric = NULL;
  gboolean counts = FALSE, spends = FALSE;
  for (guint i = 0; i < by; i++) {
    const Item *earlier = parse_item(parse, i);
    if (earlier->claimed) continue;
    if (average && names_own_period(parse, earlier) && item->kind == ITEM_ENTITY && !item->meaning.entity->is_event) return FALSE;
    if (item_metric(earlier) != NULL && earlier->kind == ITEM_METRIC) metric = item_metric(earlier);
    if (earlier->kind == ITEM_ENTITY || earlier->kind == ITEM_ROWS) counts = TRUE;
    spends = spends || item_is_word(earlier, WORD_SPENT);
    if (average && item_is_word(earlier, WORD_SPENT)) counts = TRUE; /* "average spend per member" */
  }
  gboolean additive = (metric != NULL && metric->kind == METRIC_AGGREGATE && metric->additivity == ADDITIVITY_SUM &&
                       metric->aggregate != AGGREGATE_AVERAGE) || (metric == NULL && counts);
  const Item *by_part = noun + 2 < parse_n(parse) && item_is_word(parse_item(parse, noun + 1), WORD_BY) ? parse_item(parse, noun + 2) : NULL;
  const gboolean within_cycle = by_part != NULL && by_part->kind == ITEM_CYCLIC && item->kind == ITEM_GRAIN; /* "visitors per day by weekday" */
  if (item->kind == ITEM_GRAIN) return (average || within_cycle) && additive;
  if (item->kind != ITEM_ENTITY) return FALSE;
  const gboolean total = metric != NULL ? additive : spends; /* "spend per user by city" */
  if (strcmp(word, "per") == 0 && total && noun + 2 < parse_n(parse) && parse_free_word(parse, noun + 1, WORD_BY)) { /* "GMV per seller by plan" */
    const Field *own = parse_group_field(parse, parse_item(parse, noun + 2));
    if (own != NULL && strcmp(token_at(parse->items->tokens, parse_item(parse, noun + 1)->first)->fold, "by") == 0) return TRUE;
  }
  for (guint i = 0; i < by && !item->meaning.entity->is_event; i++) { /* "median value of a ticket per store" */
    const Item *earlier = parse_item(parse, i);
    gboolean counted = i > 0 && item_is_word(parse_item(parse, i - 1), WORD_HOW_MANY);
    if (earlier->kind == ITEM_ENTITY && earlier->meaning.entity->is_event && !earlier->claimed && !counted) return FALSE;
  }
  if (item->meaning.entity->is_event) return additive || metric == NULL;
  return average && additive && !item_is_word(parse_item(parse, by), WORD_EACH);
}

/* "average sales per order" where the model calls "average sales" what it divides by orders: said twice, no group. */
gboolean parse_repeats_denominator(const Parse *parse, guint by, guint noun) {
  const Item *item = parse_item(parse, noun), *earlier = by > 0 ? parse_item(parse, by - 1) : NULL;
  if (strcmp(token_at(parse->items->tokens, parse_item(parse, by)->first)->fold, "per") != 0 || item->kind != ITEM_ENTITY || item->plural) return FALSE;
  if (earlier == NULL || earlier->kind != ITEM_METRIC || earlier->meaning.metric->kind != METRIC_RATIO) return FALSE;
  const Metric *below = model_find_metric(parse->model, earlier->meaning.metric->denominator);
  return below != NULL && parse_metric_counts(parse, below, item->meaning.entity);
}
