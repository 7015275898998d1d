#include "ask/item_neighbours.h"

#include <string.h>

#define PARTICIPLE_VALUES 20 /* a column of more different values is not one of kinds of rows */

static void item_clear(gpointer pointer) {
  Item *item = pointer;
  g_clear_pointer(&item->hits, g_ptr_array_unref);
  g_free(item->described);
}

char *item_source(const Items *items, const Item *item) {
  return tokens_source(items->question, items->tokens, item->first, item->count);
}

const ValueHit *item_hit(const Item *item, const Field *field) {
  for (guint i = 0; item->hits != NULL && i < item->hits->len; i++) {
    const ValueHit *hit = g_ptr_array_index(item->hits, i);
    if (field == NULL || hit->field == field) return hit;
  }
  return NULL;
}

void item_keep_field(Item *item, const Field *field) {
  for (guint i = 0; item->hits != NULL && i < item->hits->len;) {
    const ValueHit *hit = g_ptr_array_index(item->hits, i);
    if (hit->field == field) i++;
    else g_ptr_array_remove_index(item->hits, i);
  }
}

/* ---- typos ---- */
static gboolean may_be_value_word(const Items *items, guint index) {
  const Token *token = token_at(items->tokens, index);
  g_autoptr(GPtrArray) hits = value_index_find(items->lexicon->values, token->text);
  return hits->len > 0;
}

static gboolean in_time(const Items *items, guint token) {
  for (guint i = 0; i < items->times->len; i++) {
    const TimeMention *time = &g_array_index(items->times, TimeMention, i);
    if (token >= time->first && token < time->first + time->count) return TRUE;
  }
  return FALSE;
}

static void correct_typos(Items *items) {
  for (guint i = 0; i < items->tokens->len; i++) {
    Token *token = token_at(items->tokens, i);
    if (token->is_number || token->quoted || strlen(token->fold) < 4) continue;
    if (lexicon_knows_word(items->lexicon, token->fold) || may_be_value_word(items, i)) continue;
    const char *known = lexicon_correct(items->lexicon, token->fold);
    if (known != NULL) token_correct(token, known);
  }
}

/* ---- cutting ---- */
static gboolean same_as_source(const Items *items, guint first, guint count) {
  for (guint i = first; i < first + count; i++)
    if (token_at(items->tokens, i)->corrected_from != NULL) return FALSE;
  return TRUE;
}

/* "written off" of what the data calls "Write-off": the verb's own form; NULL: it is none of these. */
static const char *verb_of_participle(const char *fold) {
  static const char *const FORMS[][2] = {{"written", "write"}, {"sent", "send"}, {"given", "give"}, {"taken", "take"}, {"thrown", "throw"},
                                         {"bought", "buy"}, {"sold", "sell"}, {"drawn", "draw"}, {"brought", "bring"}, {"broken", "break"}};
  for (guint i = 0; i < G_N_ELEMENTS(FORMS); i++)
    if (strcmp(fold, FORMS[i][0]) == 0) return FORMS[i][1];
  return NULL;
}

/* Values named by a verb of several words in another form than the data's; empty: none. */
static GPtrArray *find_values_of_verb(const Items *items, guint first, guint count) {
  const char *verb = count > 1 ? verb_of_participle(token_at(items->tokens, first)->fold) : NULL;
  if (verb == NULL) return g_ptr_array_new();
  g_autofree char *rest = tokens_fold_phrase(items->tokens, first + 1, count - 1), *phrase = g_strdup_printf("%s %s", verb, rest);
  return value_index_find(items->lexicon->values, phrase);
}

static GPtrArray *find_values(const Items *items, guint first, guint count) {
  g_autofree char *phrase = same_as_source(items, first, count) && count == 1
                                ? g_strdup(token_at(items->tokens, first)->text)
                                : tokens_fold_phrase(items->tokens, first, count);
  if (count > 1 && same_as_source(items, first, count)) {
    g_autofree char *source = tokens_source(items->question, items->tokens, first, count);
    GPtrArray *hits = value_index_find(items->lexicon->values, source);
    if (hits->len > 0) return hits;
    g_ptr_array_unref(hits);
  }
  GPtrArray *hits = value_index_find(items->lexicon->values, phrase);
  if (hits->len == 0 && count == 1 && g_str_has_suffix(phrase, "ern")) { /* "the western region" */
    phrase[strlen(phrase) - 3] = '\0';
    g_ptr_array_unref(hits);
    hits = value_index_find(items->lexicon->values, phrase);
  }
  if (hits->len > 0 || count == 1) return hits;
  g_ptr_array_unref(hits);
  return find_values_of_verb(items, first, count);
}

