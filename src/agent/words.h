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
/* The part is answered: notes it, and goes to the next. */
AgentOutcome run_part_answered(AgentRun *run, Part *part);
