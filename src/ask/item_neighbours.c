/* What the items around an item say of it: "branch A", "West region", "paid vs unpaid", "at the end of August". */
#include <string.h>

#include "ask/item_neighbours.h"

/* "at the end of August" beside a column "Ends": where in the period, not the column. */
static void ends_of_periods(Items *items) {
  static const char *const ENDS[] = {"end", "start", "beginning", "close", NULL};
  for (guint i = 0; i + 2 < items->items->len; i++) {
    Item *item = item_at(items, i);
    gboolean of_time = strcmp(token_at(items->tokens, item_at(items, i + 1)->first)->fold, "of") == 0 && item_at(items, i + 2)->kind == ITEM_TIME;
    if (item->kind != ITEM_FIELD || item->count != 1 || !of_time || !g_strv_contains(ENDS, token_at(items->tokens, item->first)->fold)) continue;
    item->kind = ITEM_STOP;
    item->is_stop = TRUE;
    item->meaning = (Meaning){0};
  }
}

/* ---- neighbours: "branch A", "stock code 123A", "customer 17850", "West region", "Retail segment" ---- */
static gboolean field_fits(const Items *items, const Item *noun, const ValueHit *hit) {
  if (noun->meaning.field == hit->field) return TRUE;
  for (guint i = 0; noun->meaning.fields != NULL && i < noun->meaning.fields->len; i++)
    if (g_ptr_array_index(noun->meaning.fields, i) == hit->field) return TRUE;
  if (noun->meaning.entity != NULL && hit->field->entity != NULL &&
      strcmp(hit->field->entity, noun->meaning.entity->name) == 0)
    return TRUE;
  (void)items;
  return FALSE;
}

/* "the gold tier" of a column "Loyalty tier", where "tier" alone is another column's name. */
static gboolean ends_with_noun(const Items *items, const Item *noun, const ValueHit *hit) {
  if (noun->kind != ITEM_FIELD || hit->match > VALUE_MATCH_FOLDED || hit->field->role != FIELD_ROLE_DIMENSION) return FALSE;
  g_autofree char *words = tokens_fold_phrase(items->tokens, noun->first, noun->count), *ending = g_strconcat(" ", words, NULL);
  g_autofree char *label = phrase_normalise(hit->field->label);
  return g_str_has_suffix(label, ending);
}

static const ValueHit *fitting_hit(const Items *items, const Item *noun, const Item *value) {
  for (guint i = 0; value->hits != NULL && i < value->hits->len; i++) {
    const ValueHit *hit = g_ptr_array_index(value->hits, i);
    if (field_fits(items, noun, hit)) return hit;
  }
  return NULL;
}

/* That of the word before its noun. */
static const ValueHit *fitting_hit_before(const Items *items, const Item *noun, const Item *value) {
  const ValueHit *fitting = fitting_hit(items, noun, value);
  for (guint i = 0; fitting == NULL && value->hits != NULL && i < value->hits->len; i++)
    if (ends_with_noun(items, noun, g_ptr_array_index(value->hits, i))) fitting = g_ptr_array_index(value->hits, i);
  return fitting;
}

static gboolean is_noun(const Item *item) {
  return item->meaning.field != NULL || item->meaning.entity != NULL;
}

static gboolean is_and_or(const Item *item) {
  return item_is_word(item, WORD_AND) || item_is_word(item, WORD_OR) || (item->kind == ITEM_WORD && item_is_word(item, WORD_COMPARE));
}

/* Where several tables have a column of the noun's name, which one is meant is decided by what is measured. */
static void keep_fitting(const Items *items, const Item *noun, Item *value) {
  gboolean whole = fitting_hit(items, noun, value) != NULL;
  for (guint i = 0; value->hits != NULL && i < value->hits->len;) {
    const ValueHit *hit = g_ptr_array_index(value->hits, i);
    if (whole ? field_fits(items, noun, hit) : ends_with_noun(items, noun, hit)) i++;
    else g_ptr_array_remove_index(value->hits, i);
  }
}

