/* Binding: which names of the result belong to which number, direction or superlative of a sentence. */
#include "insight/claim.h"
#include <math.h>
#include <string.h>

static const Token NOTHING = {.kind = TOKEN_WORD, .column = -1};

const Token *claim_token(const Check *check, int index) {
  if (index < 0 || index >= (int)check->tokens->len) return &NOTHING;
  return g_ptr_array_index(check->tokens, (guint)index);
}

Token *claim_token_mutable(const Check *check, int index) {
  return g_ptr_array_index(check->tokens, (guint)index);
}

gboolean claim_is_cue(const Check *check, int index, Cue cue) {
  const Token *token = claim_token(check, index);
  return token->kind == TOKEN_CUE && token->cue == cue;
}

gboolean claim_is_number(const Check *check, int index) {
  return claim_token(check, index)->kind == TOKEN_NUMBER;
}

static gboolean is_mark(const Token *token, const char *marks) {
  return token->kind == TOKEN_PUNCTUATION && token->length == 1 && strchr(marks, token->word[0]) != NULL;
}

static gboolean is_name(const Token *token) {
  return token->kind == TOKEN_MEMBER || token->kind == TOKEN_SIDE;
}

/* ---- extent ---- */
/* A comma within "North, South and West" separates nothing. */
static gboolean is_list_comma(const Check *check, int index) {
  const Token *before = claim_token(check, index - 1), *after = claim_token(check, index + 1);
  if (claim_is_cue(check, index + 1, CUE_AND)) after = claim_token(check, index + 2);
  return is_name(before) && before->kind == after->kind && before->dimension == after->dimension;
}

static gboolean ends_segment(const Check *check, int index) {
  return is_mark(claim_token(check, index), ";.!?");
}

static gboolean ends_clause(const Check *check, int index) {
  const Token *token = claim_token(check, index);
  if (ends_segment(check, index) || claim_is_cue(check, index, CUE_BREAK)) return TRUE;
  if (token->kind != TOKEN_PUNCTUATION) return FALSE;
  if (token->word[0] == ',') return !is_list_comma(check, index);
  return strchr(":()", token->word[0]) != NULL || g_str_has_prefix(token->word, "–") ||
         g_str_has_prefix(token->word, "—");
}

typedef gboolean (*Ends)(const Check *check, int index);
static void extent(const Check *check, int index, Ends ends, int *start, int *end) {
  *start = index;
  while (*start > 0 && !ends(check, *start - 1)) (*start)--;
  *end = index + 1;
  while (*end < (int)check->tokens->len && !ends(check, *end)) (*end)++;
}

void claim_segment(const Check *check, int index, int *start, int *end) {
  extent(check, index, ends_segment, start, end);
}

void claim_clause(const Check *check, int index, int *start, int *end) {
  extent(check, index, ends_clause, start, end);
}

gboolean claim_range_has(const Check *check, int start, int end, TokenKind kind, Cue cue) {
  for (int i = start; i < end; i++)
    if (claim_token(check, i)->kind == kind && (kind != TOKEN_CUE || claim_token(check, i)->cue == cue)) return TRUE;
  return FALSE;
}

/* ---- objects of comparisons ---- */
/* "from 2019 to 2020", "between 2019 and 2020": two ends, no place. */
static gboolean is_pair(const Check *check, int index) {
  if (!claim_is_cue(check, index, CUE_FROM)) return FALSE;
  return claim_is_cue(check, index + 2, g_strcmp0(claim_token(check, index)->word, "between") == 0 ? CUE_AND : CUE_TO);
}

static gboolean is_filler(const Check *check, int index) {
  const Token *token = claim_token(check, index);
  if (token->kind == TOKEN_WORD) return g_strcmp0(token->word, "with") == 0 || g_strcmp0(token->word, "that") == 0;
  return token->kind == TOKEN_CUE &&
         (token->cue == CUE_IN || token->cue == CUE_ARTICLE || token->cue == CUE_OF || token->cue == CUE_TO);
}

