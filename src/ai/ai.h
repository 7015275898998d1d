/*
 * ai: one gateway between every language model and the company. Budgets, guardrails, cache, retries, failover and the
 * record of every call live here and nowhere else; who needs a model (agent/, report/, ask/) calls ai_complete().
 *
 * The same face leads to the gateway inside this process (ai_gateway_open) or to another one over HTTP
 * (ai_gateway_connect; setting ai.url): requests, answers, errors and limits are the same.
 *
 * A request names a *logical model* ("query", "summary", "reasoning", "embedding"); ai.yaml decides which provider and
 * model that is. Content is given as a template of prompts/ with its input (preferred: versioned, budgeted, checked), or
 * as messages in the form of the OpenAI chat API.
 *
 * Errors (all calls): UNSUPPORTED no model is configured, or the logical model does not exist: go on without one.
 *   BUDGET the company, team, user or purpose has used its budget (not retryable before the period ends).
 *   RATE_LIMITED too many requests or tokens this minute; BUSY the gateway's own queue is full: AiResponse.retry_after_ms.
 *   BLOCKED a guardrail refused the input or the output; the message names which. FORBIDDEN the key or model is not allowed.
 *   UPSTREAM every route failed (their reasons are recorded, not told). TIMEOUT, CANCELLED the deadline.
 *   INVALID_ARGUMENT, TOO_LARGE the request itself; BAD_INPUT data that does not meet the template's input schema.
 * What was spent before an error is settled and recorded; a call that never left costs nothing.
 *
 * Thread-safe: any number of threads may call at once. Blocking calls must not be made from a gateway's own callbacks.
 */
#pragma once
#include "base/base.h"

typedef struct AiGateway AiGateway;

typedef struct {
  const char *config_path;  /* ai.yaml; a file that is missing is a gateway without models (UNSUPPORTED on every call) */
  const char *state_folder; /* budgets, records and the queue live in state_folder/ai.db; made when missing */
  const char *prompts;      /* folder of templates; NULL: those of the configuration, else those inside the program */
  int threads;              /* event loops; 0: 2 */
} AiGatewayOptions;
/* BAD_MODEL with the place and what is wrong when ai.yaml does not hold. (transfer full) */
AiGateway *ai_gateway_open(const AiGatewayOptions *options, GError **error);
/* A gateway of another process at `url`; `key` is this process's key there, may be NULL. No connection yet. (transfer full) */
AiGateway *ai_gateway_connect(const char *url, const char *key, GError **error);
/* What the workspace's settings say: ai.url (key from AISLE_AI_KEY), else ai.config. (transfer full) */
AiGateway *ai_gateway_for_workspace(const char *workspace, const Settings *settings, GError **error);
gboolean ai_gateway_reload_now(AiGateway *gateway, GError **error); /* it is also noticed within a second when ai.yaml changes */
void ai_gateway_free(AiGateway *gateway); /* calls in flight are cancelled first. NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AiGateway, ai_gateway_free)
/* Judges a finished answer before anyone sees it; FALSE holds it back (BLOCKED). Set before the first call; any thread. */
typedef gboolean (*AiFilter)(const char *text, gpointer user);
void ai_gateway_set_filter(AiGateway *gateway, AiFilter filter, gpointer user);
/* Counters, latencies, tokens and cost since it was opened, in Prometheus' text format; nothing for another process' gateway. */
void ai_gateway_write_metrics(AiGateway *gateway, GString *out);
/* TRUE when `logical` can be called at all: what decides whether to plan with a model. Cheap. */
gboolean ai_gateway_has_model(AiGateway *gateway, const char *logical);

/* On whose account. Strings are (transfer none) for the length of the call; NULL where unknown. */
typedef struct {
  const char *tenant, *team, *user;
  const char *const *roles; /* NULL-terminated; may be NULL */
  const char *scope_key;    /* access_scope_key(): answers are never cached across scopes */
} AiCaller;

