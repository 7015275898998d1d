/* Google Gemini: generateContent, streamGenerateContent?alt=sse, batchEmbedContents (v1beta). */
#include <string.h>

#include "ai/provider.h"

static char *url(const AiRoute *route, AiOperation operation, gboolean stream) {
  const char *verb = operation == AI_OPERATION_EMBED ? "batchEmbedContents" : stream ? "streamGenerateContent?alt=sse" : "generateContent";
  g_autofree char *model = g_uri_escape_string(route->model, NULL, FALSE);
  return g_strdup_printf("%s/models/%s:%s", route->provider->url, model, verb);
}

static void headers(const AiRoute *route, GPtrArray *lines) {
  if (route->provider->key != NULL) g_ptr_array_add(lines, g_strconcat("x-goog-api-key: ", route->provider->key, NULL));
}

/* ---- request ---- */

/* Contents of one role in a row become one. Takes `part`. */
static void add_part(json_t *contents, const char *role, json_t *part) {
  json_t *last = json_array_get(contents, json_array_size(contents) - 1);
  if (json_array_size(contents) == 0 || strcmp(json_get_string(last, "role"), role) != 0) {
    last = json_pack("{s:s, s:[]}", "role", role, "parts");
    json_array_append_new(contents, last);
  }
  json_array_append_new(json_object_get(last, "parts"), part);
}

static gboolean add_content(json_t *contents, const char *role, const json_t *content, GError **error) {
  const char *text = json_string_value(content);
  if (text != NULL && *text != '\0') add_part(contents, role, json_pack("{s:s}", "text", text));
  gsize index;
  json_t *part;
  json_array_foreach((json_t *)content, index, part) {
    const char *piece = json_get_string(part, "text"), *address = json_get_string(json_object_get(part, "image_url"), "url"), *base64;
    g_autofree char *media_type = NULL;
    if (piece != NULL) {
      add_part(contents, role, json_pack("{s:s}", "text", piece));
    } else if (ai_data_url(address, &media_type, &base64)) {
      add_part(contents, role, json_pack("{s:{s:s, s:s}}", "inlineData", "mimeType", media_type, "data", base64));
    } else {
      g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_UNSUPPORTED, "this provider takes text and images given as data: URLs");
      return FALSE;
    }
  }
  return TRUE;
}

static json_t *parsed_object(const char *text) {
  json_t *object = text != NULL ? json_parse(text, strlen(text), NULL) : NULL;
  if (json_is_object(object)) return object;
  json_decref(object);
  return NULL;
}

/* A call's signature of thought must come back with it; it travels where Google's own OpenAI form has it. */
static void add_tool_calls(json_t *contents, const json_t *calls, GHashTable *names) {
  gsize index;
  json_t *call;
  json_array_foreach((json_t *)calls, index, call) {
    const json_t *function = json_object_get(call, "function");
    const char *id = json_get_string(call, "id"), *name = json_get_string(function, "name");
    json_t *arguments = parsed_object(json_get_string(function, "arguments"));
    if (id != NULL && name != NULL) g_hash_table_replace(names, (gpointer)id, (gpointer)name);
    json_t *part = json_pack("{s:{s:s, s:o}}", "functionCall", "name", name != NULL ? name : "", "args", arguments != NULL ? arguments : json_object());
    const char *signature = json_get_string(json_object_get(json_object_get(call, "extra_content"), "google"), "thought_signature");
    if (signature != NULL) json_object_set_new(part, "thoughtSignature", json_string(signature));
    add_part(contents, "model", part);
  }
}

static void add_tool_result(json_t *contents, const json_t *message, GHashTable *names) {
  const char *id = json_get_string(message, "tool_call_id");
  const char *name = id != NULL ? g_hash_table_lookup(names, id) : NULL;
  g_autofree char *text = ai_content_text(json_object_get(message, "content"));
  json_t *result = parsed_object(text);
  if (result == NULL) result = json_pack("{s:s}", "result", text != NULL ? text : "");
  add_part(contents, "user", json_pack("{s:{s:s, s:o}}", "functionResponse", "name", name != NULL ? name : "function", "response", result));
}