static gboolean starts_object(const Check *check, int index) {
  const Token *token = claim_token(check, index), *after = claim_token(check, index + 1);
  /* "up 20 % on the year before" */
  if (g_strcmp0(token->word, "on") == 0 && after->kind == TOKEN_SIDE && after->side < 0)
    return g_ascii_strncasecmp(check->text + after->start, "the ", 4) == 0;
  if (token->kind == TOKEN_CUE) return token->cue == CUE_THAN || token->cue == CUE_AGAINST;
  static const char *const WORDS[] = {"over",    "ahead",        "behind", "above", "below",     "exceeded", "exceeds",
                                      "outsold", "outperformed", "beat",   "beats", "surpassed", "as"};
  for (guint i = 0; token->word != NULL && i < G_N_ELEMENTS(WORDS); i++)
    if (strcmp(token->word, WORDS[i]) == 0) return TRUE;
  return FALSE;
}

void claim_mark_objects(Check *check) {
  for (int i = 0; i < (int)check->tokens->len; i++) {
    if (!starts_object(check, i)) continue;
    int next = i + 1;
    while (is_filler(check, next)) next++;
    const Token *first = claim_token(check, next);
    gboolean over_a_period = g_strcmp0(claim_token(check, i)->word, "over") == 0 && first->kind == TOKEN_MEMBER &&
                             view_dimension(check->view, first->dimension)->is_time;
    if (over_a_period || (!is_name(first) && first->kind != TOKEN_MEASURE)) continue;
    for (int last = next; last < (int)check->tokens->len; last++) {
      Token *token = claim_token_mutable(check, last);
      if (is_name(token) || (token->kind == TOKEN_MEASURE && last == next))
        token->is_object = TRUE;
      else if (!is_filler(check, last) || !is_name(claim_token(check, last + 1)))
        break;
    }
  }
}

/* ---- members ---- */
static void add_member(Subject *subject, const Token *token) {
  subject->any = TRUE;
  if (token->kind == TOKEN_SIDE) {
    subject->side = token->side;
    return;
  }
  guint dimension = token->dimension;
  if (dimension >= CLAIM_MAX_DIMENSIONS || subject->counts[dimension] >= CLAIM_MAX_MEMBERS) return;
  for (guint i = 0; i < subject->counts[dimension]; i++)
    if (strcmp(subject->members[dimension][i], token->label) == 0) return;
  subject->members[dimension][subject->counts[dimension]++] = token->label;
}

static gboolean is_bound(const Subject *subject, const Token *token) {
  return token->kind == TOKEN_SIDE ? subject->side != 0
                                   : token->dimension < CLAIM_MAX_DIMENSIONS && subject->counts[token->dimension] > 0;
}

static gboolean same_list(const Token *one, const Token *other) {
  return one->kind == TOKEN_MEMBER && other->kind == TOKEN_MEMBER && one->dimension == other->dimension;
}

static gboolean is_joint(const Check *check, int index) {
  return claim_is_cue(check, index, CUE_AND) || is_mark(claim_token(check, index), ",");
}

/* Adds the member at `index` and those joined to it by "and" and commas, in the given direction. Returns the last
 * index. */
static int add_group(const Check *check, int index, int step, Subject *subject) {
  const Token *first = claim_token(check, index);
  add_member(subject, first);
  for (;;) {
    int next = index + step;
    int joints = 0;
    while (is_joint(check, next) && joints < 2) {
      next += step;
      joints++;
    }
    if (joints == 0 || !same_list(first, claim_token(check, next)) || claim_token(check, next)->is_object) return index;
    index = next;
    add_member(subject, claim_token(check, index));
  }
}

gboolean claim_bind_after(const Check *check, int index, Subject *subject) {
  gboolean has_preposition = FALSE, found = FALSE;
  for (int i = index + 1; i < (int)check->tokens->len; i++) {
    const Token *token = claim_token(check, i);
    if (is_name(token)) {
      if (!has_preposition || token->is_object || is_bound(subject, token)) break;
      i = add_group(check, i, 1, subject);
      found = TRUE;
      continue;
    }
    gboolean is_in =
        token->kind == TOKEN_CUE && (token->cue == CUE_IN || token->cue == CUE_BY || token->cue == CUE_AT ||
                                     (token->cue == CUE_FROM && !claim_is_number(check, i + 1) && !is_pair(check, i)));
    has_preposition |= is_in;
    gboolean passes =
        is_in || token->kind == TOKEN_NOUN || (token->kind == TOKEN_MEASURE && !token->is_object) ||
        (token->kind == TOKEN_CUE && (token->cue == CUE_ARTICLE || token->cue == CUE_OF || token->cue == CUE_TOTAL));
    if (!passes) break;
  }
  return found;
}

