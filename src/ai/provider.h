/*
 * Providers: one struct of functions per wire format, all to and from the form of the OpenAI chat API, which is the
 * gateway's own. Messages, tools, structured output, usage, stop reasons and errors are mapped both ways; one conformance
 * suite (tests/e2e/test_gateway_providers.py) holds them all to the same. Pure but for the stream's state.
 */
#pragma once
#include "ai/config.h"

typedef enum { AI_OPERATION_CHAT, AI_OPERATION_EMBED } AiOperation;

/* What a streamed answer has told so far. */
typedef struct {
  const AiRoute *route;
  char *id;
  gint64 created;
  GPtrArray *chunks;    /* of json_t*: chunks in OpenAI form that the last event became; whoever feeds takes them */
  gboolean role_sent, finished; /* finished: the provider said that this is all */
  char *error;          /* the provider reported one in the stream */
  gboolean error_retryable;
  AiUsage usage;
  gboolean have_usage;
  GArray *tool_index;   /* of int: block number -> index of the tool call (Anthropic); -1: text */
  int tool_calls;
} AiStream;

typedef struct {
  const char *name;
  gboolean own_form; /* what it sends is in the gateway's form as it is */
  /* (transfer full) */
  char *(*url)(const AiRoute *route, AiOperation operation, gboolean stream);
  /* Appends lines "Name: value" (transfer full). */
  void (*headers)(const AiRoute *route, GPtrArray *lines);
  /* The native request; NULL with UNSUPPORTED or INVALID_ARGUMENT for what the provider cannot do. (transfer full) */
  json_t *(*request)(const AiRoute *route, const json_t *chat, gboolean stream, GError **error);
  /* The reply in OpenAI form; UPSTREAM when it is not what it must be. (transfer full) */
  json_t *(*response)(const AiRoute *route, const json_t *native, GError **error);
  /* One event of a stream; FALSE: it is not what it must be. */
  gboolean (*event)(AiStream *stream, const json_t *data);
  json_t *(*embed_request)(const AiRoute *route, const json_t *embed, GError **error);
  json_t *(*embed_response)(const AiRoute *route, const json_t *native, GError **error);
} AiProvider;

extern const AiProvider ai_provider_openai, ai_provider_azure, ai_provider_anthropic, ai_provider_gemini;
const AiProvider *ai_provider_of(const AiRoute *route);

void ai_stream_init(AiStream *stream, const AiRoute *route);
void ai_stream_clear(AiStream *stream);
/* The provider's message in an error body, of any of the formats; NULL: none. (transfer full) */
char *ai_provider_error_text(const char *bytes, gsize length);
/* For how long an error body asks to be left alone (Google says it there: google.rpc.RetryInfo), in milliseconds; -1: it does not say. */
gint64 ai_provider_retry_ms(const char *bytes, gsize length);
/* Usage in OpenAI form. */
void ai_usage_read(const json_t *usage, AiUsage *out);
json_t *ai_usage_json(const AiUsage *usage); /* (transfer full) */

/* ---- for the adapters ---- */
/* Content of a message, text or parts, as one text; NULL: none. (transfer full) */
char *ai_content_text(const json_t *content);
/* {id, object, created, model, choices: [{index, message, finish_reason}], usage}; takes `message`. (transfer full) */
json_t *ai_reply_json(const AiRoute *route, const char *id, json_t *message, const char *finish_reason, const AiUsage *usage);
/* Appends a chunk; takes `delta`; finish_reason NULL: null. */
void ai_stream_push(AiStream *stream, json_t *delta, const char *finish_reason);
json_t *ai_tool_call_json(const char *id, const char *name, const char *arguments); /* (transfer full) */
/* The schema of response_format json_schema; an empty object for json_object; NULL: free text. (transfer none) */
const json_t *ai_response_schema(const json_t *chat, gboolean *any_json);
/* FALSE with UNSUPPORTED where the request holds a field (of `names`, apart by blanks) that this provider has nothing like: better
 * refused, or answered by another route, than answered as if it had not been asked. */
gboolean ai_refuse_fields(const json_t *chat, const char *names, GError **error);
/* `data:` URLs: media type and base64 part; FALSE for others. */
gboolean ai_data_url(const char *url, char **media_type, const char **base64);
