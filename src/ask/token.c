#include "ask/token.h"

#include <string.h>

static const char *CURRENCY_SIGNS = "$£€¥₹";

static void token_clear(gpointer pointer) {
  Token *token = pointer;
  g_free(token->text);
  g_free(token->fold);
  g_free(token->stem);
  g_free(token->singular);
  g_free(token->corrected_from);
}

static gboolean is_apostrophe(gunichar c) { return c == '\'' || c == 0x2019 || c == 0x2018; }

/* Folded word without apostrophes and possessive: "country's" -> "country", "didn't" -> "didn t" keeps its gap. */
static char *fold_word(const char *text) {
  g_autofree char *folded = text_fold(text);
  char *apostrophe = strchr(folded, '\'');
  if (apostrophe == NULL) return g_steal_pointer(&folded);
  if (strcmp(apostrophe, "'s") == 0 || strcmp(apostrophe, "'") == 0) {
    *apostrophe = '\0';
    return g_steal_pointer(&folded);
  }
  GString *out = g_string_new(NULL);
  for (const char *at = folded; *at; at++)
    if (*at != '\'') g_string_append_c(out, *at);
  return g_string_free(out, FALSE);
}

static void finish_word(Token *token) {
  token->fold = fold_word(token->text);
  token->stem = text_stem(token->fold);
  token->singular = text_singular(token->fold);
  gunichar first = g_utf8_get_char(token->text);
  token->is_capital = g_unichar_isupper(first);
  token->is_shouted = TRUE;
  for (const char *at = token->text; *at; at = g_utf8_next_char(at)) {
    gunichar c = g_utf8_get_char(at);
    if (g_unichar_isalpha(c) && !g_unichar_isupper(c)) token->is_shouted = FALSE;
  }
  token->is_number = g_unichar_isdigit(first);
  if (!token->is_number) return;
  GString *digits = g_string_new(NULL);
  gboolean wholly = TRUE;
  for (const char *at = token->text; *at; at++) {
    if (g_ascii_isdigit(*at) || *at == '.')
      g_string_append_c(digits, *at);
    else if (*at != ',')
      wholly = FALSE;
  }
  token->number_ok = wholly;
  token->number = g_ascii_strtod(digits->str, NULL);
  g_string_free(digits, TRUE);
}

/* End of the word that starts at `at`; numbers keep inner . and , between digits. */
static const char *word_end(const char *at) {
  gboolean numeric = g_ascii_isdigit(*at);
  while (*at) {
    gunichar c = g_utf8_get_char(at);
    const char *next = g_utf8_next_char(at);
    gboolean inner_mark = numeric && (c == '.' || c == ',') && g_ascii_isdigit(*next);
    if (numeric && c == ',' && inner_mark) /* a comma groups three digits; else it separates */
      inner_mark = g_ascii_isdigit(next[1]) && g_ascii_isdigit(next[2]) && !g_ascii_isdigit(next[3]);
    gboolean inner_apostrophe = is_apostrophe(c) && g_unichar_isalpha(g_utf8_get_char(next));
    if (!g_unichar_isalnum(c) && !inner_mark && !inner_apostrophe && g_unichar_type(c) != G_UNICODE_NON_SPACING_MARK) break;
    at = next;
  }
  return at;
}

/* "top5", "bottom10": where the number begins; NULL: it is one word. */
static const char *glued_number(const char *at, const char *end) {
  static const char *const RANKS[] = {"top", "bottom", "best", "worst", "first", "last"};
  for (guint i = 0; i < G_N_ELEMENTS(RANKS); i++) {
    gsize length = strlen(RANKS[i]);
    if ((gsize)(end - at) <= length || g_ascii_strncasecmp(at, RANKS[i], length) != 0) continue;
    const char *digits = at + length;
    while (digits < end && g_ascii_isdigit(*digits)) digits++;
    if (digits == end) return at + length;
  }
  return NULL;
}

/* "per cent" is one word; after a number it is the number's. Takes the token. */
static void join_percent(GArray *tokens, Token *cent) {
  Token *per = token_at(tokens, tokens->len - 1), *number = tokens->len > 1 ? token_at(tokens, tokens->len - 2) : NULL;
  gboolean of_number = number != NULL && number->number_ok;
  int end = cent->start + cent->length;
  token_clear(cent);
  if (of_number) {
    number->is_percent = TRUE;
    number->length = end - number->start;
    g_array_set_size(tokens, tokens->len - 1);
    return;
  }
  Token percent = {.start = per->start, .length = end - per->start, .text = g_strdup("percent"), .is_word = TRUE, .comma_before = per->comma_before};
  g_array_set_size(tokens, tokens->len - 1);
  finish_word(&percent);
  g_array_append_val(tokens, percent);
}

