/* One HTTP request: what libmicrohttpd hands over in pieces, checked step by step. Belongs to one thread at a time. */
#pragma once
#include <microhttpd.h>

#include "server/route.h"

/* Longest request line target. */
#define REQUEST_MAX_URI 8192
/* A body that is refused is read to its end up to here, so that the client sees the reason. */
#define REQUEST_MAX_DISCARD ((guint64)16 << 20)

typedef enum { REQUEST_NEW, REQUEST_BODY, REQUEST_WORKING, REQUEST_DONE } RequestPhase;

typedef struct {
  Work work; /* first: it goes to the pool */
  struct MHD_Connection *connection;
  ServerState *state;
  gpointer server;
  RequestPhase phase;
  gboolean uri_too_long, uri_has_nul, wants_events;
  RouteMatch match;
  GByteArray *body;
  guint64 discarded;
  json_t *json;
  Call call;
  Reply reply;      /* status 0: none yet */
  gint cancelled;   /* atomic */
  guint64 hangup_ticket;
  gint64 started_us;
} Request;

Request *request_new(ServerState *state, gpointer server, struct MHD_Connection *connection, const char *raw_uri);
void request_free(Request *request);

/* The head: host, address, method, media types, length. What is wrong is in `reply`. */
void request_open(Request *request, const char *method, const char *path);
/* A piece of the body. FALSE: the client sends far too much; close. */
gboolean request_take_piece(Request *request, const char *bytes, size_t length);
/* Parameters and body against the route; fills `call`. What is wrong is in `reply`. */
void request_check(Request *request, gint64 deadline_ms);
