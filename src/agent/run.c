#include "agent/run.h"

#include <string.h>

#include "agent/memory.h"
#include "agent/prose.h"
#include "agent/service.h"

Part *part_new(const char *question) {
  Part *part = g_new0(Part, 1);
  part->question = g_strdup(question);
  return part;
}

void part_free(Part *part) {
  if (part == NULL) return;
  g_free(part->question);
  g_free(part->asked);
  g_free(part->feedback);
  g_free(part->answer_id);
  json_decref(part->proposal);
  json_decref(part->offered);
  json_decref(part->answer);
  g_free(part);
}

Part *run_current(AgentRun *run) {
  return g_ptr_array_index(run->parts, run->current);
}

void run_note(AgentRun *run, const char *key, json_t *value) {
  if (run->detail == NULL) json_decref(value);
  else json_object_set_new(run->detail, key, value);
}

gboolean answer_is(const json_t *answer, const char *status) {
  return g_strcmp0(json_get_string(answer, "status"), status) == 0;
}

/* ---- checkpoints ---- */

static void set_text(json_t *object, const char *key, const char *text) {
  if (text != NULL) json_object_set_new(object, key, json_string(text));
}

json_t *run_to_checkpoint(const AgentRun *run) {
  json_t *checkpoint = json_pack("{s:i, s:s, s:s, s:b, s:b, s:b, s:b, s:i, s:i, s:i, s:I, s:i}", "version", 1, "state", agent_state_name(run->state), "kind",
                                 run->kind, "planned", run->planned, "by_parts", run->by_parts, "by_verified", run->by_verified, "model_late", run->model_late, "plan_rounds", (int)run->plan_rounds, "sql_rounds", (int)run->sql_rounds, "current",
                                 (int)run->current, "cost_nano", (json_int_t)run->cost_nano, "calls", (int)run->calls);
  g_autofree char *as_of = run->request->ask.as_of != DAY_NONE ? day_format_iso(run->request->ask.as_of) : NULL;
  set_text(checkpoint, "question", run->request->ask.question);
  set_text(checkpoint, "after", run->request->ask.after);
  set_text(checkpoint, "session", run->request->ask.session);
  set_text(checkpoint, "as_of", as_of);
  set_text(checkpoint, "plan_feedback", run->plan_feedback);
  set_text(checkpoint, "sql_feedback", run->sql_feedback);
  json_t *parts = json_array();
  for (guint i = 0; i < run->parts->len; i++) {
    const Part *part = g_ptr_array_index(run->parts, i);
    json_t *kept = json_pack("{s:s, s:i}", "question", part->question, "rounds", (int)part->rounds);
    set_text(kept, "asked", part->asked);
    set_text(kept, "feedback", part->feedback);
    set_text(kept, "answer_id", part->answer_id);
    if (part->proposal != NULL) json_object_set(kept, "proposal", part->proposal);
    if (part->offered != NULL) json_object_set(kept, "offered", part->offered);
    json_array_append_new(parts, kept);
  }
  json_object_set_new(checkpoint, "parts", parts);
  return checkpoint;
}

static const char *kind_constant(const char *kind) {
  static const char *const kinds[] = {"question", "summary", "analysis", "product", "small_talk", "out_of_scope", "memory"};
  for (guint i = 0; kind != NULL && i < G_N_ELEMENTS(kinds); i++)
    if (strcmp(kinds[i], kind) == 0) return kinds[i];
  return kinds[0];
}

gboolean run_read_checkpoint(AgentRun *run, const json_t *checkpoint, GError **error) {
  const json_t *parts = json_object_get(checkpoint, "parts");
  gboolean good = json_get_int(checkpoint, "version", 0) == 1 && agent_state_parse(json_get_string(checkpoint, "state"), &run->state) &&
                  json_get_string(checkpoint, "question") != NULL && json_is_array(parts);
  run->kind = kind_constant(json_get_string(checkpoint, "kind"));
  run->planned = json_get_bool(checkpoint, "planned", FALSE);
  run->by_parts = json_get_bool(checkpoint, "by_parts", FALSE);
  run->model_late = json_get_bool(checkpoint, "model_late", FALSE);
  run->by_verified = json_get_bool(checkpoint, "by_verified", FALSE);
  run->plan_rounds = (guint)json_get_int(checkpoint, "plan_rounds", 0);
  run->plan_feedback = g_strdup(json_get_string(checkpoint, "plan_feedback"));
  run->sql_rounds = (guint)json_get_int(checkpoint, "sql_rounds", 0);
  run->sql_feedback = g_strdup(json_get_string(checkpoint, "sql_feedback"));
  run->current = (guint)json_get_int(checkpoint, "current", 0);
  run->cost_nano = json_get_int(checkpoint, "cost_nano", 0);
  run->calls = (guint)json_get_int(checkpoint, "calls", 0);
  for (gsize i = 0; good && i < json_array_size(parts); i++) {
    const json_t *kept = json_array_get(parts, i);
    good = json_get_string(kept, "question") != NULL;
    if (!good) break;
    Part *part = part_new(json_get_string(kept, "question"));
    part->rounds = (guint)json_get_int(kept, "rounds", 0);
    part->asked = g_strdup(json_get_string(kept, "asked"));
    part->feedback = g_strdup(json_get_string(kept, "feedback"));
    part->answer_id = g_strdup(json_get_string(kept, "answer_id"));
    part->proposal = json_incref(json_object_get(kept, "proposal"));
    part->offered = json_incref(json_object_get(kept, "offered"));
    g_ptr_array_add(run->parts, part);
  }
  good = good && (run->parts->len == 0 || run->current < run->parts->len);
  if (!good) g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_CORRUPT, "the checkpoint of this run cannot be read; ask the question again");
  return good;
}

