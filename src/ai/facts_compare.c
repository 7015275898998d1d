/* Which is more: "A sold more than B", "A has the highest sales", "the largest drop was in A". */
#include <math.h>
#include <string.h>

#include "ai/facts_private.h"

static const FactToken *token_at(const GArray *tokens, guint index) {
  return &g_array_index(tokens, FactToken, index);
}

static gboolean is_word(const GArray *tokens, guint index, guint end, const char *word) {
  return index < end && strcmp(token_at(tokens, index)->word, word) == 0;
}

/* ---- of which values ---- */

typedef enum { LEVELS, CHANGES } Kind;

/* Is the clause about how much something changed? */
static Kind kind_of(const GArray *tokens, guint first, guint end) {
  for (guint i = first; i < end; i++) {
    int direction = fact_direction(token_at(tokens, i)->word);
    const char *word = token_at(tokens, i)->word;
    if ((direction == 1 || direction == -1) && strcmp(word, "higher") != 0 && strcmp(word, "lower") != 0) return CHANGES;
    if (strcmp(word, "faster") == 0 || strcmp(word, "slower") == 0 || strcmp(word, "fastest") == 0 || strcmp(word, "slowest") == 0) return CHANGES;
  }
  return LEVELS;
}

static gboolean is_of_kind(const FactCell *cell, Kind kind) {
  return cell->row >= 0 && !cell->derived && !cell->of_text && (kind == CHANGES ? cell->change : !cell->change && !cell->previous);
}

static const FactRow *row_of(const FactData *data, const FactCell *cell) {
  return g_ptr_array_index(data->rows, cell->row);
}

/* The same thing measured, of two rows that are like each other. */
static gboolean are_alike(const FactData *data, const FactCell *a, const FactCell *b) {
  const FactRow *x = row_of(data, a), *y = row_of(data, b);
  return x->list == y->list && strcmp(a->key, b->key) == 0 && a->measure == b->measure && g_strcmp0(x->metric, y->metric) == 0;
}

static gboolean has_name(const FactData *data, const FactCell *cell, int name) {
  const FactRow *row = row_of(data, cell);
  for (guint i = 0; i < row->names->len; i++)
    if (g_array_index(row->names, int, i) == name) return TRUE;
  return FALSE;
}

static gboolean is_measured(const FactCell *cell, const FactScope *scope) {
  return scope->measures == 0 || cell->measure == 0 || (cell->measure & scope->measures) != 0;
}

/* ---- two of them ---- */

static const char *const MORE[] = {"more", "higher", "larger", "bigger", "stronger", "better", "greater", "faster", NULL};
static const char *const LESS[] = {"less", "lower", "smaller", "fewer", "weaker", "worse", "slower", NULL};
static const char *const BEATS[] = {"beat", "beats", "outsold", "outsells", "outperformed", "outperforms", "exceeded", "exceeds", "surpassed", "surpasses", "topped", "outpaced",
                                    "overtook", "outgrew", "above", NULL};
static const char *const TRAILS[] = {"trailed", "trails", "trailing", "lagged", "lags", "lagging", "below", "behind", NULL};

/* 1 or -1 where a comparison of two begins; *after: the first token behind it. */
static int comparator_at(const GArray *tokens, guint i, guint end, guint *after) {
  const char *word = token_at(tokens, i)->word;
  *after = i + 1;
  if (fact_is_one_of(word, BEATS)) return 1;
  if (fact_is_one_of(word, TRAILS)) return -1;
  if (strcmp(word, "ahead") == 0 && is_word(tokens, i + 1, end, "of")) return 1;
  int sign = fact_is_one_of(word, MORE) ? 1 : fact_is_one_of(word, LESS) ? -1 : 0;
  /* "more than", "higher sales than" */
  for (guint j = i + 1; sign != 0 && j < end && j <= i + 4; j++) {
    *after = j + 1;
    if (is_word(tokens, j, end, "than")) return sign;
  }
  return 0;
}

