/* What each column is for: role, unit, how it is aggregated, coded values, personal data. */
#include "model/infer.h"
#include "model/infer_private.h"
#include <string.h>

#define KIND(kind) (1u << (kind))
#define LONG_TEXT 60       /* average characters above which text without a known meaning is only shown in lists */
#define FEW_VALUES 200     /* an entity column of so few values is grouped by like any dimension */
#define FLAG_VALUES 4

gboolean infer_has_word(const InferColumn *column, const char *word) {
  return g_strv_contains((const char *const *)column->words, word);
}

static gboolean has_any_word(const InferColumn *column, const char *const *words) {
  for (; *words != NULL; words++)
    if (infer_has_word(column, *words))
      return TRUE;
  return FALSE;
}

static const char *last_word(const InferColumn *column) {
  guint n = g_strv_length(column->words);
  return n > 0 ? column->words[n - 1] : "";
}

gboolean infer_is_concept(const InferColumn *column, const char *concept) {
  return column->concept != NULL && g_str_equal(column->concept->name, concept);
}

static guint kinds_of_type(FieldType type) {
  switch (type) {
  case FIELD_INTEGER:
    return KIND(CONCEPT_MEASURE) | KIND(CONCEPT_IDENTIFIER) | KIND(CONCEPT_DIMENSION) | KIND(CONCEPT_DETAIL);
  case FIELD_DECIMAL:
  case FIELD_DOUBLE:
    return KIND(CONCEPT_MEASURE);
  case FIELD_DATE:
  case FIELD_TIMESTAMP:
    return KIND(CONCEPT_DATE);
  case FIELD_TIME:
    return KIND(CONCEPT_TIME);
  case FIELD_BOOLEAN:
    return KIND(CONCEPT_DIMENSION);
  case FIELD_TEXT:
    break;
  }
  return KIND(CONCEPT_IDENTIFIER) | KIND(CONCEPT_NAME) | KIND(CONCEPT_DIMENSION) | KIND(CONCEPT_DETAIL);
}

/* "dim_customer", "tblOrders", "fact_sales" -> "customer", "orders", "sales". */
char *infer_table_noun(const char *table) {
  static const char *const prefixes[] = {"dim_", "fact_", "fct_", "tbl_", "tb_", "vw_", "stg_", "d_", "f_"};
  static const char *const suffixes[] = {"_dim", "_fact", "_table", "_data", "_dataset"};
  g_autofree char *noun = g_strdup(table);
  for (guint i = 0; i < G_N_ELEMENTS(prefixes); i++)
    if (g_str_has_prefix(noun, prefixes[i]) && noun[strlen(prefixes[i])] != '\0')
      return g_strdelimit(g_strdup(noun + strlen(prefixes[i])), "_", ' ');
  for (guint i = 0; i < G_N_ELEMENTS(suffixes); i++)
    if (g_str_has_suffix(noun, suffixes[i]) && strlen(noun) > strlen(suffixes[i])) {
      noun[strlen(noun) - strlen(suffixes[i])] = '\0';
      break;
    }
  return g_strdelimit(g_steal_pointer(&noun), "_", ' ');
}

/* "l_quantity", "l_discount": letters that every header of a table begins with say whose it is, no more. */
static gsize common_letters(const ImportedTable *table) {
  gsize letters = 0;
  for (guint i = 0; i < table->columns->len; i++) {
    const ImportedColumn *column = g_ptr_array_index(table->columns, i);
    const char *header = column->label != NULL ? column->label : column->name, *end = strchr(header, '_');
    gsize length = end != NULL ? (gsize)(end - header) : 0;
    if (length == 0 || length > 2 || !g_ascii_isalpha(header[0]) || end[1] == '\0' || (i > 0 && length != letters))
      return 0;
    const ImportedColumn *first = g_ptr_array_index(table->columns, 0);
    if (strncmp(header, first->label != NULL ? first->label : first->name, length) != 0)
      return 0;
    letters = length;
  }
  return table->columns->len > 2 ? letters + 1 : 0;
}

