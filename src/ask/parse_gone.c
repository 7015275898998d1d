/* Customers won and lost: who bought in one period and not in the next, who bought for the first time. */
#include <string.h>

#include "ask/measures.h"

static gboolean is_person(const Item *item) {
  return item->kind == ITEM_ENTITY && !item->claimed && !item->meaning.entity->is_event && item->meaning.entity->key != NULL && item->plural;
}

static gboolean begins_with(const Parse *parse, guint index, const char *const *starts) {
  const char *fold = token_at(parse->items->tokens, parse_item(parse, index)->first)->fold;
  for (; *starts != NULL; starts++)
    if (g_str_has_prefix(fold, *starts)) return TRUE;
  return FALSE;
}

static gboolean absolute_range(const Parse *parse, guint index, TimeRange *range) {
  const Item *item = parse_item(parse, index);
  return item->kind == ITEM_TIME && !item->claimed && item->time->kind != TIME_MENTION_CYCLIC && item->time->kind != TIME_MENTION_AFTER &&
         time_mention_range(item->time, &parse->model->calendar, range) && range->kind == TIME_ABSOLUTE && range->from != DAY_NONE &&
         range->to != DAY_NONE;
}

static void add_did(Parse *parse, const Entity *entity, const TimeRange *range, gboolean negated) {
  Filter *filter = parse_new_did(entity, negated);
  filter->did_time = *range;
  g_ptr_array_add(parse->query->filters, filter);
}

/* "customers who did not come back in 2022 after buying in 2021". */
static gboolean read_not_back(Parse *parse, const Entity *entity) {
  static const char *const BACK[] = {"come", "came", "return", "reorder", "repurchas", "buy", "order", NULL};
  int not_at = parse_find_word(parse, WORD_NOT, 0), after = -1, back = -1, times[2] = {-1, -1};
  for (guint i = not_at >= 0 ? (guint)not_at + 1 : parse_n(parse); i < parse_n(parse); i++) {
    TimeRange range;
    const Item *item = parse_item(parse, i);
    if (back < 0 && after < 0 && (item_is_word(item, WORD_REPEAT) || begins_with(parse, i, BACK))) back = (int)i;
    if (strcmp(token_at(parse->items->tokens, item->first)->fold, "after") == 0 && item->kind != ITEM_TIME) after = (int)i;
    if (absolute_range(parse, i, &range) && times[after >= 0] < 0) times[after >= 0] = (int)i;
  }
  if (back < 0 || after < 0 || times[0] < 0 || times[1] < 0) return FALSE;
  TimeRange gone, bought;
  if (!absolute_range(parse, (guint)times[0], &gone) || !absolute_range(parse, (guint)times[1], &bought)) return FALSE;
  add_did(parse, entity, &bought, FALSE);
  add_did(parse, entity, &gone, TRUE);
  for (int i = not_at; i <= times[1]; i++) parse_claim(parse, (guint)i, "did not come back");
  parse_claim_word(parse, WORD_BOUGHT, "bought");
  return TRUE;
}

/* The period of the same kind just before: whole months move by months. */
static TimeRange range_before(const TimeRange *range) {
  int year, month, day, end_year, end_month, end_day;
  day_to_ymd(range->from, &year, &month, &day);
  day_to_ymd(range->to, &end_year, &end_month, &end_day);
  Day from = day == 1 && end_day == 1 ? day_add_months(range->from, -((end_year - year) * 12 + end_month - month))
                                      : range->from - (range->to - range->from);
  return time_range_absolute(from, range->from);
}

/* The word by which customers were lost (or won), near them; -1. */
static int near_person(const Parse *parse, guint person, const char *const *starts) {
  for (guint i = person > 3 ? person - 3 : 0; i < parse_n(parse) && i <= person + 4; i++)
    if (!parse_item(parse, i)->claimed && begins_with(parse, i, starts)) return (int)i;
  return -1;
}

