/*
 * Anthropic Messages, as the vendor's own client speaks it now (version 2026-10-21: the key as a bearer token, no sampling
 * parameters); with api_version 2023-06-01 as servers that follow the older form want it (x-api-key, temperature, top_p).
 */
#include <string.h>

#include "ai/provider.h"

#define API_VERSION "2026-10-21"
#define FIRST_BEARER_VERSION "2026"

static char *url(const AiRoute *route, AiOperation operation, gboolean stream) {
  (void)operation;
  (void)stream;
  return g_strconcat(route->provider->url, g_str_has_suffix(route->provider->url, "/v1") ? "/messages" : "/v1/messages", NULL);
}

static gboolean is_older(const AiRoute *route) {
  return route->provider->api_version != NULL && strcmp(route->provider->api_version, FIRST_BEARER_VERSION) < 0;
}

static void headers(const AiRoute *route, GPtrArray *lines) {
  const char *version = route->provider->api_version != NULL ? route->provider->api_version : API_VERSION;
  g_ptr_array_add(lines, g_strconcat("anthropic-version: ", version, NULL));
  if (route->provider->key != NULL) g_ptr_array_add(lines, g_strconcat(is_older(route) ? "x-api-key: " : "Authorization: Bearer ", route->provider->key, NULL));
}

/* ---- request ---- */

static json_t *text_block(const char *text) {
  return json_pack("{s:s, s:s}", "type", "text", "text", text);
}

/* Messages of one role in a row become one. Takes `block`. */
static void add_block(json_t *messages, const char *role, json_t *block) {
  json_t *last = json_array_get(messages, json_array_size(messages) - 1);
  if (json_array_size(messages) == 0 || strcmp(json_get_string(last, "role"), role) != 0) {
    last = json_pack("{s:s, s:[]}", "role", role, "content");
    json_array_append_new(messages, last);
  }
  json_array_append_new(json_object_get(last, "content"), block);
}

static gboolean add_part(json_t *messages, const char *role, const json_t *part, GError **error) {
  const char *type = json_get_string(part, "type"), *text = json_get_string(part, "text");
  if (g_strcmp0(type, "text") == 0 && text != NULL) {
    if (*text != '\0') add_block(messages, role, text_block(text));
    return TRUE;
  }
  const char *address = json_get_string(json_object_get(part, "image_url"), "url"), *base64;
  g_autofree char *media_type = NULL;
  if (address != NULL && ai_data_url(address, &media_type, &base64)) {
    add_block(messages, role, json_pack("{s:s, s:{s:s, s:s, s:s}}", "type", "image", "source", "type", "base64", "media_type", media_type, "data", base64));
  } else if (address != NULL) {
    add_block(messages, role, json_pack("{s:s, s:{s:s, s:s}}", "type", "image", "source", "type", "url", "url", address));
  } else {
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_UNSUPPORTED, "this provider takes no message part of type '%.40s'", type != NULL ? type : "");
    return FALSE;
  }
  return TRUE;
}

static gboolean add_content(json_t *messages, const char *role, const json_t *content, GError **error) {
  gsize index;
  json_t *part;
  const char *text = json_string_value(content);
  if (text != NULL && *text != '\0') add_block(messages, role, text_block(text));
  json_array_foreach((json_t *)content, index, part) {
    if (!add_part(messages, role, part, error)) return FALSE;
  }
  return TRUE;
}

static void add_tool_calls(json_t *messages, const json_t *calls) {
  gsize index;
  json_t *call;
  json_array_foreach((json_t *)calls, index, call) {
    const json_t *function = json_object_get(call, "function");
    const char *arguments = json_get_string(function, "arguments"), *id = json_get_string(call, "id"), *name = json_get_string(function, "name");
    json_t *input = arguments != NULL ? json_parse(arguments, strlen(arguments), NULL) : NULL;
    if (!json_is_object(input)) {
      json_decref(input);
      input = json_object();
    }
    add_block(messages, "assistant", json_pack("{s:s, s:s, s:s, s:o}", "type", "tool_use", "id", id != NULL ? id : "", "name", name != NULL ? name : "", "input", input));
  }
}

