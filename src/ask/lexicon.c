#include "ask/lexicon.h"

#include "ask/flag_words.h"
#include "query/compiler.h"

#include <string.h>

#define LEXICON_MAX_WORDS 8

/* Where a word is known from; a typo is first read as a word of the model, last as part of a value. */
typedef enum { VOCABULARY_MODEL = 1, VOCABULARY_ENGLISH, VOCABULARY_VALUE } VocabularyTier;

static Meaning *meaning_of(Lexicon *lexicon, const char *stemmed) {
  Meaning *meaning = g_hash_table_lookup(lexicon->meanings, stemmed);
  if (meaning == NULL) {
    meaning = g_new0(Meaning, 1);
    g_hash_table_insert(lexicon->meanings, g_strdup(stemmed), meaning);
  }
  return meaning;
}

/* A word known in several ways keeps the strongest. */
static void lexicon_learn(Lexicon *lexicon, const char *word, VocabularyTier tier) {
  gpointer known = g_hash_table_lookup(lexicon->vocabulary, word);
  if (known == NULL || GPOINTER_TO_INT(known) > (int)tier) g_hash_table_insert(lexicon->vocabulary, g_strdup(word), GINT_TO_POINTER(tier));
}

static void meaning_free(gpointer pointer) {
  Meaning *meaning = pointer;
  g_clear_pointer(&meaning->fields, g_ptr_array_unref);
  g_free(meaning);
}

/* The meaning under the stems of a phrase, and its words into the vocabulary; NULL for unusable phrases. */
static Meaning *phrase_meaning(Lexicon *lexicon, const char *raw) {
  g_autofree char *phrase = phrase_normalise(raw);
  if (!*phrase) return NULL;
  g_auto(GStrv) words = g_strsplit(phrase, " ", -1);
  guint n_words = g_strv_length(words);
  if (n_words > LEXICON_MAX_WORDS) return NULL;
  for (char **word = words; *word; word++) lexicon_learn(lexicon, *word, VOCABULARY_MODEL);
  lexicon->longest = MAX(lexicon->longest, n_words);
  g_autofree char *stemmed = phrase_stem(phrase);
  return meaning_of(lexicon, stemmed);
}

/* "sales per store" asks for every store, though the model may know an average of that name. */
static gboolean names_groups(const Lexicon *lexicon, const Metric *metric, const char *phrase) {
  if (metric->kind != METRIC_RATIO || strstr(phrase, " per ") == NULL) return FALSE;
  const Metric *below = model_find_metric(lexicon->model, metric->denominator);
  const Entity *entity = below != NULL && below->entity != NULL ? model_find_entity(lexicon->model, below->entity) : NULL;
  return entity != NULL && !entity->is_event && strcmp(entity->name, "customer") != 0;
}

static void add_metric_phrase(Lexicon *lexicon, const Metric *metric, const char *phrase) {
  if (names_groups(lexicon, metric, phrase)) return;
  Meaning *meaning = phrase_meaning(lexicon, phrase);
  if (meaning != NULL && meaning->metric == NULL) meaning->metric = metric;
}

/* "Quantity delivered" is the delivered quantity too. */
static void add_turned_label(Lexicon *lexicon, const Metric *metric) {
  g_autofree char *phrase = phrase_normalise(metric->label);
  g_auto(GStrv) words = g_strsplit(phrase, " ", -1);
  if (g_strv_length(words) != 2 || metric->kind != METRIC_AGGREGATE) return;
  g_autofree char *turned = g_strdup_printf("%s %s", words[1], words[0]);
  add_metric_phrase(lexicon, metric, turned);
}

/* "Payment terms days", "Net amount usd": the unit at the end is not part of the name. */
static void add_label_without_unit(Lexicon *lexicon, const Metric *metric) {
  static const char *const UNITS[] = {"days", "usd", "eur", "gbp", "chf", "dollars", "euro", "euros", "percent", "pct", "kg", "qty", "amount", NULL};
  g_autofree char *phrase = phrase_normalise(metric->label);
  g_auto(GStrv) words = g_strsplit(phrase, " ", -1);
  guint n = g_strv_length(words);
  if (n < 2 || !g_strv_contains(UNITS, words[n - 1]) || (n == 2 && strcmp(words[1], "amount") == 0)) return;
  g_clear_pointer(&words[n - 1], g_free);
  g_autofree char *bare = g_strjoinv(" ", words);
  add_metric_phrase(lexicon, metric, bare);
}