void claim_bind_before(const Check *check, int index, Subject *subject) {
  int start, end;
  Subject nearest = {0};
  claim_segment(check, index, &start, &end);
  for (int i = index - 1; i >= start; i--) {
    const Token *token = claim_token(check, i);
    if (!is_name(token) || token->is_object || is_bound(subject, token) || is_bound(&nearest, token)) continue;
    i = add_group(check, i, -1, &nearest);
  }
  for (guint d = 0; d < CLAIM_MAX_DIMENSIONS; d++)
    if (subject->counts[d] == 0 && nearest.counts[d] > 0) {
      memcpy(subject->members[d], nearest.members[d], sizeof nearest.members[d]);
      subject->counts[d] = nearest.counts[d];
    }
  if (subject->side == 0) subject->side = nearest.side;
  subject->any |= nearest.any;
}

Subject claim_subject(const Check *check, int index) {
  Subject subject = {0};
  claim_bind_after(check, index, &subject);
  claim_bind_before(check, index, &subject);
  return subject;
}

gboolean claim_bind_range(const Check *check, int start, int end, gboolean objects, Subject *subject) {
  gboolean found = FALSE;
  for (int i = start; i < end; i++) {
    const Token *token = claim_token(check, i);
    if (!is_name(token) || token->is_object != objects || is_bound(subject, token)) continue;
    i = objects ? i : add_group(check, i, 1, subject);
    if (objects) add_member(subject, token);
    found = TRUE;
  }
  return found;
}

gboolean claim_row_matches(const Check *check, const Subject *subject, gsize row) {
  for (guint d = 0; d < check->view->dimensions->len && d < CLAIM_MAX_DIMENSIONS; d++) {
    gboolean matches = subject->counts[d] == 0;
    for (guint i = 0; i < subject->counts[d] && !matches; i++)
      matches = strcmp(subject->members[d][i], view_dimension(check->view, d)->labels[row]) == 0;
    if (!matches) return FALSE;
  }
  return TRUE;
}

gsize claim_rows(const Check *check, const Subject *subject, gsize *row) {
  gsize count = 0;
  for (gsize i = 0; i < check->view->n_rows; i++)
    if (claim_row_matches(check, subject, i) && count++ == 0) *row = i;
  return count;
}

/* ---- measures ---- */
BoundMeasure claim_measure(const Check *check, int index) {
  int start, end;
  claim_segment(check, index, &start, &end);
  for (int i = index + 1; i < end; i++) {
    const Token *token = claim_token(check, i);
    if (token->kind == TOKEN_MEASURE && !token->is_object) return (BoundMeasure){(int)token->measure, token->column};
    gboolean passes = token->kind == TOKEN_DIRECTION ||
                      (token->kind == TOKEN_CUE && (token->cue == CUE_OF || token->cue == CUE_IN ||
                                                    token->cue == CUE_ARTICLE || token->cue == CUE_TOTAL));
    if (!passes) break;
  }
  for (int i = index - 1; i >= start; i--) {
    const Token *token = claim_token(check, i);
    if (token->kind == TOKEN_MEASURE && !token->is_object) return (BoundMeasure){(int)token->measure, token->column};
  }
  return (BoundMeasure){check->view->measures->len == 1 ? 0 : -1, -1};
}

/* ---- facts ---- */
void claim_fact(Check *check, const Token *token, double value, const char *from_format, ...) {
  if (check->facts == NULL) return;
  va_list arguments;
  Fact *fact = g_new0(Fact, 1);
  fact->text = g_strndup(check->text + token->start, (gsize)token->length);
  gboolean is_whole = fabs(value) < 9e15 && value == nearbyint(value);
  fact->value = is_whole ? json_integer((json_int_t)value) : json_real(value);
  va_start(arguments, from_format);
  fact->from = g_strdup_vprintf(from_format, arguments);
  va_end(arguments);
  g_ptr_array_add(check->facts, fact);
}
