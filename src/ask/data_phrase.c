/*
 * Finds the words about the data: first the anchors ("snapshot", "as it was reported"), at each of them the state it
 * names, then whether two states are held against each other, and at last what is left of the question.
 */
#include <string.h>

#include "ask/data_designator.h"
#include "ask/time_point.h"

#define MAX_STATES 2
#define UNKNOWN_TOKENS 6

/* A state that was named: tokens [first, end). */
typedef struct {
  DataRef ref;
  guint first, end;
  gboolean baseline; /* the words before it say: against this */
} Named;

typedef struct {
  Designators in;
  Named states[MAX_STATES];
  guint n_states;
  gboolean own_word;
  gboolean *cut; /* of each token: it is no part of the rest */
} Finder;

static gboolean is_snapshot_word(const GArray *tokens, guint at) {
  if (at >= tokens->len) return FALSE;
  const char *fold = token_at(tokens, at)->fold;
  return strcmp(fold, "snapshot") == 0 || strcmp(fold, "snapshots") == 0 || (*fold == 's' && strlen(fold) >= 7 && text_distance(fold, "snapshot", 1) <= 1);
}

/* ---- what may stand before a state ---- */
static gboolean is_comparing_word(const GArray *tokens, guint at) {
  return TOKEN_IS_ANY(tokens, at, "compare", "compared", "comparing", "compares", "comparison", "change", "changed", "changes", "changing",
                      "differ", "differs", "differed", "difference", "differences", "different", "restated", "restatement", "revised", "revision",
                      "moved", "shifted", "corrected", "growth", "gap");
}

static Toward toward_of(const GArray *tokens, guint at) {
  if (TOKEN_IS_ANY(tokens, at, "rise", "rose", "risen", "rises", "grow", "grew", "grown", "increase", "increased", "up")) return TOWARD_RISE;
  if (TOKEN_IS_ANY(tokens, at, "fall", "fell", "fallen", "falls", "drop", "dropped", "decrease", "decreased", "decline", "declined", "down"))
    return TOWARD_FALL;
  return TOWARD_NONE;
}

static gboolean compares_at_all(const GArray *tokens) {
  for (guint i = 0; i < tokens->len; i++)
    if (is_comparing_word(tokens, i) || toward_of(tokens, i) != TOWARD_NONE) return TRUE;
  return FALSE;
}

/* The first token of "as of the", "according to", "compared with the data in" and the like before `first`. */
static guint lead_begin(const GArray *tokens, guint first, gboolean *baseline) {
  *baseline = FALSE;
  gboolean comparing = compares_at_all(tokens);
  while (first > 0) {
    guint before = first - 1;
    gboolean against = TOKEN_IS_ANY(tokens, before, "vs", "versus", "against", "since", "than");
    gboolean beside = TOKEN_IS_ANY(tokens, before, "with", "to", "from", "between", "over", "and") && comparing;
    gboolean plain = TOKEN_IS_ANY(tokens, before, "in", "of", "at", "as", "from", "per", "using", "under", "on", "with", "by", "for", "according", "to", "based",
                                  "the", "our", "my", "data", "numbers", "figures", "state", "version", "reported", "recorded", "stated", "told", "it", "was",
                                  "were", "they", "relative", "within");
    if (!against && !beside && !plain && !is_comparing_word(tokens, before)) break;
    if ((TOKEN_IS_ANY(tokens, before, "data", "numbers", "figures") && !TOKEN_IS_ANY(tokens, first, "in", "of", "from", "as")) ||
        (is_comparing_word(tokens, before) && !TOKEN_IS_ANY(tokens, first, "with", "to", "from", "against", "since", "between")))
      break;
    *baseline = *baseline || against || beside;
    first = before;
  }
  return first;
}

/* ---- the state beside the word ---- */
static gboolean add_state(Finder *finder, DataRef *ref, guint first, guint end) {
  if (finder->n_states == MAX_STATES) {
    data_ref_clear(ref);
    return FALSE;
  }
  finder->states[finder->n_states++] = (Named){.ref = *ref, .first = first, .end = end};
  return TRUE;
}

