/* What is left over decides: an unused content word means asking back or refusing, never a half answer. */
#include <string.h>

#include "ask/parse.h"

/* Classes whose words carry no meaning of their own once the question is otherwise understood. */
static gboolean is_harmless(const Parse *parse, const Item *item) {
  static const WordClass HARMLESS[] = {WORD_YES_NO, WORD_LIST, WORD_AND, WORD_OR, WORD_BUT, WORD_HOW_MUCH, WORD_SUM, WORD_DISTINCT,
      WORD_SOLD, WORD_BOUGHT, WORD_EARNED, WORD_HAVING, WORD_INCLUDE, WORD_ONLY, WORD_BY_HOW_MUCH, WORD_WHICH, WORD_BY,
      WORD_ALL_TIME, WORD_SINGLE, WORD_WHO, WORD_SAME, WORD_BETWEEN, WORD_EACH, WORD_WITHIN, WORD_WHERE, WORD_HOW_MANY, WORD_AFTER,
      WORD_CONTAINS, WORD_ABSOLUTE, WORD_TREND, WORD_SPENT, WORD_INSTEAD, WORD_NET_OF, WORD_UNTIL, WORD_SINCE, WORD_PLAN_CHECK, WORD_POLITE, WORD_BESIDE};
  if (item->is_stop && (word_set_is_empty(item->words))) return TRUE;
  for (guint i = 0; i < G_N_ELEMENTS(HARMLESS); i++)
    if (item_is_word(item, HARMLESS[i])) return TRUE;
  if (item_is_word(item, WORD_VALUE_WORD)) return parse->query->measures->len > 0;
  gboolean compared = parse->query->compare.kind != COMPARE_NONE || parse->query->dimensions->len > 0 || parse->query->measures->len > 1;
  gboolean comparing = item_is_word(item, WORD_COMPARE) || item_is_word(item, WORD_THAN) || item_is_word(item, WORD_DIFFERENCE) ||
                       item_is_word(item, WORD_MORE) || item_is_word(item, WORD_LESS);
  return comparing && compared;
}

static gboolean measures_entity(const Parse *parse, const Entity *entity) {
  return parse->query->measures->len > 0 && entity->dataset != NULL;
}

static gboolean measured_in_days(const Parse *parse) {
  for (guint i = 0; i < parse->query->measures->len; i++) {
    const Measure *measure = g_ptr_array_index(parse->query->measures, i);
    const Metric *metric = measure->metric != NULL ? model_find_metric(parse->model, measure->metric) : NULL;
    if (measure->kind == MEASURE_DATE_DIFFERENCE || (metric != NULL && (g_strcmp0(metric->unit, "days") == 0 || strstr(metric->name, "days") != NULL))) return TRUE;
  }
  return FALSE;
}

/* "sales by genre", "top 5 artists", "which albums": asks for groups; no noun that can't be grouped by is mere context there. */
static gboolean asks_for_group(const Parse *parse, guint index) {
  static const WordClass GROUPS[] = {WORD_BY, WORD_EACH, WORD_RANK_HIGH, WORD_RANK_LOW, WORD_WHICH};
  int at = (int)index - 1;
  while (at >= 0 && (parse_item(parse, (guint)at)->kind == ITEM_STOP || parse_item(parse, (guint)at)->kind == ITEM_NUMBER)) at--;
  if (at < 0) return FALSE;
  const Item *before = parse_item(parse, (guint)at), *agent = at > 0 ? parse_item(parse, (guint)at - 1) : NULL;
  const gboolean by = item_is_word(before, WORD_BY);
  if (by && agent != NULL && (agent->is_inflected_verb || item_is_word(agent, WORD_BOUGHT) || item_is_word(agent, WORD_SOLD))) return FALSE; /* "placed by customers" */
  for (guint i = 0; i < G_N_ELEMENTS(GROUPS); i++)
    if (before->kind == ITEM_WORD && item_is_word(before, GROUPS[i])) return TRUE;
  return FALSE;
}

