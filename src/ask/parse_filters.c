/* Values, named conditions, missing values, parts of the calendar: what restricts the rows. */
#include <string.h>

#include "ask/flag_words.h"
#include "ask/measures.h"

static gboolean is_list_glue(const Item *item) {
  return item_is_word(item, WORD_AND) || item_is_word(item, WORD_OR) || item->kind == ITEM_STOP || item->kind == ITEM_FIELD;
}

static gboolean is_negator(const Item *item) {
  return item_is_word(item, WORD_EXCLUDE) || item_is_word(item, WORD_NOT);
}

gboolean parse_is_negated(Parse *parse, guint index) {
  int but = parse_before(parse, index);
  const char *opening = token_at(parse->items->tokens, 0)->fold;
  gboolean all = strcmp(opening, "all") == 0 || strcmp(opening, "every") == 0 || strcmp(opening, "everything") == 0;
  const Item *word = but > 0 ? parse_item(parse, (guint)but) : NULL;
  const char *earlier = word != NULL && word->first > 0 ? token_at(parse->items->tokens, word->first - 1)->fold : "";
  all = all || strcmp(earlier, "all") == 0 || strcmp(earlier, "everything") == 0 || strcmp(earlier, "every") == 0; /* "in all but Frozen" */
  if (all && but > 0 && strcmp(token_at(parse->items->tokens, parse_item(parse, (guint)but)->first)->fold, "but") == 0) { /* "all sales but Frozen" */
    parse_claim(parse, (guint)but, "negation");
    return TRUE;
  }
  for (int at = (int)index - 1; at >= 0; at--) {
    Item *item = parse_item(parse, (guint)at);
    if (is_negator(item) && item->kind == ITEM_WORD) {
      gboolean only = at > 0 && item_is_word(parse_item(parse, (guint)at - 1), WORD_ONLY);
      if (only) return FALSE; /* "not only" */
      parse_claim(parse, (guint)at, "negation");
      return TRUE;
    }
    if (item->kind == ITEM_VALUE && item->negated) return TRUE;
    if (!is_list_glue(item) && item->kind != ITEM_VALUE) break;
    if (item->kind == ITEM_VALUE && item_is_word(item, WORD_AND)) break;
  }
  for (guint at = index + 1; at < parse_n(parse); at++) {
    Item *item = parse_item(parse, at);
    if (item_is_word(item, WORD_EXCLUDE_AFTER) && item->kind == ITEM_WORD) {
      parse_claim(parse, at, "negation");
      return TRUE;
    }
    if (!is_list_glue(item) && item->kind != ITEM_VALUE) break;
  }
  return FALSE;
}

static Filter *find_filter(const Parse *parse, const char *path, Operator op) {
  for (guint i = 0; i < parse->query->filters->len; i++) {
    Filter *filter = g_ptr_array_index(parse->query->filters, i);
    if (filter->kind == FILTER_FIELD && filter->op == op && g_strcmp0(filter->field, path) == 0) return filter;
  }
  return NULL;
}

static void add_value(Parse *parse, guint index) {
  Item *item = parse_item(parse, index);
  const ValueHit *hit = item_hit(item, NULL);
  item->negated = parse_is_negated(parse, index);
  Operator op = item->negated ? OP_NOT_EQUAL : OP_EQUAL;
  g_autofree char *path = lexicon_field_path(hit->field);
  Filter *filter = find_filter(parse, path, op);
  if (filter == NULL) {
    filter = filter_new(FILTER_FIELD);
    filter->field = g_strdup(path);
    filter->op = op;
    g_ptr_array_add(parse->query->filters, filter);
  }
  for (guint i = 0; i < item->hits->len; i++) { /* spellings that differ only in case are the same thing */
    const ValueHit *same = g_ptr_array_index(item->hits, i);
    if (same->field != hit->field) continue;
    gboolean known = FALSE;
    for (guint k = 0; k < filter->values->len; k++) known = known || strcmp(g_ptr_array_index(filter->values, k), same->value) == 0;
    if (!known) g_ptr_array_add(filter->values, g_strdup(same->value));
  }
  item->filter = filter;
  parse_claim(parse, index, "value");
  parse_claim_flagged_period(parse, index, hit->field);
  parse_describe(parse, index, "%s %s %s", hit->field->label, item->negated ? "≠" : "=", hit->value);
}