/* In a table of stores, "id", "name" and "type" are the store's. */
static char **words_of_column(const RetailLexicon *lexicon, const ImportedTable *table, const ImportedColumn *column) {
  g_auto(GStrv) words = retail_header_words(lexicon, (column->label != NULL ? column->label : column->name) + common_letters(table));
  static const char *const general[] = {"id", "name", "code", "key", "number", "type", "status", "title", NULL};
  if (words[0] == NULL || words[1] != NULL || !g_strv_contains(general, words[0]))
    return g_steal_pointer(&words);
  g_autofree char *thing = infer_table_noun(table->table);
  g_autofree char *both = g_strdup_printf("%s %s", thing, words[0]);
  g_auto(GStrv) longer = retail_header_words(lexicon, both);
  if (retail_lexicon_match(lexicon, longer, kinds_of_type(column->type), NULL) == NULL && !g_str_equal(words[0], "id"))
    return g_steal_pointer(&words);
  return g_steal_pointer(&longer);
}

/* A header like "Product" may stand for the code or for the name of one; the values tell. */
static const Concept *prefer_name(const Inference *inference, const InferColumn *column) {
  const Concept *concept = column->concept;
  if (concept == NULL || concept->kind != CONCEPT_IDENTIFIER || concept->entity == NULL || !column->profile->is_text ||
      column->profile->spaced < 0.3 || g_str_equal(last_word(column), "id"))
    return concept;
  const Concept *name = retail_lexicon_match(inference->lexicon, column->words, KIND(CONCEPT_NAME), NULL);
  return name != NULL && g_strcmp0(name->entity, concept->entity) == 0 ? name : concept;
}

/* "Transaction" numbers transactions, "Transactions" counts them. */
static const Concept *prefer_number(const Inference *inference, const InferColumn *column) {
  if ((!infer_is_concept(column, "order_count") && !infer_is_concept(column, "customer_count")) || column->words[1] != NULL)
    return column->concept;
  g_autofree char *phrase = retail_header_phrase(column->profile->column->label);
  g_autofree char *singular = text_singular(phrase);
  if (!g_str_equal(phrase, singular))
    return column->concept;
  const Concept *identifier = retail_lexicon_match(inference->lexicon, column->words, KIND(CONCEPT_IDENTIFIER), NULL);
  return identifier != NULL ? identifier : column->concept;
}

/* "Returned" that counts further than to 1 is how many came back. */
static const Concept *prefer_count(const Inference *inference, const InferColumn *column) {
  gboolean counts = column->profile->is_number && (column->profile->distinct > 2 || column->profile->high > 1);
  if (!counts || (!infer_is_concept(column, "return_flag") && !infer_is_concept(column, "cancel_flag")))
    return column->concept;
  return infer_is_concept(column, "return_flag") ? retail_lexicon_concept(inference->lexicon, "returned_units") : NULL;
}

/* Sizes of products are few; whole numbers that go far are how large something is. */
static const Concept *prefer_extent(const InferColumn *column) {
  const ColumnProfile *profile = column->profile;
  return infer_is_concept(column, "size") && profile->is_number && profile->high >= 200 && profile->distinct > 5 ? NULL : column->concept;
}

/* "Customer" is one of them; "Customers" in whole numbers, on rows that are not customers, is how many there were. */
static const Concept *prefer_quantity(const Inference *inference, const InferColumn *column) {
  const Concept *concept = column->concept;
  const ColumnProfile *profile = column->profile;
  if (concept == NULL || concept->kind != CONCEPT_IDENTIFIER || profile->column->type != FIELD_INTEGER || g_strv_length(column->words) != 1)
    return concept;
  g_autofree char *phrase = retail_header_phrase(profile->column->label);
  g_autofree char *singular = text_singular(phrase);
  gboolean unique = profile->filled > 1 && profile->distinct == profile->filled;
  if (g_str_equal(phrase, singular) || unique || profile->low < 0)
    return concept;
  return retail_lexicon_match(inference->lexicon, column->words, KIND(CONCEPT_MEASURE), NULL);
}

