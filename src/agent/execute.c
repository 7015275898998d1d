/* The executor, the analyst and the check of sentences. */
#include <string.h>

#include "agent/claims.h"
#include "agent/prose.h"

AgentOutcome step_execute(AgentRun *run) {
  if (!run_restore_answers(run)) return OUTCOME_UNANSWERED;
  Part *part = run_current(run);
  json_decref(part->answer);
  part->answer = run_ask(run, part->asked, FALSE, FALSE);
  run_note(run, "part", json_integer((json_int_t)run->current + 1));
  run_note(run, "status", json_string(json_get_string(part->answer, "status")));
  run_note(run, "rows", json_integer(json_get_int(part->answer, "row_count", 0)));
  if (!answer_is(part->answer, "answered")) return OUTCOME_UNANSWERED;
  g_free(part->answer_id);
  part->answer_id = g_strdup(json_get_string(part->answer, "id"));
  run_note(run, "answer", json_string(part->answer_id));
  if (run->current + 1 >= run->parts->len) {
    run->by_parts = TRUE;
    return OUTCOME_OK;
  }
  run->current++;
  return OUTCOME_NEXT;
}

/* ---- the analyst ---- */

static void append_all(json_t *to, const json_t *from) {
  for (gsize i = 0; i < json_array_size(from); i++) json_array_append(to, json_array_get(from, i));
}

/* The last part's answer, with the sentences, facts and caveats of all. */
static json_t *compose(const AgentRun *run) {
  const Part *last = g_ptr_array_index(run->parts, run->parts->len - 1);
  json_t *answer = json_deep_copy(last->answer);
  GString *narrative = g_string_new(NULL);
  json_t *facts = json_array(), *caveats = json_array();
  for (guint i = 0; i < run->parts->len; i++) {
    const Part *part = g_ptr_array_index(run->parts, i);
    const char *said = json_get_string(part->answer, "narrative");
    if (said != NULL && *said != '\0') g_string_append_printf(narrative, "%s%s", narrative->len > 0 ? " " : "", said);
    append_all(facts, json_object_get(part->answer, "facts"));
    if (i + 1 < run->parts->len) {
      g_autofree char *text = g_strdup_printf("part %u, '%s', is answer %s", i + 1, part->asked, part->answer_id);
      json_array_append_new(caveats, json_pack("{s:s, s:s}", "code", "part", "text", text));
    }
  }
  append_all(caveats, json_object_get(answer, "caveats"));
  json_array_append_new(caveats, json_pack("{s:s, s:s}", "code", "model_plan", "text", "a language model divided the question into its parts; rules read each of them"));
  json_object_set_new(answer, "route", json_string("model"));
  json_object_set_new(answer, "cost", json_real((double)run->cost_nano / 1e9));
  json_object_set_new(answer, "question", json_string(run->request->ask.question));
  json_object_set_new(answer, "narrative", json_string(narrative->str));
  json_object_set_new(answer, "facts", facts);
  json_object_set_new(answer, "caveats", caveats);
  g_string_free(narrative, TRUE);
  return answer;
}

/* What the model may see of the parts: their checked sentences, which speak of aggregates. */
static json_t *findings(const AgentRun *run) {
  json_t *list = json_array();
  for (guint i = 0; i < run->parts->len; i++) {
    const Part *part = g_ptr_array_index(run->parts, i);
    const char *said = json_get_string(part->answer, "narrative");
    json_array_append_new(list, json_string(said != NULL ? said : ""));
  }
  return list;
}

/* Rows of a list are what people typed in, not aggregates: they stay in the house. */
static gboolean has_raw_rows(const AgentRun *run) {
  for (guint i = 0; i < run->parts->len; i++) {
    const Part *part = g_ptr_array_index(run->parts, i);
    if (json_object_get(json_object_get(part->answer, "query"), "detail") != NULL) return TRUE;
  }
  return FALSE;
}

AgentOutcome step_analyse(AgentRun *run) {
  run->answer = run_restore_answers(run) ? compose(run) : json_incref(run_rules_answer(run));
  gboolean prose = run->request->prose && answer_is(run->answer, "answered") && !has_raw_rows(run) &&
                   run_may_use_model(run);
  run_note(run, "by", json_string(prose ? "model" : "templates"));
  if (!prose) return OUTCOME_OK;
  g_autoptr(json_t) input = json_pack("{s:s, s:o}", "question", run->request->ask.question, "findings", findings(run));
  g_auto(Prose) coming = {.run = run};
  g_autoptr(json_t) said = run_call_model(run, "narrate", input, 0, run->request->on_sentence != NULL ? &coming : NULL);
  run->sentences = json_incref(json_object_get(said, "sentences"));
  return OUTCOME_OK;
}

/* ---- every sentence ---- */

gboolean run_sentence_holds(const AgentRun *run, const char *sentence) {
  g_autoptr(Model) model = answer_service_model_ref(agent_service_answers(run->service));
  for (guint i = 0; i < run->parts->len; i++) {
    const json_t *answer = ((Part *)g_ptr_array_index(run->parts, i))->answer;
    if (!answer_check_sentence(agent_service_answers(run->service), answer, sentence, NULL)) continue;
    g_autofree char *beyond = claims_beyond(model, answer, sentence);
    if (beyond == NULL) return TRUE;
  }
  return FALSE;
}

/* Those that the model did not give piece by piece: from a record, or again after a restart. */
static void tell_rest(AgentRun *run) {
  for (gsize i = run->sentences_told; run->request->on_sentence != NULL && i < json_array_size(run->sentences); i++) {
    const char *sentence = json_string_value(json_array_get(run->sentences, i));
    if (sentence != NULL && run_sentence_holds(run, sentence)) run->request->on_sentence(run->request->on_sentence_data, sentence);
  }
}

/* Sentences of a model that do not follow from the results are dropped; when none is left, the templates' stand. */
AgentOutcome step_check(AgentRun *run) {
  GString *narrative = g_string_new(NULL);
  guint dropped = 0;
  for (gsize i = 0; i < json_array_size(run->sentences); i++) {
    const char *sentence = json_string_value(json_array_get(run->sentences, i));
    if (sentence != NULL && run_sentence_holds(run, sentence)) g_string_append_printf(narrative, "%s%s", narrative->len > 0 ? " " : "", sentence);
    else dropped++;
  }
  tell_rest(run);
  if (narrative->len > 0) json_object_set_new(run->answer, "narrative", json_string(narrative->str));
  if (run->sentences != NULL) run_note(run, "dropped_sentences", json_integer((json_int_t)dropped));
  g_string_free(narrative, TRUE);
  return OUTCOME_OK;
}
