/*
 * One call, from its request in OpenAI form to its reply, on the loop it belongs to. Steps (each may end it):
 *   begin    configuration, key, template -> messages, guards before, plan of routes, cache, the same call in flight
 *   attempt  reserve the worst case, send, read (stream or whole); retry, next route, hedge
 *   settle   real cost takes the reservation's place
 *   finish   guards after (repair rounds are new attempts), cache, record, tell the sink
 * Whoever made the call owns it until ai_call_submit(); then it frees itself after the sink's `done`.
 */
#pragma once
#include "ai/budget.h"
#include "ai/chunk.h"
#include "ai/gateway.h"
#include "ai/provider.h"
#include "ai/sse.h"
#include "ai/template.h"
#include "ai/transport.h"

/* On the call's loop. */
typedef struct {
  /* A piece of a streamed reply, as a chunk in OpenAI form; `text` its content or NULL. `restarted`: forget what came before. */
  void (*chunk)(AiCall *call, json_t *chunk, const char *text, gboolean restarted, gpointer data);
  /* The end: call->error or call->reply. */
  void (*done)(AiCall *call, gpointer data);
  /* Instead of `chunk` for a piece that can go on as it came; NULL: none can. */
  void (*plain)(AiCall *call, const AiChunk *chunk, gpointer data);
  gboolean told_first; /* `done` changes nothing of the call, which may be recorded when the loop has time */
} AiSink;

typedef enum { AI_BROKEN_CONTINUE, AI_BROKEN_RESTART } AiBrokenStream;

typedef struct AiAttempt AiAttempt;

struct AiCall {
  /* ---- set by who makes it ---- */
  AiGateway *gateway;
  AiLoopParts *parts; /* loop and transport */
  AiOperation operation;
  json_t *chat;    /* request in OpenAI form; for embeddings {input} */
  char *logical;
  AiAccount account;
  char **allowed_models; /* NULL: all */
  char *region;    /* only routes in it are taken; NULL: any */
  char *scope_key, *template_id, *template_version, *idempotency;
  json_t *input;   /* of the template, or what facts are checked against */
  json_t *schema;  /* of the answer; NULL */
  AiComplexity complexity;
  AiPriority priority;
  gboolean stream, no_cache, check_facts;
  AiBrokenStream when_broken;
  gint64 deadline_us; /* monotonic */
  json_t *given;   /* a reply in OpenAI form that a provider's batch gave: it is accounted, checked and recorded; NULL: none */
  const AiRoute *given_route; /* of `config`, which is set with it */
  gint64 given_ticket;        /* its reservation */
  char *batch_id;  /* of the provider; NULL: none */
  const AiSink *sink;
  gpointer sink_data;

  /* ---- while it runs ---- */
  AiConfig *config;
  const AiTemplate *template; /* (transfer none), alive with templates */
  AiTemplates *templates;
  GPtrArray *plan; /* of AiRoute*, best first */
  guint position;
  int retries_here;
  GPtrArray *attempts; /* of AiAttempt* that run */
  AiTimer *timer, *deadline;
  char *cache_key;
  gboolean leader; /* others may wait for this one */
  gboolean finished, text_begun, tools_begun, buffered; /* buffered: checks come before the first piece goes out */
  GString *text; /* of the stream so far */
  json_t *stream_tools;
  char *finish_reason;
  json_t *repair; /* messages added for a repair round or a continuation */
  gint64 started_us, at_ms;
  gint refs;
  int last_status;
  char *unfit; /* what a route could not do of what is asked; NULL */
  gint64 saved_nano; /* by the providers' caches */
  gint64 last_wait_ms;
  gboolean restart_next;  /* the next piece begins anew */
  gboolean continued_next; /* the next piece comes from another route, and says so */

  /* ---- the end ---- */
  GError *error;
  json_t *reply;  /* OpenAI form */
  GBytes *raw;    /* the provider's own bytes, where they are the reply */
  AiResponse out; /* what is known of it */
};

AiCall *ai_call_new(AiGateway *gateway); /* (transfer full) */
void ai_call_submit(AiCall *call);       /* any thread */
void ai_call_cancel(AiCall *call);       /* on its loop: the caller left; `done` follows with CANCELLED */
void ai_call_unref(AiCall *call);
AiCall *ai_call_ref(AiCall *call);

/* ---- steps (call.c, attempt.c, finish.c) ---- */
void ai_call_try_next(AiCall *call);
/* Takes the error. */
void ai_call_fail(AiCall *call, GError *error);
void ai_call_fail_new(AiCall *call, AisleErrorCode code, const char *format, ...) G_GNUC_PRINTF(3, 4);
void ai_call_finish(AiCall *call);
/* A complete reply came from `route`; takes it. Checks, repairs or finishes. */
void ai_call_have_reply(AiCall *call, const AiRoute *route, json_t *reply, GBytes *raw);
void ai_call_push_chunk(AiCall *call, json_t *chunk);
/* FALSE: this one must come as a tree. */
gboolean ai_call_push_plain(AiCall *call, const AiChunk *chunk);
void ai_call_verdict(AiCall *call, const char *guard, const char *verdict, const char *detail);
void ai_call_stop_attempts(AiCall *call, const AiAttempt *but);
void ai_attempt_start(AiCall *call, const AiRoute *route);
/* The request as the provider gets it: messages, repair rounds, limits. (transfer full) */
json_t *ai_call_request(const AiCall *call, const AiRoute *route);
/* Upper bound of tokens (bytes; no tokenizer makes more), and what it may cost. */
gint64 ai_tokens_bound(const json_t *chat);
gint64 ai_tokens_estimate(gsize bytes);
void ai_route_cost(const AiConfig *config, const AiRoute *route, const AiUsage *usage, AiAmounts *out);
/* What the provider's cache took off the price, in billionths. */
gint64 ai_route_saved_by_cache(const AiConfig *config, const AiRoute *route, const AiUsage *usage);
/* Cost, in a provider's batch. */
void ai_route_batch_cost(const AiConfig *config, const AiRoute *route, const AiUsage *usage, AiAmounts *out);
/* The most that one attempt at this route may use. */
void ai_call_worst_usage(const AiCall *call, const AiRoute *route, AiUsage *usage);
/* Template, guards and plan, without sending anything; for who sends it in another way. Any thread, before the call is submitted. */
gboolean ai_call_prepare(AiCall *call, GError **error);
/* TRUE: the cache or the record has the answer. After ai_call_prepare(). */
gboolean ai_call_is_known(const AiCall *call);
/* Under which a repetition of this call finds its reply; it has an idempotency text. (transfer full) */
char *ai_call_reply_key(const AiCall *call);
/* Fills reply and what is known of it from the cache, if it is not older. */
gboolean ai_call_take_cached(AiCall *call, gint64 oldest_ms, AiCacheOutcome outcome);
/* Best first. (transfer full) */
GPtrArray *ai_route_plan(const AiConfig *config, const AiLogical *logical, AiComplexity complexity, const AiAccount *account, const char *region);