/* The number of a payment card has twelve digits at least; anything shorter is that of a loyalty card, which is a customer's. */
static const Concept *prefer_loyalty_card(const Inference *inference, const InferColumn *column) {
  if (!infer_is_concept(column, "card_number") || column->profile->longest >= 12 || !infer_has_word(column, "card"))
    return column->concept;
  return retail_lexicon_concept(inference->lexicon, "customer_id");
}

static InferColumn *column_new(const Inference *inference, InferTable *table, const ColumnProfile *profile) {
  InferColumn *column = g_new0(InferColumn, 1);
  column->table = table;
  column->profile = profile;
  column->scale = 1;
  column->words = words_of_column(inference->lexicon, table->profile->table, profile->column);
  column->concept = retail_lexicon_match(inference->lexicon, column->words, kinds_of_type(profile->column->type),
                                         &column->score);
  column->concept = prefer_name(inference, column);
  column->concept = prefer_number(inference, column);
  column->concept = prefer_quantity(inference, column);
  column->concept = prefer_extent(column);
  column->concept = prefer_count(inference, column);
  column->concept = prefer_loyalty_card(inference, column);
  column->is_key = profile->filled == table->profile->rows && profile->distinct == profile->filled && profile->filled > 1;
  return column;
}

/* ---- roles ---- */

static FieldRole role_of_text(InferColumn *column) {
  const ColumnProfile *profile = column->profile;
  const Concept *concept = column->concept;
  gboolean holds_lists = profile->listed > 0.5 && profile->average_length > 30 && !profile->column->is_path;
  if (profile->url > 0.5 || profile->email > 0.8 || (holds_lists && (concept == NULL || concept->kind != CONCEPT_NAME ||
                                                                    g_strcmp0(concept->entity, "customer") == 0)))
    return FIELD_ROLE_DETAIL;
  if (concept != NULL) {
    if (concept->kind == CONCEPT_DETAIL)
      return FIELD_ROLE_DETAIL;
    if (concept->kind == CONCEPT_IDENTIFIER && concept->entity == NULL && !column->is_key)
      return FIELD_ROLE_DETAIL;
    if (concept->kind == CONCEPT_IDENTIFIER) {
      gboolean grouped = profile->distinct <= FEW_VALUES && profile->distinct * 2 <= column->table->profile->rows &&
                         !g_str_equal(last_word(column), "id");
      return grouped ? FIELD_ROLE_DIMENSION : FIELD_ROLE_IDENTIFIER;
    }
    return FIELD_ROLE_DIMENSION;
  }
  if (g_str_equal(last_word(column), "id"))
    return FIELD_ROLE_IDENTIFIER;
  if (profile->average_length > LONG_TEXT)
    return FIELD_ROLE_DETAIL;
  if (column->is_key && profile->code > 0.95)
    return FIELD_ROLE_IDENTIFIER;
  if (profile->filled > 100 && profile->distinct * 10 > profile->filled * 9 && profile->spaced > 0.9)
    return FIELD_ROLE_DETAIL;
  return FIELD_ROLE_DIMENSION;
}

static FieldRole role_of_integer(InferColumn *column) {
  const ColumnProfile *profile = column->profile;
  static const char *const groups[] = {"group", "type", "class", "level", "tier", "zone", "status", "grade", "cluster",
                                       "flag", "band", "bracket", "is", "has", "segment", "priority", NULL};
  static const char *const places[] = {"latitude", "longitude", "lat", "lon", "lng", NULL};
  gboolean two_sided = profile->low >= 0 && profile->high <= 1 && profile->distinct == 2;
  if (column->concept != NULL) {
    switch (column->concept->kind) {
    case CONCEPT_IDENTIFIER:
      return column->concept->entity == NULL && !column->is_key ? FIELD_ROLE_DETAIL : FIELD_ROLE_IDENTIFIER;
    case CONCEPT_DIMENSION:
      return FIELD_ROLE_DIMENSION;
    case CONCEPT_DETAIL:
      return FIELD_ROLE_DETAIL;
    default:
      return FIELD_ROLE_MEASURE;
    }
  }
  if (g_str_equal(last_word(column), "id"))
    return FIELD_ROLE_IDENTIFIER;
  if (has_any_word(column, places))
    return FIELD_ROLE_DETAIL;
  gboolean year = g_str_equal(last_word(column), "year") && profile->low >= 1800 && profile->high <= 2100 && profile->distinct <= FEW_VALUES;
  if (two_sided || year || (has_any_word(column, groups) && profile->distinct <= FEW_VALUES))
    return FIELD_ROLE_DIMENSION;
  return FIELD_ROLE_MEASURE;
}

