/* What a number in a sentence is (a level, a change, a count, a share, a bound), and whether the result has it. */
#include "insight/check.h"
#include <math.h>
#include <string.h>

/* ---- comparing ---- */
gboolean check_unit_fits(const ResultView *view, int column, const NumberToken *number) {
  const AnswerColumn *answer = view_column(view, column);
  const char *unit = answer != NULL && answer->unit != NULL ? answer->unit : "";
  if (g_str_has_prefix(unit, "currency:"))
    return number->unit == NUMBER_MONEY && strcmp(number->currency, unit + strlen("currency:")) == 0;
  if (strcmp(unit, "fraction") == 0) return number->unit == NUMBER_PERCENT;
  if (strcmp(unit, "pp") == 0) return number->unit == NUMBER_POINTS;
  return number->unit == NUMBER_PLAIN;
}

gboolean check_is_word(const Check *check, int index, const char *words) {
  const Token *token = claim_token(check, index);
  if (token->word == NULL) return FALSE;
  g_autofree char *key = g_strdup_printf(" %s ", token->word);
  return strstr(words, key) != NULL;
}

gboolean check_equals(const Check *check, int index, double expected) {
  const NumberToken *number = &claim_token(check, index)->number;
  double tolerance = number->tolerance;
  if (isnan(expected)) return FALSE;
  if (claim_is_cue(check, index - 1, CUE_ABOUT) && !number->is_word) {
    /* "about 700,000" was rounded to its last digit that is not 0, within reason. */
    double size = fabs(number->value), step = 1;
    while (size >= 1 && step < size && fmod(size, step * 10) == 0) step *= 10;
    if (step >= 10) tolerance = MAX(tolerance, MIN(step / 2, size * 0.025));
    gboolean from_below = check_is_word(check, index - 1, " nearly almost ");
    if (from_below && fabs(expected) > size * (1 + 1e-9)) return FALSE;
  }
  double distance = fabs(number->value - expected);
  if (distance > tolerance + fabs(expected) * 1e-12) return FALSE;
  if (number->is_word || tolerance > number->tolerance || distance < tolerance * (1 - 1e-6)) return TRUE;
  /* Just between two roundings: the one that formatting gives. */
  g_autofree char *rounded = g_strdup_printf("%.*f", number->decimals, fabs(expected) / number->scale);
  return fabs(g_ascii_strtod(rounded, NULL) - fabs(number->value) / number->scale) <
         number->tolerance / number->scale / 10;
}

gboolean check_tie_number(Check *check, int index, double expected, double value, const char *from) {
  if (!check_equals(check, index, expected)) return FALSE;
  Token *token = claim_token_mutable(check, index);
  token->tied = TRUE;
  claim_fact(check, token, value, "%s", from);
  return TRUE;
}

/* ---- roles ---- */
gboolean check_is_threshold(const Check *check, int index, int *direction, gboolean *or_equal) {
  *or_equal = FALSE;
  if (check_is_word(check, index - 1, " above over exceeding exceeds ") ||
      check_is_word(check, index - 1, " below under ")) {
    *direction = check_is_word(check, index - 1, " below under ") ? -1 : 1;
    return TRUE;
  }
  const Token *before = claim_token(check, index - 2);
  if (claim_is_cue(check, index - 1, CUE_THAN) && before->kind == TOKEN_DIRECTION) {
    *direction = before->direction;
    return TRUE;
  }
  if (claim_is_cue(check, index - 2, CUE_AT) && claim_token(check, index - 1)->kind == TOKEN_SUPERLATIVE) {
    *direction = check_is_word(check, index - 1, " least ") ? 1 : -1;
    *or_equal = TRUE;
    return check_is_word(check, index - 1, " least most ");
  }
  return FALSE;
}

gboolean check_is_top_count(const Check *check, int index, int *extreme) {
  const Token *token = claim_token(check, index);
  int at = index - 1;
  if (token->kind != TOKEN_NUMBER || token->number.unit != NUMBER_PLAIN || claim_is_cue(check, index - 2, CUE_AT))
    return FALSE;
  if (claim_token(check, index + 1)->kind == TOKEN_SUPERLATIVE) at = index + 1;
  if (!check_is_word(check, at,
                     " top bottom highest lowest largest smallest biggest best worst strongest weakest greatest "))
    return FALSE;
  *extreme = claim_token(check, at)->extreme;
  return TRUE;
}

