#include "server/server.h"

#include <errno.h>
#include <sodium.h>
#include <stddef.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lake/registry_watch.h"
#include "server/hangup.h"
#include "server/listen.h"
#include "server/openapi.h"
#include "server/request.h"
#include "server/schedule.h"
#include "server/source.h"
#include "server/socket_hub.h"
#include "server/sse.h"
#include "server/task_runner.h"
#include "server/worker_pool.h"

#define DEFAULT_WORKERS 4
#define DEFAULT_QUEUE 64
#define DEFAULT_REQUEST_MS 30000
#define MAX_LOOP_THREADS 4
/* Memory for one connection's head and reading; what does not fit is 431 or 414. */
#define CONNECTION_MEMORY (12 * 1024)
#define MAX_CONNECTIONS 4096
/* Files that tables, the store and the loops may need. */
#define FILES_RESERVED 128
#define IDLE_SECONDS 60
/* What those who listen for changes may have missed. */
#define NEWS_BYTES (64 * 1024)
#define LISTEN_BACKLOG 1024
/* What is remembered of request bodies. */
#define KNOWN_BODIES_BYTES ((gsize)16 << 20)
/* How long cancelled work may take to notice it. */
#define CANCEL_GRACE_MS 5000

struct Server {
  ServerState state;
  struct MHD_Daemon *daemon;
  WorkerPool *workers;
  HangupWatch *hangups;
  char *url;
  gint open; /* atomic: requests between their first line and the end of their reply */
};

static const char content_policy[] = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; "
                                     "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/* ---- replies ---- */

static void release_bytes(void *bytes) {
  g_bytes_unref(bytes);
}

static void add_page_headers(struct MHD_Response *response, const Reply *reply) {
  MHD_add_response_header(response, "Content-Security-Policy", content_policy);
  MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
  MHD_add_response_header(response, "Cross-Origin-Opener-Policy", "same-origin");
  MHD_add_response_header(response, "Cross-Origin-Resource-Policy", "same-origin");
  MHD_add_response_header(response, MHD_HTTP_HEADER_VARY, MHD_HTTP_HEADER_ACCEPT_ENCODING);
  if (reply->etag != NULL) MHD_add_response_header(response, MHD_HTTP_HEADER_ETAG, reply->etag);
  if (reply->encoding != NULL) MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_ENCODING, reply->encoding);
}

static void add_headers(struct MHD_Response *response, const Request *request) {
  const Reply *reply = &request->reply;
  if (reply->media_type != NULL) MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, reply->media_type);
  if (reply->socket_key != NULL) return;
  MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
  static const char *const keeping[] = {"no-store", "no-cache", "public, max-age=31536000, immutable"};
  MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, keeping[reply->keep]);
  if (reply->keep != REPLY_KEEP_NOT) add_page_headers(response, reply);
  if (reply->policy != NULL) MHD_add_response_header(response, "Content-Security-Policy", reply->policy);
  if (reply->disposition != NULL) MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_DISPOSITION, reply->disposition);
  for (guint i = 0; reply->headers != NULL && i < reply->headers->len; i += 2)
    MHD_add_response_header(response, g_ptr_array_index(reply->headers, i), g_ptr_array_index(reply->headers, i + 1));
  if (reply->allow != NULL) MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, reply->allow);
  if (reply->retry_after_s > 0) {
    char seconds[16];
    g_snprintf(seconds, sizeof seconds, "%d", reply->retry_after_s);
    MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, seconds);
  }
  if (g_atomic_int_get(&request->state->draining)) MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
}

static struct MHD_Response *response_of(Request *request) {
  const Reply *reply = &request->reply;
  if (reply->socket_key != NULL) return socket_hub_response(request->state->sockets, reply->socket_key);
  if (reply->stream != NULL)
    return sse_response_new(reply->stream, reply->stream_after, request->connection, ((Server *)request->server)->hangups);
  if (reply->source.next != NULL) return source_response_new(&request->reply);
  gsize length = 0;
  const void *bytes = g_bytes_get_data(reply->body, &length);
  return MHD_create_response_from_buffer_with_free_callback_cls(length, (void *)(bytes != NULL ? bytes : ""), release_bytes,
                                                                g_bytes_ref(reply->body));
}