static FieldRole role_of(InferColumn *column) {
  if (column->profile->filled == 0)
    return FIELD_ROLE_DETAIL;
  switch (column->profile->column->type) {
  case FIELD_DATE:
  case FIELD_TIMESTAMP:
    return FIELD_ROLE_TIME;
  case FIELD_TIME:
    return FIELD_ROLE_DETAIL;
  case FIELD_BOOLEAN:
    return FIELD_ROLE_DIMENSION;
  case FIELD_INTEGER:
    return role_of_integer(column);
  case FIELD_TEXT:
    return role_of_text(column);
  case FIELD_DECIMAL:
  case FIELD_DOUBLE:
    break;
  }
  static const char *const places[] = {"latitude", "longitude", "lat", "lon", "lng", NULL};
  return has_any_word(column, places) ? FIELD_ROLE_DETAIL : FIELD_ROLE_MEASURE;
}

/* ---- numbers ---- */

static gboolean is_rate_word(const InferColumn *column) {
  static const char *const rates[] = {"rate", "ratio", "percent", "average", "mean", "score", "index", "per", "price", "median",
                                      "margin", "share", "temperature", "age", "rating", "probability", "cpi", "unemployment", "humidity", "minute", "duration", "second", "time",
                                      "inflation", NULL};
  return has_any_word(column, rates);
}

/* How long something took: added up it means nothing ("resolution hours"; hours worked are another matter). */
static gboolean is_wait(const InferColumn *column) {
  static const char *const waits[] = {"resolution", "response", "resolve", "reply", "handling", "handle", "wait", "waiting", "queue", "hold", "lead",
                                      "delivery", "processing", "turnaround", "cycle", "picking", "packing", "transit", "call", "talk", NULL};
  static const char *const units[] = {"minute", "min", "hour", "hr", "second", "sec", "day", "duration", NULL};
  return has_any_word(column, waits) && has_any_word(column, units);
}

/* A discount, margin or rate comes as a fraction, as a percentage, or as money. */
static void conclude_fraction(InferColumn *column, const char *money_unit) {
  const ColumnProfile *profile = column->profile;
  gboolean named_percent = infer_has_word(column, "percent") || infer_has_word(column, "rate") || infer_has_word(column, "ratio");
  gboolean named_money = infer_has_word(column, "amount") || infer_has_word(column, "value") || infer_has_word(column, "total");
  gboolean within_one = profile->low >= -1 && profile->high <= 1;
  gboolean steps = profile->low >= 0 && profile->high <= 95 && profile->high >= 5 && profile->whole == profile->filled &&
                   profile->distinct <= 30 && infer_is_concept(column, "discount");
  Field *field = column->field;
  if (profile->column->is_percent || (within_one && !named_money)) {
    field->default_aggregate = AGGREGATE_AVERAGE;
    model_set_text(&field->unit, "fraction");
  } else if (named_percent || (steps && !named_money)) {
    field->default_aggregate = AGGREGATE_AVERAGE;
    model_set_text(&field->unit, "percent");
    column->scale = 100;
  } else {
    field->default_aggregate = AGGREGATE_SUM;
    model_set_text(&field->unit, money_unit);
  }
}