/* `field` NULL: whichever of the values it may be. */
static void become_value(Item *value, const Field *field) {
  if (field != NULL) item_keep_field(value, field);
  value->kind = ITEM_VALUE;
  value->is_stop = FALSE;
  value->words = (WordSet){{0, 0}};
  value->meaning = (Meaning){0};
}

/* How coarse a place a phrase names: 1 a town ... 5 a country; 0: no place. */
static int place_level(const char *phrase) {
  static const struct { const char *word; int level; } PLACES[] = {{"city", 1}, {"town", 1}, {"county", 2}, {"district", 2}, {"state", 3},
      {"province", 3}, {"region", 4}, {"country", 5}};
  g_auto(GStrv) words = g_strsplit(phrase, " ", -1);
  for (guint i = 0; i < G_N_ELEMENTS(PLACES); i++)
    if (g_strv_contains((const char *const *)words, PLACES[i].word)) return PLACES[i].level;
  return 0;
}

/* A value said to be of a coarser level than any it is known on. */
static gboolean contradicts(const Items *items, const Item *value, const Item *noun) {
  if (value->kind != ITEM_VALUE || noun->kind != ITEM_FIELD || noun->plural || noun->comma_before || noun->meaning.field == NULL) return FALSE;
  const Model *model = items->lexicon->model;
  gboolean finer = FALSE;
  for (guint i = 0; value->hits != NULL && i < value->hits->len; i++) {
    const ValueHit *hit = g_ptr_array_index(value->hits, i);
    if (field_fits(items, noun, hit)) return FALSE;
    g_autofree char *field_words = phrase_normalise(hit->field->label), *noun_words = tokens_fold_phrase(items->tokens, noun->first, noun->count);
    int of_value = place_level(field_words);
    if (of_value > 0 && place_level(noun_words) > of_value) finer = TRUE;
    for (guint h = 0; h < model->hierarchies->len; h++) {
      const Hierarchy *hierarchy = g_ptr_array_index(model->hierarchies, h);
      gboolean below = FALSE;
      for (char **level = hierarchy->levels; *level && strcmp(hierarchy->dataset, hit->field->dataset) == 0; level++) {
        if (below && strcmp(*level, hit->field->name) == 0) finer = TRUE;
        below = below || strcmp(*level, noun->meaning.field->name) == 0;
      }
    }
  }
  return finer;
}

/* "store type a": a letter that is a value as written, right after its field. */
static gboolean is_letter_of(const Items *items, guint noun_at, guint value_at, const ValueHit *hit) {
  const Item *value = item_at(items, value_at), *next = value_at + 1 < items->items->len ? item_at(items, value_at + 1) : NULL;
  const gboolean ends = next == NULL || (next->kind == ITEM_ENTITY && next->plural); /* "type a stores" of A, B and C */
  const Item *noun = item_at(items, noun_at), *before = noun_at > 0 ? item_at(items, noun_at - 1) : NULL;
  const gboolean grouped = before != NULL && (item_is_word(before, WORD_BY) || item_is_word(before, WORD_EACH));
  return hit != NULL && noun->kind == ITEM_FIELD && !grouped && value->count == 1 && strlen(token_at(items->tokens, value->first)->fold) == 1 &&
         (hit->match == VALUE_MATCH_EXACT || (ends && hit->match == VALUE_MATCH_FOLDED));
}

/* "the produce department": after an article even a verb is a name, where the noun's own column has it. */
static gboolean is_named_use(const Items *items, guint index) {
  static const char *const BEFORE[] = {"the", "in", "of", "for", "from", NULL};
  const Item *item = item_at(items, index);
  const char *before = item->first > 0 ? token_at(items->tokens, item->first - 1)->fold : "";
  const ValueHit *hit = item->kind == ITEM_WORD && item->count == 1 ? item_hit(item, NULL) : NULL;
  return hit != NULL && hit->match <= VALUE_MATCH_FOLDED && g_strv_contains(BEFORE, before);
}