static enum MHD_Result send_reply(Request *request) {
  Reply *reply = &request->reply;
  struct MHD_Response *response = response_of(request);
  if (response == NULL && reply->socket_key != NULL) {
    reply->socket_key = NULL;
    reply_set_problem(reply, AISLE_ERROR_BUSY, "there are too many open sockets; try again later");
    response = response_of(request);
  }
  if (response == NULL) return MHD_NO;
  add_headers(response, request);
  enum MHD_Result queued = MHD_queue_response(request->connection, (unsigned int)reply->status, response);
  MHD_destroy_response(response);
  const Route *route = request->match.route;
  guint index = route != NULL ? (guint)(route - routes) : METRICS_MAX_ROUTES;
  metrics_count(&request->state->metrics, index, reply->status, g_get_monotonic_time() - request->started_us);
  return queued;
}

/* ---- work ---- */

static void run_handler(Request *request) {
  g_autoptr(GError) error = NULL;
  if (!deadline_check(request->call.deadline, &error)) reply_set_error(&request->reply, error);
  else request->match.route->handler(&request->call, &request->reply);
  if (request->reply.status == 0) reply_set_problem(&request->reply, AISLE_ERROR_INTERNAL, "there was no reply");
}

/* On a worker. */
static void work_on(gpointer data) {
  Work *work = data;
  work->run(work);
}

/* The connection sleeps, and its client is watched. */
static void send_to_sleep(Server *server, Request *request) {
  const union MHD_ConnectionInfo *socket = MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  request->phase = REQUEST_WORKING;
  atomic_fetch_add(&server->state.metrics.in_flight, 1);
  request->hangup_ticket = hangup_watch_add(server->hangups, socket->connect_fd, &request->cancelled);
  MHD_suspend_connection(request->connection);
}

static void wake_up(Request *request) {
  Server *server = request->server;
  hangup_watch_remove(server->hangups, request->hangup_ticket);
  if (g_atomic_int_get(&request->cancelled)) atomic_fetch_add(&server->state.metrics.disconnects, 1);
  atomic_fetch_sub(&server->state.metrics.in_flight, 1);
  request->phase = REQUEST_DONE;
  /* From here on the request belongs to its event loop again. */
  MHD_resume_connection(request->connection);
}

static void finish_call(const Call *call) {
  wake_up((Request *)((char *)call - offsetof(Request, call)));
}

static void work_on_request(Work *work) {
  Request *request = (Request *)work;
  run_handler(request);
  wake_up(request);
}

static enum MHD_Result start_elsewhere(Server *server, Request *request) {
  if (g_atomic_int_get(&server->state.draining)) {
    reply_set_problem(&request->reply, AISLE_ERROR_BUSY, NULL);
    return send_reply(request);
  }
  send_to_sleep(server, request);
  request->match.route->start(&request->call, &request->reply);
  return MHD_YES;
}

static enum MHD_Result hand_to_worker(Server *server, Request *request) {
  if (g_atomic_int_get(&server->state.draining) || !worker_pool_reserve(server->workers)) {
    atomic_fetch_add(&server->state.metrics.queue_refusals, 1);
    reply_set_problem(&request->reply, AISLE_ERROR_BUSY, NULL);
    return send_reply(request);
  }
  request->work.run = work_on_request;
  send_to_sleep(server, request);
  worker_pool_push(server->workers, request);
  return MHD_YES;
}

static enum MHD_Result dispatch(Server *server, Request *request) {
  if (request->reply.status == 0) request_check(request, server->state.request_ms);
  if (request->reply.status != 0) return send_reply(request);
  const Route *route = request->match.route;
  if (route->start != NULL) return start_elsewhere(server, request);
  if (request->wants_events) {
    route->events(&request->call, &request->reply);
    if (request->reply.status != 0) return send_reply(request);
  }
  if (route->shortcut != NULL) route->shortcut(&request->call, &request->reply);
  if (request->reply.status != 0) return send_reply(request);
  if (route->pooled) return hand_to_worker(server, request);
  run_handler(request);
  return send_reply(request);
}

/* ---- libmicrohttpd's callbacks, on an event loop ---- */

static void *on_uri(void *data, const char *uri, struct MHD_Connection *connection) {
  Server *server = data;
  g_atomic_int_inc(&server->open);
  return request_new(&server->state, server, connection, uri);
}

