#include <string.h>

#include "ask/parse.h"

#define ASK_MAX_BYTES 2000
#define ASK_MAX_TOKENS 200

static void understood_free(gpointer pointer) {
  Understood *understood = pointer;
  g_free(understood->text);
  g_free(understood->kind);
  g_free(understood->meaning);
  g_strfreev(understood->alternatives);
  g_free(understood);
}

void ask_result_free(AskResult *result) {
  if (result == NULL) return;
  semantic_query_free(result->query);
  g_clear_pointer(&result->understood, g_ptr_array_unref);
  g_clear_pointer(&result->assumptions, g_ptr_array_unref);
  g_clear_pointer(&result->options, g_ptr_array_unref);
  g_free(result->clarify_question);
  g_free(result->reason_code);
  g_free(result->missing);
  g_strfreev(result->closest);
  g_free(result->reason_text);
  g_free(result);
}

static void parse_clear(Parse *parse) {
  semantic_query_free(parse->query);
  g_clear_pointer(&parse->assumptions, g_ptr_array_unref);
  ask_result_free(parse->verdict);
  items_free(parse->items);
}

/* "customers with more than 3 orders, how many?" asks what "how many customers ..." asks. */
static void lead_with_count(Items *items) {
  guint last = items->items->len;
  while (last > 0 && item_at(items, last - 1)->kind == ITEM_STOP) last--;
  if (last < 3) return;
  Item item = *item_at(items, last - 1);
  const char *fold = token_at(items->tokens, item.first)->fold;
  if (!item_is_word(&item, WORD_HOW_MANY) || item.kind != ITEM_WORD || item.count != 2 || strcmp(fold, "how") != 0 || !item.comma_before) return;
  gboolean listed = FALSE;
  for (guint i = 0; i + 1 < last; i++) listed = listed || item_is_comparator(item_at(items, i)) || item_is_word(item_at(items, i), WORD_SPENT) ||
                                                    item_is_word(item_at(items, i), WORD_WHO) || item_is_word(item_at(items, i), WORD_HAVING) ||
                                                    item_is_word(item_at(items, i), WORD_MISSING);
  if (!listed) return;
  memmove(item_at(items, 1), item_at(items, 0), sizeof(Item) * (last - 1));
  *item_at(items, 0) = item;
}

static void parse_init(Parse *parse, const Lexicon *lexicon, const char *question, const AskContext *context) {
  *parse = (Parse){.lexicon = lexicon, .model = lexicon->model, .context = context, .subject = -1};
  parse->items = items_build(lexicon, question);
  lead_with_count(parse->items);
  parse->query = semantic_query_new();
  parse->assumptions = g_ptr_array_new_with_free_func(g_free);
}

static void note_change_words(Parse *parse) {
  static const WordClass WORDS[] = {WORD_CHANGE, WORD_GROW, WORD_RISE, WORD_FALL, WORD_FASTEST_GROWING, WORD_PERCENT_OF_CHANGE,
      WORD_COMPARE, WORD_DIFFERENCE, WORD_HOW_MUCH_MORE, WORD_HOW_MUCH_LESS, WORD_MORE, WORD_LESS, WORD_YEAR_OVER_YEAR,
      WORD_MONTH_OVER_MONTH, WORD_QUARTER_OVER_QUARTER, WORD_WEEK_OVER_WEEK, WORD_SAME_PERIOD_YEAR_EARLIER, WORD_WHY, WORD_THAN, WORD_MINUS};
  for (guint i = 0; i < G_N_ELEMENTS(WORDS); i++) parse->change_asked = parse->change_asked || parse_has_word(parse, WORDS[i]);
  for (guint i = 0; i + 1 < parse_n(parse); i++) { /* "lost most sales": the sales fell; there is no loss in money */
    Item *item = parse_item(parse, i);
    const Metric *profit = model_find_metric(parse->model, "profit");
    gboolean losing = g_str_has_prefix(token_at(parse->items->tokens, item->first)->fold, "los") && item->count == 1;
    for (guint k = i + 1; losing && item_is_word(item, WORD_LOST) && k < parse_n(parse) && k < i + 4; k++) {
      const Metric *metric = parse_item(parse, k)->kind == ITEM_METRIC ? parse_item(parse, k)->meaning.metric : NULL;
      if (metric == NULL || metric == profit) continue;
      item->words = (WordSet){{0, 0}};
      word_set_add(&item->words, WORD_FALL);
      item->kind = ITEM_WORD;
      parse->change_asked = TRUE;
    }
  }
  for (guint i = 0; i < parse_n(parse); i++) { /* "sold more than in 2019" */
    const Item *item = parse_item(parse, i);
    int next = parse_next(parse, i + 1);
    gboolean over = strcmp(token_at(parse->items->tokens, item->first)->fold, "over") == 0 && item->count == 1;
    if (over && next >= 0 && parse_item(parse, (guint)next)->kind == ITEM_TIME && (i == 0 || parse_item(parse, i - 1)->kind != ITEM_TIME)) {
      parse_claim(parse, i, "during"); /* "over the past 3 months" */
      continue;
    }
    if ((item_is_word(item, WORD_MORE_THAN) || item_is_word(item, WORD_LESS_THAN)) &&
        (next < 0 || parse_item(parse, (guint)next)->kind != ITEM_NUMBER))
      parse->change_asked = TRUE;
  }
}

