/* What a text names, and of what each of its clauses speaks. */
#include <string.h>

#include "ai/facts_private.h"

FactToken *fact_token_at(const FactCheck *check, guint index) {
  return &g_array_index(check->tokens, FactToken, index);
}

/* The word at an index of the same clause; "": none. */
const char *fact_word_at(const FactCheck *check, const FactClause *clause, gint64 index) {
  return index >= clause->first && index < clause->end ? fact_token_at(check, (guint)index)->word : "";
}

FactMeasure fact_measure_at(const FactCheck *check, const FactClause *clause, guint index) {
  const char *words[2] = {fact_token_at(check, index)->single, index + 1 < clause->end ? fact_token_at(check, index + 1)->single : ""};
  guint used;
  return fact_measure(words, 2, 0, &used);
}

gboolean fact_clause_has(const FactCheck *check, const FactClause *clause, const char *const *words) {
  for (guint i = clause->first; i < clause->end; i++)
    if (fact_token_at(check, i)->name < 0 && fact_is_one_of(fact_token_at(check, i)->word, words)) return TRUE;
  return FALSE;
}

gboolean fact_is_denied(const FactCheck *check, const FactClause *clause) {
  static const char *const NOT[] = {"not", "never", "neither", "without", "nor", "no", "nobody", "none", "didn", "wasn", "weren", "isn", "hasn", "hardly", NULL};
  for (guint i = clause->first; i < clause->end; i++)
    if (fact_is_one_of(fact_token_at(check, i)->word, NOT)) return TRUE;
  return FALSE;
}

/* ---- names ---- */

static gboolean name_is_at(const FactCheck *check, const FactName *name, guint at) {
  if (at + name->words->len > check->tokens->len) return FALSE;
  for (guint i = 0; i < name->words->len; i++) {
    const FactToken *token = fact_token_at(check, at + i);
    if (strcmp(token->single, g_ptr_array_index(name->words, i)) != 0 || token->sentence != fact_token_at(check, at)->sentence) return FALSE;
  }
  const FactToken *first = fact_token_at(check, at);
  /* Short words are names where they look like one: "IT", "May". */
  return name->words->len > 1 || first->capital || first->is_number || strlen(first->single) > 3;
}

void fact_mark_names(FactCheck *check) {
  for (guint i = 0; i < check->tokens->len; i++) {
    int best = -1;
    guint length = 0;
    for (guint n = 0; n < check->data->names->len; n++) {
      const FactName *name = g_ptr_array_index(check->data->names, n);
      if (name->words->len <= length || !name_is_at(check, name, i)) continue;
      best = (int)n;
      length = name->words->len;
    }
    for (guint j = 0; best >= 0 && j < length; j++) {
      fact_token_at(check, i + j)->name = best;
      fact_token_at(check, i + j)->name_begins = j == 0;
    }
    if (best >= 0) i += length - 1;
  }
}

static gboolean is_common(const FactToken *token) {
  static const char *const COMMON[] = {"i",       "january",  "february", "march",   "april",     "may",      "june",     "july",   "august", "september", "october", "november", "december", "monday",
                                       "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",   "usd",      "eur",    "gbp",    "yoy",       "mom",     "ytd",      "kpi",      "q1",
                                       "q2",      "q3",       "q4",       NULL};
  return fact_is_one_of(token->word, COMMON);
}

/* Words that begin a sentence and name nothing of their own. */
static gboolean is_general(const FactToken *token) {
  static const char *const GENERAL[] = {"it",    "they",   "this",   "that",    "these",   "those",    "there",  "we",      "both",    "all",     "each",    "none",     "neither", "either", "nothing",
                                        "everything", "most", "some", "others", "other",   "overall",  "total",  "totals",  "sales",   "revenue", "growth",  "profit",   "demand",  "business", "performance",
                                        "results", "result", "orders", "units",  "customers", "volume", "volumes", "margin", "margins", "spend",  "spending", "returns", "discounts", "figures", "numbers",
                                        "what",   "which",  "who",    "however", "meanwhile", "still",  "also",   "categories", "category", "regions", "region", "products", "product", "stores",
                                        "store",  "everyone", "nobody", "half",  "one",     "prices",   "price",  "costs",   "cost",    "change",  "changes", "turnover", "earnings", "trade", "share", NULL};
  return fact_is_one_of(token->word, GENERAL) || fact_is_one_of(token->single, GENERAL);
}

