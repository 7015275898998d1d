/*
 * Planted errors: sentences are made over the shapes of the data file and over random results, then spoilt in every way
 * we could think of. All that are spoilt must be caught; all that are not must pass; nearly every result keeps a
 * sentence.
 */
#include "shape.h"
#include <math.h>
#include <string.h>

typedef struct {
  guint planted, caught, results, told, dropped;
} Tally;

static GPtrArray *sentences_of(const Shape *shape, Tally *tally) {
  g_autoptr(Narrative) narrative = insight_narrate(&shape->input);
  GPtrArray *sentences = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < narrative->sentences->len; i++)
    g_ptr_array_add(sentences, g_strdup(g_ptr_array_index(narrative->sentences, i)));
  tally->results++;
  tally->told += narrative->sentences->len > 0 ? 1 : 0;
  tally->dropped += narrative->dropped;
  return sentences;
}

static void plant(const Shape *shape, const char *original, const char *spoilt, const char *how, Tally *tally) {
  if (strcmp(original, spoilt) == 0) return;
  tally->planted++;
  if (!insight_check_sentence(&shape->input, spoilt, NULL)) {
    tally->caught++;
    return;
  }
  g_test_message("%s not caught in %s: %s (was: %s)", how, shape->name, spoilt, original);
  g_test_fail();
}

/* ---- numbers ---- */
static void spoil_digits(const Shape *shape, const char *sentence, Tally *tally) {
  for (gsize i = 0; sentence[i] != '\0'; i++) {
    if (!g_ascii_isdigit(sentence[i])) continue;
    for (int step = 1; step <= 9; step += 4) {
      g_autofree char *spoilt = g_strdup(sentence);
      spoilt[i] = (char)('0' + (spoilt[i] - '0' + step) % 10);
      plant(shape, sentence, spoilt, "digit", tally);
    }
  }
}

static GPtrArray *number_spans(const char *sentence) {
  g_autoptr(GRegex) regex = g_regex_new("-?[$£]?[0-9][0-9,]*(\\.[0-9]+)?( %| pp)?", 0, 0, NULL);
  g_autoptr(GMatchInfo) match = NULL;
  GPtrArray *spans = g_ptr_array_new_with_free_func(g_free);
  for (g_regex_match(regex, sentence, 0, &match); g_match_info_matches(match); g_match_info_next(match, NULL)) {
    int *span = g_new(int, 2);
    g_match_info_fetch_pos(match, 0, &span[0], &span[1]);
    if (sentence[span[1] - 1] == ',') /* the sentence's comma */
      span[1]--;
    g_ptr_array_add(spans, span);
  }
  return spans;
}

static char *swapped(const char *text, const int *one, const int *other) {
  return g_strdup_printf("%.*s%.*s%.*s%.*s%s", one[0], text, other[1] - other[0], text + other[0], other[0] - one[1],
                         text + one[1], one[1] - one[0], text + one[0], text + other[1]);
}

/* Two numbers in each other's place, where they are of one unit and so look possible; and where they do not. */
static void swap_numbers(const Shape *shape, const char *sentence, Tally *tally) {
  g_autoptr(GPtrArray) spans = number_spans(sentence);
  for (guint i = 0; i < spans->len; i++)
    for (guint k = i + 1; k < spans->len; k++) {
      g_autofree char *spoilt = swapped(sentence, g_ptr_array_index(spans, i), g_ptr_array_index(spans, k));
      plant(shape, sentence, spoilt, "swapped number", tally);
    }
}

static char *replaced_once(const char *text, gsize at, gsize length, const char *with) {
  return g_strdup_printf("%.*s%s%s", (int)at, text, with, text + at + length);
}

static gboolean whole_word(const char *text, gsize at, gsize length) {
  gboolean starts = at == 0 || !g_unichar_isalnum(g_utf8_get_char(g_utf8_prev_char(text + at)));
  return starts && !g_unichar_isalnum(g_utf8_get_char(text + at + length));
}

/* Every place where `word` stands as a word of its own (or as a sign) becomes `with`, one at a time. */
static void replace_each(const Shape *shape, const char *sentence, const char *word, const char *with, gboolean is_word,
                         const char *how, Tally *tally) {
  gsize length = strlen(word);
  for (const char *found = strstr(sentence, word); found != NULL; found = strstr(found + 1, word)) {
    gsize at = (gsize)(found - sentence);
    if (is_word && !whole_word(sentence, at, length)) continue;
    g_autofree char *spoilt = replaced_once(sentence, at, length, with);
    plant(shape, sentence, spoilt, how, tally);
  }
}

