#include "ai/batch_items.h"

#include <pthread.h>

AiCall *ai_batch_item_call(AiGateway *gateway, AiConfig *config, const AiWork *work, const char *version, GError **error) {
  AiCall *call = ai_call_of_job(gateway, work->job, &work->account, work->scope_key, error);
  if (call == NULL) return NULL;
  call->config = ai_config_ref(config);
  call->priority = AI_PRIORITY_BATCH;
  if (version != NULL) {
    g_free(call->template_version);
    call->template_version = g_strdup(version);
  }
  if (ai_call_prepare(call, error)) return call;
  ai_call_unref(call);
  return NULL;
}

char *ai_batch_item_line(const AiCall *call, const AiRoute *route, const char *id, GError **error) {
  g_autoptr(json_t) request = ai_call_request(call, route);
  json_t *native = ai_provider_of(route)->request(route, request, FALSE, error);
  if (native == NULL) return NULL;
  g_autoptr(json_t) entry = ai_batch_provider_of(route)->entry(route, id, native);
  return json_to_text(entry, JSON_PLAIN);
}

/* ---- reserving ---- */

typedef struct {
  pthread_mutex_t lock;
  pthread_cond_t changed;
  guint open; /* under lock: answers that have not come */
} Gate;

typedef struct {
  Gate *gate;
  gint64 *refused;
} Asked;

/* On the budget's thread, or before ai_budget_reserve_as() returns. */
static void on_verdict(const AiBudgetVerdict *verdict, gpointer data) {
  const Asked *asked = data;
  *asked->refused = verdict->ticket != 0 ? 0 : verdict->code == AISLE_ERROR_RATE_LIMITED ? MAX(1, verdict->retry_after_ms) : -1;
  pthread_mutex_lock(&asked->gate->lock);
  asked->gate->open--;
  pthread_cond_broadcast(&asked->gate->changed);
  pthread_mutex_unlock(&asked->gate->lock);
}

void ai_batch_items_reserve(AiGateway *gateway, AiConfig *config, const AiRoute *route, const GPtrArray *items, gint64 lifetime_ms, gint64 *refused) {
  Gate gate = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, items->len};
  g_autofree Asked *asked = g_new(Asked, MAX(items->len, 1));
  for (guint i = 0; i < items->len; i++) {
    const AiBatchItem *item = g_ptr_array_index(items, i);
    const AiBudgetVerdict fine = {.ticket = item->ticket}, wrong = {.code = AISLE_ERROR_INVALID_ARGUMENT};
    asked[i] = (Asked){&gate, &refused[i]};
    AiCall *call = ai_batch_item_call(gateway, config, item->work, item->version, NULL);
    if (call == NULL || !ai_budget_applies(config, &call->account)) {
      on_verdict(call == NULL ? &wrong : &fine, &asked[i]);
    } else {
      AiUsage most;
      AiAmounts worst;
      ai_call_worst_usage(call, route, &most);
      ai_route_batch_cost(config, route, &most, &worst);
      worst.amount[AI_UNIT_REQUESTS] = 1;
      ai_budget_reserve_as(gateway->budget, item->ticket, lifetime_ms, config, &call->account, &worst, 0, on_verdict, &asked[i]);
    }
    ai_call_unref(call);
  }
  pthread_mutex_lock(&gate.lock);
  while (gate.open > 0) pthread_cond_wait(&gate.changed, &gate.lock);
  pthread_mutex_unlock(&gate.lock);
  pthread_cond_destroy(&gate.changed);
  pthread_mutex_destroy(&gate.lock);
}

/* ---- answers ---- */

static void answer_done(AiCall *call, gpointer data) {
  ai_queue_work_done(data, call->error == NULL ? ai_call_result_json(call) : NULL, call->error, call->out.retry_after_ms);
}

gboolean ai_batch_item_answer(AiGateway *gateway, AiConfig *config, const AiRoute *route, AiBatchItem *item, const char *remote, const json_t *native) {
  static const AiSink SINK = {.done = answer_done};
  json_t *reply = native != NULL ? ai_provider_of(route)->response(route, native, NULL) : NULL;
  AiCall *call = reply != NULL ? ai_call_of_job(gateway, item->work->job, &item->work->account, item->work->scope_key, NULL) : NULL;
  if (call == NULL) {
    json_decref(reply);
    return FALSE;
  }
  call->config = ai_config_ref(config);
  call->given = reply;
  call->given_route = route;
  call->given_ticket = item->ticket;
  call->batch_id = g_strdup(remote);
  call->priority = AI_PRIORITY_BATCH;
  g_free(call->out.id);
  call->out.id = g_strconcat("batch-", item->work->id, NULL);
  if (item->version != NULL) {
    g_free(call->template_version);
    call->template_version = g_strdup(item->version);
  }
  call->sink = &SINK;
  call->sink_data = g_steal_pointer(&item->work);
  ai_call_submit(call);
  return TRUE;
}
