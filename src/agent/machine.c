/* The machine: which step follows which outcome, and a checkpoint after every step. */
#include <string.h>

#include "agent/run.h"

/* More steps than any plan may need: an endless run is a defect, not a bill. */
#define STEPS_MAX 64

static const char *const STATE_NAMES[STATE_COUNT] = {"route", "plan", "engineer", "validate", "execute", "analyse", "check", "sql", "done"};
static const char *const OUTCOME_NAMES[OUTCOME_COUNT] = {"ok", "whole", "unanswered", "split", "read", "proposed", "offered", "sql", "rejected", "next"};

typedef struct {
  AgentState from;
  AgentOutcome outcome;
  AgentState to;
} Edge;
static const Edge EDGES[] = {
    {STATE_ROUTE, OUTCOME_OK, STATE_PLAN},
    {STATE_ROUTE, OUTCOME_WHOLE, STATE_DONE},
    {STATE_PLAN, OUTCOME_OK, STATE_ENGINEER},
    {STATE_PLAN, OUTCOME_REJECTED, STATE_PLAN},
    {STATE_PLAN, OUTCOME_UNANSWERED, STATE_DONE},
    {STATE_ENGINEER, OUTCOME_WHOLE, STATE_DONE},
    {STATE_ENGINEER, OUTCOME_UNANSWERED, STATE_DONE},
    {STATE_ENGINEER, OUTCOME_SQL, STATE_SQL},
    {STATE_ENGINEER, OUTCOME_SPLIT, STATE_PLAN},
    {STATE_ENGINEER, OUTCOME_READ, STATE_EXECUTE},
    {STATE_ENGINEER, OUTCOME_PROPOSED, STATE_VALIDATE},
    {STATE_VALIDATE, OUTCOME_OFFERED, STATE_DONE},
    {STATE_VALIDATE, OUTCOME_REJECTED, STATE_ENGINEER},
    {STATE_VALIDATE, OUTCOME_SQL, STATE_SQL},
    {STATE_VALIDATE, OUTCOME_UNANSWERED, STATE_DONE},
    {STATE_EXECUTE, OUTCOME_OK, STATE_ANALYSE},
    {STATE_EXECUTE, OUTCOME_NEXT, STATE_ENGINEER},
    {STATE_EXECUTE, OUTCOME_UNANSWERED, STATE_DONE},
    {STATE_ANALYSE, OUTCOME_OK, STATE_CHECK},
    {STATE_CHECK, OUTCOME_OK, STATE_DONE},
    {STATE_SQL, OUTCOME_OK, STATE_DONE},
    {STATE_SQL, OUTCOME_REJECTED, STATE_SQL},
    {STATE_SQL, OUTCOME_UNANSWERED, STATE_DONE},
};

static AgentOutcome (*const STEPS[STATE_COUNT])(AgentRun *run) = {
    [STATE_ROUTE] = step_route,       [STATE_PLAN] = step_plan,       [STATE_ENGINEER] = step_engineer, [STATE_VALIDATE] = step_validate,
    [STATE_EXECUTE] = step_execute,   [STATE_ANALYSE] = step_analyse, [STATE_CHECK] = step_check,       [STATE_SQL] = step_sql};

const char *agent_state_name(AgentState state) {
  return (guint)state < STATE_COUNT ? STATE_NAMES[state] : "unknown";
}

gboolean agent_state_parse(const char *name, AgentState *out) {
  for (guint i = 0; name != NULL && i < STATE_COUNT; i++)
    if (strcmp(STATE_NAMES[i], name) == 0) {
      *out = (AgentState)i;
      return TRUE;
    }
  return FALSE;
}

const char *agent_outcome_name(AgentOutcome outcome) {
  return (guint)outcome < OUTCOME_COUNT ? OUTCOME_NAMES[outcome] : "unknown";
}

AgentState agent_next_state(AgentState state, AgentOutcome outcome) {
  for (guint i = 0; i < G_N_ELEMENTS(EDGES); i++)
    if (EDGES[i].from == state && EDGES[i].outcome == outcome) return EDGES[i].to;
  return STATE_COUNT;
}

/* A checkpoint that cannot be written is no reason to keep an answer back; it is said in the log. */
static void put_checkpoint(AgentRun *run, AgentState done, gint64 took_us) {
  g_autoptr(json_t) checkpoint = run_to_checkpoint(run);
  g_autofree char *checkpoint_text = json_to_text(checkpoint, JSON_PLAIN), *detail = json_to_text(run->detail, JSON_PLAIN);
  RunStep step = {.run = run->id, .owner = run->owner, .state = agent_state_name(run->state), .finished = run->state == STATE_DONE,
                  .checkpoint = checkpoint_text, .step = run->number, .step_name = agent_state_name(done), .detail = detail,
                  .took_us = took_us, .answer = run->answer != NULL ? json_get_string(run->answer, "id") : NULL};
  g_autoptr(GError) error = NULL;
  if (!run_store_put(agent_service_runs(run->service), &step, &error)) g_warning("a step of a run could not be kept: %s", error->message);
}