static gboolean add_message(const json_t *message, json_t *system, json_t *messages, GError **error) {
  const char *role = json_get_string(message, "role");
  const json_t *content = json_object_get(message, "content");
  if (g_strcmp0(role, "system") == 0 || g_strcmp0(role, "developer") == 0) {
    g_autofree char *text = ai_content_text(content);
    if (text != NULL && *text != '\0') json_array_append_new(system, text_block(text));
    return TRUE;
  }
  if (g_strcmp0(role, "tool") == 0) {
    g_autofree char *text = ai_content_text(content);
    const char *id = json_get_string(message, "tool_call_id");
    add_block(messages, "user", json_pack("{s:s, s:s, s:s}", "type", "tool_result", "tool_use_id", id != NULL ? id : "", "content", text != NULL ? text : ""));
    return TRUE;
  }
  if (!add_content(messages, g_strcmp0(role, "assistant") == 0 ? "assistant" : "user", content, error)) return FALSE;
  add_tool_calls(messages, json_object_get(message, "tool_calls"));
  return TRUE;
}

static void add_tools(const json_t *chat, json_t *native) {
  json_t *tools = json_object_get(chat, "tools"), *tool, *list = json_array();
  const json_t *choice = json_object_get(chat, "tool_choice");
  gsize index;
  json_array_foreach(tools, index, tool) {
    const json_t *function = json_object_get(tool, "function");
    json_t *parameters = json_object_get(function, "parameters"), *entry = json_object();
    json_object_set(entry, "name", json_object_get(function, "name"));
    if (json_is_string(json_object_get(function, "description"))) json_object_set(entry, "description", json_object_get(function, "description"));
    if (json_is_object(parameters)) json_object_set(entry, "input_schema", parameters);
    else json_object_set_new(entry, "input_schema", json_pack("{s:s}", "type", "object"));
    json_array_append_new(list, entry);
  }
  if (json_array_size(list) == 0) {
    json_decref(list);
    return;
  }
  json_object_set_new(native, "tools", list);
  const char *word = json_string_value(choice), *named = json_get_string(json_object_get(choice, "function"), "name");
  json_t *native_choice = named != NULL ? json_pack("{s:s, s:s}", "type", "tool", "name", named)
                                        : json_pack("{s:s}", "type", g_strcmp0(word, "required") == 0 ? "any" : g_strcmp0(word, "none") == 0 ? "none" : "auto");
  if (json_is_false(json_object_get(chat, "parallel_tool_calls")) && g_strcmp0(word, "none") != 0)
    json_object_set_new(native_choice, "disable_parallel_tool_use", json_true());
  json_object_set_new(native, "tool_choice", native_choice);
}

static void add_sampling(const AiRoute *route, const json_t *chat, json_t *native) {
  const json_t *temperature = json_object_get(chat, "temperature");
  if (json_is_number(temperature)) json_object_set_new(native, "temperature", json_real(MIN(1.0, json_number_value(temperature))));
  else if (route->temperature >= 0) json_object_set_new(native, "temperature", json_real(MIN(1.0, route->temperature)));
  if (json_is_number(json_object_get(chat, "top_p"))) json_object_set(native, "top_p", json_object_get(chat, "top_p"));
}

static void add_parameters(const AiRoute *route, const json_t *chat, json_t *native) {
  const json_t *stop = json_object_get(chat, "stop");
  if (is_older(route)) add_sampling(route, chat, native);
  if (json_is_string(stop)) json_object_set_new(native, "stop_sequences", json_pack("[O]", stop));
  else if (json_is_array(stop)) json_object_set(native, "stop_sequences", (json_t *)stop);
  gboolean any_json;
  const json_t *schema = ai_response_schema(chat, &any_json);
  if (schema != NULL) json_object_set_new(native, "output_config", json_pack("{s:{s:s, s:O}}", "format", "type", "json_schema", "schema", schema));
  const char *user = json_get_string(chat, "user");
  if (user != NULL) json_object_set_new(native, "metadata", json_pack("{s:s}", "user_id", user));
}

