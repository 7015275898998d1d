/* Constructions with strong triggers of their own; they run first and claim what belongs to them. */
#include <string.h>

#include "ask/parse.h"

/* ---- first and last date ---- */
static const Field *date_field_of(const Parse *parse) {
  for (guint i = 0; i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    const Field *field = item->meaning.field;
    gboolean bare = item->count == 1 && strcmp(token_at(parse->items->tokens, item->first)->fold, "date") == 0; /* of whatever the question is about */
    if (field != NULL && field->role == FIELD_ROLE_TIME && !bare) return field;
  }
  for (guint i = 0; i < parse_n(parse); i++) { /* "when was the last return received": of the returns */
    const Entity *entity = parse_item(parse, i)->kind == ITEM_ENTITY ? parse_item(parse, i)->meaning.entity : NULL;
    const Dataset *own = entity != NULL && entity->is_event ? model_find_dataset(parse->model, entity->dataset) : NULL;
    if (own != NULL && own->default_date != NULL) return dataset_find_field(own, own->default_date);
  }
  return lexicon_default_date(parse->lexicon);
}

static const Entity *person_entity(const Parse *parse);

static void read_first_last_date(Parse *parse) {
  int latest = parse_find_word(parse, WORD_LATEST, 0), earliest = parse_find_word(parse, WORD_EARLIEST, 0);
  if (earliest < 0 && latest < 0 && person_entity(parse) == NULL) { /* "the first order": a date, where no customer is meant */
    int fresh = parse_find_word(parse, WORD_NEW, 0);
    if (fresh >= 0 && strcmp(token_at(parse->items->tokens, parse_item(parse, (guint)fresh)->first)->fold, "first") == 0) earliest = fresh;
  }
  for (guint i = 0; i < parse_n(parse) && parse_has_word(parse, WORD_WHEN) && earliest < 0 && latest < 0; i++) { /* "when did X buy for the first time" */
    const Item *item = parse_item(parse, i);
    for (guint t = item->first; item_is_word(item, WORD_NEW) && !item->claimed && t < item->first + item->count; t++)
      if (strcmp(token_at(parse->items->tokens, t)->fold, "first") == 0) earliest = (int)i;
  }
  static const char *const STARTS[] = {"start", "started", "begin", "began", NULL};
  for (guint i = 0; i < parse_n(parse) && parse_has_word(parse, WORD_WHEN) && earliest < 0 && latest < 0; i++)
    if (g_strv_contains(STARTS, token_at(parse->items->tokens, parse_item(parse, i)->first)->fold)) earliest = (int)i;
  int at = latest >= 0 ? latest : earliest;
  if (at < 0) return;
  for (guint i = 0; i + 1 < parse_n(parse) && !parse_has_word(parse, WORD_WHEN); i++) { /* "which store opened first" names a store */
    int noun = item_is_word(parse_item(parse, i), WORD_WHICH) ? parse_next(parse, i + 1) : -1;
    const Item *item = noun >= 0 ? parse_item(parse, (guint)noun) : NULL;
    if (item != NULL && (item->kind == ITEM_ENTITY || item->kind == ITEM_FIELD) && parse_group_field(parse, item) != NULL) return;
  }
  gboolean when = parse_has_word(parse, WORD_WHEN);
  gboolean date_noun = FALSE;
  for (guint i = 0; i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    date_noun = date_noun || (item->meaning.field != NULL && item->meaning.field->role == FIELD_ROLE_TIME) ||
                (item->kind == ITEM_GRAIN && item->meaning.unit == TIME_UNIT_DAY && !item->meaning.unit_adverb);
  }
  const Field *field = date_field_of(parse);
  if ((!when && !date_noun) || field == NULL || parse_has_word(parse, WORD_HOW_MANY)) return;
  Measure *measure = measure_new(MEASURE_AGGREGATE);
  measure->aggregate = latest >= 0 ? AGGREGATE_MAX : AGGREGATE_MIN;
  measure->field = lexicon_field_path(field);
  measure->name = g_strdup(latest >= 0 ? "last_date" : "first_date");
  measure->label = g_strdup_printf("%s %s", latest >= 0 ? "Last" : "First", field->label);
  parse_add_measure(parse, measure);
  parse->metric_named = TRUE;
  parse_claim(parse, (guint)at, latest >= 0 ? "last date" : "first date");
  parse_claim_word(parse, WORD_WHEN, "when");
  for (guint i = 0; i < parse_n(parse); i++) {
    Item *item = parse_item(parse, i);
    if (item->claimed) continue;
    gboolean about = item->kind == ITEM_ENTITY || item->kind == ITEM_ROWS || item->meaning.field == field || item->kind == ITEM_GRAIN ||
                     item_is_word(item, WORD_BOUGHT) || item_is_word(item, WORD_SOLD) || item->kind == ITEM_METRIC;
    if (about) parse_claim(parse, i, "date of");
  }
}