static gboolean has_comma_inside(const Items *items, guint first, guint count) {
  for (guint i = first + 1; i < first + count; i++)
    if (token_at(items->tokens, i)->comma_before) return TRUE;
  return FALSE;
}

/* "open" where the status says Open and the condition takes Pending along: what the data calls so. */
static gboolean is_one_of_condition(const Item *item) {
  const Condition *condition = item->meaning.condition;
  const ValueHit *hit = item_hit(item, NULL);
  if (condition == NULL || hit == NULL || hit->match > VALUE_MATCH_FOLDED || hit->field->role != FIELD_ROLE_DIMENSION ||
      strcmp(hit->field->dataset, condition->dataset) != 0)
    return FALSE;
  g_autofree char *named = text_fold(condition->name);
  if (strcmp(named, hit->folded) == 0) return FALSE;
  g_autofree char *expression = text_fold(condition->expression);
  gboolean others = FALSE, own = FALSE;
  g_auto(GStrv) parts = g_strsplit(expression, "'", -1);
  for (guint i = 1; parts[0] != NULL && i < g_strv_length(parts); i += 2) {
    if (strcmp(parts[i], hit->folded) == 0) own = TRUE;
    else others = TRUE;
  }
  return own && others;
}

static void set_kind(Item *item) {
  if (is_one_of_condition(item)) item->meaning.condition = NULL;
  const Meaning *meaning = &item->meaning;
  gboolean calendar = meaning->unit != TIME_UNIT_NONE || meaning->cyclic != CYCLIC_NONE;
  gboolean part_of_date = meaning->field != NULL && (meaning->field->role == FIELD_ROLE_TIME || meaning->field->role == FIELD_ROLE_DETAIL);
  if (calendar && (meaning->field == NULL || part_of_date)) { /* a column called "Month" is a month */
    item->kind = meaning->cyclic != CYCLIC_NONE ? ITEM_CYCLIC : ITEM_GRAIN;
    return;
  }
  const gboolean verb = item_is_word(item, WORD_BOUGHT) || item_is_word(item, WORD_SOLD) || item_is_word(item, WORD_SPENT);
  if (verb && item->is_inflected_verb && (meaning->metric == NULL || meaning->metric->entity != NULL)) { /* "ordered" is no order */
    item->meaning = (Meaning){0};
    item->kind = ITEM_WORD;
    return;
  }
  gboolean counts_rows = meaning->metric != NULL && meaning->metric->kind == METRIC_AGGREGATE && meaning->metric->aggregate == AGGREGATE_COUNT &&
                         meaning->metric->conditions[0] == NULL;
  gboolean column = item->count == 1 && meaning->field != NULL && meaning->field->role == FIELD_ROLE_DIMENSION && meaning->entity == NULL; /* "Line" */
  gboolean counts_other = column && meaning->metric != NULL && meaning->metric->entity != NULL; /* "Depot" beside the warehouses it is another word for */
  if ((counts_rows && column && meaning->rows != NULL && meaning->rows->is_fact) || counts_other) {
    item->kind = ITEM_FIELD;
    return;
  }
  if (meaning->rows != NULL && meaning->entity == NULL && counts_rows) {
    item->kind = ITEM_ROWS;
    return;
  }
  if (meaning->entity != NULL) item->kind = ITEM_ENTITY;
  else if (meaning->metric != NULL) item->kind = ITEM_METRIC;
  else if (meaning->rows != NULL) item->kind = ITEM_ROWS;
  else if (meaning->condition != NULL) item->kind = ITEM_CONDITION;
  else if (meaning->field != NULL) item->kind = ITEM_FIELD;
  else if (meaning->cyclic != CYCLIC_NONE) item->kind = ITEM_CYCLIC;
  else if (meaning->unit != TIME_UNIT_NONE) item->kind = ITEM_GRAIN;
  else if (item->hits != NULL) item->kind = ITEM_VALUE; /* unless it turns out weak */
  else if (!word_set_is_empty(item->words)) item->kind = ITEM_WORD;
  else item->kind = item->is_stop ? ITEM_STOP : ITEM_UNKNOWN;
}