/* "Trading area (sq ft)" is the trading area; what stands in parentheses is its unit. */
static char *without_parenthesis(const char *label) {
  const char *open = strchr(label, '(');
  return open != NULL && open > label ? g_strchomp(g_strndup(label, (gsize)(open - label))) : NULL;
}

/* "per square foot": the one number that is given in that unit. */
static void add_unit_of_area(Lexicon *lexicon, const Metric *metric) {
  static const struct { const char *abbreviation, *words[4]; } UNITS[] = {
      {"sq ft", {"square foot", "square feet", "sq ft", "sqft"}}, {"sqft", {"square foot", "square feet", "sq ft", "sqft"}},
      {"sq m", {"square metre", "square meter", "sq m", "sqm"}}, {"sqm", {"square metre", "square meter", "sq m", "sqm"}},
      {"m2", {"square metre", "square meter", "sq m", "sqm"}}, {"m²", {"square metre", "square meter", "sq m", "sqm"}}};
  g_autofree char *phrase = g_utf8_strdown(metric->label, -1);
  g_strdelimit(phrase, "_()", ' ');
  g_autofree char *padded = g_strdup_printf(" %s ", phrase);
  for (guint i = 0; i < G_N_ELEMENTS(UNITS); i++) {
    g_autofree char *unit = g_strdup_printf(" %s ", UNITS[i].abbreviation);
    if (strstr(padded, unit) == NULL) continue;
    for (guint k = 0; k < G_N_ELEMENTS(UNITS[i].words); k++) add_metric_phrase(lexicon, metric, UNITS[i].words[k]);
  }
}

static void add_metrics(Lexicon *lexicon) {
  /* own names first, then synonyms: a synonym never takes a word from a metric that is called so */
  for (guint pass = 0; pass < 3; pass++) {
    for (guint i = 0; i < lexicon->model->metrics->len; i++) {
      const Metric *metric = g_ptr_array_index(lexicon->model->metrics, i);
      if (pass == 0) {
        add_metric_phrase(lexicon, metric, metric->label);
        add_metric_phrase(lexicon, metric, metric->name);
      } else if (pass == 2) {
        add_turned_label(lexicon, metric);
        add_label_without_unit(lexicon, metric);
        add_unit_of_area(lexicon, metric);
        g_autofree char *bare = without_parenthesis(metric->label);
        if (bare != NULL) add_metric_phrase(lexicon, metric, bare);
      } else {
        for (char **synonym = metric->synonyms; *synonym; synonym++) add_metric_phrase(lexicon, metric, *synonym);
      }
    }
  }
}

void lexicon_add_field_phrase(Lexicon *lexicon, const Field *field, const char *phrase) {
  Meaning *meaning = phrase_meaning(lexicon, phrase);
  if (meaning == NULL || meaning->field == field) return;
  if (meaning->field == NULL) {
    meaning->field = field;
    return;
  }
  if (meaning->fields == NULL) {
    meaning->fields = g_ptr_array_new();
    g_ptr_array_add(meaning->fields, (gpointer)meaning->field);
  }
  if (!g_ptr_array_find(meaning->fields, field, NULL)) g_ptr_array_add(meaning->fields, (gpointer)field);
}

static void add_fields(Lexicon *lexicon) {
  const Model *model = lexicon->model;
  for (guint pass = 0; pass < 2; pass++) {
    for (guint d = 0; d < model->datasets->len; d++) {
      const Dataset *dataset = g_ptr_array_index(model->datasets, d);
      for (guint f = 0; f < dataset->fields->len; f++) {
        const Field *field = g_ptr_array_index(dataset->fields, f);
        if (pass == 0) {
          lexicon_add_field_phrase(lexicon, field, field->label);
          lexicon_add_field_phrase(lexicon, field, field->name);
          g_autofree char *bare = without_parenthesis(field->label);
          if (bare != NULL) lexicon_add_field_phrase(lexicon, field, bare);
        } else {
          for (char **synonym = field->synonyms; *synonym; synonym++) {
            g_autofree char *phrase = phrase_normalise(*synonym);
            g_autofree char *stemmed = phrase_stem(phrase);
            const Meaning *known = g_hash_table_lookup(lexicon->meanings, stemmed);
            if (known == NULL || known->field == NULL) lexicon_add_field_phrase(lexicon, field, *synonym);
          }
        }
      }
    }
  }
}