/* ---- new and returning customers ---- */
static const Entity *person_entity(const Parse *parse) {
  for (guint i = 0; i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    if (item->meaning.entity != NULL && !item->meaning.entity->is_event && item->meaning.entity->key != NULL) return item->meaning.entity;
  }
  const GPtrArray *before = parse->fragment ? parse->context->previous->measures : NULL;
  const Measure *measure = before != NULL && before->len > 0 ? g_ptr_array_index(before, 0) : NULL;
  const Metric *metric = measure != NULL && measure->metric != NULL ? model_find_metric(parse->model, measure->metric) : NULL;
  const Entity *counted = metric != NULL && metric->entity != NULL ? model_find_entity(parse->model, metric->entity) : NULL;
  if (counted != NULL && !counted->is_event && counted->key != NULL) return counted; /* "how many of them were new?" */
  return parse_has_word(parse, WORD_WHO) ? model_find_entity(parse->model, "customer") : NULL;
}

static gboolean is_first_phrase(const Parse *parse, guint index) {
  static const char *const STARTS[] = {"new", "first", "their", "placed", "made", "bought", "ordered", "for", "acqui", "brand", "newly", NULL};
  const Item *item = parse_item(parse, index);
  const char *fold = token_at(parse->items->tokens, item->first)->fold;
  if (item->count == 1 && strcmp(fold, "first") == 0) return FALSE;
  for (const char *const *start = STARTS; *start; start++)
    if (g_str_has_prefix(fold, *start)) return TRUE;
  return FALSE;
}

/* "customers without any invoice", "products never sold": listed, but in no row of the facts. */
static void read_without_events(Parse *parse) {
  for (guint i = 0; i < parse_n(parse); i++) {
    Item *item = parse_item(parse, i);
    const Entity *entity = item->meaning.entity;
    if (item->kind != ITEM_ENTITY || item->claimed || entity->is_event || entity->key == NULL || parse_entity_reference(parse, entity) == NULL) continue;
    gboolean negated = FALSE, event = FALSE, other = FALSE;
    int negation = -1, last = -1, when = -1;
    for (guint k = i + 1; k < parse_n(parse); k++) {
      const Item *next = parse_item(parse, k);
      gboolean verb = item_is_word(next, WORD_BOUGHT) || item_is_word(next, WORD_SOLD) ||
                      strcmp(token_at(parse->items->tokens, next->first)->fold, "sold") == 0; /* also inside "Sold at" */
      if (item_is_word(next, WORD_NOT) || item_is_word(next, WORD_MISSING) || item_is_word(next, WORD_EXCLUDE)) negated = TRUE, negation = (int)k;
      else if (verb || (next->kind == ITEM_ENTITY && next->meaning.entity->is_event)) event = TRUE, last = (int)k;
      else if (next->kind == ITEM_TIME && when < 0 && next->time->kind != TIME_MENTION_CYCLIC && event) when = (int)k;
      else if (next->kind == ITEM_VALUE || next->kind == ITEM_TIME || next->kind == ITEM_METRIC || next->kind == ITEM_CONDITION) other = TRUE;
    }
    if (!negated || !event || other || last < negation) continue;
    Filter *filter = parse_new_did(entity, TRUE);
    filter->within = FALSE;
    if (when >= 0) {
      if (!time_mention_range(parse_item(parse, (guint)when)->time, &parse->model->calendar, &filter->did_time)) {
        filter_free(filter);
        continue;
      }
      parse_claim(parse, (guint)when, "then");
    }
    g_ptr_array_add(parse->query->filters, filter);
    const Dataset *dataset = model_find_dataset(parse->model, entity->dataset);
    const Field *key = dataset_find_field(dataset, entity->key), *name = lexicon_entity_field(parse->lexicon, entity);
    if (name == NULL || strcmp(name->dataset, dataset->name) != 0) name = key; /* the facts do not list those that are in none of them */
    parse->plain_list = !parse_has_word(parse, WORD_HOW_MANY);
    Measure *measure = measure_new(MEASURE_AGGREGATE);
    measure->aggregate = AGGREGATE_COUNT_DISTINCT;
    measure->field = lexicon_field_path(key);
    measure->name = text_plural(entity->name);
    if (parse->plain_list) {
      measure_free(measure);
      parse_add_field_dimension(parse, name);
      parse->group_named = TRUE;
    } else {
      parse_add_measure(parse, measure);
    }
    parse->metric_named = TRUE;
    parse->listing = !parse_has_word(parse, WORD_HOW_MANY);
    parse->subject = (int)i;
    for (guint k = i; k <= (guint)last; k++) parse_claim(parse, k, "never in the facts");
    parse_claim_word(parse, WORD_WHICH, "which");
    parse_claim_word(parse, WORD_LIST, "list");
    parse_claim_word(parse, WORD_HOW_MANY, "count");
    return;
  }
}