/* Nouns that only say what the measured thing is about: "sales to customers", "the month of March". */
static void claim_context(Parse *parse) {
  if (parse->query->measures->len > 0) parse_claim_loose_links(parse);
  for (guint i = 0; i < parse_n(parse); i++) {
    Item *item = parse_item(parse, i);
    if (item->claimed || parse_is_other_event(parse, item)) continue;
    const Item *next = i + 1 < parse_n(parse) ? parse_item(parse, i + 1) : NULL;
    int after = parse_next(parse, i + 1);
    gboolean before_time = (next != NULL && next->kind == ITEM_TIME) || (after >= 0 && parse_item(parse, (guint)after)->kind == ITEM_TIME);
    const gboolean groups = item->kind == ITEM_ENTITY || (item->kind == ITEM_ROWS && !item->meaning.rows->is_fact);
    const gboolean group = groups && parse->query->dimensions->len == 0 && asks_for_group(parse, i);
    if (group) continue;
    if (item->kind == ITEM_ENTITY && measures_entity(parse, item->meaning.entity)) parse_claim(parse, i, "context");
    else if (item->kind == ITEM_ROWS && parse->query->measures->len > 0) parse_claim(parse, i, "context");
    else if (item->kind == ITEM_GRAIN && (before_time || (i > 0 && parse_item(parse, i - 1)->kind == ITEM_TIME))) parse_claim(parse, i, "context");
    else if (item->kind == ITEM_GRAIN && item->meaning.unit == TIME_UNIT_DAY && (item->is_stop || (item->plural && measured_in_days(parse)))) parse_claim(parse, i, "context");
    else if (item->kind == ITEM_FIELD && item->meaning.field->role == FIELD_ROLE_TIME) parse_claim(parse, i, "date");
  }
}

/* "remove the filter", "for everything": words about the question before. */
static void claim_question_nouns(Parse *parse) {
  static const char *const NOUNS[] = {"filter", "filters", "restriction", "everything", "everyone", "view", "grouping", NULL};
  for (guint i = 0; parse->fragment && i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    if (!item->claimed && g_strv_contains(NOUNS, token_at(parse->items->tokens, item->first)->fold)) parse_claim(parse, i, "the question before");
  }
  gboolean about = FALSE;
  for (guint i = 0; i < parse_n(parse); i++) about = about || g_strcmp0(parse_item(parse, i)->claimed_as, "the question before") == 0;
  if (about) parse_claim_word(parse, WORD_EXCLUDE, "away");
  if (about) parse_claim_word(parse, WORD_MISSING, "away");
  if (parse->fragment && parse_asked_total(parse)) parse_claim_word(parse, WORD_SUM, "total");
}

/* "membership tier", "the Running category": a noun of class after a field or value only repeats what that is; "margin %" its unit. */
static void claim_class_nouns(Parse *parse) {
  static const char *const CLASSES[] = {"tier", "level", "type", "group", "class", "category", "name", "code", "status", "segment", "kind", "range",
                                        "section", "team", "line", "family", NULL};
  for (guint i = 1; i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i), *before = parse_item(parse, i - 1);
    if (item->claimed || item->count != 1 || item->comma_before) continue;
    const Token *token = token_at(parse->items->tokens, item->first);
    gboolean class_noun = item->kind == ITEM_UNKNOWN && g_strv_contains(CLASSES, token->singular);
    if (class_noun && before->claimed && (before->kind == ITEM_FIELD || before->kind == ITEM_VALUE)) parse_claim(parse, i, "part of the name");
    if (strcmp(token->fold, "in") == 0 && i >= 2) before = parse_item(parse, i - 2);
    const Metric *metric = before->kind == ITEM_METRIC ? before->meaning.metric : NULL;
    gboolean percent = strcmp(token->fold, "percent") == 0 || strcmp(token->fold, "pct") == 0 || item_is_word(item, WORD_PERCENT_OF_CHANGE);
    gboolean fraction = metric != NULL && g_strcmp0(metric->unit, "fraction") == 0 && parse->query->compare.kind == COMPARE_NONE;
    if (percent && fraction) parse_claim(parse, i, "unit");
  }
}

