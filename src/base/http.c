#include "base/http.h"

#include <curl/curl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

#define DEFAULT_CONNECT_MS 10000
#define DEFAULT_STALL_MS 20000
#define DEFAULT_MAX_BODY ((gsize)1 << 20)
#define ERROR_BODY_MAX ((gsize)64 << 10)
#define MAX_HEADER_BYTES ((gsize)256 << 10)
#define MAX_IDLE_CONNECTIONS 32
/* A cancellation is noticed within this time. */
#define WAIT_SLICE_MS 50

/* One request at a time; keeps its connections for the next. */
typedef struct {
  CURLM *multi;
  CURL *easy;
} Line;

struct HttpClient {
  HttpOptions options;
  char *ca_file;
  pthread_mutex_t lock;
  GPtrArray *idle; /* of Line* */
};

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;
static void start_curl(void) {
  curl_global_init(CURL_GLOBAL_DEFAULT);
}

static void line_free(Line *line) {
  if (line == NULL) return;
  if (line->easy != NULL) curl_easy_cleanup(line->easy);
  if (line->multi != NULL) curl_multi_cleanup(line->multi);
  g_free(line);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Line, line_free)

HttpClient *http_client_new(const HttpOptions *options) {
  pthread_once(&curl_once, start_curl);
  HttpClient *client = g_new0(HttpClient, 1);
  if (options != NULL) client->options = *options;
  client->ca_file = g_strdup(client->options.ca_file);
  if (client->options.connect_ms <= 0) client->options.connect_ms = DEFAULT_CONNECT_MS;
  if (client->options.stall_ms <= 0) client->options.stall_ms = DEFAULT_STALL_MS;
  if (client->options.stall_bytes <= 0) client->options.stall_bytes = 1;
  pthread_mutex_init(&client->lock, NULL);
  client->idle = g_ptr_array_new_with_free_func((GDestroyNotify)line_free);
  return client;
}

void http_client_free(HttpClient *client) {
  if (client == NULL) return;
  g_ptr_array_unref(client->idle);
  pthread_mutex_destroy(&client->lock);
  g_free(client->ca_file);
  g_free(client);
}

static Line *take_line(HttpClient *client, GError **error) {
  pthread_mutex_lock(&client->lock);
  Line *line = client->idle->len > 0 ? g_ptr_array_steal_index(client->idle, client->idle->len - 1) : NULL;
  pthread_mutex_unlock(&client->lock);
  if (line != NULL) {
    curl_easy_reset(line->easy);
    return line;
  }
  line = g_new0(Line, 1);
  line->multi = curl_multi_init();
  line->easy = curl_easy_init();
  if (line->multi != NULL && line->easy != NULL) return line;
  line_free(line);
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_IO, "there is no memory for another connection");
  return NULL;
}

static void give_back(HttpClient *client, Line *line) {
  pthread_mutex_lock(&client->lock);
  gboolean keep = client->idle->len < MAX_IDLE_CONNECTIONS;
  if (keep) g_ptr_array_add(client->idle, line);
  pthread_mutex_unlock(&client->lock);
  if (!keep) line_free(line);
}

/* ---- one request ---- */

typedef struct {
  const HttpRequest *request;
  HttpResponse *response;
  const HttpClient *client;
  CURL *easy;
  gint64 sent;
  gsize header_bytes;
  gint64 window_start_us, window_bytes, bytes; /* to notice a stall */
  GError *failure;                             /* of a callback; ends the request */
} Exchange;

static gboolean is_success(int status) {
  return status >= 200 && status < 300;
}

