/* From a result to one to four sentences. Templates only propose; what the fact check does not accept is not said. */
#include "insight/narrate.h"
#include <math.h>
#include <string.h>

static void fact_free(Fact *fact) {
  g_free(fact->text);
  g_free(fact->from);
  json_decref(fact->value);
  g_free(fact);
}

void narrative_free(Narrative *narrative) {
  if (narrative == NULL) return;
  g_ptr_array_unref(narrative->sentences);
  g_ptr_array_unref(narrative->facts);
  g_free(narrative);
}

/* ---- tools of the templates ---- */
/* "3 January 2020" at `text`. */
static gboolean is_day(const char *text) {
  static const char *const MONTHS[] = {"January ", "February ", "March ",     "April ",   "May ",      "June ",
                                       "July ",    "August ",   "September ", "October ", "November ", "December "};
  gsize digits = strspn(text, "0123456789");
  if (digits < 1 || digits > 2 || text[digits] != ' ') return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS(MONTHS); i++)
    if (g_str_has_prefix(text + digits + 1, MONTHS[i])) return TRUE;
  return FALSE;
}

/* Templates say "in" of every period; of days it is "on". */
static void say_on_days(char *sentence) {
  for (char *at = sentence; (at = strstr(at, "n ")) != NULL; at++) {
    gboolean is_in = at > sentence && (at[-1] == 'i' || at[-1] == 'I') && (at - 1 == sentence || at[-2] == ' ');
    if (is_in && is_day(at + 2)) at[-1] = at[-1] == 'I' ? 'O' : 'o';
  }
}

gboolean narrate_tell(Narrator *narrator, const char *format, ...) {
  if (narrator->narrative->sentences->len >= NARRATE_MAX_SENTENCES) return FALSE;
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *sentence = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  say_on_days(sentence);
  g_autofree char *why = NULL;
  if (!check_sentence(narrator->view, narrator->phrases, sentence, narrator->narrative->facts, &why)) {
    g_debug("sentence dropped: %s: %s", why, sentence);
    narrator->narrative->dropped++;
    return FALSE;
  }
  g_ptr_array_add(narrator->narrative->sentences, g_steal_pointer(&sentence));
  return TRUE;
}

char *narrate_first(const ResultView *view, guint dimension, gsize row) {
  const ViewDimension *item = view_dimension(view, dimension);
  const char *label = item->labels[row];
  if (item->is_bucket && !item->is_each_value) return g_strdup_printf("The group %s", label);
  gboolean is_our_word = g_str_has_prefix(label, item->noun) || item->is_cyclic ||
                         (item->field != NULL && item->field->codes != NULL && item->field->codes->len > 0);
  return is_our_word ? view_capital(label) : g_strdup(label);
}

const char *narrate_extreme(const ResultView *view, const ViewMeasure *measure, int extreme) {
  const AnswerColumn *column = view_column(view, measure->main);
  gboolean is_counted = g_strcmp0(column->unit, "count") == 0 && measure->plural;
  if (extreme > 0) return is_counted ? "most" : "highest";
  return is_counted ? "fewest" : "lowest";
}

const char *narrate_was(const ViewMeasure *measure) {
  return measure->plural ? "were" : "was";
}

char *narrate_amount(const Narrator *narrator, gsize row, int column) {
  return insight_format_value(view_column(narrator->view, column),
                              result_table_at(narrator->view->input->result, row, (guint)column));
}

char *narrate_count(gsize count, gboolean at_start) {
  static const char *const WORDS[] = {"zero", "one",   "two",   "three", "four", "five",
                                      "six",  "seven", "eight", "nine",  "ten"};
  if (count < G_N_ELEMENTS(WORDS) && at_start) return view_capital(WORDS[count]);
  return text_format_number((double)count, 0);
}

typedef struct {
  const ResultView *view;
  int column;
} RankContext;

static int compare_rows(gconstpointer a, gconstpointer b, gpointer user_data) {
  const RankContext *context = user_data;
  gsize one = *(const gsize *)a, other = *(const gsize *)b;
  double left = view_number(context->view, one, context->column),
         right = view_number(context->view, other, context->column);
  if (left != right) return left < right ? 1 : -1;
  return one < other ? -1 : one > other;
}

GArray *narrate_ranked(const ResultView *view, int column) {
  GArray *rows = g_array_new(FALSE, FALSE, sizeof(gsize));
  for (gsize row = 0; row < view->n_rows; row++)
    if (!isnan(view_number(view, row, column))) g_array_append_val(rows, row);
  RankContext context = {view, column};
  g_array_sort_with_data(rows, compare_rows, &context);
  return rows;
}

