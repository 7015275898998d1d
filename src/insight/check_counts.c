/* Counts ("3 of 4 regions", "the top 3"), and bounds ("above $500"). */
#include "insight/check.h"
#include <math.h>
#include <string.h>

/* ---- counts ---- */
gboolean check_is_count(const Check *check, int index) {
  const Token *token = claim_token(check, index);
  if (token->number.unit != NUMBER_PLAIN || token->number.has_sign) return FALSE;
  if (claim_token(check, index + 1)->kind == TOKEN_NOUN) return TRUE;
  gboolean before_of = claim_is_cue(check, index + 1, CUE_OF) &&
                       (claim_is_number(check, index + 2) || claim_is_number(check, index + 3) ||
                        claim_token(check, index + 3)->kind == TOKEN_NOUN);
  gboolean after_of = claim_is_cue(check, index - 1, CUE_OF) && claim_is_number(check, index - 2);
  return before_of || after_of;
}

static const Token *counted_noun(const Check *check, int index) {
  for (int i = index + 1; i < index + 5; i++)
    if (claim_token(check, i)->kind == TOKEN_NOUN) return claim_token(check, i);
  return NULL;
}

static gsize count_groups(const Check *check, const Token *noun) {
  const ResultView *view = check->view;
  if (noun == NULL || noun->dimension == G_MAXUINT || view->dimensions->len < 2) return view->n_rows;
  g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
  for (gsize row = 0; row < view->n_rows; row++)
    g_hash_table_add(seen, view_dimension(view, noun->dimension)->labels[row]);
  return g_hash_table_size(seen);
}

/* What the counted groups have in common. */
typedef enum { FITS_ALL, FITS_CHANGE, FITS_LOSS, FITS_BOUND } PredicateKind;
typedef struct {
  PredicateKind kind;
  const ViewMeasure *measure;
  int direction;
  double bound;
  gboolean or_equal;
} Predicate;

static gboolean row_fits(const ResultView *view, const Predicate *predicate, gsize row) {
  Delta delta;
  double value = predicate->kind != FITS_ALL ? view_number(view, row, predicate->measure->main) : 0;
  switch (predicate->kind) {
  case FITS_ALL: return TRUE;
  case FITS_CHANGE:
    return derive_row_delta(view, predicate->measure, row, &delta) &&
           (isnan(delta.change) ? delta.growth : delta.change) * predicate->direction > 0;
  case FITS_LOSS: return value < 0;
  case FITS_BOUND:
    return (value - predicate->bound) * predicate->direction > 0 || (predicate->or_equal && value == predicate->bound);
  }
  return FALSE;
}

static gsize count_fitting(const ResultView *view, const Predicate *predicate) {
  gsize count = 0;
  for (gsize row = 0; row < view->n_rows; row++) count += row_fits(view, predicate, row) ? 1 : 0;
  return count;
}

/* "rose in 3 and fell in 2": each way once. */
static gboolean says_direction_twice(const Check *check, int index, int direction) {
  int start, end, other = 0;
  claim_segment(check, index, &start, &end);
  for (int i = start; i < end; i++)
    if (i != index && claim_is_number(check, i) && check_is_direction_count(check, i, &other) && other == direction)
      return TRUE;
  return FALSE;
}

/* The verb behind "3 of 4 regions": "grew", "lost money", "have sales above $5", or nothing. */
static gboolean find_predicate(Check *check, int index, Predicate *predicate) {
  int start, end;
  claim_clause(check, index, &start, &end);
  if (check_is_direction_count(check, index, &predicate->direction)) {
    predicate->kind = FITS_CHANGE;
    return TRUE;
  }
  for (int i = index + 1; i < end; i++) {
    const Token *token = claim_token(check, i);
    int threshold = claim_is_cue(check, i + 1, CUE_THAN) || claim_is_cue(check, i, CUE_AT) ? i + 2 : i + 1;
    if ((token->kind == TOKEN_DIRECTION || claim_is_cue(check, i, CUE_AT)) && claim_is_number(check, threshold) &&
        check_is_threshold(check, threshold, &predicate->direction, &predicate->or_equal)) {
      predicate->kind = FITS_BOUND;
      predicate->bound = claim_token(check, threshold)->number.value;
      return TRUE;
    }
    if (token->kind != TOKEN_DIRECTION && !claim_is_cue(check, i, CUE_LOSS)) continue;
    predicate->kind = token->kind == TOKEN_DIRECTION ? FITS_CHANGE : FITS_LOSS;
    predicate->direction = token->direction;
    claim_token_mutable(check, i)->tied = TRUE;
    return TRUE;
  }
  return FALSE;
}

