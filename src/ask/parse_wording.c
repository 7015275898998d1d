/* Wordings that say in other words what the passes after this one know: the first three, the runner-up, the monthly average. */
#include <string.h>

#include "ask/measures.h"

static const char *word_at(const Parse *parse, guint index) { return token_at(parse->items->tokens, parse_item(parse, index)->first)->fold; }

static void becomes(Parse *parse, guint index, WordClass word) {
  Item *item = parse_item(parse, index);
  item->kind = ITEM_WORD;
  item->words = (WordSet){{0, 0}};
  item->is_stop = FALSE;
  word_set_add(&item->words, word);
}

/* "turnover by town: who is the runner-up": of the towns. */
static void read_who_wins(Parse *parse) {
  int who = parse_find_word(parse, WORD_WHO, 0);
  gboolean wins = FALSE, grouped = FALSE;
  for (guint i = 0; i < parse_n(parse) && who >= 0; i++) {
    const Item *item = parse_item(parse, i);
    const char *last = token_at(parse->items->tokens, item->first + item->count - 1)->fold;
    wins = wins || (item_is_word(item, WORD_RANK_HIGH) && (strcmp(last, "winner") == 0 || strcmp(last, "up") == 0));
    int next = item_is_word(item, WORD_BY) ? parse_next(parse, i + 1) : -1;
    grouped = grouped || (next >= 0 && parse_is_group_noun(parse, parse_item(parse, (guint)next)));
  }
  if (wins && grouped) parse_claim(parse, (guint)who, "who");
}

static gboolean names_measure(const Parse *parse) {
  for (guint i = 0; i < parse_n(parse); i++)
    if (parse_item(parse, i)->kind == ITEM_METRIC) return TRUE;
  return parse_has_word(parse, WORD_HOW_MANY);
}

/* "the first three departments by turnover": those that stand first in the ranking. */
static void read_first_few(Parse *parse) {
  for (guint i = 0; i + 2 < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i), *number = parse_item(parse, i + 1), *noun = parse_item(parse, i + 2);
    gboolean first = strcmp(word_at(parse, i), "first") == 0, last = strcmp(word_at(parse, i), "last") == 0;
    gboolean things = parse_is_group_noun(parse, noun) && noun->plural && noun->kind != ITEM_GRAIN && !(noun->kind == ITEM_ENTITY && noun->meaning.entity->is_event);
    if ((!first && !last) || item->claimed || item->count != 1 || number->kind != ITEM_NUMBER || number->ordinal || !things || !names_measure(parse)) continue;
    becomes(parse, i, first ? WORD_RANK_HIGH : WORD_RANK_LOW);
    return;
  }
}

/* "with change to the previous month", of a monthly series: month over month. */
static void read_change_to_previous(Parse *parse) {
  static const struct { TimeUnit unit; WordClass word; } SERIES[] = {{TIME_UNIT_MONTH, WORD_MONTH_OVER_MONTH},
      {TIME_UNIT_QUARTER, WORD_QUARTER_OVER_QUARTER}, {TIME_UNIT_WEEK, WORD_WEEK_OVER_WEEK}, {TIME_UNIT_YEAR, WORD_YEAR_OVER_YEAR}};
  guint grains = 0;
  gboolean change = FALSE;
  for (guint i = 0; i < parse_n(parse); i++)
    if (parse_item(parse, i)->kind == ITEM_GRAIN) grains |= 1u << parse_item(parse, i)->meaning.unit;
  for (guint i = 0; i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    change = change || item_is_word(item, WORD_CHANGE) || item_is_word(item, WORD_DIFFERENCE) || item_is_word(item, WORD_GROW) ||
             item_is_word(item, WORD_PERCENT_OF_CHANGE) || item_is_word(item, WORD_COMPARE);
    if (!change || item->kind != ITEM_TIME || item->claimed || item->time->kind == TIME_MENTION_CYCLIC) continue;
    g_autofree char *words = tokens_fold_phrase(parse->items->tokens, item->first, item->count);
    gboolean previous = strstr(words, "previous") != NULL || strstr(words, "prior") != NULL || strstr(words, "preceding") != NULL;
    for (guint k = 0; previous && k < G_N_ELEMENTS(SERIES); k++) {
      if (!g_str_has_suffix(words, time_unit_name(SERIES[k].unit)) || !(grains & 1u << SERIES[k].unit)) continue;
      becomes(parse, i, SERIES[k].word);
      static const char *const LINKS[] = {"to", "on", "from", "over", "against", "vs", "versus", "with", NULL};
      if (g_strv_contains(LINKS, word_at(parse, i - 1))) parse_claim(parse, i - 1, "against");
      return;
    }
  }
}

