/* What adapters share, and the two that speak OpenAI's own form. */
#include "ai/provider.h"

#include <string.h>

const AiProvider *ai_provider_of(const AiRoute *route) {
  switch (route->provider->type) {
  case AI_PROVIDER_AZURE: return &ai_provider_azure;
  case AI_PROVIDER_ANTHROPIC: return &ai_provider_anthropic;
  case AI_PROVIDER_GEMINI: return &ai_provider_gemini;
  default: return &ai_provider_openai;
  }
}

void ai_stream_init(AiStream *stream, const AiRoute *route) {
  *stream = (AiStream){.route = route, .created = g_get_real_time() / G_USEC_PER_SEC};
  stream->chunks = g_ptr_array_new_with_free_func((GDestroyNotify)json_decref);
}

void ai_stream_clear(AiStream *stream) {
  if (stream->chunks == NULL) return;
  g_ptr_array_unref(stream->chunks);
  g_clear_pointer(&stream->tool_index, g_array_unref);
  g_free(stream->id);
  g_free(stream->error);
  *stream = (AiStream){0};
}

void ai_usage_read(const json_t *usage, AiUsage *out) {
  out->input_tokens = MAX(0, json_get_int(usage, "prompt_tokens", 0));
  out->output_tokens = MAX(0, json_get_int(usage, "completion_tokens", 0));
  out->cached_tokens = MAX(0, json_get_int(json_object_get(usage, "prompt_tokens_details"), "cached_tokens", 0));
  out->written_tokens = MAX(0, json_get_int(json_object_get(usage, "prompt_tokens_details"), "cache_creation_tokens", 0));
}

json_t *ai_usage_json(const AiUsage *usage) {
  return json_pack("{s:I, s:I, s:I, s:{s:I, s:I}}", "prompt_tokens", (json_int_t)usage->input_tokens, "completion_tokens",
                   (json_int_t)usage->output_tokens, "total_tokens", (json_int_t)(usage->input_tokens + usage->output_tokens),
                   "prompt_tokens_details", "cached_tokens", (json_int_t)usage->cached_tokens, "cache_creation_tokens", (json_int_t)usage->written_tokens);
}

char *ai_content_text(const json_t *content) {
  if (json_is_string(content)) return g_strdup(json_string_value(content));
  if (!json_is_array(content)) return NULL;
  GString *text = g_string_new(NULL);
  gsize index;
  json_t *part;
  json_array_foreach((json_t *)content, index, part) {
    const char *piece = json_get_string(part, "text");
    if (piece == NULL) continue;
    if (text->len > 0) g_string_append_c(text, '\n');
    g_string_append(text, piece);
  }
  return g_string_free(text, FALSE);
}

json_t *ai_reply_json(const AiRoute *route, const char *id, json_t *message, const char *finish_reason, const AiUsage *usage) {
  return json_pack("{s:s, s:s, s:I, s:s, s:[{s:i, s:o, s:s}], s:o}", "id", id, "object", "chat.completion", "created",
                   (json_int_t)(g_get_real_time() / G_USEC_PER_SEC), "model", route->model, "choices", "index", 0, "message", message,
                   "finish_reason", finish_reason, "usage", ai_usage_json(usage));
}

void ai_stream_push(AiStream *stream, json_t *delta, const char *finish_reason) {
  if (!stream->role_sent) json_object_set_new(delta, "role", json_string("assistant"));
  stream->role_sent = TRUE;
  json_t *chunk = json_pack("{s:s, s:s, s:I, s:s, s:[{s:i, s:o, s:s?}]}", "id", stream->id != NULL ? stream->id : "chatcmpl", "object",
                            "chat.completion.chunk", "created", (json_int_t)stream->created, "model", stream->route->model, "choices",
                            "index", 0, "delta", delta, "finish_reason", finish_reason);
  g_ptr_array_add(stream->chunks, chunk);
}

json_t *ai_tool_call_json(const char *id, const char *name, const char *arguments) {
  return json_pack("{s:s, s:s, s:{s:s, s:s}}", "id", id, "type", "function", "function", "name", name, "arguments", arguments);
}

const json_t *ai_response_schema(const json_t *chat, gboolean *any_json) {
  const json_t *format = json_object_get(chat, "response_format");
  const char *type = json_get_string(format, "type");
  *any_json = g_strcmp0(type, "json_schema") == 0 || g_strcmp0(type, "json_object") == 0;
  return g_strcmp0(type, "json_schema") == 0 ? json_object_get(json_object_get(format, "json_schema"), "schema") : NULL;
}