static gboolean sounds_like_money(const InferColumn *column) {
  static const char *const money[] = {"amount", "cost", "price", "value", "fee", "salary", "income", "spend", "sale", "revenue",
                                      "profit", "charge", "payment", "money", "refund", "budget", "total", "balance",
                                      "expense", "wage", "rent", "subsidy", "credit", "debit", NULL};
  return column->profile->column->currency != NULL || retail_header_currency(column->field->label) != NULL ||
         has_any_word(column, money);
}

/* A unit of time or weight that the header names. */
static const char *named_unit(const InferColumn *column) {
  static const char *const units[][2] = {{"minute", "minutes"}, {"hour", "hours"}, {"hr", "hours"}, {"second", "seconds"}, {"day", "days"}, {"kg", "kg"},
                                         {"gram", "grams"}, {"km", "km"}, {"liter", "litres"}, {"litre", "litres"}};
  for (guint i = 0; i < G_N_ELEMENTS(units); i++)
    if (infer_has_word(column, units[i][0]))
      return units[i][1];
  return NULL;
}

static void conclude_measure(InferColumn *column) {
  const ColumnProfile *profile = column->profile;
  const char *currency = profile->column->currency;
  if (currency == NULL)
    currency = retail_header_currency(column->field->label);
  g_autofree char *money = currency != NULL ? g_strdup_printf("currency:%s", currency) : g_strdup("currency");
  Field *field = column->field;
  const Concept *concept = column->concept;
  if (concept == NULL || concept->kind != CONCEPT_MEASURE) {
    gboolean rate = is_rate_word(column) || is_wait(column) || profile->column->is_percent;
    field->default_aggregate = rate ? AGGREGATE_AVERAGE : AGGREGATE_SUM;
    const char *plain = profile->whole == profile->filled && !rate ? "count" : "";
    model_set_text(&field->unit, profile->column->is_percent ? "fraction" : sounds_like_money(column) ? money : plain);
    if (named_unit(column) != NULL && !infer_is_money(column))
      model_set_text(&field->unit, named_unit(column));
    if (infer_has_word(column, "percent") && !profile->column->is_percent)
      conclude_fraction(column, money);
  } else if (g_str_equal(concept->unit, "fraction")) {
    conclude_fraction(column, money);
  } else {
    field->default_aggregate = concept->aggregate;
    model_set_text(&field->unit, g_str_equal(concept->unit, "currency") ? money : concept->unit);
    if (currency != NULL && !g_str_equal(concept->unit, "currency") && g_str_equal(concept->unit, "count"))
      model_set_text(&field->unit, money);
  }
  column->is_rate = field->default_aggregate == AGGREGATE_AVERAGE;
}

/* ---- words and codes of dimensions ---- */

static gboolean is_flag(const InferColumn *column) {
  if (column->profile->column->type == FIELD_BOOLEAN)
    return TRUE;
  if (!column->profile->frequent_complete || column->profile->distinct == 0 || column->profile->distinct > 2)
    return FALSE;
  static const char *const flags[] = {"y", "n", "yes", "no", "true", "false", "t", "f", "0", "1", NULL};
  for (guint i = 0; i < column->profile->frequent->len; i++) {
    const FrequentValue *value = g_ptr_array_index(column->profile->frequent, i);
    g_autofree char *lower = g_ascii_strdown(value->value, -1);
    if (!g_strv_contains(flags, lower))
      return FALSE;
  }
  return TRUE;
}

gboolean infer_flag_is_true(const char *value) {
  static const char *const yes[] = {"y", "yes", "true", "t", "1", NULL};
  g_autofree char *lower = g_ascii_strdown(value, -1);
  return g_strv_contains(yes, lower);
}

/* The word of the group that the value is, spaces and hyphens aside; NULL. */
static const CodedValue *coded_as(const GPtrArray *group, const char *value) {
  g_autofree char *folded = text_fold(value);
  g_autoptr(GString) plain = g_string_new(folded);
  g_string_replace(plain, " ", "", 0);
  g_string_replace(plain, "-", "", 0);
  for (guint i = 0; group != NULL && i < group->len; i++) {
    const CodedValue *code = g_ptr_array_index(group, i);
    if (g_str_equal(code->code, plain->str))
      return code;
  }
  return NULL;
}