/* "profit from tables", not "show a table of": a stop word that is also a few-valued dimension's value. */
static gboolean is_noun_use(const Items *items, const Item *item) {
  const ValueHit *hit = item_hit(item, NULL);
  const Token *token = token_at(items->tokens, item->first);
  if (strlen(token->fold) < 4 || hit->field->role != FIELD_ROLE_DIMENSION || hit->match > VALUE_MATCH_INFLECTED) return FALSE;
  const char *before = item->first > 0 ? token_at(items->tokens, item->first - 1)->fold : "";
  const char *after = item->first + 1 < items->tokens->len ? token_at(items->tokens, item->first + 1)->fold : "";
  gboolean article = strcmp(before, "a") == 0 || strcmp(before, "an") == 0 || strcmp(before, "as") == 0 || strcmp(before, "the") == 0;
  gboolean plural_value = hit->match != VALUE_MATCH_INFLECTED;
  if (hit->match == VALUE_MATCH_CODE) return TRUE; /* "the closed stores" */
  return !article && strcmp(after, "of") != 0 && strcmp(after, "me") != 0 && plural_value;
}

static gboolean is_only(WordSet words, WordClass word) {
  WordSet alone = {{0, 0}};
  word_set_add(&alone, word);
  return words.bits[0] == alone.bits[0] && words.bits[1] == alone.bits[1];
}

/* "drink sales": a value that is also a verb, right before what is measured. */
static gboolean is_consumed_noun(const Items *items, const Item *item, const char *next) {
  static const char *const SUBJECTS[] = {"we", "they", "i", "who", "customers", "people", "did", "to", "you", "guests", "members", NULL};
  const char *before = item->first > 0 ? token_at(items->tokens, item->first - 1)->fold : "";
  g_autofree char *stem = phrase_stem(next);
  const Meaning *meaning = lexicon_find(items->lexicon, stem);
  return is_only(item->words, WORD_BOUGHT) && item_hit(item, NULL)->match <= VALUE_MATCH_INFLECTED && !g_strv_contains(SUBJECTS, before) &&
         meaning != NULL && meaning->metric != NULL;
}

/* "units issued", where Issue is one of few kinds of movement: what was done to them says which rows are meant. */
static gboolean is_participle_value(const Items *items, const Item *item) {
  const ValueHit *hit = item_hit(item, NULL);
  if (!item->is_inflected_verb || !g_str_has_suffix(token_at(items->tokens, item->first)->fold, "ed") || hit->match > VALUE_MATCH_INFLECTED) return FALSE;
  gint64 distinct = value_index_distinct(items->lexicon->values, hit->field);
  gboolean few = distinct >= 2 && distinct <= PARTICIPLE_VALUES && hit->field->role == FIELD_ROLE_DIMENSION;
  return few && word_set_is_empty(item->words);
}