/* ---- conditions ---- */
typedef enum { CONDITION_HOLDS, CONDITION_EXCLUDED, CONDITION_NET } ConditionUse;

static ConditionUse condition_use(Parse *parse, guint index) {
  for (int at = parse_before(parse, index); at >= 0; at = parse_before(parse, (guint)at)) {
    Item *item = parse_item(parse, (guint)at);
    if (item->meaning.condition != NULL || is_list_glue(item)) continue;
    if (item->meaning.entity != NULL && !item->claimed) continue; /* "without cancelled orders" is met from the condition */
    if (item->kind != ITEM_WORD && item->kind != ITEM_METRIC) break;
    ConditionUse use = item_is_word(item, WORD_EXCLUDE) || item_is_word(item, WORD_NOT) || item_is_word(item, WORD_BEFORE) ||
                               item_is_word(item, WORD_MISSING)
                           ? CONDITION_EXCLUDED
                       : item_is_word(item, WORD_NET_OF) || item_is_word(item, WORD_INCLUDE) || item_is_word(item, WORD_AFTER) ? CONDITION_NET
                                                                                                       : CONDITION_HOLDS;
    gboolean with = g_strcmp0(token_at(parse->items->tokens, item->first)->fold, "with") == 0;
    if (use == CONDITION_NET && with) use = CONDITION_HOLDS;
    if (use != CONDITION_HOLDS) {
      parse_claim(parse, (guint)at, "with or without");
      return use;
    }
    break;
  }
  for (guint at = index + 1; at < parse_n(parse) && at <= index + 4; at++) {
    Item *item = parse_item(parse, at);
    if (item_is_word(item, WORD_EXCLUDE_AFTER) || item_is_word(item, WORD_DEDUCT_AFTER)) {
      gboolean excluded = item_is_word(item, WORD_EXCLUDE_AFTER);
      parse_claim(parse, at, "with or without");
      return excluded ? CONDITION_EXCLUDED : CONDITION_NET;
    }
    gboolean passes = item->kind == ITEM_STOP || item->meaning.condition != NULL || item_is_word(item, WORD_AND) ||
                      item->kind == ITEM_ENTITY || (item->kind == ITEM_WORD && item->is_stop);
    if (!passes) break;
  }
  return CONDITION_HOLDS;
}

static Filter *add_condition(Parse *parse, const char *name, gboolean negated) {
  for (guint i = 0; i < parse->query->filters->len; i++) {
    Filter *filter = g_ptr_array_index(parse->query->filters, i);
    if (filter->kind == FILTER_CONDITION && strcmp(filter->condition, name) == 0) return filter;
  }
  Filter *filter = filter_new(FILTER_CONDITION);
  filter->condition = g_strdup(name);
  filter->negated = negated;
  g_ptr_array_add(parse->query->filters, filter);
  return filter;
}

gboolean parse_names_rows(const Parse *parse) {
  for (guint i = 0; i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    if (item->kind == ITEM_ROWS || (item->kind == ITEM_ENTITY && item->meaning.entity->is_event)) return TRUE;
  }
  return FALSE;
}

/* "which products", "states with", "how many states": groups are asked for, so their sums are judged. */
static gboolean asks_for_groups(const Parse *parse) {
  for (guint i = 0; i < parse_n(parse) && i < 5; i++) {
    const Item *item = parse_item(parse, i);
    gboolean noun = (item->kind == ITEM_FIELD || item->kind == ITEM_ENTITY) && parse_group_field(parse, item) != NULL && item->plural;
    if (noun) return TRUE;
  }
  return FALSE;
}