/* "driverName", "Voucher Code", "Customer Group": people say driver, voucher, group where only one column fits. */
static void add_bare_field_words(Lexicon *lexicon) {
  static const char *const GENERIC[] = {"name", "code", "id", "no", "number", "type", "group", "status", "flag", "key", "label", "text", "desc",
                                        "description", "value", "category", "class", "mode", "terms", "days", NULL};
  g_autoptr(GHashTable) fitting = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (guint pass = 0; pass < 2; pass++) {
    for (guint d = 0; d < lexicon->model->datasets->len; d++) {
      const Dataset *dataset = g_ptr_array_index(lexicon->model->datasets, d);
      for (guint f = 0; f < dataset->fields->len; f++) {
        const Field *field = g_ptr_array_index(dataset->fields, f);
        if (field->role != FIELD_ROLE_DIMENSION && field->role != FIELD_ROLE_IDENTIFIER) continue;
        g_autofree char *phrase = phrase_normalise(field->label);
        g_auto(GStrv) words = g_strsplit(phrase, " ", -1);
        guint n = g_strv_length(words);
        if (n < 2 || !g_strv_contains(GENERIC, words[n - 1])) continue;
        g_autofree char *suffix = g_strdup(words[n - 1]);
        g_clear_pointer(&words[n - 1], g_free);
        g_autofree char *head = g_strjoinv(" ", words);
        static const char *const PEOPLE[] = {"customer", "client", "member", "buyer", "shopper", "user", "guest", NULL};
        if (g_strv_contains(PEOPLE, head) && field->role == FIELD_ROLE_DIMENSION) continue; /* a kind of customer is no customer */
        static const char *const ALONE[] = {"status", "type", "group", "mode", "class", NULL};
        const char *forms[] = {head, g_strv_contains(ALONE, suffix) ? suffix : NULL};
        for (guint k = 0; k < G_N_ELEMENTS(forms); k++) {
          if (forms[k] == NULL) continue;
          g_autofree char *stem = phrase_stem(forms[k]);
          if (pass == 0) {
            g_hash_table_replace(fitting, g_strdup(stem), GINT_TO_POINTER(GPOINTER_TO_INT(g_hash_table_lookup(fitting, stem)) + 1));
            continue;
          }
          const Meaning *known = g_hash_table_lookup(lexicon->meanings, stem);
          gboolean taken = known != NULL && (known->field != NULL || known->entity != NULL || known->metric != NULL || known->condition != NULL ||
                                             known->rows != NULL || known->unit != TIME_UNIT_NONE);
          if (!taken && GPOINTER_TO_INT(g_hash_table_lookup(fitting, stem)) == 1) lexicon_add_field_phrase(lexicon, field, forms[k]);
        }
      }
    }
  }
}