static guint skip_words(const GArray *tokens, guint at, const char *const *words, guint most) {
  while (most-- > 0 && at < tokens->len && token_is_any(tokens, at, words)) at++;
  return at;
}

/* "snapshot of week 46", "snapshot named October close", "snapshot 'first'" */
static gboolean state_after(Finder *finder, guint word, DataRef *out, guint *end) {
  static const char *const JOINTS[] = {"of", "for", "from", "named", "called", "taken", "kept", "made", "dated", "at", "on", "in", "the", "name", "with", NULL};
  static const char *const CALLED[] = {"named", "called", "name", NULL};
  const GArray *tokens = finder->in.tokens;
  guint at = skip_words(tokens, word + 1, JOINTS, 4);
  guint consumed = designator_at(&finder->in, at, FALSE, out);
  if (consumed > 0) {
    *end = at + consumed;
    return TRUE;
  }
  gboolean called = at > word + 1 && token_is_any(tokens, at - 1, CALLED);
  if (at >= tokens->len || (!called && (at > word + 1 || finder->own_word))) return FALSE;
  /* A name that is not known ends where the sentence goes on. */
  static const char *const STOPS[] = {"by", "for", "in", "per", "with", "and", "to", "vs", "versus", "of", "compared", "where", "than", NULL};
  guint last = at;
  while (last < tokens->len && last < at + UNKNOWN_TOKENS && !token_is_any(tokens, last, STOPS) && !token_at(tokens, last)->comma_before) last++;
  if (last == at) return FALSE;
  *out = (DataRef){.kind = DATA_SNAPSHOT, .name = designator_text(&finder->in, at, last)};
  *end = last;
  return TRUE;
}

/* "in the Foo Bar snapshot": nothing that is known, but said like a name. Its first token; `word` where there is none. */
static guint unknown_before(const Finder *finder, guint word, DataRef *out) {
  const GArray *tokens = finder->in.tokens;
  guint first = word;
  while (first > 0 && word - first < UNKNOWN_TOKENS &&
         !TOKEN_IS_ANY(tokens, first - 1, "the", "in", "of", "from", "at", "as", "per", "using", "with", "to", "against", "vs", "versus", "and", "between",
                       "than", "since", "under", "on", "by", "a", "an", "this", "that", "our"))
    first--;
  gboolean led = first > 0 && first < word && !TOKEN_IS_ANY(tokens, first - 1, "by", "and", "a", "an");
  guint lead = led && TOKEN_IS_ANY(tokens, first - 1, "the", "our", "this", "that") ? first - 1 : first;
  gboolean placed = led && lead > 0 && TOKEN_IS_ANY(tokens, lead - 1, "in", "of", "from", "at", "per", "using", "with", "to", "against", "vs", "versus",
                                                    "between", "than", "since", "under", "on");
  if (!placed || finder->own_word || is_snapshot_word(tokens, first)) return word;
  *out = (DataRef){.kind = DATA_SNAPSHOT, .name = designator_text(&finder->in, first, word)};
  return first;
}

/* "week 46 and week 47 snapshots": the one before the joint. */
static void add_state_before_joint(Finder *finder, guint first) {
  const GArray *tokens = finder->in.tokens;
  guint joint = first;
  if (joint > 0 && token_is(tokens, joint - 1, "the")) joint--;
  if (joint == 0 || !TOKEN_IS_ANY(tokens, joint - 1, "and", "to", "with", "vs", "versus", "against")) return;
  DataRef ref = {0};
  guint begin = designator_before(&finder->in, joint - 1, &ref);
  if (begin == joint - 1) return;
  /* "compare revenue of October with last week's snapshot": October is no state of the data. */
  gboolean ranged = begin > 0 && TOKEN_IS_ANY(tokens, begin - 1, "between", "from");
  gboolean named = ref.kind == DATA_SNAPSHOT && (begin == 0 || is_comparing_word(tokens, begin - 1) || TOKEN_IS_ANY(tokens, joint - 1, "and", "vs", "versus", "against"));
  if (ranged || named) add_state(finder, &ref, begin, joint - 1);
  else data_ref_clear(&ref);
}

