/* The router: what kind of message this is, by its words. It decides what may be spent, never what is answered. */
#include <string.h>

#include "agent/run.h"

typedef struct {
  const char *kind;
  const char *const words[12];
} Kind;
static const Kind KINDS[] = {
    {"small_talk", {"hello", "hi", "hey", "thanks", "thank", "goodbye", "bye", "welcome"}},
    {"summary", {"summary", "summarise", "summarize", "overview", "recap", "report"}},
    {"analysis", {"why", "explain", "reason", "reasons", "cause", "caused", "driver", "drivers", "drove", "insight", "insights"}},
    {"product", {"reviews", "review", "features", "specification", "specifications", "recommend", "suitable", "compatible"}},
};
/* A greeting with more words than this is about something. */
#define SMALL_TALK_WORDS 4

static gboolean has_word(char *const *words, const Kind *kind) {
  for (; *words != NULL; words++)
    for (guint i = 0; i < G_N_ELEMENTS(kind->words) && kind->words[i] != NULL; i++)
      if (strcmp(*words, kind->words[i]) == 0) return TRUE;
  return FALSE;
}

AgentOutcome step_route(AgentRun *run) {
  g_autofree char *folded = text_fold(run->request->ask.question);
  g_auto(GStrv) words = g_strsplit_set(folded, " .,;:!?\"'()", -1);
  guint count = 0;
  for (char **word = words; *word != NULL; word++) count += **word != '\0';
  for (guint i = 0; i < G_N_ELEMENTS(KINDS); i++) {
    gboolean greeting = i == 0;
    if ((greeting && count > SMALL_TALK_WORDS) || !has_word(words, &KINDS[i])) continue;
    run->kind = KINDS[i].kind;
    break;
  }
  run_note(run, "kind", json_string(run->kind));
  return OUTCOME_OK;
}
