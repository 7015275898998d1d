/* The fact check of one sentence: every claim in it must be tied to the result, or the sentence goes. */
#include "insight/check.h"
#include <math.h>
#include <string.h>

#define SENTENCE_MAX_BYTES 4000

static gboolean refuse(Check *check, int index, const char *what) {
  const Token *token = claim_token(check, index);
  if (check->why == NULL) check->why = g_strdup_printf("“%.*s” %s", token->length, check->text + token->start, what);
  return FALSE;
}

/* "one region", "in one": a number; "one of them" and "the one" are not. "make up" does not rise. */
static void read_in_company(Check *check) {
  for (int i = 0; i < (int)check->tokens->len; i++) {
    Token *token = claim_token_mutable(check, i);
    if (g_strcmp0(token->word, "up") == 0 && claim_is_cue(check, i - 1, CUE_SHARE)) token->kind = TOKEN_WORD;
    if (token->kind != TOKEN_WORD || g_strcmp0(token->word, "one") != 0) continue;
    gboolean counts = claim_token(check, i + 1)->kind == TOKEN_NOUN ||
                      (claim_is_cue(check, i + 1, CUE_OF) && claim_is_number(check, i + 2)) ||
                      (claim_is_cue(check, i - 1, CUE_IN) && claim_token(check, i - 2)->kind == TOKEN_DIRECTION);
    if (!counts) continue;
    token->kind = TOKEN_NUMBER;
    token->number = (NumberToken){.value = 1, .tolerance = 1e-9, .is_word = TRUE};
  }
}

/* "no regions", "no sales": zero of them. */
static gboolean check_none(Check *check, int index) {
  const Token *after = claim_token(check, index + 1);
  if (after->kind == TOKEN_NOUN) return check->view->n_rows == 0;
  BoundMeasure bound = claim_measure(check, index);
  Subject subject = claim_subject(check, index);
  gsize row = 0;
  gboolean is_missing = after->word != NULL && strcmp(after->word, "value") == 0;
  if ((after->kind != TOKEN_MEASURE && !is_missing) || bound.measure < 0) return FALSE;
  if (check->view->n_rows == 0) return TRUE;
  if (claim_rows(check, &subject, &row) != 1) return FALSE;
  const ViewMeasure *measure = view_measure(check->view, (guint)bound.measure);
  double value = view_number(check->view, row, subject.side < 0 ? measure->previous : measure->main);
  return isnan(value) || (value == 0 && !is_missing);
}

static gboolean makes_claim(const Token *token) {
  return token->kind == TOKEN_NUMBER || token->kind == TOKEN_DIRECTION || token->kind == TOKEN_SUPERLATIVE ||
         (token->kind == TOKEN_CUE && (token->cue == CUE_LOSS || token->cue == CUE_NO));
}

static gboolean check_negations(Check *check) {
  int negation = -1;
  gboolean claims = FALSE;
  for (int i = 0; i < (int)check->tokens->len; i++) {
    const Token *token = claim_token(check, i);
    claims |= makes_claim(token);
    gboolean denies = claim_is_cue(check, i, CUE_NOT) || claim_is_cue(check, i, CUE_ALWAYS);
    if (denies && negation < 0) negation = i;
  }
  return negation < 0 || !claims || refuse(check, negation, "cannot be held against the result");
}

/* "tied": two named members with one value. */
static gboolean check_tie(const Check *check, int index) {
  BoundMeasure bound = claim_measure(check, index);
  int start, end;
  Subject subject = {0};
  gsize found = 0;
  double first = 0;
  claim_clause(check, index, &start, &end);
  if (bound.measure < 0 || !claim_bind_range(check, start, end, FALSE, &subject)) return FALSE;
  const ViewMeasure *measure = view_measure(check->view, (guint)bound.measure);
  for (gsize row = 0; row < check->view->n_rows; row++) {
    if (!claim_row_matches(check, &subject, row)) continue;
    double value = view_number(check->view, row, measure->main);
    if (found++ == 0)
      first = value;
    else if (value != first)
      return FALSE;
  }
  return found >= 2;
}

static gboolean check_new(const Check *check, int index) {
  BoundMeasure bound = claim_measure(check, index);
  Subject subject = claim_subject(check, index);
  gsize row = 0;
  if (!check->view->is_compared || !subject.any) return TRUE;
  if (bound.measure < 0 || claim_rows(check, &subject, &row) != 1) return FALSE;
  const ViewMeasure *measure = view_measure(check->view, (guint)bound.measure);
  double before = view_number(check->view, row, measure->previous);
  return !(before > 0 || before < 0);
}

/* "April 2020 is incomplete": of one period, and so. */
static gboolean check_partial(const Check *check, int index) {
  Subject subject = claim_subject(check, index);
  gsize row = 0;
  if (!check->view->is_series) return TRUE;
  return subject.any && claim_rows(check, &subject, &row) == 1 && view_is_partial(check->view, row);
}

