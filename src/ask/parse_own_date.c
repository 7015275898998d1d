/* "When did Granby Halls open?", "when was Isla Kerr hired": the date that the list of branches or reps holds of one of them. */
#include <string.h>

#include "ask/measures.h"

/* The word of the question that the date is called after; -1. */
static int word_of_date(const Parse *parse, const Field *date) {
  g_autofree char *phrase = phrase_normalise(date->label), *stems = phrase_stem(phrase);
  g_auto(GStrv) words = g_strsplit(stems, " ", -1);
  for (guint i = 0; i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    if (item->kind == ITEM_VALUE || item->kind == ITEM_TIME || item->count > 2) continue;
    for (char **word = words; *word != NULL; word++)
      if (parse_same_root(token_at(parse->items->tokens, item->first)->stem, *word)) return (int)i;
  }
  return -1;
}

/* The date column of the value's own list: the one the question speaks of, else the only one where it speaks of joining. */
static const Field *date_of_value(const Parse *parse, const Dataset *list, int *word) {
  const Field *only = NULL;
  guint dates = 0;
  for (guint f = 0; f < list->fields->len; f++) {
    const Field *field = g_ptr_array_index(list->fields, f);
    if (field->role != FIELD_ROLE_TIME) continue;
    only = field;
    dates++;
    *word = word_of_date(parse, field);
    if (*word >= 0) return field;
  }
  *word = parse_find_word(parse, WORD_JOINED, 0);
  return dates == 1 && *word >= 0 ? only : NULL;
}

void parse_own_date_of(Parse *parse) {
  int when = parse_find_word(parse, WORD_WHEN, 0);
  if (parse->query->measures->len > 0) return;
  for (guint i = 0; i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    if (item->kind == ITEM_METRIC || item->kind == ITEM_NUMBER || item->kind == ITEM_TIME || item_is_word(item, WORD_HOW_MANY)) return;
  }
  for (guint i = 0; i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    const ValueHit *hit = item->kind == ITEM_VALUE && !item->claimed && item->hits->len > 0 ? item_hit(item, NULL) : NULL;
    const Dataset *list = hit != NULL ? model_find_dataset(parse->model, hit->field->dataset) : NULL;
    int word = -1;
    const Entity *entity = hit != NULL && hit->field->entity != NULL ? model_find_entity(parse->model, hit->field->entity) : NULL;
    gboolean lists = list != NULL && (!list->is_fact || (entity != NULL && parse_listing_dataset(parse, entity) == list));
    const Field *date = lists ? date_of_value(parse, list, &word) : NULL;
    gboolean named = word >= 0 && parse_item(parse, (guint)word)->kind == ITEM_FIELD; /* "Isla Kerr hire date" */
    if (date == NULL || (when < 0 && !named)) continue;
    parse_add_measure(parse, measure_of_date(date));
    parse->metric_named = TRUE;
    parse_claim(parse, (guint)word, "date");
    if (when >= 0) parse_claim(parse, (guint)when, "when");
    return;
  }
}

/* The date of closing of the entity's own table, which only those have that are closed; NULL: it has none. */
static const Field *closing_date(const Parse *parse, const Entity *entity) {
  static const char *const CLOSINGS[] = {"close", "closed", "closing", "closure", "end", "ended", "discontinued", "delisted", "terminated", NULL};
  const Dataset *list = parse_listing_dataset(parse, entity);
  for (guint f = 0; list != NULL && f < list->fields->len; f++) {
    const Field *field = g_ptr_array_index(list->fields, f);
    if (field->role != FIELD_ROLE_TIME || field->null_count == 0) continue;
    g_autofree char *phrase = phrase_normalise(field->label);
    g_auto(GStrv) words = g_strsplit(phrase, " ", -1);
    for (char **word = words; *word != NULL; word++)
      if (g_strv_contains(CLOSINGS, *word)) return field;
  }
  return NULL;
}

/* "which stores are closed", "how many stores are still open": by whether there is a date of closing. */
void parse_state_of(Parse *parse) {
  static const char *const CLOSED[] = {"closed", "discontinued", "delisted", "terminated", NULL}, *const OPEN[] = {"open", "active", NULL};
  const Field *date = NULL;
  for (guint i = 0; i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    if (item->kind == ITEM_TIME || item_is_word(item, WORD_WHEN)) return;
    if (item->kind == ITEM_ENTITY && date == NULL) date = closing_date(parse, item->meaning.entity);
  }
  for (guint i = 0; date != NULL && i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    const char *fold = token_at(parse->items->tokens, item->first)->fold;
    const gboolean closed = g_strv_contains(CLOSED, fold), open = g_strv_contains(OPEN, fold);
    if (item->claimed || item->count != 1 || (!closed && !open)) continue;
    Filter *filter = filter_new(FILTER_FIELD);
    filter->field = lexicon_field_path(date);
    filter->op = closed != parse_is_negated(parse, i) ? OP_IS_NOT_NULL : OP_IS_NULL;
    g_ptr_array_add(parse->query->filters, filter);
    parse_item(parse, i)->filter = filter;
    parse_claim(parse, i, closed ? "closed" : "open");
    parse_describe(parse, i, "%s is %s", date->label, filter->op == OP_IS_NOT_NULL ? "known" : "missing");
    return;
  }
}
