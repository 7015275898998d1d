#include "agent/teach.h"

#include <string.h>

#include "agent/service.h"
#include "agent/words.h"

#define MESSAGE_MAX ((gsize)500)
#define LISTED_MAX 20

void teaching_clear(Teaching *teaching) {
  g_free(teaching->phrase);
  g_free(teaching->meaning);
  *teaching = (Teaching){0};
}

/* ---- reading ---- */

/* {whole message: group "p" is the phrase, "m" the meaning}. */
static const char *const SAYS[] = {
    "(?:by|with) (?<p>.+?),? i(?: always| really)? mean (?<m>.+)",
    "(?:when|whenever|if) i (?:say|write|type|ask for|ask about|speak of|talk about|use)(?: the word| the term)? (?<p>.+?),?(?: then)? (?:i(?: always| really)? mean|i am talking about|i.m talking about|that means|it means|that is|read|use|take) (?<m>.+)",
    "(?:for|to) (?:me|us),? (?<p>.+?) (?:means|mean|stands for|is the same as) (?<m>.+)",
    "(?:remember|note|learn)(?: that| this)?:? (?<p>.+?) (?:means|mean|stands for|is the same as|is another word for) (?<m>.+)",
    "let (?<p>.+?) mean (?<m>.+)",
    "(?:treat|read|take|understand|interpret) (?<p>.+?) as (?<m>.+)",
    "(?<p>.+?) (?:should mean|shall mean|always means|means|stands for|is the same as|is another word for|is our word for|is my word for) (?<m>.+)",
};
static const char *const FORGETS[] = {
    "forget (?:what i mean(?:t)? by|what i said about|what i told you about|about) (?<p>.+)",
    "forget what (?<p>.+?) means?",
    "forget (?:that )?(?<p>.+?) (?:means|stands for|is the same as) .+",
    "(?<p>.+?) no longer means .+",
};
static const char *const LISTS[] = {
    "what (?:do|did|have) you (?:remember|learn|learnt|learned)(?: about me| from me| about my words)?",
    "what have i taught you",
    "what do my words mean",
    "(?:show|list)(?: me)? (?:my words|what you remember(?: about me)?|what i taught you)",
};
static const char *const ASKING[] = {"what", "which", "who", "why", "how", "where", "does", "do", "did", "is", "are", "can", "could", "should", "show", "list", "give", "tell"};

static gboolean begins_with_word(const char *text, const char *word) {
  gsize length = strlen(word);
  return strncmp(text, word, length) == 0 && (text[length] == ' ' || text[length] == '\0');
}

/* "revenue means by store", "take sales as a percentage of revenue": something is asked for, nothing is named. */
static gboolean begins_otherwise(const char *meaning) {
  static const char *const OTHERWISE[] = {"of", "by", "per", "for", "in", "at", "percentage of", "percent of", "share of"};
  g_autofree char *lower = g_ascii_strdown(meaning, -1);
  for (guint i = 0; i < G_N_ELEMENTS(OTHERWISE); i++)
    if (begins_with_word(lower, OTHERWISE[i])) return TRUE;
  return FALSE;
}

static gboolean asks(const char *folded, gboolean question_mark) {
  for (guint i = 0; i < G_N_ELEMENTS(ASKING); i++)
    if (begins_with_word(folded, ASKING[i])) return TRUE;
  return question_mark || begins_with_word(folded, "when did") || begins_with_word(folded, "when was") || begins_with_word(folded, "when is");
}

static gboolean ends_with_text(const GString *words, const char *ending) {
  gsize length = strlen(ending);
  return words->len >= length && g_ascii_strcasecmp(words->str + words->len - length, ending) == 0;
}

