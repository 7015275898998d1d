/*
 * What someone says about their own words: "by sales I mean net revenue", "when I say region I mean territory", "forget what
 * I mean by sales", "what do you remember". A plain statement teaches; a question never does ("what does margin mean?").
 */
#pragma once
#include "agent/run.h"

typedef enum { TEACHING_NONE, TEACHING_SAYS, TEACHING_FORGETS, TEACHING_LISTS } TeachingKind;
typedef struct {
  TeachingKind kind;
  char *phrase;  /* SAYS, FORGETS: as typed, without quotes */
  char *meaning; /* SAYS */
} Teaching;
void teaching_clear(Teaching *teaching);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Teaching, teaching_clear)
void teaching_read(const char *text, Teaching *out);

/*
 * Does what a message says about words, and tells what was done as an answer; NULL: it says nothing about them. A meaning that
 * names nothing in the data, as this caller sees it, is refused. `request` unlogged or only to be understood: nothing is changed.
 * (transfer full)
 */
json_t *teaching_answer(AgentService *service, const AnswerRequest *request);