static void join_neighbours(Items *items) {
  for (guint i = 0; i < items->items->len; i++) {
    Item *noun = item_at(items, i);
    if (!is_noun(noun)) continue;
    if (i > 0 && contradicts(items, item_at(items, i - 1), noun)) { /* "Ontario province", where Ontario is a city */
      g_clear_pointer(&item_at(items, i - 1)->hits, g_ptr_array_unref);
      item_at(items, i - 1)->kind = ITEM_UNKNOWN;
      continue;
    }
    for (guint k = i + 1; k < items->items->len; k++) { /* "branch A", "branches A and B" */
      Item *value = item_at(items, k);
      const ValueHit *hit = value->kind == ITEM_TIME ? NULL : fitting_hit(items, noun, value);
      gboolean lower_stop = value->is_stop && !token_at(items->tokens, value->first)->is_capital && !is_letter_of(items, i, k, hit);
      if (hit != NULL && !lower_stop && value->kind != ITEM_METRIC && value->kind != ITEM_FIELD) {
        keep_fitting(items, noun, value);
        become_value(value, NULL);
        if (!noun->claimed && !noun->plural && noun->meaning.field == hit->field) {
          noun->claimed = TRUE;
          noun->claimed_as = "names the field";
        } else if (!noun->claimed && noun->kind == ITEM_ENTITY && !noun->plural) {
          noun->claimed = TRUE;
          noun->claimed_as = "names the field";
        }
      } else if (!is_and_or(value) && !(value->kind == ITEM_WORD && item_is_word(value, WORD_NOT) && k == i + 1)) {
        break;
      }
    }
    if (i == 0) continue;
    Item *before = item_at(items, i - 1); /* "West region" */
    const ValueHit *hit = before->kind == ITEM_VALUE || before->kind == ITEM_UNKNOWN || is_named_use(items, i - 1) ? fitting_hit_before(items, noun, before) : NULL;
    const gboolean of_thing = noun->kind == ITEM_ENTITY && !noun->plural && !noun->meaning.entity->is_event && before->kind == ITEM_WORD;
    if (hit != NULL && (noun->kind == ITEM_FIELD || of_thing) && hit->field->role == FIELD_ROLE_DIMENSION) {
      keep_fitting(items, noun, before);
      become_value(before, NULL);
      noun->claimed = TRUE;
      noun->claimed_as = "names the field";
      for (guint k = i - 1; k >= 2; k -= 2) { /* "West and East regions" */
        Item *earlier = item_at(items, k - 2);
        if (!is_and_or(item_at(items, k - 1)) || earlier->kind != ITEM_VALUE || item_hit(earlier, hit->field) == NULL) break;
        keep_fitting(items, noun, earlier);
      }
    }
  }
}

/* "normal customers" where the values belong to "Client kind": the word is part of the field's name. */
static void join_label_words(Items *items) {
  for (guint i = 0; i < items->items->len; i++) {
    Item *word = item_at(items, i);
    if (word->kind != ITEM_UNKNOWN || word->count != 1) continue;
    const Item *around[2] = {i > 0 ? item_at(items, i - 1) : NULL, i + 1 < items->items->len ? item_at(items, i + 1) : NULL};
    for (guint side = 0; side < 2 && !word->claimed; side++) {
      const ValueHit *hit = around[side] != NULL && around[side]->kind == ITEM_VALUE ? item_hit(around[side], NULL) : NULL;
      if (hit == NULL) continue;
      g_autofree char *phrase = phrase_normalise(hit->field->label);
      g_autofree char *stems = phrase_stem(phrase);
      g_auto(GStrv) words = g_strsplit(stems, " ", -1);
      if (!g_strv_contains((const char *const *)words, token_at(items->tokens, word->first)->stem)) continue;
      word->claimed = TRUE;
      word->claimed_as = "names the field";
    }
  }
}

