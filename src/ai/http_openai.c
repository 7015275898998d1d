/* The OpenAI API. */
#include <string.h>

#include "ai/http_private.h"

json_t *http_body(AiHttpRequest *request) {
  g_autoptr(GError) error = NULL;
  json_t *json = json_parse(request->body->len > 0 ? (const char *)request->body->data : "", request->body->len, &error);
  if (json_is_object(json)) return json;
  json_decref(json);
  http_reply_refusal(request, 400, "invalid_request_error", "bad_json", error != NULL ? error->message : "the body must be a JSON object");
  return NULL;
}

void http_submit(AiHttpRequest *request, AiCall *call, const AiSink *sink) {
  call->parts = request->on->parts;
  call->sink = sink;
  call->sink_data = request;
  request->call = ai_call_ref(call);
  ai_call_submit(call);
}

/* ---- chat ---- */

static void stream_json(AiHttpRequest *request, const json_t *json) {
  g_autoptr(GString) text = g_string_sized_new(512);
  json_append(text, json, JSON_PLAIN);
  http_event(request, NULL, text->str, text->len);
}

static void chat_chunk(AiCall *call, json_t *chunk, const char *text, gboolean restarted, gpointer data) {
  (void)text;
  (void)restarted;
  AiHttpRequest *request = data;
  if (request == NULL) return;
  /* One id and one model for the whole stream, whoever wrote its parts. */
  json_object_set_new(chunk, "id", json_string(call->out.id));
  json_object_set_new(chunk, "model", json_string(call->logical));
  stream_json(request, chunk);
}

static char *json_text(const char *text) {
  GString *out = g_string_sized_new(64);
  json_append_string(out, text, -1);
  return g_string_free(out, FALSE);
}

static void chat_plain(AiCall *call, const AiChunk *chunk, gpointer data) {
  AiHttpRequest *request = data;
  if (request == NULL) return;
  if (request->line == NULL) {
    request->line = g_string_sized_new(512);
    request->stream_id = json_text(call->out.id);
    request->stream_model = json_text(call->logical);
  }
  g_string_truncate(request->line, 0);
  ai_chunk_append(chunk, request->stream_id, request->stream_model, request->line);
  http_event(request, NULL, request->line->str, request->line->len);
}

static void end_stream(AiCall *call, AiHttpRequest *request) {
  if (call->error != NULL) {
    g_autoptr(json_t) failure = http_error_json(call->error);
    stream_json(request, failure);
  } else if (request->include_usage) {
    g_autoptr(json_t) last = json_pack("{s:s, s:s, s:I, s:s, s:[], s:o}", "id", call->out.id, "object", "chat.completion.chunk", "created",
                                       (json_int_t)(call->at_ms / 1000), "model", call->logical, "choices", "usage", ai_usage_json(&call->out.usage));
    stream_json(request, last);
  }
  http_event(request, NULL, "[DONE]", 6);
  http_stream_end(request);
}

static void chat_done(AiCall *call, gpointer data) {
  AiHttpRequest *request = data;
  if (request == NULL) return;
  if (call->stream && (request->streaming || call->error == NULL)) {
    end_stream(call, request);
  } else if (call->error != NULL) {
    http_reply_error(request, call->error, call->out.retry_after_ms);
  } else if (call->raw != NULL) {
    request->bytes = g_bytes_ref(call->raw);
    request->media_type = "application/json";
    request->status = 200;
    http_reply(request);
  } else {
    http_reply_json(request, 200, json_incref(call->reply));
  }
}

static const AiSink CHAT = {.chunk = chat_chunk, .done = chat_done, .plain = chat_plain, .told_first = TRUE};

static void take_account(AiCall *call, AiHttpRequest *request) {
  call->account = request->account;
  request->account = (AiAccount){0};
  call->scope_key = g_steal_pointer(&request->scope_key);
  call->region = g_steal_pointer(&request->region);
  call->allowed_models = g_steal_pointer(&request->models);
  call->no_cache = g_strcmp0(http_header(request, "X-Aisle-Cache"), "no") == 0;
}