/* As typed, but one blank between words, no quotes, nothing before or after that only is polite. (transfer full) */
static char *plain_words(const char *text, gboolean *question_mark) {
  static const char *const BEFORE[] = {"please ", "hey ", "hi ", "hello ", "ok ", "okay ", "and ", "so ", "from now on ", "from now on, ", "in future ", "no, ", "please, ", "hey, ", "hi, ", "hello, ", "ok, ", "okay, ", "well, "};
  static const char *const AFTER[] = {" please", " from now on", " for me", " to me", " for us", " to us", " here", " in future", " okay", " ok"};
  GString *words = g_string_new(NULL);
  for (const char *at = text; *at != '\0'; at = g_utf8_next_char(at)) {
    gunichar c = g_utf8_get_char(at);
    gboolean quote = c == '"' || c == '`' || c == 0x201C || c == 0x201D || c == 0x201E || c == 0xAB || c == 0xBB ||
                     ((c == '\'' || c == 0x2018 || c == 0x2019) && (at == text || at[-1] == ' ' || !g_unichar_isalpha(g_utf8_get_char(g_utf8_next_char(at)))));
    if (quote || (g_unichar_isspace(c) && (words->len == 0 || words->str[words->len - 1] == ' '))) continue;
    if (g_unichar_isspace(c)) g_string_append_c(words, ' ');
    else g_string_append_unichar(words, c);
  }
  while (words->len > 0 && strchr(" .!?;", words->str[words->len - 1]) != NULL) {
    *question_mark = *question_mark || words->str[words->len - 1] == '?';
    g_string_truncate(words, words->len - 1);
  }
  for (gboolean again = TRUE; again;) {
    again = FALSE;
    for (guint i = 0; i < G_N_ELEMENTS(BEFORE); i++)
      if (g_ascii_strncasecmp(words->str, BEFORE[i], strlen(BEFORE[i])) == 0) g_string_erase(words, 0, (gssize)strlen(BEFORE[i])), again = TRUE;
    for (guint i = 0; i < G_N_ELEMENTS(AFTER); i++)
      if (ends_with_text(words, AFTER[i])) g_string_truncate(words, words->len - strlen(AFTER[i])), again = TRUE;
    while (words->len > 0 && strchr(" ,", words->str[words->len - 1]) != NULL) g_string_truncate(words, words->len - 1);
  }
  return g_string_free(words, FALSE);
}

static gboolean matches(const char *words, const char *const *patterns, guint count, Teaching *out) {
  for (guint i = 0; i < count; i++) {
    g_autofree char *whole = g_strdup_printf("^(?:%s)$", patterns[i]);
    g_autoptr(GRegex) regex = g_regex_new(whole, G_REGEX_CASELESS, 0, NULL);
    g_autoptr(GMatchInfo) match = NULL;
    if (regex == NULL || !g_regex_match(regex, words, 0, &match)) continue;
    out->phrase = g_match_info_fetch_named(match, "p");
    out->meaning = g_match_info_fetch_named(match, "m");
    return TRUE;
  }
  return FALSE;
}

static gboolean has_letter(const char *text) {
  for (const char *at = text; *at != '\0'; at = g_utf8_next_char(at))
    if (g_unichar_isalnum(g_utf8_get_char(at))) return TRUE;
  return FALSE;
}

/* Nobody teaches a clause, or a pronoun: "the drop means trouble", "that means sales fell". */
static gboolean is_a_phrase(const char *phrase) {
  static const char *const POINTING[] = {"it", "this", "that", "which", "they", "these", "those", "i", "you", "we", "the", "a", "an", "what", "by", "mean", "means"};
  guint words = 1;
  for (const char *at = phrase; *at != '\0'; at++) words += *at == ' ';
  for (guint i = 0; i < G_N_ELEMENTS(POINTING); i++)
    if (g_ascii_strcasecmp(phrase, POINTING[i]) == 0) return FALSE;
  return has_letter(phrase) && words <= 4 && strlen(phrase) <= MEMORY_MAX_TEXT && strchr(phrase, ',') == NULL;
}

static void drop_article(char *text) {
  static const char *const ARTICLES[] = {"the ", "a ", "an ", "my ", "our ", "the word ", "the term "};
  for (guint i = G_N_ELEMENTS(ARTICLES); i-- > 0;)
    if (g_ascii_strncasecmp(text, ARTICLES[i], strlen(ARTICLES[i])) == 0) {
      memmove(text, text + strlen(ARTICLES[i]), strlen(text + strlen(ARTICLES[i])) + 1);
      return;
    }
}

/* Most messages speak of no words at all; this is looked at for each of them. */
static gboolean may_speak_of_words(const char *text) {
  static const char *const SIGNS[] = {"mean", "forget", "stand", "same as", "another word", "word for", "remember", "taught", "learn", "treat ", "read ", "take ", "understand ",
                                      "interpret ", "i say", "i write"};
  g_autofree char *lower = g_ascii_strdown(text, -1);
  for (guint i = 0; i < G_N_ELEMENTS(SIGNS); i++)
    if (strstr(lower, SIGNS[i]) != NULL) return TRUE;
  return FALSE;
}

