#include "server/task_runner.h"

#include <pthread.h>
#include <string.h>

#include "agent/mcp.h"
#include "base/condition.h"
#include "server/kept.h"
#include "server/questions.h"

struct TaskRunner {
  ServerState *state;
  char *name, *scope_key;
  char *snapshot; /* data and model as last seen; only of the keeper */
  pthread_mutex_t lock;
  pthread_cond_t changed;
  gboolean ending;
  char *task;     /* id of the one that runs; NULL: none */
  gint cancelled; /* atomic: the deadline's flag of it */
  gboolean unwanted; /* its user cancelled it, or it is another runner's */
  Progress progress;
  pthread_t worker, keeper;
  gboolean has_worker, has_keeper;
};

static gint64 now_ms(void) {
  return g_get_real_time() / 1000;
}

/* Under the lock: waits for a change. */
static void wait_ms(TaskRunner *runner, gint64 milliseconds) {
  condition_wait_ms(&runner->changed, &runner->lock, milliseconds);
}

/* ---- the thread that runs them ---- */

/* The task's answer bears its id, with another letter. */
static GBytes *answer_task(TaskRunner *runner, const json_t *task, int *status) {
  AnswerRequest request;
  question_read(runner->state, json_object_get(task, "request"), &request);
  g_autofree char *id = g_strconcat("a", strchr(json_get_string(task, "id"), '_'), NULL);
  request.id = id;
  request.deadline = deadline_in_ms(TASK_MAX_MS, &runner->cancelled);
  request.deadline.progress = &runner->progress;
  return question_answer(runner->state, &request, status);
}

/* What became of it. `answer` is taken. */
static void finish_task(TaskRunner *runner, const char *id, GBytes *answer, int status, gboolean ending, gboolean unwanted) {
  gsize length = 0;
  const char *text = g_bytes_get_data(answer, &length);
  g_autofree char *copy = g_strndup(text, length);
  g_autofree char *problem = NULL;
  gboolean stopped = status == aisle_error_info(AISLE_ERROR_CANCELLED)->http_status;
  const char *end = status < 400 ? "done" : stopped && unwanted ? "cancelled" : stopped && ending ? "queued" : "failed";
  if (status >= 400) {
    g_autoptr(json_t) json = json_parse(copy, length, NULL);
    Reply reply = {0};
    reply_set_failed_answer(&reply, json);
    gsize size = 0;
    const char *bytes = g_bytes_get_data(reply.body, &size);
    if (strcmp(end, "failed") == 0) problem = g_strndup(bytes, size);
    reply_clear(&reply);
  }
  g_autoptr(GError) error = NULL;
  if (!store_finish_task(answer_service_store(runner->state->service), id, runner->name, end, status < 400 ? copy : NULL, problem, now_ms(), &error))
    g_warning("the end of a task could not be kept: %s", error->message);
  g_bytes_unref(answer);
  kept_tell(runner->state, "tasks");
}

static void run_task(TaskRunner *runner, const json_t *task) {
  const char *id = json_get_string(task, "id");
  pthread_mutex_lock(&runner->lock);
  runner->task = g_strdup(id);
  runner->unwanted = FALSE;
  progress_init(&runner->progress);
  g_atomic_int_set(&runner->cancelled, runner->ending);
  pthread_mutex_unlock(&runner->lock);
  int status = 200;
  GBytes *answer = answer_task(runner, task, &status);
  pthread_mutex_lock(&runner->lock);
  gboolean ending = runner->ending, unwanted = runner->unwanted;
  g_clear_pointer(&runner->task, g_free);
  pthread_mutex_unlock(&runner->lock);
  finish_task(runner, id, answer, status, ending, unwanted);
}

static json_t *next_task(TaskRunner *runner) {
  g_autoptr(GError) error = NULL;
  gint64 now = now_ms();
  json_t *task = store_claim_task(answer_service_store(runner->state->service), runner->scope_key, runner->name, now, now + TASK_LEASE_MS, &error);
  if (error != NULL) g_warning("no task could be taken: %s", error->message);
  return task;
}

