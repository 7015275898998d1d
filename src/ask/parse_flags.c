/*
 * Columns that say yes or no and are called by what they say: "vegetarian dishes", "members who gave marketing consent",
 * "own label against the rest". A noun after "by" is a group as always.
 */
#include <string.h>

#include "ask/flag_words.h"
#include "ask/parse.h"

static const Field *flag_field(const Parse *parse, const Item *item) {
  gboolean free = !item->claimed || g_strcmp0(item->claimed_as, "names the field") == 0; /* "vegetarian vs non-vegetarian" */
  const Field *field = item->kind == ITEM_FIELD && free ? parse_group_field(parse, item) : NULL;
  return flag_is(field) ? field : NULL;
}

static gboolean asks_for_groups_at(const Parse *parse, int before) {
  static const WordClass ASKS[] = {WORD_BY, WORD_EACH, WORD_WITHIN, WORD_WHICH, WORD_AND, WORD_HOW_MANY};
  for (guint i = 0; before >= 0 && i < G_N_ELEMENTS(ASKS); i++)
    if (item_is_word(parse_item(parse, (guint)before), ASKS[i])) return TRUE;
  return FALSE;
}

/* "vegetarian vs non-vegetarian": the other side stands within the next few words. */
static int other_side(const Parse *parse, guint index, const Field *field) {
  gboolean linked = FALSE, negated = FALSE;
  for (guint at = index + 1; at < parse_n(parse) && at <= index + 5; at++) {
    const Item *item = parse_item(parse, at);
    if (item_is_word(item, WORD_COMPARE) || item_is_word(item, WORD_AND) || item_is_word(item, WORD_OR)) linked = TRUE;
    else if (linked && (item_is_word(item, WORD_NOT) || item_is_word(item, WORD_OTHER) || item_is_word(item, WORD_MISSING))) negated = TRUE;
    else if (linked && negated && (item->kind == ITEM_FIELD || item->kind == ITEM_VALUE)) {
      const Field *same = item->kind == ITEM_FIELD ? parse_group_field(parse, item) : item->hits != NULL && item->hits->len > 0 ? item_hit(item, NULL)->field : NULL;
      return same == field ? (int)at : -1;
    }
    if (linked && item->kind == ITEM_VALUE && item_hit(item, field) != NULL) return (int)at; /* "non-vegetarian" is a value's name */
  }
  return -1;
}

static void add_flag(Parse *parse, guint index, const Field *field, gboolean yes) {
  Filter *filter = flag_filter(field, yes);
  g_ptr_array_add(parse->query->filters, filter);
  parse_item(parse, index)->filter = filter;
  parse_claim(parse, index, "flag");
  parse_describe(parse, index, yes ? "%s is set" : "%s is not set", field->label);
}

static gboolean is_described_noun(const Item *item) {
  return item != NULL && !item->comma_before &&
         (item->kind == ITEM_ENTITY || item->kind == ITEM_ROWS || item->kind == ITEM_METRIC || (item->kind == ITEM_FIELD && item->plural) ||
          item->kind == ITEM_GRAIN || item_is_word(item, WORD_SHARE));
}

/* What stands after the flag, past the values that describe the same noun: "vegetarian main dishes". */
static const Item *described_by(const Parse *parse, guint index) {
  guint at = index + 1;
  while (at < parse_n(parse) && parse_item(parse, at)->kind == ITEM_VALUE && !parse_item(parse, at)->comma_before) at++;
  if (at > index + 1 && at < parse_n(parse) && is_described_noun(parse_item(parse, at))) return parse_item(parse, at);
  return index + 1 < parse_n(parse) ? parse_item(parse, index + 1) : NULL;
}

/* "where vegetarian is no", "gift wrap: yes": the item that says so; -1: none does. */
static int said_outright(const Parse *parse, guint index, const Field *field, gboolean *yes) {
  static const char *const LINKS[] = {"is", "was", "are", "equals", "being", NULL};
  guint at = index + 1;
  if (g_strv_contains(LINKS, parse_fold(parse, (int)at))) at++;
  if (at >= parse_n(parse) || parse_item(parse, at)->claimed || parse_item(parse, at)->count != 1) return -1;
  const Item *next = at + 1 < parse_n(parse) ? parse_item(parse, at + 1) : NULL;
  const gboolean goes_on = next != NULL && !next->comma_before && next->kind != ITEM_STOP && next->kind != ITEM_WORD && next->kind != ITEM_TIME;
  for (guint state = 0; state < 2 && !goes_on; state++) {
    const char *value = flag_value(field, state != 0);
    g_autofree char *word = value != NULL ? text_fold(value) : NULL;
    if (word == NULL || strcmp(word, parse_fold(parse, (int)at)) != 0) continue;
    *yes = state != 0;
    return (int)at;
  }
  return -1;
}

void parse_claim_flagged_period(Parse *parse, guint index, const Field *field) {
  static const char *const LINKS[] = {"with", "of", "on", "under", "during", "having", NULL};
  if (!flag_is(field)) return;
  const Item *next = index + 1 < parse_n(parse) ? parse_item(parse, index + 1) : NULL;
  const gboolean each = index > 0 && item_is_word(parse_item(parse, index - 1), WORD_EACH);
  if (next != NULL && next->kind == ITEM_GRAIN && !next->comma_before && !next->claimed) {
    if (!each) parse_claim(parse, index + 1, "context");
    return;
  }
  const gboolean linked = index >= 2 && g_strv_contains(LINKS, parse_fold(parse, (int)index - 1));
  if (!linked || parse_item(parse, index - 2)->kind != ITEM_GRAIN || asks_for_groups_at(parse, (int)index - 3)) return;
  parse_claim(parse, index - 2, "context");
}

