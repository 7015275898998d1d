/* People by their age, where the data knows it: "customers over 60", "women aged 30 to 40", "by age group". */
#include <string.h>

#include "ask/measures.h"

#define AGE_MAX 120
#define AGE_STEP 10

static const Field *age_field(const Parse *parse) {
  for (guint d = 0; d < parse->model->datasets->len; d++) {
    const Dataset *dataset = g_ptr_array_index(parse->model->datasets, d);
    for (guint f = 0; f < dataset->fields->len; f++) {
      const Field *field = g_ptr_array_index(dataset->fields, f);
      g_autofree char *phrase = phrase_normalise(field->label);
      gboolean number = field->type == FIELD_INTEGER || field->type == FIELD_DECIMAL || field->type == FIELD_DOUBLE;
      if (number && (strcmp(phrase, "age") == 0 || strcmp(phrase, "customer age") == 0 || strcmp(phrase, "age years") == 0)) return field;
    }
  }
  return NULL;
}

static gboolean names_age(const Parse *parse, const Item *item, const Field *age) {
  const Metric *metric = item_metric(item);
  return item->meaning.field == age || (metric != NULL && measure_row_field(parse, metric) == age);
}

/* Whether the words before `index` end with people: customers, women, or their age itself. */
static gboolean after_people(const Parse *parse, int index, const Field *age) {
  static const char *const KINDS[] = {"male", "female", "men", "women", "man", "woman", "males", "females", "ladies", "people", "those", "everyone", "anyone", NULL};
  static const char *const LINKS[] = {"is", "are", "were", "was", "who", "that", "aged", "ages", "of", "and", "whose", "the", NULL};
  for (int i = index; i >= 0; i--) {
    const Item *item = parse_item(parse, (guint)i);
    if (names_age(parse, item, age) || g_strv_contains(KINDS, parse_fold(parse, i))) return TRUE;
    if (item->kind == ITEM_ENTITY && strcmp(item->meaning.entity->name, "customer") == 0) return TRUE;
    if (item->kind == ITEM_VALUE || strcmp(parse_fold(parse, i), "from") == 0 || strcmp(parse_fold(parse, i), "in") == 0) continue; /* "customers from Ohio over 60" */
    if (!g_strv_contains(LINKS, parse_fold(parse, i))) return strcmp(parse_fold(parse, i), "aged") == 0;
  }
  return FALSE;
}

typedef struct { Operator op; double low, high; guint first, last; } AgeTest;

static gboolean is_age(const Item *item) {
  return item->kind == ITEM_NUMBER && !item->claimed && !item->money && !item->percent && !item->ordinal && item->number >= 0 && item->number <= AGE_MAX;
}

/* "over 60", "older than 40", "60 or older", "30 to 40", "between 30 and 40": the test whose number stands at `number`. */
static gboolean test_at(const Parse *parse, guint number, AgeTest *test) {
  const Item *before = number > 0 ? parse_item(parse, number - 1) : NULL, *after = number + 1 < parse_n(parse) ? parse_item(parse, number + 1) : NULL;
  const double value = parse_item(parse, number)->number;
  *test = (AgeTest){OP_EQUAL, value, value, number, number};
  const gboolean two = number + 2 < parse_n(parse) && is_age(parse_item(parse, number + 2)) && parse_item(parse, number + 2)->number > value;
  const gboolean joined = two && (strcmp(parse_fold(parse, (int)number + 1), "to") == 0 || item_is_word(after, WORD_AND));
  const gboolean between = before != NULL && item_is_word(before, WORD_BETWEEN);
  const gboolean aged = before != NULL && strcmp(parse_fold(parse, (int)number - 1), "aged") == 0;
  if (joined && (between || aged || strcmp(parse_fold(parse, (int)number + 1), "to") == 0)) {
    *test = (AgeTest){OP_BETWEEN, value, parse_item(parse, number + 2)->number, between || aged ? number - 1 : number, number + 2};
    return TRUE;
  }
  static const struct { WordClass word; Operator op; } OPERATORS[] = {{WORD_AT_LEAST, OP_GREATER_EQUAL}, {WORD_AT_MOST, OP_LESS_EQUAL},
      {WORD_MORE_THAN, OP_GREATER}, {WORD_LESS_THAN, OP_LESS}};
  for (guint i = 0; i < G_N_ELEMENTS(OPERATORS); i++) {
    if (before == NULL || !item_is_word(before, OPERATORS[i].word)) continue;
    test->op = OPERATORS[i].op;
    test->first = number - 1;
    return TRUE;
  }
  const char *compared = number >= 2 && strcmp(parse_fold(parse, (int)number - 1), "than") == 0 ? parse_fold(parse, (int)number - 2) : "";
  if (strcmp(compared, "older") == 0 || strcmp(compared, "younger") == 0) {
    test->op = strcmp(compared, "older") == 0 ? OP_GREATER : OP_LESS;
    test->first = number - 2;
    return TRUE;
  }
  if (aged) test->first = number - 1;
  return aged;
}