gboolean check_is_direction_count(const Check *check, int index, int *direction) {
  int at = index - 1;
  if (claim_is_cue(check, at, CUE_ALL)) at--;
  if (!claim_is_cue(check, at, CUE_IN) || claim_token(check, at - 1)->kind != TOKEN_DIRECTION) return FALSE;
  *direction = claim_token(check, at - 1)->direction;
  return TRUE;
}

gboolean check_is_loss_amount(const Check *check, int index) {
  if (claim_is_cue(check, index - 1, CUE_LOSS)) return TRUE;
  return claim_is_cue(check, index - 1, CUE_OF) && claim_is_cue(check, index - 2, CUE_LOSS);
}

/* ---- changes ---- */
static gboolean is_change_amount(const Check *check, int index) {
  if (claim_is_cue(check, index - 1, CUE_TO) || claim_is_cue(check, index - 1, CUE_FROM) ||
      claim_is_cue(check, index - 1, CUE_AT))
    return FALSE;
  if (claim_is_cue(check, index - 1, CUE_BY) || derive_is_difference(check, index)) return TRUE;
  /* "the biggest increase, $5" */
  if (claim_token(check, index - 1)->kind == TOKEN_PUNCTUATION && claim_token(check, index - 1)->word[0] == ',' &&
      claim_token(check, index - 2)->kind == TOKEN_DIRECTION)
    return TRUE;
  const Token *after = claim_token(check, index + 1);
  if (after->kind == TOKEN_DIRECTION && !(claim_is_number(check, index + 2) && !after->comparative)) return TRUE;
  for (int i = index - 1; i >= MAX(0, index - 3); i--) {
    const Token *token = claim_token(check, i);
    if (token->kind == TOKEN_DIRECTION) return TRUE;
    if (check_is_word(check, i, " change ")) return TRUE;
    gboolean passes =
        token->kind == TOKEN_WORD ||
        (token->kind == TOKEN_CUE && (token->cue == CUE_OF || token->cue == CUE_ARTICLE || token->cue == CUE_ABOUT)) ||
        token->kind == TOKEN_SUPERLATIVE;
    if (!passes) return FALSE;
  }
  return FALSE;
}

/* "a change of -5 %" and "growth of -5 %" carry a sign; "fell -5 %" says two things. */
static gboolean may_have_sign(const Check *check, int index) {
  for (int i = index - 1; i >= MAX(0, index - 3); i--)
    if (check_is_word(check, i, " change growth ")) return TRUE;
  return FALSE;
}

static gboolean check_change(Check *check, int index) {
  const NumberToken *number = &claim_token(check, index)->number;
  Delta delta;
  if (number->has_sign && !may_have_sign(check, index)) return FALSE;
  if (!derive_delta(check, index, &delta)) return FALSE;
  gboolean is_fraction = view_is_fraction(check->view, delta.column);
  double size = 0;
  if (number->unit == NUMBER_PERCENT) {
    /* "Margin rose 5 %" could be points or a ratio: only where the result itself has that growth. */
    if (is_fraction && !delta.direct) return FALSE;
    size = delta.growth;
  } else if (is_fraction ? number->unit == NUMBER_POINTS : check_unit_fits(check->view, delta.column, number)) {
    size = delta.change;
  } else {
    return FALSE;
  }
  return check_tie_number(check, index, number->has_sign ? size : fabs(size), size, delta.from);
}

static gboolean check_multiple(Check *check, int index) {
  Delta delta;
  if (!derive_delta(check, index, &delta) || !(delta.before > 0) || isnan(delta.after)) return FALSE;
  return check_tie_number(check, index, delta.after / delta.before, delta.after / delta.before, delta.from);
}

/* ---- shares ---- */
static gboolean is_share(const Check *check, int index) {
  const Token *token = claim_token(check, index);
  int start, end;
  if (token->number.unit != NUMBER_PERCENT && token->number.unit != NUMBER_PART) return FALSE;
  claim_clause(check, index, &start, &end);
  return claim_is_cue(check, index + 1, CUE_OF) || claim_range_has(check, start, end, TOKEN_CUE, CUE_SHARE);
}

