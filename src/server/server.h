/*
 * server: questions over HTTP. One route table (routes.c) says what exists; dispatch, validation, refusals and
 * /openapi.json are made from it. Event loops belong to libmicrohttpd's threads; what may take long runs on a bounded
 * pool of workers while its connection is suspended; a full queue is 503 with Retry-After.
 * There are no accounts yet, so it listens on loopback only and every caller has the local scope.
 */
#pragma once
#include "answer/answer.h"

typedef struct {
  const char *listen;   /* "127.0.0.1:8080"; port 0: any free one */
  int loop_threads;     /* 0: one for each core, at most 4 */
  int workers;          /* 0: 4 */
  int queue_max;        /* requests that may wait for a worker; 0: 64 */
  int request_ms;       /* how long a question may take; 0: 30,000 */
  int abandon_ms;       /* how long it goes on when nobody reads its events any more; 0: 30,000 */
  struct AiGateway *gateway;   /* its addresses are served too; one of this process; outlives the server; NULL: none (transfer none) */
  const char *program;  /* path of aisle, which carries out schedules; NULL: nobody does */
  struct AgentService *agents; /* for questions in steps; outlives the server; NULL: none (transfer none) */
} ServerOptions;

typedef struct Server Server;
/* `service` must outlive the server. INVALID_ARGUMENT for an address that is not loopback. (transfer full) */
Server *server_start(const ServerOptions *options, AnswerService *service, GError **error);
/* "http://127.0.0.1:8080" (transfer none) */
const char *server_url(const Server *server);
/* Stops accepting, lets requests finish for `drain_ms`, then cancels them. */
void server_stop(Server *server, gint64 drain_ms);
void server_free(Server *server); /* stops first when needed. NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Server, server_free)
