/* The protocol over two pipes: one reader, some callers, replies in the order in which they are ready. */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "agent/mcp_private.h"
#include "base/condition.h"

typedef struct {
  const McpServer *server;
  int output;
  pthread_mutex_t lock;    /* of everything below, and of writing */
  GHashTable *running;     /* text of the id -> StdioCall* */
  gboolean broken;         /* nobody reads any more */
  gboolean initialized;    /* the client has said that it listens */
  gboolean ending;
  pthread_cond_t end;
} Stdio;

typedef struct {
  json_t *message;
  char *id;       /* as JSON text; NULL: a notification */
  gint cancelled; /* atomic */
} StdioCall;

static void call_free(StdioCall *call) {
  json_decref(call->message);
  g_free(call->id);
  g_free(call);
}

static gboolean write_all(int fd, const char *bytes, gsize length) {
  while (length > 0) {
    ssize_t written = write(fd, bytes, length);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return FALSE;
    bytes += written;
    length -= (gsize)written;
  }
  return TRUE;
}

static void send_reply(Stdio *stdio, const json_t *reply) {
  g_autofree char *text = json_to_text(reply, JSON_PLAIN);
  GString *line = g_string_new(text);
  g_string_append_c(line, '\n');
  pthread_mutex_lock(&stdio->lock);
  if (!write_all(stdio->output, line->str, line->len)) stdio->broken = TRUE;
  pthread_mutex_unlock(&stdio->lock);
  g_string_free(line, TRUE);
}

static void send_notification(gpointer stdio, const json_t *notification) {
  send_reply(stdio, notification);
}

/* ---- changes ---- */

/* TRUE when the client wants to hear; waits at most MCP_LOOK_MS. FALSE: it is over. */
static gboolean wait_for_look(Stdio *stdio, gboolean *listens) {
  struct timespec until = condition_time_in_ms(MCP_LOOK_MS);
  pthread_mutex_lock(&stdio->lock);
  while (!stdio->ending && pthread_cond_timedwait(&stdio->end, &stdio->lock, &until) == 0) continue;
  gboolean go_on = !stdio->ending;
  *listens = stdio->initialized;
  pthread_mutex_unlock(&stdio->lock);
  return go_on;
}

static void *tell_changes(void *data) {
  Stdio *stdio = data;
  g_autofree char *seen = mcp_state_of(stdio->server->service);
  gboolean listens;
  while (wait_for_look(stdio, &listens)) {
    g_autofree char *now = mcp_state_of(stdio->server->service);
    if (strcmp(now, seen) == 0) continue;
    g_autoptr(json_t) notification = mcp_list_changed();
    if (listens) send_notification(stdio, notification);
    g_free(seen);
    seen = g_steal_pointer(&now);
  }
  return NULL;
}

/* ---- calls ---- */

/* On a caller's thread. A cancelled request gets no reply. */
static void run_call(gpointer data, gpointer user) {
  StdioCall *call = data;
  Stdio *stdio = user;
  McpServer server = *stdio->server;
  server.notify = send_notification;
  server.notify_data = stdio;
  g_autoptr(json_t) reply = mcp_handle(&server, call->message, &call->cancelled);
  pthread_mutex_lock(&stdio->lock);
  if (call->id != NULL && g_hash_table_lookup(stdio->running, call->id) == call) g_hash_table_remove(stdio->running, call->id);
  pthread_mutex_unlock(&stdio->lock);
  if (reply != NULL && !g_atomic_int_get(&call->cancelled)) send_reply(stdio, reply);
  call_free(call);
}

static void cancel(Stdio *stdio, const json_t *message) {
  const json_t *id = json_object_get(json_object_get(message, "params"), "requestId");
  if (id == NULL) return;
  g_autofree char *text = json_to_text(id, JSON_PLAIN);
  pthread_mutex_lock(&stdio->lock);
  StdioCall *call = g_hash_table_lookup(stdio->running, text);
  if (call != NULL) g_atomic_int_set(&call->cancelled, 1);
  pthread_mutex_unlock(&stdio->lock);
}

static void refuse(Stdio *stdio, const json_t *id, RpcCode code, const char *message) {
  g_autoptr(json_t) reply = json_pack("{s:s, s:O, s:{s:i, s:s}}", "jsonrpc", "2.0", "id", id != NULL ? id : json_null(), "error", "code",
                                      (int)code, "message", message);
  send_reply(stdio, reply);
}

