/* Direction words and superlatives: each must agree with the change or the row it speaks of. */
#include "insight/check.h"
#include <math.h>
#include <string.h>

/* ---- direction ---- */
static double change_of(const Delta *delta) {
  return isnan(delta->change) ? delta->growth : delta->change;
}

/* "higher than average", "above the average". */
static gboolean is_against_average(const Check *check, int index) {
  for (int i = index + 1; i <= index + 3; i++) {
    if (claim_is_cue(check, i, CUE_AVERAGE)) return TRUE;
    if (!claim_is_cue(check, i, CUE_THAN) && !claim_is_cue(check, i, CUE_ARTICLE)) return FALSE;
  }
  return FALSE;
}

static gboolean check_against_average(Check *check, int index) {
  BoundMeasure bound = claim_measure(check, index);
  Subject subject = claim_subject(check, index);
  gsize row = 0;
  if (bound.measure < 0 || claim_rows(check, &subject, &row) != 1 || !check->view->complete) return FALSE;
  const ViewMeasure *measure = view_measure(check->view, (guint)bound.measure);
  double value = view_number(check->view, row, measure->main);
  return (value - derive_mean(check, NULL, measure->main)) * claim_token(check, index)->direction > 0;
}

/* "rose in every region", "every month sales fell": all of them. */
static gboolean check_everywhere(const Check *check, int index, const ViewMeasure *measure) {
  const ResultView *view = check->view;
  int direction = claim_token(check, index)->direction;
  gboolean between_rows = view->is_series && !view->is_compared;
  for (gsize row = between_rows ? 1 : 0; row < view->n_rows; row++) {
    Delta delta;
    gboolean known = between_rows ? derive_series_delta(view, measure, row - 1, row, &delta)
                                  : derive_row_delta(view, measure, row, &delta);
    if (!known || !(change_of(&delta) * direction > 0)) return FALSE;
  }
  return view->n_rows > 1 && view->complete;
}

static gboolean is_everywhere(const Check *check, int index) {
  int start, end;
  claim_clause(check, index, &start, &end);
  for (int i = start; i < end; i++)
    if (claim_is_cue(check, i, CUE_ALL) && claim_token(check, i + 1)->kind == TOKEN_NOUN) return TRUE;
  return FALSE;
}

static gboolean bounds_a_number(const Check *check, int index, int *number) {
  int direction;
  gboolean or_equal;
  *number = claim_is_cue(check, index + 1, CUE_THAN) ? index + 2 : index + 1;
  return claim_is_number(check, *number) && claim_token(check, *number)->number.unit != NUMBER_TIMES &&
         check_is_threshold(check, *number, &direction, &or_equal);
}

gboolean check_direction(Check *check, int index) {
  Token *token = claim_token_mutable(check, index);
  int number = 0, in_number = claim_is_cue(check, index + 2, CUE_ALL) ? index + 3 : index + 2;
  if (token->tied) return TRUE;
  if (bounds_a_number(check, index, &number)) return claim_token(check, number)->tied;
  if (claim_is_cue(check, index + 1, CUE_IN) && claim_is_number(check, in_number))
    return claim_token(check, in_number)->tied && token->factor == 0;
  if (is_against_average(check, index)) return check_against_average(check, index);
  if (token->comparative && (strcmp(token->word, "over") == 0 || strcmp(token->word, "under") == 0) &&
      !claim_token(check, index + 1)->is_object)
    return TRUE; /* "over the year" claims nothing */
  BoundMeasure bound = claim_measure(check, index);
  if (bound.measure < 0) return FALSE;
  const ViewMeasure *measure = view_measure(check->view, (guint)bound.measure);
  if (is_everywhere(check, index)) return check_everywhere(check, index, measure);
  Delta delta;
  if (!derive_delta(check, index, &delta)) return FALSE;
  double change = change_of(&delta);
  if (token->factor > 0 && !(fabs(delta.after / delta.before - token->factor) <= token->factor / 50)) return FALSE;
  return change * token->direction > 0;
}

/* ---- losses ---- */
gboolean check_loss(Check *check, int index) {
  const ResultView *view = check->view;
  if (claim_token(check, index)->tied) return TRUE;
  BoundMeasure bound = claim_measure(check, index);
  Subject subject = claim_subject(check, index);
  if (bound.measure < 0 || view->n_rows == 0) return FALSE;
  if (!subject.any && view->n_rows > 1) return FALSE;
  const ViewMeasure *measure = view_measure(view, (guint)bound.measure);
  gsize found = 0;
  for (gsize row = 0; row < view->n_rows; row++) {
    if (!claim_row_matches(check, &subject, row)) continue;
    found++;
    if (!(view_number(view, row, subject.side < 0 ? measure->previous : measure->main) < 0)) return FALSE;
  }
  return found > 0;
}