static void read_condition(Parse *parse, guint index) {
  Item *item = parse_item(parse, index);
  const Condition *condition = item->meaning.condition;
  if (strcmp(condition->name, "loss") == 0 && !parse_names_rows(parse) && asks_for_groups(parse)) {
    word_set_add(&item->words, WORD_LOST);
    item->kind = ITEM_WORD; /* "states with negative profit": the states, not single lines */
    return;
  }
  if (item_is_word(item, WORD_LOST) && (parse_has_word(parse, WORD_WHICH) || parse_has_word(parse, WORD_LIST) || parse_has_word(parse, WORD_WHO))) {
    item->kind = ITEM_WORD; /* "which categories lost money": the groups, not single lines */
    return;
  }
  ConditionUse use = condition_use(parse, index);
  if (item->kind != ITEM_CONDITION && use == CONDITION_HOLDS) return; /* a metric or noun of that name */
  parse_claim(parse, index, "condition");
  if (use == CONDITION_NET) {
    parse_describe(parse, index, "%s are part of the figures", condition->label);
    return;
  }
  item->filter = add_condition(parse, condition->name, use == CONDITION_EXCLUDED);
  parse_describe(parse, index, use == CONDITION_EXCLUDED ? "without %s" : "only %s", condition->label);
}

/* "non-cancelled invoices", "without cancelled orders", where "cancelled orders" is a count of its own: the condition is meant. */
static void read_excluded_count(Parse *parse, guint index) {
  Item *item = parse_item(parse, index);
  const Metric *metric = item->meaning.metric;
  if (item->kind != ITEM_METRIC || metric->conditions[0] == NULL || *metric->conditions[0] == '!' || metric->negate) return;
  ConditionUse use = condition_use(parse, index);
  if (use == CONDITION_HOLDS) return;
  if (use == CONDITION_EXCLUDED) item->filter = add_condition(parse, metric->conditions[0], TRUE);
  int before = parse_before(parse, index);
  while (before >= 0 && parse_item(parse, (guint)before)->claimed) before = parse_before(parse, (guint)before);
  gboolean counted = before >= 0 && item_is_word(parse_item(parse, (guint)before), WORD_HOW_MANY);
  const Entity *entity = metric->entity != NULL ? model_find_entity(parse->model, metric->entity) : model_find_entity(parse->model, "order");
  if (counted && entity != NULL) {
    item->meaning = (Meaning){.entity = entity};
    item->kind = ITEM_ENTITY;
    return;
  }
  parse_claim(parse, index, "condition");
}

/* ---- missing ---- */
static void add_null_filter(Parse *parse, const Field *field, guint index) {
  Filter *filter = filter_new(FILTER_FIELD);
  filter->field = lexicon_field_path(field);
  filter->op = OP_IS_NULL;
  const gboolean flag = flag_is(field) && (field->null_count == 0 || field->type == FIELD_BOOLEAN);
  if (flag) {
    filter->op = OP_EQUAL;
    g_ptr_array_add(filter->values, g_strdup(flag_value(field, FALSE)));
  } else if (field->role == FIELD_ROLE_MEASURE && field->null_count == 0) { /* "no discount": there is always a number, so nought is meant */
    filter->op = OP_EQUAL;
    g_ptr_array_add(filter->values, g_strdup("0"));
  }
  g_ptr_array_add(parse->query->filters, filter);
  parse_claim(parse, index, "missing");
  parse_describe(parse, index, "%s is missing", field->label);
}

