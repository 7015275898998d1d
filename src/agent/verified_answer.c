/* Verified questions in a run: as an answer where rules have none, and as examples for the model. */
#include <string.h>

#include "agent/run.h"
#include "agent/service.h"
#include "agent/verified.h"

/* Verified questions that are looked at closely, and that a model is shown. */
#define NEAR_MAX 6
#define EXAMPLES_MAX 3

/* The verified questions near a text; `*all` owns them. (transfer container) */
static GPtrArray *near_questions(AgentRun *run, const char *text, GPtrArray **all) {
  const AccessScope *scope = run->request->ask.scope;
  *all = verified_load(agent_service_answers(run->service), scope);
  if ((*all)->len == 0) return g_ptr_array_new();
  g_autofree char *scope_key = access_scope_key(scope), *path = agent_service_vectors_path(run->service, "verified", scope_key);
  return verified_near(*all, agent_service_embedder(run->service), path, text, NEAR_MAX);
}

static json_t *answer_with(AgentRun *run, const json_t *query, const VerifiedQuestion *verified) {
  AnswerRequest request = run->request->ask;
  request.query = query;
  request.id = NULL;
  request.after = run->after;
  request.sink = NULL;
  json_t *answer = answer_ask(agent_service_answers(run->service), &request);
  if (!answer_is(answer, "answered")) {
    json_decref(answer);
    return NULL;
  }
  g_autofree char *text = g_strdup_printf("read as the verified question '%s' (%s)", verified->question,
                                          strcmp(verified->origin, "golden") == 0 ? "of this workspace" : "you found its answer good");
  json_array_append_new(json_object_get(answer, "caveats"), json_pack("{s:s, s:s}", "code", "verified", "text", text));
  return answer;
}

gboolean run_answer_verified(AgentRun *run, const json_t *asked) {
  if (run->request->ask.understand_only) return FALSE;
  GPtrArray *all = NULL;
  g_autoptr(GPtrArray) near = near_questions(run, run->request->ask.question, &all);
  for (guint i = 0; i < near->len && run->answer == NULL; i++) {
    const VerifiedQuestion *verified = g_ptr_array_index(near, i);
    g_autoptr(json_t) query = verified_fit(run, verified, run->request->ask.question, asked);
    if (query == NULL) continue;
    run->answer = answer_with(run, query, verified);
    if (run->answer != NULL) run_note(run, "verified", json_string(verified->question));
  }
  g_ptr_array_unref(all);
  run->by_verified = run->answer != NULL;
  return run->by_verified;
}

json_t *run_verified_examples(AgentRun *run, const char *question) {
  json_t *examples = json_array();
  GPtrArray *all = NULL;
  g_autoptr(GPtrArray) near = near_questions(run, question, &all);
  for (guint i = 0; i < near->len && json_array_size(examples) < EXAMPLES_MAX; i++) {
    const VerifiedQuestion *verified = g_ptr_array_index(near, i);
    /* What this caller may not see is no example for them. */
    if (!verified_holds(run, verified->query)) continue;
    g_autofree char *query = json_to_text(verified->query, JSON_PLAIN), *line = g_strdup_printf("%s => %s", verified->question, query);
    json_array_append_new(examples, json_string(line));
  }
  g_ptr_array_unref(all);
  return examples;
}