static gboolean mark_rows(const Check *check, int index, const ViewMeasure *measure, gboolean *rows) {
  int start, end, extreme = 0;
  const ResultView *view = check->view;
  claim_segment(check, index, &start, &end);
  for (int i = index - 1; i >= start; i--)
    if (check_is_top_count(check, i, &extreme)) {
      double count = claim_token(check, i)->number.value;
      return count >= 1 && count <= (double)view->n_rows &&
             derive_top_rows(view, measure->main, extreme, (gsize)count, rows);
    }
  Subject subject = claim_subject(check, index);
  if (!subject.any) {
    claim_clause(check, index, &start, &end);
    claim_bind_range(check, index + 1, end, FALSE, &subject);
  }
  if (!subject.any) return FALSE;
  for (gsize row = 0; row < view->n_rows; row++) rows[row] = claim_row_matches(check, &subject, row);
  return TRUE;
}

/* "77.5 % of the change": of what all groups together changed by. */
static gboolean is_of_change(const Check *check, int index) {
  int at = index + 2;
  if (!claim_is_cue(check, index + 1, CUE_OF)) return FALSE;
  if (claim_is_cue(check, at, CUE_ARTICLE)) at++;
  return check_is_word(check, at, " change ");
}

static gboolean check_share(Check *check, int index) {
  BoundMeasure bound = claim_measure(check, index);
  if (bound.measure < 0 || check->view->n_rows == 0) return FALSE;
  const ViewMeasure *measure = view_measure(check->view, (guint)bound.measure);
  g_autofree gboolean *rows = g_new0(gboolean, check->view->n_rows);
  if (!mark_rows(check, index, measure, rows)) return FALSE;
  if (is_of_change(check, index)) {
    double part = derive_share_of_change(check->view, measure, rows);
    return !claim_token(check, index)->number.has_sign && check_tie_number(check, index, part, part, "change of rows / change of all rows");
  }
  double share = derive_share(check->view, measure, rows);
  return check_tie_number(check, index, share, share,
                          measure->share >= 0 ? "sum of shares" : "sum of rows / sum of all rows");
}

/* ---- levels ---- */
/* The column a level is read from: by unit first, then by side. */
static int level_column(const Check *check, int index, const ViewMeasure *measure, int named, int side) {
  const NumberToken *number = &claim_token(check, index)->number;
  const ResultView *view = check->view;
  if (named >= 0 && (named != measure->share || check_unit_fits(view, named, number)))
    return check_unit_fits(view, named, number) ? named : -1;
  int column = side < 0 && measure->previous >= 0 ? measure->previous : measure->main;
  if (check_unit_fits(view, column, number)) return column;
  const int others[] = {measure->share, number->has_sign ? measure->growth : -1,
                        number->has_sign ? measure->change : -1};
  for (guint i = 0; i < G_N_ELEMENTS(others) && side == 0; i++)
    if (others[i] >= 0 && check_unit_fits(view, others[i], number)) return others[i];
  return -1;
}

/* "$a against $b" after "West … more than East": b is the counterpart's. */
static void take_counterpart(const Check *check, int index, Subject *subject) {
  int start, end;
  if (!claim_is_cue(check, index - 1, CUE_AGAINST)) return;
  claim_segment(check, index, &start, &end);
  Subject object = {0};
  claim_bind_range(check, start, index, TRUE, &object);
  if (object.side != 0) subject->side = object.side;
  for (guint d = 0; d < CLAIM_MAX_DIMENSIONS; d++)
    if (object.counts[d] > 0) {
      memcpy(subject->members[d], object.members[d], sizeof object.members[d]);
      subject->counts[d] = object.counts[d];
    }
}

/* A level no member is named for: the extreme of the column when a superlative stands in the clause. */
static gboolean check_extreme_level(Check *check, int index, const ViewMeasure *measure, int column) {
  int start, end;
  claim_clause(check, index, &start, &end);
  for (int i = start; i < end; i++) {
    const Token *token = claim_token(check, i);
    if (token->kind != TOKEN_SUPERLATIVE || claim_is_number(check, i + 1)) continue;
    double best = NAN;
    for (gsize row = 0; row < check->view->n_rows; row++) {
      double value = view_number(check->view, row, column);
      if (!isnan(value) && (isnan(best) || value * token->extreme > best * token->extreme)) best = value;
    }
    if (!check_extreme_holds(check, i, measure, column, token->extreme) ||
        !check_tie_number(check, index, best, best, token->extreme > 0 ? "max" : "min"))
      return FALSE;
    claim_token_mutable(check, i)->tied = TRUE;
    return TRUE;
  }
  return FALSE;
}