/* "Ad Campaign" is the campaign, "Calls Made" are calls, where nothing else is called so. */
static void add_label_heads(Lexicon *lexicon) {
  static const char *const GENERIC[] = {"name", "code", "id", "no", "number", "type", "group", "status", "flag", "key", "label", "text", "desc", "date",
                                        "description", "value", "category", "class", "mode", "terms", "days", "on", "at", "by", "of", "amount", "total",
                                        "price", "cost", "rate", "percent", "time", "month", "year", "week", "day", "net", "gross", NULL};
  static const char *const DONE[] = {"made", "sold", "taken", "used", "placed", "ordered", "shipped", "served", NULL};
  g_autoptr(GHashTable) heads = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL); /* stem -> labels it could stand for */
  for (guint pass = 0; pass < 2; pass++) {
    for (guint d = 0; d < lexicon->model->datasets->len; d++) {
      const Dataset *dataset = g_ptr_array_index(lexicon->model->datasets, d);
      for (guint f = 0; f < dataset->fields->len; f++) {
        const Field *field = g_ptr_array_index(dataset->fields, f);
        g_autofree char *phrase = phrase_normalise(field->label);
        g_auto(GStrv) words = g_strsplit(phrase, " ", -1);
        guint n = g_strv_length(words);
        gboolean measure = field->role == FIELD_ROLE_MEASURE;
        if (n < 2 || n > 3 || (field->role != FIELD_ROLE_DIMENSION && !measure)) continue;
        gboolean done = measure && g_strv_contains(DONE, words[n - 1]);
        const char *head = done && n == 2 ? words[0] : words[n - 1];
        if ((measure && !done) || strlen(head) < 4 || g_strv_contains(GENERIC, head)) continue;
        g_autofree char *stem = phrase_stem(head);
        if (pass == 0) {
          g_hash_table_replace(heads, g_strdup(stem), GINT_TO_POINTER(GPOINTER_TO_INT(g_hash_table_lookup(heads, stem)) + 1));
          continue;
        }
        gboolean free = !g_hash_table_contains(lexicon->meanings, stem) && !g_hash_table_contains(lexicon->english->phrases, head) &&
                        !g_hash_table_contains(lexicon->english->stop, head);
        if (!free || GPOINTER_TO_INT(g_hash_table_lookup(heads, stem)) != 1) continue;
        g_autoptr(GPtrArray) values = value_index_find(lexicon->values, head); /* "Generic or Branded": branded is a value */
        if (values->len > 0) continue;
        for (guint i = 0; measure && i < lexicon->model->metrics->len; i++) {
          const Metric *metric = g_ptr_array_index(lexicon->model->metrics, i);
          if (g_strcmp0(metric->expression, field->name) == 0 && g_strcmp0(metric->dataset, dataset->name) == 0) add_metric_phrase(lexicon, metric, head);
        }
        if (!measure) lexicon_add_field_phrase(lexicon, field, head);
      }
    }
  }
}

/* "Member No" identifies members: what is left of a key's header without the words for a code. */
static void add_key_word(Lexicon *lexicon, const Entity *entity) {
  static const char *const CODES[] = {"no", "nr", "id", "code", "number", "key", "num", "ref", "reference", "#", NULL};
  const Dataset *dataset = model_find_dataset(lexicon->model, entity->dataset);
  const Field *key = dataset != NULL && entity->key != NULL ? dataset_find_field(dataset, entity->key) : NULL;
  if (key == NULL) return;
  g_autofree char *phrase = phrase_normalise(key->label);
  g_auto(GStrv) words = g_strsplit(phrase, " ", -1);
  guint n = g_strv_length(words);
  if (n < 2 || !g_strv_contains(CODES, words[n - 1])) return;
  g_clear_pointer(&words[n - 1], g_free);
  g_autofree char *noun = g_strjoinv(" ", words);
  Meaning *meaning = phrase_meaning(lexicon, noun);
  /* "Sale ID" numbers sales, but what people call sales is money where there is such a metric. */
  gboolean counts_rows = meaning != NULL && meaning->metric != NULL && meaning->metric->aggregate == AGGREGATE_COUNT;
  gboolean other_metric = meaning != NULL && meaning->metric != NULL && !counts_rows && g_strcmp0(meaning->metric->entity, entity->name) != 0;
  if (meaning != NULL && meaning->entity == NULL && meaning->field == NULL && !other_metric) meaning->entity = entity;
}

/* A column that is called exactly so ("Manufacturer" beside "Supplier") is not the entity of which that is another word. */
static gboolean names_other_column(const Lexicon *lexicon, const Entity *entity, const char *synonym) {
  g_autofree char *phrase = phrase_normalise(synonym), *stem = phrase_stem(phrase);
  const Meaning *known = g_hash_table_lookup(lexicon->meanings, stem);
  const Field *field = known != NULL ? known->field : NULL;
  if (field == NULL || field->role != FIELD_ROLE_DIMENSION || field->distinct_count < 2) return FALSE;
  g_autofree char *label = phrase_normalise(field->label), *label_stem = phrase_stem(label);
  const Field *own = lexicon_entity_field(lexicon, entity);
  gboolean same = own != NULL && (own == field || strcmp(own->name, field->name) == 0 || g_strcmp0(field->name, entity->key) == 0);
  return strcmp(stem, label_stem) == 0 && !same && own != NULL;
}

