/* What handlers of kept things (answers, threads, pins, feedback, links, tasks) share. */
#pragma once
#include "server/route.h"

/* An id for a thing of its own kind: "p_..." (transfer full) */
char *kept_new_id(const char *prefix);
/* Copies members that are there and not null. */
void kept_copy(json_t *to, const json_t *from, const char *const *keys);
/* "created_ms" of `from` as "created_at" of `to`, and so on; what is not there is left out, or null when `always`. */
void kept_copy_times(json_t *to, const json_t *from, gboolean always);
/* Tells those who listen that something of this kind has changed. */
void kept_tell(ServerState *state, const char *kind);
/* The "next" of a list: the last one's cursor where the list is full, else null. (transfer full) */
json_t *kept_next(const json_t *found, gint64 limit);
/*
 * A question (AskRequest, QueryRequest) put in the queue of tasks under `id`. Its title is the question, or what the query
 * means, for which `deadline` holds. BUSY: too many wait.
 */
gboolean kept_add_task(ServerState *state, const json_t *body, const char *id, Deadline deadline, GError **error);
/* A request that asks a kept answer again, under the same id. Points into `kept`. */
void kept_answer_request(const Call *call, const json_t *kept, AnswerRequest *request);