gboolean check_same(Check *check, int index) {
  Delta delta;
  if (!derive_delta(check, index, &delta)) return FALSE;
  return change_of(&delta) == 0;
}

/* ---- superlatives ---- */
typedef struct {
  const char *label; /* of the subject's dimension, or of the row */
  double value;
} Rival;

gboolean check_extreme_holds(const Check *check, int index, const ViewMeasure *measure, int column, int extreme) {
  const ResultView *view = check->view;
  const SemanticQuery *query = view->query;
  int start, end;
  claim_segment(check, index, &start, &end);
  if (view->complete || claim_range_has(check, start, end, TOKEN_CUE, CUE_SHOWN)) return TRUE;
  if (view->limited) {
    const Order *order = NULL;
    for (guint i = 0; i < query->order->len && order == NULL; i++)
      if (g_array_index(query->order, Order, i).on != ON_DIMENSION) order = &g_array_index(query->order, Order, i);
    if (order == NULL || view->input->result->truncated || query->offset > 0) return FALSE;
    int ordered = order->on == ON_PREVIOUS ? measure->previous
                  : order->on == ON_CHANGE ? measure->change
                  : order->on == ON_GROWTH ? measure->growth
                  : order->on == ON_SHARE  ? measure->share
                  : order->on == ON_WINDOW ? measure->window
                  : order->on == ON_VALUE  ? measure->value
                                           : -1;
    gboolean same_order = ordered == column || (order->on == ON_SHARE && column == measure->value) ||
                          (order->on == ON_VALUE && column == measure->share);
    return order->index == measure->measure && !order->absolute && same_order && order->descending == (extreme > 0);
  }
  /* Groups were left out by a bound: their other end is unknown. */
  for (guint i = 0; i < query->having->len; i++) {
    const Having *having = &g_array_index(query->having, Having, i);
    gboolean keeps_top = having->op == OP_GREATER || having->op == OP_GREATER_EQUAL;
    gboolean keeps_bottom = having->op == OP_LESS || having->op == OP_LESS_EQUAL;
    int bounded = having->on == ON_VALUE    ? measure->value
                  : having->on == ON_CHANGE ? measure->change
                  : having->on == ON_GROWTH ? measure->growth
                  : having->on == ON_SHARE  ? measure->share
                                            : -1;
    if (having->measure != measure->measure || column < 0 || column != bounded ||
        !(extreme > 0 ? keeps_top : keeps_bottom))
      return FALSE;
  }
  return TRUE;
}

/* Members named before the word in its clause, else behind it, else before the clause. */
static gboolean superlative_subject(const Check *check, int index, Subject *subject, gboolean *is_behind) {
  int start, end, segment_start, segment_end;
  claim_clause(check, index, &start, &end);
  claim_segment(check, index, &segment_start, &segment_end);
  *is_behind = FALSE;
  for (int i = index - 1; i >= segment_start; i--) {
    const Token *token = claim_token(check, i);
    gboolean leaves = i < start || token->kind == TOKEN_SUPERLATIVE;
    if (leaves && claim_bind_range(check, index + 1, end, FALSE, subject)) {
      *is_behind = TRUE;
      return TRUE;
    }
    if (token->kind != TOKEN_MEMBER || token->is_object) continue;
    /* "highest in West and lowest in South": the member behind the first word is taken already. */
    if (claim_range_has(check, start, i, TOKEN_SUPERLATIVE, CUE_NONE) &&
        claim_bind_range(check, index + 1, end, FALSE, subject)) {
      *is_behind = TRUE;
      return TRUE;
    }
    /* A period at the head of the clause is where, not who: "In 2020, West leads". */
    Subject group = {0};
    claim_bind_before(check, i + 1, &group);
    gboolean only_side = TRUE;
    for (guint d = 0; d < CLAIM_MAX_DIMENSIONS; d++) {
      if (d != token->dimension) group.counts[d] = 0;
      only_side &= group.counts[d] == 0;
    }
    if (only_side) continue;
    group.side = 0;
    *subject = group;
    return TRUE;
  }
  *is_behind = claim_bind_range(check, index + 1, end, FALSE, subject);
  return *is_behind;
}

static int direction_near(const Check *check, int index) {
  for (int i = MAX(0, index - 3); i <= index + 2; i++) {
    const Token *token = claim_token(check, i);
    if (token->kind == TOKEN_DIRECTION && !token->comparative && i != index) return i;
    if (i > index && token->kind != TOKEN_WORD && token->kind != TOKEN_CUE && token->kind != TOKEN_MEASURE) break;
  }
  return -1;
}

