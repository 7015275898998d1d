/* Headers as words, and the concept they mean. */
#include "model/infer.h"
#include <string.h>

/* Words that only say "this is an identifier" when they end a header: "Invoice No", "stock code", "customer key". */
static gboolean means_identifier(const char *word) {
  static const char *const words[] = {"id", "number", "code", "key", "reference", "ref", "identifier", "uid", "uuid",
                                      "guid", "ids", "#", "sk", "bk", "pk", "fk"};
  for (guint i = 0; i < G_N_ELEMENTS(words); i++)
    if (g_str_equal(word, words[i]))
      return TRUE;
  return FALSE;
}

/* What is longer is no name that somebody glued. */
#define MAX_GLUED_BYTES 60

/*
 * Cuts "orderdate" into known words with as few pieces as can be. Pieces of two letters are taken only at the end and
 * only where they are usual there; otherwise chance splits are too many.
 */
static gboolean split_glued(const RetailLexicon *lexicon, const char *glued, GPtrArray *pieces, int depth) {
  if (*glued == '\0')
    return TRUE;
  gsize length = strlen(glued);
  if (depth == 0 || length > MAX_GLUED_BYTES)
    return FALSE;
  for (gsize take = length; take >= 2; take--) {
    g_autofree char *piece = g_strndup(glued, take);
    static const char *const short_ends[] = {"id", "no", "dt", "cd", "nm", "nr", NULL};
    gboolean usable = take > 2 ? TRUE : take == length && g_strv_contains(short_ends, piece);
    gboolean filler = g_str_equal(piece, "per") || g_str_equal(piece, "for");
    gboolean known = !filler && (g_hash_table_contains(lexicon->vocabulary, piece) ||
                                 g_hash_table_contains(lexicon->abbreviations, piece));
    if (!usable || !known)
      continue;
    guint before = pieces->len;
    g_ptr_array_add(pieces, g_strdup(piece));
    if (split_glued(lexicon, glued + take, pieces, depth - 1))
      return TRUE;
    g_ptr_array_set_size(pieces, (int)before);
  }
  return FALSE;
}

static void add_word(const RetailLexicon *lexicon, GPtrArray *words, const char *word, gboolean may_split) {
  const char *long_form = g_hash_table_lookup(lexicon->abbreviations, word);
  if (long_form != NULL) {
    g_auto(GStrv) parts = g_strsplit(long_form, " ", -1);
    for (char **part = parts; *part != NULL; part++)
      g_ptr_array_add(words, strlen(*part) > 2 ? text_singular(*part) : g_strdup(*part));
    return;
  }
  if (may_split && strlen(word) >= 5 && !g_hash_table_contains(lexicon->vocabulary, word)) {
    g_autofree char *single = text_singular(word);
    g_autoptr(GPtrArray) pieces = g_ptr_array_new_with_free_func(g_free);
    if (!g_hash_table_contains(lexicon->vocabulary, single) && split_glued(lexicon, word, pieces, 4) && pieces->len > 1) {
      for (guint i = 0; i < pieces->len; i++)
        add_word(lexicon, words, g_ptr_array_index(pieces, i), FALSE);
      return;
    }
  }
  g_ptr_array_add(words, strlen(word) > 3 ? text_singular(word) : g_strdup(word));
}

/* Where one word ends and the next begins inside "ClientNo", "DocNo", "unitPrice", "SKUCode". */
static gboolean begins_word(const char *text, gsize at) {
  if (at == 0)
    return FALSE;
  gboolean upper = g_ascii_isupper(text[at]), lower_before = g_ascii_islower(text[at - 1]);
  gboolean upper_before = g_ascii_isupper(text[at - 1]), lower_after = g_ascii_islower(text[at + 1]);
  return (upper && lower_before) || (upper && upper_before && lower_after);
}

static gboolean is_number_word(const char *word) {
  return word[strspn(word, "0123456789.")] == '\0';
}

/* "Amount (USD)": the currency is the unit of the number, no part of its name. */
static gboolean is_currency_word(const char *word) {
  static const char *const codes[] = {"usd", "eur", "gbp", "inr", "aud", "cad", "chf", "jpy", "cny", "brl", "sek", "nok", "dkk",
                                      "pln", "mxn", "zar", "sgd", "hkd", "nzd", "aed", "mmk", "rs", NULL};
  return g_strv_contains(codes, word);
}

/* "addressline1" is an address line; "b2b" stays. */
static void drop_trailing_digits(GString *word) {
  gsize letters = word->len;
  while (letters > 0 && g_ascii_isdigit(word->str[letters - 1]))
    letters--;
  if (letters >= 4 && letters < word->len)
    g_string_truncate(word, letters);
}