/* "new members per year", where the table of members says since when. */
static gboolean new_by_own_date(Parse *parse, guint index, const Entity *entity) {
  static const char *const NAMES[] = {"join", "since", "regist", "signup", "sign_up", "enrol", "creat", NULL};
  const Dataset *dataset = parse_listing_dataset(parse, entity);
  if (dataset == NULL || parse_has_word(parse, WORD_BOUGHT)) return FALSE;
  const Field *date = NULL;
  for (guint f = 0; f < dataset->fields->len; f++) {
    const Field *field = g_ptr_array_index(dataset->fields, f);
    for (const char *const *name = NAMES; *name && field->role == FIELD_ROLE_TIME; name++)
      if (strstr(field->name, *name) != NULL) date = field;
  }
  DateRange own = date != NULL ? value_index_date_range(parse->lexicon->values, date) : (DateRange){0};
  for (guint i = 0; i < parse_n(parse); i++) { /* a period in which nobody joined is about buying */
    const Item *item = parse_item(parse, i);
    TimeRange range;
    if (item->kind != ITEM_TIME || !own.known || !time_mention_range(item->time, &parse->model->calendar, &range) || range.kind != TIME_ABSOLUTE) continue;
    if ((range.from != DAY_NONE && range.from > own.last) || (range.to != DAY_NONE && range.to <= own.first)) return FALSE;
  }
  int noun = parse_next(parse, index + 1);
  if (date == NULL || noun < 0 || parse_item(parse, (guint)noun)->meaning.entity != entity) return FALSE;
  Measure *measure = measure_new(MEASURE_AGGREGATE);
  measure->aggregate = AGGREGATE_COUNT_DISTINCT;
  g_autofree char *key = g_strdup_printf("%s.%s", dataset->name, entity->key);
  measure->field = g_steal_pointer(&key);
  measure->name = text_plural(entity->name);
  parse_add_measure(parse, measure);
  parse->query->time_field = lexicon_field_path(date);
  parse->metric_named = TRUE;
  parse->counted = entity;
  parse_claim(parse, index, "since");
  parse_claim(parse, (guint)noun, "count");
  parse_claim_word(parse, WORD_HOW_MANY, "count");
  parse_claim_word(parse, WORD_JOINED, "own date");
  parse_assume(parse, "own_date", "new by %s", date->label);
  return TRUE;
}

