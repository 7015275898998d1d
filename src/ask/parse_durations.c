/* Days from one date to another: measured ("average days to ship"), or tested ("delivered more than 5 days after ordering"). */
#include <string.h>

#include "ask/flag_words.h"
#include "ask/parse.h"

#define REACH_OF_NAME 2 /* words after "delivered" that may say which delivery: "to the carrier" */

/* How many words of the date's name the item, and the words right after it, say; 0: the item says none. */
static guint names_date(const Field *field, const Parse *parse, const Item *item) {
  g_autofree char *phrase = phrase_normalise(field->label);
  g_auto(GStrv) words = g_strsplit(phrase, " ", -1);
  const guint end = item->first + item->count;
  guint own = 0, further = 0;
  for (char **word = words; *word; word++) {
    if (strcmp(*word, "date") == 0 || strcmp(*word, "time") == 0 || strlen(*word) < 3) continue;
    g_autofree char *stem = text_stem(*word);
    for (guint t = item->first; t < MIN(end + REACH_OF_NAME, parse->items->tokens->len); t++) {
      if (!parse_same_root(token_at(parse->items->tokens, t)->stem, stem)) continue;
      if (t < end) own++;
      else further++;
      break;
    }
  }
  return own > 0 ? own + further : 0;
}

/* What was only planned, or only got as far as the carrier, is not what is meant where nothing says so. */
static gboolean is_provisional(const Field *field) {
  static const char *const WORDS[] = {"estimated", "expected", "planned", "promised", "required", "requested", "due", "scheduled", "carrier", "approved", NULL};
  g_autofree char *phrase = phrase_normalise(field->label);
  g_auto(GStrv) words = g_strsplit(phrase, " ", -1);
  for (char **word = words; *word; word++)
    if (g_strv_contains(WORDS, *word)) return TRUE;
  return FALSE;
}

static const Field *date_named_by(const Parse *parse, const Item *item) {
  const Field *best = NULL;
  guint most = 0;
  for (guint d = 0; d < parse->model->datasets->len; d++) {
    const Dataset *dataset = g_ptr_array_index(parse->model->datasets, d);
    for (guint f = 0; f < dataset->fields->len; f++) {
      const Field *field = g_ptr_array_index(dataset->fields, f);
      const guint words = field->type == FIELD_DATE || field->type == FIELD_TIMESTAMP ? names_date(field, parse, item) : 0;
      const gboolean better = words > most || (words > 0 && words == most && is_provisional(best) && !is_provisional(field) && strcmp(best->dataset, field->dataset) == 0);
      if (!better) continue;
      best = field;
      most = words;
    }
  }
  return best;
}

/* The two dates that are spoken of, the earlier first; items[] are those that name them (-1: none does). */
typedef struct {
  const Field *dates[2];
  int items[2], found;
} DatePair;

static gboolean find_dates(const Parse *parse, int trigger, DatePair *pair) {
  *pair = (DatePair){{NULL, NULL}, {-1, -1}, 0};
  for (guint i = 0; i < parse_n(parse) && pair->found < 2; i++) {
    const Item *item = parse_item(parse, i);
    if (item->kind == ITEM_VALUE || item->claimed || item->kind == ITEM_NUMBER || item->kind == ITEM_TIME) continue;
    if (item->kind == ITEM_WORD && item_is_word(item, WORD_HOW_MANY) && (int)i != trigger) continue;
    if (item_is_word(item, WORD_BY) || item_is_word(item, WORD_EACH)) {
      if (pair->found > 0) break;
      continue;
    }
    gboolean counted = item->kind == ITEM_ENTITY && i > 0 && item_is_word(parse_item(parse, i - 1), WORD_HOW_MANY);
    counted = counted || (item->kind == ITEM_ENTITY && item->plural); /* "orders delivered within 3 days" */
    counted = counted || (item->kind == ITEM_FIELD && flag_is(item->meaning.field)); /* "on open days" */
    const Field *field = counted ? NULL : date_named_by(parse, item);
    if (field == NULL || field == pair->dates[0]) continue;
    pair->dates[pair->found] = field;
    pair->items[pair->found++] = (int)i;
  }
  const Field *start = lexicon_default_date(parse->lexicon);
  if (pair->found == 1 && pair->dates[0] != start) {
    pair->dates[1] = pair->dates[0];
    pair->dates[0] = start;
  }
  if (pair->dates[1] == start && pair->dates[0] != NULL) { /* "to ship an order": from order to shipping all the same */
    pair->dates[1] = pair->dates[0];
    pair->dates[0] = start;
  }
  return pair->dates[0] != NULL && pair->dates[1] != NULL;
}