/* "... and week 47", "... to the current data", "... against the snapshot of week 47" */
static guint add_state_after_joint(Finder *finder, guint at) {
  const GArray *tokens = finder->in.tokens;
  if (!TOKEN_IS_ANY(tokens, at, "and", "to", "with", "vs", "versus", "against", "than", "until")) return at;
  if (!compares_at_all(tokens) && !TOKEN_IS_ANY(tokens, at, "vs", "versus", "against", "than") && !token_at(tokens, 0)->is_number) {
    gboolean between = FALSE;
    for (guint i = 0; i < at; i++) between = between || token_is(tokens, i, "between");
    if (!between) return at;
  }
  guint begin = at + 1;
  static const char *const FILLERS[] = {"the", "in", "of", "from", "as", "one", "that", NULL};
  begin = skip_words(tokens, begin, FILLERS, 3);
  guint now = designator_now(&finder->in, begin);
  DataRef ref = {0};
  if (now > 0) return add_state(finder, &ref, begin, begin + now) ? begin + now : at;
  guint end = 0;
  if (is_snapshot_word(tokens, begin)) return state_after(finder, begin, &ref, &end) && add_state(finder, &ref, begin, end) ? end : at;
  guint consumed = designator_at(&finder->in, begin, FALSE, &ref);
  if (consumed == 0 && finder->states[0].ref.kind == DATA_SNAPSHOT && token_at(tokens, begin < tokens->len ? begin : at)->is_number) {
    /* "between week 46 and 47" */
    g_autofree char *text = designator_text(&finder->in, begin, begin + 1), *week = g_strdup_printf("week %s", text);
    int year, number;
    if (snapshot_week(week, &year, &number) && snapshot_week(finder->states[0].ref.name, &year, &number)) {
      ref = (DataRef){.kind = DATA_SNAPSHOT, .name = g_steal_pointer(&week)};
      consumed = 1;
    }
  }
  if (consumed == 0) {
    guint word = begin;
    while (word < tokens->len && word < begin + 3 && !is_snapshot_word(tokens, word)) word++;
    if (!is_snapshot_word(tokens, word) || designator_before(&finder->in, word, &ref) != begin) {
      data_ref_clear(&ref);
      return at;
    }
    consumed = word - begin;
  }
  end = begin + consumed;
  if (is_snapshot_word(tokens, end)) end++;
  return add_state(finder, &ref, begin, end) ? end : at;
}

/* "the last two snapshots": the newest and the one kept before it. */
static gboolean add_last_two(Finder *finder, guint word) {
  const GArray *tokens = finder->in.tokens;
  if (word < 2 || finder->in.names->len < 2 || !TOKEN_IS_ANY(tokens, word - 1, "two", "2", "recent")) return FALSE;
  guint first = word - 1;
  while (first > 0 && TOKEN_IS_ANY(tokens, first - 1, "last", "latest", "newest", "most", "two", "2")) first--;
  gboolean two = TOKEN_IS_ANY(tokens, first, "two", "2") || TOKEN_IS_ANY(tokens, word - 1, "two", "2");
  if (!two || word - first < 2) return FALSE;
  for (int i = 1; i >= 0; i--) {
    DataRef ref = {.kind = DATA_SNAPSHOT, .name = g_strdup(g_ptr_array_index(finder->in.names, (guint)i))};
    add_state(finder, &ref, first, word + 1);
  }
  return TRUE;
}

