/* One HTTP request to the gateway, on the loop of its connection. Private to http*.c. */
#pragma once
#include <microhttpd.h>

#include "ai/call.h"
#include "ai/http.h"
#include "ai/queue.h"

#define HTTP_MAX_BODY (16u << 20)

typedef struct AiHttpLoop AiHttpLoop;
typedef struct HttpConnection HttpConnection;
/* Over another listener (exchange.c). */
typedef struct AiHttpOutside AiHttpOutside;
typedef struct {
  AiHttpLoop *on;
  HttpConnection *connection; /* NULL: */
  AiHttpOutside *outside;
  GByteArray *body;
  gboolean too_large;
  gboolean replied;      /* all of the reply is on its way */
  AiAccount account;
  char *scope_key;
  char *region;          /* NULL: any */
  char **models;         /* NULL: all */
  AiCall *call;          /* a reference; NULL: none runs */
  AiTimer *timer;        /* of a long poll */
  gint64 until_us;
  char *job_id, *last_state;

  int status;            /* 0: no reply yet */
  json_t *reply;
  GBytes *bytes;         /* instead of reply */
  const char *media_type;
  gint64 retry_after_ms;

  gboolean streaming, stream_ended, include_usage;
  GString *stream;       /* what waits to be sent */
  GString *line;         /* an event while it is written */
  char *stream_id, *stream_model; /* of a stream, as JSON */
} AiHttpRequest;

struct AiHttpLoop {
  AiHttp *http;
  AiGateway *gateway;
  AiLoopParts *parts;
  gboolean running;   /* between its start and its stop */
  gint connections;   /* atomic: open, and on their way from where they are accepted */
  GPtrArray *clients; /* of HttpConnection*: those that are open */
  GPtrArray *changed; /* of HttpConnection*: to be looked at in this turn */
  gsize held;         /* bytes of bodies in memory */
  AiTimer *sweep;     /* closes connections on which nothing moves */
  time_t date_of;
  char date[64];      /* the header line of that second */
};

struct AiHttp {
  AiGateway *gateway;
  int listening;
  int port;
  AiWatch *accepting; /* of the first loop, as the timer below */
  AiTimer *pause;
  gint draining; /* atomic: no new connections */
  gint stopping; /* atomic: no new requests */
  AiHttpLoop loops[AI_MAX_LOOPS];
  int n_loops;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  int stopped; /* loops; under lock */
  gint open;   /* atomic: requests in flight */
};

/* ---- http_accept.c; on the first loop ---- */
void http_accept_start(AiHttp *http);
void http_accept_stop(AiHttp *http); /* nothing is handed on after that */

/* ---- http_connection.c; on the connections' loop ---- */
#define HTTP_MAX_CONNECTIONS 8192 /* a loop */
/* Takes the descriptor over unless it gives FALSE. */
gboolean http_connection_open(AiHttpLoop *on, int fd);
/* Something can be written for this request. */
void http_connection_wake(AiHttpRequest *request);
gboolean http_connections_turn(AiHttpLoop *on); /* writes what is ready; TRUE: there is more to do at once */
void http_connections_end(AiHttpLoop *on);  /* answers who waits, and closes all */
const char *http_connection_header(const AiHttpRequest *request, const char *name);
const char *http_connection_argument(const AiHttpRequest *request, const char *name);

/* ---- http.c ---- */
/* The reply is ready (status set): wakes the connection when it sleeps. */
void http_reply(AiHttpRequest *request);
void http_reply_json(AiHttpRequest *request, int status, json_t *json); /* takes it */
void http_reply_error(AiHttpRequest *request, const GError *error, gint64 retry_after_ms);
void http_reply_refusal(AiHttpRequest *request, int status, const char *type, const char *code, const char *message);
/* The next event of a stream, one line; `name` NULL: bare data. The head goes out with the first. */
void http_event(AiHttpRequest *request, const char *name, const char *data, gsize length);
void http_stream_end(AiHttpRequest *request);
const char *http_header(const AiHttpRequest *request, const char *name);
const char *http_argument(const AiHttpRequest *request, const char *name);
/* A whole request came over a connection. */
void http_dispatch(AiHttpRequest *request, const char *method, const char *path);
/* Finds the handler of an address, and who asks. */
void http_route(AiHttpRequest *request, const char *method, const char *path);
/* Everything of it, its call included; not the request itself. */
void http_request_clear(AiHttpRequest *request);
GBytes *http_take_body(AiHttpRequest *request);       /* of a whole reply (transfer full) */
char *http_location(const AiHttpRequest *request);    /* where an accepted job is found; NULL (transfer full) */
#define HTTP_REPLY_HEADERS 6
/* What is known of the call behind a reply, as name, value, ...; how many were written, at most HTTP_REPLY_HEADERS. (transfer none) */
guint http_call_headers(const AiHttpRequest *request, const char **headers);
json_t *http_error_json(const GError *error); /* (transfer full) */

/* ---- exchange.c ---- */
const char *http_outside_header(const AiHttpRequest *request, const char *name);
const char *http_outside_argument(const AiHttpRequest *request, const char *name);
void http_outside_ready(AiHttpRequest *request);
void http_outside_event(AiHttpRequest *request, const char *name, const char *data, gsize length);

/* ---- http_openai.c, http_llm.c ---- */
void http_chat(AiHttpRequest *request);
void http_embeddings(AiHttpRequest *request);
void http_models(AiHttpRequest *request);
void http_summary(AiHttpRequest *request);
void http_async(AiHttpRequest *request);
void http_async_cancel(AiHttpRequest *request);
/* The body as JSON; replies and gives NULL when it is none. (transfer full) */
json_t *http_body(AiHttpRequest *request);
/* Hands a call over; its end becomes the reply. */
void http_submit(AiHttpRequest *request, AiCall *call, const AiSink *sink);
