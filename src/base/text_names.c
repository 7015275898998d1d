/* Names: slugs for columns and tables, English plurals. */
#include <string.h>

#include "base/text.h"

/* Longest physical name; PostgreSQL stops at 63 bytes. */
#define SLUG_MAX 60

/* Where one word ends and the next begins inside "ClientNo", "unitPrice", "SKUCode". */
static gboolean begins_word(const char *text, gsize at) {
  if (at == 0 || !g_ascii_isupper(text[at])) return FALSE;
  return g_ascii_islower(text[at - 1]) || (g_ascii_isupper(text[at - 1]) && g_ascii_islower(text[at + 1]));
}

static char *space_out_words(const char *text) {
  GString *out = g_string_new(NULL);
  for (gsize i = 0; text[i] != '\0'; i++) {
    if (begins_word(text, i)) g_string_append_c(out, ' ');
    g_string_append_c(out, text[i]);
  }
  return g_string_free(out, FALSE);
}

char *text_slug(const char *text) {
  g_autofree char *spaced = space_out_words(text);
  g_autofree char *folded = text_fold(spaced);
  g_autofree char *ascii = g_str_to_ascii(folded, "en");
  GString *out = g_string_new(NULL);
  gboolean gap = FALSE;
  for (const char *p = ascii; *p != '\0' && out->len < SLUG_MAX; p++) {
    char c = g_ascii_tolower(*p);
    if (c == '\'') continue; /* "men's" is "mens" */
    if (!g_ascii_isalnum(c)) {
      gap = out->len > 0;
      continue;
    }
    if (gap) g_string_append_c(out, '_');
    gap = FALSE;
    g_string_append_c(out, c);
  }
  if (out->len == 0 || g_ascii_isdigit(out->str[0])) g_string_prepend(out, "c_");
  return g_string_free(out, FALSE);
}

char *text_slug_unique(const char *text, GHashTable *taken) {
  g_autofree char *base = text_slug(text);
  char *name = g_strdup(base);
  for (int number = 2; g_hash_table_contains(taken, name); number++) {
    g_free(name);
    name = g_strdup_printf("%s_%d", base, number);
  }
  g_hash_table_add(taken, g_strdup(name));
  return name;
}

static const struct {
  const char *singular, *plural;
} irregular[] = {
    {"person", "people"},     {"child", "children"}, {"man", "men"},           {"woman", "women"},
    {"foot", "feet"},         {"tooth", "teeth"},    {"goose", "geese"},       {"mouse", "mice"},
    {"half", "halves"},       {"shelf", "shelves"},  {"leaf", "leaves"},       {"loaf", "loaves"},
    {"knife", "knives"},      {"wife", "wives"},     {"life", "lives"},        {"thief", "thieves"},
    {"wolf", "wolves"},       {"calf", "calves"},    {"scarf", "scarves"},     {"self", "selves"},
    {"analysis", "analyses"}, {"basis", "bases"},    {"crisis", "crises"},     {"axis", "axes"},
    {"potato", "potatoes"},   {"tomato", "tomatoes"}, {"hero", "heroes"},      {"echo", "echoes"},
    {"gas", "gases"},         {"bus", "buses"},         {"lens", "lenses"},    {"bias", "biases"},       {"alias", "aliases"},
    {"canvas", "canvases"},   {"atlas", "atlases"},  {"christmas", "christmases"}, {"quiz", "quizzes"},
    {"cache", "caches"},      {"movie", "movies"},   {"cookie", "cookies"},    {"brownie", "brownies"},
    {"calorie", "calories"},  {"selfie", "selfies"}, {"hoodie", "hoodies"},    {"tie", "ties"},
    {"pie", "pies"},          {"criterion", "criteria"}, {"datum", "data"},    {"index", "indexes"},
    {"shoe", "shoes"},        {"toe", "toes"},       {"ache", "aches"},        {"headache", "headaches"},
};

/* The same in both numbers, or words that only look like plurals. */
static const char *const invariable[] = {
    "series", "species", "news",   "sheep",  "fish",   "data",    "equipment", "furniture", "clothing", "jewelry",
    "clothes", "goods",  "jeans",  "always", "this",   "was",     "has",       "his",       "its",      "yes",
    "plus",   "vs",      "us",     "is",     "as",     "revenue", "stationery", "software", "hardware", "hosiery",
    "lingerie", "footwear", "makeup", "does", "ours",  "theirs",  "yours",     "besides",   "perhaps",  "various"};