static enum MHD_Result on_request(void *data, struct MHD_Connection *connection, const char *url, const char *method,
                                  const char *version, const char *upload, size_t *upload_size, void **context) {
  (void)connection;
  (void)version;
  Server *server = data;
  Request *request = *context;
  switch (request->phase) {
  case REQUEST_NEW:
    /* A reply now, before the (perhaps empty) body was read, would end the connection. */
    request->phase = REQUEST_BODY;
    request_open(request, method, url);
    return MHD_YES;
  case REQUEST_BODY:
    if (*upload_size == 0) return dispatch(server, request);
    if (!request_take_piece(request, upload, *upload_size)) return MHD_NO;
    *upload_size = 0;
    return MHD_YES;
  case REQUEST_DONE: return send_reply(request);
  case REQUEST_WORKING: break;
  }
  return MHD_YES;
}

static void on_completed(void *data, struct MHD_Connection *connection, void **context, enum MHD_RequestTerminationCode code) {
  (void)connection;
  (void)code;
  Server *server = data;
  if (*context == NULL) return;
  request_free(*context);
  *context = NULL;
  g_atomic_int_add(&server->open, -1);
}

/* ---- life ---- */

static int count_waiting(gpointer server) {
  return worker_pool_waiting(((Server *)server)->workers);
}

static gboolean submit(gpointer data, Work *work) {
  Server *server = data;
  if (g_atomic_int_get(&server->state.draining) || !worker_pool_reserve(server->workers)) {
    atomic_fetch_add(&server->state.metrics.queue_refusals, 1);
    return FALSE;
  }
  worker_pool_push(server->workers, work);
  return TRUE;
}

/* What the system's limit on open files leaves for clients. */
static guint connection_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= MAX_CONNECTIONS + FILES_RESERVED) return MAX_CONNECTIONS;
  return limit.rlim_cur > 2 * FILES_RESERVED ? (guint)limit.rlim_cur - FILES_RESERVED : FILES_RESERVED;
}

/* Words and values are collected now, so that the first question need not wait for them. */
static gboolean warm_up(ServerState *state, GError **error) {
  g_autoptr(Lexicon) lexicon = answer_service_lexicon(state->service, state->scope, error);
  return lexicon != NULL;
}

static gboolean start_daemon(Server *server, const ServerOptions *options, const ListenAddress *address, GError **error) {
  guint loops = (guint)CLAMP(options->loop_threads > 0 ? options->loop_threads : (int)g_get_num_processors(), 1, MAX_LOOP_THREADS);
  guint flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_ALLOW_UPGRADE | (address->ipv6 ? MHD_USE_IPv6 : 0);
  struct MHD_OptionItem pool[] = {{MHD_OPTION_THREAD_POOL_SIZE, (intptr_t)loops, NULL}, {MHD_OPTION_END, 0, NULL}};
  if (loops < 2) pool[0].option = MHD_OPTION_END;
  server->daemon = MHD_start_daemon(
      flags, 0, NULL, NULL, on_request, server, MHD_OPTION_SOCK_ADDR, &address->socket_address, MHD_OPTION_URI_LOG_CALLBACK,
      on_uri, server, MHD_OPTION_NOTIFY_COMPLETED, on_completed, server, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
      (size_t)CONNECTION_MEMORY, MHD_OPTION_CONNECTION_LIMIT, connection_limit(), MHD_OPTION_CONNECTION_TIMEOUT,
      (unsigned int)IDLE_SECONDS, MHD_OPTION_LISTEN_BACKLOG_SIZE, (unsigned int)LISTEN_BACKLOG,
      MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_ARRAY, pool, MHD_OPTION_END);
  if (server->daemon == NULL) {
    aisle_error_set_errno(error, errno, "listen on %s", options->listen);
    return FALSE;
  }
  const union MHD_DaemonInfo *port = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT);
  server->url = g_strdup_printf("http://%s:%u", address->host, port->port);
  return TRUE;
}