static const Field *missing_field(const Parse *parse, const Item *item) {
  const Field *loose = parse_loose_link(parse, item);
  if (loose != NULL) return loose;
  if (item->kind != ITEM_FIELD && item->kind != ITEM_ENTITY && item->kind != ITEM_METRIC) return NULL;
  const Field *grouped = item->kind == ITEM_FIELD ? parse_group_field(parse, item) : NULL; /* of namesakes that of the main table */
  if (grouped != NULL) return grouped;
  if (item->meaning.field != NULL) return item->meaning.field;
  if (item->meaning.entity == NULL || item->meaning.entity->key == NULL) return NULL;
  const Field *reference = parse_entity_reference(parse, item->meaning.entity);
  if (reference != NULL) return reference;
  const Dataset *dataset = model_find_dataset(parse->model, item->meaning.entity->dataset);
  return dataset != NULL ? dataset_find_field(dataset, item->meaning.entity->key) : NULL;
}

static void read_missing(Parse *parse) {
  for (guint i = 0; i < parse_n(parse); i++) {
    if (!parse_free_word(parse, i, WORD_MISSING)) continue;
    int next = parse_next(parse, i + 1), before = parse_before(parse, i);
    const Field *after_field = next >= 0 ? missing_field(parse, parse_item(parse, (guint)next)) : NULL;
    static const char *const PREDICATES[] = {"missing", "unknown", "blank", "empty", "null", "unspecified", "undefined", "unassigned", NULL};
    const char *word = token_at(parse->items->tokens, parse_item(parse, i)->first)->fold;
    gboolean predicate = g_strv_contains(PREDICATES, word) || (parse_item(parse, i)->count > 1 && !g_str_has_prefix(word, "with"));
    const Field *before_field = before >= 0 && after_field == NULL && predicate ? missing_field(parse, parse_item(parse, (guint)before)) : NULL;
    gboolean net_of_measure = after_field != NULL && after_field->role == FIELD_ROLE_MEASURE && !parse_has_word(parse, WORD_HOW_MANY) && !parse_names_rows(parse);
    if (net_of_measure) continue; /* "sales without tax" */
    if (after_field != NULL) add_null_filter(parse, after_field, (guint)next);
    else if (before_field != NULL) add_null_filter(parse, before_field, (guint)before);
    else continue;
    parse_claim(parse, i, "missing");
  }
}

/* "lines that had a discount": it is more than nothing. */
static gboolean read_positive(Parse *parse, guint having) {
  const Item *noun = parse_item(parse, having + 2);
  const Metric *metric = noun->meaning.metric;
  const Field *field = measure_row_field(parse, metric);
  gboolean counted = parse_has_word(parse, WORD_HOW_MANY) || parse_has_word(parse, WORD_SHARE) || parse_names_rows(parse);
  const Item *after = having + 3 < parse_n(parse) ? parse_item(parse, having + 3) : NULL;
  gboolean tested = after != NULL && !after->comma_before && (after->kind == ITEM_NUMBER || item_is_comparator(after) ||
                    item_is_word(after, WORD_BETWEEN));
  if (field == NULL || !counted || tested || field->minimum == NULL || g_ascii_strtod(field->minimum, NULL) < 0) return FALSE;
  Filter *filter = filter_new(FILTER_FIELD);
  filter->field = lexicon_field_path(field);
  filter->op = OP_GREATER;
  g_ptr_array_add(filter->values, g_strdup("0"));
  g_ptr_array_add(parse->query->filters, filter);
  parse_claim(parse, having, "with");
  parse_claim(parse, having + 2, "more than nothing");
  parse_describe(parse, having + 2, "%s is above 0", field->label);
  return TRUE;
}

