#include "ai/http_private.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTION_MEMORY (32 * 1024)
#define IDLE_SECONDS 75
#define MAX_CONNECTIONS 8192
#define BACKLOG 1024
#define STREAM_BLOCK (16 * 1024)
#define SWEEP_US 30000

const char *http_header(const AiHttpRequest *request, const char *name) {
  if (request->outside != NULL) return http_outside_header(request, name);
  return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

const char *http_argument(const AiHttpRequest *request, const char *name) {
  if (request->outside != NULL) return http_outside_argument(request, name);
  return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
}

/* ---- sleeping and waking ---- */

static void on_hangup(guint32 events, gpointer data) {
  (void)events;
  AiHttpRequest *request = data;
  ai_watch_free(request->on->parts->loop, g_steal_pointer(&request->hangup));
  if (request->call != NULL) ai_call_cancel(request->call);
}

/* A suspended connection does not see its client leave. */
static void watch_client(AiHttpRequest *request) {
  const union MHD_ConnectionInfo *info = MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  if (info != NULL) request->hangup = ai_loop_watch(request->on->parts->loop, info->connect_fd, EPOLLRDHUP | EPOLLONESHOT, on_hangup, request);
}

/* Most requests are over before it would pay to watch: those that the second sweep finds asleep still are watched. */
static void sweep(gpointer data) {
  AiHttpLoop *on = data;
  gboolean any = FALSE;
  GHashTableIter requests;
  gpointer key;
  on->sweep = NULL;
  g_hash_table_iter_init(&requests, on->requests);
  while (g_hash_table_iter_next(&requests, &key, NULL)) {
    AiHttpRequest *request = key;
    if (!request->suspended || request->hangup != NULL) continue;
    if (request->seen_asleep) watch_client(request);
    else any = request->seen_asleep = TRUE;
  }
  if (any) on->sweep = ai_loop_after(on->parts->loop, SWEEP_US, sweep, on);
}

void http_suspend(AiHttpRequest *request) {
  if (request->suspended) return;
  AiHttpLoop *on = request->on;
  request->suspended = TRUE;
  MHD_suspend_connection(request->connection);
  if (request->hangup == NULL && on->sweep == NULL) on->sweep = ai_loop_after(on->parts->loop, SWEEP_US, sweep, on);
}

static void wake(AiHttpRequest *request) {
  request->on->runnable = TRUE;
  ai_loop_set_ready(request->on->parts->loop);
  if (!request->suspended) return;
  request->suspended = FALSE;
  MHD_resume_connection(request->connection);
}

void http_reply(AiHttpRequest *request) {
  if (request->outside != NULL) http_outside_ready(request);
  else wake(request);
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

static void release_bytes(void *bytes) {
  g_bytes_unref(bytes);
}

guint http_call_headers(const AiHttpRequest *request, const char **headers) {
  static const char *const CACHE[] = {"miss", "hit", "joined", "stale"};
  if (request->call == NULL) return 0;
  const AiResponse *out = &request->call->out;
  const char *const all[] = {"x-request-id", out->id, "x-aisle-cache", CACHE[out->cache], "x-aisle-route", out->route};
  guint n = out->route != NULL ? 6 : 4;
  memcpy(headers, all, n * sizeof *headers);
  return n;
}

static void add_call_headers(struct MHD_Response *response, const AiHttpRequest *request) {
  const char *headers[6];
  guint n = http_call_headers(request, headers);
  for (guint i = 0; i < n; i += 2) MHD_add_response_header(response, headers[i], headers[i + 1]);
  if (n == 0 || request->streaming) return;
  g_autofree char *cost = ai_money_text(request->call->out.usage.cost_nano);
  MHD_add_response_header(response, "x-aisle-cost", cost);
}

GBytes *http_take_body(AiHttpRequest *request) {
  if (request->bytes != NULL) return g_steal_pointer(&request->bytes);
  char *text = json_to_text(request->reply, JSON_PLAIN);
  return g_bytes_new_take(text, strlen(text));
}

char *http_location(const AiHttpRequest *request) {
  return request->job_id != NULL && request->status == 202 ? g_strconcat("/llm/async?id=", request->job_id, NULL) : NULL;
}

static enum MHD_Result queue_whole(AiHttpRequest *request) {
  g_autoptr(GBytes) bytes = http_take_body(request);
  gsize length;
  const void *data = g_bytes_get_data(bytes, &length);
  struct MHD_Response *response = MHD_create_response_from_buffer_with_free_callback_cls(length, (void *)(data != NULL ? data : ""), release_bytes, g_bytes_ref(bytes));
  if (response == NULL) return MHD_NO;
  MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, request->media_type);
  MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
  if (request->retry_after_ms > 0) {
    char seconds[32];
    g_snprintf(seconds, sizeof seconds, "%" G_GINT64_FORMAT, (request->retry_after_ms + 999) / 1000);
    MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, seconds);
  }
  g_autofree char *where = http_location(request);
  if (where != NULL) MHD_add_response_header(response, MHD_HTTP_HEADER_LOCATION, where);
  add_call_headers(response, request);
  enum MHD_Result queued = MHD_queue_response(request->connection, (unsigned int)request->status, response);
  MHD_destroy_response(response);
  return queued;
}