static void read_cohort(Parse *parse) {
  const Entity *entity = person_entity(parse);
  for (guint i = 0; i < parse_n(parse) && entity == NULL; i++) { /* "repeat purchase rate": of customers */
    const Item *item = parse_item(parse, i);
    if (!item_is_word(item, WORD_REPEAT) || !item_is_word(item, WORD_SHARE)) continue;
    entity = model_find_entity(parse->model, "customer");
    const Metric *count = entity != NULL ? parse_entity_metric(parse, entity) : NULL;
    if (count == NULL) return;
    parse_add_metric(parse, count);
    parse->metric_named = TRUE;
  }
  if (entity == NULL) return;
  for (guint i = 0; i < parse_n(parse); i++) {
    gboolean fresh = parse_free_word(parse, i, WORD_NEW) && is_first_phrase(parse, i);
    gboolean again = parse_free_word(parse, i, WORD_REPEAT);
    if (!fresh && !again) continue;
    if (fresh && new_by_own_date(parse, i, entity)) return;
    parse->query->cohort = fresh ? COHORT_NEW : COHORT_REPEAT;
    parse->query->cohort_entity = g_strdup(entity->name);
    parse_claim(parse, i, fresh ? "first seen" : "seen before");
    parse_claim_word(parse, WORD_NEW, "first seen");
    parse_claim_word(parse, WORD_BOUGHT, "bought");
    parse_claim_word(parse, WORD_EARLIEST, "first");
    parse_claim_word(parse, WORD_RISE, "gained");
    int by = parse_find_word(parse, WORD_BY, 0); /* "going by their first purchase" */
    for (; by >= 0; by = parse_find_word(parse, WORD_BY, (guint)by + 1)) {
      int next = parse_next(parse, (guint)by + 1);
      if (next >= 0 && parse_item(parse, (guint)next)->claimed) {
        parse_claim(parse, (guint)by, "by");
        break;
      }
    }
    return;
  }
}

static Filter *did_before(const Entity *entity, Day day, gboolean negated) {
  Filter *filter = parse_new_did(entity, negated);
  filter->within = FALSE;
  filter->did_time = time_range_absolute(DAY_NONE, day);
  return filter;
}

/* "customers whose first order was before 2021", beside the period the question is about. */
static gboolean read_first_order(Parse *parse) {
  const Entity *entity = person_entity(parse);
  guint times = 0;
  for (guint i = 0; i < parse_n(parse); i++) times += parse_item(parse, i)->kind == ITEM_TIME && parse_item(parse, i)->time->kind != TIME_MENTION_CYCLIC;
  for (guint i = 0; entity != NULL && i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    gboolean first = !item->claimed && (item_is_word(item, WORD_EARLIEST) || item_is_word(item, WORD_NEW));
    int when = -1;
    for (guint k = i + 1; first && k < parse_n(parse) && k < i + 5 && when < 0; k++) {
      const Item *next = parse_item(parse, k);
      if (next->kind == ITEM_TIME) when = (int)k;
      else if (next->kind != ITEM_STOP && !(next->kind == ITEM_ENTITY && next->meaning.entity->is_event) && !(next->kind == ITEM_WORD && next->is_stop) &&
               !item_is_word(next, WORD_BOUGHT) && !item_is_word(next, WORD_YES_NO))
        break;
    }
    if (when < 0) continue;
    const TimeMention *mention = parse_item(parse, (guint)when)->time;
    TimeRange range;
    gboolean open = mention->kind == TIME_MENTION_BEFORE || mention->kind == TIME_MENTION_SINCE || mention->kind == TIME_MENTION_AFTER;
    if ((times < 2 && !open) || !time_mention_range(mention, &parse->model->calendar, &range) || range.kind != TIME_ABSOLUTE) continue;
    if (range.to != DAY_NONE) g_ptr_array_add(parse->query->filters, did_before(entity, range.to, FALSE));
    if (range.from != DAY_NONE) g_ptr_array_add(parse->query->filters, did_before(entity, range.from, TRUE));
    for (int k = (int)i; k <= when; k++) parse_claim(parse, (guint)k, "first order");
    parse_claim_word(parse, WORD_NEW, "first order");
    parse_claim_word(parse, WORD_BOUGHT, "bought");
    return TRUE;
  }
  return FALSE;
}