static void add_entities(Lexicon *lexicon) {
  const Model *model = lexicon->model;
  for (guint i = 0; i < model->entities->len; i++) {
    const Entity *entity = g_ptr_array_index(model->entities, i);
    Meaning *meaning = phrase_meaning(lexicon, entity->name);
    if (meaning != NULL && meaning->entity == NULL) meaning->entity = entity;
    for (char **synonym = entity->synonyms; *synonym; synonym++) {
      if (names_other_column(lexicon, entity, *synonym)) continue;
      meaning = phrase_meaning(lexicon, *synonym);
      if (meaning != NULL && meaning->entity == NULL) meaning->entity = entity;
    }
  }
  for (guint i = 0; i < model->entities->len; i++) add_key_word(lexicon, g_ptr_array_index(model->entities, i));
  for (guint d = 0; d < model->datasets->len; d++) {
    const Dataset *dataset = g_ptr_array_index(model->datasets, d);
    for (char **word = dataset->row_words; *word; word++) {
      Meaning *meaning = phrase_meaning(lexicon, *word);
      if (meaning != NULL && meaning->rows == NULL) meaning->rows = dataset;
    }
  }
  static const char *const ANY_ROW[] = {"line", "record", "row", "entry"}; /* of the main table, where nothing else is called so */
  const Dataset *main_dataset = model->default_dataset != NULL ? model_find_dataset(model, model->default_dataset) : NULL;
  for (guint i = 0; main_dataset != NULL && i < G_N_ELEMENTS(ANY_ROW); i++) {
    g_autofree char *stem = phrase_stem(ANY_ROW[i]);
    if (g_hash_table_contains(lexicon->meanings, stem)) continue;
    Meaning *meaning = phrase_meaning(lexicon, ANY_ROW[i]);
    if (meaning != NULL) meaning->rows = main_dataset;
  }
}

/* "loyalty members" are members, where nothing else is called so. */
static void add_head_nouns(Lexicon *lexicon) {
  for (guint d = 0; d < lexicon->model->datasets->len; d++) {
    const Dataset *dataset = g_ptr_array_index(lexicon->model->datasets, d);
    for (char **word = dataset->row_words; *word != NULL && !dataset->is_fact; word++) {
      const char *head = strrchr(*word, ' ');
      if (head == NULL) continue;
      g_autofree char *whole = phrase_normalise(*word), *whole_stem = phrase_stem(whole), *stem = phrase_stem(head + 1);
      const Meaning *meant = g_hash_table_lookup(lexicon->meanings, whole_stem);
      if (meant == NULL || g_hash_table_contains(lexicon->meanings, stem)) continue;
      const Meaning same = *meant;
      Meaning *meaning = phrase_meaning(lexicon, head + 1);
      if (meaning == NULL) continue;
      meaning->entity = same.entity;
      meaning->rows = same.rows;
      meaning->metric = same.entity == NULL ? same.metric : NULL;
    }
  }
}

static void add_conditions(Lexicon *lexicon) {
  for (guint i = 0; i < lexicon->model->conditions->len; i++) {
    const Condition *condition = g_ptr_array_index(lexicon->model->conditions, i);
    Meaning *meaning = phrase_meaning(lexicon, condition->name);
    if (meaning != NULL && meaning->condition == NULL) meaning->condition = condition;
    for (char **synonym = condition->synonyms; *synonym; synonym++) {
      meaning = phrase_meaning(lexicon, *synonym);
      if (meaning != NULL && meaning->condition == NULL) meaning->condition = condition;
    }
  }
}

