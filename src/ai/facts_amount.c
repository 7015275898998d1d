/* Every number of a clause, and shares and factors in words, held against the data. */
#include <math.h>
#include <string.h>

#include "ai/facts_private.h"

#define MAX_COUNT 100
/* Shares told in words: "a third of". */
#define IN_WORDS 0.02
/* "doubled" */
#define FACTOR_ROOM 0.1

/* ---- numbers ---- */

static gboolean is_lost(const FactCheck *check, const FactClause *clause) {
  static const char *const LOSS[] = {"loss", "losses", "negative", "minus", "deficit", "below", "lost", NULL};
  for (guint i = clause->first; i < clause->end; i++)
    if (fact_is_one_of(fact_token_at(check, i)->word, LOSS)) return TRUE;
  return clause->said == -1;
}

static void read_bound(const FactCheck *check, const FactClause *clause, guint at, FactNumber *number) {
  static const char *const ABOUT[] = {"about", "around", "roughly", "approximately", "some", "circa", "nearly", "almost", "over", "under", "than", "least", "most", NULL};
  const char *last = fact_word_at(check, clause, (gint64)at - 1), *before = fact_word_at(check, clause, (gint64)at - 2);
  gboolean than = strcmp(last, "than") == 0;
  number->about = fact_is_one_of(last, ABOUT) || (number->start > fact_token_at(check, clause->first)->start && number->start[-1] == '~');
  if (strcmp(last, "over") == 0 || (than && strcmp(before, "more") == 0) || (strcmp(last, "least") == 0 && strcmp(before, "at") == 0)) number->bound = 1;
  if (strcmp(last, "under") == 0 || strcmp(last, "nearly") == 0 || strcmp(last, "almost") == 0 || (than && (strcmp(before, "less") == 0 || strcmp(before, "fewer") == 0))) number->bound = -1;
}

/* In a clause with several names of a kind and several numbers, each number belongs to the name beside it. -1: to any. */
static int name_beside(const FactCheck *check, const FactClause *clause, guint at) {
  guint numbers = 0;
  gint64 first_name = -1, first_number = -1;
  int names[2] = {-1, -1};
  for (guint i = clause->first; i < clause->end; i++) {
    const FactToken *token = fact_token_at(check, i);
    if (token->is_number && token->name < 0 && numbers++ == 0) first_number = i;
    if (!token->name_begins) continue;
    if (first_name < 0) {
      first_name = i;
      names[0] = token->name;
    } else if (token->name != names[0] && fact_shares_field(check->data, token->name, names[0])) {
      names[1] = token->name;
    }
  }
  if (numbers < 2 || names[1] < 0) return -1;
  if (first_number > first_name) {
    for (guint i = at; i > clause->first; i--)
      if (fact_token_at(check, i - 1)->name >= 0 && fact_shares_field(check->data, fact_token_at(check, i - 1)->name, names[0])) return fact_token_at(check, i - 1)->name;
  } else {
    for (guint i = at + 1; i < clause->end; i++)
      if (fact_token_at(check, i)->name >= 0 && fact_shares_field(check->data, fact_token_at(check, i)->name, names[0])) return fact_token_at(check, i)->name;
  }
  return -1;
}

/* "A, B and C sold 1, 2 and 3 respectively": the first number is the first name's. -1: nothing of the kind. */
static int name_respectively(const FactCheck *check, guint at) {
  guint sentence = fact_token_at(check, at)->sentence, numbers = 0, my_number = 0;
  gboolean said = FALSE;
  g_autoptr(GArray) names = g_array_new(FALSE, FALSE, sizeof(int));
  for (guint i = 0; i < check->tokens->len; i++) {
    const FactToken *token = fact_token_at(check, i);
    if (token->sentence != sentence) continue;
    said = said || strcmp(token->word, "respectively") == 0;
    if (i == at) my_number = numbers;
    numbers += token->is_number && token->name < 0;
    if (token->name_begins && (names->len == 0 || fact_shares_field(check->data, token->name, g_array_index(names, int, 0)))) g_array_append_val(names, token->name);
  }
  return said && names->len == numbers && numbers > 1 ? g_array_index(names, int, my_number) : -1;
}

