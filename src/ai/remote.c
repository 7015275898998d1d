#include "ai/remote.h"

#include <curl/curl.h>
#include <string.h>

#include "ai/sse.h"

#define MAX_REPLY (64u << 20)
#define CONNECT_MS 5000L
#define LONGEST_MS (10 * 60 * 1000)

struct AiRemote {
  char *url, *key;
};

AiRemote *ai_remote_new(const char *url, const char *key, GError **error) {
  if (!g_str_has_prefix(url, "http://") && !g_str_has_prefix(url, "https://")) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "ai.url must begin with http:// or https://, not '%.100s'", url);
    return NULL;
  }
  AiRemote *remote = g_new0(AiRemote, 1);
  remote->url = g_strdup(url);
  while (g_str_has_suffix(remote->url, "/")) remote->url[strlen(remote->url) - 1] = '\0';
  remote->key = g_strdup(key);
  return remote;
}

void ai_remote_free(AiRemote *remote) {
  if (remote == NULL) return;
  g_free(remote->url);
  g_free(remote->key);
  g_free(remote);
}

/* ---- one exchange ---- */

typedef struct {
  GString *body;
  Deadline deadline;
  gint64 retry_after_s;
  gboolean event_stream; /* the reply is one */
  Sse sse;
  AiStreamFunction on_text;
  gpointer user;
  json_t *last; /* {result} or {error}: what the stream ended with */
} Exchange;

/* {text, restarted}, or the end. */
static gboolean on_event(const char *data, gsize length, gpointer user) {
  Exchange *exchange = user;
  g_autoptr(json_t) json = json_parse(data, length, NULL);
  const char *text = json_get_string(json, "text");
  if (text != NULL) exchange->on_text(text, json_get_bool(json, "restarted", FALSE), exchange->user);
  else if (json_is_object(json) && exchange->last == NULL) exchange->last = json_incref(json);
  return json != NULL;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *data) {
  Exchange *exchange = data;
  if (exchange->event_stream) return sse_feed(&exchange->sse, bytes, size * count, on_event, exchange) ? size * count : 0;
  if (exchange->body->len + size * count > MAX_REPLY) return 0;
  g_string_append_len(exchange->body, bytes, (gssize)(size * count));
  return size * count;
}

static size_t on_header(char *bytes, size_t size, size_t count, void *data) {
  Exchange *exchange = data;
  g_autofree char *line = g_strndup(bytes, size * count);
  if (g_ascii_strncasecmp(line, "content-type:", 13) == 0 && exchange->on_text != NULL) exchange->event_stream = strstr(line, "text/event-stream") != NULL;
  if (g_ascii_strncasecmp(line, "retry-after:", 12) == 0) exchange->retry_after_s = text_leading_number(g_strstrip(line + 12));
  return size * count;
}

static int on_progress(void *data, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d) {
  (void)a;
  (void)b;
  (void)c;
  (void)d;
  return deadline_left_ms(((Exchange *)data)->deadline) <= 0;
}

static void add_header(struct curl_slist **headers, const char *name, const char *value) {
  if (value == NULL || strpbrk(value, "\r\n") != NULL) return;
  g_autofree char *line = g_strdup_printf("%s: %s", name, value);
  *headers = curl_slist_append(*headers, line);
}

static struct curl_slist *headers_for(const AiRemote *remote, const AiCaller *caller, const char *purpose) {
  struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
  g_autofree char *bearer = remote->key != NULL ? g_strconcat("Bearer ", remote->key, NULL) : NULL;
  g_autofree char *roles = caller != NULL && caller->roles != NULL ? g_strjoinv(",", (char **)caller->roles) : NULL;
  add_header(&headers, "Authorization", bearer);
  if (caller != NULL) {
    add_header(&headers, "X-Aisle-Company", caller->tenant);
    add_header(&headers, "X-Aisle-Team", caller->team);
    add_header(&headers, "X-Aisle-User", caller->user);
    /* Any text of any length; its digest tells scopes apart as well. */
    g_autofree char *scope = caller->scope_key != NULL ? g_compute_checksum_for_string(G_CHECKSUM_SHA256, caller->scope_key, -1) : NULL;
    add_header(&headers, "X-Aisle-Scope", scope);
  }
  add_header(&headers, "X-Aisle-Roles", roles);
  add_header(&headers, "X-Aisle-Purpose", purpose);
  return headers;
}