static void read_pieces(Parse *parse) {
  note_change_words(parse);
  parse_wording(parse);
  parse_spread(parse);
  parse_events(parse);
  parse_gone(parse);
  parse_special(parse);
  parse_filters(parse);
  parse_ages(parse);
  parse_buckets(parse);
  parse_groups(parse);
  parse_lists(parse);
  parse_measures(parse);
  parse_columns(parse);
  parse_reach(parse);
  parse_listed_prices(parse);
  parse_happened_dates(parse);
  parse_tests(parse);
  parse_times(parse);
  parse_share(parse);
  parse_changes(parse);
  parse_rank(parse);
  parse_finish_special(parse);
  parse_finish_happened(parse);
  parse_known_groups(parse);
}

static const char *kind_name(const Item *item) {
  static const char *NAMES[] = {"ignored", "word", "metric", "dimension", "entity", "rows", "condition", "value", "time", "grain", "grain",
                                "number", "unknown"};
  if (!item->claimed && item->is_stop) return "ignored";
  return NAMES[item->kind];
}

#define ALTERNATIVES_MAX 6

/* Everything else that the words could name; NULL: nothing. (transfer full) */
static char **item_alternatives(const Item *item) {
  const Meaning *meaning = &item->meaning;
  g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);
  gboolean counts_it = meaning->entity != NULL && meaning->metric != NULL && g_strcmp0(meaning->metric->entity, meaning->entity->name) == 0;
  if (meaning->metric != NULL && item->kind != ITEM_METRIC && !counts_it) g_ptr_array_add(list, g_strdup_printf("measure %s", meaning->metric->label));
  if (meaning->entity != NULL && item->kind != ITEM_ENTITY) g_ptr_array_add(list, g_strdup_printf("each %s", meaning->entity->name));
  if (meaning->field != NULL && item->kind != ITEM_FIELD && meaning->entity == NULL) g_ptr_array_add(list, g_strdup_printf("field %s", meaning->field->label));
  if (meaning->condition != NULL && item->kind != ITEM_CONDITION) g_ptr_array_add(list, g_strdup_printf("only %s", meaning->condition->label));
  for (guint i = 0; item->kind == ITEM_FIELD && meaning->fields != NULL && i < meaning->fields->len; i++) {
    const Field *field = g_ptr_array_index(meaning->fields, i);
    if (field != meaning->field) g_ptr_array_add(list, g_strdup_printf("%s of %s", field->label, field->dataset));
  }
  for (guint i = item->kind == ITEM_VALUE ? 1 : 0; item->hits != NULL && i < item->hits->len; i++) {
    const ValueHit *hit = g_ptr_array_index(item->hits, i);
    g_ptr_array_add(list, g_strdup_printf("%s: %s", hit->field->label, hit->value));
  }
  if (list->len == 0) return NULL;
  if (list->len > ALTERNATIVES_MAX) g_ptr_array_set_size(list, ALTERNATIVES_MAX);
  g_ptr_array_add(list, NULL);
  return (char **)g_ptr_array_free(g_steal_pointer(&list), FALSE);
}