/* Of what a number speaks. (its names are freed by the caller) */
static FactScope scope_of_number(const FactCheck *check, const FactClause *clause, guint at) {
  FactScope scope = {g_array_new(FALSE, FALSE, sizeof(int)), clause->scope.measures};
  int bound = name_respectively(check, at);
  if (bound < 0) bound = name_beside(check, clause, at);
  if (bound >= 0) g_array_append_val(scope.names, bound);
  for (guint i = 0; i < clause->scope.names->len; i++) {
    int name = g_array_index(clause->scope.names, int, i);
    if (bound < 0 || !fact_shares_field(check->data, name, bound)) fact_add_once(scope.names, name);
  }
  static const char *const PREPOSITIONS[] = {"in", "of", "on", "at", "for", "from", "to", "by", "than", "with", "per", "more", "less", "fewer", NULL};
  for (guint i = at + 1; i < clause->end && i <= at + 2 && !fact_token_at(check, at)->number.percent; i++) {
    const FactToken *token = fact_token_at(check, i);
    if (token->is_number || token->name >= 0 || fact_is_one_of(token->single, PREPOSITIONS)) break;
    FactMeasure counted = fact_measure_at(check, clause, i);
    if (counted == 0) continue;
    scope.measures = counted;
    break;
  }
  return scope;
}

/* Levels, changes, or both: "was 500" is no change, "by 500" is one. What stood before is told as that. */
typedef enum { ANY, LEVEL, CHANGE } Sort;
typedef enum { NOT_BEFORE, MAYBE_BEFORE, BEFORE } When;

static When when_of(const FactCheck *check, const FactClause *clause, guint at) {
  static const char *const PAST[] = {"before", "previously", "earlier", "ago", NULL};
  static const char *const OPEN[] = {"previous", "prior",   "last", "from",    "against", "versus", "vs",   "compared", "after",   "than",     "was",
                                     "were",     "between", "base", "baseline", "old",    "had",    "year", "started",  "starting", "beginning", NULL};
  if (fact_token_at(check, at)->number.percent) return MAYBE_BEFORE;
  if (strcmp(fact_word_at(check, clause, (gint64)at - 1), "from") == 0) return BEFORE;
  for (guint i = at + 1; i < clause->end && i <= at + 4; i++) {
    if (fact_token_at(check, i)->is_number || strcmp(fact_token_at(check, i)->word, "than") == 0) break;
    if (fact_is_one_of(fact_token_at(check, i)->word, PAST)) return BEFORE;
  }
  return fact_clause_has(check, clause, OPEN) || fact_clause_has(check, clause, PAST) ? MAYBE_BEFORE : NOT_BEFORE;
}

/* Of a level that has one before it, or is one, only the right one of the two is meant. */
static gboolean fits_in_time(const FactCheck *check, const FactCell *cell, When when) {
  if (cell->change || cell->of_text || cell->row < 0 || when == MAYBE_BEFORE || cell->previous == (when == BEFORE)) return TRUE;
  if (cell->previous) return FALSE;
  for (guint i = 0; i < check->data->cells->len; i++) {
    const FactCell *other = &g_array_index(check->data->cells, FactCell, i);
    if (other->row == cell->row && other->previous && other->measure == cell->measure) return FALSE;
  }
  return TRUE;
}

/* Where the data tells how the whole changed, what is said of no part of it is said of the whole. */
static gboolean whole_changed(const FactCheck *check) {
  for (guint i = 0; i < check->data->cells->len; i++) {
    const FactCell *cell = &g_array_index(check->data->cells, FactCell, i);
    if (cell->change && cell->row < 0 && !cell->of_text) return TRUE;
  }
  return FALSE;
}

static gboolean stands_in_data(const FactCheck *check, const FactNumber *number, const FactScope *scope, gboolean lost, Sort sort, When when) {
  gboolean of_whole = sort == CHANGE && scope->names->len == 0 && whole_changed(check);
  for (guint i = 0; i < check->data->cells->len; i++) {
    const FactCell *cell = &g_array_index(check->data->cells, FactCell, i);
    if (sort != ANY && !cell->of_text && cell->change != (sort == CHANGE)) continue;
    if (!fits_in_time(check, cell, when) || (of_whole && cell->row >= 0)) continue;
    if (fact_stands_for(check->data, number, cell, lost) && fact_cell_in_scope(check->data, cell, scope)) return TRUE;
  }
  return FALSE;
}