/* ": Tables, Shelves and Lamps" behind a count: as many, each once, each fitting; "among them" may be fewer. */
static gboolean list_agrees(const Check *check, int index, const Predicate *predicate, gsize expected) {
  const ResultView *view = check->view;
  int start, end, at = index;
  guint names = 0;
  claim_segment(check, index, &start, &end);
  while (at < end &&
         !(claim_token(check, at)->kind == TOKEN_PUNCTUATION && strchr(":,", claim_token(check, at)->word[0])))
    at++;
  gboolean is_part = claim_is_cue(check, at + 1, CUE_SHOWN);
  gboolean is_list = at < end && (is_part || claim_token(check, at)->word[0] == ':');
  if (!is_list || view->dimensions->len != 1) return TRUE;
  for (int i = at + 1; i < end; i++) {
    const Token *token = claim_token(check, i);
    gboolean joined = claim_is_cue(check, i - 1, CUE_AND) || claim_token(check, i - 1)->kind == TOKEN_PUNCTUATION;
    if (token->kind == TOKEN_SIDE && joined) return FALSE;
    names += token->kind == TOKEN_MEMBER ? 1 : 0;
  }
  if (names == 0) return TRUE;
  gsize distinct = 0;
  for (int i = at + 1; i < end; i++) {
    if (claim_token(check, i)->kind != TOKEN_MEMBER) continue;
    Subject one = {.members = {{claim_token(check, i)->label}}, .counts = {1}};
    gsize row = 0;
    if (claim_rows(check, &one, &row) != 1 || !row_fits(view, predicate, row)) return FALSE;
    for (int before = at + 1; before < i; before++)
      if (claim_token(check, before)->kind == TOKEN_MEMBER &&
          strcmp(claim_token(check, before)->label, claim_token(check, i)->label) == 0)
        return FALSE;
    distinct++;
  }
  return is_part ? distinct <= expected : distinct == expected;
}

gboolean check_count(Check *check, int index) {
  const ResultView *view = check->view;
  gboolean is_whole = claim_is_cue(check, index - 1, CUE_OF) && claim_is_number(check, index - 2);
  BoundMeasure bound = claim_measure(check, index);
  Predicate predicate = {.kind = FITS_ALL};
  int start, end;
  claim_segment(check, index, &start, &end);
  if (bound.measure >= 0) predicate.measure = view_measure(view, (guint)bound.measure);
  if (!is_whole && predicate.measure != NULL && find_predicate(check, index, &predicate)) {
    gsize fitting = count_fitting(view, &predicate);
    if (predicate.kind == FITS_CHANGE && says_direction_twice(check, index, predicate.direction)) return FALSE;
    return list_agrees(check, index, &predicate, fitting) &&
           check_tie_number(check, index, (double)fitting, (double)fitting, "count(rows that fit)");
  }
  /* "3 of 4 regions" needs to say which 3. */
  if (!is_whole && claim_is_cue(check, index + 1, CUE_OF)) return FALSE;
  if (view->limited && !claim_range_has(check, start, end, TOKEN_CUE, CUE_SHOWN)) return FALSE;
  gsize groups = count_groups(check, counted_noun(check, index));
  return (is_whole || list_agrees(check, index, &predicate, groups)) &&
         check_tie_number(check, index, (double)groups, (double)groups, "count(rows)");
}

