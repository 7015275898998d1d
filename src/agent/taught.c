/* What was taught, where questions are answered at once: in steps it is run.c that applies it. */
#include <string.h>

#include "agent/memory.h"
#include "agent/service.h"
#include "agent/teach.h"

gboolean agent_memory_concerns(AgentService *service, const char *question) {
  if (question == NULL) return FALSE;
  if (run_store_has_memory(agent_service_runs(service))) return TRUE;
  g_auto(Teaching) teaching = {0};
  teaching_read(question, &teaching);
  return teaching.kind != TEACHING_NONE;
}

json_t *agent_answer_by_memory(AgentService *service, const AnswerRequest *request) {
  if (request->question == NULL || request->query != NULL) return NULL;
  json_t *taught = teaching_answer(service, request);
  if (taught != NULL) return taught;
  g_autofree char *owner = agent_owner(request->scope);
  g_autoptr(json_t) entries = agent_service_memory(service, owner);
  MemoryReading reading;
  memory_apply(entries, request->question, &reading);
  json_t *answer = NULL;
  if (json_array_size(reading.applied) > 0) {
    AnswerRequest read = *request;
    read.question = reading.text;
    read.asked_as = request->question;
    answer = answer_ask(agent_service_answers(service), &read);
    memory_explain(&reading, request->question, answer);
    for (gsize i = 0; !request->unlogged && i < json_array_size(reading.applied); i++)
      run_store_memory_used(agent_service_runs(service), owner, json_get_int(json_array_get(reading.applied, i), "id", 0), NULL);
  }
  memory_reading_clear(&reading);
  return answer;
}
