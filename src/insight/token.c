/* Finds the result's own names in a sentence, longest first, then numbers, then words with a meaning. */
#include "insight/token.h"
#include <string.h>

#define PHRASE_MAX_BYTES 300
#define FOLDED_MAX_ROWS 500

struct Phrases {
  const ResultView *view;
  GHashTable *exact;   /* text -> Token* (owned), members as they are written */
  GHashTable *folded;  /* lower case -> Token*, everything else */
  GHashTable *openers; /* lower-case first words of all of them: most words of a sentence start no name */
  gsize longest;
};

static void token_free(Token *token) {
  g_free(token->word);
  g_free(token);
}

/* A run of letters and digits, or one other character. */
static gsize chunk_length(const char *at) {
  const char *end = at;
  while (*end != '\0' && g_unichar_isalnum(g_utf8_get_char(end))) end = g_utf8_next_char(end);
  return (gsize)((end == at && *at != '\0' ? g_utf8_next_char(at) : end) - at);
}

#define SHORT_OPENER 32

/* Most openers are known by the time they come again ("1 January", "2 January"): nothing is allocated for those. */
static void add_opener(Phrases *phrases, const char *text) {
  gsize length = chunk_length(text);
  char lower[SHORT_OPENER];
  gboolean is_plain = length < sizeof lower;
  for (gsize i = 0; is_plain && i < length; i++) {
    is_plain = (guchar)text[i] < 128;
    lower[i] = g_ascii_tolower(text[i]);
  }
  if (is_plain) lower[length] = '\0';
  if (is_plain && g_hash_table_contains(phrases->openers, lower)) return;
  g_hash_table_add(phrases->openers, g_utf8_strdown(text, (gssize)length));
}

static gboolean may_open_phrase(const Phrases *phrases, const char *at) {
  g_autofree char *opener = g_utf8_strdown(at, (gssize)chunk_length(at));
  return g_hash_table_contains(phrases->openers, opener);
}

static void add_phrase(Phrases *phrases, GHashTable *table, const char *text, const Token *meaning) {
  gsize length = strlen(text);
  if (length == 0 || length > PHRASE_MAX_BYTES) return;
  g_autofree char *folded = table == phrases->folded ? g_utf8_strdown(text, -1) : NULL;
  if (g_hash_table_contains(table, folded != NULL ? folded : text)) return;
  phrases->longest = MAX(phrases->longest, length);
  add_opener(phrases, text);
  char *key = folded != NULL ? g_steal_pointer(&folded) : g_strdup(text);
  g_hash_table_insert(table, key, g_memdup2(meaning, sizeof *meaning));
}

static void add_member(Phrases *phrases, const char *text, const Token *meaning) {
  Token word = {0};
  add_phrase(phrases, phrases->exact, text, meaning);
  if (phrases->view->n_rows > FOLDED_MAX_ROWS) return; /* long lists must be quoted as they are written */
  g_autofree char *lower = g_utf8_strdown(text, -1);
  /* "Other" and "Low" may be members; in lower case they are ordinary words. */
  if (strlen(text) >= 3 && !claim_word_meaning(lower, &word)) add_phrase(phrases, phrases->folded, text, meaning);
}

/* "November" alone is enough where all periods lie in one year. */
static void add_period_without_year(Phrases *phrases, const ViewDimension *dimension, const char *label,
                                    const Token *meaning) {
  const char *space = strrchr(label, ' ');
  if (space == NULL || dimension->unit == TIME_UNIT_DAY || dimension->unit == TIME_UNIT_WEEK) return;
  const char *year = NULL;
  for (gsize row = 0; row < phrases->view->n_rows; row++) {
    const char *other = strrchr(dimension->labels[row], ' ');
    if (other == NULL || (year != NULL && strcmp(other, year) != 0)) return;
    year = other;
  }
  g_autofree char *bare = g_strndup(label, (gsize)(space - label));
  add_phrase(phrases, phrases->exact, bare, meaning);
}