void teaching_read(const char *text, Teaching *out) {
  *out = (Teaching){0};
  gsize length = strlen(text);
  if (length > MESSAGE_MAX || !text_is_valid(text, length) || !may_speak_of_words(text)) return;
  gboolean question_mark = FALSE;
  g_autofree char *words = plain_words(text, &question_mark), *folded = text_fold(words);
  if (matches(words, LISTS, G_N_ELEMENTS(LISTS), out)) {
    teaching_clear(out);
    out->kind = TEACHING_LISTS;
    return;
  }
  if (begins_with_word(folded, "forget") || strstr(folded, " no longer means ") != NULL) {
    if (!question_mark && matches(words, FORGETS, G_N_ELEMENTS(FORGETS), out)) out->kind = TEACHING_FORGETS;
  } else if (!asks(folded, question_mark) && matches(words, SAYS, G_N_ELEMENTS(SAYS), out)) {
    out->kind = TEACHING_SAYS;
    drop_article(out->meaning);
  }
  if (out->phrase != NULL) drop_article(out->phrase);
  gboolean good = out->kind != TEACHING_NONE && is_a_phrase(out->phrase) && (out->kind == TEACHING_FORGETS || (has_letter(out->meaning) && !begins_otherwise(out->meaning) && g_ascii_strcasecmp(out->phrase, out->meaning) != 0));
  if (!good) teaching_clear(out);
}

/* ---- doing ---- */

typedef struct {
  AgentService *service;
  const AnswerRequest *request;
  char *owner;
  gboolean changes; /* what is said is done, not only told of */
} Lesson;

/* Kept like any answer, so that it stands in the conversation. */
static void keep(const Lesson *lesson, const json_t *answer) {
  const AccessScope *scope = lesson->request->scope;
  g_autofree char *scope_key = access_scope_key(scope);
  StoreAnswer record = {.id = json_get_string(answer, "id"), .session = lesson->request->session, .tenant = scope->tenant, .user = scope->user,
                        .scope_key = scope_key, .question = lesson->request->question, .status = json_get_string(answer, "status"), .route = "rules",
                        .created_ms = g_get_real_time() / 1000, .as_of = json_get_string(answer, "as_of"), .after = lesson->request->after};
  g_autoptr(GError) error = NULL;
  if (!store_put_answer(answer_service_store(agent_service_answers(lesson->service)), &record, &error)) g_warning("the answer could not be kept: %s", error->message);
}

/* `refused`: why it was not done; NULL: it was. */
static json_t *tell(const Lesson *lesson, const char *said, const char *refused, const char *missing) {
  g_autofree char *new_id = answer_new_id(), *as_of = day_format_iso(lesson->request->as_of != DAY_NONE ? lesson->request->as_of : day_today());
  json_t *answer = json_pack("{s:i, s:s, s:s, s:s, s:s, s:[], s:n, s:n, s:[], s:[], s:i, s:b, s:s, s:[], s:[], s:[], s:s, s:f, s:{s:i, s:i, s:i}}", "schema_version", 1,
                             "id", lesson->request->id != NULL ? lesson->request->id : new_id, "status", refused == NULL ? "answered" : "refused", "question",
                             lesson->request->question, "as_of", as_of, "understood", "query", "resolved", "columns", "rows", "row_count", 0, "truncated", 0,
                             "narrative", refused == NULL ? said : refused, "facts", "caveats", "sources", "route", "rules", "cost", 0.0, "timing_ms", "understand", 0,
                             "engine", 0, "total", 0);
  json_object_set_new(answer, "session", lesson->request->session != NULL ? json_string(lesson->request->session) : json_null());
  json_object_set_new(answer, "after", lesson->request->after != NULL ? json_string(lesson->request->after) : json_null());
  if (refused == NULL) json_array_append_new(json_object_get(answer, "caveats"), json_pack("{s:s, s:s}", "code", "memory", "text", "what you taught is kept for you alone: aisle memory, or the page 'Your words'"));
  else json_object_set_new(answer, "reason", json_pack("{s:s, s:s?, s:s}", "code", "no_such_data", "missing", missing, "text", refused));
  if (!lesson->request->unlogged && !lesson->request->understand_only) keep(lesson, answer);
  return answer;
}