static gboolean check_cue(Check *check, int index) {
  const Token *token = claim_token(check, index);
  switch (token->cue) {
  case CUE_LOSS: return check_loss(check, index);
  case CUE_NEGATIVE: return check_loss(check, index);
  case CUE_NO: return check_none(check, index);
  case CUE_PARTIAL: return check_partial(check, index);
  case CUE_TIE: return check_tie(check, index);
  case CUE_NEW: return check_new(check, index);
  case CUE_SAME:
    /* "the same", "at level": only plain statements of no change are claims. */
    return !(strcmp(token->word, "unchanged") == 0 || strcmp(token->word, "flat") == 0 ||
             strcmp(token->word, "stable") == 0) ||
           check_same(check, index);
  default: return TRUE;
  }
}

/* "in 2020", "than 2019", "2020 was ...": a year. "were 2020", "2020 orders": an amount that looks like one. */
static gboolean year_stands_right(const Check *check, int index) {
  const Token *token = claim_token(check, index), *before = claim_token(check, index - 1);
  gboolean is_name = token->kind == TOKEN_MEMBER || token->kind == TOKEN_SIDE || token->kind == TOKEN_CONTEXT;
  if (!is_name || strspn(check->text + token->start, "0123456789") < (gsize)token->length) return TRUE;
  if (claim_is_cue(check, index + 1, CUE_IN) && claim_token(check, index + 2)->kind == TOKEN_MEMBER)
    return FALSE; /* "2020 in January" */
  if (index == 0 || (before->kind == TOKEN_PUNCTUATION && strchr(".;", before->word[0]) != NULL))
    return claim_token(check, index + 1)->kind != TOKEN_NOUN;
  if (before->kind == TOKEN_PUNCTUATION && before->word[0] == ',')
    return claim_token(check, index - 2)->kind == token->kind;
  if (claim_is_cue(check, index - 1, CUE_TO)) {
    /* "from 2019 to 2020", not "rose by 5 to 2020" */
    int start, end;
    claim_clause(check, index, &start, &end);
    for (int i = start; i < index; i++)
      if (claim_is_cue(check, i, CUE_FROM)) return claim_token(check, i + 1)->kind == token->kind;
    return FALSE;
  }
  if (before->kind == TOKEN_CUE)
    return before->cue == CUE_IN || before->cue == CUE_FROM || before->cue == CUE_THAN || before->cue == CUE_AND ||
           before->cue == CUE_AGAINST || before->cue == CUE_OF || before->cue == CUE_ARTICLE;
  static const char WORDS[] = " since until before after through throughout over year with ";
  g_autofree char *key = g_strdup_printf(" %s ", before->word != NULL ? before->word : "");
  return strstr(WORDS, key) != NULL;
}

/* Numbers first: direction words and superlatives lean on the numbers they go with. */
static gboolean check_tokens(Check *check) {
  int count = (int)check->tokens->len;
  for (int i = 0; i < count; i++) {
    if (claim_token(check, i)->kind == TOKEN_FOREIGN) return refuse(check, i, "is not in the result or the question");
    if (!year_stands_right(check, i)) return refuse(check, i, "is no amount of the result");
    if (claim_is_number(check, i) && !claim_token(check, i)->tied && !check_number(check, i))
      return refuse(check, i, "does not follow from the result");
  }
  for (int i = 0; i < count; i++) {
    const Token *token = claim_token(check, i);
    if (token->kind == TOKEN_DIRECTION && !check_direction(check, i))
      return refuse(check, i, "does not agree with a change in the result");
    if (token->kind == TOKEN_SUPERLATIVE && !check_superlative(check, i))
      return refuse(check, i, "is not true of what it is said of");
    if (token->kind == TOKEN_CUE && !check_cue(check, i)) return refuse(check, i, "does not follow from the result");
  }
  return TRUE;
}

gboolean check_sentence(const ResultView *view, const Phrases *phrases, const char *sentence, GPtrArray *facts,
                        char **why_not) {
  g_autoptr(GPtrArray) found = g_ptr_array_new();
  if (strlen(sentence) > SENTENCE_MAX_BYTES || !text_is_valid(sentence, strlen(sentence))) {
    if (why_not != NULL) *why_not = g_strdup("the sentence is too long or not valid text");
    return FALSE;
  }
  g_autoptr(GPtrArray) tokens = claim_tokenize(phrases, sentence);
  Check check = {.view = view, .tokens = tokens, .text = sentence, .facts = facts != NULL ? found : NULL};
  read_in_company(&check);
  claim_mark_objects(&check);
  gboolean ok = check_negations(&check) && check_tokens(&check);
  for (guint i = 0; i < found->len; i++) {
    Fact *fact = g_ptr_array_index(found, i);
    if (ok) {
      g_ptr_array_add(facts, fact);
      continue;
    }
    g_free(fact->text);
    g_free(fact->from);
    json_decref(fact->value);
    g_free(fact);
  }
  if (!ok && why_not != NULL) *why_not = g_steal_pointer(&check.why);
  g_free(check.why);
  return ok;
}

gboolean insight_check_sentence(const InsightInput *input, const char *sentence, char **why_not) {
  g_autoptr(ResultView) view = result_view_new(input);
  g_autoptr(Phrases) phrases = claim_phrases_new(view);
  if (why_not != NULL) *why_not = NULL;
  return check_sentence(view, phrases, sentence, NULL, why_not);
}