static const Dataset *measured_dataset(const Parse *parse, guint index) {
  const Measure *measure = g_ptr_array_index(parse->query->measures, index);
  const Metric *metric = measure->metric != NULL ? model_find_metric(parse->model, measure->metric) : NULL;
  if (metric != NULL && metric->kind != METRIC_AGGREGATE) metric = model_find_metric(parse->model, metric->numerator);
  return metric != NULL && metric->dataset != NULL ? model_find_dataset(parse->model, metric->dataset) : NULL;
}

/* "web revenue" of the table of web sessions, "ticket volume": which table is meant, or how much of it there is. */
static void claim_table_words(Parse *parse) {
  static const char *const WEB[] = {"web", "website", "site", "webshop", NULL};
  static const char *const VOLUMES[] = {"volume", "volumes", "count", "counts", NULL};
  for (guint i = 0; i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i), *before = i > 0 ? parse_item(parse, i - 1) : NULL;
    if (item->claimed || item->count != 1 || item->kind != ITEM_UNKNOWN) continue;
    const Token *token = token_at(parse->items->tokens, item->first);
    if (before != NULL && before->claimed && (before->kind == ITEM_ENTITY || before->kind == ITEM_ROWS) && g_strv_contains(VOLUMES, token->fold))
      parse_claim(parse, i, "part of the name");
    for (guint m = 0; m < parse->query->measures->len; m++) {
      const Dataset *dataset = measured_dataset(parse, m);
      g_auto(GStrv) words = g_strsplit(dataset != NULL ? dataset->name : "", "_", -1);
      for (char **word = words; *word != NULL && !item->claimed; word++) {
        const gboolean web = g_strv_contains(WEB, *word) && g_strv_contains(WEB, token->fold);
        if (g_strv_length(words) > 1 && strlen(*word) > 1 && (web || strcmp(*word, token->fold) == 0)) parse_claim(parse, i, "table");
      }
    }
  }
}

static gboolean is_judgement(const Item *item) {
  return item_is_word(item, WORD_BEST) || item_is_word(item, WORD_WORST) || item_is_word(item, WORD_JUDGE);
}

/* "best customers": by which measure? The usual ones are offered. */
static void clarify_measure(Parse *parse, const char *why) {
  g_autofree char *question = g_strdup_printf("%s By which measure?", why);
  parse_clarify(parse, question);
  static const char *const USUAL[] = {"revenue", "profit", "units", "orders", "customers"};
  for (guint i = 0; i < G_N_ELEMENTS(USUAL); i++) {
    const Metric *metric = model_find_metric(parse->model, USUAL[i]);
    if (metric == NULL) continue;
    SemanticQuery *option = semantic_query_copy(parse->query);
    g_ptr_array_set_size(option->measures, 0);
    g_array_set_size(option->order, 0);
    g_array_set_size(option->having, 0);
    g_ptr_array_add(option->measures, measure_new_metric(metric->name));
    if (option->dimensions->len > 0) {
      Order order = {0, ON_VALUE, !parse_has_word(parse, WORD_WORST), FALSE};
      g_array_append_val(option->order, order);
      if (option->limit == 0) option->limit = 10;
    }
    g_autofree char *label = g_strdup_printf("by %s", metric->label);
    parse_add_option(parse, label, option);
  }
}

