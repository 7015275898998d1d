#include "ai/provider_batch.h"

#include <string.h>

#define MAX_REPLY_BYTES ((gsize)8 << 20)
#define MAX_LINE_BYTES ((gsize)8 << 20)

void ai_batch_status_clear(AiBatchStatus *status) {
  g_free(status->output);
  g_free(status->errors);
  g_free(status->reason);
  *status = (AiBatchStatus){0};
}

const AiBatchProvider *ai_batch_provider_of(const AiRoute *route) {
  static const AiBatchProvider *const PROVIDERS[AI_PROVIDER_TYPES] = {
      [AI_PROVIDER_OPENAI] = &ai_batch_provider_openai,
      [AI_PROVIDER_AZURE] = &ai_batch_provider_openai,
      [AI_PROVIDER_ANTHROPIC] = &ai_batch_provider_anthropic,
      [AI_PROVIDER_GEMINI] = &ai_batch_provider_gemini,
  };
  return PROVIDERS[route->provider->type];
}

static GPtrArray *header_lines(const AiBatchPeer *peer, const char *type) {
  GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
  const char *name;
  json_t *value;
  ai_provider_of(peer->route)->headers(peer->route, lines);
  json_object_foreach(peer->route->provider->headers, name, value) g_ptr_array_add(lines, g_strdup_printf("%s: %s", name, json_string_value(value)));
  if (type != NULL) g_ptr_array_add(lines, g_strconcat("Content-Type: ", type, NULL));
  g_ptr_array_add(lines, NULL);
  return lines;
}

/* Errors of the way there are one: nobody knows what arrived. */
static gboolean hide_cause(GError **error, GError *cause) {
  if (g_error_matches(cause, AISLE_ERROR, AISLE_ERROR_CANCELLED) || g_error_matches(cause, AISLE_ERROR, AISLE_ERROR_TIMEOUT)) {
    g_propagate_error(error, cause);
    return FALSE;
  }
  g_set_error(error, AISLE_ERROR, AISLE_ERROR_UPSTREAM, "%s", cause->message);
  g_error_free(cause);
  return FALSE;
}

static gboolean check_status(const HttpResponse *response, GError **error) {
  int status = response->status;
  if (status >= 200 && status < 300) return TRUE;
  g_autofree char *text = ai_provider_error_text((const char *)response->body->data, response->body->len);
  gboolean open = status < 400 || status == 408 || status == 409 || status == 425 || status == 429 || status >= 500;
  g_set_error(error, AISLE_ERROR, status == 404 ? AISLE_ERROR_NOT_FOUND : open ? AISLE_ERROR_UPSTREAM : AISLE_ERROR_INVALID_ARGUMENT, "%.300s (status %d)",
              text != NULL ? text : "no reason given", status);
  return FALSE;
}

gboolean ai_batch_exchange(const AiBatchPeer *peer, const char *method, const char *url, const AiBatchBody *body, HttpResponse *response, GError **error) {
  g_autoptr(GPtrArray) headers = header_lines(peer, body->type);
  for (guint i = 0; body->headers != NULL && body->headers[i] != NULL; i++) g_ptr_array_insert(headers, 0, g_strdup(body->headers[i]));
  HttpRequest request = {.method = method, .url = url, .headers = (const char *const *)headers->pdata, .body = body->bytes, .body_length = (gint64)body->length,
                         .max_body = MAX_REPLY_BYTES, .deadline = peer->deadline};
  GError *cause = NULL;
  if (!http_client_send(peer->http, &request, response, &cause)) return hide_cause(error, cause);
  return check_status(response, error);
}

json_t *ai_batch_send_body(const AiBatchPeer *peer, const char *method, const char *url, const AiBatchBody *body, GError **error) {
  g_auto(HttpResponse) response = {0};
  if (!ai_batch_exchange(peer, method, url, body, &response, error)) return NULL;
  json_t *reply = json_parse((const char *)response.body->data, response.body->len, NULL);
  if (json_is_object(reply)) return reply;
  json_decref(reply);
  g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_UPSTREAM, "the reply is not JSON");
  return NULL;
}

json_t *ai_batch_send(const AiBatchPeer *peer, const char *method, const char *url, const char *type, const char *bytes, gsize length, GError **error) {
  AiBatchBody body = {type, bytes, length, NULL};
  return ai_batch_send_body(peer, method, url, &body, error);
}

/* ---- lines ---- */

typedef struct {
  GString *line;
  AiBatchLine function;
  gpointer data;
  gboolean ended; /* by the function */
} Lines;

static gboolean take_line(Lines *lines, GError **error) {
  g_strchomp(lines->line->str);
  lines->line->len = strlen(lines->line->str);
  if (lines->line->len == 0) return TRUE;
  g_autoptr(json_t) json = json_parse(lines->line->str, lines->line->len, NULL);
  g_string_truncate(lines->line, 0);
  if (!json_is_object(json)) {
    g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_UPSTREAM, "a line of the results is not JSON");
    return FALSE;
  }
  lines->ended = !lines->function(json, lines->data);
  if (lines->ended) g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_CANCELLED, "no more lines are wanted");
  return !lines->ended;
}

static gboolean on_bytes(const char *bytes, gsize length, gpointer data, GError **error) {
  Lines *lines = data;
  while (length > 0) {
    const char *end = memchr(bytes, '\n', length);
    gsize part = end != NULL ? (gsize)(end - bytes) : length;
    if (lines->line->len + part > MAX_LINE_BYTES) {
      g_set_error_literal(error, AISLE_ERROR, AISLE_ERROR_TOO_LARGE, "a line of the results is too long");
      return FALSE;
    }
    g_string_append_len(lines->line, bytes, (gssize)part);
    if (end == NULL) return TRUE;
    if (!take_line(lines, error)) return FALSE;
    bytes += part + 1;
    length -= part + 1;
  }
  return TRUE;
}

gboolean ai_batch_read_lines(const AiBatchPeer *peer, const char *url, AiBatchLine function, gpointer data, GError **error) {
  g_autoptr(GPtrArray) headers = header_lines(peer, NULL);
  g_autoptr(GString) line = g_string_new(NULL);
  Lines lines = {line, function, data, FALSE};
  HttpRequest request = {.method = "GET", .url = url, .headers = (const char *const *)headers->pdata, .sink = on_bytes, .sink_data = &lines,
                         .deadline = peer->deadline};
  g_auto(HttpResponse) response = {0};
  GError *cause = NULL;
  gboolean good = http_client_send(peer->http, &request, &response, &cause);
  if (good && !check_status(&response, error)) return FALSE;
  /* The last line may end without a newline. */
  if (good) good = take_line(&lines, &cause);
  if (good) return TRUE;
  if (!lines.ended) return hide_cause(error, cause);
  g_error_free(cause);
  return TRUE;
}

gint64 ai_batch_time_ms(const char *text) {
  g_autoptr(GDateTime) time = text != NULL ? g_date_time_new_from_iso8601(text, NULL) : NULL;
  return time != NULL ? g_date_time_to_unix(time) * 1000 : 0;
}