static Sort sort_of(const FactCheck *check, const FactClause *clause, guint at) {
  static const char *const IS[] = {"was", "is", "were", "are", "reached", "totaled", "totalled", "made", "sold", "at", "to", "generated", "earned", NULL};
  static const char *const CHANGES[] = {"change", "changed", "difference", "more", "less", "fewer", "gap", "swing", "improvement", "deterioration", NULL};
  const char *last = fact_word_at(check, clause, (gint64)at - 1);
  int direction = fact_direction(strcmp(last, "of") == 0 ? fact_word_at(check, clause, (gint64)at - 2) : last);
  if (direction == 1 || direction == -1 || (strcmp(last, "by") == 0 && (clause->said == 1 || clause->said == -1))) return CHANGE;
  gboolean about_change = fact_clause_has(check, clause, CHANGES);
  if (strcmp(last, "to") == 0 && !about_change) return LEVEL;
  for (guint i = at; i > 0 && fact_token_at(check, i - 1)->sentence == fact_token_at(check, at)->sentence && !about_change; i--)
    about_change = fact_token_at(check, i - 1)->name < 0 && fact_direction(fact_token_at(check, i - 1)->word) != 0;
  return fact_is_one_of(last, IS) && clause->said == 0 && !about_change ? LEVEL : ANY;
}

static gboolean is_supported(const FactCheck *check, const FactClause *clause, guint at, const FactNumber *number, const FactScope *scope) {
  gboolean lost = is_lost(check, clause);
  Sort sort = sort_of(check, clause, at);
  if (stands_in_data(check, number, scope, lost, sort, when_of(check, clause, at))) return TRUE;
  if (sort != CHANGE || strcmp(fact_word_at(check, clause, (gint64)at - 1), "lost") != 0) return FALSE;
  /* "lost 12,000": a loss is a profit below nothing. */
  const FactScope any = {scope->names, 0};
  for (guint i = 0; i < check->data->cells->len; i++) {
    const FactCell *cell = &g_array_index(check->data->cells, FactCell, i);
    if (cell->value < 0 && !cell->change && fact_stands_for(check->data, number, cell, TRUE) && fact_cell_in_scope(check->data, cell, &any)) return TRUE;
  }
  return FALSE;
}

static guint names_of_field(const FactData *data, guint field) {
  guint n = 0;
  for (guint i = 0; i < data->names->len; i++) n += (guint)((((const FactName *)g_ptr_array_index(data->names, i))->fields >> field) & 1);
  return n;
}

/* "four categories": what is counted is a field of the data. -1: it is not. */
static int counted_field(const FactCheck *check, const FactClause *clause, guint at) {
  static const char *const AWAY[] = {"at", "in", "of", "on", "for", "from", "to", "by", NULL};
  for (guint i = at + 1; i < clause->end && i <= at + 2; i++) {
    const FactToken *token = fact_token_at(check, i);
    if (token->is_number || token->name >= 0 || fact_is_one_of(token->word, AWAY) || fact_token_at(check, at)->number.percent) return -1;
    for (guint f = 0; f < check->data->fields->len; f++)
      if (strcmp(g_ptr_array_index(check->data->fields, f), fact_token_at(check, i)->single) == 0) return (int)f;
  }
  return -1;
}

static gboolean is_size_of_a_list(const FactCheck *check, guint count) {
  for (guint i = 0; i < check->data->lengths->len; i++)
    if (g_array_index(check->data->lengths, guint, i) == count) return TRUE;
  for (guint i = 0; i < check->data->fields->len; i++)
    if (names_of_field(check->data, i) == count) return TRUE;
  return FALSE;
}

static guint names_in_sentence(const FactCheck *check, guint sentence) {
  g_autoptr(GHashTable) names = g_hash_table_new(NULL, NULL);
  for (guint i = 0; i < check->tokens->len; i++)
    if (fact_token_at(check, i)->sentence == sentence && fact_token_at(check, i)->name >= 0) g_hash_table_add(names, GINT_TO_POINTER(fact_token_at(check, i)->name + 1));
  return g_hash_table_size(names);
}

/* "4 returns": a measure of what was counted, not how long a list is. */
static gboolean is_of_a_measure(const FactCheck *check, const FactClause *clause, guint at) {
  for (guint i = at + 1; i < clause->end && i <= at + 2; i++)
    if ((fact_measure_at(check, clause, i) & ~FACT_COUNTED_ONLY) != 0) return TRUE;
  return FALSE;
}