static gboolean check_chat(AiHttpRequest *request, const json_t *chat) {
  const char *wrong = json_get_string(chat, "model") == NULL                        ? "model must be text"
                      : json_array_size(json_object_get(chat, "messages")) == 0     ? "messages must be a list that is not empty"
                                                                                    : NULL;
  json_t *message;
  gsize index;
  json_array_foreach(json_object_get(chat, "messages"), index, message) {
    if (json_get_string(message, "role") == NULL) wrong = "every message needs a role";
  }
  gint64 most = json_get_int(chat, "max_completion_tokens", json_get_int(chat, "max_tokens", 1)), n = json_get_int(chat, "n", 1);
  if (most < 1 || most > 1 << 24 || n < 1 || n > 128) wrong = "max_tokens or n is out of bounds";
  if (wrong == NULL) return TRUE;
  http_reply_refusal(request, 400, "invalid_request_error", "invalid_argument", wrong);
  return FALSE;
}

void http_chat(AiHttpRequest *request) {
  json_t *chat = http_body(request);
  if (chat == NULL || !check_chat(request, chat)) {
    json_decref(chat);
    return;
  }
  AiCall *call = ai_call_new(request->on->gateway);
  call->chat = chat;
  call->logical = g_strdup(json_get_string(chat, "model"));
  call->stream = json_get_bool(chat, "stream", FALSE);
  request->include_usage = json_get_bool(json_object_get(chat, "stream_options"), "include_usage", FALSE);
  /* Known to everyone who speaks this API as text that only grows: a broken stream is written on, never begun anew. */
  call->when_broken = AI_BROKEN_CONTINUE;
  take_account(call, request);
  gboolean any_json;
  const json_t *schema = ai_response_schema(chat, &any_json);
  if (schema != NULL) call->schema = json_incref((json_t *)schema);
  /* A stream of any JSON is not held back for the sake of its last brace. */
  else if (any_json && !call->stream) call->schema = json_pack("{s:s}", "type", "object");
  http_submit(request, call, &CHAT);
}

/* ---- embeddings ---- */

/* The official clients ask for base64 unless told otherwise. */
static void encode_vectors(json_t *reply) {
  json_t *item, *value;
  gsize i, j;
  json_array_foreach(json_object_get(reply, "data"), i, item) {
    json_t *vector = json_object_get(item, "embedding");
    gsize n = json_array_size(vector);
    if (!json_is_array(vector)) continue;
    g_autofree float *floats = g_new(float, MAX(n, 1));
    json_array_foreach(vector, j, value) floats[j] = (float)json_number_value(value);
    g_autofree char *text = g_base64_encode((const guchar *)floats, n * sizeof(float));
    json_object_set_new(item, "embedding", json_string(text));
  }
}

static void embed_done(AiCall *call, gpointer data) {
  AiHttpRequest *request = data;
  if (request == NULL) return;
  if (call->error != NULL) {
    http_reply_error(request, call->error, call->out.retry_after_ms);
    return;
  }
  json_t *reply = json_deep_copy(call->reply);
  json_object_set_new(reply, "model", json_string(call->logical));
  if (request->include_usage) encode_vectors(reply);
  http_reply_json(request, 200, reply);
}

void http_embeddings(AiHttpRequest *request) {
  static const AiSink EMBED = {.done = embed_done, .told_first = TRUE};
  json_t *body = http_body(request);
  if (body == NULL) return;
  const json_t *input = json_object_get(body, "input");
  if (json_get_string(body, "model") == NULL || !(json_is_string(input) || json_array_size(input) > 0)) {
    json_decref(body);
    http_reply_refusal(request, 400, "invalid_request_error", "invalid_argument", "model and input must be given");
    return;
  }
  AiCall *call = ai_call_new(request->on->gateway);
  call->operation = AI_OPERATION_EMBED;
  call->logical = g_strdup(json_get_string(body, "model"));
  /* Here: whether the vectors go out in base64. */
  request->include_usage = g_strcmp0(json_get_string(body, "encoding_format"), "base64") == 0;
  json_object_set_new(body, "encoding_format", json_string("float"));
  call->chat = body;
  take_account(call, request);
  http_submit(request, call, &EMBED);
}

void http_models(AiHttpRequest *request) {
  AiConfig *config = ai_gateway_config(request->on->gateway);
  json_t *data = json_array();
  g_autoptr(GList) names = g_list_sort(g_hash_table_get_keys(config->models), (GCompareFunc)(void (*)(void))strcmp);
  for (GList *name = names; name != NULL; name = name->next) {
    if (request->models != NULL && !g_strv_contains((const char *const *)request->models, name->data)) continue;
    json_array_append_new(data, json_pack("{s:s, s:s, s:i, s:s}", "id", name->data, "object", "model", "created", 0, "owned_by", "aisle"));
  }
  ai_config_unref(config);
  http_reply_json(request, 200, json_pack("{s:s, s:o}", "object", "list", "data", data));
}