static void find_by_word(Finder *finder, guint word) {
  const GArray *tokens = finder->in.tokens;
  if (finder->n_states == 0 && add_last_two(finder, word)) return;
  DataRef ref = {0};
  guint end = word + 1, first = designator_before(&finder->in, word, &ref);
  gboolean found = first < word;
  if (!found) found = state_after(finder, word, &ref, &end);
  if (!found) {
    first = unknown_before(finder, word, &ref);
    found = first < word;
    end = word + 1;
  }
  if (!found && word > 0 && token_is(tokens, word - 1, "the") && !finder->own_word && strcmp(token_at(tokens, word)->fold, "snapshots") != 0) {
    ref = (DataRef){.kind = DATA_SNAPSHOT, .name = g_strdup("")}; /* "the snapshot": which is asked back where there are several */
    first = word - 1;
    found = TRUE;
  }
  if (!found) return;
  if (first < word) add_state_before_joint(finder, first);
  if (add_state(finder, &ref, first, end) && finder->n_states < MAX_STATES) add_state_after_joint(finder, end);
}

/* "as it was reported on 3 November", "what was reported last week", "since it was first reported": the end; 0: none there. */
static guint find_reported(Finder *finder, guint at) {
  static const char *const BETWEEN[] = {"it", "they", "this", "that", "was", "were", "is", "had", "been", "we", "originally", "first", "previously", "then", NULL};
  static const char *const PLACES[] = {"on", "in", "at", "by", "as", "of", "the", "end", NULL};
  const GArray *tokens = finder->in.tokens;
  if (!TOKEN_IS_ANY(tokens, at, "as", "what", "since", "than")) return 0;
  guint verb = skip_words(tokens, at + 1, BETWEEN, 4);
  if (!TOKEN_IS_ANY(tokens, verb, "reported", "stood", "known", "published", "recorded", "told") || (token_is(tokens, at, "what") && verb == at + 1)) return 0;
  guint place = skip_words(tokens, verb + 1, PLACES, 4);
  DataRef ref = {0};
  guint consumed = designator_at(&finder->in, place, FALSE, &ref);
  if (consumed == 0) return 0;
  guint end = place + consumed;
  if (is_snapshot_word(tokens, end)) end++;
  else if (ref.kind == DATA_TAKEN) ref.kind = DATA_AT;
  if (!add_state(finder, &ref, at, end)) return 0;
  finder->states[finder->n_states - 1].baseline = TOKEN_IS_ANY(tokens, at, "since", "than") || (token_is(tokens, at, "what") && compares_at_all(tokens));
  return finder->n_states < MAX_STATES ? MAX(end, add_state_after_joint(finder, end)) : end;
}

/* "and in the current data?": back from a snapshot. The end; 0: none there. */
static guint find_current(Finder *finder, guint at) {
  const GArray *tokens = finder->in.tokens;
  if (at == 0 || !TOKEN_IS_ANY(tokens, at - 1, "in", "with", "of", "from", "to", "against", "vs", "versus", "on")) return 0;
  guint word = token_is(tokens, at, "the") ? at + 1 : at;
  if (!TOKEN_IS_ANY(tokens, word, "current", "live") || !token_is(tokens, word + 1, "data")) return 0;
  DataRef now = {.kind = DATA_NOW};
  return add_state(finder, &now, at, word + 2) ? word + 2 : 0;
}

static void find_states(Finder *finder) {
  const GArray *tokens = finder->in.tokens;
  for (guint i = 0; i < tokens->len && finder->n_states < MAX_STATES; i++) {
    guint past = finder->n_states > 0 ? finder->states[finder->n_states - 1].end : 0;
    if (i < past) continue;
    guint end = find_reported(finder, i);
    if (end == 0) end = find_current(finder, i);
    if (end > 0) i = end - 1;
    else if (is_snapshot_word(tokens, i)) find_by_word(finder, i);
  }
}

