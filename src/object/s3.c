/* A bucket as a store: addresses and the verbs. */
#include "object/s3.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/disk.h"
#include "object/attempts.h"

#define DEFAULT_STALL_MS 20000
#define STALL_BYTES 1024 /* a second */

/* ---- addresses ---- */

static gboolean is_bucket_name(const char *text) {
  gsize length = strlen(text);
  if (length < 3 || length > 63 || !g_ascii_isalnum(text[0])) return FALSE;
  for (const char *p = text; *p != '\0'; p++)
    if (!g_ascii_isalnum(*p) && strchr(".-_", *p) == NULL) return FALSE;
  return strstr(text, "..") == NULL;
}

static gboolean parse_url(S3Store *store, const char *url, GError **error) {
  const char *rest = url + strlen("s3://"), *slash = strchr(rest, '/');
  store->bucket = slash != NULL ? g_strndup(rest, (gsize)(slash - rest)) : g_strdup(rest);
  if (!is_bucket_name(store->bucket)) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT,
                "'%s' is no bucket and prefix: write s3://bucket or s3://bucket/prefix", url);
    return FALSE;
  }
  gsize length = slash != NULL ? strlen(slash + 1) : 0;
  while (length > 0 && slash[length] == '/') length--;
  store->prefix = slash != NULL ? g_strndup(slash + 1, length) : g_strdup("");
  store->url = g_strconcat("s3://", store->bucket, *store->prefix != '\0' ? "/" : "", store->prefix, NULL);
  return *store->prefix == '\0' || object_key_check(store->prefix, error);
}

static const char *first_set(const char *option, const char *const *variables) {
  if (option != NULL && *option != '\0') return option;
  for (; *variables != NULL; variables++) {
    const char *text = g_getenv(*variables);
    if (text != NULL && *text != '\0') return text;
  }
  return NULL;
}

static char *region_of(const ObjectOptions *options) {
  static const char *const VARIABLES[] = {"AWS_REGION", "AWS_DEFAULT_REGION", NULL};
  const char *set = first_set(options->region, VARIABLES);
  if (set != NULL) return g_strdup(set);
  char *region = credential_profile_region();
  return region != NULL ? region : g_strdup("us-east-1");
}

/* Scheme, host and port of an endpoint; its path, where it has one, goes before the bucket. */
static gboolean parse_endpoint(const char *endpoint, char **scheme, char **host, char **path, GError **error) {
  g_autoptr(GUri) uri = g_uri_parse(endpoint, G_URI_FLAGS_ENCODED, NULL);
  const char *name = uri != NULL ? g_uri_get_host(uri) : NULL;
  gboolean known =
      uri != NULL && (strcmp(g_uri_get_scheme(uri), "http") == 0 || strcmp(g_uri_get_scheme(uri), "https") == 0);
  if (!known || name == NULL || *name == '\0' || g_uri_get_userinfo(uri) != NULL || g_uri_get_query(uri) != NULL) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT,
                "the S3 endpoint '%s' must look like https://host:port", endpoint);
    return FALSE;
  }
  int port = g_uri_get_port(uri), usual = strcmp(g_uri_get_scheme(uri), "https") == 0 ? 443 : 80;
  g_autofree char *bracketed = strchr(name, ':') != NULL ? g_strdup_printf("[%s]", name) : g_strdup(name);
  *scheme = g_strdup(g_uri_get_scheme(uri));
  /* libcurl and the signature leave out a usual port. */
  *host = port > 0 && port != usual ? g_strdup_printf("%s:%d", bracketed, port) : g_steal_pointer(&bracketed);
  *path = g_strdup(g_uri_get_path(uri));
  while (g_str_has_suffix(*path, "/")) (*path)[strlen(*path) - 1] = '\0';
  return TRUE;
}

static gboolean wants_path_style(const ObjectOptions *options, const char *bucket, gboolean at_amazon,
                                 gboolean *path_style, GError **error) {
  const char *style = options->style != NULL ? options->style : "auto";
  if (strcmp(style, "path") == 0 || strcmp(style, "host") == 0) {
    *path_style = strcmp(style, "path") == 0;
    return TRUE;
  }
  if (strcmp(style, "auto") != 0) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_INVALID_ARGUMENT, "s3.style must be path, host or auto, not '%s'",
                style);
    return FALSE;
  }
  /* A dot in the bucket's name would not fit the certificate of *.s3.amazonaws.com. */
  *path_style = !at_amazon || strchr(bucket, '.') != NULL;
  return TRUE;
}