static void spoil_units(const Shape *shape, const char *sentence, Tally *tally) {
  static const char *const PAIRS[][2] = {{" %", " pp"}, {" pp", " %"}, {" %", ""},  {" pp", ""},
                                         {"$", "£"},    {"£", "$"},    {"£", "€"},  {"$", ""},
                                         {"£", ""},     {"-$", "$"},   {"-£", "£"}, {" %", " million"}};
  for (guint i = 0; i < G_N_ELEMENTS(PAIRS); i++)
    replace_each(shape, sentence, PAIRS[i][0], PAIRS[i][1], FALSE, "unit", tally);
  g_autoptr(GPtrArray) spans = number_spans(sentence);
  for (guint i = 0; i < spans->len; i++) {
    const int *span = g_ptr_array_index(spans, i);
    g_autofree char *number = g_strndup(sentence + span[0], (gsize)(span[1] - span[0]));
    if (sentence[span[1] - 1] == '%' || sentence[span[1] - 1] == 'p' || strpbrk(number, "123456789") == NULL) continue;
    static const char *const SCALES[] = {" million", "k", " %"};
    for (guint k = 0; k < G_N_ELEMENTS(SCALES); k++) {
      g_autofree char *spoilt = replaced_once(sentence, (gsize)span[1], 0, SCALES[k]);
      plant(shape, sentence, spoilt, "scale", tally);
    }
  }
}

static void spoil_signs(const Shape *shape, const char *sentence, Tally *tally) {
  g_autoptr(GPtrArray) spans = number_spans(sentence);
  for (guint i = 0; i < spans->len; i++) {
    const int *span = g_ptr_array_index(spans, i);
    g_autofree char *number = g_strndup(sentence + span[0], (gsize)(span[1] - span[0]));
    gboolean is_zero = strpbrk(number, "123456789") == NULL;
    if (*number == '-' || is_zero) continue;
    g_autofree char *spoilt = replaced_once(sentence, (gsize)span[0], 0, "-");
    plant(shape, sentence, spoilt, "sign", tally);
  }
}

static void spoil_number_words(const Shape *shape, const char *sentence, Tally *tally) {
  static const char *const WORDS[] = {"One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten"};
  for (guint i = 0; i < G_N_ELEMENTS(WORDS); i++)
    for (guint k = 0; k < G_N_ELEMENTS(WORDS); k++)
      if (i != k) replace_each(shape, sentence, WORDS[i], WORDS[k], TRUE, "number word", tally);
}

/* ---- directions and superlatives ---- */
static void spoil_words(const Shape *shape, const char *sentence, Tally *tally) {
  static const char *const PAIRS[][2] = {{"rose", "fell"},
                                         {"fell", "rose"},
                                         {"rose", "declined"},
                                         {"fell", "grew"},
                                         {"more", "less"},
                                         {"less", "more"},
                                         {"more", "fewer"},
                                         {"higher", "lower"},
                                         {"lower", "higher"},
                                         {"above", "below"},
                                         {"below", "above"},
                                         {"exceeded", "fell below"},
                                         {"ahead of", "behind"},
                                         {"unchanged", "up"},
                                         {"rose", "was unchanged"},
                                         {"highest", "lowest"},
                                         {"lowest", "highest"},
                                         {"most", "least"},
                                         {"most", "fewest"},
                                         {"fewest", "most"},
                                         {"largest", "smallest"},
                                         {"smallest", "largest"},
                                         {"peak", "low"},
                                         {"low", "peak"},
                                         {"top", "bottom"},
                                         {"has the highest", "trails in"},
                                         {"a loss of", "a profit of"},
                                         {"loss", "gain"},
                                         {"lost money", "made gains"},
                                         {"highest", "second highest"},
                                         {"in total", "on average"},
                                         {"an average of", "a total of"},
                                         {"together come", "on average come"}};
  for (guint i = 0; i < G_N_ELEMENTS(PAIRS); i++)
    replace_each(shape, sentence, PAIRS[i][0], PAIRS[i][1], TRUE, "word", tally);
}