/* The signs of all differences that the words may mean: 1, -1, or 0 where they differ. */
static int real_order(const FactData *data, int left, int right, Kind kind, const FactScope *scope) {
  gboolean plus = FALSE, minus = FALSE;
  for (guint i = 0; i < data->cells->len; i++) {
    const FactCell *a = &g_array_index(data->cells, FactCell, i);
    if (!is_of_kind(a, kind) || !is_measured(a, scope) || !has_name(data, a, left)) continue;
    for (guint j = 0; j < data->cells->len; j++) {
      const FactCell *b = &g_array_index(data->cells, FactCell, j);
      if (!is_of_kind(b, kind) || !has_name(data, b, right) || !are_alike(data, a, b)) continue;
      plus = plus || a->value > b->value;
      minus = minus || a->value < b->value;
    }
  }
  return plus == minus ? 0 : plus ? 1 : -1;
}

static int name_after(const GArray *tokens, guint from, guint end) {
  for (guint i = from; i < end && i < from + 5; i++) {
    if (token_at(tokens, i)->is_number && token_at(tokens, i)->name < 0) return -1;
    if (token_at(tokens, i)->name >= 0) return token_at(tokens, i)->name;
  }
  return -1;
}

/* What is compared: the nearest name before of the same field; or, with nothing in the clause, what the sentence speaks of. */
static int name_before(const FactData *data, const GArray *tokens, guint first, guint at, int other) {
  for (guint i = at; i > first; i--) {
    int name = token_at(tokens, i - 1)->name;
    if (name >= 0 && name != other && fact_shares_field(data, name, other)) return name;
  }
  guint sentence = token_at(tokens, at)->sentence;
  for (guint i = first; i > 0 && token_at(tokens, i - 1)->sentence == sentence; i--) {
    int name = token_at(tokens, i - 1)->name;
    if (name >= 0 && name != other && fact_shares_field(data, name, other)) return name;
  }
  return -1;
}

static gboolean any_word(const GArray *tokens, guint first, guint end, const char *const *words) {
  for (guint i = first; i < end; i++)
    if (fact_is_one_of(token_at(tokens, i)->word, words)) return TRUE;
  return FALSE;
}

static int compare_two(const FactData *data, const GArray *tokens, guint first, guint end, const FactScope *scope) {
  static const char *const FELL[] = {"fell", "dropped", "declined", "decreased", "shrank", "lost", "decline", "drop", "fall", NULL};
  for (guint i = first; i < end; i++) {
    guint after;
    int said = token_at(tokens, i)->name < 0 ? comparator_at(tokens, i, end, &after) : 0;
    int right = said != 0 ? name_after(tokens, after, end) : -1;
    int left = right >= 0 ? name_before(data, tokens, first, i, right) : -1;
    if (left < 0) continue;
    Kind kind = kind_of(tokens, first, end);
    /* Who fell more ends lower. */
    if (kind == CHANGES && any_word(tokens, first, end, FELL)) said = -said;
    int real = real_order(data, left, right, kind, scope);
    return real == 0 ? -1 : real == said;
  }
  return -1;
}

/* ---- the most of all ---- */

static const char *const HIGHEST[] = {"highest", "largest", "biggest", "most", "best", "strongest", "greatest", "leads", "led", "leading", "fastest", "steepest", "sharpest", "topping", NULL};
static const char *const LOWEST[] = {"lowest", "smallest", "weakest", "least", "worst", "fewest", "slowest", NULL};

static const char *const EITHER[] = {"best", "worst", "strongest", "weakest", "leads", "led", "leading", NULL};

