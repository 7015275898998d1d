/* Computes what sentences may claim beyond single cells. */
#include "insight/derive.h"
#include <math.h>
#include <string.h>

static const char *column_name(const ResultView *view, int column) {
  const AnswerColumn *answer = view_column(view, column);
  return answer != NULL ? answer->name : "?";
}

static void set_levels(Delta *delta, double before, double after) {
  delta->before = before;
  delta->after = after;
  delta->change = after - before;
  delta->growth = before != 0 ? (after - before) / fabs(before) : NAN;
}

static Delta delta_new(int column) {
  return (Delta){.before = NAN,
                 .after = NAN,
                 .change = NAN,
                 .growth = NAN,
                 .column = column,
                 .row_before = G_MAXSIZE,
                 .row_after = G_MAXSIZE};
}

static gboolean has_time_dimension(const ResultView *view) {
  for (guint i = 0; i < view->dimensions->len; i++)
    if (view_dimension(view, i)->is_time) return TRUE;
  return FALSE;
}

gboolean derive_row_delta(const ResultView *view, const ViewMeasure *measure, gsize row, Delta *out) {
  if (measure->previous < 0 && measure->change < 0 && measure->growth < 0) return FALSE;
  *out = delta_new(measure->value >= 0 ? measure->value : measure->change);
  out->row_before = out->row_after = row;
  out->direct = TRUE;
  double value = view_number(view, row, measure->value), previous = view_number(view, row, measure->previous);
  if (measure->value >= 0 && measure->previous >= 0) {
    /* Before the first period of a series nothing is known; that is no rise from 0. */
    if ((isnan(value) && isnan(previous)) || (isnan(previous) && has_time_dimension(view))) return FALSE;
    /* A group that had nothing before counts from 0, and its growth is "new". */
    set_levels(out, isnan(previous) ? 0 : previous, isnan(value) ? 0 : value);
  }
  double change = view_number(view, row, measure->change), growth = view_number(view, row, measure->growth);
  if (!isnan(change)) out->change = change;
  if (!isnan(growth)) out->growth = growth;
  if (isnan(out->change) && isnan(out->growth)) return FALSE;
  const int shown = measure->growth >= 0 ? measure->growth : measure->change >= 0 ? measure->change : measure->value;
  g_snprintf(out->from, sizeof out->from, "rows[%" G_GSIZE_FORMAT "].%s", row, column_name(view, shown));
  return TRUE;
}

gboolean derive_total_delta(const ResultView *view, const ViewMeasure *measure, Delta *out) {
  if (!measure->additive || !view->complete || measure->value < 0 || measure->previous < 0 || view->n_rows == 0)
    return FALSE;
  *out = delta_new(measure->value);
  double value = view_sum(view, measure->value), previous = view_sum(view, measure->previous);
  set_levels(out, isnan(previous) ? 0 : previous, isnan(value) ? 0 : value);
  g_snprintf(out->from, sizeof out->from, "sum(%s) against sum(%s)", column_name(view, measure->value),
             column_name(view, measure->previous));
  return TRUE;
}

gboolean derive_series_delta(const ResultView *view, const ViewMeasure *measure, gsize first, gsize last, Delta *out) {
  if (first >= last) return FALSE;
  *out = delta_new(measure->main);
  double before = view_number(view, first, measure->main), after = view_number(view, last, measure->main);
  if (isnan(before) || isnan(after)) return FALSE;
  set_levels(out, before, after);
  out->row_before = first;
  out->row_after = last;
  g_snprintf(out->from, sizeof out->from, "rows[%" G_GSIZE_FORMAT "].%s against rows[%" G_GSIZE_FORMAT "]", last,
             column_name(view, measure->main), first);
  return TRUE;
}

/* ---- two periods of a series, "from P1 to P2" ---- */
static gboolean find_period(const Check *check, int start, int end, Subject *subject, int *at) {
  for (int i = start; i < end; i++) {
    const Token *token = claim_token(check, i);
    if (token->kind != TOKEN_MEMBER || token->dimension >= CLAIM_MAX_DIMENSIONS ||
        !view_dimension(check->view, token->dimension)->is_time)
      continue;
    subject->members[token->dimension][0] = token->label;
    subject->counts[token->dimension] = 1;
    *at = i;
    return TRUE;
  }
  return FALSE;
}

static gboolean find_pair(const Check *check, int index, Subject *from, Subject *to) {
  int start, end, clause_start, clause_end, at = 0, ignored;
  claim_segment(check, index, &start, &end);
  claim_clause(check, index, &clause_start, &clause_end);
  for (int round = 0; round < 2; round++) {
    int low = round == 0 ? clause_start : start, high = round == 0 ? clause_end : index;
    for (int i = high - 1; i >= low; i--) {
      if (!claim_is_cue(check, i, CUE_FROM)) continue;
      for (int k = i + 1; k < end; k++) {
        gboolean between = strcmp(claim_token(check, i)->word, "between") == 0;
        if (!claim_is_cue(check, k, between ? CUE_AND : CUE_TO)) continue;
        return find_period(check, i + 1, k, from, &at) && find_period(check, k + 1, end, to, &ignored);
      }
    }
  }
  return FALSE;
}