/* A short or common word is a value only where its field stands beside it. */
static gboolean is_weak_value(const Items *items, const Item *item) {
  if (item->count != 1) return FALSE;
  const Token *token = token_at(items->tokens, item->first);
  if (token->quoted) return FALSE;
  const ValueHit *hit = item_hit(item, NULL);
  gboolean all_shouted = TRUE; /* "sales in OR" */
  for (guint i = 0; i < items->tokens->len; i++) all_shouted = all_shouted && token_at(items->tokens, i)->is_shouted;
  if (hit->match == VALUE_MATCH_ABBREVIATION) return !token->is_shouted || all_shouted;
  if (hit->match == VALUE_MATCH_EXACT && token->is_shouted && strlen(token->fold) >= 2 && !token->is_number && !all_shouted) return FALSE;
  gboolean named = token->is_capital && item->first > 0 && hit->match <= VALUE_MATCH_FOLDED && strlen(token->fold) > 2 &&
                   word_set_is_empty(item->words);
  if (named) return FALSE; /* "profit on Tables": written as a name */
  static const char *const OF[] = {"of", "for", "in", "from", "category", NULL};
  const char *before = item->first > 0 ? token_at(items->tokens, item->first - 1)->fold : "";
  gboolean as_name = token->is_capital && hit->match == VALUE_MATCH_EXACT && !all_shouted && g_strv_contains(OF, before) && strlen(token->fold) > 2;
  if (as_name) return FALSE; /* "sales of Other", where there is such a category */
  gboolean stop = g_hash_table_contains(items->lexicon->english->stop, token->fold);
  gboolean window = is_only(item->words, WORD_CUMULATIVE) && hit->match <= VALUE_MATCH_FOLDED; /* "running shoes", where Running is a sport */
  const char *next = item->first + 1 < items->tokens->len ? token_at(items->tokens, item->first + 1)->fold : "";
  for (guint t = item->first + 1; window && t < items->tokens->len && t < item->first + 4; t++) { /* "running orders total" */
    const char *fold = token_at(items->tokens, t)->fold;
    window = strcmp(fold, "total") != 0 && strcmp(fold, "sum") != 0 && strcmp(fold, "totals") != 0;
  }
  if (window) return FALSE;
  gboolean function_word = !word_set_is_empty(item->words) && !is_only(item->words, WORD_NOUN);
  if (function_word && is_consumed_noun(items, item, next)) return FALSE;
  if (stop && is_participle_value(items, item)) return FALSE;
  if (function_word || (stop && !is_noun_use(items, item))) return TRUE;
  if (stop) return FALSE;
  gboolean as_written = token->is_capital && hit->match == VALUE_MATCH_EXACT && !all_shouted; /* "Rx versus OTC" */
  return strlen(token->fold) <= 2 && !as_written && !(token->is_shouted && strlen(token->fold) == 2);
}

/* "orders per customer | type": a longer name begins with this phrase's last word, and what is before it means something too. */
static gboolean is_crossed(const Items *items, guint first, guint count) {
  guint last = first + count - 1;
  if (last + 1 >= items->tokens->len) return FALSE;
  g_autofree char *head = tokens_stem_phrase(items->tokens, first, 1);
  gboolean means = lexicon_find(items->lexicon, head) != NULL;
  for (guint words = 2; words <= 3 && last + words <= items->tokens->len; words++) {
    if (has_comma_inside(items, last, words)) return FALSE;
    g_autofree char *phrase = tokens_stem_phrase(items->tokens, last, words);
    const Meaning *meaning = lexicon_find(items->lexicon, phrase);
    if (meaning == NULL) continue;
    if (meaning->rows != NULL && meaning->entity == NULL) return TRUE; /* "average sales per | order line" */
    if (means && (meaning->field != NULL || meaning->entity != NULL)) return TRUE;
  }
  return FALSE;
}

/* "did we make", "state the sales": a verb that is also a column's name. */
static gboolean is_verb_use(const Items *items, guint first, WordSet words) {
  static const char *const SUBJECTS[] = {"we", "they", "us", "i", "customers", "did", "to", "you", NULL};
  gboolean verb = word_set_has(words, WORD_EARNED) || word_set_has(words, WORD_SOLD) || word_set_has(words, WORD_BOUGHT) || word_set_has(words, WORD_SPENT);
  return verb && first > 0 && g_strv_contains(SUBJECTS, token_at(items->tokens, first - 1)->fold);
}

