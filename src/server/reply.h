/* What goes back to a client, before it becomes HTTP. */
#pragma once
#include "server/event_stream.h"

#define MEDIA_JSON "application/json"
#define MEDIA_PROBLEM "application/problem+json"
#define MEDIA_EVENTS "text/event-stream"
#define MEDIA_ANY "*/*" /* each reply has its own */

/* How long a client may keep a reply. */
typedef enum { REPLY_KEEP_NOT, REPLY_KEEP_CHECKED, REPLY_KEEP_FOREVER } ReplyKeep;

/* A body that is made while it is sent. */
typedef struct {
  /* Appends the next piece; FALSE: there is none. On an event loop: no waiting. */
  gboolean (*next)(gpointer data, GString *out);
  void (*release)(gpointer data);
  gpointer data;
} ReplySource;

typedef struct {
  int status;
  const char *media_type; /* (transfer none), static */
  GBytes *body;           /* owned; or */
  EventStream *stream;    /* owned: sent as text/event-stream from after event `stream_after` on */
  guint64 stream_after;   /* or */
  ReplySource source;     /* owned; next NULL: none */
  int retry_after_s;      /* 0: none */
  GPtrArray *headers;     /* further ones: name, value, name, value, ...; owned; NULL */
  char *allow;            /* methods, for 405; owned; NULL */
  ReplyKeep keep;         /* other than NOT: a file of the page */
  const char *socket_key; /* the connection becomes a WebSocket (status 101); (transfer none), of the request; NULL */
  char *disposition;      /* Content-Disposition; owned; NULL */
  const char *policy;     /* Content-Security-Policy of a document of its own; (transfer none), static; NULL */
  const char *encoding, *etag; /* (transfer none), static; NULL */
} Reply;
void reply_clear(Reply *reply);
void reply_set_bytes(Reply *reply, int status, const char *media_type, GBytes *body); /* takes the bytes */
void reply_set_stream(Reply *reply, EventStream *stream, guint64 after); /* takes the reference; status 200 */
void reply_set_source(Reply *reply, const char *media_type, const ReplySource *source); /* takes its data; status 200 */
void reply_set_empty(Reply *reply, int status);
void reply_set_json(Reply *reply, int status, const json_t *json);
/* 1700000000000 as "2023-11-14T22:13:20.000Z"; negative: null. (transfer full) */
json_t *reply_time(gint64 milliseconds);

/* Refusals of HTTP itself, which the table of errors does not know. */
typedef enum { HTTP_NO_ROUTE = 404, HTTP_METHOD = 405, HTTP_NOT_ACCEPTABLE = 406, HTTP_UPGRADE = 426, HTTP_MEDIA = 415, HTTP_URI = 414 } HttpRefusal;
void reply_refuse(Reply *reply, HttpRefusal refusal, const char *detail);
/* problem+json from the table of errors. */
void reply_set_error(Reply *reply, const GError *error);
/* A kind of problem that the table of errors does not know; `extra` members go into it. NULL is fine */
void reply_set_problem_of(Reply *reply, int status, const char *code, const char *title, const char *detail, const json_t *extra);
void reply_add_header(Reply *reply, const char *name, const char *value);
void reply_set_problem(Reply *reply, AisleErrorCode code, const char *detail);
/* A failed answer, {"id", "error": {code, message, hint}}, as a problem. */
void reply_set_failed_answer(Reply *reply, const json_t *answer);
