/* Tokens, phrases, and the word lists that travel in the program. */
#include <glib.h>
#include <string.h>

#include "ask/token.h"
#include "ask/words.h"

static void test_tokens(void) {
  g_autoptr(GArray) tokens = tokens_parse("Which country's sub-category made $1,000.50 or 12 %?");
  static const char *const FOLDS[] = {"which", "country", "sub", "category", "made", "1,000.50", "or", "12"};
  g_assert_cmpuint(tokens->len, ==, G_N_ELEMENTS(FOLDS));
  for (guint i = 0; i < tokens->len; i++) g_assert_cmpstr(token_at(tokens, i)->fold, ==, FOLDS[i]);
  g_assert_true(token_at(tokens, 3)->hyphen_before);
  g_assert_true(token_at(tokens, 5)->is_money);
  g_assert_cmpfloat(token_at(tokens, 5)->number, ==, 1000.5);
  g_assert_true(token_at(tokens, 7)->is_percent);
}

static void test_quotes_and_lists(void) {
  g_autoptr(GArray) tokens = tokens_parse("items called \"Red Lamp\" in A, B and C");
  g_assert_true(token_at(tokens, 2)->quoted);
  g_assert_true(token_at(tokens, 3)->quoted);
  g_assert_false(token_at(tokens, 4)->quoted);
  g_assert_true(token_at(tokens, 6)->comma_before);
}

static void test_phrases(void) {
  static const struct { const char *text, *phrase; } CASES[] = {{"Sub-Category", "sub category"}, {"InvoiceDate", "invoice date"},
      {"CustomerID", "customer id"}, {"Tax 5%", "tax 5"}, {"O'Neill & Sons", "oneill sons"}, {"ship_mode", "ship mode"}};
  for (guint i = 0; i < G_N_ELEMENTS(CASES); i++) {
    g_autofree char *phrase = phrase_normalise(CASES[i].text);
    g_assert_cmpstr(phrase, ==, CASES[i].phrase);
  }
}

static gboolean has(const EnglishWords *words, const char *phrase, WordClass word) {
  const WordSet *set = g_hash_table_lookup(words->phrases, phrase);
  return set != NULL && word_set_has(*set, word);
}

static void test_classes(void) {
  g_autoptr(GError) error = NULL;
  EnglishWords *words = english_words_new(&error);
  g_assert_no_error(error);
  g_assert_true(has(words, "how many", WORD_HOW_MANY));
  g_assert_true(has(words, "excluding", WORD_EXCLUDE));
  g_assert_true(has(words, "without", WORD_EXCLUDE) && has(words, "without", WORD_MISSING));
  g_assert_false(has(words, "how many", WORD_EXCLUDE));
  g_assert_true(g_hash_table_contains(words->stop, "the"));
  english_words_free(words);
}

/* A word that changes what is asked must never be one that may go unused. */
static void test_stop_words_mean_nothing(void) {
  static const WordClass MEANING[] = {WORD_NOT, WORD_EXCLUDE, WORD_EXCLUDE_AFTER, WORD_MISSING, WORD_RANK_HIGH, WORD_RANK_LOW, WORD_COMPARE,
      WORD_GROW, WORD_RISE, WORD_FALL, WORD_SHARE, WORD_AVERAGE, WORD_MEDIAN, WORD_CUMULATIVE, WORD_NEW, WORD_REPEAT, WORD_WHY, WORD_ONLY,
      WORD_BEST, WORD_WORST, WORD_MORE_THAN, WORD_LESS_THAN, WORD_NEGATIVE};
  EnglishWords *words = english_words_new(NULL);
  GHashTableIter iter;
  gpointer stop;
  g_hash_table_iter_init(&iter, words->stop);
  while (g_hash_table_iter_next(&iter, &stop, NULL))
    for (guint i = 0; i < G_N_ELEMENTS(MEANING); i++)
      if (has(words, stop, MEANING[i])) g_test_message("stop word '%s' is in class %s", (const char *)stop, word_class_name(MEANING[i])), g_test_fail();
  english_words_free(words);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/ask/words/tokens", test_tokens);
  g_test_add_func("/ask/words/quotes and lists", test_quotes_and_lists);
  g_test_add_func("/ask/words/phrases", test_phrases);
  g_test_add_func("/ask/words/classes", test_classes);
  g_test_add_func("/ask/words/stop words mean nothing", test_stop_words_mean_nothing);
  return g_test_run();
}