static gboolean add_message(const json_t *message, json_t *system, json_t *contents, GHashTable *names, GError **error) {
  const char *role = json_get_string(message, "role");
  const json_t *content = json_object_get(message, "content");
  if (g_strcmp0(role, "system") == 0 || g_strcmp0(role, "developer") == 0) {
    g_autofree char *text = ai_content_text(content);
    if (text != NULL && *text != '\0') json_array_append_new(system, json_pack("{s:s}", "text", text));
    return TRUE;
  }
  if (g_strcmp0(role, "tool") == 0) {
    add_tool_result(contents, message, names);
    return TRUE;
  }
  if (!add_content(contents, g_strcmp0(role, "assistant") == 0 ? "model" : "user", content, error)) return FALSE;
  add_tool_calls(contents, json_object_get(message, "tool_calls"), names);
  return TRUE;
}

static void add_tools(const json_t *chat, json_t *native) {
  json_t *tools = json_object_get(chat, "tools"), *tool, *list = json_array();
  const json_t *choice = json_object_get(chat, "tool_choice");
  gsize index;
  json_array_foreach(tools, index, tool) {
    const json_t *function = json_object_get(tool, "function");
    json_t *entry = json_object();
    json_object_set(entry, "name", json_object_get(function, "name"));
    if (json_is_string(json_object_get(function, "description"))) json_object_set(entry, "description", json_object_get(function, "description"));
    if (json_is_object(json_object_get(function, "parameters"))) json_object_set(entry, "parametersJsonSchema", json_object_get(function, "parameters"));
    json_array_append_new(list, entry);
  }
  if (json_array_size(list) > 0) {
    const char *word = json_string_value(choice), *named = json_get_string(json_object_get(choice, "function"), "name");
    const char *mode = named != NULL || g_strcmp0(word, "required") == 0 ? "ANY" : g_strcmp0(word, "none") == 0 ? "NONE" : "AUTO";
    json_t *calling = json_pack("{s:s}", "mode", mode);
    if (named != NULL) json_object_set_new(calling, "allowedFunctionNames", json_pack("[s]", named));
    json_object_set_new(native, "tools", json_pack("[{s:O}]", "functionDeclarations", list));
    json_object_set_new(native, "toolConfig", json_pack("{s:o}", "functionCallingConfig", calling));
  }
  json_decref(list);
}

static json_t *generation(const AiRoute *route, const json_t *chat) {
  json_t *config = json_object();
  const json_t *stop = json_object_get(chat, "stop");
  static const char *const SAME[][2] = {{"temperature", "temperature"}, {"top_p", "topP"}, {"seed", "seed"},
                                        {"presence_penalty", "presencePenalty"}, {"frequency_penalty", "frequencyPenalty"}};
  if (route->temperature >= 0) json_object_set_new(config, "temperature", json_real(route->temperature));
  for (guint i = 0; i < G_N_ELEMENTS(SAME); i++)
    if (json_is_number(json_object_get(chat, SAME[i][0]))) json_object_set(config, SAME[i][1], json_object_get(chat, SAME[i][0]));
  gint64 most = json_get_int(chat, "max_completion_tokens", json_get_int(chat, "max_tokens", 0));
  if (most > 0) json_object_set_new(config, "maxOutputTokens", json_integer(most));
  if (json_is_string(stop)) json_object_set_new(config, "stopSequences", json_pack("[O]", stop));
  else if (json_is_array(stop)) json_object_set(config, "stopSequences", (json_t *)stop);
  gboolean any_json;
  const json_t *schema = ai_response_schema(chat, &any_json);
  if (any_json) json_object_set_new(config, "responseMimeType", json_string("application/json"));
  if (schema != NULL) json_object_set(config, "responseJsonSchema", (json_t *)schema);
  return config;
}