/* ---- streams ---- */

static ssize_t read_stream(void *data, uint64_t position, char *buffer, size_t most) {
  (void)position;
  AiHttpRequest *request = data;
  gsize have = request->stream->len - request->stream_sent;
  if (have == 0 && request->stream_ended) return MHD_CONTENT_READER_END_OF_STREAM;
  if (have == 0) {
    http_suspend(request);
    return 0;
  }
  gsize n = MIN(have, most);
  memcpy(buffer, request->stream->str + request->stream_sent, n);
  request->stream_sent += n;
  if (request->stream_sent == request->stream->len) {
    g_string_truncate(request->stream, 0);
    request->stream_sent = 0;
  }
  return (ssize_t)n;
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
  if (request->stream->len - request->stream_sent > HTTP_MAX_BODY && request->call != NULL) ai_call_cancel(request->call);
  else wake(request);
}

void http_stream_end(AiHttpRequest *request) {
  request->streaming = TRUE;
  request->stream_ended = TRUE;
  if (request->outside != NULL) {
    http_outside_ready(request);
    return;
  }
  if (request->stream == NULL) request->stream = g_string_new(NULL);
  wake(request);
}

/* A stream that ended before its first piece could go out has a length: head and all of it leave in one write. */
static struct MHD_Response *stream_response(AiHttpRequest *request) {
  if (!request->stream_ended) return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK, read_stream, request, NULL);
  gsize length = request->stream->len;
  char *text = g_string_free(g_steal_pointer(&request->stream), FALSE);
  return MHD_create_response_from_buffer_with_free_callback(length, text, g_free);
}