/* What is averaged over periods: a total, or the number of orders. */
static const Metric *averaged_total(const Parse *parse, guint index) {
  const Metric *metric = measure_noun_metric(parse, parse_item(parse, index));
  return metric != NULL && metric_is_total(metric) ? metric : NULL;
}

static void add_average(Parse *parse, const Metric *metric, TimeUnit unit) {
  parse_add_measure(parse, measure_per(measure_new_metric(metric->name), AGGREGATE_AVERAGE, NULL, unit));
  parse->metric_named = TRUE;
}

/* "monthly average of sales", "the weekly average number of orders". */
static gboolean read_periodic_average(Parse *parse) {
  for (guint i = 0; i + 2 < parse_n(parse); i++) {
    const Item *grain = parse_item(parse, i);
    if (grain->kind != ITEM_GRAIN || !grain->meaning.unit_adverb || grain->claimed || !parse_free_word(parse, i + 1, WORD_AVERAGE)) continue;
    int noun = parse_next(parse, i + 2);
    if (noun >= 0 && parse_free_word(parse, (guint)noun, WORD_HOW_MANY)) noun = parse_next(parse, (guint)noun + 1);
    const Metric *metric = noun >= 0 ? averaged_total(parse, (guint)noun) : NULL;
    if (metric == NULL) continue;
    add_average(parse, metric, grain->meaning.unit);
    for (guint k = i; k <= (guint)noun; k++) parse_claim(parse, k, "average per period");
    if (parse_free_word(parse, (guint)noun + 1, WORD_HOW_MANY)) parse_claim(parse, (guint)noun + 1, "count"); /* "of ticket count" */
    return TRUE;
  }
  return FALSE;
}

/* "average checks per month": how many of them, though an average check is what one is worth. */
static void read_average_events(Parse *parse) {
  static const char *const LINKS[] = {"per", "each", "every", "a", NULL};
  for (guint i = 0; i + 2 < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    if (item->claimed || item->kind != ITEM_METRIC || item->count != 2 || item->meaning.metric->kind != METRIC_RATIO) continue;
    const Token *average = token_at(parse->items->tokens, item->first), *noun = token_at(parse->items->tokens, item->first + 1);
    const Meaning *meaning = lexicon_find(parse->lexicon, noun->stem);
    const Entity *entity = meaning != NULL ? meaning->entity : NULL;
    const Metric *count = entity != NULL && entity->is_event ? parse_entity_metric(parse, entity) : NULL;
    int grain = parse_next(parse, i + 2);
    gboolean averages = strcmp(average->fold, "average") == 0 || strcmp(average->fold, "avg") == 0 || strcmp(average->fold, "mean") == 0;
    gboolean plural = g_str_has_suffix(noun->fold, "s") && strcmp(noun->fold, noun->stem) != 0;
    if (!averages || !plural || count == NULL || grain < 0 || parse_item(parse, (guint)grain)->kind != ITEM_GRAIN || !parse_linked_by(parse, (guint)grain, LINKS)) continue;
    add_average(parse, count, parse_item(parse, (guint)grain)->meaning.unit);
    for (guint k = i; k <= (guint)grain; k++) parse_claim(parse, k, "average per period");
    return;
  }
}

void parse_wording(Parse *parse) {
  if (parse->verdict != NULL) return;
  read_first_few(parse);
  read_who_wins(parse);
  read_change_to_previous(parse);
  if (!parse->fragment && !read_periodic_average(parse)) read_average_events(parse);
}