static gboolean series_delta(const Check *check, int index, const Subject *subject, const ViewMeasure *measure,
                             Delta *out) {
  const ResultView *view = check->view;
  Subject from = *subject, to = *subject;
  gsize first = 0, last = 0;
  if (find_pair(check, index, &from, &to)) {
    if (claim_rows(check, &from, &first) != 1 || claim_rows(check, &to, &last) != 1) return FALSE;
    return derive_series_delta(view, measure, first, last, out);
  }
  if (!view->is_series || subject->any) return FALSE;
  return derive_series_delta(view, measure, 0, view->n_rows - 1, out);
}

/* ---- against a counterpart: "more than East" ---- */
static gboolean find_object(const Check *check, int index, Subject *object, int *measure) {
  int start, end, segment_end;
  claim_clause(check, index, &start, &end);
  *measure = -1;
  /* "Compared with 2019, sales were up": said at the head. */
  int head;
  claim_segment(check, index, &head, &segment_end);
  if (claim_is_cue(check, head, CUE_AGAINST)) start = head;
  for (int i = start; i < end; i++) {
    const Token *token = claim_token(check, i);
    if (!token->is_object) continue;
    if (token->kind == TOKEN_MEASURE)
      *measure = (int)token->measure;
    else
      claim_bind_range(check, i, end, TRUE, object);
    return TRUE;
  }
  return FALSE;
}

/* "higher for West than for East": who is compared must be a side too, where somebody is named. */
static gboolean names_other_subject(const Check *check, int index, gboolean object_is_side) {
  int start, end;
  gboolean member = FALSE, side = FALSE;
  claim_clause(check, index, &start, &end);
  for (int i = index + 1; i < end && !claim_token(check, i)->is_object; i++) {
    member |= claim_token(check, i)->kind == TOKEN_MEMBER;
    side |= claim_token(check, i)->kind == TOKEN_SIDE;
  }
  return object_is_side ? member && !side : side;
}

static gboolean side_delta(const Check *check, const Subject *subject, const Subject *object,
                           const ViewMeasure *measure, Delta *out) {
  if (subject->side == object->side) /* more than itself */
    return FALSE;
  gsize row = 0;
  Subject members = *subject;
  if (claim_rows(check, &members, &row) != 1 || !derive_row_delta(check->view, measure, row, out)) return FALSE;
  if (object->side > 0) {
    double before = out->before, after = out->after;
    set_levels(out, after, before);
  }
  return TRUE;
}

static gboolean member_delta(const Check *check, const Subject *subject, const Subject *object,
                             const ViewMeasure *measure, int column, Delta *out) {
  Subject other = *subject;
  gsize row = 0, other_row = 0;
  gboolean differs = FALSE;
  for (guint d = 0; d < CLAIM_MAX_DIMENSIONS; d++)
    if (object->counts[d] > 0) {
      differs |= subject->counts[d] != 1 || strcmp(subject->members[d][0], object->members[d][0]) != 0;
      memcpy(other.members[d], object->members[d], sizeof other.members[d]);
      other.counts[d] = object->counts[d];
    }
  if (!differs || claim_rows(check, subject, &row) != 1 || claim_rows(check, &other, &other_row) != 1 ||
      row == other_row)
    return FALSE;
  *out = delta_new(column >= 0 ? column : measure->main);
  double after = view_number(check->view, row, out->column), before = view_number(check->view, other_row, out->column);
  if (isnan(after) || isnan(before)) return FALSE;
  set_levels(out, before, after);
  out->row_before = other_row;
  out->row_after = row;
  g_snprintf(out->from, sizeof out->from, "rows[%" G_GSIZE_FORMAT "].%s against rows[%" G_GSIZE_FORMAT "]", row,
             column_name(check->view, out->column), other_row);
  return TRUE;
}

/* Two measures of one row: "gross revenue was £5 more than the value of cancelled invoices". */
static gboolean measure_delta(const Check *check, const Subject *subject, const ViewMeasure *measure, int other,
                              Delta *out) {
  gsize row = 0;
  const ViewMeasure *counterpart = view_measure(check->view, (guint)other);
  const AnswerColumn *one = view_column(check->view, measure->main), *two = view_column(check->view, counterpart->main);
  if (measure == counterpart || g_strcmp0(one->unit, two->unit) != 0 || claim_rows(check, subject, &row) != 1)
    return FALSE;
  *out = delta_new(measure->main);
  double after = view_number(check->view, row, measure->main),
         before = view_number(check->view, row, counterpart->main);
  if (isnan(after) || isnan(before)) return FALSE;
  set_levels(out, before, after);
  g_snprintf(out->from, sizeof out->from, "rows[%" G_GSIZE_FORMAT "].%s against %s", row, one->name, two->name);
  return TRUE;
}