static int superlative_at(const GArray *tokens, guint i, guint first, guint end) {
  static const char *const NOT_BEFORE[] = {"second", "third", "fourth", "fifth", "next", "among", "2nd", "3rd", "of", "at", "one", NULL};
  const char *word = token_at(tokens, i)->word;
  static const char *const COMES[] = {"come", "comes", "came", "rank", "ranks", "ranked", "finished", "finish", "placed", NULL};
  int sign = fact_is_one_of(word, HIGHEST) ? 1 : fact_is_one_of(word, LOWEST) ? -1 : 0;
  if (i > first && fact_is_one_of(token_at(tokens, i - 1)->word, COMES)) sign = strcmp(word, "first") == 0 ? 1 : strcmp(word, "last") == 0 ? -1 : sign;
  if (sign == 0 || (i > first && fact_is_one_of(token_at(tokens, i - 1)->word, NOT_BEFORE))) return 0;
  if (i > first + 1 && fact_is_one_of(token_at(tokens, i - 2)->word, NOT_BEFORE) && strcmp(token_at(tokens, i - 2)->word, "at") != 0) return 0;
  /* "most of them", "led to", "the two largest" */
  if (is_word(tokens, i + 1, end, "of") || is_word(tokens, i + 1, end, "to") || (i > first && token_at(tokens, i - 1)->is_number)) return 0;
  if (strcmp(word, "most") == 0 && (i == first || strcmp(token_at(tokens, i - 1)->word, "the") != 0)) return 0;
  return sign;
}

/* 1: a value of the name is at the end that is meant, of all that are like it; 0: none is; -1: nothing to compare. */
static int is_extreme(const FactData *data, int name, int sign, Kind kind, const FactScope *scope) {
  int known = -1;
  for (guint i = 0; i < data->cells->len; i++) {
    const FactCell *a = &g_array_index(data->cells, FactCell, i);
    gboolean beaten = FALSE, any = FALSE;
    if (!is_of_kind(a, kind) || !is_measured(a, scope) || !has_name(data, a, name)) continue;
    for (guint j = 0; j < data->cells->len && !beaten; j++) {
      const FactCell *b = &g_array_index(data->cells, FactCell, j);
      if (b == a || !is_of_kind(b, kind) || !are_alike(data, a, b)) continue;
      any = TRUE;
      beaten = sign > 0 ? b->value > a->value : b->value < a->value;
    }
    if (any && !beaten) return 1;
    if (any) known = 0;
  }
  return known;
}

static int compare_all(const FactData *data, const GArray *tokens, guint first, guint end, const FactScope *scope) {
  static const char *const FALLS[] = {"drop", "decline", "fall", "decrease", "loss", "dip", "slump", "plunge", NULL};
  for (guint i = first; i < end; i++) {
    int sign = token_at(tokens, i)->name < 0 ? superlative_at(tokens, i, first, end) : 0, name = -1;
    if (sign == 0) continue;
    for (guint j = i; j > first && name < 0; j--) name = token_at(tokens, j - 1)->name;
    for (guint j = i + 1; j < end && name < 0; j++) name = token_at(tokens, j)->name;
    if (name < 0 && scope->names->len == 1) name = g_array_index(scope->names, int, 0);
    if (name < 0) continue;
    Kind kind = kind_of(tokens, first, end);
    /* The largest drop is the lowest change. */
    gboolean led = strcmp(token_at(tokens, i)->word, "led") == 0; /* "the decline was led by" */
    if (kind == CHANGES && any_word(tokens, led ? first : i, MIN(end, i + 4), FALLS)) sign = -sign;
    /* The biggest without a word of what is the one that sells most. */
    static const char *const SIZE[] = {"biggest", "largest", "smallest", NULL};
    FactScope meant = *scope;
    if (meant.measures == 0 && kind == LEVELS && fact_is_one_of(token_at(tokens, i)->word, SIZE)) meant.measures = fact_measure_sales();
    int real = is_extreme(data, name, sign, kind, &meant);
    /* The best may be what sells most or what grew most. */
    if (real == 0 && kind == LEVELS && fact_is_one_of(token_at(tokens, i)->word, EITHER)) real = is_extreme(data, name, sign, CHANGES, scope);
    return real;
  }
  return -1;
}

int fact_compare(const FactData *data, const GArray *tokens, guint first, guint end, const FactScope *scope) {
  int two = compare_two(data, tokens, first, end, scope);
  return two >= 0 ? two : compare_all(data, tokens, first, end, scope);
}