static json_t *request(const AiRoute *route, const json_t *chat, gboolean stream, GError **error) {
  (void)stream;
  if (!ai_refuse_fields(chat, "logprobs top_logprobs logit_bias functions audio modalities", error)) return NULL;
  g_autoptr(json_t) native = json_object();
  g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
  g_autoptr(json_t) system = json_array();
  json_t *contents = json_array(), *message;
  json_object_set_new(native, "contents", contents);
  gsize index;
  json_array_foreach(json_object_get(chat, "messages"), index, message) {
    if (!add_message(message, system, contents, names, error)) return NULL;
  }
  if (json_array_size(system) > 0) json_object_set_new(native, "systemInstruction", json_pack("{s:O}", "parts", system));
  add_tools(chat, native);
  json_object_set_new(native, "generationConfig", generation(route, chat));
  return g_steal_pointer(&native);
}

/* ---- reply ---- */

static const char *finish_reason(const char *reason, gboolean has_calls) {
  if (g_strcmp0(reason, "STOP") == 0 || reason == NULL) return has_calls ? "tool_calls" : "stop";
  if (strcmp(reason, "MAX_TOKENS") == 0) return "length";
  static const char *const REFUSED[] = {"SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY", "LANGUAGE", "MODEL_ARMOR"};
  for (guint i = 0; i < G_N_ELEMENTS(REFUSED); i++)
    if (strcmp(reason, REFUSED[i]) == 0) return "content_filter";
  return "stop";
}

static gboolean read_usage(const json_t *native, AiUsage *out) {
  const json_t *usage = json_object_get(native, "usageMetadata");
  if (!json_is_object(usage)) return FALSE;
  out->input_tokens = MAX(0, json_get_int(usage, "promptTokenCount", 0));
  out->cached_tokens = MAX(0, json_get_int(usage, "cachedContentTokenCount", 0));
  out->output_tokens = MAX(0, json_get_int(usage, "candidatesTokenCount", 0)) + MAX(0, json_get_int(usage, "thoughtsTokenCount", 0));
  return TRUE;
}

/* (transfer full) */
static json_t *call_of(const json_t *part, int number) {
  const json_t *function = json_object_get(part, "functionCall"), *arguments = json_object_get(function, "args");
  const char *name = json_get_string(function, "name"), *given = json_get_string(function, "id");
  const char *signature = json_get_string(part, "thoughtSignature");
  g_autofree char *text = arguments != NULL ? json_to_text(arguments, JSON_PLAIN) : g_strdup("{}");
  g_autofree char *id = given != NULL && *given != '\0' ? g_strdup(given) : g_strdup_printf("call_%d_%08x", number, g_random_int());
  json_t *call = ai_tool_call_json(id, name != NULL ? name : "", text);
  if (signature != NULL) json_object_set_new(call, "extra_content", json_pack("{s:{s:s}}", "google", "thought_signature", signature));
  return call;
}

static json_t *response(const AiRoute *route, const json_t *native, GError **error) {
  const json_t *candidate = json_array_get(json_object_get(native, "candidates"), 0);
  const char *blocked = json_get_string(json_object_get(native, "promptFeedback"), "blockReason");
  if (!json_is_object(candidate) && blocked == NULL) {
    g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_UPSTREAM, "the provider's reply has no candidate");
    return NULL;
  }
  g_autoptr(GString) text = g_string_new(NULL);
  g_autoptr(json_t) calls = json_array();
  json_t *parts = json_object_get(json_object_get(candidate, "content"), "parts"), *part;
  gsize index;
  json_array_foreach(parts, index, part) {
    const char *piece = json_get_string(part, "text");
    if (piece != NULL && !json_get_bool(part, "thought", FALSE)) g_string_append(text, piece);
    if (json_is_object(json_object_get(part, "functionCall"))) json_array_append_new(calls, call_of(part, (int)json_array_size(calls)));
  }
  gboolean any = json_array_size(calls) > 0;
  json_t *message = json_pack("{s:s, s:s}", "role", "assistant", "content", text->str);
  if (any) json_object_set(message, "tool_calls", calls);
  if (any && text->len == 0) json_object_set_new(message, "content", json_null());
  AiUsage usage = {0};
  read_usage(native, &usage);
  const char *id = json_get_string(native, "responseId");
  const char *reason = blocked != NULL ? "content_filter" : finish_reason(json_get_string(candidate, "finishReason"), any);
  return ai_reply_json(route, id != NULL ? id : "gemini", message, reason, &usage);
}

