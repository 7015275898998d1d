/* The data engineer: rules read a part of the plan; what they cannot, a model may propose. */
#include <string.h>

#include "agent/run.h"
#include "agent/service.h"
#include "agent/words.h"

#define NAMES_NEAR 8
#define NAMES_ALWAYS 40

/* ---- parts ---- */

/* What a part found first: the first dimension of its first row. */
static char *first_finding(const json_t *answer) {
  const json_t *columns = json_object_get(answer, "columns"), *row = json_array_get(json_object_get(answer, "rows"), 0);
  for (gsize i = 0; i < json_array_size(columns); i++)
    if (g_strcmp0(json_get_string(json_array_get(columns, i), "role"), "dimension") == 0 && json_is_string(json_array_get(row, i)))
      return g_strdup(json_string_value(json_array_get(row, i)));
  return NULL;
}

/* The part's words with {n} replaced; NULL when part n found nothing that has a name. */
static char *fill_references(const AgentRun *run, const Part *part) {
  GString *text = g_string_new(NULL);
  for (const char *at = part->question; *at != '\0'; at++) {
    if (at[0] != '{' || !g_ascii_isdigit(at[1]) || at[2] != '}') {
      g_string_append_c(text, *at);
      continue;
    }
    guint number = (guint)(at[1] - '0');
    const Part *other = number >= 1 && number <= run->parts->len ? g_ptr_array_index(run->parts, number - 1) : NULL;
    g_autofree char *finding = other != NULL && other != part && other->answer != NULL ? first_finding(other->answer) : NULL;
    if (finding == NULL) {
      g_string_free(text, TRUE);
      return NULL;
    }
    g_string_append(text, finding);
    at += 2;
  }
  return g_string_free(text, FALSE);
}

/* A part that names nothing to measure would be answered with the model's default, which nobody asked for. */
static gboolean names_a_measure(const json_t *answer) {
  const json_t *understood = json_object_get(answer, "understood");
  for (gsize i = 0; i < json_array_size(understood); i++) {
    const char *kind = json_get_string(json_array_get(understood, i), "kind");
    if (g_strcmp0(kind, "metric") == 0 || g_strcmp0(kind, "rows") == 0 || g_strcmp0(kind, "entity") == 0) return TRUE;
  }
  return FALSE;
}

/* ---- proposals ---- */

static json_t *names_for(AgentRun *run, const json_t *unknown) {
  g_autoptr(NameIndex) index = agent_service_names(run->service, run->request->ask.scope);
  Embedder *embedder = agent_service_embedder(run->service);
  g_autofree char *why = NULL;
  run_note(run, "near_by", json_string(embedder_kind(embedder)));
  if (embedder != NULL && !embedder_is_there(embedder, &why)) run_note(run, "no_vectors", json_string(why != NULL ? why : "they are not there"));
  json_t *names = json_object();
  for (gsize i = 0; i < json_array_size(unknown); i++) {
    g_autoptr(GPtrArray) near = name_index_near(index, json_get_string(json_array_get(unknown, i), "text"), NAMES_NEAR);
    for (guint j = 0; j < near->len && json_object_size(names) < NAMES_ALWAYS; j++) {
      const Name *name = g_ptr_array_index(near, j);
      json_object_set_new(names, name->text, json_string(name->target));
    }
  }
  return names;
}

static AgentOutcome propose(AgentRun *run, Part *part, const json_t *answer) {
  g_autoptr(json_t) unknown = unknown_words(answer);
  run_note(run, "unknown", json_deep_copy(unknown));
  /* Nothing is unknown: it has several readings, and only who asked can choose. */
  AgentOutcome otherwise = answer_is(answer, "refused") && run_may_use_sql(run) ? OUTCOME_SQL : OUTCOME_UNANSWERED;
  if (json_array_size(unknown) == 0 || part->rounds >= AGENT_MAX_ROUNDS) return otherwise;
  g_autoptr(json_t) input = json_pack("{s:s, s:o, s:o}", "question", part->asked, "unknown", unknown_texts(unknown), "names", names_for(run, unknown));
  g_autoptr(json_t) examples = run_verified_examples(run, part->asked);
  if (json_array_size(examples) > 0) json_object_set(input, "examples", examples);
  if (part->feedback != NULL) json_object_set_new(input, "what_was_wrong", json_string(part->feedback));
  json_t *proposal = run_call_model(run, "propose", input, part->rounds, NULL);
  part->rounds++;
  json_decref(part->proposal);
  part->proposal = proposal;
  return proposal != NULL ? OUTCOME_PROPOSED : otherwise;
}

/* Where the person chose what we asked about, they have taught us their word. */
static void learn_choice(AgentRun *run, const json_t *answer) {
  RunStore *runs = agent_service_runs(run->service);
  g_autoptr(json_t) before = run->after != NULL ? run_store_get(runs, run->after, run->owner, NULL) : NULL;
  const json_t *part = json_array_get(json_object_get(json_object_get(before, "checkpoint"), "parts"), 0), *offered = json_object_get(part, "offered");
  for (gsize i = 0; i < json_array_size(offered); i++) {
    const json_t *option = json_array_get(offered, i), *words = json_object_get(option, "words");
    if (!json_equal((json_t *)json_object_get(option, "query"), (json_t *)json_object_get(answer, "query"))) continue;
    for (gsize j = 0; j < json_array_size(words); j++)
      run_store_remember(runs, run->owner, json_get_string(json_array_get(words, j), "text"), json_get_string(json_array_get(words, j), "means"),
                         "chosen", NULL, NULL);
    run_note(run, "learnt", json_incref((json_t *)words));
    return;
  }
}

/* Nothing that a model may say makes data of small talk. */
static gboolean is_worth_a_model(const AgentRun *run) {
  return strcmp(run->kind, "small_talk") != 0 && strcmp(run->kind, "out_of_scope") != 0;
}

static AgentOutcome engineer_whole(AgentRun *run, Part *part) {
  json_t *answer = run_rules_answer(run);
  run_note(run, "status", json_string(json_get_string(answer, "status")));
  run_note(run, "timing_ms", json_incref(json_object_get(answer, "timing_ms")));
  if (answer_is(answer, "answered")) {
    learn_choice(run, answer);
    run->answer = json_incref(answer);
    return OUTCOME_WHOLE;
  }
  if (answer_is(answer, "failed")) return OUTCOME_UNANSWERED;
  if (run_answer_verified(run, answer)) return OUTCOME_WHOLE;
  if (!run_may_use_model(run) || !is_worth_a_model(run)) return OUTCOME_UNANSWERED;
  return run->planned ? propose(run, part, answer) : OUTCOME_SPLIT;
}

AgentOutcome step_engineer(AgentRun *run) {
  if (!run_restore_answers(run)) return OUTCOME_UNANSWERED;
  Part *part = run_current(run);
  run_note(run, "by", json_string("rules"));
  if (part->asked == NULL) part->asked = fill_references(run, part);
  if (part->asked == NULL) return OUTCOME_UNANSWERED;
  if (run->parts->len == 1) return engineer_whole(run, part);
  g_autoptr(json_t) read = run_ask(run, part->asked, FALSE, TRUE);
  run_note(run, "part", json_integer((json_int_t)run->current + 1));
  run_note(run, "status", json_string(json_get_string(read, "status")));
  return json_is_object(json_object_get(read, "resolved")) && names_a_measure(read) ? OUTCOME_READ : OUTCOME_UNANSWERED;
}