static gboolean is_verb(const char *word) {
  static const char *const VERBS[] = {"sold", "sells", "sell", "made", "makes", "earned", "had", "has", "have", "was", "were", "is", "are", "led", "leads", "lead", "brought", "reached", "came", "remained",
                                      "stayed", "took", "contributed", "accounted", "generated", "trailed", "beat", "outsold", "performed", "cost", "showed", "recorded", "posted", "saw", NULL};
  int direction = fact_direction(word);
  return fact_is_one_of(word, VERBS) || direction == 1 || direction == -1;
}

/* Capitals in the middle of a sentence name something, and so does what begins one and does something. */
void fact_check_names(FactCheck *check) {
  for (guint i = 0; i < check->tokens->len; i++) {
    const FactToken *token = fact_token_at(check, i);
    if (token->is_number || token->name >= 0 || !token->capital || is_common(token)) continue;
    if (token->begins) {
      const FactToken *next = i + 1 < check->tokens->len ? fact_token_at(check, i + 1) : NULL;
      if (next == NULL || next->clause != token->clause || !is_verb(next->word) || is_general(token) || is_verb(token->word)) continue;
    }
    fact_judge(check, g_hash_table_contains(check->data->words, token->word) || g_hash_table_contains(check->data->words, token->single), "This name does not stand in the data",
          token->start, token->end);
  }
}

/* ---- clauses ---- */

static void clause_clear(gpointer data) {
  FactClause *clause = data;
  g_array_unref(clause->scope.names);
  g_array_unref(clause->carried);
}

void fact_add_once(GArray *names, int name) {
  for (guint i = 0; i < names->len; i++)
    if (g_array_index(names, int, i) == name) return;
  g_array_append_val(names, name);
}

/* Joining words part clauses, outside of names. */
void fact_part_at_words(FactCheck *check) {
  static const char *const JOINTS[] = {"while", "but", "whereas", "and", "although", "though", "yet", "versus", "vs", "against", NULL};
  guint added = 0;
  for (guint i = 0; i < check->tokens->len; i++) {
    FactToken *token = fact_token_at(check, i);
    if (token->name < 0 && fact_is_one_of(token->word, JOINTS)) added++;
    token->clause += added;
  }
}

static void read_direction(const FactCheck *check, FactClause *clause) {
  gboolean up = FALSE, down = FALSE, stays = FALSE;
  for (guint i = clause->first; i < clause->end; i++) {
    int direction = fact_token_at(check, i)->name < 0 ? fact_direction(fact_token_at(check, i)->word) : 0;
    /* "up to 500" is no rise. */
    if (direction == 0 || (strcmp(fact_word_at(check, clause, i), "up") == 0 && strcmp(fact_word_at(check, clause, (gint64)i + 1), "to") == 0)) continue;
    if (!up && !down && !stays) clause->said_at = i;
    up = up || direction == 1;
    down = down || direction == -1;
    stays = stays || direction == 2;
  }
  clause->said = up + down + stays != 1 ? 0 : up ? 1 : down ? -1 : 2;
  clause->speaks = clause->speaks || up || down || stays;
}