/* "transactions with a loyalty card": where not every row has one, those that do. */
static gboolean read_known(Parse *parse, guint having) {
  guint at = having + 1;
  while (at < parse_n(parse) && parse_item(parse, at)->kind == ITEM_STOP) at++;
  const Item *noun = at < parse_n(parse) && at <= having + 2 ? parse_item(parse, at) : NULL;
  const Field *field = noun != NULL && noun->kind == ITEM_FIELD && !noun->claimed && !noun->plural ? noun->meaning.field : NULL;
  const Item *after = at + 1 < parse_n(parse) ? parse_item(parse, at + 1) : NULL;
  if (field == NULL || having == 0 || (after != NULL && !after->comma_before && after->kind == ITEM_VALUE)) return FALSE;
  gboolean article = at > having + 1;
  if (!article || field->null_count <= 0 || field->role == FIELD_ROLE_MEASURE) return FALSE;
  Filter *filter = filter_new(FILTER_FIELD);
  filter->field = lexicon_field_path(field);
  filter->op = OP_IS_NOT_NULL;
  g_ptr_array_add(parse->query->filters, filter);
  parse_claim(parse, having, "with");
  parse_claim(parse, at, "set");
  parse_describe(parse, at, "%s is known", field->label);
  return TRUE;
}

/* "tickets with a member": the link is there. */
static void read_present(Parse *parse) {
  for (guint i = 0; i + 1 < parse_n(parse); i++) {
    if (!parse_free_word(parse, i, WORD_HAVING) || read_known(parse, i)) continue;
    if (i + 2 >= parse_n(parse)) continue;
    const char *article = token_at(parse->items->tokens, parse_item(parse, i + 1)->first)->fold;
    Item *noun = parse_item(parse, i + 2);
    gboolean indefinite = parse_item(parse, i + 1)->count == 1 && (strcmp(article, "a") == 0 || strcmp(article, "an") == 0 || strcmp(article, "any") == 0);
    if (indefinite && !noun->claimed && noun->kind == ITEM_METRIC && read_positive(parse, i)) continue;
    if (!indefinite || noun->claimed || noun->plural || noun->kind != ITEM_ENTITY || noun->meaning.entity->is_event) continue;
    const Item *after = i + 3 < parse_n(parse) ? parse_item(parse, i + 3) : NULL;
    if (after != NULL && !after->comma_before && (after->kind == ITEM_FIELD || after->kind == ITEM_METRIC || after->kind == ITEM_VALUE)) continue;
    const Field *field = missing_field(parse, noun);
    if (field == NULL) continue;
    Filter *filter = filter_new(FILTER_FIELD);
    filter->field = lexicon_field_path(field);
    filter->op = OP_IS_NOT_NULL;
    g_ptr_array_add(parse->query->filters, filter);
    parse_claim(parse, i, "with");
    parse_claim(parse, i + 2, "present");
    parse_describe(parse, i + 2, "%s is known", field->label);
  }
}

/* ---- parts of the calendar ---- */
static void read_cyclic(Parse *parse, guint index) {
  Item *item = parse_item(parse, index);
  const TimeMention *time = item->time;
  Filter *filter = NULL;
  for (guint i = 0; i < parse->query->filters->len; i++) {
    Filter *other = g_ptr_array_index(parse->query->filters, i);
    if (other->kind == FILTER_CYCLIC && other->cyclic == time->cyclic && time->cyclic == CYCLIC_WEEKDAY) filter = other;
  }
  if (filter == NULL) {
    filter = filter_new(FILTER_CYCLIC);
    filter->cyclic = time->cyclic;
    filter->negated = parse_is_negated(parse, index);
    g_ptr_array_add(parse->query->filters, filter);
  } else {
    parse->total_asked = FALSE;
  }
  if (time->op == OP_BETWEEN) {
    for (int value = text_leading_number(time->values[0]); value <= text_leading_number(time->values[1]); value++)
      g_ptr_array_add(filter->values, g_strdup_printf("%d", value));
  } else {
    g_ptr_array_add(filter->values, g_strdup(time->values[0]));
  }
  int before = parse_before(parse, index);
  if (before >= 0 && parse_free_word(parse, (guint)before, WORD_EACH)) parse_claim(parse, (guint)before, "every");
  parse_claim(parse, index, "part of the date");
}