static void add_time_words(Lexicon *lexicon) {
  static const struct { const char *phrase; TimeUnit unit; gboolean adverb; } UNITS[] = {
      {"hour", TIME_UNIT_HOUR, FALSE}, {"hourly", TIME_UNIT_HOUR, TRUE}, {"day", TIME_UNIT_DAY, FALSE},
      {"daily", TIME_UNIT_DAY, TRUE}, {"calendar day", TIME_UNIT_DAY, FALSE}, {"date", TIME_UNIT_DAY, FALSE},
      {"week", TIME_UNIT_WEEK, FALSE}, {"weekly", TIME_UNIT_WEEK, TRUE}, {"calendar week", TIME_UNIT_WEEK, FALSE},
      {"month", TIME_UNIT_MONTH, FALSE}, {"monthly", TIME_UNIT_MONTH, TRUE}, {"calendar month", TIME_UNIT_MONTH, FALSE},
      {"quarter", TIME_UNIT_QUARTER, FALSE}, {"quarterly", TIME_UNIT_QUARTER, TRUE},
      {"half year", TIME_UNIT_HALF, FALSE}, {"half yearly", TIME_UNIT_HALF, TRUE}, {"semester", TIME_UNIT_HALF, FALSE},
      {"year", TIME_UNIT_YEAR, FALSE}, {"yearly", TIME_UNIT_YEAR, TRUE}, {"annual", TIME_UNIT_YEAR, TRUE},
      {"annually", TIME_UNIT_YEAR, TRUE}, {"calendar year", TIME_UNIT_YEAR, FALSE}, {"per annum", TIME_UNIT_YEAR, TRUE},
      {"fiscal year", TIME_UNIT_FISCAL_YEAR, FALSE}, {"financial year", TIME_UNIT_FISCAL_YEAR, FALSE},
      {"fiscal quarter", TIME_UNIT_FISCAL_QUARTER, FALSE}, {"financial quarter", TIME_UNIT_FISCAL_QUARTER, FALSE}};
  static const struct { const char *phrase; Cyclic cyclic; } CYCLES[] = {
      {"day of the week", CYCLIC_WEEKDAY}, {"day of week", CYCLIC_WEEKDAY}, {"weekday", CYCLIC_WEEKDAY},
      {"week day", CYCLIC_WEEKDAY}, {"days of the week", CYCLIC_WEEKDAY},
      {"hour of the day", CYCLIC_HOUR_OF_DAY}, {"hour of day", CYCLIC_HOUR_OF_DAY}, {"time of day", CYCLIC_HOUR_OF_DAY},
      {"time of the day", CYCLIC_HOUR_OF_DAY}, {"clock hour", CYCLIC_HOUR_OF_DAY}, {"hours of the day", CYCLIC_HOUR_OF_DAY},
      {"month of the year", CYCLIC_MONTH_OF_YEAR}, {"month of year", CYCLIC_MONTH_OF_YEAR},
      {"calendar month of the year", CYCLIC_MONTH_OF_YEAR}, {"day of the month", CYCLIC_DAY_OF_MONTH},
      {"day of month", CYCLIC_DAY_OF_MONTH}, {"quarter of the year", CYCLIC_QUARTER_OF_YEAR},
      {"week of the year", CYCLIC_WEEK_OF_YEAR}, {"week of year", CYCLIC_WEEK_OF_YEAR},
      {"week number", CYCLIC_WEEK_OF_YEAR}};
  for (guint i = 0; i < G_N_ELEMENTS(UNITS); i++) {
    Meaning *meaning = phrase_meaning(lexicon, UNITS[i].phrase);
    meaning->unit = UNITS[i].unit;
    meaning->unit_adverb = UNITS[i].adverb;
  }
  for (guint i = 0; i < G_N_ELEMENTS(CYCLES); i++) phrase_meaning(lexicon, CYCLES[i].phrase)->cyclic = CYCLES[i].cyclic;
}

static void add_vocabulary(Lexicon *lexicon) {
  static const char *TIME_WORDS =
      "january february march april may june july august september october november december jan feb mar apr jun jul aug sep "
      "sept oct nov dec monday tuesday wednesday thursday friday saturday sunday mondays tuesdays wednesdays thursdays fridays "
      "saturdays sundays mon tue tues wed thu thur thurs fri sat sun today yesterday tomorrow last previous past this current "
      "next ago half quarter first second third fourth fifth sixth seventh eighth ninth tenth one two three four five six "
      "seven eight nine ten eleven twelve twenty thirty fifty hundred ytd mtd qtd fiscal christmas easter black cyber "
      "thanksgiving halloween holiday holidays morning afternoon evening night noon midnight weeks days months years hours "
      "quarters halves dollars dollar euros euro pounds pound rupees cents usd eur gbp inr percent percentage am pm oclock "
      "to so far date through end beginning same period nth older younger aged years old";
  g_auto(GStrv) words = g_strsplit(TIME_WORDS, " ", -1);
  for (char **word = words; *word; word++) lexicon_learn(lexicon, *word, VOCABULARY_ENGLISH);
  GHashTableIter iter;
  gpointer key;
  g_hash_table_iter_init(&iter, lexicon->english->phrases);
  while (g_hash_table_iter_next(&iter, &key, NULL)) {
    g_auto(GStrv) parts = g_strsplit(key, " ", -1);
    for (char **part = parts; *part; part++) lexicon_learn(lexicon, *part, VOCABULARY_ENGLISH);
  }
  g_hash_table_iter_init(&iter, lexicon->english->stop);
  while (g_hash_table_iter_next(&iter, &key, NULL)) lexicon_learn(lexicon, key, VOCABULARY_ENGLISH);
}

