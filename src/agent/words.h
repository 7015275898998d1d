/* Inside agent/: the words of a question that rules did not know, and putting others in their place. */
#pragma once
#include "agent/run.h"

/* [{start, length, text}] of an answer's `understood`. (transfer full) */
json_t *unknown_words(const json_t *answer);
json_t *unknown_texts(const json_t *unknown); /* (transfer full) */
/*
 * The question with each unknown word replaced by what `words` [{text, means}] says of it; NULL when one is not told of.
 * (transfer full)
 */
char *replace_unknown(const char *question, const json_t *unknown, const json_t *words);
/*
 * Asks the person whether the words mean what was proposed, beside other readings. FALSE when there are no two readings
 * to choose from. `words`: the proposal with its evidence; `read`: what rules read with them.
 */
gboolean run_offer(AgentRun *run, Part *part, const json_t *unknown, const json_t *words, const json_t *read);