static size_t on_header(char *bytes, size_t size, size_t count, void *user_data) {
  Exchange *exchange = user_data;
  gsize length = size * count;
  exchange->header_bytes += length;
  if (exchange->header_bytes > MAX_HEADER_BYTES) return 0;
  if (length > 5 && strncmp(bytes, "HTTP/", 5) == 0) {
    /* A new answer begins: after a redirect, or after "100 Continue". */
    g_hash_table_remove_all(exchange->response->headers);
    g_byte_array_set_size(exchange->response->body, 0);
    return length;
  }
  const char *colon = memchr(bytes, ':', length);
  if (colon == NULL || !g_utf8_validate(bytes, (gssize)length, NULL)) return length;
  g_autofree char *name = g_ascii_strdown(bytes, colon - bytes);
  char *value = g_strstrip(g_strndup(colon + 1, length - (gsize)(colon - bytes) - 1));
  const char *before = g_hash_table_lookup(exchange->response->headers, name);
  if (before != NULL) {
    char *joined = g_strconcat(before, ", ", value, NULL);
    g_free(value);
    value = joined;
  }
  g_hash_table_replace(exchange->response->headers, g_steal_pointer(&name), value);
  return length;
}

static gboolean keep_in_memory(Exchange *exchange, const char *bytes, gsize length, gboolean success) {
  GByteArray *body = exchange->response->body;
  gsize max = exchange->request->max_body > 0 ? exchange->request->max_body : DEFAULT_MAX_BODY;
  if (!success) {
    gsize room = ERROR_BODY_MAX - MIN(body->len, ERROR_BODY_MAX);
    g_byte_array_append(body, (const guint8 *)bytes, (guint)MIN(length, room));
    return TRUE;
  }
  if (length > max - MIN(body->len, max) || body->len > G_MAXUINT - 1 - length) {
    g_set_error(&exchange->failure, AISLE_ERROR, AISLE_ERROR_TOO_LARGE,
                "the answer has more than the %" G_GSIZE_FORMAT " bytes it may have", max);
    return FALSE;
  }
  g_byte_array_append(body, (const guint8 *)bytes, (guint)length);
  return TRUE;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *user_data) {
  Exchange *exchange = user_data;
  gsize length = size * count;
  long status = 0;
  curl_easy_getinfo(exchange->easy, CURLINFO_RESPONSE_CODE, &status);
  exchange->bytes += (gint64)length;
  if (is_success((int)status) && exchange->request->sink != NULL)
    return exchange->request->sink(bytes, length, exchange->request->sink_data, &exchange->failure) ? length : 0;
  return keep_in_memory(exchange, bytes, length, is_success((int)status)) ? length : 0;
}

static size_t on_send(char *out, size_t size, size_t count, void *user_data) {
  Exchange *exchange = user_data;
  const HttpRequest *request = exchange->request;
  gsize length = MIN(size * count, (gsize)(request->body_length - exchange->sent));
  if (request->body != NULL) {
    if (length > 0) memcpy(out, (const char *)request->body + exchange->sent, length);
  } else if (length > 0) {
    ssize_t n = pread(request->body_fd, out, length, request->body_offset + exchange->sent);
    if (n <= 0) {
      g_set_error(&exchange->failure, AISLE_ERROR, AISLE_ERROR_IO,
                  "the file that is being sent became shorter or cannot be read");
      return CURL_READFUNC_ABORT;
    }
    length = (gsize)n;
  }
  exchange->sent += (gint64)length;
  exchange->bytes += (gint64)length;
  return length;
}

/* The body is sent again on a redirect or a connection that had died. */
static int on_seek(void *user_data, curl_off_t offset, int origin) {
  Exchange *exchange = user_data;
  if (origin != SEEK_SET || offset < 0 || offset > exchange->request->body_length) return CURL_SEEKFUNC_FAIL;
  if (offset < exchange->sent) exchange->response->resent = TRUE;
  exchange->sent = offset;
  return CURL_SEEKFUNC_OK;
}

static struct curl_slist *header_list(const HttpRequest *request) {
  /* No "Expect: 100-continue": it costs a round trip, and some services never answer it. */
  struct curl_slist *list = curl_slist_append(NULL, "Expect:");
  for (const char *const *header = request->headers; header != NULL && *header != NULL; header++)
    list = curl_slist_append(list, *header);
  return list;
}

