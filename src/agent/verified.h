/*
 * Verified questions: questions in words whose semantic query people have found right. They come from the workspace's
 * golden files (golden.jsonl, golden/<name>.jsonl: lines with a question and its query, for every caller) and from
 * answers that this caller, and nobody else, gave a thumb up. Where rules cannot read a question, one that is a verified
 * question but for filler words, other values and another time is answered with the verified query; and the nearest ones
 * are examples for the model.
 */
#pragma once
#include "agent/run.h"

#define VERIFIED_MAX 5000
typedef struct {
  char *question;
  json_t *query;      /* as asked: relative times stay relative */
  const char *origin; /* "feedback" or "golden" */
} VerifiedQuestion;
/*
 * All that this caller has, newest first; of several with the same words the newest counts, and not when it was found bad.
 * What cannot be read is left out, with a warning. Of VerifiedQuestion*. (transfer full)
 */
GPtrArray *verified_load(AnswerService *answers, const AccessScope *scope);
/*
 * Those nearest to a text, nearest first, by words they share and, where there is an encoder, by meaning. `path`: of the
 * index of their vectors; NULL: not kept. Of const VerifiedQuestion*. (transfer container)
 */
GPtrArray *verified_near(const GPtrArray *questions, Embedder *embedder, const char *path, const char *text, guint limit);

/*
 * The verified query as it fits this question: NULL when the words differ in anything but fillers, values and times, or
 * when a value or time has no place in the query, or is none that this caller has. `asked`: what rules made of the question,
 * with `understood`. (transfer full)
 */
json_t *verified_fit(AgentRun *run, const VerifiedQuestion *verified, const char *question, const json_t *asked);
/* Whether each value that a query asks for is one this caller's data has, and the query itself holds for them. */
gboolean verified_holds(AgentRun *run, const json_t *query);
/* Folded words without fillers and plurals, joined by spaces. Equal ones are the same question. (transfer full) */
char *verified_words(const char *question);