typedef enum { AI_PRIORITY_INTERACTIVE, AI_PRIORITY_NORMAL, AI_PRIORITY_BATCH } AiPriority;
typedef enum { AI_COMPLEXITY_AUTO, AI_COMPLEXITY_SIMPLE, AI_COMPLEXITY_MODERATE, AI_COMPLEXITY_COMPLEX } AiComplexity;

/* A piece of text as it arrives, on a thread of the gateway: be quick. `restarted`: a route failed in mid-stream and another
 * began anew; forget what came before this piece. */
typedef void (*AiStreamFunction)(const char *text, gboolean restarted, gpointer user);

typedef struct {
  const char *model;         /* logical model */
  const char *purpose;       /* what for: "plan", "propose_query", "narrate", ...; budgets and the bill are split by it */
  AiCaller caller;
  const char *template_id;   /* prompts/<id>.yaml, or NULL with `messages` */
  const char *template_version; /* NULL: the released one */
  const json_t *input;       /* the template's input; data in it is untrusted and quoted */
  const json_t *messages;    /* OpenAI form: [{role, content, tool_calls, tool_call_id}] */
  const json_t *tools;       /* OpenAI form: [{type: "function", function: {name, description, parameters}}]; or NULL */
  const json_t *output_schema; /* JSON Schema the answer must meet; NULL: the template's, or free text */
  int max_tokens;            /* of the answer; 0: the template's or the route's maximum */
  double temperature;        /* < 0: the route's default */
  AiComplexity complexity;   /* which tier; AUTO: judged by the request's size and form */
  AiPriority priority;       /* BATCH may wait and be sent together with others */
  gboolean no_cache;         /* neither read nor kept */
  gboolean check_facts;      /* every number and direction of the text is held against `input` (templates may ask for it too) */
  const char *idempotency;   /* the same caller's call repeated with the same text within a day is answered from the record, for nothing; may be NULL */
  Deadline deadline;         /* at most ai.yaml's own limit; .cancelled stops the call upstream as well */
  AiStreamFunction on_text;  /* NULL: none */
  gpointer on_text_user;
} AiRequest;
/* Every field at its default: no deadline but the gateway's, temperature -1. */
#define AI_REQUEST_INIT {.temperature = -1, .deadline = DEADLINE_NEVER}

typedef struct {
  gint64 input_tokens, output_tokens;
  gint64 cached_tokens, written_tokens; /* parts of input: what the provider had already, and what it put into its cache */
  gint64 cost_nano;                                  /* billionths of the price table's currency, exact */
} AiUsage;
typedef enum { AI_CACHE_MISS, AI_CACHE_HIT, AI_CACHE_JOINED /* the same call was in flight */, AI_CACHE_STALE /* last good */ } AiCacheOutcome;

typedef struct {
  char *id;             /* of the record */
  char *text;           /* content; never NULL */
  json_t *tool_calls;   /* OpenAI form; NULL: none */
  json_t *json;         /* parsed and valid under output_schema; NULL without one */
  char *finish_reason;  /* "stop", "length", "tool_calls", "content_filter" */
  AiUsage usage;
  AiCacheOutcome cache;
  char *route, *model;  /* which route and provider model answered */
  int attempts, repair_rounds;
  gboolean partial;     /* the stream broke and nobody could continue; text is what came */
  double consistency;   /* 0..1: share of numbers, names and directions that the sent data supports; -1: not judged */
  json_t *verdicts;     /* [{guard, verdict: "pass"|"redacted"|"refused"|"repaired", detail}] */
  gint64 latency_us, retry_after_ms;
} AiResponse;
void ai_response_clear(AiResponse *response);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(AiResponse, ai_response_clear)

/*
 * Runs one request to its end. On FALSE `response` holds what is known (id, usage, verdicts, retry_after_ms) and must be
 * cleared as well.
 */
gboolean ai_complete(AiGateway *gateway, const AiRequest *request, AiResponse *response, GError **error);

/* Vectors of `n` texts in the caller's order, row-major; each of `*dimensions` floats. (transfer full) */
float *ai_embed(AiGateway *gateway, const char *logical, const AiCaller *caller, const char *const *texts, guint n, guint *dimensions,
                Deadline deadline, GError **error);