/* Words of the values of fields with few values can be the target of a typo correction. */
static void add_value_words(Lexicon *lexicon) {
  for (guint d = 0; d < lexicon->model->datasets->len; d++) {
    const Dataset *dataset = g_ptr_array_index(lexicon->model->datasets, d);
    for (guint f = 0; f < dataset->fields->len; f++) {
      const Field *field = g_ptr_array_index(dataset->fields, f);
      for (guint c = 0; c < field->codes->len; c++) {
        const CodedValue *coded = g_ptr_array_index(field->codes, c);
        for (char **label = coded->labels; *label; label++) lexicon_learn(lexicon, *label, VOCABULARY_VALUE);
      }
      if (field->role != FIELD_ROLE_DIMENSION || value_index_distinct(lexicon->values, field) > 2000) continue;
      g_autoptr(GPtrArray) hits = value_index_of_field(lexicon->values, field, NULL, 2000);
      for (guint i = 0; i < hits->len; i++) {
        const ValueHit *hit = g_ptr_array_index(hits, i);
        g_auto(GStrv) words = g_strsplit(hit->folded, " ", -1);
        for (char **word = words; *word; word++) lexicon_learn(lexicon, *word, VOCABULARY_VALUE);
      }
    }
  }
}

Lexicon *lexicon_new(Model *model, ValueIndex *values, GError **error) {
  g_autoptr(Lexicon) lexicon = g_new0(Lexicon, 1);
  lexicon->reference_count = 1;
  lexicon->model = model_ref(model);
  lexicon->values = value_index_ref(values);
  lexicon->meanings = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, meaning_free);
  lexicon->vocabulary = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  lexicon->english = english_words_new(error);
  if (lexicon->english == NULL) return NULL;
  add_metrics(lexicon);
  add_fields(lexicon);
  add_entities(lexicon);
  add_head_nouns(lexicon);
  add_conditions(lexicon);
  add_time_words(lexicon);
  flag_words_add(lexicon);
  add_bare_field_words(lexicon);
  add_label_heads(lexicon);
  add_value_words(lexicon);
  add_vocabulary(lexicon);
  return g_steal_pointer(&lexicon);
}

Lexicon *lexicon_ref(Lexicon *lexicon) {
  g_atomic_int_inc(&lexicon->reference_count);
  return lexicon;
}

void lexicon_unref(Lexicon *lexicon) {
  if (lexicon == NULL || !g_atomic_int_dec_and_test(&lexicon->reference_count)) return;
  g_hash_table_unref(lexicon->meanings);
  g_hash_table_unref(lexicon->vocabulary);
  english_words_free(lexicon->english);
  value_index_unref(lexicon->values);
  model_unref(lexicon->model);
  g_free(lexicon);
}

const Meaning *lexicon_find(const Lexicon *lexicon, const char *stemmed_phrase) {
  return g_hash_table_lookup(lexicon->meanings, stemmed_phrase);
}

gboolean lexicon_knows_word(const Lexicon *lexicon, const char *folded_word) {
  if (g_hash_table_contains(lexicon->vocabulary, folded_word)) return TRUE;
  g_autofree char *singular = text_singular(folded_word);
  g_autofree char *stem = text_stem(folded_word);
  return g_hash_table_contains(lexicon->vocabulary, singular) || g_hash_table_contains(lexicon->meanings, stem);
}