static void read_clause(const FactCheck *check, FactClause *clause) {
  for (guint i = clause->first; i < clause->end; i++) {
    const FactToken *token = fact_token_at(check, i);
    if (token->name_begins) fact_add_once(clause->scope.names, token->name);
    clause->speaks = clause->speaks || (token->name < 0 && (token->is_number || is_verb(token->word)));
    gboolean counted = i > clause->first && fact_token_at(check, i - 1)->is_number && !fact_token_at(check, i - 1)->number.percent && fact_token_at(check, i - 1)->name < 0;
    /* "Chairs cost 1,200" */
    gboolean verb = strcmp(token->word, "cost") == 0 && i + 1 < clause->end && fact_token_at(check, i + 1)->is_number;
    /* "46 per order" measures no orders, and whatever else is named is only whose it is. */
    clause->ratio = clause->ratio || strcmp(token->word, "per") == 0;
    if (!counted && !verb) clause->scope.measures |= fact_measure_at(check, clause, i) & ~FACT_COUNTED_ONLY;
  }
  if (clause->ratio) clause->scope.measures = 0;
  read_direction(check, clause);
}

/* Some row has the name and all of the first `own` names of the clause, each or one of its kind. */
static gboolean go_together(const FactCheck *check, const FactClause *clause, guint own, int name) {
  for (guint i = 0; i < check->data->rows->len; i++) {
    const FactRow *row = g_ptr_array_index(check->data->rows, i);
    gboolean has = fact_row_has(row, name), with = own == 0;
    for (guint j = 0; has && j < own; j++) with = with || fact_row_has(row, g_array_index(clause->scope.names, int, j));
    if (has && with) return TRUE;
  }
  return FALSE;
}

/* What a clause leaves open is what the one before spoke of. */
static void inherit(const FactCheck *check, FactClause *clause, const FactClause *before) {
  static const char *const ALL[] = {"total", "totals", "overall", "altogether", "combined", "everything", "all", "other", "others", "rest", "average", "every", "company", NULL};
  for (guint i = clause->first; i < clause->end; i++)
    if (fact_token_at(check, i)->name < 0 && fact_is_one_of(fact_token_at(check, i)->word, ALL)) return;
  guint own = clause->scope.names->len;
  for (guint i = 0; i < before->scope.names->len; i++) {
    int name = g_array_index(before->scope.names, int, i);
    gboolean replaced = FALSE;
    for (guint j = 0; j < own; j++) replaced = replaced || fact_shares_field(check->data, name, g_array_index(clause->scope.names, int, j));
    if (!before->speaks) fact_add_once(clause->carried, name);
    if (before->speaks && (replaced || !go_together(check, clause, own, name))) continue;
    fact_add_once(clause->scope.names, name);
  }
  if (clause->scope.measures == 0 && !clause->ratio) clause->scope.measures = before->scope.measures;
}

static gboolean goes_on(const FactCheck *check, const FactClause *clause, const FactClause *before) {
  static const char *const PRONOUNS[] = {"it", "its", "they", "their", "this", "these", "both", "that", NULL};
  const FactToken *first = fact_token_at(check, clause->first);
  return first->sentence == fact_token_at(check, before->first)->sentence || fact_is_one_of(first->word, PRONOUNS);
}

GArray *fact_clauses(const FactCheck *check) {
  GArray *clauses = g_array_new(FALSE, TRUE, sizeof(FactClause));
  g_array_set_clear_func(clauses, clause_clear);
  for (guint i = 0; i < check->tokens->len;) {
    FactClause clause = {.first = i, .end = i};
    while (clause.end < check->tokens->len && fact_token_at(check, clause.end)->clause == fact_token_at(check, i)->clause) clause.end++;
    clause.scope.names = g_array_new(FALSE, FALSE, sizeof(int));
    clause.carried = g_array_new(FALSE, FALSE, sizeof(int));
    read_clause(check, &clause);
    const FactClause *before = clauses->len > 0 ? &g_array_index(clauses, FactClause, clauses->len - 1) : NULL;
    if (before != NULL && goes_on(check, &clause, before)) inherit(check, &clause, before);
    i = clause.end;
    g_array_append_val(clauses, clause);
  }
  return clauses;
}