static gboolean repeat_is_share(const Parse *parse) {
  if (parse->query->measures->len != 1 || ((const Measure *)g_ptr_array_index(parse->query->measures, 0))->kind == MEASURE_RATIO) return FALSE;
  for (guint i = 0; i < parse_n(parse); i++)
    if (item_is_word(parse_item(parse, i), WORD_SHARE)) return TRUE;
  return FALSE;
}

/* "share of repeat customers": those with more than one order among all. Takes the filter. */
static void make_share_of_repeat(Parse *parse, Filter *filter) {
  Measure *part = g_ptr_array_steal_index(parse->query->measures, 0);
  Measure *ratio = measure_new(MEASURE_RATIO);
  ratio->right = measure_copy(part);
  ratio->left = part;
  g_ptr_array_add(part->filters, filter);
  ratio->name = g_strdup("share_of_repeat");
  ratio->label = g_strdup_printf("Share of repeat %ss", filter->entity);
  g_ptr_array_add(parse->query->measures, ratio);
  parse_claim_word(parse, WORD_SHARE, "share");
}

/* A cohort is grouped by the first date of its members; "repeat" without a period means more than one order. */
static void finish_cohort(Parse *parse) {
  SemanticQuery *query = parse->query;
  if (query->cohort == COHORT_REPEAT && query->time.kind == TIME_ALL) {
    const Entity *order = model_find_entity(parse->model, "order");
    const Metric *orders = order != NULL ? parse_entity_metric(parse, order) : NULL;
    if (orders == NULL) return;
    Filter *filter = filter_new(FILTER_ENTITY);
    filter->entity = g_strdup(query->cohort_entity);
    filter->measure = measure_new_metric(orders->name);
    filter->op = OP_GREATER;
    filter->within = TRUE;
    g_ptr_array_add(filter->values, g_strdup("1"));
    if (repeat_is_share(parse)) make_share_of_repeat(parse, filter);
    else g_ptr_array_add(query->filters, filter);
    query->cohort = COHORT_NONE;
    g_clear_pointer(&query->cohort_entity, g_free);
  }
  if (query->cohort != COHORT_NEW) return;
  for (guint i = 0; i < query->dimensions->len; i++) {
    Dimension *dimension = g_ptr_array_index(query->dimensions, i);
    if (dimension->kind != DIMENSION_TIME) continue;
    dimension->kind = DIMENSION_FIRST_TIME;
    dimension->entity = g_strdup(query->cohort_entity);
  }
}

/* ---- bought X but never Y ---- */
static int find_never(const Parse *parse, gboolean *strong) {
  for (guint i = 0; i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    if (item->claimed || !item_is_word(item, WORD_NOT)) continue;
    *strong = FALSE;
    if (item->count > 1 && item_is_word(item, WORD_MISSING)) continue;
    for (guint t = item->first; t < item->first + item->count; t++)
      if (strcmp(token_at(parse->items->tokens, t)->fold, "never") == 0) *strong = TRUE;
    return (int)i;
  }
  return -1;
}

void parse_add_did_value(GPtrArray *filters, const Item *item) {
  const ValueHit *hit = item_hit(item, NULL);
  g_autofree char *path = lexicon_field_path(hit->field);
  Filter *target = NULL;
  for (guint i = 0; i < filters->len; i++) {
    Filter *filter = g_ptr_array_index(filters, i);
    if (strcmp(filter->field, path) == 0) target = filter;
  }
  if (target == NULL) {
    target = filter_new(FILTER_FIELD);
    target->field = g_steal_pointer(&path);
    target->op = OP_EQUAL;
    g_ptr_array_add(filters, target);
  }
  for (guint i = 0; i < item->hits->len; i++) {
    const ValueHit *same = g_ptr_array_index(item->hits, i);
    gboolean known = g_ptr_array_find_with_equal_func(target->values, same->value, g_str_equal, NULL);
    if (same->field == hit->field && !known) g_ptr_array_add(target->values, g_strdup(same->value));
  }
}

Filter *parse_new_did(const Entity *entity, gboolean negated) {
  Filter *filter = filter_new(FILTER_DID);
  filter->entity = g_strdup(entity->name);
  filter->negated = negated;
  filter->within = TRUE;
  if (filter->did == NULL) filter->did = g_ptr_array_new_with_free_func((GDestroyNotify)filter_free);
  filter->did_time = time_range_all();
  return filter;
}