static void add_test(Parse *parse, const Field *age, const AgeTest *test) {
  Filter *filter = filter_new(FILTER_FIELD);
  filter->field = lexicon_field_path(age);
  filter->op = test->op;
  g_ptr_array_add(filter->values, g_strdup_printf("%g", test->low));
  if (test->op == OP_BETWEEN) g_ptr_array_add(filter->values, g_strdup_printf("%g", test->high));
  g_ptr_array_add(parse->query->filters, filter);
  for (guint i = test->first; i <= test->last; i++) parse_claim(parse, i, "age");
  static const char *const UNITS[] = {"years", "year", "old", "olds", "of", NULL};
  for (guint i = test->last + 1; i < parse_n(parse) && i <= test->last + 4; i++) {
    const Item *item = parse_item(parse, i);
    if (!g_strv_contains(UNITS, parse_fold(parse, (int)i)) && !names_age(parse, item, age)) break;
    parse_claim(parse, i, "age");
  }
  for (int i = (int)test->first - 1; i >= 0 && i >= (int)test->first - 2; i--)
    if (names_age(parse, parse_item(parse, (guint)i), age)) parse_claim(parse, (guint)i, "age");
}

/* "by age group", "age bands of 5": in steps. */
static gboolean read_groups(Parse *parse, const Field *age) {
  static const char *const GROUPS[] = {"group", "groups", "band", "bands", "bracket", "brackets", "range", "ranges", "bucket", "buckets", NULL};
  for (guint i = 0; i + 1 < parse_n(parse); i++) {
    if (parse_item(parse, i)->claimed || !names_age(parse, parse_item(parse, i), age) || !g_strv_contains(GROUPS, parse_fold(parse, (int)i + 1))) continue;
    double step = AGE_STEP;
    parse_claim(parse, i, "age group");
    parse_claim(parse, i + 1, "age group");
    for (guint k = i + 2; k < parse_n(parse) && k <= i + 6; k++) { /* "in steps of 5" */
      if (!is_age(parse_item(parse, k)) || parse_item(parse, k)->number < 1) continue;
      step = parse_item(parse, k)->number;
      for (guint c = i + 2; c <= k; c++) parse_claim(parse, c, "step");
      break;
    }
    const double low = age->minimum != NULL ? g_ascii_strtod(age->minimum, NULL) : 0, high = age->maximum != NULL ? g_ascii_strtod(age->maximum, NULL) : AGE_MAX;
    Dimension *dimension = dimension_new(DIMENSION_BUCKET);
    dimension->field = lexicon_field_path(age);
    if (dimension->edges == NULL) dimension->edges = g_array_new(FALSE, FALSE, sizeof(double));
    for (double edge = step; edge <= MIN(high, AGE_MAX); edge += step)
      if (edge > low) g_array_append_val(dimension->edges, edge);
    if (dimension->edges->len == 0) g_array_append_val(dimension->edges, step);
    g_ptr_array_add(parse->query->dimensions, dimension);
    parse->group_named = TRUE;
    if (i > 0 && (parse_free_word(parse, i - 1, WORD_BY) || parse_free_word(parse, i - 1, WORD_WHICH) || parse_free_word(parse, i - 1, WORD_EACH)))
      parse_claim(parse, i - 1, "group");
    return TRUE;
  }
  return FALSE;
}

void parse_ages(Parse *parse) {
  const Field *age = parse->verdict == NULL ? age_field(parse) : NULL;
  if (age == NULL || read_groups(parse, age)) return;
  for (guint i = 0; i < parse_n(parse); i++) {
    AgeTest test;
    if (!is_age(parse_item(parse, i)) || !test_at(parse, i, &test) || !after_people(parse, (int)test.first - 1, age)) continue;
    add_test(parse, age, &test);
    i = test.last;
  }
}