/* Names of one kind before `index`, each once; returns how many (3: too many). */
static guint names_before(const Check *check, int start, int index, TokenKind kind, guint dimension,
                          const Token *names[2]) {
  guint found = 0;
  for (int i = start; i < index; i++) {
    const Token *token = claim_token(check, i);
    if (token->kind != kind || (kind == TOKEN_MEMBER && dimension != G_MAXUINT && token->dimension != dimension))
      continue;
    if (found == 2) return 3;
    names[found++] = token;
  }
  return found;
}

/* "a difference of $5" after "West made $8 and East $3", "from $3 in 2019 to $8 in 2020": the two that were named. */
static gboolean named_difference(const Check *check, int index, const ViewMeasure *measure, Delta *out) {
  int start, end;
  const Token *names[2] = {NULL, NULL};
  claim_segment(check, index, &start, &end);
  if (names_before(check, start, index, TOKEN_SIDE, 0, names) == 2 && names[0]->side != names[1]->side) {
    Subject subject = claim_subject(check, index), object = {.side = names[1]->side};
    subject.side = names[0]->side;
    return side_delta(check, &subject, &object, measure, out);
  }
  if (names_before(check, start, index, TOKEN_MEMBER, G_MAXUINT, names) != 2 ||
      names[0]->dimension != names[1]->dimension || names[0]->dimension >= CLAIM_MAX_DIMENSIONS)
    return FALSE;
  Subject subject = {0}, object = {0};
  subject.members[names[0]->dimension][0] = names[0]->label;
  object.members[names[0]->dimension][0] = names[1]->label;
  subject.counts[names[0]->dimension] = object.counts[names[0]->dimension] = 1;
  return member_delta(check, &subject, &object, measure, -1, out);
}

/* "a difference of $5", "the gap between West and East is $5". */
gboolean derive_is_difference(const Check *check, int index) {
  for (int i = index - 1; i >= MAX(0, index - 8); i--) {
    const Token *token = claim_token(check, i);
    if (g_strcmp0(token->word, "difference") == 0 || g_strcmp0(token->word, "gap") == 0) return TRUE;
    if (token->kind == TOKEN_NUMBER || token->kind == TOKEN_DIRECTION || token->kind == TOKEN_PUNCTUATION) return FALSE;
  }
  return FALSE;
}

static gboolean is_between(const Check *check, int joint) {
  return claim_is_cue(check, joint - 2, CUE_FROM) && g_strcmp0(claim_token(check, joint - 2)->word, "between") == 0;
}

/* "from 2020 to 2019" where 2020 is compared with 2019. */
static gboolean has_reversed_sides(const Check *check, int index) {
  int start, end;
  claim_segment(check, index, &start, &end);
  for (int i = start; i < end && check->view->previous_is_period; i++) {
    const Token *token = claim_token(check, i + 1);
    if (token->kind == TOKEN_SIDE &&
        ((claim_is_cue(check, i, CUE_FROM) && token->side > 0) || (claim_is_cue(check, i, CUE_TO) && token->side < 0) ||
         (claim_is_cue(check, i, CUE_AND) && token->side < 0 && is_between(check, i))))
      return TRUE;
  }
  return FALSE;
}

/* The subject of a change has its own side only as an origin: "In 2019 sales rose" speaks of another change. */
static gboolean compared_delta(const Check *check, int index, const Subject *subject, const ViewMeasure *measure,
                               Delta *out) {
  const ResultView *view = check->view;
  gsize row = 0;
  Subject after = {0};
  claim_bind_after(check, index, &after);
  if (after.side < 0 || (subject->side < 0 && !claim_range_has(check, MAX(0, index - 6), index, TOKEN_CUE, CUE_FROM)) ||
      has_reversed_sides(check, index))
    return FALSE;
  gsize rows = claim_rows(check, subject, &row);
  if (rows == 1) return derive_row_delta(view, measure, row, out);
  gboolean names_members = FALSE;
  for (guint d = 0; d < CLAIM_MAX_DIMENSIONS; d++) names_members |= subject->counts[d] > 0;
  return !names_members && derive_total_delta(view, measure, out);
}

static void take_subject_behind(const Check *check, int index, Subject *subject) {
  int start, end;
  if (subject->any) return;
  claim_clause(check, index, &start, &end);
  claim_bind_range(check, index + 1, end, FALSE, subject);
  subject->side = 0; /* "from $5 in 2019": an end of the change, not what it is about */
}