/* Small whole numbers count what is there: how many groups, how many of them rose, how many are named. */
static gboolean counts_something(const FactCheck *check, const FactClause *clause, guint at, const FactNumber *number) {
  static const char *const TOP[] = {"top", "first", "best", "largest", "biggest", "leading", "bottom", "smallest", NULL};
  static const char *const WHOLE[] = {"of", "the", "all", "these", "both", "other", "among", NULL};
  if (!number->whole || number->times || number->value > MAX_COUNT || number->currency != 0 || number->value < 1) return FALSE;
  guint count = (guint)number->value;
  const char *last = fact_word_at(check, clause, (gint64)at - 1);
  if (clause->said == 0 && counted_field(check, clause, at) < 0 && is_of_a_measure(check, clause, at)) return FALSE;
  if (number->value >= 2 && count == names_in_sentence(check, fact_token_at(check, at)->sentence)) return TRUE;
  if (fact_is_one_of(last, TOP)) return count <= check->data->rows->len;
  if ((clause->said == 1 || clause->said == -1) && !fact_is_one_of(last, WHOLE)) return fact_so_many_have_sign(check, clause, clause->said, count);
  return is_size_of_a_list(check, count);
}

/* "12 kg": nobody spoke of a weight. */
static gboolean unit_is_known(const FactCheck *check, const FactClause *clause, guint at) {
  static const char *const UNITS[] = {"kg", "kilogram", "ton", "tonne", "gram", "liter", "litre", "hour", "minute", "second", "day", "week", "month", "year", "quarter", "mile", "km", "meter", "metre",
                                      "point", "star", "degree", "employee", "hectare", NULL};
  if (at + 1 >= clause->end || fact_token_at(check, at)->number.percent) return TRUE;
  const FactToken *next = fact_token_at(check, at + 1);
  for (guint i = at + 1; i + 1 < clause->end && i <= at + 3; i++)
    if (strcmp(fact_token_at(check, i)->word, "per") == 0) next = fact_token_at(check, i + 1);
  for (guint i = 0; strcmp(next->single, "point") == 0 && i < check->data->cells->len; i++)
    if (g_array_index(check->data->cells, FactCell, i).points) return TRUE;
  return next->is_number || !fact_is_one_of(next->single, UNITS) || g_hash_table_contains(check->data->words, next->single);
}

/* "between 10 and 12 %" */
static gboolean next_is_percent(const FactCheck *check, guint at) {
  static const char *const TO[] = {"and", "to", "or", NULL};
  guint next = at + 1 < check->tokens->len && fact_is_one_of(fact_token_at(check, at + 1)->word, TO) ? at + 2 : at + 1;
  return next < check->tokens->len && fact_token_at(check, next)->is_number && fact_token_at(check, next)->number.percent && fact_token_at(check, next)->sentence == fact_token_at(check, at)->sentence;
}

/* ---- shares and factors in words ---- */

/* 0: the token begins none. "a third of", "two thirds of", "by half"; *used tokens. */
static double fraction_at(const FactCheck *check, const FactClause *clause, guint at, guint *used) {
  static const char *const PERIODS[] = {"year", "month", "week", "quarter", "season", "day", NULL};
  const char *word = fact_word_at(check, clause, at);
  double many = strcmp(word, "two") == 0 ? 2 : strcmp(word, "three") == 0 ? 3 : strcmp(word, "a") == 0 || strcmp(word, "one") == 0 ? 1 : 0;
  guint noun = many > 0 ? at + 1 : at;
  const char *part = fact_word_at(check, clause, noun);
  double whole = g_str_has_prefix(part, "third") ? 3 : g_str_has_prefix(part, "quarter") ? 4 : g_str_has_prefix(part, "fifth") ? 5 : strcmp(part, "half") == 0 ? 2 : 0;
  if (whole == 0 || (many == 0 && whole != 2)) return 0;
  gboolean of = strcmp(fact_word_at(check, clause, (gint64)noun + 1), "of") == 0, by = strcmp(fact_word_at(check, clause, (gint64)at - 1), "by") == 0;
  if (!of && !by) return 0;
  for (guint i = noun + 2; of && i <= noun + 3; i++)
    if (fact_is_one_of(fact_word_at(check, clause, i), PERIODS)) return 0;
  *used = noun + 1 - at;
  return (many > 0 ? many : 1) / whole;
}

