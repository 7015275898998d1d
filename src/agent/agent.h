/*
 * agent: questions in several steps, with or without a language model. A typed state machine:
 *
 *   route ─► plan ─► engineer ──► execute ─► analyse ─► check ─► done
 *              ▲       │ │  ▲         │                            ▲
 *              └ split ┘ │  └─ next ──┘                            │
 *                        └─► validate ── asked back ───────────────┘
 *                              └─► engineer: at most AGENT_MAX_ROUNDS, with what was wrong
 *
 * Rules come first: what ask/ understands is answered by answer/ and no model is called. A model is asked only about what
 * rules could not read, and what it may do is narrow:
 *  - say how a question falls into parts: the parts must keep its words, and rules must read each of them;
 *  - say what an unknown word means, in words of the semantic model. It proposes a semantic query too, which must equal
 *    what the rules read once the unknown words are replaced; each replacement needs evidence of its own; and then the
 *    person is asked ("did you mean"), never answered: by meaning alone "tax" is as near to "revenue" as "takings" is
 *    far. What the person chooses is remembered for them, and next time rules read it.
 * A model can never say what a known word means. When nothing holds, the rules' answer stands.
 *
 * After every step there is a checkpoint in store/run_store: a process that dies goes on from there, and a call to a
 * model is repeated under the same idempotency key, so that it is charged once. Every step is an event and a line of the
 * trace. Thread-safe; one run belongs to one thread.
 */
#pragma once
#include "answer/answer.h"
#include "store/run_store.h"
#include "vector/vector.h"

#define AGENT_MAX_ROUNDS 3
#define AGENT_MAX_PARTS 4

/* ---- the model, as agents see it ---- */
typedef struct {
  const char *purpose;      /* "plan", "propose", "narrate" */
  const json_t *input;      /* of the template agent_<purpose>: what the question and the workspace say; never instructions */
  const char *idempotency;  /* the same for the same step of the same run: charged once */
  const AccessScope *scope;
  Deadline deadline;
  /* Pieces of what the model says, as they come, on any thread, one at a time, before the call returns; a model that
   * cannot do so gives none. `restarted`: forget what came before. NULL: not wanted. */
  void (*on_text)(const char *text, gboolean restarted, gpointer data);
  gpointer on_text_data;
} AgentModelCall;
typedef struct {
  json_t *json;     /* meets the template's schema (transfer full) */
  gint64 cost_nano; /* billionths of the price table's currency */
  char *model;      /* what answered; NULL */
} AgentModelReply;
/* FALSE with the error of ai.h; UNSUPPORTED: there is no model. */
typedef gboolean (*AgentModelFunction)(gpointer data, const AgentModelCall *call, AgentModelReply *reply, GError **error);

/*
 * Vectors of texts by something that is not in this process, row-major, each of *dimensions numbers (transfer full). A call
 * takes at most VECTOR_EMBED_TOGETHER texts and a few seconds.
 */
typedef float *(*AgentEmbedFunction)(gpointer data, const char *const *texts, guint count, guint *dimensions, GError **error);

/* ---- service ---- */
typedef struct AgentService AgentService;
typedef struct {
  AnswerService *answers;   /* (transfer none), outlives the service */
  const char *state_folder; /* agent.db is there */
  const char *cache_folder; /* vectors of names are kept there; NULL: nowhere */
  const char *weights;      /* of the text encoder; NULL: words alone are compared */
  AgentEmbedFunction embed; /* instead of the encoder; NULL: none. While it does not answer, words alone are compared */
  gpointer embed_data;
  gboolean hides_values;    /* a model is not shown values near an unknown word */
  AgentModelFunction model; /* NULL: none */
  gpointer model_data;
} AgentOptions;
AgentService *agent_service_open(const AgentOptions *options, GError **error); /* (transfer full) */
void agent_service_free(AgentService *service); /* no run may be going on. NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AgentService, agent_service_free)
gboolean agent_service_has_model(const AgentService *service); /* whether anyone can be asked where rules end */
RunStore *agent_service_runs(AgentService *service);          /* (transfer none) */
AnswerService *agent_service_answers(AgentService *service); /* (transfer none) */
char *agent_owner(const AccessScope *scope); /* whose runs and memory: tenant, user and scope. (transfer full) */

/* ---- memory, where a question is not answered in steps ---- */
/* Whether memory may have a say in a question: it teaches a word, or somebody has taught one. Waits for nothing. */
gboolean agent_memory_concerns(AgentService *service, const char *question);
/*
 * The answer as the caller's memory has it: words read as they taught them, or what became of a lesson ("by sales I mean net
 * revenue"). NULL: memory leaves this question as it is. (transfer full)
 */
json_t *agent_answer_by_memory(AgentService *service, const AnswerRequest *request);

/* ---- runs ---- */
/* After each step, on the thread of the run: its name, its number and its line of the trace. */
typedef void (*AgentEvent)(gpointer data, const char *step, gint64 number, const json_t *detail);

/*
 * A sentence of the model, as soon as it is whole and follows from the results; on any thread, one at a time, before the
 * step that checks them all ends. NULL: the model began anew, those told so far count no more.
 */
typedef void (*AgentSentence)(gpointer data, const char *sentence);

typedef struct {
  AnswerRequest ask;      /* as for answer_ask(); a semantic query goes straight through */
  gboolean allow_model;   /* the caller may use a model, and the settings want it */
  gboolean allow_sql;     /* a permission of its own: a model may write SQL where rules refuse; such an answer is labelled */
  gint64 max_cost_nano;   /* of the whole run; 0: nothing may be spent, so no model is called */
  gboolean prose;         /* sentences by the model where there are several parts; each is checked */
  AgentEvent on_event;    /* NULL */
  gpointer on_event_data;
  AgentSentence on_sentence; /* NULL */
  gpointer on_sentence_data;
} AgentRequest;
/*
 * The answer, as answer_ask() gives it; with no model, or where rules understand, it is answer_ask()'s own. Never NULL.
 * The run's id is the id of the first answer, or of the request. (transfer full)
 */
json_t *agent_run(AgentService *service, const AgentRequest *request);
/* Goes on with a run that did not end; an ended one gives its answer again. NOT_FOUND: none of this caller's. (transfer full) */
json_t *agent_resume(AgentService *service, const char *run, const AgentRequest *request, GError **error);
