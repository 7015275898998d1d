#include "ask/words.h"

#include <string.h>

#include "ask/token.h"
#include "base/embedded.h"

static const char *CLASS_NAMES[] = {
#define X(name) #name,
    WORD_CLASSES(X)
#undef X
};

const char *word_class_name(WordClass word) { return CLASS_NAMES[word]; }

static int find_class(const char *name) {
  for (int i = 0; i < WORD_CLASS_COUNT; i++)
    if (g_ascii_strcasecmp(CLASS_NAMES[i], name) == 0) return i;
  return -1;
}

static void add_phrase(EnglishWords *words, const char *raw, WordClass word) {
  g_autofree char *phrase = phrase_normalise(raw);
  if (!*phrase) return;
  WordSet *set = g_hash_table_lookup(words->phrases, phrase);
  if (set == NULL) {
    set = g_new0(WordSet, 1);
    g_hash_table_insert(words->phrases, g_strdup(phrase), set);
  }
  word_set_add(set, word);
  guint n_words = 1;
  for (const char *at = phrase; *at; at++) n_words += *at == ' ';
  words->longest = MAX(words->longest, n_words);
}

static gboolean read_classes(EnglishWords *words, const char *text, GError **error) {
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++) {
    char *line = g_strstrip(lines[i]);
    if (*line == '\0' || *line == '#') continue;
    char *colon = strchr(line, ':');
    if (colon != NULL) *colon = '\0';
    int word = colon != NULL ? find_class(line) : -1;
    if (word < 0) {
      g_set_error(error, AISLE_ERROR, AISLE_ERROR_INTERNAL, "english.txt:%u: no class of words is called '%s'", i + 1, line);
      return FALSE;
    }
    g_auto(GStrv) phrases = g_strsplit(colon + 1, "|", -1);
    for (char **phrase = phrases; *phrase; phrase++) add_phrase(words, g_strstrip(*phrase), (WordClass)word);
  }
  return TRUE;
}

static void read_stop_words(EnglishWords *words, const char *text) {
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++) {
    if (*lines[i] == '#') continue;
    g_auto(GStrv) parts = g_strsplit_set(lines[i], " \t", -1);
    for (char **part = parts; *part; part++) {
      g_autofree char *word = phrase_normalise(*part);
      g_auto(GStrv) pieces = g_strsplit(word, " ", -1);
      for (char **piece = pieces; *piece; piece++)
        if (**piece) g_hash_table_add(words->stop, g_strdup(*piece));
    }
  }
}

EnglishWords *english_words_new(GError **error) {
  EnglishWords *words = g_new0(EnglishWords, 1);
  words->phrases = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  words->stop = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  const EmbeddedFile *classes = embedded_file_find("english.txt"), *stop = embedded_file_find("stopwords.txt");
  if (classes == NULL || stop == NULL || !read_classes(words, classes->bytes, error)) {
    if (error != NULL && *error == NULL)
      g_set_error(error, AISLE_ERROR, AISLE_ERROR_INTERNAL, "the lexicon files are missing from this program");
    english_words_free(words);
    return NULL;
  }
  read_stop_words(words, stop->bytes);
  return words;
}

void english_words_free(EnglishWords *words) {
  if (words == NULL) return;
  g_hash_table_unref(words->phrases);
  g_hash_table_unref(words->stop);
  g_free(words);
}