static gboolean says_only_that(const Parse *parse) {
  static const WordClass OTHER[] = {WORD_VALUE_WORD, WORD_HOW_MUCH, WORD_RANK_HIGH, WORD_RANK_LOW, WORD_RANK_ALL, WORD_SHARE, WORD_AVERAGE, WORD_NOT};
  for (guint i = 0; i < G_N_ELEMENTS(OTHER); i++)
    if (parse_has_word(parse, OTHER[i])) return FALSE;
  for (guint i = 0; i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    if (item->kind == ITEM_METRIC || item->kind == ITEM_CONDITION) return FALSE;
  }
  return TRUE;
}

/* "how many customers did we lose in 2022": those of the period before who did not buy in it. */
static gboolean read_lost(Parse *parse, guint person) {
  static const char *const LOST[] = {"lose", "lost", "losing", "churned", NULL};
  int lost = near_person(parse, person, LOST), when = -1;
  TimeRange range;
  for (guint i = 0; i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    if (item->kind == ITEM_GRAIN || (item->kind == ITEM_TIME && when >= 0)) return FALSE;
    if (absolute_range(parse, i, &range)) when = (int)i;
  }
  if (lost < 0 || when < 0 || !absolute_range(parse, (guint)when, &range)) return FALSE;
  TimeRange before = range_before(&range);
  const Entity *entity = parse_item(parse, person)->meaning.entity;
  add_did(parse, entity, &before, FALSE);
  add_did(parse, entity, &range, TRUE);
  const Field *name = lexicon_entity_field(parse->lexicon, entity);
  if (name != NULL && (parse_has_word(parse, WORD_WHICH) || parse_has_word(parse, WORD_LIST) || parse_has_word(parse, WORD_WHO))) {
    parse_add_field_dimension(parse, name); /* their names, whatever else is known of them */
    parse->plain_list = parse->listing = parse->group_named = parse->metric_named = TRUE;
    parse->subject = (int)person;
    parse_claim(parse, person, "listed");
    parse_claim_word(parse, WORD_WHICH, "which");
    parse_claim_word(parse, WORD_LIST, "list");
    parse_claim_word(parse, WORD_WHO, "who");
  }
  parse_claim(parse, (guint)lost, "lost");
  parse_claim(parse, (guint)when, "lost then");
  g_autofree char *earlier = day_range_describe(before.from, before.to, &parse->model->calendar);
  g_autofree char *then = day_range_describe(range.from, range.to, &parse->model->calendar);
  parse_assume(parse, "lost", "lost: they bought in %s and not in %s", earlier, then);
  return TRUE;
}

/* "customers gained by month", "how many customers did we win in 2020": new ones. */
static void read_won(Parse *parse, guint person) {
  static const char *const WON[] = {"gain", "won", "win", NULL};
  int won = near_person(parse, person, WON);
  const Entity *entity = parse_item(parse, person)->meaning.entity;
  static const char *const LOST[] = {"lose", "lost", "churn", NULL};
  if (won < 0 || parse_has_word(parse, WORD_NOT) || near_person(parse, person, LOST) >= 0) return;
  parse->query->cohort = COHORT_NEW;
  parse->query->cohort_entity = g_strdup(entity->name);
  Item *item = parse_item(parse, (guint)won);
  item->words = (WordSet){{0, 0}}; /* no change is asked for */
  word_set_add(&item->words, WORD_NEW);
  item->kind = ITEM_WORD;
  parse->change_asked = FALSE;
  parse_claim(parse, (guint)won, "first seen");
}

void parse_gone(Parse *parse) {
  if (parse->verdict != NULL || parse->query->measures->len > 0) return;
  for (guint i = 0; i < parse_n(parse); i++) {
    if (!is_person(parse_item(parse, i))) continue;
    if (read_not_back(parse, parse_item(parse, i)->meaning.entity)) return;
    if (!says_only_that(parse)) return;
    if (!read_lost(parse, i)) read_won(parse, i);
    return;
  }
}