/* Letters of any script belong to words; signs like that of a currency do not. */
static gboolean is_word_byte(const char *header, gsize at) {
  if ((header[at] & 0x80) == 0)
    return g_ascii_isalnum(header[at]);
  while (at > 0 && (header[at] & 0xC0) == 0x80)
    at--;
  gunichar character = g_utf8_get_char_validated(header + at, -1);
  return character < 0x110000 && g_unichar_isalnum(character);
}

const char *retail_header_currency(const char *header) {
  static const char *const signs[][2] = {{"£", "GBP"}, {"€", "EUR"}, {"₹", "INR"}, {"¥", "JPY"}, {"$", "USD"}};
  static const char *const codes[] = {"USD", "EUR", "GBP", "INR", "AUD", "CAD", "CHF", "JPY", "CNY", "BRL", "SEK", "NOK", "DKK", "PLN"};
  for (guint i = 0; i < G_N_ELEMENTS(signs); i++)
    if (strstr(header, signs[i][0]) != NULL)
      return signs[i][1];
  g_auto(GStrv) words = g_strsplit_set(header, " _-()[],./", -1);
  for (guint i = 0; i < G_N_ELEMENTS(codes); i++)
    for (char **word = words; *word != NULL; word++)
      if (g_ascii_strcasecmp(*word, codes[i]) == 0)
        return codes[i];
  return NULL;
}

static void replace_last(GPtrArray *words, const char *word) {
  g_ptr_array_remove_index(words, words->len - 1);
  g_ptr_array_add(words, g_strdup(word));
}

/* The sign after an N that means "number" in the languages of France, Spain and Italy. */
static gboolean is_numero(const char *sign, const GPtrArray *words) {
  gboolean degree = g_str_has_prefix(sign, "°") || g_str_has_prefix(sign, "º");
  return degree && words->len > 0 && g_str_equal(g_ptr_array_index(words, words->len - 1), "n");
}

static GPtrArray *raw_words(const char *header) {
  GPtrArray *words = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GString) word = g_string_new(NULL);
  for (gsize i = 0; ; i++) {
    gboolean inside = is_word_byte(header, i);
    if (word->len > 0 && (!inside || begins_word(header, i))) {
      drop_trailing_digits(word);
      if (!is_number_word(word->str))
        g_ptr_array_add(words, g_utf8_strdown(word->str, -1));
      else if (header[i] == '%') /* "Tax 5%": the rate is part of the name, the column is not a rate */
        i++;
      g_string_truncate(word, 0);
    }
    if (header[i] == '\0')
      return words;
    if (inside)
      g_string_append_c(word, header[i]);
    else if (header[i] == '%')
      g_ptr_array_add(words, g_strdup("percent"));
    else if (header[i] == '#')
      g_ptr_array_add(words, g_strdup("number"));
    else if (is_numero(header + i, words)) /* "N° commande" */
      replace_last(words, "id");
  }
}

char *retail_header_phrase(const char *header) {
  g_autoptr(GPtrArray) words = raw_words(header);
  g_ptr_array_add(words, NULL);
  return g_strjoinv(" ", (char **)words->pdata);
}

/* "DEALSIZE": what comes before a known word is a word as well, if only for people to say it. */
static gboolean split_known_end(const RetailLexicon *lexicon, const char *glued, GPtrArray *pieces) {
  gsize length = strlen(glued);
  for (gsize start = 3; length <= MAX_GLUED_BYTES && start + 4 <= length; start++)
    if (g_hash_table_contains(lexicon->vocabulary, glued + start)) {
      g_ptr_array_add(pieces, g_strndup(glued, start));
      g_ptr_array_add(pieces, g_strdup(glued + start));
      return TRUE;
    }
  return FALSE;
}

char *retail_header_spelled(const RetailLexicon *lexicon, const char *header) {
  g_autoptr(GPtrArray) raw = raw_words(header);
  g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < raw->len; i++) {
    const char *word = g_ptr_array_index(raw, i), *long_form = g_hash_table_lookup(lexicon->abbreviations, word);
    g_autoptr(GPtrArray) pieces = g_ptr_array_new_with_free_func(g_free);
    gboolean whole = raw->len > 1 || long_form != NULL || g_hash_table_contains(lexicon->vocabulary, word);
    if (!whole && !split_glued(lexicon, word, pieces, 4)) {
      g_ptr_array_set_size(pieces, 0);
      split_known_end(lexicon, word, pieces);
    }
    if (pieces->len == 0)
      g_ptr_array_add(words, g_strdup(long_form != NULL ? long_form : word));
    for (guint j = 0; j < pieces->len; j++) {
      const char *piece = g_ptr_array_index(pieces, j), *longer = g_hash_table_lookup(lexicon->abbreviations, piece);
      g_ptr_array_add(words, g_strdup(longer != NULL ? longer : piece));
    }
  }
  g_ptr_array_add(words, NULL);
  return g_strjoinv(" ", (char **)words->pdata);
}

