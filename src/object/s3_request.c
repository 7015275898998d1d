/* One signed request, what its answer means, and when it is worth another. */
#include <string.h>

#include "object/attempts.h"
#include "object/s3.h"

/* Bodies up to here are hashed into the signature; larger ones are left to TLS. */
#define MAX_SIGNED_BODY ((gint64)16 << 20)
#define EMPTY_HASH "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

void s3_progress_clear(S3Progress *progress) {
  credentials_unref(progress->refused);
  *progress = (S3Progress){0};
}

char *s3_full_key(const S3Store *store, const char *key) {
  return *store->prefix != '\0' ? g_strconcat(store->prefix, "/", key, NULL) : g_strdup(key);
}

char *s3_xml_text(const char *xml, gsize length, const char *name) {
  g_autofree char *open = g_strdup_printf("<%s>", name);
  const char *start = g_strstr_len(xml, (gssize)length, open);
  if (start == NULL) return NULL;
  start += strlen(open);
  const char *end = memchr(start, '<', length - (gsize)(start - xml));
  return end != NULL ? g_strndup(start, (gsize)(end - start)) : NULL;
}

/* ---- what an answer means ---- */

static int code_of_status(int status, const S3Request *request) {
  switch (status) {
  case 401:
  case 403: return AISLE_ERROR_FORBIDDEN;
  case 404: return AISLE_ERROR_NOT_FOUND;
  case 412:
    return request->condition != NULL && g_str_has_prefix(request->condition, "If-None-Match") ? AISLE_ERROR_EXISTS
                                                                                               : AISLE_ERROR_CONFLICT;
  case 429:
  case 503: return AISLE_ERROR_BUSY;
  default: return AISLE_ERROR_IO;
  }
}

static gboolean is_one_of(const char *code, const char *const *list) {
  return code != NULL && g_strv_contains(list, code);
}

static gboolean may_retry(int status, const char *code) {
  static const char *const PASSING[] = {
      "RequestTimeout",   "SlowDown", "InternalError", "ServiceUnavailable", "ConditionalRequestConflict",
      "OperationAborted", NULL};
  return status == 408 || status == 429 || status >= 500 || is_one_of(code, PASSING);
}

static const char *advice(int status, const char *code) {
  static const struct {
    const char *code, *advice;
  } KNOWN[] = {
      {"NoSuchBucket", "there is no such bucket: check its name, the endpoint and the region"},
      {"InvalidAccessKeyId", "the service does not know this access key: check AWS_ACCESS_KEY_ID"},
      {"SignatureDoesNotMatch", "the secret key is wrong: check AWS_SECRET_ACCESS_KEY"},
      {"ExpiredToken", "the AWS credentials have expired: renew them and try again"},
      {"RequestTimeTooSkewed", "the clock of this machine is wrong: set it"},
      {"AuthorizationHeaderMalformed", "the bucket is in another region: set s3.region"},
      {"PermanentRedirect", "the bucket is in another region: set s3.region"},
      {"AccessDenied", "these credentials may not do this: ask whoever manages the bucket"},
      {"SlowDown", "the service is overloaded: try again later, or with fewer requests at once"},
  };
  for (guint i = 0; code != NULL && i < G_N_ELEMENTS(KNOWN); i++)
    if (strcmp(code, KNOWN[i].code) == 0) return KNOWN[i].advice;
  switch (status) {
  case 301:
  case 307: return "the bucket is elsewhere: check s3.region and s3.endpoint";
  case 401:
  case 403: return "access was refused: check the credentials, and what they may do with this bucket";
  case 404: return "there is no such object";
  case 412: return "another writer was first";
  case 416: return "the object ends before";
  case 503: return "the service is overloaded: try again later";
  default:
    return status >= 500 ? "the service failed: try again later"
                         : "the service does not take the request: check s3.endpoint and s3.style";
  }
}

S3Verdict s3_explain(const S3Store *store, const S3Request *request, const HttpResponse *response, gboolean *expired,
                     GError **error) {
  static const char *const EXPIRED[] = {"ExpiredToken", "TokenRefreshRequired", "ExpiredTokenException", NULL};
  g_autofree char *code = s3_xml_text((const char *)response->body->data, response->body->len, "Code");
  int status = response->status;
  *expired = is_one_of(code, EXPIRED);
  g_autofree char *shown = code != NULL ? g_utf8_make_valid(code, (gssize)MIN(strlen(code), 60)) : NULL;
  /* 400 tells of old credentials too. */
  int kind = *expired ? AISLE_ERROR_FORBIDDEN : code_of_status(status, request);
  g_set_error(error, AISLE_ERROR, kind, "%s%s%s: %s (status %d%s%s)", store->url, request->key != NULL ? "/" : "",
              request->key != NULL ? request->key : "", advice(status, code), status, shown != NULL ? ", " : "",
              shown != NULL ? shown : "");
  return may_retry(status, code) ? S3_RETRY : S3_FINAL;
}

/* ---- one attempt ---- */