/* "The top 3 cities are A, B and C": those very rows. */
static gboolean lists_top_rows(const Check *check, int index, const ViewMeasure *measure, int extreme, gsize count) {
  const ResultView *view = check->view;
  int start, end;
  gsize named = 0;
  Subject listed = {0};
  claim_clause(check, index, &start, &end);
  claim_bind_range(check, index, end, FALSE, &listed);
  g_autofree gboolean *rows = g_new0(gboolean, view->n_rows);
  if (!check_extreme_holds(check, index, measure, measure->main, extreme) ||
      !derive_top_rows(view, measure->main, extreme, count, rows))
    return FALSE;
  if (!listed.any) return count == view->n_rows;
  for (gsize row = 0; row < view->n_rows; row++) {
    if (claim_row_matches(check, &listed, row) != rows[row]) return FALSE;
    named += rows[row] ? 1 : 0;
  }
  return named == count && listed.counts[0] == count;
}

gboolean check_top_count(Check *check, int index) {
  const NumberToken *number = &claim_token(check, index)->number;
  int start, end, extreme = 1;
  BoundMeasure bound = claim_measure(check, index);
  if (bound.measure < 0 || number->value < 1 || number->value > (double)check->view->n_rows ||
      number->value != floor(number->value) || !check_is_top_count(check, index, &extreme))
    return FALSE;
  claim_segment(check, index, &start, &end);
  /* "The top 3 make up 40 %" stands and falls with its share. */
  gboolean has_cue = claim_range_has(check, start, end, TOKEN_CUE, CUE_SHARE) ||
                     claim_range_has(check, start, end, TOKEN_CUE, CUE_TOTAL);
  gboolean has_share = has_cue && claim_range_has(check, index + 1, end, TOKEN_NUMBER, CUE_NONE);
  if (!has_share &&
      !lists_top_rows(check, index, view_measure(check->view, (guint)bound.measure), extreme, (gsize)number->value))
    return FALSE;
  return check_tie_number(check, index, number->value, number->value, "rank");
}

/* ---- bounds ---- */
static gboolean having_says(const ResultView *view, const ViewMeasure *measure, double value, int direction,
                            gboolean or_equal) {
  for (guint i = 0; i < view->query->having->len; i++) {
    const Having *having = &g_array_index(view->query->having, Having, i);
    gboolean is_up = having->op == OP_GREATER || having->op == OP_GREATER_EQUAL;
    gboolean is_down = having->op == OP_LESS || having->op == OP_LESS_EQUAL;
    gboolean allows_equal = having->op == OP_GREATER_EQUAL || having->op == OP_LESS_EQUAL;
    if (having->measure == measure->measure && having->on == ON_VALUE && fabs(having->value - value) < 1e-9 &&
        (direction > 0 ? is_up : is_down) && allows_equal == or_equal)
      return TRUE;
  }
  return FALSE;
}

static gboolean has_bound(const ResultView *view, const ViewMeasure *measure) {
  for (guint i = 0; i < view->query->having->len; i++)
    if (g_array_index(view->query->having, Having, i).measure == measure->measure) return TRUE;
  return FALSE;
}

gboolean check_threshold(Check *check, int index, int direction, gboolean or_equal) {
  const NumberToken *number = &claim_token(check, index)->number;
  BoundMeasure bound = claim_measure(check, index);
  if (bound.measure < 0) return FALSE;
  const ViewMeasure *measure = view_measure(check->view, (guint)bound.measure);
  int start, end;
  claim_clause(check, index, &start, &end);
  if (!check_unit_fits(check->view, measure->main, number)) return FALSE;
  gboolean has_count = FALSE;
  for (int i = start; i < index; i++) has_count |= claim_is_number(check, i) && check_is_count(check, i);
  /* The question's own bound; where it has none, a bound of the sentence's own, against which a count is held. */
  if ((!has_count || has_bound(check->view, measure)) &&
      !having_says(check->view, measure, number->value, direction, or_equal))
    return FALSE;
  int before = index - 1;
  for (int i = before; i >= index - 2; i--)
    if (claim_token(check, i)->kind == TOKEN_DIRECTION || claim_token(check, i)->kind == TOKEN_SUPERLATIVE)
      claim_token_mutable(check, i)->tied = TRUE;
  return check_tie_number(check, index, number->value, number->value, "having");
}
