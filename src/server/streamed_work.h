/* Work of the pool whose course is told on an event stream. */
#pragma once
#include "server/route.h"

typedef struct {
  Work work; /* first: a pointer to one is a pointer to the other */
  ServerState *state;
  json_t *body;        /* of the request; its own copy */
  EventStream *stream;
} StreamedWork;

/*
 * Hands the body to a worker, where `run` gets a StreamedWork and ends with streamed_work_end(). Does not wait. BUSY when the
 * queue is full or the server stops: the stream is ended then, and nothing runs.
 */
gboolean streamed_work_start(ServerState *state, EventStream *stream, const json_t *body, void (*run)(Work *work), GError **error);
/* The same for a route: the reply is the stream, which is taken, or says why not. A stream of NULL could not be opened: `error` says why. */
void streamed_work_reply(const Call *call, EventStream *stream, void (*run)(Work *work), const GError *error, Reply *reply);
/* Nothing more comes: ends the stream and frees the work. */
void streamed_work_end(StreamedWork *work);