/* What of its list's sum a cell is. */
static double share_of_list(const FactData *data, const FactCell *cell) {
  double sum = 0;
  const FactRow *row = g_ptr_array_index(data->rows, cell->row);
  for (guint i = 0; i < data->cells->len; i++) {
    const FactCell *other = &g_array_index(data->cells, FactCell, i);
    if (other->row < 0 || other->derived || strcmp(other->key, cell->key) != 0 || other->measure != cell->measure) continue;
    if (((const FactRow *)g_ptr_array_index(data->rows, other->row))->list == row->list) sum += other->value;
  }
  return sum != 0 ? cell->value / sum : 0;
}

static gboolean is_fraction_in_data(const FactCheck *check, const FactClause *clause, double fraction) {
  for (guint i = 0; i < check->data->cells->len; i++) {
    const FactCell *cell = &g_array_index(check->data->cells, FactCell, i);
    if (cell->of_text || !fact_cell_in_scope(check->data, cell, &clause->scope)) continue;
    double size = fabs(cell->derived ? cell->growth : cell->percent_key ? cell->value / 100 : cell->value);
    if (fabs(size - fraction) <= IN_WORDS) return TRUE;
    if (cell->row >= 0 && !cell->change && !cell->previous && fabs(share_of_list(check->data, cell) - fraction) <= IN_WORDS) return TRUE;
  }
  return FALSE;
}

/* How much more "doubled" is; 0: the word is none. */
static double factor_of(const char *word) {
  static const struct {
    const char *word;
    double growth;
  } FACTORS[] = {{"doubled", 1}, {"doubling", 1}, {"tripled", 2}, {"tripling", 2}, {"quadrupled", 3}, {"halved", -0.5}, {"halving", -0.5}};
  for (guint i = 0; i < G_N_ELEMENTS(FACTORS); i++)
    if (strcmp(word, FACTORS[i].word) == 0) return FACTORS[i].growth;
  return 0;
}

/* `more`: or beyond it, "more than doubled". */
static gboolean is_growth_in_data(const FactCheck *check, const FactClause *clause, double growth, gboolean more) {
  for (guint i = 0; i < check->data->cells->len; i++) {
    const FactCell *cell = &g_array_index(check->data->cells, FactCell, i);
    if (!cell->change || (!cell->derived && !cell->fraction) || !fact_cell_in_scope(check->data, cell, &clause->scope)) continue;
    double real = cell->derived ? cell->growth : cell->percent_key ? cell->value / 100 : cell->value;
    if (fabs(real - growth) <= FACTOR_ROOM || (more && (growth > 0 ? real > growth && real < growth + 1 : real < growth))) return TRUE;
  }
  return FALSE;
}

gboolean fact_check_numbers(FactCheck *check, const FactClause *clause) {
  gboolean counts = FALSE;
  for (guint i = clause->first; i < clause->end; i++) {
    const FactToken *token = fact_token_at(check, i);
    guint used = 0;
    double fraction = fraction_at(check, clause, i, &used), growth = factor_of(token->word);
    if (fraction > 0) {
      fact_judge(check, is_fraction_in_data(check, clause, fraction), "This share does not stand in the data", token->start, fact_token_at(check, i + used - 1)->end);
      i += used - 1;
      continue;
    }
    if (growth != 0) fact_judge(check, is_growth_in_data(check, clause, growth, strcmp(fact_word_at(check, clause, (gint64)i - 2), "more") == 0), "This change does not stand in the data", token->start, token->end);
    if (!token->is_number || token->name >= 0) continue;
    FactNumber number = token->number;
    read_bound(check, clause, i, &number);
    FactScope scope = scope_of_number(check, clause, i);
    gboolean stands = counted_field(check, clause, i) < 0 && is_supported(check, clause, i, &number, &scope), good = stands || counts_something(check, clause, i, &number);
    counts = counts || (good && !stands);
    if (!good && !number.percent && next_is_percent(check, i)) {
      number.percent = TRUE;
      good = stands_in_data(check, &number, &scope, TRUE, ANY, MAYBE_BEFORE);
    }
    fact_judge(check, good && unit_is_known(check, clause, i), scope.names->len > 0 ? "This number does not stand in the data for what it is said of" : "This number does not stand in the data",
          number.start, number.end);
    g_array_unref(scope.names);
  }
  return counts;
}