static GPtrArray *describe_items(const Parse *parse) {
  GPtrArray *list = g_ptr_array_new_with_free_func(understood_free);
  for (guint i = 0; i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    const Token *first = token_at(parse->items->tokens, item->first);
    const Token *last = token_at(parse->items->tokens, item->first + item->count - 1);
    Understood *understood = g_new0(Understood, 1);
    understood->start = first->start;
    understood->length = last->start + last->length - first->start;
    understood->text = item_source(parse->items, item);
    understood->kind = g_strdup(kind_name(item));
    understood->meaning = g_strdup(item->described != NULL ? item->described : item->claimed_as != NULL ? item->claimed_as : "");
    understood->score = item->kind == ITEM_UNKNOWN ? 0 : first->corrected_from != NULL ? 0.7 : item->claimed ? 1 : 0.5;
    understood->alternatives = item_alternatives(item);
    g_ptr_array_add(list, understood);
  }
  return list;
}

static void note_corrections(Parse *parse) {
  for (guint i = 0; i < parse->items->tokens->len; i++) {
    const Token *token = token_at(parse->items->tokens, i);
    if (token->corrected_from != NULL) parse_assume(parse, "typo", "'%s' was read as '%s'", token->corrected_from, token->fold);
  }
}

/* Whoever is asked back gets at least two ready options: where the doubt itself offers none, the plainest measures. */
static void pad_options(const Parse *parse, AskResult *result) {
  if (result->options == NULL) result->options = g_ptr_array_new_with_free_func(ask_option_free);
  for (guint i = 0; i < parse->model->metrics->len && result->options->len < 2; i++) {
    const Metric *metric = g_ptr_array_index(parse->model->metrics, i);
    gboolean offered = FALSE;
    for (guint k = 0; k < result->options->len; k++)
      offered = offered || g_strcmp0(((const AskOption *)g_ptr_array_index(result->options, k))->label, metric->label) == 0;
    if (offered) continue;
    AskOption *option = g_new0(AskOption, 1);
    option->label = g_strdup(metric->label);
    option->query = semantic_query_new();
    g_ptr_array_add(option->query->measures, measure_new_metric(metric->name));
    g_ptr_array_add(result->options, option);
  }
}

static gboolean is_grouped_by(const Parse *parse, const char *entity_name) {
  const Dimension *dimension = parse->query->dimensions->len == 1 ? g_ptr_array_index(parse->query->dimensions, 0) : NULL;
  if (dimension == NULL || dimension->kind != DIMENSION_FIELD || entity_name == NULL) return FALSE;
  const Field *field = model_find_field(parse->model, dimension->field);
  const Entity *entity = model_find_entity(parse->model, entity_name);
  const Field *key = entity != NULL && entity->key != NULL ? model_find_field(parse->model, entity->key) : NULL;
  return field != NULL && key != NULL && strcmp(field->name, key->name) == 0 && g_strcmp0(field->entity, entity_name) == 0;
}

/* "the largest single order": grouped by order, the largest per order is that order's own. */
static void drop_single(Parse *parse) {
  for (guint i = 0; i < parse->query->measures->len; i++) {
    Measure *measure = g_ptr_array_index(parse->query->measures, i);
    gboolean of_one = measure->kind == MEASURE_PER && !measure->tested && (measure->aggregate == AGGREGATE_MAX || measure->aggregate == AGGREGATE_MIN) &&
                      measure->left != NULL && measure->filters->len == 0 && measure->time.kind == TIME_ALL;
    if (!of_one || !is_grouped_by(parse, measure->per_entity)) continue;
    parse->query->measures->pdata[i] = measure_copy(measure->left);
    measure_free(measure);
  }
}

static AskResult *finish(Parse *parse) {
  if (parse->verdict == NULL) drop_single(parse);
  note_corrections(parse);
  AskResult *result = parse->verdict != NULL ? g_steal_pointer(&parse->verdict) : g_new0(AskResult, 1);
  result->understood = describe_items(parse);
  result->assumptions = g_steal_pointer(&parse->assumptions);
  result->is_followup = parse->fragment;
  if (result->status == ASK_CLARIFY) pad_options(parse, result);
  if (result->status == ASK_UNDERSTOOD) result->query = g_steal_pointer(&parse->query);
  return result;
}