/* ---- names ---- */
static GPtrArray *names_of(const Shape *shape) {
  GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
  for (guint c = 0; c < shape->columns->len; c++) {
    const AnswerColumn *column = g_ptr_array_index(shape->columns, c);
    if (column->role != COLUMN_DIMENSION) continue;
    for (gsize row = 0; row < shape->result->n_rows; row++) {
      const Value *value = result_table_at(shape->result, row, c);
      if (value->type != VALUE_TEXT) continue;
      g_autofree char *name = insight_format_value(column, value);
      if (g_utf8_strlen(name, -1) > 2 && !g_ptr_array_find_with_equal_func(names, name, g_str_equal, NULL))
        g_ptr_array_add(names, g_steal_pointer(&name));
    }
  }
  const Compare *compare = &shape->query->compare;
  if (compare->member != NULL) g_ptr_array_add(names, g_strdup(compare->member));
  if (compare->other != NULL) g_ptr_array_add(names, g_strdup(compare->other));
  if (compare->kind == COMPARE_PERIODS && shape->query->time.kind == TIME_ABSOLUTE) {
    Calendar calendar = CALENDAR_DEFAULT;
    g_ptr_array_add(names, day_range_describe(shape->query->time.from, shape->query->time.to, &calendar));
    g_ptr_array_add(names, day_range_describe(compare->baseline.from, compare->baseline.to, &calendar));
  }
  return names;
}

/* "In East in Home": the same place as "in Home in East". */
static gboolean name_one_place(const Shape *shape, const char *sentence, const char *one, const char *other) {
  g_autofree char *there = g_strdup_printf("In %s in %s,", one, other), *back = g_strdup_printf("In %s in %s,", other, one);
  return shape->query->limit_within > 1 && (strcasestr(sentence, there) != NULL || strcasestr(sentence, back) != NULL);
}

static void swap_names(const Shape *shape, const char *sentence, Tally *tally) {
  g_autoptr(GPtrArray) names = names_of(shape);
  for (guint i = 0; i < names->len; i++) {
    const char *one = g_ptr_array_index(names, i);
    if (strstr(sentence, one) == NULL) continue;
    for (guint k = 0; k < MIN(names->len, 12); k++)
      if (i != k) replace_each(shape, sentence, one, g_ptr_array_index(names, k), TRUE, "name", tally);
    replace_each(shape, sentence, one, "Ruritania", TRUE, "unknown name", tally);
    for (guint k = i + 1; k < names->len; k++) {
      const char *other = g_ptr_array_index(names, k), *at_one = strstr(sentence, one),
                 *at_other = strstr(sentence, other);
      if (at_one == NULL || at_other == NULL || strstr(one, other) != NULL || strstr(other, one) != NULL) continue;
      int first[2] = {(int)(at_one - sentence), (int)(at_one - sentence + (gssize)strlen(one))};
      int second[2] = {(int)(at_other - sentence), (int)(at_other - sentence + (gssize)strlen(other))};
      /* Two equal members in an enumeration may stand in either order. */
      gboolean joined =
          strstr(sentence, " tie for ") != NULL || strstr(sentence, " shown: ") != NULL ||
          (shape->query->dimensions->len == 2 && g_str_has_prefix(sentence, "The ")); /* one cell, either way */
      if (joined || name_one_place(shape, sentence, one, other) || !whole_word(sentence, (gsize)first[0], strlen(one)) ||
          !whole_word(sentence, (gsize)second[0], strlen(other)))
        continue;
      g_autofree char *spoilt =
          first[0] < second[0] ? swapped(sentence, first, second) : swapped(sentence, second, first);
      plant(shape, sentence, spoilt, "swapped name", tally);
    }
  }
}

static void spoil_sentence(const Shape *shape, const char *sentence, Tally *tally) {
  g_autofree char *why = NULL;
  gboolean passes = insight_check_sentence(&shape->input, sentence, &why);
  if (!passes) g_test_message("own sentence refused: %s (%s)", sentence, why);
  g_assert_true(passes);
  spoil_digits(shape, sentence, tally);
  swap_numbers(shape, sentence, tally);
  spoil_units(shape, sentence, tally);
  spoil_signs(shape, sentence, tally);
  spoil_number_words(shape, sentence, tally);
  spoil_words(shape, sentence, tally);
  swap_names(shape, sentence, tally);
}

static void spoil(const Shape *shape, Tally *tally) {
  g_autoptr(GPtrArray) sentences = sentences_of(shape, tally);
  for (guint i = 0; i < sentences->len; i++) spoil_sentence(shape, g_ptr_array_index(sentences, i), tally);
}

