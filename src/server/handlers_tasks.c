/* Long questions: put in the queue, looked at, fetched, cancelled. */
#include <string.h>

#include "server/kept.h"
#include "server/questions.h"
#include "server/task_runner.h"

#define MAX_TASKS 200

static json_t *describe_task(const json_t *task) {
  static const char *const keys[] = {"id", "title", "status", "rows", "error", "request", "answer", NULL};
  json_t *json = json_object();
  kept_copy(json, task, keys);
  const char *id = json_get_string(task, "id");
  json_t *percent = json_object_get(task, "percent");
  json_object_set_new(json, "percent", percent != NULL ? json_incref(percent) : json_null());
  g_autofree char *status_url = g_strconcat("/status/", id, NULL);
  json_object_set_new(json, "status_url", json_string(status_url));
  if (g_strcmp0(json_get_string(task, "status"), "done") == 0) {
    g_autofree char *answer_id = g_strconcat("a", strchr(id, '_'), NULL);
    json_object_set_new(json, "answer_id", json_string(answer_id));
  }
  kept_copy_times(json, task, TRUE);
  return json;
}

static void reply_with_task(const Call *call, const char *id, gboolean whole, int status, Reply *reply) {
  g_autoptr(GError) error = NULL;
  g_autofree char *scope_key = access_scope_key(call->state->scope);
  g_autoptr(json_t) task = store_get_task(answer_service_store(call->state->service), id, scope_key, whole, &error);
  if (task == NULL) {
    reply_set_error(reply, error);
    return;
  }
  g_autoptr(json_t) json = describe_task(task);
  reply_set_json(reply, status, json);
}

/* A title for a task: the question, or what the query means. */
static char *title_of(ServerState *state, const json_t *body, Deadline deadline) {
  const char *question = json_get_string(body, "question");
  if (question != NULL) return g_strdup(question);
  AnswerRequest request;
  question_read(state, body, &request);
  request.deadline = deadline;
  request.understand_only = TRUE;
  request.unlogged = TRUE;
  request.session = NULL;
  g_autoptr(json_t) answer = answer_ask(state->service, &request);
  const char *restatement = json_get_string(answer, "restatement");
  return g_strdup(restatement != NULL ? restatement : "a query");
}

static gboolean has_room(Store *store, const char *scope_key, GError **error) {
  g_autoptr(json_t) tasks = store_list_tasks(store, scope_key, MAX_TASKS, error);
  if (tasks == NULL) return FALSE;
  guint waiting = 0;
  for (gsize i = 0; i < json_array_size(tasks); i++) {
    const char *status = json_get_string(json_array_get(tasks, i), "status");
    waiting += strcmp(status, "queued") == 0 || strcmp(status, "running") == 0;
  }
  if (waiting < TASK_MAX_WAITING) return TRUE;
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_BUSY, "there are too many tasks waiting; cancel some or come back later");
  return FALSE;
}

gboolean kept_add_task(ServerState *state, const json_t *body, const char *id, Deadline deadline, GError **error) {
  Store *store = answer_service_store(state->service);
  g_autofree char *scope_key = access_scope_key(state->scope);
  if (!has_room(store, scope_key, error)) return FALSE;
  g_autofree char *title = title_of(state, body, deadline);
  StoreTask task = {.id = id, .scope_key = scope_key, .title = title, .request = body, .created_ms = g_get_real_time() / 1000};
  if (!store_put_task(store, &task, error)) return FALSE;
  task_runner_wake(state->tasks);
  return TRUE;
}

void handle_task_add(const Call *call, Reply *reply) {
  g_autoptr(GError) error = NULL;
  g_autofree char *id = kept_new_id("t");
  if (!kept_add_task(call->state, call->body, id, call->deadline, &error)) {
    reply_set_error(reply, error);
    return;
  }
  reply_with_task(call, id, FALSE, 202, reply);
  kept_tell(call->state, "tasks");
}

void handle_tasks(const Call *call, Reply *reply) {
  g_autoptr(GError) error = NULL;
  g_autofree char *scope_key = access_scope_key(call->state->scope);
  g_autoptr(json_t) found = store_list_tasks(answer_service_store(call->state->service), scope_key, (int)call->integers[0], &error);
  if (found == NULL) {
    reply_set_error(reply, error);
    return;
  }
  json_t *tasks = json_array();
  for (gsize i = 0; i < json_array_size(found); i++) json_array_append_new(tasks, describe_task(json_array_get(found, i)));
  g_autoptr(json_t) json = json_pack("{s:o}", "tasks", tasks);
  reply_set_json(reply, 200, json);
}

void handle_task(const Call *call, Reply *reply) {
  reply_with_task(call, call->texts[0], TRUE, 200, reply);
}

void handle_task_status(const Call *call, Reply *reply) {
  reply_with_task(call, call->texts[0], FALSE, 200, reply);
}

void handle_task_cancel(const Call *call, Reply *reply) {
  g_autoptr(GError) error = NULL;
  g_autofree char *scope_key = access_scope_key(call->state->scope);
  if (!store_cancel_task(answer_service_store(call->state->service), call->texts[0], scope_key, g_get_real_time() / 1000, &error)) {
    reply_set_error(reply, error);
    return;
  }
  task_runner_wake(call->state->tasks);
  reply_set_empty(reply, 204);
  kept_tell(call->state, "tasks");
}