static enum MHD_Result queue_stream(AiHttpRequest *request) {
  struct MHD_Response *response = stream_response(request);
  if (response == NULL) return MHD_NO;
  MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/event-stream; charset=utf-8");
  MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
  add_call_headers(response, request);
  enum MHD_Result queued = MHD_queue_response(request->connection, 200, response);
  MHD_destroy_response(response);
  return queued;
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

static void dispatch(AiHttpRequest *request, const char *method, const char *path) {
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

static enum MHD_Result on_request(void *data, struct MHD_Connection *connection, const char *url, const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **kept) {
  (void)version;
  AiHttpLoop *on = data;
  AiHttpRequest *request = *kept;
  if (request == NULL) {
    *kept = request = g_new0(AiHttpRequest, 1);
    request->on = on;
    request->connection = connection;
    request->body = g_byte_array_sized_new(1024);
    g_hash_table_add(on->requests, request);
    g_atomic_int_inc(&on->http->open);
    return MHD_YES;
  }
  if (*upload_size > 0) {
    request->too_large = request->too_large || request->body->len + *upload_size > HTTP_MAX_BODY;
    if (!request->too_large) g_byte_array_append(request->body, (const guint8 *)upload, (guint)*upload_size);
    *upload_size = 0;
    return MHD_YES;
  }
  if (!request->dispatched) {
    request->dispatched = TRUE;
    dispatch(request, method, url);
  }
  if (request->replied) return MHD_YES;
  request->replied = request->streaming || request->status != 0;
  if (request->streaming) return queue_stream(request);
  if (request->status != 0) return queue_whole(request);
  http_suspend(request);
  return MHD_YES;
}

void http_request_clear(AiHttpRequest *request) {
  AiLoop *loop = request->on->parts->loop;
  ai_watch_free(loop, request->hangup);
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

static void on_completed(void *data, struct MHD_Connection *connection, void **kept, enum MHD_RequestTerminationCode code) {
  (void)connection;
  (void)code;
  AiHttpLoop *on = data;
  AiHttpRequest *request = *kept;
  if (request == NULL) return;
  *kept = NULL;
  g_hash_table_remove(on->requests, request);
  g_atomic_int_add(&on->http->open, -1);
  http_request_clear(request);
  g_free(request);
}

/* ---- libmicrohttpd inside a loop ---- */

static void on_readable(guint32 events, gpointer data) {
  (void)events;
  ((AiHttpLoop *)data)->runnable = TRUE;
}

static int turn(gpointer data) {
  AiHttpLoop *on = data;
  if (on->daemon == NULL) return -1;
  MHD_UNSIGNED_LONG_LONG left;
  /* What a run wakes (a reply that was ready at once) runs in the next round. */
  for (int round = 0; round < 4 && on->runnable; round++) {
    on->runnable = FALSE;
    MHD_run(on->daemon);
  }
  if (on->runnable) return 0;
  if (MHD_get_timeout(on->daemon, &left) != MHD_YES) return -1;
  if (left == 0) on->runnable = TRUE;
  return (int)MIN(left, 60000);
}

static void start_here(gpointer data) {
  AiHttpLoop *on = data;
  AiHttp *http = on->http;
  on->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, on, MHD_OPTION_NOTIFY_CONNECTION, http_accept_ended, on,
                                MHD_OPTION_NOTIFY_COMPLETED, on_completed, on, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
                                MHD_OPTION_CONNECTION_TIMEOUT, (unsigned int)IDLE_SECONDS, MHD_OPTION_CONNECTION_LIMIT, (unsigned int)MAX_CONNECTIONS, MHD_OPTION_END);
  const union MHD_DaemonInfo *info = on->daemon != NULL ? MHD_get_daemon_info(on->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
  if (info != NULL && info->epoll_fd >= 0) on->watch = ai_loop_watch(on->parts->loop, info->epoll_fd, EPOLLIN, on_readable, on);
  ai_loop_set_turn(on->parts->loop, turn, on);
  on->runnable = TRUE;
  if (on == &http->loops[0]) http_accept_start(http);
  pthread_mutex_lock(&http->lock);
  http->stopped--;
  pthread_cond_broadcast(&http->changed);
  pthread_mutex_unlock(&http->lock);
}

/* Everyone who sleeps is answered, so that nobody sleeps when the daemon goes: it does not survive that. TRUE: nobody does. */
static gboolean end_open(AiHttpLoop *on) {
  g_autofree gpointer *requests = g_hash_table_get_keys_as_array(on->requests, NULL);
  gboolean calm = TRUE;
  for (guint i = 0; requests[i] != NULL; i++) {
    AiHttpRequest *request = requests[i];
    if (!request->suspended) continue;
    calm = FALSE;
    if (request->call != NULL && !request->call->finished) ai_call_cancel(request->call);
    if (!request->suspended) continue;
    if (request->streaming) http_stream_end(request);
    else http_reply_refusal(request, 503, "server_error", "busy", "the gateway stops");
  }
  return calm;
}

static void stop_here(gpointer data) {
  AiHttpLoop *on = data;
  AiHttp *http = on->http;
  ai_watch_free(on->parts->loop, on->watch);
  ai_timer_cancel(on->parts->loop, g_steal_pointer(&on->sweep));
  if (on->daemon != NULL) {
    for (int round = 0; round < 64; round++) {
      gboolean calm = end_open(on);
      MHD_run(on->daemon);
      if (calm) break;
    }
    end_open(on);
    MHD_stop_daemon(on->daemon);
  }
  g_hash_table_unref(on->requests);
  on->daemon = NULL;
  ai_loop_set_turn(on->parts->loop, NULL, NULL);
  pthread_mutex_lock(&http->lock);
  http->stopped++;
  pthread_cond_broadcast(&http->changed);
  pthread_mutex_unlock(&http->lock);
}

/* Before the loops stop: none of them is handed a connection any more. */
static void end_accepting(gpointer data) {
  AiHttpLoop *on = data;
  AiHttp *http = on->http;
  if (on == &http->loops[0]) http_accept_stop(http);
  pthread_mutex_lock(&http->lock);
  http->stopped++;
  pthread_cond_broadcast(&http->changed);
  pthread_mutex_unlock(&http->lock);
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
    http->loops[i] = (AiHttpLoop){.http = http, .gateway = gateway, .parts = &gateway->parts[i], .requests = g_hash_table_new(NULL, NULL)};
  on_all_loops(http, start_here, 0);
  gboolean started = TRUE;
  for (int i = 0; i < http->n_loops; i++) started = started && http->loops[i].watch != NULL;
  started = started && http->accepting != NULL;
  if (started) return http;
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
