/*
 * Holds a text against the data that was sent with the request. Pure.
 *
 * - Every number, in digits or in words, must be a value of the data, rounded as it is shown, in its unit (percent, points, money,
 *   pieces), with its sign, of the row and the measure that the clause speaks of: what a clause leaves open is what the one before
 *   it named. "over 1,000" and "about 1,000" are bounds. Small whole numbers may count what is there (groups, those that rose).
 * - Every direction (rose, fell, unchanged, doubled, from A to B) must be that of the change of what it is said of. The data knows a
 *   direction by fields whose names end in _change, _growth, _delta, _diff, _yoy, _mom, _pp, or by a value beside the one before it
 *   (value, value_previous).
 * - Every comparison (more than, ahead of, the highest, the largest drop) must hold between rows that are alike.
 * - Every name must stand in the data.
 * Nothing is worked out beyond that: a sum or a difference that the data does not hold is not supported. English.
 */
#pragma once
#include "base/base.h"

typedef struct {
  int checked, unsupported; /* numbers, directions, comparisons and names */
  double score;             /* 1 - unsupported / checked; 1 when there was nothing to check */
} AiFacts;

/* `known`: more text whose words and numbers may be used (instructions, the question); may be NULL. `problems` gets a line for
 * each that is unsupported; may be NULL. */
AiFacts ai_facts_check(const json_t *sent, const char *known, const char *text, GString *problems);
/* All texts and numbers of an answer in JSON, one a line, as a text to be checked. (transfer full) */
char *ai_facts_said(const json_t *answer);