/* ---- asking rules ---- */

json_t *run_ask(AgentRun *run, const char *question, gboolean whole, gboolean understand_only) {
  AnswerRequest request = run->request->ask;
  g_autoptr(json_t) memory = agent_service_memory(run->service, run->owner);
  MemoryReading reading;
  memory_apply(memory, question, &reading);
  request.question = reading.text;
  request.asked_as = question;
  request.id = whole && !run->replayed ? run->id : NULL;
  request.understand_only = understand_only;
  if (!whole) {
    /* Only an answer is part of a conversation, not what is tried on the way to it, nor a part of a question. */
    request.after = run->after;
    if (understand_only || run->parts->len > 1) request.session = NULL;
    request.unlogged = understand_only;
    request.sink = NULL;
  }
  json_t *answer = answer_ask(agent_service_answers(run->service), &request);
  memory_explain(&reading, question, answer);
  for (gsize i = 0; i < json_array_size(reading.applied); i++) {
    gint64 *id = g_new(gint64, 1);
    *id = json_get_int(json_array_get(reading.applied, i), "id", 0);
    g_ptr_array_add(run->memory_ids, id);
  }
  if (json_array_size(reading.applied) > 0) run_note(run, "memory", json_incref(reading.applied));
  memory_reading_clear(&reading);
  return answer;
}

json_t *run_rules_answer(AgentRun *run) {
  if (run->rules == NULL) run->rules = run_ask(run, run->request->ask.question, TRUE, run->request->ask.understand_only);
  return run->rules;
}

gboolean run_restore_answers(AgentRun *run) {
  for (guint i = 0; i < run->parts->len; i++) {
    Part *part = g_ptr_array_index(run->parts, i);
    if (part->answer_id == NULL || part->answer != NULL) continue;
    part->answer = run_ask(run, part->asked != NULL ? part->asked : part->question, FALSE, FALSE);
    if (!answer_is(part->answer, "answered")) return FALSE;
  }
  return TRUE;
}

/* ---- asking the model ---- */

gboolean run_may_use_model(const AgentRun *run) {
  return run->request->allow_model && run->request->max_cost_nano > 0 && agent_service_has_model(run->service) &&
         run->cost_nano < run->request->max_cost_nano && deadline_left_ms(run->request->ask.deadline) > 0;
}

json_t *run_call_model(AgentRun *run, const char *purpose, const json_t *input, guint round, Prose *prose) {
  g_autofree char *idempotency = g_strdup_printf("%s.%s.%u.%u", run->id, purpose, run->current, round);
  AgentModelCall call = {.purpose = purpose, .input = input, .idempotency = idempotency, .scope = run->request->ask.scope, .deadline = run->request->ask.deadline,
                         .on_text = prose != NULL ? prose_take : NULL, .on_text_data = prose};
  AgentModelReply reply = {0};
  g_autoptr(GError) error = NULL;
  gboolean good = agent_service_call_model(run->service, &call, &reply, &error);
  run->calls++;
  run->cost_nano += MAX(reply.cost_nano, 0);
  json_t *said = json_pack("{s:s, s:I, s:s?}", "purpose", purpose, "cost_nano", (json_int_t)reply.cost_nano, "model", reply.model);
  if (!good) json_object_set_new(said, "error", json_string(error->message));
  else if (reply.json != NULL) json_object_set(said, "output", reply.json);
  run->model_late = run->model_late || (!good && (deadline_left_ms(call.deadline) == 0 || g_error_matches(error, AISLE_ERROR, AISLE_ERROR_TIMEOUT)));
  run_note(run, "model", said);
  g_free(reply.model);
  if (good && json_is_object(reply.json)) return reply.json;
  json_decref(reply.json);
  return NULL;
}