static gboolean set_address(S3Store *store, const ObjectOptions *options, GError **error) {
  static const char *const VARIABLES[] = {"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", NULL};
  const char *set = first_set(options->endpoint, VARIABLES);
  g_autofree char *amazon = g_strdup_printf("https://s3.%s.amazonaws.com", store->region);
  g_autofree char *scheme = NULL, *host = NULL, *path = NULL;
  gboolean path_style;
  if (!parse_endpoint(set != NULL ? set : amazon, &scheme, &host, &path, error) ||
      !wants_path_style(options, store->bucket, set == NULL, &path_style, error))
    return FALSE;
  store->host = path_style ? g_steal_pointer(&host) : g_strconcat(store->bucket, ".", host, NULL);
  store->base_path = path_style ? g_strconcat(path, "/", store->bucket, NULL) : g_steal_pointer(&path);
  store->origin = g_strconcat(scheme, "://", store->host, NULL);
  return TRUE;
}

static void s3_free(void *self) {
  S3Store *store = self;
  if (store == NULL) return;
  g_free(store->bucket);
  g_free(store->prefix);
  g_free(store->url);
  g_free(store->origin);
  g_free(store->host);
  g_free(store->base_path);
  g_free(store->region);
  http_client_free(store->http);
  credential_source_free(store->credentials);
  g_free(store);
}

S3Store *s3_open(const char *url, const ObjectOptions *options, GError **error) {
  S3Store *store = g_new0(S3Store, 1);
  store->region = region_of(options);
  if (!parse_url(store, url, error) || !set_address(store, options, error)) {
    s3_free(store);
    return NULL;
  }
  static const char *const NONE[] = {"AWS_CA_BUNDLE", NULL};
  HttpOptions http = {.stall_ms = options->stall_ms > 0 ? options->stall_ms : DEFAULT_STALL_MS,
                      .stall_bytes = STALL_BYTES,
                      .ca_file = first_set(NULL, NONE)};
  store->http = http_client_new(&http);
  store->credentials = credential_source_new();
  return store;
}

/* ---- what an answer says of the object ---- */

static void info_of(const HttpResponse *response, ObjectInfo *info) {
  const char *length = http_response_header(response, "content-length"),
             *range = http_response_header(response, "content-range");
  const char *total = range != NULL ? strrchr(range, '/') : NULL;
  const char *modified = http_response_header(response, "last-modified"),
             *etag = http_response_header(response, "etag");
  *info = (ObjectInfo){0};
  if (total != NULL)
    info->size = g_ascii_strtoll(total + 1, NULL, 10);
  else if (length != NULL)
    info->size = g_ascii_strtoll(length, NULL, 10);
  time_t time = modified != NULL ? curl_getdate(modified, NULL) : -1;
  if (time > 0) info->modified_ms = (gint64)time * 1000;
  g_autofree char *bare = g_strdup(etag != NULL ? etag : "");
  g_strdelimit(bare, "\"", ' ');
  g_strlcpy(info->etag, g_strstrip(bare), sizeof info->etag);
}

/* HEAD has no body that tells why; a byte of the object has. */
static gboolean stat_by_get(S3Store *store, const char *key, ObjectInfo *info, Deadline deadline, GError **error) {
  g_auto(HttpResponse) response = {0};
  g_auto(S3Progress) progress = {0};
  S3Request request = {.method = "GET", .key = key, .range = "Range: bytes=0-0"};
  if (!s3_send(store, &request, &response, &progress, deadline, error)) return FALSE;
  info_of(&response, info);
  return TRUE;
}

static gboolean s3_stat(void *self, const char *key, ObjectInfo *info, Deadline deadline, GError **error) {
  g_auto(HttpResponse) response = {0};
  g_auto(S3Progress) progress = {0};
  S3Request request = {.method = "HEAD", .key = key};
  g_autoptr(GError) failure = NULL;
  if (s3_send(self, &request, &response, &progress, deadline, &failure)) {
    info_of(&response, info);
    return TRUE;
  }
  if (response.status == 403 || response.status == 400 || response.status == 301)
    return stat_by_get(self, key, info, deadline, error);
  g_propagate_error(error, g_steal_pointer(&failure));
  return FALSE;
}