const char *lexicon_correct(const Lexicon *lexicon, const char *folded_word) {
  gsize length = strlen(folded_word);
  if (length < 4) return NULL;
  for (gsize i = 0; i < length; i++)
    if (g_ascii_isdigit(folded_word[i])) return NULL;
  int limit = length >= 8 ? 2 : 1, best_distance = limit + 1, best_tier = 0;
  const char *best = NULL;
  gboolean several = FALSE;
  GHashTableIter iter;
  gpointer key, tier_pointer;
  g_hash_table_iter_init(&iter, lexicon->vocabulary);
  while (g_hash_table_iter_next(&iter, &key, &tier_pointer)) {
    const char *known = key;
    int tier = GPOINTER_TO_INT(tier_pointer);
    if (tier == VOCABULARY_ENGLISH && g_hash_table_contains(lexicon->english->stop, known)) continue; /* a typo never becomes nothing */
    gsize known_length = strlen(known);
    gboolean swapped = known[0] == folded_word[1] && known[1] == folded_word[0];
    if (known[0] != folded_word[0] && !swapped) continue; /* people rarely mistype the first letter: "pending" is no "spending" */
    if (known_length < 4 || known_length > length + (gsize)limit || known_length + (gsize)limit < length) continue;
    int distance = text_distance(folded_word, known, limit);
    if (distance > limit || distance > best_distance) continue;
    if (distance == best_distance && tier > best_tier) continue;
    if (distance == best_distance && tier == best_tier) {
      g_autofree char *a = text_stem(known), *b = text_stem(best);
      several = several || strcmp(a, b) != 0;
      if (strcmp(known, best) < 0) best = known;
      continue;
    }
    best_distance = distance;
    best_tier = tier;
    best = known;
    several = FALSE;
  }
  return several ? NULL : best;
}

typedef struct { int score; const char *label; } Closest;

static int compare_closest(gconstpointer a, gconstpointer b) {
  const Closest *left = a, *right = b;
  return left->score != right->score ? left->score - right->score : strcmp(left->label, right->label);
}

static void consider(GArray *candidates, const char *word, const char *label) {
  g_autofree char *phrase = phrase_normalise(label);
  int score = text_distance(word, phrase, 6);
  if (strstr(phrase, word) != NULL || strstr(word, phrase) != NULL) score = 0;
  Closest candidate = {score, label};
  g_array_append_val(candidates, candidate);
}

char **lexicon_closest(const Lexicon *lexicon, const char *folded_word, guint limit) {
  g_autoptr(GArray) candidates = g_array_new(FALSE, FALSE, sizeof(Closest));
  for (guint i = 0; i < lexicon->model->metrics->len; i++) {
    const Metric *metric = g_ptr_array_index(lexicon->model->metrics, i);
    consider(candidates, folded_word, metric->label);
  }
  for (guint d = 0; d < lexicon->model->datasets->len; d++) {
    const Dataset *dataset = g_ptr_array_index(lexicon->model->datasets, d);
    for (guint f = 0; f < dataset->fields->len; f++) {
      const Field *field = g_ptr_array_index(dataset->fields, f);
      if (field->role == FIELD_ROLE_DIMENSION) consider(candidates, folded_word, field->label);
    }
  }
  g_array_sort(candidates, compare_closest);
  GPtrArray *out = g_ptr_array_new();
  for (guint i = 0; i < candidates->len && out->len < limit; i++) {
    const char *label = g_array_index(candidates, Closest, i).label;
    gboolean again = FALSE;
    for (guint k = 0; k < out->len; k++) again = again || strcmp(g_ptr_array_index(out, k), label) == 0;
    if (!again) g_ptr_array_add(out, g_strdup(label));
  }
  g_ptr_array_add(out, NULL);
  return (char **)g_ptr_array_free(out, FALSE);
}

const Field *lexicon_entity_field(const Lexicon *lexicon, const Entity *entity) {
  const Dataset *dataset = model_find_dataset(lexicon->model, entity->dataset);
  const char *name = entity->name_field != NULL ? entity->name_field : entity->key;
  if (dataset == NULL || name == NULL) return NULL;
  const Field *field = dataset_find_field(dataset, name);
  return field != NULL ? field : model_find_field(lexicon->model, name);
}

const Field *lexicon_default_date(const Lexicon *lexicon) {
  const Dataset *dataset = lexicon->model->default_dataset != NULL
                               ? model_find_dataset(lexicon->model, lexicon->model->default_dataset) : NULL;
  return dataset != NULL ? reach_default_date(lexicon->model, dataset) : NULL;
}

char *lexicon_field_path(const Field *field) { return g_strdup_printf("%s.%s", field->dataset, field->name); }