static gboolean fill_did(Parse *parse, Filter *did, guint first, guint last, gboolean with_times) {
  gboolean any = FALSE, aside = FALSE; /* "..., cancellations excluded" is about the question as a whole */
  for (guint i = first; i < last; i++) {
    Item *item = parse_item(parse, i);
    aside = aside || (item->comma_before && item->kind != ITEM_VALUE && item->kind != ITEM_TIME) || item_is_word(item, WORD_MISSING) ||
            (item_is_word(item, WORD_EXCLUDE) && item->meaning.condition == NULL);
    if (item->claimed) continue;
    if (item->kind == ITEM_VALUE && item->hits->len > 0) {
      parse_add_did_value(did->did, item);
      parse_claim(parse, i, did->negated ? "never bought" : "bought");
      any = TRUE;
    } else if (!aside && (item->kind == ITEM_CONDITION || (did->negated && item->kind != ITEM_VALUE && item->meaning.condition != NULL))) {
      Filter *condition = filter_new(FILTER_CONDITION);
      condition->condition = g_strdup(item->meaning.condition->name);
      g_ptr_array_add(did->did, condition);
      parse_claim(parse, i, did->negated ? "never" : "had");
      any = TRUE;
    } else if (with_times && item->kind == ITEM_TIME && item->time->kind != TIME_MENTION_CYCLIC) {
      if (!time_mention_range(item->time, &parse->model->calendar, &did->did_time)) return FALSE;
      parse_claim(parse, i, did->negated ? "never then" : "then");
      any = TRUE;
    }
  }
  return any;
}

static gboolean has_piece(const Parse *parse, guint first, guint last, ItemKind kind) {
  for (guint i = first; i < last; i++) {
    const Item *item = parse_item(parse, i);
    gboolean usable = item->kind != ITEM_TIME || item->time->kind != TIME_MENTION_CYCLIC;
    if (!item->claimed && item->kind == kind && usable) return TRUE;
  }
  return FALSE;
}

static guint clause_end(const Parse *parse, guint from) {
  for (guint i = from; i < parse_n(parse); i++)
    if (parse_item(parse, i)->comma_before && i > from + 1 && parse_item(parse, i)->kind != ITEM_VALUE) return i;
  return parse_n(parse);
}

/* "customers of 2020 that were lost in 2021": they bought in one and not in the other. */
static int find_lost(const Parse *parse) {
  int lost = parse_find_word(parse, WORD_LOST, 0);
  if (lost < 0 || !has_piece(parse, 0, (guint)lost, ITEM_TIME) || !has_piece(parse, (guint)lost, parse_n(parse), ITEM_TIME)) return -1;
  for (guint i = 0; i < parse_n(parse); i++)
    if (parse_item(parse, i)->kind == ITEM_METRIC || item_is_word(parse_item(parse, i), WORD_HOW_MUCH)) return -1;
  return lost;
}

static gboolean comes_back(const Parse *parse, guint never) {
  for (guint i = never; i < parse_n(parse) && i < never + 4; i++)
    if (parse_free_word(parse, i, WORD_REPEAT)) return TRUE;
  return FALSE;
}

/* "who ordered in 2017 and never came back": they bought then, and not after it. Takes `not_did`. */
static void add_gone(Parse *parse, const Entity *entity, guint never, Filter *not_did) {
  Filter *did = parse_new_did(entity, FALSE);
  did->within = not_did->within = FALSE;
  if (!fill_did(parse, did, 0, never, TRUE) || did->did_time.kind != TIME_ABSOLUTE || did->did_time.to == DAY_NONE) {
    filter_free(did);
    filter_free(not_did);
    return;
  }
  not_did->did_time = time_range_absolute(did->did_time.to, DAY_NONE);
  g_ptr_array_add(parse->query->filters, did);
  g_ptr_array_add(parse->query->filters, not_did);
  parse_claim(parse, never, "never");
  parse_claim_word(parse, WORD_REPEAT, "came back");
  parse_claim_word(parse, WORD_BOUGHT, "bought");
}