GArray *tokens_parse(const char *question) {
  GArray *tokens = g_array_new(FALSE, TRUE, sizeof(Token));
  g_array_set_clear_func(tokens, token_clear);
  gboolean hyphen = FALSE, comma = FALSE, money = FALSE, quoted = FALSE, minus = FALSE;
  gboolean after_space = TRUE;
  for (const char *at = question; *at;) {
    gunichar c = g_utf8_get_char(at);
    const char *next = g_utf8_next_char(at);
    if (g_unichar_isalnum(c)) {
      const char *end = word_end(at);
      const char *glued = glued_number(at, end); /* "top5" */
      if (glued != NULL) end = glued;
      Token token = {.start = (int)(at - question), .length = (int)(end - at), .text = g_strndup(at, (gsize)(end - at)),
                     .is_word = TRUE, .hyphen_before = hyphen, .comma_before = comma, .is_money = money, .quoted = quoted};
      finish_word(&token);
      Token *per = tokens->len > 0 ? token_at(tokens, tokens->len - 1) : NULL;
      if (per != NULL && strcmp(per->fold, "per") == 0 && (strcmp(token.fold, "cent") == 0 || strcmp(token.fold, "cents") == 0)) {
        join_percent(tokens, &token);
        at = end;
        continue;
      }
      if (minus && token.number_ok) token.number = -token.number; /* "below -500" */
      minus = FALSE;
      g_array_append_val(tokens, token);
      hyphen = comma = money = after_space = FALSE;
      at = end;
      continue;
    }
    Token *last = tokens->len > 0 ? token_at(tokens, tokens->len - 1) : NULL;
    if (c == '"' || c == 0x201C || c == 0x201D) quoted = !quoted;
    if (c == '%' && last != NULL && last->number_ok) {
      last->is_percent = TRUE;
    } else if (c == '%') { /* "what % of sales" */
      Token percent = {.start = (int)(at - question), .length = 1, .text = g_strdup("percent"), .is_word = TRUE, .comma_before = comma};
      finish_word(&percent);
      g_array_append_val(tokens, percent);
      comma = FALSE;
    }
    if (c == '>' || c == '<') { /* "> 500", "<= 3" */
      gboolean equal = *next == '=';
      Token compares = {.start = (int)(at - question), .length = equal ? 2 : 1, .is_word = TRUE, .comma_before = comma,
                        .text = g_strdup(equal ? (c == '>' ? "gte" : "lte") : (c == '>' ? "above" : "below"))};
      finish_word(&compares);
      g_array_append_val(tokens, compares);
      comma = FALSE;
      if (equal) next++;
    }
    if (g_utf8_strchr(CURRENCY_SIGNS, -1, c) != NULL) {
      if (last != NULL && last->number_ok && !after_space)
        last->is_money = TRUE;
      else
        money = TRUE;
    }
    if ((c == '-' || c == '/' || c == 0x2013 || c == 0x2011 || c == 0x2014) && last != NULL) {
      minus = after_space && g_ascii_isdigit(*next);
      hyphen = !minus;
    }
    static const char *const SHORTENED[] = {"no", "nr", "avg", "approx", "vs", "incl", "excl", "qty", "max", "min", "ca", "jan", "feb", "mar",
                                            "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec", NULL};
    gboolean abbreviation = c == '.' && last != NULL && g_strv_contains(SHORTENED, last->fold);
    if (!abbreviation && (c == ',' || c == ';' || c == '?' || c == '!' || c == '.' || c == ':')) comma = TRUE;
    after_space = g_unichar_isspace(c);
    at = next;
  }
  return tokens;
}

void token_correct(Token *token, const char *fold) {
  token->corrected_from = g_steal_pointer(&token->fold);
  token->fold = g_strdup(fold);
  g_free(token->stem);
  token->stem = text_stem(fold);
  g_free(token->singular);
  token->singular = text_singular(fold);
}

static char *join(const GArray *tokens, guint first, guint count, gboolean stems) {
  GString *out = g_string_new(NULL);
  for (guint i = first; i < first + count && i < tokens->len; i++) {
    if (out->len > 0) g_string_append_c(out, ' ');
    g_string_append(out, stems ? token_at(tokens, i)->stem : token_at(tokens, i)->fold);
  }
  return g_string_free(out, FALSE);
}

char *tokens_fold_phrase(const GArray *tokens, guint first, guint count) { return join(tokens, first, count, FALSE); }
char *tokens_stem_phrase(const GArray *tokens, guint first, guint count) { return join(tokens, first, count, TRUE); }

char *tokens_source(const char *question, const GArray *tokens, guint first, guint count) {
  int start = token_at(tokens, first)->start;
  const Token *last = token_at(tokens, first + count - 1);
  return g_strndup(question + start, (gsize)(last->start + last->length - start));
}

char *phrase_normalise(const char *text) {
  GString *spaced = g_string_new(NULL);
  gunichar before = 0;
  for (const char *at = text; *at; at = g_utf8_next_char(at)) {
    gunichar c = g_utf8_get_char(at);
    const char *next = g_utf8_next_char(at);
    gboolean new_word = g_unichar_isupper(c) && (g_unichar_islower(before) ||
                        (g_unichar_isupper(before) && g_unichar_islower(g_utf8_get_char(next)) && g_utf8_get_char(next) != 's'));
    if (new_word) g_string_append_c(spaced, ' ');
    if (is_apostrophe(c)) {
      before = c;
      continue;
    }
    g_string_append_unichar(spaced, g_unichar_isalnum(c) ? c : ' ');
    before = c;
  }
  g_autofree char *raw = g_string_free(spaced, FALSE);
  return text_fold(raw);
}

char *phrase_stem(const char *phrase) {
  g_auto(GStrv) words = g_strsplit(phrase, " ", -1);
  for (char **word = words; *word; word++) {
    char *stem = text_stem(*word);
    g_free(*word);
    *word = stem;
  }
  return g_strjoinv(" ", words);
}