/* Tool calls may take long and run beside each other; all else is answered at once and in order. */
static void take_message(Stdio *stdio, GThreadPool *pool, json_t *message) {
  const char *method = json_get_string(message, "method");
  const json_t *id = json_object_get(message, "id");
  if (g_strcmp0(method, "notifications/cancelled") == 0) cancel(stdio, message);
  if (g_strcmp0(method, "notifications/initialized") == 0) {
    pthread_mutex_lock(&stdio->lock);
    stdio->initialized = TRUE;
    pthread_mutex_unlock(&stdio->lock);
  }
  if (g_strcmp0(method, "tools/call") != 0 || id == NULL) {
    g_autoptr(json_t) reply = mcp_handle(stdio->server, message, NULL);
    if (reply != NULL) send_reply(stdio, reply);
    json_decref(message);
    return;
  }
  if (g_thread_pool_unprocessed(pool) >= MCP_STDIO_WAITING) {
    refuse(stdio, id, RPC_BUSY, "too many calls at once; wait for some to end");
    json_decref(message);
    return;
  }
  StdioCall *call = g_new0(StdioCall, 1);
  call->message = message;
  call->id = json_to_text(id, JSON_PLAIN);
  pthread_mutex_lock(&stdio->lock);
  g_hash_table_replace(stdio->running, g_strdup(call->id), call);
  pthread_mutex_unlock(&stdio->lock);
  g_thread_pool_push(pool, call, NULL);
}

static void take_line(Stdio *stdio, GThreadPool *pool, const char *line, gsize length) {
  while (length > 0 && g_ascii_isspace(line[length - 1])) length--;
  if (length == 0) return;
  g_autoptr(GError) error = NULL;
  json_t *message = json_parse(line, length, &error);
  if (message != NULL) take_message(stdio, pool, message);
  else refuse(stdio, NULL, RPC_PARSE, error->message);
}

/* Reads until the input ends. A line that is too long is skipped and refused, however long it is. */
static gboolean read_lines(Stdio *stdio, GThreadPool *pool, int input, GError **error) {
  g_autoptr(GByteArray) waiting = g_byte_array_new();
  gboolean skipping = FALSE;
  char piece[65536];
  while (!stdio->broken) {
    ssize_t got = read(input, piece, sizeof piece);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      aisle_error_set_errno(error, errno, "read a message");
      return FALSE;
    }
    if (got == 0) break;
    const char *from = piece, *end = piece + got, *newline;
    while ((newline = memchr(from, '\n', (gsize)(end - from))) != NULL) {
      if (!skipping) g_byte_array_append(waiting, (const guint8 *)from, (guint)(newline - from));
      if (skipping || waiting->len > MCP_MAX_MESSAGE) refuse(stdio, NULL, RPC_INVALID, "the message is too long");
      else take_line(stdio, pool, (const char *)waiting->data, waiting->len);
      g_byte_array_set_size(waiting, 0);
      skipping = FALSE;
      from = newline + 1;
    }
    if (!skipping) g_byte_array_append(waiting, (const guint8 *)from, (guint)(end - from));
    if (waiting->len > MCP_MAX_MESSAGE) {
      g_byte_array_set_size(waiting, 0);
      skipping = TRUE;
    }
  }
  if (!skipping) take_line(stdio, pool, (const char *)waiting->data, waiting->len);
  return TRUE;
}

gboolean mcp_serve_stdio(const McpServer *server, int input, int output, GError **error) {
  Stdio stdio = {.server = server, .output = output, .running = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL)};
  pthread_mutex_init(&stdio.lock, NULL);
  condition_init(&stdio.end);
  pthread_t watcher;
  gboolean watching = server->tells_changes && pthread_create(&watcher, NULL, tell_changes, &stdio) == 0;
  GThreadPool *pool = g_thread_pool_new(run_call, &stdio, MCP_STDIO_CALLS, FALSE, NULL);
  gboolean good = read_lines(&stdio, pool, input, error);
  g_thread_pool_free(pool, FALSE, TRUE); /* what was asked is answered first */
  pthread_mutex_lock(&stdio.lock);
  stdio.ending = TRUE;
  pthread_cond_signal(&stdio.end);
  pthread_mutex_unlock(&stdio.lock);
  if (watching) pthread_join(watcher, NULL);
  pthread_cond_destroy(&stdio.end);
  g_hash_table_unref(stdio.running);
  pthread_mutex_destroy(&stdio.lock);
  return good;
}