/* "bought X but no Y in 2021", "in 2021 ... X but no Y": the one period holds for both. Beside X alone it is X's. */
static gboolean period_is_shared(const Parse *parse, guint never) {
  gboolean value = FALSE;
  for (guint i = 0; i < never; i++) {
    const Item *item = parse_item(parse, i);
    value = value || item->kind == ITEM_VALUE;
    if (value && item->kind == ITEM_TIME) return FALSE;
  }
  return TRUE;
}

static void read_never(Parse *parse) {
  const Entity *entity = person_entity(parse);
  gboolean strong = FALSE;
  int never = find_never(parse, &strong);
  if (never < 0 && entity != NULL) never = find_lost(parse);
  for (guint i = 0; entity == NULL && never > 0 && i < (guint)never; i++) { /* "orders with tables but no chairs" */
    const Entity *event = parse_item(parse, i)->kind == ITEM_ENTITY ? parse_item(parse, i)->meaning.entity : NULL;
    gboolean both = has_piece(parse, 0, (guint)never, ITEM_VALUE) && has_piece(parse, (guint)never, parse_n(parse), ITEM_VALUE);
    const gboolean sold = event != NULL && (event->is_event || parse_has_word(parse, WORD_SOLD)); /* "products sold in Pisa but not in Siena" */
    if (sold && event->key != NULL && both && parse_has_word(parse, WORD_BUT)) entity = event;
  }
  if (entity == NULL || never < 0 || parse_item(parse, (guint)never)->meaning.condition != NULL) return;
  guint end = clause_end(parse, (guint)never + 1);
  gboolean values = has_piece(parse, 0, (guint)never, ITEM_VALUE) && has_piece(parse, (guint)never, end, ITEM_VALUE);
  gboolean times = has_piece(parse, 0, (guint)never, ITEM_TIME) && has_piece(parse, (guint)never, end, ITEM_TIME);
  gboolean idle = !times && !has_piece(parse, 0, (guint)never, ITEM_TIME) && has_piece(parse, (guint)never, end, ITEM_TIME) &&
                  (parse_has_word(parse, WORD_BOUGHT) || strong) && parse_has_word(parse, WORD_HOW_MANY); /* "not ordered since 2019, how many" */
  gboolean gone = !times && has_piece(parse, 0, (guint)never, ITEM_TIME) && !values && comes_back(parse, (guint)never);
  gboolean right_only = (strong || parse_has_word(parse, WORD_BOUGHT)) && has_piece(parse, (guint)never, end, ITEM_VALUE);
  for (guint i = (guint)never + 1; strong && i < end; i++) /* "never returned" */
    right_only = right_only || (!parse_item(parse, i)->claimed && parse_item(parse, i)->meaning.condition != NULL);
  gboolean verb = times || gone || parse_has_word(parse, WORD_BOUGHT) || parse_has_word(parse, WORD_HAVING) || parse_has_word(parse, WORD_SOLD) || strong;
  gboolean excludes = item_is_word(parse_item(parse, (guint)never), WORD_EXCLUDE) && !strong &&
                      !item_is_word(parse_item(parse, (guint)never), WORD_BUT);
  if (!verb || (!values && !times && !right_only && !gone && !idle) || (excludes && !values && !times)) return;
  gboolean shared = values && !times && period_is_shared(parse, (guint)never);
  if (values || times) {
    Filter *did = parse_new_did(entity, FALSE);
    if (fill_did(parse, did, 0, (guint)never, !shared)) g_ptr_array_add(parse->query->filters, did);
    else filter_free(did);
  }
  Filter *not_did = parse_new_did(entity, TRUE);
  if (gone) {
    add_gone(parse, entity, (guint)never, not_did);
    return;
  }
  if (fill_did(parse, not_did, (guint)never, end, !shared)) g_ptr_array_add(parse->query->filters, not_did);
  else filter_free(not_did);
  parse_claim(parse, (guint)never, "never");
  if (times) parse_claim_word(parse, WORD_REPEAT, "come back");
  for (guint i = (guint)never; times && i < parse_n(parse); i++) { /* "who did not order in 2020" */
    const Item *item = parse_item(parse, i);
    if (!item->claimed && item->kind == ITEM_ENTITY && item->meaning.entity->is_event && !item->plural) parse_claim(parse, i, "order");
  }
  parse_claim_word(parse, WORD_BOUGHT, "bought");
  parse_claim_word(parse, WORD_BUT, "but");
}