/* "East and West tie with $5 each". */
static gboolean check_each_level(Check *check, int index, const Subject *subject, int column) {
  double common = NAN;
  for (gsize row = 0; row < check->view->n_rows; row++) {
    double value = view_number(check->view, row, column);
    if (!claim_row_matches(check, subject, row)) continue;
    if (isnan(value) || (!isnan(common) && value != common)) return FALSE;
    common = value;
  }
  return check_tie_number(check, index, common, common, "rows that fit");
}

static gboolean check_aggregate_level(Check *check, int index, const Subject *subject, gboolean grouped,
                                      const ViewMeasure *measure, int column) {
  int start, end;
  claim_clause(check, index, &start, &end);
  gboolean whole = check->view->complete || grouped;
  if (claim_range_has(check, start, end, TOKEN_CUE, CUE_AVERAGE)) {
    double mean = measure->additive ? derive_mean(check, subject, column) : NAN;
    return whole && check_tie_number(check, index, mean, mean, "average");
  }
  if (claim_range_has(check, start, end, TOKEN_CUE, CUE_TOTAL)) {
    double sum = derive_sum(check, subject, measure, column);
    return whole && check_tie_number(check, index, sum, sum, "sum");
  }
  if (grouped)
    return claim_range_has(check, start, end, TOKEN_CUE, CUE_ALL) && check_each_level(check, index, subject, column);
  return check_extreme_level(check, index, measure, column);
}

/* "from $5 in 2019": what "from" and "to" say must not contradict the member. */
static gboolean check_ends(const Check *check, int index, Subject *subject) {
  int wanted = claim_is_cue(check, index - 1, CUE_FROM) ? -1 : claim_is_cue(check, index - 1, CUE_TO) ? 1 : 0;
  if (wanted == 0 || !check->view->is_compared || (check->view->current_name == NULL && check->view->n_rows > 1))
    return TRUE;
  Subject after = {0};
  claim_bind_after(check, index, &after);
  subject->side = after.side != 0 ? after.side : wanted;
  return subject->side == wanted;
}

/* "the largest share of sales, $5": a share is a percentage. */
static gboolean names_a_share(const Check *check, int index) {
  int i = index - 1;
  for (int k = i; k >= 0 && claim_token(check, k)->kind != TOKEN_WORD; k--) {
    const Token *token = claim_token(check, k);
    if (token->kind == TOKEN_MEASURE && token->column >= 0 &&
        token->column == view_measure(check->view, token->measure)->share)
      return TRUE;
    if (token->kind == TOKEN_NUMBER) break;
  }
  while (i >= 0 && (claim_token(check, i)->kind == TOKEN_MEASURE || claim_token(check, i)->kind == TOKEN_CONTEXT ||
                    claim_is_cue(check, i, CUE_OF) || claim_token(check, i)->kind == TOKEN_PUNCTUATION))
    i--;
  return check_is_word(check, i, " share shares percentage portion ");
}

/* "In January $5": no sentence says so; "January ($5)" and "in January: $5" are fine. */
static gboolean follows_period(const Check *check, int index) {
  const Token *before = claim_token(check, index - 1);
  return before->kind == TOKEN_MEMBER && view_dimension(check->view, before->dimension)->is_time &&
         claim_is_cue(check, index - 2, CUE_IN);
}

/* "In West, … to $5 in West": a place said twice is not what was meant. */
static gboolean repeats_place(const Check *check, int index) {
  int start, end;
  const Token *place = claim_token(check, index + 2);
  if (check->view->dimensions->len != 1 || !claim_is_cue(check, index + 1, CUE_IN) || place->kind != TOKEN_MEMBER)
    return FALSE;
  claim_segment(check, index, &start, &end);
  for (int i = start; i < end; i++)
    if (i != index + 2 && claim_token(check, i)->kind == TOKEN_MEMBER &&
        strcmp(claim_token(check, i)->label, place->label) == 0)
      return TRUE;
  return FALSE;
}