static void read_weekends(Parse *parse) {
  int weekend = parse_find_word(parse, WORD_WEEKEND, 0), weekdays = parse_find_word(parse, WORD_WEEKDAYS, 0);
  if (weekend < 0 && weekdays >= 0 && parse_item(parse, (guint)weekdays)->kind == ITEM_CYCLIC) return; /* "by weekday" */
  if (weekend < 0 && weekdays < 0) return;
  if (weekend >= 0) parse_claim(parse, (guint)weekend, "weekend");
  if (weekdays >= 0) parse_claim(parse, (guint)weekdays, "weekdays");
  if (weekend >= 0 && weekdays >= 0) {
    Dimension *dimension = dimension_new(DIMENSION_CYCLIC);
    dimension->cyclic = CYCLIC_WEEKEND;
    g_ptr_array_add(parse->query->dimensions, dimension);
    return;
  }
  Filter *filter = filter_new(FILTER_CYCLIC);
  filter->cyclic = CYCLIC_WEEKEND;
  g_ptr_array_add(filter->values, g_strdup(weekend >= 0 ? "true" : "false"));
  g_ptr_array_add(parse->query->filters, filter);
}

/* "products containing lamp", "with \"lamp\" in the name" */
static void read_contains(Parse *parse) {
  for (guint i = 0; i + 1 < parse_n(parse); i++) {
    Item *item = parse_item(parse, i);
    if (!item_is_word(item, WORD_CONTAINS) && !item_is_word(item, WORD_HAVING)) continue;
    int next = parse_next(parse, i + 1);
    if (next < 0) continue;
    Item *text = parse_item(parse, (guint)next);
    gboolean quoted = token_at(parse->items->tokens, text->first)->quoted;
    if (text->kind != ITEM_UNKNOWN && !quoted) continue;
    int noun = parse_before(parse, i);
    const Field *field = noun >= 0 ? parse_group_field(parse, parse_item(parse, (guint)noun)) : NULL;
    if (field == NULL || field->type != FIELD_TEXT || (!quoted && !item_is_word(item, WORD_CONTAINS))) continue;
    guint last = (guint)next;
    while (quoted && last + 1 < parse_n(parse) && token_at(parse->items->tokens, parse_item(parse, last + 1)->first)->quoted) last++;
    Filter *filter = filter_new(FILTER_FIELD);
    filter->field = lexicon_field_path(field);
    filter->op = OP_CONTAINS;
    const Item *end = parse_item(parse, last);
    g_ptr_array_add(filter->values, tokens_source(parse->items->question, parse->items->tokens, text->first,
                                                  end->first + end->count - text->first));
    g_ptr_array_add(parse->query->filters, filter);
    parse_claim(parse, i, "contains");
    for (guint k = (guint)next; k <= last; k++) {
      parse_claim(parse, k, "text");
      parse_describe(parse, k, "%s contains the text", field->label);
    }
  }
}

/* Several fields hold the word: the field another value of the question belongs to decides. */
static void settle_fields(Parse *parse) {
  for (guint i = 0; i < parse_n(parse); i++) {
    Item *item = parse_item(parse, i);
    if (item->kind != ITEM_VALUE || item->hits->len < 2) continue;
    for (guint k = 0; k < parse_n(parse); k++) {
      const Item *other = parse_item(parse, k);
      if (k == i || other->kind != ITEM_VALUE || other->hits->len == 0) continue;
      const Field *field = item_hit(other, NULL)->field;
      gboolean single = TRUE;
      for (guint h = 0; h < other->hits->len; h++)
        single = single && ((const ValueHit *)g_ptr_array_index(other->hits, h))->field == field;
      if (single && item_hit(item, field) != NULL) {
        item_keep_field(item, field);
        break;
      }
    }
  }
}

