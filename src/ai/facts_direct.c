/* Every direction of a clause held against the changes that the data knows. */
#include <math.h>
#include <string.h>

#include "ai/facts_private.h"

/* No change to speak of. */
#define STAYS_WITHIN 0.02

/* What is meant where no measure is named: sales, where the data has their changes; else any. */
static FactMeasure usual_measure(const FactCheck *check, const FactClause *clause) {
  if (clause->scope.measures != 0) return clause->scope.measures;
  for (guint i = 0; i < check->data->cells->len; i++) {
    const FactCell *cell = &g_array_index(check->data->cells, FactCell, i);
    if (cell->change && cell->row >= 0 && cell->measure == fact_measure_sales()) return cell->measure;
  }
  return 0;
}

/* So many rows rose (1) or fell (-1), in one of the things that are measured. */
gboolean fact_so_many_have_sign(const FactCheck *check, const FactClause *clause, int sign, guint count) {
  FactMeasure measures = usual_measure(check, clause);
  g_autoptr(GHashTable) found = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL); /* what is measured -> rows */
  for (guint i = 0; i < check->data->cells->len; i++) {
    const FactCell *cell = &g_array_index(check->data->cells, FactCell, i);
    if (!cell->change || cell->row < 0 || (measures != 0 && cell->measure != 0 && (cell->measure & measures) == 0)) continue;
    const FactRow *row = g_ptr_array_index(check->data->rows, cell->row);
    char *what = g_strconcat(cell->key, "\n", row->metric, NULL);
    guint so_far = GPOINTER_TO_UINT(g_hash_table_lookup(found, what));
    g_hash_table_replace(found, what, GUINT_TO_POINTER(so_far + (cell->value * sign > 0)));
  }
  GHashTableIter iterator;
  gpointer rows;
  g_hash_table_iter_init(&iterator, found);
  while (g_hash_table_iter_next(&iterator, NULL, &rows))
    if (GPOINTER_TO_UINT(rows) == count) return TRUE;
  return FALSE;
}

/* The signs of the changes in a scope: 1, -1, or 0 where they differ or are unknown. `clause`: only of those that its numbers stand for. */
static int sign_in_data(const FactCheck *check, const FactScope *scope, const FactClause *clause) {
  gboolean plus = FALSE, minus = FALSE;
  for (int top = 1; top >= 0 && !plus && !minus; top--) { /* the whole first, where nothing is named */
    if (top && scope->names->len > 0) continue;
    for (guint i = 0; i < check->data->cells->len; i++) {
      const FactCell *cell = &g_array_index(check->data->cells, FactCell, i);
      if (!cell->change || cell->value == 0 || (top && cell->row >= 0) || !fact_cell_in_scope(check->data, cell, scope)) continue;
      gboolean meant = clause == NULL;
      for (guint j = clause != NULL ? clause->first : 0; clause != NULL && j < clause->end && !meant; j++)
        meant = fact_token_at(check, j)->is_number && fact_token_at(check, j)->name < 0 && fact_stands_for(check->data, &fact_token_at(check, j)->number, cell, TRUE);
      if (meant) *(cell->value > 0 ? &plus : &minus) = TRUE;
    }
  }
  return plus == minus ? 0 : plus ? 1 : -1;
}

/* "from 450 to 1,200": 1 rises, -1 falls, 0 no such thing. */
static int from_to(const FactCheck *check, const FactClause *clause) {
  for (guint i = clause->first; i + 3 < clause->end; i++) {
    const FactToken *a = fact_token_at(check, i + 1);
    if (strcmp(fact_word_at(check, clause, i), "from") != 0 || !a->is_number) continue;
    for (guint j = i + 2; j + 1 < clause->end; j++) {
      const FactToken *b = fact_token_at(check, j + 1);
      if (strcmp(fact_word_at(check, clause, j), "to") != 0 || !b->is_number || a->number.percent != b->number.percent) continue;
      return b->number.value > a->number.value ? 1 : b->number.value < a->number.value ? -1 : 0;
    }
  }
  return 0;
}

static int compare_ints(gconstpointer a, gconstpointer b) {
  return *(const int *)a - *(const int *)b;
}

/* Of whom a direction is said: names before it and of the list before, else all that the clause speaks of. */
static GArray *subjects(const FactCheck *check, const FactClause *clause) {
  GArray *names = g_array_new(FALSE, FALSE, sizeof(int));
  g_array_append_vals(names, clause->carried->data, clause->carried->len);
  for (guint i = clause->first; i < clause->said_at; i++)
    if (fact_token_at(check, i)->name_begins) fact_add_once(names, fact_token_at(check, i)->name);
  if (names->len == 0) g_array_append_vals(names, clause->scope.names->data, clause->scope.names->len);
  g_array_sort(names, compare_ints);
  return names;
}

/* "Lamps rose to 450": what 450 measures is what rose. 0: not known. */
static FactMeasure measure_of_numbers(const FactCheck *check, const FactClause *clause) {
  FactMeasure found = 0;
  for (guint i = clause->first; i < clause->end; i++) {
    const FactToken *token = fact_token_at(check, i);
    for (guint j = 0; token->is_number && token->name < 0 && j < check->data->cells->len; j++) {
      const FactCell *cell = &g_array_index(check->data->cells, FactCell, j);
      if (cell->measure != 0 && fact_stands_for(check->data, &token->number, cell, TRUE) && fact_cell_in_scope(check->data, cell, &clause->scope)) found |= cell->measure;
    }
  }
  return (found & (found - 1)) == 0 ? found : 0;
}