/* Which values compete: levels, or changes when the word goes with one ("grew most, by 28 %"). */
static gboolean rival_value(const Check *check, const ViewMeasure *measure, gsize row, int column, int direction_at,
                            gboolean relative, double *value) {
  Delta delta;
  if (direction_at < 0) {
    *value = view_number(check->view, row, column);
    return !isnan(*value);
  }
  if (!derive_row_delta(check->view, measure, row, &delta)) return FALSE;
  *value = relative ? delta.growth : change_of(&delta);
  return !isnan(*value);
}

static gboolean is_extreme(const Check *check, const ViewMeasure *measure, const Subject *subject, const Subject *pool,
                           int column, int extreme, int direction_at, gboolean relative) {
  double best = NAN, value;
  const ResultView *view = check->view;
  gsize subjects = 0;
  for (gsize row = 0; row < view->n_rows; row++)
    if (claim_row_matches(check, pool, row) &&
        rival_value(check, measure, row, column, direction_at, relative, &value) &&
        (isnan(best) || value * extreme > best * extreme))
      best = value;
  if (isnan(best)) return FALSE;
  for (gsize row = 0; row < view->n_rows; row++) {
    if (!claim_row_matches(check, pool, row) ||
        !rival_value(check, measure, row, column, direction_at, relative, &value))
      continue;
    gboolean is_subject = claim_row_matches(check, subject, row);
    subjects += is_subject ? 1 : 0;
    /* All that are best must be named, and nobody else. */
    if (is_subject != (value == best)) return FALSE;
  }
  return subjects > 0;
}

/* The subject's totals over the other dimension: "West leads in total". */
static gboolean is_extreme_in_total(const Check *check, const ViewMeasure *measure, const Subject *subject,
                                    guint dimension, int column, int extreme) {
  const ResultView *view = check->view;
  if (!view->complete || !measure->additive || subject->counts[dimension] != 1) return FALSE;
  g_autoptr(GHashTable) sums = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
  for (gsize row = 0; row < view->n_rows; row++) {
    double value = view_number(view, row, column);
    const char *label = view_dimension(view, dimension)->labels[row];
    double *sum = g_hash_table_lookup(sums, label);
    if (sum == NULL) g_hash_table_insert(sums, (gpointer)label, sum = g_new0(double, 1));
    *sum += isnan(value) ? 0 : value;
  }
  const double *own = g_hash_table_lookup(sums, subject->members[dimension][0]);
  GHashTableIter iter;
  gpointer label, sum;
  g_hash_table_iter_init(&iter, sums);
  while (g_hash_table_iter_next(&iter, &label, &sum))
    if (own == NULL || (sum != own && *(double *)sum * extreme >= *own * extreme)) return FALSE;
  return TRUE;
}

/* Where the comparison takes place: members of dimensions that are not the subject's. */
static Subject pool_of(const Check *check, int index, const Subject *subject, gboolean is_behind) {
  Subject pool = {0};
  int start, end;
  claim_clause(check, index, &start, &end);
  if (!is_behind) claim_bind_range(check, index + 1, end, FALSE, &pool);
  claim_bind_before(check, index, &pool);
  for (guint d = 0; d < CLAIM_MAX_DIMENSIONS; d++)
    if (subject->counts[d] > 0) pool.counts[d] = 0;
  return pool;
}

/* "In Garden, Garden leads" says nothing; "In Chair X, Garden leads" has nobody to lead. */
static gboolean has_rivals(const Check *check, int index, const Subject *subject, const Subject *pool, guint own) {
  const ResultView *view = check->view;
  int start, end;
  gsize rivals = 0;
  claim_segment(check, index, &start, &end);
  const Token *opener = claim_token(check, start + 1);
  if (claim_is_cue(check, start, CUE_IN) && opener->kind == TOKEN_MEMBER && opener->dimension == own)
    for (int i = start + 2; i < index; i++)
      if (claim_token(check, i)->kind == TOKEN_MEMBER && claim_token(check, i)->dimension == own) return FALSE;
  if (view->query->limit_within > 0) return own >= (guint)view->query->limit_within;
  if (view->n_rows == 1) return TRUE;
  for (gsize row = 0; row < view->n_rows; row++)
    rivals += claim_row_matches(check, pool, row) && !claim_row_matches(check, subject, row) ? 1 : 0;
  return rivals > 0;
}

/* Best within each of several groups: all of them are named. Shares within an outer group compare what is inside it. */
static gboolean is_place_complete(const Check *check, const Subject *both, guint own) {
  const ResultView *view = check->view;
  if (view->query->share == SHARE_WITHIN && own < (guint)view->query->share_dimensions) return FALSE;
  for (guint d = 0; view->query->limit_within > 1 && d < view->dimensions->len && d < CLAIM_MAX_DIMENSIONS; d++)
    if (both->counts[d] == 0) return FALSE;
  return TRUE;
}