/* "average sales per day": not the model's "average sale", which is per order. */
static gboolean is_average_per(const Items *items, guint first, guint count) {
  static const char *const AVERAGES[] = {"average", "avg", "mean", NULL};
  guint after = first + count;
  if (count < 2 || !g_strv_contains(AVERAGES, token_at(items->tokens, first)->fold) || after + 1 >= items->tokens->len) return FALSE;
  if (strcmp(token_at(items->tokens, after)->fold, "per") != 0) return FALSE;
  g_autofree char *rest = tokens_stem_phrase(items->tokens, first + 1, count - 1);
  const Meaning *total = lexicon_find(items->lexicon, rest);
  g_autofree char *noun = tokens_stem_phrase(items->tokens, after + 1, 1);
  const Meaning *per = lexicon_find(items->lexicon, noun);
  g_autofree char *row_noun = tokens_stem_phrase(items->tokens, after + 1, 2);
  const Meaning *rows = after + 2 < items->tokens->len ? lexicon_find(items->lexicon, row_noun) : NULL;
  gboolean per_row = rows != NULL && rows->rows != NULL && rows->entity == NULL; /* "average sales per order line" */
  gboolean other = per_row || (per != NULL && (per->unit != TIME_UNIT_NONE || (per->entity != NULL && !per->entity->is_event)));
  return other && total != NULL && total->metric != NULL;
}

/* "visits per order by channel": a noun, not the command "order by". */
static gboolean is_per_order(const Items *items, guint first, guint count) {
  static const char *const PER[] = {"per", "each", "every", "an", "average", "single", NULL};
  return count > 1 && first > 0 && strcmp(token_at(items->tokens, first)->fold, "order") == 0 &&
         g_strv_contains(PER, token_at(items->tokens, first - 1)->fold);
}

/* "items ordered by department": what was bought, in groups; no list of items in some order. */
static gboolean is_ordered_goods(const Items *items, guint first, guint count) {
  if (count != 2 || first == 0 || first + 2 >= items->tokens->len || strcmp(token_at(items->tokens, first)->fold, "ordered") != 0) return FALSE;
  g_autofree char *goods = tokens_stem_phrase(items->tokens, first - 1, 1), *group = tokens_stem_phrase(items->tokens, first + 2, 1);
  const Meaning *noun = lexicon_find(items->lexicon, goods), *by = lexicon_find(items->lexicon, group);
  const gboolean counted = noun != NULL && (noun->metric != NULL || (noun->entity != NULL && !noun->entity->is_event));
  return counted && by != NULL && by->metric == NULL && (by->field != NULL || by->entity != NULL || by->unit != TIME_UNIT_NONE);
}

/* "different items sold": the different items, not the pieces. */
static gboolean is_distinct_noun(const Items *items, guint first, guint count) {
  static const char *const DISTINCT[] = {"different", "distinct", "unique", NULL};
  if (count < 2 || first == 0 || !g_strv_contains(DISTINCT, token_at(items->tokens, first - 1)->fold)) return FALSE;
  g_autofree char *noun = tokens_stem_phrase(items->tokens, first, count - 1);
  const Meaning *meaning = lexicon_find(items->lexicon, noun);
  return meaning != NULL && meaning->entity != NULL && !meaning->entity->is_event;
}

/* "take rate", "did they ship more": a verb that shares its stem with what is called takings, rating, shipping. */
static gboolean is_bare_verb(const Items *items, guint first, const Meaning *meaning, const char *fold) {
  static const char *const SUBJECTS[] = {"we", "they", "i", "who", "customers", "people", "did", "to", "you", "guests", "members", "do", NULL}; /* "what did we take" */
  static const char *const VERBS[] = {"take", "takes", "rate", "rates", "ship", "ships", NULL};
  if (meaning->metric == NULL || meaning->entity != NULL || !g_strv_contains(VERBS, fold)) return FALSE;
  if (first > 0 && g_strv_contains(SUBJECTS, token_at(items->tokens, first - 1)->fold)) return FALSE;
  g_autofree char *label = phrase_normalise(meaning->metric->label);
  return strcmp(label, fold) != 0 && strcmp(meaning->metric->name, fold) != 0 && !g_strv_contains((const char *const *)meaning->metric->synonyms, fold);
}

/* "best seller", where sellers are people in the data: the best of them. */
static gboolean names_ranked_noun(const Items *items, guint last) {
  if (strcmp(token_at(items->tokens, last)->singular, "seller") != 0) return FALSE;
  g_autofree char *noun = tokens_stem_phrase(items->tokens, last, 1);
  const Meaning *meaning = lexicon_find(items->lexicon, noun);
  return meaning != NULL && (meaning->entity != NULL || meaning->field != NULL);
}