/* ---- random results ---- */
static const char *const PLACES[] = {"Ankara", "Bergen", "Cork",   "Dresden", "Espoo", "Faro",  "Ghent", "Haarlem",
                                     "Izmir",  "Jena",   "Krakow", "Lyon",    "Malmo", "Narva", "Oslo",  "Porto"};
static const char *const GOODS[] = {"Lamps", "Rugs", "Chairs", "Desks", "Vases", "Clocks"};
static const char *const UNITS[] = {"currency:USD", "currency:GBP", "count", "fraction", "currency", ""};

static double random_value(GRand *rand, const char *unit, gboolean may_be_negative) {
  double value = strcmp(unit, "fraction") == 0 ? g_rand_double_range(rand, 0.01, 0.9)
                 : strcmp(unit, "count") == 0  ? floor(g_rand_double_range(rand, 100, 9000))
                                               : round(exp(g_rand_double_range(rand, 4, 14)) * 100) / 100;
  return may_be_negative && g_rand_int_range(rand, 0, 4) == 0 ? -value : value;
}

static void append_measure(json_t *row, GRand *rand, const char *unit, gboolean compared, gboolean negative) {
  double value = random_value(rand, unit, negative);
  json_array_append_new(row, json_real(value));
  if (!compared) return;
  double previous = random_value(rand, unit, negative);
  json_array_append_new(row, json_real(previous));
  json_array_append_new(row, json_real(value - previous));
  json_array_append_new(row, json_real((value - previous) / previous));
}

static json_t *random_measure(GRand *rand, gboolean compared, const char **unit, gboolean *negative) {
  *unit = UNITS[g_rand_int_range(rand, 0, G_N_ELEMENTS(UNITS))];
  gboolean is_fraction = strcmp(*unit, "fraction") == 0, is_count = strcmp(*unit, "count") == 0;
  *negative = !is_fraction && !is_count && g_rand_boolean(rand);
  const char *label = is_fraction ? "Profit margin" : is_count ? "Orders" : *negative ? "Profit" : "Net revenue";
  json_t *measure = json_pack("{s:s, s:s, s:b}", "label", label, "unit", *unit, "additive", !is_fraction);
  if (compared)
    json_object_set_new(measure, "columns", json_pack("[s,s,s,s]", "value", "previous", "change", "growth"));
  return measure;
}

static json_t *random_rows(GRand *rand, int shape, const char *unit, gboolean compared, gboolean negative) {
  json_t *rows = json_array();
  int count = shape == 0   ? 1
              : shape == 1 ? g_rand_int_range(rand, 2, G_N_ELEMENTS(PLACES))
                           : g_rand_int_range(rand, 2, 13);
  if (shape < 3)
    for (int i = 0; i < count; i++) {
      json_t *row = json_array();
      if (shape == 1) json_array_append_new(row, json_string(PLACES[i]));
      if (shape == 2) {
        g_autofree char *month = g_strdup_printf("2020-%02d", i + 1);
        json_array_append_new(row, json_string(month));
      }
      append_measure(row, rand, unit, compared, negative);
      json_array_append_new(rows, row);
    }
  else
    for (int i = 0; i < 12; i++) {
      json_t *row = json_pack("[s,s]", PLACES[i / 3], GOODS[i % 3]);
      append_measure(row, rand, unit, compared, negative);
      json_array_append_new(rows, row);
    }
  return rows;
}

static int by_value_down(const void *a, const void *b) {
  double one = json_number_value(json_array_get(*(json_t *const *)a, 1)),
         two = json_number_value(json_array_get(*(json_t *const *)b, 1));
  return (one < two) - (one > two);
}

/* A "top 5": rows in order, a limit that was reached. */
static void cut_to_top(json_t *json) {
  json_t *rows = json_object_get(json, "rows");
  json_t *sorted[32];
  size_t count = MIN(json_array_size(rows), G_N_ELEMENTS(sorted)), i;
  for (i = 0; i < count; i++) sorted[i] = json_incref(json_array_get(rows, i));
  qsort(sorted, count, sizeof sorted[0], by_value_down);
  json_array_clear(rows);
  for (i = 0; i < count; i++)
    if (i < 5)
      json_array_append_new(rows, sorted[i]);
    else
      json_decref(sorted[i]);
  json_object_set_new(json, "limit", json_integer((json_int_t)MIN(count, 5)));
  json_object_set_new(json, "order", json_pack("{s:s, s:b}", "on", "value", "descending", TRUE));
}