static void refuse_word(Parse *parse, const Item *item) {
  g_autofree char *source = item_source(parse->items, item);
  const Token *token = token_at(parse->items->tokens, item->first);
  g_autoptr(GPtrArray) near = value_index_near(parse->lexicon->values, source, 4);
  gboolean written_as_name = token->is_capital || token->quoted || token->is_number || item->count > 1;
  for (guint i = 0; i < near->len && !written_as_name;) { /* a common noun inside some long name is not what was meant */
    if (((const ValueHit *)g_ptr_array_index(near, i))->match == VALUE_MATCH_TYPO) i++;
    else g_ptr_array_remove_index(near, i);
  }
  if (near->len > 0) {
    g_autofree char *question = g_strdup_printf("There is no '%s'. Did you mean one of these?", source);
    parse_clarify(parse, question);
    for (guint i = 0; i < near->len; i++) {
      const ValueHit *hit = g_ptr_array_index(near, i);
      SemanticQuery *option = semantic_query_copy(parse->query);
      g_autofree char *path = lexicon_field_path(hit->field);
      g_ptr_array_add(option->filters, filter_new_values(path, OP_EQUAL, hit->value, NULL));
      g_autofree char *label = g_strdup_printf("%s: %s", hit->field->label, hit->value);
      gboolean usable = option->measures->len > 0;
      parse_add_option(parse, label, usable ? option : NULL);
      if (!usable) semantic_query_free(option);
    }
    return;
  }
  parse_refuse(parse, "no_such_data", source, "Nothing in the data is called '%s'.", source);
  parse->verdict->closest = lexicon_closest(parse->lexicon, token->fold, 3);
}

/* "female customers", where the data knows their sex but not them. */
static void claim_people(Parse *parse) {
  static const char *const PEOPLE[] = {"customer", "customers", "client", "clients", "shopper", "shoppers", "buyer", "buyers", "people", "guests",
                                       "guest", "consumers", "users", NULL};
  gboolean counted = parse_has_word(parse, WORD_HOW_MANY);
  for (guint i = 0; i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    if (item->claimed || item->kind != ITEM_UNKNOWN || item->count != 1) continue;
    if (!g_strv_contains(PEOPLE, token_at(parse->items->tokens, item->first)->fold)) continue;
    gboolean before = i > 0 && parse_item(parse, i - 1)->kind == ITEM_VALUE, after = i + 1 < parse_n(parse) && parse_item(parse, i + 1)->kind == ITEM_VALUE;
    gboolean asked = counted && parse->counted == NULL && parse->counted_field == NULL && parse->query->measures->len < 2;
    if ((before || after) && !asked) parse_claim(parse, i, "context");
  }
}

/* "customer 99999", where there is none of that number. */
static gboolean names_nobody(Parse *parse, guint index) {
  const Item *item = parse_item(parse, index), *noun = index > 0 ? parse_item(parse, index - 1) : NULL;
  if (item->kind != ITEM_NUMBER || item->percent || item->money || noun == NULL || noun->plural || item->comma_before) return FALSE;
  gboolean identified = (noun->kind == ITEM_ENTITY && noun->meaning.entity->key != NULL) ||
                        (noun->kind == ITEM_FIELD && (noun->meaning.field->role == FIELD_ROLE_IDENTIFIER ||
                                                      (noun->meaning.field->role == FIELD_ROLE_DIMENSION && noun->meaning.field->type == FIELD_INTEGER)));
  if (!identified) return FALSE;
  g_autofree char *number = item_source(parse->items, item), *name = item_source(parse->items, noun);
  parse_refuse(parse, "no_such_value", number, "There is no %s %s in the data.", name, number);
  return TRUE;
}