/* "returning members", where Member Type is New or Returning: the noun says which column's word it is. */
static void adopt_described(Items *items) {
  for (guint i = 0; i + 1 < items->items->len; i++) {
    Item *word = item_at(items, i);
    const Item *noun = item_at(items, i + 1);
    if (word->kind != ITEM_WORD || word->hits == NULL || word->hits->len == 0 || noun->kind != ITEM_UNKNOWN || noun->count != 1 || noun->comma_before) continue;
    const ValueHit *hit = item_hit(word, NULL);
    g_autofree char *phrase = phrase_normalise(hit->field->label), *stems = phrase_stem(phrase);
    g_auto(GStrv) words = g_strsplit(stems, " ", -1);
    if (g_strv_contains((const char *const *)words, token_at(items->tokens, noun->first)->stem)) become_value(word, hit->field);
  }
}

/* A number that is a value of the field another value of the question belongs to: "123A but never 22423". */
static void adopt_numbers(Items *items) {
  const Field *field = NULL;
  for (guint i = items->items->len; i-- > 0;) { /* "22423 and also 85123A": the first value's field serves those before it too */
    const Item *item = item_at(items, i);
    if (item->kind == ITEM_VALUE && item->hits->len > 0 && token_at(items->tokens, item->first)->is_number) field = item_hit(item, NULL)->field;
  }
  for (guint i = 0; i < items->items->len; i++) {
    Item *item = item_at(items, i);
    if (item->kind == ITEM_VALUE && item->hits->len > 0) field = item_hit(item, NULL)->field;
    if (item->kind != ITEM_NUMBER || item->hits == NULL || field == NULL || item->money || item->percent) continue;
    const Item *before = i > 0 ? item_at(items, i - 1) : NULL;
    gboolean compared = before != NULL && (item_is_word(before, WORD_MORE_THAN) || item_is_word(before, WORD_LESS_THAN) ||
                                           item_is_word(before, WORD_AT_LEAST) || item_is_word(before, WORD_AT_MOST) ||
                                           item_is_word(before, WORD_RANK_HIGH) || item_is_word(before, WORD_RANK_LOW));
    const gboolean of_other = before != NULL && is_noun(before) && !before->plural && !item->comma_before && fitting_hit(items, before, item) == NULL &&
                              before->meaning.field != field; /* "store 1 and department 3" */
    if (!compared && !of_other && item_hit(item, field) != NULL) become_value(item, field);
  }
}

/* "paid vs unpaid": the word beside a value of the same field is one too, though it reads as something else alone. */
static void adopt_members(Items *items) {
  for (guint i = 0; i + 2 < items->items->len; i++) {
    if (!is_and_or(item_at(items, i + 1))) continue;
    Item *sides[2] = {item_at(items, i), item_at(items, i + 2)};
    for (guint side = 0; side < 2; side++) {
      const Item *value = sides[side];
      Item *other = sides[1 - side];
      const ValueHit *hit = value->kind == ITEM_VALUE ? item_hit(value, NULL) : NULL;
      gboolean doubtful = other->kind == ITEM_WORD || other->kind == ITEM_UNKNOWN || other->kind == ITEM_CONDITION; /* "Planes and Ships": not what was shipped */
      if (hit != NULL && doubtful && item_hit(other, hit->field) != NULL) become_value(other, hit->field);
    }
  }
}

/* "Home Territory" beside "Territory": who says neither means the plain one. */
static gboolean is_qualified(const GPtrArray *hits, const ValueHit *hit) {
  g_autofree char *label = phrase_normalise(hit->field->label);
  for (guint i = 0; i < hits->len; i++) {
    const ValueHit *other = g_ptr_array_index(hits, i);
    g_autofree char *plain = phrase_normalise(other->field->label), *tail = g_strdup_printf(" %s", plain);
    if (other->field != hit->field && g_str_has_suffix(label, tail)) return TRUE;
  }
  return FALSE;
}