/* The word that names the date, and what says after it which one: "delivered to the carrier". */
static void claim_name(Parse *parse, guint index, const Field *from, const Field *to) {
  parse_claim(parse, index, "date");
  for (guint i = index + 1; i < parse_n(parse) && i <= index + REACH_OF_NAME; i++) {
    const Item *item = parse_item(parse, i);
    if (item->claimed || item->kind == ITEM_STOP || (item->kind != ITEM_UNKNOWN && item->kind != ITEM_ENTITY && item->kind != ITEM_FIELD)) continue;
    if (item_is_word(parse_item(parse, i - 1), WORD_BY) || item_is_word(parse_item(parse, i - 1), WORD_EACH)) return;
    if (names_date(from, parse, item) > 0 || names_date(to, parse, item) > 0) parse_claim(parse, i, "date");
  }
}

static Measure *measure_of_dates(const DatePair *pair, Aggregate aggregate) {
  Measure *measure = measure_new(MEASURE_DATE_DIFFERENCE);
  measure->aggregate = aggregate;
  measure->field = lexicon_field_path(pair->dates[0]);
  measure->field_to = lexicon_field_path(pair->dates[1]);
  measure->name = g_strdup("days");
  measure->label = g_strdup_printf("Days from %s to %s", pair->dates[0]->label, pair->dates[1]->label);
  return measure;
}

/* The model's own average of the days between the two; NULL: it has none. */
static const Metric *metric_of_dates(const Parse *parse, const DatePair *pair) {
  for (guint i = 0; i < parse->model->metrics->len; i++) {
    const Metric *metric = g_ptr_array_index(parse->model->metrics, i);
    gboolean days = metric->kind == METRIC_AGGREGATE && metric->aggregate == AGGREGATE_AVERAGE && g_strcmp0(metric->unit, "days") == 0 &&
                    metric->conditions[0] == NULL && metric->expression != NULL && g_strcmp0(metric->dataset, pair->dates[0]->dataset) == 0;
    const char *from = days ? strstr(metric->expression, pair->dates[0]->name) : NULL;
    const char *to = days ? strstr(metric->expression, pair->dates[1]->name) : NULL;
    if (from != NULL && to != NULL) return metric;
  }
  return NULL;
}

/* "more than 5 days", "within 3 days": the operator's item; -1: the days are not tested. */
static int duration_test(const Parse *parse, int trigger, Operator *op, int *number_at) {
  static const struct { WordClass word; Operator op; } OPERATORS[] = {{WORD_MORE_THAN, OP_GREATER}, {WORD_LESS_THAN, OP_LESS},
      {WORD_AT_LEAST, OP_GREATER_EQUAL}, {WORD_AT_MOST, OP_LESS_EQUAL}, {WORD_EXACTLY, OP_EQUAL}, {WORD_WITHIN, OP_LESS_EQUAL}};
  int number = trigger - 1;
  if (number < 1 || parse_item(parse, (guint)number)->kind != ITEM_NUMBER || parse_item(parse, (guint)number)->ordinal) return -1;
  *number_at = number;
  for (guint i = 0; i < G_N_ELEMENTS(OPERATORS); i++) {
    if (!item_is_word(parse_item(parse, (guint)number - 1), OPERATORS[i].word)) continue;
    *op = OPERATORS[i].op;
    return number - 1;
  }
  const char *after = trigger + 1 < (int)parse_n(parse) ? token_at(parse->items->tokens, parse_item(parse, (guint)trigger + 1)->first)->fold : "";
  *op = OP_GREATER_EQUAL;
  if (strcmp(after, "or") == 0) return -1;
  *op = OP_EQUAL;
  return strcmp(after, "after") == 0 || strcmp(after, "later") == 0 ? number : -1;
}

static gboolean read_tested_days(Parse *parse, int trigger, const DatePair *pair) {
  Operator op;
  int number = -1, at = duration_test(parse, trigger, &op, &number);
  const Entity *order = model_find_entity(parse->model, "order");
  if (at < 0 || order == NULL) return FALSE;
  Filter *filter = filter_new(FILTER_ENTITY);
  filter->entity = g_strdup(order->name);
  filter->measure = measure_of_dates(pair, AGGREGATE_MAX);
  filter->op = op;
  filter->within = TRUE;
  g_ptr_array_add(filter->values, g_strdup_printf("%g", parse_item(parse, (guint)number)->number));
  g_ptr_array_add(parse->query->filters, filter);
  for (int i = at; i <= trigger; i++) parse_claim(parse, (guint)i, "tested days");
  for (int i = 0; i < pair->found; i++) parse_claim(parse, (guint)pair->items[i], "date");
  if (trigger + 1 < (int)parse_n(parse) && parse_free_word(parse, (guint)trigger + 1, WORD_AFTER)) parse_claim(parse, (guint)trigger + 1, "after");
  return TRUE;
}