static gboolean event(AiStream *stream, const json_t *data) {
  const json_t *failure = json_object_get(data, "error"), *candidate = json_array_get(json_object_get(data, "candidates"), 0);
  const char *blocked = json_get_string(json_object_get(data, "promptFeedback"), "blockReason");
  if (json_is_object(failure)) {
    const char *text = json_get_string(failure, "message");
    stream->error = g_strdup(text != NULL ? text : "error in the stream");
    stream->error_retryable = TRUE;
    return TRUE;
  }
  if (stream->id == NULL) stream->id = g_strdup(json_get_string(data, "responseId"));
  if (read_usage(data, &stream->usage)) stream->have_usage = TRUE;
  json_t *parts = json_object_get(json_object_get(candidate, "content"), "parts"), *part;
  gsize index;
  json_array_foreach(parts, index, part) {
    const char *piece = json_get_string(part, "text");
    if (piece != NULL && *piece != '\0' && !json_get_bool(part, "thought", FALSE)) ai_stream_push(stream, json_pack("{s:s}", "content", piece), NULL);
    if (!json_is_object(json_object_get(part, "functionCall"))) continue;
    json_t *call = call_of(part, stream->tool_calls);
    json_object_set_new(call, "index", json_integer(stream->tool_calls++));
    ai_stream_push(stream, json_pack("{s:[o]}", "tool_calls", call), NULL);
  }
  const char *reason = json_get_string(candidate, "finishReason");
  if (blocked != NULL || reason != NULL) {
    stream->finished = TRUE;
    ai_stream_push(stream, json_object(), blocked != NULL ? "content_filter" : finish_reason(reason, stream->tool_calls > 0));
  }
  return candidate != NULL || blocked != NULL || stream->have_usage;
}

/* ---- embeddings ---- */

static json_t *embed_request(const AiRoute *route, const json_t *embed, GError **error) {
  (void)error;
  json_t *input = json_object_get(embed, "input"), *requests = json_array(), *text;
  g_autofree char *model = g_strconcat("models/", route->model, NULL);
  g_autoptr(json_t) list = json_is_array(input) ? json_incref(input) : json_pack("[O]", input);
  gsize index;
  json_array_foreach(list, index, text) {
    json_t *item = json_pack("{s:s, s:{s:[{s:O}]}}", "model", model, "content", "parts", "text", text);
    gint64 dimensions = json_get_int(embed, "dimensions", 0);
    if (dimensions > 0) json_object_set_new(item, "outputDimensionality", json_integer(dimensions));
    json_array_append_new(requests, item);
  }
  return json_pack("{s:o}", "requests", requests);
}

static json_t *embed_response(const AiRoute *route, const json_t *native, GError **error) {
  json_t *vectors = json_object_get(native, "embeddings"), *vector, *data = json_array();
  gsize index;
  if (!json_is_array(vectors)) {
    json_decref(data);
    g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_UPSTREAM, "the provider's reply has no vectors");
    return NULL;
  }
  json_array_foreach(vectors, index, vector) {
    json_t *values = json_object_get(vector, "values");
    json_array_append_new(data, json_pack("{s:s, s:I, s:o}", "object", "embedding", "index", (json_int_t)index, "embedding",
                                          values != NULL ? json_incref(values) : json_array()));
  }
  return json_pack("{s:s, s:s, s:o, s:{s:i, s:i}}", "object", "list", "model", route->model, "data", data, "usage", "prompt_tokens", 0, "total_tokens", 0);
}

const AiProvider ai_provider_gemini = {.name = "gemini",
                                       .url = url,
                                       .headers = headers,
                                       .request = request,
                                       .response = response,
                                       .event = event,
                                       .embed_request = embed_request,
                                       .embed_response = embed_response};