static void take_step(AgentRun *run) {
  AgentState state = run->state;
  gint64 started = g_get_monotonic_time();
  run->detail = json_object();
  AgentOutcome outcome = STEPS[state](run);
  AgentState next = agent_next_state(state, outcome);
  /* An outcome without an edge is a defect; the rules' answer is still right. */
  run->state = next == STATE_COUNT || run->number >= STEPS_MAX ? STATE_DONE : next;
  run->number++;
  if (run->state == STATE_DONE && run->answer == NULL) run->answer = json_incref(run_rules_answer(run));
  run_note(run, "outcome", json_string(agent_outcome_name(outcome)));
  if (run->state == STATE_DONE) run_note(run, "answer", json_string(json_get_string(run->answer, "id")));
  put_checkpoint(run, state, g_get_monotonic_time() - started);
  if (run->request->on_event != NULL) run->request->on_event(run->request->on_event_data, agent_state_name(state), run->number, run->detail);
  g_clear_pointer(&run->detail, json_decref);
}

static void run_clear(AgentRun *run) {
  g_free(run->id);
  g_free(run->owner);
  g_free(run->after);
  g_free(run->plan_feedback);
  g_free(run->sql_feedback);
  g_clear_pointer(&run->parts, g_ptr_array_unref);
  g_clear_pointer(&run->memory_ids, g_ptr_array_unref);
  json_decref(run->rules);
  json_decref(run->answer);
  json_decref(run->sentences);
  json_decref(run->detail);
}

static void run_init(AgentRun *run, AgentService *service, const AgentRequest *request) {
  *run = (AgentRun){.service = service, .request = request, .kind = "question"};
  run->owner = agent_owner(request->ask.scope);
  run->parts = g_ptr_array_new_with_free_func((GDestroyNotify)part_free);
  run->memory_ids = g_ptr_array_new_with_free_func(g_free);
}

static void find_conversation(AgentRun *run) {
  const AnswerRequest *ask = &run->request->ask;
  g_autofree char *scope_key = access_scope_key(ask->scope);
  if (ask->after == NULL && ask->session != NULL)
    run->after = store_session_newest(answer_service_store(agent_service_answers(run->service)), ask->session, scope_key, NULL);
  else
    run->after = g_strdup(ask->after);
}

/* Who waited for a model is told that it is not the model that speaks. */
static void tell_late_model(AgentRun *run) {
  if (!run->model_late || run->by_parts || run->answer == NULL) return;
  json_t *answer = json_deep_copy(run->answer);
  json_array_append_new(json_object_get(answer, "caveats"),
                        json_pack("{s:s, s:s}", "code", "model_late", "text", "the language model did not answer in time; this is what rules alone say"));
  json_decref(run->answer);
  run->answer = answer;
}

static json_t *run_to_end(AgentRun *run) {
  while (run->state != STATE_DONE) take_step(run);
  tell_late_model(run);
  for (guint i = 0; i < run->memory_ids->len; i++)
    run_store_memory_used(agent_service_runs(run->service), run->owner, *(gint64 *)g_ptr_array_index(run->memory_ids, i), NULL);
  return json_incref(run->answer != NULL ? run->answer : run_rules_answer(run));
}

json_t *agent_run(AgentService *service, const AgentRequest *request) {
  if (request->ask.query != NULL || request->ask.question == NULL) return answer_ask(agent_service_answers(service), &request->ask);
  AgentRun run;
  run_init(&run, service, request);
  run.id = request->ask.id != NULL ? g_strdup(request->ask.id) : answer_new_id();
  find_conversation(&run);
  json_t *answer = run_to_end(&run);
  run_clear(&run);
  return answer;
}

json_t *agent_resume(AgentService *service, const char *id, const AgentRequest *request, GError **error) {
  AgentRun run;
  run_init(&run, service, request);
  g_autoptr(json_t) kept = run_store_get(agent_service_runs(service), id, run.owner, error);
  const json_t *checkpoint = json_object_get(kept, "checkpoint");
  json_t *answer = NULL;
  if (kept != NULL && run_read_checkpoint(&run, checkpoint, error)) {
    run.id = g_strdup(id);
    run.number = json_get_int(kept, "step", 0);
    run.replayed = TRUE;
    AgentRequest again = *request;
    again.ask.question = json_get_string(checkpoint, "question");
    again.ask.after = json_get_string(checkpoint, "after");
    again.ask.session = json_get_string(checkpoint, "session");
    if (again.ask.as_of == DAY_NONE && json_get_string(checkpoint, "as_of") != NULL) day_parse_iso(json_get_string(checkpoint, "as_of"), &again.ask.as_of);
    run.request = &again;
    find_conversation(&run);
    /* The composed answer is not in the checkpoint: it is composed again. An ended run gives its answer once more. */
    if (run.state == STATE_CHECK || (run.state == STATE_DONE && run.by_parts)) run.state = STATE_ANALYSE;
    if (run.state == STATE_DONE && run.by_verified) run.state = STATE_ENGINEER;
    if (run.state == STATE_DONE && strcmp(run.kind, "memory") == 0) run.state = STATE_ROUTE; /* said again, it changes nothing more */
    answer = run_to_end(&run);
  }
  run_clear(&run);
  return answer;
}