static void add_members(Phrases *phrases) {
  const ResultView *view = phrases->view;
  for (guint d = 0; d < view->dimensions->len; d++) {
    const ViewDimension *dimension = view_dimension(view, d);
    gboolean one_year_known = view->n_rows <= 400; /* the short names cost a pass over the rows each */
    for (gsize row = 0; row < view->n_rows; row++) {
      const char *label = dimension->labels[row];
      Token member = {.kind = TOKEN_MEMBER, .dimension = d, .label = label, .column = -1};
      if (g_hash_table_contains(phrases->exact, label)) continue;
      add_member(phrases, label, &member);
      const Value *value = result_table_at(view->input->result, row, dimension->column);
      gboolean same = value->type != VALUE_TEXT || strcmp(value->text, label) == 0;
      if (!same && (dimension->is_time || !view_is_bare(value->text))) add_member(phrases, value->text, &member);
      if (!dimension->is_time) continue;
      g_autofree char *brief = view_cell_label(view, dimension, row, TRUE);
      add_phrase(phrases, phrases->exact, brief, &member);
      if (one_year_known) add_period_without_year(phrases, dimension, label, &member);
    }
  }
}

static void add_sides(Phrases *phrases) {
  const ResultView *view = phrases->view;
  static const char *const BEFORE[] = {"the year before",     "the month before",     "the quarter before",
                                       "the week before",     "the period before",    "the previous year",
                                       "the previous month",  "the previous quarter", "the previous week",
                                       "the previous period", "a year earlier"};
  Token current = {.kind = TOKEN_SIDE, .side = 1, .column = -1},
        previous = {.kind = TOKEN_SIDE, .side = -1, .column = -1};
  if (view->current_name != NULL) add_member(phrases, view->current_name, &current);
  if (view->previous_name != NULL) add_member(phrases, view->previous_name, &previous);
  gboolean has_before =
      view->previous_is_period || (view->is_compared && view->n_rows == 1 && view->current_name == NULL);
  for (guint i = 0; has_before && i < G_N_ELEMENTS(BEFORE); i++)
    add_phrase(phrases, phrases->folded, BEFORE[i], &previous);
}

static void add_measures(Phrases *phrases) {
  const ResultView *view = phrases->view;
  for (guint i = 0; i < view->measures->len; i++) {
    const ViewMeasure *measure = view_measure(view, i);
    Token token = {.kind = TOKEN_MEASURE, .measure = i, .column = -1};
    add_phrase(phrases, phrases->folded, measure->name, &token);
    g_autofree char *singular = text_singular(measure->name);
    if (singular != NULL && !view_is_bare(singular)) add_phrase(phrases, phrases->folded, singular, &token);
    const int columns[] = {measure->value,  measure->previous, measure->change,
                           measure->growth, measure->share,    measure->window};
    for (guint k = 0; k < G_N_ELEMENTS(columns); k++) {
      const AnswerColumn *column = view_column(view, columns[k]);
      if (column == NULL || column->label == NULL) continue;
      Token word = {0};
      g_autofree char *label = view_words(column->label);
      g_autofree char *lower = g_utf8_strdown(label, -1);
      if (claim_word_meaning(lower, &word) || g_strcmp0(lower, column->kind) == 0)
        continue; /* a column called "growth" or "change" is not a name of anything */
      token.column = columns[k];
      add_phrase(phrases, phrases->folded, label, &token);
      add_phrase(phrases, phrases->folded, column->label, &token);
    }
  }
}

static void add_nouns(Phrases *phrases) {
  const ResultView *view = phrases->view;
  static const char *const ANY[] = {"row", "rows", "group", "groups", "result", "results"};
  Token noun = {.kind = TOKEN_NOUN, .column = -1};
  for (guint d = 0; d < view->dimensions->len; d++) {
    noun.dimension = d;
    add_phrase(phrases, phrases->folded, view_dimension(view, d)->noun, &noun);
    add_phrase(phrases, phrases->folded, view_dimension(view, d)->nouns, &noun);
  }
  noun.dimension = G_MAXUINT;
  if (view->is_detail || view->n_rows == 0) {
    add_phrase(phrases, phrases->folded, view->rows_noun, &noun);
    add_phrase(phrases, phrases->folded, view->row_noun, &noun);
  }
  for (guint i = 0; i < G_N_ELEMENTS(ANY); i++) add_phrase(phrases, phrases->folded, ANY[i], &noun);
}

