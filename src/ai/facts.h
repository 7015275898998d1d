/*
 * Holds a text against the data that was sent with the request: every number (as rounded as it is shown; percent, thousands,
 * millions), every direction (rose, fell, from A to B) and every name must come from it. Pure.
 *
 * A direction is judged where the data knows one: fields whose names end in _change, _growth, _delta, _diff, _yoy, _mom, _pp.
 */
#pragma once
#include "base/base.h"

typedef struct {
  int checked, unsupported; /* numbers, directions and names */
  double score;             /* 1 - unsupported / checked; 1 when there was nothing to check */
} AiFacts;

/* `known`: more text whose words and numbers may be used (instructions, the question); may be NULL. `problems` gets a line for
 * each that is unsupported; may be NULL. */
AiFacts ai_facts_check(const json_t *sent, const char *known, const char *text, GString *problems);