/* The yes of a column "is_member" is "member". */
static void add_flag_code(const Inference *inference, InferColumn *column, const char *value) {
  g_autoptr(GPtrArray) kept = g_ptr_array_new();
  static const char *const fillers[] = {"is", "has", "flag", "was", "indicator", "yn", NULL};
  for (char **word = column->words; *word != NULL; word++)
    if (!g_strv_contains(fillers, *word))
      g_ptr_array_add(kept, *word);
  g_ptr_array_add(kept, NULL);
  g_autofree char *phrase = g_strjoinv(" ", (char **)kept->pdata);
  if (*phrase == '\0')
    return;
  gboolean yes = infer_flag_is_true(value);
  g_autofree char *negative = g_strdup_printf("not %s", phrase);
  g_autofree char *without = g_strdup_printf("non-%s", phrase);
  g_autofree char *un = kept->len == 2 ? g_strdup_printf("un%s", phrase) : NULL; /* "unpaid" */
  const char *const labels[] = {yes ? phrase : negative, yes ? NULL : without, yes ? NULL : un, NULL};
  CodedValue *coded = model_add_code(column->field, value, labels);
  const CodedValue *opposite = yes ? NULL : coded_as(g_hash_table_lookup(inference->lexicon->codes, "opposite"), phrase);
  for (guint i = 0; opposite != NULL && opposite->labels[i] != NULL; i++) model_add_word(&coded->labels, opposite->labels[i]);
}

/* "Webshop" among the places where things are sold is what people call web or online; where several are, each keeps its own name. */
static void conclude_online(Inference *inference, InferColumn *column) {
  const ColumnProfile *profile = column->profile;
  const GPtrArray *group = g_hash_table_lookup(inference->lexicon->codes, "sold_online");
  const CodedValue *found = NULL;
  const FrequentValue *said = NULL;
  if (!profile->is_text || !profile->frequent_complete || profile->distinct < 2 || column->field->role != FIELD_ROLE_DIMENSION)
    return;
  for (guint i = 0; i < profile->frequent->len; i++) {
    const FrequentValue *value = g_ptr_array_index(profile->frequent, i);
    const CodedValue *code = coded_as(group, value->value);
    if (code != NULL && found != NULL)
      return;
    if (code != NULL) {
      found = code;
      said = value;
    }
  }
  if (found == NULL)
    return;
  g_autoptr(GPtrArray) labels = g_ptr_array_new();
  g_ptr_array_add(labels, said->value); /* the first is what is shown */
  for (char **label = found->labels; *label != NULL; label++)
    g_ptr_array_add(labels, *label);
  g_ptr_array_add(labels, NULL);
  model_add_code(column->field, said->value, (const char *const *)labels->pdata);
  infer_note_column(inference, column, "%s is where things are sold online", said->value);
}

/* "0" beside letters or words, in a column of occasions (holidays, events): none of them. */
static void conclude_nought(Inference *inference, InferColumn *column) {
  static const char *const occasions[] = {"holiday", "event", "promotion", "promo", "campaign", "offer", NULL};
  const ColumnProfile *profile = column->profile;
  const char *nought = NULL;
  for (guint i = 0; i < profile->frequent->len; i++) {
    const FrequentValue *value = g_ptr_array_index(profile->frequent, i);
    if (g_str_equal(value->value, "0") || g_ascii_strcasecmp(value->value, "none") == 0)
      nought = value->value;
  }
  if (nought == NULL || !profile->is_text || !profile->frequent_complete || profile->distinct < 2 || profile->distinct > 12 || !has_any_word(column, occasions))
    return;
  g_autofree char *phrase = g_strjoinv(" ", column->words);
  g_autofree char *none = g_strdup_printf("no %s", phrase);
  const char *const labels[] = {none, NULL};
  model_add_code(column->field, nought, labels);
  infer_note_column(inference, column, "\"%s\" is none", nought);
}

