/* Questions that were asked before: the finished answer with this request's own fields. */
#include <string.h>

#include "answer/answer_private.h"
#include "answer/result_cache.h"

/* Where a hit is recorded: at once or not at all on an event loop. */
typedef gboolean (*Record)(Store *store, const StoreAnswer *answer);

static gboolean record_or_wait(Store *store, const StoreAnswer *answer) {
  g_autoptr(GError) problem = NULL;
  if (!store_put_answer(store, answer, &problem)) g_warning("the answer could not be kept: %s", problem->message);
  return TRUE;
}

/* The answer from a cache entry, recorded under its own id; NULL when it cannot be recorded now. */
static GBytes *answer_from(AnswerService *service, const AnswerRequest *request, GBytes *kept, gint64 started_us, Record record) {
  g_autofree char *id = request->id != NULL ? g_strdup(request->id) : answer_new_id();
  g_autofree char *scope_key = access_scope_key(request->scope);
  StoreAnswer line = {.id = id, .tenant = request->scope->tenant, .user = request->scope->user, .scope_key = scope_key,
                      .question = request->question, .route = "exact_cache", .created_ms = g_get_real_time() / 1000,
                      .latency_us = g_get_monotonic_time() - started_us};
  kept_answer_record(kept, &line);
  if (!record(answer_service_store(service), &line)) return NULL;
  return kept_answer_text(kept, id, request->question, g_get_monotonic_time() - started_us);
}

GBytes *answer_ask_cached(AnswerService *service, const AnswerRequest *request) {
  gint64 started_us = g_get_monotonic_time();
  g_autofree char *key = question_key(service, request);
  g_autoptr(GBytes) kept = key != NULL ? cache_get(answer_service_cache(service), key) : NULL;
  return kept != NULL ? answer_from(service, request, kept, started_us, store_try_put_answer) : NULL;
}

int answer_http_status(const json_t *answer) {
  const json_t *error = json_object_get(answer, "error");
  if (!json_is_object(error)) return 200;
  for (int code = 0; code < AISLE_ERROR_COUNT; code++) {
    if (g_strcmp0(aisle_error_info(code)->name, json_get_string(error, "code")) == 0) return aisle_error_info(code)->http_status;
  }
  return aisle_error_info(AISLE_ERROR_INTERNAL)->http_status;
}

/* Asks. `kept` (may be NULL) receives what others get; NULL when the answer may not be kept. */
static GBytes *ask_anew(AnswerService *service, const AnswerRequest *request, int *http_status, GBytes **kept) {
  g_autoptr(json_t) answer = answer_ask(service, request);
  *http_status = answer_http_status(answer);
  if (kept != NULL) *kept = kept_answer_new(answer);
  char *text = json_to_text(answer, JSON_PLAIN);
  return g_bytes_new_take(text, strlen(text));
}

GBytes *answer_ask_text(AnswerService *service, const AnswerRequest *request, int *http_status) {
  gint64 started_us = g_get_monotonic_time();
  int ignored;
  if (http_status == NULL) http_status = &ignored;
  *http_status = 200;
  g_autofree char *key = question_key(service, request);
  g_autoptr(GBytes) kept = NULL;
  if (key == NULL) return ask_anew(service, request, http_status, NULL);
  Cache *cache = answer_service_cache(service);
  g_autoptr(GError) error = NULL;
  switch (cache_get_or_begin(cache, key, request->deadline, &kept, &error)) {
  case CACHE_HIT: return answer_from(service, request, kept, started_us, record_or_wait);
  case CACHE_BEGIN: {
    GBytes *text = ask_anew(service, request, http_status, &kept);
    cache_finish(cache, key, kept, TRUE);
    return text;
  }
  case CACHE_FAILED: break;
  }
  /* The time is over: the pipeline says so in an answer of the usual form. */
  return ask_anew(service, request, http_status, NULL);
}