/* Dates that are values: "the first order was placed on 3 January 2017". */
static void add_date_cells(Phrases *phrases) {
  const ResultView *view = phrases->view;
  Token token = {.kind = TOKEN_CONTEXT, .column = -1};
  for (guint i = 0; i < view->measures->len && view->n_rows == 1; i++) {
    int column = view_measure(view, i)->main;
    const Value *value = result_table_at(view->input->result, 0, (guint)column);
    if (value->type != VALUE_DATE && value->type != VALUE_TIMESTAMP) continue;
    g_autofree char *text = insight_format_value(view_column(view, column), value);
    add_phrase(phrases, phrases->folded, text, &token);
  }
}

Phrases *claim_phrases_new(const ResultView *view) {
  Phrases *phrases = g_new0(Phrases, 1);
  phrases->view = view;
  phrases->exact = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  phrases->folded = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  phrases->openers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  add_sides(phrases);
  add_members(phrases);
  Token context = {.kind = TOKEN_CONTEXT, .column = -1};
  for (guint i = 0; i < view->context_phrases->len; i++)
    add_phrase(phrases, phrases->folded, g_ptr_array_index(view->context_phrases, i), &context);
  add_date_cells(phrases);
  add_measures(phrases);
  add_nouns(phrases);
  return phrases;
}

void claim_phrases_free(Phrases *phrases) {
  if (phrases == NULL) return;
  g_hash_table_unref(phrases->exact);
  g_hash_table_unref(phrases->folded);
  g_hash_table_unref(phrases->openers);
  g_free(phrases);
}

/* ---- scanning ---- */
static gboolean is_word_char(const char *at) {
  return g_unichar_isalnum(g_utf8_get_char(at));
}

static gboolean at_boundary(const char *before, const char *at) {
  return *at == '\0' || !is_word_char(at) || !is_word_char(before);
}

/* A year is a name only where nothing makes it an amount: "2019 %", "2019.5", "2019k" are numbers. */
static gboolean digits_are_amount(const char *start, gsize length) {
  const char *after = start + length;
  if (strspn(start, "0123456789") < length) return FALSE;
  return (*after == '.' && g_ascii_isdigit(after[1])) || (*after == ',' && g_ascii_isdigit(after[1])) ||
         *after == '%' || g_str_has_prefix(after, " %") || g_str_has_prefix(after, " pp") ||
         g_str_has_prefix(after, " million") || g_str_has_prefix(after, " billion") ||
         g_str_has_prefix(after, " thousand") || g_str_has_prefix(after, " times");
}

static const Token *find_phrase(const Phrases *phrases, const char *at, gsize *length) {
  const Token *best = NULL;
  const char *before = at;
  if (!may_open_phrase(phrases, at)) return NULL;
  for (const char *end = g_utf8_next_char(at); (gsize)(end - at) <= phrases->longest; end = g_utf8_next_char(end)) {
    gsize bytes = (gsize)(end - at);
    if (at_boundary(before, end)) {
      g_autofree char *text = g_strndup(at, bytes);
      const Token *found = g_hash_table_lookup(phrases->exact, text);
      if (found == NULL) {
        g_autofree char *lower = g_utf8_strdown(text, -1);
        found = g_hash_table_lookup(phrases->folded, lower);
      }
      if (found != NULL && !digits_are_amount(at, bytes)) {
        best = found;
        *length = bytes;
      }
    }
    before = end;
    if (*end == '\0') break;
  }
  return best;
}