/* What was asked for out of what came: a service may ignore a range and send everything. */
static GBytes *cut(const HttpResponse *response, gint64 offset, gint64 length) {
  gint64 got = response->body->len, from = 0, wanted = got;
  if (length >= 0 && response->status == 200) {
    from = MIN(offset, got);
    wanted = MIN(length, got - from);
  }
  return g_bytes_new(response->body->data + from, (gsize)wanted);
}

static GBytes *s3_get(void *self, const char *key, gint64 offset, gint64 length, gsize max_bytes, const char *etag,
                      ObjectInfo *info, Deadline deadline, GError **error) {
  g_auto(HttpResponse) response = {0};
  g_auto(S3Progress) progress = {0};
  g_autofree char *range =
      length >= 0 ? g_strdup_printf("Range: bytes=%" G_GINT64_FORMAT "-%" G_GINT64_FORMAT, offset, offset + length - 1)
                  : NULL;
  g_autofree char *condition = etag != NULL ? g_strdup_printf("If-Match: \"%s\"", etag) : NULL;
  S3Request request = {
      .method = "GET", .key = key, .range = range, .condition = condition, .max_body = MAX(max_bytes, 1)};
  g_autoptr(GError) failure = NULL;
  if (s3_send(self, &request, &response, &progress, deadline, &failure)) {
    info_of(&response, info);
    return cut(&response, offset, length);
  }
  if (response.status == 416) return s3_stat(self, key, info, deadline, error) ? g_bytes_new(NULL, 0) : NULL;
  g_propagate_error(error, g_steal_pointer(&failure));
  return NULL;
}

/* After a lost answer "it is there already" may speak of our own bytes. */
static gboolean is_ours(S3Store *store, const char *key, const void *bytes, gsize length, Deadline deadline) {
  ObjectInfo info;
  g_autoptr(GBytes) found = s3_get(store, key, 0, -1, MAX(length, 1), NULL, &info, deadline, NULL);
  return found != NULL && g_bytes_get_size(found) == length &&
         memcmp(g_bytes_get_data(found, NULL), bytes, length) == 0;
}

static gboolean s3_put(void *self, const char *key, const void *bytes, gsize length, gboolean only_absent,
                       Deadline deadline, GError **error) {
  g_auto(HttpResponse) response = {0};
  g_auto(S3Progress) progress = {0};
  S3Request request = {.method = "PUT",
                       .key = key,
                       .condition = only_absent ? "If-None-Match: *" : NULL,
                       .body = bytes,
                       .body_length = (gint64)length};
  g_autoptr(GError) failure = NULL;
  if (s3_send(self, &request, &response, &progress, deadline, &failure)) return TRUE;
  if (only_absent && response.status == 412 && length > 0 && (progress.unknown || response.resent) &&
      is_ours(self, key, bytes, length, deadline))
    return TRUE;
  g_propagate_error(error, g_steal_pointer(&failure));
  return FALSE;
}

static gboolean s3_put_file(void *self, const char *key, const char *path, Deadline deadline, GError **error) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  struct stat status;
  if (fd < 0 || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
    aisle_error_set_errno(error, fd < 0 ? errno : EISDIR, "read %s", path);
    if (fd >= 0) close(fd);
    return FALSE;
  }
  gboolean good = FALSE;
  if (status.st_size > OBJECT_PUT_MAX) {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_TOO_LARGE, "'%s' has more than the 5 GiB that one object may have",
                key);
  } else {
    g_auto(HttpResponse) response = {0};
    g_auto(S3Progress) progress = {0};
    S3Request request = {.method = "PUT", .key = key, .body_fd = fd, .body_length = status.st_size};
    good = s3_send(self, &request, &response, &progress, deadline, error);
  }
  close(fd);
  return good;
}