static void check_leftovers(Parse *parse) {
  claim_people(parse);
  claim_class_nouns(parse);
  claim_table_words(parse);
  claim_question_nouns(parse);
  int trigger = parse_find_word(parse, WORD_DAYS_BETWEEN, 0);
  const Item *duration = trigger >= 0 ? parse_item(parse, (guint)trigger) : NULL;
  gboolean lasting = duration != NULL && (duration->count > 1 || !duration->is_stop) &&
                     strcmp(token_at(parse->items->tokens, duration->first)->fold, "days") != 0;
  if (lasting) {
    parse_refuse(parse, "no_such_data", "a time between two dates", "The data does not hold the two dates this would need.");
    return;
  }
  guint n = parse_n(parse);
  const Item *by = n > 2 ? parse_item(parse, n - 2) : NULL, *last = n > 2 ? parse_item(parse, n - 1) : NULL;
  if (by != NULL && !by->claimed && !last->claimed && last->kind == ITEM_STOP && strcmp(token_at(parse->items->tokens, by->first)->fold, "by") == 0) {
    refuse_word(parse, last); /* "sales by re" */
    return;
  }
  for (guint i = 0; i < parse_n(parse); i++) { /* unknown words first: they say most */
    const Item *item = parse_item(parse, i);
    if (!item->claimed && item->kind == ITEM_UNKNOWN) {
      refuse_word(parse, item);
      return;
    }
  }
  for (guint i = 0; i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    if (item->claimed || item->kind == ITEM_STOP || is_harmless(parse, item)) continue;
    if (names_nobody(parse, i)) return;
    g_autofree char *source = item_source(parse->items, item);
    if (is_judgement(item)) {
      g_autofree char *why = g_strdup_printf("'%s' can be judged in several ways.", source);
      clarify_measure(parse, why);
    } else if (item->is_stop && item->kind == ITEM_WORD) {
      continue;
    } else {
      g_autofree char *question = g_strdup_printf("It is not clear what '%s' asks for here.", source);
      parse_clarify(parse, question);
      if (parse->query->measures->len > 0) {
        g_autofree char *without = semantic_query_restate(parse->query, parse->model);
        parse_add_option(parse, without, semantic_query_copy(parse->query));
      }
    }
    return;
  }
}

/* "all cities in Washington": a city and a state; of the state, where cities are listed. TRUE: that settled it. */
static gboolean drop_listed_level(Parse *parse, guint index) {
  Item *item = parse_item(parse, index);
  const Field *first = item_hit(item, NULL)->field, *other = NULL;
  g_autofree char *path = lexicon_field_path(first);
  gboolean listed = FALSE;
  for (guint i = 0; i < parse->query->dimensions->len; i++)
    listed = listed || g_strcmp0(((const Dimension *)g_ptr_array_index(parse->query->dimensions, i))->field, path) == 0;
  for (guint k = 0; listed && k < item->hits->len; k++) {
    const ValueHit *hit = g_ptr_array_index(item->hits, k);
    if (hit->field == first || strcmp(hit->field->name, first->name) == 0) continue;
    if (other != NULL && other != hit->field) return FALSE;
    other = hit->field;
  }
  Filter *filter = item->filter;
  if (other == NULL || filter->kind != FILTER_FIELD || filter->values->len != 1) return FALSE;
  item_keep_field(item, other);
  g_free(filter->field);
  filter->field = lexicon_field_path(other);
  g_ptr_array_set_size(filter->values, 0);
  g_ptr_array_add(filter->values, g_strdup(item_hit(item, NULL)->value));
  parse_describe(parse, index, "%s = %s", other->label, item_hit(item, NULL)->value);
  return TRUE;
}

/* A word that is a value of several fields: each reading is an option. */
static void check_ambiguous_values(Parse *parse) {
  for (guint i = 0; i < parse_n(parse) && parse->verdict == NULL; i++) {
    const Item *item = parse_item(parse, i);
    if (item->kind != ITEM_VALUE || item->filter == NULL || item->hits->len < 2) continue;
    if (drop_listed_level(parse, i)) continue;
    const Field *first = item_hit(item, NULL)->field;
    gboolean several = FALSE;
    for (guint k = 0; k < item->hits->len; k++) {
      const ValueHit *hit = g_ptr_array_index(item->hits, k); /* budget.category and products.category say the same */
      several = several || (hit->field != first && strcmp(hit->field->name, first->name) != 0);
    }
    if (!several) continue;
    g_autofree char *source = item_source(parse->items, item);
    g_autofree char *question = g_strdup_printf("'%s' can mean several things. Which one?", source);
    parse_clarify(parse, question);
    for (guint k = 0; k < item->hits->len && k < 4; k++) {
      const ValueHit *hit = g_ptr_array_index(item->hits, k);
      SemanticQuery *option = semantic_query_copy(parse->query);
      g_autofree char *old_path = lexicon_field_path(first);
      for (guint f = 0; f < option->filters->len; f++) {
        Filter *filter = g_ptr_array_index(option->filters, f);
        if (filter->kind != FILTER_FIELD || g_strcmp0(filter->field, old_path) != 0) continue;
        g_free(filter->field);
        filter->field = lexicon_field_path(hit->field);
        g_ptr_array_set_size(filter->values, 0);
        g_ptr_array_add(filter->values, g_strdup(hit->value));
      }
      g_autofree char *label = g_strdup_printf("%s: %s", hit->field->label, hit->value);
      parse_add_option(parse, label, option);
    }
  }
}

