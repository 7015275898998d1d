/*
 * The validator of proposals. A proposal holds when every replacement is of an unknown word, names something that this
 * caller can see, and has evidence of its own; when rules read the question with these words put in; and when the
 * proposed query is, byte for byte in its canonical form, what rules read. So a model cannot bring in another measure,
 * another region, a limit, or SQL: nothing but what an unknown word may mean, and the person decides.
 */
#include <string.h>

#include "agent/run.h"
#include "agent/service.h"
#include "agent/words.h"

json_t *unknown_words(const json_t *answer) {
  const json_t *understood = json_object_get(answer, "understood");
  json_t *unknown = json_array();
  for (gsize i = 0; i < json_array_size(understood); i++) {
    json_t *word = json_array_get(understood, i);
    if (g_strcmp0(json_get_string(word, "kind"), "unknown") == 0)
      json_array_append_new(unknown, json_pack("{s:O, s:O, s:O}", "start", json_object_get(word, "start"), "length",
                                               json_object_get(word, "length"), "text", json_object_get(word, "text")));
  }
  return unknown;
}

json_t *unknown_texts(const json_t *unknown) {
  json_t *texts = json_array();
  for (gsize i = 0; i < json_array_size(unknown); i++) json_array_append(texts, json_object_get(json_array_get(unknown, i), "text"));
  return texts;
}

static gboolean same_text(const char *a, const char *b) {
  if (a == NULL || b == NULL) return FALSE;
  g_autofree char *left = text_fold(a), *right = text_fold(b);
  return strcmp(left, right) == 0;
}

static const char *meaning_of(const json_t *words, const char *text) {
  for (gsize i = 0; i < json_array_size(words); i++)
    if (same_text(json_get_string(json_array_get(words, i), "text"), text)) return json_get_string(json_array_get(words, i), "means");
  return NULL;
}

char *replace_unknown(const char *question, const json_t *unknown, const json_t *words) {
  GString *text = g_string_new(NULL);
  gsize at = 0, length = strlen(question);
  for (gsize i = 0; i < json_array_size(unknown); i++) {
    const json_t *word = json_array_get(unknown, i);
    gsize start = (gsize)json_get_int(word, "start", 0), size = (gsize)json_get_int(word, "length", 0);
    const char *means = meaning_of(words, json_get_string(word, "text"));
    if (means == NULL || start < at || start + size > length) {
      g_string_free(text, TRUE);
      return NULL;
    }
    g_string_append_len(text, question + at, (gssize)(start - at));
    g_string_append(text, means);
    at = start + size;
  }
  g_string_append(text, question + at);
  return g_string_free(text, FALSE);
}

/* ---- evidence ---- */

/* NULL with what is wrong in *wrong (transfer full). */
static const char *evidence_for(const AgentRun *run, const char *text, const char *means, char **wrong) {
  g_autoptr(NameIndex) names = agent_service_names(run->service, run->request->ask.scope);
  const Name *name = name_index_find(names, means);
  const char *evidence = name != NULL ? name_index_evidence(names, text, name) : NULL;
  if (evidence == NULL)
    *wrong = g_strdup_printf(name != NULL ? "nothing but you says that '%s' means '%s'" : "'%s' cannot be '%s': there is no such name", text, means);
  return evidence;
}

/* The replacements with their evidence; NULL with what is wrong. (transfer full) */
static json_t *check_words(const AgentRun *run, const json_t *unknown, const json_t *words, char **wrong) {
  g_autoptr(json_t) held = json_array();
  for (gsize i = 0; i < json_array_size(words); i++) {
    const char *text = json_get_string(json_array_get(words, i), "text"), *means = json_get_string(json_array_get(words, i), "means");
    gboolean is_unknown = FALSE;
    for (gsize j = 0; j < json_array_size(unknown) && text != NULL; j++)
      is_unknown = is_unknown || same_text(json_get_string(json_array_get(unknown, j), "text"), text);
    if (!is_unknown || means == NULL || !text_is_valid(means, strlen(means))) {
      *wrong = g_strdup_printf("'%s' is not one of the unknown words; known words keep their meaning", text != NULL ? text : "");
      return NULL;
    }
    const char *evidence = evidence_for(run, text, means, wrong);
    if (evidence == NULL) return NULL;
    json_array_append_new(held, json_pack("{s:s, s:s, s:s}", "text", text, "means", means, "evidence", evidence));
  }
  return g_steal_pointer(&held);
}

