/* Inside agent/: one run, its parts, and the steps that move it on. */
#pragma once
#include "agent/agent.h"
#include "agent/names.h"

struct Prose;

typedef enum { STATE_ROUTE, STATE_PLAN, STATE_ENGINEER, STATE_VALIDATE, STATE_EXECUTE, STATE_ANALYSE, STATE_CHECK, STATE_SQL, STATE_DONE, STATE_COUNT } AgentState;
typedef enum {
  OUTCOME_OK,         /* go on */
  OUTCOME_WHOLE,      /* rules answered the whole question */
  OUTCOME_UNANSWERED, /* the rules' answer stands */
  OUTCOME_SPLIT,      /* it may have several parts: ask for a plan */
  OUTCOME_READ,       /* rules read this part */
  OUTCOME_PROPOSED,   /* a model said what unknown words mean */
  OUTCOME_OFFERED,    /* that holds: the person is asked */
  OUTCOME_SQL,        /* nothing else is left, and SQL is allowed */
  OUTCOME_REJECTED,   /* that does not hold; another round */
  OUTCOME_NEXT,       /* this part is answered, another one waits */
  OUTCOME_COUNT
} AgentOutcome;
const char *agent_state_name(AgentState state);
gboolean agent_state_parse(const char *name, AgentState *out);
const char *agent_outcome_name(AgentOutcome outcome);
/* Where an outcome leads; STATE_COUNT: nowhere, which is a defect. Pure. */
AgentState agent_next_state(AgentState state, AgentOutcome outcome);

/* One question of the plan. */
typedef struct {
  char *question;   /* in words; {1} stands for what part 1 found first */
  char *asked;      /* what rules read: {n} and unknown words replaced; NULL before */
  guint rounds;     /* of proposals so far */
  char *feedback;   /* why the last one did not hold; NULL */
  json_t *proposal; /* of the model; NULL */
  json_t *offered;  /* [{words: [{text, means, evidence}], query}]: what the person was asked; NULL */
  char *answer_id;  /* NULL: not answered */
  json_t *answer;   /* not in the checkpoint: asked again after a restart, which costs nothing */
} Part;

typedef struct {
  AgentService *service;
  const AgentRequest *request;
  char *id, *owner;
  char *after;           /* answer this question follows, also where only a session was given; NULL */
  AgentState state;
  gint64 number;         /* of steps taken */
  const char *kind;      /* what the router made of it */
  gboolean planned;      /* a model was asked for a plan, or none is wanted */
  guint plan_rounds;
  char *plan_feedback;
  GPtrArray *parts;      /* of Part* */
  guint current;
  guint sql_rounds;
  char *sql_feedback;    /* why the last statement was refused; NULL */
  gint64 cost_nano;
  guint calls;           /* of the model */
  gboolean by_parts;     /* the answer comes from the parts, not from rules alone */
  gboolean model_late;   /* it did not answer before the run's time was over */
  gboolean by_verified;  /* the answer is that of a verified question */
  gboolean replayed;     /* after a restart */
  json_t *rules;         /* the rules' answer to the whole question; not in the checkpoint */
  json_t *answer;        /* the run's */
  json_t *sentences;     /* of the model, not yet checked; NULL */
  gsize sentences_told;  /* how many of them were looked at while they came */
  json_t *detail;        /* what the step says of itself */
  GPtrArray *memory_ids; /* entries of memory that were used, of gint64* */
} AgentRun;

Part *part_new(const char *question);
void part_free(Part *part);
Part *run_current(AgentRun *run);
json_t *run_to_checkpoint(const AgentRun *run); /* (transfer full) */
/* Takes over what a checkpoint says; CORRUPT when it does not have the form. */
gboolean run_read_checkpoint(AgentRun *run, const json_t *checkpoint, GError **error);
/* Adds to the step's line of the trace. Takes the value. */
void run_note(AgentRun *run, const char *key, json_t *value);

/* ---- the steps; each returns how it went ---- */
AgentOutcome step_route(AgentRun *run);
AgentOutcome step_plan(AgentRun *run);
AgentOutcome step_engineer(AgentRun *run);
AgentOutcome step_validate(AgentRun *run);
AgentOutcome step_execute(AgentRun *run);
AgentOutcome step_analyse(AgentRun *run);
AgentOutcome step_check(AgentRun *run);
AgentOutcome step_sql(AgentRun *run);

/* ---- what they share ---- */
gboolean run_may_use_model(const AgentRun *run);
gboolean run_may_use_sql(const AgentRun *run);
/* One call within the limits of the run; NULL when there is no answer (noted). `prose` NULL: nobody listens. (transfer full) */
json_t *run_call_model(AgentRun *run, const char *purpose, const json_t *input, guint round, struct Prose *prose);
/* Rules' answer to a text with the run's caller, day and limits. `whole`: it is the run's own question. (transfer full) */
json_t *run_ask(AgentRun *run, const char *question, gboolean whole, gboolean understand_only);
/* The rules' answer to the whole question, once. (transfer none) */
json_t *run_rules_answer(AgentRun *run);
/* Answers of the parts before the current one that were lost by a restart are asked again. FALSE when one does not answer now. */
gboolean run_restore_answers(AgentRun *run);
/* Answers with a verified question that is this one; FALSE: none is. `asked`: what rules made of the question. */
gboolean run_answer_verified(AgentRun *run, const json_t *asked);
/* ["question => query"]: verified questions near this one, as this caller may see them. (transfer full) */
json_t *run_verified_examples(AgentRun *run, const char *question);
/* Whether a sentence follows from what some part found. */
gboolean run_sentence_holds(const AgentRun *run, const char *sentence);
gboolean answer_is(const json_t *answer, const char *status);