/* "how was October restated": since the snapshot before, where none is named. */
static void find_restated(Finder *finder) {
  const GArray *tokens = finder->in.tokens;
  for (guint i = 0; i < tokens->len && finder->n_states == 0 && !finder->own_word; i++) {
    if (!TOKEN_IS_ANY(tokens, i, "restated", "restatement", "restatements")) continue;
    DataRef previous = {.kind = DATA_PREVIOUS};
    if (add_state(finder, &previous, i, i + 1)) finder->states[0].baseline = TRUE;
  }
}

/* ---- the rest ---- */
static void cut(Finder *finder, guint first, guint end) {
  for (guint i = first; i < end && i < finder->in.tokens->len; i++) finder->cut[i] = TRUE;
}

/* "top 3 products by change in revenue": ranked by what changed. */
static gboolean ranks_by_change(const GArray *tokens) {
  gboolean ranked = FALSE, changed = FALSE;
  for (guint i = 0; i < tokens->len; i++) {
    ranked = ranked || TOKEN_IS_ANY(tokens, i, "top", "bottom", "biggest", "largest", "highest", "greatest", "most", "ranked");
    changed = changed || TOKEN_IS_ANY(tokens, i, "change", "changes", "growth", "difference", "differences", "restatement");
  }
  return ranked && changed;
}

static gboolean is_level_word(const GArray *tokens, guint at, Toward *toward) {
  gboolean high = TOKEN_IS_ANY(tokens, at, "higher", "larger", "greater"), low = TOKEN_IS_ANY(tokens, at, "lower", "smaller");
  if (high || low) *toward = high ? TOWARD_RISE : TOWARD_FALL;
  return high || low;
}

/* "how did ... change", "compare ...", "difference in ...": said by the comparison itself. */
static void cut_comparing(Finder *finder, DataPhrase *phrase) {
  const GArray *tokens = finder->in.tokens;
  for (guint i = 0; i < tokens->len; i++) {
    Toward toward = toward_of(tokens, i);
    phrase->why = phrase->why || token_is(tokens, i, "why");
    if (finder->n_states == 2) is_level_word(tokens, i, &toward); /* "higher in A than in B" */
    if (finder->cut[i] || (!is_comparing_word(tokens, i) && toward == TOWARD_NONE)) continue;
    if (toward != TOWARD_NONE) phrase->toward = toward;
    guint first = i, end = i + 1;
    if (TOKEN_IS_ANY(tokens, end, "in", "of") && TOKEN_IS_ANY(tokens, i, "difference", "differences", "change", "changes", "comparison", "restatement", "revision", "growth", "gap")) end++;
    gboolean most = TOKEN_IS_ANY(tokens, end, "most"), before = i > 0 && TOKEN_IS_ANY(tokens, i - 1, "most", "biggest", "largest", "greatest");
    if (token_is(tokens, end, "the") && token_is(tokens, end + 1, "most")) most = TRUE, end++;
    phrase->ranks = phrase->ranks || most || before;
    if (most) end++;
    if (before) first--;
    cut(finder, first, end);
  }
  static const char *const OPENERS[] = {"how", "did", "has", "have", "had", "does", "do", "much", "by", "is", "was", "were", "what", "the", "been", "s", "why", NULL};
  for (guint i = 0; i < tokens->len && (finder->cut[i] || token_is_any(tokens, i, OPENERS)); i++) cut(finder, i, i + 1);
  for (guint i = tokens->len; i-- > 0 && (finder->cut[i] || TOKEN_IS_ANY(tokens, i, "been", "and", "how", "between"));) cut(finder, i, i + 1);
}

