/* A text in pieces: words and numbers, in clauses and sentences. */
#include <string.h>

#include "ai/facts_private.h"

static void token_clear(gpointer data) {
  FactToken *token = data;
  g_free(token->word);
  g_free(token->single);
}

typedef struct {
  gboolean clause, sentence, begins;
} Break;

/* What the signs between two tokens mean. */
static Break break_between(const char *from, const char *to) {
  Break found = {FALSE, FALSE, FALSE};
  for (const char *c = from; c < to; c = g_utf8_next_char(c)) {
    gunichar sign = g_utf8_get_char(c);
    gboolean ends = (sign == '.' || sign == '!' || sign == '?') && (c + 1 >= to ? FALSE : g_ascii_isspace(c[1]) || c[1] == '"' || c[1] == ')' || c[1] == '*');
    if (ends || sign == '\n') found.sentence = found.clause = found.begins = TRUE;
    if (sign == ',' || sign == ';' || sign == ':' || sign == '(' || sign == ')' || sign == 0x2014) found.clause = TRUE;
    if (sign == ':' || sign == '"' || sign == '*' || sign == '-' || sign == '.' || sign == 0x201c) found.begins = TRUE;
  }
  return found;
}

static const char *end_of_word(const char *c) {
  while (*c != '\0' && g_unichar_isalnum(g_utf8_get_char(c))) c = g_utf8_next_char(c);
  return c;
}

/* "one percent", "only one", but not "the best one". */
static gboolean counts_one(const GArray *tokens, guint at) {
  static const char *const BEFORE[] = {"only", "just", "exactly", NULL};
  if (at > 0 && fact_is_one_of(g_array_index(tokens, FactToken, at - 1).word, BEFORE)) return TRUE;
  return at + 1 < tokens->len && strcmp(g_array_index(tokens, FactToken, at + 1).word, "percent") == 0;
}

/* A number of words, "twenty-five percent", becomes one token. */
static void join_number_words(GArray *tokens) {
  for (guint i = 0; i < tokens->len; i++) {
    const char *words[8] = {NULL};
    guint n = 0;
    for (guint j = i; j < tokens->len && n < G_N_ELEMENTS(words); j++, n++) {
      const FactToken *token = &g_array_index(tokens, FactToken, j);
      if (token->is_number || (n > 0 && token->clause != g_array_index(tokens, FactToken, i).clause)) break;
      words[n] = token->word;
    }
    double value;
    guint used = n > 0 ? fact_number_words(words, n, &value) : 0;
    if (used == 0 || (used == 1 && strcmp(words[0], "one") == 0 && !counts_one(tokens, i))) continue;
    FactToken *first = &g_array_index(tokens, FactToken, i);
    const char *end = g_array_index(tokens, FactToken, i + used - 1).end;
    g_autofree char *after = g_strdup_printf("1%s", end);
    FactNumber unit;
    fact_number_read(after, after, &unit);
    first->is_number = TRUE;
    first->number = (FactNumber){.start = first->start, .end = end, .value = value, .tolerance = 0.5, .percent = unit.percent, .points = unit.points, .times = unit.times,
                                 .currency = unit.currency, .in_words = TRUE, .whole = !unit.percent};
    first->number.loose = fact_loose_tolerance(value, 0.5);
    first->end = end;
    if (used > 1) g_array_remove_range(tokens, i + 1, used - 1);
  }
}

GArray *fact_tokens(const char *text) {
  GArray *tokens = g_array_new(FALSE, TRUE, sizeof(FactToken));
  g_array_set_clear_func(tokens, token_clear);
  guint clause = 0, sentence = 0;
  const char *last = text;
  for (const char *c = text; *c != '\0';) {
    gunichar letter = g_utf8_get_char(c);
    if (!g_unichar_isalnum(letter)) {
      c = g_utf8_next_char(c);
      continue;
    }
    Break between = break_between(last, c);
    clause += between.clause;
    sentence += between.sentence;
    FactToken token = {.start = c, .end = end_of_word(c), .name = -1, .clause = clause, .sentence = sentence, .begins = tokens->len == 0 || between.begins};
    if (g_ascii_isdigit(*c)) token.is_number = fact_number_read(text, c, &token.number);
    if (token.is_number) token.end = MAX(token.number.end, c + 1);
    g_autofree char *piece = g_strndup(c, (gsize)(token.end - c));
    token.word = text_fold(piece);
    token.single = text_singular(token.word);
    token.capital = g_unichar_isupper(letter);
    g_array_append_val(tokens, token);
    c = last = token.end;
    /* "North's" */
    if ((*c == '\'' && (c[1] == 's' || c[1] == 'S')) && !g_ascii_isalpha(c[2])) c = last = c + 2;
    else if (strncmp(c, "\xe2\x80\x99s", 4) == 0 && !g_ascii_isalpha(c[4])) c = last = c + 4;
  }
  join_number_words(tokens);
  return tokens;
}