/* "are sales higher on promo days": than on the others. */
static gboolean compares_sides(const Parse *parse) {
  const gboolean more = parse_has_word(parse, WORD_MORE) || parse_has_word(parse, WORD_LESS) || parse_has_word(parse, WORD_MORE_THAN) ||
                        parse_has_word(parse, WORD_LESS_THAN);
  return parse_n(parse) > 0 && item_is_word(parse_item(parse, 0), WORD_YES_NO) && more && !parse_has_word(parse, WORD_THAN);
}

/* "how many subscribers": the people, or the rows, of whom it is so. */
static gboolean count_flagged(Parse *parse, guint index, const Field *field) {
  const Item *before = index > 0 ? parse_item(parse, index - 1) : NULL, *next = index + 1 < parse_n(parse) ? parse_item(parse, index + 1) : NULL;
  const gboolean described = next != NULL && !next->comma_before && (next->kind == ITEM_ENTITY || next->kind == ITEM_ROWS || next->kind == ITEM_METRIC);
  if (before == NULL || before->claimed || !item_is_word(before, WORD_HOW_MANY) || !parse_item(parse, index)->plural || described) return FALSE;
  const Entity *customer = model_find_entity(parse->model, "customer");
  const Metric *people = customer != NULL ? parse_entity_metric(parse, customer) : NULL;
  const Metric *counted = people != NULL && g_strcmp0(people->dataset, field->dataset) == 0
                              ? people : parse_rows_metric(parse, model_find_dataset(parse->model, field->dataset));
  if (counted == NULL) return FALSE;
  add_flag(parse, index, field, TRUE);
  parse_claim(parse, index - 1, "count");
  parse_add_metric(parse, counted);
  parse->metric_named = TRUE;
  return TRUE;
}

/* "on how many days was store 1 open": whatever stands before it, the flag says which days. */
static gboolean days_are_counted(const Parse *parse) {
  for (guint i = 0; i < parse_n(parse); i++)
    if (g_strcmp0(parse_item(parse, i)->claimed_as, "counted days") == 0) return TRUE;
  return FALSE;
}

void parse_flags(Parse *parse) {
  static const char *const STATES[] = {"are", "is", "were", "was", "gave", "give", "have", "has", "had", "with", "be", "that", "being", "during", "on",
                                       "in", "under", "run", "runs", "running", "use", "uses", "used", "using", NULL};
  for (guint i = 0; i < parse_n(parse); i++) {
    const Field *field = flag_field(parse, parse_item(parse, i));
    if (field == NULL) continue;
    int other = other_side(parse, i, field);
    if (other >= 0) {
      parse_add_field_dimension(parse, field);
      parse->group_named = TRUE;
      for (guint k = i; k <= (guint)other; k++) parse_claim(parse, k, "both sides");
      continue;
    }
    gboolean said = FALSE;
    const int answer = said_outright(parse, i, field, &said);
    if (answer >= 0) {
      add_flag(parse, i, field, said);
      for (guint k = i + 1; k <= (guint)answer; k++) parse_claim(parse, k, "flag");
      continue;
    }
    if (count_flagged(parse, i, field)) continue;
    int before = (int)i - 1;
    static const char *const ARTICLES[] = {"a", "an", "any", NULL};
    const gboolean article = g_strv_contains(ARTICLES, parse_fold(parse, before));
    if (article) before--; /* "used a promo code" */
    gboolean negated = before >= 0 && item_is_word(parse_item(parse, (guint)before), WORD_NOT) && !parse_item(parse, (guint)before)->claimed;
    if (negated) before--;
    const Item *next = described_by(parse, i);
    gboolean counted = before >= 0 && item_is_word(parse_item(parse, (guint)before), WORD_HOW_MANY);
    const gboolean plural = parse_item(parse, i)->plural;
    gboolean period = next != NULL && next->kind == ITEM_GRAIN && !item_is_word(parse_item(parse, (guint)MAX(before, 0)), WORD_BY);
    const gboolean per = next != NULL && next->kind == ITEM_GRAIN && !next->plural && strcmp(parse_fold(parse, before), "per") == 0;
    if (per) { /* "average sales per open day": the days of which it is so, one by one */
      add_flag(parse, i, field, TRUE);
      continue;
    }
    gboolean adjective = !plural && is_described_noun(next) && (period || counted || !asks_for_groups_at(parse, before));
    gboolean predicate = g_strv_contains(STATES, parse_fold(parse, before)) && (next == NULL || next->kind != ITEM_VALUE);
    if (predicate && !negated && before > 0 && parse_free_word(parse, (guint)before - 1, WORD_NOT)) { /* "did not use any promo code" */
      parse_claim(parse, (guint)before - 1, "negation");
      add_flag(parse, i, field, FALSE);
      parse_claim_flagged_period(parse, i, field);
      continue;
    }
    const gboolean state = days_are_counted(parse) && !asks_for_groups_at(parse, before);
    if ((!negated || plural) && !adjective && !predicate && !state) continue;
    if (compares_sides(parse)) {
      parse_add_field_dimension(parse, field);
      parse_claim(parse, i, "both sides");
      parse_claim_flagged_period(parse, i, field);
      continue;
    }
    add_flag(parse, i, field, !negated);
    parse_claim_flagged_period(parse, i, field);
    if (negated) parse_claim(parse, (guint)before + 1, "negation");
  }
}