/* "Code client", "ID Kunde": other languages say first that it is an identifier. "Key account" and "reference price" are none. */
static void put_identifier_last(GPtrArray *words) {
  static const char *const first[] = {"id", "code", NULL};
  if (!g_strv_contains(first, g_ptr_array_index(words, 0)) || means_identifier(g_ptr_array_index(words, 1)))
    return;
  gpointer word = g_ptr_array_index(words, 0);
  g_ptr_array_index(words, 0) = g_ptr_array_index(words, 1);
  g_ptr_array_index(words, 1) = word;
}

char **retail_header_words(const RetailLexicon *lexicon, const char *header) {
  g_autoptr(GPtrArray) raw = raw_words(header);
  GPtrArray *words = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < raw->len; i++) {
    const char *word = g_ptr_array_index(raw, i);
    if (raw->len == 1 || !is_currency_word(word)) /* words that people set apart are whole; only a header in one piece is cut */
      add_word(lexicon, words, word, raw->len == 1);
  }
  if (words->len == 2)
    put_identifier_last(words);
  if (words->len > 1) {
    char **last = (char **)&g_ptr_array_index(words, words->len - 1);
    const char *first = g_ptr_array_index(words, 0);
    gboolean counts = g_str_equal(first, "number"); /* "number of ..." */
    if (!counts && means_identifier(*last)) {
      g_free(*last);
      *last = g_strdup("id");
    }
  }
  g_ptr_array_add(words, NULL);
  return (char **)g_ptr_array_free(words, FALSE);
}

static gboolean contains_all(char **words, char **pattern) {
  for (char **word = pattern; *word != NULL; word++)
    if (!g_strv_contains((const char *const *)words, *word))
      return FALSE;
  return pattern[0] != NULL;
}

/* The words in the pattern's own order, others between them allowed: "order total" is not "total orders". */
static gboolean in_order(char **words, char **pattern) {
  for (; *words != NULL && *pattern != NULL; words++)
    pattern += g_str_equal(*words, *pattern);
  return *pattern == NULL;
}

/* Higher is better; below zero does not fit. A whole header beats any phrase inside it. */
static double pattern_score(char **words, guint n_words, const Concept *concept) {
  for (guint i = 0; i < concept->exact->len; i++) {
    char **pattern = g_ptr_array_index(concept->exact, i);
    if (g_strv_length(pattern) == n_words && contains_all(words, pattern))
      return 100 - 0.1 * MIN(i, 9);
  }
  for (char **word = concept->never; *word != NULL; word++)
    if (g_strv_contains((const char *const *)words, *word))
      return -1;
  double best = -1;
  for (guint i = 0; i < concept->headers->len; i++) {
    char **pattern = g_ptr_array_index(concept->headers, i);
    if (!contains_all(words, pattern))
      continue;
    guint length = g_strv_length(pattern);
    guint extra = n_words > length ? n_words - length : 0;
    gboolean same_end = g_str_equal(pattern[length - 1], words[n_words - 1]);
    double score = 20.0 * length - 4.0 * extra + (same_end ? 6 : 0) - 0.1 * MIN(i, 40) + (extra == 0 ? 20 : 0) -
                   (in_order(words, pattern) ? 0 : 8);
    best = MAX(best, score);
  }
  return best;
}

#define LEAST_SCORE 9

const Concept *retail_lexicon_match(const RetailLexicon *lexicon, char **words, guint kinds, double *score) {
  const Concept *best = NULL;
  double best_score = LEAST_SCORE;
  guint n_words = g_strv_length(words);
  for (guint i = 0; n_words > 0 && i < lexicon->concepts->len; i++) {
    const Concept *concept = g_ptr_array_index(lexicon->concepts, i);
    if ((kinds & (1u << concept->kind)) == 0)
      continue;
    double own = pattern_score(words, n_words, concept);
    if (own > best_score) {
      best = concept;
      best_score = own;
    }
  }
  if (score != NULL)
    *score = best != NULL ? best_score : 0;
  return best;
}
