/*
 * Batches of providers: many requests given at once, answered within a day, for less money. One struct of functions per wire
 * format (OpenAI, Azure and Gemini: a file of JSON lines and /batches; Anthropic: /v1/messages/batches). Blocking; each call takes the
 * deadline of its peer. Private to the lane (batch_lane.h), which knows what has to be written down when.
 *
 * Errors: INVALID_ARGUMENT the provider refused it, and nothing came of it; NOT_FOUND; UPSTREAM anything after which it is
 * not known what the provider has done (no answer, a broken one, 5xx, 429); TIMEOUT and CANCELLED of the deadline.
 */
#pragma once
#include "ai/provider.h"
#include "base/http.h"

typedef struct {
  const AiRoute *route;
  HttpClient *http;
  Deadline deadline;
} AiBatchPeer;

typedef struct {
  gboolean over;   /* no more answers will come */
  int percent;
  char *output, *errors; /* files with results; OpenAI */
  char *reason;    /* why it failed as a whole; NULL */
} AiBatchStatus;
void ai_batch_status_clear(AiBatchStatus *status);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(AiBatchStatus, ai_batch_status_clear)

typedef enum {
  AI_BATCH_ANSWERED, /* `native` is the reply */
  AI_BATCH_REFUSED,  /* the request itself was wrong: `reason` */
  AI_BATCH_UNDONE    /* expired, cancelled, or failed on their side: not charged, may be asked in another way */
} AiBatchOutcome;
/* FALSE ends the reading. */
typedef gboolean (*AiBatchResult)(const char *id, AiBatchOutcome outcome, const json_t *native, const char *reason, gpointer data);

/* A batch that was created just when this process, or the answer, was lost. */
typedef struct {
  const char *id; /* ours */
  guint size;
  gint64 since_ms;
  gboolean (*is_taken)(const char *remote, gpointer data); /* another batch of ours has this id */
  gboolean (*is_ours)(const char *custom_id, gpointer data);
  gpointer data;
} AiBatchSought;
typedef enum { AI_BATCH_FOUND, AI_BATCH_NOT_THERE, AI_BATCH_NOT_SURE /* ask again later */, AI_BATCH_ASKING_FAILED } AiBatchFound;

typedef struct {
  /* A request as it stands in the batch; takes `native`. (transfer full) */
  json_t *(*entry)(const AiRoute *route, const char *id, json_t *native);
  /* Puts the requests (lines of JSON) where create() finds them; NULL: they are given with create(). */
  gboolean (*upload)(const AiBatchPeer *peer, const char *id, const GPtrArray *entries, char **file, GError **error);
  gboolean (*create)(const AiBatchPeer *peer, const char *id, const GPtrArray *entries, const char *file, char **remote, GError **error);
  AiBatchFound (*find)(const AiBatchPeer *peer, const AiBatchSought *sought, char **remote, GError **error);
  gboolean (*look)(const AiBatchPeer *peer, const char *remote, AiBatchStatus *status, GError **error);
  gboolean (*read)(const AiBatchPeer *peer, const char *remote, const AiBatchStatus *status, AiBatchResult result, gpointer data, GError **error);
  gboolean (*cancel)(const AiBatchPeer *peer, const char *remote, GError **error);
  /* Deletes there what holds our data; what cannot be deleted stays until the provider deletes it. */
  void (*forget)(const AiBatchPeer *peer, const char *remote, const char *file, const AiBatchStatus *status);
} AiBatchProvider;

extern const AiBatchProvider ai_batch_provider_openai, ai_batch_provider_anthropic, ai_batch_provider_gemini;
const AiBatchProvider *ai_batch_provider_of(const AiRoute *route);

/* ---- for the adapters ---- */
/* Sends to `url`; the reply's JSON. (transfer full) */
json_t *ai_batch_send(const AiBatchPeer *peer, const char *method, const char *url, const char *type, const char *body, gsize length, GError **error);
typedef struct {
  const char *type, *bytes;
  gsize length;
  const char *const *headers; /* more of them, "Name: value", NULL at the end; may be NULL */
} AiBatchBody;
json_t *ai_batch_send_body(const AiBatchPeer *peer, const char *method, const char *url, const AiBatchBody *body, GError **error);
/* The same without reading the answer, for its headers. */
gboolean ai_batch_exchange(const AiBatchPeer *peer, const char *method, const char *url, const AiBatchBody *body, HttpResponse *response, GError **error);
/* Whom an adapter tells what a line of the results is. */
typedef struct {
  AiBatchResult result;
  gpointer data;
} AiBatchReader;
/* Each line of the reply as JSON; FALSE of `line` ends it without an error. */
typedef gboolean (*AiBatchLine)(const json_t *line, gpointer data);
gboolean ai_batch_read_lines(const AiBatchPeer *peer, const char *url, AiBatchLine line, gpointer data, GError **error);
/* Milliseconds since 1970 of an RFC 3339 time; 0: it is none. */
gint64 ai_batch_time_ms(const char *text);