/* "sales in the previous year": the only period of the question, and nothing that it is held against. */
static gboolean is_period_before(const Items *items, guint first, guint count) {
  static const char *const INTO[] = {"in", "for", "during", "of", NULL}, *const POINT[] = {"that", "those", "one", NULL};
  if (count != 3 || items->times->len != 1 || first == 0 || !in_time(items, first + 1) || in_time(items, first)) return FALSE;
  if (!g_strv_contains(INTO, token_at(items->tokens, first - 1)->fold)) return FALSE;
  return first < 2 || !g_strv_contains(POINT, token_at(items->tokens, first - 2)->fold);
}

static Item read_item(const Items *items, guint first) {
  const Lexicon *lexicon = items->lexicon;
  guint longest_value = value_index_longest_from(lexicon->values, token_at(items->tokens, first)->stem);
  const char *verb = verb_of_participle(token_at(items->tokens, first)->fold);
  g_autofree char *verb_stem = verb != NULL ? text_stem(verb) : NULL;
  if (verb != NULL) longest_value = MAX(longest_value, value_index_longest_from(lexicon->values, verb_stem));
  guint longest = MAX(MAX(lexicon->longest, lexicon->english->longest), longest_value);
  longest = MIN(longest, items->tokens->len - first);
  for (guint count = longest; count >= 1; count--) {
    gboolean into_time = count > 1 && in_time(items, first + count - 1) && !in_time(items, first);
    g_autofree char *stems = tokens_stem_phrase(items->tokens, first, count);
    g_autofree char *fold = tokens_fold_phrase(items->tokens, first, count);
    gboolean split = count > 1 && has_comma_inside(items, first, count);
    const Meaning *meaning = split || into_time ? NULL : lexicon_find(lexicon, stems);
    const WordSet *words = split ? NULL : g_hash_table_lookup(lexicon->english->phrases, fold);
    gboolean command = count > 1 && meaning != NULL && meaning->metric != NULL && meaning->metric->aggregate == AGGREGATE_COUNT &&
                       strcmp(token_at(items->tokens, first)->fold, "list") == 0; /* not the "listed customers" */
    if (command) meaning = NULL;
    if (words != NULL && word_set_has(*words, WORD_RANK_ALL) && is_per_order(items, first, count)) words = NULL;
    if (words != NULL && word_set_has(*words, WORD_SAME_PERIOD_YEAR_EARLIER) && is_period_before(items, first, count)) continue;
    if (words != NULL && is_ordered_goods(items, first, count)) words = NULL;
    if (meaning != NULL && count == 1 && is_bare_verb(items, first, meaning, fold)) meaning = NULL;
    if (words != NULL && count > 1 && names_ranked_noun(items, first + count - 1)) words = NULL;
    if (words != NULL && word_set_has(*words, WORD_JUDGE)) meaning = NULL; /* "is it good?" asks about no goods */
    if (words != NULL && meaning != NULL && meaning->entity == NULL && meaning->metric == NULL && is_verb_use(items, first, *words)) meaning = NULL;
    if (meaning != NULL && meaning->metric != NULL && meaning->entity == NULL && is_distinct_noun(items, first, count)) continue;
    if (meaning != NULL && meaning->metric != NULL && meaning->metric->kind == METRIC_RATIO && is_average_per(items, first, count)) continue;
    g_autoptr(GPtrArray) hits = into_time || (count > 1 && count > longest_value) ? g_ptr_array_new() : find_values(items, first, count);
    gboolean stop = count == 1 && g_hash_table_contains(lexicon->english->stop, fold);
    if (meaning == NULL && words == NULL && hits->len == 0 && !stop && count > 1) continue;
    if (count > 1 && hits->len == 0 && is_crossed(items, first, count)) continue;
    Item item = {.first = first, .count = count, .is_stop = stop};
    if (meaning != NULL) item.meaning = *meaning;
    if (words != NULL) item.words = *words;
    const gboolean only_noun = words != NULL && is_only(*words, WORD_NOUN); /* names a kind of measure; no function word */
    if (hits->len > 0) item.hits = g_ptr_array_ref(hits);
    if (item.meaning.unit != TIME_UNIT_NONE) /* "month" and "monthly" share a stem */
      item.meaning.unit_adverb = g_str_has_suffix(fold, "ly") || strcmp(fold, "annual") == 0 || strcmp(fold, "per annum") == 0;
    item.is_inflected_verb = count == 1 && (g_str_has_suffix(fold, "ed") || g_str_has_suffix(fold, "ing"));
    set_kind(&item);
    if (only_noun && item.kind == ITEM_WORD) item.kind = ITEM_UNKNOWN;
    const Token *last = token_at(items->tokens, first + count - 1);
    item.plural = strcmp(last->singular, last->fold) != 0;
    item.comma_before = token_at(items->tokens, first)->comma_before;
    return item;
  }
  g_assert_not_reached();
}