/* ---- shapes ---- */
static void narrate_empty(Narrator *narrator) {
  const ResultView *view = narrator->view;
  const char *nouns = view->dimensions->len > 0 && !view->is_detail ? view_dimension(view, 0)->nouns : view->rows_noun;
  narrate_tell(narrator, "No %s match%s.", nouns, view->context);
}

static void narrate_detail(Narrator *narrator) {
  const ResultView *view = narrator->view;
  g_autofree char *count = text_format_number((double)view->n_rows, 0);
  const char *noun = view->n_rows == 1 ? view->row_noun : view->rows_noun;
  if (view->limited)
    narrate_tell(narrator, "%s %s %s shown%s.", count, noun, view->n_rows == 1 ? "is" : "are", view->context);
  else
    narrate_tell(narrator, "%s %s match%s%s.", count, noun, view->n_rows == 1 ? "es" : "", view->context);
}

/* Groups without any measure: a list of members. */
static void narrate_members(Narrator *narrator) {
  const ResultView *view = narrator->view;
  const ViewDimension *dimension = view_dimension(view, 0);
  g_autofree char *count = text_format_number((double)view->n_rows, 0);
  if (view->n_rows == 1)
    narrate_tell(narrator, "There is one %s%s: %s.", dimension->noun, view->context, dimension->labels[0]);
  else if (view->limited)
    narrate_tell(narrator, "%s %s are shown%s.", count, dimension->nouns, view->context);
  else
    narrate_tell(narrator, "There are %s %s%s.", count, dimension->nouns, view->context);
}

/* "How far were sales from budget": the difference is told before its two sides. 0: there is none behind the first. */
static guint gap_measure(const ResultView *view) {
  for (guint i = 1; i < view->measures->len; i++) {
    int measure = view_measure(view, i)->measure;
    if (measure >= 0 && (guint)measure < view->query->measures->len &&
        ((const Measure *)g_ptr_array_index(view->query->measures, (guint)measure))->kind == MEASURE_DIFFERENCE)
      return i;
  }
  return 0;
}

static void narrate_groups(Narrator *narrator) {
  const ResultView *view = narrator->view;
  if (narrate_is_having_list(view)) {
    narrate_having(narrator);
    return;
  }
  guint gap = gap_measure(view);
  for (guint i = 0; i < MIN(view->measures->len, 3); i++) {
    const ViewMeasure *measure = view_measure(view, gap == 0 ? i : i == 0 ? gap : i <= gap ? i - 1 : i);
    if (view->is_series)
      narrate_series(narrator, measure);
    else if (narrate_spread(narrator, measure))
      continue;
    else if (view->dimensions->len == 1 || view_lists_events(view))
      narrate_ranking(narrator, measure);
    else
      narrate_two_dimensions(narrator, measure);
  }
}

/* When nothing else could be said: how much there is. */
static void narrate_extent(Narrator *narrator) {
  const ResultView *view = narrator->view;
  const char *nouns = view->dimensions->len == 1 ? view_dimension(view, 0)->nouns : "groups";
  g_autofree char *count = text_format_number((double)view->n_rows, 0);
  if (view->n_rows > 1)
    narrate_tell(narrator, "The answer has %s %s%s%s.", count, nouns, view->limited ? " shown" : "", view->context);
}

Narrative *insight_narrate(const InsightInput *input) {
  g_autoptr(ResultView) view = result_view_new(input);
  g_autoptr(Phrases) phrases = claim_phrases_new(view);
  Narrative *narrative = g_new0(Narrative, 1);
  narrative->sentences = g_ptr_array_new_with_free_func(g_free);
  narrative->facts = g_ptr_array_new_with_free_func((GDestroyNotify)fact_free);
  Narrator narrator = {view, phrases, narrative};
  if (view->n_rows == 0)
    narrate_empty(&narrator);
  else if (view->is_detail)
    narrate_detail(&narrator);
  else if (view->measures->len == 0 && view->dimensions->len > 0)
    narrate_members(&narrator);
  else if (view->is_compared && view->dimensions->len == 1 && view->query->analysis == ANALYSIS_DRIVERS)
    narrate_driver(&narrator);
  else if (view->is_compared && view->n_rows == 1)
    narrate_comparison(&narrator);
  else if (view->is_compared)
    narrate_comparison_rows(&narrator);
  else if (view->dimensions->len == 0)
    narrate_single(&narrator);
  else if (view->n_rows == 1 && !narrate_is_having_list(view))
    narrate_one_group(&narrator);
  else
    narrate_groups(&narrator);
  if (narrative->sentences->len == 0 && view->query->analysis != ANALYSIS_DRIVERS) narrate_extent(&narrator);
  return narrative;
}
