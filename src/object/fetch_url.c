/* A file behind http:// or https:// into a local one, going on where a connection broke off. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "object/attempts.h"
#include "object/object.h"

#define MAX_REDIRECTS 5
#define STALL_MS 30000
#define MAX_NAME_BYTES 120

typedef struct {
  int fd;
  gint64 got, max;
  gboolean begun;
  char *etag; /* NULL: parts cannot be told to belong together */
  HttpResponse *response;
} Download;

/* Some servers answer with another part than was asked for, or with a part of what the file became meanwhile. */
static gboolean start_over(Download *download, GError **error) {
  download->got = 0;
  g_clear_pointer(&download->etag, g_free);
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_IO, "the server sent another part of the file than was asked for: try again later");
  return FALSE;
}

static gboolean on_bytes(const char *bytes, gsize length, gpointer user_data, GError **error) {
  Download *download = user_data;
  if (!download->begun) {
    download->begun = TRUE;
    const char *etag = http_response_header(download->response, "etag");
    gboolean other = download->etag != NULL && g_strcmp0(etag, download->etag) != 0;
    if (http_response_header(download->response, "content-range") == NULL)
      download->got = 0; /* all of it comes again */
    else if (other || !attempts_begins_at(download->response, download->got))
      return start_over(download, error);
    g_free(download->etag);
    download->etag = etag != NULL && !g_str_has_prefix(etag, "W/") ? g_strdup(etag) : NULL;
  }
  if (download->got + (gint64)length > download->max) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_TOO_LARGE,
                "it has more than the %.1f MB that a remote file may have: raise cache.disk",
                (double)download->max / 1e6);
    return FALSE;
  }
  while (length > 0) {
    ssize_t n = pwrite(download->fd, bytes, length, download->got);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      aisle_error_set_errno(error, errno, "write the copy of a remote file");
      return FALSE;
    }
    bytes += n;
    length -= (gsize)n;
    download->got += n;
  }
  return TRUE;
}

static gboolean judge(int status, gboolean *again, GError **error) {
  if (status >= 200 && status < 300) return TRUE;
  *again = status == 408 || status == 429 || status >= 500;
  int code = AISLE_ERROR_IO;
  const char *advice = *again ? "the server failed: try again later" : "check the address";
  if (status == 404 || status == 410) {
    code = AISLE_ERROR_NOT_FOUND;
    advice = "there is no such file";
  } else if (status == 401 || status == 403) {
    code = AISLE_ERROR_FORBIDDEN;
    advice = "the server wants a login: give an address that needs none, such as a signed one";
  }
  g_set_error(error, AISLE_ERROR, code, "%s (status %d)", advice, status);
  return FALSE;
}

static gboolean attempt(HttpClient *client, const char *url, Download *download, gboolean *again,
                        gint64 *retry_after_ms, Deadline deadline, GError **error) {
  gboolean resume = download->got > 0 && download->etag != NULL;
  if (!resume) download->got = 0;
  g_autofree char *range = resume ? g_strdup_printf("Range: bytes=%" G_GINT64_FORMAT "-", download->got) : NULL;
  g_autofree char *condition = resume ? g_strconcat("If-Range: ", download->etag, NULL) : NULL;
  const char *headers[] = {range, condition, NULL};
  g_auto(HttpResponse) response = {0};
  HttpRequest request = {
      .method = "GET", .url = url, .headers = headers, .sink = on_bytes, .sink_data = download, .deadline = deadline};
  download->begun = FALSE;
  download->response = &response;
  g_autoptr(GError) failure = NULL;
  gboolean came = http_client_send(client, &request, &response, &failure);
  download->response = NULL;
  if (!came) {
    *again = attempts_may_pass(failure, deadline);
    g_propagate_error(error, g_steal_pointer(&failure));
    return FALSE;
  }
  *retry_after_ms = attempts_retry_after(&response);
  if (response.status == 416 && resume) { /* the file became shorter, or the server knows no parts */
    *again = TRUE;
    return start_over(download, error);
  }
  return judge(response.status, again, error);
}

static gboolean download_all(const char *url, Download *download, Deadline deadline, GError **error) {
  const char *ca_file = g_getenv("SSL_CERT_FILE");
  g_autoptr(HttpClient) client =
      http_client_new(&(HttpOptions){.stall_ms = STALL_MS, .max_redirects = MAX_REDIRECTS, .ca_file = ca_file});
  for (int made = 1;; made++) {
    gboolean again = FALSE;
    gint64 retry_after_ms = 0, before = download->got;
    GError *failure = NULL;
    if (attempt(client, url, download, &again, &retry_after_ms, deadline, &failure)) break;
    if (download->got > before) made = 1; /* it moves: that is no failure in a row */
    if (!again || !attempts_wait(made, retry_after_ms, deadline, &failure)) {
      g_propagate_error(error, failure);
      return FALSE;
    }
    g_clear_error(&failure);
  }
  if (ftruncate(download->fd, download->got) == 0) return TRUE;
  aisle_error_set_errno(error, errno, "write the copy of a remote file");
  return FALSE;
}

char *object_url_file_name(const char *url) {
  const char *start = strstr(url, "://");
  start = start != NULL ? start + 3 : url;
  g_autofree char *path = g_strndup(start, strcspn(start, "?#"));
  const char *slash = strrchr(path, '/');
  g_autofree char *decoded = slash != NULL ? g_uri_unescape_string(slash + 1, "/") : NULL;
  GString *name = g_string_new(NULL);
  for (const char *p = decoded; p != NULL && *p != '\0' && name->len < MAX_NAME_BYTES; p++)
    g_string_append_c(name, (guchar)*p >= 0x80 || g_ascii_isalnum(*p) || strchr("-_ =+()", *p) != NULL ||
                                    (*p == '.' && name->len > 0)
                                ? *p
                                : '_');
  if (name->len == 0 || !g_utf8_validate(name->str, (gssize)name->len, NULL)) g_string_assign(name, "data");
  return g_string_free(name, FALSE);
}

gboolean object_fetch_url(const char *url, const char *path, gint64 max_bytes, Deadline deadline, GError **error) {
  int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) {
    aisle_error_set_errno(error, errno, "create %s", path);
    return FALSE;
  }
  Download download = {.fd = fd, .max = max_bytes};
  gboolean good = download_all(url, &download, deadline, error);
  g_free(download.etag);
  if (close(fd) != 0 && good) {
    aisle_error_set_errno(error, errno, "write %s", path);
    good = FALSE;
  }
  if (!good) unlink(path);
  return good;
}