static gboolean check_extreme_subject(Check *check, int index, const ViewMeasure *measure, const Subject *subject,
                                      gboolean is_behind, int column, int extreme) {
  int direction_at = direction_near(check, index);
  Subject pool = pool_of(check, index, subject, is_behind);
  guint own = 0;
  gsize row = 0;
  for (guint d = 0; d < CLAIM_MAX_DIMENSIONS; d++)
    if (subject->counts[d] > 0) own = d;
  Subject both = *subject;
  for (guint d = 0; d < CLAIM_MAX_DIMENSIONS; d++)
    if (both.counts[d] == 0 && pool.counts[d] > 0) {
      memcpy(both.members[d], pool.members[d], sizeof pool.members[d]);
      both.counts[d] = pool.counts[d];
    }
  if (!has_rivals(check, index, subject, &pool, own)) return FALSE;
  if (direction_at < 0 && subject->counts[own] == 1 && claim_rows(check, &both, &row) > 1)
    return is_extreme_in_total(check, measure, subject, own, column, extreme);
  if (direction_at < 0 && !is_place_complete(check, &both, own)) return FALSE;
  if (direction_at < 0) return is_extreme(check, measure, &both, &pool, column, extreme, -1, FALSE);
  /* "fell most": the smallest change. The number that follows tells whether relative or absolute; without one, both. */
  extreme *= claim_token(check, direction_at)->direction;
  gboolean percent = FALSE, absolute = FALSE;
  for (int i = index + 1; i < (int)check->tokens->len && i <= index + 4; i++)
    if (claim_is_number(check, i)) {
      percent = claim_token(check, i)->number.unit == NUMBER_PERCENT;
      absolute = !percent;
      break;
    }
  if (claim_is_number(check, index - 1)) {
    percent = claim_token(check, index - 1)->number.unit == NUMBER_PERCENT;
    absolute = !percent;
  }
  gboolean by_growth = is_extreme(check, measure, &both, &pool, column, extreme, direction_at, TRUE);
  gboolean by_change = is_extreme(check, measure, &both, &pool, column, extreme, direction_at, FALSE);
  by_growth = by_growth && check_extreme_holds(check, index, measure, measure->growth, extreme);
  by_change = by_change && check_extreme_holds(check, index, measure, measure->change, extreme);
  return (percent || by_change) && (absolute || by_growth);
}

static gboolean says_majority(const Check *check, int index) {
  const Token *token = claim_token(check, index), *after = claim_token(check, index + 1);
  if (g_strcmp0(token->word, "most") != 0) return FALSE;
  /* "most of the sales", "most popular": a majority, or a measure nobody gave. */
  gboolean ends = after->kind == TOKEN_PUNCTUATION || after->length == 0 || claim_is_number(check, index + 1) ||
                  (after->kind == TOKEN_CUE && (after->cue == CUE_IN || after->cue == CUE_BY || after->cue == CUE_AT));
  if (after->kind == TOKEN_MEASURE || after->kind == TOKEN_MEMBER || after->kind == TOKEN_DIRECTION)
    ends = claim_is_cue(check, index - 1, CUE_ARTICLE) || after->kind == TOKEN_DIRECTION || after->kind == TOKEN_MEMBER;
  return !ends;
}

gboolean check_superlative(Check *check, int index) {
  const Token *token = claim_token(check, index);
  int ignored = 0, next = index + 1;
  if (token->tied) return TRUE;
  if (claim_is_cue(check, index - 1, CUE_AT) && claim_is_number(check, next))
    return claim_token(check, next)->tied; /* "at least 5" */
  if (check_is_top_count(check, next, &ignored)) return claim_token(check, next)->tied;
  if (check_is_top_count(check, index - 1, &ignored)) return claim_token(check, index - 1)->tied;
  if (says_majority(check, index)) return FALSE;
  BoundMeasure bound = claim_measure(check, index);
  if (bound.measure < 0 || check->view->n_rows == 0 || check->view->dimensions->len > CLAIM_MAX_DIMENSIONS)
    return FALSE;
  const ViewMeasure *measure = view_measure(check->view, (guint)bound.measure);
  int extreme = token->extreme;
  if (measure->lower_is_better && (strcmp(token->word, "best") == 0 || strcmp(token->word, "worst") == 0))
    extreme = -extreme;
  Subject subject = {0}, sides = claim_subject(check, index);
  gboolean is_behind = FALSE;
  int column = bound.column >= 0                          ? bound.column
               : sides.side < 0 && measure->previous >= 0 ? measure->previous
                                                          : measure->main;
  if (!superlative_subject(check, index, &subject, &is_behind)) return FALSE;
  if (direction_near(check, index) < 0 && !check_extreme_holds(check, index, measure, column, extreme)) return FALSE;
  return check_extreme_subject(check, index, measure, &subject, is_behind, column, extreme);
}