/* ---- answers to a question that was asked back ---- */
static AskResult *chosen(const AskOption *option, const char *question) {
  AskResult *result = g_new0(AskResult, 1);
  result->query = semantic_query_copy(option->query);
  result->understood = g_ptr_array_new_with_free_func(understood_free);
  Understood *understood = g_new0(Understood, 1);
  *understood = (Understood){.length = (int)strlen(question), .text = g_strdup(question), .kind = g_strdup("choice"),
                               .meaning = g_strdup(option->label), .score = 1};
  g_ptr_array_add(result->understood, understood);
  result->assumptions = g_ptr_array_new_with_free_func(g_free);
  result->is_followup = TRUE;
  return result;
}

static const AskOption *option_by_number(const GPtrArray *options, const Items *items) {
  if (items->tokens->len > 6) return NULL;
  for (guint i = 0; i < items->tokens->len; i++) {
    const Token *token = token_at(items->tokens, i);
    gboolean ordinal;
    int number = number_word(token, &ordinal);
    gboolean alone = ordinal || items->tokens->len == 1 || (i > 0 && (strcmp(token_at(items->tokens, i - 1)->fold, "option") == 0 ||
                                                                      strcmp(token_at(items->tokens, i - 1)->fold, "number") == 0));
    if (strcmp(token->fold, "last") == 0 && options->len > 0) return g_ptr_array_index(options, options->len - 1);
    if (number >= 1 && number <= (int)options->len && alone) return g_ptr_array_index(options, (guint)number - 1);
  }
  return NULL;
}

/* The one option whose label holds every content word of the reply. */
static const AskOption *option_by_words(const GPtrArray *options, const Items *items) {
  const AskOption *found = NULL;
  for (guint o = 0; o < options->len; o++) {
    const AskOption *option = g_ptr_array_index(options, o);
    g_autofree char *label = phrase_normalise(option->label);
    g_autofree char *stems = phrase_stem(label);
    g_autofree char *padded = g_strdup_printf(" %s ", stems);
    gboolean all = TRUE, any = FALSE;
    for (guint i = 0; i < items->tokens->len; i++) {
      const Token *token = token_at(items->tokens, i);
      if (g_hash_table_contains(items->lexicon->english->stop, token->fold) || strcmp(token->fold, "by") == 0) continue;
      g_autofree char *word = g_strdup_printf(" %s ", token->stem);
      if (strstr(padded, word) != NULL) any = TRUE;
      else all = FALSE;
    }
    if (!all || !any) continue;
    if (found != NULL) return NULL;
    found = option;
  }
  return found;
}

static AskResult *choose_option(const Lexicon *lexicon, const char *question, const AskContext *context) {
  if (context->previous_options == NULL || context->previous_options->len == 0) return NULL;
  g_autoptr(Items) items = items_build(lexicon, question);
  const AskOption *option = option_by_number(context->previous_options, items);
  if (option == NULL) option = option_by_words(context->previous_options, items);
  return option != NULL && option->query != NULL ? chosen(option, question) : NULL;
}

/* ---- the entry ---- */
static gboolean check_question(const char *question, GError **error) {
  gsize length = question != NULL ? strlen(question) : 0;
  if (length == 0 || strspn(question, " \t\r\n") == length) {
    g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "the question is empty; ask for example 'sales by month'");
    return FALSE;
  }
  if (length > ASK_MAX_BYTES) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_TOO_LARGE, "the question is longer than %d bytes; ask one thing at a time", ASK_MAX_BYTES);
    return FALSE;
  }
  if (!text_is_valid(question, length)) {
    g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "the question is not valid UTF-8 text");
    return FALSE;
  }
  return TRUE;
}

/* ---- two questions in one: "revenue by region and then orders by category" ---- */
static gboolean measures(const Item *item) {
  return item->kind == ITEM_METRIC || item->kind == ITEM_ROWS || (item->kind == ITEM_ENTITY && item->meaning.entity->is_event && item->plural);
}