/* The static beginning is what the provider may keep (in its order: tools, system, messages): the hint stands at its end. */
static void hint_cache(json_t *native) {
  const json_t *system = json_object_get(native, "system"), *tools = json_object_get(native, "tools"), *last = json_array_size(system) > 0 ? system : tools;
  if (json_array_size(last) > 0) json_object_set_new(json_array_get(last, json_array_size(last) - 1), "cache_control", json_pack("{s:s}", "type", "ephemeral"));
  if (json_array_size(system) == 0) json_object_del(native, "system");
}

static json_t *request(const AiRoute *route, const json_t *chat, gboolean stream, GError **error) {
  if (!ai_refuse_fields(chat, "logprobs top_logprobs logit_bias functions audio modalities", error)) return NULL;
  g_autoptr(json_t) native = json_object();
  json_t *system = json_array(), *messages = json_array(), *message;
  json_object_set_new(native, "model", json_string(route->model));
  json_object_set_new(native, "messages", messages);
  json_object_set_new(native, "system", system);
  gsize index;
  json_array_foreach(json_object_get(chat, "messages"), index, message) {
    if (!add_message(message, system, messages, error)) return NULL;
  }
  gboolean any_json;
  if (ai_response_schema(chat, &any_json) == NULL && any_json) json_array_append_new(system, text_block("Answer with one JSON object and nothing else."));
  gint64 most = json_get_int(chat, "max_completion_tokens", json_get_int(chat, "max_tokens", route->max_output));
  json_object_set_new(native, "max_tokens", json_integer(most));
  add_tools(chat, native);
  hint_cache(native);
  add_parameters(route, chat, native);
  if (stream) json_object_set_new(native, "stream", json_true());
  return g_steal_pointer(&native);
}

/* ---- reply ---- */

static const char *finish_reason(const char *reason) {
  static const char *const NAMES[][2] = {{"end_turn", "stop"},   {"stop_sequence", "stop"}, {"max_tokens", "length"},
                                         {"tool_use", "tool_calls"}, {"refusal", "content_filter"},
                                         {"model_context_window_exceeded", "length"}, {"pause_turn", "stop"}};
  for (guint i = 0; i < G_N_ELEMENTS(NAMES); i++)
    if (g_strcmp0(reason, NAMES[i][0]) == 0) return NAMES[i][1];
  return "stop";
}

/* Their input_tokens leave out what the cache had or took; OpenAI's prompt_tokens hold all. */
static void read_usage(const json_t *usage, AiUsage *out) {
  gint64 read = MAX(0, json_get_int(usage, "cache_read_input_tokens", 0)), written = MAX(0, json_get_int(usage, "cache_creation_input_tokens", 0));
  if (json_is_integer(json_object_get(usage, "input_tokens"))) {
    out->input_tokens = MAX(0, json_get_int(usage, "input_tokens", 0)) + read + written;
    out->cached_tokens = read;
    out->written_tokens = written;
  }
  out->output_tokens = MAX(0, json_get_int(usage, "output_tokens", out->output_tokens));
}

static json_t *response(const AiRoute *route, const json_t *native, GError **error) {
  json_t *blocks = json_object_get(native, "content"), *block;
  if (!json_is_array(blocks)) {
    g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_UPSTREAM, "the provider's reply has no content");
    return NULL;
  }
  g_autoptr(GString) text = g_string_new(NULL);
  json_t *calls = json_array();
  gsize index;
  json_array_foreach(blocks, index, block) {
    const char *type = json_get_string(block, "type"), *piece = json_get_string(block, "text");
    if (g_strcmp0(type, "text") == 0 && piece != NULL) g_string_append(text, piece);
    if (g_strcmp0(type, "tool_use") != 0) continue;
    const char *id = json_get_string(block, "id"), *name = json_get_string(block, "name");
    const json_t *input = json_object_get(block, "input");
    g_autofree char *arguments = input != NULL ? json_to_text(input, JSON_PLAIN) : g_strdup("{}");
    json_array_append_new(calls, ai_tool_call_json(id != NULL ? id : "", name != NULL ? name : "", arguments));
  }
  json_t *message = json_pack("{s:s, s:s}", "role", "assistant", "content", text->str);
  if (json_array_size(calls) > 0) json_object_set(message, "tool_calls", calls);
  if (json_array_size(calls) > 0 && text->len == 0) json_object_set_new(message, "content", json_null());
  json_decref(calls);
  AiUsage usage = {0};
  read_usage(json_object_get(native, "usage"), &usage);
  const char *id = json_get_string(native, "id");
  return ai_reply_json(route, id != NULL ? id : "msg", message, finish_reason(json_get_string(native, "stop_reason")), &usage);
}