/* "at least one Lighting product", "any discount": that there is one is what the filter says anyway. */
static void read_existence(Parse *parse) {
  for (guint i = 0; i + 1 < parse_n(parse); i++) {
    if (!parse_free_word(parse, i, WORD_AT_LEAST)) continue;
    Item *next = parse_item(parse, i + 1);
    const char *fold = token_at(parse->items->tokens, next->first)->fold;
    if (next->count != 1 || (strcmp(fold, "one") != 0 && strcmp(fold, "a") != 0 && strcmp(fold, "an") != 0 && strcmp(fold, "1") != 0)) continue;
    int after = parse_next(parse, i + 2);
    ItemKind kind = after >= 0 ? parse_item(parse, (guint)after)->kind : ITEM_STOP;
    if (kind != ITEM_VALUE && kind != ITEM_CONDITION) continue;
    parse_claim(parse, i, "any");
    parse_claim(parse, i + 1, "any");
  }
}

/* "members against non-members": one value and all but it are the two sides of the field. */
static void split_by_negated_value(Parse *parse) {
  GPtrArray *filters = parse->query->filters;
  for (guint i = 0; i < filters->len; i++) {
    const Filter *positive = g_ptr_array_index(filters, i);
    Filter *negative = positive->kind == FILTER_FIELD && positive->op == OP_EQUAL ? find_filter(parse, positive->field, OP_NOT_EQUAL) : NULL;
    const Field *field = negative != NULL ? model_find_field(parse->model, positive->field) : NULL;
    if (field == NULL || field->distinct_count > 2 || positive->values->len != 1 || negative->values->len != 1 ||
        strcmp(g_ptr_array_index(positive->values, 0), g_ptr_array_index(negative->values, 0)) != 0)
      continue;
    for (guint k = 0; k < parse_n(parse); k++) {
      Item *item = parse_item(parse, k);
      if (item->filter == positive || item->filter == negative) item->filter = NULL;
    }
    parse_add_field_dimension(parse, field);
    g_ptr_array_remove(filters, negative);
    g_ptr_array_remove_index(filters, i);
    return;
  }
}

/* "how many orders were refunded": which of them, not how much came back. */
static void prefer_conditions(Parse *parse) {
  gboolean counted = FALSE, events = FALSE;
  for (guint i = 0; i < parse_n(parse); i++) {
    Item *item = parse_item(parse, i);
    counted = counted || item_is_word(item, WORD_HOW_MANY) || item_is_word(item, WORD_SHARE);
    events = events || (counted && (item->kind == ITEM_ROWS || (item->kind == ITEM_ENTITY && item->meaning.entity->is_event)));
    gboolean states = i > 0 && item_is_word(parse_item(parse, i - 1), WORD_YES_NO);
    if (!events || !states || item->kind != ITEM_METRIC || item->meaning.condition == NULL) continue;
    item->meaning = (Meaning){.condition = item->meaning.condition};
    item->kind = ITEM_CONDITION;
  }
}

void parse_filters(Parse *parse) {
  prefer_conditions(parse);
  read_existence(parse);
  settle_fields(parse);
  parse_state_of(parse);
  parse_flags(parse);
  parse_presence_sides(parse);
  read_missing(parse);
  read_present(parse);
  parse_links(parse);
  for (guint i = 0; i < parse_n(parse); i++) {
    Item *item = parse_item(parse, i);
    if (!item->claimed && item->meaning.condition != NULL) read_condition(parse, i);
    if (!item->claimed) read_excluded_count(parse, i);
  }
  for (guint i = 0; i < parse_n(parse); i++) {
    Item *item = parse_item(parse, i);
    if (item->claimed) continue;
    if (item->kind == ITEM_VALUE && item->hits->len > 0) add_value(parse, i);
    else if (item->kind == ITEM_TIME && item->time->kind == TIME_MENTION_CYCLIC) read_cyclic(parse, i);
  }
  split_by_negated_value(parse);
  read_weekends(parse);
  read_contains(parse);
}