static void set_options(Exchange *exchange, struct curl_slist *headers) {
  const HttpRequest *request = exchange->request;
  const HttpOptions *options = &exchange->client->options;
  CURL *easy = exchange->easy;
  curl_easy_setopt(easy, CURLOPT_URL, request->url);
  curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR,
                   g_ascii_strncasecmp(request->url, "https:", 6) == 0 ? "https" : "http,https");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, options->max_redirects > 0 ? 1L : 0L);
  curl_easy_setopt(easy, CURLOPT_MAXREDIRS, (long)options->max_redirects);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)MIN(options->connect_ms, G_MAXINT32));
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(easy, CURLOPT_USERAGENT, "aisle/" AISLE_VERSION);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, exchange);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, exchange);
  curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 256L * 1024);
  if (exchange->client->ca_file != NULL) curl_easy_setopt(easy, CURLOPT_CAINFO, exchange->client->ca_file);
  if (strcmp(request->method, "HEAD") == 0) {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  } else if (request->body_length > 0 || strcmp(request->method, "PUT") == 0 || strcmp(request->method, "POST") == 0) {
    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_send);
    curl_easy_setopt(easy, CURLOPT_READDATA, exchange);
    curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_seek);
    curl_easy_setopt(easy, CURLOPT_SEEKDATA, exchange);
    curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)request->body_length);
    curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, 256L * 1024);
  } else if (strcmp(request->method, "GET") != 0) {
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
  }
}

/* FALSE with TIMEOUT when hardly anything moved for a while. */
static gboolean check_stall(Exchange *exchange, GError **error) {
  const HttpOptions *options = &exchange->client->options;
  gint64 now = g_get_monotonic_time(), waited_ms = (now - exchange->window_start_us) / 1000;
  if (waited_ms < options->stall_ms) return TRUE;
  if ((exchange->bytes - exchange->window_bytes) * 1000 < options->stall_bytes * waited_ms) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_TIMEOUT, "nothing, or hardly anything, came for %.3g s",
                (double)waited_ms / 1000);
    return FALSE;
  }
  exchange->window_start_us = now;
  exchange->window_bytes = exchange->bytes;
  return TRUE;
}

/* Runs to the end; `*code` is curl's verdict when TRUE. */
static gboolean run(Exchange *exchange, CURLM *multi, CURLcode *code, GError **error) {
  Deadline deadline = exchange->request->deadline;
  for (;;) {
    int running = 0, left = 0;
    if (curl_multi_perform(multi, &running) != CURLM_OK) break;
    CURLMsg *message = curl_multi_info_read(multi, &left);
    if (message != NULL && message->msg == CURLMSG_DONE) {
      *code = message->data.result;
      return TRUE;
    }
    if (running == 0 || !deadline_check(deadline, error) || !check_stall(exchange, error)) break;
    gint64 wait = MIN(deadline_left_ms(deadline), WAIT_SLICE_MS);
    if (curl_multi_poll(multi, NULL, 0, (int)wait, NULL) != CURLM_OK) break;
  }
  if (error != NULL && *error == NULL)
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_IO, "the connection could not be watched");
  return FALSE;
}

/* "https://host:port" of a URL, for messages. (transfer full) */
static char *host_of(const char *url) {
  const char *start = strstr(url, "://");
  gsize scheme = start != NULL ? (gsize)(start - url) + 3 : 0;
  const char *at = start != NULL ? memchr(url + scheme, '@', strcspn(url + scheme, "/?#")) : NULL;
  if (at != NULL) return g_strndup(at + 1, strcspn(at + 1, "/?#"));
  return g_strndup(url, scheme + strcspn(url + scheme, "/?#"));
}

static const char *hint_for(CURLcode code) {
  switch (code) {
  case CURLE_COULDNT_RESOLVE_HOST: return "check the name of the host and the network";
  case CURLE_COULDNT_CONNECT: return "check that the service runs and can be reached from here";
  case CURLE_PEER_FAILED_VERIFICATION:
  case CURLE_SSL_CACERT_BADFILE: return "check its certificate, and which authorities are trusted here";
  case CURLE_PARTIAL_FILE:
  case CURLE_GOT_NOTHING:
  case CURLE_RECV_ERROR: return "the connection broke off; try again";
  case CURLE_TOO_MANY_REDIRECTS: return "the address leads in circles; name the final one";
  case CURLE_UNSUPPORTED_PROTOCOL:
  case CURLE_URL_MALFORMAT: return "only addresses that begin with http:// or https:// are read, and none that lead elsewhere";
  default: return "try again";
  }
}