/* ---- stream ---- */

static void start_block(AiStream *stream, const json_t *data) {
  const json_t *block = json_object_get(data, "content_block");
  guint number = (guint)CLAMP(json_get_int(data, "index", 0), 0, 1023);
  if (stream->tool_index == NULL) stream->tool_index = g_array_new(FALSE, FALSE, sizeof(int));
  int none = -1;
  while (stream->tool_index->len <= number) g_array_append_val(stream->tool_index, none);
  if (g_strcmp0(json_get_string(block, "type"), "tool_use") != 0) return;
  int index = g_array_index(stream->tool_index, int, number) = stream->tool_calls++;
  const char *id = json_get_string(block, "id"), *name = json_get_string(block, "name");
  json_t *call = ai_tool_call_json(id != NULL ? id : "", name != NULL ? name : "", "");
  json_object_set_new(call, "index", json_integer(index));
  ai_stream_push(stream, json_pack("{s:[o]}", "tool_calls", call), NULL);
}

static void take_delta(AiStream *stream, const json_t *data) {
  const json_t *delta = json_object_get(data, "delta");
  const char *text = json_get_string(delta, "text"), *piece = json_get_string(delta, "partial_json");
  gint64 number = json_get_int(data, "index", 0);
  int index = stream->tool_index != NULL && number >= 0 && number < stream->tool_index->len ? g_array_index(stream->tool_index, int, number) : -1;
  if (text != NULL) ai_stream_push(stream, json_pack("{s:s}", "content", text), NULL);
  else if (piece != NULL && index >= 0)
    ai_stream_push(stream, json_pack("{s:[{s:i, s:{s:s}}]}", "tool_calls", "index", index, "function", "arguments", piece), NULL);
}

static gboolean event(AiStream *stream, const json_t *data) {
  const char *type = json_get_string(data, "type");
  if (type == NULL) return FALSE;
  if (strcmp(type, "message_start") == 0) {
    const json_t *message = json_object_get(data, "message");
    g_free(stream->id);
    stream->id = g_strdup(json_get_string(message, "id"));
    read_usage(json_object_get(message, "usage"), &stream->usage);
  } else if (strcmp(type, "content_block_start") == 0) {
    start_block(stream, data);
  } else if (strcmp(type, "content_block_delta") == 0) {
    take_delta(stream, data);
  } else if (strcmp(type, "message_delta") == 0) {
    read_usage(json_object_get(data, "usage"), &stream->usage);
    stream->have_usage = TRUE;
    const char *reason = json_get_string(json_object_get(data, "delta"), "stop_reason");
    if (reason != NULL) ai_stream_push(stream, json_object(), finish_reason(reason));
  } else if (strcmp(type, "message_stop") == 0) {
    stream->finished = TRUE;
  } else if (strcmp(type, "error") == 0) {
    const char *text = json_get_string(json_object_get(data, "error"), "message");
    stream->error = g_strdup(text != NULL ? text : "error in the stream");
    stream->error_retryable = TRUE;
  }
  return TRUE;
}

static json_t *embed(const AiRoute *route, const json_t *json, GError **error) {
  (void)route;
  (void)json;
  g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_UNSUPPORTED, "this provider has no embeddings; route them to another");
  return NULL;
}

const AiProvider ai_provider_anthropic = {.name = "anthropic",
                                          .url = url,
                                          .headers = headers,
                                          .request = request,
                                          .response = response,
                                          .event = event,
                                          .embed_request = embed,
                                          .embed_response = embed};