gboolean derive_delta(const Check *check, int index, Delta *out) {
  const ResultView *view = check->view;
  BoundMeasure bound = claim_measure(check, index);
  if (bound.measure < 0 || view->n_rows == 0 || view->dimensions->len > CLAIM_MAX_DIMENSIONS) return FALSE;
  const ViewMeasure *measure = view_measure(view, (guint)bound.measure);
  int column = bound.column >= 0 && bound.column == measure->share ? measure->share : -1;
  Subject subject = claim_subject(check, index), object = {0};
  int other_measure = -1;
  if (derive_is_difference(check, index)) return named_difference(check, index, measure, out);
  if (find_object(check, index, &object, &other_measure)) {
    take_subject_behind(check, index, &subject);
    if (other_measure >= 0) return measure_delta(check, &subject, measure, other_measure, out);
    if (object.side != 0)
      return !names_other_subject(check, index, TRUE) && side_delta(check, &subject, &object, measure, out);
    return !names_other_subject(check, index, FALSE) && member_delta(check, &subject, &object, measure, column, out);
  }
  if (measure->previous >= 0 || measure->change >= 0 || measure->growth >= 0) {
    if (view->n_rows > 1) take_subject_behind(check, index, &subject);
    if (compared_delta(check, index, &subject, measure, out)) return TRUE;
    if (measure->value < 0) return FALSE;
  }
  return series_delta(check, index, &subject, measure, out);
}

/* ---- totals, means, shares ---- */
double derive_sum(const Check *check, const Subject *subject, const ViewMeasure *measure, int column) {
  gboolean is_share = column == measure->share && column >= 0;
  gboolean any = FALSE;
  double sum = 0;
  if ((!measure->additive && !is_share) || column == measure->growth || column == measure->window) return NAN;
  for (gsize row = 0; row < check->view->n_rows; row++) {
    double value = view_number(check->view, row, column);
    if (isnan(value) || (subject != NULL && !claim_row_matches(check, subject, row))) continue;
    sum += value;
    any = TRUE;
  }
  return any ? sum : NAN;
}

double derive_mean(const Check *check, const Subject *subject, int column) {
  double sum = 0;
  gsize count = 0;
  for (gsize row = 0; row < check->view->n_rows; row++) {
    double value = view_number(check->view, row, column);
    if (isnan(value) || (subject != NULL && !claim_row_matches(check, subject, row))) continue;
    sum += value;
    count++;
  }
  return count > 0 ? sum / (double)count : NAN;
}

double derive_share(const ResultView *view, const ViewMeasure *measure, const gboolean *rows) {
  gboolean has_column = measure->share >= 0;
  int column = has_column ? measure->share : measure->main;
  double part = 0, whole = 0;
  if (!has_column && (!view->complete || !measure->additive || !view_non_negative(view, column))) return NAN;
  for (gsize row = 0; row < view->n_rows; row++) {
    double value = view_number(view, row, column);
    if (isnan(value)) continue;
    whole += value;
    if (rows[row]) part += value;
  }
  if (has_column) return part;
  return whole > 0 ? part / whole : NAN;
}

static int compare_doubles(gconstpointer a, gconstpointer b) {
  double one = *(const double *)a, other = *(const double *)b;
  return (one < other) - (one > other);
}

gboolean derive_top_rows(const ResultView *view, int column, int extreme, gsize count, gboolean *rows) {
  g_autoptr(GArray) values = g_array_new(FALSE, FALSE, sizeof(double));
  for (gsize row = 0; row < view->n_rows; row++) {
    double value = view_number(view, row, column) * extreme;
    rows[row] = FALSE;
    if (!isnan(value)) g_array_append_val(values, value);
  }
  if (count == 0 || count > values->len) return FALSE;
  g_array_sort(values, compare_doubles);
  double last = g_array_index(values, double, count - 1);
  if (count < values->len && g_array_index(values, double, count) >= last) return FALSE;
  for (gsize row = 0; row < view->n_rows; row++) rows[row] = view_number(view, row, column) * extreme >= last;
  return TRUE;
}

static double zero_where_missing(double value) {
  return isnan(value) ? 0 : value;
}

double derive_share_of_change(const ResultView *view, const ViewMeasure *measure, const gboolean *rows) {
  double part = 0, whole = 0;
  if (!view->is_compared || !view->complete || !measure->additive || measure->value < 0 || measure->previous < 0) return NAN;
  for (gsize row = 0; row < view->n_rows; row++) {
    double change = zero_where_missing(view_number(view, row, measure->value)) -
                    zero_where_missing(view_number(view, row, measure->previous));
    whole += change;
    if (rows[row]) part += change;
  }
  return whole < 0 || whole > 0 ? part / whole : NAN;
}
