/*
 * A small blocking HTTP client over libcurl: one request at a time and thread, connections kept open between them, a
 * deadline and a flag that end every wait, a bound on every body. It neither retries nor judges a status; its callers
 * know what is safe. HTTP and HTTPS only; certificates are checked; HTTP_PROXY, HTTPS_PROXY and NO_PROXY are obeyed.
 */
#pragma once
#include <glib.h>

#include "base/deadline.h"

typedef struct HttpClient HttpClient;

typedef struct {
  gint64 connect_ms;   /* 0: 10 s */
  gint64 stall_ms;     /* given up (TIMEOUT) when for so long fewer than `stall_bytes` a second came or went; 0: 20 s */
  gint64 stall_bytes;  /* 0: 1 */
  const char *ca_file; /* certificates to trust instead of the system's; NULL. Copied */
  guint max_redirects; /* 0: a redirect is an answer like others. They never lead from https to http */
} HttpOptions;
/* `options` NULL: all defaults. Thread-safe. (transfer full) */
HttpClient *http_client_new(const HttpOptions *options);
void http_client_free(HttpClient *client); /* no request may be running. NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HttpClient, http_client_free)

/* Bytes of a successful answer (2xx) as they come, from the calling thread. FALSE with an error ends the request with
 * it. */
typedef gboolean (*HttpSink)(const char *bytes, gsize length, gpointer user_data, GError **error);

typedef struct {
  const char *method;         /* "GET", "HEAD", "PUT", "POST", "DELETE" */
  const char *url;            /* absolute, already escaped */
  const char *const *headers; /* "Name: value", NULL at the end; may be NULL */
  const void *body;           /* or */
  int body_fd; /* a regular file, read from `body_offset` with pread; used when body is NULL and body_length > 0 */
  gint64 body_offset;
  gint64 body_length; /* 0: none, but PUT and POST say so */
  gsize max_body;     /* of the answer when it is kept in memory: more is TOO_LARGE; 0: 1 MiB */
  HttpSink sink;      /* instead of memory, for 2xx; other answers are kept, cut at 64 KiB */
  gpointer sink_data;
  Deadline deadline;
} HttpRequest;

typedef struct {
  int status;
  GHashTable *headers; /* lower-case name -> value, of the last answer; repeated ones joined by ", " */
  GByteArray *body;    /* what was kept in memory; a NUL stands behind it */
  char *url;           /* where redirects led */
  gboolean resent;     /* the body was sent twice, because a kept connection had died: it may have arrived twice */
} HttpResponse;
void http_response_clear(HttpResponse *response);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HttpResponse, http_response_clear)
/* NULL when the answer has none. (transfer none) */
const char *http_response_header(const HttpResponse *response, const char *name);

/*
 * TRUE when a whole answer came, whatever its status. `response` must be all zero; it is set as far as the answer got
 * also on failure (a status of 0: nothing came). Errors: TIMEOUT (deadline or stall), CANCELLED, TOO_LARGE,
 * INVALID_ARGUMENT (URL), IO (no connection, broken off), FORBIDDEN (a certificate that is not trusted), the sink's
 * own. Messages name the host, never path, query or headers.
 */
gboolean http_client_send(HttpClient *client, const HttpRequest *request, HttpResponse *response, GError **error);

/* %XX for every byte but letters, digits and "-._~"; "/" stays where `keep_slashes`. Pure. (transfer full) */
char *http_escape(const char *text, gboolean keep_slashes);