static void read_number(const Items *items, Item *item) {
  const Token *token = token_at(items->tokens, item->first);
  gboolean ordinal = FALSE;
  int number = item->count == 1 ? number_word(token, &ordinal) : 0;
  if (number == 0 && !(item->count == 1 && token->number_ok)) return;
  if (item->kind == ITEM_METRIC || item->kind == ITEM_ENTITY || item->kind == ITEM_FIELD) return;
  gboolean first_or_one = strcmp(token->fold, "first") == 0 || strcmp(token->fold, "one") == 0;
  if (first_or_one) return;
  item->number = token->number_ok ? token->number : number;
  item->ordinal = ordinal;
  item->money = token->is_money;
  item->percent = token->is_percent;
  item->kind = ITEM_NUMBER;
  item->is_stop = FALSE;
}

/* "more than one invoice": one is a number here. */
static void number_after_comparator(Items *items) {
  for (guint i = 1; i < items->items->len; i++) {
    Item *item = item_at(items, i);
    gboolean one = item->count == 1 && strcmp(token_at(items->tokens, item->first)->fold, "one") == 0;
    if (!one || !item_is_comparator(item_at(items, i - 1))) continue;
    item->kind = ITEM_NUMBER;
    item->number = 1;
    item->is_stop = FALSE;
    item->words = (WordSet){{0, 0}};
  }
}

/* "how much discount": a measure is asked for, even where some product is called so. */
static void refuse_measured_values(Items *items) {
  for (guint i = 0; i + 1 < items->items->len; i++) {
    Item *value = item_at(items, i + 1);
    if (!item_is_word(item_at(items, i), WORD_HOW_MUCH) || value->kind != ITEM_VALUE || value->count != 1) continue;
    gboolean measure = item_is_word(value, WORD_NOUN);
    if (token_at(items->tokens, value->first)->is_capital || (!measure && item_hit(value, NULL)->field->role == FIELD_ROLE_DIMENSION)) continue;
    value->kind = ITEM_UNKNOWN;
    g_clear_pointer(&value->hits, g_ptr_array_unref);
  }
}

/* "total gross income" where a column is called Total: the sum of what follows. */
static void total_is_a_word(Items *items) {
  for (guint i = 0; i + 1 < items->items->len; i++) {
    Item *total = item_at(items, i);
    const Item *next = item_at(items, i + 1);
    if (total->kind != ITEM_METRIC || total->count != 1 || !item_is_word(total, WORD_SUM) || next->kind != ITEM_METRIC || next->comma_before) continue;
    total->kind = ITEM_WORD;
    total->meaning = (Meaning){0};
  }
}

/* "under 2000" beside a period, or where the data knows no such year, is an amount. */
static gboolean is_amount(const Items *items, const TimeMention *time) {
  static const char *const COMPARATORS[] = {"than", "under", "over", "above", "below", "least", "most", "exceeding", "exceed", "exceeded", NULL};
  if (time->kind != TIME_MENTION_POINT || time->count != 1 || time->from.unit != TIME_UNIT_YEAR || time->first == 0) return FALSE;
  if (!g_strv_contains(COMPARATORS, token_at(items->tokens, time->first - 1)->fold)) return FALSE;
  const Field *date = lexicon_default_date(items->lexicon);
  int year = time->from.year;
  gboolean known = date != NULL && date->minimum != NULL && date->maximum != NULL && year >= text_leading_number(date->minimum) &&
                   year <= text_leading_number(date->maximum);
  return !known;
}