/* Among fields that hold the same word, prefer few-valued dimensions over names, codes and free text. */
static void prefer_dimensions(Items *items) {
  for (guint i = 0; i < items->items->len; i++) {
    Item *item = item_at(items, i);
    if (item->kind != ITEM_VALUE || item->hits->len < 2) continue;
    gboolean any_dimension = FALSE, any_strong = FALSE;
    for (guint k = 0; k < item->hits->len; k++) {
      const ValueHit *hit = g_ptr_array_index(item->hits, k);
      any_dimension = any_dimension || (hit->field->role == FIELD_ROLE_DIMENSION && hit->field->entity == NULL);
      any_strong = any_strong || hit->match == VALUE_MATCH_EXACT;
    }
    for (guint k = 0; k < item->hits->len;) {
      const ValueHit *hit = g_ptr_array_index(item->hits, k);
      gboolean weaker = is_qualified(item->hits, hit);
      if (!weaker) weaker = any_dimension && !(hit->field->role == FIELD_ROLE_DIMENSION && hit->field->entity == NULL);
      if (weaker) g_ptr_array_remove_index(item->hits, k);
      else k++;
    }
  }
}

/* "people who paid by card" are customers, where nothing else is called so. */
static void people_are_customers(Items *items) {
  static const char *const PEOPLE[] = {"people", "person", "persons", "individuals", NULL};
  const Entity *customer = model_find_entity(items->lexicon->model, "customer");
  for (guint i = 0; customer != NULL && i < items->items->len; i++) {
    Item *item = item_at(items, i);
    const gboolean counted = i > 0 && item_is_word(item_at(items, i - 1), WORD_HOW_MANY);
    const gboolean free = item->kind == ITEM_UNKNOWN || (item->kind == ITEM_STOP && counted);
    if (!free || item->count != 1 || !g_strv_contains(PEOPLE, token_at(items->tokens, item->first)->fold)) continue;
    item->is_stop = FALSE;
    item->meaning = (Meaning){.entity = customer};
    item->kind = ITEM_ENTITY;
  }
}

/* "how many purchases", where no column numbers them: the lines of a table that says who bought. */
static void purchases_are_rows(Items *items) {
  static const char *const NOUNS[] = {"purchases", "purchase", "transactions", "transaction", NULL};
  const Model *model = items->lexicon->model;
  const Dataset *fact = model->default_dataset != NULL ? model_find_dataset(model, model->default_dataset) : NULL;
  const Entity *customer = model_find_entity(model, "customer");
  if (fact == NULL || customer == NULL || model_find_entity(model, "order") != NULL || g_strcmp0(customer->dataset, fact->name) != 0) return;
  for (guint i = 0; i < items->items->len; i++) {
    Item *item = item_at(items, i);
    if (item->kind != ITEM_UNKNOWN || item->count != 1 || !g_strv_contains(NOUNS, token_at(items->tokens, item->first)->fold)) continue;
    item->meaning = (Meaning){.rows = fact};
    item->kind = ITEM_ROWS;
  }
}

/* The field of the entity's own table that is called as `field` is. */
static const Field *own_namesake(const Items *items, const Entity *entity, const Field *field) {
  const Dataset *own = entity->dataset != NULL ? model_find_dataset(items->lexicon->model, entity->dataset) : NULL;
  const Field *key = own != NULL && entity->key != NULL ? dataset_find_field(own, entity->key) : NULL;
  if (key == NULL || key->distinct_count != own->row_count || field == NULL || field->entity != NULL) return NULL;
  g_autofree char *label = phrase_normalise(field->label);
  for (guint f = 0; f < own->fields->len; f++) {
    const Field *other = g_ptr_array_index(own->fields, f);
    g_autofree char *other_label = phrase_normalise(other->label);
    if (other == field || strcmp(other->name, field->name) == 0 || strcmp(label, other_label) == 0) return other;
  }
  return NULL;
}

/* "supplier country" is the supplier's, though customers have one too. */
static void pin_owned_fields(Items *items) {
  for (guint i = 0; i + 1 < items->items->len; i++) {
    Item *owner = item_at(items, i), *field = item_at(items, i + 1);
    if (owner->kind != ITEM_ENTITY || owner->plural || owner->claimed || field->kind != ITEM_FIELD || field->comma_before) continue;
    const Field *own = own_namesake(items, owner->meaning.entity, field->meaning.field);
    if (own == NULL) continue;
    field->meaning = (Meaning){.field = own};
    field->pinned = TRUE;
    owner->claimed = TRUE;
    owner->claimed_as = "names the field";
  }
}