/* FALSE: what one of the subjects did is known, and it is the other way. *any: something is known. */
static gboolean direction_holds(const FactCheck *check, const FactClause *clause, gboolean *any) {
  g_autoptr(GArray) names = subjects(check, clause);
  FactMeasure measures = clause->scope.measures != 0 ? clause->scope.measures : measure_of_numbers(check, clause);
  for (guint i = 0; i < MAX(names->len, 1); i++) {
    FactScope scope = {g_array_new(FALSE, FALSE, sizeof(int)), measures};
    int subject = names->len > 0 ? g_array_index(names, int, i) : -1;
    if (subject >= 0) g_array_append_val(scope.names, subject);
    for (guint j = 0; j < clause->scope.names->len; j++) {
      int name = g_array_index(clause->scope.names, int, j);
      if (subject >= 0 && !fact_shares_field(check->data, name, subject)) fact_add_once(scope.names, name);
    }
    int known = sign_in_data(check, &scope, clause);
    if (known == 0) known = sign_in_data(check, &scope, NULL);
    /* Of several measures, a business that "grew" sold more. */
    if (known == 0 && measures == 0) scope.measures = fact_measure_sales();
    if (known == 0 && measures == 0) known = sign_in_data(check, &scope, NULL);
    g_array_unref(scope.names);
    *any = *any || known != 0;
    if (known != 0 && known != clause->said) return FALSE;
  }
  return TRUE;
}

/* "unchanged": no change of more than one in fifty. */
static gboolean stays(const FactCheck *check, const FactClause *clause, gboolean *any) {
  for (guint i = 0; i < check->data->cells->len; i++) {
    const FactCell *cell = &g_array_index(check->data->cells, FactCell, i);
    double growth = cell->derived ? cell->growth : cell->fraction ? cell->value : 0;
    if (!cell->change || growth == 0 || !fact_cell_in_scope(check->data, cell, &clause->scope)) continue;
    *any = TRUE;
    if (fabs(growth) <= STAYS_WITHIN) return TRUE;
  }
  return !*any;
}

/* "All categories rose", "none fell". */
static gboolean all_agree(const FactCheck *check, const FactClause *clause, int wanted) {
  for (guint i = 0; i < check->data->cells->len; i++) {
    const FactCell *cell = &g_array_index(check->data->cells, FactCell, i);
    if (cell->change && cell->row >= 0 && cell->value * wanted < 0 && fact_cell_in_scope(check->data, cell, &clause->scope)) return FALSE;
  }
  return TRUE;
}

static gboolean number_is_negative(const FactCheck *check, const FactClause *clause) {
  for (guint i = clause->first; i < clause->end; i++)
    if (fact_token_at(check, i)->is_number && fact_token_at(check, i)->number.negative) return TRUE;
  return FALSE;
}

/* "higher than Lamps", but not "higher than before". */
static gboolean is_comparison(const FactCheck *check, const FactClause *clause) {
  for (guint i = clause->first; i < clause->end; i++)
    for (guint j = i + 1; strcmp(fact_token_at(check, i)->word, "than") == 0 && j < clause->end && j <= i + 4; j++)
      if (fact_token_at(check, j)->name >= 0 || fact_token_at(check, j)->is_number) return TRUE;
  return FALSE;
}

void fact_check_direction(FactCheck *check, const FactClause *clause) {
  static const char *const ALL[] = {"all", "every", "each", "everything", "everywhere", NULL}, *const NONE[] = {"no", "none", "neither", "nothing", NULL};
  static const char WRONG[] = "The direction is not what the data says";
  gboolean any = FALSE;
  if (clause->said == 0 || is_comparison(check, clause)) return;
  if (clause->said == 2) {
    gboolean good = fact_is_denied(check, clause) || stays(check, clause, &any);
    if (any) fact_judge_clause(check, clause, good, WRONG);
    return;
  }
  if (clause->scope.names->len == 0 && fact_clause_has(check, clause, NONE)) fact_judge_clause(check, clause, all_agree(check, clause, -clause->said), WRONG);
  /* "growth of -10 %" */
  if (fact_is_denied(check, clause) || number_is_negative(check, clause)) return;
  int told = from_to(check, clause);
  if (told != 0) fact_judge_clause(check, clause, told == clause->said, "The direction is wrong");
  if (clause->scope.names->len == 0 && fact_clause_has(check, clause, ALL)) fact_judge_clause(check, clause, all_agree(check, clause, clause->said), WRONG);
  gboolean good = direction_holds(check, clause, &any);
  static const char *const ONLY[] = {"only", "sole", NULL};
  if (any && good && clause->scope.names->len > 0 && fact_clause_has(check, clause, ONLY)) good = fact_so_many_have_sign(check, clause, clause->said, 1);
  if (any && (told == 0 || !good)) fact_judge_clause(check, clause, good, WRONG);
}