gboolean ai_data_url(const char *url, char **media_type, const char **base64) {
  const char *mark = url != NULL && g_str_has_prefix(url, "data:") ? strstr(url, ";base64,") : NULL;
  if (mark == NULL) return FALSE;
  *media_type = g_strndup(url + 5, (gsize)(mark - url - 5));
  *base64 = mark + 8;
  return TRUE;
}

char *ai_provider_error_text(const char *bytes, gsize length) {
  g_autoptr(json_t) json = json_parse(bytes, length, NULL);
  const json_t *whole = json_is_array(json) ? json_array_get(json, 0) : json;
  const json_t *error = json_object_get(whole, "error");
  const char *text = json_is_string(error) ? json_string_value(error) : json_get_string(error, "message");
  if (text == NULL) text = json_get_string(whole, "message");
  return g_strdup(text);
}

gint64 ai_provider_retry_ms(const char *bytes, gsize length) {
  g_autoptr(json_t) json = json_parse(bytes != NULL ? bytes : "", length, NULL);
  const json_t *whole = json_is_array(json) ? json_array_get(json, 0) : json;
  json_t *details = json_object_get(json_object_get(whole, "error"), "details"), *detail;
  gsize index;
  json_array_foreach(details, index, detail) {
    const char *delay = json_get_string(detail, "retryDelay");
    if (delay == NULL) continue;
    char *end;
    double seconds = g_ascii_strtod(delay, &end);
    if (strcmp(end, "s") == 0 && seconds >= 0 && seconds < 86400) return (gint64)(seconds * 1000);
  }
  return -1;
}

/* Nothing, FALSE, "text" of modalities: what is asked for is what one gets anyway. */
static gboolean asks_for_nothing(const json_t *value) {
  return value == NULL || json_is_null(value) || json_is_false(value) || (json_is_number(value) && json_number_value(value) == 0) ||
         (json_is_array(value) && json_array_size(value) == 0) || (json_is_object(value) && json_object_size(value) == 0) ||
         (json_array_size(value) == 1 && g_strcmp0(json_string_value(json_array_get(value, 0)), "text") == 0);
}

static gboolean has_foreign_tool(const json_t *chat) {
  json_t *tools = json_object_get(chat, "tools"), *tool;
  gsize index;
  json_array_foreach(tools, index, tool) {
    const char *type = json_get_string(tool, "type");
    if (type != NULL && strcmp(type, "function") != 0) return TRUE;
  }
  return FALSE;
}

gboolean ai_refuse_fields(const json_t *chat, const char *names, GError **error) {
  g_auto(GStrv) fields = g_strsplit(names, " ", -1);
  for (guint i = 0; fields[i] != NULL; i++) {
    if (asks_for_nothing(json_object_get(chat, fields[i]))) continue;
    g_set_error(error, AISLE_ERROR, AISLE_ERROR_UNSUPPORTED, "the provider behind this model has no '%s'; leave it out%s", fields[i],
                strcmp(fields[i], "functions") == 0 ? " and give tools" : "");
    return FALSE;
  }
  if (json_get_int(chat, "n", 1) != 1) {
    g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_UNSUPPORTED, "the provider behind this model gives one choice; leave out n");
    return FALSE;
  }
  if (!has_foreign_tool(chat)) return TRUE;
  g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_UNSUPPORTED, "the provider behind this model takes only tools of type function");
  return FALSE;
}

/* ---- OpenAI, and what calls itself compatible ---- */

static char *openai_url(const AiRoute *route, AiOperation operation, gboolean stream) {
  (void)stream;
  return g_strconcat(route->provider->url, operation == AI_OPERATION_CHAT ? "/chat/completions" : "/embeddings", NULL);
}

static void openai_headers(const AiRoute *route, GPtrArray *lines) {
  if (route->provider->key != NULL) g_ptr_array_add(lines, g_strconcat("Authorization: Bearer ", route->provider->key, NULL));
}

/* OpenAI's reasoning models refuse max_tokens by that name, and others take both. Azure's deployments may be named anything. */
static void name_limit(const AiRoute *route, json_t *native) {
  const char *model = route->model;
  gboolean reasons = (model[0] == 'o' && g_ascii_isdigit(model[1])) || (g_str_has_prefix(model, "gpt-") && model[4] >= '5' && model[4] <= '9');
  json_t *limit = json_object_get(native, "max_tokens");
  if (!reasons || limit == NULL) return;
  if (json_object_get(native, "max_completion_tokens") == NULL) json_object_set(native, "max_completion_tokens", limit);
  json_object_del(native, "max_tokens");
}

