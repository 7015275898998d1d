#include "ai/http_private.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 1024

const char *http_header(const AiHttpRequest *request, const char *name) {
  if (request->outside != NULL) return http_outside_header(request, name);
  return http_connection_header(request, name);
}

const char *http_argument(const AiHttpRequest *request, const char *name) {
  if (request->outside != NULL) return http_outside_argument(request, name);
  return http_connection_argument(request, name);
}

void http_reply(AiHttpRequest *request) {
  if (request->outside != NULL) http_outside_ready(request);
  else http_connection_wake(request);
}

/* ---- replies ---- */

void http_reply_json(AiHttpRequest *request, int status, json_t *json) {
  json_decref(request->reply);
  request->reply = json;
  request->status = status;
  request->media_type = "application/json";
  http_reply(request);
}

void http_reply_refusal(AiHttpRequest *request, int status, const char *type, const char *code, const char *message) {
  http_reply_json(request, status, json_pack("{s:{s:s, s:s, s:n, s:s}}", "error", "message", message, "type", type, "param", "code", code));
}

json_t *http_error_json(const GError *error) {
  const AisleErrorInfo *info = aisle_error_info_of(error);
  const char *type = error->code == AISLE_ERROR_BUDGET ? "insufficient_quota"
                     : info->http_status == 429        ? "rate_limit_error"
                     : info->http_status >= 500        ? "server_error"
                                                       : "invalid_request_error";
  return json_pack("{s:{s:s, s:s, s:n, s:s}}", "error", "message", error->message, "type", type, "param", "code", info->name);
}

void http_reply_error(AiHttpRequest *request, const GError *error, gint64 retry_after_ms) {
  int status = aisle_error_info_of(error)->http_status;
  /* A model that is not there is not found, as with OpenAI. */
  if (error->code == AISLE_ERROR_UNSUPPORTED) status = 404;
  if (error->code == AISLE_ERROR_BAD_INPUT) status = 422;
  request->retry_after_ms = retry_after_ms;
  http_reply_json(request, status, http_error_json(error));
}

guint http_call_headers(const AiHttpRequest *request, const char **headers) {
  static const char *const CACHE[] = {"miss", "hit", "joined", "stale"};
  if (request->call == NULL) return 0;
  const AiResponse *out = &request->call->out;
  const char *const all[] = {"x-request-id", out->id, "x-aisle-cache", CACHE[out->cache], "x-aisle-route", out->route};
  guint n = out->route != NULL ? HTTP_REPLY_HEADERS : 4;
  memcpy(headers, all, n * sizeof *headers);
  return n;
}

GBytes *http_take_body(AiHttpRequest *request) {
  if (request->bytes != NULL) return g_steal_pointer(&request->bytes);
  char *text = json_to_text(request->reply, JSON_PLAIN);
  return g_bytes_new_take(text, strlen(text));
}

char *http_location(const AiHttpRequest *request) {
  return request->job_id != NULL && request->status == 202 ? g_strconcat("/llm/async?id=", request->job_id, NULL) : NULL;
}

/* ---- streams ---- */

/* In a turn of its own: the event came from within the transfer that a cancelled call frees. */
static void cancel_slow(gpointer data) {
  AiHttpRequest *request = data;
  request->timer = NULL;
  if (request->call != NULL && !request->call->finished) ai_call_cancel(request->call);
}

void http_event(AiHttpRequest *request, const char *name, const char *data, gsize length) {
  request->streaming = TRUE;
  if (request->outside != NULL) {
    http_outside_event(request, name, data, length);
    return;
  }
  if (request->stream == NULL) request->stream = g_string_sized_new(1024);
  if (name != NULL) g_string_append_printf(request->stream, "event: %s\n", name);
  g_string_append(request->stream, "data: ");
  g_string_append_len(request->stream, data, (gssize)length);
  g_string_append(request->stream, "\n\n");
  /* Who does not read what comes is not waited for. */
  if (request->stream->len > HTTP_MAX_BODY && request->call != NULL && request->timer == NULL)
    request->timer = ai_loop_after(request->on->parts->loop, 0, cancel_slow, request);
  http_connection_wake(request);
}

void http_stream_end(AiHttpRequest *request) {
  request->streaming = TRUE;
  request->stream_ended = TRUE;
  if (request->outside != NULL) {
    http_outside_ready(request);
    return;
  }
  if (request->stream == NULL) request->stream = g_string_new(NULL);
  http_connection_wake(request);
}

/* ---- requests ---- */

static void set_text(char **where, const char *value) {
  if (value == NULL || !text_is_valid(value, strlen(value)) || strlen(value) > 200) return;
  g_free(*where);
  *where = g_strdup(value);
}