/* "customers who bought both X and Y" */
/* "X and Y" of one field, whoever it is that is counted or listed. */
static gboolean two_values_joined(const Parse *parse) {
  for (guint i = 0; i + 2 < parse_n(parse); i++) {
    const Item *a = parse_item(parse, i), *b = parse_item(parse, i + 2);
    if (a->claimed || b->claimed || a->kind != ITEM_VALUE || b->kind != ITEM_VALUE || !item_is_word(parse_item(parse, i + 1), WORD_AND)) continue;
    if (item_hit(b, item_hit(a, NULL)->field) != NULL) return TRUE;
  }
  return FALSE;
}

static void read_both(Parse *parse) {
  const Entity *entity = person_entity(parse);
  gboolean joined = entity != NULL && parse_has_word(parse, WORD_BOUGHT) && two_values_joined(parse) &&
                    (parse_has_word(parse, WORD_WHICH) || parse_has_word(parse, WORD_HOW_MANY) || parse_has_word(parse, WORD_WHO));
  if (!parse_has_word(parse, WORD_BOUGHT)) entity = NULL;
  for (guint i = 0; i < parse_n(parse) && entity == NULL; i++) { /* "orders that have both" */
    const Item *item = parse_item(parse, i);
    if (item->kind == ITEM_ENTITY && item->meaning.entity->key != NULL) entity = item->meaning.entity;
  }
  if (entity == NULL || (!parse_has_word(parse, WORD_BOUGHT) && !parse_has_word(parse, WORD_HAVING) && !parse_has_word(parse, WORD_CONTAINS))) return;
  for (guint t = 0; t + 2 < parse->items->tokens->len; t++) {
    if (!joined && strcmp(token_at(parse->items->tokens, t)->fold, "both") != 0) continue;
    for (guint i = 0; i < parse_n(parse); i++) {
      Item *item = parse_item(parse, i);
      if ((!joined && item->first <= t) || item->claimed) continue;
      if (item->kind != ITEM_VALUE && !(item->kind == ITEM_TIME && item->time->kind == TIME_MENTION_POINT)) continue;
      Filter *did = parse_new_did(entity, FALSE);
      if (fill_did(parse, did, i, i + 1, TRUE)) g_ptr_array_add(parse->query->filters, did);
      else filter_free(did);
    }
    return;
  }
}

void parse_special(Parse *parse) {
  read_without_events(parse);
  parse_own_date_of(parse);
  if (parse->query->measures->len == 0) read_first_last_date(parse);
  parse_durations(parse);
  gboolean first = read_first_order(parse);
  parse_happened(parse);
  read_never(parse);
  parse_without(parse, person_entity(parse));
  if (!first) read_cohort(parse);
  read_both(parse);
}

/* "by hour" over more than a few days is the hour of the day. */
static void finish_hours(Parse *parse) {
  const TimeRange *time = &parse->query->time;
  if (time->kind == TIME_ABSOLUTE && time->from != DAY_NONE && time->to != DAY_NONE && time->to - time->from <= 3) return;
  if ((time->kind == TIME_UNITS || time->kind == TIME_ROLLING) && time->unit == TIME_UNIT_DAY && time->count <= 3) return;
  for (guint i = 0; i < parse->query->dimensions->len; i++) {
    Dimension *dimension = g_ptr_array_index(parse->query->dimensions, i);
    if (dimension->kind != DIMENSION_TIME || dimension->unit != TIME_UNIT_HOUR) continue;
    dimension->kind = DIMENSION_CYCLIC;
    dimension->unit = TIME_UNIT_NONE;
    dimension->cyclic = CYCLIC_HOUR_OF_DAY;
  }
}

void parse_finish_special(Parse *parse) {
  finish_cohort(parse);
  finish_hours(parse);
}