static gboolean is_invariable(const char *word) {
  for (guint i = 0; i < G_N_ELEMENTS(invariable); i++) {
    if (strcmp(invariable[i], word) == 0) return TRUE;
  }
  return FALSE;
}

static gboolean is_vowel(char c) {
  return c != '\0' && strchr("aeiou", c) != NULL;
}

/* `lower` with its last `cut` bytes replaced by `end`. */
static char *with_ending(const char *lower, gsize cut, const char *end) {
  g_autofree char *start = g_strndup(lower, strlen(lower) - cut);
  return g_strconcat(start, end, NULL);
}

static char *singular_of(const char *word) {
  gsize n = strlen(word);
  for (guint i = 0; i < G_N_ELEMENTS(irregular); i++) {
    if (strcmp(irregular[i].plural, word) == 0 || strcmp(irregular[i].singular, word) == 0)
      return g_strdup(strcmp(word, "data") == 0 ? word : irregular[i].singular);
  }
  if (n < 3 || is_invariable(word) || word[n - 1] != 's' || word[n - 2] == '\'') return g_strdup(word);
  if (g_str_has_suffix(word, "ss") || g_str_has_suffix(word, "us") || g_str_has_suffix(word, "is")) return g_strdup(word);
  if (g_str_has_suffix(word, "ies") && n > 4) return with_ending(word, 3, "y");
  static const char *const es_after[] = {"ches", "shes", "xes", "sses", "zzes"};
  for (guint i = 0; i < G_N_ELEMENTS(es_after); i++) {
    if (g_str_has_suffix(word, es_after[i])) return with_ending(word, 2, "");
  }
  /* "statuses", but "warehouses" and "causes" */
  if (n > 6 && g_str_has_suffix(word, "uses") && word[n - 5] != 'o' && word[n - 5] != 'a')
    return with_ending(word, 2, "");
  return with_ending(word, 1, "");
}

static char *plural_of(const char *word) {
  gsize n = strlen(word);
  for (guint i = 0; i < G_N_ELEMENTS(irregular); i++) {
    if (strcmp(irregular[i].plural, word) == 0 || strcmp(irregular[i].singular, word) == 0)
      return g_strdup(irregular[i].plural);
  }
  if (n == 0 || is_invariable(word)) return g_strdup(word);
  g_autofree char *singular = singular_of(word);
  if (strcmp(singular, word) != 0) return g_strdup(word); /* it is one already */
  if (g_str_has_suffix(word, "is") && n > 4) return with_ending(word, 2, "es");
  char last = word[n - 1];
  if (last == 'y' && n > 1 && !is_vowel(word[n - 2])) return with_ending(word, 1, "ies");
  if (last == 's' || last == 'x' || last == 'z' || g_str_has_suffix(word, "ch") || g_str_has_suffix(word, "sh"))
    return g_strconcat(word, "es", NULL);
  return g_strconcat(word, "s", NULL);
}

/* Applies `change` to the last word, keeping what stands before it and a leading or full upper case. */
static char *change_last_word(const char *noun, char *(*change)(const char *)) {
  gsize n = strlen(noun), start = n;
  while (start > 0 && strchr(" -_/", noun[start - 1]) == NULL) start--;
  const char *word = noun + start;
  g_autofree char *lower = g_ascii_strdown(word, -1);
  g_autofree char *changed = change(lower);
  if (strcmp(changed, lower) == 0) return g_strdup(noun);
  /* Keep the spelling of the letters that both share. */
  gsize shared = 0;
  while (changed[shared] != '\0' && lower[shared] == changed[shared]) shared++;
  memcpy(changed, word, shared);
  if (shared == 0 && g_ascii_isupper(word[0])) changed[0] = g_ascii_toupper(changed[0]);
  g_autofree char *before = g_strndup(noun, start);
  return g_strconcat(before, changed, NULL);
}

char *text_plural(const char *noun) {
  return change_last_word(noun, plural_of);
}

char *text_singular(const char *noun) {
  return change_last_word(noun, singular_of);
}

int text_leading_number(const char *text) {
  int value = 0;
  for (int digits = 0; g_ascii_isdigit(*text) && digits < 9; text++, digits++) value = value * 10 + (*text - '0');
  return value;
}