static void *run_tasks(void *data) {
  TaskRunner *runner = data;
  pthread_mutex_lock(&runner->lock);
  while (!runner->ending) {
    pthread_mutex_unlock(&runner->lock);
    g_autoptr(json_t) task = next_task(runner);
    if (task != NULL) run_task(runner, task);
    pthread_mutex_lock(&runner->lock);
    if (task == NULL && !runner->ending) wait_ms(runner, TASK_LOOK_MS);
  }
  pthread_mutex_unlock(&runner->lock);
  return NULL;
}

/* ---- the thread that says so while they run, and looks whether the data has changed ---- */

static void tell_new_data(TaskRunner *runner) {
  g_autofree char *now = mcp_state_of(runner->state->service);
  if (g_strcmp0(runner->snapshot, now) == 0) return;
  if (runner->snapshot != NULL) {
    kept_tell(runner->state, "snapshot");
    mcp_tell_change(runner->state);
  }
  g_free(runner->snapshot);
  runner->snapshot = g_steal_pointer(&now);
}

static gboolean beat(TaskRunner *runner, const char *id) {
  gint64 rows;
  double percent;
  gboolean go_on = TRUE;
  g_autoptr(GError) error = NULL;
  progress_read(&runner->progress, &rows, &percent);
  Store *store = answer_service_store(runner->state->service);
  /* A beat that is missed now is made up for by the next one. */
  if (!store_beat_task(store, id, runner->name, percent, rows, now_ms() + TASK_LEASE_MS, &go_on, &error)) return TRUE;
  return go_on;
}

static void *keep_tasks(void *data) {
  TaskRunner *runner = data;
  pthread_mutex_lock(&runner->lock);
  while (!runner->ending) {
    wait_ms(runner, TASK_BEAT_MS);
    tell_new_data(runner);
    if (runner->task == NULL || runner->ending) continue;
    g_autofree char *id = g_strdup(runner->task);
    pthread_mutex_unlock(&runner->lock);
    gboolean go_on = beat(runner, id);
    pthread_mutex_lock(&runner->lock);
    if (go_on || g_strcmp0(runner->task, id) != 0) continue;
    runner->unwanted = TRUE;
    g_atomic_int_set(&runner->cancelled, 1);
  }
  pthread_mutex_unlock(&runner->lock);
  return NULL;
}

/* ---- life ---- */

TaskRunner *task_runner_new(ServerState *state) {
  TaskRunner *runner = g_new0(TaskRunner, 1);
  runner->state = state;
  runner->name = answer_new_id();
  runner->scope_key = access_scope_key(state->scope);
  progress_init(&runner->progress);
  pthread_mutex_init(&runner->lock, NULL);
  condition_init(&runner->changed);
  runner->has_worker = pthread_create(&runner->worker, NULL, run_tasks, runner) == 0;
  runner->has_keeper = pthread_create(&runner->keeper, NULL, keep_tasks, runner) == 0;
  if (runner->has_worker && runner->has_keeper) return runner;
  task_runner_free(runner);
  return NULL;
}

void task_runner_stop(TaskRunner *runner) {
  pthread_mutex_lock(&runner->lock);
  runner->ending = TRUE;
  g_atomic_int_set(&runner->cancelled, 1);
  pthread_cond_broadcast(&runner->changed);
  pthread_mutex_unlock(&runner->lock);
  if (runner->has_worker) pthread_join(runner->worker, NULL);
  if (runner->has_keeper) pthread_join(runner->keeper, NULL);
  runner->has_worker = runner->has_keeper = FALSE;
}

void task_runner_free(TaskRunner *runner) {
  if (runner == NULL) return;
  task_runner_stop(runner);
  pthread_cond_destroy(&runner->changed);
  pthread_mutex_destroy(&runner->lock);
  g_free(runner->snapshot);
  g_free(runner->scope_key);
  g_free(runner->name);
  g_free(runner);
}

void task_runner_wake(TaskRunner *runner) {
  pthread_mutex_lock(&runner->lock);
  pthread_cond_broadcast(&runner->changed);
  pthread_mutex_unlock(&runner->lock);
}