static char *blanked(const Finder *finder) {
  char *rest = g_strdup(finder->in.question);
  for (guint i = 0; i < finder->in.tokens->len; i++) {
    const Token *token = token_at(finder->in.tokens, i);
    int end = token->start + token->length;
    if (i + 1 < finder->in.tokens->len && finder->cut[i + 1]) end = token_at(finder->in.tokens, i + 1)->start; /* and the signs between */
    if (finder->cut[i]) memset(rest + token->start, ' ', (gsize)(end - token->start));
  }
  /* Quotes and commas around what is gone would only be left over. */
  gboolean content = FALSE;
  for (guint i = 0; i < finder->in.tokens->len; i++) content = content || !finder->cut[i];
  for (guint i = 0; i < finder->n_states; i++) {
    const Token *first = token_at(finder->in.tokens, finder->states[i].first), *last = token_at(finder->in.tokens, finder->states[i].end - 1);
    for (int at = MAX(first->start - 1, 0); rest[at] != '\0' && at <= last->start + last->length + 1; at++)
      if (rest[at] == '"' || rest[at] == '\'' || rest[at] == ',') rest[at] = ' ';
  }
  if (!content) memset(rest, ' ', strlen(rest));
  return rest;
}

static void set_span(DataPhrase *phrase, const Finder *finder) {
  const Token *first = token_at(finder->in.tokens, finder->states[0].first), *last = token_at(finder->in.tokens, finder->states[0].end - 1);
  for (guint i = 1; i < finder->n_states; i++) {
    const Token *begin = token_at(finder->in.tokens, finder->states[i].first), *end = token_at(finder->in.tokens, finder->states[i].end - 1);
    if (begin->start < first->start) first = begin;
    if (end->start > last->start) last = end;
  }
  phrase->start = first->start;
  phrase->length = last->start + last->length - first->start;
}

static DataPhrase *phrase_of(Finder *finder) {
  DataPhrase *phrase = g_new0(DataPhrase, 1);
  set_span(phrase, finder);
  for (guint i = 0; i < finder->n_states; i++) {
    gboolean against = FALSE;
    Named *state = &finder->states[i];
    cut(finder, lead_begin(finder->in.tokens, state->first, &against), state->end);
    state->baseline = state->baseline || against;
  }
  phrase->compares = finder->n_states == 2 || finder->states[0].baseline;
  Named *data = finder->n_states == 2 ? &finder->states[1] : phrase->compares ? NULL : &finder->states[0];
  Named *baseline = phrase->compares ? &finder->states[0] : NULL;
  phrase->names_data = data != NULL;
  if (data != NULL) phrase->data = data->ref;
  if (baseline != NULL) phrase->baseline = baseline->ref;
  phrase->ranks = phrase->compares && ranks_by_change(finder->in.tokens);
  for (guint i = 0; i < finder->in.tokens->len; i++) phrase->relative = phrase->relative || token_is(finder->in.tokens, i, "growth");
  if (phrase->compares) cut_comparing(finder, phrase);
  phrase->rest = blanked(finder);
  return phrase;
}

gboolean data_phrase_possible(const char *question) {
  static const char *const SIGNS[] = {"snap", "restate", "report", "stood", "known", "publish", "record", "told"};
  g_autofree char *lower = g_ascii_strdown(question, -1);
  for (guint i = 0; i < G_N_ELEMENTS(SIGNS); i++)
    if (strstr(lower, SIGNS[i]) != NULL) return TRUE;
  return strstr(lower, "current data") != NULL || strstr(lower, "live data") != NULL;
}

DataPhrase *data_phrase_find(const char *question, const GPtrArray *names, Day today, const Calendar *calendar, gboolean own_word) {
  if (!data_phrase_possible(question)) return NULL;
  g_autoptr(GArray) tokens = tokens_parse(question);
  g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < names->len; i++) g_ptr_array_add(keys, snapshot_key(g_ptr_array_index(names, i)));
  g_autofree gboolean *cut_tokens = g_new0(gboolean, tokens->len + 1);
  Finder finder = {.in = {question, tokens, keys, names, today, calendar}, .own_word = own_word, .cut = cut_tokens};
  find_states(&finder);
  find_restated(&finder);
  return finder.n_states > 0 ? phrase_of(&finder) : NULL;
}

void data_phrase_free(DataPhrase *phrase) {
  if (phrase == NULL) return;
  data_ref_clear(&phrase->data);
  data_ref_clear(&phrase->baseline);
  g_free(phrase->rest);
  g_free(phrase);
}