/* ---- the query ---- */

/* Names of the parts in which two queries differ: "filters, time". (transfer full) */
static char *difference(const json_t *proposed, const json_t *read) {
  GString *keys = g_string_new(NULL);
  const char *key;
  json_t *value;
  json_object_foreach((json_t *)proposed, key, value)
    if (!json_equal(value, json_object_get(read, key))) g_string_append_printf(keys, "%s%s", keys->len > 0 ? ", " : "", key);
  json_object_foreach((json_t *)read, key, value)
    if (json_object_get(proposed, key) == NULL) g_string_append_printf(keys, "%s%s", keys->len > 0 ? ", " : "", key);
  return g_string_free(keys, FALSE);
}

static char *canonical_of(const json_t *resolved) {
  g_autoptr(SemanticQuery) query = json_is_object(resolved) ? semantic_query_from_json(resolved, NULL) : NULL;
  return query != NULL ? semantic_query_canonical(query) : NULL;
}

/* NULL when the proposed query is valid for this caller and says what rules read; else what is wrong. (transfer full) */
static char *check_query(AgentRun *run, const json_t *query, const json_t *read) {
  AnswerRequest request = run->request->ask;
  request.question = NULL;
  request.query = query;
  request.after = request.session = request.id = NULL;
  request.sink = NULL;
  request.understand_only = request.unlogged = TRUE;
  g_autoptr(json_t) understood = answer_ask(agent_service_answers(run->service), &request);
  const json_t *proposed = json_object_get(understood, "resolved"), *resolved = json_object_get(read, "resolved");
  if (!json_is_object(proposed)) {
    const char *reason = json_get_string(json_object_get(understood, "reason"), "text");
    return g_strdup(reason != NULL ? reason : "the query is not valid for this model");
  }
  g_autofree char *left = canonical_of(proposed), *right = canonical_of(resolved);
  if (left != NULL && g_strcmp0(left, right) == 0) return NULL;
  g_autofree char *keys = difference(proposed, resolved);
  return g_strdup_printf("the query says something else than the question, in: %s", keys);
}

/* NULL when the proposal holds, and the person was asked; else what is wrong. (transfer full) */
static char *check_proposal(AgentRun *run, Part *part) {
  g_autoptr(json_t) first = run_ask(run, part->asked, FALSE, TRUE);
  g_autoptr(json_t) unknown = unknown_words(first);
  const json_t *words = json_object_get(part->proposal, "words"), *query = json_object_get(part->proposal, "query");
  char *wrong = NULL;
  g_autoptr(json_t) held = check_words(run, unknown, words, &wrong);
  if (held == NULL) return wrong;
  g_autofree char *rewritten = replace_unknown(part->asked, unknown, held);
  if (rewritten == NULL) return g_strdup("not every unknown word is told of");
  g_autoptr(json_t) read = run_ask(run, rewritten, FALSE, TRUE);
  g_autoptr(json_t) left = unknown_words(read);
  if (!json_is_object(json_object_get(read, "resolved")) || json_array_size(left) > 0)
    return g_strdup("with these words the question can still not be read");
  if (!json_is_object(query)) return g_strdup("the query is missing");
  wrong = check_query(run, query, read);
  if (wrong != NULL) return wrong;
  return run_offer(run, part, unknown, held, read) ? NULL : g_strdup("there is no second reading to choose from");
}

AgentOutcome step_validate(AgentRun *run) {
  Part *part = run_current(run);
  g_autofree char *wrong = check_proposal(run, part);
  if (wrong == NULL) return OUTCOME_OFFERED;
  run_note(run, "wrong", json_string(wrong));
  g_free(part->feedback);
  part->feedback = g_steal_pointer(&wrong);
  if (part->rounds < AGENT_MAX_ROUNDS) return OUTCOME_REJECTED;
  return answer_is(run_rules_answer(run), "refused") && run_may_use_sql(run) ? OUTCOME_SQL : OUTCOME_UNANSWERED;
}