gboolean item_names_rows(const Items *items, const Item *item, const Dataset *dataset) {
  g_autofree char *own = tokens_stem_phrase(items->tokens, item->first, item->count);
  for (char **word = dataset->row_words; word != NULL && *word != NULL; word++) {
    g_autofree char *phrase = phrase_normalise(*word), *stem = phrase_stem(phrase);
    if (strcmp(stem, own) == 0) return TRUE;
  }
  g_autofree char *phrase = phrase_normalise(dataset->label != NULL ? dataset->label : dataset->name), *stem = phrase_stem(phrase);
  return strcmp(stem, own) == 0;
}

/* "promotion mechanic": a column of the table of promotions, though that has a column called Promotion too. */
static void pin_row_owned_fields(Items *items) {
  for (guint i = 0; i + 1 < items->items->len; i++) {
    Item *owner = item_at(items, i);
    const Item *field = item_at(items, i + 1);
    if (owner->kind != ITEM_FIELD || owner->plural || owner->claimed || field->kind != ITEM_FIELD || field->comma_before) continue;
    const Dataset *dataset = field->meaning.field != owner->meaning.field ? model_find_dataset(items->lexicon->model, field->meaning.field->dataset) : NULL;
    if (dataset == NULL || dataset->is_fact || strcmp(owner->meaning.field->dataset, dataset->name) != 0 || !item_names_rows(items, owner, dataset)) continue;
    owner->claimed = TRUE;
    owner->claimed_as = "names the field";
  }
}

/* "total purchase by city", where a column of money is called Purchase: it, not the purchases that "how many" counts. */
static void prefer_labels(Items *items) {
  for (guint i = 0; i < items->items->len; i++) {
    Item *item = item_at(items, i);
    const Metric *metric = item->kind == ITEM_ENTITY ? item->meaning.metric : NULL;
    if (metric == NULL || metric->entity != NULL || metric->kind != METRIC_AGGREGATE || metric->aggregate == AGGREGATE_COUNT) continue;
    if (i > 0 && item_is_word(item_at(items, i - 1), WORD_HOW_MANY)) continue;
    g_autofree char *label = phrase_normalise(metric->label), *stem = phrase_stem(label), *own = tokens_stem_phrase(items->tokens, item->first, item->count);
    g_autofree char *entity = phrase_stem(item->meaning.entity->name);
    if (strcmp(stem, own) != 0 || strcmp(entity, own) == 0) continue;
    item->kind = ITEM_METRIC;
    item->meaning.entity = NULL;
  }
}

/* "buyers by country" beside "Buyer country" and "Seller country": that of the buyers. */
static void pin_fields_of_counted(Items *items) {
  for (guint i = 0; i + 2 < items->items->len; i++) {
    const Item *owner = item_at(items, i);
    Item *field = item_at(items, i + 2);
    if (owner->kind != ITEM_ENTITY || owner->count != 1 || !item_is_word(item_at(items, i + 1), WORD_BY) || field->kind != ITEM_FIELD || field->comma_before) continue;
    g_autofree char *tail = tokens_fold_phrase(items->tokens, field->first, field->count);
    g_autofree char *phrase = g_strdup_printf("%s %s", token_at(items->tokens, owner->first)->singular, tail), *stem = phrase_stem(phrase);
    const Meaning *own = lexicon_find(items->lexicon, stem);
    if (own == NULL || own->field == NULL || own->field == field->meaning.field || own->fields != NULL) continue;
    field->meaning = (Meaning){.field = own->field};
    field->pinned = TRUE;
  }
}

void items_join_neighbours(Items *items) {
  prefer_labels(items);
  people_are_customers(items);
  purchases_are_rows(items);
  pin_owned_fields(items);
  pin_row_owned_fields(items);
  pin_fields_of_counted(items);
  ends_of_periods(items);
  join_neighbours(items);
  adopt_described(items);
  join_label_words(items);
  adopt_numbers(items);
  adopt_members(items);
  prefer_dimensions(items);
}