/* One value both asked for and left out: no row can pass, so the question was not read rightly. */
static void check_contradiction(Parse *parse) {
  const GPtrArray *filters = parse->query->filters;
  for (guint a = 0; a < filters->len && parse->verdict == NULL; a++) {
    const Filter *wanted = g_ptr_array_index(filters, a);
    for (guint b = 0; wanted->kind == FILTER_FIELD && wanted->op == OP_EQUAL && wanted->values->len == 1 && b < filters->len; b++) {
      const Filter *left_out = g_ptr_array_index(filters, b);
      const char *value = g_ptr_array_index(wanted->values, 0);
      if (left_out->kind != FILTER_FIELD || left_out->op != OP_NOT_EQUAL || strcmp(left_out->field, wanted->field) != 0) continue;
      if (!g_ptr_array_find_with_equal_func(left_out->values, value, g_str_equal, NULL)) continue;
      g_autofree char *question = g_strdup_printf("With or without '%s'?", value);
      parse_clarify(parse, question);
      SemanticQuery *with = semantic_query_copy(parse->query), *without = semantic_query_copy(parse->query);
      g_ptr_array_remove_index(with->filters, b);
      g_ptr_array_remove_index(without->filters, a);
      g_autofree char *only = g_strdup_printf("only %s", value), *not_it = g_strdup_printf("all but %s", value);
      parse_add_option(parse, only, with);
      parse_add_option(parse, not_it, without);
      return;
    }
  }
}

static gboolean has_content(const Parse *parse) {
  for (guint i = 0; i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    if (item->kind != ITEM_STOP && item->kind != ITEM_UNKNOWN && !(item->kind == ITEM_WORD && item->is_stop)) return TRUE;
  }
  return FALSE;
}

/* A word the data does not know says more than a doubt about the others. */
static void prefer_unknown_words(Parse *parse) {
  if (parse->verdict == NULL || parse->verdict->status != ASK_CLARIFY) return;
  for (guint i = 0; i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    if (item->claimed || item->kind != ITEM_UNKNOWN) continue;
    g_clear_pointer(&parse->verdict, ask_result_free);
    refuse_word(parse, item);
    return;
  }
}

void parse_decide(Parse *parse) {
  prefer_unknown_words(parse);
  if (parse->verdict != NULL) return;
  claim_context(parse);
  check_leftovers(parse);
  if (parse->verdict != NULL) return;
  check_ambiguous_values(parse);
  check_contradiction(parse);
  gboolean anything = parse_asked_total(parse);
  for (guint i = 0; i < parse_n(parse); i++) anything = anything || parse_item(parse, i)->claimed;
  if (parse->fragment && parse->verdict == NULL && !anything) parse_clarify(parse, "What should be different from before?");
  if (parse->verdict != NULL || parse->fragment) return;
  if (parse->query->measures->len == 0 && parse->query->detail->len == 0 && !parse->plain_list) {
    if (has_content(parse)) clarify_measure(parse, "It is not said what to measure.");
    else parse_refuse(parse, "not_a_question", parse->items->question, "This does not ask for anything the data can answer.");
  }
}