static gboolean is_calendar_name(const char *lower) {
  static const char NAMES[] =
      " january february march april june july august september october november december monday tuesday"
      " wednesday thursday friday saturday sunday mondays tuesdays wednesdays thursdays fridays"
      " saturdays sundays weekend weekends ";
  g_autofree char *key = g_strdup_printf(" %s ", lower);
  return strstr(NAMES, key) != NULL;
}

/* Words a sentence may open with; any other capitalised opener is taken for a name that the result does not have. */
static gboolean is_opener(const char *lower) {
  static const char WORDS[] =
      " there here it they this that we you what which who when where how if as since after before until"
      " once also then only just even together overall meanwhile however moreover still yet so thus"
      " instead otherwise similarly likewise likely next finally note please compared looking taken"
      " monthly weekly daily quarterly yearly annual measured across through throughout per with among one several "
      "many few other others ";
  g_autofree char *key = g_strdup_printf(" %s ", lower);
  return strstr(WORDS, key) != NULL;
}

static Token *word_token(const char *text, int start, int length, gboolean is_first) {
  Token *token = g_new0(Token, 1);
  g_autofree char *original = g_strndup(text + start, (gsize)length);
  token->start = start;
  token->length = length;
  token->column = -1;
  token->word = g_utf8_strdown(original, -1);
  token->kind = TOKEN_WORD;
  /* "top" in lower case is a superlative; "Top" inside a sentence is somebody's name, and so unknown here. */
  if (strpbrk(token->word, "0123456789") != NULL || is_calendar_name(token->word))
    token->kind = TOKEN_FOREIGN;
  else if (!claim_word_meaning(token->word, token) && g_unichar_isupper(g_utf8_get_char(original)) &&
           !(is_first && is_opener(token->word)))
    token->kind = TOKEN_FOREIGN;
  return token;
}

static int word_length(const char *at) {
  const char *end = at;
  while (*end != '\0' && (is_word_char(end) || ((*end == '\'' || g_str_has_prefix(end, "’")) && end > at &&
                                                is_word_char(g_utf8_next_char(end)))))
    end = g_utf8_next_char(end);
  return (int)(end - at);
}

static Token *next_token(const Phrases *phrases, const char *text, const char *at, gboolean is_first) {
  gsize length = 0;
  NumberToken number;
  const Token *phrase = find_phrase(phrases, at, &length);
  if (phrase != NULL) {
    Token *token = g_memdup2(phrase, sizeof *phrase);
    token->start = (int)(at - text);
    token->length = (int)length;
    return token;
  }
  int used = claim_number_parse(at, &number);
  if (used > 0) {
    Token *token = g_new0(Token, 1);
    *token = (Token){.kind = TOKEN_NUMBER, .start = (int)(at - text), .length = used, .column = -1, .number = number};
    return token;
  }
  if (is_word_char(at)) return word_token(text, (int)(at - text), word_length(at), is_first);
  Token *token = g_new0(Token, 1);
  *token = (Token){.kind = TOKEN_PUNCTUATION, .start = (int)(at - text), .column = -1};
  token->length = (int)(g_utf8_next_char(at) - at);
  token->word = g_strndup(at, (gsize)token->length);
  /* A unit without its number. */
  if (g_unichar_type(g_utf8_get_char(at)) == G_UNICODE_CURRENCY_SYMBOL || *at == '%') token->kind = TOKEN_FOREIGN;
  return token;
}

GPtrArray *claim_tokenize(const Phrases *phrases, const char *text) {
  GPtrArray *tokens = g_ptr_array_new_with_free_func((GDestroyNotify)token_free);
  gboolean is_first = TRUE;
  for (const char *at = text; *at != '\0';) {
    if (g_unichar_isspace(g_utf8_get_char(at))) {
      at = g_utf8_next_char(at);
      continue;
    }
    Token *token = next_token(phrases, text, at, is_first);
    is_first = token->kind == TOKEN_PUNCTUATION && strchr(".!?", *at) != NULL;
    g_ptr_array_add(tokens, token);
    at += token->length;
  }
  return tokens;
}