Server *server_start(const ServerOptions *options, AnswerService *service, GError **error) {
  ListenAddress address;
  if (!listen_address_parse(options->listen, &address, error)) return NULL;
  /* Chooses the hash functions that this processor runs fastest; without it they still work. */
  if (sodium_init() < 0) g_warning("libsodium could not be set up");
  g_autoptr(Server) server = g_new0(Server, 1);
  ServerState *state = &server->state;
  state->service = service;
  state->agents = options->agents;
  state->gateway = options->gateway;
  state->finish = finish_call;
  state->scope = access_scope_new_local();
  state->server = server;
  state->waiting = count_waiting;
  state->submit = submit;
  state->metrics.started_s = time(NULL);
  state->request_ms = options->request_ms > 0 ? options->request_ms : DEFAULT_REQUEST_MS;
  state->abandon_ms = options->abandon_ms > 0 ? options->abandon_ms : EVENT_ABANDON_MS;
  state->components = openapi_components(error);
  if (state->components == NULL || !warm_up(state, error)) return NULL;
  state->openapi = openapi_document(state->components);
  state->bodies = cache_new(KNOWN_BODIES_BYTES);
  state->charts = chart_drawer_new();
  state->sockets = socket_hub_new(state);
  server->hangups = hangup_watch_new();
  state->events = event_hub_new();
  server->workers = worker_pool_new(options->workers > 0 ? options->workers : DEFAULT_WORKERS,
                                    options->queue_max > 0 ? options->queue_max : DEFAULT_QUEUE, work_on);
  EventStreamOptions news = {.max_bytes = NEWS_BYTES, .abandon_ms = -1, .lasting = TRUE};
  state->news = state->events != NULL ? event_hub_open(state->events, &news, NULL) : NULL;
  state->mcp_news = state->events != NULL ? event_hub_open(state->events, &news, NULL) : NULL;
  if (server->hangups == NULL || server->workers == NULL || state->news == NULL || state->mcp_news == NULL || state->sockets == NULL) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_BUSY, "the system gives no further threads");
    return NULL;
  }
  state->tasks = task_runner_new(state);
  if (state->tasks == NULL) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_BUSY, "the system gives no further threads");
    return NULL;
  }
  state->registry = registry_watch_start(answer_service_workspace(service));
  if (state->registry == NULL) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_BUSY, "the system gives no further threads");
    return NULL;
  }
  if (options->program != NULL) {
    state->schedule = schedule_start(answer_service_workspace(service), options->program);
    if (state->schedule == NULL) g_warning("schedules are not carried out: the system gives no further thread");
  }
  if (!start_daemon(server, options, &address, error)) return NULL;
  return g_steal_pointer(&server);
}

const char *server_url(const Server *server) {
  return server->url;
}

static void wait_until_quiet(Server *server, gint64 milliseconds) {
  Deadline deadline = deadline_in_ms(milliseconds, NULL);
  while (g_atomic_int_get(&server->open) > 0 && deadline_left_ms(deadline) > 0) g_usleep(5000);
}

void server_stop(Server *server, gint64 drain_ms) {
  if (server->daemon == NULL) return;
  g_atomic_int_set(&server->state.draining, 1);
  MHD_socket listening = MHD_quiesce_daemon(server->daemon);
  task_runner_stop(server->state.tasks);
  event_hub_end_lasting(server->state.events);
  socket_hub_stop(server->state.sockets);
  wait_until_quiet(server, drain_ms);
  event_hub_cancel_all(server->state.events);
  hangup_watch_cancel_all(server->hangups);
  wait_until_quiet(server, CANCEL_GRACE_MS);
  /* Suspended connections must be resumed before the daemon may stop: the workers end first. */
  g_clear_pointer(&server->workers, worker_pool_free);
  MHD_stop_daemon(server->daemon);
  server->daemon = NULL;
  if (listening != MHD_INVALID_SOCKET) close(listening);
}

void server_free(Server *server) {
  if (server == NULL) return;
  server_stop(server, 0);
  worker_pool_free(server->workers);
  task_runner_free(server->state.tasks);
  schedule_free(server->state.schedule);
  registry_watch_free(server->state.registry);
  socket_hub_free(server->state.sockets);
  chart_drawer_free(server->state.charts);
  event_stream_unref(server->state.mcp_news);
  event_stream_unref(server->state.news);
  cache_free(server->state.bodies);
  event_hub_free(server->state.events);
  hangup_watch_free(server->hangups);
  access_scope_unref(server->state.scope);
  json_decref(server->state.components);
  g_clear_pointer(&server->state.openapi, g_bytes_unref);
  g_free(server->url);
  g_free(server);
}