static Shape *random_shape(GRand *rand, guint number) {
  int kind = g_rand_int_range(rand, 0, 4);
  gboolean compared = g_rand_boolean(rand) && kind != 3, negative = FALSE;
  gboolean by_members = compared && kind != 2 && g_rand_boolean(rand);
  const char *unit = NULL;
  g_autofree char *name = g_strdup_printf("random %u (kind %d%s)", number, kind, compared ? ", compared" : "");
  g_autoptr(json_t) json = json_pack("{s:s, s:[s,s]}", "name", name, "time", "2020-01-01", "2021-01-01");
  json_object_set_new(json, "measures", json_pack("[o]", random_measure(rand, compared, &unit, &negative)));
  if (kind == 1) json_object_set_new(json, "dimensions", json_pack("[{s:s}]", "label", "City"));
  if (kind == 2) json_object_set_new(json, "dimensions", json_pack("[{s:s, s:s}]", "label", "Month", "time", "month"));
  if (kind == 3)
    json_object_set_new(json, "dimensions", json_pack("[{s:s},{s:s}]", "label", "City", "label", "Category"));
  if (compared)
    json_object_set_new(json, "compare", json_string(by_members ? "members" : kind == 2 ? "previous" : "periods"));
  json_object_set_new(json, "baseline", json_pack("[s,s]", "2019-01-01", "2020-01-01"));
  if (by_members) {
    json_object_set_new(json, "compare_field", json_string("lines.brand"));
    json_object_set_new(json, "member", json_string("Acme"));
    json_object_set_new(json, "other", json_string("Zenith"));
  }
  json_object_set_new(json, "rows", random_rows(rand, kind, unit, compared, negative));
  if (kind == 1 && !compared && g_rand_boolean(rand)) cut_to_top(json);
  return shape_new(json);
}

/* ---- tests ---- */
static void test_shapes_of_the_file(void) {
  Tally tally = {0};
  g_autoptr(GPtrArray) shapes = shapes_load("shapes.json");
  for (guint i = 0; i < shapes->len; i++) spoil(g_ptr_array_index(shapes, i), &tally);
  g_test_message("%u results, %u told, %u planted errors, %u caught", tally.results, tally.told, tally.planted,
                 tally.caught);
  g_assert_cmpuint(tally.planted, >, 2000);
  g_assert_cmpuint(tally.caught, ==, tally.planted);
  g_assert_cmpuint(tally.told * 100, >=, tally.results * 95);
}

/* Sentences in other words than ours, as a language model would write them. */
static void test_loose_sentences(void) {
  Tally tally = {0};
  g_autoptr(GPtrArray) shapes = shapes_load("shapes.json");
  for (guint i = 0; i < shapes->len; i++) {
    const Shape *shape = g_ptr_array_index(shapes, i);
    size_t k;
    json_t *sentence;
    json_array_foreach (json_object_get(shape->json, "true"), k, sentence)
      spoil_sentence(shape, json_string_value(sentence), &tally);
  }
  g_test_message("%u planted errors, %u caught", tally.planted, tally.caught);
  g_assert_cmpuint(tally.planted, >, 1000);
  g_assert_cmpuint(tally.caught, ==, tally.planted);
}

static void test_random_results(void) {
  Tally tally = {0};
  g_autoptr(GRand) rand = g_rand_new_with_seed(20201231);
  guint rounds = g_test_slow() ? 600 : 200;
  for (guint i = 0; i < rounds; i++) {
    g_autoptr(Shape) shape = random_shape(rand, i);
    spoil(shape, &tally);
  }
  g_test_message("%u results, %u told, %u sentences dropped, %u planted errors, %u caught", tally.results, tally.told,
                 tally.dropped, tally.planted, tally.caught);
  g_assert_cmpuint(tally.planted, >, 20000);
  g_assert_cmpuint(tally.caught, ==, tally.planted);
  g_assert_cmpuint(tally.told * 100, >=, tally.results * 95);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/insight/mutation/shapes-of-the-file", test_shapes_of_the_file);
  g_test_add_func("/insight/mutation/loose-sentences", test_loose_sentences);
  g_test_add_func("/insight/mutation/random-results", test_random_results);
  return g_test_run();
}