/* The same code as the gateway's own face gives. */
static gboolean fail_by_reply(const json_t *json, long status, GError **error) {
  const json_t *failure = json_object_get(json, "error");
  const char *code = json_get_string(failure, "code"), *message = json_get_string(failure, "message");
  AisleErrorCode found = status == 401 ? AISLE_ERROR_FORBIDDEN : AISLE_ERROR_UPSTREAM;
  for (int i = 0; code != NULL && i < AISLE_ERROR_COUNT; i++)
    if (strcmp(aisle_error_info(i)->name, code) == 0) found = (AisleErrorCode)i;
  g_set_error(error, AISLE_ERROR, (gint)found, "%s", message != NULL ? message : "the gateway's reply cannot be read");
  return FALSE;
}

static gboolean transfer(CURL *easy, Exchange *exchange, GError **error) {
  CURLcode code = curl_easy_perform(easy);
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  if (code != CURLE_OK) {
    if (deadline_check(exchange->deadline, error))
      g_set_error_literal(error, AISLE_ERROR, code == CURLE_OPERATION_TIMEDOUT ? AISLE_ERROR_TIMEOUT : AISLE_ERROR_UPSTREAM,
                          "the model gateway (ai.url) cannot be reached");
    return FALSE;
  }
  if (exchange->event_stream && exchange->last == NULL) {
    g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_UPSTREAM, "the model gateway (ai.url) broke off in the middle of its answer");
    return FALSE;
  }
  g_autoptr(json_t) json = status != 200 ? json_parse(exchange->body->str, exchange->body->len, NULL) : NULL;
  if (exchange->last != NULL && json_object_get(exchange->last, "error") != NULL) return fail_by_reply(exchange->last, status, error);
  return status == 200 || fail_by_reply(json, status, error);
}

/* GET when `body` is NULL; `on_text` NULL: no stream. Takes the headers. (transfer full) */
static json_t *exchange_stream(AiRemote *remote, const char *path, const json_t *body, struct curl_slist *headers, Deadline deadline, AiStreamFunction on_text,
                               gpointer user, gint64 *retry_after_ms, GError **error) {
  Exchange exchange = {.body = g_string_new(NULL), .deadline = deadline, .on_text = on_text, .user = user};
  sse_init(&exchange.sse);
  g_autofree char *url = g_strconcat(remote->url, path, NULL), *text = body != NULL ? json_to_text(body, JSON_PLAIN) : NULL;
  CURL *easy = curl_easy_init();
  json_t *reply = NULL;
  curl_easy_setopt(easy, CURLOPT_URL, url);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
  if (text != NULL) curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(text));
  if (text != NULL) curl_easy_setopt(easy, CURLOPT_POSTFIELDS, text);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &exchange);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &exchange);
  curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
  curl_easy_setopt(easy, CURLOPT_XFERINFODATA, &exchange);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)CLAMP(deadline_left_ms(deadline), 1, LONGEST_MS));
  gboolean good = transfer(easy, &exchange, error);
  if (good && exchange.last != NULL) reply = json_incref(json_object_get(exchange.last, "result"));
  else if (good) reply = json_parse(exchange.body->str, exchange.body->len, error);
  if (retry_after_ms != NULL) *retry_after_ms = exchange.retry_after_s * 1000;
  curl_easy_cleanup(easy);
  curl_slist_free_all(headers);
  g_string_free(exchange.body, TRUE);
  sse_clear(&exchange.sse);
  json_decref(exchange.last);
  return reply;
}

static json_t *exchange_json(AiRemote *remote, const char *path, const json_t *body, struct curl_slist *headers, Deadline deadline, gint64 *retry_after_ms,
                             GError **error) {
  return exchange_stream(remote, path, body, headers, deadline, NULL, NULL, retry_after_ms, error);
}

/* ---- face ---- */

gboolean ai_remote_has_model(AiRemote *remote, const char *logical) {
  g_autoptr(json_t) reply = exchange_json(remote, "/v1/models", NULL, headers_for(remote, NULL, NULL), deadline_in_ms(3000, NULL), NULL, NULL);
  json_t *model;
  gsize index;
  json_array_foreach(json_object_get(reply, "data"), index, model) {
    if (g_strcmp0(json_get_string(model, "id"), logical) == 0) return TRUE;
  }
  return FALSE;
}