static void drop_amounts(Items *items) {
  for (guint i = items->times->len; i-- > 0;)
    if (is_amount(items, &g_array_index(items->times, TimeMention, i))) g_array_remove_index(items->times, i);
}

static const TimeMention *time_starting_at(const Items *items, guint token) {
  for (guint i = 0; i < items->times->len; i++) {
    const TimeMention *time = &g_array_index(items->times, TimeMention, i);
    if (time->first == token) return time;
  }
  return NULL;
}

/* A phrase of the lexicon or a value that starts here and is longer than the time mention wins over it. */
static gboolean longer_than_time(const Items *items, const TimeMention *time) {
  Item item = read_item(items, time->first);
  gboolean longer = item.count > time->count && item.kind != ITEM_STOP;
  gboolean word_only = item.kind == ITEM_WORD && item.count > time->count;
  item_clear(&item);
  return longer || word_only;
}

/* "the same | month a year earlier": an article must not break the longer phrase after it. */
static gboolean hides_longer(const Items *items, const Item *item) {
  if (item->count < 2 || item->first + 2 >= items->tokens->len || strcmp(token_at(items->tokens, item->first)->fold, "the") != 0) return FALSE;
  const TimeMention *time = time_starting_at(items, item->first + 1); /* "the | year before last" */
  if (time != NULL && time->count + 1 > item->count) return TRUE;
  Item next = read_item(items, item->first + 1);
  gboolean longer = next.count + 1 > item->count && next.kind != ITEM_STOP && next.kind != ITEM_UNKNOWN;
  item_clear(&next);
  return longer;
}

static Item single_stop(const Items *items, guint first, Item *replaced) {
  item_clear(replaced);
  return (Item){.kind = ITEM_STOP, .first = first, .count = 1, .is_stop = TRUE, .comma_before = token_at(items->tokens, first)->comma_before};
}

static void cut(Items *items) {
  for (guint i = 0; i < items->tokens->len;) {
    const TimeMention *time = time_starting_at(items, i);
    Item item;
    if (time != NULL && !longer_than_time(items, time)) {
      item = (Item){.kind = ITEM_TIME, .first = i, .count = time->count, .time = time,
                    .comma_before = token_at(items->tokens, i)->comma_before};
    } else {
      item = read_item(items, i);
      if (hides_longer(items, &item)) item = single_stop(items, i, &item);
      read_number(items, &item);
      gboolean imperative = i == 0 && item.kind == ITEM_FIELD && !item.plural && items->tokens->len > 2 &&
                            (strcmp(token_at(items->tokens, 1)->fold, "the") == 0 || strcmp(token_at(items->tokens, 1)->fold, "me") == 0);
      if (imperative) { /* "State the total sales" */
        item.kind = ITEM_STOP;
        item.is_stop = TRUE;
        item.meaning = (Meaning){0};
      }
      if (item.kind == ITEM_VALUE && is_weak_value(items, &item)) {
        item.kind = !word_set_is_empty(item.words) && !is_only(item.words, WORD_NOUN) ? ITEM_WORD : item.is_stop ? ITEM_STOP : ITEM_UNKNOWN;
      }
    }
    g_array_append_val(items->items, item);
    i += item.count;
  }
}

Items *items_build(const Lexicon *lexicon, const char *question) {
  Items *items = g_new0(Items, 1);
  items->lexicon = lexicon;
  items->question = question;
  items->tokens = tokens_parse(question);
  items->times = time_mentions_find(items->tokens, &lexicon->model->calendar);
  correct_typos(items);
  g_array_unref(items->times);
  items->times = time_mentions_find(items->tokens, &lexicon->model->calendar);
  drop_amounts(items);
  items->items = g_array_new(FALSE, TRUE, sizeof(Item));
  g_array_set_clear_func(items->items, item_clear);
  cut(items);
  refuse_measured_values(items);
  total_is_a_word(items);
  number_after_comparator(items);
  items_join_neighbours(items);
  return items;
}

void items_free(Items *items) {
  if (items == NULL) return;
  g_array_unref(items->items);
  g_array_unref(items->times);
  g_array_unref(items->tokens);
  g_free(items);
}