static gboolean s3_remove(void *self, const char *key, Deadline deadline, GError **error) {
  g_auto(HttpResponse) response = {0};
  g_auto(S3Progress) progress = {0};
  S3Request request = {.method = "DELETE", .key = key};
  g_autoptr(GError) failure = NULL;
  if (s3_send(self, &request, &response, &progress, deadline, &failure)) return TRUE;
  g_autofree char *code =
      response.body != NULL ? s3_xml_text((const char *)response.body->data, response.body->len, "Code") : NULL;
  if (response.status == 404 && g_strcmp0(code, "NoSuchBucket") != 0) return TRUE;
  g_propagate_error(error, g_steal_pointer(&failure));
  return FALSE;
}

/* ---- into a file, going on where a connection broke off ---- */

typedef struct {
  int fd;
  gint64 got;
  gboolean begun;         /* this attempt brought bytes */
  HttpResponse *response; /* of this attempt */
  char etag[72];          /* of the object as first met */
  gint64 size;
} Fetch;

static gboolean write_at(int fd, const char *bytes, gsize length, gint64 offset, GError **error) {
  while (length > 0) {
    ssize_t n = pwrite(fd, bytes, length, offset);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      aisle_error_set_errno(error, errno, "write the copy of a remote file");
      return FALSE;
    }
    bytes += n;
    length -= (gsize)n;
    offset += n;
  }
  return TRUE;
}

static gboolean on_bytes(const char *bytes, gsize length, gpointer user_data, GError **error) {
  Fetch *fetch = user_data;
  if (!fetch->begun) {
    ObjectInfo info;
    info_of(fetch->response, &info);
    g_strlcpy(fetch->etag, info.etag, sizeof fetch->etag);
    fetch->size = info.size;
    fetch->begun = TRUE;
    if (http_response_header(fetch->response, "content-range") == NULL) {
      fetch->got = 0; /* all of it comes again */
    } else if (!attempts_begins_at(fetch->response, fetch->got)) {
      fetch->got = 0;
      *fetch->etag = '\0';
      g_set_error(error, AISLE_ERROR, AISLE_ERROR_IO, "the service sent another part than was asked for: try again later");
      return FALSE;
    }
  }
  if (!write_at(fetch->fd, bytes, length, fetch->got, error)) return FALSE;
  fetch->got += (gint64)length;
  return TRUE;
}

static gboolean fetch_attempt(S3Store *store, const char *key, Fetch *fetch, HttpResponse *response,
                              S3Progress *progress, S3Verdict *verdict, Deadline deadline, GError **error) {
  gboolean resume = fetch->got > 0 && *fetch->etag != '\0';
  g_autofree char *range = resume ? g_strdup_printf("Range: bytes=%" G_GINT64_FORMAT "-", fetch->got) : NULL;
  g_autofree char *condition = resume ? g_strdup_printf("If-Match: \"%s\"", fetch->etag) : NULL;
  S3Request request = {
      .method = "GET", .key = key, .range = range, .condition = condition, .sink = on_bytes, .sink_data = fetch};
  if (!resume) fetch->got = 0;
  fetch->begun = FALSE;
  fetch->response = response;
  gint64 before = fetch->got;
  if (!s3_attempt(store, &request, response, progress, verdict, deadline, error)) {
    if (fetch->got > before) progress->attempt = 1; /* it moves: that is no failure in a row */
    return FALSE;
  }
  ObjectInfo info;
  info_of(response, &info);
  if (fetch->got == info.size) return TRUE;
  *verdict = S3_RETRY;
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_IO, "%s/%s: only a part of it came: try again", store->url, key);
  return FALSE;
}

static gboolean s3_fetch(void *self, const char *key, int fd, ObjectInfo *info, Deadline deadline, GError **error) {
  Fetch fetch = {.fd = fd};
  g_auto(S3Progress) progress = {0};
  for (;;) {
    g_auto(HttpResponse) response = {0};
    S3Verdict verdict = S3_FINAL;
    GError *failure = NULL;
    if (fetch_attempt(self, key, &fetch, &response, &progress, &verdict, deadline, &failure)) {
      info_of(&response, info);
      return TRUE;
    }
    if (verdict == S3_FINAL || !s3_wait(&progress, deadline, &failure)) {
      g_propagate_error(error, failure);
      return FALSE;
    }
    g_clear_error(&failure);
  }
}

const ObjectBackend object_s3_backend = {s3_get, s3_stat, s3_put, s3_put_file, s3_remove, s3_list, s3_fetch, s3_free};
