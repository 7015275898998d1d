/*
 * SQL by a model: only with a permission of its own, only where rules cannot answer, through the guard, over what the
 * caller may see, and labelled. The semantic model does not vouch for such an answer.
 */
#include <string.h>

#include "agent/run.h"
#include "agent/service.h"
#include "model/relation.h"

gboolean run_may_use_sql(const AgentRun *run) {
  return run->request->allow_sql && run_may_use_model(run) && run->sql_rounds < AGENT_MAX_ROUNDS;
}

static const char *type_name(FieldType type) {
  static const char *const names[] = {"text", "integer", "decimal", "double", "boolean", "date", "timestamp", "time"};
  return (guint)type < G_N_ELEMENTS(names) ? names[type] : "text";
}

/* {table: "column type, ..."} as this caller may see them; flat, as everything but declared aggregates leaves the house. */
static json_t *describe_tables(const AgentRun *run) {
  g_autoptr(Model) model = answer_service_model_ref(agent_service_answers(run->service));
  g_autoptr(Model) visible = model_visible(model, run->request->ask.scope);
  json_t *tables = json_object();
  for (guint i = 0; i < visible->datasets->len; i++) {
    const Dataset *dataset = g_ptr_array_index(visible->datasets, i);
    g_autoptr(GString) columns = g_string_new(NULL);
    for (guint j = 0; j < dataset->fields->len; j++) {
      const Field *field = g_ptr_array_index(dataset->fields, j);
      g_string_append_printf(columns, "%s%s %s", j > 0 ? ", " : "", field->name, type_name(field->type));
    }
    json_object_set_new(tables, dataset->name, json_string(columns->str));
  }
  return tables;
}

/* The rules' refusal, with the result in its place. */
static json_t *label_result(AgentRun *run, const json_t *result) {
  static const char *const keys[] = {"sql", "columns", "rows", "row_count", "truncated"};
  json_t *answer = json_deep_copy(run_rules_answer(run));
  g_autofree char *id = answer_new_id();
  for (guint i = 0; i < G_N_ELEMENTS(keys); i++) json_object_set(answer, keys[i], json_object_get(result, keys[i]));
  json_object_set_new(answer, "id", json_string(id));
  json_object_set_new(answer, "status", json_string("answered"));
  json_object_set_new(answer, "route", json_string("model"));
  json_object_set_new(answer, "reason", json_null());
  json_object_set_new(answer, "clarify", json_null());
  json_object_set_new(answer, "narrative", json_string("A language model wrote the query for this table; nothing has checked that it says what you asked."));
  json_object_set_new(answer, "cost", json_real((double)run->cost_nano / 1e9));
  json_array_append_new(json_object_get(answer, "caveats"),
                        json_pack("{s:s, s:s}", "code", "free_sql", "text", "written by a language model as SQL, not by the semantic model: check it before you rely on it"));
  return answer;
}

AgentOutcome step_sql(AgentRun *run) {
  if (!run_may_use_sql(run)) return OUTCOME_UNANSWERED;
  g_autoptr(json_t) input = json_pack("{s:s, s:o}", "question", run->request->ask.question, "tables", describe_tables(run));
  if (run->sql_feedback != NULL) json_object_set_new(input, "what_was_wrong", json_string(run->sql_feedback));
  g_autoptr(json_t) said = run_call_model(run, "sql", input, run->sql_rounds, NULL);
  run->sql_rounds++;
  const char *sql = json_get_string(said, "sql");
  if (sql == NULL || *sql == '\0') return OUTCOME_UNANSWERED;
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) result = answer_free_sql(agent_service_answers(run->service), &run->request->ask, sql, &error);
  if (result == NULL) {
    run_note(run, "wrong", json_string(error->message));
    g_free(run->sql_feedback);
    run->sql_feedback = g_strdup(error->message);
    return run_may_use_sql(run) ? OUTCOME_REJECTED : OUTCOME_UNANSWERED;
  }
  run->answer = label_result(run, result);
  run_note(run, "rows", json_incref(json_object_get(result, "row_count")));
  return OUTCOME_OK;
}