/* Who asks: the key's owner; a trusted key may speak for others. FALSE: refused. */
static gboolean authenticate(AiHttpRequest *request) {
  AiConfig *config = ai_gateway_config(request->on->gateway);
  const char *authorization = http_header(request, MHD_HTTP_HEADER_AUTHORIZATION);
  const AiKey *key = NULL;
  gboolean open = g_hash_table_size(config->keys) == 0;
  if (!open && authorization != NULL && g_ascii_strncasecmp(authorization, "bearer ", 7) == 0) {
    g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, authorization + 7, -1);
    key = g_hash_table_lookup(config->keys, digest);
  }
  if (key != NULL) {
    set_text(&request->account.tenant, key->tenant);
    set_text(&request->account.team, key->team);
    set_text(&request->account.user, key->user);
    request->account.roles = g_strdupv(key->roles);
    request->models = g_strdupv(key->models);
    set_text(&request->region, key->region);
  }
  if (open || (key != NULL && key->trusted)) {
    set_text(&request->account.tenant, http_header(request, "X-Aisle-Company"));
    set_text(&request->account.team, http_header(request, "X-Aisle-Team"));
    set_text(&request->account.user, http_header(request, "X-Aisle-User"));
    set_text(&request->scope_key, http_header(request, "X-Aisle-Scope"));
    const char *roles = http_header(request, "X-Aisle-Roles");
    if (roles != NULL) {
      g_strfreev(request->account.roles);
      request->account.roles = g_strsplit(roles, ",", 32);
    }
  }
  /* Whose key names a region stays there. */
  if (request->region == NULL) set_text(&request->region, http_header(request, "X-Aisle-Region"));
  set_text(&request->account.purpose, http_header(request, "X-Aisle-Purpose"));
  ai_config_unref(config);
  if (!open && key == NULL) http_reply_refusal(request, 401, "invalid_request_error", "invalid_api_key", "this key is not known to the gateway");
  return open || key != NULL;
}

static void reply_metrics(AiHttpRequest *request) {
  GString *text = g_string_sized_new(4096);
  ai_gateway_write_metrics(request->on->gateway, text);
  request->bytes = g_string_free_to_bytes(text);
  request->media_type = "text/plain; version=0.0.4";
  request->status = 200;
  http_reply(request);
}

static const struct {
  const char *method, *path;
  void (*handler)(AiHttpRequest *request);
  gboolean open; /* without a key */
} ROUTES[] = {
    {"POST", "/v1/chat/completions", http_chat, FALSE}, {"POST", "/v1/embeddings", http_embeddings, FALSE}, {"GET", "/v1/models", http_models, FALSE},
    {"POST", "/llm/summary", http_summary, FALSE},      {"GET", "/llm/async", http_async, FALSE},           {"DELETE", "/llm/async", http_async_cancel, FALSE},
    {"GET", "/metrics", reply_metrics, TRUE},
};

void http_route(AiHttpRequest *request, const char *method, const char *path) {
  gboolean known = FALSE;
  if (request->too_large) {
    http_reply_refusal(request, 413, "invalid_request_error", "too_large", "the body is larger than 16 MB");
    return;
  }
  for (guint i = 0; i < G_N_ELEMENTS(ROUTES); i++) {
    if (strcmp(path, ROUTES[i].path) != 0) continue;
    known = TRUE;
    if (strcmp(method, ROUTES[i].method) != 0) continue;
    if (ROUTES[i].open || authenticate(request)) ROUTES[i].handler(request);
    return;
  }
  http_reply_refusal(request, known ? 405 : 404, "invalid_request_error", known ? "method_not_allowed" : "not_found", known ? "this address takes another method" : "there is no such address");
}

void http_dispatch(AiHttpRequest *request, const char *method, const char *path) {
  if (strcmp(path, "/health") == 0) {
    http_reply_json(request, 200, json_pack("{s:s}", "status", g_atomic_int_get(&request->on->http->draining) ? "draining" : "ok"));
    return;
  }
  if (g_atomic_int_get(&request->on->http->stopping)) {
    http_reply_refusal(request, 503, "server_error", "busy", "the gateway stops");
    return;
  }
  http_route(request, method, path);
}