static gboolean check_level(Check *check, int index) {
  const ResultView *view = check->view;
  BoundMeasure bound = claim_measure(check, index);
  if (bound.measure < 0 || view->n_rows == 0 || claim_is_cue(check, index - 1, CUE_IN) ||
      follows_period(check, index) || repeats_place(check, index) ||
      (names_a_share(check, index) && claim_token(check, index)->number.unit != NUMBER_PERCENT))
    return FALSE;
  const ViewMeasure *measure = view_measure(view, (guint)bound.measure);
  Subject subject = claim_subject(check, index);
  take_counterpart(check, index, &subject);
  if (!check_ends(check, index, &subject)) return FALSE;
  int column = level_column(check, index, measure, bound.column, subject.side);
  if (column < 0) return FALSE;
  gsize row = 0, rows = claim_rows(check, &subject, &row);
  int start, end;
  claim_clause(check, index, &start, &end);
  gboolean grouped = FALSE;
  for (guint d = 0; d < CLAIM_MAX_DIMENSIONS; d++) grouped |= subject.counts[d] > 0;
  if (rows > 1 || (!grouped && view->n_rows > 1) ||
      (view->n_rows > 1 && claim_range_has(check, start, end, TOKEN_CUE, CUE_AVERAGE)))
    return check_aggregate_level(check, index, &subject, grouped, measure, column);
  if (rows != 1) return FALSE;
  double value = view_number(view, row, column);
  g_autofree char *from = g_strdup_printf("rows[%" G_GSIZE_FORMAT "].%s", row, view_column(view, column)->name);
  if (check_is_loss_amount(check, index)) {
    if (!(value < 0) || !check_tie_number(check, index, -value, value, from)) return FALSE;
    int at = claim_is_cue(check, index - 1, CUE_LOSS) ? index - 1 : index - 2;
    claim_token_mutable(check, at)->tied = TRUE;
    return TRUE;
  }
  return check_tie_number(check, index, value, value, from);
}

/* ---- ranks ---- */
static gboolean check_rank(Check *check, int index) {
  const ResultView *view = check->view;
  BoundMeasure bound = claim_measure(check, index);
  Subject subject = {0};
  int start, end;
  gsize row = 0;
  gboolean is_least =
      claim_token(check, index + 1)->kind == TOKEN_SUPERLATIVE && claim_token(check, index + 1)->extreme < 0;
  claim_clause(check, index, &start, &end);
  if (bound.measure < 0 ||
      (!claim_bind_range(check, start, index, FALSE, &subject) &&
       !claim_bind_range(check, index, end, FALSE, &subject)) ||
      claim_rows(check, &subject, &row) != 1)
    return FALSE;
  const ViewMeasure *measure = view_measure(view, (guint)bound.measure);
  int extreme = is_least ? -1 : 1;
  double value = view_number(view, row, measure->main) * extreme;
  gsize better = 0, equal = 0;
  for (gsize other = 0; other < view->n_rows; other++) {
    double rival = view_number(view, other, measure->main) * extreme;
    better += rival > value ? 1 : 0;
    equal += rival == value ? 1 : 0;
  }
  if (equal != 1 || view->query->offset > 0 || !check_extreme_holds(check, index, measure, measure->main, extreme) ||
      !check_tie_number(check, index, (double)(better + 1), (double)(better + 1), "rank"))
    return FALSE;
  if (claim_token(check, index + 1)->kind == TOKEN_SUPERLATIVE) claim_token_mutable(check, index + 1)->tied = TRUE;
  return TRUE;
}

gboolean check_number(Check *check, int index) {
  const NumberToken *number = &claim_token(check, index)->number;
  int direction = 0, extreme = 0;
  gboolean or_equal = FALSE;
  if (number->unit == NUMBER_ORDINAL) return check_rank(check, index);
  if (number->unit == NUMBER_TIMES) return check_multiple(check, index);
  if (check_is_threshold(check, index, &direction, &or_equal))
    return check_threshold(check, index, direction, or_equal);
  if (check_is_top_count(check, index, &extreme)) return check_top_count(check, index);
  if (check_is_direction_count(check, index, &direction) || check_is_count(check, index))
    return check_count(check, index);
  if (is_change_amount(check, index)) return check_change(check, index);
  if (is_share(check, index)) return check_share(check, index);
  return number->unit != NUMBER_PART && check_level(check, index);
}
