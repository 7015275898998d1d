/*
 * What the result cache of a service keeps, and under which keys. Two maps in one cache:
 *  - the very question (scope, text, day, snapshot, model) leads to the finished answer, cut where the request's own
 *    fields stand (id, question, route, session, after, timing);
 *  - the meaning (scope, resolved query, snapshot, model) leads to the engine's result, whatever words asked for it.
 * Keys are cryptographic hashes (of a question BLAKE2b, of a meaning SHA-256), so that nothing but equal parts gives an equal key.
 */
#pragma once
#include "answer/data.h"
#include "cache/cache.h"

/* Changes whenever answers are written in another form. */
#define RESULT_CACHE_FORMAT "1"

/* Everything a question's answer depends on. NULL when it is not kept: it follows another, is a semantic query, or
 * asks for data of the past. (transfer full) */
char *question_key(AnswerService *service, const AnswerRequest *request);
/* `max_rows`: how many rows the result was cut to. (transfer full) */
char *meaning_key(const AnswerData *data, const LakeSnapshot *baseline, const AccessScope *scope, const SemanticQuery *resolved, gsize max_rows,
                  gboolean estimated);

/* A finished answer as a cache entry; NULL when it is not to be kept (it failed). (transfer full) */
GBytes *kept_answer_new(const json_t *answer);
/* The answer's text with this request's own fields. (transfer full) */
GBytes *kept_answer_text(GBytes *kept, const char *id, const char *question, gint64 took_us);
/* Its line for the query log, but for id, scope and times. Texts live as long as `kept`. */
void kept_answer_record(GBytes *kept, StoreAnswer *out);

/* An engine's result as a cache entry. Takes the table. (transfer full) */
GBytes *kept_result_new(ResultTable *table);
const ResultTable *kept_result_table(GBytes *kept); /* (transfer none) */
