/* S3 over HTTP: addresses, signed requests with retries, listings. Private to the module. */
#pragma once
#include "base/http.h"
#include "object/backend.h"
#include "object/credentials.h"

typedef struct {
  char *bucket, *prefix; /* prefix without slashes at its ends; "" none */
  char *url;             /* "s3://bucket/prefix", for people */
  char *origin;          /* "https://host:port" that requests go to */
  char *host;            /* value of the Host header */
  char *base_path;       /* escaped, before the key: "/bucket" in path style, "" in host style */
  char *region;
  HttpClient *http;
  CredentialSource *credentials;
} S3Store;
S3Store *s3_open(const char *url, const ObjectOptions *options, GError **error);
extern const ObjectBackend object_s3_backend;

typedef struct {
  const char *method, *key; /* key NULL: the bucket */
  const char *query;        /* escaped, names in order, as it is signed; NULL none */
  const char *condition;    /* one more header ("If-None-Match: *"); NULL none */
  const char *range;        /* "Range: bytes=0-9"; NULL none */
  const void *body;
  gint64 body_length;
  int body_fd;
  gsize max_body;
  HttpSink sink;
  gpointer sink_data;
} S3Request;

/* What may be done after an attempt that did not succeed. */
typedef enum { S3_FINAL, S3_RETRY } S3Verdict;
typedef struct {
  int attempt;           /* attempts made */
  gint64 retry_after_ms; /* what the service asked for; 0 nothing */
  gboolean unknown;      /* some attempt may have taken effect although no answer told */
  Credentials *refused;  /* expired ones, tried again with others once */
} S3Progress;
void s3_progress_clear(S3Progress *progress);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(S3Progress, s3_progress_clear)

/* One attempt. TRUE: a 2xx answer. */
gboolean s3_attempt(S3Store *store, const S3Request *request, HttpResponse *response, S3Progress *progress,
                    S3Verdict *verdict, Deadline deadline, GError **error);
/* Waits before the next attempt; FALSE leaves `*error` as it is (its message then tells how often it was tried). */
gboolean s3_wait(S3Progress *progress, Deadline deadline, GError **error);
/* Attempts until there is a final answer. */
gboolean s3_send(S3Store *store, const S3Request *request, HttpResponse *response, S3Progress *progress,
                 Deadline deadline, GError **error);

/* A message for people from a failed answer, and whether to try again. */
S3Verdict s3_explain(const S3Store *store, const S3Request *request, const HttpResponse *response, gboolean *expired,
                     GError **error);
/* Text of the first <name> element of an XML answer; NULL. (transfer full) */
char *s3_xml_text(const char *xml, gsize length, const char *name);

typedef struct {
  const char *method, *host, *path, *query, *payload_hash, *region;
  gint64 time_s;
  const Credentials *credentials;
} S3Signing;
/* "Authorization: AWS4-HMAC-SHA256 …" over host, x-amz-content-sha256, x-amz-date and x-amz-security-token. Pure.
 * docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html. (transfer full) */
char *s3_sign(const S3Signing *signing);
/* "20261121T123456Z". (transfer full) */
char *s3_time_text(gint64 time_s);

GPtrArray *s3_list(void *self, const ObjectListing *listing, gboolean *more, Deadline deadline, GError **error);
/* The key within the bucket. (transfer full) */
char *s3_full_key(const S3Store *store, const char *key);
