/* Questions of clients: reading them from a body, and answering them as events. */
#pragma once
#include "server/route.h"

/* What a body (AskRequest, QueryRequest) asks, under the server's scope; without deadline. Points into the body. */
void question_read(const ServerState *state, const json_t *body, AnswerRequest *request);

/* The answer's text, as the caller's memory has it; HTTP's status goes to *status. May wait. (transfer full) */
GBytes *question_answer(const ServerState *state, const AnswerRequest *request, int *status);

/*
 * Starts to answer on a worker. The stream bears the answer's id and tells, in this order: accepted, understood, running
 * (again and again), result, sentences; then done (the whole answer, also when it is refused or asked back) or error (a
 * problem). Interrupted some time after its last reader left; where it belongs to a session it then goes on as a task, which
 * bears its id with another letter (a_1f -> t_1f): its result waits. Must not wait. BUSY: the queue is full. (transfer full)
 */
EventStream *question_start(ServerState *state, const json_t *body, GError **error);