static const json_t *entry_of(const json_t *entries, const char *phrase) {
  g_autofree char *folded = text_fold(phrase);
  for (gsize i = 0; i < json_array_size(entries); i++)
    if (g_strcmp0(json_get_string(json_array_get(entries, i), "phrase"), folded) == 0) return json_array_get(entries, i);
  return NULL;
}

/* The words of a meaning that name nothing this caller can see; NULL: all do. (transfer full) */
static char *unknown_in(const Lesson *lesson, const char *meaning) {
  AnswerRequest request = *lesson->request;
  request.question = meaning;
  request.id = request.after = request.session = NULL;
  request.sink = NULL;
  request.understand_only = request.unlogged = TRUE;
  g_autoptr(json_t) read = answer_ask(agent_service_answers(lesson->service), &request);
  g_autoptr(json_t) unknown = unknown_words(read);
  return json_array_size(unknown) > 0 ? g_strdup(json_get_string(json_array_get(unknown, 0), "text")) : NULL;
}

static json_t *teach(const Lesson *lesson, const Teaching *teaching) {
  g_autofree char *unknown = unknown_in(lesson, teaching->meaning);
  if (unknown != NULL) {
    g_autofree char *why = g_strdup_printf("Nothing in the data is called '%s', so '%s' cannot be read as '%s'. Say it in words of the glossary.", unknown,
                                           teaching->phrase, teaching->meaning);
    return tell(lesson, NULL, why, unknown);
  }
  g_autoptr(GError) error = NULL;
  if (lesson->changes && !run_store_remember(agent_service_runs(lesson->service), lesson->owner, teaching->phrase, teaching->meaning, "taught", NULL, &error))
    return tell(lesson, NULL, error->message, NULL);
  g_autofree char *said = g_strdup_printf("From now on '%s' is read as '%s' when you ask.", teaching->phrase, teaching->meaning);
  return tell(lesson, said, NULL, NULL);
}

static json_t *forget(const Lesson *lesson, const Teaching *teaching) {
  g_autoptr(json_t) entries = agent_service_memory(lesson->service, lesson->owner);
  const json_t *entry = entry_of(entries, teaching->phrase);
  if (entry == NULL && lesson->changes) {
    g_autofree char *why = g_strdup_printf("You have not taught what '%s' means; there is nothing to forget.", teaching->phrase);
    return tell(lesson, NULL, why, teaching->phrase);
  }
  g_autoptr(GError) error = NULL;
  if (lesson->changes && !run_store_forget(agent_service_runs(lesson->service), lesson->owner, json_get_int(entry, "id", 0), &error))
    return tell(lesson, NULL, error->message, NULL);
  g_autofree char *said = g_strdup_printf("'%s' is read as it stands again.", teaching->phrase);
  return tell(lesson, said, NULL, NULL);
}

static json_t *list(const Lesson *lesson) {
  g_autoptr(json_t) entries = agent_service_memory(lesson->service, lesson->owner);
  g_autoptr(GString) said = g_string_new(json_array_size(entries) == 0 ? "You have not taught any words yet. Say for example: by sales I mean net revenue." : "You have taught:");
  for (gsize i = 0; i < json_array_size(entries) && i < LISTED_MAX; i++)
    g_string_append_printf(said, "%s '%s' is read as '%s'", i > 0 ? ";" : "", json_get_string(json_array_get(entries, i), "phrase"),
                           json_get_string(json_array_get(entries, i), "meaning"));
  if (json_array_size(entries) > LISTED_MAX) g_string_append_printf(said, "; and %" G_GSIZE_FORMAT " more", json_array_size(entries) - LISTED_MAX);
  if (json_array_size(entries) > 0) g_string_append_c(said, '.');
  return tell(lesson, said->str, NULL, NULL);
}

json_t *teaching_answer(AgentService *service, const AnswerRequest *request) {
  g_auto(Teaching) teaching = {0};
  if (request->question == NULL) return NULL;
  teaching_read(request->question, &teaching);
  if (teaching.kind == TEACHING_NONE) return NULL;
  g_autofree char *owner = agent_owner(request->scope);
  Lesson lesson = {service, request, owner, !request->unlogged && !request->understand_only};
  switch (teaching.kind) {
  case TEACHING_SAYS: return teach(&lesson, &teaching);
  case TEACHING_FORGETS: return forget(&lesson, &teaching);
  default: return list(&lesson);
  }
}