static json_t *job_of(const AiRequest *request) {
  static const char *const COMPLEXITY[] = {"auto", "simple", "moderate", "complex"};
  json_t *job = json_pack("{s:s?, s:s?, s:s?, s:O?, s:O?, s:O?, s:O?, s:s?, s:s, s:b, s:b, s:s?}", "template", request->template_id, "version",
                          request->template_version, "model", request->model, "input", request->input, "messages", request->messages, "tools", request->tools,
                          "output_schema", request->output_schema, "purpose", request->purpose, "complexity", COMPLEXITY[request->complexity], "no_cache",
                          request->no_cache, "check_facts", request->check_facts, "idempotency", request->idempotency);
  if (request->max_tokens > 0) json_object_set_new(job, "max_tokens", json_integer(request->max_tokens));
  if (request->temperature >= 0) json_object_set_new(job, "temperature", json_real(request->temperature));
  const char *key;
  json_t *value;
  void *next;
  json_object_foreach_safe(job, next, key, value) {
    if (json_is_null(value)) json_object_del(job, key);
  }
  return job;
}

static json_t *member(const json_t *object, const char *name) {
  json_t *value = json_object_get(object, name);
  return value == NULL || json_is_null(value) ? NULL : json_incref(value);
}

static gint64 nano_of(const char *text) {
  const char *point = text != NULL ? strchr(text, '.') : NULL;
  gint64 nano = text != NULL ? g_ascii_strtoll(text, NULL, 10) * 1000000000 : 0, unit = 100000000;
  for (const char *c = point != NULL ? point + 1 : ""; g_ascii_isdigit(*c) && unit > 0; c++, unit /= 10) nano += (*c - '0') * unit;
  return nano;
}

static void read_result(const json_t *result, AiResponse *response) {
  static const char *const CACHE[] = {"miss", "hit", "joined", "stale"};
  const json_t *usage = json_object_get(result, "usage");
  response->id = g_strdup(json_get_string(result, "id"));
  response->text = g_strdup(json_get_string(result, "text"));
  response->json = member(result, "json");
  response->tool_calls = member(result, "tool_calls");
  response->verdicts = member(result, "verdicts");
  response->finish_reason = g_strdup(json_get_string(result, "finish_reason"));
  response->route = g_strdup(json_get_string(result, "route"));
  response->model = g_strdup(json_get_string(result, "model"));
  response->usage.input_tokens = json_get_int(usage, "prompt_tokens", 0);
  response->usage.output_tokens = json_get_int(usage, "completion_tokens", 0);
  response->usage.cached_tokens = json_get_int(json_object_get(usage, "prompt_tokens_details"), "cached_tokens", 0);
  response->usage.written_tokens = json_get_int(json_object_get(usage, "prompt_tokens_details"), "cache_creation_tokens", 0);
  response->usage.cost_nano = nano_of(json_get_string(result, "cost"));
  response->attempts = (int)json_get_int(result, "attempts", 1);
  response->repair_rounds = (int)json_get_int(result, "repair_rounds", 0);
  response->partial = json_get_bool(result, "partial", FALSE);
  response->consistency = json_get_double(result, "consistency", -1);
  for (guint i = 0; i < G_N_ELEMENTS(CACHE); i++)
    if (g_strcmp0(json_get_string(result, "cache"), CACHE[i]) == 0) response->cache = (AiCacheOutcome)i;
}

gboolean ai_remote_complete(AiRemote *remote, const AiRequest *request, AiResponse *response, GError **error) {
  gint64 started_us = g_get_monotonic_time();
  g_autoptr(json_t) job = job_of(request);
  if (request->on_text != NULL) json_object_set_new(job, "stream", json_true());
  g_autoptr(json_t) result = exchange_stream(remote, "/llm/summary", job, headers_for(remote, &request->caller, request->purpose), request->deadline,
                                             request->on_text, request->on_text_user, &response->retry_after_ms, error);
  if (result != NULL) read_result(result, response);
  if (response->text == NULL) response->text = g_strdup("");
  response->latency_us = g_get_monotonic_time() - started_us;
  return result != NULL;
}

json_t *ai_remote_embed(AiRemote *remote, const char *logical, const AiCaller *caller, const json_t *texts, Deadline deadline, GError **error) {
  g_autoptr(json_t) body = json_pack("{s:s, s:O, s:s}", "model", logical, "input", texts, "encoding_format", "float");
  return exchange_json(remote, "/v1/embeddings", body, headers_for(remote, caller, "embed"), deadline, NULL, error);
}
