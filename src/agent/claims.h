/*
 * What a language model's sentence says beyond its numbers. insight/ holds numbers, names and directions against the result;
 * words it does not know it lets stand, for its own sentences have none. A model's may: another measure's name on a right
 * number, a cause, a forecast, "almost all", advice, an address.
 */
#pragma once
#include "answer/answer.h"

/* The first words of the sentence that the answer does not bear; NULL: it claims nothing more. (transfer full) */
char *claims_beyond(const Model *model, const json_t *answer, const char *sentence);
