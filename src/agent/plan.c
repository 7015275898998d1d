/*
 * The planner. A question that rules read whole is one part. Else a model may say how it falls into parts, and the plan
 * holds only if nothing was lost or moved: parts are cut where the question itself has a joint ("and", "then", a comma),
 * they keep every word between the joints in its order, and a later part may refer to an earlier one by {n}.
 */
#include <string.h>

#include "agent/run.h"

/* Words that join parts, and words that only point back. */
static const char *const JOINTS[] = {"and", "then", "also", "plus", "afterwards", "next", "finally", "additionally", "subsequently"};
static const char *const POINTERS[] = {"it", "that", "them", "those", "this", "there", "one"};

static gboolean is_one_of(const char *word, const char *const *list, guint count) {
  for (guint i = 0; i < count; i++)
    if (strcmp(word, list[i]) == 0) return TRUE;
  return FALSE;
}

/* Folded words; a comma, semicolon or full stop stands as ",". */
static GPtrArray *words_of(const char *text) {
  g_autofree char *folded = text_fold(text);
  GPtrArray *words = g_ptr_array_new_with_free_func(g_free);
  for (const char *at = folded; *at != '\0';) {
    gsize length = strcspn(at, " ,;.?!");
    if (length > 0) g_ptr_array_add(words, g_strndup(at, length));
    at += length;
    if (*at != '\0' && strchr(",;.", *at) != NULL && at[1] == ' ') g_ptr_array_add(words, g_strdup(","));
    if (*at != '\0') at++;
  }
  return words;
}

static gboolean is_joint(const char *word) {
  return strcmp(word, ",") == 0 || is_one_of(word, JOINTS, G_N_ELEMENTS(JOINTS));
}

/* Whether the question has a place where it could be cut at all. */
static gboolean has_joint(const char *question) {
  g_autoptr(GPtrArray) words = words_of(question);
  for (guint i = 1; i + 1 < words->len; i++)
    if (is_joint(g_ptr_array_index(words, i))) return TRUE;
  return FALSE;
}

/* {n} with n below `part`; it may stand where the question has a word that points back, or nothing. */
static gboolean is_reference(const char *word, guint part) {
  return word[0] == '{' && g_ascii_isdigit(word[1]) && word[2] == '}' && word[3] == '\0' && word[1] >= '1' && (guint)(word[1] - '0') <= part;
}

/* The words of one part against the question from `*at` on; moves `*at` behind them. */
static gboolean follow_part(const GPtrArray *words, guint *at, const char *part_text, guint part) {
  g_autoptr(GPtrArray) own = words_of(part_text);
  for (guint i = 0; i < own->len; i++) {
    const char *word = g_ptr_array_index(own, i);
    const char *here = *at < words->len ? g_ptr_array_index(words, *at) : NULL;
    if (is_reference(word, part)) {
      if (here != NULL && is_one_of(here, POINTERS, G_N_ELEMENTS(POINTERS))) (*at)++;
    } else if (here != NULL && strcmp(word, here) == 0) {
      (*at)++;
    } else if (strcmp(word, ",") != 0) {
      return FALSE;
    }
  }
  return own->len > 0;
}

/* NULL when the plan keeps the question whole, else what is wrong with it. */
static const char *check_plan(const char *question, const json_t *parts) {
  g_autoptr(GPtrArray) words = words_of(question);
  guint at = 0, count = (guint)json_array_size(parts);
  if (count < 1 || count > AGENT_MAX_PARTS) return "a plan has one to four parts";
  for (guint i = 0; i < count; i++) {
    const char *part = json_get_string(json_array_get(parts, i), "question");
    if (part == NULL || !follow_part(words, &at, part, i)) return "a part changes, adds or moves words of the question";
    guint joint = at;
    while (at < words->len && is_joint(g_ptr_array_index(words, at))) at++;
    if (i + 1 < count && at == joint) return "a part ends where the question has no joint";
  }
  return at == words->len ? NULL : "the parts leave out words of the question";
}

static void set_parts(AgentRun *run, const json_t *parts) {
  g_ptr_array_set_size(run->parts, 0);
  run->current = 0;
  for (gsize i = 0; i < json_array_size(parts); i++)
    g_ptr_array_add(run->parts, part_new(json_get_string(json_array_get(parts, i), "question")));
}

static void set_one_part(AgentRun *run) {
  g_ptr_array_set_size(run->parts, 0);
  run->current = 0;
  g_ptr_array_add(run->parts, part_new(run->request->ask.question));
}

AgentOutcome step_plan(AgentRun *run) {
  const char *question = run->request->ask.question;
  if (run->parts->len == 0) { /* first: as one, by rules */
    set_one_part(run);
    run->planned = !has_joint(question);
    run_note(run, "by", json_string("rules"));
    return OUTCOME_OK;
  }
  if (!run_may_use_model(run) || run->plan_rounds >= AGENT_MAX_ROUNDS) {
    run->planned = TRUE;
    return OUTCOME_OK;
  }
  g_autoptr(json_t) input = json_pack("{s:s}", "question", question);
  if (run->plan_feedback != NULL) json_object_set_new(input, "what_was_wrong", json_string(run->plan_feedback));
  g_autoptr(json_t) plan = run_call_model(run, "plan", input, run->plan_rounds, NULL);
  run->plan_rounds++;
  const char *wrong = plan != NULL ? check_plan(question, json_object_get(plan, "parts")) : NULL;
  if (wrong != NULL && run->plan_rounds < AGENT_MAX_ROUNDS) {
    g_free(run->plan_feedback);
    run->plan_feedback = g_strdup(wrong);
    run_note(run, "wrong", json_string(wrong));
    return OUTCOME_REJECTED;
  }
  run->planned = TRUE;
  if (plan == NULL || wrong != NULL || json_array_size(json_object_get(plan, "parts")) < 2) set_one_part(run);
  else set_parts(run, json_object_get(plan, "parts"));
  run_note(run, "parts", json_integer((json_int_t)run->parts->len));
  return OUTCOME_OK;
}