void http_request_clear(AiHttpRequest *request) {
  AiLoop *loop = request->on->parts->loop;
  ai_timer_cancel(loop, request->timer);
  if (request->call != NULL) {
    request->call->sink_data = NULL;
    if (!request->call->finished) ai_call_cancel(request->call);
    ai_call_unref(request->call);
  }
  g_byte_array_unref(request->body);
  ai_account_clear(&request->account);
  g_strfreev(request->models);
  g_free(request->scope_key);
  g_free(request->region);
  g_free(request->job_id);
  g_free(request->last_state);
  json_decref(request->reply);
  g_clear_pointer(&request->bytes, g_bytes_unref);
  if (request->stream != NULL) g_string_free(request->stream, TRUE);
  if (request->line != NULL) g_string_free(request->line, TRUE);
  g_free(request->stream_id);
  g_free(request->stream_model);
}

/* ---- the server ---- */

static int turn(gpointer data) {
  return http_connections_turn(data) ? 0 : -1;
}

static void say_changed(AiHttp *http, int by) {
  pthread_mutex_lock(&http->lock);
  http->stopped += by;
  pthread_cond_broadcast(&http->changed);
  pthread_mutex_unlock(&http->lock);
}

static void start_here(gpointer data) {
  AiHttpLoop *on = data;
  on->running = TRUE;
  ai_loop_set_turn(on->parts->loop, turn, on);
  if (on == &on->http->loops[0]) http_accept_start(on->http);
  say_changed(on->http, -1);
}

static void stop_here(gpointer data) {
  AiHttpLoop *on = data;
  on->running = FALSE;
  http_connections_end(on);
  ai_timer_cancel(on->parts->loop, g_steal_pointer(&on->sweep));
  ai_loop_set_turn(on->parts->loop, NULL, NULL);
  g_ptr_array_unref(on->clients);
  g_ptr_array_unref(on->changed);
  say_changed(on->http, 1);
}

/* Before the loops stop: none of them is handed a connection any more. */
static void end_accepting(gpointer data) {
  AiHttpLoop *on = data;
  AiHttp *http = on->http;
  if (on == &http->loops[0]) http_accept_stop(http);
  say_changed(http, 1);
}

static void on_all_loops(AiHttp *http, AiLoopFunction function, int until) {
  for (int i = 0; i < http->n_loops; i++) ai_loop_post(http->loops[i].parts->loop, function, &http->loops[i]);
  pthread_mutex_lock(&http->lock);
  while (http->stopped != until) pthread_cond_wait(&http->changed, &http->lock);
  pthread_mutex_unlock(&http->lock);
}

static int listen_on(const struct sockaddr *address, socklen_t length, int *port, GError **error) {
  int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;
  struct sockaddr_storage bound;
  socklen_t size = sizeof bound;
  if (fd >= 0) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (fd < 0 || bind(fd, address, length) != 0 || listen(fd, BACKLOG) != 0 || getsockname(fd, (struct sockaddr *)&bound, &size) != 0) {
    aisle_error_set_errno(error, errno, "listen on this address");
    if (fd >= 0) close(fd);
    return -1;
  }
  *port = ntohs(bound.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&bound)->sin6_port : ((struct sockaddr_in *)&bound)->sin_port);
  return fd;
}

AiHttp *ai_http_start(AiGateway *gateway, const struct sockaddr *address, socklen_t length, GError **error) {
  AiHttp *http = g_new0(AiHttp, 1);
  pthread_mutex_init(&http->lock, NULL);
  pthread_cond_init(&http->changed, NULL);
  http->gateway = gateway;
  http->listening = listen_on(address, length, &http->port, error);
  if (http->listening < 0) {
    g_free(http);
    return NULL;
  }
  http->n_loops = http->stopped = gateway->n_loops;
  for (int i = 0; i < http->n_loops; i++)
    http->loops[i] = (AiHttpLoop){.http = http, .gateway = gateway, .parts = &gateway->parts[i], .clients = g_ptr_array_new(), .changed = g_ptr_array_new()};
  on_all_loops(http, start_here, 0);
  if (http->accepting != NULL) return http;
  g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_BUSY, "the HTTP server could not be started");
  ai_http_stop(http, 0);
  return NULL;
}

int ai_http_port(const AiHttp *http) {
  return http->port;
}

void ai_http_stop(AiHttp *http, gint64 drain_ms) {
  if (http == NULL) return;
  g_atomic_int_set(&http->draining, 1);
  shutdown(http->listening, SHUT_RD);
  for (gint64 waited = 0; waited < drain_ms && g_atomic_int_get(&http->open) > 0; waited += 5) g_usleep(5000);
  g_atomic_int_set(&http->stopping, 1);
  on_all_loops(http, end_accepting, http->n_loops);
  http->stopped = 0; /* of the next step */
  on_all_loops(http, stop_here, http->n_loops);
  close(http->listening);
  pthread_cond_destroy(&http->changed);
  pthread_mutex_destroy(&http->lock);
  g_free(http);
}