static void set_curl_error(const char *url, CURLcode code, GError **error) {
  g_autofree char *host = host_of(url);
  int ours = AISLE_ERROR_IO;
  if (code == CURLE_OPERATION_TIMEDOUT) ours = AISLE_ERROR_TIMEOUT;
  if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE) ours = AISLE_ERROR_FORBIDDEN;
  if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_TOO_MANY_REDIRECTS) ours = AISLE_ERROR_INVALID_ARGUMENT;
  g_set_error(error, AISLE_ERROR, ours, "%s: %s (%s)", host, curl_easy_strerror(code), hint_for(code));
}

static gboolean finish(Exchange *exchange, CURLcode code, GError **error) {
  char *url = NULL;
  long status = 0;
  curl_easy_getinfo(exchange->easy, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(exchange->easy, CURLINFO_EFFECTIVE_URL, &url);
  exchange->response->status = (int)status;
  exchange->response->url = g_strdup(url);
  if (exchange->failure != NULL) {
    g_propagate_error(error, g_steal_pointer(&exchange->failure));
    return FALSE;
  }
  if (code != CURLE_OK) set_curl_error(exchange->request->url, code, error);
  return code == CURLE_OK;
}

static gboolean exchange_run(Exchange *exchange, Line *line, GError **error) {
  struct curl_slist *headers = header_list(exchange->request);
  set_options(exchange, headers);
  CURLcode code = CURLE_OK;
  gboolean good = curl_multi_add_handle(line->multi, line->easy) == CURLM_OK;
  if (good)
    good = run(exchange, line->multi, &code, error);
  else
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_IO, "the request could not be started");
  g_autoptr(GError) callback_failure = NULL;
  if (good) {
    good = finish(exchange, code, error);
  } else {
    finish(exchange, CURLE_OK, &callback_failure); /* the status as far as it came; the first error stands */
  }
  curl_multi_remove_handle(line->multi, line->easy);
  curl_easy_setopt(line->easy, CURLOPT_HTTPHEADER, NULL);
  curl_slist_free_all(headers);
  return good;
}

gboolean http_client_send(HttpClient *client, const HttpRequest *request, HttpResponse *response, GError **error) {
  if (!deadline_check(request->deadline, error)) return FALSE;
  g_autoptr(Line) line = take_line(client, error);
  if (line == NULL) return FALSE;
  response->headers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  response->body = g_byte_array_new();
  Exchange exchange = {.request = request,
                       .response = response,
                       .client = client,
                       .easy = line->easy,
                       .window_start_us = g_get_monotonic_time()};
  GError *failure = NULL;
  gboolean good = exchange_run(&exchange, line, &failure);
  /* A connection that was cut in the middle is closed by libcurl; what is kept is whole. */
  give_back(client, g_steal_pointer(&line));
  g_byte_array_append(response->body, (const guint8 *)"", 1);
  g_byte_array_set_size(response->body, response->body->len - 1);
  if (!good) g_propagate_error(error, failure);
  return good;
}

void http_response_clear(HttpResponse *response) {
  if (response->headers != NULL) g_hash_table_unref(response->headers);
  if (response->body != NULL) g_byte_array_unref(response->body);
  g_free(response->url);
  *response = (HttpResponse){0};
}

const char *http_response_header(const HttpResponse *response, const char *name) {
  return response->headers != NULL ? g_hash_table_lookup(response->headers, name) : NULL;
}

char *http_escape(const char *text, gboolean keep_slashes) {
  GString *out = g_string_new(NULL);
  for (const char *p = text; *p != '\0'; p++) {
    if (g_ascii_isalnum(*p) || strchr("-._~", *p) != NULL || (keep_slashes && *p == '/'))
      g_string_append_c(out, *p);
    else
      g_string_append_printf(out, "%%%02X", (guchar)*p);
  }
  return g_string_free(out, FALSE);
}