/* Item of the "and" between a measure with its groups and another with its own; -1: it is one question. */
static int find_second_question(const Parse *parse) {
  gboolean measured = FALSE, grouped = FALSE;
  int and = -1, second = -1;
  for (guint i = 0; i < parse_n(parse); i++) {
    const Item *item = parse_item(parse, i);
    gboolean by = item_is_word(item, WORD_BY) && strcmp(token_at(parse->items->tokens, item->first)->fold, "by") == 0;
    if (second >= 0 && by && i == (guint)second + 1) return and;
    if (measured && by) grouped = TRUE;
    if (grouped && item_is_word(item, WORD_AND)) and = (int)i;
    if (measures(item) && and >= 0) second = (int)i;
    measured = measured || measures(item);
    if (item_is_word(item, WORD_RANK_HIGH) || item_is_word(item, WORD_RANK_LOW) || item_is_word(item, WORD_RANK_ALL)) return -1;
  }
  return -1;
}

/* Asks back which of the two is meant first; NULL where one of them alone is not understood. */
static AskResult *ask_which_first(const Parse *parse, int and) {
  const Token *joint = token_at(parse->items->tokens, parse_item(parse, (guint)and)->first);
  const char *question = parse->items->question, *rest = question + joint->start + joint->length;
  while (*rest == ' ' || g_ascii_strncasecmp(rest, "then ", 5) == 0) rest += *rest == ' ' ? 1 : 5;
  g_autofree char *first = g_strchomp(g_strndup(question, (gsize)joint->start));
  const char *const parts[2] = {first, rest};
  AskResult *result = g_new0(AskResult, 1);
  result->status = ASK_CLARIFY;
  result->clarify_question = g_strdup("This asks two things. Which one first?");
  result->options = g_ptr_array_new_with_free_func(ask_option_free);
  for (guint i = 0; i < 2; i++) {
    AskResult *part = ask_understand(parse->lexicon, parts[i], parse->context, NULL);
    if (part != NULL && part->status == ASK_UNDERSTOOD) {
      AskOption *option = g_new0(AskOption, 1);
      option->label = g_strdup(parts[i]);
      option->query = g_steal_pointer(&part->query);
      g_ptr_array_add(result->options, option);
    }
    ask_result_free(part);
  }
  if (result->options->len == 2) return result;
  ask_result_free(result);
  return NULL;
}

/* ---- a heading before the question: "repeat buyers in 2023: how many buyers bought more than once in 2023?" ---- */
/* The question after the colon, where it says again all that the heading names; NULL: it does not. */
static const char *question_under_heading(const Lexicon *lexicon, const char *question) {
  static const char *const STARTS[] = {"how many ", "how much ", "which ", "what ", "who ", "share of ", "number of ", "percentage of ", NULL};
  const char *colon = strchr(question, ':');
  if (colon == NULL || colon == question || colon[1] != ' ' || strchr(colon + 1, ':') != NULL) return NULL;
  const char *rest = colon + 1 + strspn(colon + 1, " ");
  gboolean asks = FALSE;
  for (const char *const *start = STARTS; *start != NULL; start++) asks = asks || g_ascii_strncasecmp(rest, *start, strlen(*start)) == 0;
  if (!asks) return NULL;
  g_autofree char *heading = g_strndup(question, (gsize)(colon - question)), *said = text_fold(rest);
  g_autoptr(Items) items = items_build(lexicon, heading);
  for (guint i = 0; i < items->items->len; i++) {
    const Item *item = item_at(items, i);
    if (item->kind == ITEM_STOP || item->kind == ITEM_WORD || item->kind == ITEM_UNKNOWN) continue;
    g_autofree char *source = item_source(items, item), *folded = text_fold(source);
    if (strstr(said, folded) == NULL) return NULL;
  }
  return rest;
}

static AskResult *ask_under_heading(const Lexicon *lexicon, const char *question, const AskContext *context) {
  const char *rest = question_under_heading(lexicon, question);
  AskResult *result = rest != NULL ? ask_understand(lexicon, rest, context, NULL) : NULL;
  if (result == NULL || result->status != ASK_UNDERSTOOD) {
    ask_result_free(result);
    return NULL;
  }
  for (guint i = 0; i < result->understood->len; i++) ((Understood *)g_ptr_array_index(result->understood, i))->start += (int)(rest - question);
  return result;
}