static json_t *openai_request(const AiRoute *route, const json_t *chat, gboolean stream, GError **error) {
  (void)error;
  json_t *native = json_copy((json_t *)chat);
  json_object_set_new(native, "model", json_string(route->model));
  if (route->temperature >= 0 && json_object_get(native, "temperature") == NULL)
    json_object_set_new(native, "temperature", json_real(route->temperature));
  name_limit(route, native);
  json_object_set_new(native, "stream", json_boolean(stream));
  /* Without it a stream does not say what it cost. */
  if (stream) json_object_set_new(native, "stream_options", json_pack("{s:b}", "include_usage", 1));
  else json_object_del(native, "stream_options");
  return native;
}

static gboolean bad(GError **error, const char *what) {
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_UPSTREAM, "the provider's reply %s", what);
  return FALSE;
}

static json_t *openai_response(const AiRoute *route, const json_t *native, GError **error) {
  (void)route;
  const json_t *choice = json_array_get(json_object_get(native, "choices"), 0);
  if (json_is_object(json_object_get(choice, "message"))) return json_incref((json_t *)native);
  bad(error, "has no message");
  return NULL;
}

static gboolean openai_event(AiStream *stream, const json_t *data) {
  const json_t *usage = json_object_get(data, "usage"), *choices = json_object_get(data, "choices");
  const json_t *failure = json_object_get(data, "error");
  if (json_is_object(failure)) {
    const char *text = json_get_string(failure, "message");
    stream->error = g_strdup(text != NULL ? text : "error in the stream");
    stream->error_retryable = TRUE;
    return TRUE;
  }
  if (json_is_object(usage)) {
    ai_usage_read(usage, &stream->usage);
    stream->have_usage = TRUE;
  }
  if (!json_is_array(choices)) return FALSE;
  if (json_array_size(choices) == 0) return TRUE;
  if (json_is_string(json_object_get(json_array_get(choices, 0), "finish_reason"))) stream->finished = TRUE;
  json_t *chunk = json_copy((json_t *)data);
  json_object_del(chunk, "usage");
  g_ptr_array_add(stream->chunks, chunk);
  return TRUE;
}

static json_t *openai_embed_request(const AiRoute *route, const json_t *embed, GError **error) {
  (void)error;
  json_t *native = json_copy((json_t *)embed);
  json_object_set_new(native, "model", json_string(route->model));
  return native;
}

static json_t *openai_embed_response(const AiRoute *route, const json_t *native, GError **error) {
  (void)route;
  if (json_is_array(json_object_get(native, "data"))) return json_incref((json_t *)native);
  bad(error, "has no vectors");
  return NULL;
}

const AiProvider ai_provider_openai = {.name = "openai",
                                       .own_form = TRUE,
                                       .url = openai_url,
                                       .headers = openai_headers,
                                       .request = openai_request,
                                       .response = openai_response,
                                       .event = openai_event,
                                       .embed_request = openai_embed_request,
                                       .embed_response = openai_embed_response};

/* ---- Azure: the same bodies at another address ---- */

static char *azure_url(const AiRoute *route, AiOperation operation, gboolean stream) {
  (void)stream;
  g_autofree char *model = g_uri_escape_string(route->model, NULL, FALSE);
  const char *version = route->provider->api_version != NULL ? route->provider->api_version : "2024-10-21";
  return g_strdup_printf("%s/openai/deployments/%s/%s?api-version=%s", route->provider->url, model,
                         operation == AI_OPERATION_CHAT ? "chat/completions" : "embeddings", version);
}

static void azure_headers(const AiRoute *route, GPtrArray *lines) {
  if (route->provider->key != NULL) g_ptr_array_add(lines, g_strconcat("api-key: ", route->provider->key, NULL));
}

const AiProvider ai_provider_azure = {.name = "azure",
                                      .own_form = TRUE,
                                      .url = azure_url,
                                      .headers = azure_headers,
                                      .request = openai_request,
                                      .response = openai_response,
                                      .event = openai_event,
                                      .embed_request = openai_embed_request,
                                      .embed_response = openai_embed_response};