static char *payload_hash_of(const S3Request *request) {
  if (request->body_length == 0) return g_strdup(EMPTY_HASH);
  if (request->body == NULL || request->body_length > MAX_SIGNED_BODY) return g_strdup("UNSIGNED-PAYLOAD");
  return g_compute_checksum_for_data(G_CHECKSUM_SHA256, request->body, (gsize)request->body_length);
}

static GPtrArray *headers_of(const S3Store *store, const S3Request *request, const char *path,
                             const Credentials *credentials) {
  GPtrArray *headers = g_ptr_array_new_with_free_func(g_free);
  g_autofree char *hash = payload_hash_of(request);
  S3Signing signing = {
      request->method, store->host, path, request->query, hash, store->region, g_get_real_time() / G_USEC_PER_SEC,
      credentials};
  g_autofree char *time = s3_time_text(signing.time_s);
  g_ptr_array_add(headers, g_strconcat("Host: ", store->host, NULL));
  g_ptr_array_add(headers, g_strconcat("x-amz-date: ", time, NULL));
  g_ptr_array_add(headers, g_strconcat("x-amz-content-sha256: ", hash, NULL));
  if (credentials->token != NULL)
    g_ptr_array_add(headers, g_strconcat("x-amz-security-token: ", credentials->token, NULL));
  g_ptr_array_add(headers, s3_sign(&signing));
  if (request->condition != NULL) g_ptr_array_add(headers, g_strdup(request->condition));
  if (request->range != NULL) g_ptr_array_add(headers, g_strdup(request->range));
  if (request->body_length > 0) g_ptr_array_add(headers, g_strdup("Content-Type: application/octet-stream"));
  g_ptr_array_add(headers, NULL);
  return headers;
}

/* Old credentials are tried once more with new ones, if somebody renewed them. */
static S3Verdict judge_answer(S3Store *store, const S3Request *request, const HttpResponse *response,
                              const Credentials *credentials, S3Progress *progress, GError **error) {
  gboolean expired = FALSE;
  S3Verdict verdict = s3_explain(store, request, response, &expired, error);
  progress->retry_after_ms = attempts_retry_after(response);
  progress->unknown |= response->status >= 500;
  if (!expired || progress->refused != NULL) return expired ? S3_FINAL : verdict;
  progress->refused = (Credentials *)credentials;
  g_atomic_int_inc(&progress->refused->references);
  return S3_RETRY;
}

gboolean s3_attempt(S3Store *store, const S3Request *request, HttpResponse *response, S3Progress *progress,
                    S3Verdict *verdict, Deadline deadline, GError **error) {
  *verdict = S3_FINAL;
  progress->attempt++;
  progress->retry_after_ms = 0;
  g_autoptr(Credentials) credentials = credential_source_get(store->credentials, progress->refused, deadline, error);
  if (credentials == NULL) return FALSE;
  g_autofree char *full = request->key != NULL ? s3_full_key(store, request->key) : NULL;
  g_autofree char *escaped = full != NULL ? http_escape(full, TRUE) : g_strdup("");
  g_autofree char *path =
      g_strconcat(store->base_path, request->key != NULL || *store->base_path == '\0' ? "/" : "", escaped, NULL);
  g_autofree char *url = g_strconcat(store->origin, path, request->query != NULL ? "?" : "", request->query, NULL);
  g_autoptr(GPtrArray) headers = headers_of(store, request, path, credentials);
  HttpRequest sent = {.method = request->method,
                      .url = url,
                      .headers = (const char *const *)headers->pdata,
                      .body = request->body,
                      .body_fd = request->body_fd,
                      .body_length = request->body_length,
                      .max_body = request->max_body,
                      .sink = request->sink,
                      .sink_data = request->sink_data,
                      .deadline = deadline};
  g_autoptr(GError) failure = NULL;
  if (!http_client_send(store->http, &sent, response, &failure)) {
    *verdict = attempts_may_pass(failure, deadline) ? S3_RETRY : S3_FINAL;
    progress->unknown = TRUE;
    g_propagate_prefixed_error(error, g_steal_pointer(&failure), "%s: ", store->url);
    return FALSE;
  }
  if (response->status >= 200 && response->status < 300) return TRUE;
  *verdict = judge_answer(store, request, response, credentials, progress, error);
  return FALSE;
}

gboolean s3_wait(S3Progress *progress, Deadline deadline, GError **error) {
  return attempts_wait(progress->attempt, progress->retry_after_ms, deadline, error);
}

gboolean s3_send(S3Store *store, const S3Request *request, HttpResponse *response, S3Progress *progress,
                 Deadline deadline, GError **error) {
  for (;;) {
    S3Verdict verdict;
    GError *failure = NULL;
    if (s3_attempt(store, request, response, progress, &verdict, deadline, &failure)) return TRUE;
    if (verdict == S3_RETRY && s3_wait(progress, deadline, &failure)) {
      g_clear_error(&failure);
      http_response_clear(response);
      continue;
    }
    g_propagate_error(error, failure);
    return FALSE;
  }
}