AskResult *ask_understand(const Lexicon *lexicon, const char *question, const AskContext *context, GError **error) {
  if (!check_question(question, error)) return NULL;
  AskResult *choice = choose_option(lexicon, question, context);
  if (choice == NULL) choice = ask_under_heading(lexicon, question, context);
  if (choice != NULL) return choice;
  Parse parse;
  parse_init(&parse, lexicon, question, context);
  if (parse.items->tokens->len == 0 || parse.items->tokens->len > ASK_MAX_TOKENS) {
    parse_refuse(&parse, "not_a_question", question, "This does not ask for anything the data can answer.");
  } else {
    int second = find_second_question(&parse);
    if (second > 0) parse.verdict = ask_which_first(&parse, second);
    parse.fragment = parse.verdict == NULL && followup_applies(&parse);
    if (parse.fragment) followup_drop_replaced(&parse);
    read_pieces(&parse);
    parse_decide(&parse);
    if (parse.fragment && parse.verdict == NULL) followup_merge(&parse);
  }
  AskResult *result = finish(&parse);
  parse_clear(&parse);
  return result;
}

/* ---- suggestions ---- */
static void suggest(GPtrArray *out, const char *head, const char *tail, guint limit) {
  if (out->len >= limit) return;
  g_autofree char *text = *head ? g_strdup_printf("%s %s", head, tail) : g_strdup(tail);
  for (guint i = 0; i < out->len; i++)
    if (strcmp(g_ptr_array_index(out, i), text) == 0) return;
  g_ptr_array_add(out, g_steal_pointer(&text));
}

static gboolean begins(const char *label, const char *prefix) {
  g_autofree char *phrase = phrase_normalise(label);
  return g_str_has_prefix(phrase, prefix);
}

static void suggest_whole(const Lexicon *lexicon, GPtrArray *out, guint limit) {
  const Model *model = lexicon->model;
  const Metric *metric = model->default_metric != NULL ? model_find_metric(model, model->default_metric) : NULL;
  if (metric == NULL) return;
  g_autofree char *monthly = g_strdup_printf("%s by month", metric->label);
  suggest(out, "", monthly, limit);
  for (guint d = 0; d < model->datasets->len; d++) {
    const Dataset *dataset = g_ptr_array_index(model->datasets, d);
    for (guint f = 0; f < dataset->fields->len; f++) {
      const Field *field = g_ptr_array_index(dataset->fields, f);
      if (field->role != FIELD_ROLE_DIMENSION || field->distinct_count < 2 || field->distinct_count > 200) continue;
      g_autofree char *text = g_strdup_printf("%s by %s", metric->label, field->label);
      suggest(out, "", text, limit);
    }
  }
}

GPtrArray *ask_suggest(const Lexicon *lexicon, const char *prefix, guint limit) {
  GPtrArray *out = g_ptr_array_new_with_free_func(g_free);
  const char *space = strrchr(prefix, ' ');
  g_autofree char *head = space != NULL ? g_strndup(prefix, (gsize)(space - prefix)) : g_strdup("");
  g_autofree char *last = phrase_normalise(space != NULL ? space + 1 : prefix);
  if (!*last) {
    if (!*head) suggest_whole(lexicon, out, limit);
    return out;
  }
  const Model *model = lexicon->model;
  for (guint i = 0; i < model->metrics->len; i++) {
    const Metric *metric = g_ptr_array_index(model->metrics, i);
    if (begins(metric->label, last)) suggest(out, head, metric->label, limit);
  }
  for (guint d = 0; d < model->datasets->len; d++) {
    const Dataset *dataset = g_ptr_array_index(model->datasets, d);
    for (guint f = 0; f < dataset->fields->len; f++) {
      const Field *field = g_ptr_array_index(dataset->fields, f);
      if (field->role == FIELD_ROLE_DIMENSION && begins(field->label, last)) suggest(out, head, field->label, limit);
      if (field->role != FIELD_ROLE_DIMENSION || strlen(last) < 2) continue;
      g_autoptr(GPtrArray) hits = value_index_of_field(lexicon->values, field, last, 5);
      for (guint h = 0; h < hits->len; h++) {
        const ValueHit *hit = g_ptr_array_index(hits, h);
        if (hit->match == VALUE_MATCH_PREFIX) suggest(out, head, hit->value, limit);
      }
    }
  }
  return out;
}