static void conclude_codes(Inference *inference, InferColumn *column) {
  const ColumnProfile *profile = column->profile;
  gboolean flag = is_flag(column) && !infer_is_concept(column, "gender");
  GPtrArray *codes = column->concept != NULL ? g_hash_table_lookup(inference->lexicon->codes, column->concept->name) : NULL;
  gboolean places = infer_is_concept(column, "state") || infer_is_concept(column, "country"); /* codes and names of known places */
  if (!profile->frequent_complete || (!flag && !places && profile->distinct > FLAG_VALUES))
    return;
  for (guint i = 0; i < profile->frequent->len; i++) {
    const FrequentValue *value = g_ptr_array_index(profile->frequent, i);
    gboolean known = FALSE;
    for (guint j = 0; codes != NULL && j < codes->len && !known; j++) {
      const CodedValue *code = g_ptr_array_index(codes, j);
      known = g_ascii_strcasecmp(code->code, value->value) == 0;
      if (known)
        model_add_code(column->field, value->value, (const char *const *)code->labels);
    }
    if (!known && flag && !infer_is_concept(column, "return_flag") && !infer_is_concept(column, "cancel_flag"))
      add_flag_code(inference, column, value->value);
  }
  if (column->field->codes->len == 0 && !flag)
    conclude_nought(inference, column);
  else if (column->field->codes->len > 0)
    infer_note_column(inference, column, "values %s are codes", flag ? "yes/no" : "of the column");
}

static void conclude_words(const Inference *inference, InferColumn *column) {
  Field *field = column->field;
  g_autofree char *slug_words = g_strdelimit(g_strdup(field->name), "_", ' ');
  g_autofree char *header_words = retail_header_spelled(inference->lexicon, field->label);
  g_autofree char *label = text_fold(field->label);
  g_autofree char *phrase = retail_header_phrase(field->label);
  if (g_strcmp0(phrase, label) != 0 && *phrase != '\0')
    model_add_word(&field->synonyms, phrase);
  if (g_strcmp0(slug_words, label) != 0)
    model_add_word(&field->synonyms, slug_words);
  if (g_strcmp0(header_words, label) != 0 && *header_words != '\0')
    model_add_word(&field->synonyms, header_words);
  if (column->says_short && field->role != FIELD_ROLE_IDENTIFIER && g_strcmp0(column->short_phrase, label) != 0)
    model_add_word(&field->synonyms, column->short_phrase);
  if (column->concept != NULL && field->role != FIELD_ROLE_MEASURE && (column->score >= 40 || column->words[1] == NULL))
    for (char **word = column->concept->words; *word != NULL; word++)
      if (g_strcmp0(*word, label) != 0)
        model_add_word(&field->synonyms, *word);
}

/* ---- personal data ---- */

static gboolean luhn_holds(const char *text) {
  int sum = 0, digits = 0;
  for (gssize i = (gssize)strlen(text) - 1; i >= 0; i--) {
    if (!g_ascii_isdigit(text[i]))
      continue;
    int digit = text[i] - '0';
    if (digits++ % 2 == 1)
      digit = digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
    sum += digit;
  }
  return digits >= 12 && digits <= 19 && sum % 10 == 0;
}

static gboolean holds_card_numbers(Inference *inference, const InferColumn *column, gboolean *holds, GError **error) {
  *holds = FALSE;
  if (!column->profile->is_text || column->profile->card < 0.9)
    return TRUE;
  g_autofree char *sql = g_strdup_printf("SELECT trim(%s) FROM %s WHERE %s IS NOT NULL LIMIT 200", column->profile->sql,
                                         column->table->profile->relation, column->profile->sql);
  g_autoptr(ResultTable) result = engine_query(inference->engine, sql, NULL, 0, inference->deadline, error);
  if (result == NULL)
    return FALSE;
  gsize right = 0;
  for (gsize row = 0; row < result->n_rows; row++)
    right += luhn_holds(result_table_at(result, row, 0)->text);
  *holds = result->n_rows > 0 && right * 10 >= result->n_rows * 9;
  return TRUE;
}