static Aggregate duration_aggregate(const Parse *parse) {
  if (parse_has_word(parse, WORD_MEDIAN)) return AGGREGATE_MEDIAN;
  if (parse_has_word(parse, WORD_MAXIMUM) || parse_has_word(parse, WORD_RANK_HIGH)) return AGGREGATE_MAX;
  return parse_has_word(parse, WORD_MINIMUM) || parse_has_word(parse, WORD_RANK_LOW) ? AGGREGATE_MIN : AGGREGATE_AVERAGE;
}

/* "which district has the longest": groups are ranked; "what is the longest" asks for one number. */
static gboolean names_group(const Parse *parse) {
  if (parse_has_word(parse, WORD_BY)) return TRUE;
  for (guint i = 0; i < parse_n(parse) && parse_has_word(parse, WORD_WHICH); i++) {
    const Item *item = parse_item(parse, i);
    if ((item->kind == ITEM_FIELD || item->kind == ITEM_ENTITY) && !item->claimed) return parse_group_field(parse, item) != NULL;
  }
  return FALSE;
}

/* "average delivery time in days", where the model measures that: the days are its unit. */
static gboolean measured_by_model(const Parse *parse) {
  for (guint i = 0; i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    if (!item->claimed && item->kind == ITEM_METRIC && g_strcmp0(item->meaning.metric->unit, "days") == 0) return TRUE;
  }
  return FALSE;
}

void parse_durations(Parse *parse) {
  int trigger = parse_find_word(parse, WORD_DAYS_BETWEEN, 0);
  DatePair pair;
  for (; trigger >= 0; trigger = parse_find_word(parse, WORD_DAYS_BETWEEN, (guint)trigger + 1)) { /* a test may stand anywhere */
    int number;
    Operator op;
    if (duration_test(parse, trigger, &op, &number) >= 0 && find_dates(parse, trigger, &pair) && read_tested_days(parse, trigger, &pair)) return;
  }
  trigger = parse_find_word(parse, WORD_DAYS_BETWEEN, 0);
  while (trigger >= 0 && parse_item(parse, (guint)trigger)->kind == ITEM_METRIC) /* the model knows it by that name */
    trigger = parse_find_word(parse, WORD_DAYS_BETWEEN, (guint)trigger + 1);
  if (trigger >= 0 && measured_by_model(parse)) {
    parse_claim(parse, (guint)trigger, "unit");
    return;
  }
  if (trigger < 0 || !find_dates(parse, trigger, &pair)) return;
  Aggregate aggregate = duration_aggregate(parse);
  gboolean ranked_groups = names_group(parse) && aggregate != AGGREGATE_AVERAGE &&
                           aggregate != AGGREGATE_MEDIAN && !parse_has_word(parse, WORD_MAXIMUM) && !parse_has_word(parse, WORD_MINIMUM);
  if (ranked_groups) aggregate = AGGREGATE_AVERAGE;
  const Metric *known = aggregate == AGGREGATE_AVERAGE ? metric_of_dates(parse, &pair) : NULL;
  if (known != NULL) parse_add_metric(parse, known);
  else parse_add_measure(parse, measure_of_dates(&pair, aggregate));
  parse->metric_named = TRUE;
  for (int i = 0; i < pair.found; i++) claim_name(parse, (guint)pair.items[i], pair.dates[0], pair.dates[1]);
  parse_claim_word(parse, WORD_DAYS_BETWEEN, "days between");
  parse_claim_word(parse, WORD_AVERAGE, "average");
  parse_claim_word(parse, WORD_MEDIAN, "median");
  parse_claim_word(parse, WORD_BETWEEN, "between");
  static const WordClass EXTREMES[] = {WORD_MAXIMUM, WORD_MINIMUM, WORD_RANK_HIGH, WORD_RANK_LOW};
  for (guint i = 0; !ranked_groups && i < G_N_ELEMENTS(EXTREMES); i++) parse_claim_word(parse, EXTREMES[i], "extreme");
  for (guint i = (guint)trigger; i < parse_n(parse); i++) { /* "days", "date" beside the trigger */
    Item *item = parse_item(parse, i);
    if (!item->claimed && (item->kind == ITEM_GRAIN || item_is_word(item, WORD_HOW_MANY)) && i < (guint)trigger + 6) parse_claim(parse, i, "days");
  }
  for (guint i = 0; i < (guint)trigger; i++)
    if (parse_free_word(parse, i, WORD_HOW_MANY)) parse_claim(parse, i, "days");
}