static gboolean conclude_personal(Inference *inference, InferColumn *column, GError **error) {
  gboolean card = FALSE;
  if (!holds_card_numbers(inference, column, &card, error))
    return FALSE;
  static const char *const classes[][2] = {{"email", "email"}, {"phone", "phone"}, {"address", "address"},
                                           {"person_name", "name"}, {"customer_name", "name"}, {"seller_name", "name"},
                                           {"card_number", "card"}};
  const char *personal = card ? "card" : column->profile->email > 0.8 ? "email" : NULL;
  for (guint i = 0; personal == NULL && i < G_N_ELEMENTS(classes); i++)
    if (infer_is_concept(column, classes[i][0]))
      personal = classes[i][1];
  if (personal == NULL && column->concept == NULL && column->profile->phone > 0.95 && infer_has_word(column, "contact"))
    personal = "phone";
  if (personal == NULL)
    return TRUE;
  model_set_text(&column->field->personal, personal);
  if (card || g_str_equal(personal, "email") || g_str_equal(personal, "phone"))
    column->field->role = FIELD_ROLE_DETAIL;
  infer_note_column(inference, column, "personal data: %s", personal);
  return TRUE;
}

/* ---- one column ---- */

static gboolean conclude_column(Inference *inference, InferTable *table, InferColumn *column, GError **error) {
  const ColumnProfile *profile = column->profile;
  FieldRole role = role_of(column);
  Field *field = model_builder_add_field(inference->builder, table->dataset, profile->column->name, NULL,
                                         profile->column->type, role);
  column->field = field;
  model_set_text(&field->label, profile->column->label);
  gsize letters = profile->column->label != NULL ? common_letters(table->profile->table) : 0;
  if (letters > 0) { /* people never say them; the header stays a word for it */
    static const char *const general[] = {"name", "type", "size", "address", "phone", "comment", "status", "code", "title", NULL};
    const char *bare = profile->column->label + letters;
    g_autofree char *thing = infer_table_noun(table->profile->table->table);
    g_autofree char *rest = g_strv_contains(general, bare) ? g_strdup_printf("%s %s", thing, bare) : g_strdup(bare);
    model_add_word(&field->synonyms, profile->column->label);
    model_set_text(&field->label, rest);
  }
  g_strstrip(field->label);
  model_set_text(&field->unit, "");
  field->distinct_count = profile->distinct;
  field->null_count = profile->nulls;
  model_set_text(&field->minimum, profile->minimum);
  model_set_text(&field->maximum, profile->maximum);
  model_set_text(&field->yes, profile->column->yes);
  model_set_text(&field->no, profile->column->no);
  if (profile->is_text && profile->longest > 200) { /* bounds of long text are no use to anyone */
    model_set_text(&field->minimum, NULL);
    model_set_text(&field->maximum, NULL);
  }
  if (profile->column->note != NULL)
    infer_note_column(inference, column, "%s", profile->column->note);
  if (profile->filled == 0)
    infer_note_column(inference, column, "the column is empty");
  if (role == FIELD_ROLE_MEASURE)
    conclude_measure(column);
  conclude_words(inference, column);
  if (role == FIELD_ROLE_DIMENSION)
    conclude_codes(inference, column);
  conclude_online(inference, column);
  if (column->concept != NULL)
    infer_note_column(inference, column, "the header says %s", column->concept->name);
  return conclude_personal(inference, column, error);
}

gboolean infer_columns(Inference *inference, InferTable *table, GError **error) {
  for (guint i = 0; i < table->profile->columns->len; i++)
    g_ptr_array_add(table->columns, column_new(inference, table, g_ptr_array_index(table->profile->columns, i)));
  infer_goods_of_lines(inference, table);
  infer_shared_prefixes(inference, table);
  infer_costs_of_clicks(inference, table);
  for (guint i = 0; i < table->profile->columns->len; i++)
    if (!conclude_column(inference, table, g_ptr_array_index(table->columns, i), error))
      return FALSE;
  return TRUE;
}
